//! Circular and hyperbolic functions, element by element. Angles are in radians.

use super::build::{Build, Value};
use super::parts::{X, binary, built, elementwise, examples, floated, number, required, unary};
use super::{Args, Builtin, Family, ParamKind};
use crate::base::Outcome;
use crate::ops::ScalarOp as Op;
use crate::vmath::Math;

/// Integers and bools give `f64`; floats and complex numbers keep their precision. Errors in units of the last place: `docs/accuracy.md`.
pub const TABLE: &[Builtin] = &[
    unary("sin", Op::Math(Math::Sin), "The sine of an angle in radians.", examples!["print(sin(0.0))" => "0.0"]),
    unary("cos", Op::Math(Math::Cos), "The cosine of an angle in radians.", examples!["print(cos([0.0, pi]))" => "[1.0, -1.0]"]),
    unary("tan", Op::Math(Math::Tan), "The tangent of an angle in radians.", examples!["print(tan(0.0))" => "0.0"]),
    unary(
        "asin",
        Op::Math(Math::Asin),
        "The angle from -pi/2 to pi/2 with this sine; NaN outside -1 to 1.",
        examples!["print(asin(0.0))" => "0.0"],
    ),
    unary(
        "acos",
        Op::Math(Math::Acos),
        "The angle from 0 to pi with this cosine; NaN outside -1 to 1.",
        examples!["print(acos(1.0))" => "0.0"],
    ),
    unary(
        "atan",
        Op::Math(Math::Atan),
        "The angle from -pi/2 to pi/2 with this tangent.",
        examples!["print(atan(inf) == pi / 2)" => "true"],
    ),
    Builtin {
        params: &[required("y", ParamKind::Array), required("x", ParamKind::Array)],
        ..binary(
            "atan2",
            Op::Math(Math::Atan2),
            "The angle from -pi to pi of the point (`x`, `y`): the ordinate comes first.",
            examples!["print(atan2(0.0, -1.0) == pi)" => "true"],
        )
    },
    unary("sinh", Op::Math(Math::Sinh), "The hyperbolic sine.", examples!["print(sinh(0.0))" => "0.0"]),
    unary("cosh", Op::Math(Math::Cosh), "The hyperbolic cosine.", examples!["print(cosh(0.0))" => "1.0"]),
    unary("tanh", Op::Math(Math::Tanh), "The hyperbolic tangent.", examples!["print(tanh([-inf, 0.0, inf]))" => "[-1.0, 0.0, 1.0]"]),
    unary("asinh", Op::Math(Math::Asinh), "The inverse of the hyperbolic sine.", examples!["print(asinh(0.0))" => "0.0"]),
    unary(
        "acosh",
        Op::Math(Math::Acosh),
        "The inverse of the hyperbolic cosine, 0 or more; NaN below 1.",
        examples!["print(acosh(1.0))" => "0.0"],
    ),
    unary(
        "atanh",
        Op::Math(Math::Atanh),
        "The inverse of the hyperbolic tangent; NaN outside -1 to 1.",
        examples!["print(atanh([0.0, 1.0]))" => "[0.0, inf]"],
    ),
    built(
        "degrees",
        Family::Elementwise,
        X,
        |b, args| scaled(b, args, 180.0 / std::f64::consts::PI),
        "Radians in degrees.",
        examples!["print(degrees(pi))" => "180.0"],
    ),
    built(
        "radians",
        Family::Elementwise,
        X,
        |b, args| scaled(b, args, std::f64::consts::PI / 180.0),
        "Degrees in radians.",
        examples!["print(radians(180) == pi)" => "true"],
    ),
];

fn scaled(b: &mut dyn Build, args: &Args, factor: f64) -> Outcome<Value> {
    let x = floated(b, args.array(0)?)?;
    let dtype = b.ty(x).dtype;
    let factor = number(b, dtype, factor);
    elementwise(b, Op::Mul, &[x, factor]).map(Value::Array)
}
