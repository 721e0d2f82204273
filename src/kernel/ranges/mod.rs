//! Range analysis: walks a kernel with what is known at each point, and shows a visitor every element access and every loop. Facts come from
//! loop bounds, conditions, assignments, allocations and checks that have passed.

pub mod linear;
mod prove;
mod state;

pub use linear::{Linear, Term};
pub use state::State;

use super::ir::*;
use super::visit;
use crate::array::DType;
use crate::base::Span;
use crate::ops::ScalarOp;
use std::collections::BTreeSet;

/// What is to be done with a loop that a visitor has been shown.
pub enum Next {
    /// Walk its body.
    Walk,
    /// Leave it: it has been replaced.
    Skip,
    /// It is now an `If` between two versions: walk the first, where the condition holds.
    Versions,
}

/// Looks at a kernel while it is walked, and changes it.
pub trait Visitor {
    /// An element is accessed. `state` holds before the check.
    fn access(&mut self, _state: &mut State, _loops: &[Round], _element: Element) {}
    /// A branch is chosen by a condition, which has been computed.
    fn condition(&mut self, _state: &mut State, _cond: &mut Expr) {}
    /// A slot is bound to part of another's array.
    fn view(&mut self, _state: &mut State, _array: ArrayId, _base: ArrayId, _index: &[ViewIndex]) {}
    /// A `For` is entered, the one of this number in source order. `state` holds before it.
    fn enter(&mut self, _state: &mut State, _number: usize, _stmt: &mut Stmt) -> Next {
        Next::Walk
    }
}

/// An access of an element.
pub struct Element<'a> {
    pub array: ArrayId,
    pub index: &'a [Expr],
    pub check: &'a mut Check,
    pub written: bool,
    /// The statement it is in.
    pub span: Span,
    /// Does it happen on a condition, as far as the walk has come to see?
    pub guarded: bool,
}

/// A loop being walked: the bounds of its variable, both inside.
#[derive(Clone, Debug)]
pub struct Round {
    pub var: VarId,
    pub least: Linear,
    pub most: Linear,
}

/// How branches are taken.
#[derive(Clone, Copy, PartialEq)]
pub enum Guards {
    /// Conditions hold in their branches.
    Hold,
    /// Both branches are taken as if without a condition: what is proven then may be computed whatever the condition.
    Ignored,
}

/// The declarations of a kernel, as far as ranges need them.
#[derive(Clone)]
pub struct Decls {
    vars: Vec<DType>,
    ranks: Vec<usize>,
}

impl Decls {
    pub fn of(kernel: &Kernel) -> Decls {
        Decls { vars: kernel.vars.iter().map(|var| var.dtype).collect(), ranks: kernel.arrays.iter().map(|array| array.rank).collect() }
    }
    fn dtype(&self, var: VarId) -> DType {
        self.vars.get(var.0 as usize).copied().unwrap_or(DType::I64)
    }
    fn rank(&self, array: ArrayId) -> usize {
        self.ranks.get(array.0 as usize).copied().unwrap_or(0)
    }
    /// The sizes of a slot's axes, by what is known.
    fn sizes(&self, state: &State, array: ArrayId) -> Vec<Linear> {
        (0..self.rank(array)).map(|axis| state.size(array, axis)).collect()
    }
    fn unknown(&self, array: ArrayId) -> Vec<Option<Linear>> {
        vec![None; self.rank(array)]
    }
    /// The terms whose meaning a body may change.
    pub fn changes(&self, body: &[Stmt]) -> BTreeSet<Term> {
        let mut found: BTreeSet<Term> = visit::all_sets(body).into_iter().map(Term::Var).collect();
        found.extend(visit::all_binds(body).into_iter().flat_map(|array| (0..self.rank(array)).map(move |axis| Term::Len(array, axis))));
        found
    }
}

/// Walks a kernel for a visitor.
struct Walker<'a> {
    decls: &'a Decls,
    visitor: &'a mut dyn Visitor,
    guards: Guards,
    loops: Vec<Round>,
    /// How many `For`s have been passed.
    number: usize,
    /// How many conditions are round here.
    conditions: usize,
    /// The statement being walked.
    span: Span,
    /// Variables assumed only to grow (or to shrink) in the loops round here, and whether that has been seen to hold.
    counters: Vec<Counter>,
}

#[derive(Clone, Copy)]
struct Counter {
    var: VarId,
    grows: bool,
    holds: bool,
}

/// A visitor that only walks.
struct Nobody;
impl Visitor for Nobody {}

/// Walks a kernel from its start.
pub fn walk(kernel: &mut Kernel, visitor: &mut dyn Visitor) {
    let decls = Decls::of(kernel);
    walk_body(&decls, &mut kernel.body, State::default(), &[], Guards::Hold, visitor);
}

/// Walks a body from a state, `loops` being round it.
pub fn walk_body(decls: &Decls, body: &mut [Stmt], mut state: State, loops: &[Round], guards: Guards, visitor: &mut dyn Visitor) {
    let mut walker =
        Walker { decls, visitor, guards, loops: loops.to_vec(), number: 0, conditions: 0, span: Span::default(), counters: Vec::new() };
    walker.body(&mut state, body);
}

/// What holds at the start of every iteration of a loop that is entered in `state`, and the loop's bounds.
pub fn in_loop(decls: &Decls, state: &State, stmt: &Stmt) -> Option<(State, Round)> {
    let Stmt::For { body, .. } = stmt else { return None };
    let mut inside = state.clone();
    let round = Round::of(&mut inside, stmt)?;
    forget_but(decls, &mut inside, body, &[]);
    inside.forget(Term::Var(round.var));
    round.facts(&decls.changes(body)).into_iter().for_each(|fact| inside.learn(fact));
    Some((inside, round))
}

impl Round {
    /// The bounds of a loop that is entered in a state.
    fn of(state: &mut State, stmt: &Stmt) -> Option<Round> {
        let Stmt::For { var, lo, hi, step, .. } = stmt else { return None };
        let (lo, hi) = (state.exact(lo), state.exact(hi));
        let (least, most) = if *step > 0 { (lo, hi.offset(-1)) } else { (hi.offset(1), lo) };
        Some(Round { var: *var, least, most })
    }
    /// What is known of the variable in the loop, as far as the loop does not change what bounds it.
    fn facts(&self, changed: &BTreeSet<Term>) -> Vec<Linear> {
        let own = Linear::term(Term::Var(self.var));
        let stays = |form: &&Linear| !form.mentions(Term::Var(self.var)) && !form.terms().iter().any(|(term, _)| changed.contains(term));
        let low = Some(&self.least).filter(stays).map(|least| own.minus(least));
        let high = Some(&self.most).filter(stays).map(|most| most.minus(&own));
        low.into_iter().chain(high).collect()
    }
}

impl Walker<'_> {
    fn body(&mut self, state: &mut State, body: &mut [Stmt]) {
        for stmt in body {
            if state.dead {
                self.number += count_loops(std::slice::from_ref(stmt));
            } else {
                self.statement(state, stmt);
            }
        }
    }

    fn statement(&mut self, state: &mut State, stmt: &mut Stmt) {
        self.span = place_of(stmt);
        match stmt {
            Stmt::Set { var, value, .. } => {
                self.expr(state, value);
                let (var, value) = (*var, value.clone());
                self.count(state, var, &value);
                let dtype = self.decls.dtype(var);
                state.assign(var, dtype, &value);
            }
            Stmt::Store { array, index, value, check, .. } => {
                self.expr(state, value);
                self.element(state, *array, index, check, true);
            }
            Stmt::If { cond, then, other } => {
                self.expr(state, cond);
                self.visitor.condition(state, cond);
                let mut sides = [state.clone(), state.clone()];
                self.conditions += 1;
                for ((side, body), holds) in sides.iter_mut().zip([then, other]).zip([true, false]) {
                    if self.guards == Guards::Hold {
                        side.assume(cond, holds);
                    }
                    self.body(side, body);
                }
                self.conditions -= 1;
                let [then, other] = sides;
                *state = then.join(other);
            }
            Stmt::For { lo, hi, .. } => {
                self.expr(state, lo);
                self.expr(state, hi);
                self.for_loop(state, stmt);
            }
            Stmt::While { cond, body, .. } => {
                self.loop_body(state, body, |walker, inside, body| {
                    walker.expr(inside, cond);
                    inside.assume(cond, true);
                    walker.body(inside, body);
                });
                // After it the condition is false, unless it was left by a jump.
                if !leaves(body) {
                    state.assume(cond, false);
                }
            }
            Stmt::Break | Stmt::Continue | Stmt::Return(_) | Stmt::Fail { .. } => {
                self.exprs(state, stmt);
                state.dead = true;
            }
            Stmt::Alloc { array, .. } => {
                let array = *array;
                self.exprs(state, stmt);
                let Stmt::Alloc { shape, .. } = stmt else { return };
                let sizes: Vec<Option<Linear>> = shape.iter().map(|size| Some(state.settled(size))).collect();
                state.bind(array, &sizes);
            }
            Stmt::View { .. } => {
                self.exprs(state, stmt);
                if let Stmt::View { array, base, index, .. } = &*stmt {
                    self.visitor.view(state, *array, *base, index);
                }
                self.view(state, stmt);
            }
            Stmt::Rebind { pairs, .. } => {
                let sizes: Vec<Vec<Linear>> = pairs.iter().map(|(_, from)| self.decls.sizes(state, *from)).collect();
                for (to, _) in pairs.iter() {
                    state.bind(*to, &self.decls.unknown(*to));
                }
                let changed: BTreeSet<ArrayId> = pairs.iter().map(|(to, _)| *to).collect();
                let stays =
                    |form: &Linear| !form.terms().iter().any(|(term, _)| matches!(term, Term::Len(array, _) if changed.contains(array)));
                for ((to, _), sizes) in pairs.iter().zip(sizes) {
                    state.bind(*to, &sizes.into_iter().map(|size| Some(size).filter(&stays)).collect::<Vec<_>>());
                }
            }
            Stmt::Call { .. } | Stmt::ParFor { .. } => {
                self.exprs(state, stmt);
                for var in visit::sets(stmt) {
                    state.forget(Term::Var(var));
                }
                for array in visit::binds(stmt) {
                    state.bind(array, &self.decls.unknown(array));
                }
            }
        }
    }

    fn exprs(&mut self, state: &mut State, stmt: &mut Stmt) {
        for expr in visit::exprs_mut(stmt) {
            self.expr(state, expr);
        }
    }

    fn expr(&mut self, state: &mut State, expr: &mut Expr) {
        match expr {
            Expr::If { cond, then, other } => {
                self.expr(state, cond);
                self.visitor.condition(state, cond);
                self.conditions += 1;
                for (side, holds) in [(then, true), (other, false)] {
                    let mut inside = state.clone();
                    if self.guards == Guards::Hold {
                        inside.assume(cond, holds);
                    }
                    if !inside.dead {
                        self.expr(&mut inside, side);
                    }
                }
                self.conditions -= 1;
            }
            Expr::Load { array, index, check } => self.element(state, *array, index, check, false),
            _ => {
                for child in visit::children_mut(expr) {
                    self.expr(state, child);
                }
            }
        }
    }

    fn element(&mut self, state: &mut State, array: ArrayId, index: &mut [Expr], check: &mut Check, written: bool) {
        for at in index.iter_mut() {
            self.expr(state, at);
        }
        self.visitor.access(state, &self.loops, Element { array, index, check, written, span: self.span, guarded: self.conditions > 0 });
        // Without guards an access may be one that does not happen.
        if self.guards == Guards::Ignored {
            return;
        }
        for (axis, at) in index.iter().enumerate() {
            let at = state.settled(at);
            let room = state.size(array, axis).minus(&at).offset(-1);
            for fact in [at, room] {
                if !state.proves(&fact) {
                    state.learn(fact);
                }
            }
        }
    }

    fn for_loop(&mut self, state: &mut State, stmt: &mut Stmt) {
        let number = self.number;
        let after = number + count_loops(std::slice::from_ref(stmt));
        let next = self.visitor.enter(state, number, stmt);
        if let (Next::Versions, Stmt::If { cond, then, .. }) = (&next, &mut *stmt) {
            let mut inside = state.clone();
            inside.assume(cond, true);
            self.body(&mut inside, then);
        }
        if !matches!(next, Next::Walk) {
            self.number = after;
            self.forget_changes(state, std::slice::from_ref(stmt));
            return;
        }
        self.number += 1;
        let Some(round) = Round::of(state, stmt) else { return };
        let Stmt::For { body, .. } = stmt else { return };
        let own = Term::Var(round.var);
        let facts = round.facts(&self.decls.changes(body));
        state.forget(own);
        self.loops.push(round);
        self.loop_body(state, body, |walker, inside, body| {
            facts.iter().for_each(|fact| inside.learn(fact.clone()));
            walker.body(inside, body);
        });
        self.loops.pop();
        state.forget(own);
    }

    /// Walks the body of a loop in a state that holds at the start of each iteration; `state` is then what holds after the loop.
    fn loop_body(&mut self, state: &mut State, body: &mut [Stmt], mut iteration: impl FnMut(&mut Walker, &mut State, &mut [Stmt])) {
        let mut counters = counters(body);
        // Counters are assumed to go one way; a walk of a copy tells whether all do, else the others are tried again.
        while !counters.is_empty() {
            let mut copy = body.to_vec();
            let mut inside = state.clone();
            forget_but(self.decls, &mut inside, body, &counters);
            let (decls, guards, loops) = (self.decls, self.guards, self.loops.clone());
            let mut trial = Walker {
                decls,
                visitor: &mut Nobody,
                guards,
                loops,
                number: 0,
                conditions: 0,
                span: Span::default(),
                counters: counters.clone(),
            };
            iteration(&mut trial, &mut inside, &mut copy);
            if trial.counters.iter().all(|counter| counter.holds) {
                break;
            }
            counters = trial.counters.into_iter().filter(|counter| counter.holds).collect();
        }
        forget_but(self.decls, state, body, &counters);
        let mut inside = state.clone();
        iteration(self, &mut inside, body);
    }

    /// Does a counter go its way at an assignment, and without wrapping?
    fn count(&mut self, state: &mut State, var: VarId, value: &Expr) {
        for at in 0..self.counters.len() {
            let counter = self.counters[at];
            if counter.var == var {
                let before = state.exact(&Expr::Var(var));
                let step = state.linear(value).minus(&before);
                let after = state.linear(value);
                let way = if counter.grows { step } else { step.scaled(-1) };
                self.counters[at].holds &= state.fits(&after) && state.proves(&way);
            }
        }
    }

    /// Drops what a body changes.
    fn forget_changes(&mut self, state: &mut State, body: &[Stmt]) {
        forget_but(self.decls, state, body, &[]);
    }
}

/// Drops what a body changes, but for the side of counters that stays true.
fn forget_but(decls: &Decls, state: &mut State, body: &[Stmt], counters: &[Counter]) {
    let kept = kept_sizes(decls, state, body);
    for var in visit::all_sets(body) {
        match counters.iter().find(|counter| counter.var == var) {
            Some(counter) => state.forget_side(var, counter.grows),
            None => state.forget(Term::Var(var)),
        }
    }
    for array in visit::all_binds(body) {
        state.bind(array, &decls.unknown(array));
    }
    let changed = decls.changes(body);
    for (array, sizes) in kept {
        let stays = |form: &Linear| !form.terms().iter().any(|(term, _)| changed.contains(term));
        state.bind(array, &sizes.into_iter().map(|form| Some(form).filter(stays)).collect::<Vec<_>>());
    }
}

/// Slots that a body binds only to each other (swaps), all of equal sizes: those sizes stay.
fn kept_sizes(decls: &Decls, state: &State, body: &[Stmt]) -> Vec<(ArrayId, Vec<Linear>)> {
    let mut group = visit::all_binds(body);
    let mut pairs = Vec::new();
    visit::statements(body, &mut |stmt| match stmt {
        Stmt::Rebind { pairs: these, .. } => pairs.extend(these.iter().copied()),
        _ => visit::binds(stmt).iter().for_each(|array| {
            group.remove(array);
        }),
    });
    let sizes = |array: ArrayId| decls.sizes(state, array);
    loop {
        let before = group.len();
        for (to, from) in &pairs {
            if !group.contains(from) || sizes(*to) != sizes(*from) {
                group.remove(to);
            }
        }
        if group.len() == before {
            return group.into_iter().map(|array| (array, sizes(array))).collect();
        }
    }
}

/// Variables that a body sets only to themselves plus (or minus) something.
fn counters(body: &[Stmt]) -> Vec<Counter> {
    let mut found: Vec<Counter> = Vec::new();
    let mut others = BTreeSet::new();
    visit::statements(body, &mut |stmt| match stmt {
        Stmt::Set { var, value: Expr::Op { op: op @ (ScalarOp::Add | ScalarOp::Sub), dtype: DType::I64, args, .. }, .. } => {
            let own = |at: usize| args.get(at) == Some(&Expr::Var(*var));
            let grows = *op == ScalarOp::Add;
            let fits = own(0) || grows && own(1);
            match found.iter().find(|counter| counter.var == *var) {
                Some(counter) if fits && counter.grows == grows => {}
                None if fits => found.push(Counter { var: *var, grows, holds: true }),
                _ => {
                    others.insert(*var);
                }
            }
        }
        _ => others.extend(visit::sets(stmt)),
    });
    found.retain(|counter| !others.contains(&counter.var));
    found
}

/// Where a statement stands in the source.
pub fn place_of(stmt: &Stmt) -> Span {
    match stmt {
        Stmt::Set { span, .. } | Stmt::Store { span, .. } | Stmt::For { span, .. } | Stmt::While { span, .. } => *span,
        Stmt::Alloc { span, .. } | Stmt::View { span, .. } | Stmt::Rebind { span, .. } | Stmt::Fail { span, .. } => *span,
        Stmt::Call { span, .. } | Stmt::ParFor { span, .. } => *span,
        Stmt::If { .. } | Stmt::Break | Stmt::Continue | Stmt::Return(_) => {
            let mut found = Span::default();
            for expr in visit::exprs(stmt) {
                visit::each_expr(expr, &mut |expr| {
                    let own = match expr {
                        Expr::Op { span, .. } | Expr::Cast { span, .. } | Expr::Load { check: Check::At(span), .. } => *span,
                        _ => Span::default(),
                    };
                    if found == Span::default() {
                        found = own;
                    }
                });
            }
            found
        }
    }
}

/// The `For`s in a body, those in others too.
pub fn count_loops(body: &[Stmt]) -> usize {
    let mut count = 0;
    visit::statements(body, &mut |stmt| count += usize::from(matches!(stmt, Stmt::For { .. })));
    count
}

/// Does a `Break` of a body leave the loop that it is the body of?
fn leaves(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| match stmt {
        Stmt::Break => true,
        Stmt::If { then, other, .. } => leaves(then) || leaves(other),
        _ => false,
    })
}

impl Walker<'_> {
    fn view(&mut self, state: &mut State, stmt: &Stmt) {
        let Stmt::View { array, base, index, .. } = stmt else { return };
        let mut sizes = Vec::new();
        let mut axis = 0;
        for entry in index {
            let whole = state.size(*base, axis);
            match entry {
                ViewIndex::New => {
                    sizes.push(Some(Linear::constant(1)));
                    continue;
                }
                ViewIndex::All => sizes.push(Some(whole)),
                ViewIndex::At(_) => {}
                ViewIndex::Range { lo, hi, step: 1 } => {
                    let (lo, hi) = (state.exact(lo), state.exact(hi));
                    let inside = [lo.clone(), hi.minus(&lo), whole.minus(&hi)].iter().all(|form| state.proves(form));
                    sizes.push(inside.then(|| hi.minus(&lo)));
                }
                ViewIndex::Range { .. } => sizes.push(None),
            }
            axis += 1;
        }
        state.bind(*array, &sizes);
    }
}
