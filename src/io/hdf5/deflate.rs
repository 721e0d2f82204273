//! Shuffling and compressing chunks for HDF5 files, in the calling thread.

use libdeflater::{CompressionLvl, Compressor};

/// Both filters left out: how chunks are stored that compression would not shrink.
const PLAIN: u32 = 0b11;

/// Compresses chunks one after another; keeps its buffers and tables.
pub(super) struct Encoder {
    compressor: Option<Compressor>,
    shuffled: Vec<u8>,
    encoded: Vec<u8>,
}

impl Encoder {
    /// `level` 0 compresses nothing, 9 most.
    pub(super) fn new(level: u8) -> Encoder {
        let level = (level > 0).then(|| CompressionLvl::new(i32::from(level)).unwrap_or_default());
        Encoder { compressor: level.map(Compressor::new), shuffled: Vec::new(), encoded: Vec::new() }
    }

    /// The bytes to be stored for a chunk and the filters that were left out for it; `None` if nothing is compressed.
    pub(super) fn encode<'a>(&'a mut self, chunk: &'a [u8], item: usize) -> Option<(&'a [u8], u32)> {
        let compressor = self.compressor.as_mut()?;
        let source = if item > 1 { shuffle(chunk, item, &mut self.shuffled) } else { chunk };
        self.encoded.resize(compressor.zlib_compress_bound(source.len()), 0);
        let size = compressor.zlib_compress(source, &mut self.encoded).ok();
        Some(match size.filter(|size| *size < chunk.len()) {
            Some(size) => (&self.encoded[..size], 0),
            None => (chunk, if item > 1 { PLAIN } else { PLAIN >> 1 }),
        })
    }
}

/// Lays the first bytes of all elements together, then the second ones, and so on.
fn shuffle<'a>(chunk: &[u8], item: usize, out: &'a mut Vec<u8>) -> &'a [u8] {
    out.resize(chunk.len(), 0);
    match item {
        2 => planes::<2>(chunk, out),
        4 => planes::<4>(chunk, out),
        8 => planes::<8>(chunk, out),
        _ => planes::<16>(chunk, out),
    }
    out
}

fn planes<const N: usize>(chunk: &[u8], out: &mut [u8]) {
    let elements = chunk.as_chunks::<N>().0;
    for (byte, plane) in out.chunks_exact_mut(elements.len().max(1)).take(N).enumerate() {
        plane.iter_mut().zip(elements).for_each(|(place, element)| *place = element[byte]);
    }
}
