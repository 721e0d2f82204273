//! What every scalar operation takes and gives: the dtype its operands are cast to first, and the dtype of its result.
//! Owns no shapes and no arithmetic.

use super::promote::{listed, no_common, promote_or_fail};
use crate::array::DType;
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp;
use smallvec::{SmallVec, smallvec};

/// How an operation runs on operands of given dtypes: cast the operands, run it, cast to `result`.
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    /// What each operand is cast to.
    pub operands: SmallVec<[DType; 3]>,
    /// What the operation gives on those.
    pub gives: DType,
    /// What that is cast to in the end; differs from `gives` where the result is a time. A float is rounded first.
    pub result: DType,
}

/// How the program writes an operation: `+`, `sqrt`.
pub fn op_text(op: ScalarOp) -> &'static str {
    use ScalarOp::*;
    match op {
        Add => "+",
        Sub | Neg => "-",
        Mul => "*",
        Div => "/",
        FloorDiv => "//",
        Rem => "%",
        Pow => "**",
        Eq => "==",
        Ne => "!=",
        Lt => "<",
        Le => "<=",
        Gt => ">",
        Ge => ">=",
        Select => "where",
        other => other.name(),
    }
}

/// The rule of an operation for its operands' dtypes; K0302 where it has none.
///
/// - Operands are promoted. Where the operation is not defined for bools they count as `i64`, where it is not defined for integers (`/`,
///   `sqrt`, the transcendental functions) they count as `f64`, of any width.
/// - As in NumPy, `+` of two bools is `or`, `*` is `and`. Comparison gives a bool; complex numbers have no order. Logic is of bools and integers.
/// - `where` promotes its two values; its condition is a bool.
/// - datetime - datetime and datetime ± duration, duration ± duration, duration × number, duration / number, duration / duration (`f64`),
///   `//` and `%` of durations; comparison and minimum of two of a kind, datetimes of one calendar.
pub fn signature(op: ScalarOp, dtypes: &[DType]) -> Outcome<Signature> {
    if dtypes.iter().any(|dtype| dtype.is_time()) {
        return time_signature(op, dtypes);
    }
    if let (ScalarOp::Select, Some((condition, values))) = (op, dtypes.split_first()) {
        if *condition != DType::Bool {
            let message = format!("the condition of `where` is {condition}, not bool");
            return Err(Diagnostic::new(Code::Dtype, message).help("compare first, as in `x != 0`"));
        }
        let common = promote_or_fail("where", values)?;
        return Ok(Signature { operands: smallvec![DType::Bool, common, common], gives: common, result: common });
    }
    let common = promote_or_fail(op_text(op), dtypes)?;
    let candidates = match common {
        _ if matches!(op, ScalarOp::Random(_)) => [DType::U64; 3],
        DType::Bool => [DType::Bool, DType::I64, DType::F64],
        _ if common.is_int() => [common, common, DType::F64],
        _ => [common; 3],
    };
    let found = candidates.into_iter().find_map(|dtype| Some((dtype, op.result(dtype)?)));
    let (operand, gives) = found.ok_or_else(|| not_defined(op, dtypes))?;
    Ok(Signature { operands: smallvec![operand; dtypes.len()], gives, result: gives })
}

fn not_defined(op: ScalarOp, dtypes: &[DType]) -> Box<Diagnostic> {
    let error = Diagnostic::new(Code::Dtype, format!("`{}` is not defined for {}", op_text(op), listed(dtypes)));
    if dtypes.iter().any(|dtype| dtype.is_time()) {
        error.help("a duration in hours is `d / 1h`; a number of days as a duration is `n * 1d`")
    } else if dtypes.iter().any(|dtype| dtype.is_complex()) {
        error.help("take a part: `x.real`, `x.imag`, `abs(x)`")
    } else {
        error.help("logic is of bools, bits are of integers: compare first, as in `x != 0`, or convert: `x.as(i64)`")
    }
}

/// Times of one kind are computed as they are, others as `i64` microseconds, or in `f64` and rounded where a float takes part.
fn time_signature(op: ScalarOp, dtypes: &[DType]) -> Outcome<Signature> {
    use DType::{Bool, DateTime, Duration, F64, I64};
    use ScalarOp::*;
    let number = |dtype: DType| dtype.is_int() || dtype.is_float() || dtype == Bool;
    let of = |computed: DType, result: DType| {
        Ok(Signature { operands: smallvec![computed; dtypes.len()], gives: op.result(computed).unwrap_or(computed), result })
    };
    let scaled = |number: DType| if number.is_float() { F64 } else { I64 };
    match (op, dtypes) {
        (Add, [DateTime(_), Duration] | [Duration, DateTime(_)]) => of(I64, if dtypes[0] == Duration { dtypes[1] } else { dtypes[0] }),
        (Add | Sub | Rem, [Duration, Duration]) | (Neg | Abs, [Duration]) => of(Duration, Duration),
        (Sub, [DateTime(a), DateTime(b)]) if a == b => of(I64, Duration),
        (Sub, [DateTime(_), Duration]) => of(I64, dtypes[0]),
        (Mul, [Duration, n] | [n, Duration]) if number(*n) => of(scaled(*n), Duration),
        (Div, [Duration, Duration]) => of(F64, F64),
        (Div, [Duration, n]) if number(*n) => of(F64, Duration),
        (FloorDiv, [Duration, Duration]) | (Sign, [Duration]) => of(I64, I64),
        (FloorDiv, [Duration, n]) if number(*n) => of(scaled(*n), Duration),
        (Minimum | Maximum | Fmin | Fmax, [a, b]) if a == b => of(*a, *a),
        (Eq | Ne | Lt | Le | Gt | Ge, [a, b]) if a == b => of(*a, Bool),
        (Select, [Bool, a, b]) if a == b => Ok(Signature { operands: smallvec![Bool, *a, *a], gives: *a, result: *a }),
        (_, [DateTime(a), DateTime(b)]) if a != b => Err(no_common(op_text(op), dtypes)),
        _ => Err(not_defined(op, dtypes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vmath::Math;
    use DType::*;
    use ScalarOp as Op;

    const T: DType = DateTime(crate::array::Calendar::Standard);
    const NOLEAP: DType = DateTime(crate::array::Calendar::NoLeap);

    #[test]
    fn operations_take_and_give() {
        let table: &[(Op, &[DType], DType, DType)] = &[
            (Op::Add, &[Bool, Bool], Bool, Bool),
            (Op::Sub, &[Bool, Bool], I64, I64),
            (Op::Add, &[Bool, U8], U8, U8),
            (Op::Math(Math::Exp), &[Bool], F64, F64),
            (Op::Minimum, &[Bool, Bool], Bool, Bool),
            (Op::Add, &[U8, I8], I16, I16),
            (Op::Div, &[I8, I8], F64, F64),
            (Op::Div, &[F32, F32], F32, F32),
            (Op::Sqrt, &[U8], F64, F64),
            (Op::Sqrt, &[C64], C64, C64),
            (Op::Math(Math::Sin), &[F32], F32, F32),
            (Op::Math(Math::Atan2), &[F32, I64], F64, F64),
            (Op::Abs, &[C128], C128, F64),
            (Op::Lt, &[F32, I8], F32, Bool),
            (Op::Eq, &[C64, F64], C128, Bool),
            (Op::And, &[Bool, Bool], Bool, Bool),
            (Op::And, &[Bool, U8], U8, U8),
            (Op::Not, &[I64], I64, I64),
            (Op::IsNan, &[I64], I64, Bool),
            (Op::Complex, &[F32, F32], F32, C64),
            (Op::Real, &[F32], F32, F32),
            (Op::Sub, &[T, T], I64, Duration),
            (Op::Add, &[Duration, T], I64, T),
            (Op::Mul, &[Duration, F32], F64, Duration),
            (Op::Mul, &[I8, Duration], I64, Duration),
            (Op::Div, &[Duration, Duration], F64, F64),
            (Op::Lt, &[T, T], T, Bool),
            (Op::Maximum, &[NOLEAP, NOLEAP], NOLEAP, NOLEAP),
        ];
        for (op, dtypes, operand, result) in table {
            let got = signature(*op, dtypes).unwrap();
            assert!(got.operands.iter().all(|dtype| dtype == operand), "{op:?} {dtypes:?}: {got:?}");
            assert_eq!(got.result, *result, "{op:?} {dtypes:?}");
        }
        assert_eq!(signature(Op::Select, &[Bool, I8, F32]).unwrap().operands.as_slice(), &[Bool, F32, F32]);
    }

    #[test]
    fn what_has_no_meaning_is_an_error() {
        let table: &[(Op, &[DType], &str)] = &[
            (Op::Add, &[I64, U64], "no dtype holds the operands of `+`: i64 and u64"),
            (Op::Lt, &[C64, C64], "`<` is not defined for c64 and c64"),
            (Op::And, &[F64, Bool], "`and` is not defined for f64 and bool"),
            (Op::Select, &[I64, F64, F64], "the condition of `where` is i64, not bool"),
            (Op::Add, &[T, T], "`+` is not defined for datetime and datetime"),
            (Op::Sub, &[T, NOLEAP], "no dtype holds the operands of `-`: datetime and datetime(noleap)"),
            (Op::Sqrt, &[Duration], "`sqrt` is not defined for duration"),
            (Op::Math(Math::Gamma), &[C64], "`gamma` is not defined for c64"),
        ];
        for (op, dtypes, message) in table {
            let error = signature(*op, dtypes).unwrap_err();
            assert_eq!((error.code, error.message.as_str()), (Code::Dtype, *message));
        }
    }
}
