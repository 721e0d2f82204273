//! Attributes of HDF5 files being written. Text is of fixed length, which every NetCDF tool reads.

use super::write::datatype;
use crate::array::{DType, Scalar};
use crate::io::info::AttrValue;
use rust_hdf5::format::messages::datatype::DatatypeMessage;
use rust_hdf5::{H5Dataset, H5File, H5Type, Result, VarLenUnicode};

/// What has attributes: the root group or a data set.
pub(super) trait Holder {
    fn set_one(&self, name: &str, datatype: DatatypeMessage, bytes: Vec<u8>) -> Result<()>;
    fn set_texts(&self, name: &str, texts: &[&str]) -> Result<()>;
    fn set_numbers<T: H5Type>(&self, name: &str, numbers: &[T]) -> Result<()>;
}

impl Holder for H5File {
    fn set_one(&self, name: &str, datatype: DatatypeMessage, bytes: Vec<u8>) -> Result<()> {
        self.set_attr_typed(name, datatype, bytes)
    }
    fn set_texts(&self, name: &str, texts: &[&str]) -> Result<()> {
        self.set_attr_string_array(name, texts)
    }
    fn set_numbers<T: H5Type>(&self, name: &str, numbers: &[T]) -> Result<()> {
        self.set_attr_array_numeric(name, numbers)
    }
}

impl Holder for H5Dataset {
    fn set_one(&self, name: &str, datatype: DatatypeMessage, bytes: Vec<u8>) -> Result<()> {
        self.set_attr_typed(name, datatype, bytes)
    }
    fn set_texts(&self, name: &str, texts: &[&str]) -> Result<()> {
        self.new_attr::<VarLenUnicode>().shape([texts.len()]).create(name)?.write_string_array(texts)
    }
    fn set_numbers<T: H5Type>(&self, name: &str, numbers: &[T]) -> Result<()> {
        self.new_attr::<T>().shape([numbers.len()]).create(name)?.write_array(numbers)
    }
}

/// Sets an attribute. What `AttrValue::Other` stands for is not written.
pub(super) fn set(holder: &impl Holder, name: &str, value: &AttrValue) -> Result<()> {
    if let Some((datatype, bytes)) = single(value) {
        return holder.set_one(name, datatype, bytes);
    }
    match value {
        AttrValue::Texts(texts) if !texts.is_empty() => {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            holder.set_texts(name, &texts)
        }
        AttrValue::Numbers(numbers) => match numbers.first().map(|number| number.dtype) {
            Some(DType::I8 | DType::Bool) => array::<i8>(holder, name, numbers),
            Some(DType::I16) => array::<i16>(holder, name, numbers),
            Some(DType::I32) => array::<i32>(holder, name, numbers),
            Some(DType::I64 | DType::DateTime(_) | DType::Duration) => array::<i64>(holder, name, numbers),
            Some(DType::U8) => array::<u8>(holder, name, numbers),
            Some(DType::U16) => array::<u16>(holder, name, numbers),
            Some(DType::U32) => array::<u32>(holder, name, numbers),
            Some(DType::U64) => array::<u64>(holder, name, numbers),
            Some(DType::F32) => array::<f32>(holder, name, numbers),
            Some(DType::F64) => array::<f64>(holder, name, numbers),
            Some(DType::C64 | DType::C128) | None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The datatype and bytes of a text or a single number.
fn single(value: &AttrValue) -> Option<(DatatypeMessage, Vec<u8>)> {
    match value {
        AttrValue::Text(text) => {
            let bytes = if text.is_empty() { vec![0] } else { text.as_bytes().to_vec() };
            let charset = u8::from(!text.is_ascii());
            Some((DatatypeMessage::FixedString { size: bytes.len() as u32, padding: 1, charset }, bytes))
        }
        AttrValue::Numbers(numbers) => match numbers.as_slice() {
            [number] => Some((datatype(number.dtype), bytes(&[*number]))),
            _ => None,
        },
        _ => None,
    }
}

fn bytes(numbers: &[Scalar]) -> Vec<u8> {
    let mut out = Vec::new();
    for number in numbers {
        let at = out.len();
        out.resize(at + number.dtype.size(), 0);
        number.write(&mut out[at..]);
    }
    out
}

fn array<T: H5Type + bytemuck::Pod>(holder: &impl Holder, name: &str, numbers: &[Scalar]) -> Result<()> {
    let dtype = numbers[0].dtype;
    let same: Vec<Scalar> = numbers.iter().map(|number| number.cast(dtype)).collect();
    let bytes = bytes(&same);
    let values: Vec<T> = bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned).collect();
    holder.set_numbers(name, &values)
}
