//! Where arrays are while a plan runs: memory, scratch files, files being saved; and the blocks of them that kernels are given.

use super::host::array_arg;
use super::{Memory, Run, region};
use crate::array::strided::{Axes, row_major};
use crate::array::{Array, Buffer, DType};
use crate::base::{Code, Diagnostic, Outcome, Span};
use crate::io::raw::Scratch;
use crate::kernel::abi::ArrayArg;
use crate::plan::access::{Access, AxisMap, Region};
use crate::plan::halo;
use crate::plan::ir::{Leaf, Sink, Source, Store, StoreId, StoreKind};
use std::sync::Arc;

/// A store while the plan runs.
pub enum Place {
    Memory(Array),
    Spill(Scratch),
    Sink(Sink),
}

impl Place {
    /// The shape of the array; of one that is being saved it is not known here.
    pub fn shape(&self) -> Option<Vec<u64>> {
        match self {
            Place::Memory(array) => Some(array.shape()),
            Place::Spill(scratch) => Some(scratch.shape().to_vec()),
            Place::Sink(_) => None,
        }
    }
}

/// Where the stores of a plan are, as a block sees them: what it made itself comes first.
#[derive(Clone, Copy)]
pub struct Places<'a> {
    pub stores: &'a [Option<Place>],
    pub own: &'a [Made],
}

/// What a block made of an array, from an index on.
pub struct Made {
    pub store: StoreId,
    pub array: Array,
    pub origin: Vec<i64>,
}

impl Made {
    /// Where indices are so much larger.
    pub fn shifted(&self, by: &[i64]) -> Made {
        let origin = self.origin.iter().zip(by).map(|(origin, by)| origin + by).collect();
        Made { store: self.store, array: self.array.clone(), origin }
    }
}

impl Places<'_> {
    fn made(&self, leaf: &Leaf) -> Option<&Made> {
        self.own.iter().find(|made| leaf.source == Source::Store(made.store))
    }
}

impl<'a> From<&'a [Option<Place>]> for Places<'a> {
    fn from(stores: &'a [Option<Place>]) -> Places<'a> {
        Places { stores, own: &[] }
    }
}

/// Makes room for a store, or finds the array that the session holds. K0701 if there is no room.
pub fn make(run: &Run, store: &Store, memory: &Memory) -> Outcome<Place> {
    let shape = store.ty.shape().unwrap_or_default();
    let room = || run.runtime.take(store.ty.bytes().unwrap_or(u64::MAX) as usize, store.span);
    match &store.kind {
        StoreKind::Memory => Ok(Place::Memory(Array::new(store.ty.clone(), Arc::new(room()?)))),
        StoreKind::Spill => Ok(Place::Spill(Scratch::create(&shape, store.ty.dtype.size()).map_err(|error| error.or_at(store.span))?)),
        StoreKind::Sink(sink) => Ok(Place::Sink(sink.clone())),
        StoreKind::Given(held) => {
            let array = memory.get(held).ok_or_else(missing)?;
            if !store.copied {
                return Ok(Place::Memory(array.clone()));
            }
            let mut buffer = room()?;
            array.copy_to(buffer.bytes_mut());
            Ok(Place::Memory(Array::new(store.ty.clone(), Arc::new(buffer))))
        }
    }
}

pub fn missing() -> Box<Diagnostic> {
    Diagnostic::new(Code::Internal, "a stage found nothing in one of its stores")
}

pub fn place<'a>(id: StoreId, places: impl Into<Places<'a>>) -> Outcome<&'a Place> {
    places.into().stores.get(id.0 as usize).and_then(Option::as_ref).ok_or_else(missing)
}

/// The array in memory that a leaf reads, in the leaf's shape.
pub fn array<'a>(leaf: &Leaf, places: impl Into<Places<'a>>) -> Outcome<Array> {
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

/// The memory that a leaf reads, and the offset in it of the array's first element, which may be before it.
pub fn lent(leaf: &Leaf, places: Places) -> Outcome<(Array, i64)> {
    if let Some(Made { array, origin, .. }) = places.made(leaf) {
        let before: i64 = origin.iter().zip(array.strides()).map(|(origin, stride)| *origin * *stride as i64).sum();
        return Ok((array.clone(), array.offset() as i64 - before));
    }
    let array = array(leaf, places)?;
    let offset = array.offset() as i64;
    Ok((array, offset))
}

/// Offset and strides, along the axes of the domain, of what an access touches from the point `lo` on.
pub fn strides(access: &Access, offset: i64, own: &[isize], lo: &[u64]) -> (i64, Axes<i64>) {
    let mut at = offset;
    let mut strides = Axes::from_elem(0, lo.len());
    for (map, stride) in access.iter().zip(own) {
        let stride = *stride as i64;
        at += map.index(lo) * stride;
        if let Some(axis) = map.axis {
            strides[axis] += map.step * stride;
        }
    }
    (at, strides)
}

/// A block of a leaf as kernels take it, and the memory it is in where that is not the store's.
#[derive(Clone)]
pub struct Block {
    pub arg: ArrayArg,
    _buffer: Option<Arc<Buffer>>,
}

/// Whether a leaf reads an array in memory.
pub fn is_in_memory(leaf: &Leaf, places: Places) -> Outcome<bool> {
    match leaf.source {
        _ if places.made(leaf).is_some() => Ok(true),
        Source::Store(id) => Ok(matches!(place(id, places)?, Place::Memory(_))),
        Source::File(_) => Ok(false),
    }
}

impl Block {
    /// A block in memory that was filled for it.
    pub fn own(dtype: DType, buffer: Arc<Buffer>, sizes: &[u64], strides: Axes<i64>) -> Block {
        let sizes = sizes.iter().map(|size| *size as i64).collect();
        Block { arg: ArrayArg { dtype: dtype.storage(), ptr: buffer.as_mut_ptr(), sizes, strides }, _buffer: Some(buffer) }
    }
}

/// The block `lo..hi` of the domain, of a leaf: a view of memory, or read now.
pub fn block<'a>(run: &Run, leaf: &Leaf, places: impl Into<Places<'a>>, lo: &[u64], hi: &[u64], span: Span) -> Outcome<Block> {
    let mut blocks = blocks(run, std::slice::from_ref(leaf), &[vec![0]], places.into(), (lo, hi), span)?;
    blocks.pop().flatten().ok_or_else(missing)
}

/// The block `lo..hi` of the domain, of each leaf in a group. Those of one share what is read, or put together beyond the ends of their array.
pub fn blocks(
    run: &Run,
    leaves: &[Leaf],
    groups: &[Vec<usize>],
    places: Places,
    (lo, hi): (&[u64], &[u64]),
    span: Span,
) -> Outcome<Vec<Option<Block>>> {
    let mut blocks: Vec<Option<Block>> = vec![None; leaves.len()];
    for group in groups {
        let in_memory = is_in_memory(&leaves[group[0]], places)?;
        let mut apart = Vec::with_capacity(group.len());
        let mut continued = false;
        for at in group {
            let leaf = &leaves[*at];
            let leaves_array = halo::leaves_array(leaf, lo, hi);
            continued |= leaves_array;
            if in_memory && !leaves_array {
                let (array, offset) = lent(leaf, places)?;
                let own = strides(&leaf.access, offset, array.strides(), lo);
                blocks[*at] = Some(viewed(leaf, (lo, hi), array.buffer().as_mut_ptr(), own, None));
            } else {
                apart.push(*at);
            }
        }
        let Some(first) = halo::together(apart.iter().map(|at| &leaves[*at])) else { continue };
        let region = halo::region(apart.iter().map(|at| &leaves[*at]), lo, hi);
        let buffer = if continued {
            super::halo::continued(run, &first, places, &region, span)?
        } else {
            let mut buffer = run.runtime.take(region.elements() as usize * first.dtype.size(), span)?;
            read(run, &first, places, &region, buffer.bytes_mut(), span)?;
            buffer
        };
        let buffer = Arc::new(buffer);
        let own = row_major(&region.count, first.dtype.size());
        for at in apart {
            let leaf = &leaves[at];
            // In the buffer an axis starts at the region's start and steps by one.
            let inner = |(axis, map): (usize, &AxisMap)| {
                let start = (map.index(lo) - region.start[axis]) / region.step[axis] as i64;
                AxisMap { axis: map.axis, start, step: map.step.signum(), via: None, beyond: None }
            };
            let inner: Access = leaf.access.iter().enumerate().map(inner).collect();
            let inner = strides(&inner, 0, &own, &vec![0; lo.len()]);
            blocks[at] = Some(viewed(leaf, (lo, hi), buffer.as_mut_ptr(), inner, Some(buffer.clone())));
        }
    }
    Ok(blocks)
}

/// The block `lo..hi` of a leaf that is at an offset of some memory. A leaf that depends on no index has no axes.
fn viewed(
    leaf: &Leaf,
    (lo, hi): (&[u64], &[u64]),
    ptr: *mut u8,
    (offset, mut strides): (i64, Axes<i64>),
    buffer: Option<Arc<Buffer>>,
) -> Block {
    let invariant = leaf.access.iter().all(|map| map.axis.is_none());
    let mut sizes: Axes<i64> = if invariant { Axes::new() } else { lo.iter().zip(hi).map(|(lo, hi)| (hi - lo) as i64).collect() };
    for map in &leaf.access {
        if let (Some(axis), Some(via)) = (map.axis, map.via) {
            sizes[axis] = via.size as i64;
        }
    }
    strides.truncate(sizes.len());
    Block { arg: ArrayArg { dtype: leaf.dtype.storage(), ptr: ptr.wrapping_offset(offset as isize), sizes, strides }, _buffer: buffer }
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
            from.strides = Axes::from_elem(0, sizes.len());
        }
        region::copy(run, leaf.dtype, from, region::dense(leaf.dtype, &buffer, &sizes), span)?;
    }
    Ok(buffer)
}

/// Reads a region of a file or scratch file.
pub fn read(run: &Run, leaf: &Leaf, places: Places, region: &Region, out: &mut [u8], span: Span) -> Outcome<()> {
    let Region { start, count, step } = region;
    let start: Vec<u64> = start.iter().map(|start| (*start).max(0) as u64).collect();
    match &leaf.source {
        Source::File(variable) => {
            let file = run.runtime.opened(&variable.path).map_or_else(|| run.runtime.file(&variable.path), Ok)?;
            let at = file.variable(&variable.variable)?;
            file.read(at, &start, count, step, out).map_err(|error| error.or_at(span))
        }
        Source::Store(id) => match place(*id, places)? {
            Place::Spill(scratch) => scratch.read(&leaf.shape, &start, count, step, out).map_err(|error| error.or_at(span)),
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
                let one = || (Axes::from_elem(1, 1), Axes::from_elem(0, 1));
                (from.sizes, from.strides) = one();
                (to.sizes, to.strides) = one();
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
        Place::Spill(scratch) => scratch.write(start, count, bytes).map_err(|error| error.or_at(span)),
        Place::Sink(sink) => {
            let writer = run.sinks.get(sink.file).ok_or_else(missing)?;
            let start: Vec<u64> = start.iter().zip(&sink.start).map(|(at, first)| at + first).collect();
            writer.write(sink.variable, &start, count, bytes).map_err(|error| error.or_at(span))
        }
        Place::Memory(_) => Err(missing()),
    }
}
