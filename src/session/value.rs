//! Values of a running program. Arrays are nodes of the graph: nothing is computed until somebody asks.

use crate::array::Scalar;
use crate::base::Name;
use crate::graph::NodeId;
use crate::types::{DatasetTy, Ty};
use std::sync::Arc;

/// A value of the program.
#[derive(Clone, Debug)]
pub enum Val {
    /// An array or scalar.
    Array(NodeId),
    Text(Text),
    Tuple(Vec<Val>),
    Record(Vec<(Name, Val)>),
    /// `lo..hi by step`, half-open.
    Range {
        lo: NodeId,
        hi: NodeId,
        step: NodeId,
    },
    /// Which function is in its type; these are the values it captured.
    Function(Vec<Val>),
    Dataset(Arc<DatasetTy>),
    Unit,
}

/// A text, parts of which may not be computed yet.
pub type Text = Vec<Piece>;

#[derive(Clone, Debug)]
pub enum Piece {
    Text(String),
    Value { value: Box<Val>, ty: Ty, format: Option<String> },
}

impl Val {
    /// Adds all nodes that it is made of.
    pub fn nodes(&self, nodes: &mut Vec<NodeId>) {
        match self {
            Val::Array(node) => nodes.push(*node),
            Val::Text(text) => text.iter().for_each(|piece| piece.nodes(nodes)),
            Val::Tuple(items) | Val::Function(items) => items.iter().for_each(|item| item.nodes(nodes)),
            Val::Record(fields) => fields.iter().for_each(|(_, item)| item.nodes(nodes)),
            Val::Range { lo, hi, step } => nodes.extend([*lo, *hi, *step]),
            Val::Dataset(_) | Val::Unit => {}
        }
    }
}

impl Piece {
    /// Adds all nodes that it is made of.
    pub fn nodes(&self, nodes: &mut Vec<NodeId>) {
        if let Piece::Value { value, .. } = self {
            value.nodes(nodes);
        }
    }
}

/// The text of what is all text.
pub fn plain(text: &Text) -> Option<String> {
    text.iter()
        .map(|piece| match piece {
            Piece::Text(text) => Some(text.as_str()),
            Piece::Value { .. } => None,
        })
        .collect()
}

/// A scalar that a host gives.
impl From<f64> for HostValue {
    fn from(value: f64) -> HostValue {
        HostValue::Array(crate::array::Array::scalar(Scalar::f64(value)))
    }
}

impl From<i64> for HostValue {
    fn from(value: i64) -> HostValue {
        HostValue::Array(crate::array::Array::scalar(Scalar::i64(value)))
    }
}

impl From<bool> for HostValue {
    fn from(value: bool) -> HostValue {
        HostValue::Array(crate::array::Array::scalar(Scalar::bool(value)))
    }
}

impl From<&str> for HostValue {
    fn from(value: &str) -> HostValue {
        HostValue::Text(value.to_string())
    }
}

/// A computed value, as a host program sees it.
#[derive(Clone, Debug, PartialEq)]
pub enum HostValue {
    /// An array or scalar in memory.
    Array(crate::array::Array),
    Text(String),
    Tuple(Vec<HostValue>),
    Record(Vec<(Name, HostValue)>),
    /// What has no form outside the session: functions, datasets, ranges; as its type reads.
    Other(String),
    Nothing,
}

impl HostValue {
    /// The value of a scalar or of an array of one element.
    pub fn scalar(&self) -> Option<Scalar> {
        match self {
            HostValue::Array(array) => array.item(),
            _ => None,
        }
    }
    pub fn as_f64(&self) -> Option<f64> {
        self.scalar().map(Scalar::as_f64)
    }
    pub fn as_i64(&self) -> Option<i64> {
        self.scalar().and_then(Scalar::as_int).and_then(|value| i64::try_from(value).ok())
    }
    pub fn as_array(&self) -> Option<&crate::array::Array> {
        match self {
            HostValue::Array(array) => Some(array),
            _ => None,
        }
    }
}
