//! Convolution and correlation: term by term, or through Fourier transforms where both are long. A long line goes block by block, each
//! block's result laid over the next one's start (overlap-add).

use super::axes::axis;
use super::build::fourier::{Fourier, Kind, Scale};
use super::build::{A, Build, Extent, Routine, SliceArg, Value};
use super::matrices::nameless;
use super::order::along_axis;
use super::parts::{ALL, built, cast, elementwise, examples, extent, floated, number, optional, required, shape_of};
use super::rearrange::reversed;
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::{ArrayTy, DType, Dim, Scalar, Size};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;
use crate::types::promote::promote_or_fail;

/// Elements of a block of a long line.
const BLOCK: u64 = 1 << 16;
/// Terms from which transforms are faster.
const MANY: u64 = 256;

const X: Param = required("x", ParamKind::Array);
const Y: Param = required("y", ParamKind::Array);
const MODE: Param = optional("mode", ParamKind::Text, Default::Absent);
const LINES: &[Param] = &[X, Y, MODE, optional("along", ParamKind::Dims, Default::Absent)];

pub const TABLE: &[Builtin] = &[
    built(
        "convolve",
        Family::Fourier,
        LINES,
        |b, args| convolve(b, args, false).map(Value::Array),
        "The convolution of two vectors: element k is the sum of `x[i] * y[k - i]`. Of an array `x` that of every line along a dimension:\n\
         `x.convolve([0.25, 0.5, 0.25], \"same\", along = time)`.\n\
         `mode` is \"full\" (n + m - 1 elements), \"same\" (as many as the longer has, from the middle) or \"valid\" (where they overlap whole). dtypes\n\
         are promoted; integers wrap. Term by term in n·m operations; where both are floats or complex numbers of 256 elements or more through\n\
         Fourier transforms, in n·log m, exact to rounding of the largest. Out of core along the longer one; of an array a line fits in memory.",
        examples![
            "print(convolve([[1, 2, 3], [4, 5, 6]], [1, 1], along = 1))" => "[[1, 3, 5, 3], [4, 9, 11, 6]]",
            "print(convolve([1, 2, 3], [1, 10]))" => "[1, 12, 23, 30]", "print(convolve([1, 2, 3], [1, 10], \"valid\"))" => "[12, 23]"],
    ),
    built(
        "correlate",
        Family::Fourier,
        LINES,
        |b, args| convolve(b, args, true).map(Value::Array),
        "The correlation of two vectors: element k is the sum of `x[i + k] * conj(y[i])`; \"valid\" unless another `mode` is given. See `convolve`.",
        examples!["print(correlate([1, 2, 3], [1, 10]))" => "[21, 32]"],
    ),
    built(
        "fftconvolve",
        Family::Fourier,
        &[X, Y, MODE],
        |b, args| fftconvolve(b, args).map(Value::Array),
        "The convolution over all dimensions of two arrays of one rank, through Fourier transforms: `f32 f64 c64 c128`, integers as `f64`.\n\
         Modes as in `convolve`, along each dimension; of \"same\" the sizes are those of `x`. As SciPy's.",
        examples!["x = fftconvolve([[1.0, 2.0], [3.0, 4.0]], [[1.0, 1.0]])\nprint(allclose(x, [[1, 3, 2], [3, 7, 4]]))" => "true"],
    ),
];

/// The part of a full convolution that is wanted.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Full,
    Same,
    Valid,
}

fn mode(args: &Args, otherwise: Mode) -> Outcome<Mode> {
    match args.text(2) {
        None => Ok(otherwise),
        Some("full") => Ok(Mode::Full),
        Some("same") => Ok(Mode::Same),
        Some("valid") => Ok(Mode::Valid),
        Some(other) => {
            let error = Diagnostic::at(Code::Value, args.span_of(2), format!("no mode is called {other:?}"));
            Err(error.help("there are \"full\", \"same\" and \"valid\""))
        }
    }
}

fn convolve(b: &mut dyn Build, args: &Args, correlated: bool) -> Outcome<A> {
    let (x, y) = (args.array(0)?, args.array(1)?);
    let (axis, own, ty) = (axis(b, args, 3, x)?, b.ty(x), b.ty(y));
    if ty.rank() != 1 {
        let error = Diagnostic::at(Code::Rank, args.span_of(1), format!("lines are convolved with a vector, found {ty}"));
        return Err(error.help("`fftconvolve` takes arrays of any rank"));
    }
    let mode = mode(args, if correlated { Mode::Valid } else { Mode::Full })?;
    let common = promote_or_fail("convolve", &[b.ty(x).dtype, b.ty(y).dtype])?;
    if common.is_time() {
        return Err(Diagnostic::new(Code::Dtype, format!("`convolve` is not defined for {common}")));
    }
    let dtype = if common == DType::Bool { DType::I64 } else { common };
    let (x, mut y) = (cast(b, x, dtype)?, cast(b, y, dtype)?);
    if correlated {
        y = reversed(b, y, &[0])?;
        if dtype.is_complex() {
            y = elementwise(b, Op::Conj, &[y])?;
        }
    }
    let (n, m) = (b.size(x, axis), b.size(y, 0));
    let full = match (b.ty(x).dims[axis].size, b.ty(y).dims[0].size) {
        _ if own.rank() > 1 => lines(b, x, y, axis)?,
        (Size::Known(n), Size::Known(m)) if n < m => blocked(b, y, x, m, n)?,
        (Size::Known(n), Size::Known(m)) => blocked(b, x, y, n, m)?,
        _ => direct(b, x, y)?,
    };
    // Where the middle lies between two elements, NumPy correlates from the other one when the first is shorter.
    let (shorter, longer) = (elementwise(b, Op::Minimum, &[n, m])?, elementwise(b, Op::Maximum, &[n, m])?);
    let one = b.constant(Scalar::i64(1));
    let edge = elementwise(b, Op::Sub, &[shorter, one])?;
    let (start, count) = match mode {
        Mode::Full => return under_names(b, full, &own, axis),
        Mode::Same => {
            let two = b.constant(Scalar::i64(2));
            let half = elementwise(b, Op::FloorDiv, &[edge, two])?;
            let start = if correlated {
                let turned = elementwise(b, Op::Lt, &[n, m])?;
                let other = elementwise(b, Op::Sub, &[edge, half])?;
                elementwise(b, Op::Select, &[turned, other, half])?
            } else {
                half
            };
            (start, longer)
        }
        Mode::Valid => (edge, elementwise(b, Op::Sub, &[longer, edge])?),
    };
    let value = part(b, full, axis, start, count)?;
    under_names(b, value, &own, axis)
}

/// With the dimensions of an array where lines along one of them were convolved; a vector has its own.
fn under_names(b: &mut dyn Build, x: A, own: &ArrayTy, axis: usize) -> Outcome<A> {
    if own.rank() == 1 {
        return Ok(x);
    }
    let size = b.ty(x).dims[axis].size;
    let mut dims = own.dims.clone();
    dims[axis] = Dim { size, coord: None, ..dims[axis].clone() };
    b.rename(x, dims)
}

/// The full convolution of every line along an axis with one.
fn lines(b: &mut dyn Build, x: A, taps: A, axis: usize) -> Outcome<A> {
    let (x, taps) = (nameless(b, x)?, nameless(b, taps)?);
    let dtype = b.ty(x).dtype;
    let last = b.ty(x).rank() - 1;
    let sizes = b.ty(x).dims[axis].size.known().zip(b.ty(taps).dims[0].size.known());
    along_axis(b, x, axis, |b, lines| match sizes {
        Some((n, m)) if n.min(m) >= MANY && (dtype.is_float() || dtype.is_complex()) => {
            let whole = of_lines(b, lines, taps, (n + m - 1).next_power_of_two())?;
            let (zero, end) = (b.constant(Scalar::i64(0)), b.constant(Scalar::i64((n + m - 1) as i64)));
            part(b, whole, last, zero, end)
        }
        _ => {
            let mut shape = shape_of(b, lines);
            shape[last] = Extent::Value(b.size(taps, 0));
            let taps = b.broadcast(taps, &shape)?;
            direct(b, lines, taps)
        }
    })
}

/// `count` elements along an axis, from `start` on.
fn part(b: &mut dyn Build, x: A, axis: usize, start: A, count: A) -> Outcome<A> {
    let end = elementwise(b, Op::Add, &[start, count])?;
    let mut index = vec![ALL; axis];
    index.push(SliceArg::Range { lo: Some(start), hi: Some(end), step: 1 });
    b.slice(x, &index)
}

fn direct(b: &mut dyn Build, x: A, y: A) -> Outcome<A> {
    Ok(b.routine(Routine::Convolve, &[x, y])?[0])
}

/// The convolution of the lines of a matrix with one line, at least n + m - 1 elements of it; `size` is that number or more.
fn of_lines(b: &mut dyn Build, lines: A, taps: A, size: u64) -> Outcome<A> {
    let dtype = b.ty(lines).dtype;
    let (there, back) = if dtype.is_complex() { (Kind::Forward, Kind::Inverse) } else { (Kind::FromReal, Kind::ToReal) };
    let size = Size::Known(size);
    let there = Routine::Fourier(Fourier { kind: there, size, scale: Scale::One });
    let (x, y) = (b.routine(there, &[lines])?[0], b.routine(there, &[taps])?[0]);
    let product = elementwise(b, Op::Mul, &[x, y])?;
    let back = Routine::Fourier(Fourier { kind: back, size, scale: Scale::Whole });
    Ok(b.routine(back, &[product])?[0])
}

/// The full convolution of a line of n elements with a shorter one of m.
fn blocked(b: &mut dyn Build, x: A, taps: A, n: u64, m: u64) -> Outcome<A> {
    let dtype = b.ty(x).dtype;
    let transformed = m >= MANY && (dtype.is_float() || dtype.is_complex());
    // A block and what it adds to the next one: for transforms a power of two.
    let (length, size) = if transformed {
        let size = (4 * m).max(BLOCK).min((n + m - 1).max(2 * m)).next_power_of_two();
        (size - (m - 1), size)
    } else {
        let length = BLOCK.max(m);
        (length, length + m - 1)
    };
    if m == 0 || n <= length && !transformed {
        return direct(b, x, taps);
    }
    let count = n.div_ceil(length);
    let name = b.ty(x).dims[0].name.clone();
    let x = nameless(b, x)?;
    let taps = nameless(b, taps)?;
    let zeros = |b: &mut dyn Build, shape: &[u64]| {
        let zero = number(b, dtype, 0.0);
        b.broadcast(zero, &shape.iter().map(|size| Extent::Known(*size)).collect::<Vec<_>>())
    };
    let more = zeros(b, &[count * length - n])?;
    let filled = if count * length == n { x } else { b.concat(&[x, more], 0)? };
    let lines = b.reshape(filled, &[Extent::Known(count), Extent::Known(length)])?;
    let results = if transformed {
        of_lines(b, lines, taps, size)?
    } else {
        let repeated = b.broadcast(taps, &[Extent::Known(count), Extent::Known(m)])?;
        direct(b, lines, repeated)?
    };
    let cut = b.constant(Scalar::i64(length as i64));
    let heads = b.slice(results, &[ALL, SliceArg::Range { lo: None, hi: Some(cut), step: 1 }])?;
    let mut tails = b.slice(results, &[ALL, SliceArg::Range { lo: Some(cut), hi: None, step: 1 }])?;
    if length > m - 1 {
        let right = zeros(b, &[count, length - (m - 1)])?;
        tails = b.concat(&[tails, right], 1)?;
    } else {
        let end = b.constant(Scalar::i64(length as i64));
        tails = b.slice(tails, &[ALL, SliceArg::Range { lo: None, hi: Some(end), step: 1 }])?;
    }
    let row = zeros(b, &[1, length])?;
    let (heads, tails) = (b.concat(&[heads, row], 0)?, b.concat(&[row, tails], 0)?);
    let sum = elementwise(b, Op::Add, &[heads, tails])?;
    let line = b.reshape(sum, &[Extent::Known((count + 1) * length)])?;
    let end = b.constant(Scalar::i64((n + m - 1) as i64));
    let value = b.slice(line, &[SliceArg::Range { lo: None, hi: Some(end), step: 1 }])?;
    let mut dims = b.ty(value).dims;
    dims[0].name = name;
    b.rename(value, dims)
}

fn fftconvolve(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (x, y) = (floated(b, args.array(0)?)?, floated(b, args.array(1)?)?);
    let (tx, ty) = (b.ty(x), b.ty(y));
    if tx.rank() != ty.rank() || tx.rank() == 0 {
        let message = format!("arrays of one rank are convolved, found {tx} and {ty}");
        return Err(Diagnostic::at(Code::Rank, args.span_of(1), message).help("`y[.., new]` adds a dimension"));
    }
    let mode = mode(args, Mode::Full)?;
    let dtype = promote_or_fail("fftconvolve", &[tx.dtype, ty.dtype])?;
    let (x, y) = (cast(b, x, dtype)?, cast(b, y, dtype)?);
    let (nx, ny) = (nameless(b, x)?, nameless(b, y)?);
    let one = b.constant(Scalar::i64(1));
    let mut sizes = Vec::new();
    for (p, q) in shape_of(b, nx).into_iter().zip(shape_of(b, ny)) {
        let (p, q) = (extent(b, p), extent(b, q));
        let sum = elementwise(b, Op::Add, &[p, q])?;
        sizes.push((p, q, elementwise(b, Op::Sub, &[sum, one])?));
    }
    let shape: Vec<A> = sizes.iter().map(|(_, _, full)| *full).collect();
    let (there, back) = if dtype.is_complex() { (Kind::Forward, Kind::Inverse) } else { (Kind::FromReal, Kind::ToReal) };
    let (left, right) =
        (super::fourier::over_all(b, nx, &shape, there, Scale::One)?, super::fourier::over_all(b, ny, &shape, there, Scale::One)?);
    let product = elementwise(b, Op::Mul, &[left, right])?;
    let mut value = super::fourier::over_all(b, product, &shape, back, Scale::Whole)?;
    let two = b.constant(Scalar::i64(2));
    for (axis, (p, q, full)) in sizes.into_iter().enumerate() {
        let (start, count) = match mode {
            Mode::Full => continue,
            Mode::Same => {
                let more = elementwise(b, Op::Sub, &[full, p])?;
                (elementwise(b, Op::FloorDiv, &[more, two])?, p)
            }
            Mode::Valid => {
                let (shorter, longer) = (elementwise(b, Op::Minimum, &[p, q])?, elementwise(b, Op::Maximum, &[p, q])?);
                let edge = elementwise(b, Op::Sub, &[shorter, one])?;
                (edge, elementwise(b, Op::Sub, &[longer, edge])?)
            }
        };
        value = part(b, value, axis, start, count)?;
    }
    let mut dims = b.ty(value).dims;
    dims.iter_mut().zip(&tx.dims).for_each(|(dim, own)| dim.name = own.name.clone());
    b.rename(value, dims)
}
