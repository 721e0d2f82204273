//! Variables of files as nodes: the read of the stored elements, then their CF decoding as ordinary arithmetic, so that it fuses.

use super::builder::GraphBuild;
use super::ir::{NodeId, Op, Variable};
use super::store::Graph;
use crate::array::{ArrayTy, DType, Scalar};
use crate::base::Outcome;
use crate::builtins::build::{A, Build};
use crate::io::OpenFile;
use crate::ops::ScalarOp;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// The chunks of the file that an array is computed from place by place, along its own axes: those of the first such variable that has any.
pub fn chunks(graph: &Graph, id: NodeId) -> Option<Vec<u64>> {
    let rank = graph.node(id).ty.rank();
    // Of a node on the way, which of its axes is each of the array's.
    let mut open: Vec<(NodeId, Vec<usize>)> = vec![(id, (0..rank).collect())];
    let mut seen: FxHashSet<NodeId> = FxHashSet::default();
    while let Some((id, axes)) = open.pop() {
        let node = graph.node(id);
        match &node.op {
            Op::Read { variable: Variable { chunks: Some(chunks), .. }, step, .. } if step.iter().all(|step| *step == 1) => {
                return axes.iter().map(|axis| chunks.get(*axis).copied()).collect();
            }
            Op::Transpose { order } => open.push((node.inputs[0], axes.iter().map(|axis| order[*axis]).collect())),
            Op::Map(_) | Op::Cast | Op::Rename | Op::Apply { .. } => {
                open.extend(node.inputs.iter().rev().filter(|input| seen.insert(**input)).map(|input| (*input, axes.clone())));
            }
            _ => {}
        }
    }
    None
}

/// The decoded values of a variable (its position in the file's metadata). Times must be read as coordinates are: they are not built here.
pub fn variable(b: &mut GraphBuild, file: &OpenFile, at: usize) -> Outcome<A> {
    let ty = file.ty(at)?;
    let info = &file.info.variables[at];
    let decode = file.decode(at);
    let source = Variable {
        path: Arc::from(file.info.path.to_string_lossy().as_ref()),
        variable: Arc::from(info.path.as_str()),
        stored: decode.stored,
        shape: info.shape(),
        chunks: info.chunks.clone(),
        scratch: info.scratch,
    };
    let rank = source.shape.len();
    let stored = ArrayTy { dtype: decode.stored, dims: ty.dims };
    let raw = b.add(Op::Read { variable: source, start: vec![0; rank], step: vec![1; rank] }, &[], stored);
    let mut missing: Option<A> = None;
    for fill in decode.fill.iter().filter(|fill| !fill.as_f64().is_nan()) {
        let fill = b.constant(*fill);
        let here = b.map(ScalarOp::Eq, &[raw, fill])?;
        missing = Some(match missing {
            Some(before) => b.map(ScalarOp::Or, &[before, here])?,
            None => here,
        });
    }
    let mut value = b.cast(raw, decode.target)?;
    for (op, number) in [(ScalarOp::Mul, decode.scale), (ScalarOp::Add, decode.offset)] {
        if let Some(number) = number {
            let number = b.constant(Scalar::float(decode.target, number, 0.0));
            value = b.map(op, &[value, number])?;
        }
    }
    match missing {
        Some(missing) if decode.target.is_float() || decode.target == DType::C128 => {
            let nan = b.constant(Scalar::float(decode.target, f64::NAN, 0.0));
            b.map(ScalarOp::Select, &[missing, nan, value])
        }
        _ => Ok(value),
    }
}
