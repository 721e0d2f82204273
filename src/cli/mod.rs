//! The command line: one file a subcommand, and how diagnostics look on a terminal. Owns all printing, no work.
//!
//! Results go to stdout, all else to stderr. Exit codes: 0 done, 1 an error in the program, 2 wrong usage or a file that cannot be read,
//! 130 stopped by Ctrl-C.

mod args;
mod check;
pub mod console;
pub mod doc;
mod excerpt;
mod explain;
mod fmt;
mod host;
mod json;
mod progress;
pub mod render;
mod run;
mod size;

pub use host::Host;
pub use run::read;

use crate::base::stack;
use args::{Args, Command};
use clap::Parser;
use console::Console;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Done = 0,
    /// An error in the program.
    Failed = 1,
    /// Wrong usage, or a file that cannot be read or written.
    Usage = 2,
    /// Ctrl-C.
    Stopped = 130,
}

/// Stack of the thread that everything runs on: parsing and checking deep programs takes stack (`sema` asks for 256 MB).
const STACK: usize = 264 << 20;

/// Reads the arguments of the process and does what they ask for.
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version are results, not errors; a closed pipe is neither.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { Exit::Usage as u8 } else { 0 });
        }
    };
    let console = Console::new(args.flags.color, args.flags.json, args.flags.quiet);
    let exit = match stack::on_thread("kiln", STACK, move || dispatch(args, &console)) {
        Ok(Ok(exit)) => exit,
        // The panic's message is on stderr already.
        Ok(Err(_)) | Err(_) => Exit::Failed,
    };
    ExitCode::from(exit as u8)
}

fn dispatch(args: Args, console: &Console) -> Exit {
    let flags = &args.flags;
    let text = |text: &OsString| text.to_string_lossy().into_owned();
    match (args.eval, args.command) {
        (Some(code), None) => run::eval(flags, console, &code, Vec::new()),
        (Some(code), Some(Command::File(rest))) => run::eval(flags, console, &code, rest.iter().map(text).collect()),
        (Some(_), Some(_)) => console.fail("`-e CODE` takes no subcommand", "run `kiln -e CODE [ARGS]`"),
        (None, Some(Command::Run { file, args })) => run::file(flags, console, &file, args),
        (None, Some(Command::File(rest))) => match rest.split_first() {
            Some((file, rest)) => run::file(flags, console, file.as_ref(), rest.iter().map(text).collect()),
            None => console.fail("no file is given", "run `kiln --help`"),
        },
        (None, Some(Command::Check { files })) => check::check(flags, console, &files),
        (None, Some(Command::Fmt { check, files })) => fmt::fmt(console, check, &files),
        (None, Some(Command::Explain { file })) => explain::explain(flags, console, &file),
        (None, Some(Command::Doc { name })) => doc::command(console, name.as_deref()),
        (None, Some(Command::Repl)) => crate::repl::run(Host::new(flags, Vec::new()), console),
        (None, None) if std::io::stdin().is_terminal() => crate::repl::run(Host::new(flags, Vec::new()), console),
        (None, None) => run::file(flags, console, "-".as_ref(), Vec::new()),
    }
}
