//! The functions outside that compiled code may call: the whole allow-list, with names, signatures and addresses.

use super::runtime;
use super::scalar::clif;
use crate::ops::emit::{Prim, Routine};
use crate::ops::routine;
use crate::vmath::{self, Math, Quantile};
use cranelift_codegen::ir::{AbiParam, Signature, types};
use cranelift_codegen::isa::CallConv;
use rustc_hash::FxHashMap;
use std::sync::OnceLock;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Symbol {
    /// `(context, sizes, rank, item, clear) -> handle`, null if denied.
    Alloc,
    /// `(context, handle)`.
    Release,
    /// `(context, number of the loop, lo, hi, depth, args, results) -> status`.
    Parallel,
    /// `(to, from, step, count, item)`: from elements `step` bytes apart to elements side by side.
    Gather,
    /// `(to, from, step, count, item)`: the other way.
    Scatter,
    /// On one element.
    Routine(Routine),
    /// `(count, in…, out)` on a strip.
    Strip(Prim, Math),
}

impl Symbol {
    pub fn name(self) -> String {
        let suffix = |prim| if prim == Prim::F32 { "f32" } else { "f64" };
        match self {
            Symbol::Alloc => "alloc".into(),
            Symbol::Release => "release".into(),
            Symbol::Parallel => "parallel".into(),
            Symbol::Gather => "gather".into(),
            Symbol::Scatter => "scatter".into(),
            Symbol::Routine(Routine::Math(prim, math)) => format!("{}_{}", math.name(), suffix(prim)),
            Symbol::Routine(Routine::PowInt) => "pow_int".into(),
            Symbol::Routine(Routine::Gcd) => "gcd".into(),
            Symbol::Routine(Routine::Quantile(quantile)) => quantile.name().into(),
            Symbol::Routine(Routine::PowOverflowsS) => "pow_overflows_signed".into(),
            Symbol::Routine(Routine::PowOverflowsU) => "pow_overflows_unsigned".into(),
            Symbol::Strip(prim, math) => format!("{}_{}_strip", math.name(), suffix(prim)),
        }
    }

    pub fn signature(self, call_conv: CallConv) -> Signature {
        let (params, result) = match self {
            Symbol::Alloc => (vec![types::I64; 5], Some(types::I64)),
            Symbol::Release => (vec![types::I64; 2], None),
            Symbol::Parallel => (vec![types::I64; 7], Some(types::I32)),
            Symbol::Gather | Symbol::Scatter => (vec![types::I64; 5], None),
            Symbol::Routine(routine) => {
                let (params, result) = routine.signature();
                (params.iter().map(|prim| clif(*prim)).collect(), Some(clif(result)))
            }
            Symbol::Strip(_, math) => (vec![types::I64; 2 + math.arity()], None),
        };
        let mut signature = Signature::new(call_conv);
        signature.params = params.into_iter().map(AbiParam::new).collect();
        signature.returns = result.into_iter().map(AbiParam::new).collect();
        signature
    }

    fn address(self) -> usize {
        let pointer = match self {
            Symbol::Alloc => runtime::alloc as *const u8,
            Symbol::Release => runtime::release as *const u8,
            Symbol::Parallel => runtime::parallel as *const u8,
            Symbol::Gather => runtime::gather as *const u8,
            Symbol::Scatter => runtime::scatter as *const u8,
            Symbol::Routine(Routine::Math(Prim::F32, math)) => vmath::scalar_address_f32(math),
            Symbol::Routine(Routine::Math(_, math)) => vmath::scalar_address_f64(math),
            Symbol::Routine(Routine::PowInt) => pow_int as *const u8,
            Symbol::Routine(Routine::Gcd) => gcd as *const u8,
            Symbol::Routine(Routine::Quantile(quantile)) => quantile_address(quantile),
            Symbol::Routine(Routine::PowOverflowsS) => pow_overflows_signed as *const u8,
            Symbol::Routine(Routine::PowOverflowsU) => pow_overflows_unsigned as *const u8,
            Symbol::Strip(Prim::F32, math) => vmath::strip_f32(math),
            Symbol::Strip(_, math) => vmath::strip_f64(math),
        };
        pointer as usize
    }
}

/// The address of a symbol by its name.
pub fn lookup(name: &str) -> Option<*const u8> {
    static TABLE: OnceLock<FxHashMap<String, usize>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let plain = [
            Symbol::Alloc,
            Symbol::Release,
            Symbol::Parallel,
            Symbol::Gather,
            Symbol::Scatter,
            Symbol::Routine(Routine::PowInt),
            Symbol::Routine(Routine::Gcd),
            Symbol::Routine(Routine::PowOverflowsS),
            Symbol::Routine(Routine::PowOverflowsU),
        ];
        let math = Math::ALL.iter().flat_map(|math| {
            [Prim::F32, Prim::F64].into_iter().flat_map(|prim| [Symbol::Routine(Routine::Math(prim, *math)), Symbol::Strip(prim, *math)])
        });
        let quantiles = Quantile::ALL.iter().map(|quantile| Symbol::Routine(Routine::Quantile(*quantile)));
        plain.into_iter().chain(math).chain(quantiles).map(|symbol| (symbol.name(), symbol.address())).collect()
    });
    table.get(name).map(|address| *address as *const u8)
}

extern "C" fn pow_int(base: u64, exponent: u64) -> u64 {
    routine::pow_int(base, exponent)
}

extern "C" fn gcd(a: u64, b: u64) -> u64 {
    routine::gcd(a, b)
}

/// A quantile with two parameters, by its place among all.
extern "C" fn quantile<const PLACE: usize>(u: f64, a: f64, b: f64) -> f64 {
    Quantile::ALL[PLACE].at(u, a, b, 0.0)
}

extern "C" fn hypergeometric(u: f64, a: f64, b: f64, c: f64) -> f64 {
    Quantile::Hypergeometric.at(u, a, b, c)
}

fn quantile_address(of: Quantile) -> *const u8 {
    match of {
        Quantile::Gamma => quantile::<{ Quantile::Gamma as usize }> as *const u8,
        Quantile::Poisson => quantile::<{ Quantile::Poisson as usize }> as *const u8,
        Quantile::Binomial => quantile::<{ Quantile::Binomial as usize }> as *const u8,
        Quantile::VonMises => quantile::<{ Quantile::VonMises as usize }> as *const u8,
        Quantile::Zipf => quantile::<{ Quantile::Zipf as usize }> as *const u8,
        Quantile::Hypergeometric => hypergeometric as *const u8,
        Quantile::GammaBelow => quantile::<{ Quantile::GammaBelow as usize }> as *const u8,
        Quantile::GammaAbove => quantile::<{ Quantile::GammaAbove as usize }> as *const u8,
        Quantile::BetaBelow => quantile::<{ Quantile::BetaBelow as usize }> as *const u8,
    }
}

extern "C" fn pow_overflows_signed(base: i64, exponent: u64, bits: u64) -> u8 {
    routine::pow_overflows_signed(base, exponent, bits).into()
}

extern "C" fn pow_overflows_unsigned(base: u64, exponent: u64, bits: u64) -> u8 {
    routine::pow_overflows_unsigned(base, exponent, bits).into()
}
