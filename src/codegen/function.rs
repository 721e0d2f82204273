//! A kernel as a native function: its signature, variables, prologue, failures, calls out and returns. Statements are in `statements`,
//! expressions in `expressions`, arrays in `arrays`, vector loops in `vector`.
//!
//! `fn(context, depth of calls, parameters…[, results]) -> (status[, result])`: a scalar parameter is a value (a complex number two), an
//! array handle, pointer, sizes, strides. One result that is a value comes back in a register, others are stored in 64-bit slots.

use super::arrays::{Facts, Slot};
use super::expressions::real;
use super::jit::{Unit, internal};
use super::runtime::{MAX_VALUES, Site, offset, result_slots};
use super::scalar::{clif, constant};
use super::symbols::Symbol;
use crate::base::{Diagnostic, Outcome, Span};
use crate::kernel::ir::{FaultKind, Kernel, Module, Param, ResultTy, VarId};
use crate::ops::emit::{Elem, Prim};
use cranelift_codegen::ir::{
    self, AbiParam, Block, BlockArg, ExtFuncData, ExternalName, FuncRef, Inst, InstBuilder, LibCall, MemFlagsData, Signature,
    StackSlotData, StackSlotKind, Type, Value, types,
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext, Variable};
use cranelift_jit::JITModule;
use cranelift_module::{FuncId, Module as _};
use rustc_hash::FxHashMap;

/// Memory of the context, of stack slots and of results: aligned and always there.
pub const OWN: MemFlagsData = MemFlagsData::trusted();

/// The machine values of a parameter or result, in order.
fn scalar_types(dtype: crate::array::DType) -> impl Iterator<Item = Type> {
    std::iter::repeat_n(clif(Prim::of(dtype)), if dtype.is_complex() { 2 } else { 1 })
}

fn param_types(kernel: &Kernel, param: Param) -> Vec<Type> {
    match param {
        Param::Scalar(var) => scalar_types(kernel.vars[var.0 as usize].dtype).collect(),
        Param::Array(array) => vec![types::I64; 2 + 2 * kernel.arrays[array.0 as usize].rank],
    }
}

/// The type of a result that comes back in a register.
pub fn direct_result(kernel: &Kernel) -> Option<Type> {
    match kernel.results[..] {
        [ResultTy::Scalar(dtype)] if !dtype.is_complex() => Some(clif(Prim::of(dtype))),
        _ => None,
    }
}

/// Slots of the results that are stored; 0 if there are none.
pub fn stored_results(kernel: &Kernel) -> usize {
    if direct_result(kernel).is_some() { 0 } else { kernel.results.iter().map(|result| result_slots(*result)).sum() }
}

pub fn signature(module: &JITModule, kernel: &Kernel) -> Signature {
    let mut signature = module.make_signature();
    let params = kernel.params.iter().flat_map(|param| param_types(kernel, *param));
    signature.params.extend([types::I64; 2].into_iter().chain(params).map(AbiParam::new));
    if stored_results(kernel) > 0 {
        signature.params.push(AbiParam::new(types::I64));
    }
    signature.returns.extend(std::iter::once(types::I32).chain(direct_result(kernel)).map(AbiParam::new));
    signature
}

/// The signature of `runtime::Entry`.
pub fn trampoline_signature(module: &JITModule) -> Signature {
    let mut signature = module.make_signature();
    signature.params = vec![AbiParam::new(types::I64); 4];
    signature.returns = vec![AbiParam::new(types::I32)];
    signature
}

/// The function that calls kernel number `at` with arguments from memory; its arrays are borrowed.
pub fn trampoline(func: &mut ir::Function, frontend: &mut FunctionBuilderContext, unit: &mut Unit, kernel: &Kernel, at: usize) {
    let mut b = FunctionBuilder::new(func, frontend);
    let block = b.create_block();
    b.append_block_params_for_function_params(block);
    b.switch_to_block(block);
    b.seal_block(block);
    let [ctx, depth, args, rets] = *b.block_params(block) else { return };
    let mut values = vec![ctx, depth];
    let mut offset = 0;
    for param in &kernel.params {
        let mut types = param_types(kernel, *param);
        if let Param::Array(_) = param {
            types.remove(0);
            values.push(b.ins().iadd_imm_s(ctx, offset::BORROWED as i64));
        }
        for ty in types {
            values.push(b.ins().load(ty, OWN, args, offset));
            offset += 8;
        }
    }
    if stored_results(kernel) > 0 {
        values.push(rets);
    }
    let callee = unit.module.declare_func_in_func(unit.funcs[at], b.func);
    let call = b.ins().call(callee, &values);
    let results = b.inst_results(call).to_vec();
    if let Some(direct) = results.get(1) {
        b.ins().store(OWN, *direct, rets, 0);
    }
    b.ins().return_(&results[..1]);
    b.finalize(unit.module.target_config());
}

/// Where `break` and `continue` go, and the variable of a `for`.
pub struct Loop {
    pub next: Block,
    pub exit: Block,
    pub var: Option<VarId>,
    /// Has it values of its own (`quiet`)?
    pub quiet: bool,
}

/// A kernel on its way to a native function.
pub struct Function<'a, 'f> {
    pub b: FunctionBuilder<'f>,
    pub unit: &'a mut Unit,
    pub source: &'a Module,
    pub kernel: &'a Kernel,
    /// Can it come to call itself?
    pub recursive: bool,
    pub vars: Vec<Elem<Variable>>,
    pub slots: Vec<Slot>,
    pub ctx: Value,
    pub depth: Value,
    /// Where stored results go.
    rets: Option<Value>,
    pub loops: Vec<Loop>,
    /// Of the operation that is being emitted.
    pub span: Span,
    /// Values known to be constants, with their bits.
    pub constants: FxHashMap<Value, u64>,
    /// Returns a status, its parameter.
    failure: Block,
    /// The first thing that went wrong in compiling.
    pub error: Option<Box<Diagnostic>>,
}

impl<'a, 'f> Function<'a, 'f> {
    pub fn new(
        func: &'f mut ir::Function,
        frontend: &'f mut FunctionBuilderContext,
        unit: &'a mut Unit,
        source: &'a Module,
        kernel: &'a Kernel,
        recursive: bool,
    ) -> Outcome<Function<'a, 'f>> {
        let mut b = FunctionBuilder::new(func, frontend);
        let block = b.create_block();
        b.append_block_params_for_function_params(block);
        b.switch_to_block(block);
        b.seal_block(block);
        let params = b.block_params(block).to_vec();
        let (Some(ctx), Some(depth)) = (params.first(), params.get(1)) else { return Err(internal("no parameters")) };
        let failure = b.create_block();
        b.append_block_param(failure, types::I32);
        b.set_cold_block(failure);
        let (ctx, depth) = (*ctx, *depth);
        let rets = if stored_results(kernel) > 0 { params.last().copied() } else { None };
        let mut function = Function {
            b,
            unit,
            source,
            kernel,
            recursive,
            vars: Vec::new(),
            slots: Vec::new(),
            ctx,
            depth,
            rets,
            loops: Vec::new(),
            span: kernel.span,
            constants: FxHashMap::default(),
            failure,
            error: None,
        };
        function.declare(&params[2..]);
        Ok(function)
    }

    /// Declares variables and slots and gives them their first values: parameters, zeros and empty arrays.
    fn declare(&mut self, params: &[Value]) {
        let kernel = self.kernel;
        for var in &kernel.vars {
            let ty = clif(Prim::of(var.dtype));
            let variable = if var.dtype.is_complex() {
                Elem::Complex(self.b.declare_var(ty), self.b.declare_var(ty))
            } else {
                Elem::Real(self.b.declare_var(ty))
            };
            self.vars.push(variable);
        }
        let facts = Facts::of(kernel);
        for (at, array) in kernel.arrays.iter().enumerate() {
            let slot = Slot::declare(&mut self.b, array, facts.counted[at], facts.dense[at]);
            self.slots.push(slot);
        }
        let is_param = |wanted: Param| kernel.params.contains(&wanted);
        for (at, var) in kernel.vars.iter().enumerate() {
            let id = VarId(at as u32);
            if !is_param(Param::Scalar(id)) {
                let zero = constant(&mut self.b, Prim::of(var.dtype), 0);
                self.set_parts(id, zero, zero);
            }
        }
        for at in 0..kernel.arrays.len() {
            if !is_param(Param::Array(crate::kernel::ir::ArrayId(at as u32))) {
                self.empty_slot(at);
            }
        }
        let mut left = params.iter().copied();
        let mut take = || left.next().unwrap_or(self.ctx);
        let mut counted = Vec::new();
        for param in &kernel.params {
            match *param {
                Param::Scalar(var) => match self.vars[var.0 as usize] {
                    Elem::Real(variable) => self.b.def_var(variable, take()),
                    Elem::Complex(re, im) => {
                        self.b.def_var(re, take());
                        self.b.def_var(im, take());
                    }
                },
                Param::Array(array) => {
                    let slot = &self.slots[array.0 as usize];
                    for variable in slot.variables() {
                        self.b.def_var(variable, take());
                    }
                    if slot.counted {
                        counted.push(array);
                    }
                }
            }
        }
        for array in counted {
            let handle = self.b.use_var(self.slots[array.0 as usize].handle);
            self.retain(handle);
        }
    }

    fn set_parts(&mut self, var: VarId, re: Value, im: Value) {
        match self.vars[var.0 as usize] {
            Elem::Real(variable) => self.b.def_var(variable, re),
            Elem::Complex(first, second) => {
                self.b.def_var(first, re);
                self.b.def_var(second, im);
            }
        }
    }

    pub fn set_var(&mut self, var: VarId, value: Elem<Value>) {
        match value {
            Elem::Real(re) => self.set_parts(var, re, re),
            Elem::Complex(re, im) => self.set_parts(var, re, im),
        }
    }

    pub fn get_var(&mut self, var: VarId) -> Elem<Value> {
        match self.vars[var.0 as usize] {
            Elem::Real(variable) => Elem::Real(self.b.use_var(variable)),
            Elem::Complex(re, im) => Elem::Complex(self.b.use_var(re), self.b.use_var(im)),
        }
    }

    /// Emits the whole kernel.
    pub fn kernel(mut self) -> Outcome<()> {
        let kernel = self.kernel;
        if self.body(&kernel.body) {
            self.give_back(&[]);
        }
        self.b.switch_to_block(self.failure);
        let mut results = vec![self.b.block_params(self.failure)[0]];
        results.extend(self.zero_result());
        self.b.ins().return_(&results);
        self.b.seal_all_blocks();
        match self.error {
            Some(error) => Err(error),
            None => {
                self.b.finalize(self.unit.module.target_config());
                Ok(())
            }
        }
    }

    fn zero_result(&mut self) -> Option<Value> {
        let ty = direct_result(self.kernel)?;
        let prim = [Prim::Mask, Prim::I32, Prim::I64, Prim::F32, Prim::F64].into_iter().find(|prim| clif(*prim) == ty)?;
        Some(constant(&mut self.b, prim, 0))
    }

    /// Returns with status 0. `values` are the flattened results, none for a body that ends without a `Return`; handles among them are
    /// counted for the caller.
    pub fn give_back(&mut self, values: &[Value]) {
        self.release_all();
        let mut results = vec![self.b.ins().iconst(types::I32, 0)];
        if direct_result(self.kernel).is_some() {
            let value = values.first().copied().or_else(|| self.zero_result());
            results.extend(value);
        } else if let Some(rets) = self.rets {
            let missing = stored_results(self.kernel).saturating_sub(values.len());
            let zero = self.b.ins().iconst(types::I64, 0);
            for (at, value) in values.iter().copied().chain(std::iter::repeat_n(zero, missing)).enumerate() {
                self.b.ins().store(OWN, value, rets, at as i32 * 8);
            }
        }
        self.b.ins().return_(&results);
    }

    /// Goes on in `block` and makes it complete: no more jumps to it will come.
    pub fn enter(&mut self, block: Block) {
        self.b.switch_to_block(block);
        self.b.seal_block(block);
    }

    pub fn new_cold_block(&mut self) -> Block {
        let block = self.b.create_block();
        self.b.set_cold_block(block);
        block
    }

    /// Leaves with a fault if `mask` is set.
    pub fn fail_if(&mut self, mask: Value, kind: FaultKind, span: Span, values: &[Value]) {
        if self.constants.get(&mask) == Some(&0) {
            return;
        }
        let (fail, go_on) = (self.new_cold_block(), self.b.create_block());
        self.b.ins().brif(mask, fail, &[], go_on, &[]);
        self.enter(fail);
        self.fail(kind, span, values);
        self.enter(go_on);
    }

    /// Leaves with a fault; ends the block.
    pub fn fail(&mut self, kind: FaultKind, span: Span, values: &[Value]) {
        for (at, value) in values.iter().take(MAX_VALUES).enumerate() {
            self.b.ins().store(OWN, *value, self.ctx, offset::VALUES + at as i32 * 8);
        }
        self.fail_with(kind, span, values.len());
    }

    /// Leaves with a fault whose values are in the context already; ends the block.
    pub fn fail_with(&mut self, kind: FaultKind, span: Span, values: usize) {
        self.unit.sites.push(Site { kind, span, values });
        let status = self.b.ins().iconst(types::I32, self.unit.sites.len() as i64);
        self.b.ins().jump(self.failure, &[BlockArg::Value(status)]);
    }

    /// Leaves with a callee's status unless it is 0.
    pub fn check_status(&mut self, status: Value) {
        let go_on = self.b.create_block();
        self.b.ins().brif(status, self.failure, &[BlockArg::Value(status)], go_on, &[]);
        self.enter(go_on);
    }

    /// Where the byte is that tells whether the run is to stop.
    pub fn cancel(&mut self) -> Value {
        self.b.ins().load(types::I64, OWN.with_readonly().with_can_move(), self.ctx, offset::CANCEL)
    }

    /// Leaves if the run is to stop.
    pub fn poll(&mut self, span: Span) {
        let cancel = self.cancel();
        // Atomic, so that it is read each time.
        let stop = self.b.ins().atomic_load(types::I8, OWN, cancel);
        self.fail_if(stop, FaultKind::Cancelled, span, &[]);
    }

    /// The variables of the `for` loops round this place, outermost first.
    pub fn loop_values(&mut self) -> Vec<Value> {
        let vars: Vec<VarId> = self.loops.iter().filter_map(|round| round.var).collect();
        vars.into_iter().map(|var| real(self.get_var(var))).collect()
    }

    /// A place on the stack of 64-bit slots; its address.
    pub fn stack(&mut self, slots: usize) -> Value {
        let slot = self.b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, slots.max(1) as u32 * 8, 4));
        self.b.ins().stack_addr(types::I64, slot, 0)
    }

    pub fn call_symbol(&mut self, symbol: Symbol, args: &[Value]) -> Inst {
        let callee = match self.unit.import(symbol) {
            Ok(id) => self.callee(id),
            Err(error) => {
                // The function is thrown away, so any name does.
                self.error.get_or_insert(error);
                let signature = symbol.signature(self.unit.module.isa().default_call_conv());
                let signature = self.b.import_signature(signature);
                let name = ExternalName::LibCall(LibCall::Memcpy);
                self.b.import_function(ExtFuncData { name, signature, colocated: false, patchable: false })
            }
        };
        self.b.ins().call(callee, args)
    }

    pub fn callee(&mut self, id: FuncId) -> FuncRef {
        self.unit.module.declare_func_in_func(id, self.b.func)
    }
}
