//! Stores that go past the caches, of results that these do not hold: the memory of a line is not read before it is written.

use super::Argument;
use super::asm::{Jump, Reg};
use super::writer::{AT, COUNT, POINTERS, Writer};
use crate::array::DType;
use crate::codegen::tape::Node;
use crate::ops::emit::Prim;
use iced_x86::{Code, Instruction, Register};

impl Writer<'_> {
    /// Can a store go past the caches? It writes whole vectors.
    pub fn can_stream(&self, access: usize) -> bool {
        let access = &self.tape.accesses[access];
        access.streams
            && self.strip.streams.is_some()
            && access.dtype != DType::Bool
            && access.dtype.size() * self.width() == self.set.bytes()
    }

    /// All rounds with stores that go past the caches, where that is asked for and there are such; then it jumps. Vectors are stored at their
    /// own alignment alone, so that elements before the first such place are a group under a mask.
    pub fn stream(&mut self, step: Option<Reg>) -> Option<Option<Jump>> {
        let mut places = Vec::new();
        for id in &self.segment.nodes {
            if let Node::Store(access, _, None) = self.tape.node(*id)
                && self.can_stream(*access)
            {
                places.push((*access, self.pointers.iter().position(|known| *known == Argument::Access(*access))?));
            }
        }
        let Some((first, pointer)) = places.first().copied() else { return Some(None) };
        let (item, last) = (self.tape.accesses[first].dtype.size(), self.set.bytes() as i32 - 1);
        if places.iter().any(|(access, _)| self.tape.accesses[*access].dtype.size() != item) {
            return Some(None);
        }
        let mut not = Vec::new();
        let asked = self.argument(Argument::Streams);
        self.asm.put(Instruction::with2(Code::Cmp_rm64_imm8, asked, 0));
        not.push(self.asm.jump(Code::Je_rel32_64));
        self.asm.put(Instruction::with2(Code::Cmp_rm64_imm32, COUNT, 3 * self.round() as i32));
        not.push(self.asm.jump(Code::Jl_rel32_64));
        for (_, other) in &places[1..] {
            self.asm.put(Instruction::with2(Code::Mov_r64_rm64, AT, POINTERS[pointer]));
            self.asm.put(Instruction::with2(Code::Xor_r64_rm64, AT, POINTERS[*other]));
            self.asm.put(Instruction::with2(Code::Test_rm64_imm32, AT, last));
            not.push(self.asm.jump(Code::Jne_rel32_64));
        }
        self.asm.put(Instruction::with2(Code::Test_rm64_imm32, POINTERS[pointer], item as i32 - 1));
        not.push(self.asm.jump(Code::Jne_rel32_64));
        self.asm.put(Instruction::with2(Code::Mov_r64_rm64, AT, POINTERS[pointer]));
        self.asm.put(Instruction::with1(Code::Neg_rm64, AT));
        self.asm.put(Instruction::with2(Code::And_rm64_imm8, AT, last));
        // Groups count from the start of the strip: accumulators and the index go by that.
        let counted = !self.accumulators.is_empty() || step.is_some();
        if counted || !self.set.has_masks() {
            not.push(self.asm.jump(Code::Jne_rel32_64));
        } else {
            let aligned = self.asm.jump(Code::Je_rel32_64);
            self.asm.put(Instruction::with2(Code::Shr_rm64_imm8, AT, item.trailing_zeros() as i32));
            self.asm.put(Instruction::with1(Code::Push_r64, AT));
            let mask = self.selector().take(Prim::Mask)?;
            self.asm.put(Instruction::with1(Code::Push_r64, COUNT));
            let ones = self.argument(Argument::Number(Prim::I64, u64::MAX));
            self.asm.put(Instruction::with3(Code::VEX_Bzhi_r64_rm64_r64, COUNT, ones, AT));
            self.asm.put(Instruction::with2(Code::VEX_Kmovq_kr_r64, mask.low_half(), COUNT));
            self.asm.put(Instruction::with1(Code::Pop_r64, COUNT));
            self.asm.put(Instruction::with2(Code::Xor_r32_rm32, Register::EAX, Register::EAX));
            self.within = Some(mask);
            self.group(0)?;
            self.within = None;
            self.free.give(mask);
            self.asm.put(Instruction::with1(Code::Pop_r64, AT));
            self.asm.land(aligned);
        }
        self.asm.put(Instruction::with2(Code::Sub_rm64_imm8, COUNT, self.round() as i32));
        self.streaming = true;
        self.rounds(step)?;
        self.streaming = false;
        self.asm.put(Ok(Instruction::with(Code::Sfence)));
        let done = self.asm.jump(Code::Jmp_rel32_64);
        not.into_iter().for_each(|jump| self.asm.land(jump));
        Some(Some(done))
    }
}
