//! Assignment to elements: `x[i, j] = v` and whole regions, `x[i, ..] = 2 * y[i, ..] + 1`.

use super::expr::slice_args;
use super::function::{Function, Home};
use super::index::{any, is_atom};
use super::not_here;
use super::pull::Kind;
use super::walk::index_exprs;
use crate::base::Outcome;
use crate::builtins::build::{A, Build, SliceArg, Value};
use crate::kernel::ir::*;
use crate::sema::hir::{self, LocalId};
use crate::types::Ty;

impl Function<'_> {
    pub fn store(&mut self, local: LocalId, index: &[hir::Index], value: &hir::Expr) -> Outcome<()> {
        let span = self.span;
        let (Home::Array(slot), Ty::Array(ty)) = (self.home_of(local).clone(), self.local_ty(local)) else {
            return Err(not_here(span, "assignment into this"));
        };
        let mut exprs = index_exprs(index);
        exprs.push(value);
        let mut values = self.exprs(&exprs)?;
        let Some(Value::Array(value)) = values.pop() else { return Err(not_here(value.span, "this value in an array")) };
        let whole = self.slot_node(ty.clone(), slot, super::bind::Owner::Stored(Some(local)));
        let entries = slice_args(index, &mut values.into_iter())?;
        let value = self.in_dtype(value, ty.dtype.storage());
        let places: Vec<A> = entries.iter().filter_map(|entry| if let SliceArg::At(at, _) = entry { Some(*at) } else { None }).collect();
        if places.len() == entries.len() && places.len() == ty.rank() {
            let index: Vec<Expr> = places
                .iter()
                .map(|at| {
                    let position = self.scalar(*at);
                    self.as_i64(position, *at)
                })
                .collect();
            let value = self.scalar(value);
            let check = self.check_of(whole, &index, span);
            self.out.push(Stmt::Store { array: slot, index, value, check, span });
            return Ok(());
        }
        let region = self.slice(whole, &entries)?;
        self.store_region(slot, region, value)
    }

    /// Every element of a region of a slot. What the value reads of the same array is as it was before.
    fn store_region(&mut self, slot: ArrayId, region: A, value: A) -> Outcome<()> {
        let span = self.span;
        let (dims, extents) = (self.node(region).ty.dims.clone(), self.node(region).extents.clone());
        let rank = self.node(value).ty.rank();
        let Some(lead) = dims.len().checked_sub(rank) else { return Err(not_here(span, "a value of more dimensions than the region")) };
        let to: Vec<usize> = (lead..dims.len()).collect();
        let value = self.spread(value, &to, dims, extents.clone());
        let entries = match &self.node(region).kind {
            Kind::Reindex(_, entries) => Some(entries.clone()),
            _ => None,
        };
        let fill = |f: &mut Self, value: A, clash: &mut bool| {
            f.nest(&extents, &mut |f, at| {
                let index = match &entries {
                    Some(entries) => f.reindex(entries, at, span),
                    None => at.to_vec(),
                };
                let element = f.element(value, at);
                *clash |= f.out.iter().any(|stmt| matches!(stmt, Stmt::Set { value, .. } if reads_elsewhere(value, slot, &index)));
                *clash |= !f.out.iter().all(|stmt| matches!(stmt, Stmt::Set { .. })) || reads_elsewhere(&element, slot, &index);
                f.store_at(slot, index, element);
            });
        };
        let vars = self.vars.len();
        let mut clash = false;
        let (loops, ()) = self.block(|f| fill(f, value, &mut clash));
        if !clash {
            self.out.extend(loops);
            return Ok(());
        }
        self.vars.truncate(vars);
        let value = self.in_memory(value);
        fill(self, value, &mut false);
        Ok(())
    }
}

/// Does the expression read elements of an array at other indices than these?
fn reads_elsewhere(expr: &Expr, array: ArrayId, index: &[Expr]) -> bool {
    any(
        expr,
        &mut |part| matches!(part, Expr::Load { array: read, index: at, .. } if *read == array && !(at == index && at.iter().all(is_atom))),
    )
}
