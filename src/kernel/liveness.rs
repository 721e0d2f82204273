//! Which variables are still to be read, and array slots to be used: after each loop, after each `Set`, before a body. Works backwards over the structure;
//! loops are repeated until nothing changes.

use super::ir::*;
use super::visit;
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

/// What is followed: variables, or array slots.
pub trait Id: Copy {
    fn number(self) -> usize;
    /// Those that a statement itself reads (of a loop, before and after its body).
    fn read(stmt: &Stmt) -> Vec<Self>;
    /// Those that a statement itself sets, whatever they held.
    fn set(stmt: &Stmt) -> Vec<Self>;
}

impl Id for VarId {
    fn number(self) -> usize {
        self.0 as usize
    }
    fn read(stmt: &Stmt) -> Vec<VarId> {
        // Reductions are read as well as set.
        let mut found = if let Stmt::ParFor { .. } = stmt { visit::sets(stmt) } else { Vec::new() };
        for expr in visit::exprs(stmt) {
            visit::each_expr(expr, &mut |expr| {
                if let Expr::Var(var) = expr {
                    found.push(*var);
                }
            });
        }
        found
    }
    fn set(stmt: &Stmt) -> Vec<VarId> {
        visit::sets(stmt)
    }
}

impl Id for ArrayId {
    fn number(self) -> usize {
        self.0 as usize
    }
    fn read(stmt: &Stmt) -> Vec<ArrayId> {
        visit::uses(stmt)
    }
    fn set(stmt: &Stmt) -> Vec<ArrayId> {
        visit::binds(stmt)
    }
}

/// A set of variables or slots.
#[derive(Clone, Debug, PartialEq)]
pub struct Set<I>(Vec<u64>, PhantomData<I>);

pub type VarSet = Set<VarId>;
pub type ArraySet = Set<ArrayId>;

impl<I> Default for Set<I> {
    fn default() -> Self {
        Set(Vec::new(), PhantomData)
    }
}

impl<I: Id> Set<I> {
    pub fn contains(&self, id: I) -> bool {
        self.0.get(id.number() / 64).is_some_and(|word| word >> (id.number() % 64) & 1 == 1)
    }
    fn insert(&mut self, id: I) {
        let at = id.number() / 64;
        if self.0.len() <= at {
            self.0.resize(at + 1, 0);
        }
        self.0[at] |= 1 << (id.number() % 64);
    }
    fn remove(&mut self, id: I) {
        if let Some(word) = self.0.get_mut(id.number() / 64) {
            *word &= !(1 << (id.number() % 64));
        }
    }
    /// Adds all of another set; has anything been added?
    fn join(&mut self, other: &Set<I>) -> bool {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        let mut grown = false;
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            grown |= *more & !*word != 0;
            *word |= more;
        }
        grown
    }
}

/// What is live where a jump goes.
struct Targets<I> {
    on_break: Set<I>,
    on_continue: Set<I>,
}

impl<I> Default for Targets<I> {
    fn default() -> Self {
        Targets { on_break: Set::default(), on_continue: Set::default() }
    }
}

/// Walks backwards and tells a visitor what is live after each statement; several times for statements in loops, the last is the truth.
struct Walk<'f, I> {
    /// Called with each statement's number (in source order, those in others counted too) and what is live after it.
    visit: &'f mut dyn FnMut(usize, &Stmt, &Set<I>),
}

/// What is live after each `For` of a kernel, in source order.
pub fn live_after_loops<I: Id>(kernel: &Kernel) -> Vec<Set<I>> {
    let mut found = BTreeMap::new();
    walk(kernel, &mut |number, stmt, live: &Set<I>| {
        if let Stmt::For { .. } = stmt {
            found.insert(number, Set(live.0.clone(), PhantomData));
        }
    });
    found.into_values().collect()
}

/// The numbers (in source order, those in others counted too) of the `Set`s whose variable is not read after them.
pub fn unread_sets(kernel: &Kernel) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    walk(kernel, &mut |number, stmt, live: &VarSet| {
        if let Stmt::Set { var, .. } = stmt {
            if live.contains(*var) {
                found.remove(&number)
            } else {
                found.insert(number)
            };
        }
    });
    found
}

/// The variables (or slots) that a body may read before it sets them, if nothing is read after it.
pub fn live_before<I: Id>(body: &[Stmt]) -> Set<I> {
    let mut live = Set::default();
    Walk { visit: &mut |_, _, _| {} }.body(body, &mut live, &Targets::default(), 0);
    live
}

fn walk<I: Id>(kernel: &Kernel, visit: &mut dyn FnMut(usize, &Stmt, &Set<I>)) {
    Walk { visit }.body(&kernel.body, &mut Set::default(), &Targets::default(), 0);
}

fn count(body: &[Stmt]) -> usize {
    let mut count = 0;
    visit::statements(body, &mut |_| count += 1);
    count
}

impl<I: Id> Walk<'_, I> {
    /// From what is live after a body to what is live before it; `first` is the number of its first statement.
    fn body(&mut self, body: &[Stmt], live: &mut Set<I>, targets: &Targets<I>, first: usize) {
        let mut number = first + count(body);
        for stmt in body.iter().rev() {
            number -= count(std::slice::from_ref(stmt));
            (self.visit)(number, stmt, live);
            self.statement(stmt, live, targets, number);
        }
    }

    fn statement(&mut self, stmt: &Stmt, live: &mut Set<I>, targets: &Targets<I>, number: usize) {
        match stmt {
            Stmt::Break => live.0.clone_from(&targets.on_break.0),
            Stmt::Continue => live.0.clone_from(&targets.on_continue.0),
            Stmt::Return(_) | Stmt::Fail { .. } => live.0.clear(),
            Stmt::If { then, other, .. } => {
                let mut before_other = Set(live.0.clone(), PhantomData);
                self.body(then, live, targets, number + 1);
                self.body(other, &mut before_other, targets, number + 1 + count(then));
                live.join(&before_other);
            }
            // A condition is also computed after the body.
            Stmt::For { body, .. } | Stmt::While { body, .. } => {
                let again = matches!(stmt, Stmt::While { .. });
                let read = |live: &mut Set<I>| I::read(stmt).into_iter().filter(|_| again).for_each(|id| live.insert(id));
                read(live);
                self.repeat(live, |walk, live, targets| {
                    walk.body(body, live, targets, number + 1);
                    I::set(stmt).into_iter().for_each(|id| live.remove(id));
                    read(live);
                });
            }
            _ => I::set(stmt).into_iter().for_each(|id| live.remove(id)),
        }
        I::read(stmt).into_iter().for_each(|id| live.insert(id));
    }

    /// A loop: what is live after it is also live before each iteration, as is what the next iteration reads.
    fn repeat(&mut self, live: &mut Set<I>, mut iteration: impl FnMut(&mut Self, &mut Set<I>, &Targets<I>)) {
        let copy = |set: &Set<I>| Set(set.0.clone(), PhantomData);
        let on_break = copy(live);
        loop {
            let targets = Targets { on_break: copy(&on_break), on_continue: copy(live) };
            let mut before = copy(live);
            iteration(self, &mut before, &targets);
            if !live.join(&before) {
                return;
            }
        }
    }
}
