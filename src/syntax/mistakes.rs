//! Help for the mistake that was likely made where the parser could not go on, judged by the tokens round that place.

use super::errors::slice;
use super::hints;
use super::token::{Kind, Token, TokenClass};

/// What to write instead, where that can be guessed. `before` are the tokens before the one that was found.
pub fn help(text: &str, before: &[Token], found: Token, expected: &[String]) -> Option<&'static str> {
    let start = |token: &Token| matches!(token.kind, Kind::Newline | Kind::Semi | Kind::LBrace | Kind::RBrace);
    let statement = before.iter().rposition(start).map_or(0, |at| at + 1);
    let place = Place { text, before, statement: &before[statement..], opened: innermost_open(before), found, expected };
    place.by_token().or(hints::word_before(place.last_word())).or(hints::word_here(slice(text, found)))
}

/// Where the parser stopped.
struct Place<'a> {
    text: &'a str,
    before: &'a [Token],
    /// Those of them since the statement or its block began.
    statement: &'a [Token],
    /// The innermost open bracket.
    opened: Option<Kind>,
    found: Token,
    expected: &'a [String],
}

impl Place<'_> {
    fn last(&self) -> Option<Kind> {
        self.before.last().map(|token| token.kind)
    }
    fn last_word(&self) -> &str {
        self.before.last().map_or("", |token| slice(self.text, *token))
    }
    fn head(&self) -> Option<Kind> {
        self.statement.first().map(|token| token.kind)
    }
    fn has(&self, kind: Kind) -> bool {
        self.statement.iter().any(|token| token.kind == kind)
    }
    fn after_operand(&self) -> bool {
        self.last().is_some_and(Kind::ends_operand)
    }
    /// Within the condition of an `if` or `while`.
    fn in_condition(&self) -> bool {
        self.has(Kind::If) || self.has(Kind::While) || self.head() == Some(Kind::Else)
    }

    fn by_token(&self) -> Option<&'static str> {
        let in_list = matches!(self.opened, Some(Kind::LBracket | Kind::LParen));
        match self.found.kind {
            Kind::Assign => self.at_assign(),
            Kind::Colon => self.at_colon(),
            Kind::Newline | Kind::Semi | Kind::RBrace => self.at_end(),
            Kind::Number if self.last() == Some(Kind::Dot) => Some("a number starts with a digit: `0.5`; an element of a tuple is `t[0]`"),
            Kind::Number | Kind::TextBegin if self.last() == Some(Kind::Colon) => Some(RECORD),
            Kind::TextBegin if matches!(self.last_word(), "f" | "r" | "b") => Some("strings take values without a prefix: \"{x}\""),
            Kind::LBracket | Kind::LParen if self.last() == Some(Kind::Arrow) => Some("types are written `f64`, `f64[time, _]`"),
            Kind::Comma if !in_list => Some(TUPLE),
            Kind::Plus if self.last() == Some(Kind::Plus) => Some("to count up, write `x += 1`"),
            Kind::InterpEnd if self.last() == Some(Kind::InterpBegin) => Some("a brace in a string is written `{{`"),
            Kind::At if self.statement.is_empty() => Some("functions need no mark to be compiled"),
            Kind::For if in_list => Some("an array over values is `each(x in xs) { f(x) }`"),
            Kind::If if self.after_operand() => Some("a choice is `if c { a } else { b }`"),
            Kind::Else => Some("`else` follows the `}` of its `if`, there or on the next line"),
            Kind::As => Some("to convert, write `x.as(f64)`"),
            Kind::In => Some("`in` stands in `for x in xs` and `each(x in xs)`; to look for a value, write `any(xs == x)`"),
            Kind::Not => Some("put brackets round it: `(not x)`"),
            _ => None,
        }
    }

    fn at_assign(&self) -> Option<&'static str> {
        if self.last().is_some_and(|last| last.class() == TokenClass::Keyword) {
            return Some("a keyword cannot be a name: choose another, such as `for_`");
        }
        if self.in_condition() {
            return Some("to compare, write `==`");
        }
        self.has(Kind::Assign).then_some("one `=` a statement; to compare, write `==`")
    }

    fn at_colon(&self) -> Option<&'static str> {
        let words = |word| self.statement.iter().any(|token| slice(self.text, *token) == word);
        if self.in_condition() || self.head() == Some(Kind::For) {
            return Some("blocks stand in braces: `if c { … }`, `for v in x { … }`");
        }
        if words("lambda") {
            return Some(hints::LAMBDA);
        }
        match self.opened {
            Some(Kind::LBracket) => Some("a range is `1..3`, with a step `1..9 by 2`, all of a dimension `..`"),
            Some(Kind::LBrace | Kind::LParen) => Some(RECORD),
            _ => None,
        }
    }

    /// At the end of a line, statement or block.
    fn at_end(&self) -> Option<&'static str> {
        if matches!(self.before, [.., number, dot] if number.kind == Kind::Number && dot.kind == Kind::Dot) {
            return Some("write `1.0`");
        }
        if self.has(Kind::Comma) && self.expected.iter().any(|name| name == "\"=\"") {
            return Some(TUPLE);
        }
        let header = matches!(self.head(), Some(Kind::If | Kind::For | Kind::While | Kind::Fn | Kind::Par));
        (header && self.found.kind == Kind::Newline).then_some("the `{` of a block stands on the same line")
    }
}

const RECORD: &str = "a record is `(a = 1, b = 2)`";
const TUPLE: &str = "a tuple stands in brackets: `(a, b)`";

/// The bracket that is open at the end of the tokens.
fn innermost_open(before: &[Token]) -> Option<Kind> {
    let mut closed = 0;
    for token in before.iter().rev() {
        match token.kind {
            Kind::RParen | Kind::RBracket | Kind::RBrace | Kind::InterpEnd => closed += 1,
            kind if kind.opens() && closed == 0 => return Some(if kind == Kind::LambdaParen { Kind::LParen } else { kind }),
            kind if kind.opens() => closed -= 1,
            _ => {}
        }
    }
    None
}
