//! Random numbers of further distributions: each element is a function of the seed and its number alone, by the inverse of the distribution
//! function. Owns no streams (see `random`).

use super::axes::{at, bare, with_axis};
use super::build::{A, Build, SliceArg, Value};
use super::lookup::entry;
use super::parts::{add, cast, div, elementwise, examples, extent, mul, number, optional, required, sub};
use super::positions::looked_up;
use super::random::{SEED, TYPE, dtype, stream};
use super::reductions::sum;
use super::{Args, Builtin, Default, Define, Example, Family, Param, ParamKind};
use crate::array::{DType, Scalar};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::{Distribution, ScalarOp as Op};
use crate::vmath::{Math, Quantile};

const LOC: Param = optional("loc", ParamKind::Array, Default::Float(0.0));
const SCALE: Param = optional("scale", ParamKind::Array, Default::Float(1.0));
const A_: Param = required("a", ParamKind::Array);
const P: Param = required("p", ParamKind::Array);
const N: Param = required("n", ParamKind::Array);
const DF: Param = required("df", ParamKind::Array);

pub const TABLE: &[Builtin] = &[
    draw(
        "random.exponential",
        &[SCALE, TYPE, SEED],
        |b, args| floats(b, args, 1, |b| scaled(b, args, 0, |b| exponential(b, args, 1, 0))),
        "Exponentially distributed numbers with this mean; `type` and `seed` as for `random.uniform`.",
        examples!["x = random.exponential(2, f64[1000], seed = 1)\nprint(x.min() >= 0, abs(x.mean() - 2) < 0.3)" => "true true"],
    ),
    draw(
        "random.gamma",
        &[required("shape", ParamKind::Array), SCALE, TYPE, SEED],
        |b, args| floats(b, args, 2, |b| scaled(b, args, 1, |b| gamma(b, args, 0, 2, 0))),
        "Gamma-distributed numbers; the mean is `shape * scale`. NaN for a shape below 0.\n\
         The inverse of the incomplete gamma function, by Newton's method; the time grows with the root of the shape. Above 1e8 by the cube of a\n\
         normal number (Wilson, Hilferty 1931).",
        examples!["x = random.gamma(3, type = f64[1000], seed = 1)\nprint(x.min() >= 0, abs(x.mean() - 3) < 0.3)" => "true true"],
    ),
    draw(
        "random.beta",
        &[A_, required("b", ParamKind::Array), TYPE, SEED],
        |b, args| floats(b, args, 2, |b| beta(b, args)),
        "Beta-distributed numbers from 0 to 1: x / (x + y) of two gamma-distributed ones with the shapes `a` and `b`.",
        examples!["x = random.beta(2, 2, f64[1000], seed = 1)\nprint(x.min() >= 0, x.max() <= 1, abs(x.mean() - 0.5) < 0.05)" => "true true true"],
    ),
    draw(
        "random.chisquare",
        &[DF, TYPE, SEED],
        |b, args| floats(b, args, 1, |b| chisquare(b, args, 0, 1, 0)),
        "Chi-square-distributed numbers with so many degrees of freedom: twice gamma-distributed ones of half the shape.",
        examples!["x = random.chisquare(4, f64[1000], seed = 1)\nprint(abs(x.mean() - 4) < 0.4)" => "true"],
    ),
    draw(
        "random.f",
        &[required("dfnum", ParamKind::Array), required("dfden", ParamKind::Array), TYPE, SEED],
        |b, args| {
            floats(b, args, 2, |b| {
                let (over, under) = (mean_square(b, args, 0, 2, 0)?, mean_square(b, args, 1, 2, 1)?);
                div(b, over, under)
            })
        },
        "F-distributed numbers: the quotient of two chi-square-distributed ones, each over its degrees of freedom.",
        examples!["print(random.f(3, 5, f64[100], seed = 1).min() >= 0)" => "true"],
    ),
    draw(
        "random.standard_t",
        &[DF, TYPE, SEED],
        |b, args| {
            floats(b, args, 1, |b| {
                let (normal, square) = (stream(b, args, 1, Distribution::Normal, 0)?, mean_square(b, args, 0, 1, 1)?);
                let root = elementwise(b, Op::Sqrt, &[square])?;
                div(b, normal, root)
            })
        },
        "Numbers of Student's t distribution with so many degrees of freedom.",
        examples!["print(abs(random.standard_t(9, f64[1000], seed = 1).mean()) < 0.2)" => "true"],
    ),
    draw(
        "random.standard_cauchy",
        &[TYPE, SEED],
        |b, args| {
            floats(b, args, 0, |b| {
                let (u, half, pi) = (uniform(b, args, 0, 0)?, number(b, DType::F64, 0.5), number(b, DType::F64, std::f64::consts::PI));
                let turn = sub(b, u, half)?;
                let angle = mul(b, pi, turn)?;
                elementwise(b, Op::Math(Math::Tan), &[angle])
            })
        },
        "Cauchy-distributed numbers with the median 0 and quartiles -1 and 1.",
        examples!["print(abs((random.standard_cauchy(f64[1000], seed = 1) < 0).mean() - 0.5) < 0.1)" => "true"],
    ),
    draw(
        "random.laplace",
        &[LOC, SCALE, TYPE, SEED],
        |b, args| floats(b, args, 2, |b| placed(b, args, |b| laplace(b, args))),
        "Numbers of the double exponential distribution round `loc`.",
        examples!["print(abs(random.laplace(1, 1, f64[1000], seed = 1).mean() - 1) < 0.3)" => "true"],
    ),
    draw(
        "random.logistic",
        &[LOC, SCALE, TYPE, SEED],
        |b, args| {
            floats(b, args, 2, |b| {
                placed(b, args, |b| {
                    let (u, rest) = (inside(b, args, 2)?, upper(b, args, 2)?);
                    let odds = div(b, u, rest)?;
                    elementwise(b, Op::Math(Math::Log), &[odds])
                })
            })
        },
        "Logistically distributed numbers round `loc`.",
        examples!["print(abs(random.logistic(1, 1, f64[1000], seed = 1).mean() - 1) < 0.3)" => "true"],
    ),
    draw(
        "random.lognormal",
        &[optional("mean", ParamKind::Array, Default::Float(0.0)), optional("sigma", ParamKind::Array, Default::Float(1.0)), TYPE, SEED],
        |b, args| {
            floats(b, args, 2, |b| {
                let value = placed(b, args, |b| stream(b, args, 2, Distribution::Normal, 0))?;
                elementwise(b, Op::Math(Math::Exp), &[value])
            })
        },
        "Numbers whose logarithms are normally distributed with this mean and standard deviation.",
        examples!["print(random.lognormal(0, 1, f64[100], seed = 1).min() > 0)" => "true"],
    ),
    draw(
        "random.rayleigh",
        &[SCALE, TYPE, SEED],
        |b, args| {
            floats(b, args, 1, |b| {
                scaled(b, args, 0, |b| {
                    let (size, two) = (exponential(b, args, 1, 0)?, number(b, DType::F64, 2.0));
                    let double = mul(b, two, size)?;
                    elementwise(b, Op::Sqrt, &[double])
                })
            })
        },
        "Rayleigh-distributed numbers: the lengths of vectors with two normally distributed parts.",
        examples!["print(random.rayleigh(1, f64[100], seed = 1).min() >= 0)" => "true"],
    ),
    draw(
        "random.weibull",
        &[A_, TYPE, SEED],
        |b, args| {
            floats(b, args, 1, |b| {
                let (size, power) = (exponential(b, args, 1, 0)?, inverse(b, args, 0)?);
                elementwise(b, Op::Pow, &[size, power])
            })
        },
        "Weibull-distributed numbers with the shape `a` and a scale of 1.",
        examples!["print(random.weibull(2, f64[100], seed = 1).min() >= 0)" => "true"],
    ),
    draw(
        "random.pareto",
        &[A_, TYPE, SEED],
        |b, args| {
            floats(b, args, 1, |b| {
                let (size, power) = (exponential(b, args, 1, 0)?, inverse(b, args, 0)?);
                let exponent = mul(b, size, power)?;
                elementwise(b, Op::Math(Math::Expm1), &[exponent])
            })
        },
        "Numbers of the Pareto II (Lomax) distribution with the shape `a`, from 0; add 1 for the classical one.",
        examples!["print(random.pareto(3, f64[100], seed = 1).min() >= 0)" => "true"],
    ),
    draw(
        "random.power",
        &[A_, TYPE, SEED],
        |b, args| {
            floats(b, args, 1, |b| {
                let (u, power) = (uniform(b, args, 1, 0)?, inverse(b, args, 0)?);
                elementwise(b, Op::Pow, &[u, power])
            })
        },
        "Numbers from 0 to 1 whose density is `a * x ** (a - 1)`.",
        examples!["print(random.power(3, f64[100], seed = 1).max() <= 1)" => "true"],
    ),
    draw(
        "random.gumbel",
        &[LOC, SCALE, TYPE, SEED],
        |b, args| {
            floats(b, args, 2, |b| {
                placed(b, args, |b| {
                    let u = inside(b, args, 2)?;
                    let log = elementwise(b, Op::Math(Math::Log), &[u])?;
                    let size = elementwise(b, Op::Neg, &[log])?;
                    let log = elementwise(b, Op::Math(Math::Log), &[size])?;
                    elementwise(b, Op::Neg, &[log])
                })
            })
        },
        "Gumbel-distributed numbers with the mode `loc`: the limit of largest values.",
        examples!["print(abs(random.gumbel(0, 1, f64[1000], seed = 1).mean() - 0.577) < 0.2)" => "true"],
    ),
    draw(
        "random.triangular",
        &[required("left", ParamKind::Array), required("mode", ParamKind::Array), required("right", ParamKind::Array), TYPE, SEED],
        |b, args| floats(b, args, 3, |b| triangular(b, args)),
        "Numbers from `left` to `right` whose density rises to `mode` and falls after it.",
        examples!["x = random.triangular(0, 1, 3, f64[100], seed = 1)\nprint(x.min() >= 0, x.max() <= 3)" => "true true"],
    ),
    draw(
        "random.wald",
        &[required("mean", ParamKind::Array), SCALE, TYPE, SEED],
        |b, args| floats(b, args, 2, |b| wald(b, args)),
        "Numbers of the inverse Gaussian distribution. Michael, Schucany, Haas 1976.",
        examples!["x = random.wald(2, 3, f64[1000], seed = 1)\nprint(x.min() > 0, abs(x.mean() - 2) < 0.3)" => "true true"],
    ),
    draw(
        "random.poisson",
        &[required("mean", ParamKind::Array), TYPE, SEED],
        |b, args| {
            not_below(b, args, 0, 0.0)?;
            integers(b, args, 1, |b| {
                let (u, mean, none) = (uniform(b, args, 1, 0)?, param(b, args, 0)?, number(b, DType::F64, 0.0));
                elementwise(b, Op::Quantile(Quantile::Poisson), &[u, mean, none])
            })
        },
        "Poisson-distributed integers with this mean, which is 0 or more; `i64` unless `type` is another integer dtype.\n\
         By the inverse of the distribution function; the time grows with the root of the mean. Above 1e8 a rounded expansion (Cornish, Fisher 1938).",
        examples!["x = random.poisson(3, i64[1000], seed = 1)\nprint(x.min() >= 0, abs(x.mean() - 3) < 0.3)" => "true true"],
    ),
    draw(
        "random.binomial",
        &[N, P, TYPE, SEED],
        |b, args| {
            not_below(b, args, 0, 0.0)?;
            probability(b, args, 1)?;
            integers(b, args, 2, |b| {
                let (u, trials, p) = (uniform(b, args, 2, 0)?, param(b, args, 0)?, param(b, args, 1)?);
                elementwise(b, Op::Quantile(Quantile::Binomial), &[u, trials, p])
            })
        },
        "How many of `n` trials succeed, each with the probability `p`; `i64` unless `type` is another integer dtype.\n\
         By the inverse of the distribution function. Of means above 1e8 a rounded expansion (Cornish, Fisher 1938).",
        examples!["x = random.binomial(10, 0.5, i64[1000], seed = 1)\nprint(x.max() <= 10, abs(x.mean() - 5) < 0.3)" => "true true"],
    ),
    draw(
        "random.negative_binomial",
        &[N, P, TYPE, SEED],
        |b, args| {
            not_below(b, args, 0, 0.0)?;
            probability(b, args, 1)?;
            integers(b, args, 2, |b| {
                let (size, p, one) = (gamma(b, args, 0, 2, 0)?, param(b, args, 1)?, number(b, DType::F64, 1.0));
                let q = sub(b, one, p)?;
                let odds = div(b, q, p)?;
                let mean = mul(b, size, odds)?;
                let (u, none) = (uniform(b, args, 2, 1)?, number(b, DType::F64, 0.0));
                elementwise(b, Op::Quantile(Quantile::Poisson), &[u, mean, none])
            })
        },
        "How many trials fail before `n` succeed, each with the probability `p`: Poisson-distributed with a gamma-distributed mean.",
        examples!["x = random.negative_binomial(5, 0.5, i64[1000], seed = 1)\nprint(abs(x.mean() - 5) < 0.5)" => "true"],
    ),
    draw(
        "random.geometric",
        &[P, TYPE, SEED],
        |b, args| {
            probability(b, args, 0)?;
            integers(b, args, 1, |b| {
                let (size, p, one) = (exponential(b, args, 1, 0)?, param(b, args, 0)?, number(b, DType::F64, 1.0));
                let minus = elementwise(b, Op::Neg, &[p])?;
                let rate = elementwise(b, Op::Math(Math::Log1p), &[minus])?;
                let rate = elementwise(b, Op::Neg, &[rate])?;
                let trials = div(b, size, rate)?;
                let trials = elementwise(b, Op::Ceil, &[trials])?;
                elementwise(b, Op::Fmax, &[trials, one])
            })
        },
        "How many trials it takes until one succeeds, 1 or more, each with the probability `p`.",
        examples!["x = random.geometric(0.5, i64[1000], seed = 1)\nprint(x.min() >= 1, abs(x.mean() - 2) < 0.3)" => "true true"],
    ),
    draw(
        "random.hypergeometric",
        &[required("good", ParamKind::Array), required("bad", ParamKind::Array), required("sample", ParamKind::Array), TYPE, SEED],
        |b, args| {
            (0..3).try_for_each(|place| not_below(b, args, place, 0.0))?;
            if let (Some(good), Some(bad), Some(sample)) = (known(b, args, 0), known(b, args, 1), known(b, args, 2))
                && sample > good + bad
            {
                return Err(Diagnostic::at(Code::Value, args.span_of(2), format!("{sample} are drawn of {}", good + bad)));
            }
            integers(b, args, 3, |b| {
                let (u, good, bad, sample) = (uniform(b, args, 3, 0)?, param(b, args, 0)?, param(b, args, 1)?, param(b, args, 2)?);
                elementwise(b, Op::Quantile(Quantile::Hypergeometric), &[u, good, bad, sample])
            })
        },
        "How many of `sample` are marked that are drawn, without putting any back, from `good` marked ones and `bad` others.\n\
         By the inverse of the distribution function; the time grows with the standard deviation.",
        examples!["x = random.hypergeometric(10, 20, 6, i64[1000], seed = 1)\nprint(x.max() <= 6, abs(x.mean() - 2) < 0.2)" => "true true"],
    ),
    draw(
        "random.zipf",
        &[A_, TYPE, SEED],
        |b, args| {
            if let Some(a) = known(b, args, 0).filter(|a| a.is_nan() || *a <= 1.0) {
                return Err(Diagnostic::at(Code::Value, args.span_of(0), format!("an exponent of {a}")).help("it is above 1"));
            }
            integers(b, args, 1, |b| one_parameter(b, args, Quantile::Zipf))
        },
        "Whole numbers from 1 whose probabilities fall as their power `-a`; `a` is above 1. By the inverse of the distribution function.",
        examples!["x = random.zipf(3, i64[1000], seed = 1)\nprint(x.min() >= 1, abs(x.mean() - 1.37) < 0.3)" => "true true"],
    ),
    draw(
        "random.logseries",
        &[P, TYPE, SEED],
        |b, args| {
            probability(b, args, 0)?;
            integers(b, args, 1, |b| logseries(b, args))
        },
        "Whole numbers `k` from 1 with probabilities proportional to `p ** k / k`. Geometric numbers of a random parameter (Kemp 1981).",
        examples!["x = random.logseries(0.6, i64[1000], seed = 1)\nprint(x.min() >= 1, abs(x.mean() - 1.64) < 0.2)" => "true true"],
    ),
    draw(
        "random.vonmises",
        &[optional("mu", ParamKind::Array, Default::Float(0.0)), optional("kappa", ParamKind::Array, Default::Float(1.0)), TYPE, SEED],
        |b, args| {
            not_below(b, args, 1, 0.0)?;
            floats(b, args, 2, |b| {
                let (u, kappa, none) = (uniform(b, args, 2, 0)?, param(b, args, 1)?, number(b, DType::F64, 0.0));
                let turn = elementwise(b, Op::Quantile(Quantile::VonMises), &[u, kappa, none])?;
                let mu = param(b, args, 0)?;
                let angle = add(b, mu, turn)?;
                // Back into -pi to pi.
                let (pi, tau) = (number(b, DType::F64, std::f64::consts::PI), number(b, DType::F64, std::f64::consts::TAU));
                let above = add(b, angle, pi)?;
                let rest = elementwise(b, Op::Rem, &[above, tau])?;
                sub(b, rest, pi)
            })
        },
        "Angles from -pi to pi round the direction `mu`, the closer the larger `kappa` is: normally distributed on a circle.\n\
         By the inverse of the distribution function, Newton's method over its Fourier series; a `kappa` above 1e6 is as good as normal.",
        examples!["x = random.vonmises(1, 4, f64[1000], seed = 1)\nprint(abs(x).max() <= pi, abs(x.mean() - 1) < 0.1)" => "true true"],
    ),
    draw(
        "random.noncentral_chisquare",
        &[DF, required("nonc", ParamKind::Array), TYPE, SEED],
        |b, args| floats(b, args, 2, |b| noncentral(b, args, (0, 1, 2), 0)),
        "Sums of `df` squares of normal numbers whose means' squares sum to `nonc`.\n\
         They are chi-square-distributed with more degrees of freedom by twice a Poisson-distributed number.",
        examples!["x = random.noncentral_chisquare(3, 2, f64[1000], seed = 1)\nprint(x.min() >= 0, abs(x.mean() - 5) < 0.5)" => "true true"],
    ),
    draw(
        "random.noncentral_f",
        &[required("dfnum", ParamKind::Array), required("dfden", ParamKind::Array), required("nonc", ParamKind::Array), TYPE, SEED],
        |b, args| {
            floats(b, args, 3, |b| {
                let (square, df) = (noncentral(b, args, (0, 2, 3), 0)?, param(b, args, 0)?);
                let (over, under) = (div(b, square, df)?, mean_square(b, args, 1, 3, 2)?);
                div(b, over, under)
            })
        },
        "The quotient of a noncentral and a central chi-square-distributed number, each over its degrees of freedom.",
        examples!["print(random.noncentral_f(3, 8, 1, f64[100], seed = 1).min() >= 0)" => "true"],
    ),
    draw(
        "random.bernoulli",
        &[optional("p", ParamKind::Array, Default::Float(0.5)), TYPE, SEED],
        |b, args| {
            probability(b, args, 0)?;
            let dtype = dtype(args, 1, DType::Bool, |dtype| dtype == DType::Bool || dtype.is_int(), "bools or integers")?;
            let (u, p) = (uniform(b, args, 1, 0)?, param(b, args, 0)?);
            let value = elementwise(b, Op::Lt, &[u, p])?;
            cast(b, value, dtype).map(Value::Array)
        },
        "true with the probability `p`; bools unless `type` is an integer dtype.",
        examples!["x = random.bernoulli(0.3, bool[1000], seed = 1)\nprint(abs(x.mean() - 0.3) < 0.1)" => "true"],
    ),
    draw(
        "random.choice",
        &[
            required("values", ParamKind::Array),
            optional("size", ParamKind::Shape, Default::Absent),
            SEED,
            optional("p", ParamKind::Array, Default::Absent),
            optional("replace", ParamKind::Flag, Default::Bool(true)),
        ],
        choice,
        "Elements of a vector drawn at random in any shape: `random.choice([1, 2, 5], 10, seed = 1)`.\n\
         Each is as likely, unless `p` has a weight for each, which need not sum to 1. With `replace = false` each element is drawn once at most, by\n\
         sorting, and no more than there are (K0507). Of the seed and the position, like all random numbers.",
        examples![
            "x = random.choice([2, 3, 5], 100, seed = 1)\nprint(x.min() >= 2, x.max() <= 5, x.shape)" => "true true (100,)",
            "print(random.choice([2, 3, 5], 3, replace = false).sort())" => "[2, 3, 5]",
        ],
    ),
];

pub(super) const fn draw(
    name: &'static str,
    params: &'static [Param],
    define: fn(&mut dyn Build, &Args) -> Outcome<Value>,
    doc: &'static str,
    examples: &'static [Example],
) -> Builtin {
    Builtin { name, family: Family::Random, params, doc, examples, define: Define::Build(define) }
}

/// The draws in the float dtype that is asked for.
fn floats(b: &mut dyn Build, args: &Args, ty: usize, draws: impl FnOnce(&mut dyn Build) -> Outcome<A>) -> Outcome<Value> {
    let dtype = dtype(args, ty, DType::F64, DType::is_float, "floats")?;
    let value = draws(b)?;
    cast(b, value, dtype).map(Value::Array)
}

/// The draws in the integer dtype that is asked for.
fn integers(b: &mut dyn Build, args: &Args, ty: usize, draws: impl FnOnce(&mut dyn Build) -> Outcome<A>) -> Outcome<Value> {
    let dtype = dtype(args, ty, DType::I64, DType::is_int, "integers")?;
    let value = draws(b)?;
    let whole = cast(b, value, DType::I64)?;
    cast(b, whole, dtype).map(Value::Array)
}

/// A parameter in double precision.
pub(super) fn param(b: &mut dyn Build, args: &Args, place: usize) -> Outcome<A> {
    let value = args.array(place)?;
    let dtype = b.ty(value).dtype;
    if dtype.is_complex() || dtype.is_time() {
        return Err(Diagnostic::at(Code::Dtype, args.span_of(place), format!("a real number is needed here, found {dtype}")));
    }
    cast(b, value, DType::F64)
}

fn known(b: &dyn Build, args: &Args, place: usize) -> Option<f64> {
    b.known(args.optional_array(place)?).map(Scalar::as_f64)
}

/// K0507 for a known parameter that is too small.
pub(super) fn not_below(b: &dyn Build, args: &Args, place: usize, least: f64) -> Outcome<()> {
    match known(b, args, place) {
        Some(value) if value < least || value.is_nan() => {
            let error = Diagnostic::at(Code::Value, args.span_of(place), format!("{value} is below {least}"));
            Err(error.help(format!("it is {least} or more")))
        }
        _ => Ok(()),
    }
}

/// K0507 for a known probability outside 0 to 1.
fn probability(b: &dyn Build, args: &Args, place: usize) -> Outcome<()> {
    match known(b, args, place) {
        Some(value) if !(0.0..=1.0).contains(&value) => {
            Err(Diagnostic::at(Code::Value, args.span_of(place), format!("a probability of {value}")).help("probabilities are 0 to 1"))
        }
        _ => Ok(()),
    }
}

fn uniform(b: &mut dyn Build, args: &Args, ty: usize, part: u64) -> Outcome<A> {
    stream(b, args, ty, Distribution::Uniform, part)
}

/// Uniform, but not 0: moved up by half a step.
fn inside(b: &mut dyn Build, args: &Args, ty: usize) -> Outcome<A> {
    let (u, half) = (uniform(b, args, ty, 0)?, number(b, DType::F64, 0.5 / (1u64 << 53) as f64));
    add(b, u, half)
}

/// One less `inside`, without rounding to 0.
fn upper(b: &mut dyn Build, args: &Args, ty: usize) -> Outcome<A> {
    let (u, one) = (uniform(b, args, ty, 0)?, number(b, DType::F64, 1.0));
    let rest = sub(b, one, u)?;
    let half = number(b, DType::F64, 0.5 / (1u64 << 53) as f64);
    sub(b, rest, half)
}

/// Exponential with the mean 1.
fn exponential(b: &mut dyn Build, args: &Args, ty: usize, part: u64) -> Outcome<A> {
    let u = uniform(b, args, ty, part)?;
    let minus = elementwise(b, Op::Neg, &[u])?;
    let log = elementwise(b, Op::Math(Math::Log1p), &[minus])?;
    elementwise(b, Op::Neg, &[log])
}

fn scaled(b: &mut dyn Build, args: &Args, scale: usize, draws: impl FnOnce(&mut dyn Build) -> Outcome<A>) -> Outcome<A> {
    let (scale, value) = (param(b, args, scale)?, draws(b)?);
    mul(b, scale, value)
}

/// Scaled by the second parameter, moved by the first.
fn placed(b: &mut dyn Build, args: &Args, draws: impl FnOnce(&mut dyn Build) -> Outcome<A>) -> Outcome<A> {
    let (loc, value) = (param(b, args, 0)?, scaled(b, args, 1, draws)?);
    add(b, loc, value)
}

/// One over a parameter.
fn inverse(b: &mut dyn Build, args: &Args, place: usize) -> Outcome<A> {
    let (one, value) = (number(b, DType::F64, 1.0), param(b, args, place)?);
    div(b, one, value)
}

fn gamma_of(b: &mut dyn Build, args: &Args, shape: A, ty: usize, part: u64) -> Outcome<A> {
    let (u, none) = (uniform(b, args, ty, part)?, number(b, DType::F64, 0.0));
    elementwise(b, Op::Quantile(Quantile::Gamma), &[u, shape, none])
}

fn gamma(b: &mut dyn Build, args: &Args, shape: usize, ty: usize, part: u64) -> Outcome<A> {
    not_below(b, args, shape, 0.0)?;
    let shape = param(b, args, shape)?;
    gamma_of(b, args, shape, ty, part)
}

fn chisquare(b: &mut dyn Build, args: &Args, df: usize, ty: usize, part: u64) -> Outcome<A> {
    not_below(b, args, df, 0.0)?;
    let (df, two) = (param(b, args, df)?, number(b, DType::F64, 2.0));
    let shape = div(b, df, two)?;
    let value = gamma_of(b, args, shape, ty, part)?;
    mul(b, two, value)
}

/// A chi-square-distributed number over its degrees of freedom.
fn mean_square(b: &mut dyn Build, args: &Args, df: usize, ty: usize, part: u64) -> Outcome<A> {
    let (square, df) = (chisquare(b, args, df, ty, part)?, param(b, args, df)?);
    div(b, square, df)
}

fn beta(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (x, y) = (gamma(b, args, 0, 2, 0)?, gamma(b, args, 1, 2, 1)?);
    let all = add(b, x, y)?;
    let share = div(b, x, all)?;
    // Shapes so small that both are 0: the number is as good as 0 or 1.
    let (first, second, zero) = (param(b, args, 0)?, param(b, args, 1)?, number(b, DType::F64, 0.0));
    let both = add(b, first, second)?;
    let p = div(b, first, both)?;
    let u = uniform(b, args, 2, 2)?;
    let one = elementwise(b, Op::Lt, &[u, p])?;
    let one = cast(b, one, DType::F64)?;
    let none = elementwise(b, Op::Eq, &[all, zero])?;
    elementwise(b, Op::Select, &[none, one, share])
}

/// The logarithm of twice the smaller tail, with the sign of the side.
fn laplace(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (u, rest, two) = (inside(b, args, 2)?, upper(b, args, 2)?, number(b, DType::F64, 2.0));
    let tail = elementwise(b, Op::Minimum, &[u, rest])?;
    let double = mul(b, two, tail)?;
    let log = elementwise(b, Op::Math(Math::Log), &[double])?;
    let (left, minus) = (elementwise(b, Op::Lt, &[u, rest])?, elementwise(b, Op::Neg, &[log])?);
    elementwise(b, Op::Select, &[left, log, minus])
}

fn triangular(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    if let (Some(left), Some(mode), Some(right)) = (known(b, args, 0), known(b, args, 1), known(b, args, 2))
        && !(left <= mode && mode <= right)
    {
        return Err(Diagnostic::at(Code::Value, args.span_of(1), format!("a mode of {mode} between {left} and {right}")));
    }
    let (left, mode, right) = (param(b, args, 0)?, param(b, args, 1)?, param(b, args, 2)?);
    let (width, rise, fall) = (sub(b, right, left)?, sub(b, mode, left)?, sub(b, right, mode)?);
    let u = uniform(b, args, 3, 0)?;
    let one = number(b, DType::F64, 1.0);
    let rest = sub(b, one, u)?;
    let (before, after) = (mul(b, u, width)?, mul(b, rest, width)?);
    let (up, down) = (mul(b, before, rise)?, mul(b, after, fall)?);
    let (up, down) = (elementwise(b, Op::Sqrt, &[up])?, elementwise(b, Op::Sqrt, &[down])?);
    let (up, down) = (add(b, left, up)?, sub(b, right, down)?);
    let first = elementwise(b, Op::Le, &[before, rise])?;
    elementwise(b, Op::Select, &[first, up, down])
}

/// The smaller root of a quadratic with a chi-square-distributed number, or the other one, by their odds.
fn wald(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (mean, scale) = (param(b, args, 0)?, param(b, args, 1)?);
    let normal = stream(b, args, 2, Distribution::Normal, 0)?;
    let square = elementwise(b, Op::Square, &[normal])?;
    let (two, four) = (number(b, DType::F64, 2.0), number(b, DType::F64, 4.0));
    let y = mul(b, mean, square)?;
    let (twice, fourfold) = (mul(b, two, scale)?, mul(b, four, scale)?);
    let ratio = div(b, mean, twice)?;
    let under = mul(b, fourfold, y)?;
    let own = elementwise(b, Op::Square, &[y])?;
    let under = add(b, under, own)?;
    let root = elementwise(b, Op::Sqrt, &[under])?;
    let change = sub(b, y, root)?;
    let change = mul(b, ratio, change)?;
    let small = add(b, mean, change)?;
    let (u, sum) = (uniform(b, args, 2, 1)?, add(b, mean, small)?);
    let odds = div(b, mean, sum)?;
    let first = elementwise(b, Op::Le, &[u, odds])?;
    let whole = elementwise(b, Op::Square, &[mean])?;
    let large = div(b, whole, small)?;
    elementwise(b, Op::Select, &[first, small, large])
}

/// A quantile with one parameter, the first argument.
fn one_parameter(b: &mut dyn Build, args: &Args, of: Quantile) -> Outcome<A> {
    let (u, a, none) = (uniform(b, args, 1, 0)?, param(b, args, 0)?, number(b, DType::F64, 0.0));
    elementwise(b, Op::Quantile(of), &[u, a, none])
}

/// `1 + ln v / ln(1 - (1 - p)^u)`, rounded down, of two uniform numbers.
fn logseries(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (u, v, p) = (inside(b, args, 1)?, uniform(b, args, 1, 1)?, param(b, args, 0)?);
    let minus = elementwise(b, Op::Neg, &[p])?;
    let rate = elementwise(b, Op::Math(Math::Log1p), &[minus])?;
    let power = mul(b, u, rate)?;
    let share = elementwise(b, Op::Math(Math::Expm1), &[power])?;
    let share = elementwise(b, Op::Neg, &[share])?;
    let share = elementwise(b, Op::Math(Math::Log), &[share])?;
    let (one, minus) = (number(b, DType::F64, 1.0), elementwise(b, Op::Neg, &[v])?);
    let tail = elementwise(b, Op::Math(Math::Log1p), &[minus])?;
    let more = div(b, tail, share)?;
    let more = elementwise(b, Op::Floor, &[more])?;
    // With a probability of 0 there is 1 alone.
    let more = add(b, more, one)?;
    elementwise(b, Op::Fmax, &[more, one])
}

/// Chi-square-distributed with `df` and twice a Poisson-distributed number of degrees of freedom.
fn noncentral(b: &mut dyn Build, args: &Args, (df, nonc, ty): (usize, usize, usize), part: u64) -> Outcome<A> {
    not_below(b, args, df, 0.0)?;
    not_below(b, args, nonc, 0.0)?;
    let (df, nonc, half, none) = (param(b, args, df)?, param(b, args, nonc)?, number(b, DType::F64, 0.5), number(b, DType::F64, 0.0));
    let mean = mul(b, nonc, half)?;
    let u = uniform(b, args, ty, part)?;
    let more = elementwise(b, Op::Quantile(Quantile::Poisson), &[u, mean, none])?;
    let shape = mul(b, df, half)?;
    let shape = add(b, shape, more)?;
    let (value, two) = (gamma_of(b, args, shape, ty, part + 1)?, number(b, DType::F64, 2.0));
    mul(b, two, value)
}

/// The weights of a choice, one for each value.
fn weights(b: &mut dyn Build, args: &Args, values: A) -> Outcome<A> {
    let weights = param(b, args, 3)?;
    if b.ty(weights).rank() != 1 {
        return Err(Diagnostic::at(Code::Rank, args.span_of(3), format!("weights are a vector, found {}", b.ty(weights))));
    }
    let weights = bare(b, weights)?;
    if let (Some(own), Some(size)) = (b.ty(weights).dims[0].size.known(), b.ty(values).dims[0].size.known())
        && own != size
    {
        return Err(Diagnostic::at(Code::Shape, args.span_of(3), format!("{own} weights for {size} values")));
    }
    Ok(weights)
}

/// The first ones in a random order.
fn without_replacement(b: &mut dyn Build, args: &Args, values: A, size: A) -> Outcome<A> {
    let shape = args.shape(1).to_vec();
    let mut wanted = b.constant(Scalar::i64(1));
    for extent_of in &shape {
        let extent_of = extent(b, *extent_of);
        wanted = mul(b, wanted, extent_of)?;
    }
    let known = |b: &dyn Build, a: A| b.known(a).and_then(Scalar::as_int);
    if let (Some(wanted), Some(size)) = (known(b, wanted), known(b, size))
        && wanted > size
    {
        let error = Diagnostic::at(Code::Value, args.span_of(1), format!("{wanted} draws from {size} values without replacement"));
        return Err(error.help("leave out `replace = false`, or draw fewer"));
    }
    let weights = if args.is_given(3) { Some(weights(b, args, values)?) } else { None };
    let seed = args.array(2)?;
    let order = super::draws::shuffled(b, seed, size, weights)?;
    let first = b.slice(order, &[SliceArg::Range { lo: None, hi: Some(wanted), step: 1 }])?;
    let drawn = b.slice(values, &[SliceArg::Take(first, args.span)])?;
    b.reshape(drawn, &shape)
}

/// Tables up to this size are looked up by comparing; longer ones by position.
const SHORT: u64 = 64;

fn choice(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let values = args.array(0)?;
    if b.ty(values).rank() != 1 {
        let error = Diagnostic::at(Code::Rank, args.span_of(0), format!("`random.choice` draws from a vector, found {}", b.ty(values)));
        return Err(error.help("`ravel(x)` makes one; `random.integers` draws from a range"));
    }
    let values = bare(b, values)?;
    let known_size = b.ty(values).dims[0].size.known();
    if known_size == Some(0) {
        return Err(Diagnostic::at(Code::Value, args.span_of(0), "there is nothing to draw from"));
    }
    let size = b.size(values, 0);
    if !args.bool(4)? {
        return without_replacement(b, args, values, size).map(Value::Array);
    }
    let u = uniform(b, args, 1, 0)?;
    let rank = b.ty(u).rank();
    let position = match args.optional_array(3) {
        None => {
            let count = cast(b, size, DType::F64)?;
            let scaled = mul(b, u, count)?;
            cast(b, scaled, DType::I64)?
        }
        Some(_) => {
            let weights = weights(b, args, values)?;
            let steps = b.scan(Op::Add, weights, 0)?;
            let total = sum(b, weights, &[0])?;
            let level = mul(b, u, total)?;
            let level = with_axis(b, level, rank)?;
            let past = elementwise(b, Op::Ge, &[level, steps])?;
            sum(b, past, &[rank])?
        }
    };
    // Rounding must not step over the end.
    let one = b.constant(Scalar::i64(1));
    let last = sub(b, size, one)?;
    let position = elementwise(b, Op::Minimum, &[position, last])?;
    if known_size.is_some_and(|size| size <= SHORT) && !b.ty(values).dtype.is_time() {
        return entry(b, values, position, size).map(Value::Array);
    }
    if rank == 0 {
        return at(b, values, 0, position, args.span).map(Value::Array);
    }
    looked_up(b, args, values, position).map(Value::Array)
}
