//! Scratch files: arrays that do not fit in memory while a program runs. They live in a folder of the process under the system's temporary
//! folder, which is gone afterwards; folders that dead processes left are swept when the next one is made.

use super::error::system;
use super::region;
use crate::base::{Code, Diagnostic, Outcome};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Folders are called by this and the number of their process.
const PREFIX: &str = "kiln-scratch-";

/// A row-major array in a file without a name, gone with its last user.
pub struct Scratch {
    file: File,
    shape: Vec<u64>,
    item: usize,
    folder: Arc<Folder>,
}

/// The folder of this process.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that cannot be removed is swept by a later process.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

static FOLDER: Mutex<Weak<Folder>> = Mutex::new(Weak::new());

fn folder() -> Outcome<Arc<Folder>> {
    let mut shared = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(folder) = shared.upgrade() {
        return Ok(folder);
    }
    let temp = std::env::temp_dir();
    sweep(&temp);
    let path = temp.join(format!("{PREFIX}{}", std::process::id()));
    std::fs::create_dir_all(&path).map_err(|error| system("make a scratch folder at", &path, &error))?;
    let folder = Arc::new(Folder(path));
    *shared = Arc::downgrade(&folder);
    Ok(folder)
}

/// Removes the folders of processes that are no more.
fn sweep(temp: &Path) {
    let Ok(entries) = std::fs::read_dir(temp) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let process = name.to_string_lossy().strip_prefix(PREFIX).and_then(|id| id.parse::<u32>().ok());
        if process.is_some_and(|id| !Path::new("/proc").join(id.to_string()).exists() && Path::new("/proc/self").exists()) {
            // Another process may sweep at the same time.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

impl Scratch {
    /// Room for an array of this shape and bytes an element. It takes disk space as it is written. Error K0601.
    pub fn create(shape: &[u64], item: usize) -> Outcome<Scratch> {
        let folder = folder()?;
        let file = tempfile::tempfile_in(&folder.0).map_err(|error| system("make a scratch file in", &folder.0, &error))?;
        let bytes = shape.iter().try_fold(item as u64, |all, size| all.checked_mul(*size));
        let bytes = bytes.ok_or_else(|| Diagnostic::new(Code::Memory, "an array larger than any disk"))?;
        file.set_len(bytes).map_err(|error| system("make room in", &folder.0, &error))?;
        Ok(Scratch { file, shape: shape.to_vec(), item, folder })
    }

    /// The file itself, for other layouts than row-major.
    pub fn file(&self) -> &File {
        &self.file
    }
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// Reads a region, dense and row-major; `shape` is this array's or another row-major shape of the same elements.
    pub fn read(&self, shape: &[u64], start: &[u64], count: &[u64], step: &[u64], out: &mut [u8]) -> Outcome<()> {
        let strides = region::dense(shape, self.item).unwrap_or_default();
        let (offset, axes) = region::axes(&strides, start, count, step, self.item);
        region::read(&self.file, offset, &axes, self.item, out).map_err(|error| system("read a scratch file in", &self.folder.0, &error))
    }

    /// Writes a region, dense and row-major.
    pub fn write(&self, start: &[u64], count: &[u64], bytes: &[u8]) -> Outcome<()> {
        let strides = region::dense(&self.shape, self.item).unwrap_or_default();
        let (offset, mut axes) = region::axes(&strides, start, count, &vec![1; start.len()], self.item);
        axes.iter_mut().for_each(region::Axis::reverse);
        region::write(&self.file, offset, &axes, self.item, bytes)
            .map_err(|error| system("write a scratch file in", &self.folder.0, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_come_back_and_the_folder_goes() {
        let scratch = Scratch::create(&[4, 6], 2).unwrap();
        let folder = scratch.folder.0.clone();
        let bytes: Vec<u8> = (0..48).collect();
        scratch.write(&[0, 0], &[4, 6], &bytes).unwrap();
        let mut part = [0u8; 8];
        scratch.read(&[4, 6], &[1, 2], &[2, 2], &[2, 3], &mut part).unwrap();
        assert_eq!(part, [16, 17, 22, 23, 40, 41, 46, 47]);
        scratch.read(&[24], &[10], &[4], &[1], &mut part).unwrap();
        assert_eq!(part, [20, 21, 22, 23, 24, 25, 26, 27]);
        assert!(folder.exists());
        drop(scratch);
        assert!(!folder.exists() || FOLDER.lock().unwrap().upgrade().is_some());
    }
}
