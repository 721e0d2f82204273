//! Kiln beside NumPy: the files in `tests/goldens/`, which the scripts there write, hold expressions with NumPy's dtypes, shapes and values.
//! Integers, bools and what only moves elements agree exactly, functions to 4 units in the last place, sums to 1e-12.

use kiln::array::{Array, DType, Scalar};
use kiln::session::{Failed, HostValue, Options, Session};

/// The distance in representable numbers of the dtype; zero between NaNs and between zeros.
fn ulps(dtype: DType, a: f64, b: f64) -> u64 {
    if a == b || (a.is_nan() && b.is_nan()) {
        return 0;
    }
    if dtype == DType::F32 || dtype == DType::C64 {
        let order = |x: f32| if x.to_bits() >> 31 == 1 { -((x.to_bits() & 0x7fff_ffff) as i64) } else { x.to_bits() as i64 };
        return order(a as f32).abs_diff(order(b as f32));
    }
    let order = |x: f64| if x.to_bits() >> 63 == 1 { -((x.to_bits() & (u64::MAX >> 1)) as i64) } else { x.to_bits() as i64 };
    if a.is_nan() || b.is_nan() { u64::MAX } else { order(a).abs_diff(order(b)) }
}

fn near(dtype: DType, got: f64, want: f64, tolerance: &str) -> bool {
    let same = got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan());
    match tolerance {
        "exact" => same,
        "4ulp" => ulps(dtype, got, want) <= 4,
        _ => same || got == want || (got - want).abs() <= 1e-12 * want.abs().max(1e-3),
    }
}

fn numbers(array: &Array) -> Vec<f64> {
    let parts = |value: Scalar| if array.dtype().is_complex() { vec![value.as_f64(), value.imag()] } else { vec![value.as_f64()] };
    array.scalars().into_iter().flat_map(parts).collect()
}

/// What is wrong with a result, if anything is.
fn fault(array: &Array, dtype: &str, shape: &str, values: &str, tolerance: &str) -> Option<String> {
    if array.dtype().name() != dtype {
        return Some(format!("dtype {} instead of {dtype}", array.dtype()));
    }
    let got: Vec<String> = array.shape().iter().map(u64::to_string).collect();
    if got.join(" ") != shape.trim() {
        return Some(format!("shape ({}) instead of ({shape})", got.join(" ")));
    }
    if array.dtype().is_float() || array.dtype().is_complex() {
        let want: Vec<f64> = values.split_whitespace().map(|text| text.parse().expect("a number")).collect();
        let got = numbers(array);
        let agree = got.len() == want.len() && got.iter().zip(&want).all(|(got, want)| near(array.dtype(), *got, *want, tolerance));
        return (!agree).then(|| format!("{got:?}\n  instead of {want:?}"));
    }
    let got: Vec<String> = array
        .scalars()
        .iter()
        .map(
            |value| {
                if array.dtype() == DType::Bool { format!("{:?}", value.as_bool().unwrap()) } else { value.as_int().unwrap().to_string() }
            },
        )
        .collect();
    (got.join(" ") != values.trim()).then(|| format!("{}\n  instead of {values}", got.join(" ")))
}

/// Expressions computed in one program; one by one where one of them fails.
const TOGETHER: usize = 25;

fn value(session: &mut Session, expression: &str) -> Result<HostValue, Failed> {
    session.run("case", &format!("result = {expression}"), &mut ()).and_then(|_| session.value("result"))
}

#[test]
fn expressions_give_what_numpy_gives() {
    check("arrays.txt");
}

#[test]
fn functions_give_what_numpys_give() {
    check("functions.txt");
}

/// Programs that `tests/oracle` made, with NumPy's results (see `sample.py` there). Whether compiled code gives the same, `tests/arrays` tells.
#[test]
fn programs_give_what_numpy_gives() {
    let text = std::fs::read_to_string(format!("{}/tests/goldens/programs.txt", env!("CARGO_MANIFEST_DIR"))).expect("the goldens");
    let mut session = Session::new(Options { interpret: true, ..Options::default() });
    let mut wrong = Vec::new();
    for program in text.split("\n\n") {
        let failed = session.run("program", program, &mut ()).err();
        wrong.extend(failed.map(|failed| format!("{program}\n{failed}")));
        for result in program.lines().filter_map(|line| line.strip_prefix("#> ")) {
            let parts: Vec<&str> = result.split(" ; ").collect();
            let [name, dtype, shape, values, tolerance] = parts[..] else { panic!("not a result: {result}") };
            let fault = match session.value(name) {
                Ok(HostValue::Array(array)) => fault(&array, dtype, shape, values, tolerance),
                Ok(other) => Some(format!("{other:?}")),
                Err(failed) => Some(failed.to_string()),
            };
            wrong.extend(fault.map(|fault| format!("{program}\n{name}: {fault}")));
        }
    }
    assert!(wrong.is_empty(), "{} results differ from NumPy\n{}", wrong.len(), wrong.join("\n\n"));
}

fn check(file: &str) {
    let text = std::fs::read_to_string(format!("{}/tests/goldens/{file}", env!("CARGO_MANIFEST_DIR"))).expect("the goldens");
    let (variables, cases) = text.split_once("\n\n").expect("variables and cases");
    let mut session = Session::new(Options::default());
    session.run("variables", variables, &mut ()).expect("the variables");
    let mut wrong = Vec::new();
    let cases: Vec<&str> = cases.lines().collect();
    for some in cases.chunks(TOGETHER) {
        let together: Vec<&str> = some.iter().filter_map(|case| case.split(" ; ").next()).collect();
        let results = value(&mut session, &format!("({},)", together.join(", ")));
        for (at, case) in some.iter().enumerate() {
            let parts: Vec<&str> = case.split(" ; ").collect();
            let [expression, dtype, shape, values, tolerance] = parts[..] else { panic!("not a case: {case}") };
            let result = match &results {
                Ok(HostValue::Tuple(values)) => Ok(values[at].clone()),
                _ => value(&mut session, expression),
            };
            let fault = match result {
                Ok(HostValue::Array(array)) => fault(&array, dtype, shape, values, tolerance),
                Ok(other) => Some(format!("{other:?}")),
                Err(failed) => Some(failed.to_string()),
            };
            wrong.extend(fault.map(|fault| format!("{expression}: {fault}")));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ from NumPy\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
