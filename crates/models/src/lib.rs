//! Recurrent sequence models wired to musical representations, and the model file.
//!
//! [`SequenceModel`] is a recurrent stack between an input layer and a linear output layer. What the numbers mean is said by its
//! [`Encoding`]: the two planes of a frame representation with sigmoid outputs, a vocabulary of tokens with a softmax, or real
//! values with squared error. [`seq2seq`] turns one part into another, with an encoder and a decoder. [`mod@file`] writes a model
//! with everything that is needed to use it again.
//!
//! Arrays are ndarray's: views of any memory layout in, views of the model's own memory out. Shapes are checked once, and an
//! error has both: `the inputs: expected [T=17, B=3, F=88], got [17, 3, 90]`. `T` are steps, `B` the rows of a batch, `F` input
//! features, `V` outputs, `H` hidden units.
//!
//! ```
//! use composer_bptt::{Cell, Init, Mode, RecurrentConfig};
//! use composer_models::{Encoding, ModelConfig, SequenceBatch, SequenceModel, Workspace};
//! use ndarray::Array3;
//!
//! let stack = RecurrentConfig { cell: Cell::Gru, hidden: 16, layers: 2, ..Default::default() };
//! let config = ModelConfig::new(Encoding::mapping(4, 2), stack); // 4 numbers in, 2 out
//! let mut model = SequenceModel::new(config, &Init::PYTORCH, 1)?;
//!
//! let (inputs, targets) = (Array3::ones((17, 3, 4)), Array3::zeros((17, 3, 2))); // [T, B, F], [T, B, V]
//! let batch = SequenceBatch::from_arrays(model.encoding(), inputs.view(), targets.view(), None)?;
//! let (mut ws, mut state) = (Workspace::default(), model.zero_state(3));
//! model.forward(&batch, &mut state, Mode::Eval, &mut ws)?;
//! assert_eq!((ws.logits().shape(), ws.hidden().shape()), (&[17, 3, 2][..], &[17, 3, 16][..]));
//!
//! let nats = model.loss(&batch, &mut ws)?; // and now `ws.logits()` are its gradient
//! model.backward(&batch, &mut ws)?;
//! assert_eq!(model.gradient("recurrent.weight_hh_l0")?.shape(), [3 * 16, 16]);
//! # assert!(nats > 0.0);
//! # Ok::<(), composer_models::Error>(())
//! ```
//!
//! # Order of features
//!
//! A frame of `P` pitches is `V = 2P` bits: the *sounding plane*, which pitches sound, then the *onset plane*, which of them are
//! struck, each from `pitch_low` up (without an onset plane, `V = P`). Outputs have this order; input features are the bits of
//! the step before, then the start feature, then the place in the metre: [`Encoding`] has the table. So columns `0..P` of
//! `recurrent.weight_ih_l0` read what sounded, `P..2P` what was struck, `V` the start and the others the metre.
//!
//! With [`ModelConfig::coupled`], the bits of one frame are not independent: bit `u`, if it is on, adds `coupling.weight[u, v]` to
//! the logit of every bit `v` decided after it, first the sounding plane from the lowest pitch up, then the onset plane
//! ([`composer_bptt::Coupling`] has the equations). The logits of a training batch include what the true bits add; those of a
//! single step do not, and decoding adds it bit by bit.

pub mod batch;
mod config;
pub mod encoding;
mod error;
pub mod file;
mod forecast;
mod head;
mod language_model;
pub mod output_bias;
pub mod scoring;
pub mod seq2seq;
pub mod sequence_model;
pub mod streams;

pub use batch::{SequenceBatch, Targets};
pub use composer_bptt::{Coupled, arrays};
pub use config::ModelConfig;
pub use encoding::{Encoding, Sequence};
pub use error::Error;
pub use forecast::forecast;
pub use language_model::{LanguageModel, StepInput};
pub use seq2seq::{Seq2Seq, Seq2SeqConfig};
pub use sequence_model::{SequenceModel, Stepper, Workspace};
