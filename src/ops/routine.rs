//! The functions behind `Routine`, on bits: what the evaluator calls, and compiled code through an address.

use super::emit::{Prim, Routine};
use crate::vmath;

/// Runs a routine on the bits of its arguments (missing ones are 0) and gives the bits of its result.
pub fn call(routine: Routine, args: &[u64]) -> u64 {
    let arg = |at: usize| args.get(at).copied().unwrap_or(0);
    match routine {
        Routine::Math(Prim::F32, math) => {
            let (x, y) = (f32::from_bits(arg(0) as u32), f32::from_bits(arg(1) as u32));
            vmath::scalar_f32(math, x, y).to_bits().into()
        }
        Routine::Math(_, math) => vmath::scalar_f64(math, f64::from_bits(arg(0)), f64::from_bits(arg(1))).to_bits(),
        Routine::PowInt => pow_int(arg(0), arg(1)),
        Routine::Gcd => gcd(arg(0), arg(1)),
        Routine::Quantile(quantile) => {
            let [u, a, b, c] = [0, 1, 2, 3].map(|at| f64::from_bits(arg(at)));
            quantile.at(u, a, b, c).to_bits()
        }
        Routine::PowOverflowsS => pow_overflows_signed(arg(0) as i64, arg(1), arg(2)).into(),
        Routine::PowOverflowsU => pow_overflows_unsigned(arg(0), arg(1), arg(2)).into(),
    }
}

/// `base` to the power `exponent`, modulo 2^64.
pub fn pow_int(base: u64, exponent: u64) -> u64 {
    let (mut power, mut base, mut left) = (1u64, base, exponent);
    while left > 0 {
        if left & 1 == 1 {
            power = power.wrapping_mul(base);
        }
        base = base.wrapping_mul(base);
        left >>= 1;
    }
    power
}

/// The greatest common divisor, by Euclid; of 0 and n it is n.
pub fn gcd(a: u64, b: u64) -> u64 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Is the power outside the signed integers of `bits` bits?
pub fn pow_overflows_signed(base: i64, exponent: u64, bits: u64) -> bool {
    if (-1..=1).contains(&base) {
        return false;
    }
    let power = u32::try_from(exponent).ok().and_then(|n| base.checked_pow(n));
    !power.is_some_and(|power| bits >= 64 || (power >> (bits - 1)) == (power >> 63))
}

/// Is the power outside the unsigned integers of `bits` bits?
pub fn pow_overflows_unsigned(base: u64, exponent: u64, bits: u64) -> bool {
    if base <= 1 {
        return false;
    }
    let power = u32::try_from(exponent).ok().and_then(|n| base.checked_pow(n));
    !power.is_some_and(|power| bits >= 64 || power >> bits == 0)
}
