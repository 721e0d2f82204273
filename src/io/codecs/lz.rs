//! Small decoders of the LZ77 family: LibLZF, and LZ4 blocks as the HDF5 filter frames them.

use super::{damaged, wrong_size};

/// LibLZF, which h5py compresses with on request: literal runs and back references. How many bytes it made.
pub(super) fn lzf(encoded: &[u8], out: &mut [u8]) -> Option<usize> {
    let (mut from, mut to) = (0, 0);
    let next = |from: &mut usize| {
        *from += 1;
        encoded.get(*from - 1).map(|byte| usize::from(*byte))
    };
    while from < encoded.len() {
        let control = next(&mut from)?;
        if control < 32 {
            let run = encoded.get(from..from + control + 1)?;
            out.get_mut(to..to + run.len())?.copy_from_slice(run);
            (from, to) = (from + run.len(), to + run.len());
        } else {
            let len = 2 + if control >> 5 == 7 { 7 + next(&mut from)? } else { control >> 5 };
            let back = ((control & 31) << 8) + next(&mut from)? + 1;
            repeat(out, to, back, len)?;
            to += len;
        }
    }
    Some(to)
}

/// Copies `len` bytes from `back` before `to`, byte by byte: a reference may reach into what it makes.
pub(super) fn repeat(out: &mut [u8], to: usize, back: usize, len: usize) -> Option<()> {
    if back == 0 || back > to || len > out.len() - to {
        return None;
    }
    if back >= len {
        out.copy_within(to - back..to - back + len, to);
    } else {
        (to..to + len).for_each(|at| out[at] = out[at - back]);
    }
    Some(())
}

/// The whole size (8 bytes) and that of a block (4), then blocks with their sizes; one as large as it should become is not compressed.
pub(super) fn lz4_blocks(encoded: &[u8], out: &mut [u8]) -> Result<(), String> {
    let (size, rest) = encoded.split_first_chunk::<8>().ok_or_else(damaged)?;
    let (block, mut rest) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
    let (size, block) = (u64::from_be_bytes(*size), u32::from_be_bytes(*block) as usize);
    if size != out.len() as u64 {
        return Err(wrong_size(size as usize, out.len()));
    }
    for place in out.chunks_mut(block.max(1)) {
        let size = rest.split_off(..4).and_then(|size| size.first_chunk::<4>()).ok_or_else(damaged)?;
        let packed = rest.split_off(..u32::from_be_bytes(*size) as usize).ok_or_else(damaged)?;
        if packed.len() == place.len() {
            place.copy_from_slice(packed);
        } else if super::lz4(packed, place) != Some(place.len()) {
            return Err(damaged());
        }
    }
    if rest.is_empty() { Ok(()) } else { Err(damaged()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lzf_runs_and_references() {
        let mut out = [0; 9];
        // Three literals, then five bytes from two back, then one literal.
        assert_eq!(lzf(&[2, b'a', b'b', b'c', 3 << 5, 1, 0, b'x'], &mut out), Some(9));
        assert_eq!(&out, b"abcbcbcbx");
    }

    #[test]
    fn blocks_packed_and_plain() {
        let data = [7u8; 100];
        let packed = lz4_flex::block::compress(&data[..64]);
        let mut encoded = [&100u64.to_be_bytes()[..], &64u32.to_be_bytes(), &(packed.len() as u32).to_be_bytes(), &packed].concat();
        encoded.extend(36u32.to_be_bytes());
        encoded.extend([7; 36]);
        let mut out = [0; 100];
        lz4_blocks(&encoded, &mut out).unwrap();
        assert_eq!(out, data);
    }
}
