//! Shuffling bits: row by row the first bits of eight elements a byte, then the second ones, and so on. Undone here; not written.

use super::{Codec, Decoder, damaged, same_size, wrong_size};

/// How the HDF5 filter `bitshuffle` has cut and packed a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Bytes of an element.
    pub item: usize,
    /// Elements of a block; 0 for the filter's own choice.
    pub block: usize,
    /// How blocks are compressed: `Lz4`, `Zstd`, or not at all.
    pub codec: Option<Codec>,
}

/// The filter's own blocks have this many bytes, and at least this many elements.
const BLOCK_BYTES: usize = 8192;
const LEAST_BLOCK: usize = 128;

/// Undoes the bit shuffle of elements of `item` bytes. Their number is a multiple of eight; `out` is as long as `rows`.
pub fn undo(rows: &[u8], item: usize, out: &mut [u8]) {
    let item = item.max(1);
    // Bytes of a row: one bit of every element.
    let row = rows.len() / item / 8;
    for byte in 0..item {
        for at in 0..row {
            let bits = std::array::from_fn(|bit| rows[(byte * 8 + bit) * row + at]);
            for (element, value) in transposed(bits).into_iter().enumerate() {
                out[(at * 8 + element) * item + byte] = value;
            }
        }
    }
}

/// Transposes eight by eight bits: bit `j` of byte `i` becomes bit `i` of byte `j`.
fn transposed(bytes: [u8; 8]) -> [u8; 8] {
    let mut x = u64::from_le_bytes(bytes);
    for (shift, mask) in [(7, 0x00aa_00aa_00aa_00aa), (14, 0x0000_cccc_0000_cccc), (28, 0x0000_0000_f0f0_f0f0)] {
        let swapped = (x ^ x >> shift) & mask;
        x ^= swapped ^ swapped << shift;
    }
    x.to_le_bytes()
}

/// Undoes the HDF5 filter: blocks, the last one shorter, then up to seven elements as they are. Compressed, sizes stand before them.
pub(super) fn decode(decoder: &mut Decoder, shape: Shape, encoded: &[u8], out: &mut [u8]) -> Result<(), String> {
    let item = shape.item.max(1);
    let own = (BLOCK_BYTES / item / 8 * 8).max(LEAST_BLOCK);
    let (mut block, mut rest) = (if shape.block == 0 { own } else { shape.block }, encoded);
    if shape.codec.is_some() {
        let (size, after) = rest.split_first_chunk::<8>().ok_or_else(damaged)?;
        let (bytes, after) = after.split_first_chunk::<4>().ok_or_else(damaged)?;
        if u64::from_be_bytes(*size) != out.len() as u64 {
            return Err(wrong_size(u64::from_be_bytes(*size) as usize, out.len()));
        }
        (block, rest) = (u32::from_be_bytes(*bytes) as usize / item, after);
    } else {
        same_size(encoded, out)?;
    }
    if block == 0 || !block.is_multiple_of(8) {
        return Err(damaged());
    }
    let shuffled = out.len() / item / 8 * 8 * item;
    let (body, tail) = out.split_at_mut(shuffled);
    let mut rows = Vec::new();
    for place in body.chunks_mut(block * item) {
        let source = match shape.codec {
            None => rest.split_off(..place.len()).ok_or_else(damaged)?,
            Some(codec) => {
                let size = rest.split_off(..4).and_then(|size| size.first_chunk::<4>()).ok_or_else(damaged)?;
                let packed = rest.split_off(..u32::from_be_bytes(*size) as usize).ok_or_else(damaged)?;
                rows.resize(place.len(), 0);
                match codec {
                    Codec::Lz4 if super::lz4(packed, &mut rows) != Some(place.len()) => return Err(damaged()),
                    Codec::Lz4 => {}
                    codec => decoder.expand(codec, packed, &mut rows)?,
                }
                &rows
            }
        };
        undo(source, item, place);
    }
    if rest.len() != tail.len() {
        return Err(damaged());
    }
    tail.copy_from_slice(rest);
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn bits_come_back() {
        let values: Vec<u8> = (0..48).map(|at: u32| (at * 37 % 251) as u8).collect();
        for item in [1usize, 2, 3, 6] {
            let count = values.len() / item;
            let mut rows = vec![0u8; values.len()];
            for (at, byte) in values.iter().enumerate() {
                for bit in 0..8 {
                    let row = (at % item * 8 + bit) * (count / 8);
                    rows[row + at / item / 8] |= (byte >> bit & 1) << (at / item % 8);
                }
            }
            let mut out = vec![0; values.len()];
            super::undo(&rows, item, &mut out);
            assert_eq!(out, values, "{item}");
        }
    }
}
