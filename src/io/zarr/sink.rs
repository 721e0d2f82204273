//! Writing Zarr: each chunk a file, compressed in the calling thread; metadata, consolidated too, when all is written. The store is made
//! beside its target and takes its place as a whole. Of version 3; of version 2 if its name ends with `.v2.zarr`.
//!
//! Chunks are near 1 MiB, compressed by Zstandard (of level 1, if nothing else is asked for) behind a shuffle, in a Blosc container.
//! Names are those of the root group; a dimension without a coordinate is only a name.

use crate::array::DType;
use crate::array::calendar::NAT;
use crate::base::{Name, Outcome};
use crate::io::atomic::AtomicFolder;
use crate::io::cf::{self, Encode};
use crate::io::codecs::blosc::{self, Encoder};
use crate::io::error::system;
use crate::io::info::{Attr, AttrValue};
use crate::io::layout::{self, Chunks};
use crate::io::save::Grain;
use crate::io::{Sink, VarSpec, npy};
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Compression where none is asked for.
const LEVEL: u8 = 1;

/// A store being written.
pub struct ZarrSink {
    folder: AtomicFolder,
    variables: Vec<Variable>,
    /// The arrays, coordinates among them, as metadata files by their paths in the store.
    metadata: Map<String, Value>,
    version: Version,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Two,
    Three,
}

struct Variable {
    name: Name,
    chunks: Chunks,
    level: u8,
    version: Version,
}

impl ZarrSink {
    /// Lays out a store: coordinates are written, variables are to be. Errors: K0601; K0602 for names or dimensions that do not go
    /// together; K0405 for a dimension with two coordinates.
    pub fn create(path: &Path, specs: &[VarSpec]) -> Outcome<ZarrSink> {
        let scales = layout::scales(path, specs)?;
        let folder = AtomicFolder::create(path, super::is_store)?;
        let older = path.file_stem().is_some_and(|stem| Path::new(stem).extension().is_some_and(|extension| extension == "v2"));
        let version = if older { Version::Two } else { Version::Three };
        let mut sink = ZarrSink { folder, variables: Vec::new(), metadata: Map::new(), version };
        for scale in scales.iter().filter(|scale| scale.variable.is_none()) {
            let Some((how, bytes)) = scale.coordinate() else { continue };
            let chunks = Chunks { shape: vec![scale.size], chunk: vec![scale.size.max(1)], item: how.stored.size() };
            let variable = Variable { name: scale.name.clone(), chunks, level: LEVEL, version };
            sink.metadata.extend(variable.metadata(how.stored, &how.attrs, &[Some(&scale.name)])?);
            variable.write(sink.folder.path(), &[0], &[scale.size], &bytes).map_err(|error| system("write", path, &error))?;
        }
        for spec in specs {
            let how = encoded(spec.ty.dtype);
            let chunks = Chunks::of(spec, how.stored.size())?;
            let variable = Variable { name: spec.name.clone(), chunks, level: spec.compress.unwrap_or(LEVEL).min(9), version };
            let attrs: Vec<_> = layout::attrs(&how, spec).cloned().collect();
            let names: Vec<Option<&Name>> = spec.ty.dims.iter().map(|dim| dim.name.as_ref()).collect();
            sink.metadata.extend(variable.metadata(how.stored, &attrs, &names)?);
            sink.variables.push(variable);
        }
        Ok(sink)
    }

    fn close(&self) -> io::Result<()> {
        for (path, json) in &self.metadata {
            let path = self.folder.path().join(path);
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(path, pretty(json))?;
        }
        let attributes = json!({ "Conventions": "CF-1.10" });
        let root = match self.version {
            Version::Three => {
                let arrays =
                    self.metadata.iter().filter_map(|(path, json)| Some((path.strip_suffix("/zarr.json")?.to_string(), json.clone())));
                let arrays: Map<String, Value> = arrays.collect();
                let all = json!({ "kind": "inline", "must_understand": false, "metadata": arrays });
                let root = json!({ "zarr_format": 3, "node_type": "group", "attributes": attributes, "consolidated_metadata": all });
                vec![("zarr.json", root)]
            }
            Version::Two => {
                let group = json!({ "zarr_format": 2 });
                let mut all = self.metadata.clone();
                all.insert(".zgroup".to_string(), group.clone());
                all.insert(".zattrs".to_string(), attributes.clone());
                let all = json!({ "zarr_consolidated_format": 1, "metadata": all });
                vec![(".zgroup", group), (".zattrs", attributes), (".zmetadata", all)]
            }
        };
        root.iter().try_for_each(|(name, json)| std::fs::write(self.folder.path().join(name), pretty(json)))
    }
}

/// See `save::grain`.
pub fn grain(spec: &VarSpec) -> Outcome<Grain> {
    let chunks = Chunks::of(spec, encoded(spec.ty.dtype).stored.size())?;
    let coded = blosc::scratch(spec.compress.unwrap_or(LEVEL), chunks.bytes());
    Ok(chunks.grain(coded))
}

/// How elements are stored: booleans are what they are.
fn encoded(dtype: DType) -> Encode {
    if dtype == DType::Bool { Encode { stored: DType::Bool, attrs: Vec::new() } } else { cf::encode(dtype) }
}

impl Sink for ZarrSink {
    fn write(&self, variable: usize, start: &[u64], count: &[u64], bytes: &[u8]) -> Outcome<()> {
        let variable = &self.variables[variable];
        variable.chunks.check(start, count, bytes.len())?;
        variable.write(self.folder.path(), start, count, bytes).map_err(|error| system("write", self.folder.target(), &error))
    }
    fn finish(&self) -> Outcome<()> {
        self.close().map_err(|error| system("write", self.folder.target(), &error))?;
        self.folder.commit()
    }
}

impl Variable {
    fn write(&self, root: &Path, start: &[u64], count: &[u64], bytes: &[u8]) -> io::Result<()> {
        let (mut encoder, folder) = (Encoder::new(self.level), root.join(self.name.as_str()));
        self.chunks.cut(start, count, bytes, |place, chunk| {
            let file = folder.join(self.key(place));
            let encoded = if self.level > 0 { encoder.encode(chunk, self.chunks.item) } else { chunk };
            make(&file)?.write_all(encoded)
        })
    }

    /// The name of the file of a chunk.
    fn key(&self, place: &[u64]) -> String {
        let numbers: Vec<String> = place.iter().map(u64::to_string).collect();
        match self.version {
            Version::Three => ["c".to_string()].into_iter().chain(numbers).collect::<Vec<_>>().join("/"),
            Version::Two if numbers.is_empty() => "0".to_string(),
            Version::Two => numbers.join("."),
        }
    }

    /// The metadata files of an array, by their paths in the store.
    fn metadata(&self, stored: DType, attrs: &[Attr], names: &[Option<&Name>]) -> Outcome<Vec<(String, Value)>> {
        let attributes = attrs.iter().filter_map(|(name, value)| Some((name.to_string(), attribute(name, value, stored)?)));
        let mut attributes: Map<String, Value> = attributes.collect();
        // xarray wants to be told that a scalar has none.
        let named = names.is_empty() || names.iter().any(Option::is_some);
        let path = |file: &str| format!("{}/{file}", self.name);
        if self.version == Version::Two {
            // There the fill value means missing.
            attributes.remove("_FillValue");
            if named {
                // Names are for all dimensions or for none.
                let name = |(at, name): (usize, &Option<&Name>)| name.map_or_else(|| format!("{}_dim_{at}", self.name), Name::to_string);
                attributes.insert("_ARRAY_DIMENSIONS".to_string(), names.iter().enumerate().map(name).collect());
            }
            return Ok(vec![(path(".zarray"), self.array_2(stored, attrs)?), (path(".zattrs"), Value::Object(attributes))]);
        }
        let mut array = self.array_3(stored, attrs);
        array["attributes"] = Value::Object(attributes);
        if named {
            array["dimension_names"] = names.iter().map(|name| name.map(Name::as_str)).collect();
        }
        Ok(vec![(path("zarr.json"), array)])
    }

    fn array_2(&self, stored: DType, attrs: &[Attr]) -> Outcome<Value> {
        let shuffle = u8::from(stored.size() > 1);
        let blosc = json!({ "id": "blosc", "cname": "zstd", "clevel": self.level, "shuffle": shuffle, "blocksize": 0 });
        Ok(json!({
            "zarr_format": 2,
            "shape": self.chunks.shape,
            "chunks": self.chunks.grid(),
            "dtype": npy::descr(stored)?,
            "order": "C",
            "fill_value": missing(stored, attrs),
            "filters": null,
            "compressor": if self.level > 0 { blosc } else { Value::Null },
            "dimension_separator": ".",
        }))
    }

    fn array_3(&self, stored: DType, attrs: &[Attr]) -> Value {
        let bytes = json!({ "name": "bytes", "configuration": { "endian": "little" } });
        let shuffle = if stored.size() > 1 { "shuffle" } else { "noshuffle" };
        let blosc = json!({ "name": "blosc", "configuration":
            { "typesize": stored.size(), "cname": "zstd", "clevel": self.level, "shuffle": shuffle, "blocksize": 0 } });
        // Something must fill what is never written, if nothing means missing.
        let zero = match stored {
            DType::Bool => json!(false),
            DType::C64 | DType::C128 => json!([0.0, 0.0]),
            _ => json!(0),
        };
        let fill = Some(missing(stored, attrs)).filter(|fill| !fill.is_null()).unwrap_or(zero);
        json!({
            "zarr_format": 3,
            "node_type": "array",
            "shape": self.chunks.shape,
            "data_type": data_type(stored),
            "chunk_grid": { "name": "regular", "configuration": { "chunk_shape": self.chunks.grid() } },
            "chunk_key_encoding": { "name": "default", "configuration": { "separator": "/" } },
            "fill_value": fill,
            "codecs": if self.level > 0 { json!([bytes, blosc]) } else { json!([bytes]) },
        })
    }
}

/// Makes a file, and the folders it is in if they are missing.
fn make(path: &PathBuf) -> io::Result<File> {
    match File::create(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            File::create(path)
        }
        made => made,
    }
}

fn data_type(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "bool",
        DType::I8 => "int8",
        DType::I16 => "int16",
        DType::I32 => "int32",
        DType::I64 | DType::DateTime(_) | DType::Duration => "int64",
        DType::U8 => "uint8",
        DType::U16 => "uint16",
        DType::U32 => "uint32",
        DType::U64 => "uint64",
        DType::F32 => "float32",
        DType::F64 => "float64",
        DType::C64 => "complex64",
        DType::C128 => "complex128",
    }
}

/// The value that means missing, and fills chunks that are never written; null where none does.
fn missing(stored: DType, attrs: &[Attr]) -> Value {
    match stored {
        DType::F32 | DType::F64 => json!("NaN"),
        _ if attrs.iter().any(|(name, _)| name == "_FillValue") => json!(NAT),
        _ => Value::Null,
    }
}

/// An attribute in JSON; `None` for what JSON cannot hold. The missing value of floats is the base64 of a double, as xarray has it.
fn attribute(name: &str, value: &AttrValue, stored: DType) -> Option<Value> {
    let number = |number: &crate::array::Scalar| match (number.as_bool(), number.as_int()) {
        (Some(value), _) => json!(value),
        (_, Some(int)) => i64::try_from(int).map_or_else(|_| json!(int as u64), |int| json!(int)),
        _ => match number.as_f64() {
            float if float.is_nan() => json!("NaN"),
            float if float.is_infinite() => json!(if float > 0.0 { "Infinity" } else { "-Infinity" }),
            float => json!(float),
        },
    };
    match value {
        AttrValue::Numbers(_) if name == "_FillValue" && stored.is_float() => Some(json!("AAAAAAAA+H8=")),
        AttrValue::Numbers(numbers) if numbers.iter().any(|number| number.dtype.size() > number.dtype.real().size()) => None,
        AttrValue::Numbers(numbers) => match numbers.as_slice() {
            [one] => Some(number(one)),
            all => Some(Value::Array(all.iter().map(number).collect())),
        },
        AttrValue::Text(text) => Some(json!(text)),
        AttrValue::Texts(texts) => Some(json!(texts)),
        AttrValue::Other(_) => None,
    }
}

fn pretty(json: &Value) -> String {
    format!("{json:#}")
}
