//! Writing HDF5 files that are NetCDF-4 files too (`.h5`, `.nc`): chunked variables, dimension scales with coordinates, CF attributes.
//! The `rust-hdf5` crate lays the file out; chunks are shuffled and compressed here, in the calling threads.
//!
//! Every variable is chunked, so regions must keep to the chunk grid; chunks are by default near 1 MiB and not compressed. Names are
//! those of the root group. Dimensions without coordinates become NetCDF dimensions without a variable; unnamed ones stay unnamed.

use super::attributes;
use super::types::INTERNAL;
use crate::array::DType;
use crate::base::{Code, Diagnostic, Name, Outcome};
use crate::io::atomic::AtomicFile;
use crate::io::cf::{self, Encode};
use crate::io::codecs::deflate::{self, Encoder};
use crate::io::error::{shown, system};
use crate::io::info::AttrValue;
use crate::io::layout::{self, Chunks, Scale};
use crate::io::save::Grain;
use crate::io::{FileSpec, Sink, VarSpec};
use rust_hdf5::format::messages::datatype::DatatypeMessage;
use rust_hdf5::{Complex64, FilterPipeline, H5Dataset, H5File, H5Type, Hdf5Error};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A file being written.
pub struct Hdf5Sink {
    target: PathBuf,
    variables: Vec<Variable>,
    /// The file by the crate and by its place; `None` once finished.
    file: Mutex<Option<(H5File, AtomicFile)>>,
}

struct Variable {
    dataset: H5Dataset,
    chunks: Chunks,
    /// 0 for none.
    level: u8,
    /// Whether it can become longer.
    grows: bool,
}

impl Hdf5Sink {
    /// Lays out a file: dimensions and coordinates are written, variables are to be. Errors: K0601; K0602 for names or dimensions that
    /// do not go together; K0405 for a dimension with two coordinates.
    pub fn create(path: &Path, spec: &FileSpec) -> Outcome<Hdf5Sink> {
        let (variables, scales) = (&spec.variables, layout::scales(path, spec)?);
        let place = AtomicFile::create(path)?;
        let fails = |error: Hdf5Error| fault(path, error);
        let file = H5File::options().no_locking().track_order(true).create(place.temp_path()).map_err(fails)?;
        let conventions = AttrValue::from("CF-1.10");
        attributes::set(&file, "Conventions", &conventions).map_err(fails)?;
        for (name, value) in spec.attrs.iter().filter(|(name, _)| name != "Conventions" && !name.starts_with("_NC")) {
            attributes::set(&file, name, value).map_err(fails)?;
        }
        let mut attached: Vec<(Name, H5Dataset)> = Vec::new();
        for scale in scales.iter().filter(|scale| scale.variable.is_none()) {
            let dataset = write_scale(&file, scale).map_err(|error| error.unwrap_or_else(fails))?;
            attached.push((scale.name.clone(), dataset));
        }
        let mut written: Vec<Variable> = Vec::new();
        for variable in variables {
            written.push(Variable::create(&file, variable).map_err(|error| error.unwrap_or_else(fails))?);
        }
        for scale in &scales {
            if let Some(at) = scale.variable {
                written[at].dataset.set_scale(Some(&scale.name)).map_err(fails)?;
            }
        }
        for (at, variable) in variables.iter().enumerate() {
            for (axis, dim) in variable.ty.dims.iter().enumerate() {
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
    let text = error.to_string();
    match of_system(&text) {
        Some(error) => system("write", path, &error),
        None => Diagnostic::new(Code::File, format!("cannot write {}: {text}", shown(path))),
    }
}

/// The system's error within one of the crate, which keeps it to itself but for its number in the text.
fn of_system(text: &str) -> Option<std::io::Error> {
    let (_, number) = text.rsplit_once("(os error ")?;
    number.strip_suffix(')')?.parse().ok().map(std::io::Error::from_raw_os_error)
}

/// Elements in a chunk of the coordinate of an unlimited dimension.
const LEAST_GROWING: u64 = 512;
const MOST_GROWING: u64 = 1 << 17;

/// Writes a dimension: its coordinate, or a data set without a variable as NetCDF-4 does.
fn write_scale(file: &H5File, scale: &Scale) -> Result<H5Dataset, Fault> {
    let coordinate = scale.coordinate();
    let dtype = coordinate.as_ref().map_or(DType::F32, |(how, _)| how.stored);
    // Only what is in chunks can become longer.
    let chunk = if scale.unlimited { vec![scale.size.clamp(LEAST_GROWING, MOST_GROWING)] } else { Vec::new() };
    let chunks = Chunks { shape: vec![scale.size], chunk, item: dtype.size() };
    let dataset = dataset(file, &scale.name, dtype, &chunks, &[scale.unlimited], None)?;
    let Some((Encode { attrs, .. }, bytes)) = coordinate else {
        dataset.set_scale(Some(&format!("This is a netCDF dimension but not a netCDF variable. {:>9}", scale.size)))?;
        return Ok(dataset);
    };
    for (name, value) in attrs.iter().filter(|(name, _)| !INTERNAL.contains(&name.as_str())) {
        attributes::set(&dataset, name, value)?;
    }
    dataset.set_scale(Some(&scale.name))?;
    let written = Variable { dataset, chunks, level: 0, grows: scale.unlimited };
    written.write(&[0], &[scale.size], &bytes)?;
    written.settle()?;
    Ok(written.dataset)
}

impl Variable {
    /// Lays out a variable. `None` within the error stands for a diagnostic of its own.
    fn create(file: &H5File, spec: &VarSpec) -> Result<Variable, Fault> {
        let how = cf::encode(spec.ty.dtype);
        let chunks = Chunks::of(spec, how.stored.size()).map_err(Fault::Own)?;
        let level = if chunks.chunk.is_empty() { 0 } else { spec.compress.unwrap_or(0).min(9) };
        let filters = (level > 0).then(|| pipeline(chunks.item, level));
        let unlimited = spec.is_unlimited();
        let dataset = dataset(file, &spec.name, how.stored, &chunks, &unlimited, filters)?;
        for (name, value) in layout::attrs(&how, &spec.attrs).filter(|(name, _)| !INTERNAL.contains(&name.as_str())) {
            attributes::set(&dataset, name, value)?;
        }
        Ok(Variable { dataset, chunks, level, grows: unlimited.contains(&true) })
    }

    /// When all is written: by a chunk that reaches beyond its end the crate makes longer what can become longer.
    fn settle(&self) -> rust_hdf5::Result<()> {
        let reaches = |(size, chunk): (&u64, &u64)| !size.is_multiple_of(*chunk);
        if self.grows && self.chunks.shape.iter().zip(&self.chunks.chunk).any(reaches) {
            let shape: Vec<usize> = self.chunks.shape.iter().map(|size| *size as usize).collect();
            self.dataset.set_extent(&shape)?;
        }
        Ok(())
    }

    fn write(&self, start: &[u64], count: &[u64], bytes: &[u8]) -> rust_hdf5::Result<()> {
        let mut encoder = Encoder::new(self.level);
        self.chunks.cut(start, count, bytes, |place, chunk| {
            if self.chunks.chunk.is_empty() {
                return self.dataset.write_raw_bytes(chunk);
            }
            let place: Vec<usize> = place.iter().map(|at| *at as usize).collect();
            match encoder.encode(chunk, self.chunks.item) {
                None => self.dataset.write_chunk_at(&place, chunk),
                Some((encoded, mask)) => self.dataset.write_chunk_raw_at(&place, encoded, mask),
            }
        })
    }
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
    chunks: &Chunks,
    unlimited: &[bool],
    filters: Option<FilterPipeline>,
) -> rust_hdf5::Result<H5Dataset> {
    match dtype.size() {
        1 => dataset_of::<u8>(file, name, dtype, chunks, unlimited, filters),
        2 => dataset_of::<u16>(file, name, dtype, chunks, unlimited, filters),
        4 => dataset_of::<u32>(file, name, dtype, chunks, unlimited, filters),
        8 => dataset_of::<u64>(file, name, dtype, chunks, unlimited, filters),
        _ => dataset_of::<Complex64>(file, name, dtype, chunks, unlimited, filters),
    }
}

/// `T` has the size of `dtype`, no more.
fn dataset_of<T: H5Type>(
    file: &H5File,
    name: &str,
    dtype: DType,
    chunks: &Chunks,
    unlimited: &[bool],
    filters: Option<FilterPipeline>,
) -> rust_hdf5::Result<H5Dataset> {
    let sizes = |sizes: &[u64]| sizes.iter().map(|size| *size as usize).collect::<Vec<_>>();
    let shape = sizes(&chunks.shape);
    let mut builder = file.new_dataset::<T>().datatype(datatype(dtype));
    let grows = unlimited.contains(&true);
    if !chunks.chunk.is_empty() || grows {
        builder = builder.chunk(&sizes(&chunks.grid()));
    }
    if grows {
        let most: Vec<Option<usize>> = shape.iter().zip(unlimited).map(|(size, unlimited)| (!unlimited).then_some(*size)).collect();
        builder = builder.max_shape(&most);
    }
    builder = if shape.is_empty() { builder.scalar() } else { builder.shape(shape) };
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

/// See `save::grain`.
pub fn grain(spec: &VarSpec) -> Outcome<Grain> {
    let chunks = Chunks::of(spec, cf::encode(spec.ty.dtype).stored.size())?;
    let coded = if spec.compress.unwrap_or(0) > 0 { deflate::scratch(chunks.bytes()) } else { 0 };
    Ok(chunks.grain(coded))
}

impl Sink for Hdf5Sink {
    fn write(&self, variable: usize, start: &[u64], count: &[u64], bytes: &[u8]) -> Outcome<()> {
        let variable = &self.variables[variable];
        variable.chunks.check(start, count, bytes.len())?;
        variable.write(start, count, bytes).map_err(|error| fault(&self.target, error))
    }
    fn finish(&self) -> Outcome<()> {
        let taken = self.file.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((file, place)) = taken else { return Err(Diagnostic::new(Code::Internal, "a file was finished twice")) };
        let settled = self.variables.iter().try_for_each(Variable::settle);
        settled.and_then(|()| file.close_no_sync()).map_err(|error| fault(&self.target, error))?;
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
