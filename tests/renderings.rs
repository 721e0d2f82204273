//! How errors look: programs with mistakes and what is shown for them, in `tests/renderings/*.txt`. `KILN_BLESS=1` rewrites what is shown.
//! A case is `=== title`, the program, `---`, and all its diagnostics as rendered.

use kiln::base::SourceMap;
use kiln::cli::render::render;
use kiln::syntax;

fn shown(program: &str) -> String {
    let mut sources = SourceMap::default();
    let id = sources.add("t.kiln", program);
    let (_, diagnostics) = syntax::parse(id, program);
    diagnostics.iter().map(|diagnostic| render(diagnostic, &sources, false)).collect()
}

#[test]
fn wrong_programs_are_explained() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/renderings/syntax.txt");
    let text = std::fs::read_to_string(path).expect("the cases");
    let mut now = String::new();
    let mut failed = Vec::new();
    for case in text.split("=== ").skip(1) {
        let (title, rest) = case.split_once('\n').expect("a title");
        let (program, expected) = rest.split_once("---\n").expect("a program and what is shown for it");
        let shown = shown(program.trim_end_matches('\n'));
        if shown.trim() != expected.trim() {
            failed.push(format!("{title}\n{shown}"));
        }
        now.push_str(&format!("=== {title}\n{program}---\n{shown}\n"));
    }
    if std::env::var_os("KILN_BLESS").is_some() {
        std::fs::write(path, now).expect("writing the cases");
    } else {
        assert!(failed.is_empty(), "{}", failed.join("\n"));
    }
}
