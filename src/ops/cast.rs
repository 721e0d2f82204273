//! Conversions between dtypes, as `array::Scalar::cast` has them; in a checked module an integer that does not fit is a fault.

use super::FaultKind;
use super::emit::{Convert, Elem, Emit, Prim};
use super::integer::{Int, less, widen, wrap};
use super::value::{Shared, Value};
use crate::array::DType;

/// Converts an element.
pub fn cast<E: Emit>(e: &mut E, from: DType, to: DType, value: Elem<E::V>) -> Elem<E::V> {
    let emitter = Shared::new(e);
    let prim = Prim::of(from);
    let (re, im) = match value {
        Elem::Real(re) => (Value::new(&emitter, prim, re), None),
        Elem::Complex(re, im) => (Value::new(&emitter, prim, re), Some(Value::new(&emitter, prim, im))),
    };
    if to == DType::Bool {
        let set = truth(re);
        return Elem::Real(im.map_or(set, |im| set | truth(im)).v);
    }
    let part = real(from.real(), to.real(), re);
    if to.is_complex() {
        let im = im.map_or(part.lit(0.0), |im| real(from.real(), to.real(), im));
        return Elem::Complex(part.v, im.v);
    }
    Elem::Real(part.v)
}

fn truth<E: Emit>(a: Value<'_, E>) -> Value<'_, E> {
    match a.prim {
        Prim::Mask => a,
        Prim::I32 | Prim::I64 => a.ne(a.int(0)),
        Prim::F32 | Prim::F64 => a.ne(a.lit(0.0)),
    }
}

/// Between dtypes that are not complex, to one that is not bool.
fn real<'e, E: Emit>(from: DType, to: DType, a: Value<'e, E>) -> Value<'e, E> {
    match (from == DType::Bool, from.is_float(), to.is_float()) {
        (true, _, true) => a.select(a.bits(Prim::of(to), 0).lit(1.0), a.bits(Prim::of(to), 0)),
        (true, _, false) => a.convert(if Prim::of(to) == Prim::I64 { Convert::MaskToI64 } else { Convert::MaskToI32 }),
        (_, true, true) => match (a.prim, Prim::of(to)) {
            (Prim::F32, Prim::F64) => a.convert(Convert::Promote),
            (Prim::F64, Prim::F32) => a.convert(Convert::Demote),
            _ => a,
        },
        (_, true, false) => float_to_int(Int::of(to), Prim::of(to), a),
        (_, false, true) => int_to_float(Int::of(from), Prim::of(to), a),
        _ => int_to_int(Int::of(from), Int::of(to), Prim::of(to), a),
    }
}

fn int_to_float<E: Emit>(from: Int, to: Prim, a: Value<'_, E>) -> Value<'_, E> {
    a.convert(match (a.prim, from.signed, to) {
        (Prim::I64, true, Prim::F32) => Convert::I64ToF32,
        (Prim::I64, false, Prim::F32) => Convert::U64ToF32,
        (Prim::I64, true, _) => Convert::I64ToF64,
        (Prim::I64, false, _) => Convert::U64ToF64,
        (_, true, Prim::F32) => Convert::I32ToF32,
        (_, false, Prim::F32) => Convert::U32ToF32,
        (_, true, _) => Convert::I32ToF64,
        (_, false, _) => Convert::U32ToF64,
    })
}

fn float_to_int<'e, E: Emit>(to: Int, prim: Prim, a: Value<'e, E>) -> Value<'e, E> {
    let whole = a.convert(match (a.prim, to.signed, prim) {
        (Prim::F32, true, Prim::I64) => Convert::F32ToI64,
        (Prim::F32, false, Prim::I64) => Convert::F32ToU64,
        (Prim::F32, true, _) => Convert::F32ToI32,
        (Prim::F32, false, _) => Convert::F32ToU32,
        (_, true, Prim::I64) => Convert::F64ToI64,
        (_, false, Prim::I64) => Convert::F64ToU64,
        (_, true, _) => Convert::F64ToI32,
        (_, false, _) => Convert::F64ToU32,
    });
    if a.checked() {
        // The truncated value lies in [min, 2^k): both bounds are exact in either float. NaN lies nowhere.
        let whole = a.unary(super::emit::Unary::Trunc);
        let limit = a.lit(2f64.powi((to.bits - to.signed as u32) as i32));
        (!(a.lit(to.min() as f64).le(whole) & whole.lt(limit))).fault(FaultKind::Overflow);
    }
    if to.bits >= 32 {
        return whole;
    }
    let (low, high) = (whole.int(to.min()), whole.int(to.max()));
    let below = less(to, high, whole).select(high, whole);
    less(to, below, low).select(low, below)
}

fn int_to_int<'e, E: Emit>(from: Int, to: Int, prim: Prim, a: Value<'e, E>) -> Value<'e, E> {
    if prim == Prim::I64 {
        let wide = widen(from, a);
        if a.checked() && from.signed != to.signed && (from.signed || from.bits == 64) {
            wide.lt(wide.int(0)).fault(FaultKind::Overflow);
        }
        return wide;
    }
    let low = if a.prim == Prim::I64 { a.convert(Convert::Wrap) } else { a };
    let result = wrap(to, low);
    if a.checked() {
        // Equal as mathematical integers: the same 64 bits, and no sign on one side alone.
        let (before, after) = (widen(from, a), widen(to, result));
        (before.ne(after) | sign_differs(from, to, before)).fault(FaultKind::Overflow);
    }
    result
}

/// Is a 64-bit pattern a different number as a value of the two dtypes?
fn sign_differs<'e, E: Emit>(from: Int, to: Int, a: Value<'e, E>) -> Value<'e, E> {
    if from.bits == 64 && from.signed != to.signed { a.lt(a.int(0)) } else { a.mask(false) }
}
