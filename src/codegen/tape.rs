//! The body of a vector loop as one list of primitive instructions on single elements, so that it can be emitted several times: for groups of
//! lanes and for single elements. Loads and stores keep their order; equal instructions are listed once. What does not change in the loop
//! is computed before it.

use super::expressions::real;
use super::function::Function;
use crate::array::DType;
use crate::kernel::facts::dtype_of;
use crate::kernel::ir::{ArrayId, Expr, Reduction, Stmt, VarId};
use crate::kernel::visit;
use crate::ops::emit::{Binary, Compare, Convert, Elem, Emit, Prim, Routine, Unary};
use crate::ops::{FaultKind, ScalarOp, cast, define};
use cranelift_codegen::ir::{InstBuilder, Value, types};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// An instruction of a tape, and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub u32);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    Constant(u64),
    /// A machine value that was computed before the loop, of a dtype that is not complex.
    Invariant(Value, DType),
    /// The loop's variable.
    Index,
    Unary(Unary, Id),
    /// The `Prim` of the operands is the node's.
    Binary(Binary, Id, Id),
    /// The `Prim` of the operands.
    Compare(Prim, Compare, Id, Id),
    Select(Id, Id, Id),
    Convert(Convert, Id),
    Call(Routine, SmallVec<[Id; 2]>),
    /// A part (of a complex element 0 or 1) of what an access reads.
    Load(usize, usize),
    /// What an accumulator holds before the iteration.
    Accumulator(usize),
    /// Writes an element through an access.
    Store(usize, Id, Option<Id>),
    /// What an accumulator holds after the iteration.
    Accumulate(usize, Id),
    /// Here a loop begins that every element leaves by itself; what its variables hold before. It ends at its `Again`.
    Enter(usize, SmallVec<[Id; 3]>),
    /// What a variable of a loop, by its number in it, holds when a round begins; after the loop, at last.
    Round(usize, usize),
    /// Elements for which this is false leave the loop.
    While(usize, Id),
    /// The end of a round: the loop's variables and what they hold from here on, one after the other.
    Again(usize, SmallVec<[Id; 3]>),
}

impl Node {
    pub fn operands(&self) -> SmallVec<[Id; 3]> {
        match self {
            Node::Unary(_, a) | Node::Convert(_, a) | Node::Accumulate(_, a) | Node::Store(_, a, None) => SmallVec::from_slice(&[*a]),
            Node::Binary(_, a, b) | Node::Compare(_, _, a, b) | Node::Store(_, a, Some(b)) => SmallVec::from_slice(&[*a, *b]),
            Node::Select(a, b, c) => SmallVec::from_slice(&[*a, *b, *c]),
            Node::Call(_, args) => args.iter().copied().collect(),
            Node::While(_, a) => SmallVec::from_slice(&[*a]),
            Node::Enter(_, args) | Node::Again(_, args) => args.clone(),
            _ => SmallVec::new(),
        }
    }

    /// Is it there for what it does rather than for its value?
    pub fn is_effect(&self) -> bool {
        matches!(self, Node::Store(..) | Node::Accumulate(..) | Node::Enter(..) | Node::While(..) | Node::Again(..))
    }
}

/// Where a load or store goes in iteration k.
#[derive(Clone, Debug)]
pub struct Access {
    pub array: ArrayId,
    pub dtype: DType,
    pub place: Place,
    /// Its array is written alone: if it is large, what is stored need not be in caches.
    pub streams: bool,
}

impl Access {
    /// Do its elements lie side by side where the loop's body finds them?
    pub fn is_dense(&self) -> bool {
        matches!(self.place, Place::Linear { stride: Stride::Dense | Stride::Perhaps, .. })
    }
}

#[derive(Clone, Debug)]
pub enum Place {
    /// `base + k * step` bytes.
    Linear { base: Value, step: Value, stride: Stride },
    /// At these indices.
    Computed { index: Vec<Id> },
}

/// An accumulator: one part of a reduction.
#[derive(Clone, Copy, Debug)]
pub struct Accumulator {
    pub prim: Prim,
    /// Its identity.
    pub identity: u64,
}

/// What is known of the step of a linear place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stride {
    /// It is 0.
    Still,
    /// It is the size of an element.
    Dense,
    /// It may be the size of an element: a test before the loop tells. If not, the loop works on copies of strips that are.
    Perhaps,
    Other,
}

/// A recorded body.
pub struct Tape {
    pub nodes: Vec<(Prim, Node)>,
    pub accesses: Vec<Access>,
    pub accumulators: Vec<Accumulator>,
    /// Loops in the body.
    pub loops: usize,
    known: FxHashMap<(Prim, Node), Id>,
}

impl Tape {
    pub fn node(&self, id: Id) -> &Node {
        &self.nodes[id.0 as usize].1
    }
    pub fn prim(&self, id: Id) -> Prim {
        self.nodes[id.0 as usize].0
    }
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = Id> + use<> {
        (0..self.nodes.len() as u32).map(Id)
    }
    /// All operands of an instruction, those of its place included.
    pub fn operands(&self, id: Id) -> SmallVec<[Id; 3]> {
        let node = self.node(id);
        let mut operands = node.operands();
        if let Node::Load(access, _) | Node::Store(access, ..) = node
            && let Place::Computed { index } = &self.accesses[*access].place
        {
            operands.extend_from_slice(index);
        }
        operands
    }

    fn push(&mut self, prim: Prim, node: Node) -> Id {
        let id = Id(self.nodes.len() as u32);
        self.nodes.push((prim, node));
        id
    }

    /// An instruction without effect, listed once.
    fn pure(&mut self, prim: Prim, node: Node) -> Id {
        let key = (prim, node);
        if let Some(id) = self.known.get(&key) {
            return *id;
        }
        let id = self.push(key.0, key.1.clone());
        self.known.insert(key, id);
        id
    }
}

impl Emit for Tape {
    type V = Id;

    fn constant(&mut self, prim: Prim, bits: u64) -> Id {
        self.pure(prim, Node::Constant(bits))
    }
    fn as_constant(&self, value: Id) -> Option<u64> {
        match self.node(value) {
            Node::Constant(bits) => Some(*bits),
            _ => None,
        }
    }
    fn unary(&mut self, prim: Prim, op: Unary, a: Id) -> Id {
        self.pure(prim, Node::Unary(op, a))
    }
    fn binary(&mut self, prim: Prim, op: Binary, a: Id, b: Id) -> Id {
        self.pure(prim, Node::Binary(op, a, b))
    }
    fn compare(&mut self, prim: Prim, op: Compare, a: Id, b: Id) -> Id {
        self.pure(Prim::Mask, Node::Compare(prim, op, a, b))
    }
    fn select(&mut self, prim: Prim, mask: Id, a: Id, b: Id) -> Id {
        self.pure(prim, Node::Select(mask, a, b))
    }
    fn convert(&mut self, op: Convert, a: Id) -> Id {
        self.pure(op.prims().1, Node::Convert(op, a))
    }
    fn call(&mut self, routine: Routine, args: &[Id]) -> Id {
        self.pure(routine.signature().1, Node::Call(routine, args.iter().copied().collect()))
    }
    /// Nothing in a vector loop can fail.
    fn fault_if(&mut self, _: Id, _: FaultKind) {}
    fn checked(&self) -> bool {
        false
    }
}

/// `constant + factor * variable`.
#[derive(Clone, Copy)]
struct Affine {
    constant: Value,
    factor: Factor,
}

#[derive(Clone, Copy, PartialEq)]
enum Factor {
    Known(i64),
    Computed(Value),
}

/// Records a body.
pub struct Recorder<'r, 'a, 'f> {
    f: &'r mut Function<'a, 'f>,
    pub tape: Tape,
    variable: VarId,
    /// First value and step of the variable.
    lo: Value,
    step: i64,
    /// What variables hold that the body sets, the accumulators included.
    values: FxHashMap<VarId, Elem<Id>>,
    /// Those of them that are affine in the variable.
    affine: FxHashMap<VarId, Affine>,
    /// Variables that the body sets.
    set: Vec<VarId>,
    stores: bool,
    /// Linear accesses by their text, to find them again.
    linear: Vec<(ArrayId, Vec<Expr>, usize)>,
}

impl<'r, 'a, 'f> Recorder<'r, 'a, 'f> {
    /// Records `body`, run for `variable` = `lo`, `lo + step`, and so on. What does not change is emitted here, where the loop is known to
    /// run at least once.
    pub fn record(f: &'r mut Function<'a, 'f>, (variable, lo, step): (VarId, Value, i64), body: &[Stmt], reductions: &[Reduction]) -> Tape {
        let tape = Tape { nodes: Vec::new(), accesses: Vec::new(), accumulators: Vec::new(), loops: 0, known: FxHashMap::default() };
        let set = visit::all_sets(body).into_iter().collect();
        let stores = body.iter().any(|stmt| matches!(stmt, Stmt::Store { .. }));
        let (values, affine, linear) = Default::default();
        let mut recorder = Recorder { f, tape, variable, lo, step, values, affine, set, stores, linear };
        for reduction in reductions {
            recorder.accumulator(reduction);
        }
        for stmt in body {
            recorder.statement(stmt);
        }
        let mut at = 0;
        for reduction in reductions {
            for part in parts(recorder.values[&reduction.var]) {
                let prim = recorder.tape.accumulators[at].prim;
                recorder.tape.push(prim, Node::Accumulate(at, part));
                at += 1;
            }
        }
        recorder.tape
    }

    fn accumulator(&mut self, reduction: &Reduction) {
        let dtype = self.f.kernel.vars[reduction.var.0 as usize].dtype;
        let prim = Prim::of(dtype);
        let mut eval = crate::ops::eval::Eval::default();
        let identity = reduction.op.identity(dtype).unwrap_or(crate::array::Scalar::int(DType::U8, 0).cast(dtype));
        let mut part = |identity| {
            self.tape.accumulators.push(Accumulator { prim, identity });
            let at = self.tape.accumulators.len() - 1;
            self.tape.push(prim, Node::Accumulator(at))
        };
        let value = match define::constant(&mut eval, identity) {
            Elem::Real(re) => Elem::Real(part(re)),
            Elem::Complex(re, im) => Elem::Complex(part(re), part(im)),
        };
        self.values.insert(reduction.var, value);
    }

    fn statement(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Set { var, value, .. } => {
                let affine = self.affine(value);
                let value = self.expr(value);
                self.values.insert(*var, value);
                match affine {
                    Some(affine) => self.affine.insert(*var, affine),
                    None => self.affine.remove(var),
                };
            }
            Stmt::Store { array, index, value, .. } => {
                let value = self.expr(value);
                let access = self.access(*array, index);
                self.tape.accesses[access].streams = self.f.is_streamed(*array);
                let (re, im) = match value {
                    Elem::Real(re) => (re, None),
                    Elem::Complex(re, im) => (re, Some(im)),
                };
                self.tape.push(Prim::Mask, Node::Store(access, re, im));
                // What was loaded may have changed.
                self.tape.known.retain(|(_, node), _| !matches!(node, Node::Load(..)));
            }
            Stmt::While { cond, body, .. } => self.rounds(cond, body),
            _ => {}
        }
    }

    /// A loop that each element leaves by itself.
    fn rounds(&mut self, cond: &Expr, body: &[Stmt]) {
        let (this, start) = (self.tape.loops, self.tape.nodes.len() as u32);
        self.tape.loops += 1;
        let set = visit::all_sets(body);
        // What has no value before the loop is set in each round before it is read.
        let carried: Vec<(VarId, Elem<Id>)> = set.iter().filter_map(|var| Some((*var, *self.values.get(var)?))).collect();
        self.tape.push(Prim::Mask, Node::Enter(this, carried.iter().flat_map(|(_, value)| parts(*value)).collect()));
        let mut count = 0;
        let mut rounds = Vec::new();
        for (var, before) in &carried {
            let mut round = |before: Id| {
                count += 1;
                self.tape.push(self.tape.prim(before), Node::Round(this, count - 1))
            };
            let round = match *before {
                Elem::Real(re) => Elem::Real(round(re)),
                Elem::Complex(re, im) => Elem::Complex(round(re), round(im)),
            };
            self.values.insert(*var, round);
            rounds.push((*var, round));
        }
        self.affine.retain(|var, _| !set.contains(var));
        let goes_on = parts(self.expr(cond))[0];
        self.tape.push(Prim::Mask, Node::While(this, goes_on));
        body.iter().for_each(|stmt| self.statement(stmt));
        let next = |(var, round): &(VarId, Elem<Id>)| {
            let pairs = parts(*round).into_iter().zip(parts(self.values[var]));
            pairs.flat_map(|(round, next)| [round, next]).collect::<Vec<_>>()
        };
        let pairs = rounds.iter().flat_map(next).collect();
        self.tape.push(Prim::Mask, Node::Again(this, pairs));
        self.values.retain(|var, _| !set.contains(var));
        self.values.extend(rounds);
        self.affine.retain(|var, _| !set.contains(var));
        // What a round computes is there in it alone.
        self.tape.known.retain(|_, id| id.0 < start);
    }

    fn expr(&mut self, expr: &Expr) -> Elem<Id> {
        if !matches!(expr, Expr::Const(_)) && self.is_invariant(expr) {
            let dtype = dtype_of(self.f.kernel, expr).real();
            return match self.f.expr(expr) {
                Elem::Real(re) => Elem::Real(self.invariant(dtype, re)),
                Elem::Complex(re, im) => Elem::Complex(self.invariant(dtype, re), self.invariant(dtype, im)),
            };
        }
        match expr {
            Expr::Const(value) => define::constant(&mut self.tape, *value),
            Expr::Var(var) if *var == self.variable => Elem::Real(self.tape.pure(Prim::I64, Node::Index)),
            Expr::Var(var) => match self.values.get(var) {
                Some(value) => *value,
                None => define::constant(&mut self.tape, crate::array::Scalar::i64(0)),
            },
            Expr::Op { op, dtype, args, .. } => {
                let args: SmallVec<[Elem<Id>; 3]> = args.iter().map(|arg| self.expr(arg)).collect();
                define::emit(&mut self.tape, *op, *dtype, &args)
            }
            Expr::Cast { from, to, arg, .. } => {
                let value = self.expr(arg);
                cast::cast(&mut self.tape, *from, *to, value)
            }
            Expr::Load { array, index, .. } => {
                let access = self.access(*array, index);
                let dtype = self.tape.accesses[access].dtype;
                let prim = Prim::of(dtype);
                let re = self.tape.pure(prim, Node::Load(access, 0));
                if dtype.is_complex() { Elem::Complex(re, self.tape.pure(prim, Node::Load(access, 1))) } else { Elem::Real(re) }
            }
            Expr::Len { array, axis } => {
                let size = self.f.len(*array, *axis);
                Elem::Real(self.invariant(DType::I64, size))
            }
            // Not in a vector loop; where both sides can be computed it is a selection.
            Expr::If { cond, then, other } => {
                let (cond, then, other) = (self.expr(cond), self.expr(then), self.expr(other));
                let choose = |tape: &mut Tape, a: Id, b: Id| tape.select(tape.prim(a), parts(cond)[0], a, b);
                match (then, other) {
                    (Elem::Complex(a, c), Elem::Complex(b, d)) => Elem::Complex(choose(&mut self.tape, a, b), choose(&mut self.tape, c, d)),
                    _ => Elem::Real(choose(&mut self.tape, parts(then)[0], parts(other)[0])),
                }
            }
        }
    }

    fn invariant(&mut self, dtype: DType, value: Value) -> Id {
        let prim = Prim::of(dtype);
        match self.f.constants.get(&value) {
            Some(bits) => self.tape.constant(prim, *bits),
            None => self.tape.pure(prim, Node::Invariant(value, dtype)),
        }
    }

    /// Has an expression the same value in every iteration?
    fn is_invariant(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Const(_) | Expr::Len { .. } => true,
            Expr::Var(var) => *var != self.variable && !self.set.contains(var) && !self.values.contains_key(var),
            Expr::Op { args, .. } => args.iter().all(|arg| self.is_invariant(arg)),
            Expr::Cast { arg, .. } => self.is_invariant(arg),
            Expr::Load { index, .. } => !self.stores && index.iter().all(|at| self.is_invariant(at)),
            Expr::If { cond, then, other } => [cond, then, other].into_iter().all(|part| self.is_invariant(part)),
        }
    }

    /// An i64 expression as an affine function of the variable, if it is one.
    fn affine(&mut self, expr: &Expr) -> Option<Affine> {
        if self.is_invariant(expr) {
            let constant = self.f.expr(expr);
            return Some(Affine { constant: real(constant), factor: Factor::Known(0) })
                .filter(|affine| self.f.b.func.dfg.value_type(affine.constant) == types::I64);
        }
        match expr {
            Expr::Var(var) if *var == self.variable => {
                Some(Affine { constant: self.f.b.ins().iconst(types::I64, 0), factor: Factor::Known(1) })
            }
            Expr::Var(var) => self.affine.get(var).copied(),
            Expr::Op { op: op @ (ScalarOp::Add | ScalarOp::Sub | ScalarOp::Mul), dtype: DType::I64, args, .. } => {
                let (a, b) = (self.affine(&args[0])?, self.affine(&args[1])?);
                match op {
                    ScalarOp::Mul if a.factor == Factor::Known(0) => Some(self.scale(b, a.constant)),
                    ScalarOp::Mul if b.factor == Factor::Known(0) => Some(self.scale(a, b.constant)),
                    ScalarOp::Mul => None,
                    _ => Some(self.add(a, b, *op == ScalarOp::Sub)),
                }
            }
            _ => None,
        }
    }

    fn add(&mut self, a: Affine, b: Affine, subtract: bool) -> Affine {
        let join = |this: &mut Self, x, y| if subtract { this.f.b.ins().isub(x, y) } else { this.f.b.ins().iadd(x, y) };
        let constant = join(self, a.constant, b.constant);
        let factor = match (a.factor, b.factor) {
            (Factor::Known(x), Factor::Known(y)) => Factor::Known(if subtract { x.wrapping_sub(y) } else { x.wrapping_add(y) }),
            (x, y) => {
                let (x, y) = (self.factor(x), self.factor(y));
                Factor::Computed(join(self, x, y))
            }
        };
        Affine { constant, factor }
    }

    fn scale(&mut self, a: Affine, by: Value) -> Affine {
        let constant = self.f.b.ins().imul(a.constant, by);
        let known = self.f.constants.get(&by).copied();
        let factor = match (a.factor, known) {
            (Factor::Known(x), Some(by)) => Factor::Known(x.wrapping_mul(by as i64)),
            (x, _) => {
                let x = self.factor(x);
                Factor::Computed(self.f.b.ins().imul(x, by))
            }
        };
        Affine { constant, factor }
    }

    fn factor(&mut self, factor: Factor) -> Value {
        match factor {
            Factor::Known(x) => self.f.b.ins().iconst(types::I64, x),
            Factor::Computed(x) => x,
        }
    }

    fn access(&mut self, array: ArrayId, index: &[Expr]) -> usize {
        let settled = index.iter().all(|at| !self.mentions_set(at));
        if settled && let Some((.., access)) = self.linear.iter().find(|(known, text, _)| *known == array && text == index) {
            return *access;
        }
        let affine: Option<Vec<Affine>> = index.iter().map(|at| self.affine(at)).collect();
        let place = match affine {
            Some(index) => self.linear_place(array, &index),
            None => Place::Computed { index: index.iter().map(|at| parts(self.expr(at))[0]).collect() },
        };
        let linear = matches!(place, Place::Linear { .. });
        self.tape.accesses.push(Access { array, dtype: self.f.slot(array).dtype, place, streams: false });
        let access = self.tape.accesses.len() - 1;
        if settled && linear {
            self.linear.push((array, index.to_vec(), access));
        }
        access
    }

    /// Does an expression read what the body sets?
    fn mentions_set(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Const(_) | Expr::Len { .. } => false,
            Expr::Var(var) => self.set.contains(var),
            Expr::Op { args, .. } => args.iter().any(|arg| self.mentions_set(arg)),
            Expr::Cast { arg, .. } => self.mentions_set(arg),
            Expr::Load { .. } => true,
            Expr::If { cond, then, other } => [cond, then, other].into_iter().any(|part| self.mentions_set(part)),
        }
    }

    fn linear_place(&mut self, array: ArrayId, index: &[Affine]) -> Place {
        let mut base = self.f.ptr(array);
        let mut step = self.f.b.ins().iconst(types::I64, 0);
        for (axis, at) in index.iter().enumerate() {
            let stride = self.f.stride(array, axis);
            let factor = self.factor(at.factor);
            let way = self.f.b.ins().imul(factor, self.lo);
            let first = self.f.b.ins().iadd(at.constant, way);
            let bytes = self.f.b.ins().imul(first, stride);
            base = self.f.b.ins().iadd(base, bytes);
            if at.factor != Factor::Known(0) {
                let way = self.f.b.ins().imul(factor, stride);
                let way = self.f.b.ins().imul_imm_s(way, self.step);
                step = self.f.b.ins().iadd(step, way);
            }
        }
        let last = index.len().checked_sub(1);
        let along = |axis: usize| Some(axis) == last && self.step == 1 && index[axis].factor == Factor::Known(1);
        let stride = match index.iter().position(|at| at.factor != Factor::Known(0)) {
            None => Stride::Still,
            Some(axis) if along(axis) && self.f.slot(array).dense => Stride::Dense,
            Some(axis) if along(axis) => Stride::Perhaps,
            Some(_) => Stride::Other,
        };
        Place::Linear { base, step, stride }
    }
}

/// The parts of an element.
pub fn parts<V: Copy>(value: Elem<V>) -> SmallVec<[V; 2]> {
    match value {
        Elem::Real(re) => SmallVec::from_slice(&[re]),
        Elem::Complex(re, im) => SmallVec::from_slice(&[re, im]),
    }
}
