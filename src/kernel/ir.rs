//! Kernels as plain data: structured loops over typed scalar variables and strided arrays.
//!
//! Order matters where something can fail. Operands are computed left to right, each once; a `Store` computes its value, then its
//! indices, then checks them axis by axis; a `View` computes and checks entry by entry.
//!
//! Arrays are variables too: a slot holds a pointer, sizes and strides, and can be bound to a new allocation, a view or another slot.
//! Array slots that are bound own a counted reference to their memory; parameters borrow.

use crate::array::{DType, Scalar};
use crate::base::Span;
pub use crate::ops::FaultKind;
use crate::ops::ScalarOp;
use serde::{Deserialize, Serialize};

/// Kernels that call each other; the first is the entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Module {
    pub kernels: Vec<Kernel>,
    /// Every integer overflow is a fault (`--checked`).
    pub checked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KernelId(pub u32);
/// A scalar variable of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VarId(pub u32);
/// An array slot of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ArrayId(pub u32);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kernel {
    pub name: String,
    pub params: Vec<Param>,
    /// Scalar variables, parameters included. Zero before the first `Set`.
    pub vars: Vec<VarDecl>,
    /// Array slots, parameters included. Empty (all sizes 0) before they are bound.
    pub arrays: Vec<ArrayDecl>,
    pub results: Vec<ResultTy>,
    /// Ends with `Return`, `Fail` or an `If` whose sides do, if there are results.
    pub body: Vec<Stmt>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Param {
    Scalar(VarId),
    Array(ArrayId),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VarDecl {
    pub name: String,
    /// Never a time dtype: those are i64 here.
    pub dtype: DType,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArrayDecl {
    pub name: String,
    pub dtype: DType,
    pub rank: usize,
    /// It is part of more than caches hold, which is written once and not read soon.
    pub stream: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResultTy {
    Scalar(DType),
    Array { dtype: DType, rank: usize },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stmt {
    Set {
        var: VarId,
        value: Expr,
        span: Span,
    },
    Store {
        array: ArrayId,
        index: Vec<Expr>,
        value: Expr,
        check: Check,
        span: Span,
    },
    If {
        cond: Expr,
        then: Vec<Stmt>,
        other: Vec<Stmt>,
    },
    /// `var` runs from `lo` while it is below `hi` (above, for a negative step) by `step`, all i64, evaluated once (`chunks::trip_count`).
    /// Assigning `var` in the body is not allowed, and it is read only there.
    For {
        var: VarId,
        lo: Expr,
        hi: Expr,
        step: i64,
        body: Vec<Stmt>,
        kind: LoopKind,
        span: Span,
    },
    While {
        cond: Expr,
        body: Vec<Stmt>,
        span: Span,
    },
    Break,
    Continue,
    Return(Vec<Operand>),
    /// Binds fresh zeroed memory, row-major. A negative size fails with `FaultKind::Value` (the size); one above `MAX_SIZE`, and memory that
    /// is denied, with `FaultKind::Memory`.
    Alloc {
        array: ArrayId,
        shape: Vec<Expr>,
        /// All zero; else anything, since every element is written before one is read.
        clear: bool,
        span: Span,
    },
    /// Binds a view of `base`; same dtype; one entry for each axis of `base`, and `New` ones. `check` is for `At` entries.
    View {
        array: ArrayId,
        base: ArrayId,
        index: Vec<ViewIndex>,
        check: Check,
        span: Span,
    },
    /// Binds slots to what other slots held, all at once (a swap is one statement).
    Rebind {
        pairs: Vec<(ArrayId, ArrayId)>,
        span: Span,
    },
    /// Calls a kernel of the module and binds its results.
    Call {
        kernel: KernelId,
        args: Vec<Operand>,
        results: Vec<Place>,
        span: Span,
    },
    /// Runs `kernel(chunk lo, chunk hi, args…)` over `lo..hi` in chunks whose bounds depend on `hi - lo` and `grain` alone
    /// (`chunks::chunk_bounds`), in any order or at once. The kernel's results are scalars, one for each of `reductions`: partial results,
    /// which `chunks::fold_tree` joins and whose join is folded into the variable last (not if there is no iteration). Of several
    /// faults the lowest chunk's is the run's.
    ParFor {
        kernel: KernelId,
        lo: Expr,
        hi: Expr,
        grain: u64,
        args: Vec<Operand>,
        reductions: Vec<Reduction>,
        span: Span,
    },
    /// Ends the run with an error of a code's number; the values are shown in its message.
    Fail {
        fault: FaultKind,
        values: Vec<Expr>,
        span: Span,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    Scalar(VarId),
    Array(ArrayId),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Operand {
    Scalar(Expr),
    Array(ArrayId),
}

/// How a `For` may run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum LoopKind {
    /// One iteration after another.
    Seq,
    /// `par for`: as `Seq`, but the pass `parallel` must turn it into a `ParFor` or fail with K0801.
    Par,
    /// Iterations are independent but for `reductions`; the body is straight-line: `Set` and `Store` only, and `While` with nothing but
    /// `Set`s in it; nothing can fail (no checked index, no integer division by what may be zero, no `Expr::If`, no overflow of a checked
    /// module). A variable set in the body is set there before it is read and is not read outside, unless it is a reduction's; one that is
    /// set in a `While` before it is set outside is read only in that.
    /// Each reduction is computed in `LANES` accumulators: iteration number k folds into accumulator k % LANES, each starting at
    /// the operation's identity; then accumulators are folded pairwise (`chunks::fold_lanes`) and into the variable last
    /// (not if there is no iteration).
    Vector { reductions: Vec<Reduction> },
}

/// No axis of an array is longer: arithmetic on indices near it does not overflow.
pub const MAX_SIZE: i64 = 1 << 62;

/// Bytes of an array that caches do not hold.
pub const LARGE: u64 = 64 << 20;

/// Accumulators of a vector reduction: part of the meaning of a program, so that every engine and machine gives the same bits.
pub const LANES: usize = 16;

/// `var = op(var, e)` in each iteration and no other use of `var` in the loop. `op` is associative up to rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reduction {
    pub var: VarId,
    pub op: ScalarOp,
}

/// Whether an index may be outside, and where the source has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Check {
    /// Fails with `FaultKind::Bounds` (axis, index, size) if an index is outside.
    At(Span),
    /// Proven inside where it happens.
    Proven,
    /// Proven inside even where a condition within its innermost loop keeps it from happening.
    Always,
}

impl Check {
    pub fn is_proven(self) -> bool {
        !matches!(self, Check::At(_))
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ViewIndex {
    At(Expr),
    /// Half-open, `step` not zero; the bounds are clipped as NumPy's slices are (`types::slice::range_of`), so it never fails. An open
    /// bound is `i64::MIN` or `i64::MAX`.
    Range {
        lo: Expr,
        hi: Expr,
        step: i64,
    },
    All,
    New,
}

/// Scalar expressions: pure but for the failures of checked loads and integer division.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Expr {
    Const(Scalar),
    Var(VarId),
    /// `dtype` is the operands' (of `Select`, the last two).
    Op {
        op: ScalarOp,
        dtype: DType,
        args: Vec<Expr>,
        span: Span,
    },
    Cast {
        from: DType,
        to: DType,
        arg: Box<Expr>,
        span: Span,
    },
    Load {
        array: ArrayId,
        index: Vec<Expr>,
        check: Check,
    },
    /// Size of an axis, i64.
    Len {
        array: ArrayId,
        axis: usize,
    },
    /// Only the chosen branch is evaluated (`and`, `or`, `if`).
    If {
        cond: Box<Expr>,
        then: Box<Expr>,
        other: Box<Expr>,
    },
}
