//! Graphs built by hand, planned and run under several limits: the same bits each time, and the values of plain loops.

use super::*;
use crate::array::{ArrayTy, DType};
use crate::builtins::build::{A, Between, Build, Extent, Matrix, ReduceOp, Routine, Side, SliceArg};
use crate::codegen::Jit;
use crate::graph::{GraphBuild, MemoryId, NodeId, Values};
use crate::ops::{Distribution, ScalarOp};
use crate::plan::{Want, plan};
use crate::types::edge::Edge;

/// Computes what building must know in a run of its own.
struct Force;
impl Values for Force {
    fn scalar(&mut self, graph: &mut Graph, node: NodeId) -> Outcome<Scalar> {
        let limits = Limits { memory: 1 << 30, threads: 1, checked: false };
        let plan = plan(graph, &[Want { node, sink: None, span: Span::default() }], &limits)?;
        let results =
            Runtime::new(limits, Arc::new(Jit { threads: 1 }), Cancel::new()).run(graph, &plan, &Memory::default(), &[], &Quiet)?;
        results.into_iter().flatten().next().and_then(|array| array.item()).ok_or_else(|| Diagnostic::new(Code::Internal, "no scalar"))
    }
    fn hold(&mut self, _: &Array) -> MemoryId {
        MemoryId { number: 0, dense: true }
    }
}
struct Quiet;
impl Observer for Quiet {
    fn progress(&self, _: u64, _: u64) {}
}

/// The values of what `make` builds, under a limit and a number of threads.
fn evaluate(memory: u64, threads: usize, make: &dyn Fn(&mut dyn Build) -> Outcome<Vec<A>>) -> Vec<Vec<Scalar>> {
    let mut graph = Graph::default();
    let mut force = Force;
    let wanted = make(&mut GraphBuild::new(&mut graph, &mut force, false)).unwrap();
    let limits = Limits { memory, threads, checked: false };
    let wants: Vec<Want> = wanted.iter().map(|a| Want { node: NodeId(a.0), sink: None, span: Span::default() }).collect();
    let plan = plan(&mut graph, &wants, &limits).unwrap();
    let runtime = Runtime::new(limits, Arc::new(Jit { threads }), Cancel::new());
    let results = runtime.run(&graph, &plan, &Memory::default(), &[], &Quiet).unwrap();
    assert!(
        runtime.pool.peak() <= plan.forecast.peak,
        "{} used, {} forecast\n{}",
        runtime.pool.peak(),
        plan.forecast.peak,
        crate::plan::explain::explain(&plan, &|_| 0)
    );
    results.into_iter().map(|array| array.unwrap().scalars()).collect()
}

/// The same under every limit and number of threads; the values.
fn check(least: u64, make: &dyn Fn(&mut dyn Build) -> Outcome<Vec<A>>) -> Vec<Vec<f64>> {
    let first = evaluate(1 << 30, 1, make);
    for (memory, threads) in [(1 << 30, 2), (1 << 30, 3), (least, 2)] {
        assert_eq!(first, evaluate(memory, threads, make), "memory {memory}, threads {threads}");
    }
    first.into_iter().map(|values| values.into_iter().map(Scalar::as_f64).collect()).collect()
}

/// Numbers in [0, 1) of a shape.
fn random(b: &mut dyn Build, shape: &[u64]) -> Outcome<A> {
    let index = b.iota(Extent::Known(shape.iter().product()))?;
    let index = b.cast(index, DType::U64)?;
    let seed = b.constant(Scalar::int(DType::U64, 7));
    let values = b.map(ScalarOp::Random(Distribution::Uniform), &[seed, index])?;
    b.reshape(values, &shape.iter().map(|size| Extent::Known(*size)).collect::<Vec<_>>())
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * a.abs().max(b.abs()).max(1e-300)
}

#[test]
fn reductions_over_any_axes() {
    let shape = [37u64, 50, 61];
    for axes in [vec![0], vec![1], vec![2], vec![0, 1], vec![0, 2], vec![1, 2], vec![0, 1, 2]] {
        let results = check(8 << 20, &|b| {
            let x = random(b, &shape)?;
            let sum = b.reduce(ReduceOp::Fold(ScalarOp::Add), x, &axes)?;
            let most = b.reduce(ReduceOp::Fold(ScalarOp::Maximum), x, &axes)?;
            let place = b.reduce(ReduceOp::Arg { largest: true, skip_nan: false }, x, &axes)?;
            let squares = b.reduce(ReduceOp::Deviations { skip_nan: false }, x, &axes)?;
            Ok(vec![x, sum, most, place, squares])
        });
        let x = &results[0];
        let mut groups: std::collections::BTreeMap<Vec<u64>, Vec<f64>> = Default::default();
        for (at, value) in x.iter().enumerate() {
            let at = at as u64;
            let index = [at / (50 * 61), at / 61 % 50, at % 61];
            let key = (0..3).filter(|axis| !axes.contains(axis)).map(|axis| index[axis]).collect();
            groups.entry(key).or_default().push(*value);
        }
        for (at, group) in groups.values().enumerate() {
            let sum: f64 = group.iter().sum();
            let mean = sum / group.len() as f64;
            let squares: f64 = group.iter().map(|x| (x - mean) * (x - mean)).sum();
            let most = group.iter().copied().fold(f64::MIN, f64::max);
            assert!(close(results[1][at], sum), "{axes:?} {} {sum}", results[1][at]);
            assert_eq!(results[2][at], most);
            assert_eq!(group[results[3][at] as usize], most);
            assert!(close(results[4][at], squares), "{axes:?} {} {squares}", results[4][at]);
        }
    }
}

#[test]
fn what_a_broadcast_repeats_is_divided_once() {
    use crate::plan::ir::{LineKind, Work};
    let make = |b: &mut dyn Build| {
        let x = random(b, &[300, 4000])?;
        let sum = b.reduce(ReduceOp::Fold(ScalarOp::Add), x, &[0])?;
        let count = b.constant(Scalar::f64(300.0));
        let mean = b.map(ScalarOp::Div, &[sum, count])?;
        Ok(vec![b.map(ScalarOp::Sub, &[x, mean])?])
    };
    let values = check(16 << 20, &make).remove(0);
    for column in [0, 17, 3999] {
        let total: f64 = values.iter().skip(column).step_by(4000).sum();
        assert!(total.abs() < 1e-10, "{total}");
    }
    let mut graph = Graph::default();
    let wanted = make(&mut GraphBuild::new(&mut graph, &mut Force, false)).unwrap();
    let want = Want { node: NodeId(wanted[0].0), sink: None, span: Span::default() };
    let plan = plan(&mut graph, &[want], &Limits { memory: 1 << 30, threads: 2, checked: false }).unwrap();
    let divides = |stage: &crate::plan::ir::Stage| match &stage.work {
        Work::Fused(fused) if fused.code.iter().any(|line| matches!(line.kind, LineKind::Op(ScalarOp::Div, _))) => {
            Some(fused.domain.clone())
        }
        _ => None,
    };
    assert_eq!(plan.stages.iter().filter_map(divides).collect::<Vec<_>>(), [[4000]]);
}

#[test]
fn large_sums_by_blocks() {
    let results = check(4 << 20, &|b| {
        let n = b.iota(Extent::Known(1_000_003))?;
        let sum = b.reduce(ReduceOp::Fold(ScalarOp::Add), n, &[0])?;
        let x = b.cast(n, DType::F64)?;
        let squares = b.reduce(ReduceOp::Deviations { skip_nan: false }, x, &[0])?;
        Ok(vec![sum, squares])
    });
    let n = 1_000_003f64;
    assert_eq!(results[0][0], n * (n - 1.0) / 2.0);
    assert!(close(results[1][0], n * (n * n - 1.0) / 12.0));
}

#[test]
fn transposes_products_and_what_uses_them() {
    let n = 300;
    let results = check(12 << 20, &|b| {
        let x = random(b, &[n, n])?;
        let turned = b.transpose(x, &[1, 0])?;
        let one = b.constant(Scalar::f64(1.0));
        let plus = b.map(ScalarOp::Add, &[turned, one])?;
        let product = b.matmul(x, plus)?;
        let mean = b.reduce(ReduceOp::Fold(ScalarOp::Add), x, &[0, 1])?;
        let less = b.map(ScalarOp::Sub, &[product, mean])?;
        let total = b.reduce(ReduceOp::Fold(ScalarOp::Add), less, &[0, 1])?;
        let both = b.map(ScalarOp::Add, &[x, turned])?;
        Ok(vec![x, product, total, both])
    });
    let n = n as usize;
    let x = |i: usize, j: usize| results[0][i * n + j];
    let mean: f64 = results[0].iter().sum();
    let mut total = 0.0;
    for i in 0..n {
        for j in 0..n {
            let cell: f64 = (0..n).map(|k| x(i, k) * (x(j, k) + 1.0)).sum();
            assert!(close(results[1][i * n + j], cell));
            assert_eq!(results[3][i * n + j], x(i, j) + x(j, i));
            total += cell - mean;
        }
    }
    assert!((results[2][0] - total).abs() < 1e-9 * mean * (n * n) as f64);
}

/// The stages that the values of what `make` builds take.
fn stages(make: &dyn Fn(&mut dyn Build) -> Outcome<Vec<A>>) -> Vec<Work> {
    let mut graph = Graph::default();
    let mut force = Force;
    let wanted = make(&mut GraphBuild::new(&mut graph, &mut force, false)).unwrap();
    let wants: Vec<Want> = wanted.iter().map(|a| Want { node: NodeId(a.0), sink: None, span: Span::default() }).collect();
    let plan = plan(&mut graph, &wants, &Limits { memory: 1 << 30, threads: 2, checked: false }).unwrap();
    plan.stages.into_iter().map(|stage| stage.work).collect()
}

#[test]
fn what_is_used_where_it_is_made_shares_its_pass() {
    let in_place = |b: &mut dyn Build| {
        let x = random(b, &[300, 500])?;
        let y = b.map(ScalarOp::Math(crate::vmath::Math::Exp), &[x])?;
        let less = b.map(ScalarOp::Sub, &[y, x])?;
        let total = b.reduce(ReduceOp::Fold(ScalarOp::Add), y, &[0, 1])?;
        Ok(vec![y, less, total])
    };
    assert!(matches!(stages(&in_place).as_slice(), [Work::Fused(all)] if all.outputs.len() == 3));
    let results = check(8 << 20, &in_place);
    assert!(close(results[0].iter().sum(), results[2][0]));
    assert!(results[0].iter().zip(&results[1]).all(|(y, less)| (y - y.ln() - less).abs() < 1e-12));
    // Elsewhere it is there after its pass, and so is a sum.
    let elsewhere = |b: &mut dyn Build| {
        let x = random(b, &[300, 300])?;
        let y = b.map(ScalarOp::Math(crate::vmath::Math::Exp), &[x])?;
        let turned = b.transpose(y, &[1, 0])?;
        let both = b.map(ScalarOp::Add, &[y, turned])?;
        let total = b.reduce(ReduceOp::Fold(ScalarOp::Add), y, &[0, 1])?;
        let share = b.map(ScalarOp::Div, &[y, total])?;
        Ok(vec![y, both, share])
    };
    assert_eq!(stages(&elsewhere).len(), 2);
    let results = check(8 << 20, &elsewhere);
    let total: f64 = results[0].iter().sum();
    for (at, y) in results[0].iter().enumerate() {
        assert_eq!(results[1][at], y + results[0][at % 300 * 300 + at / 300]);
        assert!(close(results[2][at], y / total));
    }
}

#[test]
fn products_that_are_only_looked_at_are_not_stored() {
    let n = 1100u64;
    let operands = |b: &mut dyn Build| -> Outcome<[A; 2]> {
        let x = random(b, &[n, n])?;
        let turned = b.transpose(x, &[1, 0])?;
        let one = b.constant(Scalar::f64(1.0));
        Ok([x, b.map(ScalarOp::Add, &[turned, one])?])
    };
    let total = |b: &mut dyn Build| {
        let [x, plus] = operands(b)?;
        let product = b.matmul(x, plus)?;
        let less = b.map(ScalarOp::Sub, &[product, x])?;
        Ok(vec![b.reduce(ReduceOp::Fold(ScalarOp::Add), less, &[0, 1])?])
    };
    let whole = |b: &mut dyn Build| {
        let [x, plus] = operands(b)?;
        let product = b.matmul(x, plus)?;
        Ok(vec![x, product])
    };
    assert!(stages(&total).iter().any(|work| matches!(work, Work::Fused(fused) if fused.product.is_some())));
    assert!(stages(&whole).iter().any(|work| matches!(work, Work::MatMul(_))));
    // Where x.T + 1 does not fit, its panels are made for each tile: the same bits.
    let (sums, values) = (check(27 << 20, &total), check(36 << 20, &whole));
    let expected: f64 = values[1].iter().sum::<f64>() - values[0].iter().sum::<f64>();
    assert!((sums[0][0] - expected).abs() < 1e-9 * expected.abs());
}

#[test]
fn slices_takes_joins_and_running_sums() {
    let results = check(4 << 20, &|b| {
        let n = b.iota(Extent::Known(24))?;
        let x = b.reshape(n, &[Extent::Known(4), Extent::Known(6)])?;
        let two = b.constant(Scalar::i64(2));
        let row = b.slice(x, &[SliceArg::At(two, Span::default()), SliceArg::Range { lo: None, hi: None, step: -2 }])?;
        let three = b.iota(Extent::Known(3))?;
        let taken = b.slice(x, &[SliceArg::Range { lo: Some(two), hi: None, step: 1 }, SliceArg::Take(three, Span::default())])?;
        let joined = b.concat(&[x, x], 0)?;
        let down = b.scan(ScalarOp::Add, joined, 0)?;
        let along = b.scan(ScalarOp::Add, joined, 1)?;
        Ok(vec![row, taken, down, along])
    });
    assert_eq!(results[0], [17.0, 15.0, 13.0]);
    assert_eq!(results[1], [12.0, 13.0, 14.0, 18.0, 19.0, 20.0]);
    let x = |i: usize, j: usize| ((i % 4) * 6 + j) as f64;
    for i in 0..8 {
        for j in 0..6 {
            assert_eq!(results[2][i * 6 + j], (0..=i).map(|i| x(i, j)).sum::<f64>());
            assert_eq!(results[3][i * 6 + j], (0..=j).map(|j| x(i, j)).sum::<f64>());
        }
    }
}

#[test]
fn selections_by_masks() {
    let shape = [37u64, 90, 61];
    let results = check(6 << 20, &|b| {
        let x = random(b, &shape)?;
        let half = b.constant(Scalar::f64(0.5));
        let mask = b.map(ScalarOp::Gt, &[x, half])?;
        let all = b.slice(x, &[SliceArg::Take(mask, Span::default())])?;
        let most = b.constant(Scalar::f64(0.75));
        let again = b.map(ScalarOp::Lt, &[all, most])?;
        let some = b.slice(all, &[SliceArg::Take(again, Span::default())])?;
        let sum = b.reduce(ReduceOp::Fold(ScalarOp::Add), some, &[0])?;
        let lines = b.reduce(ReduceOp::Fold(ScalarOp::Maximum), x, &[0, 2])?;
        let high = b.constant(Scalar::f64(0.9995));
        let lines = b.map(ScalarOp::Gt, &[lines, high])?;
        let whole = SliceArg::Range { lo: None, hi: None, step: 1 };
        let part = b.slice(x, &[whole, SliceArg::Take(lines, Span::default())])?;
        Ok(vec![x, all, some, sum, lines, part])
    });
    let x = &results[0];
    let all: Vec<f64> = x.iter().copied().filter(|x| *x > 0.5).collect();
    assert_eq!(results[1], all);
    assert_eq!(results[2], all.into_iter().filter(|x| *x < 0.75).collect::<Vec<_>>());
    assert!(close(results[3][0], results[2].iter().sum()));
    let part = x.iter().enumerate().filter(|(at, _)| results[4][at / 61 % 90] != 0.0).map(|(_, x)| *x).collect::<Vec<_>>();
    assert!(!part.is_empty() && part.len() < x.len());
    assert_eq!(results[5], part);
}

/// Whether a line is in order, its sum, and some of its elements.
fn summary(b: &mut dyn Build, line: A) -> Outcome<Vec<A>> {
    let mut at = |at: i64| b.constant(Scalar::i64(at));
    let (one, last, by) = (at(1), at(LINE as i64 - 1), 99_991);
    let later = b.slice(line, &[SliceArg::Range { lo: Some(one), hi: None, step: 1 }])?;
    let earlier = b.slice(line, &[SliceArg::Range { lo: None, hi: Some(last), step: 1 }])?;
    let ordered = b.map(ScalarOp::Le, &[earlier, later])?;
    let ordered = b.reduce(ReduceOp::Fold(ScalarOp::And), ordered, &[0])?;
    let sum = b.reduce(ReduceOp::Fold(ScalarOp::Add), line, &[0])?;
    let some = b.slice(line, &[SliceArg::Range { lo: None, hi: None, step: by }])?;
    // A view would keep the whole line.
    let some = b.map(ScalarOp::Abs, &[some])?;
    Ok(vec![ordered, sum, some])
}

/// Elements of a line that is sorted in passes.
const LINE: u64 = 700_001;

#[test]
fn long_lines_are_sorted_in_passes_over_them() {
    let values = |b: &mut dyn Build, times: f64| {
        let x = random(b, &[LINE])?;
        let times = b.constant(Scalar::f64(times));
        let x = b.map(ScalarOp::Mul, &[x, times])?;
        b.map(ScalarOp::Floor, &[x])
    };
    // Many values, few values, one value.
    for times in [1e9, 5.0, 0.0] {
        let results = check(6 << 20, &|b| {
            let x = values(b, times)?;
            let up = b.routine(Routine::Sort { descending: false }, &[x])?[0];
            summary(b, up)
        });
        let mut x = check(1 << 30, &|b| Ok(vec![values(b, times)?])).remove(0);
        x.sort_by(f64::total_cmp);
        assert_eq!((results[0][0], results[1][0]), (1.0, x.iter().sum::<f64>()));
        assert_eq!(results[2], x.iter().copied().step_by(99_991).collect::<Vec<_>>());
        let results = check(6 << 20, &|b| {
            let x = values(b, times)?;
            let down = b.routine(Routine::ArgSort { descending: true }, &[x])?[0];
            Ok(summary(b, down)?.split_off(1))
        });
        let x = check(1 << 30, &|b| Ok(vec![values(b, times)?])).remove(0);
        let mut places: Vec<usize> = (0..x.len()).collect();
        places.sort_by(|a, b| x[*b].total_cmp(&x[*a]));
        assert_eq!(results[0][0], (LINE * (LINE - 1) / 2) as f64);
        assert_eq!(results[1], places.iter().step_by(99_991).map(|at| *at as f64).collect::<Vec<_>>());
    }
}

#[test]
fn quantiles_are_exact_however_they_are_found() {
    let results = check(5 << 20, &|b| {
        let x = random(b, &[LINE])?;
        let end = b.constant(Scalar::i64(699_000));
        let lines = b.slice(x, &[SliceArg::Range { lo: None, hi: Some(end), step: 1 }])?;
        let lines = b.reshape(lines, &[Extent::Known(699), Extent::Known(1000)])?;
        let columns = b.transpose(lines, &[1, 0])?;
        let quarter = b.constant(Scalar::f64(0.25));
        let q = b.iota(Extent::Known(5))?;
        let q = b.cast(q, DType::F64)?;
        let q = b.map(ScalarOp::Mul, &[q, quarter])?;
        let routine = Routine::Quantile { between: Between::Linear, skip_missing: false, axes: 1 };
        let mut quantiles = |x| Ok::<A, Box<Diagnostic>>(b.routine(routine, &[x, q])?[0]);
        let (all, down) = (quantiles(x)?, quantiles(columns)?);
        Ok(vec![all, down])
    });
    let x = check(1 << 30, &|b| Ok(vec![random(b, &[LINE])?])).remove(0);
    let quantile = |values: &mut Vec<f64>, q: f64| {
        values.sort_by(f64::total_cmp);
        let at = (values.len() - 1) as f64 * q;
        let (low, high) = (values[at.floor() as usize], values[at.ceil() as usize]);
        low + (high - low) * (at - at.floor())
    };
    let quantiles = [0.0, 0.25, 0.5, 0.75, 1.0];
    for (at, q) in quantiles.into_iter().enumerate() {
        assert!(close(results[0][at], quantile(&mut x.clone(), q)));
        for column in [0, 1, 998, 999] {
            let mut values = (0..699).map(|row| x[row * 1000 + column]).collect();
            assert!(close(results[1][column * 5 + at], quantile(&mut values, q)));
        }
    }
}

#[test]
fn elements_are_counted_and_searched_between_edges() {
    let results = check(6 << 20, &|b| {
        let x = random(b, &[LINE])?;
        let edges = b.iota(Extent::Known(11))?;
        let edges = b.cast(edges, DType::F64)?;
        let tenth = b.constant(Scalar::f64(0.1));
        let edges = b.map(ScalarOp::Mul, &[edges, tenth])?;
        let counts = b.routine(Routine::Histogram { weighted: false, axes: 1 }, &[x, edges])?[0];
        let sums = b.routine(Routine::Histogram { weighted: true, axes: 1 }, &[x, x, edges])?[0];
        let places = b.routine(Routine::Search { side: Side::Right }, &[x, edges])?[0];
        let places = b.reduce(ReduceOp::Fold(ScalarOp::Add), places, &[0])?;
        Ok(vec![edges, counts, sums, places])
    });
    let x = check(1 << 30, &|b| Ok(vec![random(b, &[LINE])?])).remove(0);
    let edges = &results[0];
    let bin = |x: f64| edges.partition_point(|edge| *edge <= x);
    for (at, (count, sum)) in results[1].iter().zip(&results[2]).enumerate() {
        let own: Vec<f64> = x.iter().copied().filter(|x| bin(*x) == at + 1).collect();
        assert_eq!(*count, own.len() as f64);
        assert!((sum - own.iter().sum::<f64>()).abs() < 1e-6);
    }
    assert_eq!(results[3][0], x.iter().map(|x| bin(*x) as f64).sum::<f64>());
}

#[test]
fn arrays_go_on_beyond_their_ends() {
    let (rows, columns) = (300usize, 700usize);
    for edge in [Edge::Nearest, Edge::Wrap, Edge::Reflect, Edge::Symmetric, Edge::Constant] {
        let fill = Scalar::f64(2.0);
        let results = check(14 << 20, &|b| {
            let x = random(b, &[rows as u64, columns as u64])?;
            // Steps that read three up and two left, with sums of the last.
            let mut now = x;
            for _ in 0..5 {
                let padded = b.pad(now, &[3, 2], &[0, 1], edge, fill)?;
                let [zero, three, rows, columns] = [0, 3, rows, columns].map(|at| b.constant(Scalar::i64(at as i64)));
                let range = |lo, hi| SliceArg::Range { lo: Some(lo), hi: Some(hi), step: 1 };
                let corner = b.slice(padded, &[range(zero, rows), range(zero, columns)])?;
                let right = b.slice(padded, &[range(three, three), range(three, three)])?;
                assert_eq!(b.ty(right).shape(), Some(vec![0, 0]));
                let right = b.slice(
                    padded,
                    &[SliceArg::Range { lo: Some(three), hi: None, step: 1 }, SliceArg::Range { lo: Some(three), hi: None, step: 1 }],
                )?;
                let sum = b.map(ScalarOp::Add, &[corner, right])?;
                let half = b.constant(Scalar::f64(0.5));
                let part = b.map(ScalarOp::Mul, &[sum, half])?;
                now = b.map(ScalarOp::Sub, &[part, now])?;
            }
            let total = b.reduce(ReduceOp::Fold(ScalarOp::Add), now, &[0, 1])?;
            let place = b.reduce(ReduceOp::Arg { largest: true, skip_nan: false }, now, &[1])?;
            Ok(vec![x, now, total, place])
        });
        let mut now = results[0].clone();
        for _ in 0..5 {
            let at = |i: i64, j: i64| match (edge.fold(i, rows as u64), edge.fold(j, columns as u64)) {
                (Some(i), Some(j)) => now[i as usize * columns + j as usize],
                _ => 2.0,
            };
            let next = |place: usize| {
                let (i, j) = ((place / columns) as i64, (place % columns) as i64);
                0.5 * (at(i - 3, j - 2) + at(i, j + 1)) - at(i, j)
            };
            now = (0..rows * columns).map(next).collect();
        }
        assert_eq!(results[1], now, "{edge:?}");
        let total: f64 = now.iter().sum();
        assert!((results[2][0] - total).abs() < 1e-9 * now.len() as f64);
        for (row, place) in now.chunks(columns).zip(&results[3]) {
            assert_eq!(row[*place as usize], row.iter().copied().fold(f64::MIN, f64::max));
        }
    }
}

#[test]
fn steps_are_taken_several_a_block() {
    let mut graph = Graph::default();
    let mut force = Force;
    let mut b = GraphBuild::new(&mut graph, &mut force, false);
    let mut now = random(&mut b, &[2000, 2000]).unwrap();
    for _ in 0..20 {
        let padded = b.pad(now, &[1, 0], &[0, 0], Edge::Nearest, Scalar::f64(0.0)).unwrap();
        let end = b.constant(Scalar::i64(2000));
        let above = b.slice(padded, &[SliceArg::Range { lo: None, hi: Some(end), step: 1 }]).unwrap();
        now = b.map(ScalarOp::Maximum, &[above, now]).unwrap();
    }
    let limits = Limits { memory: 1 << 30, threads: 2, checked: false };
    let wants = [Want { node: NodeId(now.0), sink: None, span: Span::default() }];
    let plan = plan(&mut graph, &wants, &limits).unwrap();
    // Random numbers with seven steps, then eight, then five; two arrays at a time.
    assert_eq!(plan.stages.len(), 3);
    assert!(plan.forecast.peak < 2 * 2000 * 2000 * 8 + (8 << 20), "{}", plan.forecast.peak);
}

#[test]
fn long_chains_are_cut() {
    let results = check(4 << 20, &|b| {
        let n = b.iota(Extent::Known(1000))?;
        let mut x = b.cast(n, DType::F64)?;
        let third = b.constant(Scalar::f64(1.0 / 3.0));
        for _ in 0..60 {
            let one = b.constant(Scalar::i64(1));
            let last = b.constant(Scalar::i64(999));
            let zero = b.constant(Scalar::i64(0));
            let left = b.slice(x, &[SliceArg::Range { lo: Some(zero), hi: Some(last), step: 1 }])?;
            let right = b.slice(x, &[SliceArg::Range { lo: Some(one), hi: None, step: 1 }])?;
            let sum = b.map(ScalarOp::Add, &[left, right])?;
            let part = b.map(ScalarOp::Mul, &[sum, third])?;
            let end = b.slice(x, &[SliceArg::Range { lo: Some(last), hi: None, step: 1 }])?;
            x = b.concat(&[part, end], 0)?;
        }
        for _ in 0..500 {
            x = b.map(ScalarOp::Add, &[x, third])?;
        }
        Ok(vec![x])
    });
    assert_eq!(results[0].len(), 1000);
}

#[test]
fn refuses_what_does_not_fit() {
    let mut graph = Graph::default();
    let mut force = Force;
    let mut b = GraphBuild::new(&mut graph, &mut force, false);
    let x = random(&mut b, &[1000, 1000]).unwrap();
    let limits = Limits { memory: 4 << 20, threads: 2, checked: false };
    let wants = [Want { node: NodeId(x.0), sink: None, span: Span::default() }];
    assert_eq!(plan(&mut graph, &wants, &limits).unwrap_err().code, Code::Memory);
    assert_eq!(graph.node(NodeId(x.0)).ty, ArrayTy::unnamed(DType::F64, &[1000, 1000]));
}

#[test]
fn transforms_of_lines() {
    use crate::types::fourier::{Fourier, Kind, Scale};
    for (n, lines) in [(1u64, 5u64), (64, 300), (1000, 40), (1009, 33), (30030, 3), (65536, 2)] {
        let results = check(24 << 20, &|b| {
            let x = random(b, &[n, lines])?;
            let x = b.transpose(x, &[1, 0])?;
            let size = crate::array::Size::Known(n);
            let there = Routine::Fourier(Fourier { kind: Kind::FromReal, size, scale: Scale::One });
            let back = Routine::Fourier(Fourier { kind: Kind::ToReal, size, scale: Scale::Whole });
            let complex = b.cast(x, DType::C128)?;
            let whole = b.routine(Routine::Fourier(Fourier { kind: Kind::Forward, size, scale: Scale::Root }), &[complex])?[0];
            let half = b.routine(there, &[x])?[0];
            let again = b.routine(back, &[half])?[0];
            Ok(vec![x, again, whole])
        });
        for (a, b) in results[0].iter().zip(&results[1]) {
            assert!((a - b).abs() < 1e-12, "{n}: {a} {b}");
        }
    }
}

#[test]
fn matrices_within_their_forecast() {
    // The product of the factors is the matrix, by blocks and whole.
    for (rows, columns) in [(3u64, 3u64), (7, 40), (200, 200), (40_000, 5), (100_003, 3)] {
        let results = check(40 << 20, &|b| {
            let x = random(b, &[rows, columns])?;
            let [q, r] = crate::builtins::matrices::qr(b, x)?;
            let [u, s, vt] = crate::builtins::matrices::svd(b, x)?;
            let product = b.matmul(q, r)?;
            let scaled = b.map(ScalarOp::Mul, &[u, s])?;
            let other = b.matmul(scaled, vt)?;
            let turned = b.transpose(q, &[1, 0])?;
            let unit = b.matmul(turned, q)?;
            Ok(vec![x, product, other, unit])
        });
        for ((a, b), c) in results[0].iter().zip(&results[1]).zip(&results[2]) {
            assert!((a - b).abs() < 1e-11 && (a - c).abs() < 1e-11, "{rows}×{columns}: {a} {b} {c}");
        }
        let k = rows.min(columns) as usize;
        for (at, value) in results[3].iter().enumerate() {
            let want = if at / k == at % k { 1.0 } else { 0.0 };
            assert!((value - want).abs() < 1e-12, "{rows}×{columns}: {value}");
        }
    }
}

#[test]
fn repeated_operands_are_read_in_place() {
    let results = check(8 << 20, &|b| {
        let x = random(b, &[5, 4, 6])?;
        let y = random(b, &[6, 3])?;
        let repeated = b.broadcast(y, &[Extent::Known(5), Extent::Known(6), Extent::Known(3)])?;
        let one = b.constant(Scalar::f64(2.0));
        let same = b.broadcast(one, &[Extent::Known(5), Extent::Known(3), Extent::Known(2)])?;
        let product = b.routine(Routine::Matrix(Matrix::Product), &[x, repeated])?[0];
        let twice = b.routine(Routine::Matrix(Matrix::Product), &[product, same])?[0];
        Ok(vec![x, y, product, twice])
    });
    for (at, value) in results[2].iter().enumerate() {
        let (core, row, column) = (at / 12, at / 3 % 4, at % 3);
        let sum: f64 = (0..6).map(|k| results[0][core * 24 + row * 6 + k] * results[1][k * 3 + column]).sum();
        assert!(close(*value, sum));
    }
    for (at, value) in results[3].iter().enumerate() {
        let row = at / 2 * 3;
        assert!(close(*value, 2.0 * results[2][row..row + 3].iter().sum::<f64>()));
    }
}
