//! The machine: frames on a stack, one step after another, vector and parallel loops, calls.

use super::code::{Code, Instr, Loop};
use super::expr::bounds;
use super::zero;
use crate::array::DType;
use crate::base::Span;
use crate::kernel::abi::{Fault, Host};
use crate::kernel::chunks::{self, MAX_DEPTH, PAR_DEPTH};
use crate::kernel::ir::{
    Expr, FaultKind, KernelId, LANES, MAX_SIZE, Module, Operand, Param, Place, Reduction, ResultTy, Stmt, VarId, ViewIndex,
};
use crate::kernel::memory::Slot;
use crate::ops::define;
use crate::ops::emit::Elem;
use crate::ops::eval::Eval;
use crate::types::slice::range_of;
use std::sync::{Mutex, PoisonError};

/// Vector loops ask this often (in iterations) whether to stop.
const POLL: u64 = 1 << 12;

/// An argument or result.
#[derive(Clone)]
pub enum Value {
    Scalar(Elem<u64>),
    Array(Slot),
}

/// A kernel that is running.
pub struct Frame<'m> {
    code: &'m Code<'m>,
    kernel: usize,
    /// The next instruction.
    at: usize,
    pub vars: Vec<Elem<u64>>,
    pub arrays: Vec<Slot>,
    /// Iterations that are left, by loop.
    left: Vec<u64>,
    /// Where the caller wants the results.
    results: &'m [Place],
}

/// A module, its code and its surroundings.
pub struct Machine<'m> {
    module: &'m Module,
    code: Vec<Code<'m>>,
    host: &'m dyn Host,
}

impl<'m> Machine<'m> {
    pub fn new(module: &'m Module, host: &'m dyn Host) -> Machine<'m> {
        Machine { module, code: module.kernels.iter().map(Code::of).collect(), host }
    }

    pub fn checked(&self) -> bool {
        self.module.checked
    }

    /// Runs a kernel to its end; `depth` is how deep the calls round it are.
    pub fn run(&self, kernel: usize, depth: usize, args: Vec<Value>) -> Result<Vec<Value>, Fault> {
        let mut stack = vec![self.frame(kernel, args, &[])];
        loop {
            let at_depth = depth + stack.len();
            let Some(frame) = stack.last_mut() else { return Ok(Vec::new()) };
            let instr = frame.code.instrs[frame.at];
            match instr {
                Instr::Call(Stmt::Call { kernel, args, results, span }) => {
                    if at_depth > MAX_DEPTH {
                        return Err(Fault { kind: FaultKind::Recursion, span: *span, values: Vec::new() });
                    }
                    self.poll(*span)?;
                    let args = self.operands(frame, args)?;
                    frame.at += 1;
                    let callee = self.frame(kernel.0 as usize, args, results);
                    stack.push(callee);
                }
                Instr::Return(values) => {
                    let values = self.returned(frame, values)?;
                    let places = frame.results;
                    stack.pop();
                    let Some(caller) = stack.last_mut() else { return Ok(values) };
                    for (value, place) in values.into_iter().zip(places) {
                        caller.set(*place, value);
                    }
                }
                _ => self.step(frame, instr, at_depth - 1)?,
            }
        }
    }

    fn frame(&self, kernel: usize, args: Vec<Value>, results: &'m [Place]) -> Frame<'_> {
        let (source, code) = (&self.module.kernels[kernel], &self.code[kernel]);
        let vars = source.vars.iter().map(|var| zero(var.dtype)).collect();
        let arrays = source.arrays.iter().map(|array| Slot::empty(array.dtype, array.rank)).collect();
        let mut frame = Frame { code, kernel, at: 0, vars, arrays, left: vec![0; code.loops.len()], results };
        for (param, value) in source.params.iter().zip(args) {
            frame.set(
                match param {
                    Param::Scalar(var) => Place::Scalar(*var),
                    Param::Array(array) => Place::Array(*array),
                },
                value,
            );
        }
        frame
    }

    /// The results of a frame; zeros and empty arrays where it came to its end without a `Return`.
    fn returned(&self, frame: &Frame, values: &[Operand]) -> Result<Vec<Value>, Fault> {
        let wanted = &self.module.kernels[frame.kernel].results;
        if values.len() == wanted.len() {
            return self.operands(frame, values);
        }
        let empty = |ty: &ResultTy| match *ty {
            ResultTy::Scalar(dtype) => Value::Scalar(zero(dtype)),
            ResultTy::Array { dtype, rank } => Value::Array(Slot::empty(dtype, rank)),
        };
        Ok(wanted.iter().map(empty).collect())
    }

    fn operands(&self, frame: &Frame, operands: &[Operand]) -> Result<Vec<Value>, Fault> {
        let value = |operand: &Operand| match operand {
            Operand::Scalar(expr) => self.eval(frame, expr).map(Value::Scalar),
            Operand::Array(array) => Ok(Value::Array(frame.arrays[array.0 as usize].clone())),
        };
        operands.iter().map(value).collect()
    }

    /// One instruction within a frame.
    fn step(&self, frame: &mut Frame<'_>, instr: Instr<'_>, depth: usize) -> Result<(), Fault> {
        let next = frame.at + 1;
        frame.at = match instr {
            Instr::Do(stmt) => {
                self.execute(frame, stmt, depth)?;
                next
            }
            Instr::Jump(to) => to,
            Instr::Back(to, span) => {
                self.poll(span)?;
                to
            }
            Instr::Unless(cond, to) => {
                if self.truth(frame, cond)? {
                    next
                } else {
                    to
                }
            }
            Instr::Enter(number) => {
                let (count, lo) = self.enter(frame, &frame.code.loops[number])?;
                let this = &frame.code.loops[number];
                frame.left[number] = count;
                if count > 0 {
                    frame.vars[this.var.0 as usize] = Elem::Real(lo as u64);
                }
                if count > 0 { this.start } else { this.end }
            }
            Instr::Next(number) => {
                let this = &frame.code.loops[number];
                self.poll(this.span)?;
                frame.left[number] -= 1;
                if frame.left[number] > 0 {
                    step_var(frame, this.var, this.step);
                    this.start
                } else {
                    next
                }
            }
            Instr::Vector(number) => {
                self.vector(frame, number, depth)?;
                next
            }
            Instr::Call(_) | Instr::Return(_) => next,
        };
        Ok(())
    }

    /// How often a loop runs and from where.
    fn enter(&self, frame: &Frame, this: &Loop) -> Result<(u64, i64), Fault> {
        let (lo, hi) = (self.int(frame, this.lo)?, self.int(frame, this.hi)?);
        Ok((chunks::trip_count(lo, hi, this.step), lo))
    }

    fn poll(&self, span: Span) -> Result<(), Fault> {
        if self.host.cancel().is_cancelled() {
            return Err(Fault { kind: FaultKind::Cancelled, span, values: Vec::new() });
        }
        Ok(())
    }

    /// The variables of the loops round the current instruction, outermost first.
    pub fn loop_values(&self, frame: &Frame) -> Vec<i64> {
        let value = |var: VarId| match frame.vars[var.0 as usize] {
            Elem::Real(bits) | Elem::Complex(bits, _) => bits as i64,
        };
        frame.code.loop_vars(frame.at).map(value).collect()
    }

    fn dtype(&self, frame: &Frame, var: VarId) -> DType {
        self.module.kernels[frame.kernel].vars[var.0 as usize].dtype
    }

    /// `var = op(var, value)` of a reduction.
    fn fold(&self, frame: &mut Frame, reduction: &Reduction, value: Elem<u64>, span: Span) -> Result<(), Fault> {
        let dtype = self.dtype(frame, reduction.var);
        let at = reduction.var.0 as usize;
        let before = frame.vars[at];
        frame.vars[at] = self.operate(frame, span, |eval| define::emit(eval, reduction.op, dtype, &[before, value]))?;
        Ok(())
    }

    fn vector(&self, frame: &mut Frame<'_>, number: usize, depth: usize) -> Result<(), Fault> {
        let this = &frame.code.loops[number];
        let (count, lo) = self.enter(frame, this)?;
        if count == 0 {
            return Ok(());
        }
        let before: Vec<Elem<u64>> = this.reductions.iter().map(|r| frame.vars[r.var.0 as usize]).collect();
        let identity = |r: &Reduction| {
            let dtype = self.dtype(frame, r.var);
            r.op.identity(dtype).map_or(zero(dtype), |value| define::constant(&mut Eval::default(), value))
        };
        let mut lanes: Vec<[Elem<u64>; LANES]> = this.reductions.iter().map(|r| [identity(r); LANES]).collect();
        frame.vars[this.var.0 as usize] = Elem::Real(lo as u64);
        for k in 0..count {
            if k % POLL == 0 {
                self.poll(this.span)?;
            }
            let lane = (k % LANES as u64) as usize;
            for (reduction, lanes) in this.reductions.iter().zip(&lanes) {
                frame.vars[reduction.var.0 as usize] = lanes[lane];
            }
            self.straight(frame, this.body, depth)?;
            for (reduction, lanes) in this.reductions.iter().zip(&mut lanes) {
                lanes[lane] = frame.vars[reduction.var.0 as usize];
            }
            step_var(frame, this.var, this.step);
        }
        for ((reduction, lanes), before) in this.reductions.iter().zip(lanes).zip(before) {
            let dtype = self.dtype(frame, reduction.var);
            let whole = chunks::fold_lanes(lanes, |a, b| define::emit(&mut Eval::default(), reduction.op, dtype, &[a, b]));
            frame.vars[reduction.var.0 as usize] = before;
            self.fold(frame, reduction, whole, this.span)?;
        }
        Ok(())
    }

    /// What a vector loop holds: statements without control flow, and loops of such.
    fn straight(&self, frame: &mut Frame<'_>, body: &[Stmt], depth: usize) -> Result<(), Fault> {
        for stmt in body {
            let Stmt::While { cond, body, span } = stmt else {
                self.execute(frame, stmt, depth)?;
                continue;
            };
            while self.truth(frame, cond)? {
                self.straight(frame, body, depth)?;
                self.poll(*span)?;
            }
        }
        Ok(())
    }

    /// A statement without control flow.
    fn execute(&self, frame: &mut Frame<'_>, stmt: &Stmt, depth: usize) -> Result<(), Fault> {
        match stmt {
            Stmt::Set { var, value, .. } => frame.vars[var.0 as usize] = self.eval(frame, value)?,
            Stmt::Store { array, index, value, check, .. } => {
                let value = self.eval(frame, value)?;
                let index = self.indices(frame, index)?;
                frame.arrays[array.0 as usize].store(&index, value).map_err(|outside| bounds(*check, *array, outside))?;
            }
            Stmt::Alloc { array, shape, clear, span } => {
                let sizes = self.indices(frame, shape)?;
                frame.arrays[array.0 as usize] = self.alloc(frame.arrays[array.0 as usize].dtype(), &sizes, *clear, *span)?;
            }
            Stmt::View { array, base, index, check, .. } => {
                let mut view = frame.arrays[base.0 as usize].view();
                for entry in index {
                    match entry {
                        ViewIndex::New => view.new_axis(),
                        ViewIndex::All => view.range(0, view.next_len(), 1),
                        ViewIndex::At(at) => view.at(self.int(frame, at)?).map_err(|outside| bounds(*check, *base, outside))?,
                        ViewIndex::Range { lo, hi, step } => {
                            let (lo, hi) = (self.int(frame, lo)?, self.int(frame, hi)?);
                            let (first, count) = range_of(view.next_len() as u64, Some(lo), Some(hi), *step);
                            view.range(first as i64, count as i64, *step);
                        }
                    }
                }
                frame.arrays[array.0 as usize] = view.finish();
            }
            Stmt::Rebind { pairs, .. } => {
                let slots: Vec<Slot> = pairs.iter().map(|(_, from)| frame.arrays[from.0 as usize].clone()).collect();
                for ((to, _), slot) in pairs.iter().zip(slots) {
                    frame.arrays[to.0 as usize] = slot;
                }
            }
            Stmt::ParFor { kernel, lo, hi, grain, args, reductions, span } => {
                let bounds = (self.int(frame, lo)?, self.int(frame, hi)?);
                let args = self.operands(frame, args)?;
                self.par_for(frame, Chunked { kernel: *kernel, bounds, grain: *grain, args, span: *span }, reductions, depth)?;
            }
            Stmt::Fail { fault, values, span } => {
                let values = self.fail_values(frame, values)?;
                return Err(Fault { kind: *fault, span: *span, values });
            }
            Stmt::If { .. }
            | Stmt::For { .. }
            | Stmt::While { .. }
            | Stmt::Break
            | Stmt::Continue
            | Stmt::Return(_)
            | Stmt::Call { .. } => {}
        }
        Ok(())
    }

    fn fail_values(&self, frame: &Frame, values: &[Expr]) -> Result<Vec<i64>, Fault> {
        values.iter().map(|value| self.int(frame, value)).collect()
    }

    fn alloc(&self, dtype: DType, sizes: &[i64], clear: bool, span: Span) -> Result<Slot, Fault> {
        if let Some(size) = sizes.iter().find(|size| **size < 0) {
            return Err(Fault { kind: FaultKind::Value, span, values: vec![*size] });
        }
        let bytes = sizes.iter().fold(dtype.size() as i64, |bytes, size| bytes.saturating_mul(*size));
        let denied = Fault { kind: FaultKind::Memory, span, values: vec![bytes] };
        let small = bytes < i64::MAX && sizes.iter().all(|size| *size <= MAX_SIZE);
        let mut buffer = small.then(|| self.host.alloc(bytes as usize, clear)).flatten().ok_or(denied)?;
        if !clear {
            // What is read before it is written must show.
            buffer.bytes_mut().fill(0xa5);
        }
        Ok(Slot::fresh(dtype, sizes, buffer))
    }

    fn par_for(&self, frame: &mut Frame, run: Chunked, reductions: &[Reduction], depth: usize) -> Result<(), Fault> {
        let Chunked { kernel, bounds: (lo, hi), grain, args, span } = run;
        let depth = depth + PAR_DEPTH;
        if depth > MAX_DEPTH {
            return Err(Fault { kind: FaultKind::Recursion, span, values: Vec::new() });
        }
        let count = chunks::chunk_count(chunks::trip_count(lo, hi, 1), grain);
        let partials: Mutex<Vec<Vec<Value>>> = Mutex::new(vec![Vec::new(); count]);
        self.host.parallel(count, &|chunk| {
            let (start, end) = chunks::chunk_bounds(lo, hi, grain, chunk);
            let bounds = [start, end].map(|at| Value::Scalar(Elem::Real(at as u64)));
            let results = self.run(kernel.0 as usize, depth, bounds.into_iter().chain(args.iter().cloned()).collect())?;
            partials.lock().unwrap_or_else(PoisonError::into_inner)[chunk] = results;
            Ok(())
        })?;
        let partials = partials.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (at, reduction) in reductions.iter().enumerate() {
            let dtype = self.dtype(frame, reduction.var);
            let mut parts: Vec<Elem<u64>> = partials.iter().filter_map(|chunk| chunk.get(at).and_then(scalar_of)).collect();
            let mut eval = Eval { checked: self.checked(), fault: None };
            chunks::fold_tree(&mut parts, |a, b| define::emit(&mut eval, reduction.op, dtype, &[a, b]));
            if let Some(kind) = eval.fault {
                return Err(Fault { kind, span, values: Vec::new() });
            }
            if let Some(whole) = parts.first() {
                self.fold(frame, reduction, *whole, span)?;
            }
        }
        Ok(())
    }
}

/// What a `ParFor` runs.
struct Chunked {
    kernel: KernelId,
    bounds: (i64, i64),
    grain: u64,
    args: Vec<Value>,
    span: Span,
}

fn scalar_of(value: &Value) -> Option<Elem<u64>> {
    if let Value::Scalar(value) = value { Some(*value) } else { None }
}

fn step_var(frame: &mut Frame, var: VarId, step: i64) {
    if let Elem::Real(bits) = &mut frame.vars[var.0 as usize] {
        *bits = bits.wrapping_add(step as u64);
    }
}

impl Frame<'_> {
    fn set(&mut self, place: Place, value: Value) {
        match (place, value) {
            (Place::Scalar(var), Value::Scalar(value)) => self.vars[var.0 as usize] = value,
            (Place::Array(array), Value::Array(slot)) => self.arrays[array.0 as usize] = slot,
            _ => {}
        }
    }
}
