//! Other labels along a dimension: those that are asked for, whether they are there or not, and each once. Coordinates are known when the
//! program is checked, so positions are.

use super::axes::axis;
use super::build::{A, Build, Value};
use super::coords::{along, coordinate, missing_of, named, wanted};
use super::grouped::take;
use super::parts::{built, elementwise, examples, floated, optional, required, shape_of};
use super::{Args, Builtin, Default, Family, ParamKind};
use crate::array::calendar::NAT;
use crate::array::{Array, Calendar, DType, Dim, Scalar};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;
use crate::types::coord::take_coord;
use crate::types::dims::dim_text;
use crate::types::group::labelled;
use rustc_hash::FxHashMap;

pub const TABLE: &[Builtin] = &[
    built(
        "reindex",
        Family::Labels,
        &[required("x", ParamKind::Array), optional("labels", ParamKind::Anything, Default::Absent)],
        reindex,
        "`x` with other labels along dimensions: `x.reindex(lat = y.lat)`.\n\
         What is labelled alike is taken over; where a label is not in `x` the elements are NaN. Integers and bools become `f64`. Labels are known when the program is checked, and each stands once in `x` (K0405).\n\
         `interp` gives values between the labels, `sel` refuses those that are not there.",
        examples!["x = [1.0, 2.0].named(lat).assign_coords(lat = [10, 20])\nprint(x.reindex(lat = [20, 30, 10]))" => "[2.0, nan, 1.0]"],
    ),
    built(
        "drop_duplicates",
        Family::Labels,
        &[required("x", ParamKind::Array), required("along", ParamKind::Dims)],
        drop_duplicates,
        "`x` with each label of a dimension once, the first of equal ones: `x.drop_duplicates(time)`. Their order stays.",
        examples!["x = [1, 2, 3].named(t).assign_coords(t = [5, 5, 6])\nprint(x.drop_duplicates(t))" => "[1, 3]"],
    ),
    built(
        "convert_calendar",
        Family::Labels,
        &[required("x", ParamKind::Array), required("along", ParamKind::Dims), required("calendar", ParamKind::Text)],
        convert_calendar,
        "`x` with the datetimes of a dimension in another calendar: `x.convert_calendar(time, \"noleap\")`.\n\
         Every date becomes the same date of the other calendar, one of CF's; dates that it does not have, such as 29 February, are left out.",
        examples![
            "t = datetime(\"2000-02-28\") + arange(3) * 1d\nx = [1, 2, 3].named(time).assign_coords(time = t)\nprint(x.convert_calendar(time, \"noleap\"))"
                => "[1, 3]"
        ],
    ),
];

/// What makes labels equal: instants their microseconds, numbers their value.
fn key(label: Scalar) -> (bool, u64) {
    match label.as_int().filter(|_| label.dtype.is_time()) {
        Some(micros) => (true, micros as u64),
        // 0.0 and -0.0 are one label.
        None => (false, (label.as_f64() + 0.0).to_bits()),
    }
}

fn reindex(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let x = args.array(0)?;
    let mut value = if b.ty(x).dtype.is_time() { x } else { floated(b, x)? };
    for (axis, name, target) in named(b, args, x)? {
        let dim = b.ty(value).dims[axis].clone();
        let coord = coordinate(&dim)?;
        let mut places: FxHashMap<(bool, u64), u64> = FxHashMap::default();
        for (at, label) in coord.values.scalars().into_iter().enumerate() {
            if places.insert(key(label), at as u64).is_some() {
                let error = Diagnostic::new(Code::Coordinates, format!("{name} has a label twice, at {at} the second time"));
                return Err(error.help(format!("`x.drop_duplicates({name})` keeps the first of each")));
            }
        }
        let (wanted, single) = wanted(b, target, name)?;
        if single {
            let message = format!("the labels of {name} are an array");
            return Err(Diagnostic::new(Code::Type, message).help(format!("`x.sel({name} = …)` takes one")));
        }
        if wanted.dtype().is_time() != coord.values.dtype().is_time() || wanted.dtype().is_time() && wanted.dtype() != coord.values.dtype()
        {
            let message = format!("{name} is labelled by {}, not by {}", coord.values.dtype(), wanted.dtype());
            return Err(Diagnostic::new(Code::Type, message));
        }
        let found: Vec<Option<u64>> = wanted.scalars().into_iter().map(|label| places.get(&key(label)).copied()).collect();
        let labels = labelled(dim.name.clone(), wanted);
        if places.is_empty() {
            // There is nothing to take anything from.
            let mut shape = shape_of(b, value);
            shape[axis] = super::build::Extent::Known(found.len() as u64);
            let mut dims = b.ty(value).dims;
            dims[axis] = labels;
            let nothing = missing_of(b, value);
            let nothing = b.broadcast(nothing, &shape)?;
            value = b.rename(nothing, dims)?;
            continue;
        }
        let positions: Vec<u64> = found.iter().map(|at| at.unwrap_or(0)).collect();
        let taken = take(b, value, axis, &positions, labels.clone())?;
        value = if found.iter().all(Option::is_some) { taken } else { masked(b, taken, axis, &found, labels)? };
    }
    Ok(Value::Array(value))
}

/// Missing where nothing was found along an axis.
fn masked(b: &mut dyn Build, x: A, axis: usize, found: &[Option<u64>], dim: Dim) -> Outcome<A> {
    let there: Vec<Scalar> = found.iter().map(|at| Scalar::bool(at.is_some())).collect();
    let there = b.array(&Array::from_scalars(DType::Bool, &there))?;
    let there = b.rename(there, vec![dim])?;
    let there = along(b, there, axis, x)?;
    let nothing = missing_of(b, x);
    elementwise(b, Op::Select, &[there, x, nothing])
}

fn convert_calendar(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let x = args.array(0)?;
    let axis = axis(b, args, 1, x)?;
    let dim = b.ty(x).dims[axis].clone();
    let coord = coordinate(&dim)?;
    let DType::DateTime(own) = coord.values.dtype() else {
        let message = format!("datetimes have calendars, and {} is labelled by {}", dim_text(&b.ty(x), axis), coord.values.dtype());
        return Err(Diagnostic::at(Code::Dtype, args.span_of(1), message));
    };
    let name = args.text(2).unwrap_or_default();
    let Some(other) = Calendar::parse(name) else {
        let error = Diagnostic::at(Code::Value, args.span_of(2), format!("\"{name}\" is no calendar"));
        return Err(error.help("calendars are those of the CF conventions: standard, noleap, 360_day, …"));
    };
    let converted = |label: Scalar| {
        let micros = label.as_int().and_then(|micros| i64::try_from(micros).ok())?;
        if micros == NAT { None } else { other.micros(own.civil(micros)) }
    };
    let labels = coord.values.scalars().into_iter().enumerate();
    let (kept, labels): (Vec<u64>, Vec<Scalar>) =
        labels.filter_map(|(at, label)| Some((at as u64, Scalar::int(DType::DateTime(other), converted(label)?.into())))).unzip();
    let dim = labelled(dim.name, Array::from_scalars(DType::DateTime(other), &labels));
    if kept.len() as u64 == coord.values.count() {
        let mut dims = b.ty(x).dims;
        dims[axis] = dim;
        return b.rename(x, dims).map(Value::Array);
    }
    take(b, x, axis, &kept, dim).map(Value::Array)
}

fn drop_duplicates(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let x = args.array(0)?;
    let axis = axis(b, args, 1, x)?;
    let dim = b.ty(x).dims[axis].clone();
    let coord = coordinate(&dim)?;
    let mut seen = rustc_hash::FxHashSet::default();
    let labels = coord.values.scalars().into_iter().enumerate();
    let kept: Vec<u64> = labels.filter(|(_, label)| seen.insert(key(*label))).map(|(at, _)| at as u64).collect();
    if kept.len() as u64 == coord.values.count() {
        return Ok(Value::Array(x));
    }
    let dim = Dim { coord: Some(take_coord(&coord, &kept)), ..dim };
    take(b, x, axis, &kept, Dim { size: crate::array::Size::Known(kept.len() as u64), ..dim }).map(Value::Array)
}
