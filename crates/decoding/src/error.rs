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
        "the model's output for {what} {index} at step {step} is {value}: its weights are damaged or training diverged"
    )]
    NotANumber {
        /// "pitch" or "token".
        what: &'static str,
        /// MIDI pitch, or token.
        index: usize,
        /// Step, from 0.
        step: usize,
        /// The logit.
        value: f32,
    },
    /// The constraints exclude everything.
    #[error(
        "nothing is left to choose from at step {step}: the constraints contradict each other, so loosen one"
    )]
    NothingLeft {
        /// Step, from 0.
        step: usize,
    },
    /// A model of one kind of sequence where another is needed. Real values are not decoded at all:
    /// [`composer_models::forecast()`] feeds their mean back.
    #[error("this model writes {found}, and {needed} were asked for")]
    WrongKind {
        /// What the model writes.
        found: &'static str,
        /// What is needed.
        needed: &'static str,
    },
    /// A key, chord or note that cannot be read.
    #[error("cannot read {what} \"{text}\": write it {like}")]
    Unreadable {
        /// What it should be.
        what: &'static str,
        /// What was written.
        text: String,
        /// An example.
        like: &'static str,
    },
    /// A name that has two meanings.
    #[error("\"{text}\" could be {first} or {second}: say which")]
    Ambiguous {
        /// What was written.
        text: String,
        /// One meaning.
        first: String,
        /// The other.
        second: String,
    },
    /// A model that decides how long a note lasts where it begins, where frames are read or written without that.
    #[error(
        "this model decides how long each note lasts where it begins, and composes only: notes given both sides, the surprise of each note and \
         what it expects at a step need a model with music.note_lengths = 0"
    )]
    NoteLengths,
    /// A primer that does not fit.
    #[error("{0}")]
    Primer(String),
}
