//! What can go wrong while decoding.

/// Why a model could not be decoded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The model failed.
    #[error(transparent)]
    Model(#[from] composer_models::Error),
    /// An option is outside its range.
    #[error("{name} is {value}, and must be {must}")]
    Option {
        /// Name of the option.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        must: &'static str,
    },
    /// The model's output is not a number: never decoded as if it were one.
    #[error(
        "the model's output for pitch {pitch} at step {step} is {value}: its weights are damaged or training diverged"
    )]
    NotANumber {
        /// MIDI pitch.
        pitch: u8,
        /// Step, from 0.
        step: usize,
        /// The logit.
        value: f32,
    },
    /// A model of tokens where one of frames is needed.
    #[error("this model writes tokens, and frames were asked for")]
    NotFrames,
}
