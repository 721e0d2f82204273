//! Tables of positions that kernels look up: checked before a pass runs, and made small where what they point into is not in memory. Then a
//! block is given the rows that it asks for, each once, and a table of their places.

use super::compute::Compute;
use super::region;
use super::store::{self, Block, Places};
use crate::array::strided::{Axes, row_major};
use crate::array::{Buffer, DType};
use crate::base::{Code, Diagnostic, Outcome, Span};
use crate::kernel::abi::ArrayArg;
use crate::plan::access::AxisMap;
use crate::plan::groups::Grouping;
use crate::plan::ir::{Fused, Leaf};
use std::sync::Arc;

/// A table of a pass.
pub struct Table {
    pub leaf: usize,
    pub axis: usize,
    /// Its entries along the domain's axis.
    entries: Vec<i64>,
    /// Blocks are given their rows.
    local: bool,
}

/// The rows that a block asks for, ascending, and where each index finds its own.
pub struct Rows {
    pub leaf: usize,
    pub rows: Vec<i64>,
    places: Arc<Buffer>,
}

/// The tables of a pass, all entries checked: kernels do not. K0501 for a position outside.
pub fn tables(fused: &Fused, places: Places, span: Span) -> Outcome<Vec<Table>> {
    let mut tables: Vec<Table> = Vec::new();
    for leaf in &fused.leaves {
        for (at, map) in leaf.access.iter().enumerate() {
            let (Some(via), Some(axis)) = (map.via, map.axis) else { continue };
            let table = table(&mut tables, fused, places, via.leaf, axis, span)?;
            table.local |= !store::is_in_memory(leaf, places)?;
            if let Some(position) = table.entries.iter().find(|position| !(0..via.size as i64).contains(position)) {
                let message = format!("position {position} is outside dimension {at} of size {}", via.size);
                return Err(Diagnostic::at(Code::Bounds, span, message).help("positions start at 0"));
            }
        }
    }
    if let Some(grouping) = Grouping::of(fused) {
        let table = table(&mut tables, fused, places, grouping.table, grouping.axis, span)?;
        table.local |= grouping.on_disk();
        if table.entries.iter().any(|group| !(-1..grouping.groups as i64).contains(group)) {
            return Err(Diagnostic::at(Code::Internal, span, "a group that there is not"));
        }
    }
    Ok(tables)
}

/// Whether blocks are not given a leaf as it is stored: but the rows of it that they ask for, or as a table the places of those.
pub fn is_in_parts(fused: &Fused, tables: &[Table], leaf: usize) -> bool {
    let local = |leaf: usize| tables.iter().any(|table| table.local && table.leaf == leaf);
    local(leaf) || fused.leaves[leaf].access.iter().any(|map| map.via.is_some_and(|via| local(via.leaf)))
}

fn table<'t>(tables: &'t mut Vec<Table>, fused: &Fused, places: Places, leaf: usize, axis: usize, span: Span) -> Outcome<&'t mut Table> {
    let at = match tables.iter().position(|table| table.leaf == leaf) {
        Some(at) => at,
        None => {
            let array = store::array(&fused.leaves[leaf], places)?;
            let map = fused.leaves[leaf].access.first().copied().unwrap_or(AxisMap::fixed(0));
            let entry = |at: u64| {
                let index = u64::try_from(map.start + map.step * at as i64).ok()?;
                i64::try_from(array.get(&[index])?.as_int()?).ok()
            };
            let entries: Option<Vec<i64>> = (0..fused.domain[axis]).map(entry).collect();
            let entries = entries.ok_or_else(|| Diagnostic::at(Code::Internal, span, "a table shorter than its axis"))?;
            tables.push(Table { leaf, axis, entries, local: false });
            tables.len() - 1
        }
    };
    Ok(&mut tables[at])
}

/// The rows of a block `lo..hi`, of each table that is not used as it is.
pub fn rows(code: &Compute, lo: &[u64], hi: &[u64]) -> Outcome<Vec<Rows>> {
    let of = |table: &Table| {
        let entries = &table.entries[lo[table.axis] as usize..hi[table.axis] as usize];
        let mut rows: Vec<i64> = entries.iter().copied().filter(|entry| *entry >= 0).collect();
        rows.sort_unstable();
        rows.dedup();
        let mut places = code.run.runtime.take(entries.len() * 8, code.span)?;
        for (entry, place) in entries.iter().zip(places.bytes_mut().chunks_exact_mut(8)) {
            let at = rows.binary_search(entry).map_or(-1, |at| at as i64);
            place.copy_from_slice(&at.to_ne_bytes());
        }
        Ok(Rows { leaf: table.leaf, rows, places: Arc::new(places) })
    };
    code.tables.iter().filter(|table| table.local).map(of).collect()
}

/// A leaf of a block in parts: the rows that are asked for, or the table of their places.
pub fn leaf(code: &Compute, number: usize, places: Places, rows: &[Rows], block: (&[u64], &[u64])) -> Outcome<Block> {
    let table = code.tables.iter().find(|table| table.leaf == number);
    if let (Some(rows), Some(table)) = (rows.iter().find(|rows| rows.leaf == number), table) {
        let sizes: Vec<u64> = block.0.iter().zip(block.1).map(|(lo, hi)| hi - lo).collect();
        let mut strides = Axes::from_elem(0, sizes.len());
        strides[table.axis] = 8;
        return Ok(Block::own(DType::I64, rows.places.clone(), &sizes, strides));
    }
    gathered(code, &code.fused.leaves[number], places, rows, block)
}

fn gathered(code: &Compute, leaf: &Leaf, places: Places, rows: &[Rows], (lo, hi): (&[u64], &[u64])) -> Outcome<Block> {
    let local = |(at, map): (usize, &AxisMap)| {
        let rows = rows.iter().find(|rows| map.via.is_some_and(|via| via.leaf == rows.leaf))?;
        Some((at, map.axis?, rows))
    };
    let Some((at, axis, rows_here)) = leaf.access.iter().enumerate().find_map(local) else {
        return store::block(code.run, leaf, places, lo, hi, code.span);
    };
    let used = |axis: usize| leaf.access.iter().any(|map| map.axis == Some(axis));
    let size = |other: usize| match leaf.access.iter().enumerate().find_map(|entry| local(entry).filter(|(_, axis, _)| *axis == other)) {
        _ if !used(other) => 1,
        Some((_, _, rows)) => rows.rows.len() as u64,
        None => hi[other] - lo[other],
    };
    let shape: Vec<u64> = (0..lo.len()).map(size).collect();
    let item = leaf.dtype.size();
    let buffer = code.run.runtime.take(shape.iter().product::<u64>() as usize * item, code.span)?;
    let strides: Axes<i64> = row_major(&shape, item).into_iter().map(|stride| stride as i64).collect();
    let mut part: Axes<i64> = shape.iter().map(|size| *size as i64).collect();
    part[axis] = 1;
    for (place, row) in rows_here.rows.iter().enumerate() {
        let mut single = leaf.clone();
        single.access[at] = AxisMap::fixed(leaf.access[at].start + leaf.access[at].step * row);
        let from = gathered(code, &single, places, rows, (lo, hi))?;
        let mut from_strides = from.arg.strides.clone();
        from_strides.resize(part.len(), 0);
        let dtype = leaf.dtype.storage();
        let from = ArrayArg { dtype, ptr: from.arg.ptr, sizes: part.clone(), strides: from_strides };
        let ptr = buffer.as_mut_ptr().wrapping_offset((place as i64 * strides[axis]) as isize);
        let to = ArrayArg { dtype, ptr, sizes: part.clone(), strides: strides.clone() };
        region::copy(code.run, leaf.dtype, from, to, code.span)?;
    }
    let given: Vec<u64> = (0..lo.len()).map(|other| if used(other) { shape[other] } else { hi[other] - lo[other] }).collect();
    let strides = (0..lo.len()).map(|other| if used(other) { strides[other] } else { 0 }).collect();
    Ok(Block::own(leaf.dtype, Arc::new(buffer), &given, strides))
}
