//! Random kernels give the same with and without passes.

use crate::kernel::Interpreter;
use crate::kernel::ir::{FaultKind, Module};
use crate::kernel::passes::{PassOptions, optimise};
use crate::kernel::testing::generate::{data, module};
use crate::kernel::testing::{Run, run, same_run};
use crate::kernel::verify::verify;

/// Seeds in an ordinary run; `KILN_SEEDS` asks for another number.
fn seeds() -> u64 {
    std::env::var("KILN_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(50)
}

#[test]
fn passes_keep_results() {
    let mut faults = 0;
    for seed in 0..seeds() {
        let before = module(seed);
        verify(&before).unwrap_or_else(|error| panic!("seed {seed}: {}\n{before}", error.message));
        let mut after = before.clone();
        optimise(&mut after, &PassOptions { reorder_floats: false, chunk_work: seed % 64, ..PassOptions::default() })
            .unwrap_or_else(|error| panic!("seed {seed}: {} {:?}\n{after}", error.message, error.notes));
        for variant in 0..3 {
            let data = data(seed * 3 + variant);
            let (want, got) = (run(&Interpreter, &before, &data), run(&Interpreter, &after, &data));
            faults += usize::from(want.results.is_err());
            assert!(alike(want.clone(), got.clone()), "seed {seed}.{variant}\n{}\nwant {want:?}\ngot {got:?}", both(&before, &after));
        }
    }
    // Kernels that mostly fail would test little.
    assert!(faults * 2 < seeds() as usize * 3, "{faults} of {} runs fail", seeds() * 3);
}

fn both(before: &Module, after: &Module) -> String {
    format!("{before}\n-- becomes --\n\n{after}")
}

/// The same, but for the loop variables of a fault, which depend on which loops are left; of what a failed run left in arrays nothing is asked.
fn alike(mut a: Run, mut b: Run) -> bool {
    for run in [&mut a, &mut b] {
        if let Err(fault) = &mut run.results {
            run.arrays.clear();
            if fault.kind != FaultKind::Bounds {
                fault.values.clear();
            }
        }
    }
    same_run(&a, &b)
}
