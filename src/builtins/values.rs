//! Arrays that are known when a program is checked: coordinates, and what is computed from them, from indices and from constants. They are
//! kept as how to compute them, and computed when their elements are asked for, so that a large `arange` costs nothing. One dimension only.

use crate::array::{Array, DType, Scalar};
use crate::ops::{ScalarOp, eval};
use std::sync::{Arc, OnceLock};

/// Elements beyond which an array is not computed while a program is checked.
const MAX_COUNT: u64 = 1 << 22;
/// Operations that may stand one behind the other.
const MAX_DEPTH: u32 = 2000;

/// A known array.
#[derive(Clone, Debug)]
pub struct Values(Arc<Recipe>);

#[derive(Debug)]
struct Recipe {
    make: Make,
    count: u64,
    depth: u32,
    made: OnceLock<Option<Vec<Scalar>>>,
}

#[derive(Debug)]
enum Make {
    Given(Array),
    Iota,
    /// The operation in this dtype; a scalar stands for as many.
    Map(ScalarOp, DType, Vec<Part>),
    Cast(Values, DType),
    Slice(Values, u64, i64),
    Take(Values, Values),
    Concat(Vec<Values>),
}

/// An operand of an operation.
#[derive(Clone, Debug)]
pub enum Part {
    Scalar(Scalar),
    Values(Values),
}

impl Values {
    fn new(make: Make, count: u64, before: &[&Values]) -> Option<Values> {
        let depth = before.iter().map(|values| values.0.depth + 1).max().unwrap_or(0);
        (count <= MAX_COUNT && depth <= MAX_DEPTH).then(|| Values(Arc::new(Recipe { make, count, depth, made: OnceLock::new() })))
    }
    pub fn given(array: &Array) -> Option<Values> {
        if array.ty().rank() == 1 { Values::new(Make::Given(array.clone()), array.count(), &[]) } else { None }
    }
    pub fn iota(count: u64) -> Option<Values> {
        Values::new(Make::Iota, count, &[])
    }
    /// None where the operands do not have one length, or all are scalars.
    pub fn map(op: ScalarOp, dtype: DType, parts: Vec<Part>) -> Option<Values> {
        let before: Vec<&Values> =
            parts.iter().filter_map(|part| if let Part::Values(values) = part { Some(values) } else { None }).collect();
        let count = before.first()?.count();
        if before.iter().any(|values| values.count() != count) {
            return None;
        }
        let before: Vec<Values> = before.into_iter().cloned().collect();
        Values::new(Make::Map(op, dtype, parts), count, &before.iter().collect::<Vec<_>>())
    }
    pub fn cast(&self, to: DType) -> Option<Values> {
        Values::new(Make::Cast(self.clone(), to), self.count(), &[self])
    }
    pub fn slice(&self, start: u64, step: i64, count: u64) -> Option<Values> {
        Values::new(Make::Slice(self.clone(), start, step), count, &[self])
    }
    pub fn take(&self, positions: &Values) -> Option<Values> {
        Values::new(Make::Take(self.clone(), positions.clone()), positions.count(), &[self, positions])
    }
    pub fn concat(parts: &[Values]) -> Option<Values> {
        let count = parts.iter().map(Values::count).sum();
        Values::new(Make::Concat(parts.to_vec()), count, &parts.iter().collect::<Vec<_>>())
    }
    pub fn count(&self) -> u64 {
        self.0.count
    }
    /// The array in a dtype of the same storage; none where computing it fails. Computed once.
    pub fn array(&self, dtype: DType) -> Option<Array> {
        if let Make::Given(array) = &self.0.make {
            return Some(array.clone()).filter(|array| array.dtype() == dtype);
        }
        let scalars = self.scalars()?;
        let typed: Vec<Scalar> = scalars.iter().map(|value| Scalar { dtype, bits: value.bits }).collect();
        Some(Array::from_scalars(dtype, &typed))
    }
    fn scalars(&self) -> Option<&Vec<Scalar>> {
        self.0.made.get_or_init(|| self.make()).as_ref()
    }
    fn make(&self) -> Option<Vec<Scalar>> {
        let stored = |value: Scalar| Scalar { dtype: value.dtype.storage(), bits: value.bits };
        match &self.0.make {
            Make::Given(array) => Some(array.scalars().into_iter().map(stored).collect()),
            Make::Iota => Some((0..self.count() as i64).map(Scalar::i64).collect()),
            Make::Map(op, dtype, parts) => {
                let columns: Vec<(Option<&Vec<Scalar>>, Scalar)> = parts
                    .iter()
                    .map(|part| match part {
                        Part::Scalar(value) => Some((None, stored(*value))),
                        Part::Values(values) => Some((Some(values.scalars()?), Scalar::i64(0))),
                    })
                    .collect::<Option<_>>()?;
                let mut args = Vec::with_capacity(parts.len());
                let mut out = Vec::with_capacity(self.count() as usize);
                for at in 0..self.count() as usize {
                    args.clear();
                    args.extend(columns.iter().map(|(column, value)| column.map_or(*value, |column| column[at])));
                    out.push(eval::operate(*op, dtype.storage(), &args, false).ok()?);
                }
                Some(out)
            }
            Make::Cast(values, to) => {
                let cast = |value: &Scalar| eval::convert(*value, to.storage(), false).ok();
                values.scalars()?.iter().map(cast).collect()
            }
            Make::Slice(values, start, step) => {
                let all = values.scalars()?;
                (0..self.count() as i64).map(|at| all.get((*start as i64 + at * step) as usize).copied()).collect()
            }
            Make::Take(values, positions) => {
                let all = values.scalars()?;
                positions.scalars()?.iter().map(|at| all.get(usize::try_from(at.as_int()?).ok()?).copied()).collect()
            }
            Make::Concat(parts) => {
                let mut out = Vec::with_capacity(self.count() as usize);
                for part in parts {
                    out.extend_from_slice(part.scalars()?);
                }
                Some(out)
            }
        }
    }
}

/// One recipe, or given arrays of the same bits. What is equal otherwise is not found to be.
impl PartialEq for Values {
    fn eq(&self, other: &Values) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || matches!((&self.0.make, &other.0.make), (Make::Given(a), Make::Given(b)) if a == b)
    }
}
