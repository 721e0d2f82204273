//! Functions of numbers, element by element: steps, fractions and exponents, divisors, bits, infinities.

use super::build::{A, Build, Value};
use super::parts::{X, XY, add, binary, built, cast, div, elementwise, examples, floated, mul, number, required, sub};
use super::{Args, Builtin, Family, ParamKind};
use crate::array::{DType, Scalar};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;
use crate::types::promote::promote_or_fail;
use crate::vmath::Math;

pub const TABLE: &[Builtin] = &[
    built(
        "heaviside",
        Family::Elementwise,
        &[required("x", ParamKind::Array), required("middle", ParamKind::Array)],
        |b, args| heaviside(b, args).map(Value::Array),
        "The step: 0 below 0, 1 above, `middle` at 0; NaN of NaN. Integers give `f64`.",
        examples!["print(heaviside([-1.5, 0.0, 2.0], 0.5))" => "[0.0, 0.5, 1.0]"],
    ),
    built(
        "sinc",
        Family::Elementwise,
        X,
        |b, args| sinc(b, args).map(Value::Array),
        "`sin(pi * x) / (pi * x)`, 1 at 0.",
        examples!["print(sinc(0.0), isclose(sinc(0.5), 2 / pi))" => "1.0 true"],
    ),
    built(
        "logaddexp2",
        Family::Elementwise,
        XY,
        |b, args| logaddexp2(b, args).map(Value::Array),
        "`log2(2**x + 2**y)` without overflow.",
        examples!["print(logaddexp2(1000.0, 1000.0))" => "1001.0"],
    ),
    built(
        "float_power",
        Family::Elementwise,
        XY,
        |b, args| float_power(b, args).map(Value::Array),
        "The power in `f64` or `c128`, of integers too: `float_power(2, -1)` is 0.5.",
        examples!["print(float_power([1, 2, 4], -1))" => "[1.0, 0.5, 0.25]"],
    ),
    built(
        "ldexp",
        Family::Elementwise,
        &[required("x", ParamKind::Array), required("exponent", ParamKind::Index)],
        |b, args| {
            let (x, exponent) = (floated(b, args.array(0)?)?, args.array(1)?);
            let exponent = cast(b, exponent, DType::I64)?;
            ldexp(b, x, exponent).map(Value::Array)
        },
        "`x * 2**exponent`, rounded once. Exponents are integers.",
        examples!["print(ldexp([1.0, 0.75], 3))" => "[8.0, 6.0]"],
    ),
    built(
        "frexp",
        Family::Elementwise,
        X,
        frexp,
        "Mantissa and exponent, a tuple: `x` is `mantissa * 2**exponent` with the mantissa's size from 0.5 up to 1.\n\
         The exponent is `i32`; it is 0 of 0, NaN and infinities, which are their own mantissas. Of real numbers.",
        examples!["print(frexp([8.0, -0.75]))" => "([0.5, -0.75], [4, 0])"],
    ),
    built(
        "modf",
        Family::Elementwise,
        X,
        modf,
        "Fraction and whole part, a tuple, both with the sign of `x`. Of real numbers; integers give `f64`.",
        examples!["print(modf([1.5, -2.25]))" => "([0.5, -0.25], [1.0, -2.0])"],
    ),
    built(
        "divmod",
        Family::Elementwise,
        XY,
        |b, args| {
            let (x, y) = (args.array(0)?, args.array(1)?);
            let (quotient, rest) = (elementwise(b, Op::FloorDiv, &[x, y])?, elementwise(b, Op::Rem, &[x, y])?);
            Ok(Value::Tuple(vec![Value::Array(quotient), Value::Array(rest)]))
        },
        "`x // y` and `x % y`, a tuple.",
        examples!["print(divmod([7, -7], 2))" => "([3, -4], [1, 1])"],
    ),
    binary(
        "gcd",
        Op::Gcd,
        "The greatest common divisor, 0 or more; of 0 and n it is |n|. For integers. Euclid's algorithm.",
        examples!["print(gcd([12, -8, 0], 18))" => "[6, 2, 18]"],
    ),
    built(
        "lcm",
        Family::Elementwise,
        XY,
        |b, args| lcm(b, args).map(Value::Array),
        "The least common multiple of the absolute values; of 0 and n it is 0. For integers, which wrap.",
        examples!["print(lcm([4, 0], 6))" => "[12, 0]"],
    ),
    built(
        "bitwise_count",
        Family::Elementwise,
        X,
        |b, args| bitwise_count(b, args).map(Value::Array),
        "How many bits of the absolute value are set, `u8`. For integers.",
        examples!["print(bitwise_count([255, -1, 0]))" => "[8, 1, 0]"],
    ),
    built(
        "isposinf",
        Family::Elementwise,
        X,
        |b, args| infinite(b, args, f64::INFINITY).map(Value::Array),
        "Whether an element is inf. Of real numbers.",
        examples!["print(isposinf([inf, -inf, 1.0]))" => "[true, false, false]"],
    ),
    built(
        "isneginf",
        Family::Elementwise,
        X,
        |b, args| infinite(b, args, f64::NEG_INFINITY).map(Value::Array),
        "Whether an element is -inf. Of real numbers.",
        examples!["print(isneginf([inf, -inf, 1.0]))" => "[false, true, false]"],
    ),
    built(
        "isreal",
        Family::Elementwise,
        X,
        |b, args| imaginary(b, args, Op::Eq).map(Value::Array),
        "Whether the imaginary part is 0; true of real numbers.",
        examples!["print(isreal([1.0 + 0im, 2im]))" => "[true, false]"],
    ),
    built(
        "iscomplex",
        Family::Elementwise,
        X,
        |b, args| imaginary(b, args, Op::Ne).map(Value::Array),
        "Whether the imaginary part is not 0; false of real numbers.",
        examples!["print(iscomplex([1.0 + 0im, 2im]))" => "[false, true]"],
    ),
];

/// Real numbers as floats. K0302 for complex ones.
fn real(b: &mut dyn Build, args: &Args, place: usize) -> Outcome<A> {
    let x = floated(b, args.array(place)?)?;
    let dtype = b.ty(x).dtype;
    if dtype.is_complex() {
        let error = Diagnostic::at(Code::Dtype, args.span_of(place), format!("real numbers are needed, found {dtype}"));
        return Err(error.help("take a part: `x.real`, `abs(x)`"));
    }
    Ok(x)
}

fn heaviside(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (x, middle) = (real(b, args, 0)?, real(b, args, 1)?);
    let dtype = promote_or_fail("heaviside", &[b.ty(x).dtype, b.ty(middle).dtype])?;
    let (zero, one) = (number(b, dtype, 0.0), number(b, dtype, 1.0));
    let below = elementwise(b, Op::Lt, &[x, zero])?;
    let above = elementwise(b, Op::Gt, &[x, zero])?;
    let missing = elementwise(b, Op::IsNan, &[x])?;
    let value = elementwise(b, Op::Select, &[above, one, middle])?;
    let value = elementwise(b, Op::Select, &[below, zero, value])?;
    elementwise(b, Op::Select, &[missing, x, value])
}

fn sinc(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = floated(b, args.array(0)?)?;
    let dtype = b.ty(x).dtype;
    let (zero, tiny, pi) = (number(b, dtype, 0.0), number(b, dtype, 1e-20), number(b, dtype, std::f64::consts::PI));
    // So near to 0 the quotient is 1, and there is no division by it.
    let at_zero = elementwise(b, Op::Eq, &[x, zero])?;
    let x = elementwise(b, Op::Select, &[at_zero, tiny, x])?;
    let angle = mul(b, pi, x)?;
    let sine = elementwise(b, Op::Math(Math::Sin), &[angle])?;
    div(b, sine, angle)
}

fn logaddexp2(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (x, y) = (real(b, args, 0)?, real(b, args, 1)?);
    let larger = elementwise(b, Op::Maximum, &[x, y])?;
    let smaller = elementwise(b, Op::Minimum, &[x, y])?;
    let less = sub(b, smaller, larger)?;
    let ratio = elementwise(b, Op::Math(Math::Exp2), &[less])?;
    let more = elementwise(b, Op::Math(Math::Log1p), &[ratio])?;
    let (equal, dtype) = (elementwise(b, Op::Eq, &[x, y])?, b.ty(larger).dtype);
    let (scale, one) = (number(b, dtype, std::f64::consts::LOG2_E), number(b, dtype, 1.0));
    let more = mul(b, more, scale)?;
    // Equal ends (two infinities above all) would give NaN for their difference.
    let more = elementwise(b, Op::Select, &[equal, one, more])?;
    add(b, larger, more)
}

fn float_power(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (x, y) = (floated(b, args.array(0)?)?, floated(b, args.array(1)?)?);
    let complex = b.ty(x).dtype.is_complex() || b.ty(y).dtype.is_complex();
    let dtype = if complex { DType::C128 } else { DType::F64 };
    let (x, y) = (cast(b, x, dtype)?, cast(b, y, dtype)?);
    elementwise(b, Op::Pow, &[x, y])
}

/// Two factors, each a normal number, whatever the exponent; the one that may round is the last.
fn ldexp(b: &mut dyn Build, x: A, exponent: A) -> Outcome<A> {
    let dtype = b.ty(x).dtype;
    if dtype.is_complex() {
        return Err(Diagnostic::new(Code::Dtype, format!("`ldexp` is not defined for {dtype}")));
    }
    let x = cast(b, x, DType::F64)?;
    let mut value = x;
    let mut left = exponent;
    let (least, most) = (b.constant(Scalar::i64(-1022)), b.constant(Scalar::i64(1023)));
    // Down: first by what is beyond the least normal power, which is exact unless the result is 0. Up: every step is exact.
    let (low, high) = (b.constant(Scalar::i64(-2098)), b.constant(Scalar::i64(2098)));
    left = elementwise(b, Op::Minimum, &[left, high])?;
    left = elementwise(b, Op::Maximum, &[left, low])?;
    for _ in 0..2 {
        let (down, up) = (sub(b, left, least)?, sub(b, left, most)?);
        let zero = b.constant(Scalar::i64(0));
        let down = elementwise(b, Op::Minimum, &[down, zero])?;
        let up = elementwise(b, Op::Maximum, &[up, zero])?;
        let step = add(b, down, up)?;
        let step = elementwise(b, Op::Maximum, &[step, least])?;
        let step = elementwise(b, Op::Minimum, &[step, most])?;
        value = scaled(b, value, step)?;
        left = sub(b, left, step)?;
    }
    let value = scaled(b, value, left)?;
    cast(b, value, dtype)
}

/// Times a normal power of 2.
fn scaled(b: &mut dyn Build, x: A, exponent: A) -> Outcome<A> {
    let exponent = cast(b, exponent, DType::F64)?;
    let power = elementwise(b, Op::Math(Math::Exp2), &[exponent])?;
    mul(b, x, power)
}

fn frexp(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let own = real(b, args, 0)?;
    let dtype = b.ty(own).dtype;
    let x = cast(b, own, DType::F64)?;
    let size = elementwise(b, Op::Abs, &[x])?;
    let (zero, largest) = (number(b, DType::F64, 0.0), number(b, DType::F64, f64::MAX));
    let (there, finite) = (elementwise(b, Op::Gt, &[size, zero])?, elementwise(b, Op::Le, &[size, largest])?);
    let usual = elementwise(b, Op::And, &[there, finite])?;
    let one = number(b, DType::F64, 1.0);
    let safe = elementwise(b, Op::Select, &[usual, size, one])?;
    // The logarithm may be off by one next to a power of 2: the mantissa tells.
    let log = elementwise(b, Op::Math(Math::Log2), &[safe])?;
    let log = elementwise(b, Op::Floor, &[log])?;
    let exponent = add(b, log, one)?;
    let exponent = cast(b, exponent, DType::I64)?;
    let back = elementwise(b, Op::Neg, &[exponent])?;
    let mantissa = ldexp(b, safe, back)?;
    let (half, two) = (number(b, DType::F64, 0.5), number(b, DType::F64, 2.0));
    let (low, high) = (elementwise(b, Op::Lt, &[mantissa, half])?, elementwise(b, Op::Ge, &[mantissa, one])?);
    let (doubled, halved) = (mul(b, mantissa, two)?, mul(b, mantissa, half)?);
    let mantissa = elementwise(b, Op::Select, &[low, doubled, mantissa])?;
    let mantissa = elementwise(b, Op::Select, &[high, halved, mantissa])?;
    let (low, high) = (cast(b, low, DType::I64)?, cast(b, high, DType::I64)?);
    let exponent = add(b, exponent, high)?;
    let exponent = sub(b, exponent, low)?;
    let none = b.constant(Scalar::i64(0));
    let exponent = elementwise(b, Op::Select, &[usual, exponent, none])?;
    let negative = elementwise(b, Op::SignBit, &[x])?;
    let minus = elementwise(b, Op::Neg, &[mantissa])?;
    let mantissa = elementwise(b, Op::Select, &[negative, minus, mantissa])?;
    let mantissa = elementwise(b, Op::Select, &[usual, mantissa, x])?;
    let (mantissa, exponent) = (cast(b, mantissa, dtype)?, cast(b, exponent, DType::I32)?);
    Ok(Value::Tuple(vec![Value::Array(mantissa), Value::Array(exponent)]))
}

fn modf(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let x = real(b, args, 0)?;
    let dtype = b.ty(x).dtype;
    let whole = elementwise(b, Op::Trunc, &[x])?;
    let rest = sub(b, x, whole)?;
    // An infinity has no fraction, and a zero has the sign of the number.
    let (infinite, zero) = (elementwise(b, Op::IsInf, &[x])?, number(b, dtype, 0.0));
    let rest = elementwise(b, Op::Select, &[infinite, zero, rest])?;
    let (negative, none) = (elementwise(b, Op::SignBit, &[x])?, elementwise(b, Op::Eq, &[rest, zero])?);
    let minus = number(b, dtype, -0.0);
    let signed = elementwise(b, Op::Select, &[negative, minus, zero])?;
    let rest = elementwise(b, Op::Select, &[none, signed, rest])?;
    Ok(Value::Tuple(vec![Value::Array(rest), Value::Array(whole)]))
}

fn lcm(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (x, y) = (args.array(0)?, args.array(1)?);
    let common = elementwise(b, Op::Gcd, &[x, y])?;
    let dtype = b.ty(common).dtype;
    let (zero, one) = (number(b, dtype, 0.0), number(b, dtype, 1.0));
    let none = elementwise(b, Op::Eq, &[common, zero])?;
    let by = elementwise(b, Op::Select, &[none, one, common])?;
    let (x, y) = (cast(b, x, dtype)?, cast(b, y, dtype)?);
    let (x, y) = (elementwise(b, Op::Abs, &[x])?, elementwise(b, Op::Abs, &[y])?);
    let part = elementwise(b, Op::FloorDiv, &[x, by])?;
    mul(b, part, y)
}

/// Sums of neighbouring bits, then pairs, then fours; one product adds the bytes.
fn bitwise_count(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    let dtype = b.ty(x).dtype;
    if !dtype.is_int() {
        return Err(Diagnostic::at(Code::Dtype, args.span_of(0), format!("`bitwise_count` is of integers, found {dtype}")));
    }
    let x = elementwise(b, Op::Abs, &[x])?;
    // The least integer is its own absolute value: without its sign it is one bit.
    let mut bits = if dtype.is_signed() {
        let unsigned = [DType::U8, DType::U16, DType::U32, DType::U64].into_iter().find(|to| to.size() == dtype.size());
        cast(b, x, unsigned.unwrap_or(DType::U64))?
    } else {
        x
    };
    bits = cast(b, bits, DType::U64)?;
    let mut constant = |value: u64| b.constant(Scalar::int(DType::U64, value.into()));
    let (ones, twos, fours, bytes) = (
        constant(0x5555_5555_5555_5555),
        constant(0x3333_3333_3333_3333),
        constant(0x0f0f_0f0f_0f0f_0f0f),
        constant(0x0101_0101_0101_0101),
    );
    let (one, two, four, top) = (constant(1), constant(2), constant(4), constant(56));
    let shifted = elementwise(b, Op::Shr, &[bits, one])?;
    let odd = elementwise(b, Op::And, &[shifted, ones])?;
    let pairs = sub(b, bits, odd)?;
    let (low, shifted) = (elementwise(b, Op::And, &[pairs, twos])?, elementwise(b, Op::Shr, &[pairs, two])?);
    let high = elementwise(b, Op::And, &[shifted, twos])?;
    let nibbles = add(b, low, high)?;
    let shifted = elementwise(b, Op::Shr, &[nibbles, four])?;
    let both = add(b, nibbles, shifted)?;
    let each = elementwise(b, Op::And, &[both, fours])?;
    let all = mul(b, each, bytes)?;
    let count = elementwise(b, Op::Shr, &[all, top])?;
    cast(b, count, DType::U8)
}

fn infinite(b: &mut dyn Build, args: &Args, which: f64) -> Outcome<A> {
    let x = real(b, args, 0)?;
    let dtype = b.ty(x).dtype;
    let which = number(b, dtype, which);
    elementwise(b, Op::Eq, &[x, which])
}

fn imaginary(b: &mut dyn Build, args: &Args, op: Op) -> Outcome<A> {
    let imag = elementwise(b, Op::Imag, &[args.array(0)?])?;
    let dtype = b.ty(imag).dtype;
    let zero = b.constant(Scalar { dtype, bits: 0 });
    elementwise(b, op, &[imag, zero])
}
