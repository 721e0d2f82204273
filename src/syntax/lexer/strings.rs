//! Strings: literal text, values between braces, and strings that do not end or stand in the wrong quotes.

use super::Lexer;
use crate::base::{Code, Diagnostic};
use crate::syntax::text;
use crate::syntax::token::Kind;

impl Lexer<'_> {
    /// A piece of a string: literal text, or the brace or quote that ends it.
    pub(super) fn text_piece(&mut self) {
        let start = self.at;
        let (length, end) = text::chunk_length(self.rest());
        self.at += length;
        if length > 0 {
            self.push(Kind::TextChunk, start);
            self.escapes(start);
        }
        let start = self.at;
        match end {
            text::ChunkEnd::Quote => {
                self.at += 1;
                self.close(Kind::TextEnd, start);
            }
            text::ChunkEnd::Brace => {
                self.at += 1;
                self.open(Kind::InterpBegin, start);
            }
            text::ChunkEnd::StrayBrace => {
                self.at += 1;
                let help = "write `}}` for a brace in a string";
                self.report(Diagnostic::at(Code::Syntax, self.span(start, self.at), "`}` in a string closes nothing").help(help));
            }
            text::ChunkEnd::Line => self.unclosed_text(),
        }
    }

    fn escapes(&mut self, start: usize) {
        for (range, message) in text::unescape(&self.text[start..self.at]).1 {
            let span = self.span(start + range.start, start + range.end);
            self.report(Diagnostic::at(Code::Syntax, span, message).help(text::ESCAPES_HELP));
        }
    }

    /// The format after the colon in `{value:.3}`.
    pub(super) fn format(&mut self, start: usize) {
        let length = self.rest().find(['}', '"', '\n', '{']).unwrap_or(self.rest().len());
        self.at += length;
        self.push(Kind::InterpFormat, start);
    }

    /// A string that its line does not close: an empty string stands for it, and the next line starts afresh. Brackets that the same
    /// line opened close with it, because what closes them probably stands in the string.
    pub(super) fn unclosed_text(&mut self) {
        let Some(outer) = self.frames.iter().position(|frame| frame.kind == Kind::TextBegin) else { return };
        let token = self.frames[outer].token;
        let dropped: u32 = self.frames[outer..].iter().map(|frame| frame.deepening).sum();
        self.depth -= dropped;
        self.frames.truncate(outer);
        self.out.tokens.truncate(token + 1);
        let start = self.out.tokens[token].start as usize;
        let line = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let end = self.text[start..].find('\n').map_or(self.text.len(), |length| start + length);
        self.report(
            Diagnostic::at(Code::Unclosed, self.span(start, start + 1), "this string is not closed on its line")
                .says("opened here")
                .help("end it with `\"`; a line break in a string is written `\\n`"),
        );
        self.at = end;
        self.newline = None;
        while self.out.comments.pop_if(|comment| comment.start as usize > start).is_some() {}
        self.add(Kind::TextEnd, start + 1, end);
        while let Some(frame) = self.frames.pop_if(|frame| matches!(frame.kind, Kind::LParen | Kind::LBracket)) {
            let opened = self.out.tokens[frame.token].start;
            if (opened as usize) < line {
                self.frames.push(frame);
                break;
            }
            self.depth -= frame.deepening;
            self.out.damaged.push(opened..end as u32 + 1);
            self.add(frame.kind.closer().unwrap_or(Kind::RParen), end, end);
        }
    }

    /// A string in other quotes: reported, and read as a string without interpolation.
    pub(super) fn foreign_text(&mut self, quote: char) {
        let start = self.at;
        let open = self.rest().chars().next().map_or(1, char::len_utf8);
        let line = self.rest()[open..].find('\n').unwrap_or(self.rest().len() - open);
        let close = self.rest()[open..open + line].find(quote);
        self.at += open + close.map_or(line, |at| at + quote.len_utf8());
        let end = self.at;
        let help = "write \"text\"; a value goes into it as \"{x}\"";
        self.report(Diagnostic::at(Code::Syntax, self.span(start, end), "strings stand in double quotes").help(help));
        self.push(Kind::TextBegin, start);
        self.add(Kind::TextEnd, end, end);
    }
}
