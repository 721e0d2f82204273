//! The primitives that every built-in is defined over. Implementers: the type checker (arrays are types), the graph (arrays are nodes)
//! and the kernel lowering (arrays are index functions inside a loop nest).

use crate::array::{Array, ArrayTy, DType, Dim, Scalar};
use crate::base::{Code, Diagnostic, Name, Outcome, Span};
use crate::ops::ScalarOp;
use crate::types::Ty;
use crate::types::edge::Edge;
use crate::types::group::{Groups, Parting};
pub use crate::types::routine::{Between, Routine, Side};
pub use crate::types::{ReduceOp, dims::DimRef, fourier, matrix::Matrix};
use std::sync::Arc;

/// A handle on an array of the implementer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct A(pub u32);

/// A size given to a primitive: a number, or an i64 scalar of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    Known(u64),
    Value(A),
}

/// What a built-in takes and gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Array(A),
    Shape(Vec<Extent>),
    /// Positions of dimensions, resolved against the first array argument.
    Dims(Vec<DimRef>),
    /// A dtype, with a shape where one was written.
    Type(DType, Option<Vec<Extent>>),
    Flag(Scalar),
    Text(String),
    Tuple(Vec<Value>),
    Record(Vec<(Name, Value)>),
    /// `lo..hi`, of numbers or texts: what `sel` and `isel` take.
    Range {
        lo: Option<Box<Value>>,
        hi: Option<Box<Value>>,
        step: i64,
    },
    /// An array that is reduced in parts, and its weights where it has some.
    Grouped(Vec<A>, Arc<Parting>),
    /// Anything else; only effects take it.
    Other(Ty),
    Unit,
}

/// One entry of a slice, for each axis of the operand in order; `New` adds an axis between.
#[derive(Clone, Debug, PartialEq)]
pub enum SliceArg {
    /// A computed index removes the axis; outside is an error.
    At(A, Span),
    /// Bounds as written (negative literals count from the end are resolved by the caller); clipped as NumPy's slices are.
    Range {
        lo: Option<A>,
        hi: Option<A>,
        step: i64,
    },
    /// Positions along the axis: a one-dimensional integer array. Or a mask: bools over this axis and as many that follow as it has more.
    Take(A, Span),
    New,
}

/// Array primitives. Shapes follow the rules in `types`; errors carry the span set last by `at`.
pub trait Build {
    /// Where in the source the primitives that follow come from.
    fn at(&mut self, span: Span);
    /// Sizes may be unknown for the type checker and in kernels.
    fn ty(&self, a: A) -> ArrayTy;
    /// The value of a scalar that is known now.
    fn known(&self, a: A) -> Option<Scalar>;
    fn constant(&mut self, value: Scalar) -> A;
    /// A small array that is known when the program is checked: a coordinate, positions along one. K0901 where the implementer has none.
    fn array(&mut self, values: &Array) -> Outcome<A> {
        Err(Diagnostic::new(Code::Unsupported, format!("an array that is known beforehand ({}) is not built here yet", values.ty())))
    }
    /// The elements of a one-dimensional array that is known when the program is checked: a coordinate, or computed from some.
    fn values(&mut self, _a: A) -> Outcome<Option<Array>> {
        Ok(None)
    }
    /// How the source calls an array: a variable's name, or that of the function that gave it.
    fn name(&self, _a: A) -> Option<Name> {
        None
    }
    /// Size of an axis as an i64 scalar.
    fn size(&mut self, a: A, axis: usize) -> A;
    /// 0, 1, 2, … of i64 along one unnamed dimension.
    fn iota(&mut self, len: Extent) -> Outcome<A>;
    /// Elementwise; operands have the operation's dtype already and broadcast against each other.
    fn map(&mut self, op: ScalarOp, args: &[A]) -> Outcome<A>;
    fn cast(&mut self, a: A, to: DType) -> Outcome<A>;
    /// Repeats axes of size 1 and adds leading ones.
    fn broadcast(&mut self, a: A, shape: &[Extent]) -> Outcome<A>;
    fn transpose(&mut self, a: A, order: &[usize]) -> Outcome<A>;
    fn slice(&mut self, a: A, index: &[SliceArg]) -> Outcome<A>;
    /// Row-major; the result's dimensions are unnamed.
    fn reshape(&mut self, a: A, shape: &[Extent]) -> Outcome<A>;
    /// The same array with other names and coordinates; sizes are equal.
    fn rename(&mut self, a: A, dims: Vec<Dim>) -> Outcome<A>;
    /// The array continued beyond its ends, by so many elements before and after on each axis; `fill`, of its dtype, is what stands there
    /// under `Edge::Constant`. An axis that is continued has elements. K0901 where the implementer has none.
    fn pad(&mut self, a: A, before: &[u64], after: &[u64], edge: Edge, fill: Scalar) -> Outcome<A> {
        let _ = (before, after, edge, fill);
        Err(Diagnostic::new(Code::Unsupported, format!("{} is not continued beyond its ends here yet", self.ty(a))))
    }
    /// Along an existing axis; other sizes are equal.
    fn concat(&mut self, parts: &[A], axis: usize) -> Outcome<A>;
    /// Over a set of axes, which are removed. `axes` is sorted.
    fn reduce(&mut self, op: ReduceOp, a: A, axes: &[usize]) -> Outcome<A>;
    /// Over a set of sorted axes, one of which is in groups: it becomes the groups' dimension. K0901 where the implementer has no groups.
    fn reduce_groups(&mut self, _op: ReduceOp, _a: A, _axes: &[usize], _groups: &Groups) -> Outcome<A> {
        Err(Diagnostic::new(Code::Unsupported, "groups are not reduced here yet").help("call it outside of a compiled function"))
    }
    /// Inclusive running fold along an axis.
    fn scan(&mut self, op: ScalarOp, a: A, axis: usize) -> Outcome<A>;
    /// Sums the last axis of `a` with the first (of a matrix, the last but one) of `b`: the rule of `@`.
    fn matmul(&mut self, a: A, b: A) -> Outcome<A>;
    /// A library routine over the cores of its operands, whose batch axes are equal. K0901 where the implementer has none.
    fn routine(&mut self, routine: Routine, _operands: &[A]) -> Outcome<Vec<A>> {
        let message = format!("`{}` is not built in functions that loop", routine.name());
        Err(Diagnostic::new(Code::Unsupported, message).help("call it outside, and give the function what it gives"))
    }
}
