//! Programs with the types that they must have, or the errors. The tables are beside; here is what runs them.

mod errors;
mod flow;
mod functions;
mod mutants;
mod values;

use super::hir::{Class, Program};
use super::*;
use crate::array::{Array, ArrayTy, Coord, DType, Dim, Scalar};
use crate::base::{Code, Diagnostic, Source, SourceId};
use crate::types::VariableTy;

/// A world with one file, `sst.nc`, and two modules.
struct World1;

fn coord(first: i64, size: u64) -> Option<Arc<Coord>> {
    let values: Vec<_> = (0..size as i64).map(|at| Scalar::f64((first + at) as f64)).collect();
    Some(Arc::new(Coord { values: Array::from_scalars(DType::F64, &values), units: None }))
}

fn variable(name: &str, path: &str, dims: Vec<Dim>) -> VariableTy {
    VariableTy { name: name.into(), path: path.into(), ty: ArrayTy { dtype: DType::F32, dims }, attrs: Vec::new(), skipped: None }
}

impl Files for World1 {
    fn dataset(&self, path: &str) -> Outcome<Arc<DatasetTy>> {
        if path != "sst.nc" {
            return Err(Diagnostic::new(Code::File, format!("{path}: no such file")));
        }
        let time = || Dim { coord: coord(0, 12), ..Dim::named("time", 12) };
        let lat = || Dim { coord: coord(-90, 180), ..Dim::named("lat", 180) };
        let inner = DatasetTy {
            single: false,
            path: path.into(),
            variables: vec![variable("depth", "/sea/depth", vec![lat()])],
            groups: Vec::new(),
            attrs: Vec::new(),
        };
        let broken = VariableTy { skipped: Some("compound types".into()), ..variable("odd", "/odd", Vec::new()) };
        Ok(Arc::new(DatasetTy {
            single: false,
            path: path.into(),
            variables: vec![variable("sst", "/sst", vec![time(), lat()]), variable("mask", "/mask", vec![lat()]), broken],
            groups: vec![("sea".into(), Arc::new(inner))],
            attrs: Vec::new(),
        }))
    }
    fn module(&self, path: &str) -> Outcome<ModuleText> {
        let (id, text) = match path {
            "stats.kiln" | "lib/stats.kiln" => (10, "scale = 2.0\nfn half(x) = x / scale\nfn twice(x) = half(x) * 4"),
            "round.kiln" => (11, "use \"round.kiln\" as r"),
            "bad.kiln" => (12, "fn f(x) = y + x"),
            "prints.kiln" => (13, "print(1)"),
            _ => return Err(Diagnostic::new(Code::File, format!("no module {path}"))),
        };
        Ok(ModuleText { source: SourceId(id), path: path.into(), text: text.into() })
    }
}

/// Texts of one session, one after the other. What is bound after the last, or its errors.
fn session(texts: &[&str]) -> Result<(World, Checked), String> {
    let mut world = World::new();
    let mut vars: Vec<Var> = Vec::new();
    let mut last = None;
    for (at, text) in texts.iter().enumerate() {
        let (program, errors) = crate::syntax::parse(SourceId(at as u32), text);
        assert!(errors.is_empty(), "{text}\n{errors:#?}");
        let checked = world.check(&program, &vars, &World1).map_err(|errors| show_errors(text, &errors))?;
        vars = checked.vars.iter().map(|(var, _)| var.clone()).collect();
        last = Some(checked);
    }
    Ok((world, last.expect("a text")))
}

fn show_errors(text: &str, errors: &[Diagnostic]) -> String {
    let source = Source::new("test", text);
    let shown = errors.iter().filter(|error| error.is_error()).map(|error| {
        let place = error.labels.first().map_or("-".to_string(), |label| {
            let (line, column) = source.line_col(label.span.start);
            format!("{line}:{column}")
        });
        format!("{} {place} {}", error.code, error.message)
    });
    shown.collect::<Vec<_>>().join("\n")
}

/// `x: f64[3], n: i64 = 3`.
fn show_vars(checked: &Checked) -> String {
    let var = |var: &Var| match &var.known {
        Known::Scalar(value) if value.dtype.is_int() => format!("{}: {} = {}", var.name, var.ty, value.as_int().unwrap()),
        Known::Scalar(value) if value.dtype.is_float() => format!("{}: {} = {:?}", var.name, var.ty, value.as_f64()),
        Known::Scalar(value) => format!("{}: {} = {}", var.name, var.ty, value.bits),
        Known::Text(text) => format!("{}: {} = {text:?}", var.name, var.ty),
        _ => format!("{}: {}", var.name, var.ty),
    };
    checked.vars.iter().map(|(bound, _)| var(bound)).collect::<Vec<_>>().join(", ")
}

fn outcome(text: &str) -> String {
    match session(&[text]) {
        Ok((_, checked)) => show_vars(&checked),
        Err(errors) => errors,
    }
}

/// Checks a table of programs; all that differ are shown.
fn table(rows: &[(&str, &str)]) {
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|(text, expected)| {
            let got = outcome(text);
            (got != *expected).then(|| format!("{text}\n  expected {expected}\n  got      {got}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} differ\n\n{}", wrong.len(), rows.len(), wrong.join("\n\n"));
}

/// The class of each function that a text specialises, in order of completion.
fn classes(text: &str) -> String {
    let (world, _) = session(&[text]).unwrap_or_else(|errors| panic!("{text}\n{errors}"));
    let class = |class: Class| format!("{class:?}").to_lowercase();
    world.instances.iter().map(|instance| format!("{} {}", instance.name, class(instance.class))).collect::<Vec<_>>().join(", ")
}

/// The typed program of a text.
fn program(text: &str) -> Program {
    session(&[text]).unwrap_or_else(|errors| panic!("{text}\n{errors}")).1.program
}
