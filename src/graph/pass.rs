//! Passes over the graph, in one visible list. Each adds nodes that mean the same and gives the roots to use instead.
//! Common subexpressions and constants need no pass: nodes are hash-consed and constants folded as they are built.

use super::ir::{NodeId, Op, Variable};
use super::store::Graph;
use crate::array::{ArrayTy, Dim, Scalar, Size};
use crate::base::Span;
use crate::ops::ScalarOp;
use rustc_hash::{FxHashMap, FxHashSet};

/// A pass: gives each root its replacement.
type Pass = fn(&mut Graph, &[NodeId]) -> Vec<NodeId>;

/// The passes, in order.
const PASSES: &[(&str, Pass)] = &[("push reshapes down", push_reshapes), ("push slices down", push_slices)];

/// Runs all passes.
pub fn optimise(graph: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
    PASSES.iter().fold(roots.to_vec(), |roots, (_, pass)| pass(graph, &roots))
}

/// The roots with some nodes replaced by others that mean the same: values that are known already.
pub fn substitute(graph: &mut Graph, roots: &[NodeId], by: &FxHashMap<NodeId, NodeId>) -> Vec<NodeId> {
    let mut replaced: FxHashMap<NodeId, NodeId> = FxHashMap::default();
    for id in graph.reachable(roots) {
        if let Some(new) = by.get(&id) {
            replaced.insert(id, *new);
            continue;
        }
        let node = graph.node(id);
        if node.inputs.iter().any(|input| replaced.contains_key(input)) {
            let node = node.clone();
            let inputs = node.inputs.iter().map(|input| *replaced.get(input).unwrap_or(input)).collect();
            let new = graph.add(node.op, inputs, node.ty, node.span);
            replaced.insert(id, new);
        }
    }
    roots.iter().map(|root| *replaced.get(root).unwrap_or(root)).collect()
}

/// Moves reshapes below elementwise work, to where they are free: arrays that are stored, indices, scalars.
fn push_reshapes(graph: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
    let mut replaced: FxHashMap<NodeId, NodeId> = FxHashMap::default();
    for id in graph.reachable(roots) {
        let node = graph.node(id).clone();
        let inputs: Vec<NodeId> = node.inputs.iter().map(|input| *replaced.get(input).unwrap_or(input)).collect();
        let new = match &node.op {
            Op::Reshape => reshaped(graph, &mut FxHashMap::default(), inputs[0], &node.ty, node.span),
            _ if inputs == node.inputs => id,
            op => graph.add(op.clone(), inputs, node.ty.clone(), node.span),
        };
        if new != id {
            replaced.insert(id, new);
        }
    }
    roots.iter().map(|root| *replaced.get(root).unwrap_or(root)).collect()
}

/// A node's elements in another row-major shape; the dtype of `ty` is not looked at. `done`: what has that shape already.
fn reshaped(graph: &mut Graph, done: &mut FxHashMap<NodeId, NodeId>, id: NodeId, ty: &ArrayTy, span: Span) -> NodeId {
    if let Some(new) = done.get(&id) {
        return *new;
    }
    let node = graph.node(id).clone();
    let ty = ty.with_dtype(node.ty.dtype);
    let new = match &node.op {
        _ if node.ty == ty => id,
        Op::Map(_) | Op::Cast | Op::Apply { .. } => {
            let inputs = node.inputs.iter().map(|input| reshaped(graph, done, *input, &ty, span)).collect();
            graph.add(node.op.clone(), inputs, ty, node.span)
        }
        Op::Rename | Op::Reshape => reshaped(graph, done, node.inputs[0], &ty, span),
        Op::Broadcast { .. } if graph.node(node.inputs[0]).ty.rank() == 0 => {
            graph.add(Op::Broadcast { axes: Vec::new() }, node.inputs, ty, node.span)
        }
        Op::Iota if ty.rank() > 0 => row_major_index(graph, &ty, node.span),
        _ => graph.add(Op::Reshape, vec![id], ty, span),
    };
    done.insert(id, new);
    new
}

/// The row-major position of each element, as a sum of positions along the axes.
fn row_major_index(graph: &mut Graph, ty: &ArrayTy, span: Span) -> NodeId {
    let shape = ty.shape().unwrap_or_default();
    let full = |graph: &mut Graph, node: NodeId, axes: Vec<usize>| graph.add(Op::Broadcast { axes }, vec![node], ty.clone(), span);
    let mut sum: Option<NodeId> = None;
    let mut stride = 1i64;
    for (axis, size) in shape.iter().enumerate().rev() {
        let along = graph.add(Op::Iota, Vec::new(), ArrayTy::unnamed(ty.dtype, &[*size]), span);
        let along = full(graph, along, vec![axis]);
        let by = graph.constant(Scalar::i64(stride), span);
        let by = full(graph, by, Vec::new());
        let part = graph.add(Op::Map(ScalarOp::Mul), vec![along, by], ty.clone(), span);
        sum = Some(match sum {
            Some(sum) => graph.add(Op::Map(ScalarOp::Add), vec![sum, part], ty.clone(), span),
            None => part,
        });
        stride = stride.wrapping_mul(*size as i64);
    }
    sum.unwrap_or_else(|| graph.constant(Scalar::i64(0), span))
}

/// Moves slices towards the files: what is not needed is not computed, and not read.
fn push_slices(graph: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
    let mut replaced: FxHashMap<NodeId, NodeId> = FxHashMap::default();
    let done = &mut Slices { done: FxHashMap::default(), whole: asked_whole(graph, roots) };
    for id in graph.reachable(roots) {
        let node = graph.node(id).clone();
        let inputs: Vec<NodeId> = node.inputs.iter().map(|input| *replaced.get(input).unwrap_or(input)).collect();
        let new = match &node.op {
            Op::Slice { start, step } => {
                let part = Part { start: start.clone(), step: step.clone(), count: node.ty.shape().unwrap_or_default() };
                let sliced = slice_of(graph, done, inputs[0], &part, node.span);
                renamed(graph, sliced, &node.ty, node.span)
            }
            _ if inputs == node.inputs => id,
            op => graph.add(op.clone(), inputs, node.ty.clone(), node.span),
        };
        if new != id {
            replaced.insert(id, new);
            if done.whole.contains(&id) {
                done.whole.insert(new);
            }
        }
    }
    roots.iter().map(|root| *replaced.get(root).unwrap_or(root)).collect()
}

/// The nodes that are computed whole: not only slices of them are asked for.
fn asked_whole(graph: &Graph, roots: &[NodeId]) -> FxHashSet<NodeId> {
    let mut whole = FxHashSet::default();
    let mut pending = roots.to_vec();
    while let Some(id) = pending.pop() {
        let node = graph.node(id);
        if !matches!(node.op, Op::Slice { .. }) && whole.insert(id) {
            pending.extend(&node.inputs);
        }
    }
    whole
}

/// Gives a node the names and coordinates of a type of its shape.
fn renamed(graph: &mut Graph, id: NodeId, ty: &ArrayTy, span: Span) -> NodeId {
    if graph.node(id).ty == *ty { id } else { graph.add(Op::Rename, vec![id], ty.clone(), span) }
}

/// Which elements: `start + i * step` for `i < count`, on each axis.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Part {
    start: Vec<u64>,
    step: Vec<i64>,
    count: Vec<u64>,
}

impl Part {
    /// Elements chosen of what `axes` name, in their order.
    fn of(&self, axes: impl Iterator<Item = usize>) -> Part {
        let mut part = Part { start: Vec::new(), step: Vec::new(), count: Vec::new() };
        for axis in axes {
            part.push(self.start[axis], self.step[axis], self.count[axis]);
        }
        part
    }
    fn push(&mut self, start: u64, step: i64, count: u64) {
        self.start.push(start);
        self.step.push(step);
        self.count.push(count);
    }
    fn is_all(&self, ty: &ArrayTy) -> bool {
        is_whole(self, &ty.dims)
    }
    fn ty(&self, whole: &ArrayTy) -> ArrayTy {
        let dims =
            whole.dims.iter().zip(&self.count).map(|(dim, count)| Dim { name: dim.name.clone(), size: Size::Known(*count), coord: None });
        ArrayTy { dtype: whole.dtype, dims: dims.collect() }
    }
}

/// Whether a part takes all of some dimensions, forwards.
fn is_whole(part: &Part, dims: &[Dim]) -> bool {
    part.count.iter().zip(dims).all(|(count, dim)| dim.size == Size::Known(*count)) && part.step.iter().all(|step| *step == 1)
}

struct Slices {
    /// Slices of nodes that were pushed down already: what is shared is pushed once.
    done: FxHashMap<(NodeId, Part), NodeId>,
    /// What is computed whole in any case.
    whole: FxHashSet<NodeId>,
}

/// Elements of a product that is stored at most, so that slices wanted beside all of it are views: the crate gemm adds the terms of small
/// products in orders that depend on their sizes, so a slice computed by itself could have other bits.
const STORED: u64 = 1 << 16;

/// A slice of a node, pushed as far down as it goes.
fn slice_of(graph: &mut Graph, done: &mut Slices, id: NodeId, part: &Part, span: Span) -> NodeId {
    if part.is_all(&graph.node(id).ty) {
        return id;
    }
    let key = (id, part.clone());
    if let Some(slice) = done.done.get(&key) {
        return *slice;
    }
    let slice = pushed_slice(graph, done, id, part, span);
    done.done.insert(key, slice);
    slice
}

fn pushed_slice(graph: &mut Graph, done: &mut Slices, id: NodeId, part: &Part, span: Span) -> NodeId {
    let node = graph.node(id).clone();
    let ty = part.ty(&node.ty);
    let empty = part.count.contains(&0);
    match &node.op {
        _ if empty => {}
        // A slice of what is stored whole is a view of it, with the same bits.
        Op::Reduce { .. } | Op::ReduceGroups { .. } | Op::Scan { .. } | Op::Compress { .. } if done.whole.contains(&id) => {}
        // So is a slice of a small product; a large one is not stored where one pass reads it.
        Op::MatMul if done.whole.contains(&id) && node.ty.shape().is_some_and(|shape| shape.iter().product::<u64>() <= STORED) => {}
        Op::Map(_) | Op::Cast | Op::Apply { .. } => {
            let inputs = node.inputs.iter().map(|input| slice_of(graph, done, *input, part, span)).collect();
            return graph.add(node.op.clone(), inputs, ty, node.span);
        }
        Op::Rename => {
            let inner = slice_of(graph, done, node.inputs[0], part, span);
            return renamed(graph, inner, &ty, span);
        }
        Op::Broadcast { axes } => {
            let operand = graph.node(node.inputs[0]).ty.clone();
            let mut inner = Part { start: Vec::new(), step: Vec::new(), count: Vec::new() };
            for (axis, dim) in axes.iter().zip(&operand.dims) {
                if dim.size == Size::Known(1) {
                    inner.push(0, 1, 1);
                } else {
                    inner.push(part.start[*axis], part.step[*axis], part.count[*axis]);
                }
            }
            let input = slice_of(graph, done, node.inputs[0], &inner, span);
            return graph.add(node.op.clone(), vec![input], ty, node.span);
        }
        Op::Transpose { order } => {
            let rank = order.len();
            let place = |axis: usize| order.iter().position(|from| *from == axis).unwrap_or(axis);
            let input = slice_of(graph, done, node.inputs[0], &part.of((0..rank).map(place)), span);
            return graph.add(node.op.clone(), vec![input], ty, node.span);
        }
        Op::Slice { start, step } => {
            let mut whole = part.clone();
            for axis in 0..start.len() {
                whole.start[axis] = (start[axis] as i64 + part.start[axis] as i64 * step[axis]) as u64;
                whole.step[axis] = step[axis] * part.step[axis];
            }
            return slice_of(graph, done, node.inputs[0], &whole, span);
        }
        Op::Read { variable, start, step } => {
            if let Some(read) = read_part(variable, start, step, part) {
                return graph.add(read, Vec::new(), ty, node.span);
            }
        }
        Op::Reduce { axes, .. } => {
            let operand = graph.node(node.inputs[0]).ty.clone();
            let mut kept = 0;
            let mut inner = Part { start: Vec::new(), step: Vec::new(), count: Vec::new() };
            for axis in 0..operand.rank() {
                if axes.contains(&axis) {
                    inner.push(0, 1, operand.dims[axis].size.known().unwrap_or(0));
                } else {
                    inner.push(part.start[kept], part.step[kept], part.count[kept]);
                    kept += 1;
                }
            }
            let input = slice_of(graph, done, node.inputs[0], &inner, span);
            return graph.add(node.op.clone(), vec![input], ty, node.span);
        }
        Op::ReduceGroups { axes, axis, .. } => {
            let operand = graph.node(node.inputs[0]).ty.clone();
            let mut kept = 0;
            let mut inner = Part { start: Vec::new(), step: Vec::new(), count: Vec::new() };
            // Groups are computed all; the slice of them is taken after.
            let mut whole = part.clone();
            for at in 0..operand.rank() {
                if at == *axis {
                    (whole.start[kept], whole.step[kept], whole.count[kept]) = (0, 1, node.ty.dims[kept].size.known().unwrap_or(0));
                }
                if axes.contains(&at) {
                    inner.push(0, 1, operand.dims[at].size.known().unwrap_or(0));
                } else {
                    inner.push(part.start[kept], part.step[kept], part.count[kept]);
                }
                kept += usize::from(at == *axis || !axes.contains(&at));
            }
            if !whole.is_all(&node.ty) {
                let input = slice_of(graph, done, node.inputs[0], &inner, span);
                let whole_ty = whole.ty(&node.ty);
                let reduced = graph.add(node.op.clone(), vec![input, node.inputs[1]], whole_ty, node.span);
                let mut rest = part.clone();
                let group = (0..*axis).filter(|at| !axes.contains(at)).count();
                for at in (0..rest.count.len()).filter(|at| *at != group) {
                    (rest.start[at], rest.step[at]) = (0, 1);
                }
                return slice_of(graph, done, reduced, &rest, span);
            }
        }
        Op::MatMul => {
            let inner = graph.node(node.inputs[0]).ty.dims[1].size.known().unwrap_or(0);
            let (mut rows, mut columns) = (part.of(0..1), part.of(0..0));
            rows.push(0, 1, inner);
            columns.push(0, 1, inner);
            columns.push(part.start[1], part.step[1], part.count[1]);
            let a = slice_of(graph, done, node.inputs[0], &rows, span);
            let b = slice_of(graph, done, node.inputs[1], &columns, span);
            return graph.add(node.op.clone(), vec![a, b], ty, node.span);
        }
        Op::Take { axis } => {
            let positions = slice_of(graph, done, node.inputs[1], &part.of(*axis..*axis + 1), span);
            let mut others = part.clone();
            others.start[*axis] = 0;
            others.step[*axis] = 1;
            others.count[*axis] = graph.node(node.inputs[0]).ty.dims[*axis].size.known().unwrap_or(0);
            let input = slice_of(graph, done, node.inputs[0], &others, span);
            return graph.add(node.op.clone(), vec![input, positions], ty, node.span);
        }
        Op::Compress { axis } if is_whole(&part.of(*axis..*axis + 1), &node.ty.dims[*axis..*axis + 1]) => {
            let operand = graph.node(node.inputs[0]).ty.clone();
            let over = operand.rank() + 1 - node.ty.rank();
            let mut inner = part.of(0..*axis);
            operand.dims[*axis..*axis + over].iter().for_each(|dim| inner.push(0, 1, dim.size.known().unwrap_or(0)));
            (*axis + 1..node.ty.rank()).for_each(|at| inner.push(part.start[at], part.step[at], part.count[at]));
            let input = slice_of(graph, done, node.inputs[0], &inner, span);
            return graph.add(node.op.clone(), vec![input, node.inputs[1]], ty, node.span);
        }
        Op::Scan { axis, .. } if part.start[*axis] == 0 && part.step[*axis] == 1 => {
            let input = slice_of(graph, done, node.inputs[0], part, span);
            return graph.add(node.op.clone(), vec![input], ty, node.span);
        }
        Op::Constant(_) | Op::Iota | Op::Memory(_) | Op::Reshape | Op::Concat { .. } | Op::Pad { .. } | Op::Scan { .. } => {}
        Op::Compress { .. } | Op::Routine { .. } => {}
    }
    graph.add(Op::Slice { start: part.start.clone(), step: part.step.clone() }, vec![id], ty, span)
}

/// The read of a part of a read; backward steps stay slices.
fn read_part(variable: &Variable, start: &[u64], step: &[u64], part: &Part) -> Option<Op> {
    let inner = |axis: usize| -> Option<(u64, u64)> {
        let by = u64::try_from(part.step[axis]).ok()?;
        Some((start[axis] + part.start[axis] * step[axis], step[axis] * by))
    };
    let bounds: Option<Vec<(u64, u64)>> = (0..start.len()).map(inner).collect();
    let (start, step) = bounds?.into_iter().unzip();
    Some(Op::Read { variable: variable.clone(), start, step })
}
