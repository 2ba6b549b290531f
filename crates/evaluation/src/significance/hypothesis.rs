//! Tests that listening studies need: exact binomial, Friedman, Wilcoxon, Holm, equivalence, and how many judgements.

use ndarray::{Array1, ArrayView1, ArrayView2};
use statrs::distribution::{Beta, Binomial, ChiSquared, ContinuousCDF, Discrete, DiscreteCDF, Normal};

use super::Interval;
use crate::arrays::{ShapeMismatch, check_equal, contiguous};

/// Two-sided exact binomial test of `successes` of `trials` against a probability: the total probability of all outcomes
/// that are no likelier than the one observed (Fisher's rule, as in R and scipy). NaN without trials or for a
/// probability outside 0–1.
pub fn binomial_test(successes: u64, trials: u64, probability: f64) -> f64 {
    let Ok(binomial) = Binomial::new(probability, trials) else { return f64::NAN };
    if trials == 0 || successes > trials {
        return f64::NAN;
    }
    // Outcomes that are as likely up to rounding count too.
    let limit = binomial.pmf(successes) * (1.0 + 1e-7);
    (0..=trials).map(|k| binomial.pmf(k)).filter(|&p| p <= limit).sum::<f64>().min(1.0)
}

/// A share with its exact 95 % interval (Clopper and Pearson 1934). NaN without trials.
pub fn exact_interval(successes: u64, trials: u64) -> Interval {
    let (k, n) = (successes as f64, trials as f64);
    let quantile = |a: f64, b: f64, at: f64| Beta::new(a, b).map_or(f64::NAN, |beta| beta.inverse_cdf(at));
    let low = if successes == 0 { 0.0 } else { quantile(k, n - k + 1.0, 0.025) };
    let high = if successes == trials { 1.0 } else { quantile(k + 1.0, n - k, 0.975) };
    if trials == 0 {
        return Interval { estimate: f64::NAN, low: 0.0, high: 1.0 };
    }
    Interval { estimate: k / n, low, high }
}

/// Test of equivalence: the p-value for "the true share lies within `margin` of ½", by two one-sided exact binomial
/// tests. Only a small value says "indistinguishable"; a large value of [`binomial_test`] does not.
pub fn equivalence_test(successes: u64, trials: u64, margin: f64) -> f64 {
    let (Ok(low), Ok(high)) = (Binomial::new(0.5 - margin, trials), Binomial::new(0.5 + margin, trials))
    else {
        return f64::NAN;
    };
    if trials == 0 || successes > trials {
        return f64::NAN;
    }
    // P(X ≥ k) at the lower bound, P(X ≤ k) at the upper one.
    let above = successes.checked_sub(1).map_or(1.0, |below| low.sf(below));
    above.max(high.cdf(successes))
}

/// Fewest judgements for which a two-sided exact test at 5 % finds a true share of `probability` with at least `power`
/// (the power of an exact test has teeth: a few more judgements can have less). `None` beyond 100,000.
pub fn judgements_needed(probability: f64, power: f64) -> Option<u64> {
    (1..=100_000).find(|&trials| exact_power(probability, trials) >= power)
}

/// The smallest true share above ½ that a two-sided exact test at 5 % finds in so many judgements with at least `power`; to a
/// thousandth. NaN where no share is found.
pub fn detectable_share(trials: u64, power: f64) -> f64 {
    (501..=1000)
        .map(|share| f64::from(share) / 1000.0)
        .find(|&share| exact_power(share, trials) >= power)
        .unwrap_or(f64::NAN)
}

fn exact_power(probability: f64, trials: u64) -> f64 {
    let (Ok(null), Ok(truth)) = (Binomial::new(0.5, trials), Binomial::new(probability, trials)) else {
        return f64::NAN;
    };
    // Smallest count whose upper tail under ½ is at most 2.5 %; the lower tail is its mirror image.
    let critical = null.inverse_cdf(0.975) + 1;
    if critical > trials {
        return 0.0;
    }
    truth.sf(critical - 1) + truth.cdf(trials - critical)
}

/// Friedman's test of whether `k` treatments, rated by each of `n` blocks, differ: the statistic, corrected for ties, and
/// its p-value by the χ² distribution. `ratings` is `[n, k]`. NaN for fewer than two blocks or three treatments, or if all
/// ratings tie.
///
/// ```
/// use composer_evaluation::significance::hypothesis::friedman;
/// use ndarray::array;
///
/// // Three listeners, three systems, one order: the ranks sum to 3, 6 and 9.
/// let (statistic, p) = friedman(&array![[1.0, 2.0, 3.0], [2.0, 3.0, 5.0], [1.0, 4.0, 5.0]]);
/// approx::assert_relative_eq!(statistic, 6.0, max_relative = 1e-12);
/// approx::assert_relative_eq!(p, (-3f64).exp(), max_relative = 1e-9);
/// ```
pub fn friedman<'a>(ratings: impl Into<ArrayView2<'a, f64>>) -> (f64, f64) {
    let ratings = ratings.into();
    let (blocks, k) = ratings.dim();
    if blocks < 2 || k < 3 {
        return (f64::NAN, f64::NAN);
    }
    let n = blocks as f64;
    let mut sums = vec![0.0; k];
    let mut ties = 0.0;
    for block in ratings.rows() {
        let (ranks, tied) = ranks(&contiguous(block));
        sums.iter_mut().zip(ranks).for_each(|(sum, rank)| *sum += rank);
        ties += tied;
    }
    let k = k as f64;
    let squares: f64 = sums.iter().map(|sum| sum * sum).sum();
    let correction = 1.0 - ties / (n * k * (k * k - 1.0));
    let statistic = (12.0 / (n * k * (k + 1.0)) * squares - 3.0 * n * (k + 1.0)) / correction;
    let p = ChiSquared::new(k - 1.0).map_or(f64::NAN, |chi| chi.sf(statistic));
    (statistic, p)
}

/// Wilcoxon's signed-rank test of paired ratings: the smaller rank sum and the two-sided p-value. Pairs without a
/// difference are left out. Exact for up to 50 pairs without ties, else by the normal approximation with the correction
/// for ties. NaN if no pair differs.
///
/// # Errors
/// If there are not as many `b` as `a`.
pub fn wilcoxon<'a>(
    a: impl Into<ArrayView1<'a, f64>>,
    b: impl Into<ArrayView1<'a, f64>>,
) -> Result<(f64, f64), ShapeMismatch> {
    let (a, b) = (a.into(), b.into());
    check_equal("paired ratings", a.shape(), b.shape())?;
    Ok(signed_rank(&(&a - &b)))
}

/// [`wilcoxon`] of the differences of pairs. NaN if all are 0, or one is NaN.
pub fn signed_rank<'a>(differences: impl Into<ArrayView1<'a, f64>>) -> (f64, f64) {
    let all = differences.into();
    let differences: Vec<f64> = all.iter().copied().filter(|&difference| difference != 0.0).collect();
    if differences.is_empty() || differences.iter().any(|difference| difference.is_nan()) {
        return (f64::NAN, f64::NAN);
    }
    let zeros = differences.len() < all.len();
    let sizes: Vec<f64> = differences.iter().map(|difference| difference.abs()).collect();
    let (ranks, ties) = ranks(&sizes);
    let positive: f64 = ranks.iter().zip(&differences).filter(|(_, d)| **d > 0.0).map(|(rank, _)| rank).sum();
    let n = differences.len() as f64;
    let statistic = positive.min(n * (n + 1.0) / 2.0 - positive);
    if differences.len() <= 50 && ties == 0.0 && !zeros {
        return (statistic, (2.0 * exact_signed_rank_cdf(differences.len(), statistic as usize)).min(1.0));
    }
    let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0;
    let z = (statistic - n * (n + 1.0) / 4.0) / variance.sqrt();
    (statistic, 2.0 * Normal::standard().cdf(-z.abs()))
}

/// P(rank sum ≤ `at`) when each of the ranks 1…n counts with probability ½.
fn exact_signed_rank_cdf(n: usize, at: usize) -> f64 {
    let total = n * (n + 1) / 2;
    let mut ways = vec![0.0f64; total + 1];
    ways[0] = 1.0;
    for rank in 1..=n {
        for sum in (rank..=total).rev() {
            ways[sum] += ways[sum - rank];
        }
    }
    ways[..=at.min(total)].iter().sum::<f64>() / 2f64.powi(n as i32)
}

/// Holm's (1979) adjusted p-values, in the order of the given ones: each may be compared with 5 % as if it stood alone.
pub fn holm<'a>(p_values: impl Into<ArrayView1<'a, f64>>) -> Array1<f64> {
    let p_values = p_values.into();
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = Array1::zeros(p_values.len());
    let mut largest = 0.0f64;
    for (i, &index) in order.iter().enumerate() {
        largest = largest.max(((p_values.len() - i) as f64 * p_values[index]).min(1.0));
        adjusted[index] = largest;
    }
    adjusted
}

/// Ranks from 1, ties sharing their mean, and the sum of t³ − t over groups of t tied values.
fn ranks(values: &[f64]) -> (Vec<f64>, f64) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let (mut start, mut ties) = (0, 0.0);
    for group in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let size = group.len() as f64;
        let mean = start as f64 + (size + 1.0) / 2.0;
        group.iter().for_each(|&index| ranks[index] = mean);
        ties += size.powi(3) - size;
        start += group.len();
    }
    (ranks, ties)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn pairs_have_two_sides() {
        let error = wilcoxon(&[1.0, 2.0, 3.0], &[1.0, 2.0]).unwrap_err();
        assert_eq!(error.to_string(), "paired ratings: shapes [3] and [2] do not match");
    }

    #[test]
    fn judgements_needed_for_a_true_share() {
        for (share, needed) in [(0.6, 199), (0.65, 90), (0.7, 49)] {
            assert_eq!(judgements_needed(share, 0.8), Some(needed), "{share}");
        }
    }

    #[test]
    fn more_judgements_find_smaller_differences() {
        let shares = [49, 90, 199].map(|trials| detectable_share(trials, 0.8));
        for (share, expected) in shares.into_iter().zip([0.7, 0.65, 0.6]) {
            assert!((share - expected).abs() < 0.011, "{share}");
        }
        assert!(detectable_share(3, 0.8).is_nan() && detectable_share(0, 0.8).is_nan());
    }

    #[test]
    fn not_significant_is_not_equivalent() {
        assert!(binomial_test(10, 20, 0.5) == 1.0 && equivalence_test(10, 20, 0.05) > 0.3);
        assert!(equivalence_test(5_000, 10_000, 0.05) < 1e-6);
    }

    #[test]
    fn nothing_to_test_is_nan() {
        assert!(binomial_test(0, 0, 0.5).is_nan() && equivalence_test(0, 0, 0.1).is_nan());
        assert!(exact_interval(0, 0).estimate.is_nan());
        assert!(friedman(&Array2::zeros((0, 3))).1.is_nan());
        assert!(wilcoxon(&[1.0], &[1.0]).unwrap().1.is_nan());
        assert!(wilcoxon(&[1.0, f64::NAN], &[2.0, 1.0]).unwrap().1.is_nan());
        assert!(friedman(&[[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]).0.is_nan());
        assert!(holm(&[]).is_empty());
    }
}
