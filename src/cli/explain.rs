//! `kiln explain FILE`: how a program would run.

use super::args::Flags;
use super::console::{Console, Show};
use super::run::read;
use super::{Exit, Host};
use std::path::Path;

/// Shows the plans of a program.
pub fn explain(flags: &Flags, console: &Console, path: &Path) -> Exit {
    let mut host = Host::new(flags, Vec::new());
    let outcome = read(console, path).and_then(|(name, text)| host.act(console, Show::Value, |session, _| session.explain(&name, &text)));
    match outcome {
        Ok(text) => {
            console.say("plan", &text);
            Exit::Done
        }
        Err(exit) => exit,
    }
}
