//! The verifier: what every module must be before it is run, and after every pass. What it refuses is a fault of whoever made the module
//! (K0999), never of a user's program.

use super::facts::{can_fail, dtype_of};
use super::ir::*;
use super::liveness::live_after_loops;
use super::visit;
use crate::array::DType;
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp;
use std::collections::BTreeSet;

type Verdict<T = ()> = Result<T, String>;

/// Checks a module: ids and types, loop variables, what vector loops may hold, calls, results.
pub fn verify(module: &Module) -> Outcome<()> {
    for kernel in &module.kernels {
        Verifier { module, kernel }
            .kernel()
            .map_err(|message| Diagnostic::at(Code::Internal, kernel.span, format!("kernel `{}`: {message}", kernel.name)))?;
    }
    Ok(())
}

struct Verifier<'m> {
    module: &'m Module,
    kernel: &'m Kernel,
}

/// The loops round a statement.
#[derive(Clone, Default)]
struct Around {
    vars: Vec<VarId>,
    in_loop: bool,
}

fn ensure(holds: bool, message: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(message()) }
}

impl Verifier<'_> {
    fn kernel(&self) -> Verdict {
        for var in &self.kernel.vars {
            ensure(!var.dtype.is_time(), || format!("variable `{}` has a time dtype", var.name))?;
        }
        for param in &self.kernel.params {
            match *param {
                Param::Scalar(var) => self.var(var).map(drop)?,
                Param::Array(array) => self.array(array).map(drop)?,
            }
        }
        self.body(&self.kernel.body, &Around::default())?;
        ensure(self.kernel.results.is_empty() || ends(&self.kernel.body), || "its end can be reached without results".into())?;
        self.loop_variables()?;
        self.vector_temporaries()
    }

    /// Loop variables are read in the bodies of their loops only.
    fn loop_variables(&self) -> Verdict {
        let mut loop_vars = Vec::new();
        visit::statements(&self.kernel.body, &mut |stmt| {
            if let Stmt::For { var, .. } = stmt {
                loop_vars.push(*var);
            }
        });
        loop_vars.into_iter().try_for_each(|var| {
            let inside = visit::reads_in_loops_over(&self.kernel.body, var);
            ensure(inside == visit::reads_of(&self.kernel.body, var), || {
                format!("loop variable `{}` is read outside its loop", self.name(var))
            })
        })
    }

    /// What a vector loop sets is not used after it, but for reductions.
    fn vector_temporaries(&self) -> Verdict {
        let mut live = live_after_loops::<VarId>(self.kernel).into_iter();
        let mut verdict = Ok(());
        visit::statements(&self.kernel.body, &mut |stmt| {
            let Stmt::For { body, kind, .. } = stmt else { return };
            let (Some(live), LoopKind::Vector { reductions }) = (live.next(), kind) else { return };
            for var in visit::all_sets(body) {
                if live.contains(var) && !reductions.iter().any(|reduction| reduction.var == var) {
                    verdict = Err(format!("`{}`, set in a vector loop, is used after it", self.name(var)));
                }
            }
        });
        verdict
    }

    fn name(&self, var: VarId) -> &str {
        self.kernel.vars.get(var.0 as usize).map_or("?", |var| &var.name)
    }

    fn var(&self, var: VarId) -> Verdict<DType> {
        self.kernel.vars.get(var.0 as usize).map(|decl| decl.dtype).ok_or_else(|| format!("no variable {}", var.0))
    }

    fn array(&self, array: ArrayId) -> Verdict<&ArrayDecl> {
        self.kernel.arrays.get(array.0 as usize).ok_or_else(|| format!("no array {}", array.0))
    }

    fn callee(&self, kernel: KernelId) -> Verdict<&Kernel> {
        self.module.kernels.get(kernel.0 as usize).ok_or_else(|| format!("no kernel {}", kernel.0))
    }

    fn body(&self, body: &[Stmt], around: &Around) -> Verdict {
        body.iter().try_for_each(|stmt| self.statement(stmt, around))
    }

    fn statement(&self, stmt: &Stmt, around: &Around) -> Verdict {
        match stmt {
            Stmt::Set { var, value, .. } => {
                ensure(!around.vars.contains(var), || format!("loop variable `{}` is set", self.name(*var)))?;
                self.expect(value, self.var(*var)?)
            }
            Stmt::Store { array, index, value, .. } => {
                self.index(*array, index)?;
                self.expect(value, self.array(*array)?.dtype.storage())
            }
            Stmt::If { cond, then, other } => {
                self.expect(cond, DType::Bool)?;
                self.body(then, around)?;
                self.body(other, around)
            }
            Stmt::For { var, lo, hi, step, body, kind, .. } => {
                self.expect(lo, DType::I64)?;
                self.expect(hi, DType::I64)?;
                ensure(*step != 0, || "a loop has step 0".into())?;
                ensure(self.var(*var)? == DType::I64, || "a loop variable is not i64".into())?;
                ensure(!around.vars.contains(var), || "a loop in a loop over the same variable".into())?;
                let vars = around.vars.iter().copied().chain([*var]).collect();
                self.body(body, &Around { vars, in_loop: true })?;
                if let LoopKind::Vector { reductions } = kind { self.vector(body, reductions) } else { Ok(()) }
            }
            Stmt::While { cond, body, .. } => {
                self.expect(cond, DType::Bool)?;
                self.body(body, &Around { in_loop: true, ..around.clone() })
            }
            Stmt::Break | Stmt::Continue => ensure(around.in_loop, || "a jump outside a loop".into()),
            Stmt::Return(values) => self.operands(values, &self.kernel.results, "results"),
            Stmt::Alloc { array, shape, .. } => self.index(*array, shape),
            Stmt::View { array, base, index, .. } => self.view(*array, *base, index),
            Stmt::Rebind { pairs, .. } => pairs.iter().enumerate().try_for_each(|(at, (to, from))| {
                let (a, b) = (self.array(*to)?, self.array(*from)?);
                ensure(a.rank == b.rank && a.dtype == b.dtype, || format!("`{}` bound to `{}`", a.name, b.name))?;
                ensure(!pairs[..at].iter().any(|(other, _)| other == to), || format!("`{}` bound twice at once", a.name))
            }),
            Stmt::Call { kernel, args, results, .. } => {
                let callee = self.callee(*kernel)?;
                self.operands(args, &param_types(callee)?, &callee.name)?;
                ensure(results.len() == callee.results.len(), || format!("results of `{}`", callee.name))?;
                results.iter().zip(&callee.results).try_for_each(|(place, ty)| {
                    let given = match *place {
                        Place::Scalar(var) => {
                            ensure(!around.vars.contains(&var), || format!("loop variable `{}` is set", self.name(var)))?;
                            ResultTy::Scalar(self.var(var)?)
                        }
                        Place::Array(array) => array_type(self.array(array)?),
                    };
                    ensure(given == *ty, || format!("results of `{}`", callee.name))
                })
            }
            Stmt::ParFor { kernel, lo, hi, args, reductions, .. } => {
                self.expect(lo, DType::I64)?;
                self.expect(hi, DType::I64)?;
                let callee = self.callee(*kernel)?;
                let params = param_types(callee)?;
                let [ResultTy::Scalar(DType::I64), ResultTy::Scalar(DType::I64), params @ ..] = &params[..] else {
                    return Err(format!("`{}` takes no bounds of a chunk", callee.name));
                };
                self.operands(args, params, &callee.name)?;
                ensure(reductions.len() == callee.results.len(), || format!("results of `{}`", callee.name))?;
                reductions.iter().zip(&callee.results).try_for_each(|(reduction, ty)| {
                    ensure(!around.vars.contains(&reduction.var), || format!("loop variable `{}` is set", self.name(reduction.var)))?;
                    self.reduction(reduction)?;
                    ensure(*ty == ResultTy::Scalar(self.var(reduction.var)?), || format!("results of `{}`", callee.name))
                })
            }
            Stmt::Fail { values, .. } => values.iter().try_for_each(|value| self.expect(value, DType::I64)),
        }
    }

    fn view(&self, array: ArrayId, base: ArrayId, index: &[ViewIndex]) -> Verdict {
        let (view, base) = (self.array(array)?, self.array(base)?);
        let axes = index.iter().filter(|entry| !matches!(entry, ViewIndex::New)).count();
        let kept = index.iter().filter(|entry| !matches!(entry, ViewIndex::At(_))).count();
        ensure(axes == base.rank && kept == view.rank && view.dtype == base.dtype, || format!("view of `{}`", base.name))?;
        index.iter().try_for_each(|entry| match entry {
            ViewIndex::At(at) => self.expect(at, DType::I64),
            ViewIndex::Range { lo, hi, step } => {
                ensure(*step != 0, || "a view has step 0".into())?;
                self.expect(lo, DType::I64)?;
                self.expect(hi, DType::I64)
            }
            ViewIndex::All | ViewIndex::New => Ok(()),
        })
    }

    /// The body of a vector loop: straight-line, nothing that can fail, variables set before they are read, reductions only folded.
    fn vector(&self, body: &[Stmt], reductions: &[Reduction]) -> Verdict {
        let assigned = visit::all_sets(body);
        let mut set = Vec::new();
        self.straight(body, reductions, &assigned, &mut set)?;
        reductions.iter().try_for_each(|reduction| {
            self.reduction(reduction)?;
            let folds = body.iter().filter(|stmt| is_fold(stmt, reduction)).count();
            let (sets, reads) = (set.iter().filter(|var| **var == reduction.var).count(), visit::reads_of(body, reduction.var));
            ensure(folds == 1 && sets == 1 && reads == 1, || format!("`{}` is used beside its reduction", self.name(reduction.var)))
        })
    }

    /// The statements of a vector loop, or of a `While` in it. `set`: what is set so far, of all that is `assigned`.
    fn straight(&self, body: &[Stmt], reductions: &[Reduction], assigned: &BTreeSet<VarId>, set: &mut Vec<VarId>) -> Verdict {
        for stmt in body {
            for expr in visit::exprs(stmt) {
                ensure(!can_fail(expr, self.module.checked), || "a vector loop can fail".into())?;
                let mut fits = true;
                visit::each_expr(expr, &mut |expr| match expr {
                    Expr::If { .. } => fits = false,
                    Expr::Var(var) if assigned.contains(var) && !set.contains(var) => fits &= reductions.iter().any(|r| r.var == *var),
                    _ => {}
                });
                ensure(fits, || "a vector loop branches, or reads a variable before it is set".into())?;
            }
            match stmt {
                Stmt::Set { var, .. } => set.push(*var),
                Stmt::Store { check: Check::Proven | Check::Always, .. } => {}
                Stmt::While { body, .. } => {
                    let plain = body.iter().all(|stmt| matches!(stmt, Stmt::Set { .. })) && !visit::has_loads(std::slice::from_ref(stmt));
                    ensure(plain, || "a loop in a vector loop reads arrays, or does more than set variables".into())?;
                    // Perhaps it never runs.
                    self.straight(body, reductions, assigned, &mut set.clone())?;
                }
                _ => return Err("a vector loop is not straight-line".into()),
            }
        }
        Ok(())
    }

    fn reduction(&self, reduction: &Reduction) -> Verdict {
        let dtype = self.var(reduction.var)?;
        let can = reduction.op.is_associative() && reduction.op.identity(dtype).is_some();
        ensure(can, || format!("no reduction by {} over {dtype}", reduction.op.name()))
    }

    fn index(&self, array: ArrayId, index: &[Expr]) -> Verdict {
        let decl = self.array(array)?;
        ensure(index.len() == decl.rank, || format!("{} indices for `{}`", index.len(), decl.name))?;
        index.iter().try_for_each(|at| self.expect(at, DType::I64))
    }

    fn operands(&self, operands: &[Operand], types: &[ResultTy], whose: &str) -> Verdict {
        ensure(operands.len() == types.len(), || format!("{} values for {} of {whose}", operands.len(), types.len()))?;
        operands.iter().zip(types).try_for_each(|(operand, ty)| match (operand, *ty) {
            (Operand::Scalar(expr), ResultTy::Scalar(dtype)) => self.expect(expr, dtype),
            (Operand::Array(array), ty) => ensure(array_type(self.array(*array)?) == ty, || format!("an array for {whose}")),
            _ => Err(format!("a scalar for an array of {whose}")),
        })
    }

    /// Checks an expression and that it has a dtype.
    fn expect(&self, expr: &Expr, dtype: DType) -> Verdict {
        self.expr(expr)?;
        let found = dtype_of(self.kernel, expr);
        ensure(found == dtype, || format!("{found} where {dtype} is expected"))
    }

    fn expr(&self, expr: &Expr) -> Verdict {
        match expr {
            Expr::Const(value) => ensure(!value.dtype.is_time(), || "a constant has a time dtype".into()),
            Expr::Var(var) => self.var(*var).map(drop),
            Expr::Op { op, dtype, args, .. } => {
                ensure(op.result(*dtype).is_some(), || format!("no {} of {dtype}", op.name()))?;
                ensure(args.len() == op.arity(), || format!("{} operands of {}", args.len(), op.name()))?;
                args.iter().enumerate().try_for_each(|(at, arg)| {
                    let condition = *op == ScalarOp::Select && at == 0;
                    self.expect(arg, if condition { DType::Bool } else { *dtype })
                })
            }
            Expr::Cast { from, arg, .. } => self.expect(arg, *from),
            Expr::Load { array, index, .. } => self.index(*array, index),
            Expr::Len { array, axis } => {
                let decl = self.array(*array)?;
                ensure(*axis < decl.rank, || format!("`{}` has no axis {axis}", decl.name))
            }
            Expr::If { cond, then, other } => {
                self.expect(cond, DType::Bool)?;
                self.expr(then)?;
                self.expect(other, dtype_of(self.kernel, then))
            }
        }
    }
}

fn array_type(decl: &ArrayDecl) -> ResultTy {
    ResultTy::Array { dtype: decl.dtype, rank: decl.rank }
}

fn param_types(kernel: &Kernel) -> Verdict<Vec<ResultTy>> {
    let missing = || format!("parameters of `{}`", kernel.name);
    let ty = |param: &Param| match param {
        Param::Scalar(var) => kernel.vars.get(var.0 as usize).map(|var| ResultTy::Scalar(var.dtype)),
        Param::Array(array) => kernel.arrays.get(array.0 as usize).map(array_type),
    };
    kernel.params.iter().map(|param| ty(param).ok_or_else(missing)).collect()
}

/// `var = op(var, e)`.
fn is_fold(stmt: &Stmt, reduction: &Reduction) -> bool {
    match stmt {
        Stmt::Set { var, value: Expr::Op { op, args, .. }, .. } => {
            *var == reduction.var && *op == reduction.op && args.first() == Some(&Expr::Var(*var))
        }
        _ => false,
    }
}

/// Does control never come out at the end of a body?
fn ends(body: &[Stmt]) -> bool {
    match body.last() {
        Some(Stmt::Return(_) | Stmt::Fail { .. }) => true,
        Some(Stmt::If { then, other, .. }) => ends(then) && ends(other),
        _ => false,
    }
}
