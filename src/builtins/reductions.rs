//! Reductions: over all elements, or over any set of dimensions, which are removed. Their order of summation is the planner's.

use super::axes::{axes, count, keep_dims};
use super::build::{A, Build, Extent, ReduceOp, Value};
use super::parts::{built, cast, elementwise, examples, floated, missing, number, optional, required, shape_of};
use super::{Args, Builtin, Default, Example, Family, Param, ParamKind};
use crate::array::{DType, Scalar, Size};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;

const X: Param = required("x", ParamKind::Array);
const OVER: Param = optional("over", ParamKind::Dims, Default::Absent);
const KEEP: Param = optional("keepdims", ParamKind::Flag, Default::Bool(false));
const DDOF: Param = optional("ddof", ParamKind::Flag, Default::Int(0));

pub const TABLE: &[Builtin] = &[
    reduction(
        "sum",
        |b, args| reduced(b, args, sum),
        "The sum of the elements, or of those along the dimensions `over`: `x.sum(over = (lat, lon))`.\n\
         Integers and bools give `i64` (`u64` if unsigned) and wrap; `f32` is summed in `f64` and keeps its dtype. Nothing sums to 0.",
        examples!["print([1, 2, 3].sum())" => "6", "print(sum([[1, 2], [3, 4]], over = 0))" => "[4, 6]"],
    ),
    reduction(
        "prod",
        |b, args| reduced(b, args, prod),
        "The product of the elements; dtypes as in `sum`. Of nothing 1.",
        examples!["print([1, 2, 3, 4].prod())" => "24"],
    ),
    reduction(
        "mean",
        |b, args| reduced(b, args, mean),
        "The arithmetic mean.\n\
         Integers and bools give `f64`; `f32` is summed in `f64` and keeps its dtype. Of nothing NaN.",
        examples!["print([1, 2, 4, 5].mean())" => "3.0", "print(mean([[1.0, 2.0], [3.0, 4.0]], over = 1, keepdims = true))" => "[[1.5], [3.5]]"],
    ),
    spread(
        "var",
        |b, args| reduced(b, args, |b, x, axes| variance(b, args, x, axes, false)),
        "The variance: the mean squared deviation from the mean, computed in one pass without cancellation.\n\
         The sum is divided by the number of elements less `ddof`; NaN if that is not positive. Computed in `f64`. Chan, Golub, LeVeque 1983.",
        examples!["print([1, 2, 3, 4].var())" => "1.25"],
    ),
    spread(
        "std",
        |b, args| reduced(b, args, |b, x, axes| deviation(b, args, x, axes, false)),
        "The standard deviation: the square root of `var`.",
        examples!["print([2.0, 4.0].std())" => "1.0"],
    ),
    reduction(
        "min",
        |b, args| reduced(b, args, |b, x, axes| extreme(b, x, axes, Op::Minimum)),
        "The smallest element; NaN if there is one. Of nothing an error (K0507). Not for complex numbers.\n\
         `minimum` is the smaller of two arrays' elements.",
        examples!["print([3, 1, 2].min())" => "1"],
    ),
    reduction(
        "max",
        |b, args| reduced(b, args, |b, x, axes| extreme(b, x, axes, Op::Maximum)),
        "The largest element; NaN if there is one. Of nothing an error (K0507). Not for complex numbers.\n\
         `maximum` is the larger of two arrays' elements.",
        examples!["print([3, 1, 2].max())" => "3"],
    ),
    reduction(
        "any",
        |b, args| reduced(b, args, |b, x, axes| truth(b, x, axes, Op::Or)),
        "Whether any element is true, or not 0. Of nothing false.",
        examples!["print(any([1, 2, 3] > 2))" => "true"],
    ),
    reduction(
        "all",
        |b, args| reduced(b, args, |b, x, axes| truth(b, x, axes, Op::And)),
        "Whether all elements are true, or not 0. Of nothing true.",
        examples!["print(all([1, 2, 3] > 2))" => "false"],
    ),
    reduction(
        "count",
        |b, args| reduced(b, args, counted),
        "How many elements count: of bools those that are true, of floats and times those that are not missing, of others all.\n\
         Numbers that are not 0 are counted by `count_nonzero`.",
        examples!["print(count([1.0, nan, 0.0]))" => "2", "print(count([1, 5, 7] > 2))" => "2"],
    ),
    reduction(
        "count_nonzero",
        |b, args| reduced(b, args, nonzero),
        "How many elements are true, or not 0. NaN is not 0.",
        examples!["print(count_nonzero([0, 3, 0, 1]))" => "2"],
    ),
    reduction(
        "argmin",
        |b, args| reduced(b, args, |b, x, axes| position(b, x, axes, false, false)),
        "The position of the smallest element, the first of equal ones; of the first NaN if there is one.\n\
         Over several dimensions it counts their elements row-major. Of nothing an error (K0507).",
        examples!["print(argmin([3, 1, 2]))" => "1", "print(argmin([[3, 1], [0, 5]], over = 1))" => "[1, 0]"],
    ),
    reduction(
        "argmax",
        |b, args| reduced(b, args, |b, x, axes| position(b, x, axes, true, false)),
        "The position of the largest element, the first of equal ones; of the first NaN if there is one. See `argmin`.",
        examples!["print(argmax([3, 1, 2]))" => "0"],
    ),
    reduction("nansum", |b, args| reduced(b, args, nansum), "`sum` without NaN.", examples!["print(nansum([1.0, nan, 2.0]))" => "3.0"]),
    reduction("nanprod", |b, args| reduced(b, args, nanprod), "`prod` without NaN.", examples!["print(nanprod([3.0, nan, 2.0]))" => "6.0"]),
    reduction(
        "nanmean",
        |b, args| reduced(b, args, nanmean),
        "`mean` without NaN; of NaN alone NaN.",
        examples!["print(nanmean([1.0, nan, 2.0]))" => "1.5"],
    ),
    spread(
        "nanvar",
        |b, args| reduced(b, args, |b, x, axes| variance(b, args, x, axes, true)),
        "`var` without NaN.",
        examples!["print(nanvar([1.0, nan, 3.0]))" => "1.0"],
    ),
    spread(
        "nanstd",
        |b, args| reduced(b, args, |b, x, axes| deviation(b, args, x, axes, true)),
        "`std` without NaN.",
        examples!["print(nanstd([1.0, nan, 3.0]))" => "1.0"],
    ),
    reduction(
        "nanmin",
        |b, args| reduced(b, args, |b, x, axes| extreme(b, x, axes, Op::Fmin)),
        "`min` without NaN; of NaN alone NaN.",
        examples!["print(nanmin([3.0, nan, 2.0]))" => "2.0"],
    ),
    reduction(
        "nanmax",
        |b, args| reduced(b, args, |b, x, axes| extreme(b, x, axes, Op::Fmax)),
        "`max` without NaN; of NaN alone NaN.",
        examples!["print(nanmax([3.0, nan, 2.0]))" => "3.0"],
    ),
    reduction(
        "nanargmin",
        |b, args| reduced(b, args, |b, x, axes| position(b, x, axes, false, true)),
        "`argmin` without NaN; of NaN alone an error (K0507).",
        examples!["print(nanargmin([nan, 3.0, 2.0]))" => "2"],
    ),
    reduction(
        "nanargmax",
        |b, args| reduced(b, args, |b, x, axes| position(b, x, axes, true, true)),
        "`argmax` without NaN; of NaN alone an error (K0507).",
        examples!["print(nanargmax([nan, 3.0, 2.0]))" => "1"],
    ),
    built(
        "allclose",
        Family::Reduction,
        &[
            X,
            required("y", ParamKind::Array),
            optional("rtol", ParamKind::Array, Default::Float(1e-5)),
            optional("atol", ParamKind::Array, Default::Float(1e-8)),
        ],
        |b, args| {
            let close = super::comparison::isclose(b, args)?;
            let axes: Vec<usize> = (0..b.ty(close).rank()).collect();
            truth(b, close, &axes, Op::And).map(Value::Array)
        },
        "Whether all elements are close; see `isclose`.",
        examples!["print(allclose([0.1 + 0.2, 1.0], [0.3, 1.0]))" => "true"],
    ),
];

pub(super) const fn reduction(
    name: &'static str,
    define: fn(&mut dyn Build, &Args) -> Outcome<Value>,
    doc: &'static str,
    examples: &'static [Example],
) -> Builtin {
    built(name, Family::Reduction, &[X, OVER, KEEP], define, doc, examples)
}

const fn spread(
    name: &'static str,
    define: fn(&mut dyn Build, &Args) -> Outcome<Value>,
    doc: &'static str,
    examples: &'static [Example],
) -> Builtin {
    built(name, Family::Reduction, &[X, OVER, KEEP, DDOF], define, doc, examples)
}

/// A reduction of the first argument over the axes of the second, kept at size 1 where the third says so.
pub(super) fn reduced(b: &mut dyn Build, args: &Args, reduce: impl FnOnce(&mut dyn Build, A, &[usize]) -> Outcome<A>) -> Outcome<Value> {
    let x = args.array(0)?;
    let axes = axes(b, args, 1, x)?;
    let value = reduce(b, x, &axes)?;
    let value = if args.bool(2)? { keep_dims(b, x, &axes, value)? } else { value };
    Ok(Value::Array(value))
}

pub(super) fn fold(b: &mut dyn Build, op: Op, x: A, axes: &[usize]) -> Outcome<A> {
    if axes.is_empty() { Ok(x) } else { b.reduce(ReduceOp::Fold(op), x, axes) }
}

/// The dtype that elements are summed in: the widest of their kind.
pub(super) fn wide(dtype: DType) -> DType {
    match dtype {
        DType::Bool => DType::I64,
        _ if dtype.is_signed() => DType::I64,
        _ if dtype.is_unsigned() => DType::U64,
        DType::F32 => DType::F64,
        DType::C64 => DType::C128,
        other => other,
    }
}

/// The dtype that a sum has in the end: floats get their own back.
pub(super) fn narrow(own: DType) -> DType {
    if own.is_float() || own.is_complex() { own } else { wide(own) }
}

pub(super) fn sum(b: &mut dyn Build, x: A, axes: &[usize]) -> Outcome<A> {
    accumulated(b, x, axes, Op::Add)
}

fn prod(b: &mut dyn Build, x: A, axes: &[usize]) -> Outcome<A> {
    accumulated(b, x, axes, Op::Mul)
}

fn accumulated(b: &mut dyn Build, x: A, axes: &[usize], op: Op) -> Outcome<A> {
    let own = b.ty(x).dtype;
    if matches!(own, DType::DateTime(_)) || own == DType::Duration && op == Op::Mul {
        let message = format!("`{}` is not defined for {own}", if op == Op::Add { "sum" } else { "prod" });
        return Err(Diagnostic::new(Code::Dtype, message).help("sum differences of datetimes, which are durations"));
    }
    let terms = cast(b, x, wide(own))?;
    let nothing = axes.iter().any(|axis| b.ty(terms).dims[*axis].size == Size::Known(0));
    let mut total = fold(b, op, terms, axes)?;
    let dtype = b.ty(total).dtype;
    if nothing && op == Op::Add && (dtype.is_float() || dtype.is_complex()) {
        // The fold begins with -0.0, which changes no first term.
        let zero = number(b, dtype, 0.0);
        total = elementwise(b, Op::Add, &[total, zero])?;
    }
    cast(b, total, narrow(own))
}

/// The total in double precision, divided by a count (i64), in the precision of `own`.
fn divided(b: &mut dyn Build, total: A, count: A, own: DType) -> Outcome<A> {
    let dtype = b.ty(total).dtype;
    let count = cast(b, count, if dtype.is_complex() { DType::C128 } else { DType::F64 })?;
    let value = elementwise(b, Op::Div, &[total, count])?;
    if own == DType::Duration {
        let whole = elementwise(b, Op::Round, &[value])?;
        return cast(b, whole, own);
    }
    cast(b, value, if own.is_float() || own.is_complex() { own } else { DType::F64 })
}

/// Elements in double precision, real or complex. A duration counts its microseconds.
pub(super) fn double(b: &mut dyn Build, x: A) -> Outcome<A> {
    let dtype = b.ty(x).dtype;
    let x = if dtype == DType::Duration { cast(b, x, DType::F64)? } else { floated(b, x)? };
    let wide = wide(b.ty(x).dtype);
    cast(b, x, wide)
}

pub(super) fn mean(b: &mut dyn Build, x: A, axes: &[usize]) -> Outcome<A> {
    let own = b.ty(x).dtype;
    let terms = double(b, x)?;
    let total = fold(b, Op::Add, terms, axes)?;
    let count = count(b, x, axes)?;
    divided(b, total, count, own)
}

fn nanmean(b: &mut dyn Build, x: A, axes: &[usize]) -> Outcome<A> {
    let own = b.ty(x).dtype;
    let terms = double(b, x)?;
    let terms = without_nan(b, terms, 0.0)?;
    let total = fold(b, Op::Add, terms, axes)?;
    let count = present(b, x, axes)?;
    divided(b, total, count, own)
}

/// NaN replaced by what leaves the total as it is.
pub(super) fn without_nan(b: &mut dyn Build, x: A, neutral: f64) -> Outcome<A> {
    let dtype = b.ty(x).dtype;
    if !dtype.is_float() && !dtype.is_complex() {
        return Ok(x);
    }
    let (missing, neutral) = (elementwise(b, Op::IsNan, &[x])?, number(b, dtype, neutral));
    elementwise(b, Op::Select, &[missing, neutral, x])
}

fn nansum(b: &mut dyn Build, x: A, axes: &[usize]) -> Outcome<A> {
    let x = without_nan(b, x, 0.0)?;
    sum(b, x, axes)
}

fn nanprod(b: &mut dyn Build, x: A, axes: &[usize]) -> Outcome<A> {
    let x = without_nan(b, x, 1.0)?;
    prod(b, x, axes)
}

fn variance(b: &mut dyn Build, args: &Args, x: A, axes: &[usize], skip_nan: bool) -> Outcome<A> {
    let own = b.ty(x).dtype;
    let value = double_variance(b, x, axes, args.int(3)?, skip_nan)?;
    cast(b, value, if own.is_float() { own } else { DType::F64 })
}

fn deviation(b: &mut dyn Build, args: &Args, x: A, axes: &[usize], skip_nan: bool) -> Outcome<A> {
    let own = b.ty(x).dtype;
    let value = double_variance(b, x, axes, args.int(3)?, skip_nan)?;
    let root = elementwise(b, Op::Sqrt, &[value])?;
    cast(b, root, if own.is_float() { own } else { DType::F64 })
}

/// The variance before it gets its own precision back.
pub(super) fn double_variance(b: &mut dyn Build, x: A, axes: &[usize], ddof: i64, skip_nan: bool) -> Outcome<A> {
    let terms = floated(b, x)?;
    let dtype = b.ty(terms).dtype;
    if dtype.is_complex() {
        return Err(
            Diagnostic::new(Code::Dtype, format!("the variance is not defined for {dtype}")).help("take a part: `x.real`, `abs(x)`")
        );
    }
    let terms = cast(b, terms, DType::F64)?;
    let squares = match axes {
        [] => elementwise(b, Op::Sub, &[terms, terms])?,
        _ => b.reduce(ReduceOp::Deviations { skip_nan }, terms, axes)?,
    };
    let count = if skip_nan { present(b, x, axes)? } else { count(b, x, axes)? };
    let (ddof, zero) = (b.constant(Scalar::i64(ddof)), b.constant(Scalar::i64(0)));
    let free = elementwise(b, Op::Sub, &[count, ddof])?;
    let free = elementwise(b, Op::Maximum, &[free, zero])?;
    divided(b, squares, free, DType::F64)
}

/// K0507 where it is known that there are no elements to choose from.
fn not_empty(b: &mut dyn Build, x: A, axes: &[usize]) -> Outcome<()> {
    let count = count(b, x, axes)?;
    if b.known(count).and_then(Scalar::as_int) == Some(0) {
        let message = format!("{} has no elements to choose from", b.ty(x));
        return Err(Diagnostic::new(Code::Value, message).help("test `size(x) > 0` first"));
    }
    Ok(())
}

pub(super) fn extreme(b: &mut dyn Build, x: A, axes: &[usize], op: Op) -> Outcome<A> {
    not_empty(b, x, axes)?;
    let dtype = b.ty(x).dtype;
    if dtype.is_complex() {
        return Err(Diagnostic::new(Code::Dtype, format!("{dtype} has no order")).help("take a part: `x.real`, `abs(x)`"));
    }
    fold(b, op, x, axes)
}

fn position(b: &mut dyn Build, x: A, axes: &[usize], largest: bool, skip_nan: bool) -> Outcome<A> {
    not_empty(b, x, axes)?;
    if axes.is_empty() {
        let message = format!("positions are along a dimension, found {}", b.ty(x));
        return Err(Diagnostic::new(Code::Rank, message));
    }
    b.reduce(ReduceOp::Arg { largest, skip_nan }, x, axes)
}

/// Whether elements are not 0.
pub(super) fn is_true(b: &mut dyn Build, x: A) -> Outcome<A> {
    let dtype = b.ty(x).dtype;
    if dtype == DType::Bool {
        return Ok(x);
    }
    let zero = number(b, dtype, 0.0);
    elementwise(b, Op::Ne, &[x, zero])
}

pub(super) fn truth(b: &mut dyn Build, x: A, axes: &[usize], op: Op) -> Outcome<A> {
    let x = is_true(b, x)?;
    fold(b, op, x, axes)
}

fn nonzero(b: &mut dyn Build, x: A, axes: &[usize]) -> Outcome<A> {
    let x = is_true(b, x)?;
    sum(b, x, axes)
}

/// The number of elements that are true, of others that are there.
fn counted(b: &mut dyn Build, x: A, axes: &[usize]) -> Outcome<A> {
    if b.ty(x).dtype == DType::Bool { sum(b, x, axes) } else { present(b, x, axes) }
}

/// The number of elements that are there: that are not NaN, nor missing times.
fn present(b: &mut dyn Build, x: A, axes: &[usize]) -> Outcome<A> {
    let dtype = b.ty(x).dtype;
    if dtype.is_float() || dtype.is_complex() || dtype.is_time() {
        let missing = missing(b, x)?;
        let there = elementwise(b, Op::Not, &[missing])?;
        return sum(b, there, axes);
    }
    // Everything is there: the count alone, over the dimensions that are left.
    let all = count(b, x, axes)?;
    if b.ty(all).rank() > 0 {
        // In groups each has its own.
        let there = elementwise(b, Op::Eq, &[x, x])?;
        return sum(b, there, axes);
    }
    let left = |axis: &usize| !axes.contains(axis);
    let shape: Vec<Extent> = shape_of(b, x).into_iter().enumerate().filter(|(axis, _)| left(axis)).map(|(_, size)| size).collect();
    let dims = b.ty(x).dims.into_iter().enumerate().filter(|(axis, _)| left(axis)).map(|(_, dim)| dim).collect();
    let all = b.broadcast(all, &shape)?;
    b.rename(all, dims)
}
