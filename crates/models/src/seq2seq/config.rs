//! What an encoder–decoder looks like.

use crate::limits::{check_encoding, check_size};
use crate::note_wise::NoteWiseConfig;
use crate::{Encoding, Error};
use composer_bptt::{AttentionScore, RecurrentConfig};
use serde::{Deserialize, Serialize};

/// How the decoder attends to the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttentionConfig {
    /// The score.
    pub score: AttentionScore,
    /// Hidden units of an additive score; the others have none.
    pub hidden: usize,
}

/// Everything that says what an encoder–decoder is, apart from its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seq2SeqConfig {
    /// What the source means: frames, tokens, or features of each step ([`Encoding::mapping`] onto nothing).
    pub source: Encoding,
    /// What the target means.
    pub target: Encoding,
    /// Styles that can be asked for, each a feature of every source step.
    pub styles: usize,
    /// The encoder; its `input` follows from `source` and `styles`. It may be bidirectional.
    pub encoder: RecurrentConfig,
    /// The decoder; its `input` follows from `target` and `aligned`.
    pub decoder: RecurrentConfig,
    /// Whether the decoder begins with what the encoder ended with.
    pub bridge: bool,
    /// Whether each step of the decoder reads the encoder's output at the same step.
    pub aligned: bool,
    /// Whether, and how, each step of the decoder attends to all steps of the source.
    pub attention: Option<AttentionConfig>,
    /// Probability that an output of the decoder is dropped on its way to the output layer, while training.
    #[serde(default)]
    pub output_dropout: f64,
    /// How frames are written note by note; `None`: all logits at once, each pitch on its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note_wise: Option<NoteWiseConfig>,
}

impl Seq2SeqConfig {
    /// The configuration with the widths of both inputs as they follow from the rest.
    pub fn completed(mut self) -> Self {
        self.encoder.input = self.source.inputs() + self.styles;
        let from_memory = if self.aligned { self.encoder.output() } else { 0 };
        self.decoder.input = self.target.inputs() + from_memory;
        self.note_wise = self.note_wise.map(|notes| notes.fitted(&self.target, 0));
        self
    }

    /// Refuses numbers that no model can have, before sizes are computed from them.
    pub(super) fn check(&self) -> Result<(), Error> {
        let attention = self.attention.map_or(1, |attention| attention.hidden);
        let sizes = check_encoding(&self.source)
            .and_then(|()| check_encoding(&self.target))
            .and_then(|()| check_size("styles", self.styles))
            .and_then(|()| check_size("attention.hidden", attention));
        sizes.map_err(Error::OutOfRange)?;
        if self.source.note_lengths() + self.target.note_lengths() > 0 {
            return Err(Error::Unsupported("an encoder–decoder does not decide the lengths of notes"));
        }
        for stack in [&self.encoder, &self.decoder] {
            // What follows from the rest is not looked at yet.
            RecurrentConfig { input: 1, ..stack.clone() }.validate()?;
        }
        if let Some(notes) = &self.note_wise {
            RecurrentConfig { input: 1, ..notes.recurrent.clone() }.validate()?;
        }
        if !(0.0..1.0).contains(&self.output_dropout) {
            return Err(Error::OutputDropout(self.output_dropout));
        }
        Ok(())
    }

    /// Numbers in the state of one row.
    pub(super) fn state_width(&self, stack: &RecurrentConfig) -> usize {
        stack.layers * stack.directions() * stack.hidden * if stack.cell.has_c() { 2 } else { 1 }
    }
}
