//! `each` over dimensions and ranges: an array from a body that gives the element at each index. It is loops that assign the elements, in a
//! function of its own that captures what the body mentions: so it becomes part of the plan where its loops are maps over whole arrays, and
//! is compiled otherwise. An element may be an array itself, whose dimensions follow. Owns what a variable runs over, and what an index outside an array means. `each` over values is K0901.

use super::checker::{Checker, Typed};
use super::expr::field_at;
use super::hir::{Block, Expr, ExprKind, Index, LocalId, Stmt, StmtKind};
use super::names;
use super::parted;
use super::scope::State;
use super::world::Def;
use crate::array::{ArrayTy, DType, Dim, Scalar, Size};
use crate::base::diag::did_you_mean;
use crate::base::{Code, Diagnostic, Name, Span};
use crate::builtins;
use crate::syntax::ast::{self, BinaryOp};
use crate::types::coord::{equal_coords, slice_coord};
use crate::types::dims::dim_text;
use crate::types::edge::Edge;
use crate::types::{Ty, promote};

/// The name of the functions that `each` makes; no function of a program has it.
pub const EACH: &str = "each";

/// An `each` whose body is being checked.
pub struct Each {
    axes: Vec<Axis>,
    edge: Option<Edge>,
    /// What is outside under `Edge::Constant`; 0 if it is not given.
    fill: Option<Typed>,
}

/// A variable of `each`.
struct Axis {
    ident: ast::Ident,
    local: LocalId,
    /// Absent for one that runs over the dimension that it indexes first.
    range: Option<Range>,
    /// The dimension that it indexes first, with the size of it.
    along: Option<(Dim, Typed)>,
}

#[derive(Clone)]
struct Range {
    lo: Typed,
    step: i64,
    count: Typed,
}

/// An index of a variable with a constant added: which, and the constant where it is known.
type Shifted = (usize, Option<i64>);

impl Checker<'_> {
    pub fn each(&mut self, expr: &ast::Expr, over: &[ast::EachVar], options: &[(ast::Ident, ast::Expr)], body: &ast::Block) -> Typed {
        let span = expr.span;
        if self.frame().owner.as_ref().is_some_and(|owner| owner.def.name == *EACH && owner.def.span == span) {
            return self.each_inside(span, over, options, body);
        }
        let assigned = names::assigned(&body.stmts);
        let stmt = ast::Stmt { kind: ast::StmtKind::Expr { value: expr.clone(), silent: false }, span };
        let large = self.parted(over, body);
        let before: Vec<_> =
            large.iter().filter_map(|(name, _)| Some((name.clone(), self.frame().scope.vars.get(name)?.clone()))).collect();
        let dim = self.part(&large);
        let function = self.closure(span, span, |module| Def {
            name: Name::new(EACH),
            params: Vec::new(),
            result: None,
            assigned,
            body: ast::Block { stmts: vec![stmt], span },
            doc: None,
            module,
            closure: true,
            span,
        });
        let value = self.call_value(function, None, &[], span);
        self.frame().scope.vars.extend(before);
        match dim {
            Some(dim) if !value.is_error() => parted::whole(value, &dim),
            _ => value,
        }
    }

    /// The body of the function: loops that assign the elements.
    fn each_inside(&mut self, span: Span, over: &[ast::EachVar], options: &[(ast::Ident, ast::Expr)], body: &ast::Block) -> Typed {
        self.frame().traits.repeats.get_or_insert(span);
        self.frame().traits.stores.get_or_insert(span);
        let dataset = self.frame().scope.vars.iter().find_map(|(name, state)| match state {
            State::Bound(slot) if matches!(slot.ty, Ty::Dataset(_)) => Some(name.clone()),
            _ => None,
        });
        if let Some(name) = dataset {
            let error = Diagnostic::at(Code::NotInKernel, span, format!("`{name}` is a dataset, and `each` takes arrays"));
            return self.fail(error.help(format!("name its variable before: `u = {name}.u`")), span);
        }
        let Some((edge, fill)) = self.edge_options(options) else { return Typed::error(span) };
        let Some(ranges) = self.each_ranges(over, span) else { return Typed::error(span) };
        let assigned = names::assigned(&body.stmts);
        let mut axes = Vec::with_capacity(over.len());
        for (at, (var, range)) in over.iter().zip(ranges).enumerate() {
            let name = &var.ident.name;
            if over[..at].iter().any(|before| before.ident.name == *name) || assigned.contains(name) {
                let message = format!("`{name}` is bound twice");
                return self.fail(Diagnostic::at(Code::Syntax, var.ident.span, message).help("a variable of `each` keeps its value"), span);
            }
            axes.push((var.ident.clone(), range));
        }
        let outside = assigned.iter().find(|name| self.frame().scope.vars.contains_key(*name)).cloned();
        if let Some(name) = outside {
            let message = format!("`{name}` is a variable outside of this `each`");
            return self.fail(Diagnostic::at(Code::AssignOutside, body.span, message).help("use another name inside"), span);
        }
        let large = self.parted(over, body);
        self.frame().parted = large;
        let axes = axes.into_iter().map(|(ident, range)| {
            self.frame().scope.vars.remove(&ident.name);
            let value = Typed::new(ExprKind::Unit, Ty::scalar(DType::I64), ident.span);
            let local = self.bind(&ident.name, &value, ident.span);
            // The number may have no use.
            self.frame().bound.pop();
            Axis { ident, local, range, along: None }
        });
        let axes = axes.collect();
        self.frame().each = Some(Each { axes, edge, fill });
        let before = self.diags.len();
        let checked = self.block(body, true);
        let Some(each) = self.frame().each.take() else { return Typed::error(span) };
        if let Some((what, effect)) = self.frame().traits.effect.clone() {
            let error = Diagnostic::at(Code::NotInKernel, effect, format!("{what} cannot stand in `each`: its elements come in any order"));
            return self.fail(error.help("print or save the array that `each` gives"), span);
        }
        if self.diags.iter().skip(before).any(Diagnostic::is_error) {
            return Typed::error(span);
        }
        let value = checked.value;
        let elements: Option<Vec<ArrayTy>> = match value.ty() {
            Ty::Error => return Typed::error(span),
            Ty::Tuple(items) => items.iter().map(|item| item.as_array().cloned()).collect(),
            ty => ty.as_array().map(|ty| vec![ty.clone()]),
        };
        let Some(elements) = elements else {
            let message = format!("the body of `each` gives a number or an array for each index, this is {}", value.ty());
            let code = if matches!(value.ty(), Ty::Unit) { Code::Type } else { Code::Unsupported };
            return self.fail(Diagnostic::at(code, value.span(), message).help("the last expression of the body is the element"), span);
        };
        if let Some(element) = elements.iter().find(|element| element.shape().is_none()) {
            let message = format!("the body of `each` gives an array whose size is not known when the program is checked, {element}");
            let error = Diagnostic::at(Code::Unsupported, value.span(), message);
            return self.fail(error.help("give it a size that is known: of a parameter, of a range of numbers"), span);
        }
        self.each_loops(each, checked.stmts, value, &elements, span)
    }

    /// `edge = nearest`, `fill = 0`.
    fn edge_options(&mut self, options: &[(ast::Ident, ast::Expr)]) -> Option<(Option<Edge>, Option<Typed>)> {
        let (mut edge, mut fill) = (None, None);
        for (name, value) in options {
            match (name.name.as_str(), &value.kind) {
                ("edge", ast::ExprKind::Name(kind)) if *kind == "error" => edge = None,
                ("edge", ast::ExprKind::Name(kind)) if Edge::named(kind).is_some() => edge = Edge::named(kind),
                ("edge", kind) => {
                    let found = if let ast::ExprKind::Name(name) = kind { format!(", found `{name}`") } else { String::new() };
                    let known: Vec<&str> = std::iter::once("error").chain(Edge::ALL.iter().map(|(name, _)| *name)).collect();
                    let message = format!("`edge` is one of {}{found}", known.join(", "));
                    let error = Diagnostic::at(Code::UnknownParameter, value.span, message);
                    let near = if let ast::ExprKind::Name(name) = kind { did_you_mean(name, known) } else { None };
                    self.report(match near {
                        Some(near) => error.help(format!("did you mean `{near}`?")),
                        None => error,
                    });
                    return None;
                }
                ("fill", _) => {
                    let value = self.expr(value);
                    if value.is_error() {
                        return None;
                    }
                    if value.ty().as_scalar().is_none() {
                        self.report(Diagnostic::at(Code::Type, value.span(), format!("`fill` is a number, found {}", value.ty())));
                        return None;
                    }
                    let weak = value.weak;
                    fill = Some(self.held(value).weak(weak));
                }
                _ => {
                    let message = format!("`each` has no option `{}`", name.name);
                    self.report(Diagnostic::at(Code::UnknownParameter, name.span, message).help("its options are `edge` and `fill`"));
                    return None;
                }
            }
        }
        match (edge, &fill) {
            (Some(Edge::Constant), Some(_)) | (_, None) => Some((edge, fill)),
            (_, Some(fill)) => {
                let error = Diagnostic::at(Code::UnknownParameter, fill.span(), "`fill` goes with `edge = constant`");
                self.report(error);
                None
            }
        }
    }

    /// What the variables run over, where that is written.
    fn each_ranges(&mut self, over: &[ast::EachVar], span: Span) -> Option<Vec<Option<Range>>> {
        if over.is_empty() {
            let error = Diagnostic::at(Code::Syntax, span, "`each` runs over nothing");
            self.report(error.help("name dimensions or ranges: `each(y, x) { … }`, `each(i in 0..n) { … }`"));
            return None;
        }
        let mut ranges = Vec::with_capacity(over.len());
        for var in over {
            ranges.push(match &var.iter {
                None => None,
                Some(iter) => {
                    let iter = self.expr(iter);
                    Some(self.each_range(iter)?)
                }
            });
        }
        Some(ranges)
    }

    fn each_range(&mut self, iter: Typed) -> Option<Range> {
        let span = iter.span();
        match iter.ty() {
            Ty::Range => {}
            Ty::Error => return None,
            Ty::Array(ty) if ty.rank() == 0 && ty.dtype.is_int() => {
                self.report(
                    Diagnostic::at(Code::Type, span, format!("`each` runs over a range, found {ty}")).help("to count, write `0..n`"),
                );
                return None;
            }
            ty => {
                let error = Diagnostic::at(Code::Unsupported, span, format!("`each` over values, here of {ty}, is not built yet"));
                self.report(error.help("run over their positions: `each(i in 0..n) { f(values[i]) }`"));
                return None;
            }
        }
        let iter = self.held(iter);
        let [lo, hi, step] = [0, 1, 2].map(|part| field_at(iter.clone(), part, span));
        let Some(step) = step.known.int() else {
            self.report(Diagnostic::at(Code::Type, span, "the step of a range of `each` must be known when the program is checked"));
            return None;
        };
        let constant = |value: i64| Typed::constant(Scalar::i64(value), span);
        let count = match (lo.known.int(), hi.known.int()) {
            (Some(lo), Some(hi)) => {
                // As many as the range has: the distance divided by the step, rounded up.
                let (way, by) = if step > 0 { (hi.saturating_sub(lo), step) } else { (lo.saturating_sub(hi), step.saturating_neg()) };
                constant(if way <= 0 { 0 } else { (way - 1) / by + 1 })
            }
            _ => {
                let back = self.binary(BinaryOp::Sub, lo.clone(), hi, span, span);
                let back = self.binary(BinaryOp::FloorDiv, back, constant(step), span, span);
                let count = self.binary(BinaryOp::Sub, constant(0), back, span, span);
                let count = self.call_named("maximum", vec![count, constant(0)], Vec::new(), span);
                self.held(count)
            }
        };
        let lo = self.held(lo);
        (!lo.is_error() && !count.is_error()).then_some(Range { lo, step, count })
    }

    /// Sees an element that the body of an `each` reads, and says what it is where its indices may be outside.
    pub fn each_element(&mut self, base: &Typed, index: &[Index], ty: &ArrayTy, span: Span) -> Option<Typed> {
        let mut each = self.frame().each.take()?;
        let element = self.element_of_each(&mut each, base, index, ty, span);
        self.frame().each = Some(each);
        element
    }

    fn element_of_each(&mut self, each: &mut Each, base: &Typed, index: &[Index], ty: &ArrayTy, span: Span) -> Option<Typed> {
        let array = base.ty().as_array()?.clone();
        let entries = index.iter().filter(|entry| !matches!(entry, Index::New));
        let certain = self.frame().guarded == 0 && self.frame().loops.is_empty();
        for (axis, entry) in entries.enumerate() {
            let Index::At(at) = entry else { continue };
            let Some((var, offset)) = each.shifted(at) else { continue };
            self.note_dimension(each, var, base, &array, axis, at.span);
            if let (None, Some(offset), true) = (each.edge, offset, certain) {
                self.check_offset(&each.axes[var], offset, base, &array, axis, at.span);
            }
        }
        let edge = each.edge?;
        let at = index.iter().map(|entry| if let Index::At(at) = entry { Some(at.clone()) } else { None });
        let at: Vec<Expr> = at.collect::<Option<_>>()?;
        if at.len() != array.rank() || at.is_empty() {
            return None;
        }
        let fill = match &each.fill {
            Some(fill) => Some(self.filling(fill.clone(), array.dtype)?),
            None => (edge == Edge::Constant).then(|| Typed::constant(Scalar { dtype: array.dtype, bits: 0 }, span)),
        };
        let fill = fill.map(|fill| Box::new(fill.expr));
        let kind = ExprKind::Edged { base: Box::new(base.expr.clone()), index: at, edge, fill };
        Some(Typed::new(kind, Ty::Array(ty.clone()), span))
    }

    /// `fill` in the dtype of an array.
    fn filling(&mut self, fill: Typed, dtype: DType) -> Option<Typed> {
        let fill = if fill.weak { self.adapted(fill, &[dtype])? } else { fill };
        let own = fill.ty().as_scalar()?;
        if promote::promote(own, dtype) != Some(dtype) {
            let error = Diagnostic::at(Code::Dtype, fill.span(), format!("`fill` is {own}, and elements of {dtype} are read"));
            self.report(error.help(format!("convert one: `x.as({own})`, `fill = x.as({dtype})`")));
            return None;
        }
        Some(self.cast(fill, dtype))
    }

    /// A variable indexes an axis: the first one is what it runs over where nothing else is said.
    fn note_dimension(&mut self, each: &mut Each, var: usize, base: &Typed, array: &ArrayTy, axis: usize, span: Span) {
        let Axis { ident, range, along, .. } = &mut each.axes[var];
        let dim = &array.dims[axis];
        if let (Some(_), Some(own)) = (&dim.name, array.find(&ident.name))
            && own != axis
        {
            let message = format!("`{}` indexes {} of {array}, which has a dimension {}", ident.name, dim_text(array, axis), ident.name);
            self.report(Diagnostic::at(Code::UnknownDim, span, message).help("index by name, or put the indices in the array's order"));
        }
        match along {
            None => {
                let size = match dim.size {
                    Size::Known(size) => Typed::constant(Scalar::i64(size as i64), span),
                    Size::Unknown(_) => {
                        let shape = self.call_named("shape", vec![base.clone()], Vec::new(), span);
                        field_at(shape, axis, span)
                    }
                };
                *along = Some((dim.clone(), size));
            }
            Some((first, _)) if range.is_none() => {
                if let (Size::Known(a), Size::Known(b)) = (first.size, dim.size)
                    && a != b
                {
                    let message = format!("`{}` runs over {a} indices, and {} of {array} has {b}", ident.name, dim_text(array, axis));
                    self.report(Diagnostic::at(Code::Shape, span, message).help(format!(
                        "say which: `each({} in 0..{})`",
                        ident.name,
                        a.min(b)
                    )));
                } else if let (Some(a), Some(b)) = (&first.coord, &dim.coord)
                    && !equal_coords(a, b)
                {
                    let message = format!("`{}` runs over arrays whose coordinates differ", ident.name);
                    self.report(Diagnostic::at(Code::Coordinates, span, message).help("`align(a, b)` keeps the points that both have"));
                }
            }
            Some(_) => {}
        }
    }

    /// K0501 for an index that is outside at some point, whatever the data.
    fn check_offset(&mut self, var: &Axis, offset: i64, base: &Typed, array: &ArrayTy, axis: usize, span: Span) {
        let Some(size) = array.dims[axis].size.known().map(|size| size as i64) else { return };
        let Some((first, last)) = var.ends() else { return };
        let outside = [first, last].into_iter().map(|at| at.saturating_add(offset)).find(|at| *at < 0 || *at >= size);
        let (Some(outside), false) = (outside, var.is_empty()) else { return };
        let called = match base.expr.kind {
            ExprKind::Local(local) => self.frame().locals[local.0 as usize].name.to_string(),
            _ => array.to_string(),
        };
        let message = format!("index {outside} is outside {} of size {size} in {called}", dim_text(array, axis));
        let error = Diagnostic::at(Code::Bounds, span, message).says(format!(
            "`{}` runs from {} to {}",
            var.ident.name,
            first.min(last),
            first.max(last)
        ));
        let name = &var.ident.name;
        self.report(
            error.help(format!("say what is beyond the ends, `each(…, edge = nearest)`, or run over less: `each({name} in 1..n - 1)`")),
        );
    }

    /// The loops, and the array that they fill.
    fn each_loops(&mut self, each: Each, mut inner: Vec<Stmt>, value: Typed, elements: &[ArrayTy], span: Span) -> Typed {
        let mut dims = Vec::with_capacity(each.axes.len());
        let mut counts = Vec::with_capacity(each.axes.len());
        for axis in &each.axes {
            let count = match (&axis.range, &axis.along) {
                (Some(range), _) => range.count.clone(),
                (None, Some((_, size))) => size.clone(),
                // An array with an error may be what it indexes.
                (None, None) if self.frame().scope.vars.values().any(|state| matches!(state, State::Bound(slot) if slot.ty.is_error())) => {
                    return Typed::error(span);
                }
                (None, None) => {
                    let name = &axis.ident.name;
                    let error =
                        Diagnostic::at(Code::UnknownDim, axis.ident.span, format!("`{name}` indexes no array, so it runs over nothing"));
                    return self.fail(error.help(format!("give it a range: `each({name} in 0..n)`")), span);
                }
            };
            let Some(dim) = self.each_dim(axis, &count) else { return Typed::error(span) };
            dims.push(dim);
            counts.push(self.held(count));
        }
        let mut results = Vec::with_capacity(elements.len());
        for element in elements {
            let sizes = element.shape().unwrap_or_default();
            let sizes = sizes.into_iter().map(|size| Typed::constant(Scalar::i64(size as i64), span));
            let zeros = self.call_named("zeros", counts.iter().cloned().chain(sizes).collect(), Vec::new(), span);
            let zeros = self.cast(zeros, element.dtype);
            if zeros.is_error() {
                return zeros;
            }
            let local = self.frame().local(Name::new("_"), zeros.ty().clone(), span);
            self.emit(StmtKind::Bind { local, value: zeros.expr }, span);
            results.push(local);
        }
        let counters: Vec<LocalId> = each.axes.iter().map(|_| self.frame().local(Name::new("_"), Ty::scalar(DType::I64), span)).collect();
        let counter = |local: &LocalId| Typed::new(ExprKind::Local(*local), Ty::scalar(DType::I64), span);
        let index: Vec<Index> = counters.iter().map(|local| Index::At(counter(local).expr)).collect();
        let store = |at: usize, value: Expr| {
            let whole = elements[at].dims.iter().map(|_| Index::All);
            let index = index.iter().cloned().chain(whole).collect();
            Stmt { kind: StmtKind::Store { local: results[at], index, value }, span }
        };
        // A dimension of the elements that is called as one of the indices is loses its name.
        let own = |dim: &Dim| {
            if dims.iter().any(|index| index.name.is_some() && index.name == dim.name) { Dim::sized(dim.size) } else { dim.clone() }
        };
        let ty = |element: &ArrayTy| {
            Ty::Array(ArrayTy { dtype: element.dtype, dims: dims.iter().cloned().chain(element.dims.iter().map(own)).collect() })
        };
        let array = |(local, element): (&LocalId, &ArrayTy)| Typed::new(ExprKind::Local(*local), ty(element), span);
        let arrays: Vec<Typed> = results.iter().zip(elements).map(array).collect();
        let result = match value.ty() {
            Ty::Tuple(_) => {
                let local = self.frame().local(Name::new("_"), value.ty().clone(), span);
                let element = Typed::new(ExprKind::Local(local), value.ty().clone(), span);
                inner.push(Stmt { kind: StmtKind::Bind { local, value: value.expr }, span });
                inner.extend((0..results.len()).map(|at| store(at, field_at(element.clone(), at, span).expr)));
                super::expr::tuple(arrays, span)
            }
            _ => {
                inner.push(store(0, value.expr));
                arrays.into_iter().next().unwrap_or_else(|| Typed::error(span))
            }
        };
        for ((axis, local), count) in each.axes.iter().zip(&counters).zip(counts).rev() {
            let (_, at) = self.apart(|this| match &axis.range {
                None => counter(local),
                Some(Range { lo, step, .. }) => {
                    let by = Typed::constant(Scalar::i64(*step), span);
                    let way = if *step == 1 { counter(local) } else { this.binary(BinaryOp::Mul, counter(local), by, span, span) };
                    if lo.known.int() == Some(0) { way } else { this.binary(BinaryOp::Add, way, lo.clone(), span, span) }
                }
            });
            inner.insert(0, Stmt { kind: StmtKind::Bind { local: axis.local, value: at.expr }, span });
            let [lo, hi] = [Typed::constant(Scalar::i64(0), span), count].map(|end| Box::new(end.expr));
            let iter = Typed::new(ExprKind::Range { lo, hi, step: None, inclusive: false }, Ty::Range, span).expr;
            let body = Block { stmts: std::mem::take(&mut inner), value: None };
            inner.push(Stmt { kind: StmtKind::For { parallel: false, local: *local, iter, body }, span });
        }
        self.frame().out.append(&mut inner);
        result
    }

    /// The dimension of the result: the one that the variable indexes, or one of its name where it indexes none.
    fn each_dim(&mut self, axis: &Axis, count: &Typed) -> Option<Dim> {
        let Some(range) = &axis.range else { return axis.along.as_ref().map(|(dim, _)| dim.clone()) };
        let size = match count.known.int() {
            Some(count) => Size::Known(u64::try_from(count).ok()?),
            None => self.build.unknowns.fresh(),
        };
        let Some((along, _)) = &axis.along else { return Some(Dim { name: Some(axis.ident.name.clone()), size, coord: None }) };
        let inside = |(first, last): (i64, i64)| {
            let len = along.size.known().map_or(0, |size| size as i64);
            first.min(last) >= 0 && first.max(last) < len
        };
        let coord = match (&along.coord, axis.ends(), size) {
            (Some(coord), Some(ends), Size::Known(count)) if inside(ends) => Some(slice_coord(coord, ends.0 as u64, range.step, count)),
            _ => None,
        };
        Some(Dim { name: along.name.clone(), size, coord })
    }
}

impl Each {
    /// The variable, and what is added, of an index that is one with a constant added.
    fn shifted(&self, at: &Expr) -> Option<Shifted> {
        match &at.kind {
            ExprKind::Local(local) => self.axes.iter().position(|axis| axis.local == *local).map(|axis| (axis, Some(0))),
            ExprKind::Call { builtin, args } => {
                let operator = |op| builtin.name == builtins::operator(op);
                let sign = if operator(BinaryOp::Add) {
                    1
                } else if operator(BinaryOp::Sub) {
                    -1
                } else {
                    return None;
                };
                let operand = |at: usize| match args.values.get(at) {
                    Some(Some(super::hir::Argument::Expr(expr))) => Some(expr),
                    _ => None,
                };
                let (left, right) = (operand(0)?, operand(1)?);
                let known = |expr: &Expr| expr.known.and_then(Scalar::as_int).and_then(|value| i64::try_from(value).ok());
                match (self.shifted(left), self.shifted(right)) {
                    (Some((axis, by)), None) => {
                        Some((axis, by.zip(known(right)).and_then(|(by, more)| by.checked_add(more.checked_mul(sign)?))))
                    }
                    (None, Some((axis, by))) if sign == 1 => Some((axis, by.zip(known(left)).and_then(|(by, more)| by.checked_add(more)))),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

impl Axis {
    fn is_empty(&self) -> bool {
        let count = self.range.as_ref().map(|range| &range.count).or(self.along.as_ref().map(|(_, size)| size));
        count.and_then(|count| count.known.int()) == Some(0)
    }
    /// The first and last value, where they are known and there are any.
    fn ends(&self) -> Option<(i64, i64)> {
        match (&self.range, &self.along) {
            (Some(range), _) => {
                let (lo, count) = (range.lo.known.int()?, range.count.known.int()?);
                Some((lo, lo.checked_add(range.step.checked_mul(count - 1)?)?))
            }
            (None, Some((_, size))) => Some((0, size.known.int()? - 1)),
            (None, None) => None,
        }
    }
}
