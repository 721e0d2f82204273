//! If-conversion: a loop body with branches as straight-line statements. A value that is set on a condition becomes a choice between the new
//! and the old one, a reduction on a condition folds its identity where the condition is false, a store on a condition writes back what was
//! there. The caller has made sure that nothing in the branches can fail, taken or not.

use super::reduce::fold_of;
use crate::array::{DType, Scalar};
use crate::base::Span;
use crate::kernel::facts::dtype_of;
use crate::kernel::ir::*;
use crate::kernel::visit;
use crate::ops::ScalarOp;
use std::collections::{BTreeMap, BTreeSet};

/// Writes straight-line statements for a kernel, with variables of its own.
pub struct Straightener<'k> {
    pub kernel: &'k mut Kernel,
    pub checked: bool,
    pub out: Vec<Stmt>,
}

/// What stands for variables within a branch.
type Names = BTreeMap<VarId, VarId>;

impl Straightener<'_> {
    /// A fresh variable.
    pub fn fresh(&mut self, name: &str, dtype: DType) -> VarId {
        self.kernel.vars.push(VarDecl { name: name.into(), dtype });
        VarId(self.kernel.vars.len() as u32 - 1)
    }

    fn set(&mut self, var: VarId, value: Expr, span: Span) {
        self.out.push(Stmt::Set { var, value, span });
    }

    /// Appends the statements of a body `without_continue`; `None` if one cannot be made straight.
    pub fn body(&mut self, body: &[Stmt]) -> Option<()> {
        self.flatten(body, None, &mut Names::new())
    }

    /// `mask`: the variable that tells whether the statements take effect.
    fn flatten(&mut self, body: &[Stmt], mask: Option<VarId>, names: &mut Names) -> Option<()> {
        for stmt in body {
            match stmt {
                Stmt::Set { var, value, span } => {
                    let value = self.expr(value, names);
                    self.assign(*var, value, *span, mask, names);
                }
                Stmt::Store { array, index, value, check, span } => {
                    let mut value = self.expr(value, names);
                    let index: Vec<Expr> = index.iter().map(|at| self.expr(at, names)).collect();
                    if let Some(mask) = mask {
                        let old = Expr::Load { array: *array, index: index.clone(), check: Check::Proven };
                        value = self.select(Expr::Var(mask), value, old);
                    }
                    self.out.push(Stmt::Store { array: *array, index, value, check: *check, span: *span });
                }
                Stmt::If { cond, then, other } => self.branch(cond, [then, other], mask, names)?,
                // On a condition a loop's variables would not be those of its body.
                Stmt::While { cond, body, span } if mask.is_none() => self.rounds(cond.clone(), body, *span)?,
                Stmt::For { var, lo, hi, step: step @ (1 | -1), body, kind: LoopKind::Seq, span } if mask.is_none() => {
                    let name = self.kernel.vars[var.0 as usize].name.clone();
                    let [own, end] = [&name, "end"].map(|name| self.fresh(name, DType::I64));
                    let int = |op, b| Expr::Op { op, dtype: DType::I64, args: vec![Expr::Var(own), b], span: *span };
                    self.set(own, lo.clone(), *span);
                    self.set(end, hi.clone(), *span);
                    let next = Stmt::Set { var: own, value: int(ScalarOp::Add, Expr::Const(Scalar::i64(*step))), span: *span };
                    let below = if *step > 0 { ScalarOp::Lt } else { ScalarOp::Gt };
                    let mut body = without_continue(body);
                    visit::rename(&mut body, &|read| if read == *var { own } else { read }, &|array| array);
                    // Where it is left nobody asks what its variable holds.
                    body.push(next);
                    self.rounds(int(below, Expr::Var(end)), &body, *span)?;
                }
                _ => return None,
            }
        }
        Some(())
    }

    fn assign(&mut self, var: VarId, value: Expr, span: Span, mask: Option<VarId>, names: &mut Names) {
        let Some(mask) = mask else { return self.set(var, value, span) };
        let dtype = self.dtype(var);
        if !names.contains_key(&var)
            && let Some((op, more)) = fold_of(var, &value, dtype, self.checked)
            && let Some(identity) = op.identity(dtype)
        {
            let more = self.select(Expr::Var(mask), more, Expr::Const(identity));
            let value = Expr::Op { op, dtype, args: vec![Expr::Var(var), more], span };
            return self.set(var, value, span);
        }
        let name = self.kernel.vars[var.0 as usize].name.clone();
        let own = self.fresh(&name, dtype);
        self.set(own, value, span);
        names.insert(var, own);
    }

    fn branch(&mut self, cond: &Expr, sides: [&Vec<Stmt>; 2], mask: Option<VarId>, names: &mut Names) -> Option<()> {
        let value = self.expr(cond, names);
        let cond = self.fresh("cond", DType::Bool);
        self.set(cond, value, Span::default());
        let mut after = [names.clone(), names.clone()];
        for (at, side) in sides.into_iter().enumerate().filter(|(_, side)| !side.is_empty()) {
            let taken = if at == 0 { Expr::Var(cond) } else { logic(ScalarOp::Not, vec![Expr::Var(cond)]) };
            let taken = match mask {
                Some(mask) => logic(ScalarOp::And, vec![Expr::Var(mask), taken]),
                None => taken,
            };
            let own = self.fresh("mask", DType::Bool);
            self.set(own, taken, Span::default());
            self.flatten(side, Some(own), &mut after[at])?;
        }
        let changed: BTreeSet<VarId> =
            after.iter().flat_map(|side| side.iter()).filter(|(var, own)| names.get(var) != Some(own)).map(|(var, _)| *var).collect();
        for var in changed {
            let [then, other] = after.each_ref().map(|side| Expr::Var(side.get(&var).copied().unwrap_or(var)));
            let value = self.select(Expr::Var(cond), then, other);
            if mask.is_none() {
                self.set(var, value, Span::default());
                continue;
            }
            let name = self.kernel.vars[var.0 as usize].name.clone();
            let own = self.fresh(&name, self.dtype(var));
            self.set(own, value, Span::default());
            names.insert(var, own);
        }
        Some(())
    }

    /// A loop that is on no condition; straight within, and left at its head alone.
    fn rounds(&mut self, cond: Expr, body: &[Stmt], span: Span) -> Option<()> {
        let mut cond = self.expr(&cond, &Names::new());
        let mut body = body.to_vec();
        if visit::any(&body, |stmt| matches!(stmt, Stmt::Break)) {
            let inside = self.fresh("inside", DType::Bool);
            self.set(inside, Expr::Const(Scalar::bool(true)), span);
            body = leaving(&body, inside);
            cond = logic(ScalarOp::And, vec![Expr::Var(inside), cond]);
        }
        let before = std::mem::take(&mut self.out);
        self.flatten(&without_continue(&body), None, &mut Names::new())?;
        let body = std::mem::replace(&mut self.out, before);
        self.out.push(Stmt::While { cond, body, span });
        Some(())
    }

    fn dtype(&self, var: VarId) -> DType {
        self.kernel.vars.get(var.0 as usize).map_or(DType::I64, |var| var.dtype)
    }

    fn select(&self, cond: Expr, then: Expr, other: Expr) -> Expr {
        let dtype = dtype_of(self.kernel, &then);
        Expr::Op { op: ScalarOp::Select, dtype, args: vec![cond, then, other], span: Span::default() }
    }

    /// An expression with a branch's names, and choices instead of branches.
    fn expr(&self, expr: &Expr, names: &Names) -> Expr {
        let mut expr = expr.clone();
        visit::rename_expr(&mut expr, &|var| names.get(&var).copied().unwrap_or(var), &|array| array);
        visit::rewrite_expr(&mut expr, &mut |expr| {
            if let Expr::If { .. } = expr
                && let Expr::If { cond, then, other } = std::mem::replace(expr, Expr::Const(Scalar::bool(false)))
            {
                *expr = self.select(*cond, *then, *other);
            }
        });
        expr
    }
}

fn logic(op: ScalarOp, args: Vec<Expr>) -> Expr {
    Expr::Op { op, dtype: DType::Bool, args, span: Span::default() }
}

/// A body that is over, and no longer `inside`, where it had a break.
fn leaving(body: &[Stmt], inside: VarId) -> Vec<Stmt> {
    let left = Stmt::Set { var: inside, value: Expr::Const(Scalar::bool(false)), span: Span::default() };
    let change = |stmt: &Stmt| match stmt {
        Stmt::Break => vec![left.clone(), Stmt::Continue],
        Stmt::If { cond, then, other } => {
            vec![Stmt::If { cond: cond.clone(), then: leaving(then, inside), other: leaving(other, inside) }]
        }
        _ => vec![stmt.clone()],
    };
    body.iter().flat_map(change).collect()
}

/// `if c { …; continue } rest` as `if c { … } else { rest }`.
pub fn without_continue(body: &[Stmt]) -> Vec<Stmt> {
    let mut done = Vec::new();
    for (at, stmt) in body.iter().enumerate() {
        match stmt {
            Stmt::Continue => break,
            Stmt::If { cond, then, other } => {
                let sides = [then, other].map(|side| {
                    if matches!(side.last(), Some(Stmt::Continue)) {
                        without_continue(&side[..side.len() - 1])
                    } else {
                        without_continue(&[&side[..], &body[at + 1..]].concat())
                    }
                });
                let skips = [then, other].into_iter().any(|side| matches!(side.last(), Some(Stmt::Continue)));
                if skips {
                    let [then, other] = sides;
                    done.push(Stmt::If { cond: cond.clone(), then, other });
                    return done;
                }
                done.push(Stmt::If { cond: cond.clone(), then: without_continue(then), other: without_continue(other) });
            }
            _ => done.push(stmt.clone()),
        }
    }
    done
}
