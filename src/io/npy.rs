//! NumPy's `.npy`: one array, in C or Fortran order, any byte order. Reads and writes region by region, in place.
//!
//! Datetimes are `datetime64` of days or finer (months and years are not read) and come as `datetime` of the standard calendar;
//! strings, structures and objects are not read.

use super::atomic::AtomicFile;
use super::error::{damaged, system};
use super::region::{self, Axis};
use super::save::Grain;
use super::{Attr, AttrValue, AxisInfo, Contents, Format, Found, Opened, Sink, Source, VarInfo, VarSpec};
use crate::array::calendar::NAT;
use crate::array::{Calendar, DType, Scalar};
use crate::base::{Code, Diagnostic, Name, Outcome};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// Headers are a line of text; a longer one is no header.
const LONGEST_HEADER: usize = 1 << 20;
/// The name of the one variable.
const NAME: &str = "data";

pub struct Npy;

impl Format for Npy {
    fn name(&self) -> &'static str {
        "NumPy"
    }
    fn extensions(&self) -> &'static [&'static str] {
        &["npy"]
    }
    fn detect(&self, found: Found) -> bool {
        matches!(found, Found::File(head) if head.starts_with(MAGIC))
    }
    fn open(&self, file: Arc<File>, path: &Path) -> Outcome<Opened> {
        let len = file.metadata().map_err(|error| system("read", path, &error))?.len();
        let layout = Layout::read(path, len, &|bytes, at| file.read_exact_at(bytes, at))?;
        let variables = vec![layout.variable(NAME)];
        let source = NpySource { file, path: path.to_path_buf(), layout };
        Ok((Contents { variables, single: true, ..Contents::default() }, Box::new(source)))
    }
}

/// Where an array's elements lie, counted from the start of its header, and how.
pub struct Layout {
    pub offset: u64,
    pub strides: Vec<u64>,
    pub shape: Vec<u64>,
    pub element: Element,
    pub bytes: u64,
}

impl Layout {
    /// Reads a header by `read`, which fills a buffer from a place on; header and elements take `len` bytes.
    pub fn read(path: &Path, len: u64, read: &dyn Fn(&mut [u8], u64) -> io::Result<()>) -> Outcome<Layout> {
        let Header { descr, fortran, shape, offset } = read_header(path, read)?;
        let element = element(&descr).map_err(|reason| damaged(path, format!("it {reason}")))?;
        let item = element.dtype.size();
        let strides = strides(&shape, item, fortran).filter(|_| shape.iter().all(|size| *size <= i64::MAX as u64));
        let strides = strides.ok_or_else(|| damaged(path, "its header states an impossible shape"))?;
        let bytes = shape.iter().product::<u64>() * item as u64;
        if len.checked_sub(offset).is_none_or(|left| left < bytes) {
            return Err(damaged(path, format!("it is cut short: it has {len} bytes, its header says {}", offset.saturating_add(bytes))));
        }
        Ok(Layout { offset, strides, shape, element, bytes })
    }

    pub fn variable(&self, name: &str) -> VarInfo {
        VarInfo {
            path: Name::new(format!("/{name}")),
            dtype: self.element.dtype,
            dims: self.shape.iter().map(|size| AxisInfo { name: None, size: *size, coord: None }).collect(),
            attrs: self.element.attrs.clone(),
            chunks: None,
            filters: Vec::new(),
            scratch: region::SCRATCH,
            skipped: None,
        }
    }

    /// Reads a region of an array whose header is at `base` of a file.
    pub fn region(&self, file: &File, base: u64, start: &[u64], count: &[u64], step: &[u64], out: &mut [u8]) -> io::Result<()> {
        let item = self.element.dtype.size();
        let (at, axes) = region::axes(&self.strides, start, count, step, item);
        region::read(file, base + self.offset + at, &axes, item, out)?;
        region::swap(out, self.element.swap);
        Ok(())
    }
}

struct Header {
    descr: String,
    fortran: bool,
    shape: Vec<u64>,
    /// Where the elements start.
    offset: u64,
}

fn read_header(path: &Path, read: &dyn Fn(&mut [u8], u64) -> io::Result<()>) -> Outcome<Header> {
    let mut start = [0; 12];
    let read = |bytes: &mut [u8], at| read(bytes, at).map_err(|error| system("read", path, &error));
    read(&mut start[..10], 0)?;
    let (len, offset) = match start[6] {
        _ if !start.starts_with(MAGIC) => return Err(damaged(path, "it has no header")),
        1 => (usize::from(u16::from_le_bytes([start[8], start[9]])), 10),
        2 | 3 => {
            read(&mut start, 0)?;
            (u32::from_le_bytes([start[8], start[9], start[10], start[11]]) as usize, 12)
        }
        version => return Err(damaged(path, format!("its version {version} is unknown"))),
    };
    if len > LONGEST_HEADER {
        return Err(damaged(path, "its header is damaged"));
    }
    let mut text = vec![0; len];
    read(&mut text, offset)?;
    let fields = String::from_utf8(text).ok().and_then(|text| parse_header(&text));
    let (descr, fortran, shape) = fields.ok_or_else(|| damaged(path, "its header is damaged"))?;
    Ok(Header { descr, fortran, shape, offset: offset + len as u64 })
}

/// Reads `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`.
fn parse_header(text: &str) -> Option<(String, bool, Vec<u64>)> {
    let after = |key: &str| {
        let (_, rest) = text.split_once(&format!("'{key}'"))?;
        rest.trim_start().strip_prefix(':').map(str::trim_start)
    };
    let descr = after("descr")?;
    let descr = match descr.strip_prefix('\'') {
        Some(quoted) => quoted.split_once('\'')?.0,
        // A structure: kept whole, for the message.
        None => descr.split_once("'fortran_order'").map_or(descr, |(structure, _)| structure).trim_end_matches([' ', ',']),
    };
    let fortran = after("fortran_order")?;
    let fortran = if fortran.starts_with("True") { true } else { fortran.starts_with("False").then_some(false)? };
    let (shape, _) = after("shape")?.strip_prefix('(')?.split_once(')')?;
    let sizes = shape.split(',').map(|size| size.trim().trim_end_matches('L')).filter(|size| !size.is_empty());
    Some((descr.to_string(), fortran, sizes.map(|size| size.parse().ok()).collect::<Option<Vec<u64>>>()?))
}

fn strides(shape: &[u64], item: usize, fortran: bool) -> Option<Vec<u64>> {
    if !fortran {
        return region::dense(shape, item);
    }
    let backwards: Vec<u64> = shape.iter().rev().copied().collect();
    let mut strides = region::dense(&backwards, item)?;
    strides.reverse();
    Some(strides)
}

/// What a `descr` says of an element.
pub struct Element {
    pub dtype: DType,
    /// Bytes of the parts to be reversed; 0 for this machine's order.
    pub swap: usize,
    /// Attributes that make times of integers.
    pub attrs: Vec<Attr>,
}

/// The element that NumPy calls `descr`, as `<f8`; why not, if Kiln does not have it.
pub fn element(descr: &str) -> Result<Element, String> {
    let unreadable = || format!("holds elements of NumPy dtype `{descr}`, which Kiln does not have");
    let (order, kind) = descr.split_at_checked(1).ok_or_else(unreadable)?;
    let (kind, unit) = kind.split_once('[').map_or((kind, None), |(kind, unit)| (kind, unit.strip_suffix(']')));
    let dtype = match kind {
        "b1" => DType::Bool,
        "i1" => DType::I8,
        "i2" => DType::I16,
        "i4" => DType::I32,
        "i8" | "M8" | "m8" => DType::I64,
        "u1" => DType::U8,
        "u2" => DType::U16,
        "u4" => DType::U32,
        "u8" => DType::U64,
        "f4" => DType::F32,
        "f8" => DType::F64,
        "c8" => DType::C64,
        "c16" => DType::C128,
        _ => return Err(unreadable()),
    };
    let swap = match order {
        ">" => dtype.real().size(),
        "<" | "|" | "=" => 0,
        _ => return Err(unreadable()),
    };
    let attrs = match kind {
        "M8" | "m8" => time_attrs(kind == "M8", unit).ok_or_else(unreadable)?,
        _ => Vec::new(),
    };
    Ok(Element { dtype, swap, attrs })
}

/// The CF attributes that say what NumPy says with `datetime64[us]` and `timedelta64[us]`.
fn time_attrs(instant: bool, unit: Option<&str>) -> Option<Vec<Attr>> {
    let unit = match unit? {
        "D" => "days",
        "h" => "hours",
        "m" => "minutes",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        _ => return None,
    };
    let missing = (Name::new("_FillValue"), AttrValue::Numbers(vec![Scalar::i64(NAT)]));
    let (units, kind) = if instant {
        (format!("{unit} since 1970-01-01"), ("calendar", Calendar::Standard.name()))
    } else {
        (unit.to_string(), ("dtype", "timedelta64[us]"))
    };
    Some(vec![missing, (Name::new("units"), AttrValue::Text(units)), (Name::new(kind.0), AttrValue::from(kind.1))])
}

struct NpySource {
    file: Arc<File>,
    path: PathBuf,
    layout: Layout,
}

impl Source for NpySource {
    fn read(&self, _: usize, start: &[u64], count: &[u64], step: &[u64], out: &mut [u8]) -> Outcome<()> {
        self.layout.region(&self.file, 0, start, count, step, out).map_err(|error| system("read", &self.path, &error))
    }
    fn stored_bytes(&self, _: usize) -> Outcome<u64> {
        Ok(self.layout.bytes)
    }
}

/// An array being written in C order: its header, and where its elements go.
pub struct Place {
    pub header: Vec<u8>,
    /// Where the header goes.
    pub base: u64,
    strides: Vec<u64>,
    item: usize,
    bytes: u64,
}

impl Place {
    pub fn of(spec: &VarSpec) -> Outcome<Place> {
        let (dtype, shape) = (spec.ty.dtype, spec.shape()?);
        let item = dtype.size();
        let strides = region::dense(&shape, item).ok_or_else(|| Diagnostic::new(Code::Format, "the array is larger than any file"))?;
        let bytes = shape.iter().product::<u64>() * item as u64;
        Ok(Place { header: header(descr(dtype)?, &shape), base: 0, strides, item, bytes })
    }
    /// Bytes of header and elements.
    pub fn size(&self) -> u64 {
        self.header.len() as u64 + self.bytes
    }
    pub fn write(&self, file: &File, start: &[u64], count: &[u64], bytes: &[u8]) -> io::Result<()> {
        let ones = vec![1; start.len()];
        let (at, mut axes) = region::axes(&self.strides, start, count, &ones, self.item);
        axes.iter_mut().for_each(Axis::reverse);
        region::write(file, self.base + self.header.len() as u64 + at, &axes, self.item, bytes)
    }
}

/// Writes one array, whole regions in any order, from any thread.
pub struct NpySink {
    file: AtomicFile,
    place: Place,
}

impl NpySink {
    pub fn create(path: &Path, variables: &[VarSpec]) -> Outcome<NpySink> {
        let [variable] = variables else {
            let message = format!("a .npy file holds one array, not {}", variables.len());
            return Err(Diagnostic::new(Code::Format, message).help("save as .npz, .nc or .h5, or each array to a file of its own"));
        };
        let place = Place::of(variable)?;
        let file = AtomicFile::create(path)?;
        let fails = |error: io::Error| system("write", path, &error);
        file.file().write_all_at(&place.header, 0).map_err(fails)?;
        file.file().set_len(place.size()).map_err(fails)?;
        Ok(NpySink { file, place })
    }
}

/// NumPy's name of a dtype.
pub fn descr(dtype: DType) -> Outcome<&'static str> {
    Ok(match dtype {
        DType::Bool => "|b1",
        DType::I8 => "|i1",
        DType::I16 => "<i2",
        DType::I32 => "<i4",
        DType::I64 => "<i8",
        DType::U8 => "|u1",
        DType::U16 => "<u2",
        DType::U32 => "<u4",
        DType::U64 => "<u8",
        DType::F32 => "<f4",
        DType::F64 => "<f8",
        DType::C64 => "<c8",
        DType::C128 => "<c16",
        DType::DateTime(Calendar::Standard | Calendar::ProlepticGregorian) => "<M8[us]",
        DType::Duration => "<m8[us]",
        DType::DateTime(calendar) => {
            let message = format!("NumPy has no datetimes of calendar {calendar}");
            return Err(Diagnostic::new(Code::Format, message).help("save as .nc or .h5"));
        }
    })
}

/// The header, padded so that the elements are aligned to 64 bytes.
fn header(descr: &str, shape: &[u64]) -> Vec<u8> {
    let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let sizes = if shape.len() == 1 { sizes.trim_end() } else { sizes.trim_end_matches(", ") };
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sizes}), }}");
    let (version, prefix) = if text.len() + 75 < usize::from(u16::MAX) { (1, 10) } else { (2, 12) };
    let padded = (prefix + text.len() + 1).next_multiple_of(64) - prefix;
    text.push_str(&" ".repeat(padded - text.len() - 1));
    text.push('\n');
    let mut out = MAGIC.to_vec();
    out.extend([version, 0]);
    out.extend(&(text.len() as u32).to_le_bytes()[..prefix - 8]);
    out.extend(text.as_bytes());
    out
}

/// See `save::grain`: elements go where they are, one by one if need be.
pub fn grain(spec: &VarSpec) -> Outcome<Grain> {
    Ok(Grain { chunks: vec![1; spec.ty.rank()], scratch: 0 })
}

impl Sink for NpySink {
    fn write(&self, _: usize, start: &[u64], count: &[u64], bytes: &[u8]) -> Outcome<()> {
        self.place.write(self.file.file(), start, count, bytes).map_err(|error| system("write", self.file.target(), &error))
    }
    fn finish(&self) -> Outcome<()> {
        self.file.commit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::{ArrayTy, Dim};
    use crate::io::open;

    fn npy(header: &str, data: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    fn read_all(path: &Path) -> (ArrayTy, Vec<u8>) {
        let file = open(path).unwrap();
        let var = &file.info.variables[0];
        let (shape, rank) = (var.shape(), var.dims.len());
        let mut out = vec![0; var.count() as usize * var.dtype.size()];
        file.read(0, &vec![0; rank], &shape, &vec![1; rank], &mut out).unwrap();
        (file.ty(0).unwrap(), out)
    }

    #[test]
    fn every_dtype_is_written_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        for dtype in DType::ALL {
            for shape in [vec![], vec![5], vec![3, 4], vec![2, 0]] {
                let ty = ArrayTy::unnamed(dtype, &shape);
                let bytes: Vec<u8> =
                    (0..ty.bytes().unwrap()).map(|at| if dtype == DType::Bool { at % 2 } else { at % 100 } as u8).collect();
                let sink = NpySink::create(&path, &[VarSpec::new("x", ty.clone())]).unwrap();
                sink.write(0, &vec![0; shape.len()], &shape, &bytes).unwrap();
                sink.finish().unwrap();
                assert_eq!(read_all(&path), (ty, bytes), "{dtype} {shape:?}");
            }
        }
    }

    #[test]
    fn regions_are_written_in_any_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let ty = ArrayTy { dtype: DType::I16, dims: vec![Dim::unnamed(3), Dim::unnamed(4)] };
        let sink = NpySink::create(&path, &[VarSpec::new("x", ty)]).unwrap();
        for (start, count, values) in
            [([1, 1], [2, 3], vec![5i16, 6, 7, 9, 10, 11]), ([0, 0], [1, 4], vec![0, 1, 2, 3]), ([1, 0], [2, 1], vec![4, 8])]
        {
            sink.write(0, &start, &count, bytemuck::cast_slice(&values)).unwrap();
        }
        sink.finish().unwrap();
        assert_eq!(read_all(&path).1, bytemuck::cast_slice::<i16, u8>(&(0..12).collect::<Vec<i16>>()));
    }

    #[test]
    fn fortran_order_and_foreign_byte_order() {
        let file = npy("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }\n", &[0, 0, 0, 3, 0, 1, 0, 4, 0, 2, 0, 5]);
        assert_eq!(read_all(file.path()).1, bytemuck::cast_slice::<i16, u8>(&[0, 1, 2, 3, 4, 5]));
        let file = npy("{'shape': (1,), 'descr': '>c8', 'fortran_order': False}", &[0x3f, 0x80, 0, 0, 0x40, 0, 0, 0]);
        assert_eq!(read_all(file.path()).1, bytemuck::cast_slice::<f32, u8>(&[1.0, 2.0]));
    }

    #[test]
    fn times_come_as_datetimes() {
        let file = npy("{'descr': '<M8[D]', 'fortran_order': False, 'shape': (1,), }", &2i64.to_le_bytes());
        let file = open(file.path()).unwrap();
        assert_eq!(file.ty(0).unwrap().dtype, DType::DateTime(Calendar::Standard));
        assert_eq!(file.decode(0).scalar(Scalar::i64(2)).as_int(), Some(2 * 86_400_000_000));
        assert_eq!(file.decode(0).scalar(Scalar::i64(NAT)).as_int(), Some(NAT.into()));
    }

    #[test]
    fn damage_is_an_error() {
        let good = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }";
        let whole = std::fs::read(npy(good, &[0; 16]).path()).unwrap();
        let cut = tempfile::NamedTempFile::new().unwrap();
        for len in 0..whole.len() {
            std::fs::write(cut.path(), &whole[..len]).unwrap();
            assert!(open(cut.path()).is_err(), "{len} bytes");
        }
        for header in [
            "",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (-2,), }",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999, 9999999999), }",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999), }",
            "{'descr': '<f8', 'fortran_order': Maybe, 'shape': (2), }",
            "{'descr': '|O', 'fortran_order': False, 'shape': (2), }",
            "{'descr': '<U7', 'fortran_order': False, 'shape': (2), }",
            "{'descr': '', 'fortran_order': False, 'shape': (2), }",
            "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2), }",
            "{'descr': '<M8[Y]', 'fortran_order': False, 'shape': (2), }",
        ] {
            assert!(open(npy(header, &[0; 16]).path()).is_err_and(|error| error.code == Code::Format), "{header}");
        }
    }
}
