//! Reads the text form of kernels that `print` writes: for tests and tools. Dtypes of operations follow from their operands; spans are
//! places in this text. `fault Kind` names are those of `FaultKind`.

use super::facts::dtype_of;
use super::ir::*;
use super::print::infix;
use crate::array::{DType, Scalar};
use crate::base::{Code, Diagnostic, Outcome, SourceId, Span};
use crate::ops::ScalarOp;
use crate::ops::info::PLAIN;

/// Reads a module. What is not of the printed form is an error with its place; types are the verifier's business.
pub fn parse(text: &str) -> Outcome<Module> {
    let mut parser = Parser { tokens: tokens(text), at: 0, kernel: empty_kernel(), names: Vec::new() };
    let mut module = Module { checked: parser.eat("checked"), ..Module::default() };
    for (at, token) in parser.tokens.iter().enumerate() {
        if token.text == "kernel" {
            parser.names.push(parser.tokens.get(at + 1).map_or(String::new(), |name| name.text.to_owned()));
        }
    }
    while parser.peek() != "" {
        module.kernels.push(parser.kernel()?);
    }
    Ok(module)
}

#[derive(Clone, Copy)]
struct Token<'t> {
    text: &'t str,
    start: usize,
}

/// Words (with `.v3`, and numbers with suffix or exponent), signs, brackets.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let next = |at: usize| bytes.get(at).copied().unwrap_or(b' ');
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
        if next(at).is_ascii_whitespace() {
            at += 1;
            continue;
        }
        if word(next(at)) {
            let number = next(at).is_ascii_digit();
            loop {
                let exponent_sign = number && matches!(next(at - usize::from(at > start)), b'e') && next(at) == b'-';
                if word(next(at)) || (next(at) == b'.' && word(next(at + 1))) || exponent_sign {
                    at += 1;
                } else {
                    break;
                }
            }
        } else {
            const PAIRS: [&[u8]; 11] = [b"->", b"..", b"//", b"**", b"==", b"!=", b"<=", b">=", b"<<", b">>", b"]?"];
            at += if bytes.get(at..at + 2).is_some_and(|pair| PAIRS.contains(&pair)) { 2 } else { 1 };
        }
        found.push(Token { text: &text[start..at], start });
    }
    found
}

fn empty_kernel() -> Kernel {
    Kernel {
        name: String::new(),
        params: Vec::new(),
        vars: Vec::new(),
        arrays: Vec::new(),
        results: Vec::new(),
        body: Vec::new(),
        span: Span::default(),
    }
}

struct Parser<'t> {
    tokens: Vec<Token<'t>>,
    at: usize,
    /// The kernel being read.
    kernel: Kernel,
    /// Of all kernels.
    names: Vec<String>,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> &'t str {
        self.tokens.get(self.at).map_or("", |token| token.text)
    }
    fn peek_second(&self) -> &'t str {
        self.tokens.get(self.at + 1).map_or("", |token| token.text)
    }
    fn next(&mut self) -> &'t str {
        let text = self.peek();
        self.at += 1;
        text
    }
    fn eat(&mut self, text: &str) -> bool {
        let found = self.peek() == text;
        self.at += usize::from(found);
        found
    }
    fn expect(&mut self, text: &str) -> Outcome<()> {
        if self.eat(text) { Ok(()) } else { Err(self.error(format!("`{text}` expected, `{}` found", self.peek()))) }
    }
    fn error(&self, message: String) -> Box<Diagnostic> {
        Diagnostic::at(Code::Syntax, self.span_from(self.at), message)
    }
    /// From token `first` to the last one read.
    fn span_from(&self, first: usize) -> Span {
        let start = self.tokens.get(first).map_or(0, |token| token.start);
        let end = self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(start, |token| token.start + token.text.len());
        Span::new(SourceId(0), start, end.max(start))
    }
    /// Items with commas between, up to a closing token, which is read too.
    fn list<T>(&mut self, close: &str, mut item: impl FnMut(&mut Self) -> Outcome<T>) -> Outcome<Vec<T>> {
        let mut items = Vec::new();
        while !self.eat(close) {
            if !items.is_empty() {
                self.expect(",")?;
            }
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn kernel(&mut self) -> Outcome<Kernel> {
        self.expect("kernel")?;
        self.kernel = empty_kernel();
        let first = self.at;
        self.kernel.name = self.next().to_owned();
        self.kernel.span = self.span_from(first);
        self.expect("(")?;
        let params = self.list(")", Self::declaration)?;
        self.kernel.params = params;
        if self.eat("->") {
            loop {
                let (dtype, rank) = self.ty()?;
                self.kernel.results.push(rank.map_or(ResultTy::Scalar(dtype), |rank| ResultTy::Array { dtype, rank }));
                if !self.eat(",") {
                    break;
                }
            }
        }
        self.expect("{")?;
        while matches!(self.peek(), "var" | "array") {
            self.next();
            self.declaration()?;
        }
        let body = self.rest_of_block()?;
        Ok(Kernel { body, ..std::mem::replace(&mut self.kernel, empty_kernel()) })
    }

    /// `x: f64`, `a: f64[2]`, `b: f64[1] stream`
    fn declaration(&mut self) -> Outcome<Param> {
        let name = self.next().to_owned();
        self.expect(":")?;
        Ok(match self.ty()? {
            (dtype, None) => {
                self.kernel.vars.push(VarDecl { name, dtype });
                Param::Scalar(VarId(self.kernel.vars.len() as u32 - 1))
            }
            (dtype, Some(rank)) => {
                let stream = self.eat("stream");
                self.kernel.arrays.push(ArrayDecl { name, dtype, rank, stream });
                Param::Array(ArrayId(self.kernel.arrays.len() as u32 - 1))
            }
        })
    }

    fn ty(&mut self) -> Outcome<(DType, Option<usize>)> {
        let dtype = DType::parse(self.peek()).ok_or_else(|| self.error(format!("`{}` is no dtype", self.peek())))?;
        self.next();
        if !self.eat("[") {
            return Ok((dtype, None));
        }
        let rank = self.next().parse().map_err(|_| self.error("a rank is expected".into()))?;
        self.expect("]")?;
        Ok((dtype, Some(rank)))
    }

    fn block(&mut self) -> Outcome<Vec<Stmt>> {
        self.expect("{")?;
        self.rest_of_block()
    }

    fn rest_of_block(&mut self) -> Outcome<Vec<Stmt>> {
        let mut body = Vec::new();
        while !self.eat("}") {
            body.push(self.statement()?);
        }
        Ok(body)
    }

    fn var(&mut self) -> Outcome<VarId> {
        let name = self.next();
        self.find_var(name).ok_or_else(|| self.error(format!("no variable `{name}`")))
    }

    fn find_var(&self, name: &str) -> Option<VarId> {
        self.kernel.vars.iter().position(|var| var.name == name).map(|at| VarId(at as u32))
    }

    fn array(&mut self) -> Outcome<ArrayId> {
        let name = self.next();
        self.find_array(name).ok_or_else(|| self.error(format!("no array `{name}`")))
    }

    fn find_array(&self, name: &str) -> Option<ArrayId> {
        self.kernel.arrays.iter().position(|array| array.name == name).map(|at| ArrayId(at as u32))
    }

    fn statement(&mut self) -> Outcome<Stmt> {
        let first = self.at;
        let stmt = match self.peek() {
            "if" => {
                self.next();
                let cond = self.expr()?;
                let then = self.block()?;
                let other = if self.eat("else") { self.block()? } else { Vec::new() };
                Stmt::If { cond, then, other }
            }
            "for" => self.for_loop()?,
            "while" => {
                self.next();
                let cond = self.expr()?;
                let span = self.span_from(first);
                Stmt::While { cond, body: self.block()?, span }
            }
            "break" | "continue" => {
                if self.next() == "break" {
                    Stmt::Break
                } else {
                    Stmt::Continue
                }
            }
            "return" => {
                self.next();
                let mut values = Vec::new();
                // The last statement of its block.
                while self.peek() != "}" {
                    if !values.is_empty() {
                        self.expect(",")?;
                    }
                    values.push(self.operand()?);
                }
                Stmt::Return(values)
            }
            "rebind" => {
                self.next();
                let to = self.list("=", Self::array)?;
                let mut pairs = Vec::new();
                for (at, to) in to.into_iter().enumerate() {
                    if at > 0 {
                        self.expect(",")?;
                    }
                    pairs.push((to, self.array()?));
                }
                Stmt::Rebind { pairs, span: self.span_from(first) }
            }
            "parfor" => self.par_for()?,
            "fail" => {
                self.next();
                let name = self.next();
                let fault = fault_named(name).ok_or_else(|| self.error(format!("no fault `{name}`")))?;
                self.expect("(")?;
                let values = self.list(")", Self::expr)?;
                Stmt::Fail { fault, values, span: self.span_from(first) }
            }
            _ => self.assignment()?,
        };
        Ok(stmt)
    }

    fn for_loop(&mut self) -> Outcome<Stmt> {
        let first = self.at;
        self.expect("for")?;
        let var = self.var()?;
        self.expect("in")?;
        let (lo, hi, step) = self.range()?;
        let kind = if self.eat("par") {
            LoopKind::Par
        } else if self.eat("vector") {
            self.expect("(")?;
            LoopKind::Vector { reductions: self.list(")", Self::reduction)? }
        } else {
            LoopKind::Seq
        };
        let span = self.span_from(first);
        Ok(Stmt::For { var, lo, hi, step, body: self.block()?, kind, span })
    }

    fn par_for(&mut self) -> Outcome<Stmt> {
        let first = self.at;
        self.expect("parfor")?;
        let (lo, hi, _) = self.range()?;
        self.expect("grain")?;
        let grain = self.next().parse().map_err(|_| self.error("a number is expected".into()))?;
        self.expect("call")?;
        let kernel = self.callee()?;
        self.expect("(")?;
        let args = self.list(")", Self::operand)?;
        let reductions = if self.eat("reduce") {
            self.expect("(")?;
            self.list(")", Self::reduction)?
        } else {
            Vec::new()
        };
        Ok(Stmt::ParFor { kernel, lo, hi, grain, args, reductions, span: self.span_from(first) })
    }

    fn range(&mut self) -> Outcome<(Expr, Expr, i64)> {
        let lo = self.expr()?;
        self.expect("..")?;
        let hi = self.expr()?;
        let step = if self.eat("by") { self.integer()? } else { 1 };
        Ok((lo, hi, step))
    }

    fn integer(&mut self) -> Outcome<i64> {
        let minus = self.eat("-");
        let value: i64 = self.next().parse().map_err(|_| self.error("a number is expected".into()))?;
        Ok(if minus { -value } else { value })
    }

    fn reduction(&mut self) -> Outcome<Reduction> {
        let var = self.var()?;
        self.expect(":")?;
        let name = self.next();
        let op = ScalarOp::named(name).ok_or_else(|| self.error(format!("no operation `{name}`")))?;
        Ok(Reduction { var, op })
    }

    fn callee(&mut self) -> Outcome<KernelId> {
        let name = self.next();
        let found = self.names.iter().position(|known| known == name);
        found.map(|at| KernelId(at as u32)).ok_or_else(|| self.error(format!("no kernel `{name}`")))
    }

    /// Statements that begin with what they set.
    fn assignment(&mut self) -> Outcome<Stmt> {
        let first = self.at;
        if self.eat("call") {
            return self.call(first, Vec::new());
        }
        if self.peek_second() == "[" {
            let array = self.array()?;
            let (index, check) = self.index()?;
            self.expect("=")?;
            let value = self.expr()?;
            return Ok(Stmt::Store { array, index, value, check, span: self.span_from(first) });
        }
        let places = self.list("=", |p| match p.find_var(p.peek()) {
            Some(_) => p.var().map(Place::Scalar),
            None => p.array().map(Place::Array),
        })?;
        if self.eat("call") {
            return self.call(first, places);
        }
        match (&places[..], self.peek(), self.peek_second()) {
            ([Place::Array(array)], "alloc" | "room", _) => {
                let clear = self.peek() == "alloc";
                self.next();
                self.expect("(")?;
                let shape = self.list(")", Self::expr)?;
                Ok(Stmt::Alloc { array: *array, shape, clear, span: self.span_from(first) })
            }
            ([Place::Array(array)], "view", _) => {
                self.next();
                let base = self.array()?;
                let (index, check) = self.view()?;
                Ok(Stmt::View { array: *array, base, index, check, span: self.span_from(first) })
            }
            ([Place::Scalar(var)], ..) => {
                let value = self.expr()?;
                Ok(Stmt::Set { var: *var, value, span: self.span_from(first) })
            }
            _ => Err(self.error("a statement is expected".into())),
        }
    }

    fn call(&mut self, first: usize, results: Vec<Place>) -> Outcome<Stmt> {
        let kernel = self.callee()?;
        self.expect("(")?;
        let args = self.list(")", Self::operand)?;
        Ok(Stmt::Call { kernel, args, results, span: self.span_from(first) })
    }

    /// `]?` closes indices that are checked, at the place of the brackets.
    fn closed_check(&mut self, first: usize) -> Option<Check> {
        if self.eat("]?") {
            return Some(Check::At(self.span_from(first)));
        }
        self.eat("]").then_some(Check::Proven)
    }

    fn index(&mut self) -> Outcome<(Vec<Expr>, Check)> {
        let first = self.at.saturating_sub(1);
        self.expect("[")?;
        let mut index = Vec::new();
        loop {
            if let Some(check) = self.closed_check(first) {
                return Ok((index, check));
            }
            if !index.is_empty() {
                self.expect(",")?;
            }
            index.push(self.expr()?);
        }
    }

    fn view(&mut self) -> Outcome<(Vec<ViewIndex>, Check)> {
        let first = self.at.saturating_sub(1);
        self.expect("[")?;
        let mut index = Vec::new();
        loop {
            if let Some(check) = self.closed_check(first) {
                return Ok((index, check));
            }
            if !index.is_empty() {
                self.expect(",")?;
            }
            index.push(if self.eat("new") {
                ViewIndex::New
            } else if self.eat("..") {
                ViewIndex::All
            } else {
                let at = self.expr()?;
                if self.eat("..") {
                    let hi = self.expr()?;
                    let step = if self.eat("by") { self.integer()? } else { 1 };
                    ViewIndex::Range { lo: at, hi, step }
                } else {
                    ViewIndex::At(at)
                }
            });
        }
    }

    fn operand(&mut self) -> Outcome<Operand> {
        match self.find_array(self.peek()) {
            Some(array) if self.peek_second() != "[" => {
                self.next();
                Ok(Operand::Array(array))
            }
            _ => self.expr().map(Operand::Scalar),
        }
    }

    fn expr(&mut self) -> Outcome<Expr> {
        let first = self.at;
        if self.eat("(") {
            return self.parenthesis(first);
        }
        let minus = self.eat("-");
        let word = self.peek();
        if let Some(value) = literal(word, minus) {
            self.next();
            return Ok(Expr::Const(value));
        }
        match self.peek_second() {
            "(" => self.function(first),
            "[" => {
                let array = self.array()?;
                let (index, check) = self.index()?;
                Ok(Expr::Load { array, index, check })
            }
            _ => self.var().map(Expr::Var),
        }
    }

    /// `(a + b)` or `(if c then a else b)`, after the bracket.
    fn parenthesis(&mut self, first: usize) -> Outcome<Expr> {
        if self.eat("if") {
            let cond = Box::new(self.expr()?);
            self.expect("then")?;
            let then = Box::new(self.expr()?);
            self.expect("else")?;
            let other = Box::new(self.expr()?);
            self.expect(")")?;
            return Ok(Expr::If { cond, then, other });
        }
        let a = self.expr()?;
        let sign = self.next();
        let op = PLAIN.iter().map(|(op, _)| *op).find(|op| infix(*op) == Some(sign));
        let op = op.ok_or_else(|| self.error(format!("no operation `{sign}`")))?;
        let b = self.expr()?;
        self.expect(")")?;
        let dtype = dtype_of(&self.kernel, &a);
        Ok(Expr::Op { op, dtype, args: vec![a, b], span: self.span_from(first) })
    }

    /// `f(x)`: an operation, a cast, a complex constant, a size.
    fn function(&mut self, first: usize) -> Outcome<Expr> {
        let name = self.next();
        self.expect("(")?;
        if name == "len" {
            let array = self.array()?;
            self.expect(",")?;
            let axis = self.integer()? as usize;
            self.expect(")")?;
            return Ok(Expr::Len { array, axis });
        }
        let mut args = self.list(")", Self::expr)?;
        let span = self.span_from(first);
        match (DType::parse(name), &args[..]) {
            (Some(to), [Expr::Const(re), Expr::Const(im)]) => return Ok(Expr::Const(Scalar::float(to, re.as_f64(), im.as_f64()))),
            (Some(to), [arg]) => {
                let from = dtype_of(&self.kernel, arg);
                return Ok(Expr::Cast { from, to, arg: Box::new(args.remove(0)), span });
            }
            _ => {}
        }
        let op = ScalarOp::named(name).ok_or_else(|| self.error(format!("no operation `{name}`")))?;
        let typed = if op == ScalarOp::Select { args.get(1) } else { args.first() };
        let dtype = typed.map_or(DType::I64, |arg| dtype_of(&self.kernel, arg));
        Ok(Expr::Op { op, dtype, args, span })
    }
}

/// `3`, `3u8`, `3.5`, `inf`, `NaNf32`, `true`
fn literal(word: &str, minus: bool) -> Option<Scalar> {
    if let "true" | "false" = word {
        return Some(Scalar::bool(word == "true"));
    }
    let suffix = DType::ALL.into_iter().find(|dtype| word.ends_with(dtype.name()) && (dtype.is_int() || *dtype == DType::F32));
    let digits = suffix.map_or(word, |dtype| &word[..word.len() - dtype.name().len()]);
    let starts = digits.starts_with(|c: char| c.is_ascii_digit()) || matches!(digits, "inf" | "NaN");
    if !starts {
        return None;
    }
    let signed = format!("{}{digits}", if minus { "-" } else { "" });
    match suffix {
        Some(DType::F32) => signed.parse().ok().map(Scalar::f32),
        Some(dtype) => signed.parse().ok().map(|value| Scalar::int(dtype, value)),
        None => signed.parse().ok().map(Scalar::i64).or_else(|| signed.parse().ok().map(Scalar::f64)),
    }
}

fn fault_named(name: &str) -> Option<FaultKind> {
    use FaultKind::*;
    [Bounds, DivideByZero, Overflow, NegativePower, NoElement, Recursion, Shape, Memory, Cancelled, Assertion, Value]
        .into_iter()
        .find(|fault| format!("{fault:?}") == name)
}
