//! The interactive session: reads entries, runs them, shows values with their types. Owns editing, completion and the commands that start
//! with `:`; entries from a pipe work the same, without prompts.
//!
//! Limits: an `if` whose `else` starts a line of its own must be pasted or be inside brackets, since the `if` alone is complete.

mod command;
mod complete;
mod helper;
mod names;

use crate::cli::console::{Console, Show};
use crate::cli::{Exit, Host};
use command::Next;
use helper::Assistant;
use names::Names;
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{CompletionType, Config, Editor};
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

/// Entries that the history keeps.
const HISTORY: usize = 10_000;

/// What the REPL remembers besides the session.
struct Repl<'a> {
    host: Host,
    console: &'a Console,
    /// Entries that ran without an error: what `:save` writes.
    entries: Vec<String>,
    count: usize,
}

/// Runs until `:quit` or the end of the input.
pub fn run(host: Host, console: &Console) -> Exit {
    let mut repl = Repl { host, console, entries: Vec::new(), count: 0 };
    let outcome = if std::io::stdin().is_terminal() { repl.terminal() } else { repl.lines() };
    outcome.unwrap_or_else(|error| console.fail(&format!("the terminal cannot be used: {error}"), "run a file: `kiln FILE`"))
}

impl Repl<'_> {
    fn terminal(&mut self) -> rustyline::Result<Exit> {
        let config = Config::builder().completion_type(CompletionType::List).max_history_size(HISTORY)?.auto_add_history(true).build();
        let mut editor: Editor<Assistant, DefaultHistory> = Editor::with_config(config)?;
        editor.set_helper(Some(Assistant::new(self.console.colored())));
        let history = history_path();
        if let Some(path) = &history {
            // The first session has none.
            let _ = editor.load_history(path);
        }
        if !self.console.quiet {
            self.console.note(&format!(
                "Kiln {}. `:help` lists the commands, `?name` explains a built-in, Ctrl-D quits.",
                env!("CARGO_PKG_VERSION")
            ));
        }
        loop {
            if let Some(helper) = editor.helper_mut() {
                helper.names = Names::of(&self.host.session);
            }
            match editor.readline("kiln> ") {
                Ok(entry) => {
                    if let Next::Quit = self.entry(&entry) {
                        break;
                    }
                }
                // Ctrl-C clears the line.
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Eof) => break,
                Err(error) => return Err(error),
            }
            if self.console.is_closed() {
                break;
            }
        }
        if let Some(path) = &history {
            // A history that cannot be kept is no reason to fail.
            let _ = path.parent().map(std::fs::create_dir_all);
            let _ = editor.append_history(path);
        }
        Ok(Exit::Done)
    }

    /// Entries from a pipe: lines are joined until they are complete.
    fn lines(&mut self) -> rustyline::Result<Exit> {
        let mut entry = String::new();
        for line in std::io::stdin().lock().lines() {
            entry.push_str(&line?);
            if !helper::complete(&entry) {
                entry.push('\n');
                continue;
            }
            if let Next::Quit = self.entry(&std::mem::take(&mut entry)) {
                return Ok(Exit::Done);
            }
            if self.console.is_closed() {
                return Ok(Exit::Done);
            }
        }
        // What is incomplete at the end has an error to show.
        self.entry(&entry);
        Ok(Exit::Done)
    }

    fn entry(&mut self, entry: &str) -> Next {
        let text = entry.trim();
        if text.is_empty() {
            return Next::Go;
        }
        if text.starts_with([':', '?']) {
            return self.command(text);
        }
        self.code(entry);
        Next::Go
    }

    /// Runs a piece of program. An error leaves all that was there before it.
    fn code(&mut self, text: &str) {
        self.count += 1;
        let name = format!("<{}>", self.count);
        if let Ok(warnings) = self.host.act(self.console, Show::Typed, |session, printer| session.interact(&name, text, printer)) {
            self.console.report(&warnings, self.host.session.sources());
            self.entries.push(text.trim_end().to_string());
        }
    }
}

/// Where the history is kept: by the XDG rules, else in the home folder.
fn history_path() -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").map(PathBuf::from);
    match std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute()) {
        Some(state) => Some(state.join("kiln/history")),
        None if home()?.join(".local/state").is_dir() => Some(home()?.join(".local/state/kiln/history")),
        None => Some(home()?.join(".kiln_history")),
    }
}
