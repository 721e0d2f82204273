//! Linear forms: whole multiples of terms and a constant, as mathematical integers.

use crate::kernel::ir::{ArrayId, VarId};
use smallvec::SmallVec;

/// What a linear form is made of: something with an i64 value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    /// An expression that is not linear, by number.
    Value(u32),
    Var(VarId),
    /// The size of an axis.
    Len(ArrayId, usize),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Linear {
    /// In the order of terms; no coefficient is 0.
    terms: SmallVec<[(Term, i128); 3]>,
    pub constant: i128,
}

/// Forms with larger coefficients or constants are not followed.
const LARGEST: i128 = 1 << 80;

impl Linear {
    pub fn constant(constant: i128) -> Linear {
        Linear { terms: SmallVec::new(), constant }
    }
    pub fn term(term: Term) -> Linear {
        Linear { terms: SmallVec::from_slice(&[(term, 1)]), constant: 0 }
    }
    pub fn terms(&self) -> &[(Term, i128)] {
        &self.terms
    }
    pub fn coefficient(&self, term: Term) -> i128 {
        self.terms.iter().find(|(own, _)| *own == term).map_or(0, |(_, factor)| *factor)
    }
    pub fn mentions(&self, term: Term) -> bool {
        self.coefficient(term) != 0
    }
    /// Is it this constant?
    pub fn known(&self) -> Option<i128> {
        self.terms.is_empty().then_some(self.constant)
    }
    /// `self + factor * other`
    pub fn plus(&self, factor: i128, other: &Linear) -> Linear {
        let mut sum = self.clone();
        sum.constant += factor * other.constant;
        for (term, more) in &other.terms {
            match sum.terms.binary_search_by_key(term, |(own, _)| *own) {
                Ok(at) => {
                    sum.terms[at].1 += factor * more;
                    if sum.terms[at].1 == 0 {
                        sum.terms.remove(at);
                    }
                }
                Err(at) if factor != 0 => sum.terms.insert(at, (*term, factor * more)),
                Err(_) => {}
            }
        }
        sum
    }
    pub fn minus(&self, other: &Linear) -> Linear {
        self.plus(-1, other)
    }
    pub fn scaled(&self, factor: i128) -> Linear {
        Linear::default().plus(factor, self)
    }
    pub fn offset(&self, by: i128) -> Linear {
        Linear { terms: self.terms.clone(), constant: self.constant + by }
    }
    /// With a form in place of a term.
    pub fn substitute(&self, term: Term, by: &Linear) -> Linear {
        match self.coefficient(term) {
            0 => self.clone(),
            factor => self.plus(-factor, &Linear::term(term)).plus(factor, by),
        }
    }
    /// Are all numbers small enough to go on computing with?
    pub fn is_small(&self) -> bool {
        self.constant.abs() < LARGEST && self.terms.iter().all(|(_, factor)| factor.abs() < LARGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_add_and_substitute() {
        let (x, y) = (Term::Var(VarId(0)), Term::Var(VarId(1)));
        let form = Linear::term(x).scaled(3).plus(-2, &Linear::term(y)).offset(5);
        assert_eq!((form.coefficient(x), form.coefficient(y), form.constant), (3, -2, 5));
        assert_eq!(form.minus(&form), Linear::constant(0));
        let same = form.substitute(y, &Linear::term(x).offset(1));
        assert_eq!(same, Linear::term(x).offset(3));
        assert_eq!(same.substitute(x, &Linear::constant(4)).known(), Some(7));
    }
}
