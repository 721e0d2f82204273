//! Running folds along a dimension.

use super::axes::axis;
use super::build::{A, Build, Value};
use super::parts::{built, cast, examples, optional, required};
use super::reductions::{narrow, wide, without_nan};
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::DType;
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
        "nancumsum",
        Family::Scan,
        PARAMS,
        |b, args| present(b, args, Op::Add, 0.0).map(Value::Array),
        "`cumsum` with NaN as 0.",
        examples!["print(nancumsum([1.0, nan, 2.0]))" => "[1.0, 1.0, 3.0]"],
    ),
    built(
        "nancumprod",
        Family::Scan,
        PARAMS,
        |b, args| present(b, args, Op::Mul, 1.0).map(Value::Array),
        "`cumprod` with NaN as 1.",
        examples!["print(nancumprod([2.0, nan, 3.0]))" => "[2.0, 2.0, 6.0]"],
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
];

fn total(b: &mut dyn Build, args: &Args, op: Op) -> Outcome<A> {
    let x = args.array(0)?;
    running_total(b, args, x, op)
}

fn present(b: &mut dyn Build, args: &Args, op: Op, neutral: f64) -> Outcome<A> {
    let x = without_nan(b, args.array(0)?, neutral)?;
    running_total(b, args, x, op)
}

fn running_total(b: &mut dyn Build, args: &Args, x: A, op: Op) -> Outcome<A> {
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
