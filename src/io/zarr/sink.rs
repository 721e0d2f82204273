//! Writing Zarr: each chunk a file, compressed in the calling thread; metadata, consolidated too, when all is written. The store is made
//! beside its target and takes its place as a whole. Of version 3; of version 2 if its name ends with `.v2.zarr`.
//!
//! Chunks are near 1 MiB, compressed by Zstandard (of level 1, if nothing else is asked for) behind a shuffle, in a Blosc container.
//! Names are those of the root group; a dimension without a coordinate is only a name.

use super::array::Keys;
use super::encode::{Coding, Encoder};
use super::grow::Growing;
use crate::array::DType;
use crate::array::calendar::NAT;
use crate::base::{Code, Diagnostic, Name, Outcome};
use crate::io::atomic::{AtomicFile, AtomicFolder};
use crate::io::cf::{self, Encode};
use crate::io::codecs::Codec;
use crate::io::error::{shown, system};
use crate::io::info::{Attr, AttrValue};
use crate::io::layout::{self, Chunks};
use crate::io::save::{Grain, Grown};
use crate::io::{FileSpec, Sink, VarSpec, npy};
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// Compression where none is asked for.
pub const LEVEL: u8 = 1;

/// A store being written, or appended to.
pub struct ZarrSink {
    pub(super) store: Store,
    pub(super) variables: Vec<Variable>,
}

pub(super) enum Store {
    New {
        folder: AtomicFolder,
        /// The arrays, coordinates among them, as metadata files by their paths in the store.
        metadata: Map<String, Value>,
        version: Version,
    },
    Growing(Growing),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    Two,
    Three,
}

/// An array of a store.
pub(super) struct Variable {
    /// Its path in the store; empty for the root.
    pub path: String,
    pub chunks: Chunks,
    pub coding: Coding,
    pub keys: Keys,
    pub grown: Option<Grown>,
}

impl Version {
    fn keys(self) -> Keys {
        match self {
            Version::Two => Keys { prefixed: false, separator: '.' },
            Version::Three => Keys { prefixed: true, separator: '/' },
        }
    }
}

impl ZarrSink {
    /// Lays out a store: coordinates are written, variables are to be. Errors: K0601; K0602 for names or dimensions that do not go
    /// together; K0405 for a dimension with two coordinates.
    pub fn create(path: &Path, file: &FileSpec) -> Outcome<ZarrSink> {
        let scales = layout::scales(path, file)?;
        let folder = AtomicFolder::create(path, super::is_store)?;
        let older = path.file_stem().is_some_and(|stem| Path::new(stem).extension().is_some_and(|extension| extension == "v2"));
        let version = if older { Version::Two } else { Version::Three };
        let (mut variables, mut metadata) = (Vec::new(), Map::new());
        let variable = |name: &Name, chunks: Chunks, compress: Option<u8>| Variable {
            path: name.to_string(),
            chunks,
            coding: coding(compress),
            keys: version.keys(),
            grown: None,
        };
        for scale in scales.iter().filter(|scale| scale.variable.is_none()) {
            let Some((how, bytes)) = scale.coordinate() else { continue };
            let chunks = Chunks { shape: vec![scale.size], chunk: vec![scale.size.max(1)], item: how.stored.size() };
            let variable = variable(&scale.name, chunks, None);
            metadata.extend(variable.metadata(version, how.stored, &how.attrs, &[Some(&scale.name)])?);
            variable.write(folder.path(), &[0], &[scale.size], &bytes).map_err(|error| system("write", path, &error))?;
        }
        for spec in &file.variables {
            let how = encoded(spec.ty.dtype);
            let (chunks, inner) = laid_out(spec, how.stored.size())?;
            if inner.is_some() && version == Version::Two {
                let message = format!("cannot save {}: version 2 of Zarr has no shards", shown(path));
                return Err(Diagnostic::new(Code::Format, message).help("save to a name that ends with `.zarr` alone"));
            }
            let mut variable = variable(&spec.name, chunks, spec.compress);
            variable.coding.inner = inner;
            let attrs: Vec<_> = layout::attrs(&how, &spec.attrs).cloned().collect();
            let names: Vec<Option<&Name>> = spec.ty.dims.iter().map(|dim| dim.name.as_ref()).collect();
            metadata.extend(variable.metadata(version, how.stored, &attrs, &names)?);
            variables.push(variable);
        }
        Ok(ZarrSink { store: Store::New { folder, metadata, version }, variables })
    }
}

/// Writes the metadata of a new store.
fn close(folder: &Path, metadata: &Map<String, Value>, version: Version) -> io::Result<()> {
    for (path, json) in metadata {
        let path = folder.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, pretty(json))?;
    }
    let attributes = json!({ "Conventions": "CF-1.10" });
    let root = match version {
        Version::Three => {
            let arrays = metadata.iter().filter_map(|(path, json)| Some((path.strip_suffix("/zarr.json")?.to_string(), json.clone())));
            let arrays: Map<String, Value> = arrays.collect();
            let all = json!({ "kind": "inline", "must_understand": false, "metadata": arrays });
            let root = json!({ "zarr_format": 3, "node_type": "group", "attributes": attributes, "consolidated_metadata": all });
            vec![("zarr.json", root)]
        }
        Version::Two => {
            let group = json!({ "zarr_format": 2 });
            let mut all = metadata.clone();
            all.insert(".zgroup".to_string(), group.clone());
            all.insert(".zattrs".to_string(), attributes.clone());
            let all = json!({ "zarr_consolidated_format": 1, "metadata": all });
            vec![(".zgroup", group), (".zattrs", attributes), (".zmetadata", all)]
        }
    };
    root.iter().try_for_each(|(name, json)| std::fs::write(folder.join(name), pretty(json)))
}

/// How chunks of new arrays are encoded.
fn coding(compress: Option<u8>) -> Coding {
    let level = compress.unwrap_or(LEVEL).min(9);
    Coding { codec: (level > 0).then_some(Codec::Blosc), level, inner: None }
}

/// See `save::grain`.
pub fn grain(spec: &VarSpec) -> Outcome<Grain> {
    let (chunks, inner) = laid_out(spec, encoded(spec.ty.dtype).stored.size())?;
    // What is there already may have a codec that compresses at any level.
    let compress = if spec.grown.is_some() { Some(spec.compress.unwrap_or(LEVEL).max(1)) } else { spec.compress };
    let coded = Coding { inner, ..coding(compress) }.scratch(&chunks);
    Ok(chunks.grain(coded))
}

/// The chunks that are files, and those that they hold many of if they are shards: whole ones of these. Chunks that are wished for may be
/// longer than the array is yet. K0507 for shards that hold no whole number of chunks.
fn laid_out(spec: &VarSpec, item: usize) -> Outcome<(Chunks, Option<Vec<u64>>)> {
    let chunks = Chunks::of(spec, item)?;
    let wished = spec.chunks.as_ref().filter(|wished| wished.len() == spec.ty.rank() && !wished.is_empty());
    let chunks = Chunks { chunk: wished.cloned().unwrap_or(chunks.chunk), ..chunks };
    let Some(shards) = &spec.shards else { return Ok((chunks, None)) };
    let inner = chunks.grid();
    if wished.is_some() && inner.iter().zip(shards).any(|(inner, shard)| !shard.is_multiple_of(*inner)) {
        let message = format!("shards {shards:?} of `{}` hold no whole number of chunks {inner:?}", spec.name);
        return Err(Diagnostic::new(Code::Value, message).help("each size of a shard is a multiple of the chunk's"));
    }
    let chunk = inner.iter().zip(shards).map(|(inner, shard)| shard.next_multiple_of(*inner)).collect();
    Ok((Chunks { chunk, ..chunks }, Some(inner)))
}

/// How elements are stored: booleans are what they are.
pub(super) fn encoded(dtype: DType) -> Encode {
    if dtype == DType::Bool { Encode { stored: DType::Bool, attrs: Vec::new() } } else { cf::encode(dtype) }
}

impl Sink for ZarrSink {
    fn write(&self, variable: usize, start: &[u64], count: &[u64], bytes: &[u8]) -> Outcome<()> {
        let variable = &self.variables[variable];
        variable.chunks.check(start, count, bytes.len())?;
        let (folder, target) = match &self.store {
            Store::New { folder, .. } => (folder.path(), folder.target()),
            Store::Growing(growing) => (growing.root(), growing.root()),
        };
        variable.write(folder, start, count, bytes).map_err(|error| system("write", target, &error))
    }
    fn finish(&self) -> Outcome<()> {
        match &self.store {
            Store::New { folder, metadata, version } => {
                close(folder.path(), metadata, *version).map_err(|error| system("write", folder.target(), &error))?;
                folder.commit()
            }
            Store::Growing(growing) => growing.finish(),
        }
    }
}

impl Variable {
    pub(super) fn write(&self, root: &Path, start: &[u64], count: &[u64], bytes: &[u8]) -> io::Result<()> {
        let (mut encoder, folder) = (Encoder::new(&self.coding)?, root.join(&self.path));
        let grid = self.chunks.grid();
        self.chunks.cut(start, count, bytes, |place, chunk| {
            let file = folder.join(self.keys.key(place));
            let first: Vec<u64> = place.iter().zip(&grid).map(|(at, size)| at * size).collect();
            let encoded = encoder.file(chunk, &self.chunks, &first)?;
            if self.grown.is_some_and(|grown| first[grown.axis] < grown.from) {
                return replace(&file, &encoded);
            }
            make(&file)?.write_all(&encoded)
        })
    }

    /// The metadata files of an array, by their paths in the store.
    fn metadata(&self, version: Version, stored: DType, attrs: &[Attr], names: &[Option<&Name>]) -> Outcome<Vec<(String, Value)>> {
        let attributes = attrs.iter().filter_map(|(name, value)| Some((name.to_string(), attribute(name, value, stored)?)));
        let mut attributes: Map<String, Value> = attributes.collect();
        // xarray wants to be told that a scalar has none.
        let named = names.is_empty() || names.iter().any(Option::is_some);
        let path = |file: &str| format!("{}/{file}", self.path);
        if version == Version::Two {
            // There the fill value means missing.
            attributes.remove("_FillValue");
            if named {
                // Names are for all dimensions or for none.
                let name = |(at, name): (usize, &Option<&Name>)| name.map_or_else(|| format!("{}_dim_{at}", self.path), Name::to_string);
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
        let blosc = json!({ "id": "blosc", "cname": "zstd", "clevel": self.coding.level, "shuffle": shuffle, "blocksize": 0 });
        Ok(json!({
            "zarr_format": 2,
            "shape": self.chunks.shape,
            "chunks": self.chunks.grid(),
            "dtype": npy::descr(stored)?,
            "order": "C",
            "fill_value": missing(stored, attrs),
            "filters": null,
            "compressor": if self.coding.level > 0 { blosc } else { Value::Null },
            "dimension_separator": ".",
        }))
    }

    fn array_3(&self, stored: DType, attrs: &[Attr]) -> Value {
        let bytes = json!({ "name": "bytes", "configuration": { "endian": "little" } });
        let shuffle = if stored.size() > 1 { "shuffle" } else { "noshuffle" };
        let blosc = json!({ "name": "blosc", "configuration":
            { "typesize": stored.size(), "cname": "zstd", "clevel": self.coding.level, "shuffle": shuffle, "blocksize": 0 } });
        let codecs = if self.coding.level > 0 { json!([bytes, blosc]) } else { json!([bytes]) };
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
            "codecs": match &self.coding.inner {
                None => codecs,
                Some(inner) => json!([{ "name": "sharding_indexed", "configuration":
                    { "chunk_shape": inner, "codecs": codecs, "index_codecs": [bytes, { "name": "crc32c" }], "index_location": "end" } }]),
            },
        })
    }
}

/// Replaces the file of a chunk that others may be reading, at once.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fails = |error: Box<crate::base::Diagnostic>| io::Error::other(error.message);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let file = AtomicFile::create(path).map_err(fails)?;
    file.file().write_all(bytes)?;
    file.commit().map_err(fails)
}

/// Makes a file, and the folders it is in if they are missing.
fn make(path: &Path) -> io::Result<File> {
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

pub(super) fn pretty(json: &Value) -> String {
    format!("{json:#}")
}
