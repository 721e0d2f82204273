//! Codecs by the names that Zarr has for them, and the shards that some chunks are.

use super::array::{name, sizes};
use crate::array::DType;
use crate::io::codecs::{self, Codec, Step, Sum};
use crate::io::region;
use serde_json::Value;

/// Shards within shards nest this deep.
const DEEPEST: usize = 4;

/// Whether elements are stored in the other byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swap {
    Yes,
    No,
}

/// A chunk: a file, or a part of a shard.
#[derive(Debug)]
pub struct Chunk {
    pub shape: Vec<u64>,
    /// Byte strides of the decoded elements along the axes of the array.
    pub strides: Vec<u64>,
    /// Bytes of the decoded elements.
    pub bytes: usize,
    pub content: Content,
}

#[derive(Debug)]
pub enum Content {
    /// All elements together, after these steps.
    Elements(Vec<Step>),
    Shard(Box<Shard>),
}

/// Many chunks in one file, with an index.
#[derive(Debug)]
pub struct Shard {
    pub inner: Chunk,
    /// Number of inner chunks along each axis.
    pub many: Vec<u64>,
    /// Bytes of the encoded index: offset and size of each chunk, 8 bytes each, and its checksums.
    pub index: usize,
    pub index_steps: Vec<Step>,
    pub index_swapped: bool,
    pub index_first: bool,
}

impl Chunk {
    fn new(shape: Vec<u64>, axes: &[usize], item: usize, content: Content) -> Result<Chunk, String> {
        let stored: Vec<u64> = axes.iter().map(|axis| shape[*axis]).collect();
        let impossible = "has chunks of an impossible shape";
        let dense = region::dense(&stored, item).ok_or(impossible)?;
        let bytes = shape.iter().product::<u64>() * item as u64;
        let bytes = usize::try_from(bytes).map_err(|_| impossible)?;
        let mut strides = vec![0; shape.len()];
        axes.iter().zip(dense).for_each(|(axis, stride)| strides[*axis] = stride);
        Ok(Chunk { shape, strides, bytes, content })
    }

    /// The smallest chunks that are decoded by themselves.
    pub fn leaf(&self) -> &Chunk {
        match &self.content {
            Content::Elements(_) => self,
            Content::Shard(shard) => shard.inner.leaf(),
        }
    }

    /// Bytes that the indexes of a shard take in memory.
    pub fn index_bytes(&self) -> u64 {
        match &self.content {
            Content::Elements(_) => 0,
            Content::Shard(shard) => 2 * shard.index as u64 + shard.inner.index_bytes(),
        }
    }
}

/// The codecs of version 3, for chunks of a shape. The error says what cannot be read.
pub fn version_3(codecs: &[Value], shape: Vec<u64>, dtype: DType) -> Result<(Chunk, Swap), String> {
    nested(codecs, shape, dtype, 0)
}

fn nested(codecs: &[Value], shape: Vec<u64>, dtype: DType, depth: usize) -> Result<(Chunk, Swap), String> {
    let mut axes: Vec<usize> = (0..shape.len()).collect();
    let mut serial: Option<(Swap, Option<Shard>)> = None;
    let mut steps = Vec::new();
    for codec in codecs {
        let kind = name(codec).ok_or("has a codec without a name")?;
        let configuration = codec.get("configuration").unwrap_or(&Value::Null);
        match (kind, &serial) {
            ("transpose", None) => {
                let order = sizes(configuration.get("order")).filter(|order| is_permutation(order, axes.len()));
                let order = order.ok_or("has a transposition of other axes than its own")?;
                axes = order.iter().map(|axis| axes[*axis as usize]).collect();
            }
            ("bytes" | "endian", None) => serial = Some((endian(configuration)?, None)),
            ("sharding_indexed", None) => {
                if axes.iter().enumerate().any(|(at, axis)| at != *axis) {
                    return Err("has transposed shards, which Kiln does not read".to_string());
                }
                if depth >= DEEPEST {
                    return Err(format!("has shards nested deeper than {DEEPEST}"));
                }
                let (shard, swap) = shard(configuration, &shape, dtype, depth)?;
                serial = Some((swap, Some(shard)));
            }
            (kind, None) => return Err(unknown(kind)),
            (_, Some((_, Some(_)))) => return Err("has shards that are encoded as a whole, which Kiln does not read".to_string()),
            (kind, Some((_, None))) => {
                let kind = kind.strip_prefix("numcodecs.").unwrap_or(kind);
                steps.push(step(kind, configuration, dtype).ok_or_else(|| unknown(kind))?);
            }
        }
    }
    let (swap, shard) = serial.ok_or("has no codec that makes bytes of its elements")?;
    if !codecs::is_decodable(&steps) {
        return Err("is compressed twice, which Kiln does not read".to_string());
    }
    let content = match shard {
        Some(shard) => Content::Shard(Box::new(shard)),
        None => Content::Elements(steps),
    };
    Ok((Chunk::new(shape, &axes, dtype.size(), content)?, swap))
}

fn shard(configuration: &Value, shape: &[u64], dtype: DType, depth: usize) -> Result<(Shard, Swap), String> {
    let inner = sizes(configuration.get("chunk_shape")).filter(|inner| inner.len() == shape.len() && !inner.contains(&0));
    let inner = inner.ok_or("has shards of impossible chunks")?;
    if shape.iter().zip(&inner).any(|(outer, inner)| !outer.is_multiple_of(*inner)) {
        return Err("has shards that are no whole number of chunks".to_string());
    }
    let many: Vec<u64> = shape.iter().zip(&inner).map(|(outer, inner)| outer / inner).collect();
    let list = |key: &str| configuration.get(key).and_then(Value::as_array);
    let (chunk, swap) = nested(list("codecs").ok_or("has shards without codecs")?, inner, dtype, depth + 1)?;
    let (mut index_steps, mut index_swapped, mut serial) = (Vec::new(), false, false);
    for codec in list("index_codecs").ok_or("has shards without an index")? {
        match name(codec) {
            Some("bytes" | "endian") if !serial => {
                serial = true;
                index_swapped = endian(codec.get("configuration").unwrap_or(&Value::Null))? == Swap::Yes;
            }
            Some("crc32c") if serial => index_steps.push(Step::Checksum(Sum::Crc32c)),
            kind => return Err(format!("has a shard index with codec `{}`, which Kiln does not read", kind.unwrap_or("?"))),
        }
    }
    let index_first = match configuration.get("index_location").and_then(Value::as_str) {
        Some("end") | None => false,
        Some("start") => true,
        Some(other) => return Err(format!("has the index of its shards at `{other}`, which Kiln does not know")),
    };
    let entries = many.iter().try_fold(16u64, |all, many| all.checked_mul(*many)).and_then(|bytes| usize::try_from(bytes).ok());
    let index = entries.and_then(|bytes| bytes.checked_add(4 * index_steps.len())).ok_or("has shards of impossibly many chunks")?;
    Ok((Shard { inner: chunk, many, index, index_steps, index_swapped, index_first }, swap))
}

/// The filters and the compressor of version 2, for chunks of a shape.
pub fn version_2(codecs: &[&Value], shape: Vec<u64>, dtype: DType, fortran: bool) -> Result<Chunk, String> {
    let kind = |codec: &&Value| codec.get("id").and_then(Value::as_str).map(str::to_string).ok_or("has a codec without a name");
    let mut steps = Vec::new();
    for codec in codecs {
        let kind = kind(codec)?;
        if kind.starts_with("vlen-") {
            return Err("holds text".to_string());
        }
        steps.push(step(&kind, codec, dtype).ok_or_else(|| unknown(&kind))?);
    }
    if !codecs::is_decodable(&steps) {
        return Err("is compressed twice, which Kiln does not read".to_string());
    }
    let mut axes: Vec<usize> = (0..shape.len()).collect();
    if fortran {
        axes.reverse();
    }
    Chunk::new(shape, &axes, dtype.size(), Content::Elements(steps))
}

/// A codec from bytes to bytes.
fn step(kind: &str, configuration: &Value, dtype: DType) -> Option<Step> {
    Some(match kind {
        "blosc" => Step::Compress(Codec::Blosc),
        "zstd" => Step::Compress(Codec::Zstd),
        "gzip" => Step::Compress(Codec::Gzip),
        "zlib" => Step::Compress(Codec::Zlib),
        "bz2" => Step::Compress(Codec::Bzip2),
        "lz4" => Step::Compress(Codec::Lz4),
        "shuffle" => {
            let size = configuration.get("elementsize").map_or(Some(dtype.size() as u64), Value::as_u64)?;
            Step::Shuffle(usize::try_from(size).ok()?)
        }
        "crc32c" => Step::Checksum(Sum::Crc32c),
        "fletcher32" => Step::Checksum(Sum::Fletcher32),
        _ => return None,
    })
}

fn unknown(kind: &str) -> String {
    format!("is stored with codec `{kind}`, which Kiln does not read")
}

fn endian(configuration: &Value) -> Result<Swap, String> {
    match configuration.get("endian").and_then(Value::as_str) {
        Some("little") | None => Ok(Swap::No),
        Some("big") => Ok(Swap::Yes),
        Some(other) => Err(format!("has its bytes in order `{other}`, which Kiln does not know")),
    }
}

fn is_permutation(order: &[u64], rank: usize) -> bool {
    order.len() == rank && (0..rank as u64).all(|axis| order.contains(&axis))
}
