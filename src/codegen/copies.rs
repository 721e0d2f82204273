//! Arrays of a vector loop whose elements perhaps do not lie side by side: a test before the loop tells. If they do not, the loop works on
//! copies, made strip by strip: what it reads is gathered before a strip, what it writes is scattered after it.
//!
//! A copy changes when memory is read and written. Iterations are independent, so that matters within one alone: where a store and a
//! later access meet in memory (`strips::conflicts`). If they may, the loop works on the arrays as they are, one element at a time.

use super::function::Function;
use super::strips::conflicts;
use super::symbols::Symbol;
use super::tape::{Access, Node, Place, Stride, Tape};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, StackSlotData, StackSlotKind, Value, types};

/// The copies of a loop.
pub struct Copies {
    all: Vec<Copied>,
    /// Do elements of all arrays lie side by side? `None`: it is known that they do.
    pub dense: Option<Value>,
    /// Must the loop work on the arrays as they are, though they are not dense? `None`: it is known that it need not.
    pub direct: Option<Value>,
}

/// An access that perhaps needs a copy.
struct Copied {
    access: usize,
    /// Does the loop work on the array itself?
    itself: Value,
    /// Where its copy goes.
    room: Value,
    is_read: bool,
    is_written: bool,
}

impl Function<'_, '_> {
    /// Tests the accesses of a loop of `count` iterations and makes room for copies of `strip` elements.
    pub fn copies(&mut self, tape: &Tape, count: Value, strip: usize) -> Copies {
        let mut all = Vec::new();
        for (at, access) in tape.accesses.iter().enumerate() {
            let Place::Linear { step, stride: Stride::Perhaps, .. } = access.place else { continue };
            let item = access.dtype.size();
            let itself = self.b.ins().icmp_imm_s(IntCC::Equal, step, item as i64);
            let slot = self.b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, (strip * item) as u32, 4));
            let room = self.b.ins().stack_addr(types::I64, slot, 0);
            let is_read = tape.ids().any(|id| matches!(tape.node(id), Node::Load(access, _) if *access == at));
            let is_written = tape.ids().any(|id| matches!(tape.node(id), Node::Store(access, ..) if *access == at));
            all.push(Copied { access: at, itself, room, is_read, is_written });
        }
        let dense = all.iter().map(|copied| copied.itself).reduce(|all, dense| self.b.ins().band(all, dense));
        let meet: Vec<Value> = conflicts(tape).into_iter().map(|pair| self.meet(tape, pair, count)).collect();
        let meet = meet.into_iter().reduce(|any, meet| self.b.ins().bor(any, meet));
        let direct = dense.zip(meet).map(|(dense, meet)| self.b.ins().band_not(meet, dense));
        if let Some(direct) = direct {
            for copied in &mut all {
                copied.itself = self.b.ins().bor(copied.itself, direct);
            }
        }
        Copies { all, dense, direct }
    }

    /// How many iterations a strip takes: `long` where nothing is copied, else `strip`.
    pub fn strip_length(&mut self, copies: &Copies, strip: usize, long: usize) -> Value {
        let long = self.b.ins().iconst(types::I64, long as i64);
        let Some(dense) = copies.dense else { return long };
        let short = self.b.ins().iconst(types::I64, strip as i64);
        self.b.ins().select(dense, long, short)
    }

    /// May two accesses meet in memory?
    fn meet(&mut self, tape: &Tape, (a, b): (usize, usize), count: Value) -> Value {
        match (self.extent(&tape.accesses[a], count), self.extent(&tape.accesses[b], count)) {
            (Some((low, high)), Some((other_low, other_high))) => {
                let reaches = self.b.ins().icmp(IntCC::UnsignedLessThan, other_low, high);
                let reached = self.b.ins().icmp(IntCC::UnsignedLessThan, low, other_high);
                self.b.ins().band(reaches, reached)
            }
            _ => self.b.ins().iconst(types::I8, 1),
        }
    }

    /// The first byte that an access touches in the loop, and the one after the last.
    fn extent(&mut self, access: &Access, count: Value) -> Option<(Value, Value)> {
        let Place::Linear { base, step, .. } = access.place else { return None };
        let more = self.b.ins().iadd_imm_s(count, -1);
        let way = self.b.ins().imul(more, step);
        let last = self.b.ins().iadd(base, way);
        let (low, high) = (self.b.ins().umin(base, last), self.b.ins().umax(base, last));
        Some((low, self.b.ins().iadd_imm_s(high, access.dtype.size() as i64)))
    }

    /// Begins a strip at iteration `first`: gathers, and gives where each linear access finds its first element; for others something.
    pub fn begin_strip(&mut self, tape: &Tape, copies: &Copies, first: Value, len: Value) -> Vec<Value> {
        let mut pointers: Vec<Value> = tape.accesses.iter().map(|access| self.array_place(access, first)).collect();
        for copied in &copies.all {
            let place = pointers[copied.access];
            if copied.is_read {
                self.copy(Symbol::Gather, copied, &tape.accesses[copied.access], (copied.room, place), len);
            }
            pointers[copied.access] = self.b.ins().select(copied.itself, place, copied.room);
        }
        pointers
    }

    /// Ends the strip: scatters.
    pub fn end_strip(&mut self, tape: &Tape, copies: &Copies, first: Value, len: Value) {
        for copied in copies.all.iter().filter(|copied| copied.is_written) {
            let access = &tape.accesses[copied.access];
            let place = self.array_place(access, first);
            self.copy(Symbol::Scatter, copied, access, (place, copied.room), len);
        }
    }

    /// Where an access is in iteration `first`.
    fn array_place(&mut self, access: &Access, first: Value) -> Value {
        let Place::Linear { base, step, stride } = access.place else { return first };
        let way = match stride {
            Stride::Still => return base,
            Stride::Dense => self.b.ins().imul_imm_s(first, access.dtype.size() as i64),
            Stride::Perhaps | Stride::Other => self.b.ins().imul(first, step),
        };
        self.b.ins().iadd(base, way)
    }

    /// Gathers or scatters, unless the loop works on the array itself.
    fn copy(&mut self, how: Symbol, copied: &Copied, access: &Access, (to, from): (Value, Value), len: Value) {
        let Place::Linear { step, .. } = access.place else { return };
        let (copy, go_on) = (self.new_cold_block(), self.b.create_block());
        self.b.ins().brif(copied.itself, go_on, &[], copy, &[]);
        self.enter(copy);
        let item = self.b.ins().iconst(types::I64, access.dtype.size() as i64);
        self.call_symbol(how, &[to, from, step, len, item]);
        self.b.ins().jump(go_on, &[]);
        self.enter(go_on);
    }
}
