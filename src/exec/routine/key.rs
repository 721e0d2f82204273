//! Elements as unsigned integers of their own width in the order of the elements: what sorts, selects and counts digit by digit. What is missing
//! (NaN, an instant that is none) is the largest key, ascending or descending, as NumPy and pandas have it.

use crate::array::calendar::NAT;
use bytemuck::Pod;

/// An unsigned integer.
pub trait Bits: Pod + Ord + Send + Sync {
    const WIDTH: u32;
    const MAX: Self;
    fn wide(self) -> u64;
    /// The low bits.
    fn narrow(wide: u64) -> Self;
}

macro_rules! bits {
    ($($ty:ty),*) => {$(
        impl Bits for $ty {
            const WIDTH: u32 = <$ty>::BITS;
            const MAX: Self = <$ty>::MAX;
            fn wide(self) -> u64 {
                self as u64
            }
            fn narrow(wide: u64) -> Self {
                wide as $ty
            }
        }
    )*};
}
bits!(u8, u16, u32, u64);

/// An element that has an order.
pub trait Key: Pod + Send + Sync {
    type Bits: Bits;
    /// Whether an element can be missing.
    const MISSING: bool;
    /// Ascending. A negative zero stands before a positive one.
    fn key(self) -> Self::Bits;
    /// The element of a key.
    fn value(key: Self::Bits) -> Self;
    /// The element where zeros are equal: what a stable order compares.
    fn leveled(self) -> Self {
        self
    }
    fn to_f64(self) -> f64;
    /// The nearest element.
    fn from_f64(value: f64) -> Self;
}

/// A key for the other direction, and back.
pub fn directed<T: Key>(key: T::Bits, descending: bool) -> T::Bits {
    let wide = key.wide();
    match descending {
        false => key,
        true if !T::MISSING => T::Bits::narrow(!wide),
        true if key == T::Bits::MAX => key,
        true => T::Bits::narrow((!wide).wrapping_sub(1)),
    }
}

macro_rules! unsigned {
    ($($ty:ty),*) => {$(
        impl Key for $ty {
            type Bits = $ty;
            const MISSING: bool = false;
            fn key(self) -> $ty {
                self
            }
            fn value(key: $ty) -> $ty {
                key
            }
            fn to_f64(self) -> f64 {
                self as f64
            }
            fn from_f64(value: f64) -> $ty {
                value as $ty
            }
        }
    )*};
}
unsigned!(u8, u16, u32, u64);

macro_rules! signed {
    ($($ty:ty, $bits:ty);*) => {$(
        impl Key for $ty {
            type Bits = $bits;
            const MISSING: bool = false;
            fn key(self) -> $bits {
                self as $bits ^ (1 << (<$bits>::BITS - 1))
            }
            fn value(key: $bits) -> $ty {
                (key ^ (1 << (<$bits>::BITS - 1))) as $ty
            }
            fn to_f64(self) -> f64 {
                self as f64
            }
            fn from_f64(value: f64) -> $ty {
                value as $ty
            }
        }
    )*};
}
signed!(i8, u8; i16, u16; i32, u32; i64, u64);

macro_rules! floats {
    ($($ty:ty, $bits:ty);*) => {$(
        impl Key for $ty {
            type Bits = $bits;
            const MISSING: bool = true;
            fn key(self) -> $bits {
                let bits = self.to_bits();
                let sign = 1 << (<$bits>::BITS - 1);
                if self.is_nan() {
                    <$bits>::MAX
                } else if bits & sign == 0 {
                    bits | sign
                } else {
                    !bits
                }
            }
            fn value(key: $bits) -> $ty {
                let sign = 1 << (<$bits>::BITS - 1);
                if key == <$bits>::MAX { <$ty>::NAN } else { <$ty>::from_bits(if key & sign == 0 { !key } else { key ^ sign }) }
            }
            fn leveled(self) -> $ty {
                self + 0.0
            }
            fn to_f64(self) -> f64 {
                self as f64
            }
            fn from_f64(value: f64) -> $ty {
                value as $ty
            }
        }
    )*};
}
floats!(f32, u32; f64, u64);

/// An instant or a duration.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub struct Time(i64);

impl Key for Time {
    type Bits = u64;
    const MISSING: bool = true;
    fn key(self) -> u64 {
        // None at all is the smallest integer: one less is the largest key.
        (self.0 as u64 ^ (1 << 63)).wrapping_sub(1)
    }
    fn value(key: u64) -> Time {
        Time((key.wrapping_add(1) ^ (1 << 63)) as i64)
    }
    fn to_f64(self) -> f64 {
        if self.0 == NAT { f64::NAN } else { self.0 as f64 }
    }
    fn from_f64(value: f64) -> Time {
        Time(if value.is_nan() { NAT } else { value.round_ties_even() as i64 })
    }
}

/// Calls a function generic over the elements for a dtype.
macro_rules! by_dtype {
    ($dtype:expr, $function:ident($($arg:expr),*)) => {
        match $dtype {
            crate::array::DType::Bool | crate::array::DType::U8 => $function::<u8>($($arg),*),
            crate::array::DType::I8 => $function::<i8>($($arg),*),
            crate::array::DType::I16 => $function::<i16>($($arg),*),
            crate::array::DType::I32 => $function::<i32>($($arg),*),
            crate::array::DType::I64 => $function::<i64>($($arg),*),
            crate::array::DType::U16 => $function::<u16>($($arg),*),
            crate::array::DType::U32 => $function::<u32>($($arg),*),
            crate::array::DType::U64 => $function::<u64>($($arg),*),
            crate::array::DType::F32 => $function::<f32>($($arg),*),
            crate::array::DType::F64 => $function::<f64>($($arg),*),
            crate::array::DType::DateTime(_) | crate::array::DType::Duration => $function::<$crate::exec::routine::key::Time>($($arg),*),
            crate::array::DType::C64 | crate::array::DType::C128 => {
                Err(crate::base::Diagnostic::new(crate::base::Code::Internal, "complex numbers have no order"))
            }
        }
    };
}
pub(super) use by_dtype;

/// Elements of memory that the pool aligns for every dtype.
pub fn elements<T: Pod>(bytes: &[u8]) -> &[T] {
    bytemuck::cast_slice(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ascending<T: Key>(values: &[T]) {
        for descending in [false, true] {
            let keys: Vec<T::Bits> = values.iter().map(|value| directed::<T>(value.key(), descending)).collect();
            let (last, others) = keys.split_last().unwrap();
            assert!(others.windows(2).all(|pair| if descending { pair[0] > pair[1] } else { pair[0] < pair[1] }));
            assert!(others.iter().all(|key| !T::MISSING || key < last));
            for (key, value) in keys.iter().zip(values) {
                let back = T::value(directed::<T>(*key, descending));
                assert!(bytemuck::bytes_of(&back) == bytemuck::bytes_of(value) || back.to_f64().is_nan() && value.to_f64().is_nan());
            }
        }
    }

    #[test]
    fn keys_have_the_order_of_the_elements_and_give_them_back() {
        ascending(&[f64::NEG_INFINITY, f64::MIN, -1.5, -f64::MIN_POSITIVE, -0.0, 0.0, 5e-324, 2.0, f64::MAX, f64::INFINITY, -f64::NAN]);
        ascending(&[f32::NEG_INFINITY, -1.5, -0.0, 0.0, 1e-45, 2.0, f32::MAX, f32::INFINITY, f32::NAN]);
        ascending(&[i64::MIN + 1, -1, 0, 1, i64::MAX, NAT].map(Time));
        ascending(&[i8::MIN, -1, 0, 1, i8::MAX]);
        ascending(&[i64::MIN, -1, 0, 1, i64::MAX]);
        ascending(&[0u16, 1, u16::MAX]);
    }
}
