//! Why a study cannot be made.

/// Why a study cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting is out of its range.
    #[error("{name} is {value}, and must be {must}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it should be.
        must: &'static str,
    },
    /// No machine holds it, or nobody waits for it.
    #[error(
        "{0} needs more than 32 GB or minutes for one step: choose a smaller batch, or fewer steps, units or layers"
    )]
    TooLarge(String),
    /// Fewer parameters than the smallest network has.
    #[error("parameters is {budget}, but the smallest {cell} has {least}: allow more of them")]
    TooFewParameters {
        /// What was allowed.
        budget: usize,
        /// The cell.
        cell: composer_bptt::Cell,
        /// What one unit per layer needs.
        least: usize,
    },
    /// A name that stands for nothing.
    #[error("there is no {kind} \"{name}\"; choose {known}")]
    UnknownName {
        /// Of what.
        kind: &'static str,
        /// The name.
        name: String,
        /// What there is.
        known: &'static str,
    },
    /// No piece is as long as a window.
    #[error(
        "the longest {set} piece has {longest} steps, and a window has {window}: choose a shorter window"
    )]
    TooShort {
        /// Which set.
        set: &'static str,
        /// Steps of its longest piece.
        longest: usize,
        /// Steps of a window.
        window: usize,
    },
    /// A layer refused its input.
    #[error(transparent)]
    Layer(#[from] composer_bptt::Error),
    /// A model refused its input.
    #[error(transparent)]
    Model(#[from] composer_models::Error),
    /// Music could not be written.
    #[error(transparent)]
    Decoding(#[from] composer_decoding::Error),
    /// A training failed.
    #[error(transparent)]
    Training(#[from] composer_training::Error),
    /// No threads to work on.
    #[error("cannot start a thread: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}
