//! Running plans: stores, the blocks of each stage on worker threads within the memory budget, reductions joined by fixed trees, progress
//! and cancellation. The only user of rayon. Owns no decisions about blocks or order: the plan has made them.

mod combine;
mod compress;
mod compute;
mod fused;
mod groups;
mod halo;
pub mod host;
mod kernels;
mod lookup;
mod product;
mod region;
mod routine;
mod store;
mod stream;
mod take;
mod tasks;

use crate::array::{Array, Buffer, Pool, Scalar};
use crate::base::{Cancel, Code, Diagnostic, Limits, Outcome, Span};
use crate::graph::{Graph, MemoryId};
use crate::io::OpenFile;
use crate::io::save::Sink;
use crate::kernel::abi::Engine;
use crate::plan::ir::{Leaf, Plan, Source, View, Work};
pub use kernels::Kernels;
use rustc_hash::FxHashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use store::Place;

/// Told of progress: blocks done and blocks in all. Called from worker threads, often: it must be quick.
pub trait Observer: Sync {
    fn progress(&self, done: u64, total: u64);
}

/// What runs plans: threads, memory budget, compiled kernels, open files. Shared by all runs of a session.
pub struct Runtime {
    pub limits: Limits,
    pub cancel: Cancel,
    pub pool: Pool,
    kernels: Kernels,
    workers: OnceLock<rayon::ThreadPool>,
    files: Mutex<FxHashMap<String, Arc<OpenFile>>>,
}

/// Arrays that the session holds, by number.
pub type Memory = FxHashMap<MemoryId, Array>;

/// One run of a plan.
pub(crate) struct Run<'a> {
    pub runtime: &'a Runtime,
    pub graph: &'a Graph,
    pub sinks: &'a [Arc<dyn Sink>],
    pub observer: &'a dyn Observer,
    done: AtomicU64,
    total: u64,
}

impl Runtime {
    pub fn new(limits: Limits, engine: Arc<dyn Engine>, cancel: Cancel) -> Runtime {
        let pool = Pool::new(limits.memory);
        Runtime { kernels: Kernels::new(engine), limits, cancel, pool, workers: OnceLock::new(), files: Mutex::default() }
    }

    /// The open file at a path, or the files that a pattern matches, as they are now; opened once.
    pub fn file(&self, path: &str) -> Outcome<Arc<OpenFile>> {
        if let Some(file) = self.opened(path).filter(|file| file.is_current()) {
            return Ok(file);
        }
        let file = crate::io::open(Path::new(path))?;
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        // Plans name it by its own path.
        files.insert(file.info.path.to_string_lossy().into_owned(), file.clone());
        files.insert(path.to_string(), file.clone());
        Ok(file)
    }

    /// The file at a path as it was opened last, for blocks of a run.
    pub(crate) fn opened(&self, path: &str) -> Option<Arc<OpenFile>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    /// Forgets the file at a path.
    pub fn close(&self, path: &str) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = files.remove(path) {
            files.retain(|_, other| !Arc::ptr_eq(other, &file));
        }
    }

    /// Whether a run of this session may read the file that a path names.
    pub fn is_open(&self, path: &str) -> bool {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        crate::io::file::stamp_of(Path::new(path)).is_some_and(|stamp| files.values().any(|file| file.reads(stamp)))
    }

    pub fn kernels(&self) -> &Kernels {
        &self.kernels
    }

    /// Memory within the budget. Its contents are arbitrary.
    pub(crate) fn take(&self, bytes: usize, span: Span) -> Outcome<Buffer> {
        self.pool.take(bytes).ok_or_else(|| {
            let human = crate::plan::forecast::human;
            let message = format!("no {} of memory left within the limit of {}", human(bytes as u64), human(self.limits.memory));
            Diagnostic::at(Code::Memory, span, message).help("raise the limit with --memory")
        })
    }

    /// Runs a plan. The results are in the order of its wants; `None` for what went to a file. Files are not finished here.
    /// Errors: those of files and kernels, K0506 if it was cancelled, K0701.
    pub fn run(
        &self,
        graph: &Graph,
        plan: &Plan,
        memory: &Memory,
        sinks: &[Arc<dyn Sink>],
        observer: &dyn Observer,
    ) -> Outcome<Vec<Option<Array>>> {
        let run = Run { runtime: self, graph, sinks, observer, done: AtomicU64::new(0), total: plan.forecast.blocks };
        // What is kept for reuse beside what is in use stays within the forecast.
        self.pool.keep_within(self.pool.used().saturating_add(plan.forecast.pooled));
        let mut places: Vec<Option<Place>> = Vec::with_capacity(plan.stores.len());
        for store in &plan.stores {
            // A view of what the session holds is a result without any stage.
            let untouched = store.first == usize::MAX && store.result;
            places.push(if untouched { Some(store::make(&run, store, memory)?) } else { None });
        }
        for (at, stage) in plan.stages.iter().enumerate() {
            for (place, store) in places.iter_mut().zip(&plan.stores) {
                if store.first == at {
                    *place = Some(store::make(&run, store, memory)?);
                }
            }
            match &stage.work {
                Work::Fused(fused) => fused::run(&run, stage, fused, &mut places)?,
                Work::MatMul(product) => product::run(&run, stage, product, &places)?,
                Work::Take(take) => take::run(&run, stage, take, &places)?,
                Work::Compress(work) => compress::run(&run, stage, work, &places)?,
                Work::Swept(swept) => routine::sweep::run(&run, stage, swept, &mut places)?,
                Work::Batched(batched) => routine::run(&run, stage, batched, &places)?,
            }
            for (place, store) in places.iter_mut().zip(&plan.stores) {
                if store.last <= at && !store.result && store.first != usize::MAX {
                    *place = None;
                }
            }
        }
        plan.results.iter().map(|view| view.as_ref().map(|view| result(view, &places)).transpose()).collect()
    }

    /// The worker threads, started on first use; `None` where one thread is all there is.
    pub(crate) fn workers(&self) -> Option<&rayon::ThreadPool> {
        if self.limits.threads <= 1 {
            return None;
        }
        if self.workers.get().is_none() {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(self.limits.threads).stack_size(8 << 20).build().ok()?;
            // Another thread may have been first; either pool will do.
            let _ = self.workers.set(pool);
        }
        self.workers.get()
    }
}

impl Run<'_> {
    /// A block is done.
    pub fn advance(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.observer.progress(done, self.total);
    }
}

/// A wanted value as a view of where it is stored.
fn result(view: &View, places: &[Option<Place>]) -> Outcome<Array> {
    match view {
        View::Constant(value) => Ok(Array::scalar(Scalar { dtype: value.dtype, bits: value.bits })),
        View::Store { leaf: leaf @ Leaf { source: Source::Store(_), .. }, ty } => {
            let base = store::array(leaf, places)?;
            let (offset, strides) = store::strides(&leaf.access, base.offset() as i64, base.strides(), &vec![0; ty.rank()]);
            Ok(base.view(ty.clone(), offset as usize, strides.into_iter().map(|stride| stride as isize).collect()))
        }
        View::Store { .. } => Err(Diagnostic::new(Code::Internal, "a result that is in a file")),
    }
}

#[cfg(test)]
mod tests;
