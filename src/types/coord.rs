//! Coordinates under the operations on dimensions: equality, slices, joins. Owns no lookup of labels (see `label`).

use crate::array::{Array, Coord, Dim, Scalar};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// Whether two coordinates have equal values; dtypes may differ. O(1) for the same coordinate, else O(n).
pub fn equal_coords(a: &Arc<Coord>, b: &Arc<Coord>) -> bool {
    Arc::ptr_eq(a, b) || first_difference(a, b).is_none()
}

/// The first index at which they differ; the shorter length where one begins with the other.
pub(super) fn first_difference(a: &Coord, b: &Coord) -> Option<u64> {
    if a.values.dtype() == b.values.dtype() && a.values.bytes().is_some_and(|bytes| b.values.bytes() == Some(bytes)) {
        return None;
    }
    let (left, right) = (a.values.count(), b.values.count());
    let same = |at: u64| match (a.values.get(&[at]), b.values.get(&[at])) {
        (Some(x), Some(y)) => match (x.dtype.is_time() || y.dtype.is_time(), x.as_int(), y.as_int()) {
            (true, ..) => x == y,
            (false, Some(x), Some(y)) => x == y,
            _ => x.as_f64() == y.as_f64() || (x.as_f64().is_nan() && y.as_f64().is_nan()),
        },
        _ => false,
    };
    (0..left.max(right)).find(|at| !same(*at))
}

/// Elements `start`, `start + step`, … of a coordinate, `count` of them; all inside.
pub fn slice_coord(coord: &Arc<Coord>, start: u64, step: i64, count: u64) -> Arc<Coord> {
    if start == 0 && step == 1 && count == coord.values.count() {
        return coord.clone();
    }
    let positions: Vec<u64> = (0..count as i64).map(|at| (start as i64 + at * step) as u64).collect();
    take_coord(coord, &positions)
}

/// The elements at these positions; those outside are left out.
pub fn take_coord(coord: &Arc<Coord>, positions: &[u64]) -> Arc<Coord> {
    let values: Vec<_> = positions.iter().filter_map(|at| coord.values.get(&[*at])).collect();
    let values = Array::from_scalars(coord.values.dtype(), &values);
    Arc::new(Coord { values, units: coord.units.clone() })
}

/// One coordinate after another; none unless each dimension has one of one dtype.
pub fn concat_coords(dims: &[&Dim]) -> Option<Arc<Coord>> {
    let coords: Vec<_> = dims.iter().map(|dim| dim.coord.as_ref()).collect::<Option<_>>()?;
    let first = coords.first()?;
    let dtype = first.values.dtype();
    if coords.iter().any(|coord| coord.values.dtype() != dtype) {
        return None;
    }
    let values: Vec<_> = coords.iter().flat_map(|coord| coord.values.scalars()).collect();
    Some(Arc::new(Coord { values: Array::from_scalars(dtype, &values), units: first.units.clone() }))
}

/// The positions of the values that both have, in the order of the first: in `a` and in `b`. Of equal values the first counts. O(n).
pub fn common_positions(a: &Coord, b: &Coord) -> (Vec<u64>, Vec<u64>) {
    let places: FxHashMap<i128, u64> =
        b.values.scalars().into_iter().enumerate().rev().map(|(at, value)| (key(value), at as u64)).collect();
    let mut taken = FxHashSet::default();
    let found = a.values.scalars().into_iter().enumerate().filter_map(|(at, value)| {
        let place = *places.get(&key(value))?;
        taken.insert(place).then_some((at as u64, place))
    });
    found.unzip()
}

/// Equal for equal values: of times the instant, of numbers the bits as `f64`.
fn key(value: Scalar) -> i128 {
    match value.as_int() {
        Some(int) if value.dtype.is_time() => int,
        _ => i128::from((value.as_f64() + 0.0).to_bits()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::DType;

    fn coord(values: &[f64]) -> Arc<Coord> {
        let values: Vec<_> = values.iter().map(|value| Scalar::f64(*value)).collect();
        Arc::new(Coord { values: Array::from_scalars(DType::F64, &values), units: None })
    }

    #[test]
    fn compares_slices_and_joins() {
        let all = coord(&[0.0, 1.0, 2.0, 3.0]);
        assert!(equal_coords(&all, &coord(&[0.0, 1.0, 2.0, 3.0])));
        assert_eq!(first_difference(&all, &coord(&[0.0, 1.0, 2.5, 3.0])), Some(2));
        assert_eq!(first_difference(&all, &coord(&[0.0, 1.0])), Some(2));
        assert!(Arc::ptr_eq(&slice_coord(&all, 0, 1, 4), &all));
        assert!(equal_coords(&slice_coord(&all, 3, -2, 2), &coord(&[3.0, 1.0])));
        let dim = |coord| Dim { name: None, size: crate::array::Size::Known(2), coord: Some(coord) };
        let joined = concat_coords(&[&dim(coord(&[0.0, 1.0])), &dim(coord(&[2.0, 3.0]))]).unwrap();
        assert!(equal_coords(&joined, &all));
        assert_eq!(common_positions(&all, &coord(&[3.0, 9.0, 1.0, 1.0])), (vec![1, 3], vec![2, 0]));
    }

    #[test]
    fn dtypes_of_equal_values_may_differ() {
        let ints: Vec<_> = (0..3).map(Scalar::i64).collect();
        let ints = Arc::new(Coord { values: Array::from_scalars(DType::I64, &ints), units: None });
        assert!(equal_coords(&ints, &coord(&[0.0, 1.0, 2.0])));
        assert!(!equal_coords(&ints, &coord(&[0.0, 1.0, 2.5])));
    }
}
