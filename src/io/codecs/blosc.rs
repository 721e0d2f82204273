//! The Blosc container (format 2, of c-blosc 1): blocks of shuffled bytes, each compressed by one of several compressors. All but Snappy
//! are read; Zstandard is written, in one block.
//!
//! A header of 16 bytes: version, that of the compressor, flags, size of an element; then as 32-bit numbers the bytes before, the bytes
//! of a block, the bytes behind. Then the place of every block. A block is one stream, or one for each byte of an element; a stream has
//! its size before it, and is as it was if that did not shrink.

use super::{Codec, Decoder, bitshuffle, blosclz, damaged, shuffle, wrong_size};

const HEADER: usize = 16;
const SHUFFLED: u8 = 0x1;
const PLAIN: u8 = 0x2;
const BITSHUFFLED: u8 = 0x4;
const ONE_STREAM: u8 = 0x10;
const ZSTD: u8 = 4;
/// Blocks are split only for elements of at most this many bytes, and if that leaves streams of at least this many.
const MOST_STREAMS: usize = 16;
const LEAST_STREAM: usize = 128;

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?) as usize)
}

/// Expands a container into exactly `out`.
pub(super) fn decode(decoder: &mut Decoder, encoded: &[u8], out: &mut [u8]) -> Result<(), String> {
    let Some([_, _, flags, item]) = encoded.first_chunk::<4>().copied() else { return Err(damaged()) };
    let [Some(size), Some(block), Some(_)] = [4, 8, 12].map(|at| number(encoded, at)) else { return Err(damaged()) };
    if size != out.len() {
        return Err(wrong_size(size, out.len()));
    }
    if flags & PLAIN != 0 {
        let bytes = encoded.get(HEADER..HEADER + size).ok_or_else(damaged)?;
        out.copy_from_slice(bytes);
        return Ok(());
    }
    if block == 0 {
        return if size == 0 { Ok(()) } else { Err(damaged()) };
    }
    let mut expanded = decoder.spare.pop().unwrap_or_default();
    let item = usize::from(item).max(1);
    let done = out.chunks_mut(block).enumerate().try_for_each(|(at, place)| {
        let start = number(encoded, HEADER + 4 * at).ok_or_else(damaged)?;
        let source = encoded.get(start..).ok_or_else(damaged)?;
        let split = flags & ONE_STREAM == 0 && item <= MOST_STREAMS && block / item >= LEAST_STREAM && place.len() == block;
        let streams = if split { item } else { 1 };
        let bits = flags & BITSHUFFLED != 0 && place.len() >= item;
        if !bits && (flags & SHUFFLED == 0 || item == 1) {
            return streamed(decoder, flags >> 5, source, streams, place);
        }
        expanded.resize(place.len(), 0);
        streamed(decoder, flags >> 5, source, streams, &mut expanded)?;
        // A block whose elements are no multiple of eight is not shuffled at all.
        let whole = place.len() / item * item;
        match bits {
            false => shuffle::undo(&expanded, item, place),
            true if (whole / item).is_multiple_of(8) => {
                bitshuffle::undo(&expanded[..whole], item, &mut place[..whole]);
                place[whole..].copy_from_slice(&expanded[whole..]);
            }
            true => place.copy_from_slice(&expanded),
        }
        Ok(())
    });
    decoder.spare.push(expanded);
    done
}

/// Expands the streams of a block.
fn streamed(decoder: &mut Decoder, compressor: u8, mut source: &[u8], streams: usize, out: &mut [u8]) -> Result<(), String> {
    for place in out.chunks_mut((out.len() / streams).max(1)) {
        let size = number(source, 0).ok_or_else(damaged)?;
        let stream = source.get(4..).and_then(|rest| rest.get(..size)).ok_or_else(damaged)?;
        source = &source[4 + size..];
        if size == place.len() {
            place.copy_from_slice(stream);
            continue;
        }
        let made = match compressor {
            0 => blosclz::expand(stream, place),
            1 => super::lz4(stream, place),
            2 => return Err("it is compressed with Snappy, which Kiln does not read".to_string()),
            3 | ZSTD => {
                decoder.expand(if compressor == ZSTD { Codec::Zstd } else { Codec::Zlib }, stream, place)?;
                Some(place.len())
            }
            other => return Err(format!("it is compressed with number {other} of Blosc's compressors, which Kiln does not know")),
        };
        if made != Some(place.len()) {
            return Err(damaged());
        }
    }
    Ok(())
}

/// Shuffles and compresses chunks one after another; keeps its buffers and tables.
pub struct Encoder {
    zstd: Option<zstd::bulk::Compressor<'static>>,
    shuffled: Vec<u8>,
    encoded: Vec<u8>,
}

/// Memory that making the container of a chunk of so many bytes takes, at a level: what is shuffled, what comes of it at worst, and the
/// tables of Zstandard, which are as large as the chunk's window from level 3 on.
pub fn scratch(level: u8, chunk: u64) -> u64 {
    const TABLES: u64 = 2 << 20;
    let tables = match level {
        0 => return 0,
        1 | 2 => TABLES,
        _ => TABLES + 8 * chunk.next_power_of_two(),
    };
    2 * chunk + tables
}

impl Encoder {
    /// `level` 0 compresses nothing, 9 most.
    pub fn new(level: u8) -> Encoder {
        let zstd = (level > 0).then(|| zstd::bulk::Compressor::new(i32::from(level)).ok()).flatten();
        Encoder { zstd, shuffled: Vec::new(), encoded: Vec::new() }
    }

    /// The container of a chunk of less than 2 GiB whose elements have `item` bytes.
    pub fn encode(&mut self, chunk: &[u8], item: usize) -> &[u8] {
        const START: usize = HEADER + 4;
        self.encoded.clear();
        self.encoded.resize(START + 4, 0);
        let mut flags = PLAIN;
        if let Some(zstd) = &mut self.zstd {
            let source = if item > 1 {
                self.shuffled.resize(chunk.len(), 0);
                shuffle::apply(chunk, item, &mut self.shuffled);
                &self.shuffled
            } else {
                chunk
            };
            // What does not fit has not shrunk.
            self.encoded.resize(START + 4 + chunk.len(), 0);
            let room = &mut self.encoded[START + 4..];
            if let Some(size) = zstd.compress_to_buffer(source, room).ok().filter(|size| size + START + 4 < chunk.len() + HEADER) {
                self.encoded.truncate(START + 4 + size);
                self.encoded[HEADER..START].copy_from_slice(&(START as u32).to_le_bytes());
                self.encoded[START..START + 4].copy_from_slice(&(size as u32).to_le_bytes());
                flags = ONE_STREAM | ZSTD << 5 | if item > 1 { SHUFFLED } else { 0 };
            }
        }
        if flags == PLAIN {
            self.encoded.truncate(HEADER);
            self.encoded.extend_from_slice(chunk);
        }
        let total = self.encoded.len() as u32;
        self.encoded[..4].copy_from_slice(&[2, 1, flags, item as u8]);
        for (at, value) in [(4, chunk.len() as u32), (8, chunk.len() as u32), (12, total)] {
            self.encoded[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        &self.encoded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_several_streams() {
        // Elements of two bytes, blocks of 512: one of two streams each, and a shorter last one in one stream.
        let planes: Vec<u8> = (0..700u32).map(|at| (at / 9) as u8).collect();
        let mut deflate = libdeflater::Compressor::new(libdeflater::CompressionLvl::fastest());
        let mut pack = |bytes: &[u8], compressor: u8| match compressor {
            1 => lz4_flex::block::compress(bytes),
            ZSTD => zstd::bulk::compress(bytes, 1).unwrap(),
            _ => {
                let mut out = vec![0; deflate.zlib_compress_bound(bytes.len())];
                let used = deflate.zlib_compress(bytes, &mut out).unwrap();
                out[..used].to_vec()
            }
        };
        for compressor in [1, 3, ZSTD] {
            let mut encoded = vec![2, 1, SHUFFLED | compressor << 5, 2];
            [700u32, 512, 0, HEADER as u32 + 8, 0].iter().for_each(|field| encoded.extend(field.to_le_bytes()));
            for (at, stream) in [&planes[..256], &planes[256..512], &planes[512..]].into_iter().enumerate() {
                if at == 2 {
                    let here = encoded.len() as u32;
                    encoded[HEADER + 4..HEADER + 8].copy_from_slice(&here.to_le_bytes());
                }
                let packed = pack(stream, compressor);
                encoded.extend((packed.len() as u32).to_le_bytes());
                encoded.extend(packed);
            }
            let mut out = vec![0; 700];
            decode(&mut Decoder::default(), &encoded, &mut out).unwrap();
            let mut wanted = vec![0; 700];
            wanted.chunks_mut(512).zip(planes.chunks(512)).for_each(|(place, planes)| shuffle::undo(planes, 2, place));
            assert_eq!(out, wanted, "{compressor}");
        }
    }

    #[test]
    fn what_shrinks_and_what_does_not() {
        let mut random = fastrand::Rng::with_seed(2);
        let noise: Vec<u8> = (0..4000).map(|_| random.u8(..)).collect();
        let counting: Vec<u8> = (0..1000u32).flat_map(u32::to_le_bytes).collect();
        for (bytes, shrinks) in [(&noise, false), (&counting, true)] {
            for (level, item) in [(0, 4), (1, 4), (5, 1), (9, 8)] {
                let encoded = Encoder::new(level).encode(bytes, item).to_vec();
                assert!(encoded.len() <= bytes.len() + HEADER);
                assert_eq!(encoded.len() < bytes.len(), shrinks && level > 0, "{level} {item}");
                let mut out = vec![0; bytes.len()];
                decode(&mut Decoder::default(), &encoded, &mut out).unwrap();
                assert_eq!(&out, bytes);
                assert_eq!(number(&encoded, 12), Some(encoded.len()));
            }
        }
        assert_eq!(Encoder::new(1).encode(&[], 8).len(), HEADER);
    }
}
