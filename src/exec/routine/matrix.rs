//! Decompositions of matrices and what is made of them, by faer on one thread: so the bits do not depend on how many there are. What nobody
//! wants of a decomposition is not computed.

use super::Core;
use crate::array::DType;
use crate::base::{Code, Diagnostic, Outcome};
use crate::types::matrix::Matrix;
use bytemuck::{Pod, cast_slice, cast_slice_mut};
use faer::linalg::matmul::matmul;
use faer::linalg::solvers::{DenseSolveCore, Eigen, Llt, PartialPivLu, Qr, SelfAdjointEigen, Solve, Svd};
use faer::traits::ComplexField;
use faer::{Accum, Mat, MatMut, MatRef, Par, Side, c32, c64};
use num_complex::Complex;
use std::cmp::Ordering;

/// The dtypes that matrices are of.
trait Field: ComplexField<Real: Pod> + Pod {
    fn whole(value: f64) -> Self;
    fn part(value: f64) -> Self::Real;
    fn real_part(self) -> Self::Real;
    fn size(self) -> f64;
    /// The number of size 1 in the same direction; 0 of 0.
    fn sign(self) -> Self;
    fn times(self, other: Self) -> Self;
    fn plus(self, other: Self) -> Self;
    fn over(self, other: Self) -> Self;
    /// Eigenvalues, and eigenvectors of length 1 where they are wanted; `None` where that does not converge.
    fn eigen(a: MatRef<Self>, vectors: bool) -> Option<(Vec<Complex<Self::Real>>, Option<Mat<Complex<Self::Real>>>)>;
}

macro_rules! fields {
    ($($field:ty, $part:ty, $whole:expr, $real:expr, $size:expr, $new:path);*) => {$(
        impl Field for $field {
            fn whole(value: f64) -> $field {
                $whole(value as $part)
            }
            fn part(value: f64) -> $part {
                value as $part
            }
            fn real_part(self) -> $part {
                $real(self)
            }
            fn size(self) -> f64 {
                $size(self).into()
            }
            fn sign(self) -> $field {
                let size = $size(self);
                if size == 0.0 { <$field>::whole(0.0) } else { self / size }
            }
            fn times(self, other: $field) -> $field {
                self * other
            }
            fn plus(self, other: $field) -> $field {
                self + other
            }
            fn over(self, other: $field) -> $field {
                self / other
            }
            fn eigen(a: MatRef<$field>, vectors: bool) -> Option<(Vec<Complex<$part>>, Option<Mat<Complex<$part>>>)> {
                if !vectors {
                    return Some((a.eigenvalues().ok()?, None));
                }
                let eigen = $new(a).ok()?;
                let all = eigen.U();
                let lengths: Vec<$part> = all.col_iter().map(|vector| vector.norm_l2()).collect();
                let vectors = Mat::from_fn(all.nrows(), all.ncols(), |row, column| all[(row, column)] / lengths[column]);
                Some((eigen.S().column_vector().iter().copied().collect(), Some(vectors)))
            }
        }
    )*};
}
fields! {
    f32, f32, |part| part, |value| value, f32::abs, Eigen::<f32>::new_from_real;
    f64, f64, |part| part, |value| value, f64::abs, Eigen::<f64>::new_from_real;
    c32, f32, |part| c32::new(part, 0.0), |value: c32| value.re, |value: c32| value.norm(), Eigen::<f32>::new;
    c64, f64, |part| c64::new(part, 0.0), |value: c64| value.re, |value: c64| value.norm(), Eigen::<f64>::new
}

/// Works on one core.
pub fn work(core: Core, matrix: Matrix) -> Outcome<()> {
    match core.batched.operands[0].dtype {
        DType::F32 => typed::<f32>(core, matrix),
        DType::C64 => typed::<c32>(core, matrix),
        DType::C128 => typed::<c64>(core, matrix),
        _ => typed::<f64>(core, matrix),
    }
}

fn typed<T: Field>(mut core: Core, matrix: Matrix) -> Outcome<()> {
    let a = operand::<T>(&core, 0);
    if !a.is_all_finite() && matrix != Matrix::Product {
        return unknown::<T>(core, matrix);
    }
    match matrix {
        Matrix::Product => {
            let b = operand::<T>(&core, 1);
            let mut out = result::<T>(&mut core, 0);
            if a.ncols() == 0 {
                out.fill(T::whole(0.0));
            } else {
                matmul(out, Accum::Replace, a, b, T::whole(1.0), Par::Seq);
            }
        }
        Matrix::Qr => {
            let qr = Qr::new(a);
            put(&mut core, 1, qr.thin_R());
            if core.is_wanted(0) {
                put(&mut core, 0, qr.compute_thin_Q().as_ref());
            }
        }
        Matrix::Svd => {
            if !core.is_wanted(0) && !core.is_wanted(2) {
                let values = a.singular_values().map_err(|_| endless())?;
                cast_slice_mut::<u8, T::Real>(core.results[1]).copy_from_slice(&values);
                return Ok(());
            }
            let svd = Svd::new_thin(a).map_err(|_| endless())?;
            let values = svd.S().column_vector().iter().map(|value| value.real_part());
            cast_slice_mut::<u8, T::Real>(core.results[1]).iter_mut().zip(values).for_each(|(to, value)| *to = value);
            put(&mut core, 0, svd.U());
            let mut vt = result::<T>(&mut core, 2);
            vt.copy_from(svd.V().adjoint().to_owned());
        }
        Matrix::Lu => {
            let lu = PartialPivLu::new(a);
            // A pivot of 0 is divided by.
            if lu.L().is_all_finite() {
                permutation::<T>(&mut core, lu.P().arrays().0);
                put(&mut core, 1, lu.L());
                put(&mut core, 2, lu.U());
            } else {
                drop(lu);
                let (order, both) = eliminated(a);
                let part = |(row, column): (usize, usize), lower: bool| match (lower, row.cmp(&column)) {
                    (true, Ordering::Equal) => T::whole(1.0),
                    (true, Ordering::Less) | (false, Ordering::Greater) => T::whole(0.0),
                    _ => both[(row, column)],
                };
                permutation::<T>(&mut core, &order);
                for (at, lower) in [(1, true), (2, false)] {
                    let mut out = result::<T>(&mut core, at);
                    for row in 0..out.nrows() {
                        (0..out.ncols()).for_each(|column| out[(row, column)] = part((row, column), lower));
                    }
                }
            }
        }
        Matrix::Cholesky => {
            let llt = Llt::new(a, Side::Lower).map_err(|_| {
                let error = Diagnostic::new(Code::Value, "the matrix is not positive definite");
                error.help("`eigh` decomposes every matrix that is its own conjugate transpose")
            })?;
            put(&mut core, 0, llt.L());
        }
        Matrix::Solve => {
            let lu = PartialPivLu::new(a);
            regular(lu.U())?;
            let mut x = operand::<T>(&core, 1).to_owned();
            lu.solve_in_place(x.as_mut());
            put(&mut core, 0, x.as_ref());
        }
        Matrix::SolveTriangular { lower, unit } => {
            if !unit {
                regular(a)?;
            }
            let mut x = operand::<T>(&core, 1).to_owned();
            match (lower, unit) {
                (true, false) => a.solve_lower_triangular_in_place(x.as_mut()),
                (true, true) => a.solve_unit_lower_triangular_in_place(x.as_mut()),
                (false, false) => a.solve_upper_triangular_in_place(x.as_mut()),
                (false, true) => a.solve_unit_upper_triangular_in_place(x.as_mut()),
            }
            put(&mut core, 0, x.as_ref());
        }
        Matrix::Inverse => {
            let lu = PartialPivLu::new(a);
            regular(lu.U())?;
            put(&mut core, 0, lu.inverse().as_ref());
        }
        Matrix::Determinant => {
            let lu = PartialPivLu::new(a);
            let mut sign = T::whole(if is_odd(lu.P().arrays().0) { -1.0 } else { 1.0 });
            let (mut value, mut log) = (sign, 0.0);
            for at in 0..a.nrows() {
                let pivot = lu.U()[(at, at)];
                if pivot.size() == 0.0 {
                    // What the decomposition has after it is divided by zero.
                    let whole = (0..a.ncols()).all(|j| (0..a.nrows()).all(|i| a[(i, j)].size().is_finite()));
                    value = T::whole(if whole { 0.0 } else { f64::NAN });
                    (sign, log) = (value, if whole { f64::NEG_INFINITY } else { f64::NAN });
                    break;
                }
                value = value.times(pivot);
                sign = sign.times(pivot.sign());
                log += pivot.size().ln();
            }
            cast_slice_mut::<u8, T>(core.results[0])[0] = value;
            cast_slice_mut::<u8, T>(core.results[1])[0] = sign;
            cast_slice_mut::<u8, T::Real>(core.results[2])[0] = T::part(log);
        }
        Matrix::Eigh => {
            if !core.is_wanted(1) {
                let values = a.self_adjoint_eigenvalues(Side::Lower).map_err(|_| endless())?;
                cast_slice_mut::<u8, T::Real>(core.results[0]).copy_from_slice(&values);
                return Ok(());
            }
            let eigen = SelfAdjointEigen::new(a, Side::Lower).map_err(|_| endless())?;
            let values = eigen.S().column_vector().iter().map(|value| value.real_part());
            cast_slice_mut::<u8, T::Real>(core.results[0]).iter_mut().zip(values).for_each(|(to, value)| *to = value);
            put(&mut core, 1, eigen.U());
        }
        Matrix::Eig => {
            let (values, vectors) = T::eigen(a, core.is_wanted(1)).ok_or_else(endless)?;
            cast_slice_mut::<u8, Complex<T::Real>>(core.results[0]).copy_from_slice(&values);
            let Some(vectors) = vectors else { return Ok(()) };
            let n = vectors.nrows();
            let to = cast_slice_mut::<u8, Complex<T::Real>>(core.results[1]);
            for (at, value) in to.iter_mut().enumerate() {
                *value = vectors[(at / n, at % n)];
            }
        }
        Matrix::Exponential => put(&mut core, 0, exponential(a).as_ref()),
    }
    Ok(())
}

/// Scaling and squaring with the Padé approximant of degree 13 (Higham: "The scaling and squaring method for the matrix exponential revisited",
/// 2005).
fn exponential<T: Field>(a: MatRef<T>) -> Mat<T> {
    const PADE: [f64; 14] = [
        64764752532480000.0,
        32382376266240000.0,
        7771770303897600.0,
        1187353796428800.0,
        129060195264000.0,
        10559470521600.0,
        670442572800.0,
        33522128640.0,
        1323241920.0,
        40840800.0,
        960960.0,
        16380.0,
        182.0,
        1.0,
    ];
    // The 1-norm up to which the approximant is exact to rounding.
    const RADIUS: f64 = 5.371920351148152;
    let n = a.nrows();
    if n == 0 {
        return Mat::zeros(0, 0);
    }
    let norm = a.col_iter().map(|column| column.iter().map(|value| value.size()).sum()).fold(0.0, f64::max);
    let halvings = (norm / RADIUS).log2().ceil().max(0.0) as i32;
    let scale = T::whole(0.5f64.powi(halvings));
    let scaled = Mat::from_fn(n, n, |row, column| a[(row, column)].times(scale));
    let product = |x: &Mat<T>, y: &Mat<T>| {
        let mut out = Mat::zeros(n, n);
        matmul(out.as_mut(), Accum::Replace, x.as_ref(), y.as_ref(), T::whole(1.0), Par::Seq);
        out
    };
    // A multiple of the identity and of other matrices.
    let sum = |whole: f64, terms: &[(f64, &Mat<T>)]| {
        Mat::from_fn(n, n, |row, column| {
            let start = T::whole(if row == column { whole } else { 0.0 });
            terms.iter().fold(start, |sum, (by, matrix)| sum.plus(matrix[(row, column)].times(T::whole(*by))))
        })
    };
    let second = product(&scaled, &scaled);
    let fourth = product(&second, &second);
    let sixth = product(&fourth, &second);
    let powers = |six: f64, four: f64, two: f64| [(six, &sixth), (four, &fourth), (two, &second)];
    let odd = product(&sixth, &sum(0.0, &powers(PADE[13], PADE[11], PADE[9])));
    let odd = sum(PADE[1], &[&powers(PADE[7], PADE[5], PADE[3])[..], &[(1.0, &odd)]].concat());
    let odd = product(&scaled, &odd);
    let even = product(&sixth, &sum(0.0, &powers(PADE[12], PADE[10], PADE[8])));
    let even = sum(PADE[0], &[&powers(PADE[6], PADE[4], PADE[2])[..], &[(1.0, &even)]].concat());
    let mut value = sum(0.0, &[(1.0, &even), (1.0, &odd)]);
    PartialPivLu::new(sum(0.0, &[(1.0, &even), (-1.0, &odd)]).as_ref()).solve_in_place(value.as_mut());
    for _ in 0..halvings {
        value = product(&value, &value);
    }
    value
}

fn operand<'a, T: Field>(core: &Core<'a>, at: usize) -> MatRef<'a, T> {
    let sizes = &core.batched.cores[at];
    MatRef::from_row_major_slice(cast_slice(core.operands[at]), sizes[0] as usize, sizes[1] as usize)
}

fn result<'b, T: Field>(core: &'b mut Core, at: usize) -> MatMut<'b, T> {
    let sizes = &core.batched.results[at].core;
    MatMut::from_row_major_slice_mut(cast_slice_mut(core.results[at]), sizes[0] as usize, sizes[1] as usize)
}

fn put<T: Field>(core: &mut Core, at: usize, value: MatRef<T>) {
    result::<T>(core, at).copy_from(value);
}

/// The first result is the matrix that takes rows in this order back to where they were.
fn permutation<T: Field>(core: &mut Core, order: &[usize]) {
    let rows = order.len();
    let mut p = MatMut::from_row_major_slice_mut(cast_slice_mut::<u8, T::Real>(core.results[0]), rows, rows);
    p.fill(T::part(0.0));
    for (to, from) in order.iter().enumerate() {
        p[(*from, to)] = T::part(1.0);
    }
}

/// The decomposition of a matrix whose pivots may be 0, row after row: the order of the rows, and both factors in one matrix. Where all of a
/// column is 0 there is nothing to eliminate (as in LAPACK's `getf2`).
fn eliminated<T: Field>(a: MatRef<T>) -> (Vec<usize>, Mat<T>) {
    let mut both = a.to_owned();
    let mut order: Vec<usize> = (0..a.nrows()).collect();
    for step in 0..a.nrows().min(a.ncols()) {
        let size = |row: usize| both[(row, step)].size();
        let largest = (step..a.nrows()).fold(step, |best, row| if size(row) > size(best) { row } else { best });
        if size(largest) == 0.0 {
            continue;
        }
        order.swap(step, largest);
        for column in 0..a.ncols() {
            let (here, there) = (both[(step, column)], both[(largest, column)]);
            (both[(step, column)], both[(largest, column)]) = (there, here);
        }
        for row in step + 1..a.nrows() {
            let factor = both[(row, step)].over(both[(step, step)]);
            both[(row, step)] = factor;
            for column in step + 1..a.ncols() {
                let less = factor.times(both[(step, column)]).times(T::whole(-1.0));
                both[(row, column)] = both[(row, column)].plus(less);
            }
        }
    }
    (order, both)
}

/// K0507 where a triangle has a zero on its diagonal.
fn regular<T: Field>(triangle: MatRef<T>) -> Outcome<()> {
    let size = triangle.nrows().min(triangle.ncols());
    if (0..size).any(|at| triangle[(at, at)].size() == 0.0) {
        let error = Diagnostic::new(Code::Value, "the matrix is singular");
        return Err(error.help("`lstsq` and `pinv` take singular matrices too"));
    }
    Ok(())
}

/// Whether a permutation is an odd one.
fn is_odd(order: &[usize]) -> bool {
    let mut order = order.to_vec();
    let mut odd = false;
    for at in 0..order.len() {
        while order[at] != at {
            let to = order[at];
            order.swap(at, to);
            odd = !odd;
        }
    }
    odd
}

fn endless() -> Box<Diagnostic> {
    Diagnostic::new(Code::Value, "the decomposition of the matrix did not converge")
}

/// Of a matrix with NaN or infinite elements: NaN where elements are computed one from the other, an error where iterations would not end.
fn unknown<T: Field>(core: Core, matrix: Matrix) -> Outcome<()> {
    if matches!(matrix, Matrix::Svd | Matrix::Cholesky | Matrix::Eigh | Matrix::Eig) {
        let error = Diagnostic::new(Code::Value, format!("`{}` of a matrix with NaN or infinite elements", matrix.name()));
        return Err(error.help("replace them first: `nan_to_num(x)`"));
    }
    for (bytes, result) in core.results.into_iter().zip(&core.batched.results) {
        match result.dtype {
            DType::F32 | DType::C64 => cast_slice_mut::<u8, f32>(bytes).fill(f32::NAN),
            _ => cast_slice_mut::<u8, f64>(bytes).fill(f64::NAN),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use faer::linalg::cholesky::llt::factor::cholesky_in_place_scratch;
    use faer::linalg::evd::{ComputeEigenvectors, evd_scratch, self_adjoint_evd_scratch};
    use faer::linalg::householder::apply_block_householder_sequence_on_the_left_in_place_scratch as apply_scratch;
    use faer::linalg::lu::partial_pivoting::{factor::lu_in_place_scratch, inverse::inverse_scratch, solve::solve_in_place_scratch};
    use faer::linalg::qr::no_pivoting::factor::{qr_in_place_scratch, recommended_block_size};
    use faer::linalg::svd::{ComputeSvdVectors, svd_scratch};

    /// What takes more than the forecast counts.
    fn beyond<T: Field>(dtype: DType) -> Vec<String> {
        let mut found = Vec::new();
        let par = Par::Seq;
        let item = size_of::<T>();
        for (m, n) in [(1, 1), (3, 3), (2, 7), (40, 40), (1250, 50), (50, 1250), (21845, 3), (3, 21845), (300, 280), (700, 700)] {
            let k = m.min(n);
            let cores = [vec![m as u64, n as u64], vec![n as u64, 5]];
            let mut check = |matrix: Matrix, elements: usize, bytes: usize| {
                let (taken, counted) = (elements * item + bytes, matrix.workspace(&cores, dtype));
                if taken as u64 > counted {
                    found.push(format!("{matrix:?} {dtype} {m}×{n}: {taken} taken, {counted} counted"));
                }
            };
            let group = recommended_block_size::<T>(m, n);
            let qr = qr_in_place_scratch::<T>(m, n, group, par, Default::default()).unaligned_bytes_required();
            let apply = apply_scratch::<T>(m, group, k).unaligned_bytes_required();
            check(Matrix::Qr, m * n + m * k + k * n + m * k + group * k, qr.max(apply));
            let thin = ComputeSvdVectors::Thin;
            let svd = svd_scratch::<T>(m, n, thin, thin, par, Default::default()).unaligned_bytes_required();
            check(Matrix::Svd, m * k + 2 * n * k + k, svd);
            let lu = lu_in_place_scratch::<usize, T>(m, n, par, Default::default()).unaligned_bytes_required() + 32 * m;
            check(Matrix::Lu, m * n + m * k + k * n, lu);
            if m != n {
                continue;
            }
            check(Matrix::Determinant, 3 * n * n, lu);
            check(Matrix::Solve, 3 * n * n + n * 5, lu.max(solve_in_place_scratch::<usize, T>(n, 5, par).unaligned_bytes_required()));
            check(Matrix::Inverse, 3 * n * n, lu + inverse_scratch::<usize, T>(n, par).unaligned_bytes_required());
            check(Matrix::Cholesky, 2 * n * n, cholesky_in_place_scratch::<T>(n, par, Default::default()).unaligned_bytes_required());
            let eigh = self_adjoint_evd_scratch::<T>(n, ComputeEigenvectors::Yes, par, Default::default()).unaligned_bytes_required();
            check(Matrix::Eigh, n * n + n, eigh);
            let eig = evd_scratch::<T>(n, ComputeEigenvectors::No, ComputeEigenvectors::Yes, par, Default::default());
            check(Matrix::Eig, 5 * n * n + 4 * n, eig.unaligned_bytes_required());
        }
        found
    }

    #[test]
    fn workspaces_are_upper_bounds() {
        let found = [beyond::<f32>(DType::F32), beyond::<f64>(DType::F64), beyond::<c32>(DType::C64), beyond::<c64>(DType::C128)].concat();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}
