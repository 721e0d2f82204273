//! What a loop writes in one iteration and reads in the next stays in a variable: `row[j + 1] = f(row[j])`. The element is read from memory
//! before the first iteration only. (Predictive commoning: O'Brien 1990.)

use super::PassOptions;
use crate::array::{DType, Scalar};
use crate::base::{Outcome, Span};
use crate::kernel::alias::{self, Shares};
use crate::kernel::ir::*;
use crate::kernel::ranges::{Next, State, Visitor, walk};
use crate::kernel::visit;
use crate::ops::ScalarOp;
use std::collections::BTreeSet;

pub fn carry(module: &mut Module, options: &PassOptions) -> Outcome<()> {
    let starts = alias::at_start(module, &options.overlapping);
    for (kernel, start) in module.kernels.iter_mut().zip(&starts) {
        let shares = alias::in_loops(kernel, start);
        let mut pass = Carry { shares, arrays: kernel.arrays.clone(), fresh: Vec::new(), first: kernel.vars.len() as u32 };
        walk(kernel, &mut pass);
        kernel.vars.append(&mut pass.fresh);
    }
    Ok(())
}

struct Carry {
    shares: Vec<Shares>,
    arrays: Vec<ArrayDecl>,
    /// New variables, numbered from `first`.
    fresh: Vec<VarDecl>,
    first: u32,
}

impl Visitor for Carry {
    fn enter(&mut self, _state: &mut State, number: usize, stmt: &mut Stmt) -> Next {
        let Stmt::For { var, lo, hi, step: 1, body, kind: LoopKind::Seq, span } = &*stmt else { return Next::Walk };
        let Some(carried) = self.shares.get(number).and_then(|shares| Carried::find(*var, body, shares)) else { return Next::Walk };
        let (var, span, Carried { array, index, axis, offset }) = (*var, *span, carried);
        let (own, new) = (self.variable(array, "carried"), self.variable(array, "new"));
        let mut at_first = index.clone();
        at_first[axis] = add(lo.clone(), offset - 1);
        let runs = Expr::Op { op: ScalarOp::Lt, dtype: DType::I64, args: vec![lo.clone(), hi.clone()], span: Span::default() };
        let first = Expr::Load { array, index: at_first, check: Check::Proven };
        let begin = Stmt::If { cond: runs, then: vec![Stmt::Set { var: own, value: first, span }], other: Vec::new() };
        if let Stmt::For { body, .. } = stmt {
            visit::rewrite(body, &mut |expr| {
                if matches!(expr, Expr::Load { array: read, index: at, .. } if *read == array && offset_of(&at[axis], var) == Some(offset - 1))
                {
                    *expr = Expr::Var(own);
                }
            });
            let Some(at) = body.iter().position(|stmt| matches!(stmt, Stmt::Store { array: stored, .. } if *stored == array)) else {
                return Next::Walk;
            };
            if let Stmt::Store { value, .. } = &mut body[at] {
                let value = std::mem::replace(value, Expr::Var(new));
                body.insert(at, Stmt::Set { var: new, value, span });
            }
            body.push(Stmt::Set { var: own, value: Expr::Var(new), span });
        }
        let then = vec![begin, std::mem::replace(stmt, Stmt::Break)];
        // A branch that is always taken; `simplify` takes it apart.
        *stmt = Stmt::If { cond: Expr::Const(Scalar::bool(true)), then, other: Vec::new() };
        Next::Skip
    }
}

impl Carry {
    fn variable(&mut self, array: ArrayId, name: &str) -> VarId {
        self.fresh.push(VarDecl { name: name.into(), dtype: self.arrays[array.0 as usize].dtype.storage() });
        VarId(self.first + self.fresh.len() as u32 - 1)
    }
}

/// An array that a loop writes at `variable + offset` along an axis, and reads at one less.
struct Carried {
    array: ArrayId,
    index: Vec<Expr>,
    axis: usize,
    offset: i64,
}

impl Carried {
    fn find(var: VarId, body: &[Stmt], shares: &Shares) -> Option<Carried> {
        let plain = |stmt: &Stmt| matches!(stmt, Stmt::Set { .. } | Stmt::Store { .. } | Stmt::If { .. });
        if visit::any(body, |stmt| !plain(stmt)) {
            return None;
        }
        let mut changed = visit::all_sets(body);
        changed.insert(var);
        body.iter().find_map(|stmt| {
            let Stmt::Store { array, index, check, .. } = stmt else { return None };
            if !check.is_proven() || is_complex(stmt) {
                return None;
            }
            let (axis, offset) = index.iter().enumerate().find_map(|(axis, at)| Some((axis, offset_of(at, var)?)))?;
            let fixed = |other: usize, at: &Expr| other == axis || !changes(at, &changed);
            let carried = Carried { array: *array, index: index.clone(), axis, offset };
            (index.iter().enumerate().all(|(other, at)| fixed(other, at)) && carried.fits(var, body, shares)).then_some(carried)
        })
    }

    /// Is this the only store that can meet the array, and is the element before read in every iteration?
    fn fits(&self, var: VarId, body: &[Stmt], shares: &Shares) -> bool {
        let mut stores = 0;
        let mut apart = true;
        visit::statements(body, &mut |stmt| {
            if let Stmt::Store { array, .. } = stmt {
                stores += usize::from(*array == self.array);
                apart &= *array == self.array || !shares.may(*array, self.array);
            }
        });
        let mut read = false;
        for stmt in body.iter().filter(|stmt| matches!(stmt, Stmt::Set { .. } | Stmt::Store { .. })) {
            for expr in visit::exprs(stmt) {
                read |= self.is_read(expr, var);
            }
        }
        // The others of that place, on conditions, would need the same indices along the other axes.
        let mut alike = true;
        visit::all_exprs(body, &mut |expr| {
            if let Expr::Load { array, index, .. } = expr
                && *array == self.array
                && offset_of(&index[self.axis], var) == Some(self.offset - 1)
            {
                alike &= index.iter().enumerate().all(|(axis, at)| axis == self.axis || *at == self.index[axis]);
            }
        });
        stores == 1 && apart && read && alike
    }

    /// Is the element before read, whatever the conditions?
    fn is_read(&self, expr: &Expr, var: VarId) -> bool {
        match expr {
            Expr::Load { array, index, check } if *array == self.array && check.is_proven() => {
                offset_of(&index[self.axis], var) == Some(self.offset - 1)
            }
            Expr::If { cond, .. } => self.is_read(cond, var),
            expr => visit::children(expr).into_iter().any(|child| self.is_read(child, var)),
        }
    }
}

fn is_complex(stmt: &Stmt) -> bool {
    let mut complex = false;
    for expr in visit::exprs(stmt) {
        visit::each_expr(expr, &mut |expr| complex |= matches!(expr, Expr::Op { dtype, .. } if dtype.is_complex()));
    }
    complex
}

fn changes(expr: &Expr, changed: &BTreeSet<VarId>) -> bool {
    let mut found = false;
    visit::each_expr(expr, &mut |expr| {
        found |= match expr {
            Expr::Var(var) => changed.contains(var),
            Expr::Load { .. } => true,
            _ => false,
        };
    });
    found
}

/// k of an index `variable + k`.
fn offset_of(at: &Expr, var: VarId) -> Option<i64> {
    match at {
        Expr::Var(other) => (*other == var).then_some(0),
        Expr::Op { op: op @ (ScalarOp::Add | ScalarOp::Sub), dtype: DType::I64, args, .. } => {
            let number =
                |expr: &Expr| if let Expr::Const(value) = expr { value.as_int().and_then(|int| i64::try_from(int).ok()) } else { None };
            match (op, number(&args[0]), number(&args[1])) {
                (ScalarOp::Add, None, Some(by)) => offset_of(&args[0], var)?.checked_add(by),
                (ScalarOp::Add, Some(by), None) => offset_of(&args[1], var)?.checked_add(by),
                (ScalarOp::Sub, None, Some(by)) => offset_of(&args[0], var)?.checked_sub(by),
                _ => None,
            }
        }
        _ => None,
    }
}

fn add(expr: Expr, by: i64) -> Expr {
    let by = Expr::Const(Scalar::i64(by));
    Expr::Op { op: ScalarOp::Add, dtype: DType::I64, args: vec![expr, by], span: Span::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Interpreter;
    use crate::kernel::parse::parse;
    use crate::kernel::passes::simplify::simplify;
    use crate::kernel::testing::{Data, run, same_run};
    use crate::kernel::verify::verify;

    #[test]
    fn elements_stay_in_variables_from_iteration_to_iteration() {
        for (body, carried) in [
            ("for i in 1..n { x[i] = (x[(i - 1)] + y[i]) }", true),
            ("for i in 0..(n - 1) { s = x[(i + 1)] x[(i + 1)] = (minimum(x[i], s) + 1.0) t = x[i] }", true),
            ("for j in 0..2 { for i in 1..n { m[j, i] = (m[j, (i - 1)] + 1.0) } }", true),
            ("for i in 1..n { if (y[i] > 3.0) { x[i] = (x[(i - 1)] + 1.0) } }", false),
            ("for i in 1..n { x[i] = (x[(i - 1)] + 1.0) if (s > 90.0) { x[(i - 1)] = 3.0 } }", false),
            ("for i in 1..n { x[i] = (if (y[i] > 3.0) then x[(i - 1)] else 1.0) }", false),
            ("for i in 2..n { x[i] = x[(i - 2)] }", false),
            ("for i in 1..n { m[0, i] = m[1, (i - 1)] }", false),
            ("a = view x[..] for i in 1..n { x[i] = x[(i - 1)] a[i] = 2.0 }", false),
        ] {
            let text = format!(
                "kernel f(x: f64[1], y: f64[1], m: f64[2], n: i64) -> f64, f64 {{
                    var i: i64 var j: i64 var s: f64 var t: f64 array a: f64[1] {body} return s, t }}"
            );
            let mut module = parse(&text).unwrap();
            let before = module.clone();
            for pass in [carry, simplify] {
                pass(&mut module, &PassOptions::default()).unwrap();
                verify(&module).unwrap();
            }
            assert_eq!(module.to_string().contains("carried"), carried, "{body}\n{module}");
            for n in [0, 1, 2, 7] {
                let data = |n: i64| {
                    let floats: Vec<f64> = (0..n).map(|v| ((v * 5) % 7) as f64).collect();
                    let Data::Array { dtype, values, .. } = Data::f64s(&[&floats[..], &floats].concat()) else { panic!() };
                    [Data::f64s(&floats), Data::f64s(&floats), Data::Array { dtype, sizes: vec![2, n], values }, Data::i64(n)]
                };
                let [want, got] = [&before, &module].map(|module| run(&Interpreter, module, &data(n)));
                assert!(same_run(&want, &got), "{body} with {n}\n{want:?}\n{got:?}");
            }
        }
    }
}
