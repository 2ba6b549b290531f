//! [`Condition`]: something that a model can be told of, and [`Dropped`]: a set of them that it is not told.

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
    /// The pitch classes of each half of a bar ([`Harmony`](super::Harmony)).
    Harmony,
    /// Where notes begin ([`Form::begins`](crate::Form::begins)): features of the encoding, for frames, with the form.
    Rhythm,
}

impl Condition {
    /// All of them, in the order of their features.
    pub const ALL: [Condition; 10] = [
        Self::Style,
        Self::Metre,
        Self::Density,
        Self::Polyphony,
        Self::Register,
        Self::Key,
        Self::BarsLeft,
        Self::Form,
        Self::Harmony,
        Self::Rhythm,
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
            Self::Rhythm => "rhythm",
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
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
}
