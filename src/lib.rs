//! Kiln is a small numeric array language. This library holds all of it; the program `kiln` is a thin shell over [`session::Session`].
//!
//! # The way of a program
//!
//! ```text
//! text → Ast → Hir (typed) → Graph (array operations) → Plan (stages, blocks, memory) → tasks → results
//!        syntax  sema        graph                      plan                            exec
//!                  └─ functions that loop → Kernel (loop code) → machine code
//!                                           kernel               codegen
//! ```
//!
//! 1. [`syntax`] reads a text into a tree, [`sema`] finds what names mean and gives every expression a type: dtype, dimensions, sizes. Of
//!    files only metadata is read. Errors end here, as [`base::Diagnostic`]s with places in the text.
//! 2. [`session`] walks the typed program. Array expressions become nodes of one [`graph`]; nothing is computed yet. Functions that loop
//!    and index are lowered to [`kernel`]s, once for each list of argument types.
//! 3. When values are asked for (`print`, `save`, a condition, a result in the REPL), everything asked for together is planned together:
//!    [`plan`] fuses operations into stages, cuts stages into blocks, and forecasts the peak of memory. A program that would exceed its
//!    limit is refused before it starts.
//! 4. [`exec`] runs the plan on worker threads, block by block, reading files as it goes; [`codegen`] has compiled the fused kernels of
//!    the stages to machine code. Blocks and the trees of reductions do not depend on the number of threads, so results do not either.
//!
//! # Layers
//!
//! A module imports only from those before it; `tests/tidy.rs` keeps this.
//! [`base`] · [`mod@array`] · [`vmath`], [`ops`], [`types`], [`syntax`], [`io`] · [`builtins`] · [`sema`] · [`kernel`] · [`graph`] ·
//! [`codegen`] · [`plan`] · [`exec`] · [`session`] · [`cli`], [`repl`].

pub mod array;
pub mod base;
pub mod builtins;
pub mod cli;
pub mod codegen;
pub mod exec;
pub mod graph;
pub mod io;
pub mod kernel;
pub mod ops;
pub mod plan;
pub mod repl;
pub mod sema;
pub mod session;
pub mod syntax;
pub mod types;
pub mod vmath;
