//! Inlining: calls of small kernels that do not call themselves become their statements. Callees come first, so that chains go in one pass.
//! Kernels that nothing calls any more are dropped. A kernel whose `Return`s stand in loops stays a call.

use super::PassOptions;
use crate::array::{DType, Scalar};
use crate::base::{Outcome, Span};
use crate::kernel::facts::binds_before_use;
use crate::kernel::ir::*;
use crate::kernel::liveness::live_before;
use crate::kernel::visit;
use std::collections::BTreeSet;

/// Largest callee (statements and expression nodes) that goes into a call in a loop, or into the only call of it.
const LARGE: usize = 400;
/// Largest callee elsewhere.
const SMALL: usize = 60;
/// A kernel stops growing here.
const CALLER: usize = 8_000;

pub fn inline(module: &mut Module, _options: &PassOptions) -> Outcome<()> {
    for at in callees_first(module) {
        let mut body = std::mem::take(&mut module.kernels[at].body);
        let mut inliner = Inliner { module, caller: at, size: size(&body) };
        inliner.body(&mut body, false);
        module.kernels[at].body = body;
    }
    drop_uncalled(module);
    Ok(())
}

/// Statements and expression nodes of a body.
pub fn size(body: &[Stmt]) -> usize {
    let mut size = 0;
    visit::statements(body, &mut |_| size += 1);
    visit::all_exprs(body, &mut |_| size += 1);
    size
}

/// The kernels a kernel calls, in calls and parallel loops.
fn calls(kernel: &Kernel) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    visit::statements(&kernel.body, &mut |stmt| {
        if let Stmt::Call { kernel, .. } | Stmt::ParFor { kernel, .. } = stmt {
            found.insert(kernel.0 as usize);
        }
    });
    found
}

/// All kernels, each after those it calls (but for those that call each other).
fn callees_first(module: &Module) -> Vec<usize> {
    fn visit_from(at: usize, module: &Module, seen: &mut [bool], order: &mut Vec<usize>) {
        if std::mem::replace(&mut seen[at], true) {
            return;
        }
        for callee in calls(&module.kernels[at]) {
            visit_from(callee, module, seen, order);
        }
        order.push(at);
    }
    let (mut seen, mut order) = (vec![false; module.kernels.len()], Vec::new());
    for at in 0..module.kernels.len() {
        visit_from(at, module, &mut seen, &mut order);
    }
    order
}

/// Can a kernel come to call another, directly or through others?
fn reaches(module: &Module, from: usize, to: usize) -> bool {
    let (mut seen, mut todo) = (BTreeSet::new(), vec![from]);
    while let Some(at) = todo.pop() {
        let next = calls(&module.kernels[at]);
        if next.contains(&to) {
            return true;
        }
        todo.extend(next.into_iter().filter(|callee| seen.insert(*callee)));
    }
    false
}

struct Inliner<'m> {
    module: &'m mut Module,
    /// The kernel being changed; its body is not in the module meanwhile.
    caller: usize,
    size: usize,
}

impl Inliner<'_> {
    fn body(&mut self, body: &mut Vec<Stmt>, in_loop: bool) {
        let mut done = Vec::with_capacity(body.len());
        for mut stmt in std::mem::take(body) {
            let inner_loop = in_loop || matches!(stmt, Stmt::For { .. } | Stmt::While { .. });
            for inner in visit::bodies_mut(&mut stmt) {
                self.body(inner, inner_loop);
            }
            match &stmt {
                Stmt::Call { kernel, args, results, span } if self.wants(kernel.0 as usize, in_loop) => {
                    match self.call(kernel.0 as usize, args, results, *span) {
                        Some(stmts) => done.extend(stmts),
                        None => done.push(stmt),
                    }
                }
                _ => done.push(stmt),
            }
        }
        *body = done;
    }

    fn wants(&self, callee: usize, in_loop: bool) -> bool {
        let size = size(&self.module.kernels[callee].body);
        let fits = size <= if in_loop { LARGE } else { SMALL };
        callee != self.caller
            && fits
            && self.size + size <= CALLER
            && !reaches(self.module, callee, callee)
            && !reaches(self.module, callee, self.caller)
    }

    /// The statements that do what a call does; `None` if its returns do not allow it.
    fn call(&mut self, callee: usize, args: &[Operand], results: &[Place], span: Span) -> Option<Vec<Stmt>> {
        let source = self.module.kernels[callee].clone();
        let mut body = source.body.clone();
        structure(&mut body)?;
        let mut given =
            source.params.iter().filter_map(|param| if let Param::Array(array) = param { Some(*array) } else { None }).collect();
        // A slot that is empty at first would not be, when the call comes again.
        if !binds_before_use(&body, &mut given) {
            return None;
        }
        let caller = &mut self.module.kernels[self.caller];
        let (first_var, first_array) = (caller.vars.len() as u32, caller.arrays.len() as u32);
        caller.vars.extend(source.vars.iter().cloned());
        caller.arrays.extend(source.arrays.iter().cloned());
        let var = |id: VarId| VarId(id.0 + first_var);
        // A slot that the callee does not bind is the caller's own.
        let bound = visit::all_binds(&body);
        let own: Vec<Option<ArrayId>> = (0..source.arrays.len() as u32)
            .map(|at| {
                let at = ArrayId(at);
                let param = source.params.iter().position(|param| *param == Param::Array(at))?;
                match args.get(param) {
                    Some(Operand::Array(given)) if !bound.contains(&at) && !results.contains(&Place::Array(*given)) => Some(*given),
                    _ => None,
                }
            })
            .collect();
        let array = |id: ArrayId| own[id.0 as usize].unwrap_or(ArrayId(id.0 + first_array));

        let mut stmts = Vec::new();
        for (param, arg) in source.params.iter().zip(args) {
            match (param, arg) {
                (Param::Scalar(to), Operand::Scalar(value)) => stmts.push(Stmt::Set { var: var(*to), value: value.clone(), span }),
                (Param::Array(to), Operand::Array(from)) if array(*to) != *from => {
                    stmts.push(Stmt::Rebind { pairs: vec![(array(*to), *from)], span });
                }
                _ => {}
            }
        }
        // What the callee reads before it sets is zero there, also when the call comes again.
        let read_first = live_before::<VarId>(&body);
        for (at, decl) in source.vars.iter().enumerate() {
            let id = VarId(at as u32);
            if read_first.contains(id) && !source.params.contains(&Param::Scalar(id)) {
                stmts.push(Stmt::Set { var: var(id), value: zero(decl.dtype), span });
            }
        }
        visit::rename(&mut body, &var, &array);
        let finish = Finish { results, span };
        finish.returns(&mut body);
        self.size += size(&body);
        stmts.extend(body);
        Some(stmts)
    }
}

fn zero(dtype: DType) -> Expr {
    Expr::Const(Scalar { dtype, bits: 0 })
}

/// Brings every `Return` to the end of the body, or of a branch that ends it: what follows a branch that returns moves into the other
/// branch. `None` if a `Return` stands in a loop.
fn structure(body: &mut Vec<Stmt>) -> Option<()> {
    let at = body.iter().position(|stmt| matches!(stmt, Stmt::If { .. }) && returns(std::slice::from_ref(stmt)));
    if let Some(at) = at {
        let rest = body.split_off(at + 1);
        if let Some(Stmt::If { then, other, .. }) = body.last_mut() {
            match (always_returns(then), always_returns(other)) {
                (true, true) => {}
                (true, false) => other.extend(rest),
                (false, true) => then.extend(rest),
                (false, false) => return None,
            }
            structure(then)?;
            structure(other)?;
        }
    }
    let in_loops = body.iter().any(|stmt| matches!(stmt, Stmt::For { .. } | Stmt::While { .. }) && returns(std::slice::from_ref(stmt)));
    (!in_loops).then_some(())
}

fn returns(body: &[Stmt]) -> bool {
    visit::any(body, |stmt| matches!(stmt, Stmt::Return(_)))
}

fn always_returns(body: &[Stmt]) -> bool {
    match body.last() {
        Some(Stmt::Return(_) | Stmt::Fail { .. }) => true,
        Some(Stmt::If { then, other, .. }) => always_returns(then) && always_returns(other),
        _ => false,
    }
}

/// Where results go.
struct Finish<'a> {
    results: &'a [Place],
    span: Span,
}

impl Finish<'_> {
    /// Turns the `Return`s at the ends of a body into assignments.
    fn returns(&self, body: &mut Vec<Stmt>) {
        match body.last_mut() {
            Some(Stmt::If { then, other, .. }) => {
                self.returns(then);
                self.returns(other);
            }
            Some(Stmt::Return(_)) => {
                let Some(Stmt::Return(values)) = body.pop() else { return };
                let mut pairs = Vec::new();
                for (place, value) in self.results.iter().zip(values) {
                    match (place, value) {
                        (Place::Scalar(var), Operand::Scalar(value)) => body.push(Stmt::Set { var: *var, value, span: self.span }),
                        (Place::Array(to), Operand::Array(from)) => pairs.push((*to, from)),
                        _ => {}
                    }
                }
                if !pairs.is_empty() {
                    body.push(Stmt::Rebind { pairs, span: self.span });
                }
            }
            _ => {}
        }
    }
}

/// Removes kernels that the first does not come to call.
fn drop_uncalled(module: &mut Module) {
    let (mut used, mut todo) = (BTreeSet::from([0]), vec![0]);
    while let Some(at) = todo.pop() {
        let Some(kernel) = module.kernels.get(at) else { continue };
        todo.extend(calls(kernel).into_iter().filter(|callee| used.insert(*callee)));
    }
    let place = |id: KernelId| KernelId(used.iter().take_while(|at| **at < id.0 as usize).count() as u32);
    for kernel in &mut module.kernels {
        visit::statements_mut(&mut kernel.body, &mut |stmt| {
            if let Stmt::Call { kernel, .. } | Stmt::ParFor { kernel, .. } = stmt {
                *kernel = place(*kernel);
            }
        });
    }
    let mut at = 0;
    module.kernels.retain(|_| {
        at += 1;
        used.contains(&(at - 1))
    });
}
