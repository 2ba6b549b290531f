//! What of a piece is written anew, on the grid of a model.

use crate::Error;
use composer_models::ConditionTrack;
use composer_music::BarMap;
use composer_music::representation::frames::Frame;
use std::ops::Range;
use std::str::FromStr;

/// A note on the grid of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GridNote {
    /// Its first step.
    pub start: usize,
    /// Its MIDI pitch.
    pub pitch: u8,
    /// The first step after it.
    pub end: usize,
}

/// What of the notes that go is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// Nothing.
    #[default]
    Nothing,
    /// When they begin and how long they last: of those that begin together, the lowest new one lasts as long as the lowest old one.
    Rhythm,
    /// Their pitches, in their order; notes that began together may begin one after the other, and the other way round.
    Pitches,
}

/// By its name: rhythm or pitches.
impl FromStr for Keep {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "rhythm" => Ok(Self::Rhythm),
            "pitches" => Ok(Self::Pitches),
            _ => Err(format!("there is no \"{name}\" to keep; there are rhythm and pitches")),
        }
    }
}

/// A piece of which some notes are written anew.
#[derive(Clone, Debug)]
pub struct Passage {
    /// The piece without the notes that go `[T]`.
    pub kept: Vec<Frame>,
    /// The notes that go.
    pub notes: Vec<GridNote>,
    /// The pitches at which a new note may begin, at each step `[T]`.
    pub begin: Vec<u128>,
    /// The pitches at which a new note may sound, at each step `[T]`.
    pub sound: Vec<u128>,
    /// The first step at which no new note sounds any more, at most `T`.
    pub end: usize,
    /// What stays of the notes that go.
    pub keep: Keep,
    /// Notes that may sound together, where the kept ones are not more.
    pub max_polyphony: usize,
    /// The bars, in steps.
    pub bars: BarMap,
    /// What a model with conditions is told.
    pub conditions: ConditionTrack,
}

impl Passage {
    /// Refuses a passage that contradicts itself.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn check(&self) -> Result<(), Error> {
        let steps = self.kept.len();
        let refuse = |value: String, must| Err(Error::Option { name: "the passage", value, must });
        let given = [self.begin.len(), self.sound.len(), steps.max(self.end)];
        if given != [steps; 3] {
            let value = format!("of {given:?} for {steps} steps");
            return refuse(value, "as long as the piece");
        }
        if let Some(note) = self.notes.iter().find(|note| note.start >= note.end || note.end > steps) {
            return refuse(format!("with a note from {} to {}", note.start, note.end), "within the piece");
        }
        if self.span().is_none() {
            return refuse("without a step".into(), "open for at least one new note");
        }
        Ok(())
    }

    /// From the first to the last step at which a note may begin; `None`: nowhere.
    pub fn span(&self) -> Option<Range<usize>> {
        let open = |plane: &u128| *plane != 0;
        Some(self.begin.iter().position(open)?..self.begin.iter().rposition(open)? + 1)
    }

    /// The span in blocks of at most so many steps that end at bar lines and begin anew there, the first shortened by `shift` steps.
    pub fn blocks(&self, steps: usize, shift: usize) -> Vec<Range<usize>> {
        let Some(span) = self.span() else { return Vec::new() };
        let mut blocks = Vec::new();
        let mut start = span.start;
        while start < span.end {
            let bar = self.bars.bar_at(start as u64);
            let since = start - bar.start as usize + shift;
            let end = (start + steps - since % steps.max(1)).min(bar.end as usize).min(span.end);
            blocks.push(start..end.max(start + 1));
            start = end.max(start + 1);
        }
        blocks
    }

    /// The blocks whose steps are all closed are left out.
    pub fn open_blocks(&self, steps: usize, shift: usize) -> Vec<Range<usize>> {
        let mut blocks = self.blocks(steps, shift);
        blocks.retain(|block| self.begin[block.clone()].iter().any(|&plane| plane != 0));
        blocks
    }
}

/// Lays notes over frames. A note that is struck where its pitch sounds ends the one before.
pub fn lay_over(frames: &mut [Frame], notes: impl IntoIterator<Item = GridNote>) {
    for note in notes {
        let bit = 1u128 << (note.pitch & 127);
        let length = frames.len();
        let steps = note.start.min(length)..note.end.min(length);
        if let Some(first) = frames.get_mut(note.start) {
            first.onsets |= bit;
        }
        frames[steps].iter_mut().for_each(|frame| frame.sounding |= bit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_end_at_bar_lines_and_a_shift_moves_them() {
        let bars = BarMap::from_changes(4, [(0, "2/4".parse().expect("a metre"))]);
        let mut begin = vec![0; 32];
        begin[4..24].fill(1);
        let passage = Passage {
            kept: vec![Frame::default(); 32],
            notes: Vec::new(),
            begin,
            sound: vec![u128::MAX; 32],
            end: 24,
            keep: Keep::Nothing,
            max_polyphony: 4,
            bars,
            conditions: ConditionTrack::default(),
        };
        assert!(passage.check().is_ok());
        assert_eq!(passage.blocks(8, 0), [4..8, 8..16, 16..24]);
        assert_eq!(passage.blocks(4, 2), [4..6, 6..8, 8..10, 10..14, 14..16, 16..18, 18..22, 22..24]);
    }

    #[test]
    fn notes_are_laid_over_frames() {
        let mut frames = vec![Frame { sounding: 1, onsets: 0 }; 4];
        lay_over(&mut frames, [GridNote { start: 1, pitch: 60, end: 9 }]);
        assert_eq!(frames[0].sounding, 1);
        assert_eq!((frames[1].sounding, frames[1].onsets), (1 | 1 << 60, 1 << 60));
        assert_eq!((frames[3].sounding, frames[3].onsets), (1 | 1 << 60, 0));
    }
}
