//! Tests of the whole front end: programs that parse, what they parse to, and programs that do not.

use super::ast::*;
use super::*;

fn parsed(text: &str) -> Program {
    let (program, diagnostics) = parse(SourceId(0), text);
    assert!(diagnostics.is_empty(), "{text}\n{diagnostics:#?}");
    program
}

/// An expression with all its brackets, to see what binds how.
fn show(expr: &Expr) -> String {
    let list = |items: &[Expr]| items.iter().map(show).collect::<Vec<_>>().join(", ");
    let args = |args: &[Arg]| {
        let one = |arg: &Arg| arg.name.as_ref().map_or(show(&arg.value), |name| format!("{} = {}", name.name, show(&arg.value)));
        args.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    match &expr.kind {
        ExprKind::Number { value, .. } => value.as_int().map_or(value.as_f64().to_string(), |int| int.to_string()),
        ExprKind::Name(name) => name.to_string(),
        ExprKind::RowField(name) => format!(".{}", name.name),
        ExprKind::Unary { op: UnaryOp::Neg, operand } => format!("(-{})", show(operand)),
        ExprKind::Unary { op: UnaryOp::Not, operand } => format!("(not {})", show(operand)),
        ExprKind::Binary { op, left, right, .. } => format!("({} {} {})", show(left), op.symbol(), show(right)),
        ExprKind::Call { callee, args: list } => format!("{}({})", show(callee), args(list)),
        ExprKind::Method { receiver, name, args: list } => format!("{}.{}({})", show(receiver), name.name, args(list)),
        ExprKind::Field { base, name } => format!("{}.{}", show(base), name.name),
        ExprKind::Tuple(items) => format!("({})", list(items)),
        ExprKind::List(items) => format!("[{}]", list(items)),
        ExprKind::Lambda { params, body } => {
            let names: Vec<_> = params.iter().map(|param| param.ident.name.to_string()).collect();
            format!("({} -> {})", names.join(" "), show(body))
        }
        ExprKind::Range { lo, hi, step, inclusive } => {
            let part = |part: &Option<Box<Expr>>| part.as_ref().map_or(String::new(), |part| show(part));
            format!("<{}{}{} {}>", part(lo), if *inclusive { "..=" } else { ".." }, part(hi), part(step))
        }
        ExprKind::Index { base, args } => {
            let one = |arg: &IndexArg| {
                let name = arg.name.as_ref().map_or(String::new(), |name| format!("{} = ", name.name));
                match &arg.kind {
                    IndexKind::Expr(value) => name + &show(value),
                    IndexKind::NewAxis(_) => name + "NEW",
                }
            };
            format!("{}[{}]", show(base), args.iter().map(one).collect::<Vec<_>>().join(", "))
        }
        other => format!("{other:?}").split([' ', '(']).next().unwrap_or("").to_string(),
    }
}

#[test]
fn operators_bind_as_documented() {
    for (text, expected) in [
        ("a or b and not c == d", "(a or (b and (not (c == d))))"),
        ("1 + 2 * 3 - 4", "((1 + (2 * 3)) - 4)"),
        ("-a ** 2", "(-(a ** 2))"),
        ("2 ** -1", "(2 ** (-1))"),
        ("2 ** 3 ** 2", "(2 ** (3 ** 2))"),
        ("2 ** -x ** 2", "(2 ** (-(x ** 2)))"),
        ("a @ -b", "(a @ (-b))"),
        ("0..n - 1 by 2", "<0..(n - 1) 2>"),
        ("1..=5", "<1..=5 >"),
        ("1..5", "<1..5 >"),
        ("1.0..2.5", "<1..2.5 >"),
        ("a < b + 1", "(a < (b + 1))"),
        ("x.T + 1.0", "(x.T + 1)"),
        ("(x.dot(x.T + 1) - x.mean()).std()", "(x.dot((x.T + 1)) - x.mean()).std()"),
        ("x[.., new]", "x[<.. >, NEW]"),
        ("x[time = 0..12, lat = 3]", "x[time = <0..12 >, lat = 3]"),
        ("x[0..100 by 5]", "x[<0..100 5>]"),
        ("x[.. by 2, -1]", "x[<.. 2>, (-1)]"),
        ("x[[3, 1, 2]]", "x[[3, 1, 2]]"),
        ("x[x > 0]", "x[(x > 0)]"),
        ("k -> k + 1", "(k -> (k + 1))"),
        ("(a, b) -> a", "(a b -> a)"),
        ("map(xs, k -> k * 2, n = 3)", "map(xs, (k -> (k * 2)), n = 3)"),
        (".tip / .fare", "(.tip / .fare)"),
        ("x.sel(time = \"1981\"..\"2010\", lat = -5..5)", "x.sel(time = <Text..Text >, lat = <(-5)..5 >)"),
        ("(x.f)(1)", "x.f(1)"),
        ("x.as(f64)", "x.as(f64)"),
        ("t.groupby(by = .zone)", "t.groupby(by = .zone)"),
        ("1.max(2)", "1.max(2)"),
        ("-128i8", "-128"),
        ("(1,)", "(1)"),
    ] {
        let program = parsed(text);
        let StmtKind::Expr { value, .. } = &program.items[0].kind else { panic!("{text}: {program:?}") };
        assert_eq!(show(value), expected, "{text}");
    }
}

#[test]
fn newlines_end_statements_except_where_they_do_not() {
    for (text, statements) in [
        ("a\nb", 2),
        ("a; b", 2),
        ("a;\n\n b\n", 2),
        ("a +\n b", 1),
        ("f(a,\n b\n)", 1),
        ("[1\n, 2]", 1),
        ("x\n  .f()\n  # comment\n  .g()", 1),
        ("if a { 1 }\nelse { 2 }", 1),
        ("f(each(a in as) {\n x = 1\n x + a\n})", 1),
        ("# only a comment", 0),
        ("x = {\n a\n b\n}\ny", 2),
        ("a = 1\nby = 2\nas = 3\npar = 4\nnew = 5", 5),
    ] {
        assert_eq!(parsed(text).items.len(), statements, "{text}");
    }
}

#[test]
fn statements_parse_to_what_they_say() {
    let program = parsed(
        "## Doubles.\n## Twice.\nfn f(x: f64, by = 2) -> f64[n, ..] = x * x\nq, r = qr(a)\nx: f64[row: 100, _] = y\nout[i] += v;\n\
         par for (i, v) in xs { continue }\nuse \"a.kiln\" as m\nuse stats\nassert a, \"b {x:.3}\"\nwhile true { break }\nreturn",
    );
    let kinds: Vec<String> =
        program.items.iter().map(|stmt| format!("{:?}", stmt.kind).split([' ', '(']).next().unwrap_or("").to_string()).collect();
    assert_eq!(kinds, ["Fn", "Bind", "Bind", "Assign", "For", "Use", "Use", "Assert", "While", "Return"]);
    let StmtKind::Fn(function) = &program.items[0].kind else { panic!() };
    assert_eq!(function.doc.as_deref(), Some("Doubles.\nTwice."));
    assert!(matches!(function.result.as_ref().unwrap().dims.as_deref(), Some([DimExpr::Named { size: None, .. }, DimExpr::Rest(_)])));
    let StmtKind::Bind { targets, .. } = &program.items[2].kind else { panic!() };
    let dims = targets[0].ty.as_ref().unwrap().dims.as_deref().unwrap();
    assert!(matches!(dims, [DimExpr::Named { size: Some(_), .. }, DimExpr::Any(_)]));
    let StmtKind::For { parallel: true, target, .. } = &program.items[4].kind else { panic!() };
    assert_eq!(target.len(), 2);
    let StmtKind::Assert { message: Some(Expr { kind: ExprKind::Text(parts), .. }), .. } = &program.items[7].kind else { panic!() };
    assert!(
        matches!(&parts[..], [TextPart::Literal(text), TextPart::Value { format: Some(format), .. }] if text == "b " && format == ".3")
    );
    let silent = |text: &str| match &parsed(text).items[0].kind {
        StmtKind::Expr { silent, .. } => *silent,
        _ => panic!(),
    };
    assert!(silent("a;") && silent("a; b") && !silent("a") && !silent("a\nb;"));
}

#[test]
fn strings_hold_values_escapes_and_strings() {
    let program = parsed(r#""a\n\u{e9}{{}}{f("x{y}", [1])}{z : >8}""#);
    let StmtKind::Expr { value: Expr { kind: ExprKind::Text(parts), .. }, .. } = &program.items[0].kind else { panic!() };
    assert!(matches!(&parts[0], TextPart::Literal(text) if text == "a\né{}"));
    assert!(matches!(&parts[1], TextPart::Value { format: None, .. }));
    assert!(matches!(&parts[2], TextPart::Value { format: Some(format), .. } if format == ">8"));
}

#[test]
fn more_lines_may_follow_open_brackets_and_operators() {
    for text in ["f(", "fn f(x) {", "x =", "1 +", "[1,", "if a {\n b", "a and", "x = (1 # c\n"] {
        assert!(!is_complete(text), "{text}");
    }
    for text in ["", "f()", "\"a", "x = 1", "f(]", "fn f(x)", "a;", "\"{f(\""] {
        assert!(is_complete(text), "{text}");
    }
}

/// Runs on a small stack, so that a deep recursion shows.
fn on_stack(bytes: usize, work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(bytes).spawn(work).unwrap().join().unwrap();
}

#[test]
fn deep_texts_are_refused_without_deep_recursion() {
    for piece in [
        "(",
        "[",
        "{",
        "\"{",
        "-",
        "not ",
        "1+",
        "1 + (",
        "a.",
        "f(",
        "x[",
        "k -> ",
        "if a {} else ",
        "2**",
        "if ",
        "f()()",
        "each(a in ",
        "..",
        "if {",
        "(1)(",
        "x = ",
    ] {
        on_stack(1 << 18, move || {
            let text = piece.repeat(20_000);
            let (program, diagnostics) = parse(SourceId(0), &text);
            assert!(!diagnostics.is_empty() && diagnostics.len() <= lexer::MAX_ERRORS, "{piece}");
            drop(program);
            is_complete(&text);
        });
    }
}

#[test]
fn the_deepest_tree_is_shallow_enough_to_walk() {
    let (deep, nested) = (format!("x = 1{}", " + 1".repeat(499)), format!("x = {}1{}", "(".repeat(250), ")".repeat(250)));
    let chain = format!("x = a{}", ".b(1)".repeat(249));
    let negative = format!("x = {}1", "-".repeat(499));
    for text in [deep, nested, chain, negative] {
        on_stack(2 << 20, move || {
            let program = parsed(&text);
            let StmtKind::Bind { value, .. } = &program.items[0].kind else { panic!() };
            show(value);
            assert_eq!(program.clone(), program);
        });
    }
}

#[test]
fn long_texts_are_read_in_linear_time() {
    for piece in ["x = 1;", "[1, ", "= ", ")", "§", "a b\n", "\"", "'", "x", "1", "# c\n", "## c\n", "\n", ";", "1e", "{x;}", "f(a,\n"] {
        let text = piece.repeat(100_000);
        let start = std::time::Instant::now();
        let (_, diagnostics) = parse(SourceId(0), &text);
        assert!(diagnostics.len() <= lexer::MAX_ERRORS, "{piece}");
        assert!(start.elapsed().as_secs() < 10, "{piece} took {:?}", start.elapsed());
        println!("{piece:?} {:?}", start.elapsed());
    }
    let (_, diagnostics) = parse(SourceId(0), &" ".repeat(MAX_TEXT + 1));
    assert_eq!(diagnostics.len(), 1);
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    assert_eq!(decode("a.kiln", b"x = 1".to_vec()).as_deref(), Ok("x = 1"));
    let error = decode("a.kiln", b"x\n\xff".to_vec()).unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (Code::Utf8, "a.kiln is not UTF-8: byte 3 of it, on line 2"));
}

#[test]
fn any_mixture_of_tokens_parses_or_is_explained() {
    const PIECES: [&str; 44] = [
        "x", "1", "\"", "{", "}", "(", ")", "[", "]", "\n", "\n", ";", ",", ".", ":", "->", "=", "+=", "..", "..=", "+", "-", "**", "==",
        "not ", "and ", "if ", "else ", "for ", "in ", "fn ", "each", "use ", "by ", "as ", "par ", "# c\n", "## d\n", "\\", "'", "é", "§",
        "1.", "return ",
    ];
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..4000 {
        let text: String = (0..random.usize(1..40))
            .map(|_| PIECES[random.usize(..PIECES.len())].to_string() + if random.bool() { " " } else { "" })
            .collect();
        let (_, diagnostics) = parse(SourceId(0), &text);
        for diagnostic in &diagnostics {
            let label = &diagnostic.labels[0];
            assert!(text.get(label.span.start as usize..label.span.end as usize).is_some(), "{text:?} {diagnostic:?}");
        }
        is_complete(&text);
    }
}

#[test]
fn examples_of_codes_show_their_code() {
    for code in crate::base::codes::ALL.iter().filter(|code| (**code as u16) < 200 && !code.example().is_empty()) {
        let (_, diagnostics) = parse(SourceId(0), code.example());
        assert_eq!(diagnostics.first().map(|diagnostic| diagnostic.code), Some(*code), "{}", code.example());
    }
}
