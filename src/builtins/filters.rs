//! Convolution and correlation with short kernels, as sums of shifted arrays; polynomials.

use super::axes::{at, bare, names_of, with_axis, with_names};
use super::build::{A, Build, Extent, Value};
use super::parts::{add, built, cast, elementwise, examples, int, mul, optional, required, sub};
use super::{Args, Builtin, Default, Family, ParamKind};
use crate::array::DType;
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;
use crate::types::promote::promote_or_fail;

/// Elements of a kernel, or coefficients, that are written out one by one.
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
