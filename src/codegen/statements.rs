//! Statements of a kernel: control flow, calls, parallel loops and returns.

use super::arrays::Bound;
use super::function::{Function, Loop, OWN, direct_result, stored_results};
use super::runtime::offset;
use super::runtime::{ParSite, result_slots, scalar_slots};
use super::scalar::clif;
use super::symbols::Symbol;
use super::vector::VectorLoop;
use crate::base::Span;
use crate::kernel::chunks::{MAX_DEPTH, PAR_DEPTH, trip_count};
use crate::kernel::ir::{Expr, FaultKind, KernelId, LoopKind, Operand, Place, Reduction, ResultTy, Stmt, VarId};
use crate::ops::define;
use crate::ops::emit::{Elem, Prim};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{BlockArg, InstBuilder, Value, types};

/// A loop without inner loops asks once in this many iterations whether to stop.
const POLL: i64 = 1 << 16;

impl<'a> Function<'a, '_> {
    /// Emits statements; false if control does not come out at their end.
    pub fn body(&mut self, body: &'a [Stmt]) -> bool {
        body.iter().all(|stmt| self.statement(stmt))
    }

    fn statement(&mut self, stmt: &'a Stmt) -> bool {
        match stmt {
            Stmt::Set { var, value, .. } => {
                let value = self.expr(value);
                self.set_var(*var, value);
            }
            Stmt::Store { array, index, value, check, .. } => {
                let value = self.expr(value);
                let address = self.address(*array, index, *check);
                let dtype = self.slot(*array).dtype;
                self.store(dtype, address, value);
            }
            Stmt::If { cond, then, other } => return self.branch(cond, then, other),
            Stmt::For { var, lo, hi, step, body, kind, span } => {
                let (lo, hi) = (self.value(lo), self.value(hi));
                match kind {
                    LoopKind::Vector { reductions } => {
                        self.vector_loop(&VectorLoop { var: *var, bounds: (lo, hi), step: *step, body, reductions, span: *span });
                    }
                    LoopKind::Seq | LoopKind::Par => self.for_loop(*var, (lo, hi), *step, body, *span),
                }
            }
            Stmt::While { cond, body, span } => self.while_loop(cond, body, *span),
            Stmt::Break | Stmt::Continue => {
                if let Some(round) = self.loops.last() {
                    let target = if matches!(stmt, Stmt::Break) { round.exit } else { round.next };
                    self.b.ins().jump(target, &[]);
                }
                return false;
            }
            Stmt::Return(results) => {
                let mut values = Vec::new();
                for result in results {
                    match result {
                        Operand::Scalar(expr) => push_parts(&mut values, self.expr(expr)),
                        Operand::Array(array) => {
                            let bound = self.bound(*array);
                            self.retain(bound.handle);
                            values.extend(bound.values());
                        }
                    }
                }
                self.give_back(&values);
                return false;
            }
            Stmt::Alloc { array, shape, clear, span } => self.alloc(*array, shape, *clear, *span),
            Stmt::View { array, base, index, check, .. } => self.view(*array, *base, index, *check),
            Stmt::Rebind { pairs, .. } => self.rebind(pairs),
            Stmt::Call { kernel, args, results, span } => self.call_kernel(*kernel, args, results, *span),
            Stmt::ParFor { kernel, lo, hi, grain, args, reductions, span } => {
                let bounds = (self.value(lo), self.value(hi));
                self.par_for(*kernel, bounds, *grain, args, reductions, *span);
            }
            Stmt::Fail { fault, values, span } => {
                let values: Vec<Value> = values.iter().map(|value| self.value(value)).collect();
                self.fail(*fault, *span, &values);
                return false;
            }
        }
        true
    }

    fn branch(&mut self, cond: &Expr, then: &'a [Stmt], other: &'a [Stmt]) -> bool {
        let cond = self.value(cond);
        let [then_block, other_block, join] = [(); 3].map(|()| self.b.create_block());
        self.b.ins().brif(cond, then_block, &[], other_block, &[]);
        let mut goes_on = false;
        for (block, body) in [(then_block, then), (other_block, other)] {
            self.enter(block);
            if self.body(body) {
                self.b.ins().jump(join, &[]);
                goes_on = true;
            }
        }
        if goes_on {
            self.enter(join);
        }
        goes_on
    }

    fn while_loop(&mut self, cond: &Expr, body: &'a [Stmt], span: Span) {
        let [start, next, exit] = [(); 3].map(|()| self.b.create_block());
        let own = self.own_variables(body);
        self.enter_own(&own);
        // The condition is emitted before the loop and at its end: one jump a round.
        let go_in = self.value(cond);
        self.b.ins().brif(go_in, start, &[], exit, &[]);
        self.b.switch_to_block(start);
        self.loops.push(Loop { next, exit, var: None, quiet: !own.is_empty() });
        if self.body(body) {
            self.b.ins().jump(next, &[]);
        }
        self.loops.pop();
        self.enter(next);
        self.poll(span);
        let again = self.value(cond);
        self.b.ins().brif(again, start, &[], exit, &[]);
        self.b.seal_block(start);
        self.enter(exit);
        self.leave_own(own);
    }

    /// How many times a loop runs (`chunks::trip_count`), where it runs at all.
    pub fn trip_count(&mut self, (lo, hi): (Value, Value), step: i64) -> Value {
        let span = if step > 0 { self.b.ins().isub(hi, lo) } else { self.b.ins().isub(lo, hi) };
        if step.unsigned_abs() == 1 {
            return span;
        }
        let last = self.b.ins().iadd_imm_s(span, -1);
        let by = self.b.ins().iconst(types::I64, step.unsigned_abs() as i64);
        let whole = self.b.ins().udiv(last, by);
        self.b.ins().iadd_imm_s(whole, 1)
    }

    /// Does a loop run at all?
    pub fn runs(&mut self, (lo, hi): (Value, Value), step: i64) -> Value {
        self.b.ins().icmp(if step > 0 { IntCC::SignedLessThan } else { IntCC::SignedGreaterThan }, lo, hi)
    }

    /// How many times a loop runs, where that is known here.
    fn known_count(&self, (lo, hi): (Value, Value), step: i64) -> Option<u64> {
        let known = |value| self.constants.get(&value).map(|bits| *bits as i64);
        Some(trip_count(known(lo)?, known(hi)?, step))
    }

    /// A loop over `lo..hi`. One without inner loops is cut into pieces of `POLL` iterations, between which it asks whether to stop; a
    /// short one does not ask.
    fn for_loop(&mut self, var: VarId, bounds: (Value, Value), step: i64, body: &'a [Stmt], span: Span) {
        let Elem::Real(variable) = self.vars[var.0 as usize] else { return };
        let [outer, exit] = [(); 2].map(|()| self.b.create_block());
        let own = self.own_variables(body);
        let runs = self.runs(bounds, step);
        let before = self.b.create_block();
        self.b.ins().brif(runs, before, &[], exit, &[]);
        self.enter(before);
        self.enter_own(&own);
        let asks = has_loop(body);
        let pieces = !asks && self.known_count(bounds, step).is_none_or(|count| count > POLL as u64);
        let count = self.trip_count(bounds, step);
        self.b.ins().jump(outer, &[BlockArg::Value(bounds.0), BlockArg::Value(count)]);

        let from = self.b.append_block_param(outer, types::I64);
        let left = self.b.append_block_param(outer, types::I64);
        self.b.switch_to_block(outer);
        let piece = if pieces {
            let most = self.b.ins().iconst(types::I64, POLL);
            self.b.ins().umin(left, most)
        } else {
            left
        };
        // Equal to no earlier value of the variable, even where it wraps: the whole loop spans less than 2^64.
        let way = self.b.ins().imul_imm_s(piece, step);
        let end = self.b.ins().iadd(from, way);
        let [start, next, done] = [(); 3].map(|()| self.b.create_block());
        self.b.def_var(variable, from);
        self.b.ins().jump(start, &[]);

        self.b.switch_to_block(start);
        self.loops.push(Loop { next, exit, var: Some(var), quiet: !own.is_empty() });
        if self.body(body) {
            self.b.ins().jump(next, &[]);
        }
        self.loops.pop();
        self.enter(next);
        if asks {
            self.poll(span);
        }
        let at = self.b.use_var(variable);
        let to = self.b.ins().iadd_imm_s(at, step);
        self.b.def_var(variable, to);
        let again = self.b.ins().icmp(IntCC::NotEqual, to, end);
        self.b.ins().brif(again, start, &[], done, &[]);
        self.b.seal_block(start);

        self.enter(done);
        if pieces {
            let left = self.b.ins().isub(left, piece);
            let more = self.b.create_block();
            self.b.ins().brif(left, more, &[], exit, &[]);
            self.enter(more);
            self.poll(span);
            self.b.ins().jump(outer, &[BlockArg::Value(end), BlockArg::Value(left)]);
        } else {
            self.b.ins().jump(exit, &[]);
        }
        self.b.seal_block(outer);
        self.enter(exit);
        self.leave_own(own);
    }

    /// The arguments of a call, flattened.
    fn operands(&mut self, args: &[Operand], handles: bool) -> Vec<Value> {
        let mut values = Vec::new();
        for arg in args {
            match arg {
                Operand::Scalar(expr) => push_parts(&mut values, self.expr(expr)),
                Operand::Array(array) => values.extend(self.bound(*array).values().skip(usize::from(!handles))),
            }
        }
        values
    }

    /// Fails if a call would nest too deep, or leave too little of the stack; gives the depth of the callee.
    fn deeper(&mut self, by: usize, span: Span) -> Value {
        let deeper = self.b.ins().iadd_imm_s(self.depth, by as i64);
        let too_deep = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, deeper, MAX_DEPTH as i64);
        self.fail_if(too_deep, FaultKind::Recursion, span, &[]);
        if self.recursive {
            let stack = self.b.ins().get_stack_pointer(types::I64);
            let limit = self.b.ins().load(types::I64, OWN.with_readonly().with_can_move(), self.ctx, offset::STACK_LIMIT);
            let too_low = self.b.ins().icmp(IntCC::UnsignedLessThan, stack, limit);
            self.fail_if(too_low, FaultKind::Recursion, span, &[]);
        }
        deeper
    }

    fn call_kernel(&mut self, kernel: KernelId, args: &[Operand], results: &[Place], span: Span) {
        let callee = &self.source.kernels[kernel.0 as usize];
        // Many short calls are as long as a loop.
        if has_loop(&callee.body) {
            self.poll(span);
        }
        let depth = self.deeper(1, span);
        let mut values = vec![self.ctx, depth];
        values.extend(self.operands(args, true));
        let stored = stored_results(callee);
        let place = (stored > 0).then(|| self.stack(stored));
        values.extend(place);
        let function = self.callee(self.unit.funcs[kernel.0 as usize]);
        let call = self.b.ins().call(function, &values);
        let returned = self.b.inst_results(call).to_vec();
        self.check_status(returned[0]);
        if direct_result(callee).is_some() {
            if let (Some(Place::Scalar(var)), Some(value)) = (results.first(), returned.get(1)) {
                self.set_var(*var, Elem::Real(*value));
            }
            return;
        }
        let Some(place) = place else { return };
        let mut at = 0;
        for (result, target) in callee.results.iter().zip(results) {
            match (result, target) {
                (ResultTy::Scalar(dtype), Place::Scalar(var)) => {
                    let value = self.scalar_from_slots(*dtype, place, at);
                    self.set_var(*var, value);
                }
                (ResultTy::Array { rank, .. }, Place::Array(array)) => {
                    let mut words = (0..2 + 2 * rank).map(|i| self.b.ins().load(types::I64, OWN, place, (at + i) as i32 * 8));
                    let (handle, ptr) = (words.next().unwrap_or(place), words.next().unwrap_or(place));
                    let sizes = words.by_ref().take(*rank).collect();
                    let bound = Bound { handle, ptr, sizes, strides: words.collect() };
                    self.bind(*array, &bound);
                }
                _ => {}
            }
            at += result_slots(*result);
        }
    }

    /// Reads a scalar from 64-bit slots, from slot `at` on.
    fn scalar_from_slots(&mut self, dtype: crate::array::DType, place: Value, at: usize) -> Elem<Value> {
        let ty = clif(Prim::of(dtype));
        let offset = at as i32 * 8;
        let re = self.b.ins().load(ty, OWN, place, offset);
        if dtype.is_complex() { Elem::Complex(re, self.b.ins().load(ty, OWN, place, offset + 8)) } else { Elem::Real(re) }
    }

    fn par_for(&mut self, kernel: KernelId, bounds: (Value, Value), grain: u64, args: &[Operand], reductions: &[Reduction], span: Span) {
        let args = self.operands(args, false);
        let depth = self.deeper(PAR_DEPTH, span);
        let (go, exit) = (self.b.create_block(), self.b.create_block());
        let runs = self.runs(bounds, 1);
        self.b.ins().brif(runs, go, &[], exit, &[]);
        self.enter(go);
        // The first two slots are for the bounds of a chunk.
        let place = self.stack(args.len() + 2);
        for (at, value) in args.iter().enumerate() {
            self.b.ins().store(OWN, *value, place, (at as i32 + 2) * 8);
        }
        let joins: Vec<_> = reductions.iter().map(|reduction| (reduction.op, self.kernel.vars[reduction.var.0 as usize].dtype)).collect();
        let out = self.stack(joins.iter().map(|(_, dtype)| scalar_slots(*dtype)).sum());
        let site = ParSite { kernel: kernel.0 as usize, grain, span, args: args.len() + 2, reductions: joins.clone() };
        self.unit.pars.push(site);
        let number = self.b.ins().iconst(types::I64, self.unit.pars.len() as i64 - 1);
        let call = self.call_symbol(Symbol::Parallel, &[self.ctx, number, bounds.0, bounds.1, depth, place, out]);
        let status = self.b.inst_results(call)[0];
        self.check_status(status);
        let mut at = 0;
        for (reduction, (op, dtype)) in reductions.iter().zip(joins) {
            let part = self.scalar_from_slots(dtype, out, at);
            let whole = self.get_var(reduction.var);
            self.span = span;
            let value = define::emit(self, op, dtype, &[whole, part]);
            self.set_var(reduction.var, value);
            at += scalar_slots(dtype);
        }
        self.b.ins().jump(exit, &[]);
        self.enter(exit);
    }
}

fn push_parts(values: &mut Vec<Value>, value: Elem<Value>) {
    match value {
        Elem::Real(re) => values.push(re),
        Elem::Complex(re, im) => values.extend([re, im]),
    }
}

fn has_loop(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| match stmt {
        Stmt::For { .. } | Stmt::While { .. } | Stmt::Call { .. } | Stmt::ParFor { .. } => true,
        Stmt::If { then, other, .. } => has_loop(then) || has_loop(other),
        _ => false,
    })
}
