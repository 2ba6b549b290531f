//! Structureness (after Wu and Yang 2020): how well one part of the piece explains the rest by repeating itself.
//!
//! The fitness of a part (Müller, Jiang and Grosche 2013) asks for the set of paths through the columns of the part in
//! the self-similarity matrix of the piece that collects most similarity, and takes the harmonic mean of how similar
//! (score) and how long (coverage) these repeats are. Structureness is the largest fitness among parts of the lengths
//! of interest. Here the piece is seen as at most 48 frames of whole beats, so that the cost is bounded.

use super::harmony::pitch_classes_every;
use crate::grid::{Grid, STEPS_PER_QUARTER};

/// Most frames that a piece is divided into.
const FRAMES: u32 = 48;
/// Share of the pairs of frames that count as similar; all others cost [`PENALTY`].
const SIMILAR: f64 = 0.2;
const PENALTY: f64 = -2.0;

/// The largest fitness, 0–1, of parts of an eighth to a half of the piece; NaN for fewer than eight beats with notes.
pub fn structureness(grid: &Grid) -> f64 {
    let beats = grid.len().div_ceil(STEPS_PER_QUARTER);
    let frames = pitch_classes_every(grid, beats.div_ceil(FRAMES).max(1) * STEPS_PER_QUARTER);
    let n = frames.len();
    if n < 8 || grid.is_empty() {
        return f64::NAN;
    }
    let mut similarity = self_similarity(&frames);
    // The last of the parts that are looked at together reach beyond the piece.
    similarity.iter_mut().for_each(|row| row.resize(n + LANES, PENALTY));
    let mut best = 0.0f64;
    for length in n.div_ceil(8)..=n / 2 {
        for first in (0..=n - length).step_by(LANES) {
            let parts = (n - length + 1 - first).min(LANES);
            best = fitness(&similarity, first, length)[..parts].iter().copied().fold(best, f64::max);
        }
    }
    best
}

/// Cosine similarity of every pair of frames; the most similar ones scaled to 0…1, the others [`PENALTY`].
fn self_similarity(frames: &[[f64; 12]]) -> Vec<Vec<f64>> {
    let dot = |a: &[f64; 12], b: &[f64; 12]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let cosine = |a: &[f64; 12], b: &[f64; 12]| {
        let norm = (dot(a, a) * dot(b, b)).sqrt();
        if norm == 0.0 { 0.0 } else { dot(a, b) / norm }
    };
    let mut matrix: Vec<Vec<f64>> =
        frames.iter().map(|a| frames.iter().map(|b| cosine(a, b)).collect()).collect();
    let mut all: Vec<f64> = matrix.iter().flatten().copied().collect();
    all.sort_by(|a, b| b.total_cmp(a));
    let threshold = all[((all.len() as f64 * SIMILAR) as usize).min(all.len() - 1)];
    let scale = (all[0] - threshold).max(f64::MIN_POSITIVE);
    for (i, row) in matrix.iter_mut().enumerate() {
        for (j, value) in row.iter_mut().enumerate() {
            *value = if *value > threshold { (*value - threshold) / scale } else { PENALTY };
            // A frame is like itself whatever the threshold.
            if i == j {
                *value = 1.0;
            }
        }
    }
    matrix
}

/// Parts of one length that are looked at together: their families grow in the same steps, which a processor takes side by side.
const LANES: usize = 8;
/// What a row counts for in [`Families::counts`].
const ROW: f64 = 1_024.0;

/// The path family of each part while it grows: what it has collected, and over how many cells and rows.
#[derive(Clone, Copy)]
struct Families {
    score: [f64; LANES],
    /// Cells + [`ROW`] · rows.
    counts: [f64; LANES],
}

impl Families {
    const NOTHING: Self = Self { score: [f64::NEG_INFINITY; LANES], counts: [0.0; LANES] };
    const EMPTY: Self = Self { score: [0.0; LANES], counts: [0.0; LANES] };

    /// The better of each two, this one if they are equal; the other covers so many rows more.
    #[inline(always)]
    fn better(mut self, other: &Self, rows: f64) -> Self {
        for lane in 0..LANES {
            let wins = other.score[lane] > self.score[lane];
            let counts = other.counts[lane] + rows * ROW;
            self.score[lane] = if wins { other.score[lane] } else { self.score[lane] };
            self.counts[lane] = if wins { counts } else { self.counts[lane] };
        }
        self
    }

    /// After one more cell, in the next row.
    #[inline(always)]
    fn with_cell(mut self, values: &[f64; LANES]) -> Self {
        for lane in 0..LANES {
            self.score[lane] += values[lane];
            self.counts[lane] += 1.0 + ROW;
        }
        self
    }
}

/// Fitness of the parts of a length that begin at `first` and the frames after it; of those that reach beyond the piece it
/// means nothing. Rows have `LANES` entries more than there are frames.
fn fitness(similarity: &[Vec<f64>], first: usize, length: usize) -> [f64; LANES] {
    // Column 0 is the lift outside the part, columns 1 to `length` are its frames.
    let mut before = vec![Families::NOTHING; length + 1];
    let mut two_before = before.clone();
    let mut now = before.clone();
    before[0] = Families::EMPTY;
    for row in similarity {
        now[0] = before[0].better(&before[length], 0.0);
        for column in 1..=length {
            let from = match column {
                1 => now[0],
                2 => before[1].better(&two_before[1], 1.0),
                _ => before[column - 1].better(&before[column - 2], 0.0).better(&two_before[column - 1], 1.0),
            };
            let at = first + column - 1;
            now[column] = from.with_cell(&std::array::from_fn(|lane| row[at + lane]));
        }
        // The oldest row is written over next.
        std::mem::swap(&mut two_before, &mut before);
        std::mem::swap(&mut before, &mut now);
    }
    let families = before[0].better(&before[length], 0.0);
    let own = length as f64;
    std::array::from_fn(|lane| {
        let rows = (families.counts[lane] / ROW).floor();
        let cells = families.counts[lane] - rows * ROW;
        if cells == 0.0 {
            return 0.0;
        }
        // What the part says about itself is no repeat.
        let score = ((families.score[lane] - own) / cells).max(0.0);
        let coverage = ((rows - own) / similarity.len() as f64).max(0.0);
        if score + coverage == 0.0 { 0.0 } else { 2.0 * score * coverage / (score + coverage) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::GridNote;

    fn melody(pitches: impl Iterator<Item = u8>) -> Grid {
        let notes =
            pitches.enumerate().map(|(i, pitch)| GridNote { onset: 12 * i as u32, pitch, duration: 12 });
        Grid::with_bars_of(notes.collect(), 48)
    }

    #[test]
    fn repeated_parts_have_structure_and_a_walk_has_less() {
        let phrase = [0u8, 4, 7, 9, 5, 2, 11, 7, 1, 6, 10, 3];
        let repeated = structureness(&melody((0..48).map(|i| 60 + phrase[i % 12])));
        let mut state = 7u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8 % 12
        };
        let random = structureness(&melody((0..48).map(|_| 60 + next())));
        assert!(repeated > 0.7 && random < 0.6 * repeated, "{repeated} against {random}");
        assert!(structureness(&melody((0..5).map(|i| 60 + i))).is_nan());
    }
}
