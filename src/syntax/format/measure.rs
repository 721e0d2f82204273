//! What nodes take on one line: the text between and of them, and how many columns.

use super::tree::{Group, Node, is_multi};
use crate::syntax::token::Kind;
use std::ops::Range;

/// The closing bracket of a group.
pub fn closer(group: &Group) -> &'static str {
    match group.open {
        Kind::LBrace => "}",
        Kind::LBracket => "]",
        _ => ")",
    }
}

/// Whether a space stands between two nodes.
pub fn spaced(left: &Node, right: &Node) -> bool {
    match right {
        Node::Atom { kind: Kind::Comma | Kind::Colon, .. } | Node::Atom { kind: Kind::Dot, unary: false, .. } => return false,
        Node::Atom { kind: Kind::DotDot | Kind::DotDotEq, .. } => return !ends_operand(left),
        Node::Group(group) if group.attached => return false,
        _ => {}
    }
    match left {
        Node::Atom { unary: true, .. } | Node::Atom { kind: Kind::Dot, .. } => false,
        // `.. .x`: three dots in a row would be read as something else.
        Node::Atom { kind: Kind::DotDot | Kind::DotDotEq, .. } => matches!(right, Node::Atom { kind: Kind::Dot | Kind::By, .. }),
        _ => true,
    }
}

fn ends_operand(node: &Node) -> bool {
    match node {
        Node::Atom { kind, .. } => kind.ends_operand(),
        Node::Group(_) => true,
        Node::Comment(_) => false,
    }
}

/// The nodes on one line, if they fit into `room` columns.
pub fn flat_nodes(nodes: &[Node], room: usize) -> Option<String> {
    let mut out = String::new();
    for (at, node) in nodes.iter().enumerate() {
        if at > 0 && spaced(&nodes[at - 1], node) {
            out.push(' ');
        }
        match node {
            _ if is_multi(node) => return None,
            Node::Atom { text, .. } => out.push_str(text),
            Node::Group(group) => out.push_str(&flat_group(group, room)?),
            Node::Comment(_) => return None,
        }
        if out.len() > room && out.chars().count() > room {
            return None;
        }
    }
    Some(out)
}

pub fn flat_group(group: &Group, room: usize) -> Option<String> {
    if group.multi {
        return None;
    }
    let block = group.open == Kind::LBrace;
    let mut out = group.open.name().to_string();
    for (at, item) in group.items.iter().enumerate() {
        out.push_str(match (block, at) {
            (true, _) => " ",
            (false, 0) => "",
            (false, _) => ", ",
        });
        out.push_str(&flat_nodes(&item.nodes, room)?);
        if item.semicolon {
            out.push(';');
        }
        if out.len() > room && out.chars().count() > room {
            return None;
        }
    }
    if group.last_comma && group.items.len() == 1 && !group.attached && group.open == Kind::LParen {
        out.push(',');
    }
    if block && !group.items.is_empty() {
        out.push(' ');
    }
    out.push_str(closer(group));
    Some(out)
}

/// The nodes of a range on one line up to where a group of more lines opens, with the space before them, if that fits.
pub fn head(nodes: &[Node], range: Range<usize>, room: usize) -> Option<usize> {
    let mut used = 0;
    for at in range.clone() {
        if at > 0 && at > range.start && spaced(&nodes[at - 1], &nodes[at]) {
            used += 1;
        }
        used += match &nodes[at] {
            Node::Atom { text, .. } => text.chars().count(),
            Node::Group(group) if group.multi => group_head(group, room.checked_sub(used)?)?,
            Node::Group(group) => flat_group(group, room.checked_sub(used)?)?.chars().count(),
            Node::Comment(_) => return None,
        };
        if used > room {
            return None;
        }
    }
    Some(used)
}

fn group_head(group: &Group, room: usize) -> Option<usize> {
    let mut used = 1;
    if group.hugs {
        for (at, item) in group.items.iter().enumerate() {
            used += if at > 0 { 2 } else { 0 };
            used += head(&item.nodes, 0..item.nodes.len(), room.checked_sub(used)?)?;
        }
    }
    (used <= room).then_some(used)
}
