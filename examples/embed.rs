//! Kiln inside another program: an array goes in without a copy, so does a function; a text runs, typed values come out; a second session
//! runs in another thread.

use kiln::array::{Array, ArrayTy, DType};
use kiln::session::{Failed, HostValue, Options, Session};

fn main() -> Result<(), Failed> {
    let mut session = Session::new(Options::default());
    let samples: Vec<f64> = (0..1000).map(|i| (f64::from(i) / 100.0).sin()).collect();
    session.bind("samples", Array::from_vec(samples));

    // A function of this program for texts: the type of what it gives, and what it gives.
    let rule = |types: &[ArrayTy]| match types {
        [ty] if ty.rank() == 1 && ty.dtype == DType::F64 => Ok(ty.clone()),
        _ => Err("it takes one vector of f64".to_string()),
    };
    session.register("backwards", rule, |args| {
        let values: Vec<f64> = args[0].scalars().iter().rev().map(|value| value.as_f64()).collect();
        Ok(Array::from_vec(values))
    });

    let mut printed: Vec<String> = Vec::new();
    session.run(
        "embedded",
        "fn energy(x) {\n    e = 0.0\n    for v in x { e += v * v }\n    e\n}\ntotal = energy(samples)\nprint(\"energy {total:.6}\")\nprint(backwards(samples[0..3]))",
        &mut printed,
    )?;
    println!("{}", printed.join("\n"));
    let total = session.value("total")?;
    println!("as a number: {:?}", total.as_f64());

    let other = std::thread::spawn(|| -> Result<HostValue, Failed> {
        let mut session = Session::new(Options::default());
        session.run("thread", "y = (arange(10) ** 2).sum()", &mut ())?;
        session.value("y")
    });
    if let Ok(value) = other.join() {
        println!("from another thread: {:?}", value?.as_i64());
    }

    if let Err(failed) = session.run("embedded", "print(smaples)", &mut ()) {
        println!("an error is a value: {failed}");
    }
    Ok(())
}
