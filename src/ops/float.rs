//! Operations on floats: IEEE, without contraction. Floor division and modulo are Python's (and NumPy's).

use super::ScalarOp;
use super::emit::{Emit, Prim, Unary};
use super::value::Value;
use crate::vmath::Math;

/// The operation on one or two floats, `b` being `a` for one; `None` if it is not defined for them.
pub(super) fn emit<'e, E: Emit>(op: ScalarOp, a: Value<'e, E>, b: Value<'e, E>) -> Option<Value<'e, E>> {
    use ScalarOp::*;
    Some(match op {
        Add => a + b,
        Sub => a - b,
        Mul => a * b,
        Div => a / b,
        Square => a * a,
        Neg => -a,
        Abs => a.abs(),
        FloorDiv => floor_divide(a, b),
        Rem => modulo(a, b),
        Pow | Math(crate::vmath::Math::Pow) => power(a, b),
        // 0 for both zeros, NaN for NaN.
        Sign => a.lit(0.0).lt(a).select(a.lit(1.0), a.lt(a.lit(0.0)).select(a.lit(-1.0), a.is_nan().select(a, a.lit(0.0)))),
        // Of equal operands (two zeros) the second.
        Minimum => a.is_nan().select(a, a.lt(b).select(a, b)),
        Maximum => a.is_nan().select(a, b.lt(a).select(a, b)),
        Fmin => b.is_nan().select(a, a.lt(b).select(a, b)),
        Fmax => b.is_nan().select(a, b.lt(a).select(a, b)),
        Latest => b.is_nan().select(a, b),
        Floor => a.unary(Unary::Floor),
        Ceil => a.unary(Unary::Ceil),
        Trunc => a.unary(Unary::Trunc),
        Round => a.unary(Unary::Nearest),
        Sqrt => a.sqrt(),
        Eq => a.eq(b),
        Ne => a.ne(b),
        Lt => a.lt(b),
        Le => a.le(b),
        Gt => b.lt(a),
        Ge => b.le(a),
        IsNan => a.is_nan(),
        IsInf => a.abs().eq(a.lit(f64::INFINITY)),
        IsFinite => a.abs().lt(a.lit(f64::INFINITY)),
        SignBit => sign_bit(a),
        Real | Conj => a,
        Imag => a.lit(0.0),
        Arg => a.lit(0.0).math2(crate::vmath::Math::Atan2, a),
        Math(math) if math.arity() == 1 => a.math(math),
        Math(math) => a.math2(math, b),
        _ => return None,
    })
}

fn sign_bit<E: Emit>(a: Value<'_, E>) -> Value<'_, E> {
    use super::emit::Convert;
    let bits = a.convert(if a.prim == Prim::F32 { Convert::F32Bits } else { Convert::F64Bits });
    bits.lt(bits.int(0))
}

/// The remainder with the divisor's sign, exact but for one addition; a zero has the divisor's sign.
fn modulo<'e, E: Emit>(a: Value<'e, E>, b: Value<'e, E>) -> Value<'e, E> {
    let rest = a.math2(Math::Fmod, b);
    let zero = a.lit(0.0);
    let other_sign = b.lt(zero) ^ rest.lt(zero);
    let result = rest.eq(zero).select(zero.copysign(b), other_sign.select(rest + b, rest));
    // The remainder by zero is NaN, whatever sign the zero has.
    b.eq(zero).select(rest, result)
}

/// The floor of the exact quotient, rounded; by zero the quotient itself.
fn floor_divide<'e, E: Emit>(a: Value<'e, E>, b: Value<'e, E>) -> Value<'e, E> {
    let rest = a.math2(Math::Fmod, b);
    let (zero, one) = (a.lit(0.0), a.lit(1.0));
    let down = rest.ne(zero) & (b.lt(zero) ^ rest.lt(zero));
    let quotient = (a - rest) / b;
    let quotient = down.select(quotient - one, quotient);
    let floor = quotient.unary(Unary::Floor);
    // `quotient` is an integer but for rounding: take the nearest.
    let nearest = a.lit(0.5).lt(quotient - floor).select(floor + one, floor);
    let result = quotient.eq(zero).select(zero.copysign(a / b), nearest);
    b.eq(zero).select(a / b, result)
}

/// The power function, but exponents 0.5, 2 and 3 are a square root and products: exact rounding, and fast.
fn power<'e, E: Emit>(a: Value<'e, E>, b: Value<'e, E>) -> Value<'e, E> {
    let short: [(f64, fn(Value<'e, E>) -> Value<'e, E>); 3] = [(0.5, |a| a.sqrt()), (2.0, |a| a * a), (3.0, |a| a * a * a)];
    match b.known_float() {
        Some(exponent) => match short.iter().find(|(n, _)| *n == exponent) {
            Some((_, product)) => product(a),
            None => a.math2(Math::Pow, b),
        },
        None => short.iter().fold(a.math2(Math::Pow, b), |power, (n, product)| b.eq(a.lit(*n)).select(product(a), power)),
    }
}
