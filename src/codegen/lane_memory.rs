//! Loads and stores of four elements side by side, of any dtype, and of values kept in strips and accumulators.

use super::arrays::ELEMENT;
use super::function::OWN;
use super::lanes::{self, HIGH, LOW, Lanes, cast, is_wide, lanes32, narrow_mask, register, shuffle, stored};
use crate::array::DType;
use crate::ops::emit::Prim;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use cranelift_frontend::FunctionBuilder;

/// Reads a part (of a complex dtype 0 or 1) of four elements that lie side by side, `offset` bytes on.
pub fn load(b: &mut FunctionBuilder, dtype: DType, part: usize, address: Value, offset: i32) -> Lanes {
    let prim = Prim::of(dtype);
    let ty = register(prim);
    let mut row = |at: i32| b.ins().load(ty, ELEMENT, address, offset + at * 16);
    match dtype {
        DType::C64 => {
            let (x, y) = (row(0), row(1));
            Lanes::Narrow(shuffle(b, x, y, lanes32(if part == 0 { [0, 2, 4, 6] } else { [1, 3, 5, 7] })))
        }
        DType::C128 => {
            let rows = [0, 1, 2, 3].map(row);
            let bytes = if part == 0 { LOW } else { HIGH };
            Lanes::Wide(shuffle(b, rows[0], rows[1], bytes), shuffle(b, rows[2], rows[3], bytes))
        }
        DType::I16 => Lanes::Narrow(b.ins().sload16x4(ELEMENT, address, offset)),
        DType::U16 => Lanes::Narrow(b.ins().uload16x4(ELEMENT, address, offset)),
        DType::I8 | DType::U8 | DType::Bool => {
            let bytes = b.ins().load(types::I32, ELEMENT, address, offset);
            let bytes = b.ins().scalar_to_vector(types::I32X4, bytes);
            let bytes = cast(b, types::I8X16, bytes);
            if dtype == DType::I8 {
                let words = b.ins().swiden_low(bytes);
                return Lanes::Narrow(b.ins().swiden_low(words));
            }
            let words = b.ins().uwiden_low(bytes);
            let value = Lanes::Narrow(b.ins().uwiden_low(words));
            if dtype == DType::Bool {
                let zero = lanes::constant(b, Prim::I32, 0);
                return lanes::compare(b, Prim::I32, crate::ops::emit::Compare::Ne, value, zero);
            }
            value
        }
        _ if is_wide(prim) => Lanes::Wide(row(0), row(1)),
        _ => Lanes::Narrow(row(0)),
    }
}

/// Writes four elements side by side, `offset` bytes on; `im` for a complex dtype.
pub fn store(b: &mut FunctionBuilder, dtype: DType, address: Value, offset: i32, re: Lanes, im: Option<Lanes>) {
    let rows = match (dtype, re, im) {
        (DType::C64, Lanes::Narrow(re), Some(Lanes::Narrow(im))) => {
            vec![shuffle(b, re, im, lanes32([0, 4, 1, 5])), shuffle(b, re, im, lanes32([2, 6, 3, 7]))]
        }
        (DType::C128, Lanes::Wide(x, y), Some(Lanes::Wide(z, w))) => {
            [(x, z, LOW), (x, z, HIGH), (y, w, LOW), (y, w, HIGH)].map(|(re, im, bytes)| shuffle(b, re, im, bytes)).to_vec()
        }
        (DType::I8 | DType::U8, Lanes::Narrow(a), _) => vec![low_bytes(b, a)],
        (DType::Bool, mask, _) => {
            let (mask, one) = (narrow_mask(b, mask), lanes::constant(b, Prim::I32, 1));
            let bytes = b.ins().band(mask, one.first());
            vec![low_bytes(b, bytes)]
        }
        (DType::I16 | DType::U16, Lanes::Narrow(a), _) => {
            let words = low_words(b, a);
            let words = cast(b, types::I64X2, words);
            vec![b.ins().extractlane(words, 0)]
        }
        (_, re, _) => re.registers().collect(),
    };
    for (at, row) in rows.into_iter().enumerate() {
        b.ins().store(ELEMENT, row, address, offset + at as i32 * 16);
    }
}

/// The low 16 bits of four lanes, in the low half of a register.
fn low_words(b: &mut FunctionBuilder, a: Value) -> Value {
    let mask = lanes::constant(b, Prim::I32, 0xffff);
    let words = b.ins().band(a, mask.first());
    b.ins().unarrow(words, words)
}

/// The low 8 bits of four lanes, as an I32.
fn low_bytes(b: &mut FunctionBuilder, a: Value) -> Value {
    let mask = lanes::constant(b, Prim::I32, 0xff);
    let bytes = b.ins().band(a, mask.first());
    let words = b.ins().unarrow(bytes, bytes);
    let bytes = b.ins().unarrow(words, words);
    let bytes = cast(b, types::I32X4, bytes);
    b.ins().extractlane(bytes, 0)
}

/// Reads four values of a strip or of accumulators.
pub fn restore(b: &mut FunctionBuilder, prim: Prim, address: Value, offset: i32) -> Lanes {
    let ty = register(prim);
    let mut row = |at: i32| b.ins().load(ty, OWN, address, offset + at * 16);
    if is_wide(prim) { Lanes::Wide(row(0), row(1)) } else { Lanes::Narrow(row(0)) }
}

/// Writes four values of a strip or of accumulators.
pub fn keep(b: &mut FunctionBuilder, prim: Prim, address: Value, offset: i32, value: Lanes) {
    let value = if prim == Prim::Mask { Lanes::Narrow(narrow_mask(b, value)) } else { value };
    for (at, row) in value.registers().enumerate() {
        b.ins().store(OWN, row, address, offset + at as i32 * 16);
    }
}

/// Reads one value of a strip or of accumulators.
pub fn restore_one(b: &mut FunctionBuilder, prim: Prim, address: Value, offset: i32) -> Value {
    let value = b.ins().load(stored(prim), OWN, address, offset);
    if prim == Prim::Mask { b.ins().icmp_imm_s(IntCC::NotEqual, value, 0) } else { value }
}

/// Writes one value of a strip or of accumulators.
pub fn keep_one(b: &mut FunctionBuilder, prim: Prim, address: Value, offset: i32, value: Value) {
    let value = if prim == Prim::Mask { b.ins().bmask(types::I32, value) } else { value };
    b.ins().store(OWN, value, address, offset);
}
