//! How well a score separates two groups: the area under the ROC curve, and rates at a threshold.

use rand::Rng;

use super::bootstrap::{Interval, interval_of};

/// Probability that a random positive scores higher than a random negative, ties counting half (Mann and Whitney 1947).
///
/// NaN if either group is empty or a score is NaN. `O(n log n)`.
pub fn auc(positives: &[f64], negatives: &[f64]) -> f64 {
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
pub fn auc_interval(positives: &[f64], negatives: &[f64], resamples: usize, rng: &mut impl Rng) -> Interval {
    let estimates = (0..resamples).map(|_| {
        auc(&super::bootstrap::resample(positives, rng), &super::bootstrap::resample(negatives, rng))
    });
    let mut estimates: Vec<f64> = estimates.collect();
    interval_of(auc(positives, negatives), &mut estimates)
}

/// Share of scores above a threshold; NaN without scores.
pub fn share_above(scores: &[f64], threshold: f64) -> f64 {
    crate::statistics::ratio(
        scores.iter().filter(|&&score| score > threshold).count() as f64,
        scores.len() as f64,
    )
}

/// The value below which a share of the scores lies, interpolated linearly between order statistics (the default of
/// numpy and R). NaN without scores.
pub fn quantile(scores: &[f64], share: f64) -> f64 {
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile_of_sorted(&sorted, share)
}

pub(crate) fn quantile_of_sorted(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = share.clamp(0.0, 1.0) * last as f64;
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    below + (above - below) * at.fract()
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
    fn quantiles_interpolate() {
        assert_eq!(quantile(&[4.0, 1.0, 3.0, 2.0], 0.5), 2.5);
        assert_eq!(quantile(&[4.0, 1.0, 3.0, 2.0], 1.0), 4.0);
        assert!(quantile(&[], 0.5).is_nan());
        assert_eq!(share_above(&[1.0, 2.0, 3.0], 2.0), 1.0 / 3.0);
    }
}
