//! How diagnostics look on a terminal: with the source lines they point at, or on one line. Returns text, prints nothing.

use super::excerpt::{Excerpt, excerpt, printable};
use crate::base::{Diagnostic, Label, Severity, SourceId, SourceMap};
use ariadne::{Color, Config, Report, ReportKind, Source};
use std::collections::HashMap;
use std::fmt::Write;
use std::ops::Range;

/// A diagnostic with code, message, the lines it points at, help and notes. Any span is accepted: those outside their text are cut down
/// to it, labels of unknown sources are left out, lines of any length are cropped.
pub fn render(diagnostic: &Diagnostic, sources: &SourceMap, color: bool) -> String {
    let labels: Vec<&Label> = diagnostic.labels.iter().filter(|label| sources.get(label.span.source).is_some()).collect();
    if labels.is_empty() {
        return plain(diagnostic, color);
    }
    let excerpts = excerpts(&labels, sources);
    let mut taken: HashMap<SourceId, usize> = HashMap::new();
    let mut places: Vec<(SourceId, Range<usize>)> = Vec::new();
    for label in &labels {
        let index = taken.entry(label.span.source).or_default();
        places.push((label.span.source, excerpts[&label.span.source].places[*index].clone()));
        *index += 1;
    }
    let config = Config::new().with_color(color);
    let mut report = Report::build(ReportKind::Error, places[0].clone()).with_config(config);
    let mut order: Vec<usize> = (0..labels.len()).collect();
    // The main source first; within a source by place, else ariadne shows it more than once.
    order.sort_by_key(|index| (places[*index].0 != places[0].0, places[*index].0, places[*index].1.end));
    for (rank, index) in order.into_iter().enumerate() {
        let text = if labels[index].text.is_empty() { "here".to_string() } else { clean(&labels[index].text) };
        let shade = if index == 0 { main_color(diagnostic) } else { Color::Cyan };
        // The order keeps the lines of one source together even where it is not the first.
        report = report.with_label(ariadne::Label::new(places[index].clone()).with_message(text).with_color(shade).with_order(rank as i32));
    }
    if let Some(help) = &diagnostic.help {
        report = report.with_help(clean(help));
    }
    for note in &diagnostic.notes {
        report = report.with_note(clean(note));
    }
    let mut out = Vec::new();
    let cache = Sources { names: sources, texts: excerpts.iter().map(|(id, excerpt)| (*id, Source::from(excerpt.text.clone()))).collect() };
    match report.finish().write(cache, &mut out) {
        Ok(()) => {
            let body = with_columns(String::from_utf8_lossy(&out).into_owned(), &excerpts, places[0].0);
            // The first line is ariadne's own header.
            body.lines().skip(1).fold(header(diagnostic, color), |text, line| text + line.trim_end() + "\n")
        }
        Err(_) => plain(diagnostic, color),
    }
}

/// `path:line:col: error[K0102]: message`, for editors and scripts.
pub fn render_line(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let place = diagnostic.labels.iter().find_map(|label| sources.get(label.span.source).map(|source| (source, label.span.start)));
    let message = clean(&diagnostic.message).replace('\n', " ");
    match place {
        Some((source, start)) => {
            let (line, col) = source.line_col(start);
            format!("{}:{line}:{col}: {}: {message}", clean(&source.name), title(diagnostic))
        }
        None => format!("{}: {message}", title(diagnostic)),
    }
}

fn title(diagnostic: &Diagnostic) -> String {
    let word = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    format!("{word}[{}]", diagnostic.code)
}

fn main_color(diagnostic: &Diagnostic) -> Color {
    match diagnostic.severity {
        Severity::Error => Color::Red,
        Severity::Warning => Color::Yellow,
    }
}

/// `error[K0102]: message`
fn header(diagnostic: &Diagnostic, color: bool) -> String {
    let (on, off) = match (color, diagnostic.severity) {
        (false, _) => ("", ""),
        (true, Severity::Error) => ("\u{1b}[31m", "\u{1b}[0m"),
        (true, Severity::Warning) => ("\u{1b}[33m", "\u{1b}[0m"),
    };
    format!("{on}{}:{off} {}\n", title(diagnostic), clean(&diagnostic.message))
}

/// A diagnostic that points at no source.
fn plain(diagnostic: &Diagnostic, color: bool) -> String {
    let mut out = header(diagnostic, color);
    let more = diagnostic.help.iter().map(|help| ("Help", help)).chain(diagnostic.notes.iter().map(|note| ("Note", note)));
    for (kind, text) in more {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  {kind}: {}", clean(text));
    }
    out
}

/// Text from elsewhere (paths, names, pieces of programs) must not steer the terminal.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { c } else { printable(c) }).collect()
}

fn excerpts(labels: &[&Label], sources: &SourceMap) -> HashMap<SourceId, Excerpt> {
    let mut spans: HashMap<SourceId, Vec<Range<usize>>> = HashMap::new();
    for label in labels {
        spans.entry(label.span.source).or_default().push(label.span.start as usize..label.span.end as usize);
    }
    spans.into_iter().filter_map(|(id, spans)| sources.get(id).map(|source| (id, excerpt(source, &spans)))).collect()
}

/// In a cropped line ariadne counts columns from where the excerpt starts: puts the true column of the main place there.
fn with_columns(rendered: String, excerpts: &HashMap<SourceId, Excerpt>, main: SourceId) -> String {
    let Some(excerpt) = excerpts.get(&main).filter(|excerpt| excerpt.cropped.first().is_some_and(|cropped| *cropped > 0)) else {
        return rendered;
    };
    let (line, col) = excerpt.positions[0];
    rendered.replacen(&format!(":{line}:{} ", col - excerpt.cropped[0]), &format!(":{line}:{col} "), 1)
}

/// What ariadne asks for sources: the excerpts under the names of their sources.
struct Sources<'a> {
    names: &'a SourceMap,
    texts: HashMap<SourceId, Source<String>>,
}

impl ariadne::Cache<SourceId> for Sources<'_> {
    type Storage = String;

    fn fetch(&mut self, id: &SourceId) -> Result<&Source<String>, impl std::fmt::Debug> {
        self.texts.get(id).ok_or("no such source")
    }
    fn display<'b>(&self, id: &'b SourceId) -> Option<impl std::fmt::Display + 'b> {
        self.names.get(*id).map(|source| clean(&source.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Code, Span};

    fn sources() -> SourceMap {
        let mut sources = SourceMap::default();
        sources.add("a.kiln", "x = 1\nyäö = (1 + = 2\nfn f() {\n  a\n}\n\u{1b}[31mlast");
        sources.add("ö.kiln", format!("ä\nß = {}@{}", "a".repeat(5000), "é".repeat(5000)));
        sources
    }

    #[test]
    fn shows_places_of_two_sources_with_help_and_notes() {
        let main = Span::new(SourceId(0), 15, 16);
        let diagnostic = Diagnostic::at(Code::Syntax, main, "wrong")
            .label(Span::new(SourceId(1), 0, 2), "other")
            .label(Span::new(SourceId(0), 0, 1), "before")
            .help("do it")
            .note("known");
        let expected = "\
error[K0102]: wrong
   ╭─[ a.kiln:2:8 ]
   │
 1 │ x = 1
   │ ┬
   │ ╰── before
 2 │ yäö = (1 + = 2
   │        ┬
   │        ╰── here
   │
   ├─[ ö.kiln:1:1 ]
   │
 1 │ ä
   │ ┬
   │ ╰── other
   │
   │ Help: do it
   │
   │ Note: known
───╯
";
        assert_eq!(render(&diagnostic, &sources(), false), expected);
        assert_eq!(render_line(&diagnostic, &sources()), "a.kiln:2:8: error[K0102]: wrong");
        assert!(render(&diagnostic, &sources(), true).contains("\u{1b}[31m"));
    }

    #[test]
    fn shows_an_error_without_a_place() {
        let diagnostic = Diagnostic::new(Code::File, "no such file").help("look").warning();
        assert_eq!(render(&diagnostic, &sources(), false), "warning[K0601]: no such file\n  Help: look\n");
        assert_eq!(render_line(&diagnostic, &sources()), "warning[K0601]: no such file");
    }

    #[test]
    fn takes_any_span_and_crops_long_lines() {
        let sources = sources();
        for source in 0..3 {
            let length = sources.get(SourceId(source)).map_or(0, |source| source.text.len());
            let ends: Vec<usize> =
                (0..60).chain([4990, 5006, 5007, 5008, 5009, length - length.min(1), length, length + 9, u32::MAX as usize]).collect();
            for start in &ends {
                for end in &ends {
                    let span = Span::new(SourceId(source), *start, *end);
                    let diagnostic = Diagnostic::at(Code::Syntax, span, "\u{1b}[2J").label(Span::new(SourceId(0), *end, *start), "second");
                    let shown = render(&diagnostic, &sources, false);
                    assert!(!shown.contains('\u{1b}') && shown.len() < 4000, "{span:?}\n{shown}");
                }
            }
        }
        let at = Span::new(SourceId(1), 5008, 5009);
        assert!(render(&Diagnostic::at(Code::Syntax, at, "wrong"), &sources, false).contains("ö.kiln:2:5005"));
    }
}
