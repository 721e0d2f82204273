//! NumPy's `.npz`: a ZIP file of `.npy` files, each a variable. Arrays that are stored as they are, which is how they are written, are read
//! region by region in place; a deflated one is expanded into a scratch file when it is first read.

use super::atomic::AtomicFile;
use super::error::{damaged, shown, system};
use super::npy::{Layout, Place};
use super::raw::Scratch;
use super::zip::{self, Entry, How};
use super::{Contents, Format, Found, Opened, Sink, Source, VarInfo, VarSpec};
use crate::array::DType;
use crate::base::{Code, Diagnostic, Name, Outcome};
use flate2::read::DeflateDecoder;
use libdeflater::Crc;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Bytes that are expanded, or summed, at a time.
const PIECE: usize = 1 << 20;
/// More than any header that NumPy writes.
const HEADER: usize = 70_000;

pub struct Npz;

impl Format for Npz {
    fn name(&self) -> &'static str {
        "NumPy archive"
    }
    fn extensions(&self) -> &'static [&'static str] {
        &["npz"]
    }
    fn detect(&self, found: Found) -> bool {
        matches!(found, Found::File(head) if head.starts_with(zip::MAGIC))
    }
    fn open(&self, file: Arc<File>, path: &Path) -> Outcome<Opened> {
        let entries = zip::entries(&file, path)?;
        let (mut variables, mut members) = (Vec::new(), Vec::new());
        for entry in entries {
            let Some(name) = entry.name.strip_suffix(".npy").map(str::to_string) else { continue };
            let member = match &entry.how {
                How::Unknown(reason) => Err(reason.clone()),
                _ => layout(&entry, &file, path).map_err(|error| format!("cannot be read: {}", error.message)),
            };
            variables.push(match &member {
                Ok(layout) => layout.variable(&name),
                Err(reason) => unreadable(&name, reason),
            });
            members.push(member.ok().map(|layout| Member { layout, entry, expanded: OnceLock::new() }));
        }
        if variables.is_empty() {
            return Err(damaged(path, "it is a ZIP file without arrays of NumPy"));
        }
        let source = NpzSource { file, path: path.to_path_buf(), members };
        Ok((Contents { variables, ..Contents::default() }, Box::new(source)))
    }
}

fn unreadable(name: &str, reason: &str) -> VarInfo {
    VarInfo {
        path: Name::new(format!("/{name}")),
        dtype: DType::Bool,
        dims: Vec::new(),
        attrs: Vec::new(),
        chunks: None,
        filters: Vec::new(),
        scratch: 0,
        skipped: Some(reason.to_string()),
    }
}

/// Reads the header of an array.
fn layout(entry: &Entry, file: &File, path: &Path) -> Outcome<Layout> {
    if entry.how == How::Stored {
        return Layout::read(path, entry.size, &|bytes, at| file.read_exact_at(bytes, entry.offset + at));
    }
    let mut head = Vec::new();
    inflated(entry, file).take(HEADER as u64).read_to_end(&mut head).map_err(|error| system("read", path, &error))?;
    Layout::read(path, entry.size, &|bytes, at| {
        let from = head.get(at as usize..at as usize + bytes.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        bytes.copy_from_slice(from);
        Ok(())
    })
}

fn inflated<'a>(entry: &Entry, file: &'a File) -> impl Read + 'a {
    DeflateDecoder::new(BufReader::with_capacity(PIECE, At { file, offset: entry.offset, left: entry.packed }))
}

/// A part of a file, read in order.
struct At<'a> {
    file: &'a File,
    offset: u64,
    left: u64,
}

impl Read for At<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let most = bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.file.read_at(&mut bytes[..most], self.offset)?;
        self.offset += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

struct NpzSource {
    file: Arc<File>,
    path: PathBuf,
    /// `None` for variables that are skipped.
    members: Vec<Option<Member>>,
}

struct Member {
    layout: Layout,
    entry: Entry,
    expanded: OnceLock<Outcome<Scratch>>,
}

impl NpzSource {
    /// Expands a deflated array into a scratch file.
    fn expand(&self, entry: &Entry) -> Outcome<Scratch> {
        let scratch = Scratch::create(&[entry.size], 1)?;
        let (mut source, mut piece) = (inflated(entry, &self.file), vec![0; PIECE]);
        let (mut done, mut sum) = (0, Crc::new());
        loop {
            let read =
                source.read(&mut piece).map_err(|_| damaged(&self.path, format!("the compressed data of `{}` are damaged", entry.name)))?;
            if read == 0 {
                break;
            }
            if read as u64 > entry.size - done {
                return Err(damaged(&self.path, format!("`{}` has more bytes than it says", entry.name)));
            }
            sum.update(&piece[..read]);
            scratch.write(&[done], &[read as u64], &piece[..read])?;
            done += read as u64;
        }
        if done == entry.size && sum.sum() == entry.crc {
            return Ok(scratch);
        }
        Err(damaged(&self.path, format!("`{}` has {done} bytes of {}, or a wrong checksum", entry.name, entry.size)))
    }
}

impl Source for NpzSource {
    fn read(&self, variable: usize, start: &[u64], count: &[u64], step: &[u64], out: &mut [u8]) -> Outcome<()> {
        let Some(member) = &self.members[variable] else { return Ok(()) };
        let (file, base) = match member.entry.how {
            How::Stored => (&*self.file, member.entry.offset),
            _ => match member.expanded.get_or_init(|| self.expand(&member.entry)) {
                Ok(scratch) => (scratch.file(), 0),
                Err(error) => return Err(error.clone()),
            },
        };
        member.layout.region(file, base, start, count, step, out).map_err(|error| system("read", &self.path, &error))
    }
    fn stored_bytes(&self, variable: usize) -> Outcome<u64> {
        Ok(self.members[variable].as_ref().map_or(0, |member| member.entry.packed))
    }
}

/// Writes arrays as they are, whole regions in any order, from any thread.
pub struct NpzSink {
    file: AtomicFile,
    members: Vec<(String, Place)>,
}

impl NpzSink {
    pub fn create(path: &Path, variables: &[VarSpec]) -> Outcome<NpzSink> {
        let refuse = |message: String| Diagnostic::new(Code::Format, format!("cannot save {}: {message}", shown(path)));
        let file = AtomicFile::create(path)?;
        let mut members: Vec<(String, Place)> = Vec::new();
        let mut end = 0;
        for spec in variables {
            if spec.compress.is_some_and(|level| level > 0) {
                return Err(
                    refuse("an .npz is written without compression".to_string()).help("leave `compress` out, or save as .zarr or .nc")
                );
            }
            let name = format!("{}.npy", spec.name);
            if name.len() > usize::from(u16::MAX) || members.iter().any(|(known, _)| *known == name) {
                return Err(refuse(format!("two variables are called `{}`", spec.name)));
            }
            let mut place = Place::of(spec)?;
            let header = zip::local_header(&name, place.size(), 0);
            place.base = end + header.len() as u64;
            let fails = |error: io::Error| system("write", path, &error);
            file.file().write_all_at(&[&header[..], &place.header].concat(), end).map_err(fails)?;
            end = place.base + place.size();
            file.file().set_len(end).map_err(fails)?;
            members.push((name, place));
        }
        Ok(NpzSink { file, members })
    }

    /// Adds checksums, which are known when all is written, and the directory.
    fn close(&self) -> io::Result<()> {
        let file = self.file.file();
        let (mut piece, mut end) = (vec![0; PIECE], 0);
        let mut entries = Vec::with_capacity(self.members.len());
        for (name, place) in &self.members {
            let mut sum = Crc::new();
            let size = place.size();
            for at in (0..size).step_by(PIECE) {
                let piece = &mut piece[..(size - at).min(PIECE as u64) as usize];
                file.read_exact_at(piece, place.base + at)?;
                sum.update(piece);
            }
            file.write_all_at(&zip::local_header(name, size, sum.sum()), end)?;
            entries.push((name.as_str(), size, sum.sum(), end));
            end = place.base + size;
        }
        file.write_all_at(&zip::directory_of(&entries, end), end)
    }
}

impl Sink for NpzSink {
    fn write(&self, variable: usize, start: &[u64], count: &[u64], bytes: &[u8]) -> Outcome<()> {
        let place = &self.members[variable].1;
        place.write(self.file.file(), start, count, bytes).map_err(|error| system("write", self.file.target(), &error))
    }
    fn finish(&self) -> Outcome<()> {
        self.close().map_err(|error| system("write", self.file.target(), &error))?;
        self.file.commit()
    }
}

#[cfg(test)]
mod tests {
    use crate::array::{ArrayTy, DType};
    use crate::io::{VarSpec, create, open};
    use std::path::Path;

    fn save(path: &Path) {
        let specs = [VarSpec::new("x", ArrayTy::unnamed(DType::F64, &[2, 3])), VarSpec::new("n", ArrayTy::unnamed(DType::I16, &[]))];
        let sink = create(path, &specs[..].into()).unwrap();
        sink.write(0, &[1, 0], &[1, 3], bytemuck::cast_slice(&[4.0, 5.0, 6.0])).unwrap();
        sink.write(0, &[0, 0], &[1, 3], bytemuck::cast_slice(&[1.0, 2.0, 3.0])).unwrap();
        sink.write(1, &[], &[], &7i16.to_ne_bytes()).unwrap();
        sink.finish().unwrap();
    }

    #[test]
    fn arrays_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        save(&path);
        let file = open(&path).unwrap();
        assert_eq!(file.info.variables.iter().map(|var| var.path.as_str()).collect::<Vec<_>>(), ["/x", "/n"]);
        let mut out = [0.0; 2];
        file.read(0, &[0, 2], &[2, 1], &[1, 1], bytemuck::cast_slice_mut(&mut out)).unwrap();
        assert_eq!(out, [3.0, 6.0]);
        let compressed = VarSpec { compress: Some(1), ..VarSpec::new("x", ArrayTy::unnamed(DType::F64, &[2])) };
        assert!(create(&path, &[compressed][..].into()).is_err());
    }

    #[test]
    fn damage_does_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        save(&path);
        let whole = std::fs::read(&path).unwrap();
        let exhaust = |bytes: &[u8]| {
            std::fs::remove_file(&path).ok();
            std::fs::write(&path, bytes).unwrap();
            let Ok(file) = open(&path) else { return false };
            let read = |at: usize| {
                let var = &file.info.variables[at];
                let rank = var.dims.len();
                let len = var.count().min(1 << 16) as usize * var.dtype.size();
                file.read(at, &vec![0; rank], &var.shape(), &vec![1; rank], &mut vec![0; len]).is_ok()
            };
            (0..file.info.variables.len()).all(read)
        };
        assert!(exhaust(&whole));
        for len in 0..whole.len() {
            assert!(!exhaust(&whole[..len]), "{len} of {} bytes", whole.len());
        }
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..2000 {
            let mut bytes = whole.clone();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(0..bytes.len());
                bytes[at] = if random.bool() { random.u8(..) } else { bytes[at] ^ 1 << random.u8(0..8) };
            }
            exhaust(&bytes);
        }
    }
}
