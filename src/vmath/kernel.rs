//! What a function is to the dispatcher: the arithmetic of one element. Owns no function and no loop.

use super::arith::Arith;

/// A function of one number. `fast` must be free of branches that depend on the argument, so that a loop over it vectorises.
pub trait Unary<T: Copy> {
    /// The value for every argument that is not `rare`.
    fn fast<A: Arith>(x: T) -> T;

    /// Arguments `fast` cannot do. Must be cheap: it is asked for every element.
    #[inline(always)]
    fn rare<A: Arith>(_: T) -> bool {
        false
    }

    /// The value for a rare argument.
    fn slow(x: T) -> T {
        x
    }
}

/// A function of two numbers; see [`Unary`].
pub trait Binary<T: Copy> {
    fn fast<A: Arith>(x: T, y: T) -> T;

    #[inline(always)]
    fn rare<A: Arith>(_: T, _: T) -> bool {
        false
    }

    fn slow(x: T, _: T) -> T {
        x
    }
}

/// The f32 form of functions that compute in f64 anyway.
macro_rules! f32_through_f64 {
    ($($kernel:ty)*) => {$(
        impl $crate::vmath::kernel::Unary<f32> for $kernel {
            #[inline(always)]
            fn fast<A: $crate::vmath::arith::Arith>(x: f32) -> f32 {
                <$kernel as $crate::vmath::kernel::Unary<f64>>::fast::<A>(x as f64) as f32
            }
        }
    )*};
}
pub(super) use f32_through_f64;
