//! Counter-based random numbers: element `index` of the stream of `seed` is a function of the two, so any part of an array can be drawn
//! anywhere, in any order, on any number of threads, and stays the same.
//!
//! The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011), key = seed,
//! counter = (block, stream). Each distribution has a stream of its own. Owns the distributions' arithmetic; `dispatch` compiles it for each level.
//!
//! Limits: a normal number is at most 8.58 in size (53 bits of uniform); the stream of a seed repeats after 2^64 elements.

use super::arith::{Arith, TWO52};
use super::log::log_normal;
use super::trig::{cos_pi, sin_pi};
use serde::{Deserialize, Serialize};

/// A distribution to draw from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Random {
    /// [0, 1): multiples of 2^-53, in f32 the same numbers cut off to multiples of 2^-24.
    Uniform,
    /// Mean 0 and variance 1, by Box and Muller's method; in f32 the same numbers rounded.
    Normal,
}

impl Random {
    /// Every distribution, in the order of the enum.
    pub const ALL: &'static [Random] = &[Random::Uniform, Random::Normal];

    /// Its name in printed code.
    pub fn name(self) -> &'static str {
        match self {
            Random::Uniform => "uniform",
            Random::Normal => "normal",
        }
    }
}

/// Streams in use; a new distribution takes the next one, one that rejects takes the upper half of the word to count its tries.
const UNIFORM_STREAM: u64 = 0;
const NORMAL_STREAM: u64 = 1;

/// Block `block` of a stream of a seed: 128 random bits.
pub fn block(seed: u64, stream: u64, block: u64) -> [u32; 4] {
    philox([block, block >> 32, stream, stream >> 32].map(low), [seed, seed >> 32].map(low)).map(|w| w as u32)
}

/// The low 32 bits.
#[inline(always)]
fn low(x: u64) -> u64 {
    x & 0xffff_ffff
}

/// Philox4x32-10. Words of 32 bits in u64, so that a loop over blocks vectorises with 32 by 32 bit products.
#[inline(always)]
fn philox(counter: [u64; 4], key: [u64; 2]) -> [u64; 4] {
    let [mut a, mut b, mut c, mut d] = counter;
    let [mut k, mut l] = key;
    for _ in 0..10 {
        let (p, q) = (0xd251_1f53 * a, 0xcd9e_8d57 * c);
        (a, b, c, d) = ((q >> 32) ^ b ^ k, low(q), (p >> 32) ^ d ^ l, low(p));
        k = low(k + 0x9e37_79b9);
        l = low(l + 0xbb67_ae85);
    }
    [a, b, c, d]
}

/// 53 of 64 bits as a number in [0, 1).
#[inline(always)]
fn unit(high: u64, rest: u64) -> f64 {
    const TWO32: f64 = 4294967296.0;
    let high = f64::from_bits(high | TWO52.to_bits()) - TWO52;
    let rest = f64::from_bits((rest >> 11) | TWO52.to_bits()) - TWO52;
    high * (1.0 / TWO32) + rest * (1.0 / (TWO32 * 2097152.0))
}

/// What a block makes: two neighbouring elements.
pub trait Pairs {
    const STREAM: u64;

    fn pair<A: Arith>(block: [u64; 4]) -> [f64; 2];
}

pub struct Uniform;

impl Pairs for Uniform {
    const STREAM: u64 = UNIFORM_STREAM;

    #[inline(always)]
    fn pair<A: Arith>([a, b, c, d]: [u64; 4]) -> [f64; 2] {
        [unit(a, b), unit(c, d)]
    }
}

pub struct Normal;

impl Pairs for Normal {
    const STREAM: u64 = NORMAL_STREAM;

    #[inline(always)]
    fn pair<A: Arith>([a, b, c, d]: [u64; 4]) -> [f64; 2] {
        // 1 - u is in (0, 1], where the logarithm is finite.
        let radius = (-2.0 * log_normal::<A>(1.0 - unit(a, b))).sqrt();
        let half_turns = 2.0 * unit(c, d);
        [radius * cos_pi::<A>(half_turns), radius * sin_pi::<A>(half_turns)]
    }
}

/// How an element type takes a number.
pub trait Drawn: Copy {
    /// A uniform number is cut off, so that it stays below 1.
    fn take<P: Pairs>(v: f64) -> Self;
}

impl Drawn for f64 {
    #[inline(always)]
    fn take<P: Pairs>(v: f64) -> f64 {
        v
    }
}

impl Drawn for f32 {
    #[inline(always)]
    fn take<P: Pairs>(v: f64) -> f32 {
        if P::STREAM == UNIFORM_STREAM {
            const TWO24: f64 = 16777216.0;
            ((v * TWO24) as i32 as f64 / TWO24) as f32
        } else {
            v as f32
        }
    }
}

/// Element `index` of a stream.
#[inline(always)]
pub fn one<P: Pairs, A: Arith, T: Drawn>(seed: u64, index: u64) -> T {
    T::take::<P>(P::pair::<A>(pair_block::<P>(index >> 1, seed))[(index & 1) as usize])
}

/// The block with elements 2 `index` and 2 `index` + 1.
#[inline(always)]
fn pair_block<P: Pairs>(index: u64, seed: u64) -> [u64; 4] {
    philox([low(index), index >> 32, P::STREAM, 0], [low(seed), seed >> 32])
}

/// Elements `first`, `first + 1` … of a stream.
#[inline(always)]
pub fn fill<P: Pairs, A: Arith, T: Drawn>(seed: u64, first: u64, out: &mut [T]) {
    const PAIRS: usize = 64;
    let mut at = first;
    let mut rest = out;
    while !rest.is_empty() {
        // A piece begins with a whole block, of which an odd start drops the first element.
        let skip = (at & 1) as usize;
        let n = rest.len().min(2 * PAIRS - skip);
        let start = at >> 1;
        let mut drawn = [[0.0; 2]; PAIRS];
        for (j, pair) in drawn[..(skip + n).div_ceil(2)].iter_mut().enumerate() {
            *pair = P::pair::<A>(pair_block::<P>(start.wrapping_add(j as u64) & (u64::MAX >> 1), seed));
        }
        let (piece, later) = rest.split_at_mut(n);
        for (to, &v) in piece.iter_mut().zip(&drawn.as_flattened()[skip..]) {
            *to = T::take::<P>(v);
        }
        rest = later;
        at = at.wrapping_add(n as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Level, Table};
    use super::*;

    /// The known answers that come with the paper's library (Random123, `kat_vectors`).
    #[test]
    fn philox_gives_the_known_answers() {
        assert_eq!(block(0, 0, 0), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
        assert_eq!(block(u64::MAX, u64::MAX, u64::MAX), [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
        assert_eq!(block(0x299f31d0_a4093822, 0x03707344_13198a2e, 0x85a308d3_243f6a88), [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]);
    }

    #[test]
    fn strips_equal_single_numbers_wherever_they_start() {
        for table in Level::ALL.into_iter().filter_map(Table::at) {
            for &r in Random::ALL {
                for (n, first) in (0..=130).map(|n| (n, n as u64 * 7)).chain([(300, 1), (300, u64::MAX - 100)]) {
                    let (mut long, mut short) = (vec![0.0; n], vec![0f32; n]);
                    table.draw_f64(r, 9, first, &mut long);
                    table.draw_f32(r, 9, first, &mut short);
                    for i in 0..n {
                        let index = first.wrapping_add(i as u64);
                        assert_eq!(long[i].to_bits(), table.draw_one_f64(r, 9, index).to_bits(), "{r:?} {index}");
                        assert_eq!(short[i].to_bits(), table.draw_one_f32(r, 9, index).to_bits(), "{r:?} f32 {index}");
                    }
                }
            }
        }
    }

    #[test]
    fn uniform_numbers_are_the_bits_of_their_block() {
        let table = super::super::table();
        for index in 0..100 {
            let words = block(3, 0, index / 2);
            let at = (index % 2) as usize * 2;
            let bits = ((words[at] as u64) << 32 | words[at + 1] as u64) >> 11;
            let want = bits as f64 / 9007199254740992.0;
            assert_eq!(table.draw_one_f64(Random::Uniform, 3, index), want);
            assert_eq!(table.draw_one_f32(Random::Uniform, 3, index) as f64, (bits >> 29) as f64 / 16777216.0);
        }
    }

    /// Moments of 200 000 numbers are within five standard errors; neighbours do not correlate.
    #[test]
    fn moments_are_those_of_the_distributions() {
        const N: usize = 200_000;
        let moments = |r: Random| {
            let mut v = vec![0.0; N];
            super::super::table().draw_f64(r, 1, 0, &mut v);
            let mean = |f: &dyn Fn(usize) -> f64| (0..N - 1).map(f).sum::<f64>() / (N - 1) as f64;
            let m = mean(&|i| v[i]);
            let d = |i: usize| v[i] - m;
            (m, mean(&|i| d(i) * d(i)), mean(&|i| d(i).powi(4)), mean(&|i| d(i) * d(i + 1)))
        };
        let near = |got: f64, want: f64, spread: f64| assert!((got - want).abs() < 5.0 * spread / (N as f64).sqrt(), "{got} {want}");
        let (mean, variance, fourth, next) = moments(Random::Uniform);
        near(mean, 0.5, 0.289);
        near(variance, 1.0 / 12.0, 0.0745);
        near(fourth, 1.0 / 80.0, 0.0167);
        near(next, 0.0, 0.0833);
        let (mean, variance, fourth, next) = moments(Random::Normal);
        near(mean, 0.0, 1.0);
        near(variance, 1.0, 1.42);
        near(fourth, 3.0, 9.8);
        near(next, 0.0, 1.0);
    }
}
