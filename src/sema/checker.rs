//! The state of checking one text: the bodies being checked, what they emit, what was found wrong. Owns no rule of the language.

use super::Files;
use super::annotate::Sizes;
use super::each::Each;
use super::function::{Active, Env};
use super::hir::{Expr, ExprKind, Local, LocalId, Program, Stmt, StmtKind};
use super::join::Join;
use super::known::Known;
use super::parted::Parted;
use super::scope::{Scope, Slot, State};
use super::world::{Checked, Def, ModuleId, SESSION, Var, World};
use crate::array::Scalar;
use crate::base::{Code, Diagnostic, Name, Outcome, Span};
use crate::builtins::build::A;
use crate::builtins::typed::TypeBuild;
use crate::syntax::ast;
use crate::types::{DefId, Ty};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// Expressions that one text may take to check, specialisations and repeated passes of loops included.
const MAX_WORK: usize = 3_000_000;

/// Errors that are reported of one text.
const MAX_ERRORS: usize = 50;

/// Errors and warnings that are kept while a text is checked; the same one may come from many calls.
const MAX_KEPT: usize = 2_000;

/// An expression with what `sema` alone needs to know of it.
#[derive(Clone, Debug)]
pub struct Typed {
    pub expr: Expr,
    pub known: Known,
    /// Made of literals alone: takes the dtype of what it meets. Its value is known.
    pub weak: bool,
    pub handle: Option<A>,
}

impl Typed {
    pub fn new(kind: ExprKind, ty: Ty, span: Span) -> Typed {
        Typed { expr: Expr { kind, ty, known: None, span }, known: Known::No, weak: false, handle: None }
    }
    pub fn error(span: Span) -> Typed {
        Typed::new(ExprKind::Unit, Ty::Error, span)
    }
    pub fn unit(span: Span) -> Typed {
        Typed::new(ExprKind::Unit, Ty::Unit, span)
    }
    pub fn constant(value: Scalar, span: Span) -> Typed {
        Typed::new(ExprKind::Const(value), Ty::scalar(value.dtype), span).knowing(Known::Scalar(value))
    }
    pub fn knowing(mut self, known: Known) -> Typed {
        self.expr.known = known.scalar();
        self.known = known;
        self
    }
    pub fn weak(mut self, weak: bool) -> Typed {
        self.weak = weak && self.known.scalar().is_some();
        self
    }
    pub fn ty(&self) -> &Ty {
        &self.expr.ty
    }
    pub fn span(&self) -> Span {
        self.expr.span
    }
    pub fn is_error(&self) -> bool {
        self.expr.ty.is_error()
    }
}

/// What a body does, as far as it decides how it runs. Where, and in words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traits {
    /// `print` and its like.
    pub effect: Option<(String, Span)>,
    pub repeats: Option<Span>,
    pub stores: Option<Span>,
    pub recursive: Option<Span>,
    pub parallel: Option<Span>,
}

/// A loop being checked.
pub struct Loop {
    /// Variables that exist before the loop and change in it: at the head of a pass each is in one local.
    pub carried: Vec<Carried>,
    /// There is a `break`.
    pub left: bool,
}

pub struct Carried {
    pub name: Name,
    pub head: Head,
    /// What some end of a pass asks the head to be.
    pub wanted: Option<Wanted>,
}

/// What a loop's variable is at the head of a pass.
pub enum Head {
    /// As before the loop.
    Same(Slot),
    /// In a local of a wider type.
    New(Slot),
    /// Not usable.
    Lost(State),
}

pub enum Wanted {
    Type(Ty),
    /// A type that does not go with the head's, or not bound at all.
    Lost(Option<(Ty, Span)>, Span),
}

/// A value that a function may give.
pub struct Returned {
    pub ty: Ty,
    pub weak: Option<Scalar>,
    pub known: Known,
    pub span: Span,
}

/// The function whose body a frame is.
pub struct Owner {
    pub id: DefId,
    pub def: Arc<Def>,
    /// What it captured when it was made, in order.
    pub captured: Vec<Name>,
    /// What every value that it gives converts to, where that is known.
    pub expected: Option<Ty>,
    /// Sizes that have names in the annotations of its parameters.
    pub sizes: Sizes,
}

/// A body being checked.
pub struct Frame {
    pub locals: Vec<Local>,
    pub scope: Scope,
    pub module: ModuleId,
    /// Absent at the top level.
    pub owner: Option<Owner>,
    /// Variables of the session that the body reads, with the locals that hold them.
    pub globals: Vec<(Name, Slot)>,
    pub loops: Vec<Loop>,
    /// Statements of the block being checked.
    pub out: Vec<Stmt>,
    pub returns: Vec<Returned>,
    /// `return`, `break` and `continue` so far.
    pub leaves: usize,
    /// Open expressions that a statement cannot leave: the second operand of `and`, a loop's condition.
    pub closed: usize,
    /// Open branches: what stands in them may not run.
    pub guarded: usize,
    /// The `each` whose body this is.
    pub each: Option<Each>,
    /// The arrays that it reads line by line.
    pub parted: Parted,
    pub traits: Traits,
    pub join: Join,
    /// Names outside the body that its meaning depends on.
    pub env: Env,
    pub read: FxHashSet<Name>,
    pub bound: Vec<(Name, Span)>,
}

impl Frame {
    pub fn new(module: ModuleId, owner: Option<Owner>) -> Frame {
        Frame {
            locals: Vec::new(),
            scope: Scope::default(),
            module,
            owner,
            globals: Vec::new(),
            loops: Vec::new(),
            out: Vec::new(),
            returns: Vec::new(),
            leaves: 0,
            closed: 0,
            guarded: 0,
            each: None,
            parted: Parted::new(),
            traits: Traits::default(),
            join: Join::default(),
            env: Env::default(),
            read: FxHashSet::default(),
            bound: Vec::new(),
        }
    }
    pub fn local(&mut self, name: Name, ty: Ty, span: Span) -> LocalId {
        self.locals.push(Local { name, ty, span });
        LocalId(self.locals.len() as u32 - 1)
    }
    pub fn is_top(&self) -> bool {
        self.owner.is_none()
    }
}

/// What makes two reports one: the place and the message; of a variable with two types, the places of those.
fn identity(diag: &Diagnostic) -> (Code, Vec<Span>, String) {
    let place = |at: usize| diag.labels.get(at).map(|label| label.span);
    match (diag.code, place(1), place(2)) {
        (Code::Branches, Some(first), Some(second)) => (diag.code, vec![first, second], String::new()),
        _ => (diag.code, place(0).into_iter().collect(), diag.message.clone()),
    }
}

/// Checks one text.
pub struct Checker<'a> {
    pub world: &'a mut World,
    pub files: &'a dyn Files,
    pub diags: Vec<Diagnostic>,
    pub build: TypeBuild,
    /// The top level, then the functions being specialised, each called by the one before.
    pub frames: Vec<Frame>,
    pub active: Vec<Active>,
    /// Functions inside bodies, by place: checking a body again finds them.
    pub inner: FxHashMap<Span, DefId>,
    pub loading: Vec<Arc<str>>,
    /// What `.name` is of: the first arguments of the calls being read.
    pub row: Vec<Option<Typed>>,
    pub memo_count: u32,
    depth: usize,
    max_depth: usize,
    work: usize,
}

impl<'a> Checker<'a> {
    pub fn new(world: &'a mut World, files: &'a dyn Files, max_depth: usize) -> Checker<'a> {
        let mut build = TypeBuild::default();
        build.unknowns = std::mem::take(&mut world.unknowns);
        Checker {
            world,
            files,
            diags: Vec::new(),
            build,
            frames: vec![Frame::new(SESSION, None)],
            active: Vec::new(),
            inner: FxHashMap::default(),
            loading: Vec::new(),
            row: Vec::new(),
            memo_count: 0,
            depth: 0,
            max_depth,
            work: 0,
        }
    }

    /// The whole text.
    pub fn text(mut self, program: &ast::Program, vars: &[Var]) -> Result<Checked, Vec<Diagnostic>> {
        for var in vars {
            let span = Span::default();
            let local = self.frame().local(var.name.clone(), var.ty.clone(), span);
            let slot = self.slot(local, var.ty.clone(), var.known.clone(), span);
            self.frame().scope.vars.insert(var.name.clone(), State::Bound(slot));
        }
        self.program(program);
        self.world.unknowns = std::mem::take(&mut self.build.unknowns);
        let mut seen = FxHashSet::default();
        self.diags.retain(|diag| seen.insert(identity(diag)));
        if self.diags.iter().any(Diagnostic::is_error) {
            self.diags.truncate(MAX_ERRORS);
            return Err(self.diags);
        }
        let Some(frame) = self.frames.pop() else { return Err(self.diags) };
        let bound = frame.scope.vars.into_iter().filter_map(|(name, state)| match state {
            State::Bound(slot) => Some((Var { name, ty: slot.ty, known: slot.known }, slot.local)),
            _ => None,
        });
        let vars = bound.collect();
        let body = super::hir::Block { stmts: frame.out, value: None };
        Ok(Checked { program: Program { locals: frame.locals, body }, vars, warnings: self.diags })
    }

    /// The body being checked.
    pub fn frame(&mut self) -> &mut Frame {
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    pub fn report(&mut self, error: Box<Diagnostic>) {
        if self.diags.len() < MAX_KEPT {
            self.diags.push(*error);
        }
    }

    /// Reports an error; the expression that has it goes with everything.
    pub fn fail(&mut self, error: Box<Diagnostic>, span: Span) -> Typed {
        self.report(error.or_at(span));
        Typed::error(span)
    }

    /// The value, or the error's report.
    pub fn ok<T>(&mut self, outcome: Outcome<T>, span: Span) -> Option<T> {
        outcome.map_err(|error| self.report(error.or_at(span))).ok()
    }

    pub fn emit(&mut self, kind: StmtKind, span: Span) {
        self.frame().out.push(Stmt { kind, span });
    }

    /// Runs something whose statements stand in a block of their own.
    pub fn apart<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> (Vec<Stmt>, T) {
        let outer = std::mem::take(&mut self.frame().out);
        let result = run(self);
        (std::mem::replace(&mut self.frame().out, outer), result)
    }

    /// Runs something one level deeper, or refuses.
    pub fn deeper<T>(&mut self, span: Span, refused: T, run: impl FnOnce(&mut Self) -> T) -> T {
        self.work += 1;
        if self.depth >= self.max_depth || self.work > MAX_WORK {
            let message = if self.depth >= self.max_depth {
                "functions and expressions nest too deep here"
            } else {
                "the program takes too long to check"
            };
            // Once is enough: everything that was open ends with it.
            if !self.diags.iter().any(|diag| diag.code == Code::TooDeep) {
                self.report(
                    Diagnostic::at(Code::TooDeep, span, message).help("split the expression, or call fewer functions inside each other"),
                );
            }
            return refused;
        }
        self.depth += 1;
        let result = run(self);
        self.depth -= 1;
        result
    }

    /// The array that the built-ins' definitions see for an expression.
    pub fn handle(&mut self, value: &Typed) -> Option<A> {
        let ty = value.ty().as_array()?;
        let scalar = ty.dims.is_empty() && ty.dtype.is_int() && value.known == Known::No;
        if let (Some(handle), true) = (value.handle, scalar) {
            return Some(handle);
        }
        let text = match value.expr.kind {
            ExprKind::Local(local) => self.frame().locals[local.0 as usize].name.to_string(),
            // A part of a coordinate is called what it is: `x.time.month` is month.
            ExprKind::Call { builtin, .. } if builtin.is_time_part() => builtin.name.to_string(),
            _ => String::new(),
        };
        let handle = self.build.input(ty.clone(), value.known.scalar(), text, value.span());
        self.build.know(handle, value.known.values(ty));
        Some(handle)
    }
}
