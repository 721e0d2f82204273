//! Logarithms and what is a logarithm inside: log, log1p, log2, log10, asinh, acosh, atanh, and the double-double log for pow.
//!
//! Method (as in Ng's log of FreeBSD msun, 1993): x = 2^k (1 + f) with √½ <= 1 + f < √2, s = f / (2 + f),
//! log(1 + f) = f - (f²/2 - s (f²/2 + R)) where s R = 2 atanh s - 2 s. R is a minimax polynomial in s² (Remez, `docs/minimax.py`).
//! The short form for f32 is one polynomial in f, to 2^-33, without a division.

use super::arith::{Arith, ONE, ROUND, TWO52, TWO54, poly, pow2, quick_two_sum, select, two_sum};
use super::exp::{LN2_HI, LN2_LO};
use super::kernel::{Unary, f32_through_f64};
use std::f64::consts::LN_2;

/// (2 atanh(s) / s - 2) / s² in powers of s², to 2^-58 of the logarithm.
const LOG: [f64; 7] = [
    0.6666666666666734,
    0.3999999999941654,
    0.285714287420652,
    0.222221986000902,
    0.18183563159813448,
    0.1531407581539141,
    0.1479573389874363,
];
/// The same without its first term, which is 2/3, to 2^-73 of the logarithm.
const LOG_TAIL: [f64; 8] = [
    0.3999999999999998,
    0.2857142857144384,
    0.22222222217789595,
    0.1818181884403095,
    0.15384558424642703,
    0.13336264693579591,
    0.11675775964064067,
    0.1198179879855485,
];
/// (log(1 + f) - f) / f² in powers of f, to 2^-33 of the logarithm.
const LOG_SHORT: [f64; 11] = [
    -0.5000000028443753,
    0.33333331980826403,
    -0.24999938061955368,
    0.20000096563610392,
    -0.16670330189041624,
    0.1428569759535697,
    -0.12412600146704993,
    0.11021056113169808,
    -0.10870753046523386,
    0.10727369385997756,
    -0.05994086831761443,
];

/// 2/3, 1 / ln 2, 1 / ln 10 and log10 2 in two parts. The first parts of the last three have 31 bits.
const TWO_THIRDS: (f64, f64) = (2.0 / 3.0, 3.700743415417188e-17);
const INV_LN2: (f64, f64) = (1.442695040255785, 6.331784189566044e-10);
const INV_LN10: (f64, f64) = (0.43429448176175356, 1.414982685385801e-10);
const LOG10_2: (f64, f64) = (0.3010299955494702, 1.1451100898021838e-10);

/// The bits of √½.
const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;

/// x = 2^k m with √½ <= m < √2 for a positive, finite, normal x. Else nonsense, no panic.
#[inline(always)]
fn split_normal(x: f64) -> (f64, f64) {
    let bits = x.to_bits().wrapping_add(ONE - SQRT_HALF);
    let k = f64::from_bits((bits >> 52) | TWO52.to_bits()) - (TWO52 + 1023.0);
    (k, f64::from_bits((bits & 0x000f_ffff_ffff_ffff) + SQRT_HALF))
}

/// As [`split_normal`], for subnormal numbers too.
#[inline(always)]
pub fn split(x: f64) -> (f64, f64) {
    let subnormal = x < f64::MIN_POSITIVE;
    let (k, m) = split_normal(select(subnormal, x * TWO54, x));
    (k - select(subnormal, 54.0, 0.0), m)
}

/// f²/2 and s (f²/2 + R), from which log(1 + f) = f - (the first - the second).
#[inline(always)]
fn log_terms<A: Arith>(f: f64) -> (f64, f64) {
    let s = f / (2.0 + f);
    let z = s * s;
    let half_square = 0.5 * f * f;
    (half_square, s * A::fma(z, poly::<A, 7>(z, &LOG), half_square))
}

/// `y`, or what a logarithm of `x` is at and beyond the ends of its domain.
#[inline(always)]
fn at_ends(x: f64, y: f64) -> f64 {
    let y = select(x == 0.0, -f64::INFINITY, y);
    let y = select(x < 0.0, f64::NAN, y);
    select(x < f64::INFINITY, y, x)
}

/// log(1 + f + tail) + k ln 2, tail being below f's last place or k = 0 and tail = 0.
#[inline(always)]
fn log_sum<A: Arith>(k: f64, f: f64, tail: f64) -> f64 {
    let (half_square, rest) = log_terms::<A>(f);
    // d log(1 + f) = tail / (1 + f), three digits of it suffice.
    let slope = A::fma(f, A::fma(f, A::fma(f, -0.8, 1.0), -1.0), 1.0);
    let low = A::fma(k, LN2_LO, rest) + tail * slope;
    A::fma(k, LN2_HI, f - (half_square - low))
}

/// log x to about 2^-52, relative to 1 or itself, for normal positive finite x.
#[inline(always)]
pub fn log_normal<A: Arith>(x: f64) -> f64 {
    let (k, m) = split_normal(x);
    let f = m - 1.0;
    let (half_square, rest) = log_terms::<A>(f);
    A::fma(k, LN2_HI, f - (half_square - A::fma(k, LN2_LO, rest)))
}

/// log x as a sum of two numbers to about 2^-66, for positive finite x.
#[inline(always)]
pub fn log_pair<A: Arith>(x: f64) -> (f64, f64) {
    let (k, m) = split(x);
    let f = m - 1.0;
    let (d, d_low) = quick_two_sum(2.0, f);
    let inverse = 1.0 / d;
    let s = f * inverse;
    let (p, p_low) = A::two_prod(s, d);
    let s_low = (((f - p) - p_low) - s * d_low) * inverse;
    let (z, z_low) = A::two_prod(s, s);
    let z_low = A::fma(2.0 * s, s_low, z_low);
    // 2 atanh s = 2 s + s³ (2/3 + z …), the second term in two parts too.
    let (c, c_low) = quick_two_sum(TWO_THIRDS.0, z * poly::<A, 8>(z, &LOG_TAIL));
    let c_low = c_low + TWO_THIRDS.1;
    let (cube, cube_low) = A::two_prod(s, z);
    let cube_low = cube_low + A::fma(s, z_low, s_low * z);
    let (t, t_low) = A::two_prod(cube, c);
    let t_low = t_low + A::fma(cube, c_low, cube_low * c);
    let (log, log_low) = quick_two_sum(2.0 * s, t);
    let log_low = log_low + A::fma(2.0, s_low, t_low);
    let (sum, sum_low) = quick_two_sum(k * LN2_HI, log);
    quick_two_sum(sum, sum_low + A::fma(k, LN2_LO, log_low))
}

/// log(m) for √½ <= m < √2 to about 2^-33.
#[inline(always)]
fn log_short<A: Arith>(f: f64) -> f64 {
    A::fma(f * f, poly::<A, 11>(f, &LOG_SHORT), f)
}

/// (k c + log(1 + f)) for x = 2^k (1 + f), as f32; `c` is ln 2 over the log of the base, `b` one over it.
#[inline(always)]
fn log_f32<A: Arith>(x: f32, c: f64, b: f64) -> f32 {
    let x = x as f64;
    let (k, m) = split_normal(x);
    at_ends(x, A::fma(k, c, b * log_short::<A>(m - 1.0))) as f32
}

pub struct Log;

impl Unary<f64> for Log {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        let (k, m) = split(x);
        let f = m - 1.0;
        let (half_square, rest) = log_terms::<A>(f);
        at_ends(x, A::fma(k, LN2_HI, f - (half_square - A::fma(k, LN2_LO, rest))))
    }
}

impl Unary<f32> for Log {
    #[inline(always)]
    fn fast<A: Arith>(x: f32) -> f32 {
        log_f32::<A>(x, LN_2, 1.0)
    }
}

/// log x / log base, where base^k = 2^e times: k `per_octave` + log(1 + f) `inverse`, in compensated arithmetic.
#[inline(always)]
fn log_base<A: Arith>(x: f64, per_octave: (f64, f64), inverse: (f64, f64)) -> f64 {
    let (k, m) = split(x);
    let f = m - 1.0;
    let (half_square, rest) = log_terms::<A>(f);
    // The head has 21 bits: its product with the 31 bits of the inverse is exact.
    let head = f64::from_bits((f - half_square).to_bits() & 0xffff_ffff_0000_0000);
    let low = ((f - head) - half_square) + rest;
    let (sum, error) = quick_two_sum(k * per_octave.0, head * inverse.0);
    let low = A::fma(low + head, inverse.1, A::fma(low, inverse.0, A::fma(k, per_octave.1, error)));
    at_ends(x, sum + low)
}

pub struct Log2;

impl Unary<f64> for Log2 {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        log_base::<A>(x, (1.0, 0.0), INV_LN2)
    }
}

impl Unary<f32> for Log2 {
    #[inline(always)]
    fn fast<A: Arith>(x: f32) -> f32 {
        log_f32::<A>(x, 1.0, std::f64::consts::LOG2_E)
    }
}

pub struct Log10;

impl Unary<f64> for Log10 {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        log_base::<A>(x, LOG10_2, INV_LN10)
    }
}

impl Unary<f32> for Log10 {
    #[inline(always)]
    fn fast<A: Arith>(x: f32) -> f32 {
        log_f32::<A>(x, std::f64::consts::LOG10_2, std::f64::consts::LOG10_E)
    }
}

/// log(2^extra (1 + x + low)) for x > -1, finite; `low` is below x's last place.
#[inline(always)]
fn log1p_sum<A: Arith>(x: f64, low: f64, extra: f64) -> f64 {
    let (u, c) = two_sum(1.0, x);
    let (k, m) = split_normal(u);
    // The error of 1 + x, in the scale of m; far out it is nothing.
    let small_k = if k > 60.0 { 60.0 } else { k };
    let c = (c + low) * pow2(ROUND - small_k);
    let near = x > -0.2928 && x < 0.4142;
    log_sum::<A>(select(near, 0.0, k) + extra, select(near, x, m - 1.0), select(near, low, c))
}

pub struct Log1p;

impl Unary<f64> for Log1p {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        let y = log1p_sum::<A>(x, 0.0, 0.0);
        let y = select(x == -1.0, -f64::INFINITY, y);
        let y = select(x < -1.0, f64::NAN, y);
        let y = select(x < f64::INFINITY, y, x);
        select(x.abs() < 1e-20, x, y)
    }
}

impl Unary<f32> for Log1p {
    #[inline(always)]
    fn fast<A: Arith>(x: f32) -> f32 {
        let v = x as f64;
        let near = v > -0.2928 && v < 0.4142;
        // 1 + x is exact in f64 down to 2^-29 and log1p x = x - x²/2 below.
        let (k, m) = split_normal(1.0 + v);
        let y = A::fma(select(near, 0.0, k), LN_2, log_short::<A>(select(near, v, m - 1.0)));
        select(v == 0.0, v, at_ends(1.0 + v, y)) as f32
    }
}

/// Where asinh and acosh are log(2 x) to the last bit.
const FAR: f64 = 268435456.0; // 2^28

pub struct Asinh;

impl Unary<f64> for Asinh {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        let a = x.abs();
        let far = a > FAR;
        let b = select(far, 1.0, a);
        let root = A::fma(b, b, 1.0).sqrt();
        // asinh a = log1p(a + a² / (1 + √(1 + a²)))
        let (sum, low) = quick_two_sum(b, b * b / (1.0 + root));
        let y = log1p_sum::<A>(select(far, a - 1.0, sum), select(far, 0.0, low), select(far, 1.0, 0.0));
        let y = select(a < 1e-10, a, y);
        select(a < f64::INFINITY, y, a).copysign(x)
    }
}

pub struct Acosh;

impl Unary<f64> for Acosh {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        let far = x > FAR;
        let t = select(far, 1.0, x - 1.0);
        // acosh(1 + t) = log1p(t + √(t² + 2 t))
        let (sum, low) = two_sum(t, A::fma(t, t, 2.0 * t).sqrt());
        let y = log1p_sum::<A>(select(far, x - 1.0, sum), select(far, 0.0, low), select(far, 1.0, 0.0));
        let y = select(x < 1.0, f64::NAN, y);
        select(x < f64::INFINITY, y, x)
    }
}

pub struct Atanh;

impl Unary<f64> for Atanh {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        let a = x.abs();
        // atanh a = ½ log1p(2 a / (1 - a)), the quotient with its error.
        let d = 1.0 - a;
        let d_low = (1.0 - d) - a;
        let inverse = 1.0 / d;
        let q = 2.0 * a * inverse;
        let (p, p_low) = A::two_prod(q, d);
        let q_low = (((2.0 * a - p) - p_low) - q * d_low) * inverse;
        let y = 0.5 * log1p_sum::<A>(q, q_low, 0.0);
        let y = select(a == 1.0, f64::INFINITY, y);
        let y = select(a > 1.0, f64::NAN, y);
        select(a < 1e-10, a, y).copysign(x)
    }
}

f32_through_f64! { Asinh Acosh Atanh }
