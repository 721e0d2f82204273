//! Undoing HDF5 filters on one chunk: deflate (libdeflate), lzf, shuffle and fletcher32 here, the rest by the `hdf5-reader` crate.

use hdf5_reader::checksum::fletcher32;
use hdf5_reader::filters::apply_pipeline_with_limit;
use hdf5_reader::messages::filter_pipeline::FilterDescription;
use libdeflater::Decompressor;

const DEFLATE: u16 = 1;
const SHUFFLE: u16 = 2;
const FLETCHER32: u16 = 3;
const LZF: u16 = 32000;

/// Deflate makes no byte of less than 1/1032 of it.
const MOST_INFLATION: usize = 1032;
/// Other filters may make this much of a chunk of any size.
const LARGEST_FOREIGN: usize = 1 << 30;

/// The names of filters, and whether they can be undone.
const KNOWN: [(u16, &str, bool); 14] = [
    (DEFLATE, "deflate", true),
    (SHUFFLE, "shuffle", true),
    (FLETCHER32, "fletcher32", true),
    (4, "szip", true),
    (5, "nbit", true),
    (6, "scaleoffset", true),
    (LZF, "lzf", true),
    (32004, "lz4", true),
    (307, "bzip2", false),
    (32001, "blosc", false),
    (32008, "bitshuffle", false),
    (32013, "zfp", false),
    (32015, "zstd", false),
    (32026, "blosc2", false),
];

/// The name of a filter.
pub(super) fn name(filter: &FilterDescription) -> String {
    let known = KNOWN.iter().find(|(id, ..)| *id == filter.id);
    known.map_or_else(|| format!("filter {}", filter.id), |(_, name, _)| name.to_string())
}

/// Whether the filter can be undone.
pub(super) fn is_known(filter: &FilterDescription) -> bool {
    KNOWN.iter().any(|(id, _, readable)| *id == filter.id && *readable)
}

/// Buffers and tables that one reading call keeps from chunk to chunk.
pub(super) struct Decoder {
    inflate: Option<Decompressor>,
    shuffled: Vec<u8>,
}

/// What this module undoes by itself: at most one of each, in this order of writing.
#[derive(Default)]
struct Own {
    /// Bytes of an element as shuffled.
    shuffle: Option<usize>,
    codec: Option<u16>,
    checksum: bool,
}

impl Own {
    /// `None` if there is another filter, or another order. Filters whose bit is in `mask` were left out for this chunk.
    fn of(filters: &[FilterDescription], mask: u32, item: usize) -> Option<Own> {
        let mut own = Own::default();
        for (at, filter) in filters.iter().enumerate() {
            let left_out = mask.checked_shr(at as u32).unwrap_or(0) & 1 == 1;
            match filter.id {
                _ if left_out => {}
                SHUFFLE if own.shuffle.is_none() && own.codec.is_none() && !own.checksum => {
                    own.shuffle = Some(filter.client_data.first().map_or(item, |size| *size as usize));
                }
                DEFLATE | LZF if own.codec.is_none() && !own.checksum => own.codec = Some(filter.id),
                FLETCHER32 if !own.checksum => own.checksum = true,
                _ => return None,
            }
        }
        Some(own)
    }
}

impl Decoder {
    pub(super) fn new() -> Decoder {
        Decoder { inflate: None, shuffled: Vec::new() }
    }

    /// Checks before memory is taken for a chunk of `size` bytes that `encoded` bytes can hold it.
    pub(super) fn plausible(filters: &[FilterDescription], encoded: usize, size: usize) -> Result<(), String> {
        let most = match filters.iter().all(|filter| matches!(filter.id, DEFLATE | SHUFFLE | FLETCHER32 | LZF)) {
            true => encoded.saturating_add(64).saturating_mul(MOST_INFLATION),
            false => LARGEST_FOREIGN,
        };
        if size <= most { Ok(()) } else { Err(format!("{encoded} bytes cannot hold a chunk of {size}")) }
    }

    /// Undoes the filters of a chunk into exactly `out`.
    pub(super) fn decode(
        &mut self,
        filters: &[FilterDescription],
        mask: u32,
        item: usize,
        encoded: &[u8],
        out: &mut [u8],
    ) -> Result<(), String> {
        let Some(own) = Own::of(filters, mask, item) else {
            let limit = out.len().saturating_add(1);
            let decoded = apply_pipeline_with_limit(encoded, filters, mask, item, None, Some(limit)).map_err(|error| error.to_string())?;
            return exactly(&decoded, out);
        };
        let encoded = if own.checksum { checked(encoded)? } else { encoded };
        let Some(size) = own.shuffle.filter(|size| *size > 1) else {
            return self.expand(own.codec, encoded, out);
        };
        if own.codec.is_none() {
            return if encoded.len() == out.len() { unshuffle(encoded, size, out) } else { Err(wrong_size(encoded.len(), out.len())) };
        }
        let mut shuffled = std::mem::take(&mut self.shuffled);
        shuffled.resize(out.len(), 0);
        let done = self.expand(own.codec, encoded, &mut shuffled).and_then(|()| unshuffle(&shuffled, size, out));
        self.shuffled = shuffled;
        done
    }

    fn expand(&mut self, codec: Option<u16>, encoded: &[u8], out: &mut [u8]) -> Result<(), String> {
        match codec {
            None => exactly(encoded, out),
            Some(LZF) => unlzf(encoded, out),
            Some(_) => match self.inflate.get_or_insert_with(Decompressor::new).zlib_decompress(encoded, out) {
                Ok(size) if size == out.len() => Ok(()),
                Ok(size) => Err(wrong_size(size, out.len())),
                Err(_) => Err("its compressed data are damaged".to_string()),
            },
        }
    }
}

fn wrong_size(found: usize, wanted: usize) -> String {
    format!("a chunk has {found} bytes where it should have {wanted}")
}

fn exactly(bytes: &[u8], out: &mut [u8]) -> Result<(), String> {
    if bytes.len() != out.len() {
        return Err(wrong_size(bytes.len(), out.len()));
    }
    out.copy_from_slice(bytes);
    Ok(())
}

/// What stands before a checksum that is right. Old libraries wrote it with the bytes of each half swapped.
fn checked(bytes: &[u8]) -> Result<&[u8], String> {
    let (data, sum) = bytes.split_last_chunk::<4>().ok_or("a chunk is shorter than its checksum")?;
    let wanted = fletcher32(data);
    let swapped = wanted.swap_bytes().rotate_left(16);
    let found = u32::from_le_bytes(*sum);
    if found == wanted || found == swapped { Ok(data) } else { Err("a chunk's checksum is wrong".to_string()) }
}

/// Gathers the bytes of each element, which were stored plane by plane. What is left over at the end was not shuffled.
fn unshuffle(planes: &[u8], size: usize, out: &mut [u8]) -> Result<(), String> {
    let count = planes.len() / size;
    match size {
        2 => unshuffle_into::<2>(planes, count, out),
        4 => unshuffle_into::<4>(planes, count, out),
        8 => unshuffle_into::<8>(planes, count, out),
        _ => {
            for (plane, bytes) in planes.chunks_exact(count.max(1)).take(size).enumerate() {
                out.iter_mut().skip(plane).step_by(size).zip(bytes).for_each(|(place, byte)| *place = *byte);
            }
        }
    }
    out[count * size..].copy_from_slice(&planes[count * size..]);
    Ok(())
}

fn unshuffle_into<const N: usize>(planes: &[u8], count: usize, out: &mut [u8]) {
    let planes: [&[u8]; N] = std::array::from_fn(|plane| &planes[plane * count..(plane + 1) * count]);
    for (at, element) in out.as_chunks_mut::<N>().0.iter_mut().take(count).enumerate() {
        *element = std::array::from_fn(|plane| planes[plane][at]);
    }
}

/// LibLZF, which h5py compresses with on request: literal runs and back references.
fn unlzf(encoded: &[u8], out: &mut [u8]) -> Result<(), String> {
    let damaged = || "its compressed data are damaged".to_string();
    let (mut from, mut to) = (0, 0);
    let next = |from: &mut usize| {
        *from += 1;
        encoded.get(*from - 1).map(|byte| usize::from(*byte)).ok_or_else(damaged)
    };
    while from < encoded.len() {
        let control = next(&mut from)?;
        if control < 32 {
            let run = encoded.get(from..from + control + 1).ok_or_else(damaged)?;
            out.get_mut(to..to + run.len()).ok_or_else(damaged)?.copy_from_slice(run);
            (from, to) = (from + run.len(), to + run.len());
        } else {
            let len = 2 + if control >> 5 == 7 { 7 + next(&mut from)? } else { control >> 5 };
            let back = ((control & 31) << 8) + next(&mut from)? + 1;
            if back > to || to + len > out.len() {
                return Err(damaged());
            }
            // Byte by byte: a reference may reach into what it makes.
            (to..to + len).for_each(|at| out[at] = out[at - back]);
            to += len;
        }
    }
    if to == out.len() { Ok(()) } else { Err(wrong_size(to, out.len())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(ids: &[u16]) -> Vec<FilterDescription> {
        ids.iter().map(|id| FilterDescription { id: *id, name: None, client_data: Vec::new() }).collect()
    }

    fn shuffle(bytes: &[u8], size: usize) -> Vec<u8> {
        let count = bytes.len() / size;
        let mut out: Vec<u8> = (0..size).flat_map(|plane| (0..count).map(move |at| bytes[at * size + plane])).collect();
        out.extend(&bytes[count * size..]);
        out
    }

    #[test]
    fn every_pipeline_is_undone() {
        let mut deflate = libdeflater::Compressor::new(libdeflater::CompressionLvl::fastest());
        for (size, len) in [(1, 40), (2, 40), (3, 41), (4, 64), (8, 80), (16, 64)] {
            let data: Vec<u8> = (0..len).map(|at: u32| (at * at / 7) as u8).collect();
            for ids in [&[][..], &[2], &[1], &[2, 1], &[2, 1, 3], &[3], &[1, 3], &[2, 3]] {
                let mut encoded = data.clone();
                for id in ids {
                    match *id {
                        SHUFFLE => encoded = shuffle(&encoded, size),
                        FLETCHER32 => encoded.extend(fletcher32(&encoded.clone()).to_le_bytes()),
                        _ => {
                            let mut out = vec![0; deflate.zlib_compress_bound(encoded.len())];
                            let used = deflate.zlib_compress(&encoded, &mut out).unwrap();
                            out.truncate(used);
                            encoded = out;
                        }
                    }
                }
                let mut out = vec![0; data.len()];
                Decoder::new().decode(&filters(ids), 0, size, &encoded, &mut out).unwrap();
                assert_eq!(out, data, "{size} {ids:?}");
                let mut all = vec![0; data.len()];
                // All filters left out for this chunk: the bytes are as they were.
                Decoder::new().decode(&filters(ids), u32::MAX, size, &data, &mut all).unwrap();
                assert_eq!(all, data);
                encoded.pop();
                assert!(Decoder::new().decode(&filters(ids), 0, size, &encoded, &mut out).is_err());
            }
        }
    }

    #[test]
    fn damage_is_an_error() {
        let mut sum = vec![1, 2, 3, 4];
        sum.extend((fletcher32(&[1, 2, 3, 4]) ^ 1).to_le_bytes());
        assert!(Decoder::new().decode(&filters(&[3]), 0, 1, &sum, &mut [0; 4]).is_err());
        assert!(Decoder::new().decode(&filters(&[1]), 0, 1, &[1, 2, 3], &mut [0; 4]).is_err());
        assert!(Decoder::plausible(&filters(&[1]), 100, 1 << 30).is_err());
        let mut random = fastrand::Rng::with_seed(5);
        for _ in 0..2000 {
            let bytes: Vec<u8> = (0..random.usize(0..20)).map(|_| random.u8(..)).collect();
            for ids in [[32000], [4], [5], [6], [32004]] {
                Decoder::new().decode(&filters(&ids), 0, 4, &bytes, &mut [0; 64]).ok();
            }
        }
    }

    #[test]
    fn lzf_runs_and_references() {
        let mut out = [0; 9];
        // Three literals, then five bytes from two back, then one literal.
        unlzf(&[2, b'a', b'b', b'c', 3 << 5, 1, 0, b'x'], &mut out).unwrap();
        assert_eq!(&out, b"abcbcbcbx");
    }
}
