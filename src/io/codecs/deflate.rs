//! Shuffling and deflating chunks, as the HDF5 filters do, in the calling thread.

use super::shuffle;
use libdeflater::{CompressionLvl, Compressor};

/// Both filters left out: how chunks are stored that compression would not shrink.
const PLAIN: u32 = 0b11;

/// Memory that compressing chunks of so many bytes takes: what is shuffled, what comes of it at worst, and the tables.
pub fn scratch(chunk: u64) -> u64 {
    const TABLES: u64 = 1 << 20;
    2 * chunk + chunk / 1024 + TABLES
}

/// Compresses chunks one after another; keeps its buffers and tables.
pub struct Encoder {
    compressor: Option<Compressor>,
    shuffled: Vec<u8>,
    encoded: Vec<u8>,
}

impl Encoder {
    /// `level` 0 compresses nothing, 9 most.
    pub fn new(level: u8) -> Encoder {
        let level = (level > 0).then(|| CompressionLvl::new(i32::from(level)).unwrap_or_default());
        Encoder { compressor: level.map(Compressor::new), shuffled: Vec::new(), encoded: Vec::new() }
    }

    /// The bytes to be stored for a chunk and the filters that were left out for it; `None` if nothing is compressed.
    pub fn encode<'a>(&'a mut self, chunk: &'a [u8], item: usize) -> Option<(&'a [u8], u32)> {
        let compressor = self.compressor.as_mut()?;
        let source = if item > 1 {
            self.shuffled.resize(chunk.len(), 0);
            shuffle::apply(chunk, item, &mut self.shuffled);
            &self.shuffled
        } else {
            chunk
        };
        self.encoded.resize(compressor.zlib_compress_bound(source.len()), 0);
        let size = compressor.zlib_compress(source, &mut self.encoded).ok();
        Some(match size.filter(|size| *size < chunk.len()) {
            Some(size) => (&self.encoded[..size], 0),
            None => (chunk, if item > 1 { PLAIN } else { PLAIN >> 1 }),
        })
    }
}
