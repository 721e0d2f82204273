//! Quantiles of the rarer distributions: von Mises by its Fourier series, Zipf by the Hurwitz zeta function, the hypergeometric by sums of
//! its probabilities. Beside `quantile`, which names them; owns no random numbers.

use super::quantile::{binomial_density, guess, normal, walk};
use std::f64::consts::{PI, TAU};

/// From this concentration on the angle is as good as normal.
const CONCENTRATED: f64 = 1e6;

/// The distribution function of the von Mises distribution at `x` in -pi to pi, and its derivative: sums of `I_j(k) / I_0(k)` times sines
/// and cosines, whose quotients come from the recurrence of Bessel functions, backwards.
fn von_mises_shares(x: f64, k: f64) -> (f64, f64) {
    let terms = (20.0 + 10.0 * k.sqrt()) as u64;
    let (mut quotient, mut sines, mut cosines) = (0.0, 0.0, 0.0);
    for j in (1..=terms).rev() {
        let n = j as f64;
        let (sine, cosine) = (n * x).sin_cos();
        quotient = 1.0 / (2.0 * n / k + quotient);
        sines = quotient * (sine / n + sines);
        cosines = quotient * (cosine + cosines);
    }
    (0.5 + x / TAU + sines / PI, (1.0 + 2.0 * cosines) / TAU)
}

/// The angle with the share `u` below it: Newton's steps inside a bracket.
pub fn von_mises(u: f64, k: f64) -> f64 {
    if k.is_nan() || k < 0.0 {
        return f64::NAN;
    }
    if k > CONCENTRATED {
        return (normal(u) / k.sqrt()).clamp(-PI, PI);
    }
    if k < 1e-8 || u == 0.0 || u == 1.0 {
        return TAU * (u - 0.5);
    }
    let (mut low, mut high) = (-PI, PI);
    let mut x = if k > 1.0 { (normal(u) / k.sqrt()).clamp(-3.0, 3.0) } else { TAU * (u - 0.5) };
    for _ in 0..100 {
        let (below, density) = von_mises_shares(x, k);
        let over = below - u;
        if over > 0.0 {
            high = x
        } else {
            low = x
        }
        let next = x - over / density;
        let next = if next > low && next < high { next } else { 0.5 * (low + high) };
        if (next - x).abs() <= 1e-15 * PI {
            return next;
        }
        x = next;
    }
    x
}

/// The sum of `i ** -a` for whole `i` from `q` on: some terms, the rest by Euler and Maclaurin.
fn zeta_from(a: f64, q: f64) -> f64 {
    const FAR: f64 = 12.0;
    let mut sum = 0.0;
    let mut i = q;
    while i < FAR {
        sum += i.powf(-a);
        i += 1.0;
    }
    let (power, square) = (i.powf(-a), i * i);
    let corrections = a / 12.0 - a * (a + 1.0) * (a + 2.0) / (720.0 * square)
        + a * (a + 1.0) * (a + 2.0) * (a + 3.0) * (a + 4.0) / (30240.0 * square * square);
    sum + power * (i / (a - 1.0) + 0.5 + corrections / i)
}

/// From here on neighbouring whole numbers are no longer told apart by the sums.
const FINE: f64 = 1e14;

/// The first whole number, from 1, whose distribution function is above `u`.
pub fn zipf(u: f64, a: f64) -> f64 {
    if a.is_nan() || a <= 1.0 {
        return f64::NAN;
    }
    // What may be left above.
    let rest = (1.0 - u) * zeta_from(a, 1.0);
    let mut k = (((rest * (a - 1.0)).ln() / (1.0 - a)).exp() - 0.5).floor().max(1.0);
    if k >= FINE {
        return k.min(i64::MAX as f64);
    }
    for _ in 0..100 {
        if zeta_from(a, k + 1.0) >= rest {
            k += 1.0;
        } else if k > 1.0 && zeta_from(a, k) < rest {
            k -= 1.0;
        } else {
            break;
        }
    }
    k
}

/// How many of `sample` drawn ones are marked, of `good` marked and `bad` other ones.
pub fn hypergeometric(u: f64, good: f64, bad: f64, sample: f64) -> f64 {
    let all = good + bad;
    let whole = |v: f64| v >= 0.0 && v.floor() == v;
    if !(whole(good) && whole(bad) && whole(sample)) || sample > all {
        return f64::NAN;
    }
    let (least, most) = ((sample - bad).max(0.0), sample.min(good));
    if least == most {
        return least;
    }
    let share = sample / all;
    let among = binomial_density(sample, all, share);
    let density = |k: f64| binomial_density(k, good, share) * binomial_density(sample - k, bad, share) / among;
    let mean = sample * good / all;
    // The smaller side is summed, from where it is largest.
    let below = |k: f64| {
        if k >= most {
            1.0
        } else if k < mean {
            tail(density(k), k, least, -1.0, |k| k * (bad - sample + k) / ((good - k + 1.0) * (sample - k + 1.0)))
        } else {
            let next = k + 1.0;
            1.0 - tail(density(next), next, most, 1.0, |k| (good - k) * (sample - k) / ((k + 1.0) * (bad - sample + k + 1.0)))
        }
    };
    let deviation = (mean * (bad / all) * (all - sample) / (all - 1.0).max(1.0)).sqrt();
    least + walk(u, guess(u, mean, deviation, 0.0) - least, most - least, |k| below(k + least), |k| density(k + least))
}

/// The sum of probabilities from `k` to `end`, each a multiple of the one before.
fn tail(first: f64, k: f64, end: f64, step: f64, ratio: impl Fn(f64) -> f64) -> f64 {
    let (mut sum, mut term, mut k) = (first, first, k);
    while k != end {
        term *= ratio(k);
        k += step;
        let next = sum + term;
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::super::Quantile;

    /// Values of SciPy's `vonmises.ppf`, `zipf.ppf`, `hypergeom.ppf`, `gammainc`, `gammaincc` and `betainc`.
    #[test]
    fn values_are_scipys() {
        #[rustfmt::skip]
        let table: &[(Quantile, f64, [f64; 3], f64)] = &[
            (Quantile::VonMises, 0.001, [0.1, 0.0, 0.0], -3.1346312947007355),
            (Quantile::VonMises, 0.2, [0.1, 0.0, 0.0], -1.7879623076104274),
            (Quantile::VonMises, 0.5, [0.1, 0.0, 0.0], 0.0),
            (Quantile::VonMises, 0.9, [0.1, 0.0, 0.0], 2.4508566795935707),
            (Quantile::VonMises, 0.999, [0.1, 0.0, 0.0], 3.134631294700736),
            (Quantile::VonMises, 0.001, [1.0, 0.0, 0.0], -3.119970606224221),
            (Quantile::VonMises, 0.2, [1.0, 0.0, 0.0], -1.0264531703168787),
            (Quantile::VonMises, 0.5, [1.0, 0.0, 0.0], 0.0),
            (Quantile::VonMises, 0.9, [1.0, 0.0, 0.0], 1.651561718331909),
            (Quantile::VonMises, 0.999, [1.0, 0.0, 0.0], 3.119970606224222),
            (Quantile::VonMises, 0.001, [4.0, 0.0, 0.0], -1.9552430210742064),
            (Quantile::VonMises, 0.2, [4.0, 0.0, 0.0], -0.4407763889395464),
            (Quantile::VonMises, 0.5, [4.0, 0.0, 0.0], 0.0),
            (Quantile::VonMises, 0.9, [4.0, 0.0, 0.0], 0.6799422541596212),
            (Quantile::VonMises, 0.999, [4.0, 0.0, 0.0], 1.9552430210742078),
            (Quantile::VonMises, 0.001, [30.0, 0.0, 0.0], -0.574568131082038),
            (Quantile::VonMises, 0.2, [30.0, 0.0, 0.0], -0.15446651283690183),
            (Quantile::VonMises, 0.5, [30.0, 0.0, 0.0], 0.0),
            (Quantile::VonMises, 0.9, [30.0, 0.0, 0.0], 0.23552316140973842),
            (Quantile::VonMises, 0.999, [30.0, 0.0, 0.0], 0.5745681310820305),
            (Quantile::Zipf, 0.001, [1.1, 0.0, 0.0], 1.0),
            (Quantile::Zipf, 0.3, [1.1, 0.0, 0.0], 20.0),
            (Quantile::Zipf, 0.8, [1.1, 0.0, 0.0], 5533727.0),
            (Quantile::Zipf, 0.001, [1.5, 0.0, 0.0], 1.0),
            (Quantile::Zipf, 0.3, [1.5, 0.0, 0.0], 1.0),
            (Quantile::Zipf, 0.8, [1.5, 0.0, 0.0], 15.0),
            (Quantile::Zipf, 0.99, [1.5, 0.0, 0.0], 5861.0),
            (Quantile::Zipf, 0.001, [2.0, 0.0, 0.0], 1.0),
            (Quantile::Zipf, 0.3, [2.0, 0.0, 0.0], 1.0),
            (Quantile::Zipf, 0.8, [2.0, 0.0, 0.0], 3.0),
            (Quantile::Zipf, 0.99, [2.0, 0.0, 0.0], 61.0),
            (Quantile::Zipf, 0.001, [4.0, 0.0, 0.0], 1.0),
            (Quantile::Zipf, 0.3, [4.0, 0.0, 0.0], 1.0),
            (Quantile::Zipf, 0.8, [4.0, 0.0, 0.0], 1.0),
            (Quantile::Zipf, 0.99, [4.0, 0.0, 0.0], 3.0),
            (Quantile::Zipf, 0.001, [20.0, 0.0, 0.0], 1.0),
            (Quantile::Zipf, 0.3, [20.0, 0.0, 0.0], 1.0),
            (Quantile::Zipf, 0.8, [20.0, 0.0, 0.0], 1.0),
            (Quantile::Zipf, 0.99, [20.0, 0.0, 0.0], 1.0),
            (Quantile::Hypergeometric, 1e-06, [5.0, 5.0, 5.0], 0.0),
            (Quantile::Hypergeometric, 0.1, [5.0, 5.0, 5.0], 1.0),
            (Quantile::Hypergeometric, 0.5, [5.0, 5.0, 5.0], 2.0),
            (Quantile::Hypergeometric, 0.77, [5.0, 5.0, 5.0], 3.0),
            (Quantile::Hypergeometric, 0.9999, [5.0, 5.0, 5.0], 5.0),
            (Quantile::Hypergeometric, 1e-06, [10.0, 90.0, 20.0], 0.0),
            (Quantile::Hypergeometric, 0.1, [10.0, 90.0, 20.0], 1.0),
            (Quantile::Hypergeometric, 0.5, [10.0, 90.0, 20.0], 2.0),
            (Quantile::Hypergeometric, 0.77, [10.0, 90.0, 20.0], 3.0),
            (Quantile::Hypergeometric, 0.9999, [10.0, 90.0, 20.0], 7.0),
            (Quantile::Hypergeometric, 1e-06, [1000.0, 50.0, 300.0], 270.0),
            (Quantile::Hypergeometric, 0.1, [1000.0, 50.0, 300.0], 282.0),
            (Quantile::Hypergeometric, 0.5, [1000.0, 50.0, 300.0], 286.0),
            (Quantile::Hypergeometric, 0.77, [1000.0, 50.0, 300.0], 288.0),
            (Quantile::Hypergeometric, 0.9999, [1000.0, 50.0, 300.0], 296.0),
            (Quantile::Hypergeometric, 1e-06, [3.0, 1.0, 4.0], 3.0),
            (Quantile::Hypergeometric, 0.1, [3.0, 1.0, 4.0], 3.0),
            (Quantile::Hypergeometric, 0.5, [3.0, 1.0, 4.0], 3.0),
            (Quantile::Hypergeometric, 0.77, [3.0, 1.0, 4.0], 3.0),
            (Quantile::Hypergeometric, 0.9999, [3.0, 1.0, 4.0], 3.0),
            (Quantile::Hypergeometric, 1e-06, [40000.0, 60000.0, 5000.0], 1840.0),
            (Quantile::Hypergeometric, 0.1, [40000.0, 60000.0, 5000.0], 1957.0),
            (Quantile::Hypergeometric, 0.5, [40000.0, 60000.0, 5000.0], 2000.0),
            (Quantile::Hypergeometric, 0.77, [40000.0, 60000.0, 5000.0], 2025.0),
            (Quantile::Hypergeometric, 0.9999, [40000.0, 60000.0, 5000.0], 2126.0),
            (Quantile::GammaBelow, 0.01, [0.1, 0.0, 0.0], 0.6626212599544796),
            (Quantile::GammaAbove, 0.01, [0.1, 0.0, 0.0], 0.3373787400455204),
            (Quantile::GammaBelow, 0.9, [0.1, 0.0, 0.0], 0.9716069046009708),
            (Quantile::GammaAbove, 0.9, [0.1, 0.0, 0.0], 0.02839309539902908),
            (Quantile::GammaBelow, 3.0, [0.1, 0.0, 0.0], 0.9984347282528856),
            (Quantile::GammaAbove, 3.0, [0.1, 0.0, 0.0], 0.0015652717471143507),
            (Quantile::GammaBelow, 110.0, [0.1, 0.0, 0.0], 1.0),
            (Quantile::GammaAbove, 110.0, [0.1, 0.0, 0.0], 2.5615643301426093e-51),
            (Quantile::GammaBelow, 5100.0, [0.1, 0.0, 0.0], 1.0),
            (Quantile::GammaAbove, 5100.0, [0.1, 0.0, 0.0], 0.0),
            (Quantile::GammaBelow, 0.01, [1.0, 0.0, 0.0], 0.009950166250831952),
            (Quantile::GammaAbove, 0.01, [1.0, 0.0, 0.0], 0.990049833749168),
            (Quantile::GammaBelow, 0.9, [1.0, 0.0, 0.0], 0.5934303402594008),
            (Quantile::GammaAbove, 0.9, [1.0, 0.0, 0.0], 0.4065696597405992),
            (Quantile::GammaBelow, 3.0, [1.0, 0.0, 0.0], 0.950212931632136),
            (Quantile::GammaAbove, 3.0, [1.0, 0.0, 0.0], 0.04978706836786395),
            (Quantile::GammaBelow, 110.0, [1.0, 0.0, 0.0], 1.0),
            (Quantile::GammaAbove, 110.0, [1.0, 0.0, 0.0], 1.6889118802245312e-48),
            (Quantile::GammaBelow, 5100.0, [1.0, 0.0, 0.0], 1.0),
            (Quantile::GammaAbove, 5100.0, [1.0, 0.0, 0.0], 0.0),
            (Quantile::GammaBelow, 0.01, [3.5, 0.0, 0.0], 8.530580469428529e-09),
            (Quantile::GammaAbove, 0.01, [3.5, 0.0, 0.0], 0.9999999914694195),
            (Quantile::GammaBelow, 0.9, [3.5, 0.0, 0.0], 0.029923552440175936),
            (Quantile::GammaAbove, 0.9, [3.5, 0.0, 0.0], 0.970076447559824),
            (Quantile::GammaBelow, 3.0, [3.5, 0.0, 0.0], 0.4602506496044429),
            (Quantile::GammaAbove, 3.0, [3.5, 0.0, 0.0], 0.539749350395557),
            (Quantile::GammaBelow, 110.0, [3.5, 0.0, 0.0], 1.0),
            (Quantile::GammaAbove, 110.0, [3.5, 0.0, 0.0], 6.597881515056997e-44),
            (Quantile::GammaBelow, 5100.0, [3.5, 0.0, 0.0], 1.0),
            (Quantile::GammaAbove, 5100.0, [3.5, 0.0, 0.0], 0.0),
            (Quantile::GammaBelow, 0.01, [100.0, 0.0, 0.0], 0.0),
            (Quantile::GammaAbove, 0.01, [100.0, 0.0, 0.0], 1.0),
            (Quantile::GammaBelow, 0.9, [100.0, 0.0, 0.0], 1.1675331158935952e-163),
            (Quantile::GammaAbove, 0.9, [100.0, 0.0, 0.0], 1.0),
            (Quantile::GammaBelow, 3.0, [100.0, 0.0, 0.0], 2.833542196466119e-112),
            (Quantile::GammaAbove, 3.0, [100.0, 0.0, 0.0], 1.0),
            (Quantile::GammaBelow, 110.0, [100.0, 0.0, 0.0], 0.8417213299399129),
            (Quantile::GammaAbove, 110.0, [100.0, 0.0, 0.0], 0.15827867006008706),
            (Quantile::GammaBelow, 5100.0, [100.0, 0.0, 0.0], 1.0),
            (Quantile::GammaAbove, 5100.0, [100.0, 0.0, 0.0], 0.0),
            (Quantile::GammaBelow, 0.01, [5000.0, 0.0, 0.0], 0.0),
            (Quantile::GammaAbove, 0.01, [5000.0, 0.0, 0.0], 1.0),
            (Quantile::GammaBelow, 0.9, [5000.0, 0.0, 0.0], 0.0),
            (Quantile::GammaAbove, 0.9, [5000.0, 0.0, 0.0], 1.0),
            (Quantile::GammaBelow, 3.0, [5000.0, 0.0, 0.0], 0.0),
            (Quantile::GammaAbove, 3.0, [5000.0, 0.0, 0.0], 1.0),
            (Quantile::GammaBelow, 110.0, [5000.0, 0.0, 0.0], 0.0),
            (Quantile::GammaAbove, 110.0, [5000.0, 0.0, 0.0], 1.0),
            (Quantile::GammaBelow, 5100.0, [5000.0, 0.0, 0.0], 0.9206711189223811),
            (Quantile::GammaAbove, 5100.0, [5000.0, 0.0, 0.0], 0.07932888107761896),
            (Quantile::BetaBelow, 0.0, [0.5, 0.5, 0.0], 0.0),
            (Quantile::BetaBelow, 0.01, [0.5, 0.5, 0.0], 0.06376856085851985),
            (Quantile::BetaBelow, 0.4, [0.5, 0.5, 0.0], 0.43590578315102513),
            (Quantile::BetaBelow, 0.6, [0.5, 0.5, 0.0], 0.564094216848975),
            (Quantile::BetaBelow, 0.99, [0.5, 0.5, 0.0], 0.9362314391414803),
            (Quantile::BetaBelow, 1.0, [0.5, 0.5, 0.0], 1.0),
            (Quantile::BetaBelow, 0.0, [2.0, 3.0, 0.0], 0.0),
            (Quantile::BetaBelow, 0.01, [2.0, 3.0, 0.0], 0.0005920299999999999),
            (Quantile::BetaBelow, 0.4, [2.0, 3.0, 0.0], 0.5247999999999999),
            (Quantile::BetaBelow, 0.6, [2.0, 3.0, 0.0], 0.8208),
            (Quantile::BetaBelow, 0.99, [2.0, 3.0, 0.0], 0.99999603),
            (Quantile::BetaBelow, 1.0, [2.0, 3.0, 0.0], 1.0),
            (Quantile::BetaBelow, 0.0, [0.5, 50.0, 0.0], 0.0),
            (Quantile::BetaBelow, 0.01, [0.5, 50.0, 0.0], 0.6826956021258024),
            (Quantile::BetaBelow, 0.4, [0.5, 50.0, 0.0], 0.9999999999989976),
            (Quantile::BetaBelow, 0.6, [0.5, 50.0, 0.0], 1.0),
            (Quantile::BetaBelow, 0.99, [0.5, 50.0, 0.0], 1.0),
            (Quantile::BetaBelow, 1.0, [0.5, 50.0, 0.0], 1.0),
            (Quantile::BetaBelow, 0.0, [300.0, 200.0, 0.0], 0.0),
            (Quantile::BetaBelow, 0.01, [300.0, 200.0, 0.0], 0.0),
            (Quantile::BetaBelow, 0.4, [300.0, 200.0, 0.0], 1.0619191726409842e-19),
            (Quantile::BetaBelow, 0.6, [300.0, 200.0, 0.0], 0.49757138368006865),
            (Quantile::BetaBelow, 0.99, [300.0, 200.0, 0.0], 1.0),
            (Quantile::BetaBelow, 1.0, [300.0, 200.0, 0.0], 1.0),
        ];
        for (quantile, u, [a, b, c], want) in table {
            let got = quantile.at(*u, *a, *b, *c);
            let near = (got - want).abs() <= 1e-12 * want.abs().max(if *quantile == Quantile::VonMises { 1e3 } else { 0.0 });
            assert!(near || got == *want, "{quantile:?} {u} {a} {b} {c}: {got} instead of {want}");
        }
    }

    #[test]
    fn parameters_that_are_none_give_nan() {
        let none = [
            (Quantile::VonMises, 0.5, -1.0, 0.0, 0.0),
            (Quantile::Zipf, 0.5, 1.0, 0.0, 0.0),
            (Quantile::Hypergeometric, 0.5, 3.0, 4.0, 8.0),
            (Quantile::Hypergeometric, 0.5, 3.5, 4.0, 2.0),
            (Quantile::GammaBelow, -1.0, 2.0, 0.0, 0.0),
            (Quantile::BetaBelow, 0.5, 0.0, 1.0, 0.0),
        ];
        for (quantile, u, a, b, c) in none {
            assert!(quantile.at(u, a, b, c).is_nan(), "{quantile:?} {u} {a} {b} {c}");
        }
    }
}
