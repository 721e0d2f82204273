//! From functions to machine code, the functions of a module side by side where that is worth threads.

use super::jit::internal;
use crate::base::Outcome;
use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::settings::{self, Configurable};
use cranelift_module::FuncId;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

/// Instructions whose compilation, some 0.2 ms, is worth starting a thread.
const WORTH: usize = 100;
/// Bytes of stack of such a thread.
const STACK: usize = 8 << 20;

/// A function to compile; its code is in the context afterwards.
pub struct Job {
    pub id: FuncId,
    pub context: Context,
    pub effort: Effort,
}

/// What goes into the code of a function: machine code that runs once is not worth the time that better code takes.
#[derive(Clone, Copy, Debug)]
pub enum Effort {
    Least,
    Most,
}

/// Compiles all, the largest first, on so many threads at most.
pub fn compile(jobs: &mut [Job], threads: usize) -> Outcome<()> {
    let size = |job: &Job| job.context.func.dfg.num_insts();
    let mut open: Vec<&mut Job> = jobs.iter_mut().collect();
    open.sort_by_key(|job| size(job));
    let beside: usize = open.iter().rev().skip(1).map(|job| size(job)).sum();
    let helpers = (beside / WORTH).min(threads.saturating_sub(1)).min(open.len().saturating_sub(1));
    let open = Mutex::new(open);
    let work = || loop {
        let job = open.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match job {
            Some(job) => job.run()?,
            None => return Outcome::Ok(()),
        }
    };
    thread::scope(|scope| {
        let start = |_| thread::Builder::new().name("compile".into()).stack_size(STACK).spawn_scoped(scope, work).ok();
        // Where no thread can be started this one does all.
        let helpers: Vec<_> = (0..helpers).filter_map(start).collect();
        let own = work();
        helpers.into_iter().try_for_each(|helper| helper.join().unwrap_or_else(|_| Err(internal("a panic"))))?;
        own
    })
}

impl Job {
    fn run(&mut self) -> Outcome<()> {
        let target = isa(self.effort)?;
        self.context.compile(&*target, &mut ControlPlane::default()).map_err(|error| internal(error.inner))?;
        Ok(())
    }
}

/// The target: this machine with all its instruction sets that Cranelift knows. Executable memory is never writable; no contraction of
/// floating-point operations.
pub fn isa(effort: Effort) -> Outcome<OwnedTargetIsa> {
    static TARGETS: [OnceLock<Result<OwnedTargetIsa, String>>; 2] = [const { OnceLock::new() }; 2];
    let made = TARGETS[effort as usize].get_or_init(|| {
        let mut flags = settings::builder();
        let settings = [
            ("opt_level", if matches!(effort, Effort::Most) { "speed" } else { "none" }),
            ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
            ("use_colocated_libcalls", "false"),
            ("is_pic", "false"),
            ("unwind_info", "false"),
            ("enable_probestack", "true"),
            ("probestack_strategy", "inline"),
        ];
        for (name, value) in settings {
            flags.set(name, value).map_err(|error| error.to_string())?;
        }
        let builder = cranelift_native::builder()?;
        builder.finish(settings::Flags::new(flags)).map_err(|error| error.to_string())
    });
    made.clone().map_err(internal)
}
