//! Running many tasks: numbered, taken in order by as many workers as memory admits. A task is a number, not an object; taking one is one
//! atomic addition.

use super::Runtime;
use crate::base::{Cancel, Code, Diagnostic, Outcome};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// A worker takes so many neighbouring tasks at once where there are many: what lies next to each other stays in one core's cache.
const MOST: u64 = 8;
/// But each takes at least so many times.
const TURNS: u64 = 16;

/// Runs `task(0..count)`, at most `parallel` at once. The error of the lowest failing task is returned; tasks above it may not run.
/// K0506 if cancelled.
pub fn run(runtime: &Runtime, parallel: usize, count: u64, task: &(dyn Fn(u64) -> Outcome<()> + Sync)) -> Outcome<()> {
    run_with(runtime, parallel, count, &|| (), &|(), at| task(at))
}

/// As `run`, where each worker has something of its own.
pub fn run_with<W>(
    runtime: &Runtime,
    parallel: usize,
    count: u64,
    worker: &(dyn Fn() -> W + Sync),
    task: &(dyn Fn(&mut W, u64) -> Outcome<()> + Sync),
) -> Outcome<()> {
    let cancelled = || Diagnostic::new(Code::Cancelled, "stopped");
    each(runtime, parallel, count, worker, task, cancelled)
}

/// How many neighbouring tasks, from a multiple of that number on, the same worker takes, one after the other.
pub fn neighbours(parallel: usize, count: u64) -> u64 {
    (count / (parallel as u64 * TURNS).max(1)).clamp(1, MOST)
}

/// As `run_with`, for any kind of error.
pub fn each<W, E: Send>(
    runtime: &Runtime,
    parallel: usize,
    count: u64,
    worker: &(dyn Fn() -> W + Sync),
    task: &(dyn Fn(&mut W, u64) -> Result<(), E> + Sync),
    cancelled: impl Fn() -> E + Sync,
) -> Result<(), E> {
    let cancel: &Cancel = &runtime.cancel;
    let next = AtomicU64::new(0);
    let failed: Mutex<Option<(u64, E)>> = Mutex::new(None);
    let fail = |at: u64, error: E| {
        let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.as_ref().is_none_or(|(before, _)| at < *before) {
            *failed = Some((at, error));
        }
        // Tasks are taken in order, so all below this one are taken already.
        next.store(count, Ordering::Relaxed);
    };
    let parallel = parallel.min(usize::try_from(count).unwrap_or(usize::MAX));
    let run = neighbours(parallel, count);
    let work = || {
        let mut own = worker();
        loop {
            let first = next.fetch_add(run, Ordering::Relaxed);
            for at in first..count.min(first.saturating_add(run)) {
                let outcome = if cancel.is_cancelled() { Err(cancelled()) } else { task(&mut own, at) };
                if let Err(error) = outcome {
                    fail(at, error);
                    return;
                }
            }
            if first >= count {
                return;
            }
        }
    };
    match runtime.workers().filter(|_| parallel > 1) {
        Some(workers) => workers.scope(|scope| (0..parallel).for_each(|_| scope.spawn(|_| work()))),
        None => work(),
    }
    failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), |(_, error)| Err(error))
}
