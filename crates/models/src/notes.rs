//! [`Notes`]: what a model file says of the training.

use composer_music::Metre;
use composer_music::representation::AnyRepresentation;
use serde::{Deserialize, Serialize};

/// Facts about the training that later use needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Notes {
    /// Tempo that compositions take when none is asked for: the middle one of the training pieces, in quarters per minute.
    pub quarters_per_minute: Option<f64>,
    /// General MIDI program that most notes of the training pieces have.
    pub program: Option<u8>,
    /// The metres of the training pieces, the most common first, each with its share of their time; empty: not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metres: Vec<(Metre, f64)>,
    /// How tokens become music, for a model of tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub representation: Option<AnyRepresentation>,
    /// What it was trained on, for people.
    pub corpus: String,
    /// All settings of the training as TOML, for who wants to do it again; empty: not known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub configuration: String,
    /// The seed of the training.
    pub seed: u64,
    /// Held-out negative log-likelihood, nats per step.
    pub valid_nll: Option<f64>,
}

impl Notes {
    /// The most common metre of the training pieces; 4/4 where it is not known.
    pub fn metre(&self) -> Metre {
        self.metres.first().map_or(Metre::COMMON, |&(metre, _)| metre)
    }
}
