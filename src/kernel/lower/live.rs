//! Liveness of variables: after which statements the value of a variable may still be read. Tells which arrays can change hands without
//! a copy. Linear in the size of the body, whatever the depth of its loops.

use super::walk::{Locals, Part, expr_parts, stmt_parts};
use crate::sema::hir::*;
use rustc_hash::FxHashMap;

/// The variables that are live after each statement that binds some.
#[derive(Debug, Default)]
pub struct Live {
    after: FxHashMap<*const Stmt, Locals>,
    /// What the body of a loop reads before binding it.
    exposed: FxHashMap<*const Stmt, Locals>,
    /// Live where `break` and `continue` of the loops round a statement lead to, innermost last.
    exits: Vec<(Locals, Locals)>,
    recording: bool,
}

impl Live {
    /// Of a function's body.
    pub fn of(body: &Block) -> Live {
        let mut live = Live { recording: true, ..Live::default() };
        live.block(body, Locals::default());
        live
    }

    /// May the value that a variable has after the statement be read later? The statement is `Bind`, `Unpack` or `For` of the same body.
    pub fn is_live_after(&self, stmt: &Stmt, local: LocalId) -> bool {
        self.after.get(&std::ptr::from_ref(stmt)).is_none_or(|live| live.contains(&local))
    }

    fn block(&mut self, block: &Block, mut live: Locals) -> Locals {
        if let Some(value) = &block.value {
            live = self.expr(value, live);
        }
        for stmt in block.stmts.iter().rev() {
            live = self.stmt(stmt, live);
        }
        live
    }

    fn part(&mut self, part: Part<'_>, live: Locals) -> Locals {
        match part {
            Part::Expr(expr) => self.expr(expr, live),
            Part::Block(block) => self.block(block, live),
        }
    }

    fn expr(&mut self, expr: &Expr, mut live: Locals) -> Locals {
        match &expr.kind {
            ExprKind::Local(local) => {
                live.insert(*local);
            }
            ExprKind::If { cond, then, other } => {
                let mut either = self.block(then, live.clone());
                either.extend(self.block(other, live));
                live = self.expr(cond, either);
            }
            _ => {
                for part in expr_parts(expr).into_iter().rev() {
                    live = self.part(part, live);
                }
            }
        }
        live
    }

    fn stmt(&mut self, stmt: &Stmt, mut live: Locals) -> Locals {
        if self.recording && matches!(stmt.kind, StmtKind::Bind { .. } | StmtKind::Unpack { .. } | StmtKind::For { .. }) {
            self.after.insert(stmt, live.clone());
        }
        match &stmt.kind {
            StmtKind::For { iter, .. } => {
                live = self.around(stmt, live);
                return self.expr(iter, live);
            }
            StmtKind::While { .. } => return self.around(stmt, live),
            StmtKind::Break => return self.exits.last().map(|(after, _)| after.clone()).unwrap_or_default(),
            StmtKind::Continue => return self.exits.last().map(|(_, again)| again.clone()).unwrap_or_default(),
            StmtKind::Return(_) => live = Locals::default(),
            StmtKind::Bind { local, .. } => {
                live.remove(local);
            }
            StmtKind::Unpack { locals, .. } => locals.iter().flatten().for_each(|local| {
                live.remove(local);
            }),
            StmtKind::Store { local, .. } => {
                live.insert(*local);
            }
            StmtKind::Expr { .. } | StmtKind::Assert { .. } => {}
        }
        for part in stmt_parts(stmt).into_iter().rev() {
            live = self.part(part, live);
        }
        live
    }

    /// Live where a pass of the loop begins: what is live after the loop, and what a pass reads first.
    fn around(&mut self, stmt: &Stmt, after: Locals) -> Locals {
        if !self.exposed.contains_key(&std::ptr::from_ref(stmt)) {
            let recording = std::mem::replace(&mut self.recording, false);
            let exposed = self.pass(stmt, Locals::default(), Locals::default());
            self.recording = recording;
            self.exposed.insert(stmt, exposed);
        }
        let mut again = after.clone();
        again.extend(self.exposed.get(&std::ptr::from_ref(stmt)).into_iter().flatten());
        if self.recording {
            self.pass(stmt, after, again.clone());
        }
        again
    }

    /// Live at the begin of one pass of a loop.
    fn pass(&mut self, stmt: &Stmt, after: Locals, again: Locals) -> Locals {
        self.exits.push((after.clone(), again.clone()));
        let live = match &stmt.kind {
            StmtKind::For { local, body, .. } => {
                let mut live = self.block(body, again);
                live.remove(local);
                live
            }
            StmtKind::While { cond, body } => {
                let mut live = self.block(body, again);
                live.extend(after);
                self.expr(cond, live)
            }
            _ => again,
        };
        self.exits.pop();
        live
    }
}
