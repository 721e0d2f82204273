//! Grids, diagonals and triangles: `meshgrid`, `indices`, `diag`, `tril` and their kind.

use super::axes::{at_least, bare, names_of, with_axis, with_names};
use super::build::{A, Build, Extent, SliceArg, Value};
use super::parts::{ALL, add, built, cast, elementwise, examples, extent, int, mul, optional, required, shape_of, sub};
use super::rearrange::at_least_dims;
use super::reductions::{narrow, wide};
use super::{Args, Builtin, Default, Family, Param, ParamKind};
use crate::array::{DType, Dim, Scalar};
use crate::base::{Code, Diagnostic, Outcome};
use crate::ops::ScalarOp as Op;
use crate::types::dims::find_dims;

const X: Param = required("x", ParamKind::Array);
const DIAGONAL: Param = optional("diagonal", ParamKind::Int, Default::Int(0));
const OFFSET: Param = optional("diagonal", ParamKind::Flag, Default::Int(0));
const PLANE: Param = optional("along", ParamKind::Dims, Default::Absent);

pub const TABLE: &[Builtin] = &[
    built(
        "broadcast_arrays",
        Family::Shape,
        &[required("arrays", ParamKind::Arrays)],
        broadcast_arrays,
        "All arrays repeated to one shape, a tuple: as they meet in arithmetic, named dimensions by name.",
        examples!["a, c = broadcast_arrays([1, 2], [[3], [4]])\nprint(a, c)" => "[[1, 2], [1, 2]] [[3, 3], [4, 4]]"],
    ),
    built(
        "meshgrid",
        Family::Creation,
        &[required("vectors", ParamKind::Arrays), optional("indexing", ParamKind::Text, Default::Text("xy"))],
        meshgrid,
        "The coordinates of every point of a grid, a tuple with an array for each vector.\n\
         With `indexing = \"xy\"` the second vector runs along the first dimension, as in a picture; with \"ij\" dimensions are in the order of\n\
         the vectors. Names and coordinates of the vectors' dimensions stay.",
        examples![
            "x, y = meshgrid([1, 2, 3], [10, 20])\nprint(x, y)" => "[[1, 2, 3], [1, 2, 3]] [[10, 10, 10], [20, 20, 20]]",
            "x, y = meshgrid([1, 2], [10, 20], indexing = \"ij\")\nprint(x)" => "[[1, 1], [2, 2]]",
        ],
    ),
    built(
        "indices",
        Family::Creation,
        &[required("shape", ParamKind::Shape)],
        |b, args| indices(b, args).map(Value::Array),
        "The indices of every element of a shape, `i64`: along the first dimension of the result stand those along each dimension.",
        examples!["print(indices(2, 2))" => "[[[0, 0], [1, 1]], [[0, 1], [0, 1]]]"],
    ),
    built(
        "tri",
        Family::Creation,
        &[
            required("rows", ParamKind::Int),
            optional("columns", ParamKind::Int, Default::Absent),
            DIAGONAL,
            optional("dtype", ParamKind::Type, Default::Absent),
        ],
        |b, args| tri(b, args).map(Value::Array),
        "Ones on and below a diagonal, zeros above; square unless `columns` is given, `f64` unless a dtype is.",
        examples!["print(tri(2, 3, dtype = i64))" => "[[1, 0, 0], [1, 1, 0]]"],
    ),
    built(
        "tril",
        Family::Shape,
        &[X, DIAGONAL],
        |b, args| triangle(b, args, true).map(Value::Array),
        "`x` with zeros above a diagonal of its last two dimensions; 1 is the one above the main diagonal.",
        examples!["print(tril([[1, 2], [3, 4]]))" => "[[1, 0], [3, 4]]"],
    ),
    built(
        "triu",
        Family::Shape,
        &[X, DIAGONAL],
        |b, args| triangle(b, args, false).map(Value::Array),
        "`x` with zeros below a diagonal of its last two dimensions; 1 is the one above the main diagonal.",
        examples!["print(triu([[1, 2], [3, 4]]))" => "[[1, 2], [0, 4]]"],
    ),
    built(
        "diag",
        Family::Shape,
        &[X, OFFSET],
        |b, args| diag(b, args).map(Value::Array),
        "Of a vector the matrix with it on a diagonal, of a matrix its diagonal: `diag(x, 1)` is the one above the main diagonal.",
        examples!["print(diag([1, 2]))" => "[[1, 0], [0, 2]]", "print(diag([[1, 2], [3, 4]]))" => "[1, 4]"],
    ),
    built(
        "diagonal",
        Family::Shape,
        &[X, OFFSET, PLANE],
        |b, args| planar(b, args).and_then(|(x, offset)| diagonal(b, x, offset)).map(Value::Array),
        "The diagonal of two dimensions (the first two unless given), which becomes the last dimension, without a name.",
        examples!["print(diagonal([[1, 2], [3, 4]]), diagonal([[1, 2], [3, 4]], 1))" => "[1, 4] [2]"],
    ),
    built(
        "trace",
        Family::Reduction,
        &[X, OFFSET, PLANE],
        |b, args| trace(b, args).map(Value::Array),
        "The sum of a diagonal of two dimensions (the first two unless given); dtypes as in `sum`.",
        examples!["print(trace([[1, 2], [3, 4]]))" => "5"],
    ),
];

/// The dimensions of all together; nothing is computed with the elements.
fn broadcast_arrays(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let arrays = args.arrays()?;
    let mut all = b.constant(Scalar::bool(false));
    for x in &arrays {
        let (shape, dims) = (shape_of(b, *x), b.ty(*x).dims);
        let blank = b.constant(Scalar::bool(false));
        let blank = b.broadcast(blank, &shape)?;
        let blank = b.rename(blank, dims)?;
        all = elementwise(b, Op::Or, &[all, blank])?;
    }
    let spread = |x: A| elementwise(b, Op::Select, &[all, x, x]).map(Value::Array);
    arrays.into_iter().map(spread).collect::<Outcome<Vec<Value>>>().map(Value::Tuple)
}

fn meshgrid(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let swapped = match args.text(1) {
        Some("ij") => false,
        Some("xy") | None => true,
        Some(other) => {
            let error = Diagnostic::at(Code::Value, args.span_of(1), format!("no indexing \"{other}\""));
            return Err(error.help("it is \"xy\" or \"ij\""));
        }
    };
    let mut vectors = Vec::new();
    for x in args.arrays()? {
        let x = at_least_dims(b, x, 1)?;
        if b.ty(x).rank() != 1 {
            return Err(Diagnostic::new(Code::Rank, format!("`meshgrid` takes vectors, found {}", b.ty(x))).help("`ravel(x)` makes one"));
        }
        vectors.push(x);
    }
    let mut places: Vec<usize> = (0..vectors.len()).collect();
    if swapped && vectors.len() > 1 {
        places.swap(0, 1);
    }
    let own: Vec<Dim> = places.iter().map(|vector| b.ty(vectors[*vector]).dims[0].clone()).collect();
    let shape: Vec<Extent> = places.iter().map(|vector| shape_of(b, vectors[*vector])[0]).collect();
    let mut grids = Vec::with_capacity(vectors.len());
    for (x, place) in vectors.iter().zip(&places) {
        let x = bare(b, *x)?;
        let mut index = vec![SliceArg::New; *place];
        index.push(ALL);
        index.resize(places.len(), SliceArg::New);
        let x = b.slice(x, &index)?;
        let x = b.broadcast(x, &shape)?;
        grids.push(Value::Array(b.rename(x, own.clone())?));
    }
    Ok(Value::Tuple(grids))
}

fn indices(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let shape = args.shape(0);
    let mut full = vec![Extent::Known(1)];
    full.extend(shape);
    let mut parts = Vec::with_capacity(shape.len());
    for (axis, size) in shape.iter().enumerate() {
        let along = b.iota(*size)?;
        let mut index = vec![SliceArg::New; axis + 1];
        index.push(ALL);
        index.resize(shape.len() + 1, SliceArg::New);
        let along = b.slice(along, &index)?;
        parts.push(b.broadcast(along, &full)?);
    }
    if parts.is_empty() {
        return b.iota(Extent::Known(0));
    }
    b.concat(&parts, 0)
}

/// Of rows and columns, whether an element is on or below a diagonal.
fn below(b: &mut dyn Build, rows: Extent, columns: Extent, diagonal: A) -> Outcome<A> {
    let (down, across) = (b.iota(rows)?, b.iota(columns)?);
    let down = add(b, down, diagonal)?;
    let down = with_axis(b, down, 1)?;
    elementwise(b, Op::Ge, &[down, across])
}

fn tri(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let rows = args.integer(b, 0)?;
    let columns = if args.optional_array(1).is_some() { args.integer(b, 1)? } else { rows };
    let diagonal = args.integer(b, 2)?;
    let on = below(b, Extent::Value(rows), Extent::Value(columns), diagonal)?;
    cast(b, on, args.dtype(3).unwrap_or(DType::F64))
}

fn triangle(b: &mut dyn Build, args: &Args, lower: bool) -> Outcome<A> {
    let x = args.array(0)?;
    at_least(b, args, 0, x, 2)?;
    let (dims, dtype) = (b.ty(x).dims, b.ty(x).dtype);
    let x = bare(b, x)?;
    let shape = shape_of(b, x);
    let mut diagonal = args.integer(b, 1)?;
    if !lower {
        let one = int(b, 1);
        diagonal = sub(b, diagonal, one)?;
    }
    let below = below(b, shape[shape.len() - 2], shape[shape.len() - 1], diagonal)?;
    let zero = b.constant(Scalar { dtype, bits: 0 });
    let parts = if lower { [below, x, zero] } else { [below, zero, x] };
    let value = elementwise(b, Op::Select, &parts)?;
    b.rename(value, dims)
}

fn diag(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (x, offset) = (args.array(0)?, args.int(1)?);
    match b.ty(x).rank() {
        1 => on_diagonal(b, x, offset),
        2 => diagonal(b, x, offset),
        _ => {
            let error = Diagnostic::at(Code::Rank, args.span_of(0), format!("`diag` is of vectors and matrices, found {}", b.ty(x)));
            Err(error.help("`diagonal(x, along = (lat, lon))` is of any two dimensions"))
        }
    }
}

fn on_diagonal(b: &mut dyn Build, x: A, offset: i64) -> Outcome<A> {
    let (names, dtype) = (names_of(b, x), b.ty(x).dtype);
    let x = bare(b, x)?;
    let size = b.size(x, 0);
    let more = int(b, offset.saturating_abs());
    let full = add(b, size, more)?;
    let zero = b.constant(Scalar { dtype, bits: 0 });
    let x = if offset == 0 {
        x
    } else {
        let rest = b.broadcast(zero, &[Extent::Known(offset.unsigned_abs())])?;
        b.concat(&[x, rest], 0)?
    };
    let (down, across) = (b.iota(Extent::Value(full))?, b.iota(Extent::Value(full))?);
    let by = int(b, offset);
    let place = add(b, down, by)?;
    let place = with_axis(b, place, 1)?;
    let on = elementwise(b, Op::Eq, &[place, across])?;
    let values = if offset >= 0 { with_axis(b, x, 1)? } else { x };
    let value = elementwise(b, Op::Select, &[on, values, zero])?;
    with_names(b, value, vec![names[0].clone(), None])
}

/// The array with the plane's dimensions last, and the diagonal that is meant.
fn planar(b: &mut dyn Build, args: &Args) -> Outcome<(A, i64)> {
    let x = args.array(0)?;
    let plane = match args.dims(2) {
        Some(dims) => find_dims(&b.ty(x), dims)?,
        None => {
            at_least(b, args, 0, x, 2)?;
            vec![0, 1]
        }
    };
    if plane.len() != 2 {
        return Err(Diagnostic::at(Code::Rank, args.span_of(2), format!("a diagonal is of 2 dimensions, found {}", plane.len())));
    }
    let mut order: Vec<usize> = (0..b.ty(x).rank()).filter(|axis| !plane.contains(axis)).collect();
    order.extend(&plane);
    Ok((b.transpose(x, &order)?, args.int(1)?))
}

/// The diagonal of the last two dimensions: in one row of them, every (columns + 1)th element.
pub(super) fn diagonal(b: &mut dyn Build, x: A, offset: i64) -> Outcome<A> {
    let mut names = names_of(b, x);
    let rank = names.len();
    names.truncate(rank - 2);
    names.push(None);
    let x = bare(b, x)?;
    let mut shape = shape_of(b, x);
    let (rows, columns) = (shape[rank - 2], shape[rank - 1]);
    let (rows_a, columns_a) = (extent(b, rows), extent(b, columns));
    let (zero, by) = (int(b, 0), int(b, offset));
    // Rows from `first` on, as many as both have left.
    let first = int(b, (-offset).max(0));
    let across = elementwise(b, Op::Maximum, &[by, zero])?;
    let left = sub(b, rows_a, first)?;
    let right = sub(b, columns_a, across)?;
    let count = elementwise(b, Op::Minimum, &[left, right])?;
    let count = elementwise(b, Op::Maximum, &[count, zero])?;
    let value = match b.known(columns_a).and_then(Scalar::as_int) {
        Some(known) => {
            let all = mul(b, rows_a, columns_a)?;
            shape.truncate(rank - 2);
            shape.push(Extent::Value(all));
            let row = b.reshape(x, &shape)?;
            let (step, start) = (known as i64 + 1, mul(b, first, columns_a)?);
            let start = add(b, start, across)?;
            let by = int(b, step);
            let length = mul(b, count, by)?;
            let end = add(b, start, length)?;
            let mut index = vec![ALL; rank - 2];
            index.push(SliceArg::Range { lo: Some(start), hi: Some(end), step });
            b.slice(row, &index)?
        }
        // A step must be known: here the only element of each row that is on the diagonal is folded out of it.
        None => {
            let (down, over) = (b.iota(rows)?, b.iota(columns)?);
            let place = add(b, down, by)?;
            let place = with_axis(b, place, 1)?;
            let on = elementwise(b, Op::Eq, &[place, over])?;
            let folded = super::lookup::only(b, on, x, rank - 1)?;
            let end = add(b, first, count)?;
            super::axes::range(b, folded, rank - 2, Some(first), Some(end))?
        }
    };
    with_names(b, value, names)
}

fn trace(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let (x, offset) = planar(b, args)?;
    let own = b.ty(x).dtype;
    if own.is_time() {
        return Err(Diagnostic::new(Code::Dtype, format!("`trace` is not defined for {own}")));
    }
    let diagonal = diagonal(b, x, offset)?;
    let terms = cast(b, diagonal, wide(own))?;
    let last = b.ty(terms).rank() - 1;
    let total = super::reductions::sum(b, terms, &[last])?;
    cast(b, total, narrow(own))
}
