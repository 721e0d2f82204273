//! Where arrays are while a plan runs: memory, scratch files, files being saved; and the blocks of them that kernels are given.

use super::host::array_arg;
use super::{Memory, Run, region};
use crate::array::strided::row_major;
use crate::array::{Array, Buffer, DType};
use crate::base::{Code, Diagnostic, Outcome, Span};
use crate::io::raw::Scratch;
use crate::kernel::abi::ArrayArg;
use crate::plan::access::{Access, Region};
use crate::plan::ir::{Leaf, Plan, Sink, Source, Store, StoreId, StoreKind, View};
use std::sync::Arc;

/// A store while the plan runs.
pub enum Place {
    Memory(Array),
    Spill(Scratch),
    Sink(Sink),
}

/// The place of an array that the session holds. A view (`x.T`, `x[.. by -1]`) that the plan reads in another shape is copied: only
/// row-major elements have another shape without moving. K0701 if there is no room for the copy.
pub fn given(run: &Run, plan: &Plan, id: StoreId, store: &Store, memory: &Memory) -> Outcome<Option<Place>> {
    let StoreKind::Given(held) = &store.kind else { return Ok(None) };
    let Some(array) = memory.get(held) else { return Ok(None) };
    if array.is_contiguous() || !is_reshaped(plan, id, &array.shape()) {
        return Ok(Some(Place::Memory(array.clone())));
    }
    let mut buffer = run.runtime.take(store.ty.bytes().unwrap_or(u64::MAX) as usize, store.span)?;
    array.copy_to(buffer.bytes_mut());
    Ok(Some(Place::Memory(Array::new(store.ty.clone(), Arc::new(buffer)))))
}

/// Whether a step or a result of the plan reads a store in another shape than it has.
fn is_reshaped(plan: &Plan, id: StoreId, shape: &[u64]) -> bool {
    fn of_result(view: &View) -> Option<&Leaf> {
        if let View::Store { leaf, .. } = view { Some(leaf) } else { None }
    }
    let mut leaves = plan.stages.iter().flat_map(|stage| stage.work.leaves()).chain(plan.results.iter().flatten().filter_map(of_result));
    leaves.any(|leaf| leaf.source == Source::Store(id) && leaf.shape != shape)
}

/// Makes room for a store.
pub fn make(run: &Run, store: &Store) -> Outcome<Place> {
    let shape = store.ty.shape().unwrap_or_default();
    match &store.kind {
        StoreKind::Memory => {
            let buffer = run.runtime.take(store.ty.bytes().unwrap_or(u64::MAX) as usize, store.span)?;
            Ok(Place::Memory(Array::new(store.ty.clone(), Arc::new(buffer))))
        }
        StoreKind::Spill => Ok(Place::Spill(Scratch::create(&shape, store.ty.dtype.size())?)),
        StoreKind::Sink(sink) => Ok(Place::Sink(sink.clone())),
        StoreKind::Given(_) => Err(missing()),
    }
}

fn missing() -> Box<Diagnostic> {
    Diagnostic::new(Code::Internal, "a stage found nothing in one of its stores")
}

pub fn place(id: StoreId, places: &[Option<Place>]) -> Outcome<&Place> {
    places.get(id.0 as usize).and_then(Option::as_ref).ok_or_else(missing)
}

/// The array in memory that a leaf reads, in the leaf's shape.
pub fn array(leaf: &Leaf, places: &[Option<Place>]) -> Outcome<Array> {
    let Source::Store(id) = leaf.source else { return Err(missing()) };
    match place(id, places)? {
        Place::Memory(array) if array.shape() == leaf.shape => Ok(array.clone()),
        // Another shape of the same elements: stores of the plan are row-major, and so is by now what the session gave.
        Place::Memory(array) => {
            let ty = crate::array::ArrayTy::unnamed(leaf.dtype, &leaf.shape);
            Ok(array.view(ty, array.offset(), row_major(&leaf.shape, leaf.dtype.size())))
        }
        _ => Err(missing()),
    }
}

/// Offset and strides, along the axes of the domain, of what an access touches from the point `lo` on.
pub fn strides(access: &Access, offset: i64, own: &[isize], lo: &[u64]) -> (i64, Vec<i64>) {
    let mut at = offset;
    let mut strides = vec![0i64; lo.len()];
    for (map, stride) in access.iter().zip(own) {
        let stride = *stride as i64;
        at += map.index(lo) * stride;
        if let Some(axis) = map.axis {
            strides[axis] += map.step * stride;
        }
    }
    (at, strides)
}

/// A block of a leaf as kernels take it, and the memory it is in where that is its own.
pub struct Block {
    pub arg: ArrayArg,
    _buffer: Option<Buffer>,
}

impl Block {
    /// A block in memory of its own.
    pub fn own(dtype: DType, buffer: Buffer, sizes: &[u64], strides: Vec<i64>) -> Block {
        let view = Block::view(dtype, &buffer, sizes, strides);
        Block { _buffer: Some(buffer), ..view }
    }
    /// A block in memory that outlives it.
    pub fn view(dtype: DType, buffer: &Buffer, sizes: &[u64], strides: Vec<i64>) -> Block {
        let sizes = sizes.iter().map(|size| *size as i64).collect();
        Block { arg: ArrayArg { dtype: dtype.storage(), ptr: buffer.as_mut_ptr(), sizes, strides }, _buffer: None }
    }
}

/// The block `lo..hi` of the domain, of a leaf: a view of memory, or read now.
pub fn block(run: &Run, leaf: &Leaf, places: &[Option<Place>], lo: &[u64], hi: &[u64], span: Span) -> Outcome<Block> {
    let invariant = leaf.access.iter().all(|map| map.axis.is_none());
    let mut sizes: Vec<i64> = if invariant { Vec::new() } else { lo.iter().zip(hi).map(|(lo, hi)| (hi - lo) as i64).collect() };
    for map in &leaf.access {
        if let (Some(axis), Some(via)) = (map.axis, map.via) {
            sizes[axis] = via.size as i64;
        }
    }
    let dtype = leaf.dtype.storage();
    let finish = |ptr: *mut u8, offset: i64, mut strides: Vec<i64>, buffer: Option<Buffer>| {
        strides.truncate(sizes.len());
        Block { arg: ArrayArg { dtype, ptr: ptr.wrapping_offset(offset as isize), sizes: sizes.clone(), strides }, _buffer: buffer }
    };
    if let Source::Store(id) = leaf.source
        && let Place::Memory(_) = place(id, places)?
    {
        let array = array(leaf, places)?;
        let (offset, strides) = strides(&leaf.access, array.offset() as i64, array.strides(), lo);
        return Ok(finish(array.buffer().as_mut_ptr(), offset, strides, None));
    }
    let region = Region::of(&leaf.access, lo, hi);
    let item = leaf.dtype.size();
    let mut buffer = run.runtime.take(region.elements() as usize * item, span)?;
    read(run, leaf, places, &region, buffer.bytes_mut(), span)?;
    // In the buffer an axis starts at the region's start and steps by one.
    let own = row_major(&region.count, item);
    let inner: Access = leaf
        .access
        .clone()
        .into_iter()
        .enumerate()
        .map(|(axis, mut map)| {
            map.start = if map.step < 0 { region.count[axis] as i64 - 1 } else { 0 };
            map.step = map.step.signum();
            map
        })
        .collect();
    let (offset, strides) = strides(&inner, 0, &own, &vec![0; lo.len()]);
    let ptr = buffer.as_mut_ptr();
    Ok(finish(ptr, offset, strides, Some(buffer)))
}

/// The block `lo..hi` of the domain, of a leaf: a dense copy. It may be empty.
pub fn dense(run: &Run, leaf: &Leaf, places: &[Option<Place>], lo: &[u64], hi: &[u64], span: Span) -> Outcome<Buffer> {
    let sizes: Vec<u64> = lo.iter().zip(hi).map(|(lo, hi)| hi - lo).collect();
    let buffer = run.runtime.take(sizes.iter().product::<u64>() as usize * leaf.dtype.size(), span)?;
    if !sizes.contains(&0) {
        let part = block(run, leaf, places, lo, hi, span)?;
        let mut from = part.arg.clone();
        if from.sizes.len() < sizes.len() {
            // One element, however often it is repeated, has no axes.
            from.sizes = sizes.iter().map(|size| *size as i64).collect();
            from.strides = vec![0; sizes.len()];
        }
        region::copy(run, leaf.dtype, from, region::dense(leaf.dtype, &buffer, &sizes), span)?;
    }
    Ok(buffer)
}

/// Reads a region of a file or scratch file.
pub fn read(run: &Run, leaf: &Leaf, places: &[Option<Place>], region: &Region, out: &mut [u8], span: Span) -> Outcome<()> {
    let Region { start, count, step } = region;
    match &leaf.source {
        Source::File(variable) => {
            let file = run.runtime.opened(&variable.path).map_or_else(|| run.runtime.file(&variable.path), Ok)?;
            let at = file.variable(&variable.variable)?;
            file.read(at, start, count, step, out).map_err(|error| error.or_at(span))
        }
        Source::Store(id) => match place(*id, places)? {
            Place::Spill(scratch) => scratch.read(&leaf.shape, start, count, step, out),
            _ => Err(missing()),
        },
    }
}

/// Puts a dense block, the first elements of a buffer, where an array is kept. It may be empty.
pub fn put(run: &Run, place: &Place, dtype: DType, start: &[u64], count: &[u64], buffer: &Buffer, span: Span) -> Outcome<()> {
    match place {
        _ if count.contains(&0) => Ok(()),
        Place::Memory(array) => {
            let mut to = array_arg(array);
            let offset: i64 = start.iter().zip(&to.strides).map(|(start, stride)| *start as i64 * stride).sum();
            to.ptr = to.ptr.wrapping_offset(offset as isize);
            to.sizes = count.iter().map(|size| *size as i64).collect();
            let mut from = region::dense(dtype, buffer, count);
            if count.is_empty() {
                // A copy has an axis.
                (from.sizes, from.strides) = (vec![1], vec![0]);
                (to.sizes, to.strides) = (vec![1], vec![0]);
            }
            region::copy(run, dtype, from, to, span)
        }
        _ => {
            let bytes = count.iter().product::<u64>() as usize * dtype.size();
            write(run, place, start, count, &buffer.bytes()[..bytes], span)
        }
    }
}

/// Writes a dense block to a scratch file or a file being saved; `start` and `count` are in the store's axes.
pub fn write(run: &Run, place: &Place, start: &[u64], count: &[u64], bytes: &[u8], span: Span) -> Outcome<()> {
    match place {
        Place::Spill(scratch) => scratch.write(start, count, bytes),
        Place::Sink(sink) => {
            let writer = run.sinks.get(sink.file).ok_or_else(missing)?;
            writer.write(sink.variable, start, count, bytes).map_err(|error| error.or_at(span))
        }
        Place::Memory(_) => Err(missing()),
    }
}
