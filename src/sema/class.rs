//! How an instance runs, and whether it can: what stands in compiled functions. Also what a call over elements gives. Owns no lowering.

use super::checker::{Checker, Traits, Typed};
use super::hir::*;
use super::world::World;
use crate::array::{ArrayTy, Dim};
use crate::base::{Code, Diagnostic, Outcome, Span};
use crate::builtins::{Define, Effect};
use crate::types::broadcast::broadcast;
use crate::types::{Placed, Ty};
use rustc_hash::FxHashSet;

/// The dimensions of a call that maps over elements.
pub struct Mapped {
    dims: Vec<Dim>,
}

impl Mapped {
    /// The arguments broadcast against each other.
    pub fn new(checker: &mut Checker, arrays: &[Typed]) -> Outcome<Mapped> {
        let mut placed = Vec::new();
        for array in arrays {
            let text = match array.expr.kind {
                ExprKind::Local(local) => checker.frame().locals[local.0 as usize].name.to_string(),
                _ => String::new(),
            };
            if let Some(ty) = array.ty().as_array() {
                placed.push(Placed { ty, text, span: array.span() });
            }
        }
        Ok(Mapped { dims: broadcast(&placed)?.dims })
    }

    /// A result over all elements.
    pub fn over(&self, element: &Ty) -> Ty {
        match element {
            Ty::Array(ty) => Ty::Array(ArrayTy { dtype: ty.dtype, dims: self.dims.clone() }),
            Ty::Tuple(items) => Ty::Tuple(items.iter().map(|item| self.over(item)).collect()),
            other => other.clone(),
        }
    }
}

pub fn class(elementwise: bool, traits: &Traits) -> Class {
    if elementwise {
        Class::Elementwise
    } else if traits.effect.is_some() {
        Class::Driver
    } else if is_compiled(traits) {
        Class::Kernel
    } else {
        Class::Graph
    }
}

fn is_compiled(traits: &Traits) -> bool {
    traits.repeats.is_some() || traits.stores.is_some() || traits.recursive.is_some() || traits.parallel.is_some()
}

/// K0802 where a function must be compiled and holds what cannot be.
pub fn verify(instance: &Instance, traits: &Traits, world: &World) -> Outcome<()> {
    let name = &instance.name;
    if let Some((what, effect)) = &traits.effect {
        let compiled = match (instance.class, traits.stores, traits.parallel) {
            (Class::Elementwise, ..) => Some((instance.span, "it maps over the elements of arrays")),
            (_, _, Some(span)) => Some((span, "its `par for` is compiled")),
            (_, Some(span), _) => Some((span, "it assigns elements")),
            _ => None,
        };
        if let Some((span, why)) = compiled {
            let message = format!("{what} cannot stand in `{name}`, which is compiled: {why}");
            let error = Diagnostic::at(Code::NotInKernel, *effect, message).label(span, why);
            return Err(error.help("give values back, and print or save them where the function is called"));
        }
        return Ok(());
    }
    match instance.class {
        Class::Kernel | Class::Elementwise => {}
        Class::Graph | Class::Driver => return Ok(()),
    }
    let fault = Hunt { world, seen: FxHashSet::default() }.instance(instance);
    let Some((what, span)) = fault else { return elements(instance) };
    let why = [
        (traits.repeats, "it is compiled because of this loop"),
        (traits.stores, "it is compiled because it assigns elements"),
        (traits.recursive, "it is compiled because it calls itself"),
    ];
    let error = Diagnostic::at(Code::NotInKernel, span, format!("{what} cannot be compiled, and `{name}` is compiled whole"));
    let error = match why.into_iter().find_map(|(place, why)| Some((place?, why))) {
        Some((place, why)) => error.label(place, why),
        None => error,
    };
    Err(error.help("do this outside of the function and pass what it needs as an argument"))
}

/// A function over elements takes and gives numbers.
fn elements(instance: &Instance) -> Outcome<()> {
    if instance.class != Class::Elementwise {
        return Ok(());
    }
    let scalar = |ty: &Ty| ty.as_scalar().is_some();
    let result = scalar(&instance.result) || matches!(&instance.result, Ty::Tuple(items) if items.iter().all(scalar));
    if !result {
        let message = format!("`{}` maps over elements, so that it gives a number for each, not {}", instance.name, instance.result);
        return Err(
            Diagnostic::at(Code::Type, instance.span, message).help("leave the annotation of its parameters out to pass whole arrays")
        );
    }
    let params = instance.params.iter().map(|param| &instance.locals[param.0 as usize]);
    for local in params {
        if !scalar(&local.ty) {
            let message = format!("`{}` maps over elements, and `{}` is {}", instance.name, local.name, local.ty);
            return Err(Diagnostic::at(Code::Unsupported, instance.span, message).label(local.span, "this is a whole array"));
        }
    }
    Ok(())
}

/// Looks for what cannot be compiled, in a function and all it calls.
struct Hunt<'a> {
    world: &'a World,
    seen: FxHashSet<InstId>,
}

type Fault = Option<(String, Span)>;

impl Hunt<'_> {
    fn instance(&mut self, instance: &Instance) -> Fault {
        let params = instance.params.iter().map(|param| &instance.locals[param.0 as usize]);
        params.into_iter().find_map(|local| type_fault(&local.ty, local.span)).or_else(|| self.block(&instance.body))
    }

    fn block(&mut self, block: &Block) -> Fault {
        block.stmts.iter().find_map(|stmt| self.stmt(stmt)).or_else(|| self.exprs(block.value.as_deref()))
    }

    fn stmt(&mut self, stmt: &Stmt) -> Fault {
        match &stmt.kind {
            StmtKind::Bind { value, .. } | StmtKind::Unpack { value, .. } | StmtKind::Expr { value, .. } => self.expr(value),
            StmtKind::Store { index, value, .. } => self.indices(index).or_else(|| self.expr(value)),
            StmtKind::For { iter, body, .. } => self.expr(iter).or_else(|| self.block(body)),
            StmtKind::While { cond, body } => self.expr(cond).or_else(|| self.block(body)),
            StmtKind::Return(value) => self.exprs(value.as_ref()),
            // The message is shown as the source has it.
            StmtKind::Assert { cond, .. } => self.expr(cond),
            StmtKind::Break | StmtKind::Continue => None,
        }
    }

    fn exprs<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) -> Fault {
        exprs.into_iter().find_map(|expr| self.expr(expr))
    }

    fn indices(&mut self, index: &[Index]) -> Fault {
        index.iter().find_map(|index| match index {
            Index::At(at) | Index::Take(at) => self.expr(at),
            Index::Range { lo, hi, .. } => self.exprs(lo.iter().chain(hi)),
            Index::All | Index::New => None,
        })
    }

    fn expr(&mut self, expr: &Expr) -> Fault {
        let inside = match &expr.kind {
            ExprKind::Const(_)
            | ExprKind::Local(_)
            | ExprKind::Text(_)
            | ExprKind::Open { .. }
            | ExprKind::Variable { .. }
            | ExprKind::Unit => None,
            ExprKind::Tuple(items) | ExprKind::Function { captures: items } | ExprKind::Host { args: items, .. } => self.exprs(items),
            ExprKind::Record(fields) => self.exprs(fields.iter().map(|(_, value)| value)),
            ExprKind::Field { base, .. } => self.expr(base),
            ExprKind::Range { lo, hi, step, .. } => self.exprs([lo, hi].into_iter().chain(step).map(|part| &**part)),
            ExprKind::Call { builtin, args } => match builtin.define {
                Define::Effect(Effect::Error) => return None,
                _ => self.arguments(args),
            },
            ExprKind::Invoke { inst, args } => self.exprs(args).or_else(|| self.callee(*inst)),
            ExprKind::Index { base, index } => self.expr(base).or_else(|| self.indices(index)),
            ExprKind::Edged { base, index, fill, .. } => {
                self.exprs(std::iter::once(&**base).chain(index).chain(fill.iter().map(|fill| &**fill)))
            }
            ExprKind::If { cond, then, other } => self.expr(cond).or_else(|| self.block(then)).or_else(|| self.block(other)),
            ExprKind::Block(block) => self.block(block),
        };
        inside.or_else(|| type_fault(&expr.ty, expr.span))
    }

    /// Texts stand where they are known, as options of built-ins.
    fn arguments(&mut self, args: &CallArgs) -> Fault {
        let all = args.values.iter().flatten().chain(args.rest.iter().map(|(_, argument)| argument));
        all.into_iter().find_map(|argument| match argument {
            Argument::Expr(Expr { ty: Ty::Text, .. }) | Argument::Dims(_) => None,
            Argument::Expr(expr) => self.expr(expr),
            Argument::Type { shape, .. } => self.exprs(shape.iter().flatten()),
        })
    }

    fn callee(&mut self, id: InstId) -> Fault {
        if !self.seen.insert(id) {
            return None;
        }
        let instance = self.world.instances[id.0 as usize].clone();
        self.instance(&instance)
    }
}

/// What has no form in compiled code.
fn type_fault(ty: &Ty, span: Span) -> Fault {
    match ty {
        Ty::Text => Some(("a text".into(), span)),
        Ty::Dataset(dataset) => Some((format!("the dataset {}", dataset.path), span)),
        Ty::Grouped(grouped) => Some((format!("{grouped}"), span)),
        Ty::Module(name) => Some((format!("the module {name}"), span)),
        Ty::Tuple(items) => items.iter().find_map(|item| type_fault(item, span)),
        Ty::Record(fields) => fields.iter().find_map(|(_, field)| type_fault(field, span)),
        Ty::Function(function) => function.captures.iter().find_map(|(_, capture)| type_fault(capture, span)),
        Ty::Array(_) | Ty::Range | Ty::Unit | Ty::Error => None,
    }
}
