//! Scratch files: arrays that do not fit in memory while a program runs. They are in the system's temporary folder (`TMPDIR`) and have no
//! names, so nothing is left of them, however the process ends.

use super::error::system;
use super::region;
use crate::base::{Code, Diagnostic, Outcome};
use std::fs::File;
use std::io;

/// A row-major array in a file without a name, gone with its last user.
pub struct Scratch {
    file: File,
    shape: Vec<u64>,
    item: usize,
}

fn fails(doing: &str, error: &io::Error) -> Box<Diagnostic> {
    let error = system(&format!("{doing} a scratch file in"), &std::env::temp_dir(), error);
    error.help("scratch files hold what does not fit in memory: set TMPDIR to a folder with more room, or raise --memory")
}

impl Scratch {
    /// Room for an array of this shape and bytes an element. It takes disk space as it is written. Error K0601.
    pub fn create(shape: &[u64], item: usize) -> Outcome<Scratch> {
        let file = tempfile::tempfile().map_err(|error| fails("make", &error))?;
        let bytes = shape.iter().try_fold(item as u64, |all, size| all.checked_mul(*size));
        let bytes = bytes.ok_or_else(|| Diagnostic::new(Code::Memory, "an array larger than any disk"))?;
        file.set_len(bytes).map_err(|error| fails("make", &error))?;
        Ok(Scratch { file, shape: shape.to_vec(), item })
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
        region::read(&self.file, offset, &axes, self.item, out).map_err(|error| fails("read", &error))
    }

    /// Writes a region, dense and row-major.
    pub fn write(&self, start: &[u64], count: &[u64], bytes: &[u8]) -> Outcome<()> {
        let strides = region::dense(&self.shape, self.item).unwrap_or_default();
        let (offset, mut axes) = region::axes(&strides, start, count, &vec![1; start.len()], self.item);
        axes.iter_mut().for_each(region::Axis::reverse);
        region::write(&self.file, offset, &axes, self.item, bytes).map_err(|error| fails("write", &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_come_back() {
        let scratch = Scratch::create(&[4, 6], 2).unwrap();
        let bytes: Vec<u8> = (0..48).collect();
        scratch.write(&[0, 0], &[4, 6], &bytes).unwrap();
        let mut part = [0u8; 8];
        scratch.read(&[4, 6], &[1, 2], &[2, 2], &[2, 3], &mut part).unwrap();
        assert_eq!(part, [16, 17, 22, 23, 40, 41, 46, 47]);
        scratch.read(&[24], &[10], &[4], &[1], &mut part).unwrap();
        assert_eq!(part, [20, 21, 22, 23, 24, 25, 26, 27]);
    }
}
