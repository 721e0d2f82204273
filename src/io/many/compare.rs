//! Whether files go together: the same variables of the same dtypes and dimensions, and coordinates that are equal but for one dimension.

use super::apart;
use crate::array::Coord;
use crate::base::{Code, Diagnostic, Name, Outcome};
use crate::io::cf::Decode;
use crate::io::error::shown;
use crate::io::file::OpenFile;
use crate::io::info::{FileInfo, Stamp, VarInfo, leaf};
use std::path::Path;
use std::sync::Arc;

/// Variables of up to this many bytes are compared by value.
const SMALL: u64 = 1 << 20;

/// The file that all others are compared with.
pub struct First {
    pub info: FileInfo,
    pub decodes: Vec<Decode>,
    dims: Vec<Dim>,
    /// The stored elements of small variables.
    values: Vec<Option<Vec<u8>>>,
}

/// A named dimension of a file, with its coordinate where it has one.
pub struct Dim {
    name: Name,
    size: u64,
    coord: Option<Arc<Coord>>,
}

/// In what a file differs from the first.
pub struct Difference {
    pub stamp: Stamp,
    /// Dimensions of another size or coordinate.
    pub dims: Vec<(Name, Dim)>,
    /// Variables that decode differently, to the same dtype.
    pub decodes: Vec<usize>,
    /// Small variables of the same shape with other values.
    pub values: Vec<usize>,
}

impl Difference {
    pub fn size(&self, first: &First, name: &Name) -> u64 {
        self.dim(first, name).map_or(0, |dim| dim.size)
    }
    pub fn coord<'a>(&'a self, first: &'a First, name: &Name) -> Option<&'a Arc<Coord>> {
        self.dim(first, name)?.coord.as_ref()
    }
    fn dim<'a>(&'a self, first: &'a First, name: &Name) -> Option<&'a Dim> {
        let own = self.dims.iter().find(|(known, _)| known == name).map(|(_, dim)| dim);
        own.or_else(|| first.dims.iter().find(|dim| dim.name == *name))
    }
}

impl First {
    pub fn of(file: &OpenFile) -> Outcome<First> {
        let variables = 0..file.info.variables.len();
        let decodes = variables.clone().map(|at| file.decode(at).clone()).collect();
        let values = variables.map(|at| values(file, at)).collect::<Outcome<_>>()?;
        Ok(First { info: file.info.clone(), decodes, dims: dims(file)?, values })
    }

    /// Whether a dimension, by its path, has a coordinate.
    pub fn has_coord(&self, path: &str) -> bool {
        self.dims.iter().any(|dim| dim.name.as_str() == leaf(path) && dim.coord.is_some())
    }

    pub fn compare(&self, file: &OpenFile) -> Outcome<Difference> {
        let (one, other) = (&self.info.path, &file.info.path);
        for (a, b, place, missing) in [(&self.info, &file.info, one, other), (&file.info, &self.info, other, one)] {
            if let Some(var) = a.variables.iter().find(|var| b.variables.iter().all(|known| known.path != var.path)) {
                let message = format!("{} has a variable `{}`, {} has not", shown(place), name(var), shown(missing));
                return Err(apart(message).help("open files that hold the same variables"));
            }
        }
        let own = dims(file)?;
        let differs = |dim: &&Dim| self.dims.iter().any(|known| known.name == dim.name && !same(known, dim));
        let changed: Vec<Name> = own.iter().filter(differs).map(|dim| dim.name.clone()).collect();
        let mut difference = Difference { stamp: file.info.stamp, dims: Vec::new(), decodes: Vec::new(), values: Vec::new() };
        for (at, var) in self.info.variables.iter().enumerate() {
            let there = file.variable(&var.path)?;
            let found = &file.info.variables[there];
            alike(var, found, one, other)?;
            if var.skipped.is_some() {
                continue;
            }
            let (here, decode) = (&self.decodes[at], file.decode(there));
            if here.target != decode.target {
                let message = format!("`{}` is {} in {} and {} in {}", name(var), here.target, shown(one), decode.target, shown(other));
                return Err(apart(message).help("open files of one kind together"));
            }
            if here != decode {
                difference.decodes.push(at);
            }
            let moves = |name: &Option<Name>| name.as_ref().is_some_and(|name| changed.contains(name));
            if !var.dims.iter().any(|axis| moves(&axis.name)) {
                if var.shape() != found.shape() {
                    let message = format!(
                        "`{}` is of shape {:?} in {} and {:?} in {}",
                        name(var),
                        var.shape(),
                        shown(one),
                        found.shape(),
                        shown(other)
                    );
                    return Err(apart(message).help("only named dimensions are joined"));
                }
                if here != decode || (self.values[at].is_some() && values(file, there)? != self.values[at]) {
                    difference.values.push(at);
                }
            }
        }
        difference.dims = own.into_iter().filter(|dim| changed.contains(&dim.name)).map(|dim| (dim.name.clone(), dim)).collect();
        Ok(difference)
    }
}

fn name(var: &VarInfo) -> &str {
    var.path.trim_start_matches('/')
}

/// The same dtype and dimensions, whatever their sizes.
fn alike(a: &VarInfo, b: &VarInfo, one: &Path, other: &Path) -> Outcome<()> {
    let shown_dims = |var: &VarInfo| var.dims.iter().map(|axis| axis.name.as_deref().unwrap_or("_").to_string()).collect::<Vec<_>>();
    let what = match (&a.skipped, &b.skipped) {
        (None, Some(reason)) => return Err(cannot(b, reason, other)),
        (Some(reason), None) => return Err(cannot(a, reason, one)),
        _ if a.dtype != b.dtype => (a.dtype.to_string(), b.dtype.to_string()),
        _ if shown_dims(a) != shown_dims(b) => {
            (format!("over ({})", shown_dims(a).join(", ")), format!("over ({})", shown_dims(b).join(", ")))
        }
        _ => return Ok(()),
    };
    let message = format!("`{}` is {} in {} and {} in {}", name(a), what.0, shown(one), what.1, shown(other));
    Err(apart(message).help("open files of one kind together"))
}

fn cannot(var: &VarInfo, reason: &str, path: &Path) -> Box<Diagnostic> {
    Diagnostic::new(Code::Format, format!("variable `{}` of {} {reason}", name(var), shown(path)))
}

/// The named dimensions of the readable variables of a file.
fn dims(file: &OpenFile) -> Outcome<Vec<Dim>> {
    let mut dims: Vec<Dim> = Vec::new();
    for (at, var) in file.info.variables.iter().enumerate() {
        if var.skipped.is_some() {
            continue;
        }
        for (axis, dim) in var.dims.iter().zip(file.ty(at)?.dims) {
            let Some(name) = &axis.name else { continue };
            match dims.iter_mut().find(|known| known.name == *name) {
                None => dims.push(Dim { name: name.clone(), size: axis.size, coord: dim.coord }),
                // Groups may have dimensions of the same name; what is joined is one of them all.
                Some(known) if known.size != axis.size => {
                    let message = format!("{} has dimensions `{name}` of sizes {} and {}", shown(&file.info.path), known.size, axis.size);
                    return Err(apart(message).help("open such files one by one"));
                }
                Some(known) if known.coord.is_none() => known.coord = dim.coord,
                Some(_) => {}
            }
        }
    }
    Ok(dims)
}

fn same(a: &Dim, b: &Dim) -> bool {
    a.size == b.size
        && match (&a.coord, &b.coord) {
            (Some(a), Some(b)) => a.values == b.values,
            (None, None) => true,
            _ => false,
        }
}

/// The stored elements of a small variable that is no coordinate.
fn values(file: &OpenFile, at: usize) -> Outcome<Option<Vec<u8>>> {
    let var = &file.info.variables[at];
    let bytes = var.count().saturating_mul(var.dtype.size() as u64);
    let is_coord = var.dims.len() == 1 && var.dims[0].coord == Some(at);
    if var.skipped.is_some() || is_coord || bytes > SMALL {
        return Ok(None);
    }
    let rank = var.dims.len();
    let mut out = vec![0; bytes as usize];
    file.read(at, &vec![0; rank], &var.shape(), &vec![1; rank], &mut out)?;
    Ok(Some(out))
}
