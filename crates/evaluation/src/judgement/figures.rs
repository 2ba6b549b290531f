//! [`Aspect`]: what a piece is judged by against the reference, one figure each, with the bars that stand out.

use std::ops::Range;

use serde::Serialize;

use crate::failure::repetition;
use crate::grid::{Grid, STEPS_PER_QUARTER};
use crate::statistics::{mean, ratio};

/// Shortest window, in steps, of the figures that are means over bars: shorter bars (2/4, an upbeat) are joined with the next.
const SHORTEST_WINDOW: u32 = 3 * STEPS_PER_QUARTER;

/// An unbroken chord counts as held from this length in steps: a whole note.
const HELD: u32 = 4 * STEPS_PER_QUARTER;

/// One way in which a piece can lie outside the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// Notes a quarter.
    Density,
    /// Pitches that sound at once, while any does.
    Polyphony,
    /// Share of the time under an unbroken chord of a whole note or longer: nothing begins, nothing ends.
    HeldNotes,
    /// Different pitch classes in a bar.
    PitchClasses,
    /// Share of the sequences of four chords that came before.
    RepeatedChords,
    /// Highest minus lowest pitch, in semitones.
    Range,
    /// Share of the time in which no pitch sounds.
    Silence,
}

impl Aspect {
    /// All aspects, in the order in which they are reported.
    pub const ALL: [Self; 7] = [
        Self::Silence,
        Self::Density,
        Self::HeldNotes,
        Self::Polyphony,
        Self::PitchClasses,
        Self::RepeatedChords,
        Self::Range,
    ];

    /// Name in tables and JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::Density => "density",
            Self::Polyphony => "polyphony",
            Self::HeldNotes => "held_notes",
            Self::PitchClasses => "pitch_classes",
            Self::RepeatedChords => "repeated_chords",
            Self::Range => "range",
            Self::Silence => "silence",
        }
    }

    /// The figure of a piece; NaN where it has too little music.
    pub fn of(self, grid: &Grid) -> f64 {
        let length = f64::from(grid.len());
        match self {
            Self::Density => ratio(grid.notes.len() as f64 * f64::from(STEPS_PER_QUARTER), length),
            Self::Polyphony => {
                let stretches = stretches(grid);
                let time = |weight: fn(&Stretch) -> u32| -> f64 {
                    stretches.iter().map(|stretch| f64::from(stretch.steps() * weight(stretch))).sum()
                };
                ratio(time(|s| s.pitches.count_ones()), time(|s| u32::from(s.pitches != 0)))
            }
            Self::HeldNotes => {
                ratio(f64::from(held(grid).iter().map(|held| held.end - held.start).sum::<u32>()), length)
            }
            Self::PitchClasses => mean(
                pitch_classes(grid)
                    .iter()
                    .map(|(_, classes)| f64::from(*classes))
                    .filter(|&classes| classes > 0.0),
            ),
            Self::RepeatedChords => repetition::repeated_four_grams(grid),
            Self::Range => {
                let pitches = || grid.notes.iter().map(|note| note.pitch);
                pitches().max().zip(pitches().min()).map_or(f64::NAN, |(high, low)| f64::from(high - low))
            }
            Self::Silence => {
                let silent =
                    stretches(grid).iter().filter(|s| s.pitches == 0).map(Stretch::steps).sum::<u32>();
                ratio(f64::from(silent), length)
            }
        }
    }
}

/// A stretch between two moments at which a note begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// First step.
    pub start: u32,
    /// First step after it.
    pub end: u32,
    /// Bit `p` says that MIDI pitch `p` sounds.
    pub pitches: u128,
}

impl Stretch {
    /// Length in steps.
    pub fn steps(&self) -> u32 {
        self.end - self.start
    }
}

/// Cuts a piece, from step 0 to the end of its last note, wherever a note begins or ends. `O(notes · log notes)`.
pub fn stretches(grid: &Grid) -> Vec<Stretch> {
    let mut moments: Vec<(u32, u8, i32)> = Vec::with_capacity(2 * grid.notes.len());
    for note in &grid.notes {
        moments.push((note.onset, note.pitch, 1));
        moments.push((note.end(), note.pitch, -1));
    }
    moments.sort_unstable();
    let (mut voices, mut pitches, mut start) = ([0i32; 128], 0u128, 0);
    let mut stretches = Vec::new();
    for (step, pitch, change) in moments {
        if step > start {
            stretches.push(Stretch { start, end: step, pitches });
            start = step;
        }
        let count = &mut voices[usize::from(pitch & 127)];
        *count += change;
        pitches = if *count > 0 { pitches | 1 << pitch } else { pitches & !(1 << pitch) };
    }
    stretches
}

/// The unbroken chords of a whole note or longer, as steps.
pub fn held(grid: &Grid) -> Vec<Range<u32>> {
    let long = stretches(grid).into_iter().filter(|stretch| stretch.pitches != 0 && stretch.steps() >= HELD);
    long.map(|stretch| stretch.start..stretch.end).collect()
}

/// Whole bars of at least three quarters (shorter ones are joined), as ranges of bars.
pub fn windows(grid: &Grid) -> Vec<Range<usize>> {
    let mut windows: Vec<Range<usize>> = Vec::new();
    let mut first = 0;
    for bar in 0..grid.num_bars() {
        if grid.bar_lines[bar + 1] - grid.bar_lines[first] >= SHORTEST_WINDOW {
            windows.push(first..bar + 1);
            first = bar + 1;
        }
    }
    match windows.last_mut() {
        Some(last) => last.end = grid.num_bars(),
        None if grid.num_bars() > 0 => windows.push(0..grid.num_bars()),
        None => {}
    }
    windows
}

/// How many pitch classes sound in each window of [`windows`].
pub fn pitch_classes(grid: &Grid) -> Vec<(Range<usize>, u32)> {
    let windows = windows(grid);
    let mut sets = vec![0u16; windows.len()];
    for note in &grid.notes {
        let first = windows.partition_point(|window| grid.bar_lines[window.end] <= note.onset);
        let sounding = windows.iter().enumerate().skip(first);
        for (i, _) in sounding.take_while(|(_, window)| grid.bar_lines[window.start] < note.end()) {
            sets[i] |= 1 << (note.pitch % 12);
        }
    }
    windows.into_iter().zip(sets.iter().map(|set| set.count_ones())).collect()
}

/// The figure of each window of [`windows`], for the aspects that have one at every moment; otherwise empty.
pub fn by_window(aspect: Aspect, grid: &Grid) -> Vec<(Range<usize>, f64)> {
    if aspect == Aspect::PitchClasses {
        return pitch_classes(grid).into_iter().map(|(bars, classes)| (bars, f64::from(classes))).collect();
    }
    let stretches = stretches(grid);
    let figure = |bars: &Range<usize>| {
        let (from, to) = (grid.bar_lines[bars.start], grid.bar_lines[bars.end].min(grid.len()));
        let inside = |stretch: &Stretch| stretch.end.min(to).saturating_sub(stretch.start.max(from));
        let time = |weight: &dyn Fn(&Stretch) -> u32| -> f64 {
            stretches.iter().map(|stretch| f64::from(inside(stretch) * weight(stretch))).sum()
        };
        let length = f64::from(to.saturating_sub(from));
        match aspect {
            Aspect::Density => {
                let begun = grid.notes.iter().filter(|note| (from..to).contains(&note.onset)).count();
                ratio(begun as f64 * f64::from(STEPS_PER_QUARTER), length)
            }
            Aspect::Polyphony => {
                ratio(time(&|s| s.pitches.count_ones()), time(&|s| u32::from(s.pitches != 0)))
            }
            Aspect::Silence => ratio(time(&|s| u32::from(s.pitches == 0)), length),
            _ => f64::NAN,
        }
    };
    let all =
        windows(grid).into_iter().map(|bars| (figure(&bars), bars)).map(|(figure, bars)| (bars, figure));
    all.filter(|(_, figure)| figure.is_finite()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::GridNote;
    use approx::assert_relative_eq;

    fn note(onset: u32, pitch: u8, duration: u32) -> GridNote {
        GridNote { onset, pitch, duration }
    }

    #[test]
    fn figures_by_hand() {
        // A dyad of a whole note, a bar of silence, then four quarters.
        let mut notes = vec![note(0, 60, 48), note(0, 67, 48)];
        notes.extend((0..4).map(|beat| note(96 + 12 * beat, 60 + 2 * beat as u8, 12)));
        let grid = Grid::with_bars_of(notes, 48);
        for (aspect, expected) in [
            (Aspect::Density, 0.5),
            (Aspect::Polyphony, 1.5),
            (Aspect::HeldNotes, 1.0 / 3.0),
            (Aspect::PitchClasses, 3.0),
            (Aspect::RepeatedChords, 0.0),
            (Aspect::Range, 7.0),
            (Aspect::Silence, 1.0 / 3.0),
        ] {
            assert_relative_eq!(aspect.of(&grid), expected, max_relative = 1e-12);
        }
        let silence: Vec<f64> =
            by_window(Aspect::Silence, &grid).into_iter().map(|(_, share)| share).collect();
        assert_eq!(silence, [0.0, 1.0, 0.0]);
        let nothing = Grid::with_bars_of(vec![], 48);
        assert!(Aspect::ALL.iter().all(|aspect| aspect.of(&nothing).is_nan()));
    }

    #[test]
    fn short_bars_are_joined_and_a_repeated_note_is_not_held() {
        let two_four = Grid::with_bars_of((0..10).map(|beat| note(12 * beat, 60, 12)).collect(), 24);
        assert_eq!(windows(&two_four), [0..2, 2..5]);
        assert_eq!(Aspect::HeldNotes.of(&two_four), 0.0, "struck again every quarter");
        assert_eq!(stretches(&two_four).len(), 10);
    }
}
