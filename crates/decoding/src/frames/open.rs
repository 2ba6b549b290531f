//! [`Open`]: what rules and rhythm leave open at a step.

use composer_music::representation::frames::Frame;

/// What the music's rules leave open at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// Pitches that may sound.
    pub pitches: u128,
    /// Pitches that may begin.
    pub begin: u128,
    /// Whether notes begin, where a rhythm says so and they are drawn one by one.
    pub begins: Option<bool>,
    /// Where in the last chord the step is.
    pub ending: Ending,
}

/// Where in the last chord of a piece a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Before it, or there is none.
    Before,
    /// It begins, and its lowest note is one of these.
    Begins(u128),
    /// It goes on: its lowest note is held.
    GoesOn,
}

impl Open {
    /// Everything.
    pub const ALL: Open = Open { pitches: u128::MAX, begin: u128::MAX, begins: None, ending: Ending::Before };

    /// Where a rhythm says whether notes begin, if it is known; the last chord has its own.
    #[must_use]
    pub fn in_rhythm(self, begins: Option<bool>) -> Self {
        Self {
            begins: begins.filter(|&begins| self.ending == Ending::Before && (self.begin != 0 || !begins)),
            ..self
        }
    }

    /// Whether a frame has the rhythm.
    pub(super) fn is_in_rhythm(&self, frame: Frame) -> bool {
        self.begins.is_none_or(|begins| begins == (frame.onsets != 0))
    }
}
