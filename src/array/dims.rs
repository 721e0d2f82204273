//! Dimensions: size, name, coordinates; and the type of an array.

use super::{Array, DType};
use crate::base::Name;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// The size of a dimension. An unknown size is equal to itself alone (a mask's result, a size that needs data).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Size {
    Known(u64),
    Unknown(u32),
}

impl Size {
    pub fn known(self) -> Option<u64> {
        match self {
            Size::Known(size) => Some(size),
            Size::Unknown(_) => None,
        }
    }
}

/// The coordinate of a dimension: one value an index, small, read when the file is opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Coord {
    /// One dimension, contiguous: numbers or datetimes.
    pub values: Array,
    /// CF `units` as the file has them, where decoding did not use them up.
    pub units: Option<Name>,
}

/// One dimension of an array.
#[derive(Clone, Debug, PartialEq)]
pub struct Dim {
    pub name: Option<Name>,
    pub size: Size,
    pub coord: Option<Arc<Coord>>,
}

impl Dim {
    pub fn unnamed(size: u64) -> Dim {
        Dim { name: None, size: Size::Known(size), coord: None }
    }
    pub fn named(name: impl Into<Name>, size: u64) -> Dim {
        Dim { name: Some(name.into()), size: Size::Known(size), coord: None }
    }
    pub fn sized(size: Size) -> Dim {
        Dim { name: None, size, coord: None }
    }
    /// This dimension as a type has it: with its name, and its coordinate where that has a value for each index.
    pub fn labelled(&self, as_typed: &Dim) -> Dim {
        let coord = as_typed.coord.clone().filter(|coord| self.size == Size::Known(coord.values.count()));
        Dim { name: as_typed.name.clone(), size: self.size, coord: coord.or_else(|| self.coord.clone()) }
    }
}

/// The type of an array: dtype and dimensions. A scalar has none.
#[derive(Clone, Debug, PartialEq)]
pub struct ArrayTy {
    pub dtype: DType,
    pub dims: Vec<Dim>,
}

impl ArrayTy {
    pub fn scalar(dtype: DType) -> ArrayTy {
        ArrayTy { dtype, dims: Vec::new() }
    }
    pub fn unnamed(dtype: DType, shape: &[u64]) -> ArrayTy {
        ArrayTy { dtype, dims: shape.iter().map(|size| Dim::unnamed(*size)).collect() }
    }
    pub fn rank(&self) -> usize {
        self.dims.len()
    }
    /// The sizes, if all are known.
    pub fn shape(&self) -> Option<Vec<u64>> {
        self.dims.iter().map(|dim| dim.size.known()).collect()
    }
    /// Number of elements, if known (saturating).
    pub fn count(&self) -> Option<u64> {
        self.dims.iter().try_fold(1u64, |all, dim| Some(all.saturating_mul(dim.size.known()?)))
    }
    /// Bytes of all elements, if known (saturating).
    pub fn bytes(&self) -> Option<u64> {
        Some(self.count()?.saturating_mul(self.dtype.size() as u64))
    }
    /// The position of a named dimension.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.dims.iter().position(|dim| dim.name.as_deref() == Some(name))
    }
    pub fn with_dtype(&self, dtype: DType) -> ArrayTy {
        ArrayTy { dtype, dims: self.dims.clone() }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Size::Known(size) => write!(f, "{size}"),
            Size::Unknown(_) => f.write_str("?"),
        }
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name}: {}", self.size),
            None => write!(f, "{}", self.size),
        }
    }
}

impl fmt::Display for ArrayTy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.dtype)?;
        if self.dims.is_empty() {
            return Ok(());
        }
        f.write_str("[")?;
        for (at, dim) in self.dims.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{dim}")?;
        }
        f.write_str("]")
    }
}
