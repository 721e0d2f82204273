//! Vector math: transcendental functions over strips of numbers, compiled ahead for each instruction set, and the same functions on one
//! number. Compiled code and the reference interpreter call exactly these routines, so a result has the same bits in every engine.
//! Owns no shapes, no broadcasting and no dtype rules: a caller brings pointers (compiled code) or slices.
//!
//! The guarantee: one element's result depends on its input and the [`Level`] only, never on its position in a strip or the strip's length.
//! AVX2 and AVX-512 give the same bits. The SSE2 baseline has no fused multiply-add and may differ from them in the last place, within the
//! same error bounds (`docs/accuracy.md`).

#[cfg(test)]
mod accuracy;
mod arc;
mod arith;
mod dispatch;
mod erf;
mod exp;
mod kernel;
mod log;
mod math;
mod pow;
mod quantile;
mod rarer;
mod special;
mod trig;

pub use dispatch::{
    Scalar1, Scalar2, Strip1, Strip2, Table, map1_f32, map1_f64, map2_f32, map2_f64, scalar_address_f32, scalar_address_f64, scalar_f32,
    scalar_f64, strip_f32, strip_f64, table,
};
pub use math::{Level, Math, level};
pub use quantile::Quantile;
