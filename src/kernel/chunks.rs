//! How often loops run, how a parallel loop is cut into chunks, and the fixed trees that join partial results. Every engine uses these, so
//! that a result has the same bits whatever runs it and on however many threads.

use super::ir::LANES;

/// Calls nested deeper than this fail with `FaultKind::Recursion`. A `ParFor` counts as `PAR_DEPTH` calls.
pub const MAX_DEPTH: usize = 10_000;

/// What a `ParFor` adds to the depth of calls: its chunks run on a native stack.
pub const PAR_DEPTH: usize = 64;

/// How many times a loop from `lo` to `hi` (outside) by `step` (not 0) runs.
pub fn trip_count(lo: i64, hi: i64, step: i64) -> u64 {
    match step {
        1.. if lo < hi => (hi as u64).wrapping_sub(lo as u64).div_ceil(step as u64),
        ..=-1 if lo > hi => (lo as u64).wrapping_sub(hi as u64).div_ceil(step.unsigned_abs()),
        _ => 0,
    }
}

/// The most chunks of one loop: beyond it chunks grow.
const MAX_CHUNKS: u64 = 4096;

/// Iterations in a chunk (the last may have fewer) of a `ParFor` over `n` iterations: `grain`, more where there would be
/// too many chunks. A function of `n` and `grain` alone.
pub fn chunk_len(n: u64, grain: u64) -> u64 {
    grain.max(n.div_ceil(MAX_CHUNKS)).max(1)
}

/// Number of chunks of a `ParFor` over `n` iterations.
pub fn chunk_count(n: u64, grain: u64) -> usize {
    n.div_ceil(chunk_len(n, grain)) as usize
}

/// Bounds of chunk number `chunk` of a `ParFor` from `lo` to `hi`.
pub fn chunk_bounds(lo: i64, hi: i64, grain: u64, chunk: usize) -> (i64, i64) {
    let n = trip_count(lo, hi, 1);
    let len = chunk_len(n, grain);
    let start = len.saturating_mul(chunk as u64).min(n);
    let end = start.saturating_add(len).min(n);
    (lo.wrapping_add(start as i64), lo.wrapping_add(end as i64))
}

/// Joins partial results, in place and into the first, by a fixed tree: neighbours first, then neighbours of those, and so on. Nothing
/// happens to an empty slice.
pub fn fold_tree<T: Copy>(partials: &mut [T], mut join: impl FnMut(T, T) -> T) {
    let mut gap = 1;
    while gap < partials.len() {
        for at in (0..partials.len() - gap).step_by(2 * gap) {
            partials[at] = join(partials[at], partials[at + gap]);
        }
        gap *= 2;
    }
}

/// Joins the accumulators of a vector reduction: accumulator i with i + LANES/2, then i with i + LANES/4, and so on.
pub fn fold_lanes<T: Copy>(mut lanes: [T; LANES], mut join: impl FnMut(T, T) -> T) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for at in 0..half {
            lanes[at] = join(lanes[at], lanes[at + half]);
        }
        half /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_iterations_without_overflow() {
        for (lo, hi, step, want) in [
            (0, 10, 1, 10),
            (0, 10, 3, 4),
            (10, 0, -3, 4),
            (5, 5, 1, 0),
            (6, 5, 1, 0),
            (i64::MIN, i64::MAX, 1, u64::MAX),
            (i64::MIN, i64::MAX, i64::MAX, 3),
            (i64::MAX, i64::MIN, i64::MIN, 2),
        ] {
            assert_eq!(trip_count(lo, hi, step), want, "{lo}..{hi} by {step}");
        }
    }

    #[test]
    fn chunks_cover_the_loop_once() {
        for (lo, hi, grain) in [(0, 0, 8), (3, 4, 1), (-5, 1000, 100), (0, 1_000_000, 1), (i64::MIN, i64::MAX, 5)] {
            let n = trip_count(lo, hi, 1);
            let count = chunk_count(n, grain);
            assert!(count as u64 <= MAX_CHUNKS);
            let mut at = lo;
            for chunk in 0..count {
                let (start, end) = chunk_bounds(lo, hi, grain, chunk);
                assert!(start == at && end > start, "{lo}..{hi} chunk {chunk}: {start}..{end}");
                at = end;
            }
            assert!(at == hi.max(lo));
        }
    }

    #[test]
    fn trees_use_each_partial_once() {
        for n in 0..40usize {
            let mut parts: Vec<u64> = (0..n).map(|i| 1 << i).collect();
            fold_tree(&mut parts, |a, b| a + b);
            assert_eq!(parts.first().copied().unwrap_or(0), (1u64 << n) - 1);
        }
        let lanes = std::array::from_fn(|i| 1u64 << i);
        assert_eq!(fold_lanes(lanes, |a, b| a + b), (1 << LANES) - 1);
    }
}
