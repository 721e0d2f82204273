//! The program as its users run it: exit codes, what goes to stdout and what to stderr, stdin, formatting, JSON, sessions from a pipe.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

fn kiln(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kiln"));
    command.args(args).env_remove("NO_COLOR").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(args: &[&str]) -> Output {
    kiln(args).output().expect("kiln runs")
}

fn feed(args: &[&str], input: &str) -> Output {
    let mut child = kiln(args).stdin(Stdio::piped()).spawn().expect("kiln starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("kiln reads");
    child.wait_with_output().expect("kiln ends")
}

fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("UTF-8")
}

fn err(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("UTF-8")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit code")
}

/// A folder with files, gone with the test.
fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, impl Fn(&str) -> String + use<>) {
    let folder = tempfile::tempdir().expect("a folder");
    let root: PathBuf = folder.path().into();
    for (name, text) in files {
        std::fs::write(root.join(name), text).expect("a file");
    }
    (folder, move |name: &str| root.join(name).to_str().expect("UTF-8").to_string())
}

#[test]
fn results_go_to_stdout_and_errors_to_stderr() {
    let (_folder, path) = folder(&[("good.kiln", "x = arange(4)\nprint(x.sum(), args)\n"), ("bad.kiln", "print(1)\nprint(zeros(3)[7])\n")]);
    for args in [vec!["run"], vec![]] {
        let output = run(&[&args[..], &[&path("good.kiln"), "a", "--b"]].concat());
        assert_eq!((code(&output), out(&output), err(&output)), (0, "6 (a, --b)\n", ""), "{args:?}");
    }
    let output = run(&[&path("bad.kiln")]);
    assert_eq!(code(&output), 1);
    assert!(err(&output).contains("K0501") && err(&output).contains("bad.kiln:2:"), "{}", err(&output));
    assert!(!err(&output).contains('\u{1b}'), "no colours in a pipe");
}

#[test]
fn an_error_in_the_program_is_1_and_wrong_usage_is_2() {
    let (_folder, path) = folder(&[("latin.kiln", "")]);
    std::fs::write(path("latin.kiln"), b"x = \"\xe9\"").expect("a file");
    assert_eq!(code(&run(&["-e", "x = = 1"])), 1);
    assert_eq!(code(&run(&["-e", "print(nothing)"])), 1);
    for args in
        [&["no-such-file.kiln"][..], &["run"], &["--memory", "much", "-e", "1"], &["--threads", "0", "-e", "1"], &["-e", "1", "repl"]]
    {
        let output = run(args);
        assert_eq!(code(&output), 2, "{args:?}");
        assert!(out(&output).is_empty() && !err(&output).is_empty(), "{args:?}");
    }
    let output = run(&[&path("latin.kiln")]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("K0101"), "{}", err(&output));
    assert!(err(&run(&["chek"])).contains("did you mean `kiln check`?"));
    for args in [["--help"], ["--version"]] {
        assert_eq!(code(&run(&args)), 0);
    }
}

#[test]
fn code_comes_from_the_command_line_and_from_stdin() {
    assert_eq!(out(&run(&["-e", "-2 ** 2"])), "-4\n");
    let output = run(&["-e", "x = 2\nx * 1.5\n[1, 2]\nprint(args)", "a"]);
    assert_eq!((code(&output), out(&output), err(&output)), (0, "3.0\n[1, 2]\n(a,)\n", ""));
    for args in [&["-"][..], &["run", "-"], &[]] {
        let output = feed(args, "1 + 1\nprint(3)");
        assert_eq!((code(&output), out(&output)), (0, "3\n"), "{args:?}");
    }
    let failed = feed(&["-"], "x = 1\ny = x +* 2");
    assert!(err(&failed).contains("<stdin>:2:"), "{}", err(&failed));
}

#[test]
fn a_closed_pipe_is_no_error() {
    let program = "fn f(n) {\n    for i in 0..n { print(\"{i} and more and more and more and more text\") }\n}\nf(20000)\n";
    let (_folder, path) = folder(&[("long.kiln", program)]);
    let mut child = kiln(&[&path("long.kiln")]).spawn().expect("kiln starts");
    let mut first = [0; 5];
    child.stdout.take().expect("a pipe").read_exact(&mut first).expect("some output");
    let output = child.wait_with_output().expect("kiln ends");
    assert_eq!((code(&output), err(&output)), (0, ""));
}

#[test]
#[cfg(unix)]
fn ctrl_c_stops_a_run_within_a_moment() {
    let program =
        "fn spin(n) {\n    s = 0.0\n    for i in 0..n { s = sin(s + f64(i)) }\n    s\n}\nprint(\"on\")\nprint(spin(1_000_000_000_000))\n";
    let (_folder, path) = folder(&[("spin.kiln", program)]);
    let mut child = kiln(&[&path("spin.kiln")]).spawn().expect("kiln starts");
    let mut out = child.stdout.take().expect("a pipe");
    let mut first = [0; 3];
    out.read_exact(&mut first).expect("some output");
    std::thread::sleep(std::time::Duration::from_millis(100));
    let start = std::time::Instant::now();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs").success());
    let output = child.wait_with_output().expect("kiln ends");
    assert!(start.elapsed() < std::time::Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(code(&output), 130);
    assert!(err(&output).contains("K0506"), "{}", err(&output));
}

#[test]
fn check_finds_errors_without_running() {
    let (_folder, path) = folder(&[("good.kiln", "print(1)"), ("bad.kiln", "print(2)\nprint(zeros(3) + zeros(4))")]);
    let output = run(&["check", &path("good.kiln")]);
    assert_eq!((code(&output), out(&output), err(&output)), (0, "", ""));
    let output = run(&["check", &path("bad.kiln"), &path("good.kiln")]);
    assert_eq!((code(&output), out(&output)), (1, ""));
    assert!(err(&output).contains("K0401"), "{}", err(&output));
}

#[test]
fn fmt_formats_in_place_or_only_tells() {
    let (_folder, path) = folder(&[("a.kiln", "x=1\n"), ("b.kiln", "x = 1\n"), ("bad.kiln", "x = (")]);
    let output = run(&["fmt", "--check", &path("a.kiln"), &path("b.kiln")]);
    assert_eq!((code(&output), out(&output)), (1, format!("{}\n", path("a.kiln")).as_str()));
    assert_eq!(code(&run(&["fmt", &path("a.kiln"), &path("b.kiln")])), 0);
    assert_eq!(std::fs::read_to_string(path("a.kiln")).expect("the file"), "x = 1\n");
    assert_eq!(code(&run(&["fmt", "--check", &path("a.kiln")])), 0);
    let output = run(&["fmt", &path("bad.kiln")]);
    assert_eq!(code(&output), 1);
    assert!(err(&output).contains("K0103"), "{}", err(&output));
    assert_eq!(std::fs::read_to_string(path("bad.kiln")).expect("the file"), "x = (");
    assert_eq!(out(&feed(&["fmt", "-"], "y =  f( 2 )")), "y = f(2)\n");
}

#[test]
fn doc_explains_names_and_codes() {
    assert!(out(&run(&["doc"])).contains("Reductions\n"));
    assert!(out(&run(&["doc", "mean"])).starts_with("mean(x"));
    assert!(out(&run(&["doc", "pi"])).starts_with("pi"));
    assert!(out(&run(&["doc", "k0102"])).starts_with("K0102: syntax"));
    let output = run(&["doc", "maen"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("did you mean `mean`?"));
}

#[test]
fn explain_shows_the_plan_and_runs_nothing() {
    let (_folder, path) = folder(&[("p.kiln", "x = zeros(1000, 1000)\nprint((x + 1).mean())")]);
    let output = run(&["explain", &path("p.kiln")]);
    assert_eq!((code(&output), err(&output)), (0, ""));
    assert!(out(&output).contains("peak memory") && !out(&output).contains("1.0\n"), "{}", out(&output));
}

#[test]
fn json_is_one_object_a_line() {
    let output = run(&["--json", "-e", "print(1, 2)\n[1.5]\nx = nothing"]);
    let errors: serde_json::Value = serde_json::from_str(err(&output)).expect("JSON");
    assert_eq!((&errors["code"], &errors["labels"][0]["line"], &errors["labels"][0]["column"]), (&"K0201".into(), &3.into(), &5.into()));
    let output = run(&["--json", "-e", "print(1, 2)\n[1.5]"]);
    let lines: Vec<serde_json::Value> = out(&output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines[0], serde_json::json!({ "kind": "print", "text": "1 2" }));
    assert_eq!(lines[1], serde_json::json!({ "kind": "value", "type": "f64[1]", "text": "[1.5]" }));
}

#[test]
fn colours_are_asked_for_or_left_out() {
    assert!(err(&run(&["--color", "always", "-e", "x = = 1"])).contains('\u{1b}'));
    assert!(!err(&run(&["--color", "never", "-e", "x = = 1"])).contains('\u{1b}'));
}

#[test]
fn limits_hold_and_engines_agree() {
    let code_text = "x = arange(1000.0)\nfn f(a) {\n    s = 0.0\n    for v in a { s += v * v }\n    s\n}\nprint(f(x), (x * 2).sum())";
    let usual = run(&["-e", code_text]);
    assert_eq!((code(&usual), out(&usual)), (0, "332833500.0 999000.0\n"));
    for flags in [&["--interpret"][..], &["--threads", "1"], &["--memory", "64MiB"]] {
        assert_eq!(out(&run(&[flags, &["-e", code_text]].concat())), out(&usual), "{flags:?}");
    }
    let output = run(&["--memory", "1M", "-e", "x = compute(zeros(1000, 1000) + 1)"]);
    assert_eq!(code(&output), 1);
    assert!(err(&output).contains("K0701"), "{}", err(&output));
    let fine = "x = arange(1000)\nprint((x + 2).sum(), (x * 0.5).std(), i8(x % 100).max())";
    assert_eq!(out(&run(&["--checked", "-e", fine])), "501500 144.33749512860476 99\n");
    let sum = "x = compute(ones(3_000_000, dtype = i64)) * 4_000_000_000_000\nprint(x.sum())";
    for overflow in ["print(127i8 + [1i8])", "print(i8(linspace(0.0, 300.0, 1000))[999])", sum] {
        let output = run(&["--checked", "-e", overflow]);
        assert!(code(&output) == 1 && err(&output).contains("K0503"), "{}", err(&output));
    }
}

#[test]
fn the_profile_goes_to_stderr() {
    let output = run(&["--profile", "-e", "arange(10).sum()"]);
    assert_eq!(out(&output), "45\n");
    assert!(err(&output).contains("parse and check") && err(&output).contains("peak memory"), "{}", err(&output));
}

/// Sessions in `tests/repl/*.txt`: lines that begin with `> ` (and `. ` where an entry goes on) are entered, the others are all that is
/// shown, stdout and stderr in one. `KILN_BLESS=1` rewrites what is shown.
#[test]
fn sessions_show_what_they_showed() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/repl");
    for entry in std::fs::read_dir(folder).expect("the sessions") {
        let path = entry.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("a session");
        let now = session(&text);
        if std::env::var_os("KILN_BLESS").is_some() {
            std::fs::write(&path, now).expect("writing the session");
        } else {
            assert_eq!(now, text, "{}", path.display());
        }
    }
}

/// The session again, with what is shown now: a mark between the entries tells what belongs to which.
fn session(text: &str) -> String {
    let mut entries: Vec<String> = Vec::new();
    for line in text.lines() {
        if let Some(start) = line.strip_prefix("> ") {
            entries.push(start.to_string());
        } else if let (Some(more), Some(entry)) = (line.strip_prefix(". "), entries.last_mut()) {
            *entry += &format!("\n{more}");
        }
    }
    let input: String = entries.iter().map(|entry| format!("{entry}\nprint(\"<mark>\")\n")).collect();
    // One pipe for both, so that their order is kept.
    let script = "exec \"$0\" repl 2>&1";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_kiln")]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = shell.spawn().expect("sh starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("kiln reads");
    let output = child.wait_with_output().expect("kiln ends");
    let shown: Vec<String> = out(&output).split("<mark>\n").map(str::to_string).collect();
    assert_eq!(shown.len(), entries.len() + 1, "each entry is answered:\n{}", out(&output));
    let lines = |entry: &str| format!("> {}\n", entry.replace('\n', "\n. "));
    entries.iter().zip(&shown).map(|(entry, shown)| lines(entry) + shown).collect()
}
