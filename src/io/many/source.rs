//! Reading regions across files: each part from its file, which is opened when it is needed and stays open while it is among the last used.

use crate::base::{Code, Diagnostic, Name, Outcome};
use crate::io::error::shown;
use crate::io::file::{self, OpenFile};
use crate::io::info::Stamp;
use crate::io::region::{self, Axis};
use crate::io::{FORMATS, Source};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Files that stay open. Systems allow some hundreds.
const OPEN: usize = 64;

/// A file, and where its elements start along the joined dimension.
pub struct Part {
    pub path: PathBuf,
    /// As it was compared: another file at its path is an error.
    pub stamp: Stamp,
    pub start: u64,
    pub size: u64,
}

/// How a variable is joined.
pub struct Place {
    /// The joined axis; `None` for a variable of the first file.
    pub axis: Option<usize>,
    /// Whether elements are decoded here, since files pack them differently.
    pub decoded: bool,
    /// Bytes of an element as given out.
    pub item: usize,
}

pub struct ManySource {
    parts: Vec<Part>,
    places: Vec<Place>,
    /// Paths of the variables inside files.
    names: Vec<Name>,
    /// Part and file, the last used one last.
    open: Mutex<Vec<(usize, Arc<OpenFile>)>>,
}

impl ManySource {
    pub fn new(parts: Vec<Part>, places: Vec<Place>, names: Vec<Name>) -> ManySource {
        ManySource { parts, places, names, open: Mutex::default() }
    }

    fn file(&self, at: usize) -> Outcome<Arc<OpenFile>> {
        let lock = || self.open.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut open = lock();
            if let Some(found) = open.iter().position(|(part, _)| *part == at) {
                let entry = open.remove(found);
                open.push(entry.clone());
                return Ok(entry.1);
            }
        }
        let part = &self.parts[at];
        let file = Arc::new(file::open(&part.path, FORMATS)?);
        if file.info.stamp != part.stamp {
            let message = format!("cannot read {}: it changed while it was in use", shown(&part.path));
            return Err(Diagnostic::new(Code::File, message).help("open the files again"));
        }
        let mut open = lock();
        if open.len() >= OPEN {
            open.remove(0);
        }
        open.push((at, file.clone()));
        Ok(file)
    }

    /// Reads a region of one part.
    fn part(&self, at: usize, variable: usize, start: &[u64], count: &[u64], step: &[u64], out: &mut [u8]) -> Outcome<()> {
        let file = self.file(at)?;
        let there = file.variable(&self.names[variable])?;
        if !self.places[variable].decoded {
            return file.read(there, start, count, step, out);
        }
        let decode = file.decode(there);
        let bytes = count.iter().product::<u64>() as usize * decode.stored.size();
        if bytes <= out.len() {
            let place = out.len() - bytes;
            file.read(there, start, count, step, &mut out[place..])?;
            decode.in_place(out);
            return Ok(());
        }
        let mut stored = vec![0; bytes];
        file.read(there, start, count, step, &mut stored)?;
        out.copy_from_slice(&decode.bytes(&stored));
        Ok(())
    }
}

impl Source for ManySource {
    fn read(&self, variable: usize, start: &[u64], count: &[u64], step: &[u64], out: &mut [u8]) -> Outcome<()> {
        let Place { axis, item, .. } = self.places[variable];
        let Some(axis) = axis else { return self.part(0, variable, start, count, step, out) };
        let (mut start, mut here) = (start.to_vec(), count.to_vec());
        let (from, step_by, wanted) = (start[axis], step[axis], count[axis]);
        let strides = region::dense(count, item).unwrap_or_default();
        let mut done = 0;
        while done < wanted {
            let first = from + done * step_by;
            let at = self.parts.partition_point(|part| part.start <= first).saturating_sub(1);
            let part = &self.parts[at];
            start[axis] = first - part.start;
            here[axis] = (part.size - start[axis]).div_ceil(step_by).min(wanted - done);
            let bytes = here.iter().product::<u64>() as usize * item;
            let to = (done * strides[axis]) as usize;
            if count[..axis].iter().all(|count| *count == 1) {
                self.part(at, variable, &start, &here, step, &mut out[to..to + bytes])?;
            } else {
                let mut piece = vec![0; bytes];
                self.part(at, variable, &start, &here, step, &mut piece)?;
                let own = region::dense(&here, item).unwrap_or_default();
                let axes: Vec<Axis> = (0..here.len()).map(|d| Axis { count: here[d], from: own[d], to: strides[d] }).collect();
                region::copy(&piece, &axes, item, &mut out[to..]);
            }
            done += here[axis];
        }
        Ok(())
    }

    fn stored_bytes(&self, variable: usize) -> Outcome<u64> {
        let parts = if self.places[variable].axis.is_some() { self.parts.len() } else { 1 };
        (0..parts).try_fold(0u64, |all, at| {
            let file = self.file(at)?;
            Ok(all.saturating_add(file.stored_bytes(file.variable(&self.names[variable])?)?))
        })
    }
}
