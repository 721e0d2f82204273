//! From a function to machine code: the loops over strips, their compilation for each instruction set, and the tables of their addresses.
//! The only file of this module with `unsafe` (raw pointers from compiled code, `target_feature`). Owns no function's arithmetic.

use super::arith::{Arith, Fused, Plain};
use super::kernel::{Binary, Unary};
use super::math::{Level, Math, level};
use super::{arc, erf, exp, log, pow, special, trig};
use std::sync::OnceLock;

/// `out[i] = f(x[i])` for `i < n`. `out` may equal `x`; otherwise they do not overlap. Pointers are aligned to an element.
pub type Strip1<T> = unsafe extern "C" fn(n: usize, x: *const T, out: *mut T);
/// `out[i] = f(x[i], y[i])` for `i < n`. `out` may equal `x` or `y`; otherwise it overlaps neither.
pub type Strip2<T> = unsafe extern "C" fn(n: usize, x: *const T, y: *const T, out: *mut T);
/// `f(x)`.
pub type Scalar1<T> = unsafe extern "C" fn(x: T) -> T;
/// `f(x, y)`.
pub type Scalar2<T> = unsafe extern "C" fn(x: T, y: T) -> T;

/// Elements are computed in groups of this many; the last group is padded.
const GROUP: usize = 16;
/// Two-argument strips are copied to the stack in pieces of this many elements.
const PIECE: usize = 128;

/// An element type: what pads a group, an argument cheap and harmless for every function.
trait Element: Copy {
    const PAD: Self;
}
impl Element for f32 {
    const PAD: f32 = 1.0;
}
impl Element for f64 {
    const PAD: f64 = 1.0;
}

/// The routines of one function: the strip and the single number.
#[derive(Clone, Copy)]
enum Routines<T> {
    One(Strip1<T>, Scalar1<T>),
    Two(Strip2<T>, Scalar2<T>),
}

impl<T: Copy> Routines<T> {
    fn strip_address(self) -> *const u8 {
        match self {
            Routines::One(strip, _) => strip as *const u8,
            Routines::Two(strip, _) => strip as *const u8,
        }
    }

    fn scalar_address(self) -> *const u8 {
        match self {
            Routines::One(_, scalar) => scalar as *const u8,
            Routines::Two(_, scalar) => scalar as *const u8,
        }
    }

    fn scalar(self, x: T, y: T) -> T {
        // SAFETY: a table is only made for a level the machine has, and scalar routines have no other condition.
        unsafe {
            match self {
                Routines::One(_, scalar) => scalar(x),
                Routines::Two(_, scalar) => scalar(x, y),
            }
        }
    }
}

/// All routines of one level. [`table`] is the one in use; tests make others to compare levels.
pub struct Table {
    level: Level,
    f64: Vec<Routines<f64>>,
    f32: Vec<Routines<f32>>,
}

impl Table {
    /// The routines of a level, `None` if this machine cannot run them.
    pub fn at(level: Level) -> Option<Table> {
        level.available().then(|| Table::of(level))
    }

    /// The routines of a level that is known to be available.
    fn of(level: Level) -> Table {
        Table {
            level,
            f64: Math::ALL.iter().map(|&m| routines_f64(m, level)).collect(),
            f32: Math::ALL.iter().map(|&m| routines_f32(m, level)).collect(),
        }
    }

    pub fn level(&self) -> Level {
        self.level
    }

    /// Address of the [`Strip1`] or [`Strip2`] routine, as [`Math::arity`] says.
    pub fn strip_f64(&self, m: Math) -> *const u8 {
        self.f64[m as usize].strip_address()
    }

    /// Address of the [`Strip1`] or [`Strip2`] routine, as [`Math::arity`] says.
    pub fn strip_f32(&self, m: Math) -> *const u8 {
        self.f32[m as usize].strip_address()
    }

    /// Address of the [`Scalar1`] or [`Scalar2`] routine.
    pub fn scalar_address_f64(&self, m: Math) -> *const u8 {
        self.f64[m as usize].scalar_address()
    }

    /// Address of the [`Scalar1`] or [`Scalar2`] routine.
    pub fn scalar_address_f32(&self, m: Math) -> *const u8 {
        self.f32[m as usize].scalar_address()
    }

    /// One value, the same bits as an element of a strip. `y` is ignored by functions of one argument.
    pub fn scalar_f64(&self, m: Math, x: f64, y: f64) -> f64 {
        self.f64[m as usize].scalar(x, y)
    }

    /// One value, the same bits as an element of a strip. `y` is ignored by functions of one argument.
    pub fn scalar_f32(&self, m: Math, x: f32, y: f32) -> f32 {
        self.f32[m as usize].scalar(x, y)
    }

    /// `out[i] = m(x[i])` over the shorter of the slices. A function of two arguments gets `x[i]` twice.
    pub fn map1_f64(&self, m: Math, x: &[f64], out: &mut [f64]) {
        map1(self.f64[m as usize], x, out);
    }

    /// `out[i] = m(x[i])` over the shorter of the slices. A function of two arguments gets `x[i]` twice.
    pub fn map1_f32(&self, m: Math, x: &[f32], out: &mut [f32]) {
        map1(self.f32[m as usize], x, out);
    }

    /// `out[i] = m(x[i], y[i])` over the shortest of the slices. A function of one argument ignores `y`.
    pub fn map2_f64(&self, m: Math, x: &[f64], y: &[f64], out: &mut [f64]) {
        map2(self.f64[m as usize], x, y, out);
    }

    /// `out[i] = m(x[i], y[i])` over the shortest of the slices. A function of one argument ignores `y`.
    pub fn map2_f32(&self, m: Math, x: &[f32], y: &[f32], out: &mut [f32]) {
        map2(self.f32[m as usize], x, y, out);
    }
}

/// The routines of [`level`].
pub fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| Table::of(level()))
}

/// Address of the [`Strip1`] or [`Strip2`] routine in use.
pub fn strip_f64(m: Math) -> *const u8 {
    table().strip_f64(m)
}

/// Address of the [`Strip1`] or [`Strip2`] routine in use.
pub fn strip_f32(m: Math) -> *const u8 {
    table().strip_f32(m)
}

/// Address of the [`Scalar1`] or [`Scalar2`] routine in use.
pub fn scalar_address_f64(m: Math) -> *const u8 {
    table().scalar_address_f64(m)
}

/// Address of the [`Scalar1`] or [`Scalar2`] routine in use.
pub fn scalar_address_f32(m: Math) -> *const u8 {
    table().scalar_address_f32(m)
}

/// One value, the same bits as an element of a strip. `y` is ignored by functions of one argument.
pub fn scalar_f64(m: Math, x: f64, y: f64) -> f64 {
    table().scalar_f64(m, x, y)
}

/// One value, the same bits as an element of a strip. `y` is ignored by functions of one argument.
pub fn scalar_f32(m: Math, x: f32, y: f32) -> f32 {
    table().scalar_f32(m, x, y)
}

/// [`Table::map1_f64`] of the table in use.
pub fn map1_f64(m: Math, x: &[f64], out: &mut [f64]) {
    table().map1_f64(m, x, out);
}

/// [`Table::map1_f32`] of the table in use.
pub fn map1_f32(m: Math, x: &[f32], out: &mut [f32]) {
    table().map1_f32(m, x, out);
}

/// [`Table::map2_f64`] of the table in use.
pub fn map2_f64(m: Math, x: &[f64], y: &[f64], out: &mut [f64]) {
    table().map2_f64(m, x, y, out);
}

/// [`Table::map2_f32`] of the table in use.
pub fn map2_f32(m: Math, x: &[f32], y: &[f32], out: &mut [f32]) {
    table().map2_f32(m, x, y, out);
}

fn map1<T: Copy>(routines: Routines<T>, x: &[T], out: &mut [T]) {
    let n = x.len().min(out.len());
    // SAFETY: the slices hold n elements and do not overlap; the level of a table is available.
    unsafe {
        match routines {
            Routines::One(strip, _) => strip(n, x.as_ptr(), out.as_mut_ptr()),
            Routines::Two(strip, _) => strip(n, x.as_ptr(), x.as_ptr(), out.as_mut_ptr()),
        }
    }
}

fn map2<T: Copy>(routines: Routines<T>, x: &[T], y: &[T], out: &mut [T]) {
    let n = x.len().min(y.len()).min(out.len());
    // SAFETY: the slices hold n elements and do not overlap; the level of a table is available.
    unsafe {
        match routines {
            Routines::One(strip, _) => strip(n, x.as_ptr(), out.as_mut_ptr()),
            Routines::Two(strip, _) => strip(n, x.as_ptr(), y.as_ptr(), out.as_mut_ptr()),
        }
    }
}

#[inline(always)]
fn one1<K: Unary<T>, A: Arith, T: Copy>(x: T) -> T {
    if K::rare::<A>(x) { K::slow(x) } else { K::fast::<A>(x) }
}

#[inline(always)]
fn one2<K: Binary<T>, A: Arith, T: Copy>(x: T, y: T) -> T {
    if K::rare::<A>(x, y) { K::slow(x, y) } else { K::fast::<A>(x, y) }
}

/// # Safety
/// As [`Strip1`].
#[inline(always)]
unsafe fn loop1<K: Unary<T>, A: Arith, T: Element>(n: usize, x: *const T, out: *mut T) {
    let whole = n / GROUP * GROUP;
    let rest = n - whole;
    let mut tail = [T::PAD; GROUP];
    // SAFETY: x and out hold n elements, tail holds GROUP > rest.
    unsafe {
        if !std::ptr::eq(x, out) {
            std::ptr::copy_nonoverlapping(x, out, n);
        }
        std::ptr::copy_nonoverlapping(out.add(whole), tail.as_mut_ptr(), rest);
        // In place, and one loop for the whole groups and the padded one: nothing for the vectoriser to check, and its code exists once.
        let mut part = (out, n / GROUP);
        loop {
            let (at, groups) = part;
            let part_of_strip = std::slice::from_raw_parts_mut(at, groups * GROUP);
            if part_of_strip.iter().fold(false, |any, &v| any | K::rare::<A>(v)) {
                for v in part_of_strip {
                    *v = one1::<K, A, T>(*v);
                }
            } else {
                for v in part_of_strip {
                    *v = K::fast::<A>(*v);
                }
            }
            if rest == 0 || at == tail.as_mut_ptr() {
                break;
            }
            part = (tail.as_mut_ptr(), 1);
        }
        std::ptr::copy_nonoverlapping(tail.as_ptr(), out.add(whole), rest);
    }
}

/// # Safety
/// As [`Strip2`].
#[inline(always)]
unsafe fn loop2<K: Binary<T>, A: Arith, T: Element>(n: usize, x: *const T, y: *const T, out: *mut T) {
    let mut done = 0;
    while done < n {
        let piece = (n - done).min(PIECE);
        let (mut a, mut b) = ([T::PAD; PIECE], [T::PAD; PIECE]);
        // SAFETY: x, y and out hold n >= done + piece elements, a and b hold PIECE >= piece.
        unsafe {
            std::ptr::copy_nonoverlapping(x.add(done), a.as_mut_ptr(), piece);
            std::ptr::copy_nonoverlapping(y.add(done), b.as_mut_ptr(), piece);
        }
        let groups = piece.div_ceil(GROUP);
        let pairs = || a[..groups * GROUP].iter().zip(&b[..groups * GROUP]);
        if pairs().fold(false, |any, (&u, &v)| any | K::rare::<A>(u, v)) {
            for (u, &v) in a[..groups * GROUP].iter_mut().zip(&b) {
                *u = one2::<K, A, T>(*u, v);
            }
        } else {
            for (u, &v) in a[..groups * GROUP].iter_mut().zip(&b) {
                *u = K::fast::<A>(*u, v);
            }
        }
        // SAFETY: as above.
        unsafe { std::ptr::copy_nonoverlapping(a.as_ptr(), out.add(done), piece) };
        done += piece;
    }
}

/// The four routines of a function at one level.
macro_rules! compile {
    ($module:ident, $arith:ty $(, $features:literal)?) => {
        mod $module {
            use super::*;

            $(#[target_feature(enable = $features)])?
            unsafe extern "C" fn strip1<K: Unary<T>, T: Element>(n: usize, x: *const T, out: *mut T) {
                // SAFETY: passed on to the caller.
                unsafe { loop1::<K, $arith, T>(n, x, out) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe extern "C" fn strip2<K: Binary<T>, T: Element>(n: usize, x: *const T, y: *const T, out: *mut T) {
                // SAFETY: passed on to the caller.
                unsafe { loop2::<K, $arith, T>(n, x, y, out) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe extern "C" fn scalar1<K: Unary<T>, T: Element>(x: T) -> T {
                one1::<K, $arith, T>(x)
            }

            $(#[target_feature(enable = $features)])?
            unsafe extern "C" fn scalar2<K: Binary<T>, T: Element>(x: T, y: T) -> T {
                one2::<K, $arith, T>(x, y)
            }

            pub fn unary<K: Unary<T>, T: Element>() -> Routines<T> {
                Routines::One(strip1::<K, T>, scalar1::<K, T>)
            }

            pub fn binary<K: Binary<T>, T: Element>() -> Routines<T> {
                Routines::Two(strip2::<K, T>, scalar2::<K, T>)
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
compile!(avx512, Fused, "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma");
#[cfg(target_arch = "x86_64")]
compile!(avx2, Fused, "avx2,fma");
#[cfg(target_arch = "x86_64")]
compile!(baseline, Plain);
#[cfg(not(target_arch = "x86_64"))]
compile!(baseline, Fused);

fn unary<K: Unary<T>, T: Element>(level: Level) -> Routines<T> {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => avx512::unary::<K, T>(),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => avx2::unary::<K, T>(),
        _ => baseline::unary::<K, T>(),
    }
}

fn binary<K: Binary<T>, T: Element>(level: Level) -> Routines<T> {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => avx512::binary::<K, T>(),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => avx2::binary::<K, T>(),
        _ => baseline::binary::<K, T>(),
    }
}

macro_rules! routines {
    ($name:ident, $t:ty: $($one:ident $k1:ty,)* ; $($two:ident $k2:ty,)*) => {
        fn $name(m: Math, level: Level) -> Routines<$t> {
            match m {
                $(Math::$one => unary::<$k1, $t>(level),)*
                $(Math::$two => binary::<$k2, $t>(level),)*
            }
        }
    };
    (both: $($rest:tt)*) => {
        routines!(routines_f64, f64: $($rest)*);
        routines!(routines_f32, f32: $($rest)*);
    };
}

routines! { both:
    Exp exp::Exp, Exp2 exp::Exp2, Expm1 exp::Expm1, Sinh exp::Sinh, Cosh exp::Cosh, Tanh exp::Tanh,
    Log log::Log, Log1p log::Log1p, Log2 log::Log2, Log10 log::Log10, Asinh log::Asinh, Acosh log::Acosh, Atanh log::Atanh,
    Sin trig::Sin, Cos trig::Cos, Tan trig::Tan,
    Asin arc::Asin, Acos arc::Acos, Atan arc::Atan,
    Cbrt pow::Cbrt,
    Erf erf::Erf, Erfc erf::Erfc,
    Erfinv erf::Erfinv, Gamma special::Gamma, Lgamma special::Lgamma, Digamma special::Digamma,
    ;
    Atan2 arc::Atan2, Pow pow::Pow, Hypot pow::Hypot, Fmod pow::Fmod, Nextafter pow::Nextafter,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARGUMENTS: [f64; 12] = [0.5, -0.0, 1.0, -3.25, f64::NAN, 1e300, f64::INFINITY, 0.0, 1e-310, -700.0, 2.5, 1e6];

    /// Equal bits; NaNs of any payload are equal.
    fn same(a: f64, b: f64) -> bool {
        a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
    }

    #[test]
    fn strips_equal_scalars_at_all_lengths_alignments_and_levels() {
        for table in Level::ALL.into_iter().filter_map(Table::at) {
            for &m in Math::ALL {
                for n in 0..=130usize {
                    let at = n % 9;
                    let x: Vec<f64> = (0..n + 9).map(|i| ARGUMENTS[(i * 7 + n) % 12]).collect();
                    let y: Vec<f64> = (0..n + 9).map(|i| ARGUMENTS[(i * 5 + n / 12) % 12]).collect();
                    let mut out = vec![0.0; n + 9];
                    table.map2_f64(m, &x[at..at + n], &y[..n], &mut out[at..at + n]);
                    for i in 0..n {
                        let want = table.scalar_f64(m, x[at + i], y[i]);
                        assert!(same(out[at + i], want), "{m:?} {:?} n={n} i={i}: {} {want}", table.level(), out[at + i]);
                    }
                    assert!(out[..at].iter().chain(&out[at + n..]).all(|&v| v == 0.0), "{m:?} wrote outside its strip");

                    let (x32, y32): (Vec<f32>, Vec<f32>) = (x.iter().map(|&v| v as f32).collect(), y.iter().map(|&v| v as f32).collect());
                    let mut out = vec![0f32; n + 9];
                    table.map2_f32(m, &x32[at..at + n], &y32[..n], &mut out[at..at + n]);
                    for i in 0..n {
                        let want = table.scalar_f32(m, x32[at + i], y32[i]);
                        assert!(same(out[at + i] as f64, want as f64), "{m:?} f32 {:?} n={n} i={i}", table.level());
                    }
                }
            }
        }
    }

    #[test]
    fn out_may_be_an_argument() {
        for &m in Math::ALL {
            let x: Vec<f64> = (0..130).map(|i| 0.01 * i as f64 - 0.3).collect();
            let y: Vec<f64> = (0..130).map(|i| 2.0 - 0.02 * i as f64).collect();
            let mut want = vec![0.0; 130];
            map2_f64(m, &x, &y, &mut want);
            let (mut in_x, mut in_y) = (x.clone(), y.clone());
            // SAFETY: the vectors hold 130 elements and the routines allow out to equal an argument.
            unsafe {
                match table().f64[m as usize] {
                    Routines::One(strip, _) => {
                        strip(130, in_x.as_ptr(), in_x.as_mut_ptr());
                        in_y.clone_from(&in_x);
                    }
                    Routines::Two(strip, _) => {
                        strip(130, in_x.as_ptr(), y.as_ptr(), in_x.as_mut_ptr());
                        strip(130, x.as_ptr(), in_y.as_ptr(), in_y.as_mut_ptr());
                    }
                }
            }
            for i in 0..130 {
                assert!(same(in_x[i], want[i]) && same(in_y[i], want[i]), "{m:?} at {i}");
            }
        }
    }
}
