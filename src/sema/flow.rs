//! Where paths part and meet: `if`, `and`, `or`, loops. After each a name means one thing: values of two branches are brought into one
//! local, and a loop is checked again until its variables have one type on every pass.

use super::checker::{Carried, Checker, Head, Loop, Typed, Wanted};
use super::hir::{Block, Expr, ExprKind, LocalId, Stmt, StmtKind};
use super::known::Known;
use super::names;
use super::scope::{Conflict, Scope, Slot, State};
use super::stmt::Body;
use crate::array::{DType, Scalar};
use crate::base::{Code, Diagnostic, Name, Span};
use crate::syntax::ast;
use crate::types::Ty;
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Passes over a loop until its variables keep their types; each but the last widens at least one, so few loops take more than three.
const MAX_PASSES: usize = 1000;

impl Checker<'_> {
    /// One bool.
    pub fn condition(&mut self, cond: &ast::Expr, what: &str) -> Typed {
        let value = self.expr(cond);
        self.truth(value, what)
    }

    fn truth(&mut self, value: Typed, what: &str) -> Typed {
        let span = value.span();
        let error = match value.ty() {
            Ty::Error => return value,
            ty if ty.as_scalar() == Some(DType::Bool) => return value,
            Ty::Array(ty) if ty.dims.is_empty() => {
                Diagnostic::at(Code::Condition, span, format!("`{what}` takes a bool, found {ty}")).help("compare: `x != 0`")
            }
            Ty::Array(ty) => {
                let help = match what {
                    "and" => "of arrays write `logical_and(a, b)`",
                    "or" => "of arrays write `logical_or(a, b)`",
                    "not" => "of arrays write `logical_not(a)`",
                    _ => "say what of it: `any(x)`, `all(x)`; to choose element by element, `where(x, a, b)`",
                };
                Diagnostic::at(Code::Condition, span, format!("`{what}` takes one bool, found {ty}")).help(help)
            }
            ty => Diagnostic::at(Code::Condition, span, format!("`{what}` takes a bool, found {ty}")),
        };
        self.fail(error, span)
    }

    /// `a and b`, `a or b`: the second is evaluated only where it decides.
    pub fn logic(&mut self, and: bool, left: &ast::Expr, right: &ast::Expr, span: Span) -> Typed {
        let what = if and { "and" } else { "or" };
        let left = self.condition(left, what);
        let before = self.frame().scope.clone();
        let (stmts, right) = self.enclosed(|this| this.condition(right, what));
        if left.is_error() || right.is_error() {
            return Typed::error(span);
        }
        let bool_of = |value: &Typed| value.known.scalar().and_then(Scalar::as_bool);
        let known = match (bool_of(&left), bool_of(&right)) {
            (Some(left), _) if left != and => Some(left),
            (Some(_), right) => right,
            _ => None,
        };
        let mut right = Body { stmts, value: right, live: true };
        let mut decided = Body { stmts: Vec::new(), value: Typed::constant(Scalar::bool(!and), span), live: true };
        let after = std::mem::take(&mut self.frame().scope);
        self.frame().scope = self.meet(after, before, &mut right, &mut decided, span);
        let (then, other) = if and { (right.block(), decided.block()) } else { (decided.block(), right.block()) };
        let kind = ExprKind::If { cond: Box::new(left.expr), then: Box::new(then), other: Box::new(other) };
        Typed::new(kind, Ty::scalar(DType::Bool), span).knowing(known.map(Scalar::bool).into())
    }

    /// `if`; without `want` its value is dropped and the branches' values need not go together.
    pub fn if_expr(&mut self, cond: &ast::Expr, then: &ast::Block, other: Option<&ast::Block>, want: bool, span: Span) -> Typed {
        let cond = self.condition(cond, "if");
        let want = want && other.is_some();
        let before = self.frame().scope.clone();
        let leaves = self.frame().leaves;
        self.frame().guarded += 1;
        let mut yes = self.block(then, want);
        let after_yes = std::mem::replace(&mut self.frame().scope, before);
        let mut no = match other {
            Some(other) => self.block(other, want),
            None => Body { stmts: Vec::new(), value: Typed::unit(span), live: true },
        };
        self.frame().guarded -= 1;
        let after_no = std::mem::take(&mut self.frame().scope);
        let (mut ty, mut known) = (Ty::Unit, Known::No);
        if want {
            (ty, known) = match (yes.live, no.live) {
                (true, true) => self.meet_values(&mut yes, &mut no, (then.span, other.map_or(span, |other| other.span))),
                (true, false) => (yes.value.ty().clone(), yes.value.known.clone()),
                _ => (no.value.ty().clone(), no.value.known.clone()),
            };
            known = match cond.known.scalar().and_then(Scalar::as_bool) {
                Some(true) if yes.live => yes.value.known.clone(),
                Some(false) if no.live => no.value.known.clone(),
                _ => known,
            };
        }
        self.frame().scope = self.meet(after_yes, after_no, &mut yes, &mut no, span);
        let result =
            (self.frame().leaves != leaves && (yes.has_value() || no.has_value())).then(|| self.assigned_value(&mut yes, &mut no, &ty));
        let kind = ExprKind::If { cond: Box::new(cond.expr), then: Box::new(yes.block()), other: Box::new(no.block()) };
        let Some(local) = result else { return Typed::new(kind, ty, span).knowing(known) };
        self.emit(StmtKind::Expr { value: Typed::new(kind, Ty::Unit, span).expr, silent: true }, span);
        Typed::new(ExprKind::Local(local), ty, span).knowing(known)
    }

    /// Runs something that no statement inside can leave, its statements apart.
    fn enclosed<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> (Vec<Stmt>, T) {
        self.frame().closed += 1;
        self.frame().guarded += 1;
        let result = self.apart(run);
        self.frame().guarded -= 1;
        self.frame().closed -= 1;
        result
    }

    /// Keeps the value of an `if` that a statement inside may leave in a variable: such an `if` is a statement.
    fn assigned_value(&mut self, yes: &mut Body, no: &mut Body, ty: &Ty) -> LocalId {
        let local = self.frame().local(Name::new("_"), ty.clone(), yes.value.span());
        for body in [yes, no] {
            if body.has_value() {
                let span = body.value.span();
                let value = std::mem::replace(&mut body.value, Typed::unit(span));
                body.stmts.push(Stmt { kind: StmtKind::Bind { local, value: value.expr }, span });
            }
        }
        local
    }

    /// Gives two branches' values one type.
    fn meet_values(&mut self, yes: &mut Body, no: &mut Body, (yes_span, no_span): (Span, Span)) -> (Ty, Known) {
        let (a, b) = self.alike(yes.value.clone(), no.value.clone());
        match self.joined(a.ty(), b.ty(), false) {
            Some(ty) => {
                (yes.value, no.value) = (self.convert(a, &ty), self.convert(b, &ty));
                (ty, yes.value.known.or(&no.value.known))
            }
            None => {
                let message = format!("one branch gives {}, the other {}", a.ty(), b.ty());
                let place = |value: &Typed, block: Span| if matches!(value.ty(), Ty::Unit) { block } else { value.span() };
                let error = Diagnostic::at(Code::Branches, place(&b, no_span), message).says(b.ty().to_string());
                let error = error.label(place(&a, yes_span), a.ty().to_string());
                no.value = self.fail(error.help("both branches give values of one type; convert one"), no_span);
                yes.value = no.value.clone();
                (Ty::Error, Known::No)
            }
        }
    }

    /// The type of a place that two values reach (see `Join::types`).
    pub fn joined(&mut self, a: &Ty, b: &Ty, looped: bool) -> Option<Ty> {
        let mut unknowns = std::mem::take(&mut self.build.unknowns);
        let joined = self.frame().join.types(a, b, looped, &mut unknowns);
        self.build.unknowns = unknowns;
        joined
    }

    /// A literal takes the dtype of the other value.
    pub fn alike(&mut self, a: Typed, b: Typed) -> (Typed, Typed) {
        let dtype = |value: &Typed| value.ty().as_array().map(|ty| ty.dtype);
        match (a.weak, b.weak, dtype(&a), dtype(&b)) {
            (true, false, Some(_), Some(other)) => (self.adapted(a.clone(), &[other]).unwrap_or(a), b),
            (false, true, Some(other), Some(_)) => {
                let b = self.adapted(b.clone(), &[other]).unwrap_or(b);
                (a, b)
            }
            _ => (a, b),
        }
    }

    /// The variables after two paths; what they convert is appended to the blocks.
    fn meet(&mut self, a: Scope, b: Scope, yes: &mut Body, no: &mut Body, span: Span) -> Scope {
        match (a.live, b.live) {
            (false, false) => return Scope { live: false, ..a },
            (true, false) => return a,
            (false, true) => return b,
            (true, true) => {}
        }
        let mut vars = BTreeMap::new();
        let mut others = b.vars;
        let (mut for_yes, mut for_no) = (Vec::new(), Vec::new());
        for (name, first) in a.vars {
            let state = match (first, others.remove(&name)) {
                (State::Bound(x), Some(State::Bound(y))) => self.meet_slots(&name, x, y, (&mut for_yes, &mut for_no), span),
                (_, Some(State::Conflict(conflict))) | (State::Conflict(conflict), _) => State::Conflict(conflict),
                (first, _) => State::Maybe(first.span()),
            };
            vars.insert(name, state);
        }
        vars.extend(others.into_iter().map(|(name, state)| {
            let state = if let State::Conflict(_) = state { state } else { State::Maybe(state.span()) };
            (name, state)
        }));
        self.append(yes, for_yes);
        self.append(no, for_no);
        Scope { vars, live: true }
    }

    /// Appends statements to a block whose value has been found before them.
    fn append(&mut self, body: &mut Body, stmts: Vec<Stmt>) {
        if body.has_value() && !stmts.is_empty() {
            let span = body.value.span();
            let local = self.frame().local(Name::new("_"), body.value.ty().clone(), span);
            let value = std::mem::replace(&mut body.value.expr.kind, ExprKind::Local(local));
            let value = Expr { kind: value, ..body.value.expr.clone() };
            body.stmts.push(Stmt { kind: StmtKind::Bind { local, value }, span });
        }
        body.stmts.extend(stmts);
    }

    fn meet_slots(&mut self, name: &Name, x: Slot, y: Slot, stmts: (&mut Vec<Stmt>, &mut Vec<Stmt>), span: Span) -> State {
        let known = x.known.or(&y.known);
        if x.local == y.local && x.ty == y.ty {
            let same = x.handle == y.handle && x.handle.is_some();
            return State::Bound(if same { Slot { known, ..x } } else { self.slot(x.local, x.ty, known, x.span) });
        }
        let Some(ty) = self.joined(&x.ty, &y.ty, false) else {
            let conflict = Conflict { first: (x.ty, x.span), second: (y.ty, y.span), looped: false };
            return State::Conflict(Arc::new(conflict));
        };
        let frame = self.frame();
        let takes = |local: LocalId| frame.join.fits(&frame.locals[local.0 as usize].ty, &ty);
        let local = if x.local == y.local || takes(x.local) {
            x.local
        } else if takes(y.local) {
            y.local
        } else {
            frame.local(name.clone(), ty.clone(), x.span)
        };
        for (slot, stmts) in [(&x, stmts.0), (&y, stmts.1)] {
            if slot.local != local {
                let value = self.local(slot, span);
                let value = self.convert(value, &ty);
                stmts.push(Stmt { kind: StmtKind::Bind { local, value: value.expr }, span });
            }
        }
        let known = match (known, ty.as_scalar()) {
            (Known::Scalar(value), Some(dtype)) => Known::Scalar(value.cast(dtype)),
            (known, _) => known,
        };
        State::Bound(self.slot(local, ty, known, x.span))
    }

    pub fn for_stmt(&mut self, parallel: bool, target: &[ast::Ident], iter: &ast::Expr, body: &ast::Block, span: Span) {
        let iter = self.expr(iter);
        let item = self.item_type(&iter);
        self.frame().traits.repeats.get_or_insert(span);
        if parallel {
            self.frame().traits.parallel.get_or_insert(span);
            if self.frame().is_top() {
                let error = Diagnostic::at(Code::Parallel, span, "`par for` stands outside a function");
                self.report(error.help("put the loop into a function: it is compiled and runs on all cores"));
            }
        }
        let pass = |this: &mut Self| {
            let (local, unpack) = this.loop_variables(target, item.clone(), iter.span());
            this.frame().out.extend(unpack);
            this.pass(body);
            local
        };
        let (stmts, local, _) = self.repeated(names::assigned(&body.stmts), target, span, pass);
        let body = Block { stmts, value: None };
        self.emit(StmtKind::For { parallel, local, iter: iter.expr, body }, span);
    }

    /// Binds what a pass is for. Several names take a tuple apart.
    fn loop_variables(&mut self, target: &[ast::Ident], item: Ty, iter: Span) -> (LocalId, Option<Stmt>) {
        if let [one] = target {
            self.frame().scope.vars.remove(&one.name);
            let value = Typed::new(ExprKind::Unit, item, one.span);
            let local = self.bind(&one.name, &value, one.span);
            // A loop may count without a use for the number.
            self.frame().bound.pop();
            return (local, None);
        }
        let types = match &item {
            Ty::Tuple(items) if items.len() == target.len() => items.clone(),
            Ty::Error => vec![Ty::Error; target.len()],
            ty => {
                let error = Diagnostic::at(Code::Type, iter, format!("{} names take apart a tuple, found {ty}", target.len()));
                self.report(error);
                vec![Ty::Error; target.len()]
            }
        };
        let span = target.first().map_or(iter, |ident| ident.span);
        let whole = self.frame().local(Name::new("_"), item.clone(), span);
        let mut locals = Vec::new();
        for (ident, ty) in target.iter().zip(types) {
            self.frame().scope.vars.remove(&ident.name);
            let value = Typed::new(ExprKind::Unit, ty, ident.span);
            locals.push((ident.name != "_").then(|| self.bind(&ident.name, &value, ident.span)));
        }
        let value = Expr { kind: ExprKind::Local(whole), ty: item, known: None, span };
        (whole, Some(Stmt { kind: StmtKind::Unpack { locals, value }, span }))
    }

    /// What a loop's variable is.
    fn item_type(&mut self, iter: &Typed) -> Ty {
        let span = iter.span();
        let error = match iter.ty() {
            Ty::Error => return Ty::Error,
            Ty::Range => return Ty::scalar(DType::I64),
            Ty::Array(ty) if ty.rank() > 0 => {
                return Ty::Array(crate::array::ArrayTy { dtype: ty.dtype, dims: ty.dims[1..].to_vec() });
            }
            Ty::Array(ty) if ty.dtype.is_int() => {
                Diagnostic::at(Code::Type, span, format!("`for` runs over a range or an array, found {ty}")).help("to count, write `0..n`")
            }
            Ty::Tuple(items) if !items.is_empty() => {
                if items.iter().all(|item| *item == items[0]) {
                    return items[0].clone();
                }
                Diagnostic::at(Code::Type, span, format!("`for` runs over a tuple of values of one type, found {}", iter.ty()))
            }
            ty => Diagnostic::at(Code::Type, span, format!("`for` runs over a range, an array or a tuple, found {ty}")),
        };
        self.report(error);
        Ty::Error
    }

    pub fn while_stmt(&mut self, cond: &ast::Expr, body: &ast::Block, span: Span) {
        self.frame().traits.repeats.get_or_insert(span);
        let pass = |this: &mut Self| {
            let (stmts, cond) = this.enclosed(|this| this.condition(cond, "while"));
            this.pass(body);
            if stmts.is_empty() {
                return cond.expr;
            }
            let (ty, known, span) = (cond.expr.ty.clone(), cond.expr.known, cond.expr.span);
            let block = Block { stmts, value: Some(Box::new(cond.expr)) };
            Expr { kind: ExprKind::Block(Box::new(block)), ty, known, span }
        };
        let assigned = names::assigned_in(cond).into_iter().chain(names::assigned(&body.stmts)).collect();
        let (stmts, cond, left) = self.repeated(assigned, &[], span, pass);
        let endless = cond.known.and_then(Scalar::as_bool) == Some(true);
        self.emit(StmtKind::While { cond, body: Block { stmts, value: None } }, span);
        if endless && !left {
            self.frame().scope.live = false;
        }
    }

    /// The statements of one pass.
    fn pass(&mut self, body: &ast::Block) {
        let body = self.block(body, false);
        self.frame().out.extend(body.stmts);
    }

    /// Checks a loop's pass until its variables have one type at its head. Gives the pass' statements, what `pass` gave, and whether there
    /// is a `break`; statements before the loop are emitted.
    fn repeated<T>(
        &mut self,
        assigned: FxHashSet<Name>,
        targets: &[ast::Ident],
        span: Span,
        mut pass: impl FnMut(&mut Self) -> T,
    ) -> (Vec<Stmt>, T, bool) {
        let mut assigned: Vec<Name> = assigned.into_iter().filter(|name| targets.iter().all(|target| target.name != *name)).collect();
        assigned.sort();
        let entry = self.frame().scope.clone();
        let bound = |name: &Name| Some(Carried { name: name.clone(), head: Head::Same(entry.bound(name)?.clone()), wanted: None });
        let mut heads: Vec<Carried> = assigned.iter().filter_map(bound).collect();
        let before = self.mark();
        for passes_left in (0..MAX_PASSES).rev() {
            self.frame().scope = entry.clone();
            for carried in &heads {
                let state = match &carried.head {
                    Head::Same(slot) => State::Bound(self.slot(slot.local, slot.ty.clone(), Known::No, slot.span)),
                    Head::New(slot) => State::Bound(slot.clone()),
                    Head::Lost(state) => state.clone(),
                };
                self.frame().scope.vars.insert(carried.name.clone(), state);
            }
            self.frame().loops.push(Loop { carried: std::mem::take(&mut heads), left: false });
            let (stmts, result) = self.apart(|this| {
                let result = pass(this);
                if this.frame().scope.live {
                    this.end_pass(span);
                }
                result
            });
            let Some(done) = self.frame().loops.pop() else { break };
            heads = done.carried;
            if passes_left == 0 || heads.iter().all(|carried| carried.wanted.is_none()) {
                self.enter_loop(&entry, &heads, span);
                self.after_loop(entry, heads, targets);
                return (stmts, result, done.left);
            }
            // Again, with the types that the pass asked for.
            self.back_to(&before);
            heads.iter_mut().for_each(|carried| self.widen(carried));
        }
        (Vec::new(), pass(self), false)
    }

    /// What a further pass over a body starts from.
    fn mark(&mut self) -> (usize, usize, usize, usize) {
        let diags = self.diags.len();
        let frame = self.frame();
        (frame.locals.len(), frame.globals.len(), frame.returns.len(), diags)
    }

    fn back_to(&mut self, (locals, globals, returns, diags): &(usize, usize, usize, usize)) {
        self.diags.truncate(*diags);
        let frame = self.frame();
        frame.locals.truncate(*locals);
        frame.globals.truncate(*globals);
        frame.returns.truncate(*returns);
    }

    /// Gives a variable of a loop the type that a pass asked for. A local made for the pass before went with its other locals.
    fn widen(&mut self, carried: &mut Carried) {
        let (ty, span) = match (&carried.head, carried.wanted.take()) {
            (Head::Same(_), None) | (Head::Lost(_), _) => return,
            (Head::New(slot), None) => (slot.ty.clone(), slot.span),
            (Head::Same(slot) | Head::New(slot), Some(Wanted::Type(ty))) => (ty, slot.span),
            (Head::Same(slot) | Head::New(slot), Some(Wanted::Lost(Some((ty, span)), _))) => {
                let conflict = Conflict { first: (slot.ty.clone(), slot.span), second: (ty, span), looped: true };
                carried.head = Head::Lost(State::Conflict(Arc::new(conflict)));
                return;
            }
            (_, Some(Wanted::Lost(None, span))) => {
                carried.head = Head::Lost(State::Maybe(span));
                return;
            }
        };
        let local = self.frame().local(carried.name.clone(), ty.clone(), span);
        carried.head = Head::New(self.slot(local, ty, Known::No, span));
    }

    /// Emits what brings the variables into the loop's locals.
    fn enter_loop(&mut self, entry: &Scope, heads: &[Carried], span: Span) {
        for carried in heads {
            if let (Head::New(head), Some(slot)) = (&carried.head, entry.bound(&carried.name)) {
                let value = self.local(slot, span);
                let value = self.convert(value, &head.ty);
                self.emit(StmtKind::Bind { local: head.local, value: value.expr }, span);
            }
        }
    }

    /// The variables after a loop that may run no pass.
    fn after_loop(&mut self, entry: Scope, heads: Vec<Carried>, targets: &[ast::Ident]) {
        let inside = std::mem::take(&mut self.frame().scope);
        let mut vars = entry.vars;
        for (name, state) in inside.vars {
            vars.entry(name).or_insert(State::Maybe(state.span()));
        }
        for carried in heads {
            let state = match carried.head {
                Head::Same(slot) => State::Bound(self.slot(slot.local, slot.ty, Known::No, slot.span)),
                Head::New(slot) => State::Bound(self.slot(slot.local, slot.ty, Known::No, slot.span)),
                Head::Lost(state) => state,
            };
            vars.insert(carried.name, state);
        }
        for target in targets {
            vars.insert(target.name.clone(), State::Maybe(target.span));
        }
        self.frame().scope = Scope { vars, live: true };
    }

    /// Brings the variables back into the locals of the loop's head, or asks for another type there.
    fn end_pass(&mut self, span: Span) {
        let Some(mut innermost) = self.frame().loops.pop() else { return };
        for carried in &mut innermost.carried {
            let (Head::Same(head) | Head::New(head)) = &carried.head else { continue };
            let before = match &carried.wanted {
                Some(Wanted::Type(ty)) => ty.clone(),
                Some(Wanted::Lost(..)) => continue,
                None => head.ty.clone(),
            };
            let slot = match self.frame().scope.vars.get(&carried.name) {
                Some(State::Bound(slot)) => slot.clone(),
                Some(State::Conflict(conflict)) => {
                    let changed = if conflict.second.0 == head.ty { &conflict.first } else { &conflict.second };
                    carried.wanted = Some(Wanted::Lost(Some(changed.clone()), span));
                    continue;
                }
                Some(State::Maybe(at)) => {
                    carried.wanted = Some(Wanted::Lost(None, *at));
                    continue;
                }
                None => continue,
            };
            match self.joined(&before, &slot.ty, true) {
                None => carried.wanted = Some(Wanted::Lost(Some((slot.ty, slot.span)), span)),
                Some(ty) if ty != before => carried.wanted = Some(Wanted::Type(ty)),
                Some(ty) if slot.local != head.local => {
                    let local = head.local;
                    let value = self.local(&slot, span);
                    let value = self.convert(value, &ty);
                    self.emit(StmtKind::Bind { local, value: value.expr }, span);
                }
                Some(_) => {}
            }
        }
        self.frame().loops.push(innermost);
    }

    /// Notes a statement that leaves what is open.
    pub fn leaves(&mut self, word: &str, span: Span) {
        self.frame().leaves += 1;
        if self.frame().closed > 0 {
            let error = Diagnostic::at(Code::Syntax, span, format!("`{word}` stands inside a condition"));
            self.report(error.help("write an `if` of its own before"));
        }
    }

    /// `break` and `continue`.
    pub fn leave_pass(&mut self, leaves: bool, span: Span) {
        let word = if leaves { "break" } else { "continue" };
        if self.frame().loops.is_empty() {
            return self.report(Diagnostic::at(Code::Syntax, span, format!("`{word}` stands outside a loop")));
        }
        self.leaves(word, span);
        self.end_pass(span);
        if let (true, Some(innermost)) = (leaves, self.frame().loops.last_mut()) {
            innermost.left = true;
        }
        self.emit(if leaves { StmtKind::Break } else { StmtKind::Continue }, span);
        self.frame().scope.live = false;
    }
}
