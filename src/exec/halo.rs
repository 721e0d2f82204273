//! Regions that go beyond the ends of their arrays, put together in memory: kernels read them as any other block and know of no edges.

use super::Run;
use super::store::{self, Places};
use crate::array::strided::{Layout, copy_box, row_major};
use crate::array::{Buffer, Scalar};
use crate::base::{Outcome, Span};
use crate::plan::access::{AxisMap, Region};
use crate::plan::ir::Leaf;

/// Neighbours along an axis of a region that are evenly spaced in the array, from place `at` of the region on.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Piece {
    at: u64,
    count: u64,
    /// First index in the array and the step between; absent where the constant stands.
    from: Option<(i64, i64)>,
}

/// The elements of a region, row-major. `leaf` says of which array, and what indices beyond its ends mean.
pub fn continued(run: &Run, leaf: &Leaf, places: Places, region: &Region, span: Span) -> Outcome<Buffer> {
    let item = leaf.dtype.size();
    let mut buffer = run.runtime.take(region.elements() as usize * item, span)?;
    let strides = row_major(&region.count, item);
    let axes: Vec<Vec<Piece>> = leaf.access.iter().enumerate().map(|(axis, map)| pieces(map, region, axis)).collect();
    let fill = leaf.access.iter().find_map(|map| map.beyond).map(|beyond| beyond.fill);
    let mut choice = vec![0; axes.len()];
    loop {
        let piece: Vec<Piece> = choice.iter().zip(&axes).map(|(at, pieces)| pieces[*at]).collect();
        let count: Vec<u64> = piece.iter().map(|piece| piece.count).collect();
        let offset = piece.iter().zip(&strides).map(|(piece, stride)| piece.at as isize * stride).sum();
        let target = (buffer.bytes_mut(), &Layout { offset, strides: strides.clone() });
        match piece.iter().map(|piece| piece.from).collect::<Option<Vec<(i64, i64)>>>() {
            Some(from) => copy_piece(run, leaf, places, &from, &count, target, span)?,
            None => {
                let mut element = [0u8; 16];
                fill.unwrap_or(Scalar::bool(false)).write(&mut element);
                copy_box(&count, item, (&element, &Layout { offset: 0, strides: vec![0; count.len()].into() }), target);
            }
        }
        // The next combination of pieces.
        let Some(axis) = (0..axes.len()).rev().find(|axis| choice[*axis] + 1 < axes[*axis].len()) else { return Ok(buffer) };
        choice[axis] += 1;
        choice[axis + 1..].fill(0);
    }
}

/// Copies evenly spaced elements of an array, reading them first where they are in a file.
fn copy_piece(
    run: &Run,
    leaf: &Leaf,
    places: Places,
    from: &[(i64, i64)],
    count: &[u64],
    target: (&mut [u8], &Layout),
    span: Span,
) -> Outcome<()> {
    let item = leaf.dtype.size();
    if store::is_in_memory(leaf, places)? {
        let (array, first) = store::lent(leaf, places)?;
        let offset = from.iter().zip(array.strides()).fold(first as isize, |at, ((from, _), stride)| at + *from as isize * stride);
        let strides = from.iter().zip(array.strides()).map(|((_, step), stride)| *step as isize * stride).collect();
        copy_box(count, item, (array.buffer().bytes(), &Layout { offset, strides }), target);
        return Ok(());
    }
    let mut region = Region::default();
    for ((first, step), count) in from.iter().zip(count) {
        let last = first + step * (*count as i64 - 1);
        region.start.push(*first.min(&last));
        region.count.push(if *step == 0 { 1 } else { *count });
        region.step.push(step.unsigned_abs().max(1));
    }
    let mut buffer = run.runtime.take(region.elements() as usize * item, span)?;
    store::read(run, leaf, places, &region, buffer.bytes_mut(), span)?;
    let own = row_major(&region.count, item);
    let axes = from.iter().zip(own.iter().zip(&region.count));
    let offset = axes.clone().map(|((_, step), (stride, count))| if *step < 0 { (count - 1) as isize * stride } else { 0 }).sum();
    let strides = axes.map(|((_, step), (stride, _))| step.signum() as isize * stride).collect();
    copy_box(count, item, (buffer.bytes(), &Layout { offset, strides }), target);
    Ok(())
}

/// An axis of a region in evenly spaced pieces.
fn pieces(map: &AxisMap, region: &Region, axis: usize) -> Vec<Piece> {
    let (start, step, count) = (region.start[axis], region.step[axis] as i64, region.count[axis]);
    let Some(beyond) = map.beyond else { return vec![Piece { at: 0, count, from: Some((start, step)) }] };
    let mut pieces: Vec<Piece> = Vec::new();
    for at in 0..count {
        let index = beyond.fold(start + at as i64 * step);
        if let Some(last) = pieces.last_mut() {
            let goes_on = match (&mut last.from, index) {
                (None, None) => true,
                (Some((first, _)), Some(index)) if last.count == 1 => {
                    last.from = Some((*first, index - *first));
                    true
                }
                (Some((first, step)), Some(index)) => *first + *step * last.count as i64 == index,
                _ => false,
            };
            if goes_on {
                last.count += 1;
                continue;
            }
        }
        pieces.push(Piece { at, count: 1, from: index.map(|index| (index, 1)) });
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::access::Beyond;
    use crate::types::edge::Edge;

    #[test]
    fn axes_fall_into_evenly_spaced_pieces() {
        let of = |edge: Edge, start: i64, count: u64| -> Vec<(u64, u64, Option<(i64, i64)>)> {
            let beyond = Some(Beyond { edge, fill: Scalar::f64(0.0), first: 0, step: 1, count: 4 });
            let map = AxisMap { axis: Some(0), start, step: 1, via: None, beyond };
            let region = Region { start: vec![start], count: vec![count], step: vec![1] };
            pieces(&map, &region, 0).into_iter().map(|piece| (piece.at, piece.count, piece.from)).collect()
        };
        assert_eq!(of(Edge::Nearest, -2, 8), [(0, 3, Some((0, 0))), (3, 3, Some((1, 1))), (6, 2, Some((3, 0)))]);
        assert_eq!(of(Edge::Wrap, -2, 4), [(0, 2, Some((2, 1))), (2, 2, Some((0, 1)))]);
        assert_eq!(of(Edge::Reflect, -2, 4), [(0, 3, Some((2, -1))), (3, 1, Some((1, 1)))]);
        assert_eq!(of(Edge::Constant, -1, 6), [(0, 1, None), (1, 4, Some((0, 1))), (5, 1, None)]);
    }
}
