//! Stages from stored nodes: what is computed over one domain from shared sources becomes one pass with several outputs.

use super::access::{Access, identity};
use super::blocks;
use super::fuse::{Fuser, TooLarge, gathers};
use super::ir::*;
use super::routines;
use super::stored::{levels, pass_over};
use crate::array::ArrayTy;
use crate::base::{Code, Diagnostic, Limits, Outcome, Span};
use crate::builtins::build::Routine;
use crate::graph::{Graph, NodeId, Op};
use crate::types::Unknowns;
use rustc_hash::FxHashMap;

/// Outputs of one pass; more are a pass of their own, so that kernels stay small.
const MAX_OUTPUTS: usize = 16;

/// A fused pass to be: what it computes, and what it reads when alone.
struct Pass {
    over: NodeId,
    inside: bool,
    store: StoreId,
    kind: OutputKind,
    level: usize,
    leaves: Vec<Leaf>,
    /// Of a reduction in groups, the node with the groups.
    table: Option<NodeId>,
    span: Span,
}

/// Builds the stages, in an order in which each finds its inputs stored.
pub fn build(graph: &Graph, wants: &[Want], roots: &[NodeId], stored: &[NodeId], limits: &Limits) -> Outcome<Plan> {
    let mut stores: Vec<Store> = Vec::new();
    let mut store_of: FxHashMap<NodeId, StoreId> = FxHashMap::default();
    for id in stored {
        let node = graph.node(*id);
        let kind = if let Op::Memory(memory) = node.op { StoreKind::Given(memory) } else { StoreKind::Memory };
        store_of.insert(*id, StoreId(stores.len() as u32));
        stores.push(Store { ty: node.ty.clone(), kind, result: false, first: 0, last: 0, copied: false, span: node.span });
    }
    let lookup = |id: NodeId| store_of.get(&id).copied();
    let levels = levels(graph, &graph.reachable(roots), |id| store_of.contains_key(&id));
    let level = |id: NodeId| levels.get(&id).copied().unwrap_or(0);
    let too_large = |TooLarge(id): TooLarge| Diagnostic::at(Code::Internal, graph.node(id).span, "the planner left a node without a store");
    let view = |id: NodeId| -> Result<View, TooLarge> {
        let mut fuser = Fuser::new(graph, &lookup);
        let line = fuser.value(id, identity(graph.node(id).ty.rank()), false)?;
        match (&fuser.code[line.0 as usize].kind, fuser.leaves.pop()) {
            (LineKind::Constant(value), _) => Ok(View::Constant(crate::array::Scalar { dtype: graph.node(id).ty.dtype, bits: value.bits })),
            (LineKind::Load(_), Some(leaf)) => Ok(View::Store { leaf, ty: graph.node(id).ty.clone() }),
            _ => Err(TooLarge(id)),
        }
    };
    let operand = |id: NodeId| match view(id) {
        Ok(View::Store { leaf, .. }) => Ok(leaf),
        Ok(View::Constant(_)) => Err(too_large(TooLarge(id))),
        Err(error) => Err(too_large(error)),
    };

    let mut passes: Vec<Pass> = Vec::new();
    let mut others: Vec<(usize, Work, Span, &[NodeId])> = Vec::new();
    let pass = |over: NodeId, inside: bool, store: StoreId, kind: OutputKind, level: usize, span: Span| -> Outcome<Pass> {
        let mut fuser = Fuser::new(graph, &lookup);
        fuser.value(over, identity(graph.node(over).ty.rank()), inside).map_err(too_large)?;
        Ok(Pass { over, inside, store, kind, level, leaves: fuser.leaves, table: None, span })
    };
    for id in stored {
        let node = graph.node(*id);
        let (store, span) = (store_of[id], node.span);
        let map = |rank: usize| OutputKind::Map { offset: vec![0; rank] };
        match &node.op {
            Op::Memory(_) => {}
            Op::MatMul => {
                let (a, b) = (operand(node.inputs[0])?, operand(node.inputs[1])?);
                let size = |input: usize, axis: usize| graph.node(node.inputs[input]).ty.dims[axis].size.known().unwrap_or(0);
                let sizes = [size(0, 0), size(0, 1), size(1, 1)];
                let work = MatMul { a, b, out: store, dtype: node.ty.dtype, sizes, tile: blocks::matmul_tile(sizes) };
                others.push((level(*id), Work::MatMul(work), span, &node.inputs));
            }
            Op::Routine { routine, result } => {
                let same =
                    |(_, work, ..): &&mut (usize, Work, Span, &[NodeId])| matches!(work, Work::Batched(other) if other.routine == *routine);
                if let Some((_, Work::Batched(batched), ..)) = others.iter_mut().find(|other| other.3 == node.inputs && same(other)) {
                    batched.results[*result].store = Some(store);
                    continue;
                }
                let types: Vec<ArrayTy> = node.inputs.iter().map(|input| graph.node(*input).ty.clone()).collect();
                if routines::is_swept(*routine, &types, limits) {
                    let over = node.inputs[..routine.sweeps()].iter().map(|input| (*input, identity(types[0].rank()))).collect::<Vec<_>>();
                    let stream = streamed(graph, &lookup, node.inputs[0], &over, store).map_err(too_large)?;
                    let whole = |input: &NodeId| Ok((operand(*input)?, graph.node(*input).ty.shape().unwrap_or_default()));
                    let whole = node.inputs[routine.sweeps()..].iter().map(whole).collect::<Outcome<Vec<_>>>()?;
                    let work = routines::swept(*routine, stream, whole, &node.ty, store);
                    others.push((level(*id), Work::Swept(work), span, &node.inputs));
                    continue;
                }
                let operands = node.inputs.iter().map(|input| operand(*input)).collect::<Outcome<Vec<_>>>()?;
                let mut batched = batched(*routine, operands, &types, limits)?;
                batched.results[*result].store = Some(store);
                others.push((level(*id), Work::Batched(batched), span, &node.inputs));
            }
            Op::Take { axis } if !gathers(graph, *id) => {
                let (base, positions) = (operand(node.inputs[0])?, operand(node.inputs[1])?);
                let work = Take { base, positions, axis: *axis, out: store, shape: node.ty.shape().unwrap_or_default() };
                others.push((level(*id), Work::Take(work), span, &node.inputs));
            }
            Op::Compress { axis } => {
                let work = compress(graph, &lookup, *id, *axis, store).map_err(too_large)?;
                others.push((level(*id), Work::Compress(work), span, &node.inputs));
            }
            Op::Concat { axis } => {
                let mut offset = vec![0; node.ty.rank()];
                for part in &node.inputs {
                    passes.push(pass(*part, false, store, OutputKind::Map { offset: offset.clone() }, level(*id), span)?);
                    offset[*axis] += graph.node(*part).ty.dims[*axis].size.known().unwrap_or(0);
                }
            }
            op => {
                let (over, inside) = pass_over(graph, *id);
                let kind = match op {
                    Op::Reduce { op, axes } => OutputKind::Reduce { op: *op, axes: axes.clone() },
                    Op::ReduceGroups { op, axes, axis } => {
                        let place = (0..*axis).filter(|at| !axes.contains(at)).count();
                        let groups = node.ty.dims[place].size.known().unwrap_or(0);
                        // The table's leaf is numbered when the pass is fused.
                        OutputKind::ReduceGroups { op: *op, axes: axes.clone(), axis: *axis, table: 0, groups }
                    }
                    Op::Scan { op, axis } => OutputKind::Scan { op: *op, axis: *axis },
                    _ => map(node.ty.rank()),
                };
                let table = kind.grouped().map(|_| node.inputs[1]);
                passes.push(Pass { table, ..pass(over, inside, store, kind, level(*id), span)? });
            }
        }
    }
    let mut results = Vec::with_capacity(wants.len());
    for (want, root) in wants.iter().zip(roots) {
        let ty = &graph.node(*root).ty;
        match &want.sink {
            Some(sink) => {
                let store = StoreId(stores.len() as u32);
                let kind = StoreKind::Sink(sink.clone());
                stores.push(Store { ty: ty.clone(), kind, result: false, first: 0, last: 0, copied: false, span: want.span });
                let kind = OutputKind::Map { offset: vec![0; ty.rank()] };
                passes.push(pass(*root, false, store, kind, level(*root) + 1, want.span)?);
                results.push(None);
            }
            None => {
                let view = view(*root).map_err(too_large)?;
                if let View::Store { leaf: Leaf { source: Source::Store(store), .. }, .. } = &view {
                    let store = &mut stores[store.0 as usize];
                    store.result = true;
                    store.span = want.span;
                }
                results.push(Some(view));
            }
        }
    }
    let mut work: Vec<(usize, Work, Span)> = others.into_iter().map(|(level, work, span, _)| (level, work, span)).collect();
    for group in grouped(graph, passes) {
        let level = group[0].level;
        let span = group[0].span;
        work.push((level, Work::Fused(fused(graph, &lookup, &group, &stores).map_err(too_large)?), span));
    }
    work.sort_by_key(|(level, ..)| *level);
    let stages = work.into_iter().map(|(_, work, span)| Stage { work, parallel: 1, block_bytes: 0, stage_bytes: 0, span }).collect();
    let mut plan = Plan { stages, stores, results, forecast: Forecast::default() };
    lifetimes(&mut plan);
    Ok(plan)
}

/// The work of a selection by a mask.
fn compress(
    graph: &Graph,
    stores: &dyn Fn(NodeId) -> Option<StoreId>,
    id: NodeId,
    axis: usize,
    out: StoreId,
) -> Result<Compress, TooLarge> {
    let node = graph.node(id);
    let [array, mask] = [0, 1].map(|input| node.inputs[input]);
    let over = graph.node(mask).ty.rank();
    let own: Access = identity(axis + over).split_off(axis);
    let mut values = streamed(graph, stores, array, &[(array, identity(graph.node(array).ty.rank())), (mask, own)], out)?;
    values.block = blocks::slabs(&values, axis..axis + over);
    let mut alone = streamed(graph, stores, mask, &[(mask, identity(over))], out)?;
    alone.block = values.block[axis..axis + over].to_vec();
    Ok(Compress { mask: alone, values, axis, out, shape: node.ty.shape().unwrap_or_default() })
}

/// A pass over a node's elements whose values are not stored but looked at, block by block; `store` is where what comes of them will go.
fn streamed(
    graph: &Graph,
    stores: &dyn Fn(NodeId) -> Option<StoreId>,
    over: NodeId,
    values: &[(NodeId, Access)],
    store: StoreId,
) -> Result<Fused, TooLarge> {
    let mut fuser = Fuser::new(graph, stores);
    let domain = graph.node(over).ty.shape().unwrap_or_default();
    let kind = OutputKind::Map { offset: vec![0; domain.len()] };
    let mut outputs = Vec::with_capacity(values.len());
    for (id, access) in values {
        outputs.push(Output { store, value: fuser.value(*id, access.clone(), false)?, kind: kind.clone() });
    }
    Ok(Fused { block: domain.clone(), domain, before: Vec::new(), leaves: fuser.leaves, code: fuser.code, outputs })
}

/// The work of a routine; none of its results has a store yet.
fn batched(routine: Routine, operands: Vec<Leaf>, types: &[ArrayTy], limits: &Limits) -> Outcome<Batched> {
    let shape = |ty: &ArrayTy| ty.shape().unwrap_or_default();
    let shapes: Vec<Vec<u64>> = types.iter().map(shape).collect();
    let rank = shapes[0].len() - routine.core_ranks()[0];
    let cores: Vec<Vec<u64>> = shapes.iter().zip(routine.core_ranks()).map(|(shape, rank)| shape[shape.len() - rank..].to_vec()).collect();
    let result = |ty: &ArrayTy| CoreOut { store: None, dtype: ty.dtype, core: shape(ty)[rank..].to_vec() };
    let results: Vec<CoreOut> = routine.results(types, &mut Unknowns::default())?.iter().map(result).collect();
    let batch = shapes[0][..rank].to_vec();
    let mut batched = Batched { routine, operands, results, block: vec![1; rank], batch, cores };
    batched.block = routines::batch_block(&batched, limits);
    Ok(batched)
}

/// Passes of one level over one domain that read the same elements, together.
fn grouped(graph: &Graph, passes: Vec<Pass>) -> Vec<Vec<Pass>> {
    let mut groups: Vec<Vec<Pass>> = Vec::new();
    for pass in passes {
        let shape = graph.node(pass.over).ty.shape();
        let large = |leaf: &Leaf| leaf.access.iter().any(|map| map.axis.is_some());
        let joins = |group: &Vec<Pass>| {
            let first = &group[0];
            let alone = |pass: &Pass| matches!(pass.kind, OutputKind::Scan { .. });
            let groups =
                |pass: &Pass| pass.kind.grouped().and_then(|(axis, _)| Some((axis, pass.kind.reduction()?.1.to_vec(), pass.table)));
            first.level == pass.level
                && groups(first) == groups(&pass)
                && group.len() < MAX_OUTPUTS
                && !alone(first)
                && !alone(&pass)
                && graph.node(first.over).ty.shape() == shape
                && group.iter().any(|other| other.leaves.iter().any(|leaf| large(leaf) && pass.leaves.contains(leaf)))
        };
        match groups.iter().position(joins) {
            Some(at) => groups[at].push(pass),
            None => groups.push(vec![pass]),
        }
    }
    groups
}

fn fused(graph: &Graph, stores: &dyn Fn(NodeId) -> Option<StoreId>, group: &[Pass], specs: &[Store]) -> Result<Fused, TooLarge> {
    let mut fuser = Fuser::new(graph, stores);
    let mut outputs = Vec::new();
    let shape = graph.node(group[0].over).ty.shape().unwrap_or_default();
    // What is computed here must be computed before another output could load it.
    let mut order: Vec<&Pass> = group.iter().collect();
    order.sort_by_key(|pass| !pass.inside);
    for pass in order {
        let value = fuser.value(pass.over, identity(shape.len()), pass.inside)?;
        let mut kind = pass.kind.clone();
        if let (OutputKind::ReduceGroups { axis, table, .. }, Some(node)) = (&mut kind, pass.table) {
            *table = fuser.table(node, identity(shape.len())[*axis])?;
        }
        outputs.push(Output { store: pass.store, value, kind });
    }
    let domain = if shape.is_empty() { vec![1] } else { shape };
    let mut fused = Fused { block: domain.clone(), domain, before: Vec::new(), leaves: fuser.leaves, code: fuser.code, outputs };
    for output in &mut fused.outputs {
        if let OutputKind::Map { offset } = &mut output.kind
            && offset.is_empty()
        {
            offset.push(0);
        }
    }
    fused.block = blocks::choose(&fused, specs);
    Ok(fused)
}

/// When each store is first written and last read.
pub fn lifetimes(plan: &mut Plan) {
    let Plan { stages, stores, .. } = plan;
    for store in stores.iter_mut() {
        (store.first, store.last) = (usize::MAX, 0);
    }
    for (at, stage) in stages.iter().enumerate() {
        let (reads, writes) = uses(&stage.work);
        for id in reads.into_iter().chain(writes) {
            let store = &mut stores[id.0 as usize];
            store.first = store.first.min(at);
            store.last = store.last.max(at);
        }
    }
}

/// The stores that a stage reads, and those that it writes.
pub fn uses(work: &Work) -> (Vec<StoreId>, Vec<StoreId>) {
    let writes: Vec<StoreId> = match work {
        Work::Fused(fused) => fused.written().collect(),
        Work::MatMul(product) => vec![product.out],
        Work::Take(take) => vec![take.out],
        Work::Compress(compress) => vec![compress.out],
        Work::Swept(swept) => vec![swept.result],
        Work::Batched(batched) => batched.results.iter().filter_map(|result| result.store).collect(),
    };
    let store = |leaf: &Leaf| if let Source::Store(id) = leaf.source { Some(id) } else { None };
    (work.leaves().into_iter().filter_map(store).collect(), writes)
}
