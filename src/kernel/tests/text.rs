//! The text form round trip, serde, and what the verifier refuses.

use crate::kernel::ir::Module;
use crate::kernel::parse::parse;
use crate::kernel::verify::verify;

const ALL_FORMS: &str = "\
checked
kernel f(x: f64[2], n: i64, k: u8) -> f64, f64[1] {
    var i: i64
    var s: f64
    var z: c128
    var b: bool
    array t: f64[1]
    array r: f64[2]
    s = 1.5e-7
    s = -inf
    z = c128(1.0, -0.0)
    b = (if (n > 3) then true else isnan(s))
    z = complex(s, f64(k))
    k = ((k << 2u8) + 255u8)
    s = select(b, f64(2.0f32), atan2(s, sqrt(x[n, (n - 1)]?)))
    for i in 0..len(x, 1) by 2 {
        if b {
            break
        } else {
            continue
        }
    }
    for i in n..0 by -1 par {
        x[0, i] = s
    }
    for i in 0..n vector(s: maximum) {
        s = maximum(s, x[0, i])
    }
    while (n != 0) {
        n = (n // 2)
    }
    t = alloc(n)
    r = view x[0, .., new]?
    t = view r[1, n..(n + 3) by 2]
    rebind x, r = r, x
    s, t = call g(n, x)
    parfor 0..n grain 100 call part(x) reduce(s: add)
    if b {
        fail Shape(n, 2, 0)
    }
    return s, t
}

kernel g(n: i64, x: f64[2]) -> f64, f64[1] {
    array t: f64[1]
    return 0.0, t
}

kernel part(lo: i64, hi: i64, x: f64[2]) -> f64 {
    call h()
    return -0.0
}

kernel h() {
    return
}
";

#[test]
fn text_and_serde_round_trip() {
    let module = parse(ALL_FORMS).unwrap();
    verify(&module).unwrap();
    assert_eq!(module.to_string(), ALL_FORMS);
    let json = serde_json::to_string(&module).unwrap();
    assert_eq!(serde_json::from_str::<Module>(&json).unwrap(), module);
}

#[test]
fn errors_of_the_text_form_have_places() {
    for (text, message) in [
        ("kernel f() { x = 1 }", "no array `x`"),
        ("kernel f(a: f99) { }", "`f99` is no dtype"),
        ("kernel f(a: f64) { a = (a ? a) }", "no operation `?`"),
        ("kernel f( {", "`:` expected"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.message.contains(message), "{text}: {}", error.message);
    }
}

#[test]
fn the_verifier_refuses() {
    let cases = [
        ("kernel f(a: f64) -> f64 { a = 1 return a }", "i64 where f64 is expected"),
        ("kernel f(a: f64) -> f64 { }", "its end can be reached without results"),
        ("kernel f(a: f64) -> f64 { return a, a }", "2 values for 1 of results"),
        ("kernel f(i: i64) { for i in 0..3 { i = 2 } }", "loop variable `i` is set"),
        ("kernel f() -> i64 { var i: i64 for i in 0..3 { } return i }", "loop variable `i` is read outside its loop"),
        ("kernel f() { var i: i64 for i in 0..3 { for i in 0..2 { } } }", "a loop in a loop over the same variable"),
        ("kernel f() { break }", "a jump outside a loop"),
        ("kernel f(x: f64[1]) { x[0, 1] = 1.0 }", "2 indices for `x`"),
        ("kernel f(x: f64[1]) { x[0] = f64(len(x, 1)) }", "`x` has no axis 1"),
        ("kernel f(a: f64) { a = (a & a) }", "no and of f64"),
        ("kernel f(x: f64[1], y: f64[2]) { rebind x = y }", "`x` bound to `y`"),
        ("kernel f(x: f64[1]) { x = view x[0]? }", "view of `x`"),
        ("kernel f(a: i64) { a = call g() } kernel g() -> f64 { return 1.0 }", "results of `g`"),
        ("kernel f(a: i64) { parfor 0..3 grain 1 call g() } kernel g() { }", "`g` takes no bounds of a chunk"),
        ("kernel f(x: f64[1]) { var i: i64 for i in 0..3 vector() { x[i]? = 1.0 } }", "a vector loop is not straight-line"),
        ("kernel f(x: f64[1]) { var i: i64 for i in 0..3 vector() { x[i] = x[i]? } }", "a vector loop can fail"),
        ("kernel f(x: i64[1]) { var i: i64 for i in 0..3 vector() { x[i] = (1 // i) } }", "a vector loop can fail"),
        ("kernel f(x: i64[1]) -> i64 { var i: i64 var t: i64 for i in 0..3 vector() { t = x[i] } return t }", "used after it"),
        ("kernel f(x: i64[1]) { var i: i64 var t: i64 for i in 0..3 vector() { x[i] = t t = i } }", "before it is set"),
        ("kernel f(s: f64) { var i: i64 for i in 0..3 vector(s: add) { s = (s * 2.0) } }", "used beside its reduction"),
        ("kernel f(s: f64) { var i: i64 for i in 0..3 vector(s: sub) { s = (s - 2.0) } }", "no reduction by sub"),
    ];
    for (text, want) in cases {
        let message = verify(&parse(text).unwrap()).unwrap_err().message;
        assert!(message.contains(want), "{text}\n{message}");
    }
}
