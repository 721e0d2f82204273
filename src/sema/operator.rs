//! Operators: each calls a built-in; texts join with `+`, and what is known of both compares. Owns no arithmetic.

use super::checker::{Checker, Typed};
use super::hir::{ExprKind, TextPart};
use super::known::Known;
use crate::array::Scalar;
use crate::base::{Code, Diagnostic, Span};
use crate::builtins;
use crate::syntax::ast::{self, BinaryOp, UnaryOp};
use crate::types::Ty;

impl Checker<'_> {
    pub fn unary(&mut self, op: UnaryOp, operand: &ast::Expr, span: Span) -> Typed {
        match op {
            UnaryOp::Not => {
                let operand = self.condition(operand, "not");
                if operand.is_error() {
                    return operand;
                }
                self.call_named(builtins::unary_operator(op), vec![operand], Vec::new(), span)
            }
            UnaryOp::Neg => {
                let operand = self.expr(operand);
                if !self.operand("-", &operand) {
                    return Typed::error(span);
                }
                self.call_named(builtins::unary_operator(op), vec![operand], Vec::new(), span)
            }
        }
    }

    pub fn binary(&mut self, op: BinaryOp, left: Typed, right: Typed, op_span: Span, span: Span) -> Typed {
        match (op, left.ty(), right.ty()) {
            (_, Ty::Error, _) | (_, _, Ty::Error) => return Typed::error(span),
            (BinaryOp::Add, Ty::Text, Ty::Text) => return joined(left, right, span),
            (BinaryOp::Eq | BinaryOp::Ne, Ty::Text, Ty::Text) => {
                if let (Some(a), Some(b)) = (left.known.text(), right.known.text()) {
                    return Typed::constant(Scalar::bool((a == b) == (op == BinaryOp::Eq)), span);
                }
                let error =
                    Diagnostic::at(Code::Unsupported, op_span, "texts are compared only where both are known before the program runs");
                return self.fail(error, span);
            }
            (_, Ty::Text, _) | (_, _, Ty::Text) => {
                let message = format!("`{}` does not go with {} and {}", op.symbol(), left.ty(), right.ty());
                let error = Diagnostic::at(Code::Type, op_span, message).label(left.span(), left.ty().to_string());
                let error = error.label(right.span(), right.ty().to_string());
                return self.fail(error.help("put a value into a text: `\"{x}\"`"), span);
            }
            _ => {}
        }
        if !self.operand(op.symbol(), &left) | !self.operand(op.symbol(), &right) {
            return Typed::error(span);
        }
        self.call_at(builtins::operator(op), vec![left, right], op_span, span)
    }

    /// Whether an operand is a number or array; a range counts as one.
    fn operand(&mut self, op: &str, value: &Typed) -> bool {
        match value.ty() {
            Ty::Array(_) | Ty::Range | Ty::Grouped(_) => true,
            Ty::Error => false,
            ty => {
                let message = format!("`{op}` takes numbers and arrays, found {ty}");
                let error = Diagnostic::at(Code::Type, value.span(), message);
                let error = match ty {
                    Ty::Dataset(_) => error.help("name a variable of it: `ds.name`"),
                    Ty::Tuple(_) => error.help("an array is a list in square brackets: `[a, b]`"),
                    Ty::Function(_) => error.help("call the function"),
                    _ => error,
                };
                self.report(error);
                false
            }
        }
    }
}

/// Two texts, one after the other.
fn joined(left: Typed, right: Typed, span: Span) -> Typed {
    let known = match (left.known.text(), right.known.text()) {
        (Some(a), Some(b)) => Known::Text(format!("{a}{b}").into()),
        _ => Known::No,
    };
    let mut parts = Vec::new();
    for side in [left, right] {
        match side.expr.kind {
            ExprKind::Text(inner) => parts.extend(inner),
            _ => parts.push(TextPart::Value { value: side.expr, format: None }),
        }
    }
    Typed::new(ExprKind::Text(parts), Ty::Text, span).knowing(known)
}
