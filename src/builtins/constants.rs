//! Numbers with names. They are as weak as a literal: `x * pi` of an `f32` array stays `f32`.

use crate::array::Scalar;

/// A number with a name.
pub struct Constant {
    pub name: &'static str,
    pub value: f64,
    pub doc: &'static str,
}

pub const CONSTANTS: &[Constant] = &[
    Constant { name: "e", value: std::f64::consts::E, doc: "The base of the natural logarithm, 2.718281828459045." },
    Constant { name: "inf", value: f64::INFINITY, doc: "Infinity." },
    Constant { name: "nan", value: f64::NAN, doc: "Not a number: a missing value of a float array. Equal to nothing, itself included." },
    Constant { name: "pi", value: std::f64::consts::PI, doc: "Half a turn in radians, 3.141592653589793." },
    Constant { name: "tau", value: std::f64::consts::TAU, doc: "A turn in radians, 6.283185307179586." },
];

/// The value of the constant of this name.
pub fn constant(name: &str) -> Option<Scalar> {
    CONSTANTS.iter().find(|constant| constant.name == name).map(|constant| Scalar::f64(constant.value))
}
