//! Powers, roots and remainders: pow, cbrt, hypot, fmod, nextafter.
//!
//! pow: e^(y log x) with log x as a sum of two numbers, good to 2^-66. cbrt: a guess of x^(-1/3) from the exponent bits, two steps of fourth order,
//! then one Newton step with the exact residual. hypot: scaled by a power of two. fmod: the exact remainder of the truncated quotient while
//! that has 52 bits, else one by one.

use super::arith::{Arith, TWO52, TWO54, select};
use super::exp::{exp_of_sum, exp_short};
use super::kernel::{Binary, Unary};
use super::log::{log_normal, log_pair};

/// What the special arguments and signs make of `size` = |x|^y.
#[inline(always)]
fn pow_signed(x: f64, y: f64, size: f64) -> f64 {
    let (a, b) = (x.abs(), y.abs());
    // From 2^52 on every number is an integer, from 2^53 on an even one.
    let big = b >= TWO52;
    let shifted = select(big, b, b + TWO52);
    let integer = big | (shifted - TWO52 == b);
    let odd = integer & (b < 2.0 * TWO52) & (f64::from_bits((shifted.to_bits() & 1) | TWO52.to_bits()) > TWO52);
    let down = y < 0.0;
    let size = select(a == 0.0, select(down, f64::INFINITY, 0.0), size);
    let size = select(a == f64::INFINITY, select(down, 0.0, f64::INFINITY), size);
    let size = select(b == f64::INFINITY, select((a < 1.0) == down, f64::INFINITY, 0.0), size);
    let size = select((b == f64::INFINITY) & (a == 1.0), 1.0, size);
    let signed = select(odd, size.copysign(x), size);
    let defined = integer | (x >= 0.0) | (a == f64::INFINITY);
    let y_or_nan = select(x.is_nan() | y.is_nan() | !defined, f64::NAN, signed);
    select((x == 1.0) | (y == 0.0), 1.0, y_or_nan)
}

pub struct Pow;

impl Binary<f64> for Pow {
    #[inline(always)]
    fn fast<A: Arith>(x: f64, y: f64) -> f64 {
        let (log, log_low) = log_pair::<A>(x.abs());
        let (p, p_low) = A::two_prod(y, log);
        // Where y is huge or p beyond the range of exp, the low part may be no number and does not matter.
        let p_low = select((p.abs() < 1000.0) & (y.abs() < 1e250), A::fma(y, log_low, p_low), 0.0);
        pow_signed(x, y, exp_of_sum::<A>(p, p_low))
    }
}

impl Binary<f32> for Pow {
    #[inline(always)]
    fn fast<A: Arith>(x: f32, y: f32) -> f32 {
        let (x, y) = (x as f64, y as f64);
        let p = y * log_normal::<A>(x.abs());
        let p = select(p > 200.0, 200.0, p);
        let p = select(p < -200.0, -200.0, p);
        pow_signed(x, y, exp_short::<A>(p)) as f32
    }
}

/// x^(-1/3) to about 2^-50 for normal positive x.
#[inline(always)]
fn inverse_cbrt<A: Arith>(x: f64) -> f64 {
    // The upper half of the bits as a float, a third of it off a constant, and back: a guess to 3.5 %.
    let upper = f64::from_bits((x.to_bits() >> 32) | TWO52.to_bits()) - TWO52;
    let guess = A::fma(upper, -1.0 / 3.0, 1430186000.0) + TWO52;
    let mut y = f64::from_bits(guess.to_bits() << 32);
    for _ in 0..2 {
        // y (1 - e)^(-1/3) with e = 1 - x y³, by its series.
        let e = A::fma(-x * y * y, y, 1.0);
        let series = A::fma(e, A::fma(e, A::fma(e, 35.0 / 243.0, 14.0 / 81.0), 2.0 / 9.0), 1.0 / 3.0);
        y = A::fma(y * e, series, y);
    }
    y
}

pub struct Cbrt;

impl Unary<f64> for Cbrt {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        let a = x.abs();
        let (tiny, huge) = (a < f64::MIN_POSITIVE, a > 1e300);
        let a = a * select(tiny, TWO54, select(huge, 1.0 / TWO54, 1.0));
        let y = inverse_cbrt::<A>(a);
        let t = a * y * y;
        let (square, square_low) = A::two_prod(t, t);
        let (cube, cube_low) = A::two_prod(square, t);
        let residual = ((a - cube) - cube_low) - square_low * t;
        let t = A::fma(residual, y * y * (1.0 / 3.0), t);
        const TWO18: f64 = 262144.0;
        let t = t * select(tiny, 1.0 / TWO18, select(huge, TWO18, 1.0));
        // 0, infinite and NaN are their own cube roots.
        select((x == 0.0) | x.is_nan() | (a == f64::INFINITY), x, t.copysign(x))
    }
}

impl Unary<f32> for Cbrt {
    #[inline(always)]
    fn fast<A: Arith>(x: f32) -> f32 {
        let a = (x as f64).abs();
        let y = inverse_cbrt::<A>(a);
        let t = (a * y * y) as f32;
        if (x == 0.0) | x.is_nan() | (a == f64::INFINITY) { x } else { t.copysign(x) }
    }
}

pub struct Hypot;

impl Binary<f64> for Hypot {
    #[inline(always)]
    fn fast<A: Arith>(x: f64, y: f64) -> f64 {
        let (a, b) = (x.abs(), y.abs());
        let (small, large) = (select(a > b, b, a), select(a > b, a, b));
        const UP: f64 = 4.149515568880993e180; // 2^600
        let (huge, tiny) = (large > 1e150, large < 1e-150);
        let scale = select(huge, 1.0 / UP, select(tiny, UP, 1.0));
        let back = select(huge, UP, select(tiny, 1.0 / UP, 1.0));
        let (s, l) = (small * scale, large * scale);
        let length = A::fma(l, l, s * s).sqrt() * back;
        select((a == f64::INFINITY) | (b == f64::INFINITY), f64::INFINITY, length)
    }
}

impl Binary<f32> for Hypot {
    #[inline(always)]
    fn fast<A: Arith>(x: f32, y: f32) -> f32 {
        let (a, b) = (x as f64, y as f64);
        let length = A::fma(a, a, b * b).sqrt() as f32;
        if (x.abs() == f32::INFINITY) | (y.abs() == f32::INFINITY) { f32::INFINITY } else { length }
    }
}

pub struct Fmod;

impl Binary<f64> for Fmod {
    #[inline(always)]
    fn fast<A: Arith>(x: f64, y: f64) -> f64 {
        let (a, b) = (x.abs(), y.abs());
        // An integer next to a / b; the remainder by it is exact.
        let q = (a / b + TWO52) - TWO52;
        let (p, p_low) = A::two_prod(q, b);
        let r = if A::FUSED { A::fma(-q, b, a) } else { (a - p) - p_low };
        let r = select(r < 0.0, r + b, r);
        let r = select(r >= b, r - b, r);
        select(a < b, a, r).copysign(x)
    }

    #[inline(always)]
    fn rare<A: Arith>(x: f64, y: f64) -> bool {
        let (a, b) = (x.abs(), y.abs());
        (a >= b * (0.5 * TWO52)) | ((b < 1e-250) & (a >= b)) | ((b > 1e250) & (a >= b))
    }

    fn slow(x: f64, y: f64) -> f64 {
        x % y
    }
}

impl Binary<f32> for Fmod {
    #[inline(always)]
    fn fast<A: Arith>(x: f32, y: f32) -> f32 {
        <Fmod as Binary<f64>>::fast::<A>(x as f64, y as f64) as f32
    }

    #[inline(always)]
    fn rare<A: Arith>(x: f32, y: f32) -> bool {
        <Fmod as Binary<f64>>::rare::<A>(x as f64, y as f64)
    }

    fn slow(x: f32, y: f32) -> f32 {
        x % y
    }
}

pub struct Nextafter;

macro_rules! nextafter {
    ($t:ty) => {
        impl Binary<$t> for Nextafter {
            #[inline(always)]
            fn fast<A: Arith>(x: $t, y: $t) -> $t {
                let bits = x.to_bits();
                let away = (x < y) == (x > 0.0);
                let next = <$t>::from_bits(if away { bits.wrapping_add(1) } else { bits.wrapping_sub(1) });
                let next = if x == 0.0 { <$t>::from_bits(1).copysign(y) } else { next };
                let next = if x == y { y } else { next };
                if x.is_nan() | y.is_nan() { <$t>::NAN } else { next }
            }
        }
    };
}

nextafter!(f32);
nextafter!(f64);
