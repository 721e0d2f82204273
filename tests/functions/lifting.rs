//! Loops that are array operations, and loops that are none.

use super::*;

fn vector(n: usize) -> Data {
    f64s(&(0..n).map(|i| ((i * 37 % 11) as f64 - 5.0) / 4.0).collect::<Vec<_>>())
}

/// Compares with the kernel; `check` would need the numbers.
fn agrees(source: &str, args: &[(&str, Data)], lifts: bool) {
    outcomes(source, args, Some(lifts)).unwrap();
}

#[test]
fn reductions() {
    let (x, y) = (vector(1000), f64s(&(0..1000).map(|i| i as f64 / 7.0).collect::<Vec<_>>()));
    let args = [("x", x), ("y", y)];
    for body in [
        "s = 1.0\n for v in x { s += v }\n s",
        "s = 0.0\n n = 0\n for i in 0..size(x) {\n s += x[i] * y[i]\n n += 1\n }\n s / n",
        "s = 0.0\n for i in 1..size(x) { s += abs(x[i] - x[i - 1]) * y[size(x) - i] }\n s",
        "lo = inf\n hi = -inf\n for v in x {\n if v < lo { lo = v }\n if hi < v { hi = v }\n }\n (lo, hi)",
        "m = x[0]\n for v in x { if v > m { m = v } }\n m",
        "m = y[0]\n for v in x { m = minimum(v, m) }\n m",
        "s = 0.0\n c = 0\n for i in 0..size(x) {\n if x[i] > 0.5 and y[i] < 100.0 {\n s += x[i]\n c += 1\n } else if x[i] < -1.0 { s -= y[i] }\n }\n (s, c)",
        "s = 0.0\n for i in 0..size(x) {\n t = if x[i] > 0.0 { x[i] } else { -y[i] }\n u = t * t\n s += u + i\n }\n s",
        "s = 0.0\n for i in 10..500 by 3 { s += x[i] }\n p = 1.0\n for i in 20..0 by -1 { p *= 1.0 + x[i] / 100.0 }\n (s, p)",
        "m = 0.0\n for v in x { m += v }\n m = m / size(x)\n s = 0.0\n for v in x { s += (v - m) ** 2 }\n sqrt(s / size(x))",
    ] {
        agrees(&format!("fn f(x, y) {{\n {body}\n}}\nf(x, y)"), &args, true);
    }
}

#[test]
fn nests() {
    let a: Vec<Vec<f64>> = (0..40).map(|i| (0..30).map(|j| ((i * 7 + j * 13) % 17) as f64 / 3.0).collect()).collect();
    let args = [("a", matrix(&a.iter().map(Vec::as_slice).collect::<Vec<_>>())), ("w", vector(30)), ("v", vector(40))];
    for body in [
        "s = 0.0\n for i in 0..n { for j in 0..m { s += a[i, j] } }\n s",
        "s = 0.0\n for row in a { for e in row { if e > 2.0 { s += e } } }\n s",
        "out = zeros(n)\n for i in 0..n {\n t = 0.0\n for j in 0..m { t += a[i, j] * w[j] }\n out[i] = t + v[i]\n }\n out",
        "out = zeros(m, n)\n for i in 0..n { for j in 0..m { out[j, i] = a[i, j] - w[j] * v[i] + i } }\n out",
        "out = zeros(n)\n for i in 0..n { for j in 0..m { out[i] += a[i, j] } }\n out",
        "out = zeros_like(a)\n for i in 1..n - 1 { for j in 1..m - 1 { out[i, j] = a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1] - 4.0 * a[i, j] } }\n out",
        "out = zeros_like(a)\n for i in 0..n { for j in 0..m { if a[i, j] > w[j] { out[i, j] = a[i, j] } } }\n out",
        "out = a * 1.0\n for j in 0..m { for i in 0..n { out[i, j] += v[i] } }\n out",
    ] {
        agrees(&format!("fn f(a, w, v) {{\n n, m = a.shape\n {body}\n}}\nf(a, w, v)"), &args, true);
    }
}

#[test]
fn maps() {
    let args = [("x", vector(100)), ("y", vector(100))];
    for body in [
        "out = zeros(n)\n for i in 0..n { out[i] = 2.0 * x[i] + y[i] }\n out",
        "out = zeros(n)\n for i in 1..n - 1 { out[i] = x[i - 1] + x[i] + x[i + 1] }\n out",
        "for i in 0..n { x[i] = if x[i] < 0.0 { 0.0 } else { g(x[i], y[i]) } }\n x",
        "out = zeros(n)\n for i in 0..n { out[n - 1 - i] = x[i] }\n out",
        "out = x * 0.5\n for i in 0..n { out[i] += y[i]\n if out[i] > 1.0 { out[i] = 1.0 } }\n out",
    ] {
        let lifts = !body.contains("n - 1 - i]");
        agrees(&format!("fn g(a, b) {{\n c = a * b\n c + 1.0\n}}\nfn f(x, y) {{\n n = size(x)\n {body}\n}}\nf(x, y)"), &args, lifts);
    }
}

#[test]
fn what_is_not_certain_stays_a_loop() {
    let args = [("x", vector(50)), ("k", int(3))];
    for body in [
        // Carried from pass to pass.
        "s = 0.0\n for v in x { s = 0.5 * s + v }\n s",
        "p = 0.0\n d = 0.0\n for v in x {\n d += abs(v - p)\n p = v\n }\n d",
        "s = 0.0\n t = 0.0\n for v in x {\n s += v\n t += s\n }\n t",
        "for i in 1..size(x) { x[i] += x[i - 1] }\n x",
        "for i in 0..size(x) - 1 { x[i] = x[i + 1] }\n x",
        // The last one that holds.
        "m = 0.0\n for v in x { if v > 0.5 { m = v } }\n m",
        "s = 0.0\n for v in x {\n if v > 1.0 { s = 0.0 }\n s += v\n }\n s",
        // Not every access is inside for what is known.
        "s = 0.0\n for i in 0..size(x) { if i > 0 { s += x[i - 1] } }\n s",
        "s = 0.0\n for i in 0..size(x) { s += x[(i + k) % size(x)] }\n s",
        // May fail in a branch.
        "s = 0\n for i in 0..10 { if i != k { s += 100 // (i - k) } }\n s",
        // Jumps.
        "s = 0.0\n for v in x {\n if v > 1.0 { break }\n s += v\n }\n s",
    ] {
        agrees(&format!("fn f(x, k) {{\n {body}\n}}\nf(x, k)"), &args, false);
    }
}

#[test]
fn nan_is_compared_as_the_loop_does() {
    let nan = f64::NAN;
    let source = "fn f(x) {\n m = x[0]\n l = inf\n s = x[1]\n for v in x {\n if v > m { m = v }\n if v < l { l = v }\n s = maximum(s, v)\n }\n (m, l, s)\n}\nf(x)";
    check(source, &[("x", f64s(&[nan, 1.0, 2.0]))], &[float(nan), float(1.0), float(nan)], Some(true));
    check(source, &[("x", f64s(&[0.5, nan, 2.0]))], &[float(2.0), float(0.5), float(nan)], Some(true));
}
