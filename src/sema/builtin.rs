//! Calls of built-ins: arguments to parameters, each read as its parameter asks, and the type that the definition gives. Owns no rule of a
//! particular built-in but those of the effects.

use super::call::arguments;
use super::checker::{Checker, Typed};
use super::expr;
use super::hir::{Argument, CallArgs, ExprKind};
use super::known::Known;
use crate::array::{ArrayTy, DType, Scalar};
use crate::base::{Code, Diagnostic, Name, Outcome, Span};
use crate::builtins::build::{Build, DimRef, Extent, Value};
use crate::builtins::{self, Args, Builtin, Default, Define, Effect, ParamKind};
use crate::syntax::ast;
use crate::types::Ty;
use crate::types::group::GroupedTy;
use std::sync::Arc;

/// An argument before it is read.
enum Source<'e> {
    Ast(&'e ast::Expr),
    Done(Typed),
}

impl Source<'_> {
    fn span(&self) -> Span {
        match self {
            Source::Ast(expr) => expr.span,
            Source::Done(value) => value.span(),
        }
    }
}

/// An argument that has been read: for the typed program and for the definition.
struct Read {
    argument: Argument,
    value: Value,
    /// The value, where it is one.
    typed: Option<Typed>,
    span: Span,
}

/// The arguments of a parameter, and with which names.
type Given<'e> = Vec<(Option<Name>, Source<'e>)>;

impl Checker<'_> {
    pub fn call_builtin(&mut self, builtin: &'static Builtin, receiver: Option<Typed>, args: &[ast::Arg], at: Span, span: Span) -> Typed {
        let mut sources: Vec<(Option<ast::Ident>, Source)> = receiver.map(|value| (None, Source::Done(value))).into_iter().collect();
        sources.extend(args.iter().map(|arg| (arg.name.clone(), Source::Ast(&arg.value))));
        // As in NumPy, a condition alone asks where it is true.
        let positions = || builtins::find("nonzero").filter(|_| builtin.name == "where" && sources.len() == 1);
        let builtin = positions().unwrap_or(builtin);
        let Some(given) = self.sort_arguments(builtin, sources, span) else {
            self.arguments_alone(args);
            return Typed::error(span);
        };
        let before = self.diags.len();
        let value = self.finish(builtin, given, at, span);
        // `max(a, b)` is the maximum of `a` along a dimension; who writes it may mean the larger of two.
        let two = match builtin.name {
            "max" => "the larger of two values is `maximum(a, b)`",
            "min" => "the smaller of two values is `minimum(a, b)`",
            _ => return value,
        };
        for diag in self.diags.iter_mut().skip(before).filter(|diag| diag.code == Code::UnknownDim) {
            diag.help = Some(two.into());
        }
        value
    }

    /// Calls a built-in that the language itself uses, with values for its first parameters and its variadic one.
    pub fn call_named(&mut self, name: &str, values: Vec<Typed>, rest: Vec<Typed>, span: Span) -> Typed {
        let Some(builtin) = builtins::find(name) else {
            return self.fail(Diagnostic::at(Code::Unsupported, span, format!("`{name}` is not built yet")), span);
        };
        let sources = values.into_iter().chain(rest).map(|value| (None, Source::Done(value))).collect();
        match self.sort_arguments(builtin, sources, span) {
            Some(given) => self.finish(builtin, given, span, span),
            None => Typed::error(span),
        }
    }

    /// The same, where errors of the operation stand at a place of their own.
    pub fn call_at(&mut self, name: &str, values: Vec<Typed>, at: Span, span: Span) -> Typed {
        let Some(builtin) = builtins::find(name) else { return self.call_named(name, values, Vec::new(), span) };
        let given = values.into_iter().map(|value| vec![(None, Source::Done(value))]).collect();
        self.finish(builtin, given, at, span)
    }

    /// Arguments by parameter. K0203, K0204.
    fn sort_arguments<'e>(
        &mut self,
        builtin: &'static Builtin,
        sources: Vec<(Option<ast::Ident>, Source<'e>)>,
        span: Span,
    ) -> Option<Vec<Given<'e>>> {
        let params = builtin.params;
        let mut given: Vec<Given> = params.iter().map(|_| Vec::new()).collect();
        let mut next = 0;
        let count = sources.len();
        let mut good = true;
        for (name, source) in sources {
            let anything = params.iter().position(|param| matches!(param.kind, ParamKind::Anything | ParamKind::Names));
            let at = match &name {
                Some(name) => {
                    let at = params.iter().position(|param| *param.name == *name.name).filter(|at| Some(*at) != anything);
                    // A dimension may be called as the array's parameter: `x.sel(x = 3)`.
                    at.filter(|at| anything.is_none() || given[*at].is_empty())
                }
                None => Some(next).filter(|at| *at < params.len()),
            };
            match (at, name) {
                (Some(at), None) => {
                    if !variadic(params[at].kind) {
                        next += 1;
                    }
                    given[at].push((None, source));
                }
                (Some(at), Some(name)) if !given[at].is_empty() => {
                    let message = format!("`{}` of `{}` is given twice", name.name, builtin.name);
                    self.report(Diagnostic::at(Code::UnknownParameter, name.span, message));
                    good = false;
                }
                (Some(at), Some(_)) => given[at].push((None, source)),
                (None, Some(name)) => match anything {
                    Some(at) => given[at].push((Some(name.name), source)),
                    None => {
                        let known: Vec<&str> = params.iter().map(|param| param.name).collect();
                        let error = Diagnostic::at(
                            Code::UnknownParameter,
                            name.span,
                            format!("`{}` has no parameter `{}`", builtin.name, name.name),
                        );
                        self.report(match builtins::renamed::renamed_parameter(&name.name, &known) {
                            Some(ours) => error.help(format!("here this is `{ours}`")),
                            None => expr::near(error, &name.name, &known, "its parameters are"),
                        });
                        good = false;
                    }
                },
                (None, None) => {
                    if good {
                        let message = format!("`{}` takes {}, found {count}", builtin.name, arguments(params.len()));
                        self.report(Diagnostic::at(Code::Arguments, source.span(), message).help(signature(builtin)));
                    }
                    good = false;
                }
            }
        }
        for (param, given) in params.iter().zip(&given) {
            if good && given.is_empty() && param.default == Default::Required {
                let message = format!("`{}` needs `{}`: {}", builtin.name, param.name, builtins::call::kind_text(param.kind));
                self.report(Diagnostic::at(Code::Arguments, span, message).help(signature(builtin)));
                good = false;
            }
        }
        good.then_some(given)
    }

    /// Reads the arguments and finds the type.
    fn finish(&mut self, builtin: &'static Builtin, given: Vec<Given>, at: Span, span: Span) -> Typed {
        if let Define::Effect(effect) = builtin.define {
            return self.effect(builtin, effect, given, span);
        }
        let mut good = true;
        let mut read: Vec<Option<Read>> = Vec::with_capacity(given.len());
        let mut rest: Vec<(Option<Name>, Read)> = Vec::new();
        for (param, sources) in builtin.params.iter().zip(given) {
            let first = read.iter().flatten().chain(rest.iter().map(|(_, read)| read)).find_map(|read| read.typed.clone());
            let mut single = None;
            self.row.push(first.clone());
            match param.kind {
                ParamKind::Arrays | ParamKind::Names | ParamKind::Anything => {
                    for (name, source) in sources {
                        match self.read(param.kind, source, first.as_ref()) {
                            Some(read) => self.spread(param.kind, name, read, &mut rest),
                            None => good = false,
                        }
                    }
                }
                _ if sources.is_empty() => {}
                ParamKind::Shape => single = self.read_shape(sources, &mut good),
                ParamKind::DimList => single = self.read_dims(sources, first.as_ref(), &mut good),
                kind => {
                    for (_, source) in sources {
                        single = self.read(kind, source, first.as_ref());
                        good &= single.is_some();
                    }
                }
            }
            self.row.pop();
            read.push(single);
        }
        if !good {
            return Typed::error(span);
        }
        let weak = self.settle(builtin, &mut read, &mut rest);
        self.build.at(at);
        let mut args = Args { values: Vec::new(), rest: Vec::new(), spans: Vec::new(), span: at };
        let mut out = CallArgs::default();
        for read in read {
            args.spans.push(read.as_ref().map_or(at, |read| read.span));
            let (argument, value) = read.map(|read| (read.argument, read.value)).unzip();
            out.values.push(argument);
            args.values.push(value);
        }
        for (name, read) in rest {
            out.rest.push((name.clone(), read.argument));
            args.rest.push((name, read.value));
        }
        let value = match builtins::apply(builtin, &mut self.build, args) {
            Ok(value) => value,
            Err(error) => return self.fail(error, at),
        };
        let (ty, known) = self.type_of(&value);
        if let Value::Grouped(arrays, _) = &value {
            return grouped(out, arrays.len(), ty, span);
        }
        let handle = if let Value::Array(handle) = value { Some(handle) } else { None };
        let kind = match (weak, &known) {
            (true, Known::Scalar(value)) => ExprKind::Const(*value),
            _ => ExprKind::Call { builtin, args: out },
        };
        let typed = Typed::new(kind, ty, span).knowing(known).weak(weak);
        Typed { handle, ..typed }
    }

    /// Gives weak literals among array arguments the dtype of the others. Whether all were weak.
    fn settle(&mut self, builtin: &Builtin, read: &mut [Option<Read>], rest: &mut [(Option<Name>, Read)]) -> bool {
        let arrays = |kind: ParamKind| matches!(kind, ParamKind::Array | ParamKind::Arrays);
        let mut meeting: Vec<&mut Read> = builtin
            .params
            .iter()
            .zip(read)
            .filter(|(param, _)| arrays(param.kind))
            .filter_map(|(_, read)| read.as_mut())
            .chain(rest.iter_mut().map(|(_, read)| read).filter(|_| builtin.params.iter().any(|param| param.kind == ParamKind::Arrays)))
            .collect();
        let dtype = |read: &Read| read.typed.as_ref().and_then(|typed| typed.ty().as_array()).map(|ty| ty.dtype);
        let weak = |read: &Read| read.typed.as_ref().is_some_and(|typed| typed.weak);
        let strong: Vec<DType> = meeting.iter().filter(|read| !weak(read)).filter_map(|read| dtype(read)).collect();
        let all = !meeting.is_empty() && meeting.iter().all(|read| weak(read));
        if strong.is_empty() {
            return all;
        }
        for read in &mut meeting {
            if weak(read)
                && let Some(typed) = read.typed.take()
                && let Some(typed) = self.adapted(typed, &strong)
            {
                **read = self.array_read(typed);
            }
        }
        false
    }

    fn array_read(&mut self, typed: Typed) -> Read {
        let span = typed.span();
        let value = self.value(&typed);
        Read { argument: Argument::Expr(typed.expr.clone()), value, typed: Some(typed), span }
    }

    /// One argument as its parameter takes it; `first` is the first value before it.
    fn read(&mut self, kind: ParamKind, source: Source, first: Option<&Typed>) -> Option<Read> {
        let span = source.span();
        match kind {
            ParamKind::Dims => {
                let mut good = true;
                let read = self.read_dims(vec![(None, source)], first, &mut good);
                return read.filter(|_| good);
            }
            ParamKind::Names => {
                let mut good = true;
                let read = self.read_dims(vec![(None, source)], None, &mut good);
                return read.filter(|_| good);
            }
            ParamKind::Ints => return self.read_ints(source),
            ParamKind::Type => return self.read_type(source),
            _ => {}
        }
        let typed = match (source, kind) {
            (Source::Done(typed), _) => typed,
            (Source::Ast(ast::Expr { kind: ast::ExprKind::Range { lo, hi, step, inclusive }, span }), ParamKind::Anything) => {
                self.range(lo.as_deref(), hi.as_deref(), step.as_deref(), *inclusive, true, *span)
            }
            (Source::Ast(expr), _) => self.expr(expr),
        };
        if typed.is_error() {
            return None;
        }
        if matches!(typed.ty(), Ty::Unit) {
            self.report(Diagnostic::at(Code::Type, span, "an argument is a value, this gives none"));
            return None;
        }
        let typed = match (kind, typed.ty()) {
            (ParamKind::Array | ParamKind::Apart | ParamKind::Index | ParamKind::Arrays, Ty::Range) => {
                Some(self.range_array(typed)).filter(|array| !array.is_error())?
            }
            _ => typed,
        };
        if kind == ParamKind::Flag {
            let value = match &typed.known {
                Known::Scalar(scalar) => Value::Flag(*scalar),
                Known::Text(text) => Value::Text(text.to_string()),
                _ => {
                    let message = format!("this must be known when the program is checked, and is {}", typed.ty());
                    let error = Diagnostic::at(Code::Type, span, message);
                    self.report(error.help("write the value itself, or a name bound to it"));
                    return None;
                }
            };
            return Some(Read { argument: Argument::Expr(typed.expr), value, typed: None, span });
        }
        Some(self.array_read(typed))
    }

    /// A range as an array of its numbers.
    pub fn range_array(&mut self, range: Typed) -> Typed {
        let span = range.span();
        let range = self.held(range);
        let parts = (0..3).map(|at| expr::field_at(range.clone(), at, span)).collect();
        self.call_named("arange", parts, Vec::new(), span)
    }

    /// What a definition sees of a value.
    fn value(&mut self, typed: &Typed) -> Value {
        match (typed.ty(), &typed.known, &typed.expr.kind) {
            (Ty::Array(_), ..) => self.handle(typed).map_or(Value::Unit, Value::Array),
            (Ty::Grouped(grouped), ..) => {
                let types: Vec<ArrayTy> = std::iter::once(&grouped.array).chain(&grouped.other).cloned().collect();
                let arrays = types.into_iter().map(|ty| self.build.input(ty, None, String::new(), typed.span())).collect();
                Value::Grouped(arrays, Arc::new(grouped.by.clone()))
            }
            (_, Known::Text(text), _) => Value::Text(text.to_string()),
            (Ty::Range, Known::Items(items), ExprKind::Range { lo, hi, .. }) => {
                let end = |this: &mut Self, expr: &super::hir::Expr, known: &Known| match (&expr.ty, known) {
                    (Ty::Unit, _) => None,
                    (_, Known::Text(text)) => Some(Box::new(Value::Text(text.to_string()))),
                    _ => {
                        let bound = Typed { expr: expr.clone(), known: known.clone(), weak: false, handle: None };
                        this.handle(&bound).map(|handle| Box::new(Value::Array(handle)))
                    }
                };
                let (lo, hi) = (end(self, lo, &items[0]), end(self, hi, &items[1]));
                Value::Range { lo, hi, step: items[2].int().unwrap_or(1) }
            }
            (Ty::Range, ..) => {
                let [lo, hi, step] = [0, 1, 2].map(|part| expr::field_at(typed.clone(), part, typed.span()));
                let mut end = |part: &Typed| self.handle(part).map(|handle| Box::new(Value::Array(handle)));
                Value::Range { lo: end(&lo), hi: end(&hi), step: step.known.int().unwrap_or(1) }
            }
            (ty, ..) => Value::Other(ty.clone()),
        }
    }

    /// A tuple of arrays is as good as the arrays.
    fn spread(&mut self, kind: ParamKind, name: Option<Name>, read: Read, rest: &mut Vec<(Option<Name>, Read)>) {
        match &read.typed {
            Some(typed) if kind == ParamKind::Arrays && matches!(typed.ty(), Ty::Tuple(_)) => {
                let Ty::Tuple(items) = typed.ty() else { return };
                for at in 0..items.len() {
                    let item = expr::field_at(typed.clone(), at, typed.span());
                    let item = self.array_read(item);
                    rest.push((None, item));
                }
            }
            _ => rest.push((name, read)),
        }
    }

    /// One integer as it is, or several as sizes are read.
    fn read_ints(&mut self, source: Source) -> Option<Read> {
        let source = match source {
            Source::Ast(expr) if !matches!(expr.kind, ast::ExprKind::Tuple(_) | ast::ExprKind::List(_)) => Source::Done(self.expr(expr)),
            other => other,
        };
        match source {
            Source::Done(typed) if typed.is_error() => None,
            Source::Done(typed) if typed.ty().as_scalar().is_some() => Some(self.array_read(typed)),
            source => {
                let mut good = true;
                let read = self.read_shape(vec![(None, source)], &mut good);
                read.filter(|_| good)
            }
        }
    }

    /// Sizes: integers one after another, one tuple or list of them, or a dtype with its sizes.
    fn read_shape(&mut self, sources: Given, good: &mut bool) -> Option<Read> {
        let span = sources.iter().map(|(_, source)| source.span()).reduce(Span::to)?;
        let mut sizes: Vec<Typed> = Vec::new();
        for (_, source) in sources {
            if let Source::Ast(expr) = &source
                && self.dtype_in(expr).is_some()
            {
                return self.read_type(source).or_else(|| {
                    *good = false;
                    None
                });
            }
            let items: Vec<Typed> = match source {
                Source::Ast(ast::Expr { kind: ast::ExprKind::Tuple(items) | ast::ExprKind::List(items), .. }) => {
                    items.iter().map(|item| self.expr(item)).collect()
                }
                Source::Ast(expr) => vec![self.expr(expr)],
                Source::Done(typed) => vec![typed],
            };
            let mut open: Vec<Typed> = items.into_iter().rev().collect();
            while let Some(item) = open.pop() {
                match (item.ty(), &item.known) {
                    (Ty::Tuple(types), _) => {
                        open.extend((0..types.len()).rev().map(|at| expr::field_at(item.clone(), at, item.span())));
                    }
                    (Ty::Array(ty), Known::Items(known)) if ty.rank() == 1 && ty.dtype.is_int() => {
                        open.extend(known.iter().rev().filter_map(Known::scalar).map(|size| Typed::constant(size, item.span())));
                    }
                    _ => match self.integer(item, "a size") {
                        Some(size) => sizes.push(size),
                        None => *good = false,
                    },
                }
            }
        }
        let extents: Vec<Extent> = sizes.iter().map(|size| self.extent(size)).collect::<Outcome<_>>().unwrap_or_else(|error| {
            self.report(error);
            *good = false;
            Vec::new()
        });
        let tuple = expr::tuple(sizes, span);
        Some(Read { argument: Argument::Expr(tuple.expr), value: Value::Shape(extents), typed: None, span })
    }

    /// A size. -1 stands for what is left, in `reshape`; the definition knows.
    fn extent(&mut self, size: &Typed) -> Outcome<Extent> {
        match size.known.int() {
            Some(known) if known >= 0 => Ok(Extent::Known(known as u64)),
            _ => self.handle(size).map(Extent::Value).ok_or_else(|| Diagnostic::at(Code::Type, size.span(), "a size is an integer")),
        }
    }

    /// A dtype written as an argument: `f64`, or `f64[3, 4]`.
    fn dtype_in(&mut self, expr: &ast::Expr) -> Option<DType> {
        let name = match &expr.kind {
            ast::ExprKind::Name(name) => name,
            ast::ExprKind::Index { base, .. } => match &base.kind {
                ast::ExprKind::Name(name) => name,
                _ => return None,
            },
            _ => return None,
        };
        let dtype = DType::parse(name)?;
        self.frame().scope.bound(name).is_none().then_some(dtype)
    }

    fn read_type(&mut self, source: Source) -> Option<Read> {
        let span = source.span();
        let dtype = if let Source::Ast(expr) = &source { self.dtype_in(expr) } else { None };
        let (Some(dtype), Source::Ast(expr)) = (dtype, &source) else {
            let found = match source {
                Source::Ast(expr) => {
                    let value = self.expr(expr);
                    if value.is_error() {
                        return None;
                    }
                    value.ty().to_string()
                }
                Source::Done(typed) => typed.ty().to_string(),
            };
            let error = Diagnostic::at(Code::Type, span, format!("a dtype stands here, found {found}"));
            self.report(error.help("dtypes are bool, i8 … i64, u8 … u64, f32, f64, c64, c128, datetime and duration"));
            return None;
        };
        let ast::ExprKind::Index { args, .. } = &expr.kind else {
            return Some(Read { argument: Argument::Type { dtype, shape: None }, value: Value::Type(dtype, None), typed: None, span });
        };
        let (mut exprs, mut extents) = (Vec::new(), Vec::new());
        for arg in args {
            let (ast::IndexKind::Expr(size), None) = (&arg.kind, &arg.name) else {
                let error = Diagnostic::at(Code::Type, span, "sizes stand here: `f64[3, 4]`");
                self.report(error.help("name dimensions afterwards: `x.named(row, col)`"));
                return None;
            };
            let size = self.expr(size);
            let size = self.integer(size, "a size")?;
            let extent = self.extent(&size);
            extents.push(self.ok(extent, size.span())?);
            exprs.push(size.expr);
        }
        Some(Read { argument: Argument::Type { dtype, shape: Some(exprs) }, value: Value::Type(dtype, Some(extents)), typed: None, span })
    }

    /// Dimensions: names as they stand, positions that are known.
    fn read_dims(&mut self, sources: Given, first: Option<&Typed>, good: &mut bool) -> Option<Read> {
        let span = sources.iter().map(|(_, source)| source.span()).reduce(Span::to)?;
        let mut dims = Vec::new();
        for (_, source) in sources {
            match source {
                Source::Ast(ast::Expr { kind: ast::ExprKind::Tuple(items) | ast::ExprKind::List(items), .. }) => {
                    items.iter().for_each(|item| self.read_dim(item, first, &mut dims, good));
                }
                Source::Ast(expr) => self.read_dim(expr, first, &mut dims, good),
                Source::Done(typed) => self.dim_value(typed, &mut dims, good),
            }
        }
        Some(Read { argument: Argument::Dims(dims.clone()), value: Value::Dims(dims), typed: None, span })
    }

    fn read_dim(&mut self, expr: &ast::Expr, first: Option<&Typed>, dims: &mut Vec<DimRef>, good: &mut bool) {
        if let ast::ExprKind::Name(name) = &expr.kind {
            // A variable that holds a position is one where the array has no dimension of its name.
            let array = first.and_then(|first| first.ty().as_array());
            let holds = |slot: &super::scope::Slot| !matches!(slot.known, Known::No | Known::Array(_));
            let variable = array.is_some_and(|ty| ty.find(name).is_none()) && self.frame().scope.bound(name).is_some_and(holds);
            if !variable {
                return dims.push(DimRef::Name(name.clone(), expr.span));
            }
        }
        let value = self.expr(expr);
        self.dim_value(value, dims, good);
    }

    fn dim_value(&mut self, value: Typed, dims: &mut Vec<DimRef>, good: &mut bool) {
        let span = value.span();
        match &value.known {
            Known::Scalar(scalar) if scalar.dtype.is_int() => dims.push(DimRef::Position(value.known.int().unwrap_or(i64::MAX), span)),
            Known::Text(text) => dims.push(DimRef::Name(Name::new(text), span)),
            Known::Items(items) if items.iter().all(|item| item.int().is_some()) => {
                dims.extend(items.iter().filter_map(Known::int).map(|at| DimRef::Position(at, span)));
            }
            _ => {
                *good = false;
                if !value.is_error() {
                    let error =
                        Diagnostic::at(Code::UnknownDim, span, format!("a dimension is a name or a position, found {}", value.ty()));
                    self.report(error.help("the position must be known when the program is checked"));
                }
            }
        }
    }

    /// The type of what a definition gave, and what is known of it.
    fn type_of(&mut self, value: &Value) -> (Ty, Known) {
        match value {
            Value::Array(a) => {
                let known = match (self.build.known(*a), self.build.known_values(*a)) {
                    (Some(scalar), _) => Known::Scalar(scalar),
                    (None, values) => values.map_or(Known::No, Known::Array),
                };
                (Ty::Array(self.build.ty(*a)), known)
            }
            Value::Grouped(arrays, by) => {
                let mut types = arrays.iter().map(|a| self.build.ty(*a));
                let array = types.next().unwrap_or(ArrayTy::scalar(DType::F64));
                (Ty::Grouped(Arc::new(GroupedTy { array, other: types.next(), by: (**by).clone() })), Known::No)
            }
            Value::Shape(extents) => {
                let known = extents.iter().map(|extent| match extent {
                    Extent::Known(size) => Known::Scalar(Scalar::i64(*size as i64)),
                    Extent::Value(a) => self.build.known(*a).into(),
                });
                (Ty::Tuple(vec![Ty::scalar(DType::I64); extents.len()]), Known::items(known.collect()))
            }
            Value::Tuple(items) => {
                let (types, known) = items.iter().map(|item| self.type_of(item)).unzip();
                (Ty::Tuple(types), Known::items(known))
            }
            Value::Record(fields) => {
                let (types, known): (Vec<_>, Vec<_>) = fields
                    .iter()
                    .map(|(name, field)| {
                        let (ty, known) = self.type_of(field);
                        ((name.clone(), ty), known)
                    })
                    .unzip();
                (Ty::Record(types), Known::items(known))
            }
            Value::Flag(scalar) => (Ty::scalar(scalar.dtype), Known::Scalar(*scalar)),
            Value::Text(text) => (Ty::Text, Known::Text(text.as_str().into())),
            Value::Range { .. } => (Ty::Range, Known::No),
            Value::Other(ty) => (ty.clone(), Known::No),
            Value::Dims(_) | Value::Type(..) | Value::Unit => (Ty::Unit, Known::No),
        }
    }

    /// What is done where it stands: `print` and its like.
    fn effect(&mut self, builtin: &'static Builtin, effect: Effect, given: Vec<Given>, span: Span) -> Typed {
        if effect != Effect::Error {
            self.frame().traits.effect.get_or_insert((format!("`{}`", builtin.name), span));
        }
        let mut args = CallArgs::default();
        let mut typed = Vec::new();
        let mut good = true;
        for (param, sources) in builtin.params.iter().zip(given) {
            let mut single = None;
            if param.kind == ParamKind::Dims {
                args.values.push(self.read_dims(sources, None, &mut good).map(|read| read.argument));
                continue;
            }
            for (name, source) in sources {
                let value = match source {
                    Source::Ast(expr) => self.expr(expr),
                    Source::Done(value) => value,
                };
                let at = value.span();
                let wrong = match (param.kind, value.ty()) {
                    (_, Ty::Error) => None,
                    (ParamKind::Text, ty) if !matches!(ty, Ty::Text) => {
                        Some(format!("`{}` of `{}` is a text, found {ty}", param.name, builtin.name))
                    }
                    (_, Ty::Unit) => Some(format!("`{}` takes a value, this gives none", builtin.name)),
                    (_, Ty::Grouped(_)) if effect != Effect::Print => {
                        Some(format!("a grouped array is reduced first (`x.groupby(…).mean()`), found {}", value.ty()))
                    }
                    (_, Ty::Module(_)) => Some(format!("`{}` takes a value, found {}", builtin.name, value.ty())),
                    _ => None,
                };
                good &= !value.is_error() && wrong.is_none();
                if let Some(message) = wrong {
                    self.report(Diagnostic::at(Code::Type, at, message));
                }
                let argument = Argument::Expr(value.expr.clone());
                match param.kind {
                    ParamKind::Anything | ParamKind::Arrays => args.rest.push((name, argument)),
                    _ => single = Some(argument),
                }
                typed.push(value);
            }
            args.values.push(single);
        }
        if effect == Effect::Error {
            self.frame().scope.live = false;
        }
        if !good {
            return Typed::error(span);
        }
        let one = matches!(effect, Effect::Compute | Effect::Time | Effect::Explain);
        if one && typed.is_empty() {
            let error = Diagnostic::at(Code::Arguments, span, format!("`{}` takes a value, found none", builtin.name));
            return self.fail(error.help(signature(builtin)), span);
        }
        if one && typed.len() > 1 {
            // Several values are one: a tuple.
            let value = super::expr::tuple(typed, span);
            args.rest = vec![(None, Argument::Expr(value.expr.clone()))];
            typed = vec![value];
        }
        let (ty, known) = match (effect, typed.first()) {
            (Effect::Open, _) => return self.open(typed, span),
            (Effect::Compute, Some(value)) => (value.ty().clone(), value.known.clone()),
            (Effect::Time, _) => (Ty::scalar(DType::F64), Known::No),
            (Effect::Exists, _) => (Ty::scalar(DType::Bool), Known::No),
            _ => (Ty::Unit, Known::No),
        };
        Typed::new(ExprKind::Call { builtin, args }, ty, span).knowing(known)
    }
}

/// A grouped value: the array itself, with its weights where it has some; how it is parted is in the type.
fn grouped(args: CallArgs, arrays: usize, ty: Ty, span: Span) -> Typed {
    let mut exprs = args.values.into_iter().flatten().filter_map(|arg| if let Argument::Expr(expr) = arg { Some(expr) } else { None });
    let kind = match (arrays, exprs.next(), exprs.next()) {
        (1, Some(array), _) => array.kind,
        (_, Some(array), Some(other)) => ExprKind::Tuple(vec![array, other]),
        _ => ExprKind::Unit,
    };
    Typed::new(kind, ty, span)
}

fn variadic(kind: ParamKind) -> bool {
    matches!(kind, ParamKind::Arrays | ParamKind::Shape | ParamKind::DimList | ParamKind::Names | ParamKind::Anything)
}

/// How a built-in is called, for help.
fn signature(builtin: &Builtin) -> String {
    let param = |param: &builtins::Param| match (variadic(param.kind), param.default) {
        (true, _) => format!("{}…", param.name),
        (false, Default::Required) => param.name.to_string(),
        (false, Default::Absent) => format!("{} = …", param.name),
        (false, Default::Int(value)) => format!("{} = {value}", param.name),
        (false, Default::Float(value)) => format!("{} = {value:?}", param.name),
        (false, Default::Bool(value)) => format!("{} = {value}", param.name),
        (false, Default::Text(value)) => format!("{} = {value:?}", param.name),
    };
    format!("call it as `{}({})`", builtin.name, builtin.params.iter().map(param).collect::<Vec<_>>().join(", "))
}
