//! [`TrainedModel`]: a sequence model with what its file says about it.

use crate::error::{Result, wrong_input};
use composer_models::file::{self, Notes};
use composer_models::{Encoding, SequenceModel};
use composer_music::representation::{AnyRepresentation, Representation};
use std::path::Path;

/// A trained model and what its file says about it: representation, tempo and instrument of the training music, settings.
pub struct TrainedModel {
    /// The model.
    pub model: SequenceModel,
    /// What the file says.
    pub notes: Notes,
}

/// A language model of the built-in corpus; `scripts/train_built_in_models.sh` trains it.
const BUILT_IN: &[u8] = include_bytes!("../models/compose.safetensors");

impl TrainedModel {
    /// The built-in model, of piano rags and game music.
    ///
    /// # Errors
    /// None in practice: the file is part of the program.
    pub fn built_in() -> Result<Self> {
        let (model, notes) = file::from_bytes(BUILT_IN, Path::new("the built-in model"))?;
        Ok(Self { model, notes })
    }

    /// A model file.
    ///
    /// # Errors
    /// It cannot be read, or is no model.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let (model, notes) = file::load(path.as_ref())?;
        Ok(Self { model, notes })
    }

    /// The model in a file, or the built-in one.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_or_built_in(path: Option<&Path>) -> Result<Self> {
        path.map_or_else(Self::built_in, Self::load)
    }

    /// The representation of a model of tokens; `None` for a model of frames.
    pub(crate) fn token_representation(&self) -> anyhow::Result<Option<&AnyRepresentation>> {
        match (self.model.encoding(), &self.notes.representation) {
            (Encoding::Frames { .. }, _) => Ok(None),
            (Encoding::Tokens { fingerprint, .. }, Some(representation))
                if *fingerprint == representation.fingerprint() =>
            {
                Ok(Some(representation))
            }
            (Encoding::Values { .. }, _) => Err(wrong_input(
                "this model predicts real values, and this command needs one that writes music",
            )),
            (Encoding::Tokens { .. }, _) => Err(wrong_input(
                "this model writes tokens and does not say what they mean: its file lacks the representation",
            )),
        }
    }
}
