//! A register full of numbers, with the few operations that the loops need.

#![allow(unsafe_code)] // loads and stores through pointers, each guarded by the checks beside it

use std::ops::{Add, Div, Mul, Neg, Sub};

use num_traits::Float;

/// The widest vector, in elements of the narrowest type.
const MAX_LANES: usize = 16;

/// `LANES` numbers that are computed with at once, element by element.
pub trait Vector<S: Float>:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Send
    + Sync
{
    /// How many numbers.
    const LANES: usize;

    /// The same number in every lane.
    fn splat(x: S) -> Self;

    /// Reads `LANES` numbers.
    ///
    /// # Safety
    /// `from` must be valid for reading `LANES` elements; it need not be aligned.
    unsafe fn load(from: *const S) -> Self;

    /// Writes `LANES` numbers.
    ///
    /// # Safety
    /// `to` must be valid for writing `LANES` elements; it need not be aligned.
    unsafe fn store(self, to: *mut S);

    /// Asks for the cache line at `from`, which need not be memory of ours.
    #[inline(always)]
    fn prefetch(_from: *const S) {}

    /// `self · b + c`, rounded once where the instruction set can.
    fn mul_add(self, b: Self, c: Self) -> Self;

    /// The smaller of two; NaN in `self` is kept.
    fn at_most(self, bound: Self) -> Self;

    /// The larger of two; NaN in `self` is kept.
    fn at_least(self, bound: Self) -> Self;

    /// `self`, but zero in the lanes where `x ≤ bound`. (Where `x` is NaN, `self` is kept.)
    fn zero_where_le(self, x: Self, bound: Self) -> Self;

    /// `2^self` for integral values in the normal range of exponents.
    fn pow2(self) -> Self;

    /// Zero in every lane.
    #[inline(always)]
    fn zero() -> Self {
        Self::splat(S::zero())
    }

    /// One in every lane.
    #[inline(always)]
    fn one() -> Self {
        Self::splat(S::one())
    }

    /// `slice[at..]`, as many as there are; the lanes after its end are zero.
    #[inline(always)]
    fn read(slice: &[S], at: usize) -> Self {
        if at + Self::LANES <= slice.len() {
            // SAFETY: the slice holds `LANES` elements from `at` on.
            return unsafe { Self::load(slice.as_ptr().add(at)) };
        }
        let mut lanes = [S::zero(); MAX_LANES];
        for (lane, &x) in lanes.iter_mut().zip(&slice[at..]) {
            *lane = x;
        }
        // SAFETY: `MAX_LANES ≥ LANES`.
        unsafe { Self::load(lanes.as_ptr()) }
    }

    /// Writes to `slice[at..]`; the lanes after its end are dropped.
    #[inline(always)]
    fn write(self, slice: &mut [S], at: usize) {
        if at + Self::LANES <= slice.len() {
            // SAFETY: the slice holds `LANES` elements from `at` on.
            return unsafe { self.store(slice.as_mut_ptr().add(at)) };
        }
        let mut lanes = [S::zero(); MAX_LANES];
        // SAFETY: `MAX_LANES ≥ LANES`.
        unsafe { self.store(lanes.as_mut_ptr()) };
        for (x, &lane) in slice[at..].iter_mut().zip(&lanes) {
            *x = lane;
        }
    }
}

/// Runs a body for every `at` from 0 to `n` in steps of the lanes of a [`Vector`], the last one possibly with fewer elements.
///
/// The body stands twice in the code: once where all lanes exist, which the compiler knows and so drops the checks of
/// [`Vector::read`] and [`Vector::write`] on slices of length `n`, and once for what remains.
#[macro_export]
macro_rules! for_lanes {
    ($vector:ty, $n:expr, |$at:ident| $body:block) => {
        let n = $n;
        let mut $at = 0;
        while $at + <$vector>::LANES <= n {
            $body
            $at += <$vector>::LANES;
        }
        if $at < n {
            $body
        }
    };
}
