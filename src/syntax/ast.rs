//! The abstract syntax tree. Every node has its span; nothing is resolved.

use crate::array::{DType, Scalar};
use crate::base::{Name, Span};

/// A name where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Ident {
    pub name: Name,
    pub span: Span,
}

/// A whole text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Program {
    pub items: Vec<Stmt>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum StmtKind {
    /// `x = e`, `x: T = e`, `a, b = e`; binds or rebinds.
    Bind {
        targets: Vec<Target>,
        value: Expr,
    },
    /// `x += e`, `x[i] = e`, `x[i] += e`; `op` is absent for plain element assignment.
    Assign {
        place: Expr,
        op: Option<BinaryOp>,
        value: Expr,
    },
    /// An expression on its own. `silent` where it ends with `;` (the REPL shows no result).
    Expr {
        value: Expr,
        silent: bool,
    },
    For {
        parallel: bool,
        target: Vec<Ident>,
        iter: Expr,
        body: Block,
    },
    While {
        cond: Expr,
        body: Block,
    },
    Break,
    Continue,
    Return(Option<Expr>),
    Fn(Function),
    Use(Use),
    Assert {
        cond: Expr,
        message: Option<Expr>,
    },
    /// A statement that could not be read; its error has been reported.
    Error,
}

/// A name on the left of `=`, with its annotation.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub ident: Ident,
    pub ty: Option<TypeExpr>,
}

/// `fn name(params) -> T { … }` or `fn name(params) = e`.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    pub ident: Ident,
    pub params: Vec<Param>,
    pub result: Option<TypeExpr>,
    pub body: Block,
    /// The `##` lines before it, without the marks.
    pub doc: Option<String>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    pub ident: Ident,
    pub ty: Option<TypeExpr>,
    pub default: Option<Expr>,
}

/// `use stats`, `use "path/file.kiln" as m`.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    pub path: UsePath,
    pub alias: Option<Ident>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum UsePath {
    Module(Ident),
    File(Name),
}

/// Statements in braces; the last one's expression is the value.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    pub stmts: Vec<Stmt>,
    pub span: Span,
}

/// A type as written: `f64`, `f64[time, lat: 180, _, ..]`, `f64[100, n]`.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeExpr {
    pub base: Ident,
    pub dims: Option<Vec<DimExpr>>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum DimExpr {
    /// `_`
    Any(Span),
    /// `..`: any further dimensions
    Rest(Span),
    /// `100`, `n * 2`: an unnamed dimension of this size. A bare identifier is `Named` here.
    Size(Expr),
    /// `time`, `row: 100`, `col: n`
    Named { name: Ident, size: Option<Expr> },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A number or bool. `weak`: without a suffix, so that it takes the dtype of what it meets.
    Number {
        value: Scalar,
        weak: bool,
    },
    /// `1h`, `7d`: a duration in microseconds is `Number`; text with its `{expr:format}` parts is this.
    Text(Vec<TextPart>),
    Name(Name),
    /// `.time`, `.fare`: the field of what the call is about (a row, a coordinate).
    RowField(Ident),
    Unary {
        op: UnaryOp,
        operand: Box<Expr>,
    },
    Binary {
        op: BinaryOp,
        op_span: Span,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `f(a, k = v)`; `x.f(a)` is `Method`.
    Call {
        callee: Box<Expr>,
        args: Vec<Arg>,
    },
    Method {
        receiver: Box<Expr>,
        name: Ident,
        args: Vec<Arg>,
    },
    Field {
        base: Box<Expr>,
        name: Ident,
    },
    Index {
        base: Box<Expr>,
        args: Vec<IndexArg>,
    },
    /// `lo..hi by step`; `..` alone is all; `inclusive` for `..=`.
    Range {
        lo: Option<Box<Expr>>,
        hi: Option<Box<Expr>>,
        step: Option<Box<Expr>>,
        inclusive: bool,
    },
    /// `(a, b)`, `()`; one element needs a comma.
    Tuple(Vec<Expr>),
    /// `(dy = 1, dx = 2)`
    Record(Vec<(Ident, Expr)>),
    List(Vec<Expr>),
    If {
        cond: Box<Expr>,
        then: Block,
        other: Option<Block>,
    },
    Block(Block),
    /// `k -> e`, `(a, b) -> e`
    Lambda {
        params: Vec<Param>,
        body: Box<Expr>,
    },
    /// `each(y, x, edge = nearest) { … }`, `each(a in xs) { … }`
    Each {
        over: Vec<EachVar>,
        options: Vec<(Ident, Expr)>,
        body: Block,
    },
    Error,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TextPart {
    Literal(String),
    Value { value: Expr, format: Option<String> },
}

#[derive(Clone, Debug, PartialEq)]
pub struct EachVar {
    pub ident: Ident,
    /// `in e`; absent for a dimension in scope.
    pub iter: Option<Expr>,
}

/// An argument of a call, named or by position.
#[derive(Clone, Debug, PartialEq)]
pub struct Arg {
    pub name: Option<Ident>,
    pub value: Expr,
}

/// One index between brackets: `i`, `2..10`, `..`, `new`, `[3, 1]`, a mask; `time = 0..12` by name.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexArg {
    pub name: Option<Ident>,
    pub kind: IndexKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum IndexKind {
    /// An index, a range (`..` alone is a range without ends: all of one dimension), a list, a mask.
    Expr(Expr),
    /// `new`
    NewAxis(Span),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    Neg,
    Not,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    Or,
    And,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Rem,
    MatMul,
    Pow,
}

impl BinaryOp {
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Or => "or",
            BinaryOp::And => "and",
            BinaryOp::Eq => "==",
            BinaryOp::Ne => "!=",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::FloorDiv => "//",
            BinaryOp::Rem => "%",
            BinaryOp::MatMul => "@",
            BinaryOp::Pow => "**",
        }
    }
}

/// The dtype a number's suffix names (`2f32`, `3u8`); `im` is handled by the lexer.
pub fn suffix_dtype(suffix: &str) -> Option<DType> {
    DType::parse(suffix).filter(|dtype| dtype.is_int() || dtype.is_float())
}
