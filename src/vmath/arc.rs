//! asin, acos, atan, atan2.
//!
//! asin: for |x| > ½ through asin x = π/2 - 2 asin √((1 - x)/2) (as in FreeBSD msun), then s + s w P(w) with w = s².
//! atan: for |x| > 1 through atan x = π/2 - atan 1/x, then z + z³ P(z²) on [0, 1].
//! P are minimax polynomials (Remez, `docs/minimax.py`); the short ones for f32 go to 2^-33.

use super::arith::{Arith, poly, quick_two_sum, select};
use super::kernel::{Binary, Unary};
use std::f64::consts::{FRAC_PI_2, PI};

/// (asin(s) / s - 1) / s² in powers of s² for s <= ½, to 2^-59 and 2^-35.
const ASIN: [f64; 13] = [
    0.16666666666666763,
    0.0749999999997013,
    0.0446428571752525,
    0.03038194267701196,
    0.022372215854038396,
    0.017351596481990004,
    0.013981006206066328,
    0.011397398202272667,
    0.0107887092331272,
    0.0036745771031171342,
    0.02178463989024569,
    -0.021107963668003556,
    0.0326965329559099,
];
const ASIN_SHORT: [f64; 7] = [
    0.16666667189818654,
    0.07499948158176127,
    0.0446601628450714,
    0.030110262808480188,
    0.024618293317408342,
    0.007469353117220656,
    0.03469268523484027,
];
/// (atan(z) / z - 1) / z² in powers of z² for z <= 1, to 2^-57 and 2^-34.
const ATAN: [f64; 20] = [
    -0.3333333333333307,
    0.19999999999951748,
    -0.14285714282587975,
    0.11111111007338433,
    -0.09090907007734934,
    0.0769227988818415,
    -0.06666404417604199,
    0.058805297759847906,
    -0.0525352665039814,
    0.04722347969014432,
    -0.04219242700261813,
    0.03664314543753213,
    -0.029905729628043616,
    0.02198706180523169,
    -0.01390256680286684,
    0.0071978788299274345,
    -0.002885606194580564,
    0.0008315583568161275,
    -0.00015221086439991914,
    1.3229972297656482e-05,
];
const ATAN_SHORT: [f64; 11] = [
    -0.33333332133733734,
    0.19999927241425652,
    -0.14284167186456073,
    0.11094503271767497,
    -0.08985437166245071,
    0.0725943248441388,
    -0.05451586269018704,
    0.03447575298293821,
    -0.016299361062915255,
    0.004926319537232184,
    -0.0006979505307847173,
];

/// What π/2 and π lack as f64.
const FRAC_PI_2_LOW: f64 = 6.123233995736766e-17;
const PI_LOW: f64 = 1.2246467991473532e-16;

/// For a = |x|: asin of s as s + the second, where s = a up to ½, else √((1 - a)/2).
#[inline(always)]
fn asin_terms<A: Arith, const N: usize>(a: f64, c: &[f64; N]) -> (f64, f64) {
    let far = a > 0.5;
    let w = select(far, A::fma(-0.5, a, 0.5), a * a);
    let s = select(far, w.sqrt(), a);
    (s, s * w * poly::<A, N>(w, c))
}

#[inline(always)]
fn asin<A: Arith, const N: usize>(x: f64, c: &[f64; N]) -> f64 {
    let a = x.abs();
    let (s, rest) = asin_terms::<A, N>(a, c);
    let far = (FRAC_PI_2 - 2.0 * s) - (2.0 * rest - FRAC_PI_2_LOW);
    select(a > 0.5, far, s + rest).copysign(x)
}

#[inline(always)]
fn acos<A: Arith, const N: usize>(x: f64, c: &[f64; N]) -> f64 {
    let a = x.abs();
    let (s, rest) = asin_terms::<A, N>(a, c);
    let right = 2.0 * (s + rest);
    let left = PI - (right - PI_LOW);
    let (s, rest) = (s.copysign(x), rest.copysign(x));
    let near = FRAC_PI_2 - (s + (rest - FRAC_PI_2_LOW));
    select(a > 0.5, select(x > 0.0, right, left), near)
}

/// The angle of (x, y) for |y| <= |x| and the like: `smaller` / `larger` of the two sizes, and where the angle is counted from.
#[inline(always)]
fn atan_of_quotient<A: Arith, const N: usize>(z: f64, c: &[f64; N], swapped: bool, left: bool) -> f64 {
    let zz = z * z;
    let rest = zz * z * poly::<A, N>(zz, c);
    let base = select(swapped, FRAC_PI_2, select(left, PI, 0.0));
    let base_low = select(swapped, FRAC_PI_2_LOW, select(left, PI_LOW, 0.0));
    let sign = select(swapped != left, -1.0, 1.0);
    let (head, error) = quick_two_sum(base, sign * z);
    head + (A::fma(sign, rest, base_low) + error)
}

#[inline(always)]
fn atan<A: Arith, const N: usize>(x: f64, c: &[f64; N]) -> f64 {
    let a = x.abs();
    let swapped = a > 1.0;
    let z = select(swapped, 1.0, a) / select(swapped, a, 1.0);
    atan_of_quotient::<A, N>(z, c, swapped, false).copysign(x)
}

#[inline(always)]
fn atan2<A: Arith, const N: usize>(y: f64, x: f64, c: &[f64; N]) -> f64 {
    let (b, a) = (y.abs(), x.abs());
    let swapped = b > a;
    let (small, large) = (select(swapped, a, b), select(swapped, b, a));
    // Subnormal numbers keep their bits in the quotient, two zeros and two infinities have one that is no NaN.
    let z = small / large;
    let z = select(large == 0.0, 0.0, z);
    let z = select(small == f64::INFINITY, 1.0, z);
    let left = x.is_sign_negative();
    let angle = atan_of_quotient::<A, N>(z, c, swapped, left).copysign(y);
    select(x.is_nan() | y.is_nan(), f64::NAN, angle)
}

pub struct Asin;

impl Unary<f64> for Asin {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        asin::<A, 13>(x, &ASIN)
    }
}

impl Unary<f32> for Asin {
    #[inline(always)]
    fn fast<A: Arith>(x: f32) -> f32 {
        asin::<A, 7>(x as f64, &ASIN_SHORT) as f32
    }
}

pub struct Acos;

impl Unary<f64> for Acos {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        acos::<A, 13>(x, &ASIN)
    }
}

impl Unary<f32> for Acos {
    #[inline(always)]
    fn fast<A: Arith>(x: f32) -> f32 {
        acos::<A, 7>(x as f64, &ASIN_SHORT) as f32
    }
}

pub struct Atan;

impl Unary<f64> for Atan {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        atan::<A, 20>(x, &ATAN)
    }
}

impl Unary<f32> for Atan {
    #[inline(always)]
    fn fast<A: Arith>(x: f32) -> f32 {
        atan::<A, 11>(x as f64, &ATAN_SHORT) as f32
    }
}

pub struct Atan2;

impl Binary<f64> for Atan2 {
    #[inline(always)]
    fn fast<A: Arith>(y: f64, x: f64) -> f64 {
        atan2::<A, 20>(y, x, &ATAN)
    }
}

impl Binary<f32> for Atan2 {
    #[inline(always)]
    fn fast<A: Arith>(y: f32, x: f32) -> f32 {
        atan2::<A, 11>(y as f64, x as f64, &ATAN_SHORT) as f32
    }
}
