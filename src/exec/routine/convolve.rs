//! Convolutions of lines, term by term. Integers wrap.

use super::Core;
use crate::array::DType;
use crate::base::{Code, Diagnostic, Outcome};
use bytemuck::{Pod, cast_slice, cast_slice_mut};
use num_complex::Complex;

/// Adds a line, multiplied with a number, to another.
trait Number: Pod {
    fn add(to: &mut [Self], line: &[Self], by: Self);
}

macro_rules! numbers {
    ($($ty:ty, $add:expr);*) => {$(
        impl Number for $ty {
            fn add(to: &mut [$ty], line: &[$ty], by: $ty) {
                to.iter_mut().zip(line).for_each(|(to, value)| *to = $add(*to, *value, by));
            }
        }
    )*};
}
numbers! {
    i8, |to: i8, value: i8, by: i8| to.wrapping_add(value.wrapping_mul(by));
    i16, |to: i16, value: i16, by: i16| to.wrapping_add(value.wrapping_mul(by));
    i32, |to: i32, value: i32, by: i32| to.wrapping_add(value.wrapping_mul(by));
    i64, |to: i64, value: i64, by: i64| to.wrapping_add(value.wrapping_mul(by));
    u8, |to: u8, value: u8, by: u8| to.wrapping_add(value.wrapping_mul(by));
    u16, |to: u16, value: u16, by: u16| to.wrapping_add(value.wrapping_mul(by));
    u32, |to: u32, value: u32, by: u32| to.wrapping_add(value.wrapping_mul(by));
    u64, |to: u64, value: u64, by: u64| to.wrapping_add(value.wrapping_mul(by));
    f32, |to: f32, value: f32, by: f32| to + value * by;
    f64, |to: f64, value: f64, by: f64| to + value * by;
    Complex<f32>, |to: Complex<f32>, value: Complex<f32>, by: Complex<f32>| to + value * by;
    Complex<f64>, |to: Complex<f64>, value: Complex<f64>, by: Complex<f64>| to + value * by
}

/// (n), (m) → (n + m - 1).
pub fn work(core: Core) -> Outcome<()> {
    match core.batched.operands[0].dtype {
        DType::I8 => typed::<i8>(core),
        DType::I16 => typed::<i16>(core),
        DType::I32 => typed::<i32>(core),
        DType::I64 => typed::<i64>(core),
        DType::U8 => typed::<u8>(core),
        DType::U16 => typed::<u16>(core),
        DType::U32 => typed::<u32>(core),
        DType::U64 => typed::<u64>(core),
        DType::F32 => typed::<f32>(core),
        DType::F64 => typed::<f64>(core),
        DType::C64 => typed::<Complex<f32>>(core),
        DType::C128 => typed::<Complex<f64>>(core),
        other => Err(Diagnostic::new(Code::Internal, format!("a convolution of {other}"))),
    }
}

fn typed<T: Number>(mut core: Core) -> Outcome<()> {
    let (line, taps) = (cast_slice::<u8, T>(core.operands[0]), cast_slice::<u8, T>(core.operands[1]));
    let to = cast_slice_mut::<u8, T>(core.results[0]);
    to.fill(T::zeroed());
    for (at, tap) in taps.iter().enumerate() {
        T::add(&mut to[at..at + line.len()], line, *tap);
    }
    Ok(())
}
