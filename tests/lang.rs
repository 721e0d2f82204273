//! Runs every program under `tests/lang`: its output is what its `#>` comments say, its errors what its `#!` comments say (`#! K0201 2:5`), the
//! same under the interpreter, compiled on one thread, compiled on several, and with little memory. `KILN_BLESS=1` rewrites the
//! expectations.

use kiln::base::Limits;
use kiln::session::{Options, Session};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The ways a program is run.
const WAYS: [(&str, bool, usize, u64); 4] = [
    ("interpreted", true, 1, 1 << 30),
    ("compiled, one thread", false, 1, 1 << 30),
    ("compiled, three threads", false, 3, 1 << 30),
    ("compiled, little memory", false, 2, 48 << 20),
];

fn programs(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            programs(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "kiln") {
            found.push(path);
        }
    }
}

/// What a program prints and the errors it ends with, as expectation lines.
fn outcome(text: &str, (_, interpret, threads, memory): (&str, bool, usize, u64), checked: bool) -> Vec<String> {
    // Tests run beside each other, and programs that save do so under the same names.
    static FILES: Mutex<()> = Mutex::new(());
    let _alone = text.contains("save(").then(|| FILES.lock());
    let limits = Limits { memory, threads, checked };
    let mut session = Session::new(Options { limits, interpret, ..Options::default() });
    let mut printed: Vec<String> = Vec::new();
    let result = session.run("test", text, &mut printed);
    let mut lines: Vec<String> =
        printed.iter().flat_map(|text| text.split('\n')).map(|line| format!("#> {line}").trim_end().to_string()).collect();
    if let Err(failed) = result {
        for diagnostic in failed.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()) {
            let place = diagnostic.labels.first().and_then(|label| {
                let (line, column) = session.sources().get(label.span.source)?.line_col(label.span.start);
                Some(format!(" {line}:{column}"))
            });
            lines.push(format!("#! {}{} {}", diagnostic.code, place.unwrap_or_default(), diagnostic.message));
        }
    }
    lines
}

#[test]
fn programs_do_what_they_say() {
    // What programs save goes where tests may write.
    std::env::set_current_dir(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut found = Vec::new();
    programs(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang"), &mut found);
    assert!(!found.is_empty());
    let mut wrong = Vec::new();
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        let is_expectation = |line: &&str| line.starts_with("#>") || line.starts_with("#!");
        let expected: Vec<&str> = text.lines().filter(is_expectation).collect();
        if std::env::var_os("KILN_BLESS").is_some() {
            let body: Vec<&str> = text.lines().filter(|line| !is_expectation(line)).collect();
            let lines = outcome(&text, WAYS[1], false);
            std::fs::write(&path, format!("{}\n\n{}\n", body.join("\n").trim_end(), lines.join("\n"))).unwrap();
            continue;
        }
        for way in WAYS {
            let got = outcome(&text, way, false);
            if got != expected {
                wrong.push(format!("{} ({})\nexpected\n{}\ngot\n{}\n", path.display(), way.0, expected.join("\n"), got.join("\n")));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{} programs went wrong\n\n{}", wrong.len(), wrong.join("\n"));
}

/// With overflow as an error they end with no other error than without it.
#[test]
fn programs_run_with_checks() {
    std::env::set_current_dir(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut found = Vec::new();
    programs(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang"), &mut found);
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        let errors: Vec<String> = outcome(&text, WAYS[2], true).into_iter().filter(|line| line.starts_with("#!")).collect();
        let expected = |line: &String| line.starts_with("#! K0503") || text.contains(line);
        assert!(errors.iter().all(expected), "{}\n{}", path.display(), errors.join("\n"));
    }
}

/// The examples of the built-ins print what their documentation says.
#[test]
fn documented_examples_run() {
    let mut wrong = Vec::new();
    for builtin in kiln::builtins::table() {
        for example in builtin.examples {
            let mut session = Session::new(Options::default());
            let mut printed: Vec<String> = Vec::new();
            let result = session.run(builtin.name, example.code, &mut printed);
            let printed = printed.join("\n");
            if let Err(failed) = result {
                wrong.push(format!("{}: {}\nfails: {failed}\n", builtin.name, example.code));
            } else if printed.trim_end() != example.prints.trim_end() {
                wrong.push(format!("{}: {}\nexpected\n{}\ngot\n{printed}\n", builtin.name, example.code, example.prints));
            }
        }
    }
    assert!(wrong.is_empty(), "{} examples go wrong\n\n{}", wrong.len(), wrong.join("\n"));
}

/// Every error code that can be shown by a program alone is.
#[test]
fn every_code_has_a_program_that_shows_it() {
    for code in kiln::base::codes::ALL.iter().filter(|code| !code.example().is_empty()) {
        let mut session = Session::new(Options::default());
        let failed = session.run("example", code.example(), &mut ()).expect_err(code.example());
        let codes: Vec<_> = failed.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        assert!(codes.contains(code), "{code}: {} gives {codes:?}", code.example());
    }
}
