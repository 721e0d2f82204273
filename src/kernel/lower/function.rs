//! One function on its way to a kernel: its variables, slots and the block under construction. Owns where the locals of the typed program
//! live; not what statements mean (see `stmt`, `bind`).

use super::bind::Owner;
use super::live::Live;
use super::pull::{Node, Scope};
use super::range::Ranges;
use super::walk::{Effects, Locals};
use super::{Instances, not_here};
use crate::array::{ArrayTy, DType};
use crate::base::{Name, Outcome, Span};
use crate::builtins::build::{A, Value};
use crate::kernel::ir::*;
use crate::sema::hir::{InstId, Instance, LocalId};
use crate::types::{Ty, Unknowns};
use rustc_hash::FxHashMap;

/// Where a value of some type lives.
#[derive(Clone, Debug)]
pub enum Home {
    Scalar(VarId),
    Array(ArrayId),
    /// A tuple, record, range or function value, taken apart.
    Group(Vec<Home>),
    /// What has no value when the program runs.
    None,
}

/// A function under construction.
pub struct Function<'a> {
    pub world: &'a dyn Instances,
    pub ids: &'a FxHashMap<InstId, KernelId>,
    /// For each function that is finished, whether each array among its results is the caller's alone.
    pub fresh: &'a FxHashMap<InstId, Vec<bool>>,
    pub inst: &'a Instance,
    pub checked: bool,
    /// What the whole body does.
    pub effects: Effects,
    pub live: Live,
    /// Variables that are rows of an array with elements assigned elsewhere in the body.
    pub rows: Locals,
    pub homes: Vec<Home>,
    pub vars: Vec<VarDecl>,
    pub arrays: Vec<ArrayDecl>,
    /// The block under construction.
    pub out: Vec<Stmt>,
    /// Arrays and scalars of the statement at hand.
    pub nodes: Vec<Node>,
    /// What the statement at hand has found out, for each open block.
    pub scopes: Vec<Scope>,
    pub ranges: Ranges,
    pub unknowns: Unknowns,
    pub span: Span,
    results: Option<Vec<ResultTy>>,
    /// Whether each array among the results has been the caller's alone in every `return` so far.
    owned: Vec<bool>,
}

impl<'a> Function<'a> {
    pub fn new(
        world: &'a dyn Instances,
        ids: &'a FxHashMap<InstId, KernelId>,
        fresh: &'a FxHashMap<InstId, Vec<bool>>,
        checked: bool,
        inst: &'a Instance,
    ) -> Function<'a> {
        Function {
            world,
            ids,
            fresh,
            inst,
            checked,
            effects: Effects::of_function(&inst.body),
            live: Live::of(&inst.body),
            rows: Locals::default(),
            homes: vec![Home::None; inst.locals.len()],
            vars: Vec::new(),
            arrays: Vec::new(),
            out: Vec::new(),
            nodes: Vec::new(),
            scopes: vec![Scope::default()],
            ranges: Ranges::default(),
            unknowns: Unknowns::default(),
            span: inst.span,
            results: None,
            owned: Vec::new(),
        }
    }

    /// The kernel, and whether each array among its results is the caller's alone.
    pub fn lower(mut self) -> Outcome<(Kernel, Vec<bool>)> {
        let inst = self.inst;
        let results = self.result_types(&inst.result)?;
        self.owned = results.iter().filter(|result| matches!(result, ResultTy::Array { .. })).map(|_| true).collect();
        self.results = Some(results);
        for (at, local) in inst.locals.iter().enumerate() {
            self.homes[at] = self.home(&local.name, &local.ty);
        }
        let mut params = Vec::new();
        for local in &inst.params {
            self.param(*local, &mut params);
        }
        let value = self.statements(&inst.body)?;
        let ends = matches!(self.out.last(), Some(Stmt::Return(_) | Stmt::Fail { .. }));
        if !ends {
            match (&value, &inst.result) {
                (Value::Unit, Ty::Unit) => self.out.push(Stmt::Return(Vec::new())),
                // The checker has seen that the end is not reached.
                (Value::Unit, _) => self.out.push(Stmt::Fail { fault: FaultKind::Assertion, values: Vec::new(), span: inst.span }),
                _ => self.give_back(&value)?,
            }
        }
        let kernel = Kernel {
            name: inst.name.to_string(),
            params,
            vars: self.vars,
            arrays: self.arrays,
            results: self.results.unwrap_or_default(),
            body: self.out,
            span: inst.span,
        };
        Ok((kernel, self.owned))
    }

    fn result_types(&mut self, ty: &Ty) -> Outcome<Vec<ResultTy>> {
        let mut leaves = Vec::new();
        each_leaf(ty, &mut |leaf| leaves.push(leaf.clone()));
        if leaves.is_empty() && !matches!(ty, Ty::Unit | Ty::Function(_)) && !matches!(ty, Ty::Tuple(items) if items.is_empty()) {
            return Err(not_here(self.inst.span, format!("a result of type {ty}")));
        }
        Ok(leaves
            .iter()
            .map(|leaf| match leaf.rank() {
                0 => ResultTy::Scalar(leaf.dtype.storage()),
                rank => ResultTy::Array { dtype: leaf.dtype.storage(), rank },
            })
            .collect())
    }

    /// Parameters that are bound again or stored into get a slot of their own, which a store needs a copy in.
    fn param(&mut self, local: LocalId, params: &mut Vec<Param>) {
        let home = self.homes[local.0 as usize].clone();
        let bound = self.effects.bound.contains(&local);
        let stored = self.effects.stored.contains(&local);
        let ty = &self.inst.locals[local.0 as usize].ty;
        let mut leaves = Vec::new();
        each_leaf(ty, &mut |leaf| leaves.push(leaf.clone()));
        for (home, ty) in home.leaves().into_iter().zip(leaves) {
            match home {
                Home::Scalar(var) => params.push(Param::Scalar(var)),
                Home::Array(own) if bound || stored => {
                    let name = self.arrays[own.0 as usize].name.clone();
                    let param = self.slot(&name, ty.dtype, ty.rank());
                    params.push(Param::Array(param));
                    if stored {
                        let source = self.slot_node(ty, param, Owner::Shared);
                        self.copy_into(own, source);
                    } else {
                        self.out.push(Stmt::Rebind { pairs: vec![(own, param)], span: self.inst.span });
                    }
                }
                Home::Array(slot) => params.push(Param::Array(slot)),
                Home::Group(_) | Home::None => {}
            }
        }
    }

    /// Variables and slots for a value of this type.
    pub fn home(&mut self, name: &str, ty: &Ty) -> Home {
        match ty {
            Ty::Array(ty) if ty.rank() == 0 => Home::Scalar(self.var(name, ty.dtype)),
            Ty::Array(ty) => Home::Array(self.slot(name, ty.dtype, ty.rank())),
            Ty::Range => Home::Group(["lo", "hi", "step"].map(|end| Home::Scalar(self.var(&format!("{name}.{end}"), DType::I64))).into()),
            Ty::Tuple(items) => Home::Group(items.iter().enumerate().map(|(at, item)| self.home(&format!("{name}.{at}"), item)).collect()),
            Ty::Record(fields) => Home::Group(fields.iter().map(|(field, ty)| self.home(&format!("{name}.{field}"), ty)).collect()),
            Ty::Function(function) => {
                Home::Group(function.captures.iter().map(|(capture, ty)| self.home(&format!("{name}.{capture}"), ty)).collect())
            }
            Ty::Text | Ty::Dataset(_) | Ty::Grouped(_) | Ty::Module(_) | Ty::Unit | Ty::Error => Home::None,
        }
    }

    pub fn var(&mut self, name: &str, dtype: DType) -> VarId {
        self.vars.push(VarDecl { name: name.to_string(), dtype: dtype.storage() });
        VarId(self.vars.len() as u32 - 1)
    }
    pub fn slot(&mut self, name: &str, dtype: DType, rank: usize) -> ArrayId {
        self.arrays.push(ArrayDecl { name: name.to_string(), dtype: dtype.storage(), rank, stream: false });
        ArrayId(self.arrays.len() as u32 - 1)
    }
    pub fn set(&mut self, var: VarId, value: Expr) {
        self.out.push(Stmt::Set { var, value, span: self.span });
    }

    /// The statements that `fill` adds, as a block of their own.
    pub fn block<R>(&mut self, fill: impl FnOnce(&mut Self) -> R) -> (Vec<Stmt>, R) {
        let outer = std::mem::take(&mut self.out);
        self.scopes.push(Scope::default());
        let result = fill(self);
        self.scopes.pop();
        let block = std::mem::replace(&mut self.out, outer);
        (block, result)
    }

    /// Notes whose memory the arrays are that a `return` gives back.
    pub fn note_returned(&mut self, owners: &[Owner]) {
        for (owned, owner) in self.owned.iter_mut().zip(owners) {
            *owned &= !matches!(owner, Owner::Shared);
        }
    }

    pub fn local_ty(&self, local: LocalId) -> &'a Ty {
        &self.inst.locals[local.0 as usize].ty
    }
    pub fn home_of(&self, local: LocalId) -> &Home {
        &self.homes[local.0 as usize]
    }
    pub fn name_of(&self, local: LocalId) -> &'a Name {
        &self.inst.locals[local.0 as usize].name
    }

    /// The arrays and scalars of a value with the places they go to. A `Unit` (of a branch that ends otherwise) goes nowhere.
    pub fn pair_up(&self, home: &Home, value: &Value, span: Span) -> Outcome<Vec<(Home, A)>> {
        let mut pairs = Vec::new();
        let places = home.leaves();
        let values = leaves_of(value);
        if !matches!(value, Value::Unit) {
            if places.len() != values.len() {
                return Err(not_here(span, "this value"));
            }
            pairs.extend(places.into_iter().zip(values));
        }
        Ok(pairs)
    }
}

impl Home {
    /// The variables and slots in order.
    pub fn leaves(&self) -> Vec<Home> {
        match self {
            Home::Group(homes) => homes.iter().flat_map(Home::leaves).collect(),
            Home::None => Vec::new(),
            leaf => vec![leaf.clone()],
        }
    }
}

/// The arrays and scalars in a value, in order.
pub fn leaves_of(value: &Value) -> Vec<A> {
    match value {
        Value::Array(a) => vec![*a],
        Value::Tuple(items) => items.iter().flat_map(leaves_of).collect(),
        Value::Record(fields) => fields.iter().flat_map(|(_, field)| leaves_of(field)).collect(),
        _ => Vec::new(),
    }
}

/// Sees the arrays and scalars that a value of this type consists of, in order.
pub fn each_leaf(ty: &Ty, see: &mut dyn FnMut(&ArrayTy)) {
    match ty {
        Ty::Array(ty) => see(ty),
        Ty::Range => (0..3).for_each(|_| see(&ArrayTy::scalar(DType::I64))),
        Ty::Tuple(items) => items.iter().for_each(|item| each_leaf(item, see)),
        Ty::Record(fields) => fields.iter().for_each(|(_, field)| each_leaf(field, see)),
        Ty::Function(function) => function.captures.iter().for_each(|(_, capture)| each_leaf(capture, see)),
        Ty::Text | Ty::Dataset(_) | Ty::Grouped(_) | Ty::Module(_) | Ty::Unit | Ty::Error => {}
    }
}
