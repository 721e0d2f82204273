//! Which loops become parallel, what becomes of them, and what is said of a `par for` that cannot be.

use crate::base::Diagnostic;
use crate::kernel::Interpreter;
use crate::kernel::ir::Module;
use crate::kernel::parse::parse;
use crate::kernel::passes::{PassOptions, optimise};
use crate::kernel::testing::{Data, run, same_run};

/// A module of a body over `x`, `y`: f64[1], `m`: f64[2], `b`: i64[1], `n`: i64.
fn text(body: &str) -> String {
    format!(
        "kernel f(x: f64[1], y: f64[1], m: f64[2], b: i64[1], n: i64) -> f64, i64 {{
            var i: i64 var j: i64 var k: i64 var t: f64 var u: i64 var s: f64 var p: i64 var c: bool array a: f64[1] array d: f64[1]
            {body}
            return s, p
        }}
        kernel g(v: f64[1]) -> f64 {{ return v[0]? }}
        kernel w(v: f64[1]) -> f64 {{ v[0]? = 1.0 return 2.0 }}"
    )
}

fn optimised(text: &str) -> Result<Module, Box<Diagnostic>> {
    let mut module = parse(text).unwrap();
    optimise(&mut module, &PassOptions { chunk_work: 20, ..PassOptions::default() })?;
    Ok(module)
}

fn data(n: i64) -> [Data; 5] {
    let floats: Vec<f64> = (0..n).map(|v| ((v * 7) % 11 - 3) as f64).collect();
    let whole: Vec<_> = floats.iter().map(|v| crate::array::Scalar::i64(*v as i64)).collect();
    let matrix = floats.iter().cycle().take((n * n) as usize).map(|v| crate::array::Scalar::f64(*v)).collect();
    let array = |dtype, sizes, values| Data::Array { dtype, sizes, values };
    let (f64, i64) = (crate::array::DType::F64, crate::array::DType::I64);
    [Data::f64s(&floats), Data::f64s(&floats), array(f64, vec![n, n], matrix), array(i64, vec![n], whole), Data::i64(n)]
}

#[test]
fn independent_loops_become_parallel() {
    for body in [
        "for i in 0..len(x, 0) { s = (s + x[i]?) }",
        "for i in 0..len(x, 0) { if (x[i]? > 0.0) { s = (s + x[i]?) p = (p + 1) } else { s = (s - 1.0) } }",
        "for i in 0..len(x, 0) { y[i]? = (x[i]? * 2.0) }",
        "for i in 0..len(m, 0) { for j in 0..len(m, 1) { m[i, j]? = (m[i, j]? + x[j]?) } }",
        "for i in 0..len(m, 0) { t = 0.0 for j in 0..len(m, 1) { t = (t + m[i, j]?) } y[i]? = t }",
        "for i in 0..len(m, 0) { a = view m[i, ..]? for j in 0..len(a, 0) { a[j]? = (a[j]? * 2.0) } }",
        "for i in 0..len(m, 0) { a = alloc(3) a[1]? = f64(i) d = view a[..] y[i]? = d[1]? }",
        "for i in 0..n { k = i while (k > 3) { k = (k // 2) } p = (p + k) }",
        "for i in 0..len(x, 0) { t = call g(y) x[i]? = t }",
        "for j in 0..3 { for i in 0..len(x, 0) { x[i]? = (x[i]? + f64(j)) } }",
        "for i in 0..len(x, 0) by 2 par { x[i]? = 1.0 }",
        "for i in (len(x, 0) - 1)..-1 by -3 par { s = (s + x[i]?) }",
        "for i in 0..len(x, 0) par { for j in 0..len(m, 1) par { m[i, j]? = 1.0 } }",
        "for i in 0..n { y[i]? = x[i]? }",
        "for i in 1..(len(m, 0) - 1) { for j in 0..len(m, 1) { m[i, j]? = x[j]? } }",
    ] {
        let text = text(body);
        let after = optimised(&text).unwrap_or_else(|error| panic!("{body}: {error:?}"));
        assert!(after.to_string().contains("parfor"), "{body}\n{after}");
        for n in [0, 1, 3, 40] {
            // Sums of small whole numbers are exact in any order.
            let [before, after] = [&parse(&text).unwrap(), &after].map(|module| run(&Interpreter, module, &data(n)));
            assert!(same_run(&before, &after), "{body} with {n}\n{before:?}\n{after:?}");
        }
    }
}

#[test]
fn dependent_loops_are_refused() {
    for (body, places) in [
        ("for i in 1..len(x, 0) par { x[i]? = (x[(i - 1)]? + 1.0) }", vec!["x[i]? = (x[(i - 1)]? + 1.0)", "x[i]? = (x[(i - 1)]? + 1.0)"]),
        ("for i in 0..len(x, 0) par { x[0]? = 1.0 }", vec!["x[0]? = 1.0"]),
        ("for i in 0..len(x, 0) par { s = (x[i]? - s) }", vec!["s = (x[i]? - s)", "s = (x[i]? - s)"]),
        ("for i in 0..len(x, 0) par { s = x[i]? }", vec!["s = x[i]?", "s = x[i]?"]),
        ("for i in 0..len(b, 0) par { x[b[i]?]? = 1.0 }", vec!["x[b[i]?]? = 1.0"]),
        ("for i in 0..n par { y[i]? = 1.0 s = (s + y[0]?) }", vec!["y[i]? = 1.0", "s = (s + y[0]?)"]),
        ("for i in 0..n par { if (x[i]? > 1.0) { break } }", vec!["for i in 0..n par", "(x[i]? > 1.0)"]),
        ("for i in 0..n par { for j in 0..n { m[j, i]? = 1.0 m[j, 0]? = 2.0 } }", vec!["m[j, i]? = 1.0", "m[j, 0]? = 2.0"]),
        ("d = view x[1..n] for i in 0..n par { d[i]? = x[i]? }", vec!["d[i]? = x[i]?", "d[i]? = x[i]?"]),
        ("for i in 0..n par { t = call w(y) }", vec!["v[0]? = 1.0"]),
        ("a = alloc(n) d = alloc(n) for i in 0..n par { a[i]? = 1.0 rebind a, d = d, a }", vec!["for i in 0..n par"]),
        ("for i in 0..n { for j in 0..n par { x[0]? = 1.0 } }", vec!["x[0]? = 1.0"]),
    ] {
        let text = text(body);
        let error = optimised(&text).expect_err(body);
        assert_eq!(error.code, crate::base::Code::Parallel, "{body}: {error:?}");
        let labels: Vec<&str> = error.labels[1..].iter().map(|label| &text[label.span.start as usize..label.span.end as usize]).collect();
        assert_eq!(labels, places, "{body}: {error:?}");
        // Without `par` it is an ordinary loop.
        optimised(&text.replace(" par {", " {")).unwrap();
    }
}
