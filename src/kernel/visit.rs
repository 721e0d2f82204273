//! Walking over statements and expressions: the one place that knows what each kind of statement holds. Owns no analysis beyond counting
//! and collecting.

use super::ir::*;
use std::collections::BTreeSet;

/// The expressions directly in an expression.
pub fn children(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Const(_) | Expr::Var(_) | Expr::Len { .. } => Vec::new(),
        Expr::Op { args, .. } => args.iter().collect(),
        Expr::Cast { arg, .. } => vec![arg],
        Expr::Load { index, .. } => index.iter().collect(),
        Expr::If { cond, then, other } => vec![cond, then, other],
    }
}

pub fn children_mut(expr: &mut Expr) -> Vec<&mut Expr> {
    match expr {
        Expr::Const(_) | Expr::Var(_) | Expr::Len { .. } => Vec::new(),
        Expr::Op { args, .. } => args.iter_mut().collect(),
        Expr::Cast { arg, .. } => vec![arg],
        Expr::Load { index, .. } => index.iter_mut().collect(),
        Expr::If { cond, then, other } => vec![cond, then, other],
    }
}

/// The whole expressions of a statement, in the order they are computed; none of the statements in it.
pub fn exprs(stmt: &Stmt) -> Vec<&Expr> {
    fn scalars(operands: &[Operand]) -> impl Iterator<Item = &Expr> {
        operands.iter().filter_map(|operand| if let Operand::Scalar(expr) = operand { Some(expr) } else { None })
    }
    match stmt {
        Stmt::Set { value, .. } => vec![value],
        Stmt::Store { index, value, .. } => std::iter::once(value).chain(index).collect(),
        Stmt::If { cond, .. } | Stmt::While { cond, .. } => vec![cond],
        Stmt::For { lo, hi, .. } => vec![lo, hi],
        Stmt::Break | Stmt::Continue | Stmt::Rebind { .. } => Vec::new(),
        Stmt::Return(values) => scalars(values).collect(),
        Stmt::Alloc { shape, .. } => shape.iter().collect(),
        Stmt::View { index, .. } => index
            .iter()
            .flat_map(|entry| match entry {
                ViewIndex::At(at) => vec![at],
                ViewIndex::Range { lo, hi, .. } => vec![lo, hi],
                ViewIndex::All | ViewIndex::New => Vec::new(),
            })
            .collect(),
        Stmt::Call { args, .. } => scalars(args).collect(),
        Stmt::ParFor { lo, hi, args, .. } => [lo, hi].into_iter().chain(scalars(args)).collect(),
        Stmt::Fail { values, .. } => values.iter().collect(),
    }
}

pub fn exprs_mut(stmt: &mut Stmt) -> Vec<&mut Expr> {
    fn scalars(operands: &mut [Operand]) -> impl Iterator<Item = &mut Expr> {
        operands.iter_mut().filter_map(|operand| if let Operand::Scalar(expr) = operand { Some(expr) } else { None })
    }
    match stmt {
        Stmt::Set { value, .. } => vec![value],
        Stmt::Store { index, value, .. } => std::iter::once(value).chain(index).collect(),
        Stmt::If { cond, .. } | Stmt::While { cond, .. } => vec![cond],
        Stmt::For { lo, hi, .. } => vec![lo, hi],
        Stmt::Break | Stmt::Continue | Stmt::Rebind { .. } => Vec::new(),
        Stmt::Return(values) => scalars(values).collect(),
        Stmt::Alloc { shape, .. } => shape.iter_mut().collect(),
        Stmt::View { index, .. } => index
            .iter_mut()
            .flat_map(|entry| match entry {
                ViewIndex::At(at) => vec![at],
                ViewIndex::Range { lo, hi, .. } => vec![lo, hi],
                ViewIndex::All | ViewIndex::New => Vec::new(),
            })
            .collect(),
        Stmt::Call { args, .. } => scalars(args).collect(),
        Stmt::ParFor { lo, hi, args, .. } => [lo, hi].into_iter().chain(scalars(args)).collect(),
        Stmt::Fail { values, .. } => values.iter_mut().collect(),
    }
}

/// The statement lists in a statement.
pub fn bodies(stmt: &Stmt) -> Vec<&Vec<Stmt>> {
    match stmt {
        Stmt::If { then, other, .. } => vec![then, other],
        Stmt::For { body, .. } | Stmt::While { body, .. } => vec![body],
        _ => Vec::new(),
    }
}

pub fn bodies_mut(stmt: &mut Stmt) -> Vec<&mut Vec<Stmt>> {
    match stmt {
        Stmt::If { then, other, .. } => vec![then, other],
        Stmt::For { body, .. } | Stmt::While { body, .. } => vec![body],
        _ => Vec::new(),
    }
}

/// Every expression in an expression, itself first.
pub fn each_expr<'a>(expr: &'a Expr, visit: &mut impl FnMut(&'a Expr)) {
    visit(expr);
    for child in children(expr) {
        each_expr(child, visit);
    }
}

/// Every statement of a body, those within others too, in source order.
pub fn statements<'a>(body: &'a [Stmt], visit: &mut impl FnMut(&'a Stmt)) {
    for stmt in body {
        visit(stmt);
        for body in bodies(stmt) {
            statements(body, visit);
        }
    }
}

/// Every statement of a body for change, those within others first.
pub fn statements_mut(body: &mut [Stmt], visit: &mut impl FnMut(&mut Stmt)) {
    for stmt in body {
        for body in bodies_mut(stmt) {
            statements_mut(body, visit);
        }
        visit(stmt);
    }
}

/// Every expression of a body, those within others too.
pub fn all_exprs<'a>(body: &'a [Stmt], visit: &mut impl FnMut(&'a Expr)) {
    statements(body, &mut |stmt| {
        for expr in exprs(stmt) {
            each_expr(expr, visit);
        }
    });
}

/// Changes every expression of a body, innermost first.
pub fn rewrite(body: &mut [Stmt], change: &mut impl FnMut(&mut Expr)) {
    for stmt in body {
        for expr in exprs_mut(stmt) {
            rewrite_expr(expr, change);
        }
        for body in bodies_mut(stmt) {
            rewrite(body, change);
        }
    }
}

/// Changes an expression and all in it, innermost first.
pub fn rewrite_expr(expr: &mut Expr, change: &mut impl FnMut(&mut Expr)) {
    for child in children_mut(expr) {
        rewrite_expr(child, change);
    }
    change(expr);
}

/// Does a body read elements of arrays?
pub fn has_loads(body: &[Stmt]) -> bool {
    let mut found = false;
    all_exprs(body, &mut |expr| found |= matches!(expr, Expr::Load { .. }));
    found
}

/// How often a variable is read in a body.
pub fn reads_of(body: &[Stmt], var: VarId) -> usize {
    let mut count = 0;
    all_exprs(body, &mut |expr| count += usize::from(*expr == Expr::Var(var)));
    count
}

/// How often a variable is read in an expression.
pub fn reads_in(expr: &Expr, var: VarId) -> usize {
    let mut count = 0;
    each_expr(expr, &mut |expr| count += usize::from(*expr == Expr::Var(var)));
    count
}

/// How often a variable is read in the bodies of loops over it.
pub fn reads_in_loops_over(body: &[Stmt], var: VarId) -> usize {
    body.iter()
        .map(|stmt| match stmt {
            Stmt::For { var: this, body, .. } if *this == var => reads_of(body, var),
            _ => bodies(stmt).into_iter().map(|body| reads_in_loops_over(body, var)).sum(),
        })
        .sum()
}

/// The variables a statement itself sets (not those in it).
pub fn sets(stmt: &Stmt) -> Vec<VarId> {
    match stmt {
        Stmt::Set { var, .. } | Stmt::For { var, .. } => vec![*var],
        Stmt::Call { results, .. } => {
            results.iter().filter_map(|place| if let Place::Scalar(var) = place { Some(*var) } else { None }).collect()
        }
        Stmt::ParFor { reductions, .. } => reductions.iter().map(|reduction| reduction.var).collect(),
        _ => Vec::new(),
    }
}

/// The array slots a statement itself binds.
pub fn binds(stmt: &Stmt) -> Vec<ArrayId> {
    match stmt {
        Stmt::Alloc { array, .. } | Stmt::View { array, .. } => vec![*array],
        Stmt::Rebind { pairs, .. } => pairs.iter().map(|(to, _)| *to).collect(),
        Stmt::Call { results, .. } => {
            results.iter().filter_map(|place| if let Place::Array(array) = place { Some(*array) } else { None }).collect()
        }
        _ => Vec::new(),
    }
}

/// The array slots a statement itself hands on: to a call, a view, another slot or the caller.
pub fn hands_on(stmt: &Stmt) -> Vec<ArrayId> {
    fn arrays(operands: &[Operand]) -> Vec<ArrayId> {
        operands.iter().filter_map(|operand| if let Operand::Array(array) = operand { Some(*array) } else { None }).collect()
    }
    match stmt {
        Stmt::Call { args, .. } | Stmt::ParFor { args, .. } => arrays(args),
        Stmt::Return(values) => arrays(values),
        Stmt::View { base, .. } => vec![*base],
        Stmt::Rebind { pairs, .. } => pairs.iter().map(|(_, from)| *from).collect(),
        _ => Vec::new(),
    }
}

/// The array slots a statement itself reads, writes, measures or hands on.
pub fn uses(stmt: &Stmt) -> Vec<ArrayId> {
    let mut found = hands_on(stmt);
    if let Stmt::Store { array, .. } = stmt {
        found.push(*array);
    }
    for expr in exprs(stmt) {
        each_expr(expr, &mut |expr| {
            if let Expr::Load { array, .. } | Expr::Len { array, .. } = expr {
                found.push(*array);
            }
        });
    }
    found
}

/// All variables set in a body, loop variables too.
pub fn all_sets(body: &[Stmt]) -> BTreeSet<VarId> {
    let mut found = BTreeSet::new();
    statements(body, &mut |stmt| found.extend(sets(stmt)));
    found
}

/// All array slots bound in a body.
pub fn all_binds(body: &[Stmt]) -> BTreeSet<ArrayId> {
    let mut found = BTreeSet::new();
    statements(body, &mut |stmt| found.extend(binds(stmt)));
    found
}

/// Does any statement of a body satisfy this?
pub fn any(body: &[Stmt], holds: impl Fn(&Stmt) -> bool) -> bool {
    let mut found = false;
    statements(body, &mut |stmt| found |= holds(stmt));
    found
}

/// Does a `Break` or `Continue` of a body leave it for a loop round it, or a `Return` the kernel?
pub fn jumps_out(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| match stmt {
        Stmt::Break | Stmt::Continue | Stmt::Return(_) => true,
        Stmt::If { then, other, .. } => jumps_out(then) || jumps_out(other),
        Stmt::For { body, .. } | Stmt::While { body, .. } => any(body, |stmt| matches!(stmt, Stmt::Return(_))),
        _ => false,
    })
}

/// Gives every variable and array slot of a body another id.
pub fn rename(body: &mut [Stmt], var: &impl Fn(VarId) -> VarId, array: &impl Fn(ArrayId) -> ArrayId) {
    for stmt in body {
        for expr in exprs_mut(stmt) {
            rename_expr(expr, var, array);
        }
        rename_own(stmt, var, array);
        for body in bodies_mut(stmt) {
            rename(body, var, array);
        }
    }
}

/// Gives every variable and array slot of an expression another id.
pub fn rename_expr(expr: &mut Expr, var: &impl Fn(VarId) -> VarId, array: &impl Fn(ArrayId) -> ArrayId) {
    rewrite_expr(expr, &mut |expr| match expr {
        Expr::Var(id) => *id = var(*id),
        Expr::Load { array: id, .. } | Expr::Len { array: id, .. } => *id = array(*id),
        _ => {}
    });
}

/// The ids that a statement names outside its expressions.
fn rename_own(stmt: &mut Stmt, var: &impl Fn(VarId) -> VarId, array: &impl Fn(ArrayId) -> ArrayId) {
    let operands = |operands: &mut [Operand]| {
        for operand in operands {
            if let Operand::Array(id) = operand {
                *id = array(*id);
            }
        }
    };
    let folds = |reductions: &mut [Reduction]| reductions.iter_mut().for_each(|reduction| reduction.var = var(reduction.var));
    match stmt {
        Stmt::Set { var: id, .. } => *id = var(*id),
        Stmt::For { var: id, kind, .. } => {
            *id = var(*id);
            if let LoopKind::Vector { reductions } = kind {
                folds(reductions);
            }
        }
        Stmt::Store { array: id, .. } | Stmt::Alloc { array: id, .. } => *id = array(*id),
        Stmt::View { array: id, base, .. } => {
            *id = array(*id);
            *base = array(*base);
        }
        Stmt::Rebind { pairs, .. } => pairs.iter_mut().for_each(|(to, from)| (*to, *from) = (array(*to), array(*from))),
        Stmt::Return(values) => operands(values),
        Stmt::Call { args, results, .. } => {
            operands(args);
            for place in results {
                match place {
                    Place::Scalar(id) => *id = var(*id),
                    Place::Array(id) => *id = array(*id),
                }
            }
        }
        Stmt::ParFor { args, reductions, .. } => {
            operands(args);
            folds(reductions);
        }
        Stmt::If { .. } | Stmt::While { .. } | Stmt::Break | Stmt::Continue | Stmt::Fail { .. } => {}
    }
}
