//! Percentile bootstrap (Efron 1979) over pieces: how much a figure would vary with other pieces of the same kind.

use ndarray::{ArrayView1, ArrayView2};
use rand::{Rng, RngExt};
use serde::Serialize;

use super::quantile::quantile_of_sorted;
use crate::arrays::{contiguous, resample_rows};

/// A figure with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The figure itself.
    pub estimate: f64,
    /// 2.5th percentile of the resampled figures.
    pub low: f64,
    /// 97.5th percentile.
    pub high: f64,
}

impl Interval {
    /// Whether a value lies inside.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

impl std::fmt::Display for Interval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = f.precision().unwrap_or(3);
        write!(f, "{:.digits$} [{:.digits$}, {:.digits$}]", self.estimate, self.low, self.high)
    }
}

/// A statistic of pieces with its 95 % interval, from `resamples` draws with replacement.
///
/// Pieces are drawn whole: notes and frames of one piece depend on each other. NaN without pieces.
pub fn bootstrap<T: Clone>(
    pieces: &[T],
    statistic: impl Fn(&[T]) -> f64,
    resamples: usize,
    rng: &mut impl Rng,
) -> Interval {
    let mut estimates: Vec<f64> = (0..resamples).map(|_| statistic(&resample(pieces, rng))).collect();
    interval_of(statistic(pieces), &mut estimates)
}

/// Mean of values, one per piece, with its interval.
pub fn mean_interval<'a>(
    values: impl Into<ArrayView1<'a, f64>>,
    resamples: usize,
    rng: &mut impl Rng,
) -> Interval {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    bootstrap(&contiguous(values.into()), mean, resamples, rng)
}

/// [`bootstrap`] of a statistic of a table `[pieces, columns]`, whose rows are drawn whole: columns stay paired.
///
/// ```
/// use composer_evaluation::significance::bootstrap::bootstrap_rows;
/// use ndarray::array;
/// use rand::SeedableRng;
/// use rand_chacha::ChaCha8Rng;
///
/// // Nats and frames of three pieces: the ratio of their sums, with its interval over pieces.
/// let costs = array![[30.0, 10.0], [10.0, 10.0], [40.0, 20.0]];
/// let nats_per_frame =
///     bootstrap_rows(&costs, |costs| costs.column(0).sum() / costs.column(1).sum(), 500, &mut ChaCha8Rng::seed_from_u64(1));
/// assert_eq!(nats_per_frame.estimate, 2.0);
/// assert!(nats_per_frame.low >= 1.0 && nats_per_frame.high <= 3.0);
/// ```
pub fn bootstrap_rows<'a>(
    table: impl Into<ArrayView2<'a, f64>>,
    statistic: impl Fn(ArrayView2<'_, f64>) -> f64,
    resamples: usize,
    rng: &mut impl Rng,
) -> Interval {
    let table = table.into();
    let mut estimates: Vec<f64> =
        (0..resamples).map(|_| statistic(resample_rows(&table, rng).view())).collect();
    interval_of(statistic(table), &mut estimates)
}

/// As many items as there are, drawn with replacement.
pub(crate) fn resample<T: Clone>(items: &[T], rng: &mut impl Rng) -> Vec<T> {
    (0..items.len()).map(|_| items[rng.random_range(0..items.len())].clone()).collect()
}

/// The interval of an estimate from resampled estimates; NaN among them are left out.
pub(crate) fn interval_of(estimate: f64, resampled: &mut Vec<f64>) -> Interval {
    resampled.retain(|value| !value.is_nan());
    resampled.sort_by(f64::total_cmp);
    let at = |share| quantile_of_sorted(resampled, share);
    Interval { estimate, low: at(0.025), high: at(0.975) }
}

/// Median of resampled figures, with the interval that holds 95 % of them; NaN among them are left out.
pub(crate) fn median_interval(resampled: &mut Vec<f64>) -> Interval {
    let interval = interval_of(f64::NAN, resampled);
    Interval { estimate: quantile_of_sorted(resampled, 0.5), ..interval }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// Of intervals of the mean of 40 uniform values, about 95 % hold the true mean.
    #[test]
    fn intervals_cover_as_often_as_they_say() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let covered = (0..400)
            .filter(|_| {
                let values: Vec<f64> = (0..40).map(|_| rng.random::<f64>()).collect();
                mean_interval(&values, 300, &mut rng).contains(0.5)
            })
            .count();
        assert!((360..=392).contains(&covered), "{covered} of 400");
    }

    #[test]
    fn no_pieces_have_no_interval() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let none = mean_interval(&[], 10, &mut rng);
        assert!(none.estimate.is_nan() && none.low.is_nan());
    }
}
