//! Conditions: what a language model is told of the music around a step, as input features of all its recurrences.
//!
//! [`Conditions`] is part of a model's configuration: which conditions it has, and which values it tells apart. Categories (style, metre,
//! key) have a feature each; attributes (density, polyphony, register) one for each level between boundaries that were learnt from the
//! training music as quantiles; the bars that are left one for each of the last. [`ConditionValues`] are the values at a step: measured of
//! the music while training, asked for when composing. What is not given has no feature on, so that a model which was trained with
//! [`Dropped`] conditions does without.

mod draw;
mod features;
mod harmony;
mod learn;
mod measure;
mod steering;
mod track;

pub use draw::{Drawn, PieceConditions};
pub use features::Conditions;
pub use harmony::{Harmony, HarmonyPlan};
pub use learn::LEVELS;
pub use measure::measure;
pub use steering::Steering;
pub use track::{ConditionTrack, WINDOW_BARS};

use composer_music::Metre;
use composer_music::key::Key;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Something that a model can be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// A category with a name of the user's.
    Style,
    /// The metre of the bar.
    Metre,
    /// Notes that begin, per quarter.
    Density,
    /// Mean number of pitches that sound, where any does.
    Polyphony,
    /// Mean MIDI pitch of the notes that begin.
    Register,
    /// The key of the whole piece.
    Key,
    /// Bars until the piece ends.
    BarsLeft,
    /// Which earlier bars return, and how near ([`Form`](crate::Form)): features of the encoding, for frames.
    Form,
    /// The pitch classes of each half of a bar ([`Harmony`]).
    Harmony,
}

impl Condition {
    /// All of them, in the order of their features.
    pub const ALL: [Condition; 9] = [
        Self::Style,
        Self::Metre,
        Self::Density,
        Self::Polyphony,
        Self::Register,
        Self::Key,
        Self::BarsLeft,
        Self::Form,
        Self::Harmony,
    ];

    /// As in settings and options.
    pub fn name(self) -> &'static str {
        match self {
            Self::Style => "style",
            Self::Metre => "metre",
            Self::Density => "density",
            Self::Polyphony => "polyphony",
            Self::Register => "register",
            Self::Key => "key",
            Self::BarsLeft => "bars_left",
            Self::Form => "form",
            Self::Harmony => "harmony",
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The values of conditions at a step; `None`: not given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConditionValues {
    /// The name of a style.
    pub style: Option<String>,
    /// The metre.
    pub metre: Option<Metre>,
    /// Notes that begin, per quarter.
    pub density: Option<f64>,
    /// Mean number of pitches that sound, where any does.
    pub polyphony: Option<f64>,
    /// Mean MIDI pitch of the notes that begin.
    pub register: Option<f64>,
    /// The key of the whole piece.
    pub key: Option<Key>,
    /// Bars until the piece ends, with this one.
    pub bars_left: Option<u64>,
    /// Whether the form of the sequence is told.
    pub form: bool,
    /// The pitch classes of this half of the bar.
    pub harmony: Option<Harmony>,
}

impl ConditionValues {
    /// What may be asked for; the rest follows from the bars of the music and from its key.
    pub fn asked(style: Option<String>, [density, polyphony, register]: [Option<f64>; 3]) -> Self {
        Self { style, density, polyphony, register, ..Self::default() }
    }

    /// Whether a condition is given.
    pub fn gives(&self, condition: Condition) -> bool {
        match condition {
            Condition::Style => self.style.is_some(),
            Condition::Metre => self.metre.is_some(),
            Condition::Key => self.key.is_some(),
            Condition::BarsLeft => self.bars_left.is_some(),
            Condition::Form => self.form,
            Condition::Harmony => self.harmony.is_some(),
            _ => self.attribute(condition).is_some(),
        }
    }

    /// The value of an attribute; `None` also for what is none.
    pub fn attribute(&self, condition: Condition) -> Option<f64> {
        match condition {
            Condition::Density => self.density,
            Condition::Polyphony => self.polyphony,
            Condition::Register => self.register,
            _ => None,
        }
    }
}

/// Conditions that are not told although they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped(u16);

impl Dropped {
    /// None.
    pub const NONE: Self = Self(0);
    /// All.
    pub const ALL: Self = Self(u16::MAX);

    /// One more.
    #[must_use]
    pub fn and(self, condition: Condition) -> Self {
        Self(self.0 | 1 << condition as u16)
    }

    /// Whether a condition is dropped.
    pub fn contains(self, condition: Condition) -> bool {
        self.0 >> condition as u16 & 1 == 1
    }

    /// Draws what is dropped of the conditions of a model while it is trained: with half of `probability` all, with the other half some,
    /// each number of them as likely, and else none. A single condition is dropped with `probability`.
    pub fn draw(conditions: &Conditions, probability: f64, rng: &mut impl Rng) -> Self {
        let mut known: Vec<Condition> = conditions.known().collect();
        let chance: f64 = rng.random();
        if chance >= probability {
            return Self::NONE;
        }
        if chance < 0.5 * probability || known.len() < 2 {
            return Self::ALL;
        }
        let count = rng.random_range(1..known.len());
        (0..count)
            .fold(Self::NONE, |dropped, _| dropped.and(known.swap_remove(rng.random_range(0..known.len()))))
    }
}
