//! Random array programs as Kiln text. Shapes and dtypes are followed while a program grows, so that most programs are right; some are
//! wrong on purpose or by accident, which is as good: they must fail alike everywhere.

use fastrand::Rng;

/// What is known of a variable of the program.
#[derive(Clone)]
struct Var {
    text: String,
    dtype: &'static str,
    shape: Vec<u64>,
    names: Vec<&'static str>,
}

impl Var {
    fn size(&self) -> u64 {
        self.shape.iter().product()
    }
    fn rank(&self) -> usize {
        self.shape.len()
    }
    fn is(&self, dtypes: &[&str]) -> bool {
        dtypes.contains(&self.dtype)
    }
    fn is_float(&self) -> bool {
        self.is(&["f32", "f64"])
    }
    fn is_real(&self) -> bool {
        self.dtype != "c128"
    }
    /// How the program names a dimension.
    fn axis(&self, axis: usize) -> String {
        self.names.get(axis).map_or_else(|| axis.to_string(), |name| name.to_string())
    }
}

const NAMES: [&str; 4] = ["time", "lat", "lon", "band"];
const DTYPES: [&str; 7] = ["f64", "f32", "i64", "i32", "u8", "bool", "c128"];
const UNARY: [&str; 22] = [
    "sin", "cos", "tan", "exp", "log", "sqrt", "abs", "floor", "ceil", "sign", "square", "tanh", "atan", "log1p", "expm1", "cbrt", "erf",
    "isnan", "isfinite", "trunc", "round", "exp2",
];
const REDUCE: [&str; 21] = [
    "sum",
    "mean",
    "min",
    "max",
    "prod",
    "var",
    "std",
    "any",
    "all",
    "count",
    "count_nonzero",
    "argmin",
    "argmax",
    "nansum",
    "nanmean",
    "nanmin",
    "nanmax",
    "nanvar",
    "nanargmax",
    "median",
    "nanmedian",
];

/// Functions as users write them: name, rank of the argument, text.
const FUNCTIONS: [(&str, usize, &str); 10] = [
    ("positive", 1, "fn positive(x) { s = 0.0; for v in x { if v > 0 { s += v } }; s }"),
    ("prefix", 1, "fn prefix(x) { out = zeros(x.size()); s = 0.0; for i in 0..x.size() { s += x[i]; out[i] = s }; out }"),
    ("bend", 9, "fn bend(v: f64) { if v > 0.5 { v * 2.0 } else if v < -1.0 { -v } else { sin(v) + 1.0 } }"),
    ("steps", 9, "fn steps(v: f64) { k = 0; while v > 1.0 and k < 50 { v = v / 2.0; k += 1 }; k }"),
    ("largest", 1, "fn largest(x) { best = 0; for i in 1..x.size() { if x[i] > x[best] { best = i } }; best }"),
    (
        "rows",
        2,
        "fn rows(x) { out = zeros(x.size(0)); for i in 0..x.size(0) { for j in 0..x.size(1) { out[i] += x[i, j] * (j + 1) } }; out }",
    ),
    (
        "turned",
        2,
        "fn turned(x) { out = zeros(x.size(1), x.size(0)); for i in 0..x.size(0) { for j in 0..x.size(1) { out[j, i] = x[i, j] } }; out }",
    ),
    ("smooth", 1, "fn smooth(x) { out = zeros(x.size()); for i in 1..x.size() - 1 { out[i] = (x[i - 1] + x[i] + x[i + 1]) / 3 }; out }"),
    ("scaled", 9, "fn scaled(x) { m = x.mean(); (x - m) / (x.std() + 1.0) }"),
    ("inside", 1, "fn inside(x) { n = x.size(); t = 0.0; for i in 0..n { t += x[i] * x[n - 1 - i] }; t + sum(x * 2.0) }"),
];

/// A program under way.
pub struct Writer {
    rng: Rng,
    lines: Vec<String>,
    vars: Vec<Var>,
    functions: Vec<&'static str>,
    large: bool,
}

/// The program of a seed: statements, the last of which binds `result`. A large one has arrays of several blocks.
pub fn program(seed: u64, large: bool) -> String {
    let mut writer = Writer { rng: Rng::with_seed(seed), lines: Vec::new(), vars: Vec::new(), functions: Vec::new(), large };
    for _ in 0..if large { 1 } else { writer.rng.usize(1..4) } {
        writer.create();
    }
    for _ in 0..if large { 3 } else { writer.rng.usize(2..8) } {
        writer.step();
    }
    let last = writer.vars.len().saturating_sub(if large { 2 } else { 4 });
    let names: Vec<&str> = writer.vars[last..].iter().map(|var| var.text.as_str()).collect();
    let mut lines: Vec<String> = writer.functions.iter().map(|text| text.to_string()).collect();
    lines.extend(writer.lines);
    lines.push(format!("result = ({},)", names.join(", ")));
    lines.join("\n")
}

impl Writer {
    fn one<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.rng.usize(..items.len())]
    }

    fn bind(&mut self, text: String, dtype: &'static str, shape: Vec<u64>, names: Vec<&'static str>) {
        let name = format!("v{}", self.vars.len());
        self.lines.push(format!("{name} = {text}"));
        self.vars.push(Var { text: name, dtype, shape, names });
    }

    /// A variable; the newest is the likeliest. In large programs the first, now and then.
    fn var(&mut self) -> Var {
        let last = self.vars.len() - 1;
        let at = if self.rng.bool() { last } else { self.rng.usize(..=last) };
        self.vars[at].clone()
    }

    fn shape(&mut self) -> Vec<u64> {
        if self.large {
            return match self.rng.u32(..3) {
                0 => vec![self.rng.u64(150_000..300_000)],
                1 => vec![self.rng.u64(300..600), self.rng.u64(300..500)],
                _ => vec![3, self.rng.u64(200..300), self.rng.u64(200..300)],
            };
        }
        let rank = self.one(&[0, 1, 1, 1, 2, 2, 2, 3]);
        (0..rank).map(|_| if self.rng.u32(..40) == 0 { 0 } else { self.rng.u64(1..7) }).collect()
    }

    fn create(&mut self) {
        let shape = self.shape();
        let sizes = shape.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        let count: u64 = shape.iter().product();
        let dtype = self.one(&DTYPES);
        let seed = self.rng.u32(..100);
        let of = |dtype: &str| if sizes.is_empty() { format!("type = {dtype}") } else { format!("{dtype}[{sizes}]") };
        let text = match (dtype, self.rng.u32(..6)) {
            ("f64" | "f32", 0) => format!("random.uniform(-2, 3, {}, seed = {seed})", of(dtype)),
            ("f64" | "f32", 1) => format!("random.normal(0, 2, {}, seed = {seed})", of(dtype)),
            ("f64", 2) if !shape.is_empty() && count > 0 => format!("linspace(-1, 2, {count}).reshape({sizes})"),
            ("f64" | "f32", 3) => {
                format!("where(random.uniform(0, 1, {}, seed = {seed}) < 0.3, nan, random.normal(0, 1, {}))", of(dtype), of(dtype))
            }
            ("f64" | "f32", _) => format!("random.integers(-9, 10, {}, seed = {seed}).as({dtype}) / 4", of("i64")),
            ("i64", 0 | 1) if !shape.is_empty() => format!("arange({count}).reshape({sizes})"),
            ("i64", 2) if shape.len() == 1 && count > 0 && count < 10 => {
                let items: Vec<String> = (0..count).map(|_| self.rng.i32(-20..20).to_string()).collect();
                format!("[{}]", items.join(", "))
            }
            ("i64" | "i32", _) => format!("random.integers(-50, 50, {}, seed = {seed})", of(dtype)),
            ("u8", _) => format!("random.integers(0, 256, {}, seed = {seed})", of("u8")),
            ("bool", _) => format!("random.integers(0, 2, {}, seed = {seed}) == 1", of("i32")),
            _ => format!("complex(random.normal(0, 1, {}, seed = {seed}), random.integers(-3, 4, {}))", of("f64"), of("i64")),
        };
        let named = !shape.is_empty() && self.rng.u32(..4) == 0;
        let names: Vec<&'static str> = if named { NAMES[..shape.len()].to_vec() } else { Vec::new() };
        let text = if named { format!("({text}).named({})", names.join(", ")) } else { text };
        self.bind(text, dtype, shape, names);
    }

    /// An operand that goes with `x`: itself, a like variable, a number, or a part of `x` that broadcasts.
    fn operand(&mut self, x: &Var) -> (String, &'static str) {
        let like: Vec<Var> = self
            .vars
            .iter()
            .filter(|v| {
                (v.shape == x.shape && v.names == x.names) || v.rank() == 0 || (x.names.is_empty() && v.names.is_empty() && fits(v, x))
            })
            .cloned()
            .collect();
        match self.rng.u32(..10) {
            0..5 => {
                let v = like[self.rng.usize(..like.len())].clone();
                (v.text, v.dtype)
            }
            5 if x.rank() > 0 && x.size() > 0 && x.is_real() => {
                let axis = self.rng.usize(..x.rank());
                (format!("{}.max(over = {}, keepdims = true)", x.text, x.axis(axis)), x.dtype)
            }
            6 if x.rank() > 0 && x.shape[0] > 0 && x.names.is_empty() => (format!("{}[0]", x.text), x.dtype),
            7 if x.is_float() => (self.one(&["2.5", "-0.5", "nan", "1e300", "-0.0", "inf"]).to_string(), x.dtype),
            _ => (self.one(&["2", "3", "7", "1", "0"]).to_string(), x.dtype),
        }
    }

    fn step(&mut self) {
        let x = self.var();
        let t = x.text.clone();
        match self.rng.u32(..26) {
            0 | 1 => {
                let name = self.one(&UNARY);
                let dtype = match name {
                    "isnan" | "isfinite" => "bool",
                    "abs" if !x.is_real() => "f64",
                    "abs" | "floor" | "ceil" | "sign" | "square" | "trunc" | "round" => x.dtype,
                    _ if x.is(&["f32", "c128"]) => x.dtype,
                    _ => "f64",
                };
                self.bind(format!("{name}({t})"), dtype, x.shape, x.names);
            }
            2..=5 => self.binary(&x),
            6 => {
                let (a, ad) = self.operand(&x);
                let limit = self.one(&["0", "1", "3"]);
                let condition = if x.is_real() { format!("{t} > {limit}") } else { format!("{t} == {limit}") };
                self.bind(format!("where({condition}, {t}, {a})"), meet(x.dtype, ad), x.shape, x.names);
            }
            7..=9 => self.slice(&x),
            10 => {
                let (mut shape, mut names) = (x.shape.clone(), x.names.clone());
                shape.reverse();
                names.reverse();
                self.bind(format!("{t}.T"), x.dtype, shape, names);
            }
            11 if x.size() > 0 => {
                let factor = self.one(&[1, 2, 3]);
                let shape = if x.size().is_multiple_of(factor) { vec![factor, x.size() / factor] } else { vec![x.size()] };
                let sizes = if self.rng.bool() {
                    format!("{}, -1", shape[0])
                } else {
                    shape.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
                };
                let shape = if sizes.ends_with("-1") { vec![shape[0], x.size() / shape[0]] } else { shape };
                self.bind(format!("{t}.reshape({sizes})"), x.dtype, shape, Vec::new());
            }
            12..=15 => self.reduce(&x),
            16 if x.rank() > 0 => {
                let name = self.one(&["cumsum", "cumprod", "cummax", "cummin", "flip", "diff", "sort", "argsort"]);
                let axis = self.rng.usize(..x.rank());
                let mut shape = x.shape.clone();
                if name == "diff" {
                    shape[axis] = shape[axis].saturating_sub(1);
                }
                let dtype = if name == "argsort" { "i64" } else { x.dtype };
                self.bind(format!("{name}({t}, along = {})", x.axis(axis)), dtype, shape, x.names);
            }
            17 if x.rank() > 0 => {
                let axis = self.rng.usize(..x.rank());
                let mut shape = x.shape.clone();
                shape[axis] *= 2;
                let other = if self.rng.bool() { format!("{t} * 2") } else { format!("flip({t}, along = {})", x.axis(axis)) };
                self.bind(format!("concat({t}, {other}, along = {})", x.axis(axis)), x.dtype, shape, x.names);
            }
            18 if x.names.is_empty() => {
                let mut shape = x.shape.clone();
                shape.insert(0, 2);
                self.bind(format!("stack({t}, {t} + {t})"), x.dtype, shape, Vec::new());
            }
            19 if x.rank() == 2 && x.size() < 5000 => {
                let right = self.rng.bool();
                let text = if right { format!("{t} @ {t}.T") } else { format!("{t}.T @ {t}") };
                let n = x.shape[if right { 0 } else { 1 }];
                self.bind(text, x.dtype, vec![n, n], Vec::new());
            }
            19 if x.rank() == 1 && x.shape[0] < 5000 => {
                self.bind(format!("outer({t}, {t}[0..1])"), x.dtype, vec![x.shape[0], 1], Vec::new())
            }
            20 | 21 => self.call(&x),
            22 => {
                let dtype = self.one(&["f64", "f32", "i32", "i64"]);
                if x.is_real() {
                    self.bind(
                        format!("nan_to_num(f64({t}), posinf = 9, neginf = -9).clip(-100, 100).as({dtype})"),
                        dtype,
                        x.shape,
                        x.names,
                    );
                }
            }
            23 if x.rank() > 0 && x.is_real() => {
                let shift = self.rng.i32(-3..4);
                let axis = self.rng.usize(..x.rank());
                self.bind(format!("roll({t}, {shift}, along = {})", x.axis(axis)), x.dtype, x.shape, x.names);
            }
            24 if x.rank() > 0 && x.is_real() => self.select(&x),
            _ => self.create(),
        }
    }

    /// What data decides how much of: the generator does not know its size.
    fn select(&mut self, x: &Var) {
        let t = &x.text;
        let limit = self.one(&["0", "1", "100"]);
        let axis = self.rng.usize(..x.rank());
        let line = x.axis(axis);
        let along: Vec<String> = (0..x.rank()).filter(|other| *other != axis).map(|other| x.axis(other)).collect();
        let (text, dtype) = match self.rng.u32(..6) {
            0 => (format!("{t}[{t} > {limit}].size()"), "i64"),
            1 => (format!("sort({t}[{t} > {limit}])[.. by 3].as(f64).sum()"), "f64"),
            2 => (format!("unique({t}).as(f64).sum()"), "f64"),
            3 => (format!("flatnonzero({t} > {limit}).sum()"), "i64"),
            4 => (format!("isin({t}, {t}[{t} > {limit}]).sum()"), "i64"),
            _ if along.is_empty() => (format!("quantile({t}, [0.1, 0.5], over = {line}).as(f64).sum()"), "f64"),
            _ => (format!("compress({t}.max(over = ({},)) > {limit}, {t}, along = {line}).as(f64).sum()", along.join(", ")), "f64"),
        };
        self.bind(text, dtype, Vec::new(), Vec::new());
    }

    fn binary(&mut self, x: &Var) {
        let (y, other) = self.operand(x);
        let t = &x.text;
        let dtype = meet(x.dtype, other);
        let operator =
            self.one(&["+", "-", "*", "/", "//", "%", "**", "<", "==", ">=", "minimum", "maximum", "atan2", "hypot", "+", "*", "-"]);
        let float = if dtype == "f32" || dtype == "c128" { dtype } else { "f64" };
        let (text, dtype) = match operator {
            "minimum" | "maximum" => (format!("{operator}({t}, {y})"), dtype),
            "atan2" | "hypot" => (format!("{operator}({t}, {y})"), float),
            "/" => (format!("{t} / {y}"), float),
            "<" | "==" | ">=" => (format!("{t} {operator} {y}"), "bool"),
            "//" | "%" if !matches!(dtype, "f64" | "f32") && self.rng.u32(..4) > 0 => (format!("{t} {operator} ({y} * {y} + 1)"), dtype),
            "**" => (format!("{t} ** {}", self.one(&["2", "3", "0", "2.0", "0.5"])), dtype),
            _ => (format!("{t} {operator} {y}"), dtype),
        };
        self.bind(text, dtype, x.shape.clone(), x.names.clone());
    }

    fn slice(&mut self, x: &Var) {
        let (mut parts, mut shape, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for (axis, &size) in x.shape.iter().enumerate() {
            let before = shape.len();
            let part = match self.rng.u32(..9) {
                0 if size > 0 => self.rng.u64(..size).to_string(),
                1 if size > 0 => (-self.rng.i64(1..=size as i64)).to_string(),
                2 | 3 if size > 0 => {
                    let from = self.rng.u64(..size);
                    let to = self.rng.u64(from..=size);
                    let step = self.rng.u64(1..4);
                    shape.push((to - from).div_ceil(step));
                    if step == 1 { format!("{from}..{to}") } else { format!("{from}..{to} by {step}") }
                }
                4 => {
                    shape.push(size);
                    ".. by -1".to_string()
                }
                5 if size > 0 && size < 100 => {
                    let places: Vec<String> = (0..self.rng.u64(1..5)).map(|_| self.rng.u64(..size).to_string()).collect();
                    // Two lists would go together in other libraries; here one is enough.
                    if parts.iter().any(|part: &String| part.starts_with('[')) {
                        shape.push(size);
                        "..".to_string()
                    } else {
                        shape.push(places.len() as u64);
                        format!("[{}]", places.join(", "))
                    }
                }
                6 if x.names.is_empty() => {
                    parts.push("new".to_string());
                    shape.push(1);
                    shape.push(size);
                    "..".to_string()
                }
                7 if self.rng.u32(..12) == 0 => format!("{}", size + 1),
                _ => {
                    shape.push(size);
                    "..".to_string()
                }
            };
            if shape.len() > before
                && let Some(name) = x.names.get(axis)
            {
                names.push(*name);
            }
            parts.push(part);
        }
        if parts.is_empty() {
            parts.push("new".to_string());
            shape.push(1);
        }
        self.bind(format!("{}[{}]", x.text, parts.join(", ")), x.dtype, shape, names);
    }

    fn reduce(&mut self, x: &Var) {
        let name = self.one(&REDUCE);
        let dtype = match name {
            "any" | "all" => "bool",
            "count" | "count_nonzero" | "argmin" | "argmax" | "nanargmax" => "i64",
            "mean" | "var" | "std" | "nanmean" | "nanvar" | "median" | "nanmedian" if !x.is(&["f32", "c128"]) => "f64",
            _ if x.is(&["bool", "i32", "u8"]) && matches!(name, "sum" | "prod") => "i64",
            _ => x.dtype,
        };
        let t = if matches!(name, "any" | "all") && x.dtype != "bool" { format!("({} != 0)", x.text) } else { x.text.clone() };
        let keep = self.rng.u32(..4) == 0;
        let axes: Vec<usize> = (0..x.rank()).filter(|_| self.rng.bool()).collect();
        let axes = if name.contains("arg") { axes.into_iter().take(1).collect() } else { axes };
        let (mut arguments, mut shape, mut names) = (Vec::new(), Vec::new(), Vec::new());
        let all = axes.is_empty();
        match axes[..] {
            [] => {}
            [axis] => arguments.push(format!("over = {}", x.axis(axis))),
            _ => arguments.push(format!("over = ({})", axes.iter().map(|axis| x.axis(*axis)).collect::<Vec<_>>().join(", "))),
        }
        for (axis, &size) in x.shape.iter().enumerate() {
            let gone = all || axes.contains(&axis);
            if !gone || keep {
                shape.push(if gone { 1 } else { size });
                names.extend(x.names.get(axis));
            }
        }
        if keep {
            arguments.push("keepdims = true".to_string());
        }
        if matches!(name, "var" | "std" | "nanvar") && self.rng.bool() {
            arguments.push("ddof = 1".to_string());
        }
        self.bind(format!("{t}.{name}({})", arguments.join(", ")), dtype, shape, names);
    }

    fn call(&mut self, x: &Var) {
        let (name, rank, text) = self.one(&FUNCTIONS);
        if !x.is_real() || (rank != 9 && self.large && x.size() > 400_000) {
            return;
        }
        let (argument, shape) = match (rank, x.rank()) {
            (9, _) => (x.text.clone(), x.shape.clone()),
            (1, 1) | (2, 2) => (format!("f64({})", x.text), x.shape.clone()),
            (1, _) => (format!("f64({}).ravel()", x.text), vec![x.size()]),
            _ => (format!("f64({}).reshape(1, {})", x.text, x.size()), vec![1, x.size()]),
        };
        let named = matches!((rank, x.rank()), (1, 1) | (2, 2)) && !x.names.is_empty();
        let argument = if named { format!("{argument}.unnamed()") } else { argument };
        let (dtype, shape) = match name {
            "positive" | "inside" => ("f64", Vec::new()),
            "largest" => ("i64", Vec::new()),
            "steps" => ("i64", shape),
            "rows" => ("f64", vec![shape[0]]),
            "turned" => ("f64", vec![shape[1], shape[0]]),
            "scaled" if x.dtype == "f32" => ("f32", shape),
            _ => ("f64", shape),
        };
        if !self.functions.contains(&text) {
            self.functions.push(text);
        }
        let names = if rank == 9 { x.names.clone() } else { Vec::new() };
        self.bind(format!("{name}({argument})"), dtype, shape, names);
    }
}

/// Whether `v` broadcasts to the shape of `x`.
fn fits(v: &Var, x: &Var) -> bool {
    v.rank() <= x.rank() && v.shape.iter().rev().zip(x.shape.iter().rev()).all(|(a, b)| a == b || *a == 1)
}

/// The dtype of two that meet, near enough.
fn meet(a: &'static str, b: &'static str) -> &'static str {
    let order = ["bool", "u8", "i32", "i64", "f32", "f64", "c128"];
    let place = |dtype| order.iter().position(|other| *other == dtype).unwrap_or(0);
    match order[place(a).max(place(b))] {
        "f32" if [a, b].iter().any(|d| matches!(*d, "i32" | "i64")) => "f64",
        dtype => dtype,
    }
}
