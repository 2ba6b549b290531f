//! What can go wrong with a model, in words for the person who can put it right.

use std::path::PathBuf;

/// Why a model could not be built, run, saved or loaded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A layer refused its configuration or its input.
    #[error(transparent)]
    Layer(#[from] composer_bptt::Error),
    /// The file could not be read or written.
    #[error("cannot {action} the model file {}: {source}", path.display())]
    Io {
        /// "read" or "write".
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// The system's own words.
        source: std::io::Error,
    },
    /// The file is not a model, or a damaged one.
    #[error("{} is not a composer model: {reason}", path.display())]
    NotAModel {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Parameters are missing, left over, or have another shape than the configuration says; or it says what no model can be.
    #[error("{}: the weights do not fit the configuration: {reason}", path.display())]
    Parameters {
        /// Which file.
        path: PathBuf,
        /// The parameters by name.
        reason: String,
    },
    /// A sequence of another kind than the model reads.
    #[error("the model reads {expected}, and was given {given}")]
    WrongSequence {
        /// What it reads.
        expected: &'static str,
        /// What it got.
        given: &'static str,
    },
    /// A coupling of the bits of frames in a model of something else.
    #[error(
        "only the pitches of frames can be coupled, and this is a model of {0}: choose another model.network"
    )]
    CoupledTokens(&'static str),
    /// A token that the vocabulary does not have.
    #[error("token {token} at position {position} is outside the vocabulary of {vocabulary} symbols")]
    UnknownToken {
        /// The token.
        token: u32,
        /// Where it stands.
        position: usize,
        /// How many symbols there are.
        vocabulary: usize,
    },
    /// A sequence of real values with another number of columns than the encoding has.
    #[error(
        "the sequence has {found} columns, and the model reads {predicted} predicted and {given} given ones"
    )]
    Columns {
        /// How many it has.
        found: usize,
        /// How many are predicted.
        predicted: usize,
        /// How many are given.
        given: usize,
    },
    /// A real value that is infinite or not a number.
    #[error("the value at step {step}, column {column} is {value}: real-valued sequences must be finite")]
    NonFiniteValue {
        /// Its step.
        step: usize,
        /// Its column.
        column: usize,
        /// What is there.
        value: f32,
    },
    /// A name that no parameter has.
    #[error("the model has no parameter {name}; it has {known}")]
    UnknownParameter {
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// Something that models of this encoding cannot do.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The stack reads another number of features than the encoding makes.
    #[error("the recurrent stack reads {stack} features, and its encoding makes {encoding}")]
    Features {
        /// What the stack reads.
        stack: usize,
        /// What the encoding makes.
        encoding: usize,
    },
    /// A number of an encoding that no model can have.
    #[error("{0}")]
    OutOfRange(String),
    /// A condition that the model does not have.
    #[error(
        "this model was not trained with the condition {condition} (it has {known}): leave it out, or train one with --conditions {condition}"
    )]
    NoCondition {
        /// The condition.
        condition: &'static str,
        /// Those that it has, for people.
        known: String,
    },
    /// The name of a style that the model does not know.
    #[error("the model knows no style {style}; it knows {known}")]
    NoSuchStyle {
        /// The style.
        style: String,
        /// Those that it knows.
        known: String,
    },
    /// No form.
    #[error(
        "\"{0}\" is no form: write a letter for each section, as in AABA or ABAB', and no more sections than bars"
    )]
    Form(String),
    /// A probability out of range.
    #[error("output_dropout is {0}, and must be at least 0 and below 1")]
    OutputDropout(f64),
    /// A style that the model does not have.
    #[error("there is no style {style}: the model has {styles}, counted from 0")]
    UnknownStyle {
        /// The style.
        style: usize,
        /// How many there are.
        styles: usize,
    },
}
