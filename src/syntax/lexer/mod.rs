//! From text to tokens: the newline rule, brackets, strings with interpolation, comments kept aside. Every text gives tokens; what is
//! wrong is reported and replaced by what was probably meant, so that the parser sees as few follow-up errors as possible.
//! Owns the limits that keep trees shallow: brackets nest `MAX_NESTING` deep, and the operators and brackets open at one point, which bound
//! the depth of the tree, are at most `MAX_DEPTH`. Does not read numbers and escapes, see `number` and `text`.

mod brackets;
mod strings;

use super::hints;
use super::number;
use super::token::{Kind, Token};
use crate::base::{Code, Diagnostic, SourceId, Span};
use std::ops::Range;

/// How deep brackets may nest.
pub const MAX_NESTING: usize = 256;
/// How many operators and brackets may be open at one point: bounds the depth of the tree, so that no later stage runs out of stack.
pub const MAX_DEPTH: u32 = 500;
/// Bytes of a name.
pub const MAX_NAME: usize = 255;
/// Errors reported of one text.
pub const MAX_ERRORS: usize = 20;

/// A text in tokens.
#[derive(Debug, Default)]
pub struct Lexed {
    pub tokens: Vec<Token>,
    /// Bytes of each comment, from `#` to the end of its line.
    pub comments: Vec<Range<u32>>,
    pub diagnostics: Vec<Diagnostic>,
    /// For each documented `fn` the start of that token and the text of the `##` lines before it.
    pub docs: Vec<(u32, String)>,
    /// Bytes in which brackets do not match: the parser's errors there are consequences.
    pub damaged: Vec<Range<u32>>,
    /// The text ends within brackets or after an operator, and nothing is wrong so far: more lines may follow.
    pub incomplete: bool,
    /// A limit was passed: the tokens end there and are not to be parsed.
    pub stopped: bool,
}

/// Lexes a whole text. O(bytes).
pub fn lex(source: SourceId, text: &str) -> Lexed {
    let mut lexer =
        Lexer { source, text, at: 0, newline: None, doc: None, frames: Vec::new(), depth: 0, closed: (0, 0), out: Lexed::default() };
    lexer.run();
    lexer.out
}

/// An open bracket or string.
struct Frame {
    kind: Kind,
    /// Index of its token.
    token: usize,
    /// Deepening tokens since the last comma or statement end in it.
    deepening: u32,
    /// An `if` or `each` stands since then, whose block may follow.
    takes_block: bool,
}

struct Lexer<'a> {
    source: SourceId,
    text: &'a str,
    at: usize,
    /// Where the first newline since the last token stands.
    newline: Option<usize>,
    /// `##` lines that wait for their `fn`.
    doc: Option<String>,
    /// The first is the text itself.
    frames: Vec<Frame>,
    /// Sum of `deepening` over the frames.
    depth: u32,
    /// Token indices of the last matching pair of round brackets.
    closed: (usize, usize),
    out: Lexed,
}

impl<'a> Lexer<'a> {
    fn run(&mut self) {
        self.frames.push(Frame { kind: Kind::Newline, token: 0, deepening: 0, takes_block: false });
        if self.text.starts_with('\u{feff}') {
            self.at = '\u{feff}'.len_utf8();
        }
        while !self.out.stopped {
            if self.top() == Kind::TextBegin {
                self.text_piece();
                continue;
            }
            self.trivia();
            if self.at >= self.text.len() {
                break;
            }
            if self.newline.is_some() && self.frames.iter().any(|frame| frame.kind == Kind::InterpBegin) {
                self.unclosed_text();
                continue;
            }
            self.token();
        }
        self.finish();
    }

    fn top(&self) -> Kind {
        self.frames.last().map_or(Kind::Newline, |frame| frame.kind)
    }
    fn last(&self) -> Option<Kind> {
        self.out.tokens.last().map(|token| token.kind)
    }
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
    fn peek(&self, offset: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + offset).copied()
    }
    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.source, start, end)
    }
    #[expect(clippy::boxed_local, reason = "diagnostics are built in boxes")]
    fn report(&mut self, diagnostic: Box<Diagnostic>) {
        self.out.diagnostics.push(*diagnostic);
        if self.out.diagnostics.len() >= MAX_ERRORS {
            self.out.stopped = true;
        }
    }

    /// Skips spaces and comments; notes newlines and documentation.
    fn trivia(&mut self) {
        let mut lines = 0;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\n' => {
                    lines += 1;
                    if lines > 1 {
                        self.doc = None;
                    }
                    self.newline.get_or_insert(self.at);
                    self.at += 1;
                }
                b' ' | b'\t' | b'\r' | 0x0c => self.at += 1,
                b'#' => {
                    lines = 0;
                    self.comment();
                }
                byte if byte < 0x80 => return,
                _ => match self.rest().chars().next() {
                    Some(c) if c.is_whitespace() => self.at += c.len_utf8(),
                    _ => return,
                },
            }
        }
    }

    fn comment(&mut self) {
        let end = self.rest().find('\n').map_or(self.text.len(), |length| self.at + length);
        let line = self.text[self.at..end].trim_end();
        self.out.comments.push(self.at as u32..(self.at + line.len()) as u32);
        match line.strip_prefix("##") {
            Some(doc) => {
                let doc = doc.strip_prefix(' ').unwrap_or(doc);
                match &mut self.doc {
                    Some(lines) => {
                        lines.push('\n');
                        lines.push_str(doc);
                    }
                    None => self.doc = Some(doc.to_string()),
                }
            }
            None => self.doc = None,
        }
        self.at = end;
    }

    /// Reads one token that is not within a string.
    fn token(&mut self) {
        let start = self.at;
        let first = self.rest().chars().next().unwrap_or(' ');
        if first == '_' || unicode_ident::is_xid_start(first) {
            return self.word();
        }
        if first.is_ascii_digit() {
            self.at += number::digits_length(self.rest().as_bytes());
            self.at += word_length(self.rest());
            return self.push(Kind::Number, start);
        }
        if first == '"' {
            self.at += 1;
            return self.open(Kind::TextBegin, start);
        }
        if let Some(quote) = hints::foreign_quote(first) {
            return self.foreign_text(quote);
        }
        let long = hints::foreign_symbol(self.rest(), true);
        if let (None, Some((kind, length))) = (long, Kind::symbol(self.rest().as_bytes())) {
            self.at += length;
            return match kind {
                Kind::Colon if self.top() == Kind::InterpBegin => self.format(start),
                Kind::RBrace if self.top() == Kind::InterpBegin => self.close(Kind::InterpEnd, start),
                Kind::Semi if !matches!(self.top(), Kind::Newline | Kind::LBrace) => self.semicolon_in_brackets(start),
                kind if kind.opens() => self.open(kind, start),
                Kind::RParen | Kind::RBracket | Kind::RBrace => self.close(kind, start),
                kind => self.push(kind, start),
            };
        }
        match long.or_else(|| hints::foreign_symbol(self.rest(), false)) {
            Some((written, kind)) => {
                self.at += written.len();
                let help = hints::foreign_symbol_help(written, kind);
                self.report(
                    Diagnostic::at(Code::Syntax, self.span(start, self.at), format!("`{written}` is not an operator here")).help(help),
                );
                self.push(kind, start);
            }
            None => self.unknown(),
        }
    }

    /// `;` ends statements, which do not stand in round or square brackets: reported, and read as a comma.
    fn semicolon_in_brackets(&mut self, start: usize) {
        let help = if self.top() == Kind::LBracket { "rows are lists: `[[1, 2], [3, 4]]`" } else { "write `,`" };
        self.report(Diagnostic::at(Code::Syntax, self.span(start, self.at), "`;` within brackets").help(help));
        self.push(Kind::Comma, start);
    }

    /// Characters that start no token: one error for a run of them.
    fn unknown(&mut self) {
        let start = self.at;
        let known = |c: char| {
            c.is_whitespace()
                || c.is_ascii_alphanumeric()
                || matches!(c, '_' | '"' | '#')
                || c.is_ascii() && Kind::symbol(&[c as u8]).is_some()
        };
        let first = self.rest().chars().next().unwrap_or(' ');
        let length = self.rest().find(|c| c != first && (known(c) || unicode_ident::is_xid_start(c))).unwrap_or(self.rest().len());
        self.at += length;
        let shown: String = self.text[start..self.at].chars().take(8).flat_map(char::escape_debug).collect();
        let mut diagnostic = Diagnostic::at(Code::Syntax, self.span(start, self.at), format!("`{shown}` means nothing in Kiln"));
        let line = self.rest().find('\n').map_or(self.text.len(), |length| self.at + length);
        self.out.damaged.push(start as u32..line as u32 + 1);
        if let Some(help) = hints::unknown_character(first) {
            diagnostic = diagnostic.help(help);
        }
        self.report(diagnostic);
    }

    fn word(&mut self) {
        let start = self.at;
        self.at += word_length(self.rest());
        let mut word = &self.text[start..self.at];
        if word.len() > MAX_NAME {
            let message = format!("a name of {} bytes", word.len());
            self.report(Diagnostic::at(Code::Syntax, self.span(start, self.at), message).help(format!("names may have {MAX_NAME} bytes")));
            word = "";
        }
        let kind = match Kind::keyword(word) {
            Some(_) if self.last() == Some(Kind::Dot) => Kind::Ident,
            Some(Kind::Par) if !self.rest().trim_start_matches([' ', '\t']).starts_with("for") => Kind::Ident,
            Some(kind) => kind,
            None => Kind::Ident,
        };
        self.push(kind, start);
    }

    /// `as` and `by` are keywords only where a name cannot stand: after an operand, `by` also after `..`.
    fn soften(&self, kind: Kind) -> Kind {
        let after_operand = self.last().is_some_and(Kind::ends_operand);
        match kind {
            Kind::As if !after_operand => Kind::Ident,
            Kind::By if !after_operand && !matches!(self.last(), Some(Kind::DotDot | Kind::DotDotEq)) => Kind::Ident,
            kind => kind,
        }
    }

    /// Adds a token that ends here; before it, the newline that ended the statement.
    fn push(&mut self, kind: Kind, start: usize) {
        if let Some(at) = self.newline.take() {
            if kind.starts_statement_only() {
                self.close_before_statement(start);
            }
            if self.newline_counts(kind) {
                self.add(Kind::Newline, at, at + 1);
            }
        }
        let kind = self.soften(kind);
        if kind == Kind::Arrow && self.last() == Some(Kind::RParen) && self.closed.1 + 1 == self.out.tokens.len() {
            self.mark_lambda();
        }
        match (kind, self.doc.take()) {
            (Kind::Fn, Some(doc)) => self.out.docs.push((start as u32, doc)),
            (Kind::RBrace, doc) => self.doc = doc,
            _ => {}
        }
        if kind == Kind::RBrace && self.last() == Some(Kind::Newline) {
            self.out.tokens.pop();
        }
        self.add(kind, start, self.at);
        self.measure(kind);
    }

    fn add(&mut self, kind: Kind, start: usize, end: usize) {
        self.out.tokens.push(Token { kind, start: start as u32, end: end as u32 });
        if matches!(kind, Kind::Newline | Kind::Semi | Kind::Comma)
            && let Some(frame) = self.frames.last_mut()
        {
            self.depth -= std::mem::take(&mut frame.deepening);
            frame.takes_block = false;
        }
    }

    /// Counts what makes the tree deeper, and stops where it gets too deep.
    fn measure(&mut self, kind: Kind) {
        if let (Kind::If | Kind::Each, Some(frame)) = (kind, self.frames.last_mut()) {
            frame.takes_block = true;
        }
        if !kind.deepens() {
            return;
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.deepening += 1;
            self.depth += 1;
        }
        if self.depth > MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} operators and brackets in one expression");
            self.too_deep(message, "name a part of it, or use a loop or a list");
        }
    }

    fn too_deep(&mut self, message: String, help: &str) {
        let start = self.out.tokens.last().map_or(0, |token| token.start as usize);
        self.report(Diagnostic::at(Code::TooDeep, self.span(start, self.at), message).help(help));
        self.out.stopped = true;
    }

    /// Whether the newline before a token of this kind ends the statement.
    fn newline_counts(&self, next: Kind) -> bool {
        if matches!(self.out.tokens.as_slice(), [.., number, dot] if number.kind == Kind::Number && dot.kind == Kind::Dot) {
            return true;
        }
        matches!(self.top(), Kind::Newline | Kind::LBrace)
            && self.last().is_some_and(|last| !last.continues() && !matches!(last, Kind::Newline | Kind::Semi))
            && !matches!(next, Kind::Dot | Kind::DotDot | Kind::DotDotEq | Kind::Else)
    }
}

/// Bytes of the identifier that the text starts with, also where it starts with a digit or mark (as after a number).
fn word_length(text: &str) -> usize {
    text.find(|c: char| c != '_' && !unicode_ident::is_xid_continue(c)).unwrap_or(text.len())
}
