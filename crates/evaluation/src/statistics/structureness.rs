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
    let similarity = self_similarity(&frames);
    let mut best = 0.0f64;
    for length in n.div_ceil(8)..=n / 2 {
        for start in 0..=n - length {
            best = best.max(fitness(&similarity, start, length));
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

/// A path family while it grows: what it has collected, and over how many cells and rows.
#[derive(Clone, Copy, PartialEq)]
struct Family {
    score: f64,
    cells: u32,
    rows: u32,
}

impl Family {
    fn better(self, other: Self) -> Self {
        if other.score > self.score { other } else { self }
    }
}

/// Fitness of the part `start..start + length`.
fn fitness(similarity: &[Vec<f64>], start: usize, length: usize) -> f64 {
    let nothing = Family { score: f64::NEG_INFINITY, cells: 0, rows: 0 };
    let empty = Family { score: 0.0, cells: 0, rows: 0 };
    // `rows[0]` is the row before, `rows[1]` the one before that. Column 0 is the lift outside the part, columns 1 to
    // `length` are its frames.
    let mut before = vec![nothing; length + 1];
    let mut two_before = before.clone();
    let mut now = before.clone();
    before[0] = empty;
    for row in similarity {
        now[0] = before[0].better(before[length]);
        for column in 1..=length {
            let value = row[start + column - 1];
            let from = if column == 1 {
                Family { rows: now[0].rows + 1, ..now[0] }
            } else {
                let step = |family: Family, rows: u32| Family { rows: family.rows + rows, ..family };
                let skipped = if column > 2 { step(before[column - 2], 1) } else { nothing };
                step(before[column - 1], 1).better(skipped).better(step(two_before[column - 1], 2))
            };
            now[column] = Family { score: from.score + value, cells: from.cells + 1, rows: from.rows };
        }
        // The oldest row is written over next.
        std::mem::swap(&mut two_before, &mut before);
        std::mem::swap(&mut before, &mut now);
    }
    let family = before[0].better(before[length]);
    if family.cells == 0 {
        return 0.0;
    }
    // What the part says about itself is no repeat.
    let own = length as f64;
    let score = ((family.score - own) / f64::from(family.cells)).max(0.0);
    let coverage = ((f64::from(family.rows) - own) / similarity.len() as f64).max(0.0);
    if score + coverage == 0.0 { 0.0 } else { 2.0 * score * coverage / (score + coverage) }
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
