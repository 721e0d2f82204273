//! Regions of arrays that are kept in chunks: which chunks hold a part of a region, and which part. Owns no format: where a chunk is and
//! how it decodes is said by whoever walks.

use super::region::Axis;
use crate::base::Outcome;

/// A region to be read: elements `start + i·step`, `i < count`, of each dimension.
#[derive(Clone, Copy)]
pub struct Region<'a> {
    pub start: &'a [u64],
    pub count: &'a [u64],
    pub step: &'a [u64],
}

/// The part of a region that lies in one chunk.
pub struct Part {
    /// Which chunk along each axis.
    pub place: Vec<u64>,
    /// Its first element's index within the chunk, and how many there are; the step is the region's.
    pub start: Vec<u64>,
    pub count: Vec<u64>,
    /// Bytes from the start of the decoded chunk to the first element, and from the start of the target.
    pub from: u64,
    pub to: u64,
    pub axes: Vec<Axis>,
}

impl Part {
    /// Whether it is all of a chunk of this shape, lying in the target as in the chunk.
    pub fn is_whole(&self, chunk: &[u64]) -> bool {
        self.count.iter().zip(chunk).all(|(count, size)| count == size)
            && self.axes.iter().all(|axis| axis.count == 1 || axis.from == axis.to)
    }
}

/// Visits the parts of a region, the last axis fastest. `strides` are those of a decoded chunk in bytes, `to` those of the target.
pub fn walk(chunk: &[u64], strides: &[u64], region: Region, to: &[u64], mut each: impl FnMut(&Part) -> Outcome<()>) -> Outcome<()> {
    let Region { start, count, step } = region;
    if count.contains(&0) {
        return Ok(());
    }
    let rank = chunk.len();
    let split: Vec<Vec<Piece>> = (0..rank).map(|axis| pieces(start[axis], count[axis], step[axis], chunk[axis])).collect();
    let mut turn = vec![0; rank];
    loop {
        let here: Vec<&Piece> = split.iter().zip(&turn).map(|(pieces, at)| &pieces[*at]).collect();
        each(&Part {
            place: here.iter().map(|piece| piece.place).collect(),
            start: here.iter().map(|piece| piece.inside).collect(),
            count: here.iter().map(|piece| piece.count).collect(),
            from: here.iter().zip(strides).map(|(piece, stride)| piece.inside * stride).sum(),
            to: here.iter().zip(to).map(|(piece, stride)| piece.first * stride).sum(),
            axes: (0..rank).map(|d| Axis { count: here[d].count, from: strides[d].saturating_mul(step[d]), to: to[d] }).collect(),
        })?;
        if !advance(&mut turn, &split) {
            return Ok(());
        }
    }
}

/// The part of one axis of a region that lies in one chunk.
struct Piece {
    place: u64,
    inside: u64,
    /// Its first element's index within the region.
    first: u64,
    count: u64,
}

/// Splits an axis at chunk boundaries: only chunks that hold wanted elements. O(number of these chunks).
fn pieces(start: u64, count: u64, step: u64, chunk: u64) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut first = 0;
    while first < count {
        let at = start + first * step;
        let (place, inside) = (at / chunk, at % chunk);
        let here = (chunk - inside).div_ceil(step).min(count - first);
        pieces.push(Piece { place, inside, first, count: here });
        first += here;
    }
    pieces
}

/// The next combination of pieces, the last axis fastest; `false` after the last.
fn advance(turn: &mut [usize], split: &[Vec<Piece>]) -> bool {
    for (at, pieces) in turn.iter_mut().zip(split).rev() {
        *at += 1;
        if *at < pieces.len() {
            return true;
        }
        *at = 0;
    }
    false
}

/// Every place of the grid that a region covers, the last axis fastest.
pub fn places(count: &[u64], chunk: &[u64]) -> impl Iterator<Item = Vec<u64>> {
    let many: Vec<u64> = count.iter().zip(chunk).map(|(count, size)| count.div_ceil(*size)).collect();
    (0..many.iter().product()).map(move |mut number: u64| {
        let mut place = vec![0; many.len()];
        for (at, many) in place.iter_mut().zip(&many).rev() {
            *at = number % many;
            number /= many;
        }
        place
    })
}
