//! Saving atomically: a file or folder is written beside its target under another name, and takes the target's place when it is whole and
//! on disk. A save that fails or is given up leaves the old one as it was. What a killed process leaves beside its target is not locked any
//! more, and removed by the next save into that folder.

use super::error::{shown, system};
use crate::base::{Code, Diagnostic, Outcome};
use std::collections::BTreeSet;
use std::fs::{File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tempfile::{TempDir, TempPath};

/// How unfinished files and folders are called.
const PREFIX: &str = ".kiln-";
const SUFFIX: &str = ".part";

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
        let folder = existing_folder(path, &target)?;
        let made = claimed(folder, 0o666, |builder| builder.tempfile_in(folder), |made| made.as_file().try_clone());
        let (file, temp) = made.map(|(made, _)| made.into_parts()).map_err(|error| system("write", path, &error))?;
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
        // Others may lock it now.
        self.file.unlock().ok();
        settle(&self.target);
        Ok(())
    }
}

/// Makes something unfinished in a folder and locks it, for as long as the file that is given beside it is open.
fn claimed<T: AsRef<Path>>(
    folder: &Path,
    mode: u32,
    make: impl Fn(&mut tempfile::Builder) -> io::Result<T>,
    open: impl Fn(&T) -> io::Result<File>,
) -> io::Result<(T, File)> {
    sweep(folder);
    loop {
        let permissions = Permissions::from_mode(mode);
        let made = make(tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).permissions(permissions))?;
        let file = open(&made)?;
        // A file system that cannot lock leaves it to be removed by hand. Another process may sweep before the lock is taken.
        let taken = matches!(file.try_lock(), Err(TryLockError::WouldBlock)) || !made.as_ref().exists();
        if !taken {
            return Ok((made, file));
        }
    }
}

/// Removes what dead processes left in a folder, once for each folder.
fn sweep(folder: &Path) {
    static SWEPT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    if !SWEPT.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_path_buf()) {
        return;
    }
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if !name.starts_with(PREFIX) || !name.ends_with(SUFFIX) || path.is_symlink() {
            continue;
        }
        if File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        }
    }
}

/// A rename is atomic without this; with it, it is also there after a power cut. Not every file system can.
fn settle(target: &Path) {
    File::open(folder(target)).and_then(|folder| folder.sync_all()).ok();
}

/// A folder that is not yet at its path. Dropped before `commit`, it is removed.
pub struct AtomicFolder {
    /// Removes what is there when dropped; `None` once committed.
    temp: Mutex<Option<TempDir>>,
    _lock: File,
    path: PathBuf,
    target: PathBuf,
}

impl AtomicFolder {
    /// An empty folder beside `path`. What is at `path` already must be empty, or of the kind that `replaces` knows. Error K0601.
    pub fn create(path: &Path, replaces: impl Fn(&Path) -> bool) -> Outcome<AtomicFolder> {
        let target = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let refuse = |what: &str| {
            let error = Diagnostic::new(Code::File, format!("cannot write {}: there is {what} of that name", shown(path)));
            error.help("remove it first, or save to another name")
        };
        if target.is_dir() {
            let empty = std::fs::read_dir(&target).is_ok_and(|mut entries| entries.next().is_none());
            if !empty && !replaces(&target) {
                return Err(refuse("a folder that holds something else"));
            }
        } else if target.exists() {
            return Err(refuse("a file"));
        }
        let folder = existing_folder(path, &target)?;
        let made = claimed(folder, 0o777, |builder| builder.tempdir_in(folder), |made| File::open(made.path()));
        let (temp, lock) = made.map_err(|error| system("write", path, &error))?;
        Ok(AtomicFolder { path: temp.path().to_path_buf(), temp: Mutex::new(Some(temp)), _lock: lock, target })
    }
    /// Where the folder is until it is whole.
    pub fn path(&self) -> &Path {
        &self.path
    }
    /// Where it will be.
    pub fn target(&self) -> &Path {
        &self.target
    }
    /// Puts the folder on disk and in its place, at once; the second time nothing.
    pub fn commit(&self) -> Outcome<()> {
        let Some(temp) = self.temp.lock().unwrap_or_else(PoisonError::into_inner).take() else { return Ok(()) };
        self.place(temp).map_err(|error| system("write", &self.target, &error))?;
        settle(&self.target);
        Ok(())
    }

    fn place(&self, temp: TempDir) -> io::Result<()> {
        sync(&self.path)?;
        let Ok(old) = std::fs::metadata(&self.target) else {
            std::fs::rename(&self.path, &self.target)?;
            // It is there no more, so nothing is to be removed.
            let _ = temp.keep();
            return Ok(());
        };
        std::fs::set_permissions(&self.path, old.permissions())?;
        if exchange(&self.path, &self.target) {
            // What was there before goes with `temp`.
            return Ok(());
        }
        // A file system that cannot exchange: for a moment there is neither.
        let aside = TempDir::with_prefix_in(PREFIX, folder(&self.target))?;
        std::fs::rename(&self.target, aside.path().join("old"))?;
        std::fs::rename(&self.path, &self.target).inspect_err(|_| {
            // Back again; if even that fails, the old one stays beside its place.
            if std::fs::rename(aside.path().join("old"), &self.target).is_err() {
                let _ = aside.keep();
            }
        })?;
        let _ = temp.keep();
        Ok(())
    }
}

/// Forces what is in a folder to disk: all of its file system at once, since forcing thousands of files one by one takes minutes.
pub fn sync(path: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::fs::syncfs(File::open(path)?)?;
    #[cfg(not(target_os = "linux"))]
    File::open(path)?.sync_all()?;
    Ok(())
}

/// Exchanges two names in one step, where the system can.
fn exchange(a: &Path, b: &Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).is_ok()
}

/// The folder that a target is to be in. Error K0601 if there is none.
fn existing_folder<'a>(path: &Path, target: &'a Path) -> Outcome<&'a Path> {
    let folder = folder(target);
    if folder.is_dir() {
        return Ok(folder);
    }
    Err(Diagnostic::new(Code::File, format!("cannot write {}: there is no folder {}", shown(path), shown(folder))))
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
    fn the_old_folder_stays_until_the_new_one_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zarr");
        let save = |text: &str| {
            let saved = AtomicFolder::create(&path, |old| old.join("x").exists())?;
            std::fs::write(saved.path().join("x"), text).unwrap();
            std::fs::write(saved.path().join(text), text).unwrap();
            Ok::<_, Box<Diagnostic>>(saved)
        };
        save("old").unwrap().commit().unwrap();
        drop(save("torn").unwrap());
        assert_eq!(std::fs::read(path.join("x")).unwrap(), b"old");
        save("new").unwrap().commit().unwrap();
        assert_eq!(std::fs::read(path.join("x")).unwrap(), b"new");
        assert!(!path.join("old").exists());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        // What is no store is not replaced.
        std::fs::remove_file(path.join("x")).unwrap();
        assert!(save("other").is_err_and(|error| error.message.contains("holds something else")));
        std::fs::remove_dir_all(&path).unwrap();
        std::fs::write(&path, "a file").unwrap();
        assert!(save("other").is_err_and(|error| error.message.contains("there is a file")));
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
