//! Are the iterations of a loop independent, but for reductions? If not, which two statements stand against it.

use super::depend::{Iterations, Touch};
use super::reduce::{Rules, fold_of};
use crate::base::Span;
use crate::kernel::alias::Shares;
use crate::kernel::facts::binds_before_use;
use crate::kernel::ir::*;
use crate::kernel::liveness::{ArraySet, VarSet, live_before};
use crate::kernel::ranges::{Decls, State, in_loop, place_of};
use crate::kernel::visit;
use std::collections::{BTreeMap, BTreeSet};

/// Why iterations are not independent: what happens at one place, and what at another.
#[derive(Debug)]
pub struct Conflict {
    pub first: (Span, String),
    pub second: Option<(Span, String)>,
}

/// What is known where a loop stands.
pub struct Setting<'a> {
    pub kernel: &'a Kernel,
    /// Which kernels of the module may write to their array arguments.
    pub writers: &'a [bool],
    pub decls: &'a Decls,
    pub state: &'a State,
    pub shares: &'a Shares,
    /// Variables that are read after the loop.
    pub live: &'a VarSet,
    /// Slots that are used after it.
    pub live_arrays: &'a ArraySet,
    pub rules: Rules,
}

impl Setting<'_> {
    /// The reductions of a loop whose iterations are independent otherwise.
    pub fn independent(&self, stmt: &Stmt) -> Result<Vec<Reduction>, Conflict> {
        let Stmt::For { var, body, span, .. } = stmt else { return Err(one(Span::default(), "no loop")) };
        if let Some(jump) = leaving(body) {
            return Err(Conflict {
                first: (*span, "the loop may end early".into()),
                second: (jump != Span::default()).then(|| (jump, "here".into())),
            });
        }
        let reductions = self.variables(*var, body)?;
        let private = self.arrays(stmt, body)?;
        self.memory(stmt, *var, body, &private)?;
        Ok(reductions)
    }

    /// Variables are set anew in each iteration, or reductions.
    fn variables(&self, var: VarId, body: &[Stmt]) -> Result<Vec<Reduction>, Conflict> {
        let carried = live_before::<VarId>(body);
        let mut reductions = Vec::new();
        for own in visit::all_sets(body).into_iter().filter(|own| *own != var) {
            if !carried.contains(own) && !self.live.contains(own) {
                continue;
            }
            match self.reduction(own, body) {
                Some(op) => reductions.push(Reduction { var: own, op }),
                None => return Err(self.carried(own, body)),
            }
        }
        Ok(reductions)
    }

    /// The operation by which a body folds into a variable, and does nothing else with it.
    fn reduction(&self, var: VarId, body: &[Stmt]) -> Option<crate::ops::ScalarOp> {
        let dtype = self.kernel.vars.get(var.0 as usize)?.dtype;
        if (dtype.is_float() || dtype.is_complex()) && !self.rules.reorder_floats {
            return None;
        }
        let (mut ops, mut folds, mut others) = (Vec::new(), 0, false);
        visit::statements(body, &mut |stmt| match stmt {
            Stmt::Set { var: own, value, .. } if *own == var => match fold_of(var, value, dtype, self.rules.checked) {
                Some((op, _)) => {
                    folds += 1;
                    ops.push(op);
                }
                None => others = true,
            },
            _ => others |= visit::sets(stmt).contains(&var),
        });
        let op = *ops.first()?;
        (!others && ops.iter().all(|other| *other == op) && visit::reads_of(body, var) == folds).then_some(op)
    }

    fn carried(&self, var: VarId, body: &[Stmt]) -> Conflict {
        let name = &self.kernel.vars[var.0 as usize].name;
        let (mut set, mut read) = (Span::default(), None);
        visit::statements(body, &mut |stmt| {
            if set == Span::default() && visit::sets(stmt).contains(&var) {
                set = place_of(stmt);
            }
            let reads = visit::exprs(stmt).into_iter().any(|expr| visit::reads_in(expr, var) > 0);
            if reads && read.is_none() {
                read = Some(place_of(stmt));
            }
        });
        let second = match read {
            Some(read) => (read, format!("an iteration reads `{name}` here, which an earlier one may have set")),
            None => (set, format!("which iteration sets `{name}` last is seen after the loop")),
        };
        Conflict { first: (set, format!("an iteration sets `{name}` here")), second: Some(second) }
    }

    /// Slots that the body binds are bound anew in each iteration and used in no other place. Gives those whose memory is the iteration's.
    fn arrays(&self, stmt: &Stmt, body: &[Stmt]) -> Result<BTreeSet<ArrayId>, Conflict> {
        let bound = visit::all_binds(body);
        let all = || (0..self.kernel.arrays.len() as u32).map(ArrayId).filter(|array| !bound.contains(array)).collect::<BTreeSet<_>>();
        let used_after = bound.iter().any(|array| self.live_arrays.contains(*array));
        if used_after || !binds_before_use(body, &mut all()) {
            return Err(one(place_of(stmt), "an array is bound in one iteration and used in another, or after the loop"));
        }
        // What each slot may be bound to: fresh memory, or that of another slot.
        let mut sources: BTreeMap<ArrayId, Vec<ArrayId>> = BTreeMap::new();
        let mut mixed = None;
        visit::statements(body, &mut |inner| {
            let from: Vec<ArrayId> = match inner {
                Stmt::Rebind { .. } | Stmt::Call { .. } => visit::hands_on(inner),
                _ => Vec::new(),
            };
            for array in visit::binds(inner) {
                sources.entry(array).or_default().extend(from.iter().copied());
                if let Stmt::View { base, .. } = inner {
                    sources.entry(array).or_default().push(*base);
                }
                let views = |inner: &Stmt| matches!(inner, Stmt::View { array: own, .. } if *own == array);
                if views(inner) && count(body, |inner| visit::binds(inner).contains(&array)) > 1 {
                    mixed = Some(place_of(inner));
                }
            }
        });
        let mut private: BTreeSet<ArrayId> = bound.clone();
        loop {
            let before = private.len();
            private.retain(|array| sources.get(array).is_none_or(|from| from.iter().all(|from| bound.contains(from))));
            let shared: Vec<ArrayId> = bound.difference(&private).copied().collect();
            private.retain(|array| sources.get(array).is_none_or(|from| !from.iter().any(|from| shared.contains(from))));
            if private.len() == before {
                break;
            }
        }
        // A slot that is shared memory by other ways than one view of it is not followed.
        let unclear = bound.iter().find(|array| {
            !private.contains(array) && (mixed.is_some() || any_bind(body, **array, |inner| !matches!(inner, Stmt::View { .. })))
        });
        match unclear {
            Some(_) => Err(one(mixed.unwrap_or(place_of(stmt)), "what array this is differs from iteration to iteration")),
            None => Ok(private),
        }
    }

    /// No iteration touches an element that another one writes.
    fn memory(&self, stmt: &Stmt, var: VarId, body: &[Stmt], private: &BTreeSet<ArrayId>) -> Result<(), Conflict> {
        let Some((inside, round)) = in_loop(self.decls, self.state, stmt) else { return Ok(()) };
        let iterations = Iterations { decls: self.decls, var, state: &inside, round: &round, shares: self.shares };
        let mut touches = iterations.touches(body);
        let mut writer = None;
        visit::statements(body, &mut |inner| {
            let callee = match inner {
                Stmt::Call { kernel, .. } | Stmt::ParFor { kernel, .. } => kernel.0 as usize,
                _ => return,
            };
            for array in visit::hands_on(inner).into_iter().filter(|array| !private.contains(array)) {
                if self.writers.get(callee).copied().unwrap_or(true) {
                    writer = Some((place_of(inner), array));
                }
                let rank = self.kernel.arrays.get(array.0 as usize).map_or(0, |array| array.rank);
                touches.push(Touch::whole(array, rank, place_of(inner)));
            }
        });
        if let Some((span, array)) = writer {
            return Err(one(span, format!("`{}` may be written to in this call", self.name(array))));
        }
        touches.retain(|touch| !private.contains(&touch.array));
        let changed = self.decls.changes(body);
        let Some((write, other)) = iterations.conflict(&touches, &changed) else { return Ok(()) };
        let name = self.name(write.array);
        let second = match (write.span == other.span && other.written, other.written) {
            (true, _) => None,
            (_, true) => Some((other.span, format!("another iteration may write the same element of `{name}` here"))),
            (_, false) => Some((other.span, format!("another iteration may read that element of `{name}` here"))),
        };
        let first = match second {
            None => format!("two iterations may write the same element of `{name}` here"),
            Some(_) => format!("an iteration writes an element of `{name}` here"),
        };
        Err(Conflict { first: (write.span, first), second })
    }

    fn name(&self, array: ArrayId) -> &str {
        self.kernel.arrays.get(array.0 as usize).map_or("?", |array| &array.name)
    }
}

fn one(span: Span, text: impl Into<String>) -> Conflict {
    Conflict { first: (span, text.into()), second: None }
}

/// The place of a jump out of a loop with this body.
fn leaving(body: &[Stmt]) -> Option<Span> {
    body.iter().find_map(|stmt| match stmt {
        Stmt::Break => Some(Span::default()),
        Stmt::Return(_) => Some(place_of(stmt)),
        Stmt::If { then, other, .. } => {
            let inner = leaving(then).or_else(|| leaving(other))?;
            Some(if inner == Span::default() { place_of(stmt) } else { inner })
        }
        Stmt::For { body, .. } | Stmt::While { body, .. } => {
            visit::any(body, |stmt| matches!(stmt, Stmt::Return(_))).then(|| place_of(stmt))
        }
        _ => None,
    })
}

fn count(body: &[Stmt], holds: impl Fn(&Stmt) -> bool) -> usize {
    let mut count = 0;
    visit::statements(body, &mut |stmt| count += usize::from(holds(stmt)));
    count
}

/// Does a statement that binds a slot satisfy this?
fn any_bind(body: &[Stmt], array: ArrayId, holds: impl Fn(&Stmt) -> bool) -> bool {
    visit::any(body, |stmt| visit::binds(stmt).contains(&array) && holds(stmt))
}

/// Which kernels may write to memory that is not their own: a store to a slot that may hold an argument's.
pub fn writers(module: &Module) -> Vec<bool> {
    let mut writes = vec![false; module.kernels.len()];
    loop {
        let before = writes.clone();
        for (at, kernel) in module.kernels.iter().enumerate() {
            let mut given: BTreeSet<ArrayId> =
                kernel.params.iter().filter_map(|param| if let Param::Array(array) = param { Some(*array) } else { None }).collect();
            loop {
                let known = given.len();
                visit::statements(&kernel.body, &mut |stmt| {
                    if !matches!(stmt, Stmt::Return(_)) && visit::hands_on(stmt).iter().any(|array| given.contains(array)) {
                        given.extend(visit::binds(stmt));
                    }
                });
                if given.len() == known {
                    break;
                }
            }
            writes[at] |= visit::any(&kernel.body, |stmt| match stmt {
                Stmt::Store { array, .. } => given.contains(array),
                Stmt::Call { kernel, .. } | Stmt::ParFor { kernel, .. } => {
                    before[kernel.0 as usize] && visit::hands_on(stmt).iter().any(|array| given.contains(array))
                }
                _ => false,
            });
        }
        if writes == before {
            return writes;
        }
    }
}
