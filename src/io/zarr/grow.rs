//! Appending to a store in place. Chunks are written first: those that hold old elements too are replaced one by one, each at once; the
//! metadata follow when all are on disk, each file at once, consolidated ones last. Until then the store is as long as before, and so it
//! stays if the process ends: what was written beyond its end is not seen, and written over by the next who appends.

use super::array::{self, Described, Stored};
use super::encode::Coding;
use super::sink::{LEVEL, Store, Variable, encoded, pretty};
use super::store::{self, Kind, Metadata, Node};
use super::{NAME, ZarrSink};
use crate::array::Coord;
use crate::base::{Code, Diagnostic, Name, Outcome};
use crate::io::atomic::{AtomicFile, sync};
use crate::io::cf::{self, Decode};
use crate::io::error::{shown, system};
use crate::io::layout::Chunks;
use crate::io::save::Grown;
use crate::io::{FileSpec, VarSpec};
use serde_json::Value;
use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A store that becomes longer.
pub struct Growing {
    root: PathBuf,
    /// The new shapes of arrays by their paths in the store.
    shapes: Vec<(String, Vec<u64>)>,
    version: u8,
}

impl ZarrSink {
    /// Checks that the variables continue what is in the store, and writes what their coordinates have more. Errors: K0601; K0602 for
    /// arrays that are stored as Kiln does not write, or that changed meanwhile.
    pub fn grow(path: &Path, file: &FileSpec) -> Outcome<ZarrSink> {
        let root = path.canonicalize().map_err(|error| system("open", path, &error))?;
        let mut arrays = Vec::new();
        for Node { path: name, kind } in store::find(&root)? {
            if let Kind::Array(Ok(metadata)) = kind {
                arrays.push((name, metadata));
            }
        }
        let found = |name: &Name| arrays.iter().find(|(path, _)| *path == **name || path.is_empty() && *name == *NAME);
        let mut growing = Growing { root, shapes: Vec::new(), version: 3 };
        let (mut variables, mut coordinates) = (Vec::new(), Vec::<(Variable, Grown, Vec<u8>)>::new());
        for spec in &file.variables {
            let Some(grown) = spec.grown else { continue };
            let (place, metadata) = found(&spec.name).ok_or_else(|| changed(path))?;
            let (variable, _, decode) = array_of(path, place, metadata, spec, grown)?;
            let how = encoded(spec.ty.dtype);
            if decode != cf::decode(how.stored, &how.attrs) && decode != Decode::plain(how.stored) {
                let message = "it is stored packed, or with a value that means missing";
                return Err(refuse(path, &spec.name, message));
            }
            growing.add(&variable, metadata.version);
            variables.push(variable);
            let dim = &spec.ty.dims[grown.axis];
            let (Some(name), Some(coord)) = (&dim.name, &dim.coord) else { continue };
            let known = coordinates.iter().any(|(known, ..)| known.path == **name);
            if known || file.variables.iter().any(|other| other.name == *name) {
                continue;
            }
            let (place, metadata) = found(name).ok_or_else(|| changed(path))?;
            let own = VarSpec::new(name.clone(), coord.values.ty().clone());
            let grown = Grown { axis: 0, from: grown.from };
            let (variable, stored, decode) = array_of(path, place, metadata, &own, grown)?;
            let from = grown.from - grown.from % variable.chunks.grid()[0];
            let bytes = undecoded(coord, from, &stored, &decode).ok_or_else(|| {
                let units = metadata.attrs.get("units").and_then(Value::as_str).map(|units| format!(" in `{units}`")).unwrap_or_default();
                refuse(path, name, format!("it is stored as {}{units}, which does not hold the new ones", stored.dtype))
            })?;
            growing.add(&variable, metadata.version);
            coordinates.push((variable, Grown { axis: 0, from }, bytes));
        }
        for (variable, Grown { from, .. }, bytes) in coordinates {
            let count = variable.chunks.shape[0] - from;
            variable.write(&growing.root, &[from], &[count], &bytes).map_err(|error| system("write", path, &error))?;
        }
        Ok(ZarrSink { store: Store::Growing(growing), variables })
    }
}

/// An array of the store as it will be; how its elements are stored, and decode.
fn array_of(path: &Path, place: &str, metadata: &Metadata, spec: &VarSpec, grown: Grown) -> Outcome<(Variable, Stored, Decode)> {
    let refuse = |reason: String| refuse(path, &spec.name, format!("it {reason}"));
    let Described { shape: before, attrs, stored, .. } = array::describe(metadata).map_err(refuse)?;
    let stored = stored.map_err(refuse)?;
    let mut shape = spec.shape()?;
    let longer = std::mem::replace(&mut shape[grown.axis], grown.from);
    if before != shape {
        return Err(changed(path));
    }
    shape[grown.axis] = longer;
    if stored.swap > 0 {
        return Err(refuse("is stored in the other byte order".to_string()));
    }
    let coding = Coding::of(&stored.chunk, spec.compress.unwrap_or(LEVEL).min(9)).map_err(refuse)?;
    let chunks = Chunks { shape, chunk: stored.chunk.shape.clone(), item: stored.dtype.size() };
    let decode = cf::decode(stored.dtype, &attrs);
    let variable = Variable { path: place.to_string(), chunks, coding, keys: stored.keys, grown: Some(grown) };
    Ok((variable, stored, decode))
}

fn changed(path: &Path) -> Box<Diagnostic> {
    Diagnostic::new(Code::File, format!("cannot append to {}: it changed meanwhile", shown(path))).help("run the program again")
}

fn refuse(path: &Path, name: &Name, reason: impl Display) -> Box<Diagnostic> {
    let error = Diagnostic::new(Code::Format, format!("cannot append to `{name}` of {}: {reason}", shown(path)));
    error.help("save the joined array to a new store")
}

/// The elements of a coordinate from an index on as they are stored; `None` if one of them would not come back.
fn undecoded(coord: &Coord, from: u64, stored: &Stored, decode: &Decode) -> Option<Vec<u8>> {
    let values = coord.values.scalars();
    let values = &values[from as usize..];
    let mut bytes = vec![0; values.len() * stored.dtype.size()];
    for (value, place) in values.iter().zip(bytes.chunks_exact_mut(stored.dtype.size())) {
        decode.element(*value)?.write(place);
    }
    Some(bytes)
}

impl Growing {
    fn add(&mut self, variable: &Variable, version: u8) {
        self.shapes.push((variable.path.clone(), variable.chunks.shape.clone()));
        self.version = version;
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Puts the new shapes in place.
    pub fn finish(&self) -> Outcome<()> {
        sync(&self.root).map_err(|error| system("write", &self.root, &error))?;
        let file = if self.version == 3 { "zarr.json" } else { ".zarray" };
        for (path, shape) in self.shapes.iter().filter(|(path, _)| !path.is_empty()) {
            self.rewrite(&self.root.join(path).join(file), |json| {
                json["shape"] = shape.as_slice().into();
            })?;
        }
        // The root is rewritten in any case, so that who has the store open sees that it changed.
        let all = if self.root.join(".zmetadata").is_file() { ".zmetadata" } else { file };
        let own = self.root.join(all);
        let own = if own.is_file() { own } else { self.root.join(".zgroup") };
        self.rewrite(&own, |json| {
            for (path, shape) in &self.shapes {
                let entry = match (path.as_str(), self.version) {
                    ("", _) => Some(&mut *json),
                    (path, 3) => json.pointer_mut("/consolidated_metadata/metadata").and_then(|all| all.get_mut(path)),
                    (path, _) => json.get_mut("metadata").and_then(|all| all.get_mut(format!("{path}/.zarray"))),
                };
                if let Some(entry) = entry {
                    entry["shape"] = shape.as_slice().into();
                }
            }
        })
    }

    fn rewrite(&self, path: &Path, change: impl FnOnce(&mut Value)) -> Outcome<()> {
        let refuse = |reason: String| Diagnostic::new(Code::Format, format!("cannot write {}: it {reason}", shown(path)));
        let mut json =
            store::read(path).map_err(refuse)?.filter(Value::is_object).ok_or_else(|| refuse("is not there any more".to_string()))?;
        change(&mut json);
        let file = AtomicFile::create(path)?;
        file.file().write_all(pretty(&json).as_bytes()).map_err(|error| system("write", path, &error))?;
        file.commit()
    }
}
