//! [`BiaxialConfig`]: what is tied across pitch, and how.

use super::features::PitchSpace;
use crate::Encoding;
use composer_bptt::RecurrentConfig;
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
