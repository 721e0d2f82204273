//! Passes that follow each other over one domain, each reading the one before at and round its own place, as the steps of a simulation do. A
//! block takes several of them before the next block starts, each over a little more than the block, so that the next one finds its halo:
//! what is between stays in cache and has no store. Some work is done twice for that, no result is another.

use super::blocks;
use super::ir::*;
use crate::types::edge::Edge;
use std::ops::RangeInclusive;

/// Passes that a block takes at most.
const MOST: usize = 8;
/// Points computed for a block, halos included, against those without.
const MAX_WORK: f64 = 1.5;

/// Joins stages.
pub fn join(plan: &mut Plan) {
    let mut stages: Vec<Option<Stage>> = std::mem::take(&mut plan.stages).into_iter().map(Some).collect();
    let mut at = 0;
    while at < stages.len() {
        let longest = (at + 1..stages.len().min(at + MOST)).rev().find_map(|end| Some((end, joined(&stages, at..=end, &plan.stores)?)));
        let (end, work) = longest.map_or((at, None), |(end, work)| (end, Some(work)));
        if let Some(mut stage) = stages[end].take() {
            stage.work = work.map_or(stage.work, Work::Fused);
            plan.stages.push(stage);
        }
        at = end + 1;
    }
}

/// Stages as one, if they can be.
fn joined(stages: &[Option<Stage>], range: RangeInclusive<usize>, stores: &[Store]) -> Option<Fused> {
    let passes: Vec<&Fused> = stages[range.clone()]
        .iter()
        .map(|stage| match &stage.as_ref()?.work {
            Work::Fused(fused) => Some(fused),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let (last, before) = passes.split_last()?;
    let between = |output: &Output| {
        let store = &stores[output.store.0 as usize];
        let elements = matches!(&output.kind, OutputKind::Map { offset } if offset.iter().all(|offset| *offset == 0));
        elements && store.kind == StoreKind::Memory && store.ty.rank() == last.domain.len()
    };
    if before.iter().any(|pass| pass.domain != last.domain || !pass.outputs.iter().all(between))
        || passes.iter().any(|pass| pass.looks_up() || pass.product.is_some())
    {
        return None;
    }
    let (reaches, ring) = reaches(&passes)?;
    let block = blocks::of_steps(&passes, stores);
    let size = |reach: &Reach| -> Vec<u64> {
        let along = |axis: usize| {
            let all = block[axis] + reach[axis].0 + reach[axis].1;
            if ring[axis] { all } else { all.min(last.domain[axis]) }
        };
        (0..block.len()).map(along).collect()
    };
    let points = |sizes: &[u64]| sizes.iter().map(|size| *size as f64).product::<f64>();
    let work: f64 = reaches.iter().map(|reach| points(&size(reach))).sum();
    if work > MAX_WORK * points(&block) * before.len() as f64 {
        return None;
    }
    let kept = |output: &Output| {
        let store = &stores[output.store.0 as usize];
        store.result || store.last > *range.end()
    };
    let step = |(pass, reach): (&&Fused, Reach)| {
        let kept = pass.outputs.iter().map(kept).collect();
        Step { pass: Fused { block: size(&reach), ..without_ends(pass, &passes, &ring) }, reach, ring: ring.clone(), kept }
    };
    Some(Fused { before: before.iter().zip(reaches.clone()).map(step).collect(), block, ..without_ends(last, &passes, &ring) })
}

/// How far beyond a block each pass but the last is computed, so that the ones after it find what they read; and the axes that are rings.
fn reaches(passes: &[&Fused]) -> Option<(Vec<Reach>, Vec<bool>)> {
    let domain = &passes.last()?.domain;
    let rank = domain.len();
    let (mut ring, mut ends) = (vec![false; rank], vec![false; rank]);
    let mut reaches = vec![vec![(0, 0); rank]; passes.len()];
    for reader in (0..passes.len()).rev() {
        for leaf in &passes[reader].leaves {
            let Some(maker) = maker(leaf, passes) else { continue };
            if leaf.shape != passes[maker].domain {
                return None;
            }
            for (axis, map) in leaf.access.iter().enumerate() {
                let whole = map.beyond.is_none_or(|beyond| (beyond.first, beyond.step, beyond.count) == (0, 1, leaf.shape[axis]));
                if map.axis != Some(axis) || map.step != 1 || !whole {
                    return None;
                }
                let (before, after) = (map.start.min(0).unsigned_abs(), map.start.max(0) as u64);
                let (before, after) = match map.beyond.map(|beyond| beyond.edge) {
                    Some(Edge::Wrap) => {
                        ring[axis] = true;
                        (before, after)
                    }
                    // What is read is as far inside as the index is outside.
                    Some(Edge::Reflect | Edge::Symmetric) => (before.max(after), before.max(after)),
                    Some(Edge::Nearest | Edge::Constant) | None => (before, after),
                };
                ends[axis] |= map.beyond.is_some_and(|beyond| beyond.edge != Edge::Wrap);
                let from = reaches[reader][axis];
                let reach = &mut reaches[maker][axis];
                *reach = (reach.0.max(from.0 + before), reach.1.max(from.1 + after));
            }
        }
    }
    reaches.pop();
    let turns = |axis: usize| reaches.iter().any(|reach| reach[axis].0 > domain[axis] || reach[axis].1 > domain[axis]);
    (0..rank).all(|axis| !ring[axis] || !ends[axis] && !turns(axis)).then_some((reaches, ring))
}

/// The pass, but the last, that makes what a leaf reads.
fn maker(leaf: &Leaf, passes: &[&Fused]) -> Option<usize> {
    let Source::Store(store) = leaf.source else { return None };
    passes[..passes.len() - 1].iter().position(|pass| pass.outputs.iter().any(|output| output.store == store))
}

/// A pass that reads what earlier ones make on rings, where nothing is beyond the ends.
fn without_ends(pass: &Fused, passes: &[&Fused], ring: &[bool]) -> Fused {
    let mut pass = pass.clone();
    for leaf in pass.leaves.iter_mut().filter(|leaf| maker(leaf, passes).is_some()) {
        leaf.access.iter_mut().zip(ring).filter(|(_, ring)| **ring).for_each(|(map, _)| map.beyond = None);
    }
    pass
}

/// A part of what a pass computes for a block: its indices along the axes, and what takes them into the domain where that is a ring.
#[derive(Clone, Debug, Default)]
pub struct Part {
    pub lo: Vec<i64>,
    pub hi: Vec<i64>,
    pub shift: Vec<i64>,
}

impl Step {
    /// Where the pass is computed for a block `lo..hi`; on a ring it may go beyond the ends.
    pub fn area(&self, lo: &[u64], hi: &[u64]) -> (Vec<i64>, Vec<i64>) {
        let along = |axis: usize| {
            let (before, after) = self.reach[axis];
            let (lo, hi) = (lo[axis] as i64 - before as i64, (hi[axis] + after) as i64);
            if self.ring[axis] { (lo, hi) } else { (lo.max(0), hi.min(self.pass.domain[axis] as i64)) }
        };
        (0..lo.len()).map(along).unzip()
    }

    /// The area in parts that each lie inside the domain.
    pub fn parts(&self, lo: &[i64], hi: &[i64]) -> Vec<Part> {
        let mut parts = vec![Part::default()];
        for ((lo, hi), size) in lo.iter().zip(hi).zip(&self.pass.domain) {
            let size = *size as i64;
            let cuts = [(*lo, (*hi).min(0), size), ((*lo).max(0), (*hi).min(size), 0), ((*lo).max(size), *hi, -size)];
            let cuts = cuts.into_iter().filter(|(lo, hi, _)| lo < hi);
            let with = |mut part: Part, (lo, hi, shift): (i64, i64, i64)| {
                part.lo.push(lo);
                part.hi.push(hi);
                part.shift.push(shift);
                part
            };
            parts = parts.into_iter().flat_map(|part| cuts.clone().map(move |cut| with(part.clone(), cut))).collect();
        }
        parts
    }
}

impl Fused {
    /// Whether it has tables of positions or groups. They are of the whole domain, and groups are folded across blocks: it is a stage alone.
    pub fn looks_up(&self) -> bool {
        let positions = |leaf: &Leaf| leaf.access.iter().any(|map| map.via.is_some());
        self.leaves.iter().any(positions) || self.outputs.iter().any(|output| output.kind.grouped().is_some())
    }
    /// Of each pass before the last, the last pass that reads it, by position; the last one itself comes after all.
    pub fn last_readers(&self) -> Vec<usize> {
        let passes: Vec<&Fused> = self.before.iter().map(|step| &step.pass).chain([self]).collect();
        let reads = |reader: &Fused, maker: &Fused| {
            let made = |leaf: &Leaf| maker.outputs.iter().any(|output| leaf.source == Source::Store(output.store));
            reader.leaves.iter().any(made)
        };
        let last = |(at, maker): (usize, &&Fused)| passes.iter().rposition(|reader| reads(reader, maker)).unwrap_or(at);
        passes[..self.before.len()].iter().enumerate().map(last).collect()
    }
    /// The stores that its blocks write.
    pub fn written(&self) -> impl Iterator<Item = StoreId> {
        let kept = |step: &Step| {
            step.pass.outputs.iter().zip(&step.kept).filter(|(_, kept)| **kept).map(|(output, _)| output.store).collect::<Vec<_>>()
        };
        self.before.iter().flat_map(kept).chain(self.outputs.iter().map(|output| output.store))
    }
    /// Bytes of memory for an output of a pass before the last: the same for all, so that one goes on in the memory of another.
    pub fn scratch(&self) -> u64 {
        let pass = |step: &Step| {
            let items = step.pass.outputs.iter().map(|output| step.pass.code[output.value.0 as usize].dtype.size() as u64);
            step.pass.block.iter().fold(items.max().unwrap_or(0), |all, size| all.saturating_mul(*size))
        };
        self.before.iter().map(pass).max().unwrap_or(0)
    }
    /// All that its passes read of arrays with stores of their own.
    pub fn sources(&self) -> impl Iterator<Item = &Leaf> {
        let made = |leaf: &Leaf| {
            let outputs = self.before.iter().flat_map(|step| &step.pass.outputs).map(|output| output.store);
            outputs.chain(self.product.as_ref().map(|product| product.out)).any(|store| leaf.source == Source::Store(store))
        };
        let product = self.product.iter().flat_map(|product| product.leaves());
        let before = self.before.iter().flat_map(|step| &step.pass.leaves);
        product.chain(before).chain(&self.leaves).filter(move |leaf| !made(leaf))
    }
}
