//! The wide vectors: a segment of a vector loop as a function of AVX-512 instructions over rows of `LANES` elements, where the machine has
//! them. The portable vectors (`vector_body`) do what this cannot: single elements, few elements, places that are not side by side, complex
//! numbers, integer division. Both give the same bits.
//!
//! `fn(arguments, count)`: the addresses, numbers and invariants that the segment needs stand in memory, in the order of `Wide::arguments`;
//! `count` is a positive multiple of `LANES`. `asm` encodes, `select` has the instructions of single operations, this file the loop round
//! them and what is in which register. Nothing is spilled: a segment that needs more registers stays with the portable vectors.

mod asm;
mod select;

use self::asm::{Assembler, Form, Free, Reg, memory};
use self::select::{Selector, is_wide, needs_binary, needs_convert, needs_unary};
use super::function::{Function, OWN};
use super::jit::internal;
use super::lanes::stored;
use super::scalar::constant;
use super::strips::Segment;
use super::tape::{Id, Node, Place, Stride, Tape};
use super::vector_body::Strip;
use crate::kernel::ir::LANES;
use crate::ops::emit::Prim;
use crate::vmath::{Level, level};
use cranelift_codegen::ir::{InstBuilder, StackSlotData, StackSlotKind, Value, types};
use cranelift_module::Module;
use iced_x86::{Code, Instruction, MemoryOperand, Register};

/// What stands in the memory of the arguments, eight bytes each.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Argument {
    /// Where a linear access is in the first iteration.
    Access(usize),
    /// Where the values kept in strips are.
    Kept,
    Accumulator(usize),
    /// The loop's variable in an iteration of the first group.
    Index(usize),
    Invariant(Id),
    Number(Prim, u64),
}

/// A segment as machine code.
pub struct Wide {
    code: Vec<u8>,
    arguments: Vec<Argument>,
}

/// Elements from which on the call is worth it.
pub const ENOUGH: usize = 3 * LANES;

impl Wide {
    /// A segment whose values kept in strips are `offset` bytes into them; `None` where it stays with the portable vectors.
    pub fn of(strip: &Strip, segment: &Segment) -> Option<Wide> {
        if level() != Level::Avx512 {
            return None;
        }
        // With what does not change in registers, or else read again for each use.
        Writer::write(strip, segment, true).or_else(|| Writer::write(strip, segment, false))
    }
}

impl Function<'_, '_> {
    /// Runs a segment over the first `count` elements of a strip.
    pub fn call_wide(&mut self, wide: &Wide, strip: &Strip, count: Value) {
        let slot = StackSlotData::new(StackSlotKind::ExplicitSlot, wide.arguments.len().max(1) as u32 * 8, 4);
        let slot = self.b.create_sized_stack_slot(slot);
        let place = self.b.ins().stack_addr(types::I64, slot, 0);
        for (at, argument) in wide.arguments.iter().enumerate() {
            let value = match *argument {
                Argument::Access(access) => strip.pointers[access],
                Argument::Kept => strip.kept,
                Argument::Accumulator(which) => strip.accumulators[which],
                Argument::Index(lane) => self.b.ins().iadd_imm_s(strip.index, strip.step.wrapping_mul(lane as i64)),
                Argument::Number(Prim::Mask, bits) => self.b.ins().iconst(types::I64, if bits & 1 == 0 { 0 } else { -1 }),
                Argument::Number(prim, bits) => constant(&mut self.b, prim, bits),
                Argument::Invariant(id) => match strip.tape.node(id) {
                    Node::Invariant(value) if strip.tape.prim(id) == Prim::Mask => self.b.ins().bmask(types::I64, *value),
                    Node::Invariant(value) => *value,
                    _ => continue,
                },
            };
            self.b.ins().store(OWN, value, place, at as i32 * 8);
        }
        let mut signature = self.unit.module.make_signature();
        signature.params = [types::I64; 2].map(cranelift_codegen::ir::AbiParam::new).to_vec();
        let module = &mut self.unit.module;
        let function = module.declare_anonymous_function(&signature).map_err(internal);
        let defined = |id| module.define_function_bytes(id, 64, &wide.code, &[]).map_err(internal).map(|()| id);
        let function = function.and_then(defined);
        match function {
            Ok(id) => {
                let callee = self.callee(id);
                self.b.ins().call(callee, &[place, count]);
            }
            Err(error) => {
                self.error.get_or_insert(error);
            }
        }
    }
}

const ARGUMENTS: Register = Register::RDI;
const COUNT: Register = Register::RSI;
/// The element that the loop is at; before and after it, free.
const AT: Register = Register::RAX;
/// For pointers; the caller wants those from `SAVED` on back as they were.
const POINTERS: [Register; 12] = [
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

struct Writer<'a> {
    strip: &'a Strip<'a>,
    tape: &'a Tape,
    segment: &'a Segment,
    asm: Assembler,
    free: Free,
    narrow: Form,
    arguments: Vec<Argument>,
    /// What has a pointer register, in the order of `POINTERS`.
    pointers: Vec<Argument>,
    numbers: Vec<(Prim, u64, Reg)>,
    /// Registers of what is the same in every group: invariants, the index.
    fixed: Vec<(Id, Reg)>,
    /// By number of the accumulator and group.
    accumulators: Vec<(usize, usize, Reg)>,
    /// By instruction: the place in the segment where its value is read last.
    last: Vec<Option<usize>>,
}

impl Writer<'_> {
    fn write(strip: &Strip, segment: &Segment, invariants_in_registers: bool) -> Option<Wide> {
        let tape = strip.tape;
        let prims = segment.nodes.iter().chain(&segment.reads).map(|id| tape.prim(*id));
        let compared = segment.nodes.iter().flat_map(|id| tape.operands(*id)).map(|id| tape.prim(id));
        let narrow = if prims.chain(compared).any(is_wide) { Form::Half } else { Form::Full };
        let mut writer = Writer {
            strip,
            tape,
            segment,
            asm: Assembler::new(),
            free: Free::ALL,
            narrow,
            arguments: Vec::new(),
            pointers: Vec::new(),
            numbers: Vec::new(),
            fixed: Vec::new(),
            accumulators: Vec::new(),
            last: last_uses(tape, segment),
        };
        writer.function(invariants_in_registers)?;
        let Writer { asm, arguments, .. } = writer;
        Some(Wide { code: asm.finish()?, arguments })
    }

    /// Elements in a group.
    fn width(&self) -> usize {
        if self.narrow == Form::Half { 8 } else { 16 }
    }
    fn select(&mut self) -> Selector<'_> {
        Selector { asm: &mut self.asm, free: &mut self.free, narrow: self.narrow, numbers: &self.numbers }
    }
    /// Where an argument stands.
    fn argument(&mut self, argument: Argument) -> MemoryOperand {
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
        self.asm.put(Instruction::with2(Code::Xor_r32_rm32, Register::EAX, Register::EAX));
        let start = self.asm.position();
        for group in 0..LANES / self.width() {
            self.group(group)?;
            for index in self.index_registers() {
                let step = step?.named(Form::Quad);
                let index = index.named(Form::Quad);
                self.asm.put(Instruction::with3(Code::EVEX_Vpaddq_zmm_k1z_zmm_zmmm512b64, index, index, step));
            }
        }
        self.asm.put(Instruction::with2(Code::Add_rm64_imm8, AT, LANES as i32));
        self.asm.put(Instruction::with2(Code::Cmp_r64_rm64, AT, COUNT));
        self.asm.put(Instruction::with_branch(Code::Jb_rel32_64, start));
        self.move_accumulators(false)?;
        self.asm.put(Ok(Instruction::with(Code::VEX_Vzeroupper)));
        saved.rev().for_each(|register| self.asm.put(Instruction::with1(Code::Pop_r64, *register)));
        self.asm.put(Ok(Instruction::with(Code::Retnq)));
        Some(())
    }

    /// The pointers that the segment goes by. `None` if there are too many, or places that are not side by side.
    fn find_pointers(&mut self) -> Option<()> {
        let kept = !(self.segment.reads.is_empty() && self.segment.keeps.is_empty());
        self.pointers.extend(kept.then_some(Argument::Kept));
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
            let needed = match self.tape.node(*id) {
                Node::Unary(op, _) => needs_unary(prim, *op).into_iter().collect(),
                Node::Binary(op, ..) => needs_binary(prim, *op).into_iter().collect(),
                Node::Convert(op, _) => needs_convert(*op),
                Node::Constant(_) | Node::Invariant(_) if invariants_in_registers => {
                    let reg = self.select().take(prim)?;
                    let from = self.uniform(*id)?;
                    self.select().repeat(prim, reg, from);
                    self.fixed.push((*id, reg));
                    continue;
                }
                Node::Index => {
                    let lanes: Vec<MemoryOperand> = (0..8).map(|lane| self.argument(Argument::Index(lane))).collect();
                    let reg = self.select().take(Prim::I64)?;
                    self.select().restore(Prim::I64, reg, lanes[0])?;
                    self.fixed.push((*id, reg));
                    let by = (self.strip.step.wrapping_mul(self.width() as i64)) as u64;
                    step = Some((Prim::I64, by));
                    vec![(Prim::I64, by)]
                }
                _ => continue,
            };
            for (prim, bits) in needed {
                if !self.numbers.iter().any(|(of, known, _)| (*of, *known) == (prim, bits)) {
                    let reg = self.select().take(prim)?;
                    let from = self.argument(Argument::Number(prim, bits));
                    self.select().repeat(prim, reg, from);
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
            Node::Invariant(_) => Some(self.argument(Argument::Invariant(id))),
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
            for group in 0..LANES / self.width() {
                let place = memory(AT, None, (group * self.width()) as i64 * i64::from(stored(prim).bytes()));
                if read {
                    let reg = self.select().take(prim)?;
                    self.select().restore(prim, reg, place)?;
                    self.accumulators.push((*which, group, reg));
                } else {
                    let reg = self.accumulator(*which, group)?;
                    self.select().keep(prim, place, reg)?;
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
    fn group(&mut self, group: usize) -> Option<()> {
        let mut values: Vec<Option<Reg>> = vec![None; self.tape.nodes.len()];
        let mut own: Vec<Id> = Vec::new();
        for (id, reg) in &self.fixed {
            values[id.0 as usize] = Some(*reg);
        }
        for (at, id) in self.segment.nodes.iter().enumerate() {
            let node = self.tape.node(*id);
            if matches!(node, Node::Constant(_) | Node::Invariant(_) | Node::Index) {
                continue;
            }
            for operand in self.tape.operands(*id) {
                self.fetch(operand, group, &mut values, &mut own)?;
            }
            self.node(*id, at, group, &mut values, &mut own)?;
            let over = |other: &Id| self.last[other.0 as usize].is_none_or(|last| last <= at);
            for other in own.extract_if(.., |other| over(other)) {
                if let Some(reg) = values[other.0 as usize].take() {
                    self.free.give(reg);
                }
            }
        }
        for id in &self.segment.keeps {
            self.fetch(*id, group, &mut values, &mut own)?;
            let prim = self.tape.prim(*id);
            let to = self.elements(Argument::Kept, stored(prim).bytes() as usize, group, self.strip.offset(*id))?;
            let reg = values[id.0 as usize]?;
            self.select().keep(prim, to, reg)?;
        }
        for id in own {
            if let Some(reg) = values[id.0 as usize] {
                self.free.give(reg);
            }
        }
        Some(())
    }

    /// Brings a value into a register that is not in one: what is kept in a strip, or does not change.
    fn fetch(&mut self, id: Id, group: usize, values: &mut [Option<Reg>], own: &mut Vec<Id>) -> Option<()> {
        if values[id.0 as usize].is_some() {
            return Some(());
        }
        let prim = self.tape.prim(id);
        let reg = self.select().take(prim)?;
        if self.segment.reads.contains(&id) {
            let from = self.elements(Argument::Kept, stored(prim).bytes() as usize, group, self.strip.offset(id))?;
            self.select().restore(prim, reg, from)?;
        } else {
            let from = self.uniform(id)?;
            self.select().repeat(prim, reg, from);
        }
        values[id.0 as usize] = Some(reg);
        own.push(id);
        Some(())
    }

    /// One instruction of the tape; `at` is its place in the segment.
    fn node(&mut self, id: Id, at: usize, group: usize, values: &mut [Option<Reg>], own: &mut Vec<Id>) -> Option<()> {
        let tape = self.tape;
        let prim = tape.prim(id);
        let get = |id: &Id| values[id.0 as usize];
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
                if to != value {
                    self.select().copy(prim, to, value);
                }
                return Some(());
            }
            Node::Store(access, value, None) => {
                let (to, value) = (place(self, *access)?, get(value)?);
                return self.select().store(tape.accesses[*access].dtype, to, value);
            }
            _ => {}
        }
        let target = self.accumulated(id, at, group);
        let to = match target {
            Some(reg) => reg,
            None => {
                own.push(id);
                self.select().take(prim)?
            }
        };
        match tape.node(id) {
            Node::Unary(op, x) => self.select().unary(prim, *op, to, get(x)?)?,
            Node::Binary(op, x, y) => self.select().binary(prim, *op, to, get(x)?, get(y)?)?,
            Node::Compare(of, op, x, y) => self.select().compare(*of, *op, to, get(x)?, get(y)?),
            Node::Select(mask, x, y) => self.select().select(prim, to, get(mask)?, get(x)?, get(y)?)?,
            Node::Convert(op, x) => self.select().convert(*op, to, get(x)?)?,
            Node::Load(access, 0) => {
                let from = place(self, *access)?;
                let dtype = tape.accesses[*access].dtype;
                if tape.accesses[*access].is_dense() {
                    self.select().load(dtype, to, from)?
                } else {
                    self.select().load_one(dtype, to, from)?
                }
            }
            _ => return None,
        }
        values[id.0 as usize] = Some(to);
        Some(())
    }

    /// The accumulator that an instruction can write at once: it is read for that alone, and nobody reads the accumulator's old value later.
    fn accumulated(&self, id: Id, at: usize, group: usize) -> Option<Reg> {
        let last = self.last[id.0 as usize]?;
        let Node::Accumulate(which, value) = self.tape.node(*self.segment.nodes.get(last)?) else { return None };
        // One instruction that reads its operands before it writes.
        let simple = matches!(self.tape.node(id), Node::Binary(op, ..) if *op != crate::ops::emit::Binary::CopySign);
        let read = self.segment.nodes.iter().filter(|other| self.tape.operands(**other).contains(&id)).count();
        let old = self.tape.ids().find(|other| *self.tape.node(*other) == Node::Accumulator(*which));
        let over = old.is_none_or(|old| self.last[old.0 as usize].is_none_or(|last| last <= at));
        (simple && *value == id && read == 1 && over && !self.segment.keeps.contains(&id)).then(|| self.accumulator(*which, group))?
    }
}

fn last_uses(tape: &Tape, segment: &Segment) -> Vec<Option<usize>> {
    let mut last = vec![None; tape.nodes.len()];
    for (at, id) in segment.nodes.iter().enumerate() {
        for operand in tape.operands(*id) {
            last[operand.0 as usize] = Some(at);
        }
    }
    for id in &segment.keeps {
        last[id.0 as usize] = Some(usize::MAX);
    }
    last
}
