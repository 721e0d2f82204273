//! Which nodes are kept between stages. Everything else is computed where it is used.

use super::access::identity;
use super::fuse::{Fuser, TooLarge, gathers, unit_reshape};
use super::ir::StoreId;
use super::routines;
use crate::base::Limits;
use crate::graph::{Graph, Node, NodeId, Op};
use crate::ops::ScalarOp;
use crate::types::edge::Edge;
use rustc_hash::{FxHashMap, FxHashSet};

/// Lines that cost about as much to compute again as to load.
const CHEAP_LINES: usize = 6;
/// How often a broadcast repeats an element, and how many elements it adds, before slow operations on it are done once and stored; of at
/// most so many elements, since they may be asked for in part alone.
const REPEATS: u64 = 8;
const REPEATED: u64 = 1 << 20;
const MOST_STORED: u64 = 1 << 20;

/// What is stored.
pub struct Stored {
    /// Inputs before users.
    pub nodes: Vec<NodeId>,
    /// Those of them that are stored because there is room; else they would be computed where they are used.
    pub kept: FxHashSet<NodeId>,
}

/// The nodes to store. `roots` are wanted in memory; `saved` go to files by passes of their own.
pub fn choose(graph: &Graph, roots: &[NodeId], saved: &[NodeId], limits: &Limits) -> Stored {
    let reachable = graph.reachable(&[roots, saved].concat());
    let mut stored: FxHashSet<NodeId> = roots.iter().copied().filter(|root| !is_free(graph, *root)).collect();
    // What is computed from indices or looked up, or from an array continued beyond its ends: to be continued itself it is stored first.
    let mut tied: FxHashSet<NodeId> = FxHashSet::default();
    for id in &reachable {
        let node = graph.node(*id);
        let ties = matches!(node.op, Op::Iota | Op::Pad { .. }) || gathers(graph, *id);
        if ties || node.inputs.iter().any(|input| tied.contains(input) && !stored.contains(input)) {
            tied.insert(*id);
        }
        match node.op {
            Op::Pad { edge, .. } => {
                let input = node.inputs[0];
                let constant = edge == Edge::Constant && !is_loaded(graph, input, &stored);
                if constant || tied.contains(&input) {
                    stored.insert(input);
                }
            }
            Op::Memory(_) | Op::Reduce { .. } | Op::ReduceGroups { .. } | Op::Scan { .. } | Op::Concat { .. } | Op::Compress { .. } => {
                stored.insert(*id);
            }
            Op::Take { .. } if gathers(graph, *id) => {
                stored.extend(node.inputs.iter().filter(|input| !is_view(graph, **input)));
            }
            Op::MatMul => {
                stored.insert(*id);
                // Panels are made again for each tile.
                let worth =
                    |input: &NodeId| !is_view(graph, *input) && (is_costly(graph, *input, &stored) || fits(graph, *input, 0, limits));
                let operands: Vec<NodeId> = node.inputs.iter().copied().filter(worth).collect();
                stored.extend(operands);
            }
            Op::Take { .. } => {
                stored.insert(*id);
                stored.extend(node.inputs.iter().filter(|input| !is_view(graph, **input)));
            }
            Op::Routine { routine, .. } => {
                stored.insert(*id);
                stored.extend(routines::stored_operands(graph, routine, &node.inputs, limits));
            }
            Op::Reshape if unit_reshape(&graph.node(node.inputs[0]).ty, &node.ty).is_none() => {
                stored.insert(node.inputs[0]);
            }
            Op::Broadcast { .. } => stored.extend(repeated(graph, *id, &stored, limits.checked)),
            _ => {}
        }
    }
    let mut kept = FxHashSet::default();
    loop {
        if let Some(more) = cut(graph, &reachable, &stored, saved, limits) {
            stored.insert(more);
        } else if let Some(more) = shared(graph, &reachable, &stored, saved, limits) {
            stored.insert(more);
            kept.insert(more);
        } else {
            return Stored { nodes: reachable.into_iter().filter(|id| stored.contains(id)).collect(), kept };
        }
    }
}

/// What a broadcast would compute again for each of many elements, such as the division of a mean. The memory limit has no say in it: blocks,
/// and with them the bits of sums, depend on what is stored.
fn repeated(graph: &Graph, broadcast: NodeId, stored: &FxHashSet<NodeId>, checked: bool) -> Option<NodeId> {
    let elements = |id: NodeId| graph.node(id).ty.shape().map(|shape| shape.iter().fold(1, |all: u64, size| all.saturating_mul(*size)));
    let mut id = graph.node(broadcast).inputs[0];
    while let Op::Rename | Op::Transpose { .. } | Op::Broadcast { .. } = graph.node(id).op {
        id = graph.node(id).inputs[0];
    }
    let (few, many) = (elements(id)?, elements(broadcast)?);
    let often = few > 1 && few <= MOST_STORED && many / few >= REPEATS && many - few >= REPEATED;
    (often && is_slow(graph, id, stored, checked)).then_some(id)
}

/// Whether a node computes with operations slower than loading it, none of which can fail: only elements that are asked for may do so.
fn is_slow(graph: &Graph, id: NodeId, stored: &FxHashSet<NodeId>, checked: bool) -> bool {
    let mut slow = false;
    // What has no axes is computed once in any case.
    for node in computed_for(graph, id, stored).filter(|node| node.ty.rank() > 0) {
        let dtype = node.inputs.last().map_or(node.ty.dtype, |input| graph.node(*input).ty.dtype);
        match node.op {
            Op::Map(op) if op.can_fail(dtype.storage(), checked) => return false,
            Op::Cast if checked && node.ty.dtype.is_int() => return false,
            Op::Map(op) => slow |= matches!(op, ScalarOp::Div | ScalarOp::Sqrt | ScalarOp::Pow | ScalarOp::Math(_)),
            Op::Apply { .. } | Op::Take { .. } => return false,
            _ => {}
        }
    }
    slow
}

/// What is computed for a node where it is used: itself and what it is made of, down to what is stored.
fn computed_for<'a>(graph: &'a Graph, id: NodeId, stored: &'a FxHashSet<NodeId>) -> impl Iterator<Item = &'a Node> {
    let (mut seen, mut pending) = (FxHashSet::default(), vec![id]);
    std::iter::from_fn(move || {
        loop {
            let id = pending.pop()?;
            if !stored.contains(&id) && seen.insert(id) {
                let node = graph.node(id);
                pending.extend(&node.inputs);
                return Some(node);
            }
        }
    })
}

/// Whether a wanted value needs no pass of its own: a constant, or a view of what is stored anyway.
fn is_free(graph: &Graph, id: NodeId) -> bool {
    let node = graph.node(id);
    match node.op {
        Op::Constant(_) => node.ty.rank() == 0,
        Op::Take { .. } => !gathers(graph, id),
        Op::Memory(_)
        | Op::Reduce { .. }
        | Op::ReduceGroups { .. }
        | Op::Scan { .. }
        | Op::Concat { .. }
        | Op::Compress { .. }
        | Op::MatMul
        | Op::Routine { .. } => true,
        Op::Transpose { .. } | Op::Slice { .. } | Op::Rename => is_free(graph, node.inputs[0]),
        Op::Reshape => {
            !matches!(graph.node(node.inputs[0]).op, Op::Constant(_)) && is_free(graph, node.inputs[0]) && is_dense(graph, node.inputs[0])
        }
        _ => false,
    }
}

/// Whether a node's elements are stored row-major as they are.
fn is_dense(graph: &Graph, id: NodeId) -> bool {
    let node = graph.node(id);
    match node.op {
        Op::Reduce { .. }
        | Op::ReduceGroups { .. }
        | Op::Scan { .. }
        | Op::Concat { .. }
        | Op::Compress { .. }
        | Op::MatMul
        | Op::Routine { .. }
        | Op::Take { .. } => true,
        Op::Rename | Op::Reshape => is_dense(graph, node.inputs[0]),
        _ => false,
    }
}

/// Whether a node is only another view of a file's elements or of an array in memory: products read those as they are.
pub fn is_view(graph: &Graph, id: NodeId) -> bool {
    let node = graph.node(id);
    match node.op {
        Op::Read { .. } | Op::Memory(_) => true,
        Op::Transpose { .. } | Op::Slice { .. } | Op::Rename => is_view(graph, node.inputs[0]),
        // What is reshaped is stored anyway.
        Op::Reshape => unit_reshape(&graph.node(node.inputs[0]).ty, &node.ty).is_none(),
        _ => false,
    }
}

/// Whether elements of a node are loads as they are, at other places.
fn is_loaded(graph: &Graph, id: NodeId, stored: &FxHashSet<NodeId>) -> bool {
    let node = graph.node(id);
    match node.op {
        Op::Read { .. } => true,
        Op::Transpose { .. } | Op::Slice { .. } | Op::Rename if !stored.contains(&id) => is_loaded(graph, node.inputs[0], stored),
        _ => stored.contains(&id),
    }
}

/// The node whose elements a stored node is a pass over, and whether that is the node itself.
pub fn pass_over(graph: &Graph, id: NodeId) -> (NodeId, bool) {
    let node = graph.node(id);
    match node.op {
        Op::Reduce { .. } | Op::ReduceGroups { .. } | Op::Scan { .. } => (node.inputs[0], false),
        _ => (id, true),
    }
}

/// The fused passes that compute stored and saved nodes: the node, what it is a pass over, and whether that is computed inside.
fn passes(
    graph: &Graph,
    reachable: &[NodeId],
    stored: &FxHashSet<NodeId>,
    saved: &[NodeId],
    limits: &Limits,
) -> Vec<(NodeId, NodeId, bool)> {
    let mut passes = Vec::new();
    for id in reachable.iter().filter(|id| stored.contains(id)) {
        let node = graph.node(*id);
        match node.op {
            Op::Memory(_) => {}
            Op::Take { .. } if !gathers(graph, *id) => {}
            Op::Routine { routine, .. } => {
                let swept = if routines::is_swept(routine, &routines::types(graph, &node.inputs), limits) { routine.sweeps() } else { 0 };
                passes.extend(node.inputs[..swept].iter().map(|input| (*id, *input, false)));
            }
            Op::Concat { .. } | Op::Compress { .. } | Op::MatMul => passes.extend(node.inputs.iter().map(|part| (*id, *part, false))),
            _ => {
                let (over, inside) = pass_over(graph, *id);
                passes.push((*id, over, inside));
            }
        }
    }
    passes.extend(saved.iter().map(|id| (*id, *id, false)));
    passes
}

/// A node to store because a pass that computes it is too long, or does much work more than once.
fn cut(graph: &Graph, reachable: &[NodeId], stored: &FxHashSet<NodeId>, saved: &[NodeId], limits: &Limits) -> Option<NodeId> {
    let stores = |id: NodeId| stored.contains(&id).then_some(StoreId(id.0));
    for (id, over, inside) in passes(graph, reachable, stored, saved, limits) {
        let mut fuser = Fuser::new(graph, &stores);
        let outcome = fuser.value(over, identity(graph.node(over).ty.rank()), inside);
        let costly = fuser.repeated().filter(|node| *node != id && !stored.contains(node) && is_costly(graph, *node, stored)).max();
        match (costly, outcome) {
            (Some(node), _) => return Some(node),
            (None, Err(TooLarge(node))) if !stored.contains(&node) => return Some(node),
            _ => {}
        }
    }
    None
}

/// Whether computing a node again costs more than loading it.
pub fn is_costly(graph: &Graph, id: NodeId, stored: &FxHashSet<NodeId>) -> bool {
    let mut lines = 0;
    computed_for(graph, id, stored).any(|node| {
        lines += usize::from(matches!(node.op, Op::Map(_)));
        let costly = matches!(node.op, Op::Map(ScalarOp::Math(_) | ScalarOp::Random(_) | ScalarOp::Pow) | Op::Apply { .. });
        costly || lines > CHEAP_LINES
    })
}

/// Whether a node may be kept in memory beside other things.
fn fits(graph: &Graph, id: NodeId, kept: u64, limits: &Limits) -> bool {
    graph.node(id).ty.bytes().unwrap_or(u64::MAX).saturating_add(kept) <= limits.memory / 3
}

/// A costly node that passes of several levels compute and that fits well within the limit.
fn shared(graph: &Graph, reachable: &[NodeId], stored: &FxHashSet<NodeId>, saved: &[NodeId], limits: &Limits) -> Option<NodeId> {
    let stores = |id: NodeId| stored.contains(&id).then_some(StoreId(id.0));
    let levels = levels(graph, reachable, stored);
    let mut used: FxHashMap<NodeId, FxHashSet<usize>> = FxHashMap::default();
    for (id, over, inside) in passes(graph, reachable, stored, saved, limits) {
        let mut fuser = Fuser::new(graph, &stores);
        // A pass too large was cut before.
        let _ = fuser.value(over, identity(graph.node(over).ty.rank()), inside);
        for node in fuser.computed() {
            used.entry(node).or_default().insert(levels[&id]);
        }
    }
    let kept: u64 = stored.iter().filter_map(|id| graph.node(*id).ty.bytes()).fold(0, u64::saturating_add);
    let worth = |(id, levels): (&NodeId, &FxHashSet<usize>)| {
        let node = graph.node(*id);
        let decoded = matches!(&node.op, Op::Read { variable, .. } if variable.chunks.is_some());
        let constant = matches!(node.op, Op::Constant(_)) || node.ty.rank() == 0;
        (levels.len() > 1 && fits(graph, *id, kept, limits) && !constant && (decoded || is_costly(graph, *id, stored))).then_some(*id)
    };
    used.iter().filter_map(worth).max()
}

/// Of each reachable node, the stage in which it is made, counted from the inputs. A value used in place is used by the stage that makes it
/// where that stage computes elements; `together` decides, this is what to expect.
fn levels(graph: &Graph, reachable: &[NodeId], stored: &FxHashSet<NodeId>) -> FxHashMap<NodeId, usize> {
    let mut made = FxHashMap::default();
    // The first stage that can use it, in place and elsewhere.
    let mut usable: FxHashMap<NodeId, [usize; 2]> = FxHashMap::default();
    for id in reachable {
        let node = graph.node(*id);
        let [own, other] = [0, 1].map(|place| node.inputs.iter().filter_map(|input| usable.get(input)).map(|level| level[place]).max());
        let [own, other] = [own, other].map(Option::unwrap_or_default);
        let is_stored = usize::from(stored.contains(id));
        let (level, uses) = match node.op {
            Op::Map(_) | Op::Cast | Op::Apply { .. } | Op::Rename => (own, [own, other.max(own + is_stored)]),
            Op::Reduce { .. } => (own, [own + 1; 2]),
            _ => (other, [other + is_stored; 2]),
        };
        made.insert(*id, level);
        usable.insert(*id, uses);
    }
    made
}
