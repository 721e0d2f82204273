//! Values of a pass that are looked at, not stored: its outputs for any block, in memory of their own. What sorts, counts or selects reads its
//! elements so, as often as it needs them.

use super::Run;
use super::fused::spread;
use super::host::KernelHost;
use super::store::{self, Place};
use crate::array::{Buffer, Scalar};
use crate::base::{Outcome, Span};
use crate::kernel::abi::{Arg, Compiled};
use crate::kernel::fault::diagnose;
use crate::plan::blocks::grid;
use crate::plan::emit::emit;
use crate::plan::ir::Fused;
use std::sync::Arc;

/// A pass whose outputs are all maps, ready to be computed.
pub struct Stream<'a> {
    run: &'a Run<'a>,
    fused: &'a Fused,
    places: &'a [Option<Place>],
    kernel: Arc<dyn Compiled>,
    span: Span,
}

impl<'a> Stream<'a> {
    pub fn new(run: &'a Run<'a>, fused: &'a Fused, places: &'a [Option<Place>], span: Span) -> Outcome<Stream<'a>> {
        let elements = fused.domain.iter().fold(1u64, |all, size| all.saturating_mul(*size));
        let kernel = run.runtime.kernels.get(&emit(run.graph, fused, run.runtime.limits.checked), elements)?;
        Ok(Stream { run, fused, places, kernel, span })
    }

    /// Number of blocks along each axis.
    pub fn grid(&self) -> Vec<u64> {
        grid(&self.fused.domain, &self.fused.block)
    }

    /// First and past-the-last index of a block, given by its place in the grid.
    pub fn bounds(&self, at: &[u64]) -> (Vec<u64>, Vec<u64>) {
        let lo: Vec<u64> = at.iter().zip(&self.fused.block).map(|(at, block)| at * block).collect();
        let hi = lo.iter().zip(self.fused.block.iter().zip(&self.fused.domain)).map(|(lo, (block, size))| (lo + block).min(*size));
        let hi = hi.collect();
        (lo, hi)
    }

    /// The outputs' elements in `lo..hi`, dense.
    pub fn block(&self, lo: &[u64], hi: &[u64]) -> Outcome<Vec<Buffer>> {
        let sizes: Vec<u64> = lo.iter().zip(hi).map(|(lo, hi)| hi - lo).collect();
        let leaves = self.fused.leaves.iter().map(|leaf| store::block(self.run, leaf, self.places, lo, hi, self.span));
        let leaves = leaves.collect::<Outcome<Vec<_>>>()?;
        let mut args: Vec<Arg> = sizes.iter().chain(lo).map(|value| Arg::Scalar(Scalar::i64(*value as i64))).collect();
        args.extend(leaves.iter().map(|leaf| Arg::Array(leaf.arg.clone())));
        let mut buffers = Vec::with_capacity(self.fused.outputs.len());
        for output in &self.fused.outputs {
            let dtype = self.fused.code[output.value.0 as usize].dtype;
            let buffer = self.run.runtime.take(sizes.iter().product::<u64>() as usize * dtype.size(), self.span)?;
            args.push(Arg::Array(spread(dtype, &buffer, &sizes, &[])));
            buffers.push(buffer);
        }
        let host = KernelHost { runtime: self.run.runtime, leaf: true };
        self.kernel.call(&host, &args).map_err(|fault| diagnose(&fault).or_at(self.span))?;
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
