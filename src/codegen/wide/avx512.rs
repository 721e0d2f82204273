//! The instructions of AVX-512.

use super::asm::{Free, Reg};
use super::forms::*;
use super::select::{Saturation, Selector, Set, needs_unary, sign_bit};
use crate::array::DType;
use crate::ops::emit::{Binary, Compare, Convert, Prim, Unary};
use iced_x86::{Code, Instruction, MemoryOperand};

/// Vectors of 512 bits (of 256 for `Half`), masks in registers of their own.
pub struct Avx512;

impl Set for Avx512 {
    fn registers(&self) -> Free {
        Free::with_masks()
    }

    fn width(&self, form: Form) -> usize {
        match form {
            Form::Quad | Form::Half => 8,
            Form::Full => 16,
            Form::Word => 32,
            Form::Byte => 64,
        }
    }

    fn bytes(&self) -> usize {
        64
    }

    fn stream(&self, s: &mut Selector, to: MemoryOperand, x: Reg) {
        s.asm.put(Instruction::with2(Code::EVEX_Vmovntdq_m512_zmm, to, x.named(Form::Quad)));
    }

    fn has_masks(&self) -> bool {
        true
    }

    fn copy(&self, s: &mut Selector, prim: Prim, to: Reg, x: Reg) -> Option<()> {
        let form = s.form(prim);
        let code = if prim == Prim::Mask { Code::VEX_Kmovq_kr_km64 } else { MOVE.of(form)? };
        s.asm.put(Instruction::with2(code, to.named(form), x.named(form)));
        Some(())
    }

    fn merge(&self, s: &mut Selector, prim: Prim, to: Reg, mask: Reg, x: Reg) -> Option<()> {
        if prim == Prim::Mask {
            return self.select(s, prim, to, mask, x, to);
        }
        let form = s.form(prim);
        s.asm.put_masked(Instruction::with2(MOVE.of(form)?, to.named(form), x.named(form)), mask, false);
        Some(())
    }

    fn repeat(&self, s: &mut Selector, prim: Prim, to: Reg, from: MemoryOperand) -> Option<()> {
        let form = s.form(prim);
        let code = if prim == Prim::Mask { Code::VEX_Kmovq_kr_km64 } else { REPEAT.of(form)? };
        s.asm.put(Instruction::with2(code, to.named(form), from));
        Some(())
    }

    fn restore(&self, s: &mut Selector, prim: Prim, to: Reg, from: MemoryOperand) -> Option<()> {
        let form = s.form(prim);
        if prim != Prim::Mask {
            s.asm.put(Instruction::with2(LOAD.of(form)?, to.named(form), from));
            return Some(());
        }
        let wide = s.take(Prim::I32)?;
        s.asm.put(Instruction::with2(LOAD.of(form)?, wide.named(form), from));
        s.asm.put(Instruction::with2(SIGNS.of(form)?, to.low_half(), wide.named(form)));
        s.free.give(wide);
        Some(())
    }

    fn keep(&self, s: &mut Selector, prim: Prim, to: MemoryOperand, x: Reg) -> Option<()> {
        let form = s.form(prim);
        if prim != Prim::Mask {
            s.asm.put(Instruction::with2(STORE.of(form)?, to, x.named(form)));
            return Some(());
        }
        let wide = s.take(Prim::I32)?;
        s.asm.put(Instruction::with2(SPREAD.of(form)?, wide.named(form), x.low_half()));
        s.asm.put(Instruction::with2(STORE.of(form)?, to, wide.named(form)));
        s.free.give(wide);
        Some(())
    }

    fn load(&self, s: &mut Selector, dtype: DType, to: Reg, from: MemoryOperand) -> Option<()> {
        if dtype.is_complex() {
            return None;
        }
        let form = s.form(Prim::of(dtype));
        let codes = match dtype {
            DType::I16 => SIGNED_WORDS,
            DType::U16 => WORDS,
            DType::I8 => SIGNED_BYTES,
            DType::U8 | DType::Bool => BYTES,
            _ => LOAD,
        };
        let bytes = if dtype == DType::Bool { s.take(Prim::I32)? } else { to };
        s.put_within(Instruction::with2(codes.of(form)?, bytes.named(form), from), true);
        if dtype == DType::Bool {
            s.asm.put(Instruction::with3(TEST.of(form)?, to.low_half(), bytes.named(form), bytes.named(form)));
            s.free.give(bytes);
        }
        Some(())
    }

    fn store(&self, s: &mut Selector, dtype: DType, to: MemoryOperand, x: Reg) -> Option<()> {
        if dtype.is_complex() {
            return None;
        }
        let form = s.form(Prim::of(dtype));
        let codes = match dtype {
            DType::I16 | DType::U16 => STORE_WORDS,
            DType::I8 | DType::U8 | DType::Bool => STORE_BYTES,
            _ => STORE,
        };
        let bytes = if dtype == DType::Bool { s.take(Prim::I32)? } else { x };
        if dtype == DType::Bool {
            ones(s, Prim::I32, bytes, x)?;
        }
        s.put_within(Instruction::with2(codes.of(form)?, to, bytes.named(form)), false);
        if dtype == DType::Bool {
            s.free.give(bytes);
        }
        Some(())
    }

    fn unary(&self, s: &mut Selector, prim: Prim, op: Unary, to: Reg, x: Reg) -> Option<()> {
        let form = s.form(prim);
        let number = needs_unary(prim, op).map(|(prim, bits)| s.number(prim, bits));
        match op {
            Unary::Not if prim == Prim::Mask => s.asm.put(Instruction::with2(Code::VEX_Knotq_kr_kr, to.low_half(), x.low_half())),
            Unary::Not => {
                let to = to.named(form);
                s.asm.put(Instruction::with4(CHOOSE.of(form)?, to, to, x.named(form), 0x55));
            }
            Unary::Neg if matches!(prim, Prim::F32 | Prim::F64) => s.three(XOR.of(form)?, form, to, x, number??)?,
            Unary::Neg => s.three(SUB.of(form)?, form, to, number??, x)?,
            Unary::Abs | Unary::ZeroExtend8 | Unary::ZeroExtend16 => s.three(AND.of(form)?, form, to, x, number??)?,
            Unary::Sqrt => s.asm.put(Instruction::with2(SQRT_F.of(form)?, to.named(form), x.named(form))),
            Unary::Floor | Unary::Ceil | Unary::Trunc | Unary::Nearest => {
                // Without inexact exceptions, in the direction of the last bits.
                let way = match op {
                    Unary::Nearest => 8,
                    Unary::Floor => 9,
                    Unary::Ceil => 10,
                    _ => 11,
                };
                s.asm.put(Instruction::with3(ROUND_F.of(form)?, to.named(form), x.named(form), way));
            }
            Unary::SignExtend8 | Unary::SignExtend16 => {
                let bits = if op == Unary::SignExtend8 { 8 } else { 16 };
                let by = if form == Form::Word { 16 } else { 32 } - bits;
                let (left, right) = (SHL_BY.of(form)?, SHR_S_BY.of(form)?);
                s.asm.put(Instruction::with3(left, to.named(form), x.named(form), by));
                s.asm.put(Instruction::with3(right, to.named(form), to.named(form), by));
            }
        }
        Some(())
    }

    fn binary(&self, s: &mut Selector, prim: Prim, op: Binary, to: Reg, x: Reg, y: Reg) -> Option<()> {
        let form = s.form(prim);
        if prim == Prim::Mask {
            let code = match op {
                Binary::And => Code::VEX_Kandq_kr_kr_kr,
                Binary::Or => Code::VEX_Korq_kr_kr_kr,
                Binary::Xor => Code::VEX_Kxorq_kr_kr_kr,
                _ => return None,
            };
            return s.three(code, form, to, x, y);
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
                let sign = s.number(prim, sign_bit(prim))?;
                self.copy(s, prim, to, sign)?;
                s.asm.put(Instruction::with4(CHOOSE.of(form)?, to.named(form), y.named(form), x.named(form), 0xca));
                return Some(());
            }
            Binary::DivS | Binary::DivU | Binary::RemS | Binary::RemU | Binary::MulHighS | Binary::MulHighU => return None,
        };
        s.three(code.of(form)?, form, to, x, y)
    }

    fn compare(&self, s: &mut Selector, prim: Prim, op: Compare, to: Reg, x: Reg, y: Reg) -> Option<()> {
        let form = s.form(prim);
        let how = match op {
            Compare::Eq => 0,
            Compare::Ne => 4,
            Compare::Lt | Compare::LtU => 1,
            Compare::Le | Compare::LeU => 2,
        };
        if matches!(prim, Prim::F32 | Prim::F64) {
            // The quiet comparisons; `Ne` is true of NaN.
            return compare_floats(s, prim, to, x, y, if how % 4 == 0 { how } else { how + 0x10 });
        }
        let code = if matches!(op, Compare::LtU | Compare::LeU) { COMPARE_U } else { COMPARE };
        s.asm.put(Instruction::with4(code.of(form)?, to.low_half(), x.named(form), y.named(form), how));
        Some(())
    }

    fn select(&self, s: &mut Selector, prim: Prim, to: Reg, mask: Reg, x: Reg, y: Reg) -> Option<()> {
        let form = s.form(prim);
        if prim == Prim::Mask {
            let other = s.take(Prim::Mask)?;
            s.three(Code::VEX_Kandnq_kr_kr_kr, form, other, mask, y)?;
            s.three(Code::VEX_Kandq_kr_kr_kr, form, to, mask, x)?;
            s.three(Code::VEX_Korq_kr_kr_kr, form, to, to, other)?;
            s.free.give(other);
            return Some(());
        }
        s.asm.put_masked(Instruction::with3(BLEND.of(form)?, to.named(form), y.named(form), x.named(form)), mask, false);
        Some(())
    }

    fn test(&self, s: &mut Selector, mask: Reg) {
        // The bits of a mask behind the elements mean nothing.
        let code = match self.width(s.element) {
            8 => Code::VEX_Kortestb_kr_kr,
            16 => Code::VEX_Kortestw_kr_kr,
            32 => Code::VEX_Kortestd_kr_kr,
            _ => Code::VEX_Kortestq_kr_kr,
        };
        s.asm.put(Instruction::with2(code, mask.low_half(), mask.low_half()));
    }

    fn convert(&self, s: &mut Selector, op: Convert, to: Reg, x: Reg) -> Option<()> {
        use Code::*;
        let (from, into) = op.prims();
        let (form, target) = (s.form(from), s.form(into));
        let half = s.element == Form::Half;
        // 32-bit elements beside 64-bit ones are halves: a segment that has both counts by eight.
        let code = match op {
            Convert::MaskToI32 | Convert::MaskToI64 => {
                return ones(s, into, to, x);
            }
            Convert::F32Bits | Convert::F64Bits | Convert::F32FromBits | Convert::F64FromBits => {
                return self.copy(s, into, to, x);
            }
            Convert::ExtendS => EVEX_Vpmovsxdq_zmm_k1z_ymmm256,
            Convert::ExtendU => EVEX_Vpmovzxdq_zmm_k1z_ymmm256,
            Convert::Wrap => {
                s.asm.put(Instruction::with2(EVEX_Vpmovqd_ymmm256_k1z_zmm, to.low_half(), x.named(form)));
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
                let mask = s.take(Prim::Mask)?;
                let zero = s.number(zero.0, zero.1)?;
                compare_floats(s, from, mask, x, zero, 0x1d)?;
                s.asm.put_masked(instruction, mask, true);
                s.free.give(mask);
            }
            // Out of range gives the smallest: right below; above the largest; NaN is zero.
            Some(Saturation::Signed { limit, largest }) => {
                let (limit, largest) = (s.number(limit.0, limit.1)?, s.number(largest.0, largest.1)?);
                let mask = s.take(Prim::Mask)?;
                // Ordered: not NaN.
                compare_floats(s, from, mask, x, x, 7)?;
                s.asm.put_masked(instruction, mask, true);
                compare_floats(s, from, mask, x, limit, 0x1d)?;
                s.asm.put_masked(Instruction::with2(MOVE.of(target)?, to.named(target), largest.named(target)), mask, false);
                s.free.give(mask);
            }
            None => s.asm.put(instruction),
        }
        Some(())
    }
}

/// 1 where the mask is set, else 0.
fn ones(s: &mut Selector, prim: Prim, to: Reg, mask: Reg) -> Option<()> {
    let form = s.form(prim);
    s.asm.put(Instruction::with2(SPREAD.of(form)?, to.named(form), mask.low_half()));
    s.asm.put(Instruction::with2(ABSOLUTE.of(form)?, to.named(form), to.named(form)));
    Some(())
}

/// A comparison of floats by the number that the instruction has for it.
fn compare_floats(s: &mut Selector, prim: Prim, to: Reg, x: Reg, y: Reg, how: i32) -> Option<()> {
    let form = s.form(prim);
    s.asm.put(Instruction::with4(COMPARE_F.of(form)?, to.low_half(), x.named(form), y.named(form), how));
    Some(())
}
