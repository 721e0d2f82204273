//! Parts of complex numbers and what floats can be besides numbers, element by element.

use super::build::{A, Build, Value};
use super::parts::{X, binary, built, cast, elementwise, examples, missing, number, optional, required, unary};
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::DType;
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;

pub const TABLE: &[Builtin] = &[
    unary("real", Op::Real, "The real part; a real number itself.", examples!["print((3.0 + 4.0im).real)" => "3.0"]),
    unary("imag", Op::Imag, "The imaginary part; 0 of a real number.", examples!["print((3.0 + 4.0im).imag)" => "4.0"]),
    unary("conj", Op::Conj, "The complex conjugate; a real number itself.", examples!["print(conj(3.0 + 4.0im).imag)" => "-4.0"]),
    unary(
        "angle",
        Op::Arg,
        "The angle of a complex number from -pi to pi; of a real number 0 or pi.",
        examples!["print(angle(2im) == pi / 2)" => "true"],
    ),
    Builtin {
        params: &[required("real", ParamKind::Array), required("imag", ParamKind::Array)],
        ..binary(
            "complex",
            Op::Complex,
            "The complex number of two parts: `c64` of `f32`, else `c128`.",
            examples!["print(complex(3.0, 4.0) == 3.0 + 4.0im)" => "true"],
        )
    },
    built(
        "isnan",
        Family::Elementwise,
        X,
        |b, args| missing(b, args.array(0)?).map(Value::Array),
        "Whether an element is missing: NaN, or a datetime or duration that is none.",
        examples!["print(isnan([1.0, nan]))" => "[false, true]"],
    ),
    unary("isinf", Op::IsInf, "Whether an element is inf or -inf.", examples!["print(isinf([1.0, -inf]))" => "[false, true]"]),
    unary(
        "isfinite",
        Op::IsFinite,
        "Whether an element is neither NaN nor infinite.",
        examples!["print(isfinite([1.0, nan, inf]))" => "[true, false, false]"],
    ),
    unary(
        "signbit",
        Op::SignBit,
        "Whether the sign bit is set: of negative numbers and -0.0.",
        examples!["print(signbit([1.0, -0.0]))" => "[false, true]"],
    ),
    built(
        "nan_to_num",
        Family::Elementwise,
        NAN_TO_NUM,
        |b, args| nan_to_num(b, args).map(Value::Array),
        "`x` with NaN, inf and -inf replaced: by 0 and by the largest and least float unless other values are given.\n\
         The dtype stays. Only of real numbers.",
        examples!["print(nan_to_num([1.0, nan]))" => "[1.0, 0.0]", "print(nan_to_num([inf, nan], nan = -1, posinf = 9))" => "[9.0, -1.0]"],
    ),
];

const NAN_TO_NUM: &[Param] = &[
    required("x", ParamKind::Array),
    optional("nan", ParamKind::Array, Default::Int(0)),
    optional("posinf", ParamKind::Array, Default::Absent),
    optional("neginf", ParamKind::Array, Default::Absent),
];

fn nan_to_num(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    let dtype = b.ty(x).dtype;
    if dtype.is_complex() {
        return Err(Diagnostic::new(Code::Dtype, format!("`nan_to_num` is not defined for {dtype}"))
            .help("replace in the parts: `x.real`, `x.imag`"));
    }
    if !dtype.is_float() {
        return Ok(x);
    }
    let largest = if dtype == DType::F32 { f32::MAX as f64 } else { f64::MAX };
    let mut value = x;
    for (at, limit) in [(2, largest), (3, -largest)] {
        let replacement = match args.optional_array(at) {
            Some(given) => cast(b, given, dtype)?,
            None => number(b, dtype, limit),
        };
        let infinity = number(b, dtype, if at == 2 { f64::INFINITY } else { f64::NEG_INFINITY });
        let infinite = elementwise(b, Op::Eq, &[x, infinity])?;
        value = elementwise(b, Op::Select, &[infinite, replacement, value])?;
    }
    let nan = cast(b, args.array(1)?, dtype)?;
    let missing = elementwise(b, Op::IsNan, &[x])?;
    elementwise(b, Op::Select, &[missing, nan, value])
}
