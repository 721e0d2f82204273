//! Looking values up in short tables: positions among sorted values, interpolation. Every element is compared with every entry.

use super::axes::{at, bare, with_axis};
use super::build::{A, Build, Extent, Value};
use super::parts::{add, built, cast, div, elementwise, examples, floated, int, mul, optional, required, sub};
use super::reductions::sum;
use super::{Args, Builtin, Default, Family, ParamKind};
use crate::array::{DType, Scalar};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;
use crate::types::ReduceOp;

pub const TABLE: &[Builtin] = &[
    built(
        "digitize",
        Family::Elementwise,
        &[required("x", ParamKind::Array), required("bins", ParamKind::Array), optional("right", ParamKind::Flag, Default::Bool(false))],
        |b, args| digitize(b, args).map(Value::Array),
        "The bin that every element falls into: i where `bins[i-1] <= x < bins[i]`, with `right = true` where `bins[i-1] < x <= bins[i]`.\n\
         Bins rise or fall all the way. 0 below the first, their number above the last and for NaN. It takes a comparison for every bin.",
        examples!["print(digitize([0.5, 1.0, 9.0], [1, 2, 4]))" => "[0, 1, 3]"],
    ),
    built(
        "searchsorted",
        Family::Elementwise,
        &[required("sorted", ParamKind::Array), required("x", ParamKind::Array), optional("side", ParamKind::Text, Default::Text("left"))],
        |b, args| searchsorted(b, args).map(Value::Array),
        "Where every element of `x` would stand in a sorted vector: before those equal to it, or after them with `side = \"right\"`.\n\
         It takes a comparison for every entry of the vector.",
        examples!["print(searchsorted([1, 2, 2, 5], [2, 9]), searchsorted([1, 2, 2, 5], 2, side = \"right\"))" => "[1, 4] 3"],
    ),
    built(
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
    ),
];

/// A table as a vector without a name, and the elements with a new last dimension to meet it.
fn beside(b: &mut dyn Build, args: &Args, table: A, place: usize, x: A) -> Outcome<(A, A)> {
    if b.ty(table).rank() != 1 {
        return Err(Diagnostic::at(Code::Rank, args.span_of(place), format!("a table is a vector, found {}", b.ty(table))));
    }
    let (table, x) = (bare(b, table)?, bare(b, x)?);
    let last = b.ty(x).rank();
    Ok((table, with_axis(b, x, last)?))
}

/// How many entries of a table an element is past: not before them. NaN is past all.
fn past(b: &mut dyn Build, x: A, table: A, before: Op) -> Outcome<A> {
    let before = elementwise(b, before, &[x, table])?;
    let past = elementwise(b, Op::Not, &[before])?;
    let last = b.ty(past).rank() - 1;
    sum(b, past, &[last])
}

fn searchsorted(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (table, values) = (args.array(0)?, args.array(1)?);
    let before = match args.text(2) {
        Some("left") | None => Op::Le,
        Some("right") => Op::Lt,
        Some(other) => {
            let error = Diagnostic::at(Code::Value, args.span_of(2), format!("no side \"{other}\""));
            return Err(error.help("it is \"left\" or \"right\""));
        }
    };
    let dims = b.ty(values).dims;
    let (table, x) = beside(b, args, table, 0, values)?;
    let found = past(b, x, table, before)?;
    b.rename(found, dims)
}

fn digitize(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (values, bins, right) = (args.array(0)?, args.array(1)?, args.bool(2)?);
    let dims = b.ty(values).dims;
    let (bins, x) = beside(b, args, bins, 1, values)?;
    let rising = past(b, x, bins, if right { Op::Le } else { Op::Lt })?;
    // Falling bins: those that are still above.
    let above = elementwise(b, if right { Op::Le } else { Op::Lt }, &[x, bins])?;
    let last = b.ty(above).rank() - 1;
    let falling = sum(b, above, &[last])?;
    let (one, zero, size) = (int(b, 1), int(b, 0), b.size(bins, 0));
    let end = sub(b, size, one)?;
    let end = elementwise(b, Op::Maximum, &[end, zero])?;
    let is_empty = b.known(size).and_then(Scalar::as_int) == Some(0);
    let found = if is_empty {
        rising
    } else {
        let (first, final_) = (at(b, bins, 0, zero, args.span)?, at(b, bins, 0, end, args.span)?);
        let falls = elementwise(b, Op::Gt, &[first, final_])?;
        elementwise(b, Op::Select, &[falls, falling, rising])?
    };
    b.rename(found, dims)
}

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
    let found = past(b, x, xp, Op::Lt)?;
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
