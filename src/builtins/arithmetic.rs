//! Arithmetic, element by element: what the operators call, and its near relations.

use super::build::{Build, Value};
use super::parts::{X, XY, binary, built, elementwise, examples, floated, number, unary};
use super::{Args, Builtin, Family};
use crate::base::Outcome;
use crate::ops::ScalarOp as Op;

pub const TABLE: &[Builtin] = &[
    binary(
        "add",
        Op::Add,
        "The sum, `x + y`.\n\
         Operands are promoted; integers wrap; of two bools it is `or`. A datetime plus a duration is a datetime.",
        examples!["print([1, 2, 3] + 10)" => "[11, 12, 13]", "print(add(1, 0.5))" => "1.5"],
    ),
    binary(
        "subtract",
        Op::Sub,
        "The difference, `x - y`.\n\
         Operands are promoted; integers wrap; bools count as `i64`. The difference of two datetimes is a duration.",
        examples!["print([1, 2, 3] - [3, 2, 1])" => "[-2, 0, 2]"],
    ),
    binary(
        "multiply",
        Op::Mul,
        "The product element by element, `x * y`.\n\
         Operands are promoted; integers wrap; of two bools it is `and`. A duration times a number is a duration.",
        examples!["print([1, 2, 3] * 2.0)" => "[2.0, 4.0, 6.0]"],
    ),
    binary(
        "divide",
        Op::Div,
        "The quotient, `x / y`.\n\
         Integers and bools of any width give `f64`; floats and complex numbers keep their precision. By zero it is inf or NaN.\n\
         A duration by a duration is `f64`.",
        examples!["print(7 / 2)" => "3.5", "print([1.0, -1.0] / 0.0)" => "[inf, -inf]"],
    ),
    binary(
        "floor_divide",
        Op::FloorDiv,
        "The quotient rounded down, `x // y`.\nNot for complex numbers. An integer by zero is an error (K0502).",
        examples!["print(7 // 2, -7 // 2)" => "3 -4", "print(7.5 // 2.0)" => "3.0"],
    ),
    binary(
        "remainder",
        Op::Rem,
        "What floor division leaves, `x % y`, with the sign of `y`.\n\
         Not for complex numbers. An integer by zero is an error (K0502).",
        examples!["print(7 % 3, -7 % 3)" => "1 2", "print(-0.5 % 1.0)" => "0.5"],
    ),
    binary(
        "fmod",
        Op::Math(crate::vmath::Math::Fmod),
        "What truncated division leaves, with the sign of `x`: C's `fmod`. Integers give `f64`.",
        examples!["print(fmod(-7.5, 2.0))" => "-1.5"],
    ),
    binary(
        "power",
        Op::Pow,
        "The power, `x ** y`.\n\
         Integers stay integers and wrap; an integer to a negative one is an error (K0507), so write a float: `2.0 ** -1`.",
        examples!["print(2 ** 10)" => "1024", "print([1.0, 2.0, 3.0] ** 2)" => "[1.0, 4.0, 9.0]"],
    ),
    unary("negative", Op::Neg, "The negative, `-x`. Integers wrap; bools count as `i64`.", examples!["print(-[1, -2])" => "[-1, 2]"]),
    unary(
        "abs",
        Op::Abs,
        "The absolute value; of a complex number the modulus, a float.\nThe least integer of a dtype is its own.",
        examples!["print(abs([-1.5, 2.0]))" => "[1.5, 2.0]", "print(abs(3.0 + 4.0im))" => "5.0"],
    ),
    unary(
        "sign",
        Op::Sign,
        "-1, 0 or 1 in the dtype of `x`; NaN of NaN, and x / |x| of a complex number.",
        examples!["print(sign([-2.5, 0.0, 3.0]))" => "[-1.0, 0.0, 1.0]"],
    ),
    unary("square", Op::Square, "The square, `x * x`.", examples!["print(square([1, -2, 3]))" => "[1, 4, 9]"]),
    built(
        "reciprocal",
        Family::Elementwise,
        X,
        reciprocal,
        "One divided by `x`. Integers give `f64`.",
        examples!["print(reciprocal([2.0, 4.0]))" => "[0.5, 0.25]"],
    ),
    built(
        "positive",
        Family::Elementwise,
        X,
        |_, args| Ok(Value::Array(args.array(0)?)),
        "`x` itself.",
        examples!["print(positive(3))" => "3"],
    ),
    built(
        "copysign",
        Family::Elementwise,
        XY,
        copysign,
        "The size of `x` with the sign of `y`; -0.0 has a sign. Integers give `f64`.",
        examples!["print(copysign([1.0, -2.0], -0.0))" => "[-1.0, -2.0]"],
    ),
    binary(
        "bitwise_and",
        Op::And,
        "Bits that are set in both; of bools `and`. For bools and integers.",
        examples!["print(bitwise_and(12, 10))" => "8"],
    ),
    binary(
        "bitwise_or",
        Op::Or,
        "Bits that are set in either; of bools `or`. For bools and integers.",
        examples!["print(bitwise_or(12, 10))" => "14"],
    ),
    binary(
        "bitwise_xor",
        Op::Xor,
        "Bits that are set in one alone. For bools and integers.",
        examples!["print(bitwise_xor(12, 10))" => "6"],
    ),
    unary("invert", Op::Not, "Every bit inverted; of a bool `not`. For bools and integers.", examples!["print(invert(0))" => "-1"]),
    binary(
        "left_shift",
        Op::Shl,
        "Bits moved up by `y` places; 0 where `y` is the width or more. For integers.",
        examples!["print(left_shift(1, 4))" => "16"],
    ),
    binary(
        "right_shift",
        Op::Shr,
        "Bits moved down by `y` places, keeping the sign. For integers.",
        examples!["print(right_shift(-16, 2))" => "-4"],
    ),
];

fn reciprocal(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let x = floated(b, args.array(0)?)?;
    let dtype = b.ty(x).dtype;
    let one = number(b, dtype, 1.0);
    elementwise(b, Op::Div, &[one, x]).map(Value::Array)
}

fn copysign(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let (x, y) = (floated(b, args.array(0)?)?, args.array(1)?);
    let (of_x, of_y) = (elementwise(b, Op::SignBit, &[x])?, elementwise(b, Op::SignBit, &[y])?);
    let (differ, turned) = (elementwise(b, Op::Ne, &[of_x, of_y])?, elementwise(b, Op::Neg, &[x])?);
    elementwise(b, Op::Select, &[differ, turned, x]).map(Value::Array)
}
