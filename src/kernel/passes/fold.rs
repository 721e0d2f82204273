//! Constants computed ahead and identities that hold for every value, bit for bit (NaN payloads aside): one expression at a time.

use crate::array::{DType, Scalar};
use crate::kernel::facts::can_fail;
use crate::kernel::ir::Expr;
use crate::ops::ScalarOp;
use crate::ops::eval::{convert, operate};

/// Simplifies an expression whose operands are simplified. Faults stay where they are.
pub fn fold(expr: &mut Expr, checked: bool) {
    let simpler = match expr {
        Expr::Op { op, dtype, args, .. } => {
            let known: Option<Vec<Scalar>> = args.iter().map(constant).collect();
            match known.map(|args| operate(*op, *dtype, &args, checked)) {
                Some(Ok(value)) => Some(Expr::Const(value)),
                Some(Err(_)) => None,
                None => identity(*op, *dtype, args, checked),
            }
        }
        Expr::Cast { from, to, arg, .. } => match constant(arg) {
            Some(value) => convert(value, *to, checked).ok().map(Expr::Const),
            None if from == to => Some(take(arg)),
            None if !checked && narrows(*from, *to) && has_low_bits(arg) => Some(low_bits(arg, *to)),
            None => None,
        },
        Expr::If { cond, then, other } => match constant(cond) {
            Some(value) => Some(take(if value.bits != 0 { then } else { other })),
            None => (then == other && !can_fail(cond, checked)).then(|| take(then)),
        },
        _ => None,
    };
    if let Some(simpler) = simpler {
        *expr = simpler;
    }
}

fn constant(expr: &Expr) -> Option<Scalar> {
    if let Expr::Const(value) = expr { Some(*value) } else { None }
}

/// Takes an expression out of its place.
fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, Expr::Const(Scalar::bool(false)))
}

/// The simpler form of an operation of which not all operands are constants.
fn identity(op: ScalarOp, dtype: DType, args: &mut [Expr], checked: bool) -> Option<Expr> {
    match args {
        [a] => one(op, a),
        [a, b] => two(op, dtype, a, b, checked),
        [cond, a, b] => match constant(cond) {
            // Both sides are computed, so what is dropped must not be one that can fail.
            Some(value) => {
                let (kept, dropped) = if value.bits != 0 { (a, b) } else { (b, a) };
                (!can_fail(dropped, checked)).then(|| take(kept))
            }
            None if a == b && !can_fail(cond, checked) => Some(take(a)),
            None if dtype == DType::Bool => choice(cond, a, b),
            None => None,
        },
        _ => None,
    }
}

/// A choice between bools of which one is a constant.
fn choice(cond: &mut Expr, a: &mut Expr, b: &mut Expr) -> Option<Expr> {
    use ScalarOp::{And, Not, Or};
    let logic = |op, args| Expr::Op { op, dtype: DType::Bool, args, span: Default::default() };
    let [left, right] = [&*a, &*b].map(|side| constant(side).and_then(Scalar::as_bool));
    let mut cond = || take(cond);
    Some(match (left, right) {
        (Some(true), Some(false)) => cond(),
        (Some(false), Some(true)) => logic(Not, vec![cond()]),
        (Some(true), None) => logic(Or, vec![cond(), take(b)]),
        (None, Some(false)) => logic(And, vec![cond(), take(a)]),
        (Some(false), None) => logic(And, vec![logic(Not, vec![cond()]), take(b)]),
        (None, Some(true)) => logic(Or, vec![logic(Not, vec![cond()]), take(a)]),
        _ => return None,
    })
}

/// Does a cast keep the low bits of an integer alone?
fn narrows(from: DType, to: DType) -> bool {
    from.is_int() && to.is_int() && to.size() <= from.size()
}

/// Is an integer made of others in such a way that its low bits depend on their low bits alone?
fn has_low_bits(expr: &Expr) -> bool {
    use ScalarOp::*;
    match expr {
        Expr::Const(_) => true,
        Expr::Cast { from, .. } => from.is_int() || *from == DType::Bool,
        Expr::Op { op: Add | Sub | Mul | And | Or | Xor | Neg | Not, args, .. } => args.iter().all(has_low_bits),
        Expr::Op { op: Select, args, .. } => args.iter().skip(1).all(has_low_bits),
        _ => false,
    }
}

/// Computes no more than the low bits of such an integer.
fn low_bits(expr: &mut Expr, to: DType) -> Expr {
    match expr {
        Expr::Const(value) => Expr::Const(value.cast(to)),
        Expr::Cast { from, arg, .. } if *from == to => take(arg),
        Expr::Cast { from, arg, span, .. } => Expr::Cast { from: *from, to, arg: Box::new(take(arg)), span: *span },
        Expr::Op { op, args, span, .. } => {
            let cond = usize::from(*op == ScalarOp::Select);
            let args = args.iter_mut().enumerate().map(|(at, arg)| if at < cond { take(arg) } else { low_bits(arg, to) });
            Expr::Op { op: *op, dtype: to, args: args.collect(), span: *span }
        }
        other => take(other),
    }
}

fn one(op: ScalarOp, a: &mut Expr) -> Option<Expr> {
    match (op, a) {
        (ScalarOp::Neg | ScalarOp::Not, Expr::Op { op: inner, args, dtype, .. }) if *inner == op && !may_overflow(op, *dtype) => {
            Some(take(&mut args[0]))
        }
        _ => None,
    }
}

/// `-(-x)` of integers overflows in a checked module; `Not` never does.
fn may_overflow(op: ScalarOp, dtype: DType) -> bool {
    op == ScalarOp::Neg && !dtype.is_float() && !dtype.is_complex()
}

fn two(op: ScalarOp, dtype: DType, a: &mut Expr, b: &mut Expr, checked: bool) -> Option<Expr> {
    use ScalarOp::*;
    let (left, right) = (constant(a), constant(b));
    let is = |value: Option<Scalar>, number: f64| value.is_some_and(|value| !dtype.is_complex() && value.as_f64() == number);
    // -0.0 + x is x; 0.0 + x is not for -0.0.
    let nothing = |value: Option<Scalar>| {
        value.is_some_and(|value| dtype.is_float() && value == Scalar::float(dtype, -0.0, 0.0)) || !dtype.is_float() && is(value, 0.0)
    };
    let (bool, float) = (dtype == DType::Bool, dtype.is_float());
    match op {
        Add | Or | Xor if nothing(right) => Some(take(a)),
        Add | Or | Xor if nothing(left) => Some(take(b)),
        Sub if !bool && right.is_some_and(|zero| zero == Scalar { dtype, bits: 0 }) && !dtype.is_complex() => Some(take(a)),
        Mul if is(right, 1.0) => Some(take(a)),
        Mul if is(left, 1.0) => Some(take(b)),
        Mul if !float && !bool && is(right, 0.0) && !can_fail(a, checked) => Some(take(b)),
        Mul if !float && !bool && is(left, 0.0) && !can_fail(b, checked) => Some(take(a)),
        Div if is(right, 1.0) => Some(take(a)),
        Div if float => reciprocal(dtype, right?).map(|by| operation(Mul, dtype, a, by)),
        FloorDiv if !float && is(right, 1.0) => Some(take(a)),
        Shl | Shr if is(right, 0.0) => Some(take(a)),
        // These are what the definition of `Pow` says.
        Pow if float && is(right, 2.0) => Some(Expr::Op { op: Square, dtype, args: vec![take(a)], span: Default::default() }),
        Pow if float && is(right, 0.5) => Some(Expr::Op { op: Sqrt, dtype, args: vec![take(a)], span: Default::default() }),
        And if bool => logic(a, b, left, right, true, checked),
        Or if bool => logic(a, b, left, right, false, checked),
        _ => None,
    }
}

/// The exact reciprocal of a power of two.
fn reciprocal(dtype: DType, by: Scalar) -> Option<Scalar> {
    let value = by.as_f64();
    let power = value.is_normal() && value.to_bits() & ((1 << 52) - 1) == 0;
    let inverse = Scalar::float(dtype, 1.0 / value, 0.0);
    let normal = if dtype == DType::F32 { (inverse.as_f64() as f32).is_normal() } else { inverse.as_f64().is_normal() };
    (power && normal).then_some(inverse)
}

fn operation(op: ScalarOp, dtype: DType, a: &mut Expr, b: Scalar) -> Expr {
    Expr::Op { op, dtype, args: vec![take(a), Expr::Const(b)], span: Default::default() }
}

/// `and` (`or`) with a constant: `neutral` leaves the other side, its opposite decides.
fn logic(a: &mut Expr, b: &mut Expr, left: Option<Scalar>, right: Option<Scalar>, neutral: bool, checked: bool) -> Option<Expr> {
    let (known, constant, other) = match (left, right) {
        (Some(known), _) => (known, a, b),
        (_, Some(known)) => (known, b, a),
        _ => return None,
    };
    if known.as_bool() == Some(neutral) {
        return Some(take(other));
    }
    (!can_fail(other, checked)).then(|| take(constant))
}
