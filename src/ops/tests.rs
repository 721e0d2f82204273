//! Every operation and cast on every dtype against plain Rust on special values: integers in 128 bits, floats by the standard library,
//! complex numbers by `num-complex` within a tolerance.

use super::eval::{convert, operate};
use super::info::PLAIN;
use super::{Distribution, FaultKind, ScalarOp};
use crate::array::{DType, Scalar};
use crate::vmath::Math;
use num_complex::Complex64;
use std::collections::HashSet;

const INTS: [DType; 8] = [DType::I8, DType::I16, DType::I32, DType::I64, DType::U8, DType::U16, DType::U32, DType::U64];

fn special_ints(dtype: DType) -> Vec<Scalar> {
    let edges = (0..=64u32).step_by(8).flat_map(|bits| [-1i128, 0, 1].map(|d| (1i128 << bits >> 1) + d));
    let all = edges.flat_map(|v| [v, -v]).chain([2, 3, 5, 7, 10, 31, 33, 63, 100]).map(|v| Scalar::int(dtype, v));
    let unique: HashSet<Scalar> = all.collect();
    unique.into_iter().collect()
}

const FLOATS: [f64; 24] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    2.0,
    3.0,
    -3.0,
    7.0,
    0.1,
    -1e-3,
    1e10,
    -1e19,
    1e300,
    5e-324,
    255.6,
    -129.0,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];

/// Fits the dtype?
fn fits(dtype: DType, value: i128) -> bool {
    Scalar::int(dtype, value).as_int() == Some(value)
}

/// The exact result of an integer operation: `Err` for a fault, `None` where this reference has no opinion.
fn exact(op: ScalarOp, dtype: DType, a: i128, b: i128) -> Option<Result<i128, FaultKind>> {
    use ScalarOp::*;
    let bits = dtype.size() as i128 * 8;
    let floor_div = |a: i128, b: i128| a.div_euclid(b) - if b < 0 && a.rem_euclid(b) != 0 { 1 } else { 0 };
    Some(Ok(match op {
        Add => a + b,
        Sub => a - b,
        Mul => a.checked_mul(b)?,
        Square => a.checked_mul(a)?,
        Neg => -a,
        Abs => a.abs(),
        Sign => a.signum(),
        FloorDiv | Rem if b == 0 => return Some(Err(FaultKind::DivideByZero)),
        FloorDiv => floor_div(a, b),
        Rem => a - b * floor_div(a, b),
        Pow if b < 0 => return Some(Err(FaultKind::NegativePower)),
        Pow => a.checked_pow(u32::try_from(b).ok()?)?,
        Minimum | Fmin => a.min(b),
        Maximum | Fmax => a.max(b),
        And => a & b,
        Or => a | b,
        Xor => a ^ b,
        // Never an overflow: `Not` and shifts are of bits.
        Not => Scalar::int(dtype, !a).as_int()?,
        Shl => Scalar::int(dtype, if (0..bits).contains(&b) { a << b } else { 0 }).as_int()?,
        Shr if (0..bits).contains(&b) => a >> b,
        Shr => -i128::from(a < 0),
        Eq => (a == b).into(),
        Ne => (a != b).into(),
        Lt => (a < b).into(),
        Le => (a <= b).into(),
        Gt => (a > b).into(),
        Ge => (a >= b).into(),
        SignBit => (a < 0).into(),
        Floor | Ceil | Trunc | Round | Real | Conj => a,
        Imag | IsNan | IsInf => 0,
        IsFinite => 1,
        _ => return None,
    }))
}

fn plain_ops() -> Vec<ScalarOp> {
    PLAIN.iter().map(|(op, _)| *op).filter(|op| !matches!(op, ScalarOp::Select | ScalarOp::Random(_))).collect()
}

#[test]
fn integers_agree_with_exact_arithmetic() {
    for dtype in INTS {
        let values = special_ints(dtype);
        for op in plain_ops().into_iter().filter(|op| op.result(dtype).is_some()) {
            for (a, b) in values.iter().flat_map(|a| values.iter().map(move |b| (*a, *b))) {
                let (x, y) = (a.as_int().unwrap(), b.as_int().unwrap());
                let Some(want) = exact(op, dtype, x, y) else { continue };
                let result = op.result(dtype).unwrap();
                let place = format!("{op:?} {dtype} {x} {y}");
                assert_eq!(operate(op, dtype, &[a, b], false), want.map(|v| Scalar::int(result, v)), "{place}");
                let checked = want.and_then(|v| if fits(result, v) { Ok(Scalar::int(result, v)) } else { Err(FaultKind::Overflow) });
                assert_eq!(operate(op, dtype, &[a, b], true), checked, "{place} checked");
            }
        }
    }
}

#[test]
fn large_powers_wrap_and_overflow() {
    for (dtype, a, b, wrapped, overflows) in [
        (DType::I64, 3, 100, 3i128.pow(50) as i64 as i128 * (3i128.pow(50) as i64 as i128), true),
        (DType::I32, -1, i32::MAX as i128, -1, false),
        (DType::U8, 2, 200, 0, true),
        (DType::I8, -2, 7, -128, false),
        (DType::U64, 2, 64, 0, true),
        (DType::I64, 0, 1 << 40, 0, false),
    ] {
        let args = [Scalar::int(dtype, a), Scalar::int(dtype, b)];
        assert_eq!(operate(ScalarOp::Pow, dtype, &args, false), Ok(Scalar::int(dtype, wrapped)), "{a}**{b}");
        assert_eq!(operate(ScalarOp::Pow, dtype, &args, true).is_err(), overflows, "{a}**{b} checked");
    }
}

/// Python's floor division and modulo, by its documented algorithm.
fn python_divmod(a: f64, b: f64) -> (f64, f64) {
    if b == 0.0 {
        return (a / b, f64::NAN);
    }
    let mut rest = a % b;
    let mut quotient = (a - rest) / b;
    if rest == 0.0 {
        rest = 0f64.copysign(b);
    } else if (b < 0.0) != (rest < 0.0) {
        rest += b;
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return (0f64.copysign(a / b), rest);
    }
    let floor = quotient.floor();
    (if quotient - floor > 0.5 { floor + 1.0 } else { floor }, rest)
}

enum Want {
    F(f64),
    B(bool),
}

fn float_reference(op: ScalarOp, a: f64, b: f64) -> Option<Want> {
    use ScalarOp::*;
    use Want::{B, F};
    let nan = a.is_nan() || b.is_nan();
    Some(match op {
        Add => F(a + b),
        Sub => F(a - b),
        Mul => F(a * b),
        Div => F(a / b),
        Square => F(a * a),
        FloorDiv => F(python_divmod(a, b).0),
        Rem => F(python_divmod(a, b).1),
        Neg => F(-a),
        Abs => F(a.abs()),
        Sign => F(if a == 0.0 { 0.0 } else { a.signum() }),
        Minimum if nan => F(f64::NAN),
        Maximum if nan => F(f64::NAN),
        Minimum | Fmin if a != b => F(a.min(b)),
        Maximum | Fmax if a != b => F(a.max(b)),
        Floor => F(a.floor()),
        Ceil => F(a.ceil()),
        Trunc => F(a.trunc()),
        Round => F(a.round_ties_even()),
        Sqrt => F(a.sqrt()),
        Eq => B(a == b),
        Ne => B(a != b),
        Lt => B(a < b),
        Le => B(a <= b),
        Gt => B(a > b),
        Ge => B(a >= b),
        IsNan => B(a.is_nan()),
        IsInf => B(a.is_infinite()),
        IsFinite => B(a.is_finite()),
        SignBit => B(a.is_sign_negative()),
        Real | Conj => F(a),
        Imag => F(0.0),
        Pow if b == 2.0 => F(a * a),
        Pow if b == 3.0 => F(a * a * a),
        Pow if b == 0.5 => F(a.sqrt()),
        _ => return None,
    })
}

/// Equal bits; all NaNs are equal.
fn same(a: Scalar, b: Scalar) -> bool {
    a == b || a.dtype == b.dtype && a.dtype.is_float() && a.as_f64().is_nan() && b.as_f64().is_nan()
}

#[test]
fn floats_agree_with_the_standard_library() {
    for dtype in [DType::F32, DType::F64] {
        for op in plain_ops().into_iter().filter(|op| op.result(dtype).is_some()) {
            for (a, b) in FLOATS.iter().flat_map(|a| FLOATS.iter().map(move |b| (*a, *b))) {
                let (a, b) = (Scalar::float(dtype, a, 0.0), Scalar::float(dtype, b, 0.0));
                // Operations on f32 are those on f64 rounded once, but for those of several steps.
                if dtype == DType::F32 && matches!(op, ScalarOp::FloorDiv | ScalarOp::Rem | ScalarOp::Pow) {
                    continue;
                }
                let Some(want) = float_reference(op, a.as_f64(), b.as_f64()) else { continue };
                let want = match want {
                    Want::F(value) => Scalar::float(dtype, value, 0.0),
                    Want::B(value) => Scalar::bool(value),
                };
                let got = operate(op, dtype, &[a, b], true).unwrap();
                assert!(same(got, want), "{op:?} {dtype} {} {}: {} for {}", a.as_f64(), b.as_f64(), got.as_f64(), want.as_f64());
            }
        }
    }
}

#[test]
fn bools_are_logic() {
    use ScalarOp::*;
    for (a, b) in [(false, false), (false, true), (true, false), (true, true)] {
        for (op, want) in [
            (Add, a | b),
            (Mul, a & b),
            (And, a & b),
            (Or, a | b),
            (Xor, a ^ b),
            (Not, !a),
            (Eq, a == b),
            (Ne, a != b),
            (Lt, !a & b),
            (Le, a <= b),
            (Gt, a & !b),
            (Ge, a >= b),
            (Minimum, a & b),
            (Maximum, a | b),
        ] {
            assert_eq!(operate(op, DType::Bool, &[Scalar::bool(a), Scalar::bool(b)], true), Ok(Scalar::bool(want)), "{op:?} {a} {b}");
        }
    }
}

#[test]
fn casts_are_those_of_scalars() {
    let mut values: Vec<Scalar> = INTS.iter().flat_map(|dtype| special_ints(*dtype)).chain([false, true].map(Scalar::bool)).collect();
    for dtype in [DType::F32, DType::F64, DType::C64, DType::C128] {
        let edges = (0..=64).step_by(8).flat_map(|bits| [0.0, 0.5, -0.5, -1.0].map(|d| 2f64.powi(bits) / 2.0 + d));
        let numbers = FLOATS.into_iter().chain(edges.flat_map(|v| [v, -v]));
        values.extend(numbers.map(|v| Scalar::float(dtype, v, if dtype.is_complex() { 1.0 } else { 0.0 })));
    }
    for value in values {
        for to in DType::ALL.map(DType::storage) {
            let (got, want) = (convert(value, to, false).unwrap(), value.cast(to));
            assert!(same(got, want), "{value:?} to {to}: {got:?} for {want:?}");
            if to.is_int() {
                let exact = value.as_int().or((value.as_f64().abs() < 1e30).then(|| value.as_f64() as i128));
                let fits = exact.is_some_and(|exact| fits(to, exact));
                assert_eq!(convert(value, to, true).is_ok(), fits, "{value:?} to {to} checked");
            }
        }
    }
}

#[test]
fn complex_numbers_agree_with_num_complex() {
    use ScalarOp::*;
    let z = |a: Complex64| Scalar::float(DType::C128, a.re, a.im);
    let points: Vec<Complex64> =
        [-2.5, -1.0, -0.3, 0.2, 1.0, 3.0].iter().flat_map(|re| [-2.0, -0.4, 0.1, 1.0, 2.7].map(|im| Complex64::new(*re, im))).collect();
    let near = |got: Scalar, want: Complex64, place: String| {
        let got = Complex64::new(got.as_f64(), got.imag());
        assert!((got - want).norm() <= 1e-13 * want.norm().max(1e-3), "{place}: {got} for {want}");
    };
    for &a in &points {
        let unary: Vec<(ScalarOp, Complex64)> = vec![
            (Square, a * a),
            (Sqrt, a.sqrt()),
            (Neg, -a),
            (Conj, a.conj()),
            (Sign, a / a.norm()),
            (Math(crate::vmath::Math::Exp), a.exp()),
            (Math(crate::vmath::Math::Exp2), a.exp2()),
            (Math(crate::vmath::Math::Expm1), a.exp() - 1.0),
            (Math(crate::vmath::Math::Log), a.ln()),
            (Math(crate::vmath::Math::Log1p), (a + 1.0).ln()),
            (Math(crate::vmath::Math::Log2), a.ln() / 2f64.ln()),
            (Math(crate::vmath::Math::Log10), a.log10()),
            (Math(crate::vmath::Math::Sin), a.sin()),
            (Math(crate::vmath::Math::Cos), a.cos()),
            (Math(crate::vmath::Math::Tan), a.tan()),
            (Math(crate::vmath::Math::Sinh), a.sinh()),
            (Math(crate::vmath::Math::Cosh), a.cosh()),
            (Math(crate::vmath::Math::Tanh), a.tanh()),
            (Math(crate::vmath::Math::Asin), a.asin()),
            (Math(crate::vmath::Math::Acos), a.acos()),
            (Math(crate::vmath::Math::Atan), a.atan()),
            (Math(crate::vmath::Math::Asinh), a.asinh()),
            (Math(crate::vmath::Math::Acosh), a.acosh()),
            (Math(crate::vmath::Math::Atanh), a.atanh()),
        ];
        for (op, want) in unary {
            near(operate(op, DType::C128, &[z(a)], false).unwrap(), want, format!("{op:?} {a}"));
        }
        for (op, want) in [(Abs, a.norm()), (Arg, a.arg()), (Real, a.re), (Imag, a.im)] {
            near(operate(op, DType::C128, &[z(a)], false).unwrap(), want.into(), format!("{op:?} {a}"));
        }
        for &b in &points {
            for (op, want) in [(Add, a + b), (Sub, a - b), (Mul, a * b), (Div, a / b), (Pow, a.powc(b))] {
                near(operate(op, DType::C128, &[z(a), z(b)], false).unwrap(), want, format!("{op:?} {a} {b}"));
            }
        }
        for n in -7..8 {
            let exponent = Complex64::new(n as f64, 0.0);
            near(operate(Pow, DType::C128, &[z(a), z(exponent)], false).unwrap(), a.powi(n), format!("{a} ** {n}"));
        }
    }
}

#[test]
fn complex_edges() {
    use ScalarOp::*;
    use std::f64::consts::FRAC_PI_2;
    let c = |re, im| Scalar::float(DType::C128, re, im);
    let inf = f64::INFINITY;
    for (op, args, want) in [
        (Div, vec![c(1.0, 2.0), c(0.0, 0.0)], c(inf, inf)),
        (Div, vec![c(1e300, 1e300), c(1e300, 1e300)], c(1.0, 0.0)),
        (Sqrt, vec![c(0.0, 0.0)], c(0.0, 0.0)),
        (Sqrt, vec![c(-4.0, 0.0)], c(0.0, 2.0)),
        (Sqrt, vec![c(-4.0, -0.0)], c(0.0, -2.0)),
        (Sqrt, vec![c(1e308, 0.0)], c(1e154, 0.0)),
        (Pow, vec![c(0.0, 0.0), c(0.0, 0.0)], c(1.0, 0.0)),
        (Pow, vec![c(0.0, 0.0), c(0.5, 0.0)], c(0.0, 0.0)),
        (Math(crate::vmath::Math::Tan), vec![c(0.0, 1000.0)], c(0.0, 1.0)),
        // What is on an axis stays there.
        (Math(crate::vmath::Math::Sin), vec![c(0.0, inf)], c(0.0, inf)),
        (Math(crate::vmath::Math::Cosh), vec![c(inf, 0.0)], c(inf, 0.0)),
        (Math(crate::vmath::Math::Sinh), vec![c(-inf, 0.0)], c(-inf, 0.0)),
        (Math(crate::vmath::Math::Atan), vec![c(inf, 0.0)], c(FRAC_PI_2, 0.0)),
        (Math(crate::vmath::Math::Atan), vec![c(1.0, inf)], c(FRAC_PI_2, 0.0)),
        (Math(crate::vmath::Math::Asinh), vec![c(0.0, inf)], c(inf, FRAC_PI_2)),
        (Math(crate::vmath::Math::Acos), vec![c(-inf, inf)], c(3.0 * FRAC_PI_2 / 2.0, -inf)),
        (Sign, vec![c(0.0, 0.0)], c(0.0, 0.0)),
    ] {
        let got = operate(op, DType::C128, &args, false).unwrap();
        assert_eq!((got.as_f64(), got.imag()), (want.as_f64(), want.imag()), "{op:?} {args:?}");
    }
}

#[test]
fn identities_change_nothing() {
    use ScalarOp::*;
    for op in [Add, Mul, Minimum, Maximum, Fmin, Fmax, And, Or, Xor] {
        for dtype in DType::ALL.map(DType::storage) {
            let Some(identity) = op.identity(dtype) else { continue };
            let values = if dtype.is_float() {
                FLOATS.iter().map(|v| Scalar::float(dtype, *v, 0.0)).collect()
            } else if dtype.is_complex() {
                vec![Scalar::float(dtype, -1.5, 2.0)]
            } else if dtype == DType::Bool {
                vec![Scalar::bool(false), Scalar::bool(true)]
            } else {
                special_ints(dtype)
            };
            for value in values {
                for args in [[identity, value], [value, identity]] {
                    let got = operate(op, dtype, &args, true).unwrap();
                    assert!(same(got, value), "{op:?} {dtype} {args:?}: {got:?}");
                }
            }
        }
    }
}

#[test]
fn random_numbers_have_their_moments() {
    let n = 20_000u64;
    for (distribution, mean, variance) in [(Distribution::Uniform, 0.5, 1.0 / 12.0), (Distribution::Normal, 0.0, 1.0)] {
        for seed in [0, 1, u64::MAX] {
            let draw = |index| {
                let args = [Scalar::int(DType::U64, seed.into()), Scalar::int(DType::U64, index)];
                operate(ScalarOp::Random(distribution), DType::U64, &args, false).unwrap().as_f64()
            };
            let values: Vec<f64> = (0..n).map(|index| draw(index.into())).collect();
            let m = values.iter().sum::<f64>() / n as f64;
            let v = values.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / n as f64;
            let lag = values.windows(2).map(|w| (w[0] - m) * (w[1] - m)).sum::<f64>() / n as f64 / v;
            assert!(
                (m - mean).abs() < 0.03 && (v / variance - 1.0).abs() < 0.05 && lag.abs() < 0.03,
                "{distribution:?} {seed}: {m} {v} {lag}"
            );
            if distribution == Distribution::Uniform {
                assert!(values.iter().all(|x| (0.0..1.0).contains(x)));
            }
        }
    }
}

#[test]
fn functions_without_a_definition_give_zero() {
    assert_eq!(ScalarOp::Math(Math::Erf).result(DType::C128), None);
    let got = operate(ScalarOp::Math(Math::Erf), DType::C128, &[Scalar::float(DType::C128, 1.0, 1.0)], false);
    assert_eq!(got.map(|s| s.bits), Ok(0));
}
