//! Compiled kernels against the reference interpreter.

mod operations;
mod random;
mod statements;
mod vectors;
