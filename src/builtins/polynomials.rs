//! Polynomials: their values, their powers as a matrix, and the ones that fit data best.

use super::axes::{at, axis, bare, count, names_of, with_axis, with_names};
use super::build::{A, Build, Extent, Matrix, Routine, Value};
use super::fill::places;
use super::matrices::{qr, turned};
use super::parts::{add, built, cast, div, elementwise, examples, int, mul, optional, required, shape_of, sub};
use super::reductions::sum;
use super::{Args, Builtin, Default, Family, ParamKind};
use crate::array::DType;
use crate::base::{Code, Diagnostic, Name, Outcome};
use crate::ops::ScalarOp as Op;
use crate::types::promote::promote_or_fail;

/// Coefficients that are written out one by one.
const MOST: u64 = 100;

pub const TABLE: &[Builtin] = &[
    built(
        "polyval",
        Family::Elementwise,
        &[required("coefficients", ParamKind::Array), required("x", ParamKind::Array)],
        |b, args| polyval(b, args).map(Value::Array),
        "The value of a polynomial at `x`; its coefficients are a vector of at most 100, the highest power first. By Horner's rule.",
        examples!["print(polyval([1, 0, -2], [1, 2, 3]))" => "[-1, 2, 7]"],
    ),
    built(
        "polyfit",
        Family::Linear,
        &[
            required("y", ParamKind::Array),
            required("degree", ParamKind::Flag),
            optional("x", ParamKind::Apart, Default::Absent),
            optional("along", ParamKind::Dims, Default::Absent),
        ],
        |b, args| polyfit(b, args).map(Value::Array),
        "The coefficients, the highest power first, of the polynomials that are nearest to lines of `y` in the sum of squares.\n\
         `x` are the places of the elements along the dimension: a vector, or what is left out, the dimension's coordinate, else positions. The\n\
         result has a first dimension, `degree`, and the others of `y`. `f64`, or `c128`. By the QR decomposition of the scaled powers, once for\n\
         all lines, and one pass over `y`: out of core. A line with NaN gives NaN. Times are in microseconds since the first.",
        examples![
            "print(polyfit([1.0, 3.0, 5.0, 7.0], 1).round(12))" => "[2.0, 1.0]",
            "print(polyfit([0.0, 1.0, 4.0], 2, x = [0.0, 1.0, 2.0]).round(12) + 0.0)" => "[1.0, 0.0, 0.0]",
        ],
    ),
    built(
        "vander",
        Family::Linear,
        &[
            required("x", ParamKind::Array),
            optional("columns", ParamKind::Int, Default::Absent),
            optional("increasing", ParamKind::Flag, Default::Bool(false)),
        ],
        |b, args| vander(b, args).map(Value::Array),
        "The powers of a vector's elements, a matrix: column j holds `x ** (columns - 1 - j)`, or `x ** j` with `increasing = true`.\n\
         As many columns as elements unless given.",
        examples!["print(vander([1, 2, 3], 3))" => "[[1, 1, 1], [4, 2, 1], [9, 3, 1]]"],
    ),
];

/// The known number of elements of a short vector.
fn short(b: &dyn Build, x: A, args: &Args, place: usize, what: &str) -> Outcome<u64> {
    let ty = b.ty(x);
    let [dim] = ty.dims.as_slice() else {
        return Err(Diagnostic::at(Code::Rank, args.span_of(place), format!("{what} is a vector, found {ty}")));
    };
    let Some(size) = dim.size.known() else {
        return Err(Diagnostic::at(
            Code::Shape,
            args.span_of(place),
            format!("the size of {what} must be known when the program is checked"),
        ));
    };
    match size {
        0 => Err(Diagnostic::at(Code::Value, args.span_of(place), format!("{what} is empty"))),
        1..=MOST => Ok(size),
        _ => Err(Diagnostic::at(
            Code::Unsupported,
            args.span_of(place),
            format!("{what} of {size} elements: more than {MOST} are not built yet"),
        )),
    }
}

fn polyval(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (coefficients, x) = (bare(b, args.array(0)?)?, args.array(1)?);
    let dtype = promote_or_fail("polyval", &[b.ty(coefficients).dtype, b.ty(x).dtype])?;
    let coefficients = cast(b, coefficients, dtype)?;
    let count = short(b, coefficients, args, 0, "the list of coefficients")?;
    let mut value: Option<A> = None;
    for place in 0..count {
        let position = int(b, place as i64);
        let next = at(b, coefficients, 0, position, args.span_of(0))?;
        value = Some(match value {
            None => {
                // In the shape of `x`, whatever the degree.
                let same = elementwise(b, Op::Eq, &[x, x])?;
                elementwise(b, Op::Select, &[same, next, next])?
            }
            Some(value) => {
                let product = mul(b, value, x)?;
                add(b, product, next)?
            }
        });
    }
    value.ok_or_else(|| Diagnostic::new(Code::Internal, "no coefficients"))
}

fn polyfit(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let y = args.array(0)?;
    let axis = axis(b, args, 3, y)?;
    let degree = args.int(1)?;
    if !(0..MOST as i64).contains(&degree) {
        let error = Diagnostic::at(Code::Value, args.span_of(1), format!("a degree of {degree}"));
        return Err(error.help(format!("degrees are 0 to {}", MOST - 1)));
    }
    let ty = b.ty(y);
    let places = match args.optional_array(2) {
        Some(x) if b.ty(x).rank() != 1 => {
            let message = format!("the places of the elements are a vector, found {}", b.ty(x));
            return Err(Diagnostic::at(Code::Rank, args.span_of(2), message));
        }
        Some(x) => {
            let x = bare(b, x)?;
            cast(b, x, DType::F64)?
        }
        None => places(b, y, axis, true)?,
    };
    let size = b.size(y, axis);
    let places = b.reshape(places, &[Extent::Value(size)])?;
    // Columns of one length: powers of large places differ by orders of magnitude.
    let (last, index) = (int(b, degree), b.iota(Extent::Known(degree as u64 + 1))?);
    let powers = sub(b, last, index)?;
    let powers = cast(b, powers, DType::F64)?;
    let down = with_axis(b, places, 1)?;
    let columns = elementwise(b, Op::Pow, &[down, powers])?;
    let squares = elementwise(b, Op::Square, &[columns])?;
    let lengths = sum(b, squares, &[0])?;
    let lengths = elementwise(b, Op::Sqrt, &[lengths])?;
    let scaled = div(b, columns, lengths)?;
    let [q, r] = qr(b, scaled)?;
    let wide = if ty.dtype.is_complex() { DType::C128 } else { DType::F64 };
    let order: Vec<usize> = [axis].into_iter().chain((0..ty.rank()).filter(|other| *other != axis)).collect();
    let lines = bare(b, y)?;
    let lines = cast(b, lines, wide)?;
    let lines = b.transpose(lines, &order)?;
    let mut shape = shape_of(b, lines);
    let others = count(b, lines, &(1..ty.rank()).collect::<Vec<_>>())?;
    let lines = b.reshape(lines, &[shape[0], Extent::Value(others)])?;
    let (q, r) = (cast(b, q, wide)?, cast(b, r, wide)?);
    let across = turned(b, q)?;
    let right = b.matmul(across, lines)?;
    let routine = Routine::Matrix(Matrix::SolveTriangular { lower: false, unit: false });
    let fitted = b.routine(routine, &[r, right])?[0];
    let lengths = with_axis(b, lengths, 1)?;
    let fitted = div(b, fitted, lengths)?;
    shape[0] = Extent::Known(degree as u64 + 1);
    let value = b.reshape(fitted, &shape)?;
    let mut dims = vec![b.ty(value).dims[0].clone()];
    dims[0].name = ty.dims.iter().any(|dim| dim.name.is_some()).then(|| Name::new("degree"));
    dims.extend(ty.dims.into_iter().enumerate().filter(|(other, _)| *other != axis).map(|(_, dim)| dim));
    b.rename(value, dims)
}

fn vander(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    if b.ty(x).rank() != 1 {
        return Err(Diagnostic::at(Code::Rank, args.span_of(0), format!("`vander` takes a vector, found {}", b.ty(x))));
    }
    let names = names_of(b, x);
    let x = bare(b, x)?;
    let columns = if args.optional_array(1).is_some() { args.integer(b, 1)? } else { b.size(x, 0) };
    let mut powers = b.iota(Extent::Value(columns))?;
    if !args.bool(2)? {
        let one = int(b, 1);
        let last = sub(b, columns, one)?;
        powers = sub(b, last, powers)?;
    }
    let dtype = b.ty(x).dtype;
    let dtype = if dtype == DType::Bool { DType::I64 } else { dtype };
    let (x, powers) = (cast(b, x, dtype)?, cast(b, powers, dtype)?);
    let down = with_axis(b, x, 1)?;
    let value = elementwise(b, Op::Pow, &[down, powers])?;
    with_names(b, value, vec![names[0].clone(), None])
}
