//! Facts about operations: arity, name, result dtype, and what makes them reductions.

use super::integer::Int;
use super::{Distribution, ScalarOp};
use crate::array::{DType, Scalar};
use crate::vmath::{Math, Quantile};

/// All operations but `Math` and `Quantile`, and their names in printed code.
#[rustfmt::skip]
pub const PLAIN: [(ScalarOp, &str); 46] = {
    use ScalarOp::*;
    [
        (Add, "add"), (Sub, "sub"), (Mul, "mul"), (Div, "div"), (FloorDiv, "floordiv"), (Rem, "rem"), (Pow, "power"), (Gcd, "gcd"), (Neg, "neg"),
        (Abs, "abs"), (Sign, "sign"), (Square, "square"), (Minimum, "minimum"), (Maximum, "maximum"), (Fmin, "fmin"), (Fmax, "fmax"), (Latest, "latest"),
        (Floor, "floor"), (Ceil, "ceil"), (Trunc, "trunc"), (Round, "round"), (Sqrt, "sqrt"), (Eq, "eq"), (Ne, "ne"), (Lt, "lt"),
        (Le, "le"), (Gt, "gt"), (Ge, "ge"), (And, "and"), (Or, "or"), (Xor, "xor"), (Not, "not"), (Shl, "shl"), (Shr, "shr"),
        (Select, "select"), (IsNan, "isnan"), (IsInf, "isinf"), (IsFinite, "isfinite"), (SignBit, "signbit"), (Real, "real"),
        (Imag, "imag"), (Conj, "conj"), (Arg, "arg"), (Complex, "complex"), (Random(Distribution::Uniform), "uniform"),
        (Random(Distribution::Normal), "normal"),
    ]
};

impl ScalarOp {
    /// Number of operands.
    pub fn arity(self) -> usize {
        use ScalarOp::*;
        match self {
            Neg | Abs | Sign | Square | Floor | Ceil | Trunc | Round | Sqrt | Not => 1,
            IsNan | IsInf | IsFinite | SignBit | Real | Imag | Conj | Arg => 1,
            Select => 3,
            Quantile(quantile) => quantile.arity(),
            Math(math) => math.arity(),
            _ => 2,
        }
    }

    /// The name in printed code.
    pub fn name(self) -> &'static str {
        match self {
            ScalarOp::Math(math) => math.name(),
            ScalarOp::Quantile(quantile) => quantile.name(),
            _ => PLAIN.iter().find(|(op, _)| *op == self).map_or("?", |(_, name)| name),
        }
    }

    /// The operation of a printed name.
    pub fn named(name: &str) -> Option<ScalarOp> {
        let plain = PLAIN.iter().find(|(_, known)| *known == name).map(|(op, _)| *op);
        let quantile = || Quantile::ALL.iter().find(|quantile| quantile.name() == name).map(|quantile| ScalarOp::Quantile(*quantile));
        plain.or_else(quantile).or_else(|| Math::ALL.iter().find(|math| math.name() == name).map(|math| ScalarOp::Math(*math)))
    }

    /// The result's dtype for operands of `dtype` (of `Select`, the last two); `None` where the operation is not defined. Time dtypes are
    /// i64 here.
    pub fn result(self, dtype: DType) -> Option<DType> {
        use ScalarOp::*;
        let (int, float, complex) = (dtype.is_int() || dtype.is_time(), dtype.is_float(), dtype.is_complex());
        let bool = dtype == DType::Bool;
        let same = |defined: bool| defined.then_some(dtype);
        let truth = |defined: bool| defined.then_some(DType::Bool);
        match self {
            Add | Mul | Square | Sign | Conj | Select => Some(dtype),
            Sub | Pow | Neg => same(!bool),
            Div | Latest => same(float || complex),
            FloorDiv | Rem => same(int || float),
            Abs | Real | Imag => Some(dtype.real()),
            Minimum | Maximum | Fmin | Fmax | Floor | Ceil | Trunc | Round => same(!complex),
            Sqrt => same(float || complex),
            Eq | Ne | IsNan | IsInf | IsFinite => Some(DType::Bool),
            Lt | Le | Gt | Ge | SignBit => truth(!complex),
            And | Or | Xor | Not => same(int || bool),
            Shl | Shr | Gcd => same(int),
            Arg => (float || complex).then(|| dtype.real()),
            Complex => float.then(|| dtype.complex()),
            Math(math) => same(float || complex && math_is_complex(math)),
            Random(_) => (dtype == DType::U64).then_some(DType::F64),
            Quantile(_) => same(dtype == DType::F64),
        }
    }

    /// The value that leaves the other operand as it is, for operations that reductions use; `None` for others.
    pub fn identity(self, dtype: DType) -> Option<Scalar> {
        use ScalarOp::*;
        let (int, float) = (dtype.is_int() || dtype.is_time(), dtype.is_float());
        let number = |value: i128| Scalar::int(dtype, value);
        let range = Int::of(dtype);
        match self {
            // -0.0 + x is x for every x, 0.0 + x is not for -0.0.
            Add if float || dtype.is_complex() => Some(Scalar::float(dtype, -0.0, -0.0)),
            Mul if float || dtype.is_complex() => Some(Scalar::float(dtype, 1.0, 0.0)),
            Minimum if float => Some(Scalar::float(dtype, f64::INFINITY, 0.0)),
            Maximum if float => Some(Scalar::float(dtype, f64::NEG_INFINITY, 0.0)),
            // NaN is what these leave out.
            Latest if float || dtype.is_complex() => Some(Scalar::float(dtype, f64::NAN, f64::NAN)),
            Fmin | Fmax if float => Some(Scalar::float(dtype, f64::NAN, 0.0)),
            Add | Or | Xor | Maximum | Fmax if dtype == DType::Bool => Some(Scalar::bool(false)),
            Mul | And | Minimum | Fmin if dtype == DType::Bool => Some(Scalar::bool(true)),
            Add | Or | Xor if int => Some(number(0)),
            Mul if int => Some(number(1)),
            And if int => Some(number(-1)),
            Minimum | Fmin if int => Some(number(range.max().into())),
            Maximum | Fmax if int => Some(number(range.min().into())),
            _ => None,
        }
    }

    /// May a chain of it be computed in another order: associative and commutative, for floats up to rounding?
    pub fn is_associative(self) -> bool {
        use ScalarOp::*;
        matches!(self, Add | Mul | Minimum | Maximum | Fmin | Fmax | And | Or | Xor)
    }

    /// Can it fail on operands of `dtype`?
    pub fn can_fail(self, dtype: DType, checked: bool) -> bool {
        use ScalarOp::*;
        let int = dtype.is_int() || dtype.is_time();
        match self {
            FloorDiv | Rem | Pow => int,
            Add | Sub | Mul | Neg | Square | Abs => int && checked,
            _ => false,
        }
    }
}

/// Is the function defined for complex numbers?
fn math_is_complex(math: Math) -> bool {
    use Math::*;
    matches!(
        math,
        Exp | Exp2
            | Expm1
            | Log
            | Log1p
            | Log2
            | Log10
            | Sin
            | Cos
            | Tan
            | Asin
            | Acos
            | Atan
            | Sinh
            | Cosh
            | Tanh
            | Asinh
            | Acosh
            | Atanh
            | Pow
    )
}
