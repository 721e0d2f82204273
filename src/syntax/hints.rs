//! What people write who come from another language, and what it is called here. Owns words and symbols, no parsing.

use super::token::Kind;

/// An operator of another language that the text starts with, and what stands for it here. `long` looks only for those that must be
/// seen before Kiln's own symbols.
pub fn foreign_symbol(text: &str, long: bool) -> Option<(&'static str, Kind)> {
    const LONG: [(&str, Kind); 9] = [
        ("&&", Kind::And),
        ("||", Kind::Or),
        ("===", Kind::EqEq),
        ("!==", Kind::NotEq),
        ("<>", Kind::NotEq),
        (":=", Kind::Assign),
        ("=>", Kind::Arrow),
        ("...", Kind::DotDot),
        ("..<", Kind::DotDot),
    ];
    const SHORT: [(&str, Kind); 13] = [
        ("&", Kind::And),
        ("|", Kind::Or),
        ("!", Kind::Not),
        ("~", Kind::Not),
        ("^", Kind::StarStar),
        ("−", Kind::Minus),
        ("×", Kind::Star),
        ("÷", Kind::Slash),
        ("≤", Kind::Le),
        ("≥", Kind::Ge),
        ("≠", Kind::NotEq),
        ("→", Kind::Arrow),
        ("…", Kind::DotDot),
    ];
    let table: &[(&str, Kind)] = if long { &LONG } else { &SHORT };
    table.iter().copied().find(|(written, _)| text.starts_with(written))
}

/// What to write for such an operator.
pub fn foreign_symbol_help(written: &str, kind: Kind) -> String {
    match written {
        "^" => "a power is `**`; exclusive or of bits is `bitwise_xor(a, b)`".to_string(),
        "&" => "write `and`; for bits `bitwise_and(a, b)`".to_string(),
        "|" => "write `or`; for bits `bitwise_or(a, b)`".to_string(),
        "~" => "write `not`; for bits `invert(a)`".to_string(),
        "!" => "write `not x`; `!=` has no space".to_string(),
        _ => format!("write `{kind}`"),
    }
}

/// The quote that closes a string opened by a quote that is not Kiln's.
pub fn foreign_quote(open: char) -> Option<char> {
    match open {
        '\'' => Some('\''),
        '“' | '„' | '”' => Some('”'),
        '‘' => Some('’'),
        '`' => Some('`'),
        _ => None,
    }
}

/// Help for a character that starts no token.
pub fn unknown_character(c: char) -> Option<&'static str> {
    match c {
        '\\' => Some("a statement goes on after an operator, a comma, within `( )` and `[ ]`, and on a line that starts with `.`"),
        '?' => Some("a choice is `if c { a } else { b }`; help on a name is `?name` on a line of its own in the REPL"),
        '$' => Some("a value goes into a text as \"{x}\""),
        _ => None,
    }
}

pub const LAMBDA: &str = "a function value is `x -> x + 1`";
const BLOCK: &str = "blocks stand in braces: `if c { … }`";
const ELSE_IF: &str = "write `else if`";

/// Help where a word of another language stands before the place at which the text stops making sense.
pub fn word_before(word: &str) -> Option<&'static str> {
    Some(match word {
        "def" | "function" | "func" | "fun" => "a function is `fn f(x) { … }`",
        "import" | "from" | "include" | "using" | "require" => "a module is taken in by `use \"file.kiln\" as m`",
        "let" | "var" | "const" | "mut" | "global" | "local" | "auto" => "a variable needs no word before it: `x = 1`",
        "print" | "println" | "echo" | "puts" => "a call takes brackets: `print(x)`",
        "elif" | "elsif" | "elseif" => ELSE_IF,
        "lambda" => LAMBDA,
        "raise" | "throw" => "to stop with an error, write `error(\"message\")`",
        "class" | "struct" | "type" => "there are no classes: a record is `(a = 1, b = 2)`",
        "del" | "delete" | "async" | "await" | "yield" | "try" | "with" | "match" | "switch" => "Kiln has no such statement",
        _ => return None,
    })
}

/// Help where a word of another language stands at that place.
pub fn word_here(word: &str) -> Option<&'static str> {
    Some(match word {
        "elif" | "elsif" | "elseif" => ELSE_IF,
        "is" => "write `==`",
        "then" | "do" => BLOCK,
        "mod" => "the remainder is `%`",
        "div" => "integer division is `//`",
        "xor" => "exclusive or is `logical_xor(a, b)`",
        _ => return None,
    })
}
