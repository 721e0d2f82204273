//! Meaning: names to definitions, types by specialisation, effects, and the typed program (Hir). Reads no data; of files it asks for
//! metadata only, through `Files`.
//!
//! `World::check` is the entrance. The way of an expression: `expr` dispatches to `resolve` (names), `operator`, `call` and `builtin` (calls),
//! `index`, `file`; statements are `stmt` and `flow`; a call of a function specialises it in `function`, which decides in `class` how it runs.
//!
//! Limits: tables and `each` over values are K0901; a module binds numbers alone.

mod annotate;
mod builtin;
mod call;
mod checker;
mod class;
mod each;
mod expr;
mod file;
mod flow;
mod function;
pub mod hir;
mod host;
mod index;
mod join;
pub mod known;
mod names;
mod operator;
mod parted;
mod resolve;
mod scope;
mod sizes;
mod stmt;
#[cfg(test)]
mod tests;
mod world;

pub use host::HostFunction;
pub use known::Known;
pub use world::{Checked, Def, Var, World};

use crate::base::{Outcome, SourceId};
use crate::types::DatasetTy;
use std::sync::Arc;

/// What `sema` may know of the world outside the text. Asked from another thread.
pub trait Files: Sync {
    /// Metadata of a file, as `open` gives it.
    fn dataset(&self, path: &str) -> Outcome<Arc<DatasetTy>>;
    /// The text of the module at a path that `use` names.
    fn module(&self, path: &str) -> Outcome<ModuleText>;
}

/// The text of a module.
#[derive(Clone, Debug)]
pub struct ModuleText {
    /// Under which the text was added to the session's sources: spans of errors in it point there.
    pub source: SourceId,
    /// The same for the same file, however it was named.
    pub path: Arc<str>,
    pub text: Arc<str>,
}
