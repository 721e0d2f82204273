//! Calls: which function is meant, and which argument goes to which parameter of a function of the program. Built-ins read their arguments
//! in `builtin`; what a call of a function gives is in `function`.

use super::checker::{Checker, Typed};
use super::expr::{self, Namespace};
use super::hir::ExprKind;
use super::resolve::Found;
use super::world::{Def, Item};
use crate::base::{Code, Diagnostic, Name, Span};
use crate::builtins;
use crate::syntax::ast;
use crate::types::{DefId, Ty};
use std::sync::Arc;

/// A function of the program with what it captured.
pub struct Callee {
    pub id: DefId,
    pub def: Arc<Def>,
    pub captured: Vec<(Name, Typed)>,
}

impl Checker<'_> {
    pub fn call(&mut self, callee: &ast::Expr, args: &[ast::Arg], span: Span) -> Typed {
        match &callee.kind {
            ast::ExprKind::Name(name) => self.call_name(name, callee.span, None, args, span),
            _ => {
                let callee = self.expr(callee);
                self.call_value(callee, None, args, span)
            }
        }
    }

    /// `name(…)`, or `receiver.name(…)`.
    fn call_name(&mut self, name: &Name, name_span: Span, receiver: Option<Typed>, args: &[ast::Arg], span: Span) -> Typed {
        let error = match self.find(name, name_span, true) {
            Found::Var(slot) => {
                let callee = self.local(&slot, name_span);
                return self.call_value(callee, receiver, args, span);
            }
            Found::Function(id) => return self.call_def(self.callee(id, Vec::new()), receiver, args, span),
            Found::Itself => {
                let callee = self.itself(name_span);
                return self.call_value(callee, receiver, args, span);
            }
            Found::Host(function) => return self.call_host(function, receiver, args, name_span, span),
            Found::Builtin(builtin) => return self.call_builtin(builtin, receiver, args, name_span, span),
            Found::DType(dtype) => return self.conversion(dtype, receiver, args, span),
            Found::Constant(_) => Diagnostic::at(Code::Type, name_span, format!("`{name}` is a number, not a function")),
            Found::Module(_) | Found::Library(_) => {
                let error = Diagnostic::at(Code::Type, name_span, format!("`{name}` is a module, not a function"));
                error.help(format!("name a function of it: `{name}.f(…)`"))
            }
            Found::Missing(error) => match &receiver {
                _ if self.frame().scope.bound(name).is_some() => self.not_a_function(name, name_span),
                Some(receiver) if receiver.is_error() => error,
                Some(receiver) => {
                    let message = format!("{} has no method `{name}`: no function has this name", receiver.ty());
                    let better = Diagnostic::at(Code::UnknownField, name_span, message);
                    match error.help {
                        Some(help) if help.starts_with("did") || help.starts_with("in Kiln: ") => better.help(help),
                        _ => better,
                    }
                }
                None => error,
            },
        };
        self.arguments_alone(args);
        self.fail(error, span)
    }

    fn not_a_function(&mut self, name: &Name, span: Span) -> Box<Diagnostic> {
        let ty = self.frame().scope.bound(name).map_or(Ty::Error, |slot| slot.ty.clone());
        let error = Diagnostic::at(Code::Type, span, format!("`{name}` is {ty}, not a function"));
        if matches!(ty, Ty::Array(_)) { error.help(format!("elements are taken with square brackets: `{name}[i]`")) } else { error }
    }

    /// Checks arguments of a call that goes nowhere, for the errors in them.
    pub fn arguments_alone(&mut self, args: &[ast::Arg]) {
        for arg in args {
            // A bare name may be a dimension.
            if !matches!(arg.value.kind, ast::ExprKind::Name(_)) {
                self.expr(&arg.value);
            }
        }
    }

    pub fn method(&mut self, receiver: &ast::Expr, name: &ast::Ident, args: &[ast::Arg], span: Span) -> Typed {
        match self.namespace(receiver) {
            Some(Namespace::Module(id)) => match self.world.modules[id.0 as usize].items.get(&name.name) {
                Some(Item::Function(def)) => {
                    let callee = self.callee(*def, Vec::new());
                    return self.call_def(callee, None, args, span);
                }
                _ => return self.no_member(id, name, span),
            },
            Some(Namespace::Library(library)) => {
                let full = format!("{library}.{}", name.name);
                if let Some(builtin) = builtins::find(&full) {
                    return self.call_builtin(builtin, None, args, name.span, span);
                }
                let prefix = format!("{library}.");
                let known: Vec<&str> = builtins::table().iter().filter_map(|builtin| builtin.name.strip_prefix(&prefix)).collect();
                let error = Diagnostic::at(Code::UnknownField, name.span, format!("no `{}` in `{library}`", name.name));
                self.arguments_alone(args);
                return self.fail(expr::near(error, &name.name, &known, "it has"), span);
            }
            None => {}
        }
        let receiver = self.expr(receiver);
        if let Ty::Record(fields) = receiver.ty()
            && let Some(position) = fields.iter().position(|(field, ty)| *field == name.name && matches!(ty, Ty::Function(_)))
        {
            let callee = expr::field_at(receiver, position, name.span);
            return self.call_value(callee, None, args, span);
        }
        self.call_name(&name.name, name.span, Some(receiver), args, span)
    }

    /// Calls a function value.
    pub fn call_value(&mut self, callee: Typed, receiver: Option<Typed>, args: &[ast::Arg], span: Span) -> Typed {
        let function = match callee.ty() {
            Ty::Function(function) => function.clone(),
            ty => {
                if !callee.is_error() {
                    let error = Diagnostic::at(Code::Type, callee.span(), format!("{ty} is not a function"));
                    self.report(error);
                }
                self.arguments_alone(args);
                return Typed::error(span);
            }
        };
        let at = callee.span();
        let captured = function.captures.iter().enumerate().map(|(position, (name, _))| {
            let value = expr::field_at(callee.clone(), position, at);
            (name.clone(), value)
        });
        let callee = self.callee(function.def, captured.collect());
        self.call_def(callee, receiver, args, span)
    }

    pub fn callee(&self, id: DefId, captured: Vec<(Name, Typed)>) -> Callee {
        Callee { id, def: self.world.defs[id.0 as usize].clone(), captured }
    }

    /// Calls a function of the program: arguments to parameters.
    fn call_def(&mut self, callee: Callee, receiver: Option<Typed>, args: &[ast::Arg], span: Span) -> Typed {
        let def = callee.def.clone();
        let mut given: Vec<Option<Typed>> = vec![None; def.params.len()];
        let mut next = 0;
        let mut good = true;
        let mut place = |this: &mut Self, at: usize, value: Typed, label: Span| {
            if given[at].is_some() {
                let message = format!("`{}` of `{}` is given twice", def.params[at].ident.name, def.name);
                this.report(Diagnostic::at(Code::UnknownParameter, label, message));
                return false;
            }
            given[at] = Some(value);
            true
        };
        let receiver = receiver.map(|receiver| (None, receiver));
        let mut all: Vec<(Option<ast::Ident>, Typed)> = receiver.into_iter().collect();
        for arg in args {
            let value = self.expr(&arg.value);
            all.push((arg.name.clone(), value));
        }
        let count = all.len();
        for (name, value) in all {
            let value_span = value.span();
            let at = match &name {
                Some(name) => def.params.iter().position(|param| param.ident.name == name.name),
                None => {
                    next += 1;
                    Some(next - 1).filter(|at| *at < def.params.len())
                }
            };
            good &= match (at, &name) {
                (Some(at), _) => place(self, at, value, name.as_ref().map_or(value_span, |name| name.span)),
                (None, Some(name)) => {
                    let known: Vec<&str> = def.params.iter().map(|param| param.ident.name.as_str()).collect();
                    let error =
                        Diagnostic::at(Code::UnknownParameter, name.span, format!("`{}` has no parameter `{}`", def.name, name.name));
                    self.report(expr::near(error, &name.name, &known, "its parameters are"));
                    false
                }
                (None, None) => {
                    if next == def.params.len() + 1 {
                        let message = format!("`{}` takes {}, found {count}", def.name, arguments(def.params.len()));
                        let error = Diagnostic::at(Code::Arguments, value_span, message).label(def.span, "defined here");
                        self.report(error.help(format!("call it as `{}`", def.signature())));
                    }
                    false
                }
            };
        }
        let missing: Vec<&str> = def
            .params
            .iter()
            .zip(&given)
            .filter(|(param, given)| given.is_none() && param.default.is_none())
            .map(|(param, _)| param.ident.name.as_str())
            .collect();
        if good && !missing.is_empty() {
            let message = format!("`{}` needs `{}`", def.name, missing.join("`, `"));
            let error = Diagnostic::at(Code::Arguments, span, message).label(def.span, "defined here");
            self.report(error.help(format!("call it as `{}`", def.signature())));
            good = false;
        }
        if !good || given.iter().flatten().any(Typed::is_error) {
            return Typed::error(span);
        }
        if let Some(nothing) = given.iter().flatten().find(|value| matches!(value.ty(), Ty::Unit | Ty::Module(_))) {
            let error = Diagnostic::at(Code::Type, nothing.span(), format!("an argument is a value, found {}", nothing.ty()));
            return self.fail(error, span);
        }
        self.invoke(callee, given, span)
    }

    /// `f64(x)`.
    fn conversion(&mut self, dtype: crate::array::DType, receiver: Option<Typed>, args: &[ast::Arg], span: Span) -> Typed {
        let value = match (receiver, args) {
            (Some(receiver), []) => receiver,
            (None, [ast::Arg { name: None, value }]) => self.expr(value),
            _ => {
                let error = Diagnostic::at(Code::Arguments, span, format!("`{dtype}` converts one value: `{dtype}(x)`"));
                self.arguments_alone(args);
                return self.fail(error, span);
            }
        };
        match value.ty() {
            Ty::Array(_) => {
                let value = self.cast(value, dtype);
                Typed { expr: super::hir::Expr { span, ..value.expr }, ..value }
            }
            Ty::Error => value,
            ty => {
                let error = Diagnostic::at(Code::Type, value.span(), format!("`{dtype}` converts numbers, found {ty}"));
                self.fail(error, span)
            }
        }
    }

    /// Whether an expression may be evaluated again at no cost.
    pub fn is_plain(value: &super::hir::Expr) -> bool {
        matches!(value.kind, ExprKind::Const(_) | ExprKind::Local(_))
    }
}

/// `1 argument`, `2 arguments`.
pub fn arguments(count: usize) -> String {
    format!("{count} argument{}", if count == 1 { "" } else { "s" })
}
