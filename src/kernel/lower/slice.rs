//! Slices: which elements of an array they are, checked when they are made. Owns no memory.

use super::function::Function;
use super::index::{add, compare, div_ceil, either, int, known, max, min, mul, size, sub};
use super::pull::{Ix, Kind};
use crate::array::{DType, Scalar};
use crate::base::{Code, Diagnostic, Outcome, Span};
use crate::builtins::build::{A, SliceArg};
use crate::builtins::typed::slice_types;
use crate::kernel::ir::*;
use crate::ops::ScalarOp;
use crate::types::slice::{range_of, slice};

impl Function<'_> {
    pub fn sliced(&mut self, a: A, index: &[SliceArg]) -> Outcome<A> {
        let span = self.span;
        let entries = slice_types(self, index).map_err(|error| error.or_at(span))?;
        let mut unknowns = std::mem::take(&mut self.unknowns);
        let ty = slice(&self.placed(a), &entries, &mut unknowns);
        self.unknowns = unknowns;
        let ty = ty.map_err(|error| error.or_at(span))?;
        if let Some(element) = self.loaded(a, index) {
            return Ok(self.scalar_node(ty.dtype, element));
        }
        let own = self.node(a).extents.clone();
        let (mut below, mut extents) = (Vec::with_capacity(own.len()), Vec::with_capacity(ty.rank()));
        for entry in index {
            let axis = below.len();
            let above = extents.len();
            match entry {
                SliceArg::New => extents.push(size(1)),
                SliceArg::At(at, place) => {
                    let at = self.position(*at);
                    self.check_inside(&at, &own[axis], axis, *place);
                    below.push(Ix::At(at));
                }
                SliceArg::Range { lo, hi, step } => {
                    let (start, count) = self.range(&own[axis], *lo, *hi, *step);
                    below.push(Ix::Axis { axis: above, start, step: *step });
                    extents.push(count);
                }
                SliceArg::Take(mask, place) if self.node(*mask).ty.dtype == DType::Bool => {
                    let error = Diagnostic::at(Code::Unsupported, *place, "a function that loops does not select by a mask");
                    return Err(error.help("test the elements in the loop, or select outside and give the function what was selected"));
                }
                SliceArg::Take(positions, place) => {
                    let positions = self.repeatable(*positions);
                    let extent = self.node(positions).extents[0].clone();
                    self.nest(std::slice::from_ref(&extent), &mut |f, at| {
                        let position = f.element(positions, at);
                        let position = f.as_i64(position, positions);
                        f.check_inside(&position, &own[axis], axis, *place);
                    });
                    let positions = self.positions(positions)?;
                    below.push(Ix::Take { axis: above, positions });
                    extents.push(extent);
                }
            }
        }
        while below.len() < own.len() {
            below.push(Ix::all(extents.len()));
            extents.push(own[below.len() - 1].clone());
        }
        Ok(self.push(ty, extents, Kind::Reindex(a, below)))
    }

    /// An element of an array in memory, whose load checks the indices itself.
    fn loaded(&mut self, a: A, index: &[SliceArg]) -> Option<Expr> {
        let Kind::Slot(array, _) = self.node(a).kind else { return None };
        let places: Option<Vec<(A, Span)>> =
            index.iter().map(|entry| if let SliceArg::At(at, span) = entry { Some((*at, *span)) } else { None }).collect();
        let places = places.filter(|places| places.len() == self.node(a).ty.rank() && !places.is_empty())?;
        let span = places.iter().map(|(_, span)| *span).reduce(Span::to)?;
        let indices: Vec<Expr> = places
            .into_iter()
            .map(|(at, _)| {
                let value = self.scalar(at);
                self.as_i64(value, at)
            })
            .collect();
        let check = self.check_of(a, &indices, span);
        Some(Expr::Load { array, index: indices, check })
    }

    /// Whether indices into an array in memory need a check.
    pub fn check_of(&self, a: A, indices: &[Expr], span: Span) -> Check {
        let dims = &self.node(a).ty.dims;
        let inside = indices.iter().zip(dims).all(|(index, dim)| self.ranges.is_inside(index, dim.size.known()));
        // What is known of a loop's variable holds whatever the conditions within the loop.
        if inside { Check::Always } else { Check::At(span) }
    }

    /// An element of an integer array as i64.
    pub fn as_i64(&self, value: Expr, of: A) -> Expr {
        match (self.node(of).ty.dtype, &value) {
            (DType::I64, _) => value,
            (_, Expr::Const(known)) => Expr::Const(known.cast(DType::I64)),
            (from, _) => Expr::Cast { from, to: DType::I64, arg: Box::new(value), span: self.span },
        }
    }

    /// An index, free to repeat.
    fn position(&mut self, at: A) -> Expr {
        let value = self.settled(at);
        match self.as_i64(value, at) {
            cast @ Expr::Cast { .. } => Expr::Var(self.keep(DType::I64, cast)),
            value => value,
        }
    }

    fn positions(&mut self, positions: A) -> Outcome<A> {
        use crate::builtins::build::Build;
        if self.node(positions).ty.dtype == DType::I64 { Ok(positions) } else { self.cast(positions, DType::I64) }
    }

    fn check_inside(&mut self, at: &Expr, extent: &Expr, axis: usize, span: Span) {
        let size = known(extent).and_then(|size| u64::try_from(size).ok());
        let known = self.scopes.iter().flat_map(|scope| &scope.checked).any(|(index, size)| index == at && size == extent);
        if known || self.ranges.is_inside(at, size) {
            return;
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.checked.push((at.clone(), extent.clone()));
        }
        let below = compare(ScalarOp::Lt, at.clone(), int(0), span);
        let above = compare(ScalarOp::Ge, at.clone(), extent.clone(), span);
        let values = vec![int(axis as i64), at.clone(), extent.clone()];
        let then = vec![Stmt::Fail { fault: FaultKind::Bounds, values, span }];
        self.out.push(Stmt::If { cond: either(below, above, span), then, other: Vec::new() });
    }

    /// First position and number of elements of `lo..hi by step` along an axis, clipped as `range_of` has it. Free to repeat.
    fn range(&mut self, extent: &Expr, lo: Option<A>, hi: Option<A>, step: i64) -> (Expr, Expr) {
        if (lo, hi, step) == (None, None, 1) {
            return (int(0), extent.clone());
        }
        let number = |f: &Self, bound: A| f.node(bound).known.and_then(Scalar::as_int).and_then(|at| i64::try_from(at).ok());
        let all_known = [lo, hi].into_iter().flatten().all(|bound| number(self, bound).is_some());
        if let (Some(extent), true) = (known(extent).and_then(|extent| u64::try_from(extent).ok()), all_known) {
            let (start, count) = range_of(extent, lo.and_then(|lo| number(self, lo)), hi.and_then(|hi| number(self, hi)), step);
            return (size(start), size(count));
        }
        let span = self.span;
        let (first, last) = if step > 0 { (int(0), extent.clone()) } else { (int(-1), sub(extent.clone(), int(1), span)) };
        let (open_lo, open_hi) = if step > 0 { (first.clone(), last.clone()) } else { (last.clone(), first.clone()) };
        let bound = |f: &mut Self, bound: Option<A>, open: Expr| match bound {
            None => open,
            Some(at) => {
                let at = f.position(at);
                min(max(at, first.clone(), span), last.clone(), span)
            }
        };
        let start = bound(self, lo, open_lo);
        let start = self.atom(start);
        let end = bound(self, hi, open_hi);
        let way = if step > 0 { sub(end, start.clone(), span) } else { sub(start.clone(), end, span) };
        let count = div_ceil(max(way, int(0), span), step.unsigned_abs(), span);
        (start, self.atom(count))
    }

    /// The i64 expression as a constant or variable.
    pub fn atom(&mut self, value: Expr) -> Expr {
        if super::index::is_atom(&value) { value } else { Expr::Var(self.keep(DType::I64, value)) }
    }

    /// Views need no loop: entries of a view of the slot below, where the array is one. `None` for transposes, repeats and positions.
    pub fn as_view(&self, a: A) -> Option<(A, Vec<ViewIndex>)> {
        let Kind::Reindex(base, entries) = &self.node(a).kind else { return None };
        let Kind::Slot(..) = self.node(*base).kind else { return None };
        let extents = &self.node(a).extents;
        let mut view = Vec::with_capacity(entries.len());
        let mut next = 0;
        for (below, entry) in entries.iter().enumerate() {
            let entry = match entry {
                Ix::At(at) => ViewIndex::At(at.clone()),
                Ix::Take { .. } => return None,
                Ix::Axis { axis, start, step } => {
                    // Axes between are new ones, of one element.
                    if *axis < next || (next..*axis).any(|new| known(&extents[new]) != Some(1)) {
                        return None;
                    }
                    view.extend((next..*axis).map(|_| ViewIndex::New));
                    next = axis + 1;
                    if known(start) == Some(0) && *step == 1 && extents[*axis] == self.node(*base).extents[below] {
                        ViewIndex::All
                    } else {
                        let way = mul(extents[*axis].clone(), int(*step), self.span);
                        ViewIndex::Range { lo: start.clone(), hi: add(start.clone(), way, self.span), step: *step }
                    }
                }
            };
            view.push(entry);
        }
        if (next..extents.len()).any(|new| known(&extents[new]) != Some(1)) {
            return None;
        }
        view.extend((next..extents.len()).map(|_| ViewIndex::New));
        Some((*base, view))
    }
}
