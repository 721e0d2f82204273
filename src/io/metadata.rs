//! A file as the readers of metadata from other crates see it: reads by position, none of them large. What a damaged header asks for
//! cannot exhaust the memory.

use hdf5_reader::error::{Error, Result};
use hdf5_reader::{Storage, StorageBuffer};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// No header, index block or heap is as large as this.
const LARGEST_READ: usize = 256 << 20;

pub struct Metadata {
    file: Arc<File>,
    len: u64,
}

impl Metadata {
    pub fn of(file: Arc<File>) -> std::io::Result<Metadata> {
        let len = file.metadata()?.len();
        Ok(Metadata { file, len })
    }
}

impl Storage for Metadata {
    fn len(&self) -> u64 {
        self.len
    }
    fn read_range(&self, offset: u64, len: usize) -> Result<StorageBuffer> {
        let available = self.len.saturating_sub(offset);
        if len as u64 > available {
            return Err(Error::UnexpectedEof { offset, needed: len as u64, available });
        }
        if len > LARGEST_READ {
            return Err(Error::ResourceLimit(format!("its header states {len} bytes of metadata at once")));
        }
        let mut bytes = vec![0; len];
        self.file.read_exact_at(&mut bytes, offset)?;
        Ok(StorageBuffer::from_vec(bytes))
    }
}
