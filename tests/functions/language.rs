//! Programs people write.

use super::*;

#[test]
fn sums_and_prefix_sums() {
    let x = f64s(&[1.0, -2.0, 3.5, -4.0, 5.0]);
    let sum = "fn f(x) {\n out = 0.0\n for v in x { if v > 0 { out += v } }\n out\n}\nf(x)";
    check(sum, &[("x", x.clone())], &[float(9.5)], Some(true));
    let prefix = "fn f(x) {\n out = zeros_like(x)\n s = 0.0\n for i in 0..size(x) {\n s += x[i]\n out[i] = s\n }\n out\n}\nf(x)";
    check(prefix, &[("x", x)], &[f64s(&[1.0, -1.0, 2.5, -1.5, 3.5])], Some(false));
}

#[test]
fn mandelbrot() {
    let source = "fn escape(cr, ci, limit) {
  z = 0.0 + 0.0im
  c = complex(cr, ci)
  for k in 0..limit {
    z = z * z + c
    if z.real ** 2 + z.imag ** 2 > 4.0 { return k }
  }
  limit
}
fn f(w, h, limit) {
  out = zeros(h, w, dtype = i64)
  for y in 0..h {
    for x in 0..w { out[y, x] = escape(-2.0 + 3.0 * x / w, -1.0 + 2.0 * y / h, limit) }
  }
  out
}
f(w, h, n)";
    let (w, h, limit) = (7, 5, 30);
    let mut values = Vec::new();
    for y in 0..h {
        for x in 0..w {
            let (cr, ci) = (-2.0 + 3.0 * x as f64 / w as f64, -1.0 + 2.0 * y as f64 / h as f64);
            let (mut re, mut im, mut count) = (0.0, 0.0, limit);
            for k in 0..limit {
                (re, im) = (re * re - im * im + cr, re * im + im * re + ci);
                if re * re + im * im > 4.0 {
                    count = k;
                    break;
                }
            }
            values.push(Scalar::i64(count));
        }
    }
    let wanted = Data::Array { dtype: DType::I64, sizes: vec![h, w], values };
    check(source, &[("w", int(w)), ("h", int(h)), ("n", int(limit))], &[wanted], Some(false));
}

#[test]
fn integers() {
    let fib = "fn f(n) { if n < 2 { n } else { f(n - 1) + f(n - 2) } }\nf(n)";
    check(fib, &[("n", int(15))], &[int(610)], None);
    let collatz =
        "fn f(n) {\n steps = 0\n while n != 1 {\n n = if n % 2 == 0 { n // 2 } else { 3 * n + 1 }\n steps += 1\n }\n steps\n}\nf(n)";
    check(collatz, &[("n", int(27))], &[int(111)], Some(false));
    let gcd = "fn f(a, b) {\n while b != 0 { a, b = (b, a % b) }\n a\n}\nf(a, b)";
    check(gcd, &[("a", int(84)), ("b", int(36))], &[int(12)], Some(false));
    let sieve = "fn f(n) {
  prime = ones(n, dtype = bool)
  prime[0..2] = false
  for i in 2..n {
    if i * i >= n { break }
    if prime[i] { for k in i * i..n by i { prime[k] = false } }
  }
  count = 0
  for p in prime { if p { count += 1 } }
  count
}
f(n)";
    check(sieve, &[("n", int(100))], &[int(25)], Some(false));
}

#[test]
fn sorting_and_distances() {
    let bubble = "fn f(x) {
  n = size(x)
  for i in 0..n {
    swapped = false
    for j in 0..n - 1 - i {
      if x[j] > x[j + 1] {
        t = x[j]
        x[j] = x[j + 1]
        x[j + 1] = t
        swapped = true
      }
    }
    if not swapped { break }
  }
  x
}
f(x)";
    check(bubble, &[("x", f64s(&[3.0, 1.0, 2.0, -1.0, 2.5]))], &[f64s(&[-1.0, 1.0, 2.0, 2.5, 3.0])], Some(false));
    let levenshtein = "fn f(a, b) {
  before = arange(size(b) + 1)
  now = zeros_like(before)
  for i in 0..size(a) {
    now[0] = i + 1
    for j in 0..size(b) {
      cost = if a[i] == b[j] { 0 } else { 1 }
      now[j + 1] = minimum(minimum(now[j] + 1, before[j + 1] + 1), before[j] + cost)
    }
    before, now = (now, before)
  }
  before[size(b)]
}
f(a, b)";
    let word = |text: &str| i64s(&text.bytes().map(i64::from).collect::<Vec<_>>());
    check(levenshtein, &[("a", word("kitten")), ("b", word("sitting"))], &[int(3)], Some(false));
}

#[test]
fn matrices() {
    let product = "fn f(a, b) {
  n, k = a.shape
  m = b.shape[1]
  c = zeros(n, m)
  for i in 0..n { for j in 0..m { for l in 0..k { c[i, j] += a[i, l] * b[l, j] } } }
  c
}
f(a, b)";
    let (a, b) = (matrix(&[&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]]), matrix(&[&[1.0, 0.0], &[0.0, 1.0], &[2.0, -1.0]]));
    let wanted = matrix(&[&[7.0, -1.0], &[16.0, -1.0]]);
    check(product, &[("a", a.clone()), ("b", b.clone())], std::slice::from_ref(&wanted), None);
    let inner = "fn f(a, b) {
  n, m = (a.shape[0], b.shape[1])
  c = zeros(n, m)
  for i in 0..n { for j in 0..m { c[i, j] = sum(a[i, ..] * b[.., j]) } }
  c
}
f(a, b)";
    check(inner, &[("a", a.clone()), ("b", b.clone())], std::slice::from_ref(&wanted), Some(false));
    let at = "fn f(a, b) {\n for i in 0..1 { c = a @ b }\n c = a @ b\n c\n}\nf(a, b)";
    check(at, &[("a", a), ("b", b)], &[wanted], None);
    let floyd = "fn f(d) {
  n = d.shape[0]
  for k in 0..n { for i in 0..n { for j in 0..n { d[i, j] = minimum(d[i, j], d[i, k] + d[k, j]) } } }
  d
}
f(d)";
    let far = 1e9;
    let d = matrix(&[&[0.0, 3.0, far, 7.0], &[8.0, 0.0, 2.0, far], &[5.0, far, 0.0, 1.0], &[2.0, far, far, 0.0]]);
    let wanted = matrix(&[&[0.0, 3.0, 5.0, 6.0], &[5.0, 0.0, 2.0, 3.0], &[3.0, 6.0, 0.0, 1.0], &[2.0, 5.0, 7.0, 0.0]]);
    check(floyd, &[("d", d.clone())], std::slice::from_ref(&wanted), Some(false));
    let rows = "fn f(d) {
  n = d.shape[0]
  for k in 0..n { for i in 0..n { d[i, ..] = minimum(d[i, ..], d[i, k] + d[k, ..]) } }
  d
}
f(d)";
    check(rows, &[("d", d)], &[wanted], Some(false));
}

#[test]
fn game_of_life() {
    let source = "fn f(world, steps) {
  h, w = world.shape
  next = zeros_like(world)
  for step in 0..steps {
    for y in 0..h {
      for x in 0..w {
        n = 0
        for dy in -1..=1 {
          for dx in -1..=1 {
            if dy != 0 or dx != 0 { n += world[(y + dy + h) % h, (x + dx + w) % w] }
          }
        }
        next[y, x] = if n == 3 or (n == 2 and world[y, x] == 1) { 1 } else { 0 }
      }
    }
    world, next = (next, world)
  }
  world
}
f(x, n)";
    let world = |cells: &[&str]| {
        let values = cells.iter().flat_map(|row| row.bytes()).map(|cell| Scalar::i64((cell == b'#') as i64)).collect();
        Data::Array { dtype: DType::I64, sizes: vec![cells.len() as i64, cells[0].len() as i64], values }
    };
    let glider = world(&[".#...", "..#..", "###..", ".....", "....."]);
    check(source, &[("x", glider), ("n", int(4))], &[world(&[".....", "..#..", "...#.", ".###.", "....."])], Some(false));
}

#[test]
fn n_body() {
    let source = "fn f(p, v, m, dt, steps) {
  n = size(m)
  for step in 0..steps {
    for i in 0..n {
      for j in i + 1..n {
        d = p[i, ..] - p[j, ..]
        r2 = sum(d * d)
        mag = dt / (r2 * sqrt(r2))
        v[i, ..] -= d * m[j] * mag
        v[j, ..] += d * m[i] * mag
      }
    }
    p += dt * v
  }
  e = 0.0
  for i in 0..n {
    e += 0.5 * m[i] * sum(v[i, ..] ** 2)
    for j in i + 1..n { e -= m[i] * m[j] / sqrt(sum((p[i, ..] - p[j, ..]) ** 2)) }
  }
  (p, v, e)
}
f(p, v, m, dt, n)";
    let (mut p, mut v) = ([[0.0, 0.0, 0.0], [1.0, 0.5, -0.25], [-2.0, 1.0, 3.0]], [[0.0, 0.1, 0.0], [0.3, 0.0, 0.2], [0.0, -0.2, 0.1]]);
    let (m, dt) = ([2.0, 0.5, 0.25], 0.01);
    let data = |rows: &[[f64; 3]; 3]| matrix(&rows.iter().map(|row| row.as_slice()).collect::<Vec<_>>());
    let args = [("p", data(&p)), ("v", data(&v)), ("m", f64s(&m)), ("dt", float(dt)), ("n", int(3))];
    for _ in 0..3 {
        for i in 0..3 {
            for j in i + 1..3 {
                let d: [f64; 3] = std::array::from_fn(|k| p[i][k] - p[j][k]);
                let r2 = d.iter().fold(0.0, |sum, d| sum + d * d);
                let mag = dt / (r2 * r2.sqrt());
                for k in 0..3 {
                    v[i][k] -= d[k] * m[j] * mag;
                    v[j][k] += d[k] * m[i] * mag;
                }
            }
        }
        for i in 0..3 {
            for k in 0..3 {
                p[i][k] += dt * v[i][k];
            }
        }
    }
    let mut e = 0.0;
    for i in 0..3 {
        e += 0.5 * m[i] * v[i].iter().fold(0.0, |sum, v| sum + v * v);
        for j in i + 1..3 {
            e -= m[i] * m[j] / (0..3).fold(0.0, |sum, k| sum + (p[i][k] - p[j][k]).powi(2)).sqrt();
        }
    }
    check(source, &args, &[data(&p), data(&v), float(e)], Some(false));
}

#[test]
fn early_returns_and_jumps() {
    let find = "fn f(x, wanted) {
  n, m = x.shape
  for i in 0..n {
    for j in 0..m {
      if x[i, j] == wanted { return (i, j) }
    }
  }
  (-1, -1)
}
f(x, v)";
    let x = matrix(&[&[1.0, 2.0], &[3.0, 4.0], &[5.0, 6.0]]);
    check(find, &[("x", x.clone()), ("v", float(4.0))], &[int(1), int(1)], Some(false));
    check(find, &[("x", x.clone()), ("v", float(9.0))], &[int(-1), int(-1)], Some(false));
    let skip = "fn f(x) {
  s = 0.0
  for row in x {
    for v in row {
      if v == 2.0 { continue }
      if v > 4.0 { break }
      s += v
    }
    while true {
      s += 100.0
      if s > 50.0 { break }
    }
  }
  s
}
f(x)";
    check(skip, &[("x", x)], &[float(1.0 + 100.0 + 7.0 + 100.0 + 100.0)], Some(false));
}

#[test]
fn iterating_tuples_and_ranges() {
    let tuple =
        "fn f(a, b) {\n s = 0.0\n for v in (a, 2.0 * b, a + b) {\n if v > 100.0 { continue }\n s = 10.0 * s + v\n }\n s\n}\nf(a, b)";
    check(tuple, &[("a", float(1.0)), ("b", float(3.0))], &[float(164.0)], Some(false));
    let arrays = "fn f(x) {\n s = 0.0\n for v in (x, 2.0 * x) { for e in v { s += e } }\n s\n}\nf(x)";
    check(arrays, &[("x", f64s(&[1.0, 2.0]))], &[float(9.0)], Some(false));
    let down =
        "fn f(n, step) {\n s = 0\n for i in n..0 by -2 { s = 10 * s + i }\n for i in 0..n by step { s = 10 * s + i }\n s\n}\nf(n, m)";
    check(down, &[("n", int(7)), ("m", int(3))], &[int(7_531_036)], Some(false));
    let after = "fn f(n) {\n i = 100\n for i in 0..n { i = i * 2 }\n s = 0\n for i in 0..=3 { s += i }\n s + n\n}\nf(n)";
    check(after, &[("n", int(4))], &[int(10)], None);
}
