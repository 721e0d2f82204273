//! sin, cos, tan.
//!
//! sin and cos: x = n π + r (cos: n half an odd integer) with |r| <= π/2, one minimax polynomial in r² (Remez, `docs/minimax.py`), and the sign of n.
//! tan: x = n π/2 + r with |r| <= π/4, polynomials of sin and cos, and their quotient with its error.
//! π in three (with FMA) or four (without) parts keeps r good to 2^-53 of itself next to its zeros too (Cody and Waite's method).
//! Arguments beyond the range of that go one by one to the `libm` crate (Payne and Hanek's method).

use super::arith::{Arith, ROUND, TWO52, poly, quick_two_sum, select, two_sum};
use super::kernel::Unary;
use std::f64::consts::{FRAC_1_PI, FRAC_2_PI, PI};

/// π in parts of 53 bits, and in three parts of 33 bits and a rest.
const PI_FUSED: [f64; 3] = [PI, 1.2246467991473532e-16, -2.9947698097183397e-33];
const PI_PLAIN: [f64; 4] = [3.1415926534682512, 1.2154201012607932e-10, 4.044532497422333e-21, 1.69568553207378e-31];

/// (sin r / r - 1) / r² in powers of r² for |r| <= π/2, to 2^-61 of the sine.
const SIN: [f64; 8] = [
    -0.16666666666666666,
    0.008333333333333207,
    -0.0001984126984121248,
    2.7557319211569342e-06,
    -2.505210690438332e-08,
    1.6058940998301947e-10,
    -7.643019199356258e-13,
    2.721416875366266e-15,
];
/// The same to 2^-35.
const SIN_SHORT: [f64; 5] =
    [-0.1666666662612876, 0.008333331107690873, -0.0001984086808702216, 2.7525377935644717e-06, -2.3888791541157633e-08];
/// (sin r / r - 1) / r² for |r| <= π/4, to 2^-58 and 2^-37.
const SIN_QUARTER: [f64; 6] = [
    -0.1666666666666663,
    0.00833333333332184,
    -0.00019841269829358517,
    2.7557313538502198e-06,
    -2.50507343857632e-08,
    1.5895432989106136e-10,
];
const SIN_QUARTER_SHORT: [f64; 4] = [-0.16666666640786298, 0.008333329303589949, -0.00019839311856616404, 2.718117565126215e-06];
/// (cos r - 1 + r²/2) / r⁴ in powers of r² for |r| <= π/4, to 2^-64 and 2^-33.
const COS_QUARTER: [f64; 6] = [
    0.0416666666666666,
    -0.0013888888888874472,
    2.4801587289669253e-05,
    -2.7557314400169115e-07,
    2.087572914220866e-09,
    -1.1359926097468846e-11,
];
const COS_QUARTER_SHORT: [f64; 3] = [0.041666646860544214, -0.0013887367212655165, 2.443841539490364e-05];

/// Largest argument of the fast ways: the parts of π times n are exact up to here.
#[inline(always)]
fn limit<A: Arith>() -> f64 {
    if A::FUSED { 1073741824.0 } else { 1048576.0 }
}

/// x - n π `unit`, n whole or half and `unit` a power of two, as a sum of two numbers.
#[inline(always)]
fn minus_multiple<A: Arith>(x: f64, n: f64, unit: f64) -> (f64, f64) {
    if A::FUSED {
        let [p1, p2, p3] = PI_FUSED.map(|p| p * unit);
        let r = A::fma(n, -p1, x);
        // Zero unless |x| is below n's half unit.
        let lost = x - A::fma(n, p1, r);
        let (v, v_low) = A::two_prod(n, p2);
        let (r, low) = two_sum(r, -v);
        quick_two_sum(r, A::fma(n, -p3, (low - v_low) + lost))
    } else {
        let [p1, p2, p3, p4] = PI_PLAIN.map(|p| p * unit);
        let (r, a) = two_sum(x, -n * p1);
        let (r, b) = two_sum(r, -n * p2);
        let (r, c) = two_sum(r, -n * p3);
        quick_two_sum(r, (a + b + c) - n * p4)
    }
}

/// The same to about 2^-60, absolute.
#[inline(always)]
fn minus_multiple_short<A: Arith>(x: f64, n: f64, unit: f64) -> f64 {
    if A::FUSED {
        A::fma(n, -PI_FUSED[1] * unit, A::fma(n, -PI * unit, x))
    } else {
        (x - n * (PI_PLAIN[0] * unit)) - n * (PI_PLAIN[1] * unit)
    }
}

/// `y`, negated if the integer in the low bits of `rounded` is odd.
#[inline(always)]
fn negate_if_odd(y: f64, rounded: f64) -> f64 {
    f64::from_bits(y.to_bits() ^ (rounded.to_bits() << 63))
}

/// sin(r + low) for |r| <= π/2.
#[inline(always)]
fn sin_half_turn<A: Arith>(r: f64, low: f64) -> f64 {
    let z = r * r;
    // Near π/2 the rounding of r² would cost half a last place.
    let z_low = if A::FUSED { A::fma(r, r, -z) } else { 0.0 };
    let tail = poly::<A, 8>(z, &SIN);
    let low = A::fma(-0.5 * z, low, low);
    r + A::fma(r, A::fma(z, tail, z_low * tail), low)
}

#[inline(always)]
fn sin_half_turn_short<A: Arith>(r: f64) -> f64 {
    let z = r * r;
    A::fma(z * r, poly::<A, 5>(z, &SIN_SHORT), r)
}

/// sin π x, whose turns are exact, for |x| < 2^51.
#[inline(always)]
pub fn sin_pi<A: Arith>(x: f64) -> f64 {
    let rounded = x + ROUND;
    let t = x - (rounded - ROUND);
    let (r, low) = A::two_prod(t, PI);
    negate_if_odd(sin_half_turn::<A>(r, A::fma(t, PI_FUSED[1], low)), rounded)
}

macro_rules! rare_beyond_limit {
    ($slow:path) => {
        #[inline(always)]
        fn rare<A: Arith>(x: f64) -> bool {
            x.abs() > limit::<A>()
        }

        fn slow(x: f64) -> f64 {
            $slow(x)
        }
    };
    (f32 $slow:path) => {
        #[inline(always)]
        fn rare<A: Arith>(x: f32) -> bool {
            x.abs() > 1048576.0
        }

        fn slow(x: f32) -> f32 {
            $slow(x as f64) as f32
        }
    };
}

pub struct Sin;

impl Unary<f64> for Sin {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        let rounded = A::fma(x, FRAC_1_PI, ROUND);
        let (r, low) = minus_multiple::<A>(x, rounded - ROUND, 1.0);
        let y = negate_if_odd(sin_half_turn::<A>(r, low), rounded);
        select(x.abs() < 1e-10, x, y)
    }

    rare_beyond_limit!(libm::sin);
}

impl Unary<f32> for Sin {
    #[inline(always)]
    fn fast<A: Arith>(x: f32) -> f32 {
        let v = x as f64;
        let rounded = A::fma(v, FRAC_1_PI, ROUND);
        let y = sin_half_turn_short::<A>(minus_multiple_short::<A>(v, rounded - ROUND, 1.0));
        select(v == 0.0, v, negate_if_odd(y, rounded)) as f32
    }

    rare_beyond_limit!(f32 libm::sin);
}

pub struct Cos;

impl Unary<f64> for Cos {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        // cos x = -(-1)^k sin(x - (k + ½) π)
        let rounded = A::fma(x, FRAC_1_PI, -0.5) + ROUND;
        let (r, low) = minus_multiple::<A>(x, (rounded - ROUND) + 0.5, 1.0);
        -negate_if_odd(sin_half_turn::<A>(r, low), rounded)
    }

    rare_beyond_limit!(libm::cos);
}

impl Unary<f32> for Cos {
    #[inline(always)]
    fn fast<A: Arith>(x: f32) -> f32 {
        let v = x as f64;
        let rounded = A::fma(v, FRAC_1_PI, -0.5) + ROUND;
        let r = minus_multiple_short::<A>(v, (rounded - ROUND) + 0.5, 1.0);
        -negate_if_odd(sin_half_turn_short::<A>(r), rounded) as f32
    }

    rare_beyond_limit!(f32 libm::cos);
}

/// Is the integer in the low bits of `rounded` odd? As a float comparison: wide integer tests are no SSE2 instructions.
#[inline(always)]
fn odd(rounded: f64) -> bool {
    f64::from_bits((rounded.to_bits() & 1) | TWO52.to_bits()) > TWO52
}

pub struct Tan;

impl Unary<f64> for Tan {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        let rounded = A::fma(x, FRAC_2_PI, ROUND);
        let (r, low) = minus_multiple::<A>(x, rounded - ROUND, 0.5);
        let z = r * r;
        let (sin, sin_low) = quick_two_sum(r, A::fma(z * r, poly::<A, 6>(z, &SIN_QUARTER), low));
        let (half, half_low) = A::two_prod(0.5 * r, r);
        let (cos, error) = quick_two_sum(1.0, -half);
        let (cos, cos_low) = quick_two_sum(cos, A::fma(z * z, poly::<A, 6>(z, &COS_QUARTER), error - A::fma(r, low, half_low)));
        let odd = odd(rounded);
        let (a, a_low) = (select(odd, -cos, sin), select(odd, -cos_low, sin_low));
        let (b, b_low) = (select(odd, sin, cos), select(odd, sin_low, cos_low));
        let inverse = 1.0 / b;
        let q = a * inverse;
        let (p, p_low) = A::two_prod(q, b);
        let y = A::fma(((a - p) - p_low) + (a_low - q * b_low), inverse, q);
        select(x.abs() < 1e-10, x, y)
    }

    rare_beyond_limit!(libm::tan);
}

impl Unary<f32> for Tan {
    #[inline(always)]
    fn fast<A: Arith>(x: f32) -> f32 {
        let v = x as f64;
        let rounded = A::fma(v, FRAC_2_PI, ROUND);
        let r = minus_multiple_short::<A>(v, rounded - ROUND, 0.5);
        let z = r * r;
        let sin = A::fma(z * r, poly::<A, 4>(z, &SIN_QUARTER_SHORT), r);
        let cos = A::fma(z * z, poly::<A, 3>(z, &COS_QUARTER_SHORT), A::fma(-0.5, z, 1.0));
        let odd = odd(rounded);
        let y = select(odd, -cos, sin) / select(odd, sin, cos);
        select(v == 0.0, v, y) as f32
    }

    rare_beyond_limit!(f32 libm::tan);
}
