//! Strengths of systems from pairwise judgements, ties included (Bradley and Terry 1952, Davidson 1970).

use std::collections::BTreeMap;

use ndarray::{Array1, ArrayView2};
use serde::Serialize;

use super::judgements::{Answer, Judgement};
use crate::arrays::{ShapeMismatch, check_equal};

/// Strengths of systems: `P(i beats j) = π_i / (π_i + π_j + ν √(π_i π_j))`, `P(tie) = ν √(π_i π_j) / …`.
#[derive(Clone, Debug, Serialize)]
pub struct Strengths {
    /// `ln π` of every system by name, their mean being 0.
    pub log_strengths: BTreeMap<String, f64>,
    /// `ν`: how readily listeners say "equal"; 0 if nobody did.
    pub tie: f64,
}

impl Strengths {
    /// Probability that the first system wins against the second, ties aside; NaN for an unknown system.
    pub fn win_probability(&self, first: &str, second: &str) -> f64 {
        match (self.log_strengths.get(first), self.log_strengths.get(second)) {
            (Some(a), Some(b)) => 1.0 / (1.0 + (b - a).exp()),
            _ => f64::NAN,
        }
    }
}

/// A weak pull of all log strengths to 0 (half a judgement's worth), without which a system that never lost would be
/// infinitely strong.
const PRIOR: f64 = 1e-6;
const STEPS: usize = 20_000;

/// Outcomes of pairs of systems: wins of the first, wins of the second, ties.
type Counts = BTreeMap<(usize, usize), [f64; 3]>;

/// Maximum likelihood by gradient ascent with a step that shrinks when it overshoots; the problem is concave.
pub fn bradley_terry(judgements: &[Judgement]) -> Strengths {
    let mut names: Vec<&str> = Vec::new();
    for judgement in judgements {
        if let Answer::Pair { first, second, .. } = &judgement.answer {
            names.extend([first.as_str(), second.as_str()]);
        }
    }
    names.sort_unstable();
    names.dedup();
    let index = |name: &str| names.binary_search(&name).unwrap_or(0);
    let mut counts = Counts::new();
    for judgement in judgements {
        let Answer::Pair { first, second, score } = &judgement.answer else { continue };
        let outcome = if *score > 0.5 {
            0
        } else if *score < 0.5 {
            1
        } else {
            2
        };
        counts.entry((index(first), index(second))).or_default()[outcome] += 1.0;
    }
    let (strengths, tie) = maximise(names.len(), &counts);
    Strengths { log_strengths: names.into_iter().map(str::to_string).zip(strengths).collect(), tie }
}

/// The same from counts: `wins[[i, j]]` is how often system `i` won against `j`, `ties[[i, j]]` how often the two were judged
/// equal, in one of `[[i, j]]` and `[[j, i]]` or divided between them; both `[systems, systems]`, their diagonals are ignored.
/// Returns the log strengths `[systems]`, their mean being 0, and `ν`.
///
/// # Errors
/// If the tables are not square or not of one size.
///
/// ```
/// use composer_evaluation::listening::bradley_terry_counts;
/// use ndarray::{Array2, array};
///
/// // The second system won three times of four.
/// let wins = array![[0.0, 1.0], [3.0, 0.0]];
/// let (log_strengths, tie) = bradley_terry_counts(&wins, &Array2::zeros((2, 2)))?;
/// approx::assert_abs_diff_eq!(log_strengths[1] - log_strengths[0], 3f64.ln(), epsilon = 1e-4);
/// assert_eq!(tie, 0.0);
/// # Ok::<(), composer_evaluation::ShapeMismatch>(())
/// ```
pub fn bradley_terry_counts<'a>(
    wins: impl Into<ArrayView2<'a, f64>>,
    ties: impl Into<ArrayView2<'a, f64>>,
) -> Result<(Array1<f64>, f64), ShapeMismatch> {
    let (wins, ties) = (wins.into(), ties.into());
    check_equal("wins and ties", wins.shape(), ties.shape())?;
    check_equal("wins and their transpose", wins.shape(), wins.t().shape())?;
    let systems = wins.nrows();
    let mut counts = Counts::new();
    for (i, j) in (0..systems).flat_map(|i| (i + 1..systems).map(move |j| (i, j))) {
        let outcomes = [wins[[i, j]], wins[[j, i]], ties[[i, j]] + ties[[j, i]]];
        if outcomes != [0.0; 3] {
            counts.insert((i, j), outcomes);
        }
    }
    let (strengths, tie) = maximise(systems, &counts);
    Ok((strengths.into(), tie))
}

/// The log strengths of the systems, their mean being 0, and `ν`.
fn maximise(systems: usize, counts: &Counts) -> (Vec<f64>, f64) {
    let ties = counts.values().any(|outcomes| outcomes[2] > 0.0);
    // Parameters: log strengths, then ln ν.
    let mut parameters = vec![0.0; systems + 1];
    let (mut value, mut gradient) = likelihood(&parameters, counts, ties);
    let total: f64 = counts.values().flatten().sum::<f64>().max(1.0);
    let mut rate = 1.0 / total;
    for _ in 0..STEPS {
        let trial: Vec<f64> = parameters.iter().zip(&gradient).map(|(x, d)| x + rate * d).collect();
        let (trial_value, trial_gradient) = likelihood(&trial, counts, ties);
        if trial_value >= value {
            (parameters, value, gradient) = (trial, trial_value, trial_gradient);
            rate *= 1.2;
        } else {
            rate *= 0.5;
        }
        if gradient.iter().all(|d| d.abs() < 1e-10 * total) {
            break;
        }
    }
    let strengths = &parameters[..systems];
    let mean = strengths.iter().sum::<f64>() / systems.max(1) as f64;
    let tie = if ties { parameters[systems].exp() } else { 0.0 };
    (strengths.iter().map(|value| value - mean).collect(), tie)
}

/// Log-likelihood and its gradient.
fn likelihood(parameters: &[f64], counts: &Counts, ties: bool) -> (f64, Vec<f64>) {
    let last = parameters.len() - 1;
    let mut gradient: Vec<f64> = parameters.iter().map(|x| -PRIOR * x).collect();
    let mut value: f64 = parameters.iter().map(|x| -0.5 * PRIOR * x * x).sum();
    for (&(i, j), outcomes) in counts {
        let (a, b) = (parameters[i], parameters[j]);
        let tie = if ties { parameters[last] + 0.5 * (a + b) } else { f64::NEG_INFINITY };
        let largest = a.max(b).max(tie);
        let log_total = largest + [a, b, tie].iter().map(|x| (x - largest).exp()).sum::<f64>().ln();
        let [p_a, p_b, p_tie] = [a, b, tie].map(|x| (x - log_total).exp());
        let [wins, losses, equal] = *outcomes;
        let n = wins + losses + equal;
        value += wins * (a - log_total) + losses * (b - log_total);
        if equal > 0.0 {
            value += equal * (tie - log_total);
        }
        gradient[i] += wins + 0.5 * equal - n * (p_a + 0.5 * p_tie);
        gradient[j] += losses + 0.5 * equal - n * (p_b + 0.5 * p_tie);
        if ties {
            gradient[last] += equal - n * p_tie;
        }
    }
    (value, gradient)
}
