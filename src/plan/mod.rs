//! From the graph to stages: what is stored, what fuses, blocks, order of work, and the memory it will take. Reads no data and runs
//! nothing; a plan is plain data.

pub mod access;
pub mod blocks;
pub mod chain;
pub mod emit;
pub mod explain;
pub mod flat;
pub mod forecast;
pub mod fuse;
pub mod groups;
pub mod halo;
pub mod ir;
pub mod merge;
pub mod products;
pub mod routines;
pub mod stages;
pub mod stored;
pub mod together;

pub use ir::{Plan, Want};

use crate::base::{Limits, Outcome};
use crate::graph::{Graph, pass};

/// Plans all that is wanted together. Adds nodes to the graph (its passes do), changes none.
/// Errors: K0701 naming the line that needs most, if the forecast is above the limit.
pub fn plan(graph: &mut Graph, wants: &[Want], limits: &Limits) -> Outcome<Plan> {
    let roots: Vec<_> = wants.iter().map(|want| want.node).collect();
    let roots = pass::optimise(graph, &roots);
    let of =
        |sunk: bool| -> Vec<_> { roots.iter().zip(wants).filter(|(_, want)| want.sink.is_some() == sunk).map(|(root, _)| *root).collect() };
    let stored = stored::choose(graph, &of(false), &of(true), limits);
    let mut plan = stages::build(graph, wants, &roots, &stored, limits)?;
    products::join(&mut plan);
    // Stages have moved: what chains keep depends on who reads it later.
    stages::lifetimes(&mut plan);
    chain::join(&mut plan);
    stages::lifetimes(&mut plan);
    forecast::place(plan, limits)
}
