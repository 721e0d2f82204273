//! Routines on cores too long to be worked on at once: passes over their elements, block by block on all threads, as often as is needed. Owns
//! the passes and the selection of quantiles by digits; `long` sorts.

use super::key::{Bits, Key, by_dtype, elements};
use super::long;
use super::{histogram, quantile};
use crate::array::{Array, Buffer, DType};
use crate::base::{Code, Diagnostic, Outcome};
use crate::builtins::build::{Between, Routine};
use crate::exec::store::{self, Place};
use crate::exec::stream::{Stream, place_in};
use crate::exec::{Run, tasks};
use crate::plan::ir::{Stage, Swept};
use crate::plan::routines::CANDIDATES;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The passes over one core.
pub struct Sweep<'a> {
    pub run: &'a Run<'a>,
    pub stage: &'a Stage,
    pub swept: &'a Swept,
    stream: &'a Stream<'a>,
    /// Blocks along the axes of the core.
    grid: Vec<u64>,
    /// The core's place in the batch.
    pub at: Vec<u64>,
}

/// Runs a stage: its cores in order.
pub fn run(run: &Run, stage: &Stage, swept: &Swept, places: &mut [Option<Place>]) -> Outcome<()> {
    // A result in memory is this stage's alone while it is made.
    let place = places.get_mut(swept.result.0 as usize).and_then(Option::take);
    let place = place.ok_or_else(|| Diagnostic::new(Code::Internal, "a routine without a place for its result"))?;
    let mut target = match place {
        Place::Memory(array) => {
            let (ty, buffer) = (array.ty().clone(), array.buffer().clone());
            drop(array);
            match Arc::try_unwrap(buffer) {
                Ok(buffer) => Target::Memory(ty, buffer),
                Err(_) => return Err(Diagnostic::new(Code::Internal, "somebody else has the result of a routine")),
            }
        }
        place => Target::Place(place),
    };
    let done = cores(run, stage, swept, places, &mut target);
    places[swept.result.0 as usize] = Some(match target {
        Target::Memory(ty, buffer) => Place::Memory(Array::new(ty, Arc::new(buffer))),
        Target::Place(place) => place,
    });
    done
}

/// Where the result goes.
enum Target {
    Memory(crate::array::ArrayTy, Buffer),
    Place(Place),
}

impl Target {
    /// The place of a core, whose result has so many bytes.
    fn core(&mut self, number: u64, bytes: usize) -> Out<'_> {
        match self {
            Target::Memory(_, buffer) => Out::Memory(&mut buffer.bytes_mut()[number as usize * bytes..(number as usize + 1) * bytes]),
            Target::Place(place) => Out::Place(place),
        }
    }
}

/// Where the result of a core goes: dense memory, or elsewhere by parts.
pub enum Out<'a> {
    Memory(&'a mut [u8]),
    Place(&'a Place),
}

impl Out<'_> {
    /// Puts elements of the result's core (or the last axis of it) from position `from` on.
    pub fn put(&mut self, sweep: &Sweep, from: u64, bytes: &[u8]) -> Outcome<()> {
        let item = sweep.swept.dtype.size();
        match self {
            Out::Memory(out) => {
                out[from as usize * item..][..bytes.len()].copy_from_slice(bytes);
                Ok(())
            }
            Out::Place(place) => {
                let start: Vec<u64> = sweep.at.iter().copied().chain([from]).collect();
                let count: Vec<u64> = sweep.at.iter().map(|_| 1).chain([(bytes.len() / item) as u64]).collect();
                store::write(sweep.run, place, &start, &count, bytes, sweep.stage.span)
            }
        }
    }
}

fn cores(run: &Run, stage: &Stage, swept: &Swept, places: &[Option<Place>], target: &mut Target) -> Outcome<()> {
    let stream = Stream::new(run, &swept.stream, places, stage.span)?;
    let grid = stream.grid();
    let whole = swept
        .whole
        .iter()
        .map(|(leaf, sizes)| store::dense(run, leaf, places, &vec![0; sizes.len()], sizes, stage.span))
        .collect::<Outcome<Vec<Buffer>>>()?;
    let bytes = swept.core.iter().product::<u64>() as usize * swept.dtype.size();
    for core in 0..swept.batch.iter().product() {
        let rank = swept.batch.len();
        let sweep = Sweep { run, stage, swept, stream: &stream, grid: grid[rank..].to_vec(), at: place_in(&swept.batch, core) };
        let out = target.core(core, bytes);
        match swept.routine {
            Routine::Sort { descending } => long::sort(&sweep, descending, out)?,
            Routine::ArgSort { descending } => long::argsort(&sweep, descending, out)?,
            Routine::Histogram { weighted, .. } => histogram::long(&sweep, elements::<f64>(whole[0].bytes()), weighted, out)?,
            Routine::Quantile { between, skip_missing, .. } => {
                let quantiles = elements::<f64>(whole[0].bytes());
                let dtype = swept.stream.code[swept.stream.outputs[0].value.0 as usize].dtype;
                by_dtype!(dtype, quantiles_of(&sweep, quantiles, between, skip_missing, dtype, out))?;
            }
            Routine::Search { .. } | Routine::Fourier(_) | Routine::Convolve | Routine::Matrix(_) => {
                return Err(Diagnostic::new(Code::Internal, "this routine takes no long cores"));
            }
        }
        (0..sweep.blocks()).for_each(|_| run.advance());
    }
    Ok(())
}

impl Sweep<'_> {
    pub fn blocks(&self) -> u64 {
        self.grid.iter().product()
    }
    pub fn elements(&self) -> u64 {
        self.swept.elements()
    }

    /// Shows a block of the core to `f`: its first element's position in a core of one axis, and the elements of each operand.
    pub fn block(&self, number: u64, f: &mut dyn FnMut(u64, &[Buffer]) -> Outcome<()>) -> Outcome<()> {
        let at: Vec<u64> = self.at.iter().copied().chain(place_in(&self.grid, number)).collect();
        let (lo, hi) = self.stream.bounds(&at);
        let values = self.stream.block(&lo, &hi)?;
        f(lo.last().copied().unwrap_or(0), &values)
    }

    /// One pass: every block, in any order and on all threads, each with a state of which every thread has one. Gives the states.
    pub fn pass<S: Send>(&self, start: impl Fn() -> S + Sync, f: impl Fn(&mut S, u64, &[Buffer]) -> Outcome<()> + Sync) -> Outcome<Vec<S>> {
        let free: Mutex<Vec<S>> = Mutex::default();
        let lock = || free.lock().unwrap_or_else(PoisonError::into_inner);
        tasks::run(self.run.runtime, self.stage.parallel, self.blocks(), &|number| {
            let own = lock().pop();
            let mut own = own.unwrap_or_else(&start);
            self.block(number, &mut |from, values| f(&mut own, from, values))?;
            lock().push(own);
            Ok(())
        })?;
        Ok(free.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// One pass that counts: `f` counts a block in a table of `size`.
    pub fn counted(&self, size: usize, f: impl Fn(&mut [u64], &[Buffer]) + Sync) -> Outcome<Vec<u64>> {
        let tables = self.pass(
            || vec![0u64; size],
            |table, _, values| {
                f(table, values);
                Ok(())
            },
        )?;
        let mut total = vec![0; size];
        tables.iter().for_each(|table| total.iter_mut().zip(table).for_each(|(total, count)| *total += count));
        Ok(total)
    }
}

/// Bits of a digit by which elements are found.
const DIGIT: u32 = 12;
/// Cells that one pass looks into.
const CELLS: usize = 8;

/// Keys that share their first digits, some of which are wanted: their places in the order.
struct Cell {
    prefix: u64,
    /// Elements before the first of the cell.
    below: u64,
    count: u64,
    places: Vec<u64>,
}

/// Quantiles of a core: a pass for each digit narrows down where the wanted elements are, until so few are left that they can be kept.
fn quantiles_of<T: Key>(sweep: &Sweep, quantiles: &[f64], between: Between, skip_missing: bool, dtype: DType, mut out: Out) -> Outcome<()> {
    let missing = AtomicU64::new(0);
    let width = T::Bits::WIDTH;
    let digit = DIGIT.min(width);
    let first = sweep.counted(1 << digit, |table, values| {
        let mut none = 0;
        for value in elements::<T>(values[0].bytes()) {
            let key = value.key();
            none += u64::from(T::MISSING && key == T::Bits::MAX);
            table[(key.wide() >> (width - digit)) as usize] += 1;
        }
        missing.fetch_add(none, Ordering::Relaxed);
    })?;
    let missing = missing.into_inner();
    let count = if missing > 0 && !skip_missing { 0 } else { sweep.elements() - missing };
    let places = if count > 0 { quantile::places(quantiles, between, count)? } else { Vec::new() };
    let mut found: Vec<(u64, T::Bits)> = Vec::with_capacity(places.len());
    let mut cells = narrowed(&Cell { prefix: 0, below: 0, count: sweep.elements(), places }, &first, digit);
    let mut known = digit;
    while !cells.is_empty() && known < width {
        if cells.iter().map(|cell| cell.count).sum::<u64>() <= CANDIDATES {
            gather::<T>(sweep, &cells, known, &mut found)?;
            cells.clear();
            break;
        }
        let digit = DIGIT.min(width - known);
        let mut next = Vec::new();
        for some in cells.chunks(CELLS) {
            let size = 1usize << digit;
            let tables = sweep.counted(size * some.len(), |table, values| {
                for value in elements::<T>(values[0].bytes()) {
                    let key = value.key().wide();
                    let prefix = key >> (width - known);
                    if let Some(at) = some.iter().position(|cell| cell.prefix == prefix) {
                        table[at * size + (key >> (width - known - digit)) as usize % size] += 1;
                    }
                }
            })?;
            for (cell, table) in some.iter().zip(tables.chunks(size)) {
                next.extend(narrowed(cell, table, digit));
            }
        }
        (cells, known) = (next, known + digit);
    }
    for cell in &cells {
        found.extend(cell.places.iter().map(|place| (*place, T::Bits::narrow(cell.prefix))));
    }
    found.sort_unstable();
    let at = |place: u64| found.binary_search_by_key(&place, |(place, _)| *place).map_or(T::Bits::MAX, |at| found[at].1);
    let mut buffer = sweep.run.runtime.take(quantiles.len() * sweep.swept.dtype.size(), sweep.stage.span)?;
    quantile::write::<T>(quantiles, between, count, sweep.swept.dtype == dtype, at, buffer.bytes_mut())?;
    out.put(sweep, 0, buffer.bytes())
}

/// The cells inside a cell that have wanted elements, by how often each next digit stands.
fn narrowed(cell: &Cell, table: &[u64], digit: u32) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    let (mut below, mut wanted) = (cell.below, cell.places.iter().peekable());
    for (at, count) in table.iter().enumerate() {
        let mut places = Vec::new();
        while let Some(place) = wanted.next_if(|place| **place < below + count) {
            places.push(*place);
        }
        if !places.is_empty() {
            cells.push(Cell { prefix: cell.prefix << digit | at as u64, below, count: *count, places });
        }
        below += count;
    }
    cells
}

/// Keeps all elements of some cells and takes the wanted ones.
fn gather<T: Key>(sweep: &Sweep, cells: &[Cell], known: u32, found: &mut Vec<(u64, T::Bits)>) -> Outcome<()> {
    let width = T::Bits::WIDTH;
    let parts = sweep.pass(Vec::new, |kept: &mut Vec<u64>, _, values| {
        for value in elements::<T>(values[0].bytes()) {
            let key = value.key().wide();
            let prefix = key >> (width - known);
            if cells.iter().any(|cell| cell.prefix == prefix) {
                kept.push(key);
            }
        }
        Ok(())
    })?;
    let mut kept = parts.concat();
    kept.sort_unstable();
    for cell in cells {
        let start = kept.partition_point(|key| key >> (width - known) < cell.prefix) as u64;
        let taken = |place: &u64| (*place, T::Bits::narrow(kept.get((start + place - cell.below) as usize).copied().unwrap_or(u64::MAX)));
        found.extend(cell.places.iter().map(taken));
    }
    Ok(())
}
