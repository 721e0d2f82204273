//! Counting elements between edges. Owns the counting; the edges are the caller's, ascending.

use super::Core;
use super::key::elements;
use super::sweep::{Out, Sweep};
use crate::base::Outcome;
use crate::exec::tasks;
use crate::plan::routines::GROUPS;
use std::sync::{Mutex, PoisonError};

/// Edges, and how evenly they stand.
struct Edges<'a> {
    edges: &'a [f64],
    first: f64,
    /// Bins a unit where all are about as wide: a first guess.
    scale: Option<f64>,
}

impl<'a> Edges<'a> {
    fn new(edges: &'a [f64]) -> Edges<'a> {
        let bins = edges.len().saturating_sub(1) as f64;
        let (first, last) = (edges.first().copied().unwrap_or(0.0), edges.last().copied().unwrap_or(0.0));
        let scale = bins / (last - first);
        let even = edges.iter().enumerate().all(|(at, edge)| ((edge - first) * scale - at as f64).abs() < 0.5);
        Edges { edges, first, scale: Some(scale).filter(|scale| scale.is_finite() && even) }
    }

    /// The bin of a value: from its lower edge up to its upper one, which belongs to the last bin alone.
    fn bin(&self, value: f64) -> Option<usize> {
        let bins = self.edges.len().checked_sub(1).filter(|bins| *bins > 0)?;
        if !(value >= self.first && value <= self.edges[bins]) {
            return None;
        }
        let at = match self.scale {
            // The guess is one off where rounding says so.
            Some(scale) => {
                let guess = (((value - self.first) * scale) as usize).min(bins - 1);
                if value < self.edges[guess] { guess.saturating_sub(1) } else { guess + usize::from(value >= self.edges[guess + 1]) }
            }
            None => self.edges.partition_point(|edge| *edge <= value) - 1,
        };
        Some(at.min(bins - 1))
    }
}

/// (n, …), weights (n, …), edges (k + 1) → (k).
pub fn histogram(mut core: Core, weighted: bool) -> Outcome<()> {
    let edges = Edges::new(elements::<f64>(core.operands[core.operands.len() - 1]));
    let values = elements::<f64>(core.operands[0]);
    for out in &mut core.results {
        out.fill(0);
        match weighted {
            true => add(&edges, values, elements::<f64>(core.operands[1]), bytemuck::cast_slice_mut(out)),
            false => count(&edges, values, bytemuck::cast_slice_mut(out)),
        }
    }
    Ok(())
}

fn count(edges: &Edges, values: &[f64], out: &mut [u64]) {
    for value in values {
        if let Some(bin) = edges.bin(*value) {
            out[bin] += 1;
        }
    }
}

fn add(edges: &Edges, values: &[f64], weights: &[f64], out: &mut [f64]) {
    for (value, weight) in values.iter().zip(weights) {
        if let Some(bin) = edges.bin(*value) {
            out[bin] += weight;
        }
    }
}

/// The same of a long core.
pub fn long(sweep: &Sweep, edges: &[f64], weighted: bool, mut out: Out) -> Outcome<()> {
    let bins = edges.len().saturating_sub(1);
    let edges = Edges::new(edges);
    if !weighted {
        let counts = sweep.counted(bins, |table, values| count(&edges, elements::<f64>(values[0].bytes()), table))?;
        return out.put(sweep, 0, bytemuck::cast_slice(&counts));
    }
    let sums: Vec<Mutex<Vec<f64>>> = (0..GROUPS).map(|_| Mutex::default()).collect();
    let per = sweep.blocks().div_ceil(GROUPS);
    tasks::run(sweep.run.runtime, sweep.stage.parallel, GROUPS, &|group| {
        let mut sum = vec![0.0; bins];
        for number in group * per..((group + 1) * per).min(sweep.blocks()) {
            sweep.block(number, &mut |_, values| {
                add(&edges, elements::<f64>(values[0].bytes()), elements::<f64>(values[1].bytes()), &mut sum);
                Ok(())
            })?;
        }
        *sums[group as usize].lock().unwrap_or_else(PoisonError::into_inner) = sum;
        Ok(())
    })?;
    let mut total = vec![0.0; bins];
    for sum in &sums {
        let sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
        total.iter_mut().zip(sum.iter()).for_each(|(total, sum)| *total += sum);
    }
    out.put(sweep, 0, bytemuck::cast_slice(&total))
}
