//! The typed program. Names are resolved, parameters and defaults are in place, literals have the dtype of what they meet.

use super::host::HostFunction;
use crate::array::Scalar;
use crate::base::{Name, Span};
use crate::builtins::Builtin;
use crate::types::edge::Edge;
use crate::types::{DefId, Ty};
use std::sync::Arc;

/// A variable of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalId(pub u32);

/// A specialised function of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstId(pub u32);

/// A text, checked. Its locals are the session's variables: those it had before come first.
#[derive(Clone, Debug, Default)]
pub struct Program {
    pub locals: Vec<Local>,
    pub body: Block,
}

#[derive(Clone, Debug)]
pub struct Local {
    pub name: Name,
    /// One type in the whole body: of a variable that is rebound to another type there are two locals.
    pub ty: Ty,
    /// Where it was first bound.
    pub span: Span,
}

/// A function for one list of argument types.
#[derive(Clone, Debug)]
pub struct Instance {
    pub def: DefId,
    pub name: Name,
    /// Locals that take the arguments: parameters first, then what the function captures from outside, by value at the call.
    pub params: Vec<LocalId>,
    pub locals: Vec<Local>,
    pub body: Block,
    pub result: Ty,
    pub class: Class,
    /// Parameters that may be given in parts along an axis, all in the same: the results are parts along their first then.
    pub parted: Vec<(LocalId, usize)>,
    pub span: Span,
}

/// How a function runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Array expressions alone: becomes part of the graph at each call.
    Graph,
    /// Loops, element assignment or recursion: compiled whole.
    Kernel,
    /// Scalar parameters by annotation, called with arrays: maps over their elements.
    Elementwise,
    /// Prints, saves, opens: run statement by statement in program order.
    Driver,
}

/// Statements, then the value.
#[derive(Clone, Debug, Default)]
pub struct Block {
    pub stmts: Vec<Stmt>,
    pub value: Option<Box<Expr>>,
}

#[derive(Clone, Debug)]
pub struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum StmtKind {
    Bind {
        local: LocalId,
        value: Expr,
    },
    /// Takes a tuple apart.
    Unpack {
        locals: Vec<Option<LocalId>>,
        value: Expr,
    },
    /// `x[i] = v`; `x[i] += v` is spelled out by `sema`.
    Store {
        local: LocalId,
        index: Vec<Index>,
        value: Expr,
    },
    /// An expression for its effect, or shown by the REPL (`silent` where it ends with `;`).
    Expr {
        value: Expr,
        silent: bool,
    },
    /// Over a range, the first axis of an array, or a tuple.
    For {
        parallel: bool,
        local: LocalId,
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
    Assert {
        cond: Expr,
        message: Option<Expr>,
    },
}

#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub ty: Ty,
    /// The value of a scalar that `sema` knows.
    pub known: Option<Scalar>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ExprKind {
    Const(Scalar),
    Text(Vec<TextPart>),
    Local(LocalId),
    Tuple(Vec<Expr>),
    Record(Vec<(Name, Expr)>),
    /// Of a tuple or record, by position; of a function value what it captured; of a range its start, its end (not taken) and its step.
    Field {
        base: Box<Expr>,
        position: usize,
    },
    /// A variable of a dataset: its path inside the file.
    Variable {
        dataset: Box<Expr>,
        path: Arc<str>,
    },
    /// A dataset by its path (`open` of a known text).
    Open {
        path: Arc<str>,
        group: Arc<str>,
    },
    Range {
        lo: Box<Expr>,
        hi: Box<Expr>,
        step: Option<Box<Expr>>,
        inclusive: bool,
    },
    Call {
        builtin: &'static Builtin,
        args: CallArgs,
    },
    /// A function of the host.
    Host {
        function: HostFunction,
        args: Vec<Expr>,
    },
    Invoke {
        inst: InstId,
        args: Vec<Expr>,
    },
    Index {
        base: Box<Expr>,
        index: Vec<Index>,
    },
    /// An element of an array at indices, one an axis, that may be outside: `each(…, edge = …)`. `fill` is of its dtype.
    Edged {
        base: Box<Expr>,
        index: Vec<Expr>,
        edge: Edge,
        fill: Option<Box<Expr>>,
    },
    /// `and` and `or` of scalars are this, too.
    If {
        cond: Box<Expr>,
        then: Box<Block>,
        other: Box<Block>,
    },
    Block(Box<Block>),
    /// A function value; its type says which. What it captures was evaluated here.
    Function {
        captures: Vec<Expr>,
    },
    Unit,
}

/// Arguments of a built-in, in the order of its parameters.
#[derive(Clone, Debug, Default)]
pub struct CallArgs {
    pub values: Vec<Option<Argument>>,
    /// Of the variadic last parameter, with the names they were given.
    pub rest: Vec<(Option<Name>, Argument)>,
}

#[derive(Clone, Debug)]
pub enum Argument {
    Expr(Expr),
    Dims(Vec<crate::builtins::build::DimRef>),
    /// A dtype, with sizes where they were written.
    Type {
        dtype: crate::array::DType,
        shape: Option<Vec<Expr>>,
    },
}

#[derive(Clone, Debug)]
pub enum TextPart {
    Literal(String),
    Value { value: Expr, format: Option<String> },
}

/// One index; by-name indices are already in their places, axes without an index are `All`.
#[derive(Clone, Debug)]
pub enum Index {
    At(Expr),
    Range {
        lo: Option<Expr>,
        hi: Option<Expr>,
        step: i64,
    },
    /// A list of positions: a one-dimensional integer array. Or a mask, an array of bools.
    Take(Expr),
    All,
    New,
}
