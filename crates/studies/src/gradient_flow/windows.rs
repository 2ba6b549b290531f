//! The windows that are observed, and those for training.

use composer_models::batch::Slice;
use composer_models::{Encoding, Sequence, SequenceBatch};
use rand::{Rng, RngExt};

/// A batch of up to `most` windows of `steps` steps: the first window of each piece that is long enough, then the second of each,
/// and so on. Empty if no piece is long enough.
pub(super) fn spread(encoding: &Encoding, pieces: &[Sequence], steps: usize, most: usize) -> SequenceBatch {
    let mut slices: Vec<Option<Slice<'_>>> = Vec::new();
    for round in 0..most {
        let starts = pieces.iter().filter(|piece| piece.len() >= (round + 1) * steps);
        let before = slices.len();
        slices.extend(starts.map(|sequence| Some(Slice { sequence, start: round * steps, transpose: 0 })));
        if slices.len() == before || slices.len() >= most {
            break;
        }
    }
    slices.truncate(most);
    filled(encoding, &slices, steps)
}

/// A batch of `rows` random windows, each transposed by up to five semitones where the range allows.
pub(super) fn random<R: Rng>(
    encoding: &Encoding,
    pieces: &[Sequence],
    steps: usize,
    rows: usize,
    rng: &mut R,
) -> SequenceBatch {
    let total: usize = pieces.iter().map(Sequence::len).sum();
    let mut slices = Vec::new();
    for _ in 0..rows {
        // The probability of a piece is proportional to its length.
        let mut at = rng.random_range(0..total.max(1));
        let chosen = pieces.iter().find(|piece| {
            let here = at < piece.len();
            at = at.saturating_sub(if here { 0 } else { piece.len() });
            here
        });
        slices.push(chosen.map(|sequence| Slice {
            sequence,
            start: rng.random_range(0..=sequence.len().saturating_sub(steps)),
            transpose: rng.random_range(encoding.transpositions(sequence, 5)),
        }));
    }
    filled(encoding, &slices, steps)
}

fn filled(encoding: &Encoding, slices: &[Option<Slice<'_>>], steps: usize) -> SequenceBatch {
    let mut batch = SequenceBatch::new(encoding);
    batch.fill(encoding, slices, steps);
    batch
}
