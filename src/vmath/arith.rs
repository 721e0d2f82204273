//! The arithmetic kernels are written in: multiply-add and exact products with and without FMA, error-free sums, polynomials, powers of two.
//! Nothing here branches on an argument. Owns no function and no dispatch.

/// Adding this to a number below 2^51 in size rounds it to an integer, which the low bits of the sum hold in two's complement.
pub const ROUND: f64 = 6755399441055744.0; // 1.5 * 2^52
/// 2^52: as ROUND for numbers that are not negative; its bits with an integer below 2^52 in their place are 2^52 + that integer.
pub const TWO52: f64 = 4503599627370496.0;
/// 2^54, what subnormal numbers are multiplied with, and its exponent.
pub const TWO54: f64 = 18014398509481984.0;
/// The bits of 1.0.
pub const ONE: u64 = 0x3ff0_0000_0000_0000;

/// Multiplication and addition as a level has them.
pub trait Arith {
    /// Is `fma` rounded once?
    const FUSED: bool;

    /// `a * b + c`, rounded once if the level has FMA, else twice.
    fn fma(a: f64, b: f64, c: f64) -> f64;

    /// `a * b` as the rounded product and its error, which is exact for factors from 2^-450 to 2^450.
    fn two_prod(a: f64, b: f64) -> (f64, f64);
}

/// For levels with FMA.
pub struct Fused;

/// For levels without.
pub struct Plain;

impl Arith for Fused {
    const FUSED: bool = true;

    #[inline(always)]
    fn fma(a: f64, b: f64, c: f64) -> f64 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn two_prod(a: f64, b: f64) -> (f64, f64) {
        let p = a * b;
        (p, a.mul_add(b, -p))
    }
}

impl Arith for Plain {
    const FUSED: bool = false;

    #[inline(always)]
    fn fma(a: f64, b: f64, c: f64) -> f64 {
        a * b + c
    }

    /// Dekker's product (1971): the factors split in halves of 26 bits.
    #[inline(always)]
    fn two_prod(a: f64, b: f64) -> (f64, f64) {
        const SPLIT: f64 = 134217729.0; // 2^27 + 1
        let (sa, sb) = (SPLIT * a, SPLIT * b);
        let (ah, bh) = (sa - (sa - a), sb - (sb - b));
        let (al, bl) = (a - ah, b - bh);
        let p = a * b;
        (p, ((ah * bh - p) + ah * bl + al * bh) + al * bl)
    }
}

/// `a + b` as the rounded sum and its exact error (Knuth).
#[inline(always)]
pub fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let t = s - a;
    (s, (a - (s - t)) + (b - t))
}

/// As [`two_sum`] where |a| >= |b| or a = 0 (Dekker).
#[inline(always)]
pub fn quick_two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    (s, (a - s) + b)
}

/// `c[0] + c[1] x + c[2] x² …`, even and odd powers in two chains, so that a single value is not all latency.
#[inline(always)]
pub fn poly<A: Arith, const N: usize>(x: f64, c: &[f64; N]) -> f64 {
    if N < 5 {
        return horner::<A, N>(x, c, N - 1, 1);
    }
    let last_odd = if N.is_multiple_of(2) { N - 1 } else { N - 2 };
    let last_even = if N.is_multiple_of(2) { N - 2 } else { N - 1 };
    let xx = x * x;
    A::fma(x, horner::<A, N>(xx, c, last_odd, 2), horner::<A, N>(xx, c, last_even, 2))
}

/// `c[last] x^k + c[last - step] x^(k-1) …` down to the first coefficient.
#[inline(always)]
fn horner<A: Arith, const N: usize>(x: f64, c: &[f64; N], last: usize, step: usize) -> f64 {
    let mut sum = c[last];
    let mut k = last;
    while k >= step {
        k -= step;
        sum = A::fma(sum, x, c[k]);
    }
    sum
}

/// 2^n for the integer n in the low bits of `rounded` (something plus [`ROUND`]), -1022 <= n <= 1023. Else nonsense, no panic.
#[inline(always)]
pub fn pow2(rounded: f64) -> f64 {
    f64::from_bits(rounded.to_bits().wrapping_add(1023) << 52)
}

/// `if when { yes } else { no }` of values already computed.
#[inline(always)]
pub fn select(when: bool, yes: f64, no: f64) -> f64 {
    if when { yes } else { no }
}
