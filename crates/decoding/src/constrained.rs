//! Independent binary choices whose number is bounded: exact sampling and the most likely outcome.
//!
//! A sigmoid output gives every pitch its own probability `p_i`. Asking for "at least one voice" or "at most four"
//! conditions the product of these Bernoulli variables on `low ≤ Σ x_i ≤ high`. That is still a proper distribution, and
//! it can be sampled exactly, one variable after the other:
//!
//! ```text
//! R[i][k] = P(low ≤ k + x_i + … + x_{n-1} ≤ high)     with k already on
//! R[n][k] = 1 if low ≤ k ≤ high, else 0
//! R[i][k] = p_i R[i+1][k+1] + (1 − p_i) R[i+1][k]
//! P(x_i = 1 | k on before i, the bounds hold) = p_i R[i+1][k+1] / R[i][k]
//! ```

use rand::{Rng, RngExt};

/// Bounds on how many choices are on, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// At least.
    pub low: usize,
    /// At most.
    pub high: usize,
}

/// Scratch of [`sample`]: `R`.
#[derive(Clone, Debug, Default)]
pub struct Table {
    values: Vec<f64>,
    /// Row `i` is `R[i][0..=high + 1]`: one column too many holds the impossible `high + 1`.
    width: usize,
}

impl Table {
    /// Fills the table; false if no outcome is possible.
    fn fill(&mut self, probabilities: &[f64], bounds: Bounds) -> bool {
        let n = probabilities.len();
        let high = bounds.high.min(n);
        self.width = high + 2;
        self.values.clear();
        self.values.resize((n + 1) * self.width, 0.0);
        for on in bounds.low..=high {
            self.values[n * self.width + on] = 1.0;
        }
        for (i, p) in probabilities.iter().enumerate().rev() {
            for on in 0..=high {
                let next = (i + 1) * self.width + on;
                self.values[i * self.width + on] = p * self.values[next + 1] + (1.0 - p) * self.values[next];
            }
        }
        self.values[0] > 0.0
    }

    /// P(x_i = 1 | `on` before i, the bounds hold), where x_i alone has probability `p`.
    fn conditional(&self, i: usize, on: usize, p: f64) -> f64 {
        p * self.values[(i + 1) * self.width + on + 1] / self.values[i * self.width + on]
    }
}

/// Draws from the conditional distribution. `None` if it is empty: fewer than `low` choices are possible at all.
///
/// One uniform number is drawn per choice, whatever the outcome, so that the stream of random numbers does not depend
/// on what was chosen.
pub fn sample<R: Rng>(
    probabilities: &[f64],
    bounds: Bounds,
    table: &mut Table,
    rng: &mut R,
) -> Option<Vec<bool>> {
    if !table.fill(probabilities, bounds) {
        return None;
    }
    let mut on = 0;
    let chosen = probabilities.iter().enumerate().map(|(i, &p)| {
        let choose = rng.random::<f64>() < table.conditional(i, on, p);
        on += usize::from(choose);
        choose
    });
    Some(chosen.collect())
}

/// Draws as [`sample`] does, but no further than to the first choice that is on: `Some(None)` if none is. `None` if no outcome is
/// possible. So what comes after may depend on it.
pub fn first<R: Rng>(
    probabilities: &[f64],
    bounds: Bounds,
    table: &mut Table,
    rng: &mut R,
) -> Option<Option<usize>> {
    if !table.fill(probabilities, bounds) {
        return None;
    }
    let mut each = probabilities.iter().enumerate();
    Some(each.find(|&(i, &p)| rng.random::<f64>() < table.conditional(i, 0, p)).map(|(i, _)| i))
}

/// 1 / (1 + e^−x).
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Everything above a threshold, cut or filled up in order of probability to stay within the bounds: at one half, the most likely
/// outcome. `None` if fewer than
/// `low` choices are possible.
pub fn above(probabilities: &[f64], threshold: f64, bounds: Bounds) -> Option<Vec<bool>> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
    let likely = probabilities.iter().filter(|&&p| p > threshold).count();
    let count = likely.clamp(bounds.low, bounds.high.max(bounds.low));
    if count > probabilities.iter().filter(|&&p| p > 0.0).count() {
        return None;
    }
    let mut chosen = vec![false; probabilities.len()];
    for &index in &order[..count] {
        chosen[index] = true;
    }
    Some(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::abs_diff_eq;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    const P: [f64; 5] = [0.2, 0.7, 0.05, 0.5, 0.3];

    /// Probability of every outcome under the bounds, by enumeration: what the recursion must equal.
    fn enumerated(bounds: Bounds) -> Vec<f64> {
        let weight = |outcome: usize| -> f64 {
            let on = outcome.count_ones() as usize;
            if on < bounds.low || on > bounds.high {
                return 0.0;
            }
            P.iter().enumerate().map(|(i, p)| if outcome >> i & 1 == 1 { *p } else { 1.0 - p }).product()
        };
        let weights: Vec<f64> = (0..1 << P.len()).map(weight).collect();
        let total: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / total).collect()
    }

    #[test]
    fn samples_follow_the_enumerated_conditional_distribution() {
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        for bounds in [Bounds { low: 0, high: 5 }, Bounds { low: 1, high: 2 }, Bounds { low: 3, high: 9 }] {
            let expected = enumerated(bounds);
            let draws = 40_000;
            let mut counts = vec![0.0; expected.len()];
            for _ in 0..draws {
                let chosen = sample(&P, bounds, &mut Table::default(), &mut rng).expect("possible");
                counts[chosen.iter().enumerate().map(|(i, &on)| usize::from(on) << i).sum::<usize>()] += 1.0;
            }
            for (outcome, (&count, &p)) in counts.iter().zip(&expected).enumerate() {
                let deviation = 5.0 * (p * (1.0 - p) / f64::from(draws)).sqrt();
                let measured = count / f64::from(draws);
                assert!(
                    abs_diff_eq!(measured, p, epsilon = deviation),
                    "{bounds:?} outcome {outcome:05b}: {measured} for {p}"
                );
            }
        }
    }

    #[test]
    fn the_most_likely_outcome_is_the_enumerated_one() {
        for bounds in [Bounds { low: 0, high: 5 }, Bounds { low: 2, high: 3 }, Bounds { low: 0, high: 0 }] {
            let expected = enumerated(bounds);
            let chosen = above(&P, 0.5, bounds).expect("possible");
            let outcome: usize = chosen.iter().enumerate().map(|(i, &on)| usize::from(on) << i).sum();
            assert!(expected.iter().all(|&p| p <= expected[outcome] + 1e-12), "{bounds:?} {outcome:05b}");
        }
    }

    #[test]
    fn impossible_bounds_are_reported_and_not_violated() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let forbidden = [0.0, 0.0, 0.9];
        let bounds = Bounds { low: 2, high: 3 };
        assert_eq!(sample(&forbidden, bounds, &mut Table::default(), &mut rng), None);
        assert_eq!(above(&forbidden, 0.5, bounds), None);
    }
}
