//! One element of any dtype, as its bits.

use super::DType;
use serde::{Deserialize, Serialize};

/// A scalar value: its dtype and its bits, little-endian in the low bytes (a complex number has the real part low).
/// Equality is of bits, so that graphs can hash constants: NaN equals the same NaN, 0.0 differs from -0.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Scalar {
    pub dtype: DType,
    pub bits: u128,
}

impl Scalar {
    pub fn bool(value: bool) -> Scalar {
        Scalar { dtype: DType::Bool, bits: value as u128 }
    }
    pub fn i64(value: i64) -> Scalar {
        Scalar { dtype: DType::I64, bits: value as u64 as u128 }
    }
    pub fn f64(value: f64) -> Scalar {
        Scalar { dtype: DType::F64, bits: value.to_bits() as u128 }
    }
    pub fn f32(value: f32) -> Scalar {
        Scalar { dtype: DType::F32, bits: value.to_bits() as u128 }
    }
    /// An integer (or datetime, duration, bool) of a dtype; wraps as a cast does. Not for floats.
    pub fn int(dtype: DType, value: i128) -> Scalar {
        let mask = (1u128 << (dtype.size() * 8)) - 1;
        Scalar { dtype, bits: value as u128 & mask }
    }
    /// A float or complex number of a dtype from its parts, rounded once.
    pub fn float(dtype: DType, re: f64, im: f64) -> Scalar {
        let bits = match dtype {
            DType::F32 => (re as f32).to_bits() as u128,
            DType::C64 => (re as f32).to_bits() as u128 | ((im as f32).to_bits() as u128) << 32,
            DType::C128 => re.to_bits() as u128 | (im.to_bits() as u128) << 64,
            _ => re.to_bits() as u128,
        };
        Scalar { dtype, bits }
    }
    /// Reads an element from its bytes (native order).
    pub fn read(dtype: DType, bytes: &[u8]) -> Scalar {
        let mut all = [0u8; 16];
        all[..dtype.size()].copy_from_slice(&bytes[..dtype.size()]);
        Scalar { dtype, bits: u128::from_le_bytes(all) }
    }
    /// Writes the element's bytes (native order).
    pub fn write(self, bytes: &mut [u8]) {
        let size = self.dtype.size();
        bytes[..size].copy_from_slice(&self.bits.to_le_bytes()[..size]);
    }
    /// The value of an integer, bool, datetime or duration.
    pub fn as_int(self) -> Option<i128> {
        let bits = self.bits;
        Some(match self.dtype {
            DType::Bool => (bits != 0) as i128,
            DType::I8 => bits as u8 as i8 as i128,
            DType::I16 => bits as u16 as i16 as i128,
            DType::I32 => bits as u32 as i32 as i128,
            DType::I64 | DType::DateTime(_) | DType::Duration => bits as u64 as i64 as i128,
            DType::U8 | DType::U16 | DType::U32 | DType::U64 => bits as i128,
            _ => return None,
        })
    }
    /// The value as f64; of a complex number the real part.
    pub fn as_f64(self) -> f64 {
        match self.dtype {
            DType::F32 | DType::C64 => f32::from_bits(self.bits as u32) as f64,
            DType::F64 | DType::C128 => f64::from_bits(self.bits as u64),
            _ => self.as_int().unwrap_or(0) as f64,
        }
    }
    /// The imaginary part; zero for dtypes that have none.
    pub fn imag(self) -> f64 {
        match self.dtype {
            DType::C64 => f32::from_bits((self.bits >> 32) as u32) as f64,
            DType::C128 => f64::from_bits((self.bits >> 64) as u64),
            _ => 0.0,
        }
    }
    pub fn as_bool(self) -> Option<bool> {
        (self.dtype == DType::Bool).then_some(self.bits != 0)
    }
    /// Converts as NumPy's `astype` does: floats to integers truncate (saturating, NaN to 0), integers wrap, complex to real drops the
    /// imaginary part. This is the reference for the compiled cast.
    pub fn cast(self, to: DType) -> Scalar {
        if to == self.dtype {
            return self;
        }
        match to {
            DType::Bool => Scalar::bool(self.as_f64() != 0.0 || self.imag() != 0.0),
            DType::F32 | DType::F64 | DType::C64 | DType::C128 => match self.as_int() {
                Some(value) if to.real() == DType::F32 => Scalar::float(to, value as f32 as f64, 0.0),
                Some(value) => Scalar::float(to, value as f64, 0.0),
                None => Scalar::float(to, self.as_f64(), self.imag()),
            },
            _ => match self.as_int() {
                Some(value) => Scalar::int(to, value),
                None => Scalar::int(to, float_to_int(self.as_f64(), to)),
            },
        }
    }
}

fn float_to_int(value: f64, to: DType) -> i128 {
    let bits = to.size() as u32 * 8;
    let (low, high) = if to.is_unsigned() { (0, (1i128 << bits) - 1) } else { (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1) };
    (value as i128).clamp(low, high)
}
