//! Library routines over whole cores: sorting a line, transforming it, decomposing a matrix. A routine takes the last axes of its operands as
//! a core; the axes before them are a batch, and every core of the batch is its own piece of work. Owns which cores there are and what
//! comes out; `exec::routine` has what they do.

use super::Unknowns;
use super::fourier::Fourier;
use super::matrix::Matrix;
use crate::array::{ArrayTy, DType, Dim, Size};
use crate::base::{Code, Diagnostic, Outcome};
use serde::{Deserialize, Serialize};

/// A routine, with what is known of it when the program is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Routine {
    /// (n) → (n): ascending, or descending; what is missing last.
    Sort { descending: bool },
    /// (n) → (n) of i64: the positions that sort, equal elements in their order.
    ArgSort { descending: bool },
    /// (n) → (n), or half of it: the discrete Fourier transform of a line.
    Fourier(Fourier),
    /// (n), (m) → (n + m - 1): every element of one line times every one of the other, where their positions add up.
    Convolve,
    /// Decompositions of matrices and what is made of them.
    Matrix(Matrix),
}

impl Routine {
    pub fn name(self) -> &'static str {
        match self {
            Routine::Sort { .. } => "sort",
            Routine::ArgSort { .. } => "argsort",
            Routine::Fourier(fourier) => fourier.name(),
            Routine::Convolve => "convolve",
            Routine::Matrix(matrix) => matrix.name(),
        }
    }

    /// How many axes of each operand are its core.
    pub fn core_ranks(self) -> &'static [usize] {
        match self {
            Routine::Sort { .. } | Routine::ArgSort { .. } | Routine::Fourier(_) => &[1],
            Routine::Convolve => &[1, 1],
            Routine::Matrix(matrix) => matrix.core_ranks(),
        }
    }

    /// The types of the results. Operands have equal batch axes and the dtype that the routine works in; K0302 for another.
    pub fn results(self, operands: &[ArrayTy], unknowns: &mut Unknowns) -> Outcome<Vec<ArrayTy>> {
        let [first, ..] = operands else { return Err(Diagnostic::new(Code::Internal, "a routine without operands")) };
        let (batch, core) = first.dims.split_at(first.rank() - self.core_ranks()[0]);
        let result = |dtype: DType, core: &[Dim]| ArrayTy { dtype, dims: batch.iter().chain(core).cloned().collect() };
        match self {
            Routine::Sort { .. } | Routine::ArgSort { .. } => {
                if first.dtype.is_complex() {
                    return Err(Diagnostic::new(Code::Dtype, format!("{} has no order", first.dtype)).help("sort by `abs(x)` or `real(x)`"));
                }
                let dtype = if matches!(self, Routine::Sort { .. }) { first.dtype } else { DType::I64 };
                // An element's place along the core says nothing any more.
                let core = [Dim { coord: None, ..core[0].clone() }];
                Ok(vec![result(dtype, &core)])
            }
            Routine::Fourier(fourier) => {
                let (dtype, core) = fourier.result(first.dtype, &core[0], unknowns)?;
                Ok(vec![result(dtype, &[core])])
            }
            Routine::Convolve => {
                let other = operands.last().and_then(|other| other.dims.last()).map_or(Size::Known(0), |dim| dim.size);
                let size = match (core[0].size, other) {
                    (Size::Known(0), _) | (_, Size::Known(0)) => {
                        return Err(
                            Diagnostic::new(Code::Value, "a convolution with nothing").help("both operands have one element or more")
                        );
                    }
                    (Size::Known(a), Size::Known(b)) => Size::Known(a.saturating_add(b) - 1),
                    _ => unknowns.fresh(),
                };
                Ok(vec![result(first.dtype, &[Dim { name: core[0].name.clone(), size, coord: None }])])
            }
            Routine::Matrix(matrix) => {
                Ok(matrix.results(operands, unknowns)?.into_iter().map(|(dtype, core)| result(dtype, &core)).collect())
            }
        }
    }

    /// Bytes that one core takes besides its operands and results, of the sizes of the operands' cores.
    pub fn workspace(self, cores: &[Vec<u64>], dtype: DType) -> u64 {
        let elements = |at: usize| cores[at].iter().fold(1u64, |all, size| all.saturating_mul(*size));
        match self {
            Routine::Sort { .. } => elements(0).saturating_mul(dtype.size() as u64),
            Routine::ArgSort { .. } => elements(0).saturating_mul(16),
            Routine::Fourier(fourier) => fourier.workspace(dtype),
            Routine::Convolve => 0,
            Routine::Matrix(matrix) => matrix.workspace(cores, dtype),
        }
    }
}
