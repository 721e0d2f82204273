//! Elements at a fixed place are kept in a variable while a loop runs, where the loop touches them at no other place: read before it, written
//! after it. So a sum into `c[i, j]` over `k` is a reduction, and an element that stays the same is read once: on the condition that the loop
//! runs, where it is known to be inside only then.

use super::PassOptions;
use super::bounds::inside;
use crate::array::{DType, Scalar};
use crate::base::{Outcome, Span};
use crate::kernel::alias::{self, Shares};
use crate::kernel::ir::*;
use crate::kernel::ranges::{Decls, Next, State, Term, Visitor, in_loop, walk};
use crate::kernel::visit;
use crate::ops::ScalarOp;
use std::collections::{BTreeMap, BTreeSet};

/// Each round takes elements out of one more of nested loops.
const ROUNDS: usize = 4;
/// Elements of a loop in variables, beyond which registers do not hold them.
const MOST: usize = 8;
/// Places of an array beyond which they are not compared with each other.
const MOST_PLACES: usize = 16;

pub fn promote(module: &mut Module, options: &PassOptions) -> Outcome<()> {
    let starts = alias::at_start(module, &options.overlapping);
    for (kernel, start) in module.kernels.iter_mut().zip(&starts) {
        let own = kernel.vars.len() as u32;
        for _ in 0..ROUNDS {
            let mut pass = Promote {
                decls: Decls::of(kernel),
                shares: alias::in_loops(kernel, start),
                arrays: kernel.arrays.clone(),
                fresh: Vec::new(),
                own,
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
    /// Variables from this on have kept elements.
    own: u32,
    /// New variables, numbered from `first`.
    fresh: Vec<VarDecl>,
    first: u32,
}

/// How a loop uses an array.
struct Use {
    places: Vec<Place>,
    stored: bool,
    /// Are all accesses proven to be inside?
    proven: bool,
}

/// An index that it is used at.
struct Place {
    index: Vec<Expr>,
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
        let Stmt::For { body, lo, hi, step, kind: LoopKind::Seq, span, .. } = &*stmt else { return Next::Walk };
        if visit::any(body, |stmt| matches!(stmt, Stmt::Return(_))) {
            return Next::Walk;
        }
        let all = self.candidates(state, number, stmt);
        if all.is_empty() {
            return Next::Walk;
        }
        let span = *span;
        let op = if *step > 0 { ScalarOp::Lt } else { ScalarOp::Gt };
        let runs = Expr::Op { op, dtype: DType::I64, args: vec![lo.clone(), hi.clone()], span: Span::default() };
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for Kept { array, index, stored, inside } in all {
            let own = VarId(self.first + self.fresh.len() as u32);
            let dtype = self.arrays[array.0 as usize].dtype.storage();
            self.fresh.push(VarDecl { name: "kept".into(), dtype });
            let load = Expr::Load { array, index: index.clone(), check: Check::Proven };
            if let Stmt::For { body, .. } = stmt {
                replace(body, array, &index, own);
            }
            let read = Stmt::Set { var: own, value: load, span };
            before.push(if inside { read } else { Stmt::If { cond: runs.clone(), then: vec![read], other: Vec::new() } });
            if stored {
                after.push(Stmt::Store { array, index, value: Expr::Var(own), check: Check::Proven, span });
            }
        }
        before.push(std::mem::replace(stmt, Stmt::Break));
        before.extend(after);
        // A branch that is always taken; `simplify` takes it apart.
        *stmt = Stmt::If { cond: Expr::Const(Scalar::bool(true)), then: before, other: Vec::new() };
        Next::Skip
    }
}

impl Promote {
    fn candidates(&self, state: &State, number: usize, stmt: &Stmt) -> Vec<Kept> {
        let (Some(shares), Stmt::For { var, body, .. }) = (self.shares.get(number), stmt) else { return Vec::new() };
        let uses = uses(body);
        let mut changed = self.decls.changes(body);
        let set = changed.clone();
        changed.insert(Term::Var(*var));
        let mut given = BTreeSet::new();
        visit::statements(body, &mut |stmt| given.extend(visit::hands_on(stmt)));
        let bound = visit::all_binds(body);
        let innermost = !visit::any(body, |stmt| matches!(stmt, Stmt::For { .. } | Stmt::While { .. }));
        let mut room = MOST.saturating_sub(self.kept_already(body));
        let mut around = None;
        let mut kept = Vec::new();
        for (array, own) in &uses {
            let apart = |other: &ArrayId| other == array || !shares.may(*array, *other);
            // What is only read may be read elsewhere too; nothing else may write it.
            let others = uses.iter().filter(|(_, other)| own.stored || other.stored).all(|(other, _)| apart(other));
            if bound.contains(array) || given.contains(array) || !given.iter().all(apart) || !others {
                continue;
            }
            let several = own.places.len() > 1 && own.stored;
            if own.stored && !own.proven || several && (own.places.len() > MOST_PLACES || shares.may(*array, *array)) {
                continue;
            }
            for place in own.places.iter().filter(|place| place.loaded && place.index.iter().all(|at| is_fixed(at, &changed))) {
                let inside = inside(&mut state.clone(), *array, &place.index);
                // What is said of an access is said of its innermost loop.
                let once_it_runs = innermost && place.always && !place.stored;
                if room == 0 || !(inside || once_it_runs) {
                    continue;
                }
                let mut meets = |other: &Place| {
                    (place.stored || other.stored) && place.index != other.index && {
                        let around = around.get_or_insert_with(|| in_loop(&self.decls, state, stmt).map(|(inside, _)| inside));
                        !around.as_mut().is_some_and(|state| are_apart(state, &place.index, &other.index, &set))
                    }
                };
                if !own.places.iter().any(&mut meets) {
                    room -= 1;
                    kept.push(Kept { array: *array, index: place.index.clone(), stored: place.stored, inside });
                }
            }
        }
        kept
    }

    /// How many elements are in variables in a body.
    fn kept_already(&self, body: &[Stmt]) -> usize {
        let mut found = BTreeSet::new();
        visit::all_exprs(body, &mut |expr| {
            if let Expr::Var(var) = expr
                && var.0 >= self.own
            {
                found.insert(*var);
            }
        });
        found.len()
    }
}

/// Whether two places of an array are different elements in all iterations of a loop, which sets the variables `set`.
fn are_apart(inside: &mut State, a: &[Expr], b: &[Expr], set: &BTreeSet<Term>) -> bool {
    a.iter().zip(b).any(|(a, b)| {
        let known = is_fixed(a, set) && is_fixed(b, set);
        let gap = inside.exact(a).minus(&inside.exact(b));
        known && (inside.proves(&gap.offset(-1)) || inside.proves(&gap.scaled(-1).offset(-1)))
    })
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
        let own = found.entry(array).or_insert(Use { places: Vec::new(), stored: false, proven: true });
        own.stored |= stored;
        own.proven &= check.is_proven();
        let at = own.places.iter().position(|place| place.index == *index).unwrap_or_else(|| {
            own.places.push(Place { index: index.clone(), loaded: false, stored: false, always: true });
            own.places.len() - 1
        });
        let place = &mut own.places[at];
        place.always &= check == Check::Always;
        place.loaded |= !stored;
        place.stored |= stored;
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
        if let Stmt::Store { array: stored, index: at, value, span, .. } = stmt
            && *stored == array
            && at == index
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
