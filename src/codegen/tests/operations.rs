//! Compiled code against the reference interpreter, bit for bit but for NaN: every operation and cast on every dtype, in scalar code and in
//! vector loops of many lengths and strides, and every reduction.

use crate::array::{DType, Scalar};
use crate::base::Span;
use crate::codegen::Jit;
use crate::kernel::Interpreter;
use crate::kernel::abi::{Arg, ArrayArg, Compiled, Engine, Fault, Ret};
use crate::kernel::ir::*;
use crate::kernel::testing::TestHost;
use crate::ops::{Distribution, ScalarOp};
use crate::vmath::Math as Function;
use std::sync::Arc;

/// The dtypes that compiled code computes with.
const DTYPES: [DType; 13] = [
    DType::Bool,
    DType::I8,
    DType::I16,
    DType::I32,
    DType::I64,
    DType::U8,
    DType::U16,
    DType::U32,
    DType::U64,
    DType::F32,
    DType::F64,
    DType::C64,
    DType::C128,
];

fn all_ops() -> Vec<ScalarOp> {
    use ScalarOp::*;
    let plain = [
        Add,
        Sub,
        Mul,
        Div,
        FloorDiv,
        Rem,
        Pow,
        Neg,
        Abs,
        Sign,
        Square,
        Minimum,
        Maximum,
        Fmin,
        Fmax,
        Latest,
        Gcd,
        Floor,
        Ceil,
        Trunc,
        Round,
        Sqrt,
        Eq,
        Ne,
        Lt,
        Le,
        Gt,
        Ge,
        And,
        Or,
        Xor,
        Not,
        Shl,
        Shr,
        Select,
        IsNan,
        IsInf,
        IsFinite,
        SignBit,
        Real,
        Imag,
        Conj,
        Arg,
        Complex,
        Random(Distribution::Uniform),
        Random(Distribution::Normal),
    ];
    let quantiles = crate::vmath::Quantile::ALL.iter().map(|quantile| Quantile(*quantile));
    plain.into_iter().chain(quantiles).chain(crate::vmath::Math::ALL.iter().map(|math| Math(*math))).collect()
}

fn span(start: u32) -> Span {
    Span { start, end: start + 1, ..Span::default() }
}

fn var(id: u32) -> Expr {
    Expr::Var(VarId(id))
}

fn int(value: i64) -> Expr {
    Expr::Const(Scalar::i64(value))
}

fn op(op: ScalarOp, dtype: DType, args: impl Into<Vec<Expr>>) -> Expr {
    Expr::Op { op, dtype, args: args.into(), span: span(7) }
}

fn len(array: u32) -> Expr {
    Expr::Len { array: ArrayId(array), axis: 0 }
}

fn set(id: u32, value: Expr) -> Stmt {
    Stmt::Set { var: VarId(id), value, span: span(1) }
}

fn give(id: u32) -> Stmt {
    Stmt::Return(vec![Operand::Scalar(var(id))])
}

fn scalars(rets: Vec<Ret>) -> Vec<Scalar> {
    rets.iter()
        .flat_map(|ret| match ret {
            Ret::Scalar(value) => vec![*value],
            Ret::Array(array) => array.scalars(),
        })
        .collect()
}

/// A kernel: parameters first, then further variables and array slots, by dtype (and rank).
struct Draft {
    kernel: Kernel,
}

impl Draft {
    fn new(vars: &[DType], arrays: &[(DType, usize)]) -> Draft {
        let vars = vars.iter().enumerate().map(|(at, dtype)| VarDecl { name: format!("v{at}"), dtype: *dtype }).collect();
        let arrays = arrays
            .iter()
            .enumerate()
            .map(|(at, (dtype, rank))| ArrayDecl { name: format!("a{at}"), dtype: *dtype, rank: *rank, stream: false })
            .collect();
        let kernel = Kernel { name: "test".into(), params: vec![], vars, arrays, results: vec![], body: vec![], span: span(0) };
        Draft { kernel }
    }
    fn scalar(mut self, id: u32) -> Draft {
        self.kernel.params.push(Param::Scalar(VarId(id)));
        self
    }
    fn array(mut self, id: u32) -> Draft {
        self.kernel.params.push(Param::Array(ArrayId(id)));
        self
    }
    fn result(mut self, dtype: DType) -> Draft {
        self.kernel.results.push(ResultTy::Scalar(dtype));
        self
    }
    fn body(mut self, body: impl Into<Vec<Stmt>>) -> Kernel {
        self.kernel.body = body.into();
        self.kernel
    }
}

fn module(kernels: impl Into<Vec<Kernel>>) -> Module {
    Module { kernels: kernels.into(), checked: false }
}

/// An array of test memory: elements of `stride` elements' distance (0 and negative too).
#[derive(Clone)]
struct Data {
    dtype: DType,
    memory: Vec<u128>,
    len: i64,
    stride: i64,
}

impl Data {
    fn new(values: &[Scalar], dtype: DType, stride: i64) -> Data {
        let room = values.len() * dtype.size() * stride.unsigned_abs().max(1) as usize;
        let mut data = Data { dtype, memory: vec![0; room / 16 + 2], len: values.len() as i64, stride };
        for (at, value) in values.iter().enumerate() {
            let at = data.place(at as i64);
            value.write(&mut bytemuck::cast_slice_mut(&mut data.memory)[at..]);
        }
        data
    }
    /// Byte of an element.
    fn place(&self, at: i64) -> usize {
        let first = if self.stride < 0 { (self.len - 1).max(0) * -self.stride } else { 0 };
        ((first + at * self.stride) * self.dtype.size() as i64) as usize
    }
    fn arg(&mut self) -> Arg {
        let first = self.place(0);
        let item = self.dtype.size() as i64;
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut self.memory);
        let ptr = bytes[first..].as_mut_ptr();
        Arg::Array(ArrayArg { dtype: self.dtype, ptr, sizes: vec![self.len].into(), strides: vec![self.stride * item].into() })
    }
    fn values(&self) -> Vec<Scalar> {
        let bytes: &[u8] = bytemuck::cast_slice(&self.memory);
        (0..self.len).map(|at| Scalar::read(self.dtype, &bytes[self.place(at)..])).collect()
    }
}

/// Bits, with one NaN for all.
fn canonical(value: Scalar) -> Scalar {
    let part = |x: f64| if x.is_nan() { f64::NAN } else { x };
    match value.dtype {
        DType::F32 | DType::F64 | DType::C64 | DType::C128 => Scalar::float(value.dtype, part(value.as_f64()), part(value.imag())),
        _ => value,
    }
}

/// What a run came to: results and arrays, or the fault.
type Outcome = Result<(Vec<Scalar>, Vec<Vec<Scalar>>), Fault>;

fn outcome(machine: &dyn Compiled, scalars_in: &[Scalar], arrays: &[Data]) -> Outcome {
    let mut arrays = arrays.to_vec();
    let args: Vec<Arg> = scalars_in.iter().map(|value| Arg::Scalar(*value)).chain(arrays.iter_mut().map(Data::arg)).collect();
    let rets: Vec<Ret> = machine.call(&TestHost::default(), &args)?;
    let clean = |values: Vec<Scalar>| values.into_iter().map(canonical).collect();
    Ok((clean(scalars(rets)), arrays.iter().map(|data| clean(data.values())).collect()))
}

fn engines(module: &Module) -> [Arc<dyn Compiled>; 2] {
    [Interpreter.compile(module).expect("valid"), Jit { threads: 2 }.compile(module).expect("compiles")]
}

/// Values of a dtype: what is special, then random ones.
fn values(dtype: DType, count: usize, random: &mut fastrand::Rng) -> Vec<Scalar> {
    let special = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 3.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -7.5, 1e-310, 127.5, 0.75, 63.0];
    let float = |random: &mut fastrand::Rng| {
        if random.u8(..3) == 0 { special[random.usize(..special.len())] } else { (random.f64() - 0.5) * 20.0 }
    };
    let int = |random: &mut fastrand::Rng| match random.u8(..5) {
        0 => random.i128(..),
        1 => [0, 1, -1, i64::MIN as i128, i64::MAX as i128, u64::MAX as i128, 127, -128, 65535, i32::MIN as i128][random.usize(..10)],
        _ => random.i128(-9..70),
    };
    (0..count)
        .map(|_| match dtype {
            DType::Bool => Scalar::bool(random.bool()),
            _ if dtype.is_float() || dtype.is_complex() => Scalar::float(dtype, float(random), float(random)),
            _ => Scalar::int(dtype, int(random)),
        })
        .collect()
}

/// One output array: its dtype, the expression for an element, a name.
struct Output {
    dtype: DType,
    value: Expr,
    name: String,
}

/// A kernel that computes outputs from inputs, element by element. Variable 0 runs; inputs are arrays 0 and on, outputs follow.
fn elementwise(inputs: &[DType], outputs: &[Output], kind: LoopKind) -> Module {
    let arrays: Vec<(DType, usize)> = inputs.iter().copied().chain(outputs.iter().map(|output| output.dtype)).map(|d| (d, 1)).collect();
    let body: Vec<Stmt> = outputs
        .iter()
        .enumerate()
        .map(|(at, output)| Stmt::Store {
            array: ArrayId((inputs.len() + at) as u32),
            index: vec![var(0)],
            value: output.value.clone(),
            check: Check::Proven,
            span: span(4),
        })
        .collect();
    let round = Stmt::For { var: VarId(0), lo: int(0), hi: len(0), step: 1, body, kind, span: span(2) };
    let draft = (0..arrays.len() as u32).fold(Draft::new(&[DType::I64], &arrays), |draft, at| draft.array(at));
    module([draft.body([round, Stmt::Return(vec![])])])
}

fn input(array: u32) -> Expr {
    Expr::Load { array: ArrayId(array), index: vec![var(0)], check: Check::Proven }
}

/// Compares the engines on data of some lengths, each with some strides.
fn compare(inputs: &[DType], outputs: &[Output], shapes: &[(usize, &[i64])], seed: u64) {
    let seq = elementwise(inputs, outputs, LoopKind::Seq);
    let vector = elementwise(inputs, outputs, LoopKind::Vector { reductions: vec![] });
    let [reference, scalar] = engines(&seq);
    let vector = Jit { threads: 2 }.compile(&vector).expect("compiles");
    let mut random = fastrand::Rng::with_seed(seed);
    for (len, strides) in shapes {
        for stride in strides.iter().copied() {
            let mut arrays: Vec<Data> = inputs
                .iter()
                .enumerate()
                // The first input alone has the stride, and (but for 0) all outputs.
                .map(|(at, dtype)| {
                    let values = values(*dtype, *len, &mut random);
                    Data::new(
                        if at == 0 && stride == 0 && *len > 0 { &values[..1] } else { &values },
                        *dtype,
                        if at == 0 { stride } else { 1 },
                    )
                })
                .collect();
            arrays[0].len = *len as i64;
            arrays.extend(outputs.iter().map(|output| {
                let zeros = vec![Scalar::int(DType::U8, 0).cast(output.dtype); *len];
                Data::new(&zeros, output.dtype, if stride == 0 { 1 } else { stride })
            }));
            let want = outcome(&*reference, &[], &arrays).expect("does not fail");
            for (machine, kind) in [(&scalar, "scalar"), (&vector, "vector")] {
                let got = outcome(&**machine, &[], &arrays).expect("does not fail");
                for (at, output) in outputs.iter().enumerate() {
                    let at = inputs.len() + at;
                    for (i, (want, got)) in want.1[at].iter().zip(&got.1[at]).enumerate() {
                        let operands: Vec<String> = (0..inputs.len()).map(|a| format!("{:?}", arrays[a].values()[i])).collect();
                        assert_eq!(want, got, "{kind} {} of {operands:?}, element {i} of {len}, stride {stride}", output.name);
                    }
                }
            }
        }
    }
}

#[test]
fn operations_agree() {
    for dtype in DTYPES {
        // Operands: two of the dtype and a bool.
        let mut outputs = Vec::new();
        for operation in all_ops() {
            let Some(result) = operation.result(dtype).filter(|_| !operation.can_fail(dtype, false)) else { continue };
            let args = match operation {
                ScalarOp::Select => vec![input(2), input(0), input(1)],
                ScalarOp::Quantile(quantile) => (0..quantile.arity() as u32).map(|at| input(at.min(1))).collect(),
                _ => (0..operation.arity() as u32).map(input).collect(),
            };
            outputs.push(Output { dtype: result, value: op(operation, dtype, args), name: format!("{} {dtype}", operation.name()) });
        }
        compare(&[dtype, dtype, DType::Bool], &outputs, &[(0, &[1]), (19, &[1, 2, -1, 0]), (133, &[1])], 1);
    }
}

#[test]
fn every_length_and_constant_operands_agree() {
    use ScalarOp::*;
    let strides: &[i64] = &[1, 2, -1, 0];
    let all: Vec<(usize, &[i64])> = (0..40).map(|len| (len, strides)).chain([(128, &[1][..]), (300, &[1][..])]).collect();
    let some: Vec<(usize, &[i64])> = [1, 15, 16, 22, 129].map(|len| (len, strides)).to_vec();
    for dtype in [DType::F64, DType::F32, DType::I64, DType::U8, DType::I16, DType::C64] {
        let constant = |value: i128| Expr::Const(Scalar::int(DType::I64, value).cast(dtype));
        let mut outputs = vec![
            Output { dtype, value: op(Mul, dtype, [op(Add, dtype, [input(0), input(1)]), constant(3)]), name: "(a + b) * 3".into() },
            Output { dtype, value: op(Pow, dtype, [input(0), constant(5)]), name: "a ** 5".into() },
        ];
        if dtype.is_int() {
            for n in [1, 3, 8, 17] {
                outputs.push(Output { dtype, value: op(Shl, dtype, [input(0), constant(n)]), name: format!("a << {n}") });
                outputs.push(Output { dtype, value: op(Shr, dtype, [input(0), constant(n)]), name: format!("a >> {n}") });
                outputs.push(Output { dtype, value: op(FloorDiv, dtype, [input(0), constant(n)]), name: format!("a // {n}") });
                outputs.push(Output { dtype, value: op(Rem, dtype, [input(0), constant(n)]), name: format!("a % {n}") });
            }
        } else {
            let exp = op(Math(Function::Exp), dtype, [input(0)]);
            let deep = op(
                Math(Function::Sin),
                dtype,
                [op(Add, dtype, [exp.clone(), op(Math(Function::Cos), dtype, [op(Mul, dtype, [exp, input(1)])])])],
            );
            outputs.push(Output { dtype, value: op(Sub, dtype, [deep, input(0)]), name: "sin(exp a + cos(exp a * b)) - a".into() });
            outputs.push(Output { dtype, value: op(Pow, dtype, [input(0), constant(4)]), name: "a ** 4.0".into() });
        }
        compare(&[dtype, dtype], &outputs, if dtype == DType::F32 { &all } else { &some }, 2);
    }
}

#[test]
fn casts_agree() {
    for from in DTYPES {
        let outputs: Vec<Output> = DTYPES
            .into_iter()
            .map(|to| Output {
                dtype: to,
                value: Expr::Cast { from, to, arg: Box::new(input(0)), span: span(7) },
                name: format!("{from} to {to}"),
            })
            .collect();
        compare(&[from], &outputs, &[(5, &[1]), (67, &[1, -1])], 3);
    }
}

#[test]
fn operations_that_fail_agree() {
    use ScalarOp::*;
    let mut random = fastrand::Rng::with_seed(4);
    for checked in [false, true] {
        for dtype in DTYPES {
            for operation in all_ops().into_iter().filter(|operation| operation.can_fail(dtype, checked)) {
                let Some(result) = operation.result(dtype) else { continue };
                let args: Vec<Expr> = (0..operation.arity() as u32).map(var).collect();
                let kernel = Draft::new(&[dtype, dtype, result], &[])
                    .scalar(0)
                    .scalar(1)
                    .result(result)
                    .body([set(2, op(operation, dtype, args)), give(2)]);
                let [reference, machine] = engines(&Module { kernels: vec![kernel], checked });
                let (a, b) = (values(dtype, 40, &mut random), values(dtype, 40, &mut random));
                for (a, b) in a.iter().zip(&b) {
                    let b = if matches!(operation, FloorDiv | Rem) && random.u8(..4) == 0 { Scalar::int(dtype, -1) } else { *b };
                    let (want, got) = (outcome(&*reference, &[*a, b], &[]), outcome(&*machine, &[*a, b], &[]));
                    assert_eq!(want, got, "{} {dtype} of {a:?} and {b:?}, checked {checked}", operation.name());
                }
            }
        }
    }
}

#[test]
fn checked_casts_agree() {
    let mut random = fastrand::Rng::with_seed(5);
    for from in DTYPES {
        for to in DTYPES.into_iter().filter(|to| to.is_int()) {
            let value = Expr::Cast { from, to, arg: Box::new(var(0)), span: span(7) };
            let kernel = Draft::new(&[from, to], &[]).scalar(0).result(to).body([set(1, value), give(1)]);
            let [reference, machine] = engines(&Module { kernels: vec![kernel], checked: true });
            for a in values(from, 40, &mut random) {
                assert_eq!(outcome(&*reference, &[a], &[]), outcome(&*machine, &[a], &[]), "{from} to {to} of {a:?}");
            }
        }
    }
}

/// A loop over array 0 with a reduction of its elements into each of the given variables (of the array's dtype).
fn reduce(dtype: DType, ops: &[ScalarOp]) -> Module {
    let vars: Vec<DType> = std::iter::once(DType::I64).chain(ops.iter().map(|_| dtype)).collect();
    let mut draft = Draft::new(&vars, &[(dtype, 1)]).array(0);
    let mut body = Vec::new();
    let mut reductions = Vec::new();
    for (at, operation) in ops.iter().enumerate() {
        let id = at as u32 + 1;
        draft = draft.result(dtype).scalar(id);
        body.push(set(id, op(*operation, dtype, [var(id), input(0)])));
        reductions.push(Reduction { var: VarId(id), op: *operation });
    }
    // Scalars first, as the tests pass them.
    draft.kernel.params.rotate_left(1);
    let round = Stmt::For { var: VarId(0), lo: int(0), hi: len(0), step: 1, body, kind: LoopKind::Vector { reductions }, span: span(2) };
    let results = (1..=ops.len() as u32).map(|id| Operand::Scalar(var(id))).collect();
    module([draft.body([round, Stmt::Return(results)])])
}

#[test]
fn reductions_agree() {
    use ScalarOp::*;
    let mut random = fastrand::Rng::with_seed(6);
    for dtype in DTYPES {
        let ops: Vec<ScalarOp> = [Add, Mul, Minimum, Maximum, Fmin, Fmax, And, Or, Xor]
            .into_iter()
            .filter(|op| op.identity(dtype).is_some() && op.result(dtype) == Some(dtype))
            .collect();
        // One by one, and all in one loop: in registers and in memory.
        let mut sets: Vec<Vec<ScalarOp>> = ops.iter().map(|op| vec![*op]).collect();
        sets.push(ops);
        for set in sets {
            let [reference, machine] = engines(&reduce(dtype, &set));
            for len in (0..40).chain([1000]) {
                for stride in [1, -1, 2] {
                    let initial = values(dtype, set.len(), &mut random);
                    let data = [Data::new(&values(dtype, len, &mut random), dtype, stride)];
                    let (want, got) = (outcome(&*reference, &initial, &data), outcome(&*machine, &initial, &data));
                    assert_eq!(want, got, "{set:?} of {len} {dtype}, stride {stride}");
                }
            }
        }
    }
}
