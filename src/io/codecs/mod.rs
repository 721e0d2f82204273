//! Codecs of chunks, the same for every format: compressors, shuffles, checksums. A `Step` is data; a `Decoder` undoes a list of them into
//! a chunk of known size. Owns no identifiers: formats say which step their numbers and names mean.
//!
//! Every decoder writes into a buffer whose size the caller has stated, and never beyond it: damaged data are an error.

pub mod bitshuffle;
pub mod blosc;
mod blosclz;
pub mod deflate;
mod lz;
pub mod shuffle;

use libdeflater::Decompressor;

/// One thing that was done to the bytes of a chunk, in the order of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The first bytes of all elements of this size, then the second ones, and so on.
    Shuffle(usize),
    /// The bits of elements of this size, alike in blocks, then compressed if the last is not `None`.
    Bitshuffle(bitshuffle::Shape),
    Compress(Codec),
    Checksum(Sum),
}

/// A compressor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    Zlib,
    Gzip,
    Zstd,
    Bzip2,
    /// A container that says itself how it was made.
    Blosc,
    Lzf,
    /// One block after its size, as Python's numcodecs writes it.
    Lz4,
    /// Blocks with sizes, as the HDF5 filter writes them.
    Lz4Blocks,
}

/// What stands behind the bytes and must agree with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sum {
    Fletcher32,
    Crc32c,
}

/// No byte of a chunk takes less than this part of a byte after these compressors.
const MOST_INFLATION: usize = 1032;
/// Other compressors make a chunk of up to this size out of anything.
const LARGEST: usize = 1 << 30;

/// Checks before memory is taken for a chunk of `size` bytes that `encoded` bytes can hold it.
pub fn plausible(steps: &[Step], encoded: usize, size: usize) -> Result<(), String> {
    let bounded = |step: &Step| match step {
        Step::Compress(Codec::Zlib | Codec::Gzip | Codec::Lzf | Codec::Lz4 | Codec::Lz4Blocks) => true,
        Step::Compress(_) | Step::Bitshuffle(_) => false,
        Step::Shuffle(_) | Step::Checksum(_) => true,
    };
    let most = if steps.iter().all(bounded) { encoded.saturating_add(64).saturating_mul(MOST_INFLATION) } else { LARGEST };
    if size <= most { Ok(()) } else { Err(format!("{encoded} bytes cannot hold a chunk of {size}")) }
}

/// Whether a list of steps can be undone: the size of every intermediate form must be known.
pub fn is_decodable(steps: &[Step]) -> bool {
    (0..steps.len()).all(|at| !is_sizing(&steps[at]) || size_after(&steps[..at], 0).is_some())
}

/// Whether the size before a step cannot be told from the size behind it.
fn is_sizing(step: &Step) -> bool {
    matches!(step, Step::Compress(_) | Step::Bitshuffle(bitshuffle::Shape { codec: Some(_), .. }))
}

/// How many bytes `size` bytes have become after some steps; `None` if a compressor is among them.
fn size_after(steps: &[Step], size: usize) -> Option<usize> {
    steps.iter().try_fold(size, |size, step| match step {
        _ if is_sizing(step) => None,
        Step::Checksum(_) => size.checked_add(4),
        _ => Some(size),
    })
}

/// Buffers and tables that one reading call keeps from chunk to chunk.
#[derive(Default)]
pub struct Decoder {
    inflate: Option<Decompressor>,
    zstd: Option<zstd::bulk::Decompressor<'static>>,
    spare: Vec<Vec<u8>>,
}

impl Decoder {
    /// Undoes the steps of a chunk into exactly `out`.
    pub fn decode(&mut self, steps: &[Step], encoded: &[u8], out: &mut [u8]) -> Result<(), String> {
        let Some((last, before)) = steps.split_last() else { return exactly(encoded, out) };
        if let Step::Checksum(sum) = last {
            return self.decode(before, checked(*sum, encoded)?, out);
        }
        if before.is_empty() {
            return self.undo(*last, encoded, out);
        }
        let size = if is_sizing(last) { size_after(before, out.len()) } else { Some(encoded.len()) };
        let size = size.ok_or("its chunks are compressed twice")?;
        let mut between = self.spare.pop().unwrap_or_default();
        between.resize(size, 0);
        let done = self.undo(*last, encoded, &mut between).and_then(|()| self.decode(before, &between, out));
        self.spare.push(between);
        done
    }

    fn undo(&mut self, step: Step, encoded: &[u8], out: &mut [u8]) -> Result<(), String> {
        match step {
            Step::Shuffle(size) => {
                same_size(encoded, out)?;
                shuffle::undo(encoded, size, out);
                Ok(())
            }
            Step::Bitshuffle(shape) => bitshuffle::decode(self, shape, encoded, out),
            Step::Compress(codec) => self.expand(codec, encoded, out),
            Step::Checksum(sum) => exactly(checked(sum, encoded)?, out),
        }
    }

    fn expand(&mut self, codec: Codec, encoded: &[u8], out: &mut [u8]) -> Result<(), String> {
        let inflate = self.inflate.get_or_insert_with(Decompressor::new);
        let size = match codec {
            Codec::Zlib => inflate.zlib_decompress(encoded, out).ok(),
            Codec::Gzip => inflate.gzip_decompress(encoded, out).ok(),
            Codec::Zstd => return self.zstd(encoded, out),
            Codec::Bzip2 => bunzip2(encoded, out),
            Codec::Blosc => return blosc::decode(self, encoded, out),
            Codec::Lzf => lz::lzf(encoded, out),
            Codec::Lz4 => encoded.get(4..).and_then(|block| lz4(block, out)),
            Codec::Lz4Blocks => return lz::lz4_blocks(encoded, out),
        };
        match size.ok_or_else(damaged)? {
            size if size == out.len() => Ok(()),
            size => Err(wrong_size(size, out.len())),
        }
    }

    fn zstd(&mut self, encoded: &[u8], out: &mut [u8]) -> Result<(), String> {
        if self.zstd.is_none() {
            self.zstd = zstd::bulk::Decompressor::new().ok();
        }
        let size = self.zstd.as_mut().and_then(|zstd| zstd.decompress_to_buffer(encoded, out).ok()).ok_or_else(damaged)?;
        if size == out.len() { Ok(()) } else { Err(wrong_size(size, out.len())) }
    }
}

/// Expands one LZ4 block; how many bytes it made.
fn lz4(encoded: &[u8], out: &mut [u8]) -> Option<usize> {
    lz4_flex::block::decompress_into(encoded, out).ok()
}

fn bunzip2(encoded: &[u8], out: &mut [u8]) -> Option<usize> {
    let mut reader = bzip2::read::MultiBzDecoder::new(encoded);
    let mut done = 0;
    loop {
        match std::io::Read::read(&mut reader, &mut out[done..]).ok()? {
            0 => break,
            more => done += more,
        }
    }
    // Nothing may follow.
    (done < out.len() || std::io::Read::read(&mut reader, &mut [0]).ok()? == 0).then_some(done)
}

pub(super) fn damaged() -> String {
    "its compressed data are damaged".to_string()
}

pub(super) fn wrong_size(found: usize, wanted: usize) -> String {
    format!("a chunk has {found} bytes where it should have {wanted}")
}

fn same_size(bytes: &[u8], out: &[u8]) -> Result<(), String> {
    if bytes.len() == out.len() { Ok(()) } else { Err(wrong_size(bytes.len(), out.len())) }
}

fn exactly(bytes: &[u8], out: &mut [u8]) -> Result<(), String> {
    same_size(bytes, out)?;
    out.copy_from_slice(bytes);
    Ok(())
}

/// What stands before a checksum that is right.
fn checked(sum: Sum, bytes: &[u8]) -> Result<&[u8], String> {
    let (data, stored) = bytes.split_last_chunk::<4>().ok_or("a chunk is shorter than its checksum")?;
    let stored = u32::from_le_bytes(*stored);
    let right = match sum {
        // Old libraries wrote it with the bytes of each half swapped.
        Sum::Fletcher32 => {
            let wanted = hdf5_reader::checksum::fletcher32(data);
            stored == wanted || stored == wanted.swap_bytes().rotate_left(16)
        }
        Sum::Crc32c => stored == crc32c(data),
    };
    if right { Ok(data) } else { Err("a chunk's checksum is wrong".to_string()) }
}

/// CRC-32C (Castagnoli), by a table of single bytes: only shard indexes and, on request, chunks carry it.
pub fn crc32c(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut at = 0;
        while at < 256 {
            let mut rest = at as u32;
            let mut bit = 0;
            while bit < 8 {
                rest = if rest & 1 == 1 { rest >> 1 ^ 0x82f6_3b78 } else { rest >> 1 };
                bit += 1;
            }
            table[at] = rest;
            at += 1;
        }
        table
    };
    !bytes.iter().fold(!0, |sum, byte| TABLE[usize::from(sum as u8 ^ *byte)] ^ sum >> 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// Does a step as writers do.
    fn apply(step: Step, bytes: &[u8]) -> Vec<u8> {
        let mut deflate = libdeflater::Compressor::new(libdeflater::CompressionLvl::fastest());
        match step {
            Step::Shuffle(size) => {
                let mut out = vec![0; bytes.len()];
                shuffle::apply(bytes, size, &mut out);
                out
            }
            Step::Checksum(sum) => {
                let sum = match sum {
                    Sum::Fletcher32 => hdf5_reader::checksum::fletcher32(bytes),
                    Sum::Crc32c => crc32c(bytes),
                };
                [bytes, &sum.to_le_bytes()].concat()
            }
            Step::Compress(Codec::Zlib) => {
                let mut out = vec![0; deflate.zlib_compress_bound(bytes.len())];
                let used = deflate.zlib_compress(bytes, &mut out).unwrap();
                out[..used].to_vec()
            }
            Step::Compress(Codec::Gzip) => {
                let mut out = vec![0; deflate.gzip_compress_bound(bytes.len())];
                let used = deflate.gzip_compress(bytes, &mut out).unwrap();
                out[..used].to_vec()
            }
            Step::Compress(Codec::Zstd) => zstd::bulk::compress(bytes, 1).unwrap(),
            Step::Compress(Codec::Bzip2) => {
                let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
                writer.write_all(bytes).unwrap();
                writer.finish().unwrap()
            }
            Step::Compress(Codec::Blosc) => blosc::Encoder::new(1).encode(bytes, 4).to_vec(),
            Step::Compress(Codec::Lz4) => [&(bytes.len() as u32).to_le_bytes()[..], &lz4_flex::block::compress(bytes)].concat(),
            _ => panic!("no writer for {step:?}"),
        }
    }

    #[test]
    fn every_pipeline_is_undone() {
        use Codec::*;
        let (fletcher, crc) = (Step::Checksum(Sum::Fletcher32), Step::Checksum(Sum::Crc32c));
        for (size, len) in [(1, 40), (2, 40), (3, 41), (4, 640), (8, 80), (16, 64)] {
            let data: Vec<u8> = (0..len).map(|at: u32| (at * at / 7) as u8).collect();
            let shuffle = Step::Shuffle(size);
            for codec in [Zlib, Gzip, Zstd, Bzip2, Blosc, Lz4] {
                let compress = Step::Compress(codec);
                for steps in [
                    &[][..],
                    &[shuffle],
                    &[compress],
                    &[shuffle, compress],
                    &[shuffle, compress, fletcher],
                    &[crc, shuffle, compress, crc],
                    &[fletcher],
                    &[compress, shuffle],
                ] {
                    let encoded = steps.iter().fold(data.clone(), |bytes, step| apply(*step, &bytes));
                    assert!(is_decodable(steps) && plausible(steps, encoded.len(), data.len()).is_ok());
                    let mut out = vec![0; data.len()];
                    Decoder::default().decode(steps, &encoded, &mut out).unwrap();
                    assert_eq!(out, data, "{size} {steps:?}");
                    let cut = &encoded[..encoded.len() - 1];
                    assert!(Decoder::default().decode(steps, cut, &mut out).is_err(), "{steps:?}");
                    let mut longer = vec![0; data.len() + 1];
                    assert!(Decoder::default().decode(steps, &encoded, &mut longer).is_err(), "{steps:?}");
                    assert!(Decoder::default().decode(steps, &encoded, &mut longer[2..]).is_err(), "{steps:?}");
                }
            }
        }
        assert!(!is_decodable(&[Step::Compress(Zstd), Step::Compress(Gzip)]));
    }

    #[test]
    fn damage_is_an_error() {
        let mut random = fastrand::Rng::with_seed(5);
        let shape = bitshuffle::Shape { item: 4, block: 0, codec: Some(Codec::Lz4) };
        let compressed = [Codec::Zlib, Codec::Gzip, Codec::Zstd, Codec::Bzip2, Codec::Blosc, Codec::Lzf, Codec::Lz4, Codec::Lz4Blocks];
        let all = compressed.map(Step::Compress).into_iter().chain([Step::Bitshuffle(shape), Step::Checksum(Sum::Crc32c)]);
        for step in all {
            let whole = match step {
                Step::Compress(Codec::Lzf | Codec::Lz4Blocks) | Step::Bitshuffle(_) => Vec::new(),
                _ => apply(step, &(0..400u32).flat_map(|at| (at / 3).to_le_bytes()).collect::<Vec<u8>>()),
            };
            for _ in 0..400 {
                let bytes: Vec<u8> = if whole.is_empty() || random.bool() {
                    (0..random.usize(0..40)).map(|_| random.u8(..)).collect()
                } else {
                    let mut bytes = whole.clone();
                    let at = random.usize(0..bytes.len());
                    bytes[at] = random.u8(..);
                    bytes
                };
                Decoder::default().decode(&[step], &bytes, &mut [0; 1600]).ok();
            }
        }
        assert!(plausible(&[Step::Compress(Codec::Zlib)], 100, 1 << 30).is_err());
        assert!(plausible(&[Step::Compress(Codec::Zstd)], 100, 1 << 40).is_err());
    }

    #[test]
    fn the_checksum_is_the_known_one() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }
}
