//! Names of the functions and of the instruction-set levels. Holds no arithmetic.

use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

macro_rules! maths {
    ($($variant:ident $name:literal $arity:literal,)*) => {
        /// An elementary or special function of one or two real numbers (`f32` or `f64`) that is not a plain machine instruction.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Math { $($variant,)* }

        impl Math {
            /// Every function, in the order of the enum: `ALL[m as usize] == m`.
            pub const ALL: &'static [Math] = &[$(Math::$variant,)*];

            /// How many arguments it takes: 1 or 2.
            pub fn arity(self) -> usize {
                match self { $(Math::$variant => $arity,)* }
            }

            /// Its name in the language and in printed code.
            pub fn name(self) -> &'static str {
                match self { $(Math::$variant => $name,)* }
            }
        }
    };
}

maths! {
    Exp "exp" 1, Exp2 "exp2" 1, Expm1 "expm1" 1,
    Log "log" 1, Log1p "log1p" 1, Log2 "log2" 1, Log10 "log10" 1,
    Sin "sin" 1, Cos "cos" 1, Tan "tan" 1, Asin "asin" 1, Acos "acos" 1, Atan "atan" 1,
    Sinh "sinh" 1, Cosh "cosh" 1, Tanh "tanh" 1, Asinh "asinh" 1, Acosh "acosh" 1, Atanh "atanh" 1,
    Cbrt "cbrt" 1, Erf "erf" 1, Erfc "erfc" 1, Erfinv "erfinv" 1,
    Gamma "gamma" 1, Lgamma "lgamma" 1, Digamma "digamma" 1,
    Pow "pow" 2, Atan2 "atan2" 2, Hypot "hypot" 2, Fmod "fmod" 2, Nextafter "nextafter" 2,
}

/// An instruction set the routines are compiled for, from narrow to wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    /// What the target always has: SSE2 on x86-64, NEON on aarch64.
    Sse2,
    /// AVX2 with fused multiply-add.
    Avx2,
    /// AVX-512 F, DQ, VL and BW, with fused multiply-add and BMI2.
    Avx512,
}

impl Level {
    pub const ALL: [Level; 3] = [Level::Sse2, Level::Avx2, Level::Avx512];

    /// The value of `KILN_SIMD` that asks for it.
    pub fn name(self) -> &'static str {
        match self {
            Level::Sse2 => "sse2",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
        }
    }

    /// Can this machine run it?
    #[cfg(target_arch = "x86_64")]
    pub fn available(self) -> bool {
        let avx2 = std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma");
        match self {
            Level::Sse2 => true,
            Level::Avx2 => avx2,
            Level::Avx512 => {
                avx2 && std::is_x86_feature_detected!("avx512f")
                    && std::is_x86_feature_detected!("avx512dq")
                    && std::is_x86_feature_detected!("avx512vl")
                    && std::is_x86_feature_detected!("avx512bw")
                    && std::is_x86_feature_detected!("bmi2")
            }
        }
    }

    /// Can this machine run it?
    #[cfg(not(target_arch = "x86_64"))]
    pub fn available(self) -> bool {
        self == Level::Sse2
    }
}

/// The level in use: the widest this machine has, lowered by the environment variable `KILN_SIMD=sse2|avx2|avx512`
/// (another value is ignored). Looked up once per process.
pub fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        let asked = std::env::var("KILN_SIMD").ok();
        let cap = Level::ALL.into_iter().find(|l| asked.as_deref() == Some(l.name())).unwrap_or(Level::Avx512);
        Level::ALL.into_iter().rev().find(|&l| l <= cap && l.available()).unwrap_or(Level::Sse2)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_all_is_the_order_of_the_enum() {
        for (i, &m) in Math::ALL.iter().enumerate() {
            assert_eq!(m as usize, i);
        }
    }
}
