//! Files through the language: what one text saves, the next one opens, in every format; many files as one; what goes wrong says why.

use kiln::base::Limits;
use kiln::session::{Options, Session};
use std::path::Path;

/// Threads and memory of a session.
const WAYS: [(usize, u64); 3] = [(1, 1 << 30), (3, 1 << 30), (2, 48 << 20)];

/// What texts print one after another in one session, and the errors they end with. `DIR` in a text is a folder.
fn run(folder: &Path, texts: &[&str], (threads, memory): (usize, u64)) -> Vec<String> {
    let limits = Limits { memory, threads, checked: false };
    let mut session = Session::new(Options { limits, ..Options::default() });
    let mut printed: Vec<String> = Vec::new();
    for text in texts {
        let text = text.replace("DIR", folder.to_str().unwrap());
        if let Err(failed) = session.run("test", &text, &mut printed) {
            printed.extend(failed.diagnostics.iter().map(|error| format!("{}: {}", error.code, error.message)));
        }
    }
    printed
}

/// In every way the same lines, in a folder of its own.
fn check(texts: &[&str], expected: &[&str]) {
    for way in WAYS {
        let folder = tempfile::tempdir().unwrap();
        let printed = run(folder.path(), texts, way);
        let printed: Vec<String> = printed.iter().map(|line| line.replace(folder.path().to_str().unwrap(), "DIR")).collect();
        assert_eq!(printed, expected, "{way:?}");
    }
}

#[test]
fn every_format_gives_back_what_was_saved() {
    for name in ["a.nc", "a.h5", "a.zarr", "a.v2.zarr"] {
        let save = format!(
            "t = arange(50000).reshape(100, 500).named(time, x)\n\
             save(\"DIR/{name}\", t = (data = t * 0.5, compress = 3, units = \"K\"), whole = t, flags = t > 40000, n = 7i16)"
        );
        let open = format!(
            "d = open(\"DIR/{name}\")\nprint(d.t.mean(), d.t[1, 2], d.n, d.whole[time = 99, x = 499], d.flags.sum())\n\
             print((d.t.mean(over = time) - d.t[.., 0..500].mean(over = time)).max())\nassert all(d.t * 2.0 == d.whole)"
        );
        check(&[&save, &open], &["12499.75 251.0 7 49999 9999", "0.0"]);
    }
    check(
        &[
            "x = arange(12).reshape(3, 4)\nsave(\"DIR/a.npz\", x = x, y = x[0] * 1im, z = 2.5)",
            "d = open(\"DIR/a.npz\")\nprint(d.x.T[1], d.y[3], d.z)",
        ],
        &["[1, 5, 9] 0.0+3.0im 2.5"],
    );
}

#[test]
fn a_save_that_fails_leaves_the_old_store() {
    check(
        &[
            "save(\"DIR/a.zarr\", x = arange(5))",
            "save(\"DIR/a.zarr\", x = arange(3) // arange(3))",
            "print(open(\"DIR/a.zarr\").x)",
            "y = open(\"DIR/a.zarr\").x\nsave(\"DIR/a.zarr\", x = y + 1)",
            "save(\"DIR/b.npz\", x = (data = arange(3), compress = 2))",
        ],
        &[
            "K0502: integer division by zero at [0]",
            "[0, 1, 2, 3, 4]",
            "K0604: DIR/a.zarr is read by this program",
            "K0602: cannot save \"DIR/b.npz\": an .npz is written without compression",
        ],
    );
}

#[test]
fn many_files_are_one_dataset() {
    let part = |name: &str, from: u32, to: u32| {
        format!(
            "x = arange({from}, {to}).named(n)\nsave(\"DIR/{name}\", n = x, v = (x.unnamed()[.., new] * arange(1, 4)).named(n, k), fixed = arange(3))"
        )
    };
    for extension in ["nc", "zarr"] {
        let saves: Vec<String> =
            [("c", 0, 10), ("a", 10, 25), ("b", 25, 30)].map(|(name, from, to)| part(&format!("{name}.{extension}"), from, to)).into();
        let open = format!(
            "d = open(\"DIR/*.{extension}\")\nprint(d.v[.., 1][8..30 by 7], d.fixed, d.n[29])\n\
             print(d.v.sum(over = n), d.v.sel(n = 9..11).sum(over = n))\nprint(d.v.max(over = n))"
        );
        let mut texts: Vec<&str> = saves.iter().map(String::as_str).collect();
        texts.push(&open);
        check(&texts, &["[16, 30, 44, 58] [0, 1, 2] 29", "[435, 870, 1305] [30, 60, 90]", "[29, 58, 87]"]);
    }
    check(
        &[
            "save(\"DIR/a.nc\", x = arange(3).named(n))",
            "save(\"DIR/b.nc\", y = arange(3).named(n))",
            "print(open(\"DIR/*.nc\"))",
            "print(open(\"DIR/*.h5\"))",
        ],
        &["K0405: \"DIR/a.nc\" has a variable `x`, \"DIR/b.nc\" has not", "K0601: cannot open \"DIR/*.h5\": no file matches"],
    );
}

#[test]
fn long_names_keep_columns_apart() {
    check(
        &[
            "save(\"DIR/a.nc\", a_variable_with_a_long_name = arange(3).named(n), b = arange(3).named(n) * 1.5)",
            "print(open(\"DIR/a.nc\"))",
        ],
        &[
            "dataset DIR/a.nc\ndimensions\n  n                                  3  \nvariables\n  a_variable_with_a_long_name i64[n]\n  b                           f64[n]",
        ],
    );
}
