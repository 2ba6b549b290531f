//! [`compare_distributions`]: what two sets of pieces are made of, histogram by histogram.

use composer_music::Score;
use ndarray::{Array1, Array2, Axis};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use super::compare::partial_shuffle;
use super::measures::{divergence, overlapped_area};
use super::sets::{among, between, between_rows};
use crate::arrays::stack;
use crate::grid::Grid;
use crate::significance::Interval;
use crate::significance::bootstrap::median_interval;
use crate::statistics::distributions::{DISTRIBUTIONS, Distribution};

/// Splits of the real music for every interval.
const SPLITS: usize = 200;
/// Pieces of a set that are compared pair by pair at most; of more, as many are taken at even distances.
const MOST: usize = 200;

/// One distribution of two sets of pieces.
#[derive(Clone, Debug, Serialize)]
pub struct DistributionComparison {
    /// The distribution, see [`DISTRIBUTIONS`].
    pub name: &'static str,
    /// What is counted.
    pub meaning: &'static str,
    /// Mean share of every class over the pieces of the set.
    pub shares: Vec<f64>,
    /// The same of the real music.
    pub reference_shares: Vec<f64>,
    /// Jensen–Shannon divergence of the two, in bits.
    pub divergence: f64,
    /// The same between real pieces, as many as the set has, and the other real pieces: 2.5th to 97.5th percentile,
    /// estimate = median.
    pub human_divergence: Interval,
    /// Overlapped area of two densities of Euclidean distances, 0–1: between pieces of the set and real ones, and of real
    /// ones among themselves (Yang and Lerch 2020). Low says that the pieces differ from real ones more, or less, than
    /// those differ from each other.
    pub overlap: f64,
    /// The same between real pieces, as many as the set has, and the other real pieces.
    pub human_overlap: Interval,
}

impl DistributionComparison {
    /// Whether the set is no further from real music than real pieces are from each other: with so few pieces, this distribution
    /// does not distinguish them.
    pub fn is_indistinguishable(&self) -> bool {
        self.divergence <= self.human_divergence.high
    }
}

/// Compares a set of pieces with real music in every distribution that both have. Deterministic for a seed.
pub fn compare_distributions(set: &[Score], reference: &[Score], seed: u64) -> Vec<DistributionComparison> {
    let grids = |scores: &[Score]| scores.iter().map(Grid::new).collect::<Vec<_>>();
    let (ours, real) = (grids(set), grids(reference));
    let compared = |(i, distribution): (usize, &Distribution)| {
        let (ours, real) = (shares(&ours, distribution), shares(&real, distribution));
        if ours.nrows() == 0 || real.nrows() < 3 {
            return None;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(1_000 + i as u64);
        let distances = between_rows(real.view(), real.view());
        let every: Vec<usize> = (0..real.nrows()).collect();
        let across = between_rows(ours.view(), real.view());
        let (human_divergence, human_overlap) = human(&real, ours.nrows(), &distances, &mut rng);
        let (mean, reference_mean) = (mean(&ours), mean(&real));
        Some(DistributionComparison {
            name: distribution.name,
            meaning: distribution.meaning,
            divergence: divergence(&mean, &reference_mean),
            human_divergence,
            overlap: overlapped_area(across.as_slice().unwrap_or_default(), &among(&distances, &every)),
            human_overlap,
            shares: mean,
            reference_shares: reference_mean,
        })
    };
    DISTRIBUTIONS.par_iter().enumerate().filter_map(compared).collect()
}

/// The histograms of pieces as shares `[pieces, classes]`; pieces without any entry are left out.
fn shares(grids: &[Grid], distribution: &Distribution) -> Array2<f64> {
    let share = |counts: Array1<f64>| {
        let total: f64 = counts.iter().sum();
        (total > 0.0).then(|| counts.into_iter().map(|count| count / total).collect())
    };
    let all: Vec<Vec<f64>> = grids.iter().filter_map(|grid| share((distribution.of)(grid))).collect();
    let step = all.len().div_ceil(MOST).max(1);
    stack(all.into_iter().step_by(step), distribution.classes)
}

/// Means of the columns, each summed from the first row to the last.
fn mean(table: &Array2<f64>) -> Vec<f64> {
    let pieces = table.nrows() as f64;
    table.columns().into_iter().map(|class| class.iter().sum::<f64>() / pieces).collect()
}

/// Divergence and overlap of random groups of real pieces and the other real pieces.
fn human(
    real: &Array2<f64>,
    size: usize,
    distances: &Array2<f64>,
    rng: &mut impl Rng,
) -> (Interval, Interval) {
    let size = size.min(real.nrows() / 2).max(1);
    let mut order: Vec<usize> = (0..real.nrows()).collect();
    let (mut divergences, mut overlaps) = (Vec::new(), Vec::new());
    for _ in 0..SPLITS {
        partial_shuffle(&mut order, size, rng);
        let (group, others) = order.split_at(size);
        let of = |pieces: &[usize]| mean(&real.select(Axis(0), pieces));
        divergences.push(divergence(&of(group), &of(others)));
        overlaps.push(overlapped_area(&between(distances, group, others), &among(distances, others)));
    }
    (median_interval(&mut divergences), median_interval(&mut overlaps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::GridNote;
    use rand::RngExt;

    /// A melody in a scale whose notes are all of one length or of two.
    fn piece(rng: &mut ChaCha8Rng, step: u8, lengths: &[u32]) -> Score {
        let (mut onset, mut notes) = (0, Vec::new());
        for _ in 0..64 {
            let duration = lengths[rng.random_range(0..lengths.len())];
            notes.push(GridNote { onset, pitch: 60 + step * rng.random_range(0..6), duration });
            onset += duration;
        }
        Grid::with_bars_of(notes, 48).to_score()
    }

    #[test]
    fn each_distribution_tells_what_differs_and_nothing_else() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut pieces = |count: usize, step: u8, lengths: &[u32]| -> Vec<Score> {
            (0..count).map(|_| piece(&mut rng, step, lengths)).collect()
        };
        let (real, more) = (pieces(40, 2, &[6, 12]), pieces(10, 2, &[6, 12]));
        let (whole_tones, other_rhythm) = (pieces(10, 3, &[6, 12]), pieces(10, 2, &[4, 24]));
        let further = |set: &[Score]| -> Vec<&'static str> {
            let all = compare_distributions(set, &real, 1);
            all.iter().filter(|row| !row.is_indistinguishable()).map(|row| row.name).collect()
        };
        assert!(further(&more).len() <= 1, "{:?}", further(&more));
        assert_eq!(
            further(&whole_tones),
            ["pitches", "pitch_classes", "pitch_class_transitions", "pitch_intervals"]
        );
        assert_eq!(
            further(&other_rhythm),
            ["note_lengths", "note_length_transitions", "inter_onset_intervals"]
        );
        let rows = compare_distributions(&other_rhythm, &real, 1);
        let lengths = rows.iter().find(|row| row.name == "note_lengths").unwrap();
        assert!(lengths.overlap < lengths.human_overlap.low, "{lengths:?}");
        assert!(compare_distributions(&[], &real, 1).is_empty());
    }
}
