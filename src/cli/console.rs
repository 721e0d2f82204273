//! Where text goes: results to stdout, diagnostics and notes to stderr, both plain, coloured or as JSON lines. Owns what happens when
//! nobody reads any more: the run is stopped without an error.

use super::{Exit, json, progress::Progress, render};
use crate::base::{Cancel, Diagnostic, SourceMap};
use crate::session::Output;
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum When {
    Always,
    Auto,
    Never,
}

/// The terminal, or whatever stands in its place.
pub struct Console {
    pub json: bool,
    pub quiet: bool,
    /// Colours on stdout and stderr.
    color: (bool, bool),
    /// Nobody reads stdout.
    closed: AtomicBool,
}

impl Console {
    pub fn new(when: When, json: bool, quiet: bool) -> Console {
        let allowed = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let color = |terminal: bool| match when {
            When::Always => true,
            When::Auto => terminal && allowed,
            When::Never => false,
        };
        let color = (color(std::io::stdout().is_terminal()), color(std::io::stderr().is_terminal()));
        Console { json, quiet, color, closed: AtomicBool::new(false) }
    }

    /// Whether stdout takes colours.
    pub fn colored(&self) -> bool {
        self.color.0
    }

    /// Whether the reader of stdout has gone.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// A result. A newline is added unless there is one.
    pub fn result(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        let end = if text.ends_with('\n') { "" } else { "\n" };
        let done = out.write_all(text.as_bytes()).and_then(|()| out.write_all(end.as_bytes())).and_then(|()| out.flush());
        if done.is_err() {
            self.closed.store(true, Ordering::Relaxed);
        }
    }

    /// A result as it is or, with `--json`, as a line of the given kind.
    pub fn say(&self, kind: &str, text: &str) {
        if self.json { self.result(&json::line(kind, text)) } else { self.result(text) }
    }

    /// A remark, on stderr.
    pub fn note(&self, text: &str) {
        // There is nowhere to report that stderr is closed.
        let _ = writeln!(std::io::stderr().lock(), "{}", text.trim_end_matches('\n'));
    }

    /// Diagnostics, on stderr. Warnings are left out when quiet.
    pub fn report(&self, diagnostics: &[Diagnostic], sources: &SourceMap) {
        for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.is_error() || !self.quiet) {
            match self.json {
                true => self.note(&json::diagnostic(diagnostic, sources)),
                false => self.note(&render::render(diagnostic, sources, self.color.1)),
            }
        }
    }

    /// Wrong usage: what is wrong, and what to do instead.
    pub fn fail(&self, message: &str, help: &str) -> Exit {
        match self.json {
            true => self.note(&json::failure(message, help)),
            false => self.note(&format!("kiln: {message}\n  Help: {help}")),
        }
        Exit::Usage
    }

    pub fn dim<'a>(&self, text: &'a str) -> std::borrow::Cow<'a, str> {
        if self.color.0 { format!("\u{1b}[2m{text}\u{1b}[0m").into() } else { text.into() }
    }
}

/// How results of bare expressions look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// The value alone, for scripts.
    Value,
    /// With its type, for people.
    Typed,
}

/// What a run prints to.
pub struct Printer<'a> {
    pub console: &'a Console,
    pub show: Show,
    pub progress: Arc<Progress>,
    pub cancel: Cancel,
}

impl Printer<'_> {
    fn put(&self, text: &str) {
        self.progress.suspend(|| self.console.result(text));
        if self.console.is_closed() {
            self.cancel.cancel();
        }
    }
}

impl Output for Printer<'_> {
    fn print(&mut self, text: &str) {
        if self.console.json { self.put(&json::line("print", text)) } else { self.put(text) }
    }

    fn show(&mut self, ty: &str, text: &str) {
        if self.console.json {
            return self.put(&json::value(ty, text));
        }
        match self.show {
            Show::Value => self.put(text),
            Show::Typed if ty.is_empty() => self.put(text),
            // A scalar and its type are one line; an array's type stands above it, since it may be long.
            Show::Typed if !ty.contains(['[', '(']) && !text.contains('\n') => self.put(&format!("{text}  {}", self.console.dim(ty))),
            Show::Typed => self.put(&format!("{}\n{text}", self.console.dim(ty))),
        }
    }
}
