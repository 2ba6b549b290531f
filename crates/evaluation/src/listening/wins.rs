//! Win rates of pairs of systems, and whether listeners distinguish machines from humans.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::judgements::{Answer, Judgement};
use crate::significance::Interval;
use crate::significance::bootstrap::{interval_of, resample};
use crate::significance::hypothesis::{binomial_test, equivalence_test, exact_interval};

const RESAMPLES: usize = 2_000;
/// Shares within this of ½ count as indistinguishable.
pub const EQUIVALENCE_MARGIN: f64 = 0.1;

/// One system against another.
#[derive(Clone, Debug, Serialize)]
pub struct WinRate {
    /// The first, by name.
    pub system: String,
    /// The second.
    pub against: String,
    /// Judgements in favour of the first.
    pub wins: u64,
    /// Judgements in favour of the second.
    pub losses: u64,
    /// "Equal".
    pub ties: u64,
    /// Share of wins among wins and losses, with its exact interval, as if all judgements were independent.
    pub share: Interval,
    /// The same share (ties counting half) with a bootstrap interval over listeners *and* pieces, which judgements of
    /// the same listener or piece share.
    pub clustered: Interval,
    /// Two-sided exact binomial test against ½, ties left out.
    pub p_value: f64,
    /// p-value for "within [`EQUIVALENCE_MARGIN`] of ½".
    pub p_equivalent: f64,
}

/// All pairs of systems that were compared, by name.
pub fn win_rates(judgements: &[Judgement], seed: u64) -> Vec<WinRate> {
    let mut pairs: BTreeMap<(String, String), Vec<(&Judgement, f64)>> = BTreeMap::new();
    for judgement in judgements {
        let Answer::Pair { first, second, score } = &judgement.answer else { continue };
        let (key, score) = if first <= second {
            ((first.clone(), second.clone()), *score)
        } else {
            ((second.clone(), first.clone()), 1.0 - score)
        };
        pairs.entry(key).or_default().push((judgement, score));
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let rate = |((system, against), scores): ((String, String), Vec<(&Judgement, f64)>)| {
        let count = |score: f64| scores.iter().filter(|(_, other)| *other == score).count() as u64;
        let (wins, losses, ties) = (count(1.0), count(0.0), count(0.5));
        WinRate {
            system,
            against,
            share: exact_interval(wins, wins + losses),
            clustered: clustered_mean(&scores, &mut rng),
            p_value: binomial_test(wins, wins + losses, 0.5),
            p_equivalent: equivalence_test(wins, wins + losses, EQUIVALENCE_MARGIN),
            wins,
            losses,
            ties,
        }
    };
    pairs.into_iter().map(rate).collect()
}

/// Mean of scores with a bootstrap interval in which listeners and pieces are both drawn anew: a judgement counts as
/// often as its listener times its piece were drawn (Owen's pigeonhole bootstrap).
pub(super) fn clustered_mean(scores: &[(&Judgement, f64)], rng: &mut impl Rng) -> Interval {
    let mut listeners: Vec<&str> = scores.iter().map(|(judgement, _)| judgement.listener.as_str()).collect();
    let mut pieces: Vec<&str> = scores.iter().map(|(judgement, _)| judgement.piece.as_str()).collect();
    for names in [&mut listeners, &mut pieces] {
        names.sort_unstable();
        names.dedup();
    }
    let weighted = |weight: &dyn Fn(&Judgement) -> f64| {
        let total: f64 = scores.iter().map(|(judgement, _)| weight(judgement)).sum();
        scores.iter().map(|(judgement, score)| weight(judgement) * score).sum::<f64>() / total
    };
    let mut estimates: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let mut drawn = [BTreeMap::new(), BTreeMap::new()];
            for (counts, names) in drawn.iter_mut().zip([&listeners, &pieces]) {
                resample(names, rng).into_iter().for_each(|name| *counts.entry(name).or_insert(0.0) += 1.0);
            }
            let times = |counts: &BTreeMap<&str, f64>, name: &str| counts.get(name).copied().unwrap_or(0.0);
            weighted(&|judgement| times(&drawn[0], &judgement.listener) * times(&drawn[1], &judgement.piece))
        })
        .collect();
    interval_of(weighted(&|_| 1.0), &mut estimates)
}

/// Whether listeners tell human from machine.
#[derive(Clone, Debug, Serialize)]
pub struct Discrimination {
    /// Correct answers.
    pub correct: u64,
    /// All answers.
    pub answers: u64,
    /// Share of correct answers with its exact interval.
    pub share: Interval,
    /// The same with a bootstrap interval over listeners and pieces.
    pub clustered: Interval,
    /// Two-sided exact binomial test against guessing.
    pub p_value: f64,
    /// p-value for "within [`EQUIVALENCE_MARGIN`] of guessing": small says indistinguishable.
    pub p_equivalent: f64,
}

/// Of the answers to "human or machine", how many were right; `None` without any.
pub fn discrimination(judgements: &[Judgement], seed: u64) -> Option<Discrimination> {
    let right = |judgement: &Judgement| match judgement.answer {
        Answer::Origin { human, said_human } => Some(f64::from(u8::from(human == said_human))),
        _ => None,
    };
    let scores: Vec<(&Judgement, f64)> =
        judgements.iter().filter_map(|judgement| Some((judgement, right(judgement)?))).collect();
    if scores.is_empty() {
        return None;
    }
    Some(discrimination_of(&scores, &mut ChaCha8Rng::seed_from_u64(seed)))
}

/// Scores of 1 (right) and 0 against guessing.
pub(super) fn discrimination_of(scores: &[(&Judgement, f64)], rng: &mut impl Rng) -> Discrimination {
    let (correct, answers) =
        (scores.iter().filter(|(_, right)| *right == 1.0).count() as u64, scores.len() as u64);
    Discrimination {
        correct,
        answers,
        share: exact_interval(correct, answers),
        clustered: clustered_mean(scores, rng),
        p_value: binomial_test(correct, answers, 0.5),
        p_equivalent: equivalence_test(correct, answers, EQUIVALENCE_MARGIN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(listener: usize, piece: usize, first: &str, second: &str, score: f64) -> Judgement {
        let answer = Answer::Pair { first: first.into(), second: second.into(), score };
        Judgement { listener: listener.to_string(), piece: piece.to_string(), answer }
    }

    #[test]
    fn the_order_of_presentation_does_not_matter() {
        let judgements = [
            pair(1, 1, "a", "b", 1.0),
            pair(1, 2, "b", "a", 0.0),
            pair(2, 1, "b", "a", 0.5),
            pair(2, 2, "a", "b", 0.0),
        ];
        let rates = win_rates(&judgements, 1);
        assert_eq!((rates.len(), rates[0].wins, rates[0].losses, rates[0].ties), (1, 2, 1, 1));
        assert_eq!(rates[0].clustered.estimate, 2.5 / 4.0);
    }

    /// Ten judgements of each of ten listeners who never disagree with themselves are worth ten judgements, not a hundred.
    #[test]
    fn judgements_of_one_listener_hang_together() {
        let judgements: Vec<Judgement> =
            (0..100).map(|i| pair(i / 10, i % 10, "a", "b", f64::from(u8::from(i / 10 < 6)))).collect();
        let rate = &win_rates(&judgements, 1)[0];
        let width = |interval: &Interval| interval.high - interval.low;
        assert_eq!(rate.share.estimate, 0.6);
        assert!(width(&rate.clustered) > 2.0 * width(&rate.share), "{} and {}", rate.clustered, rate.share);
    }

    #[test]
    fn guessing_is_told_from_knowing() {
        let origin = |i: usize, right: bool| {
            let answer =
                Answer::Origin { human: i.is_multiple_of(2), said_human: i.is_multiple_of(2) == right };
            Judgement { listener: (i % 7).to_string(), piece: (i % 11).to_string(), answer }
        };
        let knowing: Vec<_> = (0..200).map(|i| origin(i, i % 5 != 0)).collect();
        let guessing: Vec<_> = (0..2000).map(|i| origin(i, (i / 2) % 2 == 0)).collect();
        let (knowing, guessing) =
            (discrimination(&knowing, 1).unwrap(), discrimination(&guessing, 1).unwrap());
        assert!(knowing.p_value < 1e-6 && knowing.share.estimate == 0.8);
        assert!(guessing.p_value > 0.5 && guessing.p_equivalent < 1e-6);
        assert!(discrimination(&[], 1).is_none());
    }
}
