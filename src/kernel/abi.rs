//! How kernels are called from outside, the same for the interpreter and compiled code.

use super::ir::{FaultKind, Module};
use crate::array::strided::Axes;
use crate::array::{Array, DType, Scalar};
use crate::base::{Cancel, Outcome, Span};
use std::sync::Arc;

/// An array argument: memory the caller keeps alive for the call. Strides are in bytes, sizes from 0 to `ir::MAX_SIZE`.
#[derive(Clone, Debug)]
pub struct ArrayArg {
    pub dtype: DType,
    pub ptr: *mut u8,
    pub sizes: Axes<i64>,
    pub strides: Axes<i64>,
}

#[derive(Clone, Debug)]
pub enum Arg {
    Scalar(Scalar),
    Array(ArrayArg),
}

/// A result of the entry kernel. Arrays are memory that the call allocated; what it was given is copied.
#[derive(Clone, Debug)]
pub enum Ret {
    Scalar(Scalar),
    Array(Array),
}

/// A failure at run time: what, where, and its values (see `FaultKind`).
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub kind: FaultKind,
    pub span: Span,
    pub values: Vec<i64>,
}

/// What a running kernel may ask of its surroundings.
pub trait Host: Sync {
    fn cancel(&self) -> &Cancel;
    /// Budgeted memory for a local array, zeroed if it is to be `clear`; `None` over the limit.
    fn alloc(&self, bytes: usize, clear: bool) -> Option<crate::array::Buffer>;
    /// Runs `task(chunk)` for every chunk in `0..chunks`, in parallel if it can; returns when all are done. After a failure the chunks above
    /// it may be left out; the failure of the lowest chunk is returned.
    fn parallel(&self, chunks: usize, task: &(dyn Fn(usize) -> Result<(), Fault> + Sync)) -> Result<(), Fault>;
}

/// A module made ready to run.
pub trait Compiled: Send + Sync {
    /// Runs the entry. The arguments' memory is valid for the call, and output arrays are not shared with inputs unless their accesses are
    /// elementwise aligned.
    fn call(&self, host: &dyn Host, args: &[Arg]) -> Result<Vec<Ret>, Fault>;
    /// Machine code as text, for `:asm`; the printed IR from an interpreter.
    fn listing(&self) -> String;
}

/// Turns modules into something that runs: the interpreter or the compiler.
pub trait Engine: Send + Sync {
    fn compile(&self, module: &Module) -> Outcome<Arc<dyn Compiled>>;
    fn name(&self) -> &'static str;
}
