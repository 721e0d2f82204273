//! HDF5 datatypes and attributes as Kiln's dtypes and attribute values.

use crate::array::{DType, Scalar};
use crate::base::Name;
use crate::io::info::{Attr, AttrValue};
use crate::io::region;
use hdf5_reader::{Attribute, ByteOrder, Datatype, StringSize, VarLenKind};

/// How elements lie in the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Element {
    pub dtype: DType,
    /// Bytes of the parts to be reversed; 0 for this machine's order.
    pub swap: usize,
}

/// The dtype of an HDF5 datatype; why not, if it has none.
pub(super) fn element(datatype: &Datatype) -> Result<Element, String> {
    let dtype = match datatype {
        Datatype::FixedPoint { size, signed, .. } => match (size, signed) {
            (1, true) => DType::I8,
            (2, true) => DType::I16,
            (4, true) => DType::I32,
            (8, true) => DType::I64,
            (1, false) => DType::U8,
            (2, false) => DType::U16,
            (4, false) => DType::U32,
            (8, false) => DType::U64,
            _ => return Err(format!("holds integers of {size} bytes")),
        },
        Datatype::FloatingPoint { size: 4, .. } => DType::F32,
        Datatype::FloatingPoint { size: 8, .. } => DType::F64,
        Datatype::FloatingPoint { size, .. } => return Err(format!("holds floats of {size} bytes")),
        Datatype::Enum { base, members } => {
            let base = element(base)?;
            let is_bool = base.dtype.size() == 1 && members.len() == 2 && members[0].name == "FALSE" && members[1].name == "TRUE";
            return Ok(Element { dtype: if is_bool { DType::Bool } else { base.dtype }, ..base });
        }
        Datatype::Compound { size, fields } => return complex(*size, fields),
        Datatype::String { .. } | Datatype::VarLen { kind: VarLenKind::String, .. } => return Err("holds text".to_string()),
        Datatype::VarLen { .. } => return Err("holds sequences of varying length".to_string()),
        Datatype::Array { .. } => return Err("holds arrays as elements".to_string()),
        Datatype::Reference { .. } => return Err("holds references".to_string()),
        Datatype::Opaque { .. } | Datatype::Bitfield { .. } => return Err("holds bytes of unknown meaning".to_string()),
    };
    let order = match datatype {
        Datatype::FixedPoint { byte_order, .. } | Datatype::FloatingPoint { byte_order, .. } => *byte_order,
        _ => ByteOrder::LittleEndian,
    };
    Ok(Element { dtype, swap: if order == ByteOrder::BigEndian { dtype.size() } else { 0 } })
}

/// Complex numbers are compounds of `r` and `i`, as h5py and others write them.
fn complex(size: u32, fields: &[hdf5_reader::CompoundField]) -> Result<Element, String> {
    if let [re, im] = fields {
        let names = matches!((re.name.as_str(), im.name.as_str()), ("r", "i") | ("real", "imag") | ("re", "im"));
        if let (true, Ok(part), Ok(other)) = (names, element(&re.datatype), element(&im.datatype)) {
            let item = part.dtype.size() as u32;
            if part == other && part.dtype.is_float() && size == 2 * item && (re.byte_offset, im.byte_offset) == (0, item) {
                return Ok(Element { dtype: part.dtype.complex(), swap: part.swap });
            }
        }
    }
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    Err(format!("holds records ({})", names.join(", ")))
}

/// Attributes that say how HDF5 keeps dimensions, and nothing to the user.
pub(super) const INTERNAL: [&str; 9] = [
    "CLASS",
    "NAME",
    "REFERENCE_LIST",
    "DIMENSION_LIST",
    "DIMENSION_LABELS",
    "_Netcdf4Dimid",
    "_Netcdf4Coordinates",
    "_nc3_strict",
    "_NCProperties",
];

pub(super) fn attrs(attributes: &[Attribute]) -> Vec<Attr> {
    let visible = attributes.iter().filter(|attr| !INTERNAL.contains(&attr.name.as_str()));
    visible.map(|attr| (Name::new(&attr.name), value(attr))).collect()
}

fn value(attr: &Attribute) -> AttrValue {
    let is_text = matches!(attr.datatype, Datatype::String { .. } | Datatype::VarLen { kind: VarLenKind::String, .. });
    if is_text {
        return match text(attr) {
            Some(mut texts) if attr.shape.is_empty() && texts.len() == 1 => AttrValue::Text(texts.remove(0)),
            Some(texts) => AttrValue::Texts(texts),
            None => AttrValue::Other("text that cannot be read".to_string()),
        };
    }
    match element(&attr.datatype) {
        Ok(element) => AttrValue::Numbers(numbers(attr, element)),
        Err(reason) => AttrValue::Other(reason),
    }
}

fn text(attr: &Attribute) -> Option<Vec<String>> {
    if let Datatype::String { size: StringSize::Fixed(0), .. } = attr.datatype {
        return Some(vec![String::new()]);
    }
    attr.read_strings().or_else(|_| attr.read_string().map(|text| vec![text])).ok()
}

fn numbers(attr: &Attribute, element: Element) -> Vec<Scalar> {
    let mut bytes = attr.raw_data.clone();
    region::swap(&mut bytes, element.swap);
    let count = attr.num_elements().unwrap_or(0).min(bytes.len() as u64) as usize;
    bytes.chunks_exact(element.dtype.size()).take(count).map(|bytes| Scalar::read(element.dtype, bytes)).collect()
}
