//! The capability boundary to the system: which formats there are, how a file is opened, read and written atomically, and scratch
//! files. Owns metadata as data, CF conventions and storage layouts; knows nothing of programs, graphs or plans.
//!
//! To add a format: a file or folder that implements `Format` (and a writer, named in `save`, if it is written), and one line in `FORMATS`.

pub mod atomic;
pub mod cf;
mod codecs;
pub mod error;
pub mod file;
mod grid;
mod hdf5;
pub mod info;
mod layout;
mod many;
mod metadata;
mod netcdf;
pub mod npy;
mod npz;
pub mod raw;
pub mod region;
pub mod save;
mod zarr;
mod zip;

pub use file::OpenFile;
pub use info::{Attr, AttrValue, AxisInfo, DimInfo, FileInfo, GroupInfo, Stamp, VarInfo};
pub use save::{FileSpec, Grown, Sink, VarSpec, create};

use crate::base::Outcome;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Reads regions of a file's variables. Any number of threads may read at once.
pub trait Source: Send + Sync {
    /// Reads the elements `start + i·step`, `i < count`, of each dimension of a variable (its position in `FileInfo::variables`) into
    /// `out`: the stored dtype, native byte order, row-major without gaps. Only the chunks needed are read and decoded. The caller
    /// (`OpenFile::read`) has checked region and length.
    fn read(&self, variable: usize, start: &[u64], count: &[u64], step: &[u64], out: &mut [u8]) -> Outcome<()>;

    /// The shape of the files that hold many chunks of a variable each, where it is kept in such.
    fn shards(&self, _variable: usize) -> Option<Vec<u64>> {
        None
    }

    /// Bytes that the variable takes in the file. For a chunked variable this loads its chunk index, once.
    fn stored_bytes(&self, variable: usize) -> Outcome<u64>;
}

/// What a format's `open` gives: metadata, and the means to read.
pub type Opened = (Contents, Box<dyn Source>);

/// The metadata of a file without what `open` knows already (path, format, stamp).
#[derive(Default)]
pub struct Contents {
    pub dims: Vec<DimInfo>,
    pub variables: Vec<VarInfo>,
    pub groups: Vec<GroupInfo>,
    pub attrs: Vec<Attr>,
    /// The file is one array, no dataset.
    pub single: bool,
}

/// What stands at a path, for formats to say whether it is theirs.
#[derive(Clone, Copy)]
pub enum Found<'a> {
    /// A file that starts like this (up to 8 KiB).
    File(&'a [u8]),
    Folder(&'a Path),
}

/// A file format that holds arrays.
pub trait Format: Sync {
    /// As shown to the user: `NetCDF classic`.
    fn name(&self) -> &'static str;
    /// Extensions it is saved and found under, without the dot.
    fn extensions(&self) -> &'static [&'static str];
    /// Whether a file or folder is of this format.
    fn detect(&self, found: Found) -> bool;
    /// Reads the metadata only. Of a folder, `file` is no more than a handle.
    fn open(&self, file: Arc<File>, path: &Path) -> Outcome<Opened>;
}

/// The formats, in the order they are tried.
pub const FORMATS: &[&dyn Format] = &[&hdf5::Hdf5, &netcdf::Classic, &zarr::Zarr, &npy::Npy, &npz::Npz];

/// Opens a file, or all that match a pattern as one: reads metadata only.
/// Errors: K0601 (missing, a folder, not permitted), K0602 (unknown format, damaged), K0405 (files that do not go together).
pub fn open(path: &Path) -> Outcome<Arc<OpenFile>> {
    if many::is_pattern(path) { many::open(path).map(Arc::new) } else { file::open(path, FORMATS).map(Arc::new) }
}
