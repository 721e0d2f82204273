//! What is saved: the arguments of `save` as the variables of a file.

use super::appending;
use super::driver::{Driver, Frame, internal};
use super::effects::Pending;
use super::value::Val;
use crate::array::ArrayTy;
use crate::base::{Code, Diagnostic, Name, Outcome, Span};
use crate::graph::NodeId;
use crate::io::save::{self, Grown};
use crate::io::{Attr, AttrValue};
use crate::sema::hir::{Argument, CallArgs, Expr};
use crate::types::dims::DimRef;
use std::path::{Path, PathBuf};

/// A file to be saved: its variables in order.
#[derive(Clone)]
pub struct SaveFile {
    pub path: PathBuf,
    pub variables: Vec<Saved>,
    pub unlimited: Vec<Name>,
    /// Attributes of the file, and of coordinates by their dimensions.
    pub attrs: Vec<Attr>,
    pub coords: Vec<(Name, Vec<Attr>)>,
    /// For a file that is appended to.
    pub appends: Option<Appends>,
    pub span: Span,
}

/// Whether the file is open for this alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Appends {
    Opened,
    OpenBefore,
}

/// A variable to be saved.
#[derive(Clone)]
pub struct Saved {
    pub name: Name,
    /// Of all of it.
    pub ty: ArrayTy,
    /// What is written, and from which index on.
    pub parts: Vec<(NodeId, Vec<u64>)>,
    pub attrs: Vec<Attr>,
    /// Compression from 0 to 9; the format's own if it is not given.
    pub compress: Option<u8>,
    /// The shape of chunks, where it is known from before.
    pub chunks: Option<Vec<u64>>,
    pub shards: Option<Vec<u64>>,
    pub grown: Option<Grown>,
}

/// Queues the save of a call. Parameters are the path, the values, then the dimensions `append` and `unlimited`.
pub fn save(driver: &mut Driver, frame: &mut Frame, args: &CallArgs, path: &Expr, span: Span) -> Outcome<()> {
    let text = driver.text(frame, path)?;
    let path = PathBuf::from(driver.engine.rendered(&text, driver.out)?);
    let mut variables = Vec::new();
    for (name, argument) in &args.rest {
        let Argument::Expr(value) = argument else { return Err(internal(span, "only values are saved")) };
        let result = driver.expr(frame, value)?;
        variables.push(saved(driver, name.clone().unwrap_or_else(|| Name::from("data")), result, value)?);
    }
    if variables.is_empty() {
        return Err(Diagnostic::at(Code::Arguments, span, "there is nothing to save").help("`save(\"out.nc\", sst = x)`"));
    }
    let asked = |part: fn(&Saved) -> bool| variables.iter().any(part);
    save::check_extension(&path)
        .and_then(|()| save::check_layout(&path, asked(|saved| saved.chunks.is_some()), asked(|saved| saved.shards.is_some())))
        .map_err(|error| error.or_at(span))?;
    let dims = |at: usize| match args.values.get(at) {
        Some(Some(Argument::Dims(dims))) => dims.as_slice(),
        _ => &[],
    };
    let unlimited = unlimited(&path, &variables, dims(3))?;
    let mut file = SaveFile { path, variables, unlimited, attrs: Vec::new(), coords: Vec::new(), appends: None, span };
    // What is appended depends on what is in the file, so that saves before it are done first, and it before others.
    let waits = |effect: &Pending| matches!(effect, Pending::Save(before) if before.appends.is_some() || !dims(2).is_empty());
    if driver.engine.pending.iter().any(waits) {
        driver.engine.flush(&[], driver.out)?;
    }
    match dims(2) {
        [dim] if file.path.exists() => file = appending::appended(driver, file, dim).map_err(|error| error.or_at(span))?,
        [dim] => file.variables.iter().try_for_each(|saved| crate::types::dims::find_dim(&saved.ty, dim).map(|_| ()))?,
        [] => {
            let shown = file.path.to_string_lossy();
            if driver.engine.runtime.is_open(&shown) {
                let error = Diagnostic::at(Code::SaveOverInput, span, format!("{shown} is read by this program"));
                return Err(error.help("save to another name"));
            }
        }
        [_, second, ..] => return Err(Diagnostic::at(Code::Arguments, second.span(), "a file becomes longer along one dimension")),
    }
    driver.engine.pending.push(Pending::Save(file));
    Ok(())
}

/// The names of the dimensions that others may make longer.
fn unlimited(path: &Path, variables: &[Saved], dims: &[DimRef]) -> Outcome<Vec<Name>> {
    let mut names = Vec::with_capacity(dims.len());
    for dim in dims {
        let DimRef::Name(name, span) = dim else {
            let error = Diagnostic::at(Code::UnknownDim, dim.span(), "an unlimited dimension has a name");
            return Err(error.help("name it: `x.named(time, lat)`"));
        };
        if !variables.iter().any(|saved| saved.ty.find(name).is_some()) {
            let message = format!("no variable that is saved has a dimension \"{name}\"");
            return Err(Diagnostic::at(Code::UnknownDim, *span, message));
        }
        if !save::has_unlimited(path) {
            let message = format!("{} has no unlimited dimensions", crate::io::error::shown(path));
            let error = Diagnostic::at(Code::Format, *span, message);
            return Err(error.help("`.nc` and `.h5` have; any dimension of a Zarr store can become longer"));
        }
        names.push(name.clone());
    }
    Ok(names)
}

/// What is saved under one name: an array, or a record of the array (`data`), how it is stored (`compress`, 0 to 9, the shapes `chunks` and
/// `shards`) and its attributes, which are texts and numbers.
fn saved(driver: &mut Driver, name: Name, value: Val, expr: &Expr) -> Outcome<Saved> {
    let wrong = || {
        let error = Diagnostic::at(Code::Type, expr.span, format!("only arrays and numbers are saved, this is {}", expr.ty));
        error.help("save arrays one by one; attributes go beside the array: `sst = (data = x, units = \"degC\")`")
    };
    let fields = match value {
        Val::Array(node) => return Ok(Saved::whole(driver, name, node)),
        Val::Record(fields) => fields,
        _ => return Err(wrong()),
    };
    let mut data = None;
    let (mut attrs, mut compress, mut chunks, mut shards) = (Vec::new(), None, None, None);
    for (field, value) in fields {
        match value {
            value if field == *"chunks" => chunks = Some(sizes(driver, &field, value, expr)?),
            value if field == *"shards" => shards = Some(sizes(driver, &field, value, expr)?),
            Val::Array(node) if field == *"data" => data = Some(node),
            Val::Array(node) if driver.engine.graph.node(node).ty.rank() == 0 => {
                let number = driver.engine.scalar(node, driver.out)?;
                match number.as_int().filter(|_| field == *"compress") {
                    Some(level @ 0..=9) => compress = Some(level as u8),
                    Some(level) => {
                        let error = Diagnostic::at(Code::Value, expr.span, format!("compression goes from 0 to 9, found {level}"));
                        return Err(error.help("0 is none, 4 a good choice"));
                    }
                    None => attrs.push((field, AttrValue::Numbers(vec![number]))),
                }
            }
            Val::Text(text) => attrs.push((field, AttrValue::Text(driver.engine.rendered(&text, driver.out)?))),
            _ => return Err(wrong()),
        }
    }
    let saved = Saved::whole(driver, name, data.ok_or_else(wrong)?);
    for (field, sizes) in [("chunks", &chunks), ("shards", &shards)] {
        if let Some(sizes) = sizes.as_ref().filter(|sizes| sizes.len() != saved.ty.rank()) {
            let message = format!("`{field}` has {} sizes, {} has {}", sizes.len(), saved.ty, saved.ty.rank());
            return Err(Diagnostic::at(Code::Rank, expr.span, message).help("a size for each dimension: `chunks = (30, 100, 100)`"));
        }
    }
    Ok(Saved { attrs, compress, chunks, shards, ..saved })
}

/// The sizes of a chunk along all dimensions: a number, or several as a tuple or list.
fn sizes(driver: &mut Driver, field: &Name, value: Val, expr: &Expr) -> Outcome<Vec<u64>> {
    let mut sizes = Vec::new();
    for node in super::effects::arrays(&value) {
        let arrays = driver.engine.flush(&[node], driver.out)?;
        sizes.extend(arrays.iter().flat_map(|array| array.scalars()));
    }
    let size = |size: &crate::array::Scalar| size.as_int().filter(|_| size.dtype.is_int()).and_then(|size| u64::try_from(size).ok());
    let good = sizes.iter().map(|found| size(found).filter(|size| *size > 0)).collect::<Option<Vec<u64>>>();
    let small = good.filter(|sizes| sizes.iter().try_fold(1u64, |all, size| all.checked_mul(*size)).is_some_and(|all| all <= LARGEST));
    small.filter(|sizes| !sizes.is_empty()).ok_or_else(|| {
        let error = Diagnostic::at(Code::Value, expr.span, format!("`{field}` is a size for each dimension, at least 1"));
        error.help(format!("`{field} = (30, 100, 100)`; of up to {LARGEST} elements together"))
    })
}

/// Elements of a chunk or shard: with their bytes it is still put together in memory.
const LARGEST: u64 = 1 << 26;

impl Saved {
    /// An array as it is.
    pub fn whole(driver: &Driver, name: Name, node: NodeId) -> Saved {
        let ty = driver.engine.graph.node(node).ty.clone();
        let parts = vec![(node, vec![0; ty.rank()])];
        Saved { name, ty, parts, attrs: Vec::new(), compress: None, chunks: None, shards: None, grown: None }
    }
}
