//! Names in the Ast: what a body assigns and what it mentions. Owns no meaning of names.

use crate::base::Name;
use crate::syntax::ast::*;
use rustc_hash::{FxHashMap, FxHashSet};

/// The names that statements bind, in any depth, not those of functions inside.
pub fn assigned(stmts: &[Stmt]) -> FxHashSet<Name> {
    let mut walk = Walk::default();
    walk.stmts(stmts);
    walk.assigned
}

/// The names that statements inside an expression bind.
pub fn assigned_in(expr: &Expr) -> FxHashSet<Name> {
    let mut walk = Walk::default();
    walk.expr(expr);
    walk.assigned
}

/// The names that a function body mentions and does not bind itself, in order of appearance, functions inside included.
/// Some may turn out to be dimensions or built-ins.
pub fn free(params: &[Param], body: &Block) -> Vec<Name> {
    let mut walk = Walk::default();
    walk.function(params, |inner| inner.stmts(&body.stmts));
    walk.mentioned
}

/// How often a body mentions each name, and the indices of what it reads of the names.
pub fn reads(body: &Block) -> (FxHashMap<Name, usize>, Vec<(&Name, &[IndexArg])>) {
    let mut walk = Walk::default();
    walk.stmts(&body.stmts);
    (walk.counts, walk.indexed)
}

#[derive(Default)]
struct Walk<'a> {
    assigned: FxHashSet<Name>,
    mentioned: Vec<Name>,
    counts: FxHashMap<Name, usize>,
    indexed: Vec<(&'a Name, &'a [IndexArg])>,
}

impl<'a> Walk<'a> {
    fn mention(&mut self, name: &Name, times: usize) {
        let count = self.counts.entry(name.clone()).or_default();
        if *count == 0 {
            self.mentioned.push(name.clone());
        }
        *count += times;
    }

    fn assign(&mut self, ident: &Ident) {
        self.assigned.insert(ident.name.clone());
    }

    /// A function inside: its names without those it binds.
    fn function(&mut self, params: &'a [Param], body: impl FnOnce(&mut Walk<'a>)) {
        let mut inner = Walk::default();
        for param in params {
            inner.assign(&param.ident);
            inner.exprs(&param.default);
        }
        body(&mut inner);
        let Walk { assigned, mentioned, counts, indexed } = inner;
        for name in mentioned.iter().filter(|name| !assigned.contains(*name)) {
            self.mention(name, counts[name]);
        }
        self.indexed.extend(indexed.into_iter().filter(|(name, _)| !assigned.contains(*name)));
    }

    fn stmts(&mut self, stmts: &'a [Stmt]) {
        for stmt in stmts {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Bind { targets, value } => {
                self.expr(value);
                targets.iter().for_each(|target| self.assign(&target.ident));
            }
            StmtKind::Assign { place, value, .. } => {
                self.expr(place);
                self.expr(value);
                if let Some(ident) = root(place) {
                    self.assigned.insert(ident);
                }
            }
            StmtKind::Expr { value, .. } => self.expr(value),
            StmtKind::For { target, iter, body, .. } => {
                self.expr(iter);
                target.iter().for_each(|ident| self.assign(ident));
                self.stmts(&body.stmts);
            }
            StmtKind::While { cond, body } => {
                self.expr(cond);
                self.stmts(&body.stmts);
            }
            StmtKind::Return(value) => self.exprs(value),
            StmtKind::Fn(function) => {
                self.function(&function.params, |inner| inner.stmts(&function.body.stmts));
                self.assign(&function.ident);
            }
            StmtKind::Assert { cond, message } => {
                self.expr(cond);
                self.exprs(message);
            }
            StmtKind::Break | StmtKind::Continue | StmtKind::Use(_) | StmtKind::Error => {}
        }
    }

    fn exprs(&mut self, exprs: impl IntoIterator<Item = &'a Expr>) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Name(name) => self.mention(name, 1),
            ExprKind::Number { .. } | ExprKind::RowField(_) | ExprKind::Error => {}
            ExprKind::Text(parts) => self.exprs(parts.iter().filter_map(|part| match part {
                TextPart::Value { value, .. } => Some(value),
                TextPart::Literal(_) => None,
            })),
            ExprKind::Unary { operand, .. } => self.expr(operand),
            ExprKind::Binary { left, right, .. } => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::Call { callee, args } => {
                self.expr(callee);
                self.exprs(args.iter().map(|arg| &arg.value));
            }
            ExprKind::Method { receiver, name, args } => {
                self.expr(receiver);
                self.mention(&name.name, 1);
                self.exprs(args.iter().map(|arg| &arg.value));
            }
            ExprKind::Field { base, .. } => self.expr(base),
            ExprKind::Index { base, args } => {
                if let ExprKind::Name(name) = &base.kind {
                    self.indexed.push((name, args));
                }
                self.expr(base);
                self.exprs(args.iter().filter_map(|arg| match &arg.kind {
                    IndexKind::Expr(value) => Some(value),
                    IndexKind::NewAxis(_) => None,
                }));
            }
            ExprKind::Range { lo, hi, step, .. } => {
                self.exprs([lo, hi, step].into_iter().flatten().map(|part| &**part));
            }
            ExprKind::Tuple(items) | ExprKind::List(items) => self.exprs(items),
            ExprKind::Record(fields) => self.exprs(fields.iter().map(|(_, value)| value)),
            ExprKind::If { cond, then, other } => {
                self.expr(cond);
                self.stmts(&then.stmts);
                other.iter().for_each(|block| self.stmts(&block.stmts));
            }
            ExprKind::Block(block) => self.stmts(&block.stmts),
            ExprKind::Lambda { params, body } => self.function(params, |inner| inner.expr(body)),
            ExprKind::Each { over, options, body } => {
                self.exprs(over.iter().filter_map(|var| var.iter.as_ref()));
                self.exprs(options.iter().map(|(_, value)| value));
                self.function(&[], |inner| {
                    over.iter().for_each(|var| inner.assign(&var.ident));
                    inner.stmts(&body.stmts);
                });
            }
        }
    }
}

/// The variable that an assignment changes: `x` of `x[i][j] = v`.
pub fn root(place: &Expr) -> Option<Name> {
    match &place.kind {
        ExprKind::Name(name) => Some(name.clone()),
        ExprKind::Index { base, .. } | ExprKind::Field { base, .. } => root(base),
        _ => None,
    }
}
