//! Saving: what is to be written, the interface of writers, and which writer an extension has.

use super::FORMATS;
use super::error::shown;
use super::hdf5::{self, Hdf5Sink};
use super::info::{Attr, FileInfo};
use super::npy::{self, NpySink};
use super::npz::NpzSink;
use super::zarr::{self, ZarrSink};
use crate::array::ArrayTy;
use crate::base::{Code, Diagnostic, Name, Outcome};
use std::path::Path;
use std::sync::Arc;

/// A file to be written.
#[derive(Clone, Debug, Default)]
pub struct FileSpec {
    pub variables: Vec<VarSpec>,
    /// Attributes of the root group.
    pub attrs: Vec<Attr>,
    /// Attributes of the coordinates of named dimensions, beside those that decode them.
    pub coords: Vec<(Name, Vec<Attr>)>,
}

impl From<&[VarSpec]> for FileSpec {
    fn from(variables: &[VarSpec]) -> FileSpec {
        FileSpec { variables: variables.to_vec(), ..FileSpec::default() }
    }
}

/// A variable to be written. All sizes of `ty` are known; its named dimensions and their coordinates are written where the format has
/// them, with the CF attributes that decode them.
#[derive(Clone, Debug)]
pub struct VarSpec {
    pub name: Name,
    pub ty: ArrayTy,
    pub attrs: Vec<Attr>,
    /// The wished shape of chunks; the writer chooses if it is `None`.
    pub chunks: Option<Vec<u64>>,
    /// Compression from 0 (none) to 9; the writer's default if `None`.
    pub compress: Option<u8>,
    /// The shape of the shards that hold chunks, where the format has such.
    pub shards: Option<Vec<u64>>,
    /// Named dimensions that others may make longer, where the format has such; all variables that have one say so.
    pub unlimited: Vec<Name>,
    /// For a variable that is there already, in a file that is appended to in place.
    pub grown: Option<Grown>,
}

/// How a variable becomes longer: what lies before the chunk in which it ended is not written again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grown {
    pub axis: usize,
    /// Its size along the axis before.
    pub from: u64,
}

impl VarSpec {
    pub fn new(name: impl Into<Name>, ty: ArrayTy) -> VarSpec {
        VarSpec { name: name.into(), ty, attrs: Vec::new(), chunks: None, compress: None, shards: None, unlimited: Vec::new(), grown: None }
    }
    /// Of each axis, whether others may make it longer.
    pub fn is_unlimited(&self) -> Vec<bool> {
        self.ty.dims.iter().map(|dim| dim.name.as_ref().is_some_and(|name| self.unlimited.contains(name))).collect()
    }
    /// The sizes. Error K0999 if one is not known.
    pub fn shape(&self) -> Outcome<Vec<u64>> {
        self.ty.shape().ok_or_else(|| Diagnostic::new(Code::Internal, format!("`{}` is saved before its sizes are known", self.name)))
    }
}

/// Writes a file region by region. Any number of threads may write at once, in any order, each element once. What is never written reads
/// as missing or zero. Dropped before `finish`, it leaves nothing behind.
pub trait Sink: Send + Sync {
    /// Writes a region: elements of the variable's dtype (of `VarSpec::ty`), native byte order, row-major without gaps. Compression is
    /// done here, in the calling thread. Errors: K0601; K0999 for a region off the grid.
    fn write(&self, variable: usize, start: &[u64], count: &[u64], bytes: &[u8]) -> Outcome<()>;

    /// Puts the whole file on disk and in its place, at once, when all is written. Once.
    fn finish(&self) -> Outcome<()>;
}

/// How regions of a variable are written: known before the file is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grain {
    /// Regions start at multiples of this and end at multiples of it or at the array's end.
    pub chunks: Vec<u64>,
    /// Memory that one call of `Sink::write` takes, at most.
    pub scratch: u64,
}

/// How a variable of a file at `path` is written. Error K0602 for an extension that is not written.
pub fn grain(path: &Path, spec: &VarSpec) -> Outcome<Grain> {
    match extension(path).as_str() {
        "h5" | "hdf5" | "nc" | "nc4" => hdf5::grain(spec),
        "zarr" => zarr::grain(spec),
        "npy" | "npz" => npy::grain(spec),
        _ => Err(unknown_extension(path)),
    }
}

/// Starts a writer for `path` by its extension. Errors: K0602 for an extension that is not written, K0601 if the system refuses.
pub fn create(path: &Path, file: &FileSpec) -> Outcome<Arc<dyn Sink>> {
    match extension(path).as_str() {
        "h5" | "hdf5" | "nc" | "nc4" => Ok(Arc::new(Hdf5Sink::create(path, file)?)),
        "zarr" if file.variables.iter().any(|spec| spec.grown.is_some()) => Ok(Arc::new(ZarrSink::grow(path, file)?)),
        "zarr" => Ok(Arc::new(ZarrSink::create(path, file)?)),
        "npy" => Ok(Arc::new(NpySink::create(path, &file.variables)?)),
        "npz" => Ok(Arc::new(NpzSink::create(path, &file.variables)?)),
        _ => Err(unknown_extension(path)),
    }
}

/// K0602 where chunks or shards are asked for that the format of a path's extension has not.
pub fn check_layout(path: &Path, chunks: bool, shards: bool) -> Outcome<()> {
    let refuse = |what: &str, others: &str| {
        let error = Diagnostic::new(Code::Format, format!("cannot save {}: its format has no {what}", shown(path)));
        Err(error.help(format!("leave `{what}` out, or save as {others}")))
    };
    if shards && extension(path) != "zarr" {
        return refuse("shards", ".zarr");
    }
    if chunks && !names_dimensions(path) {
        return refuse("chunks", ".zarr or .nc");
    }
    Ok(())
}

/// Whether what is appended to a file goes into the file that is there, which else is written anew.
pub fn grows_in_place(path: &Path) -> bool {
    extension(path) == "zarr"
}

/// Whether files of a path's extension have unlimited dimensions.
pub fn has_unlimited(path: &Path) -> bool {
    matches!(extension(path).as_str(), "h5" | "hdf5" | "nc" | "nc4")
}

/// Whether files of a path's extension hold names of dimensions.
pub fn names_dimensions(path: &Path) -> bool {
    !matches!(extension(path).as_str(), "npy" | "npz")
}

/// K0602 if what is at a path is of another format than its extension says.
pub fn check_format(path: &Path, info: &FileInfo) -> Outcome<()> {
    // The format that is written is the first of its extension.
    let own = FORMATS.iter().find(|format| format.extensions().contains(&extension(path).as_str()));
    if own.is_some_and(|format| info.format == format.name()) {
        return Ok(());
    }
    let message = format!("cannot append to {}: it is a file of format {}", shown(path), info.format);
    Err(Diagnostic::new(Code::Format, message).help("save the joined array to a new file"))
}

/// The extensions that `create` takes.
pub const SAVED: &[&str] = &["h5", "hdf5", "nc", "nc4", "zarr", "npy", "npz"];

/// Says before anything runs whether a file can be saved under a name. Error K0602.
pub fn check_extension(path: &Path) -> Outcome<()> {
    if SAVED.contains(&extension(path).as_str()) { Ok(()) } else { Err(unknown_extension(path)) }
}

fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase()).unwrap_or_default()
}

fn unknown_extension(path: &Path) -> Box<Diagnostic> {
    let known: Vec<String> = SAVED.iter().map(|extension| format!(".{extension}")).collect();
    Diagnostic::new(Code::Format, format!("cannot save {}: its extension names no format", shown(path)))
        .help(format!("arrays are saved as {}", known.join(", ")))
}
