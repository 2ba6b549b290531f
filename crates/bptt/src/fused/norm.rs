//! Layer normalisation of one product's row over all gates, forward and backward.
//!
//! ```text
//! x̂ = (a − mean(a)) / sqrt(var(a) + ε)          a' = gain x̂
//! ```

use composer_tensor::Scalar;

/// Added to the variance.
pub(crate) const EPSILON: f64 = 1e-5;

/// Replaces `a` by `x̂`; returns `1 / sqrt(var + ε)`.
pub(crate) fn normalise<S: Scalar>(a: &mut [S]) -> S {
    let n = S::of(a.len() as f64);
    let mean = a.iter().copied().sum::<S>() / n;
    let variance = a.iter().map(|&a| (a - mean) * (a - mean)).sum::<S>() / n;
    let scale = S::one() / (variance + S::of(EPSILON)).sqrt();
    a.iter_mut().for_each(|a| *a = (*a - mean) * scale);
    scale
}

/// `to += gain x̂`
pub(crate) fn add_scaled<S: Scalar>(to: &mut [S], gain: &[S], x_hat: &[S]) {
    for ((to, &gain), &x_hat) in to.iter_mut().zip(gain).zip(x_hat) {
        *to += gain * x_hat;
    }
}

/// Replaces `d`, the gradient of `gain x̂`, by that of `a`.
pub(crate) fn normalise_backward<S: Scalar>(d: &mut [S], gain: &[S], x_hat: &[S], scale: S) {
    let n = S::of(d.len() as f64);
    d.iter_mut().zip(gain).for_each(|(d, &gain)| *d *= gain);
    let mean = d.iter().copied().sum::<S>() / n;
    let mean_along = d.iter().zip(x_hat).map(|(&d, &x_hat)| d * x_hat).sum::<S>() / n;
    for (d, &x_hat) in d.iter_mut().zip(x_hat) {
        *d = scale * (*d - mean - x_hat * mean_along);
    }
}
