//! What is known of variables while a function is evaluated for all passes of its loops together.

use crate::array::Scalar;
use crate::builtins::build::{A, Build, Value};
use crate::kernel::lower::Instances;
use crate::ops::ScalarOp;
use crate::sema::hir::{Instance, LocalId};

/// Calls deeper than this are not looked into.
pub const MAX_CALLS: usize = 16;
/// Loops in each other that are lifted.
pub const MAX_LOOPS: usize = 8;
/// Loops in each other that fold: of more a kernel does less work.
pub const MAX_FOLDS: usize = 2;
/// Passes of a loop inside others that are evaluated one by one where they cannot be taken together.
pub const MAX_PASSES: u64 = 64;
/// Statements and expressions that are looked at, at most.
const MAX_STEPS: usize = 20_000;
/// Statements and expressions in each other, calls included.
const MAX_DEPTH: usize = 100;

pub struct Lift<'a> {
    pub world: &'a dyn Instances,
    pub checked: bool,
    pub b: &'a mut dyn Build,
    /// Open loops, outermost first.
    pub loops: Vec<Loop>,
    /// In which passes the open branches are taken: each with all round it.
    pub masks: Vec<Elem>,
    pub calls: usize,
    depth: usize,
    steps: usize,
}

/// A loop: its variable is `start + step * k` in pass k.
#[derive(Clone, Copy, Debug)]
pub struct Loop {
    pub start: i64,
    pub step: i64,
    pub count: u64,
}

/// The variables of one function.
pub struct Frame<'a> {
    pub inst: &'a Instance,
    pub vars: Vec<Var>,
}

#[derive(Clone, Debug)]
pub enum Var {
    /// Not bound, or bound to what cannot be said.
    Unset,
    Bound(Val),
    /// Has a value from before a loop that binds it; `loops` were open round that loop.
    Carried {
        before: Val,
        loops: usize,
    },
    Folded(Folded),
    /// An array whose elements a loop assigns.
    Target(Target),
}

/// A reduction of a loop: `before op total`, where `loops` were open round the loop.
#[derive(Clone, Debug)]
pub struct Folded {
    pub before: Val,
    pub loops: usize,
    pub op: ScalarOp,
    pub total: A,
    /// A NaN from before the loop stays.
    pub keeps_nan: bool,
}

/// An array whose elements are assigned: those of a region, in the order of the loops.
#[derive(Clone, Debug)]
pub struct Target {
    /// The array as it was before.
    pub before: A,
    /// For each axis the loop that runs along it; nothing is assigned yet where this is empty.
    pub axes: Vec<(usize, Loop)>,
    /// The region's elements, one axis for each loop in `axes`, by loop.
    pub now: Option<A>,
    /// An operation that a deeper loop folds into the elements; they are not read there otherwise.
    pub folding: Option<ScalarOp>,
}

/// A value in loops.
#[derive(Clone, Debug)]
pub enum Val {
    /// The same in every pass.
    Plain(Value),
    /// A scalar that differs from pass to pass.
    Elem(Elem),
    /// An array without its first axes: a row of it in each pass.
    Row {
        array: A,
        prefix: Vec<Place>,
    },
    Tuple(Vec<Val>),
}

/// A scalar of each pass: an array without names, one axis for each of the first `rank` open loops, of that loop's size or 1.
#[derive(Clone, Copy, Debug)]
pub struct Elem {
    pub a: A,
    pub rank: usize,
    /// Where the value is an integer that follows a loop: `start + step * k`.
    pub affine: Option<Affine>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    pub axis: usize,
    pub start: i64,
    pub step: i64,
}

/// An index that is inside in every pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    At(u64),
    /// Follows a loop.
    Along(Affine),
}

impl<'a> Lift<'a> {
    pub fn new(world: &'a dyn Instances, checked: bool, b: &'a mut dyn Build) -> Lift<'a> {
        Lift { world, checked, b, loops: Vec::new(), masks: Vec::new(), calls: 0, depth: 0, steps: 0 }
    }
    /// Looks into a statement or expression, unless there is too much of it.
    pub fn deeper<T>(&mut self, look: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.steps += 1;
        if self.depth == MAX_DEPTH || self.steps > MAX_STEPS {
            return None;
        }
        self.depth += 1;
        let found = look(self);
        self.depth -= 1;
        found
    }
    /// The value of a scalar that is the same in every pass and known now.
    pub fn known(&self, val: &Val) -> Option<Scalar> {
        match val {
            Val::Plain(Value::Array(a)) => self.b.known(*a),
            Val::Plain(Value::Flag(scalar)) => Some(*scalar),
            _ => None,
        }
    }
    pub fn known_int(&self, val: &Val) -> Option<i64> {
        self.known(val)?.as_int().and_then(|value| i64::try_from(value).ok())
    }
    pub fn constant(&mut self, value: Scalar) -> Val {
        Val::Plain(Value::Array(self.b.constant(value)))
    }
    /// The scalar as an array with an axis for each open loop, or none where it is the same in all.
    pub fn spread(&mut self, val: &Val) -> Option<A> {
        match val {
            Val::Plain(Value::Array(a)) if self.b.ty(*a).rank() == 0 => Some(*a),
            Val::Elem(elem) => self.padded(*elem),
            _ => None,
        }
    }
    /// The array with an axis for each open loop: those that were opened since have size 1.
    fn padded(&mut self, elem: Elem) -> Option<A> {
        use crate::builtins::build::SliceArg;
        if elem.rank == 0 || elem.rank == self.loops.len() {
            return Some(elem.a);
        }
        let mut index = vec![SliceArg::Range { lo: None, hi: None, step: 1 }; elem.rank];
        index.extend((elem.rank..self.loops.len()).map(|_| SliceArg::New));
        self.b.slice(elem.a, &index).ok()
    }
    /// A scalar from an array over the open loops; one without axes is the same in every pass.
    pub fn elem(&self, a: A) -> Val {
        if self.b.ty(a).rank() == 0 { Val::Plain(Value::Array(a)) } else { Val::Elem(Elem { a, rank: self.loops.len(), affine: None }) }
    }
}

impl Val {
    /// The value, where it is the same in every pass.
    pub fn plain(self) -> Option<Value> {
        match self {
            Val::Plain(value) => Some(value),
            Val::Row { array, prefix } if prefix.is_empty() => Some(Value::Array(array)),
            Val::Tuple(items) => Some(Value::Tuple(items.into_iter().map(Val::plain).collect::<Option<_>>()?)),
            Val::Row { .. } | Val::Elem(_) => None,
        }
    }
    pub fn as_plain(&self) -> Option<Value> {
        self.clone().plain()
    }
    /// Several values as one.
    pub fn tuple(items: Vec<Val>) -> Val {
        match items.iter().map(Val::as_plain).collect::<Option<Vec<Value>>>() {
            Some(values) => Val::Plain(Value::Tuple(values)),
            None => Val::Tuple(items),
        }
    }
    /// An item of a tuple or record.
    pub fn item(self, position: usize) -> Option<Val> {
        match self {
            Val::Plain(Value::Tuple(items)) => items.into_iter().nth(position).map(Val::Plain),
            Val::Plain(Value::Record(fields)) => fields.into_iter().nth(position).map(|(_, field)| Val::Plain(field)),
            Val::Tuple(items) => items.into_iter().nth(position),
            _ => None,
        }
    }
}

impl<'a> Frame<'a> {
    pub fn var(&self, local: LocalId) -> &Var {
        &self.vars[local.0 as usize]
    }
    pub fn var_mut(&mut self, local: LocalId) -> &mut Var {
        &mut self.vars[local.0 as usize]
    }
}
