//! The loop of a segment and what is in which register.

use super::asm::{Assembler, Free, Reg, memory};
use super::changing::{self, Changing};
use super::forms::Form;
use super::leaving::Around;
use super::narrow::Ranges;
use super::select::{Selector, Set, needs_binary, needs_unary};
use super::{Argument, Wide};
use crate::codegen::lanes::stored;
use crate::codegen::strips::Segment;
use crate::codegen::tape::{Id, Node, Place, Stride, Tape};
use crate::codegen::vector_body::Strip;
use crate::kernel::ir::LANES;
use crate::ops::emit::{Binary, Prim};
use iced_x86::{Code, Instruction, MemoryOperand, Register};
use smallvec::SmallVec;

pub const ARGUMENTS: Register = Register::RDI;
pub const COUNT: Register = Register::RSI;
/// The element that the loop is at; before and after it, free.
pub const AT: Register = Register::RAX;
/// For pointers; the caller wants those from `SAVED` on back as they were.
pub const POINTERS: [Register; 12] = [
    Register::RCX,
    Register::RDX,
    Register::R8,
    Register::R9,
    Register::R10,
    Register::R11,
    Register::RBX,
    Register::RBP,
    Register::R12,
    Register::R13,
    Register::R14,
    Register::R15,
];
const SAVED: usize = 6;

/// A segment with elements of a form; `None` if it has operations without instructions, or needs too many registers.
pub fn write(
    set: &'static dyn Set,
    strip: &Strip,
    segment: &Segment,
    (ranges, element): (&Ranges, Form),
    invariants_in_registers: bool,
) -> Option<Wide> {
    let tape = strip.tape;
    let source: Vec<Id> = tape.ids().map(|id| ranges.source(tape, element, id)).collect();
    let changing = if set.has_masks() { changing::find(tape, segment, &source) } else { Vec::new() };
    let mut writer = Writer {
        strip,
        tape,
        segment,
        set,
        ranges,
        element,
        source: &source,
        changing: &changing,
        within: None,
        asm: Assembler::new(),
        free: set.registers(),
        arguments: Vec::new(),
        pointers: Vec::new(),
        numbers: Vec::new(),
        fixed: Vec::new(),
        accumulators: Vec::new(),
        last: Vec::new(),
        around: None,
        streaming: false,
    };
    writer.last = writer.last_uses();
    writer.function(invariants_in_registers)?;
    let multiple = if set.has_masks() { 1 } else { writer.round() };
    let Writer { asm, arguments, .. } = writer;
    Some(Wide { code: asm.finish()?, arguments, multiple })
}

pub struct Writer<'a> {
    pub strip: &'a Strip<'a>,
    pub tape: &'a Tape,
    pub segment: &'a Segment,
    pub set: &'static dyn Set,
    pub ranges: &'a Ranges,
    /// Form of elements that are not of 64 bits.
    pub element: Form,
    /// By instruction: the one whose register has its value.
    pub source: &'a [Id],
    /// Stores under a mask of their own.
    pub changing: &'a [Changing],
    /// In the last groups: the mask of the elements that there are.
    pub within: Option<Reg>,
    pub asm: Assembler,
    pub free: Free,
    pub arguments: Vec<Argument>,
    /// What has a pointer register, in the order of `POINTERS`.
    pub pointers: Vec<Argument>,
    pub numbers: Vec<(Prim, u64, Reg)>,
    /// Registers of what is the same in every group: invariants, the index.
    pub fixed: Vec<(Id, Reg)>,
    /// By number of the accumulator and group.
    pub accumulators: Vec<(usize, usize, Reg)>,
    /// By instruction: the place in the segment where its value is read last.
    pub last: Vec<Option<usize>>,
    /// The loop that the instructions are in, of those that each element leaves by itself.
    pub around: Option<Around>,
    /// Stores that can go past the caches do.
    pub streaming: bool,
}

impl Writer<'_> {
    /// Elements in a group.
    pub fn width(&self) -> usize {
        self.set.width(self.element)
    }
    /// Elements in a round of the loop.
    pub fn round(&self) -> usize {
        self.width().max(LANES)
    }
    pub fn selector(&mut self) -> Selector<'_> {
        Selector { asm: &mut self.asm, free: &mut self.free, element: self.element, within: self.within, numbers: &self.numbers }
    }
    /// What an instruction reads.
    pub fn operands(&self, id: Id) -> SmallVec<[Id; 3]> {
        match self.changing.iter().find(|changing| changing.store == id || changing.choice == id) {
            Some(changing) if changing.store == id => return SmallVec::from_slice(&[changing.mask, changing.value]),
            Some(_) => return SmallVec::new(),
            None => {}
        }
        self.tape.operands(id).into_iter().map(|operand| self.source[operand.0 as usize]).collect()
    }
    /// Where an argument stands.
    pub fn argument(&mut self, argument: Argument) -> MemoryOperand {
        let at = self.arguments.iter().position(|known| *known == argument).unwrap_or_else(|| {
            self.arguments.push(argument);
            self.arguments.len() - 1
        });
        memory(ARGUMENTS, None, at as i64 * 8)
    }

    fn function(&mut self, invariants_in_registers: bool) -> Option<()> {
        self.find_pointers()?;
        let saved = POINTERS[..self.pointers.len()].iter().skip(SAVED);
        saved.clone().for_each(|register| self.asm.put(Instruction::with1(Code::Push_r64, *register)));
        for (at, argument) in self.pointers.clone().into_iter().enumerate() {
            let from = self.argument(argument);
            self.asm.put(Instruction::with2(Code::Mov_r64_rm64, POINTERS[at], from));
        }
        let step = self.prepare(invariants_in_registers)?;
        self.move_accumulators(true)?;
        let round = self.round() as i32;
        let streamed = self.stream(step)?;
        self.asm.put(Instruction::with2(Code::Xor_r32_rm32, Register::EAX, Register::EAX));
        self.asm.put(Instruction::with2(Code::Sub_rm64_imm8, COUNT, round));
        let few = self.asm.jump(Code::Jl_rel32_64);
        self.rounds(step)?;
        self.asm.land(few);
        streamed.into_iter().for_each(|jump| self.asm.land(jump));
        if self.set.has_masks() {
            self.asm.put(Instruction::with2(Code::Sub_r64_rm64, COUNT, AT));
            self.asm.put(Instruction::with2(Code::Add_rm64_imm8, COUNT, round));
            let none = self.asm.jump(Code::Je_rel32_64);
            self.rest(step)?;
            self.asm.land(none);
        }
        self.move_accumulators(false)?;
        self.asm.put(Ok(Instruction::with(Code::VEX_Vzeroupper)));
        saved.rev().for_each(|register| self.asm.put(Instruction::with1(Code::Pop_r64, *register)));
        self.asm.put(Ok(Instruction::with(Code::Retnq)));
        Some(())
    }

    /// Rounds as long as another one fits; `COUNT` is the last element that begins one.
    pub fn rounds(&mut self, step: Option<Reg>) -> Option<()> {
        let start = self.asm.position();
        for group in 0..self.round() / self.width() {
            self.group(group)?;
            self.next_index(step)?;
        }
        self.asm.put(Instruction::with2(Code::Add_rm64_imm8, AT, self.round() as i32));
        self.asm.put(Instruction::with2(Code::Cmp_r64_rm64, AT, COUNT));
        self.asm.put(Instruction::with_branch(Code::Jle_rel32_64, start));
        Some(())
    }

    /// The elements that make no whole round, `COUNT` of them: groups under a mask.
    fn rest(&mut self, step: Option<Reg>) -> Option<()> {
        let ones = self.argument(Argument::Number(Prim::I64, u64::MAX));
        self.asm.put(Instruction::with3(Code::VEX_Bzhi_r64_rm64_r64, COUNT, ones, COUNT));
        let mask = self.selector().take(Prim::Mask)?;
        for group in 0..self.round() / self.width() {
            self.asm.put(Instruction::with2(Code::VEX_Kmovq_kr_r64, mask.low_half(), COUNT));
            self.within = Some(mask);
            self.group(group)?;
            self.next_index(step)?;
            self.asm.put(Instruction::with2(Code::Shr_rm64_imm8, COUNT, self.width() as i32 % 64));
        }
        self.within = None;
        self.free.give(mask);
        Some(())
    }

    /// Moves the index on to the next group.
    fn next_index(&mut self, step: Option<Reg>) -> Option<()> {
        for index in self.index_registers() {
            self.set.binary(&mut self.selector(), Prim::I64, Binary::Add, index, index, step?)?;
        }
        Some(())
    }

    /// The pointers that the segment goes by. `None` if there are too many, or places that are not side by side.
    fn find_pointers(&mut self) -> Option<()> {
        let kept = !(self.segment.reads.is_empty() && self.segment.keeps.is_empty());
        self.pointers.extend(kept.then_some(Argument::Kept));
        self.pointers.extend(self.segment.has_loops(self.tape).then_some(Argument::Cancel));
        for id in &self.segment.nodes {
            let (access, stored) = match self.tape.node(*id) {
                Node::Load(access, 0) => (*access, false),
                Node::Store(access, _, None) => (*access, true),
                Node::Load(..) | Node::Store(..) => return None,
                _ => continue,
            };
            let still = matches!(self.tape.accesses[access].place, Place::Linear { stride: Stride::Still, .. });
            if !(self.tape.accesses[access].is_dense() || still && !stored) {
                return None;
            }
            if !self.pointers.contains(&Argument::Access(access)) {
                self.pointers.push(Argument::Access(access));
            }
        }
        (self.pointers.len() <= POINTERS.len()).then_some(())
    }

    /// Brings into registers what every group needs; gives the step of the index from group to group.
    fn prepare(&mut self, invariants_in_registers: bool) -> Option<Option<Reg>> {
        let mut step = None;
        for id in &self.segment.nodes {
            let prim = self.tape.prim(*id);
            if self.source[id.0 as usize] != *id {
                continue;
            }
            let needed = match self.tape.node(*id) {
                Node::Unary(op, _) => needs_unary(prim, *op).into_iter().collect(),
                Node::Binary(op, ..) => needs_binary(prim, *op).into_iter().collect(),
                Node::Convert(op, _) => self.set.needs_convert(*op),
                Node::Constant(_) | Node::Invariant(..) if invariants_in_registers => {
                    let reg = self.selector().take(prim)?;
                    let from = self.uniform(*id)?;
                    self.set.repeat(&mut self.selector(), prim, reg, from)?;
                    self.fixed.push((*id, reg));
                    continue;
                }
                Node::Index => {
                    let lanes: Vec<MemoryOperand> = (0..8).map(|lane| self.argument(Argument::Index(lane))).collect();
                    let reg = self.selector().take(Prim::I64)?;
                    self.set.restore(&mut self.selector(), Prim::I64, reg, lanes[0])?;
                    self.fixed.push((*id, reg));
                    let by = (self.strip.step.wrapping_mul(self.width() as i64)) as u64;
                    step = Some((Prim::I64, by));
                    vec![(Prim::I64, by)]
                }
                _ => continue,
            };
            for (prim, bits) in needed {
                if !self.numbers.iter().any(|(of, known, _)| (*of, *known) == (prim, bits)) {
                    let reg = self.selector().take(prim)?;
                    let from = self.argument(Argument::Number(prim, bits));
                    self.set.repeat(&mut self.selector(), prim, reg, from)?;
                    self.numbers.push((prim, bits, reg));
                }
            }
        }
        Some(step.and_then(|step| self.numbers.iter().find(|(prim, bits, _)| (*prim, *bits) == step).map(|(.., reg)| *reg)))
    }

    fn index_registers(&self) -> Vec<Reg> {
        self.fixed.iter().filter(|(id, _)| *self.tape.node(*id) == Node::Index).map(|(_, reg)| *reg).collect()
    }

    /// Where something that does not change stands.
    fn uniform(&mut self, id: Id) -> Option<MemoryOperand> {
        match self.tape.node(id) {
            Node::Constant(bits) => Some(self.argument(Argument::Number(self.tape.prim(id), *bits))),
            Node::Invariant(..) => Some(self.argument(Argument::Invariant(id))),
            _ => None,
        }
    }

    /// Reads the accumulators that the segment updates, or writes them.
    fn move_accumulators(&mut self, read: bool) -> Option<()> {
        for id in &self.segment.nodes {
            let Node::Accumulate(which, _) = self.tape.node(*id) else { continue };
            let prim = self.tape.accumulators[*which].prim;
            let from = self.argument(Argument::Accumulator(*which));
            self.asm.put(Instruction::with2(Code::Mov_r64_rm64, AT, from));
            for group in 0..self.round() / self.width() {
                let place = memory(AT, None, (group * self.width()) as i64 * i64::from(stored(prim).bytes()));
                if read {
                    let reg = self.selector().take(prim)?;
                    self.set.restore(&mut self.selector(), prim, reg, place)?;
                    self.accumulators.push((*which, group, reg));
                } else {
                    let reg = self.accumulator(*which, group)?;
                    self.set.keep(&mut self.selector(), prim, place, reg)?;
                }
            }
        }
        Some(())
    }

    fn accumulator(&self, which: usize, group: usize) -> Option<Reg> {
        self.accumulators.iter().find(|(of, at, _)| (*of, *at) == (which, group)).map(|(.., reg)| *reg)
    }

    /// Where elements of a group lie.
    fn elements(&self, base: Argument, item: usize, group: usize, offset: i32) -> Option<MemoryOperand> {
        let at = self.pointers.iter().position(|known| *known == base)?;
        let offset = (group * self.width() * item) as i64 + i64::from(offset);
        Some(memory(POINTERS[at], Some((AT, item as u32)), offset))
    }

    /// The instructions of one group of elements.
    pub fn group(&mut self, group: usize) -> Option<()> {
        let mut values: Vec<Option<Reg>> = vec![None; self.tape.nodes.len()];
        let mut own: Vec<Id> = Vec::new();
        for (id, reg) in &self.fixed {
            values[id.0 as usize] = Some(*reg);
        }
        for (at, id) in self.segment.nodes.iter().enumerate() {
            let node = self.tape.node(*id);
            let made = self.changing.iter().any(|changing| changing.choice == *id);
            if matches!(node, Node::Constant(_) | Node::Invariant(..) | Node::Index) || made || self.source[id.0 as usize] != *id {
                continue;
            }
            for operand in self.operands(*id) {
                self.fetch(operand, group, &mut values, &mut own)?;
            }
            match node {
                Node::Enter(..) | Node::Round(..) | Node::While(..) | Node::Again(..) => {
                    self.loop_node(*id, at, group, &mut values, &mut own)?;
                }
                _ => self.node(*id, at, group, &mut values, &mut own)?,
            }
            let over = |other: &Id| self.last[other.0 as usize].is_none_or(|last| last <= at);
            for other in own.extract_if(.., |other| over(other)) {
                if let Some(reg) = values[other.0 as usize].take() {
                    self.free.give(reg);
                }
            }
        }
        for id in &self.segment.keeps {
            let source = self.source[id.0 as usize];
            self.fetch(source, group, &mut values, &mut own)?;
            let prim = self.tape.prim(*id);
            let to = self.elements(Argument::Kept, stored(prim).bytes() as usize, group, self.strip.offset(*id))?;
            let reg = values[source.0 as usize]?;
            self.set.keep(&mut self.selector(), prim, to, reg)?;
        }
        for id in own {
            if let Some(reg) = values[id.0 as usize] {
                self.free.give(reg);
            }
        }
        Some(())
    }

    /// Brings a value into a register that is not in one: what is kept in a strip, or does not change.
    pub fn fetch(&mut self, id: Id, group: usize, values: &mut [Option<Reg>], own: &mut Vec<Id>) -> Option<()> {
        if values[id.0 as usize].is_some() {
            return Some(());
        }
        let prim = self.tape.prim(id);
        let reg = self.selector().take(prim)?;
        if self.segment.reads.contains(&id) {
            let from = self.elements(Argument::Kept, stored(prim).bytes() as usize, group, self.strip.offset(id))?;
            self.set.restore(&mut self.selector(), prim, reg, from)?;
        } else {
            let from = self.uniform(id)?;
            self.set.repeat(&mut self.selector(), prim, reg, from)?;
        }
        values[id.0 as usize] = Some(reg);
        own.push(id);
        Some(())
    }

    /// One instruction of the tape; `at` is its place in the segment.
    fn node(&mut self, id: Id, at: usize, group: usize, values: &mut [Option<Reg>], own: &mut Vec<Id>) -> Option<()> {
        let tape = self.tape;
        let prim = tape.prim(id);
        let source = self.source;
        let get = |id: &Id| values[source[id.0 as usize].0 as usize];
        let place = |this: &Self, access: usize| {
            let still = matches!(tape.accesses[access].place, Place::Linear { stride: Stride::Still, .. });
            let base = Argument::Access(access);
            match still {
                true => this.pointers.iter().position(|known| *known == base).map(|at| memory(POINTERS[at], None, 0)),
                false => this.elements(base, tape.accesses[access].dtype.size(), group, 0),
            }
        };
        match tape.node(id) {
            Node::Accumulator(which) => {
                values[id.0 as usize] = Some(self.accumulator(*which, group)?);
                return Some(());
            }
            Node::Accumulate(which, value) => {
                let (to, value) = (self.accumulator(*which, group)?, get(value)?);
                match self.within {
                    Some(mask) => self.set.merge(&mut self.selector(), prim, to, mask, value)?,
                    None if to != value => self.set.copy(&mut self.selector(), prim, to, value)?,
                    None => {}
                }
                return Some(());
            }
            Node::Store(access, ..) if let Some(changing) = self.changing.iter().find(|changing| changing.store == id) => {
                let (to, mask, value) = (place(self, *access)?, get(&changing.mask)?, get(&changing.value)?);
                let within = self.within;
                let both = match within {
                    Some(within) => {
                        let both = self.selector().take(Prim::Mask)?;
                        self.set.binary(&mut self.selector(), Prim::Mask, Binary::And, both, within, mask)?;
                        both
                    }
                    None => mask,
                };
                self.within = Some(both);
                self.set.store(&mut self.selector(), tape.accesses[*access].dtype, to, value)?;
                self.within = within;
                if within.is_some() {
                    self.free.give(both);
                }
                return Some(());
            }
            Node::Store(access, value, None) => {
                let (to, value) = (place(self, *access)?, get(value)?);
                if self.streaming && self.can_stream(*access) {
                    self.set.stream(&mut self.selector(), to, value);
                    return Some(());
                }
                return self.set.store(&mut self.selector(), tape.accesses[*access].dtype, to, value);
            }
            _ => {}
        }
        let target = self.accumulated(id, at, group);
        let to = match target {
            Some(reg) => reg,
            None => {
                own.push(id);
                self.selector().take(prim)?
            }
        };
        match tape.node(id) {
            Node::Unary(op, x) => self.set.unary(&mut self.selector(), prim, *op, to, get(x)?)?,
            Node::Binary(op, x, y) => {
                let op = self.ranges.binary(self.element, prim, *op, *x);
                self.set.binary(&mut self.selector(), prim, op, to, get(x)?, get(y)?)?
            }
            Node::Compare(of, op, x, y) => {
                let op = self.ranges.compare(self.element, *of, *op, *x, *y);
                self.set.compare(&mut self.selector(), *of, op, to, get(x)?, get(y)?)?
            }
            Node::Select(mask, x, y) => self.set.select(&mut self.selector(), prim, to, get(mask)?, get(x)?, get(y)?)?,
            Node::Convert(op, x) => self.set.convert(&mut self.selector(), *op, to, get(x)?)?,
            Node::Load(access, 0) => {
                let from = place(self, *access)?;
                let dtype = tape.accesses[*access].dtype;
                if tape.accesses[*access].is_dense() {
                    self.set.load(&mut self.selector(), dtype, to, from)?
                } else {
                    let set = self.set;
                    self.selector().load_one(set, dtype, to, from)?
                }
            }
            _ => return None,
        }
        values[id.0 as usize] = Some(to);
        Some(())
    }

    /// The accumulator that an instruction can write at once: it is read for that alone, and nobody reads the accumulator's old value later.
    fn accumulated(&self, id: Id, at: usize, group: usize) -> Option<Reg> {
        if self.within.is_some() {
            return None;
        }
        let last = self.last[id.0 as usize]?;
        let Node::Accumulate(which, value) = self.tape.node(*self.segment.nodes.get(last)?) else { return None };
        // One instruction that reads its operands before it writes.
        let simple = matches!(self.tape.node(id), Node::Binary(op, ..) if *op != Binary::CopySign);
        let read = self.segment.nodes.iter().filter(|other| self.operands(**other).contains(&id)).count();
        let old = self.tape.ids().find(|other| *self.tape.node(*other) == Node::Accumulator(*which));
        let over = old.is_none_or(|old| self.last[old.0 as usize].is_none_or(|last| last <= at));
        (simple && self.source[value.0 as usize] == id && read == 1 && over && !self.segment.keeps.contains(&id))
            .then(|| self.accumulator(*which, group))?
    }

    /// By instruction: the place in the segment where it is read last.
    fn last_uses(&self) -> Vec<Option<usize>> {
        let mut last = vec![None; self.tape.nodes.len()];
        for (at, id) in self.segment.nodes.iter().enumerate().filter(|(_, id)| self.source[id.0 as usize] == **id) {
            for operand in self.operands(*id) {
                last[operand.0 as usize] = Some(at);
            }
        }
        // What is there when a loop begins is there in every round.
        for (start, id) in self.segment.nodes.iter().enumerate() {
            let Node::Enter(this, _) = self.tape.node(*id) else { continue };
            let Some(end) = self.end_of(*this) else { continue };
            for id in &self.segment.nodes[start..=end] {
                for operand in self.operands(*id) {
                    let round = matches!(self.tape.node(operand), Node::Round(..));
                    if round || self.place_of(operand).is_none_or(|place| place < start) {
                        let last = &mut last[operand.0 as usize];
                        *last = (*last).max(Some(end));
                    }
                }
            }
        }
        for id in &self.segment.keeps {
            last[self.source[id.0 as usize].0 as usize] = Some(usize::MAX);
        }
        last
    }
}
