//! Moving regions of arrays between files and memory: strided on both sides, in as few system calls as pay. Owns no format.
//!
//! A region is a list of `Axis`. Reading goes through the file in its own order, whatever the order in memory; where elements lie
//! apart, whole spans of up to 256 KiB are read and picked from, if enough of a span is wanted.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Spans up to this size are read in one call and picked from.
const SPAN: u64 = 256 << 10;
/// Gaps up to this size are read over rather than skipped with another call.
const GAP: u64 = 4096;

/// Memory that a call takes beside its target, at most.
pub const SCRATCH: u64 = SPAN;

/// One dimension of a region: how many elements, and the bytes from one to the next on either side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    pub count: u64,
    /// Bytes from an element to the next where it comes from.
    pub from: u64,
    /// Bytes from an element to the next where it goes to.
    pub to: u64,
}

impl Axis {
    /// The same elements the other way.
    pub fn reverse(&mut self) {
        std::mem::swap(&mut self.from, &mut self.to);
    }
}

/// Row-major byte strides of a shape; `None` if the array has more bytes than fit in 63 bits.
pub fn dense(shape: &[u64], item: usize) -> Option<Vec<u64>> {
    let mut strides = vec![0; shape.len()];
    let mut step = item as u64;
    for (stride, size) in strides.iter_mut().zip(shape).rev() {
        *stride = step;
        step = step.checked_mul((*size).max(1)).filter(|bytes| *bytes <= i64::MAX as u64)?;
    }
    Some(strides)
}

/// The axes of reading `count` elements, `step` apart, from an array with byte strides into a row-major array of shape `count`; and
/// the byte offset of the first of them.
pub fn axes(strides: &[u64], start: &[u64], count: &[u64], step: &[u64], item: usize) -> (u64, Vec<Axis>) {
    let offset = strides.iter().zip(start).map(|(stride, start)| stride * start).sum();
    let mut to = item as u64;
    let mut axes: Vec<Axis> = Vec::with_capacity(count.len());
    for ((stride, count), step) in strides.iter().zip(count).zip(step).rev() {
        // Of a single element the stride means nothing, and may be too large to multiply.
        axes.push(Axis { count: *count, from: if *count > 1 { stride * step } else { 0 }, to });
        to *= (*count).max(1);
    }
    axes.reverse();
    (offset, axes)
}

/// Drops axes of one element and joins neighbours that are one run on both sides. `axes` come sorted, longest step first.
fn join(axes: &mut Vec<Axis>) {
    axes.retain(|axis| axis.count > 1);
    let mut joined: Vec<Axis> = Vec::with_capacity(axes.len());
    for axis in axes.drain(..) {
        match joined.last_mut() {
            Some(outer) if outer.from == axis.from * axis.count && outer.to == axis.to * axis.count => {
                *outer = Axis { count: outer.count * axis.count, ..axis };
            }
            _ => joined.push(axis),
        }
    }
    *axes = joined;
}

/// Bytes from the first byte to the last of what axes cover in the source.
fn span(axes: &[Axis], item: u64) -> u64 {
    axes.iter().map(|axis| (axis.count - 1) * axis.from).sum::<u64>() + item
}

/// Copies elements within memory. Axes with a zero count copy nothing.
pub fn copy(source: &[u8], axes: &[Axis], item: usize, target: &mut [u8]) {
    let mut axes = axes.to_vec();
    if axes.iter().any(|axis| axis.count == 0) {
        return;
    }
    // Writing in order is worth more than reading in order.
    axes.sort_by_key(|axis| std::cmp::Reverse(axis.to));
    join(&mut axes);
    copy_sorted(source, &axes, item, target);
}

fn copy_sorted(source: &[u8], axes: &[Axis], item: usize, target: &mut [u8]) {
    match axes {
        [] => target[..item].copy_from_slice(&source[..item]),
        [run] if run.from == item as u64 && run.to == item as u64 => {
            let bytes = run.count as usize * item;
            target[..bytes].copy_from_slice(&source[..bytes]);
        }
        [line] => match item {
            1 => copy_line::<1>(source, *line, target),
            2 => copy_line::<2>(source, *line, target),
            4 => copy_line::<4>(source, *line, target),
            8 => copy_line::<8>(source, *line, target),
            _ => copy_line::<16>(source, *line, target),
        },
        [outer, inner @ ..] => {
            for at in 0..outer.count {
                copy_sorted(&source[(at * outer.from) as usize..], inner, item, &mut target[(at * outer.to) as usize..]);
            }
        }
    }
}

/// Copies elements of `N` bytes that lie apart.
fn copy_line<const N: usize>(source: &[u8], line: Axis, target: &mut [u8]) {
    let (from, to) = (line.from as usize, line.to as usize);
    for at in 0..line.count as usize {
        target[at * to..at * to + N].copy_from_slice(&source[at * from..at * from + N]);
    }
}

/// Writes one element's bytes to every place of the axes' target side.
pub fn fill(axes: &[Axis], element: &[u8], target: &mut [u8]) {
    let repeated: Vec<Axis> = axes.iter().map(|axis| Axis { from: 0, ..*axis }).collect();
    copy(element, &repeated, element.len(), target);
}

/// Reads a region of a file into memory. `offset` is where its first element lies. Fails with `UnexpectedEof` where the file ends.
pub fn read(file: &File, offset: u64, axes: &[Axis], item: usize, target: &mut [u8]) -> io::Result<()> {
    if axes.iter().any(|axis| axis.count == 0) {
        return Ok(());
    }
    let mut axes = axes.to_vec();
    axes.sort_by_key(|axis| std::cmp::Reverse(axis.from));
    join(&mut axes);
    Reader { file, item, scratch: Vec::new() }.read(offset, &axes, target)
}

struct Reader<'a> {
    file: &'a File,
    item: usize,
    scratch: Vec<u8>,
}

impl Reader<'_> {
    fn read(&mut self, offset: u64, axes: &[Axis], target: &mut [u8]) -> io::Result<()> {
        let item = self.item as u64;
        match axes {
            [] => return self.file.read_exact_at(&mut target[..self.item], offset),
            [run] if run.from == item && run.to == item => {
                return self.file.read_exact_at(&mut target[..run.count as usize * self.item], offset);
            }
            _ => {}
        }
        let bytes = span(axes, item);
        if bytes <= SPAN && gaps_are_small(axes, item) {
            self.scratch.resize(bytes as usize, 0);
            self.file.read_exact_at(&mut self.scratch, offset)?;
            copy(&self.scratch, axes, self.item, target);
            return Ok(());
        }
        let Some((outer, inner)) = axes.split_first() else { return Ok(()) };
        // As many steps of the outer axis at a time as fit in a span.
        let together = if gaps_are_small(axes, item) { (SPAN / outer.from.max(1)).clamp(1, outer.count) } else { 1 };
        let mut part = axes.to_vec();
        for at in (0..outer.count).step_by(together as usize) {
            let (offset, target) = (offset + at * outer.from, &mut target[(at * outer.to) as usize..]);
            if together == 1 {
                self.read(offset, inner, target)?;
            } else {
                part[0].count = together.min(outer.count - at);
                self.read(offset, &part, target)?;
            }
        }
        Ok(())
    }
}

/// Whether what lies between wanted bytes is worth reading over: no more than a page at a time.
fn gaps_are_small(axes: &[Axis], item: u64) -> bool {
    (0..axes.len()).all(|at| axes[at].from <= span(&axes[at + 1..], item) + GAP)
}

/// Writes a region of memory to a file: `from` is the step in `source`, `to` that in the file, `offset` where the first element goes.
pub fn write(file: &File, offset: u64, axes: &[Axis], item: usize, source: &[u8]) -> io::Result<()> {
    if axes.iter().any(|axis| axis.count == 0) {
        return Ok(());
    }
    let mut axes = axes.to_vec();
    axes.sort_by_key(|axis| std::cmp::Reverse(axis.to));
    join(&mut axes);
    write_sorted(file, offset, &axes, item, source)
}

fn write_sorted(file: &File, offset: u64, axes: &[Axis], item: usize, source: &[u8]) -> io::Result<()> {
    match axes {
        [] => file.write_all_at(&source[..item], offset),
        [run] if run.from == item as u64 && run.to == item as u64 => file.write_all_at(&source[..run.count as usize * item], offset),
        [outer, inner @ ..] => (0..outer.count)
            .try_for_each(|at| write_sorted(file, offset + at * outer.to, inner, item, &source[(at * outer.from) as usize..])),
    }
}

/// Turns elements, or their parts of `width` bytes, from the other byte order to this machine's.
pub fn swap(bytes: &mut [u8], width: usize) {
    match width {
        2 => bytes.chunks_exact_mut(2).for_each(|part| part.reverse()),
        4 => bytes.chunks_exact_mut(4).for_each(|part| part.reverse()),
        8 => bytes.chunks_exact_mut(8).for_each(|part| part.reverse()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row-major array of u16 that count up, in a file.
    fn counting(shape: &[u64]) -> (File, Vec<u16>) {
        let values: Vec<u16> = (0..shape.iter().product::<u64>()).map(|value| value as u16).collect();
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(bytemuck::cast_slice(&values), 10).unwrap();
        (file, values)
    }

    #[test]
    fn regions_of_any_stride_are_read() {
        let mut random = fastrand::Rng::with_seed(1);
        for shape in [vec![], vec![7], vec![300, 5], vec![3, 200, 40], vec![2, 3, 4, 5], vec![40, 3000]] {
            let (file, values) = counting(&shape);
            let row_major = dense(&shape, 2).unwrap();
            for _ in 0..40 {
                let start: Vec<u64> = shape.iter().map(|size| random.u64(0..*size)).collect();
                let step: Vec<u64> = shape.iter().map(|_| random.u64(1..4)).collect();
                let most = |at: usize| (shape[at] - start[at]).div_ceil(step[at]);
                let count: Vec<u64> = (0..shape.len()).map(|at| if random.bool() { most(at) } else { random.u64(0..=most(at)) }).collect();
                let mut out = vec![0u16; count.iter().product::<u64>() as usize];
                let (offset, axes) = axes(&row_major, &start, &count, &step, 2);
                read(&file, 10 + offset, &axes, 2, bytemuck::cast_slice_mut(&mut out)).unwrap();
                let wanted = |mut flat: u64| {
                    let mut at = 0;
                    for d in (0..shape.len()).rev() {
                        at += (start[d] + flat % count[d] * step[d]) * row_major[d] / 2;
                        flat /= count[d];
                    }
                    values[at as usize]
                };
                assert!(
                    out.iter().enumerate().all(|(flat, value)| *value == wanted(flat as u64)),
                    "{shape:?} {start:?} {count:?} {step:?}"
                );
            }
        }
    }

    #[test]
    fn columns_come_out_as_rows() {
        let (file, values) = counting(&[500, 300]);
        // The file read as Fortran order: shape [300, 500] with the first dimension running fastest.
        let mut out = vec![0u16; 150_000];
        let (offset, axes) = axes(&[2, 600], &[0, 0], &[300, 500], &[1, 1], 2);
        read(&file, 10 + offset, &axes, 2, bytemuck::cast_slice_mut(&mut out)).unwrap();
        assert!((0..150_000).all(|at| out[at] == values[at % 500 * 300 + at / 500]));
    }

    #[test]
    fn regions_are_written_and_read_back() {
        let file = tempfile::tempfile().unwrap();
        let all = dense(&[6, 8], 4).unwrap();
        for (start, count) in [([0, 0], [4, 8]), ([4, 0], [2, 3]), ([4, 3], [2, 5])] {
            let block: Vec<u32> =
                (0..count[0] * count[1]).map(|at| ((start[0] + at / count[1]) * 8 + start[1] + at % count[1]) as u32).collect();
            let (offset, mut axes) = axes(&all, &start, &count, &[1, 1], 4);
            axes.iter_mut().for_each(Axis::reverse);
            write(&file, offset, &axes, 4, bytemuck::cast_slice(&block)).unwrap();
        }
        let mut back = vec![0u32; 48];
        file.read_exact_at(bytemuck::cast_slice_mut(&mut back), 0).unwrap();
        assert!(back.iter().enumerate().all(|(at, value)| *value == at as u32));
    }

    #[test]
    fn the_end_of_the_file_is_an_error() {
        let (file, _) = counting(&[10]);
        let mut out = [0; 4];
        let run = [Axis { count: 2, from: 2, to: 2 }];
        assert_eq!(read(&file, 28, &run, 2, &mut out).map_err(|error| error.kind()), Err(io::ErrorKind::UnexpectedEof));
    }
}
