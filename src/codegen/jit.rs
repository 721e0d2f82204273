//! The engine: from a module of kernels to machine code in memory, and back when it is dropped.
//! One of the two files of this module with `unsafe`: addresses of finished code, and freeing it.

use super::function::{self, Function};
use super::jobs::{self, Effort, Job};
use super::runtime::{self, Entry, ParSite, Site, Tables};
use super::symbols::{self, Symbol};
use crate::base::{Code, Diagnostic, Outcome};
use crate::kernel::abi::{Arg, Compiled, Engine, Fault, Host, Ret};
use crate::kernel::ir::{Module, Stmt};
use crate::kernel::verify::verify;
use crate::kernel::visit;
use cranelift_frontend::FunctionBuilderContext;
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Linkage, Module as _, ModuleReloc, default_libcall_names};
use rustc_hash::FxHashMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

/// Compiles kernels to machine code of this machine. Compiling takes about 0.1 ms a small kernel, 2 ms a thousand instructions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Jit {
    /// Threads that compile a module at most; none is as one.
    pub threads: usize,
}

impl Engine for Jit {
    fn compile(&self, module: &Module) -> Outcome<Arc<dyn Compiled>> {
        verify(module)?;
        let (unit, entries, _) = build(module, false, self.threads)?;
        Ok(Arc::new(Machine::new(module.clone(), unit, entries)))
    }

    fn name(&self) -> &'static str {
        "jit"
    }
}

/// Machine code of a module, its memory freed on drop.
struct Machine {
    source: Module,
    tables: Tables,
    /// Owns the memory of the code. Never executed through, so a lock is enough to share it.
    memory: Mutex<Option<JITModule>>,
}

impl Machine {
    fn new(source: Module, unit: Unit, entries: Vec<Option<FuncId>>) -> Machine {
        let address = |id| {
            let code = unit.module.get_finalized_function(id);
            // SAFETY: the code at the address was compiled with this signature (`function::trampoline`).
            unsafe { std::mem::transmute::<*const u8, Entry>(code) }
        };
        let entries = entries.into_iter().map(|id| id.map(address)).collect();
        let tables = Tables { sites: unit.sites, pars: unit.pars, entries, checked: source.checked };
        Machine { source, tables, memory: Mutex::new(Some(unit.module)) }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(module) = self.memory.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // SAFETY: calls borrow the machine, so none is running, and the addresses go with it.
            unsafe { module.free_memory() };
        }
    }
}

impl Compiled for Machine {
    fn call(&self, host: &dyn Host, args: &[Arg]) -> Result<Vec<Ret>, Fault> {
        match self.source.kernels.first() {
            Some(kernel) => runtime::call(host, &self.tables, kernel, args),
            None => Ok(Vec::new()),
        }
    }

    /// Compiles again, asking for the text: it is wanted rarely.
    fn listing(&self) -> String {
        match build(&self.source, true, 1) {
            Ok((unit, _, text)) => {
                // SAFETY: nothing of this copy was ever called.
                unsafe { unit.module.free_memory() };
                text
            }
            Err(diagnostic) => diagnostic.message,
        }
    }
}

/// A module being compiled.
pub struct Unit {
    pub module: JITModule,
    pub funcs: Vec<FuncId>,
    imports: FxHashMap<Symbol, FuncId>,
    pub sites: Vec<Site>,
    pub pars: Vec<ParSite>,
}

impl Unit {
    /// The function behind a symbol.
    pub fn import(&mut self, symbol: Symbol) -> Outcome<FuncId> {
        if let Some(id) = self.imports.get(&symbol) {
            return Ok(*id);
        }
        let signature = symbol.signature(self.module.isa().default_call_conv());
        let id = self.module.declare_function(&symbol.name(), Linkage::Import, &signature).map_err(internal)?;
        self.imports.insert(symbol, id);
        Ok(id)
    }

    /// Adds the code of a compiled function.
    fn define(&mut self, job: &Job) -> Outcome<()> {
        let Some(code) = job.context.compiled_code() else { return Err(internal("no code")) };
        let reloc = |reloc| ModuleReloc::from_mach_reloc(reloc, &job.context.func, job.id);
        let relocs: Vec<ModuleReloc> = code.buffer.relocs().iter().map(reloc).collect();
        let alignment = u64::from(code.buffer.alignment);
        self.module.define_function_bytes(job.id, alignment, code.code_buffer(), &relocs).map_err(internal)
    }
}

/// Compiles a module on so many threads; with the trampolines by kernel and, if asked for, the code as text.
fn build(source: &Module, listing: bool, threads: usize) -> Outcome<(Unit, Vec<Option<FuncId>>, String)> {
    let mut builder = JITBuilder::with_isa(jobs::isa(Effort::Most)?, default_libcall_names());
    builder.symbol_lookup_fn(Box::new(symbols::lookup));
    let mut module = JITModule::new(builder);
    let mut funcs = Vec::new();
    for (at, kernel) in source.kernels.iter().enumerate() {
        let signature = function::signature(&module, kernel);
        let name = format!("{at}:{}", kernel.name);
        funcs.push(module.declare_function(&name, Linkage::Local, &signature).map_err(internal)?);
    }
    let mut unit = Unit { module, funcs, imports: FxHashMap::default(), sites: Vec::new(), pars: Vec::new() };
    let recursive = recursive(source);
    let mut frontend = FunctionBuilderContext::new();
    let mut jobs = Vec::new();
    for (at, kernel) in source.kernels.iter().enumerate() {
        let mut context = unit.module.make_context();
        context.set_disasm(listing);
        context.func.signature = function::signature(&unit.module, kernel);
        Function::new(&mut context.func, &mut frontend, &mut unit, source, kernel, recursive[at])?.kernel()?;
        // The entry itself runs once a call, and what is in no loop once.
        let once = at == 0 && !recursive[at] && !visit::any(&kernel.body, |stmt| matches!(stmt, Stmt::For { .. } | Stmt::While { .. }));
        jobs.push(Job { id: unit.funcs[at], context, effort: if once { Effort::Least } else { Effort::Most } });
    }
    let mut entries = vec![None; source.kernels.len()];
    for (at, entry) in entries.iter_mut().enumerate() {
        if at == 0 || unit.pars.iter().any(|par| par.kernel == at) {
            let mut context = unit.module.make_context();
            context.func.signature = function::trampoline_signature(&unit.module);
            let id = unit.module.declare_anonymous_function(&context.func.signature).map_err(internal)?;
            function::trampoline(&mut context.func, &mut frontend, &mut unit, &source.kernels[at], at);
            jobs.push(Job { id, context, effort: Effort::Least });
            *entry = Some(id);
        }
    }
    jobs::compile(&mut jobs, threads)?;
    jobs.iter().try_for_each(|job| unit.define(job))?;
    let codes = jobs.iter().filter_map(|job| job.context.compiled_code()?.vcode.as_ref());
    let text = source.kernels.iter().zip(codes).map(|(kernel, code)| format!("{}:\n{code}\n", kernel.name)).collect();
    unit.module.finalize_definitions().map_err(internal)?;
    Ok((unit, entries, text))
}

/// An error that only a fault in Kiln can cause.
pub fn internal(error: impl Display) -> Box<Diagnostic> {
    Diagnostic::new(Code::Internal, format!("the compiler cannot compile a kernel: {error}"))
}

/// Which kernels can come to call themselves: those that reach themselves.
fn recursive(source: &Module) -> Vec<bool> {
    let calls: Vec<Vec<usize>> = source.kernels.iter().map(|kernel| callees(&kernel.body)).collect();
    (0..calls.len())
        .map(|start| {
            let mut seen = vec![false; calls.len()];
            let mut open = calls[start].clone();
            while let Some(at) = open.pop() {
                if at < seen.len() && !seen[at] {
                    seen[at] = true;
                    open.extend(&calls[at]);
                }
            }
            seen[start]
        })
        .collect()
}

fn callees(body: &[Stmt]) -> Vec<usize> {
    let mut out = Vec::new();
    for stmt in body {
        match stmt {
            Stmt::Call { kernel, .. } | Stmt::ParFor { kernel, .. } => out.push(kernel.0 as usize),
            Stmt::If { then, other, .. } => out.extend(callees(then).into_iter().chain(callees(other))),
            Stmt::For { body, .. } | Stmt::While { body, .. } => out.extend(callees(body)),
            _ => {}
        }
    }
    out
}
