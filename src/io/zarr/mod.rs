//! Zarr, versions 2 and 3: a folder of metadata in JSON and a file for every chunk. Owns which arrays are variables; `store` finds their
//! metadata, `array` reads it, `codec` the codecs named in it, `source` reads chunks, `sink` writes a new store, `grow` appends to one,
//! `encode` makes the chunks of both.
//!
//! Dimensions are those of `dimension_names` (3) or `_ARRAY_DIMENSIONS` (2). As xarray does, the fill value of version 2 means missing,
//! that of version 3 only fills. Not read: text, records, irregular chunk grids, and codecs that `codec` does not know. Such variables
//! are listed with the reason.

mod array;
mod codec;
mod encode;
mod grow;
mod sink;
mod source;
mod store;
#[cfg(test)]
mod tests;

pub use sink::{ZarrSink, grain};

use super::info::{Attr, AxisInfo, DimInfo, GroupInfo, VarInfo};
use super::{Contents, Format, Found, Opened};
use crate::array::DType;
use crate::base::{Name, Outcome};
use array::Described;
use source::ZarrSource;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use store::{Kind, Node};

/// The name of the variable of a store that is one array.
const NAME: &str = "data";

pub struct Zarr;

impl Format for Zarr {
    fn name(&self) -> &'static str {
        "Zarr"
    }
    fn extensions(&self) -> &'static [&'static str] {
        &["zarr"]
    }
    fn detect(&self, found: Found) -> bool {
        matches!(found, Found::Folder(path) if is_store(path))
    }
    fn open(&self, _: Arc<File>, path: &Path) -> Outcome<Opened> {
        let nodes = store::find(path)?;
        let mut contents = Contents::default();
        let mut arrays = Vec::new();
        for Node { path: name, kind } in nodes {
            match kind {
                Kind::Group(attrs) if name.is_empty() => contents.attrs = store::attrs(&attrs),
                Kind::Group(attrs) => contents.groups.push(GroupInfo { path: Name::new(format!("/{name}")), attrs: store::attrs(&attrs) }),
                Kind::Array(metadata) => {
                    contents.single = name.is_empty();
                    arrays.push((name, metadata.and_then(|metadata| array::describe(&metadata))));
                }
            }
        }
        let places: Vec<String> = arrays.iter().map(|(name, _)| name.clone()).collect();
        let shown = |name: &str| Name::new(if name.is_empty() { format!("/{NAME}") } else { format!("/{name}") });
        let paths: Vec<Name> = places.iter().map(|name| shown(name)).collect();
        let described: Vec<Result<Described, String>> = arrays.into_iter().map(|(_, described)| described).collect();
        contents.variables = (0..paths.len()).map(|at| variable(at, &paths, &described)).collect();
        contents.dims = dims(&contents.variables);
        let stored = described.into_iter().map(|described| described.ok().and_then(|described| described.stored.ok())).collect();
        let source = ZarrSource::new(path, places, stored)?;
        Ok((contents, Box::new(source)))
    }
}

/// Whether a folder is a Zarr store.
pub fn is_store(path: &Path) -> bool {
    ["zarr.json", ".zmetadata", ".zgroup", ".zarray"].iter().any(|name| path.join(name).is_file())
}

fn variable(at: usize, paths: &[Name], described: &[Result<Described, String>]) -> VarInfo {
    let mut var = VarInfo {
        path: paths[at].clone(),
        dtype: DType::Bool,
        dims: Vec::new(),
        attrs: Vec::new(),
        chunks: None,
        filters: Vec::new(),
        scratch: 0,
        skipped: None,
    };
    let array = match &described[at] {
        Ok(array) => array,
        Err(reason) => {
            var.skipped = Some(reason.clone());
            return var;
        }
    };
    let axis = |(name, size): (&Option<Name>, &u64)| {
        let coord = name.as_ref().and_then(|name| coordinate(&paths[at], name, *size, paths, described));
        AxisInfo { name: name.clone(), size: *size, coord }
    };
    var.dims = array.names.iter().zip(&array.shape).map(axis).collect();
    var.attrs = array.attrs.clone();
    match &array.stored {
        Ok(stored) => {
            (var.dtype, var.chunks) = (stored.dtype, Some(stored.chunk.leaf().shape.clone()));
            (var.filters, var.scratch) = (stored.codecs.clone(), stored.scratch());
        }
        Err(reason) => var.skipped = Some(reason.clone()),
    }
    var
}

/// The array that is the coordinate of a dimension: of its name, in the group of the array that has the dimension or in one around it.
fn coordinate(of: &Name, name: &Name, size: u64, paths: &[Name], described: &[Result<Described, String>]) -> Option<usize> {
    let mut group = of.as_str();
    while let Some((outer, _)) = group.rsplit_once('/') {
        group = outer;
        let is_it = |at: &usize| {
            let own = described[*at].as_ref().is_ok_and(|array| array.shape == [size] && array.names == [Some(name.clone())]);
            own && paths[*at].as_str().strip_prefix(group).and_then(|rest| rest.strip_prefix('/')) == Some(name.as_str())
        };
        if let Some(at) = (0..paths.len()).find(is_it) {
            return Some(at);
        }
    }
    None
}

/// The dimensions of each group, each once.
fn dims(variables: &[VarInfo]) -> Vec<DimInfo> {
    let mut dims: Vec<DimInfo> = Vec::new();
    for var in variables {
        let group = var.path.trim_end_matches(var.name()).trim_start_matches('/');
        for axis in &var.dims {
            let Some(name) = &axis.name else { continue };
            let name = Name::new(format!("{group}{name}"));
            if dims.iter().all(|dim| dim.name != name) {
                dims.push(DimInfo { name, size: axis.size, unlimited: false });
            }
        }
    }
    dims
}

/// An attribute of a name, replaced or added.
fn set(attrs: &mut Vec<Attr>, attr: Attr) {
    attrs.retain(|(name, _)| *name != attr.0);
    attrs.push(attr);
}
