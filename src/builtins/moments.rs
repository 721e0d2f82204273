//! Statistics beyond sums: spread, weights, moments, covariances, norms, sums of exponentials.

use super::axes::{axes, bare, count, keep_dims, with_axis};
use super::build::{A, Build, SliceArg, Value};
use super::parts::{add, built, cast, div, elementwise, examples, floated, missing, mul, number, optional, required, sub};
use super::reductions::{double, extreme, fold, mean, reduced, reduction, sum, truth};
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::{DType, Scalar};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;
use crate::types::promote::promote_or_fail;
use crate::vmath::Math;

const X: Param = required("x", ParamKind::Array);
const OVER: Param = optional("over", ParamKind::Dims, Default::Absent);
const KEEP: Param = optional("keepdims", ParamKind::Flag, Default::Bool(false));
const WEIGHTED: &[Param] = &[X, required("weights", ParamKind::Array), OVER, KEEP];
const Y: Param = optional("y", ParamKind::Array, Default::Absent);
const ROWVAR: Param = optional("rowvar", ParamKind::Flag, Default::Bool(true));

pub const TABLE: &[Builtin] = &[
    reduction(
        "ptp",
        |b, args| reduced(b, args, range_of),
        "The largest element less the smallest; NaN if there is one. Of nothing an error (K0507). Integers wrap.",
        examples!["print(ptp([3, 1, 7]))" => "6"],
    ),
    built(
        "average",
        Family::Reduction,
        WEIGHTED,
        |b, args| average(b, args, false).map(Value::Array),
        "The mean with weights: the sum of `x * weights` divided by the sum of the weights, in double precision.\n\
         Weights meet `x` as in arithmetic, named dimensions by name; a vector of them is along the one dimension `over`. Weights that sum to 0\n\
         give NaN or inf.",
        examples![
            "print(average([1, 2, 3], [3, 1, 0]))" => "1.25",
            "print(average([[1.0, 2.0], [3.0, 4.0]], [1, 3], over = 0))" => "[2.5, 3.5]",
        ],
    ),
    built(
        "nanaverage",
        Family::Reduction,
        WEIGHTED,
        |b, args| average(b, args, true).map(Value::Array),
        "`average` without NaN: neither the elements nor their weights count, as in xarray's weighted means.",
        examples!["print(nanaverage([1.0, nan, 3.0], [3, 5, 1]))" => "1.5"],
    ),
    built(
        "moment",
        Family::Reduction,
        &[X, required("order", ParamKind::Flag), OVER, KEEP],
        |b, args| over(b, args, 2, 3, |b, x, axes| moment(b, x, args.int(1)?, axes)).map(Value::Array),
        "The central moment: the mean of the deviations from the mean to the power `order`. Computed in double precision.",
        examples!["print(moment([1, 2, 3, 6], 3))" => "4.5"],
    ),
    reduction(
        "skew",
        |b, args| reduced(b, args, skew),
        "The skewness: the third central moment divided by the standard deviation cubed. NaN where all elements are equal.",
        examples!["print(skew([1, 2, 3]))" => "0.0"],
    ),
    built(
        "kurtosis",
        Family::Reduction,
        &[X, OVER, KEEP, optional("fisher", ParamKind::Flag, Default::Bool(true))],
        |b, args| reduced(b, args, |b, x, axes| kurtosis(b, x, args.bool(3)?, axes)),
        "The kurtosis: the fourth central moment divided by the variance squared, less 3 (0 for a normal distribution) unless `fisher = false`.\n\
         NaN where all elements are equal.",
        examples!["print(kurtosis([1, 2, 3, 4], fisher = false))" => "1.64"],
    ),
    built(
        "cov",
        Family::Reduction,
        &[X, Y, ROWVAR, optional("ddof", ParamKind::Flag, Default::Int(1))],
        |b, args| covariance(b, args).map(Value::Array),
        "The covariances of variables, a matrix: the rows of `x` are variables, the columns observations (the other way with `rowvar = false`).\n\
         A vector is one variable; `y` holds more of them. Divided by the number of observations less `ddof`. At least `f64`.",
        examples!["print(cov([1, 2, 3], [2, 4, 6]))" => "[[1.0, 2.0], [2.0, 4.0]]"],
    ),
    built(
        "corrcoef",
        Family::Reduction,
        &[X, Y, ROWVAR],
        |b, args| correlation(b, args).map(Value::Array),
        "The correlation coefficients of variables, a matrix; variables and observations as in `cov`. NaN for a variable that does not vary.",
        examples!["print(corrcoef([1, 2, 3], [2, 4, 6]))" => "[[1.0, 1.0], [1.0, 1.0]]"],
    ),
    reduction(
        "logsumexp",
        |b, args| reduced(b, args, logsumexp),
        "`log(sum(exp(x)))` without overflow. Of nothing an error (K0507).",
        examples!["print(logsumexp([1000.0, -inf]))" => "1000.0"],
    ),
    built(
        "softmax",
        Family::Reduction,
        &[X, OVER],
        |b, args| softmax(b, args).map(Value::Array),
        "`exp(x) / sum(exp(x))` without overflow, over all elements or some dimensions; the shape stays.",
        examples!["print(softmax([1000.0, 1000.0]))" => "[0.5, 0.5]"],
    ),
    built(
        "array_equal",
        Family::Reduction,
        &[X, required("y", ParamKind::Array)],
        |b, args| array_equal(b, args).map(Value::Array),
        "Whether two arrays have the same shape and equal elements. NaN equals nothing. Names are not compared.",
        examples!["print(array_equal([1, 2], [1, 2]), array_equal([1, 2], [1, 2, 3]))" => "true false"],
    ),
];

/// A reduction over the axes of one argument, kept where another says so.
fn over(
    b: &mut dyn Build,
    args: &Args,
    dims: usize,
    keep: usize,
    reduce: impl FnOnce(&mut dyn Build, A, &[usize]) -> Outcome<A>,
) -> Outcome<A> {
    let x = args.array(0)?;
    let axes = axes(b, args, dims, x)?;
    let value = reduce(b, x, &axes)?;
    if args.bool(keep)? { keep_dims(b, x, &axes, value) } else { Ok(value) }
}

fn range_of(b: &mut dyn Build, x: A, axes: &[usize]) -> Outcome<A> {
    let (largest, smallest) = (extreme(b, x, axes, Op::Maximum)?, extreme(b, x, axes, Op::Minimum)?);
    sub(b, largest, smallest)
}

fn average(b: &mut dyn Build, args: &Args, skip_nan: bool) -> Outcome<A> {
    over(b, args, 2, 3, |b, x, axes| {
        let mut weights = args.array(1)?;
        let (own, rank) = (floated(b, x)?, b.ty(x).rank());
        let weight_dtype = floated(b, weights)?;
        let dtype = promote_or_fail("average", &[b.ty(own).dtype, b.ty(weight_dtype).dtype])?;
        // A vector of weights without a name is along the one dimension.
        if let ([axis], 1, None) = (axes, b.ty(weights).rank(), &b.ty(weights).dims.first().and_then(|dim| dim.name.clone())) {
            let name = b.ty(x).dims[*axis].name.clone();
            if name.is_some() {
                weights = super::axes::with_names(b, weights, vec![name])?;
            } else {
                for _ in *axis + 1..rank {
                    let last = b.ty(weights).rank();
                    weights = with_axis(b, weights, last)?;
                }
            }
        }
        let (mut terms, weights) = (double(b, x)?, double(b, weights)?);
        let absent = missing(b, terms)?;
        let mut each = elementwise(b, Op::Select, &[absent, weights, weights])?;
        if skip_nan {
            let (weight, term) = (b.ty(each).dtype, b.ty(terms).dtype);
            let (none, zero) = (number(b, weight, 0.0), number(b, term, 0.0));
            each = elementwise(b, Op::Select, &[absent, none, each])?;
            terms = elementwise(b, Op::Select, &[absent, zero, terms])?;
        }
        if b.ty(each).dims.len() != rank {
            let error = Diagnostic::at(Code::Shape, args.span_of(1), format!("weights {} do not meet {}", b.ty(weights), b.ty(x)));
            return Err(error.help("weights have no dimensions of their own"));
        }
        let product = mul(b, terms, each)?;
        let (total, weight) = (fold(b, Op::Add, product, axes)?, fold(b, Op::Add, each, axes)?);
        let value = div(b, total, weight)?;
        cast(b, value, dtype)
    })
}

/// Deviations from the mean in double precision, in the shape of `x`.
fn deviations(b: &mut dyn Build, x: A, axes: &[usize]) -> Outcome<A> {
    let terms = double(b, x)?;
    if b.ty(terms).dtype.is_complex() {
        let message = format!("moments are not defined for {}", b.ty(x).dtype);
        return Err(Diagnostic::new(Code::Dtype, message).help("take a part: `x.real`, `abs(x)`"));
    }
    let middle = mean(b, terms, axes)?;
    let middle = keep_dims(b, terms, axes, middle)?;
    sub(b, terms, middle)
}

/// The float that results are given in.
fn own_float(b: &dyn Build, x: A) -> DType {
    let dtype = b.ty(x).dtype;
    if dtype.is_float() { dtype } else { DType::F64 }
}

fn powered(b: &mut dyn Build, x: A, order: i64) -> Outcome<A> {
    let exponent = number(b, DType::F64, order as f64);
    elementwise(b, Op::Pow, &[x, exponent])
}

fn moment(b: &mut dyn Build, x: A, order: i64, axes: &[usize]) -> Outcome<A> {
    if order < 0 {
        return Err(Diagnostic::new(Code::Value, format!("a moment of order {order}")).help("orders are 0 or more"));
    }
    let deviations = deviations(b, x, axes)?;
    let powers = powered(b, deviations, order)?;
    let value = mean(b, powers, axes)?;
    let own = own_float(b, x);
    cast(b, value, own)
}

/// The means of the deviations' squares and of their powers of another order.
fn standardised(b: &mut dyn Build, x: A, order: i64, axes: &[usize]) -> Outcome<(A, A)> {
    let deviations = deviations(b, x, axes)?;
    let (squares, powers) = (powered(b, deviations, 2)?, powered(b, deviations, order)?);
    Ok((mean(b, squares, axes)?, mean(b, powers, axes)?))
}

pub(super) fn skew(b: &mut dyn Build, x: A, axes: &[usize]) -> Outcome<A> {
    let (variance, third) = standardised(b, x, 3, axes)?;
    let deviation = elementwise(b, Op::Sqrt, &[variance])?;
    let scale = mul(b, variance, deviation)?;
    let value = div(b, third, scale)?;
    let own = own_float(b, x);
    cast(b, value, own)
}

pub(super) fn kurtosis(b: &mut dyn Build, x: A, fisher: bool, axes: &[usize]) -> Outcome<A> {
    let (variance, fourth) = standardised(b, x, 4, axes)?;
    let scale = elementwise(b, Op::Square, &[variance])?;
    let mut value = div(b, fourth, scale)?;
    if fisher {
        let three = number(b, DType::F64, 3.0);
        value = sub(b, value, three)?;
    }
    let own = own_float(b, x);
    cast(b, value, own)
}

/// Variables as rows without names, in double precision.
fn variables(b: &mut dyn Build, args: &Args, place: usize) -> Outcome<A> {
    let x = bare(b, args.array(place)?)?;
    let x = double(b, x)?;
    match b.ty(x).rank() {
        0 => b.slice(x, &[SliceArg::New, SliceArg::New]),
        1 => with_axis(b, x, 0),
        2 if args.bool(2)? => Ok(x),
        2 => b.transpose(x, &[1, 0]),
        _ => Err(Diagnostic::at(Code::Rank, args.span_of(place), format!("variables are the rows of a matrix, found {}", b.ty(x)))),
    }
}

/// The covariance matrix, and how many variables there are.
fn covariances(b: &mut dyn Build, args: &Args, ddof: i64) -> Outcome<A> {
    let mut x = variables(b, args, 0)?;
    if args.optional_array(1).is_some() {
        let y = variables(b, args, 1)?;
        let dtype = promote_or_fail("cov", &[b.ty(x).dtype, b.ty(y).dtype])?;
        let (left, right) = (cast(b, x, dtype)?, cast(b, y, dtype)?);
        x = b.concat(&[left, right], 0)?;
    }
    let dtype = b.ty(x).dtype;
    let middle = mean(b, x, &[1])?;
    let middle = keep_dims(b, x, &[1], middle)?;
    let from_mean = sub(b, x, middle)?;
    let other = elementwise(b, Op::Conj, &[from_mean])?;
    let other = b.transpose(other, &[1, 0])?;
    let products = b.matmul(from_mean, other)?;
    let observations = count(b, x, &[1])?;
    let (ddof, zero) = (b.constant(Scalar::i64(ddof)), b.constant(Scalar::i64(0)));
    let free = sub(b, observations, ddof)?;
    let free = elementwise(b, Op::Maximum, &[free, zero])?;
    let free = cast(b, free, dtype)?;
    div(b, products, free)
}

/// A matrix of one element is a number.
fn squeezed(b: &mut dyn Build, x: A, args: &Args) -> Outcome<A> {
    let single = b.ty(x).dims.iter().all(|dim| dim.size.known() == Some(1));
    if !single {
        return Ok(x);
    }
    let zero = b.constant(Scalar::i64(0));
    b.slice(x, &[SliceArg::At(zero, args.span), SliceArg::At(zero, args.span)])
}

fn covariance(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let value = covariances(b, args, args.int(3)?)?;
    squeezed(b, value, args)
}

fn correlation(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let matrix = covariances(b, args, 1)?;
    let own = super::grids::diagonal(b, matrix, 0)?;
    let own = elementwise(b, Op::Real, &[own])?;
    let scale = elementwise(b, Op::Sqrt, &[own])?;
    let down = with_axis(b, scale, 1)?;
    let value = div(b, matrix, down)?;
    let value = div(b, value, scale)?;
    let value = if b.ty(value).dtype.is_complex() {
        let (real, imag) = (elementwise(b, Op::Real, &[value])?, elementwise(b, Op::Imag, &[value])?);
        let (real, imag) = (within_one(b, real)?, within_one(b, imag)?);
        elementwise(b, Op::Complex, &[real, imag])?
    } else {
        within_one(b, value)?
    };
    squeezed(b, value, args)
}

/// Rounding must not leave -1 to 1.
fn within_one(b: &mut dyn Build, x: A) -> Outcome<A> {
    let (one, minus) = (number(b, DType::F64, 1.0), number(b, DType::F64, -1.0));
    let x = elementwise(b, Op::Minimum, &[x, one])?;
    elementwise(b, Op::Maximum, &[x, minus])
}

/// The largest elements, 0 where they are infinite (differences with them would be NaN), at size 1.
fn shift(b: &mut dyn Build, x: A, axes: &[usize]) -> Outcome<A> {
    let largest = extreme(b, x, axes, Op::Maximum)?;
    let dtype = b.ty(x).dtype;
    let (infinite, zero) = (elementwise(b, Op::IsInf, &[largest])?, number(b, dtype, 0.0));
    elementwise(b, Op::Select, &[infinite, zero, largest])
}

fn logsumexp(b: &mut dyn Build, x: A, axes: &[usize]) -> Outcome<A> {
    let x = floated(b, x)?;
    let largest = shift(b, x, axes)?;
    let kept = keep_dims(b, x, axes, largest)?;
    let less = sub(b, x, kept)?;
    let powers = elementwise(b, Op::Math(Math::Exp), &[less])?;
    let total = sum(b, powers, axes)?;
    let log = elementwise(b, Op::Math(Math::Log), &[total])?;
    add(b, log, largest)
}

fn softmax(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = floated(b, args.array(0)?)?;
    let axes = axes(b, args, 1, x)?;
    let largest = extreme(b, x, &axes, Op::Maximum)?;
    let kept = keep_dims(b, x, &axes, largest)?;
    let less = sub(b, x, kept)?;
    let powers = elementwise(b, Op::Math(Math::Exp), &[less])?;
    let total = sum(b, powers, &axes)?;
    let total = keep_dims(b, x, &axes, total)?;
    div(b, powers, total)
}

fn array_equal(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (x, y) = (bare(b, args.array(0)?)?, bare(b, args.array(1)?)?);
    let (left, right) = (b.ty(x), b.ty(y));
    let differ = left.dims.iter().zip(&right.dims).any(|(a, b)| matches!((a.size.known(), b.size.known()), (Some(a), Some(b)) if a != b));
    if left.rank() != right.rank() || differ {
        return Ok(b.constant(Scalar::bool(false)));
    }
    let equal = elementwise(b, Op::Eq, &[x, y])?;
    let all: Vec<usize> = (0..left.rank()).collect();
    truth(b, equal, &all, Op::And)
}
