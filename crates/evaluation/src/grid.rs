//! [`Grid`]: a piece quantised to twelfths of a quarter and cut into bars, the form that every detector reads.

use composer_music::{BarMap, Note, Score, Ticks, TimeSignature, Track};

/// Steps in a quarter note: sixteenths are 3 steps, triplet eighths 4.
pub const STEPS_PER_QUARTER: u32 = 12;

/// Longest piece in steps (about a day at 120 quarters per minute); what lies beyond is cut off.
const MAX_STEPS: u64 = 2_000_000;

/// A note with a pitch on the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GridNote {
    /// Start in steps.
    pub onset: u32,
    /// MIDI pitch.
    pub pitch: u8,
    /// Length in steps, at least 1.
    pub duration: u32,
}

impl GridNote {
    /// First step after the note.
    pub fn end(&self) -> u32 {
        self.onset + self.duration
    }
}

/// A piece on the grid. Drums are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Notes by onset, then pitch; one per onset and pitch (the longest).
    pub notes: Vec<GridNote>,
    /// First step of every bar, in order, and the end of the last bar: one entry more than there are bars.
    pub bar_lines: Vec<u32>,
}

impl Grid {
    /// Quantises a score: onsets to the nearest step, lengths likewise but never to nothing.
    pub fn new(score: &Score) -> Self {
        let tpq = u64::from(score.ticks_per_quarter);
        let step = |tick: Ticks| {
            let tick = u128::from(tick) * u128::from(STEPS_PER_QUARTER);
            ((tick + u128::from(tpq) / 2) / u128::from(tpq)).min(u128::from(MAX_STEPS)) as u32
        };
        let notes = score.notes().filter(|note| !note.is_drum()).map(|note| {
            let onset = step(note.onset);
            let duration = step(note.end()).saturating_sub(onset).max(1);
            GridNote { onset, pitch: note.pitch & 127, duration }
        });
        let notes = tidy(notes.collect());
        let end = notes.iter().map(GridNote::end).max().unwrap_or(0);
        let bars = BarMap::new(score).on_grid(STEPS_PER_QUARTER);
        // Bars of less than a step are drawn together.
        let mut lines = vec![0];
        for step in bars.bars(end.into()).map(|bar| bar.end) {
            let step = step.min((2 * MAX_STEPS).max(end.into())) as u32;
            if lines.last().is_some_and(|&last| last < step) {
                lines.push(step);
            }
        }
        Self { notes, bar_lines: lines }
    }

    /// A piece in bars of one length.
    pub fn with_bars_of(notes: Vec<GridNote>, bar: u32) -> Self {
        let notes = tidy(notes);
        let end = notes.iter().map(GridNote::end).max().unwrap_or(0);
        let bar = bar.max(1);
        let bar_lines = (0..=end.div_ceil(bar)).map(|number| number * bar).collect();
        Self { notes, bar_lines }
    }

    /// The same notes in bars of one length, as if the metre never changed.
    pub fn relaid(&self, bar: u32) -> Self {
        Self::with_bars_of(self.notes.clone(), bar)
    }

    /// Consecutive excerpts of at least `steps` steps, cut at bar lines; a remainder that is too short is left out, but
    /// a piece that is shorter than one excerpt comes back whole. Notes are cut where an excerpt begins or ends.
    pub fn excerpts(&self, steps: u32) -> Vec<Grid> {
        let mut excerpts = Vec::new();
        let mut first = 0;
        for last in 1..self.bar_lines.len() {
            let (from, to) = (self.bar_lines[first], self.bar_lines[last]);
            if to - from < steps.max(1) {
                continue;
            }
            let inside = self.notes.iter().filter(|note| note.onset < to && note.end() > from);
            let cut = inside.map(|note| {
                let (start, end) = (note.onset.max(from), note.end().min(to));
                GridNote { onset: start - from, pitch: note.pitch, duration: end - start }
            });
            let bar_lines = self.bar_lines[first..=last].iter().map(|line| line - from).collect();
            excerpts.push(Grid { notes: tidy(cut.collect()), bar_lines });
            first = last;
        }
        if excerpts.is_empty() && !self.is_empty() {
            excerpts.push(self.clone());
        }
        excerpts
    }

    /// Other notes in the bars of a piece (its metres go on beyond its end).
    pub(crate) fn in_bars_like(piece: &Grid, notes: Vec<GridNote>) -> Self {
        let notes = tidy(notes);
        let end = notes.iter().map(GridNote::end).max().unwrap_or(0);
        let mut bar_lines: Vec<u32> = piece.bar_lines.clone();
        let bar = bar_lines.windows(2).next_back().map_or(4 * STEPS_PER_QUARTER, |bar| bar[1] - bar[0]);
        while bar_lines[bar_lines.len() - 1] < end {
            bar_lines.push(bar_lines[bar_lines.len() - 1] + bar);
        }
        let bars = bar_lines.partition_point(|&line| line < end);
        bar_lines.truncate(bars + 1);
        Self { notes, bar_lines }
    }

    /// The grid as a score, on one track, to listen to it or to write it.
    pub fn to_score(&self) -> Score {
        let mut score = Score::new(STEPS_PER_QUARTER as u16 * 40);
        let ticks = |steps: u32| Ticks::from(steps) * 40;
        let notes = self.notes.iter().map(|note| Note {
            onset: ticks(note.onset),
            duration: ticks(note.duration),
            pitch: note.pitch,
            velocity: 80,
            channel: 0,
            program: 0,
        });
        score.tracks.push(Track { name: None, notes: notes.collect() });
        let mut usual = 4 * STEPS_PER_QUARTER;
        for bar in self.bar_lines.windows(2) {
            let length = bar[1] - bar[0];
            if let Some((numerator, denominator)) = metre_of(length).filter(|_| length != usual) {
                score.time_signatures.push(TimeSignature { tick: ticks(bar[0]), numerator, denominator });
                usual = length;
            }
        }
        score
    }

    /// Number of bars.
    pub fn num_bars(&self) -> usize {
        self.bar_lines.len() - 1
    }

    /// Length in steps, up to the end of the last note.
    pub fn len(&self) -> u32 {
        self.notes.iter().map(GridNote::end).max().unwrap_or(0)
    }

    /// Whether there is no note.
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }

    /// The bar that a step lies in, from 0; steps after the end lie in the last bar.
    pub fn bar_of(&self, step: u32) -> usize {
        self.bar_lines.partition_point(|&line| line <= step).clamp(1, self.num_bars().max(1)) - 1
    }

    /// The bar length that occurs most often, in steps; 4/4 without any bar.
    pub fn usual_bar(&self) -> u32 {
        let mut lengths: Vec<u32> = self.bar_lines.windows(2).map(|bar| bar[1] - bar[0]).collect();
        lengths.sort_unstable();
        let runs = lengths.chunk_by(|a, b| a == b).max_by_key(|run| run.len());
        runs.map_or(4 * STEPS_PER_QUARTER, |run| run[0])
    }

    /// Onset of a note within its bar.
    pub fn position(&self, note: &GridNote) -> u32 {
        note.onset - self.bar_lines[self.bar_of(note.onset)]
    }

    /// The notes that begin in each bar.
    pub fn notes_by_bar(&self) -> Vec<&[GridNote]> {
        let first_at = |step: u32| self.notes.partition_point(|note| note.onset < step);
        self.bar_lines.windows(2).map(|bar| &self.notes[first_at(bar[0])..first_at(bar[1])]).collect()
    }

    /// For every step, which pitches sound and which of them are struck: `(sounding, struck)` bit sets.
    pub fn frames(&self) -> Vec<(u128, u128)> {
        let mut frames = vec![(0u128, 0u128); self.len() as usize];
        for note in &self.notes {
            frames[note.onset as usize].1 |= 1 << note.pitch;
            for frame in &mut frames[note.onset as usize..note.end() as usize] {
                frame.0 |= 1 << note.pitch;
            }
        }
        frames
    }

    /// The highest note of every onset: the line that a listener follows. A note that begins under a higher one that
    /// still sounds is not part of it.
    pub fn top_line(&self) -> Vec<GridNote> {
        let mut line: Vec<GridNote> = Vec::new();
        for onset in self.notes.chunk_by(|a, b| a.onset == b.onset) {
            let highest = onset[onset.len() - 1];
            match line.last() {
                Some(last) if last.end() > highest.onset && last.pitch > highest.pitch => {}
                _ => line.push(highest),
            }
        }
        line
    }
}

/// The metre of a bar of so many steps, with the longest beats that fit; `None` if it is no whole number of sixteenths.
fn metre_of(steps: u32) -> Option<(u8, u8)> {
    let fits = |beats: &u32| (steps * beats).is_multiple_of(4 * STEPS_PER_QUARTER);
    let denominator = [4, 8, 16].into_iter().find(fits)?;
    let numerator = u8::try_from(steps * denominator / (4 * STEPS_PER_QUARTER)).ok()?;
    Some((numerator, denominator as u8))
}

/// Sorts, and keeps the longest of notes that share onset and pitch.
fn tidy(mut notes: Vec<GridNote>) -> Vec<GridNote> {
    notes.retain(|note| u64::from(note.onset) < MAX_STEPS);
    notes.sort_unstable_by_key(|note| (note.onset, note.pitch, std::cmp::Reverse(note.duration)));
    notes.dedup_by_key(|note| (note.onset, note.pitch));
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(onset: u64, duration: u64, pitch: u8) -> Note {
        Note { onset, duration, pitch, velocity: 64, channel: 0, program: 0 }
    }

    #[test]
    fn quantises_and_finds_bars_through_changes_of_metre() {
        let mut score = Score::new(480);
        let metre = |tick, numerator, denominator| TimeSignature { tick, numerator, denominator };
        score.time_signatures = vec![metre(0, 3, 4), metre(1440, 6, 8), metre(2880, 4, 4)];
        let notes = vec![note(0, 10, 60), note(478, 480, 64), note(481, 240, 64), note(3000, 1900, 48)];
        score.tracks.push(Track { name: None, notes });
        let grid = Grid::new(&score);
        assert_eq!(grid.bar_lines, [0, 36, 72, 120, 168]);
        let expected = [(0, 60, 1), (12, 64, 12), (75, 48, 48)];
        assert_eq!(grid.notes, expected.map(|(onset, pitch, duration)| GridNote { onset, pitch, duration }));
        assert_eq!((grid.bar_of(0), grid.bar_of(36), grid.bar_of(75), grid.bar_of(9_999)), (0, 1, 2, 3));
        assert_eq!(grid.position(&grid.notes[2]), 3);
        assert_eq!(grid.notes_by_bar().iter().map(|bar| bar.len()).collect::<Vec<_>>(), [2, 0, 1, 0]);
    }

    #[test]
    fn a_piece_survives_the_way_to_a_score_and_back() {
        let notes =
            (0..40).map(|i| GridNote { onset: 3 * i, pitch: 50 + (i * 7 % 30) as u8, duration: 1 + i % 5 });
        let grid = Grid::with_bars_of(notes.collect(), 48);
        assert_eq!(Grid::new(&grid.to_score()), grid);
        // Five eighths, cut off after an upbeat of one.
        let notes = (0..40).map(|i| GridNote { onset: 6 * i, pitch: 60, duration: 6 });
        let bars =
            Grid { bar_lines: vec![0, 6, 36, 66, 96, 126, 156, 186, 216, 246], notes: notes.collect() };
        assert_eq!(Grid::new(&bars.to_score()), bars);
    }

    #[test]
    fn empty_music_has_no_bars() {
        let grid = Grid::new(&Score::new(480));
        assert_eq!((grid.num_bars(), grid.len(), grid.usual_bar()), (0, 0, 48));
        assert!(grid.top_line().is_empty() && grid.frames().is_empty());
    }

    #[test]
    fn excerpts_are_cut_at_bar_lines() {
        let note = |onset, duration| GridNote { onset, pitch: 60, duration };
        let grid = Grid::with_bars_of(vec![note(0, 12), note(90, 12), note(150, 48), note(230, 5)], 48);
        let excerpts = grid.excerpts(96);
        assert_eq!(excerpts.len(), 2, "five bars are two excerpts and a remainder");
        assert_eq!(excerpts[0].notes, [note(0, 12), note(90, 6)]);
        assert_eq!(excerpts[1].notes, [note(0, 6), note(54, 42)]);
        assert_eq!(excerpts[1].bar_lines, [0, 48, 96]);
        assert_eq!(grid.excerpts(1_000), [grid]);
    }

    #[test]
    fn the_top_line_ignores_what_begins_under_a_held_note() {
        let note = |onset, pitch, duration| GridNote { onset, pitch, duration };
        let grid = Grid::with_bars_of(vec![note(0, 72, 24), note(12, 60, 12), note(24, 70, 12)], 48);
        assert_eq!(grid.top_line(), [note(0, 72, 24), note(24, 70, 12)]);
    }
}
