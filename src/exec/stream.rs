//! Values of a pass that are looked at, not stored: its outputs for any block, in memory of their own. What sorts, counts or selects reads its
//! elements so, as often as it needs them.

use super::Run;
use super::compute::{Compute, Written};
use super::fused::spread;
use super::store::Place;
use crate::array::Buffer;
use crate::base::{Outcome, Span};
use crate::plan::blocks::grid;
use crate::plan::ir::Fused;

/// A pass whose outputs are all maps, ready to be computed.
pub struct Stream<'a> {
    code: Compute<'a>,
    places: &'a [Option<Place>],
}

impl<'a> Stream<'a> {
    pub fn new(run: &'a Run<'a>, fused: &'a Fused, places: &'a [Option<Place>], span: Span) -> Outcome<Stream<'a>> {
        let elements = fused.domain.iter().fold(1u64, |all, size| all.saturating_mul(*size));
        let code = Compute::new(run, fused, places.into(), elements, span)?;
        Ok(Stream { code, places })
    }

    /// Number of blocks along each axis.
    pub fn grid(&self) -> Vec<u64> {
        grid(&self.code.fused.domain, &self.code.fused.block)
    }

    /// First and past-the-last index of a block, given by its place in the grid.
    pub fn bounds(&self, at: &[u64]) -> (Vec<u64>, Vec<u64>) {
        let Fused { domain, block, .. } = self.code.fused;
        let lo: Vec<u64> = at.iter().zip(block).map(|(at, block)| at * block).collect();
        let hi = lo.iter().zip(block.iter().zip(domain)).map(|(lo, (block, size))| (lo + block).min(*size)).collect();
        (lo, hi)
    }

    /// The outputs' elements in `lo..hi`, dense.
    pub fn block(&self, lo: &[u64], hi: &[u64]) -> Outcome<Vec<Buffer>> {
        let Compute { run, fused, span, .. } = &self.code;
        let sizes: Vec<u64> = lo.iter().zip(hi).map(|(lo, hi)| hi - lo).collect();
        let (mut written, mut buffers) = (Written::new(), Vec::new());
        for output in &fused.outputs {
            let dtype = fused.code[output.value.0 as usize].dtype;
            let buffer = run.runtime.take(sizes.iter().product::<u64>() as usize * dtype.size(), *span)?;
            written.push(spread(dtype, &buffer, &sizes, &[]));
            buffers.push(buffer);
        }
        self.code.compute(self.places.into(), lo, hi, written)?;
        Ok(buffers)
    }
}

/// The place in a grid of block number `number`, row-major.
pub fn place_in(grid: &[u64], number: u64) -> Vec<u64> {
    let mut rest = number;
    let mut at = vec![0; grid.len()];
    for (at, size) in at.iter_mut().zip(grid).rev() {
        *at = rest % size;
        rest /= size;
    }
    at
}
