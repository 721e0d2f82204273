//! Elements at positions that other arrays hold: along one dimension of each line, as numbers over a whole shape, in the order of several
//! keys, and labels of the extremes.

use super::axes::{at, at_least, axis, bare, range, with_axis};
use super::build::{A, Build, Extent, Routine, SliceArg, Value};
use super::order::along_axis;
use super::parts::{add, built, cast, elementwise, examples, extent, int, missing, mul, number, optional, required, shape_of, sub};
use super::rearrange::reversed;
use super::shape::ravel;
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::{DType, Dim};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;
use crate::types::ReduceOp;
use crate::types::dims::dim_text;

const X: Param = required("x", ParamKind::Array);
const OVER: Param = optional("over", ParamKind::Dims, Default::Absent);
const ALONG: Param = optional("along", ParamKind::Dims, Default::Absent);
const SIZES: Param = required("shape", ParamKind::Shape);

pub const TABLE: &[Builtin] = &[
    built(
        "take_along",
        Family::Order,
        &[X, required("positions", ParamKind::Index), ALONG],
        |b, args| {
            let (x, positions) = (args.array(0)?, args.integer(b, 1)?);
            let axis = axis(b, args, 2, x)?;
            take_along(b, args, x, positions, axis).map(Value::Array)
        },
        "The elements at positions along a dimension, which are others on each line: `x.take_along(x.argsort(along = time), along = time)`.\n\
         `positions` has the sizes of `x`, and along the dimension as many as are wanted. A position outside is an error (K0501, whose message\n\
         counts the elements of all lines). The dimension loses its coordinate. NumPy's `take_along_axis`; out of core where `x` is kept or stands in memory.",
        examples!["print(take_along([[10, 20, 30], [40, 50, 60]], [[2, 0], [1, 1]], along = 1))" => "[[30, 10], [50, 50]]"],
    ),
    built(
        "unravel_index",
        Family::Order,
        &[required("positions", ParamKind::Index), SIZES],
        unravel,
        "The indices, one array for each dimension in a tuple, of positions that count the elements of a shape row-major:\n\
         `unravel_index(argmax(x), x.shape)`. Positions outside the shape give a first index outside.",
        examples!["print(unravel_index([22, 41], 7, 6))" => "([3, 6], [4, 5])"],
    ),
    built(
        "ravel_multi_index",
        Family::Order,
        &[required("indices", ParamKind::Arrays), required("shape", ParamKind::Shape)],
        |b, args| raveled(b, args).map(Value::Array),
        "The positions, counted row-major over a shape, of indices, one array for each dimension: the reverse of `unravel_index`.\n\
         `x.ravel()[ravel_multi_index(i, j, shape = x.shape)]` are the elements of `x` at pairs of indices.",
        examples!["print(ravel_multi_index([3, 6], [4, 5], shape = (7, 6)))" => "[22, 41]"],
    ),
    built(
        "lexsort",
        Family::Order,
        &[required("keys", ParamKind::Arrays)],
        |b, args| lexsort(b, args).map(Value::Array),
        "The positions (`i64`) that put vectors in the order of the last, where it is equal of the one before, and so on, as NumPy's.\n\
         Equal elements keep their order. Each key is sorted once: O(n log n).",
        examples!["print(lexsort([1, 5, 1, 4], [9, 4, 0, 4]))" => "[2, 3, 1, 0]"],
    ),
    built(
        "rank",
        Family::Order,
        &[X, ALONG],
        |b, args| rank(b, args).map(Value::Array),
        "The ranks of the elements along a dimension, from 1 (`f64`): equal ones share the mean of theirs; of NaN NaN. xarray's `rank`.\n\
         The lines are sorted.",
        examples!["print(rank([30.0, 10.0, 20.0, 10.0]))" => "[4.0, 1.5, 3.0, 1.5]"],
    ),
    built(
        "idxmin",
        Family::Reduction,
        &[X, OVER],
        |b, args| label_of(b, args, false).map(Value::Array),
        "The label of the smallest element along a dimension that has a coordinate (K0405): `x.idxmin(over = time)`.\n\
         Of equal elements and NaN see `argmin`; the dimension must be named unless it is the only one.",
        examples!["x = [3.0, 1.0, 2.0].named(lat).assign_coords(lat = [10, 20, 30])\nprint(x.idxmin())" => "20"],
    ),
    built(
        "idxmax",
        Family::Reduction,
        &[X, OVER],
        |b, args| label_of(b, args, true).map(Value::Array),
        "The label of the largest element along a dimension; see `idxmin`.",
        examples!["x = [3.0, 1.0, 2.0].named(lat).assign_coords(lat = [10, 20, 30])\nprint(x.idxmax())" => "10"],
    ),
];

/// The elements of a vector at positions of any shape, whose dimensions they have.
pub(super) fn looked_up(b: &mut dyn Build, args: &Args, vector: A, positions: A) -> Outcome<A> {
    let (dims, shape) = (b.ty(positions).dims, shape_of(b, positions));
    let row = ravel(b, positions)?;
    let taken = b.slice(vector, &[SliceArg::Take(row, args.span)])?;
    let value = b.reshape(taken, &shape)?;
    b.rename(value, dims)
}

fn take_along(b: &mut dyn Build, args: &Args, x: A, positions: A, axis: usize) -> Outcome<A> {
    let (ty, own) = (b.ty(x), b.ty(positions));
    if own.rank() != ty.rank() {
        let message = format!("positions have the dimensions of {ty}, found {own}");
        return Err(Diagnostic::at(Code::Rank, args.span_of(1), message).help("`take` has the same positions for all lines"));
    }
    for (other, (dim, their)) in ty.dims.iter().zip(&own.dims).enumerate() {
        let differ = dim.size.known().zip(their.size.known()).is_some_and(|(a, c)| a != c);
        if other != axis && differ {
            let message = format!("{} is {} in {ty} and {} in {own}", dim_text(&ty, other), dim.size, their.size);
            return Err(Diagnostic::at(Code::Shape, args.span_of(1), message));
        }
    }
    let (x, positions) = (bare(b, x)?, bare(b, positions)?);
    let size = b.size(x, axis);
    let value = along_axis(b, positions, axis, |b, positions| {
        let rank = ty.rank();
        let last: Vec<usize> = (0..rank).filter(|other| *other != axis).chain([axis]).collect();
        let lines = b.transpose(x, &last)?;
        // The number of its first element, for each line.
        let mut shape = shape_of(b, lines);
        let mut start = int(b, 0);
        let mut stride = size;
        shape.pop();
        for (other, count) in shape.iter().enumerate().rev() {
            let index = b.iota(*count)?;
            let mut steps = mul(b, index, stride)?;
            for place in 1..rank - other {
                steps = with_axis(b, steps, place)?;
            }
            start = add(b, start, steps)?;
            let count = extent(b, *count);
            stride = mul(b, stride, count)?;
        }
        let (zero, none) = (int(b, 0), int(b, -1));
        let (low, high) = (elementwise(b, Op::Ge, &[positions, zero])?, elementwise(b, Op::Lt, &[positions, size])?);
        let inside = elementwise(b, Op::And, &[low, high])?;
        let number = add(b, start, positions)?;
        // Outside its line it must not be inside another.
        let number = elementwise(b, Op::Select, &[inside, number, none])?;
        let flat = ravel(b, lines)?;
        looked_up(b, args, flat, number)
    })?;
    let mut dims = ty.dims;
    dims[axis] = Dim { size: b.ty(value).dims[axis].size, coord: None, ..dims[axis].clone() };
    b.rename(value, dims)
}

fn unravel(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let mut rest = args.integer(b, 0)?;
    let mut indices = Vec::new();
    for (place, size) in args.shape(1).to_vec().into_iter().enumerate().rev() {
        if place == 0 {
            indices.push(rest);
            break;
        }
        let size = extent(b, size);
        indices.push(elementwise(b, Op::Rem, &[rest, size])?);
        rest = elementwise(b, Op::FloorDiv, &[rest, size])?;
    }
    Ok(Value::Tuple(indices.into_iter().rev().map(Value::Array).collect()))
}

fn raveled(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (indices, shape) = (args.arrays()?, args.shape(1).to_vec());
    if indices.len() != shape.len() {
        let message = format!("{} arrays of indices for {} dimensions", indices.len(), shape.len());
        return Err(Diagnostic::at(Code::Arguments, args.span, message));
    }
    let mut position: Option<A> = None;
    for (index, size) in indices.into_iter().zip(shape) {
        if !b.ty(index).dtype.is_int() {
            return Err(Diagnostic::at(Code::Dtype, args.span, format!("indices are integers, found {}", b.ty(index))));
        }
        let index = cast(b, index, DType::I64)?;
        position = Some(match position {
            None => index,
            Some(before) => {
                let size = extent(b, size);
                let before = mul(b, before, size)?;
                add(b, before, index)?
            }
        });
    }
    position.ok_or_else(|| Diagnostic::at(Code::Arguments, args.span, "at least one dimension is needed here"))
}

fn lexsort(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let mut order: Option<A> = None;
    for key in args.arrays()? {
        if b.ty(key).rank() != 1 {
            return Err(Diagnostic::at(Code::Rank, args.span, format!("keys are vectors, found {}", b.ty(key))));
        }
        let key = bare(b, key)?;
        let key = match order {
            None => key,
            Some(before) => b.slice(key, &[SliceArg::Take(before, args.span)])?,
        };
        let then = b.routine(Routine::ArgSort { descending: false }, &[key])?[0];
        order = Some(match order {
            None => then,
            Some(before) => b.slice(before, &[SliceArg::Take(then, args.span)])?,
        });
    }
    order.ok_or_else(|| Diagnostic::at(Code::Arguments, args.span, "at least one key is needed here"))
}

fn rank(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let own = args.array(0)?;
    at_least(b, args, 0, own, 1)?;
    let axis = axis(b, args, 1, own)?;
    let x = bare(b, own)?;
    let ranks = along_axis(b, x, axis, |b, lines| {
        let sorted = b.routine(Routine::Sort { descending: false }, &[lines])?[0];
        let order = b.routine(Routine::ArgSort { descending: false }, &[lines])?[0];
        let place = b.routine(Routine::ArgSort { descending: false }, &[order])?[0];
        let last = b.ty(lines).rank() - 1;
        // Where runs of equal elements begin, and, read backwards, where they end.
        let first = runs(b, sorted, last)?;
        let backwards = reversed(b, sorted, &[last])?;
        let end = runs(b, backwards, last)?;
        let end = reversed(b, end, &[last])?;
        let (size, one) = (b.size(lines, last), int(b, 1));
        let most = sub(b, size, one)?;
        let end = sub(b, most, end)?;
        let sum = add(b, first, end)?;
        let sum = cast(b, sum, DType::F64)?;
        let (half, one) = (number(b, DType::F64, 0.5), number(b, DType::F64, 1.0));
        let mean = mul(b, sum, half)?;
        let ranks = add(b, mean, one)?;
        take_along(b, args, ranks, place, last)
    })?;
    let (gone, nan) = (missing_of(b, x)?, number(b, DType::F64, f64::NAN));
    let ranks = match gone {
        Some(gone) => elementwise(b, Op::Select, &[gone, nan, ranks])?,
        None => ranks,
    };
    let dims = b.ty(own).dims;
    b.rename(ranks, dims)
}

/// What is missing, of dtypes where something can be.
fn missing_of(b: &mut dyn Build, x: A) -> Outcome<Option<A>> {
    let dtype = b.ty(x).dtype;
    if dtype.is_float() || dtype.is_time() { missing(b, x).map(Some) } else { Ok(None) }
}

/// For each element of sorted lines the position at which its run of equal ones begins.
fn runs(b: &mut dyn Build, sorted: A, last: usize) -> Outcome<A> {
    let (size, zero, one) = (b.size(sorted, last), int(b, 0), int(b, 1));
    let end = sub(b, size, one)?;
    let end = elementwise(b, Op::Maximum, &[end, zero])?;
    let sorted = bare(b, sorted)?;
    let (head, others) = (range(b, sorted, last, None, Some(one))?, range(b, sorted, last, None, Some(end))?);
    let before = b.concat(&[head, others], last)?;
    let begins = elementwise(b, Op::Ne, &[sorted, before])?;
    let places = b.iota(Extent::Value(size))?;
    let begin = elementwise(b, Op::Select, &[begins, places, zero])?;
    b.scan(Op::Maximum, begin, last)
}

fn label_of(b: &mut dyn Build, args: &Args, largest: bool) -> Outcome<A> {
    let x = args.array(0)?;
    let axis = axis(b, args, 1, x)?;
    let ty = b.ty(x);
    let labels = super::labels::coordinate_of(b, x, axis)?;
    let labels = bare(b, labels)?;
    if ty.dtype.is_complex() {
        return Err(Diagnostic::at(Code::Dtype, args.span_of(0), format!("{} has no order", ty.dtype)).help("take a part: `abs(x)`"));
    }
    let position = b.reduce(ReduceOp::Arg { largest, skip_nan: false }, x, &[axis])?;
    if b.ty(position).rank() == 0 {
        return at(b, labels, 0, position, args.span);
    }
    looked_up(b, args, labels, position)
}
