//! Parts of datetimes, element by element: the rules of `array::calendar` as integer arithmetic on whole arrays, against which they are
//! tested. Of a missing instant a part means nothing.

use super::build::{A, Build, Value};
use super::parts::{X, built, cast, elementwise, examples, optional, required};
use super::{Args, Builtin, Default, Example, Family, ParamKind};
use crate::array::calendar::{MICROS_PER_DAY, MICROS_PER_SECOND};
use crate::array::{Calendar, DType, Scalar};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;

pub const TABLE: &[Builtin] = &[
    built(
        "datetime",
        Family::Creation,
        &[required("text", ParamKind::Text), optional("calendar", ParamKind::Text, Default::Absent)],
        |b, args| datetime(b, args).map(Value::Array),
        "The datetime that a text names: `datetime(\"1981-07-03T12:30\")`; of a year, month or day its beginning.\n\
         The calendar is one of CF's, `standard` unless given: `datetime(\"2000-02-30\", calendar = \"360_day\")`.",
        examples!["print(datetime(\"2000-03-01\") - datetime(\"2000-02-01\") == 29d)" => "true"],
    ),
    part(
        "year",
        |b, args| date(b, args, |date| date.year),
        "The year, `i64`.",
        examples!["print(datetime(\"1981-07-03\").year)" => "1981"],
    ),
    part(
        "month",
        |b, args| date(b, args, |date| date.month),
        "The month, 1 to 12.",
        examples!["print(datetime(\"1981-07-03\").month)" => "7"],
    ),
    part(
        "day",
        |b, args| date(b, args, |date| date.day),
        "The day of the month, from 1.",
        examples!["print(datetime(\"1981-07-03\").day)" => "3"],
    ),
    part(
        "dayofyear",
        |b, args| day_of_year(b, args).map(Value::Array),
        "The day of the year, 1 on the first of January.",
        examples!["print(datetime(\"1981-02-03\").dayofyear)" => "34"],
    ),
    part(
        "season",
        |b, args| {
            date(b, args, |date| date.month).and_then(|month| match month {
                Value::Array(month) => season(b, month).map(Value::Array),
                other => Ok(other),
            })
        },
        "The meteorological season: 1 December to February, 2 March to May, 3 June to August, 4 September to November.",
        examples!["print(datetime(\"1981-12-03\").season)" => "1"],
    ),
    part(
        "dayofweek",
        |b, args| day_of_week(b, args).map(Value::Array),
        "The day of the week, 0 on Monday to 6 on Sunday. Not for calendars without weeks (K0302): `noleap`, `all_leap`, `360_day`.",
        examples!["print(datetime(\"1981-07-03\").dayofweek)" => "4"],
    ),
    part(
        "quarter",
        |b, args| {
            let Value::Array(month) = date(b, args, |date| date.month)? else { return Ok(Value::Unit) };
            let from_january = with(b, Op::Sub, month, 1)?;
            let quarter = with(b, Op::FloorDiv, from_january, 3)?;
            with(b, Op::Add, quarter, 1).map(Value::Array)
        },
        "The quarter of the year, 1 to 4.",
        examples!["print(datetime(\"1981-07-03\").quarter)" => "3"],
    ),
    part(
        "week",
        |b, args| week(b, args).map(Value::Array),
        "The number of the week by ISO 8601, 1 to 53: weeks begin on Monday and belong to the year of their Thursday. Calendars as for `dayofweek`.",
        examples!["print(datetime(\"2021-01-03\").week, datetime(\"2021-01-04\").week)" => "53 1"],
    ),
    part(
        "days_in_month",
        |b, args| {
            let (micros, calendar) = instants(b, args)?;
            let days = with(b, Op::FloorDiv, micros, MICROS_PER_DAY)?;
            let first = first_of_month(b, days, calendar)?;
            // No month has more than 31 days, and none so few that this is beyond the next.
            let later = with(b, Op::Add, first, 31)?;
            let next = first_of_month(b, later, calendar)?;
            elementwise(b, Op::Sub, &[next, first]).map(Value::Array)
        },
        "How many days the month has. October 1582 of the standard calendar counts those that were left out.",
        examples!["print(datetime(\"2000-02-03\").days_in_month)" => "29"],
    ),
    part(
        "days_in_year",
        |b, args| {
            let (micros, calendar) = instants(b, args)?;
            let days = with(b, Op::FloorDiv, micros, MICROS_PER_DAY)?;
            let first = first_day(b, days, calendar)?;
            let later = with(b, Op::Add, first, 366)?;
            let next = first_day(b, later, calendar)?;
            elementwise(b, Op::Sub, &[next, first]).map(Value::Array)
        },
        "How many days the year has.",
        examples!["print(datetime(\"2000-02-03\").days_in_year)" => "366"],
    ),
    part(
        "hour",
        |b, args| clock(b, args, 3600 * MICROS_PER_SECOND, 24),
        "The hour of the day, 0 to 23.",
        examples!["print(datetime(\"1981-07-03T12:30\").hour)" => "12"],
    ),
    part(
        "minute",
        |b, args| clock(b, args, 60 * MICROS_PER_SECOND, 60),
        "The minute of the hour, 0 to 59.",
        examples!["print(datetime(\"1981-07-03T12:30\").minute)" => "30"],
    ),
    part(
        "second",
        |b, args| clock(b, args, MICROS_PER_SECOND, 60),
        "The second of the minute, 0 to 59, without its fraction.",
        examples!["print(datetime(\"1981-07-03T12:30:15\").second)" => "15"],
    ),
    part(
        "microsecond",
        |b, args| clock(b, args, 1, MICROS_PER_SECOND),
        "The microsecond of the second, 0 to 999999.",
        examples!["print(datetime(\"1981-07-03T12:30:15.25\").microsecond)" => "250000"],
    ),
];

const fn part(
    name: &'static str,
    define: fn(&mut dyn Build, &Args) -> Outcome<Value>,
    doc: &'static str,
    examples: &'static [Example],
) -> Builtin {
    built(name, Family::Elementwise, X, define, doc, examples)
}

/// Arrays of year, month and day.
struct Date {
    year: A,
    month: A,
    day: A,
}

fn datetime(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let text = args.text(0).unwrap_or_default();
    let calendar = match args.text(1) {
        None => Calendar::Standard,
        Some(name) => Calendar::parse(name).ok_or_else(|| {
            let message = format!("\"{name}\" is no calendar");
            Diagnostic::at(Code::Value, args.span_of(1), message)
                .help("calendars are those of the CF conventions: standard, noleap, 360_day, …")
        })?,
    };
    let micros = calendar.parse_time(text).ok_or_else(|| {
        let message = format!("\"{text}\" is no date of the {calendar} calendar");
        Diagnostic::at(Code::Value, args.span_of(0), message).help("dates are written `1981`, `1981-07`, `1981-07-03`, `1981-07-03T12:30`")
    })?;
    Ok(b.constant(Scalar::int(DType::DateTime(calendar), micros.into())))
}

/// The argument in microseconds, and its calendar; K0302 for anything but a datetime.
fn instants(b: &mut dyn Build, args: &Args) -> Outcome<(A, Calendar)> {
    let x = args.array(0)?;
    match b.ty(x).dtype {
        DType::DateTime(calendar) => Ok((cast(b, x, DType::I64)?, calendar)),
        other => Err(Diagnostic::at(Code::Dtype, args.span_of(0), format!("a datetime is needed here, found {other}"))),
    }
}

/// An operation with a number on the right.
fn with(b: &mut dyn Build, op: Op, x: A, number: i64) -> Outcome<A> {
    let number = b.constant(Scalar::i64(number));
    elementwise(b, op, &[x, number])
}

fn clock(b: &mut dyn Build, args: &Args, unit: i64, modulus: i64) -> Outcome<Value> {
    let (micros, _) = instants(b, args)?;
    let units = with(b, Op::FloorDiv, micros, unit)?;
    with(b, Op::Rem, units, modulus).map(Value::Array)
}

fn season(b: &mut dyn Build, month: A) -> Outcome<A> {
    let from_december = with(b, Op::Rem, month, 12)?;
    let season = with(b, Op::FloorDiv, from_december, 3)?;
    with(b, Op::Add, season, 1)
}

/// The first day of the month of a day.
fn first_of_month(b: &mut dyn Build, days: A, calendar: Calendar) -> Outcome<A> {
    let day = date_of(b, days, calendar)?.day;
    let before = with(b, Op::Sub, day, 1)?;
    elementwise(b, Op::Sub, &[days, before])
}

fn week(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (micros, calendar) = instants(b, args)?;
    let (days, weekday) = (with(b, Op::FloorDiv, micros, MICROS_PER_DAY)?, day_of_week(b, args)?);
    let monday = elementwise(b, Op::Sub, &[days, weekday])?;
    let thursday = with(b, Op::Add, monday, 3)?;
    let first = first_day(b, thursday, calendar)?;
    let since = elementwise(b, Op::Sub, &[thursday, first])?;
    let weeks = with(b, Op::FloorDiv, since, 7)?;
    with(b, Op::Add, weeks, 1)
}

fn day_of_week(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (micros, calendar) = instants(b, args)?;
    // 1970-01-01 was a Thursday; by the Julian calendar it was thirteen days later, a Wednesday.
    let thursday = match calendar {
        Calendar::Standard | Calendar::ProlepticGregorian => 3,
        Calendar::Julian => 2,
        _ => {
            let message = format!("the calendar {calendar} has no weeks");
            return Err(Diagnostic::at(Code::Dtype, args.span_of(0), message));
        }
    };
    let days = with(b, Op::FloorDiv, micros, MICROS_PER_DAY)?;
    let days = with(b, Op::Add, days, thursday)?;
    with(b, Op::Rem, days, 7)
}

fn date(b: &mut dyn Build, args: &Args, pick: fn(Date) -> A) -> Outcome<Value> {
    let (micros, calendar) = instants(b, args)?;
    let days = with(b, Op::FloorDiv, micros, MICROS_PER_DAY)?;
    Ok(Value::Array(pick(date_of(b, days, calendar)?)))
}

/// Days from 1582-10-15, the first Gregorian day of the standard calendar, to 1970-01-01; and how far Julian days are behind.
const REFORM: i64 = 141_427;
const JULIAN_LAG: i64 = 13;

fn date_of(b: &mut dyn Build, days: A, calendar: Calendar) -> Outcome<Date> {
    match calendar {
        Calendar::ProlepticGregorian => by_leap_rule(b, days, true),
        Calendar::Julian => by_leap_rule(b, days, false),
        Calendar::Standard => {
            let julian_days = with(b, Op::Sub, days, JULIAN_LAG)?;
            let (new, old) = (by_leap_rule(b, days, true)?, by_leap_rule(b, julian_days, false)?);
            let after = with(b, Op::Ge, days, -REFORM)?;
            let mut choose = |new, old| elementwise(b, Op::Select, &[after, new, old]);
            Ok(Date { year: choose(new.year, old.year)?, month: choose(new.month, old.month)?, day: choose(new.day, old.day)? })
        }
        Calendar::Day360 => {
            let (year, rest) = (with(b, Op::FloorDiv, days, 360)?, with(b, Op::Rem, days, 360)?);
            let (month, day) = (with(b, Op::FloorDiv, rest, 30)?, with(b, Op::Rem, rest, 30)?);
            Ok(Date { year: with(b, Op::Add, year, 1970)?, month: with(b, Op::Add, month, 1)?, day: with(b, Op::Add, day, 1)? })
        }
        Calendar::NoLeap | Calendar::AllLeap => {
            let leap = i64::from(calendar == Calendar::AllLeap);
            let (year, rest) = (with(b, Op::FloorDiv, days, 365 + leap)?, with(b, Op::Rem, days, 365 + leap)?);
            // Days counted from March have months of one pattern; January and February go to the end.
            let shifted = with(b, Op::Sub, rest, 59 + leap)?;
            let counted = with(b, Op::Rem, shifted, 365 + leap)?;
            let (month, day) = month_and_day(b, counted)?;
            Ok(Date { year: with(b, Op::Add, year, 1970)?, month, day })
        }
    }
}

/// Month and day of a day counted from the first of March, 0.
fn month_and_day(b: &mut dyn Build, counted: A) -> Outcome<(A, A)> {
    let fives = with(b, Op::Mul, counted, 5)?;
    let fives = with(b, Op::Add, fives, 2)?;
    let month = with(b, Op::FloorDiv, fives, 153)?;
    let before = with(b, Op::Mul, month, 153)?;
    let before = with(b, Op::Add, before, 2)?;
    let before = with(b, Op::FloorDiv, before, 5)?;
    let day = elementwise(b, Op::Sub, &[counted, before])?;
    let (later, earlier) = (with(b, Op::Add, month, 3)?, with(b, Op::Sub, month, 9)?);
    let in_year = with(b, Op::Lt, month, 10)?;
    Ok((elementwise(b, Op::Select, &[in_year, later, earlier])?, with(b, Op::Add, day, 1)?))
}

/// The Gregorian or Julian date of a day since 1970-01-01 of that calendar: years are counted from March in cycles of 400 or 4.
fn by_leap_rule(b: &mut dyn Build, days: A, gregorian: bool) -> Outcome<Date> {
    let (epoch, cycle_days, cycle_years) = if gregorian { (719_468, 146_097, 400) } else { (719_483, 1461, 4) };
    let days = with(b, Op::Add, days, epoch)?;
    let (cycle, rest) = (with(b, Op::FloorDiv, days, cycle_days)?, with(b, Op::Rem, days, cycle_days)?);
    // The year that would be if none were a leap year, then the leap days taken out.
    let leap_days = with(b, Op::FloorDiv, rest, 1460)?;
    let mut plain = elementwise(b, Op::Sub, &[rest, leap_days])?;
    if gregorian {
        let (centuries, last) = (with(b, Op::FloorDiv, rest, 36_524)?, with(b, Op::FloorDiv, rest, 146_096)?);
        plain = elementwise(b, Op::Add, &[plain, centuries])?;
        plain = elementwise(b, Op::Sub, &[plain, last])?;
    }
    let year = with(b, Op::FloorDiv, plain, 365)?;
    let (whole, leaps) = (with(b, Op::Mul, year, 365)?, with(b, Op::FloorDiv, year, 4)?);
    let mut counted = elementwise(b, Op::Sub, &[rest, whole])?;
    counted = elementwise(b, Op::Sub, &[counted, leaps])?;
    if gregorian {
        let centuries = with(b, Op::FloorDiv, year, 100)?;
        counted = elementwise(b, Op::Add, &[counted, centuries])?;
    }
    let (month, day) = month_and_day(b, counted)?;
    let cycles = with(b, Op::Mul, cycle, cycle_years)?;
    let year = elementwise(b, Op::Add, &[year, cycles])?;
    let turned = with(b, Op::Le, month, 2)?;
    let turned = cast(b, turned, DType::I64)?;
    Ok(Date { year: elementwise(b, Op::Add, &[year, turned])?, month, day })
}

/// Days since the first of January, from 1.
fn day_of_year(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (micros, calendar) = instants(b, args)?;
    let days = with(b, Op::FloorDiv, micros, MICROS_PER_DAY)?;
    let first = first_day(b, days, calendar)?;
    let day = elementwise(b, Op::Sub, &[days, first])?;
    with(b, Op::Add, day, 1)
}

/// The first of January of the year of a day, in days since 1970-01-01.
fn first_day(b: &mut dyn Build, days: A, calendar: Calendar) -> Outcome<A> {
    let length = match calendar {
        Calendar::NoLeap => 365,
        Calendar::AllLeap => 366,
        Calendar::Day360 => 360,
        Calendar::ProlepticGregorian | Calendar::Julian | Calendar::Standard => {
            let year = date_of(b, days, calendar)?.year;
            return match calendar {
                Calendar::ProlepticGregorian => new_year(b, year, true),
                Calendar::Julian => new_year(b, year, false),
                _ => {
                    let (new, old) = (new_year(b, year, true)?, new_year(b, year, false)?);
                    let old = with(b, Op::Add, old, JULIAN_LAG)?;
                    let after = with(b, Op::Gt, year, 1582)?;
                    elementwise(b, Op::Select, &[after, new, old])
                }
            };
        }
    };
    let year = with(b, Op::FloorDiv, days, length)?;
    with(b, Op::Mul, year, length)
}

/// The first of January of a year by a leap rule, in days since 1970-01-01 of that calendar.
fn new_year(b: &mut dyn Build, year: A, gregorian: bool) -> Outcome<A> {
    let before = with(b, Op::Sub, year, 1)?;
    let (whole, leaps) = (with(b, Op::Mul, before, 365)?, with(b, Op::FloorDiv, before, 4)?);
    let mut days = elementwise(b, Op::Add, &[whole, leaps])?;
    if gregorian {
        let (centuries, cycles) = (with(b, Op::FloorDiv, before, 100)?, with(b, Op::FloorDiv, before, 400)?);
        days = elementwise(b, Op::Sub, &[days, centuries])?;
        days = elementwise(b, Op::Add, &[days, cycles])?;
    }
    // From 0001-01-01 to 1970-01-01.
    with(b, Op::Sub, days, if gregorian { 719_162 } else { 719_177 })
}

#[cfg(test)]
mod tests {
    use super::super::typed::TypeBuild;
    use super::super::{apply, find};
    use super::*;
    use crate::base::Span;

    fn value(name: &str, instant: Scalar) -> i64 {
        let mut b = TypeBuild::default();
        let x = b.constant(instant);
        let args = Args { values: vec![Some(Value::Array(x))], rest: Vec::new(), spans: Vec::new(), span: Span::default() };
        let Ok(Value::Array(value)) = apply(find(name).unwrap(), &mut b, args) else { panic!("{name}") };
        b.known(value).and_then(Scalar::as_int).unwrap() as i64
    }

    #[test]
    fn parts_are_those_of_the_calendar() {
        use Calendar::*;
        for calendar in [Standard, ProlepticGregorian, Julian, NoLeap, AllLeap, Day360] {
            let dtype = DType::DateTime(calendar);
            // Days through 2600 years, and the days round the reform, the leap days and the new years that matter.
            let edges =
                [(1582, 10, 4), (1582, 10, 15), (1582, 12, 31), (1583, 1, 1), (1900, 2, 28), (1900, 3, 1), (2000, 2, 28), (2000, 12, 30)];
            let edges = edges.into_iter().filter_map(|(year, month, day)| calendar.days(year, month, day)).flat_map(|day| [day, day + 1]);
            for day in (-719_400..230_000).step_by(7919).chain(edges) {
                let micros = day * MICROS_PER_DAY + 45_296 * MICROS_PER_SECOND + 7;
                let (instant, civil) = (Scalar::int(dtype, micros.into()), calendar.civil(micros));
                let got = ["year", "month", "day", "hour", "minute", "second"].map(|name| value(name, instant));
                let want = [civil.year, civil.month.into(), civil.day.into(), civil.hour.into(), civil.minute.into(), civil.second.into()];
                assert_eq!(got, want, "{calendar} {day}");
                assert_eq!(Some(value("dayofyear", instant)), calendar.day_of_year(civil.year, civil.month, civil.day), "{calendar} {day}");
            }
        }
    }
}
