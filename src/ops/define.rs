//! The definition of every scalar operation, cast and constant over the primitive instructions of `Emit`: one for all engines. The families
//! are in files of their own; this one sorts operations into them.

use super::complex::{self, Complex};
use super::emit::{Elem, Emit, Prim, Routine};
use super::integer::Int;
use super::value::{Shared, Value};
use super::{ScalarOp, boolean, float, integer, random};
use crate::array::{DType, Scalar};
use smallvec::SmallVec;

/// Computes an operation on elements of `dtype` (see `ScalarOp`). What the operation's `result` does not allow gives zero: the verifier
/// has refused it.
pub fn emit<E: Emit>(e: &mut E, op: ScalarOp, dtype: DType, args: &[Elem<E::V>]) -> Elem<E::V> {
    let result = op.result(dtype).unwrap_or(dtype);
    define(e, op, dtype, args).unwrap_or_else(|| constant(e, Scalar::int(result.real(), 0)))
}

fn define<E: Emit>(e: &mut E, op: ScalarOp, dtype: DType, args: &[Elem<E::V>]) -> Option<Elem<E::V>> {
    let prim = Prim::of(dtype);
    let first = *args.first()?;
    let second = args.get(1).copied().unwrap_or(first);
    if let ScalarOp::Select = op {
        return select(e, prim, first, second, *args.get(2)?);
    }
    let emitter = Shared::new(e);
    let real = |elem| match elem {
        Elem::Real(v) | Elem::Complex(v, _) => Value::new(&emitter, prim, v),
    };
    Some(match op {
        ScalarOp::Complex => Elem::Complex(real(first).v, real(second).v),
        ScalarOp::Random(distribution) => Elem::Real(random::emit(distribution, real(first), real(second)).v),
        ScalarOp::Quantile(quantile) => {
            let others: SmallVec<[_; 3]> = args.iter().skip(1).map(|arg| real(*arg)).collect();
            Elem::Real(real(first).call(Routine::Quantile(quantile), &others).v)
        }
        _ if dtype == DType::Bool => Elem::Real(boolean::emit(op, real(first), real(second))?.v),
        _ if dtype.is_float() => Elem::Real(float::emit(op, real(first), real(second))?.v),
        _ if dtype.is_complex() => {
            let pair = |elem| match elem {
                Elem::Complex(re, im) => Some(Complex { re: Value::new(&emitter, prim, re), im: Value::new(&emitter, prim, im) }),
                Elem::Real(_) => None,
            };
            match complex::emit(op, pair(first)?, pair(second)?)? {
                complex::Outcome::Real(value) => Elem::Real(value.v),
                complex::Outcome::Complex(z) => Elem::Complex(z.re.v, z.im.v),
            }
        }
        _ => Elem::Real(integer::emit(op, Int::of(dtype), real(first), real(second))?.v),
    })
}

fn select<E: Emit>(e: &mut E, prim: Prim, mask: Elem<E::V>, a: Elem<E::V>, b: Elem<E::V>) -> Option<Elem<E::V>> {
    let Elem::Real(mask) = mask else { return None };
    match (a, b) {
        (Elem::Real(a), Elem::Real(b)) => Some(Elem::Real(e.select(prim, mask, a, b))),
        (Elem::Complex(a, c), Elem::Complex(b, d)) => Some(Elem::Complex(e.select(prim, mask, a, b), e.select(prim, mask, c, d))),
        _ => None,
    }
}

/// A constant element.
pub fn constant<E: Emit>(e: &mut E, value: Scalar) -> Elem<E::V> {
    let dtype = value.dtype;
    let prim = Prim::of(dtype);
    let bits = match prim {
        Prim::Mask => (value.bits != 0) as u64,
        Prim::I32 => value.as_int().unwrap_or(0) as u32 as u64,
        _ => value.bits as u64,
    };
    match dtype {
        DType::C64 => Elem::Complex(e.constant(prim, value.bits as u32 as u64), e.constant(prim, (value.bits >> 32) as u32 as u64)),
        DType::C128 => Elem::Complex(e.constant(prim, bits), e.constant(prim, (value.bits >> 64) as u64)),
        _ => Elem::Real(e.constant(prim, bits)),
    }
}

/// Selects between two elements of one dtype by a mask.
pub fn choose<E: Emit>(e: &mut E, dtype: DType, mask: E::V, a: Elem<E::V>, b: Elem<E::V>) -> Elem<E::V> {
    select(e, Prim::of(dtype), Elem::Real(mask), a, b).unwrap_or(a)
}
