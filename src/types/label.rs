//! Selection by coordinate: which positions of a dimension a label or a range of labels means. Owns no slicing (see `slice`).
//!
//! - A label is rounded to the coordinate's precision and must be there, or the nearest is taken where that is asked for (of two equally
//!   near the one with the larger coordinate).
//! - A range takes all points from one end to the other, both included, in the order in which they are stored; the ends may be in either
//!   order. The coordinate rises or falls throughout.
//! - A text is a date or a part of one in the coordinate's calendar and covers all of it: a year or month is the range of its points, a day
//!   or a finer time its only point, or the range of its points where there are several. As an end of a range it counts as a whole.
//!
//! Coordinates are small and scanned: O(n).

use crate::array::calendar::MICROS_PER_DAY;
use crate::array::{Coord, DType, Dim, Scalar};
use crate::base::{Code, Diagnostic, Outcome};
use std::cmp::Ordering;

/// What a program selects by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Label<'a> {
    Value(Scalar),
    Text(&'a str),
}

/// Positions along a dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// One point: the dimension goes.
    At(u64),
    /// From the first up to the second.
    Range(u64, u64),
}

/// The points that a label covers, both ends included.
struct Covered {
    low: Scalar,
    high: Scalar,
    /// The only point there stands for the label, without its dimension.
    point: bool,
}

/// The position of a label, or the positions that a date covers. K0507 if there is none, K0405 without a coordinate, K0301 for a label
/// that is none of the coordinate's values.
pub fn find_label(dim: &Dim, label: Label, nearest: bool) -> Outcome<Selection> {
    let coord = coordinate(dim)?;
    let covered = covered(dim, coord, label)?;
    if nearest {
        return nearest_to(coord, covered.low).map(Selection::At).ok_or_else(|| missing(dim, coord, &shown_label(label)));
    }
    let found = within(dim, coord, Some(covered.low), Some(covered.high))?;
    let (first, after) = found.ok_or_else(|| missing(dim, coord, &shown_label(label)))?;
    Ok(if covered.point && after - first == 1 { Selection::At(first) } else { Selection::Range(first, after) })
}

/// The positions from one label to another, both included; an end left out is the coordinate's own. Errors as `find_label`.
pub fn find_range(dim: &Dim, from: Option<Label>, to: Option<Label>) -> Outcome<Selection> {
    let coord = coordinate(dim)?;
    let ends = |label: Option<Label>| label.map(|label| covered(dim, coord, label)).transpose();
    let (from_end, to_end) = (ends(from)?, ends(to)?);
    let swapped = match (&from_end, &to_end) {
        (Some(a), Some(b)) => order(a.low, b.low) == Ordering::Greater,
        _ => falls(coord),
    };
    let (low, high) = if swapped { (to_end, from_end) } else { (from_end, to_end) };
    let found = within(dim, coord, low.map(|end| end.low), high.map(|end| end.high))?;
    found.map(|(first, after)| Selection::Range(first, after)).ok_or_else(|| {
        let shown = |label: Option<Label>| label.map_or_else(String::new, shown_label);
        missing(dim, coord, &format!("{}..{}", shown(from), shown(to)))
    })
}

fn name(dim: &Dim) -> &str {
    dim.name.as_deref().unwrap_or("the dimension")
}

fn coordinate(dim: &Dim) -> Outcome<&Coord> {
    dim.coord.as_deref().ok_or_else(|| {
        let message = format!("{} has no coordinate to select by", name(dim));
        Diagnostic::new(Code::Coordinates, message).help(format!("select by position: `x.isel({} = 0)`", name(dim)))
    })
}

/// A label in what the coordinate is compared in: its own dtype, or `f64` beside integers.
fn covered(dim: &Dim, coord: &Coord, label: Label) -> Outcome<Covered> {
    let own = coord.values.dtype();
    let one = |value: Scalar| Ok(Covered { low: value, high: value, point: true });
    match (label, own) {
        (Label::Text(text), DType::DateTime(calendar)) => {
            let instants = calendar.parse_range(text).ok_or_else(|| {
                let message = format!("\"{text}\" is no date of the {calendar} calendar");
                Diagnostic::new(Code::Value, message).help("dates are written `1981`, `1981-07`, `1981-07-03`, `1981-07-03T12:30`")
            })?;
            let point = instants.end - instants.start <= MICROS_PER_DAY;
            let instant = |micros: i64| Scalar::int(own, micros.into());
            Ok(Covered { low: instant(instants.start), high: instant(instants.end - 1), point })
        }
        (Label::Value(value), _) if value.dtype == own && own.is_time() => one(value),
        (Label::Value(value), _) if !own.is_time() && !value.dtype.is_time() && !value.dtype.is_complex() => {
            one(if own.is_float() { value.cast(own) } else { value.cast(DType::F64) })
        }
        _ => {
            let message = format!("{} is labelled by {own}, not by {}", name(dim), label_kind(label));
            let error = Diagnostic::new(Code::Type, message);
            Err(if own.is_time() { error.help("a date is a text: `x.sel(time = \"1981-07-03\")`") } else { error })
        }
    }
}

fn label_kind(label: Label) -> String {
    match label {
        Label::Value(value) => value.dtype.to_string(),
        Label::Text(_) => "text".into(),
    }
}

fn order(a: Scalar, b: Scalar) -> Ordering {
    if a.dtype.is_time() { a.as_int().cmp(&b.as_int()) } else { (a.as_f64() + 0.0).total_cmp(&(b.as_f64() + 0.0)) }
}

fn falls(coord: &Coord) -> bool {
    let count = coord.values.count();
    let ends = (coord.values.get(&[0]), coord.values.get(&[count.saturating_sub(1)]));
    matches!(ends, (Some(first), Some(last)) if order(first, last) == Ordering::Greater)
}

/// First and one past the last of the points between two ends; none if there are none. K0405 if they do not stand together.
fn within(dim: &Dim, coord: &Coord, low: Option<Scalar>, high: Option<Scalar>) -> Outcome<Option<(u64, u64)>> {
    let inside = |value: &Scalar| low.is_none_or(|low| order(*value, low).is_ge()) && high.is_none_or(|high| order(*value, high).is_le());
    let values = coord.values.scalars();
    let Some(first) = values.iter().position(inside) else { return Ok(None) };
    let last = values.iter().rposition(inside).unwrap_or(first);
    if !values[first..=last].iter().all(inside) {
        let message =
            format!("the coordinate of {} neither rises nor falls throughout, so that a range of it is no part in one piece", name(dim));
        return Err(Diagnostic::new(Code::Coordinates, message).help("select by position or single label"));
    }
    Ok(Some((first as u64, last as u64 + 1)))
}

/// The position nearest to a value; none of an empty coordinate.
pub fn nearest_to(coord: &Coord, wanted: Scalar) -> Option<u64> {
    let distance = |value: Scalar| match (value.dtype.is_time(), value.as_int(), wanted.as_int()) {
        (true, Some(value), Some(wanted)) => (value - wanted).unsigned_abs() as f64,
        _ => (value.as_f64() - wanted.as_f64()).abs(),
    };
    let candidates = coord.values.scalars().into_iter().enumerate().filter(|(_, value)| !distance(*value).is_nan());
    let nearest = candidates.min_by(|(_, a), (_, b)| distance(*a).total_cmp(&distance(*b)).then(order(*b, *a)));
    nearest.map(|(at, _)| at as u64)
}

fn missing(dim: &Dim, coord: &Coord, wanted: &str) -> Box<Diagnostic> {
    let error = Diagnostic::new(Code::Value, format!("{} has no point at {wanted}", name(dim)));
    let count = coord.values.count();
    match (coord.values.get(&[0]), coord.values.get(&[count.saturating_sub(1)])) {
        (Some(first), Some(last)) => {
            error.help(format!("it has {count} points from {} to {}; `nearest = true` takes the nearest one", shown(first), shown(last)))
        }
        _ => error.help("it has no points"),
    }
}

fn shown_label(label: Label) -> String {
    match label {
        Label::Value(value) => shown(value),
        Label::Text(text) => format!("\"{text}\""),
    }
}

/// A label in a message.
fn shown(value: Scalar) -> String {
    match (value.dtype, value.as_int()) {
        (DType::DateTime(calendar), Some(micros)) => calendar.format(micros as i64),
        (_, Some(int)) => int.to_string(),
        (DType::F32, None) => format!("{:?}", value.as_f64() as f32),
        _ => format!("{:?}", value.as_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::Selection::{At, Range};
    use super::*;
    use crate::array::{Array, Calendar, Size};
    use std::sync::Arc;

    fn dim(values: Vec<Scalar>) -> Dim {
        let size = Size::Known(values.len() as u64);
        let values = Array::from_scalars(values[0].dtype, &values);
        Dim { name: Some("lat".into()), size, coord: Some(Arc::new(Coord { values, units: None })) }
    }
    fn floats(values: &[f64]) -> Dim {
        dim(values.iter().map(|value| Scalar::f64(*value)).collect())
    }
    fn dates(texts: &[&str]) -> Dim {
        let calendar = Calendar::Standard;
        dim(texts.iter().map(|text| Scalar::int(DType::DateTime(calendar), calendar.parse_time(text).unwrap().into())).collect())
    }
    fn value(value: f64) -> Label<'static> {
        Label::Value(Scalar::f64(value))
    }

    #[test]
    fn labels_are_found() {
        let (rising, falling) = (floats(&[-10.0, -5.0, 0.0, 5.0, 10.0]), floats(&[10.0, 5.0, 0.0, -5.0, -10.0]));
        assert_eq!(find_label(&rising, value(5.0), false).unwrap(), At(3));
        assert_eq!(find_label(&rising, value(-0.0), false).unwrap(), At(2));
        assert_eq!(find_label(&rising, value(6.0), true).unwrap(), At(3));
        assert_eq!(find_label(&falling, value(2.5), true).unwrap(), At(1));
        assert_eq!(find_label(&rising, value(99.0), true).unwrap(), At(4));
        for (dim, want) in [(&rising, Range(1, 4)), (&falling, Range(1, 4))] {
            assert_eq!(find_range(dim, Some(value(-5.0)), Some(value(5.0))).unwrap(), want);
            assert_eq!(find_range(dim, Some(value(5.0)), Some(value(-5.0))).unwrap(), want);
        }
        assert_eq!(find_range(&rising, Some(value(1.0)), None).unwrap(), Range(3, 5));
        assert_eq!(find_range(&falling, Some(value(1.0)), None).unwrap(), Range(2, 5));
        assert_eq!(find_range(&falling, None, Some(value(1.0))).unwrap(), Range(0, 2));
        let single = dim([0.1f32, 0.2].map(Scalar::f32).to_vec());
        assert_eq!(find_label(&single, value(0.1), false).unwrap(), At(0));
        assert_eq!(find_range(&single, Some(value(0.1)), Some(value(0.2))).unwrap(), Range(0, 2));
    }

    #[test]
    fn dates_cover_what_they_name() {
        let monthly = dates(&["1981-01", "1981-02", "1981-03", "1982-01", "1982-02"]);
        let text = |text: &'static str| Label::Text(text);
        assert_eq!(find_label(&monthly, text("1981"), false).unwrap(), Range(0, 3));
        assert_eq!(find_label(&monthly, text("1981-02"), false).unwrap(), Range(1, 2));
        assert_eq!(find_label(&monthly, text("1981-02-01"), false).unwrap(), At(1));
        assert_eq!(find_label(&monthly, text("1981-02-20"), true).unwrap(), At(2));
        assert_eq!(find_range(&monthly, Some(text("1981-02")), Some(text("1982"))).unwrap(), Range(1, 5));
        assert_eq!(find_range(&monthly, None, Some(text("1981"))).unwrap(), Range(0, 3));
        let hourly = dates(&["1981-01-01T00", "1981-01-01T06", "1981-01-02T00"]);
        assert_eq!(find_label(&hourly, text("1981-01-01"), false).unwrap(), Range(0, 2));
        assert_eq!(find_label(&hourly, text("1981-01-01T06"), false).unwrap(), At(1));
    }

    #[test]
    fn what_is_not_there_says_what_is() {
        let lat = floats(&[-10.0, 0.0, 10.0]);
        let table = [
            (find_label(&lat, value(5.0), false), Code::Value, "lat has no point at 5.0"),
            (find_range(&lat, Some(value(20.0)), None), Code::Value, "lat has no point at 20.0.."),
            (find_label(&lat, Label::Text("1981"), false), Code::Type, "lat is labelled by f64, not by text"),
            (find_label(&dates(&["1981"]), Label::Text("spring"), false), Code::Value, "\"spring\" is no date of the standard calendar"),
            (find_label(&Dim::named("x", 3), value(1.0), false), Code::Coordinates, "x has no coordinate to select by"),
        ];
        for (got, code, message) in table {
            let error = got.unwrap_err();
            assert_eq!((error.code, error.message.as_str()), (code, message));
        }
        let mixed = floats(&[0.0, 20.0, 10.0]);
        assert_eq!(find_range(&mixed, Some(value(0.0)), Some(value(10.0))).unwrap_err().code, Code::Coordinates);
    }
}
