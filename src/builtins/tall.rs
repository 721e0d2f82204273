//! QR of tall matrices by blocks of rows (TSQR; Demmel, Grigori, Hoemmen, Langou 2012): every block is decomposed, then the triangles on top
//! of each other. Blocks are tasks and never all in memory at once; Q stays a product of small ones until it is wanted.

use super::build::{A, Build, Extent, Matrix, Routine, SliceArg};
use super::parts::{elementwise, number};
use crate::array::Scalar;
use crate::base::Outcome;
use crate::ops::ScalarOp as Op;

/// Elements of a block of rows: enough that a task is worth while.
const BLOCK: u64 = 1 << 16;
/// Least number of rows of a block, in columns: more would be lost to the triangles.
const LEAST: u64 = 4;

/// The Q of a matrix without names, and its R.
pub struct Factors {
    q: Factor,
    pub r: A,
}

enum Factor {
    Whole(A),
    /// Q of every block [blocks, rows, n], and of the triangles on top of each other; rows of the whole.
    Blocks {
        blocks: A,
        inner: Box<Factor>,
        rows: u64,
    },
}

/// Whether a matrix of this many rows and columns is decomposed by blocks.
pub fn is_tall(rows: u64, columns: u64) -> bool {
    rows >= 2 * block_rows(columns)
}

fn block_rows(columns: u64) -> u64 {
    (BLOCK / columns.max(1)).max(LEAST * columns).max(1)
}

/// Rows of a block such that nothing is left over, or else enough that the zeros below stay out of Q.
fn even(rows: u64, columns: u64) -> u64 {
    let most = block_rows(columns);
    let fits = |least: u64| (most / 2..=most).rev().find(|size| rows.is_multiple_of(*size) || least > 0 && rows % size >= least);
    fits(0).or_else(|| fits(columns)).unwrap_or(most)
}

/// Q and R of a matrix of floats or complex numbers, whose sizes are known.
pub fn factors(b: &mut dyn Build, a: A, rows: u64, columns: u64) -> Outcome<Factors> {
    if !is_tall(rows, columns) || columns == 0 {
        let [q, r] = pair(b.routine(Routine::Matrix(Matrix::Qr), &[a])?);
        return Ok(Factors { q: Factor::Whole(q), r });
    }
    let size = even(rows, columns);
    let count = rows.div_ceil(size);
    let a = filled(b, a, count * size - rows)?;
    let blocks = known(b, a, &[count, size, columns])?;
    let [q, r] = pair(b.routine(Routine::Matrix(Matrix::Qr), &[blocks])?);
    let triangles = known(b, r, &[count * columns, columns])?;
    let inner = factors(b, triangles, count * columns, columns)?;
    Ok(Factors { q: Factor::Blocks { blocks: q, inner: Box::new(inner.q), rows }, r: inner.r })
}

/// The first two of the results of a routine.
fn pair(results: Vec<A>) -> [A; 2] {
    [results[0], results[1]]
}

fn known(b: &mut dyn Build, a: A, shape: &[u64]) -> Outcome<A> {
    b.reshape(a, &shape.iter().map(|size| Extent::Known(*size)).collect::<Vec<_>>())
}

fn size(b: &dyn Build, a: A, axis: usize) -> u64 {
    b.ty(a).dims[axis].size.known().unwrap_or(0)
}

/// Rows of zeros below.
fn filled(b: &mut dyn Build, a: A, more: u64) -> Outcome<A> {
    if more == 0 {
        return Ok(a);
    }
    let dtype = b.ty(a).dtype;
    let zero = number(b, dtype, 0.0);
    let columns = size(b, a, 1);
    let zeros = b.broadcast(zero, &[Extent::Known(more), Extent::Known(columns)])?;
    b.concat(&[a, zeros], 0)
}

/// The conjugate transpose of the last two axes.
pub fn adjoint(b: &mut dyn Build, a: A) -> Outcome<A> {
    let rank = b.ty(a).rank();
    let mut order: Vec<usize> = (0..rank).collect();
    order.swap(rank - 2, rank - 1);
    let turned = b.transpose(a, &order)?;
    if b.ty(a).dtype.is_complex() { elementwise(b, Op::Conj, &[turned]) } else { Ok(turned) }
}

fn product(b: &mut dyn Build, x: A, y: A) -> Outcome<A> {
    Ok(b.routine(Routine::Matrix(Matrix::Product), &[x, y])?[0])
}

impl Factors {
    /// Q itself.
    pub fn q(&self, b: &mut dyn Build) -> Outcome<A> {
        self.q.times(b, None)
    }
    /// Q times a small matrix.
    pub fn times(&self, b: &mut dyn Build, small: A) -> Outcome<A> {
        self.q.times(b, Some(small))
    }
    /// The conjugate transpose of Q times a matrix of as many rows.
    pub fn adjoint_times(&self, b: &mut dyn Build, a: A) -> Outcome<A> {
        self.q.adjoint_times(b, a)
    }
}

impl Factor {
    fn times(&self, b: &mut dyn Build, small: Option<A>) -> Outcome<A> {
        match (self, small) {
            (Factor::Whole(q), None) => Ok(*q),
            (Factor::Whole(q), Some(small)) => b.matmul(*q, small),
            (Factor::Blocks { blocks, inner, rows }, small) => {
                let right = inner.times(b, small)?;
                let (count, size, columns) = (size(b, *blocks, 0), size(b, *blocks, 1), size(b, *blocks, 2));
                let width = self::size(b, right, 1);
                let right = known(b, right, &[count, columns, width])?;
                let all = product(b, *blocks, right)?;
                let all = known(b, all, &[count * size, width])?;
                if count * size == *rows {
                    return Ok(all);
                }
                let end = b.constant(Scalar::i64(*rows as i64));
                b.slice(all, &[SliceArg::Range { lo: None, hi: Some(end), step: 1 }])
            }
        }
    }

    fn adjoint_times(&self, b: &mut dyn Build, a: A) -> Outcome<A> {
        match self {
            Factor::Whole(q) => {
                let left = adjoint(b, *q)?;
                b.matmul(left, a)
            }
            Factor::Blocks { blocks, inner, rows } => {
                let (count, size, columns) = (size(b, *blocks, 0), size(b, *blocks, 1), size(b, *blocks, 2));
                let width = self::size(b, a, 1);
                let a = filled(b, a, count * size - rows)?;
                let a = known(b, a, &[count, size, width])?;
                let left = adjoint(b, *blocks)?;
                let parts = product(b, left, a)?;
                let parts = known(b, parts, &[count * columns, width])?;
                inner.adjoint_times(b, parts)
            }
        }
    }
}
