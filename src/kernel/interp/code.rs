//! A kernel's structured statements as a flat list of instructions with jumps: what the interpreter steps through.

use crate::base::Span;
use crate::kernel::ir::{Expr, Kernel, LoopKind, Operand, Reduction, Stmt, VarId};

/// One step.
#[derive(Clone, Copy)]
pub enum Instr<'m> {
    /// A statement without control flow.
    Do(&'m Stmt),
    /// A `Call`: goes on in another frame.
    Call(&'m Stmt),
    Return(&'m [Operand]),
    Jump(usize),
    /// A jump to an earlier instruction: here a run can be stopped.
    Back(usize, Span),
    /// Jumps if the condition is false.
    Unless(&'m Expr, usize),
    /// Starts the loop of this number, or jumps past it if it runs no time.
    Enter(usize),
    /// Goes back for the next iteration of a loop, if there is one.
    Next(usize),
    /// A whole vector loop.
    Vector(usize),
}

/// A `For` statement and where its instructions are.
pub struct Loop<'m> {
    pub var: VarId,
    pub lo: &'m Expr,
    pub hi: &'m Expr,
    pub step: i64,
    pub span: Span,
    pub reductions: &'m [Reduction],
    pub body: &'m [Stmt],
    /// The first instruction of its body, and the first after it.
    pub start: usize,
    pub end: usize,
}

/// The instructions of one kernel. Outer loops stand before the loops in them.
#[derive(Default)]
pub struct Code<'m> {
    pub instrs: Vec<Instr<'m>>,
    pub loops: Vec<Loop<'m>>,
}

/// Jumps out of the loop being lowered, to be given their targets at its end.
#[derive(Default)]
struct Jumps {
    breaks: Vec<usize>,
    continues: Vec<usize>,
}

impl<'m> Code<'m> {
    pub fn of(kernel: &'m Kernel) -> Code<'m> {
        let mut code = Code::default();
        code.body(&kernel.body, &mut Jumps::default());
        code.push(Instr::Return(&[]));
        code
    }

    /// The variables of the loops round an instruction, outermost first.
    pub fn loop_vars(&self, at: usize) -> impl Iterator<Item = VarId> {
        self.loops.iter().filter(move |l| l.start <= at && at < l.end).map(|l| l.var)
    }

    fn push(&mut self, instr: Instr<'m>) -> usize {
        self.instrs.push(instr);
        self.instrs.len() - 1
    }

    fn here(&self) -> usize {
        self.instrs.len()
    }

    /// Sets the target of a jump that was pushed without one.
    fn aim(&mut self, at: usize, target: usize) {
        if let Instr::Jump(to) | Instr::Unless(_, to) = &mut self.instrs[at] {
            *to = target;
        }
    }

    fn body(&mut self, body: &'m [Stmt], jumps: &mut Jumps) {
        for stmt in body {
            self.statement(stmt, jumps);
        }
    }

    fn statement(&mut self, stmt: &'m Stmt, jumps: &mut Jumps) {
        match stmt {
            Stmt::Break => jumps.breaks.push(self.push(Instr::Jump(0))),
            Stmt::Continue => jumps.continues.push(self.push(Instr::Jump(0))),
            Stmt::Return(values) => {
                self.push(Instr::Return(values));
            }
            Stmt::Call { .. } => {
                self.push(Instr::Call(stmt));
            }
            Stmt::If { cond, then, other } => {
                let skip = self.push(Instr::Unless(cond, 0));
                self.body(then, jumps);
                let over = (!other.is_empty()).then(|| self.push(Instr::Jump(0)));
                self.aim(skip, self.here());
                self.body(other, jumps);
                if let Some(over) = over {
                    self.aim(over, self.here());
                }
            }
            Stmt::While { cond, body, span } => {
                let start = self.push(Instr::Unless(cond, 0));
                let mut inner = Jumps::default();
                self.body(body, &mut inner);
                let next = self.push(Instr::Back(start, *span));
                self.aim(start, next + 1);
                self.leave(&inner, next);
            }
            Stmt::For { var, lo, hi, step, body, kind, span } => {
                let number = self.loops.len();
                let reductions: &[Reduction] = if let LoopKind::Vector { reductions } = kind { reductions } else { &[] };
                let start = self.here() + 1;
                let (var, step, span) = (*var, *step, *span);
                self.loops.push(Loop { var, lo, hi, step, span, reductions, body, start, end: start });
                if let LoopKind::Vector { .. } = kind {
                    self.push(Instr::Vector(number));
                    return;
                }
                self.push(Instr::Enter(number));
                let mut inner = Jumps::default();
                self.body(body, &mut inner);
                let next = self.push(Instr::Next(number));
                self.loops[number].end = next + 1;
                self.leave(&inner, next);
            }
            _ => {
                self.push(Instr::Do(stmt));
            }
        }
    }

    /// Aims the jumps of a loop whose last instruction is `next`.
    fn leave(&mut self, jumps: &Jumps, next: usize) {
        for at in &jumps.continues {
            self.aim(*at, next);
        }
        for at in &jumps.breaks {
            self.aim(*at, next + 1);
        }
    }
}
