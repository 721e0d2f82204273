//! Random draws of several numbers that belong together: permutations, draws without replacement, and vectors of multivariate
//! distributions along a last dimension. Each is a function of the seed and its place alone, as all random numbers.

use super::axes::{at, axis, bare, with_axis, without_coords};
use super::build::{A, Build, Extent, Matrix, Routine, SliceArg, Value};
use super::distributions::{draw, not_below, param};
use super::matrices::turned;
use super::parts::{ALL, add, cast, div, elementwise, examples, int, mul, number, optional, required, sub};
use super::random::{SEED, TYPE, dtype, stream_in};
use super::reductions::sum;
use super::{Args, Builtin, Default, ParamKind};
use crate::array::DType;
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::{Distribution, ScalarOp as Op};
use crate::vmath::{Math, Quantile};

/// Parts of one draw that are written out one by one.
const MOST: u64 = 1000;

pub const TABLE: &[Builtin] = &[
    draw(
        "random.permutation",
        &[required("x", ParamKind::Array), SEED, optional("along", ParamKind::Dims, Default::Absent)],
        |b, args| permutation(b, args).map(Value::Array),
        "The elements of `x` in a random order along a dimension (the first unless given), or of a number n the numbers 0 to n - 1.\n\
         Every order is as likely. By sorting random numbers: out of core. The dimension loses its coordinate.",
        examples!["print(random.permutation(5, seed = 1).sort(), random.permutation([3, 4, 5]).sum())" => "[0, 1, 2, 3, 4] 12"],
    ),
    draw(
        "random.multinomial",
        &[required("n", ParamKind::Array), required("p", ParamKind::Array), TYPE, SEED],
        |b, args| multinomial(b, args).map(Value::Array),
        "How often each of several outcomes comes in `n` trials: a last dimension with a count for each.\n\
         `p` is a vector of their weights, of at most 1000, which need not sum to 1. `type` is an integer dtype with the shape of the draws. By binomial draws, one outcome after the other.",
        examples!["x = random.multinomial(20, [1, 2, 3], i64[100], seed = 1)\nprint(x.shape, all(x.sum(over = 1) == 20))" => "(100, 3) true"],
    ),
    draw(
        "random.multivariate_hypergeometric",
        &[required("colors", ParamKind::Array), required("n", ParamKind::Array), TYPE, SEED],
        |b, args| marbles(b, args).map(Value::Array),
        "How many of each colour are among `n` marbles drawn without putting any back.\n\
         `colors` is a vector with how many there are, of at most 1000 colours. The result has a last dimension of them. See `random.hypergeometric`.",
        examples![
            "x = random.multivariate_hypergeometric([5, 10, 15], 8, i64[100], seed = 1)\nprint(x.shape, all(x.sum(over = 1) == 8))"
                => "(100, 3) true"
        ],
    ),
    draw(
        "random.multivariate_normal",
        &[required("mean", ParamKind::Array), required("cov", ParamKind::Array), TYPE, SEED],
        |b, args| normal(b, args).map(Value::Array),
        "Vectors of the normal distribution with this mean, a vector, and this matrix of covariances, along a last dimension.\n\
         `type` is a float dtype with the shape of the draws. Standard normal numbers times the root of the matrix, through `eigh`; it may be\n\
         singular, and variances below 0, from rounding, count as 0.",
        examples![
            "x = random.multivariate_normal([1.0, 5.0], [[2.0, 1.0], [1.0, 2.0]], f64[4000], seed = 1)\nprint(x.shape, all(abs(x.mean(over = 0) - [1, 5]) < 0.1), all(abs(cov(x.T) - [[2, 1], [1, 2]]) < 0.2))"
                => "(4000, 2) true true"
        ],
    ),
    draw(
        "random.dirichlet",
        &[required("alpha", ParamKind::Array), TYPE, SEED],
        |b, args| dirichlet(b, args).map(Value::Array),
        "Vectors of shares that sum to 1, of the Dirichlet distribution with the vector `alpha`, along a last dimension.\n\
         Gamma-distributed numbers over their sum. `type` is a float dtype with the shape of the draws.",
        examples!["x = random.dirichlet([1.0, 2.0, 3.0], f64[100], seed = 1)\nprint(x.shape, allclose(x.sum(over = 1), 1))" => "(100, 3) true"],
    ),
];

/// The positions of a dimension in a random order: of weighted ones, in that in which they would be drawn one after the other.
pub(super) fn shuffled(b: &mut dyn Build, seed: A, size: A, weights: Option<A>) -> Outcome<A> {
    let mut key = stream_in(b, seed, &[Extent::Value(size)], Distribution::Uniform, 0)?;
    if let Some(weights) = weights {
        // Who is first when each waits exponentially, with its weight as the rate (Efraimidis, Spirakis 2006).
        let minus = elementwise(b, Op::Neg, &[key])?;
        let log = elementwise(b, Op::Math(Math::Log1p), &[minus])?;
        let wait = elementwise(b, Op::Neg, &[log])?;
        key = div(b, wait, weights)?;
    }
    Ok(b.routine(Routine::ArgSort { descending: false }, &[key])?[0])
}

fn permutation(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    let seed = args.array(1)?;
    if b.ty(x).rank() == 0 {
        if !b.ty(x).dtype.is_int() {
            let message = format!("an array is put in another order, or the numbers below an integer, found {}", b.ty(x));
            return Err(Diagnostic::at(Code::Type, args.span_of(0), message));
        }
        not_below(b, args, 0, 0.0)?;
        let size = args.integer(b, 0)?;
        return shuffled(b, seed, size, None);
    }
    let axis = if args.dims(2).is_some() { axis(b, args, 2, x)? } else { 0 };
    let size = b.size(x, axis);
    let order = shuffled(b, seed, size, None)?;
    let mut index = vec![ALL; axis];
    index.push(SliceArg::Take(order, args.span));
    let value = b.slice(x, &index)?;
    without_coords(b, value, &[axis])
}

/// A vector of parameters in double precision, and how many there are.
fn vector(b: &mut dyn Build, args: &Args, place: usize) -> Outcome<(A, u64)> {
    let values = param(b, args, place)?;
    let ty = b.ty(values);
    let size = match ty.dims.as_slice() {
        [dim] => dim.size.known(),
        _ => return Err(Diagnostic::at(Code::Rank, args.span_of(place), format!("a vector is needed here, found {ty}"))),
    };
    match size {
        Some(size @ 1..=MOST) => Ok((bare(b, values)?, size)),
        Some(size) => {
            Err(Diagnostic::at(Code::Value, args.span_of(place), format!("{size} outcomes")).help(format!("there are 1 to {MOST}")))
        }
        None => {
            Err(Diagnostic::at(Code::Shape, args.span_of(place), "how many outcomes there are must be known when the program is checked"))
        }
    }
}

/// The shape of the draws with a last dimension of so many.
fn widened(args: &Args, ty: usize, count: u64) -> Vec<Extent> {
    args.shape(ty).iter().copied().chain([Extent::Known(count)]).collect()
}

/// The entry of a vector.
fn entry(b: &mut dyn Build, args: &Args, vector: A, place: u64) -> Outcome<A> {
    let position = int(b, place as i64);
    at(b, vector, 0, position, args.span)
}

/// Counts drawn one after the other, each from what those before it have left: `draw(u, left, own, others)` with the weight of the outcome
/// and the sum of those after it. The last one takes what is left.
fn in_turn(
    b: &mut dyn Build,
    args: &Args,
    weights: (A, u64),
    trials: A,
    draw: impl Fn(&mut dyn Build, A, A, A, A) -> Outcome<A>,
) -> Outcome<A> {
    let ((weights, count), ty) = (weights, 2);
    let dtype = dtype(args, ty, DType::I64, DType::is_int, "integers")?;
    let shape = widened(args, ty, count);
    let seed = args.array(ty + 1)?;
    let uniform = stream_in(b, seed, &shape, Distribution::Uniform, 0)?;
    let rank = shape.len() - 1;
    let mut left = b.broadcast(trials, &shape[..rank])?;
    let mut counts = Vec::with_capacity(count as usize);
    for place in 0..count {
        let own = if place + 1 == count {
            left
        } else {
            let position = int(b, place as i64);
            let u = at(b, uniform, rank, position, args.span)?;
            let next = int(b, place as i64 + 1);
            let others = b.slice(weights, &[SliceArg::Range { lo: Some(next), hi: None, step: 1 }])?;
            let (own, others) = (entry(b, args, weights, place)?, sum(b, others, &[0])?);
            draw(b, u, left, own, others)?
        };
        left = sub(b, left, own)?;
        counts.push(with_axis(b, own, rank)?);
    }
    let value = b.concat(&counts, rank)?;
    let whole = cast(b, value, DType::I64)?;
    cast(b, whole, dtype)
}

fn multinomial(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    not_below(b, args, 0, 0.0)?;
    let (trials, weights) = (param(b, args, 0)?, vector(b, args, 1)?);
    in_turn(b, args, weights, trials, |b, u, left, own, others| {
        let all = add(b, own, others)?;
        let share = div(b, own, all)?;
        // Where all that remain have no weight, nothing is left for them but the last.
        let zero = number(b, DType::F64, 0.0);
        let some = elementwise(b, Op::Gt, &[all, zero])?;
        let share = elementwise(b, Op::Select, &[some, share, zero])?;
        elementwise(b, Op::Quantile(Quantile::Binomial), &[u, left, share])
    })
}

fn marbles(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    not_below(b, args, 1, 0.0)?;
    let (colors, drawn) = (vector(b, args, 0)?, param(b, args, 1)?);
    in_turn(b, args, colors, drawn, |b, u, left, own, others| {
        elementwise(b, Op::Quantile(Quantile::Hypergeometric), &[u, own, others, left])
    })
}

fn normal(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let dtype = dtype(args, 2, DType::F64, DType::is_float, "floats")?;
    let (mean, cov) = (param(b, args, 0)?, param(b, args, 1)?);
    let (ty, own) = (b.ty(cov), b.ty(mean));
    let (1, 2, Some(count)) = (own.rank(), ty.rank(), own.dims.first().and_then(|dim| dim.size.known())) else {
        let message = format!("a mean is a vector of known size and covariances are a matrix, found {own} and {ty}");
        return Err(Diagnostic::at(Code::Rank, args.span_of(1), message));
    };
    if ty.dims.iter().any(|dim| dim.size.known().is_some_and(|size| size != count)) {
        return Err(Diagnostic::at(Code::Shape, args.span_of(1), format!("{count} means and covariances {ty}")));
    }
    let (mean, cov) = (bare(b, mean)?, bare(b, cov)?);
    let seed = args.array(3)?;
    let standard = stream_in(b, seed, &widened(args, 2, count), Distribution::Normal, 0)?;
    let parts = b.routine(Routine::Matrix(Matrix::Eigh), &[cov])?;
    let zero = number(b, DType::F64, 0.0);
    let variances = elementwise(b, Op::Maximum, &[parts[0], zero])?;
    let deviations = elementwise(b, Op::Sqrt, &[variances])?;
    let root = mul(b, parts[1], deviations)?;
    let root = turned(b, root)?;
    let value = b.matmul(standard, root)?;
    let value = add(b, value, mean)?;
    cast(b, value, dtype)
}

fn dirichlet(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let dtype = dtype(args, 1, DType::F64, DType::is_float, "floats")?;
    let (alpha, count) = vector(b, args, 0)?;
    let shape = widened(args, 1, count);
    let seed = args.array(2)?;
    let u = stream_in(b, seed, &shape, Distribution::Uniform, 0)?;
    let none = number(b, DType::F64, 0.0);
    let gammas = elementwise(b, Op::Quantile(Quantile::Gamma), &[u, alpha, none])?;
    let last = shape.len() - 1;
    let total = sum(b, gammas, &[last])?;
    let total = with_axis(b, total, last)?;
    let value = div(b, gammas, total)?;
    cast(b, value, dtype)
}
