//! Array slots of a kernel: where elements are, reading and writing them, binding slots and counting references.
//!
//! A handle is the address of a count. Slots that a kernel binds own a reference; parameters that it never binds, and views of those, do
//! not count. What is alive when a fault unwinds is freed with the context.

use super::function::{Function, OWN};
use super::runtime::offset;
use super::symbols::Symbol;
use crate::array::DType;
use crate::base::Span;
use crate::kernel::ir::{ArrayDecl, ArrayId, Check, Expr, FaultKind, Kernel, LARGE, Param, Place, Stmt, ViewIndex};
use crate::kernel::visit;
use crate::ops::emit::{Elem, Prim};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};
use cranelift_frontend::{FunctionBuilder, Variable};

/// Memory of elements: always there, aligned to an element at best.
pub const ELEMENT: MemFlagsData = MemFlagsData::new().with_notrap();

/// The machine variables of an array slot.
pub struct Slot {
    pub handle: Variable,
    pub ptr: Variable,
    pub sizes: Vec<Variable>,
    /// In bytes.
    pub strides: Vec<Variable>,
    pub dtype: DType,
    /// Does it own a reference?
    pub counted: bool,
    /// Is its last stride the size of an element, always?
    pub dense: bool,
    /// The handle that it has before it is bound.
    empty: Option<Value>,
}

impl Slot {
    pub fn declare(b: &mut FunctionBuilder, array: &ArrayDecl, counted: bool, dense: bool) -> Slot {
        let mut variable = || b.declare_var(types::I64);
        let (handle, ptr) = (variable(), variable());
        let sizes = (0..array.rank).map(|_| variable()).collect();
        let strides = (0..array.rank).map(|_| variable()).collect();
        Slot { handle, ptr, sizes, strides, dtype: array.dtype, counted, dense, empty: None }
    }

    /// In the order of parameters and results.
    pub fn variables(&self) -> impl Iterator<Item = Variable> {
        [self.handle, self.ptr].into_iter().chain(self.sizes.iter().copied()).chain(self.strides.iter().copied())
    }

    pub fn item(&self) -> i64 {
        self.dtype.size() as i64
    }
}

/// What is known of a kernel's slots before it is emitted, by slot.
pub struct Facts {
    pub counted: Vec<bool>,
    pub dense: Vec<bool>,
}

/// How a slot comes to be bound.
enum Binding {
    Alloc,
    /// A view, and whether its last axis is the base's whole or in steps of one.
    View(usize, bool),
    Slot(usize),
    Result,
}

impl Facts {
    pub fn of(kernel: &Kernel) -> Facts {
        let mut bindings = Vec::new();
        collect(&kernel.body, &mut bindings);
        let count = kernel.arrays.len();
        let mut is_param = vec![false; count];
        for param in &kernel.params {
            if let Param::Array(array) = param {
                is_param[array.0 as usize] = true;
            }
        }
        let mut counted: Vec<bool> = vec![false; count];
        let mut dense: Vec<bool> = is_param.iter().map(|param| !param).collect();
        let mut changed = true;
        while std::mem::take(&mut changed) {
            for (slot, binding) in &bindings {
                let (counts, is_dense) = match binding {
                    Binding::Alloc => (true, true),
                    Binding::View(base, last) => (counted[*base] || is_param[*slot], *last && dense[*base]),
                    Binding::Slot(from) => (true, dense[*from]),
                    Binding::Result => (true, false),
                };
                changed |= counts && !counted[*slot] || !is_dense && dense[*slot];
                counted[*slot] |= counts;
                dense[*slot] &= is_dense;
            }
        }
        Facts { counted, dense }
    }
}

fn collect(body: &[Stmt], out: &mut Vec<(usize, Binding)>) {
    for stmt in body {
        match stmt {
            Stmt::Alloc { array, .. } => out.push((array.0 as usize, Binding::Alloc)),
            Stmt::View { array, base, index, .. } => {
                let whole = matches!(index.last(), Some(ViewIndex::All | ViewIndex::Range { step: 1, .. }));
                out.push((array.0 as usize, Binding::View(base.0 as usize, whole)));
            }
            Stmt::Rebind { pairs, .. } => out.extend(pairs.iter().map(|(to, from)| (to.0 as usize, Binding::Slot(from.0 as usize)))),
            Stmt::Call { results, .. } => out.extend(results.iter().filter_map(|place| match place {
                Place::Array(array) => Some((array.0 as usize, Binding::Result)),
                Place::Scalar(_) => None,
            })),
            Stmt::If { then, other, .. } => {
                collect(then, out);
                collect(other, out);
            }
            Stmt::For { body, .. } | Stmt::While { body, .. } => collect(body, out),
            _ => {}
        }
    }
}

/// What a slot is to be bound to.
#[derive(Clone)]
pub struct Bound {
    pub handle: Value,
    pub ptr: Value,
    pub sizes: Vec<Value>,
    pub strides: Vec<Value>,
}

impl Bound {
    pub fn values(&self) -> impl Iterator<Item = Value> {
        [self.handle, self.ptr].into_iter().chain(self.sizes.iter().copied()).chain(self.strides.iter().copied())
    }
}

impl Function<'_, '_> {
    pub fn slot(&self, array: ArrayId) -> &Slot {
        &self.slots[array.0 as usize]
    }

    pub fn len(&mut self, array: ArrayId, axis: usize) -> Value {
        self.b.use_var(self.slots[array.0 as usize].sizes[axis])
    }

    /// Is an array one whose elements the kernel does not read?
    pub fn is_streamed(&self, array: ArrayId) -> bool {
        let mut read = false;
        visit::all_exprs(&self.kernel.body, &mut |expr| read |= matches!(expr, Expr::Load { array: other, .. } if other == &array));
        !read
    }

    /// Do caches not hold an array?
    pub fn is_large(&mut self, array: ArrayId) -> Value {
        let decl = &self.kernel.arrays[array.0 as usize];
        if decl.stream {
            return self.b.ins().iconst(types::I8, 1);
        }
        let mut bytes = self.b.ins().iconst(types::I64, decl.dtype.size() as i64);
        for axis in 0..decl.rank {
            let size = self.len(array, axis);
            bytes = self.b.ins().imul(bytes, size);
        }
        self.b.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, bytes, LARGE as i64)
    }

    /// Bytes from an element to the next along an axis.
    pub fn stride(&mut self, array: ArrayId, axis: usize) -> Value {
        let slot = &self.slots[array.0 as usize];
        if slot.dense && axis + 1 == slot.strides.len() {
            self.b.ins().iconst(types::I64, slot.item())
        } else {
            self.b.use_var(slot.strides[axis])
        }
    }

    pub fn ptr(&mut self, array: ArrayId) -> Value {
        self.b.use_var(self.slots[array.0 as usize].ptr)
    }

    /// What a slot is bound to now.
    pub fn bound(&mut self, array: ArrayId) -> Bound {
        let rank = self.slot(array).sizes.len();
        Bound {
            handle: self.b.use_var(self.slots[array.0 as usize].handle),
            ptr: self.ptr(array),
            sizes: (0..rank).map(|axis| self.len(array, axis)).collect(),
            strides: (0..rank).map(|axis| self.stride(array, axis)).collect(),
        }
    }

    /// The address of an element, after the checks that are asked for.
    pub fn address(&mut self, array: ArrayId, index: &[Expr], check: Check) -> Value {
        let index: Vec<Value> = index.iter().map(|at| self.value(at)).collect();
        if let Check::At(span) = check {
            for (axis, at) in index.iter().enumerate() {
                self.check_index(array, axis, *at, span);
            }
        }
        let mut address = self.ptr(array);
        for (axis, at) in index.into_iter().enumerate() {
            let stride = self.stride(array, axis);
            let bytes = self.b.ins().imul(at, stride);
            address = self.b.ins().iadd(address, bytes);
        }
        address
    }

    fn check_index(&mut self, array: ArrayId, axis: usize, at: Value, span: Span) {
        let size = self.len(array, axis);
        let outside = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, at, size);
        let axis = self.b.ins().iconst(types::I64, axis as i64);
        self.fail_if(outside, FaultKind::Bounds, span, &[axis, at, size]);
    }

    /// Reads an element.
    pub fn load(&mut self, dtype: DType, address: Value) -> Elem<Value> {
        if dtype.is_complex() {
            let part = dtype.real();
            let (re, im) = (load(&mut self.b, part, address, 0), load(&mut self.b, part, address, part.size() as i32));
            Elem::Complex(re, im)
        } else {
            Elem::Real(load(&mut self.b, dtype, address, 0))
        }
    }

    /// Writes an element.
    pub fn store(&mut self, dtype: DType, address: Value, value: Elem<Value>) {
        match value {
            Elem::Real(re) => store(&mut self.b, dtype, address, 0, re),
            Elem::Complex(re, im) => {
                let part = dtype.real();
                store(&mut self.b, part, address, 0, re);
                store(&mut self.b, part, address, part.size() as i32, im);
            }
        }
    }

    /// Binds a slot that has no memory yet to nothing.
    pub fn empty_slot(&mut self, at: usize) {
        let zero = self.b.ins().iconst(types::I64, 0);
        let borrowed = self.b.ins().iadd_imm_s(self.ctx, offset::BORROWED as i64);
        let slot = &mut self.slots[at];
        slot.empty = Some(borrowed);
        for variable in slot.variables() {
            self.b.def_var(variable, zero);
        }
        self.b.def_var(slot.handle, borrowed);
    }

    /// Binds a slot, giving up what it held, unless it is plain that this is nothing. The reference in `to` becomes the slot's, if it counts.
    pub fn bind(&mut self, array: ArrayId, to: &Bound) {
        if self.slot(array).counted {
            let old = self.b.use_var(self.slot(array).handle);
            if self.slot(array).empty != Some(self.b.func.dfg.resolve_aliases(old)) {
                self.release(old);
            }
        }
        self.assign(array, to);
    }

    fn assign(&mut self, array: ArrayId, to: &Bound) {
        for (variable, value) in self.slots[array.0 as usize].variables().zip(to.values()) {
            self.b.def_var(variable, value);
        }
    }

    pub fn retain(&mut self, handle: Value) {
        let count = self.b.ins().load(types::I64, OWN, handle, offset::BLOCK_COUNT);
        let more = self.b.ins().iadd_imm_s(count, 1);
        self.b.ins().store(OWN, more, handle, offset::BLOCK_COUNT);
    }

    pub fn release(&mut self, handle: Value) {
        let count = self.b.ins().load(types::I64, OWN, handle, offset::BLOCK_COUNT);
        let less = self.b.ins().iadd_imm_s(count, -1);
        self.b.ins().store(OWN, less, handle, offset::BLOCK_COUNT);
        let (go_on, free) = (self.b.create_block(), self.new_cold_block());
        self.b.ins().brif(less, go_on, &[], free, &[]);
        self.enter(free);
        self.call_symbol(Symbol::Release, &[self.ctx, handle]);
        self.b.ins().jump(go_on, &[]);
        self.enter(go_on);
    }

    /// Gives up what all slots hold, at the end of the kernel.
    pub fn release_all(&mut self) {
        for at in 0..self.slots.len() {
            if self.slots[at].counted {
                let handle = self.b.use_var(self.slots[at].handle);
                self.release(handle);
            }
        }
    }

    /// `Alloc`: memory of its own, row-major.
    pub fn alloc(&mut self, array: ArrayId, shape: &[Expr], clear: bool, span: Span) {
        let sizes: Vec<Value> = shape.iter().map(|size| self.value(size)).collect();
        for size in &sizes {
            let negative = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, *size, 0);
            self.fail_if(negative, FaultKind::Value, span, &[*size]);
        }
        let place = self.stack(sizes.len());
        for (axis, size) in sizes.iter().enumerate() {
            self.b.ins().store(OWN, *size, place, axis as i32 * 8);
        }
        let item = self.slot(array).item();
        let rank = self.b.ins().iconst(types::I64, sizes.len() as i64);
        let mut stride = self.b.ins().iconst(types::I64, item);
        let clear = self.b.ins().iconst(types::I64, i64::from(clear));
        let call = self.call_symbol(Symbol::Alloc, &[self.ctx, place, rank, stride, clear]);
        let handle = self.b.inst_results(call)[0];
        let (go_on, denied) = (self.b.create_block(), self.new_cold_block());
        self.b.ins().brif(handle, go_on, &[], denied, &[]);
        self.enter(denied);
        self.fail_with(FaultKind::Memory, span, 1);
        self.enter(go_on);
        let mut strides = Vec::new();
        for size in sizes.iter().rev() {
            strides.push(stride);
            stride = self.b.ins().imul(stride, *size);
        }
        strides.reverse();
        let ptr = self.b.ins().load(types::I64, OWN, handle, offset::BLOCK_PTR);
        self.bind(array, &Bound { handle, ptr, sizes, strides });
    }

    /// `View`: part of another array.
    pub fn view(&mut self, array: ArrayId, base: ArrayId, index: &[ViewIndex], check: Check) {
        let mut to = Bound { handle: self.b.use_var(self.slot(base).handle), ptr: self.ptr(base), sizes: Vec::new(), strides: Vec::new() };
        let mut axis = 0;
        for part in index {
            let (start, size, stride) = match part {
                ViewIndex::New => {
                    to.sizes.push(self.b.ins().iconst(types::I64, 1));
                    to.strides.push(self.b.ins().iconst(types::I64, 0));
                    continue;
                }
                ViewIndex::All => (None, Some(self.len(base, axis)), self.stride(base, axis)),
                ViewIndex::At(at) => {
                    let at = self.value(at);
                    if let Check::At(span) = check {
                        self.check_index(base, axis, at, span);
                    }
                    (Some(at), None, self.stride(base, axis))
                }
                ViewIndex::Range { lo, hi, step } => {
                    let (lo, hi) = (self.value(lo), self.value(hi));
                    let (start, count) = self.range(base, axis, (lo, hi), *step);
                    (Some(start), Some(count), self.stride(base, axis))
                }
            };
            if let Some(start) = start {
                let bytes = self.b.ins().imul(start, stride);
                to.ptr = self.b.ins().iadd(to.ptr, bytes);
            }
            if let Some(size) = size {
                let step = if let ViewIndex::Range { step, .. } = part { *step } else { 1 };
                to.sizes.push(size);
                to.strides.push(self.b.ins().imul_imm_s(stride, step));
            }
            axis += 1;
        }
        if self.slot(array).counted {
            self.retain(to.handle);
        }
        self.bind(array, &to);
    }

    /// First element and number of elements of a range of an axis: bounds outside are the nearest end (as `types::slice::range_of`).
    fn range(&mut self, array: ArrayId, axis: usize, (lo, hi): (Value, Value), step: i64) -> (Value, Value) {
        let size = self.len(array, axis);
        let zero = self.b.ins().iconst(types::I64, 0);
        let (first, last) = if step > 0 { (zero, size) } else { (self.b.ins().iconst(types::I64, -1), self.b.ins().iadd_imm_s(size, -1)) };
        let mut clamp = |at| {
            let at = self.b.ins().smax(at, first);
            self.b.ins().smin(at, last)
        };
        let (lo, hi) = (clamp(lo), clamp(hi));
        let span = if step > 0 { self.b.ins().isub(hi, lo) } else { self.b.ins().isub(lo, hi) };
        let span = self.b.ins().smax(span, zero);
        let count = match step.unsigned_abs() {
            1 => span,
            by => {
                // No overflow: a span is a size.
                let by = self.b.ins().iconst(types::I64, by.min(i64::MAX as u64) as i64);
                let (whole, rest) = (self.b.ins().udiv(span, by), self.b.ins().urem(span, by));
                let more = self.b.ins().icmp_imm_s(IntCC::NotEqual, rest, 0);
                let more = self.b.ins().uextend(types::I64, more);
                self.b.ins().iadd(whole, more)
            }
        };
        let start = self.b.ins().select(count, lo, zero);
        (start, count)
    }

    /// `Rebind`: all at once.
    pub fn rebind(&mut self, pairs: &[(ArrayId, ArrayId)]) {
        let bounds: Vec<Bound> = pairs.iter().map(|(_, from)| self.bound(*from)).collect();
        let permutation = pairs.iter().all(|(to, _)| pairs.iter().filter(|(_, from)| from == to).count() == 1);
        if !permutation {
            for bound in &bounds {
                self.retain(bound.handle);
            }
            for (to, _) in pairs {
                let old = self.b.use_var(self.slot(*to).handle);
                self.release(old);
            }
        }
        for ((to, _), bound) in pairs.iter().zip(&bounds) {
            self.assign(*to, bound);
        }
    }
}

/// Reads a part of an element, `offset` bytes on, extended as its `Prim` has it.
pub fn load(b: &mut FunctionBuilder, dtype: DType, address: Value, offset: i32) -> Value {
    match dtype {
        DType::Bool => {
            let byte = b.ins().load(types::I8, ELEMENT, address, offset);
            b.ins().icmp_imm_s(IntCC::NotEqual, byte, 0)
        }
        DType::I8 => b.ins().sload8(types::I32, ELEMENT, address, offset),
        DType::U8 => b.ins().uload8(types::I32, ELEMENT, address, offset),
        DType::I16 => b.ins().sload16(types::I32, ELEMENT, address, offset),
        DType::U16 => b.ins().uload16(types::I32, ELEMENT, address, offset),
        _ => b.ins().load(super::scalar::clif(Prim::of(dtype)), ELEMENT, address, offset),
    }
}

/// Writes a part of an element, `offset` bytes on.
pub fn store(b: &mut FunctionBuilder, dtype: DType, address: Value, offset: i32, value: Value) {
    match dtype {
        DType::I8 | DType::U8 => b.ins().istore8(ELEMENT, value, address, offset),
        DType::I16 | DType::U16 => b.ins().istore16(ELEMENT, value, address, offset),
        _ => b.ins().store(ELEMENT, value, address, offset),
    };
}
