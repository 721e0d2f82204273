//! The formatter's view of a program: tokens in bracket groups, comments and line breaks where they stood. Owns no layout.

use crate::syntax::lexer::Lexed;
use crate::syntax::token::{Kind, Token};
use std::ops::Range;

/// A comment and how it stood.
#[derive(Clone, Copy, Debug)]
pub struct Comment<'a> {
    pub text: &'a str,
    pub own_line: bool,
    pub blank_before: bool,
}

/// A piece of a statement or argument.
#[derive(Debug)]
pub enum Node<'a> {
    Atom {
        kind: Kind,
        text: &'a str,
        /// A minus, or a dot before a field of the row, with nothing on its left.
        unary: bool,
        /// The dot of a method call at the start of a line.
        line_start: bool,
    },
    Group(Group<'a>),
    /// Within the piece: the line ends after it.
    Comment(Comment<'a>),
}

/// Brackets and what they hold.
#[derive(Debug)]
pub struct Group<'a> {
    /// `(`, `[` or `{`.
    pub open: Kind,
    /// It belongs to what stands before it: a call, an index, parameters.
    pub attached: bool,
    pub items: Vec<Item<'a>>,
    /// The comment behind the opening bracket.
    pub open_comment: Option<Comment<'a>>,
    /// Comments before the closing bracket.
    pub last_comments: Vec<Comment<'a>>,
    /// One item a line, because it was written so or comments stand in it.
    pub forced: bool,
    /// Takes more than one line, for itself or for what it holds.
    pub multi: bool,
    /// More than one line only for the group that its last item ends with: `f(a, x -> {`.
    pub hugs: bool,
    /// A comma stands behind the last item.
    pub last_comma: bool,
}

/// A statement, or an item between commas.
#[derive(Debug, Default)]
pub struct Item<'a> {
    pub comments: Vec<Comment<'a>>,
    /// Between it and its comments, or what stands before it.
    pub blank_before: bool,
    /// It starts a line.
    pub line_start: bool,
    pub nodes: Vec<Node<'a>>,
    /// A `;` follows.
    pub semicolon: bool,
    pub end_comment: Option<Comment<'a>>,
}

/// Builds the tree of a text that parses. Recurses as deep as brackets nest.
pub fn build<'a>(text: &'a str, lexed: &Lexed) -> Group<'a> {
    let mut builder = TreeBuilder { text, tokens: &lexed.tokens, comments: &lexed.comments, end: 0 };
    builder.group(Kind::LBrace, false)
}

struct TreeBuilder<'a, 'l> {
    text: &'a str,
    tokens: &'l [Token],
    comments: &'l [Range<u32>],
    /// Where the last token or comment ended.
    end: usize,
}

impl<'a> TreeBuilder<'a, '_> {
    fn peek(&self) -> Option<Token> {
        self.tokens.first().copied()
    }

    fn next(&mut self) -> Option<Token> {
        let (token, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        if token.kind != Kind::Newline {
            self.end = token.end as usize;
        }
        Some(*token)
    }

    /// Newlines between what was read and a place.
    fn newlines(&self, until: usize) -> usize {
        self.text[self.end.min(until)..until].matches('\n').count()
    }

    /// The next comment, where it stands before the next token.
    fn comment(&mut self) -> Option<Comment<'a>> {
        let (range, rest) = self.comments.split_first()?;
        if self.peek().is_some_and(|token| token.start < range.start) {
            return None;
        }
        let newlines = self.newlines(range.start as usize);
        let at_start = self.text[..range.start as usize].trim_matches([' ', '\t', '\u{feff}']).is_empty();
        self.comments = rest;
        self.end = range.end as usize;
        Some(Comment {
            text: &self.text[range.start as usize..range.end as usize],
            own_line: newlines > 0 || at_start,
            blank_before: newlines > 1,
        })
    }

    /// The next comment, where it stands on the line of what was read.
    fn comment_here(&mut self) -> Option<Comment<'a>> {
        let range = self.comments.first()?;
        if self.newlines(range.start as usize) > 0 || self.end == 0 { None } else { self.comment() }
    }

    /// What stands between brackets whose opening one was read; the whole text counts as a block.
    fn group(&mut self, open: Kind, attached: bool) -> Group<'a> {
        let block = open == Kind::LBrace;
        let open_comment = self.comment_here();
        let mut group = Group {
            open,
            attached,
            items: Vec::new(),
            open_comment,
            last_comments: Vec::new(),
            forced: false,
            multi: false,
            hugs: false,
            last_comma: false,
        };
        let mut waiting: Vec<Comment<'a>> = Vec::new();
        loop {
            while let Some(comment) = self.comment() {
                waiting.push(comment);
            }
            let Some(token) = self.peek() else { break };
            match token.kind {
                Kind::Newline => {
                    self.next();
                }
                Kind::Semi => {
                    self.next();
                    if let Some(last) = group.items.last_mut() {
                        last.semicolon = true;
                        last.end_comment = last.end_comment.or_else(|| self.comment_here());
                    }
                }
                Kind::Comma if !block => {
                    self.next();
                    group.last_comma = true;
                    if let Some(last) = group.items.last_mut() {
                        last.end_comment = last.end_comment.or_else(|| self.comment_here());
                    }
                }
                Kind::RParen | Kind::RBracket | Kind::RBrace => {
                    self.next();
                    break;
                }
                _ => {
                    group.last_comma = false;
                    let newlines = self.newlines(token.start as usize);
                    let mut item = Item {
                        comments: std::mem::take(&mut waiting),
                        blank_before: newlines > 1,
                        line_start: newlines > 0,
                        ..Item::default()
                    };
                    self.item(&mut item, block);
                    group.items.push(item);
                }
            }
        }
        group.last_comments = waiting;
        settle(&mut group);
        group
    }

    /// The nodes of one item, to the separator or bracket that ends it, and the comment on its last line.
    fn item(&mut self, item: &mut Item<'a>, block: bool) {
        let mut before: Option<Kind> = None;
        while let Some(token) = self.peek() {
            let ends = match token.kind {
                Kind::Newline | Kind::Semi | Kind::RParen | Kind::RBracket | Kind::RBrace => true,
                Kind::Comma => !block,
                _ => false,
            };
            if ends {
                break;
            }
            while let Some(comment) = self.comment() {
                item.nodes.push(Node::Comment(comment));
            }
            let line_start = self.newlines(token.start as usize) > 0;
            self.next();
            let operand = before.is_some_and(Kind::ends_operand);
            match token.kind {
                Kind::LParen | Kind::LambdaParen | Kind::LBracket | Kind::LBrace => {
                    let open = if token.kind == Kind::LambdaParen { Kind::LParen } else { token.kind };
                    let attached = open != Kind::LBrace && (operand || before == Some(Kind::Each));
                    item.nodes.push(Node::Group(self.group(open, attached)));
                    before = Some(Kind::RParen);
                }
                Kind::TextBegin => {
                    let end = self.text_end(token);
                    item.nodes.push(Node::Atom {
                        kind: Kind::TextEnd,
                        text: &self.text[token.start as usize..end],
                        unary: false,
                        line_start,
                    });
                    before = Some(Kind::TextEnd);
                }
                kind => {
                    let unary = matches!(kind, Kind::Minus | Kind::Dot) && !operand;
                    item.nodes.push(Node::Atom { kind, text: &self.text[token.start as usize..token.end as usize], unary, line_start });
                    before = Some(kind);
                }
            }
        }
        item.end_comment = self.comment_here();
        keep_breaks_of_calls(&mut item.nodes);
    }

    /// Reads a whole string, whose tokens nest by interpolation; returns where it ends.
    fn text_end(&mut self, begin: Token) -> usize {
        let mut open = 1;
        while let Some(token) = self.next() {
            match token.kind {
                Kind::TextBegin => open += 1,
                Kind::TextEnd => open -= 1,
                _ => {}
            }
            if open == 0 {
                return token.end as usize;
            }
        }
        begin.end as usize
    }
}

/// Of the line breaks within a piece only those before method calls are kept.
fn keep_breaks_of_calls(nodes: &mut [Node]) {
    for at in 0..nodes.len() {
        let call = is_call(nodes, at);
        if let Node::Atom { line_start, .. } = &mut nodes[at] {
            *line_start &= call && at > 0;
        }
    }
}

/// Whether a method call starts here: dot, name, round brackets.
pub fn is_call(nodes: &[Node], at: usize) -> bool {
    matches!(
        nodes.get(at..at + 3),
        Some([
            Node::Atom { kind: Kind::Dot, unary: false, .. },
            Node::Atom { kind: Kind::Ident, .. },
            Node::Group(Group { open: Kind::LParen, .. })
        ])
    )
}

/// Decides which groups take more than one line whatever their width.
fn settle(group: &mut Group) {
    let comments = group.open_comment.is_some()
        || !group.last_comments.is_empty()
        || group.items.iter().any(|item| !item.comments.is_empty() || item.end_comment.is_some());
    let block = group.open == Kind::LBrace;
    let broken = match group.items.first() {
        Some(first) => first.line_start || block && group.items.iter().any(|item| item.line_start),
        None => false,
    };
    group.forced = comments || broken;
    for item in &mut group.items {
        // The branches of an `if` look alike.
        let any = item.nodes.iter().any(|node| matches!(node, Node::Group(Group { open: Kind::LBrace, multi: true, .. })));
        for node in &mut item.nodes {
            if let Node::Group(inner) = node
                && inner.open == Kind::LBrace
                && any
                && !inner.items.is_empty()
            {
                inner.forced = true;
                inner.multi = true;
            }
        }
    }
    group.multi = group.forced || group.items.iter().any(|item| item.nodes.iter().any(is_multi));
    let one_tuple = group.items.len() == 1 && group.last_comma && !group.attached;
    group.hugs = group.multi
        && !group.forced
        && !block
        && !one_tuple
        && match group.items.split_last() {
            Some((last, others)) => match last.nodes.split_last() {
                Some((Node::Group(inner), head)) => {
                    inner.multi && !head.iter().any(is_multi) && !others.iter().any(|item| item.nodes.iter().any(is_multi))
                }
                _ => false,
            },
            None => false,
        };
}

/// Whether a node takes more than one line whatever its width.
pub fn is_multi(node: &Node) -> bool {
    match node {
        Node::Atom { line_start, .. } => *line_start,
        Node::Group(group) => group.multi,
        Node::Comment(_) => true,
    }
}
