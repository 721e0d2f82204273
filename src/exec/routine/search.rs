//! Searching elements in a sorted line, whose order is that of `key`: what is missing stands last.

use super::Core;
use super::key::{Bits, Key, by_dtype, elements};
use crate::base::Outcome;
use crate::builtins::build::Side;

/// (), sorted (n) → (): the elements of a whole block at once.
pub fn search(core: Core, side: Side) -> Outcome<()> {
    fn find<T: Key>(core: Core, side: Side) -> Outcome<()> {
        let (values, sorted) = (elements::<T>(core.operands[0]), elements::<T>(core.operands[1]));
        let before = |key: T::Bits| sorted.partition_point(|other| other.leveled().key() < key);
        let up_to = |key: T::Bits| sorted.partition_point(|other| other.leveled().key() <= key);
        for out in core.results {
            for (number, value) in values.iter().enumerate() {
                let key = value.leveled().key();
                match side {
                    Side::Left => bytemuck::cast_slice_mut::<u8, u64>(out)[number] = before(key) as u64,
                    Side::Right => bytemuck::cast_slice_mut::<u8, u64>(out)[number] = up_to(key) as u64,
                    Side::Among => {
                        let found = sorted.get(before(key)).is_some_and(|other| other.leveled().key() == key);
                        // What is missing equals nothing.
                        out[number] = u8::from(found && !(T::MISSING && key == T::Bits::MAX));
                    }
                }
            }
        }
        Ok(())
    }
    by_dtype!(core.batched.operands[0].dtype, find(core, side))
}
