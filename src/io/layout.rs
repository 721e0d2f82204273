//! How saved variables are laid out, the same for every format that has dimensions and chunks: the named dimensions that variables share,
//! the shape of chunks, and cutting regions into chunks.

use super::cf::{self, Encode};
use super::error::shown;
use super::info::{Attr, AttrValue};
use super::region::{self, Axis};
use super::save::Grain;
use super::{FileSpec, VarSpec, grid};
use crate::array::{Coord, Dim};
use crate::base::{Code, Diagnostic, Name, Outcome};
use std::path::Path;
use std::sync::Arc;

/// Bytes that a chunk has at most where the writer chooses.
const CHUNK: u64 = 1 << 20;
/// Chunks that are wished for may have this many.
const LARGEST_CHUNK: u64 = 1 << 30;

/// A dimension with a name, shared by the variables of the file.
pub struct Scale {
    pub name: Name,
    pub size: u64,
    pub coord: Option<Arc<Coord>>,
    /// The position of the variable that is this dimension's coordinate itself: of one dimension, and of its name.
    pub variable: Option<usize>,
    /// Its coordinate's attributes beside those that decode it.
    pub attrs: Vec<Attr>,
    pub unlimited: bool,
}

impl Scale {
    /// How the coordinate is stored, its attributes, and its bytes; `None` for a dimension without one.
    pub fn coordinate(&self) -> Option<(Encode, Vec<u8>)> {
        let coord = self.coord.as_ref()?;
        let (mut how, bytes) = cf::encode_coordinate(coord.values.dtype(), &element_bytes(coord));
        how.attrs.extend(coord.units.as_ref().map(|units| (Name::new("units"), AttrValue::from(&**units))));
        how.attrs = attrs(&how, &self.attrs).cloned().collect();
        Some((how, bytes))
    }
}

/// The named dimensions of all variables, each once.
pub fn scales(path: &Path, file: &FileSpec) -> Outcome<Vec<Scale>> {
    let variables = &file.variables;
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
                None => {
                    let attrs = file.coords.iter().find(|(known, _)| known == name).map(|(_, attrs)| attrs.clone()).unwrap_or_default();
                    let unlimited = spec.unlimited.contains(name);
                    scales.push(Scale { name: name.clone(), size, coord: dim.coord.clone(), variable: None, attrs, unlimited });
                }
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

/// The attributes of a variable as saved: those that say how it is stored, then the user's own. Not those that would make readers decode
/// values that are stored decoded.
pub fn attrs<'a>(how: &'a Encode, own: &'a [Attr]) -> impl Iterator<Item = &'a Attr> {
    let others = own.iter().filter(|attr| !misleads(attr) && how.attrs.iter().all(|(known, _)| *known != attr.0));
    how.attrs.iter().chain(others)
}

/// Whether an attribute would make readers decode values that are stored decoded.
pub fn misleads((name, value): &Attr) -> bool {
    const CODING: [&str; 7] = ["scale_factor", "add_offset", "missing_value", "_FillValue", "_Unsigned", "calendar", "dtype"];
    let of_time = &**name == "units" && value.text().is_some_and(|units| units.contains(" since "));
    of_time || CODING.contains(&&**name)
}

/// The chunks of a variable being written.
pub struct Chunks {
    pub shape: Vec<u64>,
    /// Empty for what is written in one piece: scalars, and arrays without elements.
    pub chunk: Vec<u64>,
    pub item: usize,
}

impl Chunks {
    /// The shape of chunks: as wished, or the longest axis halved until a chunk is small. Only along unlimited axes may they be longer than
    /// the array. What is in a file already keeps its own.
    pub fn of(spec: &VarSpec, item: usize) -> Outcome<Chunks> {
        let shape = spec.shape()?;
        if let (Some(_), Some(chunk)) = (spec.grown, &spec.chunks) {
            return Ok(Chunks { shape, chunk: chunk.clone(), item });
        }
        let unlimited = spec.is_unlimited();
        let whole = shape.is_empty() || shape.contains(&0) && !unlimited.contains(&true);
        let chunk = if whole { Vec::new() } else { chunk(spec.chunks.as_deref(), &shape, &unlimited, item) };
        Ok(Chunks { shape, chunk, item })
    }

    /// What regions keep to.
    pub fn grid(&self) -> Vec<u64> {
        if self.chunk.is_empty() { self.shape.iter().map(|size| (*size).max(1)).collect() } else { self.chunk.clone() }
    }

    /// Bytes of a chunk, as it is before it is coded.
    pub fn bytes(&self) -> u64 {
        self.grid().iter().fold(self.item as u64, |all, size| all.saturating_mul(*size))
    }

    /// See `save::grain`; coding a chunk takes so many bytes.
    pub fn grain(&self, coded: u64) -> Grain {
        // A chunk is put together before it is coded.
        Grain { chunks: self.grid(), scratch: self.bytes().saturating_add(coded) }
    }

    /// K0999 for a region off the grid.
    pub fn check(&self, start: &[u64], count: &[u64], bytes: usize) -> Outcome<()> {
        let rank = self.shape.len();
        let on_grid = |axis: usize| {
            let (chunk, size) = (self.chunk.get(axis).copied().unwrap_or(self.shape[axis]).max(1), self.shape[axis]);
            let end = start[axis].saturating_add(count[axis]);
            start[axis].is_multiple_of(chunk) && end <= size && (end == size || end.is_multiple_of(chunk))
        };
        let whole = count.iter().product::<u64>() * self.item as u64 == bytes as u64;
        if start.len() == rank && count.len() == rank && whole && (0..rank).all(on_grid) {
            return Ok(());
        }
        let message =
            format!("region start {start:?}, count {count:?} is off the grid {:?} of an array of shape {:?}", self.chunk, self.shape);
        Err(Diagnostic::new(Code::Internal, message))
    }

    /// Cuts a region, which has been checked, into chunks: `each` is given the place in the grid and the bytes of a whole chunk, which
    /// beyond the edge of the array are zero.
    pub fn cut<E>(
        &self,
        start: &[u64],
        count: &[u64],
        bytes: &[u8],
        mut each: impl FnMut(&[u64], &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.chunk.is_empty() {
            return if bytes.is_empty() { Ok(()) } else { each(&vec![0; start.len()], bytes) };
        }
        let from = region::dense(count, self.item).unwrap_or_default();
        let to = region::dense(&self.chunk, self.item).unwrap_or_default();
        let size = self.chunk.iter().product::<u64>() as usize * self.item;
        let mut gathered = Vec::new();
        for mut place in grid::places(count, &self.chunk) {
            let first: u64 = place.iter().zip(&self.chunk).zip(&from).map(|((at, chunk), stride)| at * chunk * stride).sum();
            let here = |axis: usize| (count[axis] - place[axis] * self.chunk[axis]).min(self.chunk[axis]);
            let axes: Vec<Axis> = (0..count.len()).map(|axis| Axis { count: here(axis), from: from[axis], to: to[axis] }).collect();
            let source = &bytes[first as usize..];
            let whole = (0..count.len()).all(|axis| here(axis) == self.chunk[axis]);
            let chunk = if whole && axes.iter().all(|axis| axis.count == 1 || axis.from == axis.to) {
                &source[..size]
            } else {
                gathered.clear();
                gathered.resize(size, 0);
                region::copy(source, &axes, self.item, &mut gathered);
                &gathered[..]
            };
            place.iter_mut().zip(start).zip(&self.chunk).for_each(|((at, start), chunk)| *at += start / chunk);
            each(&place, chunk)?;
        }
        Ok(())
    }
}

fn chunk(wished: Option<&[u64]>, shape: &[u64], unlimited: &[bool], item: usize) -> Vec<u64> {
    let bytes = |chunks: &[u64]| chunks.iter().fold(item as u64, |all, size| all.saturating_mul(*size));
    if let Some(wished) = wished.filter(|wished| wished.len() == shape.len()) {
        let most = |axis: usize| if unlimited[axis] { u64::MAX } else { shape[axis].max(1) };
        let chunks: Vec<u64> = wished.iter().enumerate().map(|(axis, wished)| (*wished).clamp(1, most(axis))).collect();
        if bytes(&chunks) <= LARGEST_CHUNK {
            return chunks;
        }
    }
    let mut chunks: Vec<u64> = shape.iter().map(|size| (*size).max(1)).collect();
    while bytes(&chunks) > CHUNK {
        // The first of the longest: blocks of any shape touch few chunks of alike sides.
        let longest = (0..shape.len()).max_by_key(|axis| (chunks[*axis], std::cmp::Reverse(*axis))).unwrap_or(0);
        if chunks[longest] == 1 {
            break;
        }
        chunks[longest] = chunks[longest].div_ceil(2);
    }
    chunks
}
