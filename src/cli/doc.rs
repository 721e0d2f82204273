//! `kiln doc [NAME]`, and help in the REPL: built-ins, constants and error codes as text. Owns how documentation looks, not what it says.

use super::Exit;
use super::console::Console;
use crate::base::diag::did_you_mean;
use crate::base::{Code, codes};
use crate::builtins::constants::CONSTANTS;
use crate::builtins::{self, Builtin, Default, Family, ParamKind};
use std::fmt::Write;

/// Chapters in the order of the list.
const FAMILIES: &[(Family, &str)] = &[
    (Family::Creation, "Making arrays"),
    (Family::Elementwise, "Element by element"),
    (Family::Reduction, "Reductions"),
    (Family::Scan, "Running reductions"),
    (Family::Order, "Order"),
    (Family::Shape, "Shapes and positions"),
    (Family::Linear, "Linear algebra"),
    (Family::Fourier, "Fourier transforms"),
    (Family::Random, "Random numbers"),
    (Family::Labels, "Dimensions and coordinates"),
    (Family::Files, "Files"),
    (Family::Talking, "Talking to the program"),
];

/// Width of lists of names.
const WIDTH: usize = 96;

/// Shows the documentation of a name, or the list of all.
pub fn command(console: &Console, name: Option<&str>) -> Exit {
    let Some(name) = name else {
        console.say("doc", &list());
        return Exit::Done;
    };
    match find(name) {
        Some(text) => {
            console.say("doc", &text);
            Exit::Done
        }
        None => console.fail(&format!("nothing is called `{name}`"), &hint(name)),
    }
}

/// The documentation of a built-in, a constant or an error code.
pub fn find(name: &str) -> Option<String> {
    if let Some(builtin) = builtins::find(name) {
        return Some(describe(builtin));
    }
    if let Some(constant) = CONSTANTS.iter().find(|constant| constant.name == name) {
        return Some(format!("{}\n\n{}\n", constant.name, constant.doc));
    }
    let code = Code::parse(&name.to_ascii_uppercase())?;
    let mut text = format!("{code}: {}\n\n{}\n", code.title(), code.explain());
    if !code.example().is_empty() {
        text += &indented("A program that has it:", code.example());
    }
    Some(text)
}

/// What to try instead of a name that nothing has.
pub fn hint(name: &str) -> String {
    if let Some(known) = did_you_mean(name, builtins::table().iter().map(|builtin| builtin.name)) {
        return format!("did you mean `{known}`?");
    }
    let part = |builtin: &&&Builtin| builtin.name.contains(name) || builtin.doc.to_lowercase().contains(&name.to_lowercase());
    let found: Vec<&str> = builtins::table().iter().filter(part).take(8).map(|builtin| builtin.name).collect();
    match found.is_empty() {
        true => "`kiln doc` lists all built-ins".to_string(),
        false => format!("these mention it: {}", found.join(", ")),
    }
}

/// `mean(x, over = …)`: required parameters by name, others with their default.
pub fn signature(builtin: &Builtin) -> String {
    let params = builtin.params.iter().map(|param| match (param.default, param.kind) {
        (_, ParamKind::Arrays | ParamKind::Shape | ParamKind::DimList | ParamKind::Names | ParamKind::Anything) => {
            format!("{}…", param.name)
        }
        (Default::Required, _) => param.name.to_string(),
        (Default::Absent, _) => format!("{} = …", param.name),
        (Default::Int(value), _) => format!("{} = {value}", param.name),
        (Default::Float(value), _) => format!("{} = {value:?}", param.name),
        (Default::Bool(value), _) => format!("{} = {value}", param.name),
        (Default::Text(value), _) => format!("{} = {value:?}", param.name),
    });
    format!("{}({})", builtin.name, params.collect::<Vec<_>>().join(", "))
}

fn describe(builtin: &Builtin) -> String {
    let mut text = format!("{}\n\n{}\n", signature(builtin), builtin.doc);
    for example in builtin.examples {
        let prints: String = example.prints.lines().map(|line| format!("\n#> {line}")).collect();
        text += &indented("", &format!("{}{prints}", example.code));
    }
    text
}

/// All built-ins by chapter, the constants, and the error codes.
pub fn list() -> String {
    let mut text = String::new();
    for (family, title) in FAMILIES {
        let names = builtins::table().iter().filter(|builtin| builtin.family == *family).map(|builtin| builtin.name);
        chapter(&mut text, title, names);
    }
    chapter(&mut text, "Constants", CONSTANTS.iter().map(|constant| constant.name));
    text += "Errors\n";
    for code in codes::ALL {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    {code}  {}", code.title());
    }
    text + "\n`kiln doc NAME` explains one of them, `?NAME` does so in the REPL.\n"
}

fn chapter<'a>(text: &mut String, title: &str, names: impl Iterator<Item = &'a str>) {
    let mut line = String::from("   ");
    *text += title;
    for name in names {
        if line.len() + name.len() >= WIDTH {
            *text += &format!("\n{line}");
            line = String::from("   ");
        }
        line += &format!(" {name}");
    }
    *text += &format!("\n{line}\n\n");
}

fn indented(title: &str, code: &str) -> String {
    let lines: String = code.lines().map(|line| format!("    {line}\n")).collect();
    if title.is_empty() { format!("\n{lines}") } else { format!("\n{title}\n{lines}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_is_in_the_list_and_explained() {
        let list = list();
        for builtin in builtins::table() {
            assert!(list.split_whitespace().any(|word| word == builtin.name), "{}", builtin.name);
            assert!(find(builtin.name).is_some_and(|text| text.starts_with(builtin.name)), "{}", builtin.name);
        }
        for code in codes::ALL {
            assert!(find(&code.to_string()).is_some_and(|text| text.contains(code.explain())), "{code}");
        }
        assert_eq!(find("no_such_name"), None);
        assert_eq!(hint("maen"), "did you mean `mean`?");
    }
}
