//! Sorting lines that fit in memory, by their keys (see `key`). Positions keep equal elements in their order.

use super::Core;
use super::key::{Bits, Key, by_dtype, directed, elements};
use crate::base::Outcome;

/// (n) → (n).
pub fn sort(core: Core, descending: bool) -> Outcome<()> {
    fn line<T: Key>(core: Core, descending: bool) -> Outcome<()> {
        for (from, to) in core.operands.iter().zip(core.results) {
            let keys = bytemuck::cast_slice_mut::<u8, T::Bits>(to);
            keys.iter_mut().zip(elements::<T>(from)).for_each(|(key, value)| *key = directed::<T>(value.key(), descending));
            keys.sort_unstable();
            values::<T>(keys, descending);
        }
        Ok(())
    }
    by_dtype!(core.batched.operands[0].dtype, line(core, descending))
}

/// Keys become the elements that they are of, in place.
pub fn values<T: Key>(keys: &mut [T::Bits], descending: bool) {
    let value = |key: T::Bits| bytemuck::cast::<T, T::Bits>(T::value(directed::<T>(key, descending)));
    keys.iter_mut().for_each(|key| *key = value(*key));
}

/// (n) → (n): positions; equal elements keep their order.
pub fn argsort(core: Core, descending: bool) -> Outcome<()> {
    fn line<T: Key>(core: Core, descending: bool) -> Outcome<()> {
        for (from, to) in core.operands.iter().zip(core.results) {
            let key = |value: &T| directed::<T>(value.leveled().key(), descending).wide();
            let mut keyed: Vec<(u64, u64)> = elements::<T>(from).iter().enumerate().map(|(at, value)| (key(value), at as u64)).collect();
            keyed.sort_unstable();
            let positions = bytemuck::cast_slice_mut::<u8, i64>(to);
            positions.iter_mut().zip(keyed).for_each(|(position, (_, at))| *position = at as i64);
        }
        Ok(())
    }
    by_dtype!(core.batched.operands[0].dtype, line(core, descending))
}
