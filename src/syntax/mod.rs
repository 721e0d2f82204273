//! From text to Ast: lexer, grammar, formatter. Owns the shape of programs, knows nothing of types.
//! Limits: a text has at most `MAX_TEXT` bytes, brackets nest `lexer::MAX_NESTING` deep, at most `lexer::MAX_DEPTH` operators and brackets
//! are open at one point, and `lexer::MAX_ERRORS` errors are reported.

pub mod ast;
mod builder;
mod errors;
pub mod format;
pub mod highlight;
pub mod hints;
pub mod lexer;
mod mistakes;
mod number;
mod text;
pub mod token;

use crate::base::{Code, Diagnostic, Outcome, SourceId, Span};
pub use highlight::highlight;
pub use token::TokenClass;

lalrpop_util::lalrpop_mod!(
    #[allow(clippy::all, unused, rust_2018_idioms)]
    grammar,
    "/kiln.rs"
);

/// Bytes that a program may have. Data belongs into files.
pub const MAX_TEXT: usize = 4 << 20;

/// Parses a text. All errors of the text are returned, sorted by place; statements that could not be read are `StmtKind::Error`, and
/// past a limit the program is empty. O(bytes), and no input makes it recurse deeply.
pub fn parse(source: SourceId, text: &str) -> (ast::Program, Vec<Diagnostic>) {
    if text.len() > MAX_TEXT {
        let message = format!("the text has {} bytes, a program may have {MAX_TEXT}", text.len());
        let diagnostic = Diagnostic::at(Code::Syntax, Span::new(source, 0, 0), message).help("put data into a file and `open` it");
        return (ast::Program::default(), vec![*diagnostic]);
    }
    let mut lexed = lexer::lex(source, text);
    let mut diagnostics = std::mem::take(&mut lexed.diagnostics);
    if lexed.stopped {
        return (ast::Program::default(), diagnostics);
    }
    let mut builder = builder::Builder::new(source, text, &lexed);
    let tokens = lexed.tokens.iter().map(|token| Ok((token.start, token.kind, token.end)));
    let program = grammar::ProgramParser::new().parse(&mut builder, tokens).unwrap_or_else(|error| {
        builder.grammar_error(error);
        ast::Program::default()
    });
    diagnostics.extend(builder.finish());
    diagnostics.sort_by_key(|diagnostic| diagnostic.labels.first().map_or(0, |label| label.span.start));
    diagnostics.truncate(lexer::MAX_ERRORS);
    (program, diagnostics)
}

/// The text of a program file. Refuses bytes that are not UTF-8 and says where they are.
pub fn decode(name: &str, bytes: Vec<u8>) -> Outcome<String> {
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..good].iter().filter(|byte| **byte == b'\n').count();
        Diagnostic::new(Code::Utf8, format!("{name} is not UTF-8: byte {} of it, on line {line}", good + 1))
            .help("save the file as UTF-8; an array or table file is opened from a program: `open(\"file.nc\")`")
    })
}

/// Whether a text can stand alone, for the REPL: false where brackets are open or the last line ends with an operator, so that more lines
/// may follow. A string never goes on in the next line.
pub fn is_complete(text: &str) -> bool {
    text.len() > MAX_TEXT || !lexer::lex(SourceId::default(), text).incomplete
}

#[cfg(test)]
mod tests;
