//! What a name means where it stands: variables of the body, of the session, functions, modules, built-ins. Owns no calls.

use super::checker::{Checker, Frame, Typed};
use super::hir::{ExprKind, LocalId};
use super::host::HostFunction;
use super::known::Known;
use super::scope::{Slot, State};
use super::world::{Item, ModuleId, SESSION};
use crate::array::{DType, Scalar};
use crate::base::diag::did_you_mean;
use crate::base::{Code, Diagnostic, Name, Span};
use crate::builtins::{self, Builtin, Default, ParamKind, constants};
use crate::types::{DefId, FunctionTy, Ty};

/// What a name means.
pub enum Found {
    Var(Slot),
    Function(DefId),
    /// The function inside another whose body this is.
    Itself,
    Module(ModuleId),
    Constant(Scalar),
    Host(HostFunction),
    Builtin(&'static Builtin),
    /// A built-in name with members: `random`.
    Library(&'static str),
    DType(DType),
    Missing(Box<Diagnostic>),
}

/// What a name means in a namespace.
#[derive(Clone, Debug, PartialEq)]
pub enum Resolved {
    Var(Ty, Known),
    Item(Item),
    Nothing,
}

impl Checker<'_> {
    /// The meaning of a name. `call`: it is called, so that variables that are no functions do not hide functions.
    pub fn find(&mut self, name: &Name, span: Span, call: bool) -> Found {
        let callable = |slot: &Slot| !call || matches!(slot.ty, Ty::Function(_) | Ty::Error);
        let frame = self.frame();
        frame.read.insert(name.clone());
        match frame.scope.vars.get(name) {
            Some(State::Bound(slot)) if callable(slot) => return Found::Var(slot.clone()),
            Some(State::Bound(_)) | None => {}
            Some(state) => return Found::Missing(not_on_all_paths(name, state, span)),
        }
        if let Some(owner) = &frame.owner {
            if owner.def.assigned.contains(name) && !call {
                let error = Diagnostic::at(Code::UnknownName, span, format!("`{name}` is used before it is bound"));
                let function = owner.def.name.clone();
                return Found::Missing(
                    error.help(format!("`{function}` binds `{name}`, so it is a variable of its own; give it a value before")),
                );
            }
            if owner.def.closure && owner.def.name == *name {
                return Found::Itself;
            }
        }
        self.global(name, span, call)
    }

    /// The meaning of a name outside all functions.
    fn global(&mut self, name: &Name, span: Span, call: bool) -> Found {
        let module = self.frame().module;
        if !self.frame().is_top() {
            let resolved = self.resolved(module, name);
            let unusable = matches!(&resolved, Resolved::Var(ty, _) if call && !matches!(ty, Ty::Function(_)));
            self.frame().env.note(module, name, resolved.clone());
            if module == SESSION
                && let Some(state) = self.frames[0].scope.vars.get(name)
                && !unusable
            {
                return match state {
                    State::Bound(slot) => {
                        let slot = slot.clone();
                        Found::Var(self.capture(name, slot))
                    }
                    state => Found::Missing(not_on_all_paths(name, state, span)),
                };
            }
        }
        match self.world.modules[module.0 as usize].items.get(name) {
            Some(Item::Function(id)) => Found::Function(*id),
            Some(Item::Module(id)) => Found::Module(*id),
            Some(Item::Constant(value)) => Found::Constant(*value),
            Some(Item::Host(function)) => Found::Host(function.clone()),
            None => self.built_in(name, span),
        }
    }

    fn built_in(&mut self, name: &Name, span: Span) -> Found {
        if let Some(value) = constants::constant(name) {
            return Found::Constant(value);
        }
        if let Some(builtin) = builtins::find(name) {
            return Found::Builtin(builtin);
        }
        if let Some(library) = library(name) {
            return Found::Library(library);
        }
        match DType::parse(name) {
            Some(dtype) => Found::DType(dtype),
            None => Found::Missing(self.unknown(name, span)),
        }
    }

    /// What a name means now in a namespace.
    pub fn resolved(&self, module: ModuleId, name: &Name) -> Resolved {
        if module == SESSION
            && let Some(slot) = self.frames[0].scope.bound(name)
        {
            return Resolved::Var(slot.ty.clone(), slot.known.clone());
        }
        self.world.modules[module.0 as usize].items.get(name).map_or(Resolved::Nothing, |item| Resolved::Item(item.clone()))
    }

    /// A variable of the session, handed to this function by value.
    fn capture(&mut self, name: &Name, outer: Slot) -> Slot {
        if let Some((_, slot)) = self.frame().globals.iter().find(|(known, _)| known == name) {
            return slot.clone();
        }
        let local = self.frame().local(name.clone(), outer.ty.clone(), outer.span);
        let slot = self.slot(local, outer.ty, outer.known, outer.span);
        self.frame().globals.push((name.clone(), slot.clone()));
        slot
    }

    /// What a name means that was just bound. An integer whose value is not known becomes one size wherever it is used as one.
    pub fn slot(&mut self, local: LocalId, ty: Ty, known: Known, span: Span) -> Slot {
        let handle = match &ty {
            Ty::Array(array) if array.dims.is_empty() && array.dtype.is_int() && known == Known::No => {
                Some(self.build.input(array.clone(), None, String::new(), span))
            }
            _ => None,
        };
        Slot { local, ty, known, handle, span }
    }

    /// A variable of the session as an argument from the body being checked.
    pub fn global_var(&mut self, name: &Name, span: Span) -> Typed {
        let Some(slot) = self.frames[0].scope.bound(name).cloned() else { return Typed::error(span) };
        if self.frame().is_top() {
            return self.local(&slot, span);
        }
        let (module, resolved) = (SESSION, Resolved::Var(slot.ty.clone(), slot.known.clone()));
        self.frame().env.note(module, name, resolved);
        let slot = self.capture(name, slot);
        self.local(&slot, span)
    }

    /// A variable's value.
    pub fn local(&mut self, slot: &Slot, span: Span) -> Typed {
        let mut value = Typed::new(ExprKind::Local(slot.local), slot.ty.clone(), span).knowing(slot.known.clone());
        value.handle = slot.handle;
        value
    }

    /// A name as a value.
    pub fn name(&mut self, name: &Name, span: Span) -> Typed {
        match self.find(name, span, false) {
            Found::Var(slot) => self.local(&slot, span),
            Found::Constant(value) => Typed::constant(value, span).weak(true),
            Found::Function(def) => function_value(def, Vec::new(), span),
            Found::Itself => self.itself(span),
            Found::Library(library) => Typed::new(ExprKind::Unit, Ty::Module(library), span),
            Found::Host(_) => {
                let error =
                    Diagnostic::at(Code::Type, span, format!("`{name}` is a function of the host, which is called and not passed on"));
                self.fail(error.help(format!("make a function of it: `x -> {name}(x)`")), span)
            }
            Found::Module(id) => {
                let error = Diagnostic::at(Code::Type, span, format!("`{name}` is a module, not a value"));
                let example = self.world.modules[id.0 as usize].items.keys().min().cloned();
                let error = match example {
                    Some(item) => error.help(format!("name something in it: `{name}.{item}`")),
                    None => error,
                };
                self.fail(error, span)
            }
            Found::Builtin(builtin)
                if builtin.params.iter().all(|param| param.kind == ParamKind::Array || param.default != Default::Required) =>
            {
                self.built_in_value(builtin, span)
            }
            Found::Builtin(builtin) => {
                let error = Diagnostic::at(Code::Type, span, format!("`{name}` is a built-in function, not a value"));
                let params: Vec<&str> = builtin.params.iter().map(|param| param.name).take(1).collect();
                self.fail(error.help(format!("call it, `{name}({})`, or make a function value: `v -> {name}(v)`", params.join(", "))), span)
            }
            Found::DType(dtype) => {
                let error = Diagnostic::at(Code::Type, span, format!("`{name}` is a dtype, not a value"));
                self.fail(error.help(format!("to convert, write `x.as({dtype})`")), span)
            }
            Found::Missing(error) => self.fail(error, span),
        }
    }

    /// The closure whose body is being checked, as a value.
    pub fn itself(&mut self, span: Span) -> Typed {
        let Some(owner) = &self.frame().owner else { return Typed::error(span) };
        let (id, captured) = (owner.id, owner.captured.clone());
        let mut values = Vec::new();
        for name in captured {
            match self.frame().scope.bound(&name).cloned() {
                Some(slot) => values.push((name, self.local(&slot, span))),
                None => return Typed::error(span),
            }
        }
        function_value(id, values, span)
    }

    /// K0201, with the nearest name that there is.
    fn unknown(&mut self, name: &Name, span: Span) -> Box<Diagnostic> {
        let module = self.frame().module;
        let frames: Vec<&Frame> = self.frames.last().into_iter().chain(self.frames.first().filter(|_| module == SESSION)).collect();
        let vars = frames.iter().flat_map(|frame| frame.scope.vars.keys().map(Name::as_str));
        let items = self.world.modules[module.0 as usize].items.keys().map(Name::as_str);
        let table = builtins::table().iter().map(|builtin| builtin.name);
        let error = Diagnostic::at(Code::UnknownName, span, format!("nothing is named `{name}` here"));
        match (builtins::renamed::renamed(name), did_you_mean(name, vars.chain(items).chain(table))) {
            (Some(ours), _) => error.help(format!("in Kiln: {ours}")),
            (None, Some(near)) => error.help(format!("did you mean `{near}`?")),
            (None, None) => error.help("bind it before it is used: `name = value`; `kiln doc` lists the built-in functions"),
        }
    }
}

/// A function value that captured these.
pub fn function_value(def: DefId, captures: Vec<(Name, Typed)>, span: Span) -> Typed {
    let known = Known::items(captures.iter().map(|(_, value)| value.known.clone()).collect());
    let types = captures.iter().map(|(name, value)| (name.clone(), value.ty().clone())).collect();
    let exprs = captures.into_iter().map(|(_, value)| value.expr).collect();
    Typed::new(ExprKind::Function { captures: exprs }, Ty::Function(FunctionTy { def, captures: types }), span).knowing(known)
}

/// The built-in name with members that this is: `random` of `random.uniform`.
pub fn library(name: &str) -> Option<&'static str> {
    builtins::table().iter().filter_map(|builtin| builtin.name.split_once('.')).map(|(library, _)| library).find(|library| *library == name)
}

fn not_on_all_paths(name: &Name, state: &State, span: Span) -> Box<Diagnostic> {
    match state {
        State::Conflict(conflict) => {
            let (first, second) = (&conflict.first, &conflict.second);
            let (before, after) =
                if conflict.looped { ("before the loop", "at the end of a pass") } else { ("in one branch", "in the other") };
            let message = format!("`{name}` is {} {before} and {} {after}", first.0, second.0);
            let error =
                Diagnostic::at(Code::Branches, span, message).label(first.1, first.0.to_string()).label(second.1, second.0.to_string());
            match (first.0.as_scalar(), second.0.as_array()) {
                (Some(_), Some(array)) if conflict.looped => error.help(format!("start with an array of the shape: {array}")),
                _ => error.help("a variable has one type where paths meet: convert one value, or use two names"),
            }
        }
        state => Diagnostic::at(Code::UnknownName, span, format!("`{name}` may not be bound here"))
            .label(state.span(), "bound here, which may not run")
            .help(format!("bind `{name}` before the branch or loop, so that it has a value on every path")),
    }
}
