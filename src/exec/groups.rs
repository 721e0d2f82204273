//! Running a pass that reduces in groups: one sweep over its blocks, in few lanes. The blocks of a lane are folded in order into one partial
//! result, which has an element for every group; blocks are read in parallel and wait for their turn to be folded. Lanes join by the fixed
//! tree of all reductions. So the bits do not depend on threads, and what waits is bounded: the partial results of the lanes.

use super::combine::Parts;
use super::fused::{Pass, filled, kept_sizes, position};
use super::{Run, tasks};
use crate::array::strided::row_major;
use crate::base::{Code, Diagnostic, Outcome, Span};
use crate::kernel::abi::{Arg, ArrayArg};
use crate::plan::emit::arrays_of;
use crate::plan::forecast::lanes;
use crate::plan::ir::{Fused, OutputKind};
use rustc_hash::FxHashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// The groups of a pass.
pub struct Grouping<'a> {
    pub axes: &'a [usize],
    pub axis: usize,
    pub groups: u64,
}

impl<'a> Grouping<'a> {
    /// Of a pass that reduces in groups: its outputs share one grouping.
    pub fn of(fused: &'a Fused) -> Option<Grouping<'a>> {
        fused.outputs.iter().find_map(|output| match &output.kind {
            OutputKind::ReduceGroups { axes, axis, groups, .. } => Some(Grouping { axes, axis: *axis, groups: *groups }),
            _ => None,
        })
    }
    /// The sizes of the partial result of a block.
    pub fn kept(&self, sizes: &[u64]) -> Vec<u64> {
        let mut kept = kept_sizes(sizes, self.axes);
        kept[self.axis] = self.groups;
        kept
    }
    /// Blocks that are reduced into one result, and lanes that they are folded in.
    pub fn lanes(&self, fused: &Fused, grid: &[u64]) -> (u64, u64) {
        let elements: u64 = self.kept(&fused.block).iter().product();
        let bytes = |output: &crate::plan::ir::Output| -> u64 {
            let dtype = fused.code[output.value.0 as usize].dtype;
            arrays_of(&output.kind, dtype).iter().map(|(dtype, _)| elements.saturating_mul(dtype.size() as u64)).sum()
        };
        let steps = self.axes.iter().map(|axis| grid[*axis]).product();
        let lanes = lanes(fused.outputs.iter().map(bytes).sum(), steps);
        let length = steps.div_ceil(lanes);
        (steps, steps.div_ceil(length.max(1)))
    }
}

/// A lane in work.
#[derive(Default)]
struct Lane {
    /// The partial results of all outputs; absent while a block is folded into them, and before the first.
    parts: Option<Vec<Parts>>,
    /// The block whose turn it is.
    next: u64,
}

/// The lanes in work, by result and number.
struct Lanes {
    open: Mutex<FxHashMap<(u64, u64), Lane>>,
    turn: Condvar,
    /// A block failed: those that wait for it give up.
    failed: AtomicBool,
}

/// Runs the blocks of a pass that reduces in groups.
pub fn run(pass: &Pass, grouping: &Grouping, parallel: usize) -> Outcome<()> {
    let grid = &pass.grid;
    let (steps, count) = grouping.lanes(pass.fused, grid);
    let length = steps.div_ceil(count.max(1));
    let (along, across): (Vec<usize>, Vec<usize>) = (0..grid.len()).partition(|axis| grouping.axes.contains(axis));
    let results: u64 = across.iter().map(|axis| grid[*axis]).product();
    let lanes = Lanes { open: Mutex::default(), turn: Condvar::new(), failed: AtomicBool::new(false) };
    // The lanes of a result side by side, so that each block finds its turn come.
    tasks::run(pass.run.runtime, parallel, results * length * count, &|task| {
        let (result, rest) = (task / (length * count), task % (length * count));
        let (turn, lane) = (rest / count, rest % count);
        let step = lane * length + turn;
        if step >= steps.min((lane + 1) * length) {
            return Ok(());
        }
        let mut at = vec![0; grid.len()];
        place(&mut at, grid, &across, result);
        place(&mut at, grid, &along, step);
        let last = step + 1 == steps.min((lane + 1) * length);
        let outcome = block(pass, grouping, &lanes, &at, (result, lane), turn, last);
        if outcome.is_err() {
            lanes.failed.store(true, Ordering::Relaxed);
            lanes.turn.notify_all();
        }
        pass.run.advance();
        outcome
    })
}

/// The grid's indices along some axes, from their row-major position.
fn place(at: &mut [u64], grid: &[u64], axes: &[usize], position: u64) {
    let mut rest = position;
    for axis in axes.iter().rev() {
        at[*axis] = rest % grid[*axis];
        rest /= grid[*axis];
    }
}

fn block(pass: &Pass, grouping: &Grouping, lanes: &Lanes, at: &[u64], key: (u64, u64), turn: u64, last: bool) -> Outcome<()> {
    let (lo, sizes) = pass.extent(at);
    let (blocks, mut args) = pass.leaves(&lo, &sizes)?;
    let parts = lanes.wait(pass.run, key, turn)?;
    let parts = match parts {
        Some(parts) => parts,
        None => empty(pass, grouping, &sizes)?,
    };
    for (output, parts) in pass.fused.outputs.iter().zip(&parts) {
        let dtype = pass.fused.code[output.value.0 as usize].dtype;
        for ((dtype, _), buffer) in arrays_of(&output.kind, dtype).iter().zip(parts) {
            let kept = grouping.kept(&sizes);
            let mut strides = row_major(&kept, dtype.size());
            let others = grouping.axes.iter().filter(|axis| **axis != grouping.axis);
            others.for_each(|axis| strides[*axis] = 0);
            let mut shape: Vec<i64> = sizes.iter().map(|size| *size as i64).collect();
            shape[grouping.axis] = grouping.groups as i64;
            let strides = strides.into_iter().map(|stride| stride as i64).collect();
            args.push(Arg::Array(ArrayArg { dtype: dtype.storage(), ptr: buffer.as_mut_ptr(), sizes: shape, strides }));
        }
    }
    pass.call(&args)?;
    drop(blocks);
    if !last {
        lanes.pass_on(key, parts);
        return Ok(());
    }
    lanes.close(key);
    let start: Vec<u64> = (0..lo.len()).map(|axis| if axis == grouping.axis { 0 } else { lo[axis] }).collect();
    let kept = grouping.kept(&sizes);
    let stored = |axis: &usize| *axis == grouping.axis || !grouping.axes.contains(axis);
    let of = |sizes: &[u64]| -> Vec<u64> { (0..sizes.len()).filter(stored).map(|axis| sizes[axis]).collect() };
    for (number, (output, parts)) in pass.fused.outputs.iter().zip(parts).enumerate() {
        let Some(combine) = &pass.combines[number] else { continue };
        let result = position(&pass.grid, at, |axis| !grouping.axes.contains(&axis));
        if let Some(parts) = combine.add(pass.run, result, key.1, parts, kept.iter().product(), pass.span)? {
            pass.finish(number, output, &of(&start), &of(&kept), parts)?;
        }
    }
    Ok(())
}

/// What the first block of a lane is folded into.
fn empty(pass: &Pass, grouping: &Grouping, sizes: &[u64]) -> Outcome<Vec<Parts>> {
    let elements = grouping.kept(sizes).iter().product();
    let of = |output: &crate::plan::ir::Output| {
        let dtype = pass.fused.code[output.value.0 as usize].dtype;
        arrays_of(&output.kind, dtype).into_iter().map(|(_, initial)| filled(pass.run, elements, initial, pass.span)).collect()
    };
    pass.fused.outputs.iter().map(of).collect()
}

impl Lanes {
    /// Waits for a block's turn and takes the lane's partial results. Blocks are started in order, so the one waited for is in work.
    fn wait(&self, run: &Run, key: (u64, u64), turn: u64) -> Outcome<Option<Vec<Parts>>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let lane = open.entry(key).or_default();
            if lane.next == turn && (turn == 0 || lane.parts.is_some()) {
                return Ok(lane.parts.take());
            }
            if self.failed.load(Ordering::Relaxed) || run.runtime.cancel.is_cancelled() {
                return Err(Diagnostic::at(Code::Cancelled, Span::default(), "stopped"));
            }
            let waited = self.turn.wait_timeout(open, Duration::from_millis(20)).unwrap_or_else(PoisonError::into_inner);
            open = waited.0;
        }
    }
    /// Gives the lane to its next block.
    fn pass_on(&self, key: (u64, u64), parts: Vec<Parts>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = open.entry(key).or_default();
        lane.parts = Some(parts);
        lane.next += 1;
        drop(open);
        self.turn.notify_all();
    }
    fn close(&self, key: (u64, u64)) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }
}
