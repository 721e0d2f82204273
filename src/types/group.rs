//! Arrays that are about to be reduced in parts: which group each position of a dimension belongs to, or the window that moves along it.
//! A grouped value is the array itself; how it is parted stands in its type, because it follows from coordinates. Owns no arithmetic.

use crate::array::{Array, ArrayTy, Coord, DType, Dim, Scalar, Size};
use crate::base::{Code, Diagnostic, Outcome};
use std::fmt;
use std::sync::Arc;

/// Groups of positions along an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Groups {
    pub axis: usize,
    /// The group (i64) of each position along the axis; -1 is in none.
    pub of: Array,
    /// The dimension that the groups become: as many points as there are groups.
    pub dim: Dim,
}

/// A window that moves along an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    pub axis: usize,
    pub size: u64,
    /// The window's middle stands at the position, not its end.
    pub center: bool,
    /// Elements that must be there for a result.
    pub least: u64,
}

/// How an array is parted.
#[derive(Clone, Debug, PartialEq)]
pub enum Parting {
    /// By groups along one or several axes, in ascending order.
    Groups(Vec<Groups>),
    Windows(Vec<Window>),
    /// Elements count by weights, the second array of the value.
    Weights,
}

/// The type of a grouped value.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupedTy {
    pub array: ArrayTy,
    /// Of weights.
    pub other: Option<ArrayTy>,
    pub by: Parting,
}

impl Groups {
    /// Groups from the group of each position; `labels` are one dimension's coordinate, a point a group.
    pub fn new(axis: usize, of: Vec<i64>, dim: Dim) -> Groups {
        let of: Vec<Scalar> = of.into_iter().map(Scalar::i64).collect();
        Groups { axis, of: Array::from_scalars(DType::I64, &of), dim }
    }
    pub fn count(&self) -> u64 {
        self.dim.size.known().unwrap_or(0)
    }
    /// The group of each position.
    pub fn table(&self) -> Vec<i64> {
        self.of.scalars().into_iter().map(|group| group.as_int().unwrap_or(-1) as i64).collect()
    }
    /// How many positions each group has.
    pub fn sizes(&self) -> Vec<u64> {
        let mut sizes = vec![0; self.count() as usize];
        for group in self.table() {
            if let Some(size) = usize::try_from(group).ok().and_then(|group| sizes.get_mut(group)) {
                *size += 1;
            }
        }
        sizes
    }
}

/// The type of a reduction in groups: its axes are removed but the grouped one, which becomes the groups' dimension. K0302 as `reduce`.
pub fn reduce(ty: &ArrayTy, op: super::ReduceOp, axes: &[usize], groups: &Groups) -> Outcome<ArrayTy> {
    if matches!(op, super::ReduceOp::Arg { .. }) {
        return Err(Diagnostic::new(Code::Unsupported, "positions within groups are not built yet"));
    }
    let others: Vec<usize> = axes.iter().copied().filter(|axis| *axis != groups.axis).collect();
    let mut kept = ty.clone();
    kept.dims[groups.axis] = groups.dim.clone();
    super::shape::reduce(&kept, op, &others)
}

/// Groups by equal labels: a group for each value that occurs, in ascending order. Missing values are in no group. O(n log n).
pub fn by_value(labels: &Array) -> (Vec<i64>, Array) {
    let values = labels.scalars();
    let is_nan = |value: &Scalar| value.as_int().is_none() && value.as_f64().is_nan();
    let missing =
        |value: &Scalar| is_nan(value) || value.dtype.is_time() && value.as_int() == Some(i128::from(crate::array::calendar::NAT));
    let mut distinct: Vec<Scalar> = values.iter().copied().filter(|value| !missing(value)).collect();
    distinct.sort_by(order);
    distinct.dedup_by(|a, b| order(a, b).is_eq());
    let group = |value: &Scalar| {
        if missing(value) { -1 } else { distinct.binary_search_by(|known| order(known, value)).map_or(-1, |at| at as i64) }
    };
    let of = values.iter().map(group).collect();
    (of, Array::from_scalars(labels.dtype(), &distinct))
}

/// Order of labels of one dtype; 0.0 and -0.0 are equal.
pub fn order(a: &Scalar, b: &Scalar) -> std::cmp::Ordering {
    match (a.as_int(), b.as_int()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => (a.as_f64() + 0.0).total_cmp(&(b.as_f64() + 0.0)),
    }
}

/// Groups by intervals between rising edges, each with its upper edge and without its lower one. The label is the middle.
pub fn by_bins(labels: &Array, edges: &[f64]) -> (Vec<i64>, Array) {
    let bin = |value: &Scalar| {
        let value = value.as_f64();
        let above = edges.iter().take_while(|edge| **edge < value).count();
        if value.is_nan() || above == 0 || above == edges.len() { -1 } else { above as i64 - 1 }
    };
    let of = labels.scalars().iter().map(bin).collect();
    let middles: Vec<Scalar> = edges.windows(2).map(|pair| Scalar::f64((pair[0] + pair[1]) / 2.0)).collect();
    (of, Array::from_scalars(DType::F64, &middles))
}

/// A dimension with a coordinate.
pub fn labelled(name: Option<crate::base::Name>, values: Array) -> Dim {
    Dim { name, size: Size::Known(values.count()), coord: Some(Arc::new(Coord { values, units: None })) }
}

impl fmt::Display for GroupedTy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |axis: usize| super::dims::dim_text(&self.array, axis);
        match &self.by {
            Parting::Groups(groups) => {
                let names: Vec<String> = groups.iter().map(|groups| format!("{} of {}", groups.dim, name(groups.axis))).collect();
                write!(f, "{} grouped by {}", self.array, names.join(", "))
            }
            Parting::Windows(windows) => {
                let names: Vec<String> = windows.iter().map(|window| format!("{} along {}", window.size, name(window.axis))).collect();
                write!(f, "{} in windows of {}", self.array, names.join(", "))
            }
            Parting::Weights => write!(f, "{} with weights", self.array),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_become_groups() {
        let array = |values: &[f64]| Array::from_scalars(DType::F64, &values.iter().map(|value| Scalar::f64(*value)).collect::<Vec<_>>());
        let (of, labels) = by_value(&array(&[3.0, 1.0, f64::NAN, 3.0, -0.0, 0.0]));
        assert_eq!(of, [2, 1, -1, 2, 0, 0]);
        assert_eq!(labels.scalars().into_iter().map(Scalar::as_f64).collect::<Vec<_>>(), [0.0, 1.0, 3.0]);
        let (of, labels) = by_bins(&array(&[0.0, 0.5, 1.0, 1.5, 2.0, 9.0]), &[0.0, 1.0, 2.0]);
        assert_eq!(of, [-1, 0, 0, 1, 1, -1]);
        assert_eq!(labels.scalars()[1].as_f64(), 1.5);
    }
}
