//! Number and duration literals: `1_000 0xff 1.5e-3 2f32 3u8 2im`, `1h 30min 7d`. The lexer finds their extent; here they get a value.

use super::ast::suffix_dtype;
use crate::array::{DType, Scalar};

/// The value of a literal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number {
    pub value: Scalar,
    /// Without a suffix: it takes the dtype of what it meets.
    pub weak: bool,
    /// The magnitude of the lowest integer of its dtype (`128i8`): `value` is that integer, right only behind a minus.
    pub lowest: bool,
}

/// Why a literal is no number, and what to write.
#[derive(Clone, Debug, PartialEq)]
pub struct BadNumber {
    pub message: String,
    pub help: String,
}

/// Units of durations and their microseconds.
pub const UNITS: [(&str, i64); 7] =
    [("us", 1), ("ms", 1_000), ("s", 1_000_000), ("min", 60_000_000), ("h", 3_600_000_000), ("d", 86_400_000_000), ("w", 604_800_000_000)];

/// Reads a literal. A duration is of dtype Duration, in microseconds; an imaginary number c128 and weak.
pub fn parse(text: &str) -> Result<Number, BadNumber> {
    let bad = |message: String, help: &str| Err(BadNumber { message, help: help.to_string() });
    if let Some((radix, digits)) = radix(text) {
        return parse_radix(text, radix, digits);
    }
    let split = digits_length(text.as_bytes());
    let (mantissa, suffix) = (text[..split].replace('_', ""), &text[split..]);
    let is_float = mantissa.contains(['.', 'e', 'E']);
    if let Some((_, unit)) = UNITS.iter().find(|(name, _)| *name == suffix) {
        return duration(&mantissa, is_float, *unit);
    }
    match suffix {
        "" if is_float => float(&mantissa, DType::F64, true),
        "" => integer(&mantissa, 10, DType::I64, true),
        "im" => match mantissa.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Number { value: Scalar::float(DType::C128, 0.0, value), weak: true, lowest: false }),
            _ => bad(format!("{} does not fit c128", crop(text)), "the largest is about 1.8e308"),
        },
        _ => match suffix_dtype(suffix) {
            Some(dtype) if dtype.is_float() => float(&mantissa, dtype, false),
            Some(dtype) if !is_float => integer(&mantissa, 10, dtype, false),
            Some(dtype) => {
                bad(format!("{} is not an integer, but its suffix is {dtype}", crop(text)), "use f32 or f64, or leave the fraction out")
            }
            None if suffix.starts_with(['.', 'e', 'E']) => bad(format!("{} has an exponent without digits", crop(text)), "write 1e5"),
            None if suffix.bytes().any(|byte| byte.is_ascii_digit()) && UNITS.iter().any(|(unit, _)| suffix.starts_with(unit)) => {
                bad(format!("{} is not a number", crop(text)), "a duration has one unit; add them: `1h + 30min`")
            }
            None => bad(
                format!("`{}` is not a suffix of numbers", crop(suffix)),
                "suffixes are dtypes (2f32, 3u8), `im`, and the units us ms s min h d w; names do not start with a digit",
            ),
        },
    }
}

fn crop(text: &str) -> String {
    let shown: String = text.chars().take(24).collect();
    if shown.len() < text.len() { shown + "…" } else { shown }
}

/// Bytes of the prefix (`0x`), or of digits, point and exponent, with which a text that begins with a digit starts. A point belongs to the
/// number only before a digit: `1..5` is a range, `1.max(2)` a call.
pub fn digits_length(text: &[u8]) -> usize {
    let digits = |at: usize| at + text[at..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'_').count();
    if text.len() > 1 && text[0] == b'0' && matches!(text[1], b'x' | b'X' | b'b' | b'B' | b'o' | b'O') {
        return 2;
    }
    let mut at = digits(0);
    if text.get(at) == Some(&b'.') && text.get(at + 1).is_some_and(u8::is_ascii_digit) {
        at = digits(at + 1);
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        if text.get(at + 1 + sign).is_some_and(u8::is_ascii_digit) {
            at = digits(at + 1 + sign);
        }
    }
    at
}

/// The radix that `0x`, `0o` or `0b` states, and what follows.
fn radix(text: &str) -> Option<(u32, &str)> {
    let rest = text.strip_prefix('0')?;
    let radix = match rest.bytes().next()? {
        b'x' | b'X' => 16,
        b'o' | b'O' => 8,
        b'b' | b'B' => 2,
        _ => return None,
    };
    Some((radix, &rest[1..]))
}

fn parse_radix(text: &str, radix: u32, digits: &str) -> Result<Number, BadNumber> {
    let split = digits.find(|c: char| c != '_' && !c.is_digit(radix)).unwrap_or(digits.len());
    let (digits, suffix) = (digits[..split].replace('_', ""), &digits[split..]);
    let dtype = if suffix.is_empty() { Some(DType::I64) } else { suffix_dtype(suffix).filter(|dtype| dtype.is_int()) };
    match dtype {
        Some(dtype) if !digits.is_empty() => integer(&digits, radix, dtype, suffix.is_empty()),
        Some(_) => Err(BadNumber { message: format!("{} has no digits", crop(text)), help: "write 0xff, 0o17 or 0b101".to_string() }),
        None => Err(BadNumber {
            message: format!("{} has digits that base {radix} does not have", crop(text)),
            help: "hexadecimal 0xff, octal 0o17, binary 0b101; integer dtypes may follow: 0xffu8".to_string(),
        }),
    }
}

fn integer(digits: &str, radix: u32, dtype: DType, weak: bool) -> Result<Number, BadNumber> {
    let bits = dtype.size() as u32 * 8;
    let max: i128 = if dtype.is_unsigned() { (1 << bits) - 1 } else { (1 << (bits - 1)) - 1 };
    let value = i128::from_str_radix(digits, radix).ok();
    match value {
        Some(value) if value <= max => Ok(Number { value: Scalar::int(dtype, value), weak, lowest: false }),
        Some(value) if dtype.is_signed() && value == max + 1 => Ok(Number { value: Scalar::int(dtype, value), weak, lowest: true }),
        value => {
            let help = match value {
                Some(value) if weak && value <= u64::MAX as i128 => {
                    format!("the largest {dtype} is {max}; write the suffix u64, or a float")
                }
                _ if weak => format!("the largest {dtype} is {max}; write a float, such as 1e30"),
                _ => format!("the largest {dtype} is {max}"),
            };
            Err(BadNumber { message: format!("{} does not fit {dtype}", crop(digits)), help })
        }
    }
}

fn float(mantissa: &str, dtype: DType, weak: bool) -> Result<Number, BadNumber> {
    // Each dtype reads its own text, so that it is rounded once.
    let value = match dtype {
        DType::F32 => mantissa.parse::<f32>().ok().filter(|value| value.is_finite()).map(Scalar::f32),
        _ => mantissa.parse::<f64>().ok().filter(|value| value.is_finite()).map(Scalar::f64),
    };
    match value {
        Some(value) => Ok(Number { value, weak, lowest: false }),
        None => {
            let largest = if dtype == DType::F32 { "3.4e38" } else { "1.8e308" };
            Err(BadNumber {
                message: format!("{} does not fit {dtype}", crop(mantissa)),
                help: format!("the largest {dtype} is about {largest}; infinity is `inf`"),
            })
        }
    }
}

fn duration(mantissa: &str, is_float: bool, unit: i64) -> Result<Number, BadNumber> {
    let micros = if is_float {
        // 2^53 microseconds are 285 years: within that a fraction that is whole in microseconds is exact after rounding.
        let value = mantissa.parse::<f64>().map_or(f64::INFINITY, |value| value * unit as f64);
        (value.abs() < 9.0e15 && (value - value.round()).abs() < 1e-3).then(|| value.round() as i64)
    } else {
        mantissa.parse::<i64>().ok().and_then(|value| value.checked_mul(unit))
    };
    match micros {
        Some(micros) => Ok(Number { value: Scalar::int(DType::Duration, micros as i128), weak: false, lowest: false }),
        None => Err(BadNumber {
            message: format!("{} is not a duration", crop(mantissa)),
            help: "durations are whole microseconds, up to 292 000 years".to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_kind_of_literal() {
        let weak = |value| Ok(Number { value, weak: true, lowest: false });
        let strong = |value| Ok(Number { value, weak: false, lowest: false });
        assert_eq!(parse("1_000"), weak(Scalar::i64(1000)));
        assert_eq!(parse("0xff"), weak(Scalar::i64(255)));
        assert_eq!(parse("0xffu8"), strong(Scalar::int(DType::U8, 255)));
        assert_eq!(parse("0b101"), weak(Scalar::i64(5)));
        assert_eq!(parse("1.5e-3"), weak(Scalar::f64(1.5e-3)));
        assert_eq!(parse("1e5"), weak(Scalar::f64(1e5)));
        assert_eq!(parse("2f32"), strong(Scalar::f32(2.0)));
        assert_eq!(parse("0.1f32"), strong(Scalar::f32(0.1)));
        assert_eq!(parse("3u8"), strong(Scalar::int(DType::U8, 3)));
        assert_eq!(parse("2im"), weak(Scalar::float(DType::C128, 0.0, 2.0)));
        assert_eq!(parse("30min"), strong(Scalar::int(DType::Duration, 1_800_000_000)));
        assert_eq!(parse("1.5h"), strong(Scalar::int(DType::Duration, 5_400_000_000)));
        assert_eq!(parse("128i8"), Ok(Number { value: Scalar::int(DType::I8, -128), weak: false, lowest: true }));
    }

    #[test]
    fn refuses_what_is_out_of_range_or_no_number() {
        for text in ["300u8", "129i8", "9223372036854775809", "99999999999999999999999999999999999999999999", "1e999", "1e39f32", "1.5u8"] {
            assert!(parse(text).is_err(), "{text}");
        }
        for text in ["12abc", "0x", "0b102", "0xfg", "1e", "1h30min", "0.5us", "999999999999w", "2f16", "1µ"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
