//! Special functions, element by element: error functions and the gamma family.

use super::Builtin;
use super::parts::{examples, unary};
use crate::ops::ScalarOp as Op;
use crate::vmath::Math;

/// For real numbers: integers and bools give `f64`, floats keep their precision. Errors in units of the last place: `docs/accuracy.md`.
pub const TABLE: &[Builtin] = &[
    unary(
        "erf",
        Op::Math(Math::Erf),
        "The error function, 2/√π times the integral of exp(-t²) from 0 to `x`.",
        examples!["print(erf([0.0, inf]))" => "[0.0, 1.0]"],
    ),
    unary("erfc", Op::Math(Math::Erfc), "`1 - erf(x)`, exact for large `x`.", examples!["print(erfc([0.0, inf]))" => "[1.0, 0.0]"]),
    unary(
        "erfinv",
        Op::Math(Math::Erfinv),
        "The inverse of `erf`; NaN outside -1 to 1.",
        examples!["print(erfinv([0.0, 1.0]))" => "[0.0, inf]"],
    ),
    unary(
        "gamma",
        Op::Math(Math::Gamma),
        "The gamma function: `gamma(n + 1)` is the factorial of n. NaN at negative integers.",
        examples!["print(gamma(5.0))" => "24.0"],
    ),
    unary(
        "lgamma",
        Op::Math(Math::Lgamma),
        "The logarithm of the absolute value of the gamma function.",
        examples!["print(lgamma([1.0, 2.0]))" => "[0.0, 0.0]"],
    ),
    unary(
        "digamma",
        Op::Math(Math::Digamma),
        "The derivative of `lgamma`.",
        examples!["print(abs(digamma(1.0) + 0.5772156649015329) < 1e-12)" => "true"],
    ),
];
