//! Primitive instructions on four elements at once, in 128-bit registers. Loads and stores of elements are in `lane_memory`.

use super::scalar::{self, clif, float_cc, int_cc};
use crate::ops::emit::{Binary, Compare, Convert, Prim, Unary};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{ConstantData, Endianness, InstBuilder, MemFlagsData, Type, Value, types};
use cranelift_frontend::FunctionBuilder;

/// Elements in a group.
pub const GROUP: usize = 4;

/// Four elements: of 32 bits in one register, of 64 bits in two. A mask has all or no bits set in each, in either form.
#[derive(Clone, Copy, Debug)]
pub enum Lanes<T = Value> {
    Narrow(T),
    Wide(T, T),
}

use Lanes::{Narrow, Wide};

impl<T> Lanes<T> {
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> Lanes<U> {
        match self {
            Narrow(a) => Narrow(f(a)),
            Wide(a, b) => Wide(f(a), f(b)),
        }
    }

    /// Its registers, in order.
    pub fn registers(self) -> impl Iterator<Item = T> {
        let (a, b) = match self {
            Narrow(a) => (a, None),
            Wide(a, b) => (a, Some(b)),
        };
        std::iter::once(a).chain(b)
    }
}

impl Lanes {
    /// The registers of two groups side by side; both have the same form.
    fn zip(self, other: Lanes, mut f: impl FnMut(Value, Value) -> Value) -> Lanes {
        match (self, other) {
            (Narrow(a), Narrow(c) | Wide(c, _)) => Narrow(f(a, c)),
            (Wide(a, b), Wide(c, d)) => Wide(f(a, c), f(b, d)),
            (Wide(a, b), Narrow(c)) => Wide(f(a, c), f(b, c)),
        }
    }

    /// The first register.
    pub fn first(self) -> Value {
        match self {
            Narrow(a) | Wide(a, _) => a,
        }
    }
}

/// The type of a register; of a mask, the narrow form.
pub fn register(prim: Prim) -> Type {
    match prim {
        Prim::Mask | Prim::I32 => types::I32X4,
        Prim::I64 => types::I64X2,
        Prim::F32 => types::F32X4,
        Prim::F64 => types::F64X2,
    }
}

pub fn is_wide(prim: Prim) -> bool {
    matches!(prim, Prim::I64 | Prim::F64)
}

/// Both registers the same, for a wide `Prim`.
fn repeat(prim: Prim, value: Value) -> Lanes {
    if is_wide(prim) { Wide(value, value) } else { Narrow(value) }
}

fn bits(b: &mut FunctionBuilder, ty: Type, bytes: [u8; 16]) -> Value {
    let constant = b.func.dfg.constants.insert(ConstantData::from(&bytes[..]));
    b.ins().vconst(ty, constant)
}

fn bits32(b: &mut FunctionBuilder, ty: Type, lane: u32) -> Value {
    bits(b, ty, (0..4).fold(0, |all: u128, i| all | (lane as u128) << (32 * i)).to_le_bytes())
}

fn bits64(b: &mut FunctionBuilder, ty: Type, lane: u64) -> Value {
    bits(b, ty, (lane as u128 | (lane as u128) << 64).to_le_bytes())
}

pub fn constant(b: &mut FunctionBuilder, prim: Prim, value: u64) -> Lanes {
    let ty = register(prim);
    match prim {
        Prim::Mask => Narrow(bits32(b, ty, (value as u32 & 1).wrapping_neg())),
        Prim::I32 | Prim::F32 => Narrow(bits32(b, ty, value as u32)),
        Prim::I64 | Prim::F64 => repeat(prim, bits64(b, ty, value)),
    }
}

/// One element four times.
pub fn splat(b: &mut FunctionBuilder, prim: Prim, value: Value) -> Lanes {
    let value = if prim == Prim::Mask { b.ins().bmask(types::I32, value) } else { value };
    repeat(prim, b.ins().splat(register(prim), value))
}

/// `start`, `start + step`, and so on; I64.
pub fn count_up(b: &mut FunctionBuilder, start: Value, step: i64) -> Lanes {
    let base = b.ins().splat(types::I64X2, start);
    let mut part = |first: i64| {
        let (low, high) = (step.wrapping_mul(first) as u64, step.wrapping_mul(first + 1) as u64);
        let steps = bits(b, types::I64X2, (low as u128 | (high as u128) << 64).to_le_bytes());
        b.ins().iadd(base, steps)
    };
    Wide(part(0), part(2))
}

/// The same bits as another type.
pub fn cast(b: &mut FunctionBuilder, to: Type, value: Value) -> Value {
    let from = b.func.dfg.value_type(value);
    if from == to {
        return value;
    }
    let flags = MemFlagsData::new();
    let flags = if from.lane_count() == to.lane_count() { flags } else { flags.with_endianness(Endianness::Little) };
    b.ins().bitcast(to, flags, value)
}

/// Bytes chosen from two registers.
pub fn shuffle(b: &mut FunctionBuilder, x: Value, y: Value, bytes: [u8; 16]) -> Value {
    let ty = b.func.dfg.value_type(x);
    let (x, y) = (cast(b, types::I8X16, x), cast(b, types::I8X16, y));
    let mask = b.func.dfg.immediates.push(ConstantData::from(&bytes[..]));
    let value = b.ins().shuffle(x, y, mask);
    cast(b, ty, value)
}

/// Bytes of a shuffle that moves whole 32-bit lanes: 0 to 3 of the first register, 4 to 7 of the second.
pub fn lanes32(lanes: [u8; 4]) -> [u8; 16] {
    std::array::from_fn(|i| lanes[i / 4] * 4 + i as u8 % 4)
}

/// The low 64-bit lanes of two registers.
pub const LOW: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
/// The high 64-bit lanes of two registers.
pub const HIGH: [u8; 16] = [8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31];

/// A mask in the form for 64-bit elements.
fn wide_mask(b: &mut FunctionBuilder, mask: Lanes) -> Lanes {
    match mask {
        Narrow(a) => Wide(b.ins().swiden_low(a), b.ins().swiden_high(a)),
        wide => wide,
    }
}

/// A mask in the form for 32-bit elements.
pub fn narrow_mask(b: &mut FunctionBuilder, mask: Lanes) -> Value {
    match mask {
        Narrow(a) => a,
        Wide(x, y) => low_halves(b, x, y),
    }
}

/// The low 32 bits of four 64-bit elements.
fn low_halves(b: &mut FunctionBuilder, x: Value, y: Value) -> Value {
    let (x, y) = (cast(b, types::I32X4, x), cast(b, types::I32X4, y));
    shuffle(b, x, y, lanes32([0, 2, 4, 6]))
}

/// The high two of four 32-bit lanes, moved to the low places.
fn high_half(b: &mut FunctionBuilder, x: Value) -> Value {
    shuffle(b, x, x, lanes32([2, 3, 2, 3]))
}

/// One element of a group, as scalar code has it.
pub fn extract(b: &mut FunctionBuilder, prim: Prim, group: Lanes, at: usize) -> Value {
    let (from, lane) = match group {
        Narrow(a) => (a, at),
        Wide(x, y) => (if at < 2 { x } else { y }, at % 2),
    };
    let value = b.ins().extractlane(from, lane as u8);
    if prim == Prim::Mask { b.ins().icmp_imm_s(IntCC::NotEqual, value, 0) } else { value }
}

/// A group of four elements.
pub fn build(b: &mut FunctionBuilder, prim: Prim, parts: [Value; GROUP]) -> Lanes {
    let ty = register(prim);
    let parts = if prim == Prim::Mask { parts.map(|part| b.ins().bmask(types::I32, part)) } else { parts };
    let mut join = |parts: &[Value]| {
        let first = b.ins().splat(ty, parts[0]);
        parts.iter().enumerate().skip(1).fold(first, |all, (at, part)| b.ins().insertlane(all, *part, at as u8))
    };
    if is_wide(prim) { Wide(join(&parts[..2]), join(&parts[2..])) } else { Narrow(join(&parts)) }
}

/// What has no vector instruction: element by element.
pub fn by_element<const N: usize>(
    b: &mut FunctionBuilder,
    (from, to): (Prim, Prim),
    groups: [Lanes; N],
    mut f: impl FnMut(&mut FunctionBuilder, [Value; N]) -> Value,
) -> Lanes {
    let parts = std::array::from_fn(|at| {
        let elements = groups.map(|group| extract(b, from, group, at));
        f(b, elements)
    });
    build(b, to, parts)
}

pub fn unary(b: &mut FunctionBuilder, prim: Prim, op: Unary, a: Lanes) -> Lanes {
    let extend = |b: &mut FunctionBuilder, by: i64| {
        a.map(|a| {
            let high = b.ins().ishl_imm_u(a, by);
            b.ins().sshr_imm_u(high, by)
        })
    };
    let mask = |b: &mut FunctionBuilder, bits: u32| {
        let bits = bits32(b, types::I32X4, bits);
        a.map(|a| b.ins().band(a, bits))
    };
    match op {
        Unary::SignExtend8 => extend(b, 24),
        Unary::SignExtend16 => extend(b, 16),
        Unary::ZeroExtend8 => mask(b, 0xff),
        Unary::ZeroExtend16 => mask(b, 0xffff),
        Unary::Not => a.map(|a| b.ins().bnot(a)),
        _ => a.map(|a| scalar::unary(b, prim, op, a)),
    }
}

/// `count` is the second operand of a shift where that is a constant.
pub fn binary(b: &mut FunctionBuilder, prim: Prim, op: Binary, x: Lanes, y: Lanes, count: Option<u64>) -> Lanes {
    match op {
        Binary::DivS | Binary::DivU | Binary::RemS | Binary::RemU | Binary::MulHighS | Binary::MulHighU => {
            by_element(b, (prim, prim), [x, y], |b, [x, y]| scalar::binary(b, prim, op, x, y))
        }
        Binary::Shl | Binary::ShrS | Binary::ShrU => match count {
            Some(count) => x.map(|x| {
                let count = b.ins().iconst(types::I32, count as i64);
                scalar::binary(b, prim, op, x, count)
            }),
            None => by_element(b, (prim, prim), [x, y], |b, [x, y]| scalar::binary(b, prim, op, x, y)),
        },
        Binary::CopySign => {
            let ty = register(prim);
            let sign = if is_wide(prim) { bits64(b, ty, 1 << 63) } else { bits32(b, ty, 1 << 31) };
            x.zip(y, |x, y| b.ins().bitselect(sign, y, x))
        }
        _ if prim == Prim::Mask => {
            let (x, y) = match (x, y) {
                (Narrow(_), Narrow(_)) => (x, y),
                _ => (wide_mask(b, x), wide_mask(b, y)),
            };
            x.zip(y, |x, y| scalar::binary(b, Prim::I32, op, x, y))
        }
        _ => x.zip(y, |x, y| scalar::binary(b, prim, op, x, y)),
    }
}

pub fn compare(b: &mut FunctionBuilder, prim: Prim, op: Compare, x: Lanes, y: Lanes) -> Lanes {
    match prim {
        Prim::F32 | Prim::F64 => x.zip(y, |x, y| b.ins().fcmp(float_cc(op), x, y)),
        _ => x.zip(y, |x, y| b.ins().icmp(int_cc(op), x, y)),
    }
}

pub fn select(b: &mut FunctionBuilder, prim: Prim, mask: Lanes, x: Lanes, y: Lanes) -> Lanes {
    let choose = |b: &mut FunctionBuilder, mask, x, y| {
        let ty = b.func.dfg.value_type(x);
        let mask = cast(b, ty, mask);
        b.ins().bitselect(mask, x, y)
    };
    let wide = is_wide(prim) || prim == Prim::Mask && [mask, x, y].iter().any(|group| matches!(group, Wide(..)));
    if !wide {
        let mask = narrow_mask(b, mask);
        return x.zip(y, |x, y| choose(b, mask, x, y));
    }
    let (x, y) = if prim == Prim::Mask { (wide_mask(b, x), wide_mask(b, y)) } else { (x, y) };
    match (wide_mask(b, mask), x, y) {
        (Wide(m, n), Wide(x, z), Wide(y, w)) => Wide(choose(b, m, x, y), choose(b, n, z, w)),
        (_, x, _) => x,
    }
}

pub fn convert(b: &mut FunctionBuilder, op: Convert, a: Lanes) -> Lanes {
    let (from, to) = op.prims();
    let ty = register(to);
    match (op, a) {
        (Convert::MaskToI32, a) => {
            let (mask, one) = (narrow_mask(b, a), bits32(b, ty, 1));
            Narrow(b.ins().band(mask, one))
        }
        (Convert::MaskToI64, a) => {
            let (mask, one) = (wide_mask(b, a), bits64(b, ty, 1));
            mask.map(|a| b.ins().band(a, one))
        }
        (Convert::ExtendS, Narrow(a)) => Wide(b.ins().swiden_low(a), b.ins().swiden_high(a)),
        (Convert::ExtendU, Narrow(a)) => Wide(b.ins().uwiden_low(a), b.ins().uwiden_high(a)),
        (Convert::Wrap, Wide(x, y)) => Narrow(low_halves(b, x, y)),
        (Convert::I32ToF32, Narrow(a)) => Narrow(b.ins().fcvt_from_sint(ty, a)),
        (Convert::U32ToF32, Narrow(a)) => Narrow(b.ins().fcvt_from_uint(ty, a)),
        (Convert::I64ToF64, Wide(..)) => a.map(|a| b.ins().fcvt_from_sint(ty, a)),
        (Convert::U64ToF64, Wide(..)) => a.map(|a| b.ins().fcvt_from_uint(ty, a)),
        (Convert::I32ToF64 | Convert::U32ToF64, Narrow(a)) => {
            let high = high_half(b, a);
            let part = |b: &mut FunctionBuilder, a| {
                if op == Convert::I32ToF64 {
                    let wide = b.ins().swiden_low(a);
                    b.ins().fcvt_from_sint(ty, wide)
                } else {
                    let wide = b.ins().uwiden_low(a);
                    b.ins().fcvt_from_uint(ty, wide)
                }
            };
            Wide(part(b, a), part(b, high))
        }
        (Convert::F32ToI32, Narrow(a)) => Narrow(b.ins().fcvt_to_sint_sat(ty, a)),
        (Convert::F32ToU32, Narrow(a)) => Narrow(b.ins().fcvt_to_uint_sat(ty, a)),
        (Convert::Promote, Narrow(a)) => {
            let high = high_half(b, a);
            Wide(b.ins().fvpromote_low(a), b.ins().fvpromote_low(high))
        }
        (Convert::Demote, Wide(x, y)) => {
            let (x, y) = (b.ins().fvdemote(x), b.ins().fvdemote(y));
            Narrow(shuffle(b, x, y, LOW))
        }
        (Convert::F32Bits | Convert::F64Bits | Convert::F32FromBits | Convert::F64FromBits, a) => a.map(|a| cast(b, ty, a)),
        (_, a) => by_element(b, (from, to), [a], |b, [a]| scalar::convert(b, op, a)),
    }
}

/// The type of one element outside registers, in a strip or a row of accumulators: a mask is an I32 of all bits or none.
pub fn stored(prim: Prim) -> Type {
    if prim == Prim::Mask { types::I32 } else { clif(prim) }
}
