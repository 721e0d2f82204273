//! Products of matrices. Owns no decompositions (see `matrices`) and no batches (see `norms`).

use super::build::{A, Build, SliceArg, Value};
use super::parts::{ALL, XY, built, cast, elementwise, examples};
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
        "The product of every element of one vector with every element of another.",
        examples!["print(outer([1, 2], [3, 4, 5]))" => "[[3, 4, 5], [6, 8, 10]]"],
    ),
];

fn dot(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (x, y) = (args.array(0)?, args.array(1)?);
    let common = promote_or_fail("@", &[b.ty(x).dtype, b.ty(y).dtype])?;
    let dtype = if common == DType::Bool { DType::I64 } else { common };
    if dtype.is_time() {
        return Err(Diagnostic::new(Code::Dtype, format!("`@` is not defined for {dtype}")));
    }
    let (x, y) = (cast(b, x, dtype)?, cast(b, y, dtype)?);
    b.matmul(x, y)
}

fn outer(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (x, y) = (args.array(0)?, args.array(1)?);
    for (at, a) in [x, y].into_iter().enumerate() {
        let ty = b.ty(a);
        if ty.rank() != 1 {
            return Err(
                Diagnostic::at(Code::Rank, args.span_of(at), format!("`outer` takes vectors, found {ty}")).help("`ravel(x)` makes one")
            );
        }
    }
    let mut dims = b.ty(x).dims;
    dims.extend(b.ty(y).dims);
    // Names are put back last: as vectors of one name the two would meet.
    let unnamed = |b: &mut dyn Build, a: A| {
        let dims = b.ty(a).dims.into_iter().map(|dim| crate::array::Dim::sized(dim.size)).collect();
        b.rename(a, dims)
    };
    let (x, y) = (unnamed(b, x)?, unnamed(b, y)?);
    let down = b.slice(x, &[ALL, SliceArg::New])?;
    let product = elementwise(b, Op::Mul, &[down, y])?;
    b.rename(product, dims)
}
