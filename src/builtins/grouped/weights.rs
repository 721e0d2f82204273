//! Weighted reductions, over the definitions of the unweighted ones.

use super::super::build::{A, Build, Value};
use super::super::parts::{cast, elementwise, number};
use super::super::{Args, Builtin, apply, find};
use super::{plain, unfit};
use crate::array::DType;
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;
use crate::types::group::Parting;
use std::sync::Arc;

pub fn weighted(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let (x, weights) = (args.array(0)?, args.array(1)?);
    let (ty, own) = (b.ty(x), b.ty(weights));
    if let Some(dim) = own.dims.iter().find(|dim| dim.name.as_ref().is_some_and(|name| ty.find(name).is_none())) {
        return Err(Diagnostic::at(Code::UnknownDim, args.span_of(1), format!("the weights have a dimension that {ty} has not: {dim}")));
    }
    // They meet, or this says why not.
    elementwise(b, Op::Mul, &[x, weights])?;
    Ok(Value::Grouped(vec![x, weights], Arc::new(Parting::Weights)))
}

/// A weighted reduction. Elements that are missing take their weights with them in the reductions that skip them.
pub fn reduce(builtin: &Builtin, b: &mut dyn Build, args: &Args, arrays: &[A]) -> Outcome<Value> {
    let [x, weights] = arrays else { return Err(unfit(builtin)) };
    let axes = super::super::axes::axes(b, args, 1, *x)?;
    let (kind, skip) = builtin.name.strip_prefix("nan").map_or((builtin.name, false), |kind| (kind, true));
    let own = b.ty(*x).dtype;
    let wide = if own.is_complex() { DType::C128 } else { DType::F64 };
    let (x, weights) = (cast(b, *x, wide)?, cast(b, *weights, DType::F64)?);
    // The weights at each element; at those that are skipped none.
    let (here, zero) = (elementwise(b, Op::Eq, &[x, x])?, number(b, DType::F64, 0.0));
    let weights = elementwise(b, Op::Select, &[here, weights, if skip { zero } else { weights }])?;
    let total = |b: &mut dyn Build, a: A, name: &str| -> Outcome<A> {
        let sum = find(name).ok_or_else(|| Diagnostic::new(Code::Internal, "no sum"))?;
        match apply(sum, b, plain(args, a, axes.clone()))? {
            Value::Array(a) => Ok(a),
            _ => Err(Diagnostic::new(Code::Internal, "a sum that is no array")),
        }
    };
    let sum = if skip { "nansum" } else { "sum" };
    let mean = |b: &mut dyn Build, a: A| -> Outcome<A> {
        let product = elementwise(b, Op::Mul, &[a, weights])?;
        let (above, below) = (total(b, product, sum)?, total(b, weights, "sum")?);
        elementwise(b, Op::Div, &[above, below])
    };
    let value = match kind {
        "sum" => {
            let product = elementwise(b, Op::Mul, &[x, weights])?;
            total(b, product, sum)?
        }
        "mean" => mean(b, x)?,
        "var" | "std" => {
            let middle = mean(b, x)?;
            let middle = super::super::axes::keep_dims(b, x, &axes, middle)?;
            let away = elementwise(b, Op::Sub, &[x, middle])?;
            let square = elementwise(b, Op::Mul, &[away, away])?;
            let spread = mean(b, square)?;
            if kind == "std" { elementwise(b, Op::Sqrt, &[spread])? } else { spread }
        }
        _ => {
            let message = format!("`{}` has no weighted form", builtin.name);
            return Err(Diagnostic::new(Code::Type, message).help("there are sum, mean, var, std and those that skip NaN"));
        }
    };
    let value = if own.is_float() || own.is_complex() { cast(b, value, own)? } else { value };
    Ok(Value::Array(value))
}
