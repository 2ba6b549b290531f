//! Tied across pitch: a recurrence over time that all pitches share, and one over the pitches of a frame that all times share.
//!
//! ```text
//! x_(t,p)   features of pitch p at step t: what sounds around it in the frame before, relative to it, and the place in the bar
//! h_(t,p) = cell_time(x_(t,p), h_(t−1,p))                      the recurrent stack of the model, one row for each pitch
//! z_(t,p) = [h_(t,p), what is decided of the pitches p − 1, …, p − below, conditions]
//! g_(t,p) = cell_notes(z_(t,p), g_(t,p−1))                     from the lowest pitch up, from a state of zeros
//! y_(t,p) = W_output g_(t,p) + b_output
//! P(p sounds | pitches below) = σ(y_(t,p)[0])
//! P(p is struck | it sounds and did before, pitches below) = σ(y_(t,p)[1])
//! P(frame) = Π_p P(p | pitches below)                          exact, by the chain rule of probability
//! ```
//!
//! This is the biaxial LSTM of Johnson ("Composing music with recurrent neural networks", 2015) and the tied parallel network BALSTM of
//! Johnson ("Generating Polyphonic Music Using Tied Parallel Networks", 2017), with any cell and depth. No weight belongs to a pitch but
//! those of its own place ([`BiaxialConfig::absolute`]). Without them, transposed music has transposed probabilities, except near the ends
//! of the range: features of what is around a pitch end there, and the second recurrence begins at its lowest pitch.

mod features;
mod passes;
mod writer;

pub(crate) use features::FeatureRows;
pub(crate) use passes::BiaxialWorkspace;
pub(crate) use writer::PitchScratch;

use crate::note_wise::NOTES_PREFIX;
use crate::output_bias::output_bias;
use crate::{Encoding, Sequence};
use composer_bptt::{Error, Init, Linear, Parameters, Recurrent, RecurrentConfig};
use composer_tensor::Scalar;
use features::PitchSpace;
use rand::Rng;
use serde::{Deserialize, Serialize};

/// What is tied across pitch, beside the recurrence over time, which is [`crate::ModelConfig::recurrent`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BiaxialConfig {
    /// The recurrence over the pitches of a frame. Its `input` follows from the rest.
    pub notes: RecurrentConfig,
    /// Probability that an output of it is dropped on its way to the output layer, while training.
    #[serde(default)]
    pub output_dropout: f64,
    /// Whether each pitch reads its own place.
    pub absolute: bool,
    /// Pitches below whose decisions the second recurrence reads directly; it remembers those of all.
    pub below: usize,
}

/// An octave.
const BELOW: usize = 12;

impl BiaxialConfig {
    /// Above a recurrence over time with `hidden` outputs, whatever `notes.input` was: pitches read their own place, and the decisions of an
    /// octave below.
    pub fn new(encoding: &Encoding, hidden: usize, notes: RecurrentConfig) -> Self {
        Self { notes, output_dropout: 0.0, absolute: true, below: BELOW }.fitted(encoding, hidden, 0)
    }

    /// The same with the `notes.input` that it has to have under conditions with so many features.
    pub fn fitted(self, encoding: &Encoding, hidden: usize, conditions: usize) -> Self {
        let planes = PitchSpace::of(encoding, self.absolute).map_or(0, |space| space.planes());
        let notes = RecurrentConfig { input: hidden + planes * self.below + conditions, ..self.notes };
        Self { notes, ..self }
    }

    /// Features of one pitch: what the recurrence over time reads, without conditions; 0 for all encodings but frames.
    pub fn features(&self, encoding: &Encoding) -> usize {
        PitchSpace::of(encoding, self.absolute).map_or(0, |space| space.features())
    }
}

/// The layers above the recurrence over time, what that reads, and where their parameters are.
#[derive(Clone)]
pub(crate) struct Biaxial {
    pub(super) space: PitchSpace,
    pub(super) notes: Recurrent,
    /// From the second recurrence to the logit of sounding and, with an onset plane, of being struck.
    pub(super) output: Linear,
    /// Features of a pitch from the recurrence over time, `H`.
    pub(super) hidden: usize,
    pub(super) below: usize,
    pub(super) output_dropout: f64,
}

impl Biaxial {
    /// Adds the parameters, zeros. `hidden` are the features of a pitch from the recurrence over time, `H`, `conditions` those of the
    /// conditions.
    pub fn new<S: Scalar>(
        config: &BiaxialConfig,
        encoding: &Encoding,
        (hidden, conditions): (usize, usize),
        params: &mut Parameters<S>,
    ) -> Result<Self, Error> {
        let Some(space) = PitchSpace::of(encoding, config.absolute) else {
            return Err(Error::Unsupported("only a model of frames can be tied across pitch"));
        };
        let space = space.under(conditions);
        let (notes, below) = (&config.notes, config.below);
        if !(1..=128).contains(&below) {
            let expected = "it must be from 1 to 128";
            return Err(Error::Config { name: "biaxial.below", value: below.to_string(), expected });
        }
        if notes.bidirectional || notes.input != hidden + space.planes() * below + conditions {
            return Err(Error::Config {
                name: "biaxial.notes",
                value: format!("input {}, bidirectional {}", notes.input, notes.bidirectional),
                expected: "it must run upwards only and read the outputs over time and the decisions below",
            });
        }
        if !(0.0..1.0).contains(&config.output_dropout) {
            return Err(Error::Config {
                name: "biaxial.output_dropout",
                value: config.output_dropout.to_string(),
                expected: "it must be at least 0 and below 1",
            });
        }
        let stack = Recurrent::new(notes.clone(), NOTES_PREFIX, params)?;
        let prefix = format!("{NOTES_PREFIX}.output");
        let output = Linear::new(notes.hidden, space.planes(), true, &prefix, params)?;
        let output_dropout = config.output_dropout;
        Ok(Self { space, notes: stack, output, hidden, below, output_dropout })
    }

    /// Logits of a frame, `V`.
    pub fn outputs(&self) -> usize {
        self.space.planes() * self.space.pitches
    }

    /// Overwrites `rows` by the features of all pitches of steps that have these features of the encoding, multi-hot.
    pub fn write_features(&self, steps: (&[u32], &[usize]), rows: &mut FeatureRows) {
        self.space.write(steps, rows);
    }

    /// First values for all weights.
    pub fn init<S: Scalar, R: Rng>(&self, params: &mut Parameters<S>, init: &Init, rng: &mut R) {
        self.notes.init(params, init, rng);
        self.output.init(params, init, rng);
    }

    /// Output bias initialisation: how often any pitch sounds, and is struck where it goes on sounding.
    pub fn init_output_bias(
        &self,
        params: &mut Parameters<f32>,
        encoding: &Encoding,
        sequences: &[Sequence],
    ) {
        let Some(bias) = self.output.bias() else { return };
        let log_odds = output_bias(encoding, sequences);
        for (bias, plane) in params.value_mut(bias).iter_mut().zip(log_odds.chunks_exact(self.space.pitches))
        {
            let shares = plane.iter().map(|&logit| 1.0 / (1.0 + (-f64::from(logit)).exp()));
            let mean = shares.sum::<f64>() / plane.len() as f64;
            *bias = (mean / (1.0 - mean)).ln() as f32;
        }
    }

    /// Whether a training draws random numbers.
    pub fn draws(&self) -> bool {
        self.output_dropout > 0.0 || self.notes.config().draws()
    }
}
