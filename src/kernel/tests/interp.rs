//! The interpreter on small kernels, by hand-written expectations.

use crate::array::{DType, Scalar};
use crate::kernel::Interpreter;
use crate::kernel::abi::Fault;
use crate::kernel::ir::FaultKind;
use crate::kernel::parse::parse;
use crate::kernel::testing::{Data, TestHost, run, run_on};

fn results(text: &str, data: &[Data]) -> Vec<Data> {
    run(&Interpreter, &parse(text).unwrap(), data).results.unwrap()
}

fn fault(text: &str, data: &[Data]) -> (FaultKind, String, Vec<i64>) {
    let Fault { kind, span, values } = run(&Interpreter, &parse(text).unwrap(), data).results.unwrap_err();
    (kind, text.get(span.start as usize..span.end as usize).unwrap_or("").into(), values)
}

#[test]
fn loops_branches_and_jumps() {
    let text = "kernel f(n: i64) -> i64, i64 {
        var i: i64 var j: i64 var odd: i64 var rounds: i64
        for i in 0..100 {
            if (i >= n) { break }
            if ((i % 2) == 0) { continue }
            odd = (odd + i)
        }
        j = n
        while (j > 0) {
            rounds = (rounds + 1)
            if (j == 3) { j = 0 continue }
            j = (j - 1)
        }
        for i in 10..0 by -3 { rounds = (rounds + (100 * i)) }
        return odd, rounds
    }";
    assert_eq!(results(text, &[Data::i64(8)]), [Data::i64(16), Data::i64(6 + 2200)]);
}

#[test]
fn calls_recurse_to_a_limit() {
    let text = "kernel fib(n: i64) -> i64 {
        var a: i64 var b: i64
        if (n < 2) { return n } else {
            a = call fib((n - 1))
            b = call fib((n - 2))
            return (a + b)
        }
    }";
    assert_eq!(results(text, &[Data::i64(15)]), [Data::i64(610)]);
    let deep = "kernel f(n: i64) -> i64 { var a: i64 a = call f((n + 1)) return a }";
    assert_eq!(fault(deep, &[Data::i64(0)]), (FaultKind::Recursion, "a = call f((n + 1))".into(), vec![]));
}

#[test]
fn arrays_are_bound_viewed_and_swapped() {
    let text = "kernel f(x: f64[2]) -> f64[1], f64[2] {
        array row: f64[1] array a: f64[2] array b: f64[2]
        a = alloc(2, 3)
        b = view x[.., 1..100 by 2]
        row = view x[1, 9223372036854775807..-9223372036854775808 by -1]?
        a[1, 2]? = row[0]?
        b[0, 0]? = 50.0
        rebind a, b = b, a
        return row, b
    }";
    let x = Data::Array { dtype: DType::F64, sizes: vec![2, 3], values: (0..6).map(|v| Scalar::f64(v as f64)).collect() };
    let done = run(&Interpreter, &parse(text).unwrap(), &[x]);
    let f = |values: &[f64]| values.iter().map(|v| Scalar::f64(*v)).collect::<Vec<_>>();
    let matrix = Data::Array { dtype: DType::F64, sizes: vec![2, 3], values: f(&[0.0, 0.0, 0.0, 0.0, 0.0, 5.0]) };
    assert_eq!(done.results, Ok(vec![Data::f64s(&[5.0, 4.0, 3.0]), matrix]));
    assert_eq!(done.arrays, [f(&[0.0, 50.0, 2.0, 3.0, 4.0, 5.0])]);
}

#[test]
fn vector_and_parallel_loops_use_their_trees() {
    // Powers of two that only add up exactly in an order that keeps large ones apart from small ones.
    let text = "kernel f(x: f64[1]) -> f64, f64 {
        var i: i64 var s: f64 var p: f64
        s = 1.0
        for i in 0..len(x, 0) vector(s: add) { s = (s + x[i]) }
        p = 1.0
        parfor 0..len(x, 0) grain 3 call part(x) reduce(p: add)
        return s, p
    }
    kernel part(lo: i64, hi: i64, x: f64[1]) -> f64 {
        var i: i64 var s: f64
        s = -0.0
        for i in lo..hi { s = (s + x[i]) }
        return s
    }";
    let x: Vec<f64> = (0..37).map(|i| (1.0 + i as f64).powi(21)).collect();
    let mut lanes = [-0.0; 16];
    for (i, v) in x.iter().enumerate() {
        lanes[i % 16] += v;
    }
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
    }
    let mut parts: Vec<f64> = x.chunks(3).map(|chunk| chunk.iter().fold(-0.0, |s, v| s + v)).collect();
    crate::kernel::chunks::fold_tree(&mut parts, |a, b| a + b);
    let want = [1.0 + lanes[0], 1.0 + parts[0]].map(|v| Data::Scalar(Scalar::f64(v)));
    assert_eq!(results(text, &[Data::f64s(&x)]), want);
    let none = [1.0, 1.0].map(|v| Data::Scalar(Scalar::f64(v)));
    assert_eq!(results(text, &[Data::f64s(&[])]), none);
}

#[test]
fn faults_have_places_and_values() {
    for (text, want) in [
        ("kernel f(x: f64[1]) -> f64 { return x[3]? }", (FaultKind::Bounds, "x[3]?", vec![0, 3, 2])),
        ("kernel f(x: f64[1]) -> f64 { x[-1]? = 1.0 return 0.0 }", (FaultKind::Bounds, "x[-1]?", vec![0, -1, 2])),
        (
            "kernel f(x: f64[1]) -> i64 { var i: i64 var s: i64 for i in 5..9 { s = (s + (1 // (i - 7))) } return s }",
            (FaultKind::DivideByZero, "(1 // (i - 7))", vec![7]),
        ),
        ("kernel f(x: f64[1]) -> i64 { return (2 ** -1) }", (FaultKind::NegativePower, "(2 ** -1)", vec![])),
        ("kernel f(x: f64[1]) -> i64 { fail Shape(2, 3, 0) }", (FaultKind::Shape, "fail Shape(2, 3, 0)", vec![2, 3, 0])),
        ("kernel f(x: f64[1]) -> f64[1] { array a: f64[1] a = alloc(-1) return a }", (FaultKind::Value, "a = alloc(-1)", vec![-1])),
        (
            "kernel f(x: f64[1]) -> f64[1] { array a: f64[1] a = alloc(100000000) return a }",
            (FaultKind::Memory, "a = alloc(100000000)", vec![800_000_000]),
        ),
        (
            "checked kernel f(x: f64[1]) -> i64 { return (9223372036854775807 + 1) }",
            (FaultKind::Overflow, "(9223372036854775807 + 1)", vec![]),
        ),
        ("checked kernel f(x: f64[1]) -> u8 { return u8(256) }", (FaultKind::Overflow, "u8(256)", vec![])),
    ] {
        assert_eq!(fault(text, &[Data::f64s(&[1.0, 2.0])]), (want.0, want.1.to_string(), want.2), "{text}");
    }
}

#[test]
fn a_run_can_be_stopped() {
    let text = "kernel f() { while true { } }";
    let host = TestHost::default();
    host.cancel.cancel();
    let done = run_on(&Interpreter, &parse(text).unwrap(), &[], &host);
    assert_eq!(done.results.unwrap_err().kind, FaultKind::Cancelled);
}

#[test]
fn arguments_must_fit() {
    let module = parse("kernel f(n: i64) -> i64 { return n }").unwrap();
    assert_eq!(run(&Interpreter, &module, &[]).results.unwrap_err().kind, FaultKind::Value);
    assert_eq!(run(&Interpreter, &module, &[Data::f64s(&[])]).results.unwrap_err().kind, FaultKind::Value);
}
