//! [`ModelConfig`]: what a sequence model is.

use crate::biaxial::BiaxialConfig;
use crate::conditions::Conditions;
use crate::limits::{check_encoding, check_size};
use crate::network::Network;
use crate::note_wise::NoteWiseConfig;
use crate::token_network::TokenNetwork;
use crate::{Encoding, Error};
use composer_bptt::RecurrentConfig;
use serde::{Deserialize, Serialize};

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Everything that says what a model is, apart from its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelConfig {
    /// What the input and the output mean.
    pub encoding: Encoding,
    /// The recurrent stack over time. Its `input` always equals [`ModelConfig::inputs`].
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
    /// The recurrent stack takes each pitch through time on its own, with the same weights for all, and a second recurrence goes over the
    /// pitches of each frame ([`mod@crate::biaxial`]), in the place of the output layer. For frames only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub biaxial: Option<BiaxialConfig>,
    /// What the model is told of the music, as features behind those of the encoding that all its recurrences read. Not for real values.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub conditions: Conditions,
    /// Width in which each step is compared with the finished bars that it attends to; 0: no such attention. For frames
    /// whose encoding tells where bars end (`bar_line` of at least 2).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bar_attention: usize,
    /// An embedding, tied weights, a mixture of softmaxes. For tokens only.
    #[serde(default, skip_serializing_if = "TokenNetwork::is_plain")]
    pub token_network: TokenNetwork,
}

impl ModelConfig {
    /// A configuration whose stack fits the encoding, whatever `recurrent.input` was.
    pub fn new(encoding: Encoding, recurrent: RecurrentConfig) -> Self {
        let recurrent = RecurrentConfig { input: encoding.inputs(), ..recurrent };
        Self {
            encoding,
            recurrent,
            output_dropout: 0.0,
            coupled: false,
            note_wise: None,
            biaxial: None,
            conditions: Conditions::default(),
            bar_attention: 0,
            token_network: TokenNetwork::default(),
        }
    }

    /// The same with conditions.
    #[must_use]
    pub fn with_conditions(self, conditions: Conditions) -> Self {
        Self { conditions, ..self }.fitted()
    }

    /// The same with an embedding, tied weights or a mixture of softmaxes; the embedding is completed ([`TokenNetwork::completed`]).
    #[must_use]
    pub fn with_token_network(self, network: TokenNetwork) -> Self {
        let token_network = network.completed(self.recurrent.output());
        Self { token_network, ..self }.fitted()
    }

    /// The same with frames made in another way; the note stack, if there is one, is `notes`. For models of frames: others stay as they are.
    pub fn with_network(self, network: Network, notes: RecurrentConfig, output_dropout: f64) -> Self {
        if self.encoding.first_plane().is_none() {
            return self;
        }
        let note_wise = (network == Network::NoteWise)
            .then(|| NoteWiseConfig { output_dropout, ..NoteWiseConfig::new(&self.encoding, notes.clone()) });
        let hidden = self.recurrent.output();
        let biaxial = (network == Network::Biaxial)
            .then(|| BiaxialConfig { output_dropout, ..BiaxialConfig::new(&self.encoding, hidden, notes) });
        Self { coupled: network == Network::Coupled, note_wise, biaxial, ..self }.fitted()
    }

    /// The same with or without logits relative to what was read ([`NoteWiseConfig::relative_logits`]), if it writes note by note.
    #[must_use]
    pub fn with_relative_logits(self, relative_logits: bool) -> Self {
        let note_wise = self.note_wise.map(|notes| NoteWiseConfig { relative_logits, ..notes });
        Self { note_wise, ..self }.fitted()
    }

    /// Whether it has logits relative to what was read.
    pub fn relative_logits(&self) -> bool {
        self.note_wise.as_ref().is_some_and(|notes| notes.relative_logits)
    }

    /// How it makes frames; for models of anything else, independent.
    pub fn network(&self) -> Network {
        match (&self.note_wise, &self.biaxial, self.coupled) {
            (Some(_), ..) => Network::NoteWise,
            (_, Some(_), _) => Network::Biaxial,
            (None, None, true) => Network::Coupled,
            (None, None, false) => Network::Independent,
        }
    }

    /// The same with the sizes of inputs that it has to have.
    pub fn fitted(mut self) -> Self {
        let (hidden, told) = (self.recurrent.output(), self.conditions.features());
        self.note_wise = self.note_wise.map(|notes| notes.fitted(&self.encoding, told));
        self.biaxial = self.biaxial.map(|biaxial| biaxial.fitted(&self.encoding, hidden, told));
        self.recurrent.input = self.inputs();
        self
    }

    /// Features of a row of the recurrent stack: the width of the embedding, or else [`ModelConfig::features`].
    pub fn inputs(&self) -> usize {
        match self.token_network.embedding {
            0 => self.features(),
            width => width,
        }
    }

    /// Features of a row: those of the encoding, or of one pitch, and those of the conditions.
    pub fn features(&self) -> usize {
        let own = match &self.biaxial {
            Some(biaxial) => biaxial.features(&self.encoding),
            None => self.encoding.inputs(),
        };
        own + self.conditions.features()
    }

    /// Rows of the recurrent stack that a sequence has: 1, or one for each pitch.
    pub fn rows(&self) -> usize {
        match (&self.biaxial, &self.encoding) {
            (Some(_), Encoding::Frames { representation, .. }) => representation.num_pitches(),
            _ => 1,
        }
    }

    /// The stack that writes the notes of a frame, if there is one.
    pub fn notes(&self) -> Option<&RecurrentConfig> {
        let note_wise = self.note_wise.as_ref().map(|note_wise| &note_wise.recurrent);
        note_wise.or_else(|| self.biaxial.as_ref().map(|biaxial| &biaxial.notes))
    }

    /// Refuses what contradicts itself.
    pub(crate) fn check(&self) -> Result<(), Error> {
        check_encoding(&self.encoding).and_then(|()| self.conditions.check()).map_err(Error::OutOfRange)?;
        if let (Encoding::Values { .. }, false) = (&self.encoding, self.conditions.is_empty()) {
            return Err(Error::Unsupported("a model of real values has no conditions"));
        }
        self.token_network.check(&self.encoding, self.recurrent.output())?;
        self.check_bar_attention()?;
        if self.encoding.note_lengths() > 0 && self.note_wise.is_none() {
            return Err(Error::Unsupported(
                "only a note-wise network decides the lengths of notes: set music.note_lengths to 0, or model.network to \
                 note-wise",
            ));
        }
        if self.recurrent.input != self.inputs() {
            return Err(Error::Features { stack: self.recurrent.input, encoding: self.inputs() });
        }
        if !(0.0..1.0).contains(&self.output_dropout) {
            return Err(Error::OutputDropout(self.output_dropout));
        }
        if self.coupled && self.encoding.first_plane().is_none() {
            return Err(Error::CoupledTokens(self.encoding.kind()));
        }
        if self.coupled && self.notes().is_some() {
            return Err(Error::Unsupported("a model that writes frames note by note has no coupling"));
        }
        if self.biaxial.is_some() && self.token_network.embedding > 0 {
            return Err(Error::Unsupported(
                "a model that is tied across pitch has no embedding: set model.embedding to 0",
            ));
        }
        if self.biaxial.is_some() && (self.note_wise.is_some() || self.recurrent.bidirectional) {
            return Err(Error::Unsupported(
                "a model that is tied across pitch goes forward in time, and has no other note stack",
            ));
        }
        Ok(())
    }

    fn check_bar_attention(&self) -> Result<(), Error> {
        check_size("bar_attention", self.bar_attention).map_err(Error::OutOfRange)?;
        if self.bar_attention == 0 {
            return Ok(());
        }
        if self.encoding.first_plane().is_none() {
            return Err(Error::Unsupported(
                "only a network of frames attends to past bars: set model.bar_attention to 0",
            ));
        }
        if self.encoding.bar_line() < 2 {
            return Err(Error::Unsupported(
                "a network that attends to past bars must be told where they end: set music.bar_line to 2 or more, or \
                 model.bar_attention to 0",
            ));
        }
        if self.recurrent.bidirectional {
            return Err(Error::Unsupported("a network that attends to past bars goes forward in time only"));
        }
        Ok(())
    }
}
