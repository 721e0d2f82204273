//! Effects in program order. Prints and saves wait, so that what is asked for together is planned together; they happen, in order, before
//! anything whose outcome the program depends on, and at its end.

use super::Output;
use super::driver::{Driver, Frame, internal};
use super::evaluator::{Evaluator, SaveFile};
use super::value::{Piece, Text, Val, plain};
use crate::array::{Array, Scalar};
use crate::base::{Code, Diagnostic, Name, Outcome, Span};
use crate::builtins::Effect;
use crate::graph::NodeId;
use crate::io::{Attr, AttrValue};
use crate::plan::explain::explain;
use crate::sema::hir::{Argument, CallArgs, Expr};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Effects that wait; beyond this many they are done, so that a long loop shows what it prints.
const MOST_PENDING: usize = 256;

/// An effect that waits.
pub enum Pending {
    /// A line of text, whose values are computed with everything else; `shown` for a result of the REPL, with its type.
    Print {
        text: Text,
        shown: Option<String>,
        span: Span,
    },
    Save {
        path: PathBuf,
        variables: Vec<Saved>,
        span: Span,
    },
}

impl Pending {
    /// Adds all nodes that it is made of.
    pub fn nodes(&self, nodes: &mut Vec<NodeId>) {
        match self {
            Pending::Print { text, .. } => text.iter().for_each(|piece| piece.nodes(nodes)),
            Pending::Save { variables, .. } => nodes.extend(variables.iter().map(|saved| saved.node)),
        }
    }
}

/// A variable to be saved.
#[derive(Clone)]
pub struct Saved {
    pub name: Name,
    pub node: NodeId,
    pub attrs: Vec<Attr>,
    /// Compression from 0 to 9; none if it is not given.
    pub compress: Option<u8>,
}

/// Does, or queues, the effect of a call.
pub fn effect(driver: &mut Driver, frame: &mut Frame, effect: Effect, args: &CallArgs, expr: &Expr) -> Outcome<Val> {
    let span = expr.span;
    let first = args.values.iter().flatten().chain(args.rest.iter().map(|(_, argument)| argument)).find_map(|argument| match argument {
        Argument::Expr(expr) => Some(expr),
        _ => None,
    });
    match effect {
        Effect::Print => {
            let mut text: Text = Vec::new();
            let given = args.values.iter().flatten().chain(args.rest.iter().map(|(_, argument)| argument));
            for (at, argument) in given.enumerate() {
                let Argument::Expr(value) = argument else { return Err(internal(span, "only values are printed")) };
                if at > 0 {
                    text.push(Piece::Text(" ".into()));
                }
                text.extend(driver.text(frame, value)?);
            }
            driver.engine.pending.push(Pending::Print { text, shown: None, span });
            if driver.engine.pending.len() >= MOST_PENDING {
                driver.engine.flush(&[], driver.out)?;
            }
            Ok(Val::Unit)
        }
        Effect::Save => {
            let Some(path) = first else { return Err(internal(span, "a save without a path")) };
            let text = driver.text(frame, path)?;
            let path = driver.engine.rendered(&text, driver.out)?;
            let mut variables = Vec::new();
            let values = args.values.iter().skip(1).flatten().map(|argument| (None, argument));
            for (name, argument) in values.chain(args.rest.iter().map(|(name, argument)| (name.clone(), argument))) {
                let Argument::Expr(value) = argument else { return Err(internal(span, "only values are saved")) };
                let result = driver.expr(frame, value)?;
                variables.push(saved(driver, name.unwrap_or_else(|| Name::from("data")), result, value)?);
            }
            if variables.is_empty() {
                return Err(Diagnostic::at(Code::Arguments, span, "there is nothing to save").help("`save(\"out.nc\", sst = x)`"));
            }
            crate::io::save::check_extension(Path::new(&path)).map_err(|error| error.or_at(span))?;
            if driver.engine.runtime.is_open(&path) {
                let error = Diagnostic::at(Code::SaveOverInput, span, format!("{path} is read by this program"));
                return Err(error.help("save to another name"));
            }
            driver.engine.pending.push(Pending::Save { path: PathBuf::from(path), variables, span });
            Ok(Val::Unit)
        }
        Effect::Open => match driver_open(expr) {
            Some(value) => Ok(value),
            None => Err(Diagnostic::at(Code::Type, span, "the path must be known when the program is checked").help("write it as a text")),
        },
        Effect::Exists => {
            let Some(path) = first else { return Err(internal(span, "no path")) };
            let text = driver.text(frame, path)?;
            let path = driver.engine.rendered(&text, driver.out)?;
            driver.engine.flush(&[], driver.out)?;
            Ok(driver.constant(Scalar::bool(Path::new(&path).exists()), span))
        }
        Effect::Explain => {
            let Some(value) = first else { return Ok(Val::Unit) };
            let value = driver.expr(frame, value)?;
            let nodes = arrays(&value);
            driver.engine.flush(&[], driver.out)?;
            let plan = driver.engine.plan(&nodes, &[], false)?;
            let text = explain(&plan, &|span| driver.sources.line(span));
            driver.out.print(text.trim_end());
            Ok(Val::Unit)
        }
        Effect::Compute => {
            let Some(value) = first else { return Ok(Val::Unit) };
            let span = value.span;
            let value = driver.expr(frame, value)?;
            let nodes = arrays(&value);
            let computed = driver.engine.flush(&nodes, driver.out)?;
            let mut held = computed.into_iter().map(|array| driver.engine.hold(array, span)).collect::<Vec<_>>().into_iter();
            Ok(replaced(value, &mut held))
        }
        Effect::Time => {
            let Some(value) = first else { return Ok(Val::Unit) };
            driver.engine.flush(&[], driver.out)?;
            // A compiled function runs where its call is evaluated, so that belongs to the time.
            let held = driver.engine.held_so_far();
            let start = Instant::now();
            let value = driver.expr(frame, value)?;
            driver.engine.compute(&arrays(&value), true)?;
            let seconds = start.elapsed().as_secs_f64();
            driver.engine.forget_since(held, frame.locals.iter().flatten());
            Ok(driver.constant(Scalar::f64(seconds), span))
        }
        Effect::Error => {
            let message = match first {
                Some(message) => {
                    let text = driver.text(frame, message)?;
                    driver.engine.rendered(&text, driver.out)?
                }
                None => "error".into(),
            };
            driver.engine.flush(&[], driver.out)?;
            Err(Diagnostic::at(Code::Assertion, span, message))
        }
    }
}

/// What is saved under one name: an array, or a record of the array (`data`), how it is stored (`compress`, 0 to 9) and its attributes,
/// which are texts and numbers.
fn saved(driver: &mut Driver, name: Name, value: Val, expr: &Expr) -> Outcome<Saved> {
    let wrong = || {
        let error = Diagnostic::at(Code::Type, expr.span, format!("only arrays and numbers are saved, this is {}", expr.ty));
        error.help("save arrays one by one; attributes go beside the array: `sst = (data = x, units = \"degC\")`")
    };
    let fields = match value {
        Val::Array(node) => return Ok(Saved { name, node, attrs: Vec::new(), compress: None }),
        Val::Record(fields) => fields,
        _ => return Err(wrong()),
    };
    let mut data = None;
    let (mut attrs, mut compress) = (Vec::new(), None);
    for (field, value) in fields {
        match value {
            Val::Array(node) if field == *"data" => data = Some(node),
            Val::Array(node) if driver.engine.graph.node(node).ty.rank() == 0 => {
                let number = driver.engine.scalar(node, driver.out)?;
                match number.as_int().filter(|_| field == *"compress") {
                    Some(level @ 0..=9) => compress = Some(level as u8),
                    Some(level) => {
                        let error = Diagnostic::at(Code::Value, expr.span, format!("compression goes from 0 to 9, found {level}"));
                        return Err(error.help("0 is none, 4 a good choice"));
                    }
                    None => attrs.push((field, AttrValue::Numbers(vec![number]))),
                }
            }
            Val::Text(text) => attrs.push((field, AttrValue::Text(driver.engine.rendered(&text, driver.out)?))),
            _ => return Err(wrong()),
        }
    }
    Ok(Saved { name, node: data.ok_or_else(wrong)?, attrs, compress })
}

/// A file that the checker has opened.
fn driver_open(expr: &Expr) -> Option<Val> {
    match &expr.ty {
        crate::types::Ty::Dataset(dataset) => Some(Val::Dataset(dataset.clone())),
        _ => None,
    }
}

/// All arrays in a value.
pub fn arrays(value: &Val) -> Vec<NodeId> {
    match value {
        Val::Array(node) => vec![*node],
        Val::Tuple(items) => items.iter().flat_map(arrays).collect(),
        Val::Record(fields) => fields.iter().flat_map(|(_, item)| arrays(item)).collect(),
        _ => Vec::new(),
    }
}

/// A value with its arrays replaced, in the order of `arrays`.
fn replaced(value: Val, nodes: &mut dyn Iterator<Item = NodeId>) -> Val {
    match value {
        Val::Array(node) => Val::Array(nodes.next().unwrap_or(node)),
        Val::Tuple(items) => Val::Tuple(items.into_iter().map(|item| replaced(item, nodes)).collect()),
        Val::Record(fields) => Val::Record(fields.into_iter().map(|(name, item)| (name, replaced(item, nodes))).collect()),
        other => other,
    }
}

impl Evaluator {
    /// Does all that waits, in order, and computes `nodes` in the same plan. If something fails, what came before it has still happened.
    pub fn flush(&mut self, nodes: &[NodeId], out: &mut dyn Output) -> Outcome<Vec<Array>> {
        let pending = std::mem::take(&mut self.pending);
        if pending.is_empty() {
            return if nodes.is_empty() { Ok(Vec::new()) } else { self.compute(nodes, false) };
        }
        match self.together(&pending, nodes, out) {
            Ok(values) => Ok(values),
            Err(error) if pending.len() + usize::from(!nodes.is_empty()) == 1 || error.code == Code::Cancelled => Err(error),
            // One after another, so that the effects before the failing one happen.
            Err(_) => {
                for effect in pending {
                    self.together(&[effect], &[], out)?;
                }
                if nodes.is_empty() { Ok(Vec::new()) } else { self.compute(nodes, false) }
            }
        }
    }

    /// Effects and values in one plan. Nothing is printed unless all of it is computed.
    fn together(&mut self, pending: &[Pending], nodes: &[NodeId], out: &mut dyn Output) -> Outcome<Vec<Array>> {
        let mut wanted = Vec::new();
        let mut saves = Vec::new();
        for effect in pending {
            match effect {
                Pending::Print { text, span, .. } => self.printed_nodes(text, &mut wanted, out).map_err(|error| error.or_at(*span))?,
                Pending::Save { path, variables, span } => {
                    saves.push(SaveFile { path: path.clone(), variables: variables.clone(), span: *span });
                }
            }
        }
        if self.explained.is_some() {
            let plan = self.plan(&wanted, &saves, false)?;
            self.explained.iter_mut().for_each(|plans| plans.push(plan.clone()));
            return if nodes.is_empty() { Ok(Vec::new()) } else { self.compute(nodes, false) };
        }
        wanted.extend_from_slice(nodes);
        let values = self.run(&wanted, &saves, false)?;
        let mut values = values.into_iter().flatten();
        for effect in pending {
            if let Pending::Print { text, shown, .. } = effect {
                let line = match plain(text) {
                    Some(line) => line,
                    None => self.render(text, &mut values),
                };
                match shown {
                    Some(ty) => out.show(ty, &line),
                    None => out.print(&line),
                }
            }
        }
        Ok(values.collect())
    }
}
