//! Indices: which axis each is for, what counts from the end, and the type of the result. Owns no rule of slices (see `types::slice`).

use super::checker::{Checker, Typed};
use super::expr::field_at;
use super::hir::{Expr, ExprKind, Index, StmtKind};
use super::known::Known;
use crate::array::{ArrayTy, DType, Scalar, Size};
use crate::base::{Code, Diagnostic, Name, Span};
use crate::syntax::ast::{self, BinaryOp, IndexArg, IndexKind, UnaryOp};
use crate::types::dims::{DimRef, find_dim};
use crate::types::slice::{self, Bound, SliceTy};
use crate::types::{Placed, Ty};

/// Indices in the order of the axes, and the type of what they select.
pub struct Indexed {
    pub index: Vec<Index>,
    pub ty: ArrayTy,
}

/// One index that has been read.
type Read = (Index, SliceTy);

impl Checker<'_> {
    pub fn index(&mut self, base: &ast::Expr, args: &[IndexArg], span: Span) -> Typed {
        let base = self.expr(base);
        match base.ty() {
            Ty::Error => {
                self.indices_alone(args);
                Typed::error(span)
            }
            Ty::Tuple(items) => {
                let count = items.len();
                self.tuple_index(base, count, args, span)
            }
            Ty::Array(_) => {
                // Its size is asked for beside its elements.
                let unknown = base.ty().as_array().is_some_and(|ty| ty.shape().is_none());
                let from_end = args.iter().any(|arg| matches!(&arg.kind, IndexKind::Expr(value) if from_end(value)));
                let base = if unknown && from_end { self.held(base) } else { base };
                let Some(indexed) = self.indices(&base, args, span) else { return Typed::error(span) };
                if let Some(element) = self.each_element(&base, &indexed.index, &indexed.ty, span) {
                    return element;
                }
                let known = match indexed.index.as_slice() {
                    [Index::At(at)] => {
                        at.known.and_then(|at| usize::try_from(at.as_int()?).ok()).map_or(Known::No, |at| base.known.item(at))
                    }
                    _ => Known::No,
                };
                let kind = ExprKind::Index { base: Box::new(base.expr), index: indexed.index };
                Typed::new(kind, Ty::Array(indexed.ty), span).knowing(known)
            }
            Ty::Dataset(dataset) => {
                let dataset = dataset.clone();
                let name = match args {
                    [IndexArg { name: None, kind: IndexKind::Expr(name) }] => self.expr(name).known.text().cloned(),
                    _ => None,
                };
                match name {
                    Some(name) => self.member(base, &dataset, &ast::Ident { name: Name::new(name), span }, span),
                    None => {
                        let error = Diagnostic::at(Code::Type, span, "a dataset is not an array");
                        self.fail(error.help("name a variable of it: `ds.name`, or `ds[\"name\"]`"), span)
                    }
                }
            }
            ty => {
                let error = Diagnostic::at(Code::Type, base.span(), format!("{ty} has no elements"));
                self.indices_alone(args);
                self.fail(error, span)
            }
        }
    }

    fn indices_alone(&mut self, args: &[IndexArg]) {
        for arg in args {
            if let IndexKind::Expr(value) = &arg.kind
                && !matches!(value.kind, ast::ExprKind::Range { .. })
            {
                self.expr(value);
            }
        }
    }

    fn tuple_index(&mut self, base: Typed, count: usize, args: &[IndexArg], span: Span) -> Typed {
        let error = match args {
            [IndexArg { name: None, kind: IndexKind::Expr(at) }] => {
                let at_span = at.span;
                let at = self.expr(at);
                match at.known.int() {
                    Some(at) => {
                        let position = if at < 0 { at + count as i64 } else { at };
                        if (0..count as i64).contains(&position) {
                            return field_at(base, position as usize, span);
                        }
                        Diagnostic::at(Code::Bounds, at_span, format!("index {at} is outside a tuple of {count}"))
                    }
                    None if at.is_error() => return at,
                    None => Diagnostic::at(Code::Type, at_span, "the index of a tuple must be known when the program is checked")
                        .help("elements of a tuple may differ in type; an array is a list in square brackets"),
                }
            }
            _ => Diagnostic::at(Code::Rank, span, format!("a tuple takes one index, found {}", args.len())),
        };
        self.fail(error, span)
    }

    /// A value in a variable, where evaluating it again would cost something.
    pub fn held(&mut self, value: Typed) -> Typed {
        if Checker::is_plain(&value.expr) {
            return value;
        }
        let span = value.span();
        let local = self.frame().local(Name::new("_"), value.ty().clone(), span);
        let held = Typed::new(ExprKind::Local(local), value.ty().clone(), span).knowing(value.known);
        self.emit(StmtKind::Bind { local, value: value.expr }, span);
        held
    }

    /// Reads the indices of an array. `None` where there was an error.
    pub fn indices(&mut self, array: &Typed, args: &[IndexArg], span: Span) -> Option<Indexed> {
        let ty = array.ty().as_array()?.clone();
        let places = self.places(&ty, args, span)?;
        let mut axes: Vec<Vec<Read>> = Vec::new();
        let mut good = true;
        for (place, arg) in places.into_iter().zip(args) {
            let read = match (&arg.kind, place) {
                (IndexKind::NewAxis(_), _) => Some((Index::New, SliceTy::New)),
                (IndexKind::Expr(_), Place::All { .. }) => Some((Index::All, ALL)),
                (IndexKind::Expr(value), Place::Axis(axis)) => self.index_at(array, &ty, axis, value),
                (IndexKind::Expr(_), Place::NewAxis) => None,
            };
            let slot = match place {
                Place::All { axis, .. } | Place::Axis(axis) => axis,
                Place::NewAxis => axes.len(),
            };
            let count = if let Place::All { count, .. } = place { count } else { 1 };
            let Some(read) = read else {
                good = false;
                continue;
            };
            if matches!(read.1, SliceTy::Mask { over: 2.., .. }) && args.len() > 1 {
                let error = Diagnostic::at(Code::Rank, span, "a mask of several dimensions stands beside other indices");
                self.report(error.help("select in two steps: `x[mask][..]`"));
                return None;
            }
            for at in slot..slot + count {
                // New axes stand before the axis that follows them.
                let at = if matches!(read.1, SliceTy::New) { axes.len() } else { at };
                if axes.len() <= at {
                    axes.resize_with(at + 1, Vec::new);
                }
                axes[at].push(read.clone());
            }
        }
        if !good {
            return None;
        }
        self.assemble(array, &ty, axes, span)
    }

    /// Puts the indices in the order of the axes and finds the type.
    fn assemble(&mut self, array: &Typed, ty: &ArrayTy, axes: Vec<Vec<Read>>, span: Span) -> Option<Indexed> {
        let mut all: Vec<Read> =
            axes.into_iter().flat_map(|reads| if reads.is_empty() { vec![(Index::All, ALL)] } else { reads }).collect();
        let given: usize = all.iter().map(|(_, entry)| entry.axes()).sum();
        all.extend((given..ty.rank()).map(|_| (Index::All, ALL)));
        let (index, entries): (Vec<Index>, Vec<SliceTy>) = all.into_iter().unzip();
        let text = match array.expr.kind {
            ExprKind::Local(local) => self.frame().locals[local.0 as usize].name.to_string(),
            _ => String::new(),
        };
        let placed = Placed { ty, text, span: array.span() };
        let sliced = slice::slice(&placed, &entries, &mut self.build.unknowns);
        let ty = self.ok(sliced, span)?;
        Some(Indexed { index, ty })
    }

    /// Which axis each index is for. A lone `..` stands for as many axes as the others leave.
    fn places(&mut self, ty: &ArrayTy, args: &[IndexArg], span: Span) -> Option<Vec<Place>> {
        let given = args.iter().filter(|arg| matches!(arg.kind, IndexKind::Expr(_))).count();
        let mut rest = (given != ty.rank()).then(|| (ty.rank() + 1).saturating_sub(given));
        let (mut next, mut places, mut taken) = (0, Vec::new(), vec![false; ty.rank()]);
        let mut good = true;
        for arg in args {
            let value = match (&arg.kind, &arg.name) {
                (IndexKind::NewAxis(_), _) => {
                    places.push(Place::NewAxis);
                    continue;
                }
                (IndexKind::Expr(value), None) => value,
                (IndexKind::Expr(_), Some(name)) => {
                    let found = find_dim(ty, &DimRef::Name(name.name.clone(), name.span));
                    let axis = self.ok(found, name.span);
                    if let Some(axis) = axis
                        && std::mem::replace(&mut taken[axis], true)
                    {
                        self.report(Diagnostic::at(Code::UnknownDim, name.span, format!("{} is indexed twice", name.name)));
                        good = false;
                    }
                    good &= axis.is_some();
                    places.push(axis.map_or(Place::NewAxis, Place::Axis));
                    continue;
                }
            };
            let count = if is_all(value) { rest.take() } else { None };
            match count {
                Some(count) => {
                    places.push(Place::All { axis: next, count });
                    (next..next + count).for_each(|axis| taken.get_mut(axis).into_iter().for_each(|taken| *taken = true));
                    next += count;
                }
                None => {
                    if next < ty.rank() && std::mem::replace(&mut taken[next], true) {
                        self.report(Diagnostic::at(Code::UnknownDim, value.span, format!("dimension {next} is indexed twice")));
                        good = false;
                    }
                    places.push(Place::Axis(next));
                    next += 1;
                }
            }
        }
        if next > ty.rank() {
            let message = match ty.rank() {
                0 => format!("{ty} has no elements: it is one number"),
                rank => format!("{next} indices for {rank} dimension{} of {ty}", if rank == 1 { "" } else { "s" }),
            };
            self.report(Diagnostic::at(Code::Rank, span, message));
            return None;
        }
        good.then_some(places)
    }

    /// An index along one axis.
    fn index_at(&mut self, array: &Typed, ty: &ArrayTy, axis: usize, value: &ast::Expr) -> Option<Read> {
        let span = value.span;
        match &value.kind {
            ast::ExprKind::Range { lo, hi, step, inclusive } => {
                let step = match step {
                    Some(step) => self.known_step(step)?,
                    None => 1,
                };
                let lo = self.bound(array, ty, axis, lo.as_deref(), 0);
                let hi = self.bound(array, ty, axis, hi.as_deref(), if *inclusive { step.signum() } else { 0 });
                let ((lo, from), (hi, to)) = (lo?, hi?);
                Some((Index::Range { lo, hi, step }, SliceTy::Range { lo: from, hi: to, step }))
            }
            ast::ExprKind::List(items) => {
                let items: Option<Vec<Typed>> = items.iter().map(|item| self.position(array, ty, axis, item)).collect();
                let list = self.list_of(items?, span);
                self.taken(ty, axis, list)
            }
            _ => {
                if let Some(position) = negative(value) {
                    let at = self.from_end(array, ty, axis, position, 0, span)?;
                    // One that is outside is shown as it was written.
                    let known = at.known.int().map(|known| if known < 0 { position } else { known });
                    return Some((Index::At(at.expr), SliceTy::At(known, span)));
                }
                let at = self.expr(value);
                self.index_value(ty, axis, at)
            }
        }
    }

    fn index_value(&mut self, array: &ArrayTy, axis: usize, at: Typed) -> Option<Read> {
        let span = at.span();
        match at.ty() {
            Ty::Array(ty) if ty.rank() == 0 => {
                let at = self.integer(at, "an index")?;
                let known = at.known.int();
                Some((Index::At(at.expr), SliceTy::At(known, span)))
            }
            Ty::Array(_) => self.taken(array, axis, at),
            Ty::Range => {
                let at = self.held(at);
                let [lo, hi, step] = [0, 1, 2].map(|part| field_at(at.clone(), part, span));
                let Some(step) = step.known.int() else {
                    self.report(Diagnostic::at(Code::Type, span, "the step of a slice must be known when the program is checked"));
                    return None;
                };
                let bound = |part: &Typed| part.known.int().map_or(Bound::Computed, Bound::Known);
                let entry = SliceTy::Range { lo: bound(&lo), hi: bound(&hi), step };
                Some((Index::Range { lo: Some(lo.expr), hi: Some(hi.expr), step }, entry))
            }
            Ty::Error => None,
            ty => {
                let error = Diagnostic::at(Code::Type, span, format!("an index is an integer, a range or positions, found {ty}"));
                self.report(error);
                None
            }
        }
    }

    /// Positions along an axis, or a mask over it and those that follow.
    fn taken(&mut self, array: &ArrayTy, axis: usize, positions: Typed) -> Option<Read> {
        let span = positions.span();
        let ty = match positions.ty() {
            Ty::Array(ty) => ty.clone(),
            _ => return None,
        };
        if ty.dtype == DType::Bool {
            let fits = slice::check_mask(&Placed { ty: array, text: String::new(), span }, axis, &ty, span);
            self.ok(fits, span)?;
            return Some((Index::Take(positions.expr), SliceTy::Mask { over: ty.rank(), size: None }));
        }
        if !ty.dtype.is_int() || ty.rank() != 1 {
            let message = format!("positions are a one-dimensional array of integers, found {ty}");
            self.report(Diagnostic::at(Code::Type, span, message));
            return None;
        }
        let size = ty.dims[0].size;
        Some((Index::Take(self.cast(positions, DType::I64).expr), SliceTy::Take(size)))
    }

    fn known_step(&mut self, step: &ast::Expr) -> Option<i64> {
        let value = self.expr(step);
        let value = self.integer(value, "the step of a range")?;
        match value.known.int() {
            Some(0) => {
                self.report(Diagnostic::at(Code::Value, step.span, "the step of a range is 0"));
                None
            }
            None => {
                self.report(Diagnostic::at(Code::Type, step.span, "the step of a slice must be known when the program is checked"));
                None
            }
            known => known,
        }
    }

    /// A bound of a slice, moved by `more`.
    fn bound(&mut self, array: &Typed, ty: &ArrayTy, axis: usize, bound: Option<&ast::Expr>, more: i64) -> Option<(Option<Expr>, Bound)> {
        let Some(bound) = bound else { return Some((None, Bound::Open)) };
        let value = match negative(bound) {
            Some(position) => self.from_end(array, ty, axis, position, more, bound.span)?,
            None => {
                let value = self.expr(bound);
                let value = self.integer(value, "a bound of a slice")?;
                self.plus(value, more)
            }
        };
        let known = value.known.int().map_or(Bound::Computed, Bound::Known);
        Some((Some(value.expr), known))
    }

    /// A position in a list.
    fn position(&mut self, array: &Typed, ty: &ArrayTy, axis: usize, item: &ast::Expr) -> Option<Typed> {
        match negative(item) {
            Some(position) => self.from_end(array, ty, axis, position, 0, item.span),
            None => Some(self.expr(item)),
        }
    }

    /// `size + position + more`: a literal that counts from the end.
    fn from_end(&mut self, array: &Typed, ty: &ArrayTy, axis: usize, position: i64, more: i64, span: Span) -> Option<Typed> {
        let offset = position.saturating_add(more);
        match ty.dims.get(axis).map(|dim| dim.size) {
            Some(Size::Known(size)) => Some(Typed::constant(Scalar::i64((size as i64).saturating_add(offset)), span)),
            Some(Size::Unknown(_)) => {
                let shape = self.call_named("shape", vec![array.clone()], Vec::new(), span);
                let size = field_at(shape, axis, span);
                Some(self.plus(size, offset)).filter(|value| !value.is_error())
            }
            None => None,
        }
    }

    fn plus(&mut self, value: Typed, more: i64) -> Typed {
        if more == 0 {
            return value;
        }
        let span = value.span();
        self.binary(BinaryOp::Add, value, Typed::constant(Scalar::i64(more), span), span, span)
    }

    /// Makes an index cheap to evaluate twice: `x[i] += v` reads and writes at one place.
    pub fn once(&mut self, index: &mut Index) {
        let parts: Vec<&mut Expr> = match index {
            Index::At(at) | Index::Take(at) => vec![at],
            Index::Range { lo, hi, .. } => lo.iter_mut().chain(hi).collect(),
            Index::All | Index::New => Vec::new(),
        };
        for part in parts {
            if !Checker::is_plain(part) {
                let (ty, span, known) = (part.ty.clone(), part.span, part.known);
                let local = self.frame().local(Name::new("_"), ty.clone(), span);
                let value = std::mem::replace(part, Expr { kind: ExprKind::Local(local), ty, known, span });
                self.emit(StmtKind::Bind { local, value }, span);
            }
        }
    }
}

const ALL: SliceTy = SliceTy::Range { lo: Bound::Open, hi: Bound::Open, step: 1 };

/// Where an index goes.
#[derive(Clone, Copy)]
enum Place {
    Axis(usize),
    /// `..` for this many axes.
    All {
        axis: usize,
        count: usize,
    },
    NewAxis,
}

fn is_all(value: &ast::Expr) -> bool {
    matches!(value.kind, ast::ExprKind::Range { lo: None, hi: None, step: None, .. })
}

/// The value of a negative integer literal.
fn negative(value: &ast::Expr) -> Option<i64> {
    let ast::ExprKind::Unary { op: UnaryOp::Neg, operand } = &value.kind else { return None };
    let ast::ExprKind::Number { value, .. } = &operand.kind else { return None };
    let value = value.dtype.is_int().then(|| value.as_int()).flatten()?;
    i64::try_from(value).ok().filter(|value| *value > 0).map(|value| -value)
}

/// Whether an index counts from the end.
fn from_end(value: &ast::Expr) -> bool {
    match &value.kind {
        ast::ExprKind::Range { lo, hi, .. } => [lo, hi].into_iter().flatten().any(|bound| negative(bound).is_some()),
        ast::ExprKind::List(items) => items.iter().any(|item| negative(item).is_some()),
        _ => negative(value).is_some(),
    }
}
