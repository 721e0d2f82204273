//! The work of a session: its graph, the arrays it holds, effects that wait to be computed together, and the runtime that computes them.
//! Owns when things are computed; what is computed is the driver's.

use super::Output;
use super::driver::{cast_operands, internal};
use super::effects::Pending;
use super::files;
use super::saving::{SaveFile, Saved};
use super::value::{Piece, Text, Val};
use crate::array::{Array, ArrayTy, DType, Scalar, display};
use crate::base::{Code, Diagnostic, Name, Outcome, Span};
use crate::builtins::build::{A, Build, SliceArg};
use crate::exec::{Memory, Observer, Runtime};
use crate::graph::{Graph, GraphBuild, MemoryId, ModuleId, NodeId, Op, Values, pass, read};
use crate::io::save::{FileSpec, Grain, Sink, VarSpec, grain};
use crate::kernel::abi::Ret;
use crate::kernel::ir::Module;
use crate::kernel::{lower, passes};
use crate::plan::{self, Plan, Want};
use crate::sema::World;
use crate::sema::hir::{Expr, InstId};
use crate::types::Ty;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// Values of at most this many bytes are kept once they are computed.
const KEPT: u64 = 1 << 20;
/// Of all together, this many bytes.
const KEPT_TOGETHER: u64 = 64 * KEPT;

/// Bytes of chunks that are worth keeping when a variable is saved again.
const USUAL_CHUNK: std::ops::RangeInclusive<u64> = 64 << 10..=16 << 20;

/// See the module.
pub struct Evaluator {
    pub runtime: Runtime,
    pub graph: Graph,
    pub observer: Arc<dyn Observer + Send>,
    held: Held,
    /// Values that are computed already, by the node they are of.
    known: FxHashMap<NodeId, NodeId>,
    pub(super) pending: Vec<Pending>,
    modules: FxHashMap<InstId, (Arc<Module>, ModuleId)>,
    /// While a program is explained: the plans of what it asks for, which is not run.
    pub(super) explained: Option<Vec<Plan>>,
}

/// The arrays that a session holds.
#[derive(Default)]
struct Held {
    memory: Memory,
    next: u32,
    /// Bytes taken in since it was last looked for what nobody needs any more.
    fresh: u64,
    /// The mark down to which it was looked then.
    looked: u32,
}

impl Held {
    fn add(&mut self, array: Array) -> MemoryId {
        let id = MemoryId { number: self.next, dense: array.is_contiguous() };
        self.next += 1;
        self.fresh += array.ty().bytes().unwrap_or(0).max(64);
        self.memory.insert(id, array);
        id
    }
}

/// What building asks for, out of the session's parts.
struct Now<'a> {
    runtime: &'a Runtime,
    held: &'a mut Held,
    known: &'a FxHashMap<NodeId, NodeId>,
    observer: &'a dyn Observer,
}

impl Values for Now<'_> {
    fn scalar(&mut self, graph: &mut Graph, node: NodeId) -> Outcome<Scalar> {
        let value = self.array(graph, node)?.item();
        value.ok_or_else(|| Diagnostic::new(Code::Internal, "a scalar that has no value"))
    }
    fn array(&mut self, graph: &mut Graph, node: NodeId) -> Outcome<Array> {
        let node = pass::substitute(graph, &[node], self.known)[0];
        let wants = [Want { node, sink: None, span: graph.node(node).span }];
        let plan = planned(graph, &wants, self.runtime)?;
        let results = self.runtime.run(graph, &plan, &self.held.memory, &[], self.observer)?;
        results.into_iter().flatten().next().ok_or_else(|| Diagnostic::new(Code::Internal, "an array that has no value"))
    }
    fn hold(&mut self, array: &Array) -> MemoryId {
        // Coordinates and groups come again and again: equal ones are held once, so that equal work is one node.
        let same = |known: &Array| {
            let place = |array: &Array| (array.offset(), array.strides().to_vec());
            let one = Arc::ptr_eq(known.buffer(), array.buffer()) && place(known) == place(array);
            known.ty() == array.ty() && (one || array.ty().bytes().is_some_and(|bytes| bytes <= KEPT) && known == array)
        };
        match self.held.memory.iter().find(|(_, known)| same(known)) {
            Some((id, _)) => *id,
            None => self.held.add(array.clone()),
        }
    }
}

/// A plan within what the arrays that the session holds leave of the limit.
fn planned(graph: &mut Graph, wants: &[Want], runtime: &Runtime) -> Outcome<Plan> {
    let held = runtime.pool.used();
    let mut limits = runtime.limits.clone();
    limits.memory = limits.memory.saturating_sub(held);
    let mut plan = plan::plan(graph, wants, &limits).map_err(|error| match error.code {
        Code::Memory if held > 0 => {
            let (held, all) = (plan::forecast::human(held), plan::forecast::human(runtime.limits.memory));
            error.note(format!("arrays that are kept take {held} of the {all} that are allowed"))
        }
        _ => error,
    })?;
    plan.forecast.held = held;
    Ok(plan)
}

impl Evaluator {
    pub fn new(runtime: Runtime, observer: Arc<dyn Observer + Send>) -> Evaluator {
        Evaluator {
            runtime,
            graph: Graph::default(),
            observer,
            held: Held::default(),
            known: FxHashMap::default(),
            pending: Vec::new(),
            modules: FxHashMap::default(),
            explained: None,
        }
    }

    /// K0506 if the user asked to stop.
    pub fn poll(&self) -> Outcome<()> {
        if self.runtime.cancel.is_cancelled() { Err(Diagnostic::new(Code::Cancelled, "stopped")) } else { Ok(()) }
    }

    /// Takes an array into the session: a node for it.
    pub fn hold(&mut self, array: Array, span: Span) -> NodeId {
        let ty = array.ty().clone();
        if ty.rank() == 0
            && let Some(value) = array.item()
        {
            return self.graph.constant(value, span);
        }
        let id = self.held.add(array);
        self.graph.add(Op::Memory(id), Vec::new(), ty, span)
    }

    /// A mark for `forget_since`.
    pub fn held_so_far(&self) -> u32 {
        self.held.next
    }

    /// Whether it is worth to look for what nobody needs any more, down to a mark: so much was taken in, or what is older than where it was
    /// looked last may be let go of now.
    pub fn has_grown(&self, mark: u32) -> bool {
        self.held.fresh >= KEPT || mark < self.held.looked
    }

    /// Lets go of the arrays that were taken in after the mark and that nothing has a way to any more: no value of these, no effect that
    /// waits, no known result of what could be asked for again. Whoever calls it has no other values that are younger than the mark.
    pub fn forget_since<'v>(&mut self, mark: u32, values: impl IntoIterator<Item = &'v Val>) {
        let mut roots = Vec::new();
        values.into_iter().for_each(|value| value.nodes(&mut roots));
        self.pending.iter().for_each(|effect| effect.nodes(&mut roots));
        let memory = |node: NodeId| if let Op::Memory(id) = self.graph.node(node).op { Some(id) } else { None };
        let mut needed: FxHashSet<MemoryId> = self.graph.reachable(&roots).into_iter().filter_map(memory).collect();
        needed.extend(self.held.memory.keys().filter(|id| id.number < mark));
        let known: FxHashSet<MemoryId> = self.known.values().filter_map(|node| memory(*node)).collect();
        // What is computed from arrays that are gone cannot be asked for again.
        let gone = self.graph.depends(|op| matches!(op, Op::Memory(id) if !needed.contains(id) && !known.contains(id)));
        self.known.retain(|node, _| !gone[node.0 as usize]);
        let bytes = |id: &MemoryId| self.held.memory.get(id).and_then(|array| array.ty().bytes()).unwrap_or(0);
        if known.iter().map(bytes).sum::<u64>() > KEPT_TOGETHER {
            self.known.clear();
        }
        needed.extend(self.known.values().filter_map(|node| memory(*node)));
        self.held.memory.retain(|id, _| needed.contains(id));
        (self.held.fresh, self.held.looked) = (0, mark);
    }

    /// Builds nodes. What the building itself must know is computed, after what the program asked for before.
    pub fn with_builder<T>(&mut self, span: Span, out: &mut dyn Output, build: impl FnOnce(&mut dyn Build) -> Outcome<T>) -> Outcome<T> {
        let _ = out;
        let Evaluator { runtime, graph, held, known, observer, .. } = self;
        let mut now = Now { runtime, held, known, observer: &**observer };
        let checked = runtime.limits.checked;
        let mut b = GraphBuild::new(graph, &mut now, checked);
        b.at(span);
        build(&mut b)
    }

    /// Computes nodes now, together; prints nothing. `fresh`: known results are not used, nor kept.
    pub fn compute(&mut self, nodes: &[NodeId], fresh: bool) -> Outcome<Vec<Array>> {
        let results = self.run(nodes, &[], fresh)?;
        results.into_iter().map(|array| array.ok_or_else(|| Diagnostic::new(Code::Internal, "a value went missing"))).collect()
    }

    /// Plans values and saves together, without running.
    pub(super) fn plan(&mut self, nodes: &[NodeId], saves: &[SaveFile], fresh: bool) -> Outcome<Plan> {
        let mut wants: Vec<Want> = nodes.iter().map(|node| Want { node: *node, sink: None, span: self.graph.node(*node).span }).collect();
        for (file, save) in saves.iter().enumerate() {
            for (variable, saved) in save.variables.iter().enumerate() {
                let Grain { chunks, scratch } =
                    grain(&save.path, &self.spec(saved, &save.unlimited)).map_err(|error| error.or_at(save.span))?;
                for (node, start) in &saved.parts {
                    let (chunks, start, name) = (chunks.clone(), start.clone(), saved.name.clone());
                    let sink = plan::ir::Sink { file, variable, start, chunks, scratch, name };
                    wants.push(Want { node: *node, sink: Some(sink), span: save.span });
                }
            }
        }
        if !fresh {
            let roots: Vec<NodeId> = wants.iter().map(|want| want.node).collect();
            let replaced = pass::substitute(&mut self.graph, &roots, &self.known);
            wants.iter_mut().zip(replaced).for_each(|(want, node)| want.node = node);
        }
        planned(&mut self.graph, &wants, &self.runtime)
    }

    /// How a variable is saved: in chunks as those it is computed from, so that blocks of the run hold whole ones of both.
    pub(super) fn spec(&self, saved: &Saved, unlimited: &[Name]) -> VarSpec {
        let Saved { attrs, compress, chunks, shards, grown, .. } = saved.clone();
        let spec = VarSpec {
            attrs,
            compress,
            chunks,
            shards,
            unlimited: unlimited.to_vec(),
            grown,
            ..VarSpec::new(saved.name.clone(), saved.ty.clone())
        };
        if spec.chunks.is_some() {
            return spec;
        }
        let bytes = |chunks: &Vec<u64>| chunks.iter().fold(spec.ty.dtype.size() as u64, |all, size| all.saturating_mul(*size));
        let chunks = saved.parts.iter().find_map(|(node, _)| read::chunks(&self.graph, *node));
        let within =
            |chunks: Vec<u64>| chunks.into_iter().zip(&saved.ty.dims).map(|(chunk, dim)| chunk.min(dim.size.known().unwrap_or(chunk)));
        let chunks = chunks.map(|chunks| within(chunks).map(|chunk| chunk.max(1)).collect());
        VarSpec { chunks: chunks.filter(|chunks| USUAL_CHUNK.contains(&bytes(chunks))), ..spec }
    }

    /// Computes values and writes files, in one plan.
    pub(super) fn run(&mut self, nodes: &[NodeId], saves: &[SaveFile], fresh: bool) -> Outcome<Vec<Option<Array>>> {
        let plan = self.plan(nodes, saves, fresh)?;
        let mut sinks: Vec<Arc<dyn Sink>> = Vec::with_capacity(saves.len());
        for save in saves {
            let variables: Vec<VarSpec> = save.variables.iter().map(|saved| self.spec(saved, &save.unlimited)).collect();
            let SaveFile { path, attrs, coords, .. } = save.clone();
            sinks.push(crate::io::save::create(&path, &FileSpec { variables, attrs, coords }).map_err(|error| error.or_at(save.span))?);
        }
        let results = self.runtime.run(&self.graph, &plan, &self.held.memory, &sinks, &*self.observer)?;
        for (sink, save) in sinks.into_iter().zip(saves) {
            sink.finish().map_err(|error| error.or_at(save.span))?;
        }
        if !fresh {
            for (node, array) in nodes.iter().zip(&results) {
                let small = |array: &&Array| array.ty().bytes().is_some_and(|bytes| bytes <= KEPT);
                if let Some(array) = array.as_ref().filter(small)
                    && !matches!(self.graph.node(*node).op, Op::Constant(_) | Op::Memory(_))
                {
                    let Some(own) = self.compact(array) else { continue };
                    let kept = self.hold(own, self.graph.node(*node).span);
                    self.known.insert(*node, kept);
                }
            }
        }
        Ok(results)
    }

    /// An array in no more memory than it needs; `None` if there is none for a copy.
    fn compact(&self, array: &Array) -> Option<Array> {
        let bytes = array.ty().bytes()? as usize;
        if array.buffer().len() <= 2 * bytes.max(64) {
            return Some(array.clone());
        }
        let mut buffer = self.runtime.pool.take(bytes)?;
        array.copy_to(buffer.bytes_mut());
        Some(Array::new(array.ty().clone(), Arc::new(buffer)))
    }

    /// The value of a scalar now, after all that was asked for before it.
    pub fn scalar(&mut self, node: NodeId, out: &mut dyn Output) -> Outcome<Scalar> {
        if let Op::Constant(value) = self.graph.node(node).op {
            return Ok(value);
        }
        let results = self.flush(&[node], out)?;
        let value = results.first().and_then(Array::item);
        value.ok_or_else(|| Diagnostic::new(Code::Internal, "a scalar that has no value"))
    }

    /// The value of a stored variable; times and coordinates are read now.
    pub fn variable(&mut self, path: &str, variable: &str, span: Span) -> Outcome<NodeId> {
        let (file, at) = files::locate(&self.runtime, path, variable).map_err(|error| error.or_at(span))?;
        let decode = file.decode(at);
        if decode.time.is_some() {
            let array = file.ty(at).and_then(|ty| file.values(at, ty)).map_err(|error| error.or_at(span))?;
            return Ok(self.hold(array, span));
        }
        let Evaluator { runtime, graph, held, known, observer, .. } = self;
        let mut now = Now { runtime, held, known, observer: &**observer };
        let mut b = GraphBuild::new(graph, &mut now, false);
        b.at(span);
        read::variable(&mut b, &file, at).map(|a| NodeId(a.0)).map_err(|error| error.or_at(span))
    }

    /// The kernels of a function, optimised, made once.
    pub fn module(&mut self, world: &World, inst: InstId) -> Outcome<(Arc<Module>, ModuleId)> {
        if let Some(known) = self.modules.get(&inst) {
            return Ok(known.clone());
        }
        let mut module = lower::lower(world, inst, self.runtime.limits.checked)?;
        passes::optimise(&mut module, &passes::PassOptions::default())?;
        let module = Arc::new(module);
        let id = self.graph.add_module(module.clone());
        self.modules.insert(inst, (module.clone(), id));
        Ok((module, id))
    }

    /// A function of scalars over arrays: its operands meet by the rules of broadcasting.
    pub fn elementwise(&mut self, world: &World, inst: InstId, args: &[Val], span: Span) -> Outcome<Val> {
        let (module, id) = self.module(world, inst)?;
        let mut operands = Vec::new();
        args.iter().try_for_each(|arg| flatten(arg, &mut operands, span))?;
        let instance = world.instance(inst);
        let params: Vec<DType> = instance.params.iter().flat_map(|param| scalars_of(&instance.locals[param.0 as usize].ty)).collect();
        let results: Vec<DType> = scalars_of(&instance.result);
        if module.kernels[0].results.len() != results.len() || params.len() != operands.len() {
            return Err(internal(span, "a function over elements with other results than its type says"));
        }
        let Evaluator { runtime, graph, held, known, observer, .. } = self;
        let mut now = Now { runtime, held, known, observer: &**observer };
        let mut b = GraphBuild::new(graph, &mut now, false);
        b.at(span);
        let operands: Vec<A> = operands.into_iter().map(|node| A(node.0)).collect();
        let operands = cast_operands(&mut b, &operands, &params)?;
        let values = b.apply(id, &results, &operands)?;
        let mut values = values.into_iter().map(|a| NodeId(a.0));
        regroup(&instance.result, &mut values, span)
    }

    /// Calls a function that loops: as part of the graph where its loops are maps and reductions over whole arrays, else compiled, now, on
    /// arrays in memory.
    pub fn kernel(&mut self, world: &World, inst: InstId, args: Vec<Val>, expr: &Expr, out: &mut dyn Output) -> Outcome<Val> {
        let span = expr.span;
        let mut nodes = Vec::new();
        args.iter().try_for_each(|arg| flatten(arg, &mut nodes, span))?;
        let (module, _) = self.module(world, inst)?;
        let types = arrays_of(&expr.ty);
        let values = match self.pieces(world.instance(inst), &args, &nodes) {
            None => self.called(&module, &nodes, &types, span, out)?,
            Some((parted, count)) => self.called_in_parts(&module, &nodes, (&parted, count), &types, span, out)?,
        };
        regroup(&expr.ty, &mut values.into_iter(), span)
    }

    /// A compiled function over whole arrays, in memory.
    pub(super) fn called(
        &mut self,
        module: &Module,
        nodes: &[NodeId],
        types: &[ArrayTy],
        span: Span,
        out: &mut dyn Output,
    ) -> Outcome<Vec<NodeId>> {
        let arrays = self.flush(nodes, out)?;
        let results = self.runtime.call(module, &arrays, span)?;
        let mut values = Vec::with_capacity(results.len());
        for (result, ty) in results.into_iter().zip(types) {
            values.push(match result {
                Ret::Scalar(value) => self.graph.constant(Scalar { dtype: ty.dtype, bits: value.bits }, span),
                Ret::Array(array) => {
                    let mut named = array.ty().clone();
                    named.dtype = ty.dtype;
                    named.dims.iter_mut().zip(&ty.dims).for_each(|(dim, known)| *dim = dim.labelled(known));
                    self.hold(array.retyped(named), span)
                }
            });
        }
        Ok(values)
    }

    /// The part of an array that is printed: all of it, or its edges.
    pub fn edges(&mut self, node: NodeId, out: &mut dyn Output) -> Outcome<NodeId> {
        let ty = self.graph.node(node).ty.clone();
        let span = self.graph.node(node).span;
        let shown = display::shown(&ty.shape().unwrap_or_default());
        self.with_builder(span, out, |b| {
            let mut whole = A(node.0);
            for (axis, ranges) in shown.iter().enumerate().filter(|(_, ranges)| ranges.len() > 1) {
                let mut parts = Vec::with_capacity(ranges.len());
                for range in ranges {
                    let [lo, hi] = [range.start, range.end].map(|at| b.constant(Scalar::i64(at as i64)));
                    let mut index = vec![SliceArg::Range { lo: None, hi: None, step: 1 }; axis];
                    index.push(SliceArg::Range { lo: Some(lo), hi: Some(hi), step: 1 });
                    parts.push(b.slice(whole, &index)?);
                }
                whole = b.concat(&parts, axis)?;
            }
            Ok(NodeId(whole.0))
        })
    }

    /// A text with all its values, computed now.
    pub fn rendered(&mut self, text: &Text, out: &mut dyn Output) -> Outcome<String> {
        if let Some(text) = super::value::plain(text) {
            return Ok(text);
        }
        let mut nodes = Vec::new();
        self.printed_nodes(text, &mut nodes, out)?;
        let values = self.flush(&nodes, out)?;
        Ok(self.render(text, &mut values.into_iter()))
    }

    /// The nodes that a text prints, in order.
    pub(super) fn printed_nodes(&mut self, text: &Text, nodes: &mut Vec<NodeId>, out: &mut dyn Output) -> Outcome<()> {
        for piece in text {
            if let Piece::Value { value, .. } = piece {
                self.value_nodes(value, nodes, out)?;
            }
        }
        Ok(())
    }

    fn value_nodes(&mut self, value: &Val, nodes: &mut Vec<NodeId>, out: &mut dyn Output) -> Outcome<()> {
        match value {
            Val::Array(node) => nodes.push(self.edges(*node, out)?),
            Val::Text(text) => self.printed_nodes(text, nodes, out)?,
            Val::Tuple(items) => {
                for item in items {
                    self.value_nodes(item, nodes, out)?;
                }
            }
            Val::Record(fields) => {
                for (_, item) in fields {
                    self.value_nodes(item, nodes, out)?;
                }
            }
            Val::Range { lo, hi, step } => nodes.extend([*lo, *hi, *step]),
            Val::Function(_) | Val::Dataset(_) | Val::Unit => {}
        }
        Ok(())
    }

    /// A text with the values of its nodes, in the order of `printed_nodes`.
    pub(super) fn render(&self, text: &Text, values: &mut dyn Iterator<Item = Array>) -> String {
        let mut line = String::new();
        for piece in text {
            match piece {
                Piece::Text(text) => line.push_str(text),
                Piece::Value { value, ty, format } => line.push_str(&self.render_value(value, ty, format.as_deref(), values)),
            }
        }
        line
    }

    fn render_value(&self, value: &Val, ty: &Ty, format: Option<&str>, values: &mut dyn Iterator<Item = Array>) -> String {
        match value {
            Val::Array(node) => {
                let shape = self.graph.node(*node).ty.shape().unwrap_or_default();
                let Some(array) = values.next() else { return String::new() };
                match (format, array.item().filter(|_| shape.is_empty())) {
                    (Some(format), Some(value)) => display::format_scalar(value, format),
                    _ => display::array(&array, &shape),
                }
            }
            Val::Text(text) => {
                let text = self.render(text, values);
                format.map_or(text.clone(), |format| display::format_text(&text, format))
            }
            Val::Tuple(items) => {
                let types: &[Ty] = if let Ty::Tuple(types) = ty { types } else { &[] };
                let show = |(at, item)| self.render_value(item, types.get(at).unwrap_or(&Ty::Unit), format, values);
                let items: Vec<String> = items.iter().enumerate().map(show).collect();
                format!("({}{})", items.join(", "), if items.len() == 1 { "," } else { "" })
            }
            Val::Record(fields) => {
                let types: &[(Name, Ty)] = if let Ty::Record(types) = ty { types } else { &[] };
                let show = |(at, (name, item)): (usize, &(Name, Val))| {
                    let ty = types.get(at).map_or(&Ty::Unit, |(_, ty)| ty);
                    format!("{name} = {}", self.render_value(item, ty, format, values))
                };
                format!("({})", fields.iter().enumerate().map(show).collect::<Vec<_>>().join(", "))
            }
            Val::Range { .. } => {
                let mut bound = || values.next().and_then(|array| array.item()).map_or(String::new(), display::scalar);
                let (lo, hi, step) = (bound(), bound(), bound());
                if step == "1" { format!("{lo}..{hi}") } else { format!("{lo}..{hi} by {step}") }
            }
            Val::Dataset(dataset) => super::dataset::summary(dataset),
            Val::Function(_) | Val::Unit => ty.to_string(),
        }
    }
}

/// The nodes of a value in order, tuples and records taken apart: the convention of compiled functions.
fn flatten(value: &Val, nodes: &mut Vec<NodeId>, span: Span) -> Outcome<()> {
    match value {
        Val::Array(node) => nodes.push(*node),
        Val::Tuple(items) | Val::Function(items) => items.iter().try_for_each(|item| flatten(item, nodes, span))?,
        Val::Record(fields) => fields.iter().try_for_each(|(_, item)| flatten(item, nodes, span))?,
        Val::Range { lo, hi, step } => nodes.extend([*lo, *hi, *step]),
        Val::Text(_) | Val::Dataset(_) => {
            let error = Diagnostic::at(Code::NotInKernel, span, "a compiled function takes numbers and arrays only");
            return Err(error.help("read texts and files outside of the function"));
        }
        Val::Unit => {}
    }
    Ok(())
}

/// The value of a type from its nodes: the inverse of `flatten`.
fn regroup(ty: &Ty, nodes: &mut dyn Iterator<Item = NodeId>, span: Span) -> Outcome<Val> {
    let mut next = || nodes.next().ok_or_else(|| internal(span, "a compiled function gave too few values"));
    Ok(match ty {
        Ty::Array(_) => Val::Array(next()?),
        Ty::Range => Val::Range { lo: next()?, hi: next()?, step: next()? },
        Ty::Tuple(items) => Val::Tuple(items.iter().map(|item| regroup(item, nodes, span)).collect::<Outcome<_>>()?),
        Ty::Record(fields) => {
            let field = |(name, ty): &(Name, Ty)| Ok((name.clone(), regroup(ty, nodes, span)?));
            Val::Record(fields.iter().map(field).collect::<Outcome<_>>()?)
        }
        Ty::Function(function) => Val::Function(function.captures.iter().map(|(_, ty)| regroup(ty, nodes, span)).collect::<Outcome<_>>()?),
        _ => Val::Unit,
    })
}

/// The array types in a type, in the order of `flatten`.
fn arrays_of(ty: &Ty) -> Vec<ArrayTy> {
    match ty {
        Ty::Array(ty) => vec![ty.clone()],
        Ty::Range => vec![ArrayTy::scalar(DType::I64); 3],
        Ty::Tuple(items) => items.iter().flat_map(arrays_of).collect(),
        Ty::Record(fields) => fields.iter().flat_map(|(_, ty)| arrays_of(ty)).collect(),
        Ty::Function(function) => function.captures.iter().flat_map(|(_, ty)| arrays_of(ty)).collect(),
        _ => Vec::new(),
    }
}

fn scalars_of(ty: &Ty) -> Vec<DType> {
    arrays_of(ty).into_iter().map(|ty| ty.dtype).collect()
}
