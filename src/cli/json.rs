//! Results and diagnostics as lines of JSON, for editors and scripts: one object a line, its `kind` says what it is.

use crate::base::{Diagnostic, Severity, SourceMap, Span};
use serde_json::{Value, json};

/// `{"kind": …, "text": …}`
pub fn line(kind: &str, text: &str) -> String {
    json!({ "kind": kind, "text": text }).to_string()
}

/// The value of a bare expression with its type.
pub fn value(ty: &str, text: &str) -> String {
    json!({ "kind": "value", "type": ty, "text": text }).to_string()
}

/// Wrong usage.
pub fn failure(message: &str, help: &str) -> String {
    json!({ "kind": "diagnostic", "severity": "error", "code": null, "message": message, "labels": [], "help": help, "notes": [] })
        .to_string()
}

/// Lines and columns count from 1, columns in characters; `start` and `end` are bytes.
pub fn diagnostic(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let labels: Vec<Value> = diagnostic.labels.iter().filter_map(|label| place(label.span, &label.text, sources)).collect();
    json!({
        "kind": "diagnostic",
        "severity": severity,
        "code": diagnostic.code.to_string(),
        "message": diagnostic.message,
        "labels": labels,
        "help": diagnostic.help,
        "notes": diagnostic.notes,
    })
    .to_string()
}

fn place(span: Span, text: &str, sources: &SourceMap) -> Option<Value> {
    let source = sources.get(span.source)?;
    let (line, column) = source.line_col(span.start);
    let (end_line, end_column) = source.line_col(span.end);
    Some(json!({
        "source": source.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "start": span.start,
        "end": span.end,
        "text": text,
    }))
}
