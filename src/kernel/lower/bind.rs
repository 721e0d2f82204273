//! Arrays are values: binding a variable to an array, without a copy where nobody can tell.
//!
//! What holds between statements: memory that elements are stored into is reached through one variable alone. A variable that is stored
//! into anywhere in the function gets memory of its own when it is bound; one that is not may share memory with others that are not.
//! An array that is not read any more after a statement changes hands instead of being copied: `u = next`, `a, b = b, a`.

use super::function::{Function, Home};
use super::index::reads_var;
use super::pull::Kind;
use crate::array::DType;
use crate::builtins::build::A;
use crate::kernel::ir::*;
use crate::sema::hir::LocalId;

/// Whose memory a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Nobody else's.
    Fresh,
    /// Of arrays that nothing is stored into.
    Shared,
    /// Of an array that elements are stored into: the variable's whole, or a part of one.
    Stored(Option<LocalId>),
}

impl Owner {
    /// Of a part of it.
    pub fn part(self) -> Owner {
        if let Owner::Stored(_) = self { Owner::Stored(None) } else { self }
    }
    /// Of what is one or the other.
    pub fn or(self, other: Owner) -> Owner {
        match (self, other) {
            (Owner::Stored(_), _) | (_, Owner::Stored(_)) => Owner::Stored(None),
            (Owner::Shared, _) | (_, Owner::Shared) => Owner::Shared,
            (Owner::Fresh, Owner::Fresh) => Owner::Fresh,
        }
    }
}

/// A variable or slot that a statement binds.
pub struct Target {
    pub home: Home,
    /// Elements are stored into it somewhere.
    pub stored: bool,
    pub value: A,
}

impl Function<'_> {
    /// Binds all at once. `gone` says whether the value that a variable had before the statement is not read after it.
    pub fn assign(&mut self, targets: Vec<Target>, gone: &dyn Fn(LocalId) -> bool) {
        let alone = targets.len() == 1;
        let sources: Vec<Option<ArrayId>> = targets.iter().map(|target| self.slot_in(target.value)).collect();
        let (mut scalars, mut pairs) = (Vec::new(), Vec::new());
        for (target, source) in targets.iter().zip(&sources) {
            match target.home {
                Home::Scalar(var) => scalars.push((var, target.value)),
                Home::Array(slot) => {
                    let once = sources.iter().filter(|other| *other == source).count() == 1;
                    let value = self.in_dtype(target.value, self.arrays[slot.0 as usize].dtype);
                    let from = self.source(slot, value, target.stored, alone, &|local| once && gone(local));
                    if from != slot {
                        pairs.push((slot, from));
                    }
                }
                Home::Group(_) | Home::None => {}
            }
        }
        self.assign_scalars(&scalars);
        if !pairs.is_empty() {
            self.out.push(Stmt::Rebind { pairs, span: self.span });
        }
    }

    fn slot_in(&self, a: A) -> Option<ArrayId> {
        match self.node(a).kind {
            Kind::Slot(slot, _) => Some(slot),
            _ => None,
        }
    }

    /// The slot to bind `target` to: itself where it is bound already.
    fn source(&mut self, target: ArrayId, a: A, stored: bool, alone: bool, gone: &dyn Fn(LocalId) -> bool) -> ArrayId {
        if let Kind::Slot(slot, owner) = self.node(a).kind {
            let free = match owner {
                Owner::Fresh => true,
                Owner::Shared => !stored,
                Owner::Stored(Some(local)) => gone(local),
                Owner::Stored(None) => false,
            };
            if free {
                return slot;
            }
        }
        let own = if alone && !self.reads(a, target) { Some(target) } else { None };
        if let Some((base, index)) = self.as_view(a)
            && let Kind::Slot(slot, owner) = self.node(base).kind
            && (owner == Owner::Fresh || owner == Owner::Shared && !stored)
        {
            return self.view(own, slot, index);
        }
        match own {
            Some(slot) => {
                self.copy_into(slot, a);
                slot
            }
            None => {
                let (dtype, rank) = (self.node(a).ty.dtype, self.node(a).ty.rank());
                let slot = self.slot("", dtype, rank);
                self.copy_into(slot, a);
                slot
            }
        }
    }

    /// A slot bound to a view.
    fn view(&mut self, own: Option<ArrayId>, base: ArrayId, index: Vec<ViewIndex>) -> ArrayId {
        let rank = index.iter().filter(|entry| !matches!(entry, ViewIndex::At(_))).count();
        let array = match own {
            Some(slot) => slot,
            None => self.slot("", self.arrays[base.0 as usize].dtype, rank),
        };
        self.out.push(Stmt::View { array, base, index, check: Check::Proven, span: self.span });
        array
    }

    /// The array in a slot, for the time of a statement: a view where it is one, else computed.
    pub fn slot_of(&mut self, a: A) -> (ArrayId, Owner) {
        if let Kind::Slot(slot, owner) = self.node(a).kind {
            return (slot, owner);
        }
        if let Some((base, index)) = self.as_view(a)
            && let Kind::Slot(slot, owner) = self.node(base).kind
        {
            return (self.view(None, slot, index), owner.part());
        }
        let a = self.in_memory(a);
        self.slot_of(a)
    }

    /// Sets variables to values that were all computed before.
    fn assign_scalars(&mut self, scalars: &[(VarId, A)]) {
        let mut values: Vec<Expr> = Vec::with_capacity(scalars.len());
        for (at, (var, a)) in scalars.iter().enumerate() {
            let dtype = self.vars[var.0 as usize].dtype;
            let value = self.scalar_in_dtype(*a, dtype);
            let overwritten = scalars[..at].iter().any(|(var, _)| reads_var(&value, *var));
            values.push(if overwritten { Expr::Var(self.keep(dtype, value)) } else { value });
        }
        for ((var, _), value) in scalars.iter().zip(values) {
            if value != Expr::Var(*var) {
                self.set(*var, value);
            }
        }
    }

    /// A scalar as an expression of a storage dtype.
    pub fn scalar_in_dtype(&mut self, a: A, dtype: DType) -> Expr {
        let a = self.in_dtype(a, dtype);
        self.scalar(a)
    }

    /// The array in a storage dtype.
    pub fn in_dtype(&mut self, a: A, dtype: DType) -> A {
        let (own, extents) = (self.node(a).ty.clone(), self.node(a).extents.clone());
        if own.dtype.storage() == dtype { a } else { self.push(own.with_dtype(dtype), extents, Kind::Cast(a)) }
    }
}
