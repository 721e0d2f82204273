//! Writing HDF5 files that are NetCDF-4 files too (`.h5`, `.nc`): chunked variables, dimension scales with coordinates, CF attributes.
//! The `rust-hdf5` crate lays the file out; chunks are shuffled and compressed here, in the calling threads.
//!
//! Every variable is chunked, so regions must keep to the chunk grid; chunks are by default near 1 MiB and not compressed. Names are
//! those of the root group. Dimensions without coordinates become NetCDF dimensions without a variable; unnamed ones stay unnamed.

use super::attributes;
use super::deflate::Encoder;
use super::types::INTERNAL;
use crate::array::{Coord, DType, Dim};
use crate::base::{Code, Diagnostic, Name, Outcome};
use crate::io::atomic::AtomicFile;
use crate::io::cf::{self, Encode};
use crate::io::error::{shown, system};
use crate::io::info::{Attr, AttrValue};
use crate::io::region::{self, Axis};
use crate::io::{Sink, VarSpec};
use rust_hdf5::format::messages::datatype::DatatypeMessage;
use rust_hdf5::{Complex64, FilterPipeline, H5Dataset, H5File, H5Type, Hdf5Error};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes that a chunk has at most where the writer chooses.
const CHUNK: u64 = 1 << 20;
/// Chunks are addressed by 32 bits.
const LARGEST_CHUNK: u64 = u32::MAX as u64;

/// A file being written.
pub struct Hdf5Sink {
    target: PathBuf,
    variables: Vec<Variable>,
    /// The file by the crate and by its place; `None` once finished.
    file: Mutex<Option<(H5File, AtomicFile)>>,
}

struct Variable {
    dataset: H5Dataset,
    shape: Vec<u64>,
    /// Empty for what is written in one piece: scalars, and arrays without elements.
    chunks: Vec<u64>,
    item: usize,
    /// 0 for none.
    level: u8,
}

/// A dimension with a name, shared by the variables of the file.
struct Scale {
    name: Name,
    size: u64,
    coord: Option<Arc<Coord>>,
    /// The position of the variable that is this dimension's coordinate itself: of one dimension, and of its name.
    variable: Option<usize>,
}

impl Hdf5Sink {
    /// Lays out a file: dimensions and coordinates are written, variables are to be. Errors: K0601; K0602 for names or dimensions that
    /// do not go together; K0405 for a dimension with two coordinates.
    pub fn create(path: &Path, variables: &[VarSpec]) -> Outcome<Hdf5Sink> {
        let scales = scales(path, variables)?;
        let place = AtomicFile::create(path)?;
        let fails = |error: Hdf5Error| fault(path, error);
        let file = H5File::options().no_locking().track_order(true).create(place.temp_path()).map_err(fails)?;
        let conventions = AttrValue::from("CF-1.10");
        attributes::on_file(&file, "Conventions", &conventions).map_err(fails)?;
        let mut attached: Vec<(Name, H5Dataset)> = Vec::new();
        for scale in scales.iter().filter(|scale| scale.variable.is_none()) {
            let dataset = write_scale(&file, scale).map_err(fails)?;
            attached.push((scale.name.clone(), dataset));
        }
        let mut written: Vec<Variable> = Vec::new();
        for spec in variables {
            written.push(Variable::create(&file, spec).map_err(|error| error.unwrap_or_else(fails))?);
        }
        for scale in &scales {
            if let Some(at) = scale.variable {
                written[at].dataset.set_scale(Some(&scale.name)).map_err(fails)?;
            }
        }
        for (at, spec) in variables.iter().enumerate() {
            for (axis, dim) in spec.ty.dims.iter().enumerate() {
                let Some(name) = &dim.name else { continue };
                let of = |scale: &&Scale| scale.name == *name;
                match scales.iter().find(of).and_then(|scale| scale.variable) {
                    Some(own) if own == at => {}
                    Some(own) => written[at].dataset.attach_scale(axis, &written[own].dataset).map_err(fails)?,
                    None => {
                        if let Some((_, scale)) = attached.iter().find(|(known, _)| known == name) {
                            written[at].dataset.attach_scale(axis, scale).map_err(fails)?;
                        }
                    }
                }
            }
        }
        Ok(Hdf5Sink { target: path.to_path_buf(), variables: written, file: Mutex::new(Some((file, place))) })
    }
}

fn fault(path: &Path, error: Hdf5Error) -> Box<Diagnostic> {
    match error {
        Hdf5Error::Io(error) => system("write", path, &error),
        other => Diagnostic::new(Code::File, format!("cannot write {}: {other}", shown(path))),
    }
}

/// The named dimensions of all variables, each once.
fn scales(path: &Path, variables: &[VarSpec]) -> Outcome<Vec<Scale>> {
    let refuse = |code: Code, message: String| Diagnostic::new(code, format!("cannot save {}: {message}", shown(path)));
    let mut scales: Vec<Scale> = Vec::new();
    for (at, spec) in variables.iter().enumerate() {
        if spec.name.is_empty() || spec.name.contains('/') || &*spec.name == "." {
            return Err(refuse(Code::Format, format!("`{}` is no name for a variable", spec.name)));
        }
        if variables[..at].iter().any(|before| before.name == spec.name) {
            return Err(refuse(Code::Format, format!("two variables are called `{}`", spec.name)));
        }
        for (dim, size) in spec.ty.dims.iter().zip(spec.shape()?) {
            let Some(name) = &dim.name else { continue };
            match scales.iter_mut().find(|scale| scale.name == *name) {
                None => scales.push(Scale { name: name.clone(), size, coord: dim.coord.clone(), variable: None }),
                Some(scale) if scale.size != size => {
                    let message = format!("dimension `{name}` has size {} and size {size}", scale.size);
                    return Err(refuse(Code::Format, message).help("save them to files of their own, or rename one"));
                }
                Some(scale) => join(scale, dim).map_err(|()| {
                    refuse(Code::Coordinates, format!("dimension `{name}` has two different coordinates"))
                        .help("save them to files of their own, or rename one")
                })?,
            }
        }
    }
    for (at, spec) in variables.iter().enumerate() {
        if let Some(scale) = scales.iter_mut().find(|scale| scale.name == spec.name) {
            if spec.ty.rank() != 1 || spec.ty.dims[0].name.as_ref() != Some(&spec.name) {
                let message = format!("`{}` is both a variable and a dimension", spec.name);
                return Err(refuse(Code::Format, message).help("save the variable under another name"));
            }
            scale.variable = Some(at);
        }
    }
    Ok(scales)
}

/// Takes the coordinate of another use of the dimension, if there was none.
fn join(scale: &mut Scale, dim: &Dim) -> Result<(), ()> {
    match (&scale.coord, &dim.coord) {
        (Some(known), Some(other)) if !Arc::ptr_eq(known, other) && known != other => Err(()),
        (None, Some(_)) => {
            scale.coord = dim.coord.clone();
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Writes a dimension: its coordinate, or a data set without a variable as NetCDF-4 does.
fn write_scale(file: &H5File, scale: &Scale) -> rust_hdf5::Result<H5Dataset> {
    let shape = [scale.size];
    let Some(coord) = &scale.coord else {
        let dataset = dataset(file, &scale.name, DType::F32, &shape, &[], None)?;
        dataset.set_scale(Some(&format!("This is a netCDF dimension but not a netCDF variable. {:>9}", scale.size)))?;
        return Ok(dataset);
    };
    let values: Vec<u8> = element_bytes(coord);
    let (Encode { stored, attrs }, bytes) = cf::encode_coordinate(coord.values.dtype(), &values);
    let dataset = dataset(file, &scale.name, stored, &shape, &[], None)?;
    if !bytes.is_empty() {
        dataset.write_raw_bytes(&bytes)?;
    }
    let units: Option<Attr> = coord.units.as_ref().map(|units| (Name::new("units"), AttrValue::from(&**units)));
    for (name, value) in attrs.iter().chain(&units) {
        attributes::on_dataset(&dataset, name, value)?;
    }
    dataset.set_scale(Some(&scale.name))?;
    Ok(dataset)
}

fn element_bytes(coord: &Coord) -> Vec<u8> {
    match coord.values.bytes() {
        Some(bytes) => bytes.to_vec(),
        None => {
            let size = coord.values.dtype().size();
            let mut bytes = vec![0; coord.values.count() as usize * size];
            bytes.chunks_exact_mut(size).zip(coord.values.scalars()).for_each(|(place, value)| value.write(place));
            bytes
        }
    }
}

impl Variable {
    /// Lays out a variable. `None` within the error stands for a diagnostic of its own.
    fn create(file: &H5File, spec: &VarSpec) -> Result<Variable, Fault> {
        let shape = spec.shape().map_err(Fault::Own)?;
        let Encode { stored, attrs } = cf::encode(spec.ty.dtype);
        let item = stored.size();
        let chunks = if shape.is_empty() || shape.contains(&0) { Vec::new() } else { chunks(spec, &shape, item) };
        let level = if chunks.is_empty() { 0 } else { spec.compress.unwrap_or(0).min(9) };
        let filters = (level > 0).then(|| pipeline(item, level));
        let dataset = dataset(file, &spec.name, stored, &shape, &chunks, filters)?;
        let others = spec.attrs.iter().filter(|attr| !misleads(attr) && attrs.iter().all(|(known, _)| *known != attr.0));
        for (name, value) in attrs.iter().chain(others) {
            attributes::on_dataset(&dataset, name, value)?;
        }
        Ok(Variable { dataset, shape, chunks, item, level })
    }

    fn check(&self, start: &[u64], count: &[u64], bytes: usize) -> Outcome<()> {
        let rank = self.shape.len();
        let on_grid = |axis: usize| {
            let (chunk, size) = (self.chunks.get(axis).copied().unwrap_or(self.shape[axis]).max(1), self.shape[axis]);
            let end = start[axis].saturating_add(count[axis]);
            start[axis].is_multiple_of(chunk) && end <= size && (end == size || end.is_multiple_of(chunk))
        };
        let whole = count.iter().product::<u64>() * self.item as u64 == bytes as u64;
        if start.len() == rank && count.len() == rank && whole && (0..rank).all(on_grid) {
            return Ok(());
        }
        let message =
            format!("region start {start:?}, count {count:?} is off the grid {:?} of an array of shape {:?}", self.chunks, self.shape);
        Err(Diagnostic::new(Code::Internal, message))
    }

    /// Splits a region into chunks and stores them.
    fn write(&self, start: &[u64], count: &[u64], bytes: &[u8]) -> rust_hdf5::Result<()> {
        if self.chunks.is_empty() {
            return if bytes.is_empty() { Ok(()) } else { self.dataset.write_raw_bytes(bytes) };
        }
        let from = region::dense(count, self.item).unwrap_or_default();
        let to = region::dense(&self.chunks, self.item).unwrap_or_default();
        let size = self.chunks.iter().product::<u64>() as usize * self.item;
        let (mut encoder, mut gathered) = (Encoder::new(self.level), Vec::new());
        for at in grid(count, &self.chunks) {
            let first: u64 = at.iter().zip(&self.chunks).zip(&from).map(|((at, chunk), stride)| at * chunk * stride).sum();
            let here = |axis: usize| (count[axis] - at[axis] * self.chunks[axis]).min(self.chunks[axis]);
            let axes: Vec<Axis> = (0..count.len()).map(|axis| Axis { count: here(axis), from: from[axis], to: to[axis] }).collect();
            let source = &bytes[first as usize..];
            let whole = (0..count.len()).all(|axis| here(axis) == self.chunks[axis]);
            let chunk = if whole && axes.iter().all(|axis| axis.count == 1 || axis.from == axis.to) {
                &source[..size]
            } else {
                gathered.clear();
                gathered.resize(size, 0);
                region::copy(source, &axes, self.item, &mut gathered);
                &gathered[..]
            };
            let place: Vec<usize> =
                at.iter().zip(start).zip(&self.chunks).map(|((at, start), chunk)| (at + start / chunk) as usize).collect();
            match encoder.encode(chunk, self.item) {
                None => self.dataset.write_chunk_at(&place, chunk)?,
                Some((encoded, mask)) => self.dataset.write_chunk_raw_at(&place, encoded, mask)?,
            }
        }
        Ok(())
    }
}

/// Whether an attribute would make readers decode values that are stored decoded, or take HDF5's own attributes for the user's.
fn misleads((name, value): &Attr) -> bool {
    const CODING: [&str; 7] = ["scale_factor", "add_offset", "missing_value", "_FillValue", "_Unsigned", "calendar", "dtype"];
    let of_time = &**name == "units" && value.text().is_some_and(|units| units.contains(" since "));
    of_time || CODING.contains(&&**name) || INTERNAL.contains(&&**name)
}

/// An error of the crate, or one that is a diagnostic already.
enum Fault {
    Crate(Hdf5Error),
    Own(Box<Diagnostic>),
}

impl Fault {
    fn unwrap_or_else(self, fails: impl FnOnce(Hdf5Error) -> Box<Diagnostic>) -> Box<Diagnostic> {
        match self {
            Fault::Crate(error) => fails(error),
            Fault::Own(diagnostic) => diagnostic,
        }
    }
}

impl From<Hdf5Error> for Fault {
    fn from(error: Hdf5Error) -> Fault {
        Fault::Crate(error)
    }
}

/// Every place of the grid that a region covers, counted from the region's first chunk.
fn grid(count: &[u64], chunks: &[u64]) -> impl Iterator<Item = Vec<u64>> {
    let many: Vec<u64> = count.iter().zip(chunks).map(|(count, chunk)| count.div_ceil(*chunk)).collect();
    (0..many.iter().product()).map(move |mut number: u64| {
        let mut place = vec![0; many.len()];
        for (at, many) in place.iter_mut().zip(&many).rev() {
            *at = number % many;
            number /= many;
        }
        place
    })
}

/// The shape of chunks: as wished, or all axes halved in turn until a chunk is small.
fn chunks(spec: &VarSpec, shape: &[u64], item: usize) -> Vec<u64> {
    let bytes = |chunks: &[u64]| chunks.iter().fold(item as u64, |all, size| all.saturating_mul(*size));
    let wished = spec.chunks.as_ref().filter(|wished| wished.len() == shape.len());
    if let Some(wished) = wished {
        let chunks: Vec<u64> = wished.iter().zip(shape).map(|(wished, size)| (*wished).clamp(1, *size)).collect();
        if bytes(&chunks) <= LARGEST_CHUNK {
            return chunks;
        }
    }
    let mut chunks = shape.to_vec();
    for axis in (0..shape.len()).cycle() {
        if bytes(&chunks) <= CHUNK {
            break;
        }
        chunks[axis] = chunks[axis].div_ceil(2);
    }
    chunks
}

fn pipeline(item: usize, level: u8) -> FilterPipeline {
    if item > 1 { FilterPipeline::shuffle_deflate(item as u32, u32::from(level)) } else { FilterPipeline::deflate(u32::from(level)) }
}

/// The datatype in the file.
pub(super) fn datatype(dtype: DType) -> DatatypeMessage {
    match dtype {
        DType::Bool | DType::I8 => DatatypeMessage::i8_type(),
        DType::I16 => DatatypeMessage::i16_type(),
        DType::I32 => DatatypeMessage::i32_type(),
        DType::I64 | DType::DateTime(_) | DType::Duration => DatatypeMessage::i64_type(),
        DType::U8 => DatatypeMessage::u8_type(),
        DType::U16 => DatatypeMessage::u16_type(),
        DType::U32 => DatatypeMessage::u32_type(),
        DType::U64 => DatatypeMessage::u64_type(),
        DType::F32 => DatatypeMessage::f32_type(),
        DType::F64 => DatatypeMessage::f64_type(),
        DType::C64 => rust_hdf5::Complex32::hdf5_type(),
        DType::C128 => Complex64::hdf5_type(),
    }
}

fn dataset(
    file: &H5File,
    name: &str,
    dtype: DType,
    shape: &[u64],
    chunks: &[u64],
    filters: Option<FilterPipeline>,
) -> rust_hdf5::Result<H5Dataset> {
    match dtype.size() {
        1 => dataset_of::<u8>(file, name, dtype, shape, chunks, filters),
        2 => dataset_of::<u16>(file, name, dtype, shape, chunks, filters),
        4 => dataset_of::<u32>(file, name, dtype, shape, chunks, filters),
        8 => dataset_of::<u64>(file, name, dtype, shape, chunks, filters),
        _ => dataset_of::<Complex64>(file, name, dtype, shape, chunks, filters),
    }
}

/// `T` has the size of `dtype`, no more.
fn dataset_of<T: H5Type>(
    file: &H5File,
    name: &str,
    dtype: DType,
    shape: &[u64],
    chunks: &[u64],
    filters: Option<FilterPipeline>,
) -> rust_hdf5::Result<H5Dataset> {
    let sizes = |sizes: &[u64]| sizes.iter().map(|size| *size as usize).collect::<Vec<_>>();
    let mut builder = file.new_dataset::<T>().datatype(datatype(dtype));
    builder = if shape.is_empty() { builder.scalar() } else { builder.shape(sizes(shape)) };
    if !chunks.is_empty() {
        builder = builder.chunk(&sizes(chunks));
    }
    if let Some(filters) = filters {
        builder = builder.filter_pipeline(filters);
    }
    if dtype.is_float() {
        let mut missing = [0; 8];
        crate::array::Scalar::float(dtype, f64::NAN, 0.0).write(&mut missing);
        builder = builder.fill_value_bytes(&missing[..dtype.size()]);
    }
    builder.create(name)
}

impl Sink for Hdf5Sink {
    fn grain(&self, variable: usize) -> Vec<u64> {
        let variable = &self.variables[variable];
        if variable.chunks.is_empty() { variable.shape.iter().map(|size| (*size).max(1)).collect() } else { variable.chunks.clone() }
    }
    fn write(&self, variable: usize, start: &[u64], count: &[u64], bytes: &[u8]) -> Outcome<()> {
        let variable = &self.variables[variable];
        variable.check(start, count, bytes.len())?;
        variable.write(start, count, bytes).map_err(|error| fault(&self.target, error))
    }
    fn finish(&self) -> Outcome<()> {
        let taken = self.file.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((file, place)) = taken else { return Err(Diagnostic::new(Code::Internal, "a file was finished twice")) };
        file.close_no_sync().map_err(|error| fault(&self.target, error))?;
        place.commit()
    }
}

impl Drop for Hdf5Sink {
    fn drop(&mut self) {
        let taken = self.file.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((file, _place)) = taken {
            // Given up: without this the crate would force the file to disk, only for it to be removed.
            file.close_no_sync().ok();
        }
    }
}
