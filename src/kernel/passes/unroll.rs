//! Loops known to run a few times become their iterations, so that indices are constants.

use super::PassOptions;
use super::inline::size;
use crate::array::Scalar;
use crate::base::Outcome;
use crate::kernel::chunks::trip_count;
use crate::kernel::facts::known_int;
use crate::kernel::ir::*;
use crate::kernel::visit;

/// Most iterations, and most statements and expression nodes they may come to.
const TRIPS: u64 = 8;
const SIZE: usize = 200;

pub fn unroll(module: &mut Module, _options: &PassOptions) -> Outcome<()> {
    for kernel in &mut module.kernels {
        body(&mut kernel.body);
    }
    Ok(())
}

fn body(stmts: &mut Vec<Stmt>) {
    let mut done = Vec::with_capacity(stmts.len());
    for mut stmt in std::mem::take(stmts) {
        for inner in visit::bodies_mut(&mut stmt) {
            body(inner);
        }
        match iterations(&stmt) {
            Some(iterations) => done.extend(iterations),
            None => done.push(stmt),
        }
    }
    *stmts = done;
}

fn iterations(stmt: &Stmt) -> Option<Vec<Stmt>> {
    let Stmt::For { var, lo, hi, step, body, kind: LoopKind::Seq, .. } = stmt else { return None };
    let (lo, hi) = (known_int(lo)?, known_int(hi)?);
    let trips = trip_count(lo, hi, *step);
    if trips > TRIPS || size(body) * trips as usize > SIZE || jumps(body) {
        return None;
    }
    let mut all = Vec::new();
    for trip in 0..trips {
        let at = lo.wrapping_add(step.wrapping_mul(trip as i64));
        let mut copy = body.clone();
        visit::rewrite(&mut copy, &mut |expr| {
            if *expr == Expr::Var(*var) {
                *expr = Expr::Const(Scalar::i64(at));
            }
        });
        all.extend(copy);
    }
    Some(all)
}

/// Is there a jump to the start or the end of the loop with this body?
fn jumps(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| match stmt {
        Stmt::Break | Stmt::Continue => true,
        Stmt::If { then, other, .. } => jumps(then) || jumps(other),
        _ => false,
    })
}
