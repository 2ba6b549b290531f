//! Plain Rust over small arrays: right on every machine, vectorised by the compiler for what the target guarantees
//! (SSE2 on x86-64, NEON with fused multiply-add on Arm).

#![allow(unsafe_code)] // the loads and stores of `Vector`

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::kernel::{Isa, sealed::Sealed};
use super::vector::Vector;

/// The instruction set that every target has.
pub struct Portable;

impl Sealed for Portable {}

impl Isa for Portable {
    type F32 = Lanes<f32>;
    type F64 = Lanes<f64>;
    const TILE_ROWS: usize = 4;
}

const LANES: usize = 4;

/// Four numbers.
#[derive(Clone, Copy)]
pub struct Lanes<S>([S; LANES]);

/// Whether `mul_add` is one instruction; where it is not, it would be a slow library call.
const FUSED: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));

/// `f` of each lane. Written out: `array::map` stays a call where code is compiled to be small, as tests are.
#[inline(always)]
fn each<S: Copy>([a, b, c, d]: [S; LANES], f: impl Fn(S) -> S) -> [S; LANES] {
    [f(a), f(b), f(c), f(d)]
}

/// `f` of both numbers of each lane.
#[inline(always)]
fn zip<S: Copy>([a, b, c, d]: [S; LANES], [e, g, h, i]: [S; LANES], f: impl Fn(S, S) -> S) -> [S; LANES] {
    [f(a, e), f(b, g), f(c, h), f(d, i)]
}

macro_rules! binary {
    ($trait:ident, $method:ident, $operator:tt, $scalar:ty) => {
        impl $trait for Lanes<$scalar> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Lanes(zip(self.0, other.0, |x, y| x $operator y))
            }
        }
    };
}

macro_rules! vector {
    ($scalar:ty, $bits:ty, $mantissa:expr, $bias:expr) => {
        binary!(Add, add, +, $scalar);
        binary!(Sub, sub, -, $scalar);
        binary!(Mul, mul, *, $scalar);
        binary!(Div, div, /, $scalar);

        impl Neg for Lanes<$scalar> {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                Lanes(each(self.0, |x| -x))
            }
        }

        impl Vector<$scalar> for Lanes<$scalar> {
            const LANES: usize = LANES;

            #[inline(always)]
            fn splat(x: $scalar) -> Self {
                Lanes([x; LANES])
            }

            #[inline(always)]
            unsafe fn load(from: *const $scalar) -> Self {
                // SAFETY: the caller promises `LANES` readable elements; arrays of them need no more alignment.
                Lanes(unsafe { from.cast::<[$scalar; LANES]>().read() })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $scalar) {
                // SAFETY: the caller promises `LANES` writable elements.
                unsafe { to.cast::<[$scalar; LANES]>().write(self.0) }
            }

            #[inline(always)]
            fn mul_add(self, b: Self, c: Self) -> Self {
                if FUSED {
                    let product = |lane: usize| self.0[lane].mul_add(b.0[lane], c.0[lane]);
                    Lanes([product(0), product(1), product(2), product(3)])
                } else {
                    self * b + c
                }
            }

            #[inline(always)]
            fn at_most(self, bound: Self) -> Self {
                Lanes(zip(self.0, bound.0, |x, bound| if x > bound { bound } else { x }))
            }

            #[inline(always)]
            fn at_least(self, bound: Self) -> Self {
                Lanes(zip(self.0, bound.0, |x, bound| if x < bound { bound } else { x }))
            }

            #[inline(always)]
            fn zero_where_le(self, x: Self, bound: Self) -> Self {
                let kept = |lane: usize| if x.0[lane] <= bound.0[lane] { 0.0 } else { self.0[lane] };
                Lanes([kept(0), kept(1), kept(2), kept(3)])
            }

            #[inline(always)]
            fn pow2(self) -> Self {
                let magic = <$scalar as crate::Scalar>::ROUND_MAGIC + $bias;
                Lanes(each(self.0, |n| <$scalar>::from_bits((n + magic).to_bits() << $mantissa)))
            }
        }
    };
}

vector!(f32, u32, 23, 127.0);
vector!(f64, u64, 52, 1023.0);
