//! The members of a group. Where the crate cannot list them together, because one has an unreadable header (a virtual data set), they are
//! looked up one by one, so that one does not hide the others. Not for groups of more links than fit in their header (dense storage).

use hdf5_reader::error::{Error, Result};
use hdf5_reader::group::Group;
use hdf5_reader::local_heap::LocalHeap;
use hdf5_reader::messages::HdfMessage;
use hdf5_reader::{Dataset, Hdf5File};

/// The members of a group.
pub(super) struct Members {
    pub groups: Vec<Group>,
    pub datasets: Vec<Dataset>,
    /// Names of those that cannot be read, and why.
    pub unreadable: Vec<(String, String)>,
}

pub(super) fn of(group: &Group, reader: &Hdf5File) -> Result<Members> {
    match group.members() {
        Ok((groups, datasets)) => Ok(Members { groups, datasets, unreadable: Vec::new() }),
        Err(error) => {
            let names = names(group, reader)?;
            if names.is_empty() { Err(error) } else { Ok(one_by_one(group, names)) }
        }
    }
}

fn one_by_one(group: &Group, names: Vec<String>) -> Members {
    let mut members = Members { groups: Vec::new(), datasets: Vec::new(), unreadable: Vec::new() };
    for name in names {
        match (group.dataset(&name), group.group(&name)) {
            (Ok(dataset), _) => members.datasets.push(dataset),
            (_, Ok(child)) => members.groups.push(child),
            // No member after all.
            (Err(Error::DatasetNotFound(_)), _) => {}
            (Err(error), _) => members.unreadable.push((name, reason(&error))),
        }
    }
    members
}

fn reason(error: &Error) -> String {
    match error {
        Error::Context { source, .. } => reason(source),
        Error::UnsupportedLayoutClass(3) => "is virtual: its data are in other files".to_string(),
        other => format!("cannot be read ({other})"),
    }
}

/// The names of a group's members, and of some things that are none.
fn names(group: &Group, reader: &Hdf5File) -> Result<Vec<String>> {
    let header = reader.get_or_parse_header(group.address())?;
    let mut names = Vec::new();
    for message in &header.messages {
        match message {
            HdfMessage::Link(link) => names.push(link.name.clone()),
            // The heap of an old group holds its names, each closed by a zero, and what became of removed ones.
            HdfMessage::SymbolTable(table) => {
                let (block, storage) = (reader.superblock(), reader.storage());
                let heap = LocalHeap::parse_at_storage(storage, table.heap_address, block.offset_size, block.length_size)?;
                let size = usize::try_from(heap.data_segment_size).unwrap_or(usize::MAX);
                let bytes = storage.read_range(heap.data_segment_address, size)?;
                let texts = bytes.split(|byte| *byte == 0).filter_map(|text| std::str::from_utf8(text).ok());
                names.extend(texts.filter(|text| !text.is_empty()).map(str::to_string));
            }
            _ => {}
        }
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}
