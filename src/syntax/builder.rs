//! What the grammar's actions call: spans, literals, places of assignments, and errors that the grammar itself cannot see.

use super::ast::*;
use super::errors;
use super::lexer::{Lexed, MAX_ERRORS};
use super::number;
use super::text;
use super::token::{Kind, Token};
use crate::array::Scalar;
use crate::base::{Code, Diagnostic, Name, SourceId, Span};
use lalrpop_util::{ErrorRecovery, ParseError};

/// Ends parsing: enough errors were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyErrors;

/// An error of the generated parser.
pub type GrammarError = ParseError<u32, Kind, TooManyErrors>;

/// State of one parse.
pub struct Builder<'a> {
    source: SourceId,
    text: &'a str,
    lexed: &'a Lexed,
    pub diagnostics: Vec<Diagnostic>,
    /// Literals such as `128i8` whose minus has not been met.
    lowest: Vec<Span>,
}

impl<'a> Builder<'a> {
    pub fn new(source: SourceId, text: &'a str, lexed: &'a Lexed) -> Builder<'a> {
        Builder { source, text, lexed, diagnostics: Vec::new(), lowest: Vec::new() }
    }

    pub fn span(&self, start: u32, end: u32) -> Span {
        Span { source: self.source, start, end: end.max(start) }
    }

    fn slice(&self, start: u32, end: u32) -> &'a str {
        self.text.get(start as usize..end as usize).unwrap_or("")
    }

    fn error(&mut self, span: Span, message: &str, help: &str) {
        self.diagnostics.push(*Diagnostic::at(Code::Syntax, span, message).help(help));
    }

    pub fn ident(&self, start: u32, end: u32) -> Ident {
        Ident { name: Name::new(self.slice(start, end)), span: self.span(start, end) }
    }

    pub fn expr(&self, start: u32, kind: ExprKind, end: u32) -> Expr {
        Expr { kind, span: self.span(start, end) }
    }

    pub fn number(&mut self, start: u32, end: u32) -> Expr {
        let span = self.span(start, end);
        let kind = match number::parse(self.slice(start, end)) {
            Ok(number) => {
                if number.lowest {
                    self.lowest.push(span);
                }
                ExprKind::Number { value: number.value, weak: number.weak }
            }
            Err(bad) => {
                self.diagnostics.push(*Diagnostic::at(Code::Number, span, bad.message).help(bad.help));
                ExprKind::Error
            }
        };
        Expr { kind, span }
    }

    pub fn bool(&self, start: u32, value: bool, end: u32) -> Expr {
        self.expr(start, ExprKind::Number { value: Scalar::bool(value), weak: false }, end)
    }

    pub fn chunk(&self, start: u32, end: u32) -> TextPart {
        TextPart::Literal(text::unescape(self.slice(start, end)).0)
    }

    /// The format of `{value:.3}`, whose token starts with the colon.
    pub fn format(&self, start: u32, end: u32) -> String {
        self.slice(start + 1, end).trim().to_string()
    }

    /// `-x`. The lowest integer of a dtype (`-128i8`) becomes one literal: its magnitude alone does not fit.
    pub fn negate(&mut self, start: u32, operand: Expr, end: u32) -> Expr {
        match self.lowest.last() {
            Some(span) if *span == operand.span => {
                self.lowest.pop();
                self.expr(start, operand.kind, end)
            }
            _ => self.expr(start, ExprKind::Unary { op: UnaryOp::Neg, operand: Box::new(operand) }, end),
        }
    }

    pub fn binary(&self, left: Expr, (op, op_span): (BinaryOp, Span), right: Expr) -> Expr {
        let span = left.span.to(right.span);
        Expr { kind: ExprKind::Binary { op, op_span, left: Box::new(left), right: Box::new(right) }, span }
    }

    /// Comparisons; more than one in a row is an error.
    pub fn compare(&mut self, first: Expr, rest: Vec<((BinaryOp, Span), Expr)>) -> Expr {
        if let [(_, middle), ((_, second), _), ..] = rest.as_slice() {
            let middle = self.slice(middle.span.start, middle.span.end).to_string();
            let (message, help) = ("comparisons do not chain", "compare twice: `a < b and b < c`");
            let second = *second;
            self.diagnostics
                .push(*Diagnostic::at(Code::Syntax, second, message).says(format!("`{middle}` was already compared")).help(help));
        }
        rest.into_iter().fold(first, |left, (op, right)| self.binary(left, op, right))
    }

    /// An expression in round brackets: the same, with the brackets in its span.
    pub fn paren(&self, start: u32, inner: Expr, end: u32) -> Expr {
        self.expr(start, inner.kind, end)
    }

    /// `f(a)`; `x.f(a)` is a method call, `(x.f)(a)` is not.
    pub fn call(&self, callee: Expr, args: Vec<Arg>, end: u32) -> Expr {
        let start = callee.span.start;
        let kind = match callee.kind {
            ExprKind::Field { base, name } if name.span.end == callee.span.end => ExprKind::Method { receiver: base, name, args },
            kind => ExprKind::Call { callee: Box::new(Expr { kind, span: callee.span }), args },
        };
        self.expr(start, kind, end)
    }

    pub fn range(&self, start: u32, lo: Option<Expr>, hi: Option<Expr>, step: Option<Expr>, inclusive: bool, end: u32) -> Expr {
        let boxed = |part: Option<Expr>| part.map(Box::new);
        self.expr(start, ExprKind::Range { lo: boxed(lo), hi: boxed(hi), step: boxed(step), inclusive }, end)
    }

    pub fn tuple(&self, start: u32, first: Expr, rest: Vec<Expr>, end: u32) -> Expr {
        let items = std::iter::once(first).chain(rest).collect();
        self.expr(start, ExprKind::Tuple(items), end)
    }

    pub fn record(&self, start: u32, first: (Ident, Expr), rest: Vec<(Ident, Expr)>, end: u32) -> Expr {
        let fields = std::iter::once(first).chain(rest).collect();
        self.expr(start, ExprKind::Record(fields), end)
    }

    /// `each`: of its items those with `=` are options, the others variables.
    pub fn each(&self, start: u32, items: Vec<(Ident, Option<Expr>, bool)>, body: Block, end: u32) -> Expr {
        let (mut over, mut options) = (Vec::new(), Vec::new());
        for (ident, value, is_option) in items {
            match value {
                Some(value) if is_option => options.push((ident, value)),
                iter => over.push(EachVar { ident, iter }),
            }
        }
        self.expr(start, ExprKind::Each { over, options, body }, end)
    }

    /// One index; the bare name `new` is a new axis.
    pub fn index_arg(&self, name: Option<Ident>, value: Expr) -> IndexArg {
        let kind = match &value.kind {
            ExprKind::Name(word) if name.is_none() && *word == "new" => IndexKind::NewAxis(value.span),
            _ => IndexKind::Expr(value),
        };
        IndexArg { name, kind }
    }

    /// One dimension of a type.
    pub fn dim(&self, value: Expr) -> DimExpr {
        match value.kind {
            ExprKind::Name(name) if name == "_" => DimExpr::Any(value.span),
            ExprKind::Name(name) => DimExpr::Named { name: Ident { name, span: value.span }, size: None },
            ExprKind::Range { lo: None, hi: None, step: None, .. } => DimExpr::Rest(value.span),
            kind => DimExpr::Size(Expr { kind, span: value.span }),
        }
    }

    /// A block of one expression, for `fn f(x) = e` and `else if`.
    pub fn block_of(&self, value: Expr) -> Block {
        let span = value.span;
        Block { stmts: vec![Stmt { kind: StmtKind::Expr { value, silent: false }, span }], span }
    }

    pub fn function(&self, start: u32, ident: Ident, params: Vec<Param>, result: Option<TypeExpr>, body: Block, end: u32) -> StmtKind {
        let doc = self.lexed.docs.binary_search_by_key(&start, |(at, _)| *at).ok().map(|at| self.lexed.docs[at].1.clone());
        StmtKind::Fn(Function { ident, params, result, body, doc, span: self.span(start, end) })
    }

    /// `a = e`, `a, b = e`, `x: T = e`, `a[i] = e`: the left sides decide what it is.
    pub fn bind(&mut self, mut targets: Vec<(Expr, Option<TypeExpr>)>, value: Expr) -> StmtKind {
        if let [(Expr { kind: ExprKind::Tuple(items), .. }, None)] = targets.as_mut_slice() {
            targets = std::mem::take(items).into_iter().map(|item| (item, None)).collect();
        }
        if let [(Expr { kind: ExprKind::Index { .. }, .. }, None)] = targets.as_slice() {
            return match targets.pop() {
                Some((place, _)) => StmtKind::Assign { place, op: None, value },
                None => StmtKind::Error,
            };
        }
        let mut names = Vec::with_capacity(targets.len());
        for (target, ty) in targets {
            match target.kind {
                ExprKind::Name(name) => names.push(Target { ident: Ident { name, span: target.span }, ty }),
                kind => {
                    self.not_a_place(&kind, target.span);
                    return StmtKind::Error;
                }
            }
        }
        StmtKind::Bind { targets: names, value }
    }

    pub fn assign(&mut self, place: Expr, op: BinaryOp, value: Expr) -> StmtKind {
        match place.kind {
            ExprKind::Name(_) | ExprKind::Index { .. } => StmtKind::Assign { place, op: Some(op), value },
            kind => {
                self.not_a_place(&kind, place.span);
                StmtKind::Error
            }
        }
    }

    fn not_a_place(&mut self, kind: &ExprKind, span: Span) {
        let help = match kind {
            ExprKind::Field { .. } => "records and tables are values: make a new one, for a table `t.with(name = value)`",
            ExprKind::Binary { .. } | ExprKind::Unary { .. } => "to compare, write `==`",
            ExprKind::Index { .. } => "take the tuple apart into names first, then assign each element",
            _ => "names (`x = …`, `a, b = …`) and elements (`x[i] = …`) can be assigned",
        };
        self.error(span, "this cannot be assigned to", help);
    }

    /// The path of `use "file.kiln"`, which is known without running anything.
    pub fn use_file(&mut self, start: u32, parts: Vec<TextPart>, end: u32) -> UsePath {
        match parts.as_slice() {
            [TextPart::Literal(path)] => UsePath::File(Name::new(path)),
            _ => {
                self.error(
                    self.span(start, end),
                    "the path of `use` must be plain text",
                    "write it without `{ }`: `use \"file.kiln\" as m`",
                );
                UsePath::File(Name::new(""))
            }
        }
    }

    /// Appends a statement (or nothing) after a separator; `;` silences the expression before it.
    pub fn separated(&self, mut stmts: Vec<Stmt>, semicolon: bool, next: Option<Stmt>) -> Vec<Stmt> {
        if semicolon && let Some(Stmt { kind: StmtKind::Expr { silent, .. }, .. }) = stmts.last_mut() {
            *silent = true;
        }
        stmts.extend(next);
        stmts
    }

    /// Notes an error from which the parser goes on.
    pub fn recover(&mut self, recovery: ErrorRecovery<u32, Kind, TooManyErrors>) -> Result<(), GrammarError> {
        self.grammar_error(recovery.error);
        if self.lexed.diagnostics.len() + self.diagnostics.len() >= MAX_ERRORS {
            return Err(ParseError::User { error: TooManyErrors });
        }
        Ok(())
    }

    /// Reports what the parser found, unless a bracket error explains it.
    pub fn grammar_error(&mut self, error: GrammarError) {
        let (token, expected) = match error {
            ParseError::UnrecognizedEof { location, expected } => (Token { kind: Kind::Newline, start: location, end: location }, expected),
            ParseError::UnrecognizedToken { token: (start, kind, end), expected } => (Token { kind, start, end }, expected),
            ParseError::ExtraToken { token: (start, kind, end) } => (Token { kind, start, end }, Vec::new()),
            ParseError::InvalidToken { location } => (Token { kind: Kind::Newline, start: location, end: location }, Vec::new()),
            ParseError::User { .. } => return,
        };
        if !self.lexed.damaged.iter().any(|range| range.contains(&token.start)) {
            self.diagnostics.push(errors::syntax_error(self.source, self.text, &self.lexed.tokens, token, &expected));
        }
    }

    /// All errors, once the text is parsed.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        for span in std::mem::take(&mut self.lowest) {
            let text = self.slice(span.start, span.end);
            let message = format!("{text} does not fit its dtype");
            self.diagnostics.push(*Diagnostic::at(Code::Number, span, message).help("it fits only with a minus directly before it"));
        }
        self.diagnostics
    }
}
