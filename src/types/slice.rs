//! Slices: the type of `x[i, 2..10, .., new]`, and which elements a range takes of an axis. Owns no values.

use super::coord::slice_coord;
use super::dims::dim_text;
use super::{Placed, Unknowns};
use crate::array::{ArrayTy, Dim, Size};
use crate::base::{Code, Diagnostic, Outcome, Span};

/// A bound of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Left out: the axis' own end.
    Open,
    Known(i64),
    /// Computed when the program runs.
    Computed,
}

/// One entry of a slice as far as its type goes, for each axis of the operand in order; `New` stands between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SliceTy {
    /// An index, where it is known. Negative ones are outside: literals that count from the end are resolved before.
    At(Option<i64>, Span),
    Range {
        lo: Bound,
        hi: Bound,
        step: i64,
    },
    /// This many positions.
    Take(Size),
    /// A mask over this many axes; `None` where the number of its true elements needs data.
    Mask {
        over: usize,
        size: Option<Size>,
    },
    New,
}

impl SliceTy {
    /// How many axes of the operand it is for.
    pub fn axes(&self) -> usize {
        match self {
            SliceTy::New => 0,
            SliceTy::Mask { over, .. } => *over,
            SliceTy::At(..) | SliceTy::Range { .. } | SliceTy::Take(_) => 1,
        }
    }
}

/// Whether a mask fits the axes of an array from `axis` on: K0402 for too many dimensions or none, K0401 for another size, K0404 for another
/// name.
pub fn check_mask(operand: &Placed, axis: usize, mask: &ArrayTy, span: Span) -> Outcome<()> {
    let Some(dims) = operand.ty.dims.get(axis..axis + mask.rank()).filter(|dims| !dims.is_empty()) else {
        let message = format!("a mask of {} for {} of {}", mask, plural(operand.ty.rank(), "dimension"), operand.called());
        return Err(Diagnostic::at(Code::Rank, span, message).help("a mask has one dimension for each dimension it selects from"));
    };
    for (at, (dim, own)) in dims.iter().zip(&mask.dims).enumerate() {
        if let (Some(name), Some(other)) = (&dim.name, &own.name)
            && name != other
        {
            let message = format!("the mask's dimension {other} stands where {} has {name}", operand.called());
            return Err(Diagnostic::at(Code::NamedUnnamed, span, message).help(format!("select along it by name: `x[{other} = mask]`")));
        }
        if let (Some(size), Some(other)) = (dim.size.known(), own.size.known())
            && size != other
        {
            let message = format!("the mask is {mask}, {} of {} is {size}", dim_text(operand.ty, axis + at), operand.called());
            return Err(Diagnostic::at(Code::Shape, span, message));
        }
    }
    Ok(())
}

/// The type of a slice. A range slices the coordinate too; positions (`Take`) drop it, an index drops the dimension.
/// K0402 for more entries than dimensions, K0501 for a known index outside, K0507 for a step of 0.
pub fn slice(operand: &Placed, index: &[SliceTy], unknowns: &mut Unknowns) -> Outcome<ArrayTy> {
    let ty = operand.ty;
    let given = index.iter().map(|entry| entry.axes()).sum::<usize>();
    if given > ty.rank() {
        let message = format!("{given} indices for {} of {}", plural(ty.rank(), "dimension"), operand.called());
        return Err(Diagnostic::new(Code::Rank, message).help(format!("it is {ty}")));
    }
    let mut dims = Vec::with_capacity(ty.rank());
    let mut axis = 0;
    for entry in index {
        let Some(dim) = ty.dims.get(axis) else {
            dims.push(Dim::unnamed(1));
            continue;
        };
        match *entry {
            SliceTy::New => {
                dims.push(Dim::unnamed(1));
                continue;
            }
            SliceTy::At(at, span) => check_index(operand, axis, at, span)?,
            SliceTy::Range { step: 0, .. } => return Err(Diagnostic::new(Code::Value, "the step of a range is 0")),
            SliceTy::Range { lo, hi, step } => dims.push(slice_dim(dim, lo, hi, step, unknowns)),
            SliceTy::Take(size) => dims.push(Dim { name: dim.name.clone(), size, coord: None }),
            SliceTy::Mask { over, size } => {
                let name = if over == 1 { dim.name.clone() } else { None };
                dims.push(Dim { name, size: size.unwrap_or_else(|| unknowns.fresh()), coord: None });
            }
        }
        axis += entry.axes();
    }
    dims.extend_from_slice(&ty.dims[axis..]);
    Ok(ArrayTy { dtype: ty.dtype, dims })
}

/// A dimension under a range.
fn slice_dim(dim: &Dim, lo: Bound, hi: Bound, step: i64, unknowns: &mut Unknowns) -> Dim {
    if (lo, hi) == (Bound::Open, Bound::Open) && step.abs() == 1 && (step == 1 || dim.coord.is_none()) {
        return dim.clone();
    }
    let known = |bound| match bound {
        Bound::Open => Some(None),
        Bound::Known(at) => Some(Some(at)),
        Bound::Computed => None,
    };
    match (dim.size, known(lo), known(hi)) {
        (Size::Known(size), Some(lo), Some(hi)) => {
            let (start, count) = range_of(size, lo, hi, step);
            let coord = dim.coord.as_ref().map(|coord| slice_coord(coord, start, step, count));
            Dim { name: dim.name.clone(), size: Size::Known(count), coord }
        }
        _ => Dim { name: dim.name.clone(), size: unknowns.fresh(), coord: None },
    }
}

/// First element and number of elements that `lo..hi by step` takes of an axis, clipped as NumPy's slices are: bounds outside are the
/// nearest end. An open bound is the end that the step starts from or runs to. `step` is not 0. The first element is 0 where none is taken.
pub fn range_of(size: u64, lo: Option<i64>, hi: Option<i64>, step: i64) -> (u64, u64) {
    let size = size.min(i64::MAX as u64) as i64;
    let (first, last) = if step > 0 { (0, size) } else { (-1, size - 1) };
    let lo = lo.map_or(if step > 0 { first } else { last }, |lo| lo.clamp(first, last));
    let hi = hi.map_or(if step > 0 { last } else { first }, |hi| hi.clamp(first, last));
    let span = if step > 0 { hi - lo } else { lo - hi };
    let count = if span <= 0 { 0 } else { (span as u64).div_ceil(step.unsigned_abs()) };
    (if count == 0 { 0 } else { lo as u64 }, count)
}

/// K0501 if an index that is known is outside an axis whose size is known.
fn check_index(operand: &Placed, axis: usize, at: Option<i64>, span: Span) -> Outcome<()> {
    let (Some(at), Size::Known(size)) = (at, operand.ty.dims[axis].size) else { return Ok(()) };
    if at >= 0 && (at as u64) < size {
        return Ok(());
    }
    let message = format!("index {at} is outside {} of size {size} in {}", dim_text(operand.ty, axis), operand.called());
    let error = Diagnostic::at(Code::Bounds, span, message);
    Err(if size == 0 { error.help("it is empty") } else { error.help(format!("indices run from 0 to {}", size - 1)) })
}

/// `1 dimension`, `2 dimensions`.
pub(super) fn plural(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::DType;

    #[test]
    fn ranges_are_clipped_as_numpys() {
        let table = [
            (10, Some(2), Some(5), 1, (2, 3)),
            (10, None, None, 1, (0, 10)),
            (10, Some(0), Some(10), 3, (0, 4)),
            (10, Some(8), Some(99), 1, (8, 2)),
            (10, Some(-5), Some(2), 1, (0, 2)),
            (10, Some(7), Some(3), 1, (0, 0)),
            (10, None, None, -1, (9, 10)),
            (10, Some(7), Some(3), -2, (7, 2)),
            (10, Some(99), Some(-1), -3, (9, 4)),
            (0, None, None, -1, (0, 0)),
            (0, Some(3), Some(5), 1, (0, 0)),
        ];
        for (size, lo, hi, step, want) in table {
            assert_eq!(range_of(size, lo, hi, step), want, "{lo:?}..{hi:?} by {step} of {size}");
        }
    }

    #[test]
    fn slices_have_types() {
        let ty = ArrayTy { dtype: DType::F64, dims: vec![Dim::named("time", 12), Dim::unnamed(4)] };
        let operand = Placed { ty: &ty, text: "x".into(), span: Span::default() };
        let at = |index| SliceTy::At(index, Span::default());
        let range = |lo, hi| SliceTy::Range { lo, hi, step: 1 };
        let table = [
            (vec![at(Some(3))], "f64[4]"),
            (vec![range(Bound::Known(2), Bound::Open)], "f64[time: 10, 4]"),
            (vec![SliceTy::New, at(None), SliceTy::New], "f64[1, 1, 4]"),
            (vec![range(Bound::Open, Bound::Open), SliceTy::Take(Size::Known(2))], "f64[time: 12, 2]"),
            (vec![at(None), at(None), SliceTy::New], "f64[1]"),
            (vec![range(Bound::Computed, Bound::Open)], "f64[time: ?, 4]"),
        ];
        for (index, want) in table {
            assert_eq!(slice(&operand, &index, &mut Unknowns::default()).unwrap().to_string(), want);
        }
        let error = slice(&operand, &[at(Some(12))], &mut Unknowns::default()).unwrap_err();
        assert_eq!((error.code, error.message.as_str()), (Code::Bounds, "index 12 is outside time of size 12 in x"));
        let error = slice(&operand, &[at(None); 3], &mut Unknowns::default()).unwrap_err();
        assert_eq!((error.code, error.message.as_str()), (Code::Rank, "3 indices for 2 dimensions of x"));
    }
}
