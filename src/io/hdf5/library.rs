//! The reference library, asked for what the rest of this module cannot read: virtual data sets, and filters of its plugins. With the cargo
//! feature `libhdf5` alone. It works for one thread at a time, and what it makes of a damaged file is its own affair.
//!
//! Integers and floats are read. Dimensions have no names, since their scales are not looked up.

use crate::array::DType;
use bytemuck::Pod;
use hdf5_metno::types::{FloatSize, IntSize, TypeDescriptor};
use hdf5_metno::{Dataset, File, H5Type, Hyperslab, SliceOrIndex};
use ndarray::IxDyn;
use std::path::Path;

/// A data set that the library reads.
pub(super) struct Library {
    dataset: Dataset,
    pub dtype: DType,
    pub shape: Vec<u64>,
}

impl Library {
    /// `None` if the library cannot read it either.
    pub(super) fn open(path: &Path, name: &str) -> Option<Library> {
        let dataset = File::open(path).ok()?.dataset(name).ok()?;
        let dtype = match dataset.dtype().ok()?.to_descriptor().ok()? {
            TypeDescriptor::Integer(IntSize::U1) => DType::I8,
            TypeDescriptor::Integer(IntSize::U2) => DType::I16,
            TypeDescriptor::Integer(IntSize::U4) => DType::I32,
            TypeDescriptor::Integer(IntSize::U8) => DType::I64,
            TypeDescriptor::Unsigned(IntSize::U1) => DType::U8,
            TypeDescriptor::Unsigned(IntSize::U2) => DType::U16,
            TypeDescriptor::Unsigned(IntSize::U4) => DType::U32,
            TypeDescriptor::Unsigned(IntSize::U8) => DType::U64,
            TypeDescriptor::Float(FloatSize::U4) => DType::F32,
            TypeDescriptor::Float(FloatSize::U8) => DType::F64,
            _ => return None,
        };
        let shape: Vec<u64> = dataset.shape().iter().map(|size| *size as u64).collect();
        let library = Library { dataset, dtype, shape };
        // A filter that is missing is noticed when the first element is read.
        let rank = library.shape.len();
        let empty = library.shape.contains(&0);
        let mut element = vec![0; dtype.size()];
        (empty || library.read(&vec![0; rank], &vec![1; rank], &vec![1; rank], &mut element).is_ok()).then_some(library)
    }

    pub(super) fn stored_bytes(&self) -> u64 {
        self.dataset.storage_size()
    }

    pub(super) fn read(&self, start: &[u64], count: &[u64], step: &[u64], out: &mut [u8]) -> Result<(), String> {
        let region = (start, count, step);
        match self.dtype {
            DType::I8 => self.elements::<i8>(region, out),
            DType::I16 => self.elements::<i16>(region, out),
            DType::I32 => self.elements::<i32>(region, out),
            DType::I64 => self.elements::<i64>(region, out),
            DType::U8 => self.elements::<u8>(region, out),
            DType::U16 => self.elements::<u16>(region, out),
            DType::U32 => self.elements::<u32>(region, out),
            DType::U64 => self.elements::<u64>(region, out),
            DType::F32 => self.elements::<f32>(region, out),
            _ => self.elements::<f64>(region, out),
        }
    }

    fn elements<T: H5Type + Pod>(&self, (start, count, step): (&[u64], &[u64], &[u64]), out: &mut [u8]) -> Result<(), String> {
        let axis = |at: usize| SliceOrIndex::SliceCount {
            start: start[at] as usize,
            // Blocks do not overlap, even if there is one only.
            step: step[at].min(self.shape[at].max(1)) as usize,
            count: count[at] as usize,
            block: 1,
        };
        let slab = Hyperslab::from((0..start.len()).map(axis).collect::<Vec<_>>());
        let array = self.dataset.read_slice::<T, _, IxDyn>(slab).map_err(|error| error.to_string())?;
        let values: Vec<T> = array.iter().copied().collect();
        let bytes: &[u8] = bytemuck::cast_slice(&values);
        if bytes.len() != out.len() {
            return Err(format!("the library gave {} bytes where {} are wanted", bytes.len(), out.len()));
        }
        out.copy_from_slice(bytes);
        Ok(())
    }
}
