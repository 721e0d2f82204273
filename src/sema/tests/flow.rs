//! Branches and loops.

use super::table;

#[test]
fn branches() {
    table(&[
        ("c = true\nif c { x = 1 } else { x = 2.5 }", "c: bool = 1, x: f64"),
        ("if zeros(3).sum() > 0 { x = 1 } else { x = 2.5 }", "x: f64"),
        ("x = if zeros(3).sum() > 0 { 1 } else { zeros(f32[1]).sum() }", "x: f32"),
        ("x = if zeros(3).sum() > 0 { zeros(3) } else { zeros(4) }", "x: f64[?]"),
        ("x = 1\nif zeros(3).sum() > 0 { x = 2 }", "x: i64"),
        ("x = 1\nif zeros(3).sum() > 0 { x = 0.5 }\ny = x", "x: f64, y: f64"),
        ("if zeros(3).sum() > 0 { x = 1 }\ny = x", "K0201 2:5 `x` may not be bound here"),
        ("if true { t = 1 } else { t = \"a\" }\nprint(t)", "K0304 2:7 `t` is i64 in one branch and str in the other"),
        ("if true { t = 1 } else { t = \"a\" }", ""),
        ("x = if true { 1 } else { \"a\" }", "K0304 1:26 one branch gives i64, the other str"),
        ("if true { 1 } else { \"a\" }", ""),
        ("if 1 { print(1) }", "K0303 1:4 `if` takes a bool, found i64"),
        ("if zeros(3) > 0 { print(1) }", "K0303 1:4 `if` takes one bool, found bool[3]"),
        ("x = zeros(3) > 0 and true", "K0303 1:5 `and` takes one bool, found bool[3]"),
        ("x = not 1", "K0303 1:9 `not` takes a bool, found i64"),
    ]);
}

#[test]
fn loops() {
    table(&[
        ("s = 0\nfor i in 0..10 { s = s + i }", "s: i64"),
        ("s = 0\nfor i in 0..10 { s = s + 0.5 }", "s: f64"),
        ("s = 0\nfor v in zeros(3) { s = s + v }", "s: f64"),
        ("s = 0\nfor r in zeros(3, 4) { s = r.sum() }", "s: f64"),
        (
            "s = 0.0\nfor r in zeros(3, 4) { if r[0] > 0 { s = s + r } }",
            "K0304 2:42 `s` is f64 before the loop and f64[4] at the end of a pass",
        ),
        ("s = 0.0\nfor r in zeros(3, 4) { s = s + r }", "K0304 2:28 `s` is f64 before the loop and f64[4] at the end of a pass"),
        ("x = zeros(3)\nfor i in 0..10 { x = concat(x, [1.0]) }", "x: f64[?]"),
        ("x = zeros(3)\nfor i in 0..10 { x = x * 2 }", "x: f64[3]"),
        ("a = 0\nb = 0\nc = 0\nfor i in 0..3 { a = b\n b = c\n c = 0.5 }", "a: f64, b: f64, c: f64"),
        ("x = 0\nwhile x < 10 { x = x + 1 }", "x: i64"),
        ("x = 0\nwhile true { x = x + 0.5\n if x > 3 { break } }", "x: f64"),
        ("x = 0\nfor i in 0..3 { if i > 1 { x = 0.5\n continue }\n x = 1 }", "x: f64"),
        ("for i in 0..3 { y = i }\nprint(y)", "K0201 2:7 `y` may not be bound here"),
        ("for i in 0..3 { x = y\n y = 1 }", "K0201 1:21 nothing is named `y` here"),
        ("for a in (1, 2) { print(a) }", ""),
        ("for a, b in ((1, 2.0), (3, 4.0)) { x = a + b\n print(x) }", ""),
        ("for f in (\"sst.nc\", \"b.nc\") { print(f) }", ""),
        ("for i in 3 { print(i) }", "K0301 1:10 `for` runs over a range or an array, found i64"),
        ("for i in 0..1.5 { print(i) }", "K0301 1:13 a bound of a range is an integer, found f64"),
        ("x = 0\nfor i in 0..2 { for j in 0..2 { x = x + 0.5 } }", "x: f64"),
        ("for i in 0..2 { print(i) }\nfor i in zeros(3) { print(i) }", ""),
        ("i = 5\nfor i in 0..2 { print(i) }\nprint(i)", "K0201 3:7 `i` may not be bound here"),
        ("c = zeros(3).sum() > 0\nd = c and ({ y = 3\n y > 1 })\nprint(y)", "K0201 4:7 `y` may not be bound here"),
        ("x = 0\nwhile ({ y = x\n x = x + 0.5\n y < 3 }) { print(x) }", "x: f64"),
        ("fn f(n) { while ({ return\n true }) { print(1) } }\nf(1)", "K0102 1:20 `return` stands inside a condition"),
        ("break", "K0102 1:1 `break` stands outside a loop"),
        ("return 3", "K0102 1:1 `return` stands outside a function"),
        ("n = 5\nfor i in 0..3 { n = n + 1 }\nx = zeros(n)", "n: i64, x: f64[?]"),
        ("t = (0, 1)\nfor i in 0..3 { t = (t[0] + 0.5, i) }", "t: (f64, i64)"),
    ]);
}
