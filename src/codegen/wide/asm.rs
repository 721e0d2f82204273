//! Writing instructions: registers, which of them are free, and encoding by iced-x86. Knows nothing of tapes.

use super::forms::Form;
use iced_x86::{Code, Encoder, IcedError, Instruction, MemoryOperand, Register};

/// A register that holds the elements of a group: a vector, or a mask with a bit an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reg {
    Vector(u32),
    Mask(u32),
}

impl Reg {
    /// Its name for instructions of a form.
    pub fn named(self, form: Form) -> Register {
        match (self, form) {
            (Reg::Mask(at), _) => Register::K0 + at,
            (Reg::Vector(at), Form::Half) => Register::YMM0 + at,
            (Reg::Vector(at), _) => Register::ZMM0 + at,
        }
    }
    pub fn low_half(self) -> Register {
        match self {
            Reg::Mask(at) => Register::K0 + at,
            Reg::Vector(at) => Register::YMM0 + at,
        }
    }
}

/// Registers that are free, by number.
#[derive(Clone, Copy)]
pub struct Free {
    vectors: u32,
    /// Where masks have registers of their own.
    masks: Option<u32>,
}

impl Free {
    /// 32 vectors, and masks. Mask 0 cannot choose elements and is left out.
    pub const fn with_masks() -> Free {
        Free { vectors: u32::MAX, masks: Some(0xfe) }
    }
    /// 16 vectors, which masks are too.
    pub const fn without_masks() -> Free {
        Free { vectors: 0xffff, masks: None }
    }
    pub fn take(&mut self, mask: bool) -> Option<Reg> {
        let take = |free: &mut u32| {
            let at = (*free != 0).then(|| free.trailing_zeros())?;
            *free &= !(1 << at);
            Some(at)
        };
        match &mut self.masks {
            Some(masks) if mask => take(masks).map(Reg::Mask),
            _ => take(&mut self.vectors).map(Reg::Vector),
        }
    }
    pub fn give(&mut self, reg: Reg) {
        match (reg, &mut self.masks) {
            (Reg::Mask(at), Some(masks)) => *masks |= 1 << at,
            (Reg::Vector(at) | Reg::Mask(at), _) => self.vectors |= 1 << at,
        }
    }
}

/// Machine code being written.
pub struct Assembler {
    encoder: Encoder,
    at: u64,
    /// Jumps ahead that have found their targets: the end of each, and where it goes.
    landed: Vec<(u64, u64)>,
    /// An instruction had no encoding: a fault of the caller, who gives up.
    failed: bool,
}

/// A jump ahead that does not know its target yet.
#[must_use]
pub struct Jump {
    end: u64,
}

impl Assembler {
    pub fn new() -> Assembler {
        Assembler { encoder: Encoder::new(64), at: 0, landed: Vec::new(), failed: false }
    }
    pub fn position(&self) -> u64 {
        self.at
    }
    pub fn put(&mut self, instruction: Result<Instruction, IcedError>) {
        match instruction.and_then(|instruction| self.encoder.encode(&instruction, self.at)) {
            Ok(bytes) => self.at += bytes as u64,
            Err(_) => self.failed = true,
        }
    }
    /// Jumps ahead, by an instruction with a distance of 32 bits.
    pub fn jump(&mut self, code: Code) -> Jump {
        self.put(Instruction::with_branch(code, self.at));
        Jump { end: self.at }
    }
    /// Here a jump lands.
    pub fn land(&mut self, jump: Jump) {
        self.landed.push((jump.end, self.at));
    }
    /// Elements that the mask leaves out stay, or become zero.
    pub fn put_masked(&mut self, instruction: Result<Instruction, IcedError>, mask: Reg, zero: bool) {
        self.put(instruction.map(|mut instruction| {
            instruction.set_op_mask(mask.low_half());
            instruction.set_zeroing_masking(zero);
            instruction
        }));
    }
    pub fn finish(mut self) -> Option<Vec<u8>> {
        let mut code = self.encoder.take_buffer();
        for (end, target) in self.landed {
            let distance = i32::try_from(target - end).ok()?;
            code.get_mut(end as usize - 4..end as usize)?.copy_from_slice(&distance.to_le_bytes());
        }
        (!self.failed).then_some(code)
    }
}

/// `base + index * scale + offset`.
pub fn memory(base: Register, index: Option<(Register, u32)>, offset: i64) -> MemoryOperand {
    match index {
        Some((index, scale)) => MemoryOperand::with_base_index_scale_displ_size(base, index, scale, offset, 1),
        None => MemoryOperand::with_base_displ_size(base, offset, 1),
    }
}
