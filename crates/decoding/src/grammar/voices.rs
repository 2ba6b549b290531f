//! The grammar of `voices`.

use super::{Meaning, Syntax};
use crate::rules::Rules;

#[derive(Clone, Debug)]
pub(super) struct Voices {
    /// What each voice sings.
    singing: Vec<Option<u8>>,
    /// Tokens so far.
    place: usize,
    /// Voices that sing in this step so far.
    sounding: usize,
}

impl Voices {
    pub(super) fn new(voices: usize) -> Self {
        Self { singing: vec![None; voices.max(1)], place: 0, sounding: 0 }
    }

    fn step(&self) -> u64 {
        (self.place / self.singing.len()) as u64
    }

    fn voice(&self) -> usize {
        self.place % self.singing.len()
    }
}

impl Syntax for Voices {
    fn look_ahead(&mut self, _rules: &Rules) {}

    fn allows(&self, meaning: Meaning, rules: &Rules) -> bool {
        let (step, voice) = (self.step(), self.voice());
        let may = |pitch: u8| {
            self.sounding < rules.max_polyphony && rules.part_pitches(voice, step) >> pitch & 1 == 1
        };
        match meaning {
            Meaning::Rest => true,
            Meaning::Hold => self.singing[voice].is_some_and(may),
            Meaning::Sing(pitch) => may(pitch) && rules.may_begin(step),
            _ => false,
        }
    }

    fn take(&mut self, meaning: Meaning, _rules: &Rules) {
        let voice = self.voice();
        if voice == 0 {
            self.sounding = 0;
        }
        match meaning {
            Meaning::Sing(pitch) => self.singing[voice] = Some(pitch),
            Meaning::Hold => {}
            _ => self.singing[voice] = None,
        }
        self.sounding += usize::from(self.singing[voice].is_some());
        self.place += 1;
    }

    fn is_finished(&self, rules: &Rules) -> bool {
        rules.length.is_some_and(|length| self.step() >= length)
    }
}
