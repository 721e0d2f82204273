//! Sorting a long line by passes over it. Its elements are counted by their first digits; then, for as many digits together as memory holds
//! elements, one pass puts the elements into buckets of a few digits, which are sorted in memory and are in their place. Digits of which there
//! are too many elements are counted by their next ones. Every pass and the sorting run on all threads; the result is that of any sort.

use super::key::{Bits, Key, by_dtype, directed, elements};
use super::order;
use super::sweep::{Out, Sweep};
use crate::base::Outcome;
use crate::exec::tasks;
use bytemuck::{Pod, Zeroable};
use rayon::slice::ParallelSliceMut;
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

/// Bits of a digit.
const DIGIT: u32 = 16;
/// Buckets that elements are put into in one pass, about, and elements that make one.
const BUCKETS: usize = 1024;
const BUCKET: usize = 4096;
/// A bucket of more is sorted by all threads.
const SHARED: usize = 1 << 20;
/// Elements that are put to their place at once where they are not sorted in it.
const RUN: usize = 1 << 16;

/// What is sorted: the key, or the key with where its element was.
trait Item: Pod + Ord + Send + Sync {
    const POSITIONS: bool;
    fn new(key: u64, at: u64) -> Self;
    fn at(self) -> u64;
}

impl<B: Bits> Item for B {
    const POSITIONS: bool = false;
    fn new(key: u64, _: u64) -> B {
        B::narrow(key)
    }
    fn at(self) -> u64 {
        0
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Pod, Zeroable)]
#[repr(C)]
struct Keyed {
    key: u64,
    at: u64,
}

impl Item for Keyed {
    const POSITIONS: bool = true;
    fn new(key: u64, at: u64) -> Keyed {
        Keyed { key, at }
    }
    fn at(self) -> u64 {
        self.at
    }
}

/// (n) → (n).
pub fn sort(sweep: &Sweep, descending: bool, out: Out) -> Outcome<()> {
    fn of<T: Key>(sweep: &Sweep, descending: bool, out: Out) -> Outcome<()> {
        let key = |value: T| directed::<T>(value.key(), descending).wide();
        line::<T, T::Bits, _>(sweep, key, descending, out)
    }
    by_dtype!(sweep.swept.dtype, of(sweep, descending, out))
}

/// (n) → (n): positions; equal elements keep their order.
pub fn argsort(sweep: &Sweep, descending: bool, out: Out) -> Outcome<()> {
    fn of<T: Key>(sweep: &Sweep, descending: bool, out: Out) -> Outcome<()> {
        let key = |value: T| directed::<T>(value.leveled().key(), descending).wide();
        line::<T, Keyed, _>(sweep, key, descending, out)
    }
    by_dtype!(sweep.swept.stream.code[sweep.swept.stream.outputs[0].value.0 as usize].dtype, of(sweep, descending, out))
}

/// A line being sorted.
struct Line<'a, 'o, T, I, F> {
    sweep: &'a Sweep<'a>,
    key: F,
    descending: bool,
    /// Elements in memory; the result itself where there is no `out`.
    work: &'a mut [I],
    out: Option<Out<'o>>,
    element: PhantomData<T>,
}

fn line<T: Key, I: Item, F: Fn(T) -> u64 + Sync>(sweep: &Sweep, key: F, descending: bool, out: Out) -> Outcome<()> {
    let count = sweep.elements();
    match out {
        Out::Memory(bytes) if !I::POSITIONS => {
            let work = bytemuck::cast_slice_mut::<u8, I>(bytes);
            Line { sweep, key, descending, work, out: None, element: PhantomData }.sort(0, 0, count, 0)
        }
        out => {
            let bytes = (sweep.stage.stage_bytes / size_of::<I>() as u64).clamp(1, count) as usize * size_of::<I>();
            let mut buffer = sweep.run.runtime.take(bytes, sweep.stage.span)?;
            let work = bytemuck::cast_slice_mut::<u8, I>(buffer.bytes_mut());
            Line { sweep, key, descending, work, out: Some(out), element: PhantomData }.sort(0, 0, count, 0)
        }
    }
}

/// Elements whose keys begin with `prefix` and go on with one of some digits.
#[derive(Clone, Copy)]
struct Range {
    prefix: u64,
    /// Bits of the prefix, and of the digit that follows.
    known: u32,
    digit: u32,
    first: usize,
    end: usize,
}

impl Range {
    /// The digit of a key of `width` bits, where it is in the range.
    fn of(self, key: u64, width: u32) -> Option<usize> {
        let head = key >> (width - self.known - self.digit);
        let digit = (head as usize) & ((1 << self.digit) - 1);
        let own = head >> self.digit == self.prefix && (self.first..self.end).contains(&digit);
        own.then_some(digit)
    }
}

/// What one thread groups a block in.
struct Groups<I> {
    starts: Vec<u32>,
    items: Vec<I>,
    grouped: Vec<I>,
}

impl<T: Key, I: Item, F: Fn(T) -> u64 + Sync> Line<'_, '_, T, I, F> {
    /// Sorts the `count` elements whose keys begin with a prefix of `known` bits; they stand from `from` on in the end.
    fn sort(&mut self, prefix: u64, known: u32, count: u64, from: u64) -> Outcome<()> {
        let width = T::Bits::WIDTH;
        let digit = DIGIT.min(width - known);
        let all = Range { prefix, known, digit, first: 0, end: 1 << digit };
        if digit == 0 {
            return self.ties(all, &[count], from);
        }
        let table = self.sweep.counted(1 << digit, |table, values| {
            for value in elements::<T>(values[0].bytes()) {
                if let Some(digit) = all.of((self.key)(*value), width) {
                    table[digit] += 1;
                }
            }
        })?;
        if known + digit == width && !I::POSITIONS {
            return self.ties(all, &table, from);
        }
        let (mut first, mut from) = (0, from);
        while first < table.len() {
            let (mut end, mut total) = (first + 1, table[first]);
            while end < table.len() && total + table[end] <= self.work.len() as u64 {
                total += table[end];
                end += 1;
            }
            if total > self.work.len() as u64 {
                self.sort(prefix << digit | first as u64, known + digit, total, from)?;
            } else if total > 0 {
                self.range(Range { first, end, ..all }, &table, total as usize, from)?;
            }
            (first, from) = (end, from + total);
        }
        Ok(())
    }

    /// Sorts elements that memory holds.
    fn range(&mut self, range: Range, table: &[u64], total: usize, from: u64) -> Outcome<()> {
        let start = if self.out.is_none() { from as usize } else { 0 };
        let least = (total / BUCKETS).max(BUCKET) as u64;
        let mut of_digit = vec![0u32; range.end - range.first];
        let mut sizes = vec![0u64];
        for (digit, bucket) in (range.first..range.end).zip(&mut of_digit) {
            if sizes[sizes.len() - 1] + table[digit] > least && sizes[sizes.len() - 1] > 0 {
                sizes.push(0);
            }
            *bucket = sizes.len() as u32 - 1;
            *sizes.last_mut().unwrap_or(&mut 0) += table[digit];
        }
        let mut rest = &mut self.work[start..start + total];
        let mut buckets: Vec<Mutex<(&mut [I], usize)>> = Vec::with_capacity(sizes.len());
        for size in &sizes {
            let (own, others) = rest.split_at_mut(*size as usize);
            buckets.push(Mutex::new((own, 0)));
            rest = others;
        }
        let width = T::Bits::WIDTH;
        let key = &self.key;
        let groups = || Groups { starts: vec![0; sizes.len() + 1], items: Vec::new(), grouped: Vec::new() };
        self.sweep.pass(groups, |groups: &mut Groups<I>, position, values| {
            let Groups { starts, items, grouped } = groups;
            starts.fill(0);
            items.clear();
            let mut own: Vec<u32> = Vec::new();
            for (at, value) in elements::<T>(values[0].bytes()).iter().enumerate() {
                let key = key(*value);
                if let Some(digit) = range.of(key, width) {
                    let bucket = of_digit[digit - range.first];
                    starts[bucket as usize + 1] += 1;
                    items.push(I::new(key, position + at as u64));
                    own.push(bucket);
                }
            }
            for bucket in 1..starts.len() {
                starts[bucket] += starts[bucket - 1];
            }
            grouped.resize(items.len(), I::zeroed());
            for (item, bucket) in items.iter().zip(own) {
                let place = &mut starts[bucket as usize];
                grouped[*place as usize] = *item;
                *place += 1;
            }
            // Each start has moved to the next one's.
            let mut begin = 0;
            for (bucket, end) in buckets.iter().zip(starts.iter()) {
                let part = &grouped[begin..*end as usize];
                if !part.is_empty() {
                    let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
                    let (place, filled) = &mut *bucket;
                    place[*filled..*filled + part.len()].copy_from_slice(part);
                    *filled += part.len();
                }
                begin = *end as usize;
            }
            Ok(())
        })?;
        sort_buckets::<T, I>(self.sweep, &buckets, self.out.is_none().then_some(self.descending))?;
        drop(buckets);
        self.put(start, total, from)
    }

    /// Puts sorted elements to their place, unless they are there.
    fn put(&mut self, start: usize, total: usize, from: u64) -> Outcome<()> {
        let Some(out) = &mut self.out else { return Ok(()) };
        for (number, run) in self.work[start..start + total].chunks_mut(RUN).enumerate() {
            let from = from + (number * RUN) as u64;
            if I::POSITIONS {
                let positions: Vec<u64> = run.iter().map(|item| item.at()).collect();
                out.put(self.sweep, from, bytemuck::cast_slice(&positions))?;
            } else {
                let keys = bytemuck::cast_slice_mut(run);
                order::values::<T>(keys, self.descending);
                out.put(self.sweep, from, bytemuck::cast_slice(keys))?;
            }
        }
        Ok(())
    }

    /// Elements that are known by their counts: `range` has whole keys.
    fn ties(&mut self, range: Range, table: &[u64], from: u64) -> Outcome<()> {
        if I::POSITIONS {
            return self.tied_positions(range, from);
        }
        let mut from = from;
        for (digit, count) in table.iter().enumerate().filter(|(_, count)| **count > 0) {
            let mut key = [T::Bits::narrow(range.prefix << range.digit | digit as u64)];
            order::values::<T>(&mut key, self.descending);
            match &mut self.out {
                None => bytemuck::cast_slice_mut::<I, T::Bits>(&mut self.work[from as usize..(from + count) as usize]).fill(key[0]),
                Some(out) => {
                    let run = vec![key[0]; RUN.min(*count as usize)];
                    for at in (0..*count).step_by(RUN) {
                        let some = (count - at).min(RUN as u64) as usize;
                        out.put(self.sweep, from + at, bytemuck::cast_slice(&run[..some]))?;
                    }
                }
            }
            from += count;
        }
        Ok(())
    }

    /// The positions of equal elements, in order.
    fn tied_positions(&mut self, range: Range, from: u64) -> Outcome<()> {
        let width = T::Bits::WIDTH;
        let mut from = from;
        for number in 0..self.sweep.blocks() {
            let mut positions: Vec<u64> = Vec::new();
            self.sweep.block(number, &mut |position, values| {
                let own = |(_, value): &(usize, &T)| range.of((self.key)(**value), width).is_some();
                positions.extend(elements::<T>(values[0].bytes()).iter().enumerate().filter(own).map(|(at, _)| position + at as u64));
                Ok(())
            })?;
            if let Some(out) = &mut self.out {
                out.put(self.sweep, from, bytemuck::cast_slice(&positions))?;
            }
            from += positions.len() as u64;
        }
        Ok(())
    }
}

/// Sorts buckets, small ones by a thread each, large ones by all; with a direction the keys become their elements.
fn sort_buckets<T: Key, I: Item>(sweep: &Sweep, buckets: &[Mutex<(&mut [I], usize)>], values: Option<bool>) -> Outcome<()> {
    let runtime = sweep.run.runtime;
    let finish = |items: &mut [I]| {
        if let Some(descending) = values {
            order::values::<T>(bytemuck::cast_slice_mut(items), descending);
        }
    };
    let is_shared = |items: &[I]| items.len() > SHARED && runtime.workers().is_some();
    for bucket in buckets {
        let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let items: &mut [I] = bucket.0;
        if let Some(workers) = runtime.workers().filter(|_| is_shared(items)) {
            workers.install(|| items.par_sort_unstable());
            finish(items);
        }
    }
    tasks::run(runtime, runtime.limits.threads, buckets.len() as u64, &|number| {
        let mut bucket = buckets[number as usize].lock().unwrap_or_else(PoisonError::into_inner);
        if !is_shared(bucket.0) {
            bucket.0.sort_unstable();
            finish(bucket.0);
        }
        Ok(())
    })
}
