//! Running a matrix product: tiles of the result as tasks, each summed from panels in order by the single-threaded kernels of faer. The panels
//! are the same whatever the memory, so the bits are. One of the files with `unsafe`: the views of tiles that faer takes.

use super::fused::spread;
use super::host::array_arg;
use super::store::{self, Block, Made, Place};
use super::stream::{Stream, place_in};
use super::{Run, tasks};
use crate::array::strided::row_major;
use crate::array::{Array, ArrayTy, DType};
use crate::base::{Outcome, Span};
use crate::kernel::abi::ArrayArg;
use crate::plan::ir::{Fused, Leaf, MatMul, Stage};
use faer::linalg::matmul::matmul;
use faer::traits::ComplexField;
use faer::{Accum, MatMut, MatRef, Par, c32, c64};
use std::sync::Arc;

/// A product, ready to make tiles of its result.
pub struct Product<'a> {
    run: &'a Run<'a>,
    product: &'a MatMul,
    operands: [Operand<'a>; 2],
    places: &'a [Option<Place>],
    span: Span,
}

/// Where panels come from: views of an array, or computed.
enum Operand<'a> {
    Array(&'a Leaf),
    Computed(Stream<'a>, DType),
}

/// Runs a product stage.
pub fn run(run: &Run, stage: &Stage, product: &MatMul, places: &[Option<Place>]) -> Outcome<()> {
    let making = Product::new(run, product, places, stage.span)?;
    let grid = product.grid();
    tasks::run(run.runtime, stage.parallel, grid.iter().product(), &|task| {
        let lo: Vec<u64> = place_in(&grid, task).iter().map(|at| at * product.tile).collect();
        let hi: Vec<u64> = lo.iter().zip([product.sizes[0], product.sizes[2]]).map(|(lo, size)| (lo + product.tile).min(size)).collect();
        match store::place(product.out, places)? {
            Place::Memory(array) => {
                let mut out = array_arg(array);
                out.ptr = out.ptr.wrapping_offset((lo[0] as i64 * out.strides[0] + lo[1] as i64 * out.strides[1]) as isize);
                out.sizes = lo.iter().zip(&hi).map(|(lo, hi)| (hi - lo) as i64).collect();
                making.tile(&out, &lo, &hi)?;
            }
            place => {
                let made = making.made(&lo, &hi)?;
                store::write(run, place, &lo, &made.array.shape(), made.array.buffer().bytes(), stage.span)?;
            }
        }
        run.advance();
        Ok(())
    })
}

impl<'a> Product<'a> {
    pub fn new(run: &'a Run<'a>, product: &'a MatMul, places: &'a [Option<Place>], span: Span) -> Outcome<Product<'a>> {
        let operand = |fused: &'a Fused| -> Outcome<Operand<'a>> {
            Ok(match fused.only_loads() {
                Some(leaf) => Operand::Array(leaf),
                None => Operand::Computed(Stream::new(run, fused, places, span)?, fused.code[fused.outputs[0].value.0 as usize].dtype),
            })
        };
        let [a, b] = &product.operands;
        Ok(Product { run, product, operands: [operand(a)?, operand(b)?], places, span })
    }

    /// The elements `lo..hi` of the result, a tile of it, in memory of their own.
    pub fn made(&self, lo: &[u64], hi: &[u64]) -> Outcome<Made> {
        let dtype = self.product.dtype;
        let sizes: Vec<u64> = lo.iter().zip(hi).map(|(lo, hi)| hi - lo).collect();
        let buffer = self.run.runtime.take(sizes.iter().product::<u64>() as usize * dtype.size(), self.span)?;
        self.tile(&spread(dtype, &buffer, &sizes, &[]), lo, hi)?;
        let array = Array::new(ArrayTy::unnamed(dtype, &sizes), Arc::new(buffer));
        Ok(Made { store: self.product.out, array, origin: lo.iter().map(|lo| *lo as i64).collect() })
    }

    /// Computes the elements `lo..hi` of the result.
    fn tile(&self, out: &ArrayArg, lo: &[u64], hi: &[u64]) -> Outcome<()> {
        let depth = self.product.sizes[1];
        if depth == 0 {
            clear(out);
        }
        for from in (0..depth).step_by(self.product.tile as usize) {
            let to = (from + self.product.tile).min(depth);
            let a = self.panel(0, &[lo[0], from], &[hi[0], to])?;
            let b = self.panel(1, &[from, lo[1]], &[to, hi[1]])?;
            let accum = if from == 0 { Accum::Replace } else { Accum::Add };
            match self.product.dtype {
                DType::F32 => multiply::<f32>(out, &a, &b, accum, 1.0),
                DType::C64 => multiply::<c32>(out, &a, &b, accum, c32::new(1.0, 0.0)),
                DType::C128 => multiply::<c64>(out, &a, &b, accum, c64::new(1.0, 0.0)),
                _ => multiply::<f64>(out, &a, &b, accum, 1.0),
            }
        }
        Ok(())
    }

    fn panel(&self, operand: usize, lo: &[u64], hi: &[u64]) -> Outcome<Block> {
        match &self.operands[operand] {
            Operand::Array(leaf) => store::block(self.run, leaf, self.places, lo, hi, self.span),
            Operand::Computed(stream, dtype) => {
                let sizes: Vec<u64> = lo.iter().zip(hi).map(|(lo, hi)| hi - lo).collect();
                let buffer = stream.block(lo, hi)?.swap_remove(0);
                let strides = row_major(&sizes, dtype.size()).into_iter().map(|stride| stride as i64).collect();
                Ok(Block::own(*dtype, Arc::new(buffer), &sizes, strides))
            }
        }
    }
}

/// Number of elements between neighbours along both axes.
fn steps<T>(arg: &ArrayArg) -> (isize, isize) {
    let item = size_of::<T>() as i64;
    ((arg.strides[0] / item) as isize, (arg.strides[1] / item) as isize)
}

/// `out = a @ b`, or adds that to `out`.
fn multiply<T: ComplexField>(out: &ArrayArg, a: &Block, b: &Block, accum: Accum, one: T) {
    let view = |arg: &ArrayArg| {
        let (down, right) = steps::<T>(arg);
        // SAFETY: the block's memory holds these elements, is kept alive by the block and written by nobody during the call.
        unsafe { MatRef::<T>::from_raw_parts(arg.ptr as *const T, arg.sizes[0] as usize, arg.sizes[1] as usize, down, right) }
    };
    let (down, right) = steps::<T>(out);
    // SAFETY: the tile lies within the output, and each task has a tile of its own.
    let target = unsafe { MatMut::<T>::from_raw_parts_mut(out.ptr as *mut T, out.sizes[0] as usize, out.sizes[1] as usize, down, right) };
    matmul(target, accum, view(&a.arg), view(&b.arg), one, Par::Seq);
}

/// The sum of no products.
fn clear(out: &ArrayArg) {
    for row in 0..out.sizes[0] {
        let start = out.ptr.wrapping_offset((row * out.strides[0]) as isize);
        // SAFETY: a row of the tile, which lies within the output, dense along its last axis.
        unsafe { std::ptr::write_bytes(start, 0, out.sizes[1] as usize * out.dtype.size()) };
    }
}
