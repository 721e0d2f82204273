//! What the checker is told of files: metadata of the runtime's open files, as types.

use crate::array::DType;
use crate::base::{Code, Diagnostic, Name, Outcome, SourceMap};
use crate::exec::Runtime;
use crate::io::{Attr, AttrValue, OpenFile};
use crate::sema::{Files, ModuleText};
use crate::types::{DatasetTy, VariableTy};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Files by the paths that the program writes, relative ones from the working folder. Texts of modules join the session's sources.
pub struct RuntimeFiles<'a> {
    runtime: &'a Runtime,
    sources: Mutex<SourceMap>,
}

impl<'a> RuntimeFiles<'a> {
    pub fn new(runtime: &'a Runtime, sources: SourceMap) -> RuntimeFiles<'a> {
        RuntimeFiles { runtime, sources: Mutex::new(sources) }
    }
    pub fn into_sources(self) -> SourceMap {
        self.sources.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Files for RuntimeFiles<'_> {
    fn dataset(&self, path: &str) -> Outcome<Arc<DatasetTy>> {
        let file = self.runtime.file(path)?;
        Ok(dataset(path, &file))
    }
    fn module(&self, path: &str) -> Outcome<ModuleText> {
        let fails = |error: std::io::Error| crate::io::error::system("read", Path::new(path), &error);
        let full = Path::new(path).canonicalize().map_err(fails)?;
        let text: Arc<str> = Arc::from(crate::syntax::decode(path, std::fs::read(&full).map_err(fails)?)?);
        let source = self.sources.lock().unwrap_or_else(PoisonError::into_inner).add(path, text.clone());
        Ok(ModuleText { source, path: Arc::from(full.to_string_lossy().as_ref()), text })
    }
}

/// The type of an open file: its variables, and its groups as datasets of their own.
pub fn dataset(path: &str, file: &OpenFile) -> Arc<DatasetTy> {
    group(path, file, "")
}

fn group(path: &str, file: &OpenFile, prefix: &str) -> Arc<DatasetTy> {
    let mut variables = Vec::new();
    let mut inner: BTreeMap<String, ()> = BTreeMap::new();
    for (at, info) in file.info.variables.iter().enumerate() {
        let Some(rest) = info.path.trim_start_matches('/').strip_prefix(prefix) else { continue };
        match rest.split_once('/') {
            Some((group, _)) => {
                inner.insert(group.to_string(), ());
            }
            None => variables.push(variable(file, at, rest)),
        }
    }
    let groups = inner.into_keys().map(|name| {
        let below = format!("{prefix}{name}/");
        (Name::new(&name), group(path, file, &below))
    });
    let attrs = if prefix.is_empty() { texts(&file.info.attrs) } else { Vec::new() };
    Arc::new(DatasetTy { path: Arc::from(path), single: file.info.single && prefix.is_empty(), variables, groups: groups.collect(), attrs })
}

fn variable(file: &OpenFile, at: usize, name: &str) -> VariableTy {
    let info = &file.info.variables[at];
    // A variable that cannot be read is listed with the reason.
    let (ty, skipped) = match file.ty(at) {
        Ok(ty) => (ty, info.skipped.clone()),
        Err(error) => {
            let reason = info.skipped.clone().unwrap_or(error.message);
            (crate::array::ArrayTy::unnamed(DType::U8, &info.shape()), Some(reason))
        }
    };
    VariableTy { name: Name::new(name), path: Arc::from(info.path.as_str()), ty, attrs: texts(&info.attrs), skipped }
}

fn texts(attrs: &[Attr]) -> Vec<(Name, String)> {
    let text = |value: &AttrValue| match value.text() {
        Some(text) => text.to_string(),
        None => value.numbers().iter().map(|number| crate::array::display::scalar(*number)).collect::<Vec<_>>().join(", "),
    };
    attrs.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// The node-independent place of a variable in a file. K0603 if the file changed meanwhile.
pub fn locate(runtime: &Runtime, path: &str, variable: &str) -> Outcome<(Arc<OpenFile>, usize)> {
    let file = runtime.file(path)?;
    let at = file.variable(variable)?;
    match &file.info.variables[at].skipped {
        Some(reason) => Err(Diagnostic::new(Code::Format, format!("variable `{variable}` of {path} {reason}"))),
        None => Ok((file, at)),
    }
}
