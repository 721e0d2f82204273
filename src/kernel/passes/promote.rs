//! Elements that a loop reads and writes at one place only are kept in a variable: read before the loop, written after it. So a sum into
//! `c[i, j]` over `k` is a reduction, and an element that stays the same is read once: on the condition that the loop runs, where it is
//! known to be inside only then.

use super::PassOptions;
use super::bounds::inside;
use crate::array::{DType, Scalar};
use crate::base::{Outcome, Span};
use crate::kernel::alias::{self, Shares};
use crate::kernel::ir::*;
use crate::kernel::ranges::{Decls, Next, State, Term, Visitor, walk};
use crate::kernel::visit;
use crate::ops::ScalarOp;
use std::collections::{BTreeMap, BTreeSet};

/// Each round takes one element out of each loop.
const ROUNDS: usize = 6;

pub fn promote(module: &mut Module, options: &PassOptions) -> Outcome<()> {
    let starts = alias::at_start(module, &options.overlapping);
    for (kernel, start) in module.kernels.iter_mut().zip(&starts) {
        for _ in 0..ROUNDS {
            let mut pass = Promote {
                decls: Decls::of(kernel),
                shares: alias::in_loops(kernel, start),
                arrays: kernel.arrays.clone(),
                fresh: Vec::new(),
                first: kernel.vars.len() as u32,
            };
            walk(kernel, &mut pass);
            if pass.fresh.is_empty() {
                break;
            }
            kernel.vars.append(&mut pass.fresh);
        }
    }
    Ok(())
}

struct Promote {
    decls: Decls,
    shares: Vec<Shares>,
    arrays: Vec<ArrayDecl>,
    /// New variables, numbered from `first`.
    fresh: Vec<VarDecl>,
    first: u32,
}

/// How a loop uses an array: the one index, and whether it loads and stores there; `None` if it does more.
struct Use {
    place: Option<Vec<Expr>>,
    loaded: bool,
    stored: bool,
    /// Is it inside whatever the conditions in the loop?
    always: bool,
}

/// An element to be kept in a variable.
struct Kept {
    array: ArrayId,
    index: Vec<Expr>,
    stored: bool,
    /// Is it known to be inside even if the loop does not run?
    inside: bool,
}

impl Visitor for Promote {
    fn enter(&mut self, state: &mut State, number: usize, stmt: &mut Stmt) -> Next {
        let Stmt::For { var, lo, hi, step, body, kind: LoopKind::Seq, span } = &*stmt else { return Next::Walk };
        if visit::any(body, |stmt| matches!(stmt, Stmt::Return(_))) {
            return Next::Walk;
        }
        let (var, span) = (*var, *span);
        let Some(Kept { array, index, stored, inside }) = self.candidate(state, number, var, body) else { return Next::Walk };
        let op = if *step > 0 { ScalarOp::Lt } else { ScalarOp::Gt };
        let runs = Expr::Op { op, dtype: DType::I64, args: vec![lo.clone(), hi.clone()], span: Span::default() };
        let own = VarId(self.first + self.fresh.len() as u32);
        let dtype = self.arrays[array.0 as usize].dtype.storage();
        self.fresh.push(VarDecl { name: "kept".into(), dtype });
        let load = Expr::Load { array, index: index.clone(), check: Check::Proven };
        if let Stmt::For { body, .. } = stmt {
            replace(body, array, &index, own);
        }
        let read = Stmt::Set { var: own, value: load, span };
        let read = if inside { read } else { Stmt::If { cond: runs, then: vec![read], other: Vec::new() } };
        let mut then = vec![read, std::mem::replace(stmt, Stmt::Break)];
        if stored {
            then.push(Stmt::Store { array, index, value: Expr::Var(own), check: Check::Proven, span });
        }
        // A branch that is always taken; `simplify` takes it apart.
        *stmt = Stmt::If { cond: Expr::Const(Scalar::bool(true)), then, other: Vec::new() };
        Next::Skip
    }
}

impl Promote {
    fn candidate(&self, state: &State, number: usize, var: VarId, body: &[Stmt]) -> Option<Kept> {
        let shares = self.shares.get(number)?;
        let uses = uses(body);
        let mut changed = self.decls.changes(body);
        changed.insert(Term::Var(var));
        let mut given = BTreeSet::new();
        visit::statements(body, &mut |stmt| given.extend(visit::hands_on(stmt)));
        let bound = visit::all_binds(body);
        let innermost = !visit::any(body, |stmt| matches!(stmt, Stmt::For { .. } | Stmt::While { .. }));
        uses.iter().find_map(|(array, own)| {
            let index = own.place.as_ref()?;
            let apart = |other: &ArrayId| other == array || !shares.may(*array, *other);
            // What is only read may be read elsewhere too; nothing else may write it.
            let others = uses.iter().filter(|(_, other)| own.stored || other.stored).all(|(other, _)| apart(other));
            let fits = own.loaded && !bound.contains(array) && !given.contains(array) && given.iter().all(apart) && others;
            let stays = fits && index.iter().all(|at| is_fixed(at, &changed));
            let inside = stays && inside(&mut state.clone(), *array, index);
            // What is said of an access is said of its innermost loop.
            let once_it_runs = stays && innermost && own.always && !own.stored;
            (inside || once_it_runs).then(|| Kept { array: *array, index: index.clone(), stored: own.stored, inside })
        })
    }
}

/// Is an expression the same in all iterations?
fn is_fixed(expr: &Expr, changed: &BTreeSet<Term>) -> bool {
    let mut fixed = true;
    visit::each_expr(expr, &mut |expr| {
        fixed &= match expr {
            Expr::Var(var) => !changed.contains(&Term::Var(*var)),
            Expr::Len { array, axis } => !changed.contains(&Term::Len(*array, *axis)),
            Expr::Const(_) => true,
            Expr::Op { op, dtype, .. } => {
                !op.can_fail(*dtype, true)
                    || matches!(op, crate::ops::ScalarOp::Add | crate::ops::ScalarOp::Sub | crate::ops::ScalarOp::Mul)
            }
            _ => false,
        };
    });
    fixed
}

/// How a body uses each array.
fn uses(body: &[Stmt]) -> BTreeMap<ArrayId, Use> {
    let mut found: BTreeMap<ArrayId, Use> = BTreeMap::new();
    let mut note = |array: ArrayId, index: &Vec<Expr>, check: Check, stored: bool| {
        let place = check.is_proven().then(|| index.clone());
        let own = found.entry(array).or_insert(Use { place: place.clone(), loaded: false, stored: false, always: true });
        if own.place != place {
            own.place = None;
        }
        own.always &= check == Check::Always;
        own.loaded |= !stored;
        own.stored |= stored;
    };
    visit::statements(body, &mut |stmt| {
        if let Stmt::Store { array, index, check, .. } = stmt {
            note(*array, index, *check, true);
        }
    });
    visit::all_exprs(body, &mut |expr| {
        if let Expr::Load { array, index, check } = expr {
            note(*array, index, *check, false);
        }
    });
    found
}

/// Puts a variable in the place of an element.
fn replace(body: &mut [Stmt], array: ArrayId, index: &[Expr], own: VarId) {
    visit::rewrite(body, &mut |expr| {
        if matches!(expr, Expr::Load { array: loaded, index: at, .. } if *loaded == array && *at == index) {
            *expr = Expr::Var(own);
        }
    });
    visit::statements_mut(body, &mut |stmt| {
        if let Stmt::Store { array: stored, value, span, .. } = stmt
            && *stored == array
        {
            let value = std::mem::replace(value, Expr::Var(own));
            *stmt = Stmt::Set { var: own, value, span: *span };
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Interpreter;
    use crate::kernel::parse::parse;
    use crate::kernel::passes::bounds::bounds;
    use crate::kernel::passes::simplify::simplify;
    use crate::kernel::testing::{Data, run, same_run};
    use crate::kernel::verify::verify;

    #[test]
    fn elements_are_kept_in_variables() {
        let text = "kernel f(a: f64[2], b: f64[2], c: f64[2], x: f64[1]) {
            var i: i64 var j: i64 var k: i64
            for i in 0..len(c, 0) {
                for j in 0..len(c, 1) {
                    for k in 0..len(a, 1) {
                        if (a[i, k] > x[0]?) {
                            c[i, j] = (c[i, j] + (a[i, k] * b[k, j]))
                        }
                    }
                    x[0]? = 1.0
                }
            }
        }";
        let want = "
            kernel f(a: f64[2], b: f64[2], c: f64[2], x: f64[1]) {
                var i: i64
                var j: i64
                var k: i64
                var kept: f64
                for i in 0..len(c, 0) {
                    for j in 0..len(c, 1) {
                        kept = c[i, j]
                        for k in 0..len(a, 1) {
                            if (a[i, k] > x[0]?) {
                                kept = (kept + (a[i, k] * b[k, j]))
                            }
                        }
                        c[i, j] = kept
                        x[0]? = 1.0
                    }
                }
            }
        ";
        let mut module = parse(text).unwrap();
        for pass in [promote, simplify] {
            pass(&mut module, &PassOptions::default()).unwrap();
            verify(&module).unwrap();
        }
        let words = |text: &str| text.split_whitespace().map(str::to_string).collect::<Vec<_>>();
        assert_eq!(words(&module.to_string()), words(want));
    }

    #[test]
    fn elements_inside_once_the_loop_runs_are_read_if_it_does() {
        let text = "kernel f(x: f64[1], y: f64[1], n: i64) {
            var i: i64
            for i in 0..len(x, 0) { y[i]? = (x[0]? * 2.0) }
            for i in 0..n { y[0]? = x[i]? }
        }";
        let mut module = parse(text).unwrap();
        let before = module.clone();
        for pass in [bounds, promote, simplify] {
            pass(&mut module, &PassOptions::default()).unwrap();
            verify(&module).unwrap();
        }
        let text = module.to_string();
        assert!(text.contains("if (0 < len(x, 0)) {\n        kept = x[0]\n"), "{text}");
        assert_eq!(text.matches("kept =").count(), 1, "{text}");
        for sizes in [0, 1, 3] {
            let floats: Vec<f64> = (0..sizes).map(|v| v as f64 + 1.0).collect();
            let data = [Data::f64s(&floats), Data::f64s(&floats), Data::i64(sizes)];
            let [want, got] = [&before, &module].map(|module| run(&Interpreter, module, &data));
            assert!(same_run(&want, &got), "{sizes}\n{want:?}\n{got:?}");
        }
    }

    #[test]
    fn elements_that_others_touch_stay() {
        for body in [
            "for i in 0..n { x[0] = (x[0] + x[i]?) }",
            "for i in 0..n { x[k] = (x[k] + 1.0) k = (k + 1) }",
            "a = view x[..] for i in 0..n { x[0] = (x[0] + a[i]?) }",
            "for i in 0..n { x[0] = 1.0 }",
            "for i in 0..n { x[0] = (x[0] + 1.0) return }",
            // Outside if the loop does not run.
            "for i in 0..n { x[0] = (x[0] + 1.0) }",
        ] {
            let text = format!("kernel f(x: f64[1], n: i64, k: i64) {{ var i: i64 array a: f64[1] {body} }}");
            let mut module = parse(&text).unwrap();
            promote(&mut module, &PassOptions::default()).unwrap();
            assert!(!module.to_string().contains("kept"), "{body}\n{module}");
        }
    }
}
