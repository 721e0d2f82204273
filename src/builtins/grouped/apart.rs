//! Reductions of groups that are no folds, such as medians: every group is taken out and reduced by itself, and the results are joined.

use super::super::axes::with_axis;
use super::super::build::{A, Build, SliceArg, Value};
use super::super::parts::ALL;
use super::super::{Args, Builtin, ParamKind, apply};
use super::take;
use crate::array::{Dim, Scalar, Size};
use crate::base::{Code, Diagnostic, Outcome};
use crate::types::dims::{DimRef, find_dims};
use crate::types::group::Groups;

/// Groups, at most: each is a part of the plan by itself.
const MOST: u64 = 4096;

pub fn reduce(builtin: &Builtin, b: &mut dyn Build, args: &Args, x: A, groups: &[Groups]) -> Outcome<Value> {
    let [groups] = groups else {
        let message = format!("`{}` of blocks over several dimensions is not built yet", builtin.name);
        return Err(Diagnostic::new(Code::Unsupported, message).help("coarsen one dimension after the other"));
    };
    if groups.count() > MOST {
        let message = format!("`{}` of {} groups is not built yet, {MOST} are", builtin.name, groups.count());
        return Err(Diagnostic::new(Code::Unsupported, message));
    }
    if groups.count() == 0 {
        return Err(Diagnostic::new(Code::Value, format!("`{}` of no groups", builtin.name)));
    }
    let place = builtin.params.iter().position(|param| param.kind == ParamKind::Dims).unwrap_or(1);
    let ty = b.ty(x);
    let mut over = args.dims(place).map(|dims| find_dims(&ty, dims)).transpose()?.unwrap_or_default();
    if !over.contains(&groups.axis) {
        over.push(groups.axis);
    }
    let keeps = builtin.params.iter().position(|param| param.name == "keepdims").and_then(|at| args.values.get(at)?.as_ref());
    if matches!(keeps, Some(Value::Flag(flag)) if flag.as_bool() == Some(true)) {
        return Err(Diagnostic::new(Code::Type, "`keepdims` does not go with groups: their dimension is there anyway"));
    }
    let kept = ty.rank() - over.len();
    let before = (0..groups.axis).filter(|axis| !over.contains(axis)).count();
    let table = groups.table();
    let mut parts = Vec::with_capacity(groups.count() as usize);
    let mut axis = 0;
    for group in 0..groups.count() as i64 {
        let positions: Vec<u64> = (0..table.len() as u64).filter(|at| table[*at as usize] == group).collect();
        let part = elements(b, x, groups.axis, &positions)?;
        let mut values = args.values.clone();
        values.resize(builtin.params.len(), None);
        values[0] = Some(Value::Array(part));
        values[place] = Some(Value::Dims(over.iter().map(|axis| DimRef::Position(*axis as i64, args.span)).collect()));
        let args = Args { values, rest: Vec::new(), spans: args.spans.clone(), span: args.span };
        let Value::Array(value) = apply(builtin, b, args)? else {
            return Err(Diagnostic::new(Code::Internal, format!("`{}` gives no array", builtin.name)));
        };
        // Several quantiles have a dimension of their own, the first.
        axis = before + (b.ty(value).rank() - kept);
        parts.push(with_axis(b, value, axis)?);
    }
    let value = b.concat(&parts, axis)?;
    let mut dims = b.ty(value).dims;
    dims[axis] = groups.dim.clone();
    b.rename(value, dims).map(Value::Array)
}

/// The elements at positions along an axis: a range where they are in one piece.
fn elements(b: &mut dyn Build, x: A, axis: usize, positions: &[u64]) -> Outcome<A> {
    let count = positions.len() as u64;
    let first = positions.first().copied().unwrap_or(0);
    if !positions.iter().copied().eq(first..first + count) {
        let dim = Dim { coord: None, size: Size::Known(count), ..b.ty(x).dims[axis].clone() };
        return take(b, x, axis, positions, dim);
    }
    let mut bound = |at: u64| Some(b.constant(Scalar::i64(at as i64)));
    let range = SliceArg::Range { lo: bound(first), hi: bound(first + count), step: 1 };
    let index: Vec<SliceArg> = std::iter::repeat_n(ALL, axis).chain([range]).collect();
    b.slice(x, &index)
}
