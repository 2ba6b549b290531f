//! What can go wrong while training.

use crate::diagnosis::Diagnosis;
use std::path::PathBuf;

/// Why training could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The model refused a sequence or a shape.
    #[error(transparent)]
    Model(#[from] composer_models::Error),
    /// Decoding refused the model's output while it was sampled from.
    #[error(transparent)]
    Decoding(#[from] composer_decoding::Error),
    /// There is nothing to learn from.
    #[error("there is no {0} music to work with: add pieces, or change the split")]
    NoMusic(&'static str),
    /// A setting is outside its range.
    #[error("{name} is {value}, and must be {must}")]
    Setting {
        /// Name of the setting.
        name: String,
        /// What it is.
        value: String,
        /// What it may be.
        must: &'static str,
    },
    /// The loss, a gradient or a weight became non-finite.
    #[error("{0}")]
    Diverged(Box<Diagnosis>),
    /// The bytes are not a checkpoint, or not one of this training.
    #[error("the checkpoint cannot be used: {0}")]
    Checkpoint(String),
    /// A checkpoint could not be read or written.
    #[error("cannot {action} the checkpoint {}: {source}", path.display())]
    Io {
        /// "read" or "write".
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// The system's own words.
        source: std::io::Error,
    },
    /// A variant of a piece cannot be written.
    #[error("a piece cannot be varied: {0}")]
    Variant(String),
    /// The ranks of a training on several processes cannot go on together.
    #[error("{0}")]
    Rank(String),
    /// The observer could not do its part (write a file, say).
    #[error(transparent)]
    Observer(std::io::Error),
}

impl Error {
    /// A setting out of range.
    pub(crate) fn setting(name: &str, value: impl ToString, must: &'static str) -> Self {
        Self::Setting { name: name.to_owned(), value: value.to_string(), must }
    }
}
