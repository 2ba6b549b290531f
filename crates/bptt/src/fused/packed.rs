//! The weights of one layer in one direction, in the order in which products read them.

use composer_tensor::Scalar;
use composer_tensor::matmul::Packed;
use composer_tensor::simd::{self, Path};

use super::layout::{Block, Layout, input_products};
use super::tape::fit;
use crate::layers::LayerIds;
use crate::{Cell, Error, Parameters};

/// Packed weights, and the version of the parameters that they were packed from.
#[derive(Clone, Debug, Default)]
pub(crate) struct PackedLayer<S> {
    /// For each block of the layout, `W_ihᵀ`.
    pub input: Vec<Packed<S>>,
    /// `W_ihᵀ` `[F, G·H]`, not packed, to gather rows from.
    pub input_rows: Vec<S>,
    /// `W_hhᵀ`
    pub recurrent: Packed<S>,
    /// `[slots·H]`: what every gate row starts from.
    pub bias: Vec<S>,
    /// `[G·H]` each: the gains of the normalised products; empty without.
    pub gain_ih: Vec<S>,
    pub gain_hh: Vec<S>,
    /// For each block of the layout, `W_ih`, to go backward.
    pub input_back: Vec<Packed<S>>,
    /// `W_hh`, to go backward.
    pub recurrent_back: Packed<S>,
    forward: Source,
    gather: Source,
    backward: Source,
}

/// What a packed copy was made from.
type Source = Option<(u64, Path)>;

impl<S: Scalar> PackedLayer<S> {
    /// Packs for the forward pass unless that was done already.
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
        if self.forward != now {
            check_finite(params, ids)?;
            let blocks = input_products(cell, ids.norm_ih.is_some());
            self.input.resize(blocks.len(), Packed::default());
            let w = params.value(ids.weight_ih);
            for (packed, &Block { gate, width, .. }) in self.input.iter_mut().zip(blocks) {
                packed.pack_transposed(&w[gate * hidden * features..], width * hidden, features);
            }
            self.recurrent.pack_transposed(params.value(ids.weight_hh), cell.gates().len() * hidden, hidden);
            self.sum_biases(ids, params, cell, hidden);
            for (id, gain) in [(ids.norm_ih, &mut self.gain_ih), (ids.norm_hh, &mut self.gain_hh)] {
                let values = id.map_or(&[][..], |id| params.value(id));
                fit(gain, values.len());
                gain.copy_from_slice(values);
            }
            self.forward = now;
        }
        if multi_hot && self.gather != now {
            let rows = cell.gates().len() * hidden;
            fit(&mut self.input_rows, features * rows);
            for (row, w) in params.value(ids.weight_ih).chunks_exact(features).enumerate() {
                for (feature, &w) in w.iter().enumerate() {
                    self.input_rows[feature * rows + row] = w;
                }
            }
            self.gather = now;
        }
        Ok(())
    }

    /// Packs for the backward pass unless that was done already.
    pub(crate) fn for_backward(
        &mut self,
        ids: &LayerIds,
        params: &Parameters<S>,
        cell: Cell,
        sizes: (usize, usize),
    ) {
        let now = Some((params.version(), simd::path()));
        if self.backward == now {
            return;
        }
        let (features, hidden) = sizes;
        let blocks = input_products(cell, ids.norm_ih.is_some());
        self.input_back.resize(blocks.len(), Packed::default());
        let w = params.value(ids.weight_ih);
        for (packed, &Block { gate, width, .. }) in self.input_back.iter_mut().zip(blocks) {
            packed.pack_plain(&w[gate * hidden * features..], width * hidden, features, features);
        }
        self.recurrent_back.pack_plain(
            params.value(ids.weight_hh),
            cell.gates().len() * hidden,
            hidden,
            hidden,
        );
        self.backward = now;
    }

    /// The biases of both products, each where its product goes.
    fn sum_biases(&mut self, ids: &LayerIds, params: &Parameters<S>, cell: Cell, hidden: usize) {
        let layout = Layout::of(cell);
        fit(&mut self.bias, layout.slots * hidden);
        self.bias.fill(S::zero());
        let (Some(bias_ih), Some(bias_hh)) = (ids.bias_ih, ids.bias_hh) else { return };
        for (id, blocks) in [(bias_ih, layout.input), (bias_hh, std::slice::from_ref(&layout.recurrent))] {
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
        if let Some(index) = params.value(id).iter().position(|value| !value.is_finite()) {
            let name = params.entry(id).name.clone();
            return Err(Error::NonFinite { name, index, value: params.value(id)[index].f64() });
        }
    }
    Ok(())
}
