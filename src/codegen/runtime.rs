//! What compiled code meets while it runs: its context, memory of local arrays, parallel loops and how a failure comes out.
//! One of the two files of this module with `unsafe`: calls into compiled code, and the calls that compiled code makes back.

use crate::array::{Array, ArrayTy, Buffer, DType, Scalar};
use crate::base::Span;
use crate::kernel::abi::{Arg, Fault, Host, Ret};
use crate::kernel::chunks;
use crate::kernel::ir::{FaultKind, Kernel, Param, ResultTy};
use crate::ops::{ScalarOp, eval};
use smallvec::SmallVec;
use std::any::Any;
use std::cell::Cell;
use std::mem::offset_of;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most values a fault carries out; further ones are dropped.
pub const MAX_VALUES: usize = 16;

/// Status of a run that failed in a callback: the fault, or a panic to go on with, is in the context. Any other status but 0 is the number
/// of a `Site`, from 1.
const FAILED: i32 = -1;

/// An entry trampoline: context, depth of calls, arguments and results; gives the status. Arguments and results are 64-bit slots: a
/// scalar takes one, a complex number two; an array argument pointer, sizes, strides; an array result has its handle before them.
pub type Entry = unsafe extern "C" fn(*mut u8, u64, *const u64, *mut u64) -> i32;

/// A place in compiled code that may fail.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    pub kind: FaultKind,
    pub span: Span,
    /// How many of the context's values it sets.
    pub values: usize,
}

/// What a `ParFor` statement needs at run time.
#[derive(Clone, Debug)]
pub struct ParSite {
    /// Index of the kernel that runs a chunk.
    pub kernel: usize,
    pub grain: u64,
    pub span: Span,
    /// Slots of the flattened arguments, the chunk's bounds included.
    pub args: usize,
    /// By result of a chunk: how partial results are joined, and the dtype.
    pub reductions: Vec<(ScalarOp, DType)>,
}

impl ParSite {
    /// Slots of the flattened results of a chunk.
    pub fn results(&self) -> usize {
        self.reductions.iter().map(|(_, dtype)| scalar_slots(*dtype)).sum()
    }
}

/// The tables that go with machine code.
#[derive(Default)]
pub struct Tables {
    pub sites: Vec<Site>,
    pub pars: Vec<ParSite>,
    /// By kernel; set for the first kernel and those that run chunks.
    pub entries: Vec<Option<Entry>>,
    /// Is every integer overflow a fault?
    pub checked: bool,
}

/// Memory of a local array. Compiled code counts references to it, reads where the memory is, and otherwise passes its address round.
#[repr(C)]
pub struct Block {
    count: i64,
    ptr: *mut u8,
    /// Where it stands in `Ctx::blocks`.
    place: usize,
    buffer: Buffer,
}

/// What one call of compiled code works with. Compiled code holds its address and knows the offsets below.
#[repr(C)]
pub struct Ctx<'a> {
    /// Not 0 when the run is to stop.
    cancel: *const u8,
    /// Below this the stack pointer must not come.
    stack_limit: usize,
    values: [i64; MAX_VALUES],
    /// The count that all borrowed arrays share; a handle of a borrowed array is its address. It never comes near 0.
    borrowed: i64,
    host: &'a dyn Host,
    tables: &'a Tables,
    /// Every block, used or free; freed at the end.
    blocks: Vec<*mut Block>,
    /// Free small blocks, by size class.
    free: [Vec<*mut Block>; CLASSES],
    fault: Option<Fault>,
    panic: Option<Box<dyn Any + Send>>,
}

/// Offsets that compiled code uses.
pub mod offset {
    use super::{Block, Ctx, offset_of};
    pub const CANCEL: i32 = offset_of!(Ctx, cancel) as i32;
    pub const STACK_LIMIT: i32 = offset_of!(Ctx, stack_limit) as i32;
    pub const VALUES: i32 = offset_of!(Ctx, values) as i32;
    pub const BORROWED: i32 = offset_of!(Ctx, borrowed) as i32;
    pub const BLOCK_COUNT: i32 = offset_of!(Block, count) as i32;
    pub const BLOCK_PTR: i32 = offset_of!(Block, ptr) as i32;
}

/// Blocks of up to `SMALL << (CLASSES - 1)` bytes are kept for reuse within a call.
const SMALL: usize = 64;
const CLASSES: usize = 13;

/// The size class of a small block.
fn class(bytes: usize) -> Option<usize> {
    let class = bytes.div_ceil(SMALL).max(1).next_power_of_two().trailing_zeros() as usize;
    (class < CLASSES).then_some(class)
}

impl<'a> Ctx<'a> {
    fn new(host: &'a dyn Host, tables: &'a Tables) -> Ctx<'a> {
        Ctx {
            cancel: host.cancel().as_ptr(),
            stack_limit: stack_limit(),
            values: [0; MAX_VALUES],
            borrowed: 1 << 62,
            host,
            tables,
            blocks: Vec::new(),
            free: Default::default(),
            fault: None,
            panic: None,
        }
    }

    /// Zeroed memory with a count of one.
    fn alloc(&mut self, bytes: usize, clear: bool) -> Option<*mut Block> {
        let class = class(bytes);
        if let Some(block) = class.and_then(|class| self.free[class].pop()) {
            // SAFETY: the block is in `blocks`, free, and its buffer holds at least the bytes of its class.
            unsafe {
                (*block).count = 1;
                if clear {
                    std::ptr::write_bytes((*block).ptr, 0, bytes);
                }
            }
            return Some(block);
        }
        let size = class.map_or(bytes, |class| SMALL << class);
        let buffer = self.host.alloc(size, clear).or_else(|| {
            self.drop_free();
            self.host.alloc(size, clear)
        })?;
        let block = Box::into_raw(Box::new(Block { count: 1, ptr: buffer.as_mut_ptr(), place: self.blocks.len(), buffer }));
        self.blocks.push(block);
        Some(block)
    }

    /// Takes back a block whose count is 0.
    fn release(&mut self, block: *mut Block) {
        // SAFETY: compiled code passes blocks that `alloc` made and that nothing refers to any more.
        match class(unsafe { (*block).buffer.len() }) {
            Some(class) => self.free[class].push(block),
            None => drop(self.take(block)),
        }
    }

    /// Gives the free blocks back to the host.
    fn drop_free(&mut self) {
        for class in 0..CLASSES {
            for block in std::mem::take(&mut self.free[class]) {
                drop(self.take(block));
            }
        }
    }

    /// Removes a block from the context.
    fn take(&mut self, block: *mut Block) -> Buffer {
        // SAFETY: the block stands in `blocks` at its place, so it is alive and only freed here; its successor there is alive too.
        let block = unsafe { Box::from_raw(block) };
        self.blocks.swap_remove(block.place);
        if let Some(moved) = self.blocks.get(block.place) {
            // SAFETY: as above.
            unsafe { (**moved).place = block.place };
        }
        block.buffer
    }

    /// Runs a kernel's trampoline. `args` and `rets` have the slots of its signature.
    fn run(&mut self, kernel: usize, depth: u64, args: &[u64], rets: &mut [u64]) -> Result<(), Fault> {
        let Some(Some(entry)) = self.tables.entries.get(kernel).copied() else {
            return Err(Fault { kind: FaultKind::Value, span: Span::default(), values: Vec::new() });
        };
        // SAFETY: the trampoline was compiled for this kernel, whose signature the callers follow, and its code lives as long as `tables`.
        let status = unsafe { entry((&raw mut *self).cast::<u8>(), depth, args.as_ptr(), rets.as_mut_ptr()) };
        if status == 0 {
            return Ok(());
        }
        if let Some(panic) = self.panic.take() {
            resume_unwind(panic);
        }
        Err(match self.tables.sites.get((status - 1) as usize) {
            Some(site) if status != FAILED => {
                Fault { kind: site.kind, span: site.span, values: self.values[..site.values.min(MAX_VALUES)].to_vec() }
            }
            _ => self.fault.take().unwrap_or(Fault { kind: FaultKind::Value, span: Span::default(), values: Vec::new() }),
        })
    }

    /// Runs the chunks of a parallel loop and joins their results into `out`.
    fn parallel(&self, par: &ParSite, (lo, hi): (i64, i64), depth: u64, args: &[u64], out: &mut [u64]) -> Result<(), Fault> {
        let count = chunks::chunk_count(chunks::trip_count(lo, hi, 1), par.grain);
        let words = out.len();
        let partials: Vec<AtomicU64> = (0..count * words).map(|_| AtomicU64::new(0)).collect();
        self.host.parallel(count, &|chunk| {
            let mut ctx = Ctx::new(self.host, self.tables);
            let (start, end) = chunks::chunk_bounds(lo, hi, par.grain, chunk);
            let mut args: SmallVec<[u64; 32]> = SmallVec::from_slice(args);
            args[..2].copy_from_slice(&[start as u64, end as u64]);
            let mut rets: SmallVec<[u64; 8]> = SmallVec::from_elem(0, words);
            ctx.run(par.kernel, depth, &args, &mut rets)?;
            for (partial, value) in partials[chunk * words..].iter().zip(rets) {
                partial.store(value, Ordering::Relaxed);
            }
            Ok(())
        })?;
        let mut at = 0;
        for (op, dtype) in &par.reductions {
            let width = scalar_slots(*dtype);
            let mut parts: Vec<Scalar> = partials
                .chunks(words)
                .map(|words| {
                    let word = |i: usize| words[at + i].load(Ordering::Relaxed);
                    scalar_from_slots(*dtype, [word(0), if width > 1 { word(1) } else { 0 }])
                })
                .collect();
            let mut fault = None;
            chunks::fold_tree(&mut parts, |a, b| {
                eval::operate(*op, *dtype, &[a, b], self.tables.checked).unwrap_or_else(|kind| {
                    fault = Some(Fault { kind, span: par.span, values: Vec::new() });
                    a
                })
            });
            if let Some(fault) = fault {
                return Err(fault);
            }
            if let Some(joined) = parts.first() {
                let slots = scalar_to_slots(*joined);
                out[at..at + width].copy_from_slice(&slots[..width]);
            }
            at += width;
        }
        Ok(())
    }
}

impl Drop for Ctx<'_> {
    fn drop(&mut self) {
        while let Some(block) = self.blocks.last() {
            drop(self.take(*block));
        }
    }
}

/// How many 64-bit slots a scalar of a dtype takes.
pub fn scalar_slots(dtype: DType) -> usize {
    if dtype.is_complex() { 2 } else { 1 }
}

/// A scalar as compiled code holds it: integers extended to 32 bits at least, a complex number as two parts.
fn scalar_to_slots(value: Scalar) -> [u64; 2] {
    match value.dtype {
        DType::C64 => [value.bits as u32 as u64, (value.bits >> 32) as u64],
        DType::C128 => [value.bits as u64, (value.bits >> 64) as u64],
        _ => [value.as_int().map_or(value.bits as u64, |int| int as u64), 0],
    }
}

/// The inverse of `scalar_to_slots`; bits of a slot above the value are not looked at.
fn scalar_from_slots(dtype: DType, slots: [u64; 2]) -> Scalar {
    let bits = match dtype {
        DType::C64 => slots[0] as u32 as u128 | (slots[1] as u32 as u128) << 32,
        DType::C128 => slots[0] as u128 | (slots[1] as u128) << 64,
        DType::F32 => slots[0] as u32 as u128,
        DType::F64 => slots[0] as u128,
        _ => return Scalar::int(dtype, slots[0] as i128),
    };
    Scalar { dtype, bits }
}

/// Calls a module's first kernel. Arguments that do not fit its parameters are a fault.
pub fn call(host: &dyn Host, tables: &Tables, kernel: &Kernel, args: &[Arg]) -> Result<Vec<Ret>, Fault> {
    if !accepts(kernel, args) {
        return Err(Fault { kind: FaultKind::Value, span: kernel.span, values: Vec::new() });
    }
    let mut slots: SmallVec<[u64; 32]> = SmallVec::new();
    for arg in args {
        match arg {
            Arg::Scalar(value) => slots.extend_from_slice(&scalar_to_slots(*value)[..scalar_slots(value.dtype)]),
            Arg::Array(array) => {
                slots.push(array.ptr as u64);
                slots.extend(array.sizes.iter().chain(&array.strides).map(|value| *value as u64));
            }
        }
    }
    let width = kernel.results.iter().map(|result| result_slots(*result)).sum();
    let mut rets: SmallVec<[u64; 16]> = SmallVec::from_elem(0, width);
    let mut ctx = Ctx::new(host, tables);
    ctx.run(0, 0, &slots, &mut rets)?;
    let mut taken = Vec::new();
    let mut at = 0;
    kernel
        .results
        .iter()
        .map(|result| {
            let slots = &rets[at..at + result_slots(*result)];
            at += slots.len();
            match *result {
                ResultTy::Scalar(dtype) => Ok(Ret::Scalar(scalar_from_slots(dtype, [slots[0], slots.get(1).copied().unwrap_or(0)]))),
                ResultTy::Array { dtype, rank } => {
                    ctx.array(ArrayTy::unnamed(dtype, &slots[2..2 + rank]), slots, kernel.span, &mut taken).map(Ret::Array)
                }
            }
        })
        .collect()
}

/// Do arguments fit a kernel's parameters?
fn accepts(kernel: &Kernel, args: &[Arg]) -> bool {
    kernel.params.len() == args.len()
        && kernel.params.iter().zip(args).all(|(param, arg)| match (param, arg) {
            (Param::Scalar(var), Arg::Scalar(value)) => kernel.vars[var.0 as usize].dtype.storage() == value.dtype.storage(),
            (Param::Array(array), Arg::Array(given)) => {
                let array = &kernel.arrays[array.0 as usize];
                array.dtype.storage() == given.dtype.storage() && [given.sizes.len(), given.strides.len()] == [array.rank; 2]
            }
            _ => false,
        })
}

/// Slots of a flattened result.
pub fn result_slots(result: ResultTy) -> usize {
    match result {
        ResultTy::Scalar(dtype) => scalar_slots(dtype),
        ResultTy::Array { rank, .. } => 2 + 2 * rank,
    }
}

impl Ctx<'_> {
    /// The array that a result's slots describe. Memory of a block leaves the context (`taken`, for results that share it); memory the
    /// caller lent is copied.
    fn array(&mut self, ty: ArrayTy, slots: &[u64], span: Span, taken: &mut Vec<(u64, Arc<Buffer>)>) -> Result<Array, Fault> {
        let (handle, ptr) = (slots[0], slots[1]);
        let strides: crate::array::strided::Axes<isize> = slots[2 + ty.rank()..].iter().map(|stride| *stride as isize).collect();
        if ty.count() == Some(0) {
            return Ok(Array::new(ty, Arc::new(Buffer::zeroed(0))));
        }
        if handle == &raw const self.borrowed as u64 {
            return self.copy(ty, ptr as *const u8, &strides, span);
        }
        let buffer = match taken.iter().find(|(known, _)| *known == handle) {
            Some((_, buffer)) => buffer.clone(),
            None => {
                let buffer = Arc::new(self.take(handle as *mut Block));
                taken.push((handle, buffer.clone()));
                buffer
            }
        };
        let offset = (ptr - buffer.as_ptr() as u64) as usize;
        Ok(Array::new(ArrayTy::scalar(ty.dtype), buffer).view(ty, offset, strides))
    }

    /// A row-major copy of strided memory.
    fn copy(&mut self, ty: ArrayTy, from: *const u8, strides: &[isize], span: Span) -> Result<Array, Fault> {
        let bytes = ty.bytes().unwrap_or(u64::MAX) as usize;
        let memory = Fault { kind: FaultKind::Memory, span, values: vec![bytes as i64] };
        let mut buffer = self.host.alloc(bytes, false).ok_or(memory)?;
        let shape = ty.shape().unwrap_or_default();
        let item = ty.dtype.size();
        let mut index = vec![0u64; shape.len()];
        for to in buffer.bytes_mut().chunks_exact_mut(item) {
            let offset: isize = index.iter().zip(strides).map(|(i, stride)| *i as isize * stride).sum();
            // SAFETY: the caller's memory is valid for every index of the array it described.
            unsafe { std::ptr::copy_nonoverlapping(from.offset(offset), to.as_mut_ptr(), item) };
            for axis in (0..shape.len()).rev() {
                index[axis] += 1;
                if index[axis] < shape[axis] {
                    break;
                }
                index[axis] = 0;
            }
        }
        Ok(Array::new(ty, Arc::new(buffer)))
    }
}

/// Memory for a local array: `shape` has `rank` sizes. Null, with the size asked for in `values[0]`, if it is denied.
pub unsafe extern "C" fn alloc(ctx: *mut Ctx, shape: *const i64, rank: u64, item: u64, clear: u64) -> *mut Block {
    // SAFETY: compiled code passes its context, and sizes it has just stored.
    let (ctx, shape) = unsafe { (&mut *ctx, std::slice::from_raw_parts(shape, rank as usize)) };
    let bytes = shape.iter().fold(item as i64, |bytes, size| bytes.saturating_mul((*size).max(0)));
    let block = if bytes < i64::MAX { ctx.alloc(bytes as usize, clear != 0) } else { None };
    match block {
        Some(block) => block,
        None => {
            ctx.values[0] = bytes;
            std::ptr::null_mut()
        }
    }
}

/// Takes back memory that nothing refers to any more.
pub unsafe extern "C" fn release(ctx: *mut Ctx, block: *mut Block) {
    // SAFETY: compiled code passes its context and a handle whose count came to 0.
    unsafe { (*ctx).release(block) }
}

/// Runs the chunks of parallel loop number `par`; `args` and `out` have the slots of its site.
pub unsafe extern "C" fn parallel(ctx: *mut Ctx, par: u64, lo: i64, hi: i64, depth: u64, args: *const u64, out: *mut u64) -> i32 {
    // SAFETY: compiled code passes its context; the tables, set before it could run, have the site.
    let ctx = unsafe { &mut *ctx };
    let tables = ctx.tables;
    let Some(site) = tables.pars.get(par as usize) else { return FAILED };
    // SAFETY: compiled code has reserved this many slots for this site.
    let (args, out) = unsafe { (std::slice::from_raw_parts(args, site.args), std::slice::from_raw_parts_mut(out, site.results())) };
    match catch_unwind(AssertUnwindSafe(|| ctx.parallel(site, (lo, hi), depth, args, out))) {
        Ok(Ok(())) => return 0,
        Ok(Err(fault)) => ctx.fault = Some(fault),
        Err(panic) => ctx.panic = Some(panic),
    }
    FAILED
}

/// Copies `count` elements of `item` bytes: to `to`, side by side, from `from` and on by `step` bytes.
pub unsafe extern "C" fn gather(to: *mut u8, from: *const u8, step: i64, count: u64, item: u64) {
    // SAFETY: compiled code passes its own room for a strip, and places of elements of an array.
    unsafe { copy_elements(to, item as isize, from, step as isize, count as usize, item) }
}

/// Copies `count` elements of `item` bytes: to `to` and on by `step` bytes, from `from`, side by side.
pub unsafe extern "C" fn scatter(to: *mut u8, from: *const u8, step: i64, count: u64, item: u64) {
    // SAFETY: as `gather`.
    unsafe { copy_elements(to, step as isize, from, item as isize, count as usize, item) }
}

/// # Safety
/// `count` elements can be written from `to` on and read from `from` on, by these steps; the two do not overlap.
unsafe fn copy_elements(to: *mut u8, to_step: isize, from: *const u8, from_step: isize, count: usize, item: u64) {
    fn copy<T: Copy>(mut to: *mut u8, to_step: isize, mut from: *const u8, from_step: isize, count: usize) {
        for _ in 0..count {
            // SAFETY: as the function around; elements need not be aligned.
            unsafe { to.cast::<T>().write_unaligned(from.cast::<T>().read_unaligned()) };
            (to, from) = (to.wrapping_offset(to_step), from.wrapping_offset(from_step));
        }
    }
    match item {
        1 => copy::<u8>(to, to_step, from, from_step, count),
        2 => copy::<u16>(to, to_step, from, from_step, count),
        4 => copy::<u32>(to, to_step, from, from_step, count),
        8 => copy::<u64>(to, to_step, from, from_step, count),
        _ => copy::<u128>(to, to_step, from, from_step, count),
    }
}

/// Below this the stack pointer of this thread must not come: its end, and room for callbacks and what they call.
#[cfg(target_os = "linux")]
fn stack_limit() -> usize {
    const ROOM: usize = 256 << 10;
    thread_local!(static LIMIT: Cell<Option<usize>> = const { Cell::new(None) });
    LIMIT.get().unwrap_or_else(|| {
        // SAFETY: the attributes are initialised by the first call, before they are read, and destroyed once.
        let bottom = unsafe {
            let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
            let (mut bottom, mut size) = (std::ptr::null_mut(), 0);
            if libc::pthread_getattr_np(libc::pthread_self(), &mut attributes) == 0 {
                libc::pthread_attr_getstack(&attributes, &mut bottom, &mut size);
                libc::pthread_attr_destroy(&mut attributes);
            }
            bottom as usize
        };
        let limit = if bottom == 0 { assumed_stack_limit() } else { bottom + ROOM };
        LIMIT.set(Some(limit));
        limit
    })
}

#[cfg(not(target_os = "linux"))]
fn stack_limit() -> usize {
    assumed_stack_limit()
}

/// Where the end of the stack is not known: half a megabyte from here.
fn assumed_stack_limit() -> usize {
    let here = 0u8;
    (&raw const here as usize).saturating_sub(512 << 10)
}
