//! Elements of arrays at indices that follow loops: slices with their axes in the order of the loops. Only what is inside in every pass.

use super::frame::{Affine, Elem, Frame, Lift, Place, Val, Var};
use crate::array::{Dim, Scalar};
use crate::builtins::build::{A, SliceArg, Value};
use crate::sema::hir::{Expr, ExprKind, Index};
use crate::types::edge::Edge;

/// Indices further outside are folded one by one, in a kernel.
const MAX_BEYOND: i64 = 1 << 40;

impl Lift<'_> {
    pub fn index(&mut self, frame: &mut Frame, base: &Expr, index: &[Index]) -> Option<Val> {
        if let ExprKind::Local(local) = base.kind
            && let Var::Target(_) = frame.var(local)
        {
            let places = self.places(frame, index)?;
            return self.read_target(frame, local, &places);
        }
        let base = self.expr(frame, base)?;
        let (array, mut prefix) = match base {
            Val::Plain(Value::Array(array)) => (array, Vec::new()),
            Val::Row { array, prefix } => (array, prefix),
            _ => return None,
        };
        // Outside of loops and branches a slice is a slice.
        if prefix.is_empty() && self.loops.is_empty() && self.masks.is_empty() {
            return self.slice(frame, array, index);
        }
        prefix.extend(self.places(frame, index)?);
        self.element(array, prefix)
    }

    fn slice(&mut self, frame: &mut Frame, array: A, index: &[Index]) -> Option<Val> {
        let mut scalar = |this: &mut Self, expr: &Expr| match this.expr(frame, expr)? {
            Val::Plain(Value::Array(a)) => Some(a),
            _ => None,
        };
        let mut entries = Vec::with_capacity(index.len());
        for entry in index {
            entries.push(match entry {
                Index::At(at) => SliceArg::At(scalar(self, at)?, at.span),
                Index::Take(positions) => SliceArg::Take(scalar(self, positions)?, positions.span),
                Index::All => SliceArg::Range { lo: None, hi: None, step: 1 },
                Index::New => SliceArg::New,
                Index::Range { lo, hi, step } => {
                    let lo = if let Some(lo) = lo { Some(scalar(self, lo)?) } else { None };
                    let hi = if let Some(hi) = hi { Some(scalar(self, hi)?) } else { None };
                    SliceArg::Range { lo, hi, step: *step }
                }
            });
        }
        self.b.slice(array, &entries).ok().map(|a| Val::Plain(Value::Array(a)))
    }

    /// Indices that are known or follow a loop; trailing `..` are left out.
    pub fn places(&mut self, frame: &mut Frame, index: &[Index]) -> Option<Vec<Place>> {
        let given = index.iter().rposition(|entry| !matches!(entry, Index::All)).map_or(0, |last| last + 1);
        index[..given]
            .iter()
            .map(|entry| {
                let Index::At(at) = entry else { return None };
                let at = self.expr(frame, at)?;
                match &at {
                    Val::Elem(Elem { affine: Some(affine), .. }) => Some(Place::Along(*affine)),
                    _ => self.known_int(&at).and_then(|at| u64::try_from(at).ok()).map(Place::At),
                }
            })
            .collect()
    }

    /// An element at indices that may be outside: of the array continued beyond its ends, where they are.
    pub fn edged(&mut self, frame: &mut Frame, base: &Expr, index: &[Expr], (edge, fill): (Edge, Option<&Expr>)) -> Option<Val> {
        let Val::Plain(Value::Array(array)) = self.expr(frame, base)? else { return None };
        let ty = self.b.ty(array);
        let fill = match fill {
            Some(fill) => {
                let fill = self.expr(frame, fill)?;
                self.known(&fill)?
            }
            None => Scalar { dtype: ty.dtype, bits: 0 },
        };
        let (mut places, mut before, mut after) = (Vec::new(), Vec::new(), Vec::new());
        for (at, size) in index.iter().zip(ty.shape()?) {
            let at = self.expr(frame, at)?;
            let (place, (first, last)) = match &at {
                Val::Elem(Elem { affine: Some(affine), .. }) => (*affine, self.ends(*affine).filter(|_| size > 0)?),
                // An index that is the same in every pass must be inside.
                _ => {
                    let at = self.known_int(&at).and_then(|at| u64::try_from(at).ok()).filter(|at| *at < size)?;
                    places.push(Place::At(at));
                    before.push(0);
                    after.push(0);
                    continue;
                }
            };
            let (least, largest) = (first.min(last), first.max(last));
            if least < -MAX_BEYOND || largest > MAX_BEYOND {
                return None;
            }
            let more = least.min(0).unsigned_abs();
            before.push(more);
            after.push((largest.saturating_add(1).max(0) as u64).saturating_sub(size));
            places.push(Place::Along(Affine { start: place.start.checked_add(more as i64)?, ..place }));
        }
        let continued = before.iter().chain(&after).any(|more| *more > 0);
        let array = if continued { self.b.pad(array, &before, &after, edge, fill).ok()? } else { array };
        for (place, before) in places.iter_mut().zip(before) {
            if let Place::At(at) = place {
                *at += before;
            }
        }
        self.element(array, places)
    }

    /// The index in the first and last pass.
    fn ends(&self, Affine { axis, start, step }: Affine) -> Option<(i64, i64)> {
        let way = step.checked_mul(self.loops.get(axis)?.count as i64 - 1)?;
        Some((start, start.checked_add(way)?))
    }

    /// Is the index inside an axis of this size in every pass?
    pub fn is_inside(&self, place: Place, size: u64) -> bool {
        match place {
            Place::At(at) => at < size,
            Place::Along(affine) => {
                let inside = |at: i64| at >= 0 && (at as u64) < size;
                self.ends(affine).is_some_and(|(first, last)| inside(first) && inside(last))
            }
        }
    }

    /// The array without its first axes: a row, or an element for each pass.
    pub fn element(&mut self, array: A, prefix: Vec<Place>) -> Option<Val> {
        let shape = self.b.ty(array).shape()?;
        if prefix.len() > shape.len() || !prefix.iter().zip(&shape).all(|(place, size)| self.is_inside(*place, *size)) {
            return None;
        }
        if prefix.len() < shape.len() {
            return Some(Val::Row { array, prefix });
        }
        self.along_loops(array, &prefix)
    }

    /// The elements at places, with an axis for each open loop. No two places follow the same loop.
    pub fn along_loops(&mut self, array: A, places: &[Place]) -> Option<Val> {
        let mut index = Vec::with_capacity(places.len());
        let mut axes = Vec::new();
        let shape = self.b.ty(array).shape()?;
        for (place, size) in places.iter().zip(shape) {
            index.push(match place {
                Place::At(at) => SliceArg::At(self.b.constant(Scalar::i64(*at as i64)), Default::default()),
                Place::Along(affine) => {
                    axes.push(affine.axis);
                    self.range(affine.start, affine.step, self.loops.get(affine.axis)?.count, size)?
                }
            });
        }
        let order = sorted(&axes)?;
        let all = |entry: &SliceArg| matches!(entry, SliceArg::Range { lo: None, hi: None, step: 1 });
        let mut a = if index.iter().all(all) { array } else { self.b.slice(array, &index).ok()? };
        a = self.unnamed(a)?;
        if !order.iter().copied().eq(0..order.len()) {
            a = self.b.transpose(a, &order).ok()?;
        }
        if axes.is_empty() {
            return Some(Val::Plain(Value::Array(a)));
        }
        if axes.len() < self.loops.len() {
            let entry = |axis| if axes.contains(&axis) { SliceArg::Range { lo: None, hi: None, step: 1 } } else { SliceArg::New };
            let index: Vec<SliceArg> = (0..self.loops.len()).map(entry).collect();
            a = self.b.slice(a, &index).ok()?;
        }
        Some(self.elem(a))
    }

    /// `count` positions from `start` by `step` of an axis; all are inside.
    pub fn range(&mut self, start: i64, step: i64, count: u64, size: u64) -> Option<SliceArg> {
        if (start, step, count) == (0, 1, size) {
            return Some(SliceArg::Range { lo: None, hi: None, step: 1 });
        }
        let end = step.checked_mul(count as i64).and_then(|way| start.checked_add(way))?;
        let lo = self.b.constant(Scalar::i64(start));
        // A range that ends before the first element has an open end.
        let hi = if end < 0 { None } else { Some(self.b.constant(Scalar::i64(end))) };
        Some(SliceArg::Range { lo: Some(lo), hi, step })
    }

    /// The array without names and coordinates.
    pub fn unnamed(&mut self, a: A) -> Option<A> {
        let dims = self.b.ty(a).dims;
        if dims.iter().all(|dim| dim.name.is_none() && dim.coord.is_none()) {
            return Some(a);
        }
        self.b.rename(a, dims.into_iter().map(|dim| Dim::sized(dim.size)).collect()).ok()
    }
}

/// Which of the axes comes k-th by loop; `None` if two follow one loop.
pub fn sorted(axes: &[usize]) -> Option<Vec<usize>> {
    let mut order: Vec<usize> = (0..axes.len()).collect();
    order.sort_by_key(|at| axes[*at]);
    order.windows(2).all(|pair| axes[pair[0]] != axes[pair[1]]).then_some(order)
}
