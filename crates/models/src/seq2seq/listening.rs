//! First to write alone, then to listen: a model that begins as one that hears no source, and learns what the source adds.
//!
//! Of a small corpus, a network with a source learns the pieces by heart in more ways than one without, and may do worse on others
//! although it knows more. One that begins with the weights of the other, reads the source with zeros, and learns nothing but how to
//! read it, can only gain by what it hears.

use super::{Seq2Seq, Seq2SeqConfig};
use crate::Error;
use composer_bptt::Init;
use composer_tensor::Scalar;

impl<S: Scalar> Seq2Seq<S> {
    /// A model that hears its source by alignment and writes exactly as `alone` does, which hears none: the weights by which the
    /// decoder reads the source are zero. The encoder is random, as in [`Seq2Seq::new`].
    ///
    /// # Errors
    /// As for [`Seq2Seq::new`]; or `alone` hears a source or differs in more than that, or the new model has a bridge or
    /// attention, which no weights make silent.
    pub fn listening(alone: &Self, config: Seq2SeqConfig, init: &Init, seed: u64) -> Result<Self, Error> {
        let mut model = Self::new(config, init, seed)?;
        let silent = Seq2SeqConfig { aligned: false, ..model.config.clone() }.completed();
        if !model.config.aligned || silent.bridge || silent.attention.is_some() || alone.config != silent {
            let what =
                "only a model that hears its source by alignment alone can begin as one that hears none";
            return Err(composer_bptt::Error::Unsupported(what).into());
        }
        let listens = model.reads_source();
        let mut ids = model.params.ids().zip(alone.params.ids()).collect::<Vec<_>>();
        ids.retain(|&(id, _)| !model.params.entry(id).name.starts_with(ENCODER));
        for (id, from) in ids {
            let range = model.params.entry(id).range.clone();
            let mut from = alone.params.value(from).iter();
            for (value, &listens) in model.params.value_mut(id).iter_mut().zip(&listens[range]) {
                *value = if listens { S::zero() } else { from.next().copied().unwrap_or(S::zero()) };
            }
        }
        Ok(model)
    }

    /// For each of the parameters' values, whether it belongs to the way of an aligned source into the decoder: the encoder, and the
    /// decoder's weights for what the encoder says.
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
