//! Wrong programs as users write them, and all that is shown for them: `tests/renderings/programs.txt`. `KILN_BLESS=1` rewrites what is shown.
//! A case is `=== title`, perhaps with `[memory 8M]`, the program, `---`, and what it prints and the errors as rendered. The programs run in a
//! folder that holds the files which `prepare` makes.

use kiln::base::Limits;
use kiln::cli::render::render;
use kiln::session::{Options, Session};

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/renderings/programs.txt");

/// The files that the programs open.
const FILES: &str = r#"
save("sst.nc", sst = ones(12, 720, 1440, dtype = f32).named(time, lat, lon))
save("mask.nc", mask = ones(180, 1440, dtype = f32).named(lat, lon))
save("flat.h5", x = arange(100) * 0.5)
"#;

fn prepare() {
    Session::new(Options::default()).run("files", FILES, &mut ()).expect("the files");
    std::fs::write("broken.nc", b"\x89HDF\r\n\x1a\n and then nothing that makes sense").expect("a damaged file");
    std::fs::write("notes.npy", b"dear diary").expect("a foreign file");
}

fn shown(program: &str, memory: u64, folder: &str) -> String {
    let limits = Limits { memory, threads: 2, checked: false };
    let mut session = Session::new(Options { limits, ..Options::default() });
    let mut printed: Vec<String> = Vec::new();
    let result = session.run("t.kiln", program, &mut printed);
    let mut text: String = printed.iter().map(|line| format!("{line}\n")).collect();
    match result {
        Ok(warnings) => text.extend(warnings.iter().map(|warning| render(warning, session.sources(), false))),
        Err(failed) => text.extend(failed.diagnostics.iter().map(|diagnostic| render(diagnostic, session.sources(), false))),
    }
    text.replace(folder, "")
}

#[test]
fn wrong_programs_are_explained() {
    // The only test of this process: messages show the paths as the programs have them.
    let folder = tempfile::tempdir().expect("a folder");
    std::env::set_current_dir(folder.path()).expect("the folder");
    prepare();
    let here = format!("{}/", std::env::current_dir().expect("the folder").display());
    let text = std::fs::read_to_string(CASES).expect("the cases");
    let mut now = String::new();
    let mut failed = Vec::new();
    for case in text.split("=== ").skip(1) {
        let (title, rest) = case.split_once('\n').expect("a title");
        let (program, expected) = rest.split_once("---\n").expect("a program and what is shown for it");
        let memory = if title.contains("[memory 8M]") { 8 << 20 } else { 1 << 30 };
        let shown = shown(program.trim_end_matches('\n'), memory, &here);
        if shown.trim() != expected.trim() {
            failed.push(format!("=== {title}\n{shown}"));
        }
        now.push_str(&format!("=== {title}\n{program}---\n{shown}\n"));
    }
    if std::env::var_os("KILN_BLESS").is_some() {
        std::fs::write(CASES, now).expect("writing the cases");
    } else {
        assert!(failed.is_empty(), "{}", failed.join("\n"));
    }
}
