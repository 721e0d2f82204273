//! Annotations: what is written after `:` or `->` is checked against the value, converts it where nothing is lost, and names dimensions.

use super::checker::{Checker, Typed};
use super::expr::near;
use super::hir::{Argument, CallArgs, Expr, ExprKind};
use crate::array::{ArrayTy, DType, Dim, Size};
use crate::base::{Code, Diagnostic, Name, Span};
use crate::builtins;
use crate::syntax::ast::{self, DimExpr, TypeExpr};
use crate::types::dims::{DimRef, dim_text};
use crate::types::{Ty, promote};
use rustc_hash::FxHashMap;

/// Sizes with names in the annotations of one binding or one call: `f64[n, n]`.
#[derive(Clone, Default)]
pub struct Sizes {
    named: FxHashMap<Name, Size>,
    /// Of parameters: a name is a size of the call, not a variable of the caller.
    call: bool,
}

impl Sizes {
    pub fn of_parameters() -> Sizes {
        Sizes { named: FxHashMap::default(), call: true }
    }

    /// Notes the sizes that an annotation gives names, of an argument that has been checked against it.
    pub fn note(&mut self, annotation: &TypeExpr, ty: &ArrayTy) {
        self.call = true;
        let dims = annotation.dims.iter().flatten();
        for (dim, own) in dims.zip(&ty.dims) {
            let name = match dim {
                DimExpr::Rest(_) => return,
                DimExpr::Named { size: Some(ast::Expr { kind: ast::ExprKind::Name(name), .. }), .. } => name,
                DimExpr::Named { name, size: None } => &name.name,
                _ => continue,
            };
            self.named.insert(name.clone(), own.size);
        }
    }
}

impl Checker<'_> {
    /// A value as its annotation says. `what` is what is annotated.
    pub fn annotated(&mut self, value: Typed, ty: &TypeExpr, sizes: &mut Sizes, what: &Name) -> Typed {
        let span = value.span();
        if value.is_error() {
            return value;
        }
        if ty.base.name == "str" && ty.dims.is_none() {
            return match value.ty() {
                Ty::Text => value,
                _ => self.not_annotated(&value, ty, what, None),
            };
        }
        let Some(value) = self.with_dtype(value, ty, what) else { return Typed::error(span) };
        let Some(array) = value.ty().as_array().cloned() else { return Typed::error(span) };
        match &ty.dims {
            None if array.rank() == 0 => value,
            None => self.not_annotated(&value, ty, what, Some(format!("for an array write `{}[..]`", ty.base.name))),
            Some(dims) => self.with_dims(value, &array, ty, dims, sizes, what),
        }
    }

    /// The elements of an array in the dtype of a scalar annotation.
    pub fn elements(&mut self, value: Typed, ty: &TypeExpr, what: &Name) -> Typed {
        let span = value.span();
        self.with_dtype(value, ty, what).unwrap_or_else(|| Typed::error(span))
    }

    /// An array in the annotation's dtype. Numbers convert where the dtype holds them all.
    fn with_dtype(&mut self, value: Typed, ty: &TypeExpr, what: &Name) -> Option<Typed> {
        let Some(dtype) = DType::parse(&ty.base.name) else {
            let names: Vec<&str> = DType::ALL.iter().map(|dtype| dtype.name()).chain(["str"]).collect();
            let error = Diagnostic::at(Code::UnknownName, ty.base.span, format!("no type is named `{}`", ty.base.name));
            self.report(near(error, &ty.base.name, &names, "types are"));
            return None;
        };
        let value = if value.weak { self.adapted(value, &[dtype])? } else { value };
        let found = match value.ty() {
            Ty::Array(array) => array.dtype,
            _ => {
                self.not_annotated(&value, ty, what, None);
                return None;
            }
        };
        if found == dtype || (promote::promote(found, dtype) == Some(dtype) && found != DType::Bool) {
            return Some(self.cast(value, dtype));
        }
        self.not_annotated(&value, ty, what, Some(format!("convert it: `.as({dtype})`")));
        None
    }

    fn not_annotated(&mut self, value: &Typed, ty: &TypeExpr, what: &Name, help: Option<String>) -> Typed {
        let message = format!("`{what}` is annotated as {}, the value is {}", shown(ty), value.ty());
        let error = Diagnostic::at(Code::Annotation, value.span(), message).says(value.ty().to_string());
        let error = error.label(ty.span, "the annotation");
        let error = match help {
            Some(help) => error.help(help),
            None => error,
        };
        self.fail(error, value.span())
    }

    fn with_dims(&mut self, value: Typed, array: &ArrayTy, ty: &TypeExpr, dims: &[DimExpr], sizes: &mut Sizes, what: &Name) -> Typed {
        let rest = dims.iter().position(|dim| matches!(dim, DimExpr::Rest(_)));
        let fits = match rest {
            Some(_) => array.rank() + 1 >= dims.len(),
            None => array.rank() == dims.len(),
        };
        if !fits {
            return self.not_annotated(&value, ty, what, Some(format!("it has {} dimensions", array.rank())));
        }
        let skipped = array.rank() + 1 - dims.len().min(array.rank() + 1);
        let mut names = array.dims.clone();
        let mut good = true;
        let repeated = |name: &Name| {
            dims.iter().filter(|dim| matches!(dim, DimExpr::Named { name: other, size: None } if other.name == *name)).count() > 1
        };
        for (at, dim) in dims.iter().enumerate() {
            let axis = match rest {
                Some(rest) if at == rest => continue,
                Some(rest) if at > rest => at + skipped - 1,
                _ => at,
            };
            let own = &array.dims[axis];
            good &= match dim {
                DimExpr::Any(_) | DimExpr::Rest(_) => true,
                DimExpr::Size(size) => self.size_fits(size, array, axis, sizes, value.span()),
                DimExpr::Named { name, size: None } if repeated(&name.name) => {
                    self.size_named(&name.name, array, axis, sizes, (name.span, value.span()))
                }
                DimExpr::Named { name, size } => {
                    let size_fits = match size {
                        Some(size) => self.size_fits(size, array, axis, sizes, value.span()),
                        None => self.size_named(&name.name, array, axis, sizes, (name.span, value.span())),
                    };
                    match &own.name {
                        Some(own) if *own != name.name => {
                            let message = format!("dimension {axis} is named {own}, the annotation says {}", name.name);
                            let error =
                                Diagnostic::at(Code::Annotation, value.span(), message).says(array.to_string()).label(name.span, "");
                            self.report(error.help("reorder with `transpose`, or give other names with `named`"));
                            false
                        }
                        _ => {
                            names[axis].name = Some(name.name.clone());
                            size_fits
                        }
                    }
                }
            };
        }
        if !good {
            return Typed::error(value.span());
        }
        if names == array.dims { value } else { self.renamed(value, array, names, ty.span) }
    }

    /// A size as written against the array's.
    fn size_fits(&mut self, size: &ast::Expr, array: &ArrayTy, axis: usize, sizes: &mut Sizes, span: Span) -> bool {
        if let ast::ExprKind::Name(name) = &size.kind
            && (sizes.call || self.frame().scope.bound(name).is_none())
        {
            return self.size_named(name, array, axis, sizes, (size.span, span));
        }
        if sizes.call && !matches!(size.kind, ast::ExprKind::Number { .. }) {
            let error = Diagnostic::at(Code::Unsupported, size.span, "a size in a function's annotations is a number or a name");
            self.report(error.help("check other sizes in the function: `assert x.shape[0] == 2 * n`"));
            return false;
        }
        let value = self.expr(size);
        let Some(value) = self.integer(value, "a size") else { return false };
        match (value.known.int(), array.dims[axis].size) {
            (Some(wanted), Size::Known(found)) if wanted != found as i64 => {
                let message = format!("{} is of size {found}, the annotation says {wanted}", dim_text(array, axis));
                let error = Diagnostic::at(Code::Annotation, span, message).says(array.to_string()).label(size.span, "");
                self.report(error);
                false
            }
            _ => true,
        }
    }

    /// A size that has a name: equal wherever the name stands.
    fn size_named(&mut self, name: &Name, array: &ArrayTy, axis: usize, sizes: &mut Sizes, (at, span): (Span, Span)) -> bool {
        let found = array.dims[axis].size;
        match (sizes.named.get(name).copied(), found) {
            (Some(Size::Known(before)), Size::Known(now)) if before != now => {
                let message = format!("{name} is {before} and {now} at once");
                let error = Diagnostic::at(Code::Annotation, span, message).says(array.to_string());
                self.report(error.label(at, format!("{name} is {now} here")));
                false
            }
            (Some(Size::Known(_)), _) => true,
            _ => {
                sizes.named.insert(name.clone(), found);
                true
            }
        }
    }

    /// The array with names for its dimensions.
    fn renamed(&mut self, value: Typed, array: &ArrayTy, dims: Vec<Dim>, at: Span) -> Typed {
        let span = value.span();
        for (axis, dim) in dims.iter().enumerate() {
            if let Some(name) = &dim.name
                && dims[..axis].iter().any(|before| before.name.as_ref() == Some(name))
            {
                let error = Diagnostic::at(Code::Annotation, at, format!("two dimensions named {name}"));
                return self.fail(error, span);
            }
        }
        let Some(builtin) = builtins::find("named") else { return value };
        let name = |dim: &Dim| DimRef::Name(dim.name.clone().unwrap_or_else(|| Name::new("_")), at);
        let names = dims.iter().map(name).collect();
        let args = CallArgs { values: vec![Some(Argument::Expr(value.expr)), Some(Argument::Dims(names))], rest: Vec::new() };
        let ty = Ty::Array(ArrayTy { dtype: array.dtype, dims });
        Typed { expr: Expr { kind: ExprKind::Call { builtin, args }, ty, known: None, span }, ..value }
    }
}

/// A type as it was written; sizes that are computed are left out.
fn shown(ty: &TypeExpr) -> String {
    let Some(dims) = &ty.dims else { return ty.base.name.to_string() };
    let size = |size: &ast::Expr| match &size.kind {
        ast::ExprKind::Number { value, .. } => value.as_int().map(|size| size.to_string()),
        ast::ExprKind::Name(name) => Some(name.to_string()),
        _ => None,
    };
    let size = |expr: &ast::Expr| size(expr).unwrap_or_else(|| "…".into());
    let dim = |dim: &DimExpr| match dim {
        DimExpr::Any(_) => "_".to_string(),
        DimExpr::Rest(_) => "..".to_string(),
        DimExpr::Size(expr) => size(expr),
        DimExpr::Named { name, size: None } => name.name.to_string(),
        DimExpr::Named { name, size: Some(expr) } => format!("{}: {}", name.name, size(expr)),
    };
    format!("{}[{}]", ty.base.name, dims.iter().map(dim).collect::<Vec<_>>().join(", "))
}
