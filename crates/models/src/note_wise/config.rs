//! [`NoteWiseConfig`]: what a note stack is.

use super::layout::NoteSpace;
use crate::Encoding;
use composer_bptt::RecurrentConfig;
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
    pub relative_logits: bool,
}

impl NoteWiseConfig {
    /// A note stack for an encoding, whatever `recurrent.input` was; no features for any but frames.
    pub fn new(encoding: &Encoding, recurrent: RecurrentConfig) -> Self {
        Self { recurrent, output_dropout: 0.0, relative_logits: false }.fitted(encoding, 0)
    }

    /// The same with the `recurrent.input` that it has to have under conditions with so many features.
    pub(crate) fn fitted(self, encoding: &Encoding, conditions: usize) -> Self {
        let input =
            NoteSpace::of(encoding, conditions, self.relative_logits).map_or(0, |space| space.features());
        Self { recurrent: RecurrentConfig { input, ..self.recurrent }, ..self }
    }
}
