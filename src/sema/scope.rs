//! Variables of one body at one point of it: which local a name means, what is known of it, and what a name means on some paths only.
//! Owns no lookup beyond the body (see `resolve`) and no types.

use super::known::Known;
use crate::base::{Name, Span};
use crate::builtins::build::A;
use crate::sema::hir::LocalId;
use crate::types::Ty;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a bound name means.
#[derive(Clone, Debug)]
pub struct Slot {
    pub local: LocalId,
    /// At least as precise as the local's declared type.
    pub ty: Ty,
    pub known: Known,
    /// The scalar's handle, so that sizes made of one scalar are equal.
    pub handle: Option<A>,
    /// Where it was bound last.
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum State {
    Bound(Slot),
    /// Bound on some paths only; where.
    Maybe(Span),
    /// Types on two paths have no common one.
    Conflict(Arc<Conflict>),
}

/// Two types of one name that do not go together.
#[derive(Debug)]
pub struct Conflict {
    pub first: (Ty, Span),
    pub second: (Ty, Span),
    /// Of a loop: before it, and at the end of a pass.
    pub looped: bool,
}

/// The variables at a point, and whether the program can get there.
#[derive(Clone, Debug)]
pub struct Scope {
    pub vars: BTreeMap<Name, State>,
    pub live: bool,
}

impl Default for Scope {
    fn default() -> Scope {
        Scope { vars: BTreeMap::new(), live: true }
    }
}

impl Scope {
    pub fn bound(&self, name: &str) -> Option<&Slot> {
        match self.vars.get(name) {
            Some(State::Bound(slot)) => Some(slot),
            _ => None,
        }
    }
}

impl State {
    /// Where the name was bound.
    pub fn span(&self) -> Span {
        match self {
            State::Bound(slot) => slot.span,
            State::Maybe(span) => *span,
            State::Conflict(conflict) => conflict.second.1,
        }
    }
}
