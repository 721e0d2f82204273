//! Discrete Fourier transforms of lines: which there are, what comes out.

use super::Unknowns;
use crate::array::{DType, Dim, Size};
use crate::base::{Code, Diagnostic, Outcome};
use serde::{Deserialize, Serialize};

/// A transform of lines that are cut, or filled up with zeros, to what its size needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fourier {
    pub kind: Kind,
    /// Number of elements on the side of time.
    pub size: Size,
    pub scale: Scale,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// Complex to complex, `exp(-2πi jk/n)`.
    Forward,
    /// Complex to complex, `exp(2πi jk/n)`.
    Inverse,
    /// Real to the n/2 + 1 frequencies that are not mirrored.
    FromReal,
    /// Those back to real.
    ToReal,
}

/// What the sum is multiplied with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scale {
    One,
    /// 1/√n
    Root,
    /// 1/n
    Whole,
}

impl Fourier {
    pub fn name(self) -> &'static str {
        match self.kind {
            Kind::Forward => "fft",
            Kind::Inverse => "ifft",
            Kind::FromReal => "rfft",
            Kind::ToReal => "irfft",
        }
    }

    /// dtype and core of the result: the dimension keeps its name and loses its coordinate. K0302 for other dtypes than the transform
    /// works in, K0507 for a transform of nothing.
    pub fn result(self, dtype: DType, core: &Dim, unknowns: &mut Unknowns) -> Outcome<(DType, Dim)> {
        let fits = if self.kind == Kind::FromReal { dtype.is_float() } else { dtype.is_complex() };
        if !fits {
            return Err(Diagnostic::new(Code::Dtype, format!("`{}` is not defined for {dtype}", self.name())));
        }
        if self.size == Size::Known(0) {
            let error = Diagnostic::new(Code::Value, format!("`{}` of 0 elements", self.name()));
            return Err(error.help("a transform takes one element or more"));
        }
        let (dtype, size) = match (self.kind, self.size) {
            (Kind::Forward | Kind::Inverse, size) => (dtype, size),
            (Kind::ToReal, size) => (dtype.real(), size),
            (Kind::FromReal, Size::Known(size)) => (dtype.complex(), Size::Known(size / 2 + 1)),
            (Kind::FromReal, Size::Unknown(_)) => (dtype.complex(), unknowns.fresh()),
        };
        Ok((dtype, Dim { name: core.name.clone(), size, coord: None }))
    }

    /// Tables and scratch memory of a transform. Large prime factors are convolutions of more than twice the length.
    pub fn workspace(self, dtype: DType) -> u64 {
        let size = self.size.known().unwrap_or(0).max(1);
        let mut rest = size;
        for factor in [2, 3, 5, 7, 11] {
            while rest.is_multiple_of(factor) {
                rest /= factor;
            }
        }
        let times = if rest == 1 { 8 } else { 24 };
        size.saturating_mul(times).saturating_add(1024).saturating_mul(dtype.complex().size() as u64)
    }
}
