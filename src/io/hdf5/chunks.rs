//! Where the elements of a data set lie in the file, and reading regions of them: chunks by an index that is loaded once, data in one
//! piece straight.

use super::filters::Filters;
use super::types::Element;
use crate::base::{Name, Outcome};
use crate::io::Source;
use crate::io::codecs::Decoder;
use crate::io::error::{damaged, system};
use crate::io::grid::{self, Region};
use crate::io::region::{self, Axis};
use hdf5_reader::Hdf5File;
use hdf5_reader::chunk_index::{self, ChunkEntry};
use hdf5_reader::messages::HdfMessage;
use hdf5_reader::messages::dataspace::DataspaceType;
use hdf5_reader::messages::layout::{ChunkIndexing, DataLayout};
use hdf5_reader::object_header::ObjectHeader;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// What a data set's elements are and where.
pub(super) struct Stored {
    element: Element,
    /// The sizes as the user sees them.
    shape: Vec<u64>,
    /// The sizes that are stored; beyond them everything is `fill`.
    extents: Vec<u64>,
    /// One element in the file's byte order, for what was never written.
    fill: Vec<u8>,
    layout: Layout,
}

enum Layout {
    /// Nothing was ever written.
    Absent,
    /// In the header.
    Compact(Vec<u8>),
    /// In one piece, here.
    Contiguous(u64),
    Chunked(Box<Chunked>),
    #[cfg(feature = "libhdf5")]
    Library(super::library::Library),
}

struct Chunked {
    shape: Vec<u32>,
    /// Bytes of a decoded chunk.
    bytes: usize,
    filters: Filters,
    /// Where the index is, by the superblock's base.
    address: u64,
    indexing: Option<ChunkIndexing>,
    most: Option<Vec<u64>>,
    /// What addresses count from, and where the file ends.
    base: u64,
    len: u64,
    index: OnceLock<Result<Vec<Chunk>, String>>,
}

/// One stored chunk.
struct Chunk {
    /// Its row-major number in the grid of chunks.
    number: u64,
    offset: u64,
    size: usize,
    /// Filters that were left out for it.
    mask: u32,
}

impl Stored {
    pub(super) fn of(dataset: &hdf5_reader::Dataset, header: &ObjectHeader, element: Element, reader: &Hdf5File) -> Result<Stored, String> {
        let item = element.dtype.size();
        let (mut filters, mut fill, mut external) = (Vec::new(), None, false);
        for message in &header.messages {
            match message {
                HdfMessage::FilterPipeline(pipeline) => filters = pipeline.filters.clone(),
                HdfMessage::FillValue(value) => fill = value.value.clone().filter(|bytes| bytes.len() == item),
                HdfMessage::ExternalFiles(_) => external = true,
                HdfMessage::Dataspace(space) if space.dataspace_type == DataspaceType::Null => return Err("holds nothing".to_string()),
                _ => {}
            }
        }
        if external {
            return Err("is kept in other files".to_string());
        }
        let filters = Filters::of(filters, item)?;
        let undefined = |address: u64| address == u64::MAX >> (64 - 8 * u32::from(reader.superblock().offset_size.clamp(1, 8)));
        let layout = match super::layout(header).ok_or("has no layout")? {
            DataLayout::Compact { data } => Layout::Compact(data.clone()),
            DataLayout::Contiguous { address, .. } if undefined(*address) => Layout::Absent,
            DataLayout::Contiguous { address, .. } => Layout::Contiguous(*address),
            DataLayout::Chunked { address, chunk_indexing, .. } => {
                let shape = dataset.chunks().unwrap_or_default();
                let bytes = shape.iter().try_fold(item as u64, |all, size| all.checked_mul(u64::from(*size)));
                let bytes = bytes.filter(|bytes| *bytes > 0 && *bytes <= u64::from(u32::MAX)).ok_or("has chunks of an impossible shape")?;
                let index = OnceLock::new();
                if undefined(*address) {
                    index.set(Ok(Vec::new())).ok();
                }
                let most = dataset.max_dims().map(<[u64]>::to_vec);
                let (bytes, indexing) = (bytes as usize, chunk_indexing.clone());
                Layout::Chunked(Box::new(Chunked { shape, bytes, filters, address: *address, indexing, most, base: 0, len: 0, index }))
            }
        };
        let shape = dataset.shape().to_vec();
        Ok(Stored { element, extents: shape.clone(), shape, fill: fill.unwrap_or_else(|| vec![0; item]), layout })
    }

    /// With the shape the user sees, which may be longer along unlimited axes, checked against the file.
    pub(super) fn placed(mut self, shape: Vec<u64>, base: u64, len: u64) -> Result<Stored, String> {
        let item = self.element.dtype.size();
        region::dense(&shape, item).ok_or("is of an impossible shape")?;
        let bytes = self.extents.iter().product::<u64>() * item as u64;
        match &mut self.layout {
            Layout::Absent => {}
            #[cfg(feature = "libhdf5")]
            Layout::Library(_) => {}
            Layout::Compact(data) if bytes > data.len() as u64 => return Err("has fewer data than elements".to_string()),
            Layout::Compact(_) => {}
            Layout::Contiguous(offset) => {
                *offset = offset
                    .checked_add(base)
                    .filter(|offset| offset.checked_add(bytes).is_some_and(|end| end <= len))
                    .ok_or("reaches beyond the end of the file")?;
            }
            Layout::Chunked(chunked) => {
                if chunked.shape.len() != self.extents.len() {
                    return Err("has chunks of another rank than its own".to_string());
                }
                (chunked.base, chunked.len) = (base, len);
            }
        }
        self.shape = shape;
        Ok(self)
    }

    #[cfg(feature = "libhdf5")]
    pub(super) fn by_library(library: super::library::Library) -> Stored {
        let element = Element { dtype: library.dtype, swap: 0 };
        let (shape, fill) = (library.shape.clone(), vec![0; element.dtype.size()]);
        Stored { element, extents: shape.clone(), shape, fill, layout: Layout::Library(library) }
    }

    pub(super) fn shape(&self) -> &[u64] {
        &self.shape
    }
    pub(super) fn is_chunked(&self) -> bool {
        matches!(self.layout, Layout::Chunked(_))
    }
    pub(super) fn chunk_shape(&self) -> Option<Vec<u64>> {
        match &self.layout {
            Layout::Chunked(chunked) => Some(chunked.shape.iter().map(|size| u64::from(*size)).collect()),
            _ => None,
        }
    }
    pub(super) fn filter_names(&self) -> Vec<Name> {
        match &self.layout {
            Layout::Chunked(chunked) => chunked.filters.names().map(Name::from).collect(),
            _ => Vec::new(),
        }
    }
    /// The encoded, the shuffled and the decoded bytes of a chunk.
    pub(super) fn scratch(&self) -> u64 {
        match &self.layout {
            Layout::Chunked(chunked) if !chunked.filters.is_empty() => 3 * chunked.bytes as u64 + 4096,
            _ => region::SCRATCH,
        }
    }
}

impl Chunked {
    fn index(&self, extents: &[u64], item: usize, reader: &Hdf5File) -> Result<&[Chunk], String> {
        let index = self.index.get_or_init(|| self.load(extents, item, reader));
        index.as_deref().map_err(Clone::clone)
    }

    /// Reads the whole index, sorted by number.
    fn load(&self, extents: &[u64], item: usize, reader: &Hdf5File) -> Result<Vec<Chunk>, String> {
        let entries = self.entries(extents, item, reader).map_err(|error| format!("its chunk index is damaged ({error})"))?;
        let mut chunks = Vec::with_capacity(entries.len());
        for entry in entries {
            chunks.extend(self.chunk(entry, extents)?);
        }
        chunks.sort_unstable_by_key(|chunk| chunk.number);
        if chunks.windows(2).any(|pair| pair[0].number == pair[1].number) {
            return Err("its chunk index has a chunk twice".to_string());
        }
        Ok(chunks)
    }

    fn entries(&self, extents: &[u64], item: usize, reader: &Hdf5File) -> hdf5_reader::error::Result<Vec<ChunkEntry>> {
        let (storage, block) = (reader.storage(), reader.superblock());
        let (offsets, lengths, rank) = (block.offset_size, block.length_size, extents.len());
        match &self.indexing {
            None => {
                let leaves = hdf5_reader::btree_v1::collect_btree_v1_leaves_storage(
                    storage,
                    self.address,
                    offsets,
                    lengths,
                    Some(rank as u32),
                    &self.shape,
                    None,
                )?;
                let entry = |(key, address)| match key {
                    hdf5_reader::btree_v1::BTreeV1Key::RawData { chunk_size, filter_mask, mut offsets } => {
                        offsets.truncate(rank);
                        Some(ChunkEntry { address, size: u64::from(chunk_size), filter_mask, offsets })
                    }
                    _ => None,
                };
                Ok(leaves.into_iter().filter_map(entry).collect())
            }
            Some(ChunkIndexing::SingleChunk { filtered_size, filters }) => {
                Ok(vec![chunk_index::single_chunk_entry(self.address, *filtered_size, *filters, rank)])
            }
            Some(ChunkIndexing::BTreeV2) => {
                chunk_index::collect_v2_chunk_entries_storage(storage, self.address, offsets, lengths, rank as u32, &self.shape, None)
            }
            Some(ChunkIndexing::Implicit) => {
                chunk_index::collect_implicit_chunk_entries(self.address, extents, &self.shape, item, None, storage.len())
            }
            Some(ChunkIndexing::FixedArray { .. }) => hdf5_reader::fixed_array::collect_fixed_array_chunk_entries_storage(
                storage,
                self.address,
                offsets,
                lengths,
                extents,
                &self.shape,
                None,
            ),
            Some(ChunkIndexing::ExtensibleArray { .. }) => hdf5_reader::extensible_array::collect_extensible_array_chunk_entries_storage(
                storage,
                self.address,
                offsets,
                lengths,
                extents,
                self.most.as_deref(),
                &self.shape,
                None,
            ),
        }
    }

    /// A chunk of the index; `None` for one beyond the extents, which a shrunk data set may keep.
    fn chunk(&self, entry: ChunkEntry, extents: &[u64]) -> Result<Option<Chunk>, String> {
        let aligned =
            entry.offsets.len() == extents.len() && entry.offsets.iter().zip(&self.shape).all(|(at, size)| at % u64::from(*size) == 0);
        if !aligned {
            return Err("its chunk index is damaged".to_string());
        }
        if entry.offsets.iter().zip(extents).any(|(at, extent)| at >= extent) {
            return Ok(None);
        }
        let size = if entry.size == 0 { self.bytes as u64 } else { entry.size };
        let offset = entry.address.checked_add(self.base);
        let offset = offset.filter(|offset| offset.checked_add(size).is_some_and(|end| end <= self.len));
        let offset = offset.ok_or("a chunk reaches beyond the end of the file")?;
        let places: Vec<u64> = entry.offsets.iter().zip(&self.shape).map(|(at, size)| at / u64::from(*size)).collect();
        Ok(Some(Chunk { number: self.number(&places, extents), offset, size: size as usize, mask: entry.filter_mask }))
    }

    /// The row-major number of a place in the grid of chunks, which has no more chunks than the array has elements.
    fn number(&self, places: &[u64], extents: &[u64]) -> u64 {
        let grid = extents.iter().zip(&self.shape).map(|(extent, size)| extent.div_ceil(u64::from(*size)));
        places.iter().zip(grid).fold(0, |number, (place, many)| number * many + place)
    }
}

pub(super) struct Hdf5Source {
    pub file: Arc<File>,
    pub path: PathBuf,
    pub reader: Hdf5File,
    /// `None` for variables that are skipped.
    pub variables: Vec<Option<Stored>>,
}

impl Source for Hdf5Source {
    fn read(&self, variable: usize, start: &[u64], count: &[u64], step: &[u64], out: &mut [u8]) -> Outcome<()> {
        let Some(stored) = &self.variables[variable] else { return Ok(()) };
        let item = stored.element.dtype.size();
        // Beyond what is stored lies the fill value.
        let there = |axis: usize| stored.extents[axis].saturating_sub(start[axis]).div_ceil(step[axis]).min(count[axis]);
        let kept: Vec<u64> = (0..count.len()).map(there).collect();
        if kept != count || matches!(stored.layout, Layout::Absent) {
            region::fill(&[Axis { count: (out.len() / item) as u64, from: 0, to: item as u64 }], &stored.fill, out);
        }
        // Strides of the region in `out`, whatever part of it is stored.
        let strides = region::dense(count, item).unwrap_or_default();
        match &stored.layout {
            Layout::Absent => {}
            #[cfg(feature = "libhdf5")]
            Layout::Library(library) => library.read(start, count, step, out).map_err(|reason| damaged(&self.path, reason))?,
            Layout::Compact(_) | Layout::Contiguous(_) => {
                let from = region::dense(&stored.extents, item).unwrap_or_default();
                let (at, mut axes) = region::axes(&from, start, count, step, item);
                axes.iter_mut().zip(&kept).for_each(|(axis, kept)| axis.count = *kept);
                match &stored.layout {
                    Layout::Compact(data) if !kept.contains(&0) => region::copy(&data[at as usize..], &axes, item, out),
                    Layout::Contiguous(offset) => {
                        region::read(&self.file, offset + at, &axes, item, out).map_err(|error| system("read", &self.path, &error))?;
                    }
                    _ => {}
                }
            }
            Layout::Chunked(chunked) => {
                let part = Part { source: self, stored, chunked, item, strides: &strides };
                part.read(Region { start, count: &kept, step }, out)?;
            }
        }
        region::swap(out, stored.element.swap);
        Ok(())
    }

    fn stored_bytes(&self, variable: usize) -> Outcome<u64> {
        let Some(stored) = &self.variables[variable] else { return Ok(0) };
        let item = stored.element.dtype.size();
        match &stored.layout {
            Layout::Absent => Ok(0),
            #[cfg(feature = "libhdf5")]
            Layout::Library(library) => Ok(library.stored_bytes()),
            Layout::Compact(data) => Ok(data.len() as u64),
            Layout::Contiguous(_) => Ok(stored.extents.iter().product::<u64>() * item as u64),
            Layout::Chunked(chunked) => {
                let chunks = chunked.index(&stored.extents, item, &self.reader).map_err(|reason| damaged(&self.path, reason))?;
                Ok(chunks.iter().map(|chunk| chunk.size as u64).sum())
            }
        }
    }
}

/// One reading of a chunked data set.
struct Part<'a> {
    source: &'a Hdf5Source,
    stored: &'a Stored,
    chunked: &'a Chunked,
    item: usize,
    strides: &'a [u64],
}

impl Part<'_> {
    fn path(&self) -> &Path {
        &self.source.path
    }

    fn read(&self, region: Region, out: &mut [u8]) -> Outcome<()> {
        if region.count.contains(&0) {
            return Ok(());
        }
        let extents = &self.stored.extents;
        let index = self.chunked.index(extents, self.item, &self.source.reader).map_err(|reason| damaged(self.path(), reason))?;
        let shape: Vec<u64> = self.chunked.shape.iter().map(|size| u64::from(*size)).collect();
        let inner = region::dense(&shape, self.item).unwrap_or_default();
        let (mut decoder, mut encoded, mut decoded) = (Decoder::default(), Vec::new(), Vec::new());
        grid::walk(&shape, &inner, region, self.strides, |part| {
            let number = self.chunked.number(&part.place, extents);
            let target = &mut out[part.to as usize..];
            let Ok(at) = index.binary_search_by_key(&number, |chunk| chunk.number) else {
                region::fill(&part.axes, &self.stored.fill, target);
                return Ok(());
            };
            let chunk = &index[at];
            if self.chunked.filters.is_empty() {
                return region::read(&self.source.file, chunk.offset + part.from, &part.axes, self.item, target)
                    .map_err(|error| system("read", self.path(), &error));
            }
            let at_edge = part.place.iter().zip(&shape).zip(extents).any(|((place, size), extent)| (place + 1) * size > *extent);
            self.fetch(chunk, &mut encoded)?;
            if part.is_whole(&shape) {
                return self.decode(&mut decoder, chunk, &encoded, at_edge, &mut target[..self.chunked.bytes]);
            }
            decoded.resize(self.chunked.bytes, 0);
            self.decode(&mut decoder, chunk, &encoded, at_edge, &mut decoded)?;
            region::copy(&decoded[part.from as usize..], &part.axes, self.item, target);
            Ok(())
        })
    }

    fn fetch(&self, chunk: &Chunk, encoded: &mut Vec<u8>) -> Outcome<()> {
        self.chunked.filters.plausible(chunk.size, self.chunked.bytes).map_err(|reason| damaged(self.path(), reason))?;
        encoded.resize(chunk.size, 0);
        self.source.file.read_exact_at(encoded, chunk.offset).map_err(|error| system("read", self.path(), &error))
    }

    fn decode(&self, decoder: &mut Decoder, chunk: &Chunk, encoded: &[u8], at_edge: bool, out: &mut [u8]) -> Outcome<()> {
        match self.chunked.filters.decode(decoder, chunk.mask, self.item, encoded, out) {
            // A file may say that chunks which reach over the edge are stored plain; the crate does not pass that on.
            Err(_) if at_edge && encoded.len() == out.len() => {
                out.copy_from_slice(encoded);
                Ok(())
            }
            done => done.map_err(|reason| damaged(self.path(), reason)),
        }
    }
}
