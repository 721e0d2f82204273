//! Shuffling bytes: the first bytes of all elements together, then the second ones, and so on. What is left over at the end stays.

/// Lays the bytes of elements of `size` bytes plane by plane; `out` is as long as `bytes`.
pub fn apply(bytes: &[u8], size: usize, out: &mut [u8]) {
    match size {
        0 | 1 => out.copy_from_slice(bytes),
        2 => planes::<2>(bytes, out),
        4 => planes::<4>(bytes, out),
        8 => planes::<8>(bytes, out),
        16 => planes::<16>(bytes, out),
        _ => {
            let count = bytes.len() / size;
            for (plane, place) in out.chunks_exact_mut(count.max(1)).take(size).enumerate() {
                place.iter_mut().zip(bytes.iter().skip(plane).step_by(size)).for_each(|(place, byte)| *place = *byte);
            }
            rest(bytes, size, out);
        }
    }
}

fn planes<const N: usize>(bytes: &[u8], out: &mut [u8]) {
    let elements = bytes.as_chunks::<N>().0;
    for (byte, plane) in out.chunks_exact_mut(elements.len().max(1)).take(N).enumerate() {
        plane.iter_mut().zip(elements).for_each(|(place, element)| *place = element[byte]);
    }
    rest(bytes, N, out);
}

/// Gathers the bytes of each element, which were stored plane by plane; `out` is as long as `planes`.
pub fn undo(planes: &[u8], size: usize, out: &mut [u8]) {
    let count = planes.len() / size.max(1);
    match size {
        0 | 1 => out.copy_from_slice(planes),
        2 => gather::<2>(planes, count, out),
        4 => gather::<4>(planes, count, out),
        8 => gather::<8>(planes, count, out),
        16 => gather::<16>(planes, count, out),
        _ => {
            for (plane, bytes) in planes.chunks_exact(count.max(1)).take(size).enumerate() {
                out.iter_mut().skip(plane).step_by(size).zip(bytes).for_each(|(place, byte)| *place = *byte);
            }
        }
    }
    rest(planes, size.max(1), out);
}

fn gather<const N: usize>(planes: &[u8], count: usize, out: &mut [u8]) {
    let planes: [&[u8]; N] = std::array::from_fn(|plane| &planes[plane * count..(plane + 1) * count]);
    for (at, element) in out.as_chunks_mut::<N>().0.iter_mut().take(count).enumerate() {
        *element = std::array::from_fn(|plane| planes[plane][at]);
    }
}

/// Copies what is no whole element.
fn rest(bytes: &[u8], size: usize, out: &mut [u8]) {
    let whole = bytes.len() / size * size;
    out[whole..].copy_from_slice(&bytes[whole..]);
}

#[cfg(test)]
mod tests {
    #[test]
    fn there_and_back() {
        for (size, len) in [(0, 3), (1, 9), (2, 9), (3, 10), (4, 4), (8, 30), (16, 40), (5, 3)] {
            let bytes: Vec<u8> = (0..len).collect();
            let (mut planes, mut back) = (vec![0; bytes.len()], vec![0; bytes.len()]);
            super::apply(&bytes, size, &mut planes);
            super::undo(&planes, size, &mut back);
            assert_eq!(back, bytes, "{size}");
        }
        let mut planes = [0; 5];
        super::apply(&[1, 2, 3, 4, 5], 2, &mut planes);
        assert_eq!(planes, [1, 3, 2, 4, 5]);
    }
}
