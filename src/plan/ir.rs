//! Plans as plain data.

use super::access::{Access, AxisMap};
use crate::array::{ArrayTy, DType, Scalar};
use crate::base::{Name, Span};
use crate::builtins::build::{ReduceOp, Routine};
use crate::graph::{MemoryId, ModuleId, NodeId, Variable};
use crate::ops::ScalarOp;

/// Something the program asks for: a value in memory, or one that goes to a file.
#[derive(Clone, Debug)]
pub struct Want {
    pub node: NodeId,
    pub sink: Option<Sink>,
    pub span: Span,
}

/// Where a saved array goes: a variable of a file that is being written.
#[derive(Clone, Debug, PartialEq)]
pub struct Sink {
    /// Position among the files of the run.
    pub file: usize,
    /// Position among its variables.
    pub variable: usize,
    /// The index of the variable that the array's first element has.
    pub start: Vec<u64>,
    /// Blocks written start and end at multiples of this, or at the end of the array.
    pub chunks: Vec<u64>,
    /// Memory that writing a block takes beside the block, at most.
    pub scratch: u64,
    pub name: Name,
}

/// A place where an array is kept between stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreId(pub u32);

#[derive(Clone, Debug)]
pub struct Store {
    pub ty: ArrayTy,
    pub kind: StoreKind,
    /// A result is kept in memory after the run.
    pub result: bool,
    /// Stages that write it first and read it last.
    pub first: usize,
    pub last: usize,
    /// A given array is copied first: it is read in another shape, and only row-major elements have one without moving.
    pub copied: bool,
    /// The line that needs it.
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum StoreKind {
    /// An array the session holds.
    Given(MemoryId),
    /// A buffer of the run's budget.
    Memory,
    /// A scratch file.
    Spill,
    /// A file that the program saves.
    Sink(Sink),
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub stages: Vec<Stage>,
    pub stores: Vec<Store>,
    /// Of each want, where its value is; absent for what goes to a file.
    pub results: Vec<Option<View>>,
    pub forecast: Forecast,
}

/// A wanted value.
#[derive(Clone, Debug)]
pub enum View {
    Constant(Scalar),
    /// A view of a store: the result's axes are the domain of the leaf's access.
    Store {
        leaf: Leaf,
        ty: ArrayTy,
    },
}

/// What a run will take, known before it starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forecast {
    /// Most bytes of buffers at once.
    pub peak: u64,
    /// Of that, what arrays and blocks take: not what brings elements from and to files.
    pub pooled: u64,
    /// Bytes of arrays that the session holds beside them.
    pub held: u64,
    /// Bytes read from files, decoded.
    pub read: u64,
    /// Bytes written to scratch files.
    pub spilled: u64,
    pub blocks: u64,
}

#[derive(Clone, Debug)]
pub struct Stage {
    pub work: Work,
    /// Blocks that may be in flight at once.
    pub parallel: usize,
    /// Bytes of buffers that one block in flight takes.
    pub block_bytes: u64,
    /// Bytes that stay for the whole stage besides its stores: partial results.
    pub stage_bytes: u64,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum Work {
    Fused(Fused),
    MatMul(MatMul),
    Take(Take),
    Compress(Compress),
    Swept(Swept),
    Batched(Batched),
}

impl Work {
    /// What it reads.
    pub fn leaves(&self) -> Vec<&Leaf> {
        match self {
            Work::Fused(fused) => fused.sources().collect(),
            Work::MatMul(product) => product.leaves().collect(),
            Work::Take(take) => vec![&take.base, &take.positions],
            Work::Compress(compress) => compress.mask.leaves.iter().chain(&compress.values.leaves).collect(),
            Work::Swept(swept) => swept.stream.leaves.iter().chain(swept.whole.iter().map(|(leaf, _)| leaf)).collect(),
            Work::Batched(batched) => batched.operands.iter().collect(),
        }
    }
}

/// One pass over a domain: elementwise results, reductions and running folds that share it.
#[derive(Clone, Debug)]
pub struct Fused {
    /// Never empty: a scalar has one axis of size 1.
    pub domain: Vec<u64>,
    /// Size of a block along each axis. A function of shapes and file chunks alone, so that results do not depend on limits or threads.
    pub block: Vec<u64>,
    /// Passes over the same domain that a block takes first, in order, each into memory of the block's own (see `chain`).
    pub before: Vec<Step>,
    /// A product whose tile a block makes first, in memory of its own (see `products`). Such a stage has no steps.
    pub product: Option<Box<MatMul>>,
    pub leaves: Vec<Leaf>,
    pub code: Vec<Line>,
    pub outputs: Vec<Output>,
}

/// A pass that a block takes before another, over so much more of the domain. It has elements as outputs alone, and no steps of its own.
#[derive(Clone, Debug)]
pub struct Step {
    pub pass: Fused,
    pub reach: Reach,
    /// Along these axes the domain is a ring: what is beyond one end is computed as what it is, at the other.
    pub ring: Vec<bool>,
    /// Of each output, whether it goes to its store too: something else reads it later.
    pub kept: Vec<bool>,
}

/// Along each axis, how far before and after a block.
pub type Reach = Vec<(u64, u64)>;

/// An array that a stage reads. The access is in terms of the array's own axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    pub source: Source,
    pub access: Access,
    pub dtype: DType,
    /// The array's shape; of a store it may be another row-major shape of the same elements.
    pub shape: Vec<u64>,
}

impl Leaf {
    /// Whether blocks of it are copied into memory first.
    pub fn is_remote(&self, stores: &[Store]) -> bool {
        match &self.source {
            Source::File(_) => true,
            Source::Store(store) => matches!(stores[store.0 as usize].kind, StoreKind::Spill | StoreKind::Sink(_)),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    Store(StoreId),
    File(Variable),
}

/// A step of a stage's straight-line code; operands are earlier lines.
#[derive(Clone, Debug)]
pub struct Line {
    pub dtype: DType,
    pub kind: LineKind,
    pub span: Span,
    /// Depends on no index: computed once a block.
    pub invariant: bool,
}

/// A line of a stage's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LineId(pub u32);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LineKind {
    Constant(Scalar),
    /// An element of a leaf.
    Load(usize),
    /// `start + step * i` of a domain axis, i64.
    Index(AxisMap),
    Op(ScalarOp, Vec<LineId>),
    Cast(LineId),
    Apply {
        module: ModuleId,
        result: usize,
        args: Vec<LineId>,
    },
}

/// What a pass produces from a line of its code.
#[derive(Clone, Debug)]
pub struct Output {
    pub store: StoreId,
    pub value: LineId,
    pub kind: OutputKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum OutputKind {
    /// The element goes to the point's index plus `offset`.
    Map { offset: Vec<u64> },
    /// Over these domain axes; the store has the others, in order.
    Reduce { op: ReduceOp, axes: Vec<usize> },
    /// As `Reduce`, where `axis` is in groups: the store has as many elements along it. The leaf `table` has the group of each index, -1 for none.
    ReduceGroups { op: ReduceOp, axes: Vec<usize>, axis: usize, table: usize, groups: u64 },
    /// Running along an axis: blocks along it run one after another.
    Scan { op: ScalarOp, axis: usize },
}

impl OutputKind {
    /// The reduction, and the axes that it is over.
    pub fn reduction(&self) -> Option<(ReduceOp, &[usize])> {
        match self {
            OutputKind::Reduce { op, axes } | OutputKind::ReduceGroups { op, axes, .. } => Some((*op, axes)),
            OutputKind::Map { .. } | OutputKind::Scan { .. } => None,
        }
    }
    /// The axis in groups, and the leaf of its table.
    pub fn grouped(&self) -> Option<(usize, usize)> {
        match self {
            OutputKind::ReduceGroups { axis, table, .. } => Some((*axis, *table)),
            _ => None,
        }
    }
}

impl Fused {
    /// Whether neighbours of a reduction along an axis are folded into one element. Where nothing is in groups an axis of size 1 is as the one
    /// beside it, so that both may be taken as one.
    pub fn folds(&self, output: &Output, axis: usize) -> bool {
        let Some((_, axes)) = output.kind.reduction() else { return false };
        if let Some((grouped, _)) = output.kind.grouped() {
            return axis != grouped && axes.contains(&axis);
        }
        let long = |axis: &usize| self.domain[*axis] > 1;
        axes.contains(&(0..=axis).rev().find(long).or_else(|| (axis..self.domain.len()).find(long)).unwrap_or(axis))
    }
}

/// `out[m, n] = a[m, k] @ b[k, n]`, by tiles of the result.
#[derive(Clone, Debug)]
pub struct MatMul {
    /// a and b.
    pub operands: [Panels; 2],
    pub out: StoreId,
    pub dtype: DType,
    /// m, k, n.
    pub sizes: [u64; 3],
    pub span: Span,
    /// Rows and columns of a tile.
    pub tile: [u64; 2],
    /// Depth of the panels that a tile is summed from.
    pub depth: u64,
}

/// An operand of a product, in the panels that tiles are summed from.
#[derive(Clone, Debug)]
pub struct Panels {
    /// A pass with its elements as output; its blocks are the panels.
    pub pass: Fused,
    /// The pass is over the operand's transpose, as its elements lie in memory.
    pub turned: bool,
}

/// A routine on every core of a batch. A leaf's axes are the batch, then its core.
#[derive(Clone, Debug)]
pub struct Batched {
    pub routine: Routine,
    pub operands: Vec<Leaf>,
    pub results: Vec<CoreOut>,
    pub batch: Vec<u64>,
    /// Cores of a task along each batch axis. A function of shapes alone.
    pub block: Vec<u64>,
    /// Sizes of each operand's core.
    pub cores: Vec<Vec<u64>>,
}

/// A routine on long cores, one after another: its first operands are computed block by block, in as many passes as it needs.
#[derive(Clone, Debug)]
pub struct Swept {
    pub routine: Routine,
    /// The operands it passes over: the batch, then the core. A block lies in one core.
    pub stream: Fused,
    /// Operands that it has whole, and their sizes.
    pub whole: Vec<(Leaf, Vec<u64>)>,
    pub result: StoreId,
    pub dtype: DType,
    /// The result's core.
    pub core: Vec<u64>,
    pub batch: Vec<u64>,
}

/// A result of a routine; without a store nobody wants it.
#[derive(Clone, Debug)]
pub struct CoreOut {
    pub store: Option<StoreId>,
    pub dtype: DType,
    pub core: Vec<u64>,
}

/// The elements where a mask is true, in order: a pass over the mask counts them block by block, a second one over the array puts those of
/// each block in their place. Blocks are whole along the mask's later axes, so that theirs is the order of the elements.
#[derive(Clone, Debug)]
pub struct Compress {
    /// The mask alone, over its own axes.
    pub mask: Fused,
    /// The array and the mask, over the array's axes.
    pub values: Fused,
    /// The mask's axes among the array's.
    pub axis: usize,
    pub out: StoreId,
    /// The result's shape.
    pub shape: Vec<u64>,
}

/// `out[.., i, ..] = base[.., positions[i], ..]`.
#[derive(Clone, Debug)]
pub struct Take {
    pub base: Leaf,
    pub positions: Leaf,
    pub axis: usize,
    pub out: StoreId,
    /// The result's shape.
    pub shape: Vec<u64>,
}

impl Take {
    /// Positions that a task takes: as many as are worth one.
    pub fn positions_of_a_task(&self) -> u64 {
        const ELEMENTS: u64 = 1 << 14;
        let along = self.shape[self.axis].max(1);
        let row = self.shape.iter().fold(1u64, |all, size| all.saturating_mul(*size)) / along;
        (ELEMENTS / row.max(1)).clamp(1, along)
    }
}
