//! Arrays reduced in parts: by groups of positions, in windows, with weights. A grouped value is the array with a type that says how it is
//! parted; its methods are the reductions and the arithmetic with arrays over the groups. Groups follow from coordinates, so their number
//! and labels are known when the program is checked. Owns no reduction: their own definitions run over another `Build` (see `build`, `window`).

mod apart;
mod build;
mod times;
mod weights;
mod window;

use super::axes::dims_given;
use super::build::{A, Build, SliceArg, Value};
use super::parts::{ALL, built, elementwise, examples, optional, required};
use super::{Args, Builtin, Default, Define, Family, Param, ParamKind, apply, quantile};
use crate::array::{Array, Coord, DType, Dim, Scalar, Size};
use crate::base::{Code, Diagnostic, Name, Outcome};
use crate::ops::ScalarOp as Op;
use crate::types::coord::equal_coords;
use crate::types::dims::{DimRef, dim_text, find_dim};
use crate::types::group::{self, Groups, Parting, labelled};
use build::GroupBuild;
use std::sync::Arc;

const X: Param = required("x", ParamKind::Array);
const BY_DIM: Param = optional("sizes", ParamKind::Anything, Default::Absent);

pub const TABLE: &[Builtin] = &[
    built(
        "groupby",
        Family::Labels,
        &[X, required("by", ParamKind::Array), optional("bins", ParamKind::Array, Default::Absent)],
        groupby,
        "`x` in groups of equal values of `by`, an array along one of its dimensions: `x.groupby(.time.month).mean()`.\n\
         `by` is a coordinate, or computed from coordinates: the groups are known when the program is checked. With `bins`, rising edges, the\n\
         groups are the intervals between them, each with its upper edge: `x.groupby(.lat, bins = [-90, 0, 90])`. What is in no interval, and\n\
         missing values of `by`, are in no group.\n\
         A reduction of the result is over the grouped dimension, and over others that it names, and gives a dimension with a point a group,\n\
         called as `by` is. Arithmetic with an array over the groups works element by element, each with its group's: `x.groupby(.time.month) - clim`.\n\
         One pass over `x`; the groups' results are in memory. Sums are in the order of the positions. For medians and quantiles every group is\n\
         taken out by itself.",
        examples![
            "x = [1.0, 2.0, 3.0, 4.0].named(time)\nby = [1, 2, 1, 2].named(time)\nprint(x.groupby(by).mean())\nprint(x.groupby(by) - x.groupby(by).mean())"
                => "[2.0, 3.0]\n[-1.0, -1.0, 1.0, 1.0]"
        ],
    ),
    built(
        "resample",
        Family::Labels,
        &[X, optional("every", ParamKind::Anything, Default::Absent)],
        times::resample,
        "`x` in periods of a dimension of datetimes: `x.resample(time = \"1MS\").mean()`, `x.resample(time = 7d).max()`.\n\
         A period is a duration, or a text as pandas writes it: a number and `s`, `min`, `h`, `D`, `MS` (months), `QS` (quarters), `YS` (years);\n\
         `QS-DEC` begins in December. Periods are labelled by their beginning and hold what is from there to before the next. Durations\n\
         count from the midnight before the first point. Periods without points are there: their mean is NaN. The dimension keeps its name.",
        examples![
            "t = (datetime(\"2000-01-30\") + arange(4) * 1d).named(time)\nx = arange(4.0).named(time).assign_coords(time = t)\nprint(x.resample(time = \"1MS\").sum())"
                => "[1.0, 5.0]"
        ],
    ),
    built(
        "coarsen",
        Family::Labels,
        &[X, BY_DIM, optional("boundary", ParamKind::Flag, Default::Absent)],
        coarsen,
        "`x` in blocks of so many points along dimensions: `x.coarsen(lat = 2, lon = 2).mean()`.\n\
         The size must divide the dimension's, unless `boundary = \"trim\"` leaves out what is over at the end. A coordinate becomes the mean of\n\
         each block's. Spreads (`std`, `var`) are along one dimension at a time.",
        examples!["print(arange(6.0).named(x).coarsen(x = 2).mean())" => "[0.5, 2.5, 4.5]"],
    ),
    built(
        "rolling",
        Family::Labels,
        &[X, BY_DIM, optional("center", ParamKind::Flag, Default::Bool(false)), optional("min_periods", ParamKind::Flag, Default::Absent)],
        window::rolling,
        "`x` in a window that moves along a dimension: `x.rolling(time = 5).mean()`.\n\
         The result has a point for each of `x`, of the window that ends there (with `center = true` the one round it). It is NaN where the window\n\
         has a missing element or reaches over the ends, unless `min_periods` elements are enough: then missing ones are left out.\n\
         Integers become `f64`. O(n log w) for a window of w, of which most stays in cache.",
        examples!["print(arange(5.0).named(x).rolling(x = 3).mean())" => "[nan, nan, 1.0, 2.0, 3.0]"],
    ),
    built(
        "weighted",
        Family::Labels,
        &[X, required("weights", ParamKind::Array)],
        weights::weighted,
        "`x` with weights that meet it by name: `x.weighted(cos(radians(x.lat))).mean(over = (lat, lon))`.\n\
         `mean`, `sum`, `var`, `std` count each element as often as its weight says; `nanmean` and its family leave out missing elements\n\
         with their weights.",
        examples!["print([1.0, 4.0].weighted([2.0, 1.0]).mean())" => "2.0"],
    ),
    built(
        "first",
        Family::Reduction,
        &[X, optional("over", ParamKind::Dims, Default::Absent)],
        |b, args| end(b, args, false),
        "The first element along a dimension, or of each group: `x.groupby(.time.year).first()`.\n\
         The dimension must be named unless it is the only one, or grouped. Of nothing an error (K0501).",
        examples!["print(first([3, 1, 2]))" => "3"],
    ),
    built(
        "last",
        Family::Reduction,
        &[X, optional("over", ParamKind::Dims, Default::Absent)],
        |b, args| end(b, args, true),
        "The last element along a dimension, or of each group; see `first`.",
        examples!["print(last([3, 1, 2]))" => "2"],
    ),
];

/// A call with a grouped value among its arguments; `None` if there is none.
pub fn call(builtin: &Builtin, b: &mut dyn Build, args: &Args) -> Option<Outcome<Value>> {
    let grouped =
        |value: &Option<Value>| if let Some(Value::Grouped(arrays, by)) = value { Some((arrays.clone(), by.clone())) } else { None };
    let (at, (arrays, by)) = args.values.iter().enumerate().find_map(|(at, value)| Some((at, grouped(value)?)))?;
    b.at(args.span);
    let reduction = at == 0 && builtin.family == Family::Reduction;
    Some(match (&*by, &builtin.define) {
        (Parting::Groups(groups), _) if reduction => reduce(builtin, b, args, arrays[0], groups),
        (Parting::Windows(windows), _) if reduction => window::reduce(builtin, b, args, arrays[0], windows),
        (Parting::Groups(groups), _) if at == 0 && quantile::TABLE.iter().any(|known| known.name == builtin.name) => {
            apart::reduce(builtin, b, args, arrays[0], groups)
        }
        (Parting::Weights, _) if reduction => weights::reduce(builtin, b, args, &arrays),
        (Parting::Groups(groups), Define::Elementwise(op)) if args.values.len() == 2 => (|| {
            let Some(Some(Value::Array(other))) = args.values.get(1 - at) else { return Err(unfit(builtin)) };
            let other = spread_out(b, arrays[0], groups, *other)?;
            let operands = if at == 0 { [arrays[0], other] } else { [other, arrays[0]] };
            elementwise(b, *op, &operands).map(Value::Array)
        })(),
        _ => Err(unfit(builtin)),
    })
}

fn unfit(builtin: &Builtin) -> Box<Diagnostic> {
    let error = Diagnostic::new(Code::Type, format!("`{}` does not take a grouped array like this", builtin.name));
    error.help("reduce it (`x.groupby(…).mean()`), or combine it with an array over the groups")
}

/// Arguments for a reduction of the array itself.
fn plain(args: &Args, x: A, over: Vec<usize>) -> Args {
    let dims = over.into_iter().map(|axis| DimRef::Position(axis as i64, args.span)).collect();
    let mut values = args.values.clone();
    values.resize(values.len().max(2), None);
    values[0] = Some(Value::Array(x));
    values[1] = Some(Value::Dims(dims));
    Args { values, rest: Vec::new(), spans: args.spans.clone(), span: args.span }
}

/// The axes to reduce over: some that must be, and those that the call names.
fn over(b: &dyn Build, args: &Args, x: A, needed: impl Iterator<Item = usize>) -> Outcome<Vec<usize>> {
    let mut axes: Vec<usize> = needed.collect();
    for axis in dims_given(b, args, 1, x)?.unwrap_or_default() {
        if !axes.contains(&axis) {
            axes.push(axis);
        }
    }
    axes.sort_unstable();
    if matches!(args.values.get(2), Some(Some(Value::Flag(keep))) if keep.as_bool() == Some(true)) {
        return Err(Diagnostic::at(Code::Type, args.span_of(2), "`keepdims` does not go with groups: their dimension is there anyway"));
    }
    Ok(axes)
}

fn reduce(builtin: &Builtin, b: &mut dyn Build, args: &Args, x: A, groups: &[Groups]) -> Outcome<Value> {
    if let Some(end) = ["first", "last"].iter().position(|name| *name == builtin.name) {
        return ends(b, x, groups, end == 1).map(Value::Array);
    }
    let axes = over(b, args, x, groups.iter().map(|groups| groups.axis))?;
    // Of what is always there the count of all is wanted.
    let x = if builtin.name == "count" && b.ty(x).dtype.is_int() { elementwise(b, Op::Eq, &[x, x])? } else { x };
    let args = plain(args, x, axes.clone());
    let ty = b.ty(x);
    apply(builtin, &mut GroupBuild { inner: b, groups, ty, axes }, args)
}

/// The first or last element of each group.
fn ends(b: &mut dyn Build, x: A, groups: &[Groups], last: bool) -> Outcome<A> {
    let mut value = x;
    for groups in groups {
        let mut positions = vec![None; groups.count() as usize];
        for (at, group) in groups.table().into_iter().enumerate() {
            if let Some(place) =
                usize::try_from(group).ok().and_then(|group| positions.get_mut(group)).filter(|place| last || place.is_none())
            {
                *place = Some(at as u64);
            }
        }
        let Some(positions) = positions.into_iter().collect::<Option<Vec<u64>>>() else {
            return Err(Diagnostic::new(Code::Value, format!("a group of {} has no elements", groups.dim)));
        };
        value = take(b, value, groups.axis, &positions, groups.dim.clone())?;
    }
    Ok(value)
}

/// `first` and `last` of a plain array.
fn end(b: &mut dyn Build, args: &Args, last: bool) -> Outcome<Value> {
    let x = args.array(0)?;
    let axis = super::axes::axis(b, args, 1, x)?;
    let one = b.constant(Scalar::i64(1));
    let at = if last { b.size(x, axis) } else { one };
    let at = elementwise(b, Op::Sub, &[at, one])?;
    let mut index = vec![ALL; axis];
    index.push(SliceArg::At(at, args.span));
    b.slice(x, &index).map(Value::Array)
}

/// The elements at positions along an axis, which becomes `dim`.
pub(super) fn take(b: &mut dyn Build, x: A, axis: usize, positions: &[u64], dim: Dim) -> Outcome<A> {
    let mut index = vec![ALL; axis];
    let scalars: Vec<Scalar> = positions.iter().map(|at| Scalar::i64(*at as i64)).collect();
    index.push(SliceArg::Take(b.array(&Array::from_scalars(DType::I64, &scalars))?, crate::base::Span::default()));
    let part = b.slice(x, &index)?;
    let mut dims = b.ty(part).dims;
    dims[axis] = dim;
    b.rename(part, dims)
}

/// An array over the groups, for each position its group's element. K0403 where it is not over them, K0405 where a group is not there.
fn spread_out(b: &mut dyn Build, x: A, groups: &[Groups], other: A) -> Outcome<A> {
    let [groups] = groups else {
        return Err(Diagnostic::new(Code::Unsupported, "arithmetic with blocks of several dimensions is not built yet"));
    };
    let (ty, own) = (b.ty(other), b.ty(x));
    if ty.rank() == 0 {
        return Ok(other);
    }
    let name = groups.dim.name.clone().unwrap_or_else(|| "group".into());
    let axis = find_dim(&ty, &DimRef::Name(name.clone(), crate::base::Span::default())).map_err(|error| {
        let message = format!("{ty} has no dimension {name} to meet the groups by");
        Diagnostic::new(Code::UnknownDim, message).help(error.help.unwrap_or_default())
    })?;
    let (theirs, mine) = (&ty.dims[axis], &own.dims[groups.axis]);
    if theirs.size != groups.dim.size && theirs.size == mine.size && theirs.coord == mine.coord {
        let message = format!("{ty} is over {name} itself, not over the groups of {name}");
        return Err(Diagnostic::new(Code::Coordinates, message).help("combine it with the array before it is grouped"));
    }
    let place = places(groups, theirs)?;
    let mut positions = Vec::with_capacity(place.len());
    for (at, group) in groups.table().into_iter().enumerate() {
        let position = usize::try_from(group).ok().and_then(|group| place.get(group).copied().flatten());
        let Some(position) = position else {
            let message = format!("position {at} of {} is in no group that {ty} has", dim_text(&own, groups.axis));
            return Err(Diagnostic::new(Code::Coordinates, message).help("select the part whose groups both have"));
        };
        positions.push(position);
    }
    take(b, other, axis, &positions, own.dims[groups.axis].clone())
}

/// Where each group stands along a dimension: by its label, or in order where there are no labels.
fn places(groups: &Groups, dim: &Dim) -> Outcome<Vec<Option<u64>>> {
    match (&groups.dim.coord, &dim.coord) {
        (Some(mine), Some(theirs)) if !equal_coords(mine, theirs) => {
            let theirs = theirs.values.scalars();
            let find = |label: Scalar| theirs.iter().position(|known| same(label, *known)).map(|at| at as u64);
            Ok(mine.values.scalars().into_iter().map(find).collect())
        }
        _ if dim.size == groups.dim.size => Ok((0..groups.count()).map(Some).collect()),
        _ => {
            let message = format!("there are {} groups, and {dim} has no coordinate to find them by", groups.count());
            Err(Diagnostic::new(Code::Shape, message))
        }
    }
}

/// Whether labels are equal; dtypes of numbers may differ.
fn same(a: Scalar, b: Scalar) -> bool {
    if a.dtype.is_time() || b.dtype.is_time() { a == b } else { a.as_f64() == b.as_f64() }
}

/// The elements of an argument that is known when the program is checked. K0301 otherwise.
pub(super) fn known(b: &mut dyn Build, a: A, what: &str) -> Outcome<Array> {
    b.values(a)?.ok_or_else(|| {
        let message = format!("{what} must be known when the program is checked, and {} is not", b.ty(a));
        Diagnostic::new(Code::Type, message).help("it may be a coordinate, `x.time`, or computed from coordinates, indices and numbers")
    })
}

fn groupby(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let (x, by) = (args.array(0)?, args.array(1)?);
    let (ty, by_ty) = (b.ty(x), b.ty(by));
    let [along] = by_ty.dims.as_slice() else {
        return Err(Diagnostic::at(Code::Rank, args.span_of(1), format!("groups are along one dimension, found {by_ty}")));
    };
    let axis = match &along.name {
        Some(name) => find_dim(&ty, &DimRef::Name(name.clone(), args.span_of(1)))?,
        None if ty.rank() == 1 => 0,
        None => {
            let message = format!("which dimension of {ty} does {by_ty} group?");
            return Err(Diagnostic::at(Code::NamedUnnamed, args.span_of(1), message).help("name it: `by.named(time)`"));
        }
    };
    let labels = known(b, by, "what to group by").map_err(|error| error.or_at(args.span_of(1)))?;
    if ty.dims[axis].size != Size::Known(labels.count()) {
        let message = format!("{} is {} in {ty} and {} in {by_ty}", dim_text(&ty, axis), ty.dims[axis].size, labels.count());
        return Err(Diagnostic::at(Code::Shape, args.span_of(1), message));
    }
    let named = b.name(by).or_else(|| along.name.clone()).unwrap_or_else(|| "group".into());
    let (of, values, name) = match args.optional_array(2) {
        None => {
            let (of, values) = group::by_value(&labels);
            let values = if values.dtype() == DType::Bool { cast_labels(&values) } else { values };
            (of, values, named)
        }
        Some(bins) => {
            let edges = known(b, bins, "the edges of bins").map_err(|error| error.or_at(args.span_of(2)))?;
            let edges: Vec<f64> = edges.scalars().into_iter().map(Scalar::as_f64).collect();
            if edges.len() < 2 || !edges.is_sorted_by(|a, b| a < b) {
                let message = "the edges of bins are two or more rising numbers";
                return Err(Diagnostic::at(Code::Value, args.span_of(2), message));
            }
            let (of, values) = group::by_bins(&labels, &edges);
            (of, values, Name::new(format!("{named}_bins")))
        }
    };
    if ty.dims.iter().enumerate().any(|(other, dim)| other != axis && dim.name.as_ref() == Some(&name)) {
        let message = format!("{ty} has a dimension {name} besides the groups' own");
        return Err(Diagnostic::at(Code::UnknownDim, args.span_of(1), message).help("bind what to group by to another name"));
    }
    let groups = Groups::new(axis, of, labelled(Some(name), values));
    Ok(Value::Grouped(vec![x], Arc::new(Parting::Groups(vec![groups]))))
}

fn cast_labels(values: &Array) -> Array {
    let scalars: Vec<Scalar> = values.scalars().into_iter().map(|value| value.cast(DType::I64)).collect();
    Array::from_scalars(DType::I64, &scalars)
}

/// The dimensions that a call names with a number each: `lat = 2, lon = 2`.
fn sizes(b: &dyn Build, args: &Args, x: A) -> Outcome<Vec<(usize, u64)>> {
    let ty = b.ty(x);
    let mut sizes: Vec<(usize, u64)> = Vec::new();
    for (name, value) in &args.rest {
        let Some(name) = name else {
            return Err(Diagnostic::new(Code::Arguments, "along which dimension?").help("name it: `time = 5`"));
        };
        let axis = find_dim(&ty, &DimRef::Name(name.clone(), args.span))?;
        let size = match value {
            Value::Array(a) => b.known(*a).and_then(Scalar::as_int),
            _ => None,
        };
        let size = size.and_then(|size| u64::try_from(size).ok()).filter(|size| *size > 0).ok_or_else(|| {
            Diagnostic::new(Code::Type, format!("{name} takes how many points: a positive integer known when the program is checked"))
        })?;
        if sizes.iter().any(|(known, _)| *known == axis) {
            return Err(Diagnostic::new(Code::UnknownParameter, format!("{name} stands twice")));
        }
        sizes.push((axis, size));
    }
    if sizes.is_empty() {
        return Err(Diagnostic::new(Code::Arguments, "along which dimension?").help("name it with a number of points: `time = 5`"));
    }
    sizes.sort_unstable();
    Ok(sizes)
}

/// The size of a dimension of a grouped array, which must be known.
fn known_size(b: &dyn Build, x: A, axis: usize) -> Outcome<u64> {
    let ty = b.ty(x);
    ty.dims[axis]
        .size
        .known()
        .ok_or_else(|| Diagnostic::new(Code::Shape, format!("the size of {} is not known before the program runs", dim_text(&ty, axis))))
}

fn coarsen(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let x = args.array(0)?;
    let ty = b.ty(x);
    let trim = match args.text(2) {
        None | Some("exact") => false,
        Some("trim") => true,
        Some(other) => {
            let error = Diagnostic::at(Code::Value, args.span_of(2), format!("no boundary \"{other}\""));
            return Err(error.help("it is \"exact\" or \"trim\""));
        }
    };
    let mut all = Vec::new();
    for (axis, size) in sizes(b, args, x)? {
        let (points, dim) = (known_size(b, x, axis)?, &ty.dims[axis]);
        let count = points / size;
        if points % size != 0 && !trim {
            let message = format!("{} of {points} points is no whole number of blocks of {size}", dim_text(&ty, axis));
            return Err(Diagnostic::new(Code::Shape, message).help("`boundary = \"trim\"` leaves out what is over"));
        }
        let of = (0..points).map(|at| if at / size < count { (at / size) as i64 } else { -1 }).collect();
        let mut blocks = Dim { name: dim.name.clone(), size: Size::Known(count), coord: None };
        if let Some(coord) = &dim.coord {
            let values = coord.values.scalars();
            let means: Vec<Scalar> = values.chunks_exact(size as usize).map(middle).collect();
            let dtype = means.first().map_or(coord.values.dtype(), |mean| mean.dtype);
            blocks.coord = Some(Arc::new(Coord { values: Array::from_scalars(dtype, &means), units: coord.units.clone() }));
        }
        all.push(Groups::new(axis, of, blocks));
    }
    Ok(Value::Grouped(vec![x], Arc::new(Parting::Groups(all))))
}

/// The mean of some labels: times stay times, floats keep their dtype, integers become `f64`.
fn middle(labels: &[Scalar]) -> Scalar {
    let first = labels[0];
    let count = labels.len() as i128;
    match first.as_int().filter(|_| first.dtype.is_time()) {
        Some(start) => {
            let total: i128 = labels.iter().filter_map(|label| label.as_int()).map(|label| label - start).sum();
            Scalar::int(first.dtype, start + total.div_euclid(count))
        }
        None => {
            let total: f64 = labels.iter().map(|label| label.as_f64()).sum();
            Scalar::float(if first.dtype.is_float() { first.dtype } else { DType::F64 }, total / count as f64, 0.0)
        }
    }
}
