//! Scalar operations on elements: the one list of them, and (in `define`) one definition of each over the small `Emit` trait, of which
//! the evaluator (`eval`) and the compiler are two implementations. Owns no type rules (see `types`) and no names for users (see `builtins`).

mod boolean;
pub mod cast;
mod complex;
pub mod define;
pub mod emit;
pub mod eval;
pub mod fault;
mod float;
pub mod info;
mod integer;
mod random;
pub mod routine;
mod value;

pub use emit::{Elem, Emit, Prim};
pub use fault::FaultKind;

use crate::vmath::{Math, Quantile};
use serde::{Deserialize, Serialize};

/// An operation on elements. All operands have one dtype (the operation's dtype) unless said otherwise; the result has it too unless
/// said otherwise. Integers wrap; booleans are 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ScalarOp {
    // Arithmetic on integers, floats, complex numbers.
    Add,
    Sub,
    Mul,
    /// Floats and complex only.
    Div,
    /// Python's floor division; integers fail on zero.
    FloorDiv,
    /// Python's modulo: sign of the divisor; integers fail on zero.
    Rem,
    /// Integers: by squaring, a negative exponent fails. Floats and complex: the power function.
    Pow,
    /// The greatest common divisor, 0 of two zeros; integers only.
    Gcd,
    Neg,
    /// Complex: the modulus, a float.
    Abs,
    Sign,
    Square,
    /// Smaller and larger; NaN if either is NaN.
    Minimum,
    Maximum,
    /// Smaller and larger; the other if one is NaN.
    Fmin,
    Fmax,
    /// The second operand, the first where that is NaN: what a running fill folds with. Floats and complex only.
    Latest,
    // Rounding of floats; the identity on integers. `Round` is to nearest, ties to even.
    Floor,
    Ceil,
    Trunc,
    Round,
    Sqrt,
    // Comparison: a bool.
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    // Logic on bools, bits on integers.
    And,
    Or,
    Xor,
    Not,
    Shl,
    Shr,
    /// `Select(bool, a, b)`: `a` where true.
    Select,
    // Classification of floats and complex: a bool.
    IsNan,
    IsInf,
    IsFinite,
    SignBit,
    // Complex parts: a float. `Complex(re, im)`: of float operands a complex.
    Real,
    Imag,
    Conj,
    Arg,
    Complex,
    /// A transcendental function of one or two operands; complex for those that define it.
    Math(Math),
    /// `Random(d)(seed, index)` of u64 operands: element `index` of the stream, a f64.
    Random(Distribution),
    /// `Quantile(q)(u, a, b, …)` of f64 operands: the value of a distribution with these parameters that a uniform number becomes, or its share.
    Quantile(Quantile),
}

/// Distributions of the counter-based random stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Distribution {
    /// Uniform in [0, 1).
    Uniform,
    /// Standard normal.
    Normal,
}

#[cfg(test)]
mod tests;
