//! The instructions of a vector loop's segment, for a group of lanes and for a single element.

use super::arrays;
use super::function::Function;
use super::lane_memory::{self, keep, keep_one, restore, restore_one};
use super::lanes::{self, GROUP, Lanes, narrow_mask, stored};
use super::scalar;
use super::strips::{Plan, Segment};
use super::tape::{Access, Id, Node, Place, Stride, Tape};
use crate::array::DType;
use crate::base::Span;
use crate::kernel::ir::LANES;
use crate::ops::emit::{Emit, Prim};
use cranelift_codegen::ir::{Block, InstBuilder, Value, types};
use cranelift_frontend::Variable;
use std::collections::BTreeMap;

/// What the instructions of a strip go by.
pub struct Strip<'t> {
    pub tape: &'t Tape,
    pub plan: &'t Plan,
    /// Does the loop work on arrays as they are, dense or not, one element at a time? `None`: it does not.
    pub direct: Option<Value>,
    /// Where each linear access is in the first iteration.
    pub pointers: Vec<Value>,
    /// The loop's variable in the first iteration, and its step.
    pub index: Value,
    pub step: i64,
    pub span: Span,
    /// May stores go past the caches? `None`: no.
    pub streams: Option<Value>,
    /// Values kept in strips: their address, and elements in each.
    pub kept: Value,
    pub strip: usize,
    /// Addresses of the accumulators.
    pub accumulators: &'t [Value],
}

impl Strip<'_> {
    /// Where the strip of a kept value starts.
    pub fn offset(&self, id: Id) -> i32 {
        self.plan.buffers.get(&id).map_or(0, |buffer| (buffer * self.strip * 8) as i32)
    }
}

/// Accumulators that are in registers for a while, by number and group.
#[derive(Default)]
pub struct Accumulators {
    pub registers: BTreeMap<(usize, usize), Lanes<Variable>>,
}

/// A loop round the instructions of a single element.
struct Around {
    variables: Vec<Variable>,
    start: Block,
    exit: Block,
}

impl Function<'_, '_> {
    /// Emits a segment for the group of elements from `at + group * GROUP` on. `values` has what is the same in all elements.
    pub fn group(
        &mut self,
        strip: &Strip,
        segment: &Segment,
        at: Value,
        group: usize,
        mut values: Vec<Option<Lanes>>,
        accumulators: &Accumulators,
    ) {
        let first = (group * GROUP) as i32;
        for id in &segment.reads {
            let prim = strip.tape.prim(*id);
            let address = self.kept_address(strip, prim, at);
            let offset = strip.offset(*id) + first * stored(prim).bytes() as i32;
            values[id.0 as usize] = Some(restore(&mut self.b, prim, address, offset));
        }
        for id in &segment.nodes {
            if values[id.0 as usize].is_none() {
                values[id.0 as usize] = self.group_node(strip, *id, (at, first), &values, accumulators);
            }
        }
        for id in &segment.keeps {
            if let Some(value) = values[id.0 as usize] {
                let prim = strip.tape.prim(*id);
                let address = self.kept_address(strip, prim, at);
                keep(&mut self.b, prim, address, strip.offset(*id) + first * stored(prim).bytes() as i32, value);
            }
        }
    }

    /// Where element `at` of a strip is, but for the strip's own offset.
    fn kept_address(&mut self, strip: &Strip, prim: Prim, at: Value) -> Value {
        let bytes = self.b.ins().imul_imm_s(at, stored(prim).bytes() as i64);
        self.b.ins().iadd(strip.kept, bytes)
    }

    fn group_node(
        &mut self,
        strip: &Strip,
        id: Id,
        (at, first): (Value, i32),
        values: &[Option<Lanes>],
        accumulators: &Accumulators,
    ) -> Option<Lanes> {
        let prim = strip.tape.prim(id);
        let get = |id: &Id| values[id.0 as usize];
        let b = &mut self.b;
        Some(match strip.tape.node(id) {
            Node::Constant(bits) => lanes::constant(b, prim, *bits),
            Node::Invariant(value, _) => lanes::splat(b, prim, *value),
            Node::Index => {
                let at = b.ins().iadd_imm_s(at, first as i64);
                let way = b.ins().imul_imm_s(at, strip.step);
                let start = b.ins().iadd(strip.index, way);
                lanes::count_up(b, start, strip.step)
            }
            Node::Unary(op, x) => lanes::unary(b, prim, *op, get(x)?),
            Node::Binary(op, x, y) => lanes::binary(b, prim, *op, get(x)?, get(y)?, strip.tape.as_constant(*y)),
            Node::Compare(of, op, x, y) => lanes::compare(b, *of, *op, get(x)?, get(y)?),
            Node::Select(mask, x, y) => lanes::select(b, prim, get(mask)?, get(x)?, get(y)?),
            Node::Convert(op, x) => lanes::convert(b, *op, get(x)?),
            Node::Call(routine, args) => {
                let prims = routine.signature().0;
                let mut results = [at; GROUP];
                for (lane, result) in results.iter_mut().enumerate() {
                    let mut elements = Vec::new();
                    for (arg, prim) in args.iter().zip(prims) {
                        elements.push(lanes::extract(&mut self.b, *prim, get(arg)?, lane));
                    }
                    *result = self.call(*routine, &elements);
                }
                lanes::build(&mut self.b, prim, results)
            }
            Node::Load(access, part) => self.group_load(strip, *access, *part, (at, first), values)?,
            Node::Store(access, re, im) => {
                let im = match im {
                    Some(im) => Some(get(im)?),
                    None => None,
                };
                self.group_store(strip, *access, (get(re)?, im), (at, first), values)?;
                return None;
            }
            Node::Accumulator(which) => match accumulators.registers.get(&(*which, first as usize / GROUP)) {
                Some(register) => register.map(|variable| b.use_var(variable)),
                None => {
                    let address = self.accumulator_address(strip, *which, at);
                    restore(&mut self.b, prim, address, first * stored(prim).bytes() as i32)
                }
            },
            Node::Accumulate(which, value) => {
                let value = get(value)?;
                let value = if prim == Prim::Mask { Lanes::Narrow(narrow_mask(b, value)) } else { value };
                match accumulators.registers.get(&(*which, first as usize / GROUP)) {
                    Some(register) => {
                        for (variable, value) in register.registers().zip(value.registers()) {
                            b.def_var(variable, value);
                        }
                    }
                    None => {
                        let address = self.accumulator_address(strip, *which, at);
                        keep(&mut self.b, prim, address, first * stored(prim).bytes() as i32, value);
                    }
                }
                return None;
            }
            // Elements of a group do not leave a loop one after another.
            Node::Enter(..) | Node::Round(..) | Node::While(..) | Node::Again(..) => return None,
        })
    }

    /// Where the accumulator of iteration `at` of a strip is. Strips start at multiples of `LANES`.
    fn accumulator_address(&mut self, strip: &Strip, which: usize, at: Value) -> Value {
        let lane = self.b.ins().band_imm_s(at, LANES as i64 - 1);
        let bytes = self.b.ins().imul_imm_s(lane, stored(strip.tape.accumulators[which].prim).bytes() as i64);
        self.b.ins().iadd(strip.accumulators[which], bytes)
    }

    fn group_load(
        &mut self,
        strip: &Strip,
        access: usize,
        part: usize,
        (at, first): (Value, i32),
        values: &[Option<Lanes>],
    ) -> Option<Lanes> {
        let Access { dtype, place, .. } = &strip.tape.accesses[access];
        let item = dtype.size() as i32;
        let prim = Prim::of(*dtype);
        let offset = (part * dtype.real().size()) as i32;
        Some(match place {
            _ if strip.tape.accesses[access].is_dense() => {
                let address = self.dense_address(strip, access, at);
                lane_memory::load(&mut self.b, *dtype, part, address, first * item)
            }
            Place::Linear { stride: Stride::Still, .. } => {
                let value = arrays::load(&mut self.b, dtype.real(), strip.pointers[access], offset);
                lanes::splat(&mut self.b, prim, value)
            }
            _ => {
                let addresses = self.addresses(strip, access, (at, first), values)?;
                let parts = addresses.map(|address| arrays::load(&mut self.b, dtype.real(), address, offset));
                lanes::build(&mut self.b, prim, parts)
            }
        })
    }

    fn group_store(
        &mut self,
        strip: &Strip,
        access: usize,
        (re, im): (Lanes, Option<Lanes>),
        (at, first): (Value, i32),
        values: &[Option<Lanes>],
    ) -> Option<()> {
        let dtype = &strip.tape.accesses[access].dtype;
        if strip.tape.accesses[access].is_dense() {
            let address = self.dense_address(strip, access, at);
            lane_memory::store(&mut self.b, *dtype, address, first * dtype.size() as i32, re, im);
            return Some(());
        }
        let part = dtype.real();
        for (lane, address) in self.addresses(strip, access, (at, first), values)?.into_iter().enumerate() {
            let value = lanes::extract(&mut self.b, Prim::of(part), re, lane);
            arrays::store(&mut self.b, part, address, 0, value);
            if let Some(im) = im {
                let value = lanes::extract(&mut self.b, Prim::of(part), im, lane);
                arrays::store(&mut self.b, part, address, part.size() as i32, value);
            }
        }
        Some(())
    }

    /// Where element `at` of a strip is, for elements that lie side by side.
    fn dense_address(&mut self, strip: &Strip, access: usize, at: Value) -> Value {
        let bytes = self.b.ins().imul_imm_s(at, strip.tape.accesses[access].dtype.size() as i64);
        self.b.ins().iadd(strip.pointers[access], bytes)
    }

    /// Where the elements of a group are, each for itself.
    fn addresses(&mut self, strip: &Strip, access: usize, (at, first): (Value, i32), values: &[Option<Lanes>]) -> Option<[Value; GROUP]> {
        let Access { array, place, .. } = &strip.tape.accesses[access];
        match place {
            Place::Linear { step, .. } => {
                let at = self.b.ins().iadd_imm_s(at, first as i64);
                let way = self.b.ins().imul(at, *step);
                let mut address = self.b.ins().iadd(strip.pointers[access], way);
                Some(std::array::from_fn(|_| {
                    let here = address;
                    address = self.b.ins().iadd(here, *step);
                    here
                }))
            }
            Place::Computed { index } => {
                let mut addresses = [self.ptr(*array); GROUP];
                for (axis, id) in index.iter().enumerate() {
                    let stride = self.stride(*array, axis);
                    let index = values[id.0 as usize]?;
                    for (lane, address) in addresses.iter_mut().enumerate() {
                        let index = lanes::extract(&mut self.b, Prim::I64, index, lane);
                        let bytes = self.b.ins().imul(index, stride);
                        *address = self.b.ins().iadd(*address, bytes);
                    }
                }
                Some(addresses)
            }
        }
    }

    /// Emits a segment for the single element `at`.
    pub fn single(&mut self, strip: &Strip, segment: &Segment, at: Value) {
        let mut values: Vec<Option<Value>> = vec![None; strip.tape.nodes.len()];
        for id in &segment.reads {
            let prim = strip.tape.prim(*id);
            let address = self.kept_address(strip, prim, at);
            values[id.0 as usize] = Some(restore_one(&mut self.b, prim, address, strip.offset(*id)));
        }
        let mut round = None;
        for id in &segment.nodes {
            values[id.0 as usize] = match strip.tape.node(*id) {
                Node::Enter(..) | Node::Round(..) | Node::While(..) | Node::Again(..) => self.single_loop(strip, *id, &mut round, &values),
                _ => self.single_node(strip, *id, at, &values),
            };
        }
        for id in &segment.keeps {
            if let Some(value) = values[id.0 as usize] {
                let prim = strip.tape.prim(*id);
                let address = self.kept_address(strip, prim, at);
                keep_one(&mut self.b, prim, address, strip.offset(*id), value);
            }
        }
    }

    /// An instruction of a loop that the element leaves by itself; `round` is the loop round it.
    fn single_loop(&mut self, strip: &Strip, id: Id, round: &mut Option<Around>, values: &[Option<Value>]) -> Option<Value> {
        match (strip.tape.node(id), &*round) {
            (Node::Enter(_, before), _) => {
                let before: Option<Vec<Value>> = before.iter().map(|id| values[id.0 as usize]).collect();
                let variables = before?.into_iter().map(|value| self.variable(value)).collect();
                let [start, exit] = [(); 2].map(|()| self.b.create_block());
                self.b.ins().jump(start, &[]);
                self.b.switch_to_block(start);
                *round = Some(Around { variables, start, exit });
            }
            (Node::Round(_, number), Some(around)) => return Some(self.b.use_var(*around.variables.get(*number)?)),
            (Node::While(_, goes_on), Some(around)) => {
                let (inside, exit) = (self.b.create_block(), around.exit);
                self.b.ins().brif(values[goes_on.0 as usize]?, inside, &[], exit, &[]);
                self.enter(inside);
            }
            (Node::Again(_, pairs), Some(around)) => {
                for (variable, pair) in around.variables.iter().zip(pairs.chunks_exact(2)) {
                    self.b.def_var(*variable, values[pair[1].0 as usize]?);
                }
                let (start, exit) = (around.start, around.exit);
                self.poll(strip.span);
                self.b.ins().jump(start, &[]);
                self.b.seal_block(start);
                self.enter(exit);
                *round = None;
            }
            _ => {}
        }
        None
    }

    fn single_node(&mut self, strip: &Strip, id: Id, at: Value, values: &[Option<Value>]) -> Option<Value> {
        let prim = strip.tape.prim(id);
        let get = |id: &Id| values[id.0 as usize];
        let b = &mut self.b;
        Some(match strip.tape.node(id) {
            Node::Constant(bits) => scalar::constant(b, prim, *bits),
            Node::Invariant(value, _) => *value,
            Node::Index => {
                let way = b.ins().imul_imm_s(at, strip.step);
                b.ins().iadd(strip.index, way)
            }
            Node::Unary(op, x) => scalar::unary(b, prim, *op, get(x)?),
            Node::Binary(op, x, y) => scalar::binary(b, prim, *op, get(x)?, get(y)?),
            Node::Compare(of, op, x, y) => scalar::compare(b, *of, *op, get(x)?, get(y)?),
            Node::Select(mask, x, y) => b.ins().select(get(mask)?, get(x)?, get(y)?),
            Node::Convert(op, x) => scalar::convert(b, *op, get(x)?),
            Node::Call(routine, args) => {
                let args: Option<Vec<Value>> = args.iter().map(get).collect();
                self.call(*routine, &args?)
            }
            Node::Load(access, part) => {
                let dtype = strip.tape.accesses[*access].dtype;
                let address = self.single_address(strip, *access, at, values)?;
                arrays::load(&mut self.b, dtype.real(), address, (part * dtype.real().size()) as i32)
            }
            Node::Store(access, re, im) => {
                let part: DType = strip.tape.accesses[*access].dtype.real();
                let address = self.single_address(strip, *access, at, values)?;
                arrays::store(&mut self.b, part, address, 0, get(re)?);
                if let Some(im) = im {
                    arrays::store(&mut self.b, part, address, part.size() as i32, get(im)?);
                }
                return None;
            }
            Node::Accumulator(which) => {
                let address = self.accumulator_address(strip, *which, at);
                restore_one(&mut self.b, prim, address, 0)
            }
            Node::Accumulate(which, value) => {
                let address = self.accumulator_address(strip, *which, at);
                keep_one(&mut self.b, prim, address, 0, get(value)?);
                return None;
            }
            Node::Enter(..) | Node::Round(..) | Node::While(..) | Node::Again(..) => return None,
        })
    }

    fn single_address(&mut self, strip: &Strip, access: usize, at: Value, values: &[Option<Value>]) -> Option<Value> {
        let Access { array, place, .. } = &strip.tape.accesses[access];
        match place {
            Place::Linear { stride: Stride::Still, .. } => Some(strip.pointers[access]),
            Place::Linear { stride: Stride::Dense, .. } => Some(self.dense_address(strip, access, at)),
            Place::Linear { step, stride: Stride::Perhaps, .. } => {
                let Some(direct) = strip.direct else { return Some(self.dense_address(strip, access, at)) };
                let item = self.b.ins().iconst(types::I64, strip.tape.accesses[access].dtype.size() as i64);
                let step = self.b.ins().select(direct, *step, item);
                let way = self.b.ins().imul(at, step);
                Some(self.b.ins().iadd(strip.pointers[access], way))
            }
            Place::Linear { step, .. } => {
                let way = self.b.ins().imul(at, *step);
                Some(self.b.ins().iadd(strip.pointers[access], way))
            }
            Place::Computed { index } => {
                let mut address = self.ptr(*array);
                for (axis, id) in index.iter().enumerate() {
                    let stride = self.stride(*array, axis);
                    let bytes = self.b.ins().imul(values[id.0 as usize]?, stride);
                    address = self.b.ins().iadd(address, bytes);
                }
                Some(address)
            }
        }
    }
}
