//! Sums, products and extremes that a loop carries: `s += e`, `best = max(best, e)`, `if e < best { best = e }`.

use super::frame::{Folded, Frame, Lift, MAX_FOLDS, Val, Var};
use crate::array::DType;
use crate::builtins::build::{A, Extent, ReduceOp};
use crate::builtins::{Define, cast};
use crate::ops::ScalarOp;
use crate::sema::hir::{Block, Expr, ExprKind, LocalId, StmtKind};

/// What a statement folds into a variable.
struct Fold<'e> {
    op: ScalarOp,
    /// The terms; those of a difference are subtracted.
    terms: Vec<(ScalarOp, &'e Expr)>,
}

impl Lift<'_> {
    /// `v = v op e`. `None` if the statement is of another form.
    pub fn fold(&mut self, frame: &mut Frame, local: LocalId, value: &Expr) -> Option<Option<()>> {
        let fold = fold_of(value, &mut |expr| matches!(expr.kind, ExprKind::Local(read) if read == local))?;
        let same = Lift::scalar_dtype(&value.ty) == Lift::dtype_of(frame, local);
        Some(if same { self.fold_terms(frame, local, &fold) } else { None })
    }

    fn fold_terms(&mut self, frame: &mut Frame, local: LocalId, fold: &Fold) -> Option<()> {
        let dtype = Lift::dtype_of(frame, local)?;
        for (sign, term) in &fold.terms {
            let mut term = self.expr(frame, term)?;
            if *sign == ScalarOp::Sub {
                let a = self.spread(&term)?;
                if dtype.is_int() && self.checked {
                    return None;
                }
                let a = cast(self.b, a, dtype).ok()?;
                let negative = self.map(ScalarOp::Neg, &[a])?;
                term = self.elem(negative);
            }
            self.add_term(frame, local, (fold.op, false), &term)?;
        }
        Some(())
    }

    /// Folds a term into a variable that a loop carries.
    fn add_term(&mut self, frame: &mut Frame, local: LocalId, (op, keeps_nan): (ScalarOp, bool), term: &Val) -> Option<()> {
        let dtype = Lift::dtype_of(frame, local)?;
        let folded = match frame.var(local).clone() {
            Var::Carried { before, loops } => Folded { total: self.reduced(op, term, dtype, loops)?, before, loops, op, keeps_nan },
            Var::Folded(folded) if folded.op == op && folded.keeps_nan == keeps_nan => {
                let part = self.reduced(op, term, dtype, folded.loops)?;
                Folded { total: self.map(op, &[folded.total, part])?, ..folded }
            }
            _ => return None,
        };
        *frame.var_mut(local) = Var::Folded(folded);
        Some(())
    }

    /// The value of a reduction after its loop.
    pub fn finished(&mut self, folded: Folded) -> Option<Val> {
        let before = self.spread(&folded.before)?;
        let mut value = self.map(folded.op, &[before, folded.total])?;
        if folded.keeps_nan {
            let nan = self.map(ScalarOp::IsNan, &[before])?;
            value = self.map(ScalarOp::Select, &[nan, before, value])?;
        }
        Some(self.elem(value))
    }

    /// `if e < best { best = e }`: a smallest or largest value that leaves NaN out. `None` if the statement is of another form.
    pub fn fold_extreme(&mut self, frame: &mut Frame, cond: &Expr, then: &Block, other: &Block) -> Option<Option<()>> {
        let ([stmt], None, true) = (then.stmts.as_slice(), &then.value, other.stmts.is_empty() && other.value.is_none()) else {
            return None;
        };
        let StmtKind::Bind { local, value } = &stmt.kind else { return None };
        let (Var::Carried { .. } | Var::Folded(_)) = frame.var(*local) else { return None };
        let (op, left, right) = binary(cond)?;
        let is_best = |expr: &Expr| matches!(expr.kind, ExprKind::Local(read) if read == *local);
        let (largest, term) = match op {
            ScalarOp::Lt | ScalarOp::Le if is_best(right) => (false, left),
            ScalarOp::Lt | ScalarOp::Le if is_best(left) => (true, right),
            ScalarOp::Gt | ScalarOp::Ge if is_best(right) => (true, left),
            ScalarOp::Gt | ScalarOp::Ge if is_best(left) => (false, right),
            _ => return None,
        };
        Some(self.fold_compared(frame, *local, term, value, largest))
    }

    fn fold_compared(&mut self, frame: &mut Frame, local: LocalId, term: &Expr, value: &Expr, largest: bool) -> Option<()> {
        let dtype = Lift::dtype_of(frame, local)?;
        if !dtype.is_float() && !dtype.is_int() {
            return None;
        }
        // What is compared is what is kept, in the same dtype.
        let (term, value) = (self.expr(frame, term)?, self.expr(frame, value)?);
        let (term, value) = (self.spread(&term)?, self.spread(&value)?);
        if term != value || self.b.ty(term).dtype != dtype {
            return None;
        }
        // Nothing is smaller or larger than a NaN: one from before the loop stays.
        let before = match frame.var(local) {
            Var::Carried { before, .. } | Var::Folded(Folded { before, .. }) => before.clone(),
            _ => return None,
        };
        let keeps_nan = dtype.is_float() && self.known(&before).is_none_or(|known| known.as_f64().is_nan());
        let value = self.elem(value);
        let op = if largest { ScalarOp::Fmax } else { ScalarOp::Fmin };
        self.add_term(frame, local, (op, keeps_nan), &value)
    }

    /// The fold of a value over all loops above the first `keep`, in the passes that the open branches take.
    pub fn reduced(&mut self, op: ScalarOp, term: &Val, dtype: DType, keep: usize) -> Option<A> {
        let identity = op.identity(dtype).filter(|_| !dtype.is_time() && self.loops.len() <= MAX_FOLDS)?;
        let mut a = self.spread(term)?;
        a = cast(self.b, a, dtype).ok()?;
        if let Some(mask) = self.mask()? {
            let nothing = self.b.constant(identity);
            a = self.map(ScalarOp::Select, &[mask, a, nothing])?;
        }
        let shape: Vec<Extent> = self.loops.iter().map(|open| Extent::Known(open.count)).collect();
        a = self.b.broadcast(a, &shape).ok()?;
        let axes: Vec<usize> = (keep..self.loops.len()).collect();
        self.b.reduce(ReduceOp::Fold(op), a, &axes).ok()
    }
}

/// The operation and operands of a call of an elementwise function of two.
pub fn binary(expr: &Expr) -> Option<(ScalarOp, &Expr, &Expr)> {
    let ExprKind::Call { builtin, args } = &expr.kind else { return None };
    let Define::Elementwise(op) = builtin.define else { return None };
    match crate::kernel::lower::call_exprs(args).as_slice() {
        [a, b] => Some((op, a, b)),
        _ => None,
    }
}

/// Reads `v op a`, `a op v` and longer chains such as `v + a + b`, where `is_var` knows `v`.
fn fold_of<'e>(value: &'e Expr, is_var: &mut dyn FnMut(&Expr) -> bool) -> Option<Fold<'e>> {
    let (op, left, right) = binary(value)?;
    let fold = if op == ScalarOp::Sub { ScalarOp::Add } else { op };
    if !matches!(fold, ScalarOp::Add | ScalarOp::Mul | ScalarOp::Minimum | ScalarOp::Maximum | ScalarOp::Fmin | ScalarOp::Fmax) {
        return None;
    }
    if is_var(left) {
        return Some(Fold { op: fold, terms: vec![(op, right)] });
    }
    if is_var(right) && op != ScalarOp::Sub {
        return Some(Fold { op: fold, terms: vec![(op, left)] });
    }
    let mut inner = fold_of(left, is_var)?;
    if inner.op != fold || left.ty != value.ty {
        return None;
    }
    inner.terms.push((op, right));
    Some(inner)
}

/// The fold that assigns an element of an array from itself, `x[i] = x[i] op e`.
pub fn element_fold<'e>(value: &'e Expr, is_place: &mut dyn FnMut(&Expr) -> bool) -> Option<(ScalarOp, &'e Expr)> {
    let fold = fold_of(value, is_place)?;
    match fold.terms.as_slice() {
        [(sign, term)] if *sign == fold.op => Some((fold.op, term)),
        _ => None,
    }
}
