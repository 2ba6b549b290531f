//! The weights of one layer in one direction, in the order in which products read them.

use composer_tensor::matmul::{Packed, transpose};
use composer_tensor::simd::{self, Path};
use composer_tensor::{Buffer, Scalar};

use super::activations::fit;
use crate::cell::Block;
use crate::layers::LayerIds;
use crate::{Cell, Error, Parameters};

/// Packed weights, and the version of the parameters that they were packed from.
#[derive(Clone, Debug, Default)]
pub(crate) struct PackedLayer<S> {
    /// For each block of the layout, `W_ihᵀ`.
    pub input: Vec<Packed<S>>,
    /// `W_ihᵀ` `[F, G·H]`, not packed, to gather rows from.
    pub input_rows: Buffer<S>,
    /// `W_hhᵀ`
    pub recurrent: Packed<S>,
    /// `[slots·H]`: what every gate row starts from.
    pub bias: Buffer<S>,
    /// `[G·H]` each: the gains of the normalised products; empty without.
    pub gain_ih: Buffer<S>,
    pub gain_hh: Buffer<S>,
    /// `[P·H]`: the diagonal weights; empty without.
    pub diagonal: Buffer<S>,
    /// For each block of the layout, `W_ih`, to go backward.
    pub input_back: Vec<Packed<S>>,
    /// `W_hh`, to go backward.
    pub recurrent_back: Packed<S>,
    forward: Source,
    gather: Source,
    dense: Source,
    backward: Source,
    dense_back: Source,
}

/// What a packed copy was made from.
type Source = Option<(u64, Path)>;

impl<S: Scalar> PackedLayer<S> {
    /// Packs for the forward pass unless that was done already. Of `W_ih`, a multi-hot input needs the rows to gather, any
    /// other the packed products.
    pub(crate) fn for_forward(
        &mut self,
        ids: &LayerIds,
        params: &Parameters<S>,
        cell: Cell,
        sizes: (usize, usize),
        multi_hot: bool,
    ) -> Result<(), Error> {
        let now = Some((params.version(), simd::path()));
        let (features, hidden) = sizes;
        let rows = cell.gates().len() * hidden;
        let w = params.value(ids.weight_ih);
        if self.forward != now {
            check_finite(params, ids)?;
            self.recurrent.pack_transposed(params.value(ids.weight_hh), rows, hidden);
            self.sum_biases(ids, params, cell, hidden);
            for (id, gain) in [(ids.norm_ih, &mut self.gain_ih), (ids.norm_hh, &mut self.gain_hh)] {
                let values = id.map_or(&[][..], |id| params.value(id));
                fit(gain, values.len());
                gain.copy_from_slice(values);
            }
            fit(&mut self.diagonal, ids.diagonals().count() * hidden);
            for (to, id) in self.diagonal.chunks_exact_mut(hidden).zip(ids.diagonals()) {
                to.copy_from_slice(params.value(id));
            }
            self.forward = now;
        }
        if multi_hot && self.gather != now {
            fit(&mut self.input_rows, features * rows);
            transpose(w, rows, features, &mut self.input_rows, rows);
            self.gather = now;
        }
        if !multi_hot && self.dense != now {
            let blocks = cell.spec().input_products(ids.norm_ih.is_some());
            self.input.resize(blocks.len(), Packed::default());
            for (packed, &Block { gate, width, .. }) in self.input.iter_mut().zip(blocks) {
                packed.pack_transposed(&w[gate * hidden * features..], width * hidden, features);
            }
            self.dense = now;
        }
        Ok(())
    }

    /// Packs for the backward pass unless that was done already; `W_ih` only where the gradient of the input is wanted.
    pub(crate) fn for_backward(
        &mut self,
        ids: &LayerIds,
        params: &Parameters<S>,
        cell: Cell,
        sizes: (usize, usize),
        want_d_input: bool,
    ) {
        let now = Some((params.version(), simd::path()));
        let (features, hidden) = sizes;
        if self.backward != now {
            let rows = cell.gates().len() * hidden;
            self.recurrent_back.pack_plain(params.value(ids.weight_hh), rows, hidden, hidden);
            self.backward = now;
        }
        if want_d_input && self.dense_back != now {
            let blocks = cell.spec().input_products(ids.norm_ih.is_some());
            self.input_back.resize(blocks.len(), Packed::default());
            let w = params.value(ids.weight_ih);
            for (packed, &Block { gate, width, .. }) in self.input_back.iter_mut().zip(blocks) {
                packed.pack_plain(&w[gate * hidden * features..], width * hidden, features, features);
            }
            self.dense_back = now;
        }
    }

    /// The biases of both products, each where its product goes.
    fn sum_biases(&mut self, ids: &LayerIds, params: &Parameters<S>, cell: Cell, hidden: usize) {
        let layout = &cell.spec().layout;
        fit(&mut self.bias, layout.slots.len() * hidden);
        self.bias.fill(S::zero());
        let (Some(bias_ih), Some(bias_hh)) = (ids.bias_ih, ids.bias_hh) else { return };
        for (id, blocks) in [(bias_ih, layout.input), (bias_hh, layout.recurrent_blocks())] {
            for block in blocks {
                let from = &params.value(id)[block.gate * hidden..][..block.width * hidden];
                let to = &mut self.bias[block.slot * hidden..][..block.width * hidden];
                to.iter_mut().zip(from).for_each(|(to, &from)| *to += from);
            }
        }
    }
}

fn check_finite<S: Scalar>(params: &Parameters<S>, ids: &LayerIds) -> Result<(), Error> {
    for id in ids.all() {
        let values = params.value(id);
        // Block by block without a way out, so that it is vectorised; the place matters only if there is one.
        let damaged = |block: &[S]| block.iter().fold(false, |damaged, value| damaged | !value.is_finite());
        if values.chunks(256).any(damaged) {
            let index = values.iter().position(|value| !value.is_finite()).unwrap_or(0);
            let name = params.entry(id).name.clone();
            return Err(Error::NonFinite { name, index, value: values[index].f64() });
        }
    }
    Ok(())
}
