//! What an embedder sees: a `Session` that runs texts, keeps their variables and gives values out. No printing, no exit, no global state.
//!
//! ```
//! use kiln::session::{Options, Session};
//! let mut session = Session::new(Options::default());
//! session.run("example", "x = arange(5) * 2\ny = x.sum()", &mut ())?;
//! assert_eq!(session.value("y")?.as_i64(), Some(20));
//! # Ok::<(), kiln::session::Failed>(())
//! ```

mod appending;
mod dataset;
mod driver;
mod effects;
mod evaluator;
mod files;
mod inspect;
mod parts;
mod piecewise;
mod saving;
mod value;

pub use crate::exec::Observer;
pub use value::HostValue;

use crate::array::{Array, ArrayTy};
use crate::base::{Cancel, Code, Diagnostic, Limits, Name, Outcome, SourceMap, Span};
use crate::codegen::Jit;
use crate::exec::Runtime;
use crate::kernel::abi::Engine;
use crate::kernel::interp::Interpreter;
use crate::sema::hir::{LocalId, StmtKind};
use crate::sema::{Checked, HostFunction, Known, Var, World};
use crate::syntax::ast;
use crate::types::Ty;
use driver::{Driver, Frame};
use effects::Pending;
use evaluator::Evaluator;
use std::sync::Arc;
use value::{Piece, Val};

/// How a session is set up.
#[derive(Clone)]
pub struct Options {
    pub limits: Limits,
    /// Run kernels in the reference interpreter: slow, the same results.
    pub interpret: bool,
    /// What scripts see as `args`.
    pub args: Vec<String>,
    pub observer: Arc<dyn Observer + Send>,
    /// Asks a run to stop, from any thread.
    pub cancel: Cancel,
}

impl Default for Options {
    /// 70 % of the machine's memory, all its cores, nobody told of progress.
    fn default() -> Options {
        let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
        let limits = Limits { memory: default_memory(), threads, checked: false };
        Options { limits, interpret: false, args: Vec::new(), observer: Arc::new(()), cancel: Cancel::new() }
    }
}

/// Where what a program says goes.
pub trait Output {
    /// A printed line (it may hold several).
    fn print(&mut self, text: &str);
    /// The value of a bare expression, with its type, where a session shows them.
    fn show(&mut self, ty: &str, text: &str) {
        let _ = ty;
        self.print(text);
    }
}

/// Nowhere.
impl Output for () {
    fn print(&mut self, _: &str) {}
}

/// A list of lines.
impl Output for Vec<String> {
    fn print(&mut self, text: &str) {
        self.push(text.to_string());
    }
}

/// Nobody.
impl Observer for () {
    fn progress(&self, _: u64, _: u64) {}
}

/// Why a text did not run, or not to its end.
#[derive(Clone, Debug, Default)]
pub struct Failed {
    /// At least one error; warnings among them.
    pub diagnostics: Vec<Diagnostic>,
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines = self.diagnostics.iter().map(|diagnostic| format!("{}: {}", diagnostic.code, diagnostic.message));
        f.write_str(&lines.collect::<Vec<_>>().join("\n"))
    }
}

impl std::error::Error for Failed {}

impl From<Box<Diagnostic>> for Failed {
    fn from(error: Box<Diagnostic>) -> Failed {
        Failed { diagnostics: vec![*error] }
    }
}

/// A variable: its type, what is known of it, its value.
struct Variable {
    var: Var,
    value: Option<Val>,
}

/// Runs texts one after another; later ones see the variables and functions of earlier ones. A text that fails leaves the variables that it
/// had bound. Independent of any other session: two may run in two threads.
pub struct Session {
    sources: SourceMap,
    world: World,
    variables: Vec<Variable>,
    evaluator: Evaluator,
}

impl Session {
    pub fn new(options: Options) -> Session {
        let engine: Arc<dyn Engine> =
            if options.interpret { Arc::new(Interpreter) } else { Arc::new(Jit { threads: options.limits.threads }) };
        let runtime = Runtime::new(options.limits, engine, options.cancel);
        let mut session = Session {
            sources: SourceMap::default(),
            world: World::new(),
            variables: Vec::new(),
            evaluator: Evaluator::new(runtime, options.observer),
        };
        let texts = |text: &String| Val::Text(vec![Piece::Text(text.clone())]);
        let ty = Ty::Tuple(vec![Ty::Text; options.args.len()]);
        let known = Known::Items(options.args.iter().map(|text| Known::Text(Arc::from(text.as_str()))).collect());
        session.define("args", ty, known, Val::Tuple(options.args.iter().map(texts).collect()));
        session
    }

    /// The texts that diagnostics point into.
    pub fn sources(&self) -> &SourceMap {
        &self.sources
    }

    /// Stops the running text, from any thread; the session stays usable.
    pub fn cancel(&self) -> Cancel {
        self.evaluator.runtime.cancel.clone()
    }

    /// Runs a text. `name` is what messages call it. Gives the warnings.
    pub fn run(&mut self, name: &str, text: &str, out: &mut dyn Output) -> Result<Vec<Diagnostic>, Failed> {
        self.execute(name, text, false, out)
    }

    /// Runs a text as the REPL does: the values of bare expressions are shown, and the last is `ans`.
    pub fn interact(&mut self, name: &str, text: &str, out: &mut dyn Output) -> Result<Vec<Diagnostic>, Failed> {
        self.execute(name, text, true, out)
    }

    /// Finds a text's errors without running it: types, names, shapes; of files the metadata. Gives the warnings.
    pub fn check(&mut self, name: &str, text: &str) -> Result<Vec<Diagnostic>, Failed> {
        let mut world = self.world.clone();
        let program = self.parse(name, text)?;
        let checked = self.checked(&mut world, &program)?;
        Ok(checked.warnings)
    }

    /// Names and types of the variables.
    pub fn variables(&self) -> Vec<(Name, Ty)> {
        self.variables.iter().map(|variable| (variable.var.name.clone(), variable.var.ty.clone())).collect()
    }

    /// The session's functions: for completion and help.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Gives an array to the session as a variable, without a copy; `Array::from_vec` takes a vector without one too.
    pub fn bind(&mut self, name: &str, array: Array) {
        let ty = Ty::Array(array.ty().clone());
        let known = Known::from(array.item().filter(|_| array.ty().rank() == 0));
        let node = self.evaluator.hold(array, Span::default());
        self.define(name, ty, known, Val::Array(node));
    }

    /// Gives the session a function of the host. `rule` gives the type of its result from those of its arguments when a text is checked,
    /// `body` the result from arrays in memory when the call is reached; messages of their errors are shown with the place of the call.
    ///
    /// ```
    /// use kiln::array::{Array, Scalar};
    /// use kiln::session::{Options, Session};
    ///
    /// let mut session = Session::new(Options::default());
    /// session.register("twice", |types| types.first().cloned().ok_or("one argument is needed".into()), |args| {
    ///     let doubled: Vec<Scalar> = args[0].scalars().iter().map(|x| Scalar::f64(2.0 * x.as_f64())).collect();
    ///     Ok(Array::from_scalars(args[0].dtype(), &doubled))
    /// });
    /// let mut printed: Vec<String> = Vec::new();
    /// session.run("text", "print(twice([1.0, 2.5]))", &mut printed).unwrap();
    /// assert_eq!(printed, ["[2.0, 5.0]"]);
    /// ```
    pub fn register(
        &mut self,
        name: &str,
        rule: impl Fn(&[ArrayTy]) -> Result<ArrayTy, String> + Send + Sync + 'static,
        body: impl Fn(&[Array]) -> Result<Array, String> + Send + Sync + 'static,
    ) {
        self.world.register(HostFunction { name: Name::from(name), rule: Arc::new(rule), body: Arc::new(body) });
    }

    /// The value of a variable, computed now. K0201 if there is none.
    pub fn value(&mut self, name: &str) -> Result<HostValue, Failed> {
        let found = self.variables.iter().find(|variable| variable.var.name == *name);
        let Some((value, ty)) = found.and_then(|variable| Some((variable.value.clone()?, variable.var.ty.clone()))) else {
            return Err(Diagnostic::new(Code::UnknownName, format!("no variable `{name}`")).into());
        };
        self.evaluator.runtime.cancel.reset();
        let nodes = effects::arrays(&value);
        let mut arrays = self.evaluator.compute(&nodes, false)?.into_iter();
        Ok(self.given(&value, &ty, &mut arrays)?)
    }

    fn given(&mut self, value: &Val, ty: &Ty, arrays: &mut dyn Iterator<Item = Array>) -> Outcome<HostValue> {
        Ok(match value {
            Val::Array(_) => arrays.next().map_or(HostValue::Nothing, HostValue::Array),
            Val::Text(text) => HostValue::Text(self.evaluator.rendered(text, &mut ())?),
            Val::Tuple(items) => {
                let types: Vec<Ty> = if let Ty::Tuple(types) = ty { types.clone() } else { vec![Ty::Unit; items.len()] };
                HostValue::Tuple(items.iter().zip(&types).map(|(item, ty)| self.given(item, ty, arrays)).collect::<Outcome<_>>()?)
            }
            Val::Record(fields) => {
                let give = |(name, item): &(Name, Val)| Ok((name.clone(), self.given(item, &Ty::Unit, arrays)?));
                HostValue::Record(fields.iter().map(give).collect::<Outcome<_>>()?)
            }
            Val::Range { .. } | Val::Function(_) | Val::Dataset(_) => HostValue::Other(ty.to_string()),
            Val::Unit => HostValue::Nothing,
        })
    }

    fn define(&mut self, name: &str, ty: Ty, known: Known, value: Val) {
        self.variables.retain(|variable| variable.var.name != *name);
        self.variables.push(Variable { var: Var { name: Name::from(name), ty, known }, value: Some(value) });
    }

    fn parse(&mut self, name: &str, text: &str) -> Result<ast::Program, Failed> {
        let source = self.sources.add(name, text);
        let (program, diagnostics) = crate::syntax::parse(source, text);
        if diagnostics.iter().any(Diagnostic::is_error) { Err(Failed { diagnostics }) } else { Ok(program) }
    }

    fn checked(&mut self, world: &mut World, program: &ast::Program) -> Result<Checked, Failed> {
        let vars: Vec<Var> = self.variables.iter().map(|variable| variable.var.clone()).collect();
        let files = files::RuntimeFiles::new(&self.evaluator.runtime, std::mem::take(&mut self.sources));
        let outcome = world.check(program, &vars, &files);
        self.sources = files.into_sources();
        outcome.map_err(|diagnostics| Failed { diagnostics })
    }

    fn execute(&mut self, name: &str, text: &str, show: bool, out: &mut dyn Output) -> Result<Vec<Diagnostic>, Failed> {
        self.evaluator.runtime.cancel.reset();
        let program = self.parse(name, text)?;
        let mut warnings = Vec::new();
        for part in parts::split(&program, &self.sources) {
            warnings.extend(self.part(&part, show, out)?);
        }
        Ok(warnings)
    }

    /// Checks and runs statements that are checked together.
    fn part(&mut self, program: &ast::Program, show: bool, out: &mut dyn Output) -> Result<Vec<Diagnostic>, Failed> {
        let mut world = self.world.clone();
        let checked = self.checked(&mut world, program)?;
        self.world = world;
        let mut frame = Frame { locals: vec![None; checked.program.locals.len()], mark: 0 };
        for (local, variable) in frame.locals.iter_mut().zip(&self.variables) {
            *local = variable.value.clone();
        }
        let outcome = self.statements(&checked, &mut frame, show, out);
        // What the program asked for before an error still happens.
        let stopped = outcome.as_ref().is_err_and(|error| error.code == Code::Cancelled);
        let outcome = if stopped { outcome } else { self.evaluator.flush(&[], out).and(outcome) };
        self.evaluator.pending.clear();
        self.keep(&checked, frame);
        self.tidy(&[]);
        outcome?;
        Ok(checked.warnings)
    }

    /// Lets go of arrays that no variable needs any more.
    fn tidy(&mut self, locals: &[Option<Val>]) {
        if self.evaluator.has_grown(0) {
            let kept = self.variables.iter().filter_map(|variable| variable.value.as_ref());
            self.evaluator.forget_since(0, kept.chain(locals.iter().flatten()));
        }
    }

    fn statements(&mut self, checked: &Checked, frame: &mut Frame, show: bool, out: &mut dyn Output) -> Outcome<()> {
        let program = &checked.program;
        for stmt in &program.body.stmts {
            // The session's own values, which may be no locals, are older.
            frame.mark = self.evaluator.held_so_far();
            let mut driver = Driver::new(&mut self.evaluator, &self.world, &self.sources, out);
            match &stmt.kind {
                StmtKind::Expr { value, silent } => {
                    let result = driver.expr(frame, value)?;
                    if show && !*silent {
                        self.show(result, &value.ty, value.span, out)?;
                    }
                }
                _ => {
                    driver.stmt(frame, stmt)?;
                }
            }
            if show {
                self.evaluator.flush(&[], out)?;
            }
            self.tidy(&frame.locals);
        }
        if let Some(value) = &program.body.value {
            let mut driver = Driver::new(&mut self.evaluator, &self.world, &self.sources, out);
            let result = driver.expr(frame, value)?;
            if show {
                self.show(result, &value.ty, value.span, out)?;
            }
        }
        Ok(())
    }

    /// Shows the value of a bare expression, and keeps it as `ans` unless computing it fails.
    fn show(&mut self, value: Val, ty: &Ty, span: Span, out: &mut dyn Output) -> Outcome<()> {
        if matches!(value, Val::Unit) {
            return Ok(());
        }
        let shown = if matches!(ty, Ty::Dataset(_)) { String::new() } else { ty.to_string() };
        let text = vec![Piece::Value { value: Box::new(value.clone()), ty: ty.clone(), format: None }];
        self.evaluator.pending.push(Pending::Print { text, shown: Some(shown), span });
        self.evaluator.flush(&[], out)?;
        self.define("ans", ty.clone(), Known::No, value);
        Ok(())
    }

    /// The session's variables after a text.
    fn keep(&mut self, checked: &Checked, frame: Frame) {
        let ans = self.variables.iter().position(|variable| variable.var.name == *"ans").map(|at| self.variables.swap_remove(at));
        let value = |local: &LocalId| frame.locals.get(local.0 as usize).cloned().flatten();
        self.variables = checked
            .vars
            .iter()
            .map(|(var, local)| Variable { var: var.clone(), value: value(local) })
            .filter(|variable| variable.value.is_some() && !(ans.is_some() && variable.var.name == *"ans"))
            .collect();
        self.variables.extend(ans);
    }
}

/// 70 % of the memory that this process may use.
fn default_memory() -> u64 {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let total = read("/proc/meminfo").and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?.to_string();
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
    });
    let group = read("/sys/fs/cgroup/memory.max").and_then(|text| text.trim().parse::<u64>().ok());
    let all = total.unwrap_or(4 << 30).min(group.unwrap_or(u64::MAX));
    all / 10 * 7
}
