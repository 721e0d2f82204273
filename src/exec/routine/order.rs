//! Sorting lines. NaN and instants that are none stand last, ascending or descending, as NumPy and pandas have them.

use super::Core;
use crate::array::DType;
use crate::array::calendar::NAT;
use crate::base::{Code, Diagnostic, Outcome};
use bytemuck::Pod;
use std::cmp::Ordering;

/// Elements that have an order.
trait Key: Pod {
    fn compare(&self, other: &Self) -> Ordering;
    /// Whether it stands last whatever the direction.
    fn is_missing(&self) -> bool {
        false
    }
}

macro_rules! integers {
    ($($ty:ty),*) => {$(
        impl Key for $ty {
            fn compare(&self, other: &Self) -> Ordering {
                self.cmp(other)
            }
        }
    )*};
}
integers!(i8, i16, i32, i64, u8, u16, u32, u64);

macro_rules! floats {
    ($($ty:ty),*) => {$(
        impl Key for $ty {
            fn compare(&self, other: &Self) -> Ordering {
                self.partial_cmp(other).unwrap_or(Ordering::Equal)
            }
            fn is_missing(&self) -> bool {
                self.is_nan()
            }
        }
    )*};
}
floats!(f32, f64);

/// An instant or a duration.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
struct Time(i64);

impl Key for Time {
    fn compare(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
    fn is_missing(&self) -> bool {
        self.0 == NAT
    }
}

/// Calls a function generic over the elements for a dtype.
macro_rules! by_dtype {
    ($dtype:expr, $function:ident($($arg:expr),*)) => {
        match $dtype {
            DType::Bool | DType::U8 => $function::<u8>($($arg),*),
            DType::I8 => $function::<i8>($($arg),*),
            DType::I16 => $function::<i16>($($arg),*),
            DType::I32 => $function::<i32>($($arg),*),
            DType::I64 => $function::<i64>($($arg),*),
            DType::U16 => $function::<u16>($($arg),*),
            DType::U32 => $function::<u32>($($arg),*),
            DType::U64 => $function::<u64>($($arg),*),
            DType::F32 => $function::<f32>($($arg),*),
            DType::F64 => $function::<f64>($($arg),*),
            DType::DateTime(_) | DType::Duration => $function::<Time>($($arg),*),
            DType::C64 | DType::C128 => Err(Diagnostic::new(Code::Internal, "complex numbers have no order")),
        }
    };
}

/// Elements of memory that the pool aligns for every dtype.
fn elements<T: Pod>(bytes: &[u8]) -> &[T] {
    bytemuck::cast_slice(bytes)
}

fn order<T: Key>(a: &T, b: &T, descending: bool) -> Ordering {
    match (a.is_missing(), b.is_missing()) {
        (false, false) if descending => b.compare(a),
        (false, false) => a.compare(b),
        (a, b) => a.cmp(&b),
    }
}

/// (n) → (n).
pub fn sort(core: Core, descending: bool) -> Outcome<()> {
    fn line<T: Key>(core: Core, descending: bool) -> Outcome<()> {
        for (from, to) in core.operands.iter().zip(core.results) {
            to.copy_from_slice(from);
            bytemuck::cast_slice_mut::<u8, T>(to).sort_unstable_by(|a, b| order(a, b, descending));
        }
        Ok(())
    }
    by_dtype!(core.batched.operands[0].dtype, line(core, descending))
}

/// (n) → (n): positions; equal elements keep their order.
pub fn argsort(core: Core, descending: bool) -> Outcome<()> {
    fn line<T: Key>(core: Core, descending: bool) -> Outcome<()> {
        for (from, to) in core.operands.iter().zip(core.results) {
            let from = elements::<T>(from);
            let positions = bytemuck::cast_slice_mut::<u8, i64>(to);
            positions.iter_mut().enumerate().for_each(|(at, position)| *position = at as i64);
            positions.sort_by(|a, b| order(&from[*a as usize], &from[*b as usize], descending));
        }
        Ok(())
    }
    by_dtype!(core.batched.operands[0].dtype, line(core, descending))
}
