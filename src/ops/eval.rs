//! The evaluator: an emitter that computes at once, on bits. The reference for every other emitter; folds constants and runs the
//! interpreter.

use super::emit::{Binary, Compare, Convert, Elem, Emit, Prim, Routine, Unary};
use super::{FaultKind, ScalarOp, cast, define, routine};
use crate::array::{DType, Scalar};

/// Values are bits: a mask 0 or 1, `I32` and `F32` in the low half with zeros above.
#[derive(Clone, Copy, Debug, Default)]
pub struct Eval {
    /// Every integer overflow is a fault.
    pub checked: bool,
    /// The first fault; what is computed after it means nothing.
    pub fault: Option<FaultKind>,
}

/// The value of an operation on scalars of `dtype`.
pub fn operate(op: ScalarOp, dtype: DType, args: &[Scalar], checked: bool) -> Result<Scalar, FaultKind> {
    let mut eval = Eval { checked, fault: None };
    let args: smallvec::SmallVec<[Elem<u64>; 3]> = args.iter().map(|arg| define::constant(&mut eval, *arg)).collect();
    let value = define::emit(&mut eval, op, dtype, &args);
    eval.fault.map_or(Ok(scalar(op.result(dtype).unwrap_or(dtype), value)), Err)
}

/// The scalar of a dtype that an element is.
pub fn scalar(dtype: DType, value: Elem<u64>) -> Scalar {
    let bits = match value {
        Elem::Real(bits) if dtype == DType::Bool => (bits != 0) as u128,
        Elem::Real(bits) => bits as u128 & ((1u128 << (dtype.size().min(8) * 8)) - 1),
        Elem::Complex(re, im) => re as u128 | (im as u128) << (dtype.size() * 4),
    };
    Scalar { dtype, bits }
}

/// The value of a cast.
pub fn convert(value: Scalar, to: DType, checked: bool) -> Result<Scalar, FaultKind> {
    let mut eval = Eval { checked, fault: None };
    let elem = define::constant(&mut eval, value);
    let result = cast::cast(&mut eval, value.dtype, to, elem);
    eval.fault.map_or(Ok(scalar(to, result)), Err)
}

fn f32_of(bits: u64) -> f32 {
    f32::from_bits(bits as u32)
}

fn f64_of(bits: u64) -> f64 {
    f64::from_bits(bits)
}

fn low(value: u32) -> u64 {
    value.into()
}

macro_rules! float_unary {
    ($x:expr, $op:expr) => {
        match $op {
            Unary::Neg => -$x,
            Unary::Abs => $x.abs(),
            Unary::Sqrt => $x.sqrt(),
            Unary::Floor => $x.floor(),
            Unary::Ceil => $x.ceil(),
            Unary::Trunc => $x.trunc(),
            Unary::Nearest => $x.round_ties_even(),
            _ => $x,
        }
    };
}

macro_rules! float_binary {
    ($x:expr, $y:expr, $op:expr) => {
        match $op {
            Binary::Add => $x + $y,
            Binary::Sub => $x - $y,
            Binary::Mul => $x * $y,
            Binary::Div => $x / $y,
            Binary::CopySign => $x.copysign($y),
            _ => $x,
        }
    };
}

/// Integers of one width: signed type, unsigned type. A divisor of zero or an overflowing division gives 0: a fault has been raised.
macro_rules! int_binary {
    ($signed:ty, $unsigned:ty, $a:expr, $b:expr, $op:expr) => {{
        let (a, b) = ($a as $unsigned, $b as $unsigned);
        let (sa, sb) = (a as $signed, b as $signed);
        let count = b as u32;
        match $op {
            Binary::Add => a.wrapping_add(b),
            Binary::Sub => a.wrapping_sub(b),
            Binary::Mul => a.wrapping_mul(b),
            Binary::DivS => sa.checked_div(sb).unwrap_or(0) as $unsigned,
            Binary::RemS => sa.checked_rem(sb).unwrap_or(0) as $unsigned,
            Binary::DivU => a.checked_div(b).unwrap_or(0),
            Binary::RemU => a.checked_rem(b).unwrap_or(0),
            Binary::MulHighS => ((sa as i128 * sb as i128) >> 64) as $unsigned,
            Binary::MulHighU => ((a as u128 * b as u128) >> 64) as $unsigned,
            Binary::And => a & b,
            Binary::Or => a | b,
            Binary::Xor => a ^ b,
            Binary::Shl => a.wrapping_shl(count),
            Binary::ShrS => sa.wrapping_shr(count) as $unsigned,
            Binary::ShrU => a.wrapping_shr(count),
            Binary::Div | Binary::CopySign => a,
        }
        .into()
    }};
}

macro_rules! ordered {
    ($a:expr, $b:expr, $op:expr) => {
        match $op {
            Compare::Eq => $a == $b,
            Compare::Ne => $a != $b,
            Compare::Lt | Compare::LtU => $a < $b,
            Compare::Le | Compare::LeU => $a <= $b,
        }
    };
}

impl Emit for Eval {
    type V = u64;

    fn constant(&mut self, prim: Prim, bits: u64) -> u64 {
        match prim {
            Prim::Mask => bits & 1,
            Prim::I32 | Prim::F32 => low(bits as u32),
            Prim::I64 | Prim::F64 => bits,
        }
    }
    fn as_constant(&self, value: u64) -> Option<u64> {
        Some(value)
    }
    fn unary(&mut self, prim: Prim, op: Unary, a: u64) -> u64 {
        match prim {
            Prim::Mask => a ^ 1,
            Prim::F32 => low(float_unary!(f32_of(a), op).to_bits()),
            Prim::F64 => float_unary!(f64_of(a), op).to_bits(),
            Prim::I64 => match op {
                Unary::Neg => a.wrapping_neg(),
                Unary::Not => !a,
                _ => a,
            },
            Prim::I32 => low(match op {
                Unary::Neg => (a as u32).wrapping_neg(),
                Unary::Not => !(a as u32),
                Unary::SignExtend8 => a as i8 as u32,
                Unary::SignExtend16 => a as i16 as u32,
                Unary::ZeroExtend8 => a as u8 as u32,
                Unary::ZeroExtend16 => a as u16 as u32,
                _ => a as u32,
            }),
        }
    }
    fn binary(&mut self, prim: Prim, op: Binary, a: u64, b: u64) -> u64 {
        match prim {
            Prim::Mask => match op {
                Binary::And => a & b,
                Binary::Or => a | b,
                _ => a ^ b,
            },
            Prim::I32 => int_binary!(i32, u32, a, b, op),
            Prim::I64 => int_binary!(i64, u64, a, b, op),
            Prim::F32 => low(float_binary!(f32_of(a), f32_of(b), op).to_bits()),
            Prim::F64 => float_binary!(f64_of(a), f64_of(b), op).to_bits(),
        }
    }
    fn compare(&mut self, prim: Prim, op: Compare, a: u64, b: u64) -> u64 {
        match (prim, op) {
            (Prim::F32, _) => ordered!(f32_of(a), f32_of(b), op),
            (Prim::F64, _) => ordered!(f64_of(a), f64_of(b), op),
            // Zeros lie above an I32, so it compares as unsigned by its 64 bits.
            (_, Compare::LtU | Compare::LeU) | (Prim::Mask, _) => ordered!(a, b, op),
            (Prim::I32, _) => ordered!(a as i32, b as i32, op),
            (Prim::I64, _) => ordered!(a as i64, b as i64, op),
        }
        .into()
    }
    fn select(&mut self, _prim: Prim, mask: u64, a: u64, b: u64) -> u64 {
        if mask != 0 { a } else { b }
    }
    fn convert(&mut self, op: Convert, a: u64) -> u64 {
        match op {
            Convert::MaskToI32 | Convert::MaskToI64 | Convert::ExtendU => a,
            Convert::ExtendS => a as i32 as i64 as u64,
            Convert::Wrap => low(a as u32),
            Convert::I32ToF32 => low((a as i32 as f32).to_bits()),
            Convert::U32ToF32 => low((a as u32 as f32).to_bits()),
            Convert::I64ToF32 => low((a as i64 as f32).to_bits()),
            Convert::U64ToF32 => low((a as f32).to_bits()),
            Convert::I32ToF64 => (a as i32 as f64).to_bits(),
            Convert::U32ToF64 => (a as u32 as f64).to_bits(),
            Convert::I64ToF64 => (a as i64 as f64).to_bits(),
            Convert::U64ToF64 => (a as f64).to_bits(),
            Convert::F32ToI32 => low(f32_of(a) as i32 as u32),
            Convert::F32ToU32 => low(f32_of(a) as u32),
            Convert::F32ToI64 => f32_of(a) as i64 as u64,
            Convert::F32ToU64 => f32_of(a) as u64,
            Convert::F64ToI32 => low(f64_of(a) as i32 as u32),
            Convert::F64ToU32 => low(f64_of(a) as u32),
            Convert::F64ToI64 => f64_of(a) as i64 as u64,
            Convert::F64ToU64 => f64_of(a) as u64,
            Convert::Promote => (f32_of(a) as f64).to_bits(),
            Convert::Demote => low((f64_of(a) as f32).to_bits()),
            Convert::F32Bits | Convert::F64Bits | Convert::F32FromBits | Convert::F64FromBits => a,
        }
    }
    fn call(&mut self, routine: Routine, args: &[u64]) -> u64 {
        routine::call(routine, args)
    }
    fn fault_if(&mut self, mask: u64, kind: FaultKind) {
        if mask != 0 && self.fault.is_none() {
            self.fault = Some(kind);
        }
    }
    fn checked(&self) -> bool {
        self.checked
    }
}
