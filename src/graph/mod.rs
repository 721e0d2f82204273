//! The whole-program array graph: hash-consed nodes, their builder (an implementer of `Build`), how file variables become nodes, passes,
//! printed form. Plain data: files are named by path, arrays in memory by number, kernels by number.

pub mod builder;
pub mod ir;
pub mod pass;
pub mod print;
pub mod read;
pub mod store;

pub use builder::{GraphBuild, Values};
pub use ir::{MemoryId, ModuleId, Node, NodeId, Op, Variable};
pub use store::Graph;
