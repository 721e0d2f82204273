//! How values print: scalars in the shortest form that reads back exactly, arrays in brackets, long ones with their edges only. Owns format
//! specifications (`{x:8.3f}`), which follow Python's for numbers and texts.

use super::{Array, DType, Scalar};
use std::ops::Range;

/// Arrays of more elements print their edges only.
pub const MOST: u64 = 1000;
/// Elements shown at either end of a dimension that is cut.
pub const EDGE: u64 = 3;
/// Lines longer than this are broken.
const WIDTH: usize = 100;
/// Arrays whose text is at most this long print on one line, whatever their rank.
const SHORT: usize = 60;
/// Significant digits of floats in arrays.
const DIGITS: usize = 8;

/// A scalar in the shortest form that reads back exactly: `1`, `0.1`, `nan`, `true`, `1.5+2.0im`, `2001-07-03T12:00:00`, `1h 30min`.
pub fn scalar(value: Scalar) -> String {
    match value.dtype {
        DType::Bool => (value.bits != 0).to_string(),
        DType::F32 => float(value.as_f64(), format!("{:?}", f32::from_bits(value.bits as u32))),
        DType::F64 => float(value.as_f64(), format!("{:?}", value.as_f64())),
        DType::C64 | DType::C128 => {
            let part = |part: f64| {
                let real = Scalar::float(value.dtype.real(), part, 0.0);
                scalar(real)
            };
            let im = part(value.imag());
            format!("{}{}{im}im", part(value.as_f64()), if im.starts_with('-') { "" } else { "+" })
        }
        DType::DateTime(_) if value.bits as u64 as i64 == i64::MIN => "nat".into(),
        DType::DateTime(calendar) => calendar.format(value.bits as u64 as i64),
        DType::Duration => duration(value.bits as u64 as i64),
        _ => value.as_int().unwrap_or(0).to_string(),
    }
}

fn float(value: f64, shortest: String) -> String {
    if value.is_nan() { "nan".into() } else { shortest }
}

/// `1d 2h 3min 4.5s`
fn duration(micros: i64) -> String {
    if micros == i64::MIN {
        return "nat".into();
    }
    let mut rest = micros.unsigned_abs();
    let mut parts = Vec::new();
    for (name, unit) in [("d", 86_400_000_000), ("h", 3_600_000_000), ("min", 60_000_000)] {
        if rest >= unit {
            parts.push(format!("{}{name}", rest / unit));
            rest %= unit;
        }
    }
    if rest > 0 || parts.is_empty() {
        parts.push(match rest % 1_000_000 {
            0 => format!("{}s", rest / 1_000_000),
            _ => format!("{}s", rest as f64 / 1e6),
        });
    }
    format!("{}{}", if micros < 0 { "-" } else { "" }, parts.join(" "))
}

/// Which indices along each dimension are printed of an array of this shape: all, or both ends.
pub fn shown(shape: &[u64]) -> Vec<Vec<Range<u64>>> {
    let cut = shape.iter().fold(1u64, |all, size| all.saturating_mul(*size)) > MOST;
    let ranges = |size: &u64| match cut && *size > 2 * EDGE {
        true => vec![0..EDGE, size - EDGE..*size],
        false => vec![0..*size],
    };
    shape.iter().map(ranges).collect()
}

/// An array of shape `shape`, of which `values` holds what `shown` says.
pub fn array(values: &Array, shape: &[u64]) -> String {
    if shape.is_empty() {
        return values.item().map(scalar).unwrap_or_default();
    }
    let texts: Vec<String> = values.scalars().into_iter().map(element).collect();
    let cut: Vec<bool> = shown(shape).iter().map(|ranges| ranges.len() > 1).collect();
    let width = if shape.len() > 1 { texts.iter().map(|text| text.chars().count()).max().unwrap_or(0) } else { 0 };
    let mut out = String::new();
    nested(&texts, &values.shape(), &cut, width, 0, &mut out);
    if shape.len() > 1 && texts.len() <= SHORT && !cut.contains(&true) {
        let words: Vec<&str> = out.split_whitespace().collect();
        let line = words.join(" ").replace("[ ", "[");
        if line.chars().count() <= SHORT {
            return line;
        }
    }
    out
}

/// A scalar as arrays show it: floats with at most `DIGITS` significant digits.
fn element(value: Scalar) -> String {
    let text = scalar(value);
    if !value.dtype.is_float() || text.chars().filter(char::is_ascii_digit).count() <= DIGITS {
        return text;
    }
    let short = significant(value.as_f64(), DIGITS);
    if short.contains(['.', 'e', 'n']) { short } else { short + ".0" }
}

fn nested(texts: &[String], sizes: &[u64], cut: &[bool], width: usize, depth: usize, out: &mut String) {
    out.push('[');
    let size = sizes[0] as usize;
    let stride = texts.len().checked_div(size).unwrap_or(0);
    let mut column = depth + 1;
    for at in 0..size {
        if sizes.len() == 1 {
            let text = format!("{:>width$}", texts[at]);
            let gap = if at == 0 { "" } else { ", " };
            column += gap.len() + text.chars().count();
            if column > WIDTH && at > 0 {
                out.push_str(",\n");
                out.push_str(&" ".repeat(depth + 1));
                column = depth + 1 + text.chars().count();
            } else {
                out.push_str(gap);
            }
            if cut[0] && at == EDGE as usize {
                out.push_str("…, ");
                column += 3;
            }
            out.push_str(&text);
        } else {
            if at > 0 {
                out.push_str(",\n");
                // Matrices of a larger array are set apart.
                out.push_str(&"\n".repeat(sizes.len() - 2));
                out.push_str(&" ".repeat(depth + 1));
            }
            if cut[0] && at == EDGE as usize {
                out.push_str("…,\n");
                out.push_str(&" ".repeat(depth + 1));
            }
            nested(&texts[at * stride..(at + 1) * stride], &sizes[1..], &cut[1..], width, depth + 1, out);
        }
    }
    out.push(']');
}

/// A format specification: `[[fill]align][sign][0][width][,][.precision][type]` as Python's, for numbers and texts.
#[derive(Clone, Debug, Default, PartialEq)]
struct Spec {
    fill: Option<char>,
    align: Option<char>,
    plus: bool,
    width: usize,
    thousands: bool,
    precision: Option<usize>,
    kind: Option<char>,
}

impl Spec {
    fn parse(text: &str) -> Option<Spec> {
        let chars: Vec<char> = text.chars().collect();
        let mut spec = Spec::default();
        let mut at = 0;
        let align = |c: Option<&char>| c.copied().filter(|c| "<>^".contains(*c));
        if let Some(side) = align(chars.get(1)) {
            (spec.fill, spec.align) = (Some(chars[0]), Some(side));
            at = 2;
        } else if let Some(side) = align(chars.first()) {
            spec.align = Some(side);
            at = 1;
        }
        if chars.get(at) == Some(&'+') {
            spec.plus = true;
            at += 1;
        }
        if chars.get(at) == Some(&'0') && spec.fill.is_none() {
            spec.fill = Some('0');
        }
        let mut number = || {
            let from = at;
            while chars.get(at).is_some_and(char::is_ascii_digit) {
                at += 1;
            }
            (chars[from..at].iter().collect::<String>(), at)
        };
        let (width, next) = number();
        spec.width = if width.is_empty() { 0 } else { width.parse().ok().filter(|width| *width <= 1000)? };
        at = next;
        if chars.get(at) == Some(&',') {
            spec.thousands = true;
            at += 1;
        }
        if chars.get(at) == Some(&'.') {
            let digits: String = chars[at + 1..].iter().take_while(|c| c.is_ascii_digit()).collect();
            at += 1 + digits.len();
            spec.precision = Some(digits.parse().ok().filter(|digits| *digits <= 300)?);
        }
        if let Some(kind) = chars.get(at) {
            spec.kind = Some(*kind).filter(|kind| "fegdxbs%".contains(*kind));
            spec.kind?;
            at += 1;
        }
        (at == chars.len()).then_some(spec)
    }

    fn pad(&self, text: String, number: bool) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        let fill = self.fill.unwrap_or(' ');
        let some = |count: usize| std::iter::repeat_n(fill, count).collect::<String>();
        match self.align.unwrap_or(if number { '>' } else { '<' }) {
            '<' => text + &some(missing),
            '^' => some(missing / 2) + &text + &some(missing - missing / 2),
            _ if fill == '0' && number => {
                let sign = text.starts_with(['-', '+']) as usize;
                format!("{}{}{}", &text[..sign], some(missing), &text[sign..])
            }
            _ => some(missing) + &text,
        }
    }
}

/// A text under a format specification; as it is where the specification cannot be read.
pub fn format_text(text: &str, spec: &str) -> String {
    match Spec::parse(spec) {
        Some(spec) => spec.pad(text.chars().take(spec.precision.unwrap_or(usize::MAX)).collect(), false),
        None => text.to_string(),
    }
}

/// A scalar under a format specification: `.3` and `.3g` significant digits, `.3f` decimals, `.3e`, `%`, `x`, `b`, `,`.
pub fn format_scalar(value: Scalar, text: &str) -> String {
    let Some(spec) = Spec::parse(text) else { return scalar(value) };
    if value.dtype == DType::Bool || value.dtype.is_time() || value.dtype.is_complex() {
        return spec.pad(scalar(value), value.dtype.is_complex());
    }
    let number = value.as_f64();
    let digits = |default: usize| spec.precision.unwrap_or(default);
    let mut body = match (spec.kind, value.as_int()) {
        (Some('x'), Some(int)) => format!("{int:x}"),
        (Some('b'), Some(int)) => format!("{int:b}"),
        (Some('f'), _) => format!("{number:.*}", digits(6)),
        (Some('%'), _) => format!("{:.*}%", digits(6), number * 100.0),
        (Some('e'), _) => exponent(number, digits(6)),
        (Some('g'), _) => significant(number, digits(6)),
        (None, None) if spec.precision.is_some() => significant(number, digits(6)),
        _ => scalar(value),
    };
    if !number.is_finite() {
        body = scalar(value);
    }
    if spec.thousands {
        body = thousands(&body);
    }
    if spec.plus && !body.starts_with('-') {
        body.insert(0, '+');
    }
    spec.pad(body, true)
}

/// `1.50e+03`, as Python writes it.
fn exponent(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$e}");
    match text.split_once('e') {
        Some((mantissa, power)) => {
            let power: i32 = power.parse().unwrap_or(0);
            format!("{mantissa}e{}{:02}", if power < 0 { '-' } else { '+' }, power.abs())
        }
        None => text,
    }
}

/// So many significant digits, trailing zeros left out.
fn significant(value: f64, digits: usize) -> String {
    let digits = digits.max(1);
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".into() } else { format!("{value}") };
    }
    let power: i32 = format!("{value:.*e}", digits - 1).split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
    let trim =
        |text: &str| if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text.to_string() };
    if power < -4 || power >= digits as i32 {
        let text = exponent(value, digits - 1);
        return match text.split_once('e') {
            Some((mantissa, power)) => format!("{}e{power}", trim(mantissa)),
            None => text,
        };
    }
    trim(&format!("{value:.*}", (digits as i32 - 1 - power).max(0) as usize))
}

fn thousands(text: &str) -> String {
    let digits = text.trim_start_matches('-').chars().take_while(char::is_ascii_digit).count();
    let start = text.len() - text.trim_start_matches('-').len();
    let mut out = text[..start].to_string();
    for (at, digit) in text[start..start + digits].chars().enumerate() {
        if at > 0 && (digits - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out + &text[start + digits..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::{ArrayTy, Buffer, Calendar};
    use std::sync::Arc;

    #[test]
    fn scalars_read_back() {
        for (value, text) in [
            (Scalar::f64(1.0), "1.0"),
            (Scalar::f64(0.1), "0.1"),
            (Scalar::f64(1e300), "1e300"),
            (Scalar::f64(f64::NAN), "nan"),
            (Scalar::f64(-f64::INFINITY), "-inf"),
            (Scalar::f32(0.1), "0.1"),
            (Scalar::i64(-7), "-7"),
            (Scalar::bool(true), "true"),
            (Scalar::float(DType::C128, 1.5, -2.0), "1.5-2.0im"),
            (Scalar::int(DType::Duration, 5_400_000_000), "1h 30min"),
            (Scalar::int(DType::Duration, -500_000), "-0.5s"),
            (Scalar::int(DType::DateTime(Calendar::Standard), 0), "1970-01-01"),
        ] {
            assert_eq!(scalar(value), text);
        }
    }

    #[test]
    fn formats_are_pythons() {
        for (value, spec, text) in [
            (2.71459, ".3", "2.71"),
            (1234567.0, ".3", "1.23e+06"),
            (2.71459, ".2f", "2.71"),
            (2.71459, "8.2f", "    2.71"),
            (-2.71459, "08.2f", "-0002.71"),
            (1234567.891, ",.1f", "1,234,567.9"),
            (0.25, ".0%", "25%"),
            (1500.0, ".2e", "1.50e+03"),
            (2.5, "+", "+2.5"),
            (2.5, "<6", "2.5   "),
            (2.5, "*^7", "**2.5**"),
        ] {
            assert_eq!(format_scalar(Scalar::f64(value), spec), text, "{spec}");
        }
        assert_eq!(format_scalar(Scalar::i64(255), "x"), "ff");
        assert_eq!(format_text("ab", ">5"), "   ab");
        assert_eq!(format_text("ab", "abc"), "ab");
    }

    #[test]
    fn arrays_nest_and_are_cut() {
        let make = |shape: &[u64]| {
            let count: u64 = shape.iter().product();
            let bytes: Vec<u8> = (0..count as i64).flat_map(i64::to_ne_bytes).collect();
            Array::new(ArrayTy::unnamed(DType::I64, shape), Arc::new(Buffer::from_bytes(&bytes)))
        };
        assert_eq!(array(&make(&[3]), &[3]), "[0, 1, 2]");
        assert_eq!(array(&make(&[0]), &[0]), "[]");
        assert_eq!(array(&make(&[2, 2]), &[2, 2]), "[[0, 1], [2, 3]]");
        let long = Array::from_scalars(DType::F64, &[Scalar::f64(1.0 / 3.0), Scalar::f64(1e10), Scalar::f64(123456789.0)]);
        assert_eq!(array(&long, &[3]), "[0.33333333, 1e+10, 1.2345679e+08]");
        assert_eq!(array(&make(&[6]), &[2000]), "[0, 1, 2, …, 3, 4, 5]");
        assert_eq!(array(&make(&[6, 2]), &[600, 2]), "[[ 0,  1],\n [ 2,  3],\n [ 4,  5],\n …,\n [ 6,  7],\n [ 8,  9],\n [10, 11]]");
    }
}
