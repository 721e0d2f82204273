//! A plan as text for people: per stage what it does, its blocks and memory; then what the whole will read and take.

use super::blocks::grid;
use super::forecast::human;
use super::ir::*;
use crate::graph::print::reduction;
use std::fmt::Write;

/// The text of `explain`. `line` gives the source line of a stage.
pub fn explain(plan: &Plan, line: &dyn Fn(crate::base::Span) -> usize) -> String {
    let mut text = String::new();
    let forecast = &plan.forecast;
    let _ = writeln!(text, "{}, {}", counted(plan.stages.len() as u64, "stage"), counted(forecast.blocks, "block"));
    let _ = writeln!(text, "read from files   {}", human(forecast.read));
    let _ = writeln!(text, "scratch on disk   {}", human(forecast.spilled));
    let _ = writeln!(text, "peak memory       {} (an upper bound)", human(forecast.peak.saturating_add(forecast.held)));
    for (at, stage) in plan.stages.iter().enumerate() {
        let _ = writeln!(text, "\nstage {} (line {})", at + 1, line(stage.span));
        let _ = writeln!(text, "  {}", describe(plan, stage));
        let _ = writeln!(
            text,
            "  {} at once, {} a block{}",
            stage.parallel,
            human(stage.block_bytes),
            match stage.stage_bytes {
                0 => String::new(),
                held => format!(", {} of partial results", human(held)),
            }
        );
    }
    text
}

/// `1 block`, `2 blocks`.
fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn describe(plan: &Plan, stage: &Stage) -> String {
    match &stage.work {
        Work::Fused(fused) => {
            let mut sources: Vec<String> = Vec::new();
            for leaf in fused.sources() {
                let source = source(plan, leaf);
                if !sources.contains(&source) {
                    sources.push(source);
                }
            }
            let outputs: Vec<String> = fused
                .outputs
                .iter()
                .map(|output| {
                    let what = match &output.kind {
                        OutputKind::Map { .. } => "elements".to_string(),
                        OutputKind::Reduce { op, .. } => reduction(*op).to_string(),
                        OutputKind::ReduceGroups { op, groups, .. } => format!("{} of {groups} groups", reduction(*op)),
                        OutputKind::Scan { op, .. } => format!("running {}", op.name()),
                    };
                    format!("{what} into {}", target(plan, output.store))
                })
                .collect();
            let blocks = grid(&fused.domain, &fused.block);
            format!(
                "{} over {} of {} in {} of {}: {}",
                match (&fused.product, fused.before.len()) {
                    (Some(product), _) => format!("{}, then one pass", multiplied(product)),
                    (None, 0) => "one pass".to_string(),
                    (None, before) => format!("{} passes in a row", before + 1),
                },
                if sources.is_empty() { "indices".into() } else { sources.join(", ") },
                sizes(&fused.domain),
                counted(blocks.iter().product(), "block"),
                sizes(&fused.block),
                outputs.join("; ")
            )
        }
        Work::MatMul(product) => {
            format!("{} in tiles of {} into {}", multiplied(product), sizes(&product.tile), target(plan, product.out))
        }
        Work::Swept(swept) => {
            let sources: Vec<String> = swept.stream.leaves.iter().map(|leaf| source(plan, leaf)).collect();
            format!(
                "{} in passes over {} of {} in blocks of {} into {}",
                swept.routine.name(),
                if sources.is_empty() { "indices".into() } else { sources.join(", ") },
                sizes(&swept.stream.domain),
                sizes(&swept.stream.block),
                target(plan, swept.result)
            )
        }
        Work::Batched(batched) => {
            let cores: u64 = batched.batch.iter().product();
            let into: Vec<String> = batched.results.iter().filter_map(|result| Some(target(plan, result.store?))).collect();
            format!("{} of {} × {} into {}", batched.routine.name(), cores, sizes(&batched.cores[0]), into.join("; "))
        }
        Work::Compress(compress) => {
            let sources: Vec<String> = compress.values.leaves.iter().map(|leaf| source(plan, leaf)).collect();
            let blocks = grid(&compress.values.domain, &compress.values.block);
            format!(
                "select by a mask from {} of {} in {} of {} into {}",
                if sources.is_empty() { "indices".into() } else { sources.join(", ") },
                sizes(&compress.values.domain),
                counted(blocks.iter().product(), "block"),
                sizes(&compress.values.block),
                target(plan, compress.out)
            )
        }
        Work::Take(take) => format!("take {} along axis {} into {}", take.shape[take.axis], take.axis, target(plan, take.out)),
    }
}

fn multiplied(product: &MatMul) -> String {
    let [m, k, n] = product.sizes;
    format!("product [{m}, {k}] @ [{k}, {n}]")
}

fn sizes(sizes: &[u64]) -> String {
    sizes.iter().map(u64::to_string).collect::<Vec<_>>().join(" × ")
}

fn source(plan: &Plan, leaf: &Leaf) -> String {
    match &leaf.source {
        Source::File(variable) => format!("{}:{}", variable.path, variable.variable.trim_start_matches('/')),
        Source::Store(store) => target(plan, *store),
    }
}

fn target(plan: &Plan, id: StoreId) -> String {
    let store = &plan.stores[id.0 as usize];
    match &store.kind {
        StoreKind::Given(_) => format!("{} in memory", store.ty),
        StoreKind::Memory => store.ty.to_string(),
        StoreKind::Spill => format!("{} on disk", store.ty),
        StoreKind::Sink(sink) => format!("file variable {}", sink.name),
    }
}
