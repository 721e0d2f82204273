//! The graph as text, a line a node: `%7 = add(%3, %5) : f64[time: 12, lat: 3]`.

use super::ir::{Node, NodeId, Op};
use super::store::Graph;
use crate::builtins::build::ReduceOp;
use std::fmt::Write;

/// The nodes that `roots` need, inputs first.
pub fn print(graph: &Graph, roots: &[NodeId]) -> String {
    let mut text = String::new();
    for id in graph.reachable(roots) {
        let node = graph.node(id);
        let inputs: Vec<String> = node.inputs.iter().map(|input| format!("%{}", input.0)).collect();
        let _ = writeln!(text, "%{} = {}({}) : {}", id.0, name(node), inputs.join(", "), node.ty);
    }
    let roots: Vec<String> = roots.iter().map(|root| format!("%{}", root.0)).collect();
    let _ = writeln!(text, "want {}", roots.join(", "));
    text
}

/// What a node does, with its parameters.
pub fn name(node: &Node) -> String {
    match &node.op {
        Op::Constant(value) => format!("constant {}", crate::array::display::scalar(*value)),
        Op::Iota => "iota".into(),
        Op::Memory(id) => format!("memory {}", id.number),
        Op::Read { variable, start, step } => format!("read {}:{} start {start:?} step {step:?}", variable.path, variable.variable),
        Op::Map(op) => op.name().into(),
        Op::Cast => format!("cast {}", node.ty.dtype),
        Op::Broadcast { axes } => format!("broadcast {axes:?}"),
        Op::Transpose { order } => format!("transpose {order:?}"),
        Op::Slice { start, step } => format!("slice start {start:?} step {step:?}"),
        Op::Reshape => "reshape".into(),
        Op::Rename => "rename".into(),
        Op::Take { axis } => format!("take axis {axis}"),
        Op::Compress { axis } => format!("compress from axis {axis}"),
        Op::Concat { axis } => format!("concat axis {axis}"),
        Op::Pad { before, edge, .. } => format!("pad {edge:?} before {before:?}").to_lowercase(),
        Op::Reduce { op, axes } => format!("reduce {} over {axes:?}", reduction(*op)),
        Op::ReduceGroups { op, axes, axis } => format!("reduce {} over {axes:?} in groups along {axis}", reduction(*op)),
        Op::Scan { op, axis } => format!("scan {} axis {axis}", op.name()),
        Op::MatMul => "matmul".into(),
        Op::Routine { routine, result } => format!("{} result {result}", routine.name()),
        Op::Apply { module, result } => format!("apply module {} result {result}", module.0),
    }
}

/// A reduction's name.
pub fn reduction(op: ReduceOp) -> &'static str {
    match op {
        ReduceOp::Fold(op) => op.name(),
        ReduceOp::Arg { largest: true, .. } => "argmax",
        ReduceOp::Arg { largest: false, .. } => "argmin",
        ReduceOp::Deviations { .. } => "deviations",
    }
}
