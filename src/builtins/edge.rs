//! An element at indices that may be outside the array: what `each(…, edge = …)` reads, one at a time; and where `pad` takes its own from.

use super::build::{A, Build, SliceArg};
use super::parts::elementwise;
use crate::array::Scalar;
use crate::base::{Outcome, Span};
use crate::ops::ScalarOp;
use crate::types::edge::Edge;

/// The element of `array` at `at`, one i64 scalar an axis. `fill` is what is outside under `Edge::Constant`.
pub fn element(b: &mut dyn Build, array: A, at: &[A], edge: Edge, fill: Option<A>) -> Outcome<A> {
    let mut inside = None;
    let mut index = Vec::with_capacity(at.len());
    for (axis, at) in at.iter().enumerate() {
        let size = b.size(array, axis);
        let folded = fold(b, *at, size, edge)?;
        if edge == Edge::Constant {
            let same = elementwise(b, ScalarOp::Eq, &[*at, folded])?;
            inside = Some(match inside {
                Some(inside) => elementwise(b, ScalarOp::And, &[inside, same])?,
                None => same,
            });
        }
        index.push(SliceArg::At(folded, Span::default()));
    }
    let value = b.slice(array, &index)?;
    match inside.zip(fill) {
        Some((inside, fill)) => elementwise(b, ScalarOp::Select, &[inside, value, fill]),
        None => Ok(value),
    }
}

/// `Edge::fold` over i64 indices; under `Constant` the nearest index inside.
pub(super) fn fold(b: &mut dyn Build, at: A, size: A, edge: Edge) -> Outcome<A> {
    let [zero, one, two] = [0, 1, 2].map(|value| b.constant(Scalar::i64(value)));
    let last = elementwise(b, ScalarOp::Sub, &[size, one])?;
    match edge {
        Edge::Nearest | Edge::Constant => {
            let at = elementwise(b, ScalarOp::Maximum, &[at, zero])?;
            elementwise(b, ScalarOp::Minimum, &[at, last])
        }
        Edge::Wrap => elementwise(b, ScalarOp::Rem, &[at, size]),
        Edge::Reflect => {
            let period = elementwise(b, ScalarOp::Mul, &[last, two])?;
            let period = elementwise(b, ScalarOp::Maximum, &[period, one])?;
            let place = elementwise(b, ScalarOp::Rem, &[at, period])?;
            let left = elementwise(b, ScalarOp::Sub, &[last, place])?;
            let left = elementwise(b, ScalarOp::Abs, &[left])?;
            elementwise(b, ScalarOp::Sub, &[last, left])
        }
        Edge::Symmetric => {
            let period = elementwise(b, ScalarOp::Mul, &[size, two])?;
            let place = elementwise(b, ScalarOp::Rem, &[at, period])?;
            let end = elementwise(b, ScalarOp::Sub, &[period, one])?;
            let other = elementwise(b, ScalarOp::Sub, &[end, place])?;
            elementwise(b, ScalarOp::Minimum, &[place, other])
        }
    }
}
