//! Times of notes on a grid that notation holds, chosen beat by beat.
//!
//! Where a beat's notes lie on one of the grids of [`GRIDS`] to the tick, they stay where they are, on the simplest such grid. Elsewhere
//! the grid is the one with the least sum of squared distances plus a price for finer and for odd grids. Music whose ends of notes are
//! on no grid (played, or shortened as sequencers do) gets ends that a musician would write: at the next note of the part, or at the
//! nearest sixteenth or triplet.

use super::measures::{DIVISIONS, Measure, SHORTEST};
use crate::score::Note;

/// Divisions of a beat, the simplest first; for a dotted beat, those of its third are the binary ones.
const GRIDS: [u64; 14] = [1, 2, 4, 3, 8, 6, 12, 16, 5, 24, 10, 7, 32, 14];

/// Grids for times that are on none of them, with their prices in squared standard deviations of a player's timing.
const PLAYED: [(u64, f64); 6] = [(1, 0.0), (2, 0.8), (4, 2.0), (3, 4.0), (8, 9.0), (6, 9.0)];

/// Standard deviation of a player's timing, in beats.
const TIMING: f64 = 0.04;

/// Share of times on a grid from which the others are exceptions.
const WRITTEN: f64 = 0.95;

/// Up to which share of its length a note is made longer to reach the next one, where ends are on no grid.
const LEGATO: f64 = 0.4;

/// A note with times in [`DIVISIONS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SheetNote {
    /// Where it begins.
    pub onset: u64,
    /// The first tick after it.
    pub end: u64,
    /// MIDI pitch.
    pub pitch: u8,
    /// MIDI velocity.
    pub velocity: u8,
    /// General MIDI program.
    pub program: u8,
    /// MIDI channel.
    pub channel: u8,
    /// Its name on the line of fifths: 0 is C, 1 G, −1 F, 6 F sharp, −2 B flat.
    pub fifths: i8,
}

/// A beat of the piece, and how it may be divided.
#[derive(Clone, Copy)]
struct Beat {
    start: u64,
    length: u64,
}

/// The notes of one staff on the grid, sorted by onset, then pitch; no note is without length.
pub fn quantise(notes: &[Note], ticks_per_quarter: u16, measures: &[Measure]) -> Vec<SheetNote> {
    let scale = DIVISIONS as f64 / f64::from(ticks_per_quarter.max(1));
    // Half a tick is lost in whole ticks; resolutions so coarse that this would confuse grids are exact or not.
    let slack = if ticks_per_quarter >= 96 { 0.99 * scale } else { 1e-6 };
    let beats = Beats::new(measures);
    let times = |tick: u64| tick as f64 * scale;
    let exact = |time: f64| beats.at(time).exact(&[time], slack).is_some();
    let share = |of: &dyn Fn(&Note) -> u64| {
        let count = notes.iter().filter(|note| exact(times(of(note)))).count();
        count as f64 >= WRITTEN * notes.len() as f64
    };
    let (onsets_written, ends_written) = (share(&|note| note.onset), share(&|note| note.end()));
    let onset_times: Vec<f64> = notes.iter().map(|note| times(note.onset)).collect();
    let end_times: Vec<f64> = notes.iter().map(|note| times(note.end())).collect();
    let ends = if ends_written { &end_times[..] } else { &[] };
    let (chosen, holds_ends) = beats.grids(&onset_times, ends, onsets_written, slack);
    let onset = |note: &Note| beats.snap(times(note.onset), &chosen);
    let mut onsets: Vec<u64> = notes.iter().map(onset).collect();
    onsets.sort_unstable();
    let mut placed: Vec<SheetNote> = notes
        .iter()
        .map(|note| {
            let onset = onset(note);
            let end = times(note.end());
            let index = beats.index(end);
            let end = match ends_written && holds_ends[index] {
                true => beats.0[index].snap(end, chosen[index]),
                false => beats.played_end(times(note.onset), end, onset, &onsets, &chosen),
            };
            let end = if end > onset { end } else { beats.next_point(onset, &chosen) };
            let Note { pitch, velocity, program, channel, .. } = *note;
            SheetNote { onset, end, pitch, velocity, program, channel, fifths: 0 }
        })
        .collect();
    placed.sort_unstable_by_key(|note| (note.onset, note.pitch, note.end));
    placed
}

/// The beats of a piece, in order.
struct Beats(Vec<Beat>);

impl Beats {
    fn new(measures: &[Measure]) -> Self {
        let beats = measures.iter().flat_map(|measure| {
            measure.spans().map(|(from, to)| Beat { start: measure.start + from, length: to - from })
        });
        Self(beats.collect())
    }

    fn index(&self, time: f64) -> usize {
        self.0.partition_point(|beat| beat.start as f64 <= time).saturating_sub(1)
    }

    fn at(&self, time: f64) -> Beat {
        self.0[self.index(time)]
    }

    /// The grid of every beat, and whether it holds the ends in it as well as the onsets.
    fn grids(&self, onsets: &[f64], ends: &[f64], written: bool, slack: f64) -> (Vec<u64>, Vec<bool>) {
        let mut inside = vec![(Vec::new(), Vec::new()); self.0.len()];
        onsets.iter().for_each(|&onset| inside[self.index(onset)].0.push(onset));
        ends.iter().for_each(|&end| inside[self.index(end)].1.push(end));
        let chosen = self.0.iter().zip(&inside).map(|(beat, (onsets, ends))| {
            let exact = |times: &[f64]| if written { beat.exact(times, slack) } else { None };
            match exact(&[&onsets[..], &ends[..]].concat()) {
                Some(grid) => (grid, true),
                None => (exact(onsets).unwrap_or_else(|| beat.nearest(onsets)), false),
            }
        });
        chosen.unzip()
    }

    fn snap(&self, time: f64, grids: &[u64]) -> u64 {
        let index = self.index(time);
        self.0[index].snap(time, grids[index])
    }

    /// Where a player's note ends on paper.
    fn played_end(&self, onset: f64, end: f64, placed: u64, onsets: &[u64], grids: &[u64]) -> u64 {
        let length = (end - onset).max(1.0);
        let next = onsets.get(onsets.partition_point(|&other| other <= placed));
        if let Some(&next) = next {
            let gap = next as f64 - end;
            if gap.abs() <= LEGATO * length {
                return next;
            }
        }
        let index = self.index(end);
        let beat = self.0[index];
        let grid = grids[index];
        // Sixteenths at the finest: nobody hears the end of a note more finely.
        let fine = match grid {
            _ if grid.is_multiple_of(3) => grid.min(6),
            _ if !grid.is_power_of_two() => grid,
            _ if length > 1.5 * beat.length as f64 => 2,
            _ => grid.clamp(2, 4),
        };
        beat.snap(end, fine)
    }

    /// The first point after a time at which a note can end.
    fn next_point(&self, time: u64, grids: &[u64]) -> u64 {
        let index = self.index(time as f64);
        let beat = self.0[index];
        let grid = if grids[index].is_power_of_two() { grids[index].max(4) } else { grids[index] };
        let step = beat.length / beat.steps(grid);
        beat.start + ((time - beat.start) / step + 1) * step
    }
}

impl Beat {
    /// Steps of the beat in a grid: a beat of three eighths has three times as many binary ones.
    fn steps(self, grid: u64) -> u64 {
        let dotted = self.length.is_multiple_of(3 * SHORTEST) && !(self.length / SHORTEST).is_power_of_two();
        let steps = match grid {
            2 | 4 | 8 | 16 | 32 if self.length.is_multiple_of(DIVISIONS / grid) => {
                self.length * grid / DIVISIONS
            }
            2 | 4 | 8 | 16 | 32 => 1,
            3 | 6 | 12 | 24 if dotted => 3 * grid,
            _ => grid,
        };
        if self.length.is_multiple_of(steps) { steps } else { 1 }
    }

    /// The simplest grid that holds all times.
    fn exact(self, times: &[f64], slack: f64) -> Option<u64> {
        let holds = |grid: &u64| times.iter().all(|&time| self.distance(time, *grid) <= slack);
        GRIDS.into_iter().find(holds)
    }

    /// The grid with the best sum of distances and price.
    fn nearest(self, times: &[f64]) -> u64 {
        let cost = |&(grid, price): &(u64, f64)| {
            let squares = times
                .iter()
                .map(|&time| (self.distance(time, grid) / (TIMING * self.length as f64)).powi(2).min(25.0));
            squares.sum::<f64>() + price
        };
        let best = PLAYED.iter().min_by(|a, b| cost(a).total_cmp(&cost(b)));
        best.map_or(1, |best| best.0)
    }

    fn distance(self, time: f64, grid: u64) -> f64 {
        let step = self.length as f64 / self.steps(grid) as f64;
        let place = (time - self.start as f64) / step;
        (place - place.round()).abs() * step
    }

    fn snap(self, time: f64, grid: u64) -> u64 {
        let step = self.length / self.steps(grid);
        let steps = ((time - self.start as f64) / step as f64).round().max(0.0) as u64;
        self.start + steps * step
    }
}

#[cfg(test)]
mod tests {
    use super::super::measures::{measures, position};
    use super::*;
    use crate::score::Score;

    /// Onset and end of notes at 480 ticks, as 24ths of a quarter.
    fn placed(notes: &[(u64, u64)]) -> Vec<(u64, u64)> {
        let score = Score::new(480);
        let notes: Vec<Note> = notes
            .iter()
            .map(|&(onset, duration)| Note {
                onset,
                duration,
                pitch: 60,
                velocity: 64,
                channel: 0,
                program: 0,
            })
            .collect();
        let end = notes.iter().map(Note::end).max().unwrap_or(0);
        let measures = measures(&score, position(end, 480)).expect("short");
        let unit = DIVISIONS / 24;
        quantise(&notes, 480, &measures).iter().map(|note| (note.onset / unit, note.end / unit)).collect()
    }

    #[test]
    fn what_is_on_a_grid_stays_there() {
        assert_eq!(
            placed(&[
                (0, 480),
                (480, 160),
                (640, 160),
                (800, 160),
                (960, 60),
                (1020, 60),
                (1080, 420),
                (1500, 30)
            ]),
            [(0, 24), (24, 32), (32, 40), (40, 48), (48, 51), (51, 54), (54, 75), (75, 76)]
        );
    }

    #[test]
    fn played_notes_reach_the_next_one() {
        let played = [(3, 431), (478, 230), (722, 225), (965, 150), (1118, 155), (1283, 145), (1436, 460)];
        let expected = [(0, 24), (24, 36), (36, 48), (48, 56), (56, 64), (64, 72), (72, 96)];
        assert_eq!(placed(&played), expected);
    }

    #[test]
    fn no_note_vanishes() {
        assert!(placed(&[(0, 0), (7, 1), (13, 0), (1919, 1)]).iter().all(|(onset, end)| onset < end));
    }
}
