//! Looking values up in short tables: interpolation. Every element is compared with every entry.

use super::axes::{at, bare, with_axis};
use super::build::{A, Build, Extent, Value};
use super::parts::{add, built, cast, div, elementwise, examples, floated, int, mul, optional, required, sub};
use super::reductions::sum;
use super::{Args, Builtin, Default, Family, ParamKind};
use crate::array::{DType, Scalar};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;
use crate::types::ReduceOp;

pub const TABLE: &[Builtin] = &[built(
    "interpolate",
    Family::Elementwise,
    &[
        required("x", ParamKind::Array),
        required("xp", ParamKind::Array),
        required("fp", ParamKind::Array),
        optional("left", ParamKind::Array, Default::Absent),
        optional("right", ParamKind::Array, Default::Absent),
    ],
    |b, args| interp(b, args).map(Value::Array),
    "The values at `x` of the function through the points (`xp`, `fp`), straight between neighbours; `xp` rises.\n\
         Outside it is the first or the last of `fp`, or `left` and `right`. `f64`, or `c128` of complex `fp`. It takes a comparison for every point.",
    examples!["print(interpolate([0, 1.5, 9], [1, 2, 3], [10, 20, 40]))" => "[10.0, 15.0, 40.0]"],
)];

fn interp(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (values, xp, fp) = (floated(b, args.array(0)?)?, floated(b, args.array(1)?)?, floated(b, args.array(2)?)?);
    let dims = b.ty(values).dims;
    for (place, table) in [(1, xp), (2, fp)] {
        if b.ty(table).rank() != 1 {
            return Err(Diagnostic::at(Code::Rank, args.span_of(place), format!("points are vectors, found {}", b.ty(table))));
        }
    }
    if let (Some(a), Some(c)) = (b.ty(xp).dims[0].size.known(), b.ty(fp).dims[0].size.known())
        && (a != c || a == 0)
    {
        let message = if a == 0 { "there are no points".into() } else { format!("{a} places and {c} values") };
        return Err(Diagnostic::at(Code::Shape, args.span_of(2), message));
    }
    let complex = b.ty(fp).dtype.is_complex();
    let dtype = if complex { DType::C128 } else { DType::F64 };
    let (values, xp) = (cast(b, values, DType::F64)?, cast(b, xp, DType::F64)?);
    let (fp, values, xp) = (cast(b, fp, dtype)?, bare(b, values)?, bare(b, xp)?);
    let fp = bare(b, fp)?;
    let last = b.ty(values).rank();
    let x = with_axis(b, values, last)?;
    // The segment: the last point that is not above, but not the last one of all.
    let before = elementwise(b, Op::Lt, &[x, xp])?;
    let found = elementwise(b, Op::Not, &[before])?;
    let found = sum(b, found, &[last])?;
    let (one, zero, two, size) = (int(b, 1), int(b, 0), int(b, 2), b.size(xp, 0));
    let (segment, most) = (sub(b, found, one)?, sub(b, size, two)?);
    let segment = elementwise(b, Op::Minimum, &[segment, most])?;
    let segment = elementwise(b, Op::Maximum, &[segment, zero])?;
    let next = add(b, segment, one)?;
    let end = sub(b, size, one)?;
    let next = elementwise(b, Op::Minimum, &[next, end])?;
    let (x0, x1) = (entry(b, xp, segment, size)?, entry(b, xp, next, size)?);
    let (y0, y1) = (entry(b, fp, segment, size)?, entry(b, fp, next, size)?);
    let (rise, run) = (sub(b, y1, y0)?, sub(b, x1, x0)?);
    let slope = div(b, rise, run)?;
    let offset = sub(b, values, x0)?;
    let offset = mul(b, slope, offset)?;
    let inside = add(b, offset, y0)?;
    let (first, final_) = (at(b, xp, 0, zero, args.span)?, at(b, xp, 0, end, args.span)?);
    let (low, high) = (at(b, fp, 0, zero, args.span)?, at(b, fp, 0, end, args.span)?);
    let left = match args.optional_array(3) {
        Some(left) => cast(b, left, dtype)?,
        None => low,
    };
    let right = match args.optional_array(4) {
        Some(right) => cast(b, right, dtype)?,
        None => high,
    };
    let (below, above) = (elementwise(b, Op::Lt, &[values, first])?, elementwise(b, Op::Gt, &[values, final_])?);
    let at_end = elementwise(b, Op::Eq, &[values, final_])?;
    let value = elementwise(b, Op::Select, &[at_end, high, inside])?;
    let value = elementwise(b, Op::Select, &[below, left, value])?;
    let value = elementwise(b, Op::Select, &[above, right, value])?;
    // Of NaN it is NaN, even where there is one point alone.
    let missing = elementwise(b, Op::IsNan, &[values])?;
    let nan = b.constant(Scalar::float(dtype, f64::NAN, 0.0));
    let value = elementwise(b, Op::Select, &[missing, nan, value])?;
    b.rename(value, dims)
}

/// The entry of a table at each position: of all of them, the one that is meant.
pub(super) fn entry(b: &mut dyn Build, table: A, position: A, size: A) -> Outcome<A> {
    let last = b.ty(position).rank();
    let position = with_axis(b, position, last)?;
    let index = b.iota(Extent::Value(size))?;
    let here = elementwise(b, Op::Eq, &[position, index])?;
    only(b, here, table, last)
}

/// The one element along an axis where the mask is true.
pub(super) fn only(b: &mut dyn Build, mask: A, x: A, axis: usize) -> Outcome<A> {
    let dtype = b.ty(x).dtype;
    // What changes no sum: 0, of floats the negative one.
    let none = Op::Add.identity(dtype.storage()).unwrap_or(Scalar { dtype, bits: 0 });
    let none = b.constant(Scalar { dtype, bits: none.bits });
    let only = elementwise(b, Op::Select, &[mask, x, none])?;
    b.reduce(ReduceOp::Fold(if dtype == DType::Bool { Op::Or } else { Op::Add }), only, &[axis])
}
