//! Operations on integers. They wrap; in a checked module every overflow is a fault. Values narrower than 32 bits are computed in `I32` and
//! extended from their width again after each operation that can leave it.

use super::emit::{Binary, Convert, Emit, Prim, Routine, Unary};
use super::value::Value;
use super::{FaultKind, ScalarOp};
use crate::array::DType;

/// Width and sign of an integer dtype.
#[derive(Clone, Copy)]
pub(super) struct Int {
    pub bits: u32,
    pub signed: bool,
}

impl Int {
    /// Of an integer, time or (unsigned, 8 bits) any other dtype.
    pub fn of(dtype: DType) -> Int {
        Int { bits: dtype.size() as u32 * 8, signed: dtype.is_signed() || dtype.is_time() }
    }
    pub fn min(self) -> i64 {
        if self.signed { i64::MIN >> (64 - self.bits) } else { 0 }
    }
    /// The largest value; of u64 its bits.
    pub fn max(self) -> i64 {
        if self.signed { i64::MAX >> (64 - self.bits) } else { (u64::MAX >> (64 - self.bits)) as i64 }
    }
}

/// The operation on one or two integers, `b` being `a` for one; `None` if it is not defined for them.
pub(super) fn emit<'e, E: Emit>(op: ScalarOp, int: Int, a: Value<'e, E>, b: Value<'e, E>) -> Option<Value<'e, E>> {
    use ScalarOp::*;
    Some(match op {
        Add => arithmetic(Binary::Add, int, a, b),
        Sub => arithmetic(Binary::Sub, int, a, b),
        Mul => arithmetic(Binary::Mul, int, a, b),
        Square => arithmetic(Binary::Mul, int, a, a),
        Neg => arithmetic(Binary::Sub, int, a.int(0), a),
        Abs if int.signed => a.lt(a.int(0)).select(arithmetic(Binary::Sub, int, a.int(0), a), a),
        FloorDiv => {
            if int.signed && a.checked() && b.known_int().is_none_or(|by| by == -1) {
                (a.eq(a.int(int.min())) & b.eq(b.int(-1))).fault(FaultKind::Overflow);
            }
            divide(int, a, b).0
        }
        Rem => divide(int, a, b).1,
        Pow => power(int, a, b),
        Gcd => gcd(int, a, b),
        Sign if int.signed => a.int(0).lt(a).select(a.int(1), a.lt(a.int(0)).select(a.int(-1), a.int(0))),
        Sign => a.ne(a.int(0)).select(a.int(1), a.int(0)),
        Minimum | Fmin => less(int, a, b).select(a, b),
        Maximum | Fmax => less(int, b, a).select(a, b),
        Eq => a.eq(b),
        Ne => a.ne(b),
        Lt => less(int, a, b),
        Gt => less(int, b, a),
        Le => less_equal(int, a, b),
        Ge => less_equal(int, b, a),
        And => a & b,
        Or => a | b,
        Xor => a ^ b,
        Not => wrap(int, !a),
        Shl => shift_left(int, a, b),
        Shr => shift_right(int, a, b),
        Abs | Floor | Ceil | Trunc | Round | Real | Conj => a,
        Imag => a.int(0),
        IsNan | IsInf => a.mask(false),
        IsFinite => a.mask(true),
        SignBit if int.signed => a.lt(a.int(0)),
        SignBit => a.mask(false),
        _ => return None,
    })
}

/// The value of the dtype that a value of the `Prim` wraps to.
pub(super) fn wrap<E: Emit>(int: Int, a: Value<'_, E>) -> Value<'_, E> {
    match (int.bits, int.signed) {
        (8, true) => a.unary(Unary::SignExtend8),
        (8, false) => a.unary(Unary::ZeroExtend8),
        (16, true) => a.unary(Unary::SignExtend16),
        (16, false) => a.unary(Unary::ZeroExtend16),
        _ => a,
    }
}

/// As an `I64` of the same value (of u64 the same bits).
pub(super) fn widen<E: Emit>(int: Int, a: Value<'_, E>) -> Value<'_, E> {
    match (a.prim, int.signed) {
        (Prim::I64, _) => a,
        (_, true) => a.convert(Convert::ExtendS),
        (_, false) => a.convert(Convert::ExtendU),
    }
}

pub(super) fn less<'e, E: Emit>(int: Int, a: Value<'e, E>, b: Value<'e, E>) -> Value<'e, E> {
    if int.signed { a.lt(b) } else { a.lt_u(b) }
}

fn less_equal<'e, E: Emit>(int: Int, a: Value<'e, E>, b: Value<'e, E>) -> Value<'e, E> {
    if int.signed { a.le(b) } else { a.le_u(b) }
}

/// Addition, subtraction and multiplication.
fn arithmetic<'e, E: Emit>(op: Binary, int: Int, a: Value<'e, E>, b: Value<'e, E>) -> Value<'e, E> {
    if !a.checked() {
        return wrap(int, a.binary(op, b));
    }
    match int.bits {
        64 => {
            let result = a.binary(op, b);
            overflow64(op, int, a, b, result).fault(FaultKind::Overflow);
            result
        }
        32 => {
            let wide = widen(int, a).binary(op, widen(int, b));
            let result = wide.convert(Convert::Wrap);
            widen(int, result).ne(wide).fault(FaultKind::Overflow);
            result
        }
        _ => {
            let wide = a.binary(op, b);
            let result = wrap(int, wide);
            result.ne(wide).fault(FaultKind::Overflow);
            result
        }
    }
}

/// Has an operation on 64 bits left the dtype?
fn overflow64<'e, E: Emit>(op: Binary, int: Int, a: Value<'e, E>, b: Value<'e, E>, result: Value<'e, E>) -> Value<'e, E> {
    let zero = a.int(0);
    match (op, int.signed) {
        // The result's sign differs from both operands'.
        (Binary::Add, true) => ((a ^ result) & (b ^ result)).lt(zero),
        (Binary::Sub, true) => ((a ^ b) & (a ^ result)).lt(zero),
        (Binary::Add, false) => result.lt_u(a),
        (Binary::Sub, false) => a.lt_u(b),
        (_, true) => a.binary(Binary::MulHighS, b).ne(result.binary(Binary::ShrS, a.int(63))),
        (_, false) => a.binary(Binary::MulHighU, b).ne(zero),
    }
}

/// Quotient rounded down and the remainder with the divisor's sign. Division by zero is a fault. `MIN // -1` wraps to `MIN`.
fn divide<'e, E: Emit>(int: Int, a: Value<'e, E>, b: Value<'e, E>) -> (Value<'e, E>, Value<'e, E>) {
    let known = b.known_int();
    if let Some(by) = known.filter(|by| *by > 0 && (*by as u64).is_power_of_two()) {
        let shift = if int.signed { Binary::ShrS } else { Binary::ShrU };
        return (a.binary(shift, a.int(by.trailing_zeros().into())), a & a.int(by - 1));
    }
    let zero = a.int(0);
    if known.is_none_or(|by| by == 0) {
        b.eq(zero).fault(FaultKind::DivideByZero);
    }
    if !int.signed {
        return (a.binary(Binary::DivU, b), a.binary(Binary::RemU, b));
    }
    // `MIN / -1` traps, so that divisor is replaced and its quotient made by negation.
    let negate = b.eq(a.int(-1));
    let trap = known.is_none_or(|by| by == -1);
    let safe = if trap { negate.select(a.int(1), b) } else { b };
    let (quotient, rest) = (a.binary(Binary::DivS, safe), a.binary(Binary::RemS, safe));
    let quotient = if trap { negate.select(-a, quotient) } else { quotient };
    let down = rest.ne(zero) & (rest ^ b).lt(zero);
    let floor = down.select(quotient - a.int(1), quotient);
    (wrap(int, floor), down.select(rest + b, rest))
}

/// Of the absolute values; the least integer's own is taken without its sign and wraps back.
fn gcd<'e, E: Emit>(int: Int, a: Value<'e, E>, b: Value<'e, E>) -> Value<'e, E> {
    let size = |a: Value<'e, E>| {
        let wide = widen(int, a);
        if int.signed { wide.lt(wide.int(0)).select(-wide, wide) } else { wide }
    };
    let common = size(a).call(Routine::Gcd, &[size(b)]);
    wrap(int, if a.prim == Prim::I32 { common.convert(Convert::Wrap) } else { common })
}

/// A negative exponent is a fault.
fn power<'e, E: Emit>(int: Int, a: Value<'e, E>, b: Value<'e, E>) -> Value<'e, E> {
    let known = b.known_int();
    if int.signed && known.is_none_or(|n| n < 0) {
        b.lt(b.int(0)).fault(FaultKind::NegativePower);
    }
    if let Some(n @ 0..=64) = known {
        return power_known(int, a, n as u32);
    }
    let (base, exponent) = (widen(int, a), widen(int, b));
    if a.checked() {
        let routine = if int.signed { Routine::PowOverflowsS } else { Routine::PowOverflowsU };
        base.call(routine, &[exponent, base.int(int.bits.into())]).fault(FaultKind::Overflow);
    }
    let power = base.call(Routine::PowInt, &[exponent]);
    wrap(int, if a.prim == Prim::I32 { power.convert(Convert::Wrap) } else { power })
}

/// By squaring, from the exponent's highest bit down.
fn power_known<E: Emit>(int: Int, a: Value<'_, E>, n: u32) -> Value<'_, E> {
    if n == 0 {
        return a.int(1);
    }
    let mut power = a;
    for bit in (0..n.ilog2()).rev() {
        power = arithmetic(Binary::Mul, int, power, power);
        if n >> bit & 1 == 1 {
            power = arithmetic(Binary::Mul, int, power, a);
        }
    }
    power
}

/// A count outside `0..bits` shifts everything out.
fn shift_left<'e, E: Emit>(int: Int, a: Value<'e, E>, count: Value<'e, E>) -> Value<'e, E> {
    let width = if a.prim == Prim::I32 { 32 } else { 64 };
    let shifted = |count| wrap(int, a.binary(Binary::Shl, count));
    match count.known_int() {
        Some(n) if (0..width).contains(&n) => shifted(count),
        Some(_) => a.int(0),
        None => count.lt_u(a.int(width)).select(shifted(count & a.int(width - 1)), a.int(0)),
    }
}

/// A count outside `0..bits` leaves the sign.
fn shift_right<'e, E: Emit>(int: Int, a: Value<'e, E>, count: Value<'e, E>) -> Value<'e, E> {
    let width = if a.prim == Prim::I32 { 32 } else { 64 };
    let op = if int.signed { Binary::ShrS } else { Binary::ShrU };
    let all_out = || if int.signed { a.binary(op, a.int(width - 1)) } else { a.int(0) };
    match count.known_int() {
        Some(n) if (0..width).contains(&n) => a.binary(op, count),
        Some(_) => all_out(),
        None => count.lt_u(a.int(width)).select(a.binary(op, count & a.int(width - 1)), all_out()),
    }
}
