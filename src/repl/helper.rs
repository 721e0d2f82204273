//! What the line editor asks while an entry is typed: colours, hints, completion, and whether the entry is complete.

use super::complete::{self, Place};
use super::names::Names;
use crate::syntax::{self, TokenClass};
use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper, Result};
use std::borrow::Cow;

/// Answers the editor from the text and the session's names.
pub struct Assistant {
    pub names: Names,
    color: bool,
    files: FilenameCompleter,
}

impl Assistant {
    pub fn new(color: bool) -> Assistant {
        Assistant { names: Names::default(), color, files: FilenameCompleter::new() }
    }
}

/// Whether a text is an entry by itself. An empty last line ends any, so that nobody is caught in an open bracket. What a `##` comment
/// documents follows it.
pub fn complete(text: &str) -> bool {
    let documents = text.lines().next_back().is_some_and(|line| line.trim_start().starts_with("##"));
    text.trim_start().starts_with([':', '?']) || text.ends_with("\n\n") || (syntax::is_complete(text) && !documents)
}

/// A signature beside the cursor. It is not inserted: its parameters stand for values.
pub struct Hint(String);

impl rustyline::hint::Hint for Hint {
    fn display(&self) -> &str {
        &self.0
    }
    fn completion(&self) -> Option<&str> {
        None
    }
}

impl Helper for Assistant {}

impl Hinter for Assistant {
    type Hint = Hint;

    fn hint(&self, line: &str, pos: usize, _: &Context<'_>) -> Option<Hint> {
        let hint = complete::hint(line, &self.names).filter(|_| pos == line.len())?;
        Some(Hint(format!("   {hint}")))
    }
}

impl Completer for Assistant {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> Result<(usize, Vec<Pair>)> {
        let text = &line[..pos];
        match complete::place(text) {
            Place::Text | Place::CommandPath => self.files.complete_path(line, pos),
            Place::Word { start, .. } | Place::Command { start } => {
                let words = complete::words(text, &self.names).into_iter();
                Ok((start, words.map(|word| Pair { display: word.clone(), replacement: word }).collect()))
            }
        }
    }
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext) -> Result<ValidationResult> {
        Ok(if complete(context.input()) { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        if self.color && !line.starts_with([':', '?']) { colored(line).into() } else { line.into() }
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        if self.color { format!("\u{1b}[1;34m{prompt}\u{1b}[0m").into() } else { prompt.into() }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        if self.color { format!("\u{1b}[2m{hint}\u{1b}[0m").into() } else { hint.into() }
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        self.color && kind != CmdKind::MoveCursor
    }
}

/// A text with the colours of its tokens.
fn colored(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut at = 0;
    for (range, class) in syntax::highlight(text) {
        let color = match class {
            TokenClass::Keyword => "35",
            TokenClass::Function => "34",
            TokenClass::Number => "36",
            TokenClass::Text => "32",
            TokenClass::Comment => "2",
            TokenClass::Name | TokenClass::Operator | TokenClass::Punctuation => continue,
        };
        out += &text[at..range.start];
        out += &format!("\u{1b}[{color}m{}\u{1b}[0m", &text[range.clone()]);
        at = range.end;
    }
    out + &text[at..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_change_no_character() {
        let text = "x = f(1.5, \"a{b}\") # ö\n+ while §";
        let shown = colored(text);
        let mut plain = String::new();
        for piece in shown.split('\u{1b}') {
            plain += piece.strip_prefix('[').and_then(|piece| piece.split_once('m')).map_or(piece, |(_, rest)| rest);
        }
        assert_eq!(plain, text);
    }

    #[test]
    fn an_entry_ends_when_it_can() {
        for text in ["x = 1", "f(1)", ":load \"a", "?mean", "x = (1 +\n\n", "\"open"] {
            assert!(complete(text), "{text}");
        }
        for text in ["x = (1", "fn f(x) {", "1 +", "fn f(x) {\n", "## doc"] {
            assert!(!complete(text), "{text}");
        }
    }
}
