//! Compiled functions over arrays that do not fit in memory: given in parts along an axis, one after the other, where `sema` found that a
//! part of the result needs no more.

use super::Output;
use super::evaluator::Evaluator;
use super::value::Val;
use crate::array::{ArrayTy, Scalar};
use crate::base::{Outcome, Span};
use crate::builtins::build::{A, SliceArg};
use crate::graph::NodeId;
use crate::kernel::ir::Module;
use crate::sema::hir::{Instance, LocalId};

impl Evaluator {
    /// The arguments of a function that are given in parts, each with its axis, and in how many: so that they take an eighth of the memory
    /// there is. None where all fits.
    pub(super) fn pieces(&self, instance: &Instance, args: &[Val], nodes: &[NodeId]) -> Option<(Vec<(usize, usize)>, u64)> {
        if instance.parted.is_empty() || nodes.len() != args.len() {
            return None;
        }
        let place = |(param, axis): &(LocalId, usize)| Some((instance.params.iter().position(|known| known == param)?, *axis));
        let parted: Vec<(usize, usize)> = instance.parted.iter().map(place).collect::<Option<_>>()?;
        let ty = |at: usize| &self.graph.node(nodes[at]).ty;
        let bytes: u64 = parted.iter().map(|(at, _)| ty(*at).bytes().unwrap_or(0)).sum();
        let size = parted.iter().map(|(at, axis)| ty(*at).dims[*axis].size.known()).collect::<Option<Vec<u64>>>()?;
        let (first, alike) = (*size.first()?, size.windows(2).all(|pair| pair[0] == pair[1]));
        let count = bytes.div_ceil((self.runtime.limits.memory / 8).max(1)).min(first);
        (alike && count > 1).then_some((parted, count))
    }

    /// A compiled function over one part of its arrays after the other; the results are joined along their first dimension.
    pub(super) fn called_in_parts(
        &mut self,
        module: &Module,
        nodes: &[NodeId],
        (parted, count): (&[(usize, usize)], u64),
        types: &[ArrayTy],
        span: Span,
        out: &mut dyn Output,
    ) -> Outcome<Vec<NodeId>> {
        let (at, axis) = parted[0];
        let size = self.graph.node(nodes[at]).ty.dims[axis].size.known().unwrap_or(0);
        let unlabelled = |ty: &ArrayTy| {
            let mut ty = ty.clone();
            ty.dims.iter_mut().take(1).for_each(|dim| dim.coord = None);
            ty
        };
        let plain: Vec<ArrayTy> = types.iter().map(unlabelled).collect();
        let mut results: Vec<Vec<A>> = vec![Vec::new(); types.len()];
        for part in 0..count {
            let bounds = [size * part / count, size * (part + 1) / count];
            let mut cut = nodes.to_vec();
            for (at, axis) in parted {
                cut[*at] = self.with_builder(span, out, |b| {
                    let [lo, hi] = bounds.map(|at| b.constant(Scalar::i64(at as i64)));
                    let mut index = vec![SliceArg::Range { lo: None, hi: None, step: 1 }; *axis];
                    index.push(SliceArg::Range { lo: Some(lo), hi: Some(hi), step: 1 });
                    Ok(NodeId(b.slice(A(nodes[*at].0), &index)?.0))
                })?;
            }
            let values = self.called(module, &cut, &plain, span, out)?;
            results.iter_mut().zip(values).for_each(|(all, value)| all.push(A(value.0)));
        }
        self.with_builder(span, out, |b| {
            let join = |(parts, ty): (Vec<A>, &ArrayTy)| {
                let joined = b.concat(&parts, 0)?;
                let dims = b.ty(joined).dims.iter().zip(&ty.dims).map(|(own, dim)| own.labelled(dim)).collect();
                Ok(NodeId(b.rename(joined, dims)?.0))
            };
            results.into_iter().zip(types).map(join).collect()
        })
    }
}
