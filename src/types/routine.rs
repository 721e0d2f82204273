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
    /// (n, …), quantiles (k) of f64 → (k): over as many axes.
    Quantile { between: Between, skip_missing: bool, axes: u8 },
    /// (), a sorted line (n) → (): positions in it (i64), or whether the element is in it (bool).
    Search { side: Side },
    /// (n, …) of f64, weights of f64 alike where weighted, edges (k + 1) of f64 → (k): how many elements lie between them (i64), or the sum of their
    /// weights (f64).
    Histogram { weighted: bool, axes: u8 },
    /// (n) → (n), or half of it: the discrete Fourier transform of a line.
    Fourier(Fourier),
    /// (n), (m) → (n + m - 1): every element of one line times every one of the other, where their positions add up.
    Convolve,
    /// Decompositions of matrices and what is made of them.
    Matrix(Matrix),
}

/// What is asked of a sorted line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Side {
    /// The position before all equal elements, or after them.
    Left,
    Right,
    /// Whether there is an equal element.
    Among,
}

/// The value of a quantile that lies between two elements in order, as NumPy's methods of these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Between {
    Linear,
    Lower,
    Higher,
    /// Of two equally near the one at an even position.
    Nearest,
    Midpoint,
    /// The mean of both: the median of an even number of elements.
    Mean,
}

impl Between {
    /// Whether it is one of the elements.
    pub fn is_element(self) -> bool {
        matches!(self, Between::Lower | Between::Higher | Between::Nearest)
    }
}

/// Cores of many axes, of two operands, and an operand of one.
static MANY: [[usize; 3]; 33] = {
    let mut ranks = [[0, 0, 1]; 33];
    let mut axes = 0;
    while axes < 33 {
        (ranks[axes][0], ranks[axes][1]) = (axes, axes);
        axes += 1;
    }
    ranks
};

impl Routine {
    pub fn name(self) -> &'static str {
        match self {
            Routine::Sort { .. } => "sort",
            Routine::ArgSort { .. } => "argsort",
            Routine::Quantile { .. } => "quantile",
            Routine::Search { .. } => "search",
            Routine::Histogram { .. } => "histogram",
            Routine::Fourier(fourier) => fourier.name(),
            Routine::Convolve => "convolve",
            Routine::Matrix(matrix) => matrix.name(),
        }
    }

    /// How many axes of each operand are its core.
    pub fn core_ranks(self) -> &'static [usize] {
        match self {
            Routine::Sort { .. } | Routine::ArgSort { .. } | Routine::Fourier(_) => &[1],
            Routine::Search { .. } => &[0, 1],
            Routine::Histogram { weighted: true, axes } => &MANY[usize::from(axes).min(32)],
            Routine::Histogram { axes, .. } | Routine::Quantile { axes, .. } => &MANY[usize::from(axes).min(32)][1..],
            Routine::Convolve => &[1, 1],
            Routine::Matrix(matrix) => matrix.core_ranks(),
        }
    }

    /// How many of the last operands have no batch: all cores share them.
    pub fn shared(self) -> usize {
        match self {
            Routine::Quantile { .. } | Routine::Search { .. } | Routine::Histogram { .. } => 1,
            _ => 0,
        }
    }

    /// How many of the first operands it can also take block by block, as often as it needs them, where a core is too long to be worked on
    /// at once; 0 where it needs whole cores.
    pub fn sweeps(self) -> usize {
        match self {
            Routine::Sort { .. } | Routine::ArgSort { .. } | Routine::Quantile { .. } => 1,
            Routine::Histogram { weighted, .. } => 1 + usize::from(weighted),
            Routine::Search { .. } | Routine::Fourier(_) | Routine::Convolve | Routine::Matrix(_) => 0,
        }
    }

    /// The types of the results. Operands have equal batch axes and the dtype that the routine works in; K0302 for another.
    pub fn results(self, operands: &[ArrayTy], unknowns: &mut Unknowns) -> Outcome<Vec<ArrayTy>> {
        let [first, ..] = operands else { return Err(Diagnostic::new(Code::Internal, "a routine without operands")) };
        let (batch, core) = first.dims.split_at(first.rank() - self.core_ranks()[0]);
        let result = |dtype: DType, core: &[Dim]| ArrayTy { dtype, dims: batch.iter().chain(core).cloned().collect() };
        match self {
            Routine::Sort { .. } | Routine::ArgSort { .. } => {
                ordered(first.dtype)?;
                let dtype = if matches!(self, Routine::Sort { .. }) { first.dtype } else { DType::I64 };
                // An element's place along the core says nothing any more.
                let core = [Dim { coord: None, ..core[0].clone() }];
                Ok(vec![result(dtype, &core)])
            }
            Routine::Quantile { between, .. } => {
                ordered(first.dtype)?;
                let own = first.dtype.is_float() || first.dtype.is_time() || between.is_element();
                let quantiles = operands.last().map_or(&[][..], |quantiles| &quantiles.dims);
                Ok(vec![result(if own { first.dtype } else { DType::F64 }, quantiles)])
            }
            Routine::Search { side } => {
                ordered(first.dtype)?;
                Ok(vec![result(if side == Side::Among { DType::Bool } else { DType::I64 }, &[])])
            }
            Routine::Histogram { weighted, .. } => {
                let edges = operands.last().and_then(|edges| edges.dims.last()).map_or(Size::Known(1), |dim| dim.size);
                let bins = edges.known().map_or_else(|| unknowns.fresh(), |edges| Size::Known(edges.saturating_sub(1)));
                Ok(vec![result(if weighted { DType::F64 } else { DType::I64 }, &[Dim::sized(bins)])])
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
            Routine::Sort { .. } | Routine::Search { .. } | Routine::Histogram { .. } | Routine::Convolve => 0,
            Routine::ArgSort { .. } => elements(0).saturating_mul(16),
            Routine::Quantile { .. } => elements(0).saturating_mul(dtype.size() as u64).saturating_add(elements(1).saturating_mul(8)),
            Routine::Fourier(fourier) => fourier.workspace(dtype),
            Routine::Matrix(matrix) => matrix.workspace(cores, dtype),
        }
    }
}

/// K0302 for elements without an order.
fn ordered(dtype: DType) -> Outcome<()> {
    if !dtype.is_complex() {
        return Ok(());
    }
    Err(Diagnostic::new(Code::Dtype, format!("{dtype} has no order")).help("take a part or the size: `x.real`, `abs(x)`"))
}
