//! Collapse into repetition: the music loops, or stands still.

use crate::grid::{Grid, GridNote};
use crate::hashing::{Map, Set};

/// A stretch of music that repeats itself exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeriodicRun {
    /// First step.
    pub start: u32,
    /// First step after it.
    pub end: u32,
    /// Length in steps of what is repeated; the run holds at least three of them.
    pub period: u32,
}

/// The longest stretch that repeats itself exactly with a period of at most four bars, silence and held notes included.
///
/// Twice is form, three times in a row is a loop: a run holds at least three periods.
///
/// A run of period `P` from `a` to `b` means that every frame (what sounds, what is struck) from `a + P` to `b` equals
/// the frame `P` steps before. `O(steps · steps in four bars)` at worst; a period without a loop takes a look at a few frames.
pub fn longest_periodic_run(grid: &Grid) -> PeriodicRun {
    let frames = frame_ids(grid);
    let longest_period = (4 * grid.usual_bar() as usize).min(frames.len() / 3);
    let mut best = PeriodicRun::default();
    for period in 1..=longest_period {
        let differs = |t: &usize| frames[*t] != frames[t - period];
        let mut from = period;
        loop {
            // Frames that must equal the one a period before, one after the other, to hold three periods and to be longer than
            // the best. Where the last of them differ, no run begins before.
            let needed = (2 * period).max(((best.end - best.start) as usize + 1).saturating_sub(period));
            if from + needed > frames.len() {
                break;
            }
            from = match (from..from + needed).rev().find(differs) {
                Some(t) => t + 1,
                None => {
                    let end = (from + needed..frames.len()).find(differs).unwrap_or(frames.len());
                    best =
                        PeriodicRun { start: (from - period) as u32, end: end as u32, period: period as u32 };
                    end + 1
                }
            };
        }
    }
    best
}

/// Detector E: the longest periodic run as a share of the piece, 0–1. Higher is worse.
pub fn periodic_share(grid: &Grid) -> f64 {
    let run = longest_periodic_run(grid);
    crate::statistics::ratio(f64::from(run.end - run.start), f64::from(grid.len()))
}

/// Detector F: how well Lempel and Ziv (1977) would compress the chords: the negative number of phrases per chord,
/// −1 (nothing repeats) to nearly 0. Higher is worse. NaN without notes.
pub fn compressibility(grid: &Grid) -> f64 {
    compressibility_of(&chord_ids(grid))
}

/// [`compressibility`] of [`chord_ids`].
pub(super) fn compressibility_of(chords: &[u32]) -> f64 {
    -crate::statistics::ratio(lz77_phrases(chords) as f64, chords.len() as f64)
}

/// Detector G: share of the sequences of four chords that occurred before. Higher is worse. NaN with fewer than four.
pub fn repeated_four_grams(grid: &Grid) -> f64 {
    repeated_four_grams_of(&chord_ids(grid))
}

/// [`repeated_four_grams`] of [`chord_ids`].
pub(super) fn repeated_four_grams_of(chords: &[u32]) -> f64 {
    let mut seen = Set::default();
    let repeated = chords.windows(4).filter(|gram| !seen.insert(*gram)).count();
    crate::statistics::ratio(repeated as f64, chords.windows(4).count() as f64)
}

/// Greedy phrases of Lempel and Ziv (1977): each is the longest sequence that began before, and one symbol more.
///
/// `O(n · earlier occurrences of the same pair)`: linear for music, quadratic at worst.
pub fn lz77_phrases(symbols: &[u32]) -> usize {
    let mut starts: Map<[u32; 2], Vec<usize>> = Map::default();
    let mut known: Set<u32> = Set::default();
    let (mut phrases, mut i) = (0, 0);
    let mut indexed = 0;
    while i < symbols.len() {
        while indexed < i {
            known.insert(symbols[indexed]);
            if indexed + 1 < symbols.len() {
                starts.entry([symbols[indexed], symbols[indexed + 1]]).or_default().push(indexed);
            }
            indexed += 1;
        }
        let mut longest = usize::from(known.contains(&symbols[i]));
        if i + 1 < symbols.len() {
            for &start in starts.get(&[symbols[i], symbols[i + 1]]).into_iter().flatten() {
                let same = symbols[start..].iter().zip(&symbols[i..]).take_while(|(a, b)| a == b).count();
                longest = longest.max(same);
                // A run that reaches the end of the piece cannot get longer.
                if i + longest >= symbols.len() {
                    break;
                }
            }
        }
        phrases += 1;
        i += longest + 1;
    }
    phrases
}

/// A number for every frame; equal frames have equal numbers.
fn frame_ids(grid: &Grid) -> Vec<u32> {
    let frames = grid.frames();
    // Most frames are those before, held.
    let runs: Vec<_> = frames.chunk_by(|a, b| a == b).collect();
    let ids = number(runs.iter().map(|run| run[0]));
    runs.iter().zip(ids).flat_map(|(run, id)| std::iter::repeat_n(id, run.len())).collect()
}

/// A number for every onset: its pitches, their lengths and the time to the next onset.
pub(super) fn chord_ids(grid: &Grid) -> Vec<u32> {
    let chords: Vec<&[GridNote]> = grid.notes.chunk_by(|a, b| a.onset == b.onset).collect();
    number(chords.iter().enumerate().map(|(i, chord)| {
        let next = chords.get(i + 1).map_or(0, |next| next[0].onset - chord[0].onset);
        let notes: Vec<(u8, u32)> = chord.iter().map(|note| (note.pitch, note.duration)).collect();
        (notes, next)
    }))
}

fn number<T: Eq + std::hash::Hash>(items: impl Iterator<Item = T>) -> Vec<u32> {
    let mut ids = Map::default();
    items
        .map(|item| {
            let next = ids.len() as u32;
            *ids.entry(item).or_insert(next)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn melody(pitches: impl Iterator<Item = u8>) -> Grid {
        let notes =
            pitches.enumerate().map(|(i, pitch)| GridNote { onset: 12 * i as u32, pitch, duration: 12 });
        Grid::with_bars_of(notes.collect(), 48)
    }

    #[test]
    fn a_loop_is_periodic_and_a_walk_is_not() {
        let looped = melody((0..64).map(|i| 60 + [0, 4, 7, 5, 2, 9][i % 6]));
        let run = longest_periodic_run(&looped);
        assert_eq!((run.start, run.end, run.period), (0, 64 * 12, 72));
        assert_eq!(periodic_share(&looped), 1.0);

        // Sixteen notes that do not repeat, then one that never ends.
        let stuck = melody((0..16).map(|i| 50 + (i * i % 17) as u8 + i as u8).chain([60; 16]));
        let run = longest_periodic_run(&stuck);
        assert_eq!((run.start, run.end), (16 * 12, 32 * 12));
        let walk = melody((0..64).map(|i| 30 + (i * 37 % 89) as u8));
        assert!(periodic_share(&walk) < 0.1, "{}", periodic_share(&walk));
        assert!(periodic_share(&melody(std::iter::empty())).is_nan());
    }

    #[test]
    fn lempel_and_ziv_by_hand() {
        // a | b | aba b… : known phrases of small texts.
        assert_eq!(lz77_phrases(&[]), 0);
        assert_eq!(lz77_phrases(&[1]), 1);
        assert_eq!(lz77_phrases(&[1, 1, 1, 1, 1]), 2, "one, then the rest");
        assert_eq!(lz77_phrases(&[1, 2, 1, 2, 1, 2, 3]), 3, "1, 2, then 12123 as a match and one more");
        assert_eq!(lz77_phrases(&[1, 2, 3, 4]), 4);
    }

    #[test]
    fn repetition_shows_in_every_detector() {
        let looped = melody((0..64).map(|i| 60 + [0, 4, 7, 5, 2, 9][i % 6]));
        let walk = melody((0..64).map(|i| 30 + (i * 37 % 89) as u8));
        assert!(compressibility(&looped) > compressibility(&walk) + 0.5);
        assert!(repeated_four_grams(&looped) > 0.8 && repeated_four_grams(&walk) == 0.0);
    }
}
