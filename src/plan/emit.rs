//! The kernel of a fused pass over one block. All arrays it is given have the domain's rank, in the domain's axes: a broadcast axis has
//! stride 0, and so has a reduced axis of a partial result. Parameters, in order: sizes of the block, its first index along each axis, leaves
//! (those that depend on no index have rank 0), then for each output its arrays.
//!
//! - A map has one array. A scan has the output and the carry.
//! - A fold has its partial result; a position (`Arg`) the best value and its position, -1 before any; deviations have count, mean and the
//!   sum of squares (f64 or the value's dtype). The caller fills them with `initial` before the first block.

use super::ir::{Fused, Line, LineId, LineKind, Output, OutputKind};
use crate::array::{DType, Scalar};
use crate::base::Span;
use crate::builtins::build::ReduceOp;
use crate::graph::Graph;
use crate::kernel::facts::can_fail;
use crate::kernel::ir::*;
use crate::kernel::visit;
use crate::ops::ScalarOp;
use smallvec::{SmallVec, smallvec};

/// Elements that a reduction along the last axis folds in lanes before it joins the partial result; bounds the error of a sum.
pub const SEGMENT: i64 = 4096;
/// Rows that it folds before it joins the partial result: many short rows are no chain of additions.
const ROWS: i64 = 64;

/// A loop in lanes, unless something in its body can fail.
pub fn in_lanes(body: &[Stmt], reductions: Vec<Reduction>, checked: bool) -> LoopKind {
    let fails = |stmt: &Stmt| matches!(stmt, Stmt::Call { .. }) || visit::exprs(stmt).into_iter().any(|expr| can_fail(expr, checked));
    if body.iter().any(fails) { LoopKind::Seq } else { LoopKind::Vector { reductions } }
}

/// The arrays that an output has in its kernel: dtype, and value before the first block.
pub fn arrays_of(kind: &OutputKind, dtype: DType) -> SmallVec<[(DType, Scalar); 3]> {
    let zero = Scalar { dtype, bits: 0 };
    let identity = |op: ScalarOp| op.identity(dtype.storage()).map_or(zero, |value| Scalar { dtype, bits: value.bits });
    match kind {
        OutputKind::Map { .. } => smallvec![(dtype, zero)],
        OutputKind::Scan { op, .. } => smallvec![(dtype, zero), (dtype, identity(*op))],
        OutputKind::Reduce { op, .. } | OutputKind::ReduceGroups { op, .. } => match op {
            ReduceOp::Fold(op) => smallvec![(dtype, identity(*op))],
            ReduceOp::Arg { .. } => smallvec![(dtype, zero), (DType::I64, Scalar::i64(-1))],
            ReduceOp::Deviations { .. } => smallvec![(dtype, zero); 3],
        },
    }
}

/// The kernel of a pass. `checked`: integer overflow is a fault. `streams` tells of each output whether caches do not hold it.
pub fn emit(graph: &Graph, fused: &Fused, checked: bool, streams: &dyn Fn(&Output) -> bool) -> Module {
    let mut emitter = Emitter::new(graph, fused, checked, streams);
    let body = emitter.body();
    let Emitter { vars, arrays, params, mut callees, .. } = emitter;
    let entry = Kernel { name: "block".into(), params, vars, arrays, results: Vec::new(), body, span: Span::default() };
    let mut kernels = vec![entry];
    kernels.append(&mut callees);
    Module { kernels, checked }
}

struct Emitter<'a> {
    graph: &'a Graph,
    fused: &'a Fused,
    checked: bool,
    vars: Vec<VarDecl>,
    arrays: Vec<ArrayDecl>,
    params: Vec<Param>,
    /// Kernels of user functions, after the entry.
    callees: Vec<Kernel>,
    sizes: Vec<VarId>,
    origins: Vec<VarId>,
    leaves: Vec<ArrayId>,
    outputs: Vec<Vec<ArrayId>>,
    /// Leaves that are tables of positions or groups: the axis that they depend on, and the variable with the present position.
    tables: Vec<(usize, usize, VarId)>,
    /// Loop variables, one an axis.
    index: Vec<VarId>,
    /// Of each line, the variable or constant it is.
    values: Vec<Option<Expr>>,
    /// Scratch memory, once a block.
    scratch: Vec<Stmt>,
    /// Of each fold that joins rows before it joins the partial result: the output, and the variable with what its rows have so far.
    rows: Vec<(usize, VarId)>,
}

impl<'a> Emitter<'a> {
    fn new(graph: &'a Graph, fused: &'a Fused, checked: bool, streams: &dyn Fn(&Output) -> bool) -> Emitter<'a> {
        let rank = fused.domain.len();
        let mut e = Emitter {
            graph,
            fused,
            checked,
            vars: Vec::new(),
            arrays: Vec::new(),
            params: Vec::new(),
            callees: Vec::new(),
            sizes: Vec::new(),
            origins: Vec::new(),
            leaves: Vec::new(),
            outputs: Vec::new(),
            tables: Vec::new(),
            index: Vec::new(),
            values: vec![None; fused.code.len()],
            scratch: Vec::new(),
            rows: Vec::new(),
        };
        e.sizes = (0..rank).map(|axis| e.scalar_param(format!("n{axis}"))).collect();
        e.origins = (0..rank).map(|axis| e.scalar_param(format!("from{axis}"))).collect();
        for (at, leaf) in fused.leaves.iter().enumerate() {
            let invariant = leaf.access.iter().all(|map| map.axis.is_none());
            let array = e.array_param(format!("x{at}"), leaf.dtype, if invariant { 0 } else { rank });
            e.leaves.push(array);
        }
        for (at, output) in fused.outputs.iter().enumerate() {
            let dtype = fused.code[output.value.0 as usize].dtype;
            let parts = arrays_of(&output.kind, dtype);
            let arrays = parts.iter().enumerate().map(|(part, (dtype, _))| e.array_param(format!("out{at}_{part}"), *dtype, rank));
            let arrays: Vec<ArrayId> = arrays.collect();
            arrays.iter().for_each(|array| e.arrays[array.0 as usize].stream = streams(output));
            e.outputs.push(arrays);
        }
        let vias = fused.leaves.iter().flat_map(|leaf| &leaf.access).filter_map(|map| Some((map.via?.leaf, map.axis?)));
        let groups = fused.outputs.iter().filter_map(|output| output.kind.grouped().map(|(axis, table)| (table, axis)));
        for (leaf, axis) in vias.chain(groups) {
            if !e.tables.iter().any(|(known, ..)| *known == leaf) {
                let var = e.var(format!("at{leaf}"), DType::I64);
                e.tables.push((leaf, axis, var));
            }
        }
        e.index = (0..rank).map(|axis| e.var(format!("i{axis}"), DType::I64)).collect();
        e
    }

    fn var(&mut self, name: impl Into<String>, dtype: DType) -> VarId {
        self.vars.push(VarDecl { name: name.into(), dtype: dtype.storage() });
        VarId(self.vars.len() as u32 - 1)
    }
    fn scalar_param(&mut self, name: String) -> VarId {
        let var = self.var(name, DType::I64);
        self.params.push(Param::Scalar(var));
        var
    }
    fn array_param(&mut self, name: String, dtype: DType, rank: usize) -> ArrayId {
        let array = self.array(name, dtype, rank);
        self.params.push(Param::Array(array));
        array
    }
    fn array(&mut self, name: String, dtype: DType, rank: usize) -> ArrayId {
        self.arrays.push(ArrayDecl { name, dtype: dtype.storage(), rank, stream: false });
        ArrayId(self.arrays.len() as u32 - 1)
    }
    fn here(&self) -> Vec<Expr> {
        self.index.iter().map(|var| Expr::Var(*var)).collect()
    }
    /// The variable of a table.
    fn table(&self, leaf: usize) -> Expr {
        self.tables.iter().find(|(known, ..)| *known == leaf).map_or(constant(0), |(_, _, var)| Expr::Var(*var))
    }
    /// What is looked up in tables for each index of an axis.
    fn lookups(&self, axis: usize) -> Vec<Stmt> {
        let lookup = |(leaf, _, var): &(usize, usize, VarId)| {
            let mut at = vec![constant(0); self.index.len()];
            at[axis] = Expr::Var(self.index[axis]);
            set(*var, load(self.leaves[*leaf], &at))
        };
        self.tables.iter().filter(|(_, along, _)| *along == axis).map(lookup).collect()
    }
    /// Statements for the positions of an axis that are in a group, where the axis is in groups.
    fn guarded(&self, axis: usize, body: Vec<Stmt>) -> Vec<Stmt> {
        match self.fused.outputs.iter().find_map(|output| output.kind.grouped()) {
            Some((grouped, table)) if grouped == axis => {
                let cond = binary(ScalarOp::Ge, DType::I64, self.table(table), constant(0));
                vec![Stmt::If { cond, then: body, other: Vec::new() }]
            }
            _ => body,
        }
    }
    /// Where an output's element stands in its arrays: along an axis in groups, at the group.
    fn place(&self, kind: &OutputKind) -> Vec<Expr> {
        let mut place = self.here();
        if let Some((axis, table)) = kind.grouped() {
            place[axis] = self.table(table);
        }
        place
    }
    fn value(&self, line: LineId) -> Expr {
        self.values[line.0 as usize].clone().unwrap_or(Expr::Const(Scalar::bool(false)))
    }

    /// The statements of lines, which give each its variable.
    fn lines(&mut self, invariant: bool) -> Vec<Stmt> {
        let fused = self.fused;
        let mut stmts = if invariant { Vec::new() } else { self.lookups(fused.domain.len() - 1) };
        for (at, line) in fused.code.iter().enumerate().filter(|(_, line)| line.invariant == invariant) {
            let value = match &line.kind {
                LineKind::Constant(value) => {
                    self.values[at] = Some(Expr::Const(stored(*value)));
                    continue;
                }
                LineKind::Load(leaf) => {
                    let mut index = if invariant { Vec::new() } else { self.here() };
                    for map in &fused.leaves[*leaf].access {
                        if let (Some(via), Some(axis)) = (map.via, map.axis) {
                            index[axis] = self.table(via.leaf);
                        }
                    }
                    Expr::Load { array: self.leaves[*leaf], index, check: Check::Proven }
                }
                LineKind::Index(map) => {
                    let axis = map.axis.unwrap_or(0);
                    let at = int(ScalarOp::Add, Expr::Var(self.origins[axis]), Expr::Var(self.index[axis]));
                    int(ScalarOp::Add, constant(map.start), int(ScalarOp::Mul, constant(map.step), at))
                }
                LineKind::Op(op, args) => {
                    let dtype = args.last().map_or(line.dtype, |arg| fused.code[arg.0 as usize].dtype).storage();
                    let args = args.iter().map(|arg| self.value(*arg)).collect();
                    // Spans only where something can fail, so that equal passes are one compiled kernel.
                    let span = if op.can_fail(dtype, true) { line.span } else { Span::default() };
                    Expr::Op { op: *op, dtype, args, span }
                }
                LineKind::Cast(arg) => {
                    let from = fused.code[arg.0 as usize].dtype.storage();
                    Expr::Cast { from, to: line.dtype.storage(), arg: Box::new(self.value(*arg)), span: Span::default() }
                }
                LineKind::Apply { module, result, args } => {
                    let stmt = self.apply(at, line, *module, *result, args);
                    stmts.push(stmt);
                    continue;
                }
            };
            let var = self.var(format!("v{at}"), line.dtype);
            self.values[at] = Some(Expr::Var(var));
            stmts.push(Stmt::Set { var, value, span: Span::default() });
        }
        stmts
    }

    fn apply(&mut self, at: usize, line: &Line, module: crate::graph::ModuleId, result: usize, args: &[LineId]) -> Stmt {
        let module = self.graph.module(module).clone();
        let first = self.callees.len() as u32 + 1;
        self.callees.extend(module.kernels.iter().map(|kernel| shifted(kernel, first)));
        let args = args.iter().map(|arg| Operand::Scalar(self.value(*arg))).collect();
        let results: Vec<Place> = module.kernels[0]
            .results
            .iter()
            .enumerate()
            .map(|(place, ty)| {
                let dtype = match ty {
                    ResultTy::Scalar(dtype) | ResultTy::Array { dtype, .. } => *dtype,
                };
                let var = self.var(format!("v{at}_{place}"), dtype);
                if place == result {
                    self.values[at] = Some(Expr::Var(var));
                }
                Place::Scalar(var)
            })
            .collect();
        Stmt::Call { kernel: KernelId(first), args, results, span: line.span }
    }

    fn body(&mut self) -> Vec<Stmt> {
        let fused = self.fused;
        let last = fused.domain.len() - 1;
        let mut stmts = self.lines(true);
        let many = self.many_rows();
        let nest = if fused.outputs.iter().any(|output| fused.folds(output, last)) {
            self.segments(last)
        } else {
            vec![self.innermost(last, constant(0), Expr::Var(self.sizes[last]))]
        };
        let nested = (0..last).rev().fold(nest, |body, axis| {
            let (var, hi) = (self.index[axis], Expr::Var(self.sizes[axis]));
            let mut inside = self.lookups(axis);
            inside.extend(self.guarded(axis, body));
            let along = |lo, hi| Stmt::For { var, lo, hi, step: 1, body: inside, kind: LoopKind::Seq, span: Span::default() };
            if many == Some(axis) { self.by_rows(hi, along) } else { vec![along(constant(0), hi)] }
        });
        stmts.append(&mut self.scratch);
        stmts.extend(nested);
        stmts
    }

    /// The axis with many rows; they get variables.
    fn many_rows(&mut self) -> Option<usize> {
        let (many, folds) = many_rows(self.fused)?;
        for at in folds {
            let var = self.var(format!("rows{at}"), self.fused.code[self.fused.outputs[at].value.0 as usize].dtype);
            self.rows.push((at, var));
        }
        Some(many)
    }

    /// The loop along an axis with many rows, so many at a time.
    fn by_rows(&mut self, size: Expr, along: impl FnOnce(Expr, Expr) -> Stmt) -> Vec<Stmt> {
        let (fused, last) = (self.fused, self.fused.domain.len() - 1);
        let [from, to] = ["row", "row_end"].map(|name| self.var(name, DType::I64));
        let end = int(ScalarOp::Minimum, int(ScalarOp::Add, Expr::Var(from), constant(ROWS)), size.clone());
        let mut body = vec![set(to, end)];
        let mut after = Vec::new();
        for (at, var) in self.rows.clone() {
            let output = &fused.outputs[at];
            let dtype = fused.code[output.value.0 as usize].dtype.storage();
            let Some((ReduceOp::Fold(op), _)) = output.kind.reduction() else { continue };
            let mut place = self.place(&output.kind);
            (0..=last).filter(|axis| fused.folds(output, *axis)).for_each(|axis| place[axis] = constant(0));
            body.push(set(var, Expr::Const(op.identity(dtype).unwrap_or(Scalar { dtype, bits: 0 }))));
            let part = self.outputs[at][0];
            after.push(store(part, &place, binary(op, dtype, load(part, &place), Expr::Var(var))));
        }
        body.push(along(Expr::Var(from), Expr::Var(to)));
        body.extend(after);
        vec![Stmt::For { var: from, lo: constant(0), hi: size, step: ROWS, body, kind: LoopKind::Seq, span: Span::default() }]
    }

    /// The last axis in segments: for each, accumulators start afresh and join the partial results after it.
    fn segments(&mut self, last: usize) -> Vec<Stmt> {
        let from = self.var("segment", DType::I64);
        let to = self.var("segment_end", DType::I64);
        let end = int(ScalarOp::Minimum, int(ScalarOp::Add, Expr::Var(from), constant(SEGMENT)), Expr::Var(self.sizes[last]));
        let mut body = vec![Stmt::Set { var: to, value: end, span: Span::default() }];
        body.extend(self.segment(last, Expr::Var(from), Expr::Var(to)));
        let hi = Expr::Var(self.sizes[last]);
        vec![Stmt::For { var: from, lo: constant(0), hi, step: SEGMENT, body, kind: LoopKind::Seq, span: Span::default() }]
    }

    fn segment(&mut self, last: usize, lo: Expr, hi: Expr) -> Vec<Stmt> {
        let fused = self.fused;
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let mut body = self.lines(false);
        let mut reductions = Vec::new();
        // Arrays of partial results have stride 0 along reduced axes: any index along them will do.
        for (at, output) in fused.outputs.iter().enumerate() {
            let dtype = fused.code[output.value.0 as usize].dtype.storage();
            let mut place = self.place(&output.kind);
            place[last] = constant(0);
            match output.kind.reduction().filter(|_| fused.folds(output, last)) {
                Some((ReduceOp::Fold(op), _)) => {
                    let acc = self.var(format!("acc{at}"), dtype);
                    let identity = op.identity(dtype).unwrap_or(Scalar { dtype, bits: 0 });
                    before.push(set(acc, Expr::Const(identity)));
                    body.push(set(acc, binary(op, dtype, Expr::Var(acc), self.value(output.value))));
                    reductions.push(Reduction { var: acc, op });
                    let part = self.outputs[at][0];
                    let joined = |held| binary(op, dtype, held, Expr::Var(acc));
                    after.push(match self.rows.iter().find(|(of, _)| *of == at) {
                        Some((_, rows)) => set(*rows, joined(Expr::Var(*rows))),
                        None => store(part, &place, joined(load(part, &place))),
                    });
                }
                Some((ReduceOp::Deviations { skip_nan }, _)) => {
                    let parts = self.deviations(at, output.value, skip_nan, (lo.clone(), hi.clone()), &place, &mut body, &mut reductions);
                    before.extend(parts.0);
                    after.extend(parts.1);
                }
                _ => body.extend(self.output(at, output)),
            }
        }
        let kind = self.kind(&body, reductions);
        before.push(Stmt::For { var: self.index[last], lo, hi, step: 1, body, kind, span: Span::default() });
        before.extend(after);
        before
    }

    /// Deviations of a segment in two passes over it, the second from a copy in cache, then joined to the partial result.
    fn deviations(
        &mut self,
        at: usize,
        value: LineId,
        skip_nan: bool,
        (lo, hi): (Expr, Expr),
        place: &[Expr],
        body: &mut Vec<Stmt>,
        reductions: &mut Vec<Reduction>,
    ) -> (Vec<Stmt>, Vec<Stmt>) {
        let dtype = self.fused.code[value.0 as usize].dtype;
        let zero = || Expr::Const(Scalar::float(dtype, 0.0, 0.0));
        let [sum, count, mean, squares] = ["sum", "count", "mean", "squares"].map(|name| self.var(format!("{name}{at}"), dtype));
        let copy = self.array(format!("copy{at}"), dtype, 1);
        let (i, j) = (self.index[self.index.len() - 1], self.var(format!("j{at}"), DType::I64));
        let x = self.value(value);
        let offset = |var: VarId| vec![int(ScalarOp::Sub, Expr::Var(var), lo.clone())];
        let skipped = |x: &Expr, otherwise: Expr, then: Expr| match skip_nan {
            true => select(dtype, unary(ScalarOp::IsNan, dtype, x.clone()), otherwise, then),
            false => then,
        };
        self.scratch.push(Stmt::Alloc { array: copy, shape: vec![constant(SEGMENT)], clear: true, span: Span::default() });
        let before = vec![set(sum, zero()), set(count, zero()), set(squares, zero())];
        body.push(store(copy, &offset(i), x.clone()));
        body.push(set(sum, binary(ScalarOp::Add, dtype, Expr::Var(sum), skipped(&x, zero(), x.clone()))));
        let one = Expr::Const(Scalar::float(dtype, 1.0, 0.0));
        body.push(set(count, binary(ScalarOp::Add, dtype, Expr::Var(count), skipped(&x, zero(), one))));
        reductions.extend([sum, count].map(|var| Reduction { var, op: ScalarOp::Add }));
        let again = load(copy, &offset(j));
        let d = self.var(format!("d{at}"), dtype);
        let square = binary(ScalarOp::Mul, dtype, Expr::Var(d), Expr::Var(d));
        let second = vec![
            set(d, binary(ScalarOp::Sub, dtype, again.clone(), Expr::Var(mean))),
            set(squares, binary(ScalarOp::Add, dtype, Expr::Var(squares), skipped(&again, zero(), square))),
        ];
        let kind = in_lanes(&second, vec![Reduction { var: squares, op: ScalarOp::Add }], self.checked);
        let parts = self.outputs[at].clone();
        let mut after = vec![
            set(mean, binary(ScalarOp::Div, dtype, Expr::Var(sum), Expr::Var(count))),
            Stmt::For { var: j, lo, hi, step: 1, body: second, kind, span: Span::default() },
        ];
        let [joined_count, delta] = ["total", "delta"].map(|name| self.var(format!("{name}{at}"), dtype));
        let own = [Expr::Var(count), Expr::Var(mean), Expr::Var(squares)];
        let joined = super::merge::join_deviations(dtype, [0, 1, 2].map(|part| load(parts[part], place)), own, (joined_count, delta));
        after.extend(joined.0);
        after.extend(self.written(dtype, &parts, place, joined.1));
        (before, after)
    }

    /// The loop over the last axis without reductions along it.
    fn innermost(&mut self, last: usize, lo: Expr, hi: Expr) -> Stmt {
        let fused = self.fused;
        let mut body = self.lines(false);
        for (at, output) in fused.outputs.iter().enumerate() {
            body.extend(self.output(at, output));
        }
        let kind = self.kind(&body, Vec::new());
        Stmt::For { var: self.index[last], lo, hi, step: 1, body, kind, span: Span::default() }
    }

    /// How the innermost loop, of this body, may run.
    fn kind(&self, body: &[Stmt], reductions: Vec<Reduction>) -> LoopKind {
        let last = self.fused.domain.len() - 1;
        let serial = |output: &Output| match &output.kind {
            OutputKind::Scan { axis, .. } => *axis == last,
            OutputKind::Reduce { op: ReduceOp::Arg { .. }, .. } => true,
            _ => false,
        };
        let looked_up = self.tables.iter().any(|(_, axis, _)| *axis == last);
        let one_by_one = looked_up || self.fused.outputs.iter().any(serial);
        if one_by_one { LoopKind::Seq } else { in_lanes(body, reductions, self.checked) }
    }

    /// What a point does for an output that is not reduced along the last axis in lanes.
    fn output(&mut self, at: usize, output: &Output) -> Vec<Stmt> {
        let stmts = self.stored(at, output);
        self.guarded(self.fused.domain.len() - 1, stmts)
    }

    fn stored(&mut self, at: usize, output: &Output) -> Vec<Stmt> {
        let dtype = self.fused.code[output.value.0 as usize].dtype.storage();
        let (x, here, parts) = (self.value(output.value), self.place(&output.kind), self.outputs[at].clone());
        let op = match &output.kind {
            OutputKind::Map { .. } => return vec![store(parts[0], &here, x)],
            OutputKind::Scan { op, .. } => {
                let running = self.var(format!("running{at}"), dtype);
                let next = binary(*op, dtype, load(parts[1], &here), x);
                return vec![set(running, next), store(parts[1], &here, Expr::Var(running)), store(parts[0], &here, Expr::Var(running))];
            }
            OutputKind::Reduce { op, .. } | OutputKind::ReduceGroups { op, .. } => *op,
        };
        match op {
            ReduceOp::Fold(op) => {
                vec![store(parts[0], &here, binary(op, dtype, load(parts[0], &here), x))]
            }
            ReduceOp::Arg { largest, skip_nan } => {
                let (best, position) = (load(parts[0], &here), load(parts[1], &here));
                let better = super::merge::better(dtype, largest, skip_nan, &x, &best);
                let none = binary(ScalarOp::Lt, DType::I64, position, constant(0));
                let mut take = binary(ScalarOp::Or, DType::Bool, none, better);
                if skip_nan && dtype.is_float() {
                    let number = binary(ScalarOp::Eq, dtype, x.clone(), x.clone());
                    take = binary(ScalarOp::And, DType::Bool, number, take);
                }
                let at = self.position(output);
                let then = vec![store(parts[0], &here, x), store(parts[1], &here, at)];
                vec![Stmt::If { cond: take, then, other: Vec::new() }]
            }
            ReduceOp::Deviations { skip_nan } => {
                // The deviation of an infinite element is NaN.
                let own = [Expr::Const(Scalar::float(dtype, 1.0, 0.0)), x.clone(), binary(ScalarOp::Sub, dtype, x.clone(), x.clone())];
                let held = [0, 1, 2].map(|part| load(parts[part], &here));
                let [total, delta] = ["total", "delta"].map(|name| self.var(format!("{name}{at}"), dtype));
                let (mut stmts, joined) = super::merge::join_deviations(dtype, held.clone(), own, (total, delta));
                let nan = unary(ScalarOp::IsNan, dtype, x);
                let pick = |value, held| if skip_nan { select(dtype, nan.clone(), held, value) } else { value };
                let ([count, mean, squares], [held_count, held_mean, held_squares]) = (joined, held);
                let values = [pick(count, held_count), pick(mean, held_mean), pick(squares, held_squares)];
                stmts.extend(self.written(dtype, &parts, &here, values));
                stmts
            }
        }
    }

    /// Writes the parts of a partial result once all are computed: they are computed from what was there.
    fn written(&mut self, dtype: DType, parts: &[ArrayId], place: &[Expr], values: [Expr; 3]) -> Vec<Stmt> {
        let (mut sets, mut stores) = (Vec::new(), Vec::new());
        for (part, value) in parts.iter().zip(values) {
            let var = self.var(format!("joined{}", part.0), dtype);
            sets.push(set(var, value));
            stores.push(store(*part, place, Expr::Var(var)));
        }
        sets.extend(stores);
        sets
    }

    /// Row-major position of this point in the reduced axes of the whole domain.
    fn position(&self, output: &Output) -> Expr {
        let axes = (0..self.fused.domain.len()).filter(|axis| self.fused.folds(output, *axis));
        axes.fold(constant(0), |at, axis| {
            let index = int(ScalarOp::Add, Expr::Var(self.origins[axis]), Expr::Var(self.index[axis]));
            int(ScalarOp::Add, int(ScalarOp::Mul, at, constant(self.fused.domain[axis] as i64)), index)
        })
    }
}

/// The axis along which most rows are folded into one element, where folds along the last axis go on along the one before; and the outputs
/// that do.
fn many_rows(fused: &Fused) -> Option<(usize, Vec<usize>)> {
    let last = fused.domain.len() - 1;
    let folds = |at: &usize| {
        let output = &fused.outputs[*at];
        let fold = matches!(output.kind.reduction(), Some((ReduceOp::Fold(_), _)));
        fold && last > 0 && fused.folds(output, last) && fused.folds(output, last - 1)
    };
    let folds: Vec<usize> = (0..fused.outputs.len()).filter(folds).collect();
    let folded = |axis: &usize| folds.iter().all(|at| fused.folds(&fused.outputs[*at], *axis));
    let many = (0..last).rev().take_while(folded).max_by_key(|axis| fused.domain[*axis]).filter(|_| !folds.is_empty())?;
    Some((many, folds))
}

/// The loops of the kernel of a pass, outermost first: the axis of each, `None` for one over pieces of an axis.
pub fn loops(fused: &Fused) -> Vec<Option<usize>> {
    let (last, many) = (fused.domain.len() - 1, many_rows(fused).map(|(axis, _)| axis));
    let pieces = |axis: usize| many == Some(axis) || axis == last && fused.outputs.iter().any(|output| fused.folds(output, last));
    (0..=last).flat_map(|axis| pieces(axis).then_some(None).into_iter().chain([Some(axis)])).collect()
}

/// A kernel whose calls are of kernels that now stand `by` places later.
fn shifted(kernel: &Kernel, by: u32) -> Kernel {
    fn shift(stmts: &mut [Stmt], by: u32) {
        for stmt in stmts {
            match stmt {
                Stmt::Call { kernel, .. } | Stmt::ParFor { kernel, .. } => kernel.0 += by,
                Stmt::If { then, other, .. } => {
                    shift(then, by);
                    shift(other, by);
                }
                Stmt::For { body, .. } | Stmt::While { body, .. } => shift(body, by),
                _ => {}
            }
        }
    }
    let mut kernel = kernel.clone();
    shift(&mut kernel.body, by);
    kernel
}

fn stored(value: Scalar) -> Scalar {
    Scalar { dtype: value.dtype.storage(), bits: value.bits }
}

pub(super) fn constant(value: i64) -> Expr {
    Expr::Const(Scalar::i64(value))
}

pub(super) fn int(op: ScalarOp, a: Expr, b: Expr) -> Expr {
    binary(op, DType::I64, a, b)
}

pub(super) fn unary(op: ScalarOp, dtype: DType, a: Expr) -> Expr {
    Expr::Op { op, dtype, args: vec![a], span: Span::default() }
}

pub(super) fn binary(op: ScalarOp, dtype: DType, a: Expr, b: Expr) -> Expr {
    Expr::Op { op, dtype, args: vec![a, b], span: Span::default() }
}

pub(super) fn select(dtype: DType, cond: Expr, a: Expr, b: Expr) -> Expr {
    Expr::Op { op: ScalarOp::Select, dtype, args: vec![cond, a, b], span: Span::default() }
}

pub(super) fn set(var: VarId, value: Expr) -> Stmt {
    Stmt::Set { var, value, span: Span::default() }
}

pub(super) fn load(array: ArrayId, index: &[Expr]) -> Expr {
    Expr::Load { array, index: index.to_vec(), check: Check::Proven }
}

pub(super) fn store(array: ArrayId, index: &[Expr], value: Expr) -> Stmt {
    Stmt::Store { array, index: index.to_vec(), value, check: Check::Proven, span: Span::default() }
}
