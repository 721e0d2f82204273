//! The metadata of one array: its shape, dtype, chunks, fill value and dimensions, from the JSON of version 2 or 3.

use super::codec::{self, Chunk, Swap};
use super::set;
use super::store::{self, Metadata};
use crate::array::calendar::NAT;
use crate::array::{DType, Scalar};
use crate::base::Name;
use crate::io::info::{Attr, AttrValue};
use crate::io::{npy, region};
use serde_json::Value;

/// An array as described. What is damaged beyond its shape stands in `stored`.
pub struct Described {
    pub shape: Vec<u64>,
    pub names: Vec<Option<Name>>,
    pub attrs: Vec<Attr>,
    /// Or why it cannot be read.
    pub stored: Result<Stored, String>,
}

/// How an array's elements are stored.
pub struct Stored {
    pub dtype: DType,
    /// Bytes of the parts to be reversed; 0 for this machine's order.
    pub swap: usize,
    /// One element as stored, for chunks that are not there.
    pub fill: Vec<u8>,
    pub chunk: Chunk,
    pub codecs: Vec<Name>,
    pub keys: Keys,
}

/// The names of the files of chunks.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// Whether `c` stands before the place.
    pub prefixed: bool,
    pub separator: char,
}

impl Keys {
    pub fn key(&self, place: &[u64]) -> String {
        let places: Vec<String> = self.prefixed.then(|| "c".to_string()).into_iter().chain(place.iter().map(u64::to_string)).collect();
        if places.is_empty() { "0".to_string() } else { places.join(&self.separator.to_string()) }
    }
}

impl Stored {
    /// The encoded and the decoded bytes of a chunk, and what lies between.
    pub fn scratch(&self) -> u64 {
        let leaf = self.chunk.leaf();
        (3 * leaf.bytes as u64 + 4096).max(region::SCRATCH) + self.chunk.index_bytes()
    }
}

/// Reads the metadata of an array. The error says why it cannot be read at all.
pub fn describe(metadata: &Metadata) -> Result<Described, String> {
    let Metadata { version, array, attrs: given } = metadata;
    let shape = sizes(array.get("shape")).ok_or("has no shape, or an impossible one")?;
    let names = if *version == 3 { array.get("dimension_names") } else { given.get("_ARRAY_DIMENSIONS") };
    let names = names.and_then(Value::as_array).filter(|names| names.len() == shape.len());
    let names = match names {
        Some(names) => names.iter().map(|name| name.as_str().filter(|name| !name.is_empty()).map(Name::new)).collect(),
        None => vec![None; shape.len()],
    };
    let mut attrs = store::attrs(given);
    let stored = if *version == 3 { version_3(array, &shape, &mut attrs) } else { version_2(array, &shape, &mut attrs) };
    Ok(Described { shape, names, attrs, stored })
}

fn version_3(json: &Value, shape: &[u64], attrs: &mut Vec<Attr>) -> Result<Stored, String> {
    let configured = |key: &str| json.get(key).and_then(|value| Some((name(value)?, value.get("configuration").unwrap_or(&Value::Null))));
    if json.get("storage_transformers").and_then(Value::as_array).is_some_and(|all| !all.is_empty()) {
        return Err("is stored through a transformer, which Kiln does not know".to_string());
    }
    let element = npy::element(&descr(json.get("data_type").unwrap_or(&Value::Null))?)?;
    let grid = match configured("chunk_grid") {
        Some(("regular", grid)) => sizes(grid.get("chunk_shape")),
        Some((other, _)) => return Err(format!("has a chunk grid `{other}`, Kiln reads `regular` ones")),
        None => None,
    };
    let (prefixed, default, keys) = match configured("chunk_key_encoding") {
        Some(("default", keys)) => (true, "/", keys),
        Some(("v2", keys)) => (false, ".", keys),
        Some((other, _)) => return Err(format!("names its chunks by `{other}`, which Kiln does not know")),
        None => (true, "/", &Value::Null),
    };
    let keys = Keys { prefixed, separator: separator(keys.get("separator"), default)? };
    let codecs = json.get("codecs").and_then(Value::as_array).ok_or("names no codecs")?;
    let (chunk, order) = codec::version_3(codecs, grid_of(grid, shape)?, element.dtype)?;
    let swap = if order == Swap::Yes { element.dtype.real().size() } else { 0 };
    let fill = fill(json.get("fill_value").unwrap_or(&Value::Null), element.dtype)?;
    for attr in element.attrs {
        set(attrs, attr);
    }
    // xarray keeps the value that means missing apart, floats as the base64 of a double.
    if let Some((_, value)) = attrs.iter_mut().find(|(name, _)| name == "_FillValue")
        && let Some(number) = value.text().and_then(double)
    {
        *value = AttrValue::Numbers(vec![Scalar::float(element.dtype, number, 0.0)]);
    }
    let names = codecs.iter().filter_map(name).filter(|name| *name != "bytes").map(Name::new);
    Ok(Stored { dtype: element.dtype, swap, fill: bytes(fill, swap), chunk, codecs: names.collect(), keys })
}

fn version_2(json: &Value, shape: &[u64], attrs: &mut Vec<Attr>) -> Result<Stored, String> {
    let descr = match json.get("dtype") {
        Some(Value::String(descr)) => descr,
        Some(Value::Array(_)) => return Err("holds records".to_string()),
        _ => return Err("names no dtype".to_string()),
    };
    if ["U", "S", "O"].iter().any(|kind| descr.get(1..).is_some_and(|descr| descr.starts_with(kind))) {
        return Err("holds text".to_string());
    }
    let element = npy::element(descr)?;
    let fortran = match json.get("order").and_then(Value::as_str) {
        Some("C") | None => false,
        Some("F") => true,
        Some(other) => return Err(format!("is of order `{other}`, Kiln reads C and F")),
    };
    let separator = separator(json.get("dimension_separator"), ".")?;
    let filters = json.get("filters").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let codecs: Vec<&Value> = filters.iter().chain(json.get("compressor").filter(|value| !value.is_null())).collect();
    let chunk = codec::version_2(&codecs, grid_of(sizes(json.get("chunks")), shape)?, element.dtype, fortran)?;
    let given = json.get("fill_value").unwrap_or(&Value::Null);
    let fill = fill(given, element.dtype)?;
    for attr in element.attrs {
        set(attrs, attr);
    }
    if !given.is_null() && !attrs.iter().any(|(name, _)| name == "_FillValue") {
        attrs.push((Name::new("_FillValue"), AttrValue::Numbers(vec![fill])));
    }
    let names = codecs.iter().filter_map(|codec| codec.get("id").and_then(Value::as_str)).map(Name::new);
    let keys = Keys { prefixed: false, separator };
    Ok(Stored { dtype: element.dtype, swap: element.swap, fill: bytes(fill, element.swap), chunk, codecs: names.collect(), keys })
}

/// The name of a codec, grid or type: a text, or a field beside a configuration.
pub fn name(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("name")?.as_str())
}

/// Sizes that an array may have.
pub fn sizes(value: Option<&Value>) -> Option<Vec<u64>> {
    value?.as_array()?.iter().map(|size| size.as_u64().filter(|size| *size <= i64::MAX as u64)).collect()
}

fn grid_of(grid: Option<Vec<u64>>, shape: &[u64]) -> Result<Vec<u64>, String> {
    grid.filter(|grid| grid.len() == shape.len() && !grid.contains(&0)).ok_or_else(|| "has chunks of an impossible shape".to_string())
}

fn separator(value: Option<&Value>, default: &str) -> Result<char, String> {
    match value.and_then(Value::as_str).unwrap_or(default) {
        "/" => Ok('/'),
        "." => Ok('.'),
        other => Err(format!("separates the numbers of its chunks by `{other}`, not by `/` or `.`")),
    }
}

/// NumPy's name for a data type of version 3.
fn descr(data_type: &Value) -> Result<String, String> {
    let configuration = data_type.get("configuration");
    let text = |key: &str| configuration.and_then(|all| all.get(key)).and_then(Value::as_str).unwrap_or("");
    let plain = match name(data_type).ok_or("names no data type")? {
        "bool" => "|b1",
        "int8" => "|i1",
        "int16" => "<i2",
        "int32" => "<i4",
        "int64" => "<i8",
        "uint8" => "|u1",
        "uint16" => "<u2",
        "uint32" => "<u4",
        "uint64" => "<u8",
        "float32" => "<f4",
        "float64" => "<f8",
        "complex64" => "<c8",
        "complex128" => "<c16",
        kind @ ("numpy.datetime64" | "numpy.timedelta64") => {
            if configuration.and_then(|all| all.get("scale_factor")).is_some_and(|scale| scale.as_u64() != Some(1)) {
                return Err(format!("is of type {kind} in steps of several units, which Kiln does not have"));
            }
            return Ok(format!("<{}[{}]", if kind == "numpy.datetime64" { "M8" } else { "m8" }, text("unit")));
        }
        "string" | "variable_length_utf8" | "fixed_length_utf32" | "null_terminated_bytes" | "variable_length_bytes" | "bytes" => {
            return Err("holds text".to_string());
        }
        "struct" | "structured" => return Err("holds records".to_string()),
        other => return Err(format!("is of data type `{other}`, which Kiln does not have")),
    };
    Ok(plain.to_string())
}

/// A fill value: a number, a bool, a text for what JSON has not, the two parts of a complex number. Nothing is zero.
fn fill(value: &Value, dtype: DType) -> Result<Scalar, String> {
    let wrong = || format!("has a fill value {value} that is not of its type");
    match value {
        Value::Null => Ok(Scalar::int(DType::I64, 0).cast(dtype)),
        Value::Array(parts) if matches!(dtype, DType::C64 | DType::C128) && parts.len() == 2 => {
            let [re, im] = [&parts[0], &parts[1]].map(|part| float(part, dtype.real()));
            Ok(Scalar::float(dtype, re.ok_or_else(wrong)?, im.ok_or_else(wrong)?))
        }
        Value::Bool(value) if dtype == DType::Bool => Ok(Scalar::bool(*value)),
        Value::Number(number) if dtype == DType::Bool => Ok(Scalar::bool(number.as_f64() != Some(0.0))),
        Value::String(text) if text == "NaT" && dtype == DType::I64 => Ok(Scalar::i64(NAT)),
        value if dtype.is_int() => {
            let whole = |number: f64| (number.fract() == 0.0 && number.abs() < 1e19).then_some(number as i128);
            let number = value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from)).or_else(|| whole(value.as_f64()?));
            let number = number.ok_or_else(wrong)?;
            Some(Scalar::int(dtype, number)).filter(|scalar| scalar.as_int() == Some(number)).ok_or_else(wrong)
        }
        value => Ok(Scalar::float(dtype, float(value, dtype.real()).ok_or_else(wrong)?, 0.0)),
    }
}

fn float(value: &Value, dtype: DType) -> Option<f64> {
    match value {
        Value::String(text) => match (text.as_str(), text.strip_prefix("0x")) {
            ("NaN", _) => Some(f64::NAN),
            ("Infinity", _) => Some(f64::INFINITY),
            ("-Infinity", _) => Some(f64::NEG_INFINITY),
            (_, Some(hex)) if dtype == DType::F32 => Some(f32::from_bits(u32::from_str_radix(hex, 16).ok()?).into()),
            (_, Some(hex)) => Some(f64::from_bits(u64::from_str_radix(hex, 16).ok()?)),
            (text, None) => double(text),
        },
        value => value.as_f64(),
    }
}

/// A double in base64, little-endian; or a number as text.
fn double(text: &str) -> Option<f64> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.strip_suffix('=').filter(|digits| digits.len() == 11);
    let Some(digits) = digits else { return if text == "NaN" { Some(f64::NAN) } else { text.parse().ok() } };
    let value = digits.bytes().try_fold(0u128, |value, digit| {
        let digit = DIGITS.iter().position(|known| *known == digit)?;
        Some(value << 6 | digit as u128)
    })?;
    // Eleven digits are 66 bits, two more than a double.
    Some(f64::from_le_bytes(((value >> 2) as u64).to_be_bytes()))
}

fn bytes(value: Scalar, swap: usize) -> Vec<u8> {
    let mut bytes = vec![0; value.dtype.size()];
    value.write(&mut bytes);
    region::swap(&mut bytes, swap);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fill_values_of_every_kind() {
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        for (text, dtype, shown) in [
            ("null", DType::F32, Some(0.0)),
            ("-1", DType::I16, Some(-1.0)),
            ("-1.0", DType::I16, Some(-1.0)),
            ("1.5", DType::I16, None),
            ("300", DType::U8, None),
            ("1e300", DType::I64, None),
            ("\"Infinity\"", DType::F32, Some(f64::INFINITY)),
            ("\"0x3fc00000\"", DType::F32, Some(1.5)),
            ("\"0x3ff8000000000000\"", DType::F64, Some(1.5)),
            ("true", DType::Bool, Some(1.0)),
            ("\"x\"", DType::F64, None),
            ("[1, 2]", DType::F64, None),
            ("\"AAAAAAAA+D8=\"", DType::F64, Some(1.5)),
        ] {
            assert_eq!(fill(&json(text), dtype).ok().map(Scalar::as_f64), shown, "{text}");
        }
        assert!(fill(&json("\"NaN\""), DType::F64).unwrap().as_f64().is_nan());
        assert_eq!(fill(&json("[1, \"-Infinity\"]"), DType::C64).unwrap().imag(), f64::NEG_INFINITY);
        assert_eq!(double("AAAAAAAA+H8=").map(f64::is_nan), Some(true));
    }

    #[test]
    fn chunks_have_their_names() {
        let keys = |prefixed, separator| Keys { prefixed, separator };
        assert_eq!(keys(true, '/').key(&[1, 20]), "c/1/20");
        assert_eq!(keys(true, '.').key(&[]), "c");
        assert_eq!(keys(false, '.').key(&[1, 20]), "1.20");
        assert_eq!(keys(false, '/').key(&[]), "0");
    }
}
