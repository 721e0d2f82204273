//! Which array slots may share memory. Follows allocations, views and rebinding through a kernel, and arguments through calls. Different
//! parameters of the first kernel share no memory (see `abi::Compiled::call`); results of calls may share any memory the arguments do.

use super::ir::*;
use super::ranges::count_loops;
use super::visit;

/// For every two slots of a kernel: may they share memory? For one slot: may different elements of it?
#[derive(Clone, Debug, PartialEq)]
pub struct Shares {
    slots: usize,
    pairs: Vec<bool>,
}

impl Shares {
    fn none(slots: usize) -> Shares {
        Shares { slots, pairs: vec![false; slots * slots] }
    }
    /// May different elements of the two slots, or of the one, be the same memory?
    pub fn may(&self, a: ArrayId, b: ArrayId) -> bool {
        self.pairs.get(a.0 as usize * self.slots + b.0 as usize).copied().unwrap_or(true)
    }
    fn set(&mut self, a: usize, b: usize, may: bool) {
        self.pairs[a * self.slots + b] = may;
        self.pairs[b * self.slots + a] = may;
    }
    fn get(&self, a: usize, b: usize) -> bool {
        self.pairs[a * self.slots + b]
    }
    /// Adds what another knows; is there anything new?
    fn join(&mut self, other: &Shares) -> bool {
        let mut grown = false;
        for (own, more) in self.pairs.iter_mut().zip(&other.pairs) {
            grown |= *more && !*own;
            *own |= more;
        }
        grown
    }
    /// Slots get, all at once, what other slots hold.
    fn rebind(&mut self, pairs: &[(usize, usize)]) {
        let old = self.clone();
        let source = |slot: usize| pairs.iter().find(|(to, _)| *to == slot).map_or(slot, |(_, from)| *from);
        for a in 0..self.slots {
            for b in 0..=a {
                let (from_a, from_b) = (source(a), source(b));
                self.set(a, b, a != b && from_a == from_b || old.get(from_a, from_b));
            }
        }
    }
}

/// What is shared in each loop of a kernel: at any point of its body, in source order of the `For`s.
pub fn in_loops(kernel: &Kernel, start: &Shares) -> Vec<Shares> {
    let count = count_loops(&kernel.body);
    let mut flow = Flow { loops: vec![Shares::none(kernel.arrays.len()); count], calls: Vec::new() };
    flow.body(&kernel.body, &mut start.clone(), &mut 0);
    flow.loops
}

/// What is shared at the start of each kernel of a module. `overlapping` parameters of the first have elements that share memory.
pub fn at_start(module: &Module, overlapping: &[ArrayId]) -> Vec<Shares> {
    let mut starts: Vec<Shares> = module.kernels.iter().map(|kernel| Shares::none(kernel.arrays.len())).collect();
    if let Some(first) = starts.first_mut() {
        overlapping
            .iter()
            .map(|array| array.0 as usize)
            .filter(|at| *at < first.slots)
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|at| first.set(at, at, true));
    }
    loop {
        let mut grown = false;
        for (at, kernel) in module.kernels.iter().enumerate() {
            let mut flow = Flow { loops: Vec::new(), calls: Vec::new() };
            flow.body(&kernel.body, &mut starts[at].clone(), &mut 0);
            for (callee, shared) in flow.calls {
                grown |= pass_on(&mut starts, module, callee, &shared);
            }
        }
        if !grown {
            return starts;
        }
    }
}

/// Array arguments of a call: by parameter, whether two may share memory.
type Passed = Vec<(usize, usize)>;

fn pass_on(starts: &mut [Shares], module: &Module, callee: KernelId, shared: &Passed) -> bool {
    let (Some(kernel), Some(start)) = (module.kernels.get(callee.0 as usize), starts.get_mut(callee.0 as usize)) else { return false };
    let slot = |param: usize| match kernel.params.get(param) {
        Some(Param::Array(array)) => Some(array.0 as usize),
        _ => None,
    };
    let before = start.clone();
    for (a, b) in shared {
        if let (Some(a), Some(b)) = (slot(*a), slot(*b)) {
            start.set(a, b, true);
        }
    }
    *start != before
}

/// Follows slots through a kernel.
struct Flow {
    loops: Vec<Shares>,
    calls: Vec<(KernelId, Passed)>,
}

impl Flow {
    /// `number` counts the `For`s.
    fn body(&mut self, body: &[Stmt], state: &mut Shares, number: &mut usize) {
        for stmt in body {
            self.statement(stmt, state, number);
        }
    }

    fn statement(&mut self, stmt: &Stmt, state: &mut Shares, number: &mut usize) {
        match stmt {
            Stmt::Alloc { array, .. } => (0..state.slots).for_each(|other| state.set(array.0 as usize, other, false)),
            Stmt::View { array, base, .. } => {
                let (array, base) = (array.0 as usize, base.0 as usize);
                if array != base {
                    let overlaps = state.get(base, base);
                    (0..state.slots).for_each(|other| state.set(array, other, other == base || state.get(base, other)));
                    state.set(array, array, overlaps);
                }
            }
            Stmt::Rebind { pairs, .. } => {
                state.rebind(&pairs.iter().map(|(to, from)| (to.0 as usize, from.0 as usize)).collect::<Vec<_>>());
            }
            Stmt::Call { kernel, args, results, .. } => {
                self.call(*kernel, args, 0, state);
                let given: Vec<usize> = args.iter().filter_map(slot).collect();
                let bound: Vec<usize> = results
                    .iter()
                    .filter_map(|place| if let Place::Array(array) = place { Some(array.0 as usize) } else { None })
                    .collect();
                let old = state.clone();
                let reached = |other: usize| given.iter().any(|arg| *arg == other || old.get(*arg, other));
                let overlaps = given.iter().any(|arg| old.get(*arg, *arg));
                for array in &bound {
                    for other in 0..state.slots {
                        let may = if other == *array { overlaps } else { reached(other) || bound.contains(&other) };
                        state.set(*array, other, may);
                    }
                }
            }
            Stmt::ParFor { kernel, args, .. } => self.call(*kernel, args, 2, state),
            Stmt::If { then, other, .. } => {
                let mut after_then = state.clone();
                self.body(then, &mut after_then, number);
                self.body(other, state, number);
                state.join(&after_then);
            }
            Stmt::For { body, .. } | Stmt::While { body, .. } => {
                let own = *number;
                let is_for = matches!(stmt, Stmt::For { .. });
                // A jump may come from any point of the body, so what holds anywhere in it may hold at its start and after it.
                loop {
                    *number = own + usize::from(is_for);
                    let mut anywhere = state.clone();
                    self.points(body, &mut anywhere, number);
                    if is_for && let Some(here) = self.loops.get_mut(own) {
                        here.join(&anywhere);
                    }
                    let at_end = if visit::jumps_out(body) { anywhere } else { self.after(body, state, own + usize::from(is_for)) };
                    if !state.join(&at_end) {
                        return;
                    }
                }
            }
            _ => {}
        }
    }

    /// The state after a body that starts in `state`.
    fn after(&mut self, body: &[Stmt], state: &Shares, mut number: usize) -> Shares {
        let mut state = state.clone();
        self.body(body, &mut state, &mut number);
        state
    }

    /// Joins the states at all points of a body.
    fn points(&mut self, body: &[Stmt], anywhere: &mut Shares, number: &mut usize) {
        let mut state = anywhere.clone();
        self.points_from(body, &mut state, anywhere, number);
    }

    fn points_from(&mut self, body: &[Stmt], state: &mut Shares, anywhere: &mut Shares, number: &mut usize) {
        for stmt in body {
            if let Stmt::If { then, other, .. } = stmt {
                let mut after_then = state.clone();
                self.points_from(then, &mut after_then, anywhere, number);
                self.points_from(other, state, anywhere, number);
                state.join(&after_then);
            } else {
                let first = *number;
                self.statement(stmt, state, number);
                // What is shared somewhere in a loop is shared somewhere here.
                for inner in first..*number {
                    if let Some(inner) = self.loops.get(inner) {
                        anywhere.join(inner);
                    }
                }
            }
            anywhere.join(state);
        }
    }

    /// Notes what a call's arguments share; its array parameters start after `skipped` ones.
    fn call(&mut self, kernel: KernelId, args: &[Operand], skipped: usize, state: &Shares) {
        let arrays: Vec<(usize, usize)> = args.iter().enumerate().filter_map(|(at, arg)| Some((at + skipped, slot(arg)?))).collect();
        let mut shared = Passed::new();
        for (at, (a, slot_a)) in arrays.iter().enumerate() {
            for (b, slot_b) in &arrays[..=at] {
                let same = a != b && slot_a == slot_b;
                if same || state.get(*slot_a, *slot_b) {
                    shared.push((*a, *b));
                }
            }
        }
        self.calls.push((kernel, shared));
    }
}

fn slot(operand: &Operand) -> Option<usize> {
    if let Operand::Array(array) = operand { Some(array.0 as usize) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::parse::parse;

    /// Which of the slots `x y a b c` may share memory in the last `For` of a body.
    fn shared(body: &str) -> String {
        let text = format!(
            "kernel f(x: f64[1], y: f64[1], n: i64) {{
                var i: i64 var j: i64 array a: f64[1] array b: f64[1] array c: f64[1]
                {body}
            }}
            kernel g(x: f64[1]) -> f64[1] {{ return x }}"
        );
        let module = parse(&text).unwrap();
        let start = at_start(&module, &[ArrayId(1)]);
        let loops = in_loops(&module.kernels[0], &start[0]);
        let last = loops.last().unwrap();
        let names = ["x", "y", "a", "b", "c"];
        let mut found = Vec::new();
        for a in 0..5 {
            for b in a..5 {
                if last.get(a, b) {
                    found.push(format!("{}{}", names[a], names[b]));
                }
            }
        }
        found.join(" ")
    }

    #[test]
    fn slots_are_followed() {
        for (body, want) in [
            ("for i in 0..n { }", "yy"),
            ("a = alloc(n) b = alloc(n) for i in 0..n { }", "yy"),
            ("a = alloc(n) b = view a[1..2] for i in 0..n { }", "yy ab"),
            ("a = alloc(n) b = alloc(n) for j in 0..n { for i in 0..n { } rebind a, b = b, a }", "yy"),
            ("a = alloc(n) b = alloc(n) for j in 0..n { for i in 0..n { } rebind a, b = b, b }", "yy ab"),
            ("a = alloc(n) b = alloc(n) for j in 0..n { b = alloc(n) for i in 0..n { } rebind a = b }", "yy"),
            ("a = alloc(n) b = alloc(n) for j in 0..n { if (j > 2) { b = view a[..] break } } for i in 0..n { }", "yy ab"),
            ("a = view y[..] for i in 0..n { }", "yy ya aa"),
            ("a = call g(x) for i in 0..n { }", "xa yy"),
            ("a = alloc(n) a = call g(x) c = alloc(n) for i in 0..n { }", "xa yy"),
            ("a = alloc(n) for i in 0..n { b = view a[..] b = alloc(n) }", "yy ab"),
        ] {
            assert_eq!(shared(body), want, "{body}");
        }
    }

    #[test]
    fn arguments_pass_on_what_they_share() {
        let text = "kernel f(x: f64[1], y: f64[1]) { array a: f64[1] a = view x[..] call g(x, a, y) call g(y, x, x) }
            kernel g(p: f64[1], q: f64[1], r: f64[1]) { }";
        let start = at_start(&parse(text).unwrap(), &[]);
        let g = &start[1];
        let may: Vec<bool> = [(0, 1), (0, 2), (1, 2), (0, 0)].into_iter().map(|(a, b)| g.get(a, b)).collect();
        assert_eq!(may, [true, false, true, false]);
    }
}
