//! Every kind of value in compiled functions: dtypes, records, functions, arrays returned from recursion, empty arrays.

use super::*;
use kiln::kernel::ir::FaultKind;

fn ints(dtype: DType, values: &[i128]) -> Data {
    Data::Array { dtype, sizes: vec![values.len() as i64], values: values.iter().map(|value| Scalar::int(dtype, *value)).collect() }
}

#[test]
fn narrow_integers_wrap_and_index() {
    let x = ints(DType::U8, &[250, 3, 7]);
    let source = "fn f(x, p) {
  s = 0u8
  for v in x { s += v }
  y = zeros_like(x)
  for i in 0..3 { y[i] = x[p[i]] * 2 }
  (s, y, x[p[0]])
}
f(x, p)";
    let p = ints(DType::I8, &[2, 0, 1]);
    check(
        source,
        &[("x", x), ("p", p)],
        &[Data::Scalar(Scalar::int(DType::U8, 4)), ints(DType::U8, &[14, 244, 6]), Data::Scalar(Scalar::int(DType::U8, 7))],
        None,
    );
    let bits = "fn f(n) {\n count = 0\n while n != 0 {\n count += 1\n n = bitwise_and(n, n - 1)\n }\n count\n}\nf(n)";
    check(bits, &[("n", int(0xf0f1))], &[int(9)], Some(false));
}

#[test]
fn floats_bools_and_complex_numbers() {
    let x = Data::Array { dtype: DType::F32, sizes: vec![3], values: [1.5f32, -2.0, 0.25].map(Scalar::f32).to_vec() };
    let single = "fn f(x) {\n s = 0.0f32\n for v in x { s = s * 0.5 + v }\n s\n}\nf(x)";
    check(single, &[("x", x)], &[Data::Scalar(Scalar::f32(-0.375))], Some(false));
    let any = "fn f(x) {\n seen = zeros(size(x), dtype = bool)\n for i in 0..size(x) { seen[i] = x[i] > 1.0 or (i > 0 and seen[i - 1]) }\n (seen, any(seen), not all(seen))\n}\nf(x)";
    let bools = Data::Array { dtype: DType::Bool, sizes: vec![3], values: [false, true, true].map(Scalar::bool).to_vec() };
    check(any, &[("x", f64s(&[0.5, 2.0, 0.0]))], &[bools, truth(true), truth(true)], Some(false));
    let dft = "fn f(x) {
  n = size(x)
  out = zeros(n, dtype = c128)
  for k in 0..n {
    w = exp(-2.0im * pi * k / n)
    p = 1.0 + 0.0im
    for i in 0..n {
      out[k] += p * x[i]
      p *= w
    }
  }
  abs(out)
}
f(x)";
    let sizes: Vec<f64> = (0..4)
        .map(|k| {
            let part =
                |f: fn(f64) -> f64| (0..4).map(|i| f(std::f64::consts::TAU * (k * i) as f64 / 4.0) * [1.0, 2.0, -1.0, 0.5][i]).sum::<f64>();
            part(f64::cos).hypot(part(f64::sin))
        })
        .collect();
    let found = outcomes(dft, &[("x", f64s(&[1.0, 2.0, -1.0, 0.5]))], Some(false)).unwrap();
    let [Data::Array { values, .. }] = found.as_slice() else { panic!() };
    assert!(values.iter().zip(sizes).all(|(a, b)| (a.as_f64() - b).abs() < 1e-12), "{values:?}");
}

#[test]
fn times() {
    let source = "fn f(t, d) {
  last = t[0]
  total = 0 * d
  for v in t {
    if v - last > d { total += v - last }
    last = v
  }
  (last, total, total / 1h)
}
f(t, d)";
    let hour = 3_600_000_000i128;
    let stamp = DType::DateTime(Default::default());
    let t = ints(stamp, &[0, hour, 4 * hour, 5 * hour]);
    // Compiled functions give times as the integers they are.
    let wanted = [int((5 * hour) as i64), int((3 * hour) as i64), float(3.0)];
    check(source, &[("t", t), ("d", Data::Scalar(Scalar::int(DType::Duration, 2 * hour)))], &wanted, Some(false));
}

#[test]
fn records_tuples_and_functions() {
    let records = "fn step(s, v) { (sum = s.sum + v, top = maximum(s.top, v), seen = concat(s.seen, [v])) }
fn f(x) {
  s = (sum = 0.0, top = -inf, seen = x[0..1])
  n = 0
  while n < size(x) {
    s = (sum = s.sum + x[n], top = maximum(s.top, x[n]), seen = s.seen * 0.5)
    n += 1
  }
  (s.sum, s)
}
f(x)";
    check(records, &[("x", f64s(&[1.0, 5.0, 2.0]))], &[float(8.0), float(8.0), float(5.0), f64s(&[0.125])], Some(false));
    let higher =
        "fn iterate(g, x, n) {\n for k in 0..n { x = g(x) }\n x\n}\nfn f(x, c) {\n h = v -> v * v + c\n iterate(h, x, 3)\n}\nf(x, c)";
    check(higher, &[("x", float(0.5)), ("c", float(-0.25))], &[float((0.0f64 * 0.0 - 0.25).powi(2) - 0.25)], Some(false));
}

#[test]
fn recursion_with_arrays() {
    let sort = "fn sort(x) {
  n = size(x)
  if n < 2 { return x }
  a, b = (sort(x[0..n // 2]), sort(x[n // 2..n]))
  out = zeros_like(x)
  i = 0
  j = 0
  for k in 0..n {
    if j == size(b) or (i < size(a) and a[i] <= b[j]) {
      out[k] = a[i]
      i += 1
    } else {
      out[k] = b[j]
      j += 1
    }
  }
  out
}
sort(x)";
    check(sort, &[("x", f64s(&[3.0, -1.0, 2.0, 2.0, 9.0, -4.0, 0.0]))], &[f64s(&[-4.0, -1.0, 0.0, 2.0, 2.0, 3.0, 9.0])], Some(false));
    let even = "fn even(n) { if n == 0 { true } else { odd(n - 1) } }\nfn odd(n) { if n == 0 { false } else { even(n - 1) } }\neven(n)";
    check(even, &[("n", int(9))], &[truth(false)], None);
}

#[test]
fn conditions_and_values_with_arrays() {
    let newton = "fn f(a) {
  x = a * 0.5 + 0.5
  while max(abs(x * x - a)) > 1e-12 { x = 0.5 * (x + a / x) }
  y = if sum(x) > 3.0 { x } else { -x }
  z = if sum(x) > 300.0 { x[0] } else { t = x[1] * 2.0; t + 1.0 }
  (y, z)
}
f(a)";
    check(newton, &[("a", f64s(&[4.0, 9.0]))], &[f64s(&[2.0, 3.0]), float(7.0)], Some(false));
    let power = "fn f(a, v, n) {
  for k in 0..n {
    v = a @ v
    v = v / sqrt(sum(v ** 2))
  }
  (v, v @ a @ v)
}
f(a, v, n)";
    let a = matrix(&[&[2.0, 0.0], &[0.0, 1.0]]);
    check(power, &[("a", a), ("v", f64s(&[1.0, 0.0])), ("n", int(3))], &[f64s(&[1.0, 0.0]), float(2.0)], Some(false));
}

#[test]
fn nothing_to_do() {
    let empty = "fn f(x) {
  s = 0.0
  m = inf
  for v in x { s += v }
  for i in 0..size(x) { if x[i] < m { m = x[i] } }
  out = zeros_like(x)
  for i in 0..size(x) { out[i] = s }
  (s, m, out, sum(out), concat(x, out))
}
f(x)";
    check(empty, &[("x", f64s(&[]))], &[float(0.0), float(f64::INFINITY), f64s(&[]), float(0.0), f64s(&[])], None);
}

#[test]
fn variables_change_their_type() {
    let source = "fn f(n) {
  s = 0
  for k in 0..n { s = s + 0.5 }
  t = n
  t = [t, t + 1]
  for k in 0..2 { t = t * 2 }
  (s, t)
}
f(n)";
    check(source, &[("n", int(3))], &[float(1.5), i64s(&[12, 16])], None);
}

#[test]
fn sizes_that_come_up_when_it_runs() {
    let grow = "fn f(x, n) {
  y = x
  for k in 0..n { y = concat(y, x[0..k]) }
  z = zeros(n)
  z[0..2] = y[0..2] + x[n - 2..n]
  (y, z, reshape(y[0..4], 2, 2) @ reshape(y[0..4], 2, 2))
}
f(x, n)";
    let y = f64s(&[1.0, 2.0, 3.0, 1.0, 1.0, 2.0]);
    check(
        grow,
        &[("x", f64s(&[1.0, 2.0, 3.0])), ("n", int(3))],
        &[y, f64s(&[3.0, 5.0, 0.0]), matrix(&[&[7.0, 4.0], &[6.0, 7.0]])],
        Some(false),
    );
    let negative = "fn f(n) {\n while n > -2 { n -= 1 }\n size(zeros(n))\n}\nf(n)";
    fails(negative, &[("n", int(1))], FaultKind::Value, &[-2]);
}
