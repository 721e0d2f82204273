//! How a pass that reduces in groups keeps its partial results: in lanes in memory, or on disk where even one lane's are large. A function
//! of shapes alone.

use super::blocks::grid;
use super::emit::arrays_of;
use super::ir::{Fused, OutputKind};
use crate::array::strided::Axes;

/// Bytes that the partial results of all lanes may take together.
const ROOM: u64 = 64 << 20;
/// Bytes of one lane's partial results beyond which they are kept on disk, and only the groups of a block in memory.
const LARGE: u64 = 256 << 20;
const MOST_LANES: u64 = 16;

/// The groups of a pass.
pub struct Grouping<'a> {
    pub axes: &'a [usize],
    pub axis: usize,
    /// The leaf with the group of each index.
    pub table: usize,
    pub groups: u64,
    /// Blocks that are reduced into one result, lanes that they are folded in, and blocks of a lane.
    pub steps: u64,
    pub lanes: u64,
    pub length: u64,
    /// Bytes of the partial results of one lane, and of one group of them.
    pub part: u64,
    pub row: u64,
}

impl<'a> Grouping<'a> {
    /// Of a pass that reduces in groups: its outputs share one grouping.
    pub fn of(fused: &'a Fused) -> Option<Grouping<'a>> {
        let (axes, axis, table, groups) = fused.outputs.iter().find_map(|output| match &output.kind {
            OutputKind::ReduceGroups { axes, axis, table, groups, .. } => Some((axes.as_slice(), *axis, *table, *groups)),
            _ => None,
        })?;
        let elements: u64 = kept(&fused.block, axes).iter().product();
        let bytes = |output: &super::ir::Output| -> u64 {
            let dtype = fused.code[output.value.0 as usize].dtype;
            arrays_of(&output.kind, dtype).iter().map(|(dtype, _)| elements.saturating_mul(dtype.size() as u64)).sum()
        };
        let row: u64 = fused.outputs.iter().map(bytes).sum();
        let part = row.saturating_mul(groups);
        let grid = grid(&fused.domain, &fused.block);
        let steps: u64 = axes.iter().map(|axis| grid[*axis]).product();
        let most = (ROOM / part.max(1)).clamp(1, MOST_LANES).min(steps.max(1));
        let length = steps.div_ceil(most).max(1);
        Some(Grouping { axes, axis, table, groups, steps, lanes: steps.div_ceil(length).max(1), length, part, row })
    }
    /// Whether partial results are kept on disk.
    pub fn on_disk(&self) -> bool {
        self.part > LARGE
    }
    /// The sizes of the partial result of one group of a block.
    pub fn kept(&self, sizes: &[u64]) -> Axes<u64> {
        kept(sizes, self.axes)
    }
}

/// Sizes with 1 along the reduced axes.
pub fn kept(sizes: &[u64], axes: &[usize]) -> Axes<u64> {
    let mut kept = Axes::from_slice(sizes);
    axes.iter().for_each(|axis| kept[*axis] = 1);
    kept
}
