//! The lines of the file of answers: who takes part, what they said of themselves, and their answers.

use composer_application::listening::AnswerLine;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Record {
    /// An answer; its fields are those that `composer listening` reads.
    Answer(AnswerLine),
    /// Anything else.
    Event(Event),
}

/// What is no answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Event {
    /// The first line: which study the answers are of.
    Study {
        /// [`Study::fingerprint`](composer_application::listening::Study::fingerprint).
        fingerprint: String,
        /// Its title.
        title: String,
        /// Participants that are wanted.
        participants: usize,
        /// Trials of each.
        trials: usize,
    },
    /// Somebody agreed to take part.
    Participant {
        /// The anonymous name.
        listener: String,
        /// SHA-256 of what their browser proves itself by, in hexadecimal digits.
        secret: String,
        /// When, in seconds since 1970.
        time: u64,
    },
    /// What they said of themselves.
    Questionnaire {
        /// The anonymous name.
        listener: String,
        /// By the names of the questions.
        answers: BTreeMap<String, String>,
    },
}
