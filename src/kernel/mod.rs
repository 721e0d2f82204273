//! The loop IR: what user loop functions and fused array expressions are compiled from. Owns the IR, its passes, its verifier, its
//! printed form and the reference interpreter. Knows nothing of machine code, files or threads.

pub mod abi;
mod alias;
pub mod chunks;
pub mod facts;
pub mod fault;
pub mod interp;
pub mod ir;
pub mod lift;
mod liveness;
pub mod lower;
mod memory;
pub mod parse;
pub mod passes;
mod print;
mod ranges;
#[doc(hidden)]
pub mod testing;
pub mod verify;
pub mod visit;

pub use interp::Interpreter;

#[cfg(test)]
mod tests;
