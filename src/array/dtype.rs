//! Element types of arrays and scalars.

use super::Calendar;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The type of an element. `DateTime` is microseconds since 1970-01-01 in its calendar, `Duration` microseconds, both i64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DType {
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F32,
    F64,
    C64,
    C128,
    DateTime(Calendar),
    Duration,
}

impl DType {
    /// All dtypes with a name of their own in the language.
    pub const ALL: [DType; 15] = [
        DType::Bool,
        DType::I8,
        DType::I16,
        DType::I32,
        DType::I64,
        DType::U8,
        DType::U16,
        DType::U32,
        DType::U64,
        DType::F32,
        DType::F64,
        DType::C64,
        DType::C128,
        DType::DateTime(Calendar::Standard),
        DType::Duration,
    ];

    /// Bytes of one element.
    pub fn size(self) -> usize {
        match self {
            DType::Bool | DType::I8 | DType::U8 => 1,
            DType::I16 | DType::U16 => 2,
            DType::I32 | DType::U32 | DType::F32 => 4,
            DType::I64 | DType::U64 | DType::F64 | DType::C64 | DType::DateTime(_) | DType::Duration => 8,
            DType::C128 => 16,
        }
    }
    pub fn name(self) -> &'static str {
        match self {
            DType::Bool => "bool",
            DType::I8 => "i8",
            DType::I16 => "i16",
            DType::I32 => "i32",
            DType::I64 => "i64",
            DType::U8 => "u8",
            DType::U16 => "u16",
            DType::U32 => "u32",
            DType::U64 => "u64",
            DType::F32 => "f32",
            DType::F64 => "f64",
            DType::C64 => "c64",
            DType::C128 => "c128",
            DType::DateTime(_) => "datetime",
            DType::Duration => "duration",
        }
    }
    pub fn parse(name: &str) -> Option<DType> {
        DType::ALL.into_iter().find(|dtype| dtype.name() == name)
    }
    pub fn is_int(self) -> bool {
        self.is_signed() || self.is_unsigned()
    }
    pub fn is_signed(self) -> bool {
        matches!(self, DType::I8 | DType::I16 | DType::I32 | DType::I64)
    }
    pub fn is_unsigned(self) -> bool {
        matches!(self, DType::U8 | DType::U16 | DType::U32 | DType::U64)
    }
    pub fn is_float(self) -> bool {
        matches!(self, DType::F32 | DType::F64)
    }
    pub fn is_complex(self) -> bool {
        matches!(self, DType::C64 | DType::C128)
    }
    /// Integers, floats and complex numbers.
    pub fn is_numeric(self) -> bool {
        self.is_int() || self.is_float() || self.is_complex()
    }
    pub fn is_time(self) -> bool {
        matches!(self, DType::DateTime(_) | DType::Duration)
    }
    /// The dtype of the parts of a complex dtype; any other dtype itself.
    pub fn real(self) -> DType {
        match self {
            DType::C64 => DType::F32,
            DType::C128 => DType::F64,
            other => other,
        }
    }
    /// The complex dtype whose parts are of this float dtype.
    pub fn complex(self) -> DType {
        match self {
            DType::F32 | DType::C64 => DType::C64,
            _ => DType::C128,
        }
    }
    /// What compiled code computes with: datetime and duration are i64.
    pub fn storage(self) -> DType {
        if self.is_time() { DType::I64 } else { self }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DType::DateTime(calendar) if *calendar != Calendar::Standard => write!(f, "datetime({calendar})"),
            other => f.write_str(other.name()),
        }
    }
}
