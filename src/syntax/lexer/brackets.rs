//! Brackets: which closes which, and what was meant where they do not match.

use super::{Frame, Lexer, MAX_NESTING};
use crate::base::{Code, Diagnostic, Label};
use crate::syntax::token::Kind;

impl Lexer<'_> {
    /// Round brackets followed by `->` hold parameters, unless they are those of an `fn`.
    pub(super) fn mark_lambda(&mut self) {
        let open = self.closed.0;
        let of_fn = open >= 2 && self.out.tokens[open - 2].kind == Kind::Fn;
        if !of_fn && let Some(token) = self.out.tokens.get_mut(open) {
            token.kind = Kind::LambdaParen;
        }
    }

    pub(super) fn open(&mut self, kind: Kind, start: usize) {
        if kind == Kind::LBrace && self.last().is_some_and(Kind::ends_operand) {
            self.close_before_block(start);
        }
        self.push(kind, start);
        if self.frames.len() > MAX_NESTING {
            return self.too_deep(format!("brackets nest more than {MAX_NESTING} deep"), "name a part of it");
        }
        self.frames.push(Frame { kind, token: self.out.tokens.len() - 1, deepening: 0, takes_block: false });
    }

    pub(super) fn close(&mut self, kind: Kind, start: usize) {
        let matching = self.frames.iter().rposition(|frame| frame.kind.closer() == Some(kind));
        // A string is a wall: what is in it closes nothing outside.
        let wall = self.frames.iter().rposition(|frame| frame.kind == Kind::InterpBegin).unwrap_or(0);
        match matching.filter(|at| *at >= wall) {
            Some(at) => {
                while self.frames.len() > at + 1 {
                    self.unclosed(start, Some((kind, start)));
                }
                self.push(kind, start);
                if let Some(frame) = self.frames.pop() {
                    self.depth -= frame.deepening;
                    if kind == Kind::RParen {
                        self.closed = (frame.token, self.out.tokens.len() - 1);
                    }
                }
            }
            None => {
                let message = format!("`{}` closes nothing", &self.text[start..self.at]);
                self.report(
                    Diagnostic::at(Code::Syntax, self.span(start, self.at), message).help("remove it, or open a bracket before it"),
                );
            }
        }
    }

    /// Reports the innermost bracket as unclosed and closes it here; `found` is the closing bracket that stands in its place.
    pub(super) fn unclosed(&mut self, here: usize, found: Option<(Kind, usize)>) {
        let Some(frame) = self.frames.pop() else { return };
        self.depth -= frame.deepening;
        let open = self.out.tokens[frame.token];
        let closer = frame.kind.closer().unwrap_or(Kind::RParen);
        let opened = self.span(open.start as usize, open.end as usize);
        let mut diagnostic = Diagnostic::at(
            Code::Unclosed,
            opened,
            format!("`{}` is never closed", self.text[opened.start as usize..opened.end as usize].trim()),
        );
        diagnostic = diagnostic.says("opened here").help(format!("close it with `{closer}`"));
        if let Some((kind, at)) = found {
            let name = if kind == Kind::InterpEnd { "}" } else { kind.name() };
            diagnostic = diagnostic.label(self.span(at, at + 1), format!("`{name}` cannot close it"));
        }
        self.report(diagnostic);
        self.out.damaged.push(open.start..here as u32 + 1);
        self.add(closer, here, here);
        if closer == Kind::RParen {
            self.closed = (frame.token, self.out.tokens.len() - 1);
        }
    }

    /// A statement that starts a line within round or square brackets shows that they were never closed.
    pub(super) fn close_before_statement(&mut self, start: usize) {
        while matches!(self.top(), Kind::LParen | Kind::LambdaParen | Kind::LBracket) {
            self.unclosed(start, None);
        }
    }

    /// A block after an operand within brackets that hold no `if` or `each`: it belongs to a statement, and the brackets were never closed.
    pub(super) fn close_before_block(&mut self, start: usize) {
        while self.frames.last().is_some_and(|frame| matches!(frame.kind, Kind::LParen | Kind::LBracket) && !frame.takes_block) {
            self.unclosed(start, None);
        }
    }

    /// Closes what is open at the end of the text; one error tells of all of it.
    pub(super) fn finish(&mut self) {
        if self.out.stopped {
            return;
        }
        self.out.incomplete = self.out.diagnostics.is_empty() && (self.frames.len() > 1 || self.last().is_some_and(Kind::continues));
        if self.frames.len() == 1 {
            return;
        }
        let already = self.out.diagnostics.len();
        while self.frames.len() > 1 && !self.out.stopped {
            self.unclosed(self.text.len(), None);
        }
        let mut all = self.out.diagnostics.drain(already..);
        let (first, others) = (all.next(), all.map(|other| other.labels).collect::<Vec<_>>());
        if let Some(mut first) = first {
            first.labels.extend(others.into_iter().flatten().take(2).map(|label| Label { text: "this is open too".to_string(), ..label }));
            self.out.diagnostics.push(first);
        }
    }
}
