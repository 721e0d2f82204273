//! The counter-based random stream: element `index` of the stream of a seed is a hash of both, so any element can be made alone, in any
//! order, on any thread.

use super::Distribution;
use super::emit::{Binary, Convert, Emit};
use super::value::Value;
use crate::vmath::Math;

/// 2^64 divided by the golden ratio, odd: consecutive multiples are spread evenly.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Element `index` of the stream of `seed` (both `I64`), an `F64`.
pub(super) fn emit<'e, E: Emit>(distribution: Distribution, seed: Value<'e, E>, index: Value<'e, E>) -> Value<'e, E> {
    let key = mix(seed + seed.int(GOLDEN as i64));
    // Two rounds with the key between them: streams of different seeds are unrelated, not shifted.
    let bits = mix(mix(index * index.int(GOLDEN as i64) + key) ^ key);
    match distribution {
        Distribution::Uniform => unit(bits, 0),
        Distribution::Normal => {
            // Box and Muller; the logarithm's argument is in (0, 1].
            let (size, turn) = (unit(bits, 1), unit(mix(bits ^ key), 0));
            let radius = (size.math(Math::Log) * size.lit(-2.0)).sqrt();
            radius * (turn * turn.lit(std::f64::consts::TAU)).math(Math::Cos)
        }
    }
}

/// Mixes all bits into all bits, one to one (the finaliser of SplitMix64).
fn mix<E: Emit>(x: Value<'_, E>) -> Value<'_, E> {
    let x = (x ^ x.binary(Binary::ShrU, x.int(30))) * x.int(0xBF58_476D_1CE4_E5B9_u64 as i64);
    let x = (x ^ x.binary(Binary::ShrU, x.int(27))) * x.int(0x94D0_49BB_1331_11EB_u64 as i64);
    x ^ x.binary(Binary::ShrU, x.int(31))
}

/// The high 53 bits, plus `more`, as a multiple of 2^-53.
fn unit<E: Emit>(bits: Value<'_, E>, more: i64) -> Value<'_, E> {
    let high = bits.binary(Binary::ShrU, bits.int(11)) + bits.int(more);
    let high = high.convert(Convert::I64ToF64);
    high * high.lit(1.0 / (1u64 << 53) as f64)
}
