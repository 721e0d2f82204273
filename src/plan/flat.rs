//! Axes at the end of a pass that may be taken as one: what it reads and writes lies in memory as if they were. Its kernel then runs few long
//! loops in place of many short ones, and folds in lanes. Here is what the pass says of that, a function of shapes and blocks alone, so that
//! the bits of a sum do not depend on where an array is kept; whether the strides of a call agree is for the call to see (`exec::compute`).

use super::ir::{Fused, Leaf, LineKind, Output, OutputKind, StoreId};

/// The first of the axes. `shape` is that of an output's store.
pub fn first(fused: &Fused, shape: &dyn Fn(StoreId) -> Option<Vec<u64>>) -> usize {
    let last = fused.domain.len() - 1;
    (0..last).rev().take_while(|axis| joins(fused, *axis, shape)).last().unwrap_or(last)
}

/// Whether an axis and the one after it may be one.
fn joins(fused: &Fused, axis: usize, shape: &dyn Fn(StoreId) -> Option<Vec<u64>>) -> bool {
    let (domain, next) = (&fused.domain, axis + 1);
    let one = domain[axis] == 1 || domain[next] == 1;
    let here = |at: Option<usize>| at == Some(axis) || at == Some(next);
    let indexed = fused.code.iter().any(|line| matches!(&line.kind, LineKind::Index(map) if here(map.axis)));
    let in_row = |leaf: &Leaf| {
        let of = |axis: usize| leaf.access.iter().position(|map| map.axis == Some(axis));
        let alone = leaf.access.iter().filter(|map| here(map.axis)).count() == 2;
        match (of(axis), of(next)) {
            (None, None) => true,
            (Some(outer), Some(inner)) => {
                let whole = leaf.access[inner].start == 0 && leaf.shape[inner] == domain[next];
                alone && inner == outer + 1 && whole && leaf.access[outer].step == 1 && leaf.access[inner].step == 1
            }
            _ => false,
        }
    };
    let plain = |leaf: &Leaf| leaf.access.iter().all(|map| !here(map.axis) || map.via.is_none() && map.beyond.is_none());
    let written = |output: &Output| match &output.kind {
        OutputKind::Map { .. } => one || shape(output.store).is_none_or(|shape| shape.get(next) == Some(&domain[next])),
        OutputKind::Scan { axis: along, .. } => !here(Some(*along)),
        OutputKind::Reduce { .. } | OutputKind::ReduceGroups { .. } => {
            fused.folds(output, axis) == fused.folds(output, next) && !here(output.kind.grouped().map(|(axis, _)| axis))
        }
    };
    fused.block[next] == domain[next]
        && !indexed
        && fused.leaves.iter().all(|leaf| plain(leaf) && (one || in_row(leaf)))
        && fused.outputs.iter().all(written)
}
