//! Arrays from nothing: constants, sequences, the unit matrix.

use super::build::{A, Build, Extent, SliceArg, Value};
use super::parts::{ALL, built, cast, elementwise, examples, floated, number, optional, required, shape_of};
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::{DType, Scalar};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;
use crate::types::promote::promote_or_fail;

const SHAPE: Param = required("shape", ParamKind::Shape);
const DTYPE: Param = optional("dtype", ParamKind::Type, Default::Absent);
const X: Param = required("x", ParamKind::Array);

pub const TABLE: &[Builtin] = &[
    built(
        "zeros",
        Family::Creation,
        &[SHAPE, DTYPE],
        |b, args| constant(b, args, 0.0),
        "An array of zeros, `f64` unless a dtype is given: `zeros(3, 4)`, `zeros(f32[3, 4])`.",
        examples!["print(zeros(2, 3))" => "[[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]", "print(zeros(2, dtype = i64))" => "[0, 0]"],
    ),
    built(
        "ones",
        Family::Creation,
        &[SHAPE, DTYPE],
        |b, args| constant(b, args, 1.0),
        "An array of ones, `f64` unless a dtype is given: `ones(3, 4)`, `ones(f32[3, 4])`.",
        examples!["print(ones(3))" => "[1.0, 1.0, 1.0]"],
    ),
    built(
        "full",
        Family::Creation,
        &[SHAPE, required("value", ParamKind::Array), DTYPE],
        full,
        "An array of one value, in its dtype unless another is given: `full(3, 4, value = 7)`.",
        examples!["print(full(2, 2, value = 7))" => "[[7, 7], [7, 7]]"],
    ),
    built(
        "zeros_like",
        Family::Creation,
        &[X, DTYPE],
        |b, args| constant_like(b, args, 0.0),
        "Zeros with the dtype, dimensions and coordinates of `x`.",
        examples!["print(zeros_like([1.5, 2.5]))" => "[0.0, 0.0]"],
    ),
    built(
        "ones_like",
        Family::Creation,
        &[X, DTYPE],
        |b, args| constant_like(b, args, 1.0),
        "Ones with the dtype, dimensions and coordinates of `x`.",
        examples!["print(ones_like([1.5, 2.5], dtype = i64))" => "[1, 1]"],
    ),
    built(
        "full_like",
        Family::Creation,
        &[X, required("value", ParamKind::Array), DTYPE],
        full_like,
        "One value with the dtype, dimensions and coordinates of `x`.",
        examples!["print(full_like([1.5, 2.5], 3))" => "[3.0, 3.0]"],
    ),
    built(
        "arange",
        Family::Creation,
        &[
            required("start", ParamKind::Array),
            optional("stop", ParamKind::Array, Default::Absent),
            optional("step", ParamKind::Array, Default::Absent),
            DTYPE,
        ],
        |b, args| arange(b, args).map(Value::Array),
        "`start`, `start + step`, … below `stop` (above, for a negative step); with one argument 0, 1, … below it.\n\
         Element i is `start + i * step`. Of floats prefer `linspace`, whose length does not depend on rounding. A step of 0 is an error.",
        examples!["print(arange(4))" => "[0, 1, 2, 3]", "print(arange(5, 0, -2))" => "[5, 3, 1]", "print(arange(0, 1, 0.25))" => "[0.0, 0.25, 0.5, 0.75]"],
    ),
    built(
        "linspace",
        Family::Creation,
        &[required("start", ParamKind::Array), required("stop", ParamKind::Array), optional("count", ParamKind::Int, Default::Int(50))],
        |b, args| linspace(b, args).map(Value::Array),
        "`count` numbers evenly from `start` to `stop`, both included; `f64`, or the precision of float ends.",
        examples!["print(linspace(0, 1, 5))" => "[0.0, 0.25, 0.5, 0.75, 1.0]"],
    ),
    built(
        "eye",
        Family::Creation,
        &[
            required("rows", ParamKind::Int),
            optional("columns", ParamKind::Int, Default::Absent),
            optional("diagonal", ParamKind::Int, Default::Int(0)),
            DTYPE,
        ],
        |b, args| eye(b, args).map(Value::Array),
        "A matrix with ones on a diagonal, square unless `columns` is given. `diagonal` 1 is the one above the main diagonal.",
        examples!["print(eye(2))" => "[[1.0, 0.0], [0.0, 1.0]]", "print(eye(2, 3, diagonal = 1, dtype = i64))" => "[[0, 1, 0], [0, 0, 1]]"],
    ),
];

fn constant(b: &mut dyn Build, args: &Args, value: f64) -> Outcome<Value> {
    let dtype = args.dtype(1).or(args.dtype(0)).unwrap_or(DType::F64);
    let value = number(b, dtype, value);
    b.broadcast(value, args.shape(0)).map(Value::Array)
}

fn full(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let mut value = args.array(1)?;
    if let Some(dtype) = args.dtype(2).or(args.dtype(0)) {
        value = cast(b, value, dtype)?;
    }
    b.broadcast(value, args.shape(0)).map(Value::Array)
}

fn constant_like(b: &mut dyn Build, args: &Args, value: f64) -> Outcome<Value> {
    let x = args.array(0)?;
    let dtype = args.dtype(1).unwrap_or(b.ty(x).dtype);
    let value = number(b, dtype, value);
    like(b, value, x)
}

fn full_like(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let x = args.array(0)?;
    let dtype = args.dtype(2).unwrap_or(b.ty(x).dtype);
    let value = cast(b, args.array(1)?, dtype)?;
    like(b, value, x)
}

/// A scalar over the dimensions of another array.
fn like(b: &mut dyn Build, value: A, x: A) -> Outcome<Value> {
    let (shape, dims) = (shape_of(b, x), b.ty(x).dims);
    let value = b.broadcast(value, &shape)?;
    b.rename(value, dims).map(Value::Array)
}

/// Integers are computed in i64, whose differences and negatives exist.
fn arange(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let one = b.constant(Scalar::i64(1));
    let (first, step) = (args.array(0)?, args.optional_array(2).unwrap_or(one));
    let (start, stop) = match args.optional_array(1) {
        Some(stop) => (first, stop),
        None => {
            let dtype = b.ty(first).dtype;
            (number(b, dtype, 0.0), first)
        }
    };
    if b.known(step).is_some_and(|step| step.as_f64() == 0.0) {
        return Err(Diagnostic::at(Code::Value, args.span_of(2), "the step of `arange` is 0"));
    }
    let dtypes: Vec<DType> = (0..3).filter_map(|at| Some(b.ty(args.optional_array(at)?).dtype)).collect();
    let times = dtypes.iter().any(|dtype| dtype.is_time());
    let dtype = match args.dtype(3) {
        Some(dtype) => dtype,
        None if times => dtypes[0],
        None => Some(promote_or_fail("arange", &dtypes)?).filter(|dtype| *dtype != DType::Bool).unwrap_or(DType::I64),
    };
    let mut ends = [start, stop, step];
    for end in &mut ends {
        let own = b.ty(*end).dtype;
        *end = cast(b, *end, if own.is_int() || own == DType::Bool { DType::I64 } else { own })?;
    }
    let [start, stop, step] = ends;
    let length = if dtypes.iter().any(|dtype| dtype.is_float()) {
        let span = elementwise(b, Op::Sub, &[stop, start])?;
        let steps = elementwise(b, Op::Div, &[span, step])?;
        let whole = elementwise(b, Op::Ceil, &[steps])?;
        cast(b, whole, DType::I64)?
    } else {
        // The quotient rounded up is the negative of the negative's rounded down.
        let span = elementwise(b, Op::Sub, &[start, stop])?;
        let steps = elementwise(b, Op::FloorDiv, &[span, step])?;
        elementwise(b, Op::Neg, &[steps])?
    };
    let zero = b.constant(Scalar::i64(0));
    let length = elementwise(b, Op::Maximum, &[length, zero])?;
    let index = b.iota(Extent::Value(length))?;
    let offset = elementwise(b, Op::Mul, &[index, step])?;
    let value = elementwise(b, Op::Add, &[start, offset])?;
    cast(b, value, dtype)
}

/// The last element is `stop` itself, not what rounding makes of it.
fn linspace(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (start, stop) = (floated(b, args.array(0)?)?, floated(b, args.array(1)?)?);
    let count = args.integer(b, 2)?;
    let one = b.constant(Scalar::i64(1));
    let less = elementwise(b, Op::Sub, &[count, one])?;
    let steps = elementwise(b, Op::Maximum, &[less, one])?;
    let index = b.iota(Extent::Value(count))?;
    let span = elementwise(b, Op::Sub, &[stop, start])?;
    let dtype = b.ty(span).dtype;
    let (float_index, float_steps) = (cast(b, index, dtype)?, cast(b, steps, dtype)?);
    let step = elementwise(b, Op::Div, &[span, float_steps])?;
    let offset = elementwise(b, Op::Mul, &[float_index, step])?;
    let value = elementwise(b, Op::Add, &[start, offset])?;
    let last = elementwise(b, Op::Eq, &[index, steps])?;
    elementwise(b, Op::Select, &[last, stop, value])
}

fn eye(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let rows = args.integer(b, 0)?;
    let columns = if args.optional_array(1).is_some() { args.integer(b, 1)? } else { rows };
    let (down, across) = (b.iota(Extent::Value(rows))?, b.iota(Extent::Value(columns))?);
    let diagonal = args.integer(b, 2)?;
    let down = elementwise(b, Op::Add, &[down, diagonal])?;
    let down = b.slice(down, &[ALL, SliceArg::New])?;
    let on = elementwise(b, Op::Eq, &[down, across])?;
    cast(b, on, args.dtype(3).unwrap_or(DType::F64))
}
