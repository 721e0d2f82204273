//! Many files as one: all that match a pattern, joined along the one dimension in which they differ, normally time. Owns which files
//! those are, and their order; `compare` checks that they go together, `source` reads them.
//!
//! Every file is opened once to be compared with the first, several at a time, and closed again: only what differs is kept. Data are read
//! from the file that has them when they are needed. Variables without the joined dimension are those of the first file; small ones must
//! be equal in all.

mod compare;
mod source;
#[cfg(test)]
mod tests;

use super::cf;
use super::error::{shown, system};
use super::file::{self, OpenFile};
use super::info::{FileInfo, Stamp, VarInfo};
use super::{FORMATS, layout};
use crate::array::{Array, Coord, Scalar};
use crate::base::{Code, Diagnostic, Name, Outcome};
use compare::{Difference, First};
use source::{ManySource, Part};
use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering as Atomic};

/// Files that are opened at a time. They wait for the disk more than they compute.
const AT_ONCE: usize = 8;

/// Whether a path is a pattern: with `*`, `?` or `[…]`, and no file of that name.
pub fn is_pattern(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.contains(['*', '?', '['])) && !path.exists()
}

/// The files that match a pattern, sorted by name. Error K0601.
pub fn list(pattern: &Path) -> Outcome<Vec<PathBuf>> {
    let text = pattern.to_str().unwrap_or_default();
    let wrong = |reason: String| Diagnostic::new(Code::File, format!("cannot open {}: {reason}", shown(pattern)));
    let options = glob::MatchOptions { require_literal_leading_dot: true, require_literal_separator: true, case_sensitive: true };
    let found = glob::glob_with(text, options).map_err(|error| wrong(format!("it is no pattern ({})", error.msg)))?;
    let mut paths = Vec::new();
    for path in found {
        paths.push(path.map_err(|error| system("read", error.path(), error.error()))?);
    }
    if paths.is_empty() { Err(wrong("no file matches".to_string())) } else { Ok(paths) }
}

/// Opens all files that match. Errors: those of each; K0405 for files that do not go together, naming two of them.
pub fn open(pattern: &Path) -> Outcome<OpenFile> {
    let paths = list(pattern)?;
    let first = file::open(&paths[0], FORMATS)?;
    if paths.len() == 1 {
        return Ok(first.matching(pattern));
    }
    let first = First::of(&first)?;
    let differences = each(&paths, |path| file::open(path, FORMATS).and_then(|file| first.compare(&file)))?;
    let dim = joined_dimension(&first, &differences, &paths)?;
    let order = order(&first, &differences, &dim, &paths)?;
    let mut parts = Vec::with_capacity(order.len());
    let mut total = 0u64;
    for at in &order {
        let size = differences[*at].size(&first, &dim);
        parts.push(Part { path: paths[*at].clone(), stamp: differences[*at].stamp, start: total, size });
        total = total.saturating_add(size);
    }
    let coord = coordinate(&first, &differences, &dim, &order)?;
    let mut info = FileInfo { path: std::path::absolute(pattern).unwrap_or_else(|_| pattern.to_path_buf()), ..first.info.clone() };
    let mut places = Vec::with_capacity(info.variables.len());
    for (at, var) in info.variables.iter_mut().enumerate() {
        places.push(join(var, at, &first, &differences, &dim, &parts, total, &paths));
    }
    info.dims.iter_mut().filter(|known| super::info::leaf(&known.name) == dim.as_str()).for_each(|known| known.size = total);
    let known = coord.and_then(|coord| {
        let is_it = |var: &VarInfo| var.name() == dim.as_str() && var.shape() == [total];
        Some((info.variables.iter().position(is_it)?, coord))
    });
    let files: Vec<(PathBuf, Stamp)> = paths.into_iter().zip(&differences).map(|(path, difference)| (path, difference.stamp)).collect();
    let source = ManySource::new(parts, places, info.variables.iter().map(|var| var.path.clone()).collect());
    let mut file = OpenFile::new(info, Box::new(source), files, Some(pattern.to_path_buf()));
    if let Some((at, coord)) = known {
        file.know_coord(at, coord);
    }
    Ok(file)
}

/// Does something with every path, several at a time; the results are in order, and so is the first error.
fn each<T: Send>(paths: &[PathBuf], work: impl Fn(&Path) -> Outcome<T> + Sync) -> Outcome<Vec<T>> {
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Atomic::Relaxed);
            let Some(path) = paths.get(at) else { return done };
            done.push((at, work(path)));
        }
    };
    let mut all: Vec<(usize, Outcome<T>)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE.min(paths.len())).map(|_| scope.spawn(run)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    all.sort_by_key(|(at, _)| *at);
    let results = all.into_iter().map(|(_, result)| result).collect::<Outcome<Vec<T>>>()?;
    if results.len() == paths.len() { Ok(results) } else { Err(Diagnostic::new(Code::Internal, "a file was not opened")) }
}

fn apart(message: String) -> Box<Diagnostic> {
    Diagnostic::new(Code::Coordinates, message)
}

/// The one dimension in which files differ. Where none does, an unlimited one without a coordinate.
fn joined_dimension(first: &First, differences: &[Difference], paths: &[PathBuf]) -> Outcome<Name> {
    let mut found: Option<(&Name, usize)> = None;
    for (at, difference) in differences.iter().enumerate() {
        for (name, _) in &difference.dims {
            match found {
                Some((known, _)) if known == name => {}
                None => found = Some((name, at)),
                Some((known, before)) => {
                    let message = format!(
                        "{}, {} and {} differ in dimensions `{known}` and `{name}`, files are joined along one",
                        shown(&paths[0]),
                        shown(&paths[before]),
                        shown(&paths[at])
                    );
                    return Err(apart(message).help("open fewer files together"));
                }
            }
        }
    }
    if let Some((name, _)) = found {
        return Ok(name.clone());
    }
    let open: Vec<&Name> = first.info.dims.iter().filter(|dim| dim.unlimited && !first.has_coord(&dim.name)).map(|dim| &dim.name).collect();
    match open.as_slice() {
        [one] => Ok(Name::new(super::info::leaf(one))),
        _ => {
            let message = format!("{} and {} have the same coordinates along every dimension", shown(&paths[0]), shown(&paths[1]));
            Err(apart(message).help("files are joined along the dimension whose coordinate differs; open one of them"))
        }
    }
}

/// The order of files along a dimension: that of its coordinate where it has one that rises, or falls, in all of them; else by name.
fn order(first: &First, differences: &[Difference], dim: &Name, paths: &[PathBuf]) -> Outcome<Vec<usize>> {
    let mut order: Vec<usize> = (0..paths.len()).collect();
    let ends: Option<Vec<(Scalar, Scalar, Option<Ordering>)>> =
        differences.iter().map(|each| ends(&each.coord(first, dim)?.values)).collect();
    let Some(ends) = ends else { return Ok(order) };
    let mut turns = ends.iter().filter_map(|(_, _, turn)| *turn);
    let turn = turns.next().unwrap_or(Ordering::Less);
    if turn == Ordering::Equal || turns.any(|other| other != turn) {
        return Ok(order);
    }
    let compare = |a: Scalar, b: Scalar| if turn == Ordering::Less { value_order(a, b) } else { value_order(b, a) };
    order.sort_by(|a, b| compare(ends[*a].0, ends[*b].0));
    for pair in order.windows(2) {
        let (before, after) = (&ends[pair[0]], &ends[pair[1]]);
        if compare(before.1, after.0) != Ordering::Less {
            let value = crate::array::display::scalar(after.0);
            let message = format!("{} and {} overlap along `{dim}`, at {value}", shown(&paths[pair[0]]), shown(&paths[pair[1]]));
            return Err(apart(message).help("open files that follow one another"));
        }
    }
    Ok(order)
}

/// First and last value, and how one follows the other; `Equal` where there is no order.
fn ends(values: &Array) -> Option<(Scalar, Scalar, Option<Ordering>)> {
    let all = values.scalars();
    let (first, last) = (*all.first()?, *all.last()?);
    let mut turns = all.windows(2).map(|pair| value_order(pair[0], pair[1]));
    let turn = turns.next().map(|turn| if turns.all(|other| other == turn) { turn } else { Ordering::Equal });
    Some((first, last, turn))
}

fn value_order(a: Scalar, b: Scalar) -> Ordering {
    match (a.as_int(), b.as_int()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
    }
}

/// The joined coordinate.
fn coordinate(first: &First, differences: &[Difference], dim: &Name, order: &[usize]) -> Outcome<Option<Arc<Coord>>> {
    let coords: Option<Vec<&Arc<Coord>>> = order.iter().map(|at| differences[*at].coord(first, dim)).collect();
    let Some(coords) = coords else { return Ok(None) };
    let Some(one) = coords.first() else { return Ok(None) };
    let dtype = one.values.dtype();
    let scalars: Vec<Scalar> = coords.iter().flat_map(|coord| coord.values.scalars()).collect();
    Ok(Some(Arc::new(Coord { values: Array::from_scalars(dtype, &scalars), units: one.units.clone() })))
}

/// Makes a variable of the first file that of all: its size, its chunks, how it decodes.
fn join(
    var: &mut VarInfo,
    at: usize,
    first: &First,
    differences: &[Difference],
    dim: &Name,
    parts: &[Part],
    total: u64,
    paths: &[PathBuf],
) -> source::Place {
    let axis = var.dims.iter().position(|axis| axis.name.as_ref() == Some(dim));
    let Some(axis) = axis else {
        if let Some(other) = differences.iter().position(|difference| difference.values.contains(&at)) {
            var.skipped.get_or_insert(format!(
                "differs between {} and {}, without dimension `{dim}`",
                shown(&paths[0]),
                shown(&paths[other])
            ));
        }
        return source::Place { axis: None, decoded: false, item: var.dtype.size() };
    };
    let decoded = differences.iter().any(|difference| difference.decodes.contains(&at));
    if decoded {
        // Values are decoded as they are read, and stored as values of that dtype would be.
        let how = cf::encode(first.decodes[at].target);
        var.dtype = how.stored;
        var.attrs.retain(|attr| !layout::misleads(attr) && how.attrs.iter().all(|(name, _)| *name != attr.0));
        var.attrs.extend(how.attrs);
    }
    var.dims[axis].size = total;
    let usual = parts.first().map_or(1, |part| part.size).max(1);
    let mut chunks = var.chunks.clone().unwrap_or_else(|| var.shape());
    // Blocks of a plan keep to chunks; where those do not fit into files, to files.
    let chunk = chunks[axis].clamp(1, usual);
    chunks[axis] = if usual.is_multiple_of(chunk) { chunk } else { usual };
    if axis > 0 || decoded {
        // Parts of a block come by way of memory of their own, about a chunk each; and again where they are decoded.
        let chunk = chunks.iter().fold(var.dtype.size() as u64, |all, size| all.saturating_mul(*size));
        var.scratch = var.scratch.saturating_add(chunk.saturating_mul(1 + u64::from(decoded)));
    }
    var.chunks = Some(chunks);
    source::Place { axis: Some(axis), decoded, item: var.dtype.size() }
}
