//! The wide vectors: a segment of a vector loop as a function of AVX-512 or AVX2 instructions, where the machine has them. The portable
//! vectors (`vector_body`) do what this cannot: places that are not side by side, complex numbers, integer division. All give the same bits.
//!
//! `fn(arguments, count)`: the addresses, numbers and invariants that the segment needs stand in memory, in the order of `Wide::arguments`;
//! `count` is a positive multiple of `Wide::multiple`. `narrow` chooses how wide elements are, `writer` has the loop and what is in which
//! register, with `leaving` for loops within and `streaming` for stores past the caches, `select` what an instruction set is, `avx512` (with its tables in `forms`) and `avx2` are two, `asm` encodes. Nothing is
//! spilled: a segment that needs more registers stays with the portable vectors.

mod asm;
mod avx2;
mod avx512;
mod changing;
mod forms;
mod leaving;
mod narrow;
mod select;
mod streaming;
mod writer;

use self::narrow::Ranges;
use super::function::{Function, OWN};
use super::jit::internal;
use super::scalar::constant;
use super::strips::Segment;
use super::tape::{Id, Node};
use super::vector_body::Strip;
use crate::ops::emit::Prim;
use cranelift_codegen::ir::{InstBuilder, StackSlotData, StackSlotKind, Value, types};
use cranelift_module::Module;

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
    /// The byte that tells whether the run is to stop.
    Cancel,
    /// Whether stores may go past the caches.
    Streams,
}

/// A segment as machine code.
pub struct Wide {
    code: Vec<u8>,
    arguments: Vec<Argument>,
    /// It runs over multiples of so many elements.
    pub multiple: usize,
}

/// Elements from which on the call is worth it.
pub const ENOUGH: i64 = 8;

impl Wide {
    /// A segment whose values kept in strips are `offset` bytes into them; `None` where it stays with the portable vectors.
    pub fn of(strip: &Strip, segment: &Segment) -> Option<Wide> {
        let set = select::set()?;
        let ranges = Ranges::of(strip.tape, segment);
        // What does not change is in registers, or else read again for each use.
        let mut ways = ranges.forms(strip.tape, segment).into_iter().flat_map(|form| [(form, true), (form, false)]);
        ways.find_map(|(form, in_registers)| writer::write(set, strip, segment, (&ranges, form), in_registers))
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
                Argument::Cancel => self.cancel(),
                Argument::Streams => match strip.streams {
                    Some(streams) => self.b.ins().uextend(types::I64, streams),
                    None => continue,
                },
                Argument::Invariant(id) => match strip.tape.node(id) {
                    Node::Invariant(value, _) if strip.tape.prim(id) == Prim::Mask => self.b.ins().bmask(types::I64, *value),
                    Node::Invariant(value, _) => *value,
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
