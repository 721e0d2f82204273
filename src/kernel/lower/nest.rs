//! Loop nests over array shapes, and arrays put into memory by them.

use super::bind::Owner;
use super::function::Function;
use super::index::{int, known};
use super::pull::Kind;
use crate::array::DType;
use crate::builtins::build::A;
use crate::kernel::ir::*;

impl Function<'_> {
    /// Loops over a shape, first axis outermost, round what `fill` adds. An axis of one element has no loop.
    pub fn nest(&mut self, extents: &[Expr], fill: &mut dyn FnMut(&mut Self, &[Expr])) {
        self.nest_inside(extents, &mut Vec::with_capacity(extents.len()), fill)
    }

    fn nest_inside(&mut self, extents: &[Expr], at: &mut Vec<Expr>, fill: &mut dyn FnMut(&mut Self, &[Expr])) {
        let Some((extent, rest)) = extents.split_first() else { return fill(self, at) };
        if known(extent) == Some(1) {
            at.push(int(0));
            self.nest_inside(rest, at, fill);
        } else {
            let span = self.span;
            let var = self.var("", DType::I64);
            at.push(Expr::Var(var));
            if let Some(size) = known(extent) {
                self.ranges.open(var, 0, size.max(1) - 1);
            }
            let (body, ()) = self.block(|f| f.nest_inside(rest, at, fill));
            self.ranges.close(var);
            self.out.push(Stmt::For { var, lo: int(0), hi: extent.clone(), step: 1, body, kind: LoopKind::Seq, span });
        }
        at.pop();
    }

    /// A new slot bound to fresh memory of the shape of an array.
    pub fn fresh_like(&mut self, a: A) -> ArrayId {
        let node = self.node(a);
        let (dtype, extents) = (node.ty.dtype, node.extents.clone());
        let slot = self.slot("", dtype, extents.len());
        self.out.push(Stmt::Alloc { array: slot, shape: extents, clear: true, span: self.span });
        slot
    }

    /// Stores every element into a slot of the same shape, bound to memory of its own.
    pub fn fill_slot(&mut self, slot: ArrayId, a: A) {
        let extents = self.node(a).extents.clone();
        self.nest(&extents, &mut |f, at| {
            let value = f.element(a, at);
            f.store_at(slot, at.to_vec(), value);
        });
    }

    /// Stores an element at indices that are inside.
    pub fn store_at(&mut self, array: ArrayId, index: Vec<Expr>, value: Expr) {
        self.out.push(Stmt::Store { array, index, value, check: Check::Proven, span: self.span });
    }

    /// Binds a slot, of which `a` reads nothing, to fresh memory with the elements of `a`.
    pub fn copy_into(&mut self, slot: ArrayId, a: A) {
        let extents = self.node(a).extents.clone();
        self.out.push(Stmt::Alloc { array: slot, shape: extents, clear: true, span: self.span });
        if !self.is_zero(a) {
            self.fill_slot(slot, a);
        }
    }

    /// The array computed into memory of its own.
    pub fn in_memory(&mut self, a: A) -> A {
        let ty = self.node(a).ty.clone();
        let slot = self.slot("", ty.dtype, ty.rank());
        self.copy_into(slot, a);
        self.computed_slot(a, slot)
    }

    /// A slot with fresh memory as an array of the type and shape of another.
    pub fn computed_slot(&mut self, like: A, slot: ArrayId) -> A {
        let node = self.node(like);
        let (ty, extents) = (node.ty.clone(), node.extents.clone());
        self.push(ty, extents, Kind::Slot(slot, Owner::Fresh))
    }

    /// Is every element zero in all its bits?
    fn is_zero(&self, a: A) -> bool {
        match &self.node(a).kind {
            Kind::Scalar(Expr::Const(value)) => value.bits == 0,
            Kind::Cast(base) | Kind::Reindex(base, _) => self.is_zero(*base),
            _ => false,
        }
    }
}
