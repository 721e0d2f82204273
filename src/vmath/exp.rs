//! The exponential family: exp, exp2, expm1, sinh, cosh, tanh.
//!
//! Method: x = n ln 2 + r with |r| <= ln 2 / 2 (Cody and Waite's two-part ln 2), then e^r = 1 + r + r² (C(r²) + r S(r²)) where cosh r = 1 + r² C and
//! sinh r = r + r³ S: C and S are minimax polynomials (Remez, `docs/minimax.py`). Functions that cancel near 0 keep r apart from the rest and add
//! with compensation. The short forms for f32 compute in f64 with polynomials to 2^-33.

use super::arith::{Arith, ROUND, poly, pow2, quick_two_sum, select, two_sum};
use super::kernel::Unary;
use std::f64::consts::{LN_2, LOG2_E};

/// ln 2 in two parts: the first has 32 bits, so that its product with an exponent is exact.
pub const LN2_HI: f64 = 0.6931471803691238;
pub const LN2_LO: f64 = 1.9082149292705877e-10;

/// (sinh r / r - 1) / r² in powers of r², to 2^-61.
const SINH: [f64; 5] = [0.16666666666666677, 0.008333333333321386, 0.00019841269886815857, 2.755724345164447e-06, 2.510932120231691e-08];
/// (cosh r - 1) / r² in powers of r², to 2^-58.
const COSH: [f64; 5] = [0.5000000000000013, 0.04166666666651047, 0.0013888888948355447, 2.4801488506671436e-05, 2.7631809961691804e-07];
/// The same to 2^-37 and 2^-34.
const SINH_SHORT: [f64; 3] = [0.1666666675476219, 0.008333288883180719, 0.0001990501193989135];
const COSH_SHORT: [f64; 3] = [0.5000000079328182, 0.04166626643061499, 0.00139462763103911];
/// (e^r - 1 - r) / r² in powers of r, to 2^-34.
const EXP_SHORT: [f64; 6] =
    [0.5000000067839754, 0.1666666586700681, 0.041666294364731876, 0.008333497339960656, 0.001394470354984754, 0.00019790298980279782];

/// Below this e^x is 0, above the other infinite.
const LOWEST: f64 = -746.0;
const HIGHEST: f64 = 710.0;

/// `x` within bounds; NaN stays NaN.
#[inline(always)]
fn clamp(x: f64, low: f64, high: f64) -> f64 {
    let x = if x > high { high } else { x };
    if x < low { low } else { x }
}

/// x = n ln 2 + r + tail: n as a float plus [`ROUND`], n, r, tail.
#[inline(always)]
fn reduce<A: Arith>(x: f64) -> (f64, f64, f64, f64) {
    let rounded = A::fma(x, LOG2_E, ROUND);
    let n = rounded - ROUND;
    let head = A::fma(n, -LN2_HI, x);
    let rest = n * LN2_LO;
    let r = head - rest;
    (rounded, n, r, (head - r) - rest)
}

/// p 2^n for n from -1077 to 1025, in two steps so that neither overflows or loses bits early.
#[inline(always)]
fn scale(p: f64, rounded: f64, n: f64) -> f64 {
    let low = n < 0.0;
    let first = rounded + select(low, 64.0, -64.0);
    p * pow2(first) * select(low, 1.0 / 18446744073709551616.0, 18446744073709551616.0)
}

/// e^(r + tail) for a reduced r.
#[inline(always)]
fn exp_reduced<A: Arith>(r: f64, tail: f64) -> f64 {
    let z = r * r;
    let rest = A::fma(r, poly::<A, 5>(z, &SINH), poly::<A, 5>(z, &COSH));
    1.0 + (r + A::fma(z, rest, tail))
}

/// e^(hi + lo), lo at most some ulps of hi.
#[inline(always)]
pub fn exp_of_sum<A: Arith>(hi: f64, lo: f64) -> f64 {
    let (rounded, n, r, tail) = reduce::<A>(clamp(hi, LOWEST, HIGHEST));
    let (r, tail) = quick_two_sum(r, tail + lo);
    scale(exp_reduced::<A>(r, tail), rounded, n)
}

/// e^x to about 2^-33, for x below 700 in size or NaN.
#[inline(always)]
pub fn exp_short<A: Arith>(x: f64) -> f64 {
    let rounded = A::fma(x, LOG2_E, ROUND);
    let r = A::fma(rounded - ROUND, -LN_2, x);
    A::fma(r * r, poly::<A, 6>(r, &EXP_SHORT), 1.0 + r) * pow2(rounded)
}

/// e^x - 1 as a sum of two.
#[inline(always)]
fn expm1_parts<A: Arith>(x: f64) -> (f64, f64) {
    let (rounded, _, r, tail) = reduce::<A>(clamp(x, -40.0, HIGHEST));
    let z = r * r;
    let rest = A::fma(r, poly::<A, 5>(z, &SINH), poly::<A, 5>(z, &COSH));
    let rest = A::fma(z, rest, A::fma(tail, r, tail));
    // Half of everything, as 2^1024 is no number.
    let s = pow2(rounded - 1.0);
    let (sum, error) = quick_two_sum(s - 0.5, s * r);
    (2.0 * sum, 2.0 * A::fma(s, rest, error))
}

/// Half of (cosh x, sinh x) for x from 0 to 711, each as a sum of two.
#[inline(always)]
fn half_cosh_sinh<A: Arith>(x: f64) -> ((f64, f64), (f64, f64)) {
    let (rounded, n, r, tail) = reduce::<A>(x);
    let z = r * r;
    let c = A::fma(z, poly::<A, 5>(z, &COSH), tail * r);
    let s = A::fma(z * r, poly::<A, 5>(z, &SINH), tail);
    // cosh = C (2^n + 2^-n) / 2 + S (2^n - 2^-n) / 2 and sinh with the two exchanged; here everything halved once more.
    let up = pow2(rounded - 2.0);
    let down = pow2(ROUND - (if n > 60.0 { 60.0 } else { n }) - 2.0);
    let (a, b) = (up + down, up - down);
    let cosh = (a, A::fma(b, r, A::fma(a, c, b * s)));
    let (product, product_error) = A::two_prod(a, r);
    let (head, error) = quick_two_sum(b, product);
    (cosh, (head, error + (A::fma(b, c, a * s) + select(A::FUSED, product_error, 0.0))))
}

/// cosh x and sinh x to about 2^-33 for x from 0 to 300.
#[inline(always)]
fn cosh_sinh_short<A: Arith>(x: f64) -> (f64, f64) {
    let rounded = A::fma(x, LOG2_E, ROUND);
    let r = A::fma(rounded - ROUND, -LN_2, x);
    let z = r * r;
    let c = A::fma(z, poly::<A, 3>(z, &COSH_SHORT), 1.0);
    let s = A::fma(z * r, poly::<A, 3>(z, &SINH_SHORT), r);
    let (up, down) = (pow2(rounded - 1.0), pow2(ROUND - (rounded - ROUND) - 1.0));
    let (a, b) = (up + down, up - down);
    (A::fma(a, c, b * s), A::fma(a, s, b * c))
}

pub struct Exp;

impl Unary<f64> for Exp {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        let (rounded, n, r, tail) = reduce::<A>(clamp(x, LOWEST, HIGHEST));
        scale(exp_reduced::<A>(r, tail), rounded, n)
    }
}

impl Unary<f32> for Exp {
    #[inline(always)]
    fn fast<A: Arith>(x: f32) -> f32 {
        exp_short::<A>(clamp(x as f64, -110.0, 90.0)) as f32
    }
}

pub struct Exp2;

impl Unary<f64> for Exp2 {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        let x = clamp(x, -1077.0, 1025.0);
        let rounded = x + ROUND;
        let n = rounded - ROUND;
        let t = x - n;
        let (r, tail) = A::two_prod(t, LN_2);
        scale(exp_reduced::<A>(r, select(A::FUSED, tail, 0.0)), rounded, n)
    }
}

impl Unary<f32> for Exp2 {
    #[inline(always)]
    fn fast<A: Arith>(x: f32) -> f32 {
        let x = clamp(x as f64, -160.0, 130.0);
        let rounded = x + ROUND;
        let r = (x - (rounded - ROUND)) * LN_2;
        (A::fma(r * r, poly::<A, 6>(r, &EXP_SHORT), 1.0 + r) * pow2(rounded)) as f32
    }
}

pub struct Expm1;

impl Unary<f64> for Expm1 {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        let (head, rest) = expm1_parts::<A>(x);
        select(x.abs() < 1e-300, x, head + rest)
    }
}

impl Unary<f32> for Expm1 {
    #[inline(always)]
    fn fast<A: Arith>(x: f32) -> f32 {
        let v = clamp(x as f64, -40.0, 90.0);
        let rounded = A::fma(v, LOG2_E, ROUND);
        let r = A::fma(rounded - ROUND, -LN_2, v);
        let s = pow2(rounded);
        // s e^r - 1 with s - 1 exact.
        let y = (s - 1.0) + s * A::fma(r * r, poly::<A, 6>(r, &EXP_SHORT), r);
        select(v == 0.0, v, y) as f32
    }
}

pub struct Sinh;

impl Unary<f64> for Sinh {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        let (_, (head, rest)) = half_cosh_sinh::<A>(clamp(x.abs(), 0.0, 710.6));
        select(x.abs() < 1e-300, x, (2.0 * (head + rest)).copysign(x))
    }
}

impl Unary<f32> for Sinh {
    #[inline(always)]
    fn fast<A: Arith>(x: f32) -> f32 {
        let (_, sinh) = cosh_sinh_short::<A>(clamp((x as f64).abs(), 0.0, 100.0));
        (sinh as f32).copysign(x)
    }
}

pub struct Cosh;

impl Unary<f64> for Cosh {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        let ((head, rest), _) = half_cosh_sinh::<A>(clamp(x.abs(), 0.0, 710.6));
        2.0 * (head + rest)
    }
}

impl Unary<f32> for Cosh {
    #[inline(always)]
    fn fast<A: Arith>(x: f32) -> f32 {
        let (cosh, _) = cosh_sinh_short::<A>(clamp((x as f64).abs(), 0.0, 100.0));
        cosh as f32
    }
}

pub struct Tanh;

impl Unary<f64> for Tanh {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        // E / (E + 2) with E = e^2a - 1, every rounding carried along.
        let (head, rest) = expm1_parts::<A>(2.0 * clamp(x.abs(), 0.0, 22.0));
        let (e, e_low) = quick_two_sum(head, rest);
        let (d, d_low) = two_sum(2.0, e);
        let inverse = 1.0 / d;
        let q = e * inverse;
        let (p, p_low) = A::two_prod(q, d);
        let y = A::fma(((e - p) - p_low) + (e_low - q * (d_low + e_low)), inverse, q);
        select(x.abs() < 1e-10, x, y.copysign(x))
    }
}

impl Unary<f32> for Tanh {
    #[inline(always)]
    fn fast<A: Arith>(x: f32) -> f32 {
        let (cosh, sinh) = cosh_sinh_short::<A>(clamp((x as f64).abs(), 0.0, 22.0));
        ((sinh / cosh) as f32).copysign(x)
    }
}
