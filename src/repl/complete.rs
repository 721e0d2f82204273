//! Completion and hints as functions of the text before the cursor and the names that are known. No terminal, no files.

use super::command::COMMANDS;
use super::names::{Names, fields};
use crate::builtins::constants::CONSTANTS;
use crate::builtins::{self, Builtin};
use crate::cli::doc::signature;
use crate::syntax::TokenClass;
use crate::syntax::token::Kind;

/// Words that start something.
const KEYWORDS: &[&str] = &[
    "and", "assert", "break", "by", "continue", "each", "else", "false", "fn", "for", "if", "in", "not", "or", "par", "return", "true",
    "use", "while",
];

/// What the cursor stands in.
#[derive(Debug, PartialEq)]
pub enum Place<'a> {
    /// A string that is open: paths.
    Text,
    /// A word, from this byte on; `owner` is the name before its dot.
    Word { start: usize, owner: Option<&'a str> },
    /// `:word`, from after the colon.
    Command { start: usize },
    /// `:load path`.
    CommandPath,
}

/// What the end of `text` stands in.
pub fn place(text: &str) -> Place<'_> {
    let start = text.rfind(|c: char| !is_name(c)).map_or(0, |at| at + text[at..].chars().next().map_or(0, char::len_utf8));
    if let Some(rest) = text.trim_start().strip_prefix(':') {
        return match rest.split_once(char::is_whitespace) {
            None => Place::Command { start },
            Some(("load" | "save", _)) => Place::CommandPath,
            Some(_) => word(text, start),
        };
    }
    if in_text(text) { Place::Text } else { word(text, start) }
}

fn word(text: &str, start: usize) -> Place<'_> {
    let owner = text[..start].strip_suffix('.').map(|before| {
        let from = before.rfind(|c: char| !is_name(c)).map_or(0, |at| at + before[at..].chars().next().map_or(0, char::len_utf8));
        &before[from..]
    });
    Place::Word { start, owner }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether a string is open at the end of a text.
fn in_text(text: &str) -> bool {
    let line = text.rsplit('\n').next().unwrap_or(text);
    let mut open = false;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => open = !open,
            '\\' if open => {
                chars.next();
            }
            '#' if !open => return false,
            _ => {}
        }
    }
    open
}

/// Names that begin with the word at the cursor, sorted, without paths.
pub fn words(text: &str, names: &Names) -> Vec<String> {
    let mut found: Vec<String> = match place(text) {
        Place::Text | Place::CommandPath => return Vec::new(),
        Place::Command { start } => starting(&text[start..], COMMANDS.iter().map(|command| command.name)),
        Place::Word { start, owner: Some(owner) } => members(&text[start..], owner, names),
        Place::Word { start, owner: None } => {
            let word = &text[start..];
            let mut found = starting(word, names.variables.iter().map(|(name, _)| name.as_str()));
            found.extend(starting(word, names.functions.iter().map(|(name, _)| name.as_str())));
            found.extend(starting(word, builtins::table().iter().map(|builtin| builtin.name.split('.').next().unwrap_or(builtin.name))));
            found.extend(starting(word, CONSTANTS.iter().map(|constant| constant.name)));
            found.extend(starting(word, KEYWORDS.iter().copied()));
            found.extend(starting(word, names.dims()));
            found
        }
    };
    found.sort();
    found.dedup();
    found
}

/// Fields of a value, or the functions that it can be given to.
fn members(word: &str, owner: &str, names: &Names) -> Vec<String> {
    let inside: Vec<&str> = builtins::table().iter().filter_map(|builtin| builtin.name.strip_prefix(owner)?.strip_prefix('.')).collect();
    if !inside.is_empty() && names.ty(owner).is_none() {
        return starting(word, inside);
    }
    let mut found = names.ty(owner).map_or(Vec::new(), |ty| starting(word, fields(ty)));
    let methods = builtins::table().iter().filter(|builtin| !builtin.params.is_empty() && !builtin.name.contains('.'));
    found.extend(starting(word, methods.map(|builtin| builtin.name)));
    found.extend(starting(word, names.functions.iter().map(|(name, _)| name.as_str())));
    found
}

fn starting<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    names.into_iter().filter(|name| name.starts_with(word)).map(str::to_string).collect()
}

/// The parameters of the call that the text ends in.
pub fn hint(text: &str, names: &Names) -> Option<String> {
    let pieces = crate::syntax::highlight(text);
    let mut depth = 0;
    for (at, (range, class)) in pieces.iter().enumerate().rev() {
        if *class != TokenClass::Punctuation {
            continue;
        }
        match text.get(range.clone())? {
            ")" | "]" | "}" => depth += 1,
            "(" | "[" | "{" if depth > 0 => depth -= 1,
            "(" => {
                let (name, class) = pieces.get(at.checked_sub(1)?)?;
                if *class != TokenClass::Function || Kind::keyword(text.get(name.clone())?).is_some() {
                    return None;
                }
                let name = &text[name.clone()];
                let own = names.functions.iter().find(|(known, _)| **known == *name).map(|(_, signature)| signature.clone());
                return own.or_else(|| called(text, name).map(signature));
            }
            "[" | "{" => return None,
            _ => {}
        }
    }
    None
}

/// The built-in of a name that is called at the end of a text: `mean`, or `random.uniform` by both its words.
fn called(text: &str, name: &str) -> Option<&'static Builtin> {
    builtins::find(name).or_else(|| {
        let inside =
            |builtin: &&&'static Builtin| builtin.name.contains('.') && builtin.name.ends_with(name) && text.contains(builtin.name);
        builtins::table().iter().find(inside).copied()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::{ArrayTy, DType, Dim};
    use crate::base::Name;
    use crate::types::Ty;

    fn names() -> Names {
        let mut ty = ArrayTy::scalar(DType::F64);
        ty.dims.push(Dim::named("latitude", 3));
        let record = Ty::Record(vec![(Name::from("dy"), Ty::scalar(DType::I64)), (Name::from("dx"), Ty::scalar(DType::I64))]);
        Names {
            variables: vec![(Name::from("sst"), Ty::Array(ty)), (Name::from("r"), record)],
            functions: vec![(Name::from("smooth"), "smooth(x, rate)".into())],
        }
    }

    #[test]
    fn finds_the_place() {
        assert_eq!(place("x = open(\"a"), Place::Text);
        assert_eq!(place("x = \"a\" + me"), Place::Word { start: 10, owner: None });
        assert_eq!(place("sst.me"), Place::Word { start: 4, owner: Some("sst") });
        assert_eq!(place("f(x).me"), Place::Word { start: 5, owner: Some("") });
        assert_eq!(place(":gr"), Place::Command { start: 1 });
        assert_eq!(place(":load a/b"), Place::CommandPath);
        assert_eq!(place(":type ss"), Place::Word { start: 6, owner: None });
        assert_eq!(place("?me"), Place::Word { start: 1, owner: None });
        assert_eq!(place("# \"a"), Place::Word { start: 3, owner: None });
        assert_eq!(place(""), Place::Word { start: 0, owner: None });
        assert_eq!(place("ö→ä"), Place::Word { start: 5, owner: None });
    }

    #[test]
    fn completes_names_fields_dimensions_and_commands() {
        let names = names();
        assert!(words("r.d", &names).contains(&"dx".to_string()));
        assert!(words("sst.mea", &names).contains(&"mean".to_string()));
        assert!(words("sst.mean(over = lat", &names).contains(&"latitude".to_string()));
        assert!(words("smo", &names).contains(&"smooth".to_string()));
        assert!(words("random.uni", &names).contains(&"uniform".to_string()));
        assert!(words(":gr", &names).contains(&"graph".to_string()));
        assert!(words("\"me", &names).is_empty());
        assert!(words("whil", &names).contains(&"while".to_string()));
    }

    #[test]
    fn hints_at_the_parameters_of_the_call() {
        let names = names();
        assert_eq!(hint("smooth(", &names).as_deref(), Some("smooth(x, rate)"));
        assert_eq!(hint("1 + smooth(sqrt(2), [1, 2], ", &names).as_deref(), Some("smooth(x, rate)"));
        assert!(hint("sst.mean(", &names).is_some_and(|hint| hint.starts_with("mean(")));
        assert!(hint("random.uniform(", &names).is_some_and(|hint| hint.starts_with("random.uniform(")));
        for text in ["", "(", "1 + (", "smooth(1)", "sst[", "smooth", "\"smooth(", "nothing(", "if (", ")"] {
            assert_eq!(hint(text, &names), None, "{text}");
        }
    }
}
