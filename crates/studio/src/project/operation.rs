//! [`Operation`]: what makes a piece, as JSON, with everything that it depends on beside the piece that it starts from.

use composer_music::Metre;
use serde::{Deserialize, Serialize};

/// What makes a piece. The same operation on the same piece gives the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Operation {
    /// A file was opened.
    Open(Opened),
    /// Notes were changed by hand.
    Edit(Edited),
    /// A model composed a piece.
    Compose(Composed),
    /// A model went on from the end of a piece, or from the end of a bar of it.
    Continue(Continued),
    /// Bars written anew between what is before and after.
    Infill(Infilled),
    /// A piece varied more or less.
    Vary(Varied),
    /// An accompaniment for the melody.
    Accompany(Part),
    /// Drums for the bass.
    Drum(Part),
    /// An accompaniment in another style.
    Reharmonise(Part),
    /// Velocities and timing as of a player.
    Humanise(Humanised),
}

/// A file that was opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// What was changed by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edited {
    /// In a few words: "moved 3 notes".
    pub what: String,
}

/// Bars, counted from 1, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}

/// What all ways to compose have in common; what is absent is the model's own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Steering {
    /// The temperature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Notes that begin, per quarter; for models that were trained with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density: Option<f64>,
    /// The metre.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metre: Option<Metre>,
    /// The key, such as "D minor".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Chords, one for each bar, in a cycle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chords: Option<String>,
    /// A style that the model knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<String>,
    /// Quarters per minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qpm: Option<f64>,
    /// Notes that may sound together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_polyphony: Option<usize>,
}

/// How a piece was composed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Composed {
    /// The model: the name of a built-in one, or a file in the folder of the project.
    pub model: String,
    /// Its length.
    pub bars: usize,
    /// Options.
    #[serde(default)]
    pub steering: Steering,
    /// The seed.
    pub seed: u64,
}

/// How a piece was continued.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Continued {
    /// The model.
    pub model: String,
    /// The bar after which the new music begins, counted from 1; absent: the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// Bars to add.
    pub bars: usize,
    /// Options.
    #[serde(default)]
    pub steering: Steering,
    /// The seed.
    pub seed: u64,
}

/// How bars were written anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Infilled {
    /// The model.
    pub model: String,
    /// The bars.
    pub bars: Selection,
    /// Only the notes of this track, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<usize>,
    /// What stays: `rhythm` or `pitches`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<String>,
    /// Tracks and bars that stay: "track:0", "3-4".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lock: Vec<String>,
    /// Options; of these, temperature, key, chords and polyphony.
    #[serde(default)]
    pub steering: Steering,
    /// The seed.
    pub seed: u64,
}

impl Infilled {
    /// The same with something that stays within the bars: what stays is varied around, and all other beats are written anew.
    pub fn around_locks(&self) -> Varied {
        Varied {
            model: self.model.clone(),
            amount: 1.0,
            only: None,
            bars: Some(self.bars),
            lock: self.lock.clone(),
            steering: self.steering.clone(),
            seed: self.seed,
        }
    }
}

/// How a piece was varied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Varied {
    /// The model.
    pub model: String,
    /// Share of the beats, above 0 and at most 1.
    pub amount: f64,
    /// Only `melody`, `harmony` or `rhythm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<String>,
    /// Only these bars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bars: Option<Selection>,
    /// Tracks and bars that stay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lock: Vec<String>,
    /// Options; of these, temperature, key, chords and polyphony.
    #[serde(default)]
    pub steering: Steering,
    /// The seed.
    pub seed: u64,
}

/// How a part was written for a given one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The model.
    pub model: String,
    /// The track of the given part, from 0; absent: it is found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<usize>,
    /// Only these bars get the part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bars: Option<Selection>,
    /// Options; of these, temperature, polyphony and, to reharmonise, the style.
    #[serde(default)]
    pub steering: Steering,
    /// The seed.
    pub seed: u64,
}

/// How a piece was performed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Humanised {
    /// The model.
    pub model: String,
    /// Only these bars; absent: everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bars: Option<Selection>,
    /// Options; of these, temperature.
    #[serde(default)]
    pub steering: Steering,
    /// The seed.
    pub seed: u64,
}

impl Operation {
    /// Whether a model does it, on request.
    pub fn is_made(&self) -> bool {
        !matches!(self, Self::Open(_) | Self::Edit(_))
    }

    /// Whether it starts from nothing.
    pub fn is_beginning(&self) -> bool {
        matches!(self, Self::Open(_) | Self::Compose(_))
    }

    /// The same with another seed.
    #[must_use]
    pub fn with_seed(&self, seed: u64) -> Self {
        let mut copy = self.clone();
        match &mut copy {
            Self::Open(_) | Self::Edit(_) => {}
            Self::Compose(options) => options.seed = seed,
            Self::Continue(options) => options.seed = seed,
            Self::Infill(options) => options.seed = seed,
            Self::Vary(options) => options.seed = seed,
            Self::Accompany(options) | Self::Drum(options) | Self::Reharmonise(options) => {
                options.seed = seed;
            }
            Self::Humanise(options) => options.seed = seed,
        }
        copy
    }

    /// The seed; 0 of what needs none.
    pub fn seed(&self) -> u64 {
        match self {
            Self::Open(_) | Self::Edit(_) => 0,
            Self::Compose(options) => options.seed,
            Self::Continue(options) => options.seed,
            Self::Infill(options) => options.seed,
            Self::Vary(options) => options.seed,
            Self::Accompany(options) | Self::Drum(options) | Self::Reharmonise(options) => options.seed,
            Self::Humanise(options) => options.seed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_json_with_a_kind_and_refuse_what_they_do_not_know() {
        let json = r#"{"kind":"infill","model":"compose","bars":{"first":5,"last":8},"steering":{"key":"C major"},"seed":3}"#;
        let operation: Operation = serde_json::from_str(json).unwrap();
        assert_eq!((operation.seed(), operation.is_made()), (3, true));
        assert_eq!(serde_json::to_string(&operation).unwrap(), json);
        assert_eq!(operation.with_seed(9).seed(), 9);
        for wrong in [json.replace("seed", "sead"), json.replace("infill", "explode")] {
            assert!(serde_json::from_str::<Operation>(&wrong).is_err(), "{wrong}");
        }
    }
}
