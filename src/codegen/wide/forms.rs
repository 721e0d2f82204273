//! How elements lie in registers, and the AVX-512 instruction of each operation for each way.

use iced_x86::Code::{self, *};

/// How the elements of a group lie in a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Of 64 bits.
    Quad,
    /// Of 32 bits.
    Full,
    /// Of 32 bits, as many as there are of 64 beside them: half a register.
    Half,
    /// Of 16 bits.
    Word,
    /// Of 8 bits.
    Byte,
}

impl Form {
    /// Bytes of an element.
    pub fn bytes(self) -> usize {
        match self {
            Form::Quad => 8,
            Form::Full | Form::Half => 4,
            Form::Word => 2,
            Form::Byte => 1,
        }
    }
}

/// An instruction in each form.
#[derive(Clone, Copy)]
pub struct Forms {
    codes: [Code; 5],
}

impl Forms {
    /// Of an operation that narrow elements do not have.
    pub const fn wide(quad: Code, full: Code, half: Code) -> Forms {
        Forms::all(quad, full, half, Code::INVALID, Code::INVALID)
    }
    pub const fn all(quad: Code, full: Code, half: Code, word: Code, byte: Code) -> Forms {
        Forms { codes: [quad, full, half, word, byte] }
    }
    /// Of an operation on bits, whatever their grouping.
    pub const fn bits(quad: Code, full: Code, half: Code) -> Forms {
        Forms::all(quad, full, half, full, full)
    }
    /// The instruction, if there is one.
    pub fn of(self, form: Form) -> Option<Code> {
        Some(self.codes[form as usize]).filter(|code| *code != INVALID)
    }
}

/// From register to register.
pub const MOVE: Forms = Forms::all(
    EVEX_Vmovdqa64_zmm_k1z_zmmm512,
    EVEX_Vmovdqa32_zmm_k1z_zmmm512,
    EVEX_Vmovdqa32_ymm_k1z_ymmm256,
    EVEX_Vmovdqu16_zmm_k1z_zmmm512,
    EVEX_Vmovdqu8_zmm_k1z_zmmm512,
);
/// Elements as they lie in memory.
pub const LOAD: Forms = Forms::all(
    EVEX_Vmovdqu64_zmm_k1z_zmmm512,
    EVEX_Vmovdqu32_zmm_k1z_zmmm512,
    EVEX_Vmovdqu32_ymm_k1z_ymmm256,
    EVEX_Vmovdqu16_zmm_k1z_zmmm512,
    EVEX_Vmovdqu8_zmm_k1z_zmmm512,
);
/// Bytes in memory, extended without sign.
pub const BYTES: Forms = Forms::all(
    INVALID,
    EVEX_Vpmovzxbd_zmm_k1z_xmmm128,
    EVEX_Vpmovzxbd_ymm_k1z_xmmm64,
    EVEX_Vpmovzxbw_zmm_k1z_ymmm256,
    EVEX_Vmovdqu8_zmm_k1z_zmmm512,
);
/// Bytes in memory, extended by their sign.
pub const SIGNED_BYTES: Forms = Forms::all(
    INVALID,
    EVEX_Vpmovsxbd_zmm_k1z_xmmm128,
    EVEX_Vpmovsxbd_ymm_k1z_xmmm64,
    EVEX_Vpmovsxbw_zmm_k1z_ymmm256,
    EVEX_Vmovdqu8_zmm_k1z_zmmm512,
);
pub const WORDS: Forms =
    Forms::all(INVALID, EVEX_Vpmovzxwd_zmm_k1z_ymmm256, EVEX_Vpmovzxwd_ymm_k1z_xmmm128, EVEX_Vmovdqu16_zmm_k1z_zmmm512, INVALID);
pub const SIGNED_WORDS: Forms =
    Forms::all(INVALID, EVEX_Vpmovsxwd_zmm_k1z_ymmm256, EVEX_Vpmovsxwd_ymm_k1z_xmmm128, EVEX_Vmovdqu16_zmm_k1z_zmmm512, INVALID);
pub const STORE: Forms = Forms::all(
    EVEX_Vmovdqu64_zmmm512_k1z_zmm,
    EVEX_Vmovdqu32_zmmm512_k1z_zmm,
    EVEX_Vmovdqu32_ymmm256_k1z_ymm,
    EVEX_Vmovdqu16_zmmm512_k1z_zmm,
    EVEX_Vmovdqu8_zmmm512_k1z_zmm,
);
/// The low bits of elements.
pub const STORE_BYTES: Forms = Forms::all(
    INVALID,
    EVEX_Vpmovdb_xmmm128_k1z_zmm,
    EVEX_Vpmovdb_xmmm64_k1z_ymm,
    EVEX_Vpmovwb_ymmm256_k1z_zmm,
    EVEX_Vmovdqu8_zmmm512_k1z_zmm,
);
pub const STORE_WORDS: Forms =
    Forms::all(INVALID, EVEX_Vpmovdw_ymmm256_k1z_zmm, EVEX_Vpmovdw_xmmm128_k1z_ymm, EVEX_Vmovdqu16_zmmm512_k1z_zmm, INVALID);
/// One element of memory in all places.
pub const REPEAT: Forms = Forms::all(
    EVEX_Vpbroadcastq_zmm_k1z_xmmm64,
    EVEX_Vpbroadcastd_zmm_k1z_xmmm32,
    EVEX_Vpbroadcastd_ymm_k1z_xmmm32,
    EVEX_Vpbroadcastw_zmm_k1z_xmmm16,
    EVEX_Vpbroadcastb_zmm_k1z_xmmm8,
);
/// All bits where a mask is set, else none.
pub const SPREAD: Forms =
    Forms::all(EVEX_Vpmovm2q_zmm_kr, EVEX_Vpmovm2d_zmm_kr, EVEX_Vpmovm2d_ymm_kr, EVEX_Vpmovm2w_zmm_kr, EVEX_Vpmovm2b_zmm_kr);
/// A mask of the sign bits.
pub const SIGNS: Forms =
    Forms::all(EVEX_Vpmovq2m_kr_zmm, EVEX_Vpmovd2m_kr_zmm, EVEX_Vpmovd2m_kr_ymm, EVEX_Vpmovw2m_kr_zmm, EVEX_Vpmovb2m_kr_zmm);
/// A mask of the elements that have bits in common.
pub const TEST: Forms = Forms::all(
    EVEX_Vptestmq_kr_k1_zmm_zmmm512b64,
    EVEX_Vptestmd_kr_k1_zmm_zmmm512b32,
    EVEX_Vptestmd_kr_k1_ymm_ymmm256b32,
    EVEX_Vptestmw_kr_k1_zmm_zmmm512,
    EVEX_Vptestmb_kr_k1_zmm_zmmm512,
);
pub const ABSOLUTE: Forms = Forms::all(
    EVEX_Vpabsq_zmm_k1z_zmmm512b64,
    EVEX_Vpabsd_zmm_k1z_zmmm512b32,
    EVEX_Vpabsd_ymm_k1z_ymmm256b32,
    EVEX_Vpabsw_zmm_k1z_zmmm512,
    EVEX_Vpabsb_zmm_k1z_zmmm512,
);
/// A function of three bits, given as a number.
pub const CHOOSE: Forms = Forms::bits(
    EVEX_Vpternlogq_zmm_k1z_zmm_zmmm512b64_imm8,
    EVEX_Vpternlogd_zmm_k1z_zmm_zmmm512b32_imm8,
    EVEX_Vpternlogd_ymm_k1z_ymm_ymmm256b32_imm8,
);
/// The third where the mask is set, else the second.
pub const BLEND: Forms = Forms::all(
    EVEX_Vpblendmq_zmm_k1z_zmm_zmmm512b64,
    EVEX_Vpblendmd_zmm_k1z_zmm_zmmm512b32,
    EVEX_Vpblendmd_ymm_k1z_ymm_ymmm256b32,
    EVEX_Vpblendmw_zmm_k1z_zmm_zmmm512,
    EVEX_Vpblendmb_zmm_k1z_zmm_zmmm512,
);
pub const AND: Forms =
    Forms::bits(EVEX_Vpandq_zmm_k1z_zmm_zmmm512b64, EVEX_Vpandd_zmm_k1z_zmm_zmmm512b32, EVEX_Vpandd_ymm_k1z_ymm_ymmm256b32);
pub const OR: Forms = Forms::bits(EVEX_Vporq_zmm_k1z_zmm_zmmm512b64, EVEX_Vpord_zmm_k1z_zmm_zmmm512b32, EVEX_Vpord_ymm_k1z_ymm_ymmm256b32);
pub const XOR: Forms =
    Forms::bits(EVEX_Vpxorq_zmm_k1z_zmm_zmmm512b64, EVEX_Vpxord_zmm_k1z_zmm_zmmm512b32, EVEX_Vpxord_ymm_k1z_ymm_ymmm256b32);
pub const ADD: Forms = Forms::all(
    EVEX_Vpaddq_zmm_k1z_zmm_zmmm512b64,
    EVEX_Vpaddd_zmm_k1z_zmm_zmmm512b32,
    EVEX_Vpaddd_ymm_k1z_ymm_ymmm256b32,
    EVEX_Vpaddw_zmm_k1z_zmm_zmmm512,
    EVEX_Vpaddb_zmm_k1z_zmm_zmmm512,
);
pub const SUB: Forms = Forms::all(
    EVEX_Vpsubq_zmm_k1z_zmm_zmmm512b64,
    EVEX_Vpsubd_zmm_k1z_zmm_zmmm512b32,
    EVEX_Vpsubd_ymm_k1z_ymm_ymmm256b32,
    EVEX_Vpsubw_zmm_k1z_zmm_zmmm512,
    EVEX_Vpsubb_zmm_k1z_zmm_zmmm512,
);
pub const MUL: Forms = Forms::all(
    EVEX_Vpmullq_zmm_k1z_zmm_zmmm512b64,
    EVEX_Vpmulld_zmm_k1z_zmm_zmmm512b32,
    EVEX_Vpmulld_ymm_k1z_ymm_ymmm256b32,
    EVEX_Vpmullw_zmm_k1z_zmm_zmmm512,
    INVALID,
);
pub const SHL: Forms = Forms::all(
    EVEX_Vpsllvq_zmm_k1z_zmm_zmmm512b64,
    EVEX_Vpsllvd_zmm_k1z_zmm_zmmm512b32,
    EVEX_Vpsllvd_ymm_k1z_ymm_ymmm256b32,
    EVEX_Vpsllvw_zmm_k1z_zmm_zmmm512,
    INVALID,
);
pub const SHR_S: Forms = Forms::all(
    EVEX_Vpsravq_zmm_k1z_zmm_zmmm512b64,
    EVEX_Vpsravd_zmm_k1z_zmm_zmmm512b32,
    EVEX_Vpsravd_ymm_k1z_ymm_ymmm256b32,
    EVEX_Vpsravw_zmm_k1z_zmm_zmmm512,
    INVALID,
);
pub const SHR_U: Forms = Forms::all(
    EVEX_Vpsrlvq_zmm_k1z_zmm_zmmm512b64,
    EVEX_Vpsrlvd_zmm_k1z_zmm_zmmm512b32,
    EVEX_Vpsrlvd_ymm_k1z_ymm_ymmm256b32,
    EVEX_Vpsrlvw_zmm_k1z_zmm_zmmm512,
    INVALID,
);
pub const SHL_BY: Forms = Forms::all(
    INVALID,
    EVEX_Vpslld_zmm_k1z_zmmm512b32_imm8,
    EVEX_Vpslld_ymm_k1z_ymmm256b32_imm8,
    EVEX_Vpsllw_zmm_k1z_zmmm512_imm8,
    INVALID,
);
pub const SHR_S_BY: Forms = Forms::all(
    INVALID,
    EVEX_Vpsrad_zmm_k1z_zmmm512b32_imm8,
    EVEX_Vpsrad_ymm_k1z_ymmm256b32_imm8,
    EVEX_Vpsraw_zmm_k1z_zmmm512_imm8,
    INVALID,
);
pub const COMPARE: Forms = Forms::all(
    EVEX_Vpcmpq_kr_k1_zmm_zmmm512b64_imm8,
    EVEX_Vpcmpd_kr_k1_zmm_zmmm512b32_imm8,
    EVEX_Vpcmpd_kr_k1_ymm_ymmm256b32_imm8,
    EVEX_Vpcmpw_kr_k1_zmm_zmmm512_imm8,
    EVEX_Vpcmpb_kr_k1_zmm_zmmm512_imm8,
);
pub const COMPARE_U: Forms = Forms::all(
    EVEX_Vpcmpuq_kr_k1_zmm_zmmm512b64_imm8,
    EVEX_Vpcmpud_kr_k1_zmm_zmmm512b32_imm8,
    EVEX_Vpcmpud_kr_k1_ymm_ymmm256b32_imm8,
    EVEX_Vpcmpuw_kr_k1_zmm_zmmm512_imm8,
    EVEX_Vpcmpub_kr_k1_zmm_zmmm512_imm8,
);
/// Of floats, as the next ones.
pub const COMPARE_F: Forms = Forms::wide(
    EVEX_Vcmppd_kr_k1_zmm_zmmm512b64_imm8_sae,
    EVEX_Vcmpps_kr_k1_zmm_zmmm512b32_imm8_sae,
    EVEX_Vcmpps_kr_k1_ymm_ymmm256b32_imm8,
);
pub const ADD_F: Forms =
    Forms::wide(EVEX_Vaddpd_zmm_k1z_zmm_zmmm512b64_er, EVEX_Vaddps_zmm_k1z_zmm_zmmm512b32_er, EVEX_Vaddps_ymm_k1z_ymm_ymmm256b32);
pub const SUB_F: Forms =
    Forms::wide(EVEX_Vsubpd_zmm_k1z_zmm_zmmm512b64_er, EVEX_Vsubps_zmm_k1z_zmm_zmmm512b32_er, EVEX_Vsubps_ymm_k1z_ymm_ymmm256b32);
pub const MUL_F: Forms =
    Forms::wide(EVEX_Vmulpd_zmm_k1z_zmm_zmmm512b64_er, EVEX_Vmulps_zmm_k1z_zmm_zmmm512b32_er, EVEX_Vmulps_ymm_k1z_ymm_ymmm256b32);
pub const DIV_F: Forms =
    Forms::wide(EVEX_Vdivpd_zmm_k1z_zmm_zmmm512b64_er, EVEX_Vdivps_zmm_k1z_zmm_zmmm512b32_er, EVEX_Vdivps_ymm_k1z_ymm_ymmm256b32);
pub const SQRT_F: Forms =
    Forms::wide(EVEX_Vsqrtpd_zmm_k1z_zmmm512b64_er, EVEX_Vsqrtps_zmm_k1z_zmmm512b32_er, EVEX_Vsqrtps_ymm_k1z_ymmm256b32);
pub const ROUND_F: Forms = Forms::wide(
    EVEX_Vrndscalepd_zmm_k1z_zmmm512b64_imm8_sae,
    EVEX_Vrndscaleps_zmm_k1z_zmmm512b32_imm8_sae,
    EVEX_Vrndscaleps_ymm_k1z_ymmm256b32_imm8,
);
