//! Attributes of frames.

use super::ConditionValues;
use crate::note_lengths::begun;
use composer_music::key::{self, Key};
use composer_music::representation::frames::{Frame, pitches};
use std::ops::Range;

/// Density, polyphony, register and key of frames with so many steps in a quarter, as statistics of whole pieces define them: a pitch of several
/// voices is one, and rests count for the density alone. What needs a note is `None` where there is none.
pub fn measure(frames: &[Frame], steps_per_quarter: u32) -> ConditionValues {
    let key = key_of(frames);
    ConditionValues { key, ..Sums::of(frames, steps_per_quarter).within(0..frames.len()) }
}

/// The key of frames, by how long each pitch class sounds; `None` where they have none.
pub(super) fn key_of(frames: &[Frame]) -> Option<Key> {
    let mut histogram = [0.0; 12];
    for frame in frames {
        pitches(frame.sounding).for_each(|pitch| histogram[usize::from(pitch) % 12] += 1.0);
    }
    key::estimate(&histogram).map(|found| found.key)
}

/// What a frame adds to the sums that attributes are made of: notes that begin, the sum of their pitches, pitches that sound, and 1 if any does.
pub(super) fn counts(frame: Frame, begun: u128) -> [u64; 4] {
    [
        u64::from(begun.count_ones()),
        pitches(begun).map(u64::from).sum(),
        u64::from(frame.sounding.count_ones()),
        u64::from(frame.sounding != 0),
    ]
}

/// Sums over the frames before each step, so that any stretch is measured in no time.
pub(super) struct Sums {
    steps_per_quarter: f64,
    /// Before each step: the sums of [`counts`].
    before: Vec<[u64; 4]>,
}

impl Sums {
    pub fn of(frames: &[Frame], steps_per_quarter: u32) -> Self {
        let mut before = vec![[0; 4]];
        let (mut sums, mut previous) = ([0u64; 4], Frame::default());
        for frame in frames {
            let begin = begun(previous, *frame);
            sums.iter_mut().zip(counts(*frame, begin)).for_each(|(sum, value)| *sum += value);
            before.push(sums);
            previous = *frame;
        }
        Self { steps_per_quarter: f64::from(steps_per_quarter.max(1)), before }
    }

    /// The attributes of some steps.
    pub fn within(&self, steps: Range<usize>) -> ConditionValues {
        let [notes, pitches, sounding, filled] =
            std::array::from_fn(|sum| (self.before[steps.end][sum] - self.before[steps.start][sum]) as f64);
        let ratio = |above: f64, below: f64| (below > 0.0).then(|| above / below);
        ConditionValues {
            density: ratio(notes * self.steps_per_quarter, steps.len() as f64),
            polyphony: ratio(sounding, filled),
            register: ratio(pitches, notes),
            ..ConditionValues::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_count_for_the_density_alone() {
        let frame = |sounding, onsets| Frame { sounding, onsets };
        let (c, e) = (1 << 60, 1 << 64);
        let frames = [frame(c | e, c | e), frame(c | e, 0), frame(c, c), frame(0, 0)];
        let found = measure(&frames, 2);
        assert_eq!((found.density, found.polyphony), (Some(3.0 / 2.0), Some(5.0 / 3.0)));
        assert_eq!(found.register, Some((60.0 + 64.0 + 60.0) / 3.0));
        let silence = measure(&frames[3..], 2);
        assert_eq!((silence.density, silence.polyphony, silence.register), (Some(0.0), None, None));
        assert_eq!(measure(&[], 4), ConditionValues::default());
    }
}
