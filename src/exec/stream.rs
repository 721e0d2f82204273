//! Values of a pass that are looked at, not stored: its outputs for any block, in memory of their own. What sorts, counts or selects reads its
//! elements so, as often as it needs them.

use super::Run;
use super::fused::{Pass, spread};
use super::store::Place;
use crate::array::Buffer;
use crate::base::{Outcome, Span};
use crate::kernel::abi::Arg;
use crate::plan::ir::Fused;

/// A pass whose outputs are all maps, ready to be computed.
pub struct Stream<'a>(Pass<'a>);

impl<'a> Stream<'a> {
    pub fn new(run: &'a Run<'a>, fused: &'a Fused, places: &'a [Option<Place>], span: Span) -> Outcome<Stream<'a>> {
        Pass::new(run, fused, places, span).map(Stream)
    }

    /// Number of blocks along each axis.
    pub fn grid(&self) -> &[u64] {
        &self.0.grid
    }

    /// First and past-the-last index of a block, given by its place in the grid.
    pub fn bounds(&self, at: &[u64]) -> (Vec<u64>, Vec<u64>) {
        let (lo, sizes) = self.0.extent(at);
        let hi = lo.iter().zip(sizes).map(|(lo, size)| lo + size).collect();
        (lo, hi)
    }

    /// The outputs' elements in `lo..hi`, dense.
    pub fn block(&self, lo: &[u64], hi: &[u64]) -> Outcome<Vec<Buffer>> {
        let Stream(pass) = self;
        let sizes: Vec<u64> = lo.iter().zip(hi).map(|(lo, hi)| hi - lo).collect();
        let (_blocks, _rows, mut args) = pass.leaves(lo, &sizes)?;
        let mut buffers = Vec::with_capacity(pass.fused.outputs.len());
        for output in &pass.fused.outputs {
            let dtype = pass.fused.code[output.value.0 as usize].dtype;
            let buffer = pass.run.runtime.take(sizes.iter().product::<u64>() as usize * dtype.size(), pass.span)?;
            args.push(Arg::Array(spread(dtype, &buffer, &sizes, &[])));
            buffers.push(buffer);
        }
        pass.call(&args)?;
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
