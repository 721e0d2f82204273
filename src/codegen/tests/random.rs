//! Random kernels, as they are generated and as the passes leave them (which makes loops vector and parallel), compiled and interpreted.
//! `KILN_SEEDS=n` runs n of them.

use crate::codegen::Jit;
use crate::kernel::Interpreter;
use crate::kernel::ir::Module;
use crate::kernel::passes::{PassOptions, optimise};
use crate::kernel::testing::generate::{data, module};
use crate::kernel::testing::{run, same_run};

fn agree(module: &Module, seed: u64) {
    for data_seed in [seed, seed + 1] {
        let data = data(data_seed);
        let (want, got) = (run(&Interpreter, module, &data), run(&Jit { threads: 2 }, module, &data));
        assert!(same_run(&want, &got), "seed {seed}\n{module}\nof {data:?}\ninterpreted {want:?}\ncompiled {got:?}");
    }
}

#[test]
fn random_kernels_agree() {
    let count = std::env::var("KILN_SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(40);
    for seed in 0..count {
        let mut module = module(seed);
        agree(&module, seed);
        optimise(&mut module, &PassOptions::default()).expect("passes keep a module valid");
        agree(&module, seed);
    }
}
