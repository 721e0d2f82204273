//! Types of the language and every rule about them, each in one place: promotion, broadcasting, dimensions, slices, reductions, products.
//! Owns no inference (see `sema`) and no values.

pub mod broadcast;
pub mod coord;
pub mod dims;
pub mod edge;
pub mod fourier;
pub mod group;
pub mod label;
pub mod matrix;
pub mod promote;
pub mod routine;
pub mod shape;
pub mod signature;
pub mod slice;

use crate::array::{ArrayTy, DType, Size};
use crate::base::{Name, Span};
use crate::ops::ScalarOp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// The type of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Ty {
    /// An array; a scalar is an array without dimensions.
    Array(ArrayTy),
    Text,
    /// `lo..hi by step`, of i64.
    Range,
    Tuple(Vec<Ty>),
    Record(Vec<(Name, Ty)>),
    Function(FunctionTy),
    /// An open file: its variables are fields.
    Dataset(Arc<DatasetTy>),
    /// An array that is reduced in parts: `x.groupby(…)`.
    Grouped(Arc<group::GroupedTy>),
    /// A name of the library that has members: `random`.
    Module(&'static str),
    Unit,
    /// What an expression with a reported error has; goes with everything.
    Error,
}

/// A function value is known statically: which definition, and what it captured.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionTy {
    pub def: DefId,
    pub captures: Vec<(Name, Ty)>,
}

/// A function definition or lambda of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DefId(pub u32);

/// What `open` knows of a file before any data is read.
#[derive(Clone, Debug, PartialEq)]
pub struct DatasetTy {
    pub path: Arc<str>,
    /// It is one array, which stands for the whole file.
    pub single: bool,
    pub variables: Vec<VariableTy>,
    /// Groups inside, by name.
    pub groups: Vec<(Name, Arc<DatasetTy>)>,
    pub attrs: Vec<(Name, String)>,
}

/// A variable of a file: its decoded type, and how stored values become it.
#[derive(Clone, Debug, PartialEq)]
pub struct VariableTy {
    pub name: Name,
    /// Path inside the file, with groups.
    pub path: Arc<str>,
    /// After decoding, with coordinates.
    pub ty: ArrayTy,
    pub attrs: Vec<(Name, String)>,
    /// Why the variable cannot be read, where it cannot.
    pub skipped: Option<String>,
}

/// A type with the place it came from, for errors that show both places.
#[derive(Clone, Debug)]
pub struct Placed<'a> {
    pub ty: &'a ArrayTy,
    /// How the source calls it.
    pub text: String,
    pub span: Span,
}

impl Placed<'_> {
    /// How a message calls it: as the source does, or by its type.
    pub fn called(&self) -> String {
        if self.text.is_empty() { self.ty.to_string() } else { self.text.clone() }
    }
}

/// A reduction's operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReduceOp {
    /// An associative operation: Add, Mul, Minimum, Maximum, Fmin, Fmax, And, Or.
    Fold(ScalarOp),
    /// Row-major position (i64) of the first smallest or largest element; a NaN counts as found first, or is skipped.
    Arg { largest: bool, skip_nan: bool },
    /// Sum of squared deviations from the mean, in one pass (Chan, Golub, LeVeque 1983); floats only.
    Deviations { skip_nan: bool },
}

/// Gives unknown sizes, each equal to itself alone.
#[derive(Clone, Debug, Default)]
pub struct Unknowns(u32);

impl Unknowns {
    pub fn fresh(&mut self) -> Size {
        self.0 += 1;
        Size::Unknown(self.0)
    }
}

impl Ty {
    pub fn scalar(dtype: DType) -> Ty {
        Ty::Array(ArrayTy::scalar(dtype))
    }
    pub fn as_array(&self) -> Option<&ArrayTy> {
        match self {
            Ty::Array(ty) => Some(ty),
            _ => None,
        }
    }
    /// The dtype of a scalar.
    pub fn as_scalar(&self) -> Option<DType> {
        self.as_array().filter(|ty| ty.dims.is_empty()).map(|ty| ty.dtype)
    }
    pub fn is_error(&self) -> bool {
        matches!(self, Ty::Error)
    }
}

impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ty::Array(ty) => write!(f, "{ty}"),
            Ty::Text => f.write_str("str"),
            Ty::Range => f.write_str("range"),
            Ty::Tuple(items) => {
                f.write_str("(")?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at > 0 { ", " } else { "" })?;
                }
                f.write_str(if items.len() == 1 { ",)" } else { ")" })
            }
            Ty::Record(fields) => {
                f.write_str("(")?;
                for (at, (name, item)) in fields.iter().enumerate() {
                    write!(f, "{}{name} = {item}", if at > 0 { ", " } else { "" })?;
                }
                f.write_str(")")
            }
            Ty::Function(_) => f.write_str("function"),
            Ty::Dataset(dataset) => write!(f, "dataset {}", dataset.path),
            Ty::Grouped(grouped) => write!(f, "{grouped}"),
            Ty::Module(name) => write!(f, "module {name}"),
            Ty::Unit => f.write_str("nothing"),
            Ty::Error => f.write_str("error"),
        }
    }
}
