//! [`Likeness`]: how much a piece is like the reference, 0–100.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use super::measurements::{self, COUNT, Measurements, Parts};
use super::normal::NormalScores;
use super::tail::Tail;
use crate::corruption::{Corruption, Pool};
use crate::failure::logistic::Logistic;
use crate::grid::Grid;
use crate::significance::bootstrap::bootstrap;
use crate::statistics::mean;

/// Groups of pieces for cross-validation.
const FOLDS: usize = 5;
/// Corruptions of every example that the discriminant learns from.
const NEGATIVES: usize = 3;
/// Strength of the L2 penalty of the discriminant: there may be as few examples as measurements.
const PENALTY: f64 = 0.04;
/// Resamples of the reference pieces for the interval.
const RESAMPLES: usize = 500;
/// Of the two distances the second counts for a quarter as often: −ln of the ratio of their shares of errors.
const HANDICAP: f64 = 1.386_294_361_119_890_6;

/// What real music is told from.
const CORRUPTIONS: [Corruption; 14] = [
    Corruption::Patchwork(1),
    Corruption::ThinOut(0.5),
    Corruption::RandomWalk(0.5),
    Corruption::Sustain(0.3),
    Corruption::JumpWalk(0.5),
    Corruption::Clutter(0.5),
    Corruption::WrongNotes(0.3),
    Corruption::ThinOut(0.7),
    Corruption::Patchwork(2),
    Corruption::FlattenRange(12),
    Corruption::Jitter(0.1),
    Corruption::LoopingTail(0.5),
    Corruption::CutDurations(0.1),
    Corruption::SemitoneSteps(4),
];

/// How much a piece is like the reference: the share of held-out reference pieces that lie farther from it, in percent.
///
/// Held-out real music has a median of 50. A piece that no reference piece is as far away as has 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Likeness {
    /// 0–100.
    pub score: f64,
    /// Lower end of the 95 % interval over reference pieces.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Reference pieces: with few, the interval is wide.
    pub pieces: usize,
}

impl std::fmt::Display for Likeness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:.0} of 100 ({:.0}–{:.0}, {} reference pieces)",
            self.score, self.low, self.high, self.pieces
        )
    }
}

/// The reference, prepared to say how far a piece is from it.
///
/// Two distances, each as the −ln of the share of held-out pieces beyond ([`Tail`]): the log-odds of being a corruption rather
/// than real, by logistic regression on all [measurements] as normal scores; and the mean square of these normal scores, for
/// music that is odd in a way that no corruption is. The distance is the larger of the two, the second with a handicap.
#[derive(Clone, Debug)]
pub(crate) struct LikenessModel {
    fitted: Fitted,
    corrupted: Tail,
    unusual: Tail,
    /// Number of the piece and distance of every example, judged without its piece.
    real: Vec<(usize, f64)>,
    pieces: usize,
    seed: u64,
}

#[derive(Clone, Debug)]
struct Fitted {
    scales: Vec<NormalScores>,
    discriminant: Logistic<COUNT>,
}

impl Fitted {
    fn new(real: &[&Measurements], corrupted: &[&Measurements]) -> Self {
        let scale = |i: usize| NormalScores::fit(real.iter().map(|row| row[i]));
        let scales: Vec<NormalScores> = (0..COUNT).map(scale).collect();
        let scored = |rows: &[&Measurements]| -> Vec<Measurements> {
            rows.iter().map(|row| normal_scores(&scales, row)).collect()
        };
        let discriminant = Logistic::fit_with(&scored(corrupted), &scored(real), PENALTY);
        Self { scales, discriminant }
    }

    /// Log-odds of being corrupted, and mean square normal score.
    fn distances(&self, row: &Measurements) -> (f64, f64) {
        let scores = normal_scores(&self.scales, row);
        (self.discriminant.score(&scores), mean(scores.iter().map(|score| score * score)))
    }
}

fn normal_scores(scales: &[NormalScores], row: &Measurements) -> Measurements {
    std::array::from_fn(|i| scales[i].of(row[i]))
}

impl LikenessModel {
    /// Fits to examples of the reference, each with the number of its piece and its measured parts. Deterministic for a seed.
    pub(crate) fn fit(examples: &[(usize, Grid)], parts: &[Parts], pool: &Pool, seed: u64) -> Self {
        let measured: Vec<(Measurements, [Measurements; NEGATIVES])> = examples
            .par_iter()
            .zip(parts)
            .enumerate()
            .map(|(i, ((_, grid), parts))| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream(1 + i as u64);
                let negative = |n: usize| {
                    let corruption = CORRUPTIONS[(i * NEGATIVES + n) % CORRUPTIONS.len()];
                    let corrupted = corruption.apply(grid, pool, &mut rng);
                    measurements::of(&corrupted, &Parts::of(&corrupted))
                };
                (measurements::of(grid, parts), std::array::from_fn(negative))
            })
            .collect();
        let fit = |keep: &(dyn Fn(usize) -> bool + Sync)| {
            let kept = || {
                examples.iter().zip(&measured).filter(|((piece, _), _)| keep(*piece)).map(|(_, rows)| rows)
            };
            let real: Vec<&Measurements> = kept().map(|(real, _)| real).collect();
            Fitted::new(&real, &kept().flat_map(|(_, corrupted)| corrupted).collect::<Vec<_>>())
        };
        // The last one is fitted to all.
        let mut folds: Vec<Fitted> =
            (0..=FOLDS).into_par_iter().map(|fold| fit(&|piece| piece % FOLDS != fold)).collect();
        let distances: Vec<(usize, (f64, f64))> = (examples.iter().zip(&measured))
            .map(|((piece, _), (row, _))| (*piece, folds[piece % FOLDS].distances(row)))
            .collect();
        let corrupted = Tail::fit(distances.iter().map(|(_, distance)| distance.0), 1e-3);
        let unusual = Tail::fit(distances.iter().map(|(_, distance)| distance.1), 1e-3);
        let real: Vec<(usize, f64)> =
            distances.iter().map(|(piece, pair)| (*piece, combined(&corrupted, &unusual, *pair))).collect();
        let mut pieces: Vec<usize> = real.iter().map(|(piece, _)| *piece).collect();
        pieces.sort_unstable();
        pieces.dedup();
        let fitted = folds.swap_remove(FOLDS);
        Self { fitted, corrupted, unusual, real, pieces: pieces.len(), seed }
    }

    /// How much a piece at this [distance](Self::distance) is like the reference.
    pub(crate) fn at(&self, distance: f64) -> Likeness {
        if distance == f64::INFINITY {
            // Silence.
            return Likeness { score: 0.0, low: 0.0, high: 0.0, pieces: self.pieces };
        }
        self.share_farther(distance)
    }

    /// The distance of a piece: −ln of the share of real music beyond, which goes on beyond all real music. Infinite for silence.
    pub(crate) fn distance(&self, grid: &Grid, parts: &Parts) -> f64 {
        if grid.is_empty() {
            return f64::INFINITY;
        }
        combined(&self.corrupted, &self.unusual, self.fitted.distances(&measurements::of(grid, parts)))
    }

    /// Distances of the examples that it was fitted to, each judged without its piece, in their order.
    pub(crate) fn held_out(&self) -> impl Iterator<Item = f64> + '_ {
        self.real.iter().map(|(_, distance)| *distance)
    }

    fn share_farther(&self, distance: f64) -> Likeness {
        let shares: Vec<f64> = self
            .real
            .chunk_by(|a, b| a.0 == b.0)
            .map(|examples| {
                let farther = examples.iter().map(|(_, other)| match other.total_cmp(&distance) {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                });
                mean(farther)
            })
            .collect();
        let average = |shares: &[f64]| mean(shares.iter().copied());
        let interval = bootstrap(&shares, average, RESAMPLES, &mut ChaCha8Rng::seed_from_u64(self.seed));
        // Where all pieces agree, resampling them shows no spread; the exact limit of a share of 0 of n does.
        let limit = 1.0 - 0.025f64.powf(1.0 / shares.len().max(1) as f64);
        let high = if interval.estimate < limit { interval.high.max(limit) } else { interval.high };
        let low = if interval.estimate > 1.0 - limit { interval.low.min(1.0 - limit) } else { interval.low };
        let percent = |share: f64| 100.0 * share;
        Likeness {
            score: percent(interval.estimate),
            low: percent(low),
            high: percent(high),
            pieces: self.pieces,
        }
    }
}

fn combined(corrupted: &Tail, unusual: &Tail, (log_odds, square): (f64, f64)) -> f64 {
    corrupted.surprise(log_odds).max(unusual.surprise(square) - HANDICAP)
}
