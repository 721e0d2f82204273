//! Values under construction that can be written with operators: what the definitions are phrased in. Owns no definition.

use super::FaultKind;
use super::emit::{Binary, Compare, Convert, Emit, Prim, Routine, Unary};
use crate::vmath::Math;
use std::cell::RefCell;
use std::ops;

/// An emitter that several values share while an expression is built.
pub(super) type Shared<'e, E> = RefCell<&'e mut E>;

/// A value of an emitter with its `Prim`. Operators emit instructions; both operands have one `Prim`.
pub(super) struct Value<'e, E: Emit> {
    emitter: &'e Shared<'e, E>,
    pub prim: Prim,
    pub v: E::V,
}

impl<E: Emit> Clone for Value<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E: Emit> Copy for Value<'_, E> {}

impl<'e, E: Emit> Value<'e, E> {
    pub fn new(emitter: &'e Shared<'e, E>, prim: Prim, v: E::V) -> Self {
        Value { emitter, prim, v }
    }
    fn with(self, prim: Prim, make: impl FnOnce(&mut E) -> E::V) -> Self {
        Value { prim, v: make(&mut self.emitter.borrow_mut()), ..self }
    }
    pub fn unary(self, op: Unary) -> Self {
        self.with(self.prim, |e| e.unary(self.prim, op, self.v))
    }
    pub fn binary(self, op: Binary, other: Self) -> Self {
        self.with(self.prim, |e| e.binary(self.prim, op, self.v, other.v))
    }
    fn compare(self, op: Compare, other: Self) -> Self {
        self.with(Prim::Mask, |e| e.compare(self.prim, op, self.v, other.v))
    }
    pub fn convert(self, op: Convert) -> Self {
        self.with(op.prims().1, |e| e.convert(op, self.v))
    }
    /// A constant of another `Prim`.
    pub fn bits(self, prim: Prim, bits: u64) -> Self {
        self.with(prim, |e| e.constant(prim, bits))
    }
    /// A float constant of the same `Prim`.
    pub fn lit(self, value: f64) -> Self {
        self.bits(self.prim, if self.prim == Prim::F32 { (value as f32).to_bits().into() } else { value.to_bits() })
    }
    /// An integer constant of the same `Prim`.
    pub fn int(self, value: i64) -> Self {
        self.bits(self.prim, if self.prim == Prim::I32 { value as u32 as u64 } else { value as u64 })
    }
    pub fn mask(self, value: bool) -> Self {
        self.bits(Prim::Mask, value.into())
    }
    /// The value, where it is a constant: an integer of the `Prim`, signed.
    pub fn known_int(self) -> Option<i64> {
        let bits = self.emitter.borrow().as_constant(self.v)?;
        Some(if self.prim == Prim::I32 { bits as u32 as i32 as i64 } else { bits as i64 })
    }
    /// The value, where it is a constant: a float.
    pub fn known_float(self) -> Option<f64> {
        let bits = self.emitter.borrow().as_constant(self.v)?;
        Some(if self.prim == Prim::F32 { f32::from_bits(bits as u32) as f64 } else { f64::from_bits(bits) })
    }
    pub fn eq(self, other: Self) -> Self {
        self.compare(Compare::Eq, other)
    }
    pub fn ne(self, other: Self) -> Self {
        self.compare(Compare::Ne, other)
    }
    pub fn lt(self, other: Self) -> Self {
        self.compare(Compare::Lt, other)
    }
    pub fn le(self, other: Self) -> Self {
        self.compare(Compare::Le, other)
    }
    pub fn lt_u(self, other: Self) -> Self {
        self.compare(Compare::LtU, other)
    }
    pub fn le_u(self, other: Self) -> Self {
        self.compare(Compare::LeU, other)
    }
    /// `a` where this mask is set, else `b`.
    pub fn select(self, a: Self, b: Self) -> Self {
        self.with(a.prim, |e| e.select(a.prim, self.v, a.v, b.v))
    }
    pub fn abs(self) -> Self {
        self.unary(Unary::Abs)
    }
    pub fn sqrt(self) -> Self {
        self.unary(Unary::Sqrt)
    }
    pub fn copysign(self, sign: Self) -> Self {
        self.binary(Binary::CopySign, sign)
    }
    pub fn call(self, routine: Routine, more: &[Self]) -> Self {
        let args: smallvec::SmallVec<[E::V; 3]> = std::iter::once(self.v).chain(more.iter().map(|m| m.v)).collect();
        self.with(routine.signature().1, |e| e.call(routine, &args))
    }
    /// A function of one real number.
    pub fn math(self, math: Math) -> Self {
        self.call(Routine::Math(self.prim, math), &[])
    }
    /// A function of two real numbers.
    pub fn math2(self, math: Math, other: Self) -> Self {
        self.call(Routine::Math(self.prim, math), &[other])
    }
    /// A fault where this mask is set.
    pub fn fault(self, kind: FaultKind) {
        self.emitter.borrow_mut().fault_if(self.v, kind);
    }
    pub fn checked(self) -> bool {
        self.emitter.borrow().checked()
    }
    pub fn is_nan(self) -> Self {
        self.ne(self)
    }
}

macro_rules! operators {
    ($($name:ident $method:ident $op:ident,)*) => { $(
        impl<E: Emit> ops::$name for Value<'_, E> {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                self.binary(Binary::$op, other)
            }
        }
    )* };
}

impl<E: Emit> ops::Neg for Value<'_, E> {
    type Output = Self;
    fn neg(self) -> Self {
        self.unary(Unary::Neg)
    }
}

impl<E: Emit> ops::Not for Value<'_, E> {
    type Output = Self;
    fn not(self) -> Self {
        self.unary(Unary::Not)
    }
}

operators! {
    Add add Add, Sub sub Sub, Mul mul Mul, Div div Div,
    BitAnd bitand And, BitOr bitor Or, BitXor bitxor Xor,
}
