//! `for` over ranges, arrays and tuples.

use super::bind::{Owner, Target};
use super::function::{Function, Home};
use super::index::{add, compare, int, mul, size, sub};
use super::not_here;
use super::pull::Kind;
use super::walk::{Effects, Part};
use crate::array::{ArrayTy, DType, Scalar};
use crate::base::{Code, Diagnostic, Outcome};
use crate::builtins::build::{A, Value};
use crate::kernel::ir::*;
use crate::ops::ScalarOp;
use crate::sema::hir::{self, LocalId};
use crate::types::Ty;

impl Function<'_> {
    pub fn for_loop(&mut self, stmt: &hir::Stmt, parallel: bool, local: LocalId, iter: &hir::Expr, body: &hir::Block) -> Outcome<()> {
        let kind = if parallel { LoopKind::Par } else { LoopKind::Seq };
        let inside = Effects::of(Part::Block(body));
        let value = self.expr(iter)?;
        match (&iter.ty, &value) {
            (Ty::Range, Value::Tuple(ends)) => match ends.as_slice() {
                [Value::Array(lo), Value::Array(hi), Value::Array(step)] => {
                    // A variable that the body leaves alone, and that nobody reads after, is the loop's own.
                    let own = !inside.assigns(local) && !self.live.is_live_after(stmt, local);
                    self.over_range((*lo, *hi, *step), local, own, body, kind)
                }
                _ => Err(not_here(iter.span, "this range")),
            },
            (Ty::Array(ty), Value::Array(a)) if ty.rank() > 0 => self.over_array(stmt, *a, ty, local, &inside, body, kind),
            (Ty::Tuple(_), Value::Tuple(items)) => self.over_items(items, local, body, kind),
            (Ty::Record(_), Value::Record(fields)) => {
                let items: Vec<Value> = fields.iter().map(|(_, field)| field.clone()).collect();
                self.over_items(&items, local, body, kind)
            }
            (ty, _) => Err(not_here(iter.span, format!("a loop over a value of type {ty}"))),
        }
    }

    fn over_range(&mut self, (lo, hi, step): (A, A, A), local: LocalId, own: bool, body: &hir::Block, kind: LoopKind) -> Outcome<()> {
        let span = self.span;
        let (lo, hi) = (self.scalar(lo), self.scalar(hi));
        let fixed = self.node(step).known.and_then(Scalar::as_int).and_then(|step| i64::try_from(step).ok());
        let var = self.var(self.name_of(local), DType::I64);
        let before = self.home_of(local).clone();
        match fixed {
            Some(0) => return Err(Diagnostic::at(Code::Value, span, "the step of a range is 0")),
            Some(step) => {
                if let (Some(lo), Some(hi)) = (self.ranges.of(&lo), self.ranges.of(&hi)) {
                    let (least, largest) = if step > 0 { (lo.0, hi.1.saturating_sub(1)) } else { (hi.0.saturating_add(1), lo.1) };
                    self.ranges.open(var, least, largest.max(least));
                }
                if own {
                    self.homes[local.0 as usize] = Home::Scalar(var);
                }
                let body = self.body(body, |f| {
                    if let (false, Home::Scalar(home)) = (own, &before) {
                        f.set(*home, Expr::Var(var));
                    }
                });
                self.out.push(Stmt::For { var, lo, hi, step, body: body?, kind, span });
            }
            None => {
                // A step that is computed: passes are counted, the variable follows.
                let (lo, step) = (self.atom(lo), self.settled(step));
                let zero = compare(ScalarOp::Eq, step.clone(), int(0), span);
                let fail = vec![Stmt::Fail { fault: FaultKind::Value, values: vec![step.clone()], span }];
                self.out.push(Stmt::If { cond: zero, then: fail, other: Vec::new() });
                // The quotient rounded up is the negative of the negative's rounded down.
                let way = sub(lo.clone(), hi, span);
                let passes = Expr::Op { op: ScalarOp::FloorDiv, dtype: DType::I64, args: vec![way, step.clone()], span };
                let passes = sub(int(0), passes, span);
                let body = self.body(body, |f| {
                    if let Some(home) = before.as_scalar() {
                        f.set(home, add(lo.clone(), mul(Expr::Var(var), step.clone(), span), span));
                    }
                });
                self.out.push(Stmt::For { var, lo: int(0), hi: passes, step: 1, body: body?, kind, span });
            }
        }
        self.ranges.close(var);
        self.homes[local.0 as usize] = before;
        Ok(())
    }

    /// The body of a loop, after what each pass begins with.
    fn body(&mut self, body: &hir::Block, begin: impl FnOnce(&mut Self)) -> Outcome<Vec<Stmt>> {
        let (block, result) = self.block(|f| {
            begin(f);
            f.statements(body)
        });
        result.map(|_| block)
    }

    /// Elements of a vector, rows of anything with more dimensions. The loop runs over the array as it was before.
    fn over_array(
        &mut self,
        stmt: &hir::Stmt,
        a: A,
        ty: &ArrayTy,
        local: LocalId,
        inside: &Effects,
        body: &hir::Block,
        kind: LoopKind,
    ) -> Outcome<()> {
        let span = self.span;
        let (mut slot, mut owner) = self.slot_of(a);
        let kept = match owner {
            Owner::Fresh | Owner::Shared => true,
            // The memory may go to another variable in the body, and be stored into there.
            Owner::Stored(Some(whole)) => inside.stored.is_empty() || !inside.assigns(whole),
            Owner::Stored(None) => inside.stored.is_empty(),
        };
        let mut bound = inside.bound.iter().flat_map(|local| self.home_of(*local).leaves());
        if !kept {
            let copy = self.in_memory(a);
            (slot, owner) = self.slot_of(copy);
        } else if bound.any(|leaf| matches!(leaf, Home::Array(home) if home == slot)) {
            let own = self.slot("", ty.dtype, ty.rank());
            self.out.push(Stmt::Rebind { pairs: vec![(own, slot)], span });
            slot = own;
        }
        let whole = self.slot_node(ty.clone(), slot, owner);
        let extents = self.node(whole).extents.clone();
        let Some((count, rest)) = extents.split_first() else { return Ok(()) };
        let var = self.var("", DType::I64);
        let home = self.home_of(local).clone();
        let row = owner == Owner::Fresh || owner == Owner::Shared || !self.live.is_live_after(stmt, local);
        let stored = self.effects.stored.contains(&local);
        if !matches!(owner, Owner::Fresh | Owner::Shared) && !stored {
            self.rows.insert(local);
        }
        let block = self.body(body, |f| match home {
            Home::Scalar(element) => {
                f.set(element, Expr::Load { array: slot, index: vec![Expr::Var(var)], check: Check::Proven });
            }
            Home::Array(target) if stored || !row => {
                let index = std::iter::once(super::pull::Ix::At(Expr::Var(var))).chain((0..rest.len()).map(super::pull::Ix::all));
                let entries = index.collect();
                let ty = ArrayTy { dtype: ty.dtype, dims: ty.dims[1..].to_vec() };
                let row = f.push(ty, rest.to_vec(), Kind::Reindex(whole, entries));
                f.copy_into(target, row);
            }
            Home::Array(target) => {
                let index = std::iter::once(ViewIndex::At(Expr::Var(var))).chain(rest.iter().map(|_| ViewIndex::All)).collect();
                f.out.push(Stmt::View { array: target, base: slot, index, check: Check::Proven, span });
            }
            Home::Group(_) | Home::None => {}
        })?;
        self.out.push(Stmt::For { var, lo: int(0), hi: count.clone(), step: 1, body: block, kind, span });
        Ok(())
    }

    /// The body once for each item; all have the variable's type.
    fn over_items(&mut self, items: &[Value], local: LocalId, body: &hir::Block, kind: LoopKind) -> Outcome<()> {
        let span = self.span;
        let var = self.var("", DType::I64);
        // Items are what they were before the loop.
        let items: Vec<Value> = items.iter().map(|item| self.held(item)).collect();
        let (block, result) = self.block(|f| {
            for (at, item) in items.iter().enumerate() {
                let (then, bound) = f.block(|f| -> Outcome<()> {
                    let mut targets: Vec<Target> = Vec::new();
                    f.targets(local, item, span, &mut targets)?;
                    f.assign(targets, &|_| false);
                    Ok(())
                });
                bound?;
                f.out.push(Stmt::If { cond: compare(ScalarOp::Eq, Expr::Var(var), size(at as u64), span), then, other: Vec::new() });
            }
            f.statements(body).map(|_| ())
        });
        result?;
        self.out.push(Stmt::For { var, lo: int(0), hi: size(items.len() as u64), step: 1, body: block, kind, span });
        Ok(())
    }

    /// The value in variables and slots of its own.
    fn held(&mut self, value: &Value) -> Value {
        match value {
            Value::Array(a) if self.node(*a).ty.rank() == 0 => {
                let (dtype, value) = (self.node(*a).ty.dtype, self.scalar(*a));
                let var = self.keep(dtype, value);
                Value::Array(self.scalar_node(dtype, Expr::Var(var)))
            }
            Value::Array(a) => {
                let (from, owner) = self.slot_of(*a);
                let owner = if owner == Owner::Fresh { Owner::Shared } else { owner };
                let node = self.node(*a).clone();
                if let Owner::Stored(_) = owner {
                    let copy = self.in_memory(*a);
                    let (slot, _) = self.slot_of(copy);
                    return Value::Array(self.push(node.ty, node.extents, Kind::Slot(slot, Owner::Shared)));
                }
                let slot = self.slot("", node.ty.dtype, node.ty.rank());
                self.out.push(Stmt::Rebind { pairs: vec![(slot, from)], span: self.span });
                Value::Array(self.push(node.ty, node.extents, Kind::Slot(slot, owner)))
            }
            Value::Tuple(items) => Value::Tuple(items.iter().map(|item| self.held(item)).collect()),
            Value::Record(fields) => Value::Record(fields.iter().map(|(name, field)| (name.clone(), self.held(field))).collect()),
            other => other.clone(),
        }
    }
}
