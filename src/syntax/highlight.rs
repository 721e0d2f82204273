//! What each piece of a text is, for colours in the REPL and in editors. Works on texts that are wrong or unfinished.

use super::lexer;
use super::token::{Kind, TokenClass};
use crate::base::SourceId;
use std::ops::Range;

/// The pieces of a text that have a class, in order and apart from each other; spaces and what is unreadable are left out.
pub fn highlight(text: &str) -> Vec<(Range<usize>, TokenClass)> {
    let lexed = lexer::lex(SourceId::default(), text);
    let tokens = &lexed.tokens;
    let mut pieces: Vec<(Range<usize>, TokenClass)> = Vec::with_capacity(tokens.len() + lexed.comments.len());
    for (index, token) in tokens.iter().enumerate() {
        let called = tokens.get(index + 1).is_some_and(|next| next.kind == Kind::LParen && next.start == token.end);
        let class = if token.kind == Kind::Ident && called { TokenClass::Function } else { token.kind.class() };
        if token.kind != Kind::Newline && token.start < token.end {
            pieces.push((token.start as usize..token.end as usize, class));
        }
    }
    pieces.extend(lexed.comments.iter().map(|comment| (comment.start as usize..comment.end as usize, TokenClass::Comment)));
    pieces.sort_by_key(|(range, _)| range.start);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_follow_the_tokens_also_in_wrong_texts() {
        let text = "fn f(x) = \"a{x}\" # c\n1.5 § (";
        let found: Vec<(&str, TokenClass)> = highlight(text).into_iter().map(|(range, class)| (&text[range], class)).collect();
        use TokenClass::*;
        let expected = [
            ("fn", Keyword),
            ("f", Function),
            ("(", Punctuation),
            ("x", Name),
            (")", Punctuation),
            ("=", Operator),
            ("\"", Text),
            ("a", Text),
            ("{", Punctuation),
            ("x", Name),
            ("}", Punctuation),
            ("\"", Text),
            ("# c", Comment),
            ("1.5", Number),
            ("(", Punctuation),
        ];
        assert_eq!(found, expected);
        for text in ["\"", "\"abc {", "\"a {x # c\ny", "'", "\"a {x", "((((", "))))", "x ="] {
            let pieces = highlight(text);
            assert!(pieces.iter().all(|(range, _)| text.get(range.clone()).is_some()), "{text}");
            assert!(pieces.windows(2).all(|pair| pair[0].0.end <= pair[1].0.start), "{text}");
        }
    }
}
