//! What a session has defined: functions, modules, and the specialised instances of functions. Owns no inference: `check` runs the
//! `Checker` on a copy and keeps it only if the text is without errors.

use super::Files;
use super::checker::Checker;
use super::function::Memo;
use super::hir::{InstId, Instance, LocalId, Program};
use super::host::HostFunction;
use super::known::Known;
use crate::array::Scalar;
use crate::base::{Code, Diagnostic, Name, Span, stack};
use crate::syntax::ast;
use crate::types::{DefId, Ty, Unknowns};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// Stack of the thread that a text is checked on, and how many expressions and blocks may be open on it through all functions being
/// specialised: a level takes some 25 KiB in a debug build. Touched pages only are memory; the second is for systems that refuse the first.
const STACKS: [(usize, usize); 2] = [(256 << 20, 5_000), (48 << 20, 1_000)];

/// A variable of the session, before or after a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Var {
    pub name: Name,
    pub ty: Ty,
    pub known: Known,
}

/// A text without errors.
#[derive(Clone, Debug)]
pub struct Checked {
    pub program: Program,
    /// The session's variables after the text, with the local that holds each.
    pub vars: Vec<(Var, LocalId)>,
    pub warnings: Vec<Diagnostic>,
}

/// All definitions of a session. Cloning copies tables of pointers.
#[derive(Clone)]
pub struct World {
    pub(super) defs: Vec<Arc<Def>>,
    pub(super) instances: Vec<Arc<Instance>>,
    pub(super) memo: FxHashMap<DefId, Vec<Arc<Memo>>>,
    /// The first is the session itself.
    pub(super) modules: Vec<Module>,
    pub(super) unknowns: Unknowns,
}

/// Which namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleId(pub u32);

/// The namespace of the session's own texts.
pub const SESSION: ModuleId = ModuleId(0);

/// A namespace: the session, or a file that was named by `use`.
#[derive(Clone, Default)]
pub struct Module {
    pub path: Arc<str>,
    /// As it was read; a file that changes is another module.
    pub text: Option<Arc<str>>,
    pub items: FxHashMap<Name, Item>,
}

/// What a name means in a namespace, variables of the session apart.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    Function(DefId),
    Module(ModuleId),
    Constant(Scalar),
    Host(HostFunction),
}

/// A function as written.
pub struct Def {
    pub name: Name,
    pub params: Vec<ast::Param>,
    pub result: Option<ast::TypeExpr>,
    pub body: ast::Block,
    pub doc: Option<String>,
    /// Names the body binds; a name is local in the whole body or not at all.
    pub assigned: FxHashSet<Name>,
    pub module: ModuleId,
    /// A lambda or a function inside another: it captures what it mentions when it is made. Others read the session's variables when they
    /// are called.
    pub closure: bool,
    pub span: Span,
}

impl Default for World {
    fn default() -> World {
        World {
            defs: Vec::new(),
            instances: Vec::new(),
            memo: FxHashMap::default(),
            modules: vec![Module::default()],
            unknowns: Unknowns::default(),
        }
    }
}

impl World {
    pub fn new() -> World {
        World::default()
    }

    /// Gives the session's texts a function of the host; it hides a built-in of its name.
    pub fn register(&mut self, function: HostFunction) {
        self.modules[SESSION.0 as usize].items.insert(function.name.clone(), Item::Host(function));
    }

    /// Checks a text that runs after all before it. `vars` are the session's variables; they become the program's first locals.
    /// On errors the world stays as it was and all errors are returned, warnings among them.
    /// Runs with a large stack, so that it may be called from any thread.
    pub fn check(&mut self, program: &ast::Program, vars: &[Var], files: &dyn Files) -> Result<Checked, Vec<Diagnostic>> {
        let mut refused = String::new();
        for (size, depth) in STACKS {
            let mut next = self.clone();
            let run = move || (Checker::new(&mut next, files, depth).text(program, vars), next);
            match stack::with("check", size, run) {
                Ok(Ok((Ok(checked), next))) => {
                    *self = next;
                    return Ok(checked);
                }
                Ok(Ok((Err(errors), _))) => return Err(errors),
                Ok(Err(_)) => return Err(vec![*Diagnostic::new(Code::Internal, "the checker stopped")]),
                Err(error) => refused = error.to_string(),
            }
        }
        Err(vec![*Diagnostic::new(Code::Memory, format!("no thread can be started to check the text: {refused}"))])
    }

    pub fn instance(&self, id: InstId) -> &Instance {
        &self.instances[id.0 as usize]
    }

    /// The specialisations of the functions of this name.
    pub fn instances_of(&self, name: &str) -> Vec<InstId> {
        let named = self.instances.iter().enumerate().filter(|(_, instance)| instance.name == *name);
        named.map(|(at, _)| InstId(at as u32)).collect()
    }

    pub fn def(&self, id: DefId) -> &Def {
        &self.defs[id.0 as usize]
    }

    /// The session's own functions, by name: for completion and help.
    pub fn functions(&self) -> Vec<(&Name, &Def)> {
        let items = self.modules.first().into_iter().flat_map(|module| &module.items);
        let mut all: Vec<(&Name, &Def)> = items
            .filter_map(|(name, item)| match item {
                Item::Function(id) => Some((name, self.def(*id))),
                _ => None,
            })
            .collect();
        all.sort_by(|a, b| a.0.cmp(b.0));
        all
    }

    /// The function of this name in the session.
    pub fn function(&self, name: &str) -> Option<&Def> {
        match self.modules.first()?.items.get(name)? {
            Item::Function(id) => Some(self.def(*id)),
            _ => None,
        }
    }
}

impl Def {
    /// `f(x, rate = …)`, as help shows it.
    pub fn signature(&self) -> String {
        let param =
            |param: &ast::Param| if param.default.is_some() { format!("{} = …", param.ident.name) } else { param.ident.name.to_string() };
        format!("{}({})", self.name, self.params.iter().map(param).collect::<Vec<_>>().join(", "))
    }
}
