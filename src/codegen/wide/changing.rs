//! Stores of elements that change for some of a group alone: `a[i] = select(mask, x, a[i])` writes x under the mask, and leaves lines of memory
//! that keep what they have as they are.

use crate::codegen::strips::Segment;
use crate::codegen::tape::{Id, Node, Tape};

/// A store, and the choice that it makes instead of storing one.
#[derive(Clone, Copy)]
pub struct Changing {
    pub store: Id,
    pub choice: Id,
    pub mask: Id,
    pub value: Id,
}

/// Of a segment whose instructions `source` says which value is in whose register.
pub fn find(tape: &Tape, segment: &Segment, source: &[Id]) -> Vec<Changing> {
    let of = |id: Id| source[id.0 as usize];
    let place = |id: Id| segment.nodes.iter().position(|other| *other == id);
    let changing = |(at, store): (usize, &Id)| {
        let Node::Store(access, stored, None) = tape.node(*store) else { return None };
        let choice = of(*stored);
        let Node::Select(mask, value, old) = *tape.node(choice) else { return None };
        let Node::Load(read, 0) = tape.node(of(old)) else { return None };
        let array = tape.accesses[*access].array;
        // What is read again waits until a store under a mask is through.
        let again = |other: &Id| matches!(tape.node(*other), Node::Load(later, _) if tape.accesses[*later].array == array);
        let readers = segment.nodes.iter().filter(|other| tape.operands(**other).iter().any(|operand| of(*operand) == choice)).count();
        let since = &segment.nodes[place(of(old))?..at];
        let written = since.iter().any(|other| matches!(tape.node(*other), Node::Store(..)));
        let reread = segment.nodes[at..].iter().any(again);
        place(choice)?;
        (read == access && !reread && readers == 1 && !written && !segment.keeps.iter().any(|kept| of(*kept) == choice))
            .then_some(Changing { store: *store, choice, mask: of(mask), value: of(value) })
    };
    segment.nodes.iter().enumerate().filter_map(changing).collect()
}
