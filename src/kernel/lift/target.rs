//! Arrays whose elements a loop assigns: each pass its own element, over a region of the array.

use super::access::sorted;
use super::accumulate::element_fold;
use super::frame::{Affine, Frame, Lift, Loop, Place, Target, Val, Var};
use crate::builtins::build::{A, Extent, SliceArg};
use crate::builtins::cast;
use crate::ops::ScalarOp;
use crate::sema::hir::{Expr, ExprKind, Index, LocalId};

const ALL: SliceArg = SliceArg::Range { lo: None, hi: None, step: 1 };

impl Lift<'_> {
    /// `x[i, j] = e`, or in a deeper loop `x[i, j] = x[i, j] op e`.
    pub fn store(&mut self, frame: &mut Frame, local: LocalId, index: &[Index], value: &Expr) -> Option<()> {
        let places = self.places(frame, index)?;
        if places.len() < self.loops.len() {
            return self.fold_store(frame, local, &places, value);
        }
        let value = self.expr(frame, value)?;
        let Var::Target(target) = frame.var(local).clone() else { return None };
        let axes = self.region(&target, &places)?;
        let mut a = self.spread(&value)?;
        let dtype = self.b.ty(target.before).dtype;
        a = cast(self.b, a, dtype).ok()?;
        if let Some(mask) = self.mask()? {
            let before = self.elements(&target, &axes)?;
            a = self.map(ScalarOp::Select, &[mask, a, before])?;
        }
        let shape: Vec<Extent> = self.loops.iter().map(|open| Extent::Known(open.count)).collect();
        let now = self.b.broadcast(a, &shape).ok()?;
        *frame.var_mut(local) = Var::Target(Target { axes, now: Some(now), ..target });
        Some(())
    }

    /// An element of the outer loop, which the inner one folds into.
    fn fold_store(&mut self, frame: &mut Frame, local: LocalId, places: &[Place], value: &Expr) -> Option<()> {
        let (op, term) = element_fold(value, &mut |expr| match &expr.kind {
            ExprKind::Index { base, index } => {
                let same = matches!(base.kind, ExprKind::Local(read) if read == local);
                same && self.places(frame, index).is_some_and(|read| read == places)
            }
            _ => false,
        })?;
        // The term does not read the elements: those of a deeper loop than theirs are not read.
        let term = self.expr(frame, term)?;
        let Var::Target(target) = frame.var(local).clone() else { return None };
        let axes = self.region(&target, places)?;
        if axes.iter().any(|(open, _)| *open != 0) || target.folding.is_some_and(|folding| folding != op) {
            return None;
        }
        let part = self.reduced(op, &term, self.b.ty(target.before).dtype, 1)?;
        let before = self.elements(&target, &axes)?;
        let now = self.map(op, &[before, part])?;
        *frame.var_mut(local) = Var::Target(Target { axes, now: Some(now), folding: Some(op), ..target });
        Some(())
    }

    /// The loops that run along the axes, all of the array in steps of 1. They are the same for every statement.
    fn region(&self, target: &Target, places: &[Place]) -> Option<Vec<(usize, Loop)>> {
        let shape = self.b.ty(target.before).shape()?;
        if places.len() != shape.len() {
            return None;
        }
        let axis = |(place, size): (&Place, u64)| match place {
            Place::Along(Affine { axis, start, step: 1 }) if self.is_inside(*place, size) => {
                Some((*axis, Loop { start: *start, step: 1, count: self.loops.get(*axis)?.count }))
            }
            _ => None,
        };
        let axes: Vec<(usize, Loop)> = places.iter().zip(shape).map(axis).collect::<Option<_>>()?;
        sorted(&axes.iter().map(|(open, _)| *open).collect::<Vec<_>>())?;
        let same = |(a, b): (&(usize, Loop), &(usize, Loop))| a.0 == b.0 && a.1.start == b.1.start && a.1.count == b.1.count;
        (target.axes.is_empty() || target.axes.iter().zip(&axes).all(same)).then_some(axes)
    }

    /// `x[i, j]` of an array under assignment, at the place that the pass assigns.
    pub fn read_target(&mut self, frame: &mut Frame, local: LocalId, places: &[Place]) -> Option<Val> {
        let Var::Target(target) = frame.var(local).clone() else { return None };
        let axes = self.region(&target, places)?;
        if axes.len() != self.loops.len() {
            return None;
        }
        let now = self.elements(&target, &axes)?;
        // A pass reads only what it assigns itself: from here on every statement keeps to this region.
        *frame.var_mut(local) = Var::Target(Target { axes, now: Some(now), ..target });
        Some(self.elem(now))
    }

    /// The region's elements as they are now, one axis for each loop, by loop. The loops are the outermost ones.
    fn elements(&mut self, target: &Target, axes: &[(usize, Loop)]) -> Option<A> {
        if let Some(now) = target.now {
            return Some(now);
        }
        let loops: Vec<usize> = axes.iter().map(|(open, _)| *open).collect();
        if loops.iter().any(|open| *open >= loops.len()) {
            return None;
        }
        let shape = self.b.ty(target.before).shape()?;
        let mut index = Vec::with_capacity(axes.len());
        for ((_, along), size) in axes.iter().zip(shape) {
            index.push(self.range(along.start, 1, along.count, size)?);
        }
        let a = self.b.slice(target.before, &index).ok()?;
        let a = self.unnamed(a)?;
        self.b.transpose(a, &sorted(&loops)?).ok()
    }

    /// The array after the loops: the region in its place.
    pub fn assembled(&mut self, target: Target) -> Option<A> {
        let Some(now) = target.now else { return Some(target.before) };
        let ty = self.b.ty(target.before);
        let shape = ty.shape()?;
        // Axis k of the array is axis `axes[k]` of the region, whose axes are those of the loops.
        let order: Vec<usize> = target.axes.iter().map(|(open, _)| *open).collect();
        let mut whole = self.b.transpose(now, &order).ok()?;
        let before = self.unnamed(target.before)?;
        for (axis, (_, along)) in target.axes.iter().enumerate().rev() {
            let end = along.start.checked_add(i64::try_from(along.count).ok()?)?;
            let mut parts = Vec::new();
            for (from, to) in [(0, along.start), (end, i64::try_from(shape[axis]).ok()?)] {
                if from == end {
                    parts.push(whole);
                }
                if from < to {
                    let mut index = Vec::with_capacity(shape.len());
                    for (at, (_, along)) in target.axes.iter().enumerate() {
                        index.push(match at.cmp(&axis) {
                            std::cmp::Ordering::Less => self.range(along.start, 1, along.count, shape[at])?,
                            std::cmp::Ordering::Equal => self.range(from, 1, (to - from) as u64, shape[at])?,
                            std::cmp::Ordering::Greater => ALL,
                        });
                    }
                    parts.push(self.b.slice(before, &index).ok()?);
                }
            }
            if parts.len() > 1 {
                whole = self.b.concat(&parts, axis).ok()?;
            }
        }
        self.b.rename(whole, ty.dims).ok()
    }
}
