//! Compiled kernels against the reference interpreter.

mod narrow;
mod operations;
mod random;
mod statements;
mod vectors;
