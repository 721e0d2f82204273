//! `Build` for the definitions of reductions over grouped arrays: what is reduced over the grouped dimension is reduced in groups, and how
//! many elements there are along it is an array, a number a group. Everything else is the implementer's below. What goes along a grouped
//! dimension without being a reduction is refused.

use super::super::build::{A, Build, Extent, ReduceOp, SliceArg};
use super::super::parts::{elementwise, number};
use crate::array::{Array, ArrayTy, DType, Dim, Scalar, Size};
use crate::base::{Code, Diagnostic, Name, Outcome, Span};
use crate::ops::ScalarOp as Op;
use crate::types::group::Groups;

/// The primitives that a wrapper leaves to the implementer below: all but those that it means something else by.
macro_rules! delegated {
    () => {
        fn reduce_groups(&mut self, op: ReduceOp, a: A, axes: &[usize], groups: &Groups) -> Outcome<A> {
            self.inner.reduce_groups(op, a, axes, groups)
        }
        fn at(&mut self, span: Span) {
            self.inner.at(span);
        }
        fn ty(&self, a: A) -> ArrayTy {
            self.inner.ty(a)
        }
        fn known(&self, a: A) -> Option<Scalar> {
            self.inner.known(a)
        }
        fn constant(&mut self, value: Scalar) -> A {
            self.inner.constant(value)
        }
        fn array(&mut self, values: &Array) -> Outcome<A> {
            self.inner.array(values)
        }
        fn values(&mut self, a: A) -> Outcome<Option<Array>> {
            self.inner.values(a)
        }
        fn name(&self, a: A) -> Option<Name> {
            self.inner.name(a)
        }
        fn iota(&mut self, len: Extent) -> Outcome<A> {
            self.inner.iota(len)
        }
        fn map(&mut self, op: Op, args: &[A]) -> Outcome<A> {
            self.inner.map(op, args)
        }
        fn cast(&mut self, a: A, to: DType) -> Outcome<A> {
            self.inner.cast(a, to)
        }
        fn broadcast(&mut self, a: A, shape: &[Extent]) -> Outcome<A> {
            self.inner.broadcast(a, shape)
        }
        fn transpose(&mut self, a: A, order: &[usize]) -> Outcome<A> {
            self.inner.transpose(a, order)
        }
        fn slice(&mut self, a: A, index: &[SliceArg]) -> Outcome<A> {
            self.inner.slice(a, index)
        }
        fn reshape(&mut self, a: A, shape: &[Extent]) -> Outcome<A> {
            self.inner.reshape(a, shape)
        }
        fn rename(&mut self, a: A, dims: Vec<Dim>) -> Outcome<A> {
            self.inner.rename(a, dims)
        }
        fn concat(&mut self, parts: &[A], axis: usize) -> Outcome<A> {
            self.inner.concat(parts, axis)
        }
        fn matmul(&mut self, a: A, b: A) -> Outcome<A> {
            self.inner.matmul(a, b)
        }
    };
}
pub(super) use delegated;

pub struct GroupBuild<'a> {
    pub inner: &'a mut dyn Build,
    pub groups: &'a [Groups],
    /// The grouped array's type.
    pub ty: ArrayTy,
    /// All axes of the reduction, the grouped ones among them.
    pub axes: Vec<usize>,
}

impl GroupBuild<'_> {
    fn grouped(&self, a: A, axis: usize) -> Option<usize> {
        let place = self.groups.iter().position(|groups| groups.axis == axis)?;
        (self.inner.ty(a).rank() == self.ty.rank()).then_some(place)
    }
    /// The sizes of groups, along the dimension that they have in the result; its other dimensions have size 1.
    fn sizes(&mut self, at: usize) -> Outcome<A> {
        let kept = (0..self.ty.rank()).filter_map(|axis| match self.groups.iter().position(|groups| groups.axis == axis) {
            Some(place) if place == at => Some(self.groups[place].dim.clone()),
            Some(place) => Some(Dim { size: Size::Known(1), coord: None, ..self.groups[place].dim.clone() }),
            None if self.axes.contains(&axis) => None,
            None => Some(Dim { size: Size::Known(1), coord: None, ..self.ty.dims[axis].clone() }),
        });
        let dims: Vec<Dim> = kept.collect();
        let sizes: Vec<Scalar> = self.groups[at].sizes().into_iter().map(|size| Scalar::i64(size as i64)).collect();
        let flat = Array::from_scalars(DType::I64, &sizes);
        let ty = ArrayTy { dtype: DType::I64, dims };
        self.inner.array(&Array::new(ty, flat.buffer().clone()))
    }
    /// A result without what a fold begins with, where groups are empty: a sum is 0 there, anything else missing.
    fn without_empty(&mut self, op: Op, value: A) -> Outcome<A> {
        let dtype = self.inner.ty(value).dtype;
        let empty: Vec<usize> = (0..self.groups.len()).filter(|at| self.groups[*at].sizes().contains(&0)).collect();
        let mut value = value;
        for at in empty {
            value = match op {
                Op::Add if dtype.is_float() || dtype.is_complex() => {
                    let zero = number(self.inner, dtype, 0.0);
                    elementwise(self.inner, Op::Add, &[value, zero])?
                }
                Op::Add | Op::Mul | Op::And | Op::Or => value,
                _ if dtype.is_float() => {
                    let (sizes, zero) = (self.sizes(at)?, self.inner.constant(Scalar::i64(0)));
                    let (none, nan) = (elementwise(self.inner, Op::Eq, &[sizes, zero])?, number(self.inner, dtype, f64::NAN));
                    elementwise(self.inner, Op::Select, &[none, nan, value])?
                }
                _ => {
                    let message = format!("some of {} have no elements to choose from", self.groups[at].dim);
                    return Err(Diagnostic::new(Code::Value, message).help("floats give NaN there: `x.as(f64)`"));
                }
            };
        }
        Ok(value)
    }
    fn refuse(&self, what: &str) -> Box<Diagnostic> {
        Diagnostic::new(Code::Unsupported, format!("{what} within groups is not built yet"))
    }
}

impl Build for GroupBuild<'_> {
    fn reduce(&mut self, op: ReduceOp, a: A, axes: &[usize]) -> Outcome<A> {
        let plain: Vec<usize> = axes.iter().copied().filter(|axis| self.grouped(a, *axis).is_none()).collect();
        let Some((last, rest)) = self.groups.split_last().filter(|_| plain.len() < axes.len()) else {
            return self.inner.reduce(op, a, axes);
        };
        if !rest.is_empty() && !matches!(op, ReduceOp::Fold(_)) {
            return Err(self.refuse("this reduction over several dimensions"));
        }
        let mut first = plain.clone();
        first.push(last.axis);
        first.sort_unstable();
        let mut value = self.inner.reduce_groups(op, a, &first, last)?;
        for groups in rest.iter().rev() {
            let axis = groups.axis - plain.iter().filter(|other| **other < groups.axis).count();
            let moved = Groups { axis, ..groups.clone() };
            value = self.inner.reduce_groups(op, value, &[axis], &moved)?;
        }
        match op {
            ReduceOp::Fold(op) => self.without_empty(op, value),
            _ => Ok(value),
        }
    }
    fn size(&mut self, a: A, axis: usize) -> A {
        let sizes = self.grouped(a, axis).map(|at| self.sizes(at));
        // Where there are no arrays the reduction itself fails.
        sizes.and_then(Result::ok).unwrap_or_else(|| self.inner.size(a, axis))
    }
    fn scan(&mut self, op: Op, a: A, axis: usize) -> Outcome<A> {
        match self.grouped(a, axis) {
            Some(_) => Err(self.refuse("a running fold")),
            None => self.inner.scan(op, a, axis),
        }
    }
    delegated!();
}
