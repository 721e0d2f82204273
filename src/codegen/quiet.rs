//! Loops without calls: what they read and what they carry from iteration to iteration they get as values of their own, and what is read
//! after them is another value again. The register allocator splits a value that lives across calls twice at most; after that it is loaded
//! before each use and stored after it, in the innermost loop too.

use super::arrays::Slot;
use super::function::{Function, OWN};
use crate::kernel::ir::{ArrayId, Check, Expr, LoopKind, Param, Stmt, VarId};
use crate::kernel::visit;
use crate::ops::ScalarOp;
use crate::ops::emit::Elem;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Opcode, Value, ValueDef, types};
use cranelift_frontend::Variable;
use std::collections::BTreeMap;

/// The variables of a loop that are to have values of their own.
#[derive(Default)]
pub struct Own {
    /// What it reads and does not change, with the values to be put back after it.
    read: Vec<(Variable, Value)>,
    /// What it changes and something else may read.
    changed: Vec<Variable>,
}

impl Own {
    pub fn is_empty(&self) -> bool {
        self.read.is_empty() && self.changed.is_empty()
    }
}

impl Function<'_, '_> {
    /// The variables of a loop without calls that is in no other such loop; none of others. To be called before any branch round the loop.
    pub fn own_variables(&mut self, body: &[Stmt]) -> Own {
        if self.loops.iter().any(|round| round.quiet) || !is_quiet(body) {
            return Own::default();
        }
        let bound = visit::all_binds(body);
        let mut read = Vec::new();
        for (array, checked) in arrays(body).into_iter().filter(|(array, _)| !bound.contains(array)) {
            let slot = self.slot(array);
            read.push(slot.ptr);
            // Sizes and strides of others are mostly constants.
            if self.kernel.params.contains(&Param::Array(array)) {
                read.extend(strides(slot));
                read.extend(slot.sizes.iter().filter(|_| checked));
            }
        }
        let mut set = visit::all_sets(body);
        let (inside, everywhere) = (reads(body), reads(&self.kernel.body));
        for var in inside.keys().filter(|var| !set.contains(*var) && self.kernel.params.contains(&Param::Scalar(**var))) {
            read.extend(self.parts(*var));
        }
        visit::statements(body, &mut |stmt| {
            if let Stmt::For { var, .. } = stmt {
                set.remove(var);
            }
        });
        let elsewhere = |var: &&VarId| everywhere.get(*var) > inside.get(*var);
        let changed = set.iter().filter(elsewhere).flat_map(|var| self.parts(*var)).collect();
        Own { read: read.into_iter().map(|variable| (variable, self.b.use_var(variable))).collect(), changed }
    }

    /// Before the loop.
    pub fn enter_own(&mut self, own: &Own) {
        for variable in own.read.iter().map(|(variable, _)| variable).chain(&own.changed) {
            self.renew(*variable);
        }
    }

    /// After the loop.
    pub fn leave_own(&mut self, own: Own) {
        for variable in own.changed {
            self.renew(variable);
        }
        for (variable, value) in own.read {
            self.b.def_var(variable, value);
        }
    }

    fn parts(&self, var: VarId) -> Vec<Variable> {
        match self.vars[var.0 as usize] {
            Elem::Real(variable) => vec![variable],
            Elem::Complex(re, im) => vec![re, im],
        }
    }

    /// Gives a variable that does not hold a constant a copy of its value. By an atomic read, which is one that stays where it is.
    fn renew(&mut self, variable: Variable) {
        let value = self.b.use_var(variable);
        let ty = self.b.func.dfg.value_type(value);
        let bits = match ty {
            types::I64 | types::F64 => types::I64,
            types::I32 | types::F32 => types::I32,
            _ => return,
        };
        if self.is_constant(value) {
            return;
        }
        let place = self.stack(1);
        self.b.ins().store(OWN, value, place, 0);
        let copy = self.b.ins().atomic_load(bits, OWN, place);
        let copy = if ty == bits { copy } else { self.b.ins().bitcast(ty, MemFlagsData::new(), copy) };
        self.b.def_var(variable, copy);
    }

    fn is_constant(&self, value: Value) -> bool {
        let dfg = &self.b.func.dfg;
        match dfg.value_def(dfg.resolve_aliases(value)) {
            ValueDef::Result(inst, _) => matches!(dfg.insts[inst].opcode(), Opcode::Iconst | Opcode::F32const | Opcode::F64const),
            _ => false,
        }
    }
}

/// The strides of a slot that are not known.
fn strides(slot: &Slot) -> &[Variable] {
    let known = usize::from(slot.dense && !slot.strides.is_empty());
    &slot.strides[..slot.strides.len() - known]
}

/// Does a body call nothing? Failures leave it.
fn is_quiet(body: &[Stmt]) -> bool {
    let calls = |stmt: &Stmt| match stmt {
        Stmt::For { kind, .. } => matches!(kind, LoopKind::Vector { .. }),
        Stmt::Call { .. } | Stmt::ParFor { .. } | Stmt::Alloc { .. } | Stmt::View { .. } | Stmt::Rebind { .. } => true,
        _ => false,
    };
    let mut quiet = !visit::any(body, calls);
    visit::all_exprs(body, &mut |expr| {
        if let Expr::Op { op, dtype, .. } = expr {
            use ScalarOp::{Arg, Gcd, Math, Pow, Quantile, Random};
            quiet &= !dtype.is_complex() && !matches!(op, Math(_) | Random(_) | Quantile(_) | Gcd | Pow | Arg);
        }
    });
    quiet
}

/// The arrays whose elements a body touches, and whether their sizes are needed.
fn arrays(body: &[Stmt]) -> BTreeMap<ArrayId, bool> {
    let mut found = BTreeMap::new();
    let mut note = |array: ArrayId, sizes: bool| *found.entry(array).or_insert(false) |= sizes;
    visit::statements(body, &mut |stmt| {
        if let Stmt::Store { array, check, .. } = stmt {
            note(*array, !check.is_proven());
        }
    });
    visit::all_exprs(body, &mut |expr| match expr {
        Expr::Load { array, check, .. } => note(*array, matches!(check, Check::At(_))),
        Expr::Len { array, .. } => note(*array, true),
        _ => {}
    });
    found
}

/// How often a body reads which variables.
fn reads(body: &[Stmt]) -> BTreeMap<VarId, usize> {
    let mut found = BTreeMap::new();
    visit::all_exprs(body, &mut |expr| {
        if let Expr::Var(var) = expr {
            *found.entry(*var).or_default() += 1;
        }
    });
    found
}
