//! Statements of the typed program.

use super::bind::{Owner, Target};
use super::function::{Function, Home, leaves_of};
use super::not_here;
use super::pull::Scope;
use crate::array::DType;
use crate::base::{Outcome, Span};
use crate::builtins::build::{A, Value};
use crate::kernel::ir::*;
use crate::ops::ScalarOp;
use crate::sema::hir::{self, LocalId, StmtKind};

impl Function<'_> {
    /// The statements of a block go to the open one; its value.
    pub fn statements(&mut self, block: &hir::Block) -> Outcome<Value> {
        if block.stmts.is_empty() {
            return self.last(block);
        }
        // What a statement round this has found out may change here.
        let outer = std::mem::replace(&mut self.scopes, vec![Scope::default()]);
        let value = self.each_statement(block);
        self.scopes = outer;
        self.scopes.iter_mut().for_each(|scope| scope.checked.clear());
        value
    }

    fn last(&mut self, block: &hir::Block) -> Outcome<Value> {
        block.value.as_ref().map_or(Ok(Value::Unit), |value| self.expr(value))
    }

    fn each_statement(&mut self, block: &hir::Block) -> Outcome<Value> {
        for stmt in &block.stmts {
            let span = std::mem::replace(&mut self.span, stmt.span);
            self.stmt(stmt)?;
            self.span = span;
            if let Some(scope) = self.scopes.last_mut() {
                *scope = Scope::default();
            }
            // What follows is never reached, and nothing may stand behind a jump.
            if matches!(self.out.last(), Some(Stmt::Break | Stmt::Continue | Stmt::Return(_) | Stmt::Fail { .. })) {
                return Ok(Value::Unit);
            }
        }
        self.last(block)
    }

    fn stmt(&mut self, stmt: &hir::Stmt) -> Outcome<()> {
        match &stmt.kind {
            StmtKind::Bind { local, value } => self.bind(stmt, &[Some(*local)], value),
            StmtKind::Unpack { locals, value } => self.bind(stmt, locals, value),
            StmtKind::Store { local, index, value } => self.store(*local, index, value),
            StmtKind::Expr { value, .. } => {
                let value = self.expr(value)?;
                self.run(&value);
                Ok(())
            }
            StmtKind::For { parallel, local, iter, body } => self.for_loop(stmt, *parallel, *local, iter, body),
            StmtKind::While { cond, body } => self.while_loop(cond, body),
            StmtKind::Break => {
                self.out.push(Stmt::Break);
                Ok(())
            }
            StmtKind::Continue => {
                self.out.push(Stmt::Continue);
                Ok(())
            }
            StmtKind::Return(None) => {
                self.out.push(Stmt::Return(Vec::new()));
                Ok(())
            }
            StmtKind::Return(Some(value)) => {
                let value = self.expr(value)?;
                self.give_back(&value)
            }
            StmtKind::Assert { cond, message } => {
                let holds = self.array(cond)?;
                let holds = self.scalar(holds);
                let span = message.as_ref().map_or(cond.span, |message| message.span);
                let cond = Expr::Op { op: ScalarOp::Not, dtype: DType::Bool, args: vec![holds], span };
                let then = vec![Stmt::Fail { fault: FaultKind::Assertion, values: Vec::new(), span }];
                self.out.push(Stmt::If { cond, then, other: Vec::new() });
                Ok(())
            }
        }
    }

    /// Binds one variable to a value, or several to the items of a tuple.
    fn bind(&mut self, stmt: &hir::Stmt, locals: &[Option<LocalId>], value: &hir::Expr) -> Outcome<()> {
        let span = value.span;
        let value = self.expr(value)?;
        let unpacks = matches!(stmt.kind, StmtKind::Unpack { .. });
        let items = match value {
            Value::Tuple(items) if unpacks => items,
            Value::Record(fields) if unpacks => fields.into_iter().map(|(_, field)| field).collect(),
            value => vec![value],
        };
        let mut targets = Vec::new();
        for (local, item) in locals.iter().zip(&items) {
            match local {
                Some(local) => self.targets(*local, item, span, &mut targets)?,
                None => self.run(item),
            }
        }
        let live = std::mem::take(&mut self.live);
        self.assign(targets, &|local| locals.contains(&Some(local)) || !live.is_live_after(stmt, local));
        self.live = live;
        Ok(())
    }

    /// What binding a variable to a value binds.
    pub fn targets(&mut self, local: LocalId, value: &Value, span: Span, targets: &mut Vec<Target>) -> Outcome<()> {
        let stored = self.effects.stored.contains(&local);
        for (home, value) in self.pair_up(self.home_of(local), value, span)? {
            targets.push(Target { home, stored, value });
        }
        Ok(())
    }

    /// Computes a value that nobody takes, for what may fail in it.
    fn run(&mut self, value: &Value) {
        for a in leaves_of(value) {
            if self.node(a).ty.rank() > 0 {
                self.slot_of(a);
            } else {
                self.settled(a);
            }
        }
    }

    /// Returns a value from the function. No two arrays that it gives to the caller alone share memory.
    pub fn give_back(&mut self, value: &Value) -> Outcome<()> {
        let mut operands = Vec::new();
        let mut owners: Vec<Owner> = Vec::new();
        let mut given: Vec<Option<ArrayId>> = Vec::new();
        let leaves = leaves_of(value);
        let mut results = Vec::new();
        super::function::each_leaf(&self.inst.result, &mut |ty| results.push(ty.dtype.storage()));
        if leaves.len() != results.len() {
            return Err(not_here(self.span, "this result"));
        }
        // Scalars are computed first: the statement evaluates them after the arrays are in their slots.
        for (a, dtype) in leaves.into_iter().zip(results) {
            let a = self.in_dtype(a, dtype);
            if self.node(a).ty.rank() == 0 {
                operands.push(Operand::Scalar(self.scalar(a)));
                continue;
            }
            let (mut slot, mut owner) = self.slot_of(a);
            let whole = match owner {
                Owner::Stored(None) => None,
                _ => Some(slot),
            };
            if owner != Owner::Shared && !given.is_empty() && (whole.is_none() || given.contains(&None) || given.contains(&whole)) {
                let copy: A = self.in_memory(a);
                (slot, owner) = self.slot_of(copy);
            }
            if owner != Owner::Shared {
                given.push(whole);
            }
            owners.push(owner);
            operands.push(Operand::Array(slot));
        }
        self.note_returned(&owners);
        self.out.push(Stmt::Return(operands));
        Ok(())
    }

    fn while_loop(&mut self, cond: &hir::Expr, body: &hir::Block) -> Outcome<()> {
        let span = self.span;
        let (before, holds) = self.block(|f| f.array(cond).map(|a| f.scalar(a)));
        let holds = holds?;
        let (inside, result) = self.block(|f| f.statements(body).map(|value| f.run(&value)));
        result?;
        if before.is_empty() {
            self.out.push(Stmt::While { cond: holds, body: inside, span });
            return Ok(());
        }
        // The condition takes statements, which run before each pass.
        let stop = Stmt::If { cond: holds, then: Vec::new(), other: vec![Stmt::Break] };
        let body = before.into_iter().chain([stop]).chain(inside).collect();
        let forever = Expr::Const(crate::array::Scalar::bool(true));
        self.out.push(Stmt::While { cond: forever, body, span });
        Ok(())
    }
}

impl Home {
    /// A single variable.
    pub fn as_scalar(&self) -> Option<VarId> {
        if let Home::Scalar(var) = self { Some(*var) } else { None }
    }
}
