//! Rules of the source tree that the compiler does not keep: layers, who may use which heavy dependency, where `unsafe` may stand, no
//! panics in library code, sizes of files, module comments. Works on the text of the files, without their tests.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The layer of each module: it imports from lower layers, from itself, and from `SIDEWAYS`.
const LAYERS: &[(&str, u32)] = &[
    ("base", 0),
    ("array", 1),
    ("syntax", 2),
    ("types", 2),
    ("io", 2),
    ("ops", 2),
    ("vmath", 2),
    ("builtins", 3),
    ("sema", 4),
    ("kernel", 5),
    ("graph", 6),
    ("codegen", 7),
    ("plan", 8),
    ("exec", 9),
    ("session", 10),
    ("cli", 11),
    ("repl", 11),
];

/// Imports within a layer: one scalar operation is defined once over the vector routines, and types are rules about scalar operations.
const SIDEWAYS: &[(&str, &str)] = &[("ops", "vmath"), ("types", "ops"), ("types", "vmath"), ("cli", "repl"), ("repl", "cli")];

/// Heavy dependencies and the only modules that may name them.
const OWNED: &[(&str, &[&str])] = &[
    ("cranelift_codegen", &["codegen"]),
    ("cranelift_frontend", &["codegen"]),
    ("cranelift_jit", &["codegen"]),
    ("cranelift_module", &["codegen"]),
    ("cranelift_native", &["codegen"]),
    ("iced_x86", &["codegen"]),
    ("rayon", &["exec"]),
    ("faer", &["exec"]),
    ("gemm", &["exec"]),
    ("rustfft", &["exec"]),
    ("realfft", &["exec"]),
    ("netcdf_reader", &["io"]),
    ("hdf5_reader", &["io"]),
    ("rust_hdf5", &["io"]),
    ("hdf5_metno", &["io"]),
    ("libdeflater", &["io"]),
    ("zstd", &["io"]),
    ("lz4_flex", &["io"]),
    ("bzip2", &["io"]),
    ("flate2", &["io"]),
    ("glob", &["io"]),
    ("rustix", &["io"]),
    ("tempfile", &["io"]),
    ("rustyline", &["repl"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli"]),
    ("ctrlc", &["cli"]),
    ("ariadne", &["cli"]),
];

/// The files that may contain `unsafe`, and why.
const UNSAFE: &[(&str, &str)] = &[
    ("array/buffer.rs", "aligned allocations"),
    ("codegen/jit.rs", "calls of compiled code"),
    ("codegen/runtime.rs", "what compiled code calls back"),
    ("exec/product.rs", "views of buffers for the matrix product"),
    ("kernel/memory.rs", "typed access to the memory of kernels"),
    ("vmath/dispatch.rs", "calls of routines for the instruction set found at run time"),
];

/// What panics, and so does not stand in library code.
const PANICS: &[&str] = &[".unwrap()", ".expect(", "todo!", "unimplemented!", "panic!(", "unreachable!("];

const LONGEST: usize = 800;

/// A method of this name that is no panic: parsers and verifiers expect things and return errors.
const OWN_EXPECT: &str = "self.expect(";

/// A file without comments, strings and tests, line by line.
struct File {
    /// From `src`, with slashes.
    path: String,
    module: String,
    lines: usize,
    first: String,
    code: Vec<(usize, String)>,
}

#[test]
fn modules_import_from_lower_layers() {
    let mut faults = String::new();
    for file in files() {
        let Some(own) = layer(&file.module) else {
            if !["lib", "main"].contains(&file.module.as_str()) {
                writeln!(faults, "src/{}: module `{}` has no layer", file.path, file.module).unwrap();
            }
            continue;
        };
        for (line, text) in &file.code {
            for used in text.split("crate::").skip(1).flat_map(names) {
                let allowed = used == file.module || SIDEWAYS.contains(&(file.module.as_str(), used.as_str()));
                if layer(&used).is_some_and(|layer| layer >= own) && !allowed {
                    writeln!(faults, "src/{}:{line}: `{}` must not import `{used}`", file.path, file.module).unwrap();
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn heavy_dependencies_stay_in_their_module() {
    let mut faults = String::new();
    for file in files() {
        for (line, text) in &file.code {
            for (dependency, owners) in OWNED {
                if words(text).any(|word| word == *dependency) && !owners.contains(&file.module.as_str()) {
                    writeln!(faults, "src/{}:{line}: `{dependency}` is for {owners:?} only", file.path).unwrap();
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn unsafe_code_stands_in_few_files() {
    let mut faults = String::new();
    for file in files() {
        let listed = UNSAFE.iter().any(|(path, _)| *path == file.path);
        let used = file.code.iter().find(|(_, text)| words(text).any(|word| word == "unsafe"));
        match used {
            Some((line, _)) if !listed => {
                writeln!(faults, "src/{}:{line}: `unsafe` outside the files listed in tests/tidy.rs", file.path).unwrap()
            }
            None if listed => writeln!(faults, "src/{}: listed for `unsafe`, has none", file.path).unwrap(),
            _ => {}
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn library_code_does_not_panic() {
    let mut faults = String::new();
    for file in files() {
        for (line, text) in &file.code {
            if let Some(found) = PANICS.iter().find(|found| text.replace(OWN_EXPECT, "").contains(**found)) {
                writeln!(faults, "src/{}:{line}: `{found}`", file.path).unwrap();
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn files_are_small_and_say_what_they_own() {
    let mut faults = String::new();
    for file in files() {
        if file.lines > LONGEST {
            writeln!(faults, "src/{}: {} lines, more than {LONGEST}", file.path, file.lines).unwrap();
        }
        if !file.first.starts_with("//! ") {
            writeln!(faults, "src/{}: the first line is no `//!` comment", file.path).unwrap();
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

fn layer(module: &str) -> Option<u32> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
}

/// The modules that follow `crate::`: one, or several in braces.
fn names(rest: &str) -> Vec<String> {
    match rest.strip_prefix('{') {
        None => words(rest).next().map(str::to_string).into_iter().collect(),
        Some(list) => {
            // Only names directly inside the braces are modules.
            let mut depth = 0;
            let mut outer = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ if depth == 0 => outer.push(c),
                    _ => {}
                }
                if depth < 0 {
                    break;
                }
            }
            outer.split(',').filter_map(|item| words(item).next().map(str::to_string)).collect()
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// All files of the library and the program; those that are compiled for tests alone are left out.
fn files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    visit(&root, &mut found);
    found.sort();
    assert!(found.len() > 50, "the source tree is not where it was");
    let tests: Vec<PathBuf> = found.iter().flat_map(|path| test_modules(path)).collect();
    let tested = |path: &Path| tests.iter().any(|test| path.starts_with(test) || path == test.with_extension("rs"));
    found.iter().filter(|path| !tested(path)).map(|path| read(&root, path)).collect()
}

/// Paths, without extension, of the modules that a file declares for tests: under `#[cfg(test)]`, or hidden for tests of other crates.
fn test_modules(path: &Path) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let folder = match path.file_name().and_then(|name| name.to_str()) {
        Some("mod.rs" | "lib.rs" | "main.rs") => path.parent().unwrap().to_path_buf(),
        _ => path.with_extension(""),
    };
    let declared = lines
        .windows(2)
        .filter(|pair| ["#[cfg(test)]", "#[doc(hidden)]"].contains(&pair[0].trim()))
        .filter_map(|pair| pair[1].split("mod ").nth(1));
    declared.filter_map(|rest| rest.strip_suffix(';')).map(|name| folder.join(name)).collect()
}

fn visit(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => visit(&path, found),
            false if path.extension().is_some_and(|extension| extension == "rs") => found.push(path),
            false => {}
        }
    }
}

fn read(root: &Path, path: &Path) -> File {
    let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
    let text = std::fs::read_to_string(path).unwrap();
    let code = without_tests(text.lines()).map(|(line, text)| (line, bare(text))).collect();
    File {
        module: name.trim_end_matches(".rs").split('/').next().unwrap().to_string(),
        path: name,
        lines: text.lines().count(),
        first: text.lines().next().unwrap_or("").to_string(),
        code,
    }
}

/// Numbered lines that are not in an item marked `#[cfg(test)]`; such an item ends with a line that is a brace, or at the first `;`.
fn without_tests<'a>(lines: impl Iterator<Item = &'a str>) -> impl Iterator<Item = (usize, &'a str)> {
    let mut test = false;
    lines.enumerate().filter_map(move |(at, line)| {
        if line == "#[cfg(test)]" {
            test = true;
            return None;
        }
        let inside = test;
        if test && (line == "}" || (line.ends_with(';') && !line.starts_with(' '))) {
            test = false;
        }
        (!inside).then_some((at + 1, line))
    })
}

/// A line without its comment and without what its strings hold.
fn bare(line: &str) -> String {
    let mut out = String::new();
    let mut chars = line.chars().peekable();
    let mut text = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' if text => {
                chars.next();
            }
            '"' => text = !text,
            '\'' if !text && chars.peek() == Some(&'"') => {
                chars.next();
            }
            '/' if !text && chars.peek() == Some(&'/') => break,
            c if !text => out.push(c),
            _ => {}
        }
    }
    out
}
