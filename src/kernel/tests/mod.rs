//! Tests of the loop IR: text form, verifier, interpreter. Passes are tested beside them.

mod interp;
mod parallel;
mod random;
mod text;
mod vector;
