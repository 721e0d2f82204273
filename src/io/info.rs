//! What a file holds, as plain data: variables, dimensions, groups and attributes as stored. Owns no decoding (see `cf`) and no reading.

use crate::array::{DType, Scalar};
use crate::base::Name;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The metadata of one open file. Variables, dimensions and groups are in file order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileInfo {
    /// The path as resolved by the system, so that one file has one path.
    pub path: PathBuf,
    /// The name of the format that read it, as `HDF5`.
    pub format: Name,
    pub stamp: Stamp,
    pub dims: Vec<DimInfo>,
    pub variables: Vec<VarInfo>,
    /// Paths of all groups but the root, as `/forecast/surface`.
    pub groups: Vec<GroupInfo>,
    /// Attributes of the root group.
    pub attrs: Vec<Attr>,
    /// The file is one array, no dataset.
    pub single: bool,
}

/// Which version of which file this is: it changes when the file is replaced or written to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stamp {
    pub device: u64,
    pub inode: u64,
    pub bytes: u64,
    /// Nanoseconds since 1970 of the last modification.
    pub modified: i64,
}

/// An attribute: its name and value.
pub type Attr = (Name, AttrValue);

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AttrValue {
    Text(String),
    Texts(Vec<String>),
    /// One number, or an array of them, all of one dtype.
    Numbers(Vec<Scalar>),
    /// A value of a kind that Kiln does not read (references, compounds): what it is.
    Other(String),
}

/// A dimension that variables share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DimInfo {
    /// `/group/time`, or `time` in the root group.
    pub name: Name,
    pub size: u64,
    pub unlimited: bool,
}

/// A group below the root.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupInfo {
    pub path: Name,
    pub attrs: Vec<Attr>,
}

/// One axis of a variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AxisInfo {
    /// The last part of the dimension's name; `None` where the file names none.
    pub name: Option<Name>,
    pub size: u64,
    /// The position in `FileInfo::variables` of this dimension's coordinate variable.
    pub coord: Option<usize>,
}

/// One variable as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VarInfo {
    /// From the root: `/group/x`; `/x` in the root group.
    pub path: Name,
    /// The dtype of the stored elements, before CF decoding. `Bool` where the variable is skipped.
    pub dtype: DType,
    pub dims: Vec<AxisInfo>,
    pub attrs: Vec<Attr>,
    /// The shape of the file's chunks; `None` where the elements lie in one piece.
    pub chunks: Option<Vec<u64>>,
    /// Filters the chunks went through, in the order of writing: `shuffle`, `deflate`.
    pub filters: Vec<Name>,
    /// Memory that one call of `Source::read` takes beside its output, at most.
    pub scratch: u64,
    /// Why the variable cannot be read (strings, compounds, a filter Kiln does not have).
    pub skipped: Option<String>,
}

impl AttrValue {
    /// The text of a text attribute.
    pub fn text(&self) -> Option<&str> {
        match self {
            AttrValue::Text(text) => Some(text),
            AttrValue::Texts(texts) if texts.len() == 1 => texts.first().map(String::as_str),
            _ => None,
        }
    }
    /// The numbers of a numeric attribute; none for any other.
    pub fn numbers(&self) -> &[Scalar] {
        match self {
            AttrValue::Numbers(numbers) => numbers,
            _ => &[],
        }
    }
    /// The number of an attribute that has exactly one.
    pub fn number(&self) -> Option<Scalar> {
        match self.numbers() {
            [one] => Some(*one),
            _ => None,
        }
    }
}

impl From<&str> for AttrValue {
    fn from(text: &str) -> AttrValue {
        AttrValue::Text(text.to_string())
    }
}

impl VarInfo {
    /// The last part of the path.
    pub fn name(&self) -> &str {
        leaf(&self.path)
    }
    pub fn shape(&self) -> Vec<u64> {
        self.dims.iter().map(|dim| dim.size).collect()
    }
    /// Number of elements (saturating).
    pub fn count(&self) -> u64 {
        self.dims.iter().fold(1, |all, dim| all.saturating_mul(dim.size))
    }
    /// An attribute by name.
    pub fn attr(&self, name: &str) -> Option<&AttrValue> {
        find_attr(&self.attrs, name)
    }
}

/// The attribute of a name.
pub fn find_attr<'a>(attrs: &'a [Attr], name: &str) -> Option<&'a AttrValue> {
    attrs.iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// The last part of a path in a file.
pub fn leaf(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
