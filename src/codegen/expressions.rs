//! Scalar expressions of a kernel as machine values.

use super::function::Function;
use crate::array::{DType, Scalar};
use crate::kernel::ir::Expr;
use crate::ops::emit::Elem;
use crate::ops::{ScalarOp, cast, define};
use cranelift_codegen::ir::{BlockArg, InstBuilder, Value};

/// Expressions of up to this many nodes are computed on both sides of a choice, without a branch.
const SMALL: usize = 4;

/// The one value of an element that is not complex.
pub fn real(value: Elem<Value>) -> Value {
    match value {
        Elem::Real(value) | Elem::Complex(value, _) => value,
    }
}

impl Function<'_, '_> {
    /// The value of an expression that is not complex.
    pub fn value(&mut self, expr: &Expr) -> Value {
        real(self.expr(expr))
    }

    pub fn expr(&mut self, expr: &Expr) -> Elem<Value> {
        match expr {
            Expr::Const(value) => define::constant(self, *value),
            Expr::Var(var) => self.get_var(*var),
            Expr::Op { op: op @ ScalarOp::Add, dtype, args, .. } if self.is_step(*dtype, args) => self.step(*op, *dtype, args),
            Expr::Op { op, dtype, args, span } => {
                let args: smallvec::SmallVec<[Elem<Value>; 3]> = args.iter().map(|arg| self.expr(arg)).collect();
                self.span = *span;
                define::emit(self, *op, *dtype, &args)
            }
            Expr::Cast { from, to, arg, span } => {
                let value = self.expr(arg);
                self.span = *span;
                cast::cast(self, *from, *to, value)
            }
            Expr::Load { array, index, check } => {
                let address = self.address(*array, index, *check);
                let dtype = self.slot(*array).dtype;
                self.load(dtype, address)
            }
            Expr::Len { array, axis } => Elem::Real(self.len(*array, *axis)),
            Expr::If { cond, then, other } => self.choice(cond, then, other),
        }
    }

    /// Is it an integer plus one of two constants?
    fn is_step(&self, dtype: DType, args: &[Expr]) -> bool {
        !self.source.checked && dtype.is_int() && dtype.size() >= 4 && args.get(1).is_some_and(|by| either(by).is_some())
    }

    /// `x + (if c then 1 else 0)` as one of two sums. A flag made a number first would wait for whatever the register held that it is put in.
    fn step(&mut self, op: ScalarOp, dtype: DType, args: &[Expr]) -> Elem<Value> {
        let x = self.expr(&args[0]);
        let Some((cond, constants)) = args.get(1).and_then(either) else { return x };
        let cond = self.value(cond);
        let [a, b] = constants.map(|by| {
            let by = define::constant(self, by);
            real(define::emit(self, op, dtype, &[x, by]))
        });
        Elem::Real(self.b.ins().select(cond, a, b))
    }

    /// Computes one of two expressions.
    fn choice(&mut self, cond: &Expr, then: &Expr, other: &Expr) -> Elem<Value> {
        let checked = self.source.checked;
        let cond = self.value(cond);
        if is_cheap(then, checked) && is_cheap(other, checked) {
            let (a, b) = (self.expr(then), self.expr(other));
            return match (a, b) {
                (Elem::Complex(a, c), Elem::Complex(b, d)) => {
                    Elem::Complex(self.b.ins().select(cond, a, b), self.b.ins().select(cond, c, d))
                }
                _ => Elem::Real(self.b.ins().select(cond, real(a), real(b))),
            };
        }
        let [then_block, other_block, join] = [(); 3].map(|()| self.b.create_block());
        self.b.ins().brif(cond, then_block, &[], other_block, &[]);
        let mut parts = Vec::new();
        for (block, branch) in [(then_block, then), (other_block, other)] {
            self.enter(block);
            let value = self.expr(branch);
            let values = match value {
                Elem::Real(re) => vec![re],
                Elem::Complex(re, im) => vec![re, im],
            };
            if parts.is_empty() {
                for value in &values {
                    let ty = self.b.func.dfg.value_type(*value);
                    parts.push(self.b.append_block_param(join, ty));
                }
            }
            let args: Vec<BlockArg> = values.into_iter().map(BlockArg::Value).collect();
            self.b.ins().jump(join, &args);
        }
        self.enter(join);
        match parts[..] {
            [re, im] => Elem::Complex(re, im),
            _ => Elem::Real(parts[0]),
        }
    }
}

/// The condition of a number that is one of two constants, and these.
fn either(expr: &Expr) -> Option<(&Expr, [Scalar; 2])> {
    match expr {
        Expr::If { cond, then, other } => match (&**then, &**other) {
            (Expr::Const(a), Expr::Const(b)) => Some((cond, [*a, *b])),
            _ => None,
        },
        Expr::Cast { from: DType::Bool, to, arg, .. } => Some((arg, [1, 0].map(|bits| Scalar { dtype: *to, bits }))),
        _ => None,
    }
}

/// Is an expression quick to compute, and can it not fail?
fn is_cheap(expr: &Expr, checked: bool) -> bool {
    fn count(expr: &Expr, checked: bool) -> Option<usize> {
        match expr {
            Expr::Const(_) | Expr::Var(_) | Expr::Len { .. } => Some(1),
            Expr::Op {
                op: ScalarOp::Math(_) | ScalarOp::Random(_) | ScalarOp::Quantile(_) | ScalarOp::Gcd | ScalarOp::Pow | ScalarOp::Arg,
                ..
            } => None,
            Expr::Op { op: ScalarOp::Div | ScalarOp::Sqrt | ScalarOp::FloorDiv | ScalarOp::Rem, .. } => None,
            Expr::Op { op, dtype, .. } if dtype.is_complex() || op.can_fail(*dtype, checked) => None,
            Expr::Op { args, .. } => args.iter().try_fold(1, |sum, arg| Some(sum + count(arg, checked)?)),
            Expr::Cast { .. } if checked => None,
            Expr::Cast { arg, .. } => Some(1 + count(arg, checked)?),
            Expr::Load { .. } | Expr::If { .. } => None,
        }
    }
    count(expr, checked).is_some_and(|count| count <= SMALL)
}
