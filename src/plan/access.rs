//! Which element of an array a point of a stage's domain touches: an affine map for each axis of the array.

use serde::{Deserialize, Serialize};

/// An index `start + step * i`, where `i` is the point's index along a domain axis; `start` alone where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AxisMap {
    pub axis: Option<usize>,
    pub start: i64,
    pub step: i64,
}

/// One map for each axis of the array.
pub type Access = Vec<AxisMap>;

/// Every point touches its own element.
pub fn identity(rank: usize) -> Access {
    (0..rank).map(|axis| AxisMap { axis: Some(axis), start: 0, step: 1 }).collect()
}

impl AxisMap {
    pub fn fixed(at: i64) -> AxisMap {
        AxisMap { axis: None, start: at, step: 0 }
    }
    /// The map of `start + step * (this)`.
    pub fn then(self, start: i64, step: i64) -> AxisMap {
        AxisMap { axis: self.axis, start: start + step * self.start, step: step * self.step }
    }
    /// The index touched where the domain axis has index `at[axis]`.
    pub fn index(self, at: &[u64]) -> i64 {
        self.start + self.axis.map_or(0, |axis| self.step * at[axis] as i64)
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
            let (a, b) = (map.index(lo), map.index(&last));
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
