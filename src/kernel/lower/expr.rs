//! Expressions of the typed program to arrays and scalars of the statement at hand.

use super::args::arguments;
use super::bind::Owner;
use super::function::{Function, Home, each_leaf, leaves_of};
use super::not_here;
use super::walk::{Effects, Part};
use crate::array::{ArrayTy, DType, Scalar};
use crate::base::{Code, Diagnostic, Outcome, Span};
use crate::builtins::build::{A, Build, SliceArg, Value};
use crate::builtins::{Builtin, Define, Effect, apply, edge};
use crate::kernel::ir::*;
use crate::ops::ScalarOp;
use crate::sema::hir::{self, CallArgs, Class, ExprKind, InstId, LocalId, TextPart};
use crate::types::Ty;

impl Function<'_> {
    /// What an expression is. Statements that it needs go to the open block.
    pub fn expr(&mut self, expr: &hir::Expr) -> Outcome<Value> {
        let span = std::mem::replace(&mut self.span, expr.span);
        let value = self.evaluate(expr)?;
        self.span = span;
        if let (Value::Array(a), Some(known)) = (&value, expr.known) {
            self.nodes[a.0 as usize].known = Some(known);
        }
        Ok(value)
    }

    fn evaluate(&mut self, expr: &hir::Expr) -> Outcome<Value> {
        let span = expr.span;
        if let (Some(known), ExprKind::Const(_) | ExprKind::Local(_) | ExprKind::Field { .. } | ExprKind::Call { .. }) =
            (expr.known, &expr.kind)
        {
            return Ok(Value::Array(self.constant_node(known)));
        }
        match &expr.kind {
            ExprKind::Const(value) => Ok(Value::Array(self.constant_node(*value))),
            ExprKind::Local(local) => Ok(self.read(*local)),
            ExprKind::Tuple(items) => Ok(Value::Tuple(self.exprs(&items.iter().collect::<Vec<_>>())?)),
            // What a function value captured is all of it.
            ExprKind::Function { captures } => Ok(Value::Tuple(self.exprs(&captures.iter().collect::<Vec<_>>())?)),
            ExprKind::Record(fields) => {
                let values = self.exprs(&fields.iter().map(|(_, field)| field).collect::<Vec<_>>())?;
                Ok(Value::Record(fields.iter().map(|(name, _)| name.clone()).zip(values).collect()))
            }
            ExprKind::Field { base, position } => {
                let field = match self.expr(base)? {
                    Value::Tuple(items) => items.into_iter().nth(*position),
                    Value::Record(fields) => fields.into_iter().nth(*position).map(|(_, field)| field),
                    _ => None,
                };
                field.ok_or_else(|| Diagnostic::at(Code::Internal, span, "no such field"))
            }
            ExprKind::Range { lo, hi, step, inclusive } => self.range_value(lo, hi, step.as_deref(), *inclusive),
            ExprKind::Call { builtin, args } => self.call(builtin, args, span),
            ExprKind::Invoke { inst, args } => self.invoke(*inst, args, &expr.ty, span),
            ExprKind::Index { base, index } => self.index(base, index),
            ExprKind::Edged { base, index, edge, fill } => {
                let exprs: Vec<&hir::Expr> = std::iter::once(&**base).chain(index).chain(fill.iter().map(|fill| &**fill)).collect();
                let values: Vec<A> = self.exprs(&exprs)?.iter().flat_map(leaves_of).collect();
                let (at, fill) = values.split_at_checked(1 + index.len()).ok_or_else(|| not_here(span, "an index into this"))?;
                edge::element(self, at[0], &at[1..], *edge, fill.first().copied()).map(Value::Array)
            }
            ExprKind::If { cond, then, other } => self.choose(cond, then, other, &expr.ty),
            ExprKind::Block(block) => self.statements(block),
            ExprKind::Text(parts) => {
                let literal = |part: &TextPart| match part {
                    TextPart::Literal(text) => Some(text.clone()),
                    TextPart::Value { .. } => None,
                };
                Ok(parts.iter().map(literal).collect::<Option<String>>().map_or(Value::Other(Ty::Text), Value::Text))
            }
            ExprKind::Unit => Ok(Value::Unit),
            ExprKind::Variable { .. } | ExprKind::Open { .. } => Err(not_here(span, "reading a file")),
            ExprKind::Host { .. } => Err(not_here(span, "a function of the host")),
        }
    }

    /// Several expressions in order. What a later one changes, earlier ones have seen as it was.
    pub fn exprs(&mut self, exprs: &[&hir::Expr]) -> Outcome<Vec<Value>> {
        let mut values = Vec::with_capacity(exprs.len());
        for (at, expr) in exprs.iter().enumerate() {
            let value = self.expr(expr)?;
            values.push(if self.is_changed(expr, &exprs[at + 1..]) { self.snapshot(value) } else { value });
        }
        Ok(values)
    }

    fn is_changed(&self, expr: &hir::Expr, later: &[&hir::Expr]) -> bool {
        let effects = later.iter().map(|later| Effects::of(Part::Expr(later)));
        let mut changing = effects.filter(|effects| !effects.bound.is_empty() || !effects.stored.is_empty()).peekable();
        if changing.peek().is_none() {
            return false;
        }
        let mentioned = Effects::of(Part::Expr(expr)).mentioned;
        changing.any(|effects| mentioned.iter().any(|local| effects.assigns(*local)))
    }

    /// The value as it is now, whatever is assigned after.
    fn snapshot(&mut self, value: Value) -> Value {
        match value {
            Value::Array(a) if self.node(a).ty.rank() > 0 => Value::Array(self.in_memory(a)),
            Value::Array(a) => {
                let (dtype, value) = (self.node(a).ty.dtype, self.scalar(a));
                let var = self.keep(dtype, value);
                Value::Array(self.scalar_node(dtype, Expr::Var(var)))
            }
            Value::Tuple(items) => Value::Tuple(items.into_iter().map(|item| self.snapshot(item)).collect()),
            Value::Record(fields) => Value::Record(fields.into_iter().map(|(name, field)| (name, self.snapshot(field))).collect()),
            other => other,
        }
    }

    /// What a variable holds.
    pub fn read(&mut self, local: LocalId) -> Value {
        let owner = match () {
            () if self.effects.stored.contains(&local) => Owner::Stored(Some(local)),
            () if self.rows.contains(&local) => Owner::Stored(None),
            () => Owner::Shared,
        };
        let home = self.home_of(local).clone();
        self.read_home(&home, self.local_ty(local), &mut |_| owner)
    }

    /// A value of a type that lives somewhere.
    pub fn read_home(&mut self, home: &Home, ty: &Ty, owner: &mut dyn FnMut(ArrayId) -> Owner) -> Value {
        let tuple = |f: &mut Self, homes: &[Home], types: &[&Ty], owner: &mut dyn FnMut(ArrayId) -> Owner| -> Vec<Value> {
            homes.iter().zip(types).map(|(home, ty)| f.read_home(home, ty, owner)).collect()
        };
        match (home, ty) {
            (Home::Scalar(var), Ty::Array(ty)) => Value::Array(self.scalar_node(ty.dtype, Expr::Var(*var))),
            (Home::Array(slot), Ty::Array(ty)) => {
                let owner = owner(*slot);
                Value::Array(self.slot_node(ty.clone(), *slot, owner))
            }
            (Home::Group(homes), Ty::Range) => Value::Tuple(tuple(self, homes, &[&Ty::scalar(DType::I64); 3], owner)),
            (Home::Group(homes), Ty::Tuple(items)) => Value::Tuple(tuple(self, homes, &items.iter().collect::<Vec<_>>(), owner)),
            (Home::Group(homes), Ty::Record(fields)) => {
                let values = tuple(self, homes, &fields.iter().map(|(_, ty)| ty).collect::<Vec<_>>(), owner);
                Value::Record(fields.iter().map(|(name, _)| name.clone()).zip(values).collect())
            }
            (Home::Group(homes), Ty::Function(function)) => {
                Value::Tuple(tuple(self, homes, &function.captures.iter().map(|(_, ty)| ty).collect::<Vec<_>>(), owner))
            }
            (_, Ty::Unit) => Value::Unit,
            _ => Value::Other(ty.clone()),
        }
    }

    /// An expression that is one array or scalar.
    pub fn array(&mut self, expr: &hir::Expr) -> Outcome<A> {
        match self.expr(expr)? {
            Value::Array(a) => Ok(a),
            _ => Err(not_here(expr.span, format!("a value of type {}", expr.ty))),
        }
    }

    fn range_value(&mut self, lo: &hir::Expr, hi: &hir::Expr, step: Option<&hir::Expr>, inclusive: bool) -> Outcome<Value> {
        let exprs: Vec<&hir::Expr> = [Some(lo), Some(hi), step].into_iter().flatten().collect();
        let mut values = self.exprs(&exprs)?;
        if values.len() == 2 {
            values.push(Value::Array(self.constant_node(Scalar::i64(1))));
        }
        for value in &mut values {
            if let Value::Array(a) = value {
                *a = self.in_dtype(*a, DType::I64);
            }
        }
        if let (true, [_, Value::Array(hi), Value::Array(step)]) = (inclusive, values.as_mut_slice()) {
            // One step more in the direction of the range takes the end in.
            let way = self.map(ScalarOp::Sign, &[*step])?;
            *hi = self.map(ScalarOp::Add, &[*hi, way])?;
        }
        Ok(Value::Tuple(values))
    }

    fn call(&mut self, builtin: &'static Builtin, args: &CallArgs, span: Span) -> Outcome<Value> {
        match builtin.define {
            Define::Effect(Effect::Error) => {
                self.out.push(Stmt::Fail { fault: FaultKind::Assertion, values: Vec::new(), span });
                return Ok(Value::Unit);
            }
            Define::Effect(_) => return Err(not_here(span, format!("`{}`", builtin.name))),
            Define::Elementwise(_) | Define::Build(_) => {}
        }
        let args = arguments(builtin, args, span, &mut |exprs| self.exprs(exprs))?;
        let outer = std::mem::replace(&mut self.span, span);
        let value = apply(builtin, self, args);
        self.span = outer;
        value
    }

    fn index(&mut self, base: &hir::Expr, index: &[hir::Index]) -> Outcome<Value> {
        let mut exprs = vec![base];
        exprs.extend(super::walk::index_exprs(index));
        let mut values = self.exprs(&exprs)?.into_iter();
        let Some(Value::Array(a)) = values.next() else { return Err(not_here(base.span, "an index into this")) };
        let entries = slice_args(index, &mut values)?;
        self.slice(a, &entries).map(Value::Array)
    }

    /// `if` as an expression: a scalar without statements stays one, anything else goes through variables.
    fn choose(&mut self, cond: &hir::Expr, then: &hir::Block, other: &hir::Block, ty: &Ty) -> Outcome<Value> {
        let cond = self.array(cond)?;
        let cond = self.scalar(cond);
        if let Expr::Const(known) = cond {
            return self.statements(if known.bits != 0 { then } else { other });
        }
        if let Ty::Array(array) = ty
            && array.rank() == 0
        {
            let dtype = array.dtype;
            let (then_block, then) = self.block(|f| f.branch(then, dtype));
            let (other_block, other) = self.block(|f| f.branch(other, dtype));
            let (then, other) = (then?, other?);
            if let (true, true, Some(then), Some(other)) = (then_block.is_empty(), other_block.is_empty(), &then, &other) {
                let (then, other) = (Box::new(then.clone()), Box::new(other.clone()));
                return Ok(Value::Array(self.scalar_node(dtype, Expr::If { cond: Box::new(cond), then, other })));
            }
            let (var, span) = (self.var("", dtype), self.span);
            let with = |mut block: Vec<Stmt>, value: Option<Expr>| {
                block.extend(value.map(|value| Stmt::Set { var, value, span }));
                block
            };
            self.out.push(Stmt::If { cond, then: with(then_block, then), other: with(other_block, other) });
            return Ok(Value::Array(self.scalar_node(dtype, Expr::Var(var))));
        }
        let home = self.home("", ty);
        let (then, first) = self.block(|f| f.branch_to(then, &home));
        let (other, second) = self.block(|f| f.branch_to(other, &home));
        self.out.push(Stmt::If { cond, then, other });
        let mut owners = first?.into_iter().zip(second?).map(|(a, b)| a.or(b));
        Ok(self.read_home(&home, ty, &mut |_| owners.next().unwrap_or(Owner::Stored(None))))
    }

    /// The scalar that a branch gives; none if it ends otherwise.
    fn branch(&mut self, block: &hir::Block, dtype: DType) -> Outcome<Option<Expr>> {
        match self.statements(block)? {
            Value::Array(a) => Ok(Some(self.scalar_in_dtype(a, dtype.storage()))),
            _ => Ok(None),
        }
    }

    /// Puts the value of a branch somewhere; whose memory its arrays are.
    fn branch_to(&mut self, block: &hir::Block, home: &Home) -> Outcome<Vec<Owner>> {
        let span = self.span;
        let value = self.statements(block)?;
        if let Value::Unit = value {
            let arrays = home.leaves().into_iter().filter(|leaf| matches!(leaf, Home::Array(_)));
            return Ok(arrays.map(|_| Owner::Fresh).collect());
        }
        let mut owners = Vec::new();
        let mut pairs = Vec::new();
        for (leaf, a) in self.pair_up(home, &value, span)? {
            match leaf {
                Home::Scalar(var) => {
                    let value = self.scalar_in_dtype(a, self.vars[var.0 as usize].dtype);
                    self.set(var, value);
                }
                Home::Array(slot) => {
                    let (from, owner) = self.slot_of(a);
                    pairs.push((slot, from));
                    owners.push(owner);
                }
                Home::Group(_) | Home::None => {}
            }
        }
        if !pairs.is_empty() {
            self.out.push(Stmt::Rebind { pairs, span });
        }
        Ok(owners)
    }

    fn invoke(&mut self, inst: InstId, args: &[hir::Expr], ty: &Ty, span: Span) -> Outcome<Value> {
        let values = self.exprs(&args.iter().collect::<Vec<_>>())?;
        let args: Vec<A> = values.iter().flat_map(leaves_of).collect();
        let world = self.world;
        let callee = world.instance(inst);
        let Some(kernel) = self.ids.get(&inst).copied() else { return Err(Diagnostic::at(Code::Internal, span, "an unknown function")) };
        let mut params = Vec::with_capacity(args.len());
        callee.params.iter().for_each(|param| each_leaf(&callee.locals[param.0 as usize].ty, &mut |leaf| params.push(leaf.dtype)));
        let args: Vec<A> = args.iter().zip(params).map(|(a, dtype)| self.in_dtype(*a, dtype.storage())).collect();
        if callee.class == Class::Elementwise && args.iter().any(|a| self.node(*a).ty.rank() > 0) {
            return self.invoke_elements(kernel, &callee.result, &args);
        }
        let mut memory = Owner::Fresh;
        let mut operands = Vec::with_capacity(args.len());
        for a in &args {
            operands.push(if self.node(*a).ty.rank() == 0 {
                Operand::Scalar(self.scalar(*a))
            } else {
                let (slot, owner) = self.slot_of(*a);
                memory = memory.or(if owner == Owner::Fresh { Owner::Shared } else { owner });
                Operand::Array(slot)
            });
        }
        let home = self.home("", ty);
        let results = places(&home);
        self.out.push(Stmt::Call { kernel, args: operands, results, span });
        // A function that is not finished calls itself: its results may be its arguments' memory.
        let fresh = self.fresh;
        let mut owned = fresh.get(&inst).into_iter().flatten();
        let mut owner = move |_| if owned.next().copied().unwrap_or(false) { Owner::Fresh } else { memory };
        Ok(self.read_home(&home, ty, &mut owner))
    }

    /// A function of scalars over the elements of arrays.
    fn invoke_elements(&mut self, kernel: KernelId, result: &Ty, args: &[A]) -> Outcome<Value> {
        let (dims, extents, args) = self.together(args)?;
        let span = self.span;
        let ty = over(result, &dims);
        let arrays = self.home("", &ty);
        let slots: Vec<ArrayId> =
            arrays.leaves().into_iter().filter_map(|leaf| if let Home::Array(slot) = leaf { Some(slot) } else { None }).collect();
        for slot in &slots {
            self.out.push(Stmt::Alloc { array: *slot, shape: extents.clone(), clear: true, span });
        }
        let scalars = self.home("", result);
        self.nest(&extents, &mut |f, at| {
            let operands = args.iter().map(|a| Operand::Scalar(f.element(*a, at))).collect();
            f.out.push(Stmt::Call { kernel, args: operands, results: places(&scalars), span });
            for (slot, leaf) in slots.iter().zip(scalars.leaves()) {
                if let Home::Scalar(var) = leaf {
                    f.store_at(*slot, at.to_vec(), Expr::Var(var));
                }
            }
        });
        let value = self.read_home(&arrays, &ty, &mut |_| Owner::Fresh);
        for a in leaves_of(&value) {
            self.nodes[a.0 as usize].extents = extents.clone();
        }
        Ok(value)
    }
}

/// Indices as a slice takes them. `values` are those of the expressions in them.
pub fn slice_args(index: &[hir::Index], values: &mut dyn Iterator<Item = Value>) -> Outcome<Vec<SliceArg>> {
    let mut next = |expr: &hir::Expr| match values.next() {
        Some(Value::Array(at)) => Ok(at),
        _ => Err(not_here(expr.span, "this index")),
    };
    let mut entry = |entry: &hir::Index| {
        Ok(match entry {
            hir::Index::At(at) => SliceArg::At(next(at)?, at.span),
            hir::Index::Range { lo, hi, step } => {
                let lo = lo.as_ref().map(&mut next).transpose()?;
                SliceArg::Range { lo, hi: hi.as_ref().map(&mut next).transpose()?, step: *step }
            }
            hir::Index::Take(positions) => SliceArg::Take(next(positions)?, positions.span),
            hir::Index::All => SliceArg::Range { lo: None, hi: None, step: 1 },
            hir::Index::New => SliceArg::New,
        })
    };
    index.iter().map(&mut entry).collect()
}

/// Where a call puts its results.
fn places(home: &Home) -> Vec<Place> {
    let place = |leaf| match leaf {
        Home::Scalar(var) => Some(Place::Scalar(var)),
        Home::Array(slot) => Some(Place::Array(slot)),
        Home::Group(_) | Home::None => None,
    };
    home.leaves().into_iter().filter_map(place).collect()
}

/// The type with arrays of these dimensions for its scalars.
fn over(ty: &Ty, dims: &[crate::array::Dim]) -> Ty {
    match ty {
        Ty::Array(array) => Ty::Array(ArrayTy { dtype: array.dtype, dims: dims.to_vec() }),
        Ty::Tuple(items) => Ty::Tuple(items.iter().map(|item| over(item, dims)).collect()),
        Ty::Record(fields) => Ty::Record(fields.iter().map(|(name, field)| (name.clone(), over(field, dims))).collect()),
        other => other.clone(),
    }
}
