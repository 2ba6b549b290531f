//! [`ModelConfig`]: what a sequence model is.

use crate::limits::check_encoding;
use crate::network::Network;
use crate::note_wise::NoteWiseConfig;
use crate::{Encoding, Error};
use composer_bptt::RecurrentConfig;
use serde::{Deserialize, Serialize};

/// Everything that says what a model is, apart from its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelConfig {
    /// What the input and the output mean.
    pub encoding: Encoding,
    /// The recurrent stack. Its `input` always equals [`Encoding::inputs`].
    pub recurrent: RecurrentConfig,
    /// Probability that an output of the stack is dropped on its way to the output layer, while training. The `dropout`
    /// of the stack itself, as in PyTorch, is between its layers only.
    #[serde(default)]
    pub output_dropout: f64,
    /// Whether the bits of a frame see each other ([`composer_bptt::Coupling`]): lower pitches first, then which of them are struck. For
    /// frames only.
    #[serde(default)]
    pub coupled: bool,
    /// A second recurrence that writes the notes of each frame one by one ([`crate::note_wise`]), in the place of the output layer. For
    /// frames only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note_wise: Option<NoteWiseConfig>,
}

impl ModelConfig {
    /// A configuration whose stack fits the encoding, whatever `recurrent.input` was.
    pub fn new(encoding: Encoding, recurrent: RecurrentConfig) -> Self {
        let recurrent = RecurrentConfig { input: encoding.inputs(), ..recurrent };
        Self { encoding, recurrent, output_dropout: 0.0, coupled: false, note_wise: None }
    }

    /// The same with frames made in another way; the note stack, if there is one, is `notes`. For models of frames: others stay as they are.
    pub fn with_network(self, network: Network, notes: RecurrentConfig, output_dropout: f64) -> Self {
        if self.encoding.first_plane().is_none() {
            return self;
        }
        let note_wise = (network == Network::NoteWise)
            .then(|| NoteWiseConfig { output_dropout, ..NoteWiseConfig::new(&self.encoding, notes) });
        Self { coupled: network == Network::Coupled, note_wise, ..self }
    }

    /// Whether frames are written note by note.
    pub fn writes_notes(&self) -> bool {
        self.note_wise.is_some()
    }

    /// Refuses what contradicts itself.
    pub(crate) fn check(&self) -> Result<(), Error> {
        check_encoding(&self.encoding).map_err(Error::OutOfRange)?;
        if self.recurrent.input != self.encoding.inputs() {
            return Err(Error::Features { stack: self.recurrent.input, encoding: self.encoding.inputs() });
        }
        if !(0.0..1.0).contains(&self.output_dropout) {
            return Err(Error::OutputDropout(self.output_dropout));
        }
        if self.coupled && self.encoding.first_plane().is_none() {
            return Err(Error::CoupledTokens(self.encoding.kind()));
        }
        if self.coupled && self.note_wise.is_some() {
            return Err(Error::Unsupported("a model that writes frames note by note has no coupling"));
        }
        Ok(())
    }
}
