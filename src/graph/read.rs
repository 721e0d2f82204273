//! Variables of files as nodes: the read of the stored elements, then their CF decoding as ordinary arithmetic, so that it fuses.

use super::builder::GraphBuild;
use super::ir::{Op, Variable};
use crate::array::{ArrayTy, DType, Scalar};
use crate::base::Outcome;
use crate::builtins::build::{A, Build};
use crate::io::OpenFile;
use crate::ops::ScalarOp;
use std::sync::Arc;

/// The decoded values of a variable (its position in the file's metadata). Times must be read as coordinates are: they are not built here.
pub fn variable(b: &mut GraphBuild, file: &OpenFile, at: usize) -> Outcome<A> {
    let ty = file.ty(at)?;
    let info = &file.info.variables[at];
    let decode = file.decode(at);
    let source = Variable {
        path: Arc::from(file.info.path.to_string_lossy().as_ref()),
        variable: Arc::from(info.path.as_str()),
        stored: decode.stored,
        shape: info.shape(),
        chunks: info.chunks.clone(),
    };
    let rank = source.shape.len();
    let stored = ArrayTy { dtype: decode.stored, dims: ty.dims };
    let raw = b.add(Op::Read { variable: source, start: vec![0; rank], step: vec![1; rank] }, &[], stored);
    let mut missing: Option<A> = None;
    for fill in decode.fill.iter().filter(|fill| !fill.as_f64().is_nan()) {
        let fill = b.constant(*fill);
        let here = b.map(ScalarOp::Eq, &[raw, fill])?;
        missing = Some(match missing {
            Some(before) => b.map(ScalarOp::Or, &[before, here])?,
            None => here,
        });
    }
    let mut value = b.cast(raw, decode.target)?;
    for (op, number) in [(ScalarOp::Mul, decode.scale), (ScalarOp::Add, decode.offset)] {
        if let Some(number) = number {
            let number = b.constant(Scalar::float(decode.target, number, 0.0));
            value = b.map(op, &[value, number])?;
        }
    }
    match missing {
        Some(missing) if decode.target.is_float() || decode.target == DType::C128 => {
            let nan = b.constant(Scalar::float(decode.target, f64::NAN, 0.0));
            b.map(ScalarOp::Select, &[missing, nan, value])
        }
        _ => Ok(value),
    }
}
