//! An open file: its metadata, how its variables decode, its coordinates once somebody asks, and checked reading of regions.

use super::cf::{self, Decode};
use super::error::{damaged, shown, system};
use super::info::{FileInfo, Stamp, VarInfo};
use super::{Contents, Format, Found, Source, many};
use crate::array::{Array, ArrayTy, Buffer, Coord, DType, Dim, Size};
use crate::base::diag::did_you_mean;
use crate::base::{Code, Diagnostic, Name, Outcome};
use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Coordinates larger than this stay unread: the dimension has none.
const LARGEST_COORDINATE: u64 = 256 << 20;
/// What `values` reads at most.
const LARGEST_AT_ONCE: u64 = 1 << 30;
/// What formats are detected by.
const HEAD: usize = 8192;

/// A file opened for reading, or many that are read as one. Replacing a file on disk does not change what an open one reads.
pub struct OpenFile {
    pub info: FileInfo,
    /// The files it reads, by the paths they were opened by.
    files: Vec<(PathBuf, Stamp)>,
    /// The pattern that they match, if it is one.
    pattern: Option<PathBuf>,
    decodes: Vec<Decode>,
    /// For each variable, its values as a coordinate.
    coords: Vec<OnceLock<Option<Arc<Coord>>>>,
    source: Box<dyn Source>,
}

/// Opens `path` with the first format that knows its first bytes.
pub(super) fn open(path: &Path, formats: &[&dyn Format]) -> Outcome<OpenFile> {
    let fails = |error: std::io::Error| system("open", path, &error);
    let given = path;
    let path = &path.canonicalize().map_err(fails)?;
    // Asked before opening: to open a pipe would wait for its writer.
    let meta = std::fs::metadata(path).map_err(fails)?;
    if !meta.is_dir() && !meta.is_file() {
        return Err(Diagnostic::new(Code::File, format!("cannot open {}: it is no regular file", shown(path))));
    }
    let file = File::open(path).map_err(fails)?;
    let meta = file.metadata().map_err(fails)?;
    let mut head = Vec::with_capacity(HEAD);
    let found = if meta.is_dir() {
        Found::Folder(path)
    } else {
        (&file).take(HEAD as u64).read_to_end(&mut head).map_err(fails)?;
        Found::File(&head)
    };
    let Some(format) = formats.iter().find(|format| format.detect(found)) else {
        return Err(unknown_format(path, found, formats));
    };
    let (contents, source) = guard(path, || format.open(Arc::new(file), path))?;
    let Contents { dims, variables, groups, attrs, single } = contents;
    let (path, format, stamp) = (path.to_path_buf(), Name::new(format.name()), stamp(&meta));
    let info = FileInfo { path, format, stamp, dims, variables, groups, attrs, single };
    Ok(OpenFile::new(info, source, vec![(given.to_path_buf(), stamp)], None))
}

/// Runs a reader of another crate: should it panic on a damaged file, that is an error of the file.
pub(super) fn guard<T>(path: &Path, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(damaged(path, "it is damaged (its reader failed)")))
}

fn stamp(meta: &Metadata) -> Stamp {
    let modified = meta.mtime().saturating_mul(1_000_000_000).saturating_add(meta.mtime_nsec());
    Stamp { device: meta.dev(), inode: meta.ino(), bytes: meta.len(), modified }
}

/// Which version of which file is at `path` now; `None` if there is none.
pub fn stamp_of(path: &Path) -> Option<Stamp> {
    std::fs::metadata(path).ok().map(|meta| stamp(&meta))
}

fn unknown_format(path: &Path, found: Found, formats: &[&dyn Format]) -> Box<Diagnostic> {
    let reason = match found {
        Found::Folder(_) => {
            let error = system("open", path, &std::io::ErrorKind::IsADirectory.into());
            return error.help("a Zarr store is a folder with zarr.json or .zgroup; many files are opened as \"folder/*.nc\"");
        }
        Found::File([]) => "it is empty",
        Found::File(_) => "it is of no format that Kiln reads",
    };
    let known: Vec<String> = formats.iter().map(|format| format!("{} (.{})", format.name(), format.extensions().join(", ."))).collect();
    damaged(path, reason).help(format!("arrays are read from {}", known.join(", ")))
}

impl OpenFile {
    pub(super) fn new(info: FileInfo, source: Box<dyn Source>, files: Vec<(PathBuf, Stamp)>, pattern: Option<PathBuf>) -> OpenFile {
        let decodes = cf::decode_all(&info.variables);
        let coords = info.variables.iter().map(|_| OnceLock::new()).collect();
        OpenFile { info, files, pattern, decodes, coords, source }
    }

    /// The same file as the only one that matches a pattern.
    pub(super) fn matching(self, pattern: &Path) -> OpenFile {
        OpenFile { pattern: Some(pattern.to_path_buf()), ..self }
    }

    /// Gives a variable's values as a coordinate, where they are known already.
    pub(super) fn know_coord(&mut self, variable: usize, coord: Arc<Coord>) {
        self.coords[variable] = OnceLock::from(Some(coord));
    }

    /// Whether the same files are still there as were opened.
    pub fn is_current(&self) -> bool {
        let same = |(path, stamp): &(PathBuf, Stamp)| stamp_of(path) == Some(*stamp);
        let listed = |pattern: &PathBuf| many::list(pattern).is_ok_and(|paths| paths.iter().eq(self.files.iter().map(|(path, _)| path)));
        self.pattern.as_ref().is_none_or(listed) && self.files.iter().all(same)
    }

    /// Whether this reads the file with a stamp, whatever was written to that since.
    pub fn reads(&self, stamp: Stamp) -> bool {
        self.files.iter().any(|(_, own)| (own.device, own.inode) == (stamp.device, stamp.inode))
    }

    /// The position of a variable by its path (`/group/x`, `group/x`), or by its name alone where that is unique.
    /// Error K0603 with what is there.
    pub fn variable(&self, name: &str) -> Outcome<usize> {
        let wanted = name.trim_start_matches('/');
        let variables = &self.info.variables;
        let mut by_name = variables.iter().enumerate().filter(|(_, var)| var.name() == wanted);
        let exact = variables.iter().position(|var| var.path.trim_start_matches('/') == wanted);
        let found = exact.or_else(|| match (by_name.next(), by_name.next()) {
            (Some((at, _)), None) => Some(at),
            _ => None,
        });
        found.ok_or_else(|| self.no_variable(wanted))
    }

    fn no_variable(&self, wanted: &str) -> Box<Diagnostic> {
        let paths: Vec<&str> = self.info.variables.iter().map(|var| var.path.trim_start_matches('/')).collect();
        let fault = Diagnostic::new(Code::UnknownVariable, format!("{} has no variable `{wanted}`", shown(&self.info.path)));
        match did_you_mean(wanted, paths.iter().copied()) {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None if paths.is_empty() => fault.help("it holds no variables"),
            None if paths.len() > 20 => fault.help(format!("it has {}, … ({} in all)", paths[..20].join(", "), paths.len())),
            None => fault.help(format!("it has {}", paths.join(", "))),
        }
    }

    /// How a variable's stored elements become values.
    pub fn decode(&self, variable: usize) -> &Decode {
        &self.decodes[variable]
    }

    /// The type of a variable after CF decoding, its dimensions with their coordinates (which are read now, once).
    pub fn ty(&self, variable: usize) -> Outcome<ArrayTy> {
        let var = self.readable(variable)?;
        let mut dims = Vec::with_capacity(var.dims.len());
        for axis in &var.dims {
            let coord = match axis.coord {
                Some(at) => self.coord(at, axis.size)?,
                None => None,
            };
            dims.push(Dim { name: axis.name.clone(), size: Size::Known(axis.size), coord });
        }
        Ok(ArrayTy { dtype: self.decodes[variable].target, dims })
    }

    /// The values of a coordinate variable, decoded; `None` for one that is skipped, not of one dimension, or too large.
    fn coord(&self, variable: usize, size: u64) -> Outcome<Option<Arc<Coord>>> {
        let var = &self.info.variables[variable];
        if let Some(known) = self.coords[variable].get() {
            return Ok(known.clone());
        }
        let fits = size.saturating_mul(16) <= LARGEST_COORDINATE;
        let coord = if var.skipped.is_none() && var.shape() == [size] && fits { Some(Arc::new(self.read_coord(variable)?)) } else { None };
        Ok(self.coords[variable].get_or_init(|| coord).clone())
    }

    fn read_coord(&self, variable: usize) -> Outcome<Coord> {
        let (var, decode) = (&self.info.variables[variable], &self.decodes[variable]);
        let ty = ArrayTy { dtype: decode.target, dims: vec![Dim::named(var.name(), var.count())] };
        let units = if decode.time.is_some() { None } else { var.attr("units").and_then(|units| units.text()).map(Name::new) };
        Ok(Coord { values: self.values(variable, ty)?, units })
    }

    /// All values of a variable, read and decoded at once, one by one: for small ones. `ty` is `self.ty(variable)`, or another type of as
    /// many elements. Error K0701 above 1 GiB.
    pub fn values(&self, variable: usize, ty: ArrayTy) -> Outcome<Array> {
        let var = self.readable(variable)?;
        if let Some(Some(coord)) = self.coords[variable].get()
            && ty.shape().as_deref() == Some(&[var.count()])
        {
            return Ok(coord.values.retyped(ty));
        }
        let (rank, bytes) = (var.dims.len(), var.count().saturating_mul(var.dtype.size() as u64));
        if bytes > LARGEST_AT_ONCE {
            let message = format!("variable `{}` has {bytes} bytes, too many to be read at once", var.path.trim_start_matches('/'));
            return Err(Diagnostic::new(Code::Memory, message));
        }
        let mut stored = vec![0; bytes as usize];
        self.read(variable, &vec![0; rank], &var.shape(), &vec![1; rank], &mut stored)?;
        Ok(Array::new(ty, Arc::new(Buffer::from_bytes(&self.decodes[variable].bytes(&stored)))))
    }

    fn readable(&self, variable: usize) -> Outcome<&VarInfo> {
        let var = &self.info.variables[variable];
        match &var.skipped {
            None => Ok(var),
            Some(reason) => Err(damaged(&self.info.path, format!("variable `{}` {reason}", var.path.trim_start_matches('/')))),
        }
    }

    /// Reads a region of the stored elements, see `Source::read`. Errors: K0601, K0602; K0999 for a region outside the variable.
    pub fn read(&self, variable: usize, start: &[u64], count: &[u64], step: &[u64], out: &mut [u8]) -> Outcome<()> {
        let var = self.readable(variable)?;
        check_region(var, start, count, step, out.len())?;
        if out.is_empty() {
            return Ok(());
        }
        let done = guard(&self.info.path, || self.source.read(variable, start, count, step, out));
        if var.dtype == DType::Bool {
            // Files may hold any byte there.
            out.iter_mut().for_each(|byte| *byte = u8::from(*byte != 0));
        }
        done.map_err(|error| error.note(format!("while reading variable `{}`", var.path.trim_start_matches('/'))))
    }

    /// See `Source::shards`.
    pub fn shards(&self, variable: usize) -> Option<Vec<u64>> {
        self.source.shards(variable)
    }

    /// Bytes that the variable takes in the file, after compression.
    pub fn stored_bytes(&self, variable: usize) -> Outcome<u64> {
        self.readable(variable)?;
        guard(&self.info.path, || self.source.stored_bytes(variable))
    }
}

fn check_region(var: &VarInfo, start: &[u64], count: &[u64], step: &[u64], bytes: usize) -> Outcome<()> {
    let rank = var.dims.len();
    let ranks = [start.len(), count.len(), step.len()] == [rank; 3];
    let inside = var.dims.iter().zip(start).zip(count).zip(step).all(|(((dim, start), count), step)| {
        let last = count.saturating_sub(1).checked_mul(*step).and_then(|reach| reach.checked_add(*start));
        *step > 0 && (*count == 0 || last.is_some_and(|last| last < dim.size))
    });
    let wanted = count.iter().try_fold(var.dtype.size() as u64, |all, count| all.checked_mul(*count));
    if ranks && inside && wanted == Some(bytes as u64) {
        return Ok(());
    }
    let region = format!("start {start:?}, count {count:?}, step {step:?}, {bytes} bytes");
    Err(Diagnostic::new(Code::Internal, format!("a region outside variable `{}` of shape {:?}: {region}", var.path, var.shape())))
}

#[cfg(test)]
mod tests {
    use crate::base::Code;
    use crate::io::open;
    use std::path::Path;

    #[test]
    fn what_cannot_be_opened_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("empty.nc"), "").unwrap();
        std::fs::write(path("foreign.nc"), "no format at all").unwrap();
        std::fs::write(path("short.h5"), b"\x89HDF\r\n\x1a\n").unwrap();
        for (path, code, words) in [
            (path("missing.nc"), Code::File, "there is no such file"),
            (folder.path().to_path_buf(), Code::File, "it is a folder"),
            ("/dev/null".into(), Code::File, "no regular file"),
            (path("empty.nc"), Code::Format, "it is empty"),
            (path("foreign.nc"), Code::Format, "of no format"),
            (path("short.h5"), Code::Format, "damaged"),
        ] {
            let error = open(&path).err().unwrap();
            assert!(error.code == code && error.message.contains(words), "{error:?}");
            assert!(error.message.contains(path.to_str().unwrap()), "{error:?}");
        }
        assert!(open(&path("foreign.nc")).err().unwrap().help.unwrap().contains("NetCDF"));
        assert!(open(Path::new("")).is_err());
    }
}
