//! Selection by position and by coordinate, with names: what `x[…]` does by position. Owns no lookup (see `types::label`).

use super::axes::axis;
use super::build::{A, Build, SliceArg, Value};
use super::parts::{ALL, built, examples, optional, required};
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::{Array, Coord, DType, Dim, Scalar, Size};
use crate::base::{Code, Diagnostic, Name, Outcome, Span};
use crate::types::coord::{common_positions, equal_coords, take_coord};
use crate::types::dims::{DimRef, find_dim};
use crate::types::label::{Label, Selection, find_label, find_range};
use std::sync::Arc;

const X: Param = required("x", ParamKind::Array);
const LABELS: Param = optional("labels", ParamKind::Anything, Default::Absent);

pub const TABLE: &[Builtin] = &[
    built(
        "isel",
        Family::Labels,
        &[X, LABELS],
        |b, args| isel(b, args).map(Value::Array),
        "The part of `x` at positions along named dimensions: `x.isel(time = 0, lat = 10..20)`.\n\
         An index removes its dimension, a range keeps it. Negative numbers count from the end. An index outside is an error (K0501).",
        examples!["x = arange(6).reshape(2, 3).named(row, col)\nprint(x.isel(col = 1), x.isel(row = -1, col = 0..2))" => "[1, 4] [3, 4]"],
    ),
    built(
        "sel",
        Family::Labels,
        &[X, LABELS, optional("nearest", ParamKind::Flag, Default::Bool(false))],
        |b, args| sel(b, args).map(Value::Array),
        "The part of `x` at labels of its coordinates: `x.sel(lat = -2.5, lon = 210, nearest = true)`, `x.sel(time = \"1981\"..\"2010\")`.\n\
         A label removes its dimension and must be there (K0507), unless the nearest is asked for. A range includes both ends, in the order in\n\
         which the points are stored. A date covers all of it: \"1981\" is the year, \"1981-07\" the month. A list takes\n\
         each of its labels: `x.sel(lat = [-10, 10], nearest = true)`. Labels are known when the program is checked.",
        examples![],
    ),
    built(
        "coord",
        Family::Labels,
        &[X, optional("along", ParamKind::Dims, Default::Absent)],
        |b, args| coord(b, args).map(Value::Array),
        "The coordinate of a dimension, an array along it: `cos(radians(x.coord(lat)))` meets `x` by name.\n\
         The dimension must be named unless it is the only one. K0405 where it has none.",
        examples![],
    ),
    built(
        "align",
        Family::Labels,
        &[X, required("y", ParamKind::Array)],
        align,
        "The parts of `x` and `y` at the coordinates that both have, in the order of `x`: `a, b = align(a, b)`.\n\
         Only dimensions of one name whose coordinates differ change.",
        examples!["a, b = align([1, 2], [3, 4])\nprint(a, b)" => "[1, 2] [3, 4]"],
    ),
];

fn coord(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    let axis = axis(b, args, 1, x)?;
    coordinate_of(b, x, axis)
}

/// The coordinate of an axis, an array along it. K0405 where it has none.
pub(super) fn coordinate_of(b: &mut dyn Build, x: A, axis: usize) -> Outcome<A> {
    let dim = b.ty(x).dims[axis].clone();
    let Some(coord) = &dim.coord else {
        let name = dim.name.as_deref().unwrap_or("the dimension");
        let error = Diagnostic::new(Code::Coordinates, format!("{name} has no coordinate"));
        return Err(error.help(format!("give it one: `x.assign_coords({name} = …)`")));
    };
    let values = b.array(&coord.values)?;
    b.rename(values, vec![dim])
}

fn align(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let (mut x, mut y) = (args.array(0)?, args.array(1)?);
    for (here, dim) in b.ty(x).dims.into_iter().enumerate() {
        let Some(there) = dim.name.as_ref().and_then(|name| b.ty(y).find(name)) else { continue };
        let other = b.ty(y).dims[there].clone();
        let (Some(mine), Some(theirs)) = (&dim.coord, &other.coord) else { continue };
        if equal_coords(mine, theirs) {
            continue;
        }
        let (from_x, from_y) = common_positions(mine, theirs);
        let shared = take_coord(mine, &from_x);
        x = take(b, x, here, &from_x, &shared, args.span)?;
        y = take(b, y, there, &from_y, &shared, args.span)?;
    }
    Ok(Value::Tuple(vec![Value::Array(x), Value::Array(y)]))
}

/// Positions along an axis, whose coordinate becomes `coord`. Those in one piece are a range.
fn take(b: &mut dyn Build, x: A, axis: usize, positions: &[u64], coord: &Arc<Coord>, span: Span) -> Outcome<A> {
    let mut index = vec![ALL; axis];
    let first = positions.first().copied().unwrap_or(0);
    let scalars: Vec<Scalar> = positions.iter().map(|at| Scalar::i64(*at as i64)).collect();
    index.push(if positions.iter().copied().eq(first..first + positions.len() as u64) {
        let mut bound = |at: u64| Some(b.constant(Scalar::i64(at as i64)));
        SliceArg::Range { lo: bound(first), hi: bound(first + positions.len() as u64), step: 1 }
    } else {
        SliceArg::Take(b.array(&Array::from_scalars(DType::I64, &scalars))?, span)
    });
    let part = b.slice(x, &index)?;
    let mut dims = b.ty(part).dims;
    dims[axis].coord = Some(coord.clone());
    b.rename(part, dims)
}

/// Runs over the named arguments: what each does to its dimension.
fn select(b: &mut dyn Build, args: &Args, entry: impl Fn(&mut dyn Build, &Dim, &Value) -> Outcome<SliceArg>) -> Outcome<A> {
    let x = args.array(0)?;
    let ty = b.ty(x);
    let mut index = vec![ALL; ty.rank()];
    let mut seen: Vec<&Name> = Vec::new();
    for (name, value) in &args.rest {
        let Some(name) = name else {
            return Err(Diagnostic::new(Code::Arguments, "which dimension?").help("name it: `x.sel(lat = 51.5)`"));
        };
        if seen.contains(&name) {
            return Err(Diagnostic::new(Code::UnknownParameter, format!("{name} stands twice")));
        }
        seen.push(name);
        let axis = find_dim(&ty, &DimRef::Name(name.clone(), args.span))?;
        index[axis] = entry(b, &ty.dims[axis], value).map_err(|error| error.or_at(args.span))?;
    }
    let part = b.slice(x, &index)?;
    // Positions that are known take their labels with them.
    let mut dims = b.ty(part).dims;
    let mut kept = 0;
    for (axis, entry) in index.iter().enumerate() {
        if let (SliceArg::Take(positions, _), Some(coord)) = (entry, &ty.dims[axis].coord)
            && let Some(positions) = b.values(*positions)?
        {
            let positions: Vec<u64> = positions.scalars().into_iter().filter_map(|at| u64::try_from(at.as_int()?).ok()).collect();
            dims[kept].coord = Some(take_coord(coord, &positions)).filter(|coord| dims[kept].size == Size::Known(coord.values.count()));
        }
        kept += usize::from(!matches!(entry, SliceArg::At(..)));
    }
    b.rename(part, dims)
}

fn isel(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let span = args.span;
    select(b, args, |b, dim, value| match value {
        Value::Array(at) if b.ty(*at).rank() == 1 => Ok(SliceArg::Take(*at, span)),
        Value::Array(at) => Ok(SliceArg::At(from_end(b, dim, *at), span)),
        Value::Range { lo, hi, step } => {
            let mut bound = |end: &Option<Box<Value>>| match end.as_deref() {
                None => Ok(None),
                Some(Value::Array(at)) => Ok(Some(from_end(b, dim, *at))),
                Some(_) => Err(Diagnostic::new(Code::Type, "positions are integers")),
            };
            Ok(SliceArg::Range { lo: bound(lo)?, hi: bound(hi)?, step: *step })
        }
        _ => Err(Diagnostic::new(Code::Type, "positions are integers, ranges of them or lists of them").help("labels are for `sel`")),
    })
}

/// A known negative position counts from the end of a dimension of known size.
fn from_end(b: &mut dyn Build, dim: &Dim, at: A) -> A {
    match (b.known(at).and_then(Scalar::as_int), dim.size.known()) {
        (Some(known), Some(size)) if known < 0 => b.constant(Scalar::i64((known + i128::from(size)) as i64)),
        _ => at,
    }
}

fn sel(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (nearest, span) = (args.bool(2)?, args.span);
    select(b, args, |b, dim, value| {
        let selection = match value {
            Value::Range { lo, hi, step: 1 } => find_range(dim, end_label(b, lo)?, end_label(b, hi)?)?,
            Value::Range { .. } => return Err(Diagnostic::new(Code::Type, "a range of labels has no step")),
            Value::Array(labels) if b.ty(*labels).rank() == 1 => return listed(b, dim, *labels, nearest, span),
            value => find_label(dim, label(b, value)?, nearest)?,
        };
        let mut position = |at: u64| b.constant(Scalar::i64(at as i64));
        Ok(match selection {
            Selection::At(at) => SliceArg::At(position(at), span),
            Selection::Range(first, after) => SliceArg::Range { lo: Some(position(first)), hi: Some(position(after)), step: 1 },
        })
    })
}

/// The positions of several labels.
fn listed(b: &mut dyn Build, dim: &Dim, labels: A, nearest: bool, span: Span) -> Outcome<SliceArg> {
    let labels = super::grouped::known(b, labels, "a list of labels")?;
    let position = |label: Scalar| match find_label(dim, Label::Value(label), nearest)? {
        Selection::At(at) => Ok(Scalar::i64(at as i64)),
        Selection::Range(..) => Err(Diagnostic::new(Code::Coordinates, "a label of the list stands for several points")),
    };
    let positions = labels.scalars().into_iter().map(position).collect::<Outcome<Vec<Scalar>>>()?;
    Ok(SliceArg::Take(b.array(&Array::from_scalars(DType::I64, &positions))?, span))
}

/// A label that is known when the program is checked.
fn label<'a>(b: &dyn Build, value: &'a Value) -> Outcome<Label<'a>> {
    let known = match value {
        Value::Text(text) => return Ok(Label::Text(text)),
        Value::Flag(scalar) => Some(*scalar),
        Value::Array(a) => b.known(*a),
        _ => None,
    };
    known.map(Label::Value).ok_or_else(|| {
        let error = Diagnostic::new(Code::Type, "a label is a number, text or range of them that is known when the program is checked");
        error.help("select by position what is computed: `x.isel(lat = i)`")
    })
}

fn end_label<'a>(b: &dyn Build, end: &'a Option<Box<Value>>) -> Outcome<Option<Label<'a>>> {
    end.as_deref().map(|value| label(b, value)).transpose()
}

#[cfg(test)]
mod tests {
    use super::super::typed::TypeBuild;
    use super::super::{apply, find};
    use super::*;
    use crate::array::ArrayTy;

    fn lat(values: &[f64]) -> Dim {
        let scalars: Vec<_> = values.iter().map(|value| Scalar::f64(*value)).collect();
        let coord = Arc::new(Coord { values: Array::from_scalars(DType::F64, &scalars), units: None });
        Dim { name: Some("lat".into()), size: Size::Known(values.len() as u64), coord: Some(coord) }
    }

    fn run(function: &str, labels: &[(&str, Value)], nearest: bool) -> Result<String, (Code, String)> {
        let mut b = TypeBuild::default();
        let dims = vec![Dim::named("time", 3), lat(&[10.0, 5.0, 0.0, -5.0])];
        let x = b.input(ArrayTy { dtype: DType::F32, dims }, None, "x", Span::default());
        let builtin = find(function).unwrap();
        let mut values = vec![None; builtin.params.len()];
        values[0] = Some(Value::Array(x));
        if nearest {
            values[2] = Some(Value::Flag(Scalar::bool(true)));
        }
        let rest = labels.iter().map(|(name, value)| (Some(Name::new(name)), value.clone())).collect();
        let args = Args { values, rest, spans: Vec::new(), span: Span::default() };
        match apply(builtin, &mut b, args) {
            Ok(Value::Array(a)) => Ok(b.ty(a).to_string()),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err((error.code, error.message)),
        }
    }
    fn number(value: f64) -> Value {
        Value::Flag(Scalar::f64(value))
    }
    fn range(lo: Option<Value>, hi: Option<Value>) -> Value {
        Value::Range { lo: lo.map(Box::new), hi: hi.map(Box::new), step: 1 }
    }

    #[test]
    fn selects() {
        assert_eq!(run("sel", &[("lat", number(5.0))], false).unwrap(), "f32[time: 3]");
        assert_eq!(run("sel", &[("lat", number(4.0))], true).unwrap(), "f32[time: 3]");
        assert_eq!(run("sel", &[("lat", range(Some(number(-6.0)), Some(number(6.0))))], false).unwrap(), "f32[time: 3, lat: 3]");
        assert_eq!(run("isel", &[("time", range(None, None))], false).unwrap(), "f32[time: 3, lat: 4]");
        assert_eq!(run("sel", &[("lat", number(4.0))], false).unwrap_err().1, "lat has no point at 4.0");
        assert_eq!(run("sel", &[("lon", number(4.0))], false).unwrap_err().0, Code::UnknownDim);
        assert_eq!(run("sel", &[("time", number(4.0))], false).unwrap_err().1, "time has no coordinate to select by");
    }
    #[test]
    fn aligns() {
        let mut b = TypeBuild::default();
        let mut input = |values: &[f64]| b.input(ArrayTy { dtype: DType::F64, dims: vec![lat(values)] }, None, "", Span::default());
        let (x, y, z) = (input(&[0.0, 5.0, 10.0]), input(&[5.0, 10.0, 15.0]), input(&[10.0, 0.0]));
        for (other, want) in [(y, "f64[lat: 2]"), (z, "f64[lat: 2]")] {
            let values = vec![Some(Value::Array(x)), Some(Value::Array(other))];
            let args = Args { values, rest: Vec::new(), spans: Vec::new(), span: Span::default() };
            let Ok(Value::Tuple(parts)) = apply(find("align").unwrap(), &mut b, args) else { panic!("no tuple") };
            let [Value::Array(left), Value::Array(right)] = parts[..] else { panic!("no arrays") };
            assert_eq!(b.ty(left), b.ty(right));
            assert_eq!(b.ty(left).to_string(), want);
        }
    }
}
