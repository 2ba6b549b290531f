//! What a model tells apart, learnt from the training music.

use super::{Condition, ConditionTrack, Conditions, PieceConditions};
use crate::form::Form;
use composer_music::Metre;
use std::collections::{BTreeMap, BTreeSet};

/// Levels of an attribute at most.
pub const LEVELS: usize = QUANTILES.len() + 1;

/// Shares of the music below each boundary between levels: the outer levels are narrow in their share, because they reach far.
const QUANTILES: [f64; 9] = [0.02, 0.08, 0.2, 0.35, 0.5, 0.65, 0.8, 0.92, 0.98];

/// Share of the steps that a metre has at least to be known.
const LEAST_SHARE: f64 = 0.005;

impl Conditions {
    /// Learns the values of some conditions from the tracks of pieces, each with its number of steps and its form: all styles, the metres of at least half a per cent of
    /// the steps, and boundaries of attributes at the same quantiles of the steps. A category of which there is nothing is left out. The
    /// conditions of the pieces themselves are kept, to draw from.
    pub fn learn<'a>(
        which: &[Condition],
        pieces: impl IntoIterator<Item = (&'a ConditionTrack, usize, Option<&'a Form>)>,
    ) -> Self {
        let (mut styles, mut metres) = (BTreeSet::new(), BTreeMap::<Metre, usize>::new());
        let attributes = [Condition::Density, Condition::Polyphony, Condition::Register];
        let mut weighted = [const { Vec::new() }; 3];
        let mut all = 0;
        let mut whole = Vec::new();
        for (track, length, form) in pieces {
            whole.extend(PieceConditions::of_parts(track, length, form, which));
            for (steps, values) in track.stretches(length) {
                all += steps.len();
                styles.extend(values.style.clone());
                if let Some(metre) = values.metre {
                    *metres.entry(metre).or_default() += steps.len();
                }
                for (weighted, attribute) in weighted.iter_mut().zip(attributes) {
                    weighted.extend(values.attribute(attribute).map(|value| (value, steps.len())));
                }
            }
        }
        let usual = |&(_, steps): &(Metre, usize)| steps as f64 >= LEAST_SHARE * all as f64;
        let has = |condition| which.contains(&condition);
        let [density, polyphony, register] = weighted.map(quantiles);
        Self {
            style: Some(styles.into_iter().collect())
                .filter(|styles: &Vec<_>| has(Condition::Style) && !styles.is_empty()),
            metre: has(Condition::Metre)
                .then(|| metres.into_iter().filter(usual).map(|(metre, _)| metre).collect())
                .filter(|metres: &Vec<_>| !metres.is_empty()),
            density: has(Condition::Density).then_some(density),
            polyphony: has(Condition::Polyphony).then_some(polyphony),
            register: has(Condition::Register).then_some(register),
            key: has(Condition::Key),
            bars_left: has(Condition::BarsLeft),
            form: has(Condition::Form),
            harmony: has(Condition::Harmony),
            rhythm: has(Condition::Rhythm),
            pieces: PieceConditions::some_of(whole),
        }
    }
}

/// Boundaries between levels at [`QUANTILES`] of values with weights; fewer where values are equal.
fn quantiles(mut weighted: Vec<(f64, usize)>) -> Vec<f64> {
    weighted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: usize = weighted.iter().map(|(_, weight)| weight).sum();
    let (mut boundaries, mut below, mut passed) = (Vec::<f64>::new(), 0, 0);
    for (value, weight) in weighted {
        // A boundary is the lowest value of its upper level.
        let reached = QUANTILES.iter().filter(|&&share| below as f64 >= share * total as f64).count();
        if below > 0 && reached > passed && boundaries.last().is_none_or(|&last| value > last) {
            boundaries.push(value);
            passed = reached;
        }
        below += weight;
    }
    boundaries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_quantiles_and_ascend() {
        let even = quantiles((0..100).map(|value| (f64::from(value), 2)).collect());
        assert_eq!(even, QUANTILES.map(|share| 100.0 * share));
        assert_eq!(quantiles(vec![(2.0, 5), (1.0, 5)]), [2.0], "two values have two levels");
        assert_eq!(quantiles(vec![(3.0, 9)]), [0.0; 0]);
    }
}
