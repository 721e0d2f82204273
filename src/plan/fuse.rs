//! Fusion: the value of a node at a point of a domain, as straight-line code over loads. Slices, broadcasts, transpositions and names cost
//! nothing: they only change which element a load touches.

use super::access::{Access, AxisMap, Beyond, Via};
use super::ir::{Leaf, Line, LineId, LineKind, Source, StoreId};
use crate::array::{ArrayTy, DType, Dim, Scalar};
use crate::graph::{Graph, NodeId, Op};
use rustc_hash::FxHashMap;

/// Lines of code beyond which a stage is cut: what is worth storing is cheaper than compiling and running more.
const MAX_LINES: usize = 400;
/// Depth of nodes beyond which a stage is cut.
const MAX_DEPTH: usize = 150;

/// Gathers the code of one stage.
pub struct Fuser<'a> {
    graph: &'a Graph,
    /// Nodes whose values are in a store when the stage runs.
    stores: &'a dyn Fn(NodeId) -> Option<StoreId>,
    pub leaves: Vec<Leaf>,
    pub code: Vec<Line>,
    done: FxHashMap<(NodeId, Access), LineId>,
    lines: FxHashMap<(DType, LineKind), LineId>,
    depth: usize,
}

/// The stage would be too large: a node that is better stored.
pub struct TooLarge(pub NodeId);

impl<'a> Fuser<'a> {
    pub fn new(graph: &'a Graph, stores: &'a dyn Fn(NodeId) -> Option<StoreId>) -> Fuser<'a> {
        let (done, lines) = (FxHashMap::default(), FxHashMap::default());
        Fuser { graph, stores, leaves: Vec::new(), code: Vec::new(), done, lines, depth: 0 }
    }

    /// The line with the value of `id` where `access` says. With `inside`, the node itself is computed even if it has a store: it is what
    /// the stage makes.
    pub fn value(&mut self, id: NodeId, access: Access, inside: bool) -> Result<LineId, TooLarge> {
        let key = (id, access);
        if let Some(line) = self.done.get(&key) {
            return Ok(*line);
        }
        let node = self.graph.node(id);
        let store = if inside { None } else { (self.stores)(id) };
        let line = match (&node.op, store) {
            (Op::Constant(value), _) => self.line(node.ty.dtype, LineKind::Constant(*value), id),
            (_, Some(store)) => self.load(Source::Store(store), &node.ty, key.1.clone(), id),
            (Op::Read { variable, start, step }, None) => {
                let access = key.1.iter().zip(start.iter().zip(step)).map(|(map, (start, step))| map.then(*start as i64, *step as i64));
                let whole = ArrayTy::unnamed(variable.stored, &variable.shape);
                self.load(Source::File(variable.clone()), &whole, access.collect(), id)
            }
            _ if self.depth >= MAX_DEPTH || self.code.len() >= MAX_LINES => return Err(TooLarge(id)),
            _ => {
                self.depth += 1;
                let line = self.compute(id, &key.1);
                self.depth -= 1;
                line?
            }
        };
        self.done.insert(key, line);
        Ok(line)
    }

    fn compute(&mut self, id: NodeId, access: &Access) -> Result<LineId, TooLarge> {
        let node = self.graph.node(id);
        let dtype = node.ty.dtype;
        let input = node.inputs.first().copied().unwrap_or(id);
        let operand = &self.graph.node(input).ty;
        let inner: Access = match &node.op {
            Op::Iota => {
                let kind = match access[0].axis {
                    _ if access[0].beyond.is_some() => return Err(TooLarge(id)),
                    Some(_) => LineKind::Index(access[0]),
                    None => LineKind::Constant(Scalar::i64(access[0].start)),
                };
                return Ok(self.line(DType::I64, kind, id));
            }
            Op::Map(op) => {
                let args = self.all(&node.inputs, access)?;
                return Ok(self.line(dtype, LineKind::Op(*op, args), id));
            }
            Op::Apply { module, result } => {
                let args = self.all(&node.inputs, access)?;
                return Ok(self.line(dtype, LineKind::Apply { module: *module, result: *result, args }, id));
            }
            Op::Cast => {
                let value = self.value(input, access.clone(), false)?;
                let same = self.code[value.0 as usize].dtype.storage() == dtype.storage();
                return Ok(if same { value } else { self.line(dtype, LineKind::Cast(value), id) });
            }
            Op::Rename => access.clone(),
            Op::Broadcast { axes } => {
                let map = |(axis, size): (&usize, Option<u64>)| if size == Some(1) { AxisMap::fixed(0) } else { access[*axis] };
                axes.iter().zip(operand.dims.iter().map(|dim| dim.size.known())).map(map).collect()
            }
            Op::Transpose { order } => {
                let mut inner = access.clone();
                for (axis, from) in order.iter().enumerate() {
                    inner[*from] = access[axis];
                }
                inner
            }
            Op::Slice { start, step } => {
                access.iter().zip(start.iter().zip(step)).map(|(map, (start, step))| map.then(*start as i64, *step)).collect()
            }
            Op::Reshape => match (unit_reshape(operand, &node.ty), (self.stores)(input)) {
                (Some(axes), _) => axes.iter().map(|axis| axis.map_or(AxisMap::fixed(0), |axis| access[axis])).collect(),
                (None, Some(store)) => return Ok(self.load(Source::Store(store), &node.ty, access.clone(), id)),
                (None, None) => return Err(TooLarge(input)),
            },
            Op::Pad { before, edge, fill } => {
                // What is continued twice, or looked up, is stored between (see `stored`).
                if access.iter().any(|map| map.beyond.is_some() || map.via.is_some()) {
                    return Err(TooLarge(id));
                }
                let axes = access.iter().zip(before).zip(operand.dims.iter().zip(&node.ty.dims));
                let continued = |((map, before), (dim, padded)): ((&AxisMap, &u64), (&Dim, &Dim))| {
                    let beyond = Beyond { edge: *edge, fill: *fill, first: 0, step: 1, count: dim.size.known().unwrap_or(0) };
                    AxisMap { beyond: (padded.size != dim.size).then_some(beyond), ..map.then(-(*before as i64), 1) }.settled()
                };
                axes.map(continued).collect()
            }
            Op::Take { axis } if gathers(self.graph, id) => {
                let map = access[*axis];
                if map.axis.is_none() || map.via.is_some() || access.iter().any(|map| map.beyond.is_some()) {
                    return Err(TooLarge(id));
                }
                let leaf = self.table(node.inputs[1], map)?;
                let size = operand.dims[*axis].size.known().unwrap_or(0);
                let mut inner = access.clone();
                inner[*axis] = AxisMap { start: 0, step: 1, via: Some(Via { leaf, size }), ..map };
                inner
            }
            // These have stores of their own before any pass is fused.
            Op::Constant(_) | Op::Memory(_) | Op::Read { .. } | Op::Take { .. } | Op::ReduceGroups { .. } => return Err(TooLarge(id)),
            Op::Concat { .. } | Op::Reduce { .. } | Op::Scan { .. } | Op::MatMul | Op::Compress { .. } | Op::Routine { .. } => {
                return Err(TooLarge(id));
            }
        };
        self.value(input, inner, false)
    }

    fn all(&mut self, inputs: &[NodeId], access: &Access) -> Result<Vec<LineId>, TooLarge> {
        inputs.iter().map(|input| self.value(*input, access.clone(), false)).collect()
    }

    /// The leaf of a table in memory, as an axis of the domain sees it.
    pub fn table(&mut self, id: NodeId, map: AxisMap) -> Result<usize, TooLarge> {
        let mut alone = Fuser::new(self.graph, self.stores);
        alone.value(id, vec![map], false)?;
        let leaf = alone.leaves.pop().ok_or(TooLarge(id))?;
        Ok(self.leaf(leaf))
    }

    fn leaf(&mut self, leaf: Leaf) -> usize {
        self.leaves.iter().position(|known| *known == leaf).unwrap_or_else(|| {
            self.leaves.push(leaf);
            self.leaves.len() - 1
        })
    }

    fn load(&mut self, source: Source, whole: &ArrayTy, access: Access, id: NodeId) -> LineId {
        let leaf = Leaf { source, access, dtype: whole.dtype, shape: whole.shape().unwrap_or_default() };
        let at = self.leaf(leaf);
        self.line(whole.dtype, LineKind::Load(at), id)
    }

    fn line(&mut self, dtype: DType, kind: LineKind, id: NodeId) -> LineId {
        let key = (dtype, kind);
        if let Some(line) = self.lines.get(&key) {
            return *line;
        }
        let fixed = |line: &LineId| self.code[line.0 as usize].invariant;
        let invariant = match &key.1 {
            LineKind::Constant(_) => true,
            LineKind::Load(leaf) => self.leaves[*leaf].access.iter().all(|map| map.axis.is_none()),
            LineKind::Index(_) => false,
            LineKind::Op(_, args) | LineKind::Apply { args, .. } => args.iter().all(fixed),
            LineKind::Cast(arg) => fixed(arg),
        };
        let line = LineId(self.code.len() as u32);
        self.code.push(Line { dtype, kind: key.1.clone(), span: self.graph.node(id).span, invariant });
        self.lines.insert(key, line);
        line
    }

    /// Nodes computed here at more than one access: work that would be done again.
    pub fn repeated(&self) -> impl Iterator<Item = NodeId> + use<> {
        let mut times: FxHashMap<NodeId, usize> = FxHashMap::default();
        for (id, _) in self.done.keys() {
            *times.entry(*id).or_default() += 1;
        }
        times.into_iter().filter(|(_, times)| *times > 1).map(|(id, _)| id)
    }

    /// Nodes that were computed here, not loaded from a store.
    pub fn computed(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.done.keys().map(|(id, _)| *id).filter(|id| (self.stores)(*id).is_none())
    }
}

/// Whether positions of an axis are taken where they are used: they are in memory, and so is what they are taken of. Of a file's
/// elements they are taken by a stage of its own, which reads what is asked for.
pub fn gathers(graph: &Graph, id: NodeId) -> bool {
    let node = graph.node(id);
    let root = |mut id: NodeId| loop {
        let node = graph.node(id);
        match node.op {
            Op::Transpose { .. } | Op::Slice { .. } | Op::Rename => id = node.inputs[0],
            _ => break id,
        }
    };
    matches!(node.op, Op::Take { .. })
        && matches!(graph.node(root(node.inputs[1])).op, Op::Memory(_))
        && !matches!(graph.node(root(node.inputs[0])).op, Op::Read { .. })
}

/// For a reshape that only adds or removes axes of size 1: of each operand axis, the result axis it is.
pub fn unit_reshape(operand: &ArrayTy, result: &ArrayTy) -> Option<Vec<Option<usize>>> {
    let one = |ty: &ArrayTy, axis: usize| ty.dims[axis].size.known() == Some(1);
    let mut rest = (0..result.rank()).filter(|axis| !one(result, *axis));
    let mut axes = Vec::with_capacity(operand.rank());
    for axis in 0..operand.rank() {
        if one(operand, axis) {
            axes.push(None);
            continue;
        }
        let to = rest.next()?;
        if operand.dims[axis].size != result.dims[to].size {
            return None;
        }
        axes.push(Some(to));
    }
    rest.next().is_none().then_some(axes)
}
