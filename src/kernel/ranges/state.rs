//! What is known at a point of a kernel: bounds of variables and sizes as linear facts, what variables are equal to. All of it holds for the
//! values as mathematical integers; an expression that may wrap is a term of its own.

use super::linear::{Linear, Term};
use crate::array::DType;
use crate::kernel::ir::*;
use crate::kernel::visit;
use crate::ops::ScalarOp;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Facts kept at once; further ones are dropped.
const MOST_FACTS: usize = 160;

/// A term that is the larger or smaller of two forms.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    Max(Linear, Linear),
    Min(Linear, Linear),
}

impl Choice {
    pub fn operands(&self) -> [&Linear; 2] {
        match self {
            Choice::Max(a, b) | Choice::Min(a, b) => [a, b],
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct State {
    /// Forms that are 0 or more.
    pub(super) facts: Vec<Linear>,
    /// What variables are equal to.
    equal: BTreeMap<VarId, Linear>,
    /// What variables are equal to but for multiples of 2^64.
    congruent: BTreeMap<VarId, Linear>,
    /// What sizes are equal to.
    sizes: BTreeMap<(ArrayId, usize), Linear>,
    /// The conditions that bool variables hold.
    conditions: BTreeMap<VarId, Expr>,
    /// Numbers of expressions that are not linear, as long as what they read does not change.
    values: Vec<(Expr, u32)>,
    choices: BTreeMap<u32, Choice>,
    /// How many numbers have been given; shared by all states of a kernel.
    numbers: Rc<Cell<u32>>,
    /// This point is never reached.
    pub dead: bool,
}

impl State {
    pub(super) fn choice(&self, term: Term) -> Option<&Choice> {
        if let Term::Value(number) = term { self.choices.get(&number) } else { None }
    }

    /// An expression that has a term's value here and now, if there is one.
    pub fn expr(&self, term: Term) -> Option<Expr> {
        match term {
            Term::Var(var) => Some(Expr::Var(var)),
            Term::Len(array, axis) => Some(Expr::Len { array, axis }),
            Term::Value(number) => {
                let same = |(var, form): (&VarId, &Linear)| (*form == Linear::term(term)).then_some(Expr::Var(*var));
                let known = self.values.iter().find(|(_, known)| *known == number).map(|(expr, _)| expr.clone());
                known.or_else(|| self.equal.iter().find_map(same))
            }
        }
    }

    /// Does a term of a later point of an iteration have the value it has here, at its start? (A variable or size may be set in between.)
    pub fn is_fixed(&self, term: Term) -> bool {
        !matches!(term, Term::Value(number) if !self.known_values().contains(&number))
    }

    fn known_values(&self) -> BTreeSet<u32> {
        let in_forms = self.facts.iter().chain(self.equal.values()).chain(self.sizes.values()).flat_map(|form| form.terms());
        let numbers = in_forms.filter_map(|(term, _)| if let Term::Value(number) = term { Some(*number) } else { None });
        numbers.chain(self.values.iter().map(|(_, number)| *number)).collect()
    }

    /// Keeps a fact: the form is 0 or more.
    pub fn learn(&mut self, fact: Linear) {
        let useful = fact.known().is_none() && fact.is_small() && !self.facts.contains(&fact);
        if useful && self.facts.len() < MOST_FACTS {
            self.facts.push(fact);
        }
    }

    /// A form equal to an i64 expression but for multiples of 2^64: equal to it if the form's value is that of an i64.
    pub fn linear(&mut self, expr: &Expr) -> Linear {
        match expr {
            Expr::Const(value) => Linear::constant(value.as_int().unwrap_or(0)),
            Expr::Var(var) => {
                let known = self.equal.get(var).or_else(|| self.congruent.get(var));
                known.cloned().unwrap_or_else(|| Linear::term(Term::Var(*var)))
            }
            Expr::Len { array, axis } => self.size(*array, *axis),
            Expr::Op { op, dtype: DType::I64, args, .. } => match (op, &args[..]) {
                (ScalarOp::Neg, [a]) => self.linear(a).scaled(-1),
                (ScalarOp::Add, [a, b]) => self.linear(a).plus(1, &self.linear(b)),
                (ScalarOp::Sub, [a, b]) => self.linear(a).minus(&self.linear(b)),
                (ScalarOp::Mul, [a, b]) => {
                    let (a, b) = (self.linear(a), self.linear(b));
                    match (a.known(), b.known()) {
                        (_, Some(factor)) if factor.abs() < 1 << 40 => a.scaled(factor),
                        (Some(factor), _) if factor.abs() < 1 << 40 => b.scaled(factor),
                        _ => self.value(expr),
                    }
                }
                _ => self.value(expr),
            },
            _ => self.value(expr),
        }
    }

    /// A form equal to an i64 expression.
    pub fn exact(&mut self, expr: &Expr) -> Linear {
        let form = self.linear(expr);
        if form.is_small() && self.fits(&form) { form } else { self.value(expr) }
    }

    /// The form of an expression whose value has been seen to be a size or an index: if it has wrapped, then only once round, and where its
    /// range excludes that it is the value itself.
    pub fn settled(&mut self, expr: &Expr) -> Linear {
        const ROUND: i128 = 1 << 64;
        let form = self.linear(expr);
        let top = i128::from(MAX_SIZE);
        if self.proves(&form.offset(ROUND - top - 1)) && self.proves(&Linear::constant(ROUND - 1).minus(&form)) {
            self.learn(form.clone());
            self.learn(Linear::constant(top).minus(&form));
            return form;
        }
        self.exact(expr)
    }

    /// The size of an axis.
    pub fn size(&self, array: ArrayId, axis: usize) -> Linear {
        self.sizes.get(&(array, axis)).cloned().unwrap_or_else(|| Linear::term(Term::Len(array, axis)))
    }

    /// The term of an expression that is not linear, with what is known of its value.
    fn value(&mut self, expr: &Expr) -> Linear {
        if let Expr::Var(var) = expr {
            return Linear::term(Term::Var(*var));
        }
        if let Some((_, number)) = self.values.iter().find(|(known, _)| known == expr) {
            return Linear::term(Term::Value(*number));
        }
        let number = self.numbers.replace(self.numbers.get() + 1);
        let own = Linear::term(Term::Value(number));
        // Memory may change without this state's knowing.
        if !reads_memory(expr) {
            self.values.push((expr.clone(), number));
        }
        match expr {
            Expr::Op { op, dtype: DType::I64, args, .. } => match (op, &args[..]) {
                (ScalarOp::Maximum, [a, b]) => {
                    let choice = Choice::Max(self.exact(a), self.exact(b));
                    self.choices.insert(number, choice);
                }
                (ScalarOp::Minimum, [a, b]) => {
                    let choice = Choice::Min(self.exact(a), self.exact(b));
                    self.choices.insert(number, choice);
                }
                (ScalarOp::FloorDiv, [a, b]) => {
                    let (a, by) = (self.exact(a), self.exact(b));
                    if let Some(by @ 1..) = by.known() {
                        // by * own <= a <= by * own + by - 1
                        self.learn(a.plus(-by, &own));
                        self.learn(own.scaled(by).minus(&a).offset(by - 1));
                    }
                }
                (ScalarOp::Rem, [_, b]) => {
                    let by = self.exact(b);
                    if self.proves(&by) {
                        self.learn(own.clone());
                        self.learn(by.minus(&own).offset(-1));
                    }
                }
                _ => {}
            },
            Expr::Cast { from, .. } if from.is_int() && from.size() < 8 || matches!(expr, Expr::Cast { from: DType::Bool, .. }) => {
                let Expr::Cast { from, .. } = expr else { return own };
                let bits = if *from == DType::Bool { 1 } else { from.size() as u32 * 8 - u32::from(from.is_signed()) };
                let least = if from.is_signed() { -(1i128 << bits) } else { 0 };
                self.learn(own.offset(-least));
                self.learn(Linear::constant((1i128 << bits) - 1).minus(&own));
            }
            _ => {}
        }
        own
    }

    /// From here on a condition is true (or false).
    pub fn assume(&mut self, cond: &Expr, holds: bool) {
        use ScalarOp::*;
        match cond {
            Expr::Const(value) => self.dead |= (value.bits != 0) != holds,
            Expr::Var(var) => {
                if let Some(cond) = self.conditions.get(var).cloned() {
                    self.assume(&cond, holds);
                }
            }
            Expr::Op { op: Not, args, .. } => self.assume(&args[0], !holds),
            Expr::Op { op, dtype: DType::Bool, args, .. } if (*op == And) == holds && matches!(op, And | Or) => {
                args.iter().for_each(|arg| self.assume(arg, holds));
            }
            // `a and b`, `a or b`
            Expr::If { cond, then, other } => {
                let constant = |expr: &Expr| if let Expr::Const(value) = expr { value.as_bool() } else { None };
                if constant(other) == Some(!holds) {
                    self.assume(cond, true);
                    self.assume(then, holds);
                } else if constant(then) == Some(!holds) {
                    self.assume(cond, false);
                    self.assume(other, holds);
                }
            }
            Expr::Op { op, dtype: DType::I64, args, .. } if args.len() == 2 => {
                let (a, b) = (self.exact(&args[0]), self.exact(&args[1]));
                match (op, holds) {
                    (Lt, true) | (Ge, false) => self.learn(b.minus(&a).offset(-1)),
                    (Le, true) | (Gt, false) => self.learn(b.minus(&a)),
                    (Gt, true) | (Le, false) => self.learn(a.minus(&b).offset(-1)),
                    (Ge, true) | (Lt, false) => self.learn(a.minus(&b)),
                    (Eq, true) | (Ne, false) => {
                        self.learn(a.minus(&b));
                        self.learn(b.minus(&a));
                    }
                    // Not equal to a bound is beyond it.
                    (Ne, true) | (Eq, false) => {
                        if self.proves(&a.minus(&b)) {
                            self.learn(a.minus(&b).offset(-1));
                        } else if self.proves(&b.minus(&a)) {
                            self.learn(b.minus(&a).offset(-1));
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// Whether a condition is known to be true, or known to be false.
    pub fn decides(&mut self, cond: &Expr) -> Option<bool> {
        use ScalarOp::*;
        match cond {
            Expr::Const(value) => value.as_bool(),
            Expr::Var(var) => {
                let cond = self.conditions.get(var).cloned()?;
                self.decides(&cond)
            }
            Expr::Op { op: Not, args, .. } => self.decides(&args[0]).map(|holds| !holds),
            Expr::Op { op: op @ (And | Or), dtype: DType::Bool, args, .. } => {
                let sides: Vec<Option<bool>> = args.iter().map(|arg| self.decides(arg)).collect();
                let decisive = *op == Or;
                if sides.contains(&Some(decisive)) {
                    return Some(decisive);
                }
                sides.iter().all(Option::is_some).then_some(!decisive)
            }
            Expr::Op { op, dtype: DType::I64, args, .. } if args.len() == 2 => {
                let (a, b) = (self.exact(&args[0]), self.exact(&args[1]));
                let (up, down) = (b.minus(&a), a.minus(&b));
                let (less, more) = (self.proves(&up.offset(-1)), self.proves(&down.offset(-1)));
                let (at_most, at_least) = (less || self.proves(&up), more || self.proves(&down));
                let (yes, no) = match op {
                    Lt => (less, at_least),
                    Le => (at_most, more),
                    Gt => (more, at_most),
                    Ge => (at_least, less),
                    Eq => (at_most && at_least, less || more),
                    Ne => (less || more, at_most && at_least),
                    _ => return None,
                };
                (yes || no).then_some(yes)
            }
            _ => None,
        }
    }

    /// `var = value`, which has been computed.
    pub fn assign(&mut self, var: VarId, dtype: DType, value: &Expr) {
        let own = Term::Var(var);
        match dtype {
            DType::I64 => {
                let form = self.linear(value);
                let exact = form.is_small() && self.fits(&form);
                match form.minus(&Linear::term(own)).known().filter(|_| exact) {
                    // What was known of the old value is known of the new one less the step.
                    Some(step) => {
                        let old = Linear::term(own).offset(-step);
                        self.substitute(own, &old);
                        self.learn(old.offset(-i128::from(i64::MIN)));
                        self.learn(Linear::constant(i64::MAX.into()).minus(&old));
                    }
                    None => {
                        self.forget(own);
                        if form.is_small() && !form.mentions(own) {
                            if exact { &mut self.equal } else { &mut self.congruent }.insert(var, form);
                        }
                    }
                }
            }
            DType::Bool => {
                self.forget(own);
                if visit::reads_in(value, var) == 0 && !reads_memory(value) {
                    self.conditions.insert(var, value.clone());
                }
            }
            _ => self.forget(own),
        }
    }

    /// A variable counts by a step: `facts` of it go along.
    fn substitute(&mut self, term: Term, by: &Linear) {
        let change = |form: &mut Linear| *form = form.substitute(term, by);
        self.facts.iter_mut().for_each(change);
        self.equal.values_mut().chain(self.congruent.values_mut()).for_each(change);
        self.sizes.values_mut().for_each(change);
        for choice in self.choices.values_mut() {
            match choice {
                Choice::Max(a, b) | Choice::Min(a, b) => [a, b].into_iter().for_each(change),
            }
        }
        self.forget_exprs(term);
    }

    /// A variable or size is no longer what it was.
    pub fn forget(&mut self, term: Term) {
        self.facts.retain(|fact| !fact.mentions(term));
        for forms in [&mut self.equal, &mut self.congruent] {
            forms.retain(|var, form| Term::Var(*var) != term && !form.mentions(term));
        }
        self.sizes.retain(|(array, axis), form| Term::Len(*array, *axis) != term && !form.mentions(term));
        self.choices.retain(|_, choice| choice.operands().iter().all(|form| !form.mentions(term)));
        self.forget_exprs(term);
    }

    /// Drops expressions that read what a term stands for.
    fn forget_exprs(&mut self, term: Term) {
        self.values.retain(|(expr, _)| !reads(expr, term));
        self.conditions.retain(|var, expr| Term::Var(*var) != term && !reads(expr, term));
    }

    /// A variable gets an unknown value, but not below (or above) what it had: only facts of that side are kept.
    pub fn forget_side(&mut self, var: VarId, keep_lower: bool) {
        let own = Term::Var(var);
        let known = self.equal.get(&var).cloned();
        let kept: Vec<Linear> =
            self.facts.iter().filter(|fact| (fact.coefficient(own) > 0) == keep_lower && fact.mentions(own)).cloned().collect();
        self.forget(own);
        for fact in kept {
            self.learn(fact);
        }
        if let Some(form) = known.filter(|form| !form.mentions(own)) {
            let above = Linear::term(own).minus(&form);
            self.learn(if keep_lower { above } else { above.scaled(-1) });
        }
    }

    /// A slot is bound to an array of these sizes; unknown ones are `None`.
    pub fn bind(&mut self, array: ArrayId, sizes: &[Option<Linear>]) {
        for axis in 0..sizes.len() {
            self.forget(Term::Len(array, axis));
        }
        for (axis, size) in sizes.iter().enumerate() {
            let own = |form: &Linear| (0..sizes.len()).any(|axis| form.mentions(Term::Len(array, axis)));
            if let Some(form) = size.clone().filter(|form| !own(form)) {
                self.learn(form.clone());
                self.learn(Linear::constant(MAX_SIZE.into()).minus(&form));
                self.sizes.insert((array, axis), form);
            }
        }
    }

    /// What holds on both of two ways to a point.
    pub fn join(self, other: State) -> State {
        if self.dead {
            return other;
        }
        if other.dead {
            return self;
        }
        let mut both = self;
        both.facts.retain(|fact| other.facts.contains(fact) || other.proves(fact));
        both.equal.retain(|var, form| other.equal.get(var) == Some(form));
        both.congruent.retain(|var, form| other.congruent.get(var) == Some(form));
        both.sizes.retain(|size, form| other.sizes.get(size) == Some(form));
        both.conditions.retain(|var, expr| other.conditions.get(var) == Some(expr));
        both.values.retain(|value| other.values.contains(value));
        both.choices.retain(|number, choice| other.choices.get(number) == Some(choice));
        both
    }
}

/// Does an expression read what a term stands for?
fn reads(expr: &Expr, term: Term) -> bool {
    let mut found = false;
    visit::each_expr(expr, &mut |expr| {
        found |= match (expr, term) {
            (Expr::Var(var), Term::Var(own)) => *var == own,
            (Expr::Len { array, axis }, Term::Len(own, own_axis)) => (*array, *axis) == (own, own_axis),
            _ => false,
        };
    });
    found
}

fn reads_memory(expr: &Expr) -> bool {
    let mut found = false;
    visit::each_expr(expr, &mut |expr| found |= matches!(expr, Expr::Load { .. }));
    found
}
