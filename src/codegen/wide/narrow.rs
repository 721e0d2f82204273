//! Narrow elements: in which forms a segment can be computed with the same bits. A tape holds integers below 32 bits in `I32`, extended. In
//! an element of 8 or 16 bits stand the low bits of such a value. That is enough for what depends on low bits alone (sums, products, bitwise
//! operations), and for comparisons and shifts to the right of values whose ranges say that the element holds all of them.

use super::forms::Form;
use crate::array::DType;
use crate::codegen::lanes::is_wide;
use crate::codegen::strips::Segment;
use crate::codegen::tape::{Id, Node, Tape};
use crate::ops::emit::{Binary, Compare, Convert, Prim, Unary};
use std::ops::RangeInclusive;

/// The least and the largest value, as a signed number.
type Range = RangeInclusive<i64>;

const ANY: Range = i32::MIN as i64..=i32::MAX as i64;

/// What is known of the `I32` values of a segment.
pub struct Ranges {
    /// By instruction; of others than `I32` they say nothing.
    of: Vec<Range>,
}

impl Ranges {
    pub fn of(tape: &Tape, segment: &Segment) -> Ranges {
        let mut ranges = Ranges { of: vec![ANY; tape.nodes.len()] };
        for id in segment.nodes.iter().filter(|id| tape.prim(**id) == Prim::I32) {
            let range = ranges.node(tape, *id);
            let fits = range.start() >= ANY.start() && range.end() <= ANY.end();
            ranges.of[id.0 as usize] = if fits { range } else { ANY };
        }
        ranges
    }

    fn get(&self, id: Id) -> &Range {
        &self.of[id.0 as usize]
    }

    /// The range of the mathematical result, which may be outside of 32 bits.
    fn node(&self, tape: &Tape, id: Id) -> Range {
        match tape.node(id) {
            Node::Constant(bits) => {
                let value = i64::from(*bits as i32);
                value..=value
            }
            Node::Invariant(_, dtype) => of_dtype(*dtype),
            Node::Load(access, _) => of_dtype(tape.accesses[*access].dtype),
            Node::Convert(Convert::MaskToI32, _) => 0..=1,
            Node::Select(_, a, b) => hull([self.get(*a), self.get(*b)].into_iter().flat_map(|range| [*range.start(), *range.end()])),
            Node::Unary(op, a) => match extension(*op) {
                Some(dtype) if within(self.get(*a), &of_dtype(dtype)) => self.get(*a).clone(),
                Some(dtype) => of_dtype(dtype),
                None => ANY,
            },
            Node::Binary(op, a, b) => result(*op, self.get(*a), self.get(*b)),
            _ => ANY,
        }
    }

    /// The value whose register has this one's bits too: what an extension extends, where that changes nothing in elements of a form.
    pub fn source(&self, tape: &Tape, form: Form, id: Id) -> Id {
        match tape.node(id) {
            Node::Unary(op, a) => match extension(*op) {
                Some(dtype) if bits(form) <= dtype.size() as u32 * 8 || within(self.get(*a), &of_dtype(dtype)) => {
                    self.source(tape, form, *a)
                }
                _ => id,
            },
            _ => id,
        }
    }

    /// Are these values all their elements, extended without sign?
    fn unsigned(&self, form: Form, ids: &[Id]) -> bool {
        ids.iter().all(|id| within(self.get(*id), &(0..=(1 << bits(form).min(31)) - 1)))
    }

    /// Are they, extended by their sign?
    fn signed(&self, form: Form, ids: &[Id]) -> bool {
        let half = 1 << (bits(form) - 1);
        ids.iter().all(|id| within(self.get(*id), &(-half..=half - 1)))
    }

    /// A comparison as elements of a form have it: without sign where they have none.
    pub fn compare(&self, form: Form, prim: Prim, op: Compare, a: Id, b: Id) -> Compare {
        match op {
            Compare::Lt if prim == Prim::I32 && !self.signed(form, &[a, b]) => Compare::LtU,
            Compare::Le if prim == Prim::I32 && !self.signed(form, &[a, b]) => Compare::LeU,
            _ => op,
        }
    }

    /// A shift as elements of a form have it: without sign where they have none.
    pub fn binary(&self, form: Form, prim: Prim, op: Binary, a: Id) -> Binary {
        if op == Binary::ShrS && prim == Prim::I32 && !self.signed(form, &[a]) { Binary::ShrU } else { op }
    }

    /// The forms in which a segment gives the same bits, narrowest first. What has no instructions there is left to be found out.
    pub fn forms(&self, tape: &Tape, segment: &Segment) -> Vec<Form> {
        // Values in strips have their own width.
        let alone = segment.reads.is_empty() && segment.keeps.is_empty();
        let fits = |form: &Form| alone && segment.nodes.iter().all(|id| self.fits(tape, *form, *id));
        let mut forms: Vec<Form> = [Form::Byte, Form::Word].into_iter().filter(fits).collect();
        let operands = segment.nodes.iter().flat_map(|id| tape.operands(*id));
        let mut all = operands.chain(segment.nodes.iter().chain(&segment.reads).copied());
        forms.push(if all.any(|id| is_wide(tape.prim(id))) { Form::Half } else { Form::Full });
        forms
    }

    fn fits(&self, tape: &Tape, form: Form, id: Id) -> bool {
        let exact = |ids: &[Id]| self.unsigned(form, ids) || self.signed(form, ids);
        let narrow = |dtype: DType| dtype.size() as u32 * 8 <= bits(form);
        let prims = tape.operands(id).iter().chain([&id]).all(|id| matches!(tape.prim(*id), Prim::Mask | Prim::I32));
        prims
            && match tape.node(id) {
                Node::Load(access, _) | Node::Store(access, ..) => narrow(tape.accesses[*access].dtype),
                Node::Constant(_) | Node::Invariant(..) | Node::Unary(..) | Node::Select(..) | Node::Convert(..) => true,
                Node::Compare(_, _, a, b) => exact(&[*a, *b]),
                Node::Binary(Binary::ShrS, a, b) => exact(&[*a]) && self.unsigned(form, &[*b]),
                Node::Binary(Binary::ShrU, a, b) => self.unsigned(form, &[*a, *b]),
                Node::Binary(Binary::Shl, _, b) => self.unsigned(form, &[*b]),
                Node::Binary(..) => true,
                Node::Index | Node::Call(..) | Node::Accumulator(_) | Node::Accumulate(..) => false,
                Node::Enter(..) | Node::Round(..) | Node::While(..) | Node::Again(..) => false,
            }
    }
}

/// The range of an operation on values of ranges.
fn result(op: Binary, a: &Range, b: &Range) -> Range {
    let corners =
        |f: fn(i64, i64) -> i64| hull([f(*a.start(), *b.start()), f(*a.start(), *b.end()), f(*a.end(), *b.start()), f(*a.end(), *b.end())]);
    let positive = *a.start() >= 0;
    match op {
        Binary::Add => corners(|a, b| a + b),
        Binary::Sub => corners(|a, b| a - b),
        Binary::Mul => corners(|a, b| a * b),
        Binary::And if positive => 0..=*a.end(),
        Binary::And if *b.start() >= 0 => 0..=*b.end(),
        Binary::Or | Binary::Xor if positive && *b.start() >= 0 => 0..=((*a.end().max(b.end()) as u64 + 1).next_power_of_two() - 1) as i64,
        Binary::ShrS if within(b, &(0..=31)) => corners(|a, b| a >> b),
        Binary::ShrU if positive && within(b, &(0..=31)) => corners(|a, b| a >> b),
        _ => ANY,
    }
}

/// Bits of an `I32` value that its element has.
fn bits(form: Form) -> u32 {
    form.bytes().min(4) as u32 * 8
}

fn within(inner: &Range, outer: &Range) -> bool {
    outer.contains(inner.start()) && outer.contains(inner.end())
}

fn hull(ends: impl IntoIterator<Item = i64> + Clone) -> Range {
    ends.clone().into_iter().min().unwrap_or(0)..=ends.into_iter().max().unwrap_or(0)
}

/// The dtype whose values an extension gives.
fn extension(op: Unary) -> Option<DType> {
    Some(match op {
        Unary::SignExtend8 => DType::I8,
        Unary::ZeroExtend8 => DType::U8,
        Unary::SignExtend16 => DType::I16,
        Unary::ZeroExtend16 => DType::U16,
        _ => return None,
    })
}

/// The values of a dtype; of what is not narrower than 32 bits, any.
fn of_dtype(dtype: DType) -> Range {
    match dtype {
        DType::U8 => 0..=255,
        DType::I8 => -128..=127,
        DType::U16 => 0..=65535,
        DType::I16 => -32768..=32767,
        _ => ANY,
    }
}
