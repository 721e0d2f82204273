//! Dependence between iterations of a loop: may an iteration touch an element that another one writes? Accesses through views that the loop
//! binds count as accesses of what they are views of.

use crate::base::Span;
use crate::kernel::alias::Shares;
use crate::kernel::ir::*;
use crate::kernel::ranges::{Decls, Element, Guards, Linear, Round, State, Term, Visitor, walk_body};
use std::collections::{BTreeMap, BTreeSet};

/// Steps of an index per iteration above this are not followed.
const LARGEST_STEP: i128 = 1 << 20;

/// An access in an iteration: its indices as linear forms, where they are known.
#[derive(Clone, Debug)]
pub struct Touch {
    pub array: ArrayId,
    index: Vec<Option<Linear>>,
    pub written: bool,
    pub span: Span,
}

impl Touch {
    /// All of an array may be read.
    pub fn whole(array: ArrayId, rank: usize, span: Span) -> Touch {
        Touch { array, index: vec![None; rank], written: false, span }
    }
}

/// The loop whose iterations are compared.
pub struct Iterations<'a> {
    pub decls: &'a Decls,
    pub var: VarId,
    /// At the start of each iteration.
    pub state: &'a State,
    pub round: &'a Round,
    pub shares: &'a Shares,
}

impl Iterations<'_> {
    /// All accesses of a body, in order.
    pub fn touches(&self, body: &[Stmt]) -> Vec<Touch> {
        let mut collect = Collect::default();
        walk_body(self.decls, &mut body.to_vec(), self.state.clone(), std::slice::from_ref(self.round), Guards::Hold, &mut collect);
        collect.found
    }

    /// Two accesses of different iterations that may meet in an element, one of them writing. `changed`: what is not the same in all.
    pub fn conflict<'t>(&self, touches: &'t [Touch], changed: &BTreeSet<Term>) -> Option<(&'t Touch, &'t Touch)> {
        let writes = touches.iter().filter(|touch| touch.written);
        let mut pairs = writes.flat_map(|write| touches.iter().map(move |other| (write, other)));
        pairs.find(|(write, other)| self.may_meet(write, other, changed))
    }

    fn may_meet(&self, a: &Touch, b: &Touch, changed: &BTreeSet<Term>) -> bool {
        if a.array != b.array {
            return self.shares.may(a.array, b.array);
        }
        let mut axes = a.index.iter().zip(&b.index);
        self.shares.may(a.array, a.array) || !axes.any(|axis| matches!(axis, (Some(a), Some(b)) if self.apart(a, b, changed)))
    }

    /// Are two indices of one axis never equal in different iterations?
    fn apart(&self, a: &Linear, b: &Linear, changed: &BTreeSet<Term>) -> bool {
        let own = Term::Var(self.var);
        let step = a.coefficient(own);
        if step != b.coefficient(own) || step.abs() > LARGEST_STEP {
            return false;
        }
        let rest = |form: &Linear| form.substitute(own, &Linear::constant(0));
        let (a, b) = (rest(a), rest(b));
        let fixed = |form: &Linear| form.terms().iter().all(|(term, _)| !changed.contains(term) && self.state.is_fixed(*term));
        if !fixed(&a) || !fixed(&b) {
            return false;
        }
        let gap = a.minus(&b);
        match gap.known() {
            Some(0) => step != 0,
            Some(gap) => step == 0 || gap % step != 0,
            None => step == 0 && (self.state.proves(&gap.offset(-1)) || self.state.proves(&gap.scaled(-1).offset(-1))),
        }
    }
}

/// Where an axis of a view's base comes from.
#[derive(Clone)]
enum Axis {
    At(Linear),
    /// An axis of the view, and the first element.
    Part(usize, Linear),
    Unknown,
}

#[derive(Default)]
struct Collect {
    found: Vec<Touch>,
    /// The views that the body binds: of what, axis by axis.
    views: BTreeMap<ArrayId, (ArrayId, Vec<Axis>)>,
}

impl Collect {
    /// What an index of a slot means for the array behind it.
    fn resolve(&self, array: ArrayId, index: Vec<Option<Linear>>) -> (ArrayId, Vec<Option<Linear>>) {
        let Some((base, axes)) = self.views.get(&array) else { return (array, index) };
        let axis = |axis: &Axis| match axis {
            Axis::At(at) => Some(at.clone()),
            Axis::Part(own, first) => index.get(*own)?.as_ref().map(|at| first.plus(1, at)),
            Axis::Unknown => None,
        };
        (*base, axes.iter().map(axis).collect())
    }
}

impl Visitor for Collect {
    fn access(&mut self, state: &mut State, _loops: &[Round], element: Element) {
        let index = element.index.iter().map(|at| Some(state.linear(at))).collect();
        let (array, index) = self.resolve(element.array, index);
        self.found.push(Touch { array, index, written: element.written, span: element.span });
    }

    fn view(&mut self, state: &mut State, array: ArrayId, base: ArrayId, index: &[ViewIndex]) {
        let (mut own, mut axis) = (0, 0);
        let mut axes = Vec::new();
        for entry in index {
            match entry {
                ViewIndex::New => {
                    own += 1;
                    continue;
                }
                ViewIndex::At(at) => axes.push(Axis::At(state.linear(at))),
                ViewIndex::All => axes.push(Axis::Part(own, Linear::constant(0))),
                ViewIndex::Range { lo, hi, step } => {
                    // Not clipped: the view starts where it says.
                    let (lo, hi) = (state.exact(lo), state.exact(hi));
                    let inside = [lo.clone(), hi.minus(&lo), state.size(base, axis).minus(&hi)].iter().all(|form| state.proves(form));
                    axes.push(if *step == 1 && inside { Axis::Part(own, lo) } else { Axis::Unknown });
                }
            }
            own += usize::from(!matches!(entry, ViewIndex::At(_)));
            axis += 1;
        }
        // A view of a view is one of what is behind it.
        let resolved = match self.views.get(&base) {
            None => (base, axes),
            Some((behind, before)) => {
                let through = |axis: &Axis| match axis {
                    Axis::Part(middle, first) => match axes.get(*middle) {
                        Some(Axis::At(at)) => Axis::At(first.plus(1, at)),
                        Some(Axis::Part(own, more)) => Axis::Part(*own, first.plus(1, more)),
                        _ => Axis::Unknown,
                    },
                    other => other.clone(),
                };
                (*behind, before.iter().map(through).collect())
            }
        };
        self.views.insert(array, resolved);
    }
}
