//! Values of expressions in a frame.

use super::run::{Frame, Machine};
use crate::base::Span;
use crate::kernel::abi::Fault;
use crate::kernel::ir::{ArrayId, Check, Expr, FaultKind};
use crate::kernel::memory::Outside;
use crate::ops::emit::Elem;
use crate::ops::eval::Eval;
use crate::ops::{cast, define};
use smallvec::SmallVec;

impl Machine<'_> {
    /// The value of an expression.
    pub fn eval(&self, frame: &Frame, expr: &Expr) -> Result<Elem<u64>, Fault> {
        match expr {
            Expr::Const(value) => Ok(define::constant(&mut Eval::default(), *value)),
            Expr::Var(var) => Ok(frame.vars[var.0 as usize]),
            Expr::Op { op, dtype, args, span } => {
                let args = args.iter().map(|arg| self.eval(frame, arg)).collect::<Result<SmallVec<[_; 3]>, Fault>>()?;
                self.operate(frame, *span, |eval| define::emit(eval, *op, *dtype, &args))
            }
            Expr::Cast { from, to, arg, span } => {
                let value = self.eval(frame, arg)?;
                self.operate(frame, *span, |eval| cast::cast(eval, *from, *to, value))
            }
            Expr::Load { array, index, check } => {
                let index = self.indices(frame, index)?;
                frame.arrays[array.0 as usize].load(&index).map_err(|outside| bounds(*check, *array, outside))
            }
            Expr::Len { array, axis } => Ok(Elem::Real(frame.arrays[array.0 as usize].len(*axis) as u64)),
            Expr::If { cond, then, other } => {
                let chosen = if self.truth(frame, cond)? { then } else { other };
                self.eval(frame, chosen)
            }
        }
    }

    /// Runs an operation; its fault, if it has one, names the loop variables round it.
    pub fn operate(&self, frame: &Frame, span: Span, run: impl FnOnce(&mut Eval) -> Elem<u64>) -> Result<Elem<u64>, Fault> {
        let mut eval = Eval { checked: self.checked(), fault: None };
        let value = run(&mut eval);
        match eval.fault {
            None => Ok(value),
            Some(kind) => Err(Fault { kind, span, values: self.loop_values(frame) }),
        }
    }

    pub fn truth(&self, frame: &Frame, cond: &Expr) -> Result<bool, Fault> {
        Ok(!matches!(self.eval(frame, cond)?, Elem::Real(0)))
    }

    /// The value of an i64 expression.
    pub fn int(&self, frame: &Frame, expr: &Expr) -> Result<i64, Fault> {
        match self.eval(frame, expr)? {
            Elem::Real(bits) | Elem::Complex(bits, _) => Ok(bits as i64),
        }
    }

    pub fn indices(&self, frame: &Frame, index: &[Expr]) -> Result<SmallVec<[i64; 4]>, Fault> {
        index.iter().map(|at| self.int(frame, at)).collect()
    }
}

/// The fault of an index outside an array.
pub fn bounds(check: Check, array: ArrayId, outside: Outside) -> Fault {
    debug_assert!(!check.is_proven(), "array {} has no index {} on axis {} of size {}", array.0, outside.index, outside.axis, outside.size);
    let span = if let Check::At(span) = check { span } else { Span::default() };
    Fault { kind: FaultKind::Bounds, span, values: vec![outside.axis as i64, outside.index, outside.size] }
}
