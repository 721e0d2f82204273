//! The nodes of a session, each once: equal work is one node.

use super::ir::{ModuleId, Node, NodeId, Op};
use crate::array::{ArrayTy, Scalar};
use crate::base::Span;
use crate::kernel::ir::Module;
use rustc_hash::FxHasher;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// All nodes and the kernel modules they name. Inputs come before the nodes that use them.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    modules: Vec<Arc<Module>>,
    /// Nodes by the hash of what makes them equal.
    known: HashMap<u64, Vec<NodeId>>,
}

impl Graph {
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }
    pub fn len(&self) -> usize {
        self.nodes.len()
    }
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
    /// The node of this operation: the one there is, or a new one. All sizes of `ty` are known.
    pub fn add(&mut self, op: Op, inputs: Vec<NodeId>, ty: ArrayTy, span: Span) -> NodeId {
        let mut hasher = FxHasher::default();
        (&op, &inputs, ty.dtype, ty.shape()).hash(&mut hasher);
        let same = self.known.entry(hasher.finish()).or_default();
        let nodes = &self.nodes;
        let equal = |id: &&NodeId| {
            let node = &nodes[id.0 as usize];
            node.op == op && node.inputs == inputs && node.ty == ty
        };
        if let Some(id) = same.iter().find(equal) {
            return *id;
        }
        let id = NodeId(self.nodes.len() as u32);
        same.push(id);
        self.nodes.push(Node { op, inputs, ty, span });
        id
    }
    pub fn constant(&mut self, value: Scalar, span: Span) -> NodeId {
        self.add(Op::Constant(value), Vec::new(), ArrayTy::scalar(value.dtype), span)
    }
    pub fn add_module(&mut self, module: Arc<Module>) -> ModuleId {
        if let Some(at) = self.modules.iter().position(|known| Arc::ptr_eq(known, &module)) {
            return ModuleId(at as u32);
        }
        self.modules.push(module);
        ModuleId(self.modules.len() as u32 - 1)
    }
    pub fn module(&self, id: ModuleId) -> &Arc<Module> {
        &self.modules[id.0 as usize]
    }
    /// Of each node, whether it or anything that it is computed from is such. O(nodes).
    pub fn depends(&self, is: impl Fn(&Op) -> bool) -> Vec<bool> {
        let mut all: Vec<bool> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let own = is(&node.op) || node.inputs.iter().any(|input| all[input.0 as usize]);
            all.push(own);
        }
        all
    }
    /// The nodes that `roots` need, inputs first. O(nodes reached).
    pub fn reachable(&self, roots: &[NodeId]) -> Vec<NodeId> {
        let mut wanted = vec![false; self.nodes.len()];
        let mut pending = roots.to_vec();
        while let Some(id) = pending.pop() {
            if !std::mem::replace(&mut wanted[id.0 as usize], true) {
                pending.extend(&self.node(id).inputs);
            }
        }
        (0..self.nodes.len()).filter(|at| wanted[*at]).map(|at| NodeId(at as u32)).collect()
    }
}
