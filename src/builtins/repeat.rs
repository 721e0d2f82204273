//! Elements more than once: `tile`, `repeat`, `pad`.

use super::axes::{at, axis, bare, names_of, range, with_axis, with_names, without_coords};
use super::build::{A, Build, Extent, SliceArg, Value};
use super::edge::fold;
use super::parts::{ALL, add, built, cast, examples, extent, int, mul, optional, required, shape_of, sub};
use super::rearrange::reversed;
use super::shape::ravel;
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::{Array, DType, Scalar};
use crate::base::{Code, Diagnostic, Outcome};
use crate::types::dims::{dim_text, find_dims};
use crate::types::edge::Edge;

const X: Param = required("x", ParamKind::Array);
const ALONG: Param = optional("along", ParamKind::Dims, Default::Absent);

pub const TABLE: &[Builtin] = &[
    built(
        "tile",
        Family::Shape,
        &[X, required("times", ParamKind::Shape)],
        |b, args| tile(b, args).map(Value::Array),
        "`x` laid out so many times along its dimensions: `x.tile(2, 3)`.\n\
         Fewer numbers are of the last dimensions, more add dimensions in front. Dimensions lose their coordinates.",
        examples!["print(tile([1, 2], 2))" => "[1, 2, 1, 2]", "print(tile([1, 2], 2, 1))" => "[[1, 2], [1, 2]]"],
    ),
    built(
        "repeat",
        Family::Shape,
        &[X, required("times", ParamKind::Ints), ALONG],
        |b, args| repeat(b, args).map(Value::Array),
        "Every element so many times in a row, along a dimension or, where none is named, of all elements row-major.\n\
         `times` is one number, or one for each element that is known when the program is checked. The dimension loses its coordinate.",
        examples![
            "print(repeat([1, 2], 2))" => "[1, 1, 2, 2]",
            "print(repeat([[1, 2], [3, 4]], 2, along = 1))" => "[[1, 1, 2, 2], [3, 3, 4, 4]]",
            "print(repeat([5, 6, 7], [0, 2, 1]))" => "[6, 6, 7]",
        ],
    ),
    built(
        "pad",
        Family::Shape,
        &[
            X,
            required("width", ParamKind::Ints),
            ALONG,
            optional("mode", ParamKind::Text, Default::Text("constant")),
            optional("value", ParamKind::Array, Default::Absent),
        ],
        |b, args| pad(b, args).map(Value::Array),
        "`x` with more elements at its ends: `x.pad(1)`, `x.pad((2, 0), along = time)`, `x.pad(((1, 1), (0, 2)))`.\n\
         `width` is how many before and after, one number for both, or a pair for each of the dimensions `along` (all unless given). `mode`\n\
         says what they are: \"constant\" the `value` (0 unless given), \"edge\" the last element, \"wrap\" the other end, \"reflect\" a mirror\n\
         whose axis is the last element, \"symmetric\" a mirror behind it. Padded dimensions lose their coordinates. Beyond constants an empty\n\
         dimension is an error (K0507).",
        examples![
            "print(pad([1, 2, 3], (1, 2)))" => "[0, 1, 2, 3, 0, 0]",
            "print(pad([1, 2, 3], 2, mode = \"reflect\"))" => "[3, 2, 1, 2, 3, 2, 1]",
            "print(pad([1, 2, 3], 2, mode = \"wrap\"))" => "[2, 3, 1, 2, 3, 1, 2]",
        ],
    ),
];

/// Between every two axes of the result stand the repetitions: broadcasting and one reshape do all.
fn tile(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    let times = args.shape(1).to_vec();
    let mut names = names_of(b, x);
    let mut bare_x = bare(b, x)?;
    while b.ty(bare_x).rank() < times.len() {
        bare_x = with_axis(b, bare_x, 0)?;
        names.insert(0, None);
    }
    let rank = b.ty(bare_x).rank();
    let one = Extent::Known(1);
    let times: Vec<Extent> = std::iter::repeat_n(one, rank - times.len()).chain(times).collect();
    let sizes = shape_of(b, bare_x);
    let index: Vec<SliceArg> = (0..rank).flat_map(|_| [SliceArg::New, ALL]).collect();
    let spread = b.slice(bare_x, &index)?;
    let full: Vec<Extent> = times.iter().zip(&sizes).flat_map(|(times, size)| [*times, *size]).collect();
    let spread = b.broadcast(spread, &full)?;
    merged(b, spread, &times, &sizes, names)
}

/// Every two neighbouring axes as one, under the names.
fn merged(b: &mut dyn Build, spread: A, outer: &[Extent], inner: &[Extent], names: Vec<Option<crate::base::Name>>) -> Outcome<A> {
    let mut shape = Vec::with_capacity(outer.len());
    for (outer, inner) in outer.iter().zip(inner) {
        shape.push(match (outer, inner) {
            (Extent::Known(1), size) | (size, Extent::Known(1)) => *size,
            _ => {
                let (outer, inner) = (extent(b, *outer), extent(b, *inner));
                Extent::Value(mul(b, outer, inner)?)
            }
        });
    }
    let value = b.reshape(spread, &shape)?;
    with_names(b, value, names)
}

fn repeat(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let mut x = args.array(0)?;
    let axis = match args.dims(2) {
        Some(_) => axis(b, args, 2, x)?,
        None => {
            if b.ty(x).rank() != 1 {
                x = ravel(b, x)?;
            }
            0
        }
    };
    let times = args.ints(b, 1)?;
    let names = names_of(b, x);
    let bare_x = bare(b, x)?;
    if let [times] = times[..] {
        let sizes = shape_of(b, bare_x);
        let spread = with_axis(b, bare_x, axis + 1)?;
        let mut outer = sizes.clone();
        let mut inner = vec![Extent::Known(1); sizes.len()];
        inner[axis] = Extent::Value(times);
        let mut full = sizes;
        full.insert(axis + 1, inner[axis]);
        let spread = b.broadcast(spread, &full)?;
        // The other axes stand alone: they are merged with a size of 1.
        std::mem::swap(&mut outer, &mut inner);
        return merged(b, spread, &inner, &outer, names);
    }
    let times = args.known_ints(b, 1)?;
    let size = b.ty(bare_x).dims[axis].size.known();
    if size.is_some_and(|size| size != times.len() as u64) {
        let message = format!("{} repetitions for {} elements", times.len(), b.ty(bare_x).dims[axis].size);
        return Err(Diagnostic::at(Code::Shape, args.span_of(1), message).help("give one number, or one for each element"));
    }
    if let Some(times) = times.iter().find(|times| **times < 0) {
        return Err(Diagnostic::at(Code::Value, args.span_of(1), format!("{times} repetitions")).help("repetitions are 0 or more"));
    }
    let positions: Vec<Scalar> =
        times.iter().enumerate().flat_map(|(at, times)| std::iter::repeat_n(Scalar::i64(at as i64), *times as usize)).collect();
    let positions = b.array(&Array::from_scalars(DType::I64, &positions))?;
    let mut index = vec![ALL; axis];
    index.push(SliceArg::Take(positions, args.span_of(1)));
    let value = b.slice(bare_x, &index)?;
    with_names(b, value, names)
}

/// Under NumPy's names.
const MODES: [(&str, Edge); 5] = [
    ("constant", Edge::Constant),
    ("edge", Edge::Nearest),
    ("wrap", Edge::Wrap),
    ("reflect", Edge::Reflect),
    ("symmetric", Edge::Symmetric),
];

fn pad(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    let ty = b.ty(x);
    let axes = match args.dims(2) {
        Some(dims) => find_dims(&ty, dims)?,
        None => (0..ty.rank()).collect(),
    };
    let widths = args.ints(b, 1)?;
    let pairs: Vec<(A, A)> = match widths[..] {
        [both] => vec![(both, both); axes.len()],
        [before, after] => vec![(before, after); axes.len()],
        _ if widths.len() == 2 * axes.len() => widths.chunks(2).map(|pair| (pair[0], pair[1])).collect(),
        _ => {
            let message = format!("{} widths for {} dimensions", widths.len(), axes.len());
            return Err(Diagnostic::at(Code::Rank, args.span_of(1), message).help("one width, one pair, or a pair for each dimension"));
        }
    };
    let asked = args.text(3).unwrap_or("constant");
    let mode = MODES.iter().find(|(name, _)| *name == asked).map(|(_, mode)| *mode).ok_or_else(|| {
        let names: Vec<&str> = MODES.iter().map(|(name, _)| *name).collect();
        Diagnostic::at(Code::Value, args.span_of(3), format!("no mode \"{asked}\"")).help(format!("modes are {}", names.join(", ")))
    })?;
    let value = match args.optional_array(4) {
        Some(_) if mode != Edge::Constant => {
            return Err(Diagnostic::at(Code::Arguments, args.span_of(4), format!("mode \"{asked}\" takes no value")));
        }
        Some(value) => value,
        None => b.constant(Scalar { dtype: ty.dtype, bits: 0 }),
    };
    let value = cast(b, value, ty.dtype)?;
    let mut padded = x;
    for (axis, (before, after)) in axes.into_iter().zip(pairs) {
        padded = pad_along(b, padded, axis, (before, after), mode, value, args)?;
    }
    Ok(padded)
}

fn pad_along(b: &mut dyn Build, x: A, axis: usize, (before, after): (A, A), mode: Edge, value: A, args: &Args) -> Outcome<A> {
    let none = |b: &dyn Build, width: A| b.known(width).and_then(Scalar::as_int) == Some(0);
    if none(b, before) && none(b, after) {
        return Ok(x);
    }
    let ty = b.ty(x);
    for width in [before, after] {
        if let Some(width) = b.known(width).and_then(Scalar::as_int).filter(|width| *width < 0) {
            return Err(Diagnostic::at(Code::Value, args.span_of(1), format!("a width of {width}")).help("widths are 0 or more"));
        }
    }
    if mode != Edge::Constant && ty.dims[axis].size.known() == Some(0) {
        let message = format!("{} of {ty} is empty: it has no element to repeat", dim_text(&ty, axis));
        return Err(Diagnostic::at(Code::Value, args.span_of(0), message).help("pad it with a constant"));
    }
    let x = without_coords(b, x, &[axis])?;
    let mut parts = Vec::with_capacity(3);
    if !none(b, before) {
        parts.push(outside(b, x, axis, before, mode, value, true, args)?);
    }
    parts.push(x);
    if !none(b, after) {
        parts.push(outside(b, x, axis, after, mode, value, false, args)?);
    }
    let whole = b.concat(&parts, axis)?;
    let mut dims = b.ty(whole).dims;
    for (dim, own) in dims.iter_mut().zip(&ty.dims) {
        dim.name.clone_from(&own.name);
    }
    b.rename(whole, dims)
}

/// The elements before the first or after the last.
fn outside(b: &mut dyn Build, x: A, axis: usize, width: A, mode: Edge, value: A, before: bool, args: &Args) -> Outcome<A> {
    let mut shape = shape_of(b, x);
    let dims = b.ty(x).dims;
    let count = b.known(width).and_then(Scalar::as_int).map_or(Extent::Value(width), |width| Extent::Known(width as u64));
    shape[axis] = count;
    let size = b.size(x, axis);
    let one = int(b, 1);
    let part = match mode {
        Edge::Constant => b.broadcast(value, &shape)?,
        Edge::Nearest => {
            let position = if before { int(b, 0) } else { sub(b, size, one)? };
            let x = bare(b, x)?;
            let edge = at(b, x, axis, position, args.span)?;
            let edge = with_axis(b, edge, axis)?;
            b.broadcast(edge, &shape)?
        }
        _ => {
            let spared = if mode == Edge::Reflect { 1 } else { 0 };
            let fits = dims[axis]
                .size
                .known()
                .zip(b.known(width).and_then(Scalar::as_int))
                .filter(|(size, width)| *width <= i128::from(*size) - spared);
            match fits {
                Some((size, width)) => mirrored(b, x, axis, mode, before, size as i64, width as i64)?,
                None => {
                    let index = b.iota(count)?;
                    let beyond = if before { sub(b, index, width)? } else { add(b, index, size)? };
                    let positions = fold(b, beyond, size, mode)?;
                    let mut index = vec![ALL; axis];
                    index.push(SliceArg::Take(positions, args.span));
                    b.slice(x, &index)?
                }
            }
        }
    };
    let mut dims = dims;
    dims[axis].size = b.ty(part).dims[axis].size;
    b.rename(part, dims)
}

/// The part where it is one piece of the array, which has enough elements.
fn mirrored(b: &mut dyn Build, x: A, axis: usize, mode: Edge, before: bool, size: i64, width: i64) -> Outcome<A> {
    let (lo, hi) = match (mode, before) {
        (Edge::Wrap, true) | (Edge::Symmetric, false) => (size - width, size),
        (Edge::Reflect, true) => (1, width + 1),
        (Edge::Reflect, false) => (size - 1 - width, size - 1),
        _ => (0, width),
    };
    let (lo, hi) = (int(b, lo), int(b, hi));
    let part = range(b, x, axis, Some(lo), Some(hi))?;
    if mode == Edge::Wrap { Ok(part) } else { reversed(b, part, &[axis]) }
}
