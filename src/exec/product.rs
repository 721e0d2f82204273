//! Running a matrix product: tiles of the result as tasks, each summed from panels in order by the single-threaded kernels of the crate gemm. The panels
//! are the same whatever the memory, so the bits are. One of the files with `unsafe`: the tiles that gemm writes.

use super::fused::spread;
use super::host::array_arg;
use super::store::{self, Block, Made, Place};
use super::stream::{Stream, place_in};
use super::{Run, tasks};
use crate::array::{Array, ArrayTy, DType};
use crate::base::{Outcome, Span};
use crate::kernel::abi::ArrayArg;
use crate::plan::ir::{Leaf, MatMul, Panels, Stage};
use gemm::{Parallelism, c32, c64, gemm};
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
    Computed(Stream<'a>),
}

/// Runs a product stage.
pub fn run(run: &Run, stage: &Stage, product: &MatMul, places: &[Option<Place>]) -> Outcome<()> {
    let making = Product::new(run, product, places, stage.span)?;
    let grid = product.grid();
    tasks::run(run.runtime, stage.parallel, grid.iter().product(), &|task| {
        let lo: Vec<u64> = place_in(&grid, task).iter().zip(product.tile).map(|(at, side)| at * side).collect();
        let sizes = [product.sizes[0], product.sizes[2]];
        let hi: Vec<u64> = lo.iter().zip(product.tile).zip(sizes).map(|((lo, side), size)| (lo + side).min(size)).collect();
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
        let operand = |panels: &'a Panels| -> Outcome<Operand<'a>> {
            Ok(match panels.pass.only_loads() {
                Some(leaf) => Operand::Array(leaf),
                None => Operand::Computed(Stream::new(run, &panels.pass, places, span)?),
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
        for from in (0..depth).step_by(self.product.depth as usize) {
            let to = (from + self.product.depth).min(depth);
            let a = self.panel(0, &[lo[0], from], &[hi[0], to])?;
            let b = self.panel(1, &[from, lo[1]], &[to, hi[1]])?;
            match self.product.dtype {
                DType::F32 => multiply::<f32>(out, &a, &b, from > 0, 1.0),
                DType::C64 => multiply(out, &a, &b, from > 0, c32::new(1.0, 0.0)),
                DType::C128 => multiply(out, &a, &b, from > 0, c64::new(1.0, 0.0)),
                _ => multiply::<f64>(out, &a, &b, from > 0, 1.0),
            }
        }
        Ok(())
    }

    fn panel(&self, operand: usize, lo: &[u64; 2], hi: &[u64; 2]) -> Outcome<Block> {
        match &self.operands[operand] {
            Operand::Array(leaf) => store::block(self.run, leaf, self.places, lo, hi, self.span),
            Operand::Computed(stream) => {
                let panels = &self.product.operands[operand];
                let (lo, hi) = (panels.facing(*lo), panels.facing(*hi));
                let buffer = stream.block(&lo, &hi)?.swap_remove(0);
                let sizes = [hi[0] - lo[0], hi[1] - lo[1]];
                let strides = [sizes[1], 1].map(|elements| elements as i64 * self.product.dtype.size() as i64);
                Ok(Block::own(self.product.dtype, Arc::new(buffer), &panels.facing(sizes), panels.facing(strides).as_slice().into()))
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
fn multiply<T: Copy + 'static>(out: &ArrayArg, a: &Block, b: &Block, add: bool, one: T) {
    let [m, n] = [out.sizes[0] as usize, out.sizes[1] as usize];
    let depth = a.arg.sizes[1] as usize;
    let [(out_rows, out_columns), (a_rows, a_columns), (b_rows, b_columns)] = [out, &a.arg, &b.arg].map(steps::<T>);
    let (to, a, b) = (out.ptr as *mut T, a.arg.ptr as *const T, b.arg.ptr as *const T);
    // SAFETY: the tile lies within the output and each task has its own; the blocks hold these elements, and nobody writes them.
    unsafe {
        gemm(
            m,
            n,
            depth,
            to,
            out_columns,
            out_rows,
            add,
            a,
            a_columns,
            a_rows,
            b,
            b_columns,
            b_rows,
            one,
            one,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// The sum of no products.
fn clear(out: &ArrayArg) {
    for row in 0..out.sizes[0] {
        let start = out.ptr.wrapping_offset((row * out.strides[0]) as isize);
        // SAFETY: a row of the tile, which lies within the output, dense along its last axis.
        unsafe { std::ptr::write_bytes(start, 0, out.sizes[1] as usize * out.dtype.size()) };
    }
}
