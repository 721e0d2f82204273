//! Joins partial results of a reduction as blocks finish, in whatever order, by a fixed binary tree: so the bits do not depend on the order,
//! and only few partial results wait at any time. The tree is that of `kernel::chunks::fold_tree`.

use super::Run;
use super::host::KernelHost;
use crate::array::strided::Axes;
use crate::array::{Buffer, DType, Scalar};
use crate::base::{Outcome, Span};
use crate::builtins::build::ReduceOp;
use crate::kernel::abi::{Arg, ArrayArg, Compiled};
use crate::kernel::fault::diagnose;
use crate::plan::emit::arrays_of;
use crate::plan::forecast::{SPARE, SPARE_BYTES, rounded};
use crate::plan::ir::OutputKind;
use crate::plan::merge::merge;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// The arrays of one partial result.
pub type Parts = SmallVec<[Buffer; 1]>;

/// A place in the tree of an output: result block, level, position.
type Node = (u64, u32, u64);

/// What a worker has of trees for itself, so that what is joined within a run of its tasks needs nobody else.
#[derive(Default)]
pub struct Near {
    /// The partial results that this worker makes of the current result, one after the other: all of what is joined from them waits here.
    pub turns: Range<u64>,
    /// By output and node.
    waiting: Vec<((usize, Node), Parts)>,
    /// Memory of small partial results, to use again.
    spare: Vec<Buffer>,
}

impl Near {
    /// Memory for part of a partial result.
    pub fn take(&mut self, run: &Run, bytes: usize, span: Span) -> Outcome<Buffer> {
        match self.spare.iter().rposition(|buffer| buffer.len() == bytes) {
            Some(at) => Ok(self.spare.swap_remove(at)),
            None => run.runtime.take(bytes, span),
        }
    }
    fn give(&mut self, parts: Parts) {
        for buffer in parts {
            let bytes = self.spare.iter().chain([&buffer]).map(|spare| rounded(spare.len() as u64)).sum::<u64>();
            if self.spare.len() < SPARE && bytes <= SPARE_BYTES {
                self.spare.push(buffer);
            }
        }
    }
    /// Whether all partial results that a node joins are of this worker's run.
    fn has(&self, level: u32, at: u64, count: u64) -> bool {
        let (first, end) = (at << level, ((at + 1) << level).min(count));
        self.turns.start <= first && end <= self.turns.end
    }
}

/// The trees of one output: one for each block of its result.
pub struct Combine {
    /// Which of the outputs of the pass.
    output: usize,
    /// Blocks that each result is reduced from.
    count: u64,
    dtypes: SmallVec<[DType; 1]>,
    kernel: Arc<dyn Compiled>,
    /// Partial results that wait for their sibling: (result block, level, position).
    waiting: Mutex<FxHashMap<Node, Parts>>,
}

impl Combine {
    /// For results of `elements` a block, each reduced from `count` blocks.
    pub fn new(run: &Run, output: usize, op: ReduceOp, dtype: DType, count: u64, elements: u64) -> Outcome<Combine> {
        let dtypes = arrays_of(&OutputKind::Reduce { op, axes: Vec::new() }, dtype).into_iter().map(|(dtype, _)| dtype).collect();
        let kernel = run.runtime.kernels.get(&merge(op, dtype, run.runtime.limits.checked), elements.saturating_mul(count))?;
        Ok(Combine { output, count, dtypes, kernel, waiting: Mutex::default() })
    }

    /// Adds the partial result number `at` of a result block; gives the result when it was the last.
    pub fn add(
        &self,
        run: &Run,
        near: &mut Near,
        (result, at): (u64, u64),
        parts: Parts,
        elements: u64,
        span: Span,
    ) -> Outcome<Option<Parts>> {
        let (mut at, mut level, mut count, mut own) = (at, 0, self.count, parts);
        loop {
            if count <= 1 {
                return Ok(Some(own));
            }
            let sibling = at ^ 1;
            if sibling < count {
                let other = if near.has(level + 1, at / 2, self.count) {
                    match near.waiting.iter().rposition(|(node, _)| *node == (self.output, (result, level, sibling))) {
                        Some(place) => near.waiting.swap_remove(place).1,
                        None => {
                            near.waiting.push(((self.output, (result, level, at)), own));
                            return Ok(None);
                        }
                    }
                } else {
                    let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                    match waiting.remove(&(result, level, sibling)) {
                        Some(other) => other,
                        None => {
                            waiting.insert((result, level, at), own);
                            return Ok(None);
                        }
                    }
                };
                let (left, right) = if at < sibling { (own, other) } else { (other, own) };
                own = self.join(run, left, &right, elements, span)?;
                near.give(right);
            }
            at /= 2;
            level += 1;
            count = count.div_ceil(2);
        }
    }

    fn join(&self, run: &Run, left: Parts, right: &Parts, elements: u64, span: Span) -> Outcome<Parts> {
        let arg = |(buffer, dtype): (&Buffer, &DType)| {
            let dtype = dtype.storage();
            let (sizes, strides) = (Axes::from_elem(elements as i64, 1), Axes::from_elem(dtype.size() as i64, 1));
            Arg::Array(ArrayArg { dtype, ptr: buffer.as_mut_ptr(), sizes, strides })
        };
        let n = Arg::Scalar(Scalar::i64(elements as i64));
        let arrays = left.iter().zip(&self.dtypes).chain(right.iter().zip(&self.dtypes)).map(arg);
        let args: SmallVec<[Arg; 3]> = std::iter::once(n).chain(arrays).collect();
        self.kernel.call(&KernelHost { runtime: run.runtime, leaf: true }, &args).map_err(|fault| diagnose(&fault).or_at(span))?;
        Ok(left)
    }
}
