//! What is at a path while and after a save goes wrong: the old file or the new one, whole; nothing beside it for long. Programs are killed at
//! random moments, and run out of disk. `KILN_KILLS=100` kills more often than the few times that every run of the tests does.

use kiln::session::{Options, Session};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const FORMATS: [&str; 6] = ["a.nc", "a.h5", "a.zarr", "a.v2.zarr", "a.npy", "a.npz"];

/// A process that saves an array whose elements lie between `value` and the next integer, and do not compress well.
fn saving(path: &Path, value: u32) -> Command {
    let compress = if path.extension().is_some_and(|extension| extension == "nc") { ", compress = 1" } else { "" };
    let array = format!("{value}.0 + abs(sin(arange(3_000_000).reshape(3000, 1000) * 1.0)) * 0.5");
    let text = match compress {
        "" => format!("save(\"{}\", x = {array})", path.display()),
        compress => format!("save(\"{}\", x = (data = {array}{compress}))", path.display()),
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_kiln"));
    command.args(["--quiet", "--color", "never", "-e", &text]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The value that `saving` was given.
fn saved(path: &Path) -> u32 {
    let open = format!("open(\"{}\")", path.display());
    let x = if path.extension().is_some_and(|extension| extension == "npy") { open } else { format!("{open}.x") };
    let mut printed: Vec<String> = Vec::new();
    let text = format!("x = floor({x})\nassert x.min() == x.max()\nprint(x.max(), x.size)");
    Session::new(Options::default()).run("check", &text, &mut printed).unwrap_or_else(|failed| panic!("{}: {failed}", path.display()));
    let (value, count) = printed[0].split_once(' ').unwrap();
    assert_eq!(count, "3000000");
    value.parse::<f64>().unwrap() as u32
}

fn names(folder: &Path) -> Vec<String> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

fn end(mut child: Child) -> Output {
    child.kill().unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_killed_save_leaves_the_old_file_or_the_new_one() {
    let kills: u32 = std::env::var("KILN_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(5);
    let mut random = fastrand::Rng::with_seed(11);
    for name in FORMATS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let start = Instant::now();
        assert!(saving(&path, 1).status().unwrap().success());
        let whole = start.elapsed();
        let (mut last, mut old, mut new) = (1, 0, 0);
        for turn in 0..kills {
            let child = saving(&path, turn + 2).spawn().unwrap();
            std::thread::sleep(Duration::from_secs_f64(whole.as_secs_f64() * random.f64() * 1.1));
            end(child);
            match saved(&path) {
                value if value == last => old += 1,
                value if value == turn + 2 => new += 1,
                other => panic!("{name}: {other} after {last}"),
            }
            last = saved(&path);
        }
        println!("{name}: killed {kills} times, the old file {old} times, the new one {new}");
        // The next save removes what is left.
        assert!(saving(&path, 1000).status().unwrap().success());
        assert_eq!((names(folder.path()), saved(&path)), (vec![name.to_string()], 1000));
    }
}

/// A process that appends rows whose elements lie between `value` and the next integer; the first one makes the file.
fn appending(path: &Path, value: u32, rows: u32) -> Command {
    let array = format!("({value}.0 + abs(sin(arange({rows} * 1000).reshape({rows}, 1000) * 1.0)) * 0.5).named(row, column)");
    let text = format!("save(\"{}\", x = {array}, append = row)", path.display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_kiln"));
    command.args(["--quiet", "--color", "never", "-e", &text]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// How many rows there are. Those of these values, in order and so many each, are as they were.
fn rows(path: &Path, parts: &[(u32, u32)]) -> u32 {
    let mut text = format!("x = floor(open(\"{}\").x)\nprint(x.shape[0])", path.display());
    let mut end = 0;
    for (value, rows) in parts {
        text.push_str(&format!("\nassert all(x[{end}..{}] == {value})", end + rows));
        end += rows;
    }
    let mut printed: Vec<String> = Vec::new();
    Session::new(Options::default()).run("check", &text, &mut printed).unwrap_or_else(|failed| panic!("{}: {failed}", path.display()));
    printed[0].parse().unwrap()
}

/// Names of files, in folders too.
fn names_within(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    entries.flat_map(|path| if path.is_dir() { [vec![name(&path)], names_within(&path)].concat() } else { vec![name(&path)] }).collect()
}

#[test]
fn a_killed_append_leaves_what_was_there() {
    const ROWS: u32 = 777;
    let kills: u32 = std::env::var("KILN_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(5);
    let mut random = fastrand::Rng::with_seed(12);
    for name in ["a.nc", "a.zarr"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let mut parts: Vec<(u32, u32)> = Vec::new();
        let (mut old, mut new) = (0, 0);
        let mut whole = Duration::ZERO;
        for turn in 0..kills {
            if parts.is_empty() || parts.len() > 4 {
                // Files of a few parts are large enough.
                std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir_all(&path)).ok();
                assert!(appending(&path, 1, 2000).status().unwrap().success());
                let start = Instant::now();
                assert!(appending(&path, 2, ROWS).status().unwrap().success());
                whole = start.elapsed();
                parts = vec![(1, 2000), (2, ROWS)];
            }
            let child = appending(&path, turn + 3, ROWS).spawn().unwrap();
            std::thread::sleep(Duration::from_secs_f64(whole.as_secs_f64() * random.f64() * 1.6));
            end(child);
            let length: u32 = parts.iter().map(|(_, rows)| rows).sum();
            match rows(&path, &parts) {
                now if now == length => old += 1,
                now if now == length + ROWS => {
                    new += 1;
                    parts.push((turn + 3, ROWS));
                    rows(&path, &parts);
                }
                now => panic!("{name}: {now} rows after {length}"),
            }
        }
        println!("{name}: killed {kills} times, the old rows {old} times, the new ones too {new}");
        assert!(appending(&path, 1000, 1).status().unwrap().success());
        parts.push((1000, 1));
        assert_eq!(rows(&path, &parts), parts.iter().map(|(_, rows)| rows).sum::<u32>());
        assert!(names_within(folder.path()).iter().all(|name| !name.starts_with(".kiln-")), "{:?}", names_within(folder.path()));
    }
}

#[test]
fn a_full_disk_leaves_what_was_there_before_an_append() {
    for name in ["a.nc", "a.zarr", "a.npy"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        assert!(appending(&path, 1, 2000).status().unwrap().success());
        let output = with_short_files(&appending(&path, 2, 1000), 256);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}: {error}");
        assert!(error.contains("K0601") && error.contains("too large"), "{name}: {error}");
        if name != "a.npy" {
            assert_eq!(rows(&path, &[(1, 2000)]), 2000, "{name}");
        }
        assert!(names_within(folder.path()).iter().all(|name| !name.starts_with(".kiln-")), "{:?}", names_within(folder.path()));
    }
}

/// Runs a command so that no file may be longer than this.
fn with_short_files(command: &Command, kilobytes: u32) -> Output {
    let mut limited = Command::new("sh");
    // The signal would end the program; without it a write fails.
    limited.args(["-c", &format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", 2 * kilobytes), "sh"]);
    limited.arg(command.get_program()).args(command.get_args()).envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    limited.output().unwrap()
}

#[test]
fn a_full_disk_is_an_error_and_leaves_the_old_file() {
    for name in FORMATS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        assert!(saving(&path, 1).status().unwrap().success());
        let output = with_short_files(&saving(&path, 2), 256);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}: {error}");
        assert!(error.contains("K0601") && error.contains(path.to_str().unwrap()) && error.contains("too large"), "{name}: {error}");
        assert_eq!((names(folder.path()), saved(&path)), (vec![name.to_string()], 1), "{name}");
    }
}

/// A program that sorts more than its memory holds.
fn spilling(folder: &Path) -> Command {
    let text = "x = arange(2_000_000)\ny = compute(sin(x).sort().sum())\nprint((sin(x) - sin(x).cumsum()).cumsum()[5] < y + 1e9)";
    let mut command = Command::new(env!("CARGO_BIN_EXE_kiln"));
    command.args(["--memory", "12M", "--quiet", "--color", "never", "-e", text]).env("TMPDIR", folder);
    command
}

#[test]
fn scratch_files_are_gone_with_their_process() {
    let folder = tempfile::tempdir().unwrap();
    let output = spilling(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(names(folder.path()).is_empty());
    let child = spilling(folder.path()).stdout(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    end(child);
    assert!(names(folder.path()).is_empty());
    let output = with_short_files(&spilling(folder.path()), 256);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("K0601") && error.contains(folder.path().to_str().unwrap()) && error.contains("TMPDIR"), "{error}");
}
