//! Compiled kernels, each once a session; small work is interpreted, which costs less than compiling.

use crate::base::Outcome;
use crate::kernel::Interpreter;
use crate::kernel::abi::{Compiled, Engine};
use crate::kernel::ir::Module;
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

/// Passes over at most this many elements are interpreted. The results have the same bits.
const SMALL: u64 = 128;

/// The modules that were compiled with a hash.
type Bucket = Vec<(Module, Arc<dyn Compiled>)>;

/// A cache of compiled kernels before an engine.
pub struct Kernels {
    engine: Arc<dyn Engine>,
    compiled: Mutex<FxHashMap<u64, Bucket>>,
}

impl Kernels {
    pub fn new(engine: Arc<dyn Engine>) -> Kernels {
        Kernels { engine, compiled: Mutex::default() }
    }

    /// A kernel made ready for a pass over `elements`.
    pub fn get(&self, module: &Module, elements: u64) -> Outcome<Arc<dyn Compiled>> {
        if elements <= SMALL {
            return Interpreter.compile(module);
        }
        let key = hash(module);
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = compiled.entry(key).or_default();
        if let Some((_, kernel)) = bucket.iter().find(|(known, _)| known == module) {
            return Ok(kernel.clone());
        }
        let kernel = self.engine.compile(module)?;
        bucket.push((module.clone(), kernel.clone()));
        Ok(kernel)
    }
}

/// A hash that equal modules share. The printed form would do as well, at ten times the cost.
fn hash(module: &Module) -> u64 {
    let mut hasher = FxHasher::default();
    for kernel in &module.kernels {
        (&kernel.name, kernel.params.len(), kernel.vars.len(), kernel.arrays.len(), kernel.body.len()).hash(&mut hasher);
        kernel.vars.iter().for_each(|var| var.dtype.hash(&mut hasher));
        kernel.arrays.iter().for_each(|array| (array.dtype, array.rank).hash(&mut hasher));
    }
    hasher.finish()
}
