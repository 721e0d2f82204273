//! A program that opens a file which it saves itself cannot be checked whole: what is in the file is known when it is saved. Such a program is
//! checked and run in parts, cut before the statement that opens.

use crate::base::SourceMap;
use crate::syntax::ast::Program;

/// The parts of a program, in order; most programs are one. A path is the same where the source writes it the same.
pub fn split(program: &Program, sources: &SourceMap) -> Vec<Program> {
    let mut parts = vec![Program::default()];
    let mut saved: Vec<&str> = Vec::new();
    for item in &program.items {
        let text = sources.text(item.span);
        if paths(text, "open").any(|path| saved.contains(&path)) {
            parts.push(Program::default());
            saved.clear();
        }
        saved.extend(paths(text, "save"));
        if let Some(part) = parts.last_mut() {
            part.items.push(item.clone());
        }
    }
    parts
}

/// The first arguments of the calls of `function` in a text, as written.
fn paths<'t>(text: &'t str, function: &'t str) -> impl Iterator<Item = &'t str> {
    let starts = text.match_indices(function).map(|(at, name)| (at, at + name.len()));
    let calls = starts.filter(|(at, end)| {
        let before = text[..*at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_') && text[*end..].starts_with('(')
    });
    calls.map(|(_, end)| text[end + 1..].split([',', ')', '\n']).next().unwrap_or("").trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_before_the_file_is_opened() {
        let text = "x = 1\nsave(\"a.nc\", x = x)\ny = open(\"b.nc\")\nz = open(\"a.nc\").x\nprint(z)";
        let mut sources = SourceMap::default();
        let source = sources.add("test", text);
        let (program, _) = crate::syntax::parse(source, text);
        let sizes: Vec<usize> = split(&program, &sources).iter().map(|part| part.items.len()).collect();
        assert_eq!(sizes, [3, 2]);
    }
}
