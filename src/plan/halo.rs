//! What a block touches of the arrays that a pass reads. Leaves that touch one array side by side, as those of a stencil do, share one
//! region, their halo. And the part of a block all of whose indices are inside the arrays.

use super::access::{AxisMap, Beyond, Region};
use super::ir::Leaf;

/// The leaves in groups that are read together: of one array, at places that differ by shifts alone, where the region round all of them is
/// no larger than their regions together.
pub fn groups(leaves: &[Leaf], block: &[u64]) -> Vec<Vec<usize>> {
    let zero = vec![0; block.len()];
    // Of each group: its leaves, all of them as one, the region round them, and the elements of their regions together.
    let mut groups: Vec<(Vec<usize>, Leaf, Region, u64)> = Vec::new();
    for (at, leaf) in leaves.iter().enumerate() {
        let region = Region::of(&leaf.access, &zero, block);
        let elements = region.elements();
        let joined = groups.iter_mut().find_map(|group| {
            let joined = group.2.join(&region).filter(|joined| joined.elements() <= group.3.saturating_add(elements))?;
            Some((both(&group.1, leaf)?, joined, group))
        });
        match joined {
            Some((both, region, group)) => {
                group.0.push(at);
                *group = (std::mem::take(&mut group.0), both, region, group.3.saturating_add(elements));
            }
            None => groups.push((vec![at], leaf.clone(), region, elements)),
        }
    }
    groups.into_iter().map(|(leaves, ..)| leaves).collect()
}

/// Leaves of a group as one: what indices beyond the ends of the array mean for any of them.
pub fn together<'l>(mut leaves: impl Iterator<Item = &'l Leaf>) -> Option<Leaf> {
    let first = leaves.next()?.clone();
    leaves.try_fold(first, |all, leaf| both(&all, leaf))
}

/// Two leaves of one array that differ by shifts alone, as one.
fn both(a: &Leaf, b: &Leaf) -> Option<Leaf> {
    if a.source != b.source || a.dtype != b.dtype || a.shape != b.shape {
        return None;
    }
    let mut access = Vec::with_capacity(a.access.len());
    for ((a, b), size) in a.access.iter().zip(&b.access).zip(&a.shape) {
        // Indices inside the array mean themselves, where another leaf goes on beyond the whole array's ends.
        let whole = |beyond: Beyond| (beyond.first, beyond.step, beyond.count) == (0, 1, *size);
        let beyond = match (a.beyond, b.beyond) {
            (a, b) if a == b => a,
            (Some(beyond), None) | (None, Some(beyond)) if whole(beyond) => Some(beyond),
            _ => return None,
        };
        // What is looked up is nowhere in particular.
        if (a.axis, a.step) != (b.axis, b.step) || a.via.is_some() || b.via.is_some() {
            return None;
        }
        access.push(AxisMap { beyond, ..*a });
    }
    Some(Leaf { access, ..a.clone() })
}

/// The region round what several leaves of a group touch. Of none, nothing.
pub fn region<'l>(leaves: impl Iterator<Item = &'l Leaf>, lo: &[u64], hi: &[u64]) -> Region {
    let regions = leaves.map(|leaf| Region::of(&leaf.access, lo, hi));
    regions.reduce(|all, region| all.join(&region).unwrap_or(all)).unwrap_or_default()
}

/// Whether a leaf may touch indices beyond the ends of its array.
pub fn is_continued(leaf: &Leaf) -> bool {
    leaf.access.iter().any(|map| map.beyond.is_some())
}

/// Whether a leaf touches indices beyond the ends of its array in the block `lo..hi`.
pub fn leaves_array(leaf: &Leaf, lo: &[u64], hi: &[u64]) -> bool {
    let region = Region::of(&leaf.access, lo, hi);
    let ends = region
        .start
        .iter()
        .zip(region.count.iter().zip(&region.step))
        .map(|(start, (count, step))| (*start, start + (count - 1) as i64 * *step as i64));
    leaf.access
        .iter()
        .zip(ends)
        .any(|(map, (first, last))| map.beyond.is_some_and(|beyond| !beyond.is_inside(first) || !beyond.is_inside(last)))
}

/// The block `lo..hi` in boxes, row-major: one in which all leaves are inside their arrays, and thin ones along its sides. The whole where
/// there is no such box.
pub fn boxes(leaves: &[Leaf], lo: &[u64], hi: &[u64]) -> Vec<(Vec<u64>, Vec<u64>)> {
    let mut inside: Vec<(i64, i64)> = lo.iter().zip(hi).map(|(lo, hi)| (*lo as i64, *hi as i64)).collect();
    for map in leaves.iter().flat_map(|leaf| &leaf.access) {
        if let (Some(axis), Some(range)) = (map.axis, inside_range(map)) {
            inside[axis] = (inside[axis].0.max(range.0), inside[axis].1.min(range.1));
        }
    }
    if inside.iter().any(|(first, end)| first >= end) {
        return vec![(lo.to_vec(), hi.to_vec())];
    }
    let mut boxes = vec![(Vec::new(), Vec::new())];
    for (axis, (first, end)) in inside.into_iter().enumerate() {
        let cuts = [(lo[axis], first as u64), (first as u64, end as u64), (end as u64, hi[axis])];
        let cuts = cuts.into_iter().filter(|(from, to)| from < to);
        let with = |(mut start, mut stop): (Vec<u64>, Vec<u64>), (from, to): (u64, u64)| {
            start.push(from);
            stop.push(to);
            (start, stop)
        };
        boxes = boxes.into_iter().flat_map(|part| cuts.clone().map(move |cut| with(part.clone(), cut))).collect();
    }
    boxes
}

/// The domain indices, first and end, for which a map is inside.
fn inside_range(map: &AxisMap) -> Option<(i64, i64)> {
    let beyond = map.beyond?;
    // The place among the array's elements is `place + way * i`.
    let (place, way) = ((map.start - beyond.first) / beyond.step, map.step / beyond.step);
    let last = beyond.count as i64 - 1;
    // The least i with `a * i >= b`, for a > 0.
    let least = |a: i64, b: i64| -(-b).div_euclid(a);
    Some(match way {
        0 => return None,
        1.. => (least(way, -place), least(way, last - place + 1)),
        _ => (least(-way, place - last), least(-way, place + 1)),
    })
}

#[cfg(test)]
mod tests {
    use super::super::ir::{Source, StoreId};
    use super::*;
    use crate::array::{DType, Scalar};
    use crate::types::edge::Edge;

    fn leaf(starts: &[i64], size: u64) -> Leaf {
        let beyond = Some(Beyond { edge: Edge::Wrap, fill: Scalar::bool(false), first: 0, step: 1, count: size });
        let access = starts
            .iter()
            .enumerate()
            .map(|(axis, start)| AxisMap { axis: Some(axis), start: *start, step: 1, via: None, beyond })
            .collect();
        Leaf { source: Source::Store(StoreId(0)), access, dtype: DType::F64, shape: vec![size; starts.len()] }
    }

    #[test]
    fn leaves_of_a_stencil_share_a_region() {
        let leaves = [leaf(&[-1, 0], 100), leaf(&[1, 0], 100), leaf(&[0, -1], 100), leaf(&[0, 1], 100), leaf(&[50, 50], 100)];
        assert_eq!(groups(&leaves, &[10, 20]), [vec![0, 1, 2, 3], vec![4]]);
        let region = region(leaves[..4].iter(), &[0, 20], &[10, 40]);
        assert_eq!((region.start, region.count), (vec![-1, 19], vec![12, 22]));
    }

    #[test]
    fn blocks_fall_into_an_inside_and_sides() {
        let leaves = [leaf(&[-1, 0], 10), leaf(&[0, 2], 10)];
        let boxes_of = |lo: [u64; 2], hi: [u64; 2]| boxes(&leaves, &lo, &hi);
        assert_eq!(boxes_of([2, 2], [4, 4]), [(vec![2, 2], vec![4, 4])]);
        let all = boxes_of([0, 0], [10, 10]);
        assert_eq!(all, [(vec![0, 0], vec![1, 8]), (vec![0, 8], vec![1, 10]), (vec![1, 0], vec![10, 8]), (vec![1, 8], vec![10, 10])]);
        assert_eq!(boxes_of([0, 9], [10, 10]), [(vec![0, 9], vec![10, 10])]);
        assert!(leaves_array(&leaves[0], &[0, 0], &[1, 8]) && !leaves_array(&leaves[0], &[1, 0], &[10, 10]));
    }
}
