//! Decompositions of matrices, the last two dimensions of an array; the dimensions before are a batch. Large tall or flat matrices are
//! decomposed by blocks (see `tall`).

use super::build::{A, Build, Extent, Matrix, Routine, SliceArg, Value};
use super::parts::{ALL, X, built, cast, elementwise, examples, floated, number, optional, required, shape_of};
use super::tall::{adjoint, factors, is_tall};
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::{DType, Dim, Scalar};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;

pub const TABLE: &[Builtin] = &[
    built(
        "qr",
        Family::Linear,
        X,
        |b, args| {
            let x = matrix(b, args, 0)?;
            let [q, r] = qr(b, x)?;
            tuple(&[q, r])
        },
        "The reduced QR decomposition: `q, r = qr(x)` with `x = q @ r`.\n\
         q has size m×k and orthonormal columns, r size k×n and is upper triangular, k the smaller of m and n. Signs of columns may differ from\n\
         NumPy's.\n\
         The last two dimensions are the matrix, those before a batch. `f32 f64 c64 c128`; integers become `f64`. 2·m·n² operations. A matrix\n\
         with far more rows than columns is decomposed by blocks of rows, out of core (TSQR, Demmel et al. 2012); one with far more columns\n\
         by its first m columns.",
        examples!["q, r = qr([[3.0, 1.0], [4.0, 2.0]])\nprint(allclose(q @ r, [[3.0, 1.0], [4.0, 2.0]]), allclose(q.T @ q, eye(2)))" => "true true"],
    ),
    built(
        "svd",
        Family::Linear,
        X,
        |b, args| {
            let x = matrix(b, args, 0)?;
            let [u, s, vt] = svd(b, x)?;
            tuple(&[u, s, vt])
        },
        "The singular value decomposition: `u, s, vt = svd(x)` with `x = (u * s) @ vt`.\n\
         u has size m×k, s has k values, largest first, vt has size k×n, k the smaller of m and n (NumPy's `full_matrices = false`). Signs may\n\
         differ from NumPy's.\n\
         Batches, dtypes and tall or flat matrices as for `qr`; what is not used is not computed. NaN or infinite elements are an error (K0507).",
        examples!["u, s, vt = svd([[3.0, 0.0], [0.0, 4.0], [0.0, 0.0]])\nprint(s, allclose((u * s) @ vt, [[3, 0], [0, 4], [0, 0]]))" => "[4.0, 3.0] true"],
    ),
    built(
        "svdvals",
        Family::Linear,
        X,
        |b, args| {
            let x = matrix(b, args, 0)?;
            Ok(Value::Array(svd(b, x)?[1]))
        },
        "The singular values, largest first; see `svd`.",
        examples!["print(svdvals([[3.0, 0.0], [0.0, 4.0]]))" => "[4.0, 3.0]"],
    ),
    built(
        "svd_compressed",
        Family::Linear,
        &[
            required("x", ParamKind::Array),
            required("k", ParamKind::Flag),
            optional("power", ParamKind::Flag, Default::Int(1)),
            optional("seed", ParamKind::Int, Default::Int(0)),
        ],
        compressed,
        "The `k` largest singular values and their vectors, approximately: `u, s, vt = svd_compressed(x, 10)`.\n\
         A random projection to k + 10 dimensions with `power` power iterations, each of which reads `x` twice and makes the result better\n\
         where singular values fall slowly (Halko, Martinsson, Tropp 2011). Of one matrix, out of core.",
        examples!["x = outer([1.0, 2.0, 3.0], [1.0, 1.0])\nu, s, vt = svd_compressed(x, 1)\nprint(allclose((u * s) @ vt, x))" => "true"],
    ),
    built(
        "lu",
        Family::Linear,
        X,
        |b, args| {
            let x = matrix(b, args, 0)?;
            let results = b.routine(Routine::Matrix(Matrix::Lu), &[x])?;
            tuple(&results)
        },
        "The LU decomposition with partial pivoting: `p, l, u = lu(x)` with `x = p @ l @ u`.\n\
         p is a permutation matrix, l a lower triangle with ones on its diagonal, u an upper triangle (SciPy's `lu`). Batches and dtypes as for `qr`.",
        examples!["p, l, u = lu([[1.0, 2.0], [4.0, 4.0]])\nprint(p, l, u)" => "[[0.0, 1.0], [1.0, 0.0]] [[1.0, 0.0], [0.25, 1.0]] [[4.0, 4.0], [0.0, 1.0]]"],
    ),
    built(
        "cholesky",
        Family::Linear,
        X,
        |b, args| {
            let x = matrix(b, args, 0)?;
            first(b, Matrix::Cholesky, &[x])
        },
        "The lower triangle `l` with `x = l @ conj(l.T)`, of a positive definite matrix.\n\
         The matrix is its own conjugate transpose: of `x` the lower triangle is read. K0507 if it is not positive definite. Batches and dtypes as for `qr`.",
        examples!["print(cholesky([[4.0, 2.0], [2.0, 5.0]]))" => "[[2.0, 0.0], [1.0, 2.0]]"],
    ),
    built(
        "eigh",
        Family::Linear,
        X,
        |b, args| {
            let x = matrix(b, args, 0)?;
            let results = b.routine(Routine::Matrix(Matrix::Eigh), &[x])?;
            tuple(&results)
        },
        "Eigenvalues, in ascending order, and eigenvectors, the columns of a matrix, of a matrix that is its own conjugate transpose:\n\
         `w, v = eigh(x)` with `x @ v = v * w`. Of `x` the lower triangle is read. Signs of vectors may differ from NumPy's.\n\
         Batches and dtypes as for `qr`. NaN or infinite elements are an error (K0507).",
        examples!["w, v = eigh([[2.0, 1.0], [1.0, 2.0]])\nprint(allclose(w, [1, 3]), allclose([[2.0, 1.0], [1.0, 2.0]] @ v, v * w))" => "true true"],
    ),
    built(
        "eigvalsh",
        Family::Linear,
        X,
        |b, args| {
            let x = matrix(b, args, 0)?;
            first(b, Matrix::Eigh, &[x])
        },
        "The eigenvalues, in ascending order, of a matrix that is its own conjugate transpose; see `eigh`.",
        examples!["print(allclose(eigvalsh([[2.0, 1.0], [1.0, 2.0]]), [1, 3]))" => "true"],
    ),
    built(
        "eig",
        Family::Linear,
        X,
        |b, args| {
            let x = matrix(b, args, 0)?;
            let results = b.routine(Routine::Matrix(Matrix::Eig), &[x])?;
            tuple(&results)
        },
        "Eigenvalues and eigenvectors, the columns of a matrix, of a square matrix: `w, v = eig(x)` with `x @ v = v * w`; complex.\n\
         Vectors have length 1. Order and phase may differ from NumPy's. Batches and dtypes as for `qr`. NaN or infinite elements are an\n\
         error (K0507).",
        examples!["w, v = eig([[0.0, -1.0], [1.0, 0.0]])\nprint(allclose([[0.0, -1.0], [1.0, 0.0]] @ v.real, (v * w).real))" => "true"],
    ),
    built(
        "expm",
        Family::Linear,
        X,
        |b, args| {
            let x = matrix(b, args, 0)?;
            first(b, Matrix::Exponential, &[x])
        },
        "The exponential of a square matrix: the sum of `x ** k / k!` of its powers, the solution of `y' = x @ y` after one unit of time.\n\
         Scaling and squaring with the Padé approximant of degree 13 (Higham 2005). Batches and dtypes as for `qr`. `exp` goes element by element.",
        examples!["print(allclose(expm([[0.0, 1.0], [0.0, 0.0]]), [[1, 1], [0, 1]]))" => "true"],
    ),
    built(
        "eigvals",
        Family::Linear,
        X,
        |b, args| {
            let x = matrix(b, args, 0)?;
            first(b, Matrix::Eig, &[x])
        },
        "The eigenvalues of a square matrix, complex; see `eig`.",
        examples!["print(allclose(eigvals([[2.0, 0.0], [0.0, 3.0]]).real.sum(), 5))" => "true"],
    ),
];

/// An argument as matrices of floats or complex numbers. K0402 for fewer than two dimensions.
pub fn matrix(b: &mut dyn Build, args: &Args, at: usize) -> Outcome<A> {
    let x = args.array(at)?;
    let ty = b.ty(x);
    if ty.rank() < 2 {
        let error = Diagnostic::at(Code::Rank, args.span_of(at), format!("a matrix is needed, found {ty}"));
        return Err(error.help("`x[.., new]` is a matrix of one column"));
    }
    floated(b, x)
}

/// A value of several arrays.
pub fn tuple(arrays: &[A]) -> Outcome<Value> {
    Ok(Value::Tuple(arrays.iter().map(|a| Value::Array(*a)).collect()))
}

/// The first result of a routine.
pub fn first(b: &mut dyn Build, routine: Matrix, operands: &[A]) -> Outcome<Value> {
    Ok(Value::Array(b.routine(Routine::Matrix(routine), operands)?[0]))
}

/// Rows and columns of a matrix without a batch, where they are known.
pub fn sizes(b: &dyn Build, x: A) -> Option<(u64, u64)> {
    match b.ty(x).dims.as_slice() {
        [rows, columns] => rows.size.known().zip(columns.size.known()),
        _ => None,
    }
}

/// The array without names and coordinates.
pub fn nameless(b: &mut dyn Build, x: A) -> Outcome<A> {
    let dims = b.ty(x).dims.iter().map(|dim| Dim::sized(dim.size)).collect();
    b.rename(x, dims)
}

/// A matrix with the name of one dimension of another.
fn named(b: &mut dyn Build, x: A, axis: usize, like: A) -> Outcome<A> {
    let mut dims = b.ty(x).dims;
    dims[axis].name = b.ty(like).dims[axis].name.clone();
    b.rename(x, dims)
}

pub fn turned(b: &mut dyn Build, x: A) -> Outcome<A> {
    b.transpose(x, &[1, 0])
}

/// q, r.
pub fn qr(b: &mut dyn Build, x: A) -> Outcome<[A; 2]> {
    match sizes(b, x) {
        Some((rows, columns)) if is_tall(rows, columns) => {
            let plain = nameless(b, x)?;
            let factors = factors(b, plain, rows, columns)?;
            let q = factors.q(b)?;
            Ok([named(b, q, 0, x)?, named(b, factors.r, 1, x)?])
        }
        Some((rows, columns)) if is_tall(columns, rows) => {
            let plain = nameless(b, x)?;
            let cut = b.constant(Scalar::i64(rows as i64));
            let part = |lo, hi| [ALL, SliceArg::Range { lo, hi, step: 1 }];
            let (left, right) = (b.slice(plain, &part(None, Some(cut)))?, b.slice(plain, &part(Some(cut), None))?);
            let results = b.routine(Routine::Matrix(Matrix::Qr), &[left])?;
            let (q, r) = (results[0], results[1]);
            let turn = adjoint(b, q)?;
            let rest = b.matmul(turn, right)?;
            let r = b.concat(&[r, rest], 1)?;
            Ok([named(b, q, 0, x)?, named(b, r, 1, x)?])
        }
        _ => {
            let results = b.routine(Routine::Matrix(Matrix::Qr), &[x])?;
            Ok([results[0], results[1]])
        }
    }
}

/// u, s, vt.
pub fn svd(b: &mut dyn Build, x: A) -> Outcome<[A; 3]> {
    match sizes(b, x) {
        Some((rows, columns)) if is_tall(rows, columns) => {
            let plain = nameless(b, x)?;
            let factors = factors(b, plain, rows, columns)?;
            let results = b.routine(Routine::Matrix(Matrix::Svd), &[factors.r])?;
            let u = factors.times(b, results[0])?;
            Ok([named(b, u, 0, x)?, results[1], named(b, results[2], 1, x)?])
        }
        Some((rows, columns)) if is_tall(columns, rows) => {
            let other = turned(b, x)?;
            let [u, s, vt] = svd(b, other)?;
            Ok([turned(b, vt)?, s, turned(b, u)?])
        }
        _ => {
            let results = b.routine(Routine::Matrix(Matrix::Svd), &[x])?;
            Ok([results[0], results[1], results[2]])
        }
    }
}

/// Directions kept besides those that are wanted.
const MORE: u64 = 10;

fn compressed(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let x = matrix(b, args, 0)?;
    let ty = b.ty(x);
    let Some((rows, columns)) = sizes(b, x) else {
        let message = format!("`svd_compressed` takes one matrix of known size, found {ty}");
        return Err(Diagnostic::at(Code::Rank, args.span_of(0), message));
    };
    let (k, power) = (args.int(1)?, args.int(2)?);
    let small = rows.min(columns);
    if k < 1 || k as u64 > small {
        let message = format!("{k} singular values of {ty}, which has {small}");
        return Err(Diagnostic::at(Code::Value, args.span_of(1), message));
    }
    let kept = (k as u64 + MORE).min(small);
    let plain = nameless(b, x)?;
    let back = adjoint(b, plain)?;
    let shape = [Extent::Known(columns), Extent::Known(kept)];
    let seed = args.array(3)?;
    let random = super::random::stream_in(b, seed, &shape, crate::ops::Distribution::Normal, 0)?;
    let random = cast(b, random, ty.dtype)?;
    let mut y = b.matmul(plain, random)?;
    let orthonormal = |b: &mut dyn Build, y: A, rows: u64| factors(b, y, rows, kept)?.q(b);
    for _ in 0..power {
        let q = orthonormal(b, y, rows)?;
        let z = b.matmul(back, q)?;
        let q = orthonormal(b, z, columns)?;
        y = b.matmul(plain, q)?;
    }
    let q = orthonormal(b, y, rows)?;
    let turn = adjoint(b, q)?;
    let projected = b.matmul(turn, plain)?;
    let [u, s, vt] = svd(b, projected)?;
    let u = b.matmul(q, u)?;
    let end = b.constant(Scalar::i64(k));
    let up_to = SliceArg::Range { lo: None, hi: Some(end), step: 1 };
    let (u, s, vt) = (b.slice(u, &[ALL, up_to.clone()])?, b.slice(s, std::slice::from_ref(&up_to))?, b.slice(vt, &[up_to, ALL])?);
    tuple(&[named(b, u, 0, x)?, s, named(b, vt, 1, x)?])
}

/// The reciprocals of singular values; 0 of those that are at most `rcond` times the largest. And which are above it.
pub fn reciprocals(b: &mut dyn Build, s: A, rcond: A) -> Outcome<(A, A)> {
    let large = significant(b, s, rcond)?;
    let dtype = b.ty(s).dtype;
    let (one, zero) = (number(b, dtype, 1.0), number(b, dtype, 0.0));
    let inverse = elementwise(b, Op::Div, &[one, s])?;
    Ok((elementwise(b, Op::Select, &[large, inverse, zero])?, large))
}

/// Which singular values are above `rcond` times the largest of their matrix.
pub fn significant(b: &mut dyn Build, s: A, rcond: A) -> Outcome<A> {
    let ty = b.ty(s);
    let rank = ty.rank();
    let zero = b.constant(Scalar::i64(0));
    let mut index = vec![ALL; rank - 1];
    let one = b.constant(Scalar::i64(1));
    index.push(SliceArg::Range { lo: Some(zero), hi: Some(one), step: 1 });
    let largest = b.slice(s, &index)?;
    let rcond = cast(b, rcond, ty.dtype)?;
    let least = elementwise(b, Op::Mul, &[largest, rcond])?;
    elementwise(b, Op::Gt, &[s, least])
}

/// The rcond of a call, or the precision times the larger size of the matrix.
pub fn cutoff(b: &mut dyn Build, args: &Args, at: usize, x: A) -> Outcome<A> {
    if let Some(given) = args.optional_array(at) {
        return Ok(given);
    }
    let ty = b.ty(x);
    let precision = if ty.dtype.real() == DType::F32 { f32::EPSILON.into() } else { f64::EPSILON };
    let shape = shape_of(b, x);
    let rank = shape.len();
    let (m, n) = (super::parts::extent(b, shape[rank - 2]), super::parts::extent(b, shape[rank - 1]));
    let larger = elementwise(b, Op::Maximum, &[m, n])?;
    let larger = cast(b, larger, DType::F64)?;
    let precision = number(b, DType::F64, precision);
    elementwise(b, Op::Mul, &[larger, precision])
}

/// The parameter that says which singular values count as 0.
pub const RCOND: Param = optional("rcond", ParamKind::Array, Default::Absent);
