//! Commands of the REPL: `:help` and its kin, and `?name`.

use super::Repl;
use super::names::Names;
use crate::base::Name;
use crate::cli::console::Show;
use crate::cli::doc;
use crate::session::{Failed, Session};
use crate::types::Ty;
use std::path::Path;
use std::time::Instant;

/// Whether the REPL goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Go,
    Quit,
}

/// A command: its name, what it takes, what it does.
pub struct Command {
    pub name: &'static str,
    argument: &'static str,
    help: &'static str,
}

macro_rules! commands {
    ($($name:literal $argument:literal $help:literal;)*) => {
        /// All commands, in the order of the help.
        pub const COMMANDS: &[Command] = &[$(Command { name: $name, argument: $argument, help: $help }),*];
    };
}

commands! {
    "help" "" "this list; `?name` explains a built-in, a function, a variable or an error code";
    "type" "EXPR" "the type of an expression, without computing it";
    "graph" "EXPR" "the array operations of an expression, after optimisation";
    "plan" "EXPR" "how an expression would be computed: stages, blocks, memory";
    "kernel" "FUNCTION" "the loop code of a compiled function";
    "asm" "FUNCTION" "the machine code of a compiled function";
    "time" "CODE" "runs code and says how long it took";
    "vars" "" "variables and functions with their types";
    "load" "FILE" "runs a file in this session";
    "save" "FILE" "writes what was entered without an error to a new file";
    "reset" "" "forgets all variables and functions";
    "quit" "" "leaves; Ctrl-D does so too";
}

impl Repl<'_> {
    /// Does a command. It must begin with `:` or `?`.
    pub(super) fn command(&mut self, text: &str) -> Next {
        if let Some(name) = text.strip_prefix('?') {
            self.explain_name(name.trim());
            return Next::Go;
        }
        let (name, argument) = text[1..].split_once(char::is_whitespace).unwrap_or((&text[1..], ""));
        let argument = argument.trim();
        let Some(command) = self.find(name) else { return Next::Go };
        if argument.is_empty() != command.argument.is_empty() {
            self.console.fail(
                &format!("`:{}` takes {}", command.name, taken(command)),
                &format!("write `{}`", format!(":{} {}", command.name, command.argument).trim_end()),
            );
            return Next::Go;
        }
        match command.name {
            "help" => self.console.say("help", &help()),
            "type" => self.show("type", |session| session.type_of(argument).map(|ty| ty.to_string())),
            "graph" => self.show("graph", |session| session.graph_of(argument)),
            "plan" => self.show("plan", |session| session.plan_of(argument)),
            "kernel" => self.show("kernel", |session| session.kernel_of(argument)),
            "asm" => self.show("asm", |session| session.asm_of(argument)),
            "time" => {
                let start = Instant::now();
                self.code(argument);
                self.console.note(&format!("{:.6} s", start.elapsed().as_secs_f64()));
            }
            "vars" => self.console.say("variables", &variables(&Names::of(&self.host.session))),
            "load" => self.load(Path::new(unquoted(argument))),
            "save" => self.save(Path::new(unquoted(argument))),
            "reset" => {
                self.host.reset();
                self.entries.clear();
            }
            _ => return Next::Quit,
        }
        Next::Go
    }

    /// The command of a name, or the only one that begins with it.
    fn find(&self, name: &str) -> Option<&'static Command> {
        let mut fitting = COMMANDS.iter().filter(|command| !name.is_empty() && command.name.starts_with(name));
        let exact = COMMANDS.iter().find(|command| command.name == name);
        match (exact, fitting.next(), fitting.next()) {
            (Some(command), ..) | (None, Some(command), None) => Some(command),
            (None, Some(_), Some(_)) => {
                self.console.fail(&format!("several commands begin with `:{name}`"), "`:help` lists the commands");
                None
            }
            _ => {
                self.console.fail(&format!("there is no command `:{name}`"), "`:help` lists the commands");
                None
            }
        }
    }

    fn show(&mut self, kind: &str, ask: impl FnOnce(&mut Session) -> Result<String, Failed>) {
        if let Ok(text) = self.host.act(self.console, Show::Typed, |session, _| ask(session)) {
            self.console.say(kind, &text);
        }
    }

    fn explain_name(&self, name: &str) {
        let names = Names::of(&self.host.session);
        let world = self.host.session.world();
        let own = world.functions().into_iter().find(|(known, _)| ***known == *name).map(|(_, def)| def.doc.clone());
        let signature = names.functions.iter().find(|(known, _)| **known == *name).map(|(_, signature)| signature);
        if let Some(ty) = names.ty(name) {
            self.console.say("help", &format!("{name}: {ty}"));
        } else if let Some(signature) = signature {
            self.console.say(
                "help",
                &format!("{signature}\n\n{}", own.flatten().unwrap_or_else(|| "`##` comments before it are shown here.".into())),
            );
        } else if let Some(text) = doc::find(name) {
            self.console.say("help", &text);
        } else if name.is_empty() {
            self.console.say("help", &doc::list());
        } else {
            self.console.fail(&format!("nothing is called `{name}`"), &doc::hint(name));
        }
    }

    fn load(&mut self, path: &Path) {
        let Ok((name, text)) = crate::cli::read(self.console, path) else { return };
        if let Ok(warnings) = self.host.act(self.console, Show::Typed, |session, printer| session.run(&name, &text, printer)) {
            self.console.report(&warnings, self.host.session.sources());
            self.entries.push(text.trim_end().to_string());
        }
    }

    /// Writes the entries to a file that must not exist yet.
    fn save(&self, path: &Path) {
        if path.exists() {
            self.console.fail(&format!("\"{}\" exists", path.display()), "save to a new file");
        } else if let Err(error) = std::fs::write(path, self.entries.join("\n") + "\n") {
            self.console.fail(&crate::io::error::system("write", path, &error).message, "choose another place");
        }
    }
}

/// A path may stand in quotes, as in programs.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

fn taken(command: &Command) -> &'static str {
    if command.argument.is_empty() { "nothing after it" } else { "something after it" }
}

fn help() -> String {
    let lines = COMMANDS.iter().map(|command| format!("{:<18} {}\n", format!(":{} {}", command.name, command.argument), command.help));
    let more = "\nA bare expression is shown and becomes `ans`, unless `;` follows it. Ctrl-C clears the line, or stops what runs.\n\
                Tab completes. An entry goes on in the next line while brackets are open; an empty line ends it.\n";
    lines.collect::<String>() + more
}

fn variables(names: &Names) -> String {
    let given = |(name, ty): &&(Name, Ty)| !(**name == *"args" && *ty == Ty::Tuple(Vec::new()));
    let variables = names.variables.iter().filter(given).map(|(name, ty)| format!("{name}: {ty}\n"));
    let functions = names.functions.iter().map(|(_, signature)| format!("fn {signature}\n"));
    let all: String = variables.chain(functions).collect();
    if all.is_empty() { "nothing is defined".into() } else { all }
}
