//! Operations on complex numbers over those on floats. Products are the plain formula, quotients Smith's; inverse functions follow Kahan's
//! formulas and branch cuts (as NumPy and C99 have them). What is on an axis stays there; elsewhere infinite parts may give NaN where C99's
//! Annex G has more to say.

use super::ScalarOp;
use super::emit::Emit;
use super::value::Value;
use crate::vmath::Math;
use std::f64::consts::{FRAC_PI_2, LN_2, LN_10};

type V<'e, E> = Value<'e, E>;

/// A complex number of two parts.
pub(super) struct Complex<'e, E: Emit> {
    pub re: V<'e, E>,
    pub im: V<'e, E>,
}

impl<E: Emit> Clone for Complex<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E: Emit> Copy for Complex<'_, E> {}

/// What an operation on complex numbers gives.
pub(super) enum Outcome<'e, E: Emit> {
    Real(V<'e, E>),
    Complex(Complex<'e, E>),
}

/// The operation on one or two complex numbers, `b` being `a` for one; `None` if it is not defined for them.
pub(super) fn emit<'e, E: Emit>(op: ScalarOp, a: Complex<'e, E>, b: Complex<'e, E>) -> Option<Outcome<'e, E>> {
    use ScalarOp::*;
    Some(Outcome::Complex(match op {
        Add => complex(a.re + b.re, a.im + b.im),
        Sub => complex(a.re - b.re, a.im - b.im),
        Mul => a.mul(b),
        Div => a.div(b),
        Square => a.mul(a),
        Pow | Math(crate::vmath::Math::Pow) => power(a, b),
        Neg => a.neg(),
        Conj => complex(a.re, -a.im),
        Sqrt => a.sqrt(),
        Sign => {
            let size = a.abs();
            let none = size.eq(a.lit(0.0));
            complex(none.select(a.lit(0.0), a.re / size), none.select(a.lit(0.0), a.im / size))
        }
        Latest => super::complex::Complex::select(b.re.is_nan() | b.im.is_nan(), a, b),
        Math(math) => function(math, a)?,
        _ => return real(op, a, b).map(Outcome::Real),
    }))
}

/// Operations whose result is a float or a bool.
fn real<'e, E: Emit>(op: ScalarOp, a: Complex<'e, E>, b: Complex<'e, E>) -> Option<V<'e, E>> {
    use ScalarOp::*;
    let finite = |x: V<'e, E>| x.abs().lt(x.lit(f64::INFINITY));
    Some(match op {
        Abs => a.abs(),
        Real => a.re,
        Imag => a.im,
        Arg => a.arg(),
        Eq => a.re.eq(b.re) & a.im.eq(b.im),
        Ne => a.re.ne(b.re) | a.im.ne(b.im),
        IsNan => a.re.is_nan() | a.im.is_nan(),
        IsInf => a.is_infinite(),
        IsFinite => finite(a.re) & finite(a.im),
        _ => return None,
    })
}

/// Transcendental functions of one complex number.
fn function<E: Emit>(math: Math, z: Complex<'_, E>) -> Option<Complex<'_, E>> {
    Some(match math {
        Math::Exp => z.exp(),
        Math::Exp2 => z.scale(LN_2).exp(),
        Math::Expm1 => {
            let half = (z.im * z.lit(0.5)).math(Math::Sin);
            complex(z.re.math(Math::Expm1) * z.im.math(Math::Cos) - z.lit(2.0) * half * half, z.exp().im)
        }
        Math::Log => z.log(),
        Math::Log2 => z.log().scale(1.0 / LN_2),
        Math::Log10 => z.log().scale(1.0 / LN_10),
        Math::Log1p => {
            let one = z.lit(1.0);
            let size = (z.re * (z.re + z.lit(2.0)) + z.im * z.im).math(Math::Log1p) * z.lit(0.5);
            complex(size, z.im.math2(Math::Atan2, z.re + one))
        }
        Math::Sin => z.sin(),
        Math::Cos => z.cos(),
        Math::Tan => z.tan(),
        // f(z) of the hyperbolic functions is -i·f(i·z) of the circular ones, and the other way round for the inverses.
        Math::Sinh => z.times_i().sin().over_i(),
        Math::Cosh => z.times_i().cos(),
        Math::Tanh => z.times_i().tan().over_i(),
        Math::Asinh => z.asinh(),
        Math::Asin => z.times_i().asinh().over_i(),
        Math::Acosh => {
            let (low, high) = (complex(z.re - z.lit(1.0), z.im).sqrt(), complex(z.re + z.lit(1.0), z.im).sqrt());
            let angle = low.im.math2(Math::Atan2, high.re);
            let angle = z.is_infinite().select(z.arg(), angle + angle);
            complex((low.re * high.re + low.im * high.im).math(Math::Asinh), angle)
        }
        Math::Acos => {
            let (low, high) = (complex(z.lit(1.0) - z.re, -z.im).sqrt(), complex(z.lit(1.0) + z.re, z.im).sqrt());
            let angle = low.re.math2(Math::Atan2, high.re);
            let angle = z.is_infinite().select(z.arg().abs(), angle + angle);
            complex(angle, (high.re * low.im - high.im * low.re).math(Math::Asinh))
        }
        Math::Atanh => z.atanh(),
        Math::Atan => z.times_i().atanh().over_i(),
        _ => return None,
    })
}

fn complex<'e, E: Emit>(re: V<'e, E>, im: V<'e, E>) -> Complex<'e, E> {
    Complex { re, im }
}

/// A part of a result that is 0 with the `part` of the argument: what is on an axis stays there, infinite or not.
fn along<'e, E: Emit>(part: V<'e, E>, result: V<'e, E>) -> V<'e, E> {
    (part.eq(part.lit(0.0)) & result.is_nan()).select(part, result)
}

impl<'e, E: Emit> Complex<'e, E> {
    fn lit(self, value: f64) -> V<'e, E> {
        self.re.lit(value)
    }
    fn mul(self, b: Self) -> Self {
        complex(self.re * b.re - self.im * b.im, self.re * b.im + self.im * b.re)
    }
    fn scale(self, by: f64) -> Self {
        let by = self.lit(by);
        complex(self.re * by, self.im * by)
    }
    fn neg(self) -> Self {
        complex(-self.re, -self.im)
    }
    fn times_i(self) -> Self {
        complex(-self.im, self.re)
    }
    fn over_i(self) -> Self {
        complex(self.im, -self.re)
    }
    fn abs(self) -> V<'e, E> {
        self.re.math2(Math::Hypot, self.im)
    }
    fn arg(self) -> V<'e, E> {
        self.im.math2(Math::Atan2, self.re)
    }
    fn select(mask: V<'e, E>, a: Self, b: Self) -> Self {
        complex(mask.select(a.re, b.re), mask.select(a.im, b.im))
    }
    /// Smith: divides by the larger part first. By zero, each part is divided by it.
    fn div(self, b: Self) -> Self {
        let by_re = b.im.abs().le(b.re.abs());
        let (large, small) = (by_re.select(b.re, b.im), by_re.select(b.im, b.re));
        let (p, q) = (by_re.select(self.re, self.im), by_re.select(self.im, self.re));
        let ratio = small / large;
        let scale = large + small * ratio;
        let im = q - p * ratio;
        let quotient = complex((p + q * ratio) / scale, by_re.select(im, -im) / scale);
        let (zero, none) = (large.abs(), large.eq(self.lit(0.0)) & small.eq(self.lit(0.0)));
        Self::select(none, complex(self.re / zero, self.im / zero), quotient)
    }
    fn is_infinite(self) -> V<'e, E> {
        let infinite = |x: V<'e, E>| x.abs().eq(x.lit(f64::INFINITY));
        infinite(self.re) | infinite(self.im)
    }
    fn exp(self) -> Self {
        let size = self.re.math(Math::Exp);
        complex(size * self.im.math(Math::Cos), along(self.im, size * self.im.math(Math::Sin)))
    }
    fn log(self) -> Self {
        let (x, y) = (self.re.abs(), self.im.abs());
        let wide = x.lt(y);
        let (large, small) = (wide.select(y, x), wide.select(x, y));
        let size = self.abs();
        // Near the unit circle the logarithm is that of 1 and a little, computed without losing the little.
        let near = self.lit(0.5).lt(size) & size.lt(self.lit(2.0));
        let little = (large - self.lit(1.0)) * (large + self.lit(1.0)) + small * small;
        complex(near.select(little.math(Math::Log1p) * self.lit(0.5), size.math(Math::Log)), self.arg())
    }
    fn sqrt(self) -> Self {
        let eighth = self.lit(0.125);
        let x = self.re.abs();
        // sqrt((|re| + |z|) / 2), scaled so that the sum does not overflow.
        let size = (x * eighth + (self.re * eighth).math2(Math::Hypot, self.im * eighth)).sqrt() * self.lit(2.0);
        let half = self.im.abs() / (size + size);
        let right = self.lit(0.0).le(self.re);
        let root = complex(right.select(size, half), right.select(half, size).copysign(self.im));
        let root = Self::select(size.eq(self.lit(0.0)), complex(self.lit(0.0), self.im), root);
        let infinite = self.im.abs().eq(self.lit(f64::INFINITY));
        Self::select(infinite, complex(self.im.abs(), self.im), root)
    }
    fn sin(self) -> Self {
        let re = self.re.math(Math::Sin) * self.im.math(Math::Cosh);
        let im = self.re.math(Math::Cos) * self.im.math(Math::Sinh);
        complex(along(self.re, re), along(self.im, im))
    }
    fn cos(self) -> Self {
        let im = -(self.re.math(Math::Sin) * self.im.math(Math::Sinh));
        // Zero with the sign of the product.
        let none = -(self.re * self.lit(1.0).copysign(self.im));
        let im = (self.re.eq(self.lit(0.0)) & im.is_nan()).select(none, along(self.im, im));
        complex(self.re.math(Math::Cos) * self.im.math(Math::Cosh), im)
    }
    fn tan(self) -> Self {
        let two = self.lit(2.0);
        let (x, y) = (self.re * two, self.im * two);
        let scale = x.math(Math::Cos) + y.math(Math::Cosh);
        let near = complex(along(x, x.math(Math::Sin) / scale), along(y, y.math(Math::Sinh) / scale));
        // Far from the real axis cosh overflows long after the result is ±i.
        let fade = (-y.abs()).math(Math::Exp) * two;
        let far = complex(x.math(Math::Sin) * fade, self.lit(1.0).copysign(self.im));
        Self::select(self.lit(20.0).lt(self.im.abs()), far, near)
    }
    fn asinh(self) -> Self {
        let (a, b) = (complex(self.lit(1.0) + self.im, -self.re).sqrt(), complex(self.lit(1.0) - self.im, self.re).sqrt());
        let base = self.is_infinite().select(self.re.abs(), a.re * b.re - a.im * b.im);
        complex((a.re * b.im - b.re * a.im).math(Math::Asinh), along(self.im, self.im.math2(Math::Atan2, base)))
    }
    /// Odd, so computed in the right half plane, where nothing cancels.
    fn atanh(self) -> Self {
        let one = self.lit(1.0);
        let x = self.re.abs();
        let y = self.im * one.copysign(self.re);
        let gap = one - x;
        let re = (self.lit(4.0) * x / (gap * gap + y * y)).math(Math::Log1p) * self.lit(0.25);
        let im = (y + y).math2(Math::Atan2, gap * (one + x) - y * y) * self.lit(0.5);
        let far = complex(self.lit(0.0), y.is_nan().select(y, self.lit(FRAC_PI_2).copysign(y)));
        let Complex { re, im } = Self::select(self.is_infinite(), far, complex(along(x, re), im));
        complex(re.copysign(self.re), im * one.copysign(self.re))
    }
}

/// Real integer exponents below this size are products, as in NumPy.
const LARGEST_PRODUCT: u32 = 100;

/// `exp(b log a)`; by squaring for small integer exponents; 1 for the exponent 0; 0 to a positive power is 0, to another NaN.
fn power<'e, E: Emit>(a: Complex<'e, E>, b: Complex<'e, E>) -> Complex<'e, E> {
    if let (Some(n), Some(0.0)) = (b.re.known_float(), b.im.known_float())
        && n.fract() == 0.0
        && n.abs() < LARGEST_PRODUCT.into()
    {
        return product(a, n as i32);
    }
    let zero = a.lit(0.0);
    let one = complex(a.lit(1.0), zero);
    let real = b.im.eq(zero);
    let log = b.mul(a.log()).exp();
    let none = a.re.eq(zero) & a.im.eq(zero);
    let nan = a.lit(f64::NAN);
    let of_zero = Complex::select(zero.lt(b.re) & real, complex(zero, zero), complex(nan, nan));
    let general = Complex::select(none, of_zero, log);
    // All bits of the exponent, without knowing which are set; multiplying by one where not leaves signs of zeros as they are.
    let size = b.re.abs();
    let (mut bits, mut square, mut small) = (size, a, one);
    let mut first = a.re.mask(true);
    for _ in 0..LARGEST_PRODUCT.ilog2() + 1 {
        let half = (bits * a.lit(0.5)).unary(super::emit::Unary::Floor);
        let set = (half + half).ne(bits);
        small = Complex::select(set, Complex::select(first, square, small.mul(square)), small);
        first = first & !set;
        square = square.mul(square);
        bits = half;
    }
    let small = Complex::select(b.re.lt(zero), one.div(small), small);
    let integer = real & b.re.unary(super::emit::Unary::Floor).eq(b.re) & size.lt(a.lit(LARGEST_PRODUCT.into()));
    Complex::select(integer, small, general)
}

/// The power to a known integer: the lowest bit first, in the order `power` takes.
fn product<E: Emit>(a: Complex<'_, E>, n: i32) -> Complex<'_, E> {
    let one = complex(a.lit(1.0), a.lit(0.0));
    let (mut square, mut power) = (a, None);
    let mut left = n.unsigned_abs();
    while left > 0 {
        if left & 1 == 1 {
            power = Some(power.map_or(square, |power: Complex<'_, E>| power.mul(square)));
        }
        left >>= 1;
        if left > 0 {
            square = square.mul(square);
        }
    }
    let power = power.unwrap_or(one);
    if n < 0 { one.div(power) } else { power }
}
