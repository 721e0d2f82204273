//! Dimensions as the program names them: lookup by name or position, with the errors that help. Owns no shapes of results.

use crate::array::ArrayTy;
use crate::base::diag::did_you_mean;
use crate::base::{Code, Diagnostic, Name, Outcome, Span};

/// A dimension as the program names it.
#[derive(Clone, Debug, PartialEq)]
pub enum DimRef {
    Name(Name, Span),
    /// Negative counts from the end.
    Position(i64, Span),
}

impl DimRef {
    pub fn span(&self) -> Span {
        match self {
            DimRef::Name(_, span) | DimRef::Position(_, span) => *span,
        }
    }
}

/// The axis that a name or position means; K0403 if there is none.
pub fn find_dim(ty: &ArrayTy, dim: &DimRef) -> Outcome<usize> {
    match dim {
        DimRef::Name(name, span) => ty.find(name).ok_or_else(|| unknown_name(ty, name, *span)),
        DimRef::Position(position, span) => {
            let rank = ty.rank() as i64;
            let axis = if *position < 0 { position + rank } else { *position };
            if (0..rank).contains(&axis) {
                return Ok(axis as usize);
            }
            let error = Diagnostic::at(Code::UnknownDim, *span, format!("no dimension {position} in {ty}"));
            Err(match rank {
                0 => error.help("a scalar has no dimensions"),
                1 => error.help("its only dimension is 0"),
                _ => error.help(format!("its dimensions are 0 to {}; negative positions count from the end", rank - 1)),
            })
        }
    }
}

/// The axes of several dimensions, in the order given; K0403 if one is missing or stands twice.
pub fn find_dims(ty: &ArrayTy, dims: &[DimRef]) -> Outcome<Vec<usize>> {
    let mut axes: Vec<usize> = Vec::with_capacity(dims.len());
    for dim in dims {
        let axis = find_dim(ty, dim)?;
        if axes.contains(&axis) {
            let message = format!("{} stands twice", dim_text(ty, axis));
            return Err(Diagnostic::at(Code::UnknownDim, dim.span(), message));
        }
        axes.push(axis);
    }
    Ok(axes)
}

/// How messages call an axis: `lat`, or `dimension 0` where it has no name.
pub fn dim_text(ty: &ArrayTy, axis: usize) -> String {
    match ty.dims.get(axis).and_then(|dim| dim.name.as_ref()) {
        Some(name) => name.to_string(),
        None => format!("dimension {axis}"),
    }
}

fn unknown_name(ty: &ArrayTy, name: &Name, span: Span) -> Box<Diagnostic> {
    let names: Vec<&str> = ty.dims.iter().filter_map(|dim| dim.name.as_deref()).collect();
    let meant = did_you_mean(name, names.iter().copied()).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    let error = Diagnostic::at(Code::UnknownDim, span, format!("no dimension \"{name}\" in {ty}{meant}"));
    if ty.rank() == 0 {
        error.help("a scalar has no dimensions")
    } else if names.is_empty() {
        error.help("its dimensions have no names: use positions (0 is the first), or name them: `x.named(row, col)`")
    } else {
        error.help(format!("its dimensions are {}", names.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::{DType, Dim};

    fn name(name: &str) -> DimRef {
        DimRef::Name(name.into(), Span::default())
    }
    fn position(at: i64) -> DimRef {
        DimRef::Position(at, Span::default())
    }

    #[test]
    fn finds_by_name_and_position() {
        let ty = ArrayTy { dtype: DType::F32, dims: vec![Dim::named("time", 12), Dim::named("lat", 3)] };
        assert_eq!(find_dims(&ty, &[name("lat"), position(0)]).unwrap(), [1, 0]);
        assert_eq!(find_dim(&ty, &position(-1)).unwrap(), 1);
        let table = [
            (vec![name("tim")], "no dimension \"tim\" in f32[time: 12, lat: 3]; did you mean time?"),
            (vec![position(2)], "no dimension 2 in f32[time: 12, lat: 3]"),
            (vec![position(-3)], "no dimension -3 in f32[time: 12, lat: 3]"),
            (vec![name("lat"), position(1)], "lat stands twice"),
        ];
        for (dims, message) in table {
            let error = find_dims(&ty, &dims).unwrap_err();
            assert_eq!((error.code, error.message.as_str()), (Code::UnknownDim, message));
        }
    }
}
