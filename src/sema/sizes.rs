//! Unknown sizes across a call: numbered in order of appearance, so that equal argument types have equal keys, and given back to the
//! caller's own. Owns no sizes of its own.

use crate::array::{ArrayTy, Dim, Size};
use crate::types::{FunctionTy, Ty, Unknowns};
use rustc_hash::FxHashMap;

/// Numbers of parameters' sizes start here; those of a text are far below.
const BASE: u32 = 1 << 31;

/// The unknown sizes of a call's arguments.
#[derive(Default)]
pub struct Canon {
    sizes: Vec<Size>,
}

impl Canon {
    /// A type with its unknown sizes numbered.
    pub fn ty(&mut self, ty: &Ty) -> Ty {
        map_sizes(ty, &mut |size| match size {
            Size::Known(_) => size,
            unknown => {
                let at = self.sizes.iter().position(|known| *known == unknown).unwrap_or_else(|| {
                    self.sizes.push(unknown);
                    self.sizes.len() - 1
                });
                Size::Unknown(BASE + at as u32)
            }
        })
    }

    /// A further unknown size that stands for one of the caller's, known or not.
    fn further(&mut self, size: Size) -> Size {
        self.sizes.push(size);
        Size::Unknown(BASE + self.sizes.len() as u32 - 1)
    }

    /// A result's type with the caller's sizes; sizes that come from inside are new.
    pub fn back(&self, ty: &Ty, unknowns: &mut Unknowns) -> Ty {
        let mut inner: FxHashMap<u32, Size> = FxHashMap::default();
        map_sizes(ty, &mut |size| match size {
            Size::Unknown(id) if id >= BASE => self.sizes.get((id - BASE) as usize).copied().unwrap_or(size),
            Size::Unknown(id) => *inner.entry(id).or_insert_with(|| unknowns.fresh()),
            known => known,
        })
    }
}

/// A type with the sizes unknown that differ from an earlier call's, and without coordinates there.
pub fn generalised(ty: &Ty, earlier: &Ty, canon: &mut Canon) -> Ty {
    match (ty, earlier) {
        (Ty::Array(new), Ty::Array(old)) if new.rank() == old.rank() => {
            let dim = |(new, old): (&Dim, &Dim)| match (new.size, old.size) {
                (a, b) if a == b && new.coord == old.coord => new.clone(),
                (Size::Unknown(_), _) => Dim { coord: None, ..new.clone() },
                (size, _) => Dim { name: new.name.clone(), size: canon.further(size), coord: None },
            };
            Ty::Array(ArrayTy { dtype: new.dtype, dims: new.dims.iter().zip(&old.dims).map(dim).collect() })
        }
        (Ty::Tuple(new), Ty::Tuple(old)) if new.len() == old.len() => {
            Ty::Tuple(new.iter().zip(old).map(|(new, old)| generalised(new, old, canon)).collect())
        }
        (Ty::Record(new), Ty::Record(old)) if new.len() == old.len() => {
            let fields = new.iter().zip(old).map(|((name, new), (_, old))| (name.clone(), generalised(new, old, canon)));
            Ty::Record(fields.collect())
        }
        _ => ty.clone(),
    }
}

/// Whether types are equal but for the numbers of unknown sizes.
pub fn same(a: &Ty, b: &Ty) -> bool {
    Canon::default().ty(a) == Canon::default().ty(b)
}

fn map_sizes(ty: &Ty, map: &mut dyn FnMut(Size) -> Size) -> Ty {
    match ty {
        Ty::Array(array) => {
            let dims = array.dims.iter().map(|dim| Dim { size: map(dim.size), ..dim.clone() }).collect();
            Ty::Array(ArrayTy { dtype: array.dtype, dims })
        }
        Ty::Tuple(items) => Ty::Tuple(items.iter().map(|item| map_sizes(item, map)).collect()),
        Ty::Record(fields) => Ty::Record(fields.iter().map(|(name, field)| (name.clone(), map_sizes(field, map))).collect()),
        Ty::Function(function) => {
            let captures = function.captures.iter().map(|(name, ty)| (name.clone(), map_sizes(ty, map))).collect();
            Ty::Function(FunctionTy { def: function.def, captures })
        }
        other => other.clone(),
    }
}
