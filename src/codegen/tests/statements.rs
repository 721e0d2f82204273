//! Every statement, compiled and interpreted: same results, same memory, same faults. And what only compiled code has: a native stack,
//! memory it uses again, a listing.

use crate::array::{Buffer, DType, Scalar};
use crate::base::Cancel;
use crate::codegen::Jit;
use crate::kernel::Interpreter;
use crate::kernel::abi::{Engine, Fault, Host};
use crate::kernel::ir::FaultKind;
use crate::kernel::parse::parse;
use crate::kernel::testing::{Data, Run, TestHost, run, run_on, same_run};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs a kernel in both engines.
fn agree(text: &str, data: &[Data]) -> Run {
    let module = parse(text).unwrap_or_else(|error| panic!("{text}\n{error:?}"));
    let (want, got) = (run(&Interpreter, &module, data), run(&Jit { threads: 2 }, &module, data));
    assert!(same_run(&want, &got), "{text}\nof {data:?}\ninterpreted {want:?}\ncompiled {got:?}");
    got
}

fn matrix(rows: i64, cols: i64) -> Data {
    Data::Array { dtype: DType::F64, sizes: vec![rows, cols], values: (0..rows * cols).map(|v| Scalar::f64(v as f64)).collect() }
}

const FIB: &str = "kernel fib(n: i64) -> i64 {
    var a: i64 var b: i64
    if (n < 2) { return n } else { a = call fib((n - 1)) b = call fib((n - 2)) return (a + b) }
}";

#[test]
fn loops_run_as_often_as_they_should() {
    let bounds =
        [(0, 10), (10, 0), (5, 5), (i64::MAX - 2, i64::MAX), (i64::MIN, i64::MIN + 5), (i64::MIN + 4, i64::MIN), (0, 70_000), (70_000, -3)];
    for step in [1, 3, -1, -2, 1 << 40, i64::MAX, -i64::MAX] {
        let text = format!(
            "kernel f(lo: i64, hi: i64) -> i64, i64 {{
                var i: i64 var count: i64 var sum: i64 var j: i64
                for i in lo..hi by {step} {{ count = (count + 1) sum = ((sum * 3) + i) }}
                for i in lo..hi by {step} {{ if ((i % 7) == 3) {{ break }} for j in 0..1 {{ sum = (sum ^ i) }} }}
                return count, sum
            }}"
        );
        for (lo, hi) in bounds {
            agree(&text, &[Data::i64(lo), Data::i64(hi)]);
        }
    }
}

#[test]
fn loops_without_calls_leave_what_they_read() {
    let text = "kernel f(x: f64[1], n: i64, by: f64, least: f32, stop: bool) -> f64, f64[1], i64, f32 {
        var i: i64 var j: i64 var s: f64 var count: i64 array row: f64[1]
        row = alloc(n)
        for i in 0..n {
            for j in 0..n {
                if (x[j]? > (by * 4.0)) { break }
                row[j]? = ((row[j]? + x[j]?) * by)
                s = (s + row[i]?)
            }
            row = view row[..]
        }
        for i in 0..len(x, 0) {
            if stop { if (i == 2) { break } }
            count = (count + (if (f32(x[i]) > least) then 1 else 0))
            count = (count + i64((x[i] == by)))
            s = (s + (x[i] * by))
        }
        while (count < n) { count = (count + 1) s = (s * by) x[0]? = s }
        return (s * by), row, (count + n), (least + 1.0f32)
    }";
    for (len, n) in [(0, 0), (1, 0), (5, 5), (5, 3), (3, 5), (0, 2), (1, 4)] {
        for stop in [false, true] {
            let floats: Vec<f64> = (0..len).map(|at| 0.5 + f64::from(at)).collect();
            let numbers = [Scalar::f64(1.5), Scalar::f32(2.0), Scalar::bool(stop)];
            let [by, least, stop] = numbers.map(Data::Scalar);
            agree(text, &[Data::f64s(&floats), Data::i64(n), by, least, stop]);
        }
    }
}

#[test]
fn control_flow() {
    let text = "kernel f(n: i64) -> i64, f64, c128, bool {
        var i: i64 var j: i64 var odd: i64 var x: f64 var z: c128 var b: bool
        while true {
            i = (i + 1)
            if (i > n) { break }
            if ((i & 1) == 0) { continue } else { odd = (odd + i) }
            for j in 0..i { if (j == 3) { break } if (j == 1) { continue } odd = (odd + (j * 100)) }
            if (odd > 1000) { return odd, x, z, true }
        }
        x = (if (n > 3) then (1.0 / f64(n)) else f64((7 // (n - 3))))
        z = (if (n > 4) then exp(complex(x, 2.0)) else complex(x, x))
        b = (if (n > 2) then (if (n == 5) then true else ((9 // (n - 4)) == 9)) else false)
        return odd, x, z, b
    }";
    for n in 0..12 {
        agree(text, &[Data::i64(n)]);
    }
}

#[test]
fn calls_pass_and_return_everything() {
    let text = "kernel f(x: f64[2], n: i64) -> f64, f64[1], c64, f64[2] {
        var s: f64 var z: c64 array row: f64[1] array back: f64[2]
        s, z, row, back = call g((n * 2), complex(2.0f32, 3.0f32), x, true, 7u8)
        s, z, row, back = call g((n * 2), z, back, (s > 3.0), 200u8)
        row[0]? = (row[0]? + s)
        return s, row, z, back
    }
    kernel g(n: i64, z: c64, x: f64[2], b: bool, k: u8) -> f64, c64, f64[1], f64[2] {
        array row: f64[1]
        row = view x[(n % 3), ..]?
        z = (z * z)
        return (row[1]? + (if b then f64(k) else 0.5)), z, row, x
    }";
    agree(text, &[matrix(3, 2), Data::i64(1)]);
    agree(text, &[matrix(3, 1), Data::i64(1)]);
    for n in [0, 1, 2, 15] {
        agree(FIB, &[Data::i64(n)]);
    }
}

#[test]
fn arrays_are_bound_viewed_and_swapped() {
    let text = "kernel f(x: f64[2], n: i64) -> f64[1], f64[2], f64[1], f64[1] {
        var i: i64
        array row: f64[1] array a: f64[2] array b: f64[2] array c: f64[1] array d: f64[1] array none: f64[1]
        a = alloc(n, 3)
        for i in 0..n {
            row = view a[i, ..]
            row[1] = f64(i)
            c = view row[..]
            d = c
        }
        b = view x[.., 1..100 by 2]
        row = view x[1, 9223372036854775807..-9223372036854775808 by -1]?
        a[1, 2]? = row[0]?
        b[0, 0]? = 50.0
        rebind x, a, b = x, b, a
        for i in 0..5 { c = alloc(i) rebind d, c = c, d }
        return row, b, d, none
    }"
    .replace("d = c", "rebind d = c");
    for n in 0..4 {
        agree(&text, &[matrix(2, 4), Data::i64(n)]);
    }
}

#[test]
fn views_have_every_kind_of_index() {
    for step in [1, 2, -1, -3, -i64::MAX, i64::MAX] {
        let text = format!(
            "kernel f(x: f64[2], lo: i64, hi: i64) -> f64[4], f64[1] {{
                array v: f64[4] array w: f64[1] array local: f64[2]
                v = view x[new, lo..hi by {step}, new, ..]
                local = alloc(5, 6)
                w = view local[4, lo..hi by {step}]?
                return v, w
            }}"
        );
        for lo in [i64::MIN, -1, 0, 2, 5, i64::MAX] {
            for hi in [i64::MIN, -1, 0, 3, 4, i64::MAX] {
                agree(&text, &[matrix(4, 2), Data::i64(lo), Data::i64(hi)]);
            }
        }
    }
}

#[test]
fn faults_have_places_and_values() {
    for text in [
        "kernel f(n: i64, x: f64[2]) -> f64 { return x[n, 1]? }",
        "kernel f(n: i64, x: f64[2]) -> f64 { x[0, n]? = 1.0 return 0.0 }",
        "kernel f(n: i64, x: f64[2]) -> f64 { x[n, (1 // n)]? = f64((1 // (n - 1))) return 0.0 }",
        "kernel f(n: i64, x: f64[2]) -> i64 {
            var i: i64 var j: i64 var s: i64
            for i in 5..9 { for j in 0..3 { s = (s + (1 // ((i - n) + j))) } }
            return s
        }",
        "kernel f(n: i64, x: f64[2]) -> i64 { return (2 ** n) }",
        "kernel f(n: i64, x: f64[2]) -> i64 { if (n > 1) { fail Shape(n, 2, 0) } return n }",
        "kernel f(n: i64, x: f64[2]) -> i64 { fail Value(n, (n * n), 3) }",
        "kernel f(n: i64, x: f64[2]) -> f64[2] { array a: f64[2] a = alloc(3, n) return a }",
        "kernel f(n: i64, x: f64[2]) -> f64[2] { array a: f64[2] a = alloc(n, 100000000) return a }",
        "kernel f(n: i64, x: f64[2]) -> f64[2] { array a: f64[2] a = alloc((n * 4611686018427387904), 8) return a }",
        "checked kernel f(n: i64, x: f64[2]) -> i64 { return (9223372036854775800 + (n * 4)) }",
        "checked kernel f(n: i64, x: f64[2]) -> u8 { return u8((n * 200)) }",
        "kernel f(n: i64, x: f64[2]) -> i64 { n = call g((n // (n - 1))) return n } kernel g(n: i64) -> i64 { return (5 // (n - 2)) }",
        "kernel f(n: i64, x: f64[2]) -> i64 { n = call f((n // n), x) return n }",
    ] {
        for n in [-2, -1, 0, 1, 2, 3, 6] {
            agree(text, &[Data::i64(n), matrix(2, 2)]);
        }
    }
}

#[test]
fn parallel_loops_fold_their_chunks() {
    let text = "kernel f(x: f64[1], n: i64) -> f64, i64, c128 {
        var s: f64 var most: i64 var z: c128 array local: f64[1]
        local = alloc(len(x, 0))
        s = 0.5
        most = 3
        z = c128(1.0, 0.5)
        parfor n..len(x, 0) grain 3 call part(x, local, 2.0) reduce(s: add, most: maximum, z: mul)
        return (s + local[5]?), most, z
    }
    kernel part(lo: i64, hi: i64, x: f64[1], local: f64[1], by: f64) -> f64, i64, c128 {
        var i: i64 var s: f64 array mine: f64[1]
        s = -0.0
        mine = alloc((hi - lo))
        rebind local = local
        for i in lo..hi {
            s = (s + (by * x[i]?))
            local[i]? = s
            if (x[i]? == 77.0) { fail Assertion(i) }
            x[i]? = -x[i]?
        }
        return s, (lo * (40 - lo)), complex(1.0, (s / 1000.0))
    }";
    let data = |len: usize, at: usize| {
        let mut values: Vec<f64> = (0..len).map(|i| (i % 13) as f64 + 0.1).collect();
        values.iter_mut().skip(at).step_by(9).for_each(|value| *value = 77.0);
        Data::f64s(&values)
    };
    for (len, at, n) in [(100, 1000, 1), (100, 40, 0), (6, 10, 5), (6, 10, 6), (6, 10, 9), (6, 10, -1)] {
        // Which chunks ran before one failed is the host's affair, so memory is not compared then.
        let module = parse(text).unwrap();
        let args = [data(len, at), Data::i64(n)];
        let (want, got) = (run(&Interpreter, &module, &args), run(&Jit { threads: 2 }, &module, &args));
        assert!(want.results.is_err() && want.results == got.results || same_run(&want, &got), "{want:?}\n{got:?}");
    }
}

#[test]
fn recursion_fails_on_any_stack() {
    let deep = "kernel f(n: i64) -> i64 { var a: i64 a = call f((n + 1)) return a }";
    agree(deep, &[Data::i64(0)]);
    let par = "kernel f(lo: i64, hi: i64) { parfor 0..1 grain 1 call f() }";
    agree(par, &[Data::i64(0), Data::i64(0)]);
    let machine = Jit { threads: 2 }.compile(&parse(FIB).unwrap()).unwrap();
    let run = || machine.call(&TestHost::default(), &[crate::kernel::abi::Arg::Scalar(Scalar::i64(1 << 40))]).map(|_| ());
    let result = std::thread::scope(|scope| {
        std::thread::Builder::new().stack_size(400 << 10).spawn_scoped(scope, run).expect("a thread").join().expect("no crash")
    });
    assert_eq!(result.unwrap_err().kind, FaultKind::Recursion);
}

#[test]
fn endless_work_can_be_stopped() {
    for text in [
        "kernel f(n: i64) -> i64 { while true { n = (n + 1) } return n }",
        "kernel f(n: i64) -> i64 { var i: i64 for i in 0..9223372036854775807 { n = (n ^ (i * i)) } return n }",
        "kernel f(n: i64) -> i64 { var i: i64 var j: i64 for i in 0..9223372036854775807 { for j in 0..2 { n = (n ^ (i * j)) } } return n }",
        "kernel f(n: i64) -> i64 { var i: i64 for i in 0..9223372036854775807 vector(n: xor) { n = (n ^ (i * i)) } return n }",
        "kernel f(n: i64) -> i64 { var a: i64 if (n < 90) { a = call f((n + 1)) a = call f((n + 1)) } return a }",
    ] {
        for engine in [&Interpreter as &dyn Engine, &Jit { threads: 2 }] {
            assert_eq!(stopped(engine, text), Some(FaultKind::Cancelled), "{text}");
        }
    }
}

/// How a program ends that is stopped after a while.
fn stopped(engine: &dyn Engine, text: &str) -> Option<FaultKind> {
    let host = TestHost::default();
    let cancel = host.cancel.clone();
    let done = std::thread::scope(|scope| {
        scope.spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(5));
            cancel.cancel();
        });
        run_on(engine, &parse(text).unwrap(), &[Data::i64(1)], &host)
    });
    done.results.err().map(|fault| fault.kind)
}

/// Counts what is asked of it.
#[derive(Default)]
struct Counting {
    cancel: Cancel,
    count: AtomicUsize,
}

impl Host for Counting {
    fn cancel(&self) -> &Cancel {
        &self.cancel
    }
    fn alloc(&self, bytes: usize, _clear: bool) -> Option<Buffer> {
        self.count.fetch_add(1, Ordering::Relaxed);
        Some(Buffer::zeroed(bytes))
    }
    fn parallel(&self, _: usize, _: &(dyn Fn(usize) -> Result<(), Fault> + Sync)) -> Result<(), Fault> {
        Ok(())
    }
}

#[test]
fn small_arrays_in_loops_use_memory_again() {
    let text = "kernel f(n: i64) -> f64[1] {
        var i: i64 array a: f64[1] array b: f64[1] array row: f64[1]
        for i in 0..n {
            rebind b = a
            a = alloc(100)
            row = view a[5..]
            row[0]? = (row[0]? + f64(i))
            a = call g(b)
        }
        return row
    }
    kernel g(b: f64[1]) -> f64[1] { array c: f64[1] c = alloc(50) return c }"
        .replace("[5..]", "[5..1000]");
    let host = Counting::default();
    let done = run_on(&Jit { threads: 2 }, &parse(&text).unwrap(), &[Data::i64(1000)], &host);
    let Ok([Data::Array { values, .. }]) = done.results.as_deref() else { panic!("{done:?}") };
    assert_eq!(values[0], Scalar::f64(999.0));
    assert!(host.count.into_inner() < 10);
}

#[test]
fn listings_name_kernels() {
    let listing = Jit { threads: 2 }.compile(&parse(FIB).unwrap()).unwrap().listing();
    assert!(listing.starts_with("fib:\n") && listing.contains("ret"), "{listing}");
}

#[test]
fn modules_that_break_the_rules_are_refused() {
    assert!(Jit { threads: 2 }.compile(&parse("kernel f(a: f64) -> f64 { a = 1 return a }").unwrap()).is_err());
}
