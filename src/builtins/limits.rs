//! What dtypes hold and how much memory arrays take.

use super::build::{A, Build, Value};
use super::parts::{X, built, examples, int, mul, required};
use super::{Args, Builtin, Family, Param, ParamKind};
use crate::array::{DType, Scalar};
use crate::base::{Code, Diagnostic, Name, Outcome};
use crate::ops::ScalarOp as Op;

const TYPE: &[Param] = &[required("type", ParamKind::Type)];

pub const TABLE: &[Builtin] = &[
    built(
        "finfo",
        Family::Shape,
        TYPE,
        finfo,
        "What a float dtype holds, a record: `bits`, `eps` (from 1 to the next number), `max`, `min`, `smallest_normal`.\n\
         Of complex numbers it is about their parts.",
        examples!["print(finfo(f64).eps, finfo(f32).bits)" => "2.220446049250313e-16 32"],
    ),
    built(
        "iinfo",
        Family::Shape,
        TYPE,
        iinfo,
        "What an integer dtype holds, a record: `bits`, `max`, `min`.",
        examples!["print(iinfo(i8).min, iinfo(u16).max)" => "-128 65535"],
    ),
    built(
        "nbytes",
        Family::Shape,
        X,
        |b, args| nbytes(b, args.array(0)?).map(Value::Array),
        "How many bytes the elements take in memory, where they stand there: their number times the size of one.",
        examples!["print(nbytes(zeros(3, 4)))" => "96"],
    ),
];

fn record(b: &mut dyn Build, fields: &[(&str, Scalar)]) -> Value {
    Value::Record(fields.iter().map(|(name, value)| (Name::new(name), Value::Array(b.constant(*value)))).collect())
}

fn bits(dtype: DType) -> (&'static str, Scalar) {
    ("bits", Scalar::i64(8 * dtype.size() as i64))
}

fn finfo(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let dtype = args.dtype(0).unwrap_or(DType::F64).real();
    if !dtype.is_float() {
        let error = Diagnostic::at(Code::Dtype, args.span_of(0), format!("floats are described, found {dtype}"));
        return Err(error.help(format!("`iinfo({dtype})` is for integers")));
    }
    let (eps, max, least) = match dtype {
        DType::F32 => (f32::EPSILON.into(), f32::MAX.into(), f32::MIN_POSITIVE.into()),
        _ => (f64::EPSILON, f64::MAX, f64::MIN_POSITIVE),
    };
    let number = |value: f64| Scalar::f64(value).cast(dtype);
    let fields = [bits(dtype), ("eps", number(eps)), ("max", number(max)), ("min", number(-max)), ("smallest_normal", number(least))];
    Ok(record(b, &fields))
}

fn iinfo(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let dtype = args.dtype(0).unwrap_or(DType::I64);
    // What leaves every other number as it is when the smaller, or the larger, is taken.
    let end = |op: Op| op.identity(dtype).filter(|_| dtype.is_int());
    let (Some(max), Some(min)) = (end(Op::Minimum), end(Op::Maximum)) else {
        let error = Diagnostic::at(Code::Dtype, args.span_of(0), format!("integers are described, found {dtype}"));
        return Err(error.help("`finfo(f64)` is for floats"));
    };
    Ok(record(b, &[bits(dtype), ("max", max), ("min", min)]))
}

fn nbytes(b: &mut dyn Build, x: A) -> Outcome<A> {
    let axes: Vec<usize> = (0..b.ty(x).rank()).collect();
    let count = super::axes::count(b, x, &axes)?;
    let bytes = b.ty(x).dtype.size() as i64;
    let one = int(b, bytes);
    mul(b, count, one)
}
