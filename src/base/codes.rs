//! The registry of error codes: one code, one title, one explanation, one failing example (a test) each.
//! K01xx text and syntax, K02xx names, K03xx types, K04xx shapes and dimensions, K05xx running, K06xx files, K07xx limits, K08xx kernels.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! codes {
    ($($id:ident = $number:literal, $title:literal, $explain:literal, $example:literal;)*) => {
        /// An error code, shown as `K0102`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Code { $($id = $number),* }

        /// All codes, in order.
        pub const ALL: &[Code] = &[$(Code::$id),*];

        impl Code {
            /// What went wrong, in a few words.
            pub fn title(self) -> &'static str { match self { $(Code::$id => $title),* } }
            /// Why it is an error and what to do.
            pub fn explain(self) -> &'static str { match self { $(Code::$id => $explain),* } }
            /// A program that has this error; empty where it needs a file or a machine to show it.
            pub fn example(self) -> &'static str { match self { $(Code::$id => $example),* } }
        }
    };
}

codes! {
    Utf8 = 101, "text is not UTF-8", "Programs are UTF-8 text. The message gives the byte where the text stops being UTF-8.", "";
    Syntax = 102, "syntax", "The text is not a program. The message says what was found and what could have stood there.", "x = = 1";
    Unclosed = 103, "unclosed bracket or string", "A bracket or string that was opened is never closed.", "x = (1 + 2";
    Number = 104, "number", "A number cannot be read, or does not fit its dtype.", "x = 300u8";
    TooDeep = 105, "too deeply nested", "Brackets may nest 256 deep, and 500 operators and brackets may be open at one point (a sum of 501 terms), so that no program can exhaust the stack. Name a part of it, or use a loop or a list.", "";
    UnknownName = 201, "unknown name", "No variable, function or built-in has this name here.", "print(maen)";
    UnknownField = 202, "unknown field", "The value has no field, variable or method of this name.", "r = (dy = 1)\nprint(r.dz)";
    UnknownParameter = 203, "unknown parameter", "The function has no parameter of this name, or it was given twice.", "zeros(3).mean(ovr = 0)";
    Arguments = 204, "wrong number of arguments", "A call gives too many arguments, or leaves out one that has no default.", "print(sqrt())";
    AssignOutside = 205, "assignment into a value", "Only arrays and variables local to a function can be changed in place; arrays are values.", "x = zeros(3)\nx[0] = 1.0";
    Unused = 206, "unused variable", "A function binds a variable that nothing reads. A warning.", "";
    Shadowed = 207, "built-in hidden", "A function has the name of a built-in one, which it hides from here on. A warning.", "";
    Unreachable = 208, "never reached", "A statement stands behind a `return`, `break` or `continue`. A warning.", "";
    Type = 301, "wrong type", "A value of one type stands where another is needed.", "print(sqrt(\"a\"))";
    Dtype = 302, "dtypes do not go together", "No dtype holds both operands exactly enough (`i64` with `u64`), or the function is not defined for the dtype. Convert one: `x.as(f64)`.", "print(1i64 + 2u64)";
    Condition = 303, "condition is not a bool", "`if`, `while`, `and`, `or` and `not` take one bool. For arrays use `any`, `all` or `where`.", "if zeros(3) > 0 { print(1) }";
    Branches = 304, "branches of different types", "Both branches of an `if`, or all passes of a loop, must give a variable one type.", "x = if true { 1 } else { \"a\" }";
    Annotation = 305, "annotation does not hold", "The value is not of the type that the annotation states.", "x: f64[3] = zeros(4)";
    Shape = 401, "shapes do not fit", "Sizes of two arrays differ where they must be equal or 1.", "print(zeros(3) + zeros(4))";
    Rank = 402, "wrong number of dimensions", "The array has more or fewer dimensions than the operation takes.", "print(zeros(3)[0, 0])";
    UnknownDim = 403, "unknown dimension", "The array has no dimension of this name or position.", "print(zeros(3).mean(over = tim))";
    NamedUnnamed = 404, "named meets unnamed", "A named dimension does not meet an unnamed one by position. Name it: `x.named(row, col)`.", "print(zeros(3, 4).named(row, col) + zeros(3, 4))";
    Coordinates = 405, "coordinates differ", "Two arrays share a dimension whose coordinates are not equal. `align(a, b)` joins them.", "";
    Bounds = 501, "index outside the array", "An index is outside the array. The message names index, size and place.", "print(zeros(3)[5])";
    DivideByZero = 502, "integer division by zero", "An integer was divided by zero.", "print(1 // 0)";
    Overflow = 503, "integer overflow", "With --checked an integer operation left the range of its dtype.", "";
    Recursion = 504, "recursion too deep", "A function called itself more often than the stack holds.", "fn f(n) { f(n + 1) }\nprint(f(0))";
    Assertion = 505, "assertion failed", "The condition of an `assert` was false, or `error` was called.", "assert 1 > 2, \"one is not more than two\"";
    Cancelled = 506, "stopped", "The run was stopped by the user. The session keeps its values.", "";
    Value = 507, "value outside the domain", "An argument has a value that the function does not take.", "print(linspace(0, 1, -3))";
    File = 601, "file", "A file cannot be opened, read or written. The message gives the path and the reason.", "x = open(\"no-such-file.nc\")";
    Format = 602, "damaged or foreign file", "The file is not of a format Kiln reads, or is damaged. The message gives the path and the reason.", "";
    UnknownVariable = 603, "no such variable in the file", "The file has no variable or group of this name.", "";
    SaveOverInput = 604, "saving over an input", "A program must not save over a file that it still reads.", "";
    Memory = 701, "memory limit", "The forecast of a plan's peak memory is above the limit, or a compiled function's own arrays find no room in it. The message names the line that needs most.", "";
    Parallel = 801, "par for cannot be proven parallel", "Two iterations may touch the same element. The message names both places.", "";
    NotInKernel = 802, "not possible in a compiled function", "A function that loops and indexes is compiled whole; this cannot be compiled. Move it out of the function.", "";
    Unsupported = 901, "not built yet", "The language has this, this version does not.", "";
    Internal = 999, "internal error", "A fault in Kiln itself. Please report it with the program that shows it.", "";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "K{:04}", *self as u16)
    }
}

impl Code {
    /// The code that a text such as `K0102` names.
    pub fn parse(text: &str) -> Option<Code> {
        let number: u16 = text.strip_prefix('K')?.parse().ok()?;
        ALL.iter().copied().find(|code| *code as u16 == number)
    }
}
