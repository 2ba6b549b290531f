//! `exp`, `tanh` and `sigmoid`, a vector at a time.
//!
//! All rest on one reduction: `x = n·ln 2 + r` with `|r| ≤ ln(2)/2`, so that `e^x = 2^n · e^r`, and
//! `e^r − 1 = r + r²·q(r)` with a polynomial `q`. Errors, measured in the tests against the standard library over the whole
//! range: at most [`MAX_ULPS`] units in the last place for normal results.
//!
//! NaN stays NaN, `exp(−∞) = 0`, `exp(∞) = ∞`, `tanh(±∞) = ±1`.

use crate::Scalar;
use crate::for_lanes;
use crate::simd::{Isa, Kernel, Vector, dispatch};

/// The largest error of any function here, in units of the last place of a normal result.
pub const MAX_ULPS: f64 = 4.0;

/// The nearest integral value, for magnitudes below 2²¹.
#[inline(always)]
fn round<S: Scalar, V: Vector<S>>(x: V) -> V {
    let magic = V::splat(S::ROUND_MAGIC);
    (x + magic) - magic
}

/// Splits `x` into `n` and `e^r − 1`, where `x = n·ln 2 + r`.
#[inline(always)]
fn reduce<S: Scalar, V: Vector<S>>(x: V) -> (V, V) {
    let n = round(x * V::splat(S::of(std::f64::consts::LOG2_E)));
    let (ln2_high, ln2_low) = S::LN2_PARTS;
    let r = n.mul_add(V::splat(-ln2_high), x);
    let r = n.mul_add(V::splat(-ln2_low), r);
    let mut q = V::zero();
    for &coefficient in S::EXP_POLYNOMIAL {
        q = q.mul_add(r, V::splat(coefficient));
    }
    (n, (r * r).mul_add(q, r))
}

/// `e^x`.
#[inline(always)]
pub fn exp<S: Scalar, V: Vector<S>>(x: V) -> V {
    let (low, high) = (V::splat(S::EXP_RANGE.0), V::splat(S::EXP_RANGE.1));
    let (n, e_minus_1) = reduce(x.at_most(high).at_least(low));
    // Two factors, because 2^n itself overflows just before the result does.
    let half = (n - V::one()).pow2();
    let y = (e_minus_1.mul_add(half, half)) * V::splat(S::of(2.0));
    y.zero_where_le(x, low)
}

/// `1 / (1 + e^−x)`.
#[inline(always)]
pub fn sigmoid<S: Scalar, V: Vector<S>>(x: V) -> V {
    V::one() / (V::one() + exp(-x))
}

/// `(e^2x − 1) / (e^2x + 1)`, from `e^2x − 1` so that small arguments keep their digits.
#[inline(always)]
pub fn tanh<S: Scalar, V: Vector<S>>(x: V) -> V {
    let bound = V::splat(S::of(22.0));
    let x = x.at_most(bound).at_least(-bound);
    let (n, e_minus_1) = reduce(x + x);
    let scale = n.pow2();
    let e2x_minus_1 = e_minus_1.mul_add(scale, scale - V::one());
    e2x_minus_1 / (e2x_minus_1 + V::splat(S::of(2.0)))
}

/// `ln(1 + e)` for `0 ≤ e ≤ 1`: `2 artanh(s)` with `s = e / (2 + e) ≤ 1/3`, a series in `s²`.
#[inline(always)]
pub fn ln_1p<S: Scalar, V: Vector<S>>(e: V) -> V {
    let s = e / (e + V::splat(S::of(2.0)));
    let square = s * s;
    let mut sum = V::zero();
    for &coefficient in S::ARTANH_SERIES {
        sum = sum.mul_add(square, V::splat(coefficient));
    }
    (s + s) * sum
}

struct Map<'a, S, F> {
    values: &'a mut [S],
    function: F,
}

trait Function<S: Scalar> {
    fn apply<V: Vector<S>>(&self, x: V) -> V;
}

impl<S: Scalar, F: Function<S>> Kernel for Map<'_, S, F> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        map::<S, S::Vector<I>>(self.values, &self.function);
    }
}

#[inline(always)]
fn map<S: Scalar, V: Vector<S>>(values: &mut [S], function: &impl Function<S>) {
    for_lanes!(V, values.len(), |at| {
        function.apply(V::read(values, at)).write(values, at);
    });
}

macro_rules! slice_function {
    ($(#[$doc:meta])* $name:ident, $function:ident, $marker:ident) => {
        struct $marker;

        impl<S: Scalar> Function<S> for $marker {
            #[inline(always)]
            fn apply<V: Vector<S>>(&self, x: V) -> V {
                $function(x)
            }
        }

        $(#[$doc])*
        pub fn $name<S: Scalar>(values: &mut [S]) {
            dispatch(Map { values, function: $marker });
        }
    };
}

slice_function!(
    /// Replaces every value by its exponential.
    exp_slice, exp, Exp
);
slice_function!(
    /// Replaces every value by its logistic sigmoid.
    sigmoid_slice, sigmoid, Sigmoid
);
slice_function!(
    /// Replaces every value by its hyperbolic tangent.
    tanh_slice, tanh, Tanh
);
