//! Inside of strings: where literal text ends, what escapes mean. `{{` and `}}` are braces.

use std::ops::Range;

/// What ends a piece of literal text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkEnd {
    Quote,
    /// `{`: a value follows.
    Brace,
    /// `}` alone.
    StrayBrace,
    /// The line ends before the string does.
    Line,
}

/// Bytes of literal text at the start, and what ends it.
pub fn chunk_length(text: &str) -> (usize, ChunkEnd) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let next = bytes.get(at + 1);
        match byte {
            b'"' => return (at, ChunkEnd::Quote),
            b'\n' => break,
            b'\\' if code_point(&text[at..]).is_some() => at += code_point(&text[at..]).map_or(2, |(_, length)| length),
            b'\\' if next.is_some_and(|next| *next != b'\n') => at += 2,
            b'{' | b'}' if next == Some(byte) => at += 2,
            b'{' => return (at, ChunkEnd::Brace),
            b'}' => return (at, ChunkEnd::StrayBrace),
            _ => at += 1,
        }
    }
    (at, ChunkEnd::Line)
}

/// What may stand after a backslash.
pub const ESCAPES_HELP: &str = "escapes are \\n \\t \\r \\0 \\\" \\\\ and \\u{1F600}; a backslash itself is \\\\";

/// The text that a literal piece stands for, and what is wrong in it.
pub fn unescape(raw: &str) -> (String, Vec<(Range<usize>, String)>) {
    let mut out = String::with_capacity(raw.len());
    let mut errors = Vec::new();
    let mut chars = raw.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == '{' || c == '}' {
            out.push(c);
            chars.next();
            continue;
        }
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some((_, 'n')) => out.push('\n'),
            Some((_, 't')) => out.push('\t'),
            Some((_, 'r')) => out.push('\r'),
            Some((_, '0')) => out.push('\0'),
            Some((_, quoted @ ('"' | '\\'))) => out.push(quoted),
            Some((_, 'u')) => match code_point(&raw[at..]) {
                Some((point, length)) => {
                    out.push(point);
                    while chars.next_if(|(next, _)| *next < at + length).is_some() {}
                }
                None => errors.push((at..at + 2, "`\\u` needs the hexadecimal number of a character in braces".to_string())),
            },
            Some((next, other)) => errors.push((at..next + other.len_utf8(), format!("`\\{other}` is not an escape"))),
            None => errors.push((at..at + 1, "`\\` at the end of a line is not an escape".to_string())),
        }
    }
    (out, errors)
}

/// The character of `\u{1F600}` and the bytes it takes.
fn code_point(text: &str) -> Option<(char, usize)> {
    let digits = text.strip_prefix("\\u{")?;
    let end = digits.find('}').filter(|end| *end <= 6)?;
    let point = u32::from_str_radix(&digits[..end], 16).ok().and_then(char::from_u32)?;
    Some((point, end + 4))
}
