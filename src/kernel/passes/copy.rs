//! Copy propagation: a variable that holds a constant or another variable's value is read as that, as long as neither changes.

use crate::kernel::ir::*;
use crate::kernel::visit;
use std::collections::{BTreeMap, BTreeSet};

/// What variables are known to hold.
type Copies = BTreeMap<VarId, Expr>;

/// Runs on a kernel.
pub fn propagate(kernel: &mut Kernel) {
    body(&mut kernel.body, &mut Copies::new());
}

fn body(stmts: &mut [Stmt], copies: &mut Copies) {
    for stmt in stmts {
        statement(stmt, copies);
    }
}

fn statement(stmt: &mut Stmt, copies: &mut Copies) {
    // A loop's condition is computed again after its body, so what the body sets is not known there.
    if let Stmt::While { body: inner, .. } = stmt {
        forget(copies, &visit::all_sets(inner));
    }
    for expr in visit::exprs_mut(stmt) {
        visit::rewrite_expr(expr, &mut |expr| {
            if let Expr::Var(var) = expr
                && let Some(known) = copies.get(var)
            {
                *expr = known.clone();
            }
        });
    }
    match stmt {
        Stmt::Set { var, value, .. } => {
            forget(copies, &BTreeSet::from([*var]));
            if matches!(value, Expr::Const(_) | Expr::Var(_)) && *value != Expr::Var(*var) {
                copies.insert(*var, value.clone());
            }
        }
        Stmt::If { then, other, .. } => {
            let mut after_then = copies.clone();
            body(then, &mut after_then);
            body(other, copies);
            copies.retain(|var, value| after_then.get(var) == Some(value));
        }
        Stmt::For { var, body: inner, .. } => {
            let mut sets = visit::all_sets(inner);
            sets.insert(*var);
            forget(copies, &sets);
            body(inner, &mut copies.clone());
        }
        Stmt::While { body: inner, .. } => body(inner, &mut copies.clone()),
        _ => forget(copies, &visit::sets(stmt).into_iter().collect()),
    }
}

/// Drops what is known of, or through, variables that change.
fn forget(copies: &mut Copies, changed: &BTreeSet<VarId>) {
    copies.retain(|var, value| !changed.contains(var) && !matches!(value, Expr::Var(from) if changed.contains(from)));
}
