//! Special functions that are rarely used and loop element by element: gamma, lgamma, digamma. All compute in f64, for f32 too.
//!
//! gamma: Stirling's series (Abramowitz and Stegun 6.1.40) beyond 12 with the logarithm as a sum of two numbers, recurrence from -20 up to it, reflection below;
//! exact products for small integers. digamma: asymptotic series (6.3.18) beyond 10, recurrence down to [1, 2] with a minimax polynomial that has
//! ψ's zero as a factor, reflection below 0. lgamma is the `libm` crate's (FreeBSD msun).
//! Limit: lgamma and digamma lose relative precision (not absolute) next to their zeros on the negative axis, where two large terms cancel.

use super::arith::{Arith, poly, quick_two_sum, two_sum};
use super::exp::exp_of_sum;
use super::kernel::{Unary, f32_through_f64};
use super::log::log_pair;
use super::trig::sin_pi;
use std::f64::consts::PI;

/// ln(2 π) / 2 in two parts.
const HALF_LOG_TWO_PI: (f64, f64) = (0.9189385332046728, -3.8782941580672414e-17);

/// The coefficients of 1/z, 1/z³ … in log Γ(z) - (z - ½) log z + z - ln(2 π)/2.
const STIRLING: [f64; 7] = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360360.0, 1.0 / 156.0];

/// The coefficients of 1/x², 1/x⁴ … in log x - 1/(2 x) - ψ(x).
const DIGAMMA_FAR: [f64; 7] = [1.0 / 12.0, -1.0 / 120.0, 1.0 / 252.0, -1.0 / 240.0, 1.0 / 132.0, -691.0 / 32760.0, 1.0 / 12.0];

/// The zero of ψ in two parts, and ψ(x) / (x - zero) in powers of x - 1.5 for 1 <= x <= 2, to 2^-53.
const DIGAMMA_ZERO: (f64, f64) = (1.4616321449683622, 9.549995429965697e-17);
const DIGAMMA: [f64; 22] = [
    0.951055876031833,
    -0.4236274212814606,
    0.24054248424077398,
    -0.14840492305389008,
    0.0949887244549724,
    -0.06192213327469532,
    0.04076083381081638,
    -0.026975796691272338,
    0.017907252481334745,
    -0.011908219418987728,
    0.007926944018670907,
    -0.00527994626355215,
    0.003519012126448631,
    -0.002345420718858119,
    0.0015565994462087265,
    -0.0010368424857965333,
    0.0007234367226215235,
    -0.0004847291674580556,
    0.00022702548150568412,
    -0.00014697983205375905,
    0.0002598512842874775,
    -0.0001765613134725252,
];

/// log Γ(z) for z = x + x_low as a sum of two, less the logarithm of
/// the third and fourth, which are the product z (z + 1) … up to 12 and may be negative.
#[inline(always)]
fn log_gamma_parts<A: Arith>(x: f64, x_low: f64) -> ((f64, f64), (f64, f64)) {
    let (mut z, mut z_low) = (x, x_low);
    let (mut product, mut product_low) = (1.0, 0.0);
    while z < 12.0 {
        let (p, p_low) = A::two_prod(product, z);
        product_low = product_low * z + product * z_low + p_low;
        product = p;
        let (sum, error) = two_sum(z, 1.0);
        (z, z_low) = (sum, z_low + error);
    }
    let (log, log_low) = log_pair::<A>(z);
    let factor = z - 0.5;
    let (p, p_low) = A::two_prod(factor, log);
    let w = 1.0 / z;
    let series = w * poly::<A, 7>(w * w, &STIRLING);
    let (head, a) = quick_two_sum(p, -z);
    let (head, b) = quick_two_sum(head, HALF_LOG_TWO_PI.0);
    let (head, c) = quick_two_sum(head, series);
    let low = A::fma(factor, log_low, p_low) + (a + b + c + HALF_LOG_TWO_PI.1) + log * z_low;
    ((head, low), (product, product_low))
}

/// Γ(x); ±∞ at ±0, NaN at -1, -2 … and -∞.
#[inline(always)]
fn gamma<A: Arith>(x: f64) -> f64 {
    if x.abs() < 1e-17 {
        return 1.0 / x;
    }
    if x.is_nan() || x > 172.0 {
        return x * f64::INFINITY;
    }
    let whole = x.round();
    if whole == x && x < 24.0 {
        return if x < 0.0 { f64::NAN } else { (2..x as u32).fold(1.0, |product, k| product * k as f64) };
    }
    if x >= -20.0 {
        let ((log, log_low), (product, product_low)) = log_gamma_parts::<A>(x, 0.0);
        let y = exp_of_sum::<A>(log, log_low) / product;
        return if y.abs() < f64::INFINITY { y - y * (product_low / product) } else { y };
    }
    if whole == x || x < -190.0 {
        return if whole == x { f64::NAN } else { 0.0f64.copysign(sin_pi::<A>(x)) };
    }
    // Γ(x) Γ(1 - x) sin π x = π; far out 1 / Γ(1 - x) in two factors, as it may be subnormal where the whole is not.
    let (one_less, low) = two_sum(1.0, -x);
    let ((log, log_low), _) = log_gamma_parts::<A>(one_less, low);
    let circle = PI / sin_pi::<A>(x);
    if one_less < 140.0 {
        circle * exp_of_sum::<A>(-log, -log_low)
    } else {
        let root = exp_of_sum::<A>(-0.5 * log, -0.5 * log_low);
        circle * root * root
    }
}

/// ψ(x) = Γ'(x)/Γ(x); NaN at -1, -2 …, ∓∞ at ±0.
#[inline(always)]
fn digamma<A: Arith>(x: f64) -> f64 {
    if x == 0.0 {
        return -1.0 / x;
    }
    if x < 0.0 {
        // ψ(x) = ψ(1 - x) - π / tan π x
        let fraction = x - x.round();
        return if fraction == 0.0 || x.is_infinite() { f64::NAN } else { digamma_positive::<A>(1.0 - x) - PI / libm::tan(PI * fraction) };
    }
    digamma_positive::<A>(x)
}

/// ψ(x) for x > 0 or NaN.
#[inline(always)]
fn digamma_positive<A: Arith>(x: f64) -> f64 {
    if x >= 10.0 {
        let s = 1.0 / (x * x);
        return libm::log(x) - (0.5 / x + s * poly::<A, 7>(s, &DIGAMMA_FAR));
    }
    let (mut x, mut sum) = (x, 0.0);
    if x < 1.0 {
        sum = -1.0 / x;
        x += 1.0;
    }
    while x > 2.0 {
        x -= 1.0;
        sum += 1.0 / x;
    }
    sum + ((x - DIGAMMA_ZERO.0) - DIGAMMA_ZERO.1) * poly::<A, 22>(x - 1.5, &DIGAMMA)
}

pub struct Gamma;

impl Unary<f64> for Gamma {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        gamma::<A>(x)
    }
}

pub struct Lgamma;

impl Unary<f64> for Lgamma {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        libm::lgamma(x)
    }
}

pub struct Digamma;

impl Unary<f64> for Digamma {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        digamma::<A>(x)
    }
}

f32_through_f64! { Gamma Lgamma Digamma }
