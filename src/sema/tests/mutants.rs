//! Programs changed at random: whatever the text, the checker ends, without a fault of its own.

use super::{World1, session};
use crate::base::{Code, SourceId};
use crate::sema::World;

/// Programs that use most of the language.
const SEEDS: &[&str] = &[
    "fn f(x, rate = 0.1) { out = zeros(x.shape)\n for i in 0..x.shape[0] { out[i] = x[i] * rate\n if i > 3 { break } }\n out }\na = f(ones(5))\nprint(a.sum())",
    "fn fib(n) { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }\nk = fib(5)\nx = zeros(k, 3).named(row, col)\ny = x.mean(over = row)",
    "ds = open(\"sst.nc\")\nm = ds.sst.mean(over = time)\nd = ds.sst - m\nprint(\"{d.std():.3}\", d[lat = 0, time = -1])\nsave(\"a.nc\", d = d)",
    "use \"stats.kiln\"\ng = (a, b) -> a * b + stats.half(a)\nr = (f = g, n = 3)\nx = r.f(2, r.n)\nt = (1, \"a\", x)\np, q, s = t",
    "fn h(v: f64) -> f64 = v * 2\nfn q(w: f64[n, n]) = w.T @ w\nz = h([1.0, 2.0])\nu = q(eye(3))\nfn o(a) { fn i(b) { if b > 0 { i(b - 1) } else { a } }\n i(3) }\ny = o(2)",
    "s = 0\nfor i in 0..10 by 2 { if i % 2 == 0 and not i > 4 { s = s + i / 2 } else { continue } }\nwhile s > 1 { s = s - 1 }\nx = if s > 0 { [1, 2, 3][..-1] } else { arange(2) }",
    "fn g(a) { b = a\n b[0, ..] += 1\n b[[0, -1], 1] = 2\n b[.., new, 0] @ ones(1) }\nx = g(zeros(3, 4))\nassert x.shape[0] == 3, \"size {x.shape}\"\ny: f32[row: 3, ..] = x.as(f32)",
];

/// The parts of a text that are exchanged: names, numbers, single signs.
fn tokens(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '"';
        let end = if word(first) { rest.find(|c| !word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        out.push(&rest[..end]);
        rest = &rest[end..];
    }
    out
}

fn mutant(random: &mut fastrand::Rng) -> String {
    let mut text = tokens(SEEDS[random.usize(..SEEDS.len())]);
    let other = tokens(SEEDS[random.usize(..SEEDS.len())]);
    for _ in 0..random.usize(1..4) {
        let at = random.usize(..text.len());
        let from = random.usize(..other.len());
        let to = (from + random.usize(1..12)).min(other.len());
        match random.u8(..5) {
            0 => drop(text.remove(at)),
            1 => text[at] = other[from],
            2 => drop(text.splice(at..at, other[from..to].iter().copied())),
            3 => {
                let last = text.len() - 1;
                text.swap(at, from.min(last));
            }
            _ => text[at] = text[random.usize(..text.len())],
        }
        if text.is_empty() {
            break;
        }
    }
    text.concat()
}

#[test]
fn mutants_are_checked_without_faults() {
    for seed in SEEDS {
        session(&[seed]).unwrap_or_else(|errors| panic!("{seed}\n{errors}"));
    }
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..MUTANTS {
        let text = mutant(&mut random);
        let (program, _) = crate::syntax::parse(SourceId(0), &text);
        if let Err(errors) = World::new().check(&program, &[], &World1) {
            assert!(errors.iter().all(|error| error.code != Code::Internal), "{text}\n{errors:#?}");
        }
    }
}

const MUTANTS: usize = 1_500;
