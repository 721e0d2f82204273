//! Functions that loop and index, from their text to their values: interpreted and compiled, with sizes known and unknown when they are
//! compiled, and as array operations where their loops can be said so.

mod language;
mod lifting;
mod reference;
mod types;
mod values;

use kiln::array::{Array, ArrayTy, DType, Dim, Scalar, Size};
use kiln::base::{Cancel, Diagnostic, Limits, Outcome, SourceMap, Span};
use kiln::builtins::build::{A, Value};
use kiln::codegen::Jit;
use kiln::exec::{Memory, Observer, Runtime};
use kiln::graph::{Graph, GraphBuild, MemoryId, NodeId, Op, Values};
use kiln::kernel::Interpreter;
use kiln::kernel::abi::{Engine, Fault};
use kiln::kernel::lift::lift;
use kiln::kernel::lower::lower;
use kiln::kernel::passes::{PassOptions, optimise};
use kiln::kernel::testing::{Data, run};
use kiln::plan::{Want, plan};
use kiln::sema::hir::{ExprKind, InstId, LocalId, StmtKind};
use kiln::sema::{Files, Known, ModuleText, Var, World};
use kiln::types::{DatasetTy, Ty};
use std::sync::Arc;

struct NoFiles;
impl Files for NoFiles {
    fn dataset(&self, path: &str) -> Outcome<Arc<DatasetTy>> {
        Err(Diagnostic::new(kiln::base::Code::File, path))
    }
    fn module(&self, path: &str) -> Outcome<ModuleText> {
        Err(Diagnostic::new(kiln::base::Code::File, path))
    }
}

struct Nothing;
impl Values for Nothing {
    fn scalar(&mut self, _: &mut Graph, _: NodeId) -> Outcome<Scalar> {
        Err(Diagnostic::new(kiln::base::Code::Internal, "nothing is computed while it is lifted"))
    }
    fn hold(&mut self, _: &Array) -> MemoryId {
        MemoryId { number: u32::MAX, dense: true }
    }
}

struct Quiet;
impl Observer for Quiet {
    fn progress(&self, _: u64, _: u64) {}
}

pub fn f64s(values: &[f64]) -> Data {
    Data::f64s(values)
}
pub fn i64s(values: &[i64]) -> Data {
    Data::Array { dtype: DType::I64, sizes: vec![values.len() as i64], values: values.iter().map(|value| Scalar::i64(*value)).collect() }
}
pub fn matrix(rows: &[&[f64]]) -> Data {
    let values = rows.iter().copied().flatten().map(|value| Scalar::f64(*value)).collect();
    Data::Array { dtype: DType::F64, sizes: vec![rows.len() as i64, rows.first().map_or(0, |row| row.len()) as i64], values }
}
pub fn int(value: i64) -> Data {
    Data::i64(value)
}
pub fn float(value: f64) -> Data {
    Data::Scalar(Scalar::f64(value))
}
pub fn truth(value: bool) -> Data {
    Data::Scalar(Scalar::bool(value))
}

/// The last statement of a text, a call `f(x, …)` of variables, checked for arguments of some types.
struct Call {
    world: World,
    inst: InstId,
    /// The argument that each parameter gets.
    order: Vec<usize>,
}

fn called(source: &str, args: &[(&str, Data)], sized: bool) -> Call {
    let mut sources = SourceMap::default();
    let id = sources.add("test", source);
    let (program, errors) = kiln::syntax::parse(id, source);
    assert!(errors.is_empty(), "{source}\n{errors:?}");
    let mut next = 0;
    let vars: Vec<Var> = args
        .iter()
        .map(|(name, data)| {
            let ty = match data {
                Data::Scalar(value) => ArrayTy::scalar(value.dtype),
                Data::Array { dtype, sizes, .. } => {
                    let dims = sizes.iter().map(|size| {
                        next += 1;
                        Dim::sized(if sized { Size::Known(*size as u64) } else { Size::Unknown(1_000_000 + next) })
                    });
                    ArrayTy { dtype: *dtype, dims: dims.collect() }
                }
            };
            Var { name: (*name).into(), ty: Ty::Array(ty), known: Known::No }
        })
        .collect();
    let mut world = World::new();
    let checked = match world.check(&program, &vars, &NoFiles) {
        Ok(checked) => checked,
        Err(errors) => panic!("{source}\n{errors:#?}"),
    };
    let last = checked.program.body.stmts.last().map(|stmt| &stmt.kind);
    let value = match last {
        Some(StmtKind::Expr { value, .. } | StmtKind::Bind { value, .. }) => value,
        other => panic!("no call at the end: {other:?}"),
    };
    let ExprKind::Invoke { inst, args: given } = &value.kind else { panic!("no call at the end: {value:?}") };
    let place = |local: LocalId| args.iter().position(|(name, _)| *name == checked.program.locals[local.0 as usize].name.as_str());
    let order = given
        .iter()
        .map(|arg| match &arg.kind {
            ExprKind::Local(local) => place(*local).unwrap(),
            other => panic!("not a variable: {other:?}"),
        })
        .collect();
    Call { world, inst: *inst, order }
}

/// What every way of running the call gives; all are equal, and so is what it was lifted to, up to the order of sums.
fn outcomes(source: &str, args: &[(&str, Data)], lifts: Option<bool>) -> Result<Vec<Data>, Fault> {
    let mut first: Option<Result<Vec<Data>, Fault>> = None;
    for sized in [true, false] {
        let call = called(source, args, sized);
        let module = match lower(&call.world, call.inst, false) {
            Ok(module) => module,
            Err(error) => panic!("{source}\n{error:#?}"),
        };
        let data: Vec<Data> = call.order.iter().map(|at| args[*at].1.clone()).collect();
        let mut optimised = module.clone();
        if let Err(error) = optimise(&mut optimised, &PassOptions::default()) {
            panic!("{source}\n{error:#?}");
        }
        for (engine, module) in
            [(&Interpreter as &dyn Engine, &module), (&Jit::default(), &module), (&Interpreter, &optimised), (&Jit::default(), &optimised)]
        {
            let ran = run(engine, module, &data);
            let unchanged: Vec<_> = data
                .iter()
                .filter_map(|data| {
                    if let Data::Array { values, .. } = data { Some(values.clone()).filter(|values| !values.is_empty()) } else { None }
                })
                .collect();
            assert_eq!(ran.arrays, unchanged, "arguments changed by\n{module}");
            match &first {
                None => first = Some(ran.results),
                Some(first) => assert_same(&ran.results, first, 1e-13, &format!("{}, sized {sized}\n{module}", engine.name())),
            }
        }
        if sized {
            let lifted = lifted(&call, &data);
            if let Some(lifts) = lifts {
                assert_eq!(lifted.is_some(), lifts, "lifted?\n{source}");
            }
            match (lifted, &first) {
                (Some(Ok(lifted)), Some(first)) => assert_same(&Ok(lifted), first, 1e-12, &format!("lifted\n{source}")),
                (Some(Err(error)), Some(Ok(_))) => panic!("{source}\n{error:?}"),
                _ => {}
            }
        }
    }
    first.unwrap()
}

/// The call as array operations, run; none if it cannot be said so.
fn lifted(call: &Call, data: &[Data]) -> Option<Outcome<Vec<Data>>> {
    let mut graph = Graph::default();
    let mut memory = Memory::default();
    let mut args = Vec::new();
    for (at, data) in data.iter().enumerate() {
        args.push(Value::Array(match data {
            Data::Scalar(value) => A(graph.constant(*value, Span::default()).0),
            Data::Array { dtype, sizes, values } => {
                let sizes: Vec<u64> = sizes.iter().map(|size| *size as u64).collect();
                let ty = ArrayTy::unnamed(*dtype, &sizes);
                let array = Array::from_scalars(*dtype, values);
                let array = Array::new(ty.clone(), array.buffer().clone());
                let id = MemoryId { number: at as u32, dense: array.is_contiguous() };
                memory.insert(id, array);
                A(graph.add(Op::Memory(id), Vec::new(), ty, Span::default()).0)
            }
        }));
    }
    let mut force = Nothing;
    let value = lift(&call.world, call.inst, &args, false, &mut GraphBuild::new(&mut graph, &mut force, false))?;
    let mut leaves = Vec::new();
    flatten(&value, &mut leaves);
    let limits = Limits { memory: 1 << 30, threads: 2, checked: false };
    let wants: Vec<Want> = leaves.iter().map(|a| Want { node: NodeId(a.0), sink: None, span: Span::default() }).collect();
    let plan = plan(&mut graph, &wants, &limits).unwrap();
    let runtime = Runtime::new(limits, Arc::new(Jit { threads: 2 }), Cancel::new());
    let results = match runtime.run(&graph, &plan, &memory, &[], &Quiet) {
        Ok(results) => results,
        Err(error) => return Some(Err(error)),
    };
    let results = results.into_iter().map(|array| {
        let array = array.unwrap();
        match array.shape().as_slice() {
            [] => Data::Scalar(array.item().unwrap()),
            shape => Data::Array { dtype: array.dtype(), sizes: shape.iter().map(|size| *size as i64).collect(), values: array.scalars() },
        }
    });
    Some(Ok(results.collect()))
}

fn flatten(value: &Value, leaves: &mut Vec<A>) {
    match value {
        Value::Array(a) => leaves.push(*a),
        Value::Tuple(items) => items.iter().for_each(|item| flatten(item, leaves)),
        Value::Record(fields) => fields.iter().for_each(|(_, field)| flatten(field, leaves)),
        other => panic!("{other:?}"),
    }
}

fn assert_same(found: &Result<Vec<Data>, Fault>, wanted: &Result<Vec<Data>, Fault>, tolerance: f64, what: &str) {
    let close = |a: &Scalar, b: &Scalar| {
        let part = |x: f64, y: f64| x == y || x.is_nan() && y.is_nan() || (x - y).abs() <= tolerance * x.abs().max(y.abs());
        a.dtype == b.dtype && part(a.as_f64(), b.as_f64()) && part(a.imag(), b.imag())
    };
    let same = match (found, wanted) {
        (Ok(found), Ok(wanted)) => {
            found.len() == wanted.len()
                && found.iter().zip(wanted).all(|pair| match pair {
                    (Data::Scalar(a), Data::Scalar(b)) => close(a, b),
                    (Data::Array { dtype, sizes, values }, Data::Array { dtype: d, sizes: s, values: v }) => {
                        dtype == d && sizes == s && values.len() == v.len() && values.iter().zip(v).all(|(a, b)| close(a, b))
                    }
                    _ => false,
                })
        }
        (Err(a), Err(b)) => (a.kind, a.span, &a.values) == (b.kind, b.span, &b.values),
        _ => false,
    };
    assert!(same, "{what}\nfound {}\nwanted {}", show(found), show(wanted));
}

fn show(results: &Result<Vec<Data>, Fault>) -> String {
    let number = |value: &Scalar| match value.as_int() {
        Some(int) => int.to_string(),
        None if value.dtype.is_complex() => format!("{:?}+{:?}im", value.as_f64(), value.imag()),
        None => format!("{:?}", value.as_f64()),
    };
    match results {
        Err(fault) => format!("{fault:?}"),
        Ok(results) => results
            .iter()
            .map(|data| match data {
                Data::Scalar(value) => format!("{} {}", value.dtype, number(value)),
                Data::Array { dtype, sizes, values } => format!("{dtype}{sizes:?} {:?}", values.iter().map(number).collect::<Vec<_>>()),
            })
            .collect::<Vec<_>>()
            .join("; "),
    }
}

/// The kernels of a call, printed.
pub fn listing(source: &str, args: &[(&str, Data)], sized: bool) -> String {
    let call = called(source, args, sized);
    lower(&call.world, call.inst, false).unwrap().to_string()
}

/// Checks a call's results. `lifts` says whether its loops are array operations.
pub fn check(source: &str, args: &[(&str, Data)], wanted: &[Data], lifts: Option<bool>) {
    assert_same(&outcomes(source, args, lifts), &Ok(wanted.to_vec()), 1e-14, source);
}

/// Checks that a call fails, with a kind of fault and its values.
pub fn fails(source: &str, args: &[(&str, Data)], kind: kiln::kernel::ir::FaultKind, values: &[i64]) {
    match outcomes(source, args, None) {
        Err(fault) => assert_eq!((fault.kind, fault.values.as_slice()), (kind, values), "{source}"),
        other => panic!("{source}\n{}", show(&other)),
    }
}
