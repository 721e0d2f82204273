//! Products of matrices: the panels and tiles they are made of, and which pass takes a tile as it is made, so that a product that is only
//! looked at, summed or changed is never stored.

use super::access::identity;
use super::blocks::{fastest, grid, units};
use super::fuse::TooLarge;
use super::ir::*;
use crate::array::DType;
use crate::base::Span;

/// Depth of the panels that a tile is summed from, about: whole chunks of files. The last bits of results depend on it, so the number of
/// threads does not change it.
const DEPTH: u64 = 512;
/// Sides of tiles: the least, and the most where longer ones make for fewer panels.
const SIDE: (u64, u64) = (512, 2048);
/// Tiles that a product is in at least where they can be longer: enough for all threads.
const TILES: u64 = 16;

/// An operand, of the pass over it and the one over its transpose: whichever has neighbours that are neighbours in memory.
pub fn panels(pass: impl Fn(bool) -> Result<Fused, TooLarge>) -> Result<Panels, TooLarge> {
    let straight = pass(false)?;
    let along = |axis: usize| straight.leaves.iter().any(|leaf| fastest(leaf) == Some(axis));
    let turned = straight.only_loads().is_none() && along(0) && !along(1);
    Ok(Panels { pass: if turned { pass(true)? } else { straight }, turned })
}

/// The product of two operands.
pub fn product(mut operands: [Panels; 2], out: StoreId, dtype: DType, span: Span, stores: &[Store]) -> MatMul {
    let [a, b] = [0, 1].map(|operand| operands[operand].sizes());
    let sizes = [a[0], a[1], b[1]];
    let [a, b] = [0, 1].map(|operand| operands[operand].units());
    let depth = of_chunks(DEPTH, a[1].max(b[0])).min(sizes[1]).max(1);
    let tile = tile(sizes, operands.each_ref().map(|operand| !operand.in_place(stores)), [a[0], b[1]]);
    operands[0].set_block([tile[0], depth]);
    operands[1].set_block([depth, tile[1]]);
    MatMul { operands, out, dtype, sizes, span, tile, depth }
}

/// A side of about so many elements that consists of whole chunks, unless these are much larger.
fn of_chunks(side: u64, chunk: u64) -> u64 {
    if chunk <= 2 * side { ((side + chunk / 2) / chunk).max(1) * chunk } else { side }
}

/// A panel of `a` is made for each column of tiles, one of `b` for each row: where one of them has to be, the tile is long the other way.
fn tile(sizes: [u64; 3], made: [bool; 2], chunks: [u64; 2]) -> [u64; 2] {
    let (least, most) = SIDE;
    let longest = match made {
        [false, false] => [least, least],
        [false, true] => [most, least],
        [true, false] => [least, most],
        [true, true] => [most / 2, most / 2],
    };
    let (mut tile, domain) = (longest, [sizes[0], sizes[2]]);
    while grid(&domain, &tile).iter().product::<u64>() < TILES && tile != [least, least] {
        tile = tile.map(|side| (side / 2).max(least));
    }
    [0, 1].map(|axis| {
        let side = of_chunks(tile[axis], chunks[axis]);
        // No tile is one element wide: products of vectors sum in an order of their own, which strides decide.
        (if domain[axis] % side == 1 { side + 1 } else { side }).min(domain[axis]).max(1)
    })
}

/// Gives products to the one pass that reads them, where it takes them tile by tile.
pub fn join(plan: &mut Plan) {
    let mut at = 0;
    while at < plan.stages.len() {
        match reader(plan, at) {
            Some(reader) => {
                let stage = plan.stages.remove(at);
                if let (Work::MatMul(product), Work::Fused(fused)) = (stage.work, &mut plan.stages[reader - 1].work) {
                    fused.block = product.tile.to_vec();
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
    let uncut = |chunks: &[u64]| {
        let sides = product.tile.iter().zip(&fused.domain);
        chunks.iter().zip(sides).all(|(chunk, (side, size))| side >= size || side.is_multiple_of(*chunk))
    };
    let writing = fused.outputs.iter().all(|output| match (&plan.stores[output.store.0 as usize].kind, &output.kind) {
        (_, OutputKind::Scan { .. }) => false,
        (StoreKind::Sink(sink), _) => uncut(&sink.chunks),
        _ => true,
    });
    let reading = uncut(&units(fused.domain.len(), &fused.leaves));
    let alone = fused.before.is_empty() && fused.product.is_none() && !fused.looks_up();
    (alone && whole && reading && writing).then_some(first)
}

impl MatMul {
    pub fn leaves(&self) -> impl Iterator<Item = &Leaf> {
        self.operands.iter().flat_map(|operand| &operand.pass.leaves)
    }

    /// The tiles: how many along each axis of the result.
    pub fn grid(&self) -> Vec<u64> {
        grid(&[self.sizes[0], self.sizes[2]], &self.tile)
    }
}

impl Panels {
    /// Rows and columns of the operand.
    fn sizes(&self) -> [u64; 2] {
        self.facing([self.pass.domain[0], self.pass.domain[1]])
    }
    /// What chunks of files span of its rows and columns.
    fn units(&self) -> [u64; 2] {
        let units = units(2, &self.pass.leaves);
        self.facing([units[0], units[1]])
    }
    /// Of the operand's rows and columns, the first and second axis of the pass, and the other way round.
    pub fn facing<T>(&self, [rows, columns]: [T; 2]) -> [T; 2] {
        if self.turned { [columns, rows] } else { [rows, columns] }
    }
    fn set_block(&mut self, panel: [u64; 2]) {
        let panel = self.facing(panel);
        self.pass.block = self.pass.domain.iter().zip(panel).map(|(size, side)| side.min(*size).max(1)).collect();
    }
    /// Whether panels are views of an array in memory.
    pub fn in_place(&self, stores: &[Store]) -> bool {
        self.pass.only_loads().is_some_and(|leaf| !leaf.is_remote(stores))
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
