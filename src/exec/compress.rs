//! Running a selection by a mask: true elements are counted block by block, then every block's are put behind those of the blocks before it.
//! Blocks are independent, so they run in parallel; one in which nothing is true is not read at all.

use super::store::{self, Place};
use super::stream::{Stream, place_in};
use super::{Run, tasks};
use crate::array::Buffer;
use crate::base::{Code, Diagnostic, Outcome};
use crate::plan::ir::{Compress, Stage};
use std::sync::atomic::{AtomicU64, Ordering};

/// Runs a selection.
pub fn run(run: &Run, stage: &Stage, work: &Compress, places: &[Option<Place>]) -> Outcome<()> {
    if work.values.domain.contains(&0) || work.shape.contains(&0) {
        return Ok(());
    }
    let mask = Stream::new(run, &work.mask, places, stage.span)?;
    let slabs = mask.grid();
    let counts: Vec<AtomicU64> = (0..slabs.iter().product()).map(|_| AtomicU64::new(0)).collect();
    tasks::run(run.runtime, stage.parallel, counts.len() as u64, &|task| {
        let (lo, hi) = mask.bounds(&place_in(&slabs, task));
        let count = mask.block(&lo, &hi)?[0].bytes().iter().map(|byte| u64::from(*byte != 0)).sum();
        counts[task as usize].store(count, Ordering::Relaxed);
        run.advance();
        Ok(())
    })?;
    let mut total = 0;
    let offsets: Vec<u64> = counts
        .iter()
        .map(|count| {
            total += count.load(Ordering::Relaxed);
            total - count.load(Ordering::Relaxed)
        })
        .collect();
    if total != work.shape[work.axis] {
        let message = format!("the mask selects {total} elements, and selected {} when they were counted", work.shape[work.axis]);
        return Err(Diagnostic::at(Code::File, stage.span, message).help("a file it is computed from has changed meanwhile"));
    }
    let values = Stream::new(run, &work.values, places, stage.span)?;
    let grid = values.grid();
    let (axis, over) = (work.axis, slabs.len());
    let dtype = work.values.code[work.values.outputs[0].value.0 as usize].dtype;
    tasks::run(run.runtime, stage.parallel, grid.iter().product(), &|task| {
        let at = place_in(&grid, task);
        let slab = at[axis..axis + over].iter().zip(&slabs).fold(0, |all, (at, size)| all * size + at) as usize;
        let kept = counts[slab].load(Ordering::Relaxed);
        run.advance();
        if kept == 0 {
            return Ok(());
        }
        let (lo, hi) = values.bounds(&at);
        let [array, mask] = <[Buffer; 2]>::try_from(values.block(&lo, &hi)?).map_err(|_| missing())?;
        let sizes: Vec<u64> = lo.iter().zip(&hi).map(|(lo, hi)| hi - lo).collect();
        let elements = |sizes: &[u64]| sizes.iter().product::<u64>() as usize;
        let (before, rows, after) = (elements(&sizes[..axis]), elements(&sizes[axis..axis + over]), elements(&sizes[axis + over..]));
        let mut array = array;
        let rows = Rows { before, rows, item: after * dtype.size(), mask: mask.bytes(), step: after };
        rows.compact(array.bytes_mut());
        let joined = |of: &[u64], selected: u64| -> Vec<u64> { [&of[..axis], &[selected], &of[axis + over..]].concat() };
        let place = store::place(work.out, places)?;
        store::put(run, place, dtype, &joined(&lo, offsets[slab]), &joined(&sizes, kept), &array, stage.span)
    })
}

fn missing() -> Box<Diagnostic> {
    Diagnostic::new(Code::Internal, "a selection without its mask")
}

/// A block as rows of bytes, some of which the mask keeps.
struct Rows<'a> {
    before: usize,
    rows: usize,
    /// Bytes of a row.
    item: usize,
    mask: &'a [u8],
    /// Mask elements from row to row.
    step: usize,
}

impl Rows<'_> {
    /// Moves the rows that are kept to the front, in order.
    fn compact(&self, bytes: &mut [u8]) {
        match self.item {
            1 => self.elements::<1>(bytes),
            2 => self.elements::<2>(bytes),
            4 => self.elements::<4>(bytes),
            8 => self.elements::<8>(bytes),
            item => {
                let kept = (0..self.before * self.rows).filter(|row| self.mask[row % self.rows * self.step] != 0);
                for (to, from) in kept.enumerate() {
                    bytes.copy_within(from * item..(from + 1) * item, to * item);
                }
            }
        }
    }

    /// Rows of a few bytes, without a branch for each.
    fn elements<const N: usize>(&self, bytes: &mut [u8]) {
        let (rows, _) = bytes.as_chunks_mut::<N>();
        let mut to = 0;
        for before in 0..self.before {
            for row in 0..self.rows {
                rows[to] = rows[before * self.rows + row];
                to += usize::from(self.mask[row * self.step] != 0);
            }
        }
    }
}
