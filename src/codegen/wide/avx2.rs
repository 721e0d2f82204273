//! The instructions of AVX2. A mask is a vector whose elements have all bits set or none; beside elements of 64 bits it has such elements.

use super::asm::{Free, Reg};
use super::forms::Form;
use super::select::{Saturation, Selector, Set, needs_convert, needs_unary, sign_bit};
use crate::array::DType;
use crate::ops::emit::{Binary, Compare, Convert, Prim, Unary};
use iced_x86::Code::{self, *};
use iced_x86::{Instruction, MemoryOperand, Register};

/// Vectors of 256 bits (of 128 for `Half`).
pub struct Avx2;

/// An instruction for elements of 64, 32, 16 and 8 bits.
#[derive(Clone, Copy)]
struct Sizes([Code; 4]);

impl Sizes {
    fn of(self, form: Form) -> Option<Code> {
        let at = match form {
            Form::Quad => 0,
            Form::Full | Form::Half => 1,
            Form::Word => 2,
            Form::Byte => 3,
        };
        Some(self.0[at]).filter(|code| *code != INVALID)
    }
}

const REPEAT: Sizes =
    Sizes([VEX_Vpbroadcastq_ymm_xmmm64, VEX_Vpbroadcastd_ymm_xmmm32, VEX_Vpbroadcastw_ymm_xmmm16, VEX_Vpbroadcastb_ymm_xmmm8]);
const ADD: Sizes = Sizes([VEX_Vpaddq_ymm_ymm_ymmm256, VEX_Vpaddd_ymm_ymm_ymmm256, VEX_Vpaddw_ymm_ymm_ymmm256, VEX_Vpaddb_ymm_ymm_ymmm256]);
const SUB: Sizes = Sizes([VEX_Vpsubq_ymm_ymm_ymmm256, VEX_Vpsubd_ymm_ymm_ymmm256, VEX_Vpsubw_ymm_ymm_ymmm256, VEX_Vpsubb_ymm_ymm_ymmm256]);
const MUL: Sizes = Sizes([INVALID, VEX_Vpmulld_ymm_ymm_ymmm256, VEX_Vpmullw_ymm_ymm_ymmm256, INVALID]);
const SHL: Sizes = Sizes([VEX_Vpsllvq_ymm_ymm_ymmm256, VEX_Vpsllvd_ymm_ymm_ymmm256, INVALID, INVALID]);
const SHR_S: Sizes = Sizes([INVALID, VEX_Vpsravd_ymm_ymm_ymmm256, INVALID, INVALID]);
const SHR_U: Sizes = Sizes([VEX_Vpsrlvq_ymm_ymm_ymmm256, VEX_Vpsrlvd_ymm_ymm_ymmm256, INVALID, INVALID]);
const SHL_BY: Sizes = Sizes([INVALID, VEX_Vpslld_ymm_ymm_imm8, VEX_Vpsllw_ymm_ymm_imm8, INVALID]);
const SHR_S_BY: Sizes = Sizes([INVALID, VEX_Vpsrad_ymm_ymm_imm8, VEX_Vpsraw_ymm_ymm_imm8, INVALID]);
const EQUAL: Sizes =
    Sizes([VEX_Vpcmpeqq_ymm_ymm_ymmm256, VEX_Vpcmpeqd_ymm_ymm_ymmm256, VEX_Vpcmpeqw_ymm_ymm_ymmm256, VEX_Vpcmpeqb_ymm_ymm_ymmm256]);
const GREATER: Sizes =
    Sizes([VEX_Vpcmpgtq_ymm_ymm_ymmm256, VEX_Vpcmpgtd_ymm_ymm_ymmm256, VEX_Vpcmpgtw_ymm_ymm_ymmm256, VEX_Vpcmpgtb_ymm_ymm_ymmm256]);
const SMALLER_U: Sizes = Sizes([INVALID, VEX_Vpminud_ymm_ymm_ymmm256, VEX_Vpminuw_ymm_ymm_ymmm256, VEX_Vpminub_ymm_ymm_ymmm256]);
const ABSOLUTE: Sizes = Sizes([INVALID, VEX_Vpabsd_ymm_ymmm256, VEX_Vpabsw_ymm_ymmm256, VEX_Vpabsb_ymm_ymmm256]);

fn floats(quad: Code, full: Code) -> Sizes {
    Sizes([quad, full, INVALID, INVALID])
}

fn ymm(reg: Reg) -> Register {
    match reg {
        Reg::Vector(at) | Reg::Mask(at) => Register::YMM0 + at,
    }
}

fn xmm(reg: Reg) -> Register {
    match reg {
        Reg::Vector(at) | Reg::Mask(at) => Register::XMM0 + at,
    }
}

impl Selector<'_> {
    /// The form of the elements of a mask.
    fn mask_form(&self) -> Form {
        if self.element == Form::Half { Form::Quad } else { self.element }
    }
    fn ymm2(&mut self, code: Code, to: Reg, x: Reg) {
        self.asm.put(Instruction::with2(code, ymm(to), ymm(x)));
    }
    fn ymm3(&mut self, code: Code, to: Reg, x: Reg, y: Reg) {
        self.asm.put(Instruction::with3(code, ymm(to), ymm(x), ymm(y)));
    }
    fn xmm3(&mut self, code: Code, to: Reg, x: Reg, y: Reg) {
        self.asm.put(Instruction::with3(code, xmm(to), xmm(x), xmm(y)));
    }
    /// All bits of `to` the other way round as those of `x`.
    fn invert(&mut self, to: Reg, x: Reg) -> Option<()> {
        let ones = self.take(Prim::I32)?;
        self.ymm3(VEX_Vpcmpeqd_ymm_ymm_ymmm256, ones, ones, ones);
        self.ymm3(VEX_Vpxor_ymm_ymm_ymmm256, to, x, ones);
        self.free.give(ones);
        Some(())
    }
    /// The high half of `x` in the low half of `to`.
    fn high(&mut self, to: Reg, x: Reg) {
        self.asm.put(Instruction::with3(VEX_Vextracti128_xmmm128_ymm_imm8, xmm(to), ymm(x), 1));
    }
    /// The low 32 bits of four elements of 64: `Half`. `to` is not `x`.
    fn halves(&mut self, to: Reg, x: Reg) {
        self.high(to, x);
        self.asm.put(Instruction::with4(VEX_Vshufps_xmm_xmm_xmmm128_imm8, xmm(to), xmm(x), xmm(to), 0x88));
    }
    /// Elements of 32 bits that fit 16, as those: `Full` in the low half of `to`, of `Half` half as many. `to` is not `x`.
    fn words(&mut self, code: Code, to: Reg, x: Reg) {
        if self.element == Form::Half {
            return self.xmm3(code, to, x, x);
        }
        self.high(to, x);
        self.xmm3(code, to, x, to);
    }
    /// A mask as bytes of 0 and 1 in the low part of a new register.
    fn mask_bytes(&mut self, mask: Reg) -> Option<Reg> {
        let bytes = self.take(Prim::I32)?;
        match self.element {
            Form::Byte => {
                self.ymm2(VEX_Vpabsb_ymm_ymmm256, bytes, mask);
                return Some(bytes);
            }
            Form::Word => {
                self.high(bytes, mask);
                self.xmm3(VEX_Vpacksswb_xmm_xmm_xmmm128, bytes, mask, bytes);
            }
            Form::Full => {
                self.words(VEX_Vpackssdw_xmm_xmm_xmmm128, bytes, mask);
                self.xmm3(VEX_Vpacksswb_xmm_xmm_xmmm128, bytes, bytes, bytes);
            }
            Form::Half | Form::Quad => {
                self.halves(bytes, mask);
                self.xmm3(VEX_Vpackssdw_xmm_xmm_xmmm128, bytes, bytes, bytes);
                self.xmm3(VEX_Vpacksswb_xmm_xmm_xmmm128, bytes, bytes, bytes);
            }
        }
        self.asm.put(Instruction::with2(VEX_Vpabsb_xmm_xmmm128, xmm(bytes), xmm(bytes)));
        Some(bytes)
    }
    /// Stores the first bytes of a register.
    fn store_low(&mut self, bytes: usize, to: MemoryOperand, x: Reg) {
        self.asm.put(match bytes {
            4 => Instruction::with2(VEX_Vmovd_rm32_xmm, to, xmm(x)),
            8 => Instruction::with2(VEX_Vmovq_xmmm64_xmm, to, xmm(x)),
            16 => Instruction::with2(VEX_Vmovdqu_xmmm128_xmm, to, xmm(x)),
            _ => Instruction::with2(VEX_Vmovdqu_ymmm256_ymm, to, ymm(x)),
        });
    }
    fn load_all(&mut self, form: Form, to: Reg, from: MemoryOperand) {
        self.asm.put(match form {
            Form::Half => Instruction::with2(VEX_Vmovdqu_xmm_xmmm128, xmm(to), from),
            _ => Instruction::with2(VEX_Vmovdqu_ymm_ymmm256, ymm(to), from),
        });
    }
    /// A comparison of floats by the number that the instruction has for it; of `Half`, in elements of 32 bits.
    fn compare_floats(&mut self, prim: Prim, to: Reg, x: Reg, y: Reg, how: i32) {
        let code = if prim == Prim::F64 { VEX_Vcmppd_ymm_ymm_ymmm256_imm8 } else { VEX_Vcmpps_ymm_ymm_ymmm256_imm8 };
        self.asm.put(Instruction::with4(code, ymm(to), ymm(x), ymm(y), how));
    }
    /// A result of a comparison of `Half` elements as a mask.
    fn widen_mask(&mut self, prim: Prim, mask: Reg) {
        if self.form(prim) == Form::Half {
            self.asm.put(Instruction::with2(VEX_Vpmovsxdq_ymm_xmmm128, ymm(mask), xmm(mask)));
        }
    }
    /// `y` where the mask is set, else `x`.
    fn blend(&mut self, to: Reg, mask: Reg, x: Reg, y: Reg) {
        self.asm.put(Instruction::with4(VEX_Vpblendvb_ymm_ymm_ymmm256_ymm, ymm(to), ymm(x), ymm(y), ymm(mask)));
    }
    /// An `I64` as a float: its halves, each exact as part of a float, are added.
    fn signed_to_float(&mut self, to: Reg, x: Reg) -> Option<()> {
        let [low, high, both] = INT_TO_FLOAT;
        let (low, high, both) = (self.number(low.0, low.1)?, self.number(high.0, high.1)?, self.number(both.0, both.1)?);
        let top = self.take(Prim::I64)?;
        self.asm.put(Instruction::with3(VEX_Vpsrlq_ymm_ymm_imm8, ymm(top), ymm(x), 32));
        self.ymm3(VEX_Vpxor_ymm_ymm_ymmm256, top, top, high);
        self.ymm3(VEX_Vsubpd_ymm_ymm_ymmm256, top, top, both);
        self.asm.put(Instruction::with4(VEX_Vpblendd_ymm_ymm_ymmm256_imm8, ymm(to), ymm(low), ymm(x), 0x55));
        self.ymm3(VEX_Vaddpd_ymm_ymm_ymmm256, to, top, to);
        self.free.give(top);
        Some(())
    }
}

/// 2^52; 2^84 + 2^63; 2^84 + 2^63 + 2^52.
const INT_TO_FLOAT: [(Prim, u64); 3] =
    [(Prim::I64, 0x4330_0000_0000_0000), (Prim::I64, 0x4530_0000_8000_0000), (Prim::F64, 0x4530_0000_8010_0000)];

impl Set for Avx2 {
    fn registers(&self) -> Free {
        Free::without_masks()
    }

    fn width(&self, form: Form) -> usize {
        match form {
            Form::Quad | Form::Half => 4,
            Form::Full => 8,
            Form::Word => 16,
            Form::Byte => 32,
        }
    }

    fn bytes(&self) -> usize {
        32
    }

    fn stream(&self, s: &mut Selector, to: MemoryOperand, x: Reg) {
        s.asm.put(Instruction::with2(VEX_Vmovntdq_m256_ymm, to, ymm(x)));
    }

    fn has_masks(&self) -> bool {
        false
    }

    fn copy(&self, s: &mut Selector, _: Prim, to: Reg, x: Reg) -> Option<()> {
        s.ymm2(VEX_Vmovdqa_ymm_ymmm256, to, x);
        Some(())
    }

    fn merge(&self, _: &mut Selector, _: Prim, _: Reg, _: Reg, _: Reg) -> Option<()> {
        None
    }

    fn repeat(&self, s: &mut Selector, prim: Prim, to: Reg, from: MemoryOperand) -> Option<()> {
        // A mask is 64 bits in memory, all or none.
        let form = if prim == Prim::Mask { Form::Quad } else { s.form(prim) };
        s.asm.put(Instruction::with2(REPEAT.of(form)?, ymm(to), from));
        Some(())
    }

    fn restore(&self, s: &mut Selector, prim: Prim, to: Reg, from: MemoryOperand) -> Option<()> {
        if prim == Prim::Mask && s.element == Form::Half {
            s.asm.put(Instruction::with2(VEX_Vpmovsxdq_ymm_xmmm128, ymm(to), from));
        } else {
            s.load_all(s.form(prim), to, from);
        }
        Some(())
    }

    fn keep(&self, s: &mut Selector, prim: Prim, to: MemoryOperand, x: Reg) -> Option<()> {
        if prim == Prim::Mask && s.element == Form::Half {
            let halves = s.take(Prim::I32)?;
            s.halves(halves, x);
            s.store_low(16, to, halves);
            s.free.give(halves);
        } else {
            s.store_low(if s.form(prim) == Form::Half { 16 } else { 32 }, to, x);
        }
        Some(())
    }

    fn load(&self, s: &mut Selector, dtype: DType, to: Reg, from: MemoryOperand) -> Option<()> {
        let form = if dtype == DType::Bool { s.mask_form() } else { s.form(Prim::of(dtype)) };
        let (code, register) = match (dtype, form) {
            (DType::C64 | DType::C128, _) => return None,
            (DType::Bool, Form::Quad) => (VEX_Vpmovzxbq_ymm_xmmm32, ymm(to)),
            (DType::U8, Form::Half) => (VEX_Vpmovzxbd_xmm_xmmm32, xmm(to)),
            (DType::I8, Form::Half) => (VEX_Vpmovsxbd_xmm_xmmm32, xmm(to)),
            (DType::U8 | DType::Bool, Form::Full) => (VEX_Vpmovzxbd_ymm_xmmm64, ymm(to)),
            (DType::I8, Form::Full) => (VEX_Vpmovsxbd_ymm_xmmm64, ymm(to)),
            (DType::U8 | DType::Bool, Form::Word) => (VEX_Vpmovzxbw_ymm_xmmm128, ymm(to)),
            (DType::I8, Form::Word) => (VEX_Vpmovsxbw_ymm_xmmm128, ymm(to)),
            (DType::U16, Form::Half) => (VEX_Vpmovzxwd_xmm_xmmm64, xmm(to)),
            (DType::I16, Form::Half) => (VEX_Vpmovsxwd_xmm_xmmm64, xmm(to)),
            (DType::U16, Form::Full) => (VEX_Vpmovzxwd_ymm_xmmm128, ymm(to)),
            (DType::I16, Form::Full) => (VEX_Vpmovsxwd_ymm_xmmm128, ymm(to)),
            (_, Form::Half) => (VEX_Vmovdqu_xmm_xmmm128, xmm(to)),
            _ => (VEX_Vmovdqu_ymm_ymmm256, ymm(to)),
        };
        s.asm.put(Instruction::with2(code, register, from));
        if dtype == DType::Bool {
            // 0 - 1 has all bits.
            let zero = s.take(Prim::I32)?;
            s.ymm3(VEX_Vpxor_ymm_ymm_ymmm256, zero, zero, zero);
            s.ymm3(SUB.of(form)?, to, zero, to);
            s.free.give(zero);
        }
        Some(())
    }

    fn store(&self, s: &mut Selector, dtype: DType, to: MemoryOperand, x: Reg) -> Option<()> {
        if dtype.is_complex() {
            return None;
        }
        let form = s.form(Prim::of(dtype));
        let bytes = dtype.size() * self.width(form);
        let wider = form.bytes() > dtype.size();
        if dtype != DType::Bool && !wider {
            s.store_low(bytes, to, x);
            return Some(());
        }
        // What is stored fits its dtype, so that nothing saturates.
        let packed = if dtype == DType::Bool { s.mask_bytes(x)? } else { s.take(Prim::I32)? };
        let unsigned = dtype.is_unsigned();
        if dtype != DType::Bool && form == Form::Word {
            s.high(packed, x);
            s.xmm3(if unsigned { VEX_Vpackuswb_xmm_xmm_xmmm128 } else { VEX_Vpacksswb_xmm_xmm_xmmm128 }, packed, x, packed);
        } else if dtype != DType::Bool {
            s.words(if unsigned { VEX_Vpackusdw_xmm_xmm_xmmm128 } else { VEX_Vpackssdw_xmm_xmm_xmmm128 }, packed, x);
            if dtype.size() == 1 {
                let code = if unsigned { VEX_Vpackuswb_xmm_xmm_xmmm128 } else { VEX_Vpacksswb_xmm_xmm_xmmm128 };
                s.xmm3(code, packed, packed, packed);
            }
        }
        s.store_low(bytes, to, packed);
        s.free.give(packed);
        Some(())
    }

    fn unary(&self, s: &mut Selector, prim: Prim, op: Unary, to: Reg, x: Reg) -> Option<()> {
        let form = s.form(prim);
        let number = needs_unary(prim, op).map(|(prim, bits)| s.number(prim, bits));
        match op {
            Unary::Not => s.invert(to, x)?,
            Unary::Neg if matches!(prim, Prim::F32 | Prim::F64) => s.ymm3(VEX_Vpxor_ymm_ymm_ymmm256, to, x, number??),
            Unary::Neg => s.ymm3(SUB.of(form)?, to, number??, x),
            Unary::Abs | Unary::ZeroExtend8 | Unary::ZeroExtend16 => s.ymm3(VEX_Vpand_ymm_ymm_ymmm256, to, x, number??),
            Unary::Sqrt => s.ymm2(floats(VEX_Vsqrtpd_ymm_ymmm256, VEX_Vsqrtps_ymm_ymmm256).of(form)?, to, x),
            Unary::Floor | Unary::Ceil | Unary::Trunc | Unary::Nearest => {
                // Without inexact exceptions, in the direction of the last bits.
                let way = match op {
                    Unary::Nearest => 8,
                    Unary::Floor => 9,
                    Unary::Ceil => 10,
                    _ => 11,
                };
                let code = floats(VEX_Vroundpd_ymm_ymmm256_imm8, VEX_Vroundps_ymm_ymmm256_imm8).of(form)?;
                s.asm.put(Instruction::with3(code, ymm(to), ymm(x), way));
            }
            Unary::SignExtend8 | Unary::SignExtend16 => {
                let bits = if op == Unary::SignExtend8 { 8 } else { 16 };
                let by = if form == Form::Word { 16 } else { 32 } - bits;
                s.asm.put(Instruction::with3(SHL_BY.of(form)?, ymm(to), ymm(x), by));
                s.asm.put(Instruction::with3(SHR_S_BY.of(form)?, ymm(to), ymm(to), by));
            }
        }
        Some(())
    }

    fn binary(&self, s: &mut Selector, prim: Prim, op: Binary, to: Reg, x: Reg, y: Reg) -> Option<()> {
        let form = s.form(prim);
        let float = matches!(prim, Prim::F32 | Prim::F64);
        let code = match op {
            Binary::And => VEX_Vpand_ymm_ymm_ymmm256,
            Binary::Or => VEX_Vpor_ymm_ymm_ymmm256,
            Binary::Xor => VEX_Vpxor_ymm_ymm_ymmm256,
            _ if prim == Prim::Mask => return None,
            Binary::Add if float => floats(VEX_Vaddpd_ymm_ymm_ymmm256, VEX_Vaddps_ymm_ymm_ymmm256).of(form)?,
            Binary::Sub if float => floats(VEX_Vsubpd_ymm_ymm_ymmm256, VEX_Vsubps_ymm_ymm_ymmm256).of(form)?,
            Binary::Mul if float => floats(VEX_Vmulpd_ymm_ymm_ymmm256, VEX_Vmulps_ymm_ymm_ymmm256).of(form)?,
            Binary::Div => floats(VEX_Vdivpd_ymm_ymm_ymmm256, VEX_Vdivps_ymm_ymm_ymmm256).of(form)?,
            Binary::Add => ADD.of(form)?,
            Binary::Sub => SUB.of(form)?,
            Binary::Mul => MUL.of(form)?,
            Binary::Shl => SHL.of(form)?,
            Binary::ShrS => SHR_S.of(form)?,
            Binary::ShrU => SHR_U.of(form)?,
            Binary::CopySign => {
                let sign = s.number(prim, sign_bit(prim))?;
                let rest = s.take(prim)?;
                s.ymm3(VEX_Vpandn_ymm_ymm_ymmm256, rest, sign, x);
                s.ymm3(VEX_Vpand_ymm_ymm_ymmm256, to, sign, y);
                s.ymm3(VEX_Vpor_ymm_ymm_ymmm256, to, to, rest);
                s.free.give(rest);
                return Some(());
            }
            Binary::DivS | Binary::DivU | Binary::RemS | Binary::RemU | Binary::MulHighS | Binary::MulHighU => return None,
        };
        s.ymm3(code, to, x, y);
        Some(())
    }

    fn compare(&self, s: &mut Selector, prim: Prim, op: Compare, to: Reg, x: Reg, y: Reg) -> Option<()> {
        let form = s.form(prim);
        if matches!(prim, Prim::F32 | Prim::F64) {
            // The quiet comparisons; `Ne` is true of NaN.
            let how = match op {
                Compare::Eq => 0,
                Compare::Ne => 4,
                Compare::Lt | Compare::LtU => 0x11,
                Compare::Le | Compare::LeU => 0x12,
            };
            s.compare_floats(prim, to, x, y, how);
            s.widen_mask(prim, to);
            return Some(());
        }
        let invert = match op {
            Compare::Eq | Compare::Ne => {
                s.ymm3(EQUAL.of(form)?, to, x, y);
                op == Compare::Ne
            }
            Compare::Lt => {
                s.ymm3(GREATER.of(form)?, to, y, x);
                false
            }
            Compare::Le => {
                s.ymm3(GREATER.of(form)?, to, x, y);
                true
            }
            // x <= y where x is the smaller; x < y where not y <= x.
            Compare::LeU | Compare::LtU => {
                let first = if op == Compare::LeU { x } else { y };
                let smaller = s.take(prim)?;
                s.ymm3(SMALLER_U.of(form)?, smaller, x, y);
                s.ymm3(EQUAL.of(form)?, to, smaller, first);
                s.free.give(smaller);
                op == Compare::LtU
            }
        };
        if invert {
            s.invert(to, to)?;
        }
        s.widen_mask(prim, to);
        Some(())
    }

    fn select(&self, s: &mut Selector, prim: Prim, to: Reg, mask: Reg, x: Reg, y: Reg) -> Option<()> {
        if prim == Prim::Mask || s.form(prim) != Form::Half {
            s.blend(to, mask, y, x);
            return Some(());
        }
        let halves = s.take(prim)?;
        s.halves(halves, mask);
        s.blend(to, halves, y, x);
        s.free.give(halves);
        Some(())
    }

    fn test(&self, s: &mut Selector, mask: Reg) {
        s.ymm2(VEX_Vptest_ymm_ymmm256, mask, mask);
    }

    fn convert(&self, s: &mut Selector, op: Convert, to: Reg, x: Reg) -> Option<()> {
        let half = s.element == Form::Half;
        let instruction = match op {
            Convert::MaskToI64 => Instruction::with3(VEX_Vpsrlq_ymm_ymm_imm8, ymm(to), ymm(x), 63),
            Convert::MaskToI32 if half => {
                s.halves(to, x);
                Instruction::with2(VEX_Vpabsd_ymm_ymmm256, ymm(to), ymm(to))
            }
            Convert::MaskToI32 => Instruction::with2(ABSOLUTE.of(s.element)?, ymm(to), ymm(x)),
            Convert::F32Bits | Convert::F64Bits | Convert::F32FromBits | Convert::F64FromBits => {
                return self.copy(s, op.prims().1, to, x);
            }
            Convert::Wrap => {
                s.halves(to, x);
                return Some(());
            }
            Convert::I64ToF64 => return s.signed_to_float(to, x),
            Convert::ExtendS => Instruction::with2(VEX_Vpmovsxdq_ymm_xmmm128, ymm(to), xmm(x)),
            Convert::ExtendU => Instruction::with2(VEX_Vpmovzxdq_ymm_xmmm128, ymm(to), xmm(x)),
            Convert::I32ToF32 => Instruction::with2(VEX_Vcvtdq2ps_ymm_ymmm256, ymm(to), ymm(x)),
            Convert::I32ToF64 => Instruction::with2(VEX_Vcvtdq2pd_ymm_xmmm128, ymm(to), xmm(x)),
            Convert::Promote => Instruction::with2(VEX_Vcvtps2pd_ymm_xmmm128, ymm(to), xmm(x)),
            Convert::Demote => Instruction::with2(VEX_Vcvtpd2ps_xmm_ymmm256, xmm(to), ymm(x)),
            Convert::F32ToI32 => Instruction::with2(VEX_Vcvttps2dq_ymm_ymmm256, ymm(to), ymm(x)),
            _ => return None,
        };
        s.asm.put(instruction);
        // Out of range gives the smallest: right below; above the largest; NaN is zero.
        if let Some(Saturation::Signed { limit, largest }) = Saturation::of(op) {
            let (limit, largest) = (s.number(limit.0, limit.1)?, s.number(largest.0, largest.1)?);
            let mask = s.take(Prim::Mask)?;
            // Ordered: not NaN.
            s.compare_floats(Prim::F32, mask, x, x, 7);
            s.ymm3(VEX_Vpand_ymm_ymm_ymmm256, to, to, mask);
            s.compare_floats(Prim::F32, mask, x, limit, 0x1d);
            s.blend(to, mask, to, largest);
            s.free.give(mask);
        }
        Some(())
    }

    fn needs_convert(&self, op: Convert) -> Vec<(Prim, u64)> {
        if op == Convert::I64ToF64 { INT_TO_FLOAT.to_vec() } else { needs_convert(op) }
    }
}
