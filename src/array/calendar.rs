//! Calendars of the CF conventions: dates to microseconds since 1970-01-01 in the calendar and back, and dates as text.
//!
//! Years are astronomical in every calendar: year 0 is there and is a leap year wherever leap years are. There are no leap seconds,
//! and no time zones beyond a fixed offset in a text. Instants reach 290,000 years either side of 1970.

mod text;

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;
use text::{Covers, Written};

/// A calendar of the CF conventions (chapter 4.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Calendar {
    /// Gregorian; Julian before 1582-10-15.
    #[default]
    Standard,
    ProlepticGregorian,
    Julian,
    /// 365 days a year, no leap years.
    NoLeap,
    /// 366 days a year.
    AllLeap,
    /// Twelve months of thirty days.
    Day360,
}

impl Calendar {
    /// The name in CF attributes.
    pub fn name(self) -> &'static str {
        match self {
            Calendar::Standard => "standard",
            Calendar::ProlepticGregorian => "proleptic_gregorian",
            Calendar::Julian => "julian",
            Calendar::NoLeap => "noleap",
            Calendar::AllLeap => "all_leap",
            Calendar::Day360 => "360_day",
        }
    }
    /// Reads a CF attribute, with its synonyms.
    pub fn parse(name: &str) -> Option<Calendar> {
        Some(match name.to_ascii_lowercase().as_str() {
            "standard" | "gregorian" => Calendar::Standard,
            "proleptic_gregorian" => Calendar::ProlepticGregorian,
            "julian" => Calendar::Julian,
            "noleap" | "365_day" => Calendar::NoLeap,
            "all_leap" | "366_day" => Calendar::AllLeap,
            "360_day" => Calendar::Day360,
            _ => return None,
        })
    }
}

/// A missing datetime or duration, as NumPy's NaT.
pub const NAT: i64 = i64::MIN;
pub const MICROS_PER_SECOND: i64 = 1_000_000;
pub const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// A date and time of day as people write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Civil {
    pub year: i64,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
    pub micro: u32,
}

impl Civil {
    /// Midnight of a day.
    pub fn date(year: i64, month: u32, day: u32) -> Civil {
        Civil { year, month, day, hour: 0, minute: 0, second: 0, micro: 0 }
    }
}

/// Days before each month of a year without a leap day.
const BEFORE_MONTH: [i64; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
/// The first Gregorian day of `Standard`, 1582-10-15, in days since 1970-01-01.
const REFORM: i64 = -141_427;
/// Julian 1970-01-01 is this many days after Gregorian 1970-01-01.
const JULIAN_LAG: i64 = 13;
/// Years that 64 bits of microseconds surely reach.
const MAX_YEAR: i64 = 290_000;

/// Days before a month, in a year of 365 or 366 days.
fn before_month(month: u32, leap: bool) -> i64 {
    BEFORE_MONTH[month as usize - 1] + i64::from(leap && month > 2)
}

/// The month and day of a day of the year, counted from 0.
fn month_and_day(day_of_year: i64, leap: bool) -> (u32, u32) {
    let month = (1..=12).rev().find(|month| before_month(*month, leap) <= day_of_year).unwrap_or(1);
    (month, (day_of_year - before_month(month, leap)) as u32 + 1)
}

/// Days from 0000-03-01 to 1970-01-01, so that a leap day is the last day of a counted year.
fn to_epoch(gregorian: bool) -> i64 {
    if gregorian { 719_468 } else { 719_483 }
}

/// Days since 1970-01-01 of the Gregorian or the Julian calendar, each with its own epoch.
fn days_by_leap_rule(gregorian: bool, year: i64, month: u32, day: u32) -> i64 {
    let year = year - i64::from(month <= 2);
    let day_of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    let leap_days = year.div_euclid(4) - if gregorian { year.div_euclid(100) - year.div_euclid(400) } else { 0 };
    year * 365 + leap_days + day_of_year - to_epoch(gregorian)
}

/// The inverse of `days_by_leap_rule`.
fn date_by_leap_rule(gregorian: bool, days: i64) -> (i64, u32, u32) {
    let days = days + to_epoch(gregorian);
    let (cycle_days, cycle_years) = if gregorian { (146_097, 400) } else { (1461, 4) };
    let (cycle, rest) = (days.div_euclid(cycle_days), days.rem_euclid(cycle_days));
    let centuries = if gregorian { rest / 36_524 - rest / 146_096 } else { 0 };
    let year = (rest - rest / 1460 + centuries) / 365;
    let leap_days = year / 4 - if gregorian { year / 100 } else { 0 };
    let day_of_year = rest - (year * 365 + leap_days);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + cycle * cycle_years + i64::from(month <= 2), month as u32, day as u32)
}

impl Calendar {
    fn is_leap(self, year: i64) -> bool {
        match self {
            Calendar::Standard if year > 1582 => Calendar::ProlepticGregorian.is_leap(year),
            Calendar::Standard | Calendar::Julian => year % 4 == 0,
            Calendar::ProlepticGregorian => year % 4 == 0 && (year % 100 != 0 || year % 400 == 0),
            Calendar::AllLeap => true,
            Calendar::NoLeap | Calendar::Day360 => false,
        }
    }
    /// The number of a month's last day; 0 for a month that is none.
    pub fn days_in_month(self, year: i64, month: u32) -> u32 {
        match (self, month) {
            (_, 0 | 13..) => 0,
            (Calendar::Day360, _) => 30,
            (_, 2) => 28 + u32::from(self.is_leap(year)),
            (_, 4 | 6 | 9 | 11) => 30,
            _ => 31,
        }
    }
    /// Days from 1970-01-01 to a date, both in this calendar; `None` for a date that the calendar does not have.
    pub fn days(self, year: i64, month: u32, day: u32) -> Option<i64> {
        if day == 0 || day > self.days_in_month(year, month) || year.abs() > MAX_YEAR {
            return None;
        }
        let (years, day_of_month) = (year - 1970, i64::from(day) - 1);
        Some(match self {
            Calendar::ProlepticGregorian => days_by_leap_rule(true, year, month, day),
            Calendar::Julian => days_by_leap_rule(false, year, month, day),
            Calendar::NoLeap => years * 365 + before_month(month, false) + day_of_month,
            Calendar::AllLeap => years * 366 + before_month(month, true) + day_of_month,
            Calendar::Day360 => years * 360 + i64::from(month - 1) * 30 + day_of_month,
            Calendar::Standard if (year, month, day) >= (1582, 10, 15) => days_by_leap_rule(true, year, month, day),
            Calendar::Standard if (year, month, day) <= (1582, 10, 4) => days_by_leap_rule(false, year, month, day) + JULIAN_LAG,
            Calendar::Standard => return None,
        })
    }
    /// Year, month and day of a day since 1970-01-01.
    pub fn date(self, days: i64) -> (i64, u32, u32) {
        let fixed = |length: i64, leap: bool| {
            let (month, day) = month_and_day(days.rem_euclid(length), leap);
            (1970 + days.div_euclid(length), month, day)
        };
        match self {
            Calendar::ProlepticGregorian => date_by_leap_rule(true, days),
            Calendar::Julian => date_by_leap_rule(false, days),
            Calendar::Standard if days >= REFORM => date_by_leap_rule(true, days),
            Calendar::Standard => date_by_leap_rule(false, days - JULIAN_LAG),
            Calendar::NoLeap => fixed(365, false),
            Calendar::AllLeap => fixed(366, true),
            Calendar::Day360 => {
                let day = days.rem_euclid(360);
                (1970 + days.div_euclid(360), (day / 30) as u32 + 1, (day % 30) as u32 + 1)
            }
        }
    }
    /// Whether an instant, or none, is the same one in another calendar.
    pub fn agrees(self, other: Calendar, micros: i64) -> bool {
        let gregorian = |calendar: Calendar| matches!(calendar, Calendar::Standard | Calendar::ProlepticGregorian);
        let since = micros == NAT || micros >= REFORM * MICROS_PER_DAY;
        self == other || gregorian(self) && gregorian(other) && since
    }
    /// The day of the year of a date, 1 on the first of January.
    pub fn day_of_year(self, year: i64, month: u32, day: u32) -> Option<i64> {
        Some(self.days(year, month, day)? - self.days(year, 1, 1)? + 1)
    }
    /// Microseconds since 1970-01-01; `None` for a date or a time of day that is none.
    pub fn micros(self, civil: Civil) -> Option<i64> {
        if civil.hour > 23 || civil.minute > 59 || civil.second > 59 || civil.micro > 999_999 {
            return None;
        }
        let seconds = i64::from(civil.hour) * 3600 + i64::from(civil.minute) * 60 + i64::from(civil.second);
        let days = self.days(civil.year, civil.month, civil.day)?;
        Some(days * MICROS_PER_DAY + seconds * MICROS_PER_SECOND + i64::from(civil.micro))
    }
    /// The date and time of an instant. `NAT` is no instant: the caller asks first.
    pub fn civil(self, micros: i64) -> Civil {
        let (days, rest) = (micros.div_euclid(MICROS_PER_DAY), micros.rem_euclid(MICROS_PER_DAY));
        let (year, month, day) = self.date(days);
        let seconds = (rest / MICROS_PER_SECOND) as u32;
        let micro = (rest % MICROS_PER_SECOND) as u32;
        Civil { year, month, day, hour: seconds / 3600, minute: seconds / 60 % 60, second: seconds % 60, micro }
    }
    /// Reads a date, or a part of one, as the instants it covers: `1981` is a year, `1981-07` a month, `1981-07-03T12` an hour,
    /// `1981-07-03 12:00:00.5` a tenth of a second. Takes `Z`, `UTC` and offsets such as `+02:00`, and months and days of one digit.
    /// `None` for what is no date of this calendar.
    pub fn parse_range(self, text: &str) -> Option<Range<i64>> {
        let Written { civil, covers, ahead } = text::parse(text)?;
        let start = self.micros(civil)?;
        let end = match covers {
            Covers::Year => self.days(civil.year + 1, 1, 1)? * MICROS_PER_DAY,
            Covers::Month if civil.month == 12 => self.days(civil.year + 1, 1, 1)? * MICROS_PER_DAY,
            Covers::Month => self.days(civil.year, civil.month + 1, 1)? * MICROS_PER_DAY,
            Covers::Micros(length) => start + length,
        };
        Some(start - ahead..end - ahead)
    }
    /// The first instant that a date, or a part of one, covers.
    pub fn parse_time(self, text: &str) -> Option<i64> {
        Some(self.parse_range(text)?.start)
    }
    /// An instant as ISO 8601 text: the date alone at midnight, else with the time down to the last part that is not zero, at least
    /// the minute. `NaT` if missing.
    pub fn format(self, micros: i64) -> String {
        text::format(self, micros)
    }
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Year, month, day, and days since 1970-01-01 as cftime gives them.
    type Row = (i64, u32, u32, i64);
    const GOLDEN: &[(Calendar, &[Row])] = &[
        (
            Calendar::Standard,
            &[
                (1, 1, 1, -719164),
                (4, 2, 29, -718010),
                (4, 3, 1, -718009),
                (100, 3, 1, -682945),
                (1000, 12, 31, -353915),
                (1582, 10, 4, -141428),
                (1582, 10, 15, -141427),
                (1600, 2, 29, -135081),
                (1700, 3, 1, -98556),
                (1899, 12, 31, -25568),
                (1900, 3, 1, -25508),
                (1969, 12, 31, -1),
                (1970, 1, 1, 0),
                (1999, 12, 30, 10955),
                (2000, 2, 29, 11016),
                (2000, 3, 1, 11017),
                (2023, 2, 28, 19416),
                (2100, 12, 30, 47845),
                (9999, 1, 1, 2932532),
            ],
        ),
        (
            Calendar::ProlepticGregorian,
            &[
                (1, 1, 1, -719162),
                (4, 2, 29, -718008),
                (4, 3, 1, -718007),
                (100, 3, 1, -682944),
                (1000, 12, 31, -353921),
                (1582, 10, 4, -141438),
                (1582, 10, 15, -141427),
                (1600, 2, 29, -135081),
                (1700, 3, 1, -98556),
                (1899, 12, 31, -25568),
                (1900, 3, 1, -25508),
                (1969, 12, 31, -1),
                (1970, 1, 1, 0),
                (1999, 12, 30, 10955),
                (2000, 2, 29, 11016),
                (2000, 3, 1, 11017),
                (2023, 2, 28, 19416),
                (2100, 12, 30, 47845),
                (9999, 1, 1, 2932532),
            ],
        ),
        (
            Calendar::Julian,
            &[
                (1, 1, 1, -719177),
                (4, 2, 29, -718023),
                (4, 3, 1, -718022),
                (100, 3, 1, -682958),
                (1000, 12, 31, -353928),
                (1582, 10, 4, -141441),
                (1582, 10, 15, -141430),
                (1600, 2, 29, -135084),
                (1700, 3, 1, -98558),
                (1899, 12, 31, -25569),
                (1900, 3, 1, -25508),
                (1969, 12, 31, -1),
                (1970, 1, 1, 0),
                (1999, 12, 30, 10955),
                (2000, 2, 29, 11016),
                (2000, 3, 1, 11017),
                (2023, 2, 28, 19416),
                (2100, 12, 30, 47846),
                (9999, 1, 1, 2932592),
            ],
        ),
        (
            Calendar::NoLeap,
            &[
                (1, 1, 1, -718685),
                (4, 3, 1, -717531),
                (100, 3, 1, -682491),
                (1000, 12, 31, -353686),
                (1582, 10, 4, -141344),
                (1582, 10, 15, -141333),
                (1700, 3, 1, -98491),
                (1899, 12, 31, -25551),
                (1900, 3, 1, -25491),
                (1969, 12, 31, -1),
                (1970, 1, 1, 0),
                (1999, 12, 30, 10948),
                (2000, 3, 1, 11009),
                (2023, 2, 28, 19403),
                (2100, 12, 30, 47813),
                (9999, 1, 1, 2930585),
            ],
        ),
        (
            Calendar::AllLeap,
            &[
                (1, 1, 1, -720654),
                (4, 2, 29, -719497),
                (4, 3, 1, -719496),
                (100, 3, 1, -684360),
                (1000, 12, 31, -354655),
                (1582, 10, 4, -141731),
                (1582, 10, 15, -141720),
                (1600, 2, 29, -135361),
                (1700, 3, 1, -98760),
                (1899, 12, 31, -25621),
                (1900, 3, 1, -25560),
                (1969, 12, 31, -1),
                (1970, 1, 1, 0),
                (1999, 12, 30, 10978),
                (2000, 2, 29, 11039),
                (2000, 3, 1, 11040),
                (2023, 2, 28, 19456),
                (2100, 12, 30, 47944),
                (9999, 1, 1, 2938614),
            ],
        ),
        (
            Calendar::Day360,
            &[
                (1, 1, 1, -708840),
                (4, 2, 29, -707702),
                (4, 3, 1, -707700),
                (100, 3, 1, -673140),
                (1582, 10, 4, -139407),
                (1582, 10, 15, -139396),
                (1600, 2, 29, -133142),
                (1700, 3, 1, -97140),
                (1900, 3, 1, -25140),
                (1970, 1, 1, 0),
                (1999, 12, 30, 10799),
                (2000, 2, 29, 10858),
                (2000, 3, 1, 10860),
                (2023, 2, 28, 19137),
                (2100, 12, 30, 47159),
                (9999, 1, 1, 2890440),
            ],
        ),
    ];

    #[test]
    fn dates_agree_with_cftime() {
        for (calendar, rows) in GOLDEN {
            for &(year, month, day, days) in *rows {
                assert_eq!(calendar.days(year, month, day), Some(days), "{calendar} {year}-{month}-{day}");
                assert_eq!(calendar.date(days), (year, month, day), "{calendar} {days}");
            }
        }
    }

    #[test]
    fn every_day_goes_there_and_back() {
        for (calendar, _) in GOLDEN {
            let mut before = calendar.date(-800_001);
            for days in -800_000..200_000 {
                let (year, month, day) = calendar.date(days);
                assert!((year, month, day) > before);
                assert_eq!(calendar.days(year, month, day), Some(days), "{calendar} {days}");
                before = (year, month, day);
            }
        }
    }

    #[test]
    fn days_that_a_calendar_lacks_are_refused() {
        for (calendar, year, month, day) in [
            (Calendar::Standard, 1582, 10, 5),
            (Calendar::Standard, 1582, 10, 14),
            (Calendar::Standard, 1900, 2, 29),
            (Calendar::ProlepticGregorian, 2001, 2, 29),
            (Calendar::NoLeap, 2000, 2, 29),
            (Calendar::Day360, 2000, 1, 31),
            (Calendar::AllLeap, 2000, 13, 1),
            (Calendar::Julian, 2000, 0, 1),
            (Calendar::Julian, 2000, 1, 0),
            (Calendar::Julian, i64::MAX, 1, 1),
        ] {
            assert_eq!(calendar.days(year, month, day), None, "{calendar} {year}-{month}-{day}");
        }
        assert_eq!(Calendar::Day360.days(2001, 2, 30), Some(11_219));
    }

    #[test]
    fn texts_cover_their_part_of_time() {
        let day = MICROS_PER_DAY;
        for (text, start, length) in [
            ("1970", 0, 365 * day),
            ("1972", 730 * day, 366 * day),
            ("1970-12", 334 * day, 31 * day),
            ("1972-02", 761 * day, 29 * day),
            ("1582-10", -141_431 * day, 21 * day),
            ("1970-01-02", day, day),
            ("1970-1-2", day, day),
            ("1970-01-01T06", day / 4, day / 24),
            ("1970-01-01 06:30", 390 * 60_000_000, 60_000_000),
            ("1970-01-01T00:00:01", 1_000_000, 1_000_000),
            ("1970-01-01T00:00:00.5", 500_000, 100_000),
            ("1970-01-01T00:00:00.1234567", 123_456, 1),
            ("1970-01-01T02:00+02:00", 0, 60_000_000),
            ("1970-01-01T00:00:00Z", 0, 1_000_000),
            ("1970-01-01 00:00:0.0 UTC", 0, 100_000),
            ("1969-12-31 22:00:00 -2", 0, 1_000_000),
        ] {
            assert_eq!(Calendar::Standard.parse_range(text), Some(start..start + length), "{text}");
        }
        for text in [
            "",
            "x",
            "1970-",
            "1970-13",
            "1970-02-30",
            "1970-01-01T",
            "1970-01-01T25",
            "1970-01-01x",
            "19700101000000",
            "1970-01-01T00:00:00.",
            "１９７０",
        ] {
            assert_eq!(Calendar::Standard.parse_range(text), None, "{text}");
        }
    }

    #[test]
    fn instants_print_and_read_back() {
        for (micros, text) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31T23:59:59.999999"),
            (45_000_000, "1970-01-01T00:00:45"),
            (3_600_000_000, "1970-01-01T01:00"),
            (1_500_000, "1970-01-01T00:00:01.5"),
            (-719_530 * MICROS_PER_DAY, "0000-01-01"),
            (NAT, "NaT"),
        ] {
            assert_eq!(Calendar::Standard.format(micros), text);
            assert_eq!(Calendar::Standard.parse_time(text), (micros != NAT).then_some(micros));
        }
        let far = Calendar::ProlepticGregorian.format(i64::MIN + 1);
        assert_eq!(far, "-290308-12-21T19:59:05.224193");
        assert_eq!(Calendar::Day360.format(59 * MICROS_PER_DAY), "1970-02-30");
    }
}
