//! Simplification: constants and identities (`fold`), copies (`copy`), branches that are decided, statements without effect, variables
//! without a use. Changes no result and no fault.

use super::fold::fold;
use super::{PassOptions, copy};
use crate::base::Outcome;
use crate::kernel::chunks::trip_count;
use crate::kernel::facts::{can_fail, known_int};
use crate::kernel::ir::*;
use crate::kernel::liveness::unread_sets;
use crate::kernel::visit;
use std::collections::BTreeSet;

/// Rounds until nothing changes, at most this many.
const ROUNDS: usize = 6;

pub fn simplify(module: &mut Module, _options: &PassOptions) -> Outcome<()> {
    let checked = module.checked;
    for kernel in &mut module.kernels {
        for _ in 0..ROUNDS {
            let before = kernel.body.clone();
            copy::propagate(kernel);
            visit::rewrite(&mut kernel.body, &mut |expr| fold(expr, checked));
            tidy(&mut kernel.body, checked);
            remove_unread(kernel, checked);
            if kernel.body == before {
                break;
            }
        }
        remove_unused(kernel);
    }
    Ok(())
}

/// Removes what is never reached or does nothing.
fn tidy(body: &mut Vec<Stmt>, checked: bool) {
    let mut kept = Vec::with_capacity(body.len());
    for mut stmt in std::mem::take(body) {
        for inner in visit::bodies_mut(&mut stmt) {
            tidy(inner, checked);
        }
        if let Stmt::For { body, kind: LoopKind::Vector { reductions }, .. } = &mut stmt {
            let sets = visit::all_sets(body);
            reductions.retain(|reduction| sets.contains(&reduction.var));
        }
        match stmt {
            Stmt::If { cond: Expr::Const(cond), then, other } => kept.extend(if cond.bits != 0 { then } else { other }),
            stmt if is_empty(&stmt, checked) => {}
            stmt => kept.push(stmt),
        }
        if matches!(kept.last(), Some(Stmt::Return(_) | Stmt::Break | Stmt::Continue | Stmt::Fail { .. })) {
            break;
        }
    }
    *body = kept;
}

/// Does a statement do nothing?
fn is_empty(stmt: &Stmt, checked: bool) -> bool {
    match stmt {
        Stmt::Set { var, value, .. } => *value == Expr::Var(*var),
        Stmt::If { cond, then, other } => then.is_empty() && other.is_empty() && !can_fail(cond, checked),
        Stmt::For { lo, hi, step, body, kind, .. } => match (known_int(lo), known_int(hi)) {
            (Some(lo), Some(hi)) if trip_count(lo, hi, *step) == 0 => true,
            _ => body.is_empty() && *kind != LoopKind::Par && !can_fail(lo, checked) && !can_fail(hi, checked),
        },
        Stmt::While { cond: Expr::Const(cond), .. } => cond.bits == 0,
        _ => false,
    }
}

/// Removes `Set`s of what is not read after them.
fn remove_unread(kernel: &mut Kernel, checked: bool) {
    let unread = unread_sets(kernel);
    let mut number = 0;
    remove(&mut kernel.body, &unread, &mut number, checked);
}

fn remove(body: &mut Vec<Stmt>, unread: &BTreeSet<usize>, number: &mut usize, checked: bool) {
    body.retain_mut(|stmt| {
        let this = *number;
        *number += 1;
        for inner in visit::bodies_mut(stmt) {
            remove(inner, unread, number, checked);
        }
        !matches!(stmt, Stmt::Set { value, .. } if unread.contains(&this) && !can_fail(value, checked))
    });
}

/// Drops variables that nothing mentions.
fn remove_unused(kernel: &mut Kernel) {
    let mut used = visit::all_sets(&kernel.body);
    visit::all_exprs(&kernel.body, &mut |expr| {
        if let Expr::Var(var) = expr {
            used.insert(*var);
        }
    });
    used.extend(kernel.params.iter().filter_map(|param| if let Param::Scalar(var) = param { Some(*var) } else { None }));
    if used.len() == kernel.vars.len() {
        return;
    }
    let renamed: Vec<Option<VarId>> = {
        let mut next = 0;
        let mut rename = |at: usize| {
            used.contains(&VarId(at as u32)).then(|| {
                next += 1;
                VarId(next - 1)
            })
        };
        (0..kernel.vars.len()).map(&mut rename).collect()
    };
    let rename = |var: VarId| renamed[var.0 as usize].unwrap_or(var);
    visit::rename(&mut kernel.body, &rename, &|array| array);
    for param in &mut kernel.params {
        if let Param::Scalar(var) = param {
            *var = rename(*var);
        }
    }
    let mut at = 0;
    kernel.vars.retain(|_| {
        at += 1;
        renamed[at - 1].is_some()
    });
}
