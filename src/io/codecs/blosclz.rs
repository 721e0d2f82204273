//! BloscLZ, the compressor of old of the Blosc container: literal runs and back references, a relative of FastLZ. Read, not written.

use super::lz::repeat;

/// References reach this far with 13 bits of distance; farther ones have 16 bits more.
const NEAR: usize = 8191;

/// Expands a stream; how many bytes it made.
pub(super) fn expand(encoded: &[u8], out: &mut [u8]) -> Option<usize> {
    let (mut rest, mut to) = (encoded, 0);
    // The first control byte stands before literals, whatever its upper bits say (they hold the level).
    let mut control = usize::from(*rest.split_off_first()?) & 31;
    loop {
        if control < 32 {
            let run = rest.split_off(..control + 1)?;
            out.get_mut(to..to + run.len())?.copy_from_slice(run);
            to += run.len();
        } else {
            let mut next = || rest.split_off_first().map(|byte| usize::from(*byte));
            let mut len = (control >> 5) + 2;
            if control >> 5 == 7 {
                loop {
                    let more = next()?;
                    len += more;
                    if more < 255 {
                        break;
                    }
                }
            }
            let (high, low) = ((control & 31) << 8, next()?);
            let back = if (high, low) == (31 << 8, 255) { (next()? << 8) + next()? + NEAR + 1 } else { high + low + 1 };
            repeat(out, to, back, len)?;
            to += len;
        }
        match rest.split_off_first() {
            Some(next) => control = usize::from(*next),
            None => return Some(to),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn runs_and_references() {
        let mut out = [0; 9];
        // Three literals (the upper bits mean nothing), five bytes from two back, one literal.
        assert_eq!(super::expand(&[0x42, b'a', b'b', b'c', 3 << 5, 1, 0, b'x'], &mut out), Some(9));
        assert_eq!(&out, b"abcbcbcbx");
        assert_eq!(super::expand(&[0, b'a', 7 << 5, 255, 3, 0], &mut [0; 268]), Some(268));
        assert_eq!(super::expand(&[0, b'a', 7 << 5, 255, 3, 1], &mut [0; 268]), None);
    }
}
