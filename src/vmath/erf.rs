//! erf, erfc, erfinv.
//!
//! erfc a = e^(-a²) erfcx a for a >= 0, where (1 + 2 a) erfcx a is a polynomial in (a - 4) / (a + 4) (the form of Shepherd and Laframboise 1981), and
//! e^(-a²) takes the rounding error of a² along. erf: x (2/√π + x² P(x²)) up to 1, then 1 - erfc;
//! erfc is 1 less that up to ½. erfinv: a minimax polynomial in w = -log(1 - x²) or √w (the variables of Giles 2010), then one step of Halley's method. Coefficients by Remez (`docs/minimax.py`).

use super::arith::{Arith, poly, select};
use super::exp::{exp_of_sum, exp_short};
use super::kernel::{Unary, f32_through_f64};
use super::log::log_normal;
use std::f64::consts::FRAC_2_SQRT_PI;

/// 2/√π - 1.
const FRAC_2_SQRT_PI_LESS_1: f64 = 0.1283791670955126;

/// (erf(x) / x - 2/√π) / x² in powers of x² for x <= 1, to 2^-56 and 2^-34.
const ERF: [f64; 11] = [
    -0.376126389031836,
    0.11283791670946283,
    -0.026866170643365085,
    0.005223977607810835,
    -0.0008548325998120973,
    0.00012055295371223144,
    -1.4924742956963956e-05,
    1.6447472961406267e-06,
    -1.6208700942884748e-07,
    1.372049606064148e-08,
    -7.795962519462929e-10,
];
const ERF_SHORT: [f64; 7] = [
    -0.3761263858125105,
    0.1128378357283933,
    -0.02686547619849973,
    0.005221131094555406,
    -0.0008485250453472223,
    0.00011273029686801101,
    -9.684239668060611e-06,
];
/// (1 + 2 a) erfcx a in powers of (a - 4) / (a + 4), for a <= 28 to 2^-54, for a <= 12 to 2^-32.
const ERFCX: [f64; 23] = [
    1.2329951186255526,
    -0.1396211168405629,
    0.015379652102619764,
    0.0680970542547366,
    -0.10103906603630115,
    0.093732834996824,
    -0.06633036581256407,
    0.037167515561850606,
    -0.016197734048421054,
    0.005031969763581993,
    -0.0007577734048876432,
    -0.00019925556132282648,
    0.00015062247167417104,
    -2.440294131281894e-05,
    -1.1225283260988326e-05,
    5.717294810328299e-06,
    3.019566412607974e-07,
    -8.342397749437952e-07,
    6.238903475958023e-08,
    1.1456079387785221e-07,
    -7.778995254116946e-09,
    -1.3386080505236833e-08,
    -1.7175488667060136e-09,
];
const ERFCX_SHORT: [f64; 13] = [
    1.23299511886435,
    -0.1396211168465552,
    0.015379612217505893,
    0.06809703872135094,
    -0.10103799199491517,
    0.093733737662085,
    -0.06634054814551152,
    0.03715435294522389,
    -0.01615987412985732,
    0.005102187726673084,
    -0.0007913717637325588,
    -0.00032909126086620944,
    9.216409374465423e-05,
];

/// erfinv(x) / x in powers of w - 3.125 for w <= 6.25, to 2^-21.
const ERFINV: [f64; 9] = [
    1.6536550432435564,
    0.24015942173134983,
    -0.006035500655397487,
    -0.0007425190513194167,
    0.0001878865511779969,
    -1.3184703011024778e-05,
    -1.6277453540751573e-06,
    3.2671667756269163e-07,
    -3.352225294856535e-09,
];
/// The same in powers of √w - 4.35 for √w from 2.5 to 6.2, to 2^-23.
const ERFINV_FAR: [f64; 11] = [
    4.1932281015976045,
    1.0101030633798531,
    0.000537128983785231,
    -0.0005274641075635042,
    0.00019774891551066994,
    -5.613774484708653e-05,
    1.8528193411468366e-06,
    -3.26452405859454e-06,
    9.18430084027926e-06,
    -3.7736503758695188e-06,
    3.467550553126755e-07,
];

/// `a`, at most `most`; NaN stays NaN.
#[inline(always)]
fn at_most(a: f64, most: f64) -> f64 {
    select(a > most, most, a)
}

/// erf of a in [-1, 1].
#[inline(always)]
fn erf_near<A: Arith>(a: f64) -> f64 {
    let z = a * a;
    a + a * A::fma(z, poly::<A, 11>(z, &ERF), FRAC_2_SQRT_PI_LESS_1)
}

/// erfc of a >= 0.
#[inline(always)]
fn erfc_positive<A: Arith>(a: f64) -> f64 {
    let a = at_most(a, 28.0);
    let (square, low) = A::two_prod(a, a);
    let scaled = poly::<A, 23>((a - 4.0) / (a + 4.0), &ERFCX) / A::fma(2.0, a, 1.0);
    scaled * exp_of_sum::<A>(-square, -low)
}

/// The same to about 2^-32.
#[inline(always)]
fn erfc_positive_short<A: Arith>(a: f64) -> f64 {
    let a = at_most(a, 12.0);
    poly::<A, 13>((a - 4.0) / (a + 4.0), &ERFCX_SHORT) / A::fma(2.0, a, 1.0) * exp_short::<A>(-a * a)
}

pub struct Erf;

impl Unary<f64> for Erf {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        let a = x.abs();
        select(a > 1.0, 1.0 - erfc_positive::<A>(a), erf_near::<A>(a)).copysign(x)
    }
}

impl Unary<f32> for Erf {
    #[inline(always)]
    fn fast<A: Arith>(x: f32) -> f32 {
        let a = (x as f64).abs();
        let z = a * a;
        let near = a * A::fma(z, poly::<A, 7>(z, &ERF_SHORT), FRAC_2_SQRT_PI);
        (select(a > 1.0, 1.0 - erfc_positive_short::<A>(a), near) as f32).copysign(x)
    }
}

pub struct Erfc;

impl Unary<f64> for Erfc {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        let right = erfc_positive::<A>(x.abs());
        let far = select(x < 0.0, 2.0 - right, right);
        select(x.abs() < 0.5, 1.0 - erf_near::<A>(x), far)
    }
}

impl Unary<f32> for Erfc {
    #[inline(always)]
    fn fast<A: Arith>(x: f32) -> f32 {
        let right = erfc_positive_short::<A>((x as f64).abs());
        select(x < 0.0, 2.0 - right, right) as f32
    }
}

pub struct Erfinv;

impl Unary<f64> for Erfinv {
    #[inline(always)]
    fn fast<A: Arith>(x: f64) -> f64 {
        let a = x.abs();
        let inside = a < 1.0;
        let a = select(inside, a, 0.5);
        let b = 1.0 - a;
        let w = -log_normal::<A>(b * (1.0 + a));
        let far = w > 6.25;
        let near = poly::<A, 9>(w - 3.125, &ERFINV);
        let y = a * select(far, poly::<A, 11>(w.sqrt() - 4.35, &ERFINV_FAR), near);
        let missed = select(y < 1.0, erf_near::<A>(y) - a, b - erfc_positive::<A>(y));
        let step = missed / FRAC_2_SQRT_PI * exp_short::<A>(y * y);
        let y = select(inside, y - step / A::fma(y, step, 1.0), f64::INFINITY);
        select(x.abs() <= 1.0, y, f64::NAN).copysign(x)
    }
}

f32_through_f64! { Erfinv }
