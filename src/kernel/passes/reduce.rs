//! Reductions of a straight-line loop body: what of its variables are folds of themselves, and the body written so.

use crate::array::{DType, Scalar};
use crate::base::Span;
use crate::kernel::ir::*;
use crate::kernel::visit;
use crate::ops::ScalarOp;

/// `var = op(var, more)`, whatever way it is written: the operation and `more`. Sums with differences are sums.
pub fn fold_of(var: VarId, value: &Expr, dtype: DType, checked: bool) -> Option<(ScalarOp, Expr)> {
    let int = !dtype.is_float() && !dtype.is_complex() && dtype != DType::Bool;
    // In a checked module sums must overflow where they stand; complex products have no exact identity.
    let arithmetic = |op: ScalarOp| matches!(op, ScalarOp::Add | ScalarOp::Sub | ScalarOp::Mul);
    let Expr::Op { op, dtype: of, args, span } = value else { return None };
    if (int && checked && arithmetic(*op)) || (dtype.is_complex() && *op == ScalarOp::Mul) {
        return None;
    }
    let own = |expr: &Expr| *expr == Expr::Var(var);
    let free = |expr: &Expr| visit::reads_in(expr, var) == 0;
    let make = |op: ScalarOp, args: Vec<Expr>| Expr::Op { op, dtype, args, span: *span };
    let foldable = |op: ScalarOp| op.is_associative() && op.identity(dtype).is_some();
    match (op, &args[..]) {
        (ScalarOp::Select, [cond, a, b]) if free(cond) => {
            let identity = |op: ScalarOp| op.identity(dtype).map(Expr::Const);
            let choose = |a: Expr, b: Expr| make(ScalarOp::Select, vec![cond.clone(), a, b]);
            let (left, right) = (fold_of(var, a, dtype, checked), fold_of(var, b, dtype, checked));
            match (left, right) {
                (Some((op, more)), None) if own(b) => Some((op, choose(more, identity(op)?))),
                (None, Some((op, more))) if own(a) => Some((op, choose(identity(op)?, more))),
                (Some((op, a)), Some((other, b))) if op == other => Some((op, choose(a, b))),
                _ => None,
            }
        }
        (ScalarOp::Sub, [a, b]) if *of == dtype && dtype != DType::Bool && free(b) => {
            let negative = make(ScalarOp::Neg, vec![b.clone()]);
            if own(a) {
                return Some((ScalarOp::Add, negative));
            }
            let (op, more) = fold_of(var, a, dtype, checked)?;
            (op == ScalarOp::Add).then(|| (op, make(ScalarOp::Sub, vec![more, b.clone()])))
        }
        (op, [a, b]) if *of == dtype && foldable(*op) => {
            for (this, rest) in [(a, b), (b, a)] {
                if !free(rest) {
                    continue;
                }
                if own(this) {
                    return Some((*op, rest.clone()));
                }
                if let Some((inner, more)) = fold_of(var, this, dtype, checked)
                    && inner == *op
                {
                    return Some((*op, make(*op, vec![more, rest.clone()])));
                }
            }
            None
        }
        _ => None,
    }
}

/// `var = select(x > var, x, var)` and its like: the candidate `x`, and whether the largest wins.
pub fn best_of(var: VarId, value: &Expr, dtype: DType) -> Option<(Expr, bool)> {
    let Expr::Op { op: ScalarOp::Select, args, .. } = value else { return None };
    let [cond, a, b] = &args[..] else { return None };
    if *b != Expr::Var(var) {
        return None;
    }
    // `select(also, select(x > var, x, var), var)` chooses among fewer candidates: the others are the identity's.
    if visit::reads_in(cond, var) == 0 {
        let (x, largest) = best_of(var, a, dtype)?;
        let none = if dtype.is_float() { Scalar::float(dtype, f64::NAN, 0.0) } else { extreme(largest).identity(dtype)? };
        let args = vec![cond.clone(), x, Expr::Const(none)];
        return Some((Expr::Op { op: ScalarOp::Select, dtype, args, span: Span::default() }, largest));
    }
    let Expr::Op { op, args, .. } = cond else { return None };
    let [left, right] = &args[..] else { return None };
    let own = Expr::Var(var);
    let (op, x) = match op {
        _ if *right == own => (*op, left),
        ScalarOp::Lt | ScalarOp::Le if *left == own => (ScalarOp::Gt, right),
        ScalarOp::Gt | ScalarOp::Ge if *left == own => (ScalarOp::Lt, right),
        _ => return None,
    };
    let largest = match op {
        ScalarOp::Gt | ScalarOp::Ge => true,
        ScalarOp::Lt | ScalarOp::Le => false,
        _ => return None,
    };
    (a == x && visit::reads_in(x, var) == 0).then(|| (x.clone(), largest))
}

/// The reduction that finds the best: of floats one that passes over NaN, as the comparisons do.
pub fn extreme(largest: bool) -> ScalarOp {
    if largest { ScalarOp::Fmax } else { ScalarOp::Fmin }
}

/// What reductions may do.
#[derive(Clone, Copy)]
pub struct Rules {
    /// Every integer overflow is a fault.
    pub checked: bool,
    pub reorder_floats: bool,
}

/// A body whose reductions have their form, and what stands round its loop.
pub struct Reduced {
    pub body: Vec<Stmt>,
    pub reductions: Vec<Reduction>,
    pub before: Vec<Stmt>,
    pub after: Vec<Stmt>,
}

/// Gives the reductions of a straight-line body their form. `live` tells what is read after the loop; a variable that is, and is no
/// reduction, or that carries a value into the next iteration otherwise, makes it `None`. New variables go to `kernel`.
pub fn reduce(kernel: &mut Kernel, body: Vec<Stmt>, live: &dyn Fn(VarId) -> bool, rules: Rules) -> Option<Reduced> {
    let mut done = Reduced { body, reductions: Vec::new(), before: Vec::new(), after: Vec::new() };
    drop_unneeded(&mut done.body, live);
    for var in visit::all_sets(&done.body) {
        if !live(var) && set_before_read(&done.body, var) {
            continue;
        }
        let float = kernel.vars.get(var.0 as usize).is_none_or(|var| var.dtype.is_float() || var.dtype.is_complex());
        if float && !rules.reorder_floats {
            return None;
        }
        fold_into_one(kernel, &mut done.body, var, rules.checked);
        make_reduction(kernel, &mut done, var, rules.checked)?;
    }
    let keeps = |var: VarId| live(var) || done.reductions.iter().any(|reduction| reduction.var == var);
    let mut body = std::mem::take(&mut done.body);
    drop_unneeded(&mut body, &keeps);
    // Only the fold itself may look at a reduction's variable, and nothing at one that is made after the loop.
    let alone = done.reductions.iter().all(|reduction| visit::reads_of(&body, reduction.var) == 1);
    let unseen = done.after.iter().flat_map(visit::sets).all(|var| visit::reads_of(&body, var) == 0);
    if !alone || !unseen {
        return None;
    }
    done.body = body;
    Some(done)
}

fn make_reduction(kernel: &mut Kernel, done: &mut Reduced, var: VarId, checked: bool) -> Option<()> {
    let dtype = kernel.vars.get(var.0 as usize)?.dtype;
    let mut places = done.body.iter().enumerate().filter(|(_, stmt)| sets(stmt, var)).map(|(at, _)| at);
    let (at, None) = (places.next()?, places.next()) else { return None };
    let Stmt::Set { value, span, .. } = &done.body[at] else { return None };
    let span = *span;
    let whole = expanded(&done.body[..at], value, &|_| true);
    let value = expanded(&done.body[..at], value, &|made| visit::reads_in(made, var) > 0);
    if let Some((op, more)) = fold_of(var, &value, dtype, checked) {
        let value = Expr::Op { op, dtype, args: vec![Expr::Var(var), more], span };
        done.body[at] = Stmt::Set { var, value, span };
        done.reductions.push(Reduction { var, op });
        return Some(());
    }
    let (x, largest) = best_of(var, &whole, dtype)?;
    let op = extreme(largest);
    if !dtype.is_float() {
        let value = Expr::Op { op, dtype, args: vec![Expr::Var(var), x], span };
        done.body[at] = Stmt::Set { var, value, span };
        done.reductions.push(Reduction { var, op });
        return Some(());
    }
    // Of floats: the best candidate that is a number is found first, and compared with the variable once after the loop.
    kernel.vars.push(VarDecl { name: "best".into(), dtype });
    let best = VarId(kernel.vars.len() as u32 - 1);
    let set = |var: VarId, value: Expr| Stmt::Set { var, value, span };
    let make = |op: ScalarOp, args: Vec<Expr>| Expr::Op { op, dtype, args, span };
    done.before.push(set(best, Expr::Const(Scalar::float(dtype, f64::NAN, 0.0))));
    done.body[at] = set(best, make(op, vec![Expr::Var(best), x]));
    let better = make(if largest { ScalarOp::Gt } else { ScalarOp::Lt }, vec![Expr::Var(best), Expr::Var(var)]);
    done.after.push(set(var, make(ScalarOp::Select, vec![better, Expr::Var(best), Expr::Var(var)])));
    done.reductions.push(Reduction { var: best, op });
    Some(())
}

/// Does a statement set a variable, or one in it?
fn sets(stmt: &Stmt, var: VarId) -> bool {
    visit::all_sets(std::slice::from_ref(stmt)).contains(&var)
}

/// Is a variable set in a body before it is read there?
pub fn set_before_read(body: &[Stmt], var: VarId) -> bool {
    let reads = |stmt: &Stmt| visit::reads_of(std::slice::from_ref(stmt), var);
    match body.iter().find(|stmt| sets(stmt, var) || reads(stmt) > 0) {
        // Perhaps it never runs: then nothing after it may ask.
        Some(stmt @ Stmt::While { cond, body: inner, .. }) => {
            visit::reads_in(cond, var) == 0 && set_before_read(inner, var) && reads(stmt) == visit::reads_of(body, var)
        }
        Some(stmt) => sets(stmt, var) && reads(stmt) == 0,
        None => false,
    }
}

/// Several folds of a variable by one operation become one, of what the earlier ones fold in first.
fn fold_into_one(kernel: &mut Kernel, body: &mut [Stmt], var: VarId, checked: bool) {
    let Some(dtype) = kernel.vars.get(var.0 as usize).map(|var| var.dtype) else { return };
    let folds: Vec<(usize, Option<(ScalarOp, Expr)>)> = body
        .iter()
        .enumerate()
        .filter_map(|(at, stmt)| match stmt {
            Stmt::Set { var: own, value, .. } if *own == var => Some((at, fold_of(var, value, dtype, checked))),
            _ => None,
        })
        .collect();
    let Some((op, _)) = folds.first().and_then(|(_, fold)| fold.clone()) else { return };
    let same = folds.iter().all(|(_, fold)| fold.as_ref().is_some_and(|(other, _)| *other == op));
    if folds.len() < 2 || !same || visit::reads_of(body, var) != folds.len() {
        return;
    }
    let mut so_far: Option<VarId> = None;
    for (at, fold) in &folds {
        let (Some((_, more)), Stmt::Set { span, .. }) = (fold, &body[*at]) else { return };
        let span = *span;
        let make = |args: Vec<Expr>| Expr::Op { op, dtype, args, span };
        let more = so_far.map_or(more.clone(), |before| make(vec![Expr::Var(before), more.clone()]));
        body[*at] = if *at == folds[folds.len() - 1].0 {
            Stmt::Set { var, value: make(vec![Expr::Var(var), more]), span }
        } else {
            kernel.vars.push(VarDecl { name: "part".into(), dtype });
            let part = VarId(kernel.vars.len() as u32 - 1);
            so_far = Some(part);
            Stmt::Set { var: part, value: more, span }
        };
    }
}

/// Expressions are expanded up to this many nodes.
const LARGEST: usize = 200;

/// An expression with variables replaced by how they were computed, where that is `wanted` and has not changed since.
fn expanded(before: &[Stmt], value: &Expr, wanted: &dyn Fn(&Expr) -> bool) -> Expr {
    let mut value = value.clone();
    for (at, stmt) in before.iter().enumerate().rev() {
        let Stmt::Set { var: own, value: made, .. } = stmt else { continue };
        let mut size = 0;
        visit::each_expr(&value, &mut |_| size += 1);
        if size > LARGEST || !wanted(made) || visit::reads_in(&value, *own) == 0 {
            continue;
        }
        let since = &before[at + 1..];
        let mut stays = !since.iter().any(|stmt| sets(stmt, *own));
        visit::each_expr(made, &mut |expr| {
            stays &= match expr {
                Expr::Var(read) => !since.iter().any(|stmt| sets(stmt, *read)),
                Expr::Load { .. } => !since.iter().any(|stmt| matches!(stmt, Stmt::Store { .. })),
                _ => true,
            };
        });
        if stays {
            visit::rewrite_expr(&mut value, &mut |expr| {
                if *expr == Expr::Var(*own) {
                    *expr = made.clone();
                }
            });
        }
    }
    value
}

/// Drops what neither a store nor a variable that is `needed` depends on, in this iteration or a later one.
fn drop_unneeded(body: &mut Vec<Stmt>, needed: &dyn Fn(VarId) -> bool) {
    let mut wanted: std::collections::BTreeSet<VarId> = visit::all_sets(body).into_iter().filter(|var| needed(*var)).collect();
    loop {
        let before = wanted.len();
        for stmt in body.iter() {
            if matches!(stmt, Stmt::Set { var, .. } if !wanted.contains(var)) {
                continue;
            }
            visit::all_exprs(std::slice::from_ref(stmt), &mut |expr| {
                if let Expr::Var(var) = expr {
                    wanted.insert(*var);
                }
            });
        }
        if wanted.len() == before {
            break;
        }
    }
    body.retain(|stmt| !matches!(stmt, Stmt::Set { var, .. } if !wanted.contains(var)));
}
