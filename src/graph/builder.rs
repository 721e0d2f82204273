//! `Build` over graph nodes: each primitive checks its rule in `types` with real sizes and adds a node. Scalars that are known are computed
//! at once; a value that a shape or an index needs is asked of `Values`.

use super::ir::{MemoryId, NodeId, Op};
use super::store::Graph;
use crate::array::{Array, ArrayTy, DType, Dim, Scalar, Size};
use crate::base::{Code, Diagnostic, Outcome, Span};
use crate::builtins::build::{A, Build, Extent, ReduceOp, Routine, SliceArg};
use crate::ops::{ScalarOp, eval};
use crate::types::edge::Edge;
use crate::types::group::{self, Groups};
use crate::types::slice::{Bound, SliceTy, range_of};
use crate::types::{Placed, Unknowns, broadcast, shape, slice};

/// What building asks of the session.
pub trait Values {
    /// Computes a scalar now.
    fn scalar(&mut self, graph: &mut Graph, node: NodeId) -> Outcome<Scalar>;
    /// Computes a small array now; K0901 where nothing is computed.
    fn array(&mut self, _graph: &mut Graph, _node: NodeId) -> Outcome<Array> {
        Err(Diagnostic::new(Code::Unsupported, "no array is computed here"))
    }
    /// Takes a small array that is known into the session.
    fn hold(&mut self, array: &Array) -> MemoryId;
}

/// Elements of an array that may be computed while building goes on.
const MAX_KNOWN: u64 = 1 << 22;

/// Builds nodes of a graph.
pub struct GraphBuild<'a> {
    pub graph: &'a mut Graph,
    pub values: &'a mut dyn Values,
    /// Integer overflow of constants is an error.
    pub checked: bool,
    span: Span,
}

impl<'a> GraphBuild<'a> {
    pub fn new(graph: &'a mut Graph, values: &'a mut dyn Values, checked: bool) -> GraphBuild<'a> {
        GraphBuild { graph, values, checked, span: Span::default() }
    }
    pub(super) fn add(&mut self, op: Op, inputs: &[A], ty: ArrayTy) -> A {
        A(self.graph.add(op, inputs.iter().map(|a| NodeId(a.0)).collect(), ty, self.span).0)
    }
    fn ty_of(&self, a: A) -> &ArrayTy {
        &self.graph.node(NodeId(a.0)).ty
    }
    fn shape_of(&self, a: A) -> Vec<u64> {
        self.ty_of(a).shape().unwrap_or_default()
    }
    fn placed(&self, a: A) -> Placed<'_> {
        let node = self.graph.node(NodeId(a.0));
        Placed { ty: &node.ty, text: String::new(), span: node.span }
    }
    /// The value of a scalar, computed if need be.
    fn value(&mut self, a: A) -> Outcome<Scalar> {
        match self.known(a) {
            Some(value) => Ok(value),
            None => self.values.scalar(self.graph, NodeId(a.0)).map_err(|error| error.or_at(self.span)),
        }
    }
    fn int(&mut self, a: A) -> Outcome<i64> {
        let value = self.value(a)?;
        let int = value.as_int().and_then(|int| i64::try_from(int).ok());
        int.ok_or_else(|| Diagnostic::at(Code::Type, self.span, format!("an integer is needed, found {}", value.dtype)))
    }
    /// The sizes of a shape; K0507 for a negative one.
    pub fn sizes(&mut self, shape: &[Extent]) -> Outcome<Vec<u64>> {
        shape
            .iter()
            .map(|extent| match *extent {
                Extent::Known(size) => Ok(size),
                Extent::Value(a) => {
                    let size = self.int(a)?;
                    u64::try_from(size).map_err(|_| Diagnostic::at(Code::Value, self.span, format!("a size of {size}")))
                }
            })
            .collect()
    }
    fn placed_err<T>(&self, outcome: Outcome<T>) -> Outcome<T> {
        outcome.map_err(|error| error.or_at(self.span))
    }
    /// Row-major with another shape; `ty` says names too.
    fn reshaped(&mut self, a: A, ty: ArrayTy) -> A {
        if ty == *self.ty_of(a) { a } else { self.add(Op::Reshape, &[a], ty) }
    }
    /// Operands repeated to one shape.
    fn aligned(&mut self, args: &[A]) -> Outcome<(Vec<A>, Vec<Dim>)> {
        let placed: Vec<Placed> = args.iter().map(|a| self.placed(*a)).collect();
        let alignment = self.placed_err(broadcast::broadcast(&placed))?;
        let shape: Vec<Size> = alignment.dims.iter().map(|dim| dim.size).collect();
        let operands = args
            .iter()
            .zip(alignment.maps)
            .map(|(a, axes)| {
                let ty = self.ty_of(*a);
                let in_place = axes.iter().copied().eq(0..shape.len());
                if in_place && ty.dims.iter().map(|dim| dim.size).eq(shape.iter().copied()) {
                    return *a;
                }
                let ty = ArrayTy { dtype: ty.dtype, dims: alignment.dims.clone() };
                self.add(Op::Broadcast { axes }, &[*a], ty)
            })
            .collect();
        Ok((operands, alignment.dims))
    }
    /// A user function over elements; the module's entry takes the operands' dtypes and gives scalars.
    pub fn apply(&mut self, module: super::ModuleId, results: &[DType], args: &[A]) -> Outcome<Vec<A>> {
        let (operands, dims) = self.aligned(args)?;
        let apply = |(result, dtype): (usize, &DType)| {
            let ty = ArrayTy { dtype: *dtype, dims: dims.clone() };
            self.add(Op::Apply { module, result }, &operands, ty)
        };
        Ok(results.iter().enumerate().map(apply).collect())
    }
}

/// The error of a constant operation, with what the source says.
fn fault(kind: crate::ops::FaultKind, span: Span) -> Box<Diagnostic> {
    crate::kernel::fault::diagnose(&crate::kernel::abi::Fault { kind, span, values: Vec::new() })
}

impl Build for GraphBuild<'_> {
    fn at(&mut self, span: Span) {
        self.span = span;
    }
    fn ty(&self, a: A) -> ArrayTy {
        self.ty_of(a).clone()
    }
    fn known(&self, a: A) -> Option<Scalar> {
        match self.graph.node(NodeId(a.0)).op {
            Op::Constant(value) => Some(value),
            _ => None,
        }
    }
    fn constant(&mut self, value: Scalar) -> A {
        A(self.graph.constant(value, self.span).0)
    }
    fn array(&mut self, values: &Array) -> Outcome<A> {
        let id = self.values.hold(values);
        Ok(self.add(Op::Memory(id), &[], values.ty().clone()))
    }
    fn values(&mut self, a: A) -> Outcome<Option<Array>> {
        let ty = self.ty_of(a);
        // What the checker knows: coordinates, indices, constants, and what is computed of them element by element.
        let plain = |id: &NodeId| match &self.graph.node(*id).op {
            Op::Reduce { .. } | Op::ReduceGroups { .. } | Op::Scan { .. } | Op::MatMul | Op::Apply { .. } => false,
            Op::Read { variable, .. } => variable.shape.len() == 1,
            _ => true,
        };
        let small = ty.rank() == 1 && ty.count().is_some_and(|count| count <= MAX_KNOWN);
        if !small || !self.graph.reachable(&[NodeId(a.0)]).iter().all(plain) {
            return Ok(None);
        }
        self.values.array(self.graph, NodeId(a.0)).map(Some).map_err(|error| error.or_at(self.span))
    }
    fn size(&mut self, a: A, axis: usize) -> A {
        let size = self.shape_of(a).get(axis).copied().unwrap_or(1);
        self.constant(Scalar::i64(size as i64))
    }
    fn iota(&mut self, len: Extent) -> Outcome<A> {
        let sizes = self.sizes(&[len])?;
        Ok(self.add(Op::Iota, &[], ArrayTy::unnamed(DType::I64, &sizes)))
    }
    fn map(&mut self, op: ScalarOp, args: &[A]) -> Outcome<A> {
        // `Select`'s operation dtype is that of its values.
        let dtype = args.last().map_or(DType::F64, |a| self.ty_of(*a).dtype);
        let result = op.result(dtype.storage()).unwrap_or(dtype);
        let result = if result == dtype.storage() { dtype } else { result };
        let known: Option<Vec<Scalar>> = args.iter().map(|a| self.known(*a)).collect();
        if let Some(values) = known {
            let values: Vec<Scalar> = values.iter().map(|value| Scalar { dtype: value.dtype.storage(), bits: value.bits }).collect();
            let value = eval::operate(op, dtype.storage(), &values, self.checked).map_err(|kind| fault(kind, self.span))?;
            return Ok(self.constant(Scalar { dtype: result, bits: value.bits }));
        }
        let (operands, dims) = self.aligned(args)?;
        Ok(self.add(Op::Map(op), &operands, ArrayTy { dtype: result, dims }))
    }
    fn cast(&mut self, a: A, to: DType) -> Outcome<A> {
        if self.ty_of(a).dtype == to {
            return Ok(a);
        }
        if let Some(value) = self.known(a) {
            let value = Scalar { dtype: value.dtype.storage(), bits: value.bits };
            let cast = eval::convert(value, to.storage(), self.checked).map_err(|kind| fault(kind, self.span))?;
            return Ok(self.constant(Scalar { dtype: to, bits: cast.bits }));
        }
        let ty = self.ty_of(a).with_dtype(to);
        Ok(self.add(Op::Cast, &[a], ty))
    }
    fn broadcast(&mut self, a: A, shape: &[Extent]) -> Outcome<A> {
        let sizes: Vec<Size> = self.sizes(shape)?.into_iter().map(Size::Known).collect();
        let ty = self.placed_err(shape::broadcast_to(self.ty_of(a), &sizes))?;
        if ty == *self.ty_of(a) {
            return Ok(a);
        }
        let added = ty.rank() - self.ty_of(a).rank();
        let axes = (added..ty.rank()).collect();
        Ok(self.add(Op::Broadcast { axes }, &[a], ty))
    }
    fn transpose(&mut self, a: A, order: &[usize]) -> Outcome<A> {
        let ty = self.placed_err(shape::transpose(self.ty_of(a), order))?;
        if order.iter().copied().eq(0..order.len()) {
            return Ok(a);
        }
        Ok(self.add(Op::Transpose { order: order.to_vec() }, &[a], ty))
    }
    fn slice(&mut self, a: A, index: &[SliceArg]) -> Outcome<A> {
        let sizes = self.shape_of(a);
        let mut entries = Vec::with_capacity(index.len());
        // Of each axis: first element, step and number of elements taken.
        let mut taken: Vec<(u64, i64, u64)> = sizes.iter().map(|size| (0, 1, *size)).collect();
        let mut takes: Vec<(usize, A)> = Vec::new();
        let mut masks: Vec<(usize, A)> = Vec::new();
        let mut axis = 0;
        for entry in index {
            let size = sizes.get(axis).copied().unwrap_or(0);
            entries.push(match entry {
                SliceArg::New => {
                    entries.push(SliceTy::New);
                    continue;
                }
                SliceArg::At(at, span) => {
                    let at = self.int(*at)?;
                    if let Some(place) = taken.get_mut(axis) {
                        *place = (at.max(0) as u64, 1, 1);
                    }
                    SliceTy::At(Some(at), *span)
                }
                SliceArg::Range { lo, hi, step } => {
                    let lo = lo.map(|lo| self.int(lo)).transpose()?;
                    let hi = hi.map(|hi| self.int(hi)).transpose()?;
                    if let Some(place) = taken.get_mut(axis).filter(|_| *step != 0) {
                        let (start, count) = range_of(size, lo, hi, *step);
                        *place = (start, *step, count);
                    }
                    let bound = |at: Option<i64>| at.map_or(Bound::Open, Bound::Known);
                    SliceTy::Range { lo: bound(lo), hi: bound(hi), step: *step }
                }
                SliceArg::Take(mask, span) if self.ty_of(*mask).dtype == DType::Bool => {
                    let over = self.ty_of(*mask).rank();
                    slice::check_mask(&self.placed(a), axis, self.ty_of(*mask), *span)?;
                    masks.push((axis, *mask));
                    axis += over - 1;
                    SliceTy::Mask { over, size: Some(Size::Known(self.count_true(*mask)?)) }
                }
                SliceArg::Take(positions, _) => {
                    takes.push((axis, *positions));
                    SliceTy::Take(Size::Known(self.shape_of(*positions).first().copied().unwrap_or(1)))
                }
            });
            axis += 1;
        }
        // All that is given here is known, so the result's sizes are.
        let ty = self.placed_err(slice::slice(&self.placed(a), &entries, &mut Unknowns::default()))?;
        let mut value = a;
        if taken.iter().zip(&sizes).any(|((start, step, count), size)| (*start, *step, *count) != (0, 1, *size)) {
            let mut part = self.ty(a);
            for (dim, (_, _, count)) in part.dims.iter_mut().zip(&taken) {
                *dim = Dim { size: Size::Known(*count), coord: None, name: dim.name.clone() };
            }
            let start = taken.iter().map(|(start, _, _)| *start).collect();
            let step = taken.iter().map(|(_, step, _)| *step).collect();
            value = self.add(Op::Slice { start, step }, &[value], part);
        }
        for (axis, positions) in takes {
            let mut part = self.ty(value);
            part.dims[axis] = Dim {
                size: self.ty_of(positions).dims.first().map_or(Size::Known(1), |dim| dim.size),
                coord: None,
                name: part.dims[axis].name.clone(),
            };
            let positions = self.cast(positions, DType::I64)?;
            value = self.add(Op::Take { axis }, &[value, positions], part);
        }
        for (axis, mask) in masks.into_iter().rev() {
            // The last first: the axes before stay where they are.
            let over = self.ty_of(mask).rank();
            let mut part = self.ty(value);
            let name = if over == 1 { part.dims[axis].name.clone() } else { None };
            let selected = Dim { name, size: Size::Known(self.count_true(mask)?), coord: None };
            part.dims.splice(axis..axis + over, [selected]);
            value = self.add(Op::Compress { axis }, &[value, mask], part);
        }
        let same_shape = self.shape_of(value) == ty.shape().unwrap_or_default();
        match (*self.ty_of(value) == ty, same_shape) {
            (true, _) => Ok(value),
            (false, true) => Ok(self.add(Op::Rename, &[value], ty)),
            (false, false) => Ok(self.reshaped(value, ty)),
        }
    }
    fn reshape(&mut self, a: A, shape: &[Extent]) -> Outcome<A> {
        let sizes: Vec<Size> = self.sizes(shape)?.into_iter().map(Size::Known).collect();
        let ty = self.placed_err(shape::reshape(self.ty_of(a), &sizes))?;
        Ok(self.reshaped(a, ty))
    }
    fn rename(&mut self, a: A, dims: Vec<Dim>) -> Outcome<A> {
        let mut ty = self.placed_err(shape::rename(self.ty_of(a), dims))?;
        for (dim, known) in ty.dims.iter_mut().zip(&self.ty_of(a).dims) {
            dim.size = known.size;
        }
        if ty == *self.ty_of(a) { Ok(a) } else { Ok(self.add(Op::Rename, &[a], ty)) }
    }
    fn concat(&mut self, parts: &[A], axis: usize) -> Outcome<A> {
        let placed: Vec<Placed> = parts.iter().map(|a| self.placed(*a)).collect();
        let ty = self.placed_err(shape::concat(&placed, axis, &mut Unknowns::default()))?;
        Ok(self.add(Op::Concat { axis }, parts, ty))
    }
    fn pad(&mut self, a: A, before: &[u64], after: &[u64], edge: Edge, fill: Scalar) -> Outcome<A> {
        let ty = self.ty_of(a);
        let more = before.iter().zip(after).map(|(before, after)| before + after);
        let dim = |(dim, more): (&Dim, u64)| match more {
            0 => dim.clone(),
            more => Dim { name: dim.name.clone(), size: Size::Known(dim.size.known().unwrap_or(0) + more), coord: None },
        };
        let ty = ArrayTy { dtype: ty.dtype, dims: ty.dims.iter().zip(more).map(dim).collect() };
        Ok(self.add(Op::Pad { before: before.to_vec(), edge, fill }, &[a], ty))
    }
    fn reduce(&mut self, op: ReduceOp, a: A, axes: &[usize]) -> Outcome<A> {
        let ty = self.placed_err(shape::reduce(self.ty_of(a), op, axes))?;
        Ok(self.add(Op::Reduce { op, axes: axes.to_vec() }, &[a], ty))
    }
    fn reduce_groups(&mut self, op: ReduceOp, a: A, axes: &[usize], groups: &Groups) -> Outcome<A> {
        let ty = self.placed_err(group::reduce(self.ty_of(a), op, axes, groups))?;
        let count = groups.count() as i64;
        if groups.of.count() != self.shape_of(a)[groups.axis] || groups.table().iter().any(|group| *group < -1 || *group >= count) {
            return Err(Diagnostic::at(Code::Internal, self.span, "groups of another array"));
        }
        let table = self.array(&groups.of)?;
        Ok(self.add(Op::ReduceGroups { op, axes: axes.to_vec(), axis: groups.axis }, &[a, table], ty))
    }
    fn scan(&mut self, op: ScalarOp, a: A, axis: usize) -> Outcome<A> {
        let ty = self.ty(a);
        Ok(self.add(Op::Scan { op, axis }, &[a], ty))
    }
    fn matmul(&mut self, a: A, b: A) -> Outcome<A> {
        let ty = self.placed_err(shape::matmul(&self.placed(a), &self.placed(b)))?;
        let (left, right) = (self.shape_of(a), self.shape_of(b));
        let (rows, inner) = left.split_at(left.len() - 1);
        let columns = &right[1..];
        if rows.is_empty() || columns.is_empty() || !(ty.dtype.is_float() || ty.dtype.is_complex()) {
            return Ok(self.sum_of_products(a, b, ty));
        }
        // Matrices of the blocked product; more dimensions are one long one.
        let (m, k, n) = (rows.iter().product(), inner[0], columns.iter().product());
        let dtype = ty.dtype;
        let a = self.reshaped(a, ArrayTy::unnamed(dtype, &[m, k]));
        let b = self.reshaped(b, ArrayTy::unnamed(dtype, &[k, n]));
        let product = self.add(Op::MatMul, &[a, b], ArrayTy::unnamed(dtype, &[m, n]));
        Ok(self.reshaped(product, ty))
    }
    fn routine(&mut self, routine: Routine, operands: &[A]) -> Outcome<Vec<A>> {
        let types: Vec<ArrayTy> = operands.iter().map(|a| self.ty(*a)).collect();
        // All sizes are known, so the results' are.
        let results = self.placed_err(routine.results(&types, &mut Unknowns::default()))?;
        Ok(results.into_iter().enumerate().map(|(result, ty)| self.add(Op::Routine { routine, result }, operands, ty)).collect())
    }
}

impl GraphBuild<'_> {
    /// How many elements of a mask are true: computed now.
    fn count_true(&mut self, mask: A) -> Outcome<u64> {
        let ones = self.cast(mask, DType::I64)?;
        let axes: Vec<usize> = (0..self.ty_of(mask).rank()).collect();
        let count = self.reduce(ReduceOp::Fold(ScalarOp::Add), ones, &axes)?;
        Ok(self.int(count)?.max(0) as u64)
    }

    /// The rule of `@` as a reduction over a broadcast product: what fuses, and what has no matrix kernel.
    fn sum_of_products(&mut self, a: A, b: A, ty: ArrayTy) -> A {
        let (left, right) = (self.shape_of(a), self.shape_of(b));
        let inner = left.len() - 1;
        let rank = inner + right.len();
        let shape: Vec<u64> = left.iter().chain(&right[1..]).copied().collect();
        let full = ArrayTy::unnamed(ty.dtype, &shape);
        let a = self.add(Op::Broadcast { axes: (0..=inner).collect() }, &[a], full.clone());
        let b = self.add(Op::Broadcast { axes: (inner..rank).collect() }, &[b], full.clone());
        let (product, sum) = if ty.dtype == DType::Bool { (ScalarOp::And, ScalarOp::Or) } else { (ScalarOp::Mul, ScalarOp::Add) };
        let product = self.add(Op::Map(product), &[a, b], full);
        self.add(Op::Reduce { op: ReduceOp::Fold(sum), axes: vec![inner] }, &[product], ty)
    }
}
