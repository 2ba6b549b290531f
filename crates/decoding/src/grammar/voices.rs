//! The grammar of `voices`.

use super::meaning::Meaning;
use super::syntax::Syntax;
use crate::rules::Rules;

/// Above every pitch.
const NONE: u8 = 127;

#[derive(Clone, Debug)]
pub(super) struct Voices {
    /// What each voice sings.
    singing: Vec<Option<u8>>,
    /// Tokens so far.
    place: usize,
    /// Voices that sing in this step so far, and their lowest pitch.
    sounding: usize,
    lowest: u8,
}

impl Voices {
    pub(super) fn new(voices: usize) -> Self {
        Self { singing: vec![None; voices.max(1)], place: 0, sounding: 0, lowest: NONE }
    }

    pub(super) fn step(&self) -> u64 {
        (self.place / self.singing.len()) as u64
    }

    pub(super) fn count(&self) -> usize {
        self.singing.len()
    }

    /// No voice goes on with its note.
    pub(super) fn release(&mut self) {
        self.singing.fill(None);
    }

    fn voice(&self) -> usize {
        self.place % self.singing.len()
    }

    /// Whether a voice may sing a pitch, or rest, by what the last chord needs: its lowest note is the last voice's.
    fn suits_last_chord(&self, pitch: Option<u8>, rules: &Rules) -> bool {
        let Some(last) = rules.last_chord() else { return true };
        let (step, bass) = (self.step(), self.singing.len() - 1);
        let tones = last.bass & rules.part_pitches(bass, last.begin);
        if step < last.begin || tones == 0 {
            return true;
        }
        let is_bass = self.voice() == bass;
        match pitch {
            None => !is_bass,
            Some(_) if step > last.begin => true,
            Some(pitch) if is_bass => tones >> pitch & 1 == 1 && pitch <= self.lowest,
            Some(pitch) => {
                let below = pitch.min(self.lowest);
                self.sounding + 2 <= rules.max_polyphony && tones & (u128::MAX >> (127 - below)) != 0
            }
        }
    }
}

impl Syntax for Voices {
    fn look_ahead(&mut self, _rules: &Rules) {}

    fn allows(&self, meaning: Meaning, rules: &Rules) -> bool {
        let (step, voice) = (self.step(), self.voice());
        let may = |pitch: u8| {
            self.sounding < rules.max_polyphony
                && rules.part_pitches(voice, step) >> pitch & 1 == 1
                && self.suits_last_chord(Some(pitch), rules)
        };
        match meaning {
            Meaning::Rest => self.suits_last_chord(None, rules),
            Meaning::Hold => self.singing[voice].is_some_and(may),
            Meaning::Sing(pitch) => rules.may_begin(step) && may(pitch),
            _ => false,
        }
    }

    fn take(&mut self, meaning: Meaning, _rules: &Rules) {
        let voice = self.voice();
        match meaning {
            Meaning::Sing(pitch) => self.singing[voice] = Some(pitch),
            Meaning::Hold => {}
            _ => self.singing[voice] = None,
        }
        if let Some(pitch) = self.singing[voice] {
            self.sounding += 1;
            self.lowest = self.lowest.min(pitch);
        }
        self.place += 1;
        if self.voice() == 0 {
            (self.sounding, self.lowest) = (0, NONE);
        }
    }

    fn is_finished(&self, rules: &Rules) -> bool {
        rules.length.is_some_and(|length| self.step() >= length)
    }
}
