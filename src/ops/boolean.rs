//! Operations on bools: masks all the way. Sums are `or`, products `and`, as in NumPy.

use super::ScalarOp;
use super::emit::Emit;
use super::value::Value;

/// The operation on one or two bools, `b` being `a` for one; `None` if it is not defined for them.
pub(super) fn emit<'e, E: Emit>(op: ScalarOp, a: Value<'e, E>, b: Value<'e, E>) -> Option<Value<'e, E>> {
    use ScalarOp::*;
    Some(match op {
        Add | Or | Maximum | Fmax => a | b,
        Mul | And | Minimum | Fmin => a & b,
        Xor | Ne => a ^ b,
        Eq => !(a ^ b),
        Lt => !a & b,
        Le => !a | b,
        Gt => a & !b,
        Ge => a | !b,
        Not => !a,
        Abs | Sign | Square | Floor | Ceil | Trunc | Round | Real | Conj => a,
        IsNan | IsInf | SignBit | Imag => a.mask(false),
        IsFinite => a.mask(true),
        _ => return None,
    })
}
