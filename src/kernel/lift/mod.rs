//! Loops that are whole-array maps and reductions, said as such: a function whose loops run over full axes, every pass independent of the
//! others but for sums, products and extremes, becomes array operations over `Build`. These fuse with what stands round the call, run in
//! parallel, and work block by block on arrays larger than memory.
//!
//! How: the body of a loop is evaluated once, for all passes together. A scalar in it is an array with one axis for each open loop; `x[i]`
//! is `x`, `x[i - 1]` a slice of it; a branch is evaluated for all passes and chooses where it is done; `s += e` is `s` plus the sum of
//! `e`; `out[i] = e` is `out` with `e` in place of a part of it.
//!
//! What is not certain is not lifted, the function then runs as a kernel: an access that is not proven inside for every pass, an operation
//! that may fail in a branch, values carried from one pass to the next, `while`, `break`, calls that do any of these, and folds in
//! more than two loops, where a kernel does less work. A short loop inside others that is no map and no fold, and assigns no elements, is
//! taken pass by pass. The order of a sum is the planner's, its terms are the same.

mod access;
mod accumulate;
mod expr;
mod frame;
mod stmt;
mod target;

use super::lower::Instances;
use crate::builtins::build::{Build, Value};
use crate::sema::hir::InstId;
use frame::Lift;

/// The value of a call as array operations; `None` if the function is none. Arguments are those of the instance's parameters, all sizes
/// known. What was built in vain is left unused.
pub fn lift(world: &dyn Instances, inst: InstId, args: &[Value], checked: bool, b: &mut dyn Build) -> Option<Value> {
    Lift::new(world, checked, b).call(inst, args.iter().map(|value| frame::Val::Plain(value.clone())).collect())?.plain()
}
