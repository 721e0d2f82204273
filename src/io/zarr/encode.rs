//! Encoding chunks: the codecs that are written, and shards, which hold many chunks and an index of them in one file.

use super::codec::{Chunk, Content, Shard};
use crate::io::codecs::{self, Codec, Step, Sum, blosc};
use crate::io::region::{self, Axis};
use crate::io::{grid, layout::Chunks};
use libdeflater::{CompressionLvl, Compressor};
use std::io;

/// How the chunks of an array are encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coding {
    /// `None` for elements as they are.
    pub codec: Option<Codec>,
    /// From 0 to 9.
    pub level: u8,
    /// The chunks that a file holds many of.
    pub inner: Option<Vec<u64>>,
}

impl Coding {
    /// As what is there already is encoded. The error says what Kiln does not write.
    pub fn of(chunk: &Chunk, level: u8) -> Result<Coding, String> {
        let steps = match &chunk.content {
            Content::Elements(steps) => steps,
            Content::Shard(shard) => return Coding::of_shard(shard, level),
        };
        let dense = region::dense(&chunk.shape, chunk.bytes / chunk.shape.iter().product::<u64>().max(1) as usize);
        if dense.as_ref() != Some(&chunk.strides) {
            return Err("is stored with its axes in another order".to_string());
        }
        let codec = match steps.as_slice() {
            [] => None,
            [Step::Compress(codec @ (Codec::Blosc | Codec::Zstd | Codec::Gzip | Codec::Zlib))] => Some(*codec),
            _ => return Err("is stored with codecs that Kiln reads but does not write".to_string()),
        };
        let least = u8::from(codec.is_some_and(|codec| codec != Codec::Blosc));
        Ok(Coding { codec, level: level.max(least), inner: None })
    }

    fn of_shard(shard: &Shard, level: u8) -> Result<Coding, String> {
        let inner = Coding::of(&shard.inner, level)?;
        if inner.inner.is_some() || shard.index_swapped || shard.index_first || shard.index_steps != [Step::Checksum(Sum::Crc32c)] {
            return Err("is stored in shards of a kind that Kiln reads but does not write".to_string());
        }
        Ok(Coding { inner: Some(shard.inner.shape.clone()), ..inner })
    }

    /// Memory that encoding a chunk, or a shard, of so many bytes takes.
    pub fn scratch(&self, chunks: &Chunks) -> u64 {
        // Tables are those of Zstandard, which has the largest.
        let Some(inner) = &self.inner else { return blosc::scratch(self.level, chunks.bytes()) };
        let one = inner.iter().fold(chunks.item as u64, |all, size| all.saturating_mul(*size));
        let many = chunks.bytes() / one.max(1);
        // The shard as it is put together, and one of its chunks.
        chunks.bytes().saturating_add(many.saturating_mul(64)).saturating_add(one).saturating_add(blosc::scratch(self.level, one))
    }
}

/// Encodes chunks one after another; keeps its buffers and tables.
pub struct Encoder<'a> {
    coding: &'a Coding,
    blosc: blosc::Encoder,
    zstd: Option<zstd::bulk::Compressor<'static>>,
    deflate: Option<Compressor>,
    encoded: Vec<u8>,
}

impl<'a> Encoder<'a> {
    pub fn new(coding: &'a Coding) -> io::Result<Encoder<'a>> {
        let Coding { codec, level, .. } = coding;
        let zstd = (*codec == Some(Codec::Zstd)).then(|| zstd::bulk::Compressor::new(i32::from(*level))).transpose()?;
        let deflate = || Compressor::new(CompressionLvl::new(i32::from(*level)).unwrap_or_default());
        let deflate = matches!(codec, Some(Codec::Gzip | Codec::Zlib)).then(deflate);
        let level = if *codec == Some(Codec::Blosc) { *level } else { 0 };
        Ok(Encoder { coding, blosc: blosc::Encoder::new(level), zstd, deflate, encoded: Vec::new() })
    }

    /// The file of a chunk, whose first index in the array is `start`.
    pub fn file<'b>(&'b mut self, chunk: &'b [u8], chunks: &Chunks, start: &[u64]) -> io::Result<Bytes<'b>> {
        match &self.coding.inner {
            None => self.chunk(chunk, chunks.item).map(Bytes::Lent),
            Some(inner) => self.shard(chunk, chunks, inner, start).map(Bytes::Own),
        }
    }

    fn chunk<'b>(&'b mut self, chunk: &'b [u8], item: usize) -> io::Result<&'b [u8]> {
        if let Some(zstd) = &mut self.zstd {
            self.encoded = zstd.compress(chunk)?;
            return Ok(&self.encoded);
        }
        if let Some(deflate) = &mut self.deflate {
            let zlib = self.coding.codec == Some(Codec::Zlib);
            self.encoded.resize(if zlib { deflate.zlib_compress_bound(chunk.len()) } else { deflate.gzip_compress_bound(chunk.len()) }, 0);
            let done = if zlib { deflate.zlib_compress(chunk, &mut self.encoded) } else { deflate.gzip_compress(chunk, &mut self.encoded) };
            return done.map(|size| &self.encoded[..size]).map_err(|error| io::Error::other(error.to_string()));
        }
        Ok(if self.coding.codec == Some(Codec::Blosc) { self.blosc.encode(chunk, item) } else { chunk })
    }

    /// Chunks one after another, then where each is. Those beyond the array are left out.
    fn shard(&mut self, shard: &[u8], chunks: &Chunks, inner: &[u64], start: &[u64]) -> io::Result<Vec<u8>> {
        const NOWHERE: [u64; 2] = [u64::MAX; 2];
        let (grid, item) = (chunks.grid(), chunks.item);
        let (from, to) = (region::dense(&grid, item).unwrap_or_default(), region::dense(inner, item).unwrap_or_default());
        let mut own = vec![0; inner.iter().product::<u64>() as usize * item];
        let (mut out, mut index): (Vec<u8>, Vec<[u64; 2]>) = (Vec::new(), Vec::new());
        for place in grid::places(&grid, inner) {
            let first: Vec<u64> = place.iter().zip(inner).map(|(at, size)| at * size).collect();
            if first.iter().zip(start).zip(&chunks.shape).any(|((first, start), size)| first + start >= *size) {
                index.push(NOWHERE);
                continue;
            }
            let offset: u64 = first.iter().zip(&from).map(|(first, stride)| first * stride).sum();
            let axes: Vec<Axis> = (0..inner.len()).map(|axis| Axis { count: inner[axis], from: from[axis], to: to[axis] }).collect();
            region::copy(&shard[offset as usize..], &axes, item, &mut own);
            let encoded = self.chunk(&own, item)?;
            index.push([out.len() as u64, encoded.len() as u64]);
            out.extend_from_slice(encoded);
        }
        let index: Vec<u8> = index.iter().flatten().flat_map(|number| number.to_le_bytes()).collect();
        out.extend_from_slice(&index);
        out.extend(codecs::crc32c(&index).to_le_bytes());
        Ok(out)
    }
}

/// The bytes of a file.
pub enum Bytes<'a> {
    Lent(&'a [u8]),
    Own(Vec<u8>),
}

impl std::ops::Deref for Bytes<'_> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Lent(bytes) => bytes,
            Bytes::Own(bytes) => bytes,
        }
    }
}
