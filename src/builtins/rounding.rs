//! Rounding and conversion, element by element.

use super::build::{A, Build, Value};
use super::parts::{X, built, cast, elementwise, examples, number, optional, required, unary};
use super::{Args, Builtin, Default, Example, Family, ParamKind};
use crate::array::DType;
use crate::base::{Code, Diagnostic, Outcome, Span};
use crate::ops::ScalarOp as Op;

pub const TABLE: &[Builtin] = &[
    unary(
        "floor",
        Op::Floor,
        "The largest whole number that is not larger; the dtype stays.",
        examples!["print(floor([1.7, -1.2]))" => "[1.0, -2.0]"],
    ),
    unary(
        "ceil",
        Op::Ceil,
        "The smallest whole number that is not smaller; the dtype stays.",
        examples!["print(ceil([1.2, -1.7]))" => "[2.0, -1.0]"],
    ),
    unary("trunc", Op::Trunc, "The number without its fraction; the dtype stays.", examples!["print(trunc([1.7, -1.7]))" => "[1.0, -1.0]"]),
    built(
        "round",
        Family::Elementwise,
        &[required("x", ParamKind::Array), optional("decimals", ParamKind::Flag, Default::Int(0))],
        |b, args| round(b, args).map(Value::Array),
        "The nearest whole number, or the nearest with so many decimals; halves go to the even one. The dtype stays.\n\
         With decimals it is `round(x * 10**decimals) / 10**decimals`, as NumPy has it. Integers stay as they are.",
        examples!["print(round([0.5, 1.5, 2.7]))" => "[0.0, 2.0, 3.0]", "print(round(3.14159, 2))" => "3.14"],
    ),
    built(
        "as",
        Family::Elementwise,
        &[required("x", ParamKind::Array), required("dtype", ParamKind::Type)],
        |b, args| {
            let dtype = args.dtype(1).ok_or_else(|| Diagnostic::at(Code::Type, args.span_of(1), "a dtype is needed here"))?;
            convert(b, args.array(0)?, dtype, args.span).map(Value::Array)
        },
        "`x` in another dtype: `x.as(f32)`.\n\
         Floats lose their fraction as integers, ending at the dtype's least and largest; NaN becomes 0. Integers wrap. Anything but 0 is true.\n\
         Times become integers, and integers times, of microseconds: since 1970 for a datetime.",
        examples!["print([1.7, -1.7].as(i64))" => "[1, -1]", "print([1, 2].as(f32))" => "[1.0, 2.0]"],
    ),
    conversion(
        "bool",
        |b, args| to(b, args, DType::Bool),
        "`x` as `bool`: whether it is not 0.",
        examples!["print(bool([0, 2]))" => "[false, true]"],
    ),
    conversion("i8", |b, args| to(b, args, DType::I8), "`x` as `i8`; see `as`.", examples!["print(i8(-3.7))" => "-3"]),
    conversion("i16", |b, args| to(b, args, DType::I16), "`x` as `i16`; see `as`.", examples!["print(i16(300))" => "300"]),
    conversion("i32", |b, args| to(b, args, DType::I32), "`x` as `i32`; see `as`.", examples!["print(i32(2.5))" => "2"]),
    conversion("i64", |b, args| to(b, args, DType::I64), "`x` as `i64`; see `as`.", examples!["print(i64([1.5, 2.5]))" => "[1, 2]"]),
    conversion("u8", |b, args| to(b, args, DType::U8), "`x` as `u8`; see `as`.", examples!["print(u8(258))" => "2"]),
    conversion("u16", |b, args| to(b, args, DType::U16), "`x` as `u16`; see `as`.", examples!["print(u16(7))" => "7"]),
    conversion("u32", |b, args| to(b, args, DType::U32), "`x` as `u32`; see `as`.", examples!["print(u32(7))" => "7"]),
    conversion("u64", |b, args| to(b, args, DType::U64), "`x` as `u64`; see `as`.", examples!["print(u64(7))" => "7"]),
    conversion("f32", |b, args| to(b, args, DType::F32), "`x` as `f32`, rounded once.", examples!["print(f32(0.1))" => "0.1"]),
    conversion("f64", |b, args| to(b, args, DType::F64), "`x` as `f64`.", examples!["print(f64(3))" => "3.0"]),
    conversion("c64", |b, args| to(b, args, DType::C64), "`x` as `c64`.", examples!["print(c64(3).real)" => "3.0"]),
    conversion("c128", |b, args| to(b, args, DType::C128), "`x` as `c128`.", examples!["print(c128(3).imag)" => "0.0"]),
];

const fn conversion(
    name: &'static str,
    define: fn(&mut dyn Build, &Args) -> Outcome<Value>,
    doc: &'static str,
    examples: &'static [Example],
) -> Builtin {
    built(name, Family::Elementwise, X, define, doc, examples)
}

fn to(b: &mut dyn Build, args: &Args, dtype: DType) -> Outcome<Value> {
    convert(b, args.array(0)?, dtype, args.span).map(Value::Array)
}

/// A cast that the program asks for: K0302 where it would lose what a dtype is for.
fn convert(b: &mut dyn Build, x: A, to: DType, span: Span) -> Outcome<A> {
    let from = b.ty(x).dtype;
    if from.is_complex() && !to.is_complex() && to != DType::Bool {
        let message = format!("{from} as {to} would drop the imaginary part");
        return Err(Diagnostic::at(Code::Dtype, span, message).help("take a part first: `x.real`, `abs(x)`"));
    }
    if from != to && (from.is_time() && !to.is_int() || to.is_time() && !from.is_int()) {
        let message = format!("{from} does not convert to {to}");
        return Err(
            Diagnostic::at(Code::Dtype, span, message).help("a duration in hours is `d / 1h`; a number of days as a duration is `n * 1d`")
        );
    }
    cast(b, x, to)
}

fn round(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (x, decimals) = (args.array(0)?, args.int(1)?);
    let dtype = b.ty(x).dtype;
    if decimals == 0 || !dtype.is_float() {
        return elementwise(b, Op::Round, &[x]);
    }
    let scale = number(b, dtype, 10f64.powi(decimals.clamp(-400, 400).unsigned_abs() as i32));
    let (up, down) = if decimals > 0 { (Op::Mul, Op::Div) } else { (Op::Div, Op::Mul) };
    let scaled = elementwise(b, up, &[x, scale])?;
    let whole = elementwise(b, Op::Round, &[scaled])?;
    elementwise(b, down, &[whole, scale])
}
