//! Elements in another order and dimensions in other places: what neither joins nor repeats anything.

use super::axes::{at_least, axis};
use super::build::{A, Build, SliceArg, Value};
use super::parts::{ALL, built, examples, optional, required};
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::base::{Code, Diagnostic, Outcome};
use crate::types::dims::{DimRef, find_dim, find_dims};

const X: Param = required("x", ParamKind::Array);

pub const TABLE: &[Builtin] = &[
    built(
        "moveaxis",
        Family::Shape,
        &[X, required("source", ParamKind::Dims), required("destination", ParamKind::Dims)],
        |b, args| moveaxis(b, args).map(Value::Array),
        "`x` with dimensions moved to other places, the others in the order they have: `x.moveaxis(time, -1)`.\n\
         One dimension and one place, or as many of both. Names and coordinates go with their dimensions. It costs nothing.",
        examples!["print(moveaxis(zeros(2, 3, 4), 0, -1).shape)" => "(3, 4, 2)"],
    ),
    built(
        "swapaxes",
        Family::Shape,
        &[X, required("first", ParamKind::Dims), required("second", ParamKind::Dims)],
        |b, args| swapaxes(b, args).map(Value::Array),
        "`x` with two dimensions in each other's place.",
        examples!["print(swapaxes(zeros(2, 3, 4), 0, 2).shape)" => "(4, 3, 2)"],
    ),
    built(
        "rot90",
        Family::Shape,
        &[X, optional("times", ParamKind::Flag, Default::Int(1)), optional("along", ParamKind::Dims, Default::Absent)],
        |b, args| rot90(b, args).map(Value::Array),
        "`x` turned by 90 degrees, `times` over, in the plane of two dimensions (the first two unless given), from the first to the second.",
        examples!["print(rot90([[1, 2], [3, 4]]))" => "[[2, 4], [1, 3]]", "print(rot90([[1, 2], [3, 4]], 2))" => "[[4, 3], [2, 1]]"],
    ),
    built(
        "fliplr",
        Family::Shape,
        &[X],
        |b, args| flipped(b, args, 1).map(Value::Array),
        "The columns (the second dimension) in reverse order.",
        examples!["print(fliplr([[1, 2], [3, 4]]))" => "[[2, 1], [4, 3]]"],
    ),
    built(
        "flipud",
        Family::Shape,
        &[X],
        |b, args| flipped(b, args, 0).map(Value::Array),
        "The rows (the first dimension) in reverse order.",
        examples!["print(flipud([[1, 2], [3, 4]]))" => "[[3, 4], [1, 2]]"],
    ),
    built(
        "atleast_1d",
        Family::Shape,
        &[X],
        |b, args| at_least_dims(b, args.array(0)?, 1).map(Value::Array),
        "`x` with at least one dimension: a scalar becomes one element.",
        examples!["print(atleast_1d(3).shape)" => "(1,)"],
    ),
    built(
        "atleast_2d",
        Family::Shape,
        &[X],
        |b, args| at_least_dims(b, args.array(0)?, 2).map(Value::Array),
        "`x` with at least two dimensions: a vector becomes one row.",
        examples!["print(atleast_2d([1, 2]).shape)" => "(1, 2)"],
    ),
    built(
        "atleast_3d",
        Family::Shape,
        &[X],
        |b, args| at_least_dims(b, args.array(0)?, 3).map(Value::Array),
        "`x` with at least three dimensions: of n elements (1, n, 1), of m rows (m, n, 1).",
        examples!["print(atleast_3d([1, 2]).shape)" => "(1, 2, 1)"],
    ),
    built(
        "rename",
        Family::Shape,
        &[X, optional("names", ParamKind::Names, Default::Absent)],
        |b, args| rename(b, args).map(Value::Array),
        "`x` with other names for some dimensions: `x.rename(lat = y, lon = x)`. Coordinates stay; the new names differ from all others.\n\
         `named` gives names to all.",
        examples!["print(ones(2, 3).named(row, col).rename(col = column).dims)" => "(row, column)"],
    ),
];

/// K0402 unless there are as many of one as of the other.
fn moveaxis(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    let ty = b.ty(x);
    let places = |at: usize| find_dims(&ty, args.dims(at).unwrap_or_default());
    let (source, destination) = (places(1)?, places(2)?);
    if source.len() != destination.len() {
        let message = format!("{} dimensions to move and {} places for them", source.len(), destination.len());
        return Err(Diagnostic::at(Code::Rank, args.span_of(2), message));
    }
    let mut order: Vec<usize> = (0..ty.rank()).filter(|axis| !source.contains(axis)).collect();
    let mut moves: Vec<(usize, usize)> = destination.into_iter().zip(source).collect();
    moves.sort_unstable();
    moves.into_iter().for_each(|(to, from)| order.insert(to, from));
    b.transpose(x, &order)
}

/// The two places swapped.
pub(super) fn swap(b: &mut dyn Build, x: A, first: usize, second: usize) -> Outcome<A> {
    let mut order: Vec<usize> = (0..b.ty(x).rank()).collect();
    order.swap(first, second);
    b.transpose(x, &order)
}

fn swapaxes(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    let (first, second) = (axis(b, args, 1, x)?, axis(b, args, 2, x)?);
    swap(b, x, first, second)
}

/// The elements in reverse order along some axes.
pub(super) fn reversed(b: &mut dyn Build, x: A, axes: &[usize]) -> Outcome<A> {
    let reverse = SliceArg::Range { lo: None, hi: None, step: -1 };
    let index: Vec<SliceArg> = (0..b.ty(x).rank()).map(|axis| if axes.contains(&axis) { reverse.clone() } else { ALL }).collect();
    b.slice(x, &index)
}

fn flipped(b: &mut dyn Build, args: &Args, axis: usize) -> Outcome<A> {
    let x = args.array(0)?;
    at_least(b, args, 0, x, axis + 1)?;
    reversed(b, x, &[axis])
}

fn rot90(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    let plane = match args.dims(2) {
        Some(dims) => find_dims(&b.ty(x), dims)?,
        None => {
            at_least(b, args, 0, x, 2)?;
            vec![0, 1]
        }
    };
    let [first, second] = plane[..] else {
        return Err(Diagnostic::at(Code::Rank, args.span_of(2), format!("a plane has 2 dimensions, found {}", plane.len())));
    };
    match args.int(1)?.rem_euclid(4) {
        0 => Ok(x),
        1 => {
            let x = reversed(b, x, &[second])?;
            swap(b, x, first, second)
        }
        2 => reversed(b, x, &[first, second]),
        _ => {
            let x = swap(b, x, first, second)?;
            reversed(b, x, &[second])
        }
    }
}

pub(super) fn at_least_dims(b: &mut dyn Build, x: A, rank: usize) -> Outcome<A> {
    let new = || SliceArg::New;
    match (b.ty(x).rank(), rank) {
        (has, least) if has >= least => Ok(x),
        (0, least) => b.slice(x, &vec![new(); least]),
        (1, 2) => b.slice(x, &[new()]),
        (1, _) => b.slice(x, &[new(), ALL, new()]),
        _ => b.slice(x, &[ALL, ALL, new()]),
    }
}

fn rename(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    let ty = b.ty(x);
    let mut dims = ty.dims.clone();
    for (old, new) in &args.rest {
        let Some(old) = old else {
            return Err(Diagnostic::new(Code::Arguments, "which dimension?").help("as in `x.rename(lat = y)`; `named` names them all"));
        };
        let axis = find_dim(&ty, &DimRef::Name(old.clone(), args.span))?;
        dims[axis].name = match new {
            Value::Dims(names) => match names.as_slice() {
                [DimRef::Name(name, _)] => Some(name.clone()),
                _ => None,
            },
            _ => None,
        };
        if dims[axis].name.is_none() {
            return Err(Diagnostic::new(Code::Type, format!("the new name of {old} is needed")).help("as in `x.rename(lat = y)`"));
        }
    }
    b.rename(x, dims)
}
