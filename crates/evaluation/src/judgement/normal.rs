//! [`NormalScores`]: a figure on the scale of a standard normal distribution, by its rank in the reference.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::significance::quantile::quantile_of_sorted;

/// How far beyond the most extreme value of the reference a score goes on.
const BEYOND: f64 = 1.5;

/// Rank-based inverse normal transformation (Van der Waerden 1952), which goes on in a straight line for a little beyond the
/// reference. Robust: no value of the reference counts for more than its rank.
#[derive(Clone, Debug)]
pub(crate) struct NormalScores {
    sorted: Vec<f64>,
    /// Scores of half ranks: entry `k` is for `k` halves of the values below.
    scores: Vec<f64>,
    spread: f64,
}

impl NormalScores {
    /// Fits to the finite values.
    pub(crate) fn fit(values: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len().max(1) as f64;
        let standard = Normal::standard();
        let score =
            |halves: usize| standard.inverse_cdf((0.5 * halves as f64 / n).clamp(0.5 / n, 1.0 - 0.5 / n));
        let scores = (0..=2 * sorted.len()).map(score).collect();
        // 2.56 standard deviations lie between the 10th and the 90th percentile.
        let spread = (quantile_of_sorted(&sorted, 0.9) - quantile_of_sorted(&sorted, 0.1)) / 2.56;
        Self { sorted, scores, spread }
    }

    /// The score of a value; 0, the middle, where there is none.
    pub(crate) fn of(&self, value: f64) -> f64 {
        let (Some(first), Some(last)) = (self.sorted.first(), self.sorted.last()) else { return 0.0 };
        if value.is_nan() {
            return 0.0;
        }
        let below = self.sorted.partition_point(|&other| other < value);
        let not_above = self.sorted.partition_point(|&other| other <= value);
        let outside = (value - last).max(0.0) - (first - value).max(0.0);
        let further =
            if outside == 0.0 { 0.0 } else { (outside / self.spread.max(1e-9)).clamp(-BEYOND, BEYOND) };
        self.scores[below + not_above] + further
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_ranks_and_go_on_a_little() {
        let scale = NormalScores::fit((0..=100).map(f64::from));
        assert!(scale.of(50.0).abs() < 1e-9 && scale.of(f64::NAN) == 0.0);
        assert!((scale.of(84.0) - 1.0).abs() < 0.05, "{}", scale.of(84.0));
        assert!(scale.of(110.0) > scale.of(100.0) && scale.of(1e9) == scale.of(1e8));
        assert!(scale.of(-1e9) < -3.0);
        assert_eq!(NormalScores::fit([]).of(3.0), 0.0);
        let zeros = NormalScores::fit([0.0; 30]);
        assert!(zeros.of(0.0).abs() < 1e-9 && zeros.of(0.1) > 2.0);
    }
}
