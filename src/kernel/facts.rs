//! Facts about expressions that several passes ask for: dtype, and whether computing one can fail or change between two points.

use super::ir::*;
use super::visit::{self, each_expr};
use crate::array::DType;
use crate::ops::ScalarOp;
use std::collections::BTreeSet;

/// The dtype of an expression of a kernel that the verifier accepts.
pub fn dtype_of(kernel: &Kernel, expr: &Expr) -> DType {
    match expr {
        Expr::Const(value) => value.dtype,
        Expr::Var(var) => kernel.vars.get(var.0 as usize).map_or(DType::I64, |var| var.dtype),
        Expr::Op { op, dtype, .. } => op.result(*dtype).unwrap_or(*dtype),
        Expr::Cast { to, .. } => *to,
        Expr::Load { array, .. } => kernel.arrays.get(array.0 as usize).map_or(DType::I64, |array| array.dtype.storage()),
        Expr::Len { .. } => DType::I64,
        Expr::If { then, .. } => dtype_of(kernel, then),
    }
}

/// May computing an expression end the run?
pub fn can_fail(expr: &Expr, checked: bool) -> bool {
    let mut fails = false;
    each_expr(expr, &mut |expr| fails |= node_can_fail(expr, checked));
    fails
}

fn node_can_fail(expr: &Expr, checked: bool) -> bool {
    match expr {
        Expr::Load { check: Check::At(_), .. } => true,
        Expr::Cast { from, to, .. } => checked && to.is_int() && *from != DType::Bool && from != to,
        Expr::Op { op, dtype, args, .. } => match (op, args.get(1)) {
            (ScalarOp::FloorDiv | ScalarOp::Rem, Some(Expr::Const(by))) if !dtype.is_float() => match by.as_int() {
                Some(0) | None => true,
                Some(-1) => checked && *op == ScalarOp::FloorDiv,
                Some(_) => false,
            },
            (ScalarOp::Pow, Some(Expr::Const(exponent))) if exponent.as_int().is_some_and(|n| n >= 0) => checked,
            _ => op.can_fail(*dtype, checked),
        },
        _ => false,
    }
}

/// The value of an i64 constant.
pub fn known_int(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Const(value) if value.dtype == DType::I64 => value.as_int().map(|value| value as i64),
        _ => None,
    }
}

/// Does a body bind every array slot before it uses it, but for those that are bound already? Adds what is bound after it.
pub fn binds_before_use(body: &[Stmt], bound: &mut BTreeSet<ArrayId>) -> bool {
    body.iter().all(|stmt| {
        if !visit::uses(stmt).iter().all(|array| bound.contains(array)) {
            return false;
        }
        match stmt {
            Stmt::If { then, other, .. } => {
                let mut after_then = bound.clone();
                let fine = binds_before_use(then, &mut after_then) && binds_before_use(other, bound);
                bound.retain(|array| after_then.contains(array));
                fine
            }
            Stmt::For { body, .. } | Stmt::While { body, .. } => binds_before_use(body, &mut bound.clone()),
            _ => {
                bound.extend(visit::binds(stmt));
                true
            }
        }
    })
}
