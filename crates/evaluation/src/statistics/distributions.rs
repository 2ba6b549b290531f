//! What a piece is made of, as histograms: the table [`DISTRIBUTIONS`], one function each.
//!
//! Pitch classes, note lengths and their transitions follow mgeval (Yang and Lerch 2020) on the grid of this crate. Every
//! histogram is one of counts or weights: divide by the sum for shares. Without music, or without two notes where pairs
//! are counted, all entries are 0.

use ndarray::{Array1, Array2};

use crate::arrays::stack;
use crate::grid::{Grid, GridNote, STEPS_PER_QUARTER};

/// A named histogram.
#[derive(Clone, Copy)]
pub struct Distribution {
    /// Name, as in tables and JSON.
    pub name: &'static str,
    /// What is counted.
    pub meaning: &'static str,
    /// Number of classes.
    pub classes: usize,
    /// The histogram of a piece, `[classes]`.
    pub of: fn(&Grid) -> Array1<f64>,
}

impl Distribution {
    /// The distribution with a name of [`DISTRIBUTIONS`].
    pub fn named(name: &str) -> Option<&'static Self> {
        DISTRIBUTIONS.iter().find(|distribution| distribution.name == name)
    }

    /// The histograms of pieces, `[pieces, classes]`.
    pub fn table(&self, grids: &[Grid]) -> Array2<f64> {
        stack(grids.iter().map(|grid| (self.of)(grid).to_vec()), self.classes)
    }
}

/// All distributions that pieces are compared in. Linear in the number of notes, but for sorting.
pub const DISTRIBUTIONS: [Distribution; 7] = [
    distribution("pitches", "notes at each MIDI pitch", 128, pitches),
    distribution("pitch_classes", "time that each pitch class sounds, C first", 12, pitch_classes),
    distribution(
        "pitch_class_transitions",
        "pitch class of a note by that of a note that ends where it begins, row by row",
        144,
        |grid| pitch_class_transitions(grid).flatten().into_owned(),
    ),
    distribution("note_lengths", "notes by length, in the classes of LENGTHS", 12, note_lengths),
    distribution(
        "note_length_transitions",
        "length of a note by that of the note before, in the classes of LENGTHS, row by row",
        144,
        |grid| note_length_transitions(grid).flatten().into_owned(),
    ),
    distribution("inter_onset_intervals", "time between onsets, in the classes of LENGTHS", 12, intervals),
    distribution("pitch_intervals", "steps of the highest line, −12 to 12 semitones", 25, pitch_intervals),
];

/// The classes of lengths, in steps of the grid: whole, half, quarter, eighth, sixteenth; the same dotted, but for the
/// whole; triplet half, quarter and eighth. The order of mgeval.
pub const LENGTHS: [f64; 12] = {
    const QUARTER: f64 = STEPS_PER_QUARTER as f64;
    [
        4.0 * QUARTER,
        2.0 * QUARTER,
        QUARTER,
        QUARTER / 2.0,
        QUARTER / 4.0,
        3.0 * QUARTER,
        1.5 * QUARTER,
        0.75 * QUARTER,
        0.375 * QUARTER,
        4.0 * QUARTER / 3.0,
        2.0 * QUARTER / 3.0,
        QUARTER / 3.0,
    ]
};

const fn distribution(
    name: &'static str,
    meaning: &'static str,
    classes: usize,
    of: fn(&Grid) -> Array1<f64>,
) -> Distribution {
    Distribution { name, meaning, classes, of }
}

/// The class of a length: the nearest, the first of two that are equally near.
fn length_class(steps: u32) -> usize {
    let distance = |class: &usize| (LENGTHS[*class] - f64::from(steps)).abs();
    (0..LENGTHS.len()).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0)
}

fn counted(classes: usize, items: impl Iterator<Item = usize>) -> Array1<f64> {
    let mut counts = Array1::zeros(classes);
    items.for_each(|class| counts[class] += 1.0);
    counts
}

fn pitches(grid: &Grid) -> Array1<f64> {
    counted(128, grid.notes.iter().map(|note| usize::from(note.pitch & 127)))
}

fn pitch_classes(grid: &Grid) -> Array1<f64> {
    Array1::from_iter(crate::failure::drift::pitch_classes(grid))
}

/// Transition matrix `[12, 12]` of pitch classes, from row to column: every pair of notes of which one ends at the step at which
/// the other begins.
pub fn pitch_class_transitions(grid: &Grid) -> Array2<f64> {
    let class = |note: &GridNote| usize::from(note.pitch % 12);
    let mut ending: Vec<&GridNote> = grid.notes.iter().collect();
    ending.sort_unstable_by_key(|note| note.end());
    let mut counts = Array2::zeros((12, 12));
    for note in &grid.notes {
        let first = ending.partition_point(|before| before.end() < note.onset);
        for before in ending[first..].iter().take_while(|before| before.end() == note.onset) {
            counts[[class(before), class(note)]] += 1.0;
        }
    }
    counts
}

fn note_lengths(grid: &Grid) -> Array1<f64> {
    counted(LENGTHS.len(), grid.notes.iter().map(|note| length_class(note.duration)))
}

/// Transition matrix `[12, 12]` of the classes of [`LENGTHS`], from row to column: notes in the order of their onsets, those
/// of a chord from low to high.
pub fn note_length_transitions(grid: &Grid) -> Array2<f64> {
    let mut counts = Array2::zeros((LENGTHS.len(), LENGTHS.len()));
    for pair in grid.notes.windows(2) {
        counts[[length_class(pair[0].duration), length_class(pair[1].duration)]] += 1.0;
    }
    counts
}

fn intervals(grid: &Grid) -> Array1<f64> {
    let onsets: Vec<u32> =
        grid.notes.chunk_by(|a, b| a.onset == b.onset).map(|chord| chord[0].onset).collect();
    counted(LENGTHS.len(), onsets.windows(2).map(|pair| length_class(pair[1] - pair[0])))
}

fn pitch_intervals(grid: &Grid) -> Array1<f64> {
    let step = |pair: &[GridNote]| i16::from(pair[1].pitch) - i16::from(pair[0].pitch);
    counted(25, grid.top_line().windows(2).map(|pair| (step(pair).clamp(-12, 12) + 12) as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(onset: u32, pitch: u8, duration: u32) -> GridNote {
        GridNote { onset, pitch, duration }
    }

    #[test]
    fn a_small_piece_by_hand() {
        // C and E in quarters together, then G as a half, then a rest, then C as an eighth.
        let grid =
            Grid::with_bars_of(vec![note(0, 60, 12), note(0, 64, 12), note(12, 67, 24), note(48, 72, 6)], 48);
        let of = |name: &str| {
            (DISTRIBUTIONS.iter().find(|distribution| distribution.name == name).unwrap().of)(&grid)
        };
        let ones = |counts: &Array1<f64>| -> Vec<(usize, f64)> {
            counts.iter().copied().enumerate().filter(|(_, count)| *count > 0.0).collect()
        };
        assert_eq!(ones(&of("pitch_class_transitions")), [(7, 1.0), (4 * 12 + 7, 1.0)]);
        assert_eq!(ones(&of("pitch_classes")), [(0, 18.0), (4, 12.0), (7, 24.0)]);
        assert_eq!(ones(&of("note_lengths")), [(1, 1.0), (2, 2.0), (3, 1.0)]);
        assert_eq!(ones(&of("note_length_transitions")), [(12 + 3, 1.0), (24 + 1, 1.0), (24 + 2, 1.0)]);
        assert_eq!(ones(&of("inter_onset_intervals")), [(2, 1.0), (5, 1.0)]);
        assert_eq!(ones(&of("pitch_intervals")), [(12 + 3, 1.0), (12 + 5, 1.0)]);
    }

    #[test]
    fn odd_music_has_empty_or_single_histograms() {
        let (none, one) = (Grid::with_bars_of(vec![], 48), Grid::with_bars_of(vec![note(0, 60, 5)], 48));
        for distribution in DISTRIBUTIONS {
            assert_eq!(
                (distribution.of)(&none),
                Array1::<f64>::zeros(distribution.classes),
                "{}",
                distribution.name
            );
            assert_eq!((distribution.of)(&one).len(), distribution.classes);
        }
        assert_eq!(length_class(1), 4, "nothing is shorter than a sixteenth");
        assert_eq!(length_class(10_000), 0);
    }
}
