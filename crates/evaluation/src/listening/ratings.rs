//! Ratings on scales: means with intervals, and which systems differ.

use std::collections::BTreeMap;

use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::judgements::{Answer, Judgement};
use super::wins::clustered_mean;
use crate::arrays::stack;
use crate::significance::Interval;
use crate::significance::hypothesis::{friedman, holm, signed_rank};

/// Ratings of all systems on one scale.
#[derive(Clone, Debug, Serialize)]
pub struct Ratings {
    /// The scale.
    pub scale: String,
    /// Mean rating of every system, with a bootstrap interval over listeners and pieces.
    pub means: BTreeMap<String, Interval>,
    /// Friedman's test of any difference, over the listeners who rated every system (by their mean ratings); NaN for fewer
    /// than three systems or two such listeners.
    pub p_any_difference: f64,
    /// Every pair of systems.
    pub comparisons: Vec<RatingComparison>,
}

/// Two systems on one scale.
#[derive(Clone, Debug, Serialize)]
pub struct RatingComparison {
    /// The first, by name.
    pub first: String,
    /// The second.
    pub second: String,
    /// Wilcoxon's signed-rank test over listeners, corrected by Holm for the number of pairs.
    pub p_value: f64,
}

/// The ratings of every system.
type BySystem<'a> = BTreeMap<&'a str, Vec<(&'a Judgement, f64)>>;

/// All scales that were rated, by name.
pub fn ratings(judgements: &[Judgement], seed: u64) -> Vec<Ratings> {
    let mut scales: BTreeMap<&str, BySystem> = BTreeMap::new();
    for judgement in judgements {
        if let Answer::Rating { system, scale, value } = &judgement.answer {
            scales.entry(scale).or_default().entry(system).or_default().push((judgement, *value));
        }
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut all = Vec::new();
    for (scale, systems) in scales {
        let means = systems.iter().map(|(name, scores)| (name.to_string(), clustered_mean(scores, &mut rng)));
        let means = means.collect();
        let names: Vec<&str> = systems.keys().copied().collect();
        let blocks = listener_means(&systems);
        let pairs: Vec<(usize, usize)> =
            (0..names.len()).flat_map(|i| (i + 1..names.len()).map(move |j| (i, j))).collect();
        let p_values: Vec<f64> =
            pairs.iter().map(|&(i, j)| signed_rank(&(&blocks.column(i) - &blocks.column(j))).1).collect();
        let comparisons = pairs.iter().zip(holm(&p_values)).map(|(&(i, j), p_value)| RatingComparison {
            first: names[i].into(),
            second: names[j].into(),
            p_value,
        });
        all.push(Ratings {
            scale: scale.into(),
            means,
            p_any_difference: friedman(&blocks).1,
            comparisons: comparisons.collect(),
        });
    }
    all
}

/// Mean ratings `[listeners, systems]` of the listeners who rated all systems, in the order of the systems.
fn listener_means(systems: &BySystem) -> Array2<f64> {
    let mut by_listener: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for (i, scores) in systems.values().enumerate() {
        for (judgement, value) in scores {
            let sums =
                by_listener.entry(&judgement.listener).or_insert_with(|| vec![(0.0, 0.0); systems.len()]);
            sums[i].0 += value;
            sums[i].1 += 1.0;
        }
    }
    let complete = by_listener.into_values().filter(|sums| sums.iter().all(|(_, count)| *count > 0.0));
    let means = complete.map(|sums| sums.into_iter().map(|(sum, count)| sum / count).collect());
    stack(means.collect::<Vec<_>>().into_iter(), systems.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    #[test]
    fn a_better_system_is_found_and_equal_ones_are_not() {
        let rating = |listener: usize, piece: usize, system: &str, value: f64| Judgement {
            listener: listener.to_string(),
            piece: piece.to_string(),
            answer: Answer::Rating { system: system.into(), scale: "harmony".into(), value },
        };
        let mut judgements = Vec::new();
        for listener in 0..20 {
            for piece in 0..4 {
                let noise = ((listener * 7 + piece * 3) % 3) as f64 - 1.0;
                let other = ((listener * 5 + piece * 2) % 3) as f64 - 1.0;
                judgements.push(rating(listener, piece, "bach", 4.0 + noise));
                judgements.push(rating(listener, piece, "lstm", 3.0 + other));
                judgements.push(rating(listener, piece, "gru", 3.0 - other));
            }
        }
        let ratings = ratings(&judgements, 1);
        let [ratings] = ratings.as_slice() else { panic!("one scale") };
        assert!(ratings.p_any_difference < 0.01, "{ratings:?}");
        let p = |first: &str, second: &str| {
            ratings
                .comparisons
                .iter()
                .find(|pair| pair.first == first && pair.second == second)
                .unwrap()
                .p_value
        };
        assert!(p("bach", "gru") < 0.01 && p("bach", "lstm") < 0.01 && p("gru", "lstm") > 0.2, "{ratings:?}");
        assert_abs_diff_eq!(ratings.means["bach"].estimate, 4.0, epsilon = 0.1);
    }
}
