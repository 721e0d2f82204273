//! Arrays as index functions: an array of an expression is not computed but remembered as how to compute an element at given indices.
//! Slices, transposes, broadcasts, casts and arithmetic compose without memory; elements are computed where a loop asks for them.

use super::bind::Owner;
use super::function::Function;
use super::index::{add, int, is_atom, mul, sub};
use crate::array::{ArrayTy, DType, Scalar, Size};
use crate::base::Span;
use crate::builtins::build::A;
use crate::kernel::ir::*;
use crate::ops::{ScalarOp, eval};
use rustc_hash::FxHashSet;

/// What is known in an open block.
#[derive(Debug, Default)]
pub struct Scope {
    /// Elements that were computed into variables.
    pub computed: Vec<(A, Vec<Expr>, VarId)>,
    /// Indices that were checked against sizes.
    pub checked: Vec<(Expr, Expr)>,
}

/// An array or scalar of the statement at hand.
#[derive(Clone, Debug)]
pub struct Node {
    pub ty: ArrayTy,
    /// Size of each axis: a constant, a variable or the size of a slot.
    pub extents: Vec<Expr>,
    pub kind: Kind,
    /// The value of a scalar that is known.
    pub known: Option<Scalar>,
    /// How many others are computed from it.
    pub uses: u32,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum Kind {
    /// A scalar, computed where it is asked for.
    Scalar(Expr),
    Slot(ArrayId, Owner),
    /// Its element is its index.
    Iota,
    /// Operands have the shape of the result.
    Map(ScalarOp, Vec<A>),
    Cast(A),
    /// Elements of another array at other indices; one entry for each axis of it.
    Reindex(A, Vec<Ix>),
}

/// An index into an axis of the array below. All are inside: what may be outside was checked when the node was made.
#[derive(Clone, Debug, PartialEq)]
pub enum Ix {
    At(Expr),
    /// `start + step * i`, `i` being the index along an axis of the array above.
    Axis {
        axis: usize,
        start: Expr,
        step: i64,
    },
    /// What a one-dimensional array holds at the index along an axis of the array above.
    Take {
        axis: usize,
        positions: A,
    },
}

impl Ix {
    pub fn all(axis: usize) -> Ix {
        Ix::Axis { axis, start: int(0), step: 1 }
    }
}

/// Up to this cost an element is rather computed again than kept in memory; a load is 1.
const CHEAP: u32 = 4;

impl Function<'_> {
    pub fn node(&self, a: A) -> &Node {
        &self.nodes[a.0 as usize]
    }
    pub fn push(&mut self, ty: ArrayTy, extents: Vec<Expr>, kind: Kind) -> A {
        match &kind {
            Kind::Map(_, args) => args.iter().for_each(|arg| self.nodes[arg.0 as usize].uses += 1),
            Kind::Cast(arg) | Kind::Reindex(arg, _) => self.nodes[arg.0 as usize].uses += 1,
            Kind::Scalar(_) | Kind::Slot(..) | Kind::Iota => {}
        }
        let known = match &kind {
            Kind::Scalar(Expr::Const(value)) => Some(Scalar { dtype: ty.dtype, bits: value.bits }),
            _ => None,
        };
        self.nodes.push(Node { ty, extents, kind, known, uses: 0, span: self.span });
        A(self.nodes.len() as u32 - 1)
    }
    pub fn scalar_node(&mut self, dtype: DType, value: Expr) -> A {
        self.push(ArrayTy::scalar(dtype), Vec::new(), Kind::Scalar(value))
    }
    pub fn constant_node(&mut self, value: Scalar) -> A {
        self.scalar_node(value.dtype, Expr::Const(stored(value)))
    }
    /// What a slot holds, with its type. Known sizes are constants.
    pub fn slot_node(&mut self, ty: ArrayTy, array: ArrayId, owner: Owner) -> A {
        let size = |(axis, dim): (usize, &crate::array::Dim)| match dim.size {
            Size::Known(size) => super::index::size(size),
            Size::Unknown(_) => Expr::Len { array, axis },
        };
        let extents = ty.dims.iter().enumerate().map(size).collect();
        self.push(ty, extents, Kind::Slot(array, owner))
    }

    /// The element at these indices, one for each axis. May add statements to the open block; the expression is for the same block.
    pub fn element(&mut self, a: A, at: &[Expr]) -> Expr {
        if let Some((.., var)) =
            self.scopes.iter().rev().flat_map(|scope| &scope.computed).find(|(node, indices, _)| *node == a && indices == at)
        {
            return Expr::Var(*var);
        }
        let node = self.node(a);
        let (dtype, span, shared) = (node.ty.dtype.storage(), node.span, node.uses > 1);
        let value = match node.kind.clone() {
            Kind::Scalar(value) => value,
            Kind::Slot(array, _) => return Expr::Load { array, index: at.to_vec(), check: Check::Proven },
            Kind::Iota => return at.first().cloned().unwrap_or(int(0)),
            Kind::Reindex(base, entries) => {
                let below = self.reindex(&entries, at, span);
                self.element(base, &below)
            }
            Kind::Cast(base) => {
                let from = self.node(base).ty.dtype.storage();
                let arg = self.element(base, at);
                if from == dtype { arg } else { fold(Expr::Cast { from, to: dtype, arg: Box::new(arg), span }) }
            }
            Kind::Map(op, args) => {
                let dtype = args.last().map_or(dtype, |arg| self.node(*arg).ty.dtype.storage());
                let args = args.iter().map(|arg| self.element(*arg, at)).collect();
                fold(Expr::Op { op, dtype, args, span })
            }
        };
        if !shared || is_atom(&value) {
            return value;
        }
        let var = self.keep(dtype, value);
        if let Some(scope) = self.scopes.last_mut() {
            scope.computed.push((a, at.to_vec(), var));
        }
        Expr::Var(var)
    }

    /// Indices into the array below.
    pub fn reindex(&mut self, entries: &[Ix], at: &[Expr], span: Span) -> Vec<Expr> {
        let above = |axis: usize| at.get(axis).cloned().unwrap_or(int(0));
        let mut below = Vec::with_capacity(entries.len());
        for entry in entries {
            below.push(match entry {
                Ix::At(index) => index.clone(),
                Ix::Axis { axis, start, step } => add(start.clone(), mul(above(*axis), int(*step), span), span),
                Ix::Take { axis, positions } => self.element(*positions, &[above(*axis)]),
            });
        }
        below
    }

    /// A scalar as an expression for the open block.
    pub fn scalar(&mut self, a: A) -> Expr {
        self.element(a, &[])
    }

    /// The value in a new variable.
    pub fn keep(&mut self, dtype: DType, value: Expr) -> VarId {
        let var = self.var("", dtype);
        self.set(var, value);
        var
    }

    /// The scalar as a constant or variable.
    pub fn settled(&mut self, a: A) -> Expr {
        let value = self.scalar(a);
        if is_atom(&value) {
            return value;
        }
        let dtype = self.node(a).ty.dtype;
        Expr::Var(self.keep(dtype, value))
    }

    /// The array, or one in memory where an element is dear: for what asks for each element many times.
    pub fn repeatable(&mut self, a: A) -> A {
        if self.node(a).ty.rank() > 0 {
            return if self.cost(a) <= CHEAP { a } else { self.in_memory(a) };
        }
        if matches!(&self.node(a).kind, Kind::Scalar(value) if is_atom(value)) {
            return a;
        }
        let (dtype, known) = (self.node(a).ty.dtype, self.node(a).known);
        let value = self.settled(a);
        let settled = self.scalar_node(dtype, value);
        self.nodes[settled.0 as usize].known = known;
        settled
    }

    /// About how much work an element is.
    fn cost(&self, a: A) -> u32 {
        match &self.node(a).kind {
            Kind::Scalar(value) if is_atom(value) => 0,
            Kind::Scalar(_) => CHEAP + 1,
            Kind::Slot(..) => 1,
            Kind::Iota => 0,
            Kind::Cast(base) => 1 + self.cost(*base),
            Kind::Reindex(base, entries) => {
                self.cost(*base) + entries.iter().filter(|entry| matches!(entry, Ix::Take { .. })).count() as u32
            }
            Kind::Map(op, args) => {
                let own = match op {
                    ScalarOp::Div | ScalarOp::FloorDiv | ScalarOp::Rem | ScalarOp::Pow | ScalarOp::Sqrt => CHEAP + 1,
                    ScalarOp::Math(_) | ScalarOp::Random(_) | ScalarOp::Quantile(_) => CHEAP + 1,
                    _ => 1,
                };
                // Saturating early keeps the walk short where operands are shared.
                args.iter().fold(own, |cost, arg| if cost > CHEAP { cost } else { cost + self.cost(*arg) })
            }
        }
    }

    /// Whether elements or sizes of the slot are read to compute this array.
    pub fn reads(&self, a: A, array: ArrayId) -> bool {
        let inside = |expr: &Expr| super::index::reads_array(expr, array);
        if self.node(a).extents.iter().any(inside) {
            return true;
        }
        let (mut open, mut seen) = (vec![a], FxHashSet::default());
        while let Some(a) = open.pop() {
            if !seen.insert(a) {
                continue;
            }
            let found = match &self.node(a).kind {
                Kind::Scalar(value) => inside(value),
                Kind::Slot(slot, _) => *slot == array,
                Kind::Iota => false,
                Kind::Map(_, args) => {
                    open.extend(args);
                    false
                }
                Kind::Cast(base) => {
                    open.push(*base);
                    false
                }
                Kind::Reindex(base, entries) => {
                    open.push(*base);
                    open.extend(entries.iter().filter_map(|entry| match entry {
                        Ix::Take { positions, .. } => Some(*positions),
                        Ix::At(_) | Ix::Axis { .. } => None,
                    }));
                    entries.iter().any(|entry| matches!(entry, Ix::At(index) | Ix::Axis { start: index, .. } if inside(index)))
                }
            };
            if found {
                return true;
            }
        }
        false
    }
}

/// A scalar as it is stored: times are i64.
pub fn stored(value: Scalar) -> Scalar {
    Scalar { dtype: value.dtype.storage(), bits: value.bits }
}

/// Computes what is constant and cannot fail; leaves out what changes no integer.
fn fold(expr: Expr) -> Expr {
    if let Expr::Op { op, dtype: DType::I64, args, span } = &expr
        && let [a, b] = args.as_slice()
        && let Some(build) = match op {
            ScalarOp::Add => Some(add as fn(Expr, Expr, Span) -> Expr),
            ScalarOp::Sub => Some(sub as _),
            ScalarOp::Mul => Some(mul as _),
            _ => None,
        }
    {
        return build(a.clone(), b.clone(), *span);
    }
    let constant = |arg: &Expr| match arg {
        Expr::Const(value) => Some(*value),
        _ => None,
    };
    let folded = match &expr {
        Expr::Op { op, dtype, args, .. } => {
            let args: Option<Vec<Scalar>> = args.iter().map(constant).collect();
            args.and_then(|args| eval::operate(*op, *dtype, &args, true).ok())
        }
        Expr::Cast { to, arg, .. } => constant(arg).and_then(|value| eval::convert(value, *to, true).ok()),
        _ => None,
    };
    folded.map_or(expr, Expr::Const)
}
