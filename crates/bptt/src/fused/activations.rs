//! What the forward pass of one layer in one direction keeps for the backward pass.

use composer_tensor::{Buffer, Scalar};

use crate::RecurrentConfig;

/// Activations of one layer in one direction, in the order of time.
///
/// States have `T + 1` steps: the initial state stands before the first step, or after the last one if the layer runs
/// backward in time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Activations<S> {
    /// `[T, B, slots·H]`, see [`crate::cell`].
    pub gates: Buffer<S>,
    /// `[T + 1, B, H]`
    pub h: Buffer<S>,
    /// `[T + 1, B, H]` of a cell that has it.
    pub c: Buffer<S>,
    /// `[B, H]`: the mask of recurrent dropout, if there is one.
    pub recurrent_mask: Buffer<S>,
    /// `[T, B, H]`: the masked `h_prev`, if there is such a mask.
    pub h_masked: Buffer<S>,
    /// `[T, B, H]`: where zoneout keeps `h`, if it was drawn.
    pub zone_h: Buffer<S>,
    /// `[T, B, H]`: where zoneout keeps `c`, if it was drawn.
    pub zone_c: Buffer<S>,
    /// The normalised products, if there is layer normalisation.
    pub input_norm: NormActivations<S>,
    /// The same for the recurrence.
    pub recurrent_norm: NormActivations<S>,
}

/// Normalised rows of one product.
#[derive(Clone, Debug, Default)]
pub(crate) struct NormActivations<S> {
    /// `[T, B, G·H]`
    pub x_hat: Buffer<S>,
    /// `[T, B]`: what the rows were multiplied by.
    pub scale: Buffer<S>,
}

impl<S: Scalar> Activations<S> {
    /// Sizes everything but masks; what it holds is unspecified.
    pub(crate) fn size(&mut self, config: &RecurrentConfig, steps: usize, batch: usize) {
        let (rows, hidden) = (steps * batch, config.hidden);
        fit(&mut self.gates, rows * config.cell.spec().layout.slots.len() * hidden);
        fit(&mut self.h, (rows + batch) * hidden);
        if config.cell.has_c() {
            fit(&mut self.c, (rows + batch) * hidden);
        }
        if config.layer_norm {
            for norm in [&mut self.input_norm, &mut self.recurrent_norm] {
                fit(&mut norm.x_hat, rows * config.gate_rows());
                fit(&mut norm.scale, rows);
            }
        }
    }
}

/// Gives `values` a length; what they hold is unspecified.
pub(crate) fn fit<S: Scalar>(values: &mut Buffer<S>, length: usize) {
    values.fit(length);
}
