//! Fourier transforms of lines, by rustfft and realfft. The way a length is transformed depends on the length and the processor alone.

use super::{Core, Workers};
use crate::array::DType;
use crate::base::{Code, Diagnostic, Outcome};
use crate::plan::ir::Batched;
use crate::types::fourier::{Fourier, Kind, Scale};
use bytemuck::{Pod, cast_slice, cast_slice_mut};
use num_complex::Complex;
use realfft::RealFftPlanner;
use rustfft::{FftDirection, FftNum, FftPlanner};
use std::ops::MulAssign;

/// The precisions that transforms are computed in.
trait Real: FftNum + Pod + MulAssign {}
impl Real for f32 {}
impl Real for f64 {}

pub fn workers(fourier: Fourier, batched: &Batched) -> Outcome<Workers<'_>> {
    let size = fourier.size.known().unwrap_or(0) as usize;
    if size == 0 {
        return Err(Diagnostic::new(Code::Internal, "a transform of nothing"));
    }
    Ok(match batched.operands.first().map(|leaf| leaf.dtype.real()) {
        Some(DType::F32) => planned::<f32>(fourier, size),
        _ => planned::<f64>(fourier, size),
    })
}

fn planned<'a, T: Real>(fourier: Fourier, size: usize) -> Workers<'a> {
    let zero = Complex::<T>::new(T::zero(), T::zero());
    let by = match fourier.scale {
        Scale::One => None,
        Scale::Root => T::from_f64(1.0 / (size as f64).sqrt()),
        Scale::Whole => T::from_f64(1.0 / size as f64),
    };
    match fourier.kind {
        Kind::Forward | Kind::Inverse => {
            let direction = if fourier.kind == Kind::Forward { FftDirection::Forward } else { FftDirection::Inverse };
            let plan = FftPlanner::new().plan_fft(size, direction);
            Box::new(move || {
                let plan = plan.clone();
                let mut scratch = vec![zero; plan.get_inplace_scratch_len()];
                Box::new(move |mut core: Core| {
                    let to = cast_slice_mut::<u8, Complex<T>>(core.results[0]);
                    fill(cast_slice(core.operands[0]), to, zero);
                    plan.process_with_scratch(to, &mut scratch);
                    scaled(to, by);
                    Ok(())
                })
            })
        }
        Kind::FromReal => {
            let plan = RealFftPlanner::<T>::new().plan_fft_forward(size);
            Box::new(move || {
                let plan = plan.clone();
                let (mut line, mut scratch) = (plan.make_input_vec(), plan.make_scratch_vec());
                Box::new(move |mut core: Core| {
                    let to = cast_slice_mut::<u8, Complex<T>>(core.results[0]);
                    fill(cast_slice(core.operands[0]), &mut line, T::zero());
                    plan.process_with_scratch(&mut line, to, &mut scratch).map_err(wrong)?;
                    scaled(to, by);
                    Ok(())
                })
            })
        }
        Kind::ToReal => {
            let plan = RealFftPlanner::<T>::new().plan_fft_inverse(size);
            Box::new(move || {
                let plan = plan.clone();
                let (mut line, mut scratch) = (plan.make_input_vec(), plan.make_scratch_vec());
                Box::new(move |mut core: Core| {
                    let to = cast_slice_mut::<u8, T>(core.results[0]);
                    fill(cast_slice(core.operands[0]), &mut line, zero);
                    // The frequencies that mirror themselves are real.
                    line[0].im = T::zero();
                    if size.is_multiple_of(2) {
                        line[size / 2].im = T::zero();
                    }
                    plan.process_with_scratch(&mut line, to, &mut scratch).map_err(wrong)?;
                    if let Some(by) = by {
                        to.iter_mut().for_each(|value| *value *= by);
                    }
                    Ok(())
                })
            })
        }
    }
}

/// Copies what there is and fills up the rest.
fn fill<T: Copy>(from: &[T], to: &mut [T], with: T) {
    let kept = from.len().min(to.len());
    to[..kept].copy_from_slice(&from[..kept]);
    to[kept..].fill(with);
}

fn scaled<T: Real>(values: &mut [Complex<T>], by: Option<T>) {
    if let Some(by) = by {
        values.iter_mut().for_each(|value| *value = Complex::new(value.re * by, value.im * by));
    }
}

fn wrong(error: realfft::FftError) -> Box<Diagnostic> {
    Diagnostic::new(Code::Internal, format!("a Fourier transform: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::Size;

    #[test]
    fn workspaces_are_upper_bounds() {
        let mut found = Vec::new();
        for size in (1..300).chain([1009, 4096, 65536, 65537, 99991, 100_000, 3 * 5 * 7 * 11 * 13, 131_071]) {
            for kind in [Kind::Forward, Kind::FromReal] {
                let counted = Fourier { kind, size: Size::Known(size as u64), scale: Scale::One }.workspace(DType::F64);
                let complex = FftPlanner::<f64>::new().plan_fft_forward(size).get_inplace_scratch_len();
                let real = RealFftPlanner::<f64>::new().plan_fft_forward(size).get_scratch_len() + size / 2 + 1;
                // Tables are about as long as the scratch memory.
                let taken = 16 * 2 * (size + if kind == Kind::Forward { complex } else { real });
                if taken as u64 > counted {
                    found.push(format!("{size} {kind:?}: {taken} taken, {counted} counted"));
                }
            }
        }
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}
