//! The emitter: the few primitive instructions that every scalar operation is defined with, and the types they work on. Implemented by the
//! evaluator (`eval`, values are bits) and by the compiler (values are machine values, one or several lanes). Defines no operation.

use super::FaultKind;
use crate::array::DType;
use crate::vmath::{Math, Quantile};

/// What a value is while it is computed with. Integers below 32 bits are held in `I32`, sign- or zero-extended from their width; `U32` is
/// the same 32 bits as `I32`. A bool is a `Mask`. Complex numbers are two values (`Elem`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Prim {
    Mask,
    I32,
    I64,
    F32,
    F64,
}

impl Prim {
    /// How values of a dtype are held; of a complex one, its parts.
    pub fn of(dtype: DType) -> Prim {
        match dtype {
            DType::Bool => Prim::Mask,
            DType::I8 | DType::I16 | DType::I32 | DType::U8 | DType::U16 | DType::U32 => Prim::I32,
            DType::I64 | DType::U64 | DType::DateTime(_) | DType::Duration => Prim::I64,
            DType::F32 | DType::C64 => Prim::F32,
            DType::F64 | DType::C128 => Prim::F64,
        }
    }
}

/// One element being computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elem<V> {
    Real(V),
    /// Real and imaginary part.
    Complex(V, V),
}

/// Instructions of one operand; the result has the operand's `Prim`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unary {
    /// Integers (wrapping) and floats (the sign bit, of NaN too).
    Neg,
    /// Masks and integers.
    Not,
    /// Floats: clears the sign bit.
    Abs,
    Sqrt,
    Floor,
    Ceil,
    Trunc,
    /// Ties to even.
    Nearest,
    /// `I32` only: the low 8 or 16 bits, extended.
    SignExtend8,
    SignExtend16,
    ZeroExtend8,
    ZeroExtend16,
}

/// Instructions of two operands of one `Prim`, which is the result's too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// Integers wrap; floats round once, never contracted to a fused multiply-add.
    Add,
    Sub,
    Mul,
    /// Floats only.
    Div,
    /// Integers. The divisor is not zero (a `fault_if` went before) and, signed, never `MIN / -1`. Where a fault has been raised and the
    /// emitter goes on, the result does not matter, but it must not trap.
    DivS,
    DivU,
    RemS,
    RemU,
    /// The high half of the product; `I64` only.
    MulHighS,
    MulHighU,
    /// Masks and integers.
    And,
    Or,
    Xor,
    /// Integers; the count is below the width of the `Prim`.
    Shl,
    ShrS,
    ShrU,
    /// Floats: the first with the sign bit of the second.
    CopySign,
}

/// Comparisons, giving a `Mask`. On floats all but `Ne` are false where either is NaN. Not for masks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compare {
    Eq,
    Ne,
    Lt,
    Le,
    /// Integers as unsigned.
    LtU,
    LeU,
}

/// Conversions between `Prim`s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Convert {
    /// `Mask` to `I32` or `I64`: 0 or 1.
    MaskToI32,
    MaskToI64,
    /// `I32` to `I64`.
    ExtendS,
    ExtendU,
    /// `I64` to `I32`: the low bits.
    Wrap,
    /// Integer to float, rounded once.
    I32ToF32,
    U32ToF32,
    I64ToF32,
    U64ToF32,
    I32ToF64,
    U32ToF64,
    I64ToF64,
    U64ToF64,
    /// Float to integer: truncating, saturating, NaN to 0.
    F32ToI32,
    F32ToU32,
    F32ToI64,
    F32ToU64,
    F64ToI32,
    F64ToU32,
    F64ToI64,
    F64ToU64,
    Promote,
    Demote,
    /// The same bits.
    F32Bits,
    F64Bits,
    F32FromBits,
    F64FromBits,
}

impl Convert {
    /// The `Prim` it takes and the one it gives.
    pub fn prims(self) -> (Prim, Prim) {
        use Prim::*;
        match self {
            Convert::MaskToI32 => (Mask, I32),
            Convert::MaskToI64 => (Mask, I64),
            Convert::ExtendS | Convert::ExtendU => (I32, I64),
            Convert::Wrap => (I64, I32),
            Convert::I32ToF32 | Convert::U32ToF32 | Convert::F32FromBits => (I32, F32),
            Convert::I64ToF32 | Convert::U64ToF32 => (I64, F32),
            Convert::I32ToF64 | Convert::U32ToF64 => (I32, F64),
            Convert::I64ToF64 | Convert::U64ToF64 | Convert::F64FromBits => (I64, F64),
            Convert::F32ToI32 | Convert::F32ToU32 | Convert::F32Bits => (F32, I32),
            Convert::F32ToI64 | Convert::F32ToU64 => (F32, I64),
            Convert::F64ToI32 | Convert::F64ToU32 => (F64, I32),
            Convert::F64ToI64 | Convert::F64ToU64 | Convert::F64Bits => (F64, I64),
            Convert::Promote => (F32, F64),
            Convert::Demote => (F64, F32),
        }
    }
}

/// Functions too large for instructions: calls into precompiled code, the same for every emitter (`routine::call`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Routine {
    /// `arity` values of the `Prim` (`F64` or `F32`), giving one.
    Math(Prim, Math),
    /// Base and exponent (0 or more, unsigned), both `I64`, wrapping: the low bits are right for narrower integers too.
    PowInt,
    /// The greatest common divisor of two `I64`, unsigned.
    Gcd,
    /// Some `F64`: a share or a value, and parameters.
    Quantile(Quantile),
    /// Base, exponent (0 or more), bits of the dtype (8 to 64), all `I64`: is the power outside the dtype? A `Mask`. For `--checked`.
    PowOverflowsS,
    PowOverflowsU,
}

impl Routine {
    /// The `Prim`s of its arguments and of its result.
    pub fn signature(self) -> (&'static [Prim], Prim) {
        use Prim::*;
        match self {
            Routine::Math(prim, math) => match (prim, math.arity()) {
                (F32, 1) => (&[F32], F32),
                (F32, _) => (&[F32, F32], F32),
                (_, 1) => (&[F64], F64),
                _ => (&[F64, F64], F64),
            },
            Routine::Quantile(quantile) if quantile.arity() == 4 => (&[F64, F64, F64, F64], F64),
            Routine::Quantile(_) => (&[F64, F64, F64], F64),
            Routine::PowInt | Routine::Gcd => (&[I64, I64], I64),
            Routine::PowOverflowsS | Routine::PowOverflowsU => (&[I64, I64, I64], Mask),
        }
    }
}

/// Emits (or at once computes) primitive instructions. Straight-line: there is no control flow but `fault_if`.
pub trait Emit {
    type V: Copy;

    /// A constant: the low bits of `bits`, of a mask 0 or 1.
    fn constant(&mut self, prim: Prim, bits: u64) -> Self::V;
    /// The bits of a value that is a constant, where that is known: lets a definition leave out guards. The meaning never depends on it.
    fn as_constant(&self, value: Self::V) -> Option<u64>;
    fn unary(&mut self, prim: Prim, op: Unary, a: Self::V) -> Self::V;
    fn binary(&mut self, prim: Prim, op: Binary, a: Self::V, b: Self::V) -> Self::V;
    fn compare(&mut self, prim: Prim, op: Compare, a: Self::V, b: Self::V) -> Self::V;
    /// `a` where the mask is set, else `b`; `a` and `b` of any `Prim`, masks too.
    fn select(&mut self, prim: Prim, mask: Self::V, a: Self::V, b: Self::V) -> Self::V;
    fn convert(&mut self, op: Convert, a: Self::V) -> Self::V;
    fn call(&mut self, routine: Routine, args: &[Self::V]) -> Self::V;
    /// Ends the run with a fault at the operation's span where the mask is set; the emitter knows span and values. Never called for the
    /// body of a vector loop, which holds no operation that may fail.
    fn fault_if(&mut self, mask: Self::V, kind: FaultKind);
    /// Is every integer overflow a fault?
    fn checked(&self) -> bool;
}
