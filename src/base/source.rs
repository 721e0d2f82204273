//! Source texts and positions in them.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which text a span lies in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourceId(pub u32);

/// A byte range in one source text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    pub source: SourceId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(source: SourceId, start: usize, end: usize) -> Span {
        Span { source, start: start as u32, end: end as u32 }
    }
    /// The smallest span that covers both; both lie in one source.
    pub fn to(self, other: Span) -> Span {
        Span { source: self.source, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// One text: a script, a line of the REPL, a module.
#[derive(Clone, Debug)]
pub struct Source {
    /// What messages call it: a path, `<repl 3>`, `<-e>`.
    pub name: String,
    pub text: Arc<str>,
    line_starts: Arc<[u32]>,
}

impl Source {
    pub fn new(name: impl Into<String>, text: impl Into<Arc<str>>) -> Source {
        let text = text.into();
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at as u32 + 1)).collect();
        Source { name: name.into(), text, line_starts }
    }
    /// Line and column (in characters), both from 1, of a byte offset.
    pub fn line_col(&self, offset: u32) -> (usize, usize) {
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = self.line_starts[line - 1] as usize;
        let end = (offset as usize).clamp(start, self.text.len());
        let col = self.text.as_bytes()[start..end].iter().filter(|b| (**b & 0xC0) != 0x80).count();
        (line, col + 1)
    }
}

/// All texts of a session. Cheap to clone: texts are shared.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    sources: Vec<Source>,
}

impl SourceMap {
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> SourceId {
        self.sources.push(Source::new(name, text));
        SourceId(self.sources.len() as u32 - 1)
    }
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.sources.get(id.0 as usize)
    }
    /// The text a span covers; empty for a span of no source here.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.source).and_then(|s| s.text.get(span.start as usize..span.end as usize)).unwrap_or("")
    }
    /// `line N` of a span's start, for messages that point at a second place.
    pub fn line(&self, span: Span) -> usize {
        self.get(span.source).map_or(0, |s| s.line_col(span.start).0)
    }
}
