//! Statements in a line: bindings, element assignment, asserts, definitions, `return`. Branches and loops are in `flow`.

use super::checker::{Checker, Returned, Typed};
use super::hir::{Block, ExprKind, LocalId, Stmt, StmtKind};
use super::known::Known;
use super::names;
use super::scope::State;
use super::world::{Item, SESSION};
use crate::array::DType;
use crate::base::{Code, Diagnostic, Name, Span};
use crate::syntax::ast;
use crate::types::Ty;
use rustc_hash::FxHashMap;

/// A block checked: its statements and value, and whether its end can be reached.
pub struct Body {
    pub stmts: Vec<Stmt>,
    /// Of type `Unit` where there is none.
    pub value: Typed,
    pub live: bool,
}

impl Body {
    pub fn has_value(&self) -> bool {
        self.live && !matches!(self.value.ty(), Ty::Unit)
    }
    pub fn block(self) -> Block {
        let value = self.has_value().then(|| Box::new(self.value.expr));
        Block { stmts: self.stmts, value }
    }
}

impl Checker<'_> {
    /// All statements of a text. Functions are there before the statements run, so that their order does not matter.
    pub fn program(&mut self, program: &ast::Program) {
        let mut early: FxHashMap<Name, (Span, Item)> = FxHashMap::default();
        for stmt in &program.items {
            if let ast::StmtKind::Fn(function) = &stmt.kind {
                let name = &function.ident.name;
                let module = &self.world.modules[SESSION.0 as usize];
                if !module.items.contains_key(name) && self.frames[0].scope.bound(name).is_none() {
                    let item = self.define(function, SESSION);
                    early.insert(name.clone(), (function.span, item));
                }
            }
        }
        for stmt in &program.items {
            // What stands behind `error(…)` or an endless loop is checked as well.
            self.frame().scope.live = true;
            let ast::StmtKind::Fn(function) = &stmt.kind else {
                self.stmt(stmt);
                continue;
            };
            let name = &function.ident.name;
            self.frame().scope.vars.remove(name);
            match early.remove(name) {
                Some((span, item)) if span == function.span => {
                    self.world.modules[SESSION.0 as usize].items.insert(name.clone(), item);
                }
                _ => {
                    self.define(function, SESSION);
                }
            }
        }
    }

    /// Statements, with the last one's value if one is wanted.
    pub fn block(&mut self, block: &ast::Block, want: bool) -> Body {
        let refused = Body { stmts: Vec::new(), value: Typed::error(block.span), live: true };
        self.deeper(block.span, refused, |this| {
            let (stmts, value) = this.apart(|this| this.stmts(&block.stmts, want));
            Body { stmts, value: value.unwrap_or_else(|| Typed::unit(block.span)), live: this.frame().scope.live }
        })
    }

    fn stmts(&mut self, stmts: &[ast::Stmt], want: bool) -> Option<Typed> {
        for (at, stmt) in stmts.iter().enumerate() {
            if !self.frame().scope.live {
                let message = "this is never reached";
                self.report(Diagnostic::at(Code::Unreachable, stmt.span, message).warning());
                return None;
            }
            match &stmt.kind {
                ast::StmtKind::Expr { value, .. } if want && at + 1 == stmts.len() => {
                    let value = self.expr(value);
                    if !matches!(value.ty(), Ty::Unit) {
                        return Some(value);
                    }
                    self.effect_stmt(value, false, stmt.span);
                }
                _ => self.stmt(stmt),
            }
        }
        None
    }

    /// An expression on its own: kept where it may do something or is shown.
    fn effect_stmt(&mut self, value: Typed, silent: bool, span: Span) {
        if !matches!(value.expr.kind, ExprKind::Unit) || self.frame().is_top() {
            self.emit(StmtKind::Expr { value: value.expr, silent }, span);
        }
    }

    pub fn stmt(&mut self, stmt: &ast::Stmt) {
        let span = stmt.span;
        match &stmt.kind {
            ast::StmtKind::Bind { targets, value } => self.bind_stmt(targets, value, span),
            ast::StmtKind::Assign { place, op, value } => self.assign(place, *op, value, span),
            ast::StmtKind::Expr { value, silent } => {
                let value = match &value.kind {
                    ast::ExprKind::If { cond, then, other } => self.if_expr(cond, then, other.as_ref(), false, value.span),
                    ast::ExprKind::Block(block) => {
                        let body = self.block(block, false);
                        self.frame().out.extend(body.stmts);
                        return;
                    }
                    _ => self.expr(value),
                };
                self.effect_stmt(value, *silent, span);
            }
            ast::StmtKind::For { parallel, target, iter, body } => self.for_stmt(*parallel, target, iter, body, span),
            ast::StmtKind::While { cond, body } => self.while_stmt(cond, body, span),
            ast::StmtKind::Break | ast::StmtKind::Continue => self.leave_pass(matches!(stmt.kind, ast::StmtKind::Break), span),
            ast::StmtKind::Return(value) => self.return_stmt(value.as_ref(), span),
            ast::StmtKind::Fn(function) => self.fn_stmt(function),
            ast::StmtKind::Use(used) => self.use_stmt(used, span),
            ast::StmtKind::Assert { cond, message } => {
                let cond = self.condition(cond, "assert");
                let message = message.as_ref().map(|message| self.text_value(message, "the message of `assert`"));
                self.emit(StmtKind::Assert { cond: cond.expr, message: message.map(|message| message.expr) }, span);
            }
            ast::StmtKind::Error => {}
        }
    }

    fn bind_stmt(&mut self, targets: &[ast::Target], value: &ast::Expr, span: Span) {
        let mut value = self.expr(value);
        let [target] = targets else { return self.unpack(targets, value, span) };
        if let Some(ty) = &target.ty {
            value = self.annotated(value, ty, &mut Default::default(), &target.ident.name);
        }
        let value = self.bindable(value);
        let local = self.bind(&target.ident.name, &value, target.ident.span);
        self.emit(StmtKind::Bind { local, value: value.expr }, span);
    }

    /// What a variable can hold, or an error.
    fn bindable(&mut self, value: Typed) -> Typed {
        let span = value.span();
        match value.ty() {
            Ty::Unit => self.fail(Diagnostic::at(Code::Type, span, "this gives no value"), span),
            Ty::Module(name) => {
                let error = Diagnostic::at(Code::Type, span, format!("`{name}` is a module, not a value"));
                self.fail(error, span)
            }
            _ => value,
        }
    }

    fn unpack(&mut self, targets: &[ast::Target], value: Typed, span: Span) {
        let types: Vec<Ty> = match value.ty() {
            Ty::Tuple(items) if items.len() == targets.len() => items.clone(),
            Ty::Error => vec![Ty::Error; targets.len()],
            ty => {
                let count = targets.len();
                let error = match ty {
                    Ty::Tuple(items) => {
                        let message = format!("{count} names take apart a tuple of {}", items.len());
                        Diagnostic::at(Code::Type, value.span(), message).says(ty.to_string())
                    }
                    _ => Diagnostic::at(Code::Type, value.span(), format!("{count} names take apart a tuple, found {ty}"))
                        .help("an array is taken apart by index: `x[0]`"),
                };
                self.report(error);
                vec![Ty::Error; count]
            }
        };
        let mut locals = Vec::with_capacity(targets.len());
        for (at, (target, ty)) in targets.iter().zip(types).enumerate() {
            if target.ident.name == "_" {
                locals.push(None);
                continue;
            }
            let mut item = Typed::new(ExprKind::Unit, ty, target.ident.span).knowing(value.known.item(at));
            if let Some(annotation) = &target.ty {
                item = self.annotated(item, annotation, &mut Default::default(), &target.ident.name);
                if !matches!(item.expr.kind, ExprKind::Unit) {
                    let message = format!("`{}` is {}, and a tuple is taken apart as it is", target.ident.name, item.ty());
                    self.report(Diagnostic::at(Code::Annotation, annotation.span, message).help("convert the value before"));
                }
            }
            locals.push(Some(self.bind(&target.ident.name, &item, target.ident.span)));
        }
        self.emit(StmtKind::Unpack { locals, value: value.expr }, span);
    }

    /// Binds a name: to the local it has, where that is of the value's type, else to a new one. The caller emits the statement.
    pub fn bind(&mut self, name: &Name, value: &Typed, span: Span) -> LocalId {
        if self.frame().is_top() {
            self.world.modules[SESSION.0 as usize].items.remove(name);
        }
        let frame = self.frame();
        frame.bound.push((name.clone(), span));
        let kept = frame.scope.bound(name).map(|slot| slot.local);
        let kept = kept.filter(|local| frame.join.fits(&frame.locals[local.0 as usize].ty, value.ty()));
        let local = kept.unwrap_or_else(|| frame.local(name.clone(), value.ty().clone(), span));
        let slot = self.slot(local, value.ty().clone(), value.known.clone(), span);
        self.frame().scope.vars.insert(name.clone(), State::Bound(slot));
        local
    }

    /// `x += v`, `x[i] = v`, `x[i] += v`.
    fn assign(&mut self, place: &ast::Expr, op: Option<ast::BinaryOp>, value: &ast::Expr, span: Span) {
        if let Some(error) = self.not_local(place) {
            self.expr(value);
            if let Some(name) = names::root(place) {
                self.bind(&name, &Typed::error(place.span), place.span);
            }
            return self.report(error);
        }
        let Some(name) = names::root(place) else {
            return self.report(Diagnostic::at(Code::AssignOutside, place.span, "only a variable or its elements can be assigned to"));
        };
        if self.frame().is_top() {
            self.expr(place);
            self.expr(value);
            let error = Diagnostic::at(Code::AssignOutside, place.span, format!("`{name}` cannot be changed in place here"));
            let op = op.map_or("+", ast::BinaryOp::symbol);
            return self.report(match &place.kind {
                ast::ExprKind::Name(_) => error.help(format!("only inside a function; here make a new value: `{name} = {name} {op} …`")),
                _ => error.help("arrays are values: only inside a function, on its own arrays, elements can be assigned"),
            });
        }
        let ast::ExprKind::Index { base, args } = &place.kind else {
            let old = self.name(&name, place.span);
            let new = self.expr(value);
            let value = match op {
                Some(op) => self.binary(op, old, new, span, span),
                None => new,
            };
            let local = self.bind(&name, &value, place.span);
            return self.emit(StmtKind::Bind { local, value: value.expr }, span);
        };
        if !matches!(base.kind, ast::ExprKind::Name(_)) {
            let help = format!("index once: `{name}[i, j] = …`");
            return self.report(Diagnostic::at(Code::AssignOutside, place.span, "an element of an element is assigned").help(help));
        }
        self.store(&name, base, args, op, value, span);
    }

    /// K0205 for a variable of the session that a function would change.
    fn not_local(&mut self, place: &ast::Expr) -> Option<Box<Diagnostic>> {
        let name = names::root(place)?;
        let outside = self.frame().owner.is_some() && !self.frame().scope.vars.contains_key(&name);
        if !outside || self.frames[0].scope.bound(&name).is_none() {
            return None;
        }
        let error = Diagnostic::at(Code::AssignOutside, place.span, format!("`{name}` is a variable outside of this function"));
        Some(error.help("a function changes only its own variables: take it as a parameter and give the new value back"))
    }

    fn store(&mut self, name: &Name, base: &ast::Expr, args: &[ast::IndexArg], op: Option<ast::BinaryOp>, value: &ast::Expr, span: Span) {
        self.frame().traits.stores.get_or_insert(span);
        let array = self.name(name, base.span);
        let ExprKind::Local(local) = array.expr.kind else {
            self.expr(value);
            if !array.is_error() {
                let message = format!("`{name}` is {}, whose elements cannot be assigned", array.ty());
                self.report(Diagnostic::at(Code::AssignOutside, base.span, message));
            }
            return;
        };
        let Some(mut indexed) = self.indices(&array, args, span) else {
            self.expr(value);
            return;
        };
        if op.is_some() {
            indexed.index.iter_mut().for_each(|index| self.once(index));
        }
        let mut value = self.expr(value);
        if let Some(op) = op {
            let kind = ExprKind::Index { base: Box::new(array.expr.clone()), index: indexed.index.clone() };
            let old = Typed::new(kind, Ty::Array(indexed.ty.clone()), base.span.to(span));
            value = self.binary(op, old, value, span, span);
        }
        let Some(value) = self.element_of(value, &indexed.ty, name, base.span) else { return };
        // Elements that were known are not any more.
        if let Some(State::Bound(slot)) = self.frame().scope.vars.get_mut(name) {
            slot.known = Known::No;
        }
        self.emit(StmtKind::Store { local, index: indexed.index, value: value.expr }, span);
    }

    /// A value as elements of an array: its dtype of the same kind is converted, its shape broadcasts to theirs.
    fn element_of(&mut self, mut value: Typed, place: &crate::array::ArrayTy, name: &Name, array: Span) -> Option<Typed> {
        if value.weak {
            value = self.adapted(value, &[place.dtype])?;
        }
        let Some(ty) = value.ty().as_array().cloned() else {
            if !value.is_error() {
                let message = format!("an element of `{name}` is {}, found {}", place.dtype, value.ty());
                self.report(Diagnostic::at(Code::Type, value.span(), message).label(array, ""));
            }
            return None;
        };
        if !converts_in_place(ty.dtype, place.dtype) {
            let message = format!("elements of `{name}` are {}, the value is {}", place.dtype, ty.dtype);
            let error = Diagnostic::at(Code::Dtype, value.span(), message).label(array, "");
            self.report(error.help(format!("convert it, `x.as({})`, or start with an array of {}", place.dtype, ty.dtype)));
            return None;
        }
        let sizes: Vec<_> = place.dims.iter().map(|dim| dim.size).collect();
        let unnamed =
            crate::array::ArrayTy { dtype: ty.dtype, dims: ty.dims.iter().map(|dim| crate::array::Dim::sized(dim.size)).collect() };
        if ty.rank() > place.rank() || crate::types::shape::broadcast_to(&unnamed, &sizes).is_err() {
            let message = format!("the value is {ty}, the place is {place}");
            let error = Diagnostic::at(Code::Shape, value.span(), message).label(array, "");
            self.report(error.help("sizes are equal, or 1, which repeats"));
            return None;
        }
        Some(self.cast(value, place.dtype))
    }

    fn return_stmt(&mut self, value: Option<&ast::Expr>, span: Span) {
        if self.frame().is_top() {
            return self.report(Diagnostic::at(Code::Syntax, span, "`return` stands outside a function"));
        }
        if self.frame().each.is_some() {
            let error = Diagnostic::at(Code::Syntax, span, "`return` stands inside `each`");
            return self.report(error.help("the last expression of the body is the element; choose with `if c { … } else { … }`"));
        }
        self.leaves("return", span);
        let value = value.map(|value| self.expr(value));
        let value = value.unwrap_or_else(|| Typed::unit(span));
        let value = self.returned(value);
        let expr = (!matches!(value.ty(), Ty::Unit)).then_some(value.expr);
        self.emit(StmtKind::Return(expr), span);
        self.frame().scope.live = false;
    }

    /// Notes a value that the function gives, and converts it to the result's type where that is known.
    pub fn returned(&mut self, mut value: Typed) -> Typed {
        let annotation = self.frame().owner.as_ref().and_then(|owner| owner.def.result.clone());
        if let Some(annotation) = annotation {
            let mut sizes = self.frame().owner.as_ref().map(|owner| owner.sizes.clone()).unwrap_or_default();
            value = self.annotated(value, &annotation, &mut sizes, &Name::new("the result"));
        }
        if let Some(expected) = self.frame().owner.as_ref().and_then(|owner| owner.expected.clone()) {
            value = self.convert(value, &expected);
        }
        let weak = if value.weak { value.known.scalar() } else { None };
        let returned = Returned { ty: value.ty().clone(), weak, known: value.known.clone(), span: value.span() };
        self.frame().returns.push(returned);
        value
    }

    fn fn_stmt(&mut self, function: &ast::Function) {
        let value = self.inner_function(function);
        let local = self.bind(&function.ident.name, &value, function.ident.span);
        self.emit(StmtKind::Bind { local, value: value.expr }, function.span);
    }

    /// Makes a name mean a function in a namespace.
    pub fn define(&mut self, function: &ast::Function, module: super::world::ModuleId) -> Item {
        self.shadowing(&function.ident);
        let item = Item::Function(self.add_def(function, module));
        self.world.modules[module.0 as usize].items.insert(function.ident.name.clone(), item.clone());
        item
    }

    /// Warns of a name that hides a built-in function.
    fn shadowing(&mut self, ident: &ast::Ident) {
        if crate::builtins::find(&ident.name).is_some() {
            let message = format!("`{}` hides the built-in function of this name", ident.name);
            self.report(Diagnostic::at(Code::Shadowed, ident.span, message).warning());
        }
    }
}

/// Whether elements take the value's dtype by conversion: within a kind, or into a wider one.
fn converts_in_place(from: DType, to: DType) -> bool {
    let number = |dtype: DType| dtype.is_int() || dtype == DType::Bool;
    from == to
        || (from.is_int() && to.is_int())
        || ((number(from) || from.is_float()) && to.is_float())
        || to.is_complex() && from.is_numeric()
        || crate::types::promote::promote(from, to) == Some(to)
}
