//! What instruction sets have in common: which instructions an operation of a tape becomes, with which registers and numbers.

use super::asm::{Assembler, Free, Reg};
use super::avx2::Avx2;
use super::avx512::Avx512;
use super::forms::Form;
use crate::array::DType;
use crate::codegen::lanes::is_wide;
use crate::ops::emit::{Binary, Compare, Convert, Prim, Unary};
use crate::vmath::{Level, level};
use iced_x86::{Code, IcedError, Instruction, MemoryOperand};

/// Writes the instructions of single operations; takes registers for what they need beside their result.
pub struct Selector<'a> {
    pub asm: &'a mut Assembler,
    pub free: &'a mut Free,
    /// Form of elements that are not of 64 bits: of those it is `Quad`.
    pub element: Form,
    /// Which elements there are, where that is not all of them: no others are read or written.
    pub within: Option<Reg>,
    /// Numbers that are in registers: what some operations need.
    pub numbers: &'a [(Prim, u64, Reg)],
}

/// An instruction set. `None`: an operation has no instructions in it.
pub trait Set {
    /// The registers it has.
    fn registers(&self) -> Free;
    /// Elements in a group.
    fn width(&self, form: Form) -> usize;
    /// Bytes of a vector.
    fn bytes(&self) -> usize;
    /// Stores a vector past the caches, at an aligned place.
    fn stream(&self, s: &mut Selector, to: MemoryOperand, x: Reg);
    /// Can instructions leave out elements by a mask?
    fn has_masks(&self) -> bool;
    /// `to = x`.
    fn copy(&self, s: &mut Selector, prim: Prim, to: Reg, x: Reg) -> Option<()>;
    /// As `copy`, of the elements that a mask chooses; others stay.
    fn merge(&self, s: &mut Selector, prim: Prim, to: Reg, mask: Reg, x: Reg) -> Option<()>;
    /// What stands in memory once, in all elements.
    fn repeat(&self, s: &mut Selector, prim: Prim, to: Reg, from: MemoryOperand) -> Option<()>;
    /// Values of a strip or of accumulators, where a mask is 32 bits an element.
    fn restore(&self, s: &mut Selector, prim: Prim, to: Reg, from: MemoryOperand) -> Option<()>;
    fn keep(&self, s: &mut Selector, prim: Prim, to: MemoryOperand, x: Reg) -> Option<()>;
    /// Elements of an array that lie side by side.
    fn load(&self, s: &mut Selector, dtype: DType, to: Reg, from: MemoryOperand) -> Option<()>;
    fn store(&self, s: &mut Selector, dtype: DType, to: MemoryOperand, x: Reg) -> Option<()>;
    fn unary(&self, s: &mut Selector, prim: Prim, op: Unary, to: Reg, x: Reg) -> Option<()>;
    fn binary(&self, s: &mut Selector, prim: Prim, op: Binary, to: Reg, x: Reg, y: Reg) -> Option<()>;
    fn compare(&self, s: &mut Selector, prim: Prim, op: Compare, to: Reg, x: Reg, y: Reg) -> Option<()>;
    fn select(&self, s: &mut Selector, prim: Prim, to: Reg, mask: Reg, x: Reg, y: Reg) -> Option<()>;
    /// Sets the zero flag if a mask of a group has no element.
    fn test(&self, s: &mut Selector, mask: Reg);
    fn convert(&self, s: &mut Selector, op: Convert, to: Reg, x: Reg) -> Option<()>;
    /// Numbers that a conversion needs in registers: prim and bits.
    fn needs_convert(&self, op: Convert) -> Vec<(Prim, u64)> {
        needs_convert(op)
    }
}

/// The instruction set in use.
pub fn set() -> Option<&'static dyn Set> {
    match level() {
        Level::Sse2 => None,
        Level::Avx2 => Some(&Avx2),
        Level::Avx512 => Some(&Avx512),
    }
}

impl Selector<'_> {
    /// The form of its elements.
    pub fn form(&self, prim: Prim) -> Form {
        if is_wide(prim) { Form::Quad } else { self.element }
    }
    /// A register for a value.
    pub fn take(&mut self, prim: Prim) -> Option<Reg> {
        self.free.take(prim == Prim::Mask)
    }
    /// Where a number is that an operation needs.
    pub fn number(&self, prim: Prim, bits: u64) -> Option<Reg> {
        self.numbers.iter().find(|(of, known, _)| *of == prim && *known == bits).map(|(.., reg)| *reg)
    }

    /// `to = code(x, y)` of one form.
    pub fn three(&mut self, code: Code, form: Form, to: Reg, x: Reg, y: Reg) -> Option<()> {
        self.asm.put(Instruction::with3(code, to.named(form), x.named(form), y.named(form)));
        Some(())
    }

    /// An instruction that reads or writes elements in memory: those that there are. What is not read is zero.
    pub fn put_within(&mut self, instruction: Result<Instruction, IcedError>, read: bool) {
        match self.within {
            Some(mask) => self.asm.put_masked(instruction, mask, read),
            None => self.asm.put(instruction),
        }
    }

    /// One element of an array in all places.
    pub fn load_one(&mut self, set: &dyn Set, dtype: DType, to: Reg, from: MemoryOperand) -> Option<()> {
        if dtype.size() != self.form(Prim::of(dtype)).bytes() || dtype == DType::Bool {
            return None;
        }
        set.repeat(self, Prim::of(dtype), to, from)
    }
}

/// Numbers that an operation needs in registers: prim and bits.
pub fn needs_unary(prim: Prim, op: Unary) -> Option<(Prim, u64)> {
    let (sign, rest) = (sign_bit(prim), sign_bit(prim).wrapping_sub(1));
    match (op, prim) {
        (Unary::Neg, Prim::F32 | Prim::F64) => Some((prim, sign)),
        (Unary::Neg, _) => Some((prim, 0)),
        (Unary::Abs, _) => Some((prim, rest)),
        (Unary::ZeroExtend8, _) => Some((prim, 0xff)),
        (Unary::ZeroExtend16, _) => Some((prim, 0xffff)),
        _ => None,
    }
}

pub fn needs_binary(prim: Prim, op: Binary) -> Option<(Prim, u64)> {
    (op == Binary::CopySign).then(|| (prim, sign_bit(prim)))
}

/// By `Saturation`.
pub fn needs_convert(op: Convert) -> Vec<(Prim, u64)> {
    match Saturation::of(op) {
        Some(Saturation::Unsigned { zero }) => vec![zero],
        Some(Saturation::Signed { limit, largest }) => vec![limit, largest],
        None => Vec::new(),
    }
}

/// The numbers by which a conversion of floats to integers treats those that do not fit.
pub enum Saturation {
    Unsigned {
        zero: (Prim, u64),
    },
    /// The first float that is too large, and what it becomes.
    Signed {
        limit: (Prim, u64),
        largest: (Prim, u64),
    },
}

impl Saturation {
    pub fn of(op: Convert) -> Option<Saturation> {
        let (f32, f64) = (|x: f32| (Prim::F32, u64::from(x.to_bits())), |x: f64| (Prim::F64, x.to_bits()));
        let signed = |limit, largest| Some(Saturation::Signed { limit, largest });
        match op {
            Convert::F32ToI32 => signed(f32(2f32.powi(31)), (Prim::I32, i32::MAX as u64)),
            Convert::F32ToI64 => signed(f32(2f32.powi(63)), (Prim::I64, i64::MAX as u64)),
            Convert::F64ToI32 => signed(f64(2f64.powi(31)), (Prim::I32, i32::MAX as u64)),
            Convert::F64ToI64 => signed(f64(2f64.powi(63)), (Prim::I64, i64::MAX as u64)),
            Convert::F32ToU32 | Convert::F32ToU64 => Some(Saturation::Unsigned { zero: f32(0.0) }),
            Convert::F64ToU32 | Convert::F64ToU64 => Some(Saturation::Unsigned { zero: f64(0.0) }),
            _ => None,
        }
    }
}

pub fn sign_bit(prim: Prim) -> u64 {
    if is_wide(prim) { 1 << 63 } else { 1 << 31 }
}
