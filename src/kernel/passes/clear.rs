//! Memory need not be cleared where a loop right behind writes all of it: `out = zeros(n)`, then `out[i] = …` for every i.

use super::PassOptions;
use crate::base::Outcome;
use crate::kernel::facts::known_int;
use crate::kernel::ir::*;
use crate::kernel::visit;

pub fn clear(module: &mut Module, _options: &PassOptions) -> Outcome<()> {
    for kernel in &mut module.kernels {
        body(&mut kernel.body);
    }
    Ok(())
}

fn body(stmts: &mut [Stmt]) {
    for at in 0..stmts.len() {
        let (before, after) = stmts.split_at_mut(at + 1);
        if let Stmt::Alloc { array, shape, clear, .. } = &mut before[at] {
            *clear &= !is_filled(*array, shape, after);
        }
        visit::bodies_mut(&mut before[at]).into_iter().for_each(|inner| body(inner));
    }
}

/// Is the first statement that touches the array a loop that writes every element, and reads none before?
fn is_filled(array: ArrayId, shape: &[Expr], after: &[Stmt]) -> bool {
    let touches = |stmt: &&Stmt| mentions(std::slice::from_ref(*stmt), array) || leaves(stmt);
    after.iter().find(touches).is_some_and(|stmt| fills(stmt, array, shape, &mut Vec::new()))
}

/// `for i in 0..n { for j in 0..m { … x[i, j] = … } }`, where the array is mentioned nowhere else and the loops are not left early.
fn fills(stmt: &Stmt, array: ArrayId, shape: &[Expr], vars: &mut Vec<VarId>) -> bool {
    let Stmt::For { var, lo, hi, step: 1, body, .. } = stmt else { return false };
    let whole = shape.get(vars.len()).is_some_and(|size| is_size(hi, size, array, vars.len()));
    if known_int(lo) != Some(0) || !whole || body.iter().any(leaves) || visit::all_sets(body).contains(var) {
        return false;
    }
    vars.push(*var);
    let mut mentioning = body.iter().filter(|stmt| mentions(std::slice::from_ref(*stmt), array));
    let (Some(only), None) = (mentioning.next(), mentioning.next()) else { return false };
    match only {
        Stmt::Store { index, value, .. } if vars.len() == shape.len() => {
            let place = index.len() == vars.len() && index.iter().zip(vars.iter()).all(|(at, var)| *at == Expr::Var(*var));
            let mut reads = false;
            visit::each_expr(value, &mut |expr| reads |= matches!(expr, Expr::Load { array: read, .. } if *read == array));
            place && !reads
        }
        inner => fills(inner, array, shape, vars),
    }
}

/// Is a bound the size of an axis? Sizes that are not numbers are compared by their text, and only variables could change meanwhile.
fn is_size(hi: &Expr, size: &Expr, array: ArrayId, axis: usize) -> bool {
    let same = known_int(hi).is_some() && known_int(hi) == known_int(size);
    same || *hi == Expr::Len { array, axis }
}

/// May a statement end the loop round it, or the kernel, before the next iteration? Failures do not count: nobody sees the array then.
fn leaves(stmt: &Stmt) -> bool {
    visit::any(std::slice::from_ref(stmt), |stmt| matches!(stmt, Stmt::Break | Stmt::Continue | Stmt::Return(_)))
}

fn mentions(body: &[Stmt], array: ArrayId) -> bool {
    visit::any(body, |stmt| visit::uses(stmt).contains(&array) || visit::binds(stmt).contains(&array))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::parse::parse;

    #[test]
    fn what_is_filled_is_not_cleared() {
        for (body, want) in [
            ("a = alloc(10) for i in 0..10 { a[i] = 1.0 }", "room"),
            ("a = alloc(n) for i in 0..len(a, 0) { s = (s + 1.0) a[i] = s }", "room"),
            ("m = alloc(4, 5) for i in 0..4 { s = 0.0 for j in 0..5 { m[i, j] = s } }", "room"),
            ("a = alloc(10) for i in 0..9 { a[i] = 1.0 }", "alloc"),
            ("a = alloc(10) for i in 0..10 { a[i] = a[i] }", "alloc"),
            ("a = alloc(10) for i in 0..10 { if (s > 1.0) { a[i] = 1.0 } }", "alloc"),
            ("a = alloc(10) for i in 0..10 { a[i] = 1.0 break }", "alloc"),
            ("a = alloc(10) s = a[3] for i in 0..10 { a[i] = 1.0 }", "alloc"),
            ("a = alloc(10) for i in 0..10 { a[j] = 1.0 }", "alloc"),
            ("a = alloc(10) b = view a[..] for i in 0..10 { a[i] = b[0] }", "alloc"),
            ("m = alloc(4, 5) for i in 0..4 { for j in 0..5 { m[j, i] = 1.0 } }", "alloc"),
            ("a = alloc(10) for i in 0..10 { i = (i + 1) a[i] = 1.0 }", "alloc"),
        ] {
            let text = format!(
                "kernel f(n: i64) -> f64 {{ var i: i64 var j: i64 var s: f64 array a: f64[1] array b: f64[1] array m: f64[2] {body} return s }}"
            );
            let mut module = parse(&text).unwrap();
            clear(&mut module, &PassOptions::default()).unwrap();
            let cleared = if module.to_string().contains("= room(") { "room" } else { "alloc" };
            assert_eq!(cleared, want, "{body}");
        }
    }
}
