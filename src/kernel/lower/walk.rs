//! Walking the typed program: the parts of expressions and statements in order of evaluation, and what a body assigns or mentions.
//! Owns no order of control (see `live`).

use crate::sema::hir::*;
use rustc_hash::FxHashSet;

/// A part of an expression or statement.
#[derive(Clone, Copy)]
pub enum Part<'a> {
    Expr(&'a Expr),
    Block(&'a Block),
}

/// The parts of an expression in the order in which they are evaluated.
pub fn expr_parts(expr: &Expr) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    match &expr.kind {
        ExprKind::Const(_) | ExprKind::Local(_) | ExprKind::Open { .. } | ExprKind::Unit => {}
        ExprKind::Text(text) => parts.extend(text.iter().filter_map(|part| match part {
            TextPart::Literal(_) => None,
            TextPart::Value { value, .. } => Some(Part::Expr(value)),
        })),
        ExprKind::Tuple(items)
        | ExprKind::Invoke { args: items, .. }
        | ExprKind::Host { args: items, .. }
        | ExprKind::Function { captures: items } => {
            parts.extend(items.iter().map(Part::Expr));
        }
        ExprKind::Record(fields) => parts.extend(fields.iter().map(|(_, field)| Part::Expr(field))),
        ExprKind::Field { base, .. } | ExprKind::Variable { dataset: base, .. } => parts.push(Part::Expr(base)),
        ExprKind::Range { lo, hi, step, .. } => {
            parts.extend([Part::Expr(lo), Part::Expr(hi)]);
            parts.extend(step.iter().map(|step| Part::Expr(step)));
        }
        ExprKind::Call { args, .. } => parts.extend(call_exprs(args).into_iter().map(Part::Expr)),
        ExprKind::Index { base, index } => {
            parts.push(Part::Expr(base));
            parts.extend(index_exprs(index).into_iter().map(Part::Expr));
        }
        ExprKind::Edged { base, index, fill, .. } => {
            parts.push(Part::Expr(base));
            parts.extend(index.iter().map(Part::Expr));
            parts.extend(fill.iter().map(|fill| Part::Expr(fill)));
        }
        ExprKind::If { cond, then, other } => parts.extend([Part::Expr(cond), Part::Block(then), Part::Block(other)]),
        ExprKind::Block(block) => parts.push(Part::Block(block)),
    }
    parts
}

/// The expressions among the arguments of a call.
pub fn call_exprs(args: &CallArgs) -> Vec<&Expr> {
    let given = args.values.iter().flatten().chain(args.rest.iter().map(|(_, argument)| argument));
    let mut exprs = Vec::new();
    for argument in given {
        match argument {
            Argument::Expr(expr) => exprs.push(expr),
            Argument::Type { shape: Some(shape), .. } => exprs.extend(shape),
            Argument::Type { shape: None, .. } | Argument::Dims(_) => {}
        }
    }
    exprs
}

/// The expressions among indices.
pub fn index_exprs(index: &[Index]) -> Vec<&Expr> {
    let mut exprs = Vec::new();
    for entry in index {
        match entry {
            Index::At(at) | Index::Take(at) => exprs.push(at),
            Index::Range { lo, hi, .. } => exprs.extend(lo.iter().chain(hi)),
            Index::All | Index::New => {}
        }
    }
    exprs
}

/// The parts of a statement in the order in which they are evaluated.
pub fn stmt_parts(stmt: &Stmt) -> Vec<Part<'_>> {
    match &stmt.kind {
        StmtKind::Bind { value, .. } | StmtKind::Unpack { value, .. } | StmtKind::Expr { value, .. } => vec![Part::Expr(value)],
        StmtKind::Store { index, value, .. } => {
            let mut parts: Vec<Part> = index_exprs(index).into_iter().map(Part::Expr).collect();
            parts.push(Part::Expr(value));
            parts
        }
        StmtKind::For { iter, body, .. } => vec![Part::Expr(iter), Part::Block(body)],
        StmtKind::While { cond, body } => vec![Part::Expr(cond), Part::Block(body)],
        StmtKind::Break | StmtKind::Continue | StmtKind::Return(None) => Vec::new(),
        StmtKind::Return(Some(value)) => vec![Part::Expr(value)],
        StmtKind::Assert { cond, message } => std::iter::once(cond).chain(message).map(Part::Expr).collect(),
    }
}

/// Sees every statement and expression in a body.
pub fn visit<'a>(part: Part<'a>, see: &mut dyn FnMut(Seen<'a>)) {
    match part {
        Part::Expr(expr) => {
            see(Seen::Expr(expr));
            expr_parts(expr).into_iter().for_each(|part| visit(part, see));
        }
        Part::Block(block) => {
            for stmt in &block.stmts {
                see(Seen::Stmt(stmt));
                stmt_parts(stmt).into_iter().for_each(|part| visit(part, see));
            }
            if let Some(value) = &block.value {
                visit(Part::Expr(value), see);
            }
        }
    }
}

#[derive(Clone, Copy)]
pub enum Seen<'a> {
    Stmt(&'a Stmt),
    Expr(&'a Expr),
}

pub type Locals = FxHashSet<LocalId>;

/// What a part does to variables.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// Bound whole: by `=`, by taking a tuple apart, by a loop.
    pub bound: Locals,
    /// Arrays with elements assigned.
    pub stored: Locals,
    pub mentioned: Locals,
}

impl Effects {
    pub fn of(part: Part<'_>) -> Effects {
        let mut effects = Effects::default();
        visit(part, &mut |seen| match seen {
            Seen::Expr(Expr { kind: ExprKind::Local(local), .. }) => {
                effects.mentioned.insert(*local);
            }
            Seen::Expr(_) => {}
            Seen::Stmt(stmt) => match &stmt.kind {
                StmtKind::Bind { local, .. } | StmtKind::For { local, .. } => {
                    effects.bound.insert(*local);
                }
                StmtKind::Unpack { locals, .. } => effects.bound.extend(locals.iter().flatten()),
                StmtKind::Store { local, .. } => {
                    effects.stored.insert(*local);
                }
                _ => {}
            },
        });
        effects
    }
    /// Of a whole function. A variable that a loop binds, and hands to one that is stored into, counts as stored into itself: it has memory
    /// of its own then, which changes hands each time (`u, next = next, u`), where otherwise each time a copy would be made.
    pub fn of_function(body: &Block) -> Effects {
        let mut effects = Effects::of(Part::Block(body));
        let handed = handed_in_loops(body);
        while let Some((_, from)) = handed.iter().find(|(to, from)| effects.stored.contains(to) && !effects.stored.contains(from)) {
            effects.stored.insert(*from);
        }
        effects
    }
    /// Bound whole or in part.
    pub fn assigns(&self, local: LocalId) -> bool {
        self.bound.contains(&local) || self.stored.contains(&local)
    }
}

/// What loops bind to what, where both are variables that the loop binds: (to, from).
fn handed_in_loops(body: &Block) -> Vec<(LocalId, LocalId)> {
    let mut handed = Vec::new();
    visit(Part::Block(body), &mut |seen| {
        let Seen::Stmt(Stmt { kind: StmtKind::For { body, .. } | StmtKind::While { body, .. }, .. }) = seen else { return };
        let bound = Effects::of(Part::Block(body)).bound;
        let mut pair = |to: Option<LocalId>, from: &Expr| {
            if let (Some(to), ExprKind::Local(from)) = (to, &from.kind)
                && bound.contains(from)
            {
                handed.push((to, *from));
            }
        };
        visit(Part::Block(body), &mut |seen| match seen {
            Seen::Stmt(Stmt { kind: StmtKind::Bind { local, value }, .. }) => pair(Some(*local), value),
            Seen::Stmt(Stmt { kind: StmtKind::Unpack { locals, value: Expr { kind: ExprKind::Tuple(items), .. } }, .. }) => {
                locals.iter().zip(items).for_each(|(to, from)| pair(*to, from));
            }
            _ => {}
        });
    });
    handed
}

/// The functions that a body invokes, in order of appearance.
pub fn invoked(body: &Block) -> Vec<InstId> {
    let mut found = Vec::new();
    visit(Part::Block(body), &mut |seen| {
        if let Seen::Expr(Expr { kind: ExprKind::Invoke { inst, .. }, .. }) = seen
            && !found.contains(inst)
        {
            found.push(*inst);
        }
    });
    found
}
