//! Which axes a call means, and putting removed ones back. Owns no lookup (see `types::dims`).

use super::Args;
use super::build::{A, Build, Extent, SliceArg};
use super::parts::{ALL, elementwise, extent};
use crate::array::{ArrayTy, Dim, Size};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp;
use crate::types::dims::{find_dim, find_dims};

/// The axes of a `Dims` parameter in ascending order; all of them where it was left out.
pub fn axes(b: &dyn Build, args: &Args, at: usize, x: A) -> Outcome<Vec<usize>> {
    let mut axes = dims_given(b, args, at, x)?.unwrap_or_else(|| (0..b.ty(x).rank()).collect());
    axes.sort_unstable();
    Ok(axes)
}

/// The axes of a `Dims` parameter as they were given; none where it was left out.
pub fn dims_given(b: &dyn Build, args: &Args, at: usize, x: A) -> Outcome<Option<Vec<usize>>> {
    args.dims(at).map(|dims| find_dims(&b.ty(x), dims)).transpose()
}

/// The one axis of a `Dims` parameter; where it was left out, the only one (K0402 if there are more or none).
pub fn axis(b: &dyn Build, args: &Args, at: usize, x: A) -> Outcome<usize> {
    let ty = b.ty(x);
    match args.dims(at) {
        Some([dim]) => find_dim(&ty, dim),
        Some(dims) => {
            let message = format!("one dimension is needed here, found {}", dims.len());
            Err(Diagnostic::at(Code::Rank, args.span_of(at), message))
        }
        None if ty.rank() == 1 => Ok(0),
        None => Err(Diagnostic::new(Code::Rank, format!("along which dimension of {ty}?")).help(along_help(&ty))),
    }
}

fn along_help(ty: &ArrayTy) -> String {
    match ty.dims.first() {
        None => "a scalar has no dimensions".into(),
        Some(dim) => format!("name it: `along = {}`", dim.name.as_deref().unwrap_or("0")),
    }
}

/// The number of elements along some axes, an i64 scalar.
pub fn count(b: &mut dyn Build, x: A, axes: &[usize]) -> Outcome<A> {
    let mut all = extent(b, Extent::Known(1));
    for axis in axes {
        let size = b.size(x, *axis);
        all = elementwise(b, ScalarOp::Mul, &[all, size])?;
    }
    Ok(all)
}

/// A reduced array with its axes put back at size 1; they keep their names, not their coordinates.
pub fn keep_dims(b: &mut dyn Build, x: A, axes: &[usize], reduced: A) -> Outcome<A> {
    let rank = b.ty(x).rank();
    let index: Vec<SliceArg> = (0..rank).map(|axis| if axes.contains(&axis) { SliceArg::New } else { ALL }).collect();
    let value = b.slice(reduced, &index)?;
    let mut dims = b.ty(x).dims;
    for axis in axes {
        dims[*axis] = Dim { name: dims[*axis].name.clone(), size: Size::Known(1), coord: None };
    }
    b.rename(value, dims)
}
