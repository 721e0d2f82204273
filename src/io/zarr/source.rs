//! Reading regions of arrays: the file of each chunk, or of the shard that it is in.

use super::array::Stored;
use super::codec::{Chunk, Content, Shard};
use crate::base::{Code, Diagnostic, Outcome};
use crate::io::codecs::{self, Decoder};
use crate::io::error::{damaged, shown, system};
use crate::io::file::stamp_of;
use crate::io::grid::{self, Part, Region};
use crate::io::info::Stamp;
use crate::io::{Source, region};
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

pub struct ZarrSource {
    root: PathBuf,
    /// The folder when it was opened: another one at its path is another store.
    stamp: Stamp,
    /// Paths of the arrays from the root.
    places: Vec<String>,
    /// `None` for variables that are skipped.
    variables: Vec<Option<Stored>>,
}

impl ZarrSource {
    pub fn new(root: &Path, places: Vec<String>, variables: Vec<Option<Stored>>) -> Outcome<ZarrSource> {
        let stamp = stamp_of(root).ok_or_else(|| system("open", root, &ErrorKind::NotFound.into()))?;
        Ok(ZarrSource { root: root.to_path_buf(), stamp, places, variables })
    }

    /// A missing chunk is no error, so a store that is replaced or removed meanwhile must be noticed apart.
    fn still_there(&self) -> Outcome<()> {
        let same = stamp_of(&self.root).is_some_and(|now| (now.device, now.inode) == (self.stamp.device, self.stamp.inode));
        if same {
            return Ok(());
        }
        let message = format!("cannot read {}: it was replaced or removed while it was read", shown(&self.root));
        Err(Diagnostic::new(Code::File, message).help("open it again"))
    }
}

impl Source for ZarrSource {
    fn read(&self, variable: usize, start: &[u64], count: &[u64], step: &[u64], out: &mut [u8]) -> Outcome<()> {
        let Some(stored) = &self.variables[variable] else { return Ok(()) };
        let item = stored.dtype.size();
        let to = region::dense(count, item).unwrap_or_default();
        let folder = self.root.join(&self.places[variable]);
        let mut reader = Reader {
            stored,
            item,
            step,
            to: &to,
            path: PathBuf::new(),
            decoder: Decoder::default(),
            encoded: Vec::new(),
            decoded: Vec::new(),
        };
        grid::walk(&stored.chunk.shape, &stored.chunk.strides, Region { start, count, step }, &to, |part| {
            reader.path = folder.join(stored.keys.key(&part.place));
            let out = &mut out[part.to as usize..];
            // Asked before opening: to open a pipe would wait for its writer.
            match std::fs::metadata(&reader.path) {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    region::fill(&part.axes, &stored.fill, out);
                    Ok(())
                }
                Ok(meta) if !meta.is_file() => Err(reader.damaged("it is no regular file")),
                Ok(meta) => {
                    let file = File::open(&reader.path).map_err(|error| system("read", &reader.path, &error))?;
                    reader.chunk(&stored.chunk, &Bytes { file: &file, offset: 0, len: meta.len() }, part, out)
                }
                Err(error) => Err(system("read", &reader.path, &error)),
            }
        })?;
        region::swap(out, stored.swap);
        self.still_there()
    }

    fn shards(&self, variable: usize) -> Option<Vec<u64>> {
        let chunk = &self.variables[variable].as_ref()?.chunk;
        matches!(chunk.content, Content::Shard(_)).then(|| chunk.shape.clone())
    }

    fn stored_bytes(&self, variable: usize) -> Outcome<u64> {
        let mut folders = vec![self.root.join(&self.places[variable])];
        let mut bytes = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).map_err(|error| system("read", &folder, &error))?.flatten() {
                match entry.metadata() {
                    Ok(meta) if meta.is_dir() => folders.push(entry.path()),
                    Ok(meta) => bytes += meta.len(),
                    Err(_) => {}
                }
            }
        }
        Ok(bytes)
    }
}

/// A part of a file: a chunk, or a chunk of a shard.
struct Bytes<'a> {
    file: &'a File,
    offset: u64,
    len: u64,
}

/// One reading of an array.
struct Reader<'a> {
    stored: &'a Stored,
    item: usize,
    step: &'a [u64],
    /// Strides of the target.
    to: &'a [u64],
    /// The file being read.
    path: PathBuf,
    decoder: Decoder,
    encoded: Vec<u8>,
    decoded: Vec<u8>,
}

impl Reader<'_> {
    fn damaged(&self, reason: impl std::fmt::Display) -> Box<Diagnostic> {
        damaged(&self.path, reason)
    }

    fn read_at(&self, bytes: &Bytes, at: u64, out: &mut [u8]) -> Outcome<()> {
        bytes.file.read_exact_at(out, bytes.offset + at).map_err(|error| system("read", &self.path, &error))
    }

    /// Reads the part of a chunk that is wanted; `out` starts where its first element goes.
    fn chunk(&mut self, chunk: &Chunk, bytes: &Bytes, part: &Part, out: &mut [u8]) -> Outcome<()> {
        let steps = match &chunk.content {
            Content::Elements(steps) => steps,
            Content::Shard(shard) => return self.shard(shard, bytes, part, out),
        };
        if steps.is_empty() {
            if bytes.len != chunk.bytes as u64 {
                return Err(self.damaged(format!("a chunk has {} bytes where it should have {}", bytes.len, chunk.bytes)));
            }
            return region::read(bytes.file, bytes.offset + part.from, &part.axes, self.item, out)
                .map_err(|error| system("read", &self.path, &error));
        }
        let size = usize::try_from(bytes.len).unwrap_or(usize::MAX);
        codecs::plausible(steps, size, chunk.bytes).map_err(|reason| self.damaged(reason))?;
        let mut encoded = std::mem::take(&mut self.encoded);
        encoded.resize(size, 0);
        self.read_at(bytes, 0, &mut encoded)?;
        let done = if part.is_whole(&chunk.shape) {
            self.decoder.decode(steps, &encoded, &mut out[..chunk.bytes])
        } else {
            self.decoded.resize(chunk.bytes, 0);
            self.decoder.decode(steps, &encoded, &mut self.decoded)
        };
        self.encoded = encoded;
        done.map_err(|reason| self.damaged(reason))?;
        if !part.is_whole(&chunk.shape) {
            region::copy(&self.decoded[part.from as usize..], &part.axes, self.item, out);
        }
        Ok(())
    }

    fn shard(&mut self, shard: &Shard, bytes: &Bytes, part: &Part, out: &mut [u8]) -> Outcome<()> {
        let index = self.index(shard, bytes)?;
        let region = Region { start: &part.start, count: &part.count, step: self.step };
        grid::walk(&shard.inner.shape, &shard.inner.strides, region, self.to, |part| {
            let number = part.place.iter().zip(&shard.many).fold(0, |number, (place, many)| number * many + place);
            let out = &mut out[part.to as usize..];
            let [offset, len] = index[number as usize];
            if [offset, len] == [u64::MAX; 2] {
                region::fill(&part.axes, &self.stored.fill, out);
                return Ok(());
            }
            if offset.checked_add(len).is_none_or(|end| end > bytes.len) {
                return Err(self.damaged("a chunk of a shard reaches beyond its end"));
            }
            self.chunk(&shard.inner, &Bytes { file: bytes.file, offset: bytes.offset + offset, len }, part, out)
        })
    }

    /// Offset and size of each chunk of a shard.
    fn index(&mut self, shard: &Shard, bytes: &Bytes) -> Outcome<Vec<[u64; 2]>> {
        if shard.index as u64 > bytes.len {
            return Err(self.damaged(format!("a shard of {} bytes cannot hold its index of {}", bytes.len, shard.index)));
        }
        let mut encoded = vec![0; shard.index];
        self.read_at(bytes, if shard.index_first { 0 } else { bytes.len - shard.index as u64 }, &mut encoded)?;
        let entries = shard.many.iter().product::<u64>() as usize;
        let mut decoded = vec![0; entries * 16];
        self.decoder
            .decode(&shard.index_steps, &encoded, &mut decoded)
            .map_err(|reason| self.damaged(format!("the index of a shard: {reason}")))?;
        if shard.index_swapped {
            region::swap(&mut decoded, 8);
        }
        let number = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
        Ok(decoded.as_chunks::<8>().0.as_chunks::<2>().0.iter().map(|[offset, len]| [number(offset), number(len)]).collect())
    }
}
