//! Makes `docs/functions.md` of `docs/functions.tsv` and the table of built-ins: what public names of Dask Array, xarray and the array API
//! standard are in Kiln. Fails where a name is no built-in, an expression does not run, or the page says something else.
//! `KILN_BLESS=1` rewrites it.

use kiln::builtins;
use kiln::session::{Options, Session};
use std::fmt::Write;
use std::path::Path;

/// What the expressions of the table are about.
const VARIABLES: &str = "x = random.normal(0, 1, f64[6, 4, 5], seed = 1).named(time, lat, lon)
      .assign_coords(time = datetime(\"1981-07-01\") + arange(6) * 12h, lat = [10.0, 20.0, 30.0, 40.0], lon = arange(5))
y = x.sel(lat = [30.0, 20.0])
m = reshape(arange(16.0), 4, 4) + 20.0 * eye(4)
v = [0.5, 2.5, 1.0, 3.0, -1.5, 0.25, 4.0]
w = [3.0, 1.0, 2.0, 5.0, 4.0, 7.0, 6.0]
h = [1.0, nan, 3.0, nan, nan, 9.0, inf]
i = [0, 1, 2, 1, 0, 3, 2]
k = [5, 7, 1, 2, 3, 4, 6]
b = v > 1
fn fold(line) { s = 0.0; for e in line { s = 0.5 * s + e }; s }
fn total(line) { s = 0.0; for e in line { s += e * e }; s }
fn smoothed(line) { out = line * 1.0; for i in 1..len(line) { out[i] = 0.5 * out[i - 1] + 0.5 * line[i] }; out }
fn clamped(e: f64, most: f64) = if e > most { most } else { e }
fn changed(line, at, value) { out = line * 1.0; out[at] = value; out }";

/// Files that the expressions open.
const FILES: &str = "save(\"stored.zarr\", x = x)
save(\"stack-0.npy\", m)";

struct Row<'a> {
    library: &'a str,
    name: &'a str,
    kiln: &'a str,
    remark: &'a str,
}

fn rows(text: &str) -> Vec<Row<'_>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut parts = line.split('\t');
            let mut next = || parts.next().unwrap_or("");
            let row = Row { library: next(), name: next(), kiln: next(), remark: next() };
            assert!(
                !row.kiln.is_empty() && parts.next().is_none(),
                "docs/functions.tsv: {line:?} has four columns at most, three at least"
            );
            row
        })
        .collect()
}

impl Row<'_> {
    fn is_absent(&self) -> bool {
        self.kiln == "-"
    }
    fn is_moot(&self) -> bool {
        self.kiln == "."
    }
    /// The cells after the name.
    fn cells(&self) -> (String, String) {
        let first_line = builtins::find(self.kiln).map(|builtin| builtin.doc.lines().next().unwrap_or(""));
        let remark = if self.remark.is_empty() { first_line.unwrap_or("") } else { self.remark };
        let kiln = match self.kiln {
            "-" => "absent".into(),
            "." => String::new(),
            kiln => format!("`{kiln}`"),
        };
        (kiln, remark.into())
    }
}

/// The libraries whose names are counted together: those that begin alike.
const LIBRARIES: [(&str, &str); 3] = [
    ("dask.array", "Dask Array: `dask.array`, its modules and the methods of its arrays"),
    ("xarray.DataArray", "xarray: methods and properties of `DataArray`, and of its `dt`"),
    ("array API", "Python array API standard 2024.12: functions, `linalg`, `fft` and the methods of arrays"),
];

fn page(rows: &[Row]) -> String {
    let mut out = String::from(
        "# Functions by the names of other libraries\n\n\
         Made by `tests/coverage.rs` from `functions.tsv` and the table of built-ins; `functions.py` compares it with installed packages.\n\
         Beside a name stands the built-in that does it, or an expression that does. Names without one have nothing to do in Kiln: they are\n\
         about chunks, graphs, objects of Python. Absent is what a program cannot do, neither by a function nor by a short expression.\n\n\
         | | names | there | nothing to do | absent |\n|---|---|---|---|---|\n",
    );
    for (library, title) in LIBRARIES {
        let own: Vec<&Row> = rows.iter().filter(|row| row.library.starts_with(library)).collect();
        let (absent, moot) = (own.iter().filter(|row| row.is_absent()).count(), own.iter().filter(|row| row.is_moot()).count());
        writeln!(out, "| {title} | {} | {} | {moot} | {absent} |", own.len(), own.len() - absent - moot).unwrap();
    }
    write!(out, "\nThe test runs every expression, with these variables:\n```\n{VARIABLES}\n```\n").unwrap();
    let mut library = "";
    for row in rows {
        if row.library != library {
            library = row.library;
            write!(out, "\n## {library}\n| name | Kiln | |\n|---|---|---|\n").unwrap();
        }
        let (kiln, remark) = row.cells();
        writeln!(out, "| {} | {} | {} |", row.name, kiln.replace('|', "\\|"), remark.replace('|', "\\|")).unwrap();
    }
    out
}

#[test]
fn the_page_of_functions_holds() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let text = std::fs::read_to_string(docs.join("functions.tsv")).unwrap();
    let rows = rows(&text);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("coverage");
    std::fs::create_dir_all(&folder).unwrap();
    std::env::set_current_dir(&folder).unwrap();
    let mut session = Session::new(Options::default());
    for text in [VARIABLES, FILES] {
        session.run("variables", text, &mut Vec::<String>::new()).unwrap_or_else(|failed| panic!("{failed}"));
    }
    let mut wrong = String::new();
    for row in rows.iter().filter(|row| !row.is_absent() && !row.is_moot() && builtins::find(row.kiln).is_none()) {
        if let Err(failed) = session.interact("row", row.kiln, &mut Vec::<String>::new()) {
            writeln!(wrong, "{} {}: {}\n{failed}", row.library, row.name, row.kiln).unwrap();
        }
    }
    assert!(wrong.is_empty(), "docs/functions.tsv\n\n{wrong}");
    for (library, _) in LIBRARIES {
        let own = || rows.iter().filter(|row| row.library.starts_with(library));
        let (absent, all) = (own().filter(|row| row.is_absent()).count(), own().count());
        assert!(absent * 20 < all, "{library}: {absent} of {all} names are absent");
    }
    let page = page(&rows);
    let path = docs.join("functions.md");
    if std::env::var_os("KILN_BLESS").is_some() {
        std::fs::write(path, page).unwrap();
        return;
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == page, "docs/functions.md is not what functions.tsv and the built-ins give; KILN_BLESS=1 writes it");
}

/// A name stands once, in the block of its library.
#[test]
fn the_table_has_no_double_names() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/functions.tsv")).unwrap();
    let mut seen: Vec<(&str, &str)> = rows(&text).iter().map(|row| (row.library, row.name)).collect();
    let blocks = rows(&text).chunk_by(|a, b| a.library == b.library).count();
    let all = seen.len();
    seen.sort();
    let mut libraries: Vec<&str> = seen.iter().map(|(library, _)| *library).collect();
    libraries.dedup();
    seen.dedup();
    assert_eq!((seen.len(), blocks), (all, libraries.len()), "names of a library stand together, each once");
}
