//! Which loops become vector loops, and what becomes of them.

use crate::kernel::Interpreter;
use crate::kernel::parse::parse;
use crate::kernel::passes::{PassOptions, optimise};
use crate::kernel::testing::{Data, run, same_run};

/// A module of a body over `x`, `y`: f64[1], `m`: f64[2], `b`: i64[1], `n`: i64, after all passes but `parallel`.
fn optimised(body: &str) -> (String, String) {
    let text = format!(
        "kernel f(x: f64[1], y: f64[1], m: f64[2], b: i64[1], n: i64) -> f64, i64 {{
            var i: i64 var j: i64 var k: i64 var t: f64 var u: i64 var s: f64 var p: i64 var c: bool array a: f64[1] array d: f64[1]
            {body}
            return s, p
        }}"
    );
    let mut module = parse(&text).unwrap();
    let options = PassOptions { parallel: false, ..PassOptions::default() };
    optimise(&mut module, &options).unwrap_or_else(|error| panic!("{} {:?}\n{module}", error.message, error.notes));
    (text, module.to_string())
}

/// The reductions of the vector loops.
fn loops(text: &str) -> Vec<String> {
    text.match_indices(" vector(").map(|(at, start)| text[at + start.len()..].split(')').next().unwrap().to_string()).collect()
}

#[test]
fn independent_loops_become_vector_loops() {
    for (body, want) in [
        ("for i in 0..len(x, 0) { if (x[i]? > 0.0) { s = (s + x[i]?) } }", "s: add"),
        ("for i in 0..len(x, 0) { x[i]? = ((2.0 * x[i]?) + 1.0) }", ""),
        ("for i in 0..len(x, 0) { y[i]? = x[i]? }", ""),
        ("for i in 1..(len(x, 0) - 1) { y[i]? = (x[(i - 1)]? + x[(i + 1)]?) }", ""),
        ("for i in 0..len(x, 0) { s = (s - x[i]?) p = (p + 1) }", "s: add, p: add"),
        ("for i in 0..len(x, 0) { s = maximum(s, x[i]?) }", "s: maximum"),
        ("for i in 0..len(x, 0) { if (x[i]? > s) { s = x[i]? } }", "best: fmax"),
        ("for i in 0..len(b, 0) { if (b[i]? < p) { p = b[i]? } }", "p: fmin"),
        ("for i in 0..len(b, 0) { if (b[i]? > 2) { if (b[i]? < p) { p = b[i]? } } }", "p: fmin"),
        ("for i in 0..len(x, 0) { s = (s + x[i]?) s = (s + y[i]?) }", "s: add"),
        ("for i in 0..len(x, 0) { s = ((s + x[i]?) - 1.0) }", "s: add"),
        ("for i in 0..len(x, 0) { if (x[i]? > 0.0) { if (x[i]? < 9.0) { p = (p + 1) } } else { s = (s + 1.0) } }", "s: add, p: add"),
        ("for i in 0..len(x, 0) { t = x[i]? if (t < 0.0) { t = 0.0 } y[i]? = sqrt(t) }", ""),
        ("for i in 0..len(x, 0) { if (x[i]? > 1.0) { y[i]? = x[i]? } else { y[i]? = 0.0 } }", ""),
        ("for i in 0..len(x, 0) { if (x[i]? < 0.0) { continue } s = (s + x[i]?) }", "s: add"),
        ("for i in 0..len(x, 0) { s = (s + (if (x[i]? > 0.0) then x[i]? else 0.5)) }", "s: add"),
        ("for i in 0..len(x, 0) { s = (s + y[((len(x, 0) - 1) - i)]?) }", "s: add"),
        ("for i in (len(x, 0) - 1)..-1 by -1 { x[i]? = x[i]? }", ""),
        ("for j in 0..len(m, 0) { for i in 0..len(m, 1) { m[j, i]? = (m[j, i]? * 2.0) } }", ""),
        ("for j in 1..len(m, 0) { for i in 0..len(m, 1) { m[j, i]? = m[(j - 1), i]? } }", ""),
        (
            "a = alloc(n) d = alloc(n) for j in 0..9 { for i in 1..(n - 1) { d[i]? = (a[(i - 1)]? + a[(i + 1)]?) } rebind a, d = d, a } if (n > 0) { s = a[0]? }",
            "",
        ),
        ("for i in 0..(len(x, 0) // 2) { x[(2 * i)]? = x[((2 * i) + 1)]? }", ""),
        // Elements that leave a loop one after another.
        (
            "for i in 0..len(x, 0) { t = x[i]? k = 0 while ((k < n) & (t < 50.0)) { t = ((t * 1.5) + 1.0) k = (k + 1) } y[i]? = t p = (p + k) }",
            "p: add",
        ),
        (
            "for i in 0..len(x, 0) { t = x[i]? u = 0 for k in 0..9 { if (t > 20.0) { break } t = (t * 2.0) u = k } y[i]? = (t + f64(u)) }",
            "",
        ),
        ("for i in 0..len(x, 0) { t = x[i]? for k in 9..0 by -1 { if (t < 0.0) { t = (t + 1.0) continue } t = (1.0 - t) } y[i]? = t }", ""),
        ("for i in 0..len(b, 0) { p = (p ^ b[i]?) u = (u | 1) } p = (p + u)", "u: or, p: xor"),
    ] {
        let (text, after) = optimised(body);
        let found = loops(&after);
        // The slow version of a loop stays as it is; the fast one stands first.
        assert_eq!(found.first().map(String::as_str), Some(want), "{body}\n{after}");
        let data = |n: i64| {
            let floats: Vec<f64> = (0..n).map(|v| ((v * 7) % 11 - 3) as f64).collect();
            let ints = floats.iter().map(|v| crate::array::Scalar::i64(*v as i64)).collect();
            let matrix = Data::f64s(&floats.iter().cycle().take((n * n) as usize).copied().collect::<Vec<_>>());
            let Data::Array { dtype, values, .. } = matrix else { panic!() };
            let ints = Data::Array { dtype: crate::array::DType::I64, sizes: vec![n], values: ints };
            [Data::f64s(&floats), Data::f64s(&floats), Data::Array { dtype, sizes: vec![n, n], values }, ints, Data::i64(n)]
        };
        for n in [0, 1, 2, 17, 40] {
            // Sums of small whole numbers are exact in any order.
            let [before, after] = [&text, &after].map(|text| run(&Interpreter, &parse(text).unwrap(), &data(n)));
            assert!(same_run(&before, &after), "{body} with {n}\n{before:?}\n{after:?}");
        }
    }
}

#[test]
fn dependent_loops_stay() {
    for body in [
        "for i in 1..len(x, 0) { x[i]? = (x[(i - 1)]? + 1.0) }",
        "for i in 0..(len(x, 0) - 1) { x[i]? = x[(i + 1)]? }",
        "for i in 0..len(x, 0) { x[0]? = x[i]? }",
        "for i in 0..len(b, 0) { x[b[i]?]? = 1.0 }",
        "for i in 0..len(b, 0) { y[(i // 2)]? = 1.0 }",
        "for i in 0..len(x, 0) { s = ((s * 0.5) + x[i]?) }",
        "for i in 0..len(x, 0) { s = (s + x[i]?) y[i]? = s }",
        "for i in 0..len(x, 0) { t = x[i]? } s = t",
        "for i in 0..len(x, 0) { if (x[i]? > s) { s = x[i]? p = i } }",
        "for i in 0..len(x, 0) { if (x[i]? > 3.0) { break } s = (s + x[i]?) }",
        "for i in 0..len(b, 0) { p = (p + (9 // b[i]?)) }",
        "for i in 0..6 { s = (s + 1.0) }",
        // The guard is what keeps the index inside.
        "for i in 0..len(x, 0) { if (i > 0) { s = (s + x[(i - 1)]?) } }",
        "for i in 0..len(x, 0) { if (i == 0) { continue } s = (s + x[(i - 1)]?) }",
        "d = view x[1..len(x, 0)] for i in 0..len(d, 0) { d[i]? = x[i]? }",
        "for i in 0..len(x, 0) { a = view x[..] s = a[i]? }",
        // Loops within that go on with what an earlier element left, that read arrays, or that may not run before something asks.
        "for i in 0..len(x, 0) { while (t < x[i]?) { t = (t + 1.0) } y[i]? = t }",
        "for i in 0..len(x, 0) { k = 0 while (k < i) { k = (k + 1) t = 2.0 } y[i]? = t }",
        "for i in 0..len(x, 0) { k = 0 while (k < i) { x[i]? = 3.0 k = (k + 1) } }",
    ] {
        let (_, after) = optimised(body);
        assert_eq!(loops(&after), [] as [&str; 0], "{body}\n{after}");
    }
}
