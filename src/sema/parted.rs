//! Which arrays the body of an `each` reads line by line, so that a part of them along the first variable is enough for a part of the result.
//! Large ones are typed with an unknown size along it: a compiled function over them runs part by part where they do not fit in memory.

use super::checker::{Checker, Typed};
use super::names;
use super::scope::State;
use crate::array::{ArrayTy, Dim};
use crate::base::Name;
use crate::syntax::ast::{Block, EachVar, Expr, ExprKind, IndexArg, IndexKind};
use crate::types::Ty;

/// Bytes of arrays below which parts are not worth while.
const LARGE: u64 = 4 << 20;

/// Arrays by name, each with the axis that the first variable indexes.
pub type Parted = Vec<(Name, usize)>;

impl Checker<'_> {
    /// The arrays that may be given in parts along the first variable; none where the variable or one of the arrays has other uses.
    pub fn parted(&mut self, over: &[EachVar], body: &Block) -> Parted {
        let Some(EachVar { ident, iter: None, .. }) = over.first() else { return Parted::new() };
        let (counts, indexed) = names::reads(body);
        let mut parted: Vec<(&Name, usize, usize)> = Vec::new();
        let (mut uses, mut lines) = (0, false);
        for (name, args) in indexed {
            let Some(Ty::Array(ty)) = self.frame().scope.bound(name).map(|slot| slot.ty.clone()) else { continue };
            let Some(axis) = indexed_axis(&ty, args, &ident.name) else { continue };
            uses += 1;
            lines |= args.len() < ty.rank() || args.iter().any(is_range);
            match parted.iter_mut().find(|(known, ..)| *known == name) {
                Some((_, known, times)) if *known == axis => *times += 1,
                Some(_) => return Parted::new(),
                None => parted.push((name, axis, 1)),
            }
        }
        let whole = parted.iter().any(|(name, _, times)| counts.get(*name) != Some(times));
        if !lines || whole || counts.get(&ident.name) != Some(&uses) {
            return Parted::new();
        }
        parted.into_iter().map(|(name, axis, _)| (name.clone(), axis)).collect()
    }

    /// Gives large arrays an unknown size along the axis that they are parted by, and says which dimension that was.
    pub fn part(&mut self, parted: &Parted) -> Option<Dim> {
        let mut types: Vec<(Name, ArrayTy)> = Vec::new();
        for (name, _) in parted {
            types.push((name.clone(), self.frame().scope.bound(name)?.ty.as_array()?.clone()));
        }
        let first = parted.first().map(|(_, axis)| types[0].1.dims[*axis].clone())?;
        let bytes: Option<u64> = types.iter().map(|(_, ty)| ty.bytes()).sum();
        let alike = types.iter().zip(parted).all(|((_, ty), (_, axis))| ty.dims[*axis].size == first.size);
        if !alike || bytes.is_none_or(|bytes| bytes < LARGE) {
            return None;
        }
        // One size for all, which is not known.
        let size = self.build.unknowns.fresh();
        for ((name, mut ty), (_, axis)) in types.into_iter().zip(parted) {
            ty.dims[*axis] = Dim { size, coord: None, ..ty.dims[*axis].clone() };
            if let Some(State::Bound(slot)) = self.frame().scope.vars.get_mut(&name) {
                slot.ty = Ty::Array(ty);
            }
        }
        Some(first)
    }
}

/// The result of an `each` over parted arrays, with its first dimension as it is.
pub fn whole(value: Typed, dim: &Dim) -> Typed {
    fn with(ty: &Ty, dim: &Dim) -> Ty {
        match ty {
            Ty::Array(ty) if ty.rank() > 0 => {
                let mut ty = ty.clone();
                ty.dims[0] = dim.clone();
                Ty::Array(ty)
            }
            Ty::Tuple(items) => Ty::Tuple(items.iter().map(|item| with(item, dim)).collect()),
            other => other.clone(),
        }
    }
    let ty = with(value.ty(), dim);
    let span = value.span();
    Typed::new(value.expr.kind, ty, span)
}

fn is_range(arg: &IndexArg) -> bool {
    matches!(&arg.kind, IndexKind::Expr(Expr { kind: ExprKind::Range { .. }, .. }))
}

/// The axis that is indexed by a variable alone, once.
fn indexed_axis(ty: &ArrayTy, args: &[IndexArg], var: &Name) -> Option<usize> {
    let is_all =
        |arg: &IndexArg| matches!(&arg.kind, IndexKind::Expr(Expr { kind: ExprKind::Range { lo: None, hi: None, step: None, .. }, .. }));
    let is_var = |arg: &IndexArg| matches!(&arg.kind, IndexKind::Expr(Expr { kind: ExprKind::Name(name), .. }) if name == var);
    let simple = |arg: &IndexArg| {
        matches!(&arg.kind, IndexKind::Expr(Expr { kind: ExprKind::Name(_) | ExprKind::Number { .. } | ExprKind::Range { .. }, .. }))
    };
    if !args.iter().all(simple) || args.iter().filter(|arg| is_var(arg)).count() != 1 || args.len() > ty.rank() {
        return None;
    }
    let at = args.iter().position(is_var)?;
    if let Some(name) = &args[at].name {
        return ty.find(&name.name);
    }
    if args.iter().any(|arg| arg.name.is_some()) {
        return None;
    }
    let open = args.iter().position(is_all).filter(|_| args.len() < ty.rank());
    match open {
        Some(open) if open < at => Some(ty.rank() - (args.len() - at)),
        _ => Some(at),
    }
}
