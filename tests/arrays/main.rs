//! Random array programs under four configurations: interpreted, compiled on one thread, on three, and on two with little memory. Values
//! agree bit for bit, failures in their code, and nothing panics.
//!
//! `KILN_PROGRAMS=N` and `KILN_SEED=S` run any number by hand, `KILN_SHOW=1` prints the programs. A program that goes wrong is made smaller and
//! printed. To keep it, save it as `tests/lang/found/WHAT.kiln` with `print(...)` of what went wrong at its end, and write the
//! expectations with `KILN_BLESS=1 cargo test --test lang` after the repair: it runs under the same configurations there.

mod generate;

use kiln::array::Scalar;
use kiln::base::Limits;
use kiln::session::{HostValue, Options, Session};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Name, whether interpreted, threads, memory. The first is what the others are compared with.
const WAYS: [(&str, bool, usize, u64); 4] = [
    ("interpreted", true, 1, 1 << 30),
    ("compiled, one thread", false, 1, 1 << 30),
    ("compiled, three threads", false, 3, 1 << 30),
    ("compiled, little memory", false, 2, 24 << 20),
];
/// Programs that one session runs before it is replaced.
const SHARED: u64 = 40;
/// Threads that run programs, each with sessions of its own.
const WORKERS: u64 = 2;
/// One program of so many has arrays of several blocks.
const LARGE: u64 = 400;

#[derive(Debug)]
enum Outcome {
    Value(Box<HostValue>),
    Failed(String),
    Panicked(String),
}

fn session((_, interpret, threads, memory): (&str, bool, usize, u64)) -> Session {
    Session::new(Options { limits: Limits { memory, threads, checked: false }, interpret, ..Options::default() })
}

fn outcome(session: &mut Session, text: &str) -> Outcome {
    let run = || session.run("program", text, &mut ()).and_then(|_| session.value("result"));
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(value)) => Outcome::Value(Box::new(value)),
        Ok(Err(failed)) => {
            let error = failed.diagnostics.iter().find(|diagnostic| diagnostic.is_error());
            let (code, message) = error.map_or_else(Default::default, |error| (error.code.to_string(), error.message.clone()));
            if code == "K0999" { Outcome::Panicked(message) } else { Outcome::Failed(format!("{code} {message}")) }
        }
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()));
            Outcome::Panicked(text.unwrap_or_default())
        }
    }
}

/// The same bits, any NaN being any other.
fn same_scalar(a: &Scalar, b: &Scalar) -> bool {
    let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
    a == b || (a.dtype == b.dtype && a.as_int().is_none() && same(a.as_f64(), b.as_f64()) && same(a.imag(), b.imag()))
}

fn same(a: &HostValue, b: &HostValue) -> bool {
    match (a, b) {
        (HostValue::Array(a), HostValue::Array(b)) => {
            a == b || (a.ty() == b.ty() && a.scalars().iter().zip(b.scalars().iter()).all(|(a, b)| same_scalar(a, b)))
        }
        (HostValue::Tuple(a), HostValue::Tuple(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        _ => a == b,
    }
}

/// What is wrong between two outcomes. Too little memory is no difference.
fn difference(first: &Outcome, other: &Outcome) -> Option<String> {
    let short = |value: &HostValue| format!("{value:?}").chars().take(1500).collect::<String>();
    match (first, other) {
        (Outcome::Panicked(text), _) | (_, Outcome::Panicked(text)) => Some(format!("a panic: {text}")),
        (_, Outcome::Failed(error)) if error.starts_with("K0701") => None,
        (Outcome::Value(a), Outcome::Value(b)) => (!same(a, b)).then(|| format!("values differ\n  {}\n  {}", short(a), short(b))),
        (Outcome::Failed(a), Outcome::Failed(b)) => (a[..5] != b[..5]).then(|| format!("failures differ: {a} | {b}")),
        (Outcome::Value(_), Outcome::Failed(error)) | (Outcome::Failed(error), Outcome::Value(_)) => Some(format!("one fails: {error}")),
    }
}

/// What goes wrong with a program, and whether it fails at all.
fn trouble(sessions: &mut [Session], text: &str) -> (Option<String>, Option<String>) {
    let outcomes: Vec<Outcome> = sessions.iter_mut().map(|session| outcome(session, text)).collect();
    let wrong = outcomes.iter().zip(WAYS).find_map(|(other, way)| Some(format!("{}: {}", way.0, difference(&outcomes[0], other)?)));
    let error = if let Outcome::Failed(error) = &outcomes[0] { Some(error.clone()) } else { None };
    (wrong, error)
}

fn fresh() -> Vec<Session> {
    WAYS.into_iter().map(session).collect()
}

/// Drops lines, parts of the result and digits of numbers while the program still goes wrong.
fn shrunk(text: &str) -> String {
    let wrong = |text: &str| trouble(&mut fresh(), text).0.is_some();
    let mut best = text.to_string();
    loop {
        let lines: Vec<String> = best.lines().map(str::to_string).collect();
        let mut smaller: Vec<String> = Vec::new();
        for at in (0..lines.len()).rev() {
            smaller.push([&lines[..at], &lines[at + 1..]].concat().join("\n"));
        }
        if let Some((head, items)) = best.rsplit_once("result = (") {
            let items: Vec<&str> = items.trim_end_matches(",)").split(", ").collect();
            if items.len() > 1 {
                smaller.extend(items.iter().map(|item| format!("{head}result = ({item},)")));
            }
        }
        let Some(next) = smaller.into_iter().find(|text| wrong(text)) else { return best };
        best = next;
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// What one worker found: programs that went wrong, and how many failed alike with which code.
type Found = (Vec<String>, BTreeMap<String, u64>);

/// Runs every `WORKERS`th program, from the first of this worker on.
fn work(worker: u64, programs: u64, seed: u64) -> Found {
    let show = std::env::var_os("KILN_SHOW").is_some();
    let mut sessions = Vec::new();
    let (mut wrong, mut errors) = (Vec::new(), BTreeMap::new());
    for at in (worker..programs).step_by(WORKERS as usize) {
        if sessions.is_empty() || (at / WORKERS).is_multiple_of(SHARED) {
            sessions = fresh();
        }
        let text = generate::program(seed.wrapping_mul(1_000_003).wrapping_add(at), at % LARGE == LARGE - 1);
        let (trouble, error) = trouble(&mut sessions, &text);
        if show {
            println!("--- {at} {}\n{text}\n", error.as_deref().unwrap_or(""));
        }
        if let Some(error) = error {
            *errors.entry(error[..5].to_string()).or_default() += 1;
        }
        if let Some(found) = trouble {
            wrong.push(format!("program {at}: {found}\n{}\n", shrunk(&text)));
            sessions.clear();
            if wrong.len() >= 5 {
                break;
            }
        }
    }
    (wrong, errors)
}

#[test]
fn programs_agree_under_all_configurations() {
    let (programs, seed) = (number("KILN_PROGRAMS", 2000), number("KILN_SEED", 1));
    let found: Vec<Found> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|worker| scope.spawn(move || work(worker, programs, seed))).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker")).collect()
    });
    let wrong: Vec<&String> = found.iter().flat_map(|(wrong, _)| wrong).collect();
    assert!(wrong.is_empty(), "{} programs went wrong\n\n{}", wrong.len(), wrong.iter().map(|text| text.as_str()).collect::<String>());
    let failing: u64 = found.iter().flat_map(|(_, errors)| errors.values()).sum();
    assert!(programs < 100 || failing * 4 < programs, "the generator makes too many programs that fail: {found:?}");
}
