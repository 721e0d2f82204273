//! Special functions, element by element: error functions, the gamma family and its incomplete ones, a Bessel function.

use super::build::{A, Build, Value};
use super::parts::{X, add, built, cast, div, elementwise, examples, floated, mul, number, required, unary};
use super::{Args, Builtin, Family, Param, ParamKind};
use crate::array::DType;
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;
use crate::vmath::{Math, Quantile};

const A_: Param = required("a", ParamKind::Array);
const VALUE: Param = required("x", ParamKind::Array);

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
    built(
        "gammainc",
        Family::Elementwise,
        &[A_, VALUE],
        |b, args| share(b, args, Quantile::GammaBelow, &[1, 0, 0]).map(Value::Array),
        "The regularised lower incomplete gamma function: the share of the gamma distribution of shape `a` below `x`. `f64`; NaN below 0.\n\
         By its series, or from `a + 1` on its continued fraction; the time grows with the root of `a`.",
        examples!["print(abs(gammainc(1.0, 2.0) - (1 - exp(-2.0))) < 1e-15)" => "true"],
    ),
    built(
        "gammaincc",
        Family::Elementwise,
        &[A_, VALUE],
        |b, args| share(b, args, Quantile::GammaAbove, &[1, 0, 0]).map(Value::Array),
        "The regularised upper incomplete gamma function, `1 - gammainc(a, x)` without cancellation.\n\
         The p-value of a chi-square statistic with `k` degrees of freedom is `gammaincc(k / 2, statistic / 2)`.",
        examples!["print(abs(gammaincc(1.0, 2.0) / exp(-2.0) - 1) < 1e-14)" => "true"],
    ),
    built(
        "betainc",
        Family::Elementwise,
        &[A_, required("b", ParamKind::Array), VALUE],
        |b, args| share(b, args, Quantile::BetaBelow, &[2, 0, 1]).map(Value::Array),
        "The regularised incomplete beta function: the share of the beta distribution with the shapes `a` and `b` below `x`, from 0 to 1. `f64`.\n\
         By its continued fraction. Two-sided, the p-value of Student's `t` with `k` degrees of freedom is `betainc(k / 2, 0.5, k / (k + t ** 2))`.",
        examples!["print(abs(betainc(2.0, 2.0, 0.5) - 0.5) < 1e-15)" => "true"],
    ),
    built(
        "i0",
        Family::Elementwise,
        X,
        |b, args| i0(b, args).map(Value::Array),
        "The modified Bessel function of the first kind and order 0, of real numbers. By its power series, beyond 20 by the asymptotic one:\n\
         errors are a few units of the last place.",
        examples!["print(i0(0.0), abs(i0(1.0) - 1.2660658777520084) < 1e-15)" => "1.0 true"],
    ),
];

/// An argument as real numbers in double precision.
fn real(b: &mut dyn Build, args: &Args, place: usize) -> Outcome<A> {
    let x = floated(b, args.array(place)?)?;
    if b.ty(x).dtype.is_complex() {
        let error = Diagnostic::at(Code::Dtype, args.span_of(place), format!("real numbers are needed, found {}", b.ty(x).dtype));
        return Err(error.help("take a part: `x.real`, `abs(x)`"));
    }
    cast(b, x, DType::F64)
}

/// A share of a distribution, of the arguments at these places.
fn share(b: &mut dyn Build, args: &Args, of: Quantile, places: &[usize]) -> Outcome<A> {
    let operands = places.iter().map(|place| real(b, args, *place)).collect::<Outcome<Vec<A>>>()?;
    elementwise(b, Op::Quantile(of), &operands)
}

/// Up to here the power series is taken.
const FAR: f64 = 20.0;

/// A polynomial, its coefficients from the constant on.
fn horner(b: &mut dyn Build, coefficients: &[f64], x: A) -> Outcome<A> {
    let mut value = number(b, DType::F64, 0.0);
    for coefficient in coefficients.iter().rev() {
        let coefficient = number(b, DType::F64, *coefficient);
        let product = mul(b, value, x)?;
        value = add(b, product, coefficient)?;
    }
    Ok(value)
}

fn i0(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let own = floated(b, args.array(0)?)?;
    let x = real(b, args, 0)?;
    let x = elementwise(b, Op::Abs, &[x])?;
    // Sum of (x^2 / 4)^k / k!^2; and e^x / sqrt(2 pi x) times the sum of (1 * 3 * ... (2k - 1))^2 / (k! (8x)^k).
    let near: Vec<f64> = (1..40).scan(1.0, |term, k| Some(std::mem::replace(term, *term / f64::from(k * k)))).collect();
    let far: Vec<f64> = (1..24)
        .scan(1.0, |term, k| Some(std::mem::replace(term, *term * f64::from((2 * k - 1) * (2 * k - 1)) / f64::from(8 * k))))
        .collect();
    let (limit, quarter, one) = (number(b, DType::F64, FAR), number(b, DType::F64, 0.25), number(b, DType::F64, 1.0));
    let small = elementwise(b, Op::Minimum, &[x, limit])?;
    let square = elementwise(b, Op::Square, &[small])?;
    let square = mul(b, square, quarter)?;
    let series = horner(b, &near, square)?;
    let large = elementwise(b, Op::Maximum, &[x, limit])?;
    let inverse = div(b, one, large)?;
    let corrections = horner(b, &far, inverse)?;
    let tau = number(b, DType::F64, std::f64::consts::TAU);
    let under = mul(b, tau, large)?;
    let under = elementwise(b, Op::Sqrt, &[under])?;
    // In two halves, so that only what is too large overflows.
    let half = number(b, DType::F64, 0.5);
    let half = mul(b, large, half)?;
    let growth = elementwise(b, Op::Math(Math::Exp), &[half])?;
    let value = div(b, growth, under)?;
    let value = mul(b, value, corrections)?;
    let value = mul(b, value, growth)?;
    let is_near = elementwise(b, Op::Le, &[x, limit])?;
    let value = elementwise(b, Op::Select, &[is_near, series, value])?;
    let (missing, dtype) = (elementwise(b, Op::IsNan, &[x])?, b.ty(own).dtype);
    let value = elementwise(b, Op::Select, &[missing, x, value])?;
    cast(b, value, dtype)
}
