//! Stages from stored nodes: the work that makes each of them.

use super::access::{Access, identity};
use super::blocks;
use super::fuse::{Fuser, TooLarge, gathers};
use super::ir::*;
use super::products;
use super::routines;
use super::stored::{Stored, pass_over};
use super::together::{Pass, Stages};
use crate::array::ArrayTy;
use crate::base::{Code, Diagnostic, Limits, Outcome};
use crate::builtins::build::Routine;
use crate::graph::{Graph, NodeId, Op};
use crate::types::Unknowns;
use rustc_hash::FxHashMap;

/// Builds the stages, in an order in which each finds its inputs stored.
pub fn build(graph: &Graph, wants: &[Want], roots: &[NodeId], stored: &Stored, limits: &Limits) -> Outcome<Plan> {
    let Stored { nodes: stored, kept } = stored;
    let mut stores: Vec<Store> = Vec::new();
    let mut store_of: FxHashMap<NodeId, StoreId> = FxHashMap::default();
    for id in stored {
        let node = graph.node(*id);
        let kind = if let Op::Memory(memory) = node.op { StoreKind::Given(memory) } else { StoreKind::Memory };
        store_of.insert(*id, StoreId(stores.len() as u32));
        stores.push(Store { ty: node.ty.clone(), kind, result: false, first: 0, last: 0, copied: false, span: node.span });
    }
    let lookup = |id: NodeId| store_of.get(&id).copied();
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

    let mut stages = Stages::new(graph, &lookup, kept);
    for id in stored {
        let node = graph.node(*id);
        let (store, span) = (store_of[id], node.span);
        let map = |rank: usize| OutputKind::Map { offset: vec![0; rank] };
        match &node.op {
            Op::Memory(_) => {}
            Op::MatMul => {
                let operand = |input: usize| {
                    let id = node.inputs[input];
                    let pass = |turned: bool| {
                        let (mut domain, mut access) = (shape_of(graph, id), identity(2));
                        if turned {
                            domain.reverse();
                            access.reverse();
                        }
                        streamed(graph, &lookup, domain, &[(id, access)], store)
                    };
                    products::panels(pass).map_err(too_large)
                };
                stages.push(Work::MatMul(products::product([operand(0)?, operand(1)?], store, node.ty.dtype, span, &stores)), span);
            }
            Op::Routine { routine, .. } => {
                let made = results_of(graph, stored, *routine, &node.inputs).next();
                if made.is_some_and(|(_, first)| first != *id) {
                    continue;
                }
                let types: Vec<ArrayTy> = node.inputs.iter().map(|input| graph.node(*input).ty.clone()).collect();
                if routines::is_swept(*routine, &types, limits) {
                    let over = node.inputs[..routine.sweeps()].iter().map(|input| (*input, identity(types[0].rank()))).collect::<Vec<_>>();
                    let stream = streamed(graph, &lookup, shape_of(graph, node.inputs[0]), &over, store).map_err(too_large)?;
                    let whole = |input: &NodeId| Ok((operand(*input)?, shape_of(graph, *input)));
                    let whole = node.inputs[routine.sweeps()..].iter().map(whole).collect::<Outcome<Vec<_>>>()?;
                    let work = routines::swept(*routine, stream, whole, &node.ty, store);
                    stages.push(Work::Swept(work), span);
                    continue;
                }
                let operands = node.inputs.iter().map(|input| operand(*input)).collect::<Outcome<Vec<_>>>()?;
                let mut batched = batched(*routine, operands, &types, limits)?;
                for (result, store) in results_of(graph, stored, *routine, &node.inputs) {
                    batched.results[result].store = store_of.get(&store).copied();
                }
                stages.push(Work::Batched(batched), span);
            }
            Op::Take { axis } if !gathers(graph, *id) => {
                let (base, positions) = (operand(node.inputs[0])?, operand(node.inputs[1])?);
                let work = Take { base, positions, axis: *axis, out: store, shape: node.ty.shape().unwrap_or_default() };
                stages.push(Work::Take(work), span);
            }
            Op::Compress { axis } => {
                let work = compress(graph, &lookup, *id, *axis, store).map_err(too_large)?;
                stages.push(Work::Compress(work), span);
            }
            Op::Concat { axis } => {
                let mut offset = vec![0; node.ty.rank()];
                for part in &node.inputs {
                    let kind = OutputKind::Map { offset: offset.clone() };
                    stages.add(Pass { over: *part, inside: false, store, kind, table: None, span }).map_err(too_large)?;
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
                stages.add(Pass { over, inside, store, kind, table, span }).map_err(too_large)?;
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
                stages.add(Pass { over: *root, inside: false, store, kind, table: None, span: want.span }).map_err(too_large)?;
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
    let stages = stages.finish(&stores);
    let mut plan = Plan { stages, stores, results, forecast: Forecast::default() };
    lifetimes(&mut plan);
    Ok(plan)
}

/// The stored results of a routine on the same operands: which result, and its node.
fn results_of<'a>(
    graph: &'a Graph,
    stored: &'a [NodeId],
    routine: Routine,
    operands: &'a [NodeId],
) -> impl Iterator<Item = (usize, NodeId)> + 'a {
    stored.iter().filter_map(move |id| match graph.node(*id).op {
        Op::Routine { routine: own, result } if own == routine && graph.node(*id).inputs == operands => Some((result, *id)),
        _ => None,
    })
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
    let mut values = streamed(graph, stores, shape_of(graph, array), &[(array, identity(graph.node(array).ty.rank())), (mask, own)], out)?;
    values.block = blocks::slabs(&values, axis..axis + over);
    let mut alone = streamed(graph, stores, shape_of(graph, mask), &[(mask, identity(over))], out)?;
    alone.block = values.block[axis..axis + over].to_vec();
    Ok(Compress { mask: alone, values, axis, out, shape: node.ty.shape().unwrap_or_default() })
}

fn shape_of(graph: &Graph, id: NodeId) -> Vec<u64> {
    graph.node(id).ty.shape().unwrap_or_default()
}

/// A pass over a domain whose values are not stored but looked at, block by block; `store` is where what comes of them will go.
fn streamed(
    graph: &Graph,
    stores: &dyn Fn(NodeId) -> Option<StoreId>,
    domain: Vec<u64>,
    values: &[(NodeId, Access)],
    store: StoreId,
) -> Result<Fused, TooLarge> {
    let mut fuser = Fuser::new(graph, stores);
    let kind = OutputKind::Map { offset: vec![0; domain.len()] };
    let mut outputs = Vec::with_capacity(values.len());
    for (id, access) in values {
        outputs.push(Output { store, value: fuser.value(*id, access.clone(), false)?, kind: kind.clone() });
    }
    Ok(Fused { block: domain.clone(), domain, before: Vec::new(), product: None, leaves: fuser.leaves, code: fuser.code, outputs })
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
