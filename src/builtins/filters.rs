//! Convolution and correlation with short kernels, as sums of shifted arrays; polynomials.

use super::axes::{at, axis, bare, names_of, range, with_axis, with_names};
use super::build::{A, Build, Extent, Value};
use super::parts::{add, built, cast, elementwise, examples, int, mul, optional, required, shape_of, sub};
use super::rearrange::reversed;
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::{DType, Scalar};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;
use crate::types::promote::promote_or_fail;

/// Elements of a kernel, or coefficients, that are written out one by one.
const MOST: u64 = 100;

const ALONG: Param = optional("along", ParamKind::Dims, Default::Absent);
const KERNEL: Param = required("kernel", ParamKind::Array);

pub const TABLE: &[Builtin] = &[
    built(
        "convolve",
        Family::Scan,
        &[required("x", ParamKind::Array), KERNEL, optional("mode", ParamKind::Text, Default::Text("full")), ALONG],
        |b, args| filtered(b, args, false).map(Value::Array),
        "The convolution with a kernel along a dimension: element i is the sum of `x[i - k] * kernel[k]`.\n\
         The kernel is a vector of at most 100 elements, known when the program is checked. `mode` \"full\" gives every element that both\n\
         touch, \"same\" as many as the longer has, from the middle, \"valid\" those where they overlap wholly. The dimension loses its\n\
         coordinate, unless the mode is \"same\".",
        examples![
            "print(convolve([1, 2, 3], [1, 10]))" => "[1, 12, 23, 30]",
            "print(convolve([1, 2, 3], [1, 1, 1], mode = \"same\"))" => "[3, 6, 5]",
        ],
    ),
    built(
        "correlate",
        Family::Scan,
        &[required("x", ParamKind::Array), KERNEL, optional("mode", ParamKind::Text, Default::Text("valid")), ALONG],
        |b, args| filtered(b, args, true).map(Value::Array),
        "The correlation with a kernel along a dimension: element i is the sum of `x[i + k] * conj(kernel[k])`. See `convolve`.",
        examples!["print(correlate([1, 2, 3, 4], [1, 10]))" => "[21, 32, 43]"],
    ),
    built(
        "polyval",
        Family::Elementwise,
        &[required("coefficients", ParamKind::Array), required("x", ParamKind::Array)],
        |b, args| polyval(b, args).map(Value::Array),
        "The value of a polynomial at `x`; its coefficients are a vector of at most 100, the highest power first. By Horner's rule.",
        examples!["print(polyval([1, 0, -2], [1, 2, 3]))" => "[-1, 2, 7]"],
    ),
    built(
        "vander",
        Family::Linear,
        &[
            required("x", ParamKind::Array),
            optional("columns", ParamKind::Int, Default::Absent),
            optional("increasing", ParamKind::Flag, Default::Bool(false)),
        ],
        |b, args| vander(b, args).map(Value::Array),
        "The powers of a vector's elements, a matrix: column j holds `x ** (columns - 1 - j)`, or `x ** j` with `increasing = true`.\n\
         As many columns as elements unless given.",
        examples!["print(vander([1, 2, 3], 3))" => "[[1, 1, 1], [4, 2, 1], [9, 3, 1]]"],
    ),
];

/// The known number of elements of a short vector.
fn short(b: &dyn Build, x: A, args: &Args, place: usize, what: &str) -> Outcome<u64> {
    let ty = b.ty(x);
    let [dim] = ty.dims.as_slice() else {
        return Err(Diagnostic::at(Code::Rank, args.span_of(place), format!("{what} is a vector, found {ty}")));
    };
    let Some(size) = dim.size.known() else {
        return Err(Diagnostic::at(
            Code::Shape,
            args.span_of(place),
            format!("the size of {what} must be known when the program is checked"),
        ));
    };
    match size {
        0 => Err(Diagnostic::at(Code::Value, args.span_of(place), format!("{what} is empty"))),
        1..=MOST => Ok(size),
        _ => Err(Diagnostic::at(
            Code::Unsupported,
            args.span_of(place),
            format!("{what} of {size} elements: more than {MOST} are not built yet"),
        )),
    }
}

fn filtered(b: &mut dyn Build, args: &Args, correlate: bool) -> Outcome<A> {
    let (mut x, mut kernel) = (args.array(0)?, args.array(1)?);
    let mut axis = axis(b, args, 3, x)?;
    let (own, mode) = (b.ty(x).dims, args.text(2).unwrap_or("full").to_string());
    if !["full", "same", "valid"].contains(&mode.as_str()) {
        let error = Diagnostic::at(Code::Value, args.span_of(2), format!("no mode \"{mode}\""));
        return Err(error.help("modes are full, same and valid"));
    }
    let names = names_of(b, x);
    let dtype = promote_or_fail("convolve", &[b.ty(x).dtype, b.ty(kernel).dtype])?;
    if dtype.is_time() {
        return Err(Diagnostic::new(Code::Dtype, format!("convolutions are not defined for {dtype}")));
    }
    x = bare(b, x)?;
    kernel = bare(b, kernel)?;
    (x, kernel) = (cast(b, x, dtype)?, cast(b, kernel, dtype)?);
    let mut swapped = false;
    let length = own[axis].size.known();
    if let (Some(length), [dim], 1) = (length, b.ty(kernel).dims.as_slice(), b.ty(x).rank())
        && dim.size.known().is_some_and(|size| size > length)
    {
        // The shorter one is the kernel: convolution is symmetric, correlation turns round.
        (x, kernel) = (kernel, x);
        (axis, swapped) = (0, true);
    }
    let taps = short(b, kernel, args, 1, "the kernel")?;
    if let Some(0) = b.ty(x).dims[axis].size.known() {
        return Err(Diagnostic::at(Code::Value, args.span_of(0), "there are no elements to convolve"));
    }
    if correlate {
        kernel = elementwise(b, Op::Conj, &[kernel])?;
    } else {
        kernel = reversed(b, kernel, &[0])?;
    }
    let before = match mode.as_str() {
        "full" => taps - 1,
        "same" => taps - 1 - (taps - 1) / 2,
        _ => 0,
    };
    let after = match mode.as_str() {
        "full" => taps - 1,
        "same" => taps - 1 - before,
        _ => 0,
    };
    let zero = b.constant(Scalar { dtype, bits: 0 });
    let mut parts = Vec::with_capacity(3);
    for (count, first) in [(before, true), (after, false)] {
        if !first {
            parts.push(x);
        }
        if count > 0 {
            let mut shape = shape_of(b, x);
            shape[axis] = Extent::Known(count);
            parts.push(b.broadcast(zero, &shape)?);
        }
    }
    let padded = if parts.len() == 1 { x } else { b.concat(&parts, axis)? };
    let (size, less) = (b.size(padded, axis), int(b, taps as i64 - 1));
    let count = sub(b, size, less)?;
    let mut total = None;
    for tap in 0..taps {
        let position = int(b, tap as i64);
        let weight = at(b, kernel, 0, position, args.span_of(1))?;
        let end = add(b, position, count)?;
        let part = range(b, padded, axis, Some(position), Some(end))?;
        let term = mul(b, part, weight)?;
        total = Some(match total {
            None => term,
            Some(total) => add(b, total, term)?,
        });
    }
    let mut value = total.ok_or_else(|| Diagnostic::new(Code::Internal, "an empty kernel"))?;
    if swapped && correlate {
        value = elementwise(b, Op::Conj, &[value])?;
        value = reversed(b, value, &[0])?;
    }
    if mode == "same" && !swapped {
        return b.rename(value, own);
    }
    with_names(b, value, names)
}

fn polyval(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (coefficients, x) = (bare(b, args.array(0)?)?, args.array(1)?);
    let dtype = promote_or_fail("polyval", &[b.ty(coefficients).dtype, b.ty(x).dtype])?;
    let coefficients = cast(b, coefficients, dtype)?;
    let count = short(b, coefficients, args, 0, "the list of coefficients")?;
    let mut value: Option<A> = None;
    for place in 0..count {
        let position = int(b, place as i64);
        let next = at(b, coefficients, 0, position, args.span_of(0))?;
        value = Some(match value {
            None => {
                // In the shape of `x`, whatever the degree.
                let same = elementwise(b, Op::Eq, &[x, x])?;
                elementwise(b, Op::Select, &[same, next, next])?
            }
            Some(value) => {
                let product = mul(b, value, x)?;
                add(b, product, next)?
            }
        });
    }
    value.ok_or_else(|| Diagnostic::new(Code::Internal, "no coefficients"))
}

fn vander(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let x = args.array(0)?;
    if b.ty(x).rank() != 1 {
        return Err(Diagnostic::at(Code::Rank, args.span_of(0), format!("`vander` takes a vector, found {}", b.ty(x))));
    }
    let names = names_of(b, x);
    let x = bare(b, x)?;
    let columns = if args.optional_array(1).is_some() { args.integer(b, 1)? } else { b.size(x, 0) };
    let mut powers = b.iota(Extent::Value(columns))?;
    if !args.bool(2)? {
        let one = int(b, 1);
        let last = sub(b, columns, one)?;
        powers = sub(b, last, powers)?;
    }
    let dtype = b.ty(x).dtype;
    let dtype = if dtype == DType::Bool { DType::I64 } else { dtype };
    let (x, powers) = (cast(b, x, dtype)?, cast(b, powers, dtype)?);
    let down = with_axis(b, x, 1)?;
    let value = elementwise(b, Op::Pow, &[down, powers])?;
    with_names(b, value, vec![names[0].clone(), None])
}
