//! HDF5 and NetCDF-4. Metadata and chunk indexes are read by the `hdf5-reader` crate; the data here, by position and in parallel.
//! Owns which data sets are variables; `dims` their dimensions, `types` their dtypes, `chunks` where data lie, `filters` how they decode,
//! `write` the writer.
//!
//! Not read: text, records, references, arrays as elements, external and virtual data, and filters that `filters` does not know. Such
//! variables are listed with the reason, or read by the reference library where it is built in (`library`).

mod attributes;
mod chunks;
mod dims;
mod filters;
#[cfg(feature = "libhdf5")]
mod library;
mod members;
#[cfg(test)]
mod tests;
mod types;
mod write;

pub use write::{Hdf5Sink, grain};

use super::error::{damaged, system};
use super::info::{Attr, AxisInfo, VarInfo};
use super::metadata::Metadata;
use super::{Contents, Format, Found, GroupInfo, Opened};
use crate::array::DType;
use crate::base::{Name, Outcome};
use chunks::{Hdf5Source, Stored};
use hdf5_reader::group::Group;
use hdf5_reader::messages::HdfMessage;
use hdf5_reader::messages::layout::DataLayout;
use hdf5_reader::{Hdf5File, OpenOptions};
use std::collections::HashSet;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

const SIGNATURE: &[u8; 8] = b"\x89HDF\r\n\x1a\n";
/// Groups may nest this deep.
const DEEPEST: usize = 64;

pub struct Hdf5;

impl Format for Hdf5 {
    fn name(&self) -> &'static str {
        "HDF5 and NetCDF-4"
    }
    fn extensions(&self) -> &'static [&'static str] {
        &["h5", "hdf5", "nc", "nc4"]
    }
    fn detect(&self, found: Found) -> bool {
        // A user block of 512 bytes or a power of two of them may come first.
        let Found::File(head) = found else { return false };
        [0, 512, 1024, 2048, 4096].iter().any(|at| head.get(*at..).is_some_and(|rest| rest.starts_with(SIGNATURE)))
    }
    fn open(&self, file: Arc<File>, path: &Path) -> Outcome<Opened> {
        let metadata = Metadata::of(file.clone()).map_err(|error| system("read", path, &error))?;
        let len = hdf5_reader::Storage::len(&metadata);
        let fails = |error: hdf5_reader::error::Error| damaged(path, reason(&error));
        let reader = Hdf5File::from_storage_with_options(Arc::new(metadata), OpenOptions::default()).map_err(fails)?;
        let end = reader.superblock().eof_address;
        if end > len {
            return Err(damaged(path, format!("it is cut short: it has {len} of {end} bytes")));
        }
        let root = reader.root_group().map_err(fails)?;
        let mut walk = Walk { reader: &reader, datasets: Vec::new(), groups: Vec::new(), seen: HashSet::new() };
        walk.group(&root, "", 0).map_err(fails)?;
        let Walk { datasets, groups, .. } = walk;
        let attrs = types::attrs(&root.attributes().unwrap_or_default());
        let (contents, stored) = collect(datasets, groups, attrs, &reader, len, path);
        Ok((contents, Box::new(Hdf5Source { file, path: path.to_path_buf(), reader, variables: stored })))
    }
}

/// What is wrong, without the crate's prefixes.
fn reason(error: &hdf5_reader::error::Error) -> String {
    format!("it is damaged, or uses a part of HDF5 that Kiln does not read ({error})")
}

/// A data set, or one whose header cannot be read.
struct Dataset {
    path: String,
    address: u64,
    shape: Vec<u64>,
    unlimited: Vec<bool>,
    links: dims::Links,
    attrs: Vec<Attr>,
    /// Its dtype and where its elements are; or why it cannot be read.
    stored: Result<(DType, Stored), String>,
}

impl Dataset {
    fn is_chunked(&self) -> bool {
        self.stored.as_ref().is_ok_and(|(_, stored)| stored.is_chunked())
    }
}

struct Walk<'a> {
    reader: &'a Hdf5File,
    datasets: Vec<Dataset>,
    groups: Vec<GroupInfo>,
    /// Addresses of groups on the way, for groups that hold themselves.
    seen: HashSet<u64>,
}

impl Walk<'_> {
    fn group(&mut self, group: &Group, path: &str, depth: usize) -> hdf5_reader::error::Result<()> {
        if depth > DEEPEST || !self.seen.insert(group.address()) {
            return Ok(());
        }
        let members::Members { groups, datasets, unreadable } = members::of(group, self.reader)?;
        for (name, reason) in unreadable {
            self.unreadable(format!("{path}/{name}"), reason);
        }
        for dataset in &datasets {
            self.dataset(dataset, format!("{path}/{}", dataset.name()));
        }
        for child in &groups {
            let path = format!("{path}/{}", child.name());
            let attrs = types::attrs(&child.attributes().unwrap_or_default());
            self.groups.push(GroupInfo { path: Name::new(&path), attrs });
            self.group(child, &path, depth + 1)?;
        }
        Ok(())
    }

    fn unreadable(&mut self, path: String, reason: String) {
        let links = dims::Links::default();
        let (shape, unlimited, attrs) = (Vec::new(), Vec::new(), Vec::new());
        self.datasets.push(Dataset { path, address: u64::MAX, shape, unlimited, links, attrs, stored: Err(reason) });
    }

    fn dataset(&mut self, dataset: &hdf5_reader::Dataset, path: String) {
        let shape = dataset.shape().to_vec();
        let unlimited = (0..shape.len()).map(|axis| dataset.max_dims().and_then(|most| most.get(axis)) == Some(&u64::MAX));
        let attributes = dataset.attributes();
        let links = dims::links(dataset, &attributes, self.reader.superblock().offset_size);
        let header = match self.reader.get_or_parse_header(dataset.address()) {
            Ok(header) => header,
            Err(error) => return self.unreadable(path, reason(&error)),
        };
        let stored = types::element(dataset.dtype()).and_then(|element| {
            let stored = Stored::of(dataset, &header, element, self.reader)?;
            Ok((element.dtype, stored))
        });
        let attrs = types::attrs(&attributes);
        self.datasets.push(Dataset { path, address: dataset.address(), unlimited: unlimited.collect(), shape, links, attrs, stored });
    }
}

/// Makes variables of the data sets that are some.
fn collect(
    datasets: Vec<Dataset>,
    groups: Vec<GroupInfo>,
    attrs: Vec<Attr>,
    reader: &Hdf5File,
    len: u64,
    path: &Path,
) -> (Contents, Vec<Option<Stored>>) {
    let mut next = 0..;
    let variable_of: Vec<Option<usize>> =
        datasets.iter().map(|dataset| if dataset.links.only_dimension { None } else { next.next() }).collect();
    let resolved = dims::resolve(&datasets, &variable_of);
    let (mut variables, mut places) = (Vec::new(), Vec::new());
    for (dataset, dims) in datasets.into_iter().zip(resolved.axes) {
        if dataset.links.only_dimension {
            continue;
        }
        let shape: Vec<u64> = dims.iter().map(|axis| axis.size).collect();
        let checked = dataset.stored.and_then(|(dtype, stored)| Ok((dtype, stored.placed(shape, reader.superblock().base_address, len)?)));
        let mut var = VarInfo {
            path: Name::new(dataset.path),
            dtype: DType::Bool,
            dims,
            attrs: dataset.attrs,
            chunks: None,
            filters: Vec::new(),
            scratch: 0,
            skipped: None,
        };
        places.push(match checked {
            Ok((dtype, stored)) => {
                (var.dtype, var.chunks, var.filters, var.scratch) = (dtype, stored.chunk_shape(), stored.filter_names(), stored.scratch());
                Some(stored)
            }
            Err(reason) => match by_library(path, &var.path) {
                Some((dtype, stored)) => {
                    (var.dtype, var.scratch) = (dtype, stored.scratch());
                    var.dims = stored.shape().iter().map(|size| AxisInfo { name: None, size: *size, coord: None }).collect();
                    Some(stored)
                }
                None => {
                    var.skipped = Some(reason);
                    None
                }
            },
        });
        variables.push(var);
    }
    (Contents { dims: resolved.dims, variables, groups, attrs, single: false }, places)
}

/// What only the reference library reads.
#[cfg(feature = "libhdf5")]
fn by_library(path: &Path, name: &str) -> Option<(DType, Stored)> {
    library::Library::open(path, name).map(|library| (library.dtype, Stored::by_library(library)))
}

#[cfg(not(feature = "libhdf5"))]
fn by_library(_: &Path, _: &str) -> Option<(DType, Stored)> {
    None
}

/// The layout message of a data set, with what it leaves out.
fn layout(header: &hdf5_reader::object_header::ObjectHeader) -> Option<&DataLayout> {
    header.messages.iter().find_map(|message| match message {
        HdfMessage::DataLayout(layout) => Some(&layout.layout),
        _ => None,
    })
}
