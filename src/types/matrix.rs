//! Routines over matrices, the last two axes of their operands: which there are, what comes out, how much memory they take.

use super::Unknowns;
use super::dims::dim_text;
use crate::array::{ArrayTy, DType, Dim, Size};
use crate::base::{Code, Diagnostic, Outcome};
use serde::{Deserialize, Serialize};

/// Of floats and complex numbers. `k` is the smaller of m and n.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Matrix {
    /// (m, k), (k, n) → (m, n)
    Product,
    /// (m, n) → q (m, k), r (k, n)
    Qr,
    /// (m, n) → u (m, k), s (k), vt (k, n)
    Svd,
    /// (m, n) → p (m, m), l (m, k), u (k, n): the matrix is p @ l @ u.
    Lu,
    /// (n, n) → (n, n), lower; of its operand the lower triangle is read.
    Cholesky,
    /// (n, n), (n, k) → (n, k)
    Solve,
    /// The same, of one triangle.
    SolveTriangular { lower: bool, unit: bool },
    /// (n, n) → (n, n)
    Inverse,
    /// (n, n) → the determinant; its sign; the logarithm of its size.
    Determinant,
    /// (n, n) → values (n), vectors (n, n); of its operand the lower triangle is read.
    Eigh,
    /// (n, n) → values (n), vectors (n, n), complex
    Eig,
    /// (n, n) → (n, n)
    Exponential,
}

impl Matrix {
    pub fn name(self) -> &'static str {
        match self {
            Matrix::Product => "matmul",
            Matrix::Qr => "qr",
            Matrix::Svd => "svd",
            Matrix::Lu => "lu",
            Matrix::Cholesky => "cholesky",
            Matrix::Solve => "solve",
            Matrix::SolveTriangular { .. } => "solve_triangular",
            Matrix::Inverse => "inv",
            Matrix::Determinant => "det",
            Matrix::Eigh => "eigh",
            Matrix::Eig => "eig",
            Matrix::Exponential => "expm",
        }
    }

    pub fn core_ranks(self) -> &'static [usize] {
        match self {
            Matrix::Product | Matrix::Solve | Matrix::SolveTriangular { .. } => &[2, 2],
            _ => &[2],
        }
    }

    /// dtypes and cores of the results. Rows of a result that are the operand's rows keep their name, columns likewise. K0302 for other
    /// than floats and complex numbers, K0401 where sizes do not fit.
    pub fn results(self, operands: &[ArrayTy], unknowns: &mut Unknowns) -> Outcome<Vec<(DType, Vec<Dim>)>> {
        let ty = &operands[0];
        let dtype = ty.dtype;
        if !dtype.is_float() && !dtype.is_complex() {
            return Err(Diagnostic::new(Code::Dtype, format!("`{}` is not defined for {dtype}", self.name())));
        }
        let square = !matches!(self, Matrix::Product | Matrix::Qr | Matrix::Svd | Matrix::Lu);
        let [rows, columns] = core(ty);
        if let (true, Some(a), Some(b)) = (square, rows.size.known(), columns.size.known())
            && a != b
        {
            return Err(Diagnostic::new(Code::Shape, format!("`{}` takes square matrices, found {ty}", self.name())));
        }
        let small = Dim::sized(match (rows.size, columns.size) {
            _ if square => rows.size,
            (Size::Known(a), Size::Known(b)) => Size::Known(a.min(b)),
            (a, b) if a == b => a,
            _ => unknowns.fresh(),
        });
        let nameless = |dim: &Dim| Dim::sized(dim.size);
        Ok(match self {
            Matrix::Product | Matrix::Solve | Matrix::SolveTriangular { .. } => {
                let [inner, others] = core(&operands[1]);
                let left = if self == Matrix::Product { &columns } else { &rows };
                if let (Some(a), Some(b)) = (left.size.known(), inner.size.known())
                    && a != b
                {
                    let own = dim_text(ty, ty.rank() - if self == Matrix::Product { 1 } else { 2 });
                    let message =
                        format!("`{}` of {ty} and {}: {own} of the first is {a}, rows of the second are {b}", self.name(), operands[1]);
                    return Err(Diagnostic::new(Code::Shape, message));
                }
                let down = if self == Matrix::Product { rows } else { columns };
                let across = if others.name.is_some() && others.name == down.name { nameless(&others) } else { others };
                vec![(dtype, vec![down, across])]
            }
            Matrix::Qr => vec![(dtype, vec![rows, small.clone()]), (dtype, vec![small, columns])],
            Matrix::Svd => {
                vec![(dtype, vec![rows, small.clone()]), (dtype.real(), vec![small.clone()]), (dtype, vec![small, columns])]
            }
            Matrix::Lu => {
                let turned = nameless(&rows);
                vec![(dtype.real(), vec![rows, turned.clone()]), (dtype, vec![turned, small.clone()]), (dtype, vec![small, columns])]
            }
            Matrix::Cholesky => vec![(dtype, vec![rows, small])],
            Matrix::Exponential => vec![(dtype, vec![rows, columns])],
            Matrix::Inverse => vec![(dtype, vec![columns, rows])],
            Matrix::Determinant => vec![(dtype, vec![]), (dtype, vec![]), (dtype.real(), vec![])],
            Matrix::Eigh => vec![(dtype.real(), vec![small.clone()]), (dtype, vec![rows, small])],
            Matrix::Eig => vec![(dtype.complex(), vec![small.clone()]), (dtype.complex(), vec![rows, small])],
        })
    }

    /// An upper bound of what faer takes for copies, factors and scratch memory.
    pub fn workspace(self, cores: &[Vec<u64>], dtype: DType) -> u64 {
        let (m, n) = (cores[0][0], cores[0][1]);
        let other = cores.get(1).map_or(0, |core| core[0].saturating_mul(core[1]));
        let (all, small) = (m.saturating_mul(n), m.min(n).saturating_mul(m.min(n)));
        let copies = match self {
            // What a product packs, which is bounded by the caches.
            Matrix::Product => return all.saturating_add(other).saturating_mul(2).min(1 << 20).saturating_mul(dtype.size() as u64),
            Matrix::Qr | Matrix::Lu => all.saturating_mul(4),
            Matrix::Svd => all.saturating_mul(5).saturating_add(small.saturating_mul(12)),
            Matrix::Solve | Matrix::SolveTriangular { .. } => all.saturating_mul(3).saturating_add(other.saturating_mul(2)),
            Matrix::Cholesky | Matrix::Inverse | Matrix::Determinant => all.saturating_mul(4),
            Matrix::Eigh => all.saturating_mul(8),
            Matrix::Eig | Matrix::Exponential => all.saturating_mul(16),
        };
        // Reflections are applied in groups to all columns; permutations are as long as the matrix.
        let columns = n.saturating_mul(if self == Matrix::Qr { 64 } else { 8 });
        let edges = m.min(n).saturating_mul(512).saturating_add(m.saturating_mul(8)).saturating_add(columns);
        copies.saturating_add(edges).saturating_add(4096).saturating_mul(dtype.size() as u64)
    }
}

/// Rows and columns of a matrix, without coordinates.
fn core(ty: &ArrayTy) -> [Dim; 2] {
    let plain = |dim: &Dim| Dim { coord: None, ..dim.clone() };
    [plain(&ty.dims[ty.rank() - 2]), plain(&ty.dims[ty.rank() - 1])]
}
