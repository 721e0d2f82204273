//! `kiln run FILE`, `kiln FILE`, `kiln -` and `kiln -e CODE`.

use super::args::Flags;
use super::console::{Console, Show};
use super::{Exit, Host};
use crate::base::{Diagnostic, SourceMap};
use crate::syntax;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

/// Runs a program file.
pub fn file(flags: &Flags, console: &Console, path: &Path, args: Vec<String>) -> Exit {
    match read(console, path) {
        Ok((name, text)) => run(flags, console, args, &name, &text, false),
        Err(exit) => exit,
    }
}

/// Runs a text and shows the values of its bare expressions.
pub fn eval(flags: &Flags, console: &Console, code: &str, args: Vec<String>) -> Exit {
    run(flags, console, args, "<-e>", code, true)
}

fn run(flags: &Flags, console: &Console, args: Vec<String>, name: &str, text: &str, show: bool) -> Exit {
    let mut host = Host::new(flags, args);
    // The profile checks the text once more than needed, to tell checking from running.
    let checking = flags.profile.then(|| {
        let start = Instant::now();
        // Its errors are those that the run reports.
        let _ = host.session.check(name, text);
        start.elapsed()
    });
    let start = Instant::now();
    let outcome = host.act(console, Show::Value, |session, printer| match show {
        true => session.interact(name, text, printer),
        false => session.run(name, text, printer),
    });
    if let Some(checking) = checking {
        profile(console, checking, start.elapsed().saturating_sub(checking), host.progress.blocks());
    }
    match outcome {
        Ok(warnings) => {
            console.report(&warnings, host.session.sources());
            Exit::Done
        }
        Err(exit) => exit,
    }
}

fn profile(console: &Console, checking: Duration, running: Duration, blocks: u64) {
    let (checking, running) = (checking.as_secs_f64(), running.as_secs_f64());
    let peak = peak_memory();
    if console.json {
        let line = serde_json::json!({ "kind": "profile", "check": checking, "run": running, "blocks": blocks, "peak_memory": peak });
        return console.note(&line.to_string());
    }
    let peak = peak.map_or("unknown".into(), crate::plan::forecast::human);
    console.note(&format!(
        "parse and check  {checking:.4} s\nrun              {running:.4} s\nblocks           {blocks}\npeak memory      {peak}"
    ));
}

/// The most memory that this process had at a time, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

/// What messages call a program, and its text; `-` is stdin.
pub fn read(console: &Console, path: &Path) -> Result<(String, String), Exit> {
    let (name, bytes) = if path == Path::new("-") {
        let mut bytes = Vec::new();
        ("<stdin>".to_string(), std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes))
    } else {
        (path.display().to_string(), std::fs::read(path))
    };
    let bytes = bytes.map_err(|error| missing(console, path, &error))?;
    syntax::decode(&name, bytes).map(|text| (name, text)).map_err(|error| unreadable(console, &error))
}

fn missing(console: &Console, path: &Path, error: &std::io::Error) -> Exit {
    let reason = crate::io::error::system("read", path, error);
    // A word that is neither a command nor a file is most often a mistyped command.
    let word = path.to_str().filter(|_| error.kind() == std::io::ErrorKind::NotFound);
    let command = word.and_then(|word| crate::base::diag::did_you_mean(word, ["run", "repl", "check", "fmt", "explain", "doc"]));
    let help = command.map_or("`kiln --help` lists the commands".to_string(), |command| format!("did you mean `kiln {command}`?"));
    console.fail(&reason.message, &help)
}

fn unreadable(console: &Console, error: &Diagnostic) -> Exit {
    console.report(std::slice::from_ref(error), &SourceMap::default());
    Exit::Usage
}
