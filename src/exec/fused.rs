//! Running a fused pass: its blocks in parallel, each one call of the pass's kernel.

use super::combine::{Combine, Near, Parts};
use super::compute::{Compute, Written, part_of};
use super::groups;
use super::host::array_arg;
use super::product::Product;
use super::store::{self, Made, Place, Places};
use super::{Run, region, tasks};
use crate::array::strided::{Axes, row_major};
use crate::array::{Array, ArrayTy, Buffer, DType, Scalar};
use crate::base::{Diagnostic, Outcome, Span};
use crate::builtins::build::ReduceOp;
use crate::kernel::abi::{ArrayArg, Fault};
use crate::kernel::fault::diagnose;
use crate::kernel::ir::FaultKind;
use crate::plan::blocks::grid;
use crate::plan::emit::arrays_of;
use crate::plan::groups::{Grouping, kept};
use crate::plan::ir::{Fused, Output, OutputKind, Stage, Step, StoreId};
use smallvec::SmallVec;
use std::sync::{Arc, Mutex, PoisonError};

/// A pass that runs.
pub(super) struct Pass<'a> {
    pub run: &'a Run<'a>,
    pub fused: &'a Fused,
    pub places: &'a [Option<Place>],
    pub code: Compute<'a>,
    /// The passes before it, and of each the last one that reads it.
    before: Vec<(&'a Step, Compute<'a>, usize)>,
    /// The product that it takes tile by tile.
    product: Option<Product<'a>>,
    pub span: Span,
    /// Blocks along each axis.
    pub grid: Vec<u64>,
    /// The axes of the outputs whose partial results tasks make in order.
    inner: Vec<usize>,
    /// For each output that is a reduction.
    pub combines: Vec<Option<Combine>>,
    /// Whole results that became the store itself: (output, memory).
    adopted: Mutex<Vec<(usize, Buffer)>>,
}

/// Runs a fused stage.
pub fn run(run: &Run, stage: &Stage, fused: &Fused, places: &mut [Option<Place>]) -> Outcome<()> {
    let elements: u64 = fused.domain.iter().fold(1, |all, size| all.saturating_mul(*size));
    if elements == 0 {
        return empty(run, stage, fused, places);
    }
    let code = Compute::new(run, fused, (&*places).into(), elements, stage.span)?;
    let mut before = Vec::with_capacity(fused.before.len());
    for (step, last) in fused.before.iter().zip(fused.last_readers()) {
        before.push((step, Compute::new(run, &step.pass, (&*places).into(), elements, stage.span)?, last));
    }
    let product = fused.product.as_ref().map(|product| Product::new(run, product, places, stage.span)).transpose()?;
    let grid = grid(&fused.domain, &fused.block);
    let combine = |(number, output): (usize, &Output)| match &output.kind {
        OutputKind::Reduce { op, axes } => {
            let count = axes.iter().map(|axis| grid[*axis]).product();
            let kept = kept(&fused.block, axes).iter().product();
            Combine::new(run, number, *op, fused.code[output.value.0 as usize].dtype, count, kept).map(Some)
        }
        OutputKind::ReduceGroups { op, .. } => {
            let Some(grouping) = Grouping::of(fused) else { return Ok(None) };
            let kept = grouping.groups * grouping.kept(&fused.block).iter().product::<u64>();
            Combine::new(run, number, *op, fused.code[output.value.0 as usize].dtype, grouping.lanes, kept).map(Some)
        }
        _ => Ok(None),
    };
    let combines = fused.outputs.iter().enumerate().map(combine).collect::<Outcome<_>>()?;
    // Blocks that reduce into one result follow each other, so that few results wait.
    let inner = fused.outputs.iter().find_map(|output| match &output.kind {
        OutputKind::Reduce { axes, .. } => Some(axes.clone()),
        _ => None,
    });
    let (inner, span) = (inner.unwrap_or_default(), stage.span);
    let pass = Pass { run, fused, places, code, before, product, span, grid, inner, combines, adopted: Mutex::default() };
    match Grouping::of(fused) {
        Some(grouping) => groups::run(&pass, &grouping, stage.parallel)?,
        None => pass.run(stage.parallel)?,
    }
    let adopted = pass.adopted.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (at, buffer) in adopted {
        if let Some(Place::Memory(array)) = &mut places[fused.outputs[at].store.0 as usize] {
            *array = Array::new(array.ty().clone(), Arc::new(buffer));
        }
    }
    Ok(())
}

/// A pass over nothing: reductions give what they start from.
fn empty(run: &Run, stage: &Stage, fused: &Fused, places: &mut [Option<Place>]) -> Outcome<()> {
    for output in &fused.outputs {
        let Some((op, _)) = output.kind.reduction() else { continue };
        let Some(Place::Memory(array)) = &mut places[output.store.0 as usize] else { continue };
        if matches!(op, ReduceOp::Arg { .. }) && array.count() > 0 {
            return Err(nothing(stage.span));
        }
        let dtype = fused.code[output.value.0 as usize].dtype;
        let (_, value) = arrays_of(&output.kind, dtype)[0];
        let buffer = filled(run, array.count(), value, stage.span)?;
        *array = Array::new(array.ty().clone(), Arc::new(buffer));
    }
    Ok(())
}

fn nothing(span: Span) -> Box<Diagnostic> {
    diagnose(&Fault { kind: FaultKind::NoElement, span, values: Vec::new() })
}

/// Memory with `count` times a value.
pub(super) fn filled(run: &Run, count: u64, value: Scalar, span: Span) -> Outcome<Buffer> {
    let mut buffer = run.runtime.take(count as usize * value.dtype.size(), span)?;
    fill(&mut buffer, value);
    Ok(buffer)
}

fn fill(buffer: &mut Buffer, value: Scalar) {
    let size = value.dtype.size();
    let mut element = [0u8; 16];
    value.write(&mut element);
    let bytes = buffer.bytes_mut();
    match element[..size].iter().all(|byte| *byte == 0) {
        true => bytes.fill(0),
        false => bytes.chunks_exact_mut(size).for_each(|place| place.copy_from_slice(&element[..size])),
    }
}

fn sizes_of((lo, hi): (&[u64], &[u64])) -> Axes<u64> {
    let mut sizes = Axes::from_slice(hi);
    sizes.iter_mut().zip(lo).for_each(|(size, lo)| *size -= lo);
    sizes
}

/// Row-major position in the grid along the axes that `of` picks.
pub(super) fn position(grid: &[u64], at: &[u64], of: impl Fn(usize) -> bool) -> u64 {
    (0..grid.len()).filter(|axis| of(*axis)).fold(0, |position, axis| position * grid[axis] + at[axis])
}

/// Memory that one call of the kernel writes, and what becomes of it.
enum Target {
    /// The store itself.
    Done,
    /// A block to be written to a file or scratch file.
    Write(Buffer),
    /// A partial result.
    Partial(Parts),
}

impl Pass<'_> {
    fn run(&self, parallel: usize) -> Outcome<()> {
        let scan = self.fused.outputs.iter().find_map(|output| match output.kind {
            OutputKind::Scan { axis, .. } => Some(axis),
            _ => None,
        });
        let axes: Vec<usize> = (0..self.grid.len()).filter(|axis| Some(*axis) != scan).collect();
        let (inner, mut order): (Vec<usize>, Vec<usize>) = axes.iter().partition(|axis| self.inner.contains(axis));
        let turns: u64 = inner.iter().map(|axis| self.grid[*axis]).product();
        order.extend(inner);
        let count = order.iter().map(|axis| self.grid[*axis]).product();
        let run = tasks::neighbours(parallel, count);
        tasks::run_with(self.run.runtime, parallel, count, &Near::default, &|near, task| {
            if scan.is_none() {
                let (turn, first) = (task % turns, task - task % run);
                near.turns = turn.saturating_sub(task - first)..(turn + first + run - task).min(turns);
            }
            let mut at: Axes<u64> = Axes::from_elem(0, self.grid.len());
            let mut rest = task;
            for axis in order.iter().rev() {
                at[*axis] = rest % self.grid[*axis];
                rest /= self.grid[*axis];
            }
            let mut carries = Vec::new();
            for step in 0..scan.map_or(1, |axis| self.grid[axis]) {
                if let Some(axis) = scan {
                    at[axis] = step;
                }
                self.block(&at, near, &mut carries)?;
                self.run.advance();
            }
            Ok(())
        })
    }

    /// One block: reads, computes, and passes on what came out.
    fn block(&self, at: &[u64], near: &mut Near, carries: &mut Vec<Buffer>) -> Outcome<()> {
        let outputs = &self.fused.outputs;
        let (lo, hi) = self.extent(at);
        let sizes = sizes_of((&lo, &hi));
        let mut written = Written::new();
        let mut targets: SmallVec<[Target; 1]> = SmallVec::new();
        for (number, output) in outputs.iter().enumerate() {
            targets.push(self.target(number, output, (&lo, &sizes), near, carries, &mut written)?);
        }
        let own = match &self.product {
            Some(product) => vec![product.made(&lo, &hi)?],
            None => self.steps((&lo, &hi))?,
        };
        self.code.compute(Places { stores: self.places, own: &own }, &lo, &hi, written)?;
        drop(own);
        for ((number, output), target) in outputs.iter().enumerate().zip(targets) {
            match target {
                Target::Done => {}
                Target::Write(buffer) => {
                    let place = store::place(output.store, self.places)?;
                    let (start, count) = self.in_store(output, &lo, &sizes, place);
                    store::write(self.run, place, &start, &count, buffer.bytes(), self.span)?;
                }
                Target::Partial(parts) => self.partial(number, output, at, (&lo, &sizes), near, parts)?,
            }
        }
        Ok(())
    }

    /// The points of a block: first and end along each axis.
    pub fn extent(&self, at: &[u64]) -> (Axes<u64>, Axes<u64>) {
        let Fused { domain, block, .. } = self.fused;
        let (mut lo, mut hi) = (Axes::from_slice(at), Axes::from_slice(domain));
        for ((lo, hi), block) in lo.iter_mut().zip(&mut hi).zip(block) {
            *lo *= block;
            *hi = (*lo + block).min(*hi);
        }
        (lo, hi)
    }

    /// Takes the passes before for a block `lo..hi`: what the last one reads of them.
    fn steps(&self, block: (&[u64], &[u64])) -> Outcome<Vec<Made>> {
        let scratch = self.fused.scratch() as usize;
        let mut made: Vec<Made> = Vec::new();
        for (at, (step, code, _)) in self.before.iter().enumerate() {
            let (lo, hi) = step.area(block.0, block.1);
            let sizes: Vec<u64> = lo.iter().zip(&hi).map(|(lo, hi)| (hi - lo) as u64).collect();
            let (mut written, mut places) = (Vec::new(), Vec::new());
            for output in &step.pass.outputs {
                let dtype = step.pass.code[output.value.0 as usize].dtype;
                let buffer = self.run.runtime.take(scratch, self.span)?;
                written.push(spread(dtype, &buffer, &sizes, &[]));
                let array = Array::new(ArrayTy::unnamed(dtype, &sizes), Arc::new(buffer));
                places.push(Made { store: output.store, array, origin: lo.clone() });
            }
            for part in step.parts(&lo, &hi) {
                let inside = |at: &[i64]| -> Vec<u64> { at.iter().zip(&part.shift).map(|(at, shift)| (at + shift) as u64).collect() };
                let (from, to) = (inside(&part.lo), inside(&part.hi));
                let (by, sizes) = (apart(&lo, &part.lo), sizes_of((&from, &to)));
                let written = written.iter().map(|array| part_of(array, &by, &sizes)).collect();
                let own: Vec<Made> = made.iter().map(|made| made.shifted(&part.shift)).collect();
                code.compute(Places { stores: self.places, own: &own }, &from, &to, written)?;
            }
            for ((output, kept), array) in step.pass.outputs.iter().zip(&step.kept).zip(&written) {
                if *kept {
                    let start: Vec<i64> = block.0.iter().map(|lo| *lo as i64).collect();
                    self.keep(output, part_of(array, &apart(&lo, &start), &sizes_of(block)), block.0)?;
                }
            }
            made.extend(places);
            // Memory that no later pass reads goes to the next.
            let done = |store: StoreId| {
                let maker = self.before.iter().find(|(step, ..)| step.pass.outputs.iter().any(|output| output.store == store));
                maker.is_some_and(|(.., last)| *last <= at)
            };
            made.retain(|made| !done(made.store));
        }
        Ok(made)
    }

    /// The elements of a block go to the store of an output of a pass before.
    fn keep(&self, output: &Output, from: ArrayArg, start: &[u64]) -> Outcome<()> {
        let sizes: Vec<u64> = from.sizes.iter().map(|size| *size as u64).collect();
        match store::place(output.store, self.places)? {
            Place::Memory(array) => region::copy(self.run, array.dtype(), from, block_of(array, start, &sizes), self.span),
            other => {
                let dtype = from.dtype;
                let buffer = self.run.runtime.take(sizes.iter().product::<u64>() as usize * dtype.size(), self.span)?;
                region::copy(self.run, dtype, from, spread(dtype, &buffer, &sizes, &[]), self.span)?;
                store::write(self.run, other, start, &sizes, buffer.bytes(), self.span)
            }
        }
    }

    /// Start and size of a block in the axes of the output's store.
    fn in_store(&self, output: &Output, lo: &[u64], sizes: &[u64], place: &Place) -> (Axes<u64>, Axes<u64>) {
        let start: Axes<u64> = match &output.kind {
            OutputKind::Map { offset } => lo.iter().zip(offset).map(|(lo, offset)| lo + offset).collect(),
            _ => lo.into(),
        };
        let scalar = match place {
            Place::Memory(array) => array.ty().rank() == 0,
            Place::Spill(scratch) => scratch.shape().is_empty(),
            Place::Sink(sink) => sink.chunks.is_empty(),
        };
        if scalar { (Axes::new(), Axes::new()) } else { (start, sizes.into()) }
    }

    /// The arrays that an output has in the kernel, added to the arguments.
    fn target(
        &self,
        number: usize,
        output: &Output,
        (lo, sizes): (&[u64], &[u64]),
        near: &mut Near,
        carries: &mut Vec<Buffer>,
        written: &mut Written,
    ) -> Outcome<Target> {
        let dtype = self.fused.code[output.value.0 as usize].dtype;
        let arrays = arrays_of(&output.kind, dtype);
        if let OutputKind::Reduce { axes, .. } = &output.kind {
            let kept = kept(sizes, axes);
            let mut parts = Parts::new();
            for (dtype, initial) in &arrays {
                let bytes = kept.iter().product::<u64>() as usize * initial.dtype.size();
                let mut buffer = near.take(self.run, bytes, self.span)?;
                fill(&mut buffer, *initial);
                written.push(spread(*dtype, &buffer, sizes, axes));
                parts.push(buffer);
            }
            return Ok(Target::Partial(parts));
        }
        let place = store::place(output.store, self.places)?;
        let target = match place {
            Place::Memory(array) => {
                let (start, _) = self.in_store(output, lo, sizes, place);
                written.push(block_of(array, &start, sizes));
                Target::Done
            }
            _ => {
                let buffer = self.run.runtime.take(sizes.iter().product::<u64>() as usize * dtype.size(), self.span)?;
                written.push(spread(dtype, &buffer, sizes, &[]));
                Target::Write(buffer)
            }
        };
        if let OutputKind::Scan { axis, .. } = &output.kind {
            if carries.is_empty() {
                let kept = kept(sizes, &[*axis]);
                carries.push(filled(self.run, kept.iter().product(), arrays[1].1, self.span)?);
            }
            written.push(spread(dtype, &carries[0], sizes, &[*axis]));
        }
        debug_assert!(number < self.combines.len());
        Ok(target)
    }

    /// Joins a partial result; the last one of a result goes to the store.
    fn partial(
        &self,
        number: usize,
        output: &Output,
        at: &[u64],
        (lo, sizes): (&[u64], &[u64]),
        near: &mut Near,
        parts: Parts,
    ) -> Outcome<()> {
        let (OutputKind::Reduce { axes, .. }, Some(combine)) = (&output.kind, &self.combines[number]) else { return Ok(()) };
        let result = position(&self.grid, at, |axis| !axes.contains(&axis));
        let turn = position(&self.grid, at, |axis| axes.contains(&axis));
        let elements = kept(sizes, axes).iter().product();
        let mut other = Near::default();
        let near = if *axes == self.inner { near } else { &mut other };
        let Some(parts) = combine.add(self.run, near, (result, turn), parts, elements, self.span)? else { return Ok(()) };
        let axis_kept = |axis: &usize| !axes.contains(axis);
        let start: Axes<u64> = (0..lo.len()).filter(axis_kept).map(|axis| lo[axis]).collect();
        let count: Axes<u64> = (0..lo.len()).filter(axis_kept).map(|axis| sizes[axis]).collect();
        self.finish(number, output, &start, &count, parts)
    }

    /// Puts a whole result into its store; `start` and `count` are in the store's axes.
    pub fn finish(&self, number: usize, output: &Output, start: &[u64], count: &[u64], mut parts: Parts) -> Outcome<()> {
        let part = match output.kind.reduction() {
            Some((ReduceOp::Arg { .. }, _)) => 1,
            Some((ReduceOp::Deviations { .. }, _)) => 2,
            _ => 0,
        };
        let elements: u64 = count.iter().product();
        let whole = parts.swap_remove(part);
        if part == 1 && whole.bytes().chunks_exact(8).any(|position| position[7] & 0x80 != 0) {
            return Err(nothing(self.span));
        }
        let place = store::place(output.store, self.places)?;
        match place {
            Place::Memory(array) if array.count() == elements => {
                self.adopted.lock().unwrap_or_else(PoisonError::into_inner).push((number, whole));
                Ok(())
            }
            Place::Memory(array) => {
                let from = spread(array.dtype(), &whole, count, &[]);
                region::copy(self.run, array.dtype(), from, block_of(array, start, count), self.span)
            }
            // A scalar domain has an axis that its store has not.
            other => store::write(self.run, other, start, count, whole.bytes(), self.span),
        }
    }
}

/// A dense buffer of a block as an argument; its reduced axes have size 1 in it and stride 0.
pub(super) fn spread(dtype: DType, buffer: &Buffer, sizes: &[u64], reduced: &[usize]) -> ArrayArg {
    let mut strides = row_major(&kept(sizes, reduced), dtype.size());
    reduced.iter().for_each(|axis| strides[*axis] = 0);
    ArrayArg {
        dtype: dtype.storage(),
        ptr: buffer.as_mut_ptr(),
        sizes: sizes.iter().map(|size| *size as i64).collect(),
        strides: strides.into_iter().map(|stride| stride as i64).collect(),
    }
}

/// From one point to another.
fn apart(from: &[i64], to: &[i64]) -> Vec<i64> {
    from.iter().zip(to).map(|(from, to)| to - from).collect()
}

/// The block of an array in memory from `start` on; a scalar has the one axis of its domain.
fn block_of(array: &Array, start: &[u64], sizes: &[u64]) -> ArrayArg {
    let mut arg = array_arg(array);
    let offset: i64 = start.iter().zip(&arg.strides).map(|(start, stride)| *start as i64 * stride).sum();
    arg.ptr = arg.ptr.wrapping_offset(offset as isize);
    arg.sizes = sizes.iter().map(|size| *size as i64).collect();
    arg.strides.resize(sizes.len(), array.dtype().size() as i64);
    arg
}
