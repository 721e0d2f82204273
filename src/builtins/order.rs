//! Order: sorting along a dimension. The routines work on the last axis; other dimensions are brought there and back.

use super::axes::axis;
use super::build::{A, Build, Routine, Value};
use super::parts::{built, examples, optional, required};
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::base::Outcome;

const PARAMS: &[Param] = &[
    required("x", ParamKind::Array),
    optional("along", ParamKind::Dims, Default::Absent),
    optional("descending", ParamKind::Flag, Default::Bool(false)),
];

pub const TABLE: &[Builtin] = &[
    built(
        "sort",
        Family::Order,
        PARAMS,
        |b, args| along(b, args, |descending| Routine::Sort { descending }),
        "The elements in ascending order along a dimension, which must be named unless it is the only one: `x.sort(along = time)`.\n\
         NaN and missing times stand last, `descending` or not; -0.0 stands before 0.0. The dimension loses its coordinates. Not for complex\n\
         numbers. O(n log n) for each line. A long line is sorted by all threads; one that does not fit in memory in several passes over it,\n\
         each for a range of values.",
        examples!["print(sort([3, 1, 2]))" => "[1, 2, 3]", "print(sort([[3, 1], [2, 5]], along = 1, descending = true))" => "[[3, 1], [5, 2]]"],
    ),
    built(
        "argsort",
        Family::Order,
        PARAMS,
        |b, args| along(b, args, |descending| Routine::ArgSort { descending }),
        "The positions (`i64`) that put the elements in order along a dimension; equal elements keep their order. See `sort`.",
        examples!["print(argsort([30, 10, 20]))" => "[1, 2, 0]"],
    ),
];

/// A routine along one dimension.
fn along(b: &mut dyn Build, args: &Args, routine: impl Fn(bool) -> Routine) -> Outcome<Value> {
    let x = args.array(0)?;
    let axis = axis(b, args, 1, x)?;
    let routine = routine(args.bool(2)?);
    let value = along_axis(b, x, axis, |b, lines| Ok(b.routine(routine, &[lines])?[0]))?;
    Ok(Value::Array(value))
}

/// What `f` makes of the array with an axis last, with that axis where it was.
pub fn along_axis(b: &mut dyn Build, x: A, axis: usize, f: impl Fn(&mut dyn Build, A) -> Outcome<A>) -> Outcome<A> {
    let rank = b.ty(x).rank();
    let last: Vec<usize> = (0..rank).filter(|other| *other != axis).chain([axis]).collect();
    let mut back: Vec<usize> = (0..rank - 1).collect();
    back.insert(axis, rank - 1);
    let lines = b.transpose(x, &last)?;
    let value = f(b, lines)?;
    b.transpose(value, &back)
}
