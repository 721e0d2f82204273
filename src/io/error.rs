//! File errors as diagnostics: every one names the path and the reason in words.

use crate::base::{Code, Diagnostic};
use std::io::ErrorKind;
use std::path::Path;

/// A path as it is shown in messages.
pub fn shown(path: &Path) -> String {
    format!("\"{}\"", path.display())
}

/// K0601: the system refused. `doing` is what was tried: `open`, `read`, `write`.
pub fn system(doing: &str, path: &Path, error: &std::io::Error) -> Box<Diagnostic> {
    let reason = match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_string(),
        ErrorKind::PermissionDenied => "permission denied".to_string(),
        ErrorKind::IsADirectory => "it is a folder".to_string(),
        ErrorKind::StorageFull => "the disk is full".to_string(),
        ErrorKind::QuotaExceeded => "there is no room left for this user".to_string(),
        ErrorKind::UnexpectedEof => "it ends before its data does (was it cut short, or changed while it was read?)".to_string(),
        _ => error.to_string(),
    };
    Diagnostic::new(Code::File, format!("cannot {doing} {}: {reason}", shown(path)))
}

/// K0602: the file is damaged, or not what it says.
pub fn damaged(path: &Path, reason: impl std::fmt::Display) -> Box<Diagnostic> {
    Diagnostic::new(Code::Format, format!("cannot read {}: {reason}", shown(path)))
}
