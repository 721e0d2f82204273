//! Innermost loops whose iterations are independent, but for reductions, become vector loops: branches become choices (`straight`),
//! reductions get their form (`reduce`), accesses are compared (`depend`). A loop that cannot is left as it was. So do loops round loops that
//! compute with variables alone and could be no vector loops: elements leave those one after another.

use super::PassOptions;
use super::bounds::inside;
use super::depend::Iterations;
use super::fold::fold;
use super::reduce::{Reduced, Rules, reduce, set_before_read};
use super::straight::{Straightener, without_continue};
use crate::array::{DType, Scalar};
use crate::base::Outcome;
use crate::kernel::alias::{self, Shares};
use crate::kernel::facts::can_fail;
use crate::kernel::ir::*;
use crate::kernel::liveness::{VarSet, live_after_loops};
use crate::kernel::ranges::{Decls, Element, Guards, Next, Round, State, Visitor, in_loop, walk, walk_body};
use crate::kernel::visit;
use crate::ops::ScalarOp;

/// Loops known to run fewer times stay as they are.
const FEWEST: i128 = 8;
/// Work (see `cost`) that is not worth doing for nothing where a condition is false.
const MOST_FOR_NOTHING: usize = 400;

pub fn vectorise(module: &mut Module, options: &PassOptions) -> Outcome<()> {
    let starts = alias::at_start(module, &options.overlapping);
    let rules = Rules { checked: module.checked, reorder_floats: options.reorder_floats };
    for (kernel, start) in module.kernels.iter_mut().zip(&starts) {
        let (shares, live) = (alias::in_loops(kernel, start), live_after_loops(kernel));
        let mut shell = Kernel { body: Vec::new(), ..kernel.clone() };
        walk(kernel, &mut Vectoriser { shell: &mut shell, shares, live, rules });
        kernel.vars = shell.vars;
    }
    Ok(())
}

struct Vectoriser<'a> {
    /// The kernel without its body: new variables go here.
    shell: &'a mut Kernel,
    shares: Vec<Shares>,
    live: Vec<VarSet>,
    rules: Rules,
}

impl Visitor for Vectoriser<'_> {
    fn enter(&mut self, state: &mut State, number: usize, stmt: &mut Stmt) -> Next {
        let vars = self.shell.vars.len();
        match self.vector_loop(state, number, stmt) {
            Some(vector) => {
                *stmt = vector;
                Next::Skip
            }
            None => {
                self.shell.vars.truncate(vars);
                Next::Walk
            }
        }
    }
}

impl Vectoriser<'_> {
    /// Is a loop one that elements of a loop round it go through together, each as often as it has to? One that could be a vector loop itself
    /// is left to be that.
    fn differs(&self, stmt: &Stmt) -> bool {
        let Some(body) = visit::bodies(stmt).first().copied().filter(|body| sets_only(body) && is_light(std::slice::from_ref(stmt))) else {
            return false;
        };
        if matches!(stmt, Stmt::While { .. }) || visit::any(body, |stmt| matches!(stmt, Stmt::Break)) {
            return true;
        }
        let mut kernel = self.shell.clone();
        let mut straightener = Straightener { kernel: &mut kernel, checked: self.rules.checked, out: Vec::new() };
        straightener.body(&without_continue(body)).is_some() && {
            let straight = straightener.out;
            let carried = straight.clone();
            reduce(&mut kernel, straight, &|var| !set_before_read(&carried, var), self.rules).is_none()
        }
    }

    fn vector_loop(&mut self, state: &State, number: usize, stmt: &Stmt) -> Option<Stmt> {
        let Stmt::For { var, lo, hi, step, body, kind: LoopKind::Seq, span } = stmt else { return None };
        if !is_plain(body, &|stmt| self.differs(stmt)) {
            return None;
        }
        let decls = Decls::of(self.shell);
        let (inside, round) = in_loop(&decls, state, stmt)?;
        if inside.proves(&round.least.minus(&round.most).offset(i128::from(*step).abs() * (FEWEST - 1) - 1)) {
            return None;
        }
        let mut body = without_continue(body);
        let mut safe = Safe { holds: true };
        walk_body(&decls, &mut body, inside.clone(), std::slice::from_ref(&round), Guards::Ignored, &mut safe);
        if !safe.holds || body.iter().map(for_nothing).sum::<usize>() > MOST_FOR_NOTHING {
            return None;
        }
        let checked = self.rules.checked;
        let mut straightener = Straightener { kernel: self.shell, checked, out: Vec::new() };
        straightener.body(&body)?;
        let mut straight = straightener.out;
        visit::rewrite(&mut straight, &mut |expr| fold(expr, checked));
        let mut fails = false;
        visit::statements(&straight, &mut |stmt| fails |= visit::exprs(stmt).into_iter().any(|expr| can_fail(expr, checked)));
        if fails {
            return None;
        }
        let live = &self.live.get(number)?;
        let Reduced { body, reductions, before, after } = reduce(self.shell, straight, &|var| live.contains(var), self.rules)?;
        if body.is_empty() {
            return None;
        }
        let decls = Decls::of(self.shell);
        let iterations = Iterations { decls: &decls, var: *var, state: &inside, round: &round, shares: self.shares.get(number)? };
        if iterations.conflict(&iterations.touches(&body), &decls.changes(&body)).is_some() {
            return None;
        }
        let (var, lo, hi, step, span) = (*var, lo.clone(), hi.clone(), *step, *span);
        let vector = Stmt::For { var, lo, hi, step, body, kind: LoopKind::Vector { reductions }, span };
        if before.is_empty() {
            return Some(vector);
        }
        // A branch that is always taken; `simplify` takes it apart.
        let then = before.into_iter().chain([vector]).chain(after).collect();
        Some(Stmt::If { cond: Expr::Const(Scalar::bool(true)), then, other: Vec::new() })
    }
}

/// Nothing but assignments, stores and branches, and loops that elements leave one after another?
fn is_plain(body: &[Stmt], inner: &impl Fn(&Stmt) -> bool) -> bool {
    body.iter().all(|stmt| match stmt {
        Stmt::Set { .. } | Stmt::Store { .. } | Stmt::Continue => true,
        Stmt::If { then, other, .. } => is_plain(then, inner) && is_plain(other, inner),
        Stmt::While { .. } | Stmt::For { .. } => inner(stmt),
        _ => false,
    })
}

/// Nothing but assignments, branches and jumps?
fn sets_only(body: &[Stmt]) -> bool {
    body.iter().all(|stmt| match stmt {
        Stmt::Set { .. } | Stmt::Break | Stmt::Continue => true,
        Stmt::If { then, other, .. } => sets_only(then) && sets_only(other),
        _ => false,
    })
}

/// No elements of arrays, and nothing that routines compute?
fn is_light(body: &[Stmt]) -> bool {
    let mut light = true;
    visit::all_exprs(body, &mut |expr| {
        light &= match expr {
            Expr::Load { .. } => false,
            Expr::Op { op, .. } => {
                !matches!(op, ScalarOp::Math(_) | ScalarOp::Pow | ScalarOp::Random(_) | ScalarOp::Arg | ScalarOp::Quantile(_))
            }
            _ => true,
        }
    });
    light
}

/// Are all accesses inside, also those on a condition if it is false?
struct Safe {
    holds: bool,
}

impl Visitor for Safe {
    fn access(&mut self, state: &mut State, _loops: &[Round], element: Element) {
        let always = *element.check == Check::Always || inside(state, element.array, element.index);
        self.holds &= element.check.is_proven() && (!element.guarded || always);
    }
}

/// The work that a statement may do for nothing once it has no branches.
fn for_nothing(stmt: &Stmt) -> usize {
    match stmt {
        Stmt::If { then, other, .. } => {
            then.iter().chain(other).map(|stmt| visit::exprs(stmt).into_iter().map(cost).sum::<usize>() + for_nothing(stmt)).sum()
        }
        _ => 0,
    }
}

/// The work of an expression, in additions.
pub fn cost(expr: &Expr) -> usize {
    let own = match expr {
        Expr::Const(_) | Expr::Var(_) | Expr::Len { .. } => 0,
        Expr::Op { op, dtype, .. } => {
            let complex = if dtype.is_complex() { 4 } else { 1 };
            complex
                * match op {
                    ScalarOp::Math(_) | ScalarOp::Pow | ScalarOp::Random(_) | ScalarOp::Arg => 20,
                    ScalarOp::Quantile(_) => 200,
                    ScalarOp::FloorDiv | ScalarOp::Rem if *dtype != DType::Bool => 20,
                    ScalarOp::Div | ScalarOp::Sqrt => 6,
                    _ => 1,
                }
        }
        Expr::Cast { .. } | Expr::Load { .. } | Expr::If { .. } => 1,
    };
    own + visit::children(expr).into_iter().map(cost).sum::<usize>()
}
