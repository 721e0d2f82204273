//! Expressions, for all passes of the open loops together.

use super::frame::{Affine, Elem, Frame, Lift, MAX_CALLS, Val, Var};
use crate::array::{DType, Scalar};
use crate::base::Span;
use crate::builtins::build::{A, Value};
use crate::builtins::{Args, Builtin, Define, Family, ParamKind, apply, elementwise};
use crate::kernel::lower::arguments;
use crate::ops::ScalarOp;
use crate::sema::hir::{Block, CallArgs, Class, Expr, ExprKind, InstId, StmtKind};
use crate::types::Ty;

impl Lift<'_> {
    pub fn expr(&mut self, frame: &mut Frame, expr: &Expr) -> Option<Val> {
        self.deeper(|this| this.one_expr(frame, expr))
    }

    fn one_expr(&mut self, frame: &mut Frame, expr: &Expr) -> Option<Val> {
        self.b.at(expr.span);
        if let (Some(known), ExprKind::Const(_) | ExprKind::Local(_) | ExprKind::Field { .. } | ExprKind::Call { .. }) =
            (expr.known, &expr.kind)
        {
            return Some(self.constant(known));
        }
        match &expr.kind {
            ExprKind::Const(value) => Some(self.constant(*value)),
            ExprKind::Local(local) => match frame.var(*local) {
                Var::Bound(val) => Some(val.clone()),
                Var::Unset | Var::Carried { .. } | Var::Folded(_) | Var::Target(_) => None,
            },
            ExprKind::Tuple(items) | ExprKind::Function { captures: items } => self.exprs(frame, items).map(Val::tuple),
            ExprKind::Record(fields) => {
                let mut values = Vec::with_capacity(fields.len());
                for (name, field) in fields {
                    values.push((name.clone(), self.expr(frame, field)?.plain()?));
                }
                Some(Val::Plain(Value::Record(values)))
            }
            ExprKind::Field { base, position } => self.expr(frame, base)?.item(*position),
            ExprKind::Range { lo, hi, step, inclusive } => {
                let (lo, mut hi) = (self.expr(frame, lo)?, self.expr(frame, hi)?);
                let step = match step {
                    Some(step) => self.expr(frame, step)?,
                    None => self.constant(Scalar::i64(1)),
                };
                if *inclusive {
                    let end = self.known_int(&hi)?.checked_add(self.known_int(&step)?.signum())?;
                    hi = self.constant(Scalar::i64(end));
                }
                Some(Val::tuple(vec![lo, hi, step]))
            }
            ExprKind::Call { builtin, args } => self.builtin(frame, builtin, args, expr.span),
            ExprKind::Invoke { inst, args } => {
                let args = self.exprs(frame, args)?;
                self.call(*inst, args)
            }
            ExprKind::Index { base, index } => self.index(frame, base, index),
            ExprKind::Edged { base, index, edge, fill } => self.edged(frame, base, index, (*edge, fill.as_deref())),
            ExprKind::If { cond, then, other } => self.choose(frame, cond, then, other),
            ExprKind::Block(block) => self.block(frame, block),
            ExprKind::Unit => Some(Val::Plain(Value::Unit)),
            ExprKind::Text(_) | ExprKind::Variable { .. } | ExprKind::Open { .. } | ExprKind::Host { .. } => None,
        }
    }

    fn exprs(&mut self, frame: &mut Frame, exprs: &[Expr]) -> Option<Vec<Val>> {
        exprs.iter().map(|expr| self.expr(frame, expr)).collect()
    }

    /// A function of the program, looked into.
    pub fn call(&mut self, inst: InstId, args: Vec<Val>) -> Option<Val> {
        let world = self.world;
        let callee = world.instance(inst);
        let arrays = args.iter().any(|arg| matches!(arg, Val::Plain(Value::Array(a)) if self.b.ty(*a).rank() > 0));
        if callee.class == Class::Driver || callee.class == Class::Elementwise && arrays || self.calls == MAX_CALLS {
            return None;
        }
        let mut frame = Frame { inst: callee, vars: vec![Var::Unset; callee.locals.len()] };
        for (param, arg) in callee.params.iter().zip(args) {
            *frame.var_mut(*param) = Var::Bound(arg);
        }
        self.calls += 1;
        let value = self.body(&mut frame, &callee.body);
        self.calls -= 1;
        value
    }

    /// The value of a function's body, which may end with `return`.
    fn body(&mut self, frame: &mut Frame, body: &Block) -> Option<Val> {
        for stmt in &body.stmts {
            if let StmtKind::Return(value) = &stmt.kind {
                return value.as_ref().map_or(Some(Val::Plain(Value::Unit)), |value| self.expr(frame, value));
            }
            self.stmt(frame, stmt)?;
        }
        body.value.as_ref().map_or(Some(Val::Plain(Value::Unit)), |value| self.expr(frame, value))
    }

    fn builtin(&mut self, frame: &mut Frame, builtin: &'static Builtin, args: &CallArgs, span: Span) -> Option<Val> {
        let mut vals: Vec<Val> = Vec::new();
        let args = arguments(builtin, args, span, &mut |exprs| {
            let mut values = Vec::with_capacity(exprs.len());
            for expr in exprs {
                let Some(val) = self.expr(frame, expr) else { break };
                let plain = val.as_plain();
                let spread = self.spread(&val);
                vals.push(val);
                values.push(match (plain, spread) {
                    (Some(plain), _) => plain,
                    (None, Some(a)) => Value::Array(a),
                    (None, None) => break,
                });
            }
            if values.len() == exprs.len() {
                Ok(values)
            } else {
                Err(crate::base::Diagnostic::new(crate::base::Code::Internal, "not lifted"))
            }
        })
        .ok()?;
        self.b.at(span);
        let varies = vals.iter().any(|val| val.as_plain().is_none());
        let fails = self.may_fail(builtin, &args);
        if matches!(builtin.define, Define::Effect(_)) || fails && !self.masks.is_empty() {
            return None;
        }
        // In a loop a function of a scalar is the function of all its values, if it takes them one by one.
        if varies && !(builtin.family == Family::Elementwise && vals.iter().all(|val| self.is_scalar(val))) {
            return None;
        }
        let affine = self.affine(builtin, &vals);
        let value = apply(builtin, self.b, args).ok()?;
        Some(match value {
            Value::Array(a) if varies => match self.elem(a) {
                Val::Elem(elem) => Val::Elem(Elem { affine, ..elem }),
                plain => plain,
            },
            value if varies => return matches!(value, Value::Unit).then_some(Val::Plain(value)),
            value => Val::Plain(value),
        })
    }

    fn is_scalar(&self, val: &Val) -> bool {
        match val {
            Val::Elem(_) => true,
            Val::Plain(Value::Array(a)) => self.b.ty(*a).rank() == 0,
            _ => false,
        }
    }

    /// Whether the function may fail for some elements: then it is not computed where the program would not.
    fn may_fail(&self, builtin: &Builtin, args: &Args) -> bool {
        let dtypes =
            args.values.iter().flatten().filter_map(|value| if let Value::Array(a) = value { Some(self.b.ty(*a).dtype) } else { None });
        let mut dtypes = dtypes.peekable();
        match builtin.define {
            Define::Elementwise(op) => dtypes.any(|dtype| op.can_fail(if dtype == DType::Bool { DType::I64 } else { dtype }, self.checked)),
            // A conversion fails in a checked run alone.
            _ if builtin.params.iter().any(|param| param.kind == ParamKind::Type) => self.checked,
            // There is no position among no elements.
            _ if builtin.family == Family::Reduction => true,
            _ => self.checked || dtypes.any(|dtype| !dtype.is_float() && !dtype.is_complex()),
        }
    }

    /// Whether the result follows a loop, as `i + 1` does.
    fn affine(&self, builtin: &Builtin, vals: &[Val]) -> Option<Affine> {
        let follows = |val: &Val| if let Val::Elem(elem) = val { elem.affine } else { None };
        match (&builtin.define, vals) {
            (Define::Elementwise(ScalarOp::Add), [a, b]) => {
                let (affine, by) = match (follows(a), follows(b)) {
                    (Some(affine), None) => (affine, self.known_int(b)?),
                    (None, Some(affine)) => (affine, self.known_int(a)?),
                    _ => return None,
                };
                Some(Affine { start: affine.start.checked_add(by)?, ..affine })
            }
            (Define::Elementwise(ScalarOp::Sub), [a, b]) => match (follows(a), follows(b)) {
                (Some(affine), None) => Some(Affine { start: affine.start.checked_sub(self.known_int(b)?)?, ..affine }),
                (None, Some(affine)) => {
                    let start = self.known_int(a)?.checked_sub(affine.start)?;
                    Some(Affine { start, step: affine.step.checked_neg()?, ..affine })
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// An operation on scalars of the open loops.
    pub fn map(&mut self, op: ScalarOp, args: &[A]) -> Option<A> {
        elementwise(self.b, op, args).ok()
    }

    /// `if` with a value: both branches, each with what it may do where it is taken.
    fn choose(&mut self, frame: &mut Frame, cond: &Expr, then: &Block, other: &Block) -> Option<Val> {
        let cond = self.expr(frame, cond)?;
        if let Some(known) = self.known(&cond).and_then(Scalar::as_bool) {
            return self.block(frame, if known { then } else { other });
        }
        let (first, second) = self.branches(frame, &cond, |this, frame| this.block(frame, then), |this, frame| this.block(frame, other))?;
        self.select(&cond, &first, &second)
    }

    /// One value or the other, pass by pass.
    pub fn select(&mut self, cond: &Val, first: &Val, second: &Val) -> Option<Val> {
        if let (Val::Plain(Value::Unit), Val::Plain(Value::Unit)) = (first, second) {
            return Some(Val::Plain(Value::Unit));
        }
        let (cond, first, second) = (self.spread(cond)?, self.spread(first)?, self.spread(second)?);
        if first == second {
            return Some(self.elem(first));
        }
        if self.b.ty(first).dtype != self.b.ty(second).dtype {
            return None;
        }
        let a = self.map(ScalarOp::Select, &[cond, first, second])?;
        Some(self.elem(a))
    }

    /// A scalar's type in every pass.
    pub fn scalar_dtype(ty: &Ty) -> Option<DType> {
        ty.as_scalar()
    }
}
