//! How the body of a vector loop is cut into segments between calls of strip routines, and which values are kept in strips in between.
//! Plain data; emits nothing.

use super::tape::{Id, Node, Place, Stride, Tape};
use crate::ops::emit::Routine;
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;

/// A part of the body that runs over a strip before the next calls.
#[derive(Debug, Default)]
pub struct Segment {
    /// Instructions to emit, in order.
    pub nodes: Vec<Id>,
    /// Values to read from strips.
    pub reads: Vec<Id>,
    /// Values to keep in strips.
    pub keeps: Vec<Id>,
    /// Strip routines to call when the segment has run.
    pub calls: Vec<Id>,
}

impl Segment {
    /// Does it have loops that each element leaves by itself?
    pub fn has_loops(&self, tape: &Tape) -> bool {
        self.nodes.iter().any(|id| matches!(tape.node(*id), Node::Enter(..)))
    }
}

#[derive(Debug)]
pub struct Plan {
    pub segments: Vec<Segment>,
    /// By value that is kept in a strip: which buffer.
    pub buffers: FxHashMap<Id, usize>,
    pub buffer_count: usize,
    /// Values that are the same in all elements and go into a strip as arguments: their buffers are filled before the loop.
    pub filled: Vec<Id>,
    /// Calls and those of their arguments that they read from arrays.
    pub in_place: Vec<(Id, Id)>,
}

/// Is an instruction a call of a strip routine?
fn is_strip_call(node: &Node) -> bool {
    matches!(node, Node::Call(Routine::Math(..), _))
}

/// Does an instruction cost so little that a segment repeats it rather than keep its value?
fn is_leaf(node: &Node) -> bool {
    matches!(node, Node::Constant(_) | Node::Invariant(..) | Node::Index | Node::Accumulator(_) | Node::Load(..))
}

fn is_uniform(node: &Node) -> bool {
    matches!(node, Node::Constant(_) | Node::Invariant(..))
}

struct Levels<'t> {
    tape: &'t Tape,
    /// The first segment in which an instruction can be emitted; a strip call's value is there from the segment after the call.
    first: Vec<usize>,
    /// The last segment in which a load still reads the same.
    last: Vec<usize>,
    /// May arrays that are not dense have to be worked on as they are?
    conflicts: bool,
}

impl Levels<'_> {
    fn of(tape: &Tape) -> Levels<'_> {
        let count = tape.nodes.len();
        let mut levels = Levels { tape, first: vec![0; count], last: vec![usize::MAX; count], conflicts: !conflicts(tape).is_empty() };
        // What depends on an accumulator belongs in the segment that updates it.
        let mut update = vec![0; tape.accumulators.len()];
        // And all of a loop in one.
        let mut loops = vec![0; tape.loops];
        for _ in 0..=update.len() + loops.len() {
            levels.pass(&mut update, &mut loops);
        }
        levels.lasts();
        levels
    }

    fn pass(&mut self, update: &mut [usize], loops: &mut [usize]) {
        let (mut stored, mut touched) = (0, 0);
        for id in self.tape.ids() {
            let at = id.0 as usize;
            let node = self.tape.node(id);
            let args = self.tape.operands(id).iter().map(|arg| self.first[arg.0 as usize]).max().unwrap_or(0);
            self.first[at] = match node {
                _ if is_strip_call(node) => args + 1,
                Node::Accumulator(which) => update[*which],
                Node::Load(..) => args.max(stored),
                Node::Store(..) => args.max(touched),
                Node::Round(this, _) | Node::Enter(this, _) | Node::While(this, _) | Node::Again(this, _) => args.max(loops[*this]),
                _ => args,
            };
            match node {
                Node::Load(..) => touched = touched.max(self.first[at]),
                Node::Store(..) => {
                    stored = self.first[at];
                    touched = stored;
                }
                Node::Accumulate(which, _) => update[*which] = self.first[at],
                Node::Enter(this, _) | Node::While(this, _) | Node::Again(this, _) => loops[*this] = self.first[at],
                _ => {}
            }
        }
    }

    fn lasts(&mut self) {
        let mut next_store = usize::MAX;
        for id in self.tape.ids().rev() {
            match self.tape.node(id) {
                Node::Store(..) => next_store = self.first[id.0 as usize],
                Node::Load(access, _) => {
                    // Indices that were computed are kept for the first segment only.
                    let linear = matches!(self.tape.accesses[*access].place, Place::Linear { .. });
                    self.last[id.0 as usize] = if linear { next_store } else { self.first[id.0 as usize] };
                }
                _ => {}
            }
        }
    }

    /// Can a call at the end of segment `at` read an argument where it lies?
    fn is_in_place(&self, id: Id, at: usize) -> bool {
        let Node::Load(access, _) = self.tape.node(id) else { return false };
        let access = &self.tape.accesses[*access];
        let copied = matches!(access.place, Place::Linear { stride: Stride::Perhaps, .. });
        // What is stored in this segment is in memory when the call comes.
        access.is_dense() && !(copied && self.conflicts) && access.dtype.is_float() && at < self.last[id.0 as usize]
    }

    /// Does segment `at` read a value from a strip rather than compute it?
    fn is_kept(&self, id: Id, at: usize) -> bool {
        let node = self.tape.node(id);
        let (first, last) = (self.first[id.0 as usize], self.last[id.0 as usize]);
        is_strip_call(node) || first < at && !(is_leaf(node) && at <= last)
    }
}

impl Plan {
    pub fn of(tape: &Tape) -> Plan {
        let levels = Levels::of(tape);
        let count = tape.ids().map(|id| levels.first[id.0 as usize] + 1).max().unwrap_or(1);
        let mut segments: Vec<Segment> = (0..count).map(|_| Segment::default()).collect();
        // From the last segment back: what a later one reads, an earlier one keeps.
        let mut wanted: Vec<Id> = Vec::new();
        let (mut filled, mut in_place) = (Vec::new(), Vec::new());
        for at in (0..count).rev() {
            let mut calls: Vec<Id> =
                wanted.iter().copied().filter(|id| is_strip_call(tape.node(*id)) && levels.first[id.0 as usize] == at + 1).collect();
            calls.sort();
            calls.dedup();
            wanted.retain(|id| !calls.contains(id));
            for call in &calls {
                for arg in tape.operands(*call) {
                    if is_uniform(tape.node(arg)) {
                        filled.push(arg);
                    } else if levels.is_in_place(arg, at) {
                        in_place.push((*call, arg));
                    } else {
                        wanted.push(arg);
                    }
                }
            }
            // Kept here: arguments of the calls and what was computed first in this segment, or can be read again only here.
            let mut keeps: Vec<Id> = wanted.iter().copied().filter(|id| !levels.is_kept(*id, at)).collect();
            keeps.sort();
            keeps.dedup();
            wanted.retain(|id| !keeps.contains(id));
            let effects = tape.ids().filter(|id| tape.node(*id).is_effect() && levels.first[id.0 as usize] == at);
            let mut open: Vec<Id> = effects.chain(keeps.iter().copied()).collect();
            let mut needed = vec![false; tape.nodes.len()];
            let mut reads = Vec::new();
            while let Some(id) = open.pop() {
                if std::mem::replace(&mut needed[id.0 as usize], true) {
                    continue;
                }
                if levels.is_kept(id, at) && !tape.node(id).is_effect() {
                    reads.push(id);
                    wanted.push(id);
                } else {
                    open.extend(tape.operands(id));
                }
            }
            reads.sort();
            let nodes = tape.ids().filter(|id| needed[id.0 as usize] && !reads.contains(id)).collect();
            segments[at] = Segment { nodes, reads, keeps, calls };
        }
        filled.sort();
        filled.dedup();
        let (buffers, buffer_count) = assign(tape, &segments, &filled);
        Plan { segments, buffers, buffer_count, filled, in_place }
    }
}

/// Accesses that `Stride::Perhaps` keeps copies of, and others, whose order within an iteration the copies would change if the two met in
/// memory: a store, and a later load or store.
pub fn conflicts(tape: &Tape) -> Vec<(usize, usize)> {
    let copied = |access: usize| matches!(tape.accesses[access].place, Place::Linear { stride: Stride::Perhaps, .. });
    let mut stored: Vec<usize> = Vec::new();
    let mut found = Vec::new();
    for id in tape.ids() {
        let (Node::Load(access, _) | Node::Store(access, ..)) = tape.node(id) else { continue };
        let earlier = stored.iter().filter(|before| *before != access && (copied(**before) || copied(*access)));
        found.extend(earlier.map(|before| (*before, *access)));
        if let Node::Store(..) = tape.node(id) {
            stored.push(*access);
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Gives each kept value a buffer; those whose values are not read any more are used again.
fn assign(tape: &Tape, segments: &[Segment], filled: &[Id]) -> (FxHashMap<Id, usize>, usize) {
    // Time runs over each segment and each of its calls.
    let mut last_use: FxHashMap<Id, usize> = FxHashMap::default();
    let mut time = 0;
    for segment in segments {
        for id in segment.reads.iter().chain(&segment.keeps) {
            last_use.insert(*id, time);
        }
        time += 1;
        for call in &segment.calls {
            for arg in tape.operands(*call) {
                last_use.insert(arg, time);
            }
            last_use.entry(*call).or_insert(time);
            time += 1;
        }
    }
    for id in filled {
        last_use.insert(*id, usize::MAX);
    }
    let mut buffers: FxHashMap<Id, usize> = filled.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let (mut live, mut free, mut count): (Vec<Id>, Vec<usize>, usize) = (Vec::new(), Vec::new(), filled.len());
    let mut time = 0;
    let mut give = |id: Id, now: usize, dying: bool, buffers: &mut FxHashMap<Id, usize>| {
        // A call may write over an argument that is read for the last time; a segment may not.
        live.retain(|old| {
            let dead = last_use[old] < now || dying && last_use[old] == now;
            if dead {
                free.push(buffers[old]);
            }
            !dead
        });
        if let Entry::Vacant(place) = buffers.entry(id) {
            place.insert(free.pop().unwrap_or_else(|| {
                count += 1;
                count - 1
            }));
            live.push(id);
        }
    };
    for segment in segments {
        for id in &segment.keeps {
            give(*id, time, false, &mut buffers);
        }
        time += 1;
        for call in &segment.calls {
            give(*call, time, true, &mut buffers);
            time += 1;
        }
    }
    (buffers, count)
}
