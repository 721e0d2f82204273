//! Products of arrays beyond `@`: stacks of matrices, inner and Kronecker products, contractions over chosen dimensions.

use super::axes::{at, axis, bare, names_of, with_axis, with_names};
use super::build::{A, Build, Extent, SliceArg, Value};
use super::linear::product_operands;
use super::parts::{ALL, XY, built, cast, elementwise, examples, extent, int, mul, optional, required, shape_of, sub};
use super::reductions::fold;
use super::shape::ravel;
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::DType;
use crate::base::{Code, Diagnostic, Name, Outcome};
use crate::ops::ScalarOp as Op;

const X: Param = required("x", ParamKind::Array);
const Y: Param = required("y", ParamKind::Array);

pub const TABLE: &[Builtin] = &[
    built(
        "matmul",
        Family::Linear,
        XY,
        |b, args| {
            let (x, y) = product_operands(b, args.array(0)?, args.array(1)?)?;
            matmul(b, x, y).map(Value::Array)
        },
        "The matrix products of stacks of matrices: the last two dimensions are matrices, those before broadcast against each other.\n\
         Of vectors and matrices it is `x @ y`. Dtypes as in `dot`.",
        examples!["print(matmul([[[1, 2]], [[3, 4]]], [[1], [1]]))" => "[[[3]], [[7]]]"],
    ),
    built(
        "vdot",
        Family::Linear,
        XY,
        |b, args| vdot(b, args).map(Value::Array),
        "The sum of products of all elements, those of `x` conjugated.",
        examples!["print(vdot([[1, 2], [3, 4]], [[1, 0], [0, 1]]))" => "5"],
    ),
    built(
        "inner",
        Family::Linear,
        XY,
        |b, args| inner(b, args).map(Value::Array),
        "The sums of products over the last dimension of both; the result has the others, of `x` first. Of a scalar the product.",
        examples!["print(inner([1, 2], [[3, 4], [5, 6]]))" => "[11, 17]"],
    ),
    built(
        "tensordot",
        Family::Linear,
        &[X, Y, optional("axes", ParamKind::Ints, Default::Int(2))],
        |b, args| tensordot(b, args).map(Value::Array),
        "The sums of products over several dimensions: the last `axes` of `x` with the first of `y`, or those at the positions of a pair:\n\
         `tensordot(x, y, ((1, 0), (0, 1)))`. The result has the other dimensions, of `x` first.",
        examples!["print(tensordot([[1, 2], [3, 4]], [[1, 2], [3, 4]]))" => "30", "print(tensordot([1, 2], [3, 4], 0))" => "[[3, 4], [6, 8]]"],
    ),
    built(
        "kron",
        Family::Linear,
        XY,
        |b, args| kron(b, args).map(Value::Array),
        "The Kronecker product: `y` times every element of `x`, in the place of the element.",
        examples!["print(kron([1, 10], [1, 2]))" => "[1, 2, 10, 20]"],
    ),
    built(
        "cross",
        Family::Linear,
        &[X, Y, optional("along", ParamKind::Dims, Default::Absent)],
        |b, args| cross(b, args).map(Value::Array),
        "The cross product of vectors along a dimension of size 3 (the last unless given); the others broadcast.",
        examples!["print(cross([1, 0, 0], [0, 1, 0]))" => "[0, 0, 1]"],
    ),
    built(
        "multi_dot",
        Family::Linear,
        &[required("arrays", ParamKind::Arrays)],
        |b, args| multi_dot(b, args).map(Value::Array),
        "The product of several matrices in the order of fewest multiplications; the first and the last may be vectors.\n\
         Godbole 1973, where the sizes are known; else from left to right.",
        examples!["print(multi_dot([1, 2], [[1, 0], [0, 1]], [3, 4]))" => "11"],
    ),
];

/// Names without those that stand twice: a later one gives way.
pub(super) fn distinct(mut names: Vec<Option<Name>>) -> Vec<Option<Name>> {
    for at in 1..names.len() {
        if names[..at].contains(&names[at]) {
            names[at] = None;
        }
    }
    names
}

/// Products of stacks of matrices of one dtype.
pub(super) fn matmul(b: &mut dyn Build, x: A, y: A) -> Outcome<A> {
    let (left, right) = (b.ty(x).rank(), b.ty(y).rank());
    if left == 0 || right == 0 || right <= 2 {
        return b.matmul(x, y);
    }
    let (row_names, column_names) = (names_of(b, x), names_of(b, y));
    let (x, y) = (bare(b, x)?, bare(b, y)?);
    if left <= 2 {
        // The one matrix with all columns of the stack beside each other.
        let mut order: Vec<usize> = (0..right).collect();
        let inner = order.remove(right - 2);
        order.insert(0, inner);
        let y = b.transpose(y, &order)?;
        let product = b.matmul(x, y)?;
        let mut names = column_names;
        let value = if left == 1 {
            names.remove(right - 2);
            product
        } else {
            let mut order: Vec<usize> = (1..right).collect();
            order.insert(right - 2, 0);
            names[right - 2] = row_names[0].clone();
            b.transpose(product, &order)?
        };
        return with_names(b, value, distinct(names));
    }
    let mut names: Vec<Option<Name>> = vec![None; right.saturating_sub(left)];
    names.extend_from_slice(&row_names[..left - 1]);
    for (name, other) in names.iter_mut().rev().skip(1).zip(column_names[..right - 2].iter().rev()) {
        if name.is_none() {
            name.clone_from(other);
        }
    }
    names.push(column_names[right - 1].clone());
    let value = stacks(b, x, y)?;
    with_names(b, value, distinct(names))
}

/// Both are stacks, without names.
fn stacks(b: &mut dyn Build, x: A, y: A) -> Outcome<A> {
    let (left, right) = (b.ty(x), b.ty(y));
    let inner = left.dims[left.rank() - 1].size;
    let other = right.dims[right.rank() - 2].size;
    if let (Some(inner), Some(other)) = (inner.known(), other.known())
        && inner != other
    {
        let message = format!("matrices of {left} have {inner} columns, those of {right} {other} rows");
        return Err(Diagnostic::new(Code::Shape, message).help("they have one size"));
    }
    if left.dtype.is_float() || left.dtype.is_complex() {
        return super::norms::product(b, x, y);
    }
    let down = with_axis(b, x, left.rank())?;
    let across = with_axis(b, y, right.rank() - 2)?;
    let product = if left.dtype == DType::Bool { elementwise(b, Op::And, &[down, across])? } else { mul(b, down, across)? };
    let summed = b.ty(product).rank() - 2;
    fold(b, if left.dtype == DType::Bool { Op::Or } else { Op::Add }, product, &[summed])
}

fn vdot(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (x, y) = product_operands(b, args.array(0)?, args.array(1)?)?;
    let x = elementwise(b, Op::Conj, &[x])?;
    let (x, y) = (ravel(b, x)?, ravel(b, y)?);
    b.matmul(x, y)
}

fn inner(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (x, y) = product_operands(b, args.array(0)?, args.array(1)?)?;
    let rank = b.ty(y).rank();
    if rank == 0 || b.ty(x).rank() == 0 {
        return mul(b, x, y);
    }
    let mut order: Vec<usize> = (0..rank - 1).collect();
    order.insert(0, rank - 1);
    let y = b.transpose(y, &order)?;
    b.matmul(x, y)
}

fn tensordot(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (x, y) = product_operands(b, args.array(0)?, args.array(1)?)?;
    let axes = args.known_ints(b, 2)?;
    let (left, right) = (b.ty(x).rank(), b.ty(y).rank());
    let wrong = |message: String| Diagnostic::at(Code::Rank, args.span_of(2), message);
    let (from_x, from_y): (Vec<usize>, Vec<usize>) = match axes[..] {
        [count] if args.is_single(2) || !args.is_given(2) => {
            if count < 0 || count as usize > left.min(right) {
                return Err(wrong(format!("{count} dimensions of {} and {} are summed", b.ty(x), b.ty(y))));
            }
            ((left - count as usize..left).collect(), (0..count as usize).collect())
        }
        _ if axes.len().is_multiple_of(2) => {
            let place = |axis: i64, rank: usize| {
                let from_start = if axis < 0 { axis + rank as i64 } else { axis };
                usize::try_from(from_start)
                    .ok()
                    .filter(|axis| *axis < rank)
                    .ok_or_else(|| Diagnostic::at(Code::UnknownDim, args.span_of(2), format!("no dimension {axis} among {rank}")))
            };
            let (first, second) = axes.split_at(axes.len() / 2);
            let first = first.iter().map(|axis| place(*axis, left)).collect::<Outcome<Vec<usize>>>()?;
            (first, second.iter().map(|axis| place(*axis, right)).collect::<Outcome<Vec<usize>>>()?)
        }
        _ => return Err(wrong(format!("{} positions for two arrays", axes.len())).help("a pair: `((1, 0), (0, 1))`")),
    };
    let repeated = |axes: &[usize]| axes.iter().enumerate().any(|(at, axis)| axes[..at].contains(axis));
    if repeated(&from_x) || repeated(&from_y) {
        return Err(wrong("a dimension stands twice".into()));
    }
    contract(b, x, y, &from_x, &from_y)
}

/// The sums of products over pairs of dimensions; the others remain, of `x` first.
pub(super) fn contract(b: &mut dyn Build, x: A, y: A, from_x: &[usize], from_y: &[usize]) -> Outcome<A> {
    let (tx, ty) = (b.ty(x), b.ty(y));
    for (left, right) in from_x.iter().zip(from_y) {
        if let (Some(m), Some(n)) = (tx.dims[*left].size.known(), ty.dims[*right].size.known())
            && m != n
        {
            let message = format!("dimension {left} of {tx} is {m}, dimension {right} of {ty} is {n}");
            return Err(Diagnostic::new(Code::Shape, message).help("what is summed together has one size"));
        }
    }
    let free = |rank: usize, summed: &[usize]| (0..rank).filter(|axis| !summed.contains(axis)).collect::<Vec<usize>>();
    let (free_x, free_y) = (free(tx.rank(), from_x), free(ty.rank(), from_y));
    let names = free_x.iter().map(|axis| &tx.dims[*axis]).chain(free_y.iter().map(|axis| &ty.dims[*axis]));
    let names = distinct(names.map(|dim| dim.name.clone()).collect());
    let (x, y) = (bare(b, x)?, bare(b, y)?);
    let x = b.transpose(x, &[free_x.as_slice(), from_x].concat())?;
    let y = b.transpose(y, &[from_y, free_y.as_slice()].concat())?;
    // What is summed becomes one dimension, which `@` sums; with none to sum, a new one of size 1.
    let (shape_x, shape_y) = (shape_of(b, x), shape_of(b, y));
    let mut summed = extent(b, Extent::Known(1));
    for size in &shape_y[..from_y.len()] {
        let size = extent(b, *size);
        summed = mul(b, summed, size)?;
    }
    let (x, y) = if from_x.len() == 1 {
        (x, y)
    } else {
        let mut left = shape_x[..free_x.len()].to_vec();
        left.push(Extent::Value(summed));
        let mut right = vec![Extent::Value(summed)];
        right.extend_from_slice(&shape_y[from_y.len()..]);
        (b.reshape(x, &left)?, b.reshape(y, &right)?)
    };
    let value = b.matmul(x, y)?;
    with_names(b, value, names)
}

fn kron(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (mut x, mut y) = (bare(b, args.array(0)?)?, bare(b, args.array(1)?)?);
    let rank = b.ty(x).rank().max(b.ty(y).rank());
    while b.ty(x).rank() < rank {
        x = with_axis(b, x, 0)?;
    }
    while b.ty(y).rank() < rank {
        y = with_axis(b, y, 0)?;
    }
    let (outer, inner) = (shape_of(b, x), shape_of(b, y));
    let index = |first: SliceArg, second: SliceArg| (0..rank).flat_map(|_| [first.clone(), second.clone()]).collect::<Vec<_>>();
    let (x, y) = (b.slice(x, &index(ALL, SliceArg::New))?, b.slice(y, &index(SliceArg::New, ALL))?);
    let product = mul(b, x, y)?;
    let mut shape = Vec::with_capacity(rank);
    for (outer, inner) in outer.into_iter().zip(inner) {
        let (outer, inner) = (extent(b, outer), extent(b, inner));
        shape.push(Extent::Value(mul(b, outer, inner)?));
    }
    b.reshape(product, &shape)
}

fn cross(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let mut parts = Vec::with_capacity(2);
    let mut place = 0;
    for operand in 0..2 {
        let x = args.array(operand)?;
        let ty = b.ty(x);
        let axis = match args.dims(2) {
            Some(_) => axis(b, args, 2, x)?,
            None if ty.rank() > 0 => ty.rank() - 1,
            None => return Err(Diagnostic::at(Code::Rank, args.span_of(operand), "a cross product is of vectors, found a scalar")),
        };
        if ty.dims[axis].size.known().is_some_and(|size| size != 3) {
            let message = format!("a cross product is of vectors of 3 elements, found {}", ty.dims[axis].size);
            return Err(Diagnostic::at(Code::Shape, args.span_of(operand), message));
        }
        let mut elements = Vec::with_capacity(3);
        for element in 0..3 {
            let position = int(b, element);
            elements.push(at(b, x, axis, position, args.span_of(operand))?);
        }
        if operand == 0 || ty.rank() > b.ty(args.array(0)?).rank() {
            place = axis;
        }
        parts.push((elements, ty.dims[axis].name.clone()));
    }
    let (x, y) = (&parts[0].0, &parts[1].0);
    let mut components = Vec::with_capacity(3);
    for (second, third) in [(1, 2), (2, 0), (0, 1)] {
        let (plus, minus) = (mul(b, x[second], y[third])?, mul(b, x[third], y[second])?);
        let component = sub(b, plus, minus)?;
        components.push(with_axis(b, component, place)?);
    }
    let value = b.concat(&components, place)?;
    let mut dims = b.ty(value).dims;
    dims[place].name = parts[0].1.clone().or(parts[1].1.clone());
    b.rename(value, dims)
}

fn multi_dot(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let arrays = args.arrays()?;
    if arrays.len() < 2 {
        return Err(Diagnostic::at(Code::Arguments, args.span, "`multi_dot` is of two matrices or more"));
    }
    let mut factors = vec![arrays[0]];
    for next in &arrays[1..] {
        let (left, right) = product_operands(b, factors[factors.len() - 1], *next)?;
        factors.pop();
        factors.extend([left, right]);
    }
    let dtype = b.ty(factors[factors.len() - 1]).dtype;
    let factors = factors.into_iter().map(|x| cast(b, x, dtype)).collect::<Outcome<Vec<A>>>()?;
    let last = factors.len() - 1;
    for (at, x) in factors.iter().enumerate() {
        let ty = b.ty(*x);
        let fits = ty.rank() == 2 || ty.rank() == 1 && (at == 0 || at == last);
        if !fits {
            let error = Diagnostic::new(Code::Rank, format!("a factor of `multi_dot` is a matrix, found {ty}"));
            return Err(error.help("only the first and the last may be vectors"));
        }
    }
    // Sizes between the factors: factor i is of sizes[i] by sizes[i + 1].
    let first = |x: A| b.ty(x).dims.first().and_then(|dim| dim.size.known());
    let inner: Option<Vec<u64>> = factors[1..].iter().map(|x| first(*x)).collect();
    let rows = if b.ty(factors[0]).rank() == 1 { Some(1) } else { first(factors[0]) };
    let columns = match b.ty(factors[last]).dims.as_slice() {
        [_, columns] => columns.size.known(),
        _ => Some(1),
    };
    let sizes = rows.zip(inner).zip(columns).map(|((rows, mut inner), columns)| {
        inner.insert(0, rows);
        inner.push(columns);
        inner
    });
    match sizes {
        Some(sizes) => chain(b, &factors, &best_splits(&sizes), 0, last),
        None => factors[1..].iter().try_fold(factors[0], |all, next| b.matmul(all, *next)),
    }
}

/// Of each run of factors `from..=to`, after which one to cut it for the fewest multiplications.
fn best_splits(sizes: &[u64]) -> Vec<Vec<usize>> {
    let count = sizes.len() - 1;
    let mut cost = vec![vec![0f64; count]; count];
    let mut splits = vec![vec![0; count]; count];
    for length in 1..count {
        for from in 0..count - length {
            let to = from + length;
            let candidates = (from..to).map(|at| {
                let own = sizes[from] as f64 * sizes[at + 1] as f64 * sizes[to + 1] as f64;
                (cost[from][at] + cost[at + 1][to] + own, at)
            });
            if let Some((least, at)) = candidates.min_by(|a, b| a.0.total_cmp(&b.0)) {
                (cost[from][to], splits[from][to]) = (least, at);
            }
        }
    }
    splits
}

fn chain(b: &mut dyn Build, factors: &[A], splits: &[Vec<usize>], from: usize, to: usize) -> Outcome<A> {
    if from == to {
        return Ok(factors[from]);
    }
    let at = splits[from][to];
    let (left, right) = (chain(b, factors, splits, from, at)?, chain(b, factors, splits, at + 1, to)?);
    b.matmul(left, right)
}
