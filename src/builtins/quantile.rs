//! Quantiles over any set of dimensions, exact. Owns how a call becomes the routine; what lies between two elements is `types::routine`'s.

use super::axes::axes;
use super::build::{A, Between, Build, Extent, Routine, SliceArg, Value};
use super::parts::{ALL, built, cast, elementwise, examples, number, optional, required};
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::{DType, Dim, Size};
use crate::base::{Code, Diagnostic, Name, Outcome};
use crate::ops::ScalarOp as Op;

const X: Param = required("x", ParamKind::Array);
const OVER: Param = optional("over", ParamKind::Dims, Default::Absent);
const KEEP: Param = optional("keepdims", ParamKind::Flag, Default::Bool(false));
const METHOD: Param = optional("method", ParamKind::Text, Default::Absent);
const QUANTILES: &[Param] = &[X, required("q", ParamKind::Apart), OVER, METHOD, KEEP];

pub const TABLE: &[Builtin] = &[
    built(
        "quantile",
        Family::Order,
        QUANTILES,
        |b, args| quantiles(b, args, 1.0, false),
        "The quantile `q` of the elements, or of those along the dimensions `over`: `x.quantile(0.95, over = time)`. Exact, whatever the size.\n\
         `q` is from 0 to 1 (K0507), one number or a list, which gives a first dimension (called `quantile` where `x` has names).\n\
         `method` says what lies between two elements, as NumPy's: \"linear\" (unless given), \"lower\", \"higher\", \"nearest\", \"midpoint\".\n\
         Floats and times keep their dtype, others give `f64` (elements themselves, as \"lower\" gives, their own). NaN where there is a NaN;\n\
         of nothing NaN. Lines that fit in memory are selected from in O(n); longer ones are counted digit by digit in a few passes.",
        examples![
            "print(quantile([1, 2, 3, 4], 0.5), quantile([1, 2, 3, 4], 0.5, method = \"lower\"))" => "2.5 2",
            "print(quantile([[1.0, 5.0], [3.0, 7.0]], [0.0, 0.5], over = 0))" => "[[1.0, 5.0], [2.0, 6.0]]",
        ],
    ),
    built(
        "nanquantile",
        Family::Order,
        QUANTILES,
        |b, args| quantiles(b, args, 1.0, true),
        "`quantile` without NaN and missing times; of NaN alone NaN.",
        examples!["print(nanquantile([1.0, nan, 3.0], 0.25))" => "1.5"],
    ),
    built(
        "percentile",
        Family::Order,
        QUANTILES,
        |b, args| quantiles(b, args, 100.0, false),
        "`quantile` with `q` from 0 to 100.",
        examples!["print(percentile([1, 2, 3, 4, 5], 25))" => "2.0"],
    ),
    built(
        "nanpercentile",
        Family::Order,
        QUANTILES,
        |b, args| quantiles(b, args, 100.0, true),
        "`percentile` without NaN and missing times.",
        examples!["print(nanpercentile([1.0, nan, 3.0], 50))" => "2.0"],
    ),
    built(
        "median",
        Family::Order,
        &[X, OVER, KEEP],
        |b, args| median(b, args, false),
        "The middle element in order, or the mean of the two in the middle; over the dimensions `over`. See `quantile`.",
        examples!["print(median([3, 1, 2, 10]))" => "2.5", "print(median([[3.0, 1.0], [2.0, 5.0], [9.0, 0.0]], over = 0))" => "[3.0, 1.0]"],
    ),
    built(
        "nanmedian",
        Family::Order,
        &[X, OVER, KEEP],
        |b, args| median(b, args, true),
        "`median` without NaN and missing times; of NaN alone NaN.",
        examples!["print(nanmedian([3.0, nan, 1.0]))" => "2.0"],
    ),
];

fn quantiles(b: &mut dyn Build, args: &Args, whole: f64, skip_missing: bool) -> Outcome<Value> {
    let between = match args.text(3) {
        None | Some("linear") => Between::Linear,
        Some("lower") => Between::Lower,
        Some("higher") => Between::Higher,
        Some("nearest") => Between::Nearest,
        Some("midpoint") => Between::Midpoint,
        Some(other) => {
            let error = Diagnostic::at(Code::Value, args.span_of(3), format!("no method \"{other}\""));
            return Err(error.help("methods are \"linear\", \"lower\", \"higher\", \"nearest\" and \"midpoint\""));
        }
    };
    let q = args.array(1)?;
    let ty = b.ty(q);
    if ty.rank() > 1 || !(ty.dtype.is_float() || ty.dtype.is_int()) {
        let message = format!("quantiles are one number or a list of numbers, found {ty}");
        return Err(Diagnostic::at(Code::Type, args.span_of(1), message));
    }
    let mut q = cast(b, q, DType::F64)?;
    if whole != 1.0 {
        let whole = number(b, DType::F64, whole);
        q = elementwise(b, Op::Div, &[q, whole])?;
    }
    if let Some(value) = b.known(q).map(|value| value.as_f64()).filter(|value| !(0.0..=1.0).contains(value)) {
        let error = Diagnostic::at(Code::Value, args.span_of(1), format!("a quantile of {value}"));
        return Err(error.help("quantiles are from 0 to 1, percentiles from 0 to 100"));
    }
    between_elements(b, args, (2, 4), q, between, skip_missing).map(Value::Array)
}

fn median(b: &mut dyn Build, args: &Args, skip_missing: bool) -> Outcome<Value> {
    let half = number(b, DType::F64, 0.5);
    between_elements(b, args, (1, 2), half, Between::Mean, skip_missing).map(Value::Array)
}

/// Quantiles of the first argument, over the axes and kept at size 1 as the arguments at these places say.
fn between_elements(
    b: &mut dyn Build,
    args: &Args,
    (over, keep): (usize, usize),
    q: A,
    between: Between,
    skip_missing: bool,
) -> Outcome<A> {
    let x = args.array(0)?;
    let over = axes(b, args, over, x)?;
    let dims = b.ty(x).dims;
    let kept: Vec<usize> = (0..dims.len()).filter(|axis| !over.contains(axis)).collect();
    let order: Vec<usize> = kept.iter().chain(&over).copied().collect();
    let mut turned = b.transpose(x, &order)?;
    if over.is_empty() {
        // Every element is a line of its own.
        let index: Vec<SliceArg> = std::iter::repeat_n(ALL, order.len()).chain([SliceArg::New]).collect();
        turned = b.slice(turned, &index)?;
    }
    let list = b.ty(q).rank() == 1;
    let size = if list { b.size(q, 0) } else { number(b, DType::I64, 1.0) };
    let q = b.reshape(q, &[Extent::Value(size)])?;
    let routine = Routine::Quantile { between, skip_missing, axes: over.len().max(1) as u8 };
    let value = b.routine(routine, &[turned, q])?[0];
    // The quantiles first, then what is kept.
    let rank = kept.len();
    let turn: Vec<usize> = std::iter::once(rank).chain(0..rank).collect();
    let value = b.transpose(value, &turn)?;
    let first = if list { ALL } else { SliceArg::At(number(b, DType::I64, 0.0), args.span) };
    let mut index = vec![first];
    let mut named: Vec<Dim> = Vec::new();
    if list {
        let name = dims.iter().any(|dim| dim.name.is_some()).then(|| Name::new("quantile"));
        named.push(Dim { name, size: b.ty(value).dims[0].size, coord: None });
    }
    for (axis, dim) in dims.into_iter().enumerate() {
        if kept.contains(&axis) {
            index.push(ALL);
            named.push(dim);
        } else if args.bool(keep)? {
            index.push(SliceArg::New);
            named.push(Dim { name: dim.name, size: Size::Known(1), coord: None });
        }
    }
    let value = b.slice(value, &index)?;
    b.rename(value, named)
}
