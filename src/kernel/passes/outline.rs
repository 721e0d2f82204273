//! A loop as a `ParFor`: its body in a kernel of its own that runs a chunk; few iterations are one chunk, called where the loop was.

use crate::array::{DType, Scalar};
use crate::base::Span;
use crate::kernel::ir::*;
use crate::kernel::liveness::live_before;
use crate::kernel::visit;
use crate::ops::ScalarOp;
use std::collections::BTreeSet;

/// Bounds outside ± this leave a loop with a step sequential: its iterations cannot be counted without care.
const FAR: i64 = 1 << 62;

/// The statement that stands for a loop that may run in parallel, sequential as it is given, and the kernel of its chunks, which will be
/// kernel `number`. Variables that the statement needs are added to the kernel's.
pub fn outline(kernel: &mut Kernel, stmt: &Stmt, reductions: Vec<Reduction>, grain: u64, number: u32) -> Option<(Stmt, Kernel)> {
    let Stmt::For { var, lo, hi, step, body, span, .. } = stmt else { return None };
    let (step, span) = (*step, *span);
    let chunk = Chunk { parent: kernel, body, var: *var, reductions: &reductions, step, span };
    let (chunk_kernel, mut args) = chunk.kernel(number);
    let count = if step == 1 { sub(hi.clone(), lo.clone()) } else { trips(lo, hi, step) };
    let (from, to) = if step == 1 { (lo.clone(), hi.clone()) } else { (int(0), count.clone()) };
    if step != 1 {
        args.insert(0, Operand::Scalar(lo.clone()));
    }
    let many = compare(ScalarOp::Gt, count, grain.min(i64::MAX as u64) as i64);
    let near = |bound: &Expr| both(compare(ScalarOp::Ge, bound.clone(), -FAR), compare(ScalarOp::Le, bound.clone(), FAR));
    let cond = if step == 1 { many } else { both(both(near(lo), near(hi)), many) };
    // What calls functions stays here: it may come to call this one, and a chunk would count as a call between.
    let in_place = step != 1 || visit::any(body, |stmt| matches!(stmt, Stmt::Call { .. }));
    let other = if in_place { vec![stmt.clone()] } else { one_chunk(kernel, KernelId(number), [&from, &to], &args, &reductions, span) };
    let par = Stmt::ParFor { kernel: KernelId(number), lo: from, hi: to, grain, args, reductions, span };
    Some((Stmt::If { cond, then: vec![par], other }, chunk_kernel))
}

/// The loop as one call of the kernel of its chunks, its results joined with the variables that they reduce to.
fn one_chunk(
    kernel: &mut Kernel,
    chunk: KernelId,
    bounds: [&Expr; 2],
    args: &[Operand],
    reductions: &[Reduction],
    span: Span,
) -> Vec<Stmt> {
    let args = bounds.map(|bound| Operand::Scalar(bound.clone())).into_iter().chain(args.iter().cloned()).collect();
    let mut results = Vec::new();
    let mut joins = Vec::new();
    for reduction in reductions {
        let Some(dtype) = kernel.vars.get(reduction.var.0 as usize).map(|decl| decl.dtype) else { continue };
        let part = VarId(kernel.vars.len() as u32);
        kernel.vars.push(VarDecl { name: "part".into(), dtype });
        results.push(Place::Scalar(part));
        let value = Expr::Op { op: reduction.op, dtype, args: vec![Expr::Var(reduction.var), Expr::Var(part)], span };
        joins.push(Stmt::Set { var: reduction.var, value, span });
    }
    [Stmt::Call { kernel: chunk, args, results, span }].into_iter().chain(joins).collect()
}

/// How often a loop of near bounds runs.
fn trips(lo: &Expr, hi: &Expr, step: i64) -> Expr {
    let by = step.unsigned_abs().min(i64::MAX as u64) as i64;
    let span = if step > 0 { sub(hi.clone(), lo.clone()) } else { sub(lo.clone(), hi.clone()) };
    let up = op(ScalarOp::Add, DType::I64, span, int(by - 1));
    op(ScalarOp::Maximum, DType::I64, op(ScalarOp::FloorDiv, DType::I64, up, int(by)), int(0))
}

fn int(value: i64) -> Expr {
    Expr::Const(Scalar::i64(value))
}

fn op(op: ScalarOp, dtype: DType, a: Expr, b: Expr) -> Expr {
    Expr::Op { op, dtype, args: vec![a, b], span: Span::default() }
}

fn sub(a: Expr, b: Expr) -> Expr {
    op(ScalarOp::Sub, DType::I64, a, b)
}

fn compare(cmp: ScalarOp, a: Expr, b: i64) -> Expr {
    op(cmp, DType::I64, a, int(b))
}

fn both(a: Expr, b: Expr) -> Expr {
    op(ScalarOp::And, DType::Bool, a, b)
}

/// A loop whose chunks become a kernel.
struct Chunk<'a> {
    parent: &'a Kernel,
    body: &'a [Stmt],
    var: VarId,
    reductions: &'a [Reduction],
    step: i64,
    span: Span,
}

impl Chunk<'_> {
    /// The kernel, and its arguments after the bounds (and, for a step that is not 1, after the loop's start).
    fn kernel(&self, number: u32) -> (Kernel, Vec<Operand>) {
        let parent = self.parent;
        let vars = parent.vars.clone();
        let arrays = self.arrays();
        let place = |array: ArrayId| ArrayId(arrays.iter().position(|own| *own == array).unwrap_or(0) as u32);
        let mut kernel = Kernel {
            name: format!("{}_chunk{number}", parent.name),
            params: Vec::new(),
            vars,
            arrays: arrays.iter().filter_map(|array| parent.arrays.get(array.0 as usize).cloned()).collect(),
            results: Vec::new(),
            body: Vec::new(),
            span: self.span,
        };
        let mut fresh = |name: &str| {
            kernel.vars.push(VarDecl { name: name.into(), dtype: DType::I64 });
            VarId(kernel.vars.len() as u32 - 1)
        };
        let (from, to) = (fresh("from"), fresh("to"));
        let stepped = (self.step != 1).then(|| (fresh("first"), fresh("turn")));
        kernel.params.extend([Param::Scalar(from), Param::Scalar(to)]);
        kernel.params.extend(stepped.map(|(first, _)| Param::Scalar(first)));

        let mut args = Vec::new();
        let given = live_before::<VarId>(self.body);
        let inside = |var: VarId| var == self.var || self.reductions.iter().any(|reduction| reduction.var == var);
        for var in (0..parent.vars.len() as u32).map(VarId).filter(|var| given.contains(*var) && !inside(*var)) {
            kernel.params.push(Param::Scalar(var));
            args.push(Operand::Scalar(Expr::Var(var)));
        }
        let bound = visit::all_binds(self.body);
        for array in arrays.iter().filter(|array| !bound.contains(array)) {
            kernel.params.push(Param::Array(place(*array)));
            args.push(Operand::Array(*array));
        }

        let mut body = self.body.to_vec();
        visit::rename(&mut body, &|var| var, &place);
        let (var, lo, hi) = match stepped {
            None => (self.var, Expr::Var(from), Expr::Var(to)),
            Some((first, turn)) => {
                let way = op(ScalarOp::Mul, DType::I64, Expr::Var(turn), int(self.step));
                let value = op(ScalarOp::Add, DType::I64, Expr::Var(first), way);
                body.insert(0, Stmt::Set { var: self.var, value, span: self.span });
                (turn, Expr::Var(from), Expr::Var(to))
            }
        };
        for reduction in self.reductions {
            let Some(decl) = parent.vars.get(reduction.var.0 as usize) else { continue };
            let identity = reduction.op.identity(decl.dtype).unwrap_or(Scalar { dtype: decl.dtype, bits: 0 });
            kernel.body.push(Stmt::Set { var: reduction.var, value: Expr::Const(identity), span: self.span });
            kernel.results.push(ResultTy::Scalar(decl.dtype));
        }
        kernel.body.push(Stmt::For { var, lo, hi, step: 1, body, kind: LoopKind::Seq, span: self.span });
        let results = self.reductions.iter().map(|reduction| Operand::Scalar(Expr::Var(reduction.var)));
        kernel.body.push(Stmt::Return(results.collect()));
        (kernel, args)
    }

    /// The slots that the body uses or binds.
    fn arrays(&self) -> Vec<ArrayId> {
        let mut found = BTreeSet::new();
        visit::statements(self.body, &mut |stmt| {
            found.extend(visit::uses(stmt));
            found.extend(visit::binds(stmt));
        });
        found.into_iter().collect()
    }
}
