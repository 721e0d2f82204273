//! The reference interpreter: runs kernels exactly as the IR says, on one element at a time. Slow and simple; what compiled code is compared
//! with. Calls live on a stack of its own, so recursion is bounded by `MAX_DEPTH` alone.

mod code;
mod expr;
mod run;

use super::abi::{Arg, Compiled, Engine, Fault, Host, Ret};
use super::ir::{FaultKind, Kernel, Module, Param, ResultTy};
use super::memory::Slot;
use crate::array::Scalar;
use crate::base::{Outcome, Span};
use crate::ops::define;
use crate::ops::emit::Elem;
use crate::ops::eval::{Eval, scalar};
use run::{Machine, Value};
use std::sync::Arc;

/// The engine that interprets.
#[derive(Clone, Copy, Debug, Default)]
pub struct Interpreter;

impl Engine for Interpreter {
    fn compile(&self, module: &Module) -> Outcome<Arc<dyn Compiled>> {
        super::verify::verify(module)?;
        Ok(Arc::new(Interpreted(module.clone())))
    }
    fn name(&self) -> &'static str {
        "interpreter"
    }
}

struct Interpreted(Module);

impl Compiled for Interpreted {
    fn call(&self, host: &dyn Host, args: &[Arg]) -> Result<Vec<Ret>, Fault> {
        let module = &self.0;
        let Some(entry) = module.kernels.first() else { return Ok(Vec::new()) };
        let machine = Machine::new(module, host);
        let results = machine.run(0, 0, arguments(entry, args)?)?;
        results.into_iter().zip(&entry.results).map(|(value, ty)| result(value, *ty, host, entry.span)).collect()
    }
    fn listing(&self) -> String {
        self.0.to_string()
    }
}

/// The arguments as values; those that do not fit the parameters are a fault.
fn arguments(kernel: &Kernel, args: &[Arg]) -> Result<Vec<Value>, Fault> {
    let misfit = || Fault { kind: FaultKind::Value, span: kernel.span, values: Vec::new() };
    if args.len() != kernel.params.len() {
        return Err(misfit());
    }
    let convert = |(param, arg): (&Param, &Arg)| match (param, arg) {
        (Param::Scalar(var), Arg::Scalar(value)) => {
            let dtype = kernel.vars.get(var.0 as usize)?.dtype;
            let value = Scalar { dtype: value.dtype.storage(), ..*value };
            (value.dtype == dtype).then(|| Value::Scalar(define::constant(&mut Eval::default(), value)))
        }
        (Param::Array(id), Arg::Array(array)) => {
            let decl = kernel.arrays.get(id.0 as usize)?;
            let fits = array.dtype.storage() == decl.dtype.storage() && [array.sizes.len(), array.strides.len()] == [decl.rank; 2];
            fits.then(|| Value::Array(Slot::borrowed(array)))
        }
        _ => None,
    };
    kernel.params.iter().zip(args).map(|pair| convert(pair).ok_or_else(misfit)).collect()
}

fn result(value: Value, ty: ResultTy, host: &dyn Host, span: Span) -> Result<Ret, Fault> {
    match (value, ty) {
        (Value::Scalar(value), ResultTy::Scalar(dtype)) => Ok(Ret::Scalar(scalar(dtype, value))),
        (Value::Scalar(value), ResultTy::Array { dtype, .. }) => Ok(Ret::Scalar(scalar(dtype, value))),
        (Value::Array(slot), _) => {
            let mut asked = 0;
            let array = slot.into_array(|bytes| {
                asked = bytes as i64;
                host.alloc(bytes, false)
            });
            array.map(Ret::Array).ok_or(Fault { kind: FaultKind::Memory, span, values: vec![asked] })
        }
    }
}

/// Zero of a dtype.
fn zero(dtype: crate::array::DType) -> Elem<u64> {
    if dtype.is_complex() { Elem::Complex(0, 0) } else { Elem::Real(0) }
}
