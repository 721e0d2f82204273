//! Array slots of the interpreter: memory with sizes and strides, reading and writing elements, views. The only file of this module with
//! `unsafe`. Every access is checked against the sizes here, whatever the kernel says was proven.

use super::abi::ArrayArg;
use crate::array::strided::{Axes, row_major};
use crate::array::{Array, ArrayTy, Buffer, DType};
use crate::ops::emit::{Elem, Prim};
use smallvec::SmallVec;
use std::sync::Arc;

/// The address of an element.
#[derive(Clone, Copy)]
struct Pointer(*mut u8);

// SAFETY: a pointer into memory that the caller of a kernel, or a counted buffer, keeps alive. Chunks of a parallel loop write distinct
// elements: the pass `parallel` has proven it.
unsafe impl Send for Pointer {}
unsafe impl Sync for Pointer {}

/// What an array slot is bound to.
#[derive(Clone)]
pub struct Slot {
    dtype: DType,
    start: Pointer,
    sizes: Axes<i64>,
    /// In bytes.
    strides: Axes<i64>,
    /// Memory that the kernel allocated; nothing for an argument's.
    owner: Option<Arc<Buffer>>,
}

/// An index outside: the axis, the index, the size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outside {
    pub axis: usize,
    pub index: i64,
    pub size: i64,
}

impl Slot {
    /// Not bound to anything: all sizes are 0.
    pub fn empty(dtype: DType, rank: usize) -> Slot {
        let zeros = SmallVec::from_elem(0, rank);
        Slot { dtype, start: Pointer(std::ptr::null_mut()), sizes: zeros.clone(), strides: zeros, owner: None }
    }
    /// An argument's memory.
    pub fn borrowed(arg: &ArrayArg) -> Slot {
        let (sizes, strides) = (Axes::from_slice(&arg.sizes), Axes::from_slice(&arg.strides));
        Slot { dtype: arg.dtype, start: Pointer(arg.ptr), sizes, strides, owner: None }
    }
    /// Fresh memory, row-major; the buffer holds all elements.
    pub fn fresh(dtype: DType, sizes: &[i64], buffer: Buffer) -> Slot {
        let shape: SmallVec<[u64; 4]> = sizes.iter().map(|size| *size as u64).collect();
        let strides = row_major(&shape, dtype.size()).into_iter().map(|stride| stride as i64).collect();
        Slot { dtype, start: Pointer(buffer.as_mut_ptr()), sizes: Axes::from_slice(sizes), strides, owner: Some(Arc::new(buffer)) }
    }
    pub fn dtype(&self) -> DType {
        self.dtype
    }
    pub fn rank(&self) -> usize {
        self.sizes.len()
    }
    /// The size of an axis.
    pub fn len(&self, axis: usize) -> i64 {
        self.sizes.get(axis).copied().unwrap_or(0)
    }
    /// Is an index inside an axis?
    pub fn check(&self, axis: usize, index: i64) -> Result<(), Outside> {
        let size = self.len(axis);
        if (0..size).contains(&index) { Ok(()) } else { Err(Outside { axis, index, size }) }
    }
    /// The address of an element, and nothing for an index outside.
    fn address(&self, index: &[i64]) -> Result<*mut u8, Outside> {
        let mut offset = 0i64;
        for (axis, at) in index.iter().enumerate() {
            self.check(axis, *at)?;
            offset = offset.wrapping_add(at.wrapping_mul(self.strides[axis]));
        }
        if index.len() < self.rank() {
            return Err(Outside { axis: index.len(), index: 0, size: self.len(index.len()) });
        }
        Ok(self.start.0.wrapping_offset(offset as isize))
    }
    /// Reads an element.
    pub fn load(&self, index: &[i64]) -> Result<Elem<u64>, Outside> {
        let at = self.address(index)?;
        let part = self.dtype.real();
        let re = load_part(part, at);
        if !self.dtype.is_complex() {
            return Ok(Elem::Real(re));
        }
        Ok(Elem::Complex(re, load_part(part, at.wrapping_add(part.size()))))
    }
    /// Writes an element.
    pub fn store(&self, index: &[i64], value: Elem<u64>) -> Result<(), Outside> {
        let at = self.address(index)?;
        let part = self.dtype.real();
        match value {
            Elem::Real(re) => store_part(part, at, re),
            Elem::Complex(re, im) => {
                store_part(part, at, re);
                store_part(part, at.wrapping_add(part.size()), im);
            }
        }
        Ok(())
    }
    /// A view without axes yet: to be given them one by one.
    pub fn view(&self) -> ViewBuilder<'_> {
        ViewBuilder { base: self, axis: 0, view: Slot { sizes: Axes::new(), strides: Axes::new(), ..self.clone() } }
    }
    /// As an array of its own: memory of the kernel is shared, an argument's is copied into what `alloc` gives, if it gives any.
    pub fn into_array(self, alloc: impl FnOnce(usize) -> Option<Buffer>) -> Option<Array> {
        let shape: Vec<u64> = self.sizes.iter().map(|size| *size as u64).collect();
        let ty = ArrayTy::unnamed(self.dtype, &shape);
        let Some(owner) = &self.owner else { return self.copy(ty, alloc) };
        if shape.contains(&0) {
            return Some(Array::new(ty, Arc::new(Buffer::zeroed(0))));
        }
        let offset = self.start.0 as usize - owner.as_ptr() as usize;
        let strides = self.strides.iter().map(|stride| *stride as isize).collect();
        Some(Array::new(ArrayTy::unnamed(self.dtype, &[0]), owner.clone()).view(ty, offset, strides))
    }
    fn copy(&self, ty: ArrayTy, alloc: impl FnOnce(usize) -> Option<Buffer>) -> Option<Array> {
        let to = Slot::fresh(self.dtype, &self.sizes, alloc(ty.bytes()? as usize)?);
        let mut index = Axes::from_elem(0, self.rank());
        for _ in 0..ty.count()? {
            to.store(&index, self.load(&index).ok()?).ok()?;
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                if index[axis] < self.sizes[axis] {
                    break;
                }
                index[axis] = 0;
            }
        }
        Some(Array::new(ty, to.owner?))
    }
}

/// A view being made: entry by entry, in the order of the axes.
pub struct ViewBuilder<'a> {
    base: &'a Slot,
    axis: usize,
    view: Slot,
}

impl ViewBuilder<'_> {
    /// The size of the axis that the next entry is for.
    pub fn next_len(&self) -> i64 {
        self.base.len(self.axis)
    }
    fn step_to(&mut self, index: i64) {
        let offset = index.wrapping_mul(self.base.strides[self.axis]);
        self.view.start = Pointer(self.view.start.0.wrapping_offset(offset as isize));
    }
    /// Drops an axis.
    pub fn at(&mut self, index: i64) -> Result<(), Outside> {
        self.base.check(self.axis, index)?;
        self.step_to(index);
        self.axis += 1;
        Ok(())
    }
    /// Part of an axis: the first element, how many, and the step; all inside.
    pub fn range(&mut self, first: i64, count: i64, step: i64) {
        self.step_to(first);
        self.view.sizes.push(count);
        self.view.strides.push(self.base.strides[self.axis].wrapping_mul(step));
        self.axis += 1;
    }
    /// A new axis of size 1.
    pub fn new_axis(&mut self) {
        self.view.sizes.push(1);
        self.view.strides.push(0);
    }
    pub fn finish(self) -> Slot {
        self.view
    }
}

/// Reads a part of an element as its `Prim` has it.
fn load_part(dtype: DType, at: *const u8) -> u64 {
    debug_assert!(!at.is_null());
    // SAFETY: `Slot::address` gave the address of an element inside its array, whose memory is alive and initialised.
    unsafe {
        match dtype {
            DType::Bool => (at.read() != 0).into(),
            DType::I8 => at.cast::<i8>().read() as i32 as u32 as u64,
            DType::U8 => at.read().into(),
            DType::I16 => at.cast::<i16>().read_unaligned() as i32 as u32 as u64,
            DType::U16 => at.cast::<u16>().read_unaligned().into(),
            _ if Prim::of(dtype) == Prim::I64 || Prim::of(dtype) == Prim::F64 => at.cast::<u64>().read_unaligned(),
            _ => at.cast::<u32>().read_unaligned().into(),
        }
    }
}

/// Writes a part of an element.
fn store_part(dtype: DType, at: *mut u8, bits: u64) {
    debug_assert!(!at.is_null());
    // SAFETY: as `load_part`; a kernel stores only into arrays that it may write.
    unsafe {
        match dtype.size() {
            1 => at.write(bits as u8),
            2 => at.cast::<u16>().write_unaligned(bits as u16),
            4 => at.cast::<u32>().write_unaligned(bits as u32),
            _ => at.cast::<u64>().write_unaligned(bits),
        }
    }
}
