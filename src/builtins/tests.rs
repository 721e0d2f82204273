//! Tests of the whole table: what every entry must have, and the types that calls get.

use super::build::{A, Build, DimRef, Extent, Value};
use super::typed::TypeBuild;
use super::{Args, Define, ParamKind, apply, find, operator, table, unary_operator};
use crate::array::{ArrayTy, DType, Dim, Scalar, Size};
use crate::base::{Code, Span};
use crate::syntax::ast::{BinaryOp, UnaryOp};

#[test]
fn entries_are_complete() {
    for pair in table().windows(2) {
        assert!(pair[0].name < pair[1].name, "{} stands twice", pair[1].name);
    }
    for builtin in table() {
        let name = builtin.name;
        assert!(builtin.doc.lines().next().is_some_and(|line| line.ends_with(['.', ':'])), "{name}: first line of doc");
        // What needs a file, or shows how this machine would work, has none.
        let shown = !matches!(builtin.define, Define::Effect(_)) && !["coord", "sel"].contains(&name);
        assert!(!builtin.examples.is_empty() || !shown, "{name} has no example");
        for example in builtin.examples {
            assert!(example.code.contains(name.rsplit('.').next().unwrap()) || is_operator(name), "{name}: {}", example.code);
        }
        let mut names: Vec<_> = builtin.params.iter().map(|param| param.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), builtin.params.len(), "{name}: parameters");
        assert!(std::ptr::eq(find(name).unwrap(), *builtin));
    }
}

const BINARY: [BinaryOp; 16] = {
    use BinaryOp::*;
    [Or, And, Eq, Ne, Lt, Le, Gt, Ge, Add, Sub, Mul, Div, FloorDiv, Rem, MatMul, Pow]
};

fn is_operator(name: &str) -> bool {
    BINARY.iter().any(|op| operator(*op) == name) || [UnaryOp::Neg, UnaryOp::Not].iter().any(|op| unary_operator(*op) == name)
}

#[test]
fn operators_are_entries() {
    for op in BINARY {
        assert_eq!(find(operator(op)).unwrap().params.len(), 2, "{}", op.symbol());
    }
    for op in [UnaryOp::Neg, UnaryOp::Not] {
        assert_eq!(find(unary_operator(op)).unwrap().params.len(), 1);
    }
}

/// `f64`, `f64[2, 3]`, `f32[time: 12, _: 3]`, `i64[?1]`.
pub(super) fn parse(text: &str) -> ArrayTy {
    let (dtype, dims) = text.split_once('[').map_or((text, ""), |(dtype, rest)| (dtype, rest.trim_end_matches(']')));
    let dims = dims.split(',').map(str::trim).filter(|dim| !dim.is_empty()).map(|dim| {
        let (name, size) = dim.split_once(": ").map_or((None, dim), |(name, size)| (Some(name.into()), size));
        let size = size.strip_prefix('?').map_or_else(|| Size::Known(size.parse().unwrap()), |id| Size::Unknown(id.parse().unwrap()));
        Dim { name, size, coord: None }
    });
    ArrayTy { dtype: DType::parse(dtype).unwrap(), dims: dims.collect() }
}

/// An argument in short: `=3` a known integer, `=0.5` a known float, `=true`; `(3, 4)` a shape; `:f32` or `:f32[3, 4]` a dtype;
/// `@time` or `@0,1` dimensions; `'text'`; else the type of an array.
fn argument(b: &mut TypeBuild, kind: ParamKind, text: &str) -> Value {
    let extents = |text: &str| {
        text.split(',').filter(|size| !size.trim().is_empty()).map(|size| Extent::Known(size.trim().parse().unwrap())).collect::<Vec<_>>()
    };
    let span = Span::default();
    if let Some(value) = text.strip_prefix('=') {
        let scalar = match value.parse::<bool>() {
            Ok(value) => Scalar::bool(value),
            Err(_) => value.parse::<i64>().map_or_else(|_| Scalar::f64(value.parse().unwrap()), Scalar::i64),
        };
        return if kind == ParamKind::Flag { Value::Flag(scalar) } else { Value::Array(b.constant(scalar)) };
    }
    if let Some(shape) = text.strip_prefix('(') {
        let sizes = shape.trim_end_matches(')');
        return Value::Shape(
            sizes
                .split(',')
                .filter(|size| !size.trim().is_empty())
                .map(|size| match size.trim().parse::<u64>() {
                    Ok(size) => Extent::Known(size),
                    Err(_) => Extent::Value(b.constant(Scalar::i64(size.trim().parse().unwrap()))),
                })
                .collect(),
        );
    }
    if let Some(dtype) = text.strip_prefix(':') {
        let (dtype, shape) =
            dtype.split_once('[').map_or((dtype, None), |(dtype, rest)| (dtype, Some(extents(rest.trim_end_matches(']')))));
        return Value::Type(DType::parse(dtype).unwrap(), shape);
    }
    if let Some(dims) = text.strip_prefix('@') {
        let one = |dim: &str| dim.parse::<i64>().map_or_else(|_| DimRef::Name(dim.into(), span), |at| DimRef::Position(at, span));
        return Value::Dims(dims.split(',').map(one).collect());
    }
    if let Some(text) = text.strip_prefix('\'') {
        return Value::Text(text.trim_end_matches('\'').into());
    }
    Value::Array(b.input(parse(text), None, text, span))
}

/// The type of a call: arguments by position, `name=` before a named one.
pub(super) fn call(name: &str, arguments: &[&str]) -> Result<String, (Code, String)> {
    let builtin = find(name).unwrap_or_else(|| panic!("no {name}"));
    let mut b = TypeBuild::default();
    let span = Span::default();
    let mut args = Args { values: vec![None; builtin.params.len()], rest: Vec::new(), spans: vec![span; builtin.params.len()], span };
    let mut next = 0;
    for text in arguments {
        let named = builtin.params.iter().position(|param| text.strip_prefix(param.name).is_some_and(|rest| rest.starts_with('~')));
        let (at, text) = match named {
            Some(at) => (at, text.split_once('~').unwrap().1),
            None => (next, *text),
        };
        let kind = builtin.params[at].kind;
        let value = argument(&mut b, kind, text);
        if matches!(kind, ParamKind::Arrays | ParamKind::Anything) {
            args.rest.push((None, value));
            continue;
        }
        args.values[at] = Some(value);
        next += usize::from(named.is_none());
    }
    apply(builtin, &mut b, args).map(|value| show(&b, &value)).map_err(|error| (error.code, error.message))
}

fn show(b: &TypeBuild, value: &Value) -> String {
    let array = |a: A| {
        let known = b.known(a).map(|value| match value.as_int() {
            Some(value) => format!(" {value}"),
            None => format!(" {}", value.as_f64()),
        });
        format!("{}{}", b.ty(a), known.unwrap_or_default())
    };
    match value {
        Value::Array(a) => array(*a),
        Value::Tuple(items) => format!("({})", items.iter().map(|item| show(b, item)).collect::<Vec<_>>().join(", ")),
        Value::Text(text) => format!("'{text}'"),
        other => format!("{other:?}"),
    }
}

#[test]
fn calls_have_types() {
    let table: &[(&str, &[&str], &str)] = &[
        ("add", &["f32[3]", "i16[2, 1]"], "f32[2, 3]"),
        ("add", &["=1", "=2.5"], "f64 3.5"),
        ("divide", &["u8[3]", "i8"], "f64[3]"),
        ("equal", &["f32[lat: 3]", "f64"], "bool[lat: 3]"),
        ("logical_and", &["bool[3]", "bool"], "bool[3]"),
        ("where", &["bool[3]", "f32", "i8[2, 1]"], "f32[2, 3]"),
        ("clip", &["i16[3]", "i16"], "i16[3]"),
        ("copysign", &["i64[3]", "f32"], "f64[3]"),
        ("reciprocal", &["c64[2]"], "c64[2]"),
        ("isclose", &["f32[2]", "f32"], "bool[2]"),
        ("zeros", &["(3, 4)"], "f64[3, 4]"),
        ("zeros", &[":f32[3, 4]"], "f32[3, 4]"),
        ("ones", &["(2)", ":i8"], "i8[2]"),
        ("full", &["(2)", "=7"], "i64[2]"),
        ("zeros_like", &["f32[time: 3, lat: ?7]"], "f32[time: 3, lat: ?]"),
        ("full_like", &["f32[2]", "=3"], "f32[2]"),
        ("arange", &["=5"], "i64[5]"),
        ("arange", &["=5", "=0", "=-2"], "i64[3]"),
        ("arange", &["=3", "=1"], "i64[0]"),
        ("arange", &["=0", "=1", "=0.25"], "f64[4]"),
        ("arange", &["u64"], "u64[?]"),
        ("linspace", &["=0", "=1", "=5"], "f64[5]"),
        ("linspace", &["f32", "f32"], "f32[50]"),
        ("eye", &["=3"], "f64[3, 3]"),
        ("eye", &["=2", "=3", "dtype~:bool"], "bool[2, 3]"),
        ("dot", &["f32[2, 3]", "i8[3]"], "f32[2]"),
        ("outer", &["f32[lat: 2]", "f32[lon: 3]"], "f32[lat: 2, lon: 3]"),
        ("logaddexp", &["f32[2]", "f32"], "f32[2]"),
        ("sigmoid", &["=0"], "f64 0.5"),
        ("degrees", &["f32[2]"], "f32[2]"),
        ("atan2", &["f32[2]", "i64"], "f64[2]"),
        ("round", &["=3.14159", "=2"], "f64 3.14"),
        ("round", &["f32[2]", "=-1"], "f32[2]"),
        ("as", &["f64[2]", ":i8"], "i8[2]"),
        ("i64", &["datetime[2]"], "i64[2]"),
        ("u8", &["=258"], "u8 2"),
        ("complex", &["f32[2]", "f32"], "c64[2]"),
        ("nan_to_num", &["f32[2]"], "f32[2]"),
        ("nan_to_num", &["i64[2]"], "i64[2]"),
        ("sum", &["i8[2, 3]", "@0"], "i64[3]"),
        ("sum", &["u8[2, 3]"], "u64"),
        ("sum", &["f32[time: 2, lat: 3]", "@time"], "f32[lat: 3]"),
        ("sum", &["bool[2]", "keepdims~=true"], "i64[1]"),
        ("sum", &["=5"], "i64 5"),
        ("sum", &["duration[2]"], "duration"),
        ("prod", &["c64[2]"], "c64"),
        ("mean", &["i64[2, 3]", "@0", "keepdims~=true"], "f64[1, 3]"),
        ("mean", &["f32[time: 2, lat: 3]", "@lat,time"], "f32"),
        ("mean", &["duration[2]"], "duration"),
        ("var", &["f32[2, 3]", "@-1", "ddof~=1"], "f32[2]"),
        ("std", &["bool[2]"], "f64"),
        ("std", &["f64"], "f64"),
        ("min", &["datetime[2]"], "datetime"),
        ("any", &["f64[2]"], "bool"),
        ("count", &["i64[2, 3]", "@0"], "i64[3]"),
        ("count", &["f32[2, 3]", "@0"], "i64[3]"),
        ("argmin", &["f32[2, 3]", "@1"], "i64[2]"),
        ("nansum", &["i64[2]"], "i64"),
        ("nanmean", &["f32[time: 2, lat: 3]", "@time"], "f32[lat: 3]"),
        ("nanstd", &["f64[2]"], "f64"),
        ("allclose", &["f64[2]", "f64"], "bool"),
        ("T", &["f64[lat: 2, lon: 3]"], "f64[lon: 3, lat: 2]"),
        ("transpose", &["f64[2, 3, 4]", "@1,2,0"], "f64[3, 4, 2]"),
        ("reshape", &["f64[6]", "(2, -1)"], "f64[2, 3]"),
        ("reshape", &["f64[?1]", "(2, -1)"], "f64[2, ?]"),
        ("ravel", &["f64[2, 3]"], "f64[6]"),
        ("broadcast_to", &["f64[1, 3]", "(4, 2, 3)"], "f64[4, 2, 3]"),
        ("expand_dims", &["f64[2]", "@-1"], "f64[2, 1]"),
        ("expand_dims", &["f64[lat: 2]", "@member"], "f64[member: 1, lat: 2]"),
        ("squeeze", &["f64[1, 2, 1]"], "f64[2]"),
        ("squeeze", &["f64[?1, 1]", "@1"], "f64[?]"),
        ("flip", &["f64[lat: 2]"], "f64[lat: 2]"),
        ("roll", &["f64[lat: 5]", "=2"], "f64[lat: 5]"),
        ("concat", &["f32[lat: 2]", "i8[lat: 3]"], "f32[lat: 5]"),
        ("concat", &["f64[lat: 2, lon: 3]", "f64[lon: 1, lat: 2]", "along~@lon"], "f64[lat: 2, lon: 4]"),
        ("stack", &["f64[2]", "i64[2]"], "f64[2, 2]"),
        ("stack", &["i64", "i64", "i64"], "i64[3]"),
        ("stack", &["f64[lat: 2]", "f64[lat: 2]", "along~@member"], "f64[member: 2, lat: 2]"),
        ("named", &["f64[2, 3]", "@row,col"], "f64[row: 2, col: 3]"),
        ("named", &["f64[2, ?4]", "@row,_"], "f64[row: 2, ?]"),
        ("unnamed", &["f64[row: 2]"], "f64[2]"),
        ("size", &["f64[2, 3]"], "i64 6"),
        ("size", &["f64[lat: ?4]", "@lat"], "i64"),
        ("len", &["f64[2, 3]"], "i64 2"),
        ("shape", &["f64[2, ?1]"], "(i64 2, i64)"),
        ("dims", &["f64[row: 2, 3]"], "('row', '_')"),
        ("dtype", &["f32[2]"], "'f32'"),
        ("cumsum", &["f32[lat: 2]"], "f32[lat: 2]"),
        ("cumsum", &["bool[2, 3]", "@0"], "i64[2, 3]"),
        ("cummax", &["i8[2]"], "i8[2]"),
        ("diff", &["f64[lat: 5]"], "f64[lat: 4]"),
        ("diff", &["datetime[5]"], "duration[4]"),
        ("moveaxis", &["f64[time: 2, lat: 3, lon: 4]", "@time", "@-1"], "f64[lat: 3, lon: 4, time: 2]"),
        ("rot90", &["f64[lat: 2, lon: 3]"], "f64[lon: 3, lat: 2]"),
        ("atleast_3d", &["f64[lat: 2]"], "f64[1, lat: 2, 1]"),
        ("tile", &["i8[lat: 2]", "(3, 2)"], "i8[3, lat: 4]"),
        ("tile", &["i8[?1]", "(3)"], "i8[?]"),
        ("repeat", &["f32[lat: 2, lon: 3]", "=2", "@lon"], "f32[lat: 2, lon: 6]"),
        ("repeat", &["f32[2, 3]", "=2"], "f32[12]"),
        ("pad", &["f32[lat: 2, lon: 3]", "=2"], "f32[lat: 6, lon: 7]"),
        ("pad", &["f32[lat: 2, lon: 3]", "(1, 0)", "@lat", "'wrap'"], "f32[lat: 3, lon: 3]"),
        ("vstack", &["f32[2]", "i8[2]"], "f32[2, 2]"),
        ("split", &["f64[time: 7]", "(2, 5)"], "(f64[time: 2], f64[time: 3], f64[time: 2])"),
        ("array_split", &["f64[7]", "=2"], "(f64[4], f64[3])"),
        ("insert", &["i8[lat: 3]", "=1", "f64"], "i8[lat: 4]"),
        ("delete", &["f64[lat: 5, lon: 2]", "(0, -1)", "@lat"], "f64[lat: 3, lon: 2]"),
        ("take", &["f64[lat: 5, lon: 2]", "i64[3, 4]", "@lat"], "f64[3, 4, lon: 2]"),
        ("meshgrid", &["f64[lat: 2]", "f64[lon: 3]"], "(f64[lon: 3, lat: 2], f64[lon: 3, lat: 2])"),
        ("tril", &["i8[time: 4, 2, 3]"], "i8[time: 4, 2, 3]"),
        ("diag", &["f64[row: 3]", "=1"], "f64[row: 4, 4]"),
        ("diagonal", &["f64[time: 5, row: 3, col: 4]", "=1", "@row,col"], "f64[time: 5, 3]"),
        ("trace", &["u8[3, 3]"], "u64"),
        ("average", &["f32[time: 2, lat: 3]", "f32[lat: 3]", "@lat"], "f32[time: 2]"),
        ("cov", &["f32[3, 9]"], "f64[3, 3]"),
        ("norm", &["c64[3]"], "f32"),
        ("gradient", &["i8[lat: 5, lon: 4]"], "(f64[lat: 5, lon: 4], f64[lat: 5, lon: 4])"),
        ("trapezoid", &["f32[time: 5, lat: 3]", "along~@time"], "f32[lat: 3]"),
        ("ffill", &["f32[time: 5, lat: 3]", "@time"], "f32[time: 5, lat: 3]"),
        ("convolve", &["f64[time: 9]", "f64[3]"], "f64[time: 11]"),
        ("interpolate", &["f32[lat: 3]", "f64[4]", "i64[4]"], "f64[lat: 3]"),
        ("matmul", &["f64[time: 5, row: 2, col: 3]", "f64[time: 5, col: 3, other: 4]"], "f64[time: 5, row: 2, other: 4]"),
        ("einsum", &["'bi,bj->bij'", "f64[time: 5, row: 2]", "f64[time: 5, col: 3]"], "f64[time: 5, row: 2, col: 3]"),
        ("kron", &["i8[2, 3]", "i8[4, 5]"], "i8[8, 15]"),
        ("frexp", &["f32[3]"], "(f32[3], i32[3])"),
        ("random.poisson", &["=3", ":u8[3, 4]"], "u8[3, 4]"),
        ("random.gamma", &["f32[4]", "type~:f32[3, 4]"], "f32[3, 4]"),
        ("random.uniform", &["=0", "=1", ":f32[3, 4]"], "f32[3, 4]"),
        ("random.normal", &["f64"], "f64"),
        ("random.integers", &["=0", "=6", ":u8[3, 4]", "seed~i64"], "u8[3, 4]"),
    ];
    for (name, arguments, want) in table {
        assert_eq!(call(name, arguments).as_deref(), Ok(*want), "{name}{arguments:?}");
    }
}

#[test]
fn wrong_calls_have_errors() {
    let table: &[(&str, &[&str], Code, &str)] = &[
        ("sign", &["'a'"], Code::Type, "`x` of `sign` is an array or number, found str"),
        ("add", &["f64"], Code::Arguments, "`add` needs `y`: an array or number"),
        ("add", &["f64[3]", "f64[4]"], Code::Shape, "dimension 0 is 3 in f64[3] and 4 in f64[4]"),
        ("logical_and", &["bool", "i64"], Code::Condition, "`and` takes bools, found i64"),
        ("arange", &["=0", "=1", "=0"], Code::Value, "the step of `arange` is 0"),
        ("linspace", &["=0", "=1", "=-3"], Code::Value, "a size of -3"),
        ("zeros", &["(-1)"], Code::Value, "a size of -1"),
        ("eye", &["f64"], Code::Type, "`rows` of `eye` is an integer, found f64"),
        ("linspace", &["f32", "f32", "i64[2]"], Code::Type, "`count` of `linspace` is an integer, found i64[2]"),
        ("dot", &["f64[3]", "f64"], Code::Rank, "`@` sums dimensions, a scalar has none"),
        ("f64", &["c128"], Code::Dtype, "c128 as f64 would drop the imaginary part"),
        ("f64", &["duration"], Code::Dtype, "duration does not convert to f64"),
        ("sqrt", &["duration"], Code::Dtype, "`sqrt` is not defined for duration"),
        ("sum", &["datetime[2]"], Code::Dtype, "`sum` is not defined for datetime"),
        ("sum", &["f64[2]", "@tim"], Code::UnknownDim, "no dimension \"tim\" in f64[2]"),
        ("sum", &["f64[2]", "keepdims~=3"], Code::Type, "true or false is needed here"),
        ("var", &["c64[2]"], Code::Dtype, "the variance is not defined for c64"),
        ("min", &["f64[0]"], Code::Value, "f64[0] has no elements to choose from"),
        ("max", &["c64[2]"], Code::Dtype, "c64 has no order"),
        ("argmin", &["f64"], Code::Rank, "positions are along a dimension, found f64"),
        ("transpose", &["f64[2, 3]", "@0"], Code::Rank, "1 dimension given to order the 2 dimensions of f64[2, 3]"),
        ("reshape", &["f64[6]", "(4, -1)"], Code::Shape, "f64[6] has 6 elements, the shape (4, 1) takes 4"),
        ("squeeze", &["f64[2]", "@0"], Code::Shape, "dimension 0 is 2, not 1"),
        ("squeeze", &["f64[?1]"], Code::Shape, "the size of dimension 0 is not known before the program runs"),
        ("concat", &["i64[2]", "u64[2]"], Code::Dtype, "no dtype holds the operands of `concat`: i64 and u64"),
        ("concat", &[], Code::Arguments, "at least one array is needed here"),
        ("stack", &["f64[2]", "f64[3]"], Code::Shape, "dimension 1 is 2 in f64[2] and 3 in f64[3]"),
        ("stack", &["f64[lat: 2]", "along~@lat"], Code::UnknownDim, "f64[lat: 2] has a dimension lat already"),
        ("named", &["f64[2]", "@a,b"], Code::Rank, "2 names given for the 1 dimension of f64[2]"),
        ("cumsum", &["f64[2, 3]"], Code::Rank, "along which dimension of f64[2, 3]?"),
        ("moveaxis", &["f64[2, 3]", "@0,1", "@0"], Code::Rank, "2 dimensions to move and 1 places for them"),
        ("pad", &["f64[3]", "=-1"], Code::Value, "a width of -1"),
        ("pad", &["f64[0]", "=1", "mode~'edge'"], Code::Value, "dimension 0 of f64[0] is empty: it has no element to repeat"),
        ("pad", &["f64[3]", "=1", "mode~'odd'"], Code::Value, "no mode \"odd\""),
        ("split", &["f64[7]", "=2"], Code::Shape, "dimension 0 of f64[7] does not divide into 2 equal parts"),
        ("partition", &["f64[3]", "=3"], Code::Bounds, "position 3 is outside of 3 elements"),
        ("argpartition", &["f64[3]", "=-4"], Code::Bounds, "position -4 is outside of 3 elements"),
        ("delete", &["f64[3]", "=3"], Code::Bounds, "position 3 is outside dimension 0 of size 3 in f64[3]"),
        ("take", &["f64[3]", "f64[2]"], Code::Type, "`positions` of `take` is integers, found f64[2]"),
        ("gradient", &["f64[1]"], Code::Shape, "dimension 0 of f64[1] has 1 elements, the gradient needs 2"),
        ("einsum", &["'ij,jk'", "f64[2, 3]", "f64[2, 3]"], Code::Shape, "`j` is 3 and 2"),
        ("einsum", &["'ij'", "f64[2, 3]", "f64[2, 3]"], Code::Value, "\"ij\" names 1 arrays, found 2"),
        ("matmul", &["f64[5, 2, 3]", "f64[5, 2, 3]"], Code::Shape, "matrices of f64[5, 2, 3] have 3 columns, those of f64[5, 2, 3] 2 rows"),
        ("random.binomial", &["=3", "=1.5"], Code::Value, "a probability of 1.5"),
        ("random.uniform", &["=0", "=1", ":i64[3]"], Code::Dtype, "floats are needed here, found i64"),
    ];
    for (name, arguments, code, message) in table {
        assert_eq!(call(name, arguments), Err((*code, message.to_string())), "{name}{arguments:?}");
    }
}
