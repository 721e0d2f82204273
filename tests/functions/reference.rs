//! The typed program run in the plainest way: every array is copied wherever it goes. What value semantics are compared with, on random
//! programs that bind, store, swap, slice, pass and return arrays in loops and branches.

use super::*;
use kiln::builtins::Define;
use kiln::kernel::lower::call_exprs;
use kiln::ops::eval::{convert, operate};
use kiln::sema::hir::*;
use kiln::types::signature::signature;
use kiln::types::slice::range_of;

#[derive(Clone, Debug)]
enum Val {
    Scalar(Scalar),
    /// Sizes, and elements row-major.
    Array(Vec<usize>, Vec<Scalar>),
    Tuple(Vec<Val>),
    Unit,
}

enum Flow {
    Next,
    Break,
    Continue,
    Return(Val),
}

struct Reference<'a> {
    world: &'a World,
    vars: Vec<Val>,
    steps: &'a std::cell::Cell<usize>,
}

fn call(world: &World, inst: InstId, args: Vec<Val>, steps: &std::cell::Cell<usize>) -> Val {
    let instance = world.instance(inst);
    let mut this = Reference { world, vars: vec![Val::Unit; instance.locals.len()], steps };
    for (param, arg) in instance.params.iter().zip(args) {
        this.vars[param.0 as usize] = arg;
    }
    match this.block(&instance.body) {
        (Flow::Return(value), _) | (_, value) => value,
    }
}

impl Reference<'_> {
    fn block(&mut self, block: &Block) -> (Flow, Val) {
        for stmt in &block.stmts {
            match self.stmt(stmt) {
                Flow::Next => {}
                other => return (other, Val::Unit),
            }
        }
        (Flow::Next, block.value.as_ref().map_or(Val::Unit, |value| self.expr(value)))
    }

    fn stmt(&mut self, stmt: &Stmt) -> Flow {
        self.steps.set(self.steps.get() + 1);
        assert!(self.steps.get() < 200_000, "the program does not end");
        match &stmt.kind {
            StmtKind::Bind { local, value } => self.vars[local.0 as usize] = self.expr(value),
            StmtKind::Unpack { locals, value } => {
                let Val::Tuple(items) = self.expr(value) else { panic!() };
                for (local, item) in locals.iter().zip(items) {
                    if let Some(local) = local {
                        self.vars[local.0 as usize] = item;
                    }
                }
            }
            StmtKind::Store { local, index, value } => {
                let value = self.expr(value);
                let Val::Array(shape, _) = self.vars[local.0 as usize].clone() else { panic!() };
                let (_, places) = self.places(&shape, index);
                let Val::Array(_, array) = &mut self.vars[local.0 as usize] else { panic!() };
                for (at, place) in places.into_iter().enumerate() {
                    array[place] = match &value {
                        Val::Scalar(value) => *value,
                        Val::Array(_, values) => values[at % values.len()],
                        _ => panic!(),
                    };
                }
            }
            StmtKind::Expr { value, .. } => {
                if let ExprKind::If { cond, then, other } = &value.kind {
                    let taken = if self.truth(cond) { then } else { other };
                    return self.block(taken).0;
                }
                self.expr(value);
            }
            StmtKind::For { local, iter, body, .. } => {
                let items: Vec<Val> = match self.expr(iter) {
                    Val::Array(shape, items) if shape.len() == 1 => items.into_iter().map(Val::Scalar).collect(),
                    Val::Array(shape, items) => items.chunks(shape[1]).map(|row| Val::Array(vec![shape[1]], row.to_vec())).collect(),
                    Val::Tuple(ends) => {
                        let end = |at: usize| if let Val::Scalar(end) = ends[at] { end.as_int().unwrap() as i64 } else { panic!() };
                        (end(0)..end(1)).step_by(end(2) as usize).map(|at| Val::Scalar(Scalar::i64(at))).collect()
                    }
                    _ => panic!(),
                };
                for item in items {
                    self.vars[local.0 as usize] = item;
                    match self.block(body).0 {
                        Flow::Break => break,
                        Flow::Return(value) => return Flow::Return(value),
                        Flow::Next | Flow::Continue => {}
                    }
                }
            }
            StmtKind::While { cond, body } => {
                while self.truth(cond) {
                    match self.block(body).0 {
                        Flow::Break => break,
                        Flow::Return(value) => return Flow::Return(value),
                        Flow::Next | Flow::Continue => {}
                    }
                }
            }
            StmtKind::Break => return Flow::Break,
            StmtKind::Continue => return Flow::Continue,
            StmtKind::Return(value) => return Flow::Return(value.as_ref().map_or(Val::Unit, |value| self.expr(value))),
            StmtKind::Assert { .. } => panic!(),
        }
        Flow::Next
    }

    fn truth(&mut self, cond: &Expr) -> bool {
        matches!(self.expr(cond), Val::Scalar(value) if value.as_bool() == Some(true))
    }

    /// Sizes of what indices select, and the places of its elements.
    fn places(&mut self, shape: &[usize], index: &[Index]) -> (Vec<usize>, Vec<usize>) {
        let mut int = |expr: &Expr| match self.expr(expr) {
            Val::Scalar(value) => value.as_int().unwrap() as i64,
            _ => panic!(),
        };
        let (mut sizes, mut places) = (Vec::new(), vec![0]);
        for (axis, size) in shape.iter().enumerate() {
            let along: Vec<usize> = match index.get(axis).unwrap_or(&Index::All) {
                Index::At(at) => vec![int(at) as usize],
                Index::All => (0..*size).collect(),
                Index::Range { lo, hi, step } => {
                    let (start, count) = range_of(*size as u64, lo.as_ref().map(&mut int), hi.as_ref().map(&mut int), *step);
                    (0..count as i64).map(|k| (start as i64 + k * step) as usize).collect()
                }
                _ => panic!(),
            };
            if !matches!(index.get(axis), Some(Index::At(_))) {
                sizes.push(along.len());
            }
            places = places.iter().flat_map(|before| along.iter().map(move |at| before * size + at)).collect();
        }
        (sizes, places)
    }

    fn expr(&mut self, expr: &Expr) -> Val {
        match &expr.kind {
            ExprKind::Const(value) => Val::Scalar(*value),
            ExprKind::Local(local) => self.vars[local.0 as usize].clone(),
            ExprKind::Tuple(items) => Val::Tuple(items.iter().map(|item| self.expr(item)).collect()),
            ExprKind::Field { base, position } => match self.expr(base) {
                Val::Tuple(items) => items[*position].clone(),
                _ => panic!(),
            },
            ExprKind::Range { lo, hi, step, .. } => {
                let step = step.as_ref().map_or(Val::Scalar(Scalar::i64(1)), |step| self.expr(step));
                Val::Tuple(vec![self.expr(lo), self.expr(hi), step])
            }
            ExprKind::If { cond, then, other } => {
                let taken = if self.truth(cond) { then } else { other };
                let (flow, value) = self.block(taken);
                assert!(matches!(flow, Flow::Next));
                value
            }
            ExprKind::Block(block) => self.block(block).1,
            ExprKind::Invoke { inst, args } => {
                let args = args.iter().map(|arg| self.expr(arg)).collect();
                call(self.world, *inst, args, self.steps)
            }
            ExprKind::Index { base, index } => {
                let Val::Array(shape, array) = self.expr(base) else { panic!() };
                let (sizes, places) = self.places(&shape, index);
                let values: Vec<Scalar> = places.into_iter().map(|place| array[place]).collect();
                if sizes.is_empty() { Val::Scalar(values[0]) } else { Val::Array(sizes, values) }
            }
            ExprKind::Call { builtin, args } => {
                let args: Vec<Val> = call_exprs(args).into_iter().map(|arg| self.expr(arg)).collect();
                match (&builtin.define, builtin.name, args.as_slice()) {
                    (Define::Elementwise(op), _, args) => elementwise(*op, args),
                    (_, "zeros_like", [Val::Array(shape, array)]) => Val::Array(shape.clone(), vec![Scalar::f64(0.0); array.len()]),
                    (_, "sum", [Val::Array(_, array)]) => {
                        Val::Scalar(Scalar::f64(array.iter().fold(0.0, |sum, value| sum + value.as_f64())))
                    }
                    (_, "size", [Val::Array(_, array)]) => Val::Scalar(Scalar::i64(array.len() as i64)),
                    (_, name, _) => panic!("{name}"),
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

fn elementwise(op: kiln::ops::ScalarOp, args: &[Val]) -> Val {
    let widest =
        args.iter().filter_map(|arg| if let Val::Array(shape, _) = arg { Some(shape) } else { None }).max_by_key(|shape| shape.len());
    let one = |at: usize| {
        let values: Vec<Scalar> = args
            .iter()
            .map(|arg| match arg {
                Val::Scalar(value) => *value,
                Val::Array(_, array) => array[at % array.len()],
                _ => panic!(),
            })
            .collect();
        let rule = signature(op, &values.iter().map(|value| value.dtype).collect::<Vec<_>>()).unwrap();
        let values: Vec<Scalar> = values.iter().zip(&rule.operands).map(|(value, to)| convert(*value, *to, false).unwrap()).collect();
        operate(op, *rule.operands.last().unwrap(), &values, false).unwrap()
    };
    match widest {
        Some(shape) => Val::Array(shape.clone(), (0..shape.iter().product()).map(one).collect()),
        None => Val::Scalar(one(0)),
    }
}

/// Random programs over vectors `x y z w` of four elements, matrices `m n` of three of these, a pair `t` of vectors and floats `a b`.
struct Maker {
    random: fastrand::Rng,
    /// Names for loop variables in scope.
    counters: Vec<String>,
    names: usize,
}

impl Maker {
    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.random.usize(..from.len())]
    }
    fn name(&mut self) -> &'static str {
        self.pick(&["x", "y", "z", "w"])
    }
    fn at(&mut self) -> String {
        match self.counters.last() {
            Some(counter) if self.random.bool() => counter.clone(),
            _ => self.random.u8(0..4).to_string(),
        }
    }
    fn row(&mut self) -> u8 {
        self.random.u8(0..3)
    }
    fn matrix(&mut self) -> String {
        let (m, row) = (self.pick(&["m", "n"]), self.row());
        match self.random.u8(0..5) {
            0 | 1 => m.into(),
            2 => format!("{m} * 0.5 + {}", self.name()),
            3 => format!("spoil({m}, {row})"),
            _ => format!("(if a < b {{ m }} else {{ {m} }})"),
        }
    }
    fn float(&mut self) -> String {
        let (x, at) = (self.name(), self.at());
        match self.random.u8(0..7) {
            0 => "a".into(),
            1 => "b".into(),
            2 => format!("{x}[{at}]"),
            3 => format!("0.25 * sum({x})"),
            4 => format!("(a - {x}[{at}]) * 0.5"),
            5 => format!("(if a < {x}[{at}] {{ a + 1.0 }} else {{ {} }})", self.name().to_string() + "[0]"),
            _ => format!("{}.5", self.random.u8(0..9)),
        }
    }
    fn array(&mut self) -> String {
        let (x, y, at) = (self.name(), self.name(), self.at());
        match self.random.u8(0..14) {
            12 => format!("{}[{}]", self.pick(&["m", "n"]), self.row()),
            13 => format!("{}[{}, ..] + {x}", self.pick(&["m", "n"]), self.row()),
            0..=3 => x.into(),
            4 => format!("{x} + {}", self.float()),
            5 => format!("({x} - {y}) * 0.5"),
            6 => format!("same({x})"),
            7 => format!("bump({x}, {at})"),
            8 => format!("{x}[.. by -1]"),
            9 => format!("(if a < b {{ {x} }} else {{ {y} }})"),
            10 => self.pick(&["t[0]", "t[1]"]).into(),
            _ => format!("zeros_like({x})"),
        }
    }
    fn cond(&mut self) -> String {
        let (a, b) = (self.float(), self.float());
        format!("{a} {} {b}", self.pick(&["<", ">="]))
    }
    fn body(&mut self, depth: usize, looped: bool, out: &mut String) {
        for _ in 0..self.random.usize(1..5) {
            self.stmt(depth, looped, out);
        }
    }
    fn stmt(&mut self, depth: usize, looped: bool, out: &mut String) {
        let (x, y, at) = (self.name(), self.name(), self.at());
        let line = match self.random.u8(0..if depth < 3 { 26 } else { 18 }) {
            0 | 1 => format!("{x} = {}", self.array()),
            2 | 3 => format!("{x}[{at}] = {}", self.float()),
            4 => format!("{x}[{at}] += {}", self.float()),
            5 => {
                let (from, to) = (self.random.u8(0..3), self.random.u8(0..3));
                format!("{x}[{to}..{}] = {y}[{from}..{}] + {}", to + 2, from + 2, self.float())
            }
            6 => format!("{x}[..] = {}", self.array()),
            7 => format!("{x}, {} = ({y}, {x})", if x == y { self.pick(&["w"]) } else { y }).replace("w, w", "w, x"),
            8 => format!("t = ({}, {})", self.array(), self.array()),
            9 if x != y => format!("{x}, {y} = t"),
            10 => format!("{} = {}", self.pick(&["a", "b"]), self.float()),
            11 => format!("{x} += {y} * 0.25"),
            12 if looped => format!("if {} {{ {} }}", self.cond(), self.pick(&["break", "continue", "return (x, y, z, w, a, b, t, m, n)"])),
            13 => format!("{} = {}", self.pick(&["m", "n"]), self.matrix()),
            14 => format!("{}[{}, ..] = {}", self.pick(&["m", "n"]), self.row(), self.array()),
            15 => format!("{}[{}, {at}] = {}", self.pick(&["m", "n"]), self.row(), self.float()),
            16 => format!("{}[0..2, ..] = {}[1..3, ..]", self.pick(&["m", "n"]), self.pick(&["m", "n"])),
            17 => "m, n = (n, m)".into(),
            18 => {
                self.names += 1;
                let (row, rows) = (format!("r{}", self.names), self.matrix());
                let inside = match self.random.u8(0..4) {
                    0 => format!("{row}[1] += 1.0\n{x} = {row}\n"),
                    1 => format!("{x} = {row}\n"),
                    2 => format!("{x}[..] = {row}\n{y} += {row}\n"),
                    _ => format!("a = {row}[0] * 0.5\n"),
                };
                let mut inner = format!("for {row} in {rows} {{\n{inside}");
                self.body(depth + 1, true, &mut inner);
                inner + "}"
            }
            19 | 20 => {
                let mut inner = format!("if {} {{\n", self.cond());
                self.body(depth + 1, looped, &mut inner);
                if self.random.bool() {
                    inner += "} else {\n";
                    self.body(depth + 1, looped, &mut inner);
                }
                inner + "}"
            }
            21..=23 => {
                self.names += 1;
                let counter = format!("i{}", self.names);
                let mut inner = format!("for {counter} in 0..{} {{\n", self.random.u8(1..5));
                self.counters.push(counter);
                self.body(depth + 1, true, &mut inner);
                self.counters.pop();
                inner + "}"
            }
            24 => {
                self.names += 1;
                let (element, array) = (format!("v{}", self.names), self.array());
                let mut inner = format!("for {element} in {array} {{\na = {element} * 0.5\n");
                self.body(depth + 1, true, &mut inner);
                inner + "}"
            }
            25 => {
                self.names += 1;
                let counter = format!("n{}", self.names);
                let mut inner = format!("{counter} = 0\nwhile {counter} < 3 {{\n{counter} += 1\n");
                self.body(depth + 1, true, &mut inner);
                inner + "}"
            }
            _ => format!("b = {}", self.float()),
        };
        out.push_str(&line);
        out.push('\n');
    }
}

fn flat(value: &Val, out: &mut Vec<Data>) {
    match value {
        Val::Scalar(value) => out.push(Data::Scalar(*value)),
        Val::Array(shape, values) => {
            let sizes = shape.iter().map(|size| *size as i64).collect();
            out.push(Data::Array { dtype: DType::F64, sizes, values: values.clone() });
        }
        Val::Tuple(items) => items.iter().for_each(|item| flat(item, out)),
        Val::Unit => {}
    }
}

#[test]
fn random_programs_have_value_semantics() {
    let rounds = std::env::var("KILN_FUZZ").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(60);
    for seed in 0..rounds {
        let mut maker = Maker { random: fastrand::Rng::with_seed(seed), counters: Vec::new(), names: 0 };
        let mut body = String::new();
        for _ in 0..6 {
            maker.stmt(0, false, &mut body);
        }
        let source = format!(
            "fn same(p) {{ p }}
fn bump(p, i) {{
  p[i] += 1.0
  p
}}
fn spoil(p, i) {{
  p[i, ..] = p[0, ..] * 0.5
  p
}}
fn f(x, y, m) {{
z = x * 2.0
w = y
a = 1.0
b = 2.0
t = (x, y)
n = m
{body}(x, y, z, w, a, b, t, m, n)
}}
f(x, y, m)"
        );
        let rows: [&[f64]; 3] = [&[1.0, 2.0, -3.0, 0.5], &[0.0, 4.0, 5.0, 0.125], &[-1.0, 6.0, 0.75, 2.0]];
        let args = [("x", f64s(&[1.0, 2.0, 3.0, 4.0])), ("y", f64s(&[0.5, -1.0, 8.0, 0.25])), ("m", matrix(&rows))];
        let call_of = called(&source, &args, true);
        let vals = call_of.order.iter().map(|at| match &args[*at].1 {
            Data::Array { sizes, values, .. } => Val::Array(sizes.iter().map(|size| *size as usize).collect(), values.clone()),
            Data::Scalar(value) => Val::Scalar(*value),
        });
        let value = call(&call_of.world, call_of.inst, vals.collect(), &Default::default());
        let mut wanted = Vec::new();
        flat(&value, &mut wanted);
        assert_same(&outcomes(&source, &args, None), &Ok(wanted), 0.0, &format!("seed {seed}\n{source}"));
    }
}
