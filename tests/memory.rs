//! What a session keeps in memory: arrays that nothing has a way to any more are let go of, so that loops and long sessions go on for ever.

use kiln::base::Limits;
use kiln::session::{Options, Session};

/// A function that is compiled whole, for it carries a value from element to element.
const SMOOTH: &str = "fn smooth(x) {\n    out = zeros(x.size)\n    for i in 1..x.size { out[i] = 0.5 * out[i - 1] + x[i] }\n    out\n}\n";

/// Memory for so many arrays of 500,000 numbers.
fn session(arrays: u64) -> Session {
    Session::new(Options { limits: Limits { memory: arrays * 4_100_000, threads: 2, checked: false }, ..Options::default() })
}

fn run(session: &mut Session, text: &str) -> Vec<String> {
    let mut printed: Vec<String> = Vec::new();
    session.run("test", text, &mut printed).unwrap_or_else(|failed| panic!("{text}: {failed}"));
    printed
}

#[test]
fn a_loop_keeps_what_its_variables_hold() {
    let mut session = session(6);
    run(&mut session, SMOOTH);
    // In a `for` loop and in a `while` loop.
    run(&mut session, "x = ones(500_000)\nfor _ in 0..40 { x = smooth(x) / 2 }\nassert abs(x[400_000] - 1) < 1e-9");
    run(&mut session, "k = 0\nwhile k < 40 {\n    x = smooth(x) / 2\n    k = k + 1\n}\nassert abs(x[400_000] - 1) < 1e-9");
    assert_eq!(run(&mut session, "print(x.size, x[400_000] > 0.5)"), ["500000 true"]);
}

#[test]
fn what_is_printed_or_saved_later_stays() {
    let mut session = session(6);
    run(&mut session, SMOOTH);
    let printed = run(&mut session, "for k in 0..3 { print(smooth(ones(500_000) * k)[499_999]) }");
    assert_eq!(printed, ["0.0", "2.0", "4.0"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    let text = format!(
        "fn keep(x) {{\n    save(\"{}\", smooth(x))\n    for _ in 0..20 {{ x = smooth(x) }}\n    x.size\n}}\nprint(keep(ones(500_000)))",
        path.display()
    );
    assert_eq!(run(&mut session, &text), ["500000"]);
    assert_eq!(run(&mut session, &format!("print(open(\"{}\")[499_999])", path.display())), ["2.0"]);
}

#[test]
fn a_session_forgets_what_it_does_not_name() {
    let mut session = session(6);
    for turn in 0..40 {
        run(&mut session, &format!("x = compute(arange(500_000) + {turn})"));
        assert_eq!(run(&mut session, "print(x[0], x[..3])"), [format!("{turn} [{turn}, {}, {}]", turn + 1, turn + 2)]);
    }
    // Small results of large arrays do not hold on to those.
    for turn in 0..40 {
        run(&mut session, &format!("y = (arange(500_000) * {turn}).cumsum()\nprint(y[1], y[0..3])"));
    }
}

#[test]
fn a_turned_array_that_is_read_in_another_shape_is_in_the_forecast() {
    let mut session = session(5);
    run(&mut session, "x = compute(arange(1_000_000).reshape(1000, 1000) * 1.0)");
    // The array and its copy fit, the result beside them does not.
    assert_eq!(run(&mut session, "y = compute(x.T)\nprint(y.reshape(1_000_000)[1])"), ["1000.0"]);
    let failed = session.run("test", "z = compute(y.reshape(1_000_000).cumsum())", &mut ()).unwrap_err();
    assert!(failed.to_string().contains("K0701") && failed.to_string().contains("this needs"), "{failed}");
}
