//! What the trainer asks of a model ([`Trainable`]), and its answers for sequence models and encoder–decoders.

mod model;
mod seq2seq;
mod sequence;
mod sequence_sampler;

pub use model::Trainable;
pub use seq2seq::PairBatches;
pub use sequence::{SequenceBatches, mean_nll};
