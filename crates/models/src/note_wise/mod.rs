//! Frame, then notes: a second recurrence writes the notes of each frame from the lowest up and ends with a stop.
//!
//! The recurrence over time gives a *context* for each frame. From it the *note stack* begins, and reads each note that is decided:
//!
//! ```text
//! h_0 = tanh(W_bridge context + b_bridge)                    of every layer; c_0 = 0
//! h_k = cell(features(note_k), h_(k−1))                      the note decided last; the start before the first
//! y_k = W_output h_k + b_output
//! logit_k[v] = y_k[v] + (W_context context)[v] + y_k[C + interval]     interval: from note_k up to v
//! P(note_(k+1) = v) = softmax over the notes above note_k, and stop
//! P(frame) = Π_k P(note_k | notes below)                     exact, by the chain rule of probability
//! ```
//!
//! A note is a pitch that is held from the frame before, where it sounded there, or one that is struck. Autoregressive frames are those
//! of RNN-NADE (Boulanger-Lewandowski et al. 2012); here a chord is a sequence of its notes, as in event models, and time has one step for
//! each frame.

mod layout;
mod passes;
mod relative;
mod writer;

pub(crate) use layout::Decided;
pub(crate) use passes::NoteWorkspace;
pub use writer::{NextNote, NotePosition, NoteScratch};

use crate::{Encoding, Sequence};
use composer_bptt::{Error, Init, Linear, Parameters, Recurrent, RecurrentConfig};
use composer_music::representation::frames::Frame;
use composer_tensor::Scalar;
use layout::NoteSpace;
use rand::Rng;
use serde::{Deserialize, Serialize};

/// The note stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoteWiseConfig {
    /// The recurrence over the notes of a frame. Its `input` follows from the encoding.
    pub recurrent: RecurrentConfig,
    /// Probability that an output of the note stack is dropped on its way to the output layer, while training.
    #[serde(default)]
    pub output_dropout: f64,
    /// Whether there are logits relative to what the network read: intervals from the outer notes of the last frame, and notes that earlier bars
    /// had at this place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub relative: bool,
}

impl NoteWiseConfig {
    /// A note stack for an encoding, whatever `recurrent.input` was; no features for any but frames.
    pub fn new(encoding: &Encoding, recurrent: RecurrentConfig) -> Self {
        Self { recurrent, output_dropout: 0.0, relative: false }.fitted(encoding, 0)
    }

    /// The same with the `recurrent.input` that it has to have under conditions with so many features.
    pub(crate) fn fitted(self, encoding: &Encoding, conditions: usize) -> Self {
        let input = space(encoding, conditions, self.relative).map_or(0, |space| space.features());
        Self { recurrent: RecurrentConfig { input, ..self.recurrent }, ..self }
    }
}

/// The layers that write a frame, and where their parameters are.
#[derive(Clone)]
pub(crate) struct NoteWise {
    pub(super) space: NoteSpace,
    pub(super) notes: Recurrent,
    /// From the context to the first state of every layer.
    pub(super) bridge: Linear,
    /// From the note stack to the logits of classes, then of intervals.
    pub(super) output: Linear,
    /// From the context to the logits of classes.
    pub(super) context: Linear,
    pub(super) output_dropout: f64,
}

/// Prefix of the note stack's parameters in a model file.
pub const NOTES_PREFIX: &str = "notes";

/// The notes under an encoding and conditions with so many features.
fn space(encoding: &Encoding, conditions: usize, relative: bool) -> Option<NoteSpace> {
    let Encoding::Frames { representation, .. } = encoding else { return None };
    let (representation, past, lags) = (*representation, encoding.first_past(), encoding.past_planes());
    let (pitches, onset_plane) = (representation.num_pitches(), representation.onset_plane);
    let first_condition = encoding.inputs();
    Some(NoteSpace {
        representation,
        pitches,
        onset_plane,
        past,
        lags,
        first_condition,
        conditions,
        relative,
    })
}

impl NoteWise {
    /// Adds the parameters, zeros. `hidden` are the features of a context, `H`, `conditions` those of the conditions.
    pub fn new<S: Scalar>(
        config: &NoteWiseConfig,
        encoding: &Encoding,
        (hidden, conditions): (usize, usize),
        params: &mut Parameters<S>,
    ) -> Result<Self, Error> {
        let Some(space) = space(encoding, conditions, config.relative) else {
            return Err(Error::Unsupported("only a model of frames writes note by note"));
        };
        let recurrent = &config.recurrent;
        if recurrent.bidirectional || recurrent.input != space.features() {
            return Err(Error::Config {
                name: "note_wise.recurrent",
                value: format!("input {}, bidirectional {}", recurrent.input, recurrent.bidirectional),
                expected: "it must run upwards only and read the features of the notes",
            });
        }
        if !(0.0..1.0).contains(&config.output_dropout) {
            return Err(Error::Config {
                name: "note_wise.output_dropout",
                value: config.output_dropout.to_string(),
                expected: "it must be at least 0 and below 1",
            });
        }
        let notes = Recurrent::new(recurrent.clone(), NOTES_PREFIX, params)?;
        let states = recurrent.layers * recurrent.hidden;
        let named = |name: &str| format!("{NOTES_PREFIX}.{name}");
        let (classes, outputs) = (space.classes(), space.outputs());
        Ok(Self {
            space,
            notes,
            bridge: Linear::new(hidden, states, true, &named("bridge"), params)?,
            output: Linear::new(recurrent.hidden, outputs, true, &named("output"), params)?,
            context: Linear::new(hidden, classes, false, &named("context"), params)?,
            output_dropout: config.output_dropout,
        })
    }

    /// First values for all weights.
    pub fn init<S: Scalar, R: Rng>(&self, params: &mut Parameters<S>, init: &Init, rng: &mut R) {
        self.notes.init(params, init, rng);
        for linear in [&self.bridge, &self.output, &self.context] {
            linear.init(params, init, rng);
        }
    }

    /// Output bias initialisation: how often each class is the next note.
    pub fn init_output_bias(&self, params: &mut Parameters<f32>, sequences: &[Sequence]) {
        let (space, Some(bias)) = (&self.space, self.output.bias()) else { return };
        let mut counts = vec![0.5f32; space.classes()];
        for sequence in sequences {
            let Sequence::Frames(frames) = sequence else { continue };
            let mut before = Frame::default();
            for &frame in frames.iter() {
                space.notes(before, frame).for_each(|class| counts[class] += 1.0);
                counts[space.stop()] += 1.0;
                before = frame;
            }
        }
        let total: f32 = counts.iter().sum();
        let bias = &mut params.value_mut(bias)[..space.classes()];
        bias.iter_mut().zip(counts).for_each(|(bias, count)| *bias = (count / total).ln());
    }

    /// Whether a training draws random numbers.
    pub fn draws(&self) -> bool {
        self.output_dropout > 0.0 || self.notes.config().draws()
    }
}
