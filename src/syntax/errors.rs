//! Syntax errors in words: what was found and what could have stood there. Which mistake was likely made is for `mistakes`.

use super::mistakes;
use super::token::{Kind, Token};
use crate::base::{Code, Diagnostic, SourceId, Span};

/// The error for a token at which the parser could not go on; `expected` are names of the grammar's tokens, in quotes.
pub fn syntax_error(source: SourceId, text: &str, tokens: &[Token], found: Token, expected: &[String]) -> Diagnostic {
    let at = tokens.partition_point(|token| token.start < found.start);
    let before = &tokens[..at.min(tokens.len())];
    let span = Span::new(source, found.start as usize, found.end as usize);
    let wanted = match (before.last().map(|token| token.kind), expected) {
        (Some(Kind::Arrow | Kind::Colon), [only]) if only.contains("name") => "a type".to_string(),
        _ => expectation(expected),
    };
    let message = format!("expected {wanted}, found {}", found_words(text, found));
    let diagnostic = Diagnostic::at(Code::Syntax, span, message);
    match mistakes::help(text, before, found, expected) {
        Some(help) => *diagnostic.help(help),
        None => *diagnostic,
    }
}

pub(super) fn slice(text: &str, token: Token) -> &str {
    text.get(token.start as usize..token.end as usize).unwrap_or("")
}

fn found_words(text: &str, found: Token) -> String {
    let shown: String = slice(text, found).chars().take(40).collect();
    match found.kind {
        Kind::Newline if text.get(found.start as usize..).is_none_or(|rest| rest.trim().is_empty()) => "the end of the text".to_string(),
        Kind::Newline => "the end of the line".to_string(),
        Kind::Ident => format!("the name `{shown}`"),
        Kind::Number => format!("the number `{shown}`"),
        Kind::TextBegin | Kind::TextChunk | Kind::TextEnd => "a string".to_string(),
        Kind::InterpBegin | Kind::InterpEnd => "`}`".to_string(),
        Kind::InterpFormat => "a format".to_string(),
        _ => format!("`{shown}`"),
    }
}

/// The expected tokens in human words, at most four of them.
fn expectation(expected: &[String]) -> String {
    let mut names: Vec<&str> = expected.iter().map(|name| name.trim_matches('"')).collect();
    let has = |names: &[&str], name: &str| names.contains(&name);
    let mut words: Vec<String> = Vec::new();
    let drop = |names: &mut Vec<&str>, group: &[&str]| names.retain(|name| !group.contains(name));
    if has(&names, "while") {
        words.push("a statement".to_string());
        names.clear();
    }
    if has(&names, "number") {
        words.push("an expression".to_string());
        drop(&mut names, &EXPRESSION);
    }
    let operators = has(&names, "*") && has(&names, "**");
    if operators {
        drop(&mut names, &OPERATORS);
    }
    if has(&names, "newline") || has(&names, ";") {
        words.push("the end of the statement".to_string());
        names.retain(|name| *name == "else" && !operators);
    }
    names.sort_by_key(|name| *name != ",");
    for name in names {
        words.push(match name {
            "name" => "a name".to_string(),
            "text" => "a string".to_string(),
            "interp }" => "`}`".to_string(),
            "lambda (" => "`(`".to_string(),
            "format" => "a format such as `:.3`".to_string(),
            name => format!("`{name}`"),
        });
    }
    if operators {
        words.insert(0, "an operator".to_string());
    }
    words.dedup();
    words.truncate(4);
    match words.split_last() {
        None => "the end of the text".to_string(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

/// Tokens with which an expression starts.
const EXPRESSION: [&str; 16] =
    ["name", "number", "text", "true", "false", "(", "lambda (", "[", "{", "-", "not", "if", "each", ".", "..", "..="];

/// Tokens with which an expression goes on.
const OPERATORS: [&str; 27] = [
    "+", "-", "*", "/", "//", "%", "@", "**", "==", "!=", "<", "<=", ">", ">=", "and", "or", "..", "..=", "by", "(", "[", ".", "->", "+=",
    "=", ":", "lambda (",
];
