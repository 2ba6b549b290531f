//! Recurrent sequence models wired to musical representations, and the model file.
//!
//! [`SequenceModel`] is a recurrent stack between a multi-hot input and a linear output layer. What the numbers mean
//! is said by its [`Encoding`]: the two planes of a frame representation with sigmoid outputs, or a vocabulary of
//! tokens with a softmax. [`seq2seq`] turns one part into another, with an encoder and a decoder. [`mod@file`] writes a model with everything that is needed to use it again.

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

/// The examples of README.md, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;

pub use batch::{SequenceBatch, Targets};
pub use composer_bptt::Coupled;
pub use encoding::{Encoding, Sequence};
pub use error::Error;
pub use seq2seq::{Seq2Seq, Seq2SeqConfig};
pub use sequence_model::{LanguageModel, ModelConfig, SequenceModel, Workspace};
