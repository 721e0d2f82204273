//! Products of matrices. Owns no decompositions (see `matrices`) and no batches (see `norms`).

use super::axes::bare;
use super::build::{A, Build, SliceArg, Value};
use super::parts::{ALL, XY, built, cast, elementwise, examples};
use super::shape::ravel;
use super::{Args, Builtin, Family};
use crate::array::DType;
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;
use crate::types::promote::promote_or_fail;

pub const TABLE: &[Builtin] = &[
    built(
        "dot",
        Family::Linear,
        XY,
        |b, args| dot(b, args).map(Value::Array),
        "The matrix product, `x @ y`: sums the last dimension of `x` with the first of `y`.\n\
         Operands are promoted; bools count as `i64`. Named dimensions that are summed have one name; a name that the result would have twice\n\
         stays with `x`'s dimension. Of m×k with k×n it takes m·k·n multiplications.",
        examples![
            "a = [[1, 2], [3, 4]]\nprint(a @ a)" => "[[7, 10], [15, 22]]",
            "print(dot([1.0, 2.0], [3.0, 4.0]))" => "11.0",
        ],
    ),
    built(
        "outer",
        Family::Linear,
        XY,
        |b, args| outer(b, args).map(Value::Array),
        "The product of every element of `x` with every element of `y`, a matrix; more dimensions are taken row-major.",
        examples!["print(outer([1, 2], [3, 4, 5]))" => "[[3, 4, 5], [6, 8, 10]]"],
    ),
];

fn dot(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (x, y) = product_operands(b, args.array(0)?, args.array(1)?)?;
    b.matmul(x, y)
}

/// Both in the dtype that products of them are summed in.
pub(super) fn product_operands(b: &mut dyn Build, x: A, y: A) -> Outcome<(A, A)> {
    let common = promote_or_fail("@", &[b.ty(x).dtype, b.ty(y).dtype])?;
    let dtype = if common == DType::Bool { DType::I64 } else { common };
    if dtype.is_time() {
        return Err(Diagnostic::new(Code::Dtype, format!("`@` is not defined for {dtype}")));
    }
    Ok((cast(b, x, dtype)?, cast(b, y, dtype)?))
}

fn outer(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (x, y) = (args.array(0)?, args.array(1)?);
    let row = |b: &mut dyn Build, x: A| if b.ty(x).rank() == 1 { Ok(x) } else { ravel(b, x) };
    let (x, y) = (row(b, x)?, row(b, y)?);
    let mut dims = b.ty(x).dims;
    dims.extend(b.ty(y).dims);
    // Names are put back last: as vectors of one name the two would meet.
    let (x, y) = (bare(b, x)?, bare(b, y)?);
    let down = b.slice(x, &[ALL, SliceArg::New])?;
    let product = elementwise(b, Op::Mul, &[down, y])?;
    b.rename(product, dims)
}
