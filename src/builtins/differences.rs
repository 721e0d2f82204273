//! Differences and integrals along a dimension: `diff`, `gradient`, `trapezoid` and their kind.

use super::axes::{at, axis, bare, names_of, range, with_axis, with_names, without_coords};
use super::build::{A, Build, Value};
use super::parts::{add, built, cast, div, elementwise, examples, floated, int, mul, number, optional, required, sub};
use super::reductions::{narrow, sum, wide};
use super::shape::ravel;
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::DType;
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;
use crate::types::dims::{dim_text, find_dims};

const X: Param = required("x", ParamKind::Array);
const ALONG: Param = optional("along", ParamKind::Dims, Default::Absent);
const INTEGRAL: &[Param] = &[
    required("y", ParamKind::Array),
    optional("x", ParamKind::Array, Default::Absent),
    optional("dx", ParamKind::Array, Default::Float(1.0)),
    ALONG,
];

pub const TABLE: &[Builtin] = &[
    built(
        "diff",
        Family::Scan,
        &[X, ALONG, optional("n", ParamKind::Flag, Default::Int(1))],
        |b, args| diff(b, args).map(Value::Array),
        "The difference of every element to the one before along a dimension, one element shorter; `n` times over.\n\
         The dimension keeps the coordinates of the later elements.",
        examples!["print(diff([1, 4, 9]))" => "[3, 5]", "print(diff([1, 4, 9], n = 2))" => "[2]"],
    ),
    built(
        "ediff1d",
        Family::Scan,
        &[X],
        |b, args| {
            let x = ravel(b, args.array(0)?)?;
            steps(b, x, 0).map(Value::Array)
        },
        "The differences of neighbours among all elements, row-major.",
        examples!["print(ediff1d([[1, 2], [4, 8]]))" => "[1, 2, 4]"],
    ),
    built(
        "gradient",
        Family::Scan,
        &[X, optional("spacing", ParamKind::Array, Default::Float(1.0)), ALONG, optional("edge_order", ParamKind::Flag, Default::Int(1))],
        gradient,
        "The derivative along a dimension, of second order inside and of first (or second, with `edge_order = 2`) at the ends.\n\
         `spacing` is the distance of neighbours, or a vector with the place of every element: `x.gradient(x.coord(lat), along = lat)`.\n\
         A tuple with one for each dimension where several are named, or none. Integers give `f64`. A dimension has at least\n\
         `edge_order + 1` elements. Fornberg 1988 for uneven places.",
        examples![
            "print(gradient([1, 2, 4, 7]))" => "[1.0, 1.5, 2.5, 3.0]",
            "print(gradient([0.0, 1.0, 9.0], [0.0, 1.0, 3.0]))" => "[1.0, 2.0, 4.0]",
        ],
    ),
    built(
        "trapezoid",
        Family::Reduction,
        INTEGRAL,
        |b, args| {
            let (areas, axis, own) = trapezia(b, args)?;
            let total = sum(b, areas, &[axis])?;
            cast(b, total, own).map(Value::Array)
        },
        "The integral along a dimension by the trapezoidal rule.\n\
         `x` are the places of the elements, a vector along the dimension or an array like `y`; where it is left out they are `dx` apart.",
        examples!["print(trapezoid([1, 2, 3]), trapezoid([1, 2, 3], [0, 2, 4]), trapezoid([1, 2, 3], dx = 0.5))" => "4.0 8.0 2.0"],
    ),
    built(
        "cumulative_trapezoid",
        Family::Scan,
        INTEGRAL,
        |b, args| {
            let (areas, axis, own) = trapezia(b, args)?;
            let totals = b.scan(Op::Add, areas, axis)?;
            cast(b, totals, own).map(Value::Array)
        },
        "The running integral along a dimension by the trapezoidal rule, one element shorter; see `trapezoid`.",
        examples!["print(cumulative_trapezoid([1, 2, 3]))" => "[1.5, 4.0]"],
    ),
    built(
        "unwrap",
        Family::Scan,
        &[X, optional("period", ParamKind::Array, Default::Float(std::f64::consts::TAU)), ALONG],
        |b, args| unwrap(b, args).map(Value::Array),
        "Phases without jumps: multiples of the period are added so that neighbours differ by half a period at most.",
        examples!["print(unwrap([0.0, 3.0, 6.0, 1.0], period = 8.0))" => "[0.0, 3.0, 6.0, 9.0]"],
    ),
];

/// The later and the earlier ones of all neighbours; both have the later ones' coordinates.
fn neighbours(b: &mut dyn Build, x: A, axis: usize) -> Outcome<(A, A)> {
    let (one, zero, size) = (int(b, 1), int(b, 0), b.size(x, axis));
    let end = sub(b, size, one)?;
    let end = elementwise(b, Op::Maximum, &[end, zero])?;
    let (later, earlier) = (range(b, x, axis, Some(one), None)?, range(b, x, axis, None, Some(end))?);
    let dims = b.ty(later).dims;
    Ok((later, b.rename(earlier, dims)?))
}

/// The difference of every element to the one before.
fn steps(b: &mut dyn Build, x: A, axis: usize) -> Outcome<A> {
    let (later, earlier) = neighbours(b, x, axis)?;
    sub(b, later, earlier)
}

fn diff(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    let axis = axis(b, args, 1, x)?;
    let times = args.int(2)?;
    // Each time takes an element: more than a few dozen is a mistake, not a program to build.
    if !(0..=64).contains(&times) {
        let error = Diagnostic::at(Code::Value, args.span_of(2), format!("differences of order {times}"));
        return Err(error.help("orders are 0 to 64"));
    }
    (0..times).try_fold(x, |x, _| steps(b, x, axis))
}

fn gradient(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let x = args.array(0)?;
    let ty = b.ty(x);
    let axes = match args.dims(2) {
        Some(dims) => find_dims(&ty, dims)?,
        None => (0..ty.rank()).collect(),
    };
    let edge = args.int(3)?;
    if !(1..=2).contains(&edge) {
        return Err(Diagnostic::at(Code::Value, args.span_of(3), format!("an edge order of {edge}")).help("it is 1 or 2"));
    }
    if axes.is_empty() {
        return Err(Diagnostic::at(Code::Rank, args.span_of(0), format!("a gradient is along a dimension, found {ty}")));
    }
    for axis in &axes {
        if let Some(size) = ty.dims[*axis].size.known().filter(|size| *size <= edge as u64) {
            let message = format!("{} of {ty} has {size} elements, the gradient needs {}", dim_text(&ty, *axis), edge + 1);
            return Err(Diagnostic::at(Code::Shape, args.span_of(0), message));
        }
    }
    let spacing = args.array(1)?;
    let derivative = |b: &mut dyn Build, axis: usize| derivative(b, x, spacing, axis, edge == 2, args).map(Value::Array);
    match axes[..] {
        [axis] => derivative(b, axis),
        _ => axes.into_iter().map(|axis| derivative(b, axis)).collect::<Outcome<Vec<Value>>>().map(Value::Tuple),
    }
}

/// Three neighbours with their weights: `a * x[i] + c * x[j] + e * x[k]`.
fn weighted(b: &mut dyn Build, terms: [(A, A); 3]) -> Outcome<A> {
    let mut total = None;
    for (weight, value) in terms {
        let term = mul(b, weight, value)?;
        total = Some(match total {
            None => term,
            Some(total) => add(b, total, term)?,
        });
    }
    total.ok_or_else(|| Diagnostic::new(Code::Internal, "no terms"))
}

/// Elements `from` to `size - to` along an axis.
fn inner(b: &mut dyn Build, x: A, axis: usize, from: i64, to: i64) -> Outcome<A> {
    let (lo, size, less) = (int(b, from), b.size(x, axis), int(b, to));
    let hi = sub(b, size, less)?;
    range(b, x, axis, Some(lo), Some(hi))
}

fn derivative(b: &mut dyn Build, x: A, spacing: A, axis: usize, second: bool, args: &Args) -> Outcome<A> {
    let (dims, rank) = (b.ty(x).dims, b.ty(x).rank());
    let x = floated(b, x)?;
    let dtype = b.ty(x).dtype;
    let x = bare(b, x)?;
    let even = b.ty(spacing).rank() == 0;
    // Distances to the neighbour before and to the one after: of every inner element, or of all.
    let distances = if even {
        cast(b, spacing, dtype)?
    } else {
        let places = bare(b, spacing)?;
        if b.ty(places).rank() != 1 {
            let message = format!("places are a vector, found {}", b.ty(spacing));
            return Err(Diagnostic::at(Code::Rank, args.span_of(1), message));
        }
        let (mine, size) = (b.ty(places).dims[0].size, dims[axis].size);
        if let (Some(mine), Some(size)) = (mine.known(), size.known())
            && mine != size
        {
            return Err(Diagnostic::at(Code::Shape, args.span_of(1), format!("{mine} places for {size} elements")));
        }
        let places = cast(b, places, if dtype.is_complex() { DType::F64 } else { dtype })?;
        let mut distances = steps(b, places, 0)?;
        for at in 1..rank - axis {
            distances = with_axis(b, distances, at)?;
        }
        distances
    };
    let (before, middle, after) = (inner(b, x, axis, 0, 2)?, inner(b, x, axis, 1, 1)?, inner(b, x, axis, 2, 0)?);
    let two = number(b, dtype, 2.0);
    let inside = if even {
        let (width, change) = (mul(b, two, distances)?, sub(b, after, before)?);
        div(b, change, width)?
    } else {
        let (d1, d2) = (inner(b, distances, 0, 0, 1)?, inner(b, distances, 0, 1, 0)?);
        let both = add(b, d1, d2)?;
        let (first, product, last) = (mul(b, d1, both)?, mul(b, d1, d2)?, mul(b, d2, both)?);
        let minus = elementwise(b, Op::Neg, &[d2])?;
        let difference = sub(b, d2, d1)?;
        let (a, c, e) = (div(b, minus, first)?, div(b, difference, product)?, div(b, d1, last)?);
        weighted(b, [(a, before), (c, middle), (e, after)])?
    };
    let first = end_slope(b, x, distances, axis, true, second, even, args)?;
    let last = end_slope(b, x, distances, axis, false, second, even, args)?;
    let whole = b.concat(&[first, inside, last], axis)?;
    b.rename(whole, dims)
}

/// The slope at the first or last element, at size 1.
fn end_slope(b: &mut dyn Build, x: A, distances: A, axis: usize, first: bool, second: bool, even: bool, args: &Args) -> Outcome<A> {
    let element = |b: &mut dyn Build, x: A, axis: usize, place: i64| {
        let mut position = int(b, place);
        if !first {
            let (size, back) = (b.size(x, axis), int(b, place + 1));
            position = sub(b, size, back)?;
        }
        let value = at(b, x, axis, position, args.span)?;
        with_axis(b, value, axis)
    };
    let (x0, x1) = (element(b, x, axis, 0)?, element(b, x, axis, 1)?);
    let d1 = if even { distances } else { element(b, distances, 0, 0)? };
    if !second {
        let (later, earlier) = if first { (x1, x0) } else { (x0, x1) };
        let change = sub(b, later, earlier)?;
        return div(b, change, d1);
    }
    let x2 = element(b, x, axis, 2)?;
    let d2 = if even { distances } else { element(b, distances, 0, 1)? };
    let dtype = b.ty(d1).dtype;
    let two = number(b, dtype, 2.0);
    let both = add(b, d1, d2)?;
    let (near, product, far) = (mul(b, d1, both)?, mul(b, d1, d2)?, mul(b, d2, both)?);
    let twice = mul(b, two, d1)?;
    let twice = add(b, twice, d2)?;
    let a = div(b, twice, near)?;
    let c = div(b, both, product)?;
    let e = div(b, d1, far)?;
    let (minus_a, minus_c, minus_e) = (elementwise(b, Op::Neg, &[a])?, elementwise(b, Op::Neg, &[c])?, elementwise(b, Op::Neg, &[e])?);
    let weights = if first { [minus_a, c, minus_e] } else { [a, minus_c, e] };
    weighted(b, [(weights[0], x0), (weights[1], x1), (weights[2], x2)])
}

/// The areas between neighbours in double precision, their axis, and the dtype of their sum.
fn trapezia(b: &mut dyn Build, args: &Args) -> Outcome<(A, usize, DType)> {
    let y = args.array(0)?;
    let axis = axis(b, args, 3, y)?;
    let y = floated(b, y)?;
    let names = names_of(b, y);
    let mut own = b.ty(y).dtype;
    let y = without_coords(b, y, &[axis])?;
    let y = cast(b, y, wide(own))?;
    let (later, earlier) = neighbours(b, y, axis)?;
    let heights = add(b, later, earlier)?;
    let widths = match args.optional_array(1) {
        Some(x) => {
            let x = floated(b, x)?;
            let places = b.ty(x).dtype;
            own = crate::types::promote::promote_or_fail("trapezoid", &[own, places])?;
            let x = cast(b, x, wide(places))?;
            if b.ty(x).rank() == 1 {
                let x = bare(b, x)?;
                let mut widths = steps(b, x, 0)?;
                for place in 1..names.len() - axis {
                    widths = with_axis(b, widths, place)?;
                }
                widths
            } else {
                let x = bare(b, x)?;
                steps(b, x, axis)?
            }
        }
        None => args.array(2)?,
    };
    let dtype = b.ty(heights).dtype;
    let half = number(b, dtype, 0.5);
    let heights = bare(b, heights)?;
    let areas = mul(b, widths, heights)?;
    let areas = mul(b, areas, half)?;
    Ok((with_names(b, areas, names)?, axis, narrow(own)))
}

fn unwrap(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    let axis = axis(b, args, 2, x)?;
    let x = floated(b, x)?;
    let dims = b.ty(x).dims;
    let dtype = b.ty(x).dtype;
    let period = cast(b, args.array(1)?, dtype)?;
    let two = number(b, dtype, 2.0);
    let half = div(b, period, two)?;
    let x = bare(b, x)?;
    let steps = steps(b, x, axis)?;
    let shifted = add(b, steps, half)?;
    let inside = elementwise(b, Op::Rem, &[shifted, period])?;
    let inside = sub(b, inside, half)?;
    // A step up of half a period stays one.
    let (zero, minus) = (number(b, dtype, 0.0), elementwise(b, Op::Neg, &[half])?);
    let (low, up) = (elementwise(b, Op::Eq, &[inside, minus])?, elementwise(b, Op::Gt, &[steps, zero])?);
    let up = elementwise(b, Op::And, &[low, up])?;
    let inside = elementwise(b, Op::Select, &[up, half, inside])?;
    let change = sub(b, inside, steps)?;
    let (size, small) = (elementwise(b, Op::Abs, &[steps])?, zero);
    let near = elementwise(b, Op::Lt, &[size, half])?;
    let change = elementwise(b, Op::Select, &[near, small, change])?;
    let changes = b.scan(Op::Add, change, axis)?;
    let (zero_at, one_at) = (int(b, 0), int(b, 1));
    let (first, rest) = (range(b, x, axis, Some(zero_at), Some(one_at))?, range(b, x, axis, Some(one_at), None)?);
    let rest = add(b, rest, changes)?;
    let whole = b.concat(&[first, rest], axis)?;
    b.rename(whole, dims)
}
