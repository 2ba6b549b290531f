//! [`Fault`]: what a finding is about, one of the four failure modes or a figure outside the reference.

use serde::Serialize;

use super::detectors::FailureMode;
use crate::judgement::{Aspect, Side};

/// What a finding is about. As JSON the key alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// One of the four failure modes.
    Mode(FailureMode),
    /// A figure that lies outside the reference.
    Outside(Aspect, Side),
    /// The piece as a whole is farther from the reference than real music, though no single figure needs to be.
    Unlike,
    /// Hardly any music: silence, a few notes, or one chord that never changes.
    HardlyAnyMusic,
}

impl Fault {
    /// Name in tables and JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::Mode(mode) => mode.key(),
            Self::Outside(aspect, _) => aspect.key(),
            Self::Unlike => "unlike_reference",
            Self::HardlyAnyMusic => "hardly_any_music",
        }
    }

    /// What a musician would call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mode(mode) => mode.name(),
            Self::Unlike => "unlike the reference as a whole",
            Self::HardlyAnyMusic => "hardly any music",
            Self::Outside(aspect, side) => match (aspect, side) {
                (Aspect::Density, Side::Low) => "too sparse",
                (Aspect::Density, Side::High) => "too dense",
                (Aspect::Polyphony, Side::Low) => "too few voices",
                (Aspect::Polyphony, Side::High) => "too many voices",
                (Aspect::HeldNotes, _) => "held notes",
                (Aspect::PitchClasses, Side::Low) => "too few pitch classes",
                (Aspect::PitchClasses, Side::High) => "too many pitch classes",
                (Aspect::RepeatedChords, Side::Low) => "too little repetition",
                (Aspect::RepeatedChords, Side::High) => "too much repetition",
                (Aspect::Range, Side::Low) => "too narrow",
                (Aspect::Range, Side::High) => "too wide",
                (Aspect::Silence, _) => "too much silence",
            },
        }
    }
}

impl PartialEq<FailureMode> for Fault {
    fn eq(&self, mode: &FailureMode) -> bool {
        *self == Self::Mode(*mode)
    }
}

impl Serialize for Fault {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.key())
    }
}
