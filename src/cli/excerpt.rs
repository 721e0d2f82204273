//! The lines of a source that a diagnostic points at, made safe to print: long lines cropped, control characters replaced, spans clamped
//! to characters. Owns no layout.

use crate::base::Source;
use std::ops::Range;

/// Bytes of a line that are shown; longer ones are cropped round the first place in them.
const MAX_LINE: usize = 140;
/// Bytes kept before that place.
const BEFORE: usize = 60;

/// A text in which every line without a place is empty, so that line numbers stay, and the places in it in characters.
pub struct Excerpt {
    pub text: String,
    /// For each span its characters in `text`.
    pub places: Vec<Range<usize>>,
    /// Lines and columns of each span's start in the source, from 1.
    pub positions: Vec<(usize, usize)>,
    /// Columns that cropping took from the start of each span's line.
    pub cropped: Vec<usize>,
}

/// The visible part of one line: its bytes in the source, and where it begins in the excerpt.
struct Shown {
    line: usize,
    bytes: Range<usize>,
    /// Characters of the excerpt before it, the mark of a cropped start included.
    chars: usize,
    cropped: usize,
}

/// Cuts out the lines that byte ranges of a source start and end in. O(their lines).
pub fn excerpt(source: &Source, spans: &[Range<usize>]) -> Excerpt {
    let text: &str = &source.text;
    let spans: Vec<Range<usize>> = spans.iter().map(|span| clamp(text, span)).collect();
    let mut ends: Vec<usize> = spans.iter().flat_map(|span| [span.start, last(text, span)]).collect();
    ends.sort_unstable();
    let mut out = String::new();
    let mut chars = 0;
    let mut shown: Vec<Shown> = Vec::new();
    let mut lines = 1;
    for at in ends {
        let line = source.line_col(at as u32).0;
        if shown.last().is_some_and(|last| last.line == line) {
            continue;
        }
        while lines < line {
            out.push('\n');
            chars += 1;
            lines += 1;
        }
        let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
        let bytes = if end - start <= MAX_LINE { start..end } else { window(text, start..end, at) };
        let cropped = text[start..bytes.start].chars().count();
        if cropped > 0 {
            out.push('…');
            chars += 1;
        }
        shown.push(Shown { line, bytes: bytes.clone(), chars, cropped: cropped.saturating_sub(1) });
        out.extend(text[bytes.clone()].chars().map(printable));
        chars += text[bytes.clone()].chars().count();
        if bytes.end < end {
            out.push('…');
            chars += 1;
        }
        out.push('\n');
        chars += 1;
        lines += 1;
    }
    let within = |at: usize| {
        let line = source.line_col(at as u32).0;
        let found = shown.binary_search_by_key(&line, |shown| shown.line).ok().map(|index| &shown[index]);
        found.map_or((0, 0), |shown| {
            let at = at.clamp(shown.bytes.start, shown.bytes.end);
            (shown.chars + text[shown.bytes.start..at].chars().count(), shown.cropped)
        })
    };
    let places = spans.iter().map(|span| within(span.start).0..within(last(text, span)).0 + usize::from(!span.is_empty())).collect();
    let positions = spans.iter().map(|span| source.line_col(span.start as u32)).collect();
    let cropped = spans.iter().map(|span| within(span.start).1).collect();
    if out.is_empty() {
        out.push('\n');
    }
    Excerpt { text: out, places, positions, cropped }
}

/// The span cut down to the text and widened to whole characters.
fn clamp(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start);
    start..text.ceil_char_boundary(span.end).max(start)
}

/// Where the last character of a span starts.
fn last(text: &str, span: &Range<usize>) -> usize {
    if span.is_empty() { span.start } else { text.floor_char_boundary(span.end - 1) }
}

/// The part of a long line round a place.
fn window(text: &str, line: Range<usize>, at: usize) -> Range<usize> {
    let start = text.floor_char_boundary(at.saturating_sub(BEFORE).max(line.start));
    start..text.floor_char_boundary((start + MAX_LINE).min(line.end))
}

/// A character that moves no cursor and hides nothing.
pub fn printable(c: char) -> char {
    match c {
        '\t' => c,
        '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => '\u{fffd}',
        '\r' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}
