//! Running a matrix product: tiles of the result as tasks, each summed from panels in order by the single-threaded kernels of faer. The panels
//! are the same whatever the memory, so the bits are. One of the files with `unsafe`: the views of tiles that faer takes.

use super::host::array_arg;
use super::store::{self, Block, Place};
use super::{Run, tasks};
use crate::array::DType;
use crate::base::Outcome;
use crate::kernel::abi::ArrayArg;
use crate::plan::ir::{MatMul, Stage};
use faer::linalg::matmul::matmul;
use faer::traits::ComplexField;
use faer::{Accum, MatMut, MatRef, Par, c32, c64};

/// Runs a product stage.
pub fn run(run: &Run, stage: &Stage, product: &MatMul, places: &[Option<Place>]) -> Outcome<()> {
    let [m, k, n] = product.sizes;
    let tile = product.tile;
    let columns = n.div_ceil(tile);
    let tasks = m.div_ceil(tile) * columns;
    tasks::run(run.runtime, stage.parallel, tasks, &|task| {
        let (row, column) = (task / columns * tile, task % columns * tile);
        let (rows, width) = ((m - row).min(tile), (n - column).min(tile));
        let place = store::place(product.out, places)?;
        let own = match place {
            Place::Memory(_) => None,
            _ => Some(run.runtime.take((rows * width) as usize * product.dtype.size(), stage.span)?),
        };
        let out = match (place, &own) {
            (Place::Memory(array), _) => {
                let mut arg = array_arg(array);
                arg.ptr = arg.ptr.wrapping_offset((row as i64 * arg.strides[0] + column as i64 * arg.strides[1]) as isize);
                arg.sizes = vec![rows as i64, width as i64];
                arg
            }
            (_, buffer) => {
                let item = product.dtype.size() as i64;
                let ptr = buffer.as_ref().map_or(std::ptr::null_mut(), |buffer| buffer.as_mut_ptr());
                ArrayArg { dtype: product.dtype, ptr, sizes: vec![rows as i64, width as i64], strides: vec![width as i64 * item, item] }
            }
        };
        if k == 0 {
            clear(&out);
        }
        for from in (0..k).step_by(tile as usize) {
            let to = (from + tile).min(k);
            let a = store::block(run, &product.a, places, &[row, from], &[row + rows, to], stage.span)?;
            let b = store::block(run, &product.b, places, &[from, column], &[to, column + width], stage.span)?;
            let accum = if from == 0 { Accum::Replace } else { Accum::Add };
            match product.dtype {
                DType::F32 => multiply::<f32>(&out, &a, &b, accum, 1.0),
                DType::C64 => multiply::<c32>(&out, &a, &b, accum, c32::new(1.0, 0.0)),
                DType::C128 => multiply::<c64>(&out, &a, &b, accum, c64::new(1.0, 0.0)),
                _ => multiply::<f64>(&out, &a, &b, accum, 1.0),
            }
        }
        if let Some(buffer) = own {
            store::write(run, place, &[row, column], &[rows, width], buffer.bytes(), stage.span)?;
        }
        run.advance();
        Ok(())
    })
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
