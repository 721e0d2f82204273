//! The formatter behind `kiln fmt`: four spaces of indentation, one space round operators, lines of at most 100 columns where brackets,
//! operators or method calls let them break, comments and single blank lines kept. Line breaks that show intent stay: after an opening
//! bracket, in a block, before a method call. What is formatted parses to the same tree, and formatting it again changes nothing.
//! Strings are never changed or broken, so a line with a long one may be wider.

mod layout;
mod measure;
mod tree;

use super::lexer;
use crate::base::{Diagnostic, SourceId};

pub use layout::WIDTH;

/// A pass may break a group whose neighbours then have room; each pass only adds breaks, so a few reach the end.
const PASSES: usize = 16;

/// The formatted text; the errors of a text that does not parse.
pub fn format(source: SourceId, text: &str) -> Result<String, Vec<Diagnostic>> {
    let (_, diagnostics) = super::parse(source, text);
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let mut last = pass(source, text);
    for _ in 1..PASSES {
        let next = pass(source, &last);
        if next == last {
            break;
        }
        last = next;
    }
    Ok(last)
}

fn pass(source: SourceId, text: &str) -> String {
    layout::layout(&tree::build(text, &lexer::lex(source, text)))
}

#[cfg(test)]
mod tests;
