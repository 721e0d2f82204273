//! Runs a checked program statement by statement: builds graph nodes for array work, does effects in order, and asks for values only where
//! the program needs them. Owns no rule of types or shapes.

use super::effects;
use super::evaluator::Evaluator;
use super::value::{Piece, Text, Val};
use crate::array::{DType, Scalar};
use crate::base::{Code, Diagnostic, Outcome, SourceMap, Span};
use crate::builtins::build::{A, Build, Extent, SliceArg, Value};
use crate::builtins::{Builtin, Define, apply};
use crate::graph::NodeId;
use crate::kernel::lift::lift;
use crate::kernel::lower::arguments;
use crate::ops::ScalarOp;
use crate::sema::World;
use crate::sema::hir::*;
use crate::types::Ty;
use std::sync::Arc;

/// Calls of driver functions nested deeper than this are an error.
const MAX_DEPTH: usize = 500;

/// What a statement does to the flow.
pub enum Flow {
    Next,
    Break,
    Continue,
    Return(Val),
}

/// A running program.
pub struct Driver<'a> {
    pub engine: &'a mut Evaluator,
    pub world: &'a World,
    pub sources: &'a SourceMap,
    pub out: &'a mut dyn super::Output,
    depth: usize,
}

/// The variables of a body.
pub struct Frame {
    pub locals: Vec<Option<Val>>,
    /// Arrays that were taken in since, and that no variable needs, nobody needs: what an expression that this is part of has at hand is older.
    pub mark: u32,
}

impl<'a> Driver<'a> {
    pub fn new(engine: &'a mut Evaluator, world: &'a World, sources: &'a SourceMap, out: &'a mut dyn super::Output) -> Driver<'a> {
        Driver { engine, world, sources, out, depth: 0 }
    }

    pub fn block(&mut self, frame: &mut Frame, block: &Block) -> Outcome<(Flow, Val)> {
        for stmt in &block.stmts {
            match self.stmt(frame, stmt)? {
                Flow::Next => self.tidy(frame),
                other => return Ok((other, Val::Unit)),
            }
        }
        let value = block.value.as_ref().map_or(Ok(Val::Unit), |value| self.expr(frame, value))?;
        Ok((Flow::Next, value))
    }

    pub fn stmt(&mut self, frame: &mut Frame, stmt: &Stmt) -> Outcome<Flow> {
        self.engine.poll()?;
        match &stmt.kind {
            StmtKind::Bind { local, value } => {
                let value = self.expr(frame, value)?;
                frame.locals[local.0 as usize] = Some(value);
            }
            StmtKind::Unpack { locals, value } => {
                let Val::Tuple(items) = self.expr(frame, value)? else { return Err(internal(stmt.span, "only tuples are taken apart")) };
                for (local, item) in locals.iter().zip(items) {
                    if let Some(local) = local {
                        frame.locals[local.0 as usize] = Some(item);
                    }
                }
            }
            StmtKind::Store { .. } => return Err(internal(stmt.span, "elements are assigned in compiled functions only")),
            // What stands in a branch may leave a loop or the function.
            StmtKind::Expr { value: Expr { kind: ExprKind::If { cond, then, other }, ty: Ty::Unit, .. }, .. } => {
                let chosen = if self.truth(frame, cond)? { then } else { other };
                return Ok(self.block(frame, chosen)?.0);
            }
            StmtKind::Expr { value, .. } => {
                self.expr(frame, value)?;
            }
            StmtKind::For { local, iter, body, .. } => {
                let items = self.expr(frame, iter)?;
                return self.within(frame, |driver, frame| driver.for_loop(frame, *local, items, iter.span, body));
            }
            StmtKind::While { cond, body } => loop {
                if !self.truth(frame, cond)? {
                    return Ok(Flow::Next);
                }
                match self.block(frame, body)?.0 {
                    Flow::Next | Flow::Continue => {}
                    Flow::Break => return Ok(Flow::Next),
                    flow => return Ok(flow),
                }
            },
            StmtKind::Break => return Ok(Flow::Break),
            StmtKind::Continue => return Ok(Flow::Continue),
            StmtKind::Return(value) => {
                let value = value.as_ref().map_or(Ok(Val::Unit), |value| self.expr(frame, value))?;
                return Ok(Flow::Return(value));
            }
            StmtKind::Assert { cond, message } => {
                if !self.truth(frame, cond)? {
                    let message = match message {
                        Some(message) => {
                            let text = self.text(frame, message)?;
                            self.engine.rendered(&text, self.out)?
                        }
                        None => "assertion failed".into(),
                    };
                    return Err(Diagnostic::at(Code::Assertion, cond.span, message).says("this is false"));
                }
            }
        }
        Ok(Flow::Next)
    }

    fn for_loop(&mut self, frame: &mut Frame, local: LocalId, items: Val, span: Span, body: &Block) -> Outcome<Flow> {
        let count = match &items {
            Val::Range { lo, hi, step } => {
                let [lo, hi, step] = [*lo, *hi, *step].map(|node| self.int(node, span));
                let (lo, hi, step) = (lo?, hi?, step?);
                if step == 0 {
                    return Err(Diagnostic::at(Code::Value, span, "the step of a range is 0"));
                }
                (crate::kernel::chunks::trip_count(lo, hi, step), lo, step)
            }
            Val::Tuple(items) => (items.len() as u64, 0, 1),
            Val::Array(node) => {
                let size = self.engine.graph.node(*node).ty.dims.first().and_then(|dim| dim.size.known());
                (size.ok_or_else(|| Diagnostic::at(Code::Rank, span, "a scalar has no elements to loop over"))?, 0, 1)
            }
            _ => return Err(internal(span, "nothing to loop over")),
        };
        let (count, lo, step) = count;
        for at in 0..count {
            let value = match &items {
                Val::Tuple(items) => items[at as usize].clone(),
                Val::Array(node) => {
                    let a = A(node.0);
                    self.building(span, |b| {
                        let at = b.constant(Scalar::i64(at as i64));
                        b.slice(a, &[SliceArg::At(at, span)])
                    })?
                }
                _ => self.constant(Scalar::i64(lo.wrapping_add(step.wrapping_mul(at as i64))), span),
            };
            frame.locals[local.0 as usize] = Some(value);
            match self.block(frame, body)?.0 {
                Flow::Next | Flow::Continue => {}
                Flow::Break => break,
                flow => return Ok(flow),
            }
        }
        Ok(Flow::Next)
    }

    /// Lets go of arrays that nobody needs any more.
    fn tidy(&mut self, frame: &Frame) {
        if self.engine.has_grown(frame.mark) {
            self.engine.forget_since(frame.mark, frame.locals.iter().flatten());
        }
    }

    /// Does what is part of something larger, which has values at hand.
    fn within<T>(&mut self, frame: &mut Frame, work: impl FnOnce(&mut Self, &mut Frame) -> Outcome<T>) -> Outcome<T> {
        let mark = std::mem::replace(&mut frame.mark, self.engine.held_so_far());
        let outcome = work(self, frame);
        frame.mark = mark;
        outcome
    }

    pub fn expr(&mut self, frame: &mut Frame, expr: &Expr) -> Outcome<Val> {
        match &expr.kind {
            ExprKind::Const(value) => Ok(self.constant(*value, expr.span)),
            ExprKind::Text(parts) => self.pieces(frame, parts).map(Val::Text),
            ExprKind::Local(local) => {
                let value = frame.locals.get(local.0 as usize).cloned().flatten();
                value.ok_or_else(|| Diagnostic::at(Code::UnknownName, expr.span, "this variable has no value here"))
            }
            ExprKind::Tuple(items) => Ok(Val::Tuple(items.iter().map(|item| self.expr(frame, item)).collect::<Outcome<_>>()?)),
            ExprKind::Record(fields) => {
                let field = |(name, value): &(_, Expr)| Ok((crate::base::Name::clone(name), self.expr(frame, value)?));
                Ok(Val::Record(fields.iter().map(field).collect::<Outcome<_>>()?))
            }
            ExprKind::Field { base, position } => match self.expr(frame, base)? {
                Val::Tuple(mut items) | Val::Function(mut items) if *position < items.len() => Ok(items.swap_remove(*position)),
                Val::Record(mut fields) if *position < fields.len() => Ok(fields.swap_remove(*position).1),
                Val::Range { lo, hi, step } if *position < 3 => Ok(Val::Array([lo, hi, step][*position])),
                _ => Err(internal(expr.span, "no such field")),
            },
            ExprKind::Variable { dataset, path } => match self.expr(frame, dataset)? {
                Val::Dataset(dataset) => self.engine.variable(&dataset.path, path, expr.span).map(Val::Array),
                _ => Err(internal(expr.span, "a variable of no dataset")),
            },
            ExprKind::Host { function, args } => {
                let nodes = args.iter().map(|arg| self.node(frame, arg)).collect::<Outcome<Vec<_>>>()?;
                let arrays = self.engine.flush(&nodes, self.out)?;
                let Ty::Array(ty) = &expr.ty else { return Err(internal(expr.span, "a host function that gives no array")) };
                let result = function.call(&arrays, ty, expr.span)?;
                Ok(Val::Array(self.engine.hold(result, expr.span)))
            }
            ExprKind::Open { .. } => match &expr.ty {
                Ty::Dataset(dataset) => Ok(Val::Dataset(dataset.clone())),
                _ => Err(internal(expr.span, "an open file that is no dataset")),
            },
            ExprKind::Range { lo, hi, step, inclusive } => {
                let (lo, mut hi) = (self.node(frame, lo)?, self.node(frame, hi)?);
                let step = match step {
                    Some(step) => self.node(frame, step)?,
                    None => NodeId(self.building_a(expr.span, |b| Ok(b.constant(Scalar::i64(1))))?.0),
                };
                if *inclusive {
                    // One further in the direction of the step.
                    let back = self.int(step, expr.span)? < 0;
                    let by = Scalar::i64(if back { -1 } else { 1 });
                    hi = NodeId(
                        self.building_a(expr.span, |b| {
                            let by = b.constant(by);
                            b.map(ScalarOp::Add, &[A(hi.0), by])
                        })?
                        .0,
                    );
                }
                Ok(Val::Range { lo, hi, step })
            }
            ExprKind::Call { builtin, args } => self.call(frame, builtin, args, expr),
            ExprKind::Invoke { inst, args } => {
                let args = args.iter().map(|arg| self.expr(frame, arg)).collect::<Outcome<Vec<_>>>()?;
                self.invoke(*inst, args, expr)
            }
            ExprKind::Index { base, index } => self.index(frame, base, index, expr.span),
            ExprKind::Edged { .. } => Err(internal(expr.span, "the body of an `each` outside of its function")),
            ExprKind::If { cond, then, other } => {
                let chosen = if self.truth(frame, cond)? { then } else { other };
                self.value_of(frame, chosen, expr.span)
            }
            ExprKind::Block(block) => self.value_of(frame, block, expr.span),
            ExprKind::Function { captures } => {
                Ok(Val::Function(captures.iter().map(|value| self.expr(frame, value)).collect::<Outcome<_>>()?))
            }
            ExprKind::Unit => Ok(Val::Unit),
        }
    }

    /// A block inside an expression; it does not leave the flow.
    fn value_of(&mut self, frame: &mut Frame, block: &Block, span: Span) -> Outcome<Val> {
        match self.within(frame, |driver, frame| driver.block(frame, block))? {
            (Flow::Next, value) => Ok(value),
            _ => Err(internal(span, "an expression that leaves a loop")),
        }
    }

    fn call(&mut self, frame: &mut Frame, builtin: &'static Builtin, args: &CallArgs, expr: &Expr) -> Outcome<Val> {
        if let Define::Effect(effect) = builtin.define {
            return effects::effect(self, frame, effect, args, expr);
        }
        // Values are evaluated first, so that the closure below needs the frame only.
        let mut eval = |exprs: &[&Expr]| exprs.iter().map(|expr| self.argument(frame, expr)).collect();
        let args = arguments(builtin, args, expr.span, &mut eval)?;
        let value = self.with_builder(expr.span, |b| apply(builtin, b, args))?;
        self.taken(value, expr)
    }

    /// An argument of a built-in. Ranges of labels are texts that only built-ins know what to do with.
    fn argument(&mut self, frame: &mut Frame, expr: &Expr) -> Outcome<Value> {
        if let ExprKind::Range { lo, hi, .. } = &expr.kind
            && (lo.ty == Ty::Text || hi.ty == Ty::Text)
        {
            let mut bound = |bound: &Expr| self.argument(frame, bound).map(|value| Some(Box::new(value)));
            return Ok(Value::Range { lo: bound(lo)?, hi: bound(hi)?, step: 1 });
        }
        let value = self.expr(frame, expr)?;
        self.lent(value, expr)
    }

    /// A value as built-ins take it.
    fn lent(&mut self, value: Val, expr: &Expr) -> Outcome<Value> {
        if let Ty::Grouped(grouped) = &expr.ty {
            let arrays = effects::arrays(&value).into_iter().map(|node| A(node.0)).collect();
            return Ok(Value::Grouped(arrays, Arc::new(grouped.by.clone())));
        }
        Ok(match value {
            Val::Array(node) => Value::Array(A(node.0)),
            Val::Text(text) => Value::Text(self.engine.rendered(&text, self.out)?),
            Val::Tuple(items) => {
                let ty = |at: usize| match &expr.ty {
                    Ty::Tuple(items) => items.get(at).cloned(),
                    _ => None,
                };
                let lend = |(at, item)| self.lent(item, &Expr { ty: ty(at).unwrap_or(Ty::Unit), ..expr.clone() });
                Value::Tuple(items.into_iter().enumerate().map(lend).collect::<Outcome<_>>()?)
            }
            Val::Record(fields) => {
                let lend = |(name, item)| Ok((name, self.lent(item, expr)?));
                Value::Record(fields.into_iter().map(lend).collect::<Outcome<_>>()?)
            }
            Val::Range { lo, hi, step } => {
                let step = self.int(step, expr.span)?;
                let bound = |node: NodeId| Some(Box::new(Value::Array(A(node.0))));
                Value::Range { lo: bound(lo), hi: bound(hi), step }
            }
            Val::Function(_) | Val::Dataset(_) => Value::Other(expr.ty.clone()),
            Val::Unit => Value::Unit,
        })
    }

    /// What a built-in gave.
    fn taken(&mut self, value: Value, expr: &Expr) -> Outcome<Val> {
        Ok(match value {
            Value::Array(a) => Val::Array(NodeId(a.0)),
            Value::Flag(value) => self.constant(value, expr.span),
            Value::Text(text) => Val::Text(vec![Piece::Text(text)]),
            Value::Tuple(items) => Val::Tuple(items.into_iter().map(|item| self.taken(item, expr)).collect::<Outcome<_>>()?),
            Value::Record(fields) => {
                let take = |(name, item)| Ok((name, self.taken(item, expr)?));
                Val::Record(fields.into_iter().map(take).collect::<Outcome<_>>()?)
            }
            Value::Shape(sizes) => {
                let size = |extent: Extent| match extent {
                    Extent::Known(size) => self.constant(Scalar::i64(size as i64), expr.span),
                    Extent::Value(a) => Val::Array(NodeId(a.0)),
                };
                Val::Tuple(sizes.into_iter().map(size).collect())
            }
            Value::Unit => Val::Unit,
            Value::Dims(_) | Value::Type(..) | Value::Range { .. } | Value::Grouped(..) | Value::Other(_) => {
                return Err(internal(expr.span, "a built-in gave no value"));
            }
        })
    }

    fn invoke(&mut self, inst: InstId, args: Vec<Val>, expr: &Expr) -> Outcome<Val> {
        let instance = self.world.instance(inst);
        match instance.class {
            Class::Graph | Class::Driver => {
                if self.depth >= MAX_DEPTH {
                    let error = Diagnostic::at(Code::Recursion, expr.span, format!("`{}` calls itself too deeply", instance.name));
                    return Err(error.help("use a loop, or make sure it ends"));
                }
                let mut frame = Frame { locals: vec![None; instance.locals.len()], mark: self.engine.held_so_far() };
                for (param, value) in instance.params.iter().zip(args) {
                    frame.locals[param.0 as usize] = Some(value);
                }
                self.depth += 1;
                let result = self.block(&mut frame, &instance.body);
                self.depth -= 1;
                match result? {
                    (Flow::Return(value), _) | (_, value) => Ok(value),
                }
            }
            Class::Elementwise => self.engine.elementwise(self.world, inst, &args, expr.span),
            Class::Kernel => match self.lifted(inst, &args, expr)? {
                Some(value) => Ok(value),
                None => self.engine.kernel(self.world, inst, args, expr, self.out),
            },
        }
    }

    /// A function whose loops are maps and reductions over whole arrays, as part of the graph.
    fn lifted(&mut self, inst: InstId, args: &[Val], expr: &Expr) -> Outcome<Option<Val>> {
        let mut arrays = Vec::with_capacity(args.len());
        for arg in args {
            let Val::Array(node) = arg else { return Ok(None) };
            arrays.push(Value::Array(A(node.0)));
        }
        let (world, checked) = (self.world, self.engine.runtime.limits.checked);
        let value = self.with_builder(expr.span, |b| Ok(lift(world, inst, &arrays, checked, b)))?;
        let value = value.map(|value| self.taken(value, expr)).transpose()?;
        value.map(|value| self.labelled(value, &expr.ty, expr.span)).transpose()
    }

    /// A value with the names and coordinates that its type says.
    fn labelled(&mut self, value: Val, ty: &Ty, span: Span) -> Outcome<Val> {
        Ok(match (value, ty) {
            (Val::Array(node), Ty::Array(ty)) => {
                let own = self.engine.graph.node(node).ty.clone();
                let dims = own.dims.iter().zip(&ty.dims).map(|(own, dim)| own.labelled(dim)).collect();
                self.building(span, |b| b.rename(A(node.0), dims))?
            }
            (Val::Tuple(items), Ty::Tuple(types)) => {
                let items = items.into_iter().zip(types).map(|(item, ty)| self.labelled(item, ty, span));
                Val::Tuple(items.collect::<Outcome<_>>()?)
            }
            (value, _) => value,
        })
    }

    fn index(&mut self, frame: &mut Frame, base: &Expr, index: &[Index], span: Span) -> Outcome<Val> {
        let Val::Array(base) = self.expr(frame, base)? else { return Err(internal(span, "only arrays are indexed")) };
        let shape = self.engine.graph.node(base).ty.shape().unwrap_or_default();
        let mut axis = 0;
        let mut entries = Vec::with_capacity(index.len());
        for entry in index {
            let size = shape.get(axis).copied().unwrap_or(0) as i64;
            let entry = match entry {
                Index::New => SliceArg::New,
                Index::All => SliceArg::Range { lo: None, hi: None, step: 1 },
                Index::At(at) => SliceArg::At(self.position(frame, at, size)?, at.span),
                Index::Range { lo, hi, step } => {
                    let lo = lo.as_ref().map(|lo| self.position(frame, lo, size)).transpose()?;
                    let hi = hi.as_ref().map(|hi| self.position(frame, hi, size)).transpose()?;
                    SliceArg::Range { lo, hi, step: *step }
                }
                Index::Take(positions) => SliceArg::Take(A(self.node(frame, positions)?.0), positions.span),
            };
            // A mask of several dimensions is the last.
            axis += usize::from(!matches!(entry, SliceArg::New));
            entries.push(entry);
        }
        self.building(span, |b| b.slice(A(base.0), &entries))
    }

    /// An index or bound; a negative literal counts from the end.
    fn position(&mut self, frame: &mut Frame, expr: &Expr, size: i64) -> Outcome<A> {
        let literal = match &expr.kind {
            ExprKind::Const(value) => value.as_int().and_then(|value| i64::try_from(value).ok()).filter(|value| *value < 0),
            _ => None,
        };
        match literal {
            Some(back) => self.building_a(expr.span, |b| Ok(b.constant(Scalar::i64(size + back)))),
            None => {
                let node = self.node(frame, expr)?;
                self.building_a(expr.span, |b| b.cast(A(node.0), DType::I64))
            }
        }
    }

    pub fn node(&mut self, frame: &mut Frame, expr: &Expr) -> Outcome<NodeId> {
        match self.expr(frame, expr)? {
            Val::Array(node) => Ok(node),
            _ => Err(internal(expr.span, "an array or number was expected")),
        }
    }

    pub fn text(&mut self, frame: &mut Frame, expr: &Expr) -> Outcome<Text> {
        match self.expr(frame, expr)? {
            Val::Text(text) => Ok(text),
            value => Ok(vec![Piece::Value { value: Box::new(value), ty: expr.ty.clone(), format: None }]),
        }
    }

    fn pieces(&mut self, frame: &mut Frame, parts: &[TextPart]) -> Outcome<Text> {
        let mut text = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                TextPart::Literal(literal) => text.push(Piece::Text(literal.clone())),
                TextPart::Value { value, format } => {
                    let ty = value.ty.clone();
                    let value = Box::new(self.expr(frame, value)?);
                    text.push(Piece::Value { value, ty, format: format.clone() });
                }
            }
        }
        Ok(text)
    }

    fn truth(&mut self, frame: &mut Frame, cond: &Expr) -> Outcome<bool> {
        let node = self.node(frame, cond)?;
        let value = self.engine.scalar(node, self.out).map_err(|error| error.or_at(cond.span))?;
        value.as_bool().ok_or_else(|| internal(cond.span, "a condition that is not a bool"))
    }

    fn int(&mut self, node: NodeId, span: Span) -> Outcome<i64> {
        let value = self.engine.scalar(node, self.out).map_err(|error| error.or_at(span))?;
        value.as_int().and_then(|value| i64::try_from(value).ok()).ok_or_else(|| internal(span, "an integer was expected"))
    }

    pub fn constant(&mut self, value: Scalar, span: Span) -> Val {
        Val::Array(self.engine.graph.constant(value, span))
    }

    fn building(&mut self, span: Span, build: impl FnOnce(&mut dyn Build) -> Outcome<A>) -> Outcome<Val> {
        self.building_a(span, build).map(|a| Val::Array(NodeId(a.0)))
    }

    fn building_a(&mut self, span: Span, build: impl FnOnce(&mut dyn Build) -> Outcome<A>) -> Outcome<A> {
        self.with_builder(span, build)
    }

    /// Builds nodes; what must be known meanwhile is computed.
    fn with_builder<T>(&mut self, span: Span, build: impl FnOnce(&mut dyn Build) -> Outcome<T>) -> Outcome<T> {
        self.engine.with_builder(span, self.out, build).map_err(|error| error.or_at(span))
    }
}

pub(super) fn internal(span: Span, what: &str) -> Box<Diagnostic> {
    Diagnostic::at(Code::Internal, span, what)
}

/// Kept in one place for functions over elements: their operands are cast to what the compiled function takes.
pub(super) fn cast_operands(b: &mut dyn Build, args: &[A], to: &[DType]) -> Outcome<Vec<A>> {
    args.iter().zip(to).map(|(a, dtype)| b.cast(*a, *dtype)).collect()
}
