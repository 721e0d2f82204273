//! Functions: specialisation, recursion, captures, classes, annotations of parameters.

use super::{classes, session, show_vars, table};

#[test]
fn calls() {
    table(&[
        ("fn f(x) { x * 2 }\na = f(3)\nb = f(zeros(3))", "a: i64 = 6, b: f64[3]"),
        (
            "fn f(x, rate = 0.1) = x * rate\na = f(2)\nb = f(2, rate = 3)\nc = f(rate = 1.0, x = 2)",
            "a: f64 = 0.2, b: i64 = 6, c: f64 = 2.0",
        ),
        ("a = f(3)\nfn f(x) = x + 1", "a: i64 = 4"),
        ("fn f(x, n = x.shape[0]) = zeros(n)\na = f(ones(4))", "a: f64[4]"),
        ("fn f(x) = x + 1\na = 3.f()\nb = zeros(2).f()", "a: i64 = 4, b: f64[2]"),
        ("k = 3\nfn f(x) = x + k\na = f(1)", "a: i64 = 4, k: i64 = 3"),
        ("k = 3\nfn g() = k\nfn f(x) = x + g()\na = f(1)", "a: i64 = 4, k: i64 = 3"),
        ("g = x -> x * 2\na = g(zeros(3))", "a: f64[3], g: function"),
        ("k = 2\ng = x -> x * k\nk = \"a\"\na = g(3)", "a: i64 = 6, g: function, k: str = \"a\""),
        ("fn twice(f, x) = f(f(x))\na = twice(v -> v + 0.5, 1)", "a: f64 = 2.0"),
        ("fn adder(n) = x -> x + n\na = adder(3)(4)", "a: i64 = 7"),
        ("fn add(x) = x + 1\nfn apply(f, x) = f(x)\na = apply(add, 2)", "a: i64 = 3"),
        ("fn f(x) {\n fn g(y) { y + x }\n g(1)\n}\na = f(2)", "a: i64 = 3"),
        ("fn f(x) { if x > 0 { return 1 }\n 2.5 }\na = f(zeros(3).sum())", "a: f64"),
        ("fn f(x) { if x > 0 { return 0 }\n x }\na = f(f32(1) + zeros(f32[1]).sum())", "a: f32"),
        ("fn f(x) { if x > 0 { return \"a\" }\n 1 }\na = f(1)", "K0304 2:2 `f` gives str on one path and i64 on another"),
        ("fn f(x) = (x, x + 1)\na, b = f(1)", "a: i64 = 1, b: i64 = 2"),
        ("r = (f = x -> x + 1, n = 2)\na = r.f(3)", "a: i64 = 4, r: (f = function, n = i64)"),
        ("fn f(x) { y = x\n y }\na = f(1..3)", "a: range"),
        ("fn f() { print(1) }\nf()", ""),
        ("fn f(n) { x = if n < 2 { return n } else { n + 0.5 }\n x * 2 }\na = f(zeros(1).sum())", "a: f64"),
        ("fn twice(f, x) = f(f(x))\na = twice(sqrt, 16.0)\nb = twice(abs, [-1, 2])", "a: f64 = 2.0, b: i64[2]"),
        ("fn f(a, axis) = a.mean(over = axis)\nx = f(zeros(3, 4), 0)\ny = f(zeros(3, 4).named(p, q), \"p\")", "x: f64[4], y: f64[q: 4]"),
        ("fn f(x) { for v in x { if v > 0 { return v } }\n 0.0 }\na = f(zeros(3))", "a: f64"),
    ]);
}

#[test]
fn loops_and_elements() {
    table(&[
        ("fn sum_positive(x) {\n out = 0.0\n for v in x { if v > 0 { out += v } }\n out\n}\na = sum_positive(zeros(9))", "a: f64"),
        ("fn f(n) {\n a = zeros(n)\n for i in 0..n { a[i] = i * 0.5 }\n a\n}\nx = f(4)", "x: f64[4]"),
        ("fn f(n) {\n a = zeros(n, dtype = f32)\n for i in 0..n { a[i] += 0.5 }\n a\n}\nx = f(4)", "x: f32[4]"),
        ("fn f(x) {\n x[.., 0] = 1\n x\n}\na = f(zeros(3, 4))", "a: f64[3, 4]"),
        ("fn f(x) {\n x[0] = ones(4)\n x\n}\na = f(zeros(3, 4))", "a: f64[3, 4]"),
        ("fn f(x) {\n x[0] = ones(3)\n x\n}\na = f(zeros(3, 4))", "K0401 2:9 the value is f64[3], the place is f64[4]"),
        ("fn f(x) {\n x[0] = 0.5\n x\n}\na = f([1, 2])", "K0302 2:9 elements of `x` are i64, the value is f64"),
        ("fn f(x) {\n x[9] = 0.5\n x\n}\na = f(zeros(3))", "K0501 2:4 index 9 is outside dimension 0 of size 3 in x"),
        ("fn f(a, b) { while b != 0 { a, b = (b, a % b) }\n a }\nx = f(12, 18)", "x: i64"),
        ("fn f(x) { n = x.shape[0]\n x[-1] + x[n - 1] }\na = f(zeros(3))", "a: f64"),
        ("fn f(n) { y = arange(n)\n y[-1] }\nk = 3\nfor i in 0..2 { k = k + f(k) }", "k: i64"),
    ]);
}

#[test]
fn recursion() {
    table(&[
        ("fn fib(n) { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }\na = fib(10)", "a: i64"),
        ("fn f(n) { if n == 0 { 1 } else { f(n - 1) * 0.5 } }\na = f(3)", "a: f64"),
        (
            "fn even(n) { if n == 0 { true } else { odd(n - 1) } }\nfn odd(n) { if n == 0 { false } else { even(n - 1) } }\na = even(4)",
            "a: bool",
        ),
        (
            "fn total(x) {\n n = x.shape[0]\n if n == 1 { return x[0] }\n total(x[..n // 2]) + total(x[n // 2..])\n}\na = total(zeros(8))",
            "a: f64",
        ),
        ("fn f(n) { f(n + 1) }\nprint(f(0))", "K0504 1:4 `f` calls itself on every path, so that it never gives a value"),
        ("fn f(x) { if true { 1 } else { f((x,)) } }\na = f(1)", "K0504 1:32 `f` is called with ever other types by what it calls"),
        ("fn f(n) {\n fn g(k) { if k == 0 { n } else { g(k - 1) } }\n g(3)\n}\na = f(0.5)", "a: f64"),
    ]);
}

#[test]
fn annotated_parameters() {
    table(&[
        ("fn f(x: f64) -> f64 = x * x\na = f(2)\nb = f(zeros(3))", "a: f64 = 4.0, b: f64[3]"),
        ("fn f(x: f64, y: f64) = x + y\na = f(zeros(3, 1), zeros(4))", "a: f64[3, 4]"),
        ("fn f(x: f64, y: f64) = x + y\na = f(zeros(3), zeros(4))", "K0401 2:17 dimension 0 is 3 in f64[3] and 4 in f64[4]"),
        ("fn f(x: f64, k) = x * k\na = f(zeros(3), 2)", "a: f64[3]"),
        ("fn f(x: f64) = (x, x > 0)\na, b = f(zeros(3))", "a: f64[3], b: bool[3]"),
        (
            "fn f(x: f64) = zeros(3) * x\na = f(zeros(3))",
            "K0301 1:4 `f` maps over elements, so that it gives a number for each, not f64[3]",
        ),
        ("fn f(x: f64[row, col]) = x.mean(over = row)\na = f(zeros(3, 4))", "a: f64[col: 4]"),
        ("fn f(x: f64[n, n]) = x\na = f(zeros(3, 4))", "K0305 2:7 n is 3 and 4 at once"),
        ("fn f(x: f64[k], y: f64[k]) = x\na = f(zeros(3), zeros(4))", "K0305 2:17 k is 3 and 4 at once"),
        ("fn f(x: i64) = x\na = f(1.5)", "K0305 2:7 `x` is annotated as i64, the value is f64"),
        ("fn f(x: f64[row: n]) -> f64[row: n] = zeros(4).named(row)\nn = 7\na = f(zeros(2))", "K0305 1:39 n is 2 and 4 at once"),
        ("fn f(x: float) = x\na = f(1.5)", "K0201 1:9 no type is named `float`"),
        ("fn f(x) -> f64 = x\na = f(1)\nb = f(2f32)", "a: f64 = 1.0, b: f64 = 2.0"),
        ("fn f(x) -> i64 = x\na = f(1.5)", "K0305 1:18 `the result` is annotated as i64, the value is f64"),
        ("fn f(x: f64[..]) = x\na = f(1.0)\nb = f(zeros(3, 4))", "a: f64 = 1.0, b: f64[3, 4]"),
    ]);
}

#[test]
fn how_functions_run() {
    for (text, expected) in [
        ("fn f(x) = x * 2\nf(zeros(3))", "f graph"),
        ("fn f(n) { for i in 0..n { if i > 3 { return i } }\n 0 }\nf(3)\nf(4)", "f kernel, f kernel, f kernel"),
        ("fn f(x) { for v in x { if v > 0 { return v } }\n 0.0 }\nf(zeros(3))", "f kernel"),
        ("fn f(x) { print(x)\n x }\nf(1)", "f driver"),
        ("fn f(x) { for i in 0..3 { print(i) } }\nf(1)", "f driver"),
        ("fn g() { print(1) }\nfn f(x) { g()\n x }\nf(1)", "f driver, g driver"),
        ("fn f(x: f64) = x * x\nf(zeros(3))\nf(2.0)", "f elementwise, f graph"),
        ("fn f(n) { if n < 2 { n } else { f(n - 1) } }\nf(3)", "f kernel, f kernel"),
        ("fn f(n) { a = zeros(n)\n a[0] = 1\n a }\nf(3)", "f kernel, f kernel"),
        ("fn f(n) { assert n > 0, \"n is {n}\"\n for i in 0..n { if i > 5 { error(\"{i}\") } }\n n }\nf(3)", "f kernel, f kernel"),
    ] {
        assert_eq!(classes(text), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_compiled() {
    table(&[
        (
            "fn f(n) { a = zeros(n)\n for i in 0..n { a[i] = i\n print(i) }\n a }\nx = f(3)",
            "K0802 3:2 `print` cannot stand in `f`, which is compiled: it assigns elements",
        ),
        (
            "fn f(n) { t = \"a\"\n for i in 0..n { t = \"b\" }\n n }\nx = f(3)",
            "K0802 1:15 a text cannot be compiled, and `f` is compiled whole",
        ),
        (
            "ds = open(\"sst.nc\")\nfn f(n) { s = 0.0\n for i in 0..n { s += ds.mask[i] }\n s }\nx = f(3)",
            "K0802 1:1 the dataset sst.nc cannot be compiled, and `f` is compiled whole",
        ),
        ("par for i in 0..3 { print(i) }", "K0801 1:1 `par for` stands outside a function"),
        (
            "fn f(x: f64) { print(x)\n x }\na = f(zeros(3))",
            "K0802 1:16 `print` cannot stand in `f`, which is compiled: it maps over the elements of arrays",
        ),
    ]);
}

#[test]
fn sessions() {
    let vars = |texts: &[&str]| session(texts).map_or_else(|errors| errors, |(_, checked)| show_vars(&checked));
    assert_eq!(vars(&["x = 3", "y = x + 1"]), "x: i64 = 3, y: i64 = 4");
    assert_eq!(vars(&["fn f(x) = x + k", "k = 1", "a = f(1)", "k = 0.5", "b = f(1)"]), "a: i64 = 2, b: f64 = 1.5, k: f64 = 0.5");
    assert_eq!(vars(&["fn g(x) = x", "fn f(x) = g(x)", "a = f(1)", "fn g(x) = x * 0.5", "b = f(1)"]), "a: i64 = 1, b: f64 = 0.5");
    assert_eq!(vars(&["fn f(x) = x", "f = 3", "a = f(1)"]), "K0301 1:5 `f` is i64, not a function");
    assert_eq!(vars(&["fn mean(x) = 1", "a = zeros(3).mean()"]), "a: i64 = 1");
}

#[test]
fn a_failed_text_leaves_nothing() {
    let mut world = super::World::new();
    let (program, _) = crate::syntax::parse(crate::base::SourceId(0), "fn f(x) = x\nprint(nothing)");
    assert!(world.check(&program, &[], &super::World1).is_err());
    assert!(world.function("f").is_none());
}
