//! Block sizes. They depend on shapes, file chunks and what is computed, never on the memory limit or the threads: so a result has the same
//! bits under any of them.

use super::ir::{Fused, Leaf, Output, Source, Store, StoreKind};

/// Elements of a block where nothing else decides: large against the cost of a task, small against memory.
const TARGET: u64 = 1 << 17;
/// Elements of a block that takes several passes in a row.
const CACHED: u64 = 1 << 16;
/// Elements along the last axis of a block that is reduced along others: enough for long loops, few enough to stay in cache.
const STRIP: u64 = 4096;
/// Side of a tile of a matrix product.
const TILE: u64 = 512;

/// The block of a fused pass.
pub fn choose(fused: &Fused, stores: &[Store]) -> Vec<u64> {
    let domain = &fused.domain;
    let rank = domain.len();
    let mut unit = units(fused.domain.len(), &fused.leaves);
    for output in &fused.outputs {
        if let StoreKind::Sink(sink) = &stores[output.store.0 as usize].kind {
            for (unit, chunk) in unit.iter_mut().zip(&sink.chunks) {
                *unit = unit.next_multiple_of((*chunk).max(1));
            }
        }
    }
    let mut block: Vec<u64> = unit.iter().zip(domain).map(|(unit, size)| (*unit).min(*size).max(1)).collect();
    let last = rank - 1;
    let mut fast = vec![false; rank];
    fast[last] = true;
    for leaf in &fused.leaves {
        if let Some(axis) = fastest(leaf) {
            fast[axis] = true;
        }
    }
    let outer = |axis: usize| {
        let over = |axes: &[usize]| axes.contains(&axis) && !axes.contains(&last);
        fused.outputs.iter().any(|output| output.kind.reduction().is_some_and(|(_, axes)| over(axes)))
    };
    // First what should be long, each up to its share; then everything from the last axis on.
    let fast_count = fast.iter().filter(|fast| **fast).count() as u32;
    let share = (TARGET as f64).powf(1.0 / f64::from(fast_count)) as u64;
    if fast_count > 1 {
        (0..rank).filter(|axis| fast[*axis]).for_each(|axis| grow(&mut block, domain, axis, share));
    } else if (0..rank).any(outer) {
        grow(&mut block, domain, last, STRIP);
        (0..rank).rev().filter(|axis| outer(*axis)).for_each(|axis| grow(&mut block, domain, axis, u64::MAX));
    }
    (0..rank).rev().for_each(|axis| grow(&mut block, domain, axis, u64::MAX));
    block
}

/// Elements of a block that is whole along inner axes: as many as a chunk of a file may need, within what memory has.
const SLAB: u64 = 1 << 20;

/// The block of a pass whose blocks, in their order, have the elements in order along the axes `within`: whole along the later ones.
pub fn slabs(fused: &Fused, within: std::ops::Range<usize>) -> Vec<u64> {
    let (domain, unit) = (&fused.domain, units(fused.domain.len(), &fused.leaves));
    let mut block: Vec<u64> = unit.iter().zip(domain).map(|(unit, size)| (*unit).min(*size).max(1)).collect();
    within.clone().for_each(|axis| block[axis] = 1);
    (within.end..domain.len()).rev().for_each(|axis| grow(&mut block, domain, axis, u64::MAX));
    for axis in within.rev() {
        let elements: u64 = block.iter().fold(1, |all, size| all.saturating_mul(*size));
        let least = if elements.saturating_mul(unit[axis]) <= SLAB { unit[axis].max(1) } else { 1 };
        block[axis] = least;
        grow(&mut block, domain, axis, u64::MAX);
        if block[axis] < domain[axis] {
            break;
        }
    }
    block
}

/// The block of a pass whose blocks lie in one core each; the axes of the batch come first.
pub fn within_cores(fused: &Fused, batch: usize) -> Vec<u64> {
    let unit = units(fused.domain.len(), &fused.leaves);
    let mut block: Vec<u64> = unit.iter().zip(&fused.domain).map(|(unit, size)| (*unit).min(*size).max(1)).collect();
    (0..batch).for_each(|axis| block[axis] = 1);
    for axis in (batch..block.len()).rev() {
        let elements: u64 = block.iter().fold(1, |all, size| all.saturating_mul(*size));
        let most = (GROUPED / (elements / block[axis])).max(1);
        grow(&mut block, &fused.domain, axis, most);
    }
    block
}

/// Elements of a block of a long core: they are grouped in cache.
const GROUPED: u64 = 1 << 16;

/// What file chunks span along each axis of a domain.
pub fn units(rank: usize, leaves: &[Leaf]) -> Vec<u64> {
    let mut unit = vec![1u64; rank];
    for leaf in leaves {
        let Source::File(variable) = &leaf.source else { continue };
        let Some(chunks) = &variable.chunks else { continue };
        for (map, chunk) in leaf.access.iter().zip(chunks) {
            if let Some(axis) = map.axis.filter(|_| map.via.is_none()) {
                unit[axis] = unit[axis].max(chunk.div_ceil(map.step.unsigned_abs().max(1)));
            }
        }
    }
    unit
}

/// The block of passes that a block takes in a row: what the files of all of them ask for, else one that stays in cache with its halo.
pub fn of_steps(passes: &[&Fused], stores: &[Store]) -> Vec<u64> {
    let Some(last) = passes.last() else { return Vec::new() };
    let to_file = |output: &Output| matches!(stores[output.store.0 as usize].kind, StoreKind::Sink(_));
    let from_file = |leaf: &Leaf| matches!(leaf.source, Source::File(_));
    if passes.iter().any(|pass| pass.leaves.iter().any(from_file) || pass.outputs.iter().any(to_file)) {
        let leaves = passes.iter().flat_map(|pass| &pass.leaves).cloned().collect();
        return choose(&Fused { leaves, ..(*last).clone() }, stores);
    }
    let rank = last.domain.len();
    let mut block = vec![1u64; rank];
    let mut room = CACHED;
    for (axis, size) in last.domain.iter().enumerate().rev() {
        // The last axis is long for the loop along it, the others are alike, so that halos are small.
        let share = match (axis + 1 == rank, rank) {
            (true, 1) => room,
            (true, 2) => 1024,
            (true, _) => 128,
            (false, _) => (room as f64).powf(1.0 / (axis + 1) as f64) as u64,
        };
        block[axis] = share.min(*size).max(1);
        room = (room / block[axis]).max(1);
    }
    block
}

/// The domain axis along which neighbours of a leaf lie next to each other.
pub fn fastest(leaf: &Leaf) -> Option<usize> {
    leaf.access.last().and_then(|map| map.axis)
}

/// Makes a block longer along an axis, by whole multiples, while it stays within `TARGET` elements and `most` along the axis.
fn grow(block: &mut [u64], domain: &[u64], axis: usize, most: u64) {
    let elements: u64 = block.iter().fold(1, |all, size| all.saturating_mul(*size));
    let room = (TARGET / elements.max(1)).min(most / block[axis].max(1)).max(1);
    block[axis] = block[axis].saturating_mul(room).min(domain[axis]).max(1);
}

/// The tile of a product of these sizes: m, k, n.
pub fn matmul_tile(sizes: [u64; 3]) -> u64 {
    TILE.min(sizes.into_iter().max().unwrap_or(1)).max(1)
}

/// Number of blocks along each axis.
pub fn grid(domain: &[u64], block: &[u64]) -> Vec<u64> {
    domain.iter().zip(block).map(|(size, block)| size.div_ceil((*block).max(1))).collect()
}
