//! Discrete Fourier transforms along one or several dimensions. A transform over several is one after another, each line by line, so that
//! only lines need to fit in memory.

use super::axes::{axes, axis};
use super::build::fourier::{Fourier, Kind, Scale};
use super::build::{A, Build, Extent, Routine, Value};
use super::order::along_axis;
use super::parts::{built, cast, elementwise, examples, floated, number, optional, required};
use super::shape::rolled;
use super::{Args, Builtin, Default, Example, Family, Param, ParamKind};
use crate::array::{DType, Scalar, Size};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;

const X: Param = required("x", ParamKind::Array);
const ALONG: Param = optional("along", ParamKind::Dims, Default::Absent);
const OVER: Param = optional("over", ParamKind::Dims, Default::Absent);
const N: Param = optional("n", ParamKind::Int, Default::Absent);
const NORM: Param = optional("norm", ParamKind::Text, Default::Absent);
const SHAPE: Param = optional("shape", ParamKind::Shape, Default::Absent);
/// Of transforms along one dimension.
const LINE: &[Param] = &[X, ALONG, N, NORM];
/// Of transforms over several.
const SEVERAL: &[Param] = &[X, OVER, NORM, SHAPE];

pub const TABLE: &[Builtin] = &[
    line(
        "fft",
        |b, args| along(b, args, Kind::Forward),
        "The discrete Fourier transform along a dimension, which must be named unless it is the only one: `x.fft(along = time)`.\n\
         `n` cuts the dimension, or fills it up with zeros. `norm` is \"backward\" (the inverse divides by n), \"ortho\" (both divide by its\n\
         root) or \"forward\". `f32` gives `c64`, `c64` stays, others give `c128`. The dimension keeps its name and loses its coordinate.\n\
         O(n log n) for each line, for every n; a line has to fit in memory.",
        examples!["x = fft([1.0, 2.0, 3.0, 4.0])\nprint(x.real, x.imag)" => "[10.0, -2.0, -2.0, -2.0] [0.0, 2.0, 0.0, -2.0]"],
    ),
    line(
        "ifft",
        |b, args| along(b, args, Kind::Inverse),
        "The inverse of `fft`, with its parameters.",
        examples!["print(ifft(fft([1.0, 2.0, 3.0, 4.0])).real)" => "[1.0, 2.0, 3.0, 4.0]"],
    ),
    line(
        "rfft",
        |b, args| along(b, args, Kind::FromReal),
        "The Fourier transform of real numbers along a dimension: the n // 2 + 1 frequencies from 0 up; the others mirror them.\n\
         Parameters as for `fft`, twice its speed.",
        examples!["x = rfft([1.0, 2.0, 3.0, 4.0])\nprint(x.real, x.imag)" => "[10.0, -2.0, -2.0] [0.0, 2.0, 0.0]"],
    ),
    line(
        "irfft",
        |b, args| along(b, args, Kind::ToReal),
        "The inverse of `rfft`: `n` real numbers, twice the size of the dimension less 2 unless given. Parameters as for `fft`.\n\
         An odd n must be given. The imaginary parts of what must be real are not looked at.",
        examples!["print(irfft(rfft([1.0, 2.0, 4.0]), n = 3))" => "[1.0, 2.0, 4.0]"],
    ),
    line(
        "hfft",
        |b, args| hermitian(b, args, Kind::ToReal),
        "The Fourier transform, which is real, of `n` numbers whose second half mirrors the first; only that first half is given. See `irfft`.",
        examples!["print(hfft([1.0, 2.0, 3.0]))" => "[8.0, -2.0, 0.0, -2.0]"],
    ),
    line(
        "ihfft",
        |b, args| hermitian(b, args, Kind::FromReal),
        "The inverse of `hfft`: the first half of the inverse transform of real numbers.",
        examples!["print(ihfft([8.0, -2.0, 0.0, -2.0]).real)" => "[1.0, 2.0, 3.0]"],
    ),
    several(
        "fft2",
        |b, args| over(b, args, Kind::Forward, true),
        "The Fourier transform over two dimensions, the last two unless named: `x.fft2(over = (lat, lon))`. See `fftn`.",
        examples!["print(fft2([[1.0, 2.0], [3.0, 4.0]]).real)" => "[[10.0, -2.0], [-4.0, 0.0]]"],
    ),
    several(
        "ifft2",
        |b, args| over(b, args, Kind::Inverse, true),
        "The inverse of `fft2`.",
        examples!["print(ifft2([[10.0, -2.0], [-4.0, 0.0]]).real)" => "[[1.0, 2.0], [3.0, 4.0]]"],
    ),
    several(
        "rfft2",
        |b, args| over(b, args, Kind::FromReal, true),
        "`fft2` of real numbers, with half of the frequencies along the last of the dimensions. See `rfft`.",
        examples!["print(rfft2([[1.0, 2.0, 3.0], [3.0, 4.0, 5.0]]).shape)" => "(2, 2)"],
    ),
    several(
        "irfft2",
        |b, args| over(b, args, Kind::ToReal, true),
        "The inverse of `rfft2`; an odd size of the last dimension must be given as `shape`.",
        examples!["print(irfft2(rfft2([[1.0, 2.0], [3.0, 4.0]])))" => "[[1.0, 2.0], [3.0, 4.0]]"],
    ),
    several(
        "fftn",
        |b, args| over(b, args, Kind::Forward, false),
        "The Fourier transform over several dimensions, all unless named: `x.fftn(over = (time, lat))`.\n\
         `shape` cuts them, or fills them up with zeros: one size for each, in their order. `norm` as for `fft`. It is a transform along one\n\
         dimension after another; only lines have to fit in memory.",
        examples!["print(fftn([[1.0, 2.0], [3.0, 4.0]]).real)" => "[[10.0, -2.0], [-4.0, 0.0]]"],
    ),
    several(
        "ifftn",
        |b, args| over(b, args, Kind::Inverse, false),
        "The inverse of `fftn`.",
        examples!["print(ifftn([[10.0, -2.0], [-4.0, 0.0]]).real)" => "[[1.0, 2.0], [3.0, 4.0]]"],
    ),
    several(
        "rfftn",
        |b, args| over(b, args, Kind::FromReal, false),
        "`fftn` of real numbers, with half of the frequencies along the last of the dimensions. See `rfft`.",
        examples!["print(rfftn(ones(3, 4)).shape)" => "(3, 3)"],
    ),
    several(
        "irfftn",
        |b, args| over(b, args, Kind::ToReal, false),
        "The inverse of `rfftn`; an odd size of the last dimension must be given as `shape`.",
        examples!["print(irfftn(rfftn([[1.0, 2.0, 4.0]]), shape = (1, 3)))" => "[[1.0, 2.0, 4.0]]"],
    ),
    built(
        "fftfreq",
        Family::Fourier,
        &[required("n", ParamKind::Int), optional("d", ParamKind::Array, Default::Float(1.0))],
        |b, args| fftfreq(b, args).map(Value::Array),
        "The frequencies of `fft` of `n` points that are `d` apart, in cycles for each unit of `d`: 0 and up, then the negative ones.",
        examples!["print(fftfreq(4, 0.5))" => "[0.0, 0.5, -1.0, -0.5]"],
    ),
    built(
        "rfftfreq",
        Family::Fourier,
        &[required("n", ParamKind::Int), optional("d", ParamKind::Array, Default::Float(1.0))],
        |b, args| rfftfreq(b, args).map(Value::Array),
        "The frequencies of `rfft` of `n` points that are `d` apart. See `fftfreq`.",
        examples!["print(rfftfreq(4))" => "[0.0, 0.25, 0.5]"],
    ),
    built(
        "fftshift",
        Family::Fourier,
        &[X, OVER],
        |b, args| shifted(b, args, false).map(Value::Array),
        "The elements moved so that frequency 0 is in the middle of the dimensions named, or of all.",
        examples!["print(fftshift([0, 1, 2, -2, -1]))" => "[-2, -1, 0, 1, 2]"],
    ),
    built(
        "ifftshift",
        Family::Fourier,
        &[X, OVER],
        |b, args| shifted(b, args, true).map(Value::Array),
        "The inverse of `fftshift`.",
        examples!["print(ifftshift([-2, -1, 0, 1, 2]))" => "[0, 1, 2, -2, -1]"],
    ),
];

const fn line(
    name: &'static str,
    define: fn(&mut dyn Build, &Args) -> Outcome<Value>,
    doc: &'static str,
    examples: &'static [Example],
) -> Builtin {
    built(name, Family::Fourier, LINE, define, doc, examples)
}

const fn several(
    name: &'static str,
    define: fn(&mut dyn Build, &Args) -> Outcome<Value>,
    doc: &'static str,
    examples: &'static [Example],
) -> Builtin {
    built(name, Family::Fourier, SEVERAL, define, doc, examples)
}

fn is_inverse(kind: Kind) -> bool {
    matches!(kind, Kind::Inverse | Kind::ToReal)
}

/// What a transform is multiplied with, by the name of the norm.
fn scale(args: &Args, at: usize, inverse: bool) -> Outcome<Scale> {
    match (args.text(at), inverse) {
        (None | Some("backward"), true) | (Some("forward"), false) => Ok(Scale::Whole),
        (None | Some("backward"), false) | (Some("forward"), true) => Ok(Scale::One),
        (Some("ortho"), _) => Ok(Scale::Root),
        (Some(other), _) => {
            let error = Diagnostic::at(Code::Value, args.span_of(at), format!("no norm is called {other:?}"));
            Err(error.help("there are \"backward\", \"ortho\" and \"forward\""))
        }
    }
}

/// The elements in the dtype that a transform takes.
fn prepared(b: &mut dyn Build, x: A, kind: Kind) -> Outcome<A> {
    let x = floated(b, x)?;
    let dtype = b.ty(x).dtype;
    match kind {
        Kind::FromReal if dtype.is_complex() => {
            let error = Diagnostic::new(Code::Dtype, format!("real numbers are needed, found {dtype}"));
            Err(error.help("`fft` transforms complex numbers; `x.real` is the real part"))
        }
        Kind::FromReal => Ok(x),
        _ => cast(b, x, dtype.complex()),
    }
}

/// The size that a scalar of the program is.
fn size_of(b: &mut dyn Build, n: A) -> Outcome<Size> {
    let iota = b.iota(Extent::Value(n))?;
    Ok(b.ty(iota).dims[0].size)
}

/// The transform along one axis, of `n` elements where that is given.
fn transform(b: &mut dyn Build, x: A, axis: usize, n: Option<A>, kind: Kind, scale: Scale) -> Outcome<A> {
    let n = match (n, kind) {
        (Some(n), _) => n,
        (None, Kind::ToReal) => {
            let (size, one, two) = (b.size(x, axis), b.constant(Scalar::i64(1)), b.constant(Scalar::i64(2)));
            let steps = elementwise(b, Op::Sub, &[size, one])?;
            // Of one frequency NumPy makes no element, which is an error; of none too.
            let zero = b.constant(Scalar::i64(0));
            let steps = elementwise(b, Op::Maximum, &[steps, zero])?;
            elementwise(b, Op::Mul, &[steps, two])?
        }
        (None, _) => b.size(x, axis),
    };
    let size = size_of(b, n)?;
    let routine = Routine::Fourier(Fourier { kind, size, scale });
    along_axis(b, x, axis, |b, lines| Ok(b.routine(routine, &[lines])?[0]))
}

/// The number of elements that a call gives.
fn given(b: &mut dyn Build, args: &Args, at: usize) -> Outcome<Option<A>> {
    args.optional_array(at).map(|_| args.integer(b, at)).transpose()
}

fn along(b: &mut dyn Build, args: &Args, kind: Kind) -> Outcome<Value> {
    let x = args.array(0)?;
    let axis = axis(b, args, 1, x)?;
    let (n, scale) = (given(b, args, 2)?, scale(args, 3, is_inverse(kind))?);
    let x = prepared(b, x, kind)?;
    transform(b, x, axis, n, kind, scale).map(Value::Array)
}

/// Transforms of lines that are the mirrored half of others: those of real lines with the directions swapped.
fn hermitian(b: &mut dyn Build, args: &Args, kind: Kind) -> Outcome<Value> {
    let x = args.array(0)?;
    let axis = axis(b, args, 1, x)?;
    let (n, scale) = (given(b, args, 2)?, scale(args, 3, kind == Kind::FromReal)?);
    let mut x = prepared(b, x, kind)?;
    if kind == Kind::ToReal {
        x = elementwise(b, Op::Conj, &[x])?;
    }
    let mut value = transform(b, x, axis, n, kind, scale)?;
    if kind == Kind::FromReal {
        value = elementwise(b, Op::Conj, &[value])?;
    }
    Ok(Value::Array(value))
}

/// A transform over several axes.
fn over(b: &mut dyn Build, args: &Args, kind: Kind, two: bool) -> Outcome<Value> {
    let x = args.array(0)?;
    let ty = b.ty(x);
    let axes = match args.dims(1) {
        Some(dims) => crate::types::dims::find_dims(&ty, dims)?,
        None if two && ty.rank() < 2 => {
            return Err(Diagnostic::at(Code::Rank, args.span_of(0), format!("two dimensions are needed, found {ty}")));
        }
        None if two => vec![ty.rank() - 2, ty.rank() - 1],
        None => (0..ty.rank()).collect(),
    };
    if two && axes.len() != 2 {
        let message = format!("two dimensions are needed here, found {}", axes.len());
        return Err(Diagnostic::at(Code::Rank, args.span_of(1), message));
    }
    let shape = args.shape(3);
    if !shape.is_empty() && shape.len() != axes.len() {
        let message = format!("{} sizes for {} dimensions", shape.len(), axes.len());
        return Err(Diagnostic::at(Code::Rank, args.span_of(3), message));
    }
    let scale = scale(args, 2, is_inverse(kind))?;
    let x = prepared(b, x, kind)?;
    let sizes: Vec<Option<A>> = (0..axes.len()).map(|at| shape.get(at).map(|size| super::parts::extent(b, *size))).collect();
    chain(b, x, &axes, &sizes, kind, scale).map(Value::Array)
}

/// One transform after another. Of real numbers the last axis is transformed first, or back to them last.
fn chain(b: &mut dyn Build, x: A, axes: &[usize], sizes: &[Option<A>], kind: Kind, scale: Scale) -> Outcome<A> {
    let mut value = x;
    let Some((last, others)) = axes.split_last() else { return Ok(value) };
    let whole = if is_inverse(kind) { Kind::Inverse } else { Kind::Forward };
    let end = sizes[others.len()];
    if kind != Kind::ToReal {
        value = transform(b, value, *last, end, kind, scale)?;
    }
    for (axis, size) in others.iter().zip(sizes).rev() {
        value = transform(b, value, *axis, *size, whole, scale)?;
    }
    if kind == Kind::ToReal {
        value = transform(b, value, *last, end, kind, scale)?;
    }
    Ok(value)
}

/// A transform over all axes to a shape, of numbers of a dtype that it takes.
pub(super) fn over_all(b: &mut dyn Build, x: A, shape: &[A], kind: Kind, scale: Scale) -> Outcome<A> {
    let axes: Vec<usize> = (0..shape.len()).collect();
    let sizes: Vec<Option<A>> = shape.iter().copied().map(Some).collect();
    chain(b, x, &axes, &sizes, kind, scale)
}

/// Numbers over n times d.
fn frequencies(b: &mut dyn Build, args: &Args, numbers: A, n: A) -> Outcome<A> {
    let (n, d) = (cast(b, n, DType::F64)?, cast(b, args.array(1)?, DType::F64)?);
    let one = number(b, DType::F64, 1.0);
    let extent = elementwise(b, Op::Mul, &[n, d])?;
    let step = elementwise(b, Op::Div, &[one, extent])?;
    elementwise(b, Op::Mul, &[numbers, step])
}

fn fftfreq(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let n = args.integer(b, 0)?;
    let (one, two) = (b.constant(Scalar::i64(1)), b.constant(Scalar::i64(2)));
    let index = b.iota(Extent::Value(n))?;
    let more = elementwise(b, Op::Add, &[n, one])?;
    let half = elementwise(b, Op::FloorDiv, &[more, two])?;
    let (low, mirrored) = (elementwise(b, Op::Lt, &[index, half])?, elementwise(b, Op::Sub, &[index, n])?);
    let numbers = elementwise(b, Op::Select, &[low, index, mirrored])?;
    let numbers = cast(b, numbers, DType::F64)?;
    frequencies(b, args, numbers, n)
}

fn rfftfreq(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let n = args.integer(b, 0)?;
    let (one, two) = (b.constant(Scalar::i64(1)), b.constant(Scalar::i64(2)));
    let half = elementwise(b, Op::FloorDiv, &[n, two])?;
    let count = elementwise(b, Op::Add, &[half, one])?;
    let index = b.iota(Extent::Value(count))?;
    let numbers = cast(b, index, DType::F64)?;
    frequencies(b, args, numbers, n)
}

fn shifted(b: &mut dyn Build, args: &Args, back: bool) -> Outcome<A> {
    let x = args.array(0)?;
    let mut value = x;
    for axis in axes(b, args, 1, x)? {
        let (size, two) = (b.size(x, axis), b.constant(Scalar::i64(2)));
        let half = elementwise(b, Op::FloorDiv, &[size, two])?;
        let by = if back { elementwise(b, Op::Neg, &[half])? } else { half };
        value = rolled(b, value, axis, by)?;
    }
    Ok(value)
}
