//! Tests of the values: exact reference points, special arguments, f32 against f64, agreement of levels.
//! The ignored test prints the table of `docs/accuracy.md`.

use super::{Level, Math, Table};

/// Largest error in units in the last place that each function may have, f64.
fn bound(m: Math) -> f64 {
    match m {
        Math::Fmod | Math::Nextafter => 0.0,
        Math::Log | Math::Log1p | Math::Log2 | Math::Log10 | Math::Cbrt | Math::Pow | Math::Atanh | Math::Exp => 1.0,
        Math::Exp2 | Math::Expm1 | Math::Sinh | Math::Cosh | Math::Tan | Math::Hypot | Math::Asinh | Math::Acos | Math::Tanh => 1.25,
        Math::Sin | Math::Cos | Math::Asin | Math::Atan | Math::Atan2 | Math::Acosh | Math::Erf => 2.1,
        Math::Erfc | Math::Erfinv | Math::Gamma | Math::Lgamma | Math::Digamma => 4.0,
    }
}

/// The size of the last place of a value.
fn last_place(v: f64) -> f64 {
    let v = v.abs().max(f64::MIN_POSITIVE);
    f64::from_bits(v.to_bits() & 0x7ff0_0000_0000_0000) * f64::EPSILON
}

fn last_place_f32(v: f64) -> f64 {
    let v = v.abs().max(f32::MIN_POSITIVE as f64);
    f64::from_bits(v.to_bits() & 0x7ff0_0000_0000_0000) * f32::EPSILON as f64
}

struct Point {
    math: Math,
    x: f64,
    y: f64,
    near: f64,
    /// Exact value less `near`, in last places.
    rest: f64,
}

fn points(text: &str) -> Vec<Point> {
    let number = |word: Option<&str>| word.and_then(|w| w.parse().ok()).expect("a number");
    let line = |line: &str| {
        let mut words = line.split(' ');
        let name = words.next().expect("a name");
        let math = *Math::ALL.iter().find(|m| m.name() == name).expect("a function");
        Point { math, x: number(words.next()), y: number(words.next()), near: number(words.next()), rest: number(words.next()) }
    };
    text.lines().map(line).collect()
}

/// Error of `got` in last places.
fn error(p: &Point, got: f64) -> f64 {
    if got.is_finite() { ((got - p.near) / last_place(p.near) - p.rest).abs() } else { f64::INFINITY }
}

fn levels() -> impl Iterator<Item = Table> {
    Level::ALL.into_iter().filter_map(Table::at)
}

/// Some numbers with no pattern to them: a third of them within ±4, a third within ±100, a third of any size.
fn arguments(count: usize, decades: f64) -> Vec<f64> {
    let mut random = fastrand::Rng::with_seed(5);
    let any = |random: &mut fastrand::Rng| 10f64.powf((2.0 * random.f64() - 1.0) * decades) * if random.bool() { 1.0 } else { -1.0 };
    (0..count)
        .map(|i| match i % 3 {
            0 => 8.0 * random.f64() - 4.0,
            1 => 200.0 * random.f64() - 100.0,
            _ => any(&mut random),
        })
        .collect()
}

#[test]
fn values_are_within_their_bounds_of_exact_ones() {
    for p in points(include_str!("golden.txt")) {
        for table in levels() {
            let got = table.scalar_f64(p.math, p.x, p.y);
            assert!(error(&p, got) <= bound(p.math), "{:?} {:?}({:e}, {:e}) = {got:e}, not {:e}", table.level(), p.math, p.x, p.y, p.near);
        }
    }
}

/// f32 values are the f64 ones, rounded, but for a few in the middle between two.
#[test]
fn f32_values_are_rounded_f64_values() {
    let x: Vec<f32> = arguments(3000, 38.0).iter().map(|&v| v as f32).collect();
    let y: Vec<f32> = x.iter().rev().map(|v| v * 0.5).collect();
    for table in levels() {
        for &m in Math::ALL.iter().filter(|&&m| m != Math::Nextafter) {
            for (&x, &y) in x.iter().zip(&y) {
                let (got, want) = (table.scalar_f32(m, x, y) as f64, table.scalar_f64(m, x as f64, y as f64));
                let close = (got - want).abs() <= 0.51 * last_place_f32(want);
                assert!(
                    close || got == want as f32 as f64 || (got.is_nan() && want.is_nan()),
                    "{:?} {m:?}({x:e}, {y:e}) = {got:e}, not {want:e}",
                    table.level()
                );
            }
        }
    }
}

/// AVX2 and AVX-512 give the same bits, which is what makes results portable between machines of the last ten years.
#[test]
fn levels_with_fma_agree() {
    if let (Some(a), Some(b)) = (Table::at(Level::Avx2), Table::at(Level::Avx512)) {
        let x = arguments(3000, 300.0);
        let y: Vec<f64> = x.iter().rev().copied().collect();
        for &m in Math::ALL {
            let (mut u, mut v) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            a.map2_f64(m, &x, &y, &mut u);
            b.map2_f64(m, &x, &y, &mut v);
            for i in 0..x.len() {
                assert!(u[i].to_bits() == v[i].to_bits() || (u[i].is_nan() && v[i].is_nan()), "{m:?}({:e}, {:e})", x[i], y[i]);
            }
        }
    }
}

const SPECIAL: [f64; 46] = [
    0.0,
    -0.0,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    5e-324,
    -5e-324,
    f64::MIN_POSITIVE,
    -f64::MIN_POSITIVE,
    f64::MAX,
    f64::MIN,
    1.0,
    -1.0,
    0.5,
    -0.5,
    2.0,
    -2.0,
    3.0,
    -3.0,
    1e-310,
    -1e-310,
    1e-8,
    -1e-8,
    1e300,
    -1e300,
    709.7,
    -745.1,
    -746.0,
    710.5,
    -710.5,
    1e22,
    -1e22,
    171.6,
    171.7,
    -170.5,
    -183.5,
    -184.5,
    4503599627370497.0,
    9007199254740993.0,
    1.5,
    -1.5,
    -0.9999999999999999,
    0.9999999999999999,
    1.0000000000000002,
    26.5,
    28.0,
];

/// The `libm` crate's function, where it has one.
fn reference(m: Math) -> Option<fn(f64, f64) -> f64> {
    Some(match m {
        Math::Exp => |x, _| libm::exp(x),
        Math::Exp2 => |x, _| libm::exp2(x),
        Math::Expm1 => |x, _| libm::expm1(x),
        Math::Log => |x, _| libm::log(x),
        Math::Log1p => |x, _| libm::log1p(x),
        Math::Log2 => |x, _| libm::log2(x),
        Math::Log10 => |x, _| libm::log10(x),
        Math::Sin => |x, _| libm::sin(x),
        Math::Cos => |x, _| libm::cos(x),
        Math::Tan => |x, _| libm::tan(x),
        Math::Asin => |x, _| libm::asin(x),
        Math::Acos => |x, _| libm::acos(x),
        Math::Atan => |x, _| libm::atan(x),
        Math::Sinh => |x, _| libm::sinh(x),
        Math::Cosh => |x, _| libm::cosh(x),
        Math::Tanh => |x, _| libm::tanh(x),
        Math::Asinh => |x, _| libm::asinh(x),
        Math::Acosh => |x, _| libm::acosh(x),
        Math::Atanh => |x, _| libm::atanh(x),
        Math::Cbrt => |x, _| libm::cbrt(x),
        Math::Erf => |x, _| libm::erf(x),
        Math::Erfc => |x, _| libm::erfc(x),
        Math::Gamma => |x, _| libm::tgamma(x),
        Math::Lgamma => |x, _| libm::lgamma(x),
        Math::Pow => libm::pow,
        Math::Atan2 => libm::atan2,
        Math::Hypot => libm::hypot,
        Math::Fmod => libm::fmod,
        Math::Nextafter => libm::nextafter,
        Math::Erfinv | Math::Digamma => return None,
    })
}

/// NaN, infinities and signs of zero are the reference's, other values near to it.
#[test]
fn special_arguments_give_what_libm_gives() {
    let agree = |got: f64, want: f64| {
        got.to_bits() == want.to_bits()
            || (got.is_nan() && want.is_nan())
            || (want != 0.0 && got != 0.0 && (got - want).abs() <= 8.0 * last_place(want) && got.is_finite())
    };
    for table in levels() {
        for (&m, f) in Math::ALL.iter().filter_map(|m| Some((m, reference(*m)?))) {
            for x in SPECIAL {
                for &y in if m.arity() == 2 { &SPECIAL[..] } else { &[0.0] } {
                    let (got, want) = (table.scalar_f64(m, x, y), f(x, y));
                    assert!(agree(got, want), "{:?} {m:?}({x:e}, {y:e}) = {got:e}, not {want:e}", table.level());
                }
            }
        }
    }
}

#[test]
fn special_arguments_of_what_libm_lacks() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let cases = [
        (Math::Erfinv, [(0.0, 0.0), (-0.0, -0.0), (1.0, inf), (-1.0, -inf), (1.1, nan), (inf, nan), (nan, nan)]),
        (Math::Digamma, [(0.0, -inf), (-0.0, inf), (inf, inf), (-inf, nan), (-1.0, nan), (-2.0, nan), (nan, nan)]),
    ];
    for table in levels() {
        for (m, values) in cases {
            for (x, want) in values {
                let got = table.scalar_f64(m, x, 0.0);
                assert!(got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan()), "{m:?}({x}) = {got}");
            }
        }
    }
}

/// Increasing functions must not step back by more than their errors allow, nor the exact ones at all.
#[test]
fn increasing_functions_increase() {
    let cases = [
        (Math::Exp, -740.0, 709.0),
        (Math::Log, 1e-3, 9.0),
        (Math::Expm1, -1.0, 1.0),
        (Math::Log1p, -0.5, 1.0),
        (Math::Sinh, -3.0, 3.0),
        (Math::Tanh, -3.0, 3.0),
        (Math::Atan, -3.0, 3.0),
        (Math::Asin, -1.0, 1.0),
        (Math::Erf, -3.0, 3.0),
        (Math::Cbrt, -9.0, 9.0),
        (Math::Asinh, -9.0, 9.0),
    ];
    for (m, low, high) in cases {
        for table in levels() {
            let at = |i: usize| table.scalar_f64(m, low + (high - low) * i as f64 / 2000.0, 0.0);
            for i in 0..2000 {
                assert!(at(i) < at(i + 1), "{:?} {m:?} at step {i}", table.level());
            }
        }
    }
}

#[test]
fn exact_values_are_exact() {
    for table in levels() {
        for n in 1..=22 {
            let power = 10f64.powi(n);
            assert_eq!(table.scalar_f64(Math::Log10, power, 0.0), n as f64);
            assert_eq!(table.scalar_f64(Math::Pow, 10.0, n as f64), power);
            assert_eq!(table.scalar_f64(Math::Gamma, n as f64 + 1.0, 0.0), (1..=n).map(f64::from).product::<f64>());
            assert_eq!(table.scalar_f64(Math::Cbrt, f64::from(n * n * n), 0.0), f64::from(n));
        }
        for n in -1074..1024 {
            let power = libm::ldexp(1.0, n);
            assert_eq!(table.scalar_f64(Math::Exp2, n as f64, 0.0), power);
            assert_eq!(table.scalar_f64(Math::Log2, power, 0.0), n as f64);
            assert_eq!(table.scalar_f64(Math::Pow, 2.0, n as f64), power);
        }
    }
}

/// Largest error of an f32 routine against the f64 one, in last places.
fn error_f32(table: &Table, m: Math, x: &[f32], y: &[f32]) -> f64 {
    let wide = |values: &[f32]| values.iter().map(|v| f64::from(*v)).collect::<Vec<f64>>();
    let (mut got, mut want) = (vec![0.0f32; x.len()], vec![0.0f64; x.len()]);
    match m.arity() {
        1 => {
            table.map1_f32(m, x, &mut got);
            table.map1_f64(m, &wide(x), &mut want);
        }
        _ => {
            table.map2_f32(m, x, y, &mut got);
            table.map2_f64(m, &wide(x), &wide(y), &mut want);
        }
    }
    let one = |(&got, &want): (&f32, &f64)| {
        let beyond = want.abs() > f64::from(f32::MAX) || !want.is_finite();
        if beyond { 0.0 } else { (f64::from(got) - want).abs() / last_place_f32(want) }
    };
    got.iter().zip(&want).map(one).fold(0.0, f64::max)
}

/// That of a function of one number, over every f32 there is, with the routines that this machine uses.
fn error_of_all_f32(m: Math) -> f64 {
    const STRIP: u32 = 1 << 14;
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get()) as u32;
    let part = |worker: u32| {
        let strips = (worker..(1 << 18)).step_by(workers as usize);
        let of_strip = |strip: u32| {
            let x: Vec<f32> = (0..STRIP).map(|at| f32::from_bits(strip * STRIP + at)).filter(|x| !x.is_nan()).collect();
            error_f32(super::table(), m, &x, &[])
        };
        strips.map(of_strip).fold(0.0, f64::max)
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|worker| scope.spawn(move || part(worker))).collect();
        running.into_iter().map(|worker| worker.join().expect("a worker")).fold(0.0, f64::max)
    })
}

/// `cargo test --release --lib vmath::accuracy -- --ignored --nocapture`; `KILN_POINTS` names a larger file of points.
#[test]
#[ignore = "prints the table of docs/accuracy.md"]
fn table_of_errors() {
    let text = match std::env::var("KILN_POINTS") {
        Ok(path) => std::fs::read_to_string(path).expect("the file of points"),
        Err(_) => include_str!("golden.txt").to_string(),
    };
    let points = points(&text);
    let x32: Vec<f32> = arguments(3_000_000, 38.0).iter().map(|&v| v as f32).collect();
    let y32: Vec<f32> = x32.iter().rev().map(|v| v * 0.5).collect();
    println!("| function | points | {} | f32 |", levels().map(|t| format!("f64 {}", t.level().name())).collect::<Vec<_>>().join(" | "));
    println!("|---|---|{}---|", "---|".repeat(levels().count()));
    for &m in Math::ALL {
        let mine: Vec<&Point> = points.iter().filter(|p| p.math == m).collect();
        let worst = |t: Table| mine.iter().map(|p| error(p, t.scalar_f64(m, p.x, p.y))).fold(0.0, f64::max);
        let f64s: Vec<String> = levels().map(|t| format!("{:.2}", worst(t))).collect();
        let sampled = if m == Math::Nextafter { 0.0 } else { levels().map(|t| error_f32(&t, m, &x32, &y32)).fold(0.0, f64::max) };
        let f32s = if m.arity() == 1 { error_of_all_f32(m).max(sampled) } else { sampled };
        println!("| {} | {} | {} | {:.3} |", m.name(), mine.len(), f64s.join(" | "), f32s);
    }
}
