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
    if before.iter().any(|pass| pass.domain != last.domain || !pass.outputs.iter().all(between)) {
        return None;
    }
    let reaches = reaches(&passes)?;
    let block = blocks::of_steps(&passes, stores);
    let size = |reach: &Reach| -> Vec<u64> {
        block.iter().zip(reach).zip(&last.domain).map(|((block, (before, after)), size)| (block + before + after).min(*size)).collect()
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
        Step { pass: Fused { block: size(&reach), ..(*pass).clone() }, reach, kept }
    };
    Some(Fused { before: before.iter().zip(reaches.clone()).map(step).collect(), block, ..(*last).clone() })
}

/// How far beyond a block each pass but the last is computed, so that the ones after it find what they read.
fn reaches(passes: &[&Fused]) -> Option<Vec<Reach>> {
    let rank = passes.last()?.domain.len();
    let mut reaches = vec![vec![(0, 0); rank]; passes.len()];
    for reader in (0..passes.len()).rev() {
        for leaf in &passes[reader].leaves {
            let Source::Store(store) = leaf.source else { continue };
            let makes = |pass: &&Fused| pass.outputs.iter().any(|output| output.store == store);
            let Some(maker) = passes[..passes.len() - 1].iter().position(makes) else { continue };
            if leaf.shape != passes[maker].domain {
                return None;
            }
            for (axis, map) in leaf.access.iter().enumerate() {
                if map.axis != Some(axis) || map.step != 1 {
                    return None;
                }
                let (before, after) = (map.start.min(0).unsigned_abs(), map.start.max(0) as u64);
                let (before, after) = match map.beyond.map(|beyond| beyond.edge) {
                    // What is read is at the other end.
                    Some(Edge::Wrap) => return None,
                    // What is read is as far inside as the index is outside.
                    Some(Edge::Reflect | Edge::Symmetric) => (before.max(after), before.max(after)),
                    Some(Edge::Nearest | Edge::Constant) | None => (before, after),
                };
                let from = reaches[reader][axis];
                let reach = &mut reaches[maker][axis];
                *reach = (reach.0.max(from.0 + before), reach.1.max(from.1 + after));
            }
        }
    }
    reaches.pop();
    Some(reaches)
}

impl Step {
    /// Where the pass is computed for a block `lo..hi`.
    pub fn area(&self, lo: &[u64], hi: &[u64]) -> (Vec<u64>, Vec<u64>) {
        let lo = lo.iter().zip(&self.reach).map(|(lo, (before, _))| lo.saturating_sub(*before)).collect();
        let hi = hi.iter().zip(&self.reach).zip(&self.pass.domain).map(|((hi, (_, after)), size)| (hi + after).min(*size)).collect();
        (lo, hi)
    }
}

impl Fused {
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
            let mut outputs = self.before.iter().flat_map(|step| &step.pass.outputs);
            outputs.any(|output| leaf.source == Source::Store(output.store))
        };
        self.before.iter().flat_map(|step| &step.pass.leaves).chain(&self.leaves).filter(move |leaf| !made(leaf))
    }
}
