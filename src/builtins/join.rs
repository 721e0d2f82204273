//! Joining and cutting: `hstack` and its kind, `split`, `insert`, `delete`, `take`.

use super::axes::{at, at_least, axis, bare, names_of, range, with_axis, with_names};
use super::build::{A, Build, Extent, SliceArg, Value};
use super::parts::{ALL, add, built, cast, elementwise, examples, int, mul, optional, required, shape_of};
use super::rearrange::at_least_dims;
use super::shape::{alike, ravel};
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::Scalar;
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;
use crate::types::dims::dim_text;

const X: Param = required("x", ParamKind::Array);
const ARRAYS: Param = required("arrays", ParamKind::Arrays);
const ALONG: Param = optional("along", ParamKind::Dims, Default::Absent);

pub const TABLE: &[Builtin] = &[
    built(
        "vstack",
        Family::Shape,
        &[ARRAYS],
        |b, args| stacked(b, args, "vstack", |b, x| at_least_dims(b, x, 2), |_| 0).map(Value::Array),
        "Arrays below each other: vectors become rows, more dimensions are joined along the first.\n\
         Blocks are joined as `vstack(hstack(a, b), hstack(c, d))`.",
        examples!["print(vstack([1, 2], [3, 4]))" => "[[1, 2], [3, 4]]"],
    ),
    built(
        "hstack",
        Family::Shape,
        &[ARRAYS],
        |b, args| stacked(b, args, "hstack", |b, x| at_least_dims(b, x, 1), |rank| usize::from(rank > 1)).map(Value::Array),
        "Arrays beside each other: joined along the second dimension, vectors along their only one.",
        examples!["print(hstack([1, 2], [3]))" => "[1, 2, 3]", "print(hstack([[1], [2]], [[3], [4]]))" => "[[1, 3], [2, 4]]"],
    ),
    built(
        "dstack",
        Family::Shape,
        &[ARRAYS],
        |b, args| stacked(b, args, "dstack", |b, x| at_least_dims(b, x, 3), |_| 2).map(Value::Array),
        "Arrays behind each other: joined along the third dimension, which vectors and matrices get.",
        examples!["print(dstack([1, 2], [3, 4]))" => "[[[1, 3], [2, 4]]]"],
    ),
    built(
        "column_stack",
        Family::Shape,
        &[ARRAYS],
        |b, args| stacked(b, args, "column_stack", column, |_| 1).map(Value::Array),
        "Vectors as the columns of a matrix; matrices are joined beside each other.",
        examples!["print(column_stack([1, 2], [3, 4]))" => "[[1, 3], [2, 4]]"],
    ),
    built(
        "split",
        Family::Shape,
        &[X, required("parts", ParamKind::Ints), ALONG],
        |b, args| split(b, args, true),
        "`x` cut along a dimension (the first unless given), a tuple: into so many parts of one size, or at the positions of a list.\n\
         How many parts there are must be known when the program is checked. A size that does not divide is an error (K0401); see `array_split`.",
        examples![
            "a, c = split([1, 2, 3, 4], 2)\nprint(a, c)" => "[1, 2] [3, 4]",
            "print(split([1, 2, 3, 4], [1, 3]))" => "([1], [2, 3], [4])",
        ],
    ),
    built(
        "array_split",
        Family::Shape,
        &[X, required("parts", ParamKind::Ints), ALONG],
        |b, args| split(b, args, false),
        "`split` into parts that may differ: the first ones are longer by one where the size does not divide.",
        examples!["print(array_split([1, 2, 3, 4, 5], 2))" => "([1, 2, 3], [4, 5])"],
    ),
    built(
        "unstack",
        Family::Shape,
        &[X, ALONG],
        unstack,
        "The parts of `x` along a dimension (the first unless given), a tuple; they have one dimension less. Its size must be known.",
        examples!["a, c = unstack([[1, 2], [3, 4]])\nprint(a, c)" => "[1, 2] [3, 4]"],
    ),
    built(
        "insert",
        Family::Shape,
        &[X, required("position", ParamKind::Ints), required("values", ParamKind::Array), ALONG],
        |b, args| insert(b, args).map(Value::Array),
        "`x` with values put in before a position that is known when the program is checked: `insert(x, 1, 7)`. Negative ones count from the end.\n\
         Along a dimension the values are a scalar or slices, one after another; where none is named, into the elements row-major. They get the\n\
         dtype of `x`. The dimension loses its coordinate.",
        examples![
            "print(insert([1, 2, 3], 1, [8, 9]))" => "[1, 8, 9, 2, 3]",
            "print(insert([[1, 2], [3, 4]], 1, 0, along = 1))" => "[[1, 0, 2], [3, 0, 4]]",
        ],
    ),
    built(
        "delete",
        Family::Shape,
        &[X, required("position", ParamKind::Ints), ALONG],
        |b, args| delete(b, args).map(Value::Array),
        "`x` without the elements at some positions, along a dimension, or of all elements row-major where none is named.\n\
         Positions are known when the program is checked; negative ones count from the end. Coordinates stay.",
        examples!["print(delete([1, 2, 3, 4], 1))" => "[1, 3, 4]", "print(delete([1, 2, 3, 4], [0, -1]))" => "[2, 3]"],
    ),
    built(
        "take",
        Family::Shape,
        &[X, required("positions", ParamKind::Index), ALONG],
        |b, args| take(b, args).map(Value::Array),
        "The elements at positions along a dimension, which must be named unless it is the only one: `x[[3, 1]]` as a function.\n\
         An array of positions of any shape puts its dimensions in the place of the one. A position outside is an error (K0501).",
        examples![
            "print(take([10, 20, 30], [2, 0]))" => "[30, 10]",
            "print(take([10, 20, 30], [[0, 1], [1, 2]]))" => "[[10, 20], [20, 30]]",
        ],
    ),
];

/// One array alone stands for its parts along the first dimension, as a list of arrays does.
fn parts(b: &mut dyn Build, args: &Args) -> Outcome<Vec<A>> {
    let arrays = args.arrays()?;
    let [one] = arrays[..] else { return Ok(arrays) };
    pieces(b, one, 0, args)
}

fn pieces(b: &mut dyn Build, x: A, axis: usize, args: &Args) -> Outcome<Vec<A>> {
    let ty = b.ty(x);
    let size = ty.dims.get(axis).map_or(Some(0), |dim| dim.size.known()).ok_or_else(|| {
        let message = format!("the size of {} of {ty} is not known when the program is checked", dim_text(&ty, axis));
        Diagnostic::at(Code::Shape, args.span_of(0), message)
    })?;
    let piece = |at_: u64| {
        let position = int(b, at_ as i64);
        at(b, x, axis, position, args.span)
    };
    (0..size).map(piece).collect()
}

fn column(b: &mut dyn Build, x: A) -> Outcome<A> {
    match b.ty(x).rank() {
        0 => b.slice(x, &[SliceArg::New, SliceArg::New]),
        1 => with_axis(b, x, 1),
        _ => Ok(x),
    }
}

fn stacked(b: &mut dyn Build, args: &Args, name: &str, form: fn(&mut dyn Build, A) -> Outcome<A>, axis: fn(usize) -> usize) -> Outcome<A> {
    let arrays = parts(b, args)?;
    if arrays.is_empty() {
        return Err(Diagnostic::new(Code::Arguments, format!("`{name}` needs at least one array")));
    }
    let formed = arrays.into_iter().map(|x| form(b, x)).collect::<Outcome<Vec<A>>>()?;
    let formed = alike(b, name, formed)?;
    let rank = b.ty(formed[0]).rank();
    b.concat(&formed, axis(rank))
}

/// The axis that an argument names, the first unless it does.
fn first_axis(b: &dyn Build, args: &Args, place: usize, x: A) -> Outcome<usize> {
    at_least(b, args, 0, x, 1)?;
    if args.dims(place).is_some() { axis(b, args, place, x) } else { Ok(0) }
}

fn split(b: &mut dyn Build, args: &Args, equal: bool) -> Outcome<Value> {
    let x = args.array(0)?;
    let axis = first_axis(b, args, 2, x)?;
    let size = b.size(x, axis);
    let mut bounds = vec![int(b, 0)];
    if args.is_single(1) {
        let count = args.known_ints(b, 1)?[0];
        if count < 1 {
            return Err(Diagnostic::at(Code::Value, args.span_of(1), format!("{count} parts")).help("there is at least one"));
        }
        let known = b.known(size).and_then(Scalar::as_int);
        if equal && known.is_some_and(|size| size % i128::from(count) != 0) {
            let ty = b.ty(x);
            let message = format!("{} of {ty} does not divide into {count} equal parts", dim_text(&ty, axis));
            return Err(Diagnostic::at(Code::Shape, args.span_of(1), message).help("`array_split` makes parts that differ by one"));
        }
        let parts = int(b, count);
        let (least, longer) = (elementwise(b, Op::FloorDiv, &[size, parts])?, elementwise(b, Op::Rem, &[size, parts])?);
        for part in 1..count {
            let part = int(b, part);
            let (start, more) = (mul(b, part, least)?, elementwise(b, Op::Minimum, &[part, longer])?);
            bounds.push(add(b, start, more)?);
        }
    } else {
        for position in args.known_ints(b, 1)? {
            let from = if position < 0 { size } else { int(b, 0) };
            let position = int(b, position);
            bounds.push(add(b, from, position)?);
        }
    }
    bounds.push(size);
    let part = |pair: &[A]| range(b, x, axis, Some(pair[0]), Some(pair[1])).map(Value::Array);
    bounds.windows(2).map(part).collect::<Outcome<Vec<Value>>>().map(Value::Tuple)
}

fn unstack(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let x = args.array(0)?;
    let axis = first_axis(b, args, 1, x)?;
    Ok(Value::Tuple(pieces(b, x, axis, args)?.into_iter().map(Value::Array).collect()))
}

/// The array and the axis that positions are along: all elements in one row where no dimension is named.
fn row(b: &mut dyn Build, args: &Args, place: usize) -> Outcome<(A, usize)> {
    let x = args.array(0)?;
    match args.dims(place) {
        Some(_) => Ok((x, axis(b, args, place, x)?)),
        None if b.ty(x).rank() == 1 => Ok((x, 0)),
        None => Ok((ravel(b, x)?, 0)),
    }
}

/// Known positions, checked, from the start. `end`: the size itself is one, too.
fn positions(b: &mut dyn Build, args: &Args, x: A, axis: usize, end: bool) -> Outcome<Vec<i64>> {
    let ty = b.ty(x);
    let mut known = args.known_ints(b, 1)?;
    let Some(size) = ty.dims[axis].size.known().map(|size| size as i64) else {
        if let Some(position) = known.iter().find(|position| **position < 0) {
            let message = format!("{position} counts from the end of {}, whose size is not known yet", dim_text(&ty, axis));
            return Err(Diagnostic::at(Code::Bounds, args.span_of(1), message));
        }
        return Ok(known);
    };
    for position in &mut known {
        let from_start = if *position < 0 { *position + size } else { *position };
        if !(0..size + i64::from(end)).contains(&from_start) {
            let message = format!("position {position} is outside {} of size {size} in {ty}", dim_text(&ty, axis));
            return Err(Diagnostic::at(Code::Bounds, args.span_of(1), message));
        }
        *position = from_start;
    }
    Ok(known)
}

fn insert(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (x, axis) = row(b, args, 3)?;
    let [position] = positions(b, args, x, axis, true)?[..] else {
        return Err(Diagnostic::at(Code::Arguments, args.span_of(1), "values are put in at one position").help("call it again for another"));
    };
    let (names, dtype) = (names_of(b, x), b.ty(x).dtype);
    let x = bare(b, x)?;
    let mut values = bare(b, args.array(2)?)?;
    values = cast(b, values, dtype)?;
    let rank = b.ty(x).rank();
    if b.ty(values).rank() > rank {
        let message = format!("{} put into {}", b.ty(values), b.ty(x));
        return Err(Diagnostic::at(Code::Rank, args.span_of(2), message).help("values have no more dimensions than the array"));
    }
    // As NumPy has it: missing dimensions come first, and the first one counts the slices.
    while b.ty(values).rank() < rank {
        values = with_axis(b, values, 0)?;
    }
    let mut order: Vec<usize> = (1..rank).collect();
    order.insert(axis, 0);
    let values = b.transpose(values, &order)?;
    let mut shape: Vec<Extent> = shape_of(b, x);
    shape[axis] = shape_of(b, values)[axis];
    let values = b.broadcast(values, &shape)?;
    let position = int(b, position);
    let (start, end) = (range(b, x, axis, None, Some(position))?, range(b, x, axis, Some(position), None)?);
    let whole = b.concat(&[start, values, end], axis)?;
    with_names(b, whole, names)
}

fn delete(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (x, axis) = row(b, args, 2)?;
    let mut gone = positions(b, args, x, axis, false)?;
    gone.sort_unstable();
    gone.dedup();
    let mut parts = Vec::with_capacity(gone.len() + 1);
    let mut from = 0;
    for position in gone {
        if position > from {
            let (lo, hi) = (int(b, from), int(b, position));
            parts.push(range(b, x, axis, Some(lo), Some(hi))?);
        }
        from = position + 1;
    }
    let lo = int(b, from);
    parts.push(range(b, x, axis, Some(lo), None)?);
    b.concat(&parts, axis)
}

fn take(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (x, positions) = (args.array(0)?, args.array(1)?);
    let axis = axis(b, args, 2, x)?;
    let span = args.span_of(1);
    let mut index = vec![ALL; axis];
    let shape = shape_of(b, positions);
    if shape.is_empty() {
        return at(b, x, axis, positions, span);
    }
    let names = names_of(b, positions);
    let row = if shape.len() == 1 { positions } else { ravel(b, positions)? };
    index.push(SliceArg::Take(row, span));
    let taken = b.slice(x, &index)?;
    if shape.len() == 1 {
        return Ok(taken);
    }
    let dims = b.ty(x).dims;
    let mut full = shape_of(b, taken);
    full.splice(axis..=axis, shape);
    let value = b.reshape(taken, &full)?;
    let mut all: Vec<_> = dims.iter().map(|dim| dim.name.clone()).collect();
    all.splice(axis..=axis, names);
    with_names(b, value, all)
}
