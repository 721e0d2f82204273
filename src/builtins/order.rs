//! Order: sorting along a dimension. The routines work on the last axis; other dimensions are brought there and back.

use super::axes::axis;
use super::build::{A, Build, Routine, Value};
use super::parts::{built, examples, optional, required};
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::base::{Code, Diagnostic, Outcome};

const PARAMS: &[Param] = &[
    required("x", ParamKind::Array),
    optional("along", ParamKind::Dims, Default::Absent),
    optional("descending", ParamKind::Flag, Default::Bool(false)),
];

const KTH: &[Param] =
    &[required("x", ParamKind::Array), required("kth", ParamKind::Ints), optional("along", ParamKind::Dims, Default::Absent)];

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
    built(
        "partition",
        Family::Order,
        KTH,
        |b, args| partition(b, args, Routine::Sort { descending: false }),
        "The elements along a dimension, the one that is at position `kth` in ascending order there: `x.partition(10, along = time)`.\n\
         None before it is larger, none after it smaller. `kth` is one position or several, negative from the end; one outside is K0501.\n\
         The lines are sorted: of all the orders that would do this is the one that is the same whatever the memory and the threads. For an\n\
         element alone `quantile` with `method = \"lower\"` selects in O(n). See `sort`.",
        examples!["print(partition([3, 4, 2, 1], 3)[3], partition([[3, 1], [2, 5]], 0, along = 1)[.., 0])" => "4 [1, 2]"],
    ),
    built(
        "argpartition",
        Family::Order,
        KTH,
        |b, args| partition(b, args, Routine::ArgSort { descending: false }),
        "The positions (`i64`) of the elements as `partition` has them.",
        examples!["print(argpartition([30, 10, 20], (0, -1)))" => "[1, 2, 0]"],
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

/// A sorted line, which is parted at each position. K0501 for one that is none.
fn partition(b: &mut dyn Build, args: &Args, routine: Routine) -> Outcome<Value> {
    let x = args.array(0)?;
    let axis = axis(b, args, 2, x)?;
    let size = b.ty(x).dims[axis].size.known();
    for kth in args.ints(b, 1)? {
        let (Some(kth), Some(size)) = (b.known(kth).and_then(|kth| kth.as_int()), size) else { continue };
        if !(-i128::from(size)..i128::from(size)).contains(&kth) {
            let message = format!("position {kth} is outside of {size} elements");
            return Err(Diagnostic::at(Code::Bounds, args.span_of(1), message));
        }
    }
    along_axis(b, x, axis, |b, lines| Ok(b.routine(routine, &[lines])?[0])).map(Value::Array)
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
