//! Which element of an array a point of a stage's domain touches: an affine map for each axis of the array, perhaps of what a
//! table says, and what indices beyond its ends mean.

use crate::array::Scalar;
use crate::types::edge::Edge;
use serde::{Deserialize, Serialize};

/// An index `start + step * i`, where `i` is the point's index along a domain axis; `start` alone where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AxisMap {
    pub axis: Option<usize>,
    pub start: i64,
    pub step: i64,
    /// The axis' index goes through a table first: `start + step * table[i]`. An access has such maps or ones that go beyond, never both.
    pub via: Option<Via>,
    /// Where indices may be outside.
    pub beyond: Option<Beyond>,
}

/// A table of positions, in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Via {
    /// The stage's leaf with the positions (i64), which depends on the axis alone.
    pub leaf: usize,
    /// Positions are below this.
    pub size: u64,
}

/// The indices inside, `first + step * k` for `k < count`, and what others mean. All indices are `first + step * k` for some `k`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Beyond {
    pub edge: Edge,
    pub fill: Scalar,
    pub first: i64,
    pub step: i64,
    pub count: u64,
}

/// One map for each axis of the array.
pub type Access = Vec<AxisMap>;

/// Every point touches its own element.
pub fn identity(rank: usize) -> Access {
    (0..rank).map(|axis| AxisMap { axis: Some(axis), start: 0, step: 1, via: None, beyond: None }).collect()
}

impl AxisMap {
    pub fn fixed(at: i64) -> AxisMap {
        AxisMap { axis: None, start: at, step: 0, via: None, beyond: None }
    }
    /// The map of `start + step * (this)`.
    pub fn then(self, start: i64, step: i64) -> AxisMap {
        let beyond = self.beyond.map(|inside| Beyond { first: start + step * inside.first, step: step * inside.step, ..inside });
        AxisMap { start: start + step * self.start, step: step * self.step, beyond, ..self }
    }
    /// Itself, or the one index that it always touches.
    pub fn settled(self) -> AxisMap {
        match (self.axis, self.beyond.and_then(|beyond| beyond.fold(self.start))) {
            (None, Some(index)) => AxisMap::fixed(index),
            _ => self,
        }
    }
    /// The index where the domain axis has index `at[axis]`; of a table, where it says 0.
    pub fn index(self, at: &[u64]) -> i64 {
        self.start + self.axis.filter(|_| self.via.is_none()).map_or(0, |axis| self.step * at[axis] as i64)
    }
}

impl Beyond {
    pub fn is_inside(self, index: i64) -> bool {
        let place = (index - self.first) / self.step;
        place >= 0 && (place as u64) < self.count
    }
    /// The index inside that an index means; `None` for the constant.
    pub fn fold(self, index: i64) -> Option<i64> {
        let place = self.edge.fold((index - self.first) / self.step, self.count)?;
        Some(self.first + self.step * place as i64)
    }
}

/// The smallest region of an array that a block of the domain touches: start, count and step of each axis. It may go beyond the array's
/// ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Region {
    pub start: Vec<i64>,
    pub count: Vec<u64>,
    pub step: Vec<u64>,
}

impl Region {
    /// Of a block `lo..hi`, which is not empty.
    pub fn of(access: &Access, lo: &[u64], hi: &[u64]) -> Region {
        let last: Vec<u64> = hi.iter().map(|hi| hi.saturating_sub(1)).collect();
        let mut region = Region::default();
        for map in access {
            let (a, b) = match (map.via, map.axis) {
                // Through a table any positions may be touched, at most one for each index.
                (Some(via), Some(axis)) => {
                    let count = via.size.min(hi[axis].saturating_sub(lo[axis]));
                    (map.start, map.start + map.step * count.saturating_sub(1) as i64)
                }
                _ => (map.index(lo), map.index(&last)),
            };
            let step = map.step.unsigned_abs().max(1);
            region.start.push(a.min(b));
            region.step.push(step);
            region.count.push(a.abs_diff(b) / step + 1);
        }
        region
    }
    /// The region round two of equal steps, if their elements lie on one grid.
    pub fn join(&self, other: &Region) -> Option<Region> {
        let mut joined = Region { step: self.step.clone(), ..Region::default() };
        if self.step != other.step {
            return None;
        }
        for (axis, step) in self.step.iter().enumerate() {
            let step = *step as i64;
            let end = |region: &Region| region.start[axis] + region.count[axis] as i64 * step;
            if (self.start[axis] - other.start[axis]) % step != 0 {
                return None;
            }
            let start = self.start[axis].min(other.start[axis]);
            joined.start.push(start);
            joined.count.push(((end(self).max(end(other)) - start) / step) as u64);
        }
        Some(joined)
    }
    pub fn elements(&self) -> u64 {
        self.count.iter().fold(1, |all, count| all.saturating_mul(*count))
    }
}
