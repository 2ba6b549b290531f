//! [`TrainedModel`]: a sequence model with what its file says about it.

use crate::error::{Result, wrong_input};
use crate::models::{BuiltIn, ComposeDefaults, Source};
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
    /// Options of composing that its card says, where the user gives none; of a file, none.
    pub defaults: ComposeDefaults,
}

impl TrainedModel {
    /// The built-in model that `compose` takes where none is named, of piano rags and game music.
    ///
    /// # Errors
    /// None in practice: the file is part of the program.
    pub fn built_in() -> Result<Self> {
        Self::of_built_in(BuiltIn::of_task(None)?)
    }

    /// A built-in model that composes.
    ///
    /// # Errors
    /// It is for parts.
    pub fn of_built_in(built_in: &BuiltIn) -> Result<Self> {
        built_in.check_task(None)?;
        let (model, notes) = file::from_bytes(built_in.bytes(), &built_in.label())?;
        Ok(Self { model, notes, defaults: built_in.card()?.compose })
    }

    /// A model file, or a built-in model by its name.
    ///
    /// # Errors
    /// It cannot be read, or is no model that composes.
    pub fn load(model: impl AsRef<Path>) -> Result<Self> {
        match Source::find(model.as_ref())? {
            Source::BuiltIn(built_in) => Self::of_built_in(built_in),
            Source::File(path) => {
                let (model, notes) = file::load(&path)?;
                Ok(Self { model, notes, defaults: ComposeDefaults::default() })
            }
        }
    }

    /// The model of a file or a name, or the built-in one.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_or_built_in(model: Option<&Path>) -> Result<Self> {
        model.map_or_else(Self::built_in, Self::load)
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
