//! Functions of the program: definitions, and their specialisation to the types of a call. An instance is checked once for a list of
//! types and kept; a function that calls itself is checked until its result's type stays the same. Owns no matching of arguments to
//! parameters (see `call`) and no choice of how an instance runs (see `class`).

use super::annotate::Sizes;
use super::call::Callee;
use super::checker::{Checker, Frame, Owner, Returned, Traits, Typed};
use super::class::{self, Mapped};
use super::each::EACH;
use super::expr::{MAX_PARTS, parts};
use super::hir::{Block, Class, ExprKind, InstId, Instance, LocalId, StmtKind};
use super::join::{Join, same_dtype_and_rank};
use super::known::Known;
use super::names;
use super::resolve::{self, Resolved};
use super::scope::State;
use super::sizes::{Canon, generalised, same};
use super::world::{Def, ModuleId};
use crate::base::{Code, Diagnostic, Label, Name, Span};
use crate::builtins::{Builtin, Default};
use crate::syntax::ast;
use crate::types::{DefId, Ty, promote};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Functions that may be open at once while types are found, each called by the one before with types of its own.
const MAX_ACTIVE: usize = 64;

/// Passes over a function that calls itself, until its result's type stays.
const MAX_PASSES: usize = 12;

/// Instances of one function; beyond it nothing is taken as known of arguments where that goes.
const MAX_KNOWING: usize = 32;

/// Calls that an error inside a function shows.
const MAX_CALLS_SHOWN: usize = 4;

/// Characters of a type in a message.
const MAX_SHOWN: usize = 100;

/// What a body's meaning depends on outside of it.
#[derive(Clone, Debug, Default)]
pub struct Env(BTreeMap<(ModuleId, Name), Resolved>);

impl Env {
    pub fn note(&mut self, module: ModuleId, name: &Name, resolved: Resolved) {
        self.0.insert((module, name.clone()), resolved);
    }
}

/// For which arguments an instance is. Unknown sizes are numbered in order of appearance.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Over the elements of arrays.
    elementwise: bool,
    /// Absent where a default is taken.
    params: Vec<Option<(Ty, Known)>>,
    captured: Vec<(Ty, Known)>,
}

impl Key {
    /// Takes nothing as known. Whether something was.
    fn forget(&mut self) -> bool {
        let all = self.params.iter_mut().flatten().chain(&mut self.captured).map(|(_, known)| known);
        let mut any = false;
        for known in all {
            any |= std::mem::take(known) != Known::No;
        }
        any
    }
}

/// A function that has been specialised, or why it cannot be.
#[derive(Debug)]
pub struct Memo {
    id: u32,
    key: Key,
    env: Env,
    outcome: Result<Done, Vec<Diagnostic>>,
}

/// What a call needs to know of an instance.
#[derive(Clone, Debug)]
struct Done {
    inst: InstId,
    result: Ty,
    known: Known,
    globals: Vec<Name>,
    effect: Option<(String, Span)>,
}

/// An instance being checked.
pub struct Active {
    id: DefId,
    key: Key,
    inst: InstId,
    /// What the pass before found; nothing in the first.
    assumed: Assumed,
    /// It called itself in this pass.
    used: bool,
    /// The lowest active instance that this one, or one above, has called.
    low: usize,
    /// Instances that were checked with what is assumed of this one.
    provisional: Vec<(DefId, u32)>,
}

/// What a pass over a recursive function takes for granted.
#[derive(Clone, Debug, Default)]
struct Assumed {
    result: Option<Ty>,
    globals: Vec<Name>,
    effect: Option<(String, Span)>,
}

/// A pass over a body.
struct Pass {
    frame: Frame,
    params: Vec<LocalId>,
    body: Block,
    result: Result<Ty, Box<Diagnostic>>,
    known: Known,
}

impl Checker<'_> {
    pub fn add_def(&mut self, function: &ast::Function, module: ModuleId) -> DefId {
        self.push_def(Def {
            name: function.ident.name.clone(),
            params: function.params.clone(),
            result: function.result.clone(),
            body: function.body.clone(),
            doc: function.doc.clone(),
            assigned: names::assigned(&function.body.stmts),
            module,
            closure: false,
            span: function.ident.span,
        })
    }

    fn push_def(&mut self, def: Def) -> DefId {
        for (at, param) in def.params.iter().enumerate() {
            if def.params[..at].iter().any(|before| before.ident.name == param.ident.name) {
                let message = format!("`{}` has two parameters named `{}`", def.name, param.ident.name);
                self.report(Diagnostic::at(Code::UnknownParameter, param.ident.span, message));
            }
        }
        self.world.defs.push(Arc::new(def));
        DefId(self.world.defs.len() as u32 - 1)
    }

    /// A function value that captures the variables it mentions.
    pub fn closure(&mut self, at: Span, span: Span, make: impl FnOnce(ModuleId) -> Def) -> Typed {
        let id = match self.inner.get(&at) {
            Some(id) => *id,
            None => {
                let module = self.frame().module;
                let id = self.push_def(make(module));
                self.inner.insert(at, id);
                id
            }
        };
        let def = self.world.defs[id.0 as usize].clone();
        let mut captured = Vec::new();
        for name in names::free(&def.params, &def.body) {
            if name != def.name && self.is_variable(&name) {
                let value = self.name(&name, span);
                captured.push((name, value));
            }
        }
        if captured.iter().map(|(_, value)| parts(value.ty())).sum::<usize>() > MAX_PARTS {
            return self.too_large(span);
        }
        resolve::function_value(id, captured, span)
    }

    /// Whether a name is a variable that has a value here.
    fn is_variable(&self, name: &Name) -> bool {
        let Some(frame) = self.frames.last() else { return false };
        match frame.scope.vars.get(name) {
            Some(State::Bound(_)) => true,
            Some(_) => false,
            None => {
                let own = frame.owner.as_ref().is_some_and(|owner| owner.def.assigned.contains(name));
                !own && matches!(self.resolved(frame.module, name), Resolved::Var(..))
            }
        }
    }

    pub fn inner_function(&mut self, function: &ast::Function) -> Typed {
        self.closure(function.span, function.ident.span, |module| Def {
            name: function.ident.name.clone(),
            params: function.params.clone(),
            result: function.result.clone(),
            body: function.body.clone(),
            doc: function.doc.clone(),
            assigned: names::assigned(&function.body.stmts),
            module,
            closure: true,
            span: function.ident.span,
        })
    }

    pub fn lambda(&mut self, params: &[ast::Param], body: &ast::Expr, span: Span) -> Typed {
        self.closure(span, span, |module| {
            let stmt = ast::Stmt { kind: ast::StmtKind::Expr { value: body.clone(), silent: false }, span: body.span };
            let stmts = vec![stmt];
            Def {
                name: Name::new("->"),
                params: params.to_vec(),
                result: None,
                assigned: names::assigned(&stmts),
                body: ast::Block { stmts, span: body.span },
                doc: None,
                module,
                closure: true,
                span,
            }
        })
    }

    /// A built-in as a function value: `v -> sqrt(v)`.
    pub fn built_in_value(&mut self, builtin: &'static Builtin, span: Span) -> Typed {
        let ident = |name: &str| ast::Ident { name: Name::new(name), span };
        let required: Vec<ast::Ident> =
            builtin.params.iter().filter(|param| param.default == Default::Required).map(|param| ident(param.name)).collect();
        let params: Vec<ast::Param> = required.iter().map(|ident| ast::Param { ident: ident.clone(), ty: None, default: None }).collect();
        let name = |ident: &ast::Ident| ast::Expr { kind: ast::ExprKind::Name(ident.name.clone()), span };
        let args = required.iter().map(|ident| ast::Arg { name: None, value: name(ident) }).collect();
        let kind = match builtin.name.split_once('.') {
            Some((library, member)) => ast::ExprKind::Method { receiver: Box::new(name(&ident(library))), name: ident(member), args },
            None => ast::ExprKind::Call { callee: Box::new(name(&ident(builtin.name))), args },
        };
        self.lambda(&params, &ast::Expr { kind, span }, span)
    }

    /// A call with an argument for each parameter, but for those that take their default.
    pub fn invoke(&mut self, callee: Callee, given: Vec<Option<Typed>>, span: Span) -> Typed {
        if let Some(large) = given.iter().flatten().find(|value| parts(value.ty()) > MAX_PARTS) {
            return self.too_large(large.span());
        }
        let Some((given, mapped)) = self.arguments_as_annotated(&callee.def, given, span) else { return Typed::error(span) };
        let mut canon = Canon::default();
        let element = |ty: &Ty| match (&mapped, ty) {
            (Some(_), Ty::Array(array)) => Ty::scalar(array.dtype),
            _ => ty.clone(),
        };
        let params = given.iter().map(|value| value.as_ref().map(|value| (canon.ty(&element(value.ty())), value.known.clone()))).collect();
        let captured = callee.captured.iter().map(|(_, value)| (canon.ty(value.ty()), value.known.clone())).collect();
        let mut key = Key { elementwise: mapped.is_some(), params, captured };
        self.generalise(callee.id, &mut key, &mut canon, span);
        let names: Vec<Name> = callee.captured.iter().map(|(name, _)| name.clone()).collect();
        let many = self.world.memo.get(&callee.id).is_some_and(|memo| memo.len() >= MAX_KNOWING);
        let done = match if many { self.general(&callee, &key, &names, span) } else { None } {
            Some(done) => done,
            None => match self.specialised(&callee, key.clone(), names.clone(), span) {
                Some(done) => done,
                None => return Typed::error(span),
            },
        };
        let inst = self.compiled_once(&callee, &key, &names, &done, span);

        let mut args: Vec<_> = given.into_iter().flatten().map(|value| value.expr).collect();
        args.extend(callee.captured.into_iter().map(|(_, value)| value.expr));
        for name in &done.globals {
            args.push(self.global_var(name, span).expr);
        }
        if let Some((_, at)) = &done.effect {
            let what = if callee.def.closure { "a function value".to_string() } else { format!("`{}`", callee.def.name) };
            let at = *at;
            self.frame().traits.effect.get_or_insert((what, at));
        }
        let ty = canon.back(&done.result, &mut self.build.unknowns);
        let ty = match mapped {
            Some(mapped) => mapped.over(&ty),
            None => ty,
        };
        Typed::new(ExprKind::Invoke { inst, args }, ty, span).knowing(done.known)
    }

    /// Converts arguments as the parameters' annotations say. Arrays for parameters annotated as scalars make the call elementwise.
    fn arguments_as_annotated(&mut self, def: &Def, given: Vec<Option<Typed>>, span: Span) -> Option<(Vec<Option<Typed>>, Option<Mapped>)> {
        let mut sizes = Sizes::of_parameters();
        let mut out = Vec::with_capacity(given.len());
        let mut over = Vec::new();
        for (param, value) in def.params.iter().zip(given) {
            let value = match (value, &param.ty) {
                (Some(value), Some(ty)) if ty.dims.is_none() && value.ty().as_array().is_some_and(|ty| ty.rank() > 0) => {
                    let value = self.elements(value, ty, &param.ident.name);
                    over.push(value.clone());
                    Some(value)
                }
                (Some(value), Some(ty)) => Some(self.annotated(value, ty, &mut sizes, &param.ident.name)),
                (value, _) => value.map(|value| Typed { weak: false, ..value }),
            };
            out.push(value);
        }
        if out.iter().flatten().any(Typed::is_error) {
            return None;
        }
        if over.is_empty() {
            return Some((out, None));
        }
        for (param, value) in def.params.iter().zip(&out) {
            let whole =
                value.as_ref().and_then(|value| value.ty().as_array().filter(|ty| ty.rank() > 0).map(|ty| (ty.clone(), value.span())));
            if let (Some((ty, at)), true) = (whole, param.ty.as_ref().is_none_or(|ty| ty.dims.is_some())) {
                let message =
                    format!("`{}` maps over the elements of arrays here, and `{}` is {ty}, a whole array", def.name, param.ident.name);
                let error = Diagnostic::at(Code::Unsupported, at, message);
                self.report(error.help(format!("annotate `{}` as a scalar too, or loop over the elements", param.ident.name)));
                return None;
            }
        }
        let mapped = Mapped::new(self, &over);
        let mapped = self.ok(mapped, span)?;
        // Elements are not known, whatever was of the arrays.
        for value in out.iter_mut().flatten() {
            *value = std::mem::replace(value, Typed::unit(span)).knowing(Known::No);
        }
        Some((out, Some(mapped)))
    }

    /// Forgets what makes a recursive call one of ever other types: what is known, and sizes that change.
    fn generalise(&mut self, id: DefId, key: &mut Key, canon: &mut Canon, span: Span) {
        let open = self.active.iter().rev().find(|active| active.id == id && active.key.elementwise == key.elementwise);
        if let Some(open) = open {
            if let Some(frame) = self.frames.last_mut() {
                frame.traits.recursive.get_or_insert(span);
            }
            for (new, old) in key.params.iter_mut().zip(&open.key.params) {
                if let (Some((ty, known)), Some((old, _))) = (new, old) {
                    *known = Known::No;
                    *ty = generalised(ty, old, canon);
                }
            }
            key.captured.iter_mut().for_each(|(_, known)| *known = Known::No);
        }
    }

    /// The instance for arguments of which nothing is known; None where something must be, or where nothing was.
    fn general(&mut self, callee: &Callee, key: &Key, names: &[Name], span: Span) -> Option<Done> {
        let mut key = key.clone();
        if !key.forget() {
            return None;
        }
        let before = self.diags.len();
        let found = self.specialised(callee, key, names.to_vec(), span);
        self.diags.truncate(before);
        found
    }

    /// The instance that runs: of a compiled function the one for any values of these types, where there is one, so that it is compiled once
    /// and not for each value. The call keeps the more precise type.
    fn compiled_once(&mut self, callee: &Callee, key: &Key, names: &[Name], done: &Done, span: Span) -> InstId {
        let compiled = self.world.instance(done.inst).class == Class::Kernel;
        if !compiled || self.active.iter().any(|active| active.inst == done.inst) {
            return done.inst;
        }
        match self.general(callee, key, names, span) {
            Some(found) if same_dtype_and_rank(&found.result, &done.result) && found.globals == done.globals => found.inst,
            _ => done.inst,
        }
    }

    /// The instance for a key: one that is there, the one being checked, or a new one.
    fn specialised(&mut self, callee: &Callee, key: Key, captured: Vec<Name>, span: Span) -> Option<Done> {
        let kept = self.world.memo.get(&callee.id).and_then(|memo| {
            memo.iter().find(|memo| {
                memo.key == key && memo.env.0.iter().all(|((module, name), resolved)| self.resolved(*module, name) == *resolved)
            })
        });
        if let Some(memo) = kept.cloned() {
            if let Some(low) = self.active.iter().position(|active| active.provisional.contains(&(callee.id, memo.id))) {
                self.depends_on(low);
            }
            return match &memo.outcome {
                Ok(done) => {
                    self.frame().env.0.extend(memo.env.0.clone());
                    Some(done.clone())
                }
                Err(errors) => {
                    self.diags.extend(errors.iter().cloned());
                    None
                }
            };
        }
        if let Some(at) = self.active.iter().position(|active| active.id == callee.id && active.key == key) {
            self.depends_on(at);
            self.active[at].used = true;
            self.frame().traits.recursive.get_or_insert(span);
            let Active { inst, assumed, .. } = &self.active[at];
            let result = assumed.result.clone().unwrap_or(Ty::Error);
            return Some(Done { inst: *inst, result, known: Known::No, globals: assumed.globals.clone(), effect: assumed.effect.clone() });
        }
        if self.active.len() >= MAX_ACTIVE {
            let message = format!("`{}` is called with ever other types by what it calls", callee.def.name);
            self.report(
                Diagnostic::at(Code::Recursion, span, message)
                    .help("annotate its parameters, or make what it calls itself with of one type"),
            );
            return None;
        }
        self.deeper(span, None, |this| this.instantiate(callee, key, captured, span))
    }

    /// What is being checked rests on what is assumed of an active instance.
    fn depends_on(&mut self, at: usize) {
        for active in &mut self.active[at..] {
            active.low = active.low.min(at);
        }
    }

    fn instantiate(&mut self, callee: &Callee, key: Key, captured: Vec<Name>, span: Span) -> Option<Done> {
        let def = callee.def.clone();
        let inst = InstId(self.world.instances.len() as u32);
        self.world.instances.push(Arc::new(empty(callee.id, &def)));
        let at = self.active.len();
        let active =
            Active { id: callee.id, key: key.clone(), inst, assumed: Assumed::default(), used: false, low: at, provisional: Vec::new() };
        self.active.push(active);
        let before = self.diags.len();
        let mut expected = None;
        let mut left = MAX_PASSES;
        let pass = loop {
            left -= 1;
            self.diags.truncate(before);
            self.forget_provisional(at);
            self.active[at].used = false;
            let pass = self.pass_over(callee, &key, &captured, expected.clone());
            let found = Assumed {
                result: pass.result.as_ref().ok().cloned(),
                globals: pass.frame.globals.iter().map(|(name, _)| name.clone()).collect(),
                effect: pass.frame.traits.effect.clone(),
            };
            let active = &mut self.active[at];
            let settled = !active.used || active.assumed.agrees(&found);
            let unlike =
                |ty: &Ty| pass.frame.returns.iter().any(|returned| !returned.ty.is_error() && !same_dtype_and_rank(&returned.ty, ty));
            let converts = pass.result.as_ref().is_ok_and(unlike);
            if left == 0 || (settled && !converts) {
                break pass;
            }
            expected = if converts || expected.is_some() { found.result.clone() } else { None };
            active.assumed = found;
        };
        self.conclude(callee, key, inst, pass, before, span)
    }

    /// Ends an instance: its class, its place among all, its errors.
    fn conclude(&mut self, callee: &Callee, key: Key, inst: InstId, pass: Pass, before: usize, span: Span) -> Option<Done> {
        let def = &callee.def;
        let Pass { frame, params, body, result, known } = pass;
        let at = self.active.len() - 1;
        let active = self.active.pop();
        let (low, used) = active.as_ref().map_or((at, false), |active| (active.low, active.used));
        let result = match result {
            Ok(Ty::Error) if used && !self.diags[before..].iter().any(Diagnostic::is_error) => {
                let message = format!("`{}` calls itself on every path, so that it never gives a value", def.name);
                self.report(Diagnostic::at(Code::Recursion, def.span, message).help("give it a case that does not call it again"));
                Ty::Error
            }
            Ok(result) => result,
            Err(error) => {
                self.report(error);
                Ty::Error
            }
        };
        if self.world.memo.get(&callee.id).is_none_or(Vec::is_empty) {
            self.unused(&frame, def);
        }
        // Only what is compiled for any size may be given in parts.
        let place = |(name, axis): &(Name, usize)| {
            let param = params.iter().find(|param| frame.locals[param.0 as usize].name == *name)?;
            let ty = frame.locals[param.0 as usize].ty.as_array()?;
            ty.dims.get(*axis)?.size.known().is_none().then_some((*param, *axis))
        };
        let parted = frame.parted.iter().map(place).collect::<Option<Vec<_>>>().unwrap_or_default();
        let instance = Instance {
            def: callee.id,
            name: def.name.clone(),
            params,
            locals: frame.locals,
            body,
            result: result.clone(),
            class: class::class(key.elementwise, &frame.traits),
            parted,
            span: def.span,
        };
        if !self.diags[before..].iter().any(Diagnostic::is_error)
            && let Err(error) = class::verify(&instance, &frame.traits, self.world)
        {
            self.report(error);
        }
        self.world.instances[inst.0 as usize] = Arc::new(instance);
        let globals = frame.globals.into_iter().map(|(name, _)| name).collect();
        let failed = self.diags[before..].iter().any(Diagnostic::is_error);
        let outcome = if failed {
            self.show_call(before, def, &key, span);
            Err(self.diags[before..].to_vec())
        } else {
            Ok(Done { inst, result, known, globals, effect: frame.traits.effect })
        };
        let done = outcome.as_ref().ok().cloned();
        self.memo_count += 1;
        let id = self.memo_count;
        if let Some(outer) = self.frames.last_mut() {
            outer.env.0.extend(frame.env.0.clone());
        }
        self.world.memo.entry(callee.id).or_default().push(Arc::new(Memo { id, key, env: frame.env, outcome }));
        if low < at {
            let mut provisional = active.map(|active| active.provisional).unwrap_or_default();
            provisional.push((callee.id, id));
            self.active[low].provisional.extend(provisional);
        }
        done
    }

    /// Drops instances that were checked with what the pass before assumed.
    fn forget_provisional(&mut self, at: usize) {
        for (def, id) in std::mem::take(&mut self.active[at].provisional) {
            if let Some(memo) = self.world.memo.get_mut(&def) {
                memo.retain(|memo| memo.id != id);
            }
        }
    }

    /// Checks the body once.
    fn pass_over(&mut self, callee: &Callee, key: &Key, captured: &[Name], expected: Option<Ty>) -> Pass {
        let def = callee.def.clone();
        let mut sizes = Sizes::default();
        for (param, given) in def.params.iter().zip(&key.params) {
            if let (Some(annotation), Some((Ty::Array(ty), _))) = (&param.ty, given) {
                sizes.note(annotation, ty);
            }
        }
        let owner = Owner { id: callee.id, def: def.clone(), captured: captured.to_vec(), expected, sizes };
        self.frames.push(Frame::new(def.module, Some(owner)));
        let mut params = Vec::new();
        for (param, given) in def.params.iter().zip(&key.params) {
            if let Some((ty, known)) = given {
                params.push(self.parameter(&param.ident.name, ty, known, param.ident.span));
            }
        }
        for (name, (ty, known)) in captured.iter().zip(&key.captured) {
            params.push(self.parameter(name, ty, known, def.span));
        }
        let (stmts, value) = self.apart(|this| {
            for (param, given) in def.params.iter().zip(&key.params) {
                if let (None, Some(default)) = (given, &param.default) {
                    this.default(param, default);
                }
            }
            let mut body = this.block(&def.body, true);
            this.frame().out.append(&mut body.stmts);
            let value = body.live.then_some(body.value);
            value.map(|value| this.returned(value))
        });
        let value = value.filter(|value| !matches!(value.ty(), Ty::Unit)).map(|value| Box::new(value.expr));
        let frame = self.frames.pop().unwrap_or_else(|| Frame::new(def.module, None));
        params.extend(frame.globals.iter().map(|(_, slot)| slot.local));
        let result = self.result(&def, &frame.returns);
        let known = match frame.returns.as_slice() {
            [only] => only.known.clone(),
            _ => Known::No,
        };
        Pass { frame, params, body: Block { stmts, value }, result, known }
    }

    fn parameter(&mut self, name: &Name, ty: &Ty, known: &Known, span: Span) -> LocalId {
        let local = self.frame().local(name.clone(), ty.clone(), span);
        let slot = self.slot(local, ty.clone(), known.clone(), span);
        self.frame().scope.vars.insert(name.clone(), State::Bound(slot));
        local
    }

    /// A parameter that was left out.
    fn default(&mut self, param: &ast::Param, default: &ast::Expr) {
        let mut value = self.expr(default);
        if let Some(ty) = &param.ty {
            value = self.annotated(value, ty, &mut Sizes::of_parameters(), &param.ident.name);
        }
        let local = self.bind(&param.ident.name, &value, param.ident.span);
        self.frame().read.insert(param.ident.name.clone());
        self.emit(StmtKind::Bind { local, value: value.expr }, default.span);
    }

    /// The one type of all that a function gives.
    fn result(&mut self, def: &Def, returns: &[Returned]) -> Result<Ty, Box<Diagnostic>> {
        let mut join = Join::default();
        let mut found: Option<(Ty, Span)> = None;
        let strong = returns.iter().filter(|returned| returned.weak.is_none());
        for returned in strong.chain(returns.iter().filter(|returned| returned.weak.is_some())) {
            let Some((before, span)) = found else {
                found = Some((returned.ty.clone(), returned.span));
                continue;
            };
            let literal = returned.weak.zip(before.as_array().map(|ty| ty.dtype));
            let adapted = literal.and_then(|(literal, dtype)| promote::adapt(literal, &[dtype]).ok());
            let ty = adapted.map_or_else(|| returned.ty.clone(), |adapted| Ty::scalar(adapted.dtype));
            let Some(joined) = join.types(&before, &ty, false, &mut self.build.unknowns) else {
                let message = format!("`{}` gives {before} on one path and {ty} on another", def.name);
                let error = Diagnostic::at(Code::Branches, returned.span, message).says(ty.to_string()).label(span, before.to_string());
                return Err(error.help("a function gives values of one type; convert one"));
            };
            found = Some((joined, span));
        }
        Ok(found.map_or(Ty::Unit, |(ty, _)| ty))
    }

    /// Notes at the errors of an instance where it was called.
    fn show_call(&mut self, before: usize, def: &Def, key: &Key, span: Span) {
        // What stands in an `each` is not called anywhere.
        if def.name == *EACH {
            return;
        }
        let params = def.params.iter().zip(&key.params);
        let types: Vec<String> =
            params.filter_map(|(param, given)| given.as_ref().map(|(ty, _)| format!("{}: {}", param.ident.name, short(ty)))).collect();
        let text = if types.is_empty() { "called here".to_string() } else { format!("called here with {}", types.join(", ")) };
        for diag in &mut self.diags[before..] {
            let calls = diag.labels.iter().filter(|label| label.text.starts_with("called here")).count();
            if diag.is_error() && calls < MAX_CALLS_SHOWN {
                diag.labels.push(Label { span, text: text.clone() });
            }
        }
    }

    /// Warns of variables that nothing reads.
    fn unused(&mut self, frame: &Frame, def: &Def) {
        for (name, span) in &frame.bound {
            if !frame.read.contains(name) && !name.starts_with('_') && def.params.iter().all(|param| param.ident.name != *name) {
                let message = format!("`{name}` is never used");
                self.report(Diagnostic::at(Code::Unused, *span, message).help(format!("name it `_{name}` if that is meant")).warning());
            }
        }
    }
}

impl Assumed {
    fn agrees(&self, found: &Assumed) -> bool {
        let results = match (&self.result, &found.result) {
            (Some(a), Some(b)) => same(a, b),
            (None, None) => true,
            _ => false,
        };
        results && self.globals == found.globals && self.effect.is_some() == found.effect.is_some()
    }
}

/// A type for a message, cut where it is long.
fn short(ty: &Ty) -> String {
    let text = ty.to_string();
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// What stands for an instance while it is checked.
fn empty(id: DefId, def: &Def) -> Instance {
    Instance {
        def: id,
        name: def.name.clone(),
        params: Vec::new(),
        locals: Vec::new(),
        body: Block::default(),
        result: Ty::Error,
        class: class::class(false, &Traits::default()),
        parted: Vec::new(),
        span: def.span,
    }
}
