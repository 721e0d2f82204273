//! Copies between strided memory, by a kernel: the one way to move elements that is not computing.

use super::Run;
use super::compute::flatten;
use super::host::KernelHost;
use crate::array::strided::row_major;
use crate::array::{Buffer, DType};
use crate::base::{Outcome, Span};
use crate::kernel::abi::{Arg, ArrayArg};
use crate::kernel::fault::diagnose;
use crate::plan::access::identity;
use crate::plan::emit::emit;
use crate::plan::ir::{Fused, Leaf, Line, LineId, LineKind, Output, OutputKind, Source, StoreId};

/// Row-major memory as an argument.
pub fn dense(dtype: DType, buffer: &Buffer, sizes: &[u64]) -> ArrayArg {
    ArrayArg {
        dtype: dtype.storage(),
        ptr: buffer.as_mut_ptr(),
        sizes: sizes.iter().map(|size| *size as i64).collect(),
        strides: row_major(sizes, dtype.size()).into_iter().map(|stride| stride as i64).collect(),
    }
}

/// Copies `from` to `to`, which have one shape (of at least one axis) and one dtype.
pub fn copy(run: &Run, dtype: DType, from: ArrayArg, to: ArrayArg, span: Span) -> Outcome<()> {
    let rank = to.sizes.len();
    let store = StoreId(0);
    let shape = vec![1; rank];
    let leaf = Leaf { source: Source::Store(store), access: identity(rank), dtype, shape: shape.clone() };
    let line = Line { dtype, kind: LineKind::Load(0), span: Span::default(), invariant: false };
    let output = Output { store, value: LineId(0), kind: OutputKind::Map { offset: shape.clone() } };
    let fused = Fused {
        domain: shape.clone(),
        block: shape,
        before: Vec::new(),
        product: None,
        leaves: vec![leaf],
        code: vec![line],
        outputs: vec![output],
    };
    let elements = to.sizes.iter().map(|size| *size as u64).product();
    let kernel = run.runtime.kernels.get(&emit(run.graph, &fused, false, &|_| false), elements)?;
    let zero = std::iter::repeat_n(0, rank);
    let scalars = to.sizes.iter().copied().chain(zero).map(|value| Arg::Scalar(crate::array::Scalar::i64(value)));
    let mut args: Vec<Arg> = scalars.chain([Arg::Array(from), Arg::Array(to.clone())]).collect();
    flatten(&mut args, rank, 0);
    kernel.call(&KernelHost { runtime: run.runtime, leaf: true }, &args).map_err(|fault| diagnose(&fault).or_at(span))?;
    Ok(())
}
