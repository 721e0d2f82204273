//! Saving atomically: a file is written beside its target under another name, and takes the target's place when it is whole and on disk.
//! A save that fails or is given up leaves the old file as it was.

use super::error::{shown, system};
use crate::base::{Code, Diagnostic, Outcome};
use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tempfile::TempPath;

/// A file that is not yet at its path. Dropped before `commit`, it is removed.
pub struct AtomicFile {
    file: File,
    /// Removes what is there when dropped; `None` once committed.
    temp: Mutex<Option<TempPath>>,
    temp_path: PathBuf,
    target: PathBuf,
}

impl AtomicFile {
    /// An empty file in the folder of `path`, open for reading and writing. Error K0601 if the folder is missing or not writable, or if
    /// `path` is a folder.
    pub fn create(path: &Path) -> Outcome<AtomicFile> {
        // Behind a symbolic link the file is replaced, not the link.
        let target = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        if target.is_dir() {
            return Err(system("write", path, &io::ErrorKind::IsADirectory.into()));
        }
        let folder = folder(&target);
        if !folder.is_dir() {
            return Err(Diagnostic::new(Code::File, format!("cannot write {}: there is no folder {}", shown(path), shown(folder))));
        }
        let readable = Permissions::from_mode(0o666);
        let temp = tempfile::Builder::new().prefix(".kiln-").suffix(".part").permissions(readable).tempfile_in(folder);
        let (file, temp) = temp.map_err(|error| system("write", path, &error))?.into_parts();
        Ok(AtomicFile { file, temp_path: temp.to_path_buf(), temp: Mutex::new(Some(temp)), target })
    }
    pub fn file(&self) -> &File {
        &self.file
    }
    /// Where the file is until it is whole.
    pub fn temp_path(&self) -> &Path {
        &self.temp_path
    }
    /// Where it will be.
    pub fn target(&self) -> &Path {
        &self.target
    }
    /// Puts the file on disk and in its place, at once; the second time nothing.
    pub fn commit(&self) -> Outcome<()> {
        let Some(temp) = self.temp.lock().unwrap_or_else(PoisonError::into_inner).take() else { return Ok(()) };
        let fails = |error: &io::Error| system("write", &self.target, error);
        if let Ok(old) = std::fs::metadata(&self.target) {
            self.file.set_permissions(old.permissions()).map_err(|error| fails(&error))?;
        }
        self.file.sync_all().map_err(|error| fails(&error))?;
        temp.persist(&self.target).map_err(|error| fails(&error.error))?;
        // The rename is atomic without this; with it, it is also there after a power cut. Not every file system can.
        File::open(folder(&self.target)).and_then(|folder| folder.sync_all()).ok();
        Ok(())
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn the_old_file_stays_until_the_new_one_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        std::fs::write(&path, "old").unwrap();
        let given_up = AtomicFile::create(&path).unwrap();
        given_up.file().write_all(b"torn").unwrap();
        drop(given_up);
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        let saved = AtomicFile::create(&path).unwrap();
        saved.file().write_all(b"new").unwrap();
        saved.commit().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_is_said_at_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(AtomicFile::create(folder.path()).is_err_and(|error| error.message.contains("it is a folder")));
        let missing = folder.path().join("no/a.nc");
        assert!(AtomicFile::create(&missing).is_err_and(|error| error.message.contains("there is no folder")));
    }

    #[test]
    fn a_link_keeps_pointing_to_the_saved_file() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        AtomicFile::create(&link).unwrap().commit().unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read(&file).unwrap(), b"");
    }
}
