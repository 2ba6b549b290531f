//! [`Tail`]: how rare a figure is in the reference, also beyond its largest value; [`joint_threshold`]: one limit for many figures.

use crate::significance::quantile::quantile_of_sorted;
use crate::statistics::ratio;

/// Where the tail begins: a tenth of the reference lies above.
const BODY: f64 = 0.9;
/// Weight, in observations, of the slope that the body of an exponential distribution has.
const PRIOR: f64 = 3.0;

/// The upper tail of a figure, by peaks over a threshold (Pickands 1975): up to the 90th percentile the distribution is the
/// empirical one, above it exponential with the mean excess of the reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Tail {
    sorted: Vec<f64>,
    from: f64,
    excess: f64,
}

impl Tail {
    /// Fits the tail of finite values; `resolution` is the smallest mean excess, in the unit of the figure: differences below it
    /// mean nothing.
    pub fn fit(values: impl IntoIterator<Item = f64>, resolution: f64) -> Self {
        let mut sorted: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let (middle, from) = (quantile_of_sorted(&sorted, 0.5), quantile_of_sorted(&sorted, BODY));
        let above: Vec<f64> =
            sorted.iter().map(|value| value - from).filter(|excess| *excess > 0.0).collect();
        // An exponential distribution has ln 5 mean excesses between the median and the 90th percentile.
        let prior = (from - middle) / 5f64.ln();
        let excess = (above.iter().sum::<f64>() + PRIOR * prior) / (above.len() as f64 + PRIOR);
        Self { sorted, from, excess: excess.max(resolution) }
    }

    /// −ln of the share of the reference that is at least so large; 0 for NaN, or without a reference.
    pub fn surprise(&self, value: f64) -> f64 {
        if value.is_nan() || self.sorted.is_empty() {
            return 0.0;
        }
        if value > self.from {
            return -(1.0 - BODY).ln() + (value - self.from) / self.excess;
        }
        let above = self.sorted.len() - self.sorted.partition_point(|&other| other < value);
        -ratio(above as f64, self.sorted.len() as f64).ln()
    }

    /// The mean excess: over such a distance the share of the reference beyond falls by a factor e.
    pub fn excess(&self) -> f64 {
        self.excess
    }

    /// The value with a surprise, at least the 90th percentile; infinite without a reference.
    pub fn value_at(&self, surprise: f64) -> f64 {
        if self.sorted.is_empty() {
            return f64::INFINITY;
        }
        self.from + (surprise + (1.0 - BODY).ln()).max(0.0) * self.excess
    }
}

/// The surprise that a new piece of the reference's style exceeds with a probability of at most `share`.
///
/// `largest` holds, for examples that were judged without their own piece, the number of the piece and the largest of all
/// surprises. Every piece weighs the same. The limit is the one of conformal prediction (Vovk, Gammerman and Shafer 2005): with `n`
/// pieces, at most `share · (n + 1) − 1` may lie above. Where that is negative, there are too few pieces, and the largest value
/// goes on with the slope that surprises have: a factor e for each unit. Infinite surprises are examples that exceed any limit: they
/// use up the share, and the limit is that of the others.
pub fn joint_threshold(largest: &[(usize, f64)], share: f64) -> f64 {
    let mut pieces: Vec<usize> = largest.iter().map(|(piece, _)| *piece).collect();
    pieces.sort_unstable();
    let examples_of = |piece: usize| {
        pieces.partition_point(|&other| other <= piece) - pieces.partition_point(|&other| other < piece)
    };
    let mut weighted: Vec<(f64, f64)> =
        largest.iter().map(|&(piece, surprise)| (surprise, 1.0 / examples_of(piece) as f64)).collect();
    weighted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let count = weighted.iter().map(|(_, weight)| weight).sum::<f64>().round();
    let exceeding: f64 =
        weighted.iter().filter(|(surprise, _)| surprise.is_infinite()).map(|(_, weight)| weight).sum();
    weighted.retain(|(surprise, _)| surprise.is_finite());
    let Some(&(most, _)) = weighted.first() else { return f64::INFINITY };
    let may_exceed = share * (count + 1.0) - 1.0;
    if may_exceed < 0.0 {
        return most - (share * (count + 1.0)).ln();
    }
    let mut above = exceeding;
    for (surprise, weight) in weighted {
        above += weight;
        if above > may_exceed + 1e-9 {
            return surprise;
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Exponential values: surprise is the value itself, inside the sample and far outside.
    #[test]
    fn tails_of_exponential_values_are_exact() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let tail = Tail::fit((0..5000).map(|_| -(1.0 - rng.random::<f64>()).ln()), 1e-9);
        for value in [0.5, 1.0, 3.0, 8.0, 20.0] {
            assert_relative_eq!(tail.surprise(value), value, max_relative = 0.12);
        }
        assert_relative_eq!(tail.surprise(tail.value_at(7.0)), 7.0, max_relative = 1e-9);
        assert_eq!(tail.surprise(f64::NAN), 0.0);
        let nothing = Tail::fit([], 1.0);
        assert_eq!((nothing.surprise(5.0), nothing.value_at(5.0)), (0.0, f64::INFINITY));
        let constant = Tail::fit([0.0; 20], 0.1);
        assert!(constant.surprise(0.0) < 1.0 && constant.surprise(1.0) > 10.0);
    }

    /// New pieces exceed the threshold as often as promised, whatever the number of pieces of the reference.
    #[test]
    fn a_joint_threshold_keeps_its_promise() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for pieces in [10, 30, 100] {
            let mut surprise = || -(1.0 - rng.random::<f64>()).ln() + 1.0;
            let mut exceeded = 0.0;
            for _ in 0..400 {
                let real: Vec<(usize, f64)> = (0..pieces).map(|piece| (piece, surprise())).collect();
                let threshold = joint_threshold(&real, 0.05);
                exceeded += (-(threshold - 1.0)).exp();
            }
            assert!(exceeded / 400.0 < 0.058, "{pieces}: {}", exceeded / 400.0);
            assert!(exceeded / 400.0 > 0.02, "{pieces}: {}", exceeded / 400.0);
        }
        assert_eq!(joint_threshold(&[], 0.05), f64::INFINITY);
        // Of a hundred pieces four may exceed; two do in any case.
        let real: Vec<(usize, f64)> = (0..100)
            .map(|piece| (piece, if piece < 2 { f64::INFINITY } else { 200.0 - piece as f64 }))
            .collect();
        assert_eq!(joint_threshold(&real, 0.05), 196.0);
    }
}
