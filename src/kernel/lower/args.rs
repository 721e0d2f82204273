//! Arguments of a built-in: from the typed program to what its definition takes. The same for every implementer of `Build`.

use super::walk::call_exprs;
use crate::array::Scalar;
use crate::base::{Code, Diagnostic, Outcome, Span};
use crate::builtins::build::{Extent, Value};
use crate::builtins::{Args, Builtin, ParamKind};
use crate::sema::hir::{Argument, CallArgs, Expr, ExprKind, TextPart};

/// Arguments for `builtins::apply`. `eval` gives the values of these expressions, which stand in order of evaluation.
pub fn arguments(builtin: &Builtin, args: &CallArgs, span: Span, eval: &mut dyn FnMut(&[&Expr]) -> Outcome<Vec<Value>>) -> Outcome<Args> {
    let exprs: Vec<&Expr> = call_exprs(args);
    let wanted: Vec<&Expr> = exprs.iter().copied().filter(|expr| literal(builtin, args, expr).is_none()).collect();
    let mut values = eval(&wanted)?.into_iter();
    let mut value = |expr: &Expr| match literal(builtin, args, expr) {
        Some(value) => Ok(value),
        None => values.next().ok_or_else(|| Diagnostic::at(Code::Internal, expr.span, "an argument has no value")),
    };
    let kind = |at: usize| builtin.params.get(at).map_or(ParamKind::Anything, |param| param.kind);
    let mut spans = Vec::with_capacity(args.values.len());
    let mut given = Vec::with_capacity(args.values.len());
    for (at, argument) in args.values.iter().enumerate() {
        spans.push(match argument {
            Some(Argument::Expr(expr)) => expr.span,
            _ => span,
        });
        given.push(argument.as_ref().map(|argument| one(kind(at), argument, &mut value)).transpose()?);
    }
    let several = |kind: &ParamKind| matches!(kind, ParamKind::Arrays | ParamKind::Names | ParamKind::Anything);
    let variadic = builtin.params.iter().map(|param| param.kind).find(several).unwrap_or(ParamKind::Anything);
    let mut rest = Vec::with_capacity(args.rest.len());
    for (name, argument) in &args.rest {
        rest.push((name.clone(), one(variadic, argument, &mut value)?));
    }
    Ok(Args { values: given, rest, spans, span })
}

/// What needs no evaluation: a flag that is known, a text.
fn literal(builtin: &Builtin, args: &CallArgs, expr: &Expr) -> Option<Value> {
    let place = args.values.iter().position(|argument| matches!(argument, Some(Argument::Expr(given)) if std::ptr::eq(given, expr)))?;
    let kind = builtin.params.get(place)?.kind;
    match (kind, &expr.kind, expr.known) {
        (ParamKind::Flag, _, Some(known)) => Some(Value::Flag(known)),
        (ParamKind::Flag | ParamKind::Text, ExprKind::Text(parts), _) => text(parts).map(Value::Text),
        (ParamKind::Function, ..) => Some(Value::Other(expr.ty.clone())),
        _ => None,
    }
}

/// A text without values in it.
fn text(parts: &[TextPart]) -> Option<String> {
    parts
        .iter()
        .map(|part| match part {
            TextPart::Literal(text) => Some(text.as_str()),
            TextPart::Value { .. } => None,
        })
        .collect()
}

fn one(kind: ParamKind, argument: &Argument, value: &mut dyn FnMut(&Expr) -> Outcome<Value>) -> Outcome<Value> {
    match argument {
        Argument::Expr(expr) if kind == ParamKind::Shape => {
            let known = expr.known;
            let value = value(expr)?;
            extents(&value, known).map(Value::Shape).ok_or_else(|| Diagnostic::at(Code::Type, expr.span, "sizes are integers"))
        }
        Argument::Expr(expr) if kind == ParamKind::Ints => {
            let value = value(expr)?;
            if let Value::Array(_) = value { Ok(value) } else { Ok(extents(&value, None).map_or(value, Value::Shape)) }
        }
        Argument::Expr(expr) => value(expr),
        Argument::Dims(dims) => Ok(Value::Dims(dims.clone())),
        Argument::Type { dtype, shape: None } => Ok(Value::Type(*dtype, None)),
        Argument::Type { dtype, shape: Some(shape) } => {
            let mut sizes = Vec::with_capacity(shape.len());
            for expr in shape {
                let size = value(expr)?;
                sizes.extend(extents(&size, expr.known).unwrap_or_default());
            }
            Ok(Value::Type(*dtype, Some(sizes)))
        }
    }
}

/// The sizes that an integer, or a tuple of them, is.
fn extents(value: &Value, known: Option<Scalar>) -> Option<Vec<Extent>> {
    match (value, known.and_then(Scalar::as_int).and_then(|size| u64::try_from(size).ok())) {
        (Value::Array(_), Some(size)) => Some(vec![Extent::Known(size)]),
        (Value::Array(a), None) => Some(vec![Extent::Value(*a)]),
        (Value::Shape(shape), _) => Some(shape.clone()),
        (Value::Tuple(items), _) => {
            let sizes: Option<Vec<Vec<Extent>>> = items.iter().map(|item| extents(item, None)).collect();
            Some(sizes?.concat())
        }
        _ => None,
    }
}
