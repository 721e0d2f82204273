//! Passes over kernels, in one visible list. Each changes how a module runs, never what it gives: the bits of results stay the same but for
//! the order of float reductions, which `vectorise` and `parallel` settle.

mod bounds;
mod carry;
mod clear;
mod copy;
mod depend;
mod fold;
mod independent;
mod inline;
mod outline;
mod parallel;
mod promote;
mod reduce;
mod simplify;
mod straight;
mod unroll;
mod vectorise;
mod version;

use super::ir::{ArrayId, Module};
use super::verify::verify;
use crate::base::Outcome;

/// What may be done with a module.
#[derive(Clone, Debug)]
pub struct PassOptions {
    /// Loops may be made parallel. `par for` must be provable in any case.
    pub parallel: bool,
    /// Array parameters of the first kernel of which different elements may be the same memory (a stride of 0 along an axis that is stored
    /// to): no loop that stores to them is vectorised or made parallel.
    pub overlapping: Vec<ArrayId>,
    /// Sums and products of floats may be computed in another order. Without it passes change no bit.
    pub reorder_floats: bool,
    /// Work of a chunk of a parallel loop, in additions: some tens of microseconds, a hundred times what a chunk costs by itself.
    pub chunk_work: u64,
}

impl Default for PassOptions {
    fn default() -> PassOptions {
        PassOptions { parallel: true, overlapping: Vec::new(), reorder_floats: true, chunk_work: 100_000 }
    }
}

type Pass = fn(&mut Module, &PassOptions) -> Outcome<()>;

/// The passes, in order.
const PASSES: &[(&str, Pass)] = &[
    ("simplify", simplify::simplify),
    ("inline", inline::inline),
    ("simplify", simplify::simplify),
    ("unroll", unroll::unroll),
    ("simplify", simplify::simplify),
    ("bounds", bounds::bounds),
    ("clear", clear::clear),
    ("version", version::version),
    ("parallel", parallel::parallel),
    ("promote", promote::promote),
    ("carry", carry::carry),
    ("simplify", simplify::simplify),
    ("vectorise", vectorise::vectorise),
    ("simplify", simplify::simplify),
];

/// Runs all passes. Fails with K0801 for a `par for` that cannot be proven parallel. Debug builds verify the module after each pass.
pub fn optimise(module: &mut Module, options: &PassOptions) -> Outcome<()> {
    for (name, pass) in PASSES {
        pass(module, options)?;
        if cfg!(debug_assertions) {
            verify(module).map_err(|error| error.note(format!("after the pass `{name}`")))?;
        }
    }
    Ok(())
}
