//! AVX2 with FMA, and AVX-512, by intrinsics.
//!
//! The types here never leave the crate: a vector of them can exist only inside a [`Kernel`] that [`super::dispatch`]
//! runs, after the features were detected. That is why their operations may be safe to call.

#![allow(unsafe_code)] // intrinsics; see above

use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Neg, Sub};

use super::kernel::{Isa, Kernel, sealed::Sealed};
use super::vector::Vector;

pub struct Avx2;
pub struct Avx512;

impl Sealed for Avx2 {}
impl Sealed for Avx512 {}

impl Isa for Avx2 {
    type F32 = F32x8;
    type F64 = F64x4;
    const TILE_ROWS: usize = 6; // 12 accumulators, 2 columns and 1 row of 16 registers
}

impl Isa for Avx512 {
    type F32 = F32x16;
    type F64 = F64x8;
    const TILE_ROWS: usize = 8;
}

/// # Safety
/// The machine must have AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx2>()
}

/// # Safety
/// The machine must have AVX2, FMA and AVX-512 F.
#[target_feature(enable = "avx2,fma,avx512f")]
pub unsafe fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx512>()
}

#[inline(always)]
unsafe fn zero_where_le_f32x8(y: __m256, x: __m256, bound: __m256) -> __m256 {
    // SAFETY: AVX2 was detected.
    unsafe { _mm256_and_ps(y, _mm256_cmp_ps::<_CMP_NLE_UQ>(x, bound)) }
}

#[inline(always)]
unsafe fn zero_where_le_f64x4(y: __m256d, x: __m256d, bound: __m256d) -> __m256d {
    // SAFETY: AVX2 was detected.
    unsafe { _mm256_and_pd(y, _mm256_cmp_pd::<_CMP_NLE_UQ>(x, bound)) }
}

#[inline(always)]
unsafe fn zero_where_le_f32x16(y: __m512, x: __m512, bound: __m512) -> __m512 {
    // SAFETY: AVX-512 was detected.
    unsafe { _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_NLE_UQ>(x, bound), y) }
}

#[inline(always)]
unsafe fn zero_where_le_f64x8(y: __m512d, x: __m512d, bound: __m512d) -> __m512d {
    // SAFETY: AVX-512 was detected.
    unsafe { _mm512_maskz_mov_pd(_mm512_cmp_pd_mask::<_CMP_NLE_UQ>(x, bound), y) }
}

macro_rules! binary {
    ($name:ident, $trait:ident, $method:ident, $intrinsic:ident) => {
        impl $trait for $name {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: values of this type exist only where its instruction set was detected.
                $name(unsafe { $intrinsic(self.0, other.0) })
            }
        }
    };
}

macro_rules! vector {
    ($name:ident, $register:ident, $scalar:ty, $lanes:expr, $bias:expr, $mantissa:expr,
     $add:ident, $sub:ident, $mul:ident, $div:ident, $set1:ident, $load:ident, $store:ident, $fmadd:ident,
     $min:ident, $max:ident, $zero_where_le:ident, $to_bits:ident, $from_bits:ident, $shift:ident) => {
        #[derive(Clone, Copy)]
        pub struct $name($register);

        binary!($name, Add, add, $add);
        binary!($name, Sub, sub, $sub);
        binary!($name, Mul, mul, $mul);
        binary!($name, Div, div, $div);

        impl Neg for $name {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                Self::splat(-0.0) - self
            }
        }

        // SAFETY, for every block below: values of this type exist only where its instruction set was detected.
        impl Vector<$scalar> for $name {
            const LANES: usize = $lanes;

            #[inline(always)]
            fn prefetch(from: *const $scalar) {
                // SAFETY: a prefetch never faults.
                unsafe { _mm_prefetch::<_MM_HINT_T1>(from.cast()) }
            }

            #[inline(always)]
            fn splat(x: $scalar) -> Self {
                // SAFETY: see above.
                $name(unsafe { $set1(x) })
            }

            #[inline(always)]
            unsafe fn load(from: *const $scalar) -> Self {
                // SAFETY: see above; the caller promises `LANES` readable elements.
                $name(unsafe { $load(from) })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $scalar) {
                // SAFETY: see above; the caller promises `LANES` writable elements.
                unsafe { $store(to, self.0) }
            }

            #[inline(always)]
            fn mul_add(self, b: Self, c: Self) -> Self {
                // SAFETY: see above.
                $name(unsafe { $fmadd(self.0, b.0, c.0) })
            }

            #[inline(always)]
            fn at_most(self, bound: Self) -> Self {
                // SAFETY: see above. The instruction returns its second operand when one is NaN.
                $name(unsafe { $min(bound.0, self.0) })
            }

            #[inline(always)]
            fn at_least(self, bound: Self) -> Self {
                // SAFETY: see above. The instruction returns its second operand when one is NaN.
                $name(unsafe { $max(bound.0, self.0) })
            }

            #[inline(always)]
            fn zero_where_le(self, x: Self, bound: Self) -> Self {
                // SAFETY: see above.
                $name(unsafe { $zero_where_le(self.0, x.0, bound.0) })
            }

            #[inline(always)]
            fn pow2(self) -> Self {
                let bits = self + Self::splat(<$scalar as crate::Scalar>::ROUND_MAGIC + $bias);
                // SAFETY: see above.
                $name(unsafe { $from_bits($shift::<$mantissa>($to_bits(bits.0))) })
            }
        }
    };
}

vector!(
    F32x8,
    __m256,
    f32,
    8,
    127.0,
    23,
    _mm256_add_ps,
    _mm256_sub_ps,
    _mm256_mul_ps,
    _mm256_div_ps,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_fmadd_ps,
    _mm256_min_ps,
    _mm256_max_ps,
    zero_where_le_f32x8,
    _mm256_castps_si256,
    _mm256_castsi256_ps,
    _mm256_slli_epi32
);
vector!(
    F64x4,
    __m256d,
    f64,
    4,
    1023.0,
    52,
    _mm256_add_pd,
    _mm256_sub_pd,
    _mm256_mul_pd,
    _mm256_div_pd,
    _mm256_set1_pd,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_fmadd_pd,
    _mm256_min_pd,
    _mm256_max_pd,
    zero_where_le_f64x4,
    _mm256_castpd_si256,
    _mm256_castsi256_pd,
    _mm256_slli_epi64
);
vector!(
    F32x16,
    __m512,
    f32,
    16,
    127.0,
    23,
    _mm512_add_ps,
    _mm512_sub_ps,
    _mm512_mul_ps,
    _mm512_div_ps,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_fmadd_ps,
    _mm512_min_ps,
    _mm512_max_ps,
    zero_where_le_f32x16,
    _mm512_castps_si512,
    _mm512_castsi512_ps,
    _mm512_slli_epi32
);
vector!(
    F64x8,
    __m512d,
    f64,
    8,
    1023.0,
    52,
    _mm512_add_pd,
    _mm512_sub_pd,
    _mm512_mul_pd,
    _mm512_div_pd,
    _mm512_set1_pd,
    _mm512_loadu_pd,
    _mm512_storeu_pd,
    _mm512_fmadd_pd,
    _mm512_min_pd,
    _mm512_max_pd,
    zero_where_le_f64x8,
    _mm512_castpd_si512,
    _mm512_castsi512_pd,
    _mm512_slli_epi64
);
