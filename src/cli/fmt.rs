//! `kiln fmt [--check] FILE…`: formats programs in place, or stdin to stdout.

use super::Exit;
use super::console::Console;
use super::run::read;
use crate::base::{Outcome, SourceMap};
use crate::io::atomic::AtomicFile;
use crate::syntax::format;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Formats, or with `check` lists what is not formatted. A file with errors stays as it is.
pub fn fmt(console: &Console, check: bool, files: &[PathBuf]) -> Exit {
    let mut worst = Exit::Done;
    for path in files {
        if let Err(exit) = one(console, check, path)
            && exit as u8 > worst as u8
        {
            worst = exit;
        }
    }
    worst
}

fn one(console: &Console, check: bool, path: &Path) -> Result<(), Exit> {
    let (name, text) = read(console, path)?;
    let mut sources = SourceMap::default();
    let source = sources.add(name.as_str(), text.as_str());
    let formatted = format::format(source, &text).map_err(|errors| {
        console.report(&errors, &sources);
        Exit::Failed
    })?;
    if check {
        if formatted == text {
            return Ok(());
        }
        console.say("unformatted", &name);
        return Err(Exit::Failed);
    }
    if path == Path::new("-") {
        console.say("formatted", &formatted);
    } else if formatted != text {
        write(path, &formatted).map_err(|error| console.fail(&error.message, "the file is as it was"))?;
    }
    Ok(())
}

/// Replaces a file as a whole: the old text or the new one, whatever happens.
fn write(path: &Path, text: &str) -> Outcome<()> {
    let file = AtomicFile::create(path)?;
    file.file().write_all(text.as_bytes()).map_err(|error| crate::io::error::system("write", path, &error))?;
    file.commit()
}
