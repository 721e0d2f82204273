//! Quantiles: which elements of the order they lie between, and their values. Of a core that fits in memory by selection; of a long one the
//! elements are found digit by digit (see `sweep`).

use super::Core;
use super::key::{Bits, Key, by_dtype, elements};
use crate::base::{Code, Diagnostic, Outcome};
use crate::builtins::build::Between;

/// Where a quantile lies among `count` elements in order: between two of them, and how far from the first to the second. `count` is not 0.
/// K0507 for one outside 0 to 1.
pub fn place(quantile: f64, count: u64, between: Between) -> Outcome<(u64, u64, f64)> {
    if !(0.0..=1.0).contains(&quantile) {
        let error = Diagnostic::new(Code::Value, format!("a quantile of {quantile}"));
        return Err(error.help("quantiles are from 0 to 1, percentiles from 0 to 100"));
    }
    let last = count - 1;
    let at = last as f64 * quantile;
    let low = (at.floor() as u64).min(last);
    let high = (low + 1).min(last);
    let part = at - at.floor();
    Ok(match between {
        Between::Linear => (low, high, part),
        Between::Lower => (low, low, 0.0),
        Between::Higher => {
            let at = (at.ceil() as u64).min(last);
            (at, at, 0.0)
        }
        Between::Nearest => {
            let at = (at.round_ties_even() as u64).min(last);
            (at, at, 0.0)
        }
        Between::Midpoint | Between::Mean => (low, if part == 0.0 { low } else { high }, 0.5),
    })
}

/// The value between two elements.
fn value<T: Key>(low: T, high: T, part: f64, between: Between) -> f64 {
    let (a, b) = (low.to_f64(), high.to_f64());
    match between {
        // An infinity beside an element that is hit exactly does not count.
        _ if a == b || part == 0.0 => a,
        Between::Mean => (a + b) / 2.0,
        // As NumPy: from the nearer end.
        _ if part >= 0.5 => b - (b - a) * (1.0 - part),
        _ => a + (b - a) * part,
    }
}

/// Writes the quantiles, given the elements at any places of the order, to results of the element's own dtype or of f64. There are `count`
/// elements; of none it is what is missing.
pub fn write<T: Key>(
    quantiles: &[f64],
    between: Between,
    count: u64,
    own: bool,
    at: impl Fn(u64) -> T::Bits,
    out: &mut [u8],
) -> Outcome<()> {
    for (number, quantile) in quantiles.iter().enumerate() {
        let pair = if count == 0 { None } else { Some(place(*quantile, count, between)?) };
        let pair = pair.map(|(low, high, part)| (T::value(at(low)), T::value(at(high)), part));
        if own {
            let value = match pair {
                // An element as it is: not all integers are floats.
                Some((low, high, _)) if bytemuck::bytes_of(&low) == bytemuck::bytes_of(&high) => low,
                Some((low, high, part)) => T::from_f64(value(low, high, part, between)),
                None => T::from_f64(f64::NAN),
            };
            bytemuck::cast_slice_mut::<u8, T>(out)[number] = value;
        } else {
            let value = pair.map_or(f64::NAN, |(low, high, part)| value(low, high, part, between));
            bytemuck::cast_slice_mut::<u8, f64>(out)[number] = value;
        }
    }
    Ok(())
}

/// The places of the order that quantiles need, each once, ascending.
pub fn places(quantiles: &[f64], between: Between, count: u64) -> Outcome<Vec<u64>> {
    let mut places = Vec::with_capacity(2 * quantiles.len());
    for quantile in quantiles {
        let (low, high, _) = place(*quantile, count, between)?;
        places.extend([low, high]);
    }
    places.sort_unstable();
    places.dedup();
    Ok(places)
}

/// (n, …), (k) → (k).
pub fn quantile(core: Core, between: Between, skip_missing: bool) -> Outcome<()> {
    fn select<T: Key>(core: Core, between: Between, skip_missing: bool) -> Outcome<()> {
        let quantiles = elements::<f64>(core.operands[1]);
        let own = core.batched.results[0].dtype == core.batched.operands[0].dtype;
        let mut keys: Vec<T::Bits> = elements::<T>(core.operands[0]).iter().map(|value| value.key()).collect();
        let missing = if T::MISSING { keys.iter().filter(|key| **key == T::Bits::MAX).count() } else { 0 };
        let count = if missing > 0 && !skip_missing { 0 } else { (keys.len() - missing) as u64 };
        if count > 0 {
            let mut rest = &mut keys[..];
            let mut from = 0;
            for place in places(quantiles, between, count)? {
                let (_, _, above) = rest.select_nth_unstable((place - from) as usize);
                (rest, from) = (above, place + 1);
            }
        }
        for out in core.results {
            write::<T>(quantiles, between, count, own, |at| keys[at as usize], out)?;
        }
        Ok(())
    }
    by_dtype!(core.batched.operands[0].dtype, select(core, between, skip_missing))
}
