//! Kernels as text, the form `parse` reads. Places in the source are left out; `?` marks an index that is checked.

use super::ir::*;
use crate::array::{DType, Scalar};
use crate::ops::ScalarOp;
use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};

impl Display for Module {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.checked {
            f.write_str("checked\n")?;
        }
        for (at, kernel) in self.kernels.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            Printer::new(self, kernel).kernel(f)?;
        }
        Ok(())
    }
}

/// The sign of an operation that is written between its operands.
pub(super) fn infix(op: ScalarOp) -> Option<&'static str> {
    use ScalarOp::*;
    Some(match op {
        Add => "+",
        Sub => "-",
        Mul => "*",
        Div => "/",
        FloorDiv => "//",
        Rem => "%",
        Pow => "**",
        Eq => "==",
        Ne => "!=",
        Lt => "<",
        Le => "<=",
        Gt => ">",
        Ge => ">=",
        And => "&",
        Or => "|",
        Xor => "^",
        Shl => "<<",
        Shr => ">>",
        _ => return None,
    })
}

/// A kernel with the names its variables and arrays are printed by: their own, with a number where that is not unique.
struct Printer<'m> {
    module: &'m Module,
    kernel: &'m Kernel,
    vars: Vec<String>,
    arrays: Vec<String>,
}

type Result = fmt::Result;
type F<'a, 'b> = &'a mut Formatter<'b>;

impl<'m> Printer<'m> {
    fn new(module: &'m Module, kernel: &'m Kernel) -> Printer<'m> {
        let mut uses: HashMap<&str, usize> = HashMap::new();
        let names = || kernel.vars.iter().map(|var| &*var.name).chain(kernel.arrays.iter().map(|array| &*array.name));
        for name in names() {
            *uses.entry(name).or_default() += 1;
        }
        let unique = |name: &str, kind: char, at: usize| match name {
            "" => format!("_{kind}{at}"),
            _ if uses[name] == 1 => name.to_owned(),
            _ => format!("{name}.{kind}{at}"),
        };
        let vars = kernel.vars.iter().enumerate().map(|(at, var)| unique(&var.name, 'v', at)).collect();
        let arrays = kernel.arrays.iter().enumerate().map(|(at, array)| unique(&array.name, 'a', at)).collect();
        Printer { module, kernel, vars, arrays }
    }

    fn var(&self, var: VarId) -> &str {
        self.vars.get(var.0 as usize).map_or("?", |name| name)
    }

    fn array(&self, array: ArrayId) -> &str {
        self.arrays.get(array.0 as usize).map_or("?", |name| name)
    }

    fn callee(&self, kernel: KernelId) -> &str {
        self.module.kernels.get(kernel.0 as usize).map_or("?", |kernel| &kernel.name)
    }

    fn kernel(&self, f: F) -> Result {
        write!(f, "kernel {}(", self.kernel.name)?;
        list(f, &self.kernel.params, |f, param| match *param {
            Param::Scalar(var) => write!(f, "{}: {}", self.var(var), self.kernel.vars[var.0 as usize].dtype),
            Param::Array(array) => {
                let decl = &self.kernel.arrays[array.0 as usize];
                write!(f, "{}: {}[{}]{}", self.array(array), decl.dtype, decl.rank, stream(decl))
            }
        })?;
        f.write_str(")")?;
        if !self.kernel.results.is_empty() {
            f.write_str(" -> ")?;
            list(f, &self.kernel.results, |f, result| match *result {
                ResultTy::Scalar(dtype) => write!(f, "{dtype}"),
                ResultTy::Array { dtype, rank } => write!(f, "{dtype}[{rank}]"),
            })?;
        }
        f.write_str(" {\n")?;
        for (at, var) in self.kernel.vars.iter().enumerate() {
            if !self.kernel.params.contains(&Param::Scalar(VarId(at as u32))) {
                writeln!(f, "    var {}: {}", self.vars[at], var.dtype)?;
            }
        }
        for (at, array) in self.kernel.arrays.iter().enumerate() {
            if !self.kernel.params.contains(&Param::Array(ArrayId(at as u32))) {
                writeln!(f, "    array {}: {}[{}]{}", self.arrays[at], array.dtype, array.rank, stream(array))?;
            }
        }
        self.body(f, &self.kernel.body, 1)?;
        f.write_str("}\n")
    }

    fn body(&self, f: F, body: &[Stmt], depth: usize) -> Result {
        for stmt in body {
            write!(f, "{:1$}", "", depth * 4)?;
            self.statement(f, stmt, depth)?;
            f.write_str("\n")?;
        }
        Ok(())
    }

    fn block(&self, f: F, body: &[Stmt], depth: usize) -> Result {
        f.write_str("{\n")?;
        self.body(f, body, depth + 1)?;
        write!(f, "{:1$}}}", "", depth * 4)
    }

    fn statement(&self, f: F, stmt: &Stmt, depth: usize) -> Result {
        match stmt {
            Stmt::Set { var, value, .. } => {
                write!(f, "{} = ", self.var(*var))?;
                self.expr(f, value)
            }
            Stmt::Store { array, index, value, check, .. } => {
                self.element(f, *array, index, *check)?;
                f.write_str(" = ")?;
                self.expr(f, value)
            }
            Stmt::If { cond, then, other } => {
                f.write_str("if ")?;
                self.expr(f, cond)?;
                f.write_str(" ")?;
                self.block(f, then, depth)?;
                if other.is_empty() {
                    return Ok(());
                }
                f.write_str(" else ")?;
                self.block(f, other, depth)
            }
            Stmt::For { var, lo, hi, step, body, kind, .. } => {
                write!(f, "for {} in ", self.var(*var))?;
                self.range(f, lo, hi, *step)?;
                match kind {
                    LoopKind::Seq => {}
                    LoopKind::Par => f.write_str(" par")?,
                    LoopKind::Vector { reductions } => {
                        f.write_str(" vector(")?;
                        self.reductions(f, reductions)?;
                        f.write_str(")")?;
                    }
                }
                f.write_str(" ")?;
                self.block(f, body, depth)
            }
            Stmt::While { cond, body, .. } => {
                f.write_str("while ")?;
                self.expr(f, cond)?;
                f.write_str(" ")?;
                self.block(f, body, depth)
            }
            Stmt::Break => f.write_str("break"),
            Stmt::Continue => f.write_str("continue"),
            Stmt::Return(values) => {
                f.write_str(if values.is_empty() { "return" } else { "return " })?;
                self.operands(f, values)
            }
            Stmt::Alloc { array, shape, clear, .. } => {
                write!(f, "{} = {}(", self.array(*array), if *clear { "alloc" } else { "room" })?;
                self.exprs(f, shape)?;
                f.write_str(")")
            }
            Stmt::View { array, base, index, check, .. } => {
                write!(f, "{} = view {}[", self.array(*array), self.array(*base))?;
                list(f, index, |f, entry| match entry {
                    ViewIndex::At(at) => self.expr(f, at),
                    ViewIndex::Range { lo, hi, step } => self.range(f, lo, hi, *step),
                    ViewIndex::All => f.write_str(".."),
                    ViewIndex::New => f.write_str("new"),
                })?;
                self.check(f, *check)
            }
            Stmt::Rebind { pairs, .. } => {
                f.write_str("rebind ")?;
                list(f, pairs, |f, (to, _)| f.write_str(self.array(*to)))?;
                f.write_str(" = ")?;
                list(f, pairs, |f, (_, from)| f.write_str(self.array(*from)))
            }
            Stmt::Call { kernel, args, results, .. } => {
                list(f, results, |f, place| match *place {
                    Place::Scalar(var) => f.write_str(self.var(var)),
                    Place::Array(array) => f.write_str(self.array(array)),
                })?;
                write!(f, "{}call {}(", if results.is_empty() { "" } else { " = " }, self.callee(*kernel))?;
                self.operands(f, args)?;
                f.write_str(")")
            }
            Stmt::ParFor { kernel, lo, hi, grain, args, reductions, .. } => {
                f.write_str("parfor ")?;
                self.range(f, lo, hi, 1)?;
                write!(f, " grain {grain} call {}(", self.callee(*kernel))?;
                self.operands(f, args)?;
                f.write_str(")")?;
                if !reductions.is_empty() {
                    f.write_str(" reduce(")?;
                    self.reductions(f, reductions)?;
                    f.write_str(")")?;
                }
                Ok(())
            }
            Stmt::Fail { fault, values, .. } => {
                write!(f, "fail {fault:?}(")?;
                self.exprs(f, values)?;
                f.write_str(")")
            }
        }
    }

    fn range(&self, f: F, lo: &Expr, hi: &Expr, step: i64) -> Result {
        self.expr(f, lo)?;
        f.write_str("..")?;
        self.expr(f, hi)?;
        if step == 1 { Ok(()) } else { write!(f, " by {step}") }
    }

    fn reductions(&self, f: F, reductions: &[Reduction]) -> Result {
        list(f, reductions, |f, reduction| write!(f, "{}: {}", self.var(reduction.var), reduction.op.name()))
    }

    fn operands(&self, f: F, operands: &[Operand]) -> Result {
        list(f, operands, |f, operand| match operand {
            Operand::Scalar(expr) => self.expr(f, expr),
            Operand::Array(array) => f.write_str(self.array(*array)),
        })
    }

    fn exprs(&self, f: F, exprs: &[Expr]) -> Result {
        list(f, exprs, |f, expr| self.expr(f, expr))
    }

    fn element(&self, f: F, array: ArrayId, index: &[Expr], check: Check) -> Result {
        write!(f, "{}[", self.array(array))?;
        self.exprs(f, index)?;
        self.check(f, check)
    }

    fn check(&self, f: F, check: Check) -> Result {
        f.write_str(if check.is_proven() { "]" } else { "]?" })
    }

    fn expr(&self, f: F, expr: &Expr) -> Result {
        match expr {
            Expr::Const(value) => literal(f, *value),
            Expr::Var(var) => f.write_str(self.var(*var)),
            Expr::Op { op, args, .. } => match (infix(*op), &args[..]) {
                (Some(sign), [a, b]) => {
                    f.write_str("(")?;
                    self.expr(f, a)?;
                    write!(f, " {sign} ")?;
                    self.expr(f, b)?;
                    f.write_str(")")
                }
                _ => {
                    write!(f, "{}(", op.name())?;
                    self.exprs(f, args)?;
                    f.write_str(")")
                }
            },
            Expr::Cast { to, arg, .. } => {
                write!(f, "{to}(")?;
                self.expr(f, arg)?;
                f.write_str(")")
            }
            Expr::Load { array, index, check } => self.element(f, *array, index, *check),
            Expr::Len { array, axis } => write!(f, "len({}, {axis})", self.array(*array)),
            Expr::If { cond, then, other } => {
                f.write_str("(if ")?;
                self.expr(f, cond)?;
                f.write_str(" then ")?;
                self.expr(f, then)?;
                f.write_str(" else ")?;
                self.expr(f, other)?;
                f.write_str(")")
            }
        }
    }
}

/// Items with commas between.
fn list<T>(f: F, items: &[T], mut each: impl FnMut(F, &T) -> Result) -> Result {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            f.write_str(", ")?;
        }
        each(f, item)?;
    }
    Ok(())
}

/// `3` is an i64, `3.0` a f64; others have their dtype behind, complex numbers in front.
fn literal(f: F, value: Scalar) -> Result {
    match value.dtype {
        DType::Bool => f.write_str(if value.bits != 0 { "true" } else { "false" }),
        DType::F64 => write!(f, "{:?}", value.as_f64()),
        DType::F32 => write!(f, "{:?}f32", value.as_f64() as f32),
        DType::C64 | DType::C128 => write!(f, "{}({:?}, {:?})", value.dtype, value.as_f64(), value.imag()),
        DType::I64 => write!(f, "{}", value.as_int().unwrap_or(0)),
        dtype => write!(f, "{}{dtype}", value.as_int().unwrap_or(0)),
    }
}

fn stream(array: &ArrayDecl) -> &'static str {
    if array.stream { " stream" } else { "" }
}
