//! Tests of the formatter: cases by hand, and that random programs keep their tree and come to rest.

use super::super::parse;
use super::*;

fn formatted(text: &str) -> String {
    format(SourceId(0), text).unwrap_or_else(|errors| panic!("{text}\n{errors:#?}"))
}

/// The tree of a text without its spans.
fn tree(text: &str) -> String {
    let (program, diagnostics) = parse(SourceId(0), text);
    assert!(diagnostics.is_empty(), "{text}\n{diagnostics:#?}");
    let debug = format!("{program:?}");
    let mut out = String::with_capacity(debug.len());
    let mut rest = debug.as_str();
    while let Some(at) = rest.find("Span {") {
        out.push_str(&rest[..at]);
        rest = &rest[at + rest[at..].find(" } ").or(rest[at..].find(" }")).map_or(rest.len() - at, |end| end + 2)..];
    }
    out + rest
}

fn check(text: &str) -> String {
    let once = formatted(text);
    assert_eq!(tree(text), tree(&once), "the tree changed\n{text}\n----\n{once}");
    assert_eq!(pass(SourceId(0), &once), once, "not at rest\n{text}");
    once
}

#[test]
fn formats_as_shown() {
    let long = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let cases = [
        ("x=1+2*-y ;z = x**-2", "x = 1 + 2 * -y; z = x ** -2\n"),
        ("f( a,b = 2 ,c )[ 0 , ..,1 ..n-1 by 2]", "f(a, b = 2, c)[0, .., 1..n - 1 by 2]\n"),
        ("fn f( x:f64,n=2 )->f64 [ n ,.. ]{x}", "fn f(x: f64, n = 2) -> f64[n, ..] { x }\n"),
        ("fn f(x) = x*x", "fn f(x) = x * x\n"),
        ("if a{1}else if b {2}else{ 3 }", "if a { 1 } else if b { 2 } else { 3 }\n"),
        ("if a {\n1} else {2}", "if a {\n    1\n} else {\n    2\n}\n"),
        ("if a {\n1\n}\n# why\nelse {2}", "if a {\n    1\n}\n# why\nelse {\n    2\n}\n"),
        ("q,r=qr( a )", "q, r = qr(a)\n"),
        ("(a ,b) -> not  a", "(a, b) -> not a\n"),
        ("x = (1,)", "x = (1,)\n"),
        ("x = (1 + 2)", "x = (1 + 2)\n"),
        ("t.filter( .fare>0 and .dist < 100 )", "t.filter(.fare > 0 and .dist < 100)\n"),
        ("each( y , x ,edge=nearest ){u[y-1,x]}", "each(y, x, edge = nearest) { u[y - 1, x] }\n"),
        ("par  for ( i,v ) in xs{out[i]+=v}", "par for (i, v) in xs { out[i] += v }\n"),
        ("return", "return\n"),
        ("x = {}\n\n\n\ny", "x = {}\n\ny\n"),
        ("#!c\n\n## d\nfn f() {# open\na # end\n\n# last\n}#z", "#!c\n\n## d\nfn f() {  # open\n    a  # end\n\n    # last\n}  #z\n"),
        ("f(\na,b)", "f(\n    a,\n    b,\n)\n"),
        ("f(a,\nb)", "f(a, b)\n"),
        ("f(a, # one\nb # two\n)", "f(\n    a,  # one\n    b,  # two\n)\n"),
        ("x = a + # one\n b", "x = a +  # one\n    b\n"),
        ("t.a(1)\n   # why\n .b(2)\n.c(3)", "t.a(1)\n    # why\n    .b(2)\n    .c(3)\n"),
        ("t.a(1)\n .b(2)\n.c(3)", "t.a(1)\n    .b(2)\n    .c(3)\n"),
        ("t\n.a(1).b(2)", "t\n    .a(1)\n    .b(2)\n"),
        ("map(xs,x->{\ny = x\ny})", "map(xs, x -> {\n    y = x\n    y\n})\n"),
        ("a = [\n1,2,\n3,-4]", "a = [\n    1, 2,\n    3, -4,\n]\n"),
        ("\"a{ x :.3}  b\"", "\"a{ x :.3}  b\"\n"),
        (".. .x; 1..n; x[..=-1]", ".. .x; 1..n; x[..=-1]\n"),
        ("a;\n;b", "a; b\n"),
        ("", ""),
        ("\n# only\n\n", "# only\n"),
    ];
    let wrong: Vec<String> = cases.iter().filter(|(text, expected)| check(text) != *expected).map(|(text, _)| check(text)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("--\n"));
    let args = format!("x = f({long}, {long}, {long}, 3)");
    assert_eq!(check(&args), format!("x = f(\n    {long},\n    {long},\n    {long},\n    3,\n)\n"));
    let chain = format!("x = t.a({long}).b({long}).c({long})");
    assert_eq!(check(&chain), format!("x = t.a({long})\n    .b({long})\n    .c({long})\n"));
    let sum = format!("x = {long} + {long} * 2 + {long} + 1");
    assert_eq!(check(&sum), format!("x = {long} +\n    {long} * 2 +\n    {long} +\n    1\n"));
    let one_line = format!("if {long} {{ {long} }} else {{ {long}; {long} }}");
    assert_eq!(check(&one_line), format!("if {long} {{\n    {long}\n}} else {{\n    {long}; {long}\n}}\n"));
}

#[test]
fn wrong_texts_are_not_formatted() {
    assert!(format(SourceId(0), "x = = 1").is_err());
}

/// Random programs, with line breaks and comments wherever they may stand.
struct Programs {
    random: fastrand::Rng,
}

impl Programs {
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.random.usize(..from.len())]
    }

    /// What may stand between tokens where newlines do not count.
    fn free(&mut self) -> &'static str {
        self.pick(&["", "", "", " ", " ", "  ", "\n", "\n\n  ", " # c\n", "\n# own\n", "\n\n# a\n# b\n\n"])
    }

    fn list(&mut self, depth: usize, item: fn(&mut Programs, usize) -> String) -> String {
        let mut out = self.free().to_string();
        let count = self.random.usize(0..4);
        for at in 0..count {
            out += &item(self, depth);
            out += self.free();
            if at + 1 < count || self.random.bool() {
                out += ",";
                out += self.free();
            }
        }
        out
    }

    fn arg(&mut self, depth: usize) -> String {
        let name = if self.random.u8(..4) == 0 { "over = " } else { "" };
        name.to_string() + &self.expr(depth)
    }

    fn expr(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self
                .pick(&[
                    "x",
                    "temperature_of_the_sea",
                    "1",
                    "2.5f32",
                    "\"a {x:.2} b\"",
                    ".fare",
                    "true",
                    "30min",
                    "a_rather_long_name_for_a_variable",
                ])
                .to_string();
        }
        let depth = depth - 1;
        match self.random.u8(..16) {
            0..4 => {
                let operator = self.pick(&["+", "-", "*", "/", "**", "@", " and ", " or ", "//", "%"]);
                let (left, gap, right) = (self.expr(depth), self.free(), self.expr(depth));
                format!("({left}) {operator}{gap}({right})")
            }
            4 => format!("{} + {} * {}", self.expr(0), self.expr(0), self.expr(0)),
            5..7 => format!("f({})", self.list(depth, Programs::arg)),
            7..9 => {
                let mut chain = format!("{}{}", self.pick(&["x", "t", "open(\"a\")"]), self.free());
                for _ in 0..self.random.usize(1..4) {
                    chain += &format!(
                        ".method_name({}){}",
                        self.list(depth, Programs::arg),
                        self.pick(&["", "", "\n", "\n\n", " # c\n", "\n# own\n"])
                    );
                }
                format!("({chain})")
            }
            9 => format!("[{}]", self.list(depth, Programs::expr)),
            10 => format!("x[{}, ..]", self.expr(depth)),
            11 => format!("-({})", self.expr(depth)),
            12 => format!("(a, b) -> {}", self.expr(depth)),
            13 => format!("(if {} {} else {})", self.expr(0), self.block(depth), self.block(depth)),
            14 => format!("each(a in {}) {}", self.expr(depth), self.block(depth)),
            _ => format!("({}, {})", self.expr(depth), self.expr(depth)),
        }
    }

    fn block(&mut self, depth: usize) -> String {
        let mut out = "{".to_string() + self.free();
        for _ in 0..self.random.usize(0..3) {
            out += &self.statement(depth);
            out += self.pick(&["\n", ";", "; ", " # c\n", "\n\n\n", ";\n# own\n"]);
        }
        out + "}"
    }

    fn statement(&mut self, depth: usize) -> String {
        match self.random.u8(..10) {
            0..3 => format!("x ={}{}", self.free(), self.expr(depth)),
            3 => format!("q, r = {}", self.expr(depth)),
            4 => format!("x: f64[time, 3] = {}", self.expr(depth)),
            5 => format!("x[i] += {}", self.expr(depth)),
            6 => format!("for i in 0..{} {}", self.expr(0), self.block(depth)),
            7 => format!("## doc\nfn f(a, b: f64 = 2) -> f64 {}", self.block(depth)),
            8 => format!("if {} {}\nelse {}", self.expr(0), self.block(depth), self.block(depth)),
            _ => self.expr(depth),
        }
    }
}

#[test]
fn random_programs_keep_their_tree_and_come_to_rest() {
    let mut programs = Programs { random: fastrand::Rng::with_seed(1) };
    let mut formatted = 0;
    for _ in 0..1500 {
        let depth = programs.random.usize(1..5);
        let text = format!("{}\n{}\n", programs.statement(depth), programs.statement(depth));
        if text.len() < 6000 && parse(SourceId(0), &text).1.is_empty() {
            formatted += 1;
            let out = check(&text);
            assert_eq!(out.matches('#').count(), text.matches('#').count(), "a comment was lost\n{text}\n----\n{out}");
        }
    }
    assert!(formatted > 1000, "{formatted}");
}

#[test]
fn deep_and_long_programs_are_formatted() {
    let nested = format!("x = {}1{}", "f(\n".repeat(240), ")".repeat(240));
    let blocks = format!("{}{}", "if a {\n".repeat(200), "}".repeat(200));
    let flat = format!("x = {}1{}", "[".repeat(240), "]".repeat(240));
    let chain = format!("x = a{}", ".method(1)".repeat(240));
    let sum = format!("x = 1{}", " + name * 2".repeat(240));
    for text in [nested, blocks, flat, chain, sum] {
        // What a thread has by default.
        std::thread::Builder::new().stack_size(2 << 20).spawn(move || check(&text)).unwrap().join().unwrap();
    }
    let numbers = format!("x = [{}]", "1.5, ".repeat(20_000));
    let lines = "x = f(a, b)  # c\n".repeat(5_000);
    let start = std::time::Instant::now();
    for text in [numbers, lines] {
        let out = formatted(&text);
        assert!(out.lines().all(|line| line.len() <= WIDTH));
    }
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}
