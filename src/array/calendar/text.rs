//! Dates as text: ISO 8601 and the looser forms of CF units.

use super::{Calendar, Civil, MICROS_PER_DAY, MICROS_PER_SECOND, NAT};

/// How much of time the text of a partial date covers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Covers {
    Year,
    Month,
    /// A length in microseconds, the same in all calendars.
    Micros(i64),
}

/// A date as written: its first instant, what it covers, and how far its time zone is ahead of UTC in microseconds.
pub(super) struct Written {
    pub civil: Civil,
    pub covers: Covers,
    pub ahead: i64,
}

const MICROS_PER_MINUTE: i64 = 60 * MICROS_PER_SECOND;

struct Cursor<'a>(&'a str);

impl Cursor<'_> {
    fn eat(&mut self, options: &[char]) -> Option<char> {
        let first = self.0.chars().next().filter(|c| options.contains(c))?;
        self.0 = &self.0[first.len_utf8()..];
        Some(first)
    }
    /// Up to `most` digits, at least one, and how many there were.
    fn digits(&mut self, most: usize) -> Option<(i64, usize)> {
        let len = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let value = self.0[..len].parse().ok()?;
        self.0 = &self.0[len..];
        Some((value, len))
    }
    fn two(&mut self) -> Option<u32> {
        self.digits(2).map(|(value, _)| value as u32)
    }
    fn spaces(&mut self) -> bool {
        let before = self.0.len();
        self.0 = self.0.trim_start();
        self.0.len() < before
    }
    /// A fraction of a second after its point: microseconds, and what one step of its last digit covers.
    fn fraction(&mut self) -> Option<(u32, i64)> {
        let (value, len) = self.digits(6)?;
        let step = 10i64.pow(6 - len as u32);
        self.digits(usize::MAX);
        Some(((value * step) as u32, step))
    }
    fn zone(&mut self) -> Option<i64> {
        for utc in ["Z", "UTC", "GMT"] {
            if let Some(rest) = self.0.strip_prefix(utc) {
                self.0 = rest;
                return Some(0);
            }
        }
        let Some(sign) = self.eat(&['+', '-']) else { return Some(0) };
        let hours = self.digits(2)?.0;
        self.eat(&[':']);
        let minutes = self.digits(2).map_or(0, |(minutes, _)| minutes);
        let ahead = (hours * 60 + minutes) * MICROS_PER_MINUTE;
        Some(if sign == '-' { -ahead } else { ahead })
    }
}

/// Reads a date; `None` if the text is not one. Whether the calendar has the date is not asked here.
pub(super) fn parse(text: &str) -> Option<Written> {
    let mut cursor = Cursor(text.trim());
    let sign = if cursor.eat(&['-', '+']) == Some('-') { -1 } else { 1 };
    let mut civil = Civil::date(sign * cursor.digits(9)?.0, 1, 1);
    let mut covers = Covers::Year;
    if cursor.eat(&['-']).is_some() {
        (civil.month, covers) = (cursor.two()?, Covers::Month);
        if cursor.eat(&['-']).is_some() {
            (civil.day, covers) = (cursor.two()?, Covers::Micros(MICROS_PER_DAY));
            let clock_follows = cursor.eat(&['T', 't']).is_some();
            if clock_follows || cursor.spaces() && cursor.0.starts_with(|c: char| c.is_ascii_digit()) {
                covers = clock(&mut cursor, &mut civil)?;
            }
            cursor.spaces();
        }
    }
    let ahead = cursor.zone()?;
    cursor.0.is_empty().then_some(Written { civil, covers, ahead })
}

fn clock(cursor: &mut Cursor, civil: &mut Civil) -> Option<Covers> {
    civil.hour = cursor.two()?;
    if cursor.eat(&[':']).is_none() {
        return Some(Covers::Micros(60 * MICROS_PER_MINUTE));
    }
    civil.minute = cursor.two()?;
    if cursor.eat(&[':']).is_none() {
        return Some(Covers::Micros(MICROS_PER_MINUTE));
    }
    civil.second = cursor.two()?;
    if cursor.eat(&['.']).is_none() {
        return Some(Covers::Micros(MICROS_PER_SECOND));
    }
    let (micro, step) = cursor.fraction()?;
    civil.micro = micro;
    Some(Covers::Micros(step))
}

pub(super) fn format(calendar: Calendar, micros: i64) -> String {
    if micros == NAT {
        return "NaT".to_string();
    }
    let Civil { year, month, day, hour, minute, second, micro } = calendar.civil(micros);
    let sign = if year < 0 { "-" } else { "" };
    let mut out = format!("{sign}{:04}-{month:02}-{day:02}", year.abs());
    if micros.rem_euclid(MICROS_PER_DAY) == 0 {
        return out;
    }
    out += &format!("T{hour:02}:{minute:02}");
    if second != 0 || micro != 0 {
        out += &format!(":{second:02}");
    }
    if micro != 0 {
        out += format!(".{micro:06}").trim_end_matches('0');
    }
    out
}
