//! NetCDF classic: CDF-1, CDF-2 (64-bit offsets) and CDF-5 (64-bit data). The header is read by the `netcdf-reader` crate, the data here:
//! every variable is a strided array in the file, big-endian, records interleaved along the unlimited dimension.
//!
//! Text variables (`char`) are not read. A file is read even if its data are cut short, as far as they go.

use super::error::{damaged, system};
use super::info::{Attr, AttrValue, AxisInfo, DimInfo, VarInfo};
use super::metadata::Metadata;
use super::region;
use super::{Contents, Format, Found, Opened, Source};
use crate::array::{DType, Scalar};
use crate::base::{Name, Outcome};
use netcdf_reader::classic::{ClassicFile, data::compute_record_stride};
use netcdf_reader::{NcAttrValue, NcAttribute, NcFormat, NcGroup, NcType, NcVariable};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub struct Classic;

impl Format for Classic {
    fn name(&self) -> &'static str {
        "NetCDF classic"
    }
    fn extensions(&self) -> &'static [&'static str] {
        &["nc", "nc3", "cdf"]
    }
    fn detect(&self, found: Found) -> bool {
        matches!(found, Found::File(head) if version(head).is_some())
    }
    fn open(&self, file: Arc<File>, path: &Path) -> Outcome<Opened> {
        let fails = |error: std::io::Error| system("read", path, &error);
        let mut magic = [0; 4];
        region::read(&file, 0, &[region::Axis { count: 4, from: 1, to: 1 }], 1, &mut magic).map_err(fails)?;
        let format = version(&magic).ok_or_else(|| damaged(path, "it is no NetCDF file"))?;
        let metadata = Metadata::of(file.clone()).map_err(fails)?;
        let len = hdf5_reader::Storage::len(&metadata);
        let header = ClassicFile::from_storage(Arc::new(metadata), format).map_err(|error| damaged(path, error))?;
        let root = header.root_group();
        let record = compute_record_stride(&root.variables).map_err(|error| damaged(path, error))?;
        let places: Vec<Option<Place>> = root.variables.iter().map(|var| place(var, record, len)).collect();
        let variables = root.variables.iter().zip(&places).map(|(var, place)| describe(var, place.is_some(), root)).collect();
        let dims = root.dimensions.iter().map(|dim| DimInfo { name: Name::new(&dim.name), size: dim.size, unlimited: dim.is_unlimited });
        let contents = Contents { dims: dims.collect(), variables, groups: Vec::new(), attrs: attrs(&root.attributes), single: false };
        Ok((contents, Box::new(ClassicSource { file, path: path.to_path_buf(), places })))
    }
}

fn version(head: &[u8]) -> Option<NcFormat> {
    match head.get(..4)? {
        b"CDF\x01" => Some(NcFormat::Classic),
        b"CDF\x02" => Some(NcFormat::Offset64),
        b"CDF\x05" => Some(NcFormat::Cdf5),
        _ => None,
    }
}

fn dtype(kind: &NcType) -> Option<DType> {
    Some(match kind {
        NcType::Byte => DType::I8,
        NcType::Short => DType::I16,
        NcType::Int => DType::I32,
        NcType::Int64 => DType::I64,
        NcType::UByte => DType::U8,
        NcType::UShort => DType::U16,
        NcType::UInt => DType::U32,
        NcType::UInt64 => DType::U64,
        NcType::Float => DType::F32,
        NcType::Double => DType::F64,
        _ => return None,
    })
}

/// Where a variable's elements are.
struct Place {
    offset: u64,
    strides: Vec<u64>,
    item: usize,
    bytes: u64,
}

/// `None` for a variable that is not read, or that no file of `len` bytes can hold.
fn place(var: &NcVariable, record: u64, len: u64) -> Option<Place> {
    let item = dtype(&var.dtype)?.size();
    let shape = var.shape();
    let mut strides = region::dense(&shape, item)?;
    let bytes = shape.iter().product::<u64>() * item as u64;
    let mut extent = bytes;
    if let (true, Some(first), Some(records)) = (var.is_record_var, strides.first_mut(), shape.first()) {
        let one = *first;
        *first = record;
        extent = if bytes == 0 { 0 } else { (records - 1).checked_mul(record)?.checked_add(one)? };
    }
    (bytes == 0 || var.data_offset.checked_add(extent)? <= len).then_some(Place { offset: var.data_offset, strides, item, bytes })
}

fn describe(var: &NcVariable, placed: bool, root: &NcGroup) -> VarInfo {
    let stored = dtype(&var.dtype);
    let skipped = match (stored, placed) {
        (None, _) => Some("holds text".to_string()),
        (_, false) => Some("reaches beyond the end of the file (was it cut short?)".to_string()),
        _ => None,
    };
    let coord =
        |name: &str| root.variables.iter().position(|var| var.name == name && var.dimensions.len() == 1 && var.dimensions[0].name == name);
    let dims = var.dimensions.iter().map(|dim| AxisInfo { name: Some(Name::new(&dim.name)), size: dim.size, coord: coord(&dim.name) });
    VarInfo {
        path: Name::new(format!("/{}", var.name)),
        dtype: stored.unwrap_or(DType::Bool),
        dims: dims.collect(),
        attrs: attrs(&var.attributes),
        chunks: None,
        filters: Vec::new(),
        scratch: region::SCRATCH,
        skipped,
    }
}

fn attrs(attributes: &[NcAttribute]) -> Vec<Attr> {
    attributes.iter().map(|attr| (Name::new(&attr.name), value(&attr.value))).collect()
}

fn value(value: &NcAttrValue) -> AttrValue {
    match value {
        NcAttrValue::Chars(text) => AttrValue::Text(text.clone()),
        NcAttrValue::Strings(texts) => AttrValue::Texts(texts.clone()),
        NcAttrValue::Bytes(values) => numbers(DType::I8, values),
        NcAttrValue::Shorts(values) => numbers(DType::I16, values),
        NcAttrValue::Ints(values) => numbers(DType::I32, values),
        NcAttrValue::Int64s(values) => numbers(DType::I64, values),
        NcAttrValue::UBytes(values) => numbers(DType::U8, values),
        NcAttrValue::UShorts(values) => numbers(DType::U16, values),
        NcAttrValue::UInts(values) => numbers(DType::U32, values),
        NcAttrValue::UInt64s(values) => numbers(DType::U64, values),
        NcAttrValue::Floats(values) => numbers(DType::F32, values),
        NcAttrValue::Doubles(values) => numbers(DType::F64, values),
        NcAttrValue::UserDefined { .. } => AttrValue::Other("a value of a type of its own".to_string()),
    }
}

fn numbers<T: bytemuck::Pod>(dtype: DType, values: &[T]) -> AttrValue {
    let bytes: &[u8] = bytemuck::cast_slice(values);
    AttrValue::Numbers(bytes.chunks_exact(dtype.size()).map(|element| Scalar::read(dtype, element)).collect())
}

struct ClassicSource {
    file: Arc<File>,
    path: PathBuf,
    /// `None` for variables that are skipped.
    places: Vec<Option<Place>>,
}

impl Source for ClassicSource {
    fn read(&self, variable: usize, start: &[u64], count: &[u64], step: &[u64], out: &mut [u8]) -> Outcome<()> {
        let Some(place) = &self.places[variable] else { return Ok(()) };
        let (at, axes) = region::axes(&place.strides, start, count, step, place.item);
        region::read(&self.file, place.offset + at, &axes, place.item, out).map_err(|error| system("read", &self.path, &error))?;
        region::swap(out, place.item);
        Ok(())
    }
    fn stored_bytes(&self, variable: usize) -> Outcome<u64> {
        Ok(self.places[variable].as_ref().map_or(0, |place| place.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Code;
    use crate::io::open;

    /// A file with dimensions t (unlimited, 2 records) and x (3); variables x(x) i16, v(t, x) f32 with a scale, n(t) i8, c(x) char.
    fn small(version: u8) -> Vec<u8> {
        let wide = version == 5;
        let mut out = vec![b'C', b'D', b'F', version];
        let count = |out: &mut Vec<u8>, value: u64| {
            if wide { out.extend(value.to_be_bytes()) } else { out.extend((value as u32).to_be_bytes()) }
        };
        let name = |out: &mut Vec<u8>, text: &str| {
            count(out, text.len() as u64);
            out.extend(text.bytes());
            out.resize(out.len().next_multiple_of(4), 0);
        };
        count(&mut out, 2);
        out.extend(10u32.to_be_bytes());
        count(&mut out, 2);
        name(&mut out, "t");
        count(&mut out, 0);
        name(&mut out, "x");
        count(&mut out, 3);
        out.extend([0; 4]);
        count(&mut out, 0);
        out.extend(11u32.to_be_bytes());
        count(&mut out, 4);
        let mut begins = Vec::new();
        for (var, dims, kind, scaled) in
            [("x", &[1u64][..], 3u32, false), ("v", &[0, 1], 5, true), ("n", &[0], 1, false), ("c", &[1], 2, false)]
        {
            name(&mut out, var);
            count(&mut out, dims.len() as u64);
            dims.iter().for_each(|dim| count(&mut out, *dim));
            if scaled {
                out.extend(12u32.to_be_bytes());
                count(&mut out, 1);
                name(&mut out, "scale_factor");
                out.extend(5u32.to_be_bytes());
                count(&mut out, 1);
                out.extend(0.5f32.to_be_bytes());
            } else {
                out.extend([0; 4]);
                count(&mut out, 0);
            }
            out.extend(kind.to_be_bytes());
            count(&mut out, 8);
            begins.push(out.len());
            out.extend(vec![0; if version == 1 { 4 } else { 8 }]);
        }
        let data = out.len();
        // x and padding, c and padding, then records of v (12 bytes) and n (1 byte, padded).
        for (place, offset) in begins.into_iter().zip([data, data + 12, data + 24, data + 8]) {
            let bytes = (offset as u64).to_be_bytes();
            if version == 1 { out[place..place + 4].copy_from_slice(&bytes[4..]) } else { out[place..place + 8].copy_from_slice(&bytes) }
        }
        for x in [10i16, 20, 30] {
            out.extend(x.to_be_bytes());
        }
        out.extend([0, 0, b'a', b'b', b'c', 0]);
        for (values, n) in [([1f32, 2.0, 3.0], 7u8), ([4.0, 5.0, 6.0], 249)] {
            values.iter().for_each(|value| out.extend(value.to_be_bytes()));
            out.extend([n, 0, 0, 0]);
        }
        out
    }

    fn stored(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    #[test]
    fn all_versions_are_read() {
        for version in [1, 2, 5] {
            let file = open(stored(&small(version)).path()).unwrap();
            let v = file.variable("v").unwrap();
            let ty = file.ty(v).unwrap();
            assert_eq!(ty.to_string(), "f32[t: 2, x: 3]");
            let x = ty.dims[1].coord.as_ref().unwrap();
            assert_eq!(x.values.scalars().iter().map(|x| x.as_int().unwrap()).collect::<Vec<_>>(), [10, 20, 30]);
            assert_eq!(file.decode(v).scale, Some(0.5));
            let mut out = [0f32; 4];
            file.read(v, &[0, 0], &[2, 2], &[1, 2], bytemuck::cast_slice_mut(&mut out)).unwrap();
            assert_eq!(out, [1.0, 3.0, 4.0, 6.0]);
            let mut out = [0; 2];
            file.read(file.variable("n").unwrap(), &[0], &[2], &[1], &mut out).unwrap();
            assert_eq!(out, [7, 249]);
            let text = file.variable("c").unwrap();
            assert!(file.ty(text).is_err_and(|error| error.code == Code::Format && error.message.contains("holds text")));
            assert!(file.variable("w").is_err_and(|error| error.code == Code::UnknownVariable));
        }
    }

    #[test]
    fn a_region_outside_the_variable_is_refused() {
        let file = open(stored(&small(1)).path()).unwrap();
        for (start, count, step) in [([0, 0], [2, 4], [1, 1]), ([1, 0], [2, 1], [1, 1]), ([0, 0], [1, 2], [1, 3]), ([0, 0], [1, 1], [1, 0])]
        {
            let mut out = vec![0; count[0] as usize * count[1] as usize * 4];
            assert!(file.read(1, &start, &count, &step, &mut out).is_err());
        }
        assert!(file.read(1, &[0, 0], &[1, 1], &[1, 1], &mut [0; 8]).is_err());
        assert!(file.read(1, &[0, u64::MAX], &[1, u64::MAX], &[1, u64::MAX], &mut [0; 8]).is_err());
    }

    /// Opens, and reads what can be read; the result does not matter.
    fn exhaust(bytes: &[u8], path: &Path) -> bool {
        // A file written anew is not forced to disk, as one cut to zero would be.
        std::fs::remove_file(path).ok();
        std::fs::write(path, bytes).unwrap();
        let Ok(file) = open(path) else { return false };
        let mut whole = true;
        for (at, var) in file.info.variables.iter().enumerate() {
            let count = var.shape();
            let rank = count.len();
            let Some(len) = (var.count() < 1 << 20).then(|| var.count() as usize * var.dtype.size()) else { continue };
            whole &= file.ty(at).is_ok() && file.read(at, &vec![0; rank], &count, &vec![1; rank], &mut vec![0; len]).is_ok();
        }
        whole
    }

    #[test]
    fn a_file_cut_short_anywhere_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for version in [1, 2, 5] {
            let whole = small(version);
            // The last three bytes are padding.
            for len in 0..whole.len() - 3 {
                assert!(!exhaust(&whole[..len], file.path()), "{len} of {} bytes", whole.len());
            }
        }
    }

    #[test]
    fn damage_does_no_harm() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut random = fastrand::Rng::with_seed(3);
        for turn in 0..2000 {
            let mut bytes = small([1, 2, 5][turn % 3]);
            for _ in 0..random.usize(1..4) {
                let at = random.usize(0..bytes.len());
                bytes[at] = if random.bool() { random.u8(..) } else { bytes[at] ^ 1 << random.u8(0..8) };
            }
            exhaust(&bytes, file.path());
        }
    }
}
