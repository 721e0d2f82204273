//! How library routines run: on blocks of cores, or passing over long cores block by block; how many cores a block has; what is stored for
//! them. A routine gives a core the same result wherever the core stands, so blocks may depend on the memory there is.

use super::access::identity;
use super::blocks;
use super::fuse::{Fuser, unit_reshape};
use super::ir::{Batched, Fused, Leaf, Source, StoreId, Swept};
use super::stored::{is_costly, is_view};
use crate::array::ArrayTy;
use crate::base::Limits;
use crate::builtins::build::Routine;
use crate::graph::{Graph, NodeId, Op};
use rustc_hash::FxHashSet;

/// Elements from which on a core is worth several threads.
const LONG: u64 = 1 << 18;
/// Elements of a block of cores, where memory does not say less: enough for a task to pay.
const TARGET: u64 = 1 << 17;
/// Blocks of a batch, at least, so that all threads have some.
const TASKS: u64 = 8;
/// Times that a chunk of a file may be decoded before it is cheaper to store the array.
const DECODED: u64 = 2;
/// Candidates that a quantile keeps rather than passing over the elements once more.
pub const CANDIDATES: u64 = 1 << 17;

/// Groups of blocks whose weights are summed one after another; their sums are joined in order. So the threads change no bit.
pub const GROUPS: u64 = 8;

/// The types of nodes.
pub fn types(graph: &Graph, inputs: &[NodeId]) -> Vec<ArrayTy> {
    inputs.iter().map(|input| graph.node(*input).ty.clone()).collect()
}

/// Whether a routine passes over its operands' elements instead of having whole cores: one long core for all threads, or cores of which few
/// fit in memory.
pub fn is_swept(routine: Routine, types: &[ArrayTy], limits: &Limits) -> bool {
    let shape = types[0].shape().unwrap_or_default();
    let (batch, core) = shape.split_at(shape.len() - routine.core_ranks()[0]);
    let product = |sizes: &[u64]| sizes.iter().fold(1u64, |all, size| all.saturating_mul(*size));
    let bytes = product(core).saturating_mul(types[0].dtype.size() as u64);
    routine.sweeps() > 0 && product(core) >= LONG && (product(batch) == 1 || bytes.saturating_mul(4) > limits.memory / 8)
}

/// Of the operands of a routine, what is stored before it runs: what is more than a view, in the layout it is computed in; and what would be
/// read from a file too often.
pub fn stored_operands(graph: &Graph, routine: Routine, inputs: &[NodeId], limits: &Limits) -> Vec<NodeId> {
    let types = types(graph, inputs);
    let swept = if is_swept(routine, &types, limits) { routine.sweeps() } else { 0 };
    let mut stored = Vec::new();
    for (at, input) in inputs.iter().enumerate() {
        let base = repeated(graph, *input);
        let is_dear = || {
            let sorts = matches!(routine, Routine::Sort { .. } | Routine::ArgSort { .. });
            let repeated = types[at].bytes().unwrap_or(u64::MAX) > limits.memory / 2;
            let chunked = |leaf: &Leaf| matches!(&leaf.source, Source::File(variable) if variable.chunks.is_some());
            sorts && repeated && (is_costly(graph, base, &FxHashSet::default()) || leaves(graph, base).iter().any(chunked))
        };
        let keep = match at < swept {
            true => is_dear(),
            false => !is_view(graph, base) || at == 0 && decoded(graph, routine, *input, limits) > DECODED,
        };
        if keep {
            stored.push(if at < swept { base } else { turned(graph, *input, base) });
        }
    }
    stored
}

/// What a routine's operand repeats and turns: the routine reads that.
fn repeated(graph: &Graph, id: NodeId) -> NodeId {
    let node = graph.node(id);
    let is_unit = || unit_reshape(&graph.node(node.inputs[0]).ty, &node.ty).is_some();
    let inner = match &node.op {
        Op::Broadcast { .. } | Op::Transpose { .. } | Op::Rename => repeated(graph, node.inputs[0]),
        Op::Reshape if is_unit() => repeated(graph, node.inputs[0]),
        _ => id,
    };
    if matches!(graph.node(inner).op, Op::Constant(_)) { id } else { inner }
}

/// What is stored for a routine that has whole cores, where `base` is what its operand repeats and turns: the operand as it is turned, so that
/// a core is in one piece, unless that repeats elements.
fn turned(graph: &Graph, id: NodeId, base: NodeId) -> NodeId {
    let mut at = id;
    while at != base {
        let node = graph.node(at);
        if matches!(node.op, Op::Broadcast { .. }) {
            return base;
        }
        at = node.inputs[0];
    }
    id
}

/// The files that a node is computed from, where nothing is stored.
fn leaves(graph: &Graph, id: NodeId) -> Vec<Leaf> {
    let stores = |_| None;
    let mut fuser = Fuser::new(graph, &stores);
    // What cannot be computed in one pass is stored anyway.
    let _ = fuser.value(id, identity(graph.node(id).ty.rank()), false);
    fuser.leaves
}

/// How often a chunk of the file that a node is a view of is decoded when its cores are worked on by blocks.
fn decoded(graph: &Graph, routine: Routine, id: NodeId, limits: &Limits) -> u64 {
    let ty = &graph.node(id).ty;
    let shape = ty.shape().unwrap_or_default();
    let (batch, core) = shape.split_at(shape.len() - routine.core_ranks()[0]);
    let operands = leaves(graph, id);
    let unit = blocks::units(shape.len(), &operands);
    let work = Batched { routine, operands, results: Vec::new(), batch: batch.to_vec(), block: Vec::new(), cores: vec![core.to_vec()] };
    let block = batch_block(&work, limits);
    block.iter().zip(unit).zip(batch).map(|((block, unit), size)| unit.min(*size).div_ceil(*block)).product()
}

/// Cores of a task along each axis of the batch: what lies together in memory and files is together in a block.
pub fn batch_block(work: &Batched, limits: &Limits) -> Vec<u64> {
    let product = |sizes: &[u64]| sizes.iter().fold(1u64, |all, size| all.saturating_mul(*size));
    let batch = &work.batch;
    let own = work.operands.len().saturating_sub(work.routine.shared());
    let sizes = work.operands.iter().zip(&work.cores).take(own.max(1)).map(|(leaf, core)| (core, leaf.dtype));
    let sizes: Vec<(&Vec<u64>, crate::array::DType)> =
        sizes.chain(work.results.iter().map(|result| (&result.core, result.dtype))).collect();
    let bytes = sizes.iter().fold(0u64, |all, (core, dtype)| all.saturating_add(product(core).saturating_mul(dtype.size() as u64)));
    let largest = sizes.iter().map(|(core, _)| product(core)).max().unwrap_or(1);
    let most = (limits.memory / 32).clamp(1 << 20, 64 << 20) / bytes.max(1);
    let room = most.min(product(batch).div_ceil(TASKS).max(TARGET / largest.max(1))).max(1);
    let fast: Vec<usize> = work.operands.iter().filter_map(blocks::fastest).filter(|axis| *axis < batch.len()).collect();
    let order = || fast.iter().copied().chain((0..batch.len()).rev());
    let unit = blocks::units(batch.len() + work.cores.first().map_or(0, Vec::len), &work.operands);
    let mut block = vec![1u64; batch.len()];
    for axis in order() {
        let rest = product(&block) / block[axis];
        block[axis] = unit[axis].min(batch[axis]).min(room / rest).max(1);
    }
    for axis in order() {
        let times = (room / product(&block)).max(1);
        block[axis] = block[axis].saturating_mul(times).min(batch[axis]).max(1);
    }
    block
}

/// The work of a routine that passes over its first operands.
pub fn swept(routine: Routine, mut stream: Fused, whole: Vec<(Leaf, Vec<u64>)>, ty: &ArrayTy, result: StoreId) -> Swept {
    let rank = stream.domain.len() - routine.core_ranks()[0];
    stream.block = blocks::within_cores(&stream, rank);
    let batch = stream.domain[..rank].to_vec();
    let core = ty.shape().unwrap_or_default().split_off(rank);
    Swept { routine, stream, whole, result, dtype: ty.dtype, core, batch }
}

impl Swept {
    /// Elements of a core.
    pub fn elements(&self) -> u64 {
        self.stream.domain[self.batch.len()..].iter().fold(1, |all, size| all.saturating_mul(*size))
    }
    /// The bytes it holds while it works on a core, at least and at most: a part of the line that it sorts. `direct`: the result is in memory.
    pub fn held(&self, direct: bool) -> (u64, u64) {
        let all = self.elements().saturating_mul(self.item());
        match self.routine {
            Routine::Sort { .. } if direct => (0, 0),
            Routine::Sort { .. } | Routine::ArgSort { .. } => (all.min(1 << 20), all),
            Routine::Quantile { .. } => (CANDIDATES * 8, CANDIDATES * 8),
            // The sums of groups of blocks.
            Routine::Histogram { weighted: true, .. } => (GROUPS.saturating_mul(self.tables()), GROUPS.saturating_mul(self.tables())),
            _ => (0, 0),
        }
    }
    /// Bytes of one element of the line as it is sorted.
    pub fn item(&self) -> u64 {
        match self.routine {
            Routine::ArgSort { .. } => 16,
            _ => self.dtype.size() as u64,
        }
    }
    /// Bytes of the tables that each block in flight counts in.
    pub fn tables(&self) -> u64 {
        match self.routine {
            // And what a block is grouped in.
            Routine::Sort { .. } | Routine::ArgSort { .. } => {
                let elements = self.stream.block.iter().fold(1u64, |all, size| all.saturating_mul(*size));
                (8 << 16) + elements.saturating_mul(2 * self.item() + 4)
            }
            Routine::Quantile { .. } => 8 * (8 << 12),
            _ => 8 * self.core.iter().fold(1u64, |all, size| all.saturating_mul(*size)),
        }
    }
    /// Passes over the elements, about, with so many bytes to work in.
    pub fn passes(&self, held: u64, direct: bool) -> u64 {
        match self.routine {
            Routine::Sort { .. } | Routine::ArgSort { .. } if !direct => 1 + (self.elements() * self.item()).div_ceil(held.max(1)),
            Routine::Sort { .. } | Routine::ArgSort { .. } => 2,
            Routine::Quantile { .. } => 3,
            _ => 1,
        }
    }
}
