//! The one type of two values that reach one place: branches of an `if`, passes of a loop, several `return`s. Owns no promotion of
//! operands (see `types::promote`).

use crate::array::{ArrayTy, Dim, Size};
use crate::types::promote::promote;
use crate::types::{Ty, Unknowns, coord::equal_coords};
use rustc_hash::FxHashSet;

/// Joins types in one body. Sizes that change from pass to pass of a loop become unknown sizes that go with any.
#[derive(Clone, Debug, Default)]
pub struct Join {
    varying: FxHashSet<u32>,
}

impl Join {
    /// The type both convert to: numbers and arrays of numbers by promotion, sizes and coordinates that differ are forgotten. None where
    /// there is no such type. `looped` sizes that differ go with any size from then on.
    pub fn types(&mut self, a: &Ty, b: &Ty, looped: bool, unknowns: &mut Unknowns) -> Option<Ty> {
        match (a, b) {
            // What had an error, or is not known yet, may have been of the other's type.
            (Ty::Error, other) | (other, Ty::Error) => Some(other.clone()),
            (Ty::Array(a), Ty::Array(b)) => self.arrays(a, b, looped, unknowns).map(Ty::Array),
            (Ty::Tuple(a), Ty::Tuple(b)) if a.len() == b.len() => {
                a.iter().zip(b).map(|(a, b)| self.types(a, b, looped, unknowns)).collect::<Option<_>>().map(Ty::Tuple)
            }
            (Ty::Record(a), Ty::Record(b)) if a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0) => {
                let fields = a.iter().zip(b).map(|((name, a), (_, b))| Some((name.clone(), self.types(a, b, looped, unknowns)?)));
                fields.collect::<Option<_>>().map(Ty::Record)
            }
            _ => (a == b).then(|| a.clone()),
        }
    }

    fn arrays(&mut self, a: &ArrayTy, b: &ArrayTy, looped: bool, unknowns: &mut Unknowns) -> Option<ArrayTy> {
        let numeric = a.dtype.is_numeric() && b.dtype.is_numeric();
        let dtype = if a.dtype == b.dtype { Some(a.dtype) } else { promote(a.dtype, b.dtype).filter(|_| numeric) }?;
        if a.rank() != b.rank() || a.dims.iter().zip(&b.dims).any(|(a, b)| a.name != b.name) {
            return None;
        }
        let dims = a.dims.iter().zip(&b.dims).map(|(a, b)| self.dims(a, b, looped, unknowns)).collect();
        Some(ArrayTy { dtype, dims })
    }

    fn dims(&mut self, a: &Dim, b: &Dim, looped: bool, unknowns: &mut Unknowns) -> Dim {
        let size = if a.size == b.size || self.is_varying(a.size) { a.size } else { unknowns.fresh() };
        if let (true, Size::Unknown(id)) = (looped && size != a.size, size) {
            self.varying.insert(id);
        }
        let coord = match (&a.coord, &b.coord) {
            (Some(x), Some(y)) if size == a.size && equal_coords(x, y) => Some(x.clone()),
            _ => None,
        };
        Dim { name: a.name.clone(), size, coord }
    }

    fn is_varying(&self, size: Size) -> bool {
        matches!(size, Size::Unknown(id) if self.varying.contains(&id))
    }

    /// Whether a variable declared with one type takes a value of another without conversion.
    pub fn fits(&self, declared: &Ty, value: &Ty) -> bool {
        match (declared, value) {
            (Ty::Array(declared), Ty::Array(value)) => {
                let dim = |(a, b): (&Dim, &Dim)| a == b || (a.name == b.name && self.is_varying(a.size));
                declared.dtype == value.dtype && declared.rank() == value.rank() && declared.dims.iter().zip(&value.dims).all(dim)
            }
            (Ty::Tuple(a), Ty::Tuple(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| self.fits(a, b)),
            (Ty::Record(a), Ty::Record(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && self.fits(&a.1, &b.1)),
            _ => declared == value,
        }
    }
}

/// Whether types are equal but for which unknown sizes they have and for what `sema` forgets of them.
pub fn same_dtype_and_rank(a: &Ty, b: &Ty) -> bool {
    match (a, b) {
        (Ty::Array(a), Ty::Array(b)) => a.dtype == b.dtype && a.rank() == b.rank(),
        (Ty::Tuple(a), Ty::Tuple(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_dtype_and_rank(a, b)),
        (Ty::Record(a), Ty::Record(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && same_dtype_and_rank(&a.1, &b.1)),
        _ => a == b,
    }
}
