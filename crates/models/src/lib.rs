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
//! # What goes in and what comes out
//!
//! At step `t`, a model reads the symbol of step `t - 1` and gives logits `[T·B, V]` of the symbol at `t`. Its `F` features are
//!
//! | features | frames with `P` pitches | tokens |
//! |---|---|---|
//! | symbol before | `0..P`: pitch `pitch_low + k` sounds; `P..2P`, with an onset plane: it is struck | `0..V`: the token, one-hot |
//! | start | `V`: on at the first step only, where no symbol is before | `V` |
//! | `metre` | `V + 1 + (steps since the bar line) mod metre`, where `metre` is not 0 | none |
//! | `bar_line` | `V + metre + min(steps to the next bar line, bar_line)`, where `bar_line` is not 0 | none |
//! | beat | `V + 1 + metre + bar_line`, where `bar_line` is not 0 and a beat begins at `t` | none |
//! | earlier bars | `V` for each bar that the network looks back | none |
//! | longest match | `V` for what followed it, 6 for its length, where `longest_match` is on | the same, first after `V` |
//! | conditions | last: one of the values of each ([`conditions`]), if it is given | the same |
//!
//! so without the last two `F` is `V + 1 + metre` (and `bar_line + 1` more where that is not 0), and `V` is `P`, `2P` or the vocabulary. Outputs have the order of the first row: sounding plane, then onset
//! plane. [`Encoding`] says it in code.
//!
//! A network of tokens can have an embedding ([`TokenNetwork`]): its stack reads the sum of the vectors of the features that are on,
//! `embedding.weight` `[V, E]` for the tokens and `embedding.others.weight` `[F − V, E]` for all others. With tied weights, there is no
//! `output.weight`: it is `embedding.weight`.
//!
//! Without a coupling, each bit of a frame is `σ(logit)`. With one (`coupled`), `coupling.weight[u, v]` is what bit `u` adds to the logit
//! of bit `v` where `u` is known before `v`: lower bits first, the sounding plane before the onset plane; an onset that follows from the
//! sounding plane (its loss mask is 0, see [`Targets`]) is known to all onsets. [`composer_bptt::backpropagation::coupling`] derives it.
//!
//! [`composer_bptt::pytorch`] computes the logits of a model file in PyTorch, all of this included.

mod bar_attention;
pub mod batch;
pub mod biaxial;
pub mod conditions;
mod config;
mod digits;
mod dropout;
pub mod encoding;
mod error;
pub mod file;
mod forecast;
pub mod form;
mod frame_bits;
mod head;
mod held;
mod keep;
mod language_model;
mod limits;
mod mode;
mod network;
pub mod note_lengths;
pub mod note_wise;
mod notes;
pub mod output_bias;
mod past;
mod past_features;
mod place;
pub mod scoring;
pub mod seq2seq;
mod sequence;
pub mod sequence_model;
mod shortcuts;
mod stack_input;
mod stepper;
pub mod streams;
mod targets;
mod token_input;
mod token_network;
mod voices;
mod weight_type;

/// The examples of README.md, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;

pub use bar_attention::{BARS_PREFIX, MAX_PAST_BARS, PastBars, SequenceState};
pub use batch::SequenceBatch;
pub use biaxial::BiaxialConfig;
pub use composer_bptt::{Coupled, arrays};
pub use conditions::{Condition, ConditionTrack, ConditionValues, Conditions, Dropped, Harmony, HarmonyPlan};
pub use config::ModelConfig;
pub use encoding::{Encoding, FrameSequence, Sequence, TokenSequence};
pub use error::Error;
pub use forecast::forecast;
pub use form::Form;
pub use language_model::{LanguageModel, StepInput};
pub use network::Network;
pub use note_wise::{NextNote, NotePosition, NoteWiseConfig};
pub use past::{Match, Past};
pub use past_features::TokenPast;
pub use seq2seq::{Seq2Seq, Seq2SeqConfig};
pub use sequence_model::{SequenceModel, Workspace};
pub use stepper::Stepper;
pub use targets::Targets;
pub use token_network::TokenNetwork;
pub use voices::{MAX_VOICES, VoiceInputs, VoiceState};
pub use weight_type::WeightType;
