//! The ZIP container as far as `.npz` needs it: the directory of a file, and the headers of one being written. Entries may be larger than
//! 4 GiB. Owns no entries' contents; encrypted files and those of several volumes are not read.

use super::error::{damaged, system};
use crate::base::Outcome;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;
/// The extra field that holds sizes of more than 32 bits.
const EXTRA_64: u16 = 1;
/// A comment of up to 64 KiB may follow the end record.
const LONGEST_END: u64 = 22 + 65_535;
const LARGEST_DIRECTORY: u64 = 256 << 20;
const DEFLATED: u16 = 8;

/// How a ZIP file that holds something begins.
pub const MAGIC: &[u8; 4] = b"PK\x03\x04";

/// One file in a ZIP file.
#[derive(Clone, Debug)]
pub struct Entry {
    pub name: String,
    pub how: How,
    /// Where its bytes are, and how many.
    pub offset: u64,
    pub packed: u64,
    /// Bytes once expanded.
    pub size: u64,
    pub crc: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    Stored,
    Deflated,
    /// Why it cannot be read.
    Unknown(String),
}

/// Little-endian numbers out of a header.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn u16(&self, at: usize) -> Option<u16> {
        Some(u16::from_le_bytes(*self.0.get(at..)?.first_chunk()?))
    }
    fn u32(&self, at: usize) -> Option<u32> {
        Some(u32::from_le_bytes(*self.0.get(at..)?.first_chunk()?))
    }
    fn u64(&self, at: usize) -> Option<u64> {
        Some(u64::from_le_bytes(*self.0.get(at..)?.first_chunk()?))
    }
}

/// The entries of a file, in the order of its directory.
pub fn entries(file: &File, path: &Path) -> Outcome<Vec<Entry>> {
    let fails = |error: std::io::Error| system("read", path, &error);
    let len = file.metadata().map_err(fails)?.len();
    let at = |offset: u64, size: u64| {
        let mut bytes = vec![0; size as usize];
        file.read_exact_at(&mut bytes, offset).map_err(fails).map(|()| bytes)
    };
    let tail_at = len.saturating_sub(LONGEST_END + 20);
    let tail = at(tail_at, len - tail_at)?;
    let (count, size, offset) =
        directory(&tail, tail_at, &at)?.ok_or_else(|| damaged(path, "its directory is missing (was it cut short?)"))?;
    if size > LARGEST_DIRECTORY || offset.checked_add(size).is_none_or(|end| end > len) {
        return Err(damaged(path, "its directory is damaged"));
    }
    let directory = at(offset, size)?;
    let (mut entries, mut rest) = (Vec::new(), &directory[..]);
    for _ in 0..count {
        let (mut entry, header, used) = entry(rest).ok_or_else(|| damaged(path, "its directory is damaged"))?;
        rest = &rest[used..];
        // The data follow a header of their own, whose length is known only from there.
        let local = if header.checked_add(30).is_some_and(|end| end <= len) { at(header, 30)? } else { Vec::new() };
        let fields = Fields(&local);
        let skip = (fields.u32(0) == Some(LOCAL)).then(|| Some(30 + u64::from(fields.u16(26)?) + u64::from(fields.u16(28)?))).flatten();
        let place =
            skip.and_then(|skip| header.checked_add(skip)).filter(|from| from.checked_add(entry.packed).is_some_and(|end| end <= len));
        entry.offset = place.ok_or_else(|| damaged(path, format!("entry `{}` reaches beyond its end", entry.name)))?;
        entries.push(entry);
    }
    Ok(entries)
}

/// Number of entries, size and place of the directory, from the end of a file.
fn directory(tail: &[u8], tail_at: u64, read: &dyn Fn(u64, u64) -> Outcome<Vec<u8>>) -> Outcome<Option<(u64, u64, u64)>> {
    let is_end = |at: &usize| Fields(&tail[*at..]).u32(0) == Some(END);
    let Some(at) = (0..=tail.len().saturating_sub(22)).rev().find(is_end) else { return Ok(None) };
    let end = Fields(&tail[at..]);
    let short = || Some((u64::from(end.u16(10)?), u64::from(end.u32(12)?), u64::from(end.u32(16)?)));
    let locator = at.checked_sub(20).map(|at| Fields(&tail[at..])).filter(|locator| locator.u32(0) == Some(LOCATOR_64));
    let Some(offset) = locator.and_then(|locator| locator.u64(8)) else { return Ok(short()) };
    if offset.checked_add(56).is_none_or(|end| end > tail_at + at as u64) {
        return Ok(None);
    }
    let long = read(offset, 56)?;
    let long = Fields(&long);
    let fields = || Some((long.u64(32)?, long.u64(40)?, long.u64(48)?));
    Ok(fields().filter(|_| long.u32(0) == Some(END_64)))
}

/// An entry of the directory, where its own header is, and the bytes used.
fn entry(bytes: &[u8]) -> Option<(Entry, u64, usize)> {
    let fields = Fields(bytes);
    if fields.u32(0)? != CENTRAL {
        return None;
    }
    let [name, extra, comment] = [fields.u16(28)?, fields.u16(30)?, fields.u16(32)?].map(usize::from);
    let how = match (fields.u16(8)? & 1, fields.u16(10)?) {
        (1, _) => How::Unknown("is encrypted".to_string()),
        (_, 0) => How::Stored,
        (_, DEFLATED) => How::Deflated,
        (_, other) => How::Unknown(format!("is compressed by method {other} of ZIP, which Kiln does not read")),
    };
    let text = bytes.get(46..46 + name)?;
    let mut wide = extra_64(bytes.get(46 + name..46 + name + extra)?);
    // Numbers that do not fit are all ones, and stand in the extra field in this order.
    let mut number = |at: usize| match fields.u32(at)? {
        u32::MAX => {
            let (number, rest) = wide.split_first_chunk::<8>()?;
            wide = rest;
            Some(u64::from_le_bytes(*number))
        }
        number => Some(u64::from(number)),
    };
    let (size, packed, header) = (number(24)?, number(20)?, number(42)?);
    if how == How::Stored && size != packed {
        return None;
    }
    let entry = Entry { name: String::from_utf8_lossy(text).into_owned(), how, offset: 0, packed, size, crc: fields.u32(16)? };
    Some((entry, header, 46 + name + extra + comment))
}

/// The extra field of large numbers; empty if there is none.
fn extra_64(mut extra: &[u8]) -> &[u8] {
    while let (Some(id), Some(size)) = (Fields(extra).u16(0), Fields(extra).u16(2)) {
        let Some(value) = extra.get(4..4 + usize::from(size)) else { break };
        if id == EXTRA_64 {
            return value;
        }
        extra = &extra[4 + value.len()..];
    }
    &[]
}

/// What stands before the bytes of an entry that is stored as it is.
pub fn local_header(name: &str, size: u64, crc: u32) -> Vec<u8> {
    let wide = size >= u64::from(u32::MAX);
    let mut out = LOCAL.to_le_bytes().to_vec();
    out.extend(fixed(size, crc, wide));
    [name.len() as u16, if wide { 20 } else { 0 }].iter().for_each(|field| out.extend(field.to_le_bytes()));
    out.extend(name.as_bytes());
    if wide {
        extend_64(&mut out, &[size, size]);
    }
    out
}

/// Version, flags (names are UTF-8), method, time (1980-01-01, so that equal data are equal files), checksum and sizes.
fn fixed(size: u64, crc: u32, wide: bool) -> Vec<u8> {
    let mut out = Vec::new();
    [45u16, 0x800, 0, 0, 0x21].iter().for_each(|field| out.extend(field.to_le_bytes()));
    let short = if wide { u32::MAX } else { size as u32 };
    [crc, short, short].iter().for_each(|field| out.extend(field.to_le_bytes()));
    out
}

fn extend_64(out: &mut Vec<u8>, numbers: &[u64]) {
    out.extend(EXTRA_64.to_le_bytes());
    out.extend((8 * numbers.len() as u16).to_le_bytes());
    numbers.iter().for_each(|number| out.extend(number.to_le_bytes()));
}

/// The directory and the end of a file: for each entry its name, size and checksum, and where its header is. `at` is where it is written.
pub fn directory_of(entries: &[(&str, u64, u32, u64)], at: u64) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, size, crc, header) in entries {
        let wide = *size >= u64::from(u32::MAX) || *header >= u64::from(u32::MAX);
        out.extend(CENTRAL.to_le_bytes());
        out.extend(45u16.to_le_bytes());
        out.extend(fixed(*size, *crc, wide));
        let extra: u16 = if wide { 28 } else { 0 };
        [name.len() as u16, extra, 0, 0, 0].iter().for_each(|field| out.extend(field.to_le_bytes()));
        // Outer attributes: a file that its owner may read and write.
        out.extend((0o100_644u32 << 16).to_le_bytes());
        out.extend(if wide { u32::MAX } else { *header as u32 }.to_le_bytes());
        out.extend(name.as_bytes());
        if wide {
            extend_64(&mut out, &[*size, *size, *header]);
        }
    }
    let (size, count) = (out.len() as u64, entries.len() as u64);
    if at >= u64::from(u32::MAX) || count >= u64::from(u16::MAX) {
        let end = at + size;
        out.extend(END_64.to_le_bytes());
        out.extend(44u64.to_le_bytes());
        [45u16, 45].iter().for_each(|field| out.extend(field.to_le_bytes()));
        [0u32, 0].iter().for_each(|field| out.extend(field.to_le_bytes()));
        [count, count, size, at].iter().for_each(|field| out.extend(field.to_le_bytes()));
        out.extend(LOCATOR_64.to_le_bytes());
        out.extend(0u32.to_le_bytes());
        out.extend(end.to_le_bytes());
        out.extend(1u32.to_le_bytes());
    }
    let short = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let many = u16::try_from(count).unwrap_or(u16::MAX);
    out.extend(END.to_le_bytes());
    [0, 0, many, many].iter().for_each(|field: &u16| out.extend(field.to_le_bytes()));
    [short(size), short(at)].iter().for_each(|field| out.extend(field.to_le_bytes()));
    out.extend(0u16.to_le_bytes());
    out
}
