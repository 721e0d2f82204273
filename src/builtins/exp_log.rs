//! Roots, exponentials, logarithms and what is made of them, element by element.

use super::build::{A, Build, Value};
use super::parts::{X, XY, binary, built, elementwise, examples, floated, number, unary};
use super::{Args, Builtin, Family};
use crate::base::Outcome;
use crate::ops::ScalarOp as Op;
use crate::vmath::Math;

/// Integers and bools give `f64`; floats and complex numbers keep their precision. Errors in units of the last place: `docs/accuracy.md`.
pub const TABLE: &[Builtin] = &[
    unary(
        "sqrt",
        Op::Sqrt,
        "The square root, correctly rounded. Of a negative float NaN; of a complex number the root with a real part of 0 or more.",
        examples!["print(sqrt([4, 9]))" => "[2.0, 3.0]"],
    ),
    unary("cbrt", Op::Math(Math::Cbrt), "The cube root, of negative numbers too.", examples!["print(cbrt(-27.0))" => "-3.0"]),
    unary("exp", Op::Math(Math::Exp), "e to the power of `x`.", examples!["print(exp(0.0))" => "1.0"]),
    unary("exp2", Op::Math(Math::Exp2), "2 to the power of `x`.", examples!["print(exp2([3, -1]))" => "[8.0, 0.5]"]),
    unary("expm1", Op::Math(Math::Expm1), "`exp(x) - 1`, exact near 0.", examples!["print(expm1(0.0), expm1(1e-20))" => "0.0 1e-20"]),
    unary(
        "log",
        Op::Math(Math::Log),
        "The natural logarithm; -inf of 0, NaN of a negative float.",
        examples!["print(log(1.0), log(0.0))" => "0.0 -inf"],
    ),
    unary("log2", Op::Math(Math::Log2), "The logarithm to base 2.", examples!["print(log2([8, 0.5]))" => "[3.0, -1.0]"]),
    unary("log10", Op::Math(Math::Log10), "The logarithm to base 10.", examples!["print(log10(1000))" => "3.0"]),
    unary("log1p", Op::Math(Math::Log1p), "`log(1 + x)`, exact near 0.", examples!["print(log1p(0.0), log1p(1e-20))" => "0.0 1e-20"]),
    built(
        "logaddexp",
        Family::Elementwise,
        XY,
        |b, args| logaddexp(b, args).map(Value::Array),
        "`log(exp(x) + exp(y))` without overflow: the larger one plus `log1p(exp(-|x - y|))`.",
        examples!["print(logaddexp(1000.0, -inf))" => "1000.0"],
    ),
    built(
        "sigmoid",
        Family::Elementwise,
        X,
        |b, args| sigmoid(b, args).map(Value::Array),
        "`1 / (1 + exp(-x))`, the logistic function, without overflow.",
        examples!["print(sigmoid([-inf, 0.0, inf]))" => "[0.0, 0.5, 1.0]"],
    ),
    binary("hypot", Op::Math(Math::Hypot), "`sqrt(x**2 + y**2)` without overflow.", examples!["print(hypot(3, 4))" => "5.0"]),
    binary(
        "nextafter",
        Op::Math(Math::Nextafter),
        "The float next to `x` in the direction of `y`.",
        examples!["print(nextafter(1.0, 2.0))" => "1.0000000000000002"],
    ),
];

fn logaddexp(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (x, y) = (floated(b, args.array(0)?)?, floated(b, args.array(1)?)?);
    let larger = elementwise(b, Op::Maximum, &[x, y])?;
    let smaller = elementwise(b, Op::Minimum, &[x, y])?;
    let less = elementwise(b, Op::Sub, &[smaller, larger])?;
    let ratio = elementwise(b, Op::Math(Math::Exp), &[less])?;
    let more = elementwise(b, Op::Math(Math::Log1p), &[ratio])?;
    // Equal ends (two infinities above all) would give NaN for their difference.
    let (equal, dtype) = (elementwise(b, Op::Eq, &[x, y])?, b.ty(larger).dtype);
    let two = number(b, dtype, std::f64::consts::LN_2);
    let more = elementwise(b, Op::Select, &[equal, two, more])?;
    elementwise(b, Op::Add, &[larger, more])
}

fn sigmoid(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = floated(b, args.array(0)?)?;
    let dtype = b.ty(x).dtype;
    let one = number(b, dtype, 1.0);
    // exp(-x) overflows to inf for very negative x, and 1 / inf is the 0 that is meant.
    let minus = elementwise(b, Op::Neg, &[x])?;
    let power = elementwise(b, Op::Math(Math::Exp), &[minus])?;
    let below = elementwise(b, Op::Add, &[one, power])?;
    elementwise(b, Op::Div, &[one, below])
}
