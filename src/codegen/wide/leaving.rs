//! Loops that each element leaves by itself: rounds go on under a mask as long as an element is within.

use super::Argument;
use super::asm::{Jump, Reg, memory};
use super::writer::{POINTERS, Writer};
use crate::codegen::tape::{Id, Node};
use crate::ops::emit::{Binary, Prim};
use iced_x86::{Code, Instruction};

/// The loop that instructions are in.
pub struct Around {
    /// Of its variables, by number.
    variables: Vec<Reg>,
    /// The elements that are still in it.
    within: Reg,
    start: u64,
    exits: Vec<Jump>,
}

impl Writer<'_> {
    /// An instruction of a loop that each element leaves by itself: rounds go on as long as an element is within. Variables of elements that
    /// have left stay as they are.
    pub fn loop_node(&mut self, id: Id, at: usize, group: usize, values: &mut [Option<Reg>], own: &mut Vec<Id>) -> Option<()> {
        let tape = self.tape;
        let get = |values: &[Option<Reg>], id: Id| values[self.source[id.0 as usize].0 as usize];
        match tape.node(id) {
            Node::Enter(this, before) => {
                let mut variables = Vec::new();
                for id in before {
                    let (prim, value) = (tape.prim(*id), get(values, *id)?);
                    let to = self.selector().take(prim)?;
                    self.set.copy(&mut self.selector(), prim, to, value)?;
                    variables.push(to);
                }
                // Rounds do not read again what does not change.
                let end = self.end_of(*this)?;
                for id in &self.segment.nodes[at..=end] {
                    for operand in self.operands(*id) {
                        if self.place_of(operand).is_none() {
                            self.fetch(operand, group, values, own)?;
                        }
                    }
                }
                let within = self.selector().take(Prim::Mask)?;
                match self.within {
                    Some(there) => self.set.copy(&mut self.selector(), Prim::Mask, within, there)?,
                    None => {
                        let all = self.argument(Argument::Number(Prim::Mask, 1));
                        self.set.repeat(&mut self.selector(), Prim::Mask, within, all)?;
                    }
                }
                self.around = Some(Around { variables, within, start: self.asm.position(), exits: Vec::new() });
            }
            Node::Round(_, number) => {
                values[id.0 as usize] = Some(*self.around.as_ref()?.variables.get(*number)?);
                own.push(id);
            }
            Node::While(_, goes_on) => {
                let (within, goes_on) = (self.around.as_ref()?.within, get(values, *goes_on)?);
                self.set.binary(&mut self.selector(), Prim::Mask, Binary::And, within, within, goes_on)?;
                self.set.test(&mut self.selector(), within);
                let over = self.asm.jump(Code::Je_rel32_64);
                let stop = self.pointers.iter().position(|known| *known == Argument::Cancel)?;
                self.asm.put(Instruction::with2(Code::Cmp_rm8_imm8, memory(POINTERS[stop], None, 0), 0));
                let stopped = self.asm.jump(Code::Jne_rel32_64);
                self.around.as_mut()?.exits.extend([over, stopped]);
            }
            Node::Again(_, pairs) => {
                let Around { variables, within, start, exits } = self.around.take()?;
                let mut next = Vec::new();
                for (variable, pair) in variables.iter().zip(pairs.chunks_exact(2)) {
                    let (prim, value) = (tape.prim(pair[0]), get(values, pair[1])?);
                    // What another variable holds now is read before that changes.
                    let copied = value != *variable && variables.contains(&value);
                    let from = if copied { self.selector().take(prim)? } else { value };
                    if copied {
                        self.set.copy(&mut self.selector(), prim, from, value)?;
                    }
                    next.push((prim, *variable, from, copied));
                }
                for (prim, variable, from, copied) in next {
                    if from != variable {
                        self.set.select(&mut self.selector(), prim, variable, within, from, variable)?;
                    }
                    if copied {
                        self.free.give(from);
                    }
                }
                self.asm.put(Instruction::with_branch(Code::Jmp_rel32_64, start));
                exits.into_iter().for_each(|exit| self.asm.land(exit));
                self.free.give(within);
            }
            _ => {}
        }
        Some(())
    }

    /// Where an instruction is in the segment.
    pub fn place_of(&self, id: Id) -> Option<usize> {
        self.segment.nodes.iter().position(|other| *other == id && !matches!(self.tape.node(id), Node::Constant(_) | Node::Invariant(..)))
    }

    /// Where a loop ends.
    pub fn end_of(&self, this: usize) -> Option<usize> {
        self.segment.nodes.iter().position(|id| matches!(self.tape.node(*id), Node::Again(number, _) if *number == this))
    }
}
