//! [`Dropped`]: inverted dropout between two layers, and its way back, one random number for each value.
//!
//! Models of independent and coupled outputs train with these masks, and the same seed must give the same model; [`crate::keep`] is the
//! faster kind, with other masks, for the networks that came later.

use composer_bptt::Mode;
use composer_bptt::arrays::view;
use composer_tensor::Scalar;
use ndarray::{ArrayView3, ArrayViewMut3, Zip};
use rand::RngExt;

/// What the upper layer reads, and what dropout multiplied it by; both empty without dropout.
#[derive(Default)]
pub(crate) struct Dropped<S> {
    values: Vec<S>,
    keep: Vec<S>,
}

impl<S: Scalar> Dropped<S> {
    /// While training, copies the output of a layer `[T, B, H]` with inverted dropout. One number is drawn for each value.
    pub fn draw(&mut self, output: ArrayView3<'_, S>, probability: f64, mode: Mode<'_>) {
        self.values.clear();
        self.keep.clear();
        if let (Mode::Train { rng }, true) = (mode, probability > 0.0) {
            let kept = S::of(1.0 / (1.0 - probability));
            let draw = |_: &S| if rng.random::<f64>() < probability { S::zero() } else { kept };
            self.keep.extend(output.iter().map(draw));
            self.values.extend(output.iter().zip(&self.keep).map(|(&h, &keep)| h * keep));
        }
    }

    /// What the upper layer reads in the place of `output`.
    pub fn of<'a>(&'a self, output: ArrayView3<'a, S>) -> ArrayView3<'a, S> {
        if self.keep.is_empty() { output } else { view(output.raw_dim(), &self.values) }
    }

    /// From the gradient of what the upper layer read to that of the output, in place.
    pub fn backward(&self, d_output: ArrayViewMut3<'_, S>) {
        if !self.keep.is_empty() {
            let keep = view(d_output.raw_dim(), &self.keep);
            Zip::from(d_output).and(keep).for_each(|d, &keep| *d *= keep);
        }
    }
}
