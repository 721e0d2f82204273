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

/// What is decoded once and kept where there is room is summed in the blocks in which it is summed where it is read again.
#[test]
fn bits_do_not_depend_on_what_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let save = "save(\"DIR/a.h5\", t = (data = random.normal(type = f64[991, 1237], seed = 1), chunks = (100, 97), compress = 1))";
    assert!(run(folder.path(), &[save], WAYS[0]).is_empty());
    for text in ["d = t - t.mean()\nprint(d.std(), (d ** 2).sum(), (d * t).sum(over = 0)[..7])", "print((sort(t, along = 0) - t).std())"] {
        let text = format!("t = open(\"DIR/a.h5\").t\n{text}");
        let [room, little] = [1 << 30, 24 << 20].map(|memory| run(folder.path(), &[&text], (2, memory)));
        assert_eq!(room, little);
        assert_eq!(room.len(), 1);
    }
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
fn what_is_appended_follows_what_was_there() {
    for name in ["a.nc", "a.zarr", "a.v2.zarr"] {
        // The first one makes the file, whose chunk of seven rows the others do not keep to.
        let part = |lo: u32, hi: u32| {
            format!(
                "x = (arange({lo} * 4, {hi} * 4).reshape({hi} - {lo}, 4) * 0.5).named(time, lat)\n\
                 x = x.assign_coords(time = datetime(\"2020-01-01\") + arange({lo}, {hi}) * 6h, lat = arange(4) * 10)\n\
                 save(\"DIR/{name}\", x = (data = x, units = \"K\", compress = 2), n = (x * 2.0).as(i32), append = time)"
            )
        };
        let read = format!(
            "d = open(\"DIR/{name}\")\nassert all(d.x == (arange(d.x.size).reshape(d.x.shape[0], 4) * 0.5).named(time, lat))\n\
             assert all(d.n == (d.x * 2).as(i32))\nprint(d.x.shape, d.time[d.x.shape[0] - 1], d.lat)"
        );
        let shown = |count: u32, last: &str| format!("({count}, 4) {last} [0, 10, 20, 30]");
        let (first, second, third, none) = (part(0, 7), part(7, 19), part(19, 20), part(20, 20));
        let twice = format!("{}\n{}", part(20, 21), part(21, 40));
        let wants: Vec<String> = [
            (7, "2020-01-02T12:00"),
            (19, "2020-01-05T12:00"),
            (20, "2020-01-05T18:00"),
            (20, "2020-01-05T18:00"),
            (40, "2020-01-10T18:00"),
        ]
        .map(|(count, last)| shown(count, last))
        .into();
        check(
            &[&first, &read, &second, &read, &third, &read, &none, &read, &twice, &read],
            &wants.iter().map(String::as_str).collect::<Vec<_>>(),
        );
    }
    check(
        &[
            "save(\"DIR/a.npy\", arange(6).reshape(2, 3).named(a, b), append = b)\nsave(\"DIR/a.npy\", zeros(i64[2, 2]), append = 1)",
            "save(\"DIR/a.npz\", x = arange(3), y = 1im)\nsave(\"DIR/a.npz\", x = arange(2), append = 0)",
            "save(\"DIR/a.h5\", x = arange(3), y = 7)\nsave(\"DIR/a.h5\", x = arange(2), append = 0)",
            "print(open(\"DIR/a.npy\"), open(\"DIR/a.npz\").x, open(\"DIR/a.npz\").y, open(\"DIR/a.h5\").x, open(\"DIR/a.h5\").y)",
            // A coordinate may be given as a variable, and one that nothing else has is kept.
            "for d in 0..3 { save(\"DIR/b.nc\", n = (arange(2) + 2 * d).named(n), v = (ones(2) * d).named(n), append = n) }\n\
             for d in 0..3 { save(\"DIR/b.zarr\", n = (arange(2) + 2 * d).named(n), v = (ones(2) * d).named(n), append = n) }",
            "save(\"DIR/c.nc\", k = arange(3).named(k), v = arange(2).named(n))\nsave(\"DIR/c.nc\", v = arange(2).named(n), append = n)",
            "for path in [0, 1] { print(if path == 0 { open(\"DIR/b.nc\").v } else { open(\"DIR/b.zarr\").v }) }\n\
             print(open(\"DIR/b.nc\").n, open(\"DIR/b.zarr\").v.sel(n = 3), open(\"DIR/c.nc\").k, open(\"DIR/c.nc\").v)",
            // What the program has open may become longer; it reads on what it opened.
            "x = open(\"DIR/a.h5\").x\nsave(\"DIR/a.h5\", x = x + 10, append = 0)\nprint(x)",
            "print(open(\"DIR/a.h5\").x)",
        ],
        &[
            "[[0, 1, 2, 0, 0], [3, 4, 5, 0, 0]] [0, 1, 2, 0, 1] 0.0+1.0im [0, 1, 2, 0, 1] 7",
            "[0.0, 0.0, 1.0, 1.0, 2.0, 2.0]",
            "[0.0, 0.0, 1.0, 1.0, 2.0, 2.0]",
            "[0, 1, 2, 3, 4, 5] 1.0 [0, 1, 2] [0, 1, 0, 1]",
            "[0, 1, 2, 0, 1]",
            "[0, 1, 2, 0, 1, 10, 11, 12, 10, 11]",
        ],
    );
}

#[test]
fn files_are_laid_out_as_asked() {
    let x = "x = (arange(700).reshape(35, 20) * 0.5).named(time, lat)\n";
    let texts = |save: &str, read: &str| {
        let shown = format!(
            "d = open(\"DIR/{read}\")\nprint(d.x.shape, d.x.sum(), d.x[34, 19])\nassert all(d.x.unnamed() == arange(700).reshape(35, 20) * 0.5)"
        );
        [format!("{x}{save}"), shown]
    };
    for (save, read) in [
        ("save(\"DIR/a.nc\", x = (data = x, chunks = (4, 7), compress = 2), unlimited = time)", "a.nc"),
        ("save(\"DIR/a.nc\", x = (data = x, chunks = [4, 7]), unlimited = (time, lat))", "a.nc"),
        ("save(\"DIR/a.zarr\", x = (data = x, chunks = (4, 7), shards = (8, 14)))", "a.zarr"),
        ("save(\"DIR/a.zarr\", x = (data = x, chunks = (2, 50), shards = (100, 50), compress = 0))", "a.zarr"),
        ("save(\"DIR/a.zarr\", x = (data = x, shards = (20, 20)))", "a.zarr"),
        ("save(\"DIR/a.v2.zarr\", x = (data = x, chunks = (50, 3)))", "a.v2.zarr"),
    ] {
        let [save, read] = texts(save, read);
        check(&[&save, &read], &["(35, 20) 122325.0 349.5"]);
    }
    let refused = [
        ("save(\"DIR/a.nc\", x = (data = x, chunks = 4))", "K0402: `chunks` has 1 sizes, f64[time: 35, lat: 20] has 2"),
        ("save(\"DIR/a.nc\", x = (data = x, chunks = (4, 0)))", "K0507: `chunks` is a size for each dimension, at least 1"),
        ("save(\"DIR/a.nc\", x = (data = x, chunks = (4, 0.5)))", "K0507: `chunks` is a size for each dimension, at least 1"),
        ("save(\"DIR/a.nc\", x = (data = x, shards = (4, 4)))", "K0602: cannot save \"DIR/a.nc\": its format has no shards"),
        ("save(\"DIR/a.npy\", (data = x, chunks = (4, 4)))", "K0602: cannot save \"DIR/a.npy\": its format has no chunks"),
        (
            "save(\"DIR/a.v2.zarr\", x = (data = x, shards = (4, 4)))",
            "K0602: cannot save \"DIR/a.v2.zarr\": version 2 of Zarr has no shards",
        ),
        (
            "save(\"DIR/a.zarr\", x = (data = x, chunks = (3, 4), shards = (4, 4)))",
            "K0507: shards [4, 4] of `x` hold no whole number of chunks [3, 4]",
        ),
        ("save(\"DIR/a.zarr\", x = x, unlimited = time)", "K0602: \"DIR/a.zarr\" has no unlimited dimensions"),
        ("save(\"DIR/a.nc\", x = x, unlimited = depth)", "K0403: no variable that is saved has a dimension \"depth\""),
        ("save(\"DIR/a.nc\", x = x, unlimited = 0)", "K0403: an unlimited dimension has a name"),
    ];
    for (save, error) in refused {
        check(&[&format!("{x}{save}"), "print(exists(\"DIR/a.nc\"))"], &[error, "false"]);
    }
}

#[test]
fn what_does_not_go_on_is_not_appended() {
    let make = "x = arange(6).reshape(3, 2).named(time, lat).assign_coords(time = [1.0, 2.0, 3.0], lat = [5, 6])\n";
    let more = "x = arange(4).reshape(2, 2).named(time, lat).assign_coords(time = [4.0, 5.0], lat = [5, 6])\n";
    for name in ["a.nc", "a.zarr"] {
        let make = format!("{make}save(\"DIR/{name}\", x = x, y = x * 2)");
        let append = |text: &str| format!("{more}{}", text.replace("NAME", &format!("\"DIR/{name}\"")));
        let texts = [
            "save(NAME, x = x.as(f32), y = x, append = time)",
            "save(NAME, x = x, append = time)",
            "save(NAME, x = x, y = x[time = 0..1], append = time)",
            "save(NAME, x = x, z = x, append = time)",
            "save(NAME, x = x, y = x, append = lat)",
            "save(NAME, x = x, y = x, append = depth)",
            "save(NAME, x = x.T, y = x, append = time)",
            "save(NAME, x = x.assign_coords(lat = [5, 7]), y = x, append = time)",
            "save(NAME, x = x.assign_coords(time = [3.0, 4.0]), y = x, append = time)",
            "save(NAME, x = x.assign_coords(time = [4, 5]), y = x, append = time)",
            "save(NAME, x = x[.., 0], y = x, append = time)",
            "save(NAME, x = x, y = x // (x - x), append = time)",
            "save(NAME, x = x, y = x, append = (time, lat))",
            "save(NAME, x = x, y = x, x = x, append = time)",
        ];
        let read = format!("d = open(\"DIR/{name}\")\nprint(d.x, d.time, d.y)");
        let mut all: Vec<String> = vec![make];
        all.extend(texts.map(append));
        all.push(read);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let there = format!("\"DIR/{name}\"");
        check(
            &all,
            &[
                &format!("K0302: `x` is i64 in {there} and f32 here"),
                &format!("K0204: `y` of {there} has dimension time too"),
                "K0401: `x` and `y` become 5 and 4 long",
                &format!("K0603: {there} has no variable `z`"),
                "K0401: time is 3 in i64[time: 3, lat: 2] and 2 in i64[time: 2, lat: 2]",
                "K0403: no dimension \"depth\" in i64[time: 2, lat: 2]",
                "K0404: time of i64[time: 3, lat: 2] is lat in i64[lat: 2, time: 2]",
                "K0405: the coordinates of lat differ",
                &format!("K0405: time goes to 3.0 in {there}, what is appended starts at 3.0"),
                &format!("K0405: time is f64 in {there} and i64 here"),
                "K0402: arrays of 2 dimensions and 1 dimension are joined",
                "K0502: integer division by zero at [0, 0]",
                "K0204: a file becomes longer along one dimension",
                &format!("K0204: `x` of {there} is given twice"),
                "[[0, 1], [2, 3], [4, 5]] [1.0, 2.0, 3.0] [[0, 2], [4, 6], [8, 10]]",
            ],
        );
    }
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
