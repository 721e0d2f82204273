//! What is known of a value when the program is checked: scalars, texts, and tuples or short lists of them. Owns no folding: scalars fold
//! where built-ins are checked.

use crate::array::{Array, ArrayTy, Scalar};
use crate::builtins::values::Values;
use std::sync::Arc;

/// Lists longer than this are not followed element by element.
pub const MAX_ITEMS: usize = 64;

/// What is known of a value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Known {
    #[default]
    No,
    Scalar(Scalar),
    Text(Arc<str>),
    /// The elements of a one-dimensional array.
    Array(Values),
    /// Of a tuple, a record, a one-dimensional array, or the bounds of a range: `lo`, `hi` (not taken any more), `step`.
    Items(Vec<Known>),
}

impl Known {
    pub fn scalar(&self) -> Option<Scalar> {
        match self {
            Known::Scalar(value) => Some(*value),
            _ => None,
        }
    }
    /// The elements of an array of this type.
    pub fn values(&self, ty: &ArrayTy) -> Option<Values> {
        match self {
            Known::Array(values) => Some(values.clone()),
            Known::Items(items) if ty.rank() == 1 => {
                let scalars: Vec<Scalar> = items.iter().map(Known::scalar).collect::<Option<_>>()?;
                let fits = scalars.iter().all(|value| value.dtype == ty.dtype) && ty.count() == Some(scalars.len() as u64);
                if fits { Values::given(&Array::from_scalars(ty.dtype, &scalars)) } else { None }
            }
            _ => None,
        }
    }
    pub fn int(&self) -> Option<i64> {
        self.scalar().filter(|value| value.dtype.is_int()).and_then(|value| i64::try_from(value.as_int()?).ok())
    }
    pub fn text(&self) -> Option<&Arc<str>> {
        match self {
            Known::Text(text) => Some(text),
            _ => None,
        }
    }
    /// The element at a position; `No` where nothing is known of it.
    pub fn item(&self, position: usize) -> Known {
        match self {
            Known::Items(items) => items.get(position).cloned().unwrap_or_default(),
            _ => Known::No,
        }
    }
    /// What holds whichever of the two is the value.
    pub fn or(&self, other: &Known) -> Known {
        match (self, other) {
            (Known::Items(a), Known::Items(b)) if a.len() == b.len() => Known::items(a.iter().zip(b).map(|(a, b)| a.or(b)).collect()),
            (a, b) if a == b => a.clone(),
            _ => Known::No,
        }
    }
    /// Several together; `No` where nothing is known of any.
    pub fn items(items: Vec<Known>) -> Known {
        if items.len() > MAX_ITEMS || items.iter().all(|item| *item == Known::No) { Known::No } else { Known::Items(items) }
    }
}

impl From<Option<Scalar>> for Known {
    fn from(value: Option<Scalar>) -> Known {
        value.map_or(Known::No, Known::Scalar)
    }
}
