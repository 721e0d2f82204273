//! Vector loops over integers below 32 bits and bools, which run in elements as narrow as their values allow: random bodies of what depends
//! on low bits alone and what does not. `KILN_SEEDS=n` runs n of them.

use crate::array::{DType, Scalar};
use crate::codegen::Jit;
use crate::kernel::Interpreter;
use crate::kernel::parse::parse;
use crate::kernel::testing::{Data, run, same_run};

/// Dtypes with an array of them, read anywhere (that of the same name and 2 is written, and read in place), a scalar parameter, a variable.
const NARROW: [(DType, &str, &str, &str); 4] =
    [(DType::U8, "a", "p", "t"), (DType::I8, "b", "q", "u"), (DType::U16, "c", "r", "v"), (DType::I16, "d", "s", "w")];

struct Body {
    random: fastrand::Rng,
    /// By dtype: is its variable set?
    set: [bool; 4],
    /// Dtypes in use: the fewer, the narrower elements can be.
    dtypes: std::ops::Range<usize>,
}

impl Body {
    fn dtype(&mut self) -> usize {
        self.random.usize(self.dtypes.clone())
    }

    fn index(&mut self) -> &'static str {
        self.random.choice(["i", "i", "(i + 1)", "(i + 2)"]).unwrap_or("i")
    }

    fn value(&mut self, at: usize, depth: usize) -> String {
        let (dtype, array, scalar, variable) = NARROW[at];
        if depth == 0 {
            return match self.random.usize(..7) {
                0 => format!("{}{dtype}", [0, 1, 2, 3, 7, 100, 127][self.random.usize(..7)]),
                1 => scalar.into(),
                2 if self.set[at] => variable.into(),
                3 => format!("{array}2[i]"),
                _ => format!("{array}[{}]", self.index()),
            };
        }
        let (a, b) = (self.value(at, depth - 1), self.value(at, depth - 1));
        match self.random.usize(..16) {
            0..=2 => format!("({a} + {b})"),
            3 => format!("({a} - {b})"),
            4 => format!("({a} * {b})"),
            5 => format!("({a} & {b})"),
            6 => format!("({a} | {b})"),
            7 => format!("({a} ^ {b})"),
            8 => format!("minimum({a}, {b})"),
            9 => format!("maximum({a}, {b})"),
            10 => format!("({a} << {}{dtype})", self.random.usize(..20)),
            11 => format!("({a} >> {}{dtype})", self.random.usize(..20)),
            12 => format!("({a} >> ({b} & 7{dtype}))"),
            13 => {
                let other = self.dtype();
                format!("{dtype}({})", self.value(other, depth - 1))
            }
            14 => format!("{dtype}({})", self.truth(depth - 1)),
            _ => format!("select({}, {a}, {b})", self.truth(depth - 1)),
        }
    }

    fn truth(&mut self, depth: usize) -> String {
        if depth == 0 {
            return if self.random.bool() { "m2[i]".into() } else { format!("m[{}]", self.index()) };
        }
        let of = self.dtype();
        match self.random.usize(..8) {
            0 => format!("({} & {})", self.truth(depth - 1), self.truth(depth - 1)),
            1 => format!("({} | {})", self.truth(depth - 1), self.truth(depth - 1)),
            2 => format!("not({})", self.truth(depth - 1)),
            3 => format!("select({}, {}, {})", self.truth(depth - 1), self.truth(depth - 1), self.truth(depth - 1)),
            by => format!("({} {} {})", self.value(of, depth - 1), ["<", "<=", "==", "!="][by - 4], self.value(of, depth - 1)),
        }
    }

    fn statement(&mut self) -> String {
        let (at, depth) = (self.dtype(), self.random.usize(1..4));
        let value = self.value(at, depth);
        let (_, array, _, variable) = NARROW[at];
        match self.random.usize(..5) {
            0 => format!("m2[i] = {} ", self.truth(depth)),
            1 => {
                self.set[at] = true;
                format!("{variable} = {value} ")
            }
            _ => format!("{array}2[i] = {value} "),
        }
    }
}

fn array(dtype: DType, size: i64, random: &mut fastrand::Rng) -> Data {
    let value = |random: &mut fastrand::Rng| match dtype {
        DType::Bool => Scalar::bool(random.bool()),
        _ if random.bool() => Scalar::int(dtype, random.i128(..)),
        _ => Scalar::int(dtype, random.i128(-2..4)),
    };
    Data::Array { dtype, sizes: vec![size], values: (0..size).map(|_| value(random)).collect() }
}

#[test]
fn random_bodies_agree() {
    let count = std::env::var("KILN_SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(40);
    for seed in 0..count {
        let mut random = fastrand::Rng::with_seed(seed);
        let dtypes = [0..1, 0..2, 1..2, 2..3, 2..4, 3..4, 0..4][random.usize(..7)].clone();
        let mut body = Body { random: random.fork(), set: [false; 4], dtypes };
        let text: String = (0..random.usize(1..5)).map(|_| body.statement()).collect();
        let mut params: Vec<String> = Vec::new();
        for (dtype, array, scalar, _) in NARROW {
            params.extend([format!("{array}: {dtype}[1]"), format!("{array}2: {dtype}[1]"), format!("{scalar}: {dtype}")]);
        }
        let vars: String = NARROW.iter().map(|(dtype, .., variable)| format!("var {variable}: {dtype} ")).collect();
        let text = format!(
            "kernel f({}, m: bool[1], m2: bool[1], n: i64) {{ var i: i64 {vars} for i in 0..n vector() {{ {text} }} return }}",
            params.join(", ")
        );
        let module = parse(&text).unwrap_or_else(|error| panic!("{text}\n{error:?}"));
        for n in [1, 7, 8, 9, 31, 32, 33, 63, 64, 65, 100, 128, 191, 260] {
            let mut args = Vec::new();
            for (dtype, ..) in NARROW {
                let scalar = Scalar::int(dtype, random.i128(..));
                args.extend([array(dtype, n + 2, &mut random), array(dtype, n, &mut random), Data::Scalar(scalar)]);
            }
            args.extend([array(DType::Bool, n + 2, &mut random), array(DType::Bool, n, &mut random), Data::i64(n)]);
            let (want, got) = (run(&Interpreter, &module, &args), run(&Jit { threads: 2 }, &module, &args));
            assert!(same_run(&want, &got), "seed {seed}, n = {n}\n{text}\n{args:?}\ninterpreted {want:?}\ncompiled {got:?}");
        }
    }
}
