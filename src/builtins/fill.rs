//! Missing values: put in from a value, or from the last or next element that is there.

use super::axes::axis;
use super::build::{A, Build, Extent, Value};
use super::parts::{built, elementwise, examples, int, missing, optional, required, sub};
use super::rearrange::reversed;
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;

const PARAMS: &[Param] = &[
    required("x", ParamKind::Array),
    optional("along", ParamKind::Dims, Default::Absent),
    optional("limit", ParamKind::Int, Default::Absent),
];

pub const TABLE: &[Builtin] = &[
    built(
        "fillna",
        Family::Elementwise,
        &[required("x", ParamKind::Array), required("value", ParamKind::Array)],
        |b, args| fillna(b, args).map(Value::Array),
        "`x` with a value where it is missing (NaN, or a time that is none). Both broadcast, dtypes are promoted.",
        examples!["print(fillna([1.0, nan], 0))" => "[1.0, 0.0]"],
    ),
    built(
        "ffill",
        Family::Scan,
        PARAMS,
        |b, args| fill(b, args, false).map(Value::Array),
        "`x` with the last element that is there in place of NaN, along a dimension; what is missing at the start stays.\n\
         `limit` is how many in a row are filled at most. Of floats and complex numbers; others miss nothing.",
        examples![
            "print(ffill([nan, 1.0, nan, nan, 2.0]))" => "[nan, 1.0, 1.0, 1.0, 2.0]",
            "print(ffill([1.0, nan, nan], limit = 1))" => "[1.0, 1.0, nan]",
        ],
    ),
    built(
        "bfill",
        Family::Scan,
        PARAMS,
        |b, args| fill(b, args, true).map(Value::Array),
        "`x` with the next element that is there in place of NaN, along a dimension; see `ffill`.",
        examples!["print(bfill([nan, 1.0, nan, nan, 2.0]))" => "[1.0, 1.0, 2.0, 2.0, 2.0]"],
    ),
];

fn fillna(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (x, value) = (args.array(0)?, args.array(1)?);
    let missing = missing(b, x)?;
    elementwise(b, Op::Select, &[missing, value, x])
}

fn fill(b: &mut dyn Build, args: &Args, backward: bool) -> Outcome<A> {
    let x = args.array(0)?;
    let axis = axis(b, args, 1, x)?;
    let ty = b.ty(x);
    if ty.dtype.is_time() {
        return Err(Diagnostic::new(Code::Dtype, format!("filling is not defined for {}", ty.dtype)).help("`fillna(x, value)` is"));
    }
    if !ty.dtype.is_float() && !ty.dtype.is_complex() {
        return Ok(x);
    }
    let turned = if backward { reversed(b, x, &[axis])? } else { x };
    let mut filled = b.scan(Op::Latest, turned, axis)?;
    if args.optional_array(2).is_some() {
        let limit = args.integer(b, 2)?;
        // How far the last element that is there lies back; before the first there is none to find.
        let size = b.size(turned, axis);
        let index = b.iota(Extent::Value(size))?;
        let mut here = index;
        for place in 1..ty.rank() - axis {
            here = super::axes::with_axis(b, here, place)?;
        }
        let bare = super::axes::bare(b, turned)?;
        let gone = missing(b, bare)?;
        let none = int(b, -1);
        let there = elementwise(b, Op::Select, &[gone, none, here])?;
        let last = b.scan(Op::Maximum, there, axis)?;
        let back = sub(b, here, last)?;
        let near = elementwise(b, Op::Le, &[back, limit])?;
        let dims = b.ty(filled).dims;
        let near = b.rename(near, dims)?;
        filled = elementwise(b, Op::Select, &[near, filled, turned])?;
    }
    let filled = if backward { reversed(b, filled, &[axis])? } else { filled };
    b.rename(filled, ty.dims)
}
