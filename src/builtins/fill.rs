//! Missing values: put in from a value, from the last or next element that is there, or from between both.

use super::axes::{at, axis, bare, with_axis};
use super::build::{A, Build, Extent, Value};
use super::parts::{add, built, cast, div, elementwise, examples, floated, int, missing, mul, number, optional, required, sub};
use super::rearrange::reversed;
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::DType;
use crate::base::{Code, Diagnostic, Outcome, Span};
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
    built(
        "interpolate_na",
        Family::Scan,
        &[
            required("x", ParamKind::Array),
            optional("along", ParamKind::Dims, Default::Absent),
            optional("use_coordinate", ParamKind::Flag, Default::Bool(true)),
        ],
        |b, args| interpolate(b, args).map(Value::Array),
        "`x` with what is missing (NaN) on the straight line between the last and the next element that are there, along a dimension.\n\
         Places are the dimension's coordinate; positions where it has none, or with `use_coordinate = false`. What is missing at the ends stays.\n\
         Computed in double precision; out of core by running reductions. As xarray's with `method = \"linear\"`.",
        examples![
            "print(interpolate_na([nan, 1.0, nan, nan, 4.0]))" => "[nan, 1.0, 2.0, 3.0, 4.0]",
            "x = [0.0, nan, 10.0].named(t).assign_coords(t = [0, 1, 5])\nprint(x.interpolate_na(along = t))" => "[0.0, 2.0, 10.0]",
        ],
    ),
];

/// The last element that is there, or the next one, along an axis.
fn latest(b: &mut dyn Build, x: A, axis: usize, backward: bool) -> Outcome<A> {
    if !backward {
        return b.scan(Op::Latest, x, axis);
    }
    let turned = reversed(b, x, &[axis])?;
    let filled = b.scan(Op::Latest, turned, axis)?;
    reversed(b, filled, &[axis])
}

/// The places of the elements along an axis in `f64`, in the shape of one line: the coordinate, or positions where it is not wanted or there is none.
pub(super) fn places(b: &mut dyn Build, x: A, axis: usize, by_coordinate: bool) -> Outcome<A> {
    let dim = b.ty(x).dims[axis].clone();
    let mut line = if by_coordinate && dim.coord.is_some() {
        let labels = super::labels::coordinate_of(b, x, axis)?;
        let mut labels = bare(b, labels)?;
        if b.ty(labels).dtype.is_time() {
            // From the first on: a double does not hold all microseconds since 1970.
            let (whole, zero) = (cast(b, labels, DType::I64)?, int(b, 0));
            let first = at(b, whole, 0, zero, Span::default())?;
            labels = sub(b, whole, first)?;
        }
        cast(b, labels, DType::F64)?
    } else {
        let size = b.size(x, axis);
        let index = b.iota(Extent::Value(size))?;
        cast(b, index, DType::F64)?
    };
    for place in 1..b.ty(x).rank() - axis {
        line = with_axis(b, line, place)?;
    }
    Ok(line)
}

fn interpolate(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    let axis = axis(b, args, 1, x)?;
    let ty = b.ty(x);
    if !ty.dtype.is_float() && !ty.dtype.is_complex() {
        // Nothing is missing; K0302 for times.
        return floated(b, x).map(|_| x);
    }
    let place = places(b, x, axis, args.bool(2)?)?;
    let plain = bare(b, x)?;
    let wide = cast(b, plain, if ty.dtype.is_complex() { DType::C128 } else { DType::F64 })?;
    let gone = missing(b, plain)?;
    let nan = number(b, DType::F64, f64::NAN);
    let there = elementwise(b, Op::Select, &[gone, nan, place])?;
    let (before, after) = (latest(b, wide, axis, false)?, latest(b, wide, axis, true)?);
    let (from, to) = (latest(b, there, axis, false)?, latest(b, there, axis, true)?);
    let (rise, run, way) = (sub(b, after, before)?, sub(b, to, from)?, sub(b, place, from)?);
    let slope = div(b, rise, run)?;
    let step = mul(b, slope, way)?;
    let between = add(b, step, before)?;
    let value = elementwise(b, Op::Select, &[gone, between, wide])?;
    let value = cast(b, value, ty.dtype)?;
    b.rename(value, ty.dims)
}

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
    let mut filled = latest(b, turned, axis, false)?;
    if args.optional_array(2).is_some() {
        let limit = args.integer(b, 2)?;
        // How far the last element that is there lies back; before the first there is none to find.
        let size = b.size(turned, axis);
        let index = b.iota(Extent::Value(size))?;
        let mut here = index;
        for place in 1..ty.rank() - axis {
            here = with_axis(b, here, place)?;
        }
        let plain = bare(b, turned)?;
        let gone = missing(b, plain)?;
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
