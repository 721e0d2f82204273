//! Types of the operations that change shapes: reductions, transposition, reshaping, joining, products. Owns no broadcasting between
//! operands (see `broadcast`) and no slices (see `slice`).

use super::coord::{concat_coords, equal_coords};
use super::dims::dim_text;
use super::signature::op_text;
use super::slice::plural;
use super::{Placed, ReduceOp, Unknowns};
use crate::array::{ArrayTy, DType, Dim, Size};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp;

/// The type of a reduction: its axes are removed; a position is `i64`, anything else keeps its dtype. K0302 where the operation is not
/// defined for the dtype.
pub fn reduce(ty: &ArrayTy, op: ReduceOp, axes: &[usize]) -> Outcome<ArrayTy> {
    let dtype = match op {
        ReduceOp::Fold(op) => result(op, ty.dtype)?,
        ReduceOp::Arg { .. } => result(ScalarOp::Minimum, ty.dtype).map(|_| DType::I64)?,
        ReduceOp::Deviations { .. } if ty.dtype.is_float() => ty.dtype,
        ReduceOp::Deviations { .. } => {
            return Err(Diagnostic::new(Code::Dtype, format!("deviations are of floats, not of {}", ty.dtype)).help("convert: `x.as(f64)`"));
        }
    };
    let dims = ty.dims.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, dim)| dim.clone()).collect();
    Ok(ArrayTy { dtype, dims })
}

/// The type of a running fold along an axis, which is the operand's.
pub fn scan(ty: &ArrayTy, op: ScalarOp, axis: usize) -> Outcome<ArrayTy> {
    if axis >= ty.rank() {
        return Err(Diagnostic::new(Code::Rank, format!("no dimension {axis} in {ty}")));
    }
    Ok(ty.with_dtype(result(op, ty.dtype)?))
}

fn result(op: ScalarOp, dtype: DType) -> Outcome<DType> {
    op.result(dtype).ok_or_else(|| Diagnostic::new(Code::Dtype, format!("`{}` is not defined for {dtype}", op_text(op))))
}

/// Result axis k is axis `order[k]`; `order` holds every axis once, else K0402.
pub fn transpose(ty: &ArrayTy, order: &[usize]) -> Outcome<ArrayTy> {
    let mut seen = vec![false; ty.rank()];
    let fits = order.iter().all(|axis| seen.get_mut(*axis).is_some_and(|seen| !std::mem::replace(seen, true)));
    if !fits || order.len() != ty.rank() {
        let message = format!("{} given to order the {} of {ty}", plural(order.len(), "dimension"), plural(ty.rank(), "dimension"));
        return Err(Diagnostic::new(Code::Rank, message).help("name every dimension once"));
    }
    Ok(ArrayTy { dtype: ty.dtype, dims: order.iter().map(|axis| ty.dims[*axis].clone()).collect() })
}

/// The same elements row-major in another shape, without names; K0401 where the numbers of elements are known and differ.
pub fn reshape(ty: &ArrayTy, shape: &[Size]) -> Outcome<ArrayTy> {
    let result = ArrayTy { dtype: ty.dtype, dims: shape.iter().map(|size| Dim::sized(*size)).collect() };
    match (ty.count(), result.count()) {
        (Some(has), Some(needs)) if has != needs => {
            let sizes: Vec<String> = shape.iter().map(Size::to_string).collect();
            let message = format!("{ty} has {}, the shape ({}) takes {needs}", plural(has as usize, "element"), sizes.join(", "));
            Err(Diagnostic::new(Code::Shape, message).help("one size may be -1: it becomes what is left"))
        }
        _ => Ok(result),
    }
}

/// The type with other dimensions, whose sizes are the same: K0402 and K0401 if not.
pub fn rename(ty: &ArrayTy, dims: Vec<Dim>) -> Outcome<ArrayTy> {
    if dims.len() != ty.rank() {
        let message = format!("{} for {ty}, which has {}", plural(dims.len(), "name"), ty.rank());
        return Err(Diagnostic::new(Code::Rank, message));
    }
    for (axis, (old, new)) in ty.dims.iter().zip(&dims).enumerate() {
        if let (Some(a), Some(b)) = (old.size.known(), new.size.known())
            && a != b
        {
            return Err(Diagnostic::new(Code::Shape, format!("{} is {a}, not {b}", dim_text(ty, axis))));
        }
        if let Some(name) = &new.name
            && dims[..axis].iter().any(|before| before.name.as_ref() == Some(name))
        {
            return Err(
                Diagnostic::new(Code::UnknownDim, format!("two dimensions named {name}")).help("every dimension has a name of its own")
            );
        }
    }
    Ok(ArrayTy { dtype: ty.dtype, dims })
}

/// An axis of size 1 repeats, new axes come first: as NumPy's `broadcast_to`. Names and coordinates stay with the axes they are of.
pub fn broadcast_to(ty: &ArrayTy, shape: &[Size]) -> Outcome<ArrayTy> {
    let fail = || {
        let sizes: Vec<String> = shape.iter().map(Size::to_string).collect();
        let message = format!("{ty} does not broadcast to ({})", sizes.join(", "));
        Diagnostic::new(Code::Shape, message).help("sizes are compared from the last dimension; a size of 1 repeats")
    };
    let lead = shape.len().checked_sub(ty.rank()).ok_or_else(fail)?;
    let mut dims: Vec<Dim> = shape[..lead].iter().map(|size| Dim::sized(*size)).collect();
    for (dim, size) in ty.dims.iter().zip(&shape[lead..]) {
        match (dim.size.known(), size.known()) {
            (Some(1), _) if *size != Size::Known(1) => dims.push(Dim { name: dim.name.clone(), size: *size, coord: None }),
            (Some(a), Some(b)) if a != b => return Err(fail()),
            _ => dims.push(Dim { size: if size.known().is_some() { *size } else { dim.size }, ..dim.clone() }),
        }
    }
    Ok(ArrayTy { dtype: ty.dtype, dims })
}

/// One after another along an axis: ranks and names are equal (K0402, K0404), other sizes too (K0401) and their coordinates (K0405).
/// All have one dtype already. The axis' coordinate is there if every part has one.
pub fn concat(parts: &[Placed], axis: usize, unknowns: &mut Unknowns) -> Outcome<ArrayTy> {
    let Some((first, rest)) = parts.split_first() else {
        return Err(Diagnostic::new(Code::Arguments, "no arrays to join"));
    };
    if axis >= first.ty.rank() {
        return Err(
            Diagnostic::new(Code::Rank, format!("no dimension {axis} in {} to join along", first.ty)).help("`stack` joins along a new one")
        );
    }
    let mut dims = first.ty.dims.clone();
    for part in rest {
        if part.ty.rank() != first.ty.rank() {
            let message =
                format!("arrays of {} and {} are joined", plural(first.ty.rank(), "dimension"), plural(part.ty.rank(), "dimension"));
            return Err(Diagnostic::at(Code::Rank, part.span, message).says(part.ty.to_string()).label(first.span, first.ty.to_string()));
        }
        for (at, (dim, other)) in dims.iter_mut().zip(&part.ty.dims).enumerate() {
            let name = dim_text(first.ty, at);
            if dim.name != other.name {
                let message = format!("{name} of {} is {} in {}", first.ty, dim_text(part.ty, at), part.ty);
                return Err(Diagnostic::at(Code::NamedUnnamed, part.span, message)
                    .label(first.span, "")
                    .help("name both alike: `x.named(row, col)`"));
            }
            if at == axis {
                dim.size = match (dim.size, other.size) {
                    (Size::Known(a), Size::Known(b)) => Size::Known(a.saturating_add(b)),
                    _ => unknowns.fresh(),
                };
                continue;
            }
            match (dim.size.known(), other.size.known()) {
                (Some(a), Some(b)) if a != b => {
                    let message = format!("{name} is {a} in {} and {b} in {}", first.called(), part.called());
                    let error = Diagnostic::at(Code::Shape, part.span, message).says(part.ty.to_string());
                    return Err(error
                        .label(first.span, first.ty.to_string())
                        .help("all dimensions but the one joined along have one size"));
                }
                (None, Some(_)) => dim.size = other.size,
                _ => {}
            }
            if let (Some(a), Some(b)) = (&dim.coord, &other.coord)
                && !equal_coords(a, b)
            {
                return Err(Diagnostic::at(Code::Coordinates, part.span, format!("the coordinates of {name} differ")).label(first.span, ""));
            }
        }
    }
    dims[axis].coord = concat_coords(&parts.iter().map(|part| &part.ty.dims[axis]).collect::<Vec<_>>());
    Ok(ArrayTy { dtype: first.ty.dtype, dims })
}

/// The rule of `@`: the last dimension of `a` is summed with the first of `b`; both have at least one (K0402). Their sizes are equal
/// (K0401), and so are their names and coordinates where both have them. A name that the result would have twice goes with `a`.
pub fn matmul(a: &Placed, b: &Placed) -> Outcome<ArrayTy> {
    let (Some((last, left)), Some((first, right))) = (a.ty.dims.split_last(), b.ty.dims.split_first()) else {
        let scalar = if a.ty.rank() == 0 { a } else { b };
        let error = Diagnostic::at(Code::Rank, scalar.span, "`@` sums dimensions, a scalar has none");
        return Err(error.says(scalar.ty.to_string()).help("a product with a scalar is `*`"));
    };
    let both = |code, message: String| Diagnostic::at(code, b.span, message).says(b.ty.to_string()).label(a.span, a.ty.to_string());
    if let (Some(x), Some(y)) = (&last.name, &first.name)
        && x != y
    {
        let error = both(Code::Shape, format!("`@` sums the last dimension of the left, {x}, with the first of the right, {y}"));
        return Err(error.help(format!("reorder with `transpose`, or give {y} the name {x}: `.named({x}, …)`")));
    }
    match (last.size.known(), first.size.known()) {
        (Some(x), Some(y)) if x != y => {
            let error = both(
                Code::Shape,
                format!("`@` sums the last dimension of the left, of size {x}, with the first of the right, of size {y}"),
            );
            return Err(error.help("they have one size; `x.T` swaps the dimensions of a matrix"));
        }
        _ => {}
    }
    if let (Some(x), Some(y)) = (&last.coord, &first.coord)
        && !equal_coords(x, y)
    {
        return Err(both(Code::Coordinates, format!("the coordinates of {} differ", dim_text(a.ty, left.len()))));
    }
    let mut dims = left.to_vec();
    for dim in right {
        let twice = dim.name.is_some() && dims.iter().any(|before| before.name == dim.name);
        dims.push(if twice { Dim::sized(dim.size) } else { dim.clone() });
    }
    Ok(ArrayTy { dtype: a.ty.dtype, dims })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;

    fn array(dims: &[(&str, u64)]) -> ArrayTy {
        let dims = dims.iter().map(|(name, size)| if name.is_empty() { Dim::unnamed(*size) } else { Dim::named(*name, *size) });
        ArrayTy { dtype: DType::F32, dims: dims.collect() }
    }
    fn placed(ty: &ArrayTy) -> Placed<'_> {
        Placed { ty, text: "x".into(), span: Span::default() }
    }

    #[test]
    fn shapes_follow() {
        let x = array(&[("time", 12), ("lat", 3)]);
        assert_eq!(reduce(&x, ReduceOp::Arg { largest: true, skip_nan: false }, &[0]).unwrap().to_string(), "i64[lat: 3]");
        assert_eq!(transpose(&x, &[1, 0]).unwrap().to_string(), "f32[lat: 3, time: 12]");
        assert_eq!(transpose(&x, &[1, 1]).unwrap_err().code, Code::Rank);
        assert_eq!(reshape(&x, &[Size::Known(36)]).unwrap().to_string(), "f32[36]");
        assert_eq!(
            reshape(&x, &[Size::Known(5), Size::Known(7)]).unwrap_err().message,
            "f32[time: 12, lat: 3] has 36 elements, the shape (5, 7) takes 35"
        );
        assert_eq!(broadcast_to(&array(&[("lat", 1)]), &[Size::Known(2), Size::Known(3)]).unwrap().to_string(), "f32[2, lat: 3]");
        assert_eq!(broadcast_to(&x, &[Size::Known(3)]).unwrap_err().code, Code::Shape);
        assert_eq!(rename(&x, vec![Dim::unnamed(12), Dim::unnamed(4)]).unwrap_err().code, Code::Shape);
        assert_eq!(rename(&x, vec![Dim::named("a", 12), Dim::named("a", 3)]).unwrap_err().message, "two dimensions named a");
    }

    #[test]
    fn products() {
        type Shape = &'static [(&'static str, u64)];
        let table: &[(Shape, Shape, Result<&str, Code>)] = &[
            (&[("", 3)], &[("", 3)], Ok("f32")),
            (&[("", 2), ("", 3)], &[("", 3), ("", 4)], Ok("f32[2, 4]")),
            (&[("", 2), ("", 3)], &[("", 3)], Ok("f32[2]")),
            (&[("", 2), ("", 3)], &[("", 3), ("", 4), ("", 5)], Ok("f32[2, 4, 5]")),
            (&[("row", 2), ("col", 3)], &[("col", 3), ("row", 2)], Ok("f32[row: 2, 2]")),
            (&[("row", 2), ("col", 3)], &[("row", 2), ("col", 3)], Err(Code::Shape)),
            (&[("", 2), ("", 3)], &[("", 2), ("", 3)], Err(Code::Shape)),
            (&[("", 2)], &[], Err(Code::Rank)),
        ];
        for (a, b, want) in table {
            let (a, b) = (array(a), array(b));
            let got = matmul(&placed(&a), &placed(&b)).map(|ty| ty.to_string()).map_err(|error| error.code);
            assert_eq!(got.as_deref().map_err(|code| *code), *want, "{a} @ {b}");
        }
    }

    #[test]
    fn joins() {
        let (a, b, c) = (array(&[("time", 12), ("lat", 3)]), array(&[("time", 4), ("lat", 3)]), array(&[("", 12), ("", 3)]));
        let mut unknowns = Unknowns::default();
        assert_eq!(concat(&[placed(&a), placed(&b)], 0, &mut unknowns).unwrap().to_string(), "f32[time: 16, lat: 3]");
        assert_eq!(concat(&[placed(&a), placed(&b)], 1, &mut unknowns).unwrap_err().code, Code::Shape);
        assert_eq!(concat(&[placed(&a), placed(&c)], 0, &mut unknowns).unwrap_err().code, Code::NamedUnnamed);
        assert_eq!(concat(&[placed(&a), placed(&array(&[("", 3)]))], 0, &mut unknowns).unwrap_err().code, Code::Rank);
    }
}
