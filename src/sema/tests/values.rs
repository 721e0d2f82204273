//! Straight-line programs: literals, operators, built-ins, indices, files.

use super::table;

#[test]
fn literals_and_operators() {
    table(&[
        ("x = 1", "x: i64 = 1"),
        ("x = 1.5", "x: f64 = 1.5"),
        ("x = -2 * 3", "x: i64 = -6"),
        ("x = 1 / 2", "x: f64 = 0.5"),
        ("x = 2f32 * 0.5", "x: f32 = 1.0"),
        ("x = zeros(f32[3]) * 2.0", "x: f32[3]"),
        ("x = zeros(f32[3]) * (2 * 0.25)", "x: f32[3]"),
        ("k = 0.1\nx = zeros(f32[3]) * k", "k: f64 = 0.1, x: f64[3]"),
        ("x = zeros(f32[3]) * pi", "x: f32[3]"),
        ("x = 3u8 + 1", "x: u8 = 4"),
        ("x = 1 < 2 and not 3 == 4", "x: bool = 1"),
        ("x = false and true", "x: bool = 0"),
        ("x = [1, 2, 3]", "x: i64[3]"),
        ("x = [1, 2.5]", "x: f64[2]"),
        ("x = [[1, 2], [3, 4], [5, 6]]", "x: i64[3, 2]"),
        ("x = []", "x: f64[0]"),
        ("x = [\"a\", \"b\"]", "x: (str, str)"),
        ("x = (1, \"a\", 2.0)", "x: (i64, str, f64)"),
        ("r = (dy = 1, dx = zeros(3))\nx = r.dx", "r: (dy = i64, dx = f64[3]), x: f64[3]"),
        ("r = (dy = 1, dx = 2)\nx = r.dy + 1", "r: (dy = i64, dx = i64), x: i64 = 2"),
        ("a, b = (1, 2.0)", "a: i64 = 1, b: f64 = 2.0"),
        ("a = 1\nb = 2\na, b = (b, a)", "a: i64 = 2, b: i64 = 1"),
        ("a, _ = (1, 2)", "a: i64 = 1"),
        ("x = 3\nx = \"text\"", "x: str = \"text\""),
        ("n = 4\nt = \"n is {n}\"", "n: i64 = 4, t: str = \"n is 4\""),
        ("x = 1.5\nt = \"{x:.3}\"", "t: str, x: f64 = 1.5"),
        ("t = \"a\" + \"b\"", "t: str = \"ab\""),
        ("x = \"a\" == \"b\"", "x: bool = 0"),
        ("x = 1..5", "x: range"),
        ("x = f32(3)", "x: f32 = 3.0"),
        ("x = zeros(3).as(i64)", "x: i64[3]"),
        ("x = if true { 1 } else { 2 }", "x: i64 = 1"),
        ("x = { a = 3\n a * 2 }", "a: i64 = 3, x: i64 = 6"),
        ("x = sum(0..10)", "x: i64"),
        ("r = 0..=10 by 2\nx = r + 0.5", "r: range, x: f64[6]"),
        ("fn f(r) = r.sum()\nx = f(2..5)", "x: i64"),
    ]);
}

#[test]
fn built_ins() {
    table(&[
        ("n = 4\nm = n // 2\nx = zeros(n, m)", "m: i64 = 2, n: i64 = 4, x: f64[4, 2]"),
        ("x = zeros((2, 3))", "x: f64[2, 3]"),
        ("x = zeros([2, 3])", "x: f64[2, 3]"),
        ("s = (2, 3)\nx = zeros(s)", "s: (i64, i64), x: f64[2, 3]"),
        ("s = [2, 3]\nx = zeros(s)", "s: i64[2], x: f64[2, 3]"),
        ("x = zeros(2, 3)\ny = zeros(x.shape)", "x: f64[2, 3], y: f64[2, 3]"),
        ("x = zeros(2, 3)\nn = x.shape[1]", "n: i64 = 3, x: f64[2, 3]"),
        ("x = zeros(2, 3).T", "x: f64[3, 2]"),
        ("x = zeros(2, 3).mean()", "x: f64"),
        ("x = zeros(2, 3).mean(over = 0)", "x: f64[3]"),
        ("x = zeros(2, 3).named(row, col).mean(over = col)", "x: f64[row: 2]"),
        ("x = zeros(2, 3, 4).named(a, b, c).mean(over = (a, c))", "x: f64[b: 3]"),
        ("k = 1\nx = zeros(2, 3).mean(over = k)", "k: i64 = 1, x: f64[2]"),
        ("x = zeros(2, 3) @ zeros(3, 4)", "x: f64[2, 4]"),
        ("x = random.uniform(0, 1, f64[40, 40], seed = 1)\ny = (x.dot(x.T + 1) - x.mean()).std()", "x: f64[40, 40], y: f64"),
        ("x = where(zeros(f32[3]) > 0, 1, 0)", "x: i64[3]"),
        ("a = zeros(f32[3])\nx = where(a > 0, a, 0)", "a: f32[3], x: f32[3]"),
        ("x = linspace(0, 1, 5)", "x: f64[5]"),
        ("x = arange(3)", "x: i64[3]"),
        ("x = concat([1, 2], [3.5])", "x: f64[3]"),
        ("x = concat(([1, 2], [3, 4]), along = 0)", "x: i64[4]"),
        ("x = compute(zeros(3))", "x: f64[3]"),
        ("x = time(zeros(3).sum())", "x: f64"),
        ("print(1, \"a\", zeros(3))", ""),
        ("x = sqrt(4)", "x: f64 = 2.0"),
        ("mean = zeros(3).mean()\nx = zeros(3).mean()", "mean: f64, x: f64"),
    ]);
}

#[test]
fn indices() {
    table(&[
        ("x = zeros(3, 4)\ny = x[0]", "x: f64[3, 4], y: f64[4]"),
        ("x = zeros(3, 4)\ny = x[1, -1]", "x: f64[3, 4], y: f64"),
        ("x = zeros(10)[2..5]", "x: f64[3]"),
        ("x = zeros(10)[2..=5]", "x: f64[4]"),
        ("x = zeros(10)[-3..]", "x: f64[3]"),
        ("x = zeros(10)[..-1]", "x: f64[9]"),
        ("x = zeros(10)[0..=-1]", "x: f64[10]"),
        ("x = zeros(10)[-20..]", "x: f64[10]"),
        ("x = zeros(100)[0..100 by 5]", "x: f64[20]"),
        ("x = zeros(10)[.. by -1]", "x: f64[10]"),
        ("x = zeros(2, 3, 4)[.., 0]", "x: f64[2, 3]"),
        ("x = zeros(2, 3, 4)[0, ..]", "x: f64[3, 4]"),
        ("x = zeros(2, 3, 4)[0, .., 1]", "x: f64[3]"),
        ("x = zeros(2, 3)[.., 0]", "x: f64[2]"),
        ("x = zeros(3)[.., 0]", "x: f64"),
        ("x = zeros(3)[.., new]", "x: f64[3, 1]"),
        ("x = zeros(3)[new, ..]", "x: f64[1, 3]"),
        ("x = zeros(3, 4)[[2, 0, -1]]", "x: f64[3, 4]"),
        ("i = arange(5)\nx = zeros(9)[i]", "i: i64[5], x: f64[5]"),
        ("x = zeros(3, 4).named(time, lat)[lat = 0..2]", "x: f64[time: 3, lat: 2]"),
        ("x = zeros(3, 4).named(time, lat)[lat = 1, time = 0]", "x: f64"),
        ("r = 2..4\nx = zeros(9)[r]", "r: range, x: f64[2]"),
        ("fn part(x, r) = x[r]\nk = 4\nfor i in 0..2 { k = k + 1 }\nx = part(zeros(9), 1..k)", "k: i64, x: f64[?]"),
        ("s = [3, 4]\nn = s[1]", "n: i64 = 4, s: i64[2]"),
        ("t = (1, \"a\")\nx = t[1]", "t: (i64, str), x: str = \"a\""),
        ("t = (1, \"a\")\nx = t[-1]", "t: (i64, str), x: str = \"a\""),
    ]);
}

#[test]
fn annotations() {
    table(&[
        ("x: f64 = 1", "x: f64 = 1.0"),
        ("x: f32 = 1.5", "x: f32 = 1.5"),
        ("x: f64[3] = zeros(3)", "x: f64[3]"),
        ("x: f64[row, col] = zeros(3, 4)", "x: f64[row: 3, col: 4]"),
        ("x: f64[row: 3, _] = zeros(3, 4).named(row, col)", "x: f64[row: 3, col: 4]"),
        ("x: f64[..] = zeros(3, 4)", "x: f64[3, 4]"),
        ("x: f64[n, n] = zeros(3, 3)", "x: f64[3, 3]"),
        ("x: f64[3] = zeros(f32[3])", "x: f64[3]"),
        ("x: str = \"a\"", "x: str = \"a\""),
        ("n = 3\nx: f64[row: n] = zeros(3)", "n: i64 = 3, x: f64[row: 3]"),
    ]);
}

#[test]
fn files() {
    table(&[
        ("ds = open(\"sst.nc\")\nx = ds.sst", "ds: dataset sst.nc, x: f32[time: 12, lat: 180]"),
        ("x = open(\"sst.nc\").sst.mean(over = time)", "x: f32[lat: 180]"),
        ("x = open(\"sst.nc\", \"/sst\")", "x: f32[time: 12, lat: 180]"),
        ("x = open(\"sst.nc\", \"sea/depth\")", "x: f32[lat: 180]"),
        ("x = open(\"sst.nc\").sea.depth", "x: f32[lat: 180]"),
        ("x = open(\"sst.nc\")[\"sst\"]", "x: f32[time: 12, lat: 180]"),
        ("d = \"sst\"\nx = open(d + \".nc\").mask", "d: str = \"sst\", x: f32[lat: 180]"),
        ("n = \"sst\"\nx = open(\"{n}.nc\").sst[time = 0]", "n: str = \"sst\", x: f32[lat: 180]"),
        ("ds = open(\"sst.nc\")\nx = ds.sst - ds.mask", "ds: dataset sst.nc, x: f32[time: 12, lat: 180]"),
        ("x = open(\"data.nc\")", "K0601 1:10 data.nc: no such file"),
        ("x = open(\"sst.nc\").sts", "K0603 1:20 no variable `sts` in sst.nc"),
        ("x = open(\"sst.nc\", \"/sea/dept\")", "K0603 1:20 no `dept` in sst.nc"),
        ("x = open(\"sst.nc\").odd", "K0602 1:5 the variable `odd` cannot be read: compound types"),
        ("x = 1.5\ny = open(\"{x}.nc\")", "K0301 2:10 the path must be known when the program is checked"),
        ("use \"stats.kiln\"\nx = stats.half(3)", "x: f64 = 1.5"),
        ("use \"lib/stats.kiln\" as m\nx = m.twice(zeros(3))\ny = m.scale", "x: f64[3], y: f64 = 2.0"),
        ("use \"stats.kiln\"\nx = stats.hlf(3)", "K0202 2:11 no `hlf` in the module stats.kiln"),
        ("use \"nothing.kiln\"", "K0601 1:1 no module nothing.kiln"),
        ("use nothing", "K0901 1:1 there is no standard library yet, so no module `nothing`"),
        ("use \"prints.kiln\" as p", "K0901 1:1 a module holds functions, numbers and `use`, and does nothing by itself"),
        ("use \"stats.kiln\"\nx = stats", "K0301 2:5 `stats` is a module, not a value"),
    ]);
}
