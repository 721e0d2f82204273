//! Broadcasting: how the dimensions of several arrays meet. Owns no dtypes.
//!
//! - A scalar meets anything.
//! - Arrays whose dimensions all have names meet by name: the result has the first operand's dimensions, then new ones in order of appearance.
//! - Arrays without names meet by position from the right, as in NumPy.
//! - Arrays with some names meet only where rank and names agree position by position; any other mixture is K0404.
//! - Sizes are equal, or 1, which repeats. A named dimension of size 1 repeats only where it has no coordinate: one labelled point is not all.
//! - Coordinates of a shared dimension are equal (K0405).
//! - An unknown size goes with any; sizes are compared again when they are known.

use super::Placed;
use super::coord::{equal_coords, first_difference};
use crate::array::{Coord, Dim, Size};
use crate::base::{Code, Diagnostic, Name, Outcome};
use std::sync::Arc;

/// How operands meet.
#[derive(Clone, Debug, PartialEq)]
pub struct Alignment {
    /// Of the result.
    pub dims: Vec<Dim>,
    /// For each operand, the result's axis of each of its axes.
    pub maps: Vec<Vec<usize>>,
}

/// Aligns the operands' dimensions, or says which two do not meet and where they come from.
pub fn broadcast(operands: &[Placed]) -> Outcome<Alignment> {
    let arrays: Vec<&Placed> = operands.iter().filter(|operand| operand.ty.rank() > 0).collect();
    let some = |unnamed: bool| arrays.iter().any(|operand| operand.ty.dims.iter().any(|dim| dim.name.is_none() == unnamed));
    let maps: Vec<Vec<usize>> = match (some(false), some(true)) {
        (true, true) => {
            if let Some(other) = arrays.iter().find(|operand| !same_names(&operand.ty.dims, &arrays[0].ty.dims)) {
                return Err(mixed(arrays[0], other));
            }
            operands.iter().map(|operand| (0..operand.ty.rank()).collect()).collect()
        }
        (true, false) => by_name(operands),
        _ => by_position(operands),
    };
    let rank = maps.iter().flatten().max().map_or(0, |axis| axis + 1);
    let dims = (0..rank).map(|axis| meet(operands, &maps, axis)).collect::<Outcome<_>>()?;
    Ok(Alignment { dims, maps })
}

fn same_names(a: &[Dim], b: &[Dim]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.name == b.name)
}

fn by_position(operands: &[Placed]) -> Vec<Vec<usize>> {
    let rank = operands.iter().map(|operand| operand.ty.rank()).max().unwrap_or(0);
    operands.iter().map(|operand| (rank - operand.ty.rank()..rank).collect()).collect()
}

fn by_name(operands: &[Placed]) -> Vec<Vec<usize>> {
    let mut names: Vec<&Option<Name>> = Vec::new();
    let mut place = |name| {
        names.iter().position(|known| *known == name).unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        })
    };
    operands.iter().map(|operand| operand.ty.dims.iter().map(|dim| place(&dim.name)).collect()).collect()
}

/// The result's dimension on one axis, from all operands that have it.
fn meet(operands: &[Placed], maps: &[Vec<usize>], axis: usize) -> Outcome<Dim> {
    // The operand whose size the result has so far, and the one whose coordinate it has.
    let mut sized: Option<(&Placed, &Dim)> = None;
    let mut labelled: Option<(&Placed, &Arc<Coord>)> = None;
    for (operand, map) in operands.iter().zip(maps) {
        let Some(dim) = map.iter().position(|to| *to == axis).map(|from| &operand.ty.dims[from]) else { continue };
        let repeats = |dim: &Dim| dim.size == Size::Known(1) && (dim.name.is_none() || dim.coord.is_none());
        sized = Some(match sized {
            None => (operand, dim),
            Some((_, before)) if repeats(before) => (operand, dim),
            Some(kept) if repeats(dim) => kept,
            Some((from, before)) => match (before.size.known(), dim.size.known()) {
                (Some(a), Some(b)) if a != b => return Err(sizes_differ((from, before), (operand, dim), axis)),
                (None, Some(_)) => (operand, dim),
                _ => (from, before),
            },
        });
        if let Some(coord) = &dim.coord {
            match labelled {
                Some((from, before)) if !equal_coords(before, coord) => {
                    return Err(coords_differ((from, before), (operand, coord), &dim_name(dim, axis)));
                }
                Some(_) => {}
                None => labelled = Some((operand, coord)),
            }
        }
    }
    let mut dim = sized.map_or(Dim::unnamed(1), |(_, dim)| dim.clone());
    dim.coord = labelled.map(|(_, coord)| coord.clone());
    Ok(dim)
}

fn dim_name(dim: &Dim, axis: usize) -> String {
    dim.name.as_ref().map_or_else(|| format!("dimension {axis}"), Name::to_string)
}

fn sizes_differ(a: (&Placed, &Dim), b: (&Placed, &Dim), axis: usize) -> Box<Diagnostic> {
    let name = dim_name(b.1, axis);
    let message = format!("{name} is {} in {} and {} in {}", a.1.size, a.0.called(), b.1.size, b.0.called());
    let error = Diagnostic::at(Code::Shape, b.0.span, message)
        .says(format!("{name} is {} here", b.1.size))
        .label(a.0.span, format!("{name} is {} here", a.1.size))
        .note(format!("{} is {}, {} is {}", a.0.called(), a.0.ty, b.0.called(), b.0.ty));
    match &b.1.name {
        Some(name) if a.1.size == Size::Known(1) || b.1.size == Size::Known(1) => {
            error.help(format!("one point of {name} does not stand for all of them; take the point itself: `[{name} = 0]`"))
        }
        Some(_) => error.help("dimensions of one name have one size: select the part that both have, or give one another name"),
        None => error.help("sizes are compared from the last dimension; they are equal or one of them is 1"),
    }
}

fn coords_differ(a: (&Placed, &Arc<Coord>), b: (&Placed, &Arc<Coord>), name: &str) -> Box<Diagnostic> {
    let at = first_difference(a.1, b.1).unwrap_or(0);
    let message = format!("the coordinates of {name} differ between {} and {}, first at index {at}", a.0.called(), b.0.called());
    let mut error = Diagnostic::at(Code::Coordinates, b.0.span, message).label(a.0.span, "");
    for (operand, coord) in [a, b] {
        let values = &coord.values;
        error = error.note(format!("{} has {} values of {}", operand.called(), values.count(), values.dtype()));
    }
    error.help(format!("`align(a, b)` keeps the points that both have; `drop_coords(x, {name})` leaves one out"))
}

/// `[lat: 3, lon: 4]`: what an operand's dimensions are. Its dtype is by now the one that it was converted to, which the program does not show.
fn dims(operand: &Placed) -> String {
    let ty = operand.ty.to_string();
    ty.find('[').map_or_else(String::new, |at| ty[at..].to_string())
}

fn mixed(a: &Placed, b: &Placed) -> Box<Diagnostic> {
    let without = |operand: &Placed| operand.ty.dims.iter().filter(|dim| dim.name.is_none()).count();
    let (named, unnamed) = if without(a) <= without(b) { (a, b) } else { (b, a) };
    let names: Vec<&str> = named.ty.dims.iter().map(|dim| dim.name.as_deref().unwrap_or("_")).collect();
    let message = format!("{} has named dimensions ({}), {} has unnamed ones", named.called(), names.join(", "), unnamed.called());
    let rank = unnamed.ty.rank();
    let given = if rank <= names.len() && !names.contains(&"_") { names[names.len() - rank..].join(", ") } else { "row, col".into() };
    Diagnostic::at(Code::NamedUnnamed, unnamed.span, message)
        .says(dims(unnamed))
        .label(named.span, dims(named))
        .help(format!("name the dimensions: `{}.named({given})`", if unnamed.text.is_empty() { "x" } else { &unnamed.text }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::{Array, ArrayTy, DType, Scalar};
    use crate::base::Span;

    /// `time:12 lat 3 1`: a name, a size or both; `lat:3@0` has the coordinate 0, 1, 2.
    fn ty(text: &str) -> ArrayTy {
        let dims = text.split_whitespace().map(|dim| {
            let (dim, first) = dim.split_once('@').map_or((dim, None), |(dim, first)| (dim, first.parse::<f64>().ok()));
            let (name, size) = dim.split_once(':').map_or((None, dim), |(name, size)| (Some(Name::new(name)), size));
            let size = size.strip_prefix('?').map_or_else(|| Size::Known(size.parse().unwrap()), |id| Size::Unknown(id.parse().unwrap()));
            let coord = first.map(|first| {
                let values: Vec<_> = (0..size.known().unwrap()).map(|at| Scalar::f64(first + at as f64)).collect();
                Arc::new(Coord { values: Array::from_scalars(DType::F64, &values), units: None })
            });
            Dim { name, size, coord }
        });
        ArrayTy { dtype: DType::F64, dims: dims.collect() }
    }

    fn run(texts: &[&str]) -> Outcome<Alignment> {
        let types: Vec<_> = texts.iter().map(|text| ty(text)).collect();
        let names = ["a", "b", "c"];
        let operands: Vec<_> = types.iter().zip(names).map(|(ty, name)| Placed { ty, text: name.into(), span: Span::default() }).collect();
        broadcast(&operands)
    }

    #[test]
    fn arrays_meet() {
        /// Operands, the result's dimensions, each operand's axes in it.
        type Case = (&'static [&'static str], &'static str, &'static [&'static [usize]]);
        let table: &[Case] = &[
            (&["3 4", "4"], "3 4", &[&[0, 1], &[1]]),
            (&["3 1", "4"], "3 4", &[&[0, 1], &[1]]),
            (&["", "3"], "3", &[&[], &[0]]),
            (&["", ""], "", &[&[], &[]]),
            (&["0", "1"], "0", &[&[0], &[0]]),
            (&["time:12 lat:3", "lat:3"], "time:12 lat:3", &[&[0, 1], &[1]]),
            (&["lat:3", "time:12 lat:3"], "lat:3 time:12", &[&[0], &[1, 0]]),
            (&["time:1 lat:3", "time:12"], "time:12 lat:3", &[&[0, 1], &[0]]),
            (&["y:3", "x:4", ""], "y:3 x:4", &[&[0], &[1], &[]]),
            (&["?1", "5"], "5", &[&[0], &[0]]),
            (&["?1", "1"], "?1", &[&[0], &[0]]),
            (&["?1", "?1"], "?1", &[&[0], &[0]]),
            (&["lat:3@0", "lat:3@0"], "lat:3@0", &[&[0], &[0]]),
            (&["lat:3", "lat:3@0"], "lat:3@0", &[&[0], &[0]]),
            (&["row:3 1", "row:3 4"], "row:3 4", &[&[0, 1], &[0, 1]]),
        ];
        for (operands, dims, maps) in table {
            let got = run(operands).unwrap();
            assert_eq!(got.dims, ty(dims).dims, "{operands:?}");
            assert_eq!(got.maps, *maps, "{operands:?}");
        }
    }

    #[test]
    fn arrays_that_do_not_meet_say_why() {
        let table: &[(&[&str], Code, &str)] = &[
            (&["3", "4"], Code::Shape, "dimension 0 is 3 in a and 4 in b"),
            (&["lat:720", "lat:180"], Code::Shape, "lat is 720 in a and 180 in b"),
            (&["time:1@0", "time:12"], Code::Shape, "time is 1 in a and 12 in b"),
            (&["lat:3", "3"], Code::NamedUnnamed, "a has named dimensions (lat), b has unnamed ones"),
            (&["lat:3 1", "lat:3"], Code::NamedUnnamed, "b has named dimensions (lat), a has unnamed ones"),
            (&["lat:3@0", "lat:3@1"], Code::Coordinates, "the coordinates of lat differ between a and b, first at index 0"),
        ];
        for (operands, code, message) in table {
            let error = run(operands).unwrap_err();
            assert_eq!((error.code, error.message.as_str()), (*code, *message), "{operands:?}");
        }
    }
}
