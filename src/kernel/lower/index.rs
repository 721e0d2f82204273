//! Building i64 expressions for sizes and positions, constants folded.

use crate::array::{DType, Scalar};
use crate::base::Span;
use crate::kernel::ir::{ArrayId, Expr, VarId};
use crate::ops::ScalarOp;

pub fn int(value: i64) -> Expr {
    Expr::Const(Scalar::i64(value))
}

pub fn size(value: u64) -> Expr {
    int(i64::try_from(value).unwrap_or(i64::MAX))
}

/// The value of an i64 constant.
pub fn known(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Const(value) if value.dtype == DType::I64 => value.as_int().and_then(|value| i64::try_from(value).ok()),
        _ => None,
    }
}

/// A constant or a variable: free to repeat.
pub fn is_atom(expr: &Expr) -> bool {
    matches!(expr, Expr::Const(_) | Expr::Var(_) | Expr::Len { .. })
}

fn binary(op: ScalarOp, fold: fn(i64, i64) -> Option<i64>, a: Expr, b: Expr, span: Span) -> Expr {
    match known(&a).zip(known(&b)).and_then(|(a, b)| fold(a, b)) {
        Some(value) => int(value),
        None => Expr::Op { op, dtype: DType::I64, args: vec![a, b], span },
    }
}

pub fn add(a: Expr, b: Expr, span: Span) -> Expr {
    match (known(&a), known(&b)) {
        (Some(0), _) => b,
        (_, Some(0)) => a,
        _ => binary(ScalarOp::Add, i64::checked_add, a, b, span),
    }
}
pub fn sub(a: Expr, b: Expr, span: Span) -> Expr {
    if known(&b) == Some(0) { a } else { binary(ScalarOp::Sub, i64::checked_sub, a, b, span) }
}
pub fn mul(a: Expr, b: Expr, span: Span) -> Expr {
    match (known(&a), known(&b)) {
        (Some(1), _) => b,
        (_, Some(1)) => a,
        _ => binary(ScalarOp::Mul, i64::checked_mul, a, b, span),
    }
}
pub fn min(a: Expr, b: Expr, span: Span) -> Expr {
    binary(ScalarOp::Minimum, |a, b| Some(a.min(b)), a, b, span)
}
pub fn max(a: Expr, b: Expr, span: Span) -> Expr {
    binary(ScalarOp::Maximum, |a, b| Some(a.max(b)), a, b, span)
}
/// The quotient of a size by a positive number, rounded up.
pub fn div_ceil(a: Expr, by: u64, span: Span) -> Expr {
    let by = i64::try_from(by).unwrap_or(i64::MAX);
    if by == 1 {
        return a;
    }
    let up = add(a, int(by - 1), span);
    binary(ScalarOp::FloorDiv, |a, b| a.checked_div_euclid(b), up, int(by), span)
}

pub fn compare(op: ScalarOp, a: Expr, b: Expr, span: Span) -> Expr {
    Expr::Op { op, dtype: DType::I64, args: vec![a, b], span }
}

pub fn either(a: Expr, b: Expr, span: Span) -> Expr {
    Expr::Op { op: ScalarOp::Or, dtype: DType::Bool, args: vec![a, b], span }
}

/// Does the expression read the variable?
pub fn reads_var(expr: &Expr, var: VarId) -> bool {
    any(expr, &mut |part| matches!(part, Expr::Var(read) if *read == var))
}

/// Does the expression read elements or a size of the array?
pub fn reads_array(expr: &Expr, array: ArrayId) -> bool {
    any(expr, &mut |part| matches!(part, Expr::Load { array: read, .. } | Expr::Len { array: read, .. } if *read == array))
}

/// Is it so for any part of the expression?
pub fn any(expr: &Expr, is: &mut dyn FnMut(&Expr) -> bool) -> bool {
    is(expr)
        || match expr {
            Expr::Const(_) | Expr::Var(_) | Expr::Len { .. } => false,
            Expr::Op { args, .. } => args.iter().any(|arg| any(arg, is)),
            Expr::Cast { arg, .. } => any(arg, is),
            Expr::Load { index, .. } => index.iter().any(|arg| any(arg, is)),
            Expr::If { cond, then, other } => any(cond, is) || any(then, is) || any(other, is),
        }
}
