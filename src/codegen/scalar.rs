//! Primitive instructions on one element: machine instructions for `Emit`, and the emitter of a function's scalar code.

use super::function::Function;
use super::symbols::Symbol;
use crate::ops::FaultKind;
use crate::ops::emit::{Binary, Compare, Convert, Emit, Prim, Routine, Unary};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::immediates::{Ieee32, Ieee64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value, types};
use cranelift_frontend::FunctionBuilder;

/// How one value of a `Prim` is held; a mask is 0 or 1.
pub fn clif(prim: Prim) -> Type {
    match prim {
        Prim::Mask => types::I8,
        Prim::I32 => types::I32,
        Prim::I64 => types::I64,
        Prim::F32 => types::F32,
        Prim::F64 => types::F64,
    }
}

pub fn constant(b: &mut FunctionBuilder, prim: Prim, bits: u64) -> Value {
    match prim {
        Prim::Mask => b.ins().iconst(types::I8, (bits & 1) as i64),
        Prim::I32 => b.ins().iconst(types::I32, bits as u32 as i64),
        Prim::I64 => b.ins().iconst(types::I64, bits as i64),
        Prim::F32 => b.ins().f32const(Ieee32::with_bits(bits as u32)),
        Prim::F64 => b.ins().f64const(Ieee64::with_bits(bits)),
    }
}

pub fn unary(b: &mut FunctionBuilder, prim: Prim, op: Unary, a: Value) -> Value {
    let float = matches!(prim, Prim::F32 | Prim::F64);
    match op {
        Unary::Neg if float => b.ins().fneg(a),
        Unary::Neg => b.ins().ineg(a),
        Unary::Not if prim == Prim::Mask => b.ins().bxor_imm_u(a, 1),
        Unary::Not => b.ins().bnot(a),
        Unary::Abs => b.ins().fabs(a),
        Unary::Sqrt => b.ins().sqrt(a),
        Unary::Floor => b.ins().floor(a),
        Unary::Ceil => b.ins().ceil(a),
        Unary::Trunc => b.ins().trunc(a),
        Unary::Nearest => b.ins().nearest(a),
        Unary::SignExtend8 | Unary::SignExtend16 => {
            let low = b.ins().ireduce(if op == Unary::SignExtend8 { types::I8 } else { types::I16 }, a);
            b.ins().sextend(types::I32, low)
        }
        Unary::ZeroExtend8 => b.ins().band_imm_u(a, 0xff),
        Unary::ZeroExtend16 => b.ins().band_imm_u(a, 0xffff),
    }
}

pub fn binary(b: &mut FunctionBuilder, prim: Prim, op: Binary, x: Value, y: Value) -> Value {
    let float = matches!(prim, Prim::F32 | Prim::F64);
    match op {
        Binary::Add if float => b.ins().fadd(x, y),
        Binary::Sub if float => b.ins().fsub(x, y),
        Binary::Mul if float => b.ins().fmul(x, y),
        Binary::Add => b.ins().iadd(x, y),
        Binary::Sub => b.ins().isub(x, y),
        Binary::Mul => b.ins().imul(x, y),
        Binary::Div => b.ins().fdiv(x, y),
        Binary::DivS => b.ins().sdiv(x, y),
        Binary::DivU => b.ins().udiv(x, y),
        Binary::RemS => b.ins().srem(x, y),
        Binary::RemU => b.ins().urem(x, y),
        Binary::MulHighS => b.ins().smulhi(x, y),
        Binary::MulHighU => b.ins().umulhi(x, y),
        Binary::And => b.ins().band(x, y),
        Binary::Or => b.ins().bor(x, y),
        Binary::Xor => b.ins().bxor(x, y),
        Binary::Shl => b.ins().ishl(x, y),
        Binary::ShrS => b.ins().sshr(x, y),
        Binary::ShrU => b.ins().ushr(x, y),
        Binary::CopySign => b.ins().fcopysign(x, y),
    }
}

/// The machine condition of a comparison of integers.
pub fn int_cc(op: Compare) -> IntCC {
    match op {
        Compare::Eq => IntCC::Equal,
        Compare::Ne => IntCC::NotEqual,
        Compare::Lt => IntCC::SignedLessThan,
        Compare::Le => IntCC::SignedLessThanOrEqual,
        Compare::LtU => IntCC::UnsignedLessThan,
        Compare::LeU => IntCC::UnsignedLessThanOrEqual,
    }
}

/// The machine condition of a comparison of floats.
pub fn float_cc(op: Compare) -> FloatCC {
    match op {
        Compare::Eq => FloatCC::Equal,
        Compare::Ne => FloatCC::NotEqual,
        Compare::Lt | Compare::LtU => FloatCC::LessThan,
        Compare::Le | Compare::LeU => FloatCC::LessThanOrEqual,
    }
}

pub fn compare(b: &mut FunctionBuilder, prim: Prim, op: Compare, x: Value, y: Value) -> Value {
    match prim {
        Prim::F32 | Prim::F64 => b.ins().fcmp(float_cc(op), x, y),
        _ => b.ins().icmp(int_cc(op), x, y),
    }
}

pub fn convert(b: &mut FunctionBuilder, op: Convert, a: Value) -> Value {
    let to = clif(op.prims().1);
    match op {
        Convert::MaskToI32 | Convert::MaskToI64 | Convert::ExtendU => b.ins().uextend(to, a),
        Convert::ExtendS => b.ins().sextend(to, a),
        Convert::Wrap => b.ins().ireduce(to, a),
        Convert::I32ToF32 | Convert::I64ToF32 | Convert::I32ToF64 | Convert::I64ToF64 => b.ins().fcvt_from_sint(to, a),
        Convert::U32ToF32 | Convert::U64ToF32 | Convert::U32ToF64 | Convert::U64ToF64 => b.ins().fcvt_from_uint(to, a),
        Convert::F32ToI32 | Convert::F32ToI64 | Convert::F64ToI32 | Convert::F64ToI64 => b.ins().fcvt_to_sint_sat(to, a),
        Convert::F32ToU32 | Convert::F32ToU64 | Convert::F64ToU32 | Convert::F64ToU64 => b.ins().fcvt_to_uint_sat(to, a),
        Convert::Promote => b.ins().fpromote(to, a),
        Convert::Demote => b.ins().fdemote(to, a),
        Convert::F32Bits | Convert::F64Bits | Convert::F32FromBits | Convert::F64FromBits => b.ins().bitcast(to, MemFlagsData::new(), a),
    }
}

impl Emit for Function<'_, '_> {
    type V = Value;

    fn constant(&mut self, prim: Prim, bits: u64) -> Value {
        let value = constant(&mut self.b, prim, bits);
        self.constants.insert(value, bits);
        value
    }
    fn as_constant(&self, value: Value) -> Option<u64> {
        self.constants.get(&value).copied()
    }
    fn unary(&mut self, prim: Prim, op: Unary, a: Value) -> Value {
        unary(&mut self.b, prim, op, a)
    }
    fn binary(&mut self, prim: Prim, op: Binary, a: Value, b: Value) -> Value {
        binary(&mut self.b, prim, op, a, b)
    }
    fn compare(&mut self, prim: Prim, op: Compare, a: Value, b: Value) -> Value {
        compare(&mut self.b, prim, op, a, b)
    }
    fn select(&mut self, _: Prim, mask: Value, a: Value, b: Value) -> Value {
        self.b.ins().select(mask, a, b)
    }
    fn convert(&mut self, op: Convert, a: Value) -> Value {
        convert(&mut self.b, op, a)
    }
    fn call(&mut self, routine: Routine, args: &[Value]) -> Value {
        let call = self.call_symbol(Symbol::Routine(routine), args);
        self.b.inst_results(call)[0]
    }
    fn fault_if(&mut self, mask: Value, kind: FaultKind) {
        let values = self.loop_values();
        self.fail_if(mask, kind, self.span, &values);
    }
    fn checked(&self) -> bool {
        self.source.checked
    }
}
