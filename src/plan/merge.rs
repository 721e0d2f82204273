//! How two partial results of a reduction join, as expressions, and as a kernel over whole arrays of partial results:
//! `a[i] = join(a[i], b[i])`. Parameters: number of elements, the arrays of the first (see `emit::arrays_of`), those of the second.

use super::emit::{arrays_of, binary, constant, in_lanes, load, select, set, store, unary};
use super::ir::OutputKind;
use crate::array::{DType, Scalar};
use crate::base::Span;
use crate::builtins::build::ReduceOp;
use crate::kernel::ir::*;
use crate::ops::ScalarOp;

/// The kernel that joins partial results of `op` over values of `dtype`. `checked`: integer overflow is a fault.
pub fn merge(op: ReduceOp, dtype: DType, checked: bool) -> Module {
    let parts = arrays_of(&OutputKind::Reduce { op, axes: Vec::new() }, dtype);
    let count = parts.len() as u32;
    let declare = |side: &str| -> Vec<ArrayDecl> {
        parts
            .iter()
            .enumerate()
            .map(|(part, (dtype, _))| ArrayDecl { name: format!("{side}{part}"), dtype: dtype.storage(), rank: 1, stream: false })
            .collect()
    };
    let arrays: Vec<ArrayDecl> = declare("a").into_iter().chain(declare("b")).collect();
    let (n, i) = (VarId(0), VarId(1));
    let mut vars: Vec<VarDecl> = ["n", "i"].map(|name| VarDecl { name: name.into(), dtype: DType::I64 }).into();
    let here = [Expr::Var(i)];
    let a = |part: u32| load(ArrayId(part), &here);
    let b = |part: u32| load(ArrayId(count + part), &here);
    let dtype = dtype.storage();
    let mut body = Vec::new();
    let joined: Vec<Expr> = match op {
        ReduceOp::Fold(op) => vec![binary(op, dtype, a(0), b(0))],
        ReduceOp::Arg { largest, skip_nan } => {
            // The second is taken if it has an element and the first has none or a worse one, or an equal one further on.
            let has = |position: Expr| binary(ScalarOp::Ge, DType::I64, position, constant(0));
            let or = |a, b| binary(ScalarOp::Or, DType::Bool, a, b);
            let and = |a, b| binary(ScalarOp::And, DType::Bool, a, b);
            let not = |a| unary(ScalarOp::Not, DType::Bool, a);
            let level = not(or(better(dtype, largest, skip_nan, &b(0), &a(0)), better(dtype, largest, skip_nan, &a(0), &b(0))));
            let earlier = and(level, binary(ScalarOp::Lt, DType::I64, b(1), a(1)));
            let wins = or(not(has(a(1))), or(better(dtype, largest, skip_nan, &b(0), &a(0)), earlier));
            let take = and(has(b(1)), wins);
            vec![select(dtype, take.clone(), b(0), a(0)), select(DType::I64, take, b(1), a(1))]
        }
        ReduceOp::Deviations { .. } => {
            vars.extend(["total", "delta"].map(|name| VarDecl { name: name.into(), dtype }));
            let (stmts, joined) = join_deviations(dtype, [0, 1, 2].map(a), [0, 1, 2].map(b), (VarId(2), VarId(3)));
            body.extend(stmts);
            joined.into()
        }
    };
    // Every part is computed before the first is written.
    let mut writes = Vec::new();
    for (part, value) in joined.into_iter().enumerate() {
        let var = VarId(vars.len() as u32);
        vars.push(VarDecl { name: format!("joined{part}"), dtype: parts[part].0.storage() });
        body.push(set(var, value));
        writes.push(store(ArrayId(part as u32), &here, Expr::Var(var)));
    }
    body.extend(writes);
    let kind = in_lanes(&body, Vec::new(), checked);
    let body = vec![Stmt::For { var: i, lo: constant(0), hi: Expr::Var(n), step: 1, body, kind, span: Span::default() }];
    let params = std::iter::once(Param::Scalar(n)).chain((0..2 * count).map(|array| Param::Array(ArrayId(array)))).collect();
    let entry = Kernel { name: "merge".into(), params, vars, arrays, results: Vec::new(), body, span: Span::default() };
    Module { kernels: vec![entry], checked }
}

/// Whether `x` goes before `best` whatever their order: smaller or larger, and a NaN before any number unless NaNs are skipped.
pub fn better(dtype: DType, largest: bool, skip_nan: bool, x: &Expr, best: &Expr) -> Expr {
    let op = if largest { ScalarOp::Gt } else { ScalarOp::Lt };
    let beats = binary(op, dtype, x.clone(), best.clone());
    if skip_nan || !dtype.is_float() {
        return beats;
    }
    let nan = |value: &Expr| binary(ScalarOp::Ne, dtype, value.clone(), value.clone());
    let first_nan = binary(ScalarOp::And, DType::Bool, nan(x), unary(ScalarOp::Not, DType::Bool, nan(best)));
    binary(ScalarOp::Or, DType::Bool, first_nan, beats)
}

/// Joins counts, means and sums of squared deviations (Chan, Golub, LeVeque 1983). Gives statements that set the two variables, and the
/// three joined values. A part without elements changes nothing.
pub fn join_deviations(dtype: DType, a: [Expr; 3], b: [Expr; 3], (total, delta): (VarId, VarId)) -> (Vec<Stmt>, [Expr; 3]) {
    let zero = || Expr::Const(Scalar::float(dtype, 0.0, 0.0));
    let [count_a, mean_a, squares_a] = a;
    let [count_b, mean_b, squares_b] = b;
    let op = |op, a, b| binary(op, dtype, a, b);
    let empty = |count: &Expr| op(ScalarOp::Eq, count.clone(), zero());
    let stmts = vec![
        set(total, op(ScalarOp::Add, count_a.clone(), count_b.clone())),
        set(delta, op(ScalarOp::Sub, mean_b.clone(), mean_a.clone())),
    ];
    let (total, delta) = (Expr::Var(total), Expr::Var(delta));
    let share = op(ScalarOp::Div, count_b.clone(), total.clone());
    let mean = op(ScalarOp::Add, mean_a.clone(), op(ScalarOp::Mul, delta.clone(), share.clone()));
    let between = op(ScalarOp::Mul, op(ScalarOp::Mul, delta.clone(), delta), op(ScalarOp::Mul, count_a.clone(), share));
    let squares = op(ScalarOp::Add, op(ScalarOp::Add, squares_a.clone(), squares_b.clone()), between);
    let pick = |joined: Expr, a: Expr, b: Expr| select(dtype, empty(&count_b), a, select(dtype, empty(&count_a), b, joined));
    let mean = pick(mean, mean_a, mean_b);
    let squares = pick(squares, squares_a, squares_b);
    (stmts, [total, mean, squares])
}
