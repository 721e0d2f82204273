//! Where lines break and what stands between tokens. Lines break only where the newline rule lets a statement go on: within round and
//! square brackets, after operators, before the dot of a method call.

use super::measure::{closer, flat_group, flat_nodes, head, spaced};
use super::tree::{Comment, Group, Item, Node, is_call};
use crate::syntax::token::Kind;
use std::ops::Range;

/// Columns of a line.
pub const WIDTH: usize = 100;
const INDENT: usize = 4;

/// The text of a program.
pub fn layout(program: &Group) -> String {
    let mut printer = Printer { out: String::new() };
    if let Some(comment) = &program.open_comment {
        printer.out.push_str(comment.text);
    }
    printer.block_items(program, 0);
    let text = printer.out.trim_start_matches('\n');
    if text.is_empty() { String::new() } else { format!("{text}\n") }
}

struct Printer {
    out: String,
}

/// A run of nodes to print, the nodes they are part of, and where.
#[derive(Clone)]
struct Run<'n, 'a> {
    nodes: &'n [Node<'a>],
    range: Range<usize>,
    /// Indentation of the line it starts on, and of the statement.
    indent: usize,
    statement: usize,
    /// Columns that something needs behind it.
    tail: usize,
}

impl Run<'_, '_> {
    fn part(&self, range: Range<usize>, tail: usize) -> Self {
        Run { range, tail, ..self.clone() }
    }
}

impl Printer {
    fn column(&self) -> usize {
        let line = self.out.rfind('\n').map_or(0, |at| at + 1);
        self.out[line..].chars().count()
    }

    fn newline(&mut self, indent: usize) {
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    fn comments(&mut self, comments: &[Comment], indent: usize, first: bool) {
        for (at, comment) in comments.iter().enumerate() {
            if comment.blank_before && !(first && at == 0) {
                self.out.push('\n');
            }
            self.newline(indent);
            self.out.push_str(comment.text);
        }
    }

    fn end_comment(&mut self, comment: &Option<Comment>) {
        if let Some(comment) = comment {
            self.out.push_str("  ");
            self.out.push_str(comment.text);
        }
    }

    /// Statements, each on a line; those that stood on one line with `;` between stay there as far as they fit.
    fn block_items(&mut self, group: &Group, indent: usize) {
        for (at, item) in group.items.iter().enumerate() {
            let before = at.checked_sub(1).map(|before| &group.items[before]);
            let text = flat_nodes(&item.nodes, WIDTH);
            let joins = !item.line_start
                && before
                    .is_some_and(|before| before.semicolon && before.end_comment.is_none() && flat_nodes(&before.nodes, WIDTH).is_some());
            let fits = text.is_some_and(|text| self.column() + 2 + text.chars().count() <= WIDTH);
            if joins && fits && item.comments.is_empty() {
                self.out.push(' ');
            } else {
                self.item_line(item, at == 0, indent);
            }
            self.nodes(&item.nodes, indent, usize::from(item.semicolon));
            if item.semicolon {
                self.out.push(';');
            }
            self.end_comment(&item.end_comment);
        }
        self.comments(&group.last_comments, indent, group.items.is_empty());
    }

    /// Starts the line of an item, after its comments.
    fn item_line(&mut self, item: &Item, first: bool, indent: usize) {
        self.comments(&item.comments, indent, first);
        if item.blank_before && !(first && item.comments.is_empty()) {
            self.out.push('\n');
        }
        self.newline(indent);
    }

    fn nodes(&mut self, nodes: &[Node], indent: usize, tail: usize) {
        self.run(Run { nodes, range: 0..nodes.len(), indent, statement: indent, tail });
    }

    /// Prints a run on as few lines as fit: first what must take more lines cuts it into parts, then each part is broken if it is too wide.
    fn run(&mut self, run: Run) {
        let mut start = run.range.start;
        for at in run.range.clone() {
            if matches!(&run.nodes[at], Node::Group(group) if group.multi) || at + 1 == run.range.end {
                let tail = if at + 1 == run.range.end { run.tail } else { 0 };
                self.part(run.part(start..at + 1, tail));
                start = at + 1;
            }
        }
    }

    fn part(&mut self, run: Run) {
        let inner = run.range.start + 1..run.range.end.max(run.range.start + 1);
        let nodes = &run.nodes[inner.clone()];
        if run.nodes[run.range.clone()].iter().any(|node| matches!(node, Node::Comment(_))) {
            return self.as_commented(run);
        }
        let broken = nodes.iter().any(|node| matches!(node, Node::Atom { line_start: true, .. }));
        if !broken && self.fits(&run) {
            return self.plain(run);
        }
        let calls: Vec<usize> = inner.filter(|at| is_call(run.nodes, *at)).collect();
        let operator = run.range.clone().filter_map(|at| precedence(&run.nodes[at])).min();
        match (operator, calls.as_slice()) {
            _ if broken => self.chain(run, &calls),
            (Some(_), _) if self.breaks_last_group(&run) => self.groups(run),
            (Some(loosest), _) => self.operators(run, loosest),
            (None, [_, _, ..]) => self.chain(run, &calls),
            _ => self.groups(run),
        }
    }

    /// Whether a run fits on the line, up to the bracket with which its last group opens.
    fn fits(&self, run: &Run) -> bool {
        let room = WIDTH.saturating_sub(self.column() + run.tail);
        head(run.nodes, run.range.clone(), room).is_some()
    }

    fn plain(&mut self, run: Run) {
        for at in run.range.clone() {
            self.space(run.nodes, at);
            match &run.nodes[at] {
                Node::Atom { text, .. } => self.out.push_str(text),
                Node::Group(group) if group.multi => self.multi(group, &run),
                Node::Group(group) => {
                    if let Some(text) = flat_group(group, usize::MAX) {
                        self.out.push_str(&text);
                    }
                }
                Node::Comment(comment) => self.out.push_str(comment.text),
            }
        }
    }

    fn space(&mut self, nodes: &[Node], at: usize) {
        if at > 0 && spaced(&nodes[at - 1], &nodes[at]) && !self.out.ends_with([' ', '\n']) {
            self.out.push(' ');
        }
    }

    /// A group that takes more than one line.
    fn multi(&mut self, group: &Group, run: &Run) {
        if !group.hugs {
            return self.broken(group, if group.open == Kind::LBrace { run.statement } else { run.indent });
        }
        self.out.push_str(group.open.name());
        for (at, item) in group.items.iter().enumerate() {
            if at > 0 {
                self.out.push_str(", ");
            }
            self.run(Run { nodes: &item.nodes, range: 0..item.nodes.len(), indent: run.indent, statement: run.indent, tail: 0 });
        }
        self.out.push_str(closer(group));
    }

    /// A group with one item a line, or a block with one statement a line.
    fn broken(&mut self, group: &Group, indent: usize) {
        self.out.push_str(group.open.name());
        self.end_comment(&group.open_comment);
        if group.open == Kind::LBrace {
            self.block_items(group, indent + INDENT);
        } else {
            self.list_items(group, indent + INDENT);
        }
        self.newline(indent);
        self.out.push_str(closer(group));
    }

    fn list_items(&mut self, group: &Group, indent: usize) {
        // A comma after the only item would make a tuple of what is only bracketed.
        let last_comma = group.items.len() > 1 || group.last_comma || group.attached || group.open == Kind::LBracket;
        let fills = group.open == Kind::LBracket && group.items.iter().all(is_plain);
        for (at, item) in group.items.iter().enumerate() {
            let comma = at + 1 < group.items.len() || last_comma;
            let text = flat_nodes(&item.nodes, WIDTH);
            let joins = fills && at > 0 && !item.line_start && group.items[at - 1].end_comment.is_none();
            if joins && text.is_some_and(|text| self.column() + 2 + text.chars().count() <= WIDTH) {
                self.out.push(' ');
            } else {
                self.item_line(item, at == 0, indent);
            }
            self.nodes(&item.nodes, indent, usize::from(comma));
            if comma {
                self.out.push(',');
            }
            self.end_comment(&item.end_comment);
        }
        self.comments(&group.last_comments, indent, group.items.is_empty());
    }

    /// Breaks after the loosest operators.
    fn operators(&mut self, run: Run, loosest: u8) {
        let mut rest = run.clone();
        for at in run.range.clone() {
            if precedence(&run.nodes[at]) == Some(loosest) && at + 1 < run.range.end {
                self.run(rest.part(rest.range.start..at + 1, 0));
                rest.range.start = at + 1;
                rest.indent = run.indent + INDENT;
                self.newline(rest.indent);
            }
        }
        self.run_within(rest, &run);
    }

    /// Breaks before method calls. The first stays with what it is called on, unless it was written on a line of its own.
    fn chain(&mut self, run: Run, calls: &[usize]) {
        let first_breaks = calls.first().is_some_and(|at| matches!(run.nodes[*at], Node::Atom { line_start: true, .. }));
        let mut rest = run.clone();
        for at in calls.iter().skip(usize::from(!first_breaks)) {
            self.run_within(rest.part(rest.range.start..*at, 0), &run);
            rest.range.start = *at;
            rest.indent = run.indent + INDENT;
            self.newline(rest.indent);
        }
        self.run_within(rest, &run);
    }

    /// Prints a part of a run, unless that part is the whole run, which could not be broken.
    fn run_within(&mut self, part: Run, whole: &Run) {
        if part.range == whole.range { self.plain(part) } else { self.run(part) }
    }

    /// Whether the run ends with a group that can be broken to make it fit.
    fn breaks_last_group(&self, run: &Run) -> bool {
        let Some(last) = run.range.clone().next_back() else { return false };
        matches!(&run.nodes[last], Node::Group(group) if !group.items.is_empty() && !group.multi) && self.opens_in_time(run, last)
    }

    /// Whether what stands before a group fits on the line with its opening bracket.
    fn opens_in_time(&self, run: &Run, at: usize) -> bool {
        let room = WIDTH.saturating_sub(self.column() + 2);
        head(run.nodes, run.range.start..at, room).is_some()
    }

    /// Breaks the last group that starts in time; all blocks with it, if it is one.
    fn groups(&mut self, run: Run) {
        let breakable = |at: &usize| matches!(&run.nodes[*at], Node::Group(group) if !group.items.is_empty());
        let Some(chosen) = run.range.clone().rev().filter(breakable).find(|at| self.opens_in_time(&run, *at)) else {
            return self.plain(run);
        };
        let is_block = |node: &Node| matches!(node, Node::Group(Group { open: Kind::LBrace, .. }));
        let first = match is_block(&run.nodes[chosen]) {
            true => run.range.clone().find(|at| breakable(at) && is_block(&run.nodes[*at])).unwrap_or(chosen),
            false => chosen,
        };
        self.plain(run.part(run.range.start..first, 0));
        self.space(run.nodes, first);
        match &run.nodes[first] {
            Node::Group(group) if !group.multi => self.broken(group, if is_block(&run.nodes[first]) { run.statement } else { run.indent }),
            _ => self.plain(run.part(first..first + 1, 0)),
        }
        if first + 1 < run.range.end {
            self.run(run.part(first + 1..run.range.end, run.tail));
        }
    }

    /// A run with comments in it: lines end behind them, and before method calls that started a line.
    fn as_commented(&mut self, run: Run) {
        let indent = run.indent + INDENT;
        let mut after_comment = false;
        for at in run.range.clone() {
            match &run.nodes[at] {
                Node::Comment(comment) => {
                    if comment.own_line || after_comment {
                        let next = run.nodes[at..].iter().find(|node| !matches!(node, Node::Comment(_)));
                        let before_else = matches!(next, Some(Node::Atom { kind: Kind::Else, .. }));
                        self.newline(if before_else { run.statement } else { indent });
                    } else {
                        self.out.push_str("  ");
                    }
                    self.out.push_str(comment.text);
                    after_comment = true;
                    continue;
                }
                Node::Atom { kind: Kind::Else, .. } if after_comment => self.newline(run.statement),
                Node::Atom { line_start: true, .. } => self.newline(indent),
                _ if after_comment => self.newline(indent),
                _ => {}
            }
            if after_comment {
                self.plain(Run { nodes: &run.nodes[at..], range: 0..1, indent, statement: run.statement, tail: 0 });
            } else {
                self.plain(run.part(at..at + 1, 0));
            }
            after_comment = false;
        }
    }
}

/// A number, a name or a string, perhaps with a minus: lists of these fill their lines.
fn is_plain(item: &Item) -> bool {
    let plain = matches!(item.nodes.as_slice(), [Node::Atom { .. }] | [Node::Atom { unary: true, .. }, Node::Atom { .. }]);
    plain && item.comments.is_empty()
}

/// How tightly an operator binds at which a line may break.
fn precedence(node: &Node) -> Option<u8> {
    let Node::Atom { kind, unary: false, .. } = node else { return None };
    Some(match kind {
        Kind::Or => 1,
        Kind::And => 2,
        kind if kind.is_comparison() => 3,
        Kind::Plus | Kind::Minus => 4,
        Kind::Star | Kind::Slash | Kind::SlashSlash | Kind::Percent | Kind::At => 5,
        _ => return None,
    })
}
