//! What is plainly known of integers while lowering: the bounds of loop variables and of small arithmetic on them. Enough to leave out the
//! checks of `x[i - 1]` in a loop over known sizes, and of `x[j]` for j in `i + 1..n` in it; the pass `bounds` proves the rest.

use crate::array::DType;
use crate::kernel::ir::{Expr, VarId};
use crate::ops::ScalarOp;

/// Least and largest values, both included, of the variables of open loops.
#[derive(Debug, Default)]
pub struct Ranges(Vec<(VarId, i64, i64)>);

impl Ranges {
    /// Of a variable that nothing else sets, while its loop is open.
    pub fn open(&mut self, var: VarId, least: i64, largest: i64) {
        self.0.push((var, least, largest));
    }
    /// Forgets what was said of a variable.
    pub fn close(&mut self, var: VarId) {
        self.0.retain(|(known, ..)| *known != var);
    }
    /// Least and largest value of an i64 expression.
    pub fn of(&self, expr: &Expr) -> Option<(i64, i64)> {
        match expr {
            Expr::Const(value) if value.dtype == DType::I64 => {
                let value = i64::try_from(value.as_int()?).ok()?;
                Some((value, value))
            }
            Expr::Var(var) => self.0.iter().rev().find(|(known, ..)| known == var).map(|(_, least, largest)| (*least, *largest)),
            Expr::Op { op, dtype: DType::I64, args, .. } => match args.as_slice() {
                [a, b] => between(*op, self.of(a)?, self.of(b)?),
                _ => None,
            },
            _ => None,
        }
    }
    /// Is the index in an axis of this size wherever it is computed?
    pub fn is_inside(&self, index: &Expr, size: Option<u64>) -> bool {
        matches!((self.of(index), size), (Some((least, largest)), Some(size)) if least >= 0 && (largest as u64) < size)
    }
}

fn between(op: ScalarOp, (a, b): (i64, i64), (c, d): (i64, i64)) -> Option<(i64, i64)> {
    match op {
        ScalarOp::Add => Some((a.checked_add(c)?, b.checked_add(d)?)),
        ScalarOp::Sub => Some((a.checked_sub(d)?, b.checked_sub(c)?)),
        ScalarOp::Mul => {
            let ends = [a.checked_mul(c)?, a.checked_mul(d)?, b.checked_mul(c)?, b.checked_mul(d)?];
            Some((ends.into_iter().min()?, ends.into_iter().max()?))
        }
        ScalarOp::FloorDiv if c == d && c > 0 => Some((a.div_euclid(c), b.div_euclid(c))),
        ScalarOp::Rem if c == d && c > 0 => Some(if a >= 0 && b < c { (a, b) } else { (0, c - 1) }),
        ScalarOp::Minimum => Some((a.min(c), b.min(d))),
        ScalarOp::Maximum => Some((a.max(c), b.max(d))),
        _ => None,
    }
}
