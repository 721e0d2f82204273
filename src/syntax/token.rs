//! Kinds of tokens: what each is called in messages, which ones continue a statement on the next line, and how each is coloured.
//! Tokens hold no text; their value is read from the source by the parser's actions.

use std::fmt;

/// A token: its kind and its bytes in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    pub start: u32,
    pub end: u32,
}

macro_rules! kinds {
    ($($kind:ident $name:literal $class:ident;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $($kind),* }

        impl Kind {
            /// The name in messages and in the grammar: the symbol itself, or words.
            pub fn name(self) -> &'static str { match self { $(Kind::$kind => $name),* } }
            /// What the token is for the eye.
            pub fn class(self) -> TokenClass { match self { $(Kind::$kind => TokenClass::$class),* } }
        }
    };
}

/// What a piece of text is, for highlighting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenClass {
    Keyword,
    Name,
    /// A name that is called.
    Function,
    Number,
    Text,
    Operator,
    Punctuation,
    Comment,
}

kinds! {
    Ident "name" Name;
    Number "number" Number;
    TextBegin "text" Text;
    TextChunk "text chunk" Text;
    InterpBegin "interp {" Punctuation;
    InterpFormat "format" Text;
    InterpEnd "interp }" Punctuation;
    TextEnd "end of text" Text;
    Newline "newline" Punctuation;
    Semi ";" Punctuation;
    And "and" Keyword;
    As "as" Keyword;
    Assert "assert" Keyword;
    Break "break" Keyword;
    By "by" Keyword;
    Continue "continue" Keyword;
    Each "each" Keyword;
    Else "else" Keyword;
    False "false" Keyword;
    Fn "fn" Keyword;
    For "for" Keyword;
    If "if" Keyword;
    In "in" Keyword;
    Not "not" Keyword;
    Or "or" Keyword;
    Par "par" Keyword;
    Return "return" Keyword;
    True "true" Keyword;
    Use "use" Keyword;
    While "while" Keyword;
    LParen "(" Punctuation;
    LambdaParen "lambda (" Punctuation;
    RParen ")" Punctuation;
    LBracket "[" Punctuation;
    RBracket "]" Punctuation;
    LBrace "{" Punctuation;
    RBrace "}" Punctuation;
    Comma "," Punctuation;
    Dot "." Operator;
    Colon ":" Punctuation;
    Arrow "->" Operator;
    Assign "=" Operator;
    AddAssign "+=" Operator;
    SubAssign "-=" Operator;
    MulAssign "*=" Operator;
    DivAssign "/=" Operator;
    FloorDivAssign "//=" Operator;
    RemAssign "%=" Operator;
    MatMulAssign "@=" Operator;
    PowAssign "**=" Operator;
    DotDot ".." Operator;
    DotDotEq "..=" Operator;
    Plus "+" Operator;
    Minus "-" Operator;
    Star "*" Operator;
    Slash "/" Operator;
    SlashSlash "//" Operator;
    Percent "%" Operator;
    At "@" Operator;
    StarStar "**" Operator;
    EqEq "==" Operator;
    NotEq "!=" Operator;
    Lt "<" Operator;
    Le "<=" Operator;
    Gt ">" Operator;
    Ge ">=" Operator;
}

impl Kind {
    /// The keyword a word is; `as`, `by` and `par` are keywords only where they stand as such, see the lexer.
    pub fn keyword(word: &str) -> Option<Kind> {
        Some(match word {
            "and" => Kind::And,
            "as" => Kind::As,
            "assert" => Kind::Assert,
            "break" => Kind::Break,
            "by" => Kind::By,
            "continue" => Kind::Continue,
            "each" => Kind::Each,
            "else" => Kind::Else,
            "false" => Kind::False,
            "fn" => Kind::Fn,
            "for" => Kind::For,
            "if" => Kind::If,
            "in" => Kind::In,
            "not" => Kind::Not,
            "or" => Kind::Or,
            "par" => Kind::Par,
            "return" => Kind::Return,
            "true" => Kind::True,
            "use" => Kind::Use,
            "while" => Kind::While,
            _ => return None,
        })
    }

    /// The operator, bracket or mark that a text starts with, longest first, and its length.
    pub fn symbol(text: &[u8]) -> Option<(Kind, usize)> {
        let three = match text.get(..3) {
            Some(b"**=") => Some(Kind::PowAssign),
            Some(b"//=") => Some(Kind::FloorDivAssign),
            Some(b"..=") if text.get(3) != Some(&b'=') => Some(Kind::DotDotEq),
            _ => None,
        };
        let two = || match text.get(..2)? {
            b"->" => Some(Kind::Arrow),
            b"+=" => Some(Kind::AddAssign),
            b"-=" => Some(Kind::SubAssign),
            b"*=" => Some(Kind::MulAssign),
            b"/=" => Some(Kind::DivAssign),
            b"%=" => Some(Kind::RemAssign),
            b"@=" => Some(Kind::MatMulAssign),
            b".." => Some(Kind::DotDot),
            b"//" => Some(Kind::SlashSlash),
            b"**" => Some(Kind::StarStar),
            b"==" => Some(Kind::EqEq),
            b"!=" => Some(Kind::NotEq),
            b"<=" => Some(Kind::Le),
            b">=" => Some(Kind::Ge),
            _ => None,
        };
        let one = || match text.first()? {
            b';' => Some(Kind::Semi),
            b'(' => Some(Kind::LParen),
            b')' => Some(Kind::RParen),
            b'[' => Some(Kind::LBracket),
            b']' => Some(Kind::RBracket),
            b'{' => Some(Kind::LBrace),
            b'}' => Some(Kind::RBrace),
            b',' => Some(Kind::Comma),
            b'.' => Some(Kind::Dot),
            b':' => Some(Kind::Colon),
            b'=' => Some(Kind::Assign),
            b'+' => Some(Kind::Plus),
            b'-' => Some(Kind::Minus),
            b'*' => Some(Kind::Star),
            b'/' => Some(Kind::Slash),
            b'%' => Some(Kind::Percent),
            b'@' => Some(Kind::At),
            b'<' => Some(Kind::Lt),
            b'>' => Some(Kind::Gt),
            _ => None,
        };
        three.map(|kind| (kind, 3)).or_else(|| two().map(|kind| (kind, 2))).or_else(|| one().map(|kind| (kind, 1)))
    }

    /// An operand may end with this token: what follows is an operator, not an operand.
    pub fn ends_operand(self) -> bool {
        use Kind::*;
        matches!(self, Ident | Number | TextEnd | True | False | RParen | RBracket | RBrace)
    }

    /// A newline after this token does not end the statement: operators, commas and opening brackets.
    pub fn continues(self) -> bool {
        self.opens() || matches!(self, Kind::Comma | Kind::Colon) || self.is_operator()
    }

    /// Operators, in words too.
    pub fn is_operator(self) -> bool {
        self.class() == TokenClass::Operator || matches!(self, Kind::And | Kind::Or | Kind::Not | Kind::By | Kind::In)
    }

    /// The comparison operators.
    pub fn is_comparison(self) -> bool {
        use Kind::*;
        matches!(self, EqEq | NotEq | Lt | Le | Gt | Ge)
    }

    /// `(`, `[`, `{` and the brace in a string.
    pub fn opens(self) -> bool {
        self.closer().is_some() && self != Kind::TextBegin
    }

    /// What closes an opening token.
    pub fn closer(self) -> Option<Kind> {
        Some(match self {
            Kind::LParen | Kind::LambdaParen => Kind::RParen,
            Kind::LBracket => Kind::RBracket,
            Kind::LBrace => Kind::RBrace,
            Kind::InterpBegin => Kind::InterpEnd,
            Kind::TextBegin => Kind::TextEnd,
            _ => return None,
        })
    }

    /// Statements that never stand directly between round or square brackets.
    pub fn starts_statement_only(self) -> bool {
        use Kind::*;
        matches!(self, Assert | Break | Continue | Fn | For | Par | Return | Use | While)
    }

    /// Makes the tree deeper by a level, as far as one can tell from the token.
    pub fn deepens(self) -> bool {
        self.is_operator() || self.opens() || matches!(self, Kind::If | Kind::Else)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
