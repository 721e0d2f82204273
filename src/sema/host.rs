//! Functions of the program that embeds Kiln: their rule of types, how they are called, and their calls in a text. They count as effects:
//! they run where they stand, in order, on arrays in memory.

use super::checker::{Checker, Typed};
use super::hir::ExprKind;
use crate::array::{Array, ArrayTy};
use crate::base::{Code, Diagnostic, Name, Outcome, Span};
use crate::syntax::ast;
use crate::types::Ty;
use std::fmt;
use std::sync::Arc;

/// The type of the result, from the types of the arguments. An error's message says what is wrong with them.
pub type Rule = dyn Fn(&[ArrayTy]) -> Result<ArrayTy, String> + Send + Sync;
/// The result, from the arguments. An error's message says what went wrong.
pub type Body = dyn Fn(&[Array]) -> Result<Array, String> + Send + Sync;

/// A function of the host.
#[derive(Clone)]
pub struct HostFunction {
    pub name: Name,
    pub rule: Arc<Rule>,
    pub body: Arc<Body>,
}

impl fmt::Debug for HostFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl PartialEq for HostFunction {
    fn eq(&self, other: &HostFunction) -> bool {
        Arc::ptr_eq(&self.body, &other.body)
    }
}

impl Checker<'_> {
    /// `name(…)`: arrays and numbers, by position.
    pub fn call_host(&mut self, function: HostFunction, receiver: Option<Typed>, args: &[ast::Arg], at: Span, span: Span) -> Typed {
        let name = function.name.clone();
        self.frame().traits.effect.get_or_insert((format!("`{name}`"), span));
        let mut values: Vec<Typed> = receiver.into_iter().collect();
        for arg in args {
            if let Some(ident) = &arg.name {
                let message = format!("`{name}` takes its arguments by position, it has no parameter `{}`", ident.name);
                return self.fail(Diagnostic::at(Code::UnknownParameter, ident.span, message), span);
            }
            values.push(self.expr(&arg.value));
        }
        let mut types = Vec::with_capacity(values.len());
        for value in &values {
            match value.ty() {
                Ty::Error => return Typed::error(span),
                Ty::Array(ty) => types.push(ty.clone()),
                ty => {
                    let message = format!("`{name}` takes numbers and arrays, found {ty}");
                    return self.fail(Diagnostic::at(Code::Type, value.span(), message), span);
                }
            }
        }
        match (function.rule)(&types) {
            Ok(result) => {
                let args = values.into_iter().map(|value| value.expr).collect();
                Typed::new(ExprKind::Host { function, args }, Ty::Array(result), span)
            }
            Err(message) => self.fail(Diagnostic::at(Code::Type, at, format!("`{name}`: {message}")), span),
        }
    }
}

impl HostFunction {
    /// Calls it. K0507 with its message where it fails, K0999 if it gives another type than its rule says.
    pub fn call(&self, args: &[Array], ty: &ArrayTy, span: Span) -> Outcome<Array> {
        let result = (self.body)(args).map_err(|message| Diagnostic::at(Code::Value, span, format!("`{}`: {message}", self.name)))?;
        let fits =
            |(known, dim): (&crate::array::Dim, &crate::array::Dim)| known.size.known().is_none_or(|size| dim.size.known() == Some(size));
        let found = result.ty();
        if found.dtype != ty.dtype || found.rank() != ty.rank() || !ty.dims.iter().zip(&found.dims).all(fits) {
            let message = format!("`{}` gave {found}, its rule says {ty}", self.name);
            return Err(Diagnostic::at(Code::Internal, span, message).help("the program that registered it has to mend it"));
        }
        Ok(result)
    }
}
