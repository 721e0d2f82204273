//! Small costs inside Kiln: a text to machine code, a line to its answer, a task, a vector routine. `cargo bench --bench micro`.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use kiln::array::DType;
use kiln::base::{Cancel, Limits, Outcome, Span};
use kiln::builtins::build::{Build, Extent, ReduceOp};
use kiln::codegen::Jit;
use kiln::exec::{Memory, Observer, Runtime};
use kiln::graph::{Graph, GraphBuild, MemoryId, NodeId, Values};
use kiln::ops::ScalarOp;
use kiln::plan::ir::Work;
use kiln::plan::{Plan, Want, plan};
use kiln::session::{Options, Session};
use kiln::vmath::Math;
use std::sync::Arc;

fn main() {
    divan::main();
}

const MANDELBROT: &str = "fn escape(re, im, limit) {
    zr = 0.0
    zi = 0.0
    for step in 0..limit {
        if zr * zr + zi * zi > 4.0 { return step }
        zr, zi = (zr * zr - zi * zi + re, 2.0 * zr * zi + im)
    }
    limit
}
n = escape(0.1, 0.2, 200)
";

/// A loop function from its text to its first answer: parsed, typed, compiled, called.
#[divan::bench]
fn text_to_machine_code(bencher: Bencher) {
    bencher
        .with_inputs(|| Session::new(Options::default()))
        .bench_local_values(|mut session| session.run("bench", MANDELBROT, &mut ()).is_ok());
}

/// A line of an interactive session, and its answer.
#[divan::bench(args = ["1 + 1", "x * 2", "x.mean()", "escape(0.3, 0.1, 50)"])]
fn line_to_answer(bencher: Bencher, line: &str) {
    let mut session = Session::new(Options::default());
    let before = format!("{MANDELBROT}x = compute(arange(1000.0))");
    assert!(session.run("bench", &before, &mut ()).is_ok());
    bencher.bench_local(|| session.interact("line", line, &mut Vec::new()).is_ok());
}

/// A million tasks: each makes one element and joins it into a sum, as soon as the ones it is joined with are there.
#[divan::bench(args = [1, 2], sample_count = 5, sample_size = 1)]
fn tasks(bencher: Bencher, threads: usize) {
    const COUNT: u64 = 1_000_000;
    let limits = Limits { memory: 1 << 30, threads, checked: false };
    let (graph, plan) = match trivial(COUNT, &limits) {
        Ok(planned) => planned,
        Err(error) => panic!("{}", error.message),
    };
    let runtime = Runtime::new(limits, Arc::new(Jit { threads }), Cancel::new());
    bencher.counter(ItemsCount::new(COUNT)).bench(|| assert!(runtime.run(&graph, &plan, &Memory::default(), &[], &Quiet).is_ok()));
}

/// The sum of some integers, planned with one element a block.
fn trivial(count: u64, limits: &Limits) -> Outcome<(Graph, Plan)> {
    let mut graph = Graph::default();
    let mut none = NoValues;
    let mut build = GraphBuild::new(&mut graph, &mut none, false);
    let index = build.iota(Extent::Known(count))?;
    let value = build.cast(index, DType::F64)?;
    let sum = build.reduce(ReduceOp::Fold(ScalarOp::Add), value, &[0])?;
    let want = Want { node: NodeId(sum.0), sink: None, span: Span::default() };
    let mut plan = plan(&mut graph, &[want], limits)?;
    for stage in &mut plan.stages {
        if let Work::Fused(fused) = &mut stage.work
            && fused.domain == [count]
        {
            (fused.block, stage.parallel) = (vec![1], limits.threads);
        }
    }
    Ok((graph, plan))
}

struct NoValues;
impl Values for NoValues {
    fn scalar(&mut self, _: &mut Graph, _: NodeId) -> Outcome<kiln::array::Scalar> {
        unreachable!("nothing here depends on a value")
    }
    fn hold(&mut self, _: &kiln::array::Array) -> MemoryId {
        MemoryId { number: 0, dense: true }
    }
}

struct Quiet;
impl Observer for Quiet {
    fn progress(&self, _: u64, _: u64) {}
}

/// Vector routines over a strip in the first cache.
#[divan::bench(args = [Math::Exp, Math::Log, Math::Sin, Math::Tanh, Math::Erf, Math::Lgamma])]
fn routine(bencher: Bencher, math: Math) {
    let x: Vec<f64> = (1..=1024).map(|i| f64::from(i) * 0.01).collect();
    let mut out = vec![0.0; x.len()];
    bencher.counter(BytesCount::of_slice(&x)).bench_local(|| kiln::vmath::map1_f64(math, black_box(&x), &mut out));
}
