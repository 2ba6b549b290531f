//! Training in two stages: an unconditional decoder first, then only the weights that read the source.
//!
//! On a small corpus, a network with a source overfits in more ways than one without, and may do worse on held-out pieces although
//! it is given more. One that begins with the weights of the unconditional model, reads its source with weights of zero, and trains
//! nothing but the encoder and those weights can only gain from the source.

use super::{Seq2Seq, Seq2SeqConfig};
use crate::Error;
use composer_bptt::Init;
use composer_tensor::Scalar;

impl<S: Scalar> Seq2Seq<S> {
    /// A model with an aligned source that computes exactly what `unconditional` computes, a model without any source: the
    /// decoder's weights for the source are zero. The encoder is random, as in [`Seq2Seq::new`].
    ///
    /// # Errors
    /// As for [`Seq2Seq::new`]; or `unconditional` has a source or differs in more than that, or the new model has a bridge or
    /// attention, which cannot be initialised to have no effect.
    pub fn from_unconditional(
        unconditional: &Self,
        config: Seq2SeqConfig,
        init: &Init,
        seed: u64,
    ) -> Result<Self, Error> {
        let mut model = Self::new(config, init, seed)?;
        let without = Seq2SeqConfig { aligned: false, ..model.config.clone() }.completed();
        if !model.config.aligned
            || without.bridge
            || without.attention.is_some()
            || unconditional.config != without
        {
            let what = "only a model whose source is aligned, without bridge and attention, can begin as an unconditional one";
            return Err(composer_bptt::Error::Unsupported(what).into());
        }
        let reads_source = model.reads_source();
        let mut ids = model.params.ids().zip(unconditional.params.ids()).collect::<Vec<_>>();
        ids.retain(|&(id, _)| !model.params.entry(id).name.starts_with(ENCODER));
        for (id, from) in ids {
            let range = model.params.entry(id).range.clone();
            let mut from = unconditional.params.value(from).iter();
            for (value, &reads) in model.params.value_mut(id).iter_mut().zip(&reads_source[range]) {
                *value = if reads { S::zero() } else { from.next().copied().unwrap_or(S::zero()) };
            }
        }
        Ok(model)
    }

    /// For each value of the parameters, whether it reads an aligned source: the encoder's weights, and the decoder's weights for
    /// the encoder's output.
    pub fn reads_source(&self) -> Vec<bool> {
        let mut reads = vec![false; self.params.values().len()];
        let (symbols, width) = (self.config.target.inputs(), self.config.decoder.input);
        for entry in self.params.entries() {
            let of_entry = &mut reads[entry.range.clone()];
            if entry.name.starts_with(ENCODER) {
                of_entry.fill(true);
            } else if entry.name == FIRST_WEIGHTS {
                for (index, reads) in of_entry.iter_mut().enumerate() {
                    *reads = index % width >= symbols;
                }
            }
        }
        reads
    }
}

const ENCODER: &str = "encoder.";
/// `[G·H, symbols + memory]`
const FIRST_WEIGHTS: &str = "decoder.weight_ih_l0";
