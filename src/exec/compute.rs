//! The kernel of a pass, and how it is given its arrays: what a block reads and looks up, and the memory that it writes.

use super::Run;
use super::host::KernelHost;
use super::lookup::{self, Rows, Table};
use super::store::{self, Block, Place, Places};
use crate::array::Scalar;
use crate::array::strided::Axes;
use crate::base::{Outcome, Span};
use crate::kernel::abi::{Arg, ArrayArg, Compiled, Fault};
use crate::kernel::fault::diagnose;
use crate::kernel::ir::LARGE;
use crate::plan::emit::{self, emit};
use crate::plan::ir::{Fused, Output, OutputKind, StoreId};
use crate::plan::{flat, halo};
use smallvec::SmallVec;
use std::sync::Arc;

/// The arguments of a call.
pub type Args = SmallVec<[Arg; 6]>;

/// The arrays that a call of the kernel writes.
pub type Written = SmallVec<[ArrayArg; 1]>;

/// A kernel with all that its blocks share.
pub struct Compute<'a> {
    pub run: &'a Run<'a>,
    pub fused: &'a Fused,
    pub span: Span,
    kernel: Arc<dyn Compiled>,
    /// What it looks up.
    pub tables: Vec<Table>,
    /// Leaves that are read together. What is looked up in parts is in none.
    groups: Vec<Vec<usize>>,
    /// Sides of a block that touch indices beyond the ends of arrays are computed apart from its inside: nothing is copied for that.
    boxed: bool,
    /// The axes from here on may be taken as one.
    flat: usize,
}

/// The arguments of a block up to what it writes, the memory that they are in, and the rows that it looks up.
pub struct Inputs {
    pub args: Args,
    pub rows: Vec<Rows>,
    _blocks: Vec<Option<Block>>,
}

impl<'a> Compute<'a> {
    /// For a pass over `elements`.
    pub fn new(run: &'a Run<'a>, fused: &'a Fused, places: Places, elements: u64, span: Span) -> Outcome<Compute<'a>> {
        let tables = lookup::tables(fused, places, span)?;
        let streams = |output: &Output| match &places.stores[output.store.0 as usize] {
            Some(Place::Memory(array)) => matches!(output.kind, OutputKind::Map { .. }) && array.ty().bytes() >= Some(LARGE),
            _ => false,
        };
        let kernel = run.runtime.kernels.get(&emit(run.graph, fused, run.runtime.limits.checked, &streams), elements)?;
        let mut groups = halo::groups(&fused.leaves, &fused.block);
        groups.iter_mut().for_each(|group| group.retain(|leaf| !lookup::is_in_parts(fused, &tables, *leaf)));
        groups.retain(|group| !group.is_empty());
        // A reduction takes its elements in order.
        let elements = fused.outputs.iter().all(|output| matches!(output.kind, OutputKind::Map { .. }));
        let boxed = elements && fused.leaves.iter().any(halo::is_continued);
        let shape = |store: StoreId| places.stores[store.0 as usize].as_ref().and_then(Place::shape);
        Ok(Compute { run, fused, span, kernel, tables, groups, boxed, flat: flat::first(fused, &shape) })
    }

    /// What the kernel is given for the points `lo..hi` of the domain.
    pub fn inputs(&self, places: Places, lo: &[u64], hi: &[u64]) -> Outcome<Inputs> {
        let rows = lookup::rows(self, lo, hi)?;
        let mut blocks = store::blocks(self.run, &self.fused.leaves, &self.groups, places, (lo, hi), self.span)?;
        for (leaf, block) in blocks.iter_mut().enumerate().filter(|(_, block)| block.is_none()) {
            *block = Some(lookup::leaf(self, leaf, places, &rows, (lo, hi))?);
        }
        let sizes = lo.iter().zip(hi).map(|(lo, hi)| hi - lo);
        let mut args: Args = sizes.chain(lo.iter().copied()).map(|value| Arg::Scalar(Scalar::i64(value as i64))).collect();
        args.extend(blocks.iter().flatten().map(|block| Arg::Array(block.arg.clone())));
        Ok(Inputs { args, rows, _blocks: blocks })
    }

    pub fn call(&self, args: &mut [Arg]) -> Outcome<()> {
        let rank = self.fused.domain.len();
        let sizes: Axes<i64> = (0..rank).map(|axis| number(&args[axis])).collect();
        flatten(args, rank, self.flat);
        let host = KernelHost { runtime: self.run.runtime, leaf: true };
        let place = |mut fault: Fault| {
            let loops = emit::loops(self.fused);
            if fault.values.len() == loops.len() && fault.kind.has_indices() {
                let from: Axes<i64> = (rank..2 * rank).map(|axis| number(&args[axis])).collect();
                fault.values = point(&loops, &fault.values, &sizes, &from);
            }
            diagnose(&fault).or_at(self.span)
        };
        self.kernel.call(&host, args).map_err(place)?;
        Ok(())
    }

    /// Computes the points `lo..hi` of the domain into arrays of that block.
    pub fn compute(&self, places: Places, lo: &[u64], hi: &[u64], written: Written) -> Outcome<()> {
        if !self.boxed {
            let mut inputs = self.inputs(places, lo, hi)?;
            inputs.args.extend(written.into_iter().map(Arg::Array));
            return self.call(&mut inputs.args);
        }
        for (from, to) in halo::boxes(&self.fused.leaves, lo, hi) {
            let mut inputs = self.inputs(places, &from, &to)?;
            let sizes: Vec<u64> = from.iter().zip(&to).map(|(from, to)| to - from).collect();
            let by: Vec<i64> = lo.iter().zip(&from).map(|(lo, from)| (from - lo) as i64).collect();
            inputs.args.extend(written.iter().map(|array| Arg::Array(part_of(array, &by, &sizes))));
            self.call(&mut inputs.args)?;
        }
        Ok(())
    }
}

/// Takes the axes from `first` on as one, the last, as far as they lie together in all arrays of a call of a pass's kernel.
pub fn flatten(args: &mut [Arg], rank: usize, first: usize) {
    let last = rank - 1;
    for axis in (first..last).rev() {
        let (outer, inner) = (number(&args[axis]), number(&args[last]));
        let together = |arg: &Arg| match arg {
            Arg::Array(array) if !array.sizes.is_empty() => array.strides[axis] == array.strides[last] * inner,
            _ => true,
        };
        if outer != 1 && inner != 1 && !args.iter().all(together) {
            break;
        }
        args[axis] = Arg::Scalar(Scalar::i64(1));
        args[last] = Arg::Scalar(Scalar::i64(outer * inner));
        for arg in &mut args[2 * rank..] {
            let Arg::Array(array) = arg else { continue };
            if array.sizes.is_empty() {
                continue;
            }
            if inner == 1 {
                array.strides[last] = array.strides[axis];
            }
            (array.sizes[axis], array.sizes[last]) = (1, outer * inner);
        }
    }
}

fn number(arg: &Arg) -> i64 {
    match arg {
        Arg::Scalar(value) => value.bits as i64,
        Arg::Array(_) => 0,
    }
}

/// The point of the domain where the loops of a kernel stand, whose block of these sizes starts at `from`; the last axes may have been one.
fn point(loops: &[Option<usize>], values: &[i64], sizes: &[i64], from: &[i64]) -> Vec<i64> {
    let mut at: Vec<i64> = loops.iter().zip(values).filter_map(|(axis, value)| axis.map(|_| *value)).collect();
    for axis in (1..at.len()).rev() {
        let size = sizes[axis].max(1);
        at[axis - 1] += at[axis] / size;
        at[axis] %= size;
    }
    at.iter().zip(from).map(|(at, from)| at + from).collect()
}

/// The part of a block that starts so much further along each axis.
pub fn part_of(block: &ArrayArg, by: &[i64], sizes: &[u64]) -> ArrayArg {
    let offset: i64 = by.iter().zip(&block.strides).map(|(by, stride)| by * stride).sum();
    let sizes = sizes.iter().map(|size| *size as i64).collect();
    ArrayArg { dtype: block.dtype, ptr: block.ptr.wrapping_offset(offset as isize), sizes, strides: block.strides.clone() }
}
