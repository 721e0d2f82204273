//! Equations of matrices: solutions, inverses, least squares, determinants.

use super::build::{A, Build, Matrix, Routine, SliceArg, Value};
use super::matrices::{RCOND, cutoff, first, matrix, nameless, reciprocals, sizes, svd, tuple};
use super::norms::product;
use super::parts::{ALL, X, built, cast, elementwise, examples, floated, optional, required};
use super::tall::{adjoint, factors, is_tall};
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::{DType, Scalar};
use crate::base::{Code, Diagnostic, Outcome};
use crate::builtins::build::ReduceOp;
use crate::ops::ScalarOp as Op;
use crate::types::promote::promote_or_fail;

const A_PARAM: Param = required("a", ParamKind::Array);
const B_PARAM: Param = required("b", ParamKind::Array);

pub const TABLE: &[Builtin] = &[
    built(
        "solve",
        Family::Linear,
        &[A_PARAM, B_PARAM],
        |b, args| solved(b, args, Matrix::Solve),
        "The x with `a @ x = b`, for a square matrix and one right side or a matrix of them.\n\
         `b` is a vector where it has one dimension; dimensions before the last two are a batch and repeat. LU with partial pivoting, 2/3·n³\n\
         operations. A singular matrix is an error (K0507). `f32 f64 c64 c128`; integers become `f64`.",
        examples!["print(solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 8.0]))" => "[1.0, 2.0]"],
    ),
    built(
        "solve_triangular",
        Family::Linear,
        &[
            A_PARAM,
            B_PARAM,
            optional("lower", ParamKind::Flag, Default::Bool(false)),
            optional("unit", ParamKind::Flag, Default::Bool(false)),
        ],
        |b, args| {
            let (lower, unit) = (args.bool(2)?, args.bool(3)?);
            solved(b, args, Matrix::SolveTriangular { lower, unit })
        },
        "The x with `a @ x = b`, for the upper triangle of `a`, or the lower one; the other is not looked at.\n\
         With `unit` the diagonal counts as ones. A zero on the diagonal is an error (K0507). Operands as for `solve`.",
        examples!["print(solve_triangular([[2.0, 1.0], [0.0, 4.0]], [4.0, 8.0]))" => "[1.0, 2.0]"],
    ),
    built(
        "inv",
        Family::Linear,
        X,
        |b, args| {
            let x = matrix(b, args, 0)?;
            first(b, Matrix::Inverse, &[x])
        },
        "The inverse of a square matrix; of named dimensions `[row, col]` it has `[col, row]`. A singular matrix is an error (K0507).\n\
         To solve equations use `solve`, which is faster and more exact. Batches and dtypes as for `solve`.",
        examples!["print(inv([[2.0, 0.0], [0.0, 4.0]]))" => "[[0.5, 0.0], [0.0, 0.25]]"],
    ),
    built(
        "pinv",
        Family::Linear,
        &[required("x", ParamKind::Array), RCOND],
        |b, args| pinv(b, args).map(Value::Array),
        "The pseudo-inverse (Moore, Penrose) of any matrix, through `svd`.\n\
         Singular values of at most `rcond` times the largest count as 0; the larger size times the precision of the dtype unless given.",
        examples!["print(allclose(pinv([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]]), [[1, 0, 0], [0, 0.5, 0]]))" => "true"],
    ),
    built(
        "lstsq",
        Family::Linear,
        &[A_PARAM, B_PARAM, RCOND],
        lstsq,
        "The x that makes the sum of the squares of `a @ x - b` least, the shortest such x: `x, residuals, rank, s = lstsq(a, b)`.\n\
         Then those sums, one for each right side, the rank of `a` and its singular values. `rcond` as for `pinv`. Of one matrix; a tall one\n\
         by blocks of rows, out of core. Through `svd`, so that matrices of any rank do. `residuals` is there whatever the rank; NumPy's is empty\n\
         for some.",
        examples!["x, residuals, rank, s = lstsq([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]], [1.0, 3.0, 5.0])\nprint(allclose(x, [1, 2]), rank)" => "true 2"],
    ),
    built(
        "det",
        Family::Linear,
        X,
        |b, args| {
            let x = matrix(b, args, 0)?;
            first(b, Matrix::Determinant, &[x])
        },
        "The determinant of a square matrix, by LU. Batches and dtypes as for `solve`. Where it would overflow there is `slogdet`.",
        examples!["print(det([[2.0, 1.0], [1.0, 4.0]]))" => "7.0"],
    ),
    built(
        "slogdet",
        Family::Linear,
        X,
        |b, args| {
            let x = matrix(b, args, 0)?;
            let results = b.routine(Routine::Matrix(Matrix::Determinant), &[x])?;
            tuple(&results[1..])
        },
        "The sign of the determinant and the logarithm of its size: `sign, logdet = slogdet(x)`; of a singular matrix 0 and -inf.\n\
         Of complex matrices the sign is a number of size 1.",
        examples!["sign, logdet = slogdet([[0.0, 1.0], [1.0, 0.0]])\nprint(sign, logdet)" => "-1.0 0.0"],
    ),
];

/// Both operands in one dtype that routines work in; the second as matrices, and whether it was a vector.
fn sides(b: &mut dyn Build, args: &Args) -> Outcome<(A, A, bool)> {
    let (a, right) = (matrix(b, args, 0)?, floated(b, args.array(1)?)?);
    let dtype = promote_or_fail("solve", &[b.ty(a).dtype, b.ty(right).dtype])?;
    let (a, right) = (cast(b, a, dtype)?, cast(b, right, dtype)?);
    match b.ty(right).rank() {
        0 => {
            let message = format!("a right side is a vector or a matrix, found {}", b.ty(right));
            Err(Diagnostic::at(Code::Rank, args.span_of(1), message))
        }
        1 => Ok((a, b.slice(right, &[ALL, SliceArg::New])?, true)),
        _ => Ok((a, right, false)),
    }
}

/// The only column of matrices.
fn column(b: &mut dyn Build, args: &Args, x: A) -> Outcome<A> {
    let zero = b.constant(Scalar::i64(0));
    let mut index = vec![ALL; b.ty(x).rank() - 1];
    index.push(SliceArg::At(zero, args.span));
    b.slice(x, &index)
}

fn solved(b: &mut dyn Build, args: &Args, routine: Matrix) -> Outcome<Value> {
    let (a, right, vector) = sides(b, args)?;
    let (a, right) = super::norms::batched(b, a, right)?;
    let x = b.routine(Routine::Matrix(routine), &[a, right])?[0];
    Ok(Value::Array(if vector { column(b, args, x)? } else { x }))
}

/// A vector along the last dimension as rows of one.
fn scaled_columns(b: &mut dyn Build, matrix: A, by: A) -> Outcome<A> {
    let rank = b.ty(by).rank();
    let mut index = vec![ALL; rank - 1];
    index.extend([SliceArg::New, ALL]);
    let by = b.slice(by, &index)?;
    elementwise(b, Op::Mul, &[matrix, by])
}

/// `vt* @ diag(1 / s) @ u*`
fn pinv(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let named = matrix(b, args, 0)?;
    let x = nameless(b, named)?;
    let [u, s, vt] = svd(b, x)?;
    let rcond = cutoff(b, args, 1, x)?;
    let (inverse, _) = reciprocals(b, s, rcond)?;
    let (v, left) = (adjoint(b, vt)?, adjoint(b, u)?);
    let scaled = scaled_columns(b, v, inverse)?;
    let value = product(b, scaled, left)?;
    let mut dims = b.ty(named).dims;
    let rank = dims.len();
    dims.swap(rank - 2, rank - 1);
    b.rename(value, dims)
}

fn lstsq(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let (a, right, vector) = sides(b, args)?;
    let (a, right) = (nameless(b, a)?, nameless(b, right)?);
    if b.ty(a).rank() != 2 || b.ty(right).rank() != 2 {
        let message = format!("`lstsq` takes one matrix, found {} and {}", b.ty(a), b.ty(right));
        return Err(Diagnostic::at(Code::Rank, args.span_of(0), message));
    }
    let rcond = cutoff(b, args, 2, a)?;
    // Of a tall matrix only the triangle is decomposed further: Q changes no length.
    let (small, projected) = match sizes(b, a) {
        Some((rows, columns)) if is_tall(rows, columns) => {
            let factors = factors(b, a, rows, columns)?;
            (factors.r, factors.adjoint_times(b, right)?)
        }
        _ => (a, right),
    };
    let [u, s, vt] = svd(b, small)?;
    let (inverse, large) = reciprocals(b, s, rcond)?;
    let left = adjoint(b, u)?;
    let coordinates = b.matmul(left, projected)?;
    let v = adjoint(b, vt)?;
    let scaled = scaled_columns(b, v, inverse)?;
    let x = b.matmul(scaled, coordinates)?;
    let fitted = b.matmul(a, x)?;
    let rest = elementwise(b, Op::Sub, &[fitted, right])?;
    let sizes = elementwise(b, Op::Abs, &[rest])?;
    let squares = elementwise(b, Op::Mul, &[sizes, sizes])?;
    let residuals = b.reduce(ReduceOp::Fold(Op::Add), squares, &[0])?;
    let counted = cast(b, large, DType::I64)?;
    let rank = b.reduce(ReduceOp::Fold(Op::Add), counted, &[0])?;
    if vector {
        let zero = b.constant(Scalar::i64(0));
        let residual = b.slice(residuals, &[SliceArg::At(zero, args.span)])?;
        let x = column(b, args, x)?;
        return tuple(&[x, residual, rank, s]);
    }
    tuple(&[x, residuals, rank, s])
}
