//! Expressions: dispatch, literals, texts, tuples, records, lists, fields, lambdas. Operators, calls and indices have files of their own.

use super::checker::{Checker, Typed};
use super::hir::{Argument, CallArgs, ExprKind, TextPart};
use super::known::Known;
use super::resolve::{self, Found};
use super::world::{Item, ModuleId};
use crate::array::{Array, DType, Scalar};
use crate::base::diag::did_you_mean;
use crate::base::{Code, Diagnostic, Name, Span};
use crate::builtins;
use crate::builtins::values::Values;
use crate::syntax::ast;
use crate::types::{Ty, promote};

/// Built-ins of one array that are written without brackets, beside the parts of datetimes: `x.T`.
const FIELDS: &[&str] = &["T", "dims", "dtype", "imag", "ndim", "real", "shape", "size"];

/// Parts that a value may have, so that types stay small.
pub const MAX_PARTS: usize = 4096;

impl Checker<'_> {
    pub fn expr(&mut self, expr: &ast::Expr) -> Typed {
        let span = expr.span;
        self.deeper(span, Typed::error(span), |this| this.expr_inside(expr))
    }

    fn expr_inside(&mut self, expr: &ast::Expr) -> Typed {
        let span = expr.span;
        match &expr.kind {
            ast::ExprKind::Number { value, weak } => Typed::constant(*value, span).weak(*weak),
            ast::ExprKind::Text(parts) => self.text_expr(parts, span),
            ast::ExprKind::Name(name) => self.name(name, span),
            ast::ExprKind::Unary { op, operand } => self.unary(*op, operand, span),
            ast::ExprKind::Binary { op: ast::BinaryOp::And, left, right, .. } => self.logic(true, left, right, span),
            ast::ExprKind::Binary { op: ast::BinaryOp::Or, left, right, .. } => self.logic(false, left, right, span),
            ast::ExprKind::Binary { op, op_span, left, right } => {
                let left = self.expr(left);
                let right = self.expr(right);
                self.binary(*op, left, right, *op_span, span)
            }
            ast::ExprKind::Call { callee, args } => self.call(callee, args, span),
            ast::ExprKind::Method { receiver, name, args } => self.method(receiver, name, args, span),
            ast::ExprKind::Field { base, name } => self.field(base, name, span),
            ast::ExprKind::Index { base, args } => self.index(base, args, span),
            ast::ExprKind::Range { lo, hi, step, inclusive } => {
                self.range(lo.as_deref(), hi.as_deref(), step.as_deref(), *inclusive, false, span)
            }
            ast::ExprKind::Tuple(items) => {
                let items = items.iter().map(|item| self.item(item)).collect();
                tuple(items, span)
            }
            ast::ExprKind::Record(fields) => self.record(fields, span),
            ast::ExprKind::List(items) => self.list(items, span),
            ast::ExprKind::If { cond, then, other } => self.if_expr(cond, then, other.as_ref(), true, span),
            ast::ExprKind::Block(block) => {
                let mut body = self.block(block, true);
                self.frame().out.append(&mut body.stmts);
                if body.live { body.value } else { Typed::error(span) }
            }
            ast::ExprKind::Lambda { params, body } => self.lambda(params, body, span),
            ast::ExprKind::RowField(name) => {
                match self.row.iter().rev().flatten().find(|value| value.ty().as_array().is_some_and(|ty| ty.rank() > 0)).cloned() {
                    Some(array) => self.field_of(array, name, span),
                    None => {
                        let message = format!("`.{}` names a column, and tables are not built yet", name.name);
                        let error = Diagnostic::at(Code::Unsupported, span, message);
                        self.fail(error.help("in a call it is a coordinate of the first argument: `x.groupby(.time.month)`"), span)
                    }
                }
            }
            ast::ExprKind::Each { over, options, body } => self.each(expr, over, options, body),
            ast::ExprKind::Error => Typed::error(span),
        }
    }

    /// A part of a tuple, record or list: a literal is of its own dtype there.
    fn item(&mut self, item: &ast::Expr) -> Typed {
        let value = self.expr(item);
        match value.ty() {
            Ty::Unit => self.fail(Diagnostic::at(Code::Type, item.span, "this gives no value"), item.span),
            ty if parts(ty) > MAX_PARTS => self.too_large(item.span),
            _ => value,
        }
    }

    /// The error of a type with more than `MAX_PARTS` parts.
    pub fn too_large(&mut self, span: Span) -> Typed {
        let message = format!("this tuple or record has more than {MAX_PARTS} parts, those inside its parts included");
        self.fail(Diagnostic::at(Code::TooDeep, span, message).help("keep many values of one kind in an array"), span)
    }

    fn record(&mut self, fields: &[(ast::Ident, ast::Expr)], span: Span) -> Typed {
        let mut types: Vec<(Name, Ty)> = Vec::with_capacity(fields.len());
        let (mut exprs, mut known) = (Vec::with_capacity(fields.len()), Vec::with_capacity(fields.len()));
        for (name, value) in fields {
            let value = self.item(value);
            if types.iter().any(|(other, _)| *other == name.name) {
                let message = format!("the field `{}` stands twice", name.name);
                self.report(Diagnostic::at(Code::UnknownField, name.span, message));
                continue;
            }
            types.push((name.name.clone(), value.ty().clone()));
            known.push(value.known);
            exprs.push((name.name.clone(), value.expr));
        }
        Typed::new(ExprKind::Record(exprs), Ty::Record(types), span).knowing(Known::items(known))
    }

    /// `[a, b]`: an array where the items are numbers or arrays, else a tuple.
    fn list(&mut self, items: &[ast::Expr], span: Span) -> Typed {
        let items: Vec<Typed> = items.iter().map(|item| self.item(item)).collect();
        self.list_of(items, span)
    }

    pub fn list_of(&mut self, items: Vec<Typed>, span: Span) -> Typed {
        if items.iter().any(Typed::is_error) {
            return Typed::error(span);
        }
        if items.is_empty() {
            let size = Typed::constant(Scalar::i64(0), span);
            return self.call_named("zeros", vec![size], Vec::new(), span);
        }
        if items.iter().any(|item| item.ty().as_array().is_none()) {
            return tuple(items, span);
        }
        let known: Vec<Known> = items.iter().map(|item| item.known.clone()).collect();
        let scalars = items.iter().all(|item| item.ty().as_scalar().is_some());
        let mut value = self.call_named("stack", Vec::new(), items, span);
        if let (true, Some(ty)) = (scalars, value.ty().as_array().map(|ty| ty.dtype)) {
            let scalars: Vec<Option<Scalar>> = known.iter().map(|known: &Known| Some(known.scalar()?.cast(ty))).collect();
            match Known::items(scalars.iter().map(|scalar| Known::from(*scalar)).collect()) {
                // A long list is known as an array, if all of it is.
                Known::No => {
                    let all: Option<Vec<Scalar>> = scalars.into_iter().collect();
                    if let Some(values) = all.and_then(|all| Values::given(&Array::from_scalars(ty, &all))) {
                        value.known = Known::Array(values);
                    }
                }
                items => value.known = items,
            }
        }
        value
    }

    /// A text, with its values put in where they are known.
    fn text_expr(&mut self, parts: &[ast::TextPart], span: Span) -> Typed {
        let mut out = Vec::with_capacity(parts.len());
        let mut known = Some(String::new());
        for part in parts {
            match part {
                ast::TextPart::Literal(text) => {
                    known = known.map(|known| known + text);
                    out.push(TextPart::Literal(text.clone()));
                }
                ast::TextPart::Value { value, format } => {
                    let value = self.item(value);
                    let shown = match (&value.known, format) {
                        (Known::Text(text), None) => Some(text.to_string()),
                        (Known::Scalar(scalar), None) if scalar.dtype.is_int() => scalar.as_int().map(|value| value.to_string()),
                        _ => None,
                    };
                    known = known.zip(shown).map(|(known, shown)| known + &shown);
                    out.push(TextPart::Value { value: value.expr, format: format.clone() });
                }
            }
        }
        let known = known.map_or(Known::No, |text| Known::Text(text.into()));
        Typed::new(ExprKind::Text(out), Ty::Text, span).knowing(known)
    }

    /// An expression that must be a text.
    pub fn text_value(&mut self, value: &ast::Expr, what: &str) -> Typed {
        let value = self.expr(value);
        let span = value.span();
        match value.ty() {
            Ty::Text | Ty::Error => value,
            ty => {
                let error = Diagnostic::at(Code::Type, span, format!("{what} is a text, found {ty}"));
                self.fail(error.help("put the value into a text: `\"{x}\"`"), span)
            }
        }
    }

    /// `lo..hi by step`. `loose`: an argument that takes texts, times and open ends too.
    pub fn range(
        &mut self,
        lo: Option<&ast::Expr>,
        hi: Option<&ast::Expr>,
        step: Option<&ast::Expr>,
        inclusive: bool,
        loose: bool,
        span: Span,
    ) -> Typed {
        let bound = |this: &mut Self, bound: Option<&ast::Expr>, what: &str| match bound {
            None if loose => Some(Typed::unit(span)),
            None => {
                let error = Diagnostic::at(Code::Type, span, format!("a range here needs {what}"));
                this.report(error.help("open ranges stand in indices: `x[2..]`"));
                None
            }
            Some(bound) => {
                let value = this.expr(bound);
                if loose && !value.ty().as_scalar().is_some_and(DType::is_int) {
                    Some(value)
                } else {
                    this.integer(value, "a bound of a range")
                }
            }
        };
        let (lo, hi) = (bound(self, lo, "a start"), bound(self, hi, "an end"));
        let step = step.map(|step| {
            let step = self.expr(step);
            self.integer(step, "the step of a range")
        });
        let (Some(lo), Some(hi)) = (lo, hi) else { return Typed::error(span) };
        let step = match step {
            None => None,
            Some(None) => return Typed::error(span),
            Some(step) => step,
        };
        if lo.is_error() || hi.is_error() {
            return Typed::error(span);
        }
        if let Some(0) = step.as_ref().and_then(|step| step.known.int()) {
            return self.fail(Diagnostic::at(Code::Value, span, "the step of a range is 0"), span);
        }
        let end = match (hi.known.int(), inclusive) {
            (Some(hi), true) => hi.checked_add(1).map_or(Known::No, |hi| Known::Scalar(Scalar::i64(hi))),
            (None, true) => Known::No,
            _ => hi.known.clone(),
        };
        let by = step.as_ref().map_or(Known::Scalar(Scalar::i64(1)), |step| step.known.clone());
        let backwards = inclusive && by.int().is_none_or(|by| by < 0);
        let end = if backwards { Known::No } else { end };
        let known = Known::Items(vec![lo.known.clone(), end, by]);
        let step = step.map(|step| Box::new(step.expr));
        let kind = ExprKind::Range { lo: Box::new(lo.expr), hi: Box::new(hi.expr), step, inclusive };
        Typed::new(kind, Ty::Range, span).knowing(known)
    }

    /// One integer, as i64.
    pub fn integer(&mut self, value: Typed, what: &str) -> Option<Typed> {
        let span = value.span();
        match value.ty().as_scalar() {
            Some(dtype) if dtype.is_int() => Some(self.cast(value, DType::I64)),
            _ if value.is_error() => None,
            found => {
                let error = Diagnostic::at(Code::Type, span, format!("{what} is an integer, found {}", value.ty()));
                let float = found.is_some_and(DType::is_float);
                self.report(if float { error.help("divide with `//`, or convert: `x.as(i64)`") } else { error });
                None
            }
        }
    }

    fn field(&mut self, base: &ast::Expr, name: &ast::Ident, span: Span) -> Typed {
        if let Some(found) = self.namespace(base) {
            return match found {
                Namespace::Module(id) => match self.world.modules[id.0 as usize].items.get(&name.name) {
                    Some(Item::Function(def)) => resolve::function_value(*def, Vec::new(), span),
                    Some(Item::Constant(value)) => Typed::constant(*value, span).weak(true),
                    _ => self.no_member(id, name, span),
                },
                Namespace::Library(library) => {
                    let error = Diagnostic::at(Code::Type, span, format!("`{library}.{}` is a function, not a value", name.name));
                    self.fail(error.help(format!("call it: `{library}.{}(…)`", name.name)), span)
                }
            };
        }
        let base = self.expr(base);
        self.field_of(base, name, span)
    }

    /// A field of a value that has been evaluated.
    pub fn field_of(&mut self, base: Typed, name: &ast::Ident, span: Span) -> Typed {
        let error = match base.ty() {
            Ty::Error => return Typed::error(span),
            Ty::Record(fields) => {
                if let Some(position) = fields.iter().position(|(field, _)| *field == name.name) {
                    return field_at(base, position, span);
                }
                let known: Vec<&str> = fields.iter().map(|(field, _)| field.as_str()).collect();
                let error = Diagnostic::at(Code::UnknownField, name.span, format!("no field `{}` in {}", name.name, base.ty()));
                near(error, &name.name, &known, "its fields are")
            }
            Ty::Dataset(dataset) => {
                let dataset = dataset.clone();
                return self.member(base, &dataset, name, span);
            }
            Ty::Array(ty) => {
                // A part of a datetime stands behind a dimension of its name: `clim.month` is a coordinate.
                let part = builtins::find(&name.name).is_some_and(builtins::Builtin::is_time_part);
                let field = part || FIELDS.contains(&name.name.as_str());
                if ty.find(&name.name).is_some() && (!field || part && !ty.dtype.is_time()) {
                    let along = Typed::new(ExprKind::Text(Vec::new()), Ty::Text, name.span).knowing(Known::Text(name.name.as_str().into()));
                    return self.call_at("coord", vec![base, along], name.span, span);
                }
                if field {
                    return self.call_named(name.name.as_str(), vec![base], Vec::new(), span);
                }
                let error = Diagnostic::at(Code::UnknownField, name.span, format!("{ty} has no field `{}`", name.name));
                match builtins::find(&name.name) {
                    Some(_) => error.help(format!("`{}` is a function, call it: `.{}()`", name.name, name.name)),
                    None => {
                        let parts = builtins::table().iter().filter(|builtin| builtin.is_time_part()).map(|builtin| builtin.name);
                        let mut known: Vec<&str> = FIELDS.iter().copied().chain(parts).collect();
                        known.sort_unstable();
                        near(error, &name.name, &known, "an array has")
                    }
                }
            }
            ty => Diagnostic::at(Code::UnknownField, name.span, format!("{ty} has no field `{}`", name.name)),
        };
        self.fail(error, span)
    }

    /// What stands before a dot, where it is a module.
    pub fn namespace(&mut self, base: &ast::Expr) -> Option<Namespace> {
        let ast::ExprKind::Name(name) = &base.kind else { return None };
        match self.find(name, base.span, false) {
            Found::Module(id) => Some(Namespace::Module(id)),
            Found::Library(library) => Some(Namespace::Library(library)),
            _ => None,
        }
    }

    /// K0202 for a name that a module does not have.
    pub fn no_member(&mut self, id: ModuleId, name: &ast::Ident, span: Span) -> Typed {
        let module = &self.world.modules[id.0 as usize];
        let mut known: Vec<&str> = module.items.keys().map(Name::as_str).collect();
        known.sort_unstable();
        let error = Diagnostic::at(Code::UnknownField, name.span, format!("no `{}` in the module {}", name.name, module.path));
        let error = near(error, &name.name, &known, "it has");
        self.fail(error, span)
    }

    /// A value in another dtype; itself where it has it. Constants are converted here.
    pub fn cast(&mut self, value: Typed, to: DType) -> Typed {
        let Some(ty) = value.ty().as_array().filter(|ty| ty.dtype != to).cloned() else { return Typed { weak: false, ..value } };
        let span = value.span();
        let known = value.known.scalar().map(|scalar| scalar.cast(to));
        if let (Some(scalar), ExprKind::Const(_)) = (known, &value.expr.kind) {
            return Typed::constant(scalar, span);
        }
        let Some(builtin) = builtins::find("as") else { return value };
        let handle = if to == DType::I64 { value.handle } else { None };
        let dtype = Argument::Type { dtype: to, shape: None };
        let args = CallArgs { values: vec![Some(Argument::Expr(value.expr)), Some(dtype)], rest: Vec::new() };
        let result = Typed::new(ExprKind::Call { builtin, args }, Ty::Array(ty.with_dtype(to)), span).knowing(known.into());
        Typed { handle, ..result }
    }

    /// A literal in the dtype of what it meets.
    pub fn adapted(&mut self, value: Typed, others: &[DType]) -> Option<Typed> {
        let span = value.span();
        let scalar = value.known.scalar()?;
        let adapted = self.ok(promote::adapt(scalar, others), span)?;
        Some(Typed::constant(adapted, span))
    }

    /// A value in a type that `Join::types` gave for it.
    pub fn convert(&mut self, value: Typed, to: &Ty) -> Typed {
        let span = value.span();
        match (value.ty(), to) {
            (Ty::Array(_), Ty::Array(to)) => {
                let mut value = self.cast(value, to.dtype);
                value.expr.ty = Ty::Array(to.clone());
                value
            }
            (Ty::Tuple(_), Ty::Tuple(types)) if value.ty() != to => {
                let items = types.iter().enumerate().map(|(at, ty)| {
                    let item = field_at(value.clone(), at, span);
                    self.convert(item, ty)
                });
                let items = items.collect();
                tuple(items, span)
            }
            (Ty::Record(_), Ty::Record(fields)) if value.ty() != to => {
                let (mut exprs, mut known) = (Vec::new(), Vec::new());
                for (at, (name, ty)) in fields.iter().enumerate() {
                    let item = field_at(value.clone(), at, span);
                    let item = self.convert(item, ty);
                    known.push(item.known);
                    exprs.push((name.clone(), item.expr));
                }
                Typed::new(ExprKind::Record(exprs), to.clone(), span).knowing(Known::items(known))
            }
            _ => value,
        }
    }
}

/// What may stand before a dot besides values.
pub enum Namespace {
    Module(ModuleId),
    Library(&'static str),
}

/// The arrays, texts and so on that a type consists of.
pub fn parts(ty: &Ty) -> usize {
    match ty {
        Ty::Tuple(items) => 1 + items.iter().map(parts).sum::<usize>(),
        Ty::Record(fields) => 1 + fields.iter().map(|(_, field)| parts(field)).sum::<usize>(),
        Ty::Function(function) => 1 + function.captures.iter().map(|(_, capture)| parts(capture)).sum::<usize>(),
        _ => 1,
    }
}

/// Several values together.
pub fn tuple(items: Vec<Typed>, span: Span) -> Typed {
    let types = items.iter().map(|item| item.ty().clone()).collect();
    let known = Known::items(items.iter().map(|item| item.known.clone()).collect());
    let exprs = items.into_iter().map(|item| item.expr).collect();
    Typed::new(ExprKind::Tuple(exprs), Ty::Tuple(types), span).knowing(known)
}

/// A part of a tuple, record or range, or what a function value captured.
pub fn field_at(base: Typed, position: usize, span: Span) -> Typed {
    let ty = match base.ty() {
        Ty::Tuple(items) => items.get(position).cloned(),
        Ty::Record(fields) => fields.get(position).map(|(_, ty)| ty.clone()),
        Ty::Function(function) => function.captures.get(position).map(|(_, ty)| ty.clone()),
        Ty::Range => Some(Ty::scalar(DType::I64)),
        _ => None,
    };
    let known = base.known.item(position);
    if let (Ty::Range, Known::Scalar(value)) = (base.ty(), &known) {
        return Typed::constant(*value, span);
    }
    let kind = match base.expr.kind {
        // Parts of a tuple that is written out have been found already.
        ExprKind::Tuple(mut items) if position < items.len() => items.swap_remove(position).kind,
        kind => ExprKind::Field { base: Box::new(super::hir::Expr { kind, ..base.expr }), position },
    };
    Typed::new(kind, ty.unwrap_or(Ty::Error), span).knowing(known)
}

/// Help with the nearest name that there is, or with all.
pub fn near(error: Box<Diagnostic>, name: &str, known: &[&str], intro: &str) -> Box<Diagnostic> {
    match did_you_mean(name, known.iter().copied()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => error,
        None => {
            let shown: Vec<&str> = known.iter().copied().take(12).collect();
            let more = if known.len() > shown.len() { ", …" } else { "" };
            error.help(format!("{intro} {}{more}", shown.join(", ")))
        }
    }
}
