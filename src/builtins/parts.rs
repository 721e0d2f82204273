//! What definitions are put together from: elementwise operations with their type rule, casts, shapes of other arrays. And how the entries
//! of the tables are written down.

use super::build::{A, Build, Extent, SliceArg, Value};
use super::{Args, Builtin, Default, Define, Example, Family, Param, ParamKind};
use crate::array::calendar::NAT;
use crate::array::{DType, Scalar};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp;
use crate::types::signature::signature;

/// An operation on arrays of any dtypes: operands are cast as `types::signature` says, broadcast, and the result is cast where it is a time.
pub fn elementwise(b: &mut dyn Build, op: ScalarOp, args: &[A]) -> Outcome<A> {
    let dtypes: Vec<DType> = args.iter().map(|a| b.ty(*a).dtype).collect();
    let rule = signature(op, &dtypes)?;
    let operands = args.iter().zip(&rule.operands).map(|(a, dtype)| cast(b, *a, *dtype)).collect::<Outcome<Vec<A>>>()?;
    let value = b.map(op, &operands)?;
    let whole = if rule.gives.is_float() && rule.result.is_time() { b.map(ScalarOp::Round, &[value])? } else { value };
    cast(b, whole, rule.result)
}

pub fn add(b: &mut dyn Build, x: A, y: A) -> Outcome<A> {
    elementwise(b, ScalarOp::Add, &[x, y])
}

pub fn sub(b: &mut dyn Build, x: A, y: A) -> Outcome<A> {
    elementwise(b, ScalarOp::Sub, &[x, y])
}

pub fn mul(b: &mut dyn Build, x: A, y: A) -> Outcome<A> {
    elementwise(b, ScalarOp::Mul, &[x, y])
}

pub fn div(b: &mut dyn Build, x: A, y: A) -> Outcome<A> {
    elementwise(b, ScalarOp::Div, &[x, y])
}

/// The array in a dtype; itself where it has it.
pub fn cast(b: &mut dyn Build, a: A, to: DType) -> Outcome<A> {
    if b.ty(a).dtype == to { Ok(a) } else { b.cast(a, to) }
}

/// The array as floats or complex numbers: others become `f64`. K0302 for times.
pub fn floated(b: &mut dyn Build, a: A) -> Outcome<A> {
    let dtype = b.ty(a).dtype;
    if dtype.is_time() {
        return Err(Diagnostic::new(Code::Dtype, format!("numbers are needed, found {dtype}")).help("a duration in hours is `d / 1h`"));
    }
    if dtype.is_float() || dtype.is_complex() { Ok(a) } else { cast(b, a, DType::F64) }
}

/// Whether elements are missing: NaN, or the instant that is none.
pub fn missing(b: &mut dyn Build, x: A) -> Outcome<A> {
    let dtype = b.ty(x).dtype;
    if !dtype.is_time() {
        return elementwise(b, ScalarOp::IsNan, &[x]);
    }
    let none = b.constant(Scalar::int(dtype, NAT.into()));
    elementwise(b, ScalarOp::Eq, &[x, none])
}

/// A number of a dtype.
pub fn number(b: &mut dyn Build, dtype: DType, value: f64) -> A {
    b.constant(Scalar::f64(value).cast(dtype))
}

/// An integer of the program.
pub fn int(b: &mut dyn Build, value: i64) -> A {
    b.constant(Scalar::i64(value))
}

/// The sizes of an array.
pub fn shape_of(b: &mut dyn Build, a: A) -> Vec<Extent> {
    let dims = b.ty(a).dims;
    dims.iter().enumerate().map(|(axis, dim)| dim.size.known().map_or_else(|| Extent::Value(b.size(a, axis)), Extent::Known)).collect()
}

/// An extent as an i64 scalar.
pub fn extent(b: &mut dyn Build, extent: Extent) -> A {
    match extent {
        Extent::Known(size) => b.constant(Scalar::i64(size as i64)),
        Extent::Value(a) => a,
    }
}

/// All of an axis.
pub const ALL: SliceArg = SliceArg::Range { lo: None, hi: None, step: 1 };

/// A table's examples: `examples!["print(1 + 1)" => "2"]`.
macro_rules! examples {
    ($($code:literal => $prints:literal),* $(,)?) => {
        &[$(crate::builtins::Example { code: $code, prints: $prints }),*]
    };
}
pub(super) use examples;

/// A parameter that must be given.
pub const fn required(name: &'static str, kind: ParamKind) -> Param {
    Param { name, kind, default: Default::Required }
}

/// A parameter that may be left out.
pub const fn optional(name: &'static str, kind: ParamKind, default: Default) -> Param {
    Param { name, kind, default }
}

/// One array.
pub const X: &[Param] = &[required("x", ParamKind::Array)];
/// Two operands.
pub const XY: &[Param] = &[required("x", ParamKind::Array), required("y", ParamKind::Array)];

/// A function defined over the primitives.
pub const fn built(
    name: &'static str,
    family: Family,
    params: &'static [Param],
    define: fn(&mut dyn Build, &Args) -> Outcome<Value>,
    doc: &'static str,
    examples: &'static [Example],
) -> Builtin {
    Builtin { name, family, params, doc, examples, define: Define::Build(define) }
}

/// An elementwise function of one operand.
pub const fn unary(name: &'static str, op: ScalarOp, doc: &'static str, examples: &'static [Example]) -> Builtin {
    Builtin { name, family: Family::Elementwise, params: X, doc, examples, define: Define::Elementwise(op) }
}

/// An elementwise function of two operands.
pub const fn binary(name: &'static str, op: ScalarOp, doc: &'static str, examples: &'static [Example]) -> Builtin {
    Builtin { name, family: Family::Elementwise, params: XY, doc, examples, define: Define::Elementwise(op) }
}
