//! Running a routine on every core of a batch: blocks of cores as tasks, each copied to dense memory, worked on there, and copied to where its
//! results are kept. Owns the way there and back; a file beside this one has what each family of routines does.

mod convolve;
mod fourier;
mod histogram;
mod key;
mod long;
mod matrix;
mod order;
mod quantile;
mod search;
pub mod sweep;

use super::store::{self, Place};
use super::{Run, tasks};
use crate::array::{Buffer, DType};
use crate::base::{Diagnostic, Outcome, Span};
use crate::builtins::build::Routine;
use crate::plan::blocks::grid;
use crate::plan::ir::{Batched, CoreOut, Leaf, Stage};

/// One core: its operands and results, dense, row-major. Sizes are in `batched`.
struct Core<'a> {
    batched: &'a Batched,
    operands: Vec<&'a [u8]>,
    results: Vec<&'a mut [u8]>,
}

impl Core<'_> {
    /// Whether anybody wants a result.
    fn is_wanted(&self, result: usize) -> bool {
        self.batched.results[result].store.is_some()
    }
}

/// Does what a routine does to one core. Errors are of values (a singular matrix); they get their place from the stage.
type Worker<'a> = Box<dyn FnMut(Core) -> Outcome<()> + 'a>;

/// Makes workers: one for each block, with memory of its own. What all share (the plan of a transform) is made once, here.
type Workers<'a> = Box<dyn Fn() -> Worker<'a> + Sync + 'a>;

fn workers(batched: &Batched) -> Outcome<Workers<'_>> {
    fn alone<'a>(work: impl Fn(Core) -> Outcome<()> + Copy + Sync + 'a) -> Workers<'a> {
        Box::new(move || Box::new(work))
    }
    Ok(match batched.routine {
        Routine::Sort { descending } => alone(move |core| order::sort(core, descending)),
        Routine::ArgSort { descending } => alone(move |core| order::argsort(core, descending)),
        Routine::Quantile { between, skip_missing, .. } => alone(move |core| quantile::quantile(core, between, skip_missing)),
        Routine::Search { side } => alone(move |core| search::search(core, side)),
        Routine::Histogram { weighted, .. } => alone(move |core| histogram::histogram(core, weighted)),
        Routine::Fourier(fourier) => fourier::workers(fourier, batched)?,
        Routine::Convolve => alone(convolve::work),
        Routine::Matrix(matrix) => alone(move |core| matrix::work(core, matrix)),
    })
}

/// Runs a stage.
pub fn run(run: &Run, stage: &Stage, batched: &Batched, places: &[Option<Place>]) -> Outcome<()> {
    let grid = grid(&batched.batch, &batched.block);
    let workers = workers(batched).map_err(|error| error.or_at(stage.span))?;
    let own = batched.operands.len() - batched.routine.shared();
    let whole = |(leaf, core): (&Leaf, &Vec<u64>)| store::dense(run, leaf, places, &vec![0; core.len()], core, stage.span);
    let shared = batched.operands[own..].iter().zip(&batched.cores[own..]).map(whole).collect::<Outcome<Vec<Buffer>>>()?;
    tasks::run(run.runtime, stage.parallel, grid.iter().product(), &|task| {
        let mut rest = task;
        let mut lo = vec![0; grid.len()];
        for axis in (0..grid.len()).rev() {
            lo[axis] = rest % grid[axis] * batched.block[axis];
            rest /= grid[axis];
        }
        let hi: Vec<u64> =
            lo.iter().zip(batched.block.iter().zip(&batched.batch)).map(|(lo, (block, size))| (lo + block).min(*size)).collect();
        block(run, stage.span, batched, workers(), places, &shared, &lo, &hi)?;
        run.advance();
        Ok(())
    })
}

/// The cores of one block.
fn block(
    run: &Run,
    span: Span,
    batched: &Batched,
    mut work: Worker,
    places: &[Option<Place>],
    shared: &[Buffer],
    lo: &[u64],
    hi: &[u64],
) -> Outcome<()> {
    let count: Vec<u64> = lo.iter().zip(hi).map(|(lo, hi)| hi - lo).collect();
    let cores = count.iter().product::<u64>() as usize;
    let mut operands = Vec::with_capacity(batched.operands.len());
    for (leaf, core) in batched.operands.iter().zip(&batched.cores).take(batched.operands.len() - shared.len()) {
        let from: Vec<u64> = lo.iter().copied().chain(core.iter().map(|_| 0)).collect();
        let to: Vec<u64> = hi.iter().chain(core).copied().collect();
        operands.push(store::dense(run, leaf, places, &from, &to, span)?);
    }
    let result = |result: &CoreOut| run.runtime.take(cores * bytes(&result.core, result.dtype), span);
    let mut results = batched.results.iter().map(result).collect::<Outcome<Vec<Buffer>>>()?;
    // Single elements are all worked on at once.
    let times = if batched.routine.core_ranks()[0] == 0 { cores.min(1) } else { cores };
    for at in 0..times {
        let own = |all: usize| all / times * at..all / times * (at + 1);
        let operands = operands.iter().map(|buffer| &buffer.bytes()[own(buffer.bytes().len())]);
        let operands = operands.chain(shared.iter().map(Buffer::bytes)).collect();
        let results = results.iter_mut().map(|buffer| {
            let own = own(buffer.bytes().len());
            &mut buffer.bytes_mut()[own]
        });
        work(Core { batched, operands, results: results.collect() }).map_err(|error| placed(error, lo, &count, at).or_at(span))?;
    }
    for (result, buffer) in batched.results.iter().zip(&results) {
        let Some(id) = result.store else { continue };
        let sizes: Vec<u64> = count.iter().chain(&result.core).copied().collect();
        let start: Vec<u64> = lo.iter().copied().chain(result.core.iter().map(|_| 0)).collect();
        store::put(run, store::place(id, places)?, result.dtype, &start, &sizes, buffer, span)?;
    }
    Ok(())
}

/// An error with the place of its core in the batch.
fn placed(mut error: Box<Diagnostic>, lo: &[u64], count: &[u64], at: usize) -> Box<Diagnostic> {
    if lo.is_empty() {
        return error;
    }
    let mut rest = at as u64;
    let mut place = lo.to_vec();
    for (place, count) in place.iter_mut().zip(count).rev() {
        *place += rest % count;
        rest /= count;
    }
    error.message = format!("{}, at {place:?}", error.message);
    error
}

fn bytes(sizes: &[u64], dtype: DType) -> usize {
    sizes.iter().product::<u64>() as usize * dtype.size()
}
