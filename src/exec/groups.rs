//! Running a pass that reduces in groups: one sweep over its blocks, in few lanes. The blocks of a lane are folded in order into one partial
//! result, which has an element for every group; blocks are read in parallel and wait for their turn to be folded. Lanes join by the fixed
//! tree of all reductions. So the bits do not depend on threads, and what waits is bounded: the partial results of the lanes. Where those are
//! large there is one lane, its partial results are on disk, and a block has those of its own groups in memory.

use super::combine::{Near, Parts};
use super::compute::Args;
use super::fused::{Pass, filled, position};
use super::lookup::Rows;
use super::{Run, tasks};
use crate::array::strided::{Axes, row_major};
use crate::array::{DType, Scalar};
use crate::base::{Code, Diagnostic, Outcome, Span};
use crate::io::raw::Scratch;
use crate::kernel::abi::{Arg, ArrayArg};
use crate::plan::emit::arrays_of;
use crate::plan::groups::Grouping;
use crate::plan::ir::Output;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// The partial results of a lane: of each output its arrays, a group after the other.
enum Held {
    Memory(Vec<Parts>),
    /// And which groups have been written.
    Disk(Vec<Vec<Scratch>>, Vec<bool>),
}

/// A lane in work.
#[derive(Default)]
struct Lane {
    /// Absent while a block is folded into them, and before the first.
    held: Option<Held>,
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

/// A block of a grouped pass.
struct Turn<'a> {
    pass: &'a Pass<'a>,
    grouping: &'a Grouping<'a>,
    at: Vec<u64>,
    /// Its result and lane.
    key: (u64, u64),
    number: u64,
    last: bool,
}

/// Runs the blocks of a pass that reduces in groups.
pub fn run(pass: &Pass, grouping: &Grouping, parallel: usize) -> Outcome<()> {
    let Grouping { steps, lanes: count, length, .. } = *grouping;
    let grid = &pass.grid;
    let (along, across): (Vec<usize>, Vec<usize>) = (0..grid.len()).partition(|axis| grouping.axes.contains(axis));
    let results: u64 = across.iter().map(|axis| grid[*axis]).product();
    let lanes = Lanes { open: Mutex::default(), turn: Condvar::new(), failed: AtomicBool::new(false) };
    // The lanes of a result side by side, so that each block finds its turn come.
    tasks::run(pass.run.runtime, parallel, results * length * count, &|task| {
        let (result, rest) = (task / (length * count), task % (length * count));
        let (number, lane) = (rest / count, rest % count);
        let (step, end) = (lane * length + number, steps.min((lane + 1) * length));
        if step >= end {
            return Ok(());
        }
        let mut at = vec![0; grid.len()];
        place(&mut at, grid, &across, result);
        place(&mut at, grid, &along, step);
        let outcome = Turn { pass, grouping, at, key: (result, lane), number, last: step + 1 == end }.run(&lanes);
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

impl Turn<'_> {
    fn run(&self, lanes: &Lanes) -> Outcome<()> {
        let Turn { pass, grouping, .. } = self;
        let (lo, hi) = pass.extent(&self.at);
        let sizes: Vec<u64> = lo.iter().zip(&hi).map(|(lo, hi)| hi - lo).collect();
        let mut inputs = pass.code.inputs(pass.places.into(), &lo, &hi)?;
        let mut held = match lanes.wait(pass.run, self.key, self.number)? {
            Some(held) => held,
            None => self.begin(&sizes)?,
        };
        match &mut held {
            Held::Memory(parts) => {
                self.arguments(parts, None, &sizes, &mut inputs.args);
                pass.code.call(&mut inputs.args)?;
            }
            Held::Disk(files, written) => {
                let rows = inputs.rows.iter().find(|rows| rows.leaf == grouping.table);
                let Some(Rows { rows, .. }) = rows else { return Err(lost()) };
                let outputs = pass.fused.outputs.iter().zip(files.iter());
                let parts =
                    outputs.map(|(output, files)| self.read(output, files, written, rows, &sizes)).collect::<Outcome<Vec<Parts>>>()?;
                self.arguments(&parts, Some(rows.len() as u64), &sizes, &mut inputs.args);
                pass.code.call(&mut inputs.args)?;
                self.write(files, written, rows, &sizes, &parts)?;
            }
        }
        drop(inputs);
        if self.last {
            lanes.close(self.key);
            self.finish(held, &lo, &sizes)
        } else {
            lanes.pass_on(self.key, held);
            Ok(())
        }
    }

    fn arrays(&self, output: &Output) -> SmallVec<[(DType, Scalar); 3]> {
        arrays_of(&output.kind, self.pass.fused.code[output.value.0 as usize].dtype)
    }

    /// What the first block of a lane is folded into.
    fn begin(&self, sizes: &[u64]) -> Outcome<Held> {
        let groups = self.grouping.groups;
        let kept = self.grouping.kept(sizes);
        let outputs = &self.pass.fused.outputs;
        if self.grouping.on_disk() {
            let shape: Vec<u64> = std::iter::once(groups).chain(kept).collect();
            let files = |output: &Output| self.arrays(output).iter().map(|(dtype, _)| Scratch::create(&shape, dtype.size())).collect();
            return Ok(Held::Disk(outputs.iter().map(files).collect::<Outcome<_>>()?, vec![false; groups as usize]));
        }
        let elements = groups * kept.iter().product::<u64>();
        let parts = |output: &Output| {
            self.arrays(output).into_iter().map(|(_, initial)| filled(self.pass.run, elements, initial, self.pass.span)).collect()
        };
        Ok(Held::Memory(outputs.iter().map(parts).collect::<Outcome<_>>()?))
    }

    /// The partial results as the kernel's arrays: of all groups, in the order of the store; or of some, one after the other.
    fn arguments(&self, parts: &[Parts], some: Option<u64>, sizes: &[u64], args: &mut Args) {
        let Grouping { axes, axis, .. } = self.grouping;
        let mut kept = self.grouping.kept(sizes);
        let row: u64 = kept.iter().product();
        if some.is_none() {
            kept[*axis] = self.grouping.groups;
        }
        for (output, parts) in self.pass.fused.outputs.iter().zip(parts) {
            for ((dtype, _), buffer) in self.arrays(output).iter().zip(parts) {
                let mut strides: Axes<i64> = row_major(&kept, dtype.size()).into_iter().map(|stride| stride as i64).collect();
                let step = if some.is_some() { row as i64 * dtype.size() as i64 } else { strides[*axis] };
                axes.iter().for_each(|axis| strides[*axis] = 0);
                strides[*axis] = step;
                let mut shape: Axes<i64> = sizes.iter().map(|size| *size as i64).collect();
                shape[*axis] = some.unwrap_or(self.grouping.groups) as i64;
                args.push(Arg::Array(ArrayArg { dtype: dtype.storage(), ptr: buffer.as_mut_ptr(), sizes: shape, strides }));
            }
        }
    }

    /// One group in a file of partial results: where it starts, its size, and its bytes for an array of this dtype.
    fn group(&self, group: i64, sizes: &[u64], dtype: DType) -> (Vec<u64>, Vec<u64>, usize) {
        let count: Vec<u64> = std::iter::once(1).chain(self.grouping.kept(sizes)).collect();
        let mut start = vec![0; count.len()];
        start[0] = group as u64;
        let bytes = count.iter().product::<u64>() as usize * dtype.size();
        (start, count, bytes)
    }

    /// The partial results of some groups of an output.
    fn read(&self, output: &Output, files: &[Scratch], written: &[bool], rows: &[i64], sizes: &[u64]) -> Outcome<Parts> {
        let row: u64 = self.grouping.kept(sizes).iter().product();
        let mut parts = Parts::new();
        for ((dtype, initial), file) in self.arrays(output).into_iter().zip(files) {
            let mut buffer = filled(self.pass.run, row * rows.len() as u64, initial, self.pass.span)?;
            for (place, group) in rows.iter().enumerate().filter(|(_, group)| written[**group as usize]) {
                let (start, count, bytes) = self.group(*group, sizes, dtype);
                let out = &mut buffer.bytes_mut()[place * bytes..(place + 1) * bytes];
                file.read(file.shape(), &start, &count, &vec![1; count.len()], out)?;
            }
            parts.push(buffer);
        }
        Ok(parts)
    }

    fn write(&self, files: &[Vec<Scratch>], written: &mut [bool], rows: &[i64], sizes: &[u64], parts: &[Parts]) -> Outcome<()> {
        for ((output, files), parts) in self.pass.fused.outputs.iter().zip(files).zip(parts) {
            for (((dtype, _), file), buffer) in self.arrays(output).into_iter().zip(files).zip(parts) {
                for (place, group) in rows.iter().enumerate() {
                    let (start, count, bytes) = self.group(*group, sizes, dtype);
                    file.write(&start, &count, &buffer.bytes()[place * bytes..(place + 1) * bytes])?;
                }
            }
        }
        rows.iter().for_each(|group| written[*group as usize] = true);
        Ok(())
    }

    /// Start and size of some groups of this result in the axes of the store.
    fn stored(&self, lo: &[u64], sizes: &[u64], group: u64, count: u64) -> (Vec<u64>, Vec<u64>) {
        let Grouping { axes, axis, .. } = self.grouping;
        let kept = (0..lo.len()).filter(|at| at == axis || !axes.contains(at));
        kept.map(|at| if at == *axis { (group, count) } else { (lo[at], sizes[at]) }).unzip()
    }

    /// The end of a lane: joined with the others, or written group by group.
    fn finish(&self, held: Held, lo: &[u64], sizes: &[u64]) -> Outcome<()> {
        let Turn { pass, grouping, .. } = self;
        let outputs = pass.fused.outputs.iter().enumerate();
        match held {
            Held::Memory(all) => {
                let elements = grouping.groups * grouping.kept(sizes).iter().product::<u64>();
                let result = position(&pass.grid, &self.at, |axis| !grouping.axes.contains(&axis));
                for ((number, output), parts) in outputs.zip(all) {
                    let Some(combine) = &pass.combines[number] else { return Err(lost()) };
                    if let Some(parts) = combine.add(pass.run, &mut Near::default(), (result, self.key.1), parts, elements, pass.span)? {
                        let (start, count) = self.stored(lo, sizes, 0, grouping.groups);
                        pass.finish(number, output, &start, &count, parts)?;
                    }
                }
            }
            Held::Disk(all, written) => {
                for ((number, output), files) in outputs.zip(all) {
                    for group in 0..grouping.groups {
                        let parts = self.read(output, &files, &written, &[group as i64], sizes)?;
                        let (start, count) = self.stored(lo, sizes, group, 1);
                        pass.finish(number, output, &start, &count, parts)?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Lanes {
    /// Waits for a block's turn and takes the lane's partial results. Blocks are started in order, so the one waited for is in work.
    fn wait(&self, run: &Run, key: (u64, u64), turn: u64) -> Outcome<Option<Held>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let lane = open.entry(key).or_default();
            if lane.next == turn && (turn == 0 || lane.held.is_some()) {
                return Ok(lane.held.take());
            }
            if self.failed.load(Ordering::Relaxed) || run.runtime.cancel.is_cancelled() {
                return Err(Diagnostic::at(Code::Cancelled, Span::default(), "stopped"));
            }
            let waited = self.turn.wait_timeout(open, Duration::from_millis(20)).unwrap_or_else(PoisonError::into_inner);
            open = waited.0;
        }
    }
    /// Gives the lane to its next block.
    fn pass_on(&self, key: (u64, u64), held: Held) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = open.entry(key).or_default();
        lane.held = Some(held);
        lane.next += 1;
        drop(open);
        self.turn.notify_all();
    }
    fn close(&self, key: (u64, u64)) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }
}

fn lost() -> Box<Diagnostic> {
    Diagnostic::new(Code::Internal, "a pass in groups lost its partial results")
}
