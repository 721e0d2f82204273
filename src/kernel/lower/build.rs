//! The array primitives inside a kernel. Shapes and dtypes are the rules of `types`; sizes that are not known are compared when the
//! kernel runs (`FaultKind::Shape`).

use super::function::Function;
use super::index::{add, compare, known, mul, size};
use super::pull::{Ix, Kind, stored};
use crate::array::{ArrayTy, DType, Dim, Scalar, Size};
use crate::base::{Code, Diagnostic, Outcome, Span};
use crate::builtins::build::{A, Build, Extent, ReduceOp, SliceArg};
use crate::kernel::ir::*;
use crate::ops::{ScalarOp, eval};
use crate::types::broadcast::broadcast;
use crate::types::signature::op_text;
use crate::types::{Placed, shape};

impl Build for Function<'_> {
    fn at(&mut self, span: Span) {
        self.span = span;
    }
    fn ty(&self, a: A) -> ArrayTy {
        self.node(a).ty.clone()
    }
    fn known(&self, a: A) -> Option<Scalar> {
        self.node(a).known
    }
    fn constant(&mut self, value: Scalar) -> A {
        self.constant_node(value)
    }
    fn size(&mut self, a: A, axis: usize) -> A {
        let extent = self.node(a).extents.get(axis).cloned().unwrap_or(size(1));
        self.scalar_node(DType::I64, extent)
    }
    fn iota(&mut self, len: Extent) -> Outcome<A> {
        let (extent, size) = self.extent(len);
        Ok(self.push(ArrayTy { dtype: DType::I64, dims: vec![Dim::sized(size)] }, vec![extent], Kind::Iota))
    }
    fn map(&mut self, op: ScalarOp, args: &[A]) -> Outcome<A> {
        let (dims, extents, args) = self.together(args)?;
        let dtype = args.last().map_or(DType::F64, |arg| self.node(*arg).ty.dtype);
        let Some(result) = op.result(dtype) else {
            return Err(Diagnostic::at(Code::Dtype, self.span, format!("`{}` is not defined for {dtype}", op_text(op))));
        };
        let values: Option<Vec<Scalar>> = args.iter().map(|arg| self.node(*arg).known.map(stored)).collect();
        if let Some(value) = values.and_then(|values| eval::operate(op, dtype.storage(), &values, self.checked).ok()) {
            return Ok(self.constant_node(Scalar { dtype: result, bits: value.bits }));
        }
        Ok(self.push(ArrayTy { dtype: result, dims }, extents, Kind::Map(op, args)))
    }
    fn cast(&mut self, a: A, to: DType) -> Outcome<A> {
        let node = self.node(a);
        let (ty, extents) = (node.ty.with_dtype(to), node.extents.clone());
        let value = node.known.map(|value| value.cast(to));
        let result = self.push(ty, extents, Kind::Cast(a));
        self.nodes[result.0 as usize].known = value;
        Ok(result)
    }
    fn broadcast(&mut self, a: A, shape: &[Extent]) -> Outcome<A> {
        let (extents, sizes): (Vec<Expr>, Vec<Size>) = shape.iter().map(|extent| self.extent(*extent)).unzip();
        let ty = shape::broadcast_to(&self.node(a).ty, &sizes).map_err(|error| error.or_at(self.span))?;
        let lead = sizes.len() - self.node(a).ty.rank();
        let to: Vec<usize> = (lead..sizes.len()).collect();
        Ok(self.spread(a, &to, ty.dims, extents))
    }
    fn transpose(&mut self, a: A, order: &[usize]) -> Outcome<A> {
        let node = self.node(a);
        let ty = shape::transpose(&node.ty, order).map_err(|error| error.or_at(self.span))?;
        let extents = order.iter().map(|axis| node.extents[*axis].clone()).collect();
        let place = |axis| order.iter().position(|from| *from == axis).unwrap_or(axis);
        let entries = (0..order.len()).map(|axis| Ix::all(place(axis))).collect();
        Ok(self.push(ty, extents, Kind::Reindex(a, entries)))
    }
    fn slice(&mut self, a: A, index: &[SliceArg]) -> Outcome<A> {
        self.sliced(a, index)
    }
    fn reshape(&mut self, a: A, shape: &[Extent]) -> Outcome<A> {
        let (extents, sizes): (Vec<Expr>, Vec<Size>) = shape.iter().map(|extent| self.extent(*extent)).unzip();
        let ty = shape::reshape(&self.node(a).ty, &sizes).map_err(|error| error.or_at(self.span))?;
        Ok(self.reshaped(a, ty, extents))
    }
    fn rename(&mut self, a: A, dims: Vec<Dim>) -> Outcome<A> {
        let node = self.node(a);
        let ty = shape::rename(&node.ty, dims).map_err(|error| error.or_at(self.span))?;
        let extents = node.extents.clone();
        let kind = match &node.kind {
            Kind::Slot(slot, owner) => Kind::Slot(*slot, *owner),
            _ => Kind::Reindex(a, (0..ty.rank()).map(Ix::all).collect()),
        };
        Ok(self.push(ty, extents, kind))
    }
    fn concat(&mut self, parts: &[A], axis: usize) -> Outcome<A> {
        let mut unknowns = std::mem::take(&mut self.unknowns);
        let ty = shape::concat(&parts.iter().map(|a| self.placed(*a)).collect::<Vec<_>>(), axis, &mut unknowns);
        self.unknowns = unknowns;
        let ty = ty.map_err(|error| error.or_at(self.span))?;
        Ok(self.joined(parts, axis, ty))
    }
    fn reduce(&mut self, op: ReduceOp, a: A, axes: &[usize]) -> Outcome<A> {
        let ty = shape::reduce(&self.node(a).ty, op, axes).map_err(|error| error.or_at(self.span))?;
        Ok(self.reduced(op, a, axes, ty))
    }
    fn scan(&mut self, op: ScalarOp, a: A, axis: usize) -> Outcome<A> {
        let ty = shape::scan(&self.node(a).ty, op, axis).map_err(|error| error.or_at(self.span))?;
        Ok(self.scanned(op, a, axis, ty))
    }
    fn matmul(&mut self, a: A, b: A) -> Outcome<A> {
        let ty = shape::matmul(&self.placed(a), &self.placed(b)).map_err(|error| error.or_at(self.span))?;
        Ok(self.multiplied(a, b, ty))
    }
}

impl Function<'_> {
    pub fn placed(&self, a: A) -> Placed<'_> {
        let node = self.node(a);
        Placed { ty: &node.ty, text: String::new(), span: node.span }
    }

    /// A size as an expression that is free to repeat, and as far as it is known.
    pub fn extent(&mut self, extent: Extent) -> (Expr, Size) {
        let a = match extent {
            Extent::Known(count) => return (size(count), Size::Known(count)),
            Extent::Value(a) => a,
        };
        if let Some(count) = self.node(a).known.and_then(Scalar::as_int).and_then(|count| u64::try_from(count).ok()) {
            return (size(count), Size::Known(count));
        }
        let value = self.scalar_in_dtype(a, DType::I64);
        let negative = may_be_negative(&value);
        let value = self.atom(value);
        if negative {
            let span = self.span;
            let cond = compare(ScalarOp::Lt, value.clone(), size(0), span);
            let then = vec![Stmt::Fail { fault: FaultKind::Value, values: vec![value.clone()], span }];
            self.out.push(Stmt::If { cond, then, other: Vec::new() });
        }
        let known = known(&value).and_then(|count| u64::try_from(count).ok()).map(Size::Known);
        (value, known.unwrap_or_else(|| self.unknowns.fresh()))
    }

    /// Operands that meet, each spread over the shape of the result.
    pub fn together(&mut self, args: &[A]) -> Outcome<(Vec<Dim>, Vec<Expr>, Vec<A>)> {
        let alignment = broadcast(&args.iter().map(|a| self.placed(*a)).collect::<Vec<_>>()).map_err(|error| error.or_at(self.span))?;
        let mut extents = Vec::with_capacity(alignment.dims.len());
        for axis in 0..alignment.dims.len() {
            let operands = args.iter().zip(&alignment.maps);
            let sizes = operands.filter_map(|(a, map)| {
                let from = map.iter().position(|to| *to == axis)?;
                let node = self.node(*a);
                (node.ty.dims[from].size != Size::Known(1)).then(|| node.extents[from].clone())
            });
            // A constant says more than a variable.
            let sizes: Vec<Expr> = sizes.collect();
            extents.push(sizes.iter().find(|extent| known(extent).is_some()).or(sizes.first()).cloned().unwrap_or(size(1)));
        }
        let mut spread = Vec::with_capacity(args.len());
        for (a, map) in args.iter().zip(&alignment.maps) {
            spread.push(self.spread(*a, map, alignment.dims.clone(), extents.clone()));
        }
        Ok((alignment.dims, extents, spread))
    }

    /// The array over a larger shape: its axis k is axis `to[k]` there; an axis of size 1 repeats, others have the size already.
    pub fn spread(&mut self, a: A, to: &[usize], dims: Vec<Dim>, extents: Vec<Expr>) -> A {
        let node = self.node(a);
        let same = to.len() == dims.len() && to.iter().enumerate().all(|(from, to)| from == *to);
        let repeats = |from: usize, to: usize| node.ty.dims[from].size == Size::Known(1) && known(&extents[to]) != Some(1);
        let repeated: Vec<bool> = to.iter().enumerate().map(|(from, to)| repeats(from, *to)).collect();
        let own = node.extents.clone();
        for (from, axis) in to.iter().enumerate() {
            if !repeated[from] {
                self.check_equal(&own[from], &extents[*axis], *axis);
            }
        }
        if same && !repeated.contains(&true) {
            return a;
        }
        let more = extents.iter().enumerate().any(|(axis, extent)| {
            let from = to.iter().position(|to| *to == axis);
            from.is_none_or(|from| repeated[from]) && known(extent) != Some(1)
        });
        let base = if more { self.repeatable(a) } else { a };
        let entries = to.iter().zip(&repeated).map(|(to, repeated)| if *repeated { Ix::At(size(0)) } else { Ix::all(*to) }).collect();
        let ty = ArrayTy { dtype: self.node(a).ty.dtype, dims };
        self.push(ty, extents, Kind::Reindex(base, entries))
    }

    /// Fails when the kernel runs if two sizes differ.
    pub fn check_equal(&mut self, a: &Expr, b: &Expr, axis: usize) {
        if a == b {
            return;
        }
        let span = self.span;
        let fail = Stmt::Fail { fault: FaultKind::Shape, values: vec![a.clone(), b.clone(), size(axis as u64)], span };
        self.out.push(Stmt::If { cond: compare(ScalarOp::Ne, a.clone(), b.clone(), span), then: vec![fail], other: Vec::new() });
    }

    /// One after another along an axis, in memory.
    fn joined(&mut self, parts: &[A], axis: usize, ty: ArrayTy) -> A {
        let span = self.span;
        let shapes: Vec<Vec<Expr>> = parts.iter().map(|part| self.node(*part).extents.clone()).collect();
        for shape in &shapes[1..] {
            for (other, (a, b)) in shape.iter().zip(&shapes[0]).enumerate() {
                if other != axis {
                    self.check_equal(a, b, other);
                }
            }
        }
        let mut extents = shapes[0].clone();
        let mut starts = Vec::with_capacity(parts.len());
        let mut end = size(0);
        for shape in &shapes {
            starts.push(end.clone());
            end = add(end, shape[axis].clone(), span);
            if known(&end).is_none() {
                end = Expr::Var(self.keep(DType::I64, end));
            }
        }
        extents[axis] = end;
        let slot = self.slot("", ty.dtype, ty.rank());
        self.out.push(Stmt::Alloc { array: slot, shape: extents.clone(), clear: true, span });
        for ((part, shape), start) in parts.iter().zip(&shapes).zip(starts) {
            self.nest(shape, &mut |f, at| {
                let value = f.element(*part, at);
                let mut to = at.to_vec();
                to[axis] = add(start.clone(), to[axis].clone(), span);
                f.store_at(slot, to, value);
            });
        }
        self.push(ty, extents, Kind::Slot(slot, super::bind::Owner::Fresh))
    }

    /// Row-major in another shape. Only axes of size 1 more or less cost nothing; anything else goes through memory.
    fn reshaped(&mut self, a: A, ty: ArrayTy, extents: Vec<Expr>) -> A {
        let span = self.span;
        let own = self.node(a).extents.clone();
        let wide = |extents: &[Expr]| -> Vec<usize> { (0..extents.len()).filter(|axis| known(&extents[*axis]) != Some(1)).collect() };
        let (from, to) = (wide(&own), wide(&extents));
        if from.len() == to.len() && from.iter().zip(&to).all(|(a, b)| own[*a] == extents[*b]) {
            let mut entries = vec![Ix::At(size(0)); own.len()];
            for (from, to) in from.iter().zip(&to) {
                entries[*from] = Ix::all(*to);
            }
            return self.push(ty, extents, Kind::Reindex(a, entries));
        }
        let count = |extents: &[Expr]| extents.iter().cloned().reduce(|a, b| mul(a, b, span)).unwrap_or(size(1));
        self.check_equal(&count(&own), &count(&extents), 0);
        let slot = self.slot("", ty.dtype, ty.rank());
        self.out.push(Stmt::Alloc { array: slot, shape: extents.clone(), clear: true, span });
        // The indices of the result run along, so that nothing is divided.
        let vars: Vec<VarId> = extents.iter().map(|_| self.keep(DType::I64, size(0))).collect();
        self.nest(&own, &mut |f, at| {
            let value = f.element(a, at);
            f.store_at(slot, vars.iter().map(|var| Expr::Var(*var)).collect(), value);
            let step = f.step_indices(&vars, &extents);
            f.out.extend(step);
        });
        self.push(ty, extents, Kind::Slot(slot, super::bind::Owner::Fresh))
    }

    /// Moves indices to the next element, row-major.
    fn step_indices(&mut self, vars: &[VarId], extents: &[Expr]) -> Vec<Stmt> {
        let (Some((var, outer)), Some((extent, shape))) = (vars.split_last(), extents.split_last()) else { return Vec::new() };
        let span = self.span;
        let next = Stmt::Set { var: *var, value: add(Expr::Var(*var), size(1), span), span };
        if outer.is_empty() {
            return vec![next];
        }
        let mut carry = vec![Stmt::Set { var: *var, value: size(0), span }];
        carry.extend(self.step_indices(outer, shape));
        let full = compare(ScalarOp::Ge, Expr::Var(*var), extent.clone(), span);
        vec![next, Stmt::If { cond: full, then: carry, other: Vec::new() }]
    }
}

/// May the i64 expression be negative, as far as is plain?
fn may_be_negative(value: &Expr) -> bool {
    match value {
        Expr::Len { .. } => false,
        Expr::Op { op: ScalarOp::Maximum, args, .. } => !args.iter().any(|arg| known(arg).is_some_and(|least| least >= 0)),
        _ => known(value).is_none_or(|value| value < 0),
    }
}
