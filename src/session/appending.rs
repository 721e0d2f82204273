//! Appending: what is in the file is checked against what comes, before anything is written. A store that can become longer in place is
//! given the new part alone; other files are written anew, out of what is in them and the new part.

use super::driver::Driver;
use super::files;
use super::saving::{Appends, SaveFile, Saved};
use crate::array::calendar::NAT;
use crate::array::{ArrayTy, Coord, DType, Dim, Scalar};
use crate::base::{Code, Diagnostic, Name, Outcome};
use crate::builtins::build::{A, Build, SliceArg};
use crate::graph::NodeId;
use crate::io::cf::Decode;
use crate::io::error::shown;
use crate::io::save::{self, Grown};
use crate::io::{OpenFile, VarInfo};
use crate::types::dims::{DimRef, dim_text, find_dim};
use std::sync::Arc;

/// A save of what comes as one of all that will be in the file.
pub fn appended(driver: &mut Driver, mut given: SaveFile, dim: &DimRef) -> Outcome<SaveFile> {
    let path = given.path.to_string_lossy().into_owned();
    let before = driver.engine.runtime.is_open(&path);
    given.appends = Some(if before { Appends::OpenBefore } else { Appends::Opened });
    let joined = joined(driver, given, &path, dim);
    if joined.is_err() && !before {
        driver.engine.runtime.close(&path);
    }
    joined
}

fn joined(driver: &mut Driver, mut given: SaveFile, path: &str, dim: &DimRef) -> Outcome<SaveFile> {
    let open = driver.engine.runtime.file(path)?;
    save::check_format(&given.path, &open.info)?;
    given.unlimited.extend(open.info.dims.iter().filter(|dim| dim.unlimited).map(|dim| dim.name.clone()));
    let mut variables: Vec<Saved> = Vec::with_capacity(given.variables.len());
    let mut taken = Vec::with_capacity(given.variables.len());
    let mut first: Option<(Name, Dim)> = None;
    for saved in &given.variables {
        let at = variable(&open, &saved.name)?;
        if taken.contains(&at) {
            let message = format!("`{}` of {} is given twice", open.info.variables[at].name(), shown(&given.path));
            return Err(Diagnostic::new(Code::Arguments, message).help("join the parts first: `concat(x, y, along = time)`"));
        }
        let (variable, axis) = longer(driver, &given, path, &open, at, saved, dim)?;
        let own = &variable.ty.dims[axis];
        match &first {
            Some((name, first)) if first.name == own.name && own.name.is_some() && first.size != own.size => {
                let message = format!("`{name}` and `{}` become {} and {} long", variable.name, first.size, own.size);
                return Err(Diagnostic::at(Code::Shape, dim.span(), message).help("append as much to each"));
            }
            Some(_) => {}
            None => first = Some((variable.name.clone(), own.clone())),
        }
        taken.push(at);
        variables.push(variable);
    }
    let others: Vec<usize> = (0..open.info.variables.len()).filter(|at| !taken.contains(at) && !is_carried(&open, *at)).collect();
    if let Some(name) = first.and_then(|(_, dim)| dim.name) {
        let has = |var: &&VarInfo| is_in_root(var) && var.dims.iter().any(|axis| axis.name.as_ref() == Some(&name));
        if let Some(other) = others.iter().map(|at| &open.info.variables[*at]).find(has) {
            let message = format!("`{}` of {} has dimension {name} too", other.name(), shown(&given.path));
            return Err(Diagnostic::at(Code::Arguments, dim.span(), message).help("give what is appended to each such variable"));
        }
    }
    if save::grows_in_place(&given.path) {
        return Ok(SaveFile { variables, ..given });
    }
    for at in others {
        variables.push(kept(driver, path, &open, at, &given)?);
    }
    let coords = open.info.variables.iter().map(|var| (Name::new(var.name()), var.attrs.clone())).collect();
    Ok(SaveFile { variables, coords, attrs: open.info.attrs.clone(), ..given })
}

fn is_in_root(var: &VarInfo) -> bool {
    !var.path.trim_start_matches('/').contains('/')
}

/// Whether a variable is the coordinate that the dimension of another one brings along.
fn is_carried(open: &OpenFile, at: usize) -> bool {
    let brings = |(other, var): (usize, &VarInfo)| other != at && is_in_root(var) && var.dims.iter().any(|axis| axis.coord == Some(at));
    let is_read = || open.ty(at).is_ok_and(|ty| ty.dims.iter().all(|dim| dim.coord.is_some()));
    open.info.variables.iter().enumerate().any(brings) && is_read()
}

/// The variable of the root group that a name means; of a file that is one array, that.
fn variable(open: &OpenFile, name: &Name) -> Outcome<usize> {
    let at = if open.info.single { 0 } else { open.variable(name)? };
    let var = &open.info.variables[at];
    let refuse = |message: String| Err(Diagnostic::new(Code::Format, format!("cannot append to {}: {message}", shown(&open.info.path))));
    match &var.skipped {
        Some(reason) => refuse(format!("variable `{name}` {reason}")),
        None if !is_in_root(var) => refuse(format!("`{}` is in a group", var.path)),
        None => Ok(at),
    }
}

/// A variable with what comes after it, and the axis along which it does.
fn longer(
    driver: &mut Driver,
    file: &SaveFile,
    path: &str,
    open: &Arc<OpenFile>,
    at: usize,
    saved: &Saved,
    dim: &DimRef,
) -> Outcome<(Saved, usize)> {
    let in_place = save::grows_in_place(&file.path);
    let axis = find_dim(&saved.ty, dim)?;
    let info = &open.info.variables[at];
    let old = driver.engine.variable(path, &info.path, file.span)?;
    let old_ty = driver.engine.graph.node(old).ty.clone();
    if old_ty.dtype != saved.ty.dtype {
        let message = format!("`{}` is {} in {} and {} here", saved.name, old_ty.dtype, shown(&file.path), saved.ty.dtype);
        return Err(Diagnostic::at(Code::Dtype, file.span, message).help(format!("convert it: `x.as({})`", old_ty.dtype)));
    }
    if !in_place {
        written_as_read(open, at)?;
    }
    let named = save::names_dimensions(&file.path);
    let dim = |(at, dim): (usize, &Dim)| if named { in_calendar_of(dim, old_ty.dims.get(at)) } else { Dim::sized(dim.size) };
    let dims = saved.ty.dims.iter().enumerate().map(dim).collect();
    let new = build(driver, file, |b| b.rename(A(saved.parts[0].0.0), dims))?;
    let new_ty = driver.engine.graph.node(new).ty.clone();
    let all = build(driver, file, |b| b.concat(&[A(old.0), A(new.0)], axis))?;
    let ty = driver.engine.graph.node(all).ty.clone();
    continues(file, &old_ty, &new_ty, &ty, axis)?;
    let length = old_ty.dims[axis].size.known().unwrap_or(0);
    let compress = saved.compress.or(if in_place { None } else { compressed(info) });
    let chunks = saved.chunks.clone().filter(|_| !in_place).or_else(|| info.chunks.clone());
    let mut variable = Saved {
        name: Name::new(info.name()),
        ty,
        parts: Vec::new(),
        attrs: info.attrs.clone(),
        compress,
        chunks,
        shards: open.shards(at),
        grown: in_place.then_some(Grown { axis, from: length }),
    };
    let chunk = save::grain(&file.path, &driver.engine.spec(&variable, &file.unlimited))?.chunks.get(axis).copied().unwrap_or(1);
    variable.parts = parts(driver, file, (old, new), axis, chunk)?;
    Ok((variable, axis))
}

/// What is written, and where it starts: of a file that is written anew what was there, then what comes. Whole chunks are written, so the one
/// in which the array ended is put together again, with the first of what comes.
fn parts(driver: &mut Driver, file: &SaveFile, (old, new): (NodeId, NodeId), axis: usize, chunk: u64) -> Outcome<Vec<(NodeId, Vec<u64>)>> {
    let size = |node: NodeId| driver.engine.graph.node(node).ty.dims[axis].size.known().unwrap_or(0);
    let (length, more) = (size(old), size(new));
    let rank = driver.engine.graph.node(new).ty.rank();
    let seam = length - length % chunk;
    let first = if seam == length { 0 } else { more.min(chunk - length % chunk) };
    let part = |b: &mut dyn Build, array: NodeId, lo: u64, hi: u64| {
        let [lo, hi] = [lo, hi].map(|at| b.constant(Scalar::i64(at as i64)));
        let mut index = vec![SliceArg::Range { lo: None, hi: None, step: 1 }; axis];
        index.push(SliceArg::Range { lo: Some(lo), hi: Some(hi), step: 1 });
        b.slice(A(array.0), &index)
    };
    let mut parts = Vec::new();
    let mut add = |node: NodeId, from: u64| parts.push((node, (0..rank).map(|at| if at == axis { from } else { 0 }).collect()));
    let head = if first > 0 { seam } else { length };
    if head > 0 && !save::grows_in_place(&file.path) {
        add(build(driver, file, |b| part(b, old, 0, head))?, 0);
    }
    if first > 0 {
        let middle = |b: &mut dyn Build| {
            let (last, first) = (part(b, old, seam, length)?, part(b, new, 0, first)?);
            b.concat(&[last, first], axis)
        };
        add(build(driver, file, middle)?, seam);
    }
    if more > first {
        add(build(driver, file, |b| part(b, new, first, more))?, length + first);
    }
    Ok(parts)
}

/// How a variable of a file that is written anew is compressed, if it is: the level is not in the file.
fn compressed(info: &VarInfo) -> Option<u8> {
    const LEVEL: u8 = 4;
    info.filters.iter().any(|filter| !matches!(filter.as_str(), "shuffle" | "fletcher32")).then_some(LEVEL)
}

fn build(driver: &mut Driver, file: &SaveFile, build: impl FnOnce(&mut dyn Build) -> Outcome<A>) -> Outcome<NodeId> {
    driver.engine.with_builder(file.span, driver.out, |b| build(b).map(|a| NodeId(a.0)))
}

/// A dimension with its coordinate in the calendar of another, where all its instants are the same in both.
fn in_calendar_of(dim: &Dim, other: Option<&Dim>) -> Dim {
    let (Some(coord), Some(calendar)) = (&dim.coord, other.and_then(|dim| Some(dim.coord.as_ref()?.values.dtype()))) else {
        return dim.clone();
    };
    let (DType::DateTime(own), DType::DateTime(there)) = (coord.values.dtype(), calendar) else { return dim.clone() };
    if own == there || !coord.values.scalars().iter().all(|value| own.agrees(there, value.as_int().map_or(NAT, |int| int as i64))) {
        return dim.clone();
    }
    let values = coord.values.retyped(coord.values.ty().with_dtype(calendar));
    Dim { coord: Some(Arc::new(Coord { values, units: coord.units.clone() })), ..dim.clone() }
}

/// K0405 unless the coordinate goes on in what comes.
fn continues(file: &SaveFile, old: &ArrayTy, new: &ArrayTy, all: &ArrayTy, axis: usize) -> Outcome<()> {
    let name = dim_text(all, axis);
    let refuse = |message: String, help: &str| Err(Diagnostic::at(Code::Coordinates, file.span, message).help(help));
    let there = shown(&file.path);
    if file.variables.iter().any(|saved| old.dims[axis].name.as_ref() == Some(&saved.name)) {
        // The coordinate is a variable that is given itself.
        return Ok(());
    }
    let (Some(before), Some(after)) = (&old.dims[axis].coord, &new.dims[axis].coord) else {
        return match (&old.dims[axis].coord, &new.dims[axis].coord) {
            (None, None) => Ok(()),
            (Some(_), _) => {
                refuse(format!("{name} has a coordinate in {there}, and none here"), "give it one: `x.assign_coords(time = …)`")
            }
            (None, _) => refuse(format!("{name} has a coordinate here, and none in {there}"), "drop it, or save to a new file"),
        };
    };
    let Some(joined) = &all.dims[axis].coord else {
        let message = format!("{name} is {} in {there} and {} here", before.values.dtype(), after.values.dtype());
        return refuse(message, "coordinates of one dtype are joined");
    };
    if direction(before).is_some() && direction(joined).is_none() {
        let value = |coord: &Coord, at: u64| coord.values.get(&[at]).map_or_else(String::new, crate::array::display::scalar);
        let last = value(before, before.values.count().saturating_sub(1));
        let message = format!("{name} goes to {last} in {there}, what is appended starts at {}", value(after, 0));
        return refuse(message, "append what comes after it, in its order");
    }
    Ok(())
}

/// Whether the values of a coordinate rise or fall strictly; of up to one value, rise.
fn direction(coord: &Coord) -> Option<std::cmp::Ordering> {
    use std::cmp::Ordering;
    let key = |value: &Scalar| match value.as_int() {
        Some(int) => (int, 0.0),
        None => (0, value.as_f64()),
    };
    let values = coord.values.scalars();
    let mut steps = values.windows(2).map(|pair| key(&pair[1]).partial_cmp(&key(&pair[0])));
    let Some(first) = steps.next() else { return Some(Ordering::Greater) };
    first.filter(|first| *first != Ordering::Equal && steps.all(|step| step == Some(*first)))
}

/// K0602 for a variable that would be stored in another way than it is.
fn written_as_read(open: &OpenFile, at: usize) -> Outcome<()> {
    let Decode { stored, scale, offset, time, target, .. } = open.decode(at);
    if scale.is_none() && offset.is_none() && (time.is_some() || stored == target || *target == DType::Bool) {
        return Ok(());
    }
    let name = open.info.variables[at].name();
    let message = format!("cannot append to {}: `{name}` is stored as {stored} and read as {target}", shown(&open.info.path));
    Err(Diagnostic::new(Code::Format, message).help("save the joined array to a new file"))
}

/// A variable of a file that is written anew, as it is.
fn kept(driver: &mut Driver, path: &str, open: &Arc<OpenFile>, at: usize, file: &SaveFile) -> Outcome<Saved> {
    let info = &open.info.variables[at];
    let refuse = |reason: String| {
        let message =
            format!("cannot append to {}: it would lose `{}`, which {reason}", shown(&file.path), info.path.trim_start_matches('/'));
        Diagnostic::new(Code::Format, message).help("save the joined array to a new file")
    };
    if !is_in_root(info) {
        return Err(refuse("is in a group".to_string()));
    }
    files::locate(&driver.engine.runtime, path, &info.path).map_err(|_| refuse(info.skipped.clone().unwrap_or_default()))?;
    written_as_read(open, at)?;
    let node = driver.engine.variable(path, &info.path, file.span)?;
    let saved = Saved::whole(driver, Name::new(info.name()), node);
    Ok(Saved { attrs: info.attrs.clone(), compress: compressed(info), chunks: info.chunks.clone(), ..saved })
}
