//! Products of batches of matrices, powers, and numbers that say how large matrices are: norms, rank, condition, trace.

use super::axes::{axes, keep_dims};
use super::build::{A, Build, Extent, Matrix, ReduceOp, Routine, SliceArg, Value};
use super::matrices::{RCOND, cutoff, matrix, significant, svd};
use super::parts::{ALL, built, cast, elementwise, examples, floated, number, optional, required, shape_of};
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::{DType, Dim, Size};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;

const ORD: Param = optional("ord", ParamKind::Flag, Default::Absent);

pub const TABLE: &[Builtin] = &[
    built(
        "matrix_power",
        Family::Linear,
        &[required("x", ParamKind::Array), required("n", ParamKind::Flag)],
        matrix_power,
        "A square matrix multiplied with itself n times, by squaring; of a negative n its inverse. n is known when the program is checked.",
        examples!["print(matrix_power([[1, 1], [1, 0]], 10))" => "[[89, 55], [55, 34]]"],
    ),
    built(
        "norm",
        Family::Linear,
        &[
            required("x", ParamKind::Array),
            ORD,
            optional("over", ParamKind::Dims, Default::Absent),
            optional("keepdims", ParamKind::Flag, Default::Bool(false)),
        ],
        |b, args| norm(b, args).map(Value::Array),
        "The norm of a vector or matrix: of one dimension, or of two, all unless named. Without `ord` the root of the sum of squares of all.\n\
         Of vectors `ord` is any number, inf and -inf (largest and least size) and 0 (how many are not 0) among them; of matrices\n\
         \"fro\", \"nuc\" (sum of singular values), 1 and -1 (largest and least sum of a column), inf and -inf (of a row), 2 and -2 (largest and\n\
         least singular value). As NumPy's `linalg.norm`.",
        examples!["print(norm([3.0, 4.0]), norm([[1.0, -2.0], [3.0, 4.0]], 1))" => "5.0 6.0"],
    ),
    built(
        "cond",
        Family::Linear,
        &[required("x", ParamKind::Array), ORD],
        |b, args| cond(b, args).map(Value::Array),
        "The condition of matrices: largest by least singular value, or the product of the norms of matrix and inverse for another `ord`.",
        examples!["print(cond([[1.0, 0.0], [0.0, 4.0]]))" => "4.0"],
    ),
    built(
        "matrix_rank",
        Family::Linear,
        &[required("x", ParamKind::Array), RCOND],
        |b, args| matrix_rank(b, args).map(Value::Array),
        "The rank of matrices: how many singular values are above `rcond` times the largest.\n\
         It is the larger size times the precision of the dtype unless given.",
        examples!["print(matrix_rank([[1.0, 2.0], [2.0, 4.0]]))" => "1"],
    ),
];

/// Two operands with equal batches, repeated where sizes are 1. Batch axes meet by position; names are the first's where it has them.
pub fn batched(b: &mut dyn Build, x: A, y: A) -> Outcome<(A, A)> {
    let (tx, ty) = (b.ty(x), b.ty(y));
    let (rx, ry) = (tx.rank() - 2, ty.rank() - 2);
    if rx == 0 && ry == 0 {
        return Ok((x, y));
    }
    let (sx, sy) = (shape_of(b, x), shape_of(b, y));
    let rank = rx.max(ry);
    let (mut batch, mut names) = (Vec::new(), Vec::new());
    for at in 0..rank {
        // Counted from the last axis of the batch.
        let back = rank - at;
        let own = |rank: usize, dims: &[Dim]| (back <= rank).then(|| dims[rank - back].clone());
        let (dx, dy) = (own(rx, &tx.dims), own(ry, &ty.dims));
        if let (Some(dx), Some(dy)) = (&dx, &dy)
            && let (Some(p), Some(q)) = (dx.size.known(), dy.size.known())
            && p != q
            && p != 1
            && q != 1
        {
            let message = format!("the batches of {tx} and {ty} are {p} and {q} matrices long");
            return Err(Diagnostic::new(Code::Shape, message).help("sizes before the last two dimensions are equal, or 1, which repeats"));
        }
        let one = |dim: &Option<Dim>| dim.as_ref().is_none_or(|dim| dim.size == Size::Known(1));
        batch.push(if one(&dx) && !one(&dy) || rx < back { sy[ry - back] } else { sx[rx - back] });
        names.push(dx.and_then(|dim| dim.name).or(dy.and_then(|dim| dim.name)));
    }
    let mut repeated = |a: A, shape: &[Extent]| -> Outcome<A> {
        let core = shape.len() - 2;
        let full: Vec<Extent> = batch.iter().chain(&shape[core..]).copied().collect();
        let mut dims: Vec<Dim> = b.ty(a).dims[core..].iter().map(|dim| Dim { coord: None, ..dim.clone() }).collect();
        let value = super::matrices::nameless(b, a)?;
        let value = b.broadcast(value, &full)?;
        let sizes = b.ty(value).dims;
        let own = |name: &Option<crate::base::Name>| name.clone().filter(|name| dims.iter().all(|dim| dim.name.as_ref() != Some(name)));
        let all: Vec<Dim> = names.iter().zip(&sizes).map(|(name, dim)| Dim { name: own(name), size: dim.size, coord: None }).collect();
        dims.splice(0..0, all);
        b.rename(value, dims)
    };
    Ok((repeated(x, &sx)?, repeated(y, &sy)?))
}

/// The products of matrices of one dtype.
pub fn product(b: &mut dyn Build, x: A, y: A) -> Outcome<A> {
    if b.ty(x).rank() == 2 && b.ty(y).rank() == 2 {
        return b.matmul(x, y);
    }
    let (x, y) = batched(b, x, y)?;
    let ty = b.ty(x);
    if ty.dtype.is_float() || ty.dtype.is_complex() {
        return Ok(b.routine(Routine::Matrix(Matrix::Product), &[x, y])?[0]);
    }
    let batch = ty.rank() - 2;
    let (mut left, mut right) = (vec![ALL; ty.rank()], vec![ALL; batch]);
    left.push(SliceArg::New);
    right.extend([SliceArg::New, ALL, ALL]);
    let (x, y) = (super::matrices::nameless(b, x)?, super::matrices::nameless(b, y)?);
    let (left, right) = (b.slice(x, &left)?, b.slice(y, &right)?);
    let products = elementwise(b, Op::Mul, &[left, right])?;
    b.reduce(ReduceOp::Fold(Op::Add), products, &[batch + 1])
}

/// How often squaring may go: far beyond every finite power.
const MOST: u64 = 1 << 32;

fn matrix_power(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let (mut x, n) = (args.array(0)?, args.int(1)?);
    let ty = b.ty(x);
    let square = |dims: &[Dim]| matches!(dims, [.., m, n] if m.size.known().is_none() || n.size.known().is_none() || m.size == n.size);
    if !square(&ty.dims) {
        return Err(Diagnostic::at(Code::Shape, args.span_of(0), format!("`matrix_power` takes square matrices, found {ty}")));
    }
    if n.unsigned_abs() > MOST {
        return Err(Diagnostic::at(Code::Value, args.span_of(1), format!("the power {n} is too large")));
    }
    let rank = ty.rank();
    if n < 0 {
        let float = floated(b, x)?;
        x = b.routine(Routine::Matrix(Matrix::Inverse), &[float])?[0];
    } else if ty.dtype == DType::Bool {
        x = cast(b, x, DType::I64)?;
    }
    let mut x = super::matrices::nameless(b, x)?;
    let mut rest = n.unsigned_abs();
    let mut value: Option<A> = None;
    while rest > 0 {
        if rest % 2 == 1 {
            value = Some(match value {
                Some(value) => product(b, value, x)?,
                None => x,
            });
        }
        rest /= 2;
        if rest > 0 {
            x = product(b, x, x)?;
        }
    }
    let value = match value {
        Some(value) => value,
        None => {
            let dtype = b.ty(x).dtype;
            let on = on_diagonal(b, x, None)?;
            let unit = cast(b, on, dtype)?;
            let shape = shape_of(b, x);
            b.broadcast(unit, &shape)?
        }
    };
    let mut dims = ty.dims;
    for dim in &mut dims[rank - 2..] {
        dim.coord = None;
    }
    b.rename(value, dims).map(Value::Array)
}

/// Which elements of matrices are on a diagonal, bool.
fn on_diagonal(b: &mut dyn Build, x: A, diagonal: Option<A>) -> Outcome<A> {
    let shape = shape_of(b, x);
    let rank = shape.len();
    let (mut down, across) = (b.iota(shape[rank - 2])?, b.iota(shape[rank - 1])?);
    if let Some(diagonal) = diagonal {
        down = elementwise(b, Op::Add, &[down, diagonal])?;
    }
    let down = b.slice(down, &[ALL, SliceArg::New])?;
    elementwise(b, Op::Eq, &[down, across])
}

/// What `ord` says.
enum Order {
    Frobenius,
    Nuclear,
    Number(f64),
}

fn order(args: &Args, at: usize) -> Outcome<Option<Order>> {
    match (args.values.get(at), args.text(at)) {
        (Some(None) | None, _) => Ok(None),
        (_, Some("fro")) => Ok(Some(Order::Frobenius)),
        (_, Some("nuc")) => Ok(Some(Order::Nuclear)),
        (_, Some(other)) => {
            let error = Diagnostic::at(Code::Value, args.span_of(at), format!("no norm is called {other:?}"));
            Err(error.help("there are \"fro\", \"nuc\" and numbers"))
        }
        _ => args.float(at).map(|ord| Some(Order::Number(ord))),
    }
}

fn fold(b: &mut dyn Build, op: Op, x: A, axis: usize) -> Outcome<A> {
    b.reduce(ReduceOp::Fold(op), x, &[axis])
}

fn norm(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = floated(b, args.array(0)?)?;
    let axes = axes(b, args, 2, x)?;
    let dtype = b.ty(x).dtype.real();
    let value = match (order(args, 1)?, axes.as_slice()) {
        (None, axes) | (Some(Order::Frobenius), axes @ [_, _]) => root_of_squares(b, x, axes)?,
        (Some(Order::Number(ord)), [axis]) => vector_norm(b, x, *axis, ord)?,
        (Some(ord), [down, across]) => {
            let rank = b.ty(x).rank();
            let last: Vec<usize> = (0..rank).filter(|axis| !axes.contains(axis)).chain([*down, *across]).collect();
            let matrices = b.transpose(x, &last)?;
            matrix_norm(b, args, matrices, &ord)?
        }
        (Some(Order::Number(_)), axes) => {
            let message = format!("a norm with `ord` is of one dimension or two, found {}", axes.len());
            return Err(Diagnostic::at(Code::Rank, args.span_of(1), message).help("name them: `over = 0`"));
        }
        (Some(_), _) => {
            return Err(
                Diagnostic::at(Code::Rank, args.span_of(1), "this norm is of matrices, two dimensions").help("name them: `over = (0, 1)`")
            );
        }
    };
    let value = cast(b, value, dtype)?;
    if args.bool(3)? { keep_dims(b, x, &axes, value) } else { Ok(value) }
}

/// Sizes of elements, in f64 so that sums are exact enough.
fn magnitudes(b: &mut dyn Build, x: A) -> Outcome<A> {
    let size = elementwise(b, Op::Abs, &[x])?;
    cast(b, size, DType::F64)
}

fn root_of_squares(b: &mut dyn Build, x: A, axes: &[usize]) -> Outcome<A> {
    let size = magnitudes(b, x)?;
    if axes.is_empty() {
        return Ok(size);
    }
    let squares = elementwise(b, Op::Mul, &[size, size])?;
    let sum = super::reductions::sum(b, squares, axes)?;
    elementwise(b, Op::Sqrt, &[sum])
}

fn vector_norm(b: &mut dyn Build, x: A, axis: usize, ord: f64) -> Outcome<A> {
    let size = magnitudes(b, x)?;
    if ord.is_infinite() {
        return fold(b, if ord > 0.0 { Op::Maximum } else { Op::Minimum }, size, axis);
    }
    if ord == 0.0 {
        let zero = number(b, DType::F64, 0.0);
        let counted = elementwise(b, Op::Ne, &[size, zero])?;
        let counted = cast(b, counted, DType::F64)?;
        return super::reductions::sum(b, counted, &[axis]);
    }
    if ord == 1.0 {
        return super::reductions::sum(b, size, &[axis]);
    }
    if ord == 2.0 {
        return root_of_squares(b, x, &[axis]);
    }
    let (power, root) = (number(b, DType::F64, ord), number(b, DType::F64, 1.0 / ord));
    let powers = elementwise(b, Op::Pow, &[size, power])?;
    let sum = super::reductions::sum(b, powers, &[axis])?;
    elementwise(b, Op::Pow, &[sum, root])
}

/// Of the last two axes.
fn matrix_norm(b: &mut dyn Build, args: &Args, x: A, ord: &Order) -> Outcome<A> {
    let rank = b.ty(x).rank();
    let ord = match ord {
        Order::Frobenius => return root_of_squares(b, x, &[rank - 2, rank - 1]),
        Order::Nuclear => {
            let [_, s, _] = svd(b, x)?;
            return super::reductions::sum(b, s, &[rank - 2]);
        }
        Order::Number(ord) => *ord,
    };
    let extreme = if ord > 0.0 { Op::Maximum } else { Op::Minimum };
    let sums = |b: &mut dyn Build, axis: usize| {
        let size = magnitudes(b, x)?;
        let sums = super::reductions::sum(b, size, &[axis])?;
        fold(b, extreme, sums, rank - 2)
    };
    if ord.abs() == 1.0 {
        sums(b, rank - 2)
    } else if ord.is_infinite() {
        sums(b, rank - 1)
    } else if ord.abs() == 2.0 {
        let [_, s, _] = svd(b, x)?;
        fold(b, extreme, s, rank - 2)
    } else {
        let error = Diagnostic::at(Code::Value, args.span_of(1), format!("matrices have no norm {ord}"));
        Err(error.help("there are \"fro\", \"nuc\", 1, -1, 2, -2, inf and -inf"))
    }
}

fn cond(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = matrix(b, args, 0)?;
    match order(args, 1)? {
        None => ratio(b, x, false),
        Some(Order::Number(2.0)) => ratio(b, x, false),
        Some(Order::Number(-2.0)) => ratio(b, x, true),
        Some(ord) => {
            let inverse = b.routine(Routine::Matrix(Matrix::Inverse), &[x])?[0];
            let (own, other) = (matrix_norm(b, args, x, &ord)?, matrix_norm(b, args, inverse, &ord)?);
            let value = elementwise(b, Op::Mul, &[own, other])?;
            let dtype = b.ty(x).dtype.real();
            cast(b, value, dtype)
        }
    }
}

/// Largest by least singular value, or the other way round.
fn ratio(b: &mut dyn Build, x: A, turned: bool) -> Outcome<A> {
    let rank = b.ty(x).rank();
    let [_, s, _] = svd(b, x)?;
    let (most, least) = (fold(b, Op::Maximum, s, rank - 2)?, fold(b, Op::Minimum, s, rank - 2)?);
    elementwise(b, Op::Div, &if turned { [least, most] } else { [most, least] })
}

fn matrix_rank(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = matrix(b, args, 0)?;
    let rank = b.ty(x).rank();
    let [_, s, _] = svd(b, x)?;
    let rcond = cutoff(b, args, 1, x)?;
    let large = significant(b, s, rcond)?;
    let counted = cast(b, large, DType::I64)?;
    super::reductions::sum(b, counted, &[rank - 2])
}
