//! The errors of this crate.

/// Why a study cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting is out of its range.
    #[error("{name} is {value}, and must be {must}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: String,
        /// The values that are allowed.
        must: &'static str,
    },
    /// It needs more memory or time than the limits allow.
    #[error(
        "{0} needs more than 32 GB, or several minutes per step: choose a smaller batch, or fewer steps, units or layers"
    )]
    TooLarge(String),
    /// The smallest network has more parameters than are allowed.
    #[error("parameters is {budget}, but the smallest {cell} has {least}: allow more")]
    TooFewParameters {
        /// How many are allowed.
        budget: usize,
        /// The cell.
        cell: composer_bptt::Cell,
        /// How many a network with one unit per layer has.
        least: usize,
    },
    /// An unknown name.
    #[error("there is no {kind} \"{name}\"; choose {known}")]
    UnknownName {
        /// What it should name.
        kind: &'static str,
        /// The name.
        name: String,
        /// The names that are known.
        known: &'static str,
    },
    /// Every piece is shorter than a window.
    #[error(
        "the longest {set} piece has {longest} steps, and a window has {window}: choose a shorter window"
    )]
    TooShort {
        /// The set of pieces: training or held-out.
        set: &'static str,
        /// Steps of its longest piece.
        longest: usize,
        /// Steps of a window.
        window: usize,
    },
    /// A layer rejected its input.
    #[error(transparent)]
    Layer(#[from] composer_bptt::Error),
    /// A model rejected its input.
    #[error(transparent)]
    Model(#[from] composer_models::Error),
    /// Generation failed.
    #[error(transparent)]
    Decoding(#[from] composer_decoding::Error),
    /// Training failed.
    #[error(transparent)]
    Training(#[from] composer_training::Error),
    /// The operating system gave no thread.
    #[error("cannot start a thread: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}
