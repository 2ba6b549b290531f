//! How well a score separates two groups: the area under the ROC curve, and rates at a threshold.

use ndarray::ArrayView1;
use rand::Rng;

use super::bootstrap::{Interval, interval_of, resample};
use crate::arrays::contiguous;

/// Probability that a random positive scores higher than a random negative, ties counting half (Mann and Whitney 1947).
///
/// NaN if either group is empty or a score is NaN. `O(n log n)`.
///
/// ```
/// use composer_evaluation::significance::auc::auc;
/// use ndarray::array;
///
/// // A column of a table of scores [pieces, detectors] against a slice.
/// let scores = array![[0.9, 1.0], [0.8, 2.0]];
/// assert_eq!(auc(scores.column(0), &[0.1, 0.85]), 0.75);
/// ```
pub fn auc<'a>(positives: impl Into<ArrayView1<'a, f64>>, negatives: impl Into<ArrayView1<'a, f64>>) -> f64 {
    auc_of(&contiguous(positives.into()), &contiguous(negatives.into()))
}

fn auc_of(positives: &[f64], negatives: &[f64]) -> f64 {
    if positives.iter().chain(negatives).any(|score| score.is_nan()) {
        return f64::NAN;
    }
    let mut sorted = negatives.to_vec();
    sorted.sort_by(f64::total_cmp);
    let wins: f64 = positives
        .iter()
        .map(|score| {
            let below = sorted.partition_point(|other| other < score);
            let not_above = sorted.partition_point(|other| other <= score);
            0.5 * (below + not_above) as f64
        })
        .sum();
    crate::statistics::ratio(wins, positives.len() as f64 * negatives.len() as f64)
}

/// [`auc`] with its bootstrap interval (95 %), resampling the positives and the negatives.
pub fn auc_interval<'a>(
    positives: impl Into<ArrayView1<'a, f64>>,
    negatives: impl Into<ArrayView1<'a, f64>>,
    resamples: usize,
    rng: &mut impl Rng,
) -> Interval {
    let (positives, negatives) = (contiguous(positives.into()), contiguous(negatives.into()));
    let estimates = (0..resamples).map(|_| auc_of(&resample(&positives, rng), &resample(&negatives, rng)));
    let mut estimates: Vec<f64> = estimates.collect();
    interval_of(auc_of(&positives, &negatives), &mut estimates)
}

/// Share of scores above a threshold; NaN without scores.
pub fn share_above<'a>(scores: impl Into<ArrayView1<'a, f64>>, threshold: f64) -> f64 {
    let scores = scores.into();
    crate::statistics::ratio(
        scores.iter().filter(|&&score| score > threshold).count() as f64,
        scores.len() as f64,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auc_by_hand() {
        assert_eq!(auc(&[3.0, 4.0], &[1.0, 2.0]), 1.0);
        assert_eq!(auc(&[1.0], &[1.0]), 0.5);
        assert_eq!(auc(&[1.0, 3.0], &[2.0, 3.0]), 1.5 / 4.0);
        assert!(auc(&[], &[1.0]).is_nan() && auc(&[f64::NAN], &[1.0]).is_nan());
    }

    #[test]
    fn a_share_above_does_not_count_the_threshold() {
        assert_eq!(share_above(&[1.0, 2.0, 3.0], 2.0), 1.0 / 3.0);
    }
}
