//! Statements, for all passes of the open loops together.

use super::frame::{Affine, Elem, Frame, Lift, Loop, MAX_LOOPS, MAX_PASSES, Place, Target, Val, Var};
use crate::array::{DType, Scalar};
use crate::builtins::build::{A, Extent, SliceArg, Value};
use crate::kernel::chunks::trip_count;
use crate::kernel::lower::{Effects, Part};
use crate::ops::ScalarOp;
use crate::sema::hir::{Block, Expr, ExprKind, LocalId, Stmt, StmtKind};
use crate::types::Ty;

impl Lift<'_> {
    /// A block's statements and its value.
    pub fn block(&mut self, frame: &mut Frame, block: &Block) -> Option<Val> {
        for stmt in &block.stmts {
            self.stmt(frame, stmt)?;
        }
        block.value.as_ref().map_or(Some(Val::Plain(Value::Unit)), |value| self.expr(frame, value))
    }

    pub fn stmt(&mut self, frame: &mut Frame, stmt: &Stmt) -> Option<()> {
        self.deeper(|this| this.one_stmt(frame, stmt))
    }

    fn one_stmt(&mut self, frame: &mut Frame, stmt: &Stmt) -> Option<()> {
        match &stmt.kind {
            StmtKind::Bind { local, value } => {
                if let Var::Carried { .. } | Var::Folded(_) = frame.var(*local)
                    && let Some(done) = self.fold(frame, *local, value)
                {
                    return done;
                }
                let val = self.expr(frame, value)?;
                self.bind(frame, *local, val)
            }
            StmtKind::Unpack { locals, value } => {
                let val = self.expr(frame, value)?;
                for (at, local) in locals.iter().enumerate() {
                    let item = val.clone().item(at)?;
                    if let Some(local) = local {
                        self.bind(frame, *local, item)?;
                    }
                }
                Some(())
            }
            StmtKind::Store { local, index, value } => self.store(frame, *local, index, value),
            StmtKind::Expr { value, .. } => match &value.kind {
                ExprKind::If { cond, then, other } => self.branch(frame, cond, then, other),
                ExprKind::Block(block) => self.block(frame, block).map(drop),
                ExprKind::Unit => Some(()),
                _ => None,
            },
            // `par for` is for the compiler to prove: it is not reinterpreted.
            StmtKind::For { parallel: true, .. } => None,
            StmtKind::For { local, iter, body, .. } => self.for_loop(frame, *local, iter, body),
            StmtKind::Assert { cond, .. } => {
                let cond = self.expr(frame, cond)?;
                self.known(&cond).and_then(Scalar::as_bool).filter(|holds| *holds).map(drop)
            }
            StmtKind::While { .. } | StmtKind::Break | StmtKind::Continue | StmtKind::Return(_) => None,
        }
    }

    fn bind(&mut self, frame: &mut Frame, local: LocalId, val: Val) -> Option<()> {
        // A sum that is set anew in the same loop is no sum; neither is an array under assignment rebound.
        if let Var::Folded(_) | Var::Target(_) = frame.var(local) {
            return None;
        }
        *frame.var_mut(local) = Var::Bound(val);
        Some(())
    }

    /// `if` as a statement.
    fn branch(&mut self, frame: &mut Frame, cond: &Expr, then: &Block, other: &Block) -> Option<()> {
        if let Some(done) = self.fold_extreme(frame, cond, then, other) {
            return done;
        }
        let cond = self.expr(frame, cond)?;
        if let Some(known) = self.known(&cond).and_then(Scalar::as_bool) {
            return self.block(frame, if known { then } else { other }).map(drop);
        }
        self.branches(frame, &cond, |this, frame| this.block(frame, then), |this, frame| this.block(frame, other)).map(drop)
    }

    /// Two branches, each for the passes that take it. Variables then have the value of the branch that was taken.
    pub fn branches<'f>(
        &mut self,
        frame: &mut Frame<'f>,
        cond: &Val,
        then: impl FnOnce(&mut Self, &mut Frame<'f>) -> Option<Val>,
        other: impl FnOnce(&mut Self, &mut Frame<'f>) -> Option<Val>,
    ) -> Option<(Val, Val)> {
        let mask = self.spread(cond)?;
        let before = frame.vars.clone();
        let first = self.masked(mask, |this| then(this, frame))?;
        let after = std::mem::replace(&mut frame.vars, before.clone());
        // Sums and assigned arrays go on through both branches: what a branch adds is masked.
        for (now, var) in frame.vars.iter_mut().zip(&after) {
            if let Var::Folded(_) | Var::Target(_) = var {
                *now = var.clone();
            }
        }
        let not = self.map(ScalarOp::Not, &[mask])?;
        let second = self.masked(not, |this| other(this, frame))?;
        for (at, (before, first)) in before.into_iter().zip(after).enumerate() {
            let second = std::mem::replace(&mut frame.vars[at], Var::Unset);
            frame.vars[at] = self.meet(cond, before, first, second)?;
        }
        Some((first, second))
    }

    /// What is done only in the passes of a mask.
    fn masked<T>(&mut self, mask: A, run: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let rank = self.loops.len();
        let whole = match self.masks.last().copied() {
            Some(round) => {
                let round = self.spread(&Val::Elem(round))?;
                self.map(ScalarOp::And, &[round, mask])?
            }
            None => mask,
        };
        // A mask that is the same in every pass has no axes.
        let rank = if self.b.ty(whole).rank() == 0 { 0 } else { rank };
        self.masks.push(Elem { a: whole, rank, affine: None });
        let value = run(self);
        self.masks.pop();
        value
    }

    /// A variable after two branches.
    fn meet(&mut self, cond: &Val, before: Var, first: Var, second: Var) -> Option<Var> {
        Some(match (first, second) {
            // A branch that binds anew what the other adds to is no sum.
            (Var::Carried { .. } | Var::Folded(_) | Var::Target(_), later @ (Var::Folded(_) | Var::Target(_))) => later,
            (Var::Folded(_) | Var::Target(_), _) | (_, Var::Folded(_) | Var::Target(_)) => return None,
            (Var::Bound(first), Var::Bound(second)) => match same(&first, &second) {
                true => Var::Bound(first),
                false => self.select(cond, &first, &second).map_or(Var::Unset, Var::Bound),
            },
            // Bound in one branch alone: in a loop it may still be the value of the pass before.
            (Var::Carried { .. }, Var::Carried { .. }) => before,
            _ => Var::Unset,
        })
    }

    fn for_loop(&mut self, frame: &mut Frame, local: LocalId, iter: &Expr, body: &Block) -> Option<()> {
        let val = self.expr(frame, iter)?;
        if self.loops.is_empty() {
            return self.passes_together(frame, local, iter, &val, body);
        }
        let (before, level) = (frame.vars.clone(), self.loops.len());
        if let Some(done) = self.passes_together(frame, local, iter, &val, body) {
            return Some(done);
        }
        self.loops.truncate(level);
        frame.vars = before;
        if !Effects::of(Part::Block(body)).stored.is_empty() {
            return None;
        }
        self.pass_by_pass(frame, local, &val, body)
    }

    /// A short loop inside others, one pass after another.
    fn pass_by_pass(&mut self, frame: &mut Frame, local: LocalId, val: &Val, body: &Block) -> Option<()> {
        let items: Vec<Val> = match val {
            Val::Plain(Value::Array(array)) => {
                let count = *self.b.ty(*array).shape()?.first()?;
                let item = |at| self.element(*array, vec![Place::At(at)]);
                (0..count).take_while(|at| *at <= MAX_PASSES).map(item).collect::<Option<_>>()?
            }
            _ => {
                let end = |at| val.clone().item(at).and_then(|end| self.known_int(&end));
                let (start, stop, step) = (end(0)?, end(1)?, end(2)?);
                if step == 0 {
                    return None;
                }
                let count = trip_count(start, stop, step).min(MAX_PASSES + 1) as i64;
                (0..count).map(|at| self.constant(Scalar::i64(start + at * step))).collect()
            }
        };
        if items.len() as u64 > MAX_PASSES {
            return None;
        }
        for item in items {
            *frame.var_mut(local) = Var::Bound(item);
            self.block(frame, body)?;
        }
        *frame.var_mut(local) = Var::Unset;
        Some(())
    }

    /// All passes of a loop at once.
    fn passes_together(&mut self, frame: &mut Frame, local: LocalId, iter: &Expr, val: &Val, body: &Block) -> Option<()> {
        let item = self.open(&iter.ty, val)?;
        if self.loops.last()?.count == 0 {
            self.loops.pop();
            *frame.var_mut(local) = Var::Unset;
            return Some(());
        }
        let level = self.loops.len() - 1;
        let effects = Effects::of(Part::Block(body));
        for bound in effects.bound.iter().filter(|bound| **bound != local) {
            if let Var::Bound(before) = frame.var(*bound).clone() {
                *frame.var_mut(*bound) = Var::Carried { before, loops: level };
            }
        }
        for stored in &effects.stored {
            match frame.var(*stored).clone() {
                Var::Target(_) => {}
                Var::Bound(Val::Plain(Value::Array(before))) if level == 0 => {
                    *frame.var_mut(*stored) = Var::Target(Target { before, axes: Vec::new(), now: None, folding: None });
                }
                _ => return None,
            }
        }
        *frame.var_mut(local) = Var::Bound(item);
        self.block(frame, body)?;
        self.close(frame, local, level, effects.bound.iter().chain(&effects.stored).copied())
    }

    /// Opens a loop; the value of its variable.
    fn open(&mut self, ty: &Ty, val: &Val) -> Option<Val> {
        let axis = self.loops.len();
        if axis == MAX_LOOPS {
            return None;
        }
        match (ty, val) {
            (Ty::Range, val) => {
                let end = |at| val.clone().item(at).and_then(|end| self.known_int(&end));
                let (start, stop, step) = (end(0)?, end(1)?, end(2)?);
                if step == 0 {
                    return None;
                }
                let count = trip_count(start, stop, step);
                i64::try_from(count).ok()?;
                self.loops.push(Loop { start, step, count });
                if count == 0 {
                    return Some(Val::Plain(Value::Unit));
                }
                self.counter(axis)
            }
            (Ty::Array(_), Val::Plain(Value::Array(_)) | Val::Row { .. }) => {
                let (array, mut prefix) = match val {
                    Val::Row { array, prefix } => (*array, prefix.clone()),
                    Val::Plain(Value::Array(array)) => (*array, Vec::new()),
                    _ => return None,
                };
                let count = *self.b.ty(array).shape()?.get(prefix.len())?;
                self.loops.push(Loop { start: 0, step: 1, count });
                if count == 0 {
                    return Some(Val::Plain(Value::Unit));
                }
                prefix.push(super::frame::Place::Along(Affine { axis, start: 0, step: 1 }));
                self.element(array, prefix)
            }
            _ => None,
        }
    }

    /// The variable of the innermost loop.
    fn counter(&mut self, axis: usize) -> Option<Val> {
        let Loop { start, step, count } = self.loops[axis];
        let mut a = self.b.iota(Extent::Known(count)).ok()?;
        for (op, by, nothing) in [(ScalarOp::Mul, step, 1), (ScalarOp::Add, start, 0)] {
            if by != nothing {
                let by = self.b.constant(Scalar::i64(by));
                a = self.map(op, &[a, by])?;
            }
        }
        if axis > 0 {
            let mut index = vec![SliceArg::New; axis];
            index.push(SliceArg::Range { lo: None, hi: None, step: 1 });
            a = self.b.slice(a, &index).ok()?;
        }
        Some(Val::Elem(Elem { a, rank: axis + 1, affine: Some(Affine { axis, start, step }) }))
    }

    /// Closes the innermost loop: sums and assigned arrays get their values; what was bound in a pass means nothing after it.
    fn close(&mut self, frame: &mut Frame, local: LocalId, level: usize, changed: impl Iterator<Item = LocalId>) -> Option<()> {
        self.loops.truncate(level);
        for changed in changed {
            let var = std::mem::replace(frame.var_mut(changed), Var::Unset);
            *frame.var_mut(changed) = match var {
                Var::Folded(fold) if fold.loops == level => Var::Bound(self.finished(fold)?),
                Var::Carried { before, loops } if loops == level => Var::Bound(before),
                Var::Target(target) if level == 0 => Var::Bound(Val::Plain(Value::Array(self.assembled(target)?))),
                Var::Target(target) => Var::Target(Target { folding: None, ..target }),
                Var::Bound(_) | Var::Unset => Var::Unset,
                outer => outer,
            };
        }
        *frame.var_mut(local) = Var::Unset;
        Some(())
    }

    /// Where the innermost branch is taken; `None` outside of branches.
    pub fn mask(&mut self) -> Option<Option<A>> {
        match self.masks.last().copied() {
            None => Some(None),
            Some(mask) => self.spread(&Val::Elem(mask)).map(Some),
        }
    }

    /// The dtype of a scalar variable.
    pub fn dtype_of(frame: &Frame, local: LocalId) -> Option<DType> {
        Lift::scalar_dtype(&frame.inst.locals[local.0 as usize].ty)
    }
}

/// Surely the same value?
fn same(a: &Val, b: &Val) -> bool {
    match (a, b) {
        (Val::Plain(a), Val::Plain(b)) => a == b,
        (Val::Elem(a), Val::Elem(b)) => a.a == b.a && a.rank == b.rank,
        (Val::Row { array: a, prefix: p }, Val::Row { array: b, prefix: q }) => a == b && p == q,
        (Val::Tuple(a), Val::Tuple(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        _ => false,
    }
}
