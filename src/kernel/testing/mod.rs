//! For tests of engines and passes: a host, a way to run a module on plain data, and (in `generate`) random kernels. Not for users.

pub mod generate;

use super::abi::{Arg, ArrayArg, Engine, Fault, Host, Ret};
use super::ir::Module;
use crate::array::buffer::ALIGN;
use crate::array::{Buffer, DType, Scalar};
use crate::base::Cancel;

/// Runs chunks one after another, from the last to the first, and denies memory above a limit.
pub struct TestHost {
    pub cancel: Cancel,
    pub limit: usize,
}

impl Default for TestHost {
    fn default() -> TestHost {
        TestHost { cancel: Cancel::new(), limit: 1 << 26 }
    }
}

impl Host for TestHost {
    fn cancel(&self) -> &Cancel {
        &self.cancel
    }
    fn alloc(&self, bytes: usize, _clear: bool) -> Option<Buffer> {
        (bytes <= self.limit).then(|| Buffer::zeroed(bytes))
    }
    fn parallel(&self, chunks: usize, task: &(dyn Fn(usize) -> Result<(), Fault> + Sync)) -> Result<(), Fault> {
        let mut outcome = Ok(());
        for chunk in (0..chunks).rev() {
            outcome = task(chunk).and(outcome);
        }
        outcome
    }
}

/// An argument as plain data.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    Scalar(Scalar),
    Array { dtype: DType, sizes: Vec<i64>, values: Vec<Scalar> },
}

impl Data {
    pub fn f64s(values: &[f64]) -> Data {
        let scalars: Vec<Scalar> = values.iter().map(|value| Scalar::f64(*value)).collect();
        Data::Array { dtype: DType::F64, sizes: vec![scalars.len() as i64], values: scalars }
    }
    pub fn i64(value: i64) -> Data {
        Data::Scalar(Scalar::i64(value))
    }
}

/// What a run did: its results and what is in the arguments' arrays after it, or its fault.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub results: Result<Vec<Data>, Fault>,
    pub arrays: Vec<Vec<Scalar>>,
}

/// Runs a module's first kernel on data.
pub fn run_on(engine: &dyn Engine, module: &Module, data: &[Data], host: &dyn Host) -> Run {
    let compiled = match engine.compile(module) {
        Ok(compiled) => compiled,
        Err(error) => panic!("{} refuses\n{module}\n{error:?}", engine.name()),
    };
    let mut memory: Vec<Memory> = data.iter().map(Memory::of).collect();
    let args: Vec<Arg> = data
        .iter()
        .zip(&mut memory)
        .map(|(data, memory)| match data {
            Data::Scalar(value) => Arg::Scalar(*value),
            Data::Array { dtype, sizes, .. } => {
                let shape: Vec<u64> = sizes.iter().map(|size| *size as u64).collect();
                let strides = crate::array::strided::row_major(&shape, dtype.size()).into_iter().map(|stride| stride as i64).collect();
                Arg::Array(ArrayArg { dtype: *dtype, ptr: memory.bytes_mut().as_mut_ptr(), sizes: sizes.clone().into(), strides })
            }
        })
        .collect();
    let results = compiled.call(host, &args).map(|rets| rets.into_iter().map(of_ret).collect());
    let arrays = memory.iter().filter(|memory| memory.len > 0).map(Memory::scalars).collect();
    Run { results, arrays }
}

/// As `run_on` with a plain host.
pub fn run(engine: &dyn Engine, module: &Module, data: &[Data]) -> Run {
    run_on(engine, module, data, &TestHost::default())
}

/// An argument's elements, at the very end of a buffer: with `KILN_GUARD=1` what comes after them cannot be touched.
struct Memory {
    dtype: DType,
    buffer: Buffer,
    len: usize,
}

impl Memory {
    fn of(data: &Data) -> Memory {
        let (dtype, values) = match data {
            Data::Scalar(value) => (value.dtype, &[][..]),
            Data::Array { dtype, values, .. } => (*dtype, &values[..]),
        };
        let len = values.len() * dtype.size();
        let mut memory = Memory { dtype, buffer: Buffer::zeroed(len.next_multiple_of(ALIGN)), len };
        for (value, place) in values.iter().zip(memory.bytes_mut().chunks_exact_mut(dtype.size())) {
            value.write(place);
        }
        memory
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        let start = self.buffer.len() - self.len;
        &mut self.buffer.bytes_mut()[start..]
    }

    fn scalars(&self) -> Vec<Scalar> {
        let bytes = &self.buffer.bytes()[self.buffer.len() - self.len..];
        bytes.chunks_exact(self.dtype.size()).map(|bytes| Scalar::read(self.dtype, bytes)).collect()
    }
}

fn of_ret(ret: Ret) -> Data {
    match ret {
        Ret::Scalar(value) => Data::Scalar(value),
        Ret::Array(array) => {
            let sizes = array.shape().iter().map(|size| *size as i64).collect();
            Data::Array { dtype: array.dtype(), sizes, values: array.scalars() }
        }
    }
}

/// Equal results of two runs: same bits, NaNs of any payload alike.
pub fn same_run(a: &Run, b: &Run) -> bool {
    let results = match (&a.results, &b.results) {
        (Ok(a), Ok(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_data(a, b)),
        (Err(a), Err(b)) => a == b,
        _ => false,
    };
    results && a.arrays.len() == b.arrays.len() && a.arrays.iter().zip(&b.arrays).all(|(a, b)| same_values(a, b))
}

fn same_data(a: &Data, b: &Data) -> bool {
    match (a, b) {
        (Data::Scalar(a), Data::Scalar(b)) => same_values(&[*a], &[*b]),
        (Data::Array { dtype: p, sizes: q, values: a }, Data::Array { dtype: r, sizes: s, values: b }) => {
            p == r && q == s && same_values(a, b)
        }
        _ => false,
    }
}

fn same_values(a: &[Scalar], b: &[Scalar]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_scalar(*a, *b))
}

/// Equal bits; NaNs of any payload alike.
pub fn same_scalar(a: Scalar, b: Scalar) -> bool {
    let part = |x: f64, y: f64| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan();
    let float = a.dtype.is_float() || a.dtype.is_complex();
    a == b || a.dtype == b.dtype && float && part(a.as_f64(), b.as_f64()) && part(a.imag(), b.imag())
}
