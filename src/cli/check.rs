//! `kiln check FILE…`: the errors of programs without running them.

use super::args::Flags;
use super::console::{Console, Show};
use super::run::read;
use super::{Exit, Host};
use std::path::PathBuf;

/// Checks each program by itself; the worst exit of all.
pub fn check(flags: &Flags, console: &Console, files: &[PathBuf]) -> Exit {
    let mut host = Host::new(flags, Vec::new());
    let mut worst = Exit::Done;
    for path in files {
        let outcome = read(console, path).and_then(|(name, text)| host.act(console, Show::Value, |session, _| session.check(&name, &text)));
        match outcome {
            Ok(warnings) => console.report(&warnings, host.session.sources()),
            Err(Exit::Stopped) => return Exit::Stopped,
            Err(exit) if exit as u8 > worst as u8 => worst = exit,
            Err(_) => {}
        }
    }
    worst
}
