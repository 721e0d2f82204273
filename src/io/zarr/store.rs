//! Finding the groups and arrays of a store: by its consolidated metadata, or folder by folder. Owns JSON as Zarr writers write it.

use crate::array::Scalar;
use crate::base::{Name, Outcome};
use crate::io::error::{damaged, system};
use crate::io::info::{Attr, AttrValue};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

/// Metadata files are texts; a larger one is none.
const LARGEST: u64 = 256 << 20;
/// Folders looked into, for stores that hold themselves by links.
const MOST_FOLDERS: usize = 100_000;
const DEEPEST: usize = 64;

/// A group or array by its path from the root, without a slash before it; empty for the root.
pub struct Node {
    pub path: String,
    pub kind: Kind,
}

pub enum Kind {
    /// With its attributes.
    Group(Value),
    /// What is said of it; or why that cannot be read.
    Array(Result<Metadata, String>),
}

/// The metadata of an array.
pub struct Metadata {
    /// 2 or 3.
    pub version: u8,
    pub array: Value,
    pub attrs: Value,
}

/// All nodes of a store, by path. Errors: K0601; K0602 where the root or the consolidated metadata are damaged.
pub fn find(root: &Path) -> Outcome<Vec<Node>> {
    let mut nodes = match read(&root.join("zarr.json")) {
        Ok(Some(json)) => version_3(root, json)?,
        Err(reason) => return Err(damaged(root, format!("zarr.json {reason}"))),
        Ok(None) => version_2(root)?,
    };
    nodes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(nodes)
}

fn version_3(root: &Path, json: Value) -> Outcome<Vec<Node>> {
    let is_array = match json.get("node_type").and_then(Value::as_str) {
        Some("array") => true,
        Some("group") => false,
        _ => return Err(damaged(root, "zarr.json says neither `group` nor `array`")),
    };
    let inside = json.get("consolidated_metadata").and_then(|all| all.get("metadata")).and_then(Value::as_object).cloned();
    let mut nodes = vec![node_3(String::new(), json)];
    match inside {
        _ if is_array => {}
        Some(all) => nodes.extend(all.into_iter().filter(|(path, _)| is_inside(path)).map(|(path, json)| node_3(path, json))),
        None => walk(
            root,
            root,
            &mut |folder, path| match read(&folder.join("zarr.json")) {
                Ok(Some(json)) => Some(node_3(path, json)),
                Ok(None) => None,
                Err(reason) => Some(Node { path, kind: Kind::Array(Err(format!("has damaged metadata: zarr.json {reason}"))) }),
            },
            &mut nodes,
        )?,
    }
    Ok(nodes)
}

fn node_3(path: String, mut json: Value) -> Node {
    let attrs = json.get_mut("attributes").map(Value::take).unwrap_or_default();
    let kind = match json.get("node_type").and_then(Value::as_str) {
        Some("group") => Kind::Group(attrs),
        Some("array") => Kind::Array(Ok(Metadata { version: 3, array: json, attrs })),
        _ => Kind::Array(Err("has damaged metadata: it is neither `group` nor `array`".to_string())),
    };
    Node { path, kind }
}

fn version_2(root: &Path) -> Outcome<Vec<Node>> {
    let read = |name: &str| read(&root.join(name)).map_err(|reason| damaged(root, format!("{name} {reason}")));
    if let Some(mut all) = read(".zmetadata")? {
        let Some(Value::Object(all)) = all.get_mut("metadata").map(Value::take) else {
            return Err(damaged(root, ".zmetadata has no metadata"));
        };
        return Ok(consolidated_2(all));
    }
    let mut nodes = Vec::new();
    let Some(own) = node_2(root, String::new()) else { return Err(damaged(root, "it has no metadata")) };
    let is_array = matches!(own.kind, Kind::Array(_));
    nodes.push(own);
    if !is_array {
        walk(root, root, &mut |folder, path| node_2(folder, path), &mut nodes)?;
    }
    Ok(nodes)
}

/// Keys are the paths of the files that are consolidated.
fn consolidated_2(all: Map<String, Value>) -> Vec<Node> {
    let mut files: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for (path, json) in all {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", &path));
        if folder.is_empty() || is_inside(folder) {
            files.entry(folder.to_string()).or_default().insert(file.to_string(), json);
        }
    }
    let node = |(path, mut files): (String, BTreeMap<String, Value>)| {
        let attrs = files.remove(".zattrs").unwrap_or_default();
        match (files.remove(".zarray"), files.remove(".zgroup")) {
            (Some(array), _) => Some(Node { path, kind: Kind::Array(Ok(Metadata { version: 2, array, attrs })) }),
            (None, Some(_)) => Some(Node { path, kind: Kind::Group(attrs) }),
            _ => None,
        }
    };
    files.into_iter().filter_map(node).collect()
}

fn node_2(folder: &Path, path: String) -> Option<Node> {
    let attrs =
        || read(&folder.join(".zattrs")).map(Option::unwrap_or_default).map_err(|reason| format!("has damaged metadata: .zattrs {reason}"));
    let kind = match read(&folder.join(".zarray")) {
        Ok(Some(array)) => Kind::Array(attrs().map(|attrs| Metadata { version: 2, array, attrs })),
        Err(reason) => Kind::Array(Err(format!("has damaged metadata: .zarray {reason}"))),
        Ok(None) if folder.join(".zgroup").is_file() => Kind::Group(attrs().unwrap_or_default()),
        Ok(None) => return None,
    };
    Some(Node { path, kind })
}

/// Visits the folders below a group; not those of arrays, which hold chunks.
fn walk(root: &Path, top: &Path, visit: &mut dyn FnMut(&Path, String) -> Option<Node>, nodes: &mut Vec<Node>) -> Outcome<()> {
    let mut pending = vec![(top.to_path_buf(), String::new(), 0)];
    let mut seen = 0;
    while let Some((folder, prefix, depth)) = pending.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| system("read", &folder, &error))?.flatten() {
            let name = entry.file_name();
            let (Some(name), true) = (name.to_str(), entry.path().is_dir()) else { continue };
            seen += 1;
            if seen > MOST_FOLDERS {
                return Err(damaged(root, format!("it has more than {MOST_FOLDERS} folders without consolidated metadata")));
            }
            let path = if prefix.is_empty() { name.to_string() } else { format!("{prefix}/{name}") };
            if let Some(node) = visit(&entry.path(), path.clone()) {
                if matches!(node.kind, Kind::Group(_)) && depth < DEEPEST {
                    pending.push((entry.path(), path, depth + 1));
                }
                nodes.push(node);
            }
        }
    }
    Ok(())
}

/// Whether a path from consolidated metadata stays within the store.
fn is_inside(path: &str) -> bool {
    path.split('/').all(|part| !matches!(part, "" | "." | "..") && !part.contains('\0'))
}

/// A metadata file; `None` if there is none. Errors say what is wrong with it.
pub fn read(path: &Path) -> Result<Option<Value>, String> {
    match std::fs::metadata(path) {
        Ok(meta) if meta.len() > LARGEST => return Err(format!("has {} bytes", meta.len())),
        Ok(meta) if !meta.is_file() => return Err("is no file".to_string()),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        _ => {}
    }
    let text = std::fs::read(path).map_err(|error| format!("cannot be read ({error})"))?;
    parse(&text).map(Some).map_err(|error| format!("is no JSON ({error})"))
}

/// JSON, in which Python's writers leave `NaN` and `Infinity` bare: they become texts.
fn parse(text: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(text).or_else(|error| match quoted(text) {
        Some(text) => serde_json::from_slice(&text),
        None => Err(error),
    })
}

fn quoted(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() + 16);
    let (mut at, mut inside, mut found) = (0, false, false);
    while at < text.len() {
        let bare = [&b"NaN"[..], b"Infinity", b"-Infinity"].into_iter().find(|word| !inside && text[at..].starts_with(word));
        if let Some(word) = bare {
            out.extend([b"\"", word, b"\""].concat());
            at += word.len();
            found = true;
            continue;
        }
        if inside && text[at] == b'\\' {
            out.push(text[at]);
            at += 1;
        } else if text[at] == b'"' {
            inside = !inside;
        }
        out.extend(text.get(at));
        at += 1;
    }
    found.then_some(out)
}

/// Attributes as the rest of `io` knows them.
pub fn attrs(json: &Value) -> Vec<Attr> {
    let Some(all) = json.as_object() else { return Vec::new() };
    let hidden = |name: &str| name == "_ARRAY_DIMENSIONS" || name.to_ascii_lowercase().starts_with("_nczarr");
    all.iter().filter(|(name, _)| !hidden(name)).map(|(name, value)| (Name::new(name), attr(value))).collect()
}

fn attr(value: &Value) -> AttrValue {
    match value {
        Value::String(text) => AttrValue::Text(text.clone()),
        Value::Array(items) => {
            let numbers: Option<Vec<Scalar>> = items.iter().map(number).collect();
            let texts = || items.iter().map(|item| item.as_str().map(str::to_string)).collect::<Option<Vec<_>>>();
            match (numbers, texts()) {
                (Some(numbers), _) => AttrValue::Numbers(alike(numbers)),
                (_, Some(texts)) => AttrValue::Texts(texts),
                _ => AttrValue::Other("a list of different things".to_string()),
            }
        }
        Value::Object(_) => AttrValue::Other("a JSON object".to_string()),
        Value::Null => AttrValue::Other("null".to_string()),
        value => number(value)
            .map_or_else(|| AttrValue::Other("a number that does not fit".to_string()), |number| AttrValue::Numbers(vec![number])),
    }
}

fn number(value: &Value) -> Option<Scalar> {
    match value {
        Value::Bool(value) => Some(Scalar::bool(*value)),
        Value::Number(number) => number.as_i64().map(Scalar::i64).or_else(|| number.as_f64().map(Scalar::f64)),
        _ => None,
    }
}

/// Integers among floats become floats.
fn alike(numbers: Vec<Scalar>) -> Vec<Scalar> {
    match numbers.iter().find(|number| number.dtype.is_float()) {
        Some(float) => numbers.iter().map(|number| number.cast(float.dtype)).collect(),
        None => numbers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_numbers_of_python_are_read() {
        let json = parse(br#"{"a": NaN, "b": [-Infinity, 1.5], "c": "NaN \" Infinity"}"#).unwrap();
        assert_eq!(json.to_string(), r#"{"a":"NaN","b":["-Infinity",1.5],"c":"NaN \" Infinity"}"#);
        assert!(parse(b"{\"a\": Nan}").is_err() && parse(b"").is_err() && parse(b"\"NaN\\").is_err());
    }

    #[test]
    fn paths_stay_within_the_store() {
        assert!(is_inside("a/b c/.d"));
        assert!(["", "..", "a/../../b", "/etc", "a//b"].iter().all(|path| !is_inside(path)));
    }
}
