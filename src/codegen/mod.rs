//! Machine code for kernels, by Cranelift: the fast implementation of `kernel::abi::Engine`. The only user of Cranelift.
//! Owns instruction selection, vector loops and the run-time support of compiled code; the meaning of kernels is `kernel`'s and that of
//! operations `ops`', so that results have the same bits as the interpreter's. Only the sign and payload of a NaN may differ.
//!
//! The way of a kernel: `jit` (module) → `function` (signature, variables) → `statements`, `expressions`, `arrays`; a vector loop by `tape`
//! (record the body) → `strips` (cut it at calls) → `vector` (the loop), `copies`, with bodies from `wide` on AVX-512 and AVX2, else from
//! `vector_body` on `lanes`. Loops without calls have values of their own (`quiet`). `jobs` compiles the functions of a module side by side,
//! `runtime` is what runs beside them.
//!
//! Limits: little-endian machines; on x86-64 SSE4.1. Vectors are 512 bits wide on AVX-512, 256 on AVX2, else 128. Recursion ends at
//! `chunks::MAX_DEPTH`, or earlier where the stack of the thread is small. A fault carries out 16 values at most. A panic of `Host::alloc`
//! ends the process, one of a parallel chunk goes on in the caller.

mod arrays;
mod copies;
mod expressions;
mod function;
mod jit;
mod jobs;
mod lane_memory;
mod lanes;
mod quiet;
mod runtime;
mod scalar;
mod statements;
mod strips;
mod symbols;
mod tape;
mod vector;
mod vector_body;
mod wide;

pub use jit::Jit;

#[cfg(test)]
mod tests;
