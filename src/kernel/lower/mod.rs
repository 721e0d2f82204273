//! From the typed program to kernels: a function that loops and indexes, and all it invokes, as one kernel module. Owns the meaning of
//! statements in compiled functions (arrays are values, see `bind`) and of the array primitives inside them (see `pull`). Owns no type
//! rule, no definition of a built-in and no optimisation beyond leaving out copies and checks that are plainly unnecessary.
//!
//! Limits: a size that turns out to be 1 when the program runs does not repeat (K0401); a message of `assert` or `error` is shown as the
//! source has it, without its values; joined arrays (`concat`), products and reductions to arrays inside an expression go through memory.

mod args;
mod bind;
mod build;
mod expr;
mod function;
mod index;
mod live;
mod loops;
mod nest;
mod pull;
mod range;
mod reduce;
mod slice;
mod stmt;
mod store;

mod walk;

pub use args::arguments;
pub use walk::{Effects, Part, call_exprs};

use super::ir::{KernelId, Module};
use crate::base::{Code, Diagnostic, Outcome, Span, stack};
use crate::sema::World;
use crate::sema::hir::{Class, InstId, Instance};
use function::Function;
use rustc_hash::FxHashMap;

/// Enough for expressions and blocks as deep as the parser lets through, in a debug build. Touched pages only are memory.
const STACK: usize = 128 << 20;

/// The specialised functions of a session.
pub trait Instances: Sync {
    fn instance(&self, id: InstId) -> &Instance;
}

impl Instances for World {
    fn instance(&self, id: InstId) -> &Instance {
        World::instance(self, id)
    }
}

/// The kernels of a function and of all that it invokes; the entry comes first. Parameters and results are the instance's in order, with
/// tuples, records and function values (what they captured) taken apart, a range as `lo`, `hi`, `step`, times as i64. A result array that
/// is not a parameter's memory is the caller's alone. K0802 for what cannot be compiled.
///
/// Runs with a large stack, so that it may be called from any thread.
pub fn lower(world: &dyn Instances, entry: InstId, checked: bool) -> Outcome<Module> {
    let stopped = |reason: String| Diagnostic::new(Code::Internal, format!("the function cannot be compiled: {reason}"));
    match stack::with("lower", STACK, || lower_all(world, entry, checked)) {
        Ok(Ok(lowered)) => lowered,
        Ok(Err(_)) => Err(stopped("lowering stopped".into())),
        Err(error) => Err(stopped(error.to_string())),
    }
}

fn lower_all(world: &dyn Instances, entry: InstId, checked: bool) -> Outcome<Module> {
    let order = call_order(world, entry)?;
    let ids: FxHashMap<InstId, KernelId> = order.iter().rev().enumerate().map(|(at, inst)| (*inst, KernelId(at as u32))).collect();
    let mut fresh = FxHashMap::default();
    let mut kernels = Vec::with_capacity(order.len());
    for inst in &order {
        let (kernel, owned) = Function::new(world, &ids, &fresh, checked, world.instance(*inst)).lower()?;
        kernels.push(kernel);
        fresh.insert(*inst, owned);
    }
    kernels.reverse();
    Ok(Module { kernels, checked })
}

/// The functions reached from the entry, callees before their callers (but for recursion), the entry last.
fn call_order(world: &dyn Instances, entry: InstId) -> Outcome<Vec<InstId>> {
    let mut order = Vec::new();
    let mut seen: FxHashMap<InstId, ()> = [(entry, ())].into_iter().collect();
    let mut open = vec![(entry, walk::invoked(&world.instance(entry).body))];
    while let Some((inst, callees)) = open.last_mut() {
        match callees.pop() {
            Some(callee) if seen.insert(callee, ()).is_none() => {
                let instance = world.instance(callee);
                if instance.class == Class::Driver {
                    return Err(not_here(instance.span, format!("`{}` prints, saves or opens", instance.name)));
                }
                open.push((callee, walk::invoked(&instance.body)));
            }
            Some(_) => {}
            None => {
                order.push(*inst);
                open.pop();
            }
        }
    }
    Ok(order)
}

/// K0802: what the language has and compiled functions do not.
fn not_here(span: Span, what: impl std::fmt::Display) -> Box<Diagnostic> {
    Diagnostic::at(Code::NotInKernel, span, format!("{what}: not possible in a function that loops and indexes"))
        .help("do it outside of the function and pass what it needs as an argument")
}
