//! Vector loops: independent iterations with reductions in `LANES` accumulators.
//!
//! The body is recorded as a tape and cut into segments between calls of strip routines (`strips`). The loop runs over strips of iterations;
//! in each, every segment runs over whole groups of lanes and then over single elements, and the routines run over the strip. Accumulators
//! are in memory between segments.

use super::copies::Copies;
use super::function::Function;
use super::lane_memory::{keep, restore, restore_one};
use super::lanes::{self, GROUP, is_wide, stored};
use super::scalar::constant;
use super::strips::{Plan, Segment};
use super::symbols::Symbol;
use super::tape::{Id, Node, Recorder, Tape};
use super::vector_body::{Accumulators, Strip};
use super::wide::{self, Wide};
use crate::base::Span;
use crate::kernel::chunks::fold_lanes;
use crate::kernel::ir::{ArrayId, LANES, Reduction, Stmt, VarId};
use crate::ops::define;
use crate::ops::emit::{Elem, Prim, Routine};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{BlockArg, InstBuilder, StackSlotData, StackSlotKind, Value, types};
use cranelift_frontend::Variable;

/// Iterations in a strip where routines are called on strips: all its values stay in the first-level cache.
const STRIP: usize = 128;
/// Iterations between questions whether to stop, where there are none.
const LONG_STRIP: usize = 1 << 16;
/// Bytes that the values kept in strips may take of the stack.
const KEPT: usize = 64 << 10;
/// Bytes of a kept value, at most.
const WIDTH: usize = 8;

/// A vector loop as the IR has it.
pub struct VectorLoop<'a> {
    pub var: VarId,
    pub bounds: (Value, Value),
    pub step: i64,
    pub body: &'a [Stmt],
    pub reductions: &'a [Reduction],
    pub span: Span,
}

impl Function<'_, '_> {
    pub fn vector_loop(&mut self, round: &VectorLoop) {
        let [before, exit] = [(); 2].map(|()| self.b.create_block());
        let runs = self.runs(round.bounds, round.step);
        self.b.ins().brif(runs, before, &[], exit, &[]);
        self.enter(before);
        let count = self.trip_count(round.bounds, round.step);
        let tape = Recorder::record(self, (round.var, round.bounds.0, round.step), round.body, round.reductions);
        let plan = Plan::of(&tape);
        let strip = (KEPT / WIDTH / plan.buffer_count.max(1) / LANES * LANES).clamp(LANES, STRIP);
        let accumulators: Vec<Value> = tape.accumulators.iter().map(|acc| self.accumulators(acc.prim, acc.identity)).collect();
        let kept = self.strips(&tape, &plan, strip);
        let copies = self.copies(&tape, count, strip);
        let streams = self.streams(&tape, &copies);
        let most = self.strip_length(&copies, strip, if plan.buffer_count == 0 { LONG_STRIP } else { strip });

        let start = self.b.create_block();
        let zero = self.b.ins().iconst(types::I64, 0);
        self.b.ins().jump(start, &[BlockArg::Value(zero)]);
        let first = self.b.append_block_param(start, types::I64);
        self.b.switch_to_block(start);
        let left = self.b.ins().isub(count, first);
        let len = self.b.ins().umin(left, most);
        let pointers = self.begin_strip(&tape, &copies, first, len);
        let way = self.b.ins().imul_imm_s(first, round.step);
        let index = self.b.ins().iadd(round.bounds.0, way);
        let here = Strip {
            tape: &tape,
            plan: &plan,
            direct: copies.direct,
            pointers,
            index,
            step: round.step,
            span: round.span,
            streams,
            kept,
            strip,
            accumulators: &accumulators,
        };
        for segment in &plan.segments {
            self.segment(&here, segment, len);
        }
        self.end_strip(&tape, &copies, first, len);
        let next = self.b.ins().iadd(first, len);
        let [again, done] = [(); 2].map(|()| self.b.create_block());
        let more = self.b.ins().icmp(IntCC::NotEqual, next, count);
        self.b.ins().brif(more, again, &[], done, &[]);
        self.enter(again);
        self.poll(round.span);
        self.b.ins().jump(start, &[BlockArg::Value(next)]);
        self.b.seal_block(start);
        self.enter(done);
        self.join(&tape, &accumulators, round);
        self.b.ins().jump(exit, &[]);
        self.enter(exit);
    }

    /// May what a loop stores go past the caches? `None`: it may not.
    fn streams(&mut self, tape: &Tape, copies: &Copies) -> Option<Value> {
        let stored = |at: &usize| tape.ids().any(|id| matches!(tape.node(id), Node::Store(access, ..) if access == at));
        let mut arrays: Vec<ArrayId> = (0..tape.accesses.len())
            .filter(stored)
            .map(|at| &tape.accesses[at])
            .filter(|access| access.streams)
            .map(|access| access.array)
            .collect();
        arrays.sort();
        arrays.dedup();
        let large: Vec<Value> = arrays.into_iter().map(|array| self.is_large(array)).collect();
        large.into_iter().chain(copies.dense).reduce(|all, more| self.b.ins().band(all, more))
    }

    /// Folds the accumulators into the variables.
    fn join(&mut self, tape: &Tape, accumulators: &[Value], round: &VectorLoop) {
        self.span = round.span;
        let mut at = 0;
        for reduction in round.reductions {
            let dtype = self.kernel.vars[reduction.var.0 as usize].dtype;
            let prim = Prim::of(dtype);
            let whole = fold_lanes(
                std::array::from_fn(|lane| {
                    let offset = (lane as u32 * stored(prim).bytes()) as i32;
                    let mut part = |at| restore_one(&mut self.b, prim, accumulators[at], offset);
                    let re = part(at);
                    if dtype.is_complex() { Elem::Complex(re, part(at + 1)) } else { Elem::Real(re) }
                }),
                |a, b| define::emit(self, reduction.op, dtype, &[a, b]),
            );
            let before = self.get_var(reduction.var);
            let value = define::emit(self, reduction.op, dtype, &[before, whole]);
            self.set_var(reduction.var, value);
            at += if dtype.is_complex() { 2 } else { 1 };
        }
        debug_assert_eq!(at, tape.accumulators.len());
    }

    /// `LANES` accumulators at their identity; their address.
    fn accumulators(&mut self, prim: Prim, identity: u64) -> Value {
        let bytes = LANES as u32 * stored(prim).bytes();
        let place = self.stack(bytes as usize / 8);
        let value = lanes::constant(&mut self.b, prim, identity);
        for offset in (0..bytes).step_by(GROUP * stored(prim).bytes() as usize) {
            keep(&mut self.b, prim, place, offset as i32, value);
        }
        place
    }

    /// Room for the values that are kept in strips, aligned to a cache line; those that are the same in all elements are filled in.
    fn strips(&mut self, tape: &Tape, plan: &Plan, strip: usize) -> Value {
        if plan.buffer_count == 0 {
            return self.ctx;
        }
        let bytes = plan.buffer_count * strip * WIDTH + 64;
        let slot = self.b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, bytes as u32, 4));
        let place = self.b.ins().stack_addr(types::I64, slot, 63);
        let place = self.b.ins().band_imm_s(place, -64);
        for id in &plan.filled {
            let prim = tape.prim(*id);
            let value = match tape.node(*id) {
                Node::Constant(bits) => constant(&mut self.b, prim, *bits),
                Node::Invariant(value, _) => *value,
                _ => continue,
            };
            let value = lanes::splat(&mut self.b, prim, value);
            let buffer = self.b.ins().iadd_imm_s(place, (plan.buffers[id] * strip * WIDTH) as i64);
            let [fill, full] = [(); 2].map(|()| self.b.create_block());
            let zero = self.b.ins().iconst(types::I64, 0);
            self.b.ins().jump(fill, &[BlockArg::Value(zero)]);
            let at = self.b.append_block_param(fill, types::I64);
            self.b.switch_to_block(fill);
            let address = self.b.ins().iadd(buffer, at);
            keep(&mut self.b, prim, address, 0, value);
            let group = GROUP as i64 * stored(prim).bytes() as i64;
            let next = self.b.ins().iadd_imm_s(at, group);
            let end = self.b.ins().icmp_imm_u(IntCC::Equal, next, strip as i64 / GROUP as i64 * group);
            self.b.ins().brif(end, full, &[], fill, &[BlockArg::Value(next)]);
            self.b.seal_block(fill);
            self.enter(full);
        }
        place
    }

    /// Runs a segment over the `len` iterations of a strip, and then its calls.
    fn segment(&mut self, strip: &Strip, segment: &Segment, len: Value) {
        if !segment.nodes.is_empty() {
            self.elements(strip, segment, len);
        }
        for call in &segment.calls {
            let Node::Call(Routine::Math(prim, math), args) = strip.tape.node(*call) else { continue };
            let mut values = vec![len];
            for id in args.iter().chain([call]) {
                values.push(match strip.tape.node(*id) {
                    Node::Load(access, _) if strip.plan.in_place.contains(&(*call, *id)) => strip.pointers[*access],
                    _ => self.b.ins().iadd_imm_s(strip.kept, strip.offset(*id) as i64),
                });
            }
            self.call_symbol(Symbol::Strip(*prim, *math), &values);
        }
    }

    /// Runs the instructions of a segment: with wide vectors where the machine has them, else over whole groups of lanes. What is left
    /// runs over single elements, and so does all where there is little, where that is asked for, and where loops find no wide vectors.
    fn elements(&mut self, strip: &Strip, segment: &Segment, len: Value) {
        let [vector, single, done] = [(); 3].map(|()| self.b.create_block());
        let at = self.b.append_block_param(single, types::I64);
        let zero = self.b.ins().iconst(types::I64, 0);
        let loops = segment.has_loops(strip.tape);
        let whole = match Wide::of(strip, segment) {
            Some(wide) => {
                let whole = self.whole(strip, len, wide.multiple);
                let enough = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThanOrEqual, whole, wide::ENOUGH);
                self.b.ins().brif(enough, vector, &[], single, &[BlockArg::Value(zero)]);
                self.enter(vector);
                self.call_wide(&wide, strip, whole);
                if loops {
                    // It gave up where the run is to stop.
                    self.poll(strip.span);
                }
                Some(whole)
            }
            None if loops => None,
            None => {
                let (unroll, in_registers) = shape(strip.tape, segment);
                let whole = self.whole(strip, len, unroll * GROUP);
                self.b.ins().brif(whole, vector, &[], single, &[BlockArg::Value(zero)]);
                self.enter(vector);
                self.groups(strip, segment, whole, unroll, in_registers);
                Some(whole)
            }
        };
        match whole {
            Some(whole) => {
                let more = self.b.ins().icmp(IntCC::NotEqual, whole, len);
                self.b.ins().brif(more, single, &[BlockArg::Value(whole)], done, &[]);
            }
            None => drop(self.b.ins().jump(single, &[BlockArg::Value(zero)])),
        }
        self.b.switch_to_block(single);
        self.single(strip, segment, at);
        let next = self.b.ins().iadd_imm_s(at, 1);
        let more = self.b.ins().icmp(IntCC::NotEqual, next, len);
        self.b.ins().brif(more, single, &[BlockArg::Value(next)], done, &[]);
        self.b.seal_block(single);
        self.enter(done);
    }

    /// Elements of a strip that are taken in groups of `of`, which is a power of two; none where single elements are asked for.
    fn whole(&mut self, strip: &Strip, len: Value, of: usize) -> Value {
        let whole = self.b.ins().band_imm_s(len, -(of as i64));
        let Some(direct) = strip.direct else { return whole };
        let none = self.b.ins().iconst(types::I64, 0);
        self.b.ins().select(direct, none, whole)
    }

    /// The loop over the first `whole` elements, `unroll` groups a round.
    fn groups(&mut self, strip: &Strip, segment: &Segment, whole: Value, unroll: usize, in_registers: bool) {
        let mut uniform = vec![None; strip.tape.nodes.len()];
        for id in &segment.nodes {
            let prim = strip.tape.prim(*id);
            uniform[id.0 as usize] = match strip.tape.node(*id) {
                Node::Constant(bits) => Some(lanes::constant(&mut self.b, prim, *bits)),
                Node::Invariant(value, _) => Some(lanes::splat(&mut self.b, prim, *value)),
                _ => None,
            };
        }
        let mut accumulators = Accumulators::default();
        for which in updated(strip.tape, segment).into_iter().filter(|_| in_registers) {
            let prim = strip.tape.accumulators[which].prim;
            for group in 0..LANES / GROUP {
                let value = restore(&mut self.b, prim, strip.accumulators[which], row(prim, group));
                let register = value.map(|value| self.variable(value));
                accumulators.registers.insert((which, group), register);
            }
        }
        let [round, middle, after] = [(); 3].map(|()| self.b.create_block());
        let zero = self.b.ins().iconst(types::I64, 0);
        let at = self.variable(zero);
        if in_registers {
            // Never taken, but the compiler cannot see that: so it computes the accumulators of the first half before it loads the second,
            // for which there would not be enough registers.
            let never = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, whole, LANES as i64);
            self.b.ins().brif(never, middle, &[], round, &[]);
        } else {
            self.b.ins().jump(round, &[]);
        }
        self.b.switch_to_block(round);
        for group in 0..unroll {
            if in_registers && group == unroll / 2 {
                self.b.ins().jump(middle, &[]);
                self.enter(middle);
            }
            let at = self.b.use_var(at);
            self.group(strip, segment, at, group, uniform.clone(), &accumulators);
        }
        let next = self.b.use_var(at);
        let next = self.b.ins().iadd_imm_s(next, (unroll * GROUP) as i64);
        self.b.def_var(at, next);
        let more = self.b.ins().icmp(IntCC::UnsignedLessThan, next, whole);
        self.b.ins().brif(more, round, &[], after, &[]);
        self.b.seal_block(round);
        self.enter(after);
        for ((which, group), register) in &accumulators.registers {
            let prim = strip.tape.accumulators[*which].prim;
            let value = register.map(|variable| self.b.use_var(variable));
            keep(&mut self.b, prim, strip.accumulators[*which], row(prim, *group), value);
        }
    }

    /// A variable that holds a value.
    pub fn variable(&mut self, value: Value) -> Variable {
        let ty = self.b.func.dfg.value_type(value);
        let variable = self.b.declare_var(ty);
        self.b.def_var(variable, value);
        variable
    }
}

/// Where a group is in a row of accumulators.
fn row(prim: Prim, group: usize) -> i32 {
    (group * GROUP) as i32 * stored(prim).bytes() as i32
}

/// The accumulators that a segment updates.
fn updated(tape: &Tape, segment: &Segment) -> Vec<usize> {
    let update = |id: &Id| if let Node::Accumulate(which, _) = tape.node(*id) { Some(*which) } else { None };
    segment.nodes.iter().filter_map(update).collect()
}

/// How many groups a round of a segment takes, and whether accumulators stay in registers meanwhile.
fn shape(tape: &Tape, segment: &Segment) -> (usize, bool) {
    let weight = |id: &Id| match tape.node(*id) {
        Node::Constant(_) | Node::Invariant(..) | Node::Accumulator(_) => 0,
        _ if is_wide(tape.prim(*id)) => 2,
        _ => 1,
    };
    let cost: usize = segment.nodes.iter().map(weight).sum();
    let updated = updated(tape, segment);
    let registers: usize = updated.iter().map(|which| if is_wide(tape.accumulators[*which].prim) { 8 } else { 4 }).sum();
    match (updated.is_empty(), cost) {
        (false, ..=40) if registers <= 8 => (LANES / GROUP, true),
        (false, _) => (1, false),
        (true, ..=12) => (4, false),
        (true, ..=32) => (2, false),
        (true, _) => (1, false),
    }
}
