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
    let lengths = n.div_ceil(8)..=n / 2;
    lengths.flat_map(|length| fitness(&similarity, length)).fold(0.0, f64::max)
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

/// What a row counts for in [`Families::counts`].
const ROW: f64 = 1_024.0;

/// The path family of each part of a length while it grows, by column of the part, then by its first frame: what it has
/// collected, and over how many cells and rows. The parts grow in the same steps, which a processor takes side by side.
#[derive(Clone)]
struct Families {
    parts: usize,
    scores: Vec<f64>,
    /// Cells + [`ROW`] · rows.
    counts: Vec<f64>,
}

impl Families {
    fn nothing(columns: usize, parts: usize) -> Self {
        Self { parts, scores: vec![f64::NEG_INFINITY; columns * parts], counts: vec![0.0; columns * parts] }
    }

    /// Scores and counts of a column.
    fn column(&self, column: usize) -> (&[f64], &[f64]) {
        let parts = column * self.parts..(column + 1) * self.parts;
        (&self.scores[parts.clone()], &self.counts[parts])
    }

    fn column_mut(&mut self, column: usize) -> (&mut [f64], &mut [f64]) {
        let parts = column * self.parts..(column + 1) * self.parts;
        (&mut self.scores[parts.clone()], &mut self.counts[parts])
    }

    /// Column 0: of the families that are outside their parts and those that are at the end, the better.
    fn lift(&mut self, before: &Self, length: usize) {
        let ((outside, counts), (ended, ended_counts)) = (before.column(0), before.column(length));
        let (score, count) = self.column_mut(0);
        for part in 0..score.len() {
            let wins = ended[part] > outside[part];
            score[part] = if wins { ended[part] } else { outside[part] };
            count[part] = if wins { ended_counts[part] } else { counts[part] };
        }
    }

    /// Column 1: every family takes up its part.
    fn enter(&mut self, values: &[f64]) {
        let (scores, rest) = self.scores.split_at_mut(self.parts);
        let (counts, other_counts) = self.counts.split_at_mut(self.parts);
        for (((to, count), (from, from_count)), value) in
            (rest.iter_mut().zip(other_counts)).zip(scores.iter().zip(counts.iter())).zip(values)
        {
            *to = from + value;
            *count = from_count + (1.0 + ROW);
        }
    }
}

/// One more cell in the next row: the best of the families one column before, of those two columns before, and of those one column
/// and one row more before; the earlier one of equals.
fn advance(
    (scores, counts): (&mut [f64], &mut [f64]),
    straight: (&[f64], &[f64]),
    skipped: (&[f64], &[f64]),
    slow: (&[f64], &[f64]),
    values: &[f64],
) {
    let parts = values.len();
    let (scores, counts) = (&mut scores[..parts], &mut counts[..parts]);
    let [straight, skipped, slow] =
        [straight, skipped, slow].map(|from| (&from.0[..parts], &from.1[..parts]));
    for part in 0..parts {
        let (score, count) = (straight.0[part], straight.1[part]);
        let wins = skipped.0[part] > score;
        let (score, count) =
            (if wins { skipped.0[part] } else { score }, if wins { skipped.1[part] } else { count });
        let wins = slow.0[part] > score;
        let (score, count) =
            (if wins { slow.0[part] } else { score }, if wins { slow.1[part] + ROW } else { count });
        scores[part] = score + values[part];
        counts[part] = count + (1.0 + ROW);
    }
}

/// Fitness of every part of a length.
fn fitness(similarity: &[Vec<f64>], length: usize) -> Vec<f64> {
    let (n, parts) = (similarity.len(), similarity.len() + 1 - length);
    // Column 0 is the lift outside the part, columns 1 to `length` are its frames.
    let nothing = Families::nothing(length + 1, parts);
    let (mut before, mut two_before, mut now) = (nothing.clone(), nothing.clone(), nothing.clone());
    before.column_mut(0).0.fill(0.0);
    for row in similarity {
        now.lift(&before, length);
        now.enter(&row[..parts]);
        for column in 2..=length {
            // From outside there is no way past the first frame.
            let skipped = if column > 2 { before.column(column - 2) } else { nothing.column(0) };
            let (straight, slow) = (before.column(column - 1), two_before.column(column - 1));
            advance(now.column_mut(column), straight, skipped, slow, &row[column - 1..][..parts]);
        }
        // The oldest row is written over next.
        std::mem::swap(&mut two_before, &mut before);
        std::mem::swap(&mut before, &mut now);
    }
    now.lift(&before, length);
    let (scores, counts) = now.column(0);
    let own = length as f64;
    let fitness = |(score, count): (&f64, &f64)| {
        let rows = (count / ROW).floor();
        let cells = count - rows * ROW;
        if cells == 0.0 {
            return 0.0;
        }
        // What the part says about itself is no repeat.
        let score = ((score - own) / cells).max(0.0);
        let coverage = ((rows - own) / n as f64).max(0.0);
        if score + coverage == 0.0 { 0.0 } else { 2.0 * score * coverage / (score + coverage) }
    };
    scores.iter().zip(counts).map(fitness).collect()
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
