//! The CF conventions as data: how stored elements become values (`decode`, following xarray) and how values are stored (`encode`).
//! The engine applies a `Decode` inside its kernels; `Decode::scalar` is the reference, and serves coordinates.
//!
//! As xarray: `_Unsigned`, `_FillValue` and `missing_value`, `scale_factor` and `add_offset`, times with calendars, durations and bools
//! by the `dtype` attribute, times of bounds. Unlike xarray: a fill value is rounded to the dtype of the variable before it is compared
//! (a double 1e20 masks a float variable), and times that cannot be decoded stay numbers. `valid_range` masks nothing.

use super::info::{Attr, AttrValue, VarInfo, find_attr, leaf};
use crate::array::calendar::{MICROS_PER_DAY, NAT};
use crate::array::{Calendar, DType, Scalar};
use crate::base::Name;
use serde::{Deserialize, Serialize};

/// How a stored element becomes a value, in this order: an element equal to one of `fill` is missing (NaN, or NaT for times);
/// otherwise it is converted to `target` (to f64 for times), multiplied by `scale`, increased by `offset`, each rounded to that dtype;
/// then `time` makes it a datetime or duration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decode {
    /// The dtype as which the stored bytes are read: that of the file, or the same width without sign.
    pub stored: DType,
    /// Values that mean missing, of dtype `stored`.
    pub fill: Vec<Scalar>,
    pub scale: Option<f64>,
    pub offset: Option<f64>,
    pub time: Option<TimeDecode>,
    /// The dtype of the values.
    pub target: DType,
}

/// Numbers to instants: `value · micros / per + origin`. Integers are exact; of a float the whole part is, and the rest is rounded to a
/// microsecond. What is no number, or out of range, is NaT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeDecode {
    /// Microseconds of a unit, times `per`.
    pub micros: i64,
    /// 1, or 1000 for nanoseconds.
    pub per: i64,
    /// The reference instant, microseconds since 1970-01-01 in the calendar of the target; 0 for durations.
    pub origin: i64,
}

impl TimeDecode {
    fn int(self, value: i128) -> i64 {
        self.shift((value * i128::from(self.micros)).div_euclid(i128::from(self.per)))
    }
    fn float(self, value: f64) -> i64 {
        let whole = value.floor();
        if !whole.is_finite() || whole.abs() >= 1e19 {
            return NAT;
        }
        let rest = ((value - whole) * self.micros as f64).round_ties_even() as i128;
        self.shift((whole as i128 * i128::from(self.micros) + rest).div_euclid(i128::from(self.per)))
    }
    fn shift(self, micros: i128) -> i64 {
        i64::try_from(micros + i128::from(self.origin)).unwrap_or(NAT)
    }
}

impl Decode {
    /// Elements are values as they are.
    pub fn plain(dtype: DType) -> Decode {
        Decode { stored: dtype, fill: Vec::new(), scale: None, offset: None, time: None, target: dtype }
    }
    /// Whether elements are values as they are.
    pub fn is_plain(&self) -> bool {
        *self == Decode::plain(self.target)
    }
    /// Decodes one element of dtype `stored`.
    pub fn scalar(&self, element: Scalar) -> Scalar {
        let missing = self.fill.iter().any(|fill| equal(*fill, element));
        let packed = self.scale.is_some() || self.offset.is_some();
        match self.time {
            Some(_) if missing => Scalar::int(self.target, NAT.into()),
            Some(time) => Scalar::int(self.target, self.time_of(time, element, packed).into()),
            None if missing => Scalar::float(self.target, f64::NAN, 0.0),
            None if packed => self.unpack(element.cast(self.target)),
            None => element.cast(self.target),
        }
    }
    /// The stored element that gives a value; `None` if none does.
    pub fn element(&self, value: Scalar) -> Option<Scalar> {
        let number = match self.time {
            Some(time) => {
                let (shifted, micros) = ((value.as_int()? - i128::from(time.origin)) * i128::from(time.per), i128::from(time.micros));
                let (whole, rest) = (shifted.div_euclid(micros), shifted.rem_euclid(micros));
                if self.stored.is_int() && rest == 0 {
                    Scalar::int(self.stored, whole)
                } else {
                    Scalar::f64(whole as f64 + rest as f64 / micros as f64).cast(self.stored)
                }
            }
            None if self.scale.is_some() || self.offset.is_some() => {
                let packed = (value.as_f64() - self.offset.unwrap_or(0.0)) / self.scale.unwrap_or(1.0);
                Scalar::f64(if self.stored.is_int() { packed.round_ties_even() } else { packed }).cast(self.stored)
            }
            None => value.cast(self.stored),
        };
        (self.scalar(number) == value).then_some(number)
    }
    fn time_of(&self, time: TimeDecode, element: Scalar, packed: bool) -> i64 {
        match element.as_int() {
            Some(value) if !packed => time.int(value),
            _ if packed => time.float(self.unpack(element.cast(DType::F64)).as_f64()),
            _ => time.float(element.as_f64()),
        }
    }
    /// Scales a float in its own dtype, rounding after each step.
    fn unpack(&self, value: Scalar) -> Scalar {
        let dtype = value.dtype;
        let round = |value: f64| Scalar::float(dtype, value, 0.0).as_f64();
        let scaled = self.scale.map_or(value.as_f64(), |scale| round(value.as_f64() * round(scale)));
        Scalar::float(dtype, self.offset.map_or(scaled, |offset| scaled + round(offset)), 0.0)
    }
    /// Decodes elements of dtype `stored`, which stand at the end of `out` back to back, to fill it with elements of dtype `target`, which
    /// is not smaller.
    pub fn in_place(&self, out: &mut [u8]) {
        let (from, to) = (self.stored.size(), self.target.size());
        let count = out.len() / to;
        let start = out.len() - count * from;
        for at in 0..count {
            // What is written never reaches what is still to be read.
            let value = self.scalar(Scalar::read(self.stored, &out[start + at * from..][..from]));
            value.write(&mut out[at * to..][..to]);
        }
    }
    /// Decodes elements of dtype `stored`, back to back, into elements of dtype `target`. For small arrays.
    pub fn bytes(&self, stored: &[u8]) -> Vec<u8> {
        let (from, to) = (self.stored.size(), self.target.size());
        let mut out = vec![0; stored.len() / from * to];
        for (element, place) in stored.chunks_exact(from).zip(out.chunks_exact_mut(to)) {
            self.scalar(Scalar::read(self.stored, element)).write(place);
        }
        out
    }
}

fn equal(a: Scalar, b: Scalar) -> bool {
    match (a.as_int(), b.as_int()) {
        (Some(a), Some(b)) => a == b,
        _ => a.as_f64() == b.as_f64(),
    }
}

/// How each variable of a file decodes.
pub fn decode_all(variables: &[VarInfo]) -> Vec<Decode> {
    let mut decodes: Vec<Decode> = variables.iter().map(|var| decode(var.dtype, &var.attrs)).collect();
    for var in variables {
        if let Some((at, bounds)) = time_bounds(var, variables) {
            let mut attrs = bounds.attrs.clone();
            attrs.extend(var.attrs.iter().filter(|(name, _)| name == "units" || name == "calendar").cloned());
            decodes[at] = decode(bounds.dtype, &attrs);
        }
    }
    decodes
}

/// The bounds of a time variable that have no units of their own: they are in its units.
fn time_bounds<'a>(var: &VarInfo, variables: &'a [VarInfo]) -> Option<(usize, &'a VarInfo)> {
    let units = var.attr("units")?.text()?;
    let name = var.attr("bounds")?.text()?;
    let folder = var.path.strip_suffix(leaf(&var.path))?;
    let (at, bounds) = variables.iter().enumerate().find(|(_, other)| other.path.strip_prefix(folder) == Some(name))?;
    (units.contains(" since ") && bounds.attr("units").is_none()).then_some((at, bounds))
}

/// How a variable with a dtype and attributes decodes.
pub fn decode(dtype: DType, attrs: &[Attr]) -> Decode {
    let text = |name: &str| find_attr(attrs, name).and_then(AttrValue::text);
    let number = |name: &str| find_attr(attrs, name).and_then(AttrValue::number).filter(|n| n.dtype.is_int() || n.dtype.is_float());
    let stored = match text("_Unsigned") {
        Some("true") => with_sign(dtype, false),
        Some("false") => with_sign(dtype, true),
        _ => dtype,
    };
    if dtype.is_int() && text("dtype") == Some("bool") {
        return Decode { target: DType::Bool, ..Decode::plain(stored) };
    }
    if !(stored.is_int() || stored.is_float()) {
        return Decode::plain(stored);
    }
    let fills = || ["_FillValue", "missing_value"].into_iter().filter_map(|name| find_attr(attrs, name));
    let fills: Vec<Scalar> = fills().flat_map(AttrValue::numbers).copied().filter(|fill| !fill.as_f64().is_nan()).collect();
    let (scale, offset) = (number("scale_factor"), number("add_offset"));
    let time = text("units").and_then(|units| time_units(units, text("calendar"), text("dtype")));
    let target = match time {
        Some((_, target)) => target,
        None if scale.is_some() || offset.is_some() => unpacked(stored, scale, offset),
        None if fills.is_empty() => stored,
        None => float_for(stored),
    };
    let mut fill: Vec<Scalar> = fills.into_iter().filter_map(|value| as_stored(value, dtype, stored)).collect();
    if time.is_some() && stored == DType::I64 {
        // NumPy's NaT, which xarray stores without naming it.
        fill.push(Scalar::i64(NAT));
    }
    fill.sort_unstable_by_key(|value| value.bits);
    fill.dedup();
    Decode { stored, fill, scale: scale.map(Scalar::as_f64), offset: offset.map(Scalar::as_f64), time: time.map(|(time, _)| time), target }
}

/// The integer dtype of the same width with or without a sign; any other dtype itself.
fn with_sign(dtype: DType, signed: bool) -> DType {
    match (dtype, signed) {
        (DType::I8 | DType::U8, true) => DType::I8,
        (DType::I8 | DType::U8, false) => DType::U8,
        (DType::I16 | DType::U16, true) => DType::I16,
        (DType::I16 | DType::U16, false) => DType::U16,
        (DType::I32 | DType::U32, true) => DType::I32,
        (DType::I32 | DType::U32, false) => DType::U32,
        (DType::I64 | DType::U64, true) => DType::I64,
        (DType::I64 | DType::U64, false) => DType::U64,
        _ => dtype,
    }
}

/// A fill value in the dtype that is compared; `None` if no element can equal it. `_FillValue` is of the file's dtype, so that -1 is 255
/// where an `i8` is read as `u8`.
fn as_stored(value: Scalar, dtype: DType, stored: DType) -> Option<Scalar> {
    if stored.is_float() {
        return Some(value.cast(stored));
    }
    if value.dtype == dtype {
        return Some(value.cast(stored));
    }
    let float = value.as_f64();
    let int = value.as_int().or((float.fract() == 0.0 && float.abs() < 1e19).then_some(float as i128))?;
    let cast = Scalar::int(stored, int);
    (cast.as_int() == Some(int)).then_some(cast)
}

/// The float dtype that holds integers of a dtype with missing ones among them (NumPy's promotion, as xarray uses it).
fn float_for(stored: DType) -> DType {
    match stored {
        DType::F32 | DType::I8 | DType::U8 | DType::I16 | DType::U16 => DType::F32,
        _ => DType::F64,
    }
}

/// The float dtype of unpacked values (xarray's `_choose_float_dtype`).
fn unpacked(stored: DType, scale: Option<Scalar>, offset: Option<Scalar>) -> DType {
    let float = |value: Scalar| if value.dtype == DType::F32 { DType::F32 } else { DType::F64 };
    match (scale, offset) {
        (Some(scale), Some(offset)) if scale.dtype == offset.dtype && stored.is_int() && stored.size() == 4 => DType::F64,
        (Some(scale), Some(offset)) if scale.dtype == offset.dtype => float(scale),
        (_, Some(_)) => DType::F64,
        (Some(scale), None) => float(scale),
        (None, None) => float_for(stored),
    }
}

/// Reads `units`: `days since 1970-01-01` gives datetimes, and `days` durations if the `dtype` attribute says so.
fn time_units(units: &str, calendar: Option<&str>, dtype: Option<&str>) -> Option<(TimeDecode, DType)> {
    let Some((unit, date)) = units.split_once(" since ") else {
        let (micros, per) = unit_micros(units.trim(), None)?;
        let duration = dtype.is_some_and(|dtype| dtype.starts_with("timedelta64"));
        return duration.then_some((TimeDecode { micros, per, origin: 0 }, DType::Duration));
    };
    let calendar = Calendar::parse(calendar.unwrap_or("standard"))?;
    let (micros, per) = unit_micros(unit.trim(), Some(calendar))?;
    Some((TimeDecode { micros, per, origin: calendar.parse_time(date)? }, DType::DateTime(calendar)))
}

/// Microseconds of a unit as a fraction.
fn unit_micros(unit: &str, calendar: Option<Calendar>) -> Option<(i64, i64)> {
    Some(match (unit.to_ascii_lowercase().as_str(), calendar) {
        ("nanoseconds" | "nanosecond" | "nanosec" | "nanosecs" | "ns", _) => (1, 1000),
        ("microseconds" | "microsecond" | "microsec" | "microsecs" | "us", _) => (1, 1),
        ("milliseconds" | "millisecond" | "millisec" | "millisecs" | "msec" | "msecs" | "ms", _) => (1000, 1),
        ("seconds" | "second" | "sec" | "secs" | "s", _) => (1_000_000, 1),
        ("minutes" | "minute" | "min" | "mins", _) => (60_000_000, 1),
        ("hours" | "hour" | "hr" | "hrs" | "h", _) => (3_600_000_000, 1),
        ("days" | "day" | "d", _) => (MICROS_PER_DAY, 1),
        ("months" | "month", Some(Calendar::Day360)) => (30 * MICROS_PER_DAY, 1),
        ("common_years" | "common_year", Some(Calendar::NoLeap)) => (365 * MICROS_PER_DAY, 1),
        _ => return None,
    })
}

/// How values of a dtype are stored: the same bytes under another dtype, with attributes that say how to decode them.
#[derive(Clone, Debug, PartialEq)]
pub struct Encode {
    pub stored: DType,
    pub attrs: Vec<Attr>,
}

/// How a variable of a dtype is stored. Datetimes and durations are microseconds, `bool` is `i8`, floats name NaN as missing.
pub fn encode(dtype: DType) -> Encode {
    let text = |name: &str, text: &str| (Name::new(name), AttrValue::from(text));
    let fill = |value: Scalar| (Name::new("_FillValue"), AttrValue::Numbers(vec![value]));
    match dtype {
        DType::Bool => Encode { stored: DType::I8, attrs: vec![text("dtype", "bool")] },
        DType::F32 | DType::F64 => Encode { stored: dtype, attrs: vec![fill(Scalar::float(dtype, f64::NAN, 0.0))] },
        DType::DateTime(calendar) => {
            let (units, calendar) = (text("units", "microseconds since 1970-01-01"), text("calendar", calendar.name()));
            Encode { stored: DType::I64, attrs: vec![fill(Scalar::i64(NAT)), units, calendar] }
        }
        DType::Duration => {
            let attrs = vec![fill(Scalar::i64(NAT)), text("units", "microseconds"), text("dtype", "timedelta64[us]")];
            Encode { stored: DType::I64, attrs }
        }
        _ => Encode { stored: dtype, attrs: Vec::new() },
    }
}

/// How a coordinate is stored, and its bytes: datetimes in the coarsest unit that holds them all exactly, and nothing is missing (CF).
/// `bytes` are the values' elements back to back.
pub fn encode_coordinate(dtype: DType, bytes: &[u8]) -> (Encode, Vec<u8>) {
    let mut how = encode(dtype);
    how.attrs.retain(|(name, _)| name != "_FillValue");
    let DType::DateTime(_) = dtype else { return (how, bytes.to_vec()) };
    let values: Vec<i64> = bytes.chunks_exact(8).filter_map(|element| Some(i64::from_ne_bytes(element.try_into().ok()?))).collect();
    const UNITS: [(&str, i64); 5] =
        [("days", MICROS_PER_DAY), ("hours", 3_600_000_000), ("minutes", 60_000_000), ("seconds", 1_000_000), ("microseconds", 1)];
    let (unit, micros) =
        UNITS.into_iter().find(|(_, micros)| values.iter().all(|value| value % micros == 0)).unwrap_or(("microseconds", 1));
    for (name, value) in &mut how.attrs {
        if name == "units" {
            *value = AttrValue::Text(format!("{unit} since 1970-01-01"));
        }
    }
    (how, values.iter().flat_map(|value| (value / micros).to_ne_bytes()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::DType::{F32, F64, I8, I16, I32, I64, U8, U16, U32};

    fn number(name: &str, value: Scalar) -> Attr {
        (Name::new(name), AttrValue::Numbers(vec![value]))
    }
    fn text(name: &str, value: &str) -> Attr {
        (Name::new(name), AttrValue::from(value))
    }
    fn int(dtype: DType, value: i64) -> Scalar {
        Scalar::int(dtype, value.into())
    }

    #[test]
    fn elements_come_back_or_are_none() {
        let days = |dtype| decode(dtype, &[text("units", "days since 2000-01-01")]);
        for (how, values) in [
            (days(I32), [(I32, 0), (I32, -7)].map(|(dtype, value)| int(dtype, value))),
            (days(F64), [Scalar::f64(1.5), Scalar::f64(-0.25)]),
            (
                decode(I16, &[number("scale_factor", Scalar::f64(0.1)), number("add_offset", Scalar::f64(-3.0))]),
                [int(I16, 17), int(I16, -400)],
            ),
            (decode(U8, &[number("_FillValue", int(U8, 255))]), [int(U8, 3), int(U8, 254)]),
            (Decode::plain(F32), [Scalar::f32(1.5), Scalar::f32(-0.1)]),
        ] {
            for element in values {
                assert_eq!(how.element(how.scalar(element)), Some(element), "{how:?}");
            }
        }
        let hour = Scalar::int(DType::DateTime(Calendar::Standard), 3_600_000_000);
        assert_eq!(days(I32).element(hour), None);
        assert_eq!(days(F64).element(hour).map(|days| (days.as_f64() * 24.0).round()), Some(24.0 * -10_957.0 + 1.0));
        assert_eq!(decode(I16, &[number("scale_factor", Scalar::f64(0.5))]).element(Scalar::f64(0.3)), None);
    }

    #[test]
    fn dtypes_are_those_of_xarray() {
        let (f, d) = (Scalar::f32(0.5), Scalar::f64(0.5));
        for (stored, attrs, target) in [
            (I16, vec![], I16),
            (I16, vec![number("_FillValue", int(I16, -9))], F32),
            (I32, vec![number("_FillValue", int(I32, -9))], F64),
            (U8, vec![number("missing_value", int(U8, 255))], F32),
            (F32, vec![number("_FillValue", Scalar::f32(1e20))], F32),
            (I16, vec![number("scale_factor", d)], F64),
            (I16, vec![number("scale_factor", f)], F32),
            (I16, vec![number("scale_factor", f), number("add_offset", f)], F32),
            (I16, vec![number("scale_factor", f), number("add_offset", d)], F64),
            (I32, vec![number("scale_factor", f), number("add_offset", f)], F64),
            (I16, vec![number("add_offset", f)], F64),
            (I8, vec![text("_Unsigned", "true")], U8),
            (U16, vec![text("_Unsigned", "false")], I16),
            (I8, vec![text("dtype", "bool")], DType::Bool),
            (I32, vec![text("units", "days")], I32),
            (I64, vec![text("units", "days"), text("dtype", "timedelta64[ns]")], DType::Duration),
            (F64, vec![text("units", "days since 1970-01-01"), text("calendar", "noleap")], DType::DateTime(Calendar::NoLeap)),
            (F64, vec![text("units", "months since 1970-01-01")], F64),
            (F64, vec![text("units", "days since once")], F64),
            (U32, vec![text("scale_factor", "2")], U32),
        ] {
            assert_eq!(decode(stored, &attrs).target, target, "{stored} {attrs:?}");
        }
    }

    #[test]
    fn elements_are_masked_scaled_and_shifted() {
        let attrs =
            [number("scale_factor", Scalar::f64(0.01)), number("add_offset", Scalar::f64(273.15)), number("_FillValue", int(I16, -32767))];
        let packed = decode(I16, &attrs);
        assert_eq!(packed.scalar(int(I16, 1000)), Scalar::f64(1000.0 * 0.01 + 273.15));
        assert!(packed.scalar(int(I16, -32767)).as_f64().is_nan());
        // -1 is 255 where bytes are read without sign.
        let unsigned = decode(I8, &[text("_Unsigned", "true"), number("_FillValue", int(I8, -1))]);
        assert_eq!(unsigned.scalar(int(U8, 200)), Scalar::f32(200.0));
        assert!(unsigned.scalar(int(U8, 255)).as_f64().is_nan());
        // A fill value that no element can have still makes a float of the variable.
        let odd = decode(I16, &[number("missing_value", Scalar::f64(-1e30))]);
        assert_eq!((odd.target, odd.fill.len()), (F32, 0));
        let rounded = decode(F32, &[number("missing_value", Scalar::f64(1e20))]);
        assert!(rounded.scalar(Scalar::f32(1e20)).as_f64().is_nan());
        assert_eq!(decode(I8, &[text("dtype", "bool")]).scalar(int(I8, 1)), Scalar::bool(true));
    }

    #[test]
    fn numbers_become_instants() {
        let day = MICROS_PER_DAY;
        for (units, calendar, value, micros) in [
            ("days since 1970-01-01", "standard", Scalar::f64(1.5), 3 * day / 2),
            ("hours since 1970-01-02 00:00:0.0", "gregorian", int(I32, -24), 0),
            ("seconds since 1970-01-01T01:00:00+01:00", "proleptic_gregorian", int(I64, 1), 1_000_000),
            ("nanoseconds since 1970-01-01", "standard", int(I64, -1), -1),
            ("days since 0001-01-01", "standard", int(I64, 719_164), 0),
            ("days since 0001-01-01", "proleptic_gregorian", int(I64, 719_162), 0),
            ("months since 1970-01-01", "360_day", int(I32, 2), 60 * day),
            ("days since 1970-01-01", "365_day", Scalar::f64(f64::NAN), NAT),
            ("days since 1970-01-01", "365_day", Scalar::f64(1e300), NAT),
            ("days since 1970-01-01", "standard", int(I64, i64::MAX), NAT),
            ("days since 1970-01-01", "standard", int(I64, NAT), NAT),
        ] {
            let decode = decode(value.dtype, &[text("units", units), text("calendar", calendar)]);
            assert_eq!(decode.scalar(value).as_int(), Some(micros.into()), "{units}");
        }
    }

    #[test]
    fn what_is_encoded_decodes_to_itself() {
        for dtype in DType::ALL {
            let how = encode(dtype);
            let back = decode(how.stored, &how.attrs);
            assert_eq!(back.target, dtype);
            let value = if dtype == DType::Bool { Scalar::bool(true) } else { Scalar::i64(3).cast(dtype.storage()) };
            let stored = Scalar { dtype: how.stored, ..value };
            assert_eq!(back.scalar(stored).bits, value.bits, "{dtype}");
        }
    }

    #[test]
    fn coordinates_are_stored_in_the_coarsest_exact_unit() {
        for (values, unit, stored) in [
            ([0, 2 * MICROS_PER_DAY], "days", [0, 2]),
            ([3_600_000_000, 7_200_000_000], "hours", [1, 2]),
            ([0, 60_000_000], "minutes", [0, 1]),
            ([-1_000_000, 1_000_000], "seconds", [-1, 1]),
            ([0, 1], "microseconds", [0, 1]),
        ] {
            let (how, bytes) = encode_coordinate(DType::DateTime(Calendar::Standard), bytemuck::cast_slice(&values));
            assert_eq!(find_attr(&how.attrs, "units").and_then(AttrValue::text), Some(format!("{unit} since 1970-01-01").as_str()));
            assert_eq!(bytes, bytemuck::cast_slice::<i64, u8>(&stored));
            assert!(find_attr(&how.attrs, "_FillValue").is_none());
        }
    }
}
