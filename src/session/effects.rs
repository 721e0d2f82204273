//! Effects in program order. Prints and saves wait, so that what is asked for together is planned together; they happen, in order, before
//! anything whose outcome the program depends on, and at its end.

use super::Output;
use super::driver::{Driver, Frame, internal};
use super::evaluator::Evaluator;
use super::saving::{self, Appends, SaveFile};
use super::value::{Piece, Text, Val, plain};
use crate::array::{Array, Scalar};
use crate::base::{Code, Diagnostic, Outcome, Span};
use crate::builtins::Effect;
use crate::graph::NodeId;
use crate::plan::explain::explain;
use crate::sema::hir::{Argument, CallArgs, Expr};
use std::path::Path;
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
    Save(SaveFile),
}

impl Pending {
    /// Adds all nodes that it is made of.
    pub fn nodes(&self, nodes: &mut Vec<NodeId>) {
        match self {
            Pending::Print { text, .. } => text.iter().for_each(|piece| piece.nodes(nodes)),
            Pending::Save(file) => nodes.extend(file.variables.iter().flat_map(|saved| &saved.parts).map(|(node, _)| *node)),
        }
    }
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
            saving::save(driver, frame, args, path, span).map(|()| Val::Unit)
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
                Pending::Save(file) => saves.push(file.clone()),
            }
        }
        if self.explained.is_some() {
            let plan = self.plan(&wanted, &saves, false)?;
            self.explained.iter_mut().for_each(|plans| plans.push(plan.clone()));
            return if nodes.is_empty() { Ok(Vec::new()) } else { self.compute(nodes, false) };
        }
        wanted.extend_from_slice(nodes);
        let values = self.run(&wanted, &saves, false);
        for file in saves.iter().filter(|file| file.appends == Some(Appends::Opened)) {
            self.runtime.close(&file.path.to_string_lossy());
        }
        let mut values = values?.into_iter().flatten();
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
