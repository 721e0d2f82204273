//! The form of arrays: transposing, reshaping, joining, naming dimensions, and what is known of an array besides its elements.

use super::axes::{axes, bare, count, range, with_axis, without_coords};
use super::build::{A, Build, DimRef, Extent, SliceArg, Value};
use super::parts::{ALL, built, cast, elementwise, examples, extent, optional, required, shape_of};
use super::rearrange::reversed;
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::{Dim, Scalar, Size};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;
use crate::types::dims::{dim_text, find_dims};

const X: Param = required("x", ParamKind::Array);
const SHAPE: Param = required("shape", ParamKind::Shape);
const OVER: Param = optional("over", ParamKind::Dims, Default::Absent);
const ALONG: Param = optional("along", ParamKind::Dims, Default::Absent);

pub const TABLE: &[Builtin] = &[
    built(
        "T",
        Family::Shape,
        &[X],
        |b, args| transpose(b, args).map(Value::Array),
        "`x.T`: the dimensions in reverse order; rows and columns of a matrix swapped.",
        examples!["print([[1, 2], [3, 4]].T)" => "[[1, 3], [2, 4]]"],
    ),
    built(
        "transpose",
        Family::Shape,
        &[X, optional("order", ParamKind::DimList, Default::Absent)],
        |b, args| transpose(b, args).map(Value::Array),
        "The dimensions in another order, every one named once: `x.transpose(lon, lat, time)`; reversed where none is named.",
        examples!["print(transpose([[1, 2, 3], [4, 5, 6]]).shape)" => "(3, 2)"],
    ),
    built(
        "reshape",
        Family::Shape,
        &[X, SHAPE],
        |b, args| reshape(b, args).map(Value::Array),
        "The same elements, row-major, in another shape: `x.reshape(3, 4)`. One size may be -1 and becomes what is left.\n\
         The new dimensions have no names.",
        examples!["print(arange(6).reshape(2, 3))" => "[[0, 1, 2], [3, 4, 5]]", "print(arange(6).reshape(-1, 2).shape)" => "(3, 2)"],
    ),
    built(
        "ravel",
        Family::Shape,
        &[X],
        |b, args| ravel(b, args.array(0)?).map(Value::Array),
        "The elements row-major along one unnamed dimension.",
        examples!["print([[1, 2], [3, 4]].ravel())" => "[1, 2, 3, 4]"],
    ),
    built(
        "broadcast_to",
        Family::Shape,
        &[X, SHAPE],
        |b, args| b.broadcast(args.array(0)?, args.shape(1)).map(Value::Array),
        "`x` repeated to a shape: sizes of 1 repeat, new dimensions come first, as in NumPy.",
        examples!["print(broadcast_to([1, 2], 2, 2))" => "[[1, 2], [1, 2]]"],
    ),
    built(
        "expand_dims",
        Family::Shape,
        &[X, ALONG],
        |b, args| expand_dims(b, args).map(Value::Array),
        "`x` with a new dimension of size 1: at a position (0 unless given), or first under a name, `x.expand_dims(along = member)`.",
        examples!["print(expand_dims([1, 2], 1))" => "[[1], [2]]"],
    ),
    built(
        "squeeze",
        Family::Shape,
        &[X, OVER],
        |b, args| squeeze(b, args).map(Value::Array),
        "`x` without the dimensions named, which have size 1 (K0401); without all of size 1 where none is named.",
        examples!["print(squeeze([[1, 2]]))" => "[1, 2]"],
    ),
    built(
        "flip",
        Family::Shape,
        &[X, ALONG],
        |b, args| flip(b, args).map(Value::Array),
        "The elements in reverse order along the dimensions named, with their coordinates; along all where none is named.",
        examples!["print(flip([1, 2, 3]))" => "[3, 2, 1]", "print(flip([[1, 2], [3, 4]], along = 0))" => "[[3, 4], [1, 2]]"],
    ),
    built(
        "roll",
        Family::Shape,
        &[X, required("shift", ParamKind::Ints), ALONG],
        |b, args| roll(b, args).map(Value::Array),
        "The elements moved up by `shift` positions along a dimension; what leaves at the end comes in at the start.\n\
         Along several dimensions with one shift for all or one for each: `x.roll((1, 2), along = (lat, lon))`. They lose their coordinates.",
        examples![
            "print(roll([1, 2, 3, 4], 1))" => "[4, 1, 2, 3]",
            "print(roll([[1, 2], [3, 4]], 1, along = (0, 1)))" => "[[4, 3], [2, 1]]",
        ],
    ),
    built(
        "concat",
        Family::Shape,
        &[required("arrays", ParamKind::Arrays), ALONG],
        |b, args| concat(b, args).map(Value::Array),
        "Arrays one after another along a dimension (the first unless given): `concat(a, b, along = time)`. Dtypes are promoted.\n\
         Other dimensions have equal sizes and coordinates; named ones may stand in another order.",
        examples!["print(concat([1, 2], [3]))" => "[1, 2, 3]"],
    ),
    built(
        "stack",
        Family::Shape,
        &[required("arrays", ParamKind::Arrays), ALONG],
        |b, args| stack(b, args).map(Value::Array),
        "Arrays of one shape along a new dimension: at a position (0 unless given), or first under a name, `stack(a, b, along = member)`.",
        examples!["print(stack([1, 2], [3, 4]))" => "[[1, 2], [3, 4]]", "print(stack([1, 2], [3, 4], along = 1))" => "[[1, 3], [2, 4]]"],
    ),
    built(
        "named",
        Family::Shape,
        &[X, required("names", ParamKind::DimList)],
        |b, args| named(b, args).map(Value::Array),
        "`x` with these names for its dimensions, in order: `x.named(row, col)`. Coordinates stay.",
        examples!["x = ones(2, 3).named(row, col)\nprint(x.sum(over = row))" => "[2.0, 2.0, 2.0]"],
    ),
    built(
        "unnamed",
        Family::Shape,
        &[X],
        |b, args| bare(b, args.array(0)?).map(Value::Array),
        "`x` without names and coordinates: it meets other arrays by position.",
        examples!["x = ones(2).named(row)\nprint(x.unnamed() + [1, 2])" => "[2.0, 3.0]"],
    ),
    built(
        "drop_coords",
        Family::Shape,
        &[X, OVER],
        |b, args| drop_coords(b, args).map(Value::Array),
        "`x` without the coordinates of the dimensions named, or of all: it meets arrays with other coordinates by name.",
        examples!["print(drop_coords([1, 2]))" => "[1, 2]"],
    ),
    built(
        "block",
        Family::Shape,
        &[X, optional("sizes", ParamKind::Anything, Default::Absent)],
        |_, args| Ok(Value::Array(args.array(0)?)),
        "`x` itself, with a hint for the size of its blocks: `x.block(time = 100)`. Nobody should need it, and the planner is free to ignore it.",
        examples!["print(arange(3).named(t).block(t = 2))" => "[0, 1, 2]"],
    ),
    built(
        "size",
        Family::Shape,
        &[X, OVER],
        |b, args| {
            let x = args.array(0)?;
            let axes = axes(b, args, 1, x)?;
            count(b, x, &axes).map(Value::Array)
        },
        "The number of elements, or the size of a dimension: `x.size(time)`.",
        examples!["print(zeros(2, 3).size(), size(zeros(2, 3), 0))" => "6 2"],
    ),
    built("len", Family::Shape, &[X], len, "The size of the first dimension.", examples!["print(len([4, 5, 6]))" => "3"]),
    built("shape", Family::Shape, &[X], shape, "The sizes of all dimensions, a tuple.", examples!["print(zeros(2, 3).shape)" => "(2, 3)"]),
    built(
        "ndim",
        Family::Shape,
        &[X],
        |b, args| {
            let rank = b.ty(args.array(0)?).rank();
            Ok(Value::Array(b.constant(Scalar::i64(rank as i64))))
        },
        "The number of dimensions; 0 of a scalar.",
        examples!["print(zeros(2, 3).ndim)" => "2"],
    ),
    built(
        "dims",
        Family::Shape,
        &[X],
        dims,
        "The names of all dimensions, a tuple of texts; `_` for one without a name.",
        examples!["print(ones(2, 3).named(row, col).dims)" => "(row, col)"],
    ),
    built(
        "dtype",
        Family::Shape,
        &[X],
        |b, args| Ok(Value::Text(b.ty(args.array(0)?).dtype.to_string())),
        "The name of the dtype, a text.",
        examples!["print([1, 2].dtype)" => "i64"],
    ),
];

fn transpose(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    let ty = b.ty(x);
    let order = match args.dims(1) {
        Some(dims) => find_dims(&ty, dims)?,
        None => (0..ty.rank()).rev().collect(),
    };
    b.transpose(x, &order)
}

fn reshape(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    let mut shape = args.shape(1).to_vec();
    let open = |b: &dyn Build, size: &Extent| matches!(size, Extent::Value(a) if b.known(*a).and_then(Scalar::as_int) == Some(-1));
    if let Some(at) = shape.iter().position(|size| open(b, size)) {
        let rank = b.ty(x).rank();
        let all = count(b, x, &(0..rank).collect::<Vec<_>>())?;
        let mut others = extent(b, Extent::Known(1));
        for (_, size) in shape.iter().enumerate().filter(|(other, _)| *other != at) {
            let size = extent(b, *size);
            others = elementwise(b, Op::Mul, &[others, size])?;
        }
        shape[at] = if b.known(others).and_then(Scalar::as_int) == Some(0) {
            Extent::Known(0)
        } else {
            Extent::Value(elementwise(b, Op::FloorDiv, &[all, others])?)
        };
    }
    b.reshape(x, &shape)
}

pub(super) fn ravel(b: &mut dyn Build, x: A) -> Outcome<A> {
    let rank = b.ty(x).rank();
    let all = count(b, x, &(0..rank).collect::<Vec<_>>())?;
    b.reshape(x, &[Extent::Value(all)])
}

/// Where a new dimension goes, and its name: an argument names a position of the result, or a new name, which goes first.
fn new_axis(b: &dyn Build, args: &Args, x: A) -> Outcome<(usize, Option<crate::base::Name>)> {
    let ty = b.ty(x);
    match args.dims(1) {
        None => Ok((0, None)),
        Some([DimRef::Name(name, span)]) if ty.find(name).is_some() => {
            Err(Diagnostic::at(Code::UnknownDim, *span, format!("{ty} has a dimension {name} already"))
                .help("`concat` joins along one that is there"))
        }
        Some([DimRef::Name(name, _)]) => Ok((0, Some(name.clone()))),
        Some([DimRef::Position(at, span)]) => {
            let rank = ty.rank() as i64 + 1;
            let axis = if *at < 0 { at + rank } else { *at };
            let outside = || {
                Diagnostic::at(Code::UnknownDim, *span, format!("a new dimension at {at} of {ty}"))
                    .help(format!("positions are 0 to {}", rank - 1))
            };
            if (0..rank).contains(&axis) { Ok((axis as usize, None)) } else { Err(outside()) }
        }
        Some(_) => Err(Diagnostic::at(Code::Rank, args.span_of(1), "one new dimension is made at a time")),
    }
}

fn named_axis(b: &mut dyn Build, x: A, axis: usize, name: Option<crate::base::Name>) -> Outcome<A> {
    let value = with_axis(b, x, axis)?;
    let Some(name) = name else { return Ok(value) };
    let mut dims = b.ty(value).dims;
    dims[axis].name = Some(name);
    b.rename(value, dims)
}

fn expand_dims(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    let (axis, name) = new_axis(b, args, x)?;
    named_axis(b, x, axis, name)
}

fn squeeze(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    let ty = b.ty(x);
    let given = args.dims(1).is_some();
    let mut index = vec![ALL; ty.rank()];
    for axis in axes(b, args, 1, x)? {
        match ty.dims[axis].size {
            Size::Known(1) => {}
            Size::Known(size) if given => {
                let message = format!("{} is {size}, not 1", dim_text(&ty, axis));
                return Err(Diagnostic::at(Code::Shape, args.span_of(1), message)
                    .help(format!("take one element: `x[{} = 0]`", dim_text(&ty, axis))));
            }
            Size::Known(_) => continue,
            Size::Unknown(_) if given => {}
            Size::Unknown(_) => {
                let message = format!("the size of {} is not known before the program runs", dim_text(&ty, axis));
                return Err(Diagnostic::new(Code::Shape, message).help("name the dimensions to remove: `squeeze(x, over = 0)`"));
            }
        }
        index[axis] = SliceArg::At(b.constant(Scalar::i64(0)), args.span);
    }
    b.slice(x, &index)
}

fn flip(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    let axes = axes(b, args, 1, x)?;
    reversed(b, x, &axes)
}

fn roll(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    let shifts = args.ints(b, 1)?;
    let axes = match args.dims(2) {
        Some(dims) => find_dims(&b.ty(x), dims)?,
        None => vec![super::axes::axis(b, args, 2, x)?],
    };
    if shifts.len() != 1 && shifts.len() != axes.len() {
        let message = format!("{} for {}", count_text(shifts.len(), "shift"), count_text(axes.len(), "dimension"));
        return Err(Diagnostic::at(Code::Rank, args.span_of(1), message));
    }
    axes.into_iter().zip(shifts.iter().cycle()).try_fold(x, |x, (axis, shift)| rolled(b, x, axis, *shift))
}

/// The elements moved up along an axis by an i64 scalar.
pub(super) fn rolled(b: &mut dyn Build, x: A, axis: usize, shift: A) -> Outcome<A> {
    let size = b.size(x, axis);
    // Of an empty dimension any cut will do, and 1 avoids a division by its size.
    let one = b.constant(Scalar::i64(1));
    let modulus = elementwise(b, Op::Maximum, &[size, one])?;
    let back = elementwise(b, Op::Neg, &[shift])?;
    let cut = elementwise(b, Op::Rem, &[back, modulus])?;
    let x = without_coords(b, x, &[axis])?;
    let (end, start) = (range(b, x, axis, Some(cut), None)?, range(b, x, axis, None, Some(cut))?);
    let rolled = b.concat(&[end, start], axis)?;
    let dims = b.ty(x).dims;
    b.rename(rolled, dims)
}

/// Casts to one dtype, and named dimensions in the first array's order.
pub(super) fn alike(b: &mut dyn Build, what: &str, arrays: Vec<A>) -> Outcome<Vec<A>> {
    let dtypes: Vec<_> = arrays.iter().map(|a| b.ty(*a).dtype).collect();
    let dtype = crate::types::promote::promote_or_fail(what, &dtypes)?;
    let first: Vec<DimRef> = arrays.first().map_or_else(Vec::new, |a| {
        b.ty(*a).dims.into_iter().filter_map(|dim| Some(DimRef::Name(dim.name?, crate::base::Span::default()))).collect()
    });
    let mut done = Vec::with_capacity(arrays.len());
    for a in arrays {
        let ty = b.ty(a);
        let a = match find_dims(&ty, &first) {
            Ok(order) if order.len() == ty.rank() => b.transpose(a, &order)?,
            _ => a,
        };
        done.push(cast(b, a, dtype)?);
    }
    Ok(done)
}

fn concat(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let arrays = alike(b, "concat", args.arrays()?)?;
    let axis = if args.dims(1).is_some() { super::axes::axis(b, args, 1, arrays[0])? } else { 0 };
    b.concat(&arrays, axis)
}

fn stack(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let arrays = alike(b, "stack", args.arrays()?)?;
    let (axis, name) = new_axis(b, args, arrays[0])?;
    let parts = arrays.into_iter().map(|a| named_axis(b, a, axis, name.clone())).collect::<Outcome<Vec<A>>>()?;
    b.concat(&parts, axis)
}

fn named(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    let names = args.dims(1).unwrap_or_default();
    let ty = b.ty(x);
    if names.len() != ty.rank() {
        let message = format!("{} given for the {} of {ty}", count_text(names.len(), "name"), count_text(ty.rank(), "dimension"));
        return Err(Diagnostic::at(Code::Rank, args.span_of(1), message));
    }
    let mut dims = ty.dims;
    for (dim, name) in dims.iter_mut().zip(names) {
        match name {
            DimRef::Name(name, _) => dim.name = Some(name.clone()).filter(|name| name != "_"),
            DimRef::Position(_, span) => {
                return Err(Diagnostic::at(Code::Type, *span, "a name is needed here").help("as in `x.named(row, col)`"));
            }
        }
    }
    b.rename(x, dims)
}

fn count_text(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

fn drop_coords(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    let axes = axes(b, args, 1, x)?;
    without_coords(b, x, &axes)
}

fn len(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let x = args.array(0)?;
    if b.ty(x).rank() == 0 {
        return Err(Diagnostic::at(Code::Rank, args.span_of(0), "a scalar has no length").help("`size(x)` of a scalar is 1"));
    }
    Ok(Value::Array(b.size(x, 0)))
}

fn shape(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let sizes = shape_of(b, args.array(0)?);
    Ok(Value::Tuple(sizes.into_iter().map(|size| Value::Array(extent(b, size))).collect()))
}

fn dims(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let dims = b.ty(args.array(0)?).dims;
    let name = |dim: Dim| Value::Text(dim.name.map_or_else(|| "_".into(), |name| name.to_string()));
    Ok(Value::Tuple(dims.into_iter().map(name).collect()))
}
