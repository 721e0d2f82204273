//! The programs of the repository stay the same programs when they are formatted, and formatting them again changes nothing.

use kiln::base::SourceId;
use kiln::syntax::token::Kind;
use kiln::syntax::{format, lexer, parse};
use std::path::{Path, PathBuf};

fn programs(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            programs(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "kiln") {
            found.push(path);
        }
    }
}

/// The tokens that mean something: separators aside.
fn tokens(text: &str) -> Vec<&str> {
    let lexed = lexer::lex(SourceId(0), text);
    let kept = lexed.tokens.iter().filter(|token| !matches!(token.kind, Kind::Newline | Kind::Comma));
    kept.map(|token| &text[token.start as usize..token.end as usize]).collect()
}

#[test]
fn programs_of_the_repository_keep_their_meaning() {
    let mut found = Vec::new();
    for folder in ["examples", "tests"] {
        programs(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    }
    for path in found {
        let text = std::fs::read_to_string(&path).expect("a program");
        // Tests hold programs with mistakes too.
        if !parse(SourceId(0), &text).1.is_empty() {
            continue;
        }
        let once = format::format(SourceId(0), &text).expect("it parses");
        assert_eq!(tokens(&text), tokens(&once), "{}", path.display());
        assert_eq!(format::format(SourceId(0), &once).as_ref(), Ok(&once), "{}", path.display());
    }
}
