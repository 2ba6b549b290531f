//! [`compare`]: a set of pieces beside a set of real ones, statistic by statistic.

use composer_music::Score;
use ndarray::ArrayView1;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use super::measures::{overlap_and_divergence, wasserstein, wasserstein_of_split};
use crate::grid::{Grid, STEPS_PER_QUARTER};
use crate::significance::Interval;
use crate::significance::bootstrap::{mean_interval, median_interval};
use crate::significance::hypothesis::holm;
use crate::significance::quantile::quantile_of_sorted;
use crate::statistics::piece::STATISTICS;
use crate::statistics::table;

/// Resamples for every interval.
const RESAMPLES: usize = 500;
/// Splits of the real music in which densities are compared, which takes longer.
const SPLITS: usize = 200;
/// Groups of real values whose ranks are compared.
const RANK_DEALS: usize = 999;
/// Least p-value of the ranks of a set that real music explains.
const RANKS: f64 = 0.025;
/// Deals of a permutation test.
const PERMUTATIONS: usize = 1_999;

/// One statistic of two sets of pieces.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The statistic, see [`STATISTICS`].
    pub name: &'static str,
    /// What it measures.
    pub meaning: &'static str,
    /// Mean of the set, with its interval over pieces.
    pub mean: Interval,
    /// Mean of the real music, with its interval over pieces.
    pub reference_mean: Interval,
    /// Wasserstein distance of the set from the real music, in standard deviations of the real music.
    pub distance: f64,
    /// The same distance between real pieces, as many as the set has, and the other real pieces: 2.5th to 97.5th
    /// percentile, estimate = median. A set that cannot be distinguished from real music by this statistic lies inside.
    pub human: Interval,
    /// Share of groups of as many real pieces whose mean rank in the real music is at least as far from the middle, 0–1: three
    /// pieces may all lie inside the real music, but hardly all at its lower end.
    pub rank_p_value: f64,
    /// Pieces of the set outside what 95 % of the real music has.
    pub outside: usize,
    /// Overlapped area of the densities of the set and of the real music, 0–1.
    pub overlap: f64,
    /// The same between real pieces, as [`Self::human`].
    pub human_overlap: Interval,
    /// Jensen–Shannon divergence of the two densities, in bits, 0–1.
    pub divergence: f64,
    /// The same between real pieces, as [`Self::human`].
    pub human_divergence: Interval,
    /// Values of the set, one per piece that has one.
    pub values: Vec<f64>,
    /// Values of the real music.
    pub reference_values: Vec<f64>,
}

impl Comparison {
    /// Whether this statistic, with so few pieces, does not distinguish the set from real music: it is no further from it than
    /// real pieces are from each other, nor all on one side of it, nor has it more pieces outside than real music has.
    pub fn is_indistinguishable(&self) -> bool {
        self.distance <= self.human.high
            && self.rank_p_value >= RANKS
            && self.outside <= allowed_outside(self.values.len())
    }
}

/// How many of `n` real pieces lie outside the range of 95 % of them, except in one set of forty.
fn allowed_outside(n: usize) -> usize {
    let (mut term, mut below, mut count) = (0.95f64.powi(n as i32), 0.0, 0);
    loop {
        below += term;
        if below >= 0.975 || count >= n {
            return count;
        }
        term *= (n - count) as f64 / (count + 1) as f64 * 0.05 / 0.95;
        count += 1;
    }
}

/// Cuts pieces at bar lines into excerpts of about so many quarter notes, so that pieces of different lengths can be compared.
/// Notes keep their pitches and times, bars their lengths; everything else is left out.
pub fn excerpts(scores: &[Score], quarters: u32) -> Vec<Score> {
    let cut = |score: &Score| {
        let excerpts = Grid::new(score).excerpts(quarters.max(1) * STEPS_PER_QUARTER);
        excerpts.iter().map(Grid::to_score).collect::<Vec<_>>()
    };
    scores.iter().flat_map(cut).collect()
}

/// Compares a set of pieces with real music on every statistic that both have. Deterministic for a seed.
///
/// Statistics that depend on the length of a piece (range, repetition, …) ask for pieces of one length: see
/// [`excerpts`].
pub fn compare(set: &[Score], reference: &[Score], seed: u64) -> Vec<Comparison> {
    let (ours, real) = (table(set), table(reference));
    let finite =
        |column: ArrayView1<f64>| -> Vec<f64> { column.iter().copied().filter(|x| x.is_finite()).collect() };
    let compared = |i: usize| {
        let (values, reference_values) = (finite(ours.values.column(i)), finite(real.values.column(i)));
        if values.is_empty() || reference_values.len() < 2 {
            return None;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(i as u64);
        let unit = deviation(&reference_values);
        let human = human_distances(&reference_values, values.len(), unit, &mut rng);
        let (rank_p_value, outside) = ranks(&values, &reference_values, &mut rng);
        let (human_overlap, human_divergence) = human_densities(&reference_values, values.len(), &mut rng);
        let (overlap, divergence) = overlap_and_divergence(&values, &reference_values);
        Some(Comparison {
            name: STATISTICS[i].name,
            meaning: STATISTICS[i].meaning,
            mean: mean_interval(&values, RESAMPLES, &mut rng),
            reference_mean: mean_interval(&reference_values, RESAMPLES, &mut rng),
            distance: wasserstein(&values, &reference_values) / unit,
            human,
            rank_p_value,
            outside,
            overlap,
            human_overlap,
            divergence,
            human_divergence,
            values,
            reference_values,
        })
    };
    (0..STATISTICS.len()).into_par_iter().filter_map(compared).collect()
}

/// Distances of random groups of real values from the other real values.
fn human_distances(values: &[f64], size: usize, unit: f64, rng: &mut impl Rng) -> Interval {
    let size = size.min(values.len() / 2).max(1);
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    // Which value is drawn does not matter, so their ranks are shuffled.
    let mut ranks: Vec<usize> = (0..values.len()).collect();
    ranks.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut shuffled = vec![0; values.len()];
    ranks.iter().enumerate().for_each(|(rank, &place)| shuffled[place] = rank);
    let mut in_group = vec![false; values.len()];
    let mut distances: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            partial_shuffle(&mut shuffled, size, rng);
            in_group.fill(false);
            shuffled[..size].iter().for_each(|&rank| in_group[rank] = true);
            wasserstein_of_split(&sorted, &in_group) / unit
        })
        .collect();
    median_interval(&mut distances)
}

/// How often a group of as many real values has a mean rank as far from the middle, and how many values lie outside the range of
/// 95 % of the real ones.
fn ranks(values: &[f64], real: &[f64], rng: &mut impl Rng) -> (f64, usize) {
    let mut sorted = real.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = |value: &f64| {
        let below = sorted.partition_point(|other| other < value);
        let not_above = sorted.partition_point(|other| other <= value);
        0.5 * (below + not_above) as f64 / sorted.len() as f64 - 0.5
    };
    let far = |ranks: &[f64]| (ranks.iter().sum::<f64>() / ranks.len() as f64).abs();
    let ours = far(&values.iter().map(rank).collect::<Vec<_>>());
    let mut all: Vec<f64> = real.iter().map(rank).collect();
    let size = values.len().min(all.len() / 2).max(1);
    let as_far = (0..RANK_DEALS).filter(|_| {
        partial_shuffle(&mut all, size, rng);
        far(&all[..size]) >= ours - 1e-12
    });
    let p_value = (as_far.count() + 1) as f64 / (RANK_DEALS + 1) as f64;
    let [low, high] = [0.025, 0.975].map(|share| quantile_of_sorted(&sorted, share));
    (p_value, values.iter().filter(|&&value| value < low || value > high).count())
}

/// Overlapped area and divergence of random groups of real values and the other real values.
fn human_densities(values: &[f64], size: usize, rng: &mut impl Rng) -> (Interval, Interval) {
    let size = size.min(values.len() / 2).max(1);
    let mut shuffled = values.to_vec();
    let (mut overlaps, mut divergences) = (Vec::new(), Vec::new());
    for _ in 0..SPLITS {
        partial_shuffle(&mut shuffled, size, rng);
        let (group, others) = shuffled.split_at(size);
        let (overlap, divergence) = overlap_and_divergence(group, others);
        overlaps.push(overlap);
        divergences.push(divergence);
    }
    (median_interval(&mut overlaps), median_interval(&mut divergences))
}

/// Brings a random selection of `size` values to the front.
pub(super) fn partial_shuffle<T>(values: &mut [T], size: usize, rng: &mut impl Rng) {
    for i in 0..size.min(values.len()) {
        values.swap(i, rng.random_range(i..values.len()));
    }
}

/// Standard deviation, at least a value that keeps a division by it finite.
fn deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt().max(1e-9)
}

/// Permutation test of "`a` is closer to the reference than `b`" (one figure per piece): the one-sided p-value of
/// `W(b, reference) − W(a, reference)` when pieces are dealt to `a` and `b` at random. The observed deal counts as one
/// of them, so that p is never 0. NaN if a sample is empty.
pub fn permutation_test<'a>(
    a: impl Into<ArrayView1<'a, f64>>,
    b: impl Into<ArrayView1<'a, f64>>,
    reference: impl Into<ArrayView1<'a, f64>>,
    permutations: usize,
    rng: &mut impl Rng,
) -> f64 {
    let (a, b, reference) = (a.into(), b.into(), reference.into());
    if a.is_empty() || b.is_empty() || reference.is_empty() {
        return f64::NAN;
    }
    let advantage = |pool: &[f64]| {
        let (a_like, b_like) = pool.split_at(a.len());
        wasserstein(b_like, reference) - wasserstein(a_like, reference)
    };
    let mut pool: Vec<f64> = a.iter().chain(b).copied().collect();
    let observed = advantage(&pool);
    let tolerance = 1e-12 * observed.abs();
    let mut as_large = 1;
    for _ in 0..permutations {
        partial_shuffle(&mut pool, a.len(), rng);
        as_large += usize::from(advantage(&pool) >= observed - tolerance);
    }
    as_large as f64 / (permutations + 1) as f64
}

/// Which of two sets is closer to real music on one statistic.
#[derive(Clone, Debug, Serialize)]
pub struct Closer {
    /// The statistic.
    pub name: &'static str,
    /// Distance of the first set, as in [`Comparison::distance`].
    pub first: f64,
    /// Distance of the second.
    pub second: f64,
    /// Two-sided p-value of the difference by [`permutation_test`], corrected by Holm for the number of statistics.
    pub p_value: f64,
}

/// Compares two sets that were [compared](compare) with the same real music, on every statistic that both have.
pub fn closer(first: &[Comparison], second: &[Comparison], seed: u64) -> Vec<Closer> {
    let both: Vec<(&Comparison, &Comparison)> =
        first.iter().filter_map(|a| Some((a, second.iter().find(|b| b.name == a.name)?))).collect();
    let p_values: Vec<f64> = both
        .iter()
        .map(|(a, b)| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let (near, far) = if a.distance <= b.distance { (a, b) } else { (b, a) };
            let one_sided =
                permutation_test(&near.values, &far.values, &near.reference_values, PERMUTATIONS, &mut rng);
            (2.0 * one_sided).min(1.0)
        })
        .collect();
    let corrected = holm(&p_values);
    let row = |((a, b), p_value): (&(&Comparison, &Comparison), f64)| Closer {
        name: a.name,
        first: a.distance,
        second: b.distance,
        p_value,
    };
    both.iter().zip(corrected).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::GridNote;

    /// A melody of quarters in a scale, transposed by up to an octave.
    fn piece(rng: &mut ChaCha8Rng, step: u8) -> Score {
        let root = rng.random_range(50..62);
        let notes = (0..64).map(|i| GridNote {
            onset: 12 * i,
            pitch: root + step * rng.random_range(0..8),
            duration: 12,
        });
        Grid::with_bars_of(notes.collect(), 48).to_score()
    }

    #[test]
    fn real_music_lies_inside_its_own_interval_and_other_music_outside() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let real: Vec<Score> = (0..40).map(|_| piece(&mut rng, 2)).collect();
        let more: Vec<Score> = (0..10).map(|_| piece(&mut rng, 2)).collect();
        let other: Vec<Score> = (0..10).map(|_| piece(&mut rng, 5)).collect();
        let near = compare(&more, &real, 1);
        let inside = near.iter().filter(|comparison| comparison.is_indistinguishable()).count();
        assert!(inside as f64 > 0.85 * near.len() as f64, "{inside} of {}", near.len());
        let far = compare(&other, &real, 1);
        let range = far.iter().find(|comparison| comparison.name == "pitch_range").unwrap();
        assert!(!range.is_indistinguishable() && range.overlap < 0.1, "{range:?}");
        assert!(compare(&[], &real, 1).is_empty());
        assert!(range.divergence > range.human_divergence.high && range.overlap < range.human_overlap.low);

        let decided = closer(&near, &far, 1);
        let range = decided.iter().find(|row| row.name == "pitch_range").unwrap();
        assert!(range.first < range.second && range.p_value < 0.05, "{range:?}");
        let equal = closer(&near, &near, 1);
        assert!(equal.iter().all(|row| row.p_value > 0.05), "{equal:?}");
    }

    #[test]
    fn three_pieces_at_one_end_of_the_real_music_do_not_pass_for_real() {
        let real: Vec<f64> = (0..60).map(|i| 1.3 + 0.19 * f64::from(i)).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let (p_value, outside) = ranks(&[1.6, 1.7, 1.9], &real, &mut rng);
        assert!(p_value < RANKS, "all three are among the lowest: {p_value}");
        assert_eq!(outside, 0, "though each lies inside");
        assert_eq!(ranks(&[1.3, 1.5, 1.9], &real, &mut rng).1, 2);
        let (p_value, _) = ranks(&[2.0, 6.0, 11.0], &real, &mut rng);
        assert!(p_value > 0.2, "{p_value}");
        assert_eq!([1, 3, 24, 100].map(allowed_outside), [1, 1, 4, 10]);
    }

    #[test]
    fn permutation_test_knows_the_closer_set_and_makes_nothing_of_equal_ones() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut sample = |shift: f64| -> Vec<f64> { (0..30).map(|_| shift + rng.random::<f64>()).collect() };
        let (reference, near, far) = (sample(0.0), sample(0.1), sample(1.0));
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        assert!(permutation_test(&near, &far, &reference, 999, &mut rng) <= 0.002);
        assert!(permutation_test(&far, &near, &reference, 999, &mut rng) > 0.9);
        let p: Vec<f64> = (0..100)
            .map(|_| {
                let mut sample = || -> Vec<f64> { (0..15).map(|_| rng.random::<f64>()).collect() };
                let (a, b) = (sample(), sample());
                permutation_test(&a, &b, &reference, 99, &mut rng)
            })
            .collect();
        let small = p.iter().filter(|&&p| p <= 0.1).count();
        assert!((2..=20).contains(&small), "p is uniform without a difference: {small} of 100 below 0.1");
    }

    #[test]
    fn excerpts_have_one_length() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let cut = excerpts(&[piece(&mut rng, 2)], 16);
        assert_eq!(cut.len(), 4);
        assert!(cut.iter().all(|score| score.notes().count() == 16));
    }
}
