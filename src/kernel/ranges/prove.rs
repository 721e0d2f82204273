//! Proofs that a linear form is not negative, from facts of the same kind: one term after another is replaced by a bound of it.

use super::linear::{Linear, Term};
use super::state::{Choice, State};
use crate::kernel::ir::MAX_SIZE;

/// Facts used one after another.
const DEPTH: usize = 7;
/// Steps of one proof.
const STEPS: usize = 400;

impl State {
    /// Is the form known to be 0 or more?
    pub fn proves(&self, goal: &Linear) -> bool {
        let mut steps = STEPS;
        self.search(goal, DEPTH, &mut steps)
    }

    /// Is the form's value known to be that of an i64, so that computing it does not wrap?
    pub fn fits(&self, form: &Linear) -> bool {
        self.proves(&form.offset(-i128::from(i64::MIN))) && self.proves(&Linear::constant(i64::MAX.into()).minus(form))
    }

    fn search(&self, goal: &Linear, depth: usize, steps: &mut usize) -> bool {
        if least(goal) >= 0 {
            return true;
        }
        let Some((term, factor)) = goal.terms().first().copied() else { return false };
        if depth == 0 || *steps == 0 || !goal.is_small() {
            return false;
        }
        *steps -= 1;
        for fact in &self.facts {
            let own = fact.coefficient(term);
            if own != 0 && factor % own == 0 && factor / own > 0 && self.search(&goal.plus(-(factor / own), fact), depth - 1, steps) {
                return true;
            }
        }
        if let Some(choice) = self.choice(term) {
            let [a, b] = choice.operands().map(|operand| goal.substitute(term, operand));
            // A larger value is at least each operand; what is to be below it must be below one of them, what is above, above both.
            let largest = matches!(choice, Choice::Max(..)) == (factor > 0);
            let (first, second) = (self.search(&a, depth - 1, steps), |steps: &mut usize| self.search(&b, depth - 1, steps));
            if if largest { first || second(steps) } else { first && second(steps) } {
                return true;
            }
        }
        let (low, high) = range(term);
        let bounded = goal.substitute(term, &Linear::constant(if factor > 0 { low } else { high }));
        self.search(&bounded, depth - 1, steps)
    }
}

/// The least value of a form by the ranges of its terms alone.
fn least(form: &Linear) -> i128 {
    form.terms().iter().fold(form.constant, |sum, (term, factor)| {
        let (low, high) = range(*term);
        sum.saturating_add(factor.saturating_mul(if *factor > 0 { low } else { high }))
    })
}

/// What is known of a term whatever happens.
fn range(term: Term) -> (i128, i128) {
    match term {
        Term::Len(..) => (0, MAX_SIZE.into()),
        Term::Var(_) | Term::Value(_) => (i64::MIN.into(), i64::MAX.into()),
    }
}
