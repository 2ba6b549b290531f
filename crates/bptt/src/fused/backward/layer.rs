//! [`Backward`]: what the backward pass of a layer reads; and [`BackwardScratch`], its memory.

use composer_tensor::matmul::Packed;
use composer_tensor::{Buffer, Scalar};

use super::super::activations::Activations;
use super::super::forward::Forward;
use crate::layers::{InputSlices, LayerIds};

/// Memory of a backward pass, reused for every layer and chunk.
#[derive(Clone, Debug, Default)]
pub(crate) struct BackwardScratch<S> {
    /// `[C, B, slots·H]`: gradients of the gates' sums.
    pub(super) d_gates: Buffer<S>,
    /// `[C, B, G·H]` each: gradients of the products before they were normalised.
    pub(super) d_input_product: Buffer<S>,
    pub(super) d_recurrent_product: Buffer<S>,
    /// `[B, H]`: gradients of the state that travel from step to step.
    pub d_h: Buffer<S>,
    pub d_c: Buffer<S>,
    /// `[B, H]`: what reaches the previous state past the cell, and a product.
    pub(super) pass_h: Buffer<S>,
    pub(super) pass_c: Buffer<S>,
    pub(super) product: Buffer<S>,
    pub(super) packed_x: Packed<S>,
    pub(super) packed_h: Packed<S>,
    /// The gradient of `W_ih` for multi-hot inputs, in blocks; see `sums`.
    pub(super) d_input_rows: Buffer<S>,
    /// Whether it is summed over several passes before it is added to that of the parameters, and whether it has the sum of some.
    pub sums_parts: bool,
    pub has_parts: bool,
    /// `[slots·H]`: sums of `d_gates`.
    pub(super) d_bias: Buffer<S>,
    /// `[P·H]`: sums of the gradients of diagonal weights.
    pub(super) d_diagonal: Buffer<S>,
    /// For a probe, `[C, B, H]`: the whole gradients of the states. Empty without.
    pub(super) record_h: Buffer<S>,
    pub(super) record_c: Buffer<S>,
}

/// The backward pass of one layer in one direction.
pub(crate) struct Backward<'a, S> {
    /// The forward pass that filled `saved`.
    pub forward: Forward<'a, S>,
    pub ids: &'a LayerIds,
    pub saved: &'a Activations<S>,
    pub input: InputSlices<'a, S>,
    /// `[T, B, d_output_width]`, of which `H` columns from `d_output_from` on belong to this direction.
    pub d_output: &'a [S],
    pub d_output_width: usize,
    pub d_output_from: usize,
    /// Whether a probe is attached.
    pub recording: bool,
}

impl<S: Scalar> Backward<'_, S> {
    pub(super) fn slots(&self) -> usize {
        self.forward.cell.spec().layout.slots.len() * self.forward.hidden
    }

    pub(super) fn gate_rows(&self) -> usize {
        self.forward.cell.gates().len() * self.forward.hidden
    }
}
