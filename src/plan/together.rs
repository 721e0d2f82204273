//! Which passes are one stage: those over one domain that read the same elements, and those that use what another makes where it is made.
//! Decides in which order stages run: each pass goes to the first level at which what it reads is there.

use super::access::identity;
use super::blocks;
use super::fuse::{Fuser, TooLarge};
use super::ir::*;
use crate::base::Span;
use crate::graph::{Graph, NodeId};
use rustc_hash::{FxHashMap, FxHashSet};

/// Outputs of one stage; more are a stage of their own, so that kernels stay small.
const MAX_OUTPUTS: usize = 16;

/// A fused pass to be.
pub struct Pass {
    pub over: NodeId,
    /// Whether the values of `over` are what it makes.
    pub inside: bool,
    pub store: StoreId,
    pub kind: OutputKind,
    /// Of a reduction in groups, the node with the groups.
    pub table: Option<NodeId>,
    pub span: Span,
}

/// The stages of a plan while it is made.
pub struct Stages<'a> {
    graph: &'a Graph,
    stores: &'a dyn Fn(NodeId) -> Option<StoreId>,
    /// What has a store because there is room: blocks are chosen by what passes would read without it, since the memory limit must not
    /// change them.
    kept: &'a FxHashSet<NodeId>,
    groups: Vec<Group>,
    others: Vec<(usize, Work, Span)>,
    /// The level at which a store is made.
    made: FxHashMap<StoreId, usize>,
}

/// Passes that are one stage.
struct Group {
    level: usize,
    passes: Vec<Pass>,
    fused: Fused,
}

impl<'a> Stages<'a> {
    pub fn new(graph: &'a Graph, stores: &'a dyn Fn(NodeId) -> Option<StoreId>, kept: &'a FxHashSet<NodeId>) -> Stages<'a> {
        Stages { graph, stores, kept, groups: Vec::new(), others: Vec::new(), made: FxHashMap::default() }
    }

    /// A stage of its own.
    pub fn push(&mut self, work: Work, span: Span) {
        let level = self.after(work.leaves());
        super::stages::uses(&work).1.into_iter().for_each(|store| self.make(store, level));
        self.others.push((level, work, span));
    }

    /// Puts a pass into a stage that is there already, or a new one. Passes that make what it reads came before.
    pub fn add(&mut self, pass: Pass) -> Result<(), TooLarge> {
        let alone = self.fuse(&[&pass], self.stores)?;
        match (0..self.groups.len()).find_map(|at| Some((at, self.joined(&self.groups[at], &pass, &alone)?))) {
            Some((at, fused)) => {
                let group = &mut self.groups[at];
                let (store, level) = (pass.store, group.level);
                group.fused = fused;
                group.passes.push(pass);
                self.make(store, level);
            }
            None => {
                let level = self.after(&alone.leaves);
                self.make(pass.store, level);
                self.groups.push(Group { level, passes: vec![pass], fused: alone });
            }
        }
        Ok(())
    }

    /// All stages in order, their blocks chosen.
    pub fn finish(mut self, stores: &[Store]) -> Vec<Stage> {
        let mut work = std::mem::take(&mut self.others);
        for mut group in std::mem::take(&mut self.groups) {
            group.fused.block = blocks::choose(self.without_kept(&group).as_ref().unwrap_or(&group.fused), stores);
            work.push((group.level, Work::Fused(group.fused), group.passes[0].span));
        }
        work.sort_by_key(|(level, ..)| *level);
        work.into_iter().map(|(_, work, span)| Stage { work, parallel: 1, block_bytes: 0, stage_bytes: 0, span }).collect()
    }

    /// A group's pass as it would be without what is kept; none where that is the same, or too large, when there are other stores and passes.
    fn without_kept(&self, group: &Group) -> Option<Fused> {
        let stores = |id: NodeId| (self.stores)(id).filter(|_| !self.kept.contains(&id));
        let passes: Vec<&Pass> = group.passes.iter().collect();
        (!self.kept.is_empty()).then(|| self.fuse(&passes, &stores).ok()).flatten()
    }

    /// A group with a pass in it, if it may join.
    fn joined(&self, group: &Group, pass: &Pass, alone: &Fused) -> Option<Fused> {
        let first = &group.passes[0];
        let shape = |pass: &Pass| self.graph.node(pass.over).ty.shape();
        let scans = |pass: &Pass| matches!(pass.kind, OutputKind::Scan { .. });
        if group.passes.len() >= MAX_OUTPUTS || scans(first) || scans(pass) || groups(first) != groups(pass) || shape(first) != shape(pass)
        {
            return None;
        }
        let maker = |leaf: &Leaf| group.passes.iter().find(|other| leaf.source == Source::Store(other.store));
        let (inside, before): (Vec<&Leaf>, Vec<&Leaf>) = alone.leaves.iter().partition(|leaf| maker(leaf).is_some());
        let table = alone.outputs[0].kind.grouped().map(|(_, table)| &alone.leaves[table]);
        // What the group makes is at hand where it is made, and only there.
        let at_hand = |leaf: &&Leaf| {
            let own = shape(first).is_some_and(|shape| leaf.shape == shape && leaf.access == identity(shape.len()));
            own && maker(leaf).is_some_and(|maker| maker.inside) && table != Some(*leaf)
        };
        let large = |leaf: &Leaf| leaf.access.iter().any(|map| map.axis.is_some());
        let shares = |leaf: &Leaf| large(leaf) && group.fused.leaves.contains(leaf);
        let level = self.after(before.iter().copied());
        let fits = match inside.is_empty() {
            true => level == group.level && alone.leaves.iter().any(shares),
            false => level <= group.level && inside.iter().all(at_hand),
        };
        let passes: Vec<&Pass> = group.passes.iter().chain([pass]).collect();
        fits.then(|| self.fuse(&passes, self.stores).ok()).flatten()
    }

    /// The code of passes as one; its blocks are chosen later.
    fn fuse(&self, passes: &[&Pass], stores: &dyn Fn(NodeId) -> Option<StoreId>) -> Result<Fused, TooLarge> {
        let mut fuser = Fuser::new(self.graph, stores);
        let mut outputs = Vec::new();
        let shape = self.graph.node(passes[0].over).ty.shape().unwrap_or_default();
        // What is computed here must be computed before another output could load it.
        let mut order = passes.to_vec();
        order.sort_by_key(|pass| !pass.inside);
        for pass in order {
            let value = fuser.value(pass.over, identity(shape.len()), pass.inside)?;
            let mut kind = pass.kind.clone();
            match &mut kind {
                OutputKind::ReduceGroups { axis, table, .. } => {
                    if let Some(node) = pass.table {
                        *table = fuser.table(node, identity(shape.len())[*axis])?;
                    }
                }
                // A scalar has one axis of size 1.
                OutputKind::Map { offset } if offset.is_empty() => offset.push(0),
                _ => {}
            }
            outputs.push(Output { store: pass.store, value, kind });
        }
        let domain = if shape.is_empty() { vec![1] } else { shape };
        Ok(Fused { block: domain.clone(), domain, before: Vec::new(), product: None, leaves: fuser.leaves, code: fuser.code, outputs })
    }

    /// The first level at which what is read is there.
    fn after<'l>(&self, leaves: impl IntoIterator<Item = &'l Leaf>) -> usize {
        let made = |leaf: &Leaf| if let Source::Store(store) = leaf.source { self.made.get(&store).map(|level| level + 1) } else { None };
        leaves.into_iter().filter_map(made).max().unwrap_or(0)
    }

    fn make(&mut self, store: StoreId, level: usize) {
        let made = self.made.entry(store).or_default();
        *made = level.max(*made);
    }
}

/// What reductions in groups must agree on to share a pass.
fn groups(pass: &Pass) -> Option<(usize, &[usize], NodeId)> {
    let (axis, _) = pass.kind.grouped()?;
    Some((axis, pass.kind.reduction()?.1, pass.table?))
}
