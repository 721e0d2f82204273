//! Which element of an array a point of a stage's domain touches: an affine map for each axis of the array.

use serde::{Deserialize, Serialize};

/// An index `start + step * i`, where `i` is the point's index along a domain axis; `start` alone where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AxisMap {
    pub axis: Option<usize>,
    pub start: i64,
    pub step: i64,
    /// The axis' index goes through a table first: `start + step * table[i]`.
    pub via: Option<Via>,
}

/// A table of positions, in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Via {
    /// The stage's leaf with the positions (i64), which depends on the axis alone.
    pub leaf: usize,
    /// Positions are below this.
    pub size: u64,
}

/// One map for each axis of the array.
pub type Access = Vec<AxisMap>;

/// Every point touches its own element.
pub fn identity(rank: usize) -> Access {
    (0..rank).map(|axis| AxisMap { axis: Some(axis), start: 0, step: 1, via: None }).collect()
}

impl AxisMap {
    pub fn fixed(at: i64) -> AxisMap {
        AxisMap { axis: None, start: at, step: 0, via: None }
    }
    /// The map of `start + step * (this)`.
    pub fn then(self, start: i64, step: i64) -> AxisMap {
        AxisMap { axis: self.axis, start: start + step * self.start, step: step * self.step, via: self.via }
    }
    /// The index touched where the domain axis has index `at[axis]`; of a table, where it says 0.
    pub fn index(self, at: &[u64]) -> i64 {
        self.start + self.axis.filter(|_| self.via.is_none()).map_or(0, |axis| self.step * at[axis] as i64)
    }
}

/// The smallest region of an array that a block of the domain touches: start, count and step of each axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Region {
    pub start: Vec<u64>,
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
            region.start.push(a.min(b).max(0) as u64);
            region.step.push(step);
            region.count.push(a.abs_diff(b) / step + 1);
        }
        region
    }
    pub fn elements(&self) -> u64 {
        self.count.iter().fold(1, |all, count| all.saturating_mul(*count))
    }
}
