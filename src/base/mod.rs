//! What every layer stands on: source positions, diagnostics as data, error codes, limits and cancellation.
//! Owns no language knowledge and prints nothing.

pub mod cancel;
pub mod codes;
pub mod diag;
pub mod name;
pub mod source;
pub mod stack;

pub use cancel::Cancel;
pub use codes::Code;
pub use diag::{Diagnostic, Label, Outcome, Severity};
pub use name::Name;
pub use source::{Source, SourceId, SourceMap, Span};

/// Limits of a run: how much memory its array buffers may take together and how many threads work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that all buffers of a run may take together.
    pub memory: u64,
    /// Worker threads, at least one.
    pub threads: usize,
    /// Every integer overflow is an error (`--checked`).
    pub checked: bool,
}
