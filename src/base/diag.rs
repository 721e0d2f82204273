//! Diagnostics as data: code, message, labelled spans, help. Rendering is the command line's and the REPL's.

use super::{Code, Span};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Severity {
    Error,
    Warning,
}

/// A place in the source with what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// One error or warning. The first label is the main place; there may be none (a file error on the command line).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    pub message: String,
    pub labels: Vec<Label>,
    pub help: Option<String>,
    pub notes: Vec<String>,
}

/// Result of anything that can fail with one diagnostic.
pub type Outcome<T> = Result<T, Box<Diagnostic>>;

impl Diagnostic {
    pub fn new(code: Code, message: impl Into<String>) -> Box<Diagnostic> {
        Box::new(Diagnostic { code, severity: Severity::Error, message: message.into(), labels: Vec::new(), help: None, notes: Vec::new() })
    }
    /// An error with its main place.
    pub fn at(code: Code, span: Span, message: impl Into<String>) -> Box<Diagnostic> {
        Diagnostic::new(code, message).label(span, "")
    }
    pub fn label(mut self: Box<Self>, span: Span, text: impl Into<String>) -> Box<Diagnostic> {
        self.labels.push(Label { span, text: text.into() });
        self
    }
    /// Says something of the main place, which `at` left without a text.
    pub fn says(mut self: Box<Self>, text: impl Into<String>) -> Box<Diagnostic> {
        if let Some(first) = self.labels.first_mut() {
            first.text = text.into();
        }
        self
    }
    pub fn help(mut self: Box<Self>, text: impl Into<String>) -> Box<Diagnostic> {
        self.help = Some(text.into());
        self
    }
    pub fn note(mut self: Box<Self>, text: impl Into<String>) -> Box<Diagnostic> {
        self.notes.push(text.into());
        self
    }
    pub fn warning(mut self: Box<Self>) -> Box<Diagnostic> {
        self.severity = Severity::Warning;
        self
    }
    /// Gives an error that was made without a place its place; keeps a place that is there.
    pub fn or_at(mut self: Box<Self>, span: Span) -> Box<Diagnostic> {
        if self.labels.is_empty() {
            self.labels.push(Label { span, text: String::new() });
        }
        self
    }
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// The closest of `known` to `wanted` by edit distance, where it is close enough to be meant: not every letter may differ.
pub fn did_you_mean<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = wanted.chars().count();
    let limit = (length / 3).max(1).min(length.saturating_sub(1));
    known.into_iter().map(|name| (edit_distance(wanted, name), name)).filter(|(distance, _)| *distance <= limit).min().map(|(_, name)| name)
}

/// Optimal string alignment distance (Levenshtein with transpositions). O(|a|·|b|).
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 8 {
        return usize::MAX;
    }
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let change = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = change.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_the_nearest_name() {
        assert_eq!(did_you_mean("tim", ["time", "lat"]), Some("time"));
        assert_eq!(did_you_mean("maen", ["mean", "min"]), Some("mean"));
        assert_eq!(did_you_mean("zzz", ["time", "lat"]), None);
        assert_eq!(did_you_mean("x", ["T", "e"]), None);
    }
}
