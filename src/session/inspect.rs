//! Looking inside: types, graphs, plans, kernels and machine code of what a session would run.

use super::driver::Driver;
use super::{Failed, Frame, Output, Session, effects};
use crate::base::{Code, Diagnostic, Span};
use crate::graph::{pass, print};
use crate::kernel::abi::Engine;
use crate::plan::explain::explain;
use crate::sema::Checked;
use crate::sema::hir::{Class, Expr, InstId, StmtKind};
use crate::types::Ty;

impl Session {
    /// The type of an expression.
    pub fn type_of(&mut self, text: &str) -> Result<Ty, Failed> {
        let program = self.parse("<type>", text)?;
        let mut world = self.world.clone();
        let checked = self.checked(&mut world, &program)?;
        Ok(last(&checked)?.ty.clone())
    }

    /// The graph of an expression after its passes.
    pub fn graph_of(&mut self, text: &str) -> Result<String, Failed> {
        let nodes = self.nodes_of(text)?;
        let graph = &mut self.evaluator.graph;
        let roots = pass::optimise(graph, &nodes);
        Ok(print::print(graph, &roots))
    }

    /// How an expression would be computed.
    pub fn plan_of(&mut self, text: &str) -> Result<String, Failed> {
        let nodes = self.nodes_of(text)?;
        let plan = self.evaluator.plan(&nodes, &[], false)?;
        Ok(explain(&plan, &|span| self.sources.line(span)))
    }

    /// How a whole program would run: the plan of each part that can be planned together. Conditions on data are computed, since what
    /// follows depends on them; nothing is printed or saved.
    pub fn explain(&mut self, name: &str, text: &str) -> Result<String, Failed> {
        self.evaluator.explained = Some(Vec::new());
        let outcome = self.run(name, text, &mut ());
        let plans = self.evaluator.explained.take().unwrap_or_default();
        outcome?;
        let texts: Vec<String> = plans.iter().map(|plan| explain(plan, &|span| self.sources.line(span))).collect();
        Ok(if texts.is_empty() { "nothing is computed\n".into() } else { texts.join("\n") })
    }

    /// The kernels of a function, for each list of argument types it was called with: the loop IR after its passes.
    pub fn kernel_of(&mut self, function: &str) -> Result<String, Failed> {
        self.compiled(function, |session, inst| {
            let world = session.world.clone();
            Ok(session.evaluator.module(&world, inst)?.0.to_string())
        })
    }

    /// The machine code of a function.
    pub fn asm_of(&mut self, function: &str) -> Result<String, Failed> {
        self.compiled(function, |session, inst| {
            let world = session.world.clone();
            let module = session.evaluator.module(&world, inst)?.0;
            Ok(crate::codegen::Jit::default().compile(&module)?.listing())
        })
    }

    fn compiled(&mut self, function: &str, show: impl Fn(&mut Session, InstId) -> crate::base::Outcome<String>) -> Result<String, Failed> {
        let ids = self.world.instances_of(function);
        let mut texts = Vec::new();
        for inst in ids {
            let instance = self.world.instance(inst);
            if matches!(instance.class, Class::Kernel | Class::Elementwise) {
                let types: Vec<String> = instance.params.iter().map(|param| instance.locals[param.0 as usize].ty.to_string()).collect();
                let head = format!("# {}({}) -> {}\n", instance.name, types.join(", "), instance.result);
                let text = head + &show(self, inst)?;
                // Calls of which different things are known have the same code.
                if !texts.contains(&text) {
                    texts.push(text);
                }
            }
        }
        if texts.is_empty() {
            let error = Diagnostic::new(Code::UnknownName, format!("`{function}` has not been compiled"));
            return Err(error.help("a function that loops is compiled when it is called; array expressions are shown by `:graph`").into());
        }
        Ok(texts.join("\n"))
    }

    fn nodes_of(&mut self, text: &str) -> Result<Vec<crate::graph::NodeId>, Failed> {
        let program = self.parse("<expression>", text)?;
        let mut world = self.world.clone();
        let checked = self.checked(&mut world, &program)?;
        let mut frame = Frame { locals: vec![None; checked.program.locals.len()], mark: self.evaluator.held_so_far() };
        for (local, variable) in frame.locals.iter_mut().zip(&self.variables) {
            *local = variable.value.clone();
        }
        let out: &mut dyn Output = &mut ();
        let value = Driver::new(&mut self.evaluator, &world, &self.sources, out).expr(&mut frame, last(&checked)?)?;
        Ok(effects::arrays(&value))
    }
}

/// The expression that a text ends with.
fn last(checked: &Checked) -> Result<&Expr, Failed> {
    let body = &checked.program.body;
    let stmt = body.stmts.last().and_then(|stmt| match &stmt.kind {
        StmtKind::Expr { value, .. } => Some(value),
        _ => None,
    });
    let value = body.value.as_deref().or(stmt);
    value.ok_or_else(|| Diagnostic::at(Code::Syntax, Span::default(), "an expression is needed").into())
}
