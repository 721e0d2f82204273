//! Loops in two versions: where an index cannot be proven inside but is linear in loop variables and in what the loop does not change, its
//! extremes are tested once before the loop. If they are inside, the loop runs without those checks, else as it was, so that messages stay
//! exact. Outer loops come first; what depends on an outer loop's work is tested before an inner one.

use super::PassOptions;
use super::inline::size;
use crate::array::{DType, Scalar};
use crate::base::{Outcome, Span};
use crate::kernel::facts::can_fail;
use crate::kernel::ir::*;
use crate::kernel::ranges::{Decls, Element, Guards, Linear, Next, Round, State, Term, Visitor, in_loop, walk, walk_body};
use crate::kernel::visit;
use crate::ops::ScalarOp;
use std::collections::BTreeSet;

/// Loops larger than this (statements and expression nodes) stay as they are.
const LARGEST_LOOP: usize = 2_000;
/// Statements and expression nodes that the versions of a kernel may add.
const GROWTH: usize = 12_000;
/// Tests before a loop.
const MOST_TESTS: usize = 16;
/// Terms outside ± this leave the fast version, so that no test can wrap.
const TERM_RANGE: i64 = 1 << 55;
/// Sum of coefficients, and largest constant, of a test.
const FACTORS: i128 = 100;
const CONSTANT: i128 = 1 << 60;

pub fn version(module: &mut Module, _options: &PassOptions) -> Outcome<()> {
    let checked = module.checked;
    for kernel in &mut module.kernels {
        let decls = Decls::of(kernel);
        walk(kernel, &mut Versioner { decls, checked, growth: GROWTH });
    }
    Ok(())
}

struct Versioner {
    decls: Decls,
    checked: bool,
    growth: usize,
}

impl Visitor for Versioner {
    fn enter(&mut self, state: &mut State, _number: usize, stmt: &mut Stmt) -> Next {
        let Stmt::For { body, .. } = &*stmt else { return Next::Walk };
        let size = size(body);
        if size > LARGEST_LOOP.min(self.growth) {
            return Next::Walk;
        }
        let Some((tests, proven)) = self.tests(state, stmt) else { return Next::Walk };
        let Some((inside, round)) = in_loop(&self.decls, state, stmt) else { return Next::Walk };
        self.growth -= size;
        let slow = stmt.clone();
        if let Stmt::For { body, .. } = stmt {
            walk_body(&self.decls, body, inside, &[round], Guards::Hold, &mut Mark { proven, number: 0 });
        }
        let fast = std::mem::replace(stmt, Stmt::Break);
        *stmt = Stmt::If { cond: tests, then: vec![fast], other: vec![slow] };
        Next::Versions
    }
}

impl Versioner {
    /// The condition for the fast version of a loop, and the numbers of the accesses that need no check there.
    fn tests(&self, state: &State, stmt: &Stmt) -> Option<(Expr, BTreeSet<usize>)> {
        let Stmt::For { var, body, .. } = stmt else { return None };
        let (inside, round) = in_loop(&self.decls, state, stmt)?;
        let mut changed = self.decls.changes(body);
        changed.insert(Term::Var(*var));
        let mut collect = Collect {
            entry: state,
            changed,
            checked: self.checked,
            number: 0,
            tests: Vec::new(),
            terms: Vec::new(),
            proven: BTreeSet::new(),
        };
        walk_body(&self.decls, &mut body.clone(), inside, &[round], Guards::Hold, &mut collect);
        if collect.proven.is_empty() {
            return None;
        }
        let ranges = collect.terms.iter().flat_map(|(term, expr)| {
            let small = matches!(term, Term::Len(..));
            let low = compare(ScalarOp::Ge, expr.clone(), -TERM_RANGE);
            let high = compare(ScalarOp::Le, expr.clone(), TERM_RANGE);
            [low, high].into_iter().filter(move |_| !small)
        });
        let value = |term: Term| collect.terms.iter().find(|(known, _)| *known == term).map(|(_, expr)| expr.clone());
        let tests = collect.tests.iter().filter_map(|test| Some(compare(ScalarOp::Ge, sum(test, value)?, 0)));
        let cond = ranges.chain(tests.collect::<Vec<_>>()).reduce(|a, b| op(ScalarOp::And, DType::Bool, a, b))?;
        Some((cond, collect.proven))
    }
}

fn op(op: ScalarOp, dtype: DType, a: Expr, b: Expr) -> Expr {
    Expr::Op { op, dtype, args: vec![a, b], span: Span::default() }
}

fn constant(value: i64) -> Expr {
    Expr::Const(Scalar::i64(value))
}

fn compare(op: ScalarOp, a: Expr, b: i64) -> Expr {
    Expr::Op { op, dtype: DType::I64, args: vec![a, constant(b)], span: Span::default() }
}

/// A linear form as an expression.
fn sum(form: &Linear, value: impl Fn(Term) -> Option<Expr>) -> Option<Expr> {
    let mut sum = None;
    for (term, factor) in form.terms() {
        let value = value(*term)?;
        let part = if *factor == 1 { value } else { op(ScalarOp::Mul, DType::I64, value, constant(*factor as i64)) };
        sum = Some(sum.map_or_else(|| part.clone(), |sum| op(ScalarOp::Add, DType::I64, sum, part.clone())));
    }
    let offset = constant(form.constant as i64);
    Some(match sum {
        Some(sum) if form.constant == 0 => sum,
        Some(sum) => op(ScalarOp::Add, DType::I64, sum, offset),
        None => offset,
    })
}

/// Finds the accesses of a loop that tests before it can prove.
struct Collect<'a> {
    /// What holds before the loop.
    entry: &'a State,
    changed: BTreeSet<Term>,
    checked: bool,
    number: usize,
    /// Forms that must not be negative.
    tests: Vec<Linear>,
    /// Their terms, and how to compute them before the loop.
    terms: Vec<(Term, Expr)>,
    proven: BTreeSet<usize>,
}

impl Visitor for Collect<'_> {
    fn access(&mut self, state: &mut State, loops: &[Round], element: Element) {
        self.number += 1;
        if element.check.is_proven() {
            return;
        }
        let mut tests = Vec::new();
        for (axis, at) in element.index.iter().enumerate() {
            let Some(more) = self.axis(state, loops, element.array, axis, at) else { return };
            tests.extend(more.into_iter().filter(|test| !self.tests.contains(test)));
        }
        if self.tests.len() + tests.len() <= MOST_TESTS {
            self.tests.extend(tests);
            self.proven.insert(self.number);
        }
    }
}

impl Collect<'_> {
    /// What must not be negative for an index to be inside an axis.
    fn axis(&mut self, state: &mut State, loops: &[Round], array: ArrayId, axis: usize, index: &Expr) -> Option<Vec<Linear>> {
        let size = state.size(array, axis);
        let forms = [state.linear(index), state.exact(index)];
        let mut tests = |at: Linear| {
            let unknown = [at.clone(), size.minus(&at).offset(-1)].into_iter().filter(|form| !state.proves(form));
            let tests = unknown.map(|form| self.extreme(state, loops, form)).collect::<Option<Vec<_>>>()?;
            Some(tests.into_iter().filter(|test| !self.entry.proves(test)).collect())
        };
        forms.into_iter().find_map(&mut tests)
    }

    /// The least value of a form over the loops, in terms that can be computed before them.
    fn extreme(&mut self, state: &State, loops: &[Round], mut form: Linear) -> Option<Linear> {
        for round in loops.iter().rev() {
            let own = Term::Var(round.var);
            let factor = form.coefficient(own);
            form = form.substitute(own, if factor > 0 { &round.least } else { &round.most });
        }
        let factors: i128 = form.terms().iter().map(|(_, factor)| factor.abs()).sum();
        if factors > FACTORS || form.constant.abs() > CONSTANT || form.known().is_some_and(|value| value < 0) {
            return None;
        }
        let terms = form.terms().iter().map(|(term, _)| Some((*term, self.before(state, *term)?))).collect::<Option<Vec<_>>>()?;
        for (term, expr) in terms {
            if !self.terms.iter().any(|(known, _)| *known == term) {
                self.terms.push((term, expr));
            }
        }
        Some(form)
    }

    /// How to compute a term before the loop.
    fn before(&self, state: &State, term: Term) -> Option<Expr> {
        if self.changed.contains(&term) {
            return None;
        }
        let expr = self.entry.expr(term).or_else(|| state.expr(term))?;
        let mut stays = !can_fail(&expr, self.checked);
        visit::each_expr(&expr, &mut |expr| {
            stays &= match expr {
                Expr::Var(var) => !self.changed.contains(&Term::Var(*var)),
                Expr::Len { array, axis } => !self.changed.contains(&Term::Len(*array, *axis)),
                Expr::Load { .. } => false,
                _ => true,
            };
        });
        stays.then_some(expr)
    }
}

/// Takes the checks off accesses, by number.
struct Mark {
    proven: BTreeSet<usize>,
    number: usize,
}

impl Visitor for Mark {
    fn access(&mut self, _state: &mut State, _loops: &[Round], element: Element) {
        self.number += 1;
        if self.proven.contains(&self.number) {
            *element.check = Check::Proven;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::parse::parse;
    use crate::kernel::passes::bounds::bounds;
    use crate::kernel::passes::simplify::simplify;
    use crate::kernel::verify::verify;

    /// Indices left checked in the fast versions (in all loops that are not a slow version), and the number of versioned loops.
    fn versions(body: &str) -> (usize, usize) {
        let text = format!(
            "kernel f(x: f64[1], y: f64[1], m: f64[2], b: i64[1], n: i64, k: i64) -> f64 {{
                var i: i64 var j: i64 var t: i64 var s: f64
                {body}
                return s
            }}"
        );
        let mut module = parse(&text).unwrap();
        let options = PassOptions::default();
        for pass in [bounds, version, simplify] {
            pass(&mut module, &options).unwrap();
            verify(&module).unwrap_or_else(|error| panic!("{}\n{module}", error.message));
        }
        fn count(body: &[Stmt]) -> (usize, usize) {
            body.iter()
                .map(|stmt| match stmt {
                    // A version test has an `else` with a loop.
                    Stmt::If { then, other, .. } if matches!(other[..], [Stmt::For { .. }]) => {
                        let (checks, loops) = count(then);
                        (checks, loops + 1)
                    }
                    _ => {
                        let mut checks = 0;
                        visit::exprs(stmt).into_iter().for_each(|expr| {
                            visit::each_expr(expr, &mut |expr| {
                                checks += usize::from(matches!(expr, Expr::Load { check: Check::At(_), .. }));
                            })
                        });
                        checks += usize::from(matches!(stmt, Stmt::Store { check: Check::At(_), .. }));
                        visit::bodies(stmt).into_iter().map(|body| count(body)).fold((checks, 0), |a, b| (a.0 + b.0, a.1 + b.1))
                    }
                })
                .fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
        }
        count(&module.kernels[0].body)
    }

    #[test]
    fn checks_move_before_loops() {
        for (body, want) in [
            ("for i in 0..len(x, 0) { s = (s + (x[i]? * y[i]?)) }", (0, 1)),
            ("for i in 0..n { s = (s + x[i]?) }", (0, 1)),
            ("for i in k..n by 2 { s = (s + x[((2 * i) + 1)]?) }", (0, 1)),
            ("for i in 0..n { for j in 0..k { m[i, j]? = m[j, i]? } }", (0, 1)),
            ("for i in 0..n { for j in i..(n + i) { s = x[((j - i) + k)]? } }", (0, 1)),
            ("for i in 0..n { t = (i + k) s = x[t]? }", (0, 1)),
            ("for i in 0..n { s = x[(k // 2)]? }", (0, 1)),
            // The index is data: only the other is tested.
            ("for i in 0..n { s = x[b[i]?]? }", (1, 1)),
            // The inner bound is known before the inner loop only.
            ("for i in 0..len(b, 0) { t = b[i]? for j in 0..t { s = (s + x[j]?) } }", (0, 1)),
            ("for i in 0..n { x = view x[1..3] s = x[i]? }", (1, 0)),
            ("for i in 0..n { k = (k + i) s = x[k]? }", (1, 0)),
            ("for i in 0..n { s = x[(k // i)]? }", (1, 0)),
            ("for i in 0..len(x, 0) { s = x[i]? }", (0, 0)),
        ] {
            assert_eq!(versions(body), want, "{body}");
        }
    }
}
