//! What a program takes from files: `open`, the variables of a dataset, modules named by `use`. Owns no reading of files (see `Files`).

use super::checker::{Checker, Typed};
use super::expr::near;
use super::hir::ExprKind;
use super::known::Known;
use super::world::{Item, Module, ModuleId, SESSION};
use crate::base::{Code, Diagnostic, Name, Span};
use crate::builtins::values::Values;
use crate::syntax::{self, ast};
use crate::types::{DatasetTy, Ty, VariableTy};
use std::path::Path;
use std::sync::Arc;

/// Modules that may name each other by `use`, one inside another.
const MAX_MODULES: usize = 64;

impl Checker<'_> {
    /// `open(path)`, `open(path, "/group/x")`.
    pub fn open(&mut self, args: Vec<Typed>, span: Span) -> Typed {
        let Some(path) = args.first() else { return Typed::error(span) };
        let mut texts = Vec::new();
        for arg in &args {
            match arg.known.text() {
                Some(text) => texts.push(text.clone()),
                None => {
                    let what = if texts.is_empty() { "the path" } else { "the name inside the file" };
                    let error = Diagnostic::at(Code::Type, arg.span(), format!("{what} must be known when the program is checked"));
                    return self
                        .fail(error.help("what is in a file decides the program's types; write the text, or a name bound to it"), span);
                }
            }
        }
        let dataset = match self.files.dataset(&texts[0]) {
            Ok(dataset) => dataset,
            Err(error) => return self.fail(error, path.span()),
        };
        let Some(inside) = texts.get(1) else {
            let kind = ExprKind::Open { path: texts[0].clone(), group: "/".into() };
            return whole(Typed::new(kind, Ty::Dataset(dataset), span));
        };
        self.inside(&texts[0], &dataset, inside, args.get(1).map_or(span, Typed::span), span)
    }

    /// The variable or group at a path inside a file.
    fn inside(&mut self, file: &Arc<str>, dataset: &Arc<DatasetTy>, path: &str, path_span: Span, span: Span) -> Typed {
        let mut group = dataset.clone();
        let mut steps = path.split('/').filter(|step| !step.is_empty()).peekable();
        while let Some(step) = steps.next() {
            if let Some((_, inner)) = group.groups.iter().find(|(name, _)| *name == *step) {
                group = inner.clone();
                continue;
            }
            if steps.peek().is_none()
                && let Some(variable) = group.variables.iter().find(|variable| *variable.name == *step)
            {
                let variable = variable.clone();
                let kind = ExprKind::Open { path: file.clone(), group: "/".into() };
                let base = Typed::new(kind, Ty::Dataset(dataset.clone()), span);
                return self.variable(base, &variable, span);
            }
            let known = members(&group);
            let error = Diagnostic::at(Code::UnknownVariable, path_span, format!("no `{step}` in {file}"));
            let error = near(error, step, &known.iter().map(Name::as_str).collect::<Vec<_>>(), "it has");
            return self.fail(error, span);
        }
        let kind = ExprKind::Open { path: file.clone(), group: path.into() };
        Typed::new(kind, Ty::Dataset(group), span)
    }

    /// `ds.name`: a variable or a group.
    pub fn member(&mut self, base: Typed, dataset: &Arc<DatasetTy>, name: &ast::Ident, span: Span) -> Typed {
        if let Some(variable) = dataset.variables.iter().find(|variable| variable.name == name.name) {
            let variable = variable.clone();
            return self.variable(base, &variable, span);
        }
        if let Some((_, group)) = dataset.groups.iter().find(|(group, _)| *group == name.name) {
            let path = dataset.path.clone();
            let (file, outer) = match &base.expr.kind {
                ExprKind::Open { path, group } => (path.clone(), group.to_string()),
                _ => (path, String::new()),
            };
            let inside = format!("{}/{}", outer.trim_end_matches('/'), name.name);
            return Typed::new(ExprKind::Open { path: file, group: inside.into() }, Ty::Dataset(group.clone()), span);
        }
        let known = members(dataset);
        let error = Diagnostic::at(Code::UnknownVariable, name.span, format!("no variable `{}` in {}", name.name, dataset.path));
        let error = near(error, &name.name, &known.iter().map(Name::as_str).collect::<Vec<_>>(), "it has");
        self.fail(error, span)
    }

    fn variable(&mut self, base: Typed, variable: &VariableTy, span: Span) -> Typed {
        if let Some(reason) = &variable.skipped {
            let error = Diagnostic::at(Code::Format, span, format!("the variable `{}` cannot be read: {reason}", variable.name));
            return self.fail(error, span);
        }
        let kind = ExprKind::Variable { dataset: Box::new(base.expr), path: variable.path.clone() };
        // A coordinate is known: it was read when the file was opened.
        let coord = match variable.ty.dims.as_slice() {
            [dim] if dim.name.as_ref() == Some(&variable.name) => dim.coord.as_ref().map(|coord| &coord.values),
            _ => None,
        };
        let values = coord.filter(|values| values.dtype() == variable.ty.dtype).and_then(Values::given);
        Typed::new(kind, Ty::Array(variable.ty.clone()), span).knowing(values.map_or(Known::No, Known::Array))
    }

    pub fn use_stmt(&mut self, used: &ast::Use, span: Span) {
        let path = match &used.path {
            ast::UsePath::Module(ident) => {
                let error =
                    Diagnostic::at(Code::Unsupported, span, format!("there is no standard library yet, so no module `{}`", ident.name));
                return self.report(error.help(format!("a module of your own is a file: `use \"{}.kiln\"`", ident.name)));
            }
            ast::UsePath::File(path) => path,
        };
        let stem = path.rsplit(['/', '\\']).next().and_then(|file| file.split('.').next()).unwrap_or("");
        let name = used.alias.clone().unwrap_or_else(|| ast::Ident { name: Name::new(stem), span });
        if name.name.is_empty() || !name.name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            let error = Diagnostic::at(Code::Syntax, span, format!("`{}` is no name for a module", name.name));
            return self.report(error.help("give it one: `use \"file.kiln\" as m`"));
        }
        if !self.frame().is_top() {
            let error = Diagnostic::at(Code::Syntax, span, "`use` stands inside a function");
            return self.report(error.help("write it at the top of the file"));
        }
        let module = self.frame().module;
        let path = if module == SESSION {
            path.clone()
        } else {
            // A module names its neighbours from where it stands.
            let folder = Path::new(&*self.world.modules[module.0 as usize].path).parent();
            Name::new(folder.map_or_else(|| path.to_string(), |folder| folder.join(path.as_str()).to_string_lossy().into_owned()))
        };
        if let Some(id) = self.load(&path, span) {
            self.world.modules[module.0 as usize].items.insert(name.name.clone(), Item::Module(id));
            self.frame().scope.vars.remove(&name.name);
        }
    }

    /// The module of a path, read once in a session.
    fn load(&mut self, path: &Name, span: Span) -> Option<ModuleId> {
        let text = match self.files.module(path) {
            Ok(text) => text,
            Err(error) => {
                self.report(error.or_at(span));
                return None;
            }
        };
        if self.loading.contains(&text.path) || self.loading.len() >= MAX_MODULES {
            let mut round: Vec<&str> = self.loading.iter().map(|path| &**path).collect();
            round.push(path);
            let message = format!("modules name each other in a round: {}", round.join(" uses "));
            self.report(Diagnostic::at(Code::File, span, message).help("move what both need into a third module"));
            return None;
        }
        let same = |module: &Module| module.path == text.path && module.text.as_ref() == Some(&text.text);
        if let Some(at) = self.world.modules.iter().position(same) {
            return Some(ModuleId(at as u32));
        }
        let (program, diagnostics) = syntax::parse(text.source, &text.text);
        let failed = diagnostics.iter().any(Diagnostic::is_error);
        self.diags.extend(diagnostics);
        if failed {
            return None;
        }
        let id = ModuleId(self.world.modules.len() as u32);
        let module = Module { path: text.path.clone(), text: Some(text.text.clone()), items: Default::default() };
        self.world.modules.push(module);
        self.loading.push(text.path);
        self.frames.push(super::checker::Frame::new(id, None));
        for stmt in &program.items {
            self.module_item(stmt, id);
        }
        self.frames.pop();
        self.loading.pop();
        Some(id)
    }

    /// A module has functions, other modules and numbers.
    fn module_item(&mut self, stmt: &ast::Stmt, id: ModuleId) {
        match &stmt.kind {
            ast::StmtKind::Fn(function) => {
                self.define(function, id);
            }
            ast::StmtKind::Use(used) => self.use_stmt(used, stmt.span),
            ast::StmtKind::Bind { targets, value } if targets.len() == 1 => {
                let value = self.expr(value);
                match value.known.scalar() {
                    Some(value) => {
                        let name = targets[0].ident.name.clone();
                        self.world.modules[id.0 as usize].items.insert(name, Item::Constant(value));
                    }
                    None if value.is_error() => {}
                    None => {
                        let error =
                            Diagnostic::at(Code::Unsupported, stmt.span, format!("a module binds numbers alone, this is {}", value.ty()));
                        self.report(error.help("make it a function: `fn name() = …`"));
                    }
                }
            }
            _ => {
                let error =
                    Diagnostic::at(Code::Unsupported, stmt.span, "a module holds functions, numbers and `use`, and does nothing by itself");
                self.report(error.help("put it into a function, and call that where the module is used"));
            }
        }
    }
}

/// A file that holds one array is that array.
fn whole(dataset: Typed) -> Typed {
    let array = match dataset.ty() {
        Ty::Dataset(ty) => match ty.variables.as_slice() {
            [variable] if ty.single => Some(variable.clone()),
            _ => None,
        },
        _ => None,
    };
    match array {
        Some(variable) => {
            let span = dataset.span();
            let kind = ExprKind::Variable { dataset: Box::new(dataset.expr), path: variable.path.clone() };
            Typed::new(kind, Ty::Array(variable.ty), span)
        }
        None => dataset,
    }
}

fn members(dataset: &DatasetTy) -> Vec<Name> {
    let variables = dataset.variables.iter().map(|variable| variable.name.clone());
    variables.chain(dataset.groups.iter().map(|(name, _)| name.clone())).collect()
}
