//! Removes bounds checks that ranges prove unnecessary, and decides branches that they decide. In innermost loops it notes what is inside
//! whatever the conditions: such accesses may be made where the program would not.

use super::PassOptions;
use crate::array::Scalar;
use crate::base::Outcome;
use crate::kernel::facts::can_fail;
use crate::kernel::ir::*;
use crate::kernel::ranges::{Decls, Element, Guards, Next, Round, State, Visitor, in_loop, walk, walk_body};
use crate::kernel::visit;

pub fn bounds(module: &mut Module, _options: &PassOptions) -> Outcome<()> {
    let checked = module.checked;
    for kernel in &mut module.kernels {
        walk(kernel, &mut Prove { checked, decls: Decls::of(kernel) });
    }
    Ok(())
}

struct Prove {
    checked: bool,
    decls: Decls,
}

impl Visitor for Prove {
    fn enter(&mut self, state: &mut State, _number: usize, stmt: &mut Stmt) -> Next {
        let inner = |body: &[Stmt]| visit::any(body, |stmt| matches!(stmt, Stmt::For { .. } | Stmt::While { .. }));
        if matches!(stmt, Stmt::For { body, .. } if !inner(body))
            && let Some((inside, round)) = in_loop(&self.decls, state, stmt)
            && let Stmt::For { body, .. } = stmt
        {
            walk_body(&self.decls, body, inside, &[round], Guards::Ignored, &mut Conditional);
        }
        Next::Walk
    }
    fn condition(&mut self, state: &mut State, cond: &mut Expr) {
        if let Some(holds) = state.decides(cond).filter(|_| !can_fail(cond, self.checked)) {
            *cond = Expr::Const(Scalar::bool(holds));
        }
    }
    fn access(&mut self, state: &mut State, _loops: &[Round], element: Element) {
        if !element.check.is_proven() && inside(state, element.array, element.index) {
            *element.check = Check::Proven;
        }
    }
}

/// Finds accesses that are inside whatever the conditions.
struct Conditional;

impl Visitor for Conditional {
    fn access(&mut self, state: &mut State, _loops: &[Round], element: Element) {
        if inside(state, element.array, element.index) {
            *element.check = Check::Always;
        }
    }
}

/// Are indices known to be inside an array?
pub fn inside(state: &mut State, array: ArrayId, index: &[Expr]) -> bool {
    index.iter().enumerate().all(|(axis, at)| {
        let size = state.size(array, axis);
        // A form that may have wrapped is the index itself if it is in the range of indices; and more may be known of the index as it is.
        [state.linear(at), state.exact(at)].iter().any(|at| state.proves(at) && state.proves(&size.minus(at).offset(-1)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::parse::parse;
    use crate::kernel::verify::verify;

    /// Indices still checked after the pass, of a body over `x`, `y: f64[1]`, `m: f64[2]`, `b: i64[1]`, `n`, `k: i64`.
    fn checked(body: &str) -> usize {
        let text = format!(
            "kernel f(x: f64[1], y: f64[1], m: f64[2], b: i64[1], n: i64, k: i64) -> f64 {{
                var i: i64 var j: i64 var t: i64 var u: i64 var s: f64 var c: bool array a: f64[1] array d: f64[1]
                {body}
                return s
            }}"
        );
        let mut module = parse(&text).unwrap();
        verify(&module).unwrap();
        bounds(&mut module, &PassOptions::default()).unwrap();
        module.to_string().matches("]?").count()
    }

    #[test]
    fn ranges_prove_indices() {
        let proven = [
            "for i in 0..len(x, 0) { s = (s + x[i]?) }",
            "for i in 1..(len(x, 0) - 1) { s = ((x[(i - 1)]? + x[i]?) + x[(i + 1)]?) }",
            "for i in (len(x, 0) - 1)..-1 by -1 { s = x[i]? }",
            "for i in 0..len(x, 0) by 3 { s = x[i]? }",
            "for i in 0..len(m, 0) { for j in 0..len(m, 1) { m[i, j]? = (m[i, j]? + 1.0) } }",
            "for i in 1..(len(m, 0) - 1) { for j in 1..(len(m, 1) - 1) { s = (m[(i - 1), j]? + m[i, (j + 1)]?) } }",
            "for i in 0..len(x, 0) { for j in 0..i { s = (x[j]? - x[i]?) } }",
            "for i in 0..len(x, 0) { for j in (i + 1)..len(x, 0) { s = (x[j]? - x[i]?) } }",
            "n = len(x, 0) for i in 0..n { s = x[((n - 1) - i)]? }",
            "for i in 0..(len(x, 0) // 2) { s = (x[(2 * i)]? + x[((2 * i) + 1)]?) }",
            "for i in 0..len(x, 0) { t = ((i + 1) % len(x, 0)) s = x[t]? }",
            "for i in 0..n { if (i < len(x, 0)) { s = x[i]? } }",
            "if ((k >= 0) & (k < len(x, 0))) { s = x[k]? }",
            "s = (if (if (k >= 0) then (k < len(x, 0)) else false) then x[k]? else 0.0)",
            "c = (if (k < 0) then true else (k >= len(x, 0))) if c { return s } s = x[k]?",
            "if (len(x, 0) > 0) { s = (x[0]? + x[(len(x, 0) - 1)]?) }",
            "if (len(x, 0) > 0) { t = maximum(0, minimum(k, (len(x, 0) - 1))) s = x[t]? }",
            "a = alloc(n) for i in 0..n { a[i]? = 1.0 }",
            "a = alloc((n + 1)) if (n < 1000) { for i in 0..n { a[(i + 1)]? = a[i]? } }",
            "a = alloc(n) d = alloc(n) for j in 0..k { for i in 0..n { d[i]? = a[i]? } rebind a, d = d, a }",
            "d = view m[0, ..] for i in 0..len(m, 1) { s = d[i]? }",
            "d = view x[2..5] if (len(x, 0) == 7) { d = view x[2..5] s = (d[0]? + d[2]?) }",
            "i = 0 while (i < len(x, 0)) { s = x[i]? i = (i + 1) }",
            "i = 0 j = 0 while ((i < len(x, 0)) & (j < len(y, 0))) { if (x[i]? < y[j]?) { i = (i + 1) } else { j = (j + 1) } }",
            "i = (len(x, 0) - 1) while (i >= 0) { s = x[i]? i = (i - 2) }",
        ];
        for body in proven {
            assert_eq!(checked(body), 0, "{body}");
        }
    }

    #[test]
    fn what_may_be_outside_stays_checked() {
        let doubtful = [
            ("s = x[0]?", 1),
            ("for i in 0..n { s = x[i]? }", 1),
            ("for i in 0..len(x, 0) { s = y[i]? }", 1),
            ("for i in 0..len(x, 0) { s = x[(i + 1)]? }", 1),
            ("for i in -1..len(x, 0) { s = x[i]? }", 1),
            // Wrapping arithmetic: `n - 1` is the largest i64 if n is the least.
            ("if (n <= len(x, 0)) { for i in 0..(n - 1) { s = x[i]? } }", 1),
            ("for i in 0..len(x, 0) { s = x[b[i]?]? }", 2),
            ("for i in 0..len(x, 0) { x = view x[1..3] s = x[i]? }", 1),
            ("n = len(x, 0) for i in 0..n { n = (n + 1) s = x[i]? }", 0),
            ("i = 0 while (i < len(x, 0)) { i = (i + 1) s = x[i]? }", 1),
            ("i = 0 while (i < len(x, 0)) { s = x[i]? i = (i + k) }", 1),
            ("i = 0 while (i != 7) { t = i i = (i + 1) if (i < len(x, 0)) { s = x[i]? } }", 1),
            ("a = alloc(n) d = alloc(k) for j in 0..k { for i in 0..n { a[i]? = 1.0 } rebind a, d = d, a }", 1),
            ("if (k < len(x, 0)) { if (k > 0) { s = x[k]? k = -1 } s = x[k]? }", 1),
            ("if (k >= 0) { t = k k = (k - 5) if (t < len(x, 0)) { s = (x[t]? + x[k]?) } }", 1),
            // After a check has passed it need not be made again.
            ("s = x[k]? x[k]? = s s = y[k]?", 2),
        ];
        for (body, want) in doubtful {
            assert_eq!(checked(body), want, "{body}");
        }
    }
}
