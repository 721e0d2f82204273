//! The one table of built-in functions: a file per family; an entry holds name, parameters, documentation, examples and its definition
//! over `Build`. Help, completion, type checking, the examples as tests and every lowering come from it.

mod arithmetic;
mod axes;
pub mod build;
pub mod call;
mod comparison;
mod complex;
pub mod constants;
mod convolution;
mod coords;
mod creation;
mod differences;
mod distributions;
mod draws;
pub mod edge;
mod einsum;
mod exp_log;
mod fill;
mod fourier;
mod grids;
mod grouped;
mod histograms;
mod hypotheses;
mod join;
mod labels;
mod limits;
mod linear;
mod lookup;
mod masks;
pub(crate) mod matrices;
mod moments;
mod norms;
mod numbers;
mod order;
mod parts;
mod polynomials;
mod positions;
mod products;
mod quantile;
mod random;
mod rearrange;
mod reductions;
mod reindex;
pub mod renamed;
mod repeat;
mod rounding;
mod scan;
mod sets;
mod shape;
mod solving;
mod special;
mod talking;
mod tall;
#[cfg(test)]
mod tests;
mod time;
mod trig;
pub mod typed;
pub mod values;

pub use call::apply;
pub use parts::{cast, elementwise};

use crate::base::{Name, Outcome, Span};
use crate::ops::ScalarOp;
use crate::syntax::ast::{BinaryOp, UnaryOp};
use build::{Build, Value};
use rustc_hash::FxHashMap;
use std::sync::OnceLock;

/// One built-in function.
pub struct Builtin {
    /// `mean`, `random.uniform`.
    pub name: &'static str,
    pub family: Family,
    pub params: &'static [Param],
    /// First line: what it gives. Then shapes, dtypes, errors, cost, source of the algorithm.
    pub doc: &'static str,
    /// Programs and what they print; run as tests.
    pub examples: &'static [Example],
    pub define: Define,
}

impl Builtin {
    /// Whether it is a part of datetimes: `month`.
    pub fn is_time_part(&self) -> bool {
        time::TABLE.iter().any(|part| part.name == self.name && part.family == Family::Elementwise)
    }
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Chapters of the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    Creation,
    Elementwise,
    Reduction,
    Shape,
    Scan,
    Order,
    Linear,
    Fourier,
    Random,
    Labels,
    Files,
    Talking,
}

pub struct Example {
    pub code: &'static str,
    pub prints: &'static str,
}

/// A parameter: how it is called, what it takes, what it is when it is left out.
pub struct Param {
    pub name: &'static str,
    pub kind: ParamKind,
    pub default: Default,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Default {
    Required,
    /// The definition sees that it is absent.
    Absent,
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(&'static str),
}

/// What a parameter takes; `sema` reads arguments accordingly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// An array or scalar.
    Array,
    /// An array or scalar as it is: quantiles, edges. A literal keeps its dtype beside arrays.
    Apart,
    /// An integer scalar as it is: a count, a shift, a seed. A literal keeps its dtype beside arrays.
    Int,
    /// Integers as they are, a scalar or an array of them: positions. A literal keeps its dtype beside arrays.
    Index,
    /// Any number of arrays; the last parameter by position.
    Arrays,
    /// Sizes: integers, one after another or as one tuple or list; the last parameter by position.
    Shape,
    /// Integers: one, or several as one tuple or list.
    Ints,
    /// Dimensions: one name or position, or several as a tuple. Names stand as they are: `over = time`.
    Dims,
    /// Dimensions, one after another or as one tuple; the last parameter by position: `x.named(row, col)`.
    DimList,
    /// New names of dimensions by their old ones, the last parameter: `lat = y`.
    Names,
    /// A dtype, or a dtype with a shape: `f64`, `f64[4000, 4000]`.
    Type,
    /// A bool, number or text that must be known when the program is checked.
    Flag,
    Text,
    Function,
    /// Anything, any number of times, named ones too: `print`, `save`.
    Anything,
}

/// How a built-in is defined.
pub enum Define {
    /// Elementwise with broadcasting; operands are promoted as `types` says for the operation.
    Elementwise(ScalarOp),
    /// Built from the primitives of `Build`: the types, the graph and the kernels all follow from this one definition.
    Build(fn(&mut dyn Build, &Args) -> Outcome<Value>),
    /// Done by the session in program order.
    Effect(Effect),
}

/// What is not a value: it happens where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    Print,
    Save,
    Open,
    Exists,
    Explain,
    Compute,
    Time,
    Error,
}

/// Arguments in the order of the parameters; variadic ones in `rest`.
pub struct Args {
    pub values: Vec<Option<Value>>,
    /// Values of the variadic last parameter, with the names they were given.
    pub rest: Vec<(Option<Name>, Value)>,
    /// Where each argument stands, parallel to `values`; the call's span where it is absent.
    pub spans: Vec<Span>,
    pub span: Span,
}

/// The families' tables.
const FAMILIES: &[&[Builtin]] = &[
    arithmetic::TABLE,
    comparison::TABLE,
    complex::TABLE,
    coords::TABLE,
    convolution::TABLE,
    creation::TABLE,
    differences::TABLE,
    distributions::TABLE,
    draws::TABLE,
    einsum::TABLE,
    exp_log::TABLE,
    fill::TABLE,
    grids::TABLE,
    join::TABLE,
    grouped::TABLE,
    histograms::TABLE,
    hypotheses::TABLE,
    fourier::TABLE,
    labels::TABLE,
    limits::TABLE,
    linear::TABLE,
    masks::TABLE,
    matrices::TABLE,
    norms::TABLE,
    order::TABLE,
    quantile::TABLE,
    lookup::TABLE,
    moments::TABLE,
    numbers::TABLE,
    polynomials::TABLE,
    positions::TABLE,
    products::TABLE,
    random::TABLE,
    rearrange::TABLE,
    reductions::TABLE,
    reindex::TABLE,
    repeat::TABLE,
    rounding::TABLE,
    scan::TABLE,
    sets::TABLE,
    shape::TABLE,
    solving::TABLE,
    special::TABLE,
    talking::TABLE,
    time::TABLE,
    trig::TABLE,
];

/// All built-in functions by name, in alphabetical order.
pub fn table() -> &'static [&'static Builtin] {
    static ALL: OnceLock<Vec<&'static Builtin>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all: Vec<&'static Builtin> = FAMILIES.iter().copied().flatten().collect();
        all.sort_by_key(|builtin| builtin.name);
        all
    })
}

/// The built-in of this name. O(1).
pub fn find(name: &str) -> Option<&'static Builtin> {
    static BY_NAME: OnceLock<FxHashMap<&'static str, &'static Builtin>> = OnceLock::new();
    BY_NAME.get_or_init(|| table().iter().map(|builtin| (builtin.name, *builtin)).collect()).get(name).copied()
}

/// The name of the built-in that an operator calls.
pub fn operator(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Or => "logical_or",
        BinaryOp::And => "logical_and",
        BinaryOp::Eq => "equal",
        BinaryOp::Ne => "not_equal",
        BinaryOp::Lt => "less",
        BinaryOp::Le => "less_equal",
        BinaryOp::Gt => "greater",
        BinaryOp::Ge => "greater_equal",
        BinaryOp::Add => "add",
        BinaryOp::Sub => "subtract",
        BinaryOp::Mul => "multiply",
        BinaryOp::Div => "divide",
        BinaryOp::FloorDiv => "floor_divide",
        BinaryOp::Rem => "remainder",
        BinaryOp::MatMul => "dot",
        BinaryOp::Pow => "power",
    }
}

/// The name of the built-in that an operator of one operand calls.
pub fn unary_operator(op: UnaryOp) -> &'static str {
    match op {
        UnaryOp::Neg => "negative",
        UnaryOp::Not => "logical_not",
    }
}
