//! Random kernels that always end, and data for them: for comparing passes with no passes and engines with each other. The same seed gives
//! the same kernel. Most indices are inside, a few are not; most loops are of the shapes that passes look for.

use super::Data;
use crate::array::{DType, Scalar};
use crate::base::{SourceId, Span};
use crate::kernel::ir::*;
use crate::ops::ScalarOp;
use crate::vmath::Math as Elementary;

/// A small random number generator.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Rng {
        Rng(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03)
    }
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ x >> 31
    }
    /// Below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
    /// True once in `n` times.
    fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

const SCALARS: [DType; 6] = [DType::I64, DType::F64, DType::F32, DType::I32, DType::U8, DType::Bool];
/// The array slots of every kernel: three inputs, an index array, two outputs, then local ones.
const ARRAYS: [(DType, usize); 10] = [
    (DType::F64, 1),
    (DType::F64, 1),
    (DType::F64, 2),
    (DType::I64, 1),
    (DType::F64, 1),
    (DType::F64, 2),
    (DType::F64, 1),
    (DType::F64, 1),
    (DType::I64, 1),
    (DType::U8, 1),
];
const PARAMS: usize = 6;
const LOCALS: std::ops::Range<usize> = PARAMS..ARRAYS.len();
/// Variables of each scalar dtype.
const EACH: usize = 4;
const LOOP_VARS: usize = 4;

/// A random module of an entry and two helpers.
pub fn module(seed: u64) -> Module {
    let mut rng = Rng::new(seed);
    let checked = rng.once_in(8);
    let helpers = [helper("small", &mut rng, 1), helper("large", &mut rng, 3)];
    let mut kernels = vec![Generator::new(&mut rng).entry()];
    kernels.extend(helpers);
    Module { kernels, checked }
}

/// Arguments for a random module.
pub fn data(seed: u64) -> Vec<Data> {
    let mut rng = Rng::new(!seed);
    let n = rng.below(14) as i64;
    // Mostly all axes have one size, so that a loop over one array stays inside the others.
    let equal = !rng.once_in(5);
    let length = |rng: &mut Rng| if equal { n } else { rng.below(14) as i64 };
    let mut args = vec![Data::i64(n), Data::i64(rng.below(9) as i64 - 3), Data::Scalar(Scalar::f64(number(&mut rng)))];
    for (dtype, rank) in &ARRAYS[..PARAMS] {
        let sizes: Vec<i64> = (0..*rank).map(|_| length(&mut rng)).collect();
        let count = sizes.iter().product::<i64>();
        let values =
            (0..count).map(|_| if *dtype == DType::I64 { Scalar::i64(rng.below(14) as i64) } else { Scalar::f64(number(&mut rng)) });
        args.push(Data::Array { dtype: *dtype, sizes, values: values.collect() });
    }
    args
}

fn number(rng: &mut Rng) -> f64 {
    match rng.below(24) {
        0 => f64::NAN,
        1 => -0.0,
        2 => f64::INFINITY,
        _ => rng.below(41) as f64 - 20.0,
    }
}

struct Generator<'r> {
    rng: &'r mut Rng,
    kernel: Kernel,
    /// Loop variables of the loops round here, and the arrays whose length bounds each.
    loops: Vec<(VarId, Option<ArrayId>)>,
    used_loop_vars: usize,
    /// Statements that may still be made.
    budget: usize,
    /// The innermost loop round here is a `while`, which `continue` would make endless.
    in_while: bool,
    /// Calls of helpers are possible.
    calls: bool,
    /// Expressions have no elements of arrays and nothing that routines compute.
    light: bool,
    spans: usize,
}

/// A kernel of scalars: a result, or an early one.
fn helper(name: &str, rng: &mut Rng, size: usize) -> Kernel {
    let mut g = Generator::new(rng);
    g.calls = false;
    g.kernel.name = name.into();
    g.kernel.arrays.clear();
    let (a, b) = (g.var(DType::F64, 0), g.var(DType::I64, 0));
    g.kernel.params = vec![Param::Scalar(a), Param::Scalar(b)];
    g.kernel.results = vec![ResultTy::Scalar(DType::F64)];
    let mut body: Vec<Stmt> = (0..size).map(|_| g.set()).collect();
    let value = Operand::Scalar(g.expr(DType::F64, 2));
    if g.rng.once_in(2) {
        let cond = g.expr(DType::Bool, 2);
        body.push(Stmt::If { cond, then: vec![Stmt::Return(vec![value.clone()])], other: vec![] });
        body.push(g.set());
    }
    body.push(Stmt::Return(vec![value]));
    g.kernel.body = body;
    g.kernel
}

impl<'r> Generator<'r> {
    fn new(rng: &'r mut Rng) -> Generator<'r> {
        let mut vars = Vec::new();
        for dtype in SCALARS {
            vars.extend((0..EACH).map(|at| VarDecl { name: format!("{dtype}_{at}"), dtype }));
        }
        vars.extend((0..LOOP_VARS).map(|at| VarDecl { name: format!("i{at}"), dtype: DType::I64 }));
        let arrays = ARRAYS.iter().enumerate().map(|(at, (dtype, rank))| ArrayDecl {
            name: format!("a{at}"),
            dtype: *dtype,
            rank: *rank,
            stream: false,
        });
        let kernel = Kernel {
            name: "entry".into(),
            params: Vec::new(),
            vars,
            arrays: arrays.collect(),
            results: Vec::new(),
            body: Vec::new(),
            span: Span::default(),
        };
        Generator { rng, kernel, loops: Vec::new(), used_loop_vars: 0, budget: 28, in_while: false, calls: true, light: false, spans: 0 }
    }

    /// A span of its own, so that faults tell where they come from.
    fn span(&mut self) -> Span {
        self.spans += 2;
        Span::new(SourceId(0), self.spans, self.spans + 1)
    }

    fn var(&self, dtype: DType, at: usize) -> VarId {
        let place = SCALARS.iter().position(|known| *known == dtype).unwrap_or(0);
        VarId((place * EACH + at % EACH) as u32)
    }

    fn entry(mut self) -> Kernel {
        self.kernel.params = vec![Param::Scalar(self.var(DType::I64, 0)), Param::Scalar(self.var(DType::I64, 1))];
        self.kernel.params.push(Param::Scalar(self.var(DType::F64, 0)));
        self.kernel.params.extend((0..PARAMS).map(|at| Param::Array(ArrayId(at as u32))));
        let mut body: Vec<Stmt> = LOCALS.map(|at| self.alloc(at)).collect();
        while self.budget > 0 {
            body.push(self.statement());
        }
        let results: Vec<(DType, VarId)> =
            SCALARS.into_iter().flat_map(|dtype| [0, 1, 2].map(|at| (dtype, at))).map(|(dtype, at)| (dtype, self.var(dtype, at))).collect();
        let mut values: Vec<Operand> = results.iter().map(|(_, var)| Operand::Scalar(Expr::Var(*var))).collect();
        self.kernel.results = results.iter().map(|(dtype, _)| ResultTy::Scalar(*dtype)).collect();
        for at in [4, 6, 7, 9] {
            values.push(Operand::Array(ArrayId(at as u32)));
            self.kernel.results.push(ResultTy::Array { dtype: ARRAYS[at].0, rank: ARRAYS[at].1 });
        }
        body.push(Stmt::Return(values));
        self.kernel.body = body;
        self.kernel
    }

    fn alloc(&mut self, at: usize) -> Stmt {
        let size = if self.rng.once_in(12) { int(self.rng.below(20) as i64) } else { Expr::Len { array: ArrayId(0), axis: 0 } };
        Stmt::Alloc { array: ArrayId(at as u32), shape: vec![size], clear: true, span: self.span() }
    }

    fn body(&mut self, most: usize) -> Vec<Stmt> {
        (0..1 + self.rng.below(most)).map(|_| self.statement()).collect()
    }

    fn statement(&mut self) -> Stmt {
        self.budget = self.budget.saturating_sub(1);
        let deep = self.loops.len() >= 3 || self.used_loop_vars >= LOOP_VARS || self.budget == 0;
        match self.rng.below(20) {
            0..=3 => self.store(),
            4..=6 => self.reduction(),
            7..=8 => self.if_stmt(),
            9..=14 if !deep => self.for_loop(),
            15 if !deep && self.rng.once_in(2) => self.leaving_loop(),
            15 if !deep => self.while_loop(),
            16 if self.calls => {
                let kernel = KernelId(1 + self.rng.below(2) as u32);
                let args = vec![Operand::Scalar(self.expr(DType::F64, 2)), Operand::Scalar(self.expr(DType::I64, 1))];
                let result = Place::Scalar(self.var(DType::F64, 2 + self.rng.0 as usize % 2));
                Stmt::Call { kernel, args, results: vec![result], span: self.span() }
            }
            17 if self.rng.once_in(2) => self.bind(),
            18 if !self.loops.is_empty() && self.rng.once_in(3) => {
                let cond = self.expr(DType::Bool, 2);
                let jump = if self.in_while || self.rng.once_in(2) { Stmt::Break } else { Stmt::Continue };
                Stmt::If { cond, then: vec![jump], other: vec![] }
            }
            _ => self.set(),
        }
    }

    /// A variable that is no parameter of the entry's gets a value.
    fn set(&mut self) -> Stmt {
        let dtype = *self.rng.pick(&SCALARS);
        let at = 1 + self.rng.below(EACH - 1);
        Stmt::Set { var: self.var(dtype, at), value: self.expr(dtype, 3), span: self.span() }
    }

    fn reduction(&mut self) -> Stmt {
        use ScalarOp::*;
        let (dtype, ops): (DType, &[ScalarOp]) = match self.rng.below(4) {
            0 => (DType::I64, &[Add, Add, Mul, Minimum, Maximum, And, Or, Xor]),
            1 => (DType::Bool, &[And, Or, Xor]),
            _ => (DType::F64, &[Add, Add, Sub, Minimum, Maximum, Mul]),
        };
        let op = *self.rng.pick(ops);
        // Not the first: as a parameter it bounds loops.
        let at = 1 + self.rng.below(2);
        let var = self.var(dtype, at);
        let value = self.expr(dtype, 2);
        let span = self.span();
        let fold = Stmt::Set { var, value: Expr::Op { op, dtype, args: vec![Expr::Var(var), value.clone()], span }, span };
        match self.rng.below(4) {
            0 => Stmt::If { cond: self.expr(DType::Bool, 2), then: vec![fold], other: vec![] },
            1 if dtype != DType::Bool => {
                let op = if self.rng.once_in(2) { Gt } else { Le };
                let cond = Expr::Op { op, dtype, args: vec![value.clone(), Expr::Var(var)], span };
                Stmt::If { cond, then: vec![Stmt::Set { var, value, span }], other: vec![] }
            }
            _ => fold,
        }
    }

    fn if_stmt(&mut self) -> Stmt {
        let cond = self.expr(DType::Bool, 3);
        let then = self.body(2);
        let other = if self.rng.once_in(3) { self.body(2) } else { vec![] };
        Stmt::If { cond, then, other }
    }

    fn for_loop(&mut self) -> Stmt {
        let var = VarId((SCALARS.len() * EACH + self.used_loop_vars) as u32);
        self.used_loop_vars += 1;
        let array = ArrayId(self.rng.below(ARRAYS.len()) as u32);
        let axis = self.rng.below(ARRAYS[array.0 as usize].1);
        let len = Expr::Len { array, axis };
        let (lo, hi, step, over) = match self.rng.below(10) {
            0..=4 => (int(0), len, 1, Some(array)),
            5 => (int(1), op(ScalarOp::Sub, DType::I64, vec![len, int(1)]), 1, Some(array)),
            6 => (int(0), Expr::Var(self.var(DType::I64, 0)), 1, Some(array)),
            7 => (op(ScalarOp::Sub, DType::I64, vec![len, int(1)]), int(-1), -1, Some(array)),
            8 => (int(0), len, 2, Some(array)),
            _ => (int(self.rng.below(3) as i64 - 1), int(self.rng.below(8) as i64), 1, None),
        };
        self.loops.push((var, over));
        let in_while = std::mem::replace(&mut self.in_while, false);
        let body = self.body(4);
        self.in_while = in_while;
        self.loops.pop();
        self.used_loop_vars -= 1;
        Stmt::For { var, lo, hi, step, body, kind: LoopKind::Seq, span: self.span() }
    }

    /// A `while` that runs once at most, in a loop that runs it again.
    fn while_loop(&mut self) -> Stmt {
        let var = VarId((SCALARS.len() * EACH + self.used_loop_vars) as u32);
        self.used_loop_vars += 1;
        let in_while = std::mem::replace(&mut self.in_while, true);
        let mut body = self.body(3);
        self.in_while = in_while;
        self.used_loop_vars -= 1;
        body.push(Stmt::Break);
        let cond = self.expr(DType::Bool, 2);
        let inner = Stmt::While { cond, body, span: self.span() };
        Stmt::For { var, lo: int(0), hi: int(3), step: 1, body: vec![inner], kind: LoopKind::Seq, span: self.span() }
    }

    /// A loop whose elements each go through a loop of their own and leave it when they have to.
    fn leaving_loop(&mut self) -> Stmt {
        let [over, count] = [0, 1].map(|more| VarId((SCALARS.len() * EACH + (self.used_loop_vars + more) % LOOP_VARS) as u32));
        if self.used_loop_vars + 2 > LOOP_VARS {
            return self.set();
        }
        let array = ArrayId(0);
        self.used_loop_vars += 2;
        self.loops.push((over, Some(array)));
        let (steps, span) = (self.var(DType::I64, 3), self.span());
        let set = |g: &mut Self, dtype: DType, depth: usize| {
            let at = 1 + g.rng.below(EACH - 1);
            Stmt::Set { var: g.var(dtype, at), value: g.expr(dtype, depth), span: g.span() }
        };
        let dtypes = [DType::F64, DType::F64, DType::F32, DType::I32, DType::Bool];
        let own: Vec<DType> = (0..1 + self.rng.below(3)).map(|_| *self.rng.pick(&dtypes)).collect();
        let mut body: Vec<Stmt> = own.iter().map(|dtype| set(self, *dtype, 2)).collect();
        body.push(Stmt::Set { var: steps, value: int(0), span });
        self.light = true;
        let mut inside: Vec<Stmt> = own.iter().map(|dtype| set(self, *dtype, 3)).collect();
        let cond = self.expr(DType::Bool, 3);
        let more = Stmt::Set { var: steps, value: op(ScalarOp::Add, DType::I64, vec![Expr::Var(steps), int(1)]), span };
        let most = int(self.rng.below(9) as i64);
        if self.rng.once_in(2) {
            let jump = if self.rng.once_in(4) { Stmt::Continue } else { Stmt::Break };
            inside.insert(self.rng.below(inside.len() + 1), Stmt::If { cond, then: vec![jump], other: vec![] });
            inside.push(more);
            body.push(Stmt::For { var: count, lo: int(0), hi: most, step: 1, body: inside, kind: LoopKind::Seq, span });
        } else {
            inside.push(more);
            let below = op(ScalarOp::Lt, DType::I64, vec![Expr::Var(steps), most]);
            let cond = op(ScalarOp::And, DType::Bool, vec![below, cond]);
            body.push(Stmt::While { cond, body: inside, span });
        }
        self.light = false;
        for dtype in [DType::F64, DType::U8] {
            let (array, value) = (ArrayId(if dtype == DType::F64 { 4 } else { 9 }), self.expr(dtype, 2));
            let store = Stmt::Store { array, index: vec![Expr::Var(over)], value, check: Check::At(span), span };
            let held = op(ScalarOp::Lt, DType::I64, vec![Expr::Var(over), Expr::Len { array, axis: 0 }]);
            body.push(Stmt::If { cond: held, then: vec![store], other: vec![] });
        }
        self.loops.pop();
        self.used_loop_vars -= 2;
        let hi = Expr::Len { array, axis: 0 };
        Stmt::For { var: over, lo: int(0), hi, step: 1, body, kind: LoopKind::Seq, span }
    }

    fn bind(&mut self) -> Stmt {
        let span = self.span();
        match self.rng.below(3) {
            0 => Stmt::Rebind { pairs: vec![(ArrayId(6), ArrayId(7)), (ArrayId(7), ArrayId(6))], span },
            1 => {
                let base = ArrayId(*self.rng.pick(&[0, 1, 4, 6, 7]));
                let range =
                    ViewIndex::Range { lo: self.expr(DType::I64, 1), hi: self.expr(DType::I64, 1), step: *self.rng.pick(&[1, 2, -1]) };
                let index = if self.rng.once_in(2) { range } else { ViewIndex::All };
                Stmt::View { array: ArrayId(6 + self.rng.below(2) as u32), base, index: vec![index], check: Check::At(span), span }
            }
            _ => self.alloc(6),
        }
    }

    fn store(&mut self) -> Stmt {
        let array = *self.rng.pick(&[4, 4, 5, 6, 7, 8, 9, 9]);
        let value = self.expr(ARRAYS[array].0, 3);
        let index = self.index(ArrayId(array as u32));
        let span = self.span();
        let array = ArrayId(array as u32);
        let store = Stmt::Store { array, index: index.clone(), value, check: Check::At(span), span };
        if self.rng.once_in(20) {
            return store;
        }
        match inside(array, &index) {
            Some(cond) => Stmt::If { cond, then: vec![store], other: vec![] },
            None => store,
        }
    }

    /// A load; of an index that may well be outside, mostly with a guard round it.
    fn load(&mut self, dtype: DType) -> Expr {
        let (array, index) = self.element(dtype);
        let load = Expr::Load { array, index: index.clone(), check: Check::At(self.span()) };
        match inside(array, &index) {
            Some(cond) if !self.rng.once_in(20) => {
                Expr::If { cond: Box::new(cond), then: Box::new(load), other: Box::new(self.constant(dtype)) }
            }
            _ => load,
        }
    }

    fn element(&mut self, dtype: DType) -> (ArrayId, Vec<Expr>) {
        let arrays: &[u32] = match dtype {
            DType::F64 => &[0, 0, 1, 2, 4, 5, 6, 7],
            DType::U8 => &[9],
            _ => &[3, 8],
        };
        let array = ArrayId(*self.rng.pick(arrays));
        let index = self.index(array);
        (array, index)
    }

    fn index(&mut self, array: ArrayId) -> Vec<Expr> {
        (0..ARRAYS[array.0 as usize].1).map(|axis| self.index_of(array, axis)).collect()
    }

    fn index_of(&mut self, array: ArrayId, axis: usize) -> Expr {
        let len = Expr::Len { array, axis };
        let fitting: Vec<VarId> = self.loops.iter().filter(|(_, over)| over.is_some()).map(|(var, _)| *var).collect();
        let any: Vec<VarId> = self.loops.iter().map(|(var, _)| *var).collect();
        let wrapped = |at: Expr| op(ScalarOp::Rem, DType::I64, vec![at, op(ScalarOp::Maximum, DType::I64, vec![len.clone(), int(1)])]);
        match self.rng.below(13) {
            0..=6 if !fitting.is_empty() => Expr::Var(*self.rng.pick(&fitting)),
            7..=8 if !any.is_empty() => {
                let shift = int(self.rng.below(3) as i64 - 1);
                op(ScalarOp::Add, DType::I64, vec![Expr::Var(*self.rng.pick(&any)), shift])
            }
            9 if !any.is_empty() => op(ScalarOp::Mul, DType::I64, vec![Expr::Var(*self.rng.pick(&any)), int(2)]),
            10 if self.rng.once_in(9) => self.expr(DType::I64, 1),
            _ => wrapped(self.expr(DType::I64, 1)),
        }
    }

    fn constant(&mut self, dtype: DType) -> Expr {
        let value = self.rng.below(9) as i128 - 2;
        Expr::Const(match dtype {
            DType::Bool => Scalar::bool(value > 2),
            dtype if dtype.is_float() => Scalar::float(dtype, value as f64 / 2.0, 0.0),
            dtype => Scalar::int(dtype, value),
        })
    }

    fn expr(&mut self, dtype: DType, depth: usize) -> Expr {
        use ScalarOp::*;
        if depth == 0 || self.rng.once_in(4) {
            return match self.rng.below(3) {
                0 => self.constant(dtype),
                1 if dtype == DType::I64 && !self.loops.is_empty() => Expr::Var(self.loops[self.rng.0 as usize % self.loops.len()].0),
                _ => Expr::Var(self.var(dtype, self.rng.0 as usize % EACH)),
            };
        }
        if !self.light && matches!(dtype, DType::F64 | DType::I64 | DType::U8) && !self.kernel.arrays.is_empty() && self.rng.once_in(3) {
            return self.load(dtype);
        }
        let span = self.span();
        let make = |g: &mut Self, op: ScalarOp, of: DType, count: usize| {
            let args = (0..count).map(|_| g.expr(of, depth - 1)).collect();
            Expr::Op { op, dtype: of, args, span }
        };
        match self.rng.below(12) {
            0 => {
                let from = *self.rng.pick(&SCALARS);
                Expr::Cast { from, to: dtype, arg: Box::new(self.expr(from, depth - 1)), span }
            }
            1 => {
                let args = vec![self.expr(DType::Bool, depth - 1), self.expr(dtype, depth - 1), self.expr(dtype, depth - 1)];
                Expr::Op { op: Select, dtype, args, span }
            }
            2 => {
                let [cond, then, other] = [DType::Bool, dtype, dtype].map(|dtype| Box::new(self.expr(dtype, depth - 1)));
                Expr::If { cond, then, other }
            }
            3 if dtype == DType::F64 && !self.light => {
                let op = *self.rng.pick(&[Sqrt, Abs, Neg, Floor, Sign, Square, Math(Elementary::Exp), Math(Elementary::Sin)]);
                make(self, op, dtype, 1)
            }
            _ if dtype == DType::Bool && self.rng.once_in(2) => {
                let op = *self.rng.pick(&[And, Or, Xor, Not]);
                make(self, op, dtype, op.arity())
            }
            _ if dtype == DType::Bool => {
                let of = *self.rng.pick(&[DType::F64, DType::F64, DType::I64, DType::I32, DType::U8]);
                let op = *self.rng.pick(&[Lt, Le, Gt, Ge, Eq, Ne]);
                make(self, op, of, 2)
            }
            _ if dtype.is_float() && self.light => {
                let op = *self.rng.pick(&[Add, Sub, Mul, Minimum, Maximum]);
                make(self, op, dtype, 2)
            }
            _ if dtype.is_float() => {
                let op = *self.rng.pick(&[Add, Add, Sub, Mul, Minimum, Maximum, Fmax, Div, Pow, Math(Elementary::Atan2)]);
                make(self, op, dtype, 2)
            }
            4 => {
                let by = [1, 2, 2, 3, 4, -2, -1][self.rng.below(7)];
                let args = vec![self.expr(dtype, depth - 1), Expr::Const(Scalar::int(dtype, by))];
                Expr::Op { op: *self.rng.pick(&[FloorDiv, Rem, Shl, Shr]), dtype, args, span }
            }
            5 => {
                let op = *self.rng.pick(&[Neg, Abs, Not, Sign]);
                make(self, op, dtype, 1)
            }
            _ => {
                let op = *self.rng.pick(&[Add, Add, Sub, Sub, Mul, Minimum, Maximum, And, Or]);
                make(self, op, dtype, 2)
            }
        }
    }
}

/// The test that an index is inside, where that is not to be expected.
fn inside(array: ArrayId, index: &[Expr]) -> Option<Expr> {
    let doubtful = index.iter().enumerate().filter(|(_, at)| !matches!(at, Expr::Var(_) | Expr::Op { op: ScalarOp::Rem, .. }));
    let tests = doubtful.map(|(axis, at)| {
        let low = op(ScalarOp::Ge, DType::I64, vec![at.clone(), int(0)]);
        let high = op(ScalarOp::Lt, DType::I64, vec![at.clone(), Expr::Len { array, axis }]);
        op(ScalarOp::And, DType::Bool, vec![low, high])
    });
    tests.reduce(|a, b| op(ScalarOp::And, DType::Bool, vec![a, b]))
}

fn int(value: i64) -> Expr {
    Expr::Const(Scalar::i64(value))
}

fn op(op: ScalarOp, dtype: DType, args: Vec<Expr>) -> Expr {
    Expr::Op { op, dtype, args, span: Span::default() }
}
