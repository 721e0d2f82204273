//! Tests of hypotheses: a statistic and its p-value, as SciPy's `stats`. Formulas over means, variances and moments, so they run out of core
//! as those do; the shares of distributions behind p-values are `special`'s.

use super::axes::{axes, count};
use super::build::{A, Build, Value};
use super::moments::{kurtosis, skew};
use super::parts::{built, cast, elementwise, examples, number, optional, required};
use super::reductions::{double, double_variance, mean, sum};
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::DType;
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;
use crate::vmath::{Math, Quantile};

const X: Param = required("x", ParamKind::Array);
const Y: Param = required("y", ParamKind::Array);
const OVER: Param = optional("over", ParamKind::Dims, Default::Absent);
const EXPECTED: Param = optional("expected", ParamKind::Array, Default::Absent);
const DDOF: Param = optional("ddof", ParamKind::Flag, Default::Int(0));

pub const TABLE: &[Builtin] = &[
    built(
        "ttest_1samp",
        Family::Reduction,
        &[X, required("mean", ParamKind::Array), OVER],
        |b, args| {
            let (x, expected) = (args.array(0)?, args.array(1)?);
            let axes = axes(b, args, 2, x)?;
            one_sample(b, x, expected, &axes)
        },
        "Student's t of whether `x` has this mean, and its two-sided p-value: `t, p = ttest_1samp(x, 0.0, over = time)`. `f64`.",
        examples!["t, p = ttest_1samp([1.0, 2.0, 3.0, 4.0], 2.5)\nprint(t, p)" => "0.0 1.0"],
    ),
    built(
        "ttest_rel",
        Family::Reduction,
        &[X, Y, OVER],
        |b, args| {
            let (x, y) = (args.array(0)?, args.array(1)?);
            let differences = elementwise(b, Op::Sub, &[x, y])?;
            let axes = axes(b, args, 2, differences)?;
            let none = number(b, DType::F64, 0.0);
            one_sample(b, differences, none, &axes)
        },
        "Student's t of whether pairs of `x` and `y` have one mean, and its two-sided p-value; see `ttest_1samp`.",
        examples!["t, p = ttest_rel([1.0, 2.0, 3.0], [2.0, 1.0, 3.0])\nprint(t, p)" => "0.0 1.0"],
    ),
    built(
        "ttest_ind",
        Family::Reduction,
        &[X, Y, OVER, optional("equal_var", ParamKind::Flag, Default::Bool(true))],
        two_samples,
        "Student's t of whether two samples have one mean, and its two-sided p-value. With `equal_var = false` Welch's, of variances that differ.",
        examples!["t, p = ttest_ind([1.0, 2.0, 3.0], [3.0, 2.0, 1.0])\nprint(t, p)" => "0.0 1.0"],
    ),
    built(
        "f_oneway",
        Family::Reduction,
        &[required("samples", ParamKind::Arrays)],
        f_oneway,
        "The F of a one-way analysis of variance, whether all samples have one mean, and its p-value: `f, p = f_oneway(a, b, c)`.",
        examples!["f, p = f_oneway([1.0, 2.0, 3.0], [2.0, 2.0, 2.0])\nprint(f, p)" => "0.0 1.0"],
    ),
    built(
        "chisquare",
        Family::Reduction,
        &[X, EXPECTED, DDOF, OVER],
        |b, args| divergence(b, args, 1.0, 3),
        "Pearson's chi-square of whether counts are those that are expected, and its p-value: `c, p = chisquare(counts)`.\n\
         `expected` is their mean unless given. There are as many degrees of freedom as counts, less 1 and `ddof`.",
        examples!["c, p = chisquare([16, 18, 16, 14, 12, 12])\nprint(c, abs(p - 0.84914503608) < 1e-9)" => "2.0 true"],
    ),
    built(
        "power_divergence",
        Family::Reduction,
        &[X, EXPECTED, DDOF, OVER, optional("lambda", ParamKind::Flag, Default::Float(1.0))],
        |b, args| divergence(b, args, args.float(4)?, 3),
        "A statistic of Cressie and Read's family for counts, and its p-value; see `chisquare`.\n\
         `lambda` 1 is Pearson's, 0 the likelihood ratio, -0.5 Freeman and Tukey's, 2 / 3 Cressie and Read's own.",
        examples!["c, p = power_divergence([2, 2, 2], lambda = 0)\nprint(c, p)" => "0.0 1.0"],
    ),
    built(
        "skewtest",
        Family::Reduction,
        &[X, OVER],
        |b, args| {
            let (x, axes) = sample(b, args)?;
            let z = skew_score(b, x, &axes)?;
            normal_p(b, z)
        },
        "The score of whether the skewness is that of a normal distribution, and its two-sided p-value; of 8 elements or more.\n\
         D'Agostino 1970.",
        examples!["z, p = skewtest([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 30.0])\nprint(z > 2, p < 0.05)" => "true true"],
    ),
    built(
        "kurtosistest",
        Family::Reduction,
        &[X, OVER],
        |b, args| {
            let (x, axes) = sample(b, args)?;
            let z = kurtosis_score(b, x, &axes)?;
            normal_p(b, z)
        },
        "The score of whether the kurtosis is that of a normal distribution, and its two-sided p-value; of 20 elements or more.\n\
         Anscombe, Glynn 1983.",
        examples!["z, p = kurtosistest(arange(40.0) ** 3)\nprint(z > 0, p < 1)" => "true true"],
    ),
    built(
        "normaltest",
        Family::Reduction,
        &[X, OVER],
        |b, args| {
            let (x, axes) = sample(b, args)?;
            let (skewness, tails) = (skew_score(b, x, &axes)?, kurtosis_score(b, x, &axes)?);
            let mut f = Formula(b);
            let (s, k) = (f.mul(skewness, skewness)?, f.mul(tails, tails)?);
            let statistic = f.add(s, k)?;
            let half = f.mul(statistic, -0.5)?;
            let p = f.one(Op::Math(Math::Exp), half)?;
            pair(statistic, p)
        },
        "The sum of the squares of `skewtest` and `kurtosistest`, and its p-value.\n\
         It is chi-square-distributed for samples of a normal distribution. D'Agostino, Pearson 1973.",
        examples!["s, p = normaltest(random.normal(0, 1, f64[1000], seed = 1))\nprint(p > 0.001)" => "true"],
    ),
];

/// Formulas over arrays and numbers in double precision.
struct Formula<'a>(&'a mut dyn Build);

enum Term {
    Array(A),
    Number(f64),
}

impl From<A> for Term {
    fn from(a: A) -> Term {
        Term::Array(a)
    }
}

impl From<f64> for Term {
    fn from(value: f64) -> Term {
        Term::Number(value)
    }
}

impl Formula<'_> {
    fn term(&mut self, term: Term) -> Outcome<A> {
        match term {
            Term::Array(a) => cast(self.0, a, DType::F64),
            Term::Number(value) => Ok(number(self.0, DType::F64, value)),
        }
    }
    fn two(&mut self, op: Op, x: impl Into<Term>, y: impl Into<Term>) -> Outcome<A> {
        let (x, y) = (self.term(x.into())?, self.term(y.into())?);
        elementwise(self.0, op, &[x, y])
    }
    fn one(&mut self, op: Op, x: impl Into<Term>) -> Outcome<A> {
        let x = self.term(x.into())?;
        elementwise(self.0, op, &[x])
    }
    fn add(&mut self, x: impl Into<Term>, y: impl Into<Term>) -> Outcome<A> {
        self.two(Op::Add, x, y)
    }
    fn sub(&mut self, x: impl Into<Term>, y: impl Into<Term>) -> Outcome<A> {
        self.two(Op::Sub, x, y)
    }
    fn mul(&mut self, x: impl Into<Term>, y: impl Into<Term>) -> Outcome<A> {
        self.two(Op::Mul, x, y)
    }
    fn div(&mut self, x: impl Into<Term>, y: impl Into<Term>) -> Outcome<A> {
        self.two(Op::Div, x, y)
    }
    fn sqrt(&mut self, x: impl Into<Term>) -> Outcome<A> {
        self.one(Op::Sqrt, x)
    }
    /// `(n + a) * (n + b) * …`
    fn product(&mut self, n: A, more: &[f64]) -> Outcome<A> {
        let mut value = self.term(Term::Number(1.0))?;
        for more in more {
            let factor = self.add(n, *more)?;
            value = self.mul(value, factor)?;
        }
        Ok(value)
    }
    /// The share of a distribution with these parameters.
    fn share(&mut self, of: Quantile, x: impl Into<Term>, a: impl Into<Term>, b: impl Into<Term>) -> Outcome<A> {
        let operands = [self.term(x.into())?, self.term(a.into())?, self.term(b.into())?];
        elementwise(self.0, Op::Quantile(of), &operands)
    }
}

fn pair(statistic: A, p: A) -> Outcome<Value> {
    Ok(Value::Tuple(vec![Value::Array(statistic), Value::Array(p)]))
}

/// The first argument and the axes that it is reduced over.
fn sample(b: &mut dyn Build, args: &Args) -> Outcome<(A, Vec<usize>)> {
    let x = args.array(0)?;
    let axes = axes(b, args, 1, x)?;
    Ok((x, axes))
}

/// Mean, variance and number of elements.
fn summary(b: &mut dyn Build, x: A, axes: &[usize]) -> Outcome<(A, A, A)> {
    let wide = double(b, x)?;
    let (middle, variance, n) = (mean(b, wide, axes)?, double_variance(b, wide, axes, 1, false)?, count(b, x, axes)?);
    Ok((middle, variance, cast(b, n, DType::F64)?))
}

/// The two-sided p-value of Student's t.
fn student(f: &mut Formula, t: A, df: A) -> Outcome<Value> {
    let square = f.mul(t, t)?;
    let all = f.add(df, square)?;
    let (share, half) = (f.div(df, all)?, f.mul(df, 0.5)?);
    let p = f.share(Quantile::BetaBelow, share, half, 0.5)?;
    pair(t, p)
}

/// The two-sided p-value of a normal score.
fn normal_p(b: &mut dyn Build, z: A) -> Outcome<Value> {
    let mut f = Formula(b);
    let size = f.one(Op::Abs, z)?;
    let size = f.mul(size, std::f64::consts::FRAC_1_SQRT_2)?;
    let p = f.one(Op::Math(Math::Erfc), size)?;
    pair(z, p)
}

fn one_sample(b: &mut dyn Build, x: A, expected: A, axes: &[usize]) -> Outcome<Value> {
    let (middle, variance, n) = summary(b, x, axes)?;
    let mut f = Formula(b);
    let (difference, error) = (f.sub(middle, expected)?, f.div(variance, n)?);
    let error = f.sqrt(error)?;
    let (t, df) = (f.div(difference, error)?, f.sub(n, 1.0)?);
    student(&mut f, t, df)
}

fn two_samples(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let (x, y) = (args.array(0)?, args.array(1)?);
    let (over_x, over_y) = (axes(b, args, 2, x)?, axes(b, args, 2, y)?);
    let ((mx, vx, nx), (my, vy, ny)) = (summary(b, x, &over_x)?, summary(b, y, &over_y)?);
    let mut f = Formula(b);
    let difference = f.sub(mx, my)?;
    let (ex, ey) = (f.div(vx, nx)?, f.div(vy, ny)?);
    let (fx, fy) = (f.sub(nx, 1.0)?, f.sub(ny, 1.0)?);
    let (square, df) = if args.bool(3)? {
        let (sx, sy, df) = (f.mul(vx, fx)?, f.mul(vy, fy)?, f.add(fx, fy)?);
        let squares = f.add(sx, sy)?;
        let (pooled, rx, ry) = (f.div(squares, df)?, f.div(1.0, nx)?, f.div(1.0, ny)?);
        let inverse = f.add(rx, ry)?;
        (f.mul(pooled, inverse)?, df)
    } else {
        let square = f.add(ex, ey)?;
        let (qx, qy, whole) = (f.mul(ex, ex)?, f.mul(ey, ey)?, f.mul(square, square)?);
        let (qx, qy) = (f.div(qx, fx)?, f.div(qy, fy)?);
        let under = f.add(qx, qy)?;
        (square, f.div(whole, under)?)
    };
    let error = f.sqrt(square)?;
    let t = f.div(difference, error)?;
    student(&mut f, t, df)
}

fn f_oneway(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let samples = args.arrays()?;
    if samples.len() < 2 {
        return Err(Diagnostic::at(Code::Arguments, args.span, "at least two samples are compared"));
    }
    let groups = samples.len() as f64;
    let mut parts = Vec::with_capacity(samples.len());
    for sample in &samples {
        let all: Vec<usize> = (0..b.ty(*sample).rank()).collect();
        parts.push(summary(b, *sample, &all)?);
    }
    let mut f = Formula(b);
    let (mut n, mut total) = (f.term(Term::Number(0.0))?, f.term(Term::Number(0.0))?);
    for (middle, _, size) in &parts {
        let sum = f.mul(*middle, *size)?;
        (n, total) = (f.add(n, *size)?, f.add(total, sum)?);
    }
    let whole = f.div(total, n)?;
    let (mut between, mut within) = (f.term(Term::Number(0.0))?, f.term(Term::Number(0.0))?);
    for (middle, variance, size) in &parts {
        let (difference, free) = (f.sub(*middle, whole)?, f.sub(*size, 1.0)?);
        let square = f.mul(difference, difference)?;
        let (square, rest) = (f.mul(square, *size)?, f.mul(*variance, free)?);
        (between, within) = (f.add(between, square)?, f.add(within, rest)?);
    }
    let free = f.sub(n, groups)?;
    let (over, under) = (f.div(between, groups - 1.0)?, f.div(within, free)?);
    let statistic = f.div(over, under)?;
    let scaled = f.mul(statistic, groups - 1.0)?;
    let all = f.add(scaled, free)?;
    let (share, half) = (f.div(free, all)?, f.mul(free, 0.5)?);
    let p = f.share(Quantile::BetaBelow, share, half, (groups - 1.0) * 0.5)?;
    pair(statistic, p)
}

fn divergence(b: &mut dyn Build, args: &Args, lambda: f64, over: usize) -> Outcome<Value> {
    let x = double(b, args.array(0)?)?;
    let axes = axes(b, args, over, x)?;
    let expected = match args.optional_array(1) {
        Some(expected) => double(b, expected)?,
        None => {
            let middle = mean(b, x, &axes)?;
            super::axes::keep_dims(b, x, &axes, middle)?
        }
    };
    let (n, ddof) = (count(b, x, &axes)?, args.int(2)? as f64);
    let mut f = Formula(b);
    let terms = if lambda == 1.0 {
        let difference = f.sub(x, expected)?;
        let square = f.mul(difference, difference)?;
        f.div(square, expected)?
    } else if lambda == 0.0 || lambda == -1.0 {
        let (own, other) = if lambda == 0.0 { (x, expected) } else { (expected, x) };
        let ratio = f.div(own, other)?;
        let log = f.one(Op::Math(Math::Log), ratio)?;
        let term = f.mul(own, log)?;
        // Of no counts nothing is added.
        let none = f.two(Op::Eq, own, 0.0)?;
        let zero = f.term(Term::Number(0.0))?;
        let term = elementwise(f.0, Op::Select, &[none, zero, term])?;
        f.mul(term, 2.0)?
    } else {
        let ratio = f.div(x, expected)?;
        let power = f.two(Op::Pow, ratio, lambda)?;
        let less = f.sub(power, 1.0)?;
        let term = f.mul(x, less)?;
        f.mul(term, 2.0 / (lambda * (lambda + 1.0)))?
    };
    let statistic = sum(f.0, terms, &axes)?;
    let free = f.sub(n, 1.0 + ddof)?;
    let (half, shape) = (f.mul(statistic, 0.5)?, f.mul(free, 0.5)?);
    let p = f.share(Quantile::GammaAbove, half, shape, 0.0)?;
    pair(statistic, p)
}

fn skew_score(b: &mut dyn Build, x: A, axes: &[usize]) -> Outcome<A> {
    let wide = double(b, x)?;
    let (skewness, n) = (skew(b, wide, axes)?, count(b, x, axes)?);
    let n = cast(b, n, DType::F64)?;
    let mut f = Formula(b);
    let (over, under) = (f.product(n, &[1.0, 3.0])?, f.add(n, -2.0)?);
    let under = f.mul(under, 6.0)?;
    let scale = f.div(over, under)?;
    let scale = f.sqrt(scale)?;
    let y = f.mul(skewness, scale)?;
    let square = f.mul(n, n)?;
    let (linear, under) = (f.mul(n, 27.0)?, f.product(n, &[-2.0, 5.0, 7.0, 9.0])?);
    let series = f.add(square, linear)?;
    let series = f.sub(series, 70.0)?;
    let series = f.mul(series, over)?;
    let series = f.mul(series, 3.0)?;
    let beta = f.div(series, under)?;
    let beta = f.sub(beta, 1.0)?;
    let beta = f.mul(beta, 2.0)?;
    let root = f.sqrt(beta)?;
    let w = f.sub(root, 1.0)?;
    let log = f.one(Op::Math(Math::Log), w)?;
    let log = f.mul(log, 0.5)?;
    let root = f.sqrt(log)?;
    let less = f.sub(w, 1.0)?;
    let alpha = f.div(2.0, less)?;
    let alpha = f.sqrt(alpha)?;
    let ratio = f.div(y, alpha)?;
    let angle = f.one(Op::Math(Math::Asinh), ratio)?;
    f.div(angle, root)
}

fn kurtosis_score(b: &mut dyn Build, x: A, axes: &[usize]) -> Outcome<A> {
    let wide = double(b, x)?;
    let (tails, n) = (kurtosis(b, wide, false, axes)?, count(b, x, axes)?);
    let n = cast(b, n, DType::F64)?;
    let mut f = Formula(b);
    let (less, more) = (f.sub(n, 1.0)?, f.add(n, 1.0)?);
    let expected = f.div(less, more)?;
    let expected = f.mul(expected, 3.0)?;
    let (over, square) = (f.product(n, &[0.0, -2.0, -3.0])?, f.mul(more, more)?);
    let (over, rest) = (f.mul(over, 24.0)?, f.product(n, &[3.0, 5.0])?);
    let under = f.mul(square, rest)?;
    let variance = f.div(over, under)?;
    let deviation = f.sqrt(variance)?;
    let difference = f.sub(tails, expected)?;
    let score = f.div(difference, deviation)?;
    let (square, linear) = (f.mul(n, n)?, f.mul(n, -5.0)?);
    let series = f.add(square, linear)?;
    let series = f.add(series, 2.0)?;
    let series = f.mul(series, 6.0)?;
    let under = f.product(n, &[7.0, 9.0])?;
    let series = f.div(series, under)?;
    let (six, under) = (f.mul(rest, 6.0)?, f.product(n, &[0.0, -2.0, -3.0])?);
    let root = f.div(six, under)?;
    let root = f.sqrt(root)?;
    let beta = f.mul(series, root)?;
    let square = f.mul(beta, beta)?;
    let (quarter, inverse) = (f.div(4.0, square)?, f.div(2.0, beta)?);
    let root = f.add(quarter, 1.0)?;
    let root = f.sqrt(root)?;
    let sum = f.add(inverse, root)?;
    let scale = f.div(8.0, beta)?;
    let product = f.mul(scale, sum)?;
    let a = f.add(product, 6.0)?;
    let ninth = f.div(2.0 / 9.0, a)?;
    let (first, free) = (f.sub(1.0, ninth)?, f.sub(a, 4.0)?);
    let scale = f.div(2.0, free)?;
    let scale = f.sqrt(scale)?;
    let step = f.mul(score, scale)?;
    let under = f.add(step, 1.0)?;
    let inverse = f.div(2.0, a)?;
    let over = f.sub(1.0, inverse)?;
    let ratio = f.div(over, under)?;
    let second = f.one(Op::Math(Math::Cbrt), ratio)?;
    let (difference, deviation) = (f.sub(first, second)?, f.sqrt(ninth)?);
    f.div(difference, deviation)
}
