//! Recurrent sequence models wired to musical representations, and the model file.
//!
//! [`SequenceModel`] is a recurrent stack between a multi-hot input and a linear output layer. What the numbers mean
//! is said by its [`Encoding`]: the two planes of a frame representation with sigmoid outputs, or a vocabulary of
//! tokens with a softmax. [`seq2seq`] turns one part into another, with an encoder and a decoder. [`mod@file`] writes a model with everything that is needed to use it again.
//!
//! # What goes in and what comes out
//!
//! At step `t`, a model reads the symbol of step `t - 1` and gives logits `[T·B, V]` of the symbol at `t`. Its `F` features are
//!
//! | features | frames with `P` pitches | tokens |
//! |---|---|---|
//! | symbol before | `0..P`: pitch `pitch_low + k` sounds; `P..2P`, with an onset plane: it is struck | `0..V`: the token, one-hot |
//! | start | `V`: on at the first step only, where no symbol is before | `V` |
//! | metre | `V + 1 + t mod metre`, where `metre` is not 0 | none |
//!
//! so `F` is `V + 1 + metre`, and `V` is `P`, `2P` or the vocabulary. Outputs have the order of the first row: sounding plane, then onset
//! plane. [`Encoding`] says it in code.
//!
//! Without a coupling, each bit of a frame is `σ(logit)`. With one (`coupled`), `coupling.weight[u, v]` is what bit `u` adds to the logit
//! of bit `v` where `u` is known before `v`: lower bits first, the sounding plane before the onset plane; an onset that follows from the
//! sounding plane (its loss mask is 0, see [`Targets`]) is known to all onsets. [`composer_bptt::backpropagation::coupling`] derives it.
//!
//! [`composer_bptt::pytorch`] computes the logits of a model file in PyTorch, all of this included.

pub mod batch;
pub mod encoding;
mod error;
pub mod file;
mod head;
pub mod prior;
pub mod scoring;
pub mod seq2seq;
pub mod sequence_model;
pub mod streams;

pub use batch::{SequenceBatch, Targets};
pub use composer_bptt::Coupled;
pub use encoding::{Encoding, Sequence};
pub use error::Error;
pub use seq2seq::{Seq2Seq, Seq2SeqConfig};
pub use sequence_model::{LanguageModel, ModelConfig, SequenceModel, Workspace};
