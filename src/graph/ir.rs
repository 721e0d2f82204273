//! Graph nodes as plain data.

use crate::array::{ArrayTy, DType, Scalar};
use crate::base::Span;
use crate::builtins::build::{ReduceOp, Routine};
use crate::ops::ScalarOp;
use crate::types::edge::Edge;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeId(pub u32);

/// An array in memory that the session holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MemoryId {
    pub number: u32,
    /// Its elements are row-major, without gaps.
    pub dense: bool,
}

/// A kernel module that the session holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ModuleId(pub u32);

/// One array of the program. All sizes of `ty` are known.
#[derive(Clone, Debug)]
pub struct Node {
    pub op: Op,
    pub inputs: Vec<NodeId>,
    pub ty: ArrayTy,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Op {
    Constant(Scalar),
    /// 0, 1, 2, … (i64) along the one axis.
    Iota,
    Memory(MemoryId),
    /// A region of a stored variable, undecoded: element i along an axis is stored element `start + i * step`.
    Read {
        variable: Variable,
        start: Vec<u64>,
        step: Vec<u64>,
    },
    /// Operands have equal shapes.
    Map(ScalarOp),
    Cast,
    /// Operand axis k becomes axis `axes[k]`; its size is 1 or the result's. Other axes repeat.
    Broadcast {
        axes: Vec<usize>,
    },
    /// Result axis k is operand axis `order[k]`.
    Transpose {
        order: Vec<usize>,
    },
    /// Result index i along an axis is operand index `start + i * step`; the rank stays.
    Slice {
        start: Vec<u64>,
        step: Vec<i64>,
    },
    /// Row-major.
    Reshape,
    /// Names and coordinates alone differ.
    Rename,
    /// Inputs: array, positions (i64, one-dimensional, checked when taken).
    Take {
        axis: usize,
    },
    /// Inputs: array, mask over its axes from `axis` on, which become one: elements where the mask is true, row-major.
    Compress {
        axis: usize,
    },
    Concat {
        axis: usize,
    },
    /// The operand continued beyond its ends: result index i along an axis is operand index `i - before`, brought inside by `edge`.
    Pad {
        before: Vec<u64>,
        edge: Edge,
        fill: Scalar,
    },
    Reduce {
        op: ReduceOp,
        axes: Vec<usize>,
    },
    /// Over `axes`, of which `axis` is in groups and becomes their dimension. Inputs: array, the group (i64) of each position along the axis,
    /// an array in memory; -1 is in none.
    ReduceGroups {
        op: ReduceOp,
        axes: Vec<usize>,
        axis: usize,
    },
    Scan {
        op: ScalarOp,
        axis: usize,
    },
    /// [m, k] with [k, n], floats or complex.
    MatMul,
    /// One result of a routine over the cores of the inputs.
    Routine {
        routine: Routine,
        result: usize,
    },
    /// A user function over elements: inputs broadcast to one shape; the module's entry takes and gives scalars.
    Apply {
        module: ModuleId,
        result: usize,
    },
}

/// A variable in a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Variable {
    pub path: Arc<str>,
    pub variable: Arc<str>,
    pub stored: DType,
    /// The whole variable's shape, and its chunks where it has them.
    pub shape: Vec<u64>,
    pub chunks: Option<Vec<u64>>,
    /// Memory that reading a region of it takes beside the region, at most.
    pub scratch: u64,
}
