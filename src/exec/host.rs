//! What running kernels ask of the runtime: memory for local arrays, parallel loops, cancellation. And calls of compiled functions on whole
//! arrays.

use super::{Runtime, tasks};
use crate::array::{Array, Buffer, Scalar};
use crate::base::{Cancel, Outcome, Span};
use crate::kernel::abi::{Arg, ArrayArg, Fault, Host, Ret};
use crate::kernel::fault::diagnose;
use crate::kernel::ir::{FaultKind, Module, Stmt};
use crate::kernel::visit;

/// The host of a kernel. A block of a stage is a leaf: its loops run on its own thread.
pub(super) struct KernelHost<'a> {
    pub runtime: &'a Runtime,
    pub leaf: bool,
}

impl Host for KernelHost<'_> {
    fn cancel(&self) -> &Cancel {
        &self.runtime.cancel
    }
    fn alloc(&self, bytes: usize, clear: bool) -> Option<Buffer> {
        if clear { self.runtime.pool.take_zeroed(bytes) } else { self.runtime.pool.take(bytes) }
    }
    fn parallel(&self, chunks: usize, task: &(dyn Fn(usize) -> Result<(), Fault> + Sync)) -> Result<(), Fault> {
        let cancelled = || Fault { kind: FaultKind::Cancelled, span: Span::default(), values: Vec::new() };
        let parallel = if self.leaf { 1 } else { self.runtime.limits.threads };
        tasks::each(self.runtime, parallel, chunks as u64, &|| (), &|(), chunk| task(chunk as usize), cancelled)
    }
}

/// An array as an argument.
pub fn array_arg(array: &Array) -> ArrayArg {
    ArrayArg {
        dtype: array.dtype().storage(),
        ptr: array.buffer().as_mut_ptr().wrapping_add(array.offset()),
        sizes: array.shape().iter().map(|size| *size as i64).collect(),
        strides: array.strides().iter().map(|stride| *stride as i64).collect(),
    }
}

/// A whole value as an argument.
fn argument(array: &Array) -> Arg {
    match array.item().filter(|_| array.ty().rank() == 0) {
        Some(value) => Arg::Scalar(Scalar { dtype: value.dtype.storage(), bits: value.bits }),
        None => Arg::Array(array_arg(array)),
    }
}

impl Runtime {
    /// Calls a compiled function on whole values. K0501 and its like with the place in the function; `span` is the call's. One with parallel
    /// loops runs on a worker, so that they begin without waking the first and end without waking this thread.
    pub fn call(&self, module: &Module, args: &[Array], span: Span) -> Outcome<Vec<Ret>> {
        let kernel = self.kernels.get(module, u64::MAX)?;
        let host = KernelHost { runtime: self, leaf: false };
        let run = || kernel.call(&host, &args.iter().map(argument).collect::<Vec<_>>());
        let workers = if belongs_on_worker(module) { self.workers() } else { None };
        workers.map_or_else(run, |workers| workers.install(run)).map_err(|fault| diagnose(&fault).or_at(span))
    }
}

/// Has a module parallel loops, and no recursion, for which the stack of a worker may be too small? (A kernel that comes to call itself has
/// a call of one that does not stand below its caller on the way.)
fn belongs_on_worker(module: &Module) -> bool {
    let (mut parallel, mut recursive) = (false, false);
    for (at, kernel) in module.kernels.iter().enumerate() {
        visit::statements(&kernel.body, &mut |stmt| match stmt {
            Stmt::ParFor { .. } => parallel = true,
            Stmt::Call { kernel, .. } => recursive |= kernel.0 as usize <= at,
            _ => {}
        });
    }
    parallel && !recursive
}
