//! Comparison, logic and choice, element by element.

use super::build::{A, Build, Value};
use super::parts::{X, XY, binary, built, cast, elementwise, examples, floated, number, optional, required};
use super::{Args, Builtin, Default, Define, Family, ParamKind};
use crate::array::DType;
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;

pub const TABLE: &[Builtin] = &[
    binary(
        "equal",
        Op::Eq,
        "Whether elements are equal, `x == y`. NaN equals nothing.",
        examples!["print([1, 2, 3] == 2)" => "[false, true, false]"],
    ),
    binary("not_equal", Op::Ne, "Whether elements differ, `x != y`. NaN differs from everything.", examples!["print(1 != 2.0)" => "true"]),
    binary(
        "less",
        Op::Lt,
        "Whether `x < y`. Not for complex numbers; false beside NaN. Datetimes compare in one calendar.",
        examples!["print([1, 2, 3] < 2)" => "[true, false, false]"],
    ),
    binary("less_equal", Op::Le, "Whether `x <= y`; see `less`.", examples!["print([1, 2, 3] <= 2)" => "[true, true, false]"]),
    binary("greater", Op::Gt, "Whether `x > y`; see `less`.", examples!["print([1, 2, 3] > 2)" => "[false, false, true]"]),
    binary("greater_equal", Op::Ge, "Whether `x >= y`; see `less`.", examples!["print([1, 2, 3] >= 2)" => "[false, true, true]"]),
    built(
        "logical_and",
        Family::Elementwise,
        XY,
        |b, args| logic(b, args, Op::And),
        "Whether both are true, `x and y`. Of bools alone; of two scalars `y` is only computed where it matters.",
        examples!["print(logical_and([true, true, false], [true, false, false]))" => "[true, false, false]"],
    ),
    built(
        "logical_or",
        Family::Elementwise,
        XY,
        |b, args| logic(b, args, Op::Or),
        "Whether one is true, `x or y`. Of bools alone; of two scalars `y` is only computed where it matters.",
        examples!["print(true or false)" => "true"],
    ),
    built(
        "logical_xor",
        Family::Elementwise,
        XY,
        |b, args| logic(b, args, Op::Xor),
        "Whether one alone is true. Of bools alone.",
        examples!["print(logical_xor(true, true))" => "false"],
    ),
    built(
        "logical_not",
        Family::Elementwise,
        X,
        |b, args| logic(b, args, Op::Not),
        "Whether it is false, `not x`. Of bools alone.",
        examples!["print(logical_not([true, false]))" => "[false, true]"],
    ),
    binary(
        "minimum",
        Op::Minimum,
        "The smaller of two elements; NaN if either is NaN. Not for complex numbers.\n\
         `min` is the smallest element of one array.",
        examples!["print(minimum([1, 5, 3], 3))" => "[1, 3, 3]"],
    ),
    binary(
        "maximum",
        Op::Maximum,
        "The larger of two elements; NaN if either is NaN. Not for complex numbers.\n\
         `max` is the largest element of one array.",
        examples!["print(maximum([1, 5, 3], 3))" => "[3, 5, 3]"],
    ),
    binary(
        "fmin",
        Op::Fmin,
        "The smaller of two elements; the other one where one is NaN.",
        examples!["print(fmin([1.0, nan], 2.0))" => "[1.0, 2.0]"],
    ),
    binary(
        "fmax",
        Op::Fmax,
        "The larger of two elements; the other one where one is NaN.",
        examples!["print(fmax([1.0, nan], 0.5))" => "[1.0, 0.5]"],
    ),
    Builtin {
        name: "where",
        family: Family::Elementwise,
        params: &[required("condition", ParamKind::Array), required("x", ParamKind::Array), required("y", ParamKind::Array)],
        doc: "`x` where the condition is true, `y` elsewhere.\nThe condition is of bools, `x` and `y` are promoted; all three broadcast.\n\
              With the condition alone it is `nonzero`: the positions where it is true.",
        examples: examples!["a = [-1.0, 2.0, -3.0]\nprint(where(a > 0, a, 0))" => "[0.0, 2.0, 0.0]", "print(where([false, true, true]))" => "([1, 2],)"],
        define: Define::Elementwise(Op::Select),
    },
    built(
        "clip",
        Family::Elementwise,
        &[
            required("x", ParamKind::Array),
            optional("low", ParamKind::Array, Default::Absent),
            optional("high", ParamKind::Array, Default::Absent),
        ],
        clip,
        "`x` moved into `low` to `high`; either bound may be left out. NaN stays NaN.\n\
         The dtype is that of all three promoted.",
        examples!["print(clip([1, 5, 9], 2, 6))" => "[2, 5, 6]", "print(clip([1.0, 5.0], high = 3))" => "[1.0, 3.0]"],
    ),
    built(
        "isclose",
        Family::Elementwise,
        &[
            required("x", ParamKind::Array),
            required("y", ParamKind::Array),
            optional("rtol", ParamKind::Array, Default::Float(1e-5)),
            optional("atol", ParamKind::Array, Default::Float(1e-8)),
        ],
        |b, args| isclose(b, args).map(Value::Array),
        "Whether `|x - y| <= atol + rtol * |y|`, or both are the same infinity. NaN is close to nothing.\n\
         Computed in `f64` or `c128`.",
        examples!["print(isclose(0.1 + 0.2, 0.3))" => "true", "print(isclose([1.0, 2.0], [1.0, 2.1]))" => "[true, false]"],
    ),
];

fn logic(b: &mut dyn Build, args: &Args, op: Op) -> Outcome<Value> {
    let operands = (0..op.arity()).map(|at| args.array(at)).collect::<Outcome<Vec<A>>>()?;
    for (at, operand) in operands.iter().enumerate() {
        let dtype = b.ty(*operand).dtype;
        if dtype != DType::Bool {
            let message = format!("`{}` takes bools, found {dtype}", op.name());
            return Err(Diagnostic::at(Code::Condition, args.span_of(at), message)
                .help("compare first, as in `x != 0`; bits are `bitwise_and`, `bitwise_or`, `bitwise_xor`, `invert`"));
        }
    }
    elementwise(b, op, &operands).map(Value::Array)
}

fn clip(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let mut x = args.array(0)?;
    if let Some(low) = args.optional_array(1) {
        x = elementwise(b, Op::Maximum, &[x, low])?;
    }
    if let Some(high) = args.optional_array(2) {
        x = elementwise(b, Op::Minimum, &[x, high])?;
    }
    Ok(Value::Array(x))
}

pub(super) fn isclose(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let mut wide = Vec::new();
    for at in 0..4 {
        let a = args.array(at)?;
        let a = floated(b, a)?;
        let to = if b.ty(a).dtype.is_complex() { DType::C128 } else { DType::F64 };
        wide.push(cast(b, a, to)?);
    }
    let [x, y, rtol, atol] = wide[..] else { return Err(Diagnostic::new(Code::Internal, "isclose takes four arguments")) };
    let difference = elementwise(b, Op::Sub, &[x, y])?;
    let (distance, size) = (elementwise(b, Op::Abs, &[difference])?, elementwise(b, Op::Abs, &[y])?);
    let relative = elementwise(b, Op::Mul, &[rtol, size])?;
    let allowed = elementwise(b, Op::Add, &[atol, relative])?;
    // Beside an infinity the bound is infinite: nothing finite is close to it.
    let largest = number(b, DType::F64, f64::MAX);
    let (near, finite) = (elementwise(b, Op::Le, &[distance, allowed])?, elementwise(b, Op::Le, &[size, largest])?);
    let (close, equal) = (elementwise(b, Op::And, &[near, finite])?, elementwise(b, Op::Eq, &[x, y])?);
    elementwise(b, Op::Or, &[close, equal])
}
