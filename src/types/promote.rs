//! Promotion: the dtype that holds two dtypes, and what an unsuffixed literal becomes beside them.
//! Owns no rule of a particular operation (see `signature`).

use crate::array::{DType, Scalar};
use crate::base::{Code, Diagnostic, Outcome};

/// The smallest dtype that holds both as NumPy 2 has it: a bool is the other one; integers meet in the smallest integer for both;
/// 8- and 16-bit integers with `f32` are `f32`, wider ones `f64`; a complex with a float follows the wider parts.
/// None for `i64` (or a narrower signed one) with `u64`, for a time with anything else, and for datetimes of two calendars.
pub fn promote(a: DType, b: DType) -> Option<DType> {
    if a == b {
        return Some(a);
    }
    if a.is_time() || b.is_time() {
        return None;
    }
    match (a, b) {
        (DType::Bool, other) | (other, DType::Bool) => Some(other),
        _ if a.is_int() && b.is_int() => promote_ints(a, b),
        _ => {
            let real = if real_part(a) == DType::F64 || real_part(b) == DType::F64 { DType::F64 } else { DType::F32 };
            Some(if a.is_complex() || b.is_complex() { real.complex() } else { real })
        }
    }
}

/// The dtype that holds all. Does not depend on the order of the operands: floats and complex numbers meet first.
pub fn promote_all(dtypes: &[DType]) -> Option<DType> {
    let mut sorted = dtypes.to_vec();
    sorted.sort_by(|a, b| b.cmp(a));
    let (first, rest) = sorted.split_first()?;
    rest.iter().try_fold(*first, |all, next| promote(all, *next))
}

/// `promote_all`, or the error that says so. `what` is the operation as the program has it: `+`, `concat`.
pub fn promote_or_fail(what: &str, dtypes: &[DType]) -> Outcome<DType> {
    promote_all(dtypes).ok_or_else(|| no_common(what, dtypes))
}

pub(super) fn no_common(what: &str, dtypes: &[DType]) -> Box<Diagnostic> {
    let error = Diagnostic::new(Code::Dtype, format!("no dtype holds the operands of `{what}`: {}", listed(dtypes)));
    let calendars = dtypes.iter().filter(|dtype| matches!(dtype, DType::DateTime(_))).count();
    if calendars == dtypes.len() {
        error.help("datetimes go together in one calendar")
    } else if dtypes.iter().any(|dtype| dtype.is_time()) {
        error.help("times go with times; a number of seconds as a duration is `x * 1s`, a duration in hours is `x / 1h`")
    } else {
        error.help("convert one: `x.as(i64)` keeps integers below 2**63, `x.as(f64)` rounds above 2**53")
    }
}

/// `i64`, `i64 and u64`, `bool, f64 and f64`.
pub(super) fn listed(dtypes: &[DType]) -> String {
    let names: Vec<String> = dtypes.iter().map(DType::to_string).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

fn promote_ints(a: DType, b: DType) -> Option<DType> {
    if a.is_signed() == b.is_signed() {
        return Some(if a.size() >= b.size() { a } else { b });
    }
    let (signed, unsigned) = if a.is_signed() { (a, b) } else { (b, a) };
    let holds = match unsigned {
        DType::U8 => DType::I16,
        DType::U16 => DType::I32,
        DType::U32 => DType::I64,
        _ => return None,
    };
    Some(if signed.size() >= holds.size() { signed } else { holds })
}

/// The float that holds a number's real part beside another float.
fn real_part(dtype: DType) -> DType {
    match dtype {
        DType::F32 | DType::C64 | DType::I8 | DType::I16 | DType::U8 | DType::U16 => DType::F32,
        _ => DType::F64,
    }
}

/// An unsuffixed literal in the dtype of what it meets (`others`, without other literals). An integer takes any number's dtype and must
/// fit it (else K0104); beside bools and times it stays `i64`. A float or imaginary one takes the precision of a float or complex
/// number, and stays `f64` or `c128` beside integers. A bool stays a bool.
pub fn adapt(literal: Scalar, others: &[DType]) -> Outcome<Scalar> {
    let Some(other) = promote_all(others).filter(|dtype| dtype.is_numeric()) else { return Ok(literal) };
    match (literal.as_int(), literal.dtype) {
        (_, DType::Bool) => Ok(literal),
        (Some(value), dtype) if dtype.is_int() => {
            let adapted = literal.cast(other);
            if other.is_int() && adapted.as_int() != Some(value) {
                return Err(Diagnostic::new(Code::Number, format!("{value} does not fit {other}, the dtype of what it meets"))
                    .help(format!("give the number a dtype of its own (`{value}i64`), or convert the other operand: `x.as(i64)`")));
            }
            Ok(adapted)
        }
        (None, dtype) => {
            let precision = if real_part(other) == DType::F32 && !other.is_int() { DType::F32 } else { DType::F64 };
            Ok(literal.cast(if dtype.is_complex() || other.is_complex() { precision.complex() } else { precision }))
        }
        _ => Ok(literal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DType::*;

    #[test]
    fn promotes_as_numpy_does() {
        let table = [
            (Bool, I8, Some(I8)),
            (Bool, C64, Some(C64)),
            (I8, U8, Some(I16)),
            (I8, U16, Some(I32)),
            (I64, U32, Some(I64)),
            (I32, U32, Some(I64)),
            (I64, U64, None),
            (I8, U64, None),
            (U8, U64, Some(U64)),
            (I16, F32, Some(F32)),
            (U16, F32, Some(F32)),
            (I32, F32, Some(F64)),
            (U64, F32, Some(F64)),
            (U64, F64, Some(F64)),
            (F32, C64, Some(C64)),
            (F64, C64, Some(C128)),
            (I32, C64, Some(C128)),
            (I8, C64, Some(C64)),
            (Duration, I64, None),
            (Duration, Duration, Some(Duration)),
            (DateTime(Default::default()), Duration, None),
        ];
        for (a, b, want) in table {
            assert_eq!(promote(a, b), want, "{a} with {b}");
            assert_eq!(promote(b, a), want, "{b} with {a}");
        }
    }

    #[test]
    fn many_do_not_depend_on_their_order() {
        assert_eq!(promote_all(&[I64, U64, F64]), Some(F64));
        assert_eq!(promote_all(&[I16, U16, F32]), promote_all(&[F32, U16, I16]));
        assert_eq!(promote_all(&[]), None);
    }

    #[test]
    fn literals_take_the_dtype_they_meet() {
        let (one, half, im) = (Scalar::i64(1), Scalar::f64(0.5), Scalar::float(C128, 0.0, 2.0));
        let table = [
            (one, vec![U8], U8),
            (one, vec![F32], F32),
            (one, vec![C64], C64),
            (one, vec![Bool], I64),
            (one, vec![Duration], I64),
            (one, vec![], I64),
            (one, vec![Bool, F32], F32),
            (half, vec![F32], F32),
            (half, vec![I8], F64),
            (half, vec![C64], C64),
            (half, vec![Bool], F64),
            (im, vec![F32], C64),
            (im, vec![F64], C128),
            (im, vec![I8], C128),
            (Scalar::bool(true), vec![F32], Bool),
        ];
        for (literal, others, want) in table {
            let got = adapt(literal, &others).unwrap();
            assert_eq!(got.dtype, want, "{literal:?} with {others:?}");
            assert_eq!(got.as_f64(), literal.as_f64());
        }
        for (value, other) in [(256, U8), (-1, U64), (128, I8)] {
            assert_eq!(adapt(Scalar::i64(value), &[other]).unwrap_err().code, Code::Number);
        }
    }
}
