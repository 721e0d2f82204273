//! Which instructions an operation of a tape becomes, for eight or sixteen elements. `None`: there are none here, and the segment stays with
//! the portable vectors.

use super::asm::{Assembler, Form, Forms, Free, Reg};
use crate::array::DType;
use crate::ops::emit::{Binary, Compare, Convert, Prim, Unary};
use iced_x86::{Code, Instruction, MemoryOperand};

/// Writes the instructions of single operations; takes registers for what they need beside their result.
pub struct Selector<'a> {
    pub asm: &'a mut Assembler,
    pub free: &'a mut Free,
    /// Form of 32-bit elements: of 64-bit ones it is `Quad`.
    pub narrow: Form,
    /// Numbers that are in registers: what some operations need (`needs`).
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

/// For conversions to integers: the first float that is too large, and what it becomes; 0 as a float for unsigned ones.
pub fn needs_convert(op: Convert) -> Vec<(Prim, u64)> {
    let (f32, f64) = (|x: f32| (Prim::F32, u64::from(x.to_bits())), |x: f64| (Prim::F64, x.to_bits()));
    match op {
        Convert::F32ToI32 => vec![f32(2f32.powi(31)), (Prim::I32, i32::MAX as u64)],
        Convert::F32ToI64 => vec![f32(2f32.powi(63)), (Prim::I64, i64::MAX as u64)],
        Convert::F64ToI32 => vec![f64(2f64.powi(31)), (Prim::I32, i32::MAX as u64)],
        Convert::F64ToI64 => vec![f64(2f64.powi(63)), (Prim::I64, i64::MAX as u64)],
        Convert::F32ToU32 | Convert::F32ToU64 => vec![f32(0.0)],
        Convert::F64ToU32 | Convert::F64ToU64 => vec![f64(0.0)],
        _ => Vec::new(),
    }
}

fn sign_bit(prim: Prim) -> u64 {
    if is_wide(prim) { 1 << 63 } else { 1 << 31 }
}

pub fn is_wide(prim: Prim) -> bool {
    matches!(prim, Prim::I64 | Prim::F64)
}

const MOVE: Forms = Forms(Code::EVEX_Vmovdqa64_zmm_k1z_zmmm512, Code::EVEX_Vmovdqa32_zmm_k1z_zmmm512, Code::EVEX_Vmovdqa32_ymm_k1z_ymmm256);
const LOAD: Forms = Forms(Code::EVEX_Vmovdqu64_zmm_k1z_zmmm512, Code::EVEX_Vmovdqu32_zmm_k1z_zmmm512, Code::EVEX_Vmovdqu32_ymm_k1z_ymmm256);
const STORE: Forms =
    Forms(Code::EVEX_Vmovdqu64_zmmm512_k1z_zmm, Code::EVEX_Vmovdqu32_zmmm512_k1z_zmm, Code::EVEX_Vmovdqu32_ymmm256_k1z_ymm);
const REPEAT: Forms =
    Forms(Code::EVEX_Vpbroadcastq_zmm_k1z_xmmm64, Code::EVEX_Vpbroadcastd_zmm_k1z_xmmm32, Code::EVEX_Vpbroadcastd_ymm_k1z_xmmm32);
const CHOOSE: Forms = Forms(
    Code::EVEX_Vpternlogq_zmm_k1z_zmm_zmmm512b64_imm8,
    Code::EVEX_Vpternlogd_zmm_k1z_zmm_zmmm512b32_imm8,
    Code::EVEX_Vpternlogd_ymm_k1z_ymm_ymmm256b32_imm8,
);

impl Selector<'_> {
    pub fn form(&self, prim: Prim) -> Form {
        if is_wide(prim) { Form::Quad } else { self.narrow }
    }
    pub fn take(&mut self, prim: Prim) -> Option<Reg> {
        self.free.take(prim == Prim::Mask)
    }
    fn number(&self, prim: Prim, bits: u64) -> Option<Reg> {
        self.numbers.iter().find(|(of, known, _)| *of == prim && *known == bits).map(|(.., reg)| *reg)
    }

    /// `to = code(x, y)` of one form.
    fn three(&mut self, code: Code, form: Form, to: Reg, x: Reg, y: Reg) {
        self.asm.put(Instruction::with3(code, to.named(form), x.named(form), y.named(form)));
    }

    pub fn copy(&mut self, prim: Prim, to: Reg, x: Reg) {
        match (to, x) {
            (Reg::Mask(_), _) => self.asm.put(Instruction::with2(Code::VEX_Kmovw_kr_km16, to.low_half(), x.low_half())),
            _ => {
                let form = self.form(prim);
                self.asm.put(Instruction::with2(MOVE.of(form), to.named(form), x.named(form)));
            }
        }
    }

    pub fn repeat(&mut self, prim: Prim, to: Reg, from: MemoryOperand) {
        match to {
            Reg::Mask(_) => self.asm.put(Instruction::with2(Code::VEX_Kmovw_kr_km16, to.low_half(), from)),
            Reg::Vector(_) => {
                let form = self.form(prim);
                self.asm.put(Instruction::with2(REPEAT.of(form), to.named(form), from));
            }
        }
    }

    /// Values of a strip or of accumulators, where a mask is 32 bits an element.
    pub fn restore(&mut self, prim: Prim, to: Reg, from: MemoryOperand) -> Option<()> {
        let form = self.form(prim);
        if prim != Prim::Mask {
            self.asm.put(Instruction::with2(LOAD.of(form), to.named(form), from));
            return Some(());
        }
        let wide = self.take(Prim::I32)?;
        self.asm.put(Instruction::with2(LOAD.of(form), wide.named(form), from));
        let code = if form == Form::Half { Code::EVEX_Vpmovd2m_kr_ymm } else { Code::EVEX_Vpmovd2m_kr_zmm };
        self.asm.put(Instruction::with2(code, to.low_half(), wide.named(form)));
        self.free.give(wide);
        Some(())
    }

    pub fn keep(&mut self, prim: Prim, to: MemoryOperand, x: Reg) -> Option<()> {
        let form = self.form(prim);
        if prim != Prim::Mask {
            self.asm.put(Instruction::with2(STORE.of(form), to, x.named(form)));
            return Some(());
        }
        let wide = self.take(Prim::I32)?;
        let code = if form == Form::Half { Code::EVEX_Vpmovm2d_ymm_kr } else { Code::EVEX_Vpmovm2d_zmm_kr };
        self.asm.put(Instruction::with2(code, wide.named(form), x.low_half()));
        self.asm.put(Instruction::with2(STORE.of(form), to, wide.named(form)));
        self.free.give(wide);
        Some(())
    }

    /// Elements of an array that lie side by side.
    pub fn load(&mut self, dtype: DType, to: Reg, from: MemoryOperand) -> Option<()> {
        let form = self.form(Prim::of(dtype));
        let half = form == Form::Half;
        let code = match dtype {
            DType::C64 | DType::C128 => return None,
            DType::I16 if half => Code::EVEX_Vpmovsxwd_ymm_k1z_xmmm128,
            DType::I16 => Code::EVEX_Vpmovsxwd_zmm_k1z_ymmm256,
            DType::U16 if half => Code::EVEX_Vpmovzxwd_ymm_k1z_xmmm128,
            DType::U16 => Code::EVEX_Vpmovzxwd_zmm_k1z_ymmm256,
            DType::I8 if half => Code::EVEX_Vpmovsxbd_ymm_k1z_xmmm64,
            DType::I8 => Code::EVEX_Vpmovsxbd_zmm_k1z_xmmm128,
            DType::U8 | DType::Bool if half => Code::EVEX_Vpmovzxbd_ymm_k1z_xmmm64,
            DType::U8 | DType::Bool => Code::EVEX_Vpmovzxbd_zmm_k1z_xmmm128,
            _ => LOAD.of(form),
        };
        if dtype != DType::Bool {
            self.asm.put(Instruction::with2(code, to.named(form), from));
            return Some(());
        }
        let bytes = self.take(Prim::I32)?;
        self.asm.put(Instruction::with2(code, bytes.named(form), from));
        let test = if half { Code::EVEX_Vptestmd_kr_k1_ymm_ymmm256b32 } else { Code::EVEX_Vptestmd_kr_k1_zmm_zmmm512b32 };
        self.asm.put(Instruction::with3(test, to.low_half(), bytes.named(form), bytes.named(form)));
        self.free.give(bytes);
        Some(())
    }

    /// One element of an array in all places.
    pub fn load_one(&mut self, dtype: DType, to: Reg, from: MemoryOperand) -> Option<()> {
        if dtype.is_complex() || dtype.size() < 4 {
            return None;
        }
        self.repeat(Prim::of(dtype), to, from);
        Some(())
    }

    pub fn store(&mut self, dtype: DType, to: MemoryOperand, x: Reg) -> Option<()> {
        let form = self.form(Prim::of(dtype));
        let half = form == Form::Half;
        let code = match dtype {
            DType::C64 | DType::C128 => return None,
            DType::I16 | DType::U16 if half => Code::EVEX_Vpmovdw_xmmm128_k1z_ymm,
            DType::I16 | DType::U16 => Code::EVEX_Vpmovdw_ymmm256_k1z_zmm,
            DType::I8 | DType::U8 | DType::Bool if half => Code::EVEX_Vpmovdb_xmmm64_k1z_ymm,
            DType::I8 | DType::U8 | DType::Bool => Code::EVEX_Vpmovdb_xmmm128_k1z_zmm,
            _ => STORE.of(form),
        };
        if dtype != DType::Bool {
            self.asm.put(Instruction::with2(code, to, x.named(form)));
            return Some(());
        }
        let ones = self.take(Prim::I32)?;
        self.ones(Prim::I32, ones, x);
        self.asm.put(Instruction::with2(code, to, ones.named(form)));
        self.free.give(ones);
        Some(())
    }

    /// 1 where the mask is set, else 0.
    fn ones(&mut self, prim: Prim, to: Reg, mask: Reg) {
        let form = self.form(prim);
        let to = to.named(form);
        self.asm.put_masked(Instruction::with4(CHOOSE.of(form), to, to, to, 0xff), mask, true);
        let (code, by) = match form {
            Form::Quad => (Code::EVEX_Vpsrlq_zmm_k1z_zmmm512b64_imm8, 63),
            Form::Full => (Code::EVEX_Vpsrld_zmm_k1z_zmmm512b32_imm8, 31),
            Form::Half => (Code::EVEX_Vpsrld_ymm_k1z_ymmm256b32_imm8, 31),
        };
        self.asm.put(Instruction::with3(code, to, to, by));
    }

    pub fn unary(&mut self, prim: Prim, op: Unary, to: Reg, x: Reg) -> Option<()> {
        use Code::*;
        let form = self.form(prim);
        let number = needs_unary(prim, op).map(|(prim, bits)| self.number(prim, bits));
        match op {
            Unary::Not if prim == Prim::Mask => self.asm.put(Instruction::with2(VEX_Knotw_kr_kr, to.low_half(), x.low_half())),
            Unary::Not => {
                let to = to.named(form);
                self.asm.put(Instruction::with4(CHOOSE.of(form), to, to, x.named(form), 0x55));
            }
            Unary::Neg if matches!(prim, Prim::F32 | Prim::F64) => self.three(XOR.of(form), form, to, x, number??),
            Unary::Neg => self.three(SUB.of(form), form, to, number??, x),
            Unary::Abs | Unary::ZeroExtend8 | Unary::ZeroExtend16 => self.three(AND.of(form), form, to, x, number??),
            Unary::Sqrt => {
                let code = Forms(EVEX_Vsqrtpd_zmm_k1z_zmmm512b64_er, EVEX_Vsqrtps_zmm_k1z_zmmm512b32_er, EVEX_Vsqrtps_ymm_k1z_ymmm256b32);
                self.asm.put(Instruction::with2(code.of(form), to.named(form), x.named(form)));
            }
            Unary::Floor | Unary::Ceil | Unary::Trunc | Unary::Nearest => {
                let code = Forms(
                    EVEX_Vrndscalepd_zmm_k1z_zmmm512b64_imm8_sae,
                    EVEX_Vrndscaleps_zmm_k1z_zmmm512b32_imm8_sae,
                    EVEX_Vrndscaleps_ymm_k1z_ymmm256b32_imm8,
                );
                // Without inexact exceptions, in the direction of the last bits.
                let way = match op {
                    Unary::Nearest => 8,
                    Unary::Floor => 9,
                    Unary::Ceil => 10,
                    _ => 11,
                };
                self.asm.put(Instruction::with3(code.of(form), to.named(form), x.named(form), way));
            }
            Unary::SignExtend8 | Unary::SignExtend16 => {
                let by = if op == Unary::SignExtend8 { 24 } else { 16 };
                let (left, right) = match form {
                    Form::Half => (EVEX_Vpslld_ymm_k1z_ymmm256b32_imm8, EVEX_Vpsrad_ymm_k1z_ymmm256b32_imm8),
                    _ => (EVEX_Vpslld_zmm_k1z_zmmm512b32_imm8, EVEX_Vpsrad_zmm_k1z_zmmm512b32_imm8),
                };
                self.asm.put(Instruction::with3(left, to.named(form), x.named(form), by));
                self.asm.put(Instruction::with3(right, to.named(form), to.named(form), by));
            }
        }
        Some(())
    }

    pub fn binary(&mut self, prim: Prim, op: Binary, to: Reg, x: Reg, y: Reg) -> Option<()> {
        use Code::*;
        let form = self.form(prim);
        if prim == Prim::Mask {
            let code = match op {
                Binary::And => VEX_Kandw_kr_kr_kr,
                Binary::Or => VEX_Korw_kr_kr_kr,
                Binary::Xor => VEX_Kxorw_kr_kr_kr,
                _ => return None,
            };
            self.three(code, form, to, x, y);
            return Some(());
        }
        let float = matches!(prim, Prim::F32 | Prim::F64);
        let code = match op {
            Binary::Add if float => {
                Forms(EVEX_Vaddpd_zmm_k1z_zmm_zmmm512b64_er, EVEX_Vaddps_zmm_k1z_zmm_zmmm512b32_er, EVEX_Vaddps_ymm_k1z_ymm_ymmm256b32)
            }
            Binary::Sub if float => {
                Forms(EVEX_Vsubpd_zmm_k1z_zmm_zmmm512b64_er, EVEX_Vsubps_zmm_k1z_zmm_zmmm512b32_er, EVEX_Vsubps_ymm_k1z_ymm_ymmm256b32)
            }
            Binary::Mul if float => {
                Forms(EVEX_Vmulpd_zmm_k1z_zmm_zmmm512b64_er, EVEX_Vmulps_zmm_k1z_zmm_zmmm512b32_er, EVEX_Vmulps_ymm_k1z_ymm_ymmm256b32)
            }
            Binary::Div => {
                Forms(EVEX_Vdivpd_zmm_k1z_zmm_zmmm512b64_er, EVEX_Vdivps_zmm_k1z_zmm_zmmm512b32_er, EVEX_Vdivps_ymm_k1z_ymm_ymmm256b32)
            }
            Binary::Add => {
                Forms(EVEX_Vpaddq_zmm_k1z_zmm_zmmm512b64, EVEX_Vpaddd_zmm_k1z_zmm_zmmm512b32, EVEX_Vpaddd_ymm_k1z_ymm_ymmm256b32)
            }
            Binary::Sub => SUB,
            Binary::Mul => {
                Forms(EVEX_Vpmullq_zmm_k1z_zmm_zmmm512b64, EVEX_Vpmulld_zmm_k1z_zmm_zmmm512b32, EVEX_Vpmulld_ymm_k1z_ymm_ymmm256b32)
            }
            Binary::And => AND,
            Binary::Or => Forms(EVEX_Vporq_zmm_k1z_zmm_zmmm512b64, EVEX_Vpord_zmm_k1z_zmm_zmmm512b32, EVEX_Vpord_ymm_k1z_ymm_ymmm256b32),
            Binary::Xor => XOR,
            Binary::Shl => {
                Forms(EVEX_Vpsllvq_zmm_k1z_zmm_zmmm512b64, EVEX_Vpsllvd_zmm_k1z_zmm_zmmm512b32, EVEX_Vpsllvd_ymm_k1z_ymm_ymmm256b32)
            }
            Binary::ShrS => {
                Forms(EVEX_Vpsravq_zmm_k1z_zmm_zmmm512b64, EVEX_Vpsravd_zmm_k1z_zmm_zmmm512b32, EVEX_Vpsravd_ymm_k1z_ymm_ymmm256b32)
            }
            Binary::ShrU => {
                Forms(EVEX_Vpsrlvq_zmm_k1z_zmm_zmmm512b64, EVEX_Vpsrlvd_zmm_k1z_zmm_zmmm512b32, EVEX_Vpsrlvd_ymm_k1z_ymm_ymmm256b32)
            }
            Binary::CopySign => {
                // Where the sign bit is set in `to`, the bit of y, else that of x.
                let sign = self.number(prim, sign_bit(prim))?;
                self.copy(prim, to, sign);
                self.asm.put(Instruction::with4(CHOOSE.of(form), to.named(form), y.named(form), x.named(form), 0xca));
                return Some(());
            }
            Binary::DivS | Binary::DivU | Binary::RemS | Binary::RemU | Binary::MulHighS | Binary::MulHighU => return None,
        };
        self.three(code.of(form), form, to, x, y);
        Some(())
    }

    pub fn compare(&mut self, prim: Prim, op: Compare, to: Reg, x: Reg, y: Reg) {
        use Code::*;
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
        let code = match op {
            Compare::LtU | Compare::LeU => Forms(
                EVEX_Vpcmpuq_kr_k1_zmm_zmmm512b64_imm8,
                EVEX_Vpcmpud_kr_k1_zmm_zmmm512b32_imm8,
                EVEX_Vpcmpud_kr_k1_ymm_ymmm256b32_imm8,
            ),
            _ => Forms(EVEX_Vpcmpq_kr_k1_zmm_zmmm512b64_imm8, EVEX_Vpcmpd_kr_k1_zmm_zmmm512b32_imm8, EVEX_Vpcmpd_kr_k1_ymm_ymmm256b32_imm8),
        };
        self.asm.put(Instruction::with4(code.of(form), to.low_half(), x.named(form), y.named(form), how));
    }

    /// A comparison of floats by the number that the instruction has for it.
    fn compare_floats(&mut self, prim: Prim, to: Reg, x: Reg, y: Reg, how: i32) {
        use Code::*;
        let form = self.form(prim);
        let code = Forms(
            EVEX_Vcmppd_kr_k1_zmm_zmmm512b64_imm8_sae,
            EVEX_Vcmpps_kr_k1_zmm_zmmm512b32_imm8_sae,
            EVEX_Vcmpps_kr_k1_ymm_ymmm256b32_imm8,
        );
        self.asm.put(Instruction::with4(code.of(form), to.low_half(), x.named(form), y.named(form), how));
    }

    pub fn select(&mut self, prim: Prim, to: Reg, mask: Reg, x: Reg, y: Reg) -> Option<()> {
        use Code::*;
        let form = self.form(prim);
        if prim == Prim::Mask {
            let other = self.take(Prim::Mask)?;
            self.three(VEX_Kandnw_kr_kr_kr, form, other, mask, y);
            self.three(VEX_Kandw_kr_kr_kr, form, to, mask, x);
            self.three(VEX_Korw_kr_kr_kr, form, to, to, other);
            self.free.give(other);
            return Some(());
        }
        let code =
            Forms(EVEX_Vpblendmq_zmm_k1z_zmm_zmmm512b64, EVEX_Vpblendmd_zmm_k1z_zmm_zmmm512b32, EVEX_Vpblendmd_ymm_k1z_ymm_ymmm256b32);
        self.asm.put_masked(Instruction::with3(code.of(form), to.named(form), y.named(form), x.named(form)), mask, false);
        Some(())
    }

    pub fn convert(&mut self, op: Convert, to: Reg, x: Reg) -> Option<()> {
        use Code::*;
        let (from, into) = op.prims();
        let (form, target) = (self.form(from), self.form(into));
        let half = self.narrow == Form::Half;
        // 32-bit elements beside 64-bit ones are halves: a segment that has both counts by eight.
        let code = match op {
            Convert::MaskToI32 | Convert::MaskToI64 => {
                self.ones(into, to, x);
                return Some(());
            }
            Convert::F32Bits | Convert::F64Bits | Convert::F32FromBits | Convert::F64FromBits => {
                self.copy(into, to, x);
                return Some(());
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
        let float = matches!(from, Prim::F32 | Prim::F64);
        match needs_convert(op)[..] {
            // Too large gives all bits, the largest; negative and NaN are zero.
            [zero] => {
                let mask = self.take(Prim::Mask)?;
                let zero = self.number(zero.0, zero.1)?;
                self.compare_floats(from, mask, x, zero, 0x1d);
                self.asm.put_masked(instruction, mask, true);
                self.free.give(mask);
            }
            // Out of range gives the smallest: right below; above the largest; NaN is zero.
            [limit, largest] if float => {
                let (limit, largest) = (self.number(limit.0, limit.1)?, self.number(largest.0, largest.1)?);
                let mask = self.take(Prim::Mask)?;
                // Ordered: not NaN.
                self.compare_floats(from, mask, x, x, 7);
                self.asm.put_masked(instruction, mask, true);
                self.compare_floats(from, mask, x, limit, 0x1d);
                self.asm.put_masked(Instruction::with2(MOVE.of(target), to.named(target), largest.named(target)), mask, false);
                self.free.give(mask);
            }
            _ => self.asm.put(instruction),
        }
        Some(())
    }
}

const AND: Forms =
    Forms(Code::EVEX_Vpandq_zmm_k1z_zmm_zmmm512b64, Code::EVEX_Vpandd_zmm_k1z_zmm_zmmm512b32, Code::EVEX_Vpandd_ymm_k1z_ymm_ymmm256b32);
const XOR: Forms =
    Forms(Code::EVEX_Vpxorq_zmm_k1z_zmm_zmmm512b64, Code::EVEX_Vpxord_zmm_k1z_zmm_zmmm512b32, Code::EVEX_Vpxord_ymm_k1z_ymm_ymmm256b32);
const SUB: Forms =
    Forms(Code::EVEX_Vpsubq_zmm_k1z_zmm_zmmm512b64, Code::EVEX_Vpsubd_zmm_k1z_zmm_zmmm512b32, Code::EVEX_Vpsubd_ymm_k1z_ymm_ymmm256b32);
