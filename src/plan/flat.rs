//! Axes at the end of a pass that may be taken as one: what it reads and writes lies in memory as if they were. Its kernel then runs few long
//! loops in place of many short ones, and folds in lanes. Here is what the pass says of that, a function of shapes and blocks alone, so that
//! the bits of a sum do not depend on where an array is kept; whether the strides of a call agree is for the call to see (`exec::compute`).

use super::ir::{Fused, Leaf, LineKind, Output, OutputKind, StoreId};

/// The first of the axes. `shape` is that of an output's store.
pub fn first(fused: &Fused, shape: &dyn Fn(StoreId) -> Option<Vec<u64>>) -> usize {
    let last = fused.domain.len() - 1;
    (0..last).rev().take_while(|axis| joins(fused, *axis, shape)).last().unwrap_or(last)
}

/// Whether an axis may be one with those after it, which are one already.
fn joins(fused: &Fused, axis: usize, shape: &dyn Fn(StoreId) -> Option<Vec<u64>>) -> bool {
    let (domain, next) = (&fused.domain, axis + 1);
    // The next axis that has neighbours; with none, or alone, an axis lies together with anything.
    let inner = (next..domain.len()).find(|axis| domain[*axis] > 1).filter(|_| domain[axis] > 1);
    let here = |at: Option<usize>| at == Some(axis) || at == Some(next);
    let indexed = fused.code.iter().any(|line| matches!(&line.kind, LineKind::Index(map) if here(map.axis)));
    let in_row = |leaf: &Leaf, inner: usize| {
        let along = |axis: usize| leaf.access.iter().enumerate().filter(move |(_, map)| map.axis == Some(axis)).map(|(at, _)| at);
        let (outer, inner) = (along(axis).collect::<Vec<_>>(), along(inner).collect::<Vec<_>>());
        match (outer.as_slice(), inner.as_slice()) {
            ([], []) => true,
            ([outer], [inner]) if outer < inner => {
                let steps = leaf.access[*outer].step == 1 && leaf.access[*inner].step == 1;
                let whole =
                    leaf.access[*inner].start == 0 && leaf.access[*inner].axis.is_some_and(|axis| leaf.shape[*inner] == domain[axis]);
                steps && whole && leaf.shape[outer + 1..*inner].iter().all(|size| *size == 1)
            }
            _ => false,
        }
    };
    let plain = |leaf: &Leaf| leaf.access.iter().all(|map| !here(map.axis) || map.via.is_none() && map.beyond.is_none());
    let written = |output: &Output| match &output.kind {
        OutputKind::Map { .. } => inner.is_none() || shape(output.store).is_none_or(|shape| shape.get(next..) == domain.get(next..)),
        OutputKind::Scan { axis: along, .. } => !here(Some(*along)),
        OutputKind::Reduce { .. } | OutputKind::ReduceGroups { .. } => {
            fused.folds(output, axis) == fused.folds(output, next) && !here(output.kind.grouped().map(|(axis, _)| axis))
        }
    };
    fused.block[next] == domain[next]
        && !indexed
        && fused.leaves.iter().all(|leaf| plain(leaf) && inner.is_none_or(|inner| in_row(leaf, inner)))
        && fused.outputs.iter().all(written)
}
