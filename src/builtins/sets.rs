//! What is among sorted elements: distinct values, sets, positions in a sorted line, histograms. Built on sorting, selection by masks and
//! searching, so they run out of core as those do; the sorted line that is searched is held in memory.

use super::axes::{at, axis, count};
use super::build::{A, Build, Extent, ReduceOp, Routine, Side, SliceArg, Value};
use super::parts::{ALL, built, cast, elementwise, examples, extent, missing, number, optional, required, shape_of};
use super::rearrange::reversed;
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::{DType, Dim, Scalar, Size};
use crate::base::{Code, Diagnostic, Outcome, Span};
use crate::ops::ScalarOp as Op;
use crate::types::promote::promote_or_fail;

const X: Param = required("x", ParamKind::Array);
const Y: Param = required("y", ParamKind::Array);
const K: Param = required("k", ParamKind::Flag);
const ALONG: Param = optional("along", ParamKind::Dims, Default::Absent);

pub const TABLE: &[Builtin] = &[
    built(
        "unique",
        Family::Order,
        &[
            X,
            optional("index", ParamKind::Flag, Default::Bool(false)),
            optional("inverse", ParamKind::Flag, Default::Bool(false)),
            optional("counts", ParamKind::Flag, Default::Bool(false)),
        ],
        |b, args| unique(b, args),
        "The distinct elements in ascending order; NaN once, last. With flags a tuple of them and, in this order:\n\
         `index`: the position (row-major) of the first of each; `inverse`: for each element of `x` its position among them;\n\
         `counts`: how often each stands. How many there are is known when `x` has been sorted. O(n log n).",
        examples![
            "print(unique([3, 1, 3, 2, 1]))" => "[1, 2, 3]",
            "print(unique([3, 1, 3], counts = true, inverse = true))" => "([1, 3], [1, 0, 1], [1, 2])",
        ],
    ),
    built(
        "isin",
        Family::Order,
        &[X, Y],
        |b, args| {
            let (x, y) = together(b, "isin", args)?;
            let sorted = sorted(b, y)?;
            search(b, x, sorted, Side::Among).map(Value::Array)
        },
        "Whether elements of `x` are among those of `y`. NaN is among nothing. `y` is sorted and held in memory.",
        examples!["print(isin([1, 2, 3], [3, 1]))" => "[true, false, true]"],
    ),
    built(
        "union1d",
        Family::Order,
        &[X, Y],
        |b, args| {
            let (x, y) = together(b, "union1d", args)?;
            let parts = [ravel(b, x)?, ravel(b, y)?];
            let all = b.concat(&parts, 0)?;
            Ok(Value::Array(distinct(b, all)?.values))
        },
        "The distinct elements of both, ascending.",
        examples!["print(union1d([3, 1], [2, 3]))" => "[1, 2, 3]"],
    ),
    built(
        "intersect1d",
        Family::Order,
        &[X, Y],
        |b, args| common(b, "intersect1d", args, false),
        "The distinct elements that both have, ascending. `y` is held in memory.",
        examples!["print(intersect1d([3, 1, 3], [2, 3]))" => "[3]"],
    ),
    built(
        "setdiff1d",
        Family::Order,
        &[X, Y],
        |b, args| common(b, "setdiff1d", args, true),
        "The distinct elements of `x` that `y` has not, ascending. `y` is held in memory.",
        examples!["print(setdiff1d([3, 1, 3], [2, 3]))" => "[1]"],
    ),
    built(
        "topk",
        Family::Order,
        &[X, K, ALONG],
        |b, args| top(b, args, |descending| Routine::Sort { descending }),
        "The `k` largest elements along a dimension, the largest first; the smallest, ascending, where `k` is negative. NaN last.\n\
         The lines are sorted.",
        examples!["print(topk([3, 1, 4, 1, 5], 2), topk([3, 1, 4, 1, 5], -2))" => "[5, 4] [1, 1]"],
    ),
    built(
        "argtopk",
        Family::Order,
        &[X, K, ALONG],
        |b, args| top(b, args, |descending| Routine::ArgSort { descending }),
        "The positions (`i64`) of the `k` largest elements along a dimension; see `topk`. Of equal ones the first come first.",
        examples!["print(argtopk([3, 1, 4, 1, 5], 2))" => "[4, 2]"],
    ),
    built(
        "searchsorted",
        Family::Order,
        &[required("sorted", ParamKind::Array), required("x", ParamKind::Array), optional("side", ParamKind::Text, Default::Absent)],
        |b, args| {
            let side = match args.text(2) {
                None | Some("left") => Side::Left,
                Some("right") => Side::Right,
                Some(other) => {
                    let error = Diagnostic::at(Code::Value, args.span_of(2), format!("no side \"{other}\""));
                    return Err(error.help("sides are \"left\" and \"right\""));
                }
            };
            let (sorted, x) = together(b, "searchsorted", args)?;
            search(b, x, sorted, side).map(Value::Array)
        },
        "The positions (`i64`) in an ascending line at which elements of `x` would keep it in order.\n\
         They are before equal elements, or with `side = \"right\"` after them. O(log n) for each element; the line is held in memory and its order is not checked.",
        examples!["print(searchsorted([1, 3, 5], [3, 4]), searchsorted([1, 3, 5], 3, side = \"right\"))" => "[1, 2] 2"],
    ),
    built(
        "digitize",
        Family::Order,
        &[X, required("bins", ParamKind::Array), optional("right", ParamKind::Flag, Default::Bool(false))],
        |b, args| {
            let (x, bins) = together(b, "digitize", args)?;
            digitize(b, x, bins, if args.bool(2)? { Side::Left } else { Side::Right }, args.span).map(Value::Array)
        },
        "The bin (`i64`) of each element: `i` where `bins[i - 1] <= x < bins[i]`, with `right` where `bins[i - 1] < x <= bins[i]`.\n\
         `bins` ascend or descend. 0 before the first of them, their number behind the last. O(log n) for each element.",
        examples!["print(digitize([0.2, 6.4, 3.0], [0.0, 1.0, 2.5, 4.0]))" => "[1, 4, 3]"],
    ),
    built(
        "histogram",
        Family::Order,
        &[
            X,
            optional("bins", ParamKind::Apart, Default::Int(10)),
            optional("range", ParamKind::Apart, Default::Absent),
            optional("weights", ParamKind::Apart, Default::Absent),
            optional("density", ParamKind::Flag, Default::Bool(false)),
        ],
        histogram,
        "How many elements lie in each bin (`i64`), and the edges of the bins: a tuple.\n\
         `bins` is the number of bins of one width between the smallest and the largest element, or those of `range`, a list of two; or the\n\
         edges, ascending. The last bin has both its edges. Elements outside and NaN do not count. With `weights`, of the shape of `x`, their sums (`f64`); with `density` divided by\n\
         sum and width. One pass for the counts.",
        examples![
            "print(histogram([1, 2, 1, 4], bins = [0, 1, 2, 3]))" => "([0, 2, 1], [0.0, 1.0, 2.0, 3.0])",
            "print(histogram([1.0, 2.0, 1.0], bins = 2))" => "([2, 1], [1.0, 1.5, 2.0])",
        ],
    ),
    built(
        "bincount",
        Family::Order,
        &[X, optional("weights", ParamKind::Apart, Default::Absent), optional("minlength", ParamKind::Int, Default::Int(0))],
        bincount,
        "How often each number from 0 to the largest element stands (`i64`), for at least `minlength` numbers.\n\
         Elements are integers along one dimension and not negative (K0507). With `weights` the sum of the weights of its elements (`f64`).",
        examples!["print(bincount([0, 1, 1, 3]))" => "[1, 2, 0, 1]", "print(bincount([0, 1, 1], weights = [0.5, 1.0, 2.0]))" => "[0.5, 3.0]"],
    ),
];

/// Two arrays in one dtype.
fn together(b: &mut dyn Build, what: &str, args: &Args) -> Outcome<(A, A)> {
    let (x, y) = (args.array(0)?, args.array(1)?);
    let dtype = promote_or_fail(what, &[b.ty(x).dtype, b.ty(y).dtype])?;
    Ok((cast(b, x, dtype)?, cast(b, y, dtype)?))
}

/// The elements along one unnamed dimension.
fn ravel(b: &mut dyn Build, x: A) -> Outcome<A> {
    let axes: Vec<usize> = (0..b.ty(x).rank()).collect();
    let all = count(b, x, &axes)?;
    let flat = b.reshape(x, &[Extent::Value(all)])?;
    let size = b.ty(flat).dims[0].size;
    b.rename(flat, vec![Dim::sized(size)])
}

fn sorted(b: &mut dyn Build, x: A) -> Outcome<A> {
    let flat = ravel(b, x)?;
    Ok(b.routine(Routine::Sort { descending: false }, &[flat])?[0])
}

/// Where elements of any shape stand in a sorted line.
pub(super) fn search(b: &mut dyn Build, x: A, sorted: A, side: Side) -> Outcome<A> {
    if b.ty(sorted).rank() != 1 {
        let message = format!("a sorted line has one dimension, found {}", b.ty(sorted));
        return Err(Diagnostic::new(Code::Rank, message));
    }
    let line = lined(b, x)?;
    let found = b.routine(Routine::Search { side }, &[line, sorted])?[0];
    if line == x {
        return Ok(found);
    }
    let first = b.constant(Scalar::i64(0));
    b.slice(found, &[SliceArg::At(first, Span::default())])
}

/// The bins of elements between edges in ascending or descending order.
fn digitize(b: &mut dyn Build, x: A, bins: A, side: Side, span: Span) -> Outcome<A> {
    if b.ty(bins).rank() != 1 || matches!(b.ty(bins).dims[0].size, Size::Known(0 | 1)) {
        return search(b, x, bins, side);
    }
    let (size, zero, one) = (b.size(bins, 0), b.constant(Scalar::i64(0)), b.constant(Scalar::i64(1)));
    let end = elementwise(b, Op::Sub, &[size, one])?;
    let (first, last) = (at(b, bins, 0, zero, span)?, at(b, bins, 0, end, span)?);
    let descend = elementwise(b, Op::Gt, &[first, last])?;
    let turned = reversed(b, bins, &[0])?;
    let ascending = elementwise(b, Op::Select, &[descend, turned, bins])?;
    let found = search(b, x, ascending, side)?;
    let after = elementwise(b, Op::Sub, &[size, found])?;
    elementwise(b, Op::Select, &[descend, after, found])
}

/// A part of a line.
fn part(b: &mut dyn Build, x: A, lo: Option<A>, hi: Option<A>) -> Outcome<A> {
    b.slice(x, &[SliceArg::Range { lo, hi, step: 1 }])
}

/// The distinct elements of a line.
struct Distinct {
    values: A,
    /// Where in the sorted line the first of each is.
    mask: A,
    size: A,
}

fn distinct(b: &mut dyn Build, line: A) -> Outcome<Distinct> {
    let sorted = b.routine(Routine::Sort { descending: false }, &[line])?[0];
    let size = b.size(sorted, 0);
    let one = b.constant(Scalar::i64(1));
    let last = elementwise(b, Op::Sub, &[size, one])?;
    let zero = b.constant(Scalar::i64(0));
    let last = elementwise(b, Op::Maximum, &[last, zero])?;
    // Every element beside the one before it, the first beside itself.
    let (first, others) = (part(b, sorted, None, Some(one))?, part(b, sorted, None, Some(last))?);
    let before = b.concat(&[first, others], 0)?;
    let differs = elementwise(b, Op::Ne, &[sorted, before])?;
    let (missing, missed) = (missing(b, sorted)?, missing(b, before)?);
    let both = elementwise(b, Op::And, &[missing, missed])?;
    let single = elementwise(b, Op::Not, &[both])?;
    let differs = elementwise(b, Op::And, &[differs, single])?;
    let places = b.iota(Extent::Value(size))?;
    let begins = elementwise(b, Op::Eq, &[places, zero])?;
    let mask = elementwise(b, Op::Or, &[differs, begins])?;
    let values = b.slice(sorted, &[SliceArg::Take(mask, Span::default())])?;
    Ok(Distinct { values, mask, size })
}

fn unique(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let x = args.array(0)?;
    let line = ravel(b, x)?;
    let Distinct { values, mask, size } = distinct(b, line)?;
    let selected = |b: &mut dyn Build, of: A| b.slice(of, &[SliceArg::Take(mask, args.span)]);
    let mut results = vec![values];
    if args.bool(1)? {
        let order = b.routine(Routine::ArgSort { descending: false }, &[line])?[0];
        results.push(selected(b, order)?);
    }
    if args.bool(2)? {
        results.push(search(b, x, values, Side::Left)?);
    }
    if args.bool(3)? {
        let places = b.iota(Extent::Value(size))?;
        let starts = selected(b, places)?;
        let one = b.constant(Scalar::i64(1));
        let later = part(b, starts, Some(one), None)?;
        // Of nothing there is no end either.
        let ends = b.reshape(size, &[Extent::Known(1)])?;
        let some = elementwise(b, Op::Minimum, &[size, one])?;
        let ends = part(b, ends, None, Some(some))?;
        let ends = b.concat(&[later, ends], 0)?;
        results.push(elementwise(b, Op::Sub, &[ends, starts])?);
    }
    match results[..] {
        [values] => Ok(Value::Array(values)),
        _ => Ok(Value::Tuple(results.into_iter().map(Value::Array).collect())),
    }
}

/// The distinct elements of the first argument that the second has, or has not.
fn common(b: &mut dyn Build, what: &str, args: &Args, others: bool) -> Outcome<Value> {
    let (mut x, y) = together(b, what, args)?;
    let dtype = b.ty(x).dtype;
    if others {
        // What is left of one array has its dtype.
        x = args.array(0)?;
    }
    let line = ravel(b, x)?;
    let Distinct { values, .. } = distinct(b, line)?;
    let sorted = sorted(b, y)?;
    let sought = cast(b, values, dtype)?;
    let mut mask = search(b, sought, sorted, Side::Among)?;
    if others {
        mask = elementwise(b, Op::Not, &[mask])?;
    }
    b.slice(values, &[SliceArg::Take(mask, args.span)]).map(Value::Array)
}

fn top(b: &mut dyn Build, args: &Args, routine: impl Fn(bool) -> Routine) -> Outcome<Value> {
    let x = args.array(0)?;
    let axis = axis(b, args, 2, x)?;
    let k = args.int(1)?;
    let ordered = super::order::along_axis(b, x, axis, |b, lines| Ok(b.routine(routine(k > 0), &[lines])?[0]))?;
    let most = b.constant(Scalar::i64(k.saturating_abs()));
    let mut index = vec![ALL; axis];
    index.push(SliceArg::Range { lo: None, hi: Some(most), step: 1 });
    b.slice(ordered, &index).map(Value::Array)
}

/// Counts of all elements between edges, or sums of their weights.
pub(super) fn counted(b: &mut dyn Build, x: A, weights: Option<A>, edges: A) -> Outcome<A> {
    let dims: Vec<Dim> = b.ty(x).dims.into_iter().map(|dim| Dim::sized(dim.size)).collect();
    let shape = shape_of(b, x);
    let axes = dims.len() as u8;
    let mut operands = vec![cast(b, x, DType::F64)?];
    if let Some(weights) = weights {
        let weights = cast(b, weights, DType::F64)?;
        operands.push(b.broadcast(weights, &shape)?);
    }
    for operand in &mut operands {
        *operand = b.rename(*operand, dims.clone())?;
    }
    operands.push(edges);
    Ok(b.routine(Routine::Histogram { weighted: weights.is_some(), axes }, &operands)?[0])
}

/// An array of at least one dimension.
pub(super) fn lined(b: &mut dyn Build, x: A) -> Outcome<A> {
    if b.ty(x).rank() == 0 { b.reshape(x, &[Extent::Known(1)]) } else { Ok(x) }
}

pub(super) fn real(b: &dyn Build, x: A, span: Span) -> Outcome<()> {
    let dtype = b.ty(x).dtype;
    if dtype.is_float() || dtype.is_int() || dtype == DType::Bool {
        return Ok(());
    }
    Err(Diagnostic::at(Code::Dtype, span, format!("real numbers are counted, found {dtype}")))
}

fn histogram(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let (x, bins) = (args.array(0)?, args.array(1)?);
    real(b, x, args.span_of(0))?;
    let x = lined(b, x)?;
    let weights = args.optional_array(3).map(|weights| lined(b, weights)).transpose()?;
    let edges = match b.ty(bins).rank() {
        1 => {
            let unnamed = ravel(b, bins)?;
            cast(b, unnamed, DType::F64)?
        }
        0 if b.ty(bins).dtype.is_int() => even_edges(b, x, bins, args.optional_array(2), args.span_of(2))?,
        _ => {
            let message = format!("bins are a number of them or their edges, found {}", b.ty(bins));
            return Err(Diagnostic::at(Code::Type, args.span_of(1), message));
        }
    };
    let counts = counted(b, x, weights, edges)?;
    let counts = match args.bool(4)? {
        false => counts,
        true => {
            let one = b.constant(Scalar::i64(1));
            let last = b.size(edges, 0);
            let last = elementwise(b, Op::Sub, &[last, one])?;
            let (lower, upper) = (part(b, edges, None, Some(last))?, part(b, edges, Some(one), None)?);
            let widths = elementwise(b, Op::Sub, &[upper, lower])?;
            let counts = cast(b, counts, DType::F64)?;
            let total = b.reduce(ReduceOp::Fold(Op::Add), counts, &[0])?;
            let density = elementwise(b, Op::Div, &[counts, widths])?;
            elementwise(b, Op::Div, &[density, total])?
        }
    };
    Ok(Value::Tuple(vec![Value::Array(counts), Value::Array(edges)]))
}

/// The edges of `bins` bins of one width over a range, which is that of the elements where none is given.
pub(super) fn even_edges(b: &mut dyn Build, x: A, bins: A, range: Option<A>, span: Span) -> Outcome<A> {
    let bins = cast(b, bins, DType::I64)?;
    let (lo, hi) = match range {
        Some(range) if b.ty(range).dims.first().map(|dim| dim.size) == Some(Size::Known(2)) && b.ty(range).rank() == 1 => {
            let range = cast(b, range, DType::F64)?;
            let mut end = |at: i64| {
                let at = b.constant(Scalar::i64(at));
                b.slice(range, &[SliceArg::At(at, span)])
            };
            (end(0)?, end(1)?)
        }
        Some(range) => {
            let message = format!("a range is a list of two numbers, found {}", b.ty(range));
            return Err(Diagnostic::at(Code::Type, span, message));
        }
        None => {
            let wide = cast(b, x, DType::F64)?;
            let axes: Vec<usize> = (0..b.ty(x).rank()).collect();
            if axes.iter().any(|axis| b.ty(x).dims[*axis].size == Size::Known(0)) {
                (number(b, DType::F64, 0.0), number(b, DType::F64, 1.0))
            } else {
                (b.reduce(ReduceOp::Fold(Op::Minimum), wide, &axes)?, b.reduce(ReduceOp::Fold(Op::Maximum), wide, &axes)?)
            }
        }
    };
    // A range of one point is widened.
    let (point, half) = (elementwise(b, Op::Eq, &[lo, hi])?, number(b, DType::F64, 0.5));
    let (below, above) = (elementwise(b, Op::Sub, &[lo, half])?, elementwise(b, Op::Add, &[hi, half])?);
    let (lo, hi) = (elementwise(b, Op::Select, &[point, below, lo])?, elementwise(b, Op::Select, &[point, above, hi])?);
    let one = b.constant(Scalar::i64(1));
    let count = elementwise(b, Op::Add, &[bins, one])?;
    let places = b.iota(Extent::Value(count))?;
    let at = cast(b, places, DType::F64)?;
    let width = elementwise(b, Op::Sub, &[hi, lo])?;
    let wide = cast(b, bins, DType::F64)?;
    let step = elementwise(b, Op::Div, &[width, wide])?;
    let along = elementwise(b, Op::Mul, &[at, step])?;
    let edges = elementwise(b, Op::Add, &[along, lo])?;
    let is_last = elementwise(b, Op::Eq, &[places, bins])?;
    elementwise(b, Op::Select, &[is_last, hi, edges])
}

fn bincount(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let x = args.array(0)?;
    let ty = b.ty(x);
    if ty.rank() != 1 || !ty.dtype.is_int() {
        return Err(Diagnostic::at(Code::Type, args.span_of(0), format!("integers along one dimension are counted, found {ty}")));
    }
    let whole = cast(b, x, DType::I64)?;
    let least = args.integer(b, 2)?;
    let one = extent(b, Extent::Known(1));
    let size = if ty.dims[0].size == Size::Known(0) {
        least
    } else {
        let largest = b.reduce(ReduceOp::Fold(Op::Maximum), whole, &[0])?;
        let size = elementwise(b, Op::Add, &[largest, one])?;
        let size = elementwise(b, Op::Maximum, &[size, least])?;
        // A negative element is a size that is none.
        let smallest = b.reduce(ReduceOp::Fold(Op::Minimum), whole, &[0])?;
        let zero = number(b, DType::I64, 0.0);
        let negative = elementwise(b, Op::Lt, &[smallest, zero])?;
        elementwise(b, Op::Select, &[negative, smallest, size])?
    };
    let count = elementwise(b, Op::Add, &[size, one])?;
    let edges = b.iota(Extent::Value(count))?;
    let edges = cast(b, edges, DType::F64)?;
    counted(b, whole, args.optional_array(1), edges).map(Value::Array)
}
