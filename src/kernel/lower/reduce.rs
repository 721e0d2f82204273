//! Reductions, running folds and products as loop nests. A reduction to a scalar is a variable, one to an array goes through memory.

use super::bind::Owner;
use super::function::Function;
use super::index::{add, compare, int, known, size};
use super::pull::Kind;
use crate::array::{ArrayTy, DType, Scalar};
use crate::builtins::build::{A, ReduceOp};
use crate::kernel::ir::*;
use crate::ops::ScalarOp;

impl Function<'_> {
    /// `op` on i64 or any other dtype, at the present place in the source.
    fn op<const N: usize>(&self, op: ScalarOp, dtype: DType, args: [Expr; N]) -> Expr {
        Expr::Op { op, dtype, args: args.into(), span: self.span }
    }

    pub fn reduced(&mut self, op: ReduceOp, a: A, axes: &[usize], ty: ArrayTy) -> A {
        let own = self.node(a).extents.clone();
        let kept: Vec<usize> = (0..own.len()).filter(|axis| !axes.contains(axis)).collect();
        let extents: Vec<Expr> = kept.iter().map(|axis| own[*axis].clone()).collect();
        let inner: Vec<Expr> = axes.iter().map(|axis| own[*axis].clone()).collect();
        if kept.is_empty() {
            let var = self.fold(op, a, &own, &mut |at| at.to_vec());
            return self.scalar_node(ty.dtype, Expr::Var(var));
        }
        let slot = self.slot("", ty.dtype, kept.len());
        self.out.push(Stmt::Alloc { array: slot, shape: extents.clone(), clear: true, span: self.span });
        let place = |outer: &[Expr], inner: &[Expr]| -> Vec<Expr> {
            let at = |axis: usize| match kept.iter().position(|kept| *kept == axis) {
                Some(place) => outer[place].clone(),
                None => axes.iter().position(|reduced| *reduced == axis).map_or(int(0), |place| inner[place].clone()),
            };
            (0..own.len()).map(at).collect()
        };
        match (op, kept.last()) {
            // Row by row into all accumulators at once: the last axis stays innermost.
            (ReduceOp::Fold(op), Some(last)) if last + 1 == own.len() => {
                self.fill_start(slot, op, ty.dtype, &extents);
                let dtype = ty.dtype.storage();
                self.nest(&own, &mut |f, at| {
                    let index: Vec<Expr> = kept.iter().map(|axis| at[*axis].clone()).collect();
                    let value = f.element(a, at);
                    let before = Expr::Load { array: slot, index: index.clone(), check: Check::Proven };
                    let value = f.op(op, dtype, [before, value]);
                    f.store_at(slot, index, value);
                });
            }
            _ => self.nest(&extents, &mut |f, outer| {
                let var = f.fold(op, a, &inner, &mut |inner| place(outer, inner));
                f.store_at(slot, outer.to_vec(), Expr::Var(var));
            }),
        }
        self.push(ty, extents, Kind::Slot(slot, Owner::Fresh))
    }

    fn fill_start(&mut self, slot: ArrayId, op: ScalarOp, dtype: DType, extents: &[Expr]) {
        let first = start(op, dtype.storage());
        if first.bits != 0 {
            self.nest(extents, &mut |f, at| f.store_at(slot, at.to_vec(), Expr::Const(first)));
        }
    }

    /// A reduction over a nest into a new variable. `place` gives indices into `a` for those of the nest.
    fn fold(&mut self, op: ReduceOp, a: A, extents: &[Expr], place: &mut dyn FnMut(&[Expr]) -> Vec<Expr>) -> VarId {
        let dtype = self.node(a).ty.dtype.storage();
        match op {
            ReduceOp::Fold(op) => {
                let sum = self.keep(dtype, Expr::Const(start(op, dtype)));
                self.nest(extents, &mut |f, at| {
                    let value = f.element(a, &place(at));
                    let value = f.op(op, dtype, [Expr::Var(sum), value]);
                    f.set(sum, value);
                });
                sum
            }
            ReduceOp::Arg { largest, skip_nan } => self.fold_position(a, dtype, extents, (largest, skip_nan), place),
            ReduceOp::Deviations { skip_nan } => self.fold_deviations(a, dtype, extents, skip_nan, place),
        }
    }

    /// Fails where there are no elements, or nothing but NaN that is skipped.
    fn fold_position(
        &mut self,
        a: A,
        dtype: DType,
        extents: &[Expr],
        (largest, skip_nan): (bool, bool),
        place: &mut dyn FnMut(&[Expr]) -> Vec<Expr>,
    ) -> VarId {
        let best = self.keep(dtype, Expr::Const(zero(dtype)));
        let found = self.keep(DType::Bool, Expr::Const(Scalar::bool(false)));
        let (position, count) = (self.keep(DType::I64, int(0)), self.keep(DType::I64, int(0)));
        self.nest(extents, &mut |f, at| {
            let value = f.element(a, &place(at));
            let value = Expr::Var(f.keep(dtype, value));
            let (span, order) = (f.span, if largest { ScalarOp::Gt } else { ScalarOp::Lt });
            let both = |f: &Self, op, a, b| f.op(op, DType::Bool, [a, b]);
            let first = f.op(ScalarOp::Not, DType::Bool, [Expr::Var(found)]);
            let mut better = f.op(order, dtype, [value.clone(), Expr::Var(best)]);
            if dtype.is_float() {
                let nan = |f: &Self, value| f.op(ScalarOp::IsNan, dtype, [value]);
                let is_nan = nan(f, value.clone());
                if skip_nan {
                    better = both(f, ScalarOp::Or, first, better);
                    let number = f.op(ScalarOp::Not, DType::Bool, [is_nan]);
                    better = both(f, ScalarOp::And, number, better);
                } else {
                    better = both(f, ScalarOp::Or, better, is_nan);
                    let before = nan(f, Expr::Var(best));
                    let number = f.op(ScalarOp::Not, DType::Bool, [before]);
                    better = both(f, ScalarOp::And, number, better);
                    better = both(f, ScalarOp::Or, first, better);
                }
            } else {
                better = both(f, ScalarOp::Or, first, better);
            }
            let set = |var, value| Stmt::Set { var, value, span };
            let then = vec![set(best, value), set(position, Expr::Var(count)), set(found, Expr::Const(Scalar::bool(true)))];
            f.out.push(Stmt::If { cond: better, then, other: Vec::new() });
            f.set(count, add(Expr::Var(count), int(1), span));
        });
        let none = self.op(ScalarOp::Not, DType::Bool, [Expr::Var(found)]);
        let fail = vec![Stmt::Fail { fault: FaultKind::NoElement, values: Vec::new(), span: self.span }];
        self.out.push(Stmt::If { cond: none, then: fail, other: Vec::new() });
        position
    }

    /// Welford's update, the one-element case of Chan, Golub and LeVeque.
    fn fold_deviations(
        &mut self,
        a: A,
        dtype: DType,
        extents: &[Expr],
        skip_nan: bool,
        place: &mut dyn FnMut(&[Expr]) -> Vec<Expr>,
    ) -> VarId {
        let number = |value: f64| Expr::Const(Scalar::f64(value).cast(dtype));
        let [count, mean, sum] = [(); 3].map(|()| self.keep(dtype, number(0.0)));
        self.nest(extents, &mut |f, at| {
            let value = f.element(a, &place(at));
            let value = Expr::Var(f.keep(dtype, value));
            let (update, ()) = f.block(|f| {
                let next = f.op(ScalarOp::Add, dtype, [Expr::Var(count), number(1.0)]);
                f.set(count, next);
                let gap = f.op(ScalarOp::Sub, dtype, [value.clone(), Expr::Var(mean)]);
                let gap = Expr::Var(f.keep(dtype, gap));
                let step = f.op(ScalarOp::Div, dtype, [gap.clone(), Expr::Var(count)]);
                let next = f.op(ScalarOp::Add, dtype, [Expr::Var(mean), step]);
                f.set(mean, next);
                let rest = f.op(ScalarOp::Sub, dtype, [value.clone(), Expr::Var(mean)]);
                let square = f.op(ScalarOp::Mul, dtype, [gap, rest]);
                let next = f.op(ScalarOp::Add, dtype, [Expr::Var(sum), square]);
                f.set(sum, next);
            });
            if skip_nan {
                let nan = f.op(ScalarOp::IsNan, dtype, [value]);
                f.out.push(Stmt::If { cond: nan, then: Vec::new(), other: update });
            } else {
                f.out.extend(update);
            }
        });
        sum
    }

    /// Inclusive running fold along an axis.
    pub fn scanned(&mut self, op: ScalarOp, a: A, axis: usize, ty: ArrayTy) -> A {
        let dtype = ty.dtype.storage();
        let extents = self.node(a).extents.clone();
        let slot = self.fresh_like(a);
        let first = Expr::Const(identity(op, dtype));
        if axis + 1 == extents.len() {
            let (outer, along) = extents.split_at(axis);
            self.nest(outer, &mut |f, outer| {
                let sum = f.keep(dtype, first.clone());
                f.nest(along, &mut |f, along| {
                    let at = [outer, along].concat();
                    let value = f.element(a, &at);
                    let value = f.op(op, dtype, [Expr::Var(sum), value]);
                    f.set(sum, value);
                    f.store_at(slot, at, Expr::Var(sum));
                });
            });
        } else {
            self.nest(&extents, &mut |f, at| {
                let mut before = at.to_vec();
                before[axis] = f.op(ScalarOp::Sub, DType::I64, [at[axis].clone(), int(1)]);
                let before = Expr::If {
                    cond: Box::new(compare(ScalarOp::Gt, at[axis].clone(), int(0), f.span)),
                    then: Box::new(Expr::Load { array: slot, index: before, check: Check::Proven }),
                    other: Box::new(first.clone()),
                };
                let value = f.element(a, at);
                let value = f.op(op, dtype, [before, value]);
                f.store_at(slot, at.to_vec(), value);
            });
        }
        self.push(ty, extents, Kind::Slot(slot, Owner::Fresh))
    }

    /// The last axis of `a` with the first of `b`. Rows of the result are built from rows of `b`, so that memory is passed in order.
    pub fn multiplied(&mut self, a: A, b: A, ty: ArrayTy) -> A {
        let dtype = ty.dtype.storage();
        let (left, right) = (self.node(a).extents.clone(), self.node(b).extents.clone());
        let (lead, inner) = left.split_at(left.len().saturating_sub(1));
        let (first, tail) = right.split_at(1.min(right.len()));
        let count = inner.first().cloned().unwrap_or(size(1));
        self.check_equal(&count, first.first().unwrap_or(&count), lead.len());
        // Each element of `b` is used once for each row of `a`, and the other way round.
        let repeats = |extents: &[Expr]| extents.iter().any(|extent| known(extent) != Some(1));
        let b = if repeats(lead) { self.repeatable(b) } else { b };
        let a = if repeats(tail) { a } else { self.repeatable(a) };
        let product = |f: &mut Self, left: &[Expr], right: &[Expr]| {
            let (x, y) = (f.element(a, left), f.element(b, right));
            f.op(ScalarOp::Mul, dtype, [x, y])
        };
        let dot = |f: &mut Self, lead: &[Expr]| {
            let sum = f.keep(dtype, Expr::Const(zero(dtype)));
            f.nest(std::slice::from_ref(&count), &mut |f, k| {
                let value = product(f, &[lead, k].concat(), k);
                let value = f.op(ScalarOp::Add, dtype, [Expr::Var(sum), value]);
                f.set(sum, value);
            });
            Expr::Var(sum)
        };
        if lead.is_empty() && tail.is_empty() {
            let sum = dot(self, &[]);
            return self.scalar_node(ty.dtype, sum);
        }
        let extents = [lead, tail].concat();
        let slot = self.slot("", ty.dtype, extents.len());
        self.out.push(Stmt::Alloc { array: slot, shape: extents.clone(), clear: true, span: self.span });
        if tail.is_empty() {
            self.nest(lead, &mut |f, lead| {
                let sum = dot(f, lead);
                f.store_at(slot, lead.to_vec(), sum);
            });
        } else {
            self.nest(&[lead, std::slice::from_ref(&count)].concat(), &mut |f, at| {
                let (lead, k) = at.split_at(lead.len());
                let x = f.element(a, at);
                let x = if super::index::is_atom(&x) { x } else { Expr::Var(f.keep(dtype, x)) };
                f.nest(tail, &mut |f, tail| {
                    let y = f.element(b, &[k, tail].concat());
                    let index = [lead, tail].concat();
                    let before = Expr::Load { array: slot, index: index.clone(), check: Check::Proven };
                    let value = f.op(ScalarOp::Mul, dtype, [x.clone(), y]);
                    let value = f.op(ScalarOp::Add, dtype, [before, value]);
                    f.store_at(slot, index, value);
                });
            });
        }
        self.push(ty, extents, Kind::Slot(slot, Owner::Fresh))
    }
}

/// What leaves the first element as it is.
fn identity(op: ScalarOp, dtype: DType) -> Scalar {
    op.identity(dtype).unwrap_or(zero(dtype))
}

/// What a reduction starts from: a sum from 0, so that a sum of nothing is no -0.0.
fn start(op: ScalarOp, dtype: DType) -> Scalar {
    if op == ScalarOp::Add { zero(dtype) } else { identity(op, dtype) }
}

fn zero(dtype: DType) -> Scalar {
    Scalar::bool(false).cast(dtype)
}
