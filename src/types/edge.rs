//! Edges: what an index outside an array means where a stencil or a padding says so. Owns no arrays (see `builtins::edge`).

use serde::{Deserialize, Serialize};

/// The array as it goes on beyond its ends; names are those of NumPy's `pad`, but for its `edge`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Edge {
    /// `a a | a b c | c c`
    Nearest,
    /// `b c | a b c | a b`
    Wrap,
    /// `c b | a b c | b a`
    Reflect,
    /// `b a | a b c | c b`
    Symmetric,
    /// A given value.
    Constant,
}

impl Edge {
    pub const ALL: &[(&str, Edge)] = &[
        ("nearest", Edge::Nearest),
        ("wrap", Edge::Wrap),
        ("reflect", Edge::Reflect),
        ("symmetric", Edge::Symmetric),
        ("constant", Edge::Constant),
    ];

    pub fn named(name: &str) -> Option<Edge> {
        Edge::ALL.iter().find(|(known, _)| *known == name).map(|(_, edge)| *edge)
    }

    /// The index inside an axis of `size` elements, at least one, that an index means; `None` where it means the constant.
    pub fn fold(self, index: i64, size: u64) -> Option<u64> {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        let last = size - 1;
        let folded = match self {
            Edge::Nearest => index.clamp(0, last),
            Edge::Wrap => index.rem_euclid(size),
            Edge::Reflect => last - (last - index.rem_euclid((2 * last).max(1))).abs(),
            Edge::Symmetric => {
                let place = index.rem_euclid(2 * size);
                place.min(2 * size - 1 - place)
            }
            Edge::Constant if (0..size).contains(&index) => index,
            Edge::Constant => return None,
        };
        Some(folded as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_as_numpys_pad() {
        let row = |edge: Edge, size: u64| -> Vec<i64> { (-5..6).map(|at| edge.fold(at, size).map_or(-1, |at| at as i64)).collect() };
        assert_eq!(row(Edge::Nearest, 3), [0, 0, 0, 0, 0, 0, 1, 2, 2, 2, 2]);
        assert_eq!(row(Edge::Wrap, 3), [1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
        assert_eq!(row(Edge::Reflect, 3), [1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1]);
        assert_eq!(row(Edge::Symmetric, 3), [1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0]);
        assert_eq!(row(Edge::Constant, 3), [-1, -1, -1, -1, -1, 0, 1, 2, -1, -1, -1]);
        assert_eq!(row(Edge::Reflect, 1), [0; 11]);
        assert_eq!(row(Edge::Reflect, 2), [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
    }
}
