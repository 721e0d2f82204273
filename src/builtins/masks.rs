//! Selecting by masks, and where something is true. The sizes of the results are known only when the masks have been counted. Owns no rule of
//! masks (see `types::slice`).

use super::axes::axis;
use super::build::{A, Build, Extent, SliceArg, Value};
use super::parts::{ALL, X, built, examples, optional, required, shape_of};
use super::reductions::is_true;
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::base::{Code, Diagnostic, Outcome};

const CONDITION: Param = required("condition", ParamKind::Array);

pub const TABLE: &[Builtin] = &[
    built(
        "compress",
        Family::Order,
        &[CONDITION, required("x", ParamKind::Array), optional("along", ParamKind::Dims, Default::Absent)],
        compress,
        "The elements of `x` along a dimension where the condition, a bool for each of them, is true: `x[time = condition]`.\n\
         The dimension must be named unless it is the only one; it loses its coordinates.",
        examples!["print(compress([true, false, true], [1, 2, 3]))" => "[1, 3]"],
    ),
    built(
        "extract",
        Family::Order,
        &[CONDITION, required("x", ParamKind::Array)],
        |b, args| {
            let mask = is_true(b, args.array(0)?)?;
            b.slice(args.array(1)?, &[SliceArg::Take(mask, args.span_of(0))]).map(Value::Array)
        },
        "The elements of `x` where the condition is true, row-major: `x[condition]`. The condition is of bools or numbers and has the shape of `x`.",
        examples!["x = [[1, 2], [3, 4]]\nprint(extract(x > 1, x))" => "[2, 3, 4]"],
    ),
    built(
        "nonzero",
        Family::Order,
        X,
        |b, args| {
            let places = positions(b, args.array(0)?, args)?;
            Ok(Value::Tuple(places.into_iter().map(Value::Array).collect()))
        },
        "Where elements are true, or not 0: an array of positions (`i64`) for each dimension, in a tuple; row-major.\n\
         One pass counts, one collects for each dimension.",
        examples!["print(nonzero([0, 5, 0, 7]))" => "([1, 3],)", "r, c = nonzero([[0, 1], [1, 1]])\nprint(r, c)" => "[0, 1, 1] [1, 0, 1]"],
    ),
    built(
        "argwhere",
        Family::Order,
        X,
        |b, args| {
            let mut columns = Vec::new();
            for place in positions(b, args.array(0)?, args)? {
                columns.push(b.slice(place, &[ALL, SliceArg::New])?);
            }
            b.concat(&columns, 1).map(Value::Array)
        },
        "Where elements are true, or not 0: a row of positions (`i64`) for each of them, row-major.",
        examples!["print(argwhere([[0, 1], [1, 0]]))" => "[[0, 1], [1, 0]]"],
    ),
    built(
        "flatnonzero",
        Family::Order,
        X,
        |b, args| {
            let x = args.array(0)?;
            let mask = mask_of(b, x)?;
            let shape = shape_of(b, x);
            let axes: Vec<usize> = (0..shape.len()).collect();
            let all = super::axes::count(b, x, &axes)?;
            let places = b.iota(Extent::Value(all))?;
            let places = b.reshape(places, &shape)?;
            b.slice(places, &[SliceArg::Take(mask, args.span)]).map(Value::Array)
        },
        "The row-major positions (`i64`) of the elements that are true, or not 0.",
        examples!["print(flatnonzero([[0, 1], [1, 0]]))" => "[1, 2]"],
    ),
];

fn compress(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let (mask, x) = (is_true(b, args.array(0)?)?, args.array(1)?);
    let axis = axis(b, args, 2, x)?;
    if b.ty(mask).rank() != 1 {
        let message = format!("the condition has one dimension, found {}", b.ty(mask));
        return Err(Diagnostic::at(Code::Rank, args.span_of(0), message).help("a mask over several dimensions: `x[mask]`"));
    }
    let mut index = vec![ALL; axis];
    index.push(SliceArg::Take(mask, args.span_of(0)));
    b.slice(x, &index).map(Value::Array)
}

/// Where elements are not 0, without names and coordinates. K0402 for a scalar.
fn mask_of(b: &mut dyn Build, x: A) -> Outcome<A> {
    if b.ty(x).rank() == 0 {
        return Err(Diagnostic::new(Code::Rank, format!("positions are in an array, found {}", b.ty(x))));
    }
    let mask = is_true(b, x)?;
    let dims = b.ty(mask).dims.into_iter().map(|dim| crate::array::Dim::sized(dim.size)).collect();
    b.rename(mask, dims)
}

/// For each dimension, the positions along it of the elements that are not 0.
fn positions(b: &mut dyn Build, x: A, args: &Args) -> Outcome<Vec<A>> {
    let mask = mask_of(b, x)?;
    let shape = shape_of(b, mask);
    let mut places = Vec::with_capacity(shape.len());
    for axis in 0..shape.len() {
        let along = b.iota(shape[axis])?;
        let column: Vec<SliceArg> = std::iter::once(ALL).chain(shape[axis + 1..].iter().map(|_| SliceArg::New)).collect();
        let along = b.slice(along, &column)?;
        let along = b.broadcast(along, &shape)?;
        places.push(b.slice(along, &[SliceArg::Take(mask, args.span)])?);
    }
    Ok(places)
}
