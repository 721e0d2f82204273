//! Functions and arrays of the program that embeds Kiln.

use kiln::array::{Array, ArrayTy, DType};
use kiln::session::{Options, Session};

/// A session with `half(x)`, for vectors of f64.
fn session() -> Session {
    let mut session = Session::new(Options::default());
    let rule = |types: &[ArrayTy]| match types {
        [ty] if ty.dtype == DType::F64 && ty.rank() == 1 => Ok(ty.clone()),
        _ => Err("it takes one vector of f64".to_string()),
    };
    session.register("half", rule, |args| {
        let values: Vec<f64> = args[0].scalars().iter().map(|value| value.as_f64() / 2.0).collect();
        if values.contains(&4.0) { Err("it does not like 8".into()) } else { Ok(Array::from_vec(values)) }
    });
    session
}

/// What a text prints, or the error.
fn run(text: &str) -> Result<String, String> {
    let mut printed: Vec<String> = Vec::new();
    match session().run("text", text, &mut printed) {
        Ok(_) => Ok(printed.join("\n")),
        Err(failed) => Err(failed.to_string()),
    }
}

#[test]
fn functions_of_the_host_are_called() {
    assert_eq!(run("print(half([1.0, 3.0]) + 1)").unwrap(), "[1.5, 2.5]");
    assert_eq!(run("fn f(x) { y = half(x); y.sum() }\nprint([2.0, 4.0].half(), f([2.0, 4.0]))").unwrap(), "[1.0, 2.0] 3.0");
    assert_eq!(run("print(half([1, 2]))").unwrap_err(), "K0301: `half`: it takes one vector of f64");
    assert_eq!(run("print(half(\"text\"))").unwrap_err(), "K0301: `half` takes numbers and arrays, found str");
    assert_eq!(run("print(half([8.0]))").unwrap_err(), "K0507: `half`: it does not like 8");
    assert_eq!(run("g = half").unwrap_err(), "K0301: `half` is a function of the host, which is called and not passed on");
}

#[test]
fn vectors_are_bound_without_a_copy() {
    let mut session = Session::new(Options::default());
    let samples: Vec<f32> = (0..1000).map(|i| i as f32).collect();
    let address = samples.as_ptr() as usize;
    let array = Array::from_vec(samples);
    assert_eq!(array.buffer().as_ptr() as usize, address);
    session.bind("x", array);
    session.run("text", "s = x[1..].sum()", &mut ()).unwrap();
    assert_eq!(session.value("s").unwrap().as_f64(), Some(499500.0));
}
