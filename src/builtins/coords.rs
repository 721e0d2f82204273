//! What changes an array by its coordinates: giving them, sorting by them, shifting, and values between the points. Coordinates are known
//! when the program is checked, so positions and weights are.

use super::build::{A, Build, Extent, SliceArg, Value};
use super::grouped::{known, take};
use super::parts::{ALL, built, cast, elementwise, examples, floated, number, optional, required, shape_of};
use super::rearrange::reversed;
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::{Array, Coord, DType, Dim, Scalar, Size};
use crate::base::{Code, Diagnostic, Name, Outcome};
use crate::ops::ScalarOp as Op;
use crate::types::coord::take_coord;
use crate::types::dims::{DimRef, find_dim};
use crate::types::group::{labelled, order};
use crate::types::label::nearest_to;
use std::sync::Arc;

const X: Param = required("x", ParamKind::Array);
const NAMED: Param = optional("by", ParamKind::Anything, Default::Absent);

pub const TABLE: &[Builtin] = &[
    built(
        "assign_coords",
        Family::Labels,
        &[X, NAMED],
        assign_coords,
        "`x` with coordinates of dimensions: `x.assign_coords(lat = linspace(-90, 90, 181))`.\n\
         A coordinate is a one-dimensional array of numbers or datetimes, known when the program is checked: a list, a coordinate, or computed\n\
         from indices and numbers.",
        examples!["x = [1, 2, 3].named(lat).assign_coords(lat = [10, 20, 30])\nprint(x.sel(lat = 20), x.lat)" => "2 [10, 20, 30]"],
    ),
    built(
        "sortby",
        Family::Labels,
        &[X, required("along", ParamKind::Dims), optional("desc", ParamKind::Flag, Default::Bool(false))],
        sortby,
        "`x` with the points of a dimension in the order of its coordinate: `x.sortby(lat)`, `x.sortby(time, desc = true)`.\n\
         Equal labels keep their order. Where the coordinate falls throughout it is read backwards.",
        examples!["x = [1, 2, 3].named(lat).assign_coords(lat = [20, 10, 30])\nprint(x.sortby(lat), x.sortby(lat, desc = true))" => "[2, 1, 3] [3, 1, 2]"],
    ),
    built(
        "shift",
        Family::Labels,
        &[X, NAMED],
        shift,
        "`x` moved along dimensions by so many points, towards the end if positive: `x - x.shift(time = 1)`.\n\
         Where nothing comes from is NaN. Integers and bools become `f64`. Coordinates stay where they are. `roll` moves round.",
        examples!["print([1.0, 2.0, 3.0].named(time).shift(time = 1))" => "[nan, 1.0, 2.0]"],
    ),
    built(
        "interp",
        Family::Labels,
        &[X, NAMED, optional("method", ParamKind::Flag, Default::Absent)],
        interp,
        "`x` at other points of its coordinates, between the nearest two: `x.interp(lat = [0.5, 1.5], lon = 210)`.\n\
         `method = \"nearest\"` takes the nearest point instead. Outside the coordinate's ends it is NaN. A number removes its dimension, an array\n\
         gives the dimension its coordinate. Several dimensions are done one after another. Integers become `f64`; floats keep their dtype.\n\
         The coordinate rises or falls throughout (K0405).",
        examples![
            "x = [0.0, 10.0, 40.0].named(lat).assign_coords(lat = [0, 1, 2])\nprint(x.interp(lat = [0.5, 1.25]), x.interp(lat = 1.25, method = \"nearest\"))"
                => "[5.0, 17.5] 10.0"
        ],
    ),
];

/// The dimensions that a call names, each with what it is given.
pub(super) fn named<'a>(b: &dyn Build, args: &'a Args, x: A) -> Outcome<Vec<(usize, &'a Name, &'a Value)>> {
    let ty = b.ty(x);
    let one = |(name, value): &'a (Option<Name>, Value)| {
        let Some(name) = name else {
            return Err(Diagnostic::new(Code::Arguments, "which dimension?").help("name it: `lat = …`"));
        };
        Ok((find_dim(&ty, &DimRef::Name(name.clone(), args.span))?, name, value))
    };
    let all = args.rest.iter().map(one).collect::<Outcome<Vec<_>>>()?;
    match all.first() {
        None => Err(Diagnostic::new(Code::Arguments, "which dimension?").help("name it: `lat = …`")),
        Some(_) => Ok(all),
    }
}

fn assign_coords(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let x = args.array(0)?;
    let mut dims = b.ty(x).dims;
    for (axis, name, value) in named(b, args, x)? {
        let Value::Array(values) = value else {
            return Err(Diagnostic::new(Code::Type, format!("the coordinate of {name} is an array")));
        };
        let ty = b.ty(*values);
        if ty.rank() != 1 || !(ty.dtype.is_int() || ty.dtype.is_float() || ty.dtype.is_time()) {
            let message = format!("the coordinate of {name} is a one-dimensional array of numbers or datetimes, found {ty}");
            return Err(Diagnostic::new(Code::Type, message));
        }
        if ty.dims[0].size != dims[axis].size {
            return Err(Diagnostic::new(Code::Shape, format!("{name} is {} and its coordinate {}", dims[axis].size, ty.dims[0].size)));
        }
        let values = known(b, *values, "a coordinate")?;
        let flat = Array::from_scalars(values.dtype(), &values.scalars());
        dims[axis].coord = Some(Arc::new(Coord { values: flat, units: None }));
    }
    b.rename(x, dims).map(Value::Array)
}

/// The coordinate of an axis, whose size is known.
pub(super) fn coordinate(dim: &Dim) -> Outcome<Arc<Coord>> {
    let name = dim.name.as_deref().unwrap_or("the dimension");
    let coord = dim.coord.clone().filter(|coord| dim.size == Size::Known(coord.values.count()));
    coord.ok_or_else(|| {
        Diagnostic::new(Code::Coordinates, format!("{name} has no coordinate")).help(format!("give it one: `x.assign_coords({name} = …)`"))
    })
}

fn sortby(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let x = args.array(0)?;
    let (axis, desc) = (super::axes::axis(b, args, 1, x)?, args.bool(2)?);
    let dim = b.ty(x).dims[axis].clone();
    let coord = coordinate(&dim)?;
    let labels = coord.values.scalars();
    let mut positions: Vec<u64> = (0..labels.len() as u64).collect();
    let label = |at: &u64| labels[*at as usize];
    match desc {
        false => positions.sort_by(|p, q| order(&label(p), &label(q))),
        true => positions.sort_by(|p, q| order(&label(q), &label(p))),
    }
    let count = positions.len() as u64;
    if positions.iter().copied().eq(0..count) {
        return Ok(Value::Array(x));
    }
    let sorted = Dim { coord: Some(take_coord(&coord, &positions)), ..dim };
    if positions.iter().copied().eq((0..count).rev()) {
        let value = reversed(b, x, &[axis])?;
        let mut dims = b.ty(value).dims;
        dims[axis] = sorted;
        return b.rename(value, dims).map(Value::Array);
    }
    take(b, x, axis, &positions, sorted).map(Value::Array)
}

fn shift(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let x = args.array(0)?;
    let mut value = if b.ty(x).dtype.is_time() { x } else { floated(b, x)? };
    for (axis, name, by) in named(b, args, x)? {
        let by = if let Value::Array(a) = by { b.known(*a).and_then(Scalar::as_int) } else { None };
        let dims = b.ty(value).dims;
        let (Some(by), Some(size)) = (by, dims[axis].size.known()) else {
            let message =
                format!("{name} is moved by how many points: an integer known when the program is checked, of a size that is known");
            return Err(Diagnostic::new(Code::Type, message));
        };
        let (by, forward) = ((by.unsigned_abs().min(u128::from(size))) as u64, by > 0);
        if by == 0 {
            continue;
        }
        let mut bare = dims.clone();
        bare[axis].coord = None;
        let plain = b.rename(value, bare.clone())?;
        let mut index = vec![ALL; axis];
        let (lo, hi) = if forward { (0, size - by) } else { (by, size) };
        let mut bound = |at: u64| Some(b.constant(Scalar::i64(at as i64)));
        index.push(SliceArg::Range { lo: bound(lo), hi: bound(hi), step: 1 });
        let part = b.slice(plain, &index)?;
        let mut shape = shape_of(b, plain);
        shape[axis] = Extent::Known(by);
        let missing = missing_of(b, plain);
        let gap = b.broadcast(missing, &shape)?;
        bare[axis].size = Size::Known(by);
        let gap = b.rename(gap, bare)?;
        let joined = b.concat(&if forward { [gap, part] } else { [part, gap] }, axis)?;
        value = b.rename(joined, dims)?;
    }
    Ok(Value::Array(value))
}

/// A missing element of an array's dtype.
pub(super) fn missing_of(b: &mut dyn Build, x: A) -> A {
    let dtype = b.ty(x).dtype;
    if dtype.is_time() { b.constant(Scalar::int(dtype, crate::array::calendar::NAT.into())) } else { number(b, dtype, f64::NAN) }
}

fn interp(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let x = args.array(0)?;
    let nearest = match args.text(2) {
        None | Some("linear") => false,
        Some("nearest") => true,
        Some(other) => {
            let error = Diagnostic::at(Code::Value, args.span_of(2), format!("no method \"{other}\""));
            return Err(error.help("it is \"linear\" or \"nearest\""));
        }
    };
    let mut value = floated(b, x)?;
    let targets = named(b, args, x)?;
    let mut removed = Vec::new();
    for (axis, name, target) in targets {
        let dim = b.ty(value).dims[axis].clone();
        let coord = coordinate(&dim)?;
        let labels: Vec<f64> = coord.values.scalars().into_iter().map(Scalar::as_f64).collect();
        let (wanted, scalar) = wanted(b, target, name)?;
        if wanted.dtype().is_time() != coord.values.dtype().is_time() || wanted.dtype().is_time() && wanted.dtype() != coord.values.dtype()
        {
            let message = format!("{name} is labelled by {}, not by {}", coord.values.dtype(), wanted.dtype());
            return Err(Diagnostic::new(Code::Type, message));
        }
        let steps: Vec<(u64, u64, f64)> =
            wanted.scalars().into_iter().map(|label| between(&coord, &labels, label, nearest, name)).collect::<Outcome<_>>()?;
        let at = labelled(dim.name.clone(), wanted.clone());
        let lower: Vec<u64> = steps.iter().map(|step| step.0).collect();
        let upper: Vec<u64> = steps.iter().map(|step| step.1).collect();
        let low = take(b, value, axis, &lower, at.clone())?;
        let dtype = b.ty(low).dtype;
        let share: Vec<Scalar> = steps.iter().map(|step| Scalar::f64(step.2)).collect();
        let share = b.array(&Array::from_scalars(DType::F64, &share))?;
        let share = b.rename(share, vec![at.clone()])?;
        let share = along(b, share, axis, low)?;
        let wide = if dtype.is_complex() { DType::C128 } else { DType::F64 };
        let low = cast(b, low, wide)?;
        value = if nearest {
            // NaN where there is no point, else nothing.
            let zero = number(b, DType::F64, 0.0);
            let none = elementwise(b, Op::Mul, &[share, zero])?;
            elementwise(b, Op::Add, &[low, none])?
        } else {
            let high = take(b, value, axis, &upper, at)?;
            let high = cast(b, high, wide)?;
            let step = elementwise(b, Op::Sub, &[high, low])?;
            let step = elementwise(b, Op::Mul, &[step, share])?;
            // At a point itself its neighbour does not count.
            let zero = number(b, DType::F64, 0.0);
            let there = elementwise(b, Op::Eq, &[share, zero])?;
            let moved = elementwise(b, Op::Add, &[low, step])?;
            elementwise(b, Op::Select, &[there, low, moved])?
        };
        value = cast(b, value, dtype)?;
        if scalar {
            removed.push(axis);
        }
    }
    let rank = b.ty(value).rank();
    let zero = b.constant(Scalar::i64(0));
    let index: Vec<SliceArg> = (0..rank).map(|axis| if removed.contains(&axis) { SliceArg::At(zero, args.span) } else { ALL }).collect();
    b.slice(value, &index).map(Value::Array)
}

/// An array along one axis of another.
pub(super) fn along(b: &mut dyn Build, values: A, axis: usize, other: A) -> Outcome<A> {
    let rank = b.ty(other).rank();
    let index: Vec<SliceArg> = (0..rank).map(|at| if at == axis { ALL } else { SliceArg::New }).collect();
    let value = b.slice(values, &index)?;
    let mut dims = b.ty(other).dims;
    for (_, dim) in dims.iter_mut().enumerate().filter(|(at, _)| *at != axis) {
        *dim = Dim { size: Size::Known(1), coord: None, ..dim.clone() };
    }
    b.rename(value, dims)
}

/// The points that an argument asks for, and whether it is one without a dimension.
pub(super) fn wanted(b: &mut dyn Build, target: &Value, name: &Name) -> Outcome<(Array, bool)> {
    let single = |value: Scalar| (Array::from_scalars(value.dtype, &[value]), true);
    match target {
        Value::Flag(value) => Ok(single(*value)),
        Value::Array(a) if b.ty(*a).rank() == 0 => b
            .known(*a)
            .map(single)
            .ok_or_else(|| Diagnostic::new(Code::Type, format!("the points of {name} must be known when the program is checked"))),
        Value::Array(a) => {
            let values = known(b, *a, "the points to interpolate at")?;
            Ok((Array::from_scalars(values.dtype(), &values.scalars()), false))
        }
        _ => Err(Diagnostic::new(Code::Type, format!("the points of {name} are a number or a list of them"))),
    }
}

/// The positions on either side of a label, and how far it is from the first to the second: NaN outside.
fn between(coord: &Arc<Coord>, labels: &[f64], label: Scalar, nearest: bool, name: &Name) -> Outcome<(u64, u64, f64)> {
    let last = labels.len().saturating_sub(1);
    let rises = labels.windows(2).all(|pair| pair[0] < pair[1]);
    if labels.is_empty() || !rises && !labels.windows(2).all(|pair| pair[0] > pair[1]) {
        let message = format!("the coordinate of {name} neither rises nor falls throughout");
        return Err(Diagnostic::new(Code::Coordinates, message).help(format!("sort it: `x.sortby({name})`")));
    }
    let at = label.as_f64();
    let (low, high) = if rises { (labels[0], labels[last]) } else { (labels[last], labels[0]) };
    if at.is_nan() || at < low || at > high {
        return Ok((0, 0, f64::NAN));
    }
    if nearest {
        let place = nearest_to(coord, label).unwrap_or(0);
        return Ok((place, place, 0.0));
    }
    // The first label that is not before the wanted one, in the direction of the coordinate.
    let upper = labels.partition_point(|known| if rises { *known < at } else { *known > at }).min(last);
    if labels[upper] == at || upper == 0 {
        return Ok((upper as u64, upper as u64, 0.0));
    }
    let share = (at - labels[upper - 1]) / (labels[upper] - labels[upper - 1]);
    Ok((upper as u64 - 1, upper as u64, share))
}
