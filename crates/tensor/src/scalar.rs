//! The two floating-point types that everything is generic over.

#![allow(unsafe_code)] // the interface of matrixmultiply

use std::fmt::{Debug, Display};
use std::iter::Sum;

use num_traits::{Float, NumAssign};

use crate::simd::{Isa, Vector};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// `f32` for speed, `f64` for proofs: the same code runs in both.
pub trait Scalar:
    Float + NumAssign + Default + Debug + Display + Sum + Send + Sync + sealed::Sealed + 'static
{
    /// `"f32"` or `"f64"`.
    const NAME: &'static str;

    /// Coefficients `1/2!, 1/3!, …` (adjusted for the type) of `(e^r − 1 − r) / r²` for `|r| ≤ ln(2)/2`, highest power first.
    #[doc(hidden)]
    const EXP_POLYNOMIAL: &'static [Self];
    /// `1/(2k + 1)`, as many as `artanh` needs up to one third, highest power first.
    #[doc(hidden)]
    const ARTANH_SERIES: &'static [Self];
    /// `ln 2` in two parts; the product of the first with any exponent is exact.
    #[doc(hidden)]
    const LN2_PARTS: (Self, Self);
    /// Below the first, `exp` is zero; above the second, it is infinite.
    #[doc(hidden)]
    const EXP_RANGE: (Self, Self);
    /// Adding it moves the integral part of a small number to the lowest bits of the mantissa.
    #[doc(hidden)]
    const ROUND_MAGIC: Self;

    /// The vector of this type on the instruction set `I`.
    type Vector<I: Isa>: Vector<Self>;

    // Both stand inside kernels: a call there, which the compiler leaves where it may not look into another crate, would empty
    // all vector registers.

    /// The nearest value to `x`.
    fn of(x: f64) -> Self;

    /// The value in double precision, exactly.
    fn f64(self) -> f64;

    /// matrixmultiply's product `c = a · b + beta · c`, for `(M, K, N)`; strides are those of rows and columns.
    ///
    /// # Safety
    /// Every element that shapes and strides name must be readable (`a`, `b`) or writable (`c`) from the pointers on, those of `c`
    /// must not overlap each other, nor the other matrices.
    #[doc(hidden)]
    unsafe fn gemm(
        matrices: (*const Self, *const Self),
        a_strides: [isize; 2],
        b_strides: [isize; 2],
        size: (usize, usize, usize),
        beta: Self,
        c: *mut Self,
        c_strides: [isize; 2],
    );
}

/// [`Scalar::gemm`] by the function of matrixmultiply for one type.
macro_rules! gemm {
    ($function:ident) => {
        unsafe fn gemm(
            (a, b): (*const Self, *const Self),
            [a_row, a_column]: [isize; 2],
            [b_row, b_column]: [isize; 2],
            (m, k, n): (usize, usize, usize),
            beta: Self,
            c: *mut Self,
            [c_row, c_column]: [isize; 2],
        ) {
            // SAFETY: the caller's.
            unsafe {
                matrixmultiply::$function(
                    m, k, n, 1.0, a, a_row, a_column, b, b_row, b_column, beta, c, c_row, c_column,
                );
            }
        }
    };
}

impl Scalar for f32 {
    const NAME: &'static str = "f32";
    const EXP_POLYNOMIAL: &'static [f32] =
        &[1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5];
    const ARTANH_SERIES: &'static [f32] =
        &[1.0 / 15.0, 1.0 / 13.0, 1.0 / 11.0, 1.0 / 9.0, 1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0, 1.0];
    const LN2_PARTS: (f32, f32) = (0.693_359_4, -2.121_944_4e-4);
    const EXP_RANGE: (f32, f32) = (-86.6, 89.0);
    const ROUND_MAGIC: f32 = 12_582_912.0; // 1.5 · 2^23

    type Vector<I: Isa> = I::F32;

    #[inline(always)]
    fn of(x: f64) -> f32 {
        x as f32
    }

    #[inline(always)]
    fn f64(self) -> f64 {
        f64::from(self)
    }

    gemm!(sgemm);
}

impl Scalar for f64 {
    const NAME: &'static str = "f64";
    const EXP_POLYNOMIAL: &'static [f64] = &[
        1.0 / 6_227_020_800.0,
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        1.0 / 2.0,
    ];
    const ARTANH_SERIES: &'static [f64] = &[
        1.0 / 33.0,
        1.0 / 31.0,
        1.0 / 29.0,
        1.0 / 27.0,
        1.0 / 25.0,
        1.0 / 23.0,
        1.0 / 21.0,
        1.0 / 19.0,
        1.0 / 17.0,
        1.0 / 15.0,
        1.0 / 13.0,
        1.0 / 11.0,
        1.0 / 9.0,
        1.0 / 7.0,
        1.0 / 5.0,
        1.0 / 3.0,
        1.0,
    ];
    const LN2_PARTS: (f64, f64) = (6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10);
    const EXP_RANGE: (f64, f64) = (-707.0, 710.0);
    const ROUND_MAGIC: f64 = 6_755_399_441_055_744.0; // 1.5 · 2^52

    type Vector<I: Isa> = I::F64;

    #[inline(always)]
    fn of(x: f64) -> f64 {
        x
    }

    #[inline(always)]
    fn f64(self) -> f64 {
        self
    }

    gemm!(dgemm);
}
