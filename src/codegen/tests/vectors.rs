//! Vector loops whose bodies are more than one operation: values that cross calls of strip routines, order of loads and stores, places of
//! every kind, several accumulators.

use crate::array::{DType, Scalar};
use crate::codegen::Jit;
use crate::kernel::Interpreter;
use crate::kernel::parse::parse;
use crate::kernel::testing::{Data, run, same_run};

/// Numbers from -8 to 8, of a dtype.
fn data(dtype: DType, sizes: &[i64], seed: u64) -> Data {
    let mut random = fastrand::Rng::with_seed(seed);
    let count = sizes.iter().product::<i64>();
    let mut number = || (random.f64() - 0.5) * 16.0;
    let value = |re: f64, im: f64| match dtype {
        DType::Bool => Scalar::bool(re > 0.0),
        _ if dtype.is_int() => Scalar::int(dtype, re as i128),
        _ => Scalar::float(dtype, re, im),
    };
    Data::Array { dtype, sizes: sizes.to_vec(), values: (0..count).map(|_| value(number(), number())).collect() }
}

/// Runs a kernel of `x, y: f64[1]`, `k: i64[1]`, `z: c64[1]`, `b: bool[1]`, `m: f32[2]`, `n: i64` with further declarations and this
/// loop body, over `0..n` for several n: with arrays that are dense, that are columns, and `x` and `y` columns of one array.
fn agree(declarations: &str, reductions: &str, body: &str, results: &str) {
    let views = [("view xs[0, ..]", "view ys[0, ..]"), ("view xs[.., 1]", "view ys[.., 0]"), ("view xs[.., 0]", "view xs[.., 1]")];
    agree_on(&views, declarations, reductions, body, results);
}

/// As `agree`, with these views as `x` and `y`.
fn agree_on(views: &[(&str, &str)], declarations: &str, reductions: &str, body: &str, results: &str) {
    let types: Vec<&str> =
        results.split(", ").filter(|name| !name.is_empty()).map(|name| if name == "c" { "i64" } else { "f64" }).collect();
    let arrow = if types.is_empty() { String::new() } else { format!("-> {}", types.join(", ")) };
    for (x, y) in views {
        let text = format!(
            "kernel f(xs: f64[2], ys: f64[2], k: i64[1], zs: c64[2], bs: bool[2], m: f32[2], n: i64) {arrow} {{
                var i: i64 var t: f64 var u: f64 var s: f64 var r: f64 var c: i64 {declarations}
                array x: f64[1] array y: f64[1] array z: c64[1] array b: bool[1]
                x = {x} y = {y} z = {z} b = {b}
                for i in 0..n vector({reductions}) {{ {body} }}
                return {results}
            }}",
            z = x.replace("xs", "zs"),
            b = x.replace("xs", "bs"),
        );
        let module = parse(&text).unwrap_or_else(|error| panic!("{text}\n{error:?}"));
        for n in [0, 1, 5, 16, 31, 127, 128, 129, 260] {
            let size = n.max(1) + 3;
            let square = if x.contains("[0,") { [1, size] } else { [size, 2] };
            let args = [
                data(DType::F64, &square, 1),
                data(DType::F64, &square, 2),
                Data::Array {
                    dtype: DType::I64,
                    sizes: vec![size],
                    values: (0..size).map(|at| Scalar::i64((at * 7 + 3) % size)).collect(),
                },
                data(DType::C64, &square, 3),
                data(DType::Bool, &square, 4),
                data(DType::F32, &[size, 5], 5),
                Data::i64(n),
            ];
            let (want, got) = (run(&Interpreter, &module, &args), run(&Jit { threads: 2 }, &module, &args));
            assert!(same_run(&want, &got), "{text}\nn = {n}\ninterpreted {want:?}\ncompiled {got:?}");
        }
    }
}

#[test]
fn values_cross_calls() {
    agree("", "", "t = exp(x[i]) u = sin((t * y[i])) y[i] = ((t + u) * x[i])", "");
    agree("", "", "t = exp(x[i]) x[i] = (cos(t) + sin(t)) y[i] = (t + f64(i))", "");
    agree("", "", "x[i] = power(abs(x[i]), 2.5) y[i] = power(y[i], x[i])", "");
    agree("", "", "z[i] = (exp(z[i]) * sin(z[i]))", "");
    agree("var g: bool", "", "g = (x[i] > 0.0) t = exp(x[i]) x[i] = select((g & b[i]), t, -t) b[i] = (t < 1.0)", "");
    agree("", "", "m[i, 2] = exp(m[i, 0]) x[i] = (f64(sin(m[i, 1])) * uniform(7u64, u64(i)))", "");
    agree("", "", "x[i] = normal(u64(k[i]), u64(i)) y[i] = exp(sin(cos(tan(exp(sin(cos(y[i])))))))", "");
}

#[test]
fn loads_and_stores_keep_their_order() {
    // `x` and `y` may be the same elements: the body sees in `y[i]` what it has just stored in `x[i]`.
    let same = [("view xs[0, ..]", "view xs[0, ..]"), ("view xs[.., 1]", "view xs[.., 1]")];
    for body in [
        "t = x[i] x[i] = y[i] y[i] = t",
        "t = x[i] x[i] = exp(y[i]) y[i] = t",
        "x[i] = exp(x[i]) y[i] = (x[i] + y[i]) x[i] = sin(y[i]) y[i] = x[i]",
        "t = x[i] u = sin(t) x[i] = 3.0 y[i] = ((u * x[i]) + t)",
        "x[i] = 1.0 x[i] = exp(y[i]) x[i] = (x[i] + x[i])",
        "x[i] = (x[i] + 1.0) t = y[i] z[i] = complex(f32(t), 2.0f32)",
        "t = exp(x[i]) x[i] = (t + y[i]) u = sin(y[i]) y[i] = (u - t)",
    ] {
        agree("", "", body, "");
        agree_on(&same, "", "", body, "");
    }
    agree_on(&same, "", "s: add", "x[i] = (x[i] * 2.0) s = (s + exp(y[i]))", "s");
}

#[test]
fn places_of_every_kind() {
    // Backwards, shifted, still, scaled, gathered, scattered, diagonal, along the first axis, by a variable of the body.
    agree("", "", "x[i] = y[((n - 1) - i)]", "");
    agree("", "", "x[i] = (y[(i + 2)] - y[((i + 3) - 2)])", "");
    agree("", "", "x[i] = (y[n] * y[i])", "");
    agree("", "", "y[i] = (y[i] + x[0])", "");
    agree("", "", "x[i] = y[((i * 3) - (i + i))]", "");
    agree("var j: i64", "", "j = ((i * 2) - i) x[j] = y[(j + 1)]", "");
    agree("", "", "x[i] = y[k[i]]", "");
    agree("", "", "x[k[i]] = exp(y[i])", "");
    agree("var j: i64", "", "j = k[i] t = exp(y[j]) x[j] = t", "");
    agree("", "", "x[i] = f64(m[i, (i % 5)])", "");
    agree("", "", "m[i, 1] = (m[i, 0] + m[(i + 1), 4])", "");
    agree("", "", "x[i] = f64((i // 3)) y[i] = f64((i * i))", "");
}

/// A random f64 expression of `x[i]`, `y[i]`, variables that are set, constants, and what comes of a mask, an integer or an f32.
fn expression(random: &mut fastrand::Rng, set: &[&str], depth: usize) -> String {
    let mut inner = || expression(random, set, depth - 1);
    if depth == 0 {
        return match random.usize(..7) {
            0 | 1 => "x[i]".into(),
            2 | 3 => "y[i]".into(),
            4 => "f64(i)".into(),
            5 => "1.5".into(),
            _ => random.choice(set).unwrap_or(&"y[i]").to_string(),
        };
    }
    let (a, b) = (inner(), inner());
    match random.usize(..12) {
        0 => format!("exp({a})"),
        1 => format!("sin({a})"),
        2 => format!("atan2({a}, {b})"),
        3 => format!("power({a}, 2.5)"),
        4 => format!("select(({a} < {b}), {b}, {a})"),
        5 => format!("select(b[i], {a}, {b})"),
        6 => format!("f64(f32({a}))"),
        7 => format!("f64(real((z[i] * complex(f32({a}), f32({b})))))"),
        8 => format!("minimum({a}, {b})"),
        9 | 10 => format!("({a} + {b})"),
        _ => format!("({a} * {b})"),
    }
}

#[test]
fn random_bodies() {
    let count = std::env::var("KILN_SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(5);
    for seed in 0..count {
        let mut random = fastrand::Rng::with_seed(seed);
        let (mut set, mut body): (Vec<&str>, String) = (Vec::new(), String::new());
        for _ in 0..random.usize(1..7) {
            let depth = random.usize(..4);
            let value = expression(&mut random, &set, depth);
            match random.usize(..7) {
                0 | 1 => body += &format!("x[i] = {value} "),
                2 | 3 => body += &format!("y[i] = {value} "),
                4 => body += &format!("b[i] = ({value} < 1.0) "),
                5 => {
                    body += &format!("t = {value} ");
                    set.push("t");
                }
                _ => {
                    body += &format!("u = {value} ");
                    set.push("u");
                }
            }
        }
        let (reductions, results) = match random.usize(..3) {
            0 => ("", ""),
            1 => ("s: add", "s"),
            _ => ("s: add, r: maximum", "s, r"),
        };
        for name in results.split(", ").filter(|name| !name.is_empty()) {
            let value = expression(&mut random, &set, 2);
            body += &if name == "s" { format!("s = (s + {value}) ") } else { format!("r = maximum(r, {value}) ") };
        }
        let same = [("view xs[0, ..]", "view xs[0, ..]"), ("view xs[.., 1]", "view xs[.., 1]")];
        agree("", reductions, &body, results);
        agree_on(&same, "", reductions, &body, results);
    }
}

#[test]
fn several_accumulators() {
    agree("", "s: add", "s = (s + x[i])", "s");
    agree("", "s: add, r: maximum", "s = (s + x[i]) r = maximum(r, y[i])", "s, r");
    agree("", "s: add, r: mul, c: xor", "s = (s + x[i]) r = (r * y[i]) c = (c ^ (k[i] * i))", "s, r, c");
    agree("", "s: add", "s = (s + exp(x[i]))", "s");
    agree("", "s: add, r: add", "t = exp(x[i]) r = (r + t) u = sin(t) s = (s + (u * t)) y[i] = (t - u)", "s, r");
    agree("", "s: add, c: add", "s = (s + select(b[i], x[i], 0.0)) c = (c + i64(b[i]))", "s, c");
    agree("var q: bool", "q: or, s: add", "q = (q | (x[i] > 7.9)) s = (s + f64(m[i, 1]))", "s");
    agree("var v: c128", "v: add, s: add", "v = (v + complex(x[i], sin(y[i]))) s = (s + x[i])", "s");
}

#[test]
fn other_steps() {
    for (lo, hi, step) in [("0", "n", 2), ("n", "0", -1), ("1", "n", 3), ("n", "2", -2)] {
        let text = format!(
            "kernel f(x: f64[1], y: f64[1], n: i64) -> f64 {{
                var i: i64 var s: f64
                for i in {lo}..{hi} by {step} vector(s: add) {{ x[i] = exp(y[i]) s = (s + (y[i] * f64(i))) }}
                return s
            }}"
        );
        let module = parse(&text).unwrap();
        for n in [0, 1, 2, 3, 50, 301] {
            let args = [data(DType::F64, &[n + 1], 1), data(DType::F64, &[n + 1], 2), Data::i64(n)];
            let (want, got) = (run(&Interpreter, &module, &args), run(&Jit { threads: 2 }, &module, &args));
            assert!(same_run(&want, &got), "{text}\nn = {n}\ninterpreted {want:?}\ncompiled {got:?}");
        }
    }
}

#[test]
fn stores_go_past_the_caches_wherever_they_begin() {
    let bodies = [
        ("y[i] = ((x[i] * 2.0) - 1.0) z[i] = x[i]", ""),
        ("y[i] = f64(i)", ""),
        ("y[i] = x[i] s = (s + x[i])", "s: add"),
        ("t = x[i] while (t < 3.0) { t = (t + 1.5) } y[i] = t", ""),
        ("v[i] = (f32(x[i]) * f32(2.0)) y[i] = x[i]", ""),
    ];
    for (body, reductions) in bodies {
        let text = format!(
            "kernel f(x: f64[1], y: f64[1] stream, z: f64[1] stream, v: f32[1] stream, lo: i64, hi: i64) -> f64 {{
                var i: i64 var t: f64 var s: f64
                for i in lo..hi vector({reductions}) {{ {body} }}
                return s
            }}"
        );
        let module = parse(&text).unwrap_or_else(|error| panic!("{text}\n{error:?}"));
        for (lo, count) in (0..18).flat_map(|lo| [40, 47, 48, 49, 63, 200].map(|count| (lo, count))) {
            let array = |dtype, seed| data(dtype, &[lo + count + 5], seed);
            let args = [
                array(DType::F64, 1),
                array(DType::F64, 2),
                array(DType::F64, 3),
                array(DType::F32, 4),
                Data::i64(lo),
                Data::i64(lo + count),
            ];
            let (want, got) = (run(&Interpreter, &module, &args), run(&Jit { threads: 2 }, &module, &args));
            assert!(same_run(&want, &got), "{body} from {lo}, {count}\n{want:?}\n{got:?}");
        }
    }
}
