//! Parallel loops: the outermost loops whose iterations are independent (but for reductions) and that have enough work become `ParFor`s.
//! `par for` states that a loop is such a loop; where that cannot be proven it is an error (K0801) that names the two statements.
//! Loops in parallel loops, and in kernels called from them, are not made parallel again.

use super::PassOptions;
use super::independent::{Conflict, Setting, writers};
use super::outline::outline;
use super::reduce::Rules;
use super::vectorise::cost;
use crate::base::{Code, Diagnostic, Outcome, Span};
use crate::kernel::alias::{self, Shares};
use crate::kernel::chunks::trip_count;
use crate::kernel::facts::known_int;
use crate::kernel::ir::*;
use crate::kernel::liveness::{ArraySet, VarSet, live_after_loops};
use crate::kernel::ranges::{Decls, Guards, Next, State, Visitor, in_loop, walk, walk_body};
use crate::kernel::visit;
use std::collections::BTreeSet;

/// A loop of unknown length is taken to run this often.
const GUESS: u64 = 64;
/// Chunks longer than this are cut at multiples of it.
const ALIGNED: u64 = 64;

pub fn parallel(module: &mut Module, options: &PassOptions) -> Outcome<()> {
    let starts = alias::at_start(module, &options.overlapping);
    let writers = writers(module);
    let mut inside_parallel = BTreeSet::new();
    for (at, start) in starts.iter().enumerate() {
        let mut kernel = module.kernels[at].clone();
        let mut pass = Parallel {
            source: kernel.clone(),
            kernels: &module.kernels,
            writers: &writers,
            shares: alias::in_loops(&kernel, start),
            live: live_after_loops(&kernel),
            live_arrays: live_after_loops(&kernel),
            first: 0,
            checked: module.checked,
            options,
            may_outline: !inside_parallel.contains(&at),
            error: None,
            chunks: Vec::new(),
        };
        walk(&mut kernel, &mut pass);
        let (error, chunks) = (pass.error, pass.chunks);
        kernel.vars = pass.source.vars;
        if let Some(error) = error {
            return Err(error);
        }
        for chunk in &chunks {
            called_from(&chunk.body, &module.kernels, &mut inside_parallel);
        }
        module.kernels[at] = kernel;
        module.kernels.extend(chunks);
    }
    Ok(())
}

/// Adds the kernels that a body comes to call.
fn called_from(body: &[Stmt], kernels: &[Kernel], found: &mut BTreeSet<usize>) {
    visit::statements(body, &mut |stmt| {
        if let Stmt::Call { kernel, .. } = stmt
            && found.insert(kernel.0 as usize)
            && let Some(kernel) = kernels.get(kernel.0 as usize)
        {
            called_from(&kernel.body, kernels, found);
        }
    });
}

struct Parallel<'a> {
    /// The kernel as it was.
    source: Kernel,
    kernels: &'a [Kernel],
    writers: &'a [bool],
    shares: Vec<Shares>,
    live: Vec<VarSet>,
    live_arrays: Vec<ArraySet>,
    /// The number of the first loop of what is being walked.
    first: usize,
    checked: bool,
    options: &'a PassOptions,
    /// Otherwise `par for` is only proven.
    may_outline: bool,
    error: Option<Box<Diagnostic>>,
    /// Kernels of chunks.
    chunks: Vec<Kernel>,
}

impl Visitor for Parallel<'_> {
    fn enter(&mut self, state: &mut State, number: usize, stmt: &mut Stmt) -> Next {
        let Stmt::For { kind, span, .. } = &*stmt else { return Next::Walk };
        let (asked, span) = (*kind == LoopKind::Par, *span);
        if self.error.is_some() || !(asked || self.may_outline && self.options.parallel) {
            return Next::Walk;
        }
        let work = self.work_of_iteration(stmt);
        if !asked && is_small(stmt, work, self.options.chunk_work) {
            return Next::Walk;
        }
        let reductions = match self.independent(state, number, stmt, asked) {
            Ok(reductions) => reductions,
            Err(conflict) if asked => {
                self.error = Some(refusal(span, conflict));
                return Next::Walk;
            }
            Err(_) => return Next::Walk,
        };
        self.prove_inner(state, number, stmt);
        if let Stmt::For { kind, .. } = stmt {
            *kind = LoopKind::Seq;
        }
        if !(self.may_outline && self.options.parallel) {
            return Next::Skip;
        }
        let kernel = (self.kernels.len() + self.chunks.len()) as u32;
        let grain = (self.options.chunk_work / work.max(1)).max(1);
        let grain = if grain > ALIGNED { grain.next_multiple_of(ALIGNED) } else { grain };
        if let Some((parallel, chunk)) = outline(&mut self.source, stmt, reductions, grain, kernel) {
            *stmt = parallel;
            self.chunks.push(chunk);
        }
        Next::Skip
    }
}

impl Parallel<'_> {
    fn independent(&self, state: &State, number: usize, stmt: &Stmt, asked: bool) -> Result<Vec<Reduction>, Conflict> {
        let number = self.first + number;
        let none = || Conflict { first: (Span::default(), "the loop is not known".into()), second: None };
        let (shares, live) = (self.shares.get(number).ok_or_else(none)?, self.live.get(number).ok_or_else(none)?);
        let live_arrays = self.live_arrays.get(number).ok_or_else(none)?;
        // Who asks for a parallel loop takes its order of sums.
        let rules = Rules { checked: self.checked && !asked, reorder_floats: self.options.reorder_floats || asked };
        let decls = Decls::of(&self.source);
        let (kernel, writers) = (&self.source, self.writers);
        Setting { kernel, writers, decls: &decls, state, shares, live, live_arrays, rules }.independent(stmt)
    }

    /// Proves the `par for`s in a parallel loop, which run one iteration after another there.
    fn prove_inner(&mut self, state: &State, number: usize, stmt: &mut Stmt) {
        let decls = Decls::of(&self.source);
        let Some((inside, round)) = in_loop(&decls, state, stmt) else { return };
        let Stmt::For { body, .. } = stmt else { return };
        let (first, may_outline) = (self.first, self.may_outline);
        self.first += number + 1;
        self.may_outline = false;
        walk_body(&decls, body, inside, &[round], Guards::Hold, self);
        (self.first, self.may_outline) = (first, may_outline);
    }

    fn work_of_iteration(&self, stmt: &Stmt) -> u64 {
        let Stmt::For { body, .. } = stmt else { return 0 };
        work(body, self.kernels, 0)
    }
}

/// Is a loop known to have too little work for two chunks?
fn is_small(stmt: &Stmt, work: u64, chunk: u64) -> bool {
    let Stmt::For { lo, hi, step, .. } = stmt else { return true };
    let trips = known_int(lo).zip(known_int(hi)).map(|(lo, hi)| trip_count(lo, hi, *step));
    trips.is_some_and(|trips| trips.saturating_mul(work) < chunk.saturating_mul(2))
}

/// The work of a body, calls `depth` deep followed.
fn work(body: &[Stmt], kernels: &[Kernel], depth: usize) -> u64 {
    body.iter().fold(0u64, |sum, stmt| {
        let own = 1 + visit::exprs(stmt).into_iter().map(|expr| cost(expr) as u64).sum::<u64>();
        let inner = visit::bodies(stmt).into_iter().map(|body| work(body, kernels, depth)).fold(0u64, u64::saturating_add);
        let more = match stmt {
            Stmt::For { lo, hi, step, .. } => {
                let trips = known_int(lo).zip(known_int(hi)).map_or(GUESS, |(lo, hi)| trip_count(lo, hi, *step));
                trips.saturating_mul(inner)
            }
            Stmt::While { .. } => GUESS.saturating_mul(inner),
            Stmt::Call { kernel, .. } | Stmt::ParFor { kernel, .. } => match kernels.get(kernel.0 as usize) {
                Some(kernel) if depth < 3 => work(&kernel.body, kernels, depth + 1),
                _ => GUESS,
            },
            Stmt::Alloc { .. } => 200,
            _ => inner,
        };
        sum.saturating_add(own).saturating_add(more)
    })
}

fn refusal(span: Span, conflict: Conflict) -> Box<Diagnostic> {
    let (first, text) = conflict.first;
    let error = Diagnostic::at(Code::Parallel, span, "this `par for` cannot be proven parallel");
    let error = error.label(first, text);
    let error = conflict.second.into_iter().fold(error, |error, (span, text)| error.label(span, text));
    error.help("let each iteration write elements of its own, at an index that has the loop variable in it; or use `for`")
}
