//! Periods of a dimension of datetimes: where they begin, and which one each point is in. Owns no calendar (see `array::calendar`).

use super::super::Args;
use super::super::build::{Build, Value};
use crate::array::calendar::{MICROS_PER_DAY, MICROS_PER_SECOND};
use crate::array::{Array, Calendar, DType, Scalar, Size};
use crate::base::{Code, Diagnostic, Outcome};
use crate::types::dims::{DimRef, find_dim};
use crate::types::group::{Groups, Parting, labelled};
use std::sync::Arc;

/// Periods beyond which something is wrong.
const MAX_PERIODS: i64 = 1 << 24;

/// How long a period is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Period {
    Micros(i64),
    /// So many months, the first of which is this month of a year (0 is January).
    Months(i64, i64),
}

pub fn resample(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let x = args.array(0)?;
    let [(Some(name), every)] = args.rest.as_slice() else {
        return Err(Diagnostic::new(Code::Arguments, "one dimension and its period are needed").help("as in `x.resample(time = \"1MS\")`"));
    };
    let ty = b.ty(x);
    let axis = find_dim(&ty, &DimRef::Name(name.clone(), args.span))?;
    let dim = &ty.dims[axis];
    let values = dim.coord.as_ref().map(|coord| &coord.values).filter(|values| dim.size == Size::Known(values.count()));
    let Some((values, DType::DateTime(calendar))) = values.map(|values| (values, values.dtype())) else {
        let message = format!("{name} has no coordinate of datetimes");
        return Err(Diagnostic::new(Code::Coordinates, message).help("give it one: `x.assign_coords(time = …)`"));
    };
    let period = period(b, every)?;
    let instants: Vec<i64> = values.scalars().into_iter().filter_map(|value| i64::try_from(value.as_int()?).ok()).collect();
    if !instants.is_sorted() {
        let message = format!("the coordinate of {name} does not rise throughout");
        return Err(Diagnostic::new(Code::Coordinates, message).help("sort it: `x.sortby(time)`"));
    }
    let (of, starts) = periods(&instants, calendar, period)
        .ok_or_else(|| Diagnostic::new(Code::Value, format!("{name} would have more than {MAX_PERIODS} periods")))?;
    let starts: Vec<Scalar> = starts.into_iter().map(|start| Scalar::int(values.dtype(), start.into())).collect();
    let groups = Groups::new(axis, of, labelled(Some(name.clone()), Array::from_scalars(values.dtype(), &starts)));
    Ok(Value::Grouped(vec![x], Arc::new(Parting::Groups(vec![groups]))))
}

fn period(b: &dyn Build, value: &Value) -> Outcome<Period> {
    let wrong = || {
        let message = "a period is a duration or a text such as \"1MS\", known when the program is checked";
        Diagnostic::new(Code::Value, message).help("units are s, min, h, D, MS, QS, YS; QS-DEC begins in December")
    };
    let period = match value {
        Value::Array(a) => match b.known(*a) {
            Some(value) if value.dtype == DType::Duration => {
                value.as_int().and_then(|micros| i64::try_from(micros).ok()).map(Period::Micros)
            }
            _ => None,
        },
        Value::Text(text) => parse(text),
        _ => None,
    };
    period.filter(|period| matches!(period, Period::Micros(1..) | Period::Months(1.., _))).ok_or_else(wrong)
}

/// `3h`, `MS`, `2QS-DEC`.
fn parse(text: &str) -> Option<Period> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (count, unit) = text.split_at(digits);
    let count: i64 = if count.is_empty() { 1 } else { count.parse().ok()? };
    let (unit, anchor) = unit.split_once('-').map_or((unit, None), |(unit, anchor)| (unit, Some(anchor)));
    let months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let first = anchor.map_or(Some(0), |anchor| months.iter().position(|month| *month == anchor))? as i64;
    let micros = |unit: i64| if anchor.is_none() { count.checked_mul(unit).map(Period::Micros) } else { None };
    match unit {
        "s" | "S" => micros(MICROS_PER_SECOND),
        "min" | "T" => micros(60 * MICROS_PER_SECOND),
        "h" | "H" => micros(3600 * MICROS_PER_SECOND),
        "D" | "d" => micros(MICROS_PER_DAY),
        "MS" if anchor.is_none() => Some(Period::Months(count, -1)),
        "QS" => Some(Period::Months(count.checked_mul(3)?, first % 3)),
        "YS" | "AS" => Some(Period::Months(count.checked_mul(12)?, first)),
        _ => None,
    }
}

/// The period of each instant, counted from the first one's, and where each begins.
fn periods(instants: &[i64], calendar: Calendar, period: Period) -> Option<(Vec<i64>, Vec<i64>)> {
    let Some(first) = instants.first() else { return Some((Vec::new(), Vec::new())) };
    let month_of = |micros: i64| {
        let civil = calendar.civil(micros);
        civil.year * 12 + i64::from(civil.month) - 1
    };
    let of: Vec<i64>;
    let start: Box<dyn Fn(i64) -> Option<i64>>;
    match period {
        Period::Micros(step) => {
            let midnight = first.div_euclid(MICROS_PER_DAY) * MICROS_PER_DAY;
            let origin = midnight + (first - midnight).div_euclid(step) * step;
            of = instants.iter().map(|instant| (instant - origin).div_euclid(step)).collect();
            start = Box::new(move |at| Some(origin + at * step));
        }
        Period::Months(step, anchor) => {
            // Months alone begin where the data do; quarters and years have their own first month.
            let own = month_of(*first);
            let grid = if step % 12 == 0 { 12 } else { 3 };
            let origin = if anchor < 0 { own } else { (own - anchor).div_euclid(grid) * grid + anchor };
            of = instants.iter().map(|instant| (month_of(*instant) - origin).div_euclid(step)).collect();
            start = Box::new(move |at| {
                let month = origin + at * step;
                Some(calendar.days(month.div_euclid(12), month.rem_euclid(12) as u32 + 1, 1)? * MICROS_PER_DAY)
            });
        }
    }
    let count = of.last()? + 1;
    if count > MAX_PERIODS {
        return None;
    }
    Some((of, (0..count).map(start).collect::<Option<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        Calendar::Standard.parse_time(text).unwrap()
    }

    #[test]
    fn periods_are_those_of_the_calendar() {
        let instants = [at("2000-01-30"), at("2000-01-31T12:00"), at("2000-03-01"), at("2001-12-31")];
        let table: [(&str, &[i64], &str, usize); 6] = [
            ("MS", &[0, 0, 2, 23], "2000-01-01", 24),
            ("2MS", &[0, 0, 1, 11], "2000-01-01", 12),
            ("QS-DEC", &[0, 0, 1, 8], "1999-12-01", 9),
            ("YS", &[0, 0, 0, 1], "2000-01-01", 2),
            ("7D", &[0, 0, 4, 100], "2000-01-30", 101),
            ("12h", &[0, 3, 62, 1402], "2000-01-30", 1403),
        ];
        for (text, of, start, count) in table {
            let (got, starts) = periods(&instants, Calendar::Standard, parse(text).unwrap()).unwrap();
            assert_eq!((got.as_slice(), starts[0], starts.len()), (of, at(start), count), "{text}");
        }
        assert_eq!(parse("fortnight"), None);
        assert_eq!(parse("1MS-DEC"), None);
    }
}
