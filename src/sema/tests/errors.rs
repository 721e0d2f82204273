//! Programs with errors: code, place, message. Several errors of one program are all reported.

use super::{program, session, show_errors, table};
use crate::base::SourceId;

#[test]
fn names() {
    table(&[
        ("print(maen)", "K0201 1:7 nothing is named `maen` here"),
        ("x = foo(1)", "K0201 1:5 nothing is named `foo` here"),
        ("x = zeros(3).maen()", "K0202 1:14 f64[3] has no method `maen`: no function has this name"),
        ("x = zeros(3).mean", "K0202 1:14 f64[3] has no field `mean`"),
        ("r = (dy = 1)\nprint(r.dz)", "K0202 2:9 no field `dz` in (dy = i64)"),
        ("x = 3\nx(1)", "K0301 2:1 `x` is i64, not a function"),
        ("x = zeros", "K0301 1:5 `zeros` is a built-in function, not a value"),
        ("x = random", "K0301 1:5 `random` is a module, not a value"),
        ("x = random.unifrom(3)", "K0202 1:12 no `unifrom` in `random`"),
        ("fn f(x) { x = y + x\n y = 1\n x }\na = f(1)", "K0201 1:15 `y` is used before it is bound"),
        ("t = 1\nfn f(x) { t = t + x\n t }\na = f(1)", "K0201 2:15 `t` is used before it is bound"),
        ("print(a, b)", "K0201 1:7 nothing is named `a` here\nK0201 1:10 nothing is named `b` here"),
        ("x = nope + 1\ny = x * 2\nz = nope2", "K0201 1:5 nothing is named `nope` here\nK0201 3:5 nothing is named `nope2` here"),
    ]);
}

#[test]
fn arguments() {
    table(&[
        ("zeros(3).mean(ovr = 0)", "K0203 1:15 `mean` has no parameter `ovr`"),
        ("print(sqrt())", "K0204 1:7 `sqrt` needs `x`: an array or number"),
        ("print(sqrt(1, 2))", "K0204 1:15 `sqrt` takes 1 argument, found 2"),
        ("fn f(x) = x\na = f()", "K0204 2:5 `f` needs `x`"),
        ("fn f(x) = x\na = f(1, 2)", "K0204 2:10 `f` takes 1 argument, found 2"),
        ("fn f(x) = x\na = f(1, x = 2)", "K0203 2:10 `x` of `f` is given twice"),
        ("fn f(x) = x\na = f(y = 2)", "K0203 2:7 `f` has no parameter `y`"),
        ("fn f(x, x) = x\na = f(1, 2)", "K0203 1:9 `f` has two parameters named `x`"),
        ("x = zeros(3).mean(over = tim)", "K0403 1:26 no dimension \"tim\" in f64[3]"),
        ("x = zeros(1.5)", "K0301 1:11 a size is an integer, found f64"),
        ("x = zeros(3).as(float)", "K0201 1:17 nothing is named `float` here"),
        ("x = zeros(3).as(3)", "K0301 1:17 a dtype stands here, found i64"),
        ("time()", "K0204 1:1 `time` needs `value`: anything"),
        ("x = print(1)", "K0301 1:5 this gives no value"),
        ("print(print(1))", "K0301 1:7 `print` takes a value, this gives none"),
    ]);
}

#[test]
fn types_and_shapes() {
    table(&[
        ("print(sqrt(\"a\"))", "K0301 1:12 `x` of `sqrt` is an array or number, found str"),
        ("print(1i64 + 2u64)", "K0302 1:12 no dtype holds the operands of `+`: i64 and u64"),
        ("x = zeros(3) + zeros(4)", "K0401 1:16 dimension 0 is 3 in f64[3] and 4 in f64[4]"),
        ("a = zeros(3)\nb = zeros(4)\nx = a + b", "K0401 3:9 dimension 0 is 3 in a and 4 in b"),
        ("x = \"a\" * 2", "K0301 1:9 `*` does not go with str and i64"),
        ("x = (1, 2) + 1", "K0301 1:5 `+` takes numbers and arrays, found (i64, i64)"),
        ("x = open(\"sst.nc\") + 1", "K0301 1:5 `+` takes numbers and arrays, found dataset sst.nc"),
        ("x = 3u8 + 300", "K0104 1:11 300 does not fit u8, the dtype of what it meets"),
        ("x: f64[3] = zeros(4)", "K0305 1:13 dimension 0 is of size 4, the annotation says 3"),
        ("x: f64[3] = 1.0", "K0305 1:13 `x` is annotated as f64[3], the value is f64"),
        ("x: f32 = zeros(3).sum()", "K0305 1:10 `x` is annotated as f32, the value is f64"),
        ("x: f64[row] = zeros(3).named(col)", "K0305 1:15 dimension 0 is named col, the annotation says row"),
        (
            "print(zeros(3, 4).named(row, col) + zeros(3, 4))",
            "K0404 1:37 f64[row: 3, col: 4] has named dimensions (row, col), f64[3, 4] has unnamed ones",
        ),
        ("a, b = 3", "K0301 1:8 2 names take apart a tuple, found i64"),
        ("a, b = (1, 2, 3)", "K0301 1:8 2 names take apart a tuple of 3"),
        ("r = (a = 1, a = 2)", "K0202 1:13 the field `a` stands twice"),
        ("x = each(y) { 1 }", "K0403 1:10 `y` indexes no array, so it runs over nothing"),
        ("x = each(v in [0.1, 1.0]) { v }", "K0901 1:15 `each` over values, here of f64[2], is not built yet"),
        ("t = .fare", "K0901 1:5 `.fare` names a column, and tables are not built yet"),
        ("assert 1", "K0303 1:8 `assert` takes a bool, found i64"),
        ("assert true, 3", "K0301 1:14 the message of `assert` is a text, found i64"),
    ]);
}

#[test]
fn indices() {
    table(&[
        ("print(zeros(3)[5])", "K0501 1:16 index 5 is outside dimension 0 of size 3 in f64[3]"),
        ("print(zeros(3)[-4])", "K0501 1:16 index -4 is outside dimension 0 of size 3 in f64[3]"),
        ("k = -1\nprint(zeros(3)[k])", "K0501 2:16 index -1 is outside dimension 0 of size 3 in f64[3]"),
        ("print(zeros(3)[0, 0])", "K0402 1:7 2 indices for 1 dimension of f64[3]"),
        ("x = 3\nprint(x[0])", "K0402 2:7 i64 has no elements: it is one number"),
        ("print(zeros(3)[1.5])", "K0301 1:16 an index is an integer, found f64"),
        ("x = zeros(3)\ny = x[zeros(4) > 0]", "K0401 2:7 the mask is bool[4], dimension 0 of f64[3] is 3"),
        ("x = zeros(3)\ny = x[zeros(3, 2) > 0]", "K0402 2:7 a mask of bool[3, 2] for 1 dimension of f64[3]"),
        ("x = zeros(3, 2)\ny = x[x > 0, 0]", "K0402 2:5 a mask of several dimensions stands beside other indices"),
        (
            "m = (zeros(3) > 0).named(lat)\ny = zeros(3).named(time)[m]",
            "K0404 2:26 the mask's dimension lat stands where f64[time: 3] has time",
        ),
        ("print(zeros(3)[tim = 0])", "K0403 1:16 no dimension \"tim\" in f64[3]"),
        ("x = zeros(3)\nx[0] = 1.0", "K0205 2:1 `x` cannot be changed in place here"),
        ("x = 1\nx += 1", "K0205 2:1 `x` cannot be changed in place here"),
        ("x = 1\nfn f() { x += 1\n x }\na = f()", "K0205 2:10 `x` is a variable outside of this function"),
        ("print(zeros(3)[0..3 by 0])", "K0507 1:24 the step of a range is 0"),
        ("t = (1, 2)\nx = t[2]", "K0501 2:7 index 2 is outside a tuple of 2"),
        ("k = \"a\"[0]", "K0301 1:5 str has no elements"),
    ]);
}

#[test]
fn errors_inside_functions_show_the_call() {
    let text = "fn g(x) = x + zeros(2)\nfn f(x) = g(x)\na = f(zeros(3))";
    let (ast, _) = crate::syntax::parse(SourceId(0), text);
    let errors = super::World::new().check(&ast, &[], &super::World1).unwrap_err();
    assert_eq!(show_errors(text, &errors), "K0401 1:15 dimension 0 is 3 in x and 2 in f64[2]");
    let labels: Vec<&str> = errors[0].labels.iter().map(|label| label.text.as_str()).collect();
    assert_eq!(&labels[2..], ["called here with x: f64[3]", "called here with x: f64[3]"]);
}

#[test]
fn warnings() {
    let (_, checked) = session(&["fn f(x) {\n unused = 3\n return x\n print(x)\n}\na = f(1)\nfn mean(x) = x"]).unwrap();
    let shown: Vec<String> = checked.warnings.iter().map(|warning| format!("{} {}", warning.code, warning.message)).collect();
    assert_eq!(
        shown,
        ["K0207 `mean` hides the built-in function of this name", "K0208 this is never reached", "K0206 `unused` is never used",]
    );
}

#[test]
fn deep_programs_end() {
    let sum = format!("x = {}", vec!["1"; 480].join(" + "));
    program(&sum);
    let nested = format!("x = {}1{}", "sqrt(".repeat(200), ")".repeat(200));
    program(&nested);
    let calls: String = (0..200).map(|at| format!("fn f{at}(x) = f{}(x) + 1\n", at + 1)).collect();
    let text = format!("{calls}fn f200(x) = x\na = f0(1)");
    assert!(super::outcome(&text).starts_with("K0504"), "{}", super::outcome(&text));
    let branches: String = (0..40).map(|at| format!("fn g{at}(n) = g{}(2 * n) + g{}(2 * n + 1)\n", at + 1, at + 1)).collect();
    let text = format!("{branches}fn g40(n) = n\na = g0(0)");
    assert_eq!(super::outcome(&text), "a: i64");
}
