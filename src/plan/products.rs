//! Products of matrices: the panels and tiles they are made of, and which pass takes a tile as it is made, so that a product that is only
//! looked at, summed or changed is never stored.

use super::access::identity;
use super::blocks::grid;
use super::ir::*;
use crate::array::DType;
use crate::base::Span;

/// Side of a tile of the result, and depth of the panels that it is summed from. Results depend on it, so memory and threads do not change it.
const TILE: u64 = 512;

/// The product of two operands, each a pass with its elements as output.
pub fn product(mut operands: [Fused; 2], out: StoreId, dtype: DType, span: Span) -> MatMul {
    let sizes = [operands[0].domain[0], operands[0].domain[1], operands[1].domain[1]];
    let tile = TILE.min(sizes.into_iter().max().unwrap_or(1)).max(1);
    operands.iter_mut().for_each(|operand| operand.block = operand.domain.iter().map(|size| tile.min(*size).max(1)).collect());
    MatMul { operands, out, dtype, sizes, span, tile }
}

/// Gives products to the one pass that reads them, where it takes them tile by tile.
pub fn join(plan: &mut Plan) {
    let mut at = 0;
    while at < plan.stages.len() {
        match reader(plan, at) {
            Some(reader) => {
                let stage = plan.stages.remove(at);
                if let (Work::MatMul(product), Work::Fused(fused)) = (stage.work, &mut plan.stages[reader - 1].work) {
                    fused.block = vec![product.tile; 2];
                    fused.product = Some(Box::new(product));
                }
            }
            None => at += 1,
        }
    }
}

/// The stage that takes the product of stage `at`.
fn reader(plan: &Plan, at: usize) -> Option<usize> {
    let Work::MatMul(product) = &plan.stages[at].work else { return None };
    let store = &plan.stores[product.out.0 as usize];
    if store.result || store.kind != StoreKind::Memory || product.sizes.contains(&0) {
        return None;
    }
    let reads = |leaf: &&Leaf| leaf.source == Source::Store(product.out);
    let mut readers = (at + 1..plan.stages.len()).filter(|stage| plan.stages[*stage].work.leaves().iter().any(reads));
    let (first, None) = (readers.next()?, readers.next()) else { return None };
    let Work::Fused(fused) = &plan.stages[first].work else { return None };
    let whole = fused.leaves.iter().filter(reads).all(|leaf| leaf.access == identity(2) && leaf.shape == fused.domain);
    // Chunks that are read or written are not cut.
    let uncut = |chunks: &[u64]| chunks.iter().all(|chunk| product.tile.is_multiple_of(*chunk));
    let reading = fused.leaves.iter().all(|leaf| match &leaf.source {
        Source::File(variable) => variable.chunks.as_ref().is_none_or(|chunks| uncut(chunks)),
        Source::Store(_) => true,
    });
    let writing = fused.outputs.iter().all(|output| match (&plan.stores[output.store.0 as usize].kind, &output.kind) {
        (_, OutputKind::Scan { .. }) => false,
        (StoreKind::Sink(sink), _) => uncut(&sink.chunks),
        _ => true,
    });
    let alone = fused.before.is_empty() && fused.product.is_none() && !fused.looks_up();
    (alone && whole && reading && writing).then_some(first)
}

impl MatMul {
    pub fn leaves(&self) -> impl Iterator<Item = &Leaf> {
        self.operands.iter().flat_map(|operand| &operand.leaves)
    }

    /// The tiles: how many along each axis of the result.
    pub fn grid(&self) -> Vec<u64> {
        grid(&[self.sizes[0], self.sizes[2]], &[self.tile; 2])
    }
}

impl Fused {
    /// The leaf, where its elements as they are, evenly spaced in memory, are all that a pass gives.
    pub fn only_loads(&self) -> Option<&Leaf> {
        let spaced = |leaf: &Leaf| leaf.access.iter().all(|map| map.via.is_none() && map.beyond.is_none());
        match (self.code.as_slice(), self.leaves.as_slice()) {
            ([Line { kind: LineKind::Load(_), invariant: false, .. }], [leaf]) if spaced(leaf) => Some(leaf),
            _ => None,
        }
    }
}
