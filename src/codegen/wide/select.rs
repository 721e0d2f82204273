//! Which instructions an operation of a tape becomes, for the elements of a group. `None`: there are none here.

use super::asm::{Assembler, Free, Reg};
use super::forms::*;
use crate::array::DType;
use crate::codegen::lanes::is_wide;
use crate::ops::emit::{Binary, Compare, Convert, Prim, Unary};
use iced_x86::{Code, IcedError, Instruction, MemoryOperand};

/// Writes the instructions of single operations; takes registers for what they need beside their result.
pub struct Selector<'a> {
    pub asm: &'a mut Assembler,
    pub free: &'a mut Free,
    /// Form of elements that are not of 64 bits: of those it is `Quad`.
    pub element: Form,
    /// Which elements there are, where that is not all of them: no others are read or written.
    pub within: Option<Reg>,
    /// Numbers that are in registers: what some operations need (`needs_unary` and so on).
    pub numbers: &'a [(Prim, u64, Reg)],
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

pub fn needs_convert(op: Convert) -> Vec<(Prim, u64)> {
    match Saturation::of(op) {
        Some(Saturation::Unsigned { zero }) => vec![zero],
        Some(Saturation::Signed { limit, largest }) => vec![limit, largest],
        None => Vec::new(),
    }
}

/// The numbers by which a conversion of floats to integers treats those that do not fit.
enum Saturation {
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
    fn of(op: Convert) -> Option<Saturation> {
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

fn sign_bit(prim: Prim) -> u64 {
    if is_wide(prim) { 1 << 63 } else { 1 << 31 }
}

impl Selector<'_> {
    pub fn form(&self, prim: Prim) -> Form {
        if is_wide(prim) { Form::Quad } else { self.element }
    }
    pub fn take(&mut self, prim: Prim) -> Option<Reg> {
        self.free.take(prim == Prim::Mask)
    }
    fn number(&self, prim: Prim, bits: u64) -> Option<Reg> {
        self.numbers.iter().find(|(of, known, _)| *of == prim && *known == bits).map(|(.., reg)| *reg)
    }

    /// `to = code(x, y)` of one form.
    fn three(&mut self, code: Code, form: Form, to: Reg, x: Reg, y: Reg) -> Option<()> {
        self.asm.put(Instruction::with3(code, to.named(form), x.named(form), y.named(form)));
        Some(())
    }

    pub fn copy(&mut self, prim: Prim, to: Reg, x: Reg) -> Option<()> {
        let form = self.form(prim);
        let code = if prim == Prim::Mask { Code::VEX_Kmovq_kr_km64 } else { MOVE.of(form)? };
        self.asm.put(Instruction::with2(code, to.named(form), x.named(form)));
        Some(())
    }

    /// As `copy`, of the elements that a mask chooses; others stay.
    pub fn merge(&mut self, prim: Prim, to: Reg, mask: Reg, x: Reg) -> Option<()> {
        if prim == Prim::Mask {
            return self.select(prim, to, mask, x, to);
        }
        let form = self.form(prim);
        self.asm.put_masked(Instruction::with2(MOVE.of(form)?, to.named(form), x.named(form)), mask, false);
        Some(())
    }

    /// An instruction that reads or writes elements in memory: those that there are. What is not read is zero.
    fn put_within(&mut self, instruction: Result<Instruction, IcedError>, read: bool) {
        match self.within {
            Some(mask) => self.asm.put_masked(instruction, mask, read),
            None => self.asm.put(instruction),
        }
    }

    /// What stands in memory once, in all elements.
    pub fn repeat(&mut self, prim: Prim, to: Reg, from: MemoryOperand) -> Option<()> {
        let form = self.form(prim);
        let code = if prim == Prim::Mask { Code::VEX_Kmovq_kr_km64 } else { REPEAT.of(form)? };
        self.asm.put(Instruction::with2(code, to.named(form), from));
        Some(())
    }

    /// Values of a strip or of accumulators, where a mask is 32 bits an element.
    pub fn restore(&mut self, prim: Prim, to: Reg, from: MemoryOperand) -> Option<()> {
        let form = self.form(prim);
        if prim != Prim::Mask {
            self.asm.put(Instruction::with2(LOAD.of(form)?, to.named(form), from));
            return Some(());
        }
        let wide = self.take(Prim::I32)?;
        self.asm.put(Instruction::with2(LOAD.of(form)?, wide.named(form), from));
        self.asm.put(Instruction::with2(SIGNS.of(form)?, to.low_half(), wide.named(form)));
        self.free.give(wide);
        Some(())
    }

    pub fn keep(&mut self, prim: Prim, to: MemoryOperand, x: Reg) -> Option<()> {
        let form = self.form(prim);
        if prim != Prim::Mask {
            self.asm.put(Instruction::with2(STORE.of(form)?, to, x.named(form)));
            return Some(());
        }
        let wide = self.take(Prim::I32)?;
        self.asm.put(Instruction::with2(SPREAD.of(form)?, wide.named(form), x.low_half()));
        self.asm.put(Instruction::with2(STORE.of(form)?, to, wide.named(form)));
        self.free.give(wide);
        Some(())
    }

    /// Elements of an array that lie side by side.
    pub fn load(&mut self, dtype: DType, to: Reg, from: MemoryOperand) -> Option<()> {
        if dtype.is_complex() {
            return None;
        }
        let form = self.form(Prim::of(dtype));
        let codes = match dtype {
            DType::I16 => SIGNED_WORDS,
            DType::U16 => WORDS,
            DType::I8 => SIGNED_BYTES,
            DType::U8 | DType::Bool => BYTES,
            _ => LOAD,
        };
        let bytes = if dtype == DType::Bool { self.take(Prim::I32)? } else { to };
        self.put_within(Instruction::with2(codes.of(form)?, bytes.named(form), from), true);
        if dtype == DType::Bool {
            self.asm.put(Instruction::with3(TEST.of(form)?, to.low_half(), bytes.named(form), bytes.named(form)));
            self.free.give(bytes);
        }
        Some(())
    }

    /// One element of an array in all places.
    pub fn load_one(&mut self, dtype: DType, to: Reg, from: MemoryOperand) -> Option<()> {
        let item = match self.form(Prim::of(dtype)) {
            Form::Quad => 8,
            Form::Full | Form::Half => 4,
            Form::Word => 2,
            Form::Byte => 1,
        };
        if dtype.size() != item || dtype == DType::Bool {
            return None;
        }
        self.repeat(Prim::of(dtype), to, from)
    }

    pub fn store(&mut self, dtype: DType, to: MemoryOperand, x: Reg) -> Option<()> {
        if dtype.is_complex() {
            return None;
        }
        let form = self.form(Prim::of(dtype));
        let codes = match dtype {
            DType::I16 | DType::U16 => STORE_WORDS,
            DType::I8 | DType::U8 | DType::Bool => STORE_BYTES,
            _ => STORE,
        };
        let bytes = if dtype == DType::Bool { self.take(Prim::I32)? } else { x };
        if dtype == DType::Bool {
            self.ones(Prim::I32, bytes, x)?;
        }
        self.put_within(Instruction::with2(codes.of(form)?, to, bytes.named(form)), false);
        if dtype == DType::Bool {
            self.free.give(bytes);
        }
        Some(())
    }

    /// 1 where the mask is set, else 0.
    fn ones(&mut self, prim: Prim, to: Reg, mask: Reg) -> Option<()> {
        let form = self.form(prim);
        self.asm.put(Instruction::with2(SPREAD.of(form)?, to.named(form), mask.low_half()));
        self.asm.put(Instruction::with2(ABSOLUTE.of(form)?, to.named(form), to.named(form)));
        Some(())
    }

    pub fn unary(&mut self, prim: Prim, op: Unary, to: Reg, x: Reg) -> Option<()> {
        let form = self.form(prim);
        let number = needs_unary(prim, op).map(|(prim, bits)| self.number(prim, bits));
        match op {
            Unary::Not if prim == Prim::Mask => self.asm.put(Instruction::with2(Code::VEX_Knotq_kr_kr, to.low_half(), x.low_half())),
            Unary::Not => {
                let to = to.named(form);
                self.asm.put(Instruction::with4(CHOOSE.of(form)?, to, to, x.named(form), 0x55));
            }
            Unary::Neg if matches!(prim, Prim::F32 | Prim::F64) => self.three(XOR.of(form)?, form, to, x, number??)?,
            Unary::Neg => self.three(SUB.of(form)?, form, to, number??, x)?,
            Unary::Abs | Unary::ZeroExtend8 | Unary::ZeroExtend16 => self.three(AND.of(form)?, form, to, x, number??)?,
            Unary::Sqrt => self.asm.put(Instruction::with2(SQRT_F.of(form)?, to.named(form), x.named(form))),
            Unary::Floor | Unary::Ceil | Unary::Trunc | Unary::Nearest => {
                // Without inexact exceptions, in the direction of the last bits.
                let way = match op {
                    Unary::Nearest => 8,
                    Unary::Floor => 9,
                    Unary::Ceil => 10,
                    _ => 11,
                };
                self.asm.put(Instruction::with3(ROUND_F.of(form)?, to.named(form), x.named(form), way));
            }
            Unary::SignExtend8 | Unary::SignExtend16 => {
                let bits = if op == Unary::SignExtend8 { 8 } else { 16 };
                let by = if form == Form::Word { 16 } else { 32 } - bits;
                let (left, right) = (SHL_BY.of(form)?, SHR_S_BY.of(form)?);
                self.asm.put(Instruction::with3(left, to.named(form), x.named(form), by));
                self.asm.put(Instruction::with3(right, to.named(form), to.named(form), by));
            }
        }
        Some(())
    }

    pub fn binary(&mut self, prim: Prim, op: Binary, to: Reg, x: Reg, y: Reg) -> Option<()> {
        let form = self.form(prim);
        if prim == Prim::Mask {
            let code = match op {
                Binary::And => Code::VEX_Kandq_kr_kr_kr,
                Binary::Or => Code::VEX_Korq_kr_kr_kr,
                Binary::Xor => Code::VEX_Kxorq_kr_kr_kr,
                _ => return None,
            };
            return self.three(code, form, to, x, y);
        }
        let float = matches!(prim, Prim::F32 | Prim::F64);
        let code = match op {
            Binary::Add if float => ADD_F,
            Binary::Sub if float => SUB_F,
            Binary::Mul if float => MUL_F,
            Binary::Div => DIV_F,
            Binary::Add => ADD,
            Binary::Sub => SUB,
            Binary::Mul => MUL,
            Binary::And => AND,
            Binary::Or => OR,
            Binary::Xor => XOR,
            Binary::Shl => SHL,
            Binary::ShrS => SHR_S,
            Binary::ShrU => SHR_U,
            Binary::CopySign => {
                // Where the sign bit is set in `to`, the bit of y, else that of x.
                let sign = self.number(prim, sign_bit(prim))?;
                self.copy(prim, to, sign)?;
                self.asm.put(Instruction::with4(CHOOSE.of(form)?, to.named(form), y.named(form), x.named(form), 0xca));
                return Some(());
            }
            Binary::DivS | Binary::DivU | Binary::RemS | Binary::RemU | Binary::MulHighS | Binary::MulHighU => return None,
        };
        self.three(code.of(form)?, form, to, x, y)
    }

    pub fn compare(&mut self, prim: Prim, op: Compare, to: Reg, x: Reg, y: Reg) -> Option<()> {
        let form = self.form(prim);
        let how = match op {
            Compare::Eq => 0,
            Compare::Ne => 4,
            Compare::Lt | Compare::LtU => 1,
            Compare::Le | Compare::LeU => 2,
        };
        if matches!(prim, Prim::F32 | Prim::F64) {
            // The quiet comparisons; `Ne` is true of NaN.
            return self.compare_floats(prim, to, x, y, if how % 4 == 0 { how } else { how + 0x10 });
        }
        let code = if matches!(op, Compare::LtU | Compare::LeU) { COMPARE_U } else { COMPARE };
        self.asm.put(Instruction::with4(code.of(form)?, to.low_half(), x.named(form), y.named(form), how));
        Some(())
    }

    /// A comparison of floats by the number that the instruction has for it.
    fn compare_floats(&mut self, prim: Prim, to: Reg, x: Reg, y: Reg, how: i32) -> Option<()> {
        let form = self.form(prim);
        self.asm.put(Instruction::with4(COMPARE_F.of(form)?, to.low_half(), x.named(form), y.named(form), how));
        Some(())
    }

    pub fn select(&mut self, prim: Prim, to: Reg, mask: Reg, x: Reg, y: Reg) -> Option<()> {
        let form = self.form(prim);
        if prim == Prim::Mask {
            let other = self.take(Prim::Mask)?;
            self.three(Code::VEX_Kandnq_kr_kr_kr, form, other, mask, y)?;
            self.three(Code::VEX_Kandq_kr_kr_kr, form, to, mask, x)?;
            self.three(Code::VEX_Korq_kr_kr_kr, form, to, to, other)?;
            self.free.give(other);
            return Some(());
        }
        self.asm.put_masked(Instruction::with3(BLEND.of(form)?, to.named(form), y.named(form), x.named(form)), mask, false);
        Some(())
    }

    pub fn convert(&mut self, op: Convert, to: Reg, x: Reg) -> Option<()> {
        use Code::*;
        let (from, into) = op.prims();
        let (form, target) = (self.form(from), self.form(into));
        let half = self.element == Form::Half;
        // 32-bit elements beside 64-bit ones are halves: a segment that has both counts by eight.
        let code = match op {
            Convert::MaskToI32 | Convert::MaskToI64 => {
                return self.ones(into, to, x);
            }
            Convert::F32Bits | Convert::F64Bits | Convert::F32FromBits | Convert::F64FromBits => {
                return self.copy(into, to, x);
            }
            Convert::ExtendS => EVEX_Vpmovsxdq_zmm_k1z_ymmm256,
            Convert::ExtendU => EVEX_Vpmovzxdq_zmm_k1z_ymmm256,
            Convert::Wrap => {
                self.asm.put(Instruction::with2(EVEX_Vpmovqd_ymmm256_k1z_zmm, to.low_half(), x.named(form)));
                return Some(());
            }
            Convert::I32ToF32 if half => EVEX_Vcvtdq2ps_ymm_k1z_ymmm256b32,
            Convert::I32ToF32 => EVEX_Vcvtdq2ps_zmm_k1z_zmmm512b32_er,
            Convert::U32ToF32 if half => EVEX_Vcvtudq2ps_ymm_k1z_ymmm256b32,
            Convert::U32ToF32 => EVEX_Vcvtudq2ps_zmm_k1z_zmmm512b32_er,
            Convert::I64ToF32 => EVEX_Vcvtqq2ps_ymm_k1z_zmmm512b64_er,
            Convert::U64ToF32 => EVEX_Vcvtuqq2ps_ymm_k1z_zmmm512b64_er,
            Convert::I32ToF64 => EVEX_Vcvtdq2pd_zmm_k1z_ymmm256b32_er,
            Convert::U32ToF64 => EVEX_Vcvtudq2pd_zmm_k1z_ymmm256b32_er,
            Convert::I64ToF64 => EVEX_Vcvtqq2pd_zmm_k1z_zmmm512b64_er,
            Convert::U64ToF64 => EVEX_Vcvtuqq2pd_zmm_k1z_zmmm512b64_er,
            Convert::Promote => EVEX_Vcvtps2pd_zmm_k1z_ymmm256b32_sae,
            Convert::Demote => EVEX_Vcvtpd2ps_ymm_k1z_zmmm512b64_er,
            Convert::F32ToI32 if half => EVEX_Vcvttps2dq_ymm_k1z_ymmm256b32,
            Convert::F32ToI32 => EVEX_Vcvttps2dq_zmm_k1z_zmmm512b32_sae,
            Convert::F32ToU32 if half => EVEX_Vcvttps2udq_ymm_k1z_ymmm256b32,
            Convert::F32ToU32 => EVEX_Vcvttps2udq_zmm_k1z_zmmm512b32_sae,
            Convert::F32ToI64 => EVEX_Vcvttps2qq_zmm_k1z_ymmm256b32_sae,
            Convert::F32ToU64 => EVEX_Vcvttps2uqq_zmm_k1z_ymmm256b32_sae,
            Convert::F64ToI32 => EVEX_Vcvttpd2dq_ymm_k1z_zmmm512b64_sae,
            Convert::F64ToU32 => EVEX_Vcvttpd2udq_ymm_k1z_zmmm512b64_sae,
            Convert::F64ToI64 => EVEX_Vcvttpd2qq_zmm_k1z_zmmm512b64_sae,
            Convert::F64ToU64 => EVEX_Vcvttpd2uqq_zmm_k1z_zmmm512b64_sae,
        };
        let instruction = Instruction::with2(code, to.named(target), x.named(form));
        match Saturation::of(op) {
            // Too large gives all bits, the largest; negative and NaN are zero.
            Some(Saturation::Unsigned { zero }) => {
                let mask = self.take(Prim::Mask)?;
                let zero = self.number(zero.0, zero.1)?;
                self.compare_floats(from, mask, x, zero, 0x1d)?;
                self.asm.put_masked(instruction, mask, true);
                self.free.give(mask);
            }
            // Out of range gives the smallest: right below; above the largest; NaN is zero.
            Some(Saturation::Signed { limit, largest }) => {
                let (limit, largest) = (self.number(limit.0, limit.1)?, self.number(largest.0, largest.1)?);
                let mask = self.take(Prim::Mask)?;
                // Ordered: not NaN.
                self.compare_floats(from, mask, x, x, 7)?;
                self.asm.put_masked(instruction, mask, true);
                self.compare_floats(from, mask, x, limit, 0x1d)?;
                self.asm.put_masked(Instruction::with2(MOVE.of(target)?, to.named(target), largest.named(target)), mask, false);
                self.free.give(mask);
            }
            None => self.asm.put(instruction),
        }
        Some(())
    }
}
