//! Arrays are values, and array expressions inside loops.

use super::*;
use kiln::kernel::ir::FaultKind;

#[test]
fn copies_are_made_where_they_can_be_told() {
    let x = f64s(&[1.0, 2.0, 3.0]);
    let both = "fn f(x) {\n a = x * 1.0\n b = a\n a[0] = 10.0\n b[1] = 20.0\n (a, b, x)\n}\nf(x)";
    check(both, &[("x", x.clone())], &[f64s(&[10.0, 2.0, 3.0]), f64s(&[1.0, 20.0, 3.0]), x.clone()], Some(false));
    let view = "fn f(x) {\n a = x * 1.0\n b = a[0..2]\n a[0] = 10.0\n c = a[0..2]\n (b, c)\n}\nf(x)";
    check(view, &[("x", x.clone())], &[f64s(&[1.0, 2.0]), f64s(&[10.0, 2.0])], Some(false));
    let swap = "fn f(x) {
  a = x * 1.0
  b = x * 2.0
  for k in 0..3 {
    a[0] += 1.0
    a, b = (b, a)
  }
  (a, b)
}
f(x)";
    check(swap, &[("x", x.clone())], &[f64s(&[3.0, 4.0, 6.0]), f64s(&[3.0, 2.0, 3.0])], Some(false));
    let moved = "fn f(u, n) {
  for k in 0..n {
    next = zeros_like(u)
    for i in 0..size(u) { next[i] = 2.0 * u[size(u) - 1 - i] }
    u = next
  }
  u
}
f(x, n)";
    check(moved, &[("x", x.clone()), ("n", int(3))], &[f64s(&[24.0, 16.0, 8.0])], Some(false));
    let kept = "fn f(u, n) {
  history = zeros(n, size(u))
  last = u
  for k in 0..n {
    u[0] += 1.0
    history[k, ..] = u
    if k == 0 { last = u }
  }
  (history, last, u)
}
f(x, n)";
    let history = matrix(&[&[2.0, 2.0, 3.0], &[3.0, 2.0, 3.0]]);
    check(kept, &[("x", x.clone()), ("n", int(2))], &[history, f64s(&[2.0, 2.0, 3.0]), f64s(&[3.0, 2.0, 3.0])], Some(false));
    let choice = "fn f(x, c) {\n a = x * 1.0\n b = x * 2.0\n m = if c { a } else { b }\n a[0] = 9.0\n b[0] = 8.0\n (m, a, b)\n}\nf(x, c)";
    check(choice, &[("x", x.clone()), ("c", truth(true))], &[x.clone(), f64s(&[9.0, 2.0, 3.0]), f64s(&[8.0, 4.0, 6.0])], Some(false));
    let twice = "fn f(x) {\n a = x * 1.0\n a[0] = 5.0\n (a, a)\n}\nfn g(x) {\n p, q = f(x)\n p[1] = 7.0\n q[2] = 8.0\n (p, q)\n}\ng(x)";
    check(twice, &[("x", x.clone())], &[f64s(&[5.0, 7.0, 3.0]), f64s(&[5.0, 2.0, 8.0])], Some(false));
    let passed = "fn same(x) { x }\nfn f(x) {\n a = x * 1.0\n b = same(a)\n c = same(x)\n a[0] = 5.0\n c[1] = 6.0\n (a, b, c)\n}\nf(x)";
    check(passed, &[("x", x.clone())], &[f64s(&[5.0, 2.0, 3.0]), x.clone(), f64s(&[1.0, 6.0, 3.0])], Some(false));
    let inside = "fn f(x) {\n n = 0\n for v in x {\n x[2] = 0.0\n n += if v > 2.5 { 1 } else { 0 }\n }\n (x, n)\n}\nf(x)";
    check(inside, &[("x", x)], &[f64s(&[1.0, 2.0, 0.0]), int(1)], Some(false));
}

#[test]
fn rows_of_what_is_assigned() {
    let x = matrix(&[&[1.0, 2.0], &[3.0, 4.0]]);
    let rows = "fn f(x) {
  last = x[0]
  for row in x {
    last = row
    row[0] = 100.0
  }
  x[1, 1] = 7.0
  (last, x)
}
f(x)";
    check(rows, &[("x", x)], &[f64s(&[3.0, 4.0]), matrix(&[&[1.0, 2.0], &[3.0, 7.0]])], Some(false));
}

#[test]
fn regions_read_what_was_there_before() {
    let x = f64s(&[1.0, 2.0, 3.0, 4.0]);
    let shift = "fn f(x) {\n x[1..] = x[..-1]\n x\n}\nf(x)";
    check(shift, &[("x", x.clone())], &[f64s(&[1.0, 1.0, 2.0, 3.0])], Some(false));
    let reverse = "fn f(x) {\n x[..] = x[.. by -1]\n x[0..2] = x[0..2] + 10.0\n x\n}\nf(x)";
    check(reverse, &[("x", x.clone())], &[f64s(&[14.0, 13.0, 2.0, 1.0])], Some(false));
    let sum = "fn f(x) {\n x[0..2] = x / sum(x)\n x\n}\nf(x)";
    let _ = sum;
    let own = "fn f(x) {\n x[..] = x / sum(x)\n x\n}\nf(x)";
    check(own, &[("x", x.clone())], &[f64s(&[0.1, 0.2, 0.3, 0.4])], Some(false));
    let take = "fn f(x) {\n x[[3, 0]] = x[[0, 1]] * 10.0\n x\n}\nf(x)";
    check(take, &[("x", x)], &[f64s(&[20.0, 2.0, 3.0, 10.0])], Some(false));
    let matrix_of = matrix(&[&[1.0, 2.0], &[3.0, 4.0]]);
    let columns = "fn f(x) {\n x[.., 0] = x[0, ..]\n x[1, ..] = 2 * x[.., 1] + 1\n x\n}\nf(x)";
    check(columns, &[("x", matrix_of.clone())], &[matrix(&[&[1.0, 2.0], &[5.0, 9.0]])], Some(false));
    let transposed = "fn f(x) {\n x[.., ..] = x.T\n x\n}\nf(x)";
    check(transposed, &[("x", matrix_of)], &[matrix(&[&[1.0, 3.0], &[2.0, 4.0]])], Some(false));
}

#[test]
fn array_expressions_inside_loops() {
    let x = matrix(&[&[1.0, 5.0, 3.0], &[4.0, 2.0, 6.0]]);
    let mixed = "fn f(x) {
  n = x.shape[0]
  out = zeros(n, 6)
  for i in 0..n {
    row = x[i, ..]
    out[i, 0] = mean(row)
    out[i, 1] = std(row)
    out[i, 2] = max(row) - min(row)
    out[i, 3] = argmax(row)
    out[i, 4] = cumsum(row)[1]
    out[i, 5] = sum(where(row > 2.5, row, 0.0)[.. by -1] * arange(3))
  }
  out
}
f(x)";
    let std = |row: [f64; 3]| {
        let mean = row.iter().sum::<f64>() / 3.0;
        (row.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 3.0).sqrt()
    };
    let wanted = matrix(&[&[3.0, std([1.0, 5.0, 3.0]), 4.0, 1.0, 6.0, 5.0], &[4.0, std([4.0, 2.0, 6.0]), 4.0, 2.0, 6.0, 8.0]]);
    check(mixed, &[("x", x.clone())], &[wanted], Some(false));
    let axes = "fn f(x) {\n for k in 0..1 { y = 0 }\n z = x - mean(x, over = 0)\n w = z / std(x, over = 1)[.., new]\n (z, w.T, concat(z, x), reshape(x, 3, 2), sum(x, over = 1))\n}\nf(x)";
    let _ = axes;
    let shapes = "fn f(x) {
  n = 0
  while n < 2 { n += 1 }
  z = x - mean(x, over = 0)
  (z, z.T, concat(z, x), reshape(x, 3, 2), sum(x, over = 1), x[.., new, 0..n])
}
f(x)";
    let (z, cat) = (
        matrix(&[&[-1.5, 1.5, -1.5], &[1.5, -1.5, 1.5]]),
        matrix(&[&[-1.5, 1.5, -1.5], &[1.5, -1.5, 1.5], &[1.0, 5.0, 3.0], &[4.0, 2.0, 6.0]]),
    );
    let transposed = matrix(&[&[-1.5, 1.5], &[1.5, -1.5], &[-1.5, 1.5]]);
    let reshaped = matrix(&[&[1.0, 5.0], &[3.0, 4.0], &[2.0, 6.0]]);
    let values = [1.0, 5.0, 4.0, 2.0].map(Scalar::f64).to_vec();
    let middle = Data::Array { dtype: DType::F64, sizes: vec![2, 1, 2], values };
    check(shapes, &[("x", x)], &[z, transposed, cat, reshaped, f64s(&[9.0, 12.0]), middle], Some(false));
}

#[test]
fn functions_of_scalars_over_arrays() {
    let source = "fn g(a: f64, b: f64) {\n s = 0.0\n while s < a { s += b }\n s\n}\nfn f(x) {\n y = 0.0\n for k in 0..2 { y += sum(g(x, 2.0)) }\n (y, g(x, 0.5))\n}\nf(x)";
    check(source, &[("x", f64s(&[1.0, 3.2]))], &[float(12.0), f64s(&[1.0, 3.5])], Some(false));
}

#[test]
fn faults() {
    let x = f64s(&[1.0, 2.0, 3.0]);
    let outside = "fn f(x) {\n s = 0.0\n for i in 0..=size(x) { s += x[i] }\n s\n}\nf(x)";
    fails(outside, &[("x", x.clone())], FaultKind::Bounds, &[0, 3, 3]);
    let below = "fn f(x, k) {\n s = 0.0\n for i in 0..2 { s += sum(x[k - i, ..]) }\n s\n}\nf(m, k)";
    fails(below, &[("m", matrix(&[&[1.0, 2.0]])), ("k", int(0))], FaultKind::Bounds, &[0, -1, 1]);
    let shapes = "fn f(x, k) {\n s = 0.0\n for i in 0..2 { s += sum(x[0..k] + x[i..k]) }\n s\n}\nf(x, k)";
    fails(shapes, &[("x", x.clone()), ("k", int(3))], FaultKind::Shape, &[2, 3, 0]);
    let assertion = "fn f(x) {\n for v in x { assert v < 2.5, \"too large\" }\n 0\n}\nf(x)";
    fails(assertion, &[("x", x.clone())], FaultKind::Assertion, &[]);
    let error = "fn f(x) {\n for v in x { if v > 2.5 { error(\"too large\") } }\n 0\n}\nf(x)";
    fails(error, &[("x", x.clone())], FaultKind::Assertion, &[]);
    let zero = "fn f(n) {\n s = 0\n for i in 0..n { s += 10 // (n - 2 - i) }\n s\n}\nf(n)";
    fails(zero, &[("n", int(5))], FaultKind::DivideByZero, &[3]);
    let take = "fn f(x, k) {\n s = 0.0\n for i in 0..2 { s += sum(x[[0, k + i]]) }\n s\n}\nf(x, k)";
    fails(take, &[("x", x), ("k", int(2))], FaultKind::Bounds, &[0, 3, 3]);
}

#[test]
fn deep_expressions() {
    let deep = (0..240).fold("v".to_string(), |inner, _| format!("abs({inner} + 1.0)"));
    let source = format!("fn f(x) {{\n s = 0.0\n p = 0.0\n for v in x {{\n s += {deep} + p\n p = v\n }}\n s\n}}\nf(x)");
    check(&source, &[("x", f64s(&[1.0, 2.0]))], &[float(241.0 + 242.0 + 1.0)], Some(false));
    let blocks = (0..120).fold("s += v".to_string(), |inner, k| format!("if v > {k}.0 - 300.0 {{ {inner} }}"));
    let source = format!("fn f(x) {{\n s = 0.0\n for v in x {{ {blocks}\n if s < 0.0 {{ break }}\n }}\n s\n}}\nf(x)");
    check(&source, &[("x", f64s(&[1.0, 2.0]))], &[float(3.0)], Some(false));
    let loops = (0..120).rev().fold("s += 1.0".to_string(), |inner, k| format!("for i{k} in 0..1 {{ {inner} }}"));
    let source = format!("fn f(x) {{\n s = x[0]\n {loops}\n s\n}}\nf(x)");
    check(&source, &[("x", f64s(&[1.0, 2.0]))], &[float(2.0)], Some(false));
}
