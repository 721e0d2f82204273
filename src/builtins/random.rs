//! Random numbers: element `i` (row-major) is a function of the seed and `i` alone, so that blocks, threads and machines change nothing.

use super::build::{A, Build, Extent, SliceArg, Value};
use super::parts::{ALL, built, cast, elementwise, examples, extent, number, optional};
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::{DType, Scalar};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::{Distribution, ScalarOp as Op};

pub(super) const TYPE: Param = optional("type", ParamKind::Type, Default::Absent);
pub(super) const SEED: Param = optional("seed", ParamKind::Int, Default::Int(0));

pub const TABLE: &[Builtin] = &[
    built(
        "random.uniform",
        Family::Random,
        &[optional("low", ParamKind::Array, Default::Float(0.0)), optional("high", ParamKind::Array, Default::Float(1.0)), TYPE, SEED],
        |b, args| uniform(b, args).map(Value::Array),
        "Numbers spread evenly from `low` up to `high`, which is left out: `random.uniform(0, 1, f64[4000, 4000], seed = 1)`.\n\
         `type` is `f32` or `f64` with the shape; a scalar `f64` where it is left out. Equal seeds give equal numbers, element by element;\n\
         the seed is 0 unless given.",
        examples!["x = random.uniform(2, 3, f64[100], seed = 1)\nprint(x.min() >= 2, x.max() < 3, x.shape)" => "true true (100,)"],
    ),
    built(
        "random.normal",
        Family::Random,
        &[optional("mean", ParamKind::Array, Default::Float(0.0)), optional("std", ParamKind::Array, Default::Float(1.0)), TYPE, SEED],
        |b, args| normal(b, args).map(Value::Array),
        "Normally distributed numbers with this mean and standard deviation; `type` and `seed` as for `random.uniform`.",
        examples!["x = random.normal(5, 0, f64[3])\nprint(x)" => "[5.0, 5.0, 5.0]"],
    ),
    built(
        "random.integers",
        Family::Random,
        &[optional("low", ParamKind::Int, Default::Int(0)), optional("high", ParamKind::Int, Default::Int(2)), TYPE, SEED],
        |b, args| integers(b, args).map(Value::Array),
        "Integers spread evenly from `low` up to `high`, which is left out.\n\
         `type` is an integer dtype with the shape, a scalar `i64` where it is left out; `seed` as for `random.uniform`. Ranges above 2**53 have gaps.",
        examples!["x = random.integers(1, 7, i64[100], seed = 1)\nprint(x.min() >= 1, x.max() <= 6)" => "true true"],
    ),
];

/// Row-major element numbers of a shape, i64, as sums along its axes: nothing is reshaped, so blocks compute their own.
fn element_numbers(b: &mut dyn Build, shape: &[Extent]) -> Outcome<A> {
    let mut numbers = b.constant(Scalar::i64(0));
    let mut stride = b.constant(Scalar::i64(1));
    for (axis, size) in shape.iter().enumerate().rev() {
        let index = b.iota(*size)?;
        let steps = elementwise(b, Op::Mul, &[index, stride])?;
        let mut place = vec![ALL];
        place.resize(shape.len() - axis, SliceArg::New);
        let steps = b.slice(steps, &place)?;
        numbers = elementwise(b, Op::Add, &[numbers, steps])?;
        let size = extent(b, *size);
        stride = elementwise(b, Op::Mul, &[stride, size])?;
    }
    Ok(numbers)
}

/// The stream of a distribution, f64, in the shape of the call's type, which the seed follows. `part` tells streams of one call apart.
pub(super) fn stream(b: &mut dyn Build, args: &Args, ty: usize, distribution: Distribution, part: u64) -> Outcome<A> {
    let seed = args.array(ty + 1)?;
    stream_in(b, seed, args.shape(ty), distribution, part)
}

/// The stream of a distribution, f64, in a shape.
pub(super) fn stream_in(b: &mut dyn Build, seed: A, shape: &[Extent], distribution: Distribution, part: u64) -> Outcome<A> {
    let numbers = element_numbers(b, shape)?;
    let (seed, numbers) = (cast(b, seed, DType::U64)?, cast(b, numbers, DType::U64)?);
    // No array has so many elements that two parts meet.
    let first = b.constant(Scalar::int(DType::U64, i128::from(part) << 60));
    let numbers = elementwise(b, Op::Add, &[numbers, first])?;
    b.map(Op::Random(distribution), &[seed, numbers])
}

/// K0302 unless the dtype asked for is one of a kind.
pub(super) fn dtype(args: &Args, ty: usize, default: DType, fits: fn(DType) -> bool, kind: &str) -> Outcome<DType> {
    let dtype = args.dtype(ty).unwrap_or(default);
    if fits(dtype) {
        return Ok(dtype);
    }
    Err(Diagnostic::at(Code::Dtype, args.span_of(ty), format!("{kind} are needed here, found {dtype}")))
}

fn uniform(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let dtype = dtype(args, 2, DType::F64, DType::is_float, "floats")?;
    let mut unit = stream(b, args, 2, Distribution::Uniform, 0)?;
    if dtype == DType::F32 {
        // Cut to the 24 bits that f32 holds: rounding could reach 1.
        let steps = number(b, DType::F64, (1u32 << 24) as f64);
        let scaled = elementwise(b, Op::Mul, &[unit, steps])?;
        let whole = elementwise(b, Op::Floor, &[scaled])?;
        unit = elementwise(b, Op::Div, &[whole, steps])?;
    }
    let (low, high) = (cast(b, args.array(0)?, DType::F64)?, cast(b, args.array(1)?, DType::F64)?);
    let span = elementwise(b, Op::Sub, &[high, low])?;
    let offset = elementwise(b, Op::Mul, &[span, unit])?;
    let value = elementwise(b, Op::Add, &[low, offset])?;
    cast(b, value, dtype)
}

fn normal(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let dtype = dtype(args, 2, DType::F64, DType::is_float, "floats")?;
    let unit = stream(b, args, 2, Distribution::Normal, 0)?;
    let (mean, std) = (cast(b, args.array(0)?, DType::F64)?, cast(b, args.array(1)?, DType::F64)?);
    let offset = elementwise(b, Op::Mul, &[std, unit])?;
    let value = elementwise(b, Op::Add, &[mean, offset])?;
    cast(b, value, dtype)
}

fn integers(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let dtype = dtype(args, 2, DType::I64, DType::is_int, "integers")?;
    let unit = stream(b, args, 2, Distribution::Uniform, 0)?;
    let (low, high) = (args.integer(b, 0)?, args.integer(b, 1)?);
    let span = elementwise(b, Op::Sub, &[high, low])?;
    let scaled = elementwise(b, Op::Mul, &[span, unit])?;
    let whole = elementwise(b, Op::Floor, &[scaled])?;
    let offset = cast(b, whole, DType::I64)?;
    let value = elementwise(b, Op::Add, &[low, offset])?;
    cast(b, value, dtype)
}
