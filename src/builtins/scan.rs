//! Running folds and differences along a dimension.

use super::axes::axis;
use super::build::{A, Build, SliceArg, Value};
use super::parts::{ALL, built, cast, elementwise, examples, optional, required};
use super::reductions::{narrow, wide};
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::{DType, Scalar};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;

const PARAMS: &[Param] = &[required("x", ParamKind::Array), optional("along", ParamKind::Dims, Default::Absent)];

pub const TABLE: &[Builtin] = &[
    built(
        "cumsum",
        Family::Scan,
        PARAMS,
        |b, args| total(b, args, Op::Add).map(Value::Array),
        "The running sum along a dimension, which must be named unless it is the only one: `x.cumsum(along = time)`.\n\
         Integers and bools give `i64` (`u64` if unsigned) and wrap; `f32` is summed in `f64` and keeps its dtype.",
        examples!["print(cumsum([1, 2, 3]))" => "[1, 3, 6]", "print(cumsum([[1, 2], [3, 4]], along = 0))" => "[[1, 2], [4, 6]]"],
    ),
    built(
        "cumprod",
        Family::Scan,
        PARAMS,
        |b, args| total(b, args, Op::Mul).map(Value::Array),
        "The running product along a dimension; see `cumsum`.",
        examples!["print(cumprod([1, 2, 3]))" => "[1, 2, 6]"],
    ),
    built(
        "cummax",
        Family::Scan,
        PARAMS,
        |b, args| running(b, args, Op::Maximum).map(Value::Array),
        "The largest element so far along a dimension; NaN from the first NaN on. Not for complex numbers.",
        examples!["print(cummax([1, 3, 2]))" => "[1, 3, 3]"],
    ),
    built(
        "cummin",
        Family::Scan,
        PARAMS,
        |b, args| running(b, args, Op::Minimum).map(Value::Array),
        "The smallest element so far along a dimension; NaN from the first NaN on. Not for complex numbers.",
        examples!["print(cummin([3, 1, 2]))" => "[3, 1, 1]"],
    ),
    built(
        "diff",
        Family::Scan,
        PARAMS,
        |b, args| diff(b, args).map(Value::Array),
        "The difference of every element to the one before along a dimension, one element shorter.\n\
         The dimension keeps the coordinates of the later elements.",
        examples!["print(diff([1, 4, 9]))" => "[3, 5]"],
    ),
];

fn total(b: &mut dyn Build, args: &Args, op: Op) -> Outcome<A> {
    let x = args.array(0)?;
    let axis = axis(b, args, 1, x)?;
    let own = b.ty(x).dtype;
    if matches!(own, DType::DateTime(_)) || own == DType::Duration && op == Op::Mul {
        return Err(Diagnostic::new(Code::Dtype, format!("running sums and products are not defined for {own}")));
    }
    let terms = cast(b, x, wide(own))?;
    let value = b.scan(op, terms, axis)?;
    cast(b, value, narrow(own))
}

fn running(b: &mut dyn Build, args: &Args, op: Op) -> Outcome<A> {
    let x = args.array(0)?;
    let axis = axis(b, args, 1, x)?;
    b.scan(op, x, axis)
}

fn diff(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    let axis = axis(b, args, 1, x)?;
    let (one, size) = (b.constant(Scalar::i64(1)), b.size(x, axis));
    let end = elementwise(b, Op::Sub, &[size, one])?;
    let part = |lo, hi| {
        let mut index = vec![ALL; axis];
        index.push(SliceArg::Range { lo, hi, step: 1 });
        index
    };
    let later = b.slice(x, &part(Some(one), None))?;
    let earlier = b.slice(x, &part(None, Some(end)))?;
    let dims = b.ty(later).dims;
    let earlier = b.rename(earlier, dims)?;
    elementwise(b, Op::Sub, &[later, earlier])
}
