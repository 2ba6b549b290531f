//! Constraints on the music, whatever the model: key, range, chords, number of voices, length and ending.
//!
//! Rules say which pitches may sound at a step; [`crate::frames`] and [`crate::grammar`] turn that into masks, so that
//! what remains keeps the model's proportions.

use crate::Error;
use crate::harmony::{self, ChordPlan, Key};
use composer_music::BarMap;
use composer_music::representation::frames::Frame;
use composer_music::representation::pitch_name;

/// Pitches from the first to the second, both included.
pub type PitchRange = (u8, u8);

/// The rules; by default there are none.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Only notes of this key; the ending is on its tonic triad.
    pub key: Option<Key>,
    /// Lowest and highest pitch.
    pub range: PitchRange,
    /// The range of each part, for music in voices; parts beyond the list have `range`.
    pub part_ranges: Vec<PitchRange>,
    /// Only notes of these chords.
    pub chords: Option<ChordPlan>,
    /// For each step a pitch that all notes stay below, such as the [`lowest_notes`] of a given melody; beyond the list, none.
    pub below: Vec<u8>,
    /// Notes that may sound together, for tokens; frames have [`crate::FrameOptions::max_polyphony`].
    pub max_polyphony: usize,
    /// Steps of the whole piece; everything has ended when the piece has.
    pub length: Option<u64>,
    /// Steps of the ending of a piece of a `length`, in which nothing begins but at its first step; `None`: a quarter, 0: the piece
    /// breaks off.
    pub ending_steps: Option<u64>,
    /// Whether a chord sounds from the beginning of the ending to its end, whose lowest note is the tonic if there is a key.
    pub last_chord: bool,
    /// The first step at which notes may begin: before it there is a primer.
    pub begin: u64,
    /// The bars of the piece in steps, for tokens that say metres.
    pub bars: Option<BarMap>,
    /// The tempo of the whole piece in quarters per minute, for tokens that say tempos.
    pub tempo: Option<f64>,
    /// Steps of a quarter note.
    pub steps_per_quarter: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            key: None,
            range: (0, 127),
            part_ranges: Vec::new(),
            chords: None,
            below: Vec::new(),
            max_polyphony: usize::MAX,
            length: None,
            ending_steps: None,
            last_chord: false,
            begin: 0,
            bars: None,
            tempo: None,
            steps_per_quarter: 4,
        }
    }
}

impl Rules {
    /// Refuses ranges that are none.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn check(&self) -> Result<(), Error> {
        for &(low, high) in std::iter::once(&self.range).chain(&self.part_ranges) {
            if low > high || high > 127 {
                let value = format!("{} to {}", pitch_name(low), pitch_name(high));
                return Err(Error::Option {
                    name: "range",
                    value,
                    must: "from a lower pitch to a higher one",
                });
            }
        }
        if self.max_polyphony == 0 {
            return Err(Error::Option { name: "max_polyphony", value: "0".into(), must: "at least 1" });
        }
        Ok(())
    }

    /// Pitches that may sound at a step, as a plane of a frame.
    pub fn pitches(&self, step: u64) -> u128 {
        let mut plane = range_plane(self.range);
        let ending = self.ending().filter(|&ending| step >= ending);
        if let Some(key) = self.key {
            let to_end = ending.is_some() && self.chords.is_none();
            plane &= harmony::plane(if to_end { key.triad() } else { key.scale() });
        }
        if let Some(chords) = &self.chords {
            // An ending has one chord, also where a bar line would change it.
            plane &= harmony::plane(chords.at(ending.unwrap_or(step)));
        }
        match self.below.get(step as usize) {
            Some(0) => 0,
            Some(&bound) => plane & range_plane((0, bound.saturating_sub(1))),
            None => plane,
        }
    }

    /// Pitches that may sound at `steps` steps one after the other, as far as the piece goes.
    pub fn pitches_during(&self, step: u64, steps: u64) -> u128 {
        let steps = self.length.map_or(steps, |length| steps.min(length.saturating_sub(step))).max(1);
        (step..step + steps).fold(u128::MAX, |plane, step| plane & self.pitches(step))
    }

    /// Pitches that a part may sing at a step.
    pub fn part_pitches(&self, part: usize, step: u64) -> u128 {
        let range = self.part_ranges.get(part).copied().unwrap_or((0, 127));
        self.pitches(step) & range_plane(range)
    }

    /// Whether a note may begin at a step: always but within the primer, within the ending and after the piece.
    pub fn may_begin(&self, step: u64) -> bool {
        step >= self.begin
            && self.ending().is_none_or(|ending| step <= ending)
            && self.length.is_none_or(|length| step < length)
    }

    /// The first step of the ending, if there is one. It lies after the primer.
    pub fn ending(&self) -> Option<u64> {
        let steps = self.ending_steps.unwrap_or(self.steps_per_quarter);
        let length = self.length.filter(|_| steps > 0)?;
        Some(length.saturating_sub(steps).max(self.begin))
    }

    /// Where the last chord begins, and the pitches that its lowest note may have.
    pub fn last_chord(&self) -> Option<LastChord> {
        let begin = self.ending().filter(|_| self.last_chord)?;
        let tonic = self.key.map_or(u128::MAX, |key| harmony::plane(1 << key.tonic));
        Some(LastChord { begin, bass: self.pitches(begin) & tonic })
    }
}

/// The chord with which a piece ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastChord {
    /// Its first step.
    pub begin: u64,
    /// The pitches that its lowest note may have, as a plane of a frame.
    pub bass: u128,
}

impl LastChord {
    /// Whether some pitch of the bass is not above a pitch.
    pub(crate) fn has_bass_below(&self, pitch: u8) -> bool {
        self.bass & range_plane((0, pitch)) != 0
    }
}

/// For [`Rules::below`]: the lowest note of a part at each step, during rests the one before, 128 before its first.
pub fn lowest_notes(part: &[Frame]) -> Vec<u8> {
    let mut lowest = 128;
    let mut lowest_at = |frame: &Frame| {
        if frame.sounding != 0 {
            lowest = frame.sounding.trailing_zeros() as u8;
        }
        lowest
    };
    part.iter().map(&mut lowest_at).collect()
}

/// The pitches of a range as a plane of a frame.
pub(crate) fn range_plane((low, high): PitchRange) -> u128 {
    let up_to = |pitch: u8| u128::MAX >> (127 - pitch.min(127));
    up_to(high) & !(up_to(low) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_meet() {
        let rules =
            Rules { key: Some(Key::new(0, false)), range: (60, 72), length: Some(64), ..Rules::default() };
        let list = |plane: u128| (0..128).filter(|pitch| plane >> pitch & 1 == 1).collect::<Vec<u8>>();
        assert_eq!(list(rules.pitches(0)), [60, 62, 64, 65, 67, 69, 71, 72]);
        assert_eq!(list(rules.pitches(60)), [60, 64, 67, 72], "the last quarter is the tonic's");
        assert_eq!(
            (59..=64).map(|step| rules.may_begin(step)).collect::<Vec<_>>(),
            [true, true, false, false, false, false]
        );
        let last = Rules { last_chord: true, ..rules.clone() }.last_chord().expect("an ending");
        assert_eq!((last.begin, list(last.bass)), (60, vec![60, 72]));
        let late = Rules { begin: 62, last_chord: true, ..rules.clone() };
        assert_eq!((late.ending(), late.may_begin(61), late.may_begin(62)), (Some(62), false, true));
        let broken_off = Rules { ending_steps: Some(0), last_chord: true, ..rules.clone() };
        assert!(broken_off.last_chord().is_none() && broken_off.may_begin(63) && !broken_off.may_begin(64));
        let chords = ChordPlan::read("G7 C", 16).expect("chords");
        assert_eq!(list(Rules { chords: Some(chords), ..rules }.pitches(3)), [62, 65, 67, 71]);
        assert_eq!(Rules::default().pitches(9), u128::MAX);
        let part = [0, 1 << 61, 0, 1 << 64 | 1 << 70].map(|sounding| Frame { sounding, onsets: 0 });
        assert_eq!(lowest_notes(&part), [128, 61, 61, 64]);
        let below = Rules { below: lowest_notes(&part), range: (60, 65), ..Rules::default() };
        assert_eq!(list(below.pitches(0)), [60, 61, 62, 63, 64, 65]);
        assert_eq!(list(below.pitches(1)), [60]);
        assert_eq!(list(below.pitches(3)), [60, 61, 62, 63]);
        assert_eq!(below.pitches(4), below.pitches(0));
        assert!(Rules { range: (70, 60), ..Rules::default() }.check().is_err());
    }
}
