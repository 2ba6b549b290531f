//! Which steps of which piece are seen when: pieces are laid out along the rows of the batch, and truncated BPTT goes along each row.

use crate::TrainingConfig;
use composer_bptt::RecurrentConfig;
use composer_models::seq2seq::Seq2SeqConfig;
use composer_models::streams::{Purpose, stream};
use composer_models::{MAX_PAST_BARS, ModelConfig, Sequence};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::ops::RangeInclusive;

/// A `tbptt_len` that says: gradients go back through whole pieces.
pub const WHOLE_PIECES: usize = 0;

/// A piece as the plan sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PieceShape {
    /// Steps.
    pub steps: usize,
    /// Semitones that the piece may be transposed by.
    pub transpositions: RangeInclusive<i8>,
}

/// A piece at its place in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Visit {
    piece: usize,
    transpose: i8,
    /// Chunk of the row that the piece begins with.
    first_chunk: usize,
    chunks: usize,
}

/// The steps of one row in one update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Which piece.
    pub piece: usize,
    /// First step to predict.
    pub start: usize,
    /// Semitones to transpose by.
    pub transpose: i8,
    /// Whether the piece begins here, so that the carried state must be forgotten.
    pub begins: bool,
}

impl Chunk {
    /// Target steps of the chunk, which is of `piece`.
    pub fn steps(&self, piece: &Sequence, config: &TrainingConfig) -> usize {
        let most = if config.tbptt_len == WHOLE_PIECES { usize::MAX } else { config.tbptt_len };
        piece.len().saturating_sub(self.start).min(most)
    }
}

/// One epoch: every piece `copies` times, each time in a transposition of its own, dealt out to rows of nearly equal
/// length. A function of the seed and the epoch alone, so that resuming needs no more than the two numbers.
///
/// A piece starts on a chunk boundary, with a state of zeros; the rest of its last chunk is padding, which the loss
/// mask leaves out. With [`WHOLE_PIECES`], every chunk is a piece, and pieces of similar length go side by side.
#[derive(Clone, Debug)]
pub struct EpochPlan {
    rows: Vec<Vec<Visit>>,
    tbptt_len: usize,
    updates: usize,
}

impl EpochPlan {
    /// Plans an epoch over `pieces` for a batch of `rows` rows and chunks of `tbptt_len` steps, or [`WHOLE_PIECES`].
    pub fn new(
        pieces: &[PieceShape],
        copies: usize,
        rows: usize,
        tbptt_len: usize,
        seed: u64,
        epoch: u64,
    ) -> Self {
        let mut rng = stream(seed, Purpose::Shuffling, epoch);
        let mut visits: Vec<Visit> = Vec::with_capacity(pieces.len() * copies);
        for (piece, shape) in pieces.iter().enumerate().filter(|(_, shape)| shape.steps > 0) {
            for _ in 0..copies {
                let transpose = rng.random_range(shape.transpositions.clone());
                visits.push(Visit {
                    piece,
                    transpose,
                    first_chunk: 0,
                    chunks: shape.steps.div_ceil(if tbptt_len == WHOLE_PIECES {
                        shape.steps
                    } else {
                        tbptt_len
                    }),
                });
            }
        }
        if tbptt_len == WHOLE_PIECES {
            return Self::whole_pieces(visits, rows, &mut rng, |visit| pieces[visit.piece].steps);
        }
        // The longest first, each to the emptiest row; ties fall by chance.
        visits.shuffle(&mut rng);
        visits.sort_by_key(|visit| std::cmp::Reverse(visit.chunks));
        let mut plan =
            Self { rows: vec![Vec::new(); rows.clamp(1, visits.len().max(1))], tbptt_len, updates: 0 };
        let mut lengths = vec![0; plan.rows.len()];
        for visit in visits {
            let emptiest = (0..lengths.len()).min_by_key(|&row| lengths[row]).unwrap_or(0);
            lengths[emptiest] += visit.chunks;
            plan.rows[emptiest].push(visit);
        }
        for row in &mut plan.rows {
            row.shuffle(&mut rng);
            let mut next = 0;
            for visit in row {
                visit.first_chunk = next;
                next += visit.chunks;
            }
        }
        plan.updates = lengths.into_iter().max().unwrap_or(0);
        plan
    }

    /// Batches of pieces of similar length, in random order.
    fn whole_pieces(
        mut visits: Vec<Visit>,
        rows: usize,
        rng: &mut ChaCha8Rng,
        steps: impl Fn(&Visit) -> usize,
    ) -> Self {
        let rows = rows.clamp(1, visits.len().max(1));
        visits.shuffle(rng);
        visits.sort_by_key(|visit| std::cmp::Reverse(steps(visit)));
        let mut batches: Vec<&[Visit]> = visits.chunks(rows).collect();
        batches.shuffle(rng);
        let mut plan = Self { rows: vec![Vec::new(); rows], tbptt_len: WHOLE_PIECES, updates: batches.len() };
        for (update, batch) in batches.into_iter().enumerate() {
            for (row, visit) in batch.iter().enumerate() {
                plan.rows[row].push(Visit { first_chunk: update, ..*visit });
            }
        }
        plan
    }

    /// Rows of the batch.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Updates in the epoch.
    pub fn updates(&self) -> usize {
        self.updates
    }

    /// The steps of a row in an update; `None` when it has nothing left.
    pub fn chunk(&self, row: usize, update: usize) -> Option<Chunk> {
        let visits = &self.rows[row];
        let visit = visits[..visits.partition_point(|visit| visit.first_chunk <= update)].last()?;
        let chunk = update - visit.first_chunk;
        (chunk < visit.chunks).then_some(Chunk {
            piece: visit.piece,
            start: chunk * self.tbptt_len,
            transpose: visit.transpose,
            begins: chunk == 0,
        })
    }
}

/// Bytes that a model takes while it is trained on chunks of `steps` steps: weights, gradients, what the optimiser keeps, and
/// activations. Arithmetic on its configuration and number of parameters, so that it can be known before anything is allocated; an
/// estimate: small buffers are left out.
pub fn memory_estimate(
    config: &ModelConfig,
    parameters: usize,
    training: &TrainingConfig,
    steps: usize,
) -> usize {
    let (recurrent, outputs) = (&config.recurrent, wide(config.encoding.outputs()));
    let gates = wide(recurrent.gate_rows());
    // Per layer gates, their gradients and states; at the output, hidden twice, logits, targets and weights.
    let layer = 2 * gates + 3 * wide(recurrent.hidden);
    let row = wide(recurrent.layers) * layer + 2 * wide(recurrent.output());
    // Tied across pitch, a sequence has rows for each pitch, of both recurrences, and what goes from one to the other and back.
    let tied = config.biaxial.as_ref().map_or(0, |tied| {
        let layer = 2 * wide(tied.notes.gate_rows()) + 3 * wide(tied.notes.hidden);
        wide(tied.notes.layers) * layer + 2 * wide(tied.notes.input) + 2 * wide(tied.notes.hidden)
    });
    // Vectors of tokens and their gradients; of each softmax of a mixture its distribution and twice what it reads.
    let network = &config.token_network;
    let vectors = 2 * wide(network.embedding);
    let read = if network.embedding > 0 { network.embedding } else { recurrent.output() };
    let mixed = match network.softmaxes {
        0 | 1 => 0,
        softmaxes => wide(softmaxes) * (outputs + 2 * wide(read)) + 2 * outputs,
    };
    // Queries, contexts and what the head reads, and their gradients; weights and summaries of past bars.
    let looks = match config.bar_attention {
        0 => 0,
        width => 6 * wide(recurrent.output()) + 4 * wide(width) + 4 * wide(MAX_PAST_BARS),
    };
    let row = wide(config.rows()) * (row + tied + looks) + 3 * outputs + vectors + mixed;
    bytes(parameters, training, steps, row)
}

/// The same for an encoder–decoder, whose batches have `batch_size` windows of `tbptt_len` steps.
pub fn pair_memory_estimate(config: &Seq2SeqConfig, parameters: usize, training: &TrainingConfig) -> usize {
    let stack = |stack: &RecurrentConfig| {
        let layer = 2 * wide(stack.gate_rows()) + 3 * wide(stack.hidden);
        wide(stack.layers * stack.directions()) * layer + 2 * wide(stack.output())
    };
    let row = stack(&config.encoder) + stack(&config.decoder) + 3 * wide(config.target.outputs());
    bytes(parameters, training, training.tbptt_len, row)
}

/// Bytes of all copies of the parameters, and of `row` numbers for each step of each sequence in a batch.
fn bytes(parameters: usize, training: &TrainingConfig, steps: usize, row: u128) -> usize {
    // Weights, gradients, the best weights so far; what the optimiser keeps; their average.
    let copies = wide(3 + training.optimizer.slots() + usize::from(training.ema_decay > 0.0));
    let activations = wide(steps).saturating_mul(wide(training.batch_size)).saturating_mul(row);
    let numbers = copies.saturating_mul(wide(parameters)).saturating_add(activations);
    usize::try_from(numbers.saturating_mul(4)).unwrap_or(usize::MAX)
}

/// Wide enough for products of sizes that nobody has checked.
fn wide(size: usize) -> u128 {
    size as u128
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces() -> Vec<PieceShape> {
        [130, 64, 1, 0, 300, 65]
            .into_iter()
            .map(|steps| PieceShape { steps, transpositions: -2..=3 })
            .collect()
    }

    #[test]
    fn an_epoch_sees_every_step_of_every_piece_as_often_as_asked_and_in_order() {
        let pieces = pieces();
        let plan = EpochPlan::new(&pieces, 2, 3, 64, 7, 0);
        let mut seen: Vec<Vec<u32>> = pieces.iter().map(|piece| vec![0; piece.steps]).collect();
        for row in 0..plan.rows() {
            let mut previous: Option<Chunk> = None;
            for update in 0..plan.updates() {
                let chunk = plan.chunk(row, update);
                if let Some(chunk) = chunk {
                    assert_eq!(chunk.begins, chunk.start == 0);
                    if !chunk.begins {
                        let before = previous.expect("a piece goes on in the update after");
                        assert_eq!(
                            (before.piece, before.start + 64, before.transpose),
                            (chunk.piece, chunk.start, chunk.transpose)
                        );
                    }
                    let end = (chunk.start + 64).min(pieces[chunk.piece].steps);
                    seen[chunk.piece][chunk.start..end].iter_mut().for_each(|count| *count += 1);
                    assert!((-2..=3).contains(&chunk.transpose));
                }
                previous = chunk;
            }
        }
        assert!(seen.iter().flatten().all(|&count| count == 2), "{seen:?}");
    }

    #[test]
    fn whole_pieces_come_once_each_beside_others_of_their_length() {
        let pieces = pieces();
        let plan = EpochPlan::new(&pieces, 2, 3, WHOLE_PIECES, 7, 0);
        assert_eq!((plan.rows(), plan.updates()), (3, 4), "ten visits in batches of three");
        let mut seen = vec![0; pieces.len()];
        let mut padding = 0;
        for update in 0..plan.updates() {
            let chunks: Vec<Chunk> = (0..3).filter_map(|row| plan.chunk(row, update)).collect();
            let longest = chunks.iter().map(|chunk| pieces[chunk.piece].steps).max().unwrap_or(0);
            for chunk in chunks {
                assert!(chunk.begins && chunk.start == 0);
                seen[chunk.piece] += 1;
                padding += longest - pieces[chunk.piece].steps;
            }
        }
        assert_eq!(seen, [2, 2, 2, 0, 2, 2]);
        assert_eq!(padding, 363, "by length: 300 300 130, 130 65 65, 64 64 1, and 1");
    }

    #[test]
    fn plans_depend_on_seed_and_epoch_alone() {
        let all = |plan: &EpochPlan| {
            (0..plan.updates())
                .flat_map(|update| (0..plan.rows()).map(move |row| (row, update)))
                .map(|(row, update)| plan.chunk(row, update))
                .collect::<Vec<_>>()
        };
        let plan = |seed, epoch| all(&EpochPlan::new(&pieces(), 3, 4, 64, seed, epoch));
        assert_eq!(plan(1, 5), plan(1, 5));
        assert_ne!(plan(1, 5), plan(1, 6));
        assert_ne!(plan(1, 5), plan(2, 5));
    }

    #[test]
    fn rows_are_of_nearly_equal_length() {
        let pieces = vec![PieceShape { steps: 640, transpositions: 0..=0 }; 9];
        let plan = EpochPlan::new(&pieces, 4, 6, 64, 1, 1);
        assert_eq!((plan.rows(), plan.updates()), (6, 60), "36 visits of 10 chunks over 6 rows");
    }
}
