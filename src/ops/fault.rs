//! What can go wrong in an operation or a kernel at run time. The messages are made where codes are known to be shown.

use serde::{Deserialize, Serialize};

/// What went wrong at run time; a `FaultKind` is a `base::Code` with values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FaultKind {
    /// Values: axis, index, size.
    Bounds,
    /// Values of this and the next two: the variables of the `For` loops of the kernel round the operation, outermost first.
    DivideByZero,
    Overflow,
    NegativePower,
    /// The position of the largest of no elements.
    NoElement,
    Recursion,
    /// Values: the two sizes that differ, axis.
    Shape,
    /// Values: the size asked for, in bytes.
    Memory,
    Cancelled,
    /// `error("…")` and `assert` in a kernel: the message is the text at the span.
    Assertion,
    /// A value outside an argument's domain.
    Value,
}

impl FaultKind {
    /// Whether the values are where the loops round it stand.
    pub fn has_indices(self) -> bool {
        matches!(self, FaultKind::DivideByZero | FaultKind::Overflow | FaultKind::NegativePower)
    }
}
