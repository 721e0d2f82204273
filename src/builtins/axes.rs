//! Which axes a call means, and putting removed ones back. Owns no lookup (see `types::dims`).

use super::Args;
use super::build::{A, Build, Extent, SliceArg};
use super::parts::{ALL, elementwise, extent};
use crate::array::{ArrayTy, Dim, Size};
use crate::base::{Code, Diagnostic, Name, Outcome, Span};
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

/// Elements `lo..hi` along an axis, clipped.
pub fn range(b: &mut dyn Build, x: A, axis: usize, lo: Option<A>, hi: Option<A>) -> Outcome<A> {
    let mut index = vec![ALL; axis];
    index.push(SliceArg::Range { lo, hi, step: 1 });
    b.slice(x, &index)
}

/// The elements at one position along an axis, which is removed.
pub fn at(b: &mut dyn Build, x: A, axis: usize, position: A, span: Span) -> Outcome<A> {
    let mut index = vec![ALL; axis];
    index.push(SliceArg::At(position, span));
    b.slice(x, &index)
}

/// With a new axis of size 1.
pub fn with_axis(b: &mut dyn Build, x: A, axis: usize) -> Outcome<A> {
    let mut index = vec![ALL; axis];
    index.push(SliceArg::New);
    b.slice(x, &index)
}

/// Without names and coordinates: it meets others by position.
pub fn bare(b: &mut dyn Build, x: A) -> Outcome<A> {
    let dims = b.ty(x).dims.into_iter().map(|dim| Dim::sized(dim.size)).collect();
    b.rename(x, dims)
}

/// Without the coordinates of some axes.
pub fn without_coords(b: &mut dyn Build, x: A, axes: &[usize]) -> Outcome<A> {
    let mut dims = b.ty(x).dims;
    for axis in axes {
        dims[*axis].coord = None;
    }
    b.rename(x, dims)
}

/// With names for its axes, and no coordinates; sizes are its own.
pub fn with_names(b: &mut dyn Build, x: A, names: Vec<Option<Name>>) -> Outcome<A> {
    let dims = b.ty(x).dims.into_iter().zip(names).map(|(dim, name)| Dim { name, size: dim.size, coord: None }).collect();
    b.rename(x, dims)
}

/// The names of all axes.
pub fn names_of(b: &dyn Build, x: A) -> Vec<Option<Name>> {
    b.ty(x).dims.into_iter().map(|dim| dim.name).collect()
}

/// K0402 unless the array has at least so many dimensions.
pub fn at_least(b: &dyn Build, args: &Args, at: usize, x: A, rank: usize) -> Outcome<()> {
    let ty = b.ty(x);
    if ty.rank() >= rank {
        return Ok(());
    }
    let message = format!("{} needed here, found {ty}", if rank == 1 { "a dimension is".into() } else { format!("{rank} dimensions are") });
    Err(Diagnostic::at(Code::Rank, args.span_of(at), message))
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
