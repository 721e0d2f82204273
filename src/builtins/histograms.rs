//! Histograms of several variables at once: the bins of each are numbered together, and the numbers counted in one pass.

use super::axes::{at, bare};
use super::build::{A, Build, Extent, SliceArg, Value};
use super::parts::{ALL, add, built, cast, div, elementwise, examples, extent, int, mul, optional, required, sub};
use super::sets::{counted, even_edges, lined, real, search};
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::{DType, Size};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;
use crate::types::ReduceOp;
use crate::types::routine::Side;

const BINS: Param = optional("bins", ParamKind::Apart, Default::Int(10));
const WEIGHTS: Param = optional("weights", ParamKind::Apart, Default::Absent);
const DENSITY: Param = optional("density", ParamKind::Flag, Default::Bool(false));

pub const TABLE: &[Builtin] = &[
    built(
        "histogram2d",
        Family::Order,
        &[
            required("x", ParamKind::Array),
            required("y", ParamKind::Array),
            BINS,
            optional("ybins", ParamKind::Apart, Default::Absent),
            WEIGHTS,
            DENSITY,
        ],
        |b, args| {
            let (x, y, bins) = (args.array(0)?, args.array(1)?, args.array(2)?);
            let others = args.optional_array(3).unwrap_or(bins);
            let edges = vec![edges(b, args, x, bins, 2)?, edges(b, args, y, others, 3)?];
            joint(b, args, &[x, y], edges, (4, 5))
        },
        "How many pairs of elements lie in each bin of two variables, and the edges of both: `counts, x_edges, y_edges = histogram2d(x, y)`.\n\
         `bins` are those of `x`, and of `y` unless `ybins` says others: their number, between the least and the largest element, or their edges,\n\
         ascending. `weights` and `density` as for `histogram`. The counts have a row for each bin of `x`. Out of core; one pass for the counts.",
        examples!["print(histogram2d([0.5, 1.5, 1.5], [0.5, 0.5, 1.0], bins = [0, 1, 2])[0])" => "[[1, 0], [1, 1]]"],
    ),
    built(
        "histogramdd",
        Family::Order,
        &[required("variables", ParamKind::Arrays), BINS, WEIGHTS, DENSITY],
        |b, args| {
            let (variables, bins) = (args.arrays()?, args.array(1)?);
            let mut all = Vec::with_capacity(variables.len());
            for (at, variable) in variables.iter().enumerate() {
                let own = match b.ty(bins).rank() {
                    2 => row(b, args, bins, at)?,
                    _ => bins,
                };
                all.push(edges(b, args, *variable, own, 1)?);
            }
            joint(b, args, &variables, all, (2, 3))
        },
        "How many elements, one of each variable, lie in each bin of all of them, and the edges, a tuple: `counts, a, b, c = histogramdd(x, y, z)`.\n\
         `bins` is a number of bins or a list of edges for all, or a matrix with a row of edges for each. See `histogram2d`.",
        examples!["print(histogramdd([0.5, 1.5], [0.5, 0.5], [1.5, 1.5], bins = [0, 1, 2])[0])" => "[[[0, 1], [0, 0]], [[0, 1], [0, 0]]]"],
    ),
];

fn row(b: &mut dyn Build, args: &Args, bins: A, at_row: usize) -> Outcome<A> {
    let rows = b.ty(bins).dims[0].size;
    if matches!(rows, Size::Known(rows) if at_row as u64 >= rows) {
        return Err(Diagnostic::at(Code::Shape, args.span_of(1), format!("{rows} rows of edges for more variables")));
    }
    let position = int(b, at_row as i64);
    at(b, bins, 0, position, args.span_of(1))
}

/// The edges of one variable's bins, `f64`.
fn edges(b: &mut dyn Build, args: &Args, x: A, bins: A, place: usize) -> Outcome<A> {
    match b.ty(bins).rank() {
        1 => {
            let edges = bare(b, bins)?;
            cast(b, edges, DType::F64)
        }
        0 if b.ty(bins).dtype.is_int() => even_edges(b, x, bins, None, args.span_of(place)),
        _ => {
            let message = format!("bins are a number of them or their edges, found {}", b.ty(bins));
            Err(Diagnostic::at(Code::Type, args.span_of(place), message))
        }
    }
}

/// The counts over all bins, and the edges.
fn joint(b: &mut dyn Build, args: &Args, variables: &[A], edges: Vec<A>, (weights, density): (usize, usize)) -> Outcome<Value> {
    let (one, none) = (int(b, 1), int(b, -1));
    let (mut place, mut inside, mut shape): (Option<A>, Option<A>, Vec<Extent>) = (None, None, Vec::new());
    for (variable, edges) in variables.iter().zip(&edges) {
        real(b, *variable, args.span)?;
        let x = lined(b, *variable)?;
        let x = cast(b, x, DType::F64)?;
        let size = b.size(*edges, 0);
        let bins = sub(b, size, one)?;
        let last = at(b, *edges, 0, bins, args.span)?;
        let found = search(b, x, *edges, Side::Right)?;
        let found = sub(b, found, one)?;
        // The last bin has both its edges.
        let at_end = elementwise(b, Op::Eq, &[x, last])?;
        let (before, zero) = (sub(b, found, one)?, int(b, 0));
        let found = elementwise(b, Op::Select, &[at_end, before, found])?;
        let (low, high) = (elementwise(b, Op::Ge, &[found, zero])?, elementwise(b, Op::Lt, &[found, bins])?);
        let here = elementwise(b, Op::And, &[low, high])?;
        inside = Some(match inside {
            None => here,
            Some(inside) => elementwise(b, Op::And, &[inside, here])?,
        });
        place = Some(match place {
            None => found,
            Some(place) => {
                let rows = mul(b, place, bins)?;
                add(b, rows, found)?
            }
        });
        shape.push(
            b.known(bins)
                .and_then(|bins| bins.as_int())
                .and_then(|bins| u64::try_from(bins).ok())
                .map_or(Extent::Value(bins), Extent::Known),
        );
    }
    let (Some(place), Some(inside)) = (place, inside) else {
        return Err(Diagnostic::at(Code::Arguments, args.span, "at least one variable is needed here"));
    };
    let place = elementwise(b, Op::Select, &[inside, place, none])?;
    let mut all = one;
    for bins in &shape {
        let bins = extent(b, *bins);
        all = mul(b, all, bins)?;
    }
    let ends = add(b, all, one)?;
    let numbers = b.iota(Extent::Value(ends))?;
    let numbers = cast(b, numbers, DType::F64)?;
    let weights = args.optional_array(weights).map(|weights| lined(b, weights)).transpose()?;
    let counts = counted(b, place, weights, numbers)?;
    let mut counts = b.reshape(counts, &shape)?;
    if args.bool(density)? {
        let wide = cast(b, counts, DType::F64)?;
        let axes: Vec<usize> = (0..shape.len()).collect();
        let total = b.reduce(ReduceOp::Fold(Op::Add), wide, &axes)?;
        counts = div(b, wide, total)?;
        for (axis, edges) in edges.iter().enumerate() {
            let size = b.size(*edges, 0);
            let end = sub(b, size, one)?;
            let part = |lo, hi| [SliceArg::Range { lo, hi, step: 1 }];
            let (lower, upper) = (b.slice(*edges, &part(None, Some(end)))?, b.slice(*edges, &part(Some(one), None))?);
            let widths = sub(b, upper, lower)?;
            let index: Vec<SliceArg> = std::iter::once(ALL).chain((axis + 1..shape.len()).map(|_| SliceArg::New)).collect();
            let widths = b.slice(widths, &index)?;
            counts = div(b, counts, widths)?;
        }
    }
    Ok(Value::Tuple(std::iter::once(counts).chain(edges).map(Value::Array).collect()))
}
