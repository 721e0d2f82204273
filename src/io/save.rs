//! Saving: what is to be written, the interface of writers, and which writer an extension has.

use super::error::shown;
use super::hdf5::{self, Hdf5Sink};
use super::info::Attr;
use super::npy::{self, NpySink};
use super::npz::NpzSink;
use super::zarr::{self, ZarrSink};
use crate::array::ArrayTy;
use crate::base::{Code, Diagnostic, Name, Outcome};
use std::path::Path;
use std::sync::Arc;

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
}

impl VarSpec {
    pub fn new(name: impl Into<Name>, ty: ArrayTy) -> VarSpec {
        VarSpec { name: name.into(), ty, attrs: Vec::new(), chunks: None, compress: None }
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
pub fn create(path: &Path, variables: &[VarSpec]) -> Outcome<Arc<dyn Sink>> {
    match extension(path).as_str() {
        "h5" | "hdf5" | "nc" | "nc4" => Ok(Arc::new(Hdf5Sink::create(path, variables)?)),
        "zarr" => Ok(Arc::new(ZarrSink::create(path, variables)?)),
        "npy" => Ok(Arc::new(NpySink::create(path, variables)?)),
        "npz" => Ok(Arc::new(NpzSink::create(path, variables)?)),
        _ => Err(unknown_extension(path)),
    }
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
